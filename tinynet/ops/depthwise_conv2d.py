"""Depthwise convolution: each channel has its own filters, which read no other channel.

    y[n, i, j, c*multiplier + m] = bias[...] + sum over p, q of
        x[n, i*stride + p*dilation - top, j*stride + q*dilation - left, c] * kernel[p, q, c, m]
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.types import Array, Padding2d, Pair, TensorLike
from ..runtime import kernels
from ..tape import is_tracked, record
from ..tensor import Tensor, convert_to_tensor
from .conv2d import conv2d_backward, conv2d_forward
from .recorded_gradients import masked, product_gradients
from .windows import as_padding, as_pair, check_choices, check_images, check_kernel, swap_layout

KERNEL_LAYOUT = "Kernel layout is (height, width, channels, multiplier)."


def depthwise_conv2d_forward(
    x: Array, kernel: Array, bias: Array | None, strides: Pair, padding: Padding2d, dilation: Pair, activation: str
) -> Array:
    """Reference: a grouped convolution whose groups are the channels.

    Args:
        x: (batch, height, width, channels).
        kernel: (height, width, channels, multiplier).
        bias: (channels * multiplier,) or None.
        strides, dilation: (vertical, horizontal).
        padding: ((top, bottom), (left, right)).
        activation: 'linear' or 'relu'.

    Returns:
        y, (batch, out_height, out_width, channels * multiplier).
    """
    return conv2d_forward(x, _as_grouped(kernel), bias, strides, padding, dilation, x.shape[3], activation)


def depthwise_conv2d_backward(
    dy: Array, x: Array, kernel: Array, y: Any, strides: Pair, padding: Padding2d, dilation: Pair,
    activation: str, need_dx: bool, need_dkernel: bool, need_dbias: bool,
) -> tuple[Array | None, Array | None, Array | None]:
    """Reference: the gradients of that grouped convolution.

    Args:
        dy: Gradient of y.
        y: The forward pass's result; None will do without ReLU.
        x, kernel, activation, strides, padding, dilation: As for `depthwise_conv2d_forward`.
        need_dx, need_dkernel, need_dbias: False returns None for this gradient.

    Returns:
        (dx, dkernel, dbias)
    """
    dx, dkernel, dbias = conv2d_backward(dy, x, _as_grouped(kernel), y, strides, padding, dilation,
                                         x.shape[3], activation, need_dx, need_dkernel, need_dbias)
    return dx, None if dkernel is None else dkernel.reshape(kernel.shape), dbias


def _as_grouped(kernel):
    """(height, width, channels, multiplier) as (height, width, 1, channels * multiplier): one input channel a group."""
    return kernel.reshape(*kernel.shape[:2], 1, kernel.shape[2] * kernel.shape[3])


def depthwise_conv2d(
    x: TensorLike, kernel: TensorLike, bias: TensorLike = None, strides: Any = 1, padding: Any = "valid",
    dilation_rate: Any = 1, activation: str = "linear", data_format: str = "channels_last",
) -> Tensor:
    """Slide one filter (or a few) over each channel by itself.

    y[n, i, j, c*multiplier + m] = activation(bias[...] + sum over p, q of
                                              x[n, i*s + p*d - top, j*s + q*d - left, c] * kernel[p, q, c, m])

    Args:
        x: Tensor, shape (batch, height, width, channels).
        kernel: Tensor, shape (height, width, channels, multiplier).
        bias: Tensor, shape (channels * multiplier,), or None.
        strides, padding, dilation_rate, activation, data_format: As for `conv2d`.

    Returns:
        Tensor, shape (batch, out_height, out_width, channels * multiplier).

    Raises:
        ValueError: shapes do not match, or the kernel is larger than the padded input.
        TypeError: the element types differ.

    >>> import numpy as np
    >>> depthwise_conv2d(np.ones((1, 8, 8, 3), "float32"), np.ones((3, 3, 3, 2), "float32"), padding="same").shape
    (1, 8, 8, 6)
    """
    x = convert_to_tensor(x)
    kernel = convert_to_tensor(kernel)
    bias = None if bias is None else convert_to_tensor(bias)
    if data_format == "channels_first":
        x = swap_layout(x, (0, 2, 3, 1))
        return swap_layout(depthwise_conv2d(x, kernel, bias, strides, padding, dilation_rate, activation), (0, 3, 1, 2))
    check_choices("depthwise_conv2d", activation, data_format)
    strides = as_pair(strides, "depthwise_conv2d", "strides")
    dilation = as_pair(dilation_rate, "depthwise_conv2d", "dilation_rate")
    x_data, kernel_data = x.data, kernel.data  # as they are now: a variable may be assigned to before backward runs
    bias_data = None if bias is None else bias.data
    check_depthwise("depthwise_conv2d", x_data, kernel_data, bias_data)
    padding = as_padding("depthwise_conv2d", padding, x_data.shape, kernel_data.shape, strides, dilation)
    y = kernels.depthwise_conv2d_forward(x_data, kernel_data, bias_data, strides, padding, dilation, activation)
    need_dx, mask = is_tracked(x), y if activation == "relu" else None

    def backward(dy):
        gradients = kernels.depthwise_conv2d_backward(dy, x_data, kernel_data, mask, strides, padding, dilation,
                                                      activation, need_dx, True, bias_data is not None)
        return gradients if bias_data is not None else gradients[:2]

    inputs = (x, kernel) if bias is None else (x, kernel, bias)

    def differentiable(dy, y):
        geometry, nothing = (strides, padding, dilation), np.broadcast_to(x_data.dtype.type(0), x_data.shape)
        return product_gradients(
            dy if mask is None else masked(dy, mask > 0), inputs, x_data, kernel_data,
            lambda x, kernel: kernels.depthwise_conv2d_forward(x, kernel, None, *geometry, "linear"),
            lambda dy, kernel: kernels.depthwise_conv2d_backward(dy, nothing, kernel, None, *geometry, "linear", True,
                                                                 False, False)[0],
            lambda dy, x: kernels.depthwise_conv2d_backward(dy, x, kernel_data, None, *geometry, "linear", False, True,
                                                            False)[1],
            need_dx,
        )

    return record(y, inputs, backward, differentiable)


def check_depthwise(operation: str, x: Array, kernel: Array, bias: Array | None) -> None:
    """Raise an error in the operation's name if the arrays' shapes or types do not fit together.

    Args:
        operation: For the error's text.
        x, kernel, bias: As for `depthwise_conv2d_forward`.

    Raises:
        ValueError: a rank, the number of channels or the bias's length.
        TypeError: the element types differ.
    """
    check_images(operation, x, kernel, KERNEL_LAYOUT)
    channels, multiplier = kernel.shape[2:]
    check_kernel(operation, KERNEL_LAYOUT, x, kernel, bias, channels, channels * multiplier)
