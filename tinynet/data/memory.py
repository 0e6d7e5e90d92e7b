"""Arrays for batches, in memory that batches before them have used.

A batch of 128 Fashion-MNIST images takes 401 KB, which the C library gives back to the system, and the system clears
page by page when it is asked again: 0.06 ms an array, as long as it takes to mirror those images.
"""

import math

import numpy as np

try:
    from ._memory import Memory, forget_idle_memory
except ImportError:  # no compiled module: tinynet.runtime has decided whether that is allowed
    Memory = None

    def forget_idle_memory():
        """Nothing lies idle."""

SMALL = 1 << 15  # bytes below which NumPy's own way is fast


def empty(shape, dtype):
    """An uninitialised array, as `np.empty` gives.

    >>> empty((2, 3), "float32").shape
    (2, 3)
    """
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    if Memory is None or size < SMALL or dtype.hasobject:
        return np.empty(shape, dtype)
    return np.ndarray(shape, dtype, Memory(size))


def copy(array):
    """A dense copy of an array, in such memory."""
    result = empty(array.shape, array.dtype)
    result[...] = array
    return result
