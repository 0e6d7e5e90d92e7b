"""Convolution of images with channels last (cross-correlation, as in every framework).

    y[n, i, j, f] = bias[f] + sum over p, q, c of
        x[n, i*stride + p*dilation - top, j*stride + q*dilation - left, c] * kernel[p, q, c, f]

where x counts as zero outside the image, and an activation may follow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.types import Array, Padding2d, Pair, TensorLike
from ..runtime import kernels
from ..tape import is_tracked, record
from ..tensor import Tensor, convert_to_tensor
from .recorded_gradients import masked, product_gradients
from .windows import (
    as_int,
    as_padding,
    as_pair,
    check_choices,
    check_images,
    check_kernel,
    swap_layout,
    window_output_size,
)

KERNEL_LAYOUT = "Kernel layout is (height, width, in / groups, out)."


# The references. Each sums over the taps (p, q): one tap is a matrix product between its pixels and its weights.


def _pixels_of_tap(p, q, strides, dilation, out_height, out_width):
    """The index into the padded input of the pixels that tap (p, q) reads: one for each output pixel."""
    rows = p * dilation[0] + strides[0] * np.arange(out_height)
    cols = q * dilation[1] + strides[1] * np.arange(out_width)
    return (slice(None), rows[:, None], cols)


def _pad(x, padding):
    return np.pad(x, ((0, 0), *padding, (0, 0)))


def conv2d_forward(
    x: Array, kernel: Array, bias: Array | None, strides: Pair, padding: Padding2d, dilation: Pair, groups: int,
    activation: str, algorithm: str = "auto",
) -> Array:
    """Reference: y = activation(sum over taps of the shifted x @ kernel[p, q], + bias).

    Args:
        x: (batch, height, width, in).
        kernel: (height, width, in / groups, out).
        bias: (out,) or None.
        strides: (vertical, horizontal).
        padding: ((top, bottom), (left, right)).
        dilation: (vertical, horizontal).
        groups: Output group g reads input group g only.
        activation: 'linear' or 'relu'.
        algorithm: Ignored here; the compiled kernel's tests choose with it.

    Returns:
        y, (batch, out_height, out_width, out).
    """
    kernel_height, kernel_width, depth, filters = kernel.shape
    out_height, out_width = map(window_output_size, x.shape[1:3], kernel.shape[:2], strides, padding, dilation)
    padded = _pad(x, padding)
    columns = filters // max(groups, 1)  # of no channels there are no groups
    y = np.zeros((x.shape[0], out_height, out_width, filters), x.dtype)
    for p in range(kernel_height):
        for q in range(kernel_width):
            pixels = padded[_pixels_of_tap(p, q, strides, dilation, out_height, out_width)]
            for g in range(groups):
                out, into = slice(g * columns, (g + 1) * columns), slice(g * depth, (g + 1) * depth)
                y[..., out] += pixels[..., into] @ kernel[p, q, :, out]
    if bias is not None:
        y += bias
    return np.where(y < 0, y.dtype.type(0), y) if activation == "relu" else y


def conv2d_backward(
    dy: Array, x: Array, kernel: Array, y: Any, strides: Pair, padding: Padding2d, dilation: Pair,
    groups: int, activation: str, need_dx: bool, need_dkernel: bool, need_dbias: bool, algorithm: str = "auto",
) -> tuple[Array | None, Array | None, Array | None]:
    """Reference: each tap's matrix product y += x_tap @ kernel[p, q], differentiated.

    d x_tap = dy @ kernel[p, q].T
    d kernel[p, q] = sum over pixels of x_tap.T @ dy
    d bias = sum over pixels of dy

    For ReLU, dy is first set to 0 where y is not positive.

    Args:
        dy: Gradient of y.
        y: The forward pass's result; None will do without ReLU.
        x, kernel, activation, strides, padding, dilation, groups, algorithm: As for `conv2d_forward`.
        need_dx, need_dkernel, need_dbias: False returns None for this gradient.

    Returns:
        (dx, dkernel, dbias)
    """
    kernel_height, kernel_width, depth, filters = kernel.shape
    out_height, out_width = dy.shape[1:3]
    if activation == "relu":
        dy = np.where(y > 0, dy, dy.dtype.type(0))
    padded = _pad(x, padding)
    columns = filters // max(groups, 1)  # of no channels there are no groups
    dpadded = np.zeros_like(padded)
    dkernel = np.zeros_like(kernel)
    for p in range(kernel_height):
        for q in range(kernel_width):
            where = _pixels_of_tap(p, q, strides, dilation, out_height, out_width)
            pixels, dpixels = padded[where], np.zeros(dy.shape[:3] + x.shape[3:], x.dtype)
            for g in range(groups):
                out, into = slice(g * columns, (g + 1) * columns), slice(g * depth, (g + 1) * depth)
                dpixels[..., into] = dy[..., out] @ kernel[p, q, :, out].T
                dkernel[p, q, :, out] = np.tensordot(pixels[..., into], dy[..., out], axes=((0, 1, 2), (0, 1, 2)))
            dpadded[where] += dpixels
    (top, _), (left, _) = padding
    dx = dpadded[:, top : top + x.shape[1], left : left + x.shape[2]] if need_dx else None
    return dx, dkernel if need_dkernel else None, dy.sum(axis=(0, 1, 2)) if need_dbias else None


def conv2d_algorithm(
    x_shape: tuple[int, ...], kernel: Array, strides: Pair, padding: Padding2d, dilation: Pair, groups: int
) -> dict[str, str]:
    """Which algorithm each pass runs (`conv2d_algorithms` is for users). The reference has only the direct one.

    Args:
        x_shape: (batch, height, width, in).
        kernel, strides, padding, dilation, groups: As for `conv2d_forward`.
    """
    return {"forward": "direct", "input_gradient": "direct", "weight_gradient": "direct"}


# What users call.


def conv2d(
    x: TensorLike, kernel: TensorLike, bias: TensorLike = None, strides: Any = 1, padding: Any = "valid",
    dilation_rate: Any = 1, groups: int = 1, activation: str = "linear", data_format: str = "channels_last",
) -> Tensor:
    """Slide filters over images.

    y[n, i, j, f] = activation(bias[f] + sum over p, q, c of
                               x[n, i*s + p*d - top, j*s + q*d - left, c] * kernel[p, q, c, f])

    Args:
        x: Tensor, shape (batch, height, width, in).
        kernel: Tensor, shape (height, width, in / groups, out).
        bias: Tensor, shape (out,), or None.
        strides: Pixels from one output to the next, or a pair (vertical, horizontal).
        padding: 'valid': none. 'same': zeros such that the output has ceil(size / stride) pixels, an odd one at the
            bottom and right. An int: as many zeros on each side. A pair: (vertical, horizontal), each an int or a pair
            (before, after).
        dilation_rate: Pixels from one tap to the next, or a pair.
        groups: Split input and output channels into groups; each output group reads its own input group.
        activation: 'linear' or 'relu', computed while y is written.
        data_format: 'channels_last', or 'channels_first' for x and y of shape (batch, channels, height, width).

    Returns:
        Tensor, shape (batch, out_height, out_width, out).

    Raises:
        ValueError: shapes do not match, or the kernel is larger than the padded input.
        TypeError: the element types differ.

    >>> conv2d(np.ones((1, 32, 32, 3), "float32"), np.ones((5, 5, 3, 6), "float32")).shape
    (1, 28, 28, 6)
    """
    x = convert_to_tensor(x)
    kernel = convert_to_tensor(kernel)
    bias = None if bias is None else convert_to_tensor(bias)
    if data_format == "channels_first":
        x = swap_layout(x, (0, 2, 3, 1))
        return swap_layout(conv2d(x, kernel, bias, strides, padding, dilation_rate, groups, activation), (0, 3, 1, 2))
    check_choices("conv2d", activation, data_format)
    strides = as_pair(strides, "conv2d", "strides")
    dilation = as_pair(dilation_rate, "conv2d", "dilation_rate")
    x_data, kernel_data, bias_data = x.data, kernel.data, None if bias is None else bias.data
    check_arrays(x_data, kernel_data, bias_data, groups)
    padding = as_padding("conv2d", padding, x_data.shape, kernel_data.shape, strides, dilation)
    y = kernels.conv2d_forward(x_data, kernel_data, bias_data, strides, padding, dilation, groups, activation)
    return record_conv2d(y, x, kernel, bias, strides, padding, dilation, groups, activation)


def record_conv2d(
    y: Array, x: Tensor, kernel: Tensor, bias: Tensor | None, strides: Pair, padding: Padding2d, dilation: Pair,
    groups: int = 1, activation: str = "linear",
) -> Tensor:
    """The kernel's result y as a Tensor, with a node on the open tapes.

    Args:
        y: Array, as of `conv2d_forward`.
        x, kernel, bias: The Tensors it was computed from.
        strides, padding, dilation, groups, activation: As for `conv2d_forward`.
    """
    x_data, kernel_data = x.data, kernel.data  # as they are now: a variable may be assigned to before backward runs
    need_dx, has_bias, mask = is_tracked(x), bias is not None, y if activation == "relu" else None

    def backward(dy):
        gradients = kernels.conv2d_backward(dy, x_data, kernel_data, mask, strides, padding, dilation, groups,
                                            activation, need_dx, True, has_bias)
        return gradients if has_bias else gradients[:2]

    inputs = (x, kernel, bias) if has_bias else (x, kernel)

    def differentiable(dy, y):
        dz = dy if mask is None else masked(dy, mask > 0)
        products = convolution_products(x_data.shape, kernel_data, strides, padding, dilation, groups)
        return product_gradients(dz, inputs, x_data, kernel_data, *products, need_dx)

    return record(y, inputs, backward, differentiable)


def convolution_products(
    x_shape: tuple[int, ...], kernel: Array, strides: Pair, padding: Padding2d, dilation: Pair, groups: int
) -> tuple[Callable[[Array, Array], Array], ...]:
    """The three products of a convolution, for `bilinear`: its gradients' gradients are convolutions again.

    Args:
        x_shape: Shape of x.
        kernel: Array of the kernel's shape.
        strides, padding, dilation, groups: As for `conv2d_forward`.

    Returns:
        Functions: y from (x, kernel), dx from (dy, kernel), dkernel from (dy, x).
    """
    geometry = strides, padding, dilation, groups
    x = np.broadcast_to(kernel.dtype.type(0), x_shape)  # only its shape counts in the input gradient
    return (
        lambda x, kernel: kernels.conv2d_forward(x, kernel, None, *geometry, "linear"),
        lambda dy, kernel: kernels.conv2d_backward(dy, x, kernel, None, *geometry, "linear", True, False, False)[0],
        lambda dy, x: kernels.conv2d_backward(dy, x, kernel, None, *geometry, "linear", False, True, False)[1],
    )


def conv2d_algorithms(
    x_shape: tuple[int, ...], kernel_shape: tuple[int, ...], strides: Any = 1, padding: Any = "valid",
    dilation_rate: Any = 1, groups: int = 1, dtype: str = "float32",
) -> dict[str, str]:
    """Which algorithm `conv2d` takes for arrays of these shapes, on this CPU and backend. Nothing is computed.

    "direct" sums the products as the formula does. "winograd2" and "winograd4" need 2.25 and 4 times fewer products.
    Where the exact sum is 0, as over black pixels, they may return 1e-8 instead, which a following ReLU keeps.

    Args:
        x_shape: (batch, height, width, in).
        kernel_shape: (height, width, in / groups, out).
        strides, padding, dilation_rate, groups: As for `conv2d`.
        dtype: 'float32' or 'float64'.

    Returns:
        dict with an algorithm's name for each of "forward", "input_gradient" and "weight_gradient".

    Raises:
        ValueError: shapes do not match, or the kernel is larger than the padded input.

    >>> with tn.backend("numpy"):
    ...     conv2d_algorithms((32, 28, 28, 1), (3, 3, 1, 8))["forward"]
    'direct'
    """
    strides = as_pair(strides, "conv2d_algorithms", "strides")
    dilation = as_pair(dilation_rate, "conv2d_algorithms", "dilation_rate")
    # Arrays for their shapes alone: one number that is repeated.
    x, kernel = (np.broadcast_to(np.zeros((), dtype), tuple(shape)) for shape in (x_shape, kernel_shape))
    check_arrays(x, kernel, None, groups)
    padding = as_padding("conv2d_algorithms", padding, x.shape, kernel.shape, strides, dilation)
    return kernels.conv2d_algorithm(x.shape, kernel, strides, padding, dilation, groups)


def conv1d(
    x: TensorLike, kernel: TensorLike, bias: TensorLike = None, strides: Any = 1, padding: Any = "valid",
    dilation_rate: Any = 1, groups: int = 1, activation: str = "linear", data_format: str = "channels_last",
) -> Tensor:
    """Slide filters over sequences: `conv2d` on images of height 1.

    Args:
        x: Tensor, shape (batch, steps, in).
        kernel: Tensor, shape (length, in / groups, out).
        bias, strides, dilation_rate, groups, activation: As for `conv2d`.
        padding: 'valid', 'same', 'causal' (zeros before the first step only: no output depends on later steps), an
            int, or a pair (before, after).
        data_format: 'channels_last', or 'channels_first' for (batch, in, steps).

    Returns:
        Tensor, shape (batch, out_steps, out).

    Raises:
        ValueError: shapes do not match, or the kernel is longer than the padded input.
        TypeError: the element types differ.

    >>> conv1d(np.ones((2, 10, 4), "float32"), np.ones((3, 4, 8), "float32"), padding="causal").shape
    (2, 10, 8)
    """
    x = convert_to_tensor(x)
    kernel = convert_to_tensor(kernel)
    if x.data.ndim != 3 or kernel.data.ndim != 3:
        raise ValueError(
            "conv1d: expected an input (batch, steps, in) and a kernel (length, in, out). "
            f"Got input {x.shape}, kernel {kernel.shape}."
        )
    if data_format == "channels_first":
        return swap_layout(
            conv1d(swap_layout(x, (0, 2, 1)), kernel, bias, strides, padding, dilation_rate, groups, activation),
            (0, 2, 1),
        )
    stride = as_int(strides, "conv1d", "strides")
    dilation = as_int(dilation_rate, "conv1d", "dilation_rate")
    if padding == "causal":
        padding = (dilation * (kernel.shape[0] - 1), 0)
    along = padding if isinstance(padding, str) else (0, padding)
    y = conv2d(_insert_axis(x, 1), _insert_axis(kernel, 0), bias, (1, stride), along, (1, dilation), groups,
               activation, data_format)
    return _reshaped(y, (y.shape[0], *y.shape[2:]))


def check_arrays(x: Array, kernel: Array, bias: Array | None, groups: int) -> None:
    """Refuse arrays that do not fit together.

    Raises:
        ValueError: the shapes do not match, or the channels cannot be split into groups.
        TypeError: the element types differ.
    """
    check_images("conv2d", x, kernel, KERNEL_LAYOUT)
    if groups != 1:
        as_int(groups, "conv2d", "groups")
    depth, filters = kernel.shape[2:]
    if depth * groups == x.shape[3] and filters % groups:
        raise ValueError(
            f"conv2d: {filters} output channels cannot be split into {groups} groups. Got kernel {kernel.shape}. "
            f"{KERNEL_LAYOUT}"
        )
    check_kernel("conv2d", KERNEL_LAYOUT, x, kernel, bias, depth, filters, groups)


def _insert_axis(x, axis):
    return _reshaped(x, (*x.data.shape[:axis], 1, *x.data.shape[axis:]))


def _reshaped(x, shape):
    before = x.data.shape
    return record(x.data.reshape(shape), (x,), lambda dy: (dy.reshape(before),),
                  lambda dy, y: (_reshaped(dy, before),))
