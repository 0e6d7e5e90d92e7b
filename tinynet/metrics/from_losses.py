"""Metrics that are the mean of a loss function over all samples; the formulas stand in tinynet/losses/."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import losses
from .base import MeanMetricWrapper

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..core.types import DTypeLike, Shape
    from ..tensor import Tensor


class MeanSquaredError(MeanMetricWrapper):
    """Mean of `losses.mean_squared_error`."""

    _direction = "down"

    def __init__(self, name: str = "mean_squared_error", dtype: DTypeLike = None) -> None:
        super().__init__(losses.mean_squared_error, name, dtype)


class MeanAbsoluteError(MeanMetricWrapper):
    """Mean of `losses.mean_absolute_error`."""

    _direction = "down"

    def __init__(self, name: str = "mean_absolute_error", dtype: DTypeLike = None) -> None:
        super().__init__(losses.mean_absolute_error, name, dtype)


class MeanAbsolutePercentageError(MeanMetricWrapper):
    """Mean of `losses.mean_absolute_percentage_error`."""

    _direction = "down"

    def __init__(self, name: str = "mean_absolute_percentage_error", dtype: DTypeLike = None) -> None:
        super().__init__(losses.mean_absolute_percentage_error, name, dtype)


class MeanSquaredLogarithmicError(MeanMetricWrapper):
    """Mean of `losses.mean_squared_logarithmic_error`."""

    _direction = "down"

    def __init__(self, name: str = "mean_squared_logarithmic_error", dtype: DTypeLike = None) -> None:
        super().__init__(losses.mean_squared_logarithmic_error, name, dtype)


class LogCoshError(MeanMetricWrapper):
    """Mean of `losses.log_cosh`."""

    _direction = "down"

    def __init__(self, name: str = "logcosh", dtype: DTypeLike = None) -> None:
        super().__init__(losses.log_cosh, name, dtype)


class Hinge(MeanMetricWrapper):
    """Mean of `losses.hinge`."""

    _direction = "down"

    def __init__(self, name: str = "hinge", dtype: DTypeLike = None) -> None:
        super().__init__(losses.hinge, name, dtype)


class SquaredHinge(MeanMetricWrapper):
    """Mean of `losses.squared_hinge`."""

    _direction = "down"

    def __init__(self, name: str = "squared_hinge", dtype: DTypeLike = None) -> None:
        super().__init__(losses.squared_hinge, name, dtype)


class CategoricalHinge(MeanMetricWrapper):
    """Mean of `losses.categorical_hinge`."""

    _direction = "down"

    def __init__(self, name: str = "categorical_hinge", dtype: DTypeLike = None) -> None:
        super().__init__(losses.categorical_hinge, name, dtype)


class KLDivergence(MeanMetricWrapper):
    """Mean of `losses.kl_divergence`."""

    _direction = "down"

    def __init__(self, name: str = "kl_divergence", dtype: DTypeLike = None) -> None:
        super().__init__(losses.kl_divergence, name, dtype)


class Poisson(MeanMetricWrapper):
    """Mean of `losses.poisson`."""

    _direction = "down"

    def __init__(self, name: str = "poisson", dtype: DTypeLike = None) -> None:
        super().__init__(losses.poisson, name, dtype)


class BinaryCrossentropy(MeanMetricWrapper):
    """Mean of `losses.binary_crossentropy`."""

    _direction = "down"

    def __init__(
        self, name: str = "binary_crossentropy", dtype: DTypeLike = None, from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None:
        super().__init__(losses.binary_crossentropy, name, dtype, from_logits=from_logits,
                         label_smoothing=label_smoothing)


class CategoricalCrossentropy(MeanMetricWrapper):
    """Mean of `losses.categorical_crossentropy`."""

    _direction = "down"

    def __init__(
        self, name: str = "categorical_crossentropy", dtype: DTypeLike = None, from_logits: bool = False,
        label_smoothing: float = 0, axis: int = -1,
    ) -> None:
        super().__init__(losses.categorical_crossentropy, name, dtype, from_logits=from_logits,
                         label_smoothing=label_smoothing, axis=axis)


class SparseCategoricalCrossentropy(MeanMetricWrapper):
    """Mean of `losses.sparse_categorical_crossentropy`; samples of `ignore_class` do not count."""

    _direction = "down"

    def __init__(
        self, name: str = "sparse_categorical_crossentropy", dtype: DTypeLike = None, from_logits: bool = False,
        ignore_class: int | None = None, axis: int = -1,
    ) -> None:
        super().__init__(losses.sparse_categorical_crossentropy, name, dtype, from_logits=from_logits,
                         ignore_class=ignore_class, axis=axis)


def crossentropy_for(y_true_shape: Shape, y_pred_shape: Shape) -> Callable[..., Tensor]:
    """The metric class that 'crossentropy' (or 'ce') means for these shapes: binary, sparse or categorical."""
    return {
        losses.binary_crossentropy: BinaryCrossentropy,
        losses.sparse_categorical_crossentropy: SparseCategoricalCrossentropy,
        losses.categorical_crossentropy: CategoricalCrossentropy,
    }[losses.crossentropy_for(y_true_shape, y_pred_shape)]
