"""Arrays for batches, in memory that earlier batches have used.

A batch of 128 Fashion-MNIST images takes 401 KB. The C library returns memory of this size to the system, which clears
it page by page at the next allocation: 0.06 ms an array, as long as it takes to mirror those images.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..core.types import Array, DTypeLike

try:
    from ._memory import Memory
    from ._memory import forget_idle_memory as forget
except ImportError:  # no compiled module: tinynet.runtime has decided whether that is allowed
    Memory = forget = None

SMALL = 1 << 15  # bytes below which NumPy's own allocation is fast


def empty(shape: Sequence[int], dtype: DTypeLike) -> Array:
    """Return an uninitialised array, as `np.empty` does.

    Args:
        shape: Lengths of the axes.
        dtype: Element type.

    >>> empty((2, 3), "float32").shape
    (2, 3)
    """
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    if Memory is None or size < SMALL or dtype.hasobject:
        return np.empty(shape, dtype)
    return np.ndarray(shape, dtype, Memory(size))


def copy(array: Array) -> Array:
    """Return a dense copy of an array, in such memory."""
    result = empty(array.shape, array.dtype)
    result[...] = array
    return result


def forget_idle_memory() -> None:
    """Return the memory that is kept for coming batches to the system."""
    if forget is not None:
        forget()
