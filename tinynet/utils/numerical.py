"""Labels as one-hot rows; vectors of length one."""

from __future__ import annotations

import numpy as np

from ..core.types import Array, TensorLike


def to_categorical(x: TensorLike, num_classes: int | None = None) -> Array:
    """Return one-hot rows: y[..., k] = 1 where x = k, else 0.

    Args:
        x: Whole numbers from 0 to num_classes - 1, any shape; a last axis of length 1 is dropped.
        num_classes: Length of a row; the largest label + 1 if None.

    Returns:
        float64 array, shape (*x.shape, num_classes), as Keras has it.

    Raises:
        TypeError: the labels are not numbers.
        ValueError: a label is not a whole number, negative, or num_classes or more.

    >>> to_categorical([0, 2], num_classes=3)
    array([[1., 0., 0.],
           [0., 0., 1.]])
    """
    given = np.asarray(x)
    if given.dtype.kind not in "fiub":
        raise TypeError(f"to_categorical: labels must be numbers, got dtype {given.dtype}")
    labels = given.astype(np.int64)
    if given.dtype.kind == "f" and not np.array_equal(labels, given):
        first = given.reshape(-1)[np.flatnonzero(labels.reshape(-1) != given.reshape(-1))[0]]
        raise ValueError(f"to_categorical: labels must be whole numbers, got {first}")
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if num_classes is None:
        if labels.size == 0:
            raise ValueError("to_categorical: no labels to count the classes of; give num_classes")
        num_classes = int(labels.max()) + 1
    flat = labels.reshape(-1)
    wrong = np.flatnonzero((flat < 0) | (flat >= num_classes))
    if wrong.size:
        raise ValueError(
            f"to_categorical: label {flat[wrong[0]]} at position {wrong[0]} is not in 0..{num_classes - 1}; "
            "labels count from 0"
        )
    y = np.zeros((flat.size, num_classes))
    y[np.arange(flat.size), flat] = 1.0
    return y.reshape(*labels.shape, num_classes)


def normalize(x: TensorLike, axis: int | None = -1, order: float = 2) -> Array:
    """Divide by the norm: y = x / ||x|| along `axis`; vectors of zeros stay.

    Args:
        x: Array of numbers.
        axis: Axis of the vectors; None takes all of `x` as one.
        order: 2 is the Euclidean norm, 1 the sum of magnitudes, np.inf the largest.

    Returns:
        Array of floats, shaped like `x`.

    >>> normalize(np.array([[3.0, 4.0], [0.0, 0.0]]))
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    x = np.asarray(x)
    norm = np.linalg.norm(x.reshape(-1), order) if axis is None else np.linalg.norm(x, order, axis, keepdims=True)
    return x / np.where(norm == 0, 1, norm)
