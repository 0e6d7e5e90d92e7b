"""Operations that join tensors along an axis, and cut them into parts: the gradient of one is the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.recording import converted, dense, repeated
from ..core.types import TensorLike
from ..tape import is_tracked, record, state
from ..tensor import Tensor, convert_to_tensor
from .formulas import moved, result_type, wrap
from .shape import as_shape, expand_dims, ravel, reshape, squeeze


def concatenate(xs: Sequence[TensorLike], axis: int | None = 0) -> Tensor:
    """Join tensors along an axis that all of them have.

    Args:
        xs: Tensors whose shapes agree except along `axis`.
        axis: Along which axis; if None, all are flattened first.

    Returns:
        Tensor, as long along `axis` as all together.

    Raises:
        ValueError: the list is empty, or the shapes do not agree.

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
        y = repeated(lambda *parts: np.concatenate(parts, axis=axis, dtype=dtype), *(x.data for x in xs))
    except ValueError:
        raise ValueError(
            f"concatenate: shapes must agree except along axis {axis}. Got {', '.join(str(x.shape) for x in xs)}."
        ) from None
    if not state.tapes:
        return wrap(y)
    ends = np.cumsum([x.data.shape[axis] for x in xs])[:-1].tolist()
    likes = [x.data if is_tracked(x) else None for x in xs]

    def backward(dy):
        return tuple(None if like is None else converted(dense(part), like.dtype).reshape(like.shape)
                     for part, like in zip(np.split(dy, ends, axis), likes, strict=True))

    def differentiable(dy, y):
        return tuple(None if like is None else part.astype(like.dtype)
                     for part, like in zip(array_split(dy, ends, axis), likes, strict=True))

    return record(y, tuple(xs), backward, differentiable)


def stack(x: Sequence[TensorLike], axis: int = 0) -> Tensor:
    """Join tensors of one shape along a new axis.

    Args:
        x: Tensors of equal shapes.
        axis: Position of the new axis in the result.

    Returns:
        Tensor with one axis more.

    Raises:
        ValueError: the list is empty, or the shapes differ.

    >>> stack([[1, 2], [3, 4]], axis=1).tolist()
    [[1, 3], [2, 4]]
    """
    xs = [convert_to_tensor(part) for part in x]
    if len({part.shape for part in xs}) > 1:
        raise ValueError(f"stack: all shapes must be equal, got {', '.join(str(part.shape) for part in xs)}")
    return concatenate([expand_dims(part, axis) for part in xs], axis)


def append(x1: TensorLike, x2: TensorLike, axis: int | None = None) -> Tensor:
    """x1, and x2 after it.

    Args:
        x1, x2: Tensors.
        axis: Along which axis; if None, both are flattened first.

    Returns:
        Tensor; its shape is that of x1, longer along the axis.

    Raises:
        ValueError: the shapes do not agree.

    >>> append([[1, 2]], [[3, 4]], axis=0).tolist(), append([1], [2, 3]).tolist()
    ([[1, 2], [3, 4]], [1, 2, 3])
    """
    return concatenate([x1, x2], axis)


def _at_least(x, ndim):
    x = convert_to_tensor(x)
    if ndim == 3:  # as NumPy does: new axes go around the middle one
        return moved(x, np.atleast_3d, lambda dy, a: dy.reshape(a.shape))
    return x if x.ndim >= ndim else reshape(x, (1,) * (ndim - x.ndim) + x.shape)


def hstack(xs: Sequence[TensorLike]) -> Tensor:
    """Join tensors side by side: along axis 1, or along axis 0 if they have one axis.

    Args:
        xs: Tensors.

    Returns:
        Tensor; its shape is that of the first, longer along that axis.

    Raises:
        ValueError: the list is empty, or the shapes do not agree.

    >>> hstack([[1, 2], [3]]).tolist()
    [1, 2, 3]
    >>> hstack([[[1], [2]], [[3], [4]]]).tolist()
    [[1, 3], [2, 4]]
    """
    xs = [_at_least(x, 1) for x in xs]
    return concatenate(xs, 0 if xs and xs[0].ndim == 1 else 1)


def vstack(xs: Sequence[TensorLike]) -> Tensor:
    """Join tensors one below the other: along axis 0; tensors of one axis are rows.

    Args:
        xs: Tensors.

    Returns:
        Tensor of 2 axes or more.

    Raises:
        ValueError: the list is empty, or the shapes do not agree.

    >>> vstack([[1, 2], [3, 4]]).tolist()
    [[1, 2], [3, 4]]
    """
    return concatenate([_at_least(x, 2) for x in xs], 0)


