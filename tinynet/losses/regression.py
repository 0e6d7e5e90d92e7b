"""Losses for numbers: how far the prediction p is from the target t, averaged over the last axis.

Each function is one formula with its derivative under it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from .. import ops
from ..config import epsilon
from ..core.checks import number
from ..core.recording import computed, repeated
from ..ops.reduction import check_axes
from ..runtime import kernels
from .base import LossFunctionWrapper
from .elements import aligned, mean_over_last, record_loss

if TYPE_CHECKING:
    from ..core.types import DTypeLike, TensorLike
    from ..tensor import Tensor


def mean_squared_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """mean((t - p)^2) over the last axis.

    d/dp = 2 (p - t) / n

    Args:
        y_true: Targets t, shape (batch, ..., n).
        y_pred: Predictions p, the same shape (or one that broadcasts).

    Returns:
        Tensor, shape (batch, ...).

    Raises:
        ValueError: the shapes do not match.

    >>> mean_squared_error([[1.0, 2.0]], [[1.0, 4.0]]).numpy()
    array([2.], dtype=float32)
    """
    t, p = aligned("mean_squared_error", y_true, y_pred)
    error = computed(np.subtract, p.data, t.data)
    return mean_over_last(computed(np.multiply, error, error), t, p, lambda: computed(np.multiply, 2, error),
                          lambda: -2 * error, lambda t, p: ops.square(p - t))


def mean_absolute_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """mean(|t - p|) over the last axis.

    d/dp = sign(p - t) / n

    Args:
        y_true, y_pred: As for `mean_squared_error`.

    Returns:
        Tensor, shape (batch, ...).

    Raises:
        ValueError: the shapes do not match.

    >>> mean_absolute_error([[1.0, 2.0]], [[1.0, 4.0]]).numpy()
    array([1.], dtype=float32)
    """
    t, p = aligned("mean_absolute_error", y_true, y_pred)
    error = computed(np.subtract, p.data, t.data)
    return mean_over_last(computed(np.abs, error), t, p, lambda: computed(np.sign, error), lambda: -np.sign(error),
                          lambda t, p: ops.abs(p - t))


def mean_absolute_percentage_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """100 mean(|t - p| / max(|t|, epsilon)) over the last axis.

    d/dp = 100 sign(p - t) / max(|t|, epsilon) / n

    Args:
        y_true, y_pred: As for `mean_squared_error`.

    Returns:
        Tensor of percentages, shape (batch, ...).

    Raises:
        ValueError: the shapes do not match.

    >>> mean_absolute_percentage_error([[2.0, 4.0]], [[1.0, 4.0]]).numpy()
    array([25.], dtype=float32)
    """
    t, p = aligned("mean_absolute_percentage_error", y_true, y_pred)
    error = p.data - t.data
    scale = 100 / np.maximum(np.abs(t.data), epsilon())
    return mean_over_last(np.abs(error) * scale, t, p, lambda: np.sign(error) * scale,
                          formula=lambda t, p: ops.abs(p - t) * scale)


def mean_squared_logarithmic_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """mean((log(1 + t) - log(1 + p))^2) over the last axis, with t and p at least epsilon.

    d/dp = 2 (log(1 + p) - log(1 + t)) / (1 + p) / n where p > epsilon

    Args:
        y_true, y_pred: As for `mean_squared_error`; values at least 0.

    Returns:
        Tensor, shape (batch, ...).

    Raises:
        ValueError: the shapes do not match.

    >>> mean_squared_logarithmic_error([[0.0, 3.0]], [[0.0, 1.0]]).numpy().round(4)  # log(2)^2 / 2
    array([0.2402], dtype=float32)
    """
    t, p = aligned("mean_squared_logarithmic_error", y_true, y_pred)
    one_plus_p = np.maximum(p.data, epsilon()) + 1
    error = np.log(one_plus_p) - np.log(np.maximum(t.data, epsilon()) + 1)
    return mean_over_last(error * error, t, p, lambda: 2 * error / one_plus_p * (p.data > epsilon()),
                          formula=lambda t, p: ops.square(
                              ops.log(ops.maximum(p, epsilon()) + 1) - ops.log(ops.maximum(t, epsilon()) + 1)))


def huber(y_true: TensorLike, y_pred: TensorLike, delta: float = 1.0) -> Tensor:
    """mean(h(p - t)) over the last axis, h(e) = e^2 / 2 for |e| <= delta, else delta |e| - delta^2 / 2.

    h'(e) = e for |e| <= delta, else delta sign(e)

    Args:
        y_true, y_pred: As for `mean_squared_error`.
        delta: Error from which on the loss grows linearly, above 0.

    Returns:
        Tensor, shape (batch, ...).

    Raises:
        ValueError: the shapes do not match, or `delta` is not above 0.

    Source: Huber 1964.

    >>> huber([[0.0, 0.0]], [[1.0, 3.0]]).numpy()  # 1/2 and 3 - 1/2
    array([1.5], dtype=float32)
    """
    number(delta, "huber", "delta", 0, above=True)
    t, p = aligned("huber", y_true, y_pred)
    error = computed(np.subtract, p.data, t.data)

    def elements(error):
        size = np.abs(error)
        small = np.minimum(size, delta)
        # delta |e| - delta^2/2 = delta (|e| - delta/2), and small = |e| makes that e^2/2
        return small * (size - small / 2)

    return mean_over_last(repeated(elements, error), t, p, lambda: repeated(np.clip, error, -delta, delta),
                          lambda: -np.clip(error, -delta, delta), lambda t, p: _huber(p - t, delta))


def _huber(error, delta):
    size = ops.abs(error)
    return ops.where(size <= delta, ops.square(error) / 2, delta * (size - delta / 2))


def log_cosh(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """mean(log(cosh(p - t))) over the last axis: about e^2 / 2 for small errors, |e| - log 2 for large ones.

    d/dp = tanh(p - t) / n

    Args:
        y_true, y_pred: As for `mean_squared_error`.

    Returns:
        Tensor, shape (batch, ...).

    Raises:
        ValueError: the shapes do not match.

    >>> log_cosh([[0.0]], [[1.0]]).numpy().round(4)
    array([0.4338], dtype=float32)
    """
    t, p = aligned("log_cosh", y_true, y_pred)
    error = computed(np.subtract, p.data, t.data)

    def elements(error):
        size = np.abs(error)
        # log cosh e = |e| + log(1 + exp(-2|e|)) - log 2, without the overflow of cosh
        return size + np.log1p(np.exp(-2 * size)) - math.log(2)

    return mean_over_last(repeated(elements, error), t, p, lambda: computed(np.tanh, error), lambda: -np.tanh(error),
                          lambda t, p: ops.softplus(-2 * (p - t)) + (p - t) - math.log(2))


def poisson(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """mean(p - t log(p + epsilon)) over the last axis.

    It is minus the log-likelihood of counts t with rate p, up to a constant.

    d/dp = (1 - t / (p + epsilon)) / n

    Args:
        y_true: Counts t, shape (batch, ..., n).
        y_pred: Rates p, the same shape (or one that broadcasts).

    Returns:
        Tensor, shape (batch, ...).

    Raises:
        ValueError: the shapes do not match.

    >>> poisson([[2.0]], [[1.0]]).numpy().round(4)
    array([1.], dtype=float32)
    """
    t, p = aligned("poisson", y_true, y_pred)
    rate = p.data + epsilon()
    with np.errstate(invalid="ignore", divide="ignore"):
        log_rate = np.log(rate)
    return mean_over_last(p.data - t.data * log_rate, t, p, lambda: 1 - t.data / rate, lambda: -log_rate,
                          lambda t, p: p - t * ops.log(p + epsilon()))


def cosine_similarity(y_true: TensorLike, y_pred: TensorLike, axis: int = -1) -> Tensor:
    """-sum(t p) / (|t| |p|) over `axis`: -1 for the same direction, 0 for perpendicular vectors, 1 for opposite ones.

    With unit vectors u = t / |t|, v = p / |p|:  d/dp = -(u - (u.v) v) / |p|

    Args:
        y_true, y_pred: As for `mean_squared_error`.
        axis: Axis along which the vectors lie.

    Returns:
        Tensor, y_pred's shape without `axis`.

    Raises:
        ValueError: the shapes do not match, or the axis does not exist.

    >>> cosine_similarity([[1.0, 0.0]], [[3.0, 4.0]]).numpy().round(4)
    array([-0.6], dtype=float32)
    """
    t, p = aligned("cosine_similarity", y_true, y_pred)
    axes = check_axes("cosine_similarity", axis, p.shape)
    if axes is None or len(axes) != 1:
        raise ValueError(f"cosine_similarity: axis must be one axis, got {axis!r}")
    axis = axes[0]
    u, t_scale = _unit_vectors(t.data, axis)
    v, p_scale = _unit_vectors(p.data, axis)
    product = kernels.reduce_sum(u * v, axis, True)

    def derivative(dy, here, other, scale):
        # a vector shorter than epsilon was divided by epsilon, a constant
        turning = np.where(scale < 1 / epsilon(), product, 0) * here
        return -np.expand_dims(dy, axis) * (other - turning) * scale

    losses = -product.reshape([extent for i, extent in enumerate(product.shape) if i != axis % product.ndim])
    def formula(t, p):
        return -ops.sum(ops.normalize(t, axis, epsilon=epsilon()) * ops.normalize(p, axis, epsilon=epsilon()), axis)

    return record_loss(losses, t, p, lambda dy: derivative(dy, v, u, p_scale), lambda dy: derivative(dy, u, v, t_scale),
                       formula)


def _unit_vectors(x, axis):
    """(x / |x|, 1 / |x|), where |x| is at least epsilon."""
    with np.errstate(divide="ignore"):
        scale = np.minimum(1 / np.sqrt(kernels.reduce_sum(x * x, axis, True)), x.dtype.type(1 / epsilon()))
    return x * scale, scale


class MeanSquaredError(LossFunctionWrapper):
    """mean((t - p)^2): `mean_squared_error`, reduced over the batch.

    Args:
        reduction, name, dtype: See `Loss`.

    Shapes: targets and predictions (batch, ..., n).

    >>> float(MeanSquaredError()([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [1.0, 0.0]]))
    0.5
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "mean_squared_error", dtype: DTypeLike = None,
    ) -> None:
        super().__init__(mean_squared_error, name=name, reduction=reduction, dtype=dtype)


