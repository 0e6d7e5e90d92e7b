"""Transposed convolution: conv2d's input gradient as an operation of its own, which makes images larger.

Where conv2d maps y = C x with a sparse matrix C, this maps x to C^T x. So its forward pass is conv2d's input gradient,
and its own gradients are conv2d's forward pass and weight gradient: it needs no kernel of its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.recording import changed, constant, repeated
from ..core.types import Pair, TensorLike
from ..runtime import kernels
from ..tape import is_tracked, record
from ..tensor import Tensor, convert_to_tensor
from .activation import relu
from .arguments import check_choice
from .conv2d import convolution_products
from .recorded_gradients import product_gradients
from .windows import as_int, as_pair, check_choices, check_images, check_kernel, swap_layout

KERNEL_LAYOUT = "Kernel layout is (height, width, out, in)."


def conv_transpose_output_size(
    size: int, kernel: int, stride: int = 1, padding: str = "valid", output_padding: int | None = None,
    dilation: int = 1,
) -> int:
    """The length of a transposed convolution's output along one axis, by Keras's rules.

    'valid': (W - 1)*S + max(K, S), or with an output padding P (W - 1)*S + K + P.
    'same': W*S, or with an output padding P (W - 1)*S + K mod 2 + P. K is the extent of the dilated kernel,
    dilation*(kernel - 1) + 1.

    Args:
        size: W, length of the input.
        kernel: Number of taps.
        stride: S, by how much the axis grows.
        padding: 'valid' or 'same'.
        output_padding: P; the rule without it if None.
        dilation: Distance between neighbouring taps.

    Returns:
        The length of the output.

    >>> conv_transpose_output_size(14, 3, stride=2, padding="same")
    28
    >>> conv_transpose_output_size(14, 3, stride=2)
    29
    """
    return axis_geometry(size, kernel, stride, padding, output_padding, dilation)[0]


def axis_geometry(
    size: int, kernel: int, stride: int, padding: str, output_padding: int | None, dilation: int
) -> tuple[int, Pair]:
    """(output size, (before, after)): the padding of the convolution that maps the output back to `size`.

    Args:
        size, kernel, stride, padding, output_padding, dilation: As for `conv_transpose_output_size`.
    """
    span = dilation * (kernel - 1) + 1
    if padding == "valid":
        before = 0
        output = (size - 1) * stride + (max(span, stride) if output_padding is None else span + output_padding)
    else:
        # What is cut off at both ends together; the odd one at the end, unless the cut would begin before the first
        # tap.
        output = size * stride if output_padding is None else (size - 1) * stride + span % 2 + output_padding
        zeros = output - (size - 1) * stride - 1 + span - 1  # around x, between whose pixels lie stride - 1 zeros
        before = span - 1 - min(zeros - zeros // 2, span - 1)
    after = max(0, (size - 1) * stride + span - before - output)
    return output, (before, after)


def conv2d_transpose(
    x: TensorLike, kernel: TensorLike, bias: TensorLike = None, strides: Any = 1, padding: str = "valid",
    output_padding: Any = None, dilation_rate: Any = 1, activation: str = "linear",
    data_format: str = "channels_last",
) -> Tensor:
    """Spread each pixel over a window, and add up where windows overlap.

    y[n, i*s + p*d - top, j*s + q*d - left, f] += x[n, i, j, c] * kernel[p, q, f, c] for every pixel and tap, then bias
    and activation.

    Args:
        x: Tensor, shape (batch, height, width, in).
        kernel: Tensor, shape (height, width, out, in): that of the convolution in the opposite direction.
        bias: Tensor, shape (out,), or None.
        strides: By how much the image grows; an int or a pair.
        padding: 'valid' (every window whole) or 'same' (output size = input size * stride).
        output_padding: Determines the output size, see `conv_transpose_output_size`; an int or a pair below the
            stride, or None.
        dilation_rate: Pixels from one tap to the next, or a pair.
        activation: 'linear' or 'relu'.
        data_format: 'channels_last' or 'channels_first'.

    Returns:
        Tensor, shape (batch, out_height, out_width, out).

    Raises:
        ValueError: shapes do not match, or the output padding is not below the stride.
        TypeError: the element types differ.

    >>> x, kernel = np.ones((1, 7, 7, 16), "float32"), np.ones((3, 3, 8, 16), "float32")
    >>> conv2d_transpose(x, kernel, strides=2, padding="same").shape
    (1, 14, 14, 8)
    """
    x = convert_to_tensor(x)
    kernel = convert_to_tensor(kernel)
    if data_format == "channels_first":
        x = swap_layout(x, (0, 2, 3, 1))
        y = conv2d_transpose(x, kernel, bias, strides, padding, output_padding, dilation_rate, activation)
        return swap_layout(y, (0, 3, 1, 2))
    check_choices("conv2d_transpose", activation, data_format)
    check_choice("conv2d_transpose", "padding", padding, ("valid", "same"))
    bias = None if bias is None else convert_to_tensor(bias)
    x_data, kernel_data = x.data, kernel.data  # as they are now: a variable may be assigned to before backward runs
    bias_data = None if bias is None else bias.data
    _check(x_data, kernel_data, bias_data)
    strides = as_pair(strides, "conv2d_transpose", "strides")
    dilation = as_pair(dilation_rate, "conv2d_transpose", "dilation_rate")
    (out_height, vertical), (out_width, horizontal) = (
        axis_geometry(x_data.shape[axis + 1], kernel_data.shape[axis], strides[axis], padding, extra, dilation[axis])
        for axis, extra in enumerate(_output_padding(output_padding, strides))
    )
    shape = (x_data.shape[0], out_height, out_width, kernel_data.shape[2])
    if min(shape) < 0 or (0 in shape[1:3] and x_data.size):
        raise ValueError(
            f"conv2d_transpose: the output would be {shape}. Got input {x.shape}, kernel {kernel.shape}. "
            f"{KERNEL_LAYOUT}"
        )
    geometry = (strides, (vertical, horizontal), dilation, 1)
    # Only the shape of the convolution's input counts for its input gradient: this array is one repeated number.
    anything = constant(np.broadcast_to(x_data.dtype.type(0), shape))
    y = kernels.conv2d_backward(x_data, anything, kernel_data, None, *geometry, "linear", True, False, False)[0]
    if bias_data is not None:
        changed(np.add, y, bias_data)
    need_dx = is_tracked(x)

    def backward(dy):
        dx = kernels.conv2d_forward(dy, kernel_data, None, *geometry, "linear") if need_dx else None
        dkernel = kernels.conv2d_backward(x_data, dy, kernel_data, None, *geometry, "linear", False, True, False)[1]
        return (dx, dkernel) if bias_data is None else (dx, dkernel, repeated(_sum_of_pixels, dy))

    inputs = (x, kernel) if bias is None else (x, kernel, bias)

    def differentiable(dy, y):
        # The opposite convolution's: y stands for its input gradient, and x for its output's gradient.
        convolve, to_input, to_kernel = convolution_products(shape, kernel_data, *geometry)
        return product_gradients(dy, inputs, x_data, kernel_data, to_input, convolve, lambda dy, x: to_kernel(x, dy),
                                 need_dx)

    result = record(y, inputs, backward, differentiable)
    return relu(result) if activation == "relu" else result


def _sum_of_pixels(dy):
    return dy.sum(axis=(0, 1, 2))


def _output_padding(output_padding, strides):
    """One value (or None) an axis."""
    pair = output_padding if isinstance(output_padding, tuple | list) else (output_padding, output_padding)
    if len(pair) != 2:
        raise ValueError(f"conv2d_transpose: output_padding must be None, an int or a pair, got {output_padding!r}")
    for extra, stride in zip(pair, strides, strict=True):
        if extra is None:
            continue
        if extra != 0:
            as_int(extra, "conv2d_transpose", "output_padding")
        if extra >= stride:
            raise ValueError(
                f"conv2d_transpose: output_padding must be less than strides, got {output_padding!r} and {strides}"
            )
    return pair


def _check(x, kernel, bias):
    check_images("conv2d_transpose", x, kernel, KERNEL_LAYOUT)
    check_kernel("conv2d_transpose", KERNEL_LAYOUT, x, kernel, bias, kernel.shape[3], kernel.shape[2])
