"""Operations that reverse, shift, turn, repeat or pad elements: the gradient goes back to where each came from."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.types import Axis, Pair, TensorLike
from ..tensor import Tensor, convert_to_tensor, to_array
from .formulas import gathered, moved
from .shape import as_axes, as_shape, broadcast_to, moveaxis, ndim, ravel, reshape, transpose


def flip(x: TensorLike, axis: Axis = None) -> Tensor:
    """Reverse the order of the elements along axes.

    Args:
        x: Tensor.
        axis: Axis, or several; all if None.

    Returns:
        Tensor, shaped like `x`.

    >>> flip([1, 2, 3]).numpy()
    array([3, 2, 1], dtype=int32)
    """
    axis = None if axis is None else as_axes(axis)
    return moved(x, lambda a: np.flip(a, axis), lambda dy, a: np.flip(dy, axis))


def fliplr(x: TensorLike) -> Tensor:
    """Reverse axis 1: mirror images (height, width) left to right.

    Args:
        x: Tensor of 2 axes or more.

    Returns:
        Tensor, shaped like `x`.

    >>> fliplr([[1, 2], [3, 4]]).tolist()
    [[2, 1], [4, 3]]
    """
    return flip(x, 1)


def flipud(x: TensorLike) -> Tensor:
    """Reverse axis 0: mirror images (height, width) top to bottom.

    Args:
        x: Tensor.

    Returns:
        Tensor, shaped like `x`.

    >>> flipud([[1, 2], [3, 4]]).tolist()
    [[3, 4], [1, 2]]
    """
    return flip(x, 0)


def roll(x: TensorLike, shift: Any, axis: Axis = None) -> Tensor:
    """Shift elements; those that leave at the end come in at the start.

    Args:
        x: Tensor.
        shift: By how many positions, or one number for each of several axes.
        axis: Axis, or several; x is shifted as if flattened if None.

    Returns:
        Tensor, shaped like `x`.

    >>> roll([1, 2, 3], 1).numpy()
    array([3, 1, 2], dtype=int32)
    """
    return moved(x, lambda a: np.roll(a, shift, axis), lambda dy, a: np.roll(dy, np.negative(shift), axis))


def rot90(array: TensorLike, k: int = 1, axes: Pair = (0, 1)) -> Tensor:
    """Turn by k quarter turns in the plane of two axes, from the first towards the second.

    Args:
        array: Tensor of 2 axes or more.
        k: How many quarter turns; negative ones turn the other way.
        axes: The two axes.

    Returns:
        Tensor, shape of `array`; for odd k the two axes have exchanged their lengths.

    Raises:
        ValueError: the axes are not two different ones.

    >>> rot90([[1, 2], [3, 4]]).numpy()
    array([[2, 4],
           [1, 3]], dtype=int32)
    """
    return moved(array, lambda a: np.rot90(a, k, axes), lambda dy, a: np.rot90(dy, -k, axes))


def repeat(x: TensorLike, repeats: Any, axis: int | None = None) -> Tensor:
    """Repeat each element.

    Args:
        x: Tensor.
        repeats: How often; one number, or one for each element along the axis.
        axis: Along which axis; if None, x is flattened first.

    Returns:
        Tensor, shape of `x`, but longer along the axis; one axis if `axis` is None.

    Raises:
        ValueError: there are neither one nor as many numbers as elements along the axis.

    >>> repeat([1, 2], 2).numpy()
    array([1, 1, 2, 2], dtype=int32)
    """
    repeats = repeats if type(repeats) is int else np.asarray(repeats)
    return gathered(x, lambda a, fill: np.repeat(a, repeats, axis))


def tile(x: TensorLike, repeats: Any) -> Tensor:
    """Repeat the whole tensor along each axis.

    Args:
        x: Tensor.
        repeats: How often along each axis, counted from the last one; one number is for the last axis.

    Returns:
        Tensor; its shape is that of `x` times `repeats`.

    >>> tile([1, 2], 2).numpy()
    array([1, 2, 1, 2], dtype=int32)
    """
    return gathered(x, lambda a, fill: np.tile(a, repeats if isinstance(repeats, int) else as_shape(repeats)))


def pad(x: TensorLike, pad_width: Any, mode: str = "constant", constant_values: TensorLike = None) -> Tensor:
    """Add elements before and after those along each axis.

    Args:
        x: Tensor.
        pad_width: How many: one number, (before, after), or such a pair for each axis.
        mode: 'constant', 'edge', 'reflect', 'symmetric' or 'wrap'.
        constant_values: What to fill in if mode is 'constant'; 0 if None.

    Returns:
        Tensor, shape of `x` with before + after added to each length.

    Raises:
        ValueError: `constant_values` with another mode, or an unknown mode.

    >>> pad([1, 2], (1, 2)).numpy()
    array([0, 1, 2, 0, 0], dtype=int32)
    """
    widths = np.broadcast_to(np.asarray(pad_width), (ndim(x), 2)).tolist()
    if mode != "constant":
        if constant_values is not None:
            raise ValueError(f"pad: constant_values is only for mode 'constant', got mode {mode!r}")
        # NumPy's hints list the modes one by one.
        return gathered(x, lambda a, fill: np.pad(a, widths, mode))  # type: ignore[call-overload]
    value = 0 if constant_values is None else to_array(constant_values)

    def crop(dy, a):
        return dy[tuple(slice(before, before + n) for (before, _), n in zip(widths, a.shape, strict=True))]

    return moved(x, lambda a: np.pad(a, widths, constant_values=value), crop, lambda a: np.pad(a, widths))


def meshgrid(*x: TensorLike, indexing: str = "xy") -> list[Tensor]:
    """The coordinates of all points of a grid.

    Args:
        x: The coordinates along each axis, one tensor an axis.
        indexing: 'xy': the first runs along axis 1, as in pictures; 'ij': along axis 0, as in matrices.

    Returns:
        List of Tensors, one an axis, all of the grid's shape.

    Raises:
        ValueError: `indexing` is neither.

    >>> [part.tolist() for part in meshgrid([1, 2], [3, 4])]
    [[[1, 2], [1, 2]], [[3, 3], [4, 4]]]
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


