"""Metrics that are the mean of a loss function over all samples; the formulas are in tinynet/losses/.

>>> metric = MeanSquaredError()
>>> metric.update_state([[0.0, 1.0]], [[1.0, 1.0]])
>>> metric.update_state([[0.0, 0.0]], [[3.0, 0.0]])
>>> float(metric.result())
2.5
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import losses
from ..losses.elements import kind_of_labels
from .base import MeanMetricWrapper

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..core.types import DTypeLike, Shape
    from ..tensor import Tensor


class MeanSquaredError(MeanMetricWrapper):
    """mean((t - p)^2): mean of `losses.mean_squared_error` over all samples.

    Args:
        name, dtype: See `Metric`.

    Shapes: targets and predictions (batch, ..., n) -> scalar.

    >>> round(float(MeanSquaredError()([[0.0, 1.0]], [[3.0, 1.0]])), 4)
    4.5
    """

    _direction = "down"

    def __init__(self, name: str = "mean_squared_error", dtype: DTypeLike = None) -> None:
        super().__init__(losses.mean_squared_error, name, dtype)


class MeanAbsoluteError(MeanMetricWrapper):
    """mean(|t - p|): mean of `losses.mean_absolute_error` over all samples.

    Args:
        name, dtype: See `Metric`.

    Shapes: targets and predictions (batch, ..., n) -> scalar.

    >>> round(float(MeanAbsoluteError()([[0.0, 1.0]], [[3.0, 1.0]])), 4)
    1.5
    """

    _direction = "down"

    def __init__(self, name: str = "mean_absolute_error", dtype: DTypeLike = None) -> None:
        super().__init__(losses.mean_absolute_error, name, dtype)


class MeanAbsolutePercentageError(MeanMetricWrapper):
    """100 mean(|t - p| / |t|): mean of `losses.mean_absolute_percentage_error` over all samples.

    Args:
        name, dtype: See `Metric`.

    Shapes: targets and predictions (batch, ..., n) -> scalar.

    >>> round(float(MeanAbsolutePercentageError()([[2.0, 4.0]], [[1.0, 4.0]])), 4)
    25.0
    """

    _direction = "down"

    def __init__(self, name: str = "mean_absolute_percentage_error", dtype: DTypeLike = None) -> None:
        super().__init__(losses.mean_absolute_percentage_error, name, dtype)


class MeanSquaredLogarithmicError(MeanMetricWrapper):
    """mean((log(1 + t) - log(1 + p))^2): mean of `losses.mean_squared_logarithmic_error` over all samples.

    Args:
        name, dtype: See `Metric`.

    Shapes: targets and predictions (batch, ..., n) -> scalar.

    >>> round(float(MeanSquaredLogarithmicError()([[0.0, 3.0]], [[0.0, 1.0]])), 4)
    0.2402
    """

    _direction = "down"

    def __init__(self, name: str = "mean_squared_logarithmic_error", dtype: DTypeLike = None) -> None:
        super().__init__(losses.mean_squared_logarithmic_error, name, dtype)


class LogCoshError(MeanMetricWrapper):
    """mean(log(cosh(p - t))): mean of `losses.log_cosh` over all samples.

    Args:
        name, dtype: See `Metric`.

    Shapes: targets and predictions (batch, ..., n) -> scalar.

    >>> round(float(LogCoshError()([[0.0]], [[1.0]])), 4)
    0.4338
    """

    _direction = "down"

    def __init__(self, name: str = "logcosh", dtype: DTypeLike = None) -> None:
        super().__init__(losses.log_cosh, name, dtype)


class Hinge(MeanMetricWrapper):
    """mean(max(1 - t p, 0)): mean of `losses.hinge` over all samples.

    Args:
        name, dtype: See `Metric`.

    Shapes: targets and predictions (batch, ..., n) -> scalar.

    >>> round(float(Hinge()([[1.0, -1.0]], [[2.0, 0.5]])), 4)
    0.75
    """

    _direction = "down"

    def __init__(self, name: str = "hinge", dtype: DTypeLike = None) -> None:
        super().__init__(losses.hinge, name, dtype)


class SquaredHinge(MeanMetricWrapper):
    """mean(max(1 - t p, 0)^2): mean of `losses.squared_hinge` over all samples.

    Args:
        name, dtype: See `Metric`.

    Shapes: targets and predictions (batch, ..., n) -> scalar.

    >>> round(float(SquaredHinge()([[1.0, -1.0]], [[2.0, 0.5]])), 4)
    1.125
    """

    _direction = "down"

    def __init__(self, name: str = "squared_hinge", dtype: DTypeLike = None) -> None:
        super().__init__(losses.squared_hinge, name, dtype)


class CategoricalHinge(MeanMetricWrapper):
    """max(best wrong score - correct score + 1, 0): mean of `losses.categorical_hinge` over all samples.

    Args:
        name, dtype: See `Metric`.

    Shapes: targets and predictions (batch, ..., n) -> scalar.

    >>> round(float(CategoricalHinge()([[0.0, 1.0]], [[0.5, 0.25]])), 4)
    1.25
    """

    _direction = "down"

    def __init__(self, name: str = "categorical_hinge", dtype: DTypeLike = None) -> None:
        super().__init__(losses.categorical_hinge, name, dtype)


class KLDivergence(MeanMetricWrapper):
    """sum(t log(t / p)): mean of `losses.kl_divergence` over all samples.

    Args:
        name, dtype: See `Metric`.

    Shapes: targets and predictions (batch, ..., n) -> scalar.

    >>> round(float(KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]])), 4)
    0.1438
    """

    _direction = "down"

    def __init__(self, name: str = "kl_divergence", dtype: DTypeLike = None) -> None:
        super().__init__(losses.kl_divergence, name, dtype)


class Poisson(MeanMetricWrapper):
    """mean(p - t log p): mean of `losses.poisson` over all samples.

    Args:
        name, dtype: See `Metric`.

    Shapes: targets and predictions (batch, ..., n) -> scalar.

    >>> round(float(Poisson()([[2.0]], [[1.0]])), 4)
    1.0
    """

    _direction = "down"

    def __init__(self, name: str = "poisson", dtype: DTypeLike = None) -> None:
        super().__init__(losses.poisson, name, dtype)


class BinaryCrossentropy(MeanMetricWrapper):
    """mean(-t log p - (1 - t) log(1 - p)): mean of `losses.binary_crossentropy` over all samples.

    Args:
        name, dtype: See `Metric`.
        from_logits, label_smoothing: See `losses.binary_crossentropy`.

    Shapes: targets and predictions (batch, ..., n) -> scalar.

    >>> round(float(BinaryCrossentropy()([[1.0, 0.0]], [[0.5, 0.5]])), 4)
    0.6931
    """

    _direction = "down"

    def __init__(
        self, name: str = "binary_crossentropy", dtype: DTypeLike = None, from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None:
        super().__init__(losses.binary_crossentropy, name, dtype, from_logits=from_logits,
                         label_smoothing=label_smoothing)


class CategoricalCrossentropy(MeanMetricWrapper):
    """-sum(t log p): mean of `losses.categorical_crossentropy` over all samples.

    Args:
        name, dtype: See `Metric`.
        from_logits, label_smoothing, axis: See `losses.categorical_crossentropy`.

    Shapes: targets and predictions (batch, ..., n) -> scalar.

    >>> round(float(CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
    0.6931
    """

    _direction = "down"

    def __init__(
        self, name: str = "categorical_crossentropy", dtype: DTypeLike = None, from_logits: bool = False,
        label_smoothing: float = 0, axis: int = -1,
    ) -> None:
        super().__init__(losses.categorical_crossentropy, name, dtype, from_logits=from_logits,
                         label_smoothing=label_smoothing, axis=axis)


class SparseCategoricalCrossentropy(MeanMetricWrapper):
    """-log(probability of the correct class): mean of `losses.sparse_categorical_crossentropy` over all samples.

    Args:
        name, dtype: See `Metric`.
        from_logits, ignore_class, axis: See `losses.sparse_categorical_crossentropy`. Samples of `ignore_class` do not
            count.

    Shapes: labels (batch, ...), predictions (batch, ..., classes) -> scalar.

    >>> round(float(SparseCategoricalCrossentropy()([1, 0], [[0.5, 0.5], [0.5, 0.5]])), 4)
    0.6931
    """

    _direction = "down"

    def __init__(
        self, name: str = "sparse_categorical_crossentropy", dtype: DTypeLike = None, from_logits: bool = False,
        ignore_class: int | None = None, axis: int = -1,
    ) -> None:
        super().__init__(losses.sparse_categorical_crossentropy, name, dtype, from_logits=from_logits,
                         ignore_class=ignore_class, axis=axis)


def crossentropy_for(y_true_shape: Shape, y_pred_shape: Shape) -> Callable[..., Tensor]:
    """Return the metric class that 'crossentropy' (or 'ce') means for these shapes: binary, sparse or categorical.

    Args:
        y_true_shape: (batch, ...), of labels or one-hot labels.
        y_pred_shape: (batch, ..., classes).

    >>> crossentropy_for((32,), (32, 10)).__name__
    'SparseCategoricalCrossentropy'
    """
    return {
        "binary": BinaryCrossentropy, "sparse": SparseCategoricalCrossentropy, "categorical": CategoricalCrossentropy,
    }[kind_of_labels(y_true_shape, y_pred_shape)]