def dstack(xs: Sequence[TensorLike]) -> Tensor:
    """Join tensors along axis 2; tensors of one axis or two get further axes of length 1.

    Args:
        xs: Tensors.

    Returns:
        Tensor of 3 axes or more.

    Raises:
        ValueError: the list is empty, or the shapes do not agree.

    >>> dstack([[1, 2], [3, 4]]).tolist()
    [[[1, 3], [2, 4]]]
    """
    return concatenate([_at_least(x, 3) for x in xs], 2)


def split(x: TensorLike, indices_or_sections: Any, axis: int = 0) -> list[Tensor]:
    """Cut into parts along an axis.

    Args:
        x: Tensor.
        indices_or_sections: The number of equal parts; or the indices at which parts begin.
        axis: Along which axis.

    Returns:
        List of Tensors; their shapes are that of `x` except along the axis.

    Raises:
        ValueError: the length is no multiple of the number of parts.

    >>> [part.tolist() for part in split([1, 2, 3, 4], 2)]
    [[1, 2], [3, 4]]
    """
    x = convert_to_tensor(x)
    sections = indices_or_sections
    if isinstance(sections, (int, np.integer)) and x.shape[axis] % sections:
        raise ValueError(
            f"split: axis {axis} of length {x.shape[axis]} cannot be cut into {sections} equal parts. "
            f"Got shape {x.shape}. Use array_split for unequal ones."
        )
    return array_split(x, sections, axis)


def array_split(x: TensorLike, indices_or_sections: Any, axis: int = 0) -> list[Tensor]:
    """Cut into parts along an axis, which need not be equally long.

    Args:
        x: Tensor.
        indices_or_sections: The number of parts, of which the first are longer by one where the length is no multiple
            of it; or the indices at which parts begin.
        axis: Along which axis.

    Returns:
        List of Tensors; their shapes are that of `x` except along the axis.

    >>> [part.tolist() for part in array_split([1, 2, 3], 2)]
    [[1, 2], [3]]
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


def hsplit(x: TensorLike, indices_or_sections: Any) -> list[Tensor]:
    """Cut along axis 1, or along axis 0 if there is one axis.

    Args:
        x: Tensor.
        indices_or_sections: As for `split`.

    Returns:
        List of Tensors; their shapes are that of `x` except along the axis.

    Raises:
        ValueError: the length is no multiple of the number of parts.

    >>> [part.tolist() for part in hsplit([[1, 2, 3, 4]], 2)]
    [[[1, 2]], [[3, 4]]]
    """
    x = convert_to_tensor(x)
    return split(x, indices_or_sections, 0 if x.ndim == 1 else 1)


def vsplit(x: TensorLike, indices_or_sections: Any) -> list[Tensor]:
    """Cut along axis 0.

    Args:
        x: Tensor.
        indices_or_sections: As for `split`.

    Returns:
        List of Tensors; their shapes are that of `x` except along the axis.

    Raises:
        ValueError: the length is no multiple of the number of parts.

    >>> [part.tolist() for part in vsplit([[1], [2], [3]], [1])]
    [[[1]], [[2], [3]]]
    """
    return split(x, indices_or_sections, 0)


def dsplit(x: TensorLike, indices_or_sections: Any) -> list[Tensor]:
    """Cut along axis 2.

    Args:
        x: Tensor of 3 axes or more.
        indices_or_sections: As for `split`.

    Returns:
        List of Tensors; their shapes are that of `x` except along the axis.

    Raises:
        ValueError: the length is no multiple of the number of parts.

    >>> [part.shape for part in dsplit(np.ones((2, 3, 4)), 2)]
    [(2, 3, 2), (2, 3, 2)]
    """
    return split(x, indices_or_sections, 2)


def unstack(x: TensorLike, num: int | None = None, axis: int = 0) -> list[Tensor]:
    """The slices along an axis, without that axis.

    Args:
        x: Tensor.
        num: The number of slices, to be checked; not checked if None.
        axis: Along which axis.

    Returns:
        List of Tensors, shape of `x` without the axis.

    Raises:
        ValueError: there are not `num` slices.

    >>> [part.tolist() for part in unstack([[1, 2], [3, 4]])]
    [[1, 2], [3, 4]]
    """
    x = convert_to_tensor(x)
    if num is not None and num != x.shape[axis]:
        raise ValueError(f"unstack: num is {num}, but axis {axis} of shape {x.shape} has length {x.shape[axis]}")
    return [squeeze(part, axis) for part in array_split(x, max(x.shape[axis], 1), axis)] if x.shape[axis] else []
