"""Operations that join tensors along an axis, and cut them into parts: the gradient of one is the other."""

import numpy as np

from ..tape import is_tracked, record, state
from ..tensor import convert_to_tensor
from .formulas import moved, result_type, wrap
from .shape import as_shape, expand_dims, ravel, reshape, squeeze


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
