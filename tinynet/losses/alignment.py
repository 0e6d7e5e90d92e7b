"""The loss of sequences whose labels are not aligned with the steps: connectionist temporal classification."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .. import ops
from .base import LossFunctionWrapper
from .elements import as_float, as_tensor

if TYPE_CHECKING:
    from ..core.types import DTypeLike, TensorLike
    from ..tensor import Tensor

_IMPOSSIBLE = -1e5  # log of the probability of what cannot be: finite, as in Keras


def ctc(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """-log of the probability of the labels, summed over all alignments with the steps.

    Each step emits a label or the blank 0. A label may be emitted in several steps in a row; between two equal labels
    there is a blank. With p the softmax of the scores, two states for each number n of labels so far

        emit[t, n]   the n-th label is emitted in step t:  p[t, label n] (emit[t-1, n] + blank'[t-1, n-1])
        blank[t, n]  step t is blank after n labels:       p[t, 0] (blank'[t-1, n] + emit[t-1, n], after a repetition)

    with blank'[n] = blank[n] + emit[n] unless label n + 1 equals label n. All are kept as logarithms.

    Args:
        y_true: Labels from 1, shape (batch, max_length) of integers; 0 fills a row up to max_length.
        y_pred: Scores (not probabilities), shape (batch, steps, classes), the blank's first.

    Returns:
        Tensor, shape (batch,). About 1e5 where the steps are too few for the labels.

    Raises:
        ValueError: the shapes are others, or a label is no class.

    Source: Graves et al. 2006, "Connectionist temporal classification".

    >>> round(float(ctc([[1]], [[[0.0, 0.0], [0.0, 0.0]]])[0]), 4)  # 3 of 4 alignments: log(4 / 3)
    0.2877
    """
    y_pred, labels = as_float(y_pred, None), as_tensor(y_true).data.astype(np.int64)
    if labels.ndim != 2 or len(y_pred.shape) != 3 or len(labels) != y_pred.shape[0]:
        raise ValueError("ctc: expected labels (batch, max_length) and scores (batch, steps, classes), got "
                         f"{labels.shape} and {y_pred.shape}")
    batch, steps, classes = y_pred.shape
    if labels.size and (labels.min() < 0 or labels.max() >= classes):
        raise ValueError(f"ctc: labels from {labels.min()} to {labels.max()}, but the scores have {classes} classes; "
                         "labels count from 1, and 0 is the blank")
    dtype = y_pred.data.dtype
    length = labels.shape[1]
    log_p = ops.log_softmax(y_pred)
    of_labels = ops.take_along_axis(log_p, np.broadcast_to(labels[:, None], (batch, steps, length)), axis=2)
    repeats = np.zeros((batch, length), bool)  # whether the label after this one is the same
    repeats[:, :-1] = labels[:, 1:] == labels[:, :-1]
    skip, back = (np.where(which, 0, _IMPOSSIBLE).astype(dtype) for which in (~repeats, repeats))

    def with_emitted(blank, added):
        """blank[n] + added[n - 1], of which n = 0 has none."""
        return ops.concatenate([blank[:, :1], ops.logaddexp(blank[:, 1:], added)], axis=1)

    blank = ops.convert_to_tensor(np.full((batch, length + 1), _IMPOSSIBLE, dtype))
    blank = ops.concatenate([ops.zeros((batch, 1), dtype), blank[:, 1:]], axis=1)
    emit = ops.convert_to_tensor(np.full((batch, length), _IMPOSSIBLE, dtype))
    for t in range(steps):
        from_blank = with_emitted(blank, emit + skip)
        new_emit = ops.logaddexp(from_blank[:, :-1], emit) + of_labels[:, t]
        blank = with_emitted(from_blank + log_p[:, t, :1], emit + back + log_p[:, t, :1])
        emit = new_emit
    blank = with_emitted(blank, emit)
    count = np.sum(labels != 0, axis=1)
    return -ops.take_along_axis(blank, count[:, None], axis=1)[:, 0]


class CTC(LossFunctionWrapper):
    """`ctc`, reduced: for sequences such as speech, whose labels are in order but not tied to steps.

    Args:
        reduction, name, dtype: See `Loss`.

    Shapes: targets (batch, max_length) of integers, predictions (batch, steps, classes).

    >>> round(float(CTC()([[1]], [[[0.0, 0.0], [0.0, 0.0]]])), 4)
    0.2877
    """

    _takes_labels_as_they_are = True

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = "ctc",
                 dtype: DTypeLike = None) -> None:
        super().__init__(ctc, name=name, reduction=reduction, dtype=dtype)
