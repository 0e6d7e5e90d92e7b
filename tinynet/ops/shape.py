"""Operations that move elements without computing: the gradient moves them back.

Results are stored densely at once, since kernels read dense arrays; a `reshape` costs nothing.
"""

import math
import operator

import numpy as np

from ..tape import is_tracked, record, state
from ..tensor import Tensor, convert_to_tensor, to_array
from .formulas import dense, gathered, moved, result_type, wrap


def as_shape(shape):
    """A shape as a tuple of ints, from one number, a list, an array or Tensors."""
    if isinstance(shape, (Tensor, np.ndarray)):
        shape = np.asarray(shape).tolist()
    return tuple(operator.index(n) for n in shape) if isinstance(shape, (list, tuple)) else (operator.index(shape),)


def _as_axes(axis):
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
    axes = _as_axes(axes)
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
    axis = _as_axes(axis)
    return moved(x, lambda a: np.expand_dims(a, axis), lambda dy, a: dy.reshape(a.shape))


def squeeze(x, axis=None):
    """Without the axes of length 1, or without the given ones of them."""
    axis = None if axis is None else _as_axes(axis)
    return moved(x, lambda a: np.squeeze(a, axis), lambda dy, a: dy.reshape(a.shape))


def flip(x, axis=None):
    """The elements in reverse order along an axis (or several, or all)."""
    axis = None if axis is None else _as_axes(axis)
    return moved(x, lambda a: np.flip(a, axis), lambda dy, a: np.flip(dy, axis))


def fliplr(x):
    """Axis 1 reversed: images (height, width) mirrored."""
    return flip(x, 1)


def flipud(x):
    """Axis 0 reversed."""
    return flip(x, 0)


def roll(x, shift, axis=None):
    """The elements moved along by `shift`; those that fall off the end come in at the start."""
    return moved(x, lambda a: np.roll(a, shift, axis), lambda dy, a: np.roll(dy, np.negative(shift), axis))


def rot90(array, k=1, axes=(0, 1)):
    """Turned by k quarter turns in the plane of two axes, from the first towards the second."""
    return moved(array, lambda a: np.rot90(a, k, axes), lambda dy, a: np.rot90(dy, -k, axes))


def broadcast_to(x, shape):
    """Repeated along new axes and axes of length 1, until it has `shape`."""
    shape = as_shape(shape)
    return moved(x, lambda a: np.broadcast_to(a, shape), _unbroadcast)


def _unbroadcast(dy, a):
    extra = dy.ndim - a.ndim
    axes = tuple(range(extra)) + tuple(extra + i for i, n in enumerate(a.shape) if n == 1 and dy.shape[extra + i] != 1)
    return dy.sum(axis=axes).reshape(a.shape)


def repeat(x, repeats, axis=None):
    """Each element several times in a row.

    Args:
        x: Tensor.
        repeats: How often; one number, or one for each element along the axis.
        axis: Along which axis; if None, x is flattened first.
    """
    repeats = np.asarray(repeats)
    return gathered(x, lambda a, fill: np.repeat(a, repeats, axis))


def tile(x, repeats):
    """The whole of x several times in a row, along each axis."""
    return gathered(x, lambda a, fill: np.tile(a, repeats if isinstance(repeats, int) else as_shape(repeats)))


def pad(x, pad_width, mode="constant", constant_values=None):
    """More elements before and after.

    Args:
        x: Tensor.
        pad_width: How many: one number, (before, after), or such a pair for each axis.
        mode: 'constant', 'edge', 'reflect', 'symmetric' or 'wrap'.
        constant_values: What to fill in if mode is 'constant'; 0 if None.
    """
    widths = np.broadcast_to(np.asarray(pad_width), (ndim(x), 2)).tolist()
    if mode != "constant":
        if constant_values is not None:
            raise ValueError(f"pad: constant_values is only for mode 'constant', got mode {mode!r}")
        return gathered(x, lambda a, fill: np.pad(a, widths, mode))
    value = 0 if constant_values is None else to_array(constant_values)

    def crop(dy, a):
        return dy[tuple(slice(before, before + n) for (before, _), n in zip(widths, a.shape, strict=True))]

    return moved(x, lambda a: np.pad(a, widths, constant_values=value), crop)


