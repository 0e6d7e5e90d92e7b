"""Metrics of binary decisions at thresholds: a probability above the threshold is called positive.

                         label 1              label 0
    called positive      true positive (tp)   false positive (fp)
    called negative      false negative (fn)  true negative (tn)
"""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING, Any

import numpy as np

from ..config import epsilon
from ..core.checks import whole
from ..tensor import to_array
from .base import Metric, broadcast_weights, divide_no_nan, same_rank

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..core.types import Array, Config, DTypeLike, TensorLike
    from ..tensor import Tensor
    from ..variable import Variable

COUNTS = ("true_positives", "false_positives", "true_negatives", "false_negatives")

_BELOW_ALL = -1e10  # the score of a class that is not among the top k


def parse_thresholds(name: str, thresholds: float | Sequence[float] | None, default: float) -> list[float]:
    """Return thresholds as a list of floats; [default] if they are None.

    Args:
        name: Of the metric, for the message.
        thresholds: One, several, or None.
        default: The threshold for None.

    Raises:
        ValueError: a threshold does not lie in [0, 1].
    """
    if thresholds is None:
        return [default]
    values: list[Any] = list(thresholds) if isinstance(thresholds, list | tuple | np.ndarray) else [thresholds]
    wrong = [t for t in values if not isinstance(t, numbers.Real) or not 0 <= float(t) <= 1]
    if wrong:
        raise ValueError(f"{name}: thresholds must lie in [0, 1], got {wrong}")
    return values


def are_evenly_spaced(thresholds: Sequence[float]) -> bool:
    """Whether thresholds are 0, 1/n, 2/n, ..., 1: then each prediction's bucket can be computed without comparisons."""
    n = len(thresholds)
    return n >= 3 and np.allclose(thresholds, np.arange(n) / (n - 1), atol=epsilon())


def confusion_counts(
    y_true: TensorLike, y_pred: TensorLike, thresholds: Sequence[float], evenly_spaced: bool = False,
    sample_weight: TensorLike = None, top_k: int | None = None, class_id: int | None = None,
    multi_label: bool = False, label_weights: TensorLike = None,
) -> tuple[Array, Array, Array, Array]:
    """Return weighted counts (tp, fp, tn, fn) at each threshold.

    Args:
        y_true: Labels, 0 or not 0, shape (batch, ...).
        y_pred: Probabilities, the same shape.
        thresholds: One for each count to return.
        evenly_spaced: Whether the thresholds are, up to an epsilon at the ends.
        sample_weight: One weight a sample, or one a value.
        top_k: Only the k highest scores of a row can be called positive.
        class_id: The only class (index along the last axis) that is counted; all if None.
        multi_label: Whether each label (column) has its own counts.
        label_weights: One weight a label.

    Returns:
        Four arrays, shape (thresholds,), with `multi_label` (thresholds, labels).

    Raises:
        ValueError: the shapes do not match, or the class does not exist.
    """
    y_pred, y_true = same_rank(to_array(y_pred, "float32"), to_array(y_true, "float32"))
    weights: Array = np.ones(1)
    if sample_weight is not None:
        weights = to_array(sample_weight, "float64")[..., None]
        _, weights = same_rank(y_true, weights, expand_rank_1=False)
    if top_k is not None:
        order = np.argsort(-y_pred, axis=-1, kind="stable")[..., :top_k]
        limited = np.full_like(y_pred, _BELOW_ALL)
        np.put_along_axis(limited, order, np.take_along_axis(y_pred, order, -1), -1)
        y_pred = limited
    if class_id is not None:
        if y_pred.ndim == 1:
            raise ValueError(f"class_id={class_id} needs predictions of shape (batch, classes), got {y_pred.shape}")
        if class_id >= y_pred.shape[-1]:
            raise ValueError(f"class_id={class_id} does not exist among the {y_pred.shape[-1]} classes of predictions "
                             f"of shape {y_pred.shape}; they are numbered from 0")
        y_true, y_pred = y_true[..., class_id, None], y_pred[..., class_id, None]
    if y_true.shape != y_pred.shape:
        raise ValueError(f"labels of shape {y_true.shape} do not match predictions of shape {y_pred.shape}")
    weights = broadcast_weights(weights, y_pred.shape, "predictions", np.shape(sample_weight))
    if label_weights is not None and not multi_label:
        weights = weights * np.asarray(label_weights)

    labels = y_pred.shape[-1] if multi_label else 1
    positive, scores, weights = ((x if multi_label else x.reshape(-1, 1)) for x in (y_true != 0, y_pred, weights))
    true_weights, false_weights = np.where(positive, weights, 0.0), np.where(positive, 0.0, weights)
    count = _count_evenly if evenly_spaced else _count
    tp, fp = count(scores, true_weights, thresholds), count(scores, false_weights, thresholds)
    tn, fn = false_weights.sum(axis=0) - fp, true_weights.sum(axis=0) - tp
    shape = (len(thresholds), labels) if multi_label else (len(thresholds),)
    return tuple(x.reshape(shape) for x in (tp, fp, tn, fn))


