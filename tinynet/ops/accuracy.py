"""How often the largest score is that of the right class: what `SparseCategoricalAccuracy` counts."""

from __future__ import annotations

import numpy as np

from ..core.types import Array


def count_correct(scores: Array, labels: Array) -> int:
    """Reference: the number of rows i with argmax(scores[i]) = labels[i]; of equal scores the first counts.

    NaN counts as the largest score.

    Args:
        scores: Array, shape (batch, classes).
        labels: Array of integers, shape (batch,). A label that is not the number of a class never counts as correct.

    Returns:
        An int.
    """
    if not scores.shape[1]:
        return 0
    return int(np.count_nonzero(scores.argmax(axis=-1) == labels))