def diag(x, k=0):
    """A matrix with the row x on its diagonal k; or the diagonal of a matrix."""
    return gathered(x, lambda a, fill: _filled(np.diag, a, fill, k))


def diagflat(x, k=0):
    """A matrix with all elements of x on its diagonal k."""
    return gathered(x, lambda a, fill: _filled(np.diagflat, a, fill, k))


def _filled(function, a, fill, k):
    """A function that fills with zeros made to fill with something else: `a - fill` is 0 exactly where fill was."""
    return function(a - fill, k) + fill if fill else function(a, k)


def diagonal(x, offset=0, axis1=0, axis2=1):
    """The elements whose indices along two axes differ by `offset`, as the last axis."""
    return gathered(x, lambda a, fill: np.diagonal(a, offset, axis1, axis2))


def tril(x, k=0):
    """The lower triangle: 0 above diagonal k."""
    return moved(x, lambda a: np.tril(a, k), lambda dy, a: np.tril(dy, k))


def triu(x, k=0):
    """The upper triangle: 0 below diagonal k."""
    return moved(x, lambda a: np.triu(a, k), lambda dy, a: np.triu(dy, k))


def concatenate(xs, axis=0):
    """Tensors one after the other along an axis they share.

    >>> concatenate([Tensor([1, 2]), Tensor([3])]).numpy()
    array([1, 2, 3], dtype=int32)
    """
    xs = [convert_to_tensor(x) for x in xs]
    if not xs:
        raise ValueError("concatenate: got an empty list of tensors")
    if axis is None:
        xs, axis = [ravel(x) for x in xs], 0
    dtype = result_type(*xs)
    try:
        y = np.concatenate([x.data for x in xs], axis=axis, dtype=dtype)
    except ValueError:
        raise ValueError(
            f"concatenate: shapes must agree except along axis {axis}. Got {', '.join(str(x.shape) for x in xs)}."
        ) from None
    if not state.tapes:
        return wrap(y)
    ends = np.cumsum([x.data.shape[axis] for x in xs])[:-1]
    likes = [x.data if is_tracked(x) else None for x in xs]

    def backward(dy):
        return tuple(None if like is None else np.ascontiguousarray(part, like.dtype).reshape(like.shape)
                     for part, like in zip(np.split(dy, ends, axis), likes, strict=True))

    return record(y, tuple(xs), backward)


def stack(x, axis=0):
    """Tensors of one shape along a new axis."""
    xs = [convert_to_tensor(part) for part in x]
    if len({part.shape for part in xs}) > 1:
        raise ValueError(f"stack: all shapes must be equal, got {', '.join(str(part.shape) for part in xs)}")
    return concatenate([expand_dims(part, axis) for part in xs], axis)


def append(x1, x2, axis=None):
    """x2 after x1; both flattened first if `axis` is None."""
    return concatenate([x1, x2], axis)


def _at_least(x, ndim):
    x = convert_to_tensor(x)
    if ndim == 3:  # as NumPy does: new axes go around the middle one
        return moved(x, np.atleast_3d, lambda dy, a: dy.reshape(a.shape))
    return x if x.ndim >= ndim else reshape(x, (1,) * (ndim - x.ndim) + x.shape)


def hstack(xs):
    """Side by side: along axis 1, or axis 0 for tensors of one axis."""
    xs = [_at_least(x, 1) for x in xs]
    return concatenate(xs, 0 if xs and xs[0].ndim == 1 else 1)


def vstack(xs):
    """One below the other: along axis 0, tensors of one axis being rows."""
    return concatenate([_at_least(x, 2) for x in xs], 0)


def dstack(xs):
    """One behind the other: along axis 2."""
    return concatenate([_at_least(x, 3) for x in xs], 2)


def split(x, indices_or_sections, axis=0):
    """Cut into parts along an axis.

    Args:
        x: Tensor.
        indices_or_sections: How many equal parts; or the places to cut at.
        axis: Along which axis.

    Returns:
        List of Tensors.
    """
    x = convert_to_tensor(x)
    sections = indices_or_sections
    if isinstance(sections, (int, np.integer)) and x.shape[axis] % sections:
        raise ValueError(
            f"split: axis {axis} of length {x.shape[axis]} cannot be cut into {sections} equal parts. Got shape "
            f"{x.shape}. "
            "Use array_split for unequal ones."
        )
    return array_split(x, sections, axis)


