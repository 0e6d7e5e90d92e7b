"""Losses of image segmentation: how little the predicted area overlaps the true one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import ops
from ..config import epsilon
from ..ops.reduction import check_axes
from ..runtime import kernels
from ..tensor import Tensor
from .base import LossFunctionWrapper
from .elements import float_pair, record_loss

if TYPE_CHECKING:
    from ..core.types import Axis, DTypeLike, TensorLike


def _areas(operation, y_true, y_pred, axis):
    """Both tensors, a function that sums over `axis` and keeps it, and the shape of the losses."""
    y_true, y_pred = float_pair(operation, y_true, y_pred)
    axis = check_axes(operation, axis, y_pred.shape)
    shape = kernels.reduce_sum(y_true.data * y_pred.data, axis, False).shape

    def area(x):  # an array's, or recorded a Tensor's
        return ops.sum(x, axis, True) if isinstance(x, Tensor) else kernels.reduce_sum(x, axis, True)

    return y_true, y_pred, area, shape


def dice(y_true: TensorLike, y_pred: TensorLike, axis: Axis = None) -> Tensor:
    """1 - 2 sum(t p) / (sum(t) + sum(p) + epsilon).

    With I the overlap and S the denominator:  d/dp = -2 (t S - I) / S^2

    Args:
        y_true: Ones in the area, zeros outside, any shape.
        y_pred: Probability of the area, the same shape.
        axis: Axes that are summed over. None returns one loss for the whole batch; (1, 2, 3) one for each image.

    Returns:
        Tensor, the shape of y_pred without `axis`.

    Raises:
        ValueError: the shapes do not match, or the axis does not exist.

    Source: Milletari et al. 2016, arXiv:1606.04797.

    >>> round(float(dice([1.0, 1.0, 0.0], [1.0, 0.0, 0.0])), 4)  # overlap 1, areas 2 and 1
    0.3333
    """
    y_true, y_pred, area, shape = _areas("dice", y_true, y_pred, axis)
    t, p = y_true.data, y_pred.data
    overlap = area(t * p)
    total = area(t) + area(p) + epsilon()
    losses = 1 - 2 * overlap / total

    def d_pred(dy):
        return dy.reshape(losses.shape) * (-2 * (t * total - overlap) / total**2)

    def formula(_, p):
        return ops.reshape(1 - 2 * area(t * p) / (area(t) + area(p) + epsilon()), shape)

    return record_loss(losses.reshape(shape), y_true, y_pred, d_pred, formula=formula)


def tversky(y_true: TensorLike, y_pred: TensorLike, alpha: float = 0.5, beta: float = 0.5, axis: Axis = None) -> Tensor:
    """1 - I / (I + alpha M + beta F + epsilon).

    I = sum(t p) is the overlap, M = sum(t (1 - p)) the missed area, F = sum((1 - t) p) the false area.

    With D the denominator:  d/dp = -(t D - I dD) / D^2,  dD = t - alpha t + beta (1 - t)

    alpha = beta = 1/2 is `dice`.

    Args:
        y_true: Ones in the area, zeros outside, any shape.
        y_pred: Probability of the area, the same shape.
        alpha: Weight of the missed area.
        beta: Weight of the false area.
        axis: Axes that are summed over. None returns one loss for the whole batch; (1, 2, 3) one for each image.

    Returns:
        Tensor, the shape of y_pred without `axis`.

    Raises:
        ValueError: the shapes do not match, or the axis does not exist.

    Source: Salehi et al. 2017, arXiv:1706.05721.

    >>> round(float(tversky([1.0, 1.0, 0.0], [1.0, 0.0, 0.0], alpha=1.0)), 4)
    0.5
    """
    y_true, y_pred, area, shape = _areas("tversky", y_true, y_pred, axis)
    t, p = y_true.data, y_pred.data
    overlap = area(t * p)
    total = overlap + alpha * area(t * (1 - p)) + beta * area((1 - t) * p) + epsilon()
    losses = 1 - overlap / total

    def d_pred(dy):
        d_total = t - alpha * t + beta * (1 - t)
        return dy.reshape(losses.shape) * (-(t * total - overlap * d_total) / total**2)

    def formula(_, p):
        overlap = area(t * p)
        total = overlap + alpha * area(t * (1 - p)) + beta * area((1 - t) * p) + epsilon()
        return ops.reshape(1 - overlap / total, shape)

    return record_loss(losses.reshape(shape), y_true, y_pred, d_pred, formula=formula)


class Dice(LossFunctionWrapper):
    """1 - twice the overlap over the sum of the areas: `dice`, reduced.

    Args:
        reduction, name, dtype: See `Loss`.
        axis: Axes over which each overlap is summed; None for the whole batch.

    Shapes: targets and predictions (batch, ...).

    >>> round(float(Dice()([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]])), 4)
    0.3333
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "dice", axis: Axis = None,
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(dice, name=name, reduction=reduction, dtype=dtype, axis=axis)


class Tversky(LossFunctionWrapper):
    """`tversky`, reduced: Dice with separate weights for missed and false area.

    Args:
        alpha: Weight of the missed area.
        beta: Weight of the false area.
        reduction, name, dtype: See `Loss`.
        axis: Axes over which each overlap is summed; None for the whole batch.

    Shapes: targets and predictions (batch, ...).

    >>> round(float(Tversky(alpha=1.0)([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]])), 4)
    0.5
    """

    def __init__(
        self, alpha: float = 0.5, beta: float = 0.5, reduction: str | None = "sum_over_batch_size",
        name: str = "tversky", axis: Axis = None, dtype: DTypeLike = None,
    ) -> None:
        super().__init__(tversky, name=name, reduction=reduction, dtype=dtype, alpha=alpha, beta=beta, axis=axis)
