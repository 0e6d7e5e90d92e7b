"""How often the largest score is that of the right class: the sum behind `SparseCategoricalAccuracy`."""

import numpy as np


def count_hits(scores, labels):
    """Reference: how many rows i have argmax(scores[i]) = labels[i]; of equal scores the first counts, NaN is largest.

    Args:
        scores: Array, shape (batch, classes).
        labels: Array of integers, shape (batch,). One that is not the number of a class is never hit.

    Returns:
        An int.
    """
    if not scores.shape[1]:
        return 0
    return int(np.count_nonzero(scores.argmax(axis=-1) == labels))