def array_split(x, indices_or_sections, axis=0):
    """Cut into parts along an axis; with a number of parts that does not divide its length,
    the first are longer by one.
    """
    x = convert_to_tensor(x)
    length = x.shape[axis]
    sections = indices_or_sections
    if isinstance(sections, (int, np.integer)):
        each, longer = divmod(length, int(sections))
        cuts = [i * each + min(i, longer) for i in range(sections + 1)]
    else:
        cuts = [0, *as_shape(sections), length]
    before = (slice(None),) * (axis % x.ndim)

    def part(start, stop):
        window = (*before, slice(start, stop))

        def inverse(dy, a):
            dx = np.zeros_like(a)
            dx[window] = dy
            return dx

        return moved(x, lambda a: a[window], inverse)

    return [part(start, stop) for start, stop in zip(cuts[:-1], cuts[1:], strict=True)]


def hsplit(x, indices_or_sections):
    """Cut along axis 1 (axis 0 of a tensor of one axis)."""
    x = convert_to_tensor(x)
    return split(x, indices_or_sections, 0 if x.ndim == 1 else 1)


def vsplit(x, indices_or_sections):
    """Cut along axis 0."""
    return split(x, indices_or_sections, 0)


def dsplit(x, indices_or_sections):
    """Cut along axis 2."""
    return split(x, indices_or_sections, 2)


def unstack(x, num=None, axis=0):
    """The slices along an axis, as a list, without that axis.

    Args:
        x: Tensor.
        num: Their number, if the caller wants it checked.
        axis: Along which axis.
    """
    x = convert_to_tensor(x)
    if num is not None and num != x.shape[axis]:
        raise ValueError(f"unstack: num is {num}, but axis {axis} of shape {x.shape} has length {x.shape[axis]}")
    return [squeeze(part, axis) for part in array_split(x, max(x.shape[axis], 1), axis)] if x.shape[axis] else []


def meshgrid(*x, indexing="xy"):
    """The coordinates of all points of a grid, one tensor an axis.

    Args:
        x: The coordinates along each axis.
        indexing: 'xy': the first runs along axis 1, as in pictures; 'ij': along axis 0, as in matrices.
    """
    xs = [ravel(part) for part in x]
    order = list(range(len(xs)))
    if indexing == "xy" and len(xs) > 1:
        order[:2] = 1, 0
    elif indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing must be 'xy' or 'ij', got {indexing!r}")
    shape = [0] * len(xs)
    for i, part in zip(order, xs, strict=True):
        shape[i] = part.size
    return [broadcast_to(reshape(part, [part.size if i == k else 1 for k in range(len(xs))]), shape)
            for i, part in zip(order, xs, strict=True)]


def depth_to_space(x, block_size, data_format="channels_last"):
    """Channels laid out as blocks of pixels: (n, h, w, b b c) becomes (n, h b, w b, c)."""
    if data_format == "channels_first":
        return moveaxis(depth_to_space(moveaxis(x, 1, -1), block_size), -1, 1)
    x, b = convert_to_tensor(x), block_size
    n, h, w, c = x.shape
    return reshape(transpose(reshape(x, (n, h, w, b, b, c // b**2)), (0, 1, 3, 2, 4, 5)), (n, h * b, w * b, c // b**2))


def space_to_depth(x, block_size, data_format="channels_last"):
    """Blocks of pixels laid out as channels: (n, h b, w b, c) becomes (n, h, w, b b c)."""
    if data_format == "channels_first":
        return moveaxis(space_to_depth(moveaxis(x, 1, -1), block_size), -1, 1)
    x, b = convert_to_tensor(x), block_size
    n, h, w, c = x.shape
    return reshape(transpose(reshape(x, (n, h // b, b, w // b, b, c)), (0, 1, 3, 2, 4, 5)),
                   (n, h // b, w // b, b * b * c))


def shape(x):
    """The lengths of the axes, as a tuple of ints."""
    return np.shape(x.data if isinstance(x, Tensor) else x)


def ndim(x):
    """The number of axes."""
    return len(shape(x))


def size(x):
    """The number of elements."""
    return math.prod(shape(x))
