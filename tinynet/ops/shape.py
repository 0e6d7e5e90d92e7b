"""Operations that move elements without computing: the gradient moves them back.

Results are stored densely at once, since kernels read dense arrays; a `reshape` costs nothing.
"""

import math
import operator

import numpy as np

from ..tape import is_tracked, record, state
from ..tensor import Tensor, convert_to_tensor
from .formulas import dense, moved, wrap


def as_shape(shape):
    """A shape as a tuple of ints, from one number, a list, an array or Tensors."""
    if isinstance(shape, (Tensor, np.ndarray)):
        shape = np.asarray(shape).tolist()
    return tuple(operator.index(n) for n in shape) if isinstance(shape, (list, tuple)) else (operator.index(shape),)


def as_axes(axis):
    return tuple(operator.index(a) for a in axis) if isinstance(axis, (list, tuple)) else operator.index(axis)


def reshape(x, newshape):
    """The same elements, in the same order, in another shape; one length may be -1, to be worked out.

    >>> reshape(Tensor([1, 2, 3, 4]), (2, -1)).numpy()
    array([[1, 2],
           [3, 4]], dtype=int32)
    """
    if type(newshape) is not tuple:  # NumPy takes a tuple as it is, and refuses what is not whole as `as_shape` does
        newshape = as_shape(newshape)
    if not isinstance(x, Tensor):
        x = convert_to_tensor(x)
    shape, dtype = x.data.shape, x.data.dtype
    y = x.data.reshape(newshape)
    if type(x) is not Tensor:  # a variable will change
        y = dense(y, x)
    if not state.tapes or not is_tracked(x):
        return wrap(y)
    return record(y, (x,), lambda dy: (np.require(dy.reshape(shape), dtype, "C"),))


def ravel(x):
    """All elements in one row."""
    return reshape(x, (size(x),))


def transpose(x, axes=None):
    """Axes in another order; reversed if `axes` is None.

    Args:
        x: Tensor.
        axes: Which axis of x comes first, second, ...
    """
    if axes is None:
        return moved(x, np.transpose, lambda dy, a: dy.T)
    axes = as_axes(axes)
    return moved(x, lambda a: np.transpose(a, axes),
                 lambda dy, a: np.transpose(dy, np.argsort([i % a.ndim for i in axes])))


def moveaxis(x, source, destination):
    """Axes put elsewhere, the others kept in order."""
    return moved(x, lambda a: np.moveaxis(a, source, destination), lambda dy, a: np.moveaxis(dy, destination, source))


def swapaxes(x, axis1, axis2):
    """Two axes exchanged."""
    return moved(x, lambda a: np.swapaxes(a, axis1, axis2), lambda dy, a: np.swapaxes(dy, axis1, axis2))


def expand_dims(x, axis):
    """A new axis of length 1 at `axis` (a number or several)."""
    axis = as_axes(axis)
    return moved(x, lambda a: np.expand_dims(a, axis), lambda dy, a: dy.reshape(a.shape))


def squeeze(x, axis=None):
    """Without the axes of length 1, or without the given ones of them."""
    axis = None if axis is None else as_axes(axis)
    return moved(x, lambda a: np.squeeze(a, axis), lambda dy, a: dy.reshape(a.shape))


def broadcast_to(x, shape):
    """Repeated along new axes and axes of length 1, until it has `shape`."""
    shape = as_shape(shape)
    return moved(x, lambda a: np.broadcast_to(a, shape), _unbroadcast)


def _unbroadcast(dy, a):
    extra = dy.ndim - a.ndim
    axes = tuple(range(extra)) + tuple(extra + i for i, n in enumerate(a.shape) if n == 1 and dy.shape[extra + i] != 1)
    return dy.sum(axis=axes).reshape(a.shape)


def shape(x):
    """The lengths of the axes, as a tuple of ints."""
    return np.shape(x.data if isinstance(x, Tensor) else x)


def ndim(x):
    """The number of axes."""
    return len(shape(x))


def size(x):
    """The number of elements."""
    return math.prod(shape(x))
