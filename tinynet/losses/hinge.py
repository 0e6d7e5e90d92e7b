"""Margin losses: 0 once the prediction is right by a margin of 1 (support vector machines).

Labels are -1 and 1; a batch of zeros and ones stands for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .. import ops
from ..runtime import kernels
from .base import LossFunctionWrapper
from .elements import float_pair, mean_over_last, record_loss

if TYPE_CHECKING:
    from ..core.types import DTypeLike, TensorLike
    from ..tensor import Tensor


def _signed(t):
    """Labels 0 and 1 as -1 and 1; others as they are."""
    return 2 * t - 1 if np.all((t == 0) | (t == 1)) else t


def hinge(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """mean(max(1 - t p, 0)) over the last axis.

    d/dp = -t / n where t p < 1

    Args:
        y_true: Labels -1 and 1, or 0 and 1, shape (batch, ..., n).
        y_pred: Scores, the same shape.

    Returns:
        Tensor, shape (batch, ...).

    Raises:
        ValueError: the shapes do not match.

    Source: Cortes and Vapnik 1995.

    >>> hinge([[1.0, -1.0]], [[2.0, 0.5]]).numpy()  # the first is right by more than 1
    array([0.75], dtype=float32)
    """
    y_true, y_pred = float_pair("hinge", y_true, y_pred)
    t = _signed(y_true.data)
    margin = 1 - t * y_pred.data
    return mean_over_last(np.maximum(margin, 0), y_true, y_pred, lambda: -t * (margin > 0),
                          formula=lambda _, p: ops.maximum(1 - t * p, 0.0))


def squared_hinge(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """mean(max(1 - t p, 0)^2) over the last axis.

    d/dp = -2 t max(1 - t p, 0) / n

    Args:
        y_true: Labels -1 and 1, or 0 and 1, shape (batch, ..., n).
        y_pred: Scores, the same shape.

    Returns:
        Tensor, shape (batch, ...).

    Raises:
        ValueError: the shapes do not match.

    >>> squared_hinge([[1.0, -1.0]], [[2.0, 0.5]]).numpy()
    array([1.125], dtype=float32)
    """
    y_true, y_pred = float_pair("squared_hinge", y_true, y_pred)
    t = _signed(y_true.data)
    margin = np.maximum(1 - t * y_pred.data, 0)
    return mean_over_last(margin * margin, y_true, y_pred, lambda: -2 * t * margin,
                          formula=lambda _, p: ops.square(ops.maximum(1 - t * p, 0.0)))


def categorical_hinge(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """max(neg - pos + 1, 0) over the last axis.

    pos = sum(t p) is the score of the correct class, neg = max((1 - t) p) the best of the others.

    d/dp = -1 for the correct class and 1 for the best other, where the loss is above 0

    Args:
        y_true: One-hot labels, shape (batch, ..., classes).
        y_pred: Scores, the same shape.

    Returns:
        Tensor, shape (batch, ...).

    Raises:
        ValueError: the shapes do not match.

    Source: Crammer and Singer 2001.

    >>> categorical_hinge([[0.0, 1.0]], [[0.5, 0.25]]).numpy()
    array([1.25], dtype=float32)
    """
    y_true, y_pred = float_pair("categorical_hinge", y_true, y_pred)
    t = y_true.data
    others = (1 - t) * y_pred.data
    pos = kernels.reduce_sum(t * y_pred.data, -1, False)
    neg = kernels.reduce_max(others, -1, True)
    losses = np.maximum(neg[..., 0] - pos + 1, 0)

    def d_pred(dy):
        best = others == neg
        best = best / best.sum(axis=-1, keepdims=True, dtype=t.dtype)
        return (dy * (losses > 0))[..., None] * (best * (1 - t) - t)

    def formula(_, p):
        return ops.maximum(ops.max((1 - t) * p, -1) - ops.sum(t * p, -1) + 1, 0.0)

    return record_loss(losses, y_true, y_pred, d_pred, formula=formula)


class Hinge(LossFunctionWrapper):
    """mean(max(1 - t p, 0)): `hinge`, reduced over the batch.

    Args:
        reduction, name, dtype: See `Loss`.

    Shapes: targets and predictions (batch, ..., n).

    >>> float(Hinge()([[1.0, -1.0]], [[2.0, 0.5]]))
    0.75
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "hinge", dtype: DTypeLike = None,
    ) -> None:
        super().__init__(hinge, name=name, reduction=reduction, dtype=dtype)


class SquaredHinge(LossFunctionWrapper):
    """mean(max(1 - t p, 0)^2): `squared_hinge`, reduced over the batch.

    Args:
        reduction, name, dtype: See `Loss`.

    Shapes: targets and predictions (batch, ..., n).

    >>> float(SquaredHinge()([[1.0, -1.0]], [[2.0, 0.5]]))
    1.125
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "squared_hinge", dtype: DTypeLike = None,
    ) -> None:
        super().__init__(squared_hinge, name=name, reduction=reduction, dtype=dtype)


class CategoricalHinge(LossFunctionWrapper):
    """max(best wrong score - correct score + 1, 0): `categorical_hinge`, reduced over the batch.

    Args:
        reduction, name, dtype: See `Loss`.

    Shapes: targets (one-hot) and predictions (batch, ..., classes).

    >>> float(CategoricalHinge()([[0.0, 1.0]], [[0.5, 0.25]]))
    1.25
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "categorical_hinge", dtype: DTypeLike = None,
    ) -> None:
        super().__init__(categorical_hinge, name=name, reduction=reduction, dtype=dtype)
