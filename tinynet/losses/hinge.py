"""Margin losses: nothing to pay once the prediction is right by a margin of 1 (support vector machines).

Labels are -1 and 1; a batch of zeros and ones is taken to mean them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..runtime import kernels
from .base import LossFunctionWrapper
from .elements import as_float, as_target, check_broadcast, mean_over_last, record_loss

if TYPE_CHECKING:
    from ..core.types import DTypeLike, TensorLike
    from ..tensor import Tensor


def _signed(t):
    """Labels 0 and 1 as -1 and 1; others as they are."""
    return 2 * t - 1 if np.all((t == 0) | (t == 1)) else t


def _pair(operation, y_true, y_pred):
    y_pred = as_float(y_pred)
    return check_broadcast(operation, as_target(y_true, y_pred.data.dtype), y_pred)


def hinge(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """mean(max(1 - t p, 0)) over the last axis.

    d/dp = -t / n where t p < 1
    """
    y_true, y_pred = _pair("hinge", y_true, y_pred)
    t = _signed(y_true.data)
    margin = 1 - t * y_pred.data
    return mean_over_last(np.maximum(margin, 0), y_true, y_pred, lambda: -t * (margin > 0))


def squared_hinge(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """mean(max(1 - t p, 0)^2) over the last axis.

    d/dp = -2 t max(1 - t p, 0) / n
    """
    y_true, y_pred = _pair("squared_hinge", y_true, y_pred)
    t = _signed(y_true.data)
    margin = np.maximum(1 - t * y_pred.data, 0)
    return mean_over_last(margin * margin, y_true, y_pred, lambda: -2 * t * margin)


def categorical_hinge(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """max(neg - pos + 1, 0) with pos = sum(t p), the score of the right class, and neg = max((1 - t) p),
    the best of the others.

    Args:
        y_true: One-hot labels, shape (batch, ..., classes).
        y_pred: Scores, the same shape.
    """
    y_true, y_pred = _pair("categorical_hinge", y_true, y_pred)
    t = y_true.data
    others = (1 - t) * y_pred.data
    pos = kernels.reduce_sum(t * y_pred.data, -1, False)
    neg = kernels.reduce_max(others, -1, True)
    losses = np.maximum(neg[..., 0] - pos + 1, 0)

    def d_pred(dy):
        best = others == neg
        best = best / best.sum(axis=-1, keepdims=True, dtype=t.dtype)
        return (dy * (losses > 0))[..., None] * (best * (1 - t) - t)

    return record_loss(losses, y_true, y_pred, d_pred)


class Hinge(LossFunctionWrapper):
    """mean(max(1 - t p, 0)): `hinge`, reduced over the batch."""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "hinge", dtype: DTypeLike = None,
    ) -> None:
        super().__init__(hinge, name=name, reduction=reduction, dtype=dtype)


class SquaredHinge(LossFunctionWrapper):
    """mean(max(1 - t p, 0)^2): `squared_hinge`, reduced over the batch."""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "squared_hinge", dtype: DTypeLike = None,
    ) -> None:
        super().__init__(squared_hinge, name=name, reduction=reduction, dtype=dtype)


class CategoricalHinge(LossFunctionWrapper):
    """max(best wrong score - right score + 1, 0): `categorical_hinge`, reduced over the batch."""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "categorical_hinge", dtype: DTypeLike = None,
    ) -> None:
        super().__init__(categorical_hinge, name=name, reduction=reduction, dtype=dtype)
