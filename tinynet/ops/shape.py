"""Operations that move elements without computing: the gradient moves them back.

Results are stored densely at once, since kernels read dense arrays; a `reshape` costs nothing.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from ..core.recording import repeated
from ..core.types import Axis, ShapeLike, TensorLike
from ..tape import is_tracked, record, state
from ..tensor import Tensor, convert_to_tensor
from ..variable import Variable
from .formulas import dense, moved, wrap


def as_shape(shape: Any) -> tuple[int, ...]:
    """A shape as a tuple of ints.

    Args:
        shape: A number, a list, an array or a Tensor, also a list of Tensors.

    Raises:
        TypeError: a length is not an int.
    """
    if isinstance(shape, (Tensor, np.ndarray)):
        shape = np.asarray(shape).tolist()
    return tuple(operator.index(n) for n in shape) if isinstance(shape, (list, tuple)) else (operator.index(shape),)


def as_axes(axis: Any) -> int | tuple[int, ...]:
    """An axis as an int, or several as a tuple of ints.

    Raises:
        TypeError: an axis is not an int.
    """
    return tuple(operator.index(a) for a in axis) if isinstance(axis, (list, tuple)) else operator.index(axis)


def reshape(x: TensorLike, newshape: ShapeLike) -> Tensor:
    """The same elements, in the same order, in another shape.

    Args:
        x: Tensor.
        newshape: The new lengths; one may be -1, which stands for what is left.

    Returns:
        Tensor of that shape.

    Raises:
        ValueError: the number of elements differs.

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
        y = repeated(lambda a: dense(a.reshape(newshape), a), x.data) if isinstance(x, Variable) else y
    if not state.tapes or not is_tracked(x):
        return wrap(y)
    return record(y, (x,), lambda dy: (np.require(dy.reshape(shape), dtype, "C"),),
                  lambda dy, y: (reshape(dy, shape),))


def ravel(x: TensorLike) -> Tensor:
    """All elements in one row.

    Args:
        x: Tensor.

    Returns:
        Tensor, shape (number of elements,).

    >>> ravel([[1, 2], [3, 4]]).tolist()
    [1, 2, 3, 4]
    """
    return reshape(x, (size(x),))


def transpose(x: TensorLike, axes: Axis = None) -> Tensor:
    """Axes in another order.

    Args:
        x: Tensor.
        axes: Which axis of x comes first, second, ...; the reverse order if None.

    Returns:
        Tensor, whose axis i has the length of axis axes[i] of `x`.

    Raises:
        ValueError: `axes` is not an order of the axes of `x`.

    >>> transpose(np.ones((2, 3, 4)), (2, 0, 1)).shape
    (4, 2, 3)
    """
    if axes is None:
        return moved(x, np.transpose, lambda dy, a: dy.T)
    order = as_shape(axes)
    return moved(x, lambda a: np.transpose(a, order),
                 lambda dy, a: np.transpose(dy, np.argsort([i % a.ndim for i in order])))


def moveaxis(x: TensorLike, source: Any, destination: Any) -> Tensor:
    """Move axes to other positions; the others keep their order.

    Args:
        x: Tensor.
        source: Axis, or several.
        destination: Where each of them goes.

    Returns:
        Tensor.

    Raises:
        ValueError: an axis does not exist or is named twice, or there are not as many destinations as sources.

    >>> moveaxis(np.ones((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    return moved(x, lambda a: np.moveaxis(a, source, destination), lambda dy, a: np.moveaxis(dy, destination, source))


def swapaxes(x: TensorLike, axis1: int, axis2: int) -> Tensor:
    """Exchange two axes.

    Args:
        x: Tensor.
        axis1, axis2: The axes.

    Returns:
        Tensor, shape of `x` with the two lengths exchanged.

    Raises:
        ValueError: an axis does not exist.

    >>> swapaxes(np.ones((2, 3, 4)), 0, 2).shape
    (4, 3, 2)
    """
    return moved(x, lambda a: np.swapaxes(a, axis1, axis2), lambda dy, a: np.swapaxes(dy, axis1, axis2))


def expand_dims(x: TensorLike, axis: Any) -> Tensor:
    """Insert axes of length 1.

    Args:
        x: Tensor.
        axis: Position of the new axis in the result, or several.

    Returns:
        Tensor with these axes more.

    Raises:
        ValueError: a position does not exist, or is named twice.

    >>> expand_dims(np.ones((2, 3)), 1).shape
    (2, 1, 3)
    """
    axis = as_axes(axis)
    return moved(x, lambda a: np.expand_dims(a, axis), lambda dy, a: dy.reshape(a.shape))


def squeeze(x: TensorLike, axis: Axis = None) -> Tensor:
    """Remove axes of length 1.

    Args:
        x: Tensor.
        axis: Which ones; all axes of length 1 if None.

    Returns:
        Tensor without these axes.

    Raises:
        ValueError: an axis has another length.

    >>> squeeze(np.ones((1, 3, 1))).shape
    (3,)
    """
    axis = None if axis is None else as_axes(axis)
    return moved(x, lambda a: np.squeeze(a, axis), lambda dy, a: dy.reshape(a.shape))


def broadcast_to(x: TensorLike, shape: ShapeLike) -> Tensor:
    """Repeat along new axes and axes of length 1, as arithmetic between tensors does.

    Gradient: the sum over the copies.

    Args:
        x: Tensor.
        shape: Of the result.

    Returns:
        Tensor of that shape.

    Raises:
        ValueError: x does not broadcast to it.

    >>> broadcast_to(Tensor([1, 2]), (2, 2)).numpy()
    array([[1, 2],
           [1, 2]], dtype=int32)
    """
    shape = as_shape(shape)
    return moved(x, lambda a: np.broadcast_to(a, shape), _unbroadcast)


def _unbroadcast(dy, a):
    extra = dy.ndim - a.ndim
    axes = tuple(range(extra)) + tuple(extra + i for i, n in enumerate(a.shape) if n == 1 and dy.shape[extra + i] != 1)
    return dy.sum(axis=axes).reshape(a.shape)


def shape(x: TensorLike) -> tuple[int, ...]:
    """The lengths of the axes.

    Args:
        x: Tensor.

    Returns:
        Tuple of ints.

    >>> shape([[1, 2, 3], [4, 5, 6]])
    (2, 3)
    """
    return np.shape(x.data if isinstance(x, Tensor) else x)


def ndim(x: TensorLike) -> int:
    """The number of axes.

    Args:
        x: Tensor.

    Returns:
        An int.

    >>> ndim([[1, 2, 3], [4, 5, 6]])
    2
    """
    return len(shape(x))


def size(x: TensorLike) -> int:
    """The number of elements.

    Args:
        x: Tensor.

    Returns:
        An int.

    >>> size([[1, 2, 3], [4, 5, 6]])
    6
    """
    return math.prod(shape(x))
