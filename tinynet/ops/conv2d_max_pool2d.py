"""Convolution, ReLU and max pooling in one pass over memory: how most networks for images begin.

    y[n, i, j, f] = max over (p, q) in the window of conv2d(x, kernel, bias)[n, i*height + p, j*width + q, f]

A first layer has few input channels. Its many outputs take less time to compute than to move through memory, for
pooling, for its gradient and for the weight gradient. Here they are never stored.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.types import Array, Padding2d, Pair, TensorLike
from ..runtime import kernels
from ..tape import is_tracked, record
from ..tensor import Tensor, convert_to_tensor
from .conv2d import check_arrays, conv2d, conv2d_backward, conv2d_forward
from .max_pool2d import NO_ARGMAX, NO_PADDING, max_pool2d, max_pool2d_backward, max_pool2d_forward
from .recorded_gradients import composed
from .windows import as_padding, as_pair, check_choices, window_output_size

# The references: the operations one by one.


def conv2d_max_pool2d_forward(
    x: Array, kernel: Array, bias: Array | None, strides: Pair, padding: Padding2d, dilation: Pair, activation: str,
    pool_size: Pair, need_argmax: bool = True,
) -> tuple[Array, Array | None]:
    """Reference: y = the largest value in each window of activation(conv2d(x, kernel) + bias).

    Args:
        x, kernel, bias, strides, padding, dilation, activation: As for `conv2d_forward`, with one group.
        pool_size: (height, width) of the windows, which lie side by side; at most 255 pixels.
        need_argmax: Whether `conv2d_max_pool2d_backward` will be called.

    Returns:
        y, and the argmax index of each window as `max_pool2d_forward` counts it, uint8, or 255 where y is ReLU's and
        not positive; None if not needed.
    """
    convolved = conv2d_forward(x, kernel, bias, strides, padding, dilation, 1, activation)
    y, argmax = max_pool2d_forward(convolved, pool_size, pool_size, NO_PADDING, need_argmax)
    if argmax is not None and activation == "relu":
        argmax = np.where(y > 0, argmax, np.uint8(NO_ARGMAX))
    return y, argmax


def conv2d_max_pool2d_backward(
    dy: Array, argmax: Array, x: Array, kernel: Array, strides: Pair, padding: Padding2d, dilation: Pair,
    pool_size: Pair, need_dbias: bool,
) -> tuple[Array | None, Array | None]:
    """Reference: dy goes to the maxima, and from there to the weights.

    Args:
        dy: Gradient of y.
        argmax: The argmax indices of the forward pass.
        x, kernel, strides, padding, dilation, pool_size: As for `conv2d_max_pool2d_forward`.
        need_dbias: False returns None for dbias.

    Returns:
        (dkernel, dbias)
    """
    size = map(window_output_size, x.shape[1:3], kernel.shape[:2], strides, padding, dilation)
    dconvolved = max_pool2d_backward(dy, argmax, (len(x), *size, kernel.shape[3]), pool_size, pool_size, NO_PADDING)
    return conv2d_backward(dconvolved, x, kernel, None, strides, padding, dilation, 1, "linear", False, True,
                           need_dbias)[1:]


# What users call.


def conv2d_max_pool2d(
    x: TensorLike, kernel: TensorLike, bias: TensorLike = None, strides: Any = 1, padding: Any = "valid",
    dilation_rate: Any = 1, activation: str = "linear", pool_size: Any = 2,
) -> Tensor:
    """Slide filters over images and keep the largest value in each window of the result.

    The same as max_pool2d(conv2d(x, kernel, bias, ...), pool_size): in one pass over memory where that
    `is_profitable` and no tape needs the gradient of x; else these two are called.

    Args:
        x: Tensor, shape (batch, height, width, in).
        kernel: Tensor, shape (height, width, in, out).
        bias: Tensor, shape (out,), or None.
        strides, padding, dilation_rate, activation: As for `conv2d`.
        pool_size: Side of the windows in pixels, or a pair (height, width). They lie side by side; pixels that do not
            fill one are left out.

    Returns:
        Tensor, shape (batch, out_height // pool height, out_width // pool width, out).

    Raises:
        ValueError: shapes do not match; the kernel is larger than the padded input, or a window than the result.
        TypeError: the element types differ.

    >>> conv2d_max_pool2d(np.ones((1, 28, 28, 1), "float32"), np.ones((3, 3, 1, 32), "float32")).shape
    (1, 13, 13, 32)
    """
    x = convert_to_tensor(x)
    kernel = convert_to_tensor(kernel)
    bias = None if bias is None else convert_to_tensor(bias)
    strides = as_pair(strides, "conv2d_max_pool2d", "strides")
    dilation = as_pair(dilation_rate, "conv2d_max_pool2d", "dilation_rate")
    pool_size = as_pair(pool_size, "conv2d_max_pool2d", "pool_size")
    x_data, kernel_data = x.data, kernel.data  # as they are now: a variable may be assigned to before backward runs
    bias_data = None if bias is None else bias.data
    if is_tracked(x) or not is_profitable(x_data.shape, kernel_data.shape, strides, dilation, pool_size):
        return max_pool2d(conv2d(x, kernel, bias, strides, padding, dilation, activation=activation), pool_size)
    check_choices("conv2d_max_pool2d", activation, "channels_last")
    check_arrays(x_data, kernel_data, bias_data, 1)
    padding = as_padding("conv2d_max_pool2d", padding, x_data.shape, kernel_data.shape, strides, dilation)
    need_argmax = is_tracked(kernel) or bias is not None and is_tracked(bias)
    y, argmax = kernels.conv2d_max_pool2d_forward(x_data, kernel_data, bias_data, strides, padding, dilation,
                                                  activation, pool_size, need_argmax)

    def backward(dy):
        dkernel, dbias = kernels.conv2d_max_pool2d_backward(dy, argmax, x_data, kernel_data, strides, padding,
                                                            dilation, pool_size, bias_data is not None)
        return (None, dkernel) if bias_data is None else (None, dkernel, dbias)

    def formula(x, kernel, bias=None):
        return max_pool2d(conv2d(x, kernel, bias, strides, padding, dilation, activation=activation), pool_size)

    inputs = (x, kernel) if bias is None else (x, kernel, bias)
    return record(y, inputs, backward, composed(formula, inputs, [tensor.data for tensor in inputs]))


def is_profitable(
    x_shape: tuple[int, ...], kernel_shape: tuple[int, ...], strides: Pair = (1, 1), dilation: Pair = (1, 1),
    pool_size: Pair = (2, 2),
) -> bool:
    """Whether one pass is the faster way for arrays of these shapes.

    It is for fewer than 12 products a row of the kernel: 1.3 to 5 times as fast, forward and back. From there on the
    convolution alone has faster algorithms (a matrix unit; `conv2d_algorithms`). Windows are small, and lie inside the
    image even if nothing is padded; shapes that do not fit together are left to the operations one by one, to refuse.
    """
    if len(x_shape) != 4 or len(kernel_shape) != 4 or x_shape[3] != kernel_shape[2]:
        return False
    rows, cols = ((size - step * (kernel - 1) - 1) // stride + 1 for size, kernel, stride, step
                  in zip(x_shape[1:3], kernel_shape[:2], strides, dilation, strict=True))
    return (0 < kernel_shape[1] * kernel_shape[2] < 12 and pool_size[0] <= rows and pool_size[1] <= cols
            and pool_size[0] * pool_size[1] <= 16)