class MeanAbsoluteError(LossFunctionWrapper):
    """mean(|t - p|): `mean_absolute_error`, reduced over the batch.

    Args:
        reduction, name, dtype: See `Loss`.

    Shapes: targets and predictions (batch, ..., n).

    >>> float(MeanAbsoluteError()([[0.0, 1.0]], [[3.0, 1.0]]))
    1.5
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "mean_absolute_error", dtype: DTypeLike = None,
    ) -> None:
        super().__init__(mean_absolute_error, name=name, reduction=reduction, dtype=dtype)


class MeanAbsolutePercentageError(LossFunctionWrapper):
    """100 mean(|t - p| / |t|): `mean_absolute_percentage_error`, reduced over the batch.

    Args:
        reduction, name, dtype: See `Loss`.

    Shapes: targets and predictions (batch, ..., n).

    >>> float(MeanAbsolutePercentageError()([[2.0, 4.0]], [[1.0, 4.0]]))
    25.0
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "mean_absolute_percentage_error",
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(mean_absolute_percentage_error, name=name, reduction=reduction, dtype=dtype)


class MeanSquaredLogarithmicError(LossFunctionWrapper):
    """mean((log(1 + t) - log(1 + p))^2): `mean_squared_logarithmic_error`, reduced over the batch.

    Args:
        reduction, name, dtype: See `Loss`.

    Shapes: targets and predictions (batch, ..., n), values at least 0.

    >>> round(float(MeanSquaredLogarithmicError()([[0.0, 3.0]], [[0.0, 1.0]])), 4)
    0.2402
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "mean_squared_logarithmic_error",
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(mean_squared_logarithmic_error, name=name, reduction=reduction, dtype=dtype)


class CosineSimilarity(LossFunctionWrapper):
    """Minus the cosine of the angle between t and p: `cosine_similarity`, reduced over the batch.

    Args:
        axis: Axis along which the vectors lie.
        reduction, name, dtype: See `Loss`.

    Shapes: targets and predictions (batch, ..., n).

    >>> round(float(CosineSimilarity()([[1.0, 0.0]], [[3.0, 4.0]])), 4)
    -0.6
    """

    def __init__(
        self, axis: int = -1, reduction: str | None = "sum_over_batch_size", name: str = "cosine_similarity",
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(cosine_similarity, name=name, reduction=reduction, dtype=dtype, axis=axis)


class Huber(LossFunctionWrapper):
    """Squared for small errors, absolute for large ones: `huber`, reduced over the batch.

    Args:
        delta: Error from which on the loss grows linearly, above 0.
        reduction, name, dtype: See `Loss`.

    Shapes: targets and predictions (batch, ..., n).

    Raises:
        ValueError: `delta` is not above 0.

    >>> float(Huber()([[0.0, 0.0]], [[1.0, 3.0]]))
    1.5
    """

    def __init__(
        self, delta: float = 1.0, reduction: str | None = "sum_over_batch_size", name: str = "huber_loss",
        dtype: DTypeLike = None,
    ) -> None:
        number(delta, "Huber", "delta", 0, above=True)
        super().__init__(huber, name=name, reduction=reduction, dtype=dtype, delta=delta)


class LogCosh(LossFunctionWrapper):
    """mean(log(cosh(p - t))): `log_cosh`, reduced over the batch.

    Args:
        reduction, name, dtype: See `Loss`.

    Shapes: targets and predictions (batch, ..., n).

    >>> round(float(LogCosh()([[0.0]], [[1.0]])), 4)
    0.4338
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "log_cosh", dtype: DTypeLike = None,
    ) -> None:
        super().__init__(log_cosh, name=name, reduction=reduction, dtype=dtype)


class Poisson(LossFunctionWrapper):
    """mean(p - t log p): `poisson`, reduced over the batch.

    Args:
        reduction, name, dtype: See `Loss`.

    Shapes: targets (counts) and predictions (rates) (batch, ..., n).

    >>> round(float(Poisson()([[2.0]], [[1.0]])), 4)
    1.0
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "poisson", dtype: DTypeLike = None,
    ) -> None:
        super().__init__(poisson, name=name, reduction=reduction, dtype=dtype)
