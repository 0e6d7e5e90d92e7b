"""Average pooling: the mean of each window of an image, channels last.

    y[n, i, j, c] = (sum over (p, q) of x[n, i*stride + p - top, j*stride + q - left, c]) / k

where k is the number of the window's pixels inside the image: with padding 'same', those outside do not count.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.types import Array, Padding2d, Pair, TensorLike
from ..runtime import kernels
from ..tensor import Tensor
from .max_pool2d import pool, pool2d, spread_windows, windows
from .recorded_gradients import linear


def _pixels_inside(shape, pool_size, strides, padding, dtype):
    """k of each window, (1, out_height, out_width, 1)."""
    return windows(np.ones((1, *shape[1:3], 1), dtype), pool_size, strides, padding, 0).sum(-1)


def average_pool2d_forward(x: Array, pool_size: Pair, strides: Pair, padding: Padding2d) -> Array:
    """Reference: y = sum of the window's pixels / k.

    Args:
        x: (batch, height, width, channels).
        pool_size: (height, width) of the window.
        strides: (vertical, horizontal).
        padding: ((top, bottom), (left, right)), each less than the window.

    Returns:
        y, (batch, out_height, out_width, channels).
    """
    return windows(x, pool_size, strides, padding, 0).sum(-1) / _pixels_inside(
        x.shape, pool_size, strides, padding, x.dtype
    )


def average_pool2d_backward(
    dy: Array, x_shape: tuple[int, ...], pool_size: Pair, strides: Pair, padding: Padding2d
) -> Array:
    """Reference: every pixel of a window gets dy / k.

    Args:
        dy: Gradient of y.
        x_shape: Shape of x.
        pool_size, strides, padding: As for `average_pool2d_forward`.

    Returns:
        dx.
    """
    share = dy / _pixels_inside(x_shape, pool_size, strides, padding, dy.dtype)
    taps = np.broadcast_to(share[..., None], (*dy.shape, pool_size[0] * pool_size[1]))
    return spread_windows(taps, x_shape, pool_size, strides, padding)


def average_pool2d(
    x: TensorLike, pool_size: Any = 2, strides: Any = None, padding: str = "valid", data_format: str = "channels_last"
) -> Tensor:
    """The mean of each window.

    y[n, i, j, c] = mean over (p, q) of x[n, i*s + p - top, j*s + q - left, c], over pixels inside the image

    Gradient: dy is divided equally among these pixels; where windows overlap, it adds up.

    Args:
        x: Tensor, shape (batch, height, width, channels).
        pool_size: Side of the window in pixels, or a pair (height, width).
        strides: Step between windows, or a pair; `pool_size` if None.
        padding: 'valid' or 'same', as for `max_pool2d`.
        data_format: 'channels_last', or 'channels_first' for x and y of shape (batch, channels, height, width).

    Returns:
        Tensor, shape (batch, out_height, out_width, channels).

    Raises:
        ValueError: the window is larger than the image, or x does not have four axes.
        TypeError: x is not float32 or float64.

    >>> x = [[8, 7, 5, 3], [12, 9, 5, 7], [13, 2, 10, 3], [9, 4, 5, 14]]
    >>> average_pool2d(np.reshape(np.float32(x), (1, 4, 4, 1))).numpy()[0, :, :, 0]
    array([[9., 5.],
           [7., 8.]], dtype=float32)
    """
    return pool2d("average_pool2d", average_pool_kernels, x, pool_size, strides, padding, data_format)


def average_pool_kernels(
    x: Tensor, data: Array, pool_size: Pair, strides: Pair, padding: Padding2d
) -> tuple[Array, Callable[[Array], tuple[Array]], Callable[[Tensor, Tensor], tuple[Tensor]]]:
    """Average pooling of x, whose array is `data`: y, and its two backward functions, of arrays and of Tensors."""
    shape = data.shape
    y = kernels.average_pool2d_forward(data, pool_size, strides, padding)

    def to_x(dy):
        return kernels.average_pool2d_backward(dy, shape, pool_size, strides, padding)

    return (y, lambda dy: (to_x(dy),),
            lambda dy, y: (linear(dy, to_x, lambda d: kernels.average_pool2d_forward(d, pool_size, strides, padding)),))


def average_pool(
    inputs: TensorLike, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: str | None = None
) -> Tensor:
    """Average pooling of sequences or images: the mean of each window.

    Args:
        inputs: Tensor, shape (batch, steps, channels) or (batch, height, width, channels).
        pool_size: Side of the window, or one for each axis.
        strides: Step between windows, or one for each axis; `pool_size` if None.
        padding: 'valid' or 'same', as for `max_pool2d`.
        data_format: 'channels_last' or 'channels_first'; `config.image_data_format()` if None.

    Returns:
        Tensor with as many axes as `inputs`.

    Raises:
        ValueError: the window is larger than the input, or there are neither 3 nor 4 axes.
        TypeError: inputs are not float32 or float64.

    >>> average_pool(np.float32([[[1], [3], [5], [9]]]), 2).tolist()
    [[[2.0], [7.0]]]
    """
    return pool("average_pool", average_pool_kernels, inputs, pool_size, strides, padding, data_format)
