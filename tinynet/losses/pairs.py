"""The loss of embeddings: near to those of the same class, far from those of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .. import ops
from .base import LossFunctionWrapper
from .elements import as_float, as_tensor

if TYPE_CHECKING:
    from ..core.types import DTypeLike, TensorLike
    from ..tensor import Tensor

_NONE = -1e30  # exp is 0; finite, so that a row without a pair has the gradient 0 and not NaN


def circle(y_true: TensorLike, y_pred: TensorLike, ref_labels: TensorLike = None, ref_embeddings: TensorLike = None,
           remove_diagonal: bool = True, gamma: float = 80, margin: float = 0.4) -> Tensor:
    """softplus(logsumexp over pairs of one class of -gamma a (m - d) + logsumexp over others of gamma b (1 - m - d)).

    d = max(1 - cosine, 0) is the distance of two embeddings, m the margin; a = max(m + d, 0) and b = max(1 + m - d, 0)
    weigh a pair the more, the farther it is from where it should be.

    Args:
        y_true: Class of each sample, integers, shape (batch,) or (batch, 1).
        y_pred: Embeddings of length 1, shape (batch, features); end the model with `UnitNormalization`.
        ref_labels, ref_embeddings: Of what the samples are compared with; the batch itself if None.
        remove_diagonal: Whether a sample is no pair with itself.
        gamma: Scale of the scores.
        margin: Distance that pairs of one class may have.

    Returns:
        Tensor, shape (batch,). Samples without a pair of one kind have loss 0 and do not count in the mean.

    Raises:
        ValueError: the embeddings have not two axes.

    Source: Sun et al. 2020, arXiv:2002.10857.

    >>> a = [[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]]
    >>> circle([0, 0, 1], a, gamma=2.0).numpy().round(3)
    array([0.452, 0.776, 0.   ], dtype=float32)
    """
    y_pred = as_float(y_pred, None)
    if len(y_pred.shape) != 2:
        raise ValueError(f"circle: expected embeddings of shape (batch, features), got {y_pred.shape}")
    others = y_pred if ref_embeddings is None else as_float(ref_embeddings, y_pred.data.dtype)
    labels = as_tensor(y_true).data.astype(np.int64).ravel()
    other_labels = labels if ref_labels is None else as_tensor(ref_labels).data.astype(np.int64).ravel()
    same = labels[:, None] == other_labels
    different = ~same
    if remove_diagonal:
        same = same & ~np.eye(len(labels), len(other_labels), dtype=bool)
    distance = ops.maximum(1 - ops.matmul(y_pred, ops.transpose(others)), 0.0)

    def of_pairs(which, weights, signed):
        return ops.logsumexp(ops.where(which, gamma * ops.maximum(weights, 0.0) * signed, _NONE), axis=1)

    losses = ops.softplus(of_pairs(same, margin + distance, distance - margin)
                          + of_pairs(different, 1 + margin - distance, 1 - margin - distance))
    losses._keras_mask = losses.data > 0
    return losses


class Circle(LossFunctionWrapper):
    """`circle`, reduced: embeddings of one class near to each other, those of others far away.

    Args:
        gamma: Scale of the scores.
        margin: Distance that pairs of one class may have.
        remove_diagonal: Whether a sample is no pair with itself.
        reduction, name, dtype: See `Loss`.

    Shapes: targets (batch,) of integers, predictions (batch, features) of length 1.

    >>> round(float(Circle(gamma=2.0)([0, 0, 1], [[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]])), 3)
    0.614
    """

    _takes_labels_as_they_are = True

    def __init__(self, gamma: float = 80.0, margin: float = 0.4, remove_diagonal: bool = True,
                 reduction: str | None = "sum_over_batch_size", name: str = "circle",
                 dtype: DTypeLike = None) -> None:
        super().__init__(circle, name=name, reduction=reduction, dtype=dtype, gamma=gamma, margin=margin,
                         remove_diagonal=remove_diagonal)
