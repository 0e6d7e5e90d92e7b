"""Losses of image segmentation: how little the predicted area overlaps the true one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..config import epsilon
from ..ops.reduction import check_axes
from ..runtime import kernels
from .base import LossFunctionWrapper
from .elements import as_float, as_target, check_broadcast, record_loss

if TYPE_CHECKING:
    from ..core.types import Axis, DTypeLike, TensorLike
    from ..tensor import Tensor


def _areas(operation, y_true, y_pred, axis):
    y_pred = as_float(y_pred)
    y_true, y_pred = check_broadcast(operation, as_target(y_true, y_pred.data.dtype), y_pred)
    axis = check_axes(operation, axis, y_pred.shape)
    return (
        y_true,
        y_pred,
        lambda x: kernels.reduce_sum(x, axis, True),
        lambda x: kernels.reduce_sum(x, axis, False).shape,
    )


def dice(y_true: TensorLike, y_pred: TensorLike, axis: Axis = None) -> Tensor:
    """1 - 2 sum(t p) / (sum(t) + sum(p) + epsilon).

    With I the overlap and S the denominator:  d/dp = -2 (t S - I) / S^2

    Args:
        y_true: Ones in the area, zeros outside.
        y_pred: Probability of the area.
        axis: What to sum over; None gives one loss for the whole batch, (1, 2, 3) one an image.
    """
    y_true, y_pred, area, result_shape = _areas("dice", y_true, y_pred, axis)
    t, p = y_true.data, y_pred.data
    overlap = area(t * p)
    total = area(t) + area(p) + epsilon()
    losses = 1 - 2 * overlap / total

    def d_pred(dy):
        return dy.reshape(losses.shape) * (-2 * (t * total - overlap) / total**2)

    return record_loss(losses.reshape(result_shape(t * p)), y_true, y_pred, d_pred)


def tversky(y_true: TensorLike, y_pred: TensorLike, alpha: float = 0.5, beta: float = 0.5, axis: Axis = None) -> Tensor:
    """1 - I / (I + alpha M + beta F + epsilon): I = sum(t p) overlap, M = sum(t (1 - p)) missed,
    F = sum((1 - t) p) false.

    With D the denominator:  d/dp = -(t D - I dD) / D^2,  dD = t - alpha t + beta (1 - t)

    alpha = beta = 1/2 is `dice`. Source: Salehi et al. 2017, arXiv:1706.05721.
    """
    y_true, y_pred, area, result_shape = _areas("tversky", y_true, y_pred, axis)
    t, p = y_true.data, y_pred.data
    overlap = area(t * p)
    total = overlap + alpha * area(t * (1 - p)) + beta * area((1 - t) * p) + epsilon()
    losses = 1 - overlap / total

    def d_pred(dy):
        d_total = t - alpha * t + beta * (1 - t)
        return dy.reshape(losses.shape) * (-(t * total - overlap * d_total) / total**2)

    return record_loss(losses.reshape(result_shape(t * p)), y_true, y_pred, d_pred)


class Dice(LossFunctionWrapper):
    """1 - twice the overlap over the sum of the areas: `dice`, reduced.

    Args:
        axis: What each overlap is summed over; None for the whole batch.
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "dice", axis: Axis = None,
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(dice, name=name, reduction=reduction, dtype=dtype, axis=axis)


class Tversky(LossFunctionWrapper):
    """`tversky`, reduced: like Dice, with missed and false area weighed apart.

    Args:
        alpha: Weight of the area that was missed.
        beta: Weight of the area that is false.
        axis: What each overlap is summed over; None for the whole batch.
    """

    def __init__(
        self, alpha: float = 0.5, beta: float = 0.5, reduction: str | None = "sum_over_batch_size",
        name: str = "tversky", axis: Axis = None, dtype: DTypeLike = None,
    ) -> None:
        super().__init__(tversky, name=name, reduction=reduction, dtype=dtype, alpha=alpha, beta=beta, axis=axis)