def _count(scores, weights, thresholds):
    """Sum of the weights of the scores above each threshold. scores[sample][label] -> result[threshold][label]"""
    return np.stack([np.sum(weights, axis=0, where=scores > np.float32(t)) for t in thresholds])


def _count_evenly(scores, weights, thresholds):
    """The same for thresholds i / (n - 1): a histogram of the scores, summed up from the top."""
    n, labels = len(thresholds), scores.shape[1]
    bucket = (np.ceil(np.clip(scores, 0, 1) * np.float32(n - 1)) - 1).astype(np.int64)
    if thresholds[0] < 0 or thresholds[-1] > 1:
        bucket = np.maximum(bucket, 0)  # even a score of 0 is above the lowest threshold, -epsilon
    kept = bucket >= 0
    cell = bucket * labels + np.arange(labels)
    histogram = np.bincount(cell[kept], weights[kept], minlength=n * labels).reshape(n, labels)
    return np.cumsum(histogram[::-1], axis=0)[::-1]


class ConfusionMetric(Metric):
    """Base of the metrics that sum some of the four counts.

    Args:
        counts: Which of COUNTS, as states of these names.
        thresholds: At which they are counted.
        class_id: The only class that is counted; all if None.
        top_k: Only the k highest scores of a row can be called positive; all if None.
        name, dtype: See `Metric`.
    """

    true_positives: Variable
    false_positives: Variable
    true_negatives: Variable
    false_negatives: Variable

    def __init__(
        self, counts: Sequence[str], thresholds: list[float], class_id: int | None = None, top_k: int | None = None,
        name: str | None = None, dtype: DTypeLike = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.thresholds = thresholds
        owner = type(self).__name__
        self.class_id = class_id if class_id is None else whole(class_id, owner, "class_id", 0)
        self.top_k = top_k if top_k is None else whole(top_k, owner, "top_k", 1)
        self._evenly_spaced = are_evenly_spaced(thresholds)
        self._counts = counts
        for count in counts:
            setattr(self, count, self._add_total(count, (len(thresholds),)))

    def update_state(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Add a batch to the counts.

        Args:
            y_true: Labels, 0 or 1.
            y_pred: Probabilities, the same shape.
            sample_weight: One weight a sample, or one a value.

        Raises:
            ValueError: the shapes do not match, or the class does not exist.
        """
        counts = confusion_counts(y_true, y_pred, self.thresholds, self._evenly_spaced, sample_weight, self.top_k,
                                  self.class_id)
        for name, value in zip(COUNTS, counts, strict=True):
            if name in self._counts:
                getattr(self, name).data += value

    def _at_thresholds(self, values):
        """One number for a single threshold, else one a threshold."""
        return self._as_result(values[0] if len(self.thresholds) == 1 else values)


class _Count(ConfusionMetric):
    """One of the four counts."""

    _count: str

    def __init__(
        self, thresholds: float | Sequence[float] | None = None, name: str | None = None, dtype: DTypeLike = None,
    ) -> None:
        super().__init__((self._count,), parse_thresholds(type(self).__name__, thresholds, 0.5), name=name, dtype=dtype)
        self.init_thresholds = thresholds

    def result(self) -> Tensor:
        return self._at_thresholds(getattr(self, self._count).data)

    def get_config(self) -> Config:
        return {**super().get_config(), "thresholds": self.init_thresholds}


class TruePositives(_Count):
    """Number of positive values that were called positive, at each threshold.

    Args:
        thresholds: One or several in [0, 1]; 0.5 if None.
        name, dtype: See `Metric`.

    Shapes: labels and probabilities (batch, ...) -> scalar, or one count a threshold.

    Raises:
        ValueError: a threshold does not lie in [0, 1].

    >>> float(TruePositives()([0, 1, 1, 1], [1, 0, 1, 1]))
    2.0
    """

    _count = "true_positives"


class FalsePositives(_Count):
    """Number of negative values that were called positive, at each threshold.

    Args:
        thresholds: One or several in [0, 1]; 0.5 if None.
        name, dtype: See `Metric`.

    Shapes: labels and probabilities (batch, ...) -> scalar, or one count a threshold.

    Raises:
        ValueError: a threshold does not lie in [0, 1].

    >>> float(FalsePositives()([0, 1, 1, 1], [1, 0, 1, 1]))
    1.0
    """

    _count = "false_positives"


class TrueNegatives(_Count):
    """Number of negative values that were called negative, at each threshold.

    Args:
        thresholds: One or several in [0, 1]; 0.5 if None.
        name, dtype: See `Metric`.

    Shapes: labels and probabilities (batch, ...) -> scalar, or one count a threshold.

    Raises:
        ValueError: a threshold does not lie in [0, 1].

    >>> float(TrueNegatives()([0, 1, 1, 1], [1, 0, 1, 1]))
    0.0
    """

    _count = "true_negatives"


class FalseNegatives(_Count):
    """Number of positive values that were called negative, at each threshold.

    Args:
        thresholds: One or several in [0, 1]; 0.5 if None.
        name, dtype: See `Metric`.

    Shapes: labels and probabilities (batch, ...) -> scalar, or one count a threshold.

    Raises:
        ValueError: a threshold does not lie in [0, 1].

    >>> float(FalseNegatives()([0, 1, 1, 1], [1, 0, 1, 1]))
    1.0
    """

    _count = "false_negatives"


class _Quotient(ConfusionMetric):
    """tp / (tp + one of the errors)."""

    _direction = "up"
    _error: str

    def __init__(
        self, thresholds: float | Sequence[float] | None = None, top_k: int | None = None, class_id: int | None = None,
        name: str | None = None, dtype: DTypeLike = None,
    ) -> None:
        default = 0.5 if top_k is None else _BELOW_ALL
        super().__init__(("true_positives", self._error), parse_thresholds(type(self).__name__, thresholds, default),
                         class_id, top_k, name, dtype)
        self.init_thresholds = thresholds

    def result(self) -> Tensor:
        tp = self.true_positives.data
        return self._at_thresholds(divide_no_nan(tp, tp + getattr(self, self._error).data))

    def get_config(self) -> Config:
        return {**super().get_config(), "thresholds": self.init_thresholds, "top_k": self.top_k,
                "class_id": self.class_id}


class Precision(_Quotient):
    """tp / (tp + fp): the fraction of the values called positive that are positive.

    Args:
        thresholds: One or several in [0, 1]; 0.5 if None, and none at all with `top_k`.
        top_k: Only the k highest scores of a row are called positive.
        class_id: The only class that is counted; all if None.
        name, dtype: See `Metric`.

    Shapes: labels and probabilities (batch, ...) -> scalar, or one value a threshold.

    Raises:
        ValueError: a threshold does not lie in [0, 1], or `top_k` or `class_id` is not an int in its range.

    >>> metric = Precision()
    >>> metric.update_state([0, 1, 1, 1], [1, 0, 1, 1])
    >>> round(float(metric.result()), 4)
    0.6667
    """

    _error = "false_positives"


class Recall(_Quotient):
    """tp / (tp + fn): the fraction of the positive values that were called positive.

    Args:
        thresholds: One or several in [0, 1]; 0.5 if None, and none at all with `top_k`.
        top_k: Only the k highest scores of a row are called positive.
        class_id: The only class that is counted; all if None.
        name, dtype: See `Metric`.

    Shapes: labels and probabilities (batch, ...) -> scalar, or one value a threshold.

    Raises:
        ValueError: a threshold does not lie in [0, 1], or `top_k` or `class_id` is not an int in its range.

    >>> metric = Recall()
    >>> metric.update_state([0, 1, 1, 1], [1, 0, 1, 1])
    >>> round(float(metric.result()), 4)
    0.6667
    """

    _error = "false_negatives"


class _BestUnderConstraint(ConfusionMetric):
    """The best of one rate over the thresholds at which another is at least `value`."""

    _direction = "up"
    _value_name: str

    def __init__(
        self, value: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None,
        dtype: DTypeLike = None,
    ) -> None:
        if not 0 <= value <= 1:
            raise ValueError(f"{type(self).__name__}: {self._value_name} must lie in [0, 1], got {value}")
        if num_thresholds <= 0:
            raise ValueError(f"{type(self).__name__}: num_thresholds must be positive, got {num_thresholds}")
        super().__init__(COUNTS, [0.5]
                         if num_thresholds == 1 else [i / (num_thresholds - 1) for i in range(num_thresholds)],
                         class_id, name=name, dtype=dtype)
        self._evenly_spaced = num_thresholds > 1
        self.value = value
        self.num_thresholds = num_thresholds

    def _rates(self):
        tp, fp, tn, fn = (getattr(self, name).data for name in COUNTS)
        return {
            "sensitivity": divide_no_nan(tp, tp + fn), "recall": divide_no_nan(tp, tp + fn),
            "specificity": divide_no_nan(tn, tn + fp), "precision": divide_no_nan(tp, tp + fp),
        }

    _best: str

    def result(self) -> Tensor:
        rates = self._rates()
        # The limit is met in float32, in which a rate of 0.4 is as large as 0.4.
        feasible = rates[self._value_name].astype(np.float32) >= np.float32(self.value)
        return self._as_result(np.max(np.where(feasible, rates[self._best], 0), initial=0))

    def get_config(self) -> Config:
        return {**super().get_config(), self._value_name: self.value, "num_thresholds": self.num_thresholds,
                "class_id": self.class_id}


class SensitivityAtSpecificity(_BestUnderConstraint):
    """The best sensitivity tp / (tp + fn) at a threshold whose specificity tn / (tn + fp) is at least `specificity`.

    Args:
        specificity: From 0 to 1.
        num_thresholds: Number of thresholds that are tried, evenly spaced in [0, 1].
        class_id: The only class that is counted; all if None.
        name, dtype: See `Metric`.

    Shapes: labels and probabilities (batch, ...) -> scalar.

    Raises:
        ValueError: `specificity` does not lie in [0, 1], or `num_thresholds` is not positive.

    >>> float(SensitivityAtSpecificity(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8]))
    0.5
    """

    _value_name, _best = "specificity", "sensitivity"

    def __init__(
        self, specificity: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None,
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(specificity, num_thresholds, class_id, name, dtype)
        self.specificity = specificity


class SpecificityAtSensitivity(_BestUnderConstraint):
    """The best specificity tn / (tn + fp) at a threshold whose sensitivity tp / (tp + fn) is at least `sensitivity`.

    Args:
        sensitivity: From 0 to 1.
        num_thresholds: Number of thresholds that are tried, evenly spaced in [0, 1].
        class_id: The only class that is counted; all if None.
        name, dtype: See `Metric`.

    Shapes: labels and probabilities (batch, ...) -> scalar.

    Raises:
        ValueError: `sensitivity` does not lie in [0, 1], or `num_thresholds` is not positive.

    >>> round(float(SpecificityAtSensitivity(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])), 4)
    0.6667
    """

    _value_name, _best = "sensitivity", "specificity"

    def __init__(
        self, sensitivity: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None,
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)
        self.sensitivity = sensitivity


class PrecisionAtRecall(_BestUnderConstraint):
    """The best precision tp / (tp + fp) at a threshold whose recall tp / (tp + fn) is at least `recall`.

    Args:
        recall: From 0 to 1.
        num_thresholds: Number of thresholds that are tried, evenly spaced in [0, 1].
        class_id: The only class that is counted; all if None.
        name, dtype: See `Metric`.

    Shapes: labels and probabilities (batch, ...) -> scalar.

    Raises:
        ValueError: `recall` does not lie in [0, 1], or `num_thresholds` is not positive.

    >>> float(PrecisionAtRecall(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8]))
    0.5
    """

    _value_name, _best = "recall", "precision"

    def __init__(
        self, recall: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None,
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(recall, num_thresholds, class_id, name, dtype)
        self.recall = recall


class RecallAtPrecision(_BestUnderConstraint):
    """The best recall tp / (tp + fn) at a threshold whose precision tp / (tp + fp) is at least `precision`.

    Args:
        precision: From 0 to 1.
        num_thresholds: Number of thresholds that are tried, evenly spaced in [0, 1].
        class_id: The only class that is counted; all if None.
        name, dtype: See `Metric`.

    Shapes: labels and probabilities (batch, ...) -> scalar.

    Raises:
        ValueError: `precision` does not lie in [0, 1], or `num_thresholds` is not positive.

    >>> float(RecallAtPrecision(0.8)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9]))
    0.5
    """

    _value_name, _best = "precision", "recall"

    def __init__(
        self, precision: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None,
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(precision, num_thresholds, class_id, name, dtype)
        self.precision = precision
