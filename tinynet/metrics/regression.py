"""Metrics for numbers that are more than the mean of a loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .. import losses
from ..config import epsilon
from ..core.errors import warn_user
from ..tensor import Tensor, to_array
from .base import Mean, MeanMetricWrapper, Metric, arrays, same_rank

if TYPE_CHECKING:
    from ..core.types import Config, DTypeLike, TensorLike


class RootMeanSquaredError(Mean):
    """sqrt(mean((t - p)^2)) over all values of all samples.

    Args:
        name, dtype: See `Metric`.

    Shapes: targets and predictions (batch, ...) -> scalar.

    >>> float(RootMeanSquaredError()([[0.0, 0.0]], [[3.0, 3.0]]))
    3.0
    """

    _direction = "down"

    def __init__(self, name: str = "root_mean_squared_error", dtype: DTypeLike = None) -> None:
        super().__init__(name, dtype)

    def update_state(  # type: ignore[override]  # of targets and predictions instead of values, as in Keras
        self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None,
    ) -> None:
        """Add a batch to the mean.

        Args:
            y_true: Targets, shape (batch, ...).
            y_pred: Predictions, the same shape.
            sample_weight: One weight a sample, or weights that broadcast against the values.
        """
        y_true, y_pred = same_rank(*arrays(y_true, y_pred, self._dtype))
        super().update_state(np.square(y_pred - y_true), sample_weight)

    def result(self) -> Tensor:
        return self._as_result(np.sqrt(super().result().data))


def cosine_similarity(y_true: TensorLike, y_pred: TensorLike, axis: int = -1) -> Tensor:
    """sum(t p) / (|t| |p|) over `axis`: 1 for the same direction. The loss of this name is minus that.

    Args:
        y_true: Targets t, shape (batch, ..., n).
        y_pred: Predictions p, the same shape.
        axis: Axis along which the vectors lie.

    Returns:
        Tensor, y_pred's shape without `axis`.

    Raises:
        ValueError: the shapes do not match, or the axis does not exist.

    >>> cosine_similarity([[1.0, 0.0]], [[3.0, 4.0]]).numpy().round(4)
    array([0.6], dtype=float32)
    """
    return Tensor.wrap(-losses.cosine_similarity(y_true, y_pred, axis=axis).data)


def _standardized(y_true, y_pred):
    return same_rank(*arrays(y_true, y_pred, "float64" if to_array(y_pred).dtype == np.float64 else "float32"))


def pearson_correlation(y_true: TensorLike, y_pred: TensorLike, axis: int = -1) -> Tensor:
    """mean((t - mean t)(p - mean p)) / (std t std p) over `axis`: 1 on a rising line, -1 on a falling one.

    Args:
        y_true: Targets t, shape (batch, ..., n).
        y_pred: Predictions p, the same shape.
        axis: Axis over which the means are taken.

    Returns:
        Tensor, y_pred's shape without `axis`; NaN where t or p is constant.

    >>> pearson_correlation([[1.0, 2.0, 3.0]], [[2.0, 4.0, 6.0]]).numpy().round(4)
    array([1.], dtype=float32)
    """
    t, p = _standardized(y_true, y_pred)
    t, p = (x - x.mean(axis=axis, keepdims=True) for x in (t, p))
    with np.errstate(invalid="ignore", divide="ignore"):  # constant values have no correlation: NaN
        return Tensor.wrap(
            np.asarray(np.mean(t / t.std(axis=axis, keepdims=True) * (p / p.std(axis=axis, keepdims=True)), axis=axis))
        )


def concordance_correlation(y_true: TensorLike, y_pred: TensorLike, axis: int = -1) -> Tensor:
    """2 mean((t - mean p)(p - mean p)) / (var t + var p + (mean t - mean p)^2) over `axis`: 1 on the line p = t.

    Args:
        y_true: Targets t, shape (batch, ..., n).
        y_pred: Predictions p, the same shape.
        axis: Axis over which the means are taken.

    Returns:
        Tensor, y_pred's shape without `axis`.

    Source: Lin 1989.

    >>> concordance_correlation([[1.0, 2.0, 3.0]], [[2.0, 4.0, 6.0]]).numpy().round(4)
    array([0.3636], dtype=float32)
    """
    t, p = _standardized(y_true, y_pred)
    t_mean, p_mean = (x.mean(axis=axis, keepdims=True) for x in (t, p))
    scale = t.var(axis=axis, keepdims=True) + p.var(axis=axis, keepdims=True) + np.square(t_mean - p_mean) + epsilon()
    return Tensor.wrap(np.asarray(np.mean(2 * (t - p_mean) * (p - p_mean) / scale, axis=axis)))


class CosineSimilarity(MeanMetricWrapper):
    """Mean of `cosine_similarity`: 1 for the same direction.

    Args:
        name, dtype: See `Metric`.
        axis: Axis along which the vectors lie.

    Shapes: targets and predictions (batch, ..., n) -> scalar.

    >>> round(float(CosineSimilarity()([[1.0, 0.0]], [[3.0, 4.0]])), 4)
    0.6
    """

    _direction = "up"

    def __init__(self, name: str = "cosine_similarity", dtype: DTypeLike = None, axis: int = -1) -> None:
        super().__init__(cosine_similarity, name, dtype, axis=axis)


class PearsonCorrelation(MeanMetricWrapper):
    """Mean of `pearson_correlation`: 1 on a rising line, -1 on a falling one.

    Args:
        name, dtype: See `Metric`.
        axis: Axis over which the means are taken.

    Shapes: targets and predictions (batch, ..., n) -> scalar.

    >>> round(float(PearsonCorrelation()([[1.0, 2.0, 3.0]], [[2.0, 4.0, 6.0]])), 4)
    1.0
    """

    _direction = "up"

    def __init__(self, name: str = "pearson_correlation", dtype: DTypeLike = None, axis: int = -1) -> None:
        super().__init__(pearson_correlation, name, dtype, axis=axis)


class ConcordanceCorrelation(MeanMetricWrapper):
    """Mean of `concordance_correlation`: 1 on the line p = t.

    Args:
        name, dtype: See `Metric`.
        axis: Axis over which the means are taken.

    Shapes: targets and predictions (batch, ..., n) -> scalar.

    >>> round(float(ConcordanceCorrelation()([[1.0, 2.0, 3.0]], [[2.0, 4.0, 6.0]])), 4)
    0.3636
    """

    _direction = "up"

    def __init__(self, name: str = "concordance_correlation", dtype: DTypeLike = None, axis: int = -1) -> None:
        super().__init__(concordance_correlation, name, dtype, axis=axis)


class R2Score(Metric):
    """Coefficient of determination, 1 - sum((t - p)^2) / sum((t - mean t)^2).

    1 is perfect; 0 is as good as the mean of the targets as every prediction.

    Args:
        class_aggregation: 'uniform_average' over the outputs, 'variance_weighted_average', or None for one score an
            output.
        num_regressors: Number of predictors p, for the adjusted score 1 - (1 - R2)(n - 1) / (n - p - 1); 0 for the
            plain score.
        name, dtype: See `Metric`.

    Shapes: targets and predictions (batch, outputs) -> scalar, or (outputs,) with class_aggregation=None.

    Raises:
        ValueError: `class_aggregation` is unknown, or `num_regressors` is negative.

    >>> round(float(R2Score()([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]])), 4)
    0.5714
    """

    _direction = "up"

    def __init__(
        self, class_aggregation: str | None = "uniform_average", num_regressors: int = 0, name: str = "r2_score",
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        known = (None, "uniform_average", "variance_weighted_average")
        if class_aggregation not in known:
            raise ValueError(f"R2Score: class_aggregation must be one of {known}, got {class_aggregation!r}")
        if num_regressors < 0:
            raise ValueError(f"R2Score: num_regressors must be 0 or more, got {num_regressors}")
        self.class_aggregation = class_aggregation
        self.num_regressors = num_regressors
        self.num_samples = self._add_total("num_samples")
        self._built = False

    def update_state(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Add a batch to the sums.

        Args:
            y_true: Targets, shape (batch, outputs).
            y_pred: Predictions, the same shape.
            sample_weight: One weight a sample, or one a value.

        Raises:
            ValueError: the shapes are not (batch, outputs).
        """
        t, p = same_rank(*arrays(y_true, y_pred, self._dtype))
        if not self._built:
            if t.ndim != 2 or p.ndim != 2:
                raise ValueError(f"R2Score: expected shapes (batch, outputs). Got y_true {t.shape}, y_pred {p.shape}.")
            outputs = (p.shape[1],)
            self.squared_sum = self._add_total("squared_sum", outputs)
            self.sum = self._add_total("sum", outputs)
            self.total_mse = self._add_total("residual", outputs)
            self.count = self._add_total("count", outputs)
            self._built = True
        weights = np.ones((1, 1)) if sample_weight is None else to_array(sample_weight, "float64")
        weights = np.broadcast_to(weights[:, None] if weights.ndim == 1 else weights, t.shape)
        t, p = t.astype(np.float64), p.astype(np.float64)
        self.sum.data += np.sum(t * weights, axis=0)
        self.squared_sum.data += np.sum(t * t * weights, axis=0)
        self.total_mse.data += np.sum(np.square(t - p) * weights, axis=0)
        self.count.data += np.sum(weights, axis=0)
        self.num_samples.data += t.size

    def result(self) -> Tensor:
        variation = self.squared_sum.data - self.sum.data**2 / self.count.data
        with np.errstate(divide="ignore", invalid="ignore"):
            scores = 1 - self.total_mse.data / variation
        scores = np.where(np.isinf(scores), 0.0, scores)
        if self.class_aggregation == "uniform_average":
            scores = np.mean(scores)
        elif self.class_aggregation == "variance_weighted_average":
            scores = np.sum(variation * scores) / np.sum(variation)
        freedom = float(self.num_samples.data) - self.num_regressors - 1
        if self.num_regressors and freedom <= 0:
            warn_user(f"R2Score: {self.num_regressors} regressors for {int(self.num_samples.data)} values: "
                      "the adjusted score is not defined, this is the plain one", UserWarning)
        elif self.num_regressors:
            scores = 1 - (1 - scores) * (float(self.num_samples.data) - 1) / freedom
        return self._as_result(scores)

    def get_config(self) -> Config:
        return {**super().get_config(), "class_aggregation": self.class_aggregation,
                "num_regressors": self.num_regressors}
