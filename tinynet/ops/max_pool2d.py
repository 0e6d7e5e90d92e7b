"""Max pooling: the largest value in each window of an image, channels last.

    y[n, i, j, c] = max over (p, q) of x[n, i*stride + p - top, j*stride + q - left, c]

where x counts as minus infinity outside the image. A window with a NaN gives NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.checks import missing_axis
from ..core.types import Array, Padding2d, Pair, TensorLike
from ..runtime import kernels
from ..tape import is_tracked, record
from ..tensor import Tensor, convert_to_tensor
from .arguments import check_choice, check_data_format
from .recorded_gradients import linear
from .windows import as_int, as_pair, same_padding, swap_layout

NO_PADDING = ((0, 0), (0, 0))
NO_ARGMAX = 255  # the argmax index where ReLU made a maximum 0, in operations that do both: no gradient passes there

# The references.


def windows(x: Array, pool_size: Pair, strides: Pair, padding: Padding2d, fill: float) -> Array:
    """The elements of each window, its taps row by row: (batch, out_height, out_width, channels, taps), a copy.

    Args:
        x: (batch, height, width, channels).
        pool_size: (height, width) of the window.
        strides: (vertical, horizontal).
        padding: ((top, bottom), (left, right)).
        fill: The value outside the image.
    """
    padded = np.pad(x, ((0, 0), *padding, (0, 0)), constant_values=fill)
    views = np.lib.stride_tricks.sliding_window_view(padded, pool_size, axis=(1, 2))[:, :: strides[0], :: strides[1]]
    return views.reshape(*views.shape[:4], pool_size[0] * pool_size[1])


def spread_windows(dtaps: Array, x_shape: tuple[int, ...], pool_size: Pair, strides: Pair, padding: Padding2d) -> Array:
    """The adjoint of `windows`: dx of a pixel is the sum over all windows that contain it.

    Args:
        dtaps: (batch, out_height, out_width, channels, taps), the gradient of `windows`.
        x_shape: Shape of x.
        pool_size, strides, padding: As for `windows`.
    """
    (top, bottom), (left, right) = padding
    batch, height, width, channels = x_shape
    dx = np.zeros((batch, height + top + bottom, width + left + right, channels), dtaps.dtype)
    out_height, out_width = dtaps.shape[1:3]
    for tap in range(pool_size[0] * pool_size[1]):
        p, q = divmod(tap, pool_size[1])
        dx[:, p : p + strides[0] * out_height : strides[0], q : q + strides[1] * out_width : strides[1]] += (
            dtaps[..., tap]
        )
    return np.ascontiguousarray(dx[:, top : top + height, left : left + width])


def max_pool2d_forward(
    x: Array, pool_size: Pair, strides: Pair, padding: Padding2d, need_argmax: bool = True
) -> tuple[Array, Array | None]:
    """Reference: y = the largest value in each window.

    Args:
        x: (batch, height, width, channels).
        pool_size: (height, width) of the window.
        strides: (vertical, horizontal).
        padding: ((top, bottom), (left, right)), each less than the window.
        need_argmax: Whether `max_pool2d_backward` will be called.

    Returns:
        y, and the argmax index of each window, counted row by row, the first of several: uint8, or int32 for windows
        of more than 256 pixels; None if not needed.
    """
    taps = windows(x, pool_size, strides, padding, -np.inf)
    inside = windows(np.ones(x.shape, bool), pool_size, strides, padding, False)
    first_inside = inside.argmax(-1)
    argmax = taps.argmax(-1)  # the first maximum, the first NaN if there is one
    y = np.take_along_axis(taps, argmax[..., None], -1)[..., 0]
    argmax = np.where(y == -np.inf, first_inside, argmax)  # no maximum is in the padding
    return y, argmax.astype(np.uint8 if pool_size[0] * pool_size[1] <= 256 else np.int32) if need_argmax else None


def max_pool2d_backward(
    dy: Array, argmax: Array, x_shape: tuple[int, ...], pool_size: Pair, strides: Pair, padding: Padding2d
) -> Array:
    """Reference: dy goes to the first maximum of its window, and adds up where windows overlap.

    Args:
        dy: Gradient of y.
        argmax: The argmax indices of the forward pass.
        x_shape: Shape of x.
        pool_size, strides, padding: As for `max_pool2d_forward`.

    Returns:
        dx.
    """
    taps = np.arange(pool_size[0] * pool_size[1])
    dtaps = np.where(argmax[..., None] == taps, dy[..., None], dy.dtype.type(0))
    return spread_windows(dtaps, x_shape, pool_size, strides, padding)


# What users call.


def max_pool2d(
    x: TensorLike, pool_size: Any = 2, strides: Any = None, padding: str = "valid", data_format: str = "channels_last"
) -> Tensor:
    """Keep the largest value in each window.

    y[n, i, j, c] = max over (p, q) of x[n, i*s + p - top, j*s + q - left, c]

    Gradient: dy goes to the first maximum of its window (row by row); where windows overlap, it adds up.

    Args:
        x: Tensor, shape (batch, height, width, channels).
        pool_size: Side of the window in pixels, or a pair (height, width).
        strides: Step between windows, or a pair; `pool_size` if None.
        padding: 'valid': windows inside the image only. 'same': ceil(size / stride) windows; pixels outside the image
            do not count, and an odd one is at the bottom and right.
        data_format: 'channels_last', or 'channels_first' for x and y of shape (batch, channels, height, width).

    Returns:
        Tensor, shape (batch, out_height, out_width, channels).

    Raises:
        ValueError: the window is larger than the image, or x does not have four axes.
        TypeError: x is not float32 or float64.

    >>> x = [[8, 7, 5, 3], [12, 9, 5, 7], [13, 2, 10, 3], [9, 4, 5, 14]]
    >>> max_pool2d(np.reshape(np.float32(x), (1, 4, 4, 1))).numpy()[0, :, :, 0]
    array([[12.,  7.],
           [13., 14.]], dtype=float32)
    """
    return pool2d("max_pool2d", max_pool_kernels, x, pool_size, strides, padding, data_format)


def max_pool_kernels(
    x: Tensor, data: Array, pool_size: Pair, strides: Pair, padding: Padding2d
) -> tuple[Array, Callable[[Array], tuple[Array]], Callable[[Tensor, Tensor], tuple[Tensor]]]:
    """Max pooling of x, whose array is `data`: y, and its two backward functions, of arrays and of Tensors."""
    y, argmax = kernels.max_pool2d_forward(data, pool_size, strides, padding, is_tracked(x))
    shape = data.shape

    def to_x(dy):
        return kernels.max_pool2d_backward(dy, argmax, shape, pool_size, strides, padding)

    def maxima(d):
        """The elements of an array like x that stand where x has its maxima."""
        batch, rows, cols, channels = np.indices(argmax.shape, sparse=True)
        p, q = np.divmod(argmax.astype(np.intp), pool_size[1])
        (top, _), (left, _) = padding
        return d[batch, rows * strides[0] + p - top, cols * strides[1] + q - left, channels]

    return y, lambda dy: (to_x(dy),), lambda dy, y: (linear(dy, to_x, maxima),)


def max_pool(
    inputs: TensorLike, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: str | None = None
) -> Tensor:
    """Max pooling of sequences or images: keep the largest value in each window.

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

    >>> max_pool(np.ones((1, 6, 2), "float32"), 2).shape
    (1, 3, 2)
    """
    return pool("max_pool", max_pool_kernels, inputs, pool_size, strides, padding, data_format)


# Shared with average pooling.


def pool2d(
    operation: str, run: Callable[..., Any], x: TensorLike, pool_size: Any, strides: Any, padding: str,
    data_format: str,
) -> Tensor:
    """Check the arguments, run the kernels, record.

    Args:
        operation: The operation's name, for messages.
        run: `max_pool_kernels`, or the like of another pooling.
        x, pool_size, strides, padding, data_format: As for `max_pool2d`.
    """
    x = convert_to_tensor(x)
    if data_format == "channels_first" and x.data.ndim == 4:
        x = swap_layout(x, (0, 2, 3, 1))
        return swap_layout(pool2d(operation, run, x, pool_size, strides, padding, "channels_last"), (0, 3, 1, 2))
    check_data_format(operation, data_format)
    data = x.data
    pool_size = as_pair(pool_size, operation, "pool_size")
    strides = pool_size if strides is None else as_pair(strides, operation, "strides")
    if data.ndim != 4:
        hint = missing_axis(data.shape, 4)
        raise ValueError(
            f"{operation}: expected an input (batch, height, width, channels), got shape {data.shape}.{hint}"
        )
    if data.dtype.kind != "f":
        raise TypeError(f"{operation}: expected float32 or float64, got {data.dtype}; convert with astype")
    y, backward, differentiable = run(
        x, data, pool_size, strides, pool_padding(operation, data.shape, pool_size, strides, padding)
    )
    return record(y, (x,), backward, differentiable)


def pool(
    operation: str, run: Callable[..., Any], inputs: TensorLike, pool_size: Any, strides: Any, padding: str,
    data_format: str | None,
) -> Tensor:
    """Keras's form: one or two dimensions, by the number of axes. A sequence is pooled as an image of width 1.

    Args:
        operation, run: As for `pool2d`.
        inputs, pool_size, strides, padding, data_format: As for `max_pool`.
    """
    if data_format is None:
        from ..config import image_data_format

        data_format = image_data_format()
    x = convert_to_tensor(inputs)
    if x.data.ndim == 4:
        return pool2d(operation, run, x, pool_size, strides, padding, data_format)
    if x.data.ndim != 3:
        raise ValueError(
            f"{operation}: expected 3 axes (batch, steps, channels) or 4 (batch, height, width, channels), "
            f"got shape {x.shape}"
        )
    size = as_int(pool_size, operation, "pool_size")
    stride = size if strides is None else as_int(strides, operation, "strides")
    check_data_format(operation, data_format)
    last = data_format == "channels_last"
    shape = x.data.shape
    # A sequence is an image of width 1, so that neighbouring steps are whole rows.
    tall = (*shape[:2], 1, shape[2]) if last else (*shape, 1)
    y = pool2d(operation, run, _reshaped(x, tall), (size, 1), (stride, 1), padding, data_format)
    out = y.data.shape
    return _reshaped(y, (out[0], out[1], out[3]) if last else out[:3])


def pool_padding(operation: str, shape: tuple[int, ...], pool_size: Pair, strides: Pair, padding: str) -> Padding2d:
    """((top, bottom), (left, right)) from 'valid' or 'same'.

    Raises:
        ValueError: the window is larger than the image, or `padding` is neither.
    """
    if padding == "valid":
        if pool_size[0] > shape[1] or pool_size[1] > shape[2]:
            raise ValueError(
                f"{operation}: the window is larger than the image. Got input {tuple(shape)}, pool_size {pool_size}. "
                "Use a smaller window or padding='same'."
            )
        return ((0, 0), (0, 0))
    check_choice(operation, "padding", padding, ("valid", "same"))
    return same_padding(shape[1], pool_size[0], strides[0]), same_padding(shape[2], pool_size[1], strides[1])


def _reshaped(x, shape):
    before = x.data.shape
    return record(x.data.reshape(shape), (x,), lambda dy: (dy.reshape(before),),
                  lambda dy, y: (_reshaped(dy, before),))