def depth_to_space(x: TensorLike, block_size: int, data_format: str = "channels_last") -> Tensor:
    """Lay channels out as blocks of pixels: (n, h, w, b b c) becomes (n, h b, w b, c).

    Args:
        x: Tensor, shape (batch, height, width, channels); channels are a multiple of block_size^2.
        block_size: Side b of the blocks.
        data_format: 'channels_last' or 'channels_first'.

    Returns:
        Tensor, shape (batch, height b, width b, channels / b^2).

    >>> depth_to_space(np.ones((1, 2, 2, 8)), 2).shape
    (1, 4, 4, 2)
    """
    if data_format == "channels_first":
        return moveaxis(depth_to_space(moveaxis(x, 1, -1), block_size), -1, 1)
    x, b = convert_to_tensor(x), block_size
    n, h, w, c = x.shape
    return reshape(transpose(reshape(x, (n, h, w, b, b, c // b**2)), (0, 1, 3, 2, 4, 5)), (n, h * b, w * b, c // b**2))


def space_to_depth(x: TensorLike, block_size: int, data_format: str = "channels_last") -> Tensor:
    """Lay blocks of pixels out as channels: (n, h b, w b, c) becomes (n, h, w, b b c).

    Args:
        x: Tensor, shape (batch, height, width, channels); both sides are multiples of the block's.
        block_size: Side b of the blocks.
        data_format: 'channels_last' or 'channels_first'.

    Returns:
        Tensor, shape (batch, height / b, width / b, channels b^2).

    >>> space_to_depth(np.ones((1, 4, 4, 2)), 2).shape
    (1, 2, 2, 8)
    """
    if data_format == "channels_first":
        return moveaxis(space_to_depth(moveaxis(x, 1, -1), block_size), -1, 1)
    x, b = convert_to_tensor(x), block_size
    n, h, w, c = x.shape
    return reshape(transpose(reshape(x, (n, h // b, b, w // b, b, c)), (0, 1, 3, 2, 4, 5)),
                   (n, h // b, w // b, b * b * c))
