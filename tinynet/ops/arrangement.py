"""Operations that reverse, shift, turn, repeat or pad elements: the gradient goes back to where each came from."""

import numpy as np

from ..tensor import convert_to_tensor, to_array
from .formulas import gathered, moved
from .shape import as_axes, as_shape, broadcast_to, moveaxis, ndim, ravel, reshape, transpose


def flip(x, axis=None):
    """The elements in reverse order along an axis (or several, or all)."""
    axis = None if axis is None else as_axes(axis)
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
