"""Zeros around images, borders removed, pixels repeated or interpolated: sizes that change without windows.

Channels last; the axes between the first (batch) and the last (channels) are spatial. These are copies, which NumPy
makes at memory speed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..core.types import Array, DTypeLike, Pair, TensorLike
from ..tensor import Tensor
from .formulas import moved


def zero_pad(x: TensorLike, padding: Sequence[Pair]) -> Tensor:
    """Add zeros around each sample.

    Args:
        x: Tensor, shape (batch, ..., channels).
        padding: (before, after) for each spatial axis.

    Returns:
        Tensor, longer by before + after along each spatial axis.

    >>> zero_pad(np.ones((1, 3, 1), "float32"), ((1, 2),)).numpy()[0, :, 0]
    array([0., 1., 1., 1., 0., 0.], dtype=float32)
    """
    def inner(a):
        return (
            slice(None), *(slice(before, before + n) for (before, _), n in zip(padding, a.shape[1:-1], strict=True))
        )

    def forward(a):
        y = np.zeros(
            (a.shape[0], *(n + sum(pair) for n, pair in zip(a.shape[1:-1], padding, strict=True)), a.shape[-1]), a.dtype
        )
        y[inner(a)] = a
        return y

    return moved(x, forward, lambda dy, a: dy[inner(a)])


def crop(x: TensorLike, cropping: Sequence[Pair]) -> Tensor:
    """Remove the borders of each sample; the gradient there is 0.

    Args:
        x: Tensor, shape (batch, ..., channels).
        cropping: (before, after) for each spatial axis, together less than its length.

    Returns:
        Tensor, shorter by before + after along each spatial axis.

    >>> crop(np.arange(5.0).reshape(1, 5, 1), ((1, 2),)).numpy()[0, :, 0]
    array([1., 2.])
    """
    def inner(a):
        return (
            slice(None), *(slice(before, n - after) for (before, after), n in zip(cropping, a.shape[1:-1], strict=True))
        )

    def spread(dy, a):
        dx = np.zeros_like(a)
        dx[inner(a)] = dy
        return dx

    return moved(x, lambda a: a[inner(a)], spread)


def upsample_nearest(x: TensorLike, size: Sequence[int]) -> Tensor:
    """Repeat every pixel along each spatial axis.

    Gradient: the sum over the copies.

    Args:
        x: Tensor, shape (batch, ..., channels).
        size: How often, for each spatial axis.

    Returns:
        Tensor, `size` times as long along the spatial axes.

    >>> upsample_nearest(np.arange(2.0).reshape(1, 2, 1), (2,)).numpy()[0, :, 0]
    array([0., 0., 1., 1.])
    """
    def forward(a):
        for axis, times in enumerate(size, start=1):
            a = np.repeat(a, times, axis)
        return a

    def adjoint(dy, a):
        split = [a.shape[0]]
        for n, times in zip(a.shape[1:-1], size, strict=True):
            split += [n, times]
        return dy.reshape(*split, a.shape[-1]).sum(axis=tuple(range(2, len(split), 2)))

    return moved(x, forward, adjoint)


def upsample_bilinear(x: TensorLike, size: Pair) -> Tensor:
    """Enlarge images with straight lines between the centres of pixels; constant beyond the outermost centres.

    Each axis is a product with a matrix of interpolation weights, and the gradient one with its transpose.

    Args:
        x: Tensor, shape (batch, height, width, channels).
        size: (vertical, horizontal) factors.

    Returns:
        Tensor, shape (batch, height * vertical, width * horizontal, channels).

    >>> upsample_bilinear(np.float32([[0, 4]]).reshape(1, 1, 2, 1), (1, 2)).numpy()[0, 0, :, 0]
    array([0., 1., 3., 4.], dtype=float32)
    """
    def along_axes(a, rows, cols):
        n, height, width, channels = a.shape
        a = (rows @ a.reshape(n, height, width * channels)).reshape(n * len(rows), width, channels)
        return (cols @ a).reshape(n, len(rows), len(cols), channels)

    def weights(a):
        return (interpolation_weights(n, times, a.dtype) for n, times in zip(a.shape[1:3], size, strict=True))

    return moved(x, lambda a: along_axes(a, *weights(a)), lambda dy, a: along_axes(dy, *(w.T for w in weights(a))))


def interpolation_weights(size: int, times: int, dtype: DTypeLike) -> Array:
    """The weights of linear interpolation along one axis. W[i, k] is the weight of pixel k in pixel i of the result.

    Args:
        size: Number of pixels.
        times: How many times more the result has.
        dtype: Element type.

    Returns:
        Array, shape (size * times, size).

    >>> interpolation_weights(2, 2, "float32")
    array([[1.  , 0.  ],
           [0.75, 0.25],
           [0.25, 0.75],
           [0.  , 1.  ]], dtype=float32)
    """
    centre = np.clip((np.arange(size * times) + 0.5) / times - 0.5, 0, max(size - 1, 0))  # in pixels of the small image
    return np.maximum(0, 1 - np.abs(centre[:, None] - np.arange(size))).astype(dtype)
