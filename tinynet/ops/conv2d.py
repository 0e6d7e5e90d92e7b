"""Convolution of images with channels last (cross-correlation, as in every framework).

    y[n, i, j, f] = bias[f] + sum over p, q, c of x[n, i*stride + p*dilation - top, j*stride + q*dilation - left, c] *
    kernel[p, q, c, f]

where x counts as zero outside the image, and an activation may follow.
"""

import operator

import numpy as np

from ..config import image_data_format
from ..runtime import kernels
from ..tape import is_tracked, record
from ..tensor import convert_to_tensor

KERNEL_LAYOUT = "Kernel layout is (height, width, in / groups, out)."


# The references. Each sums over the taps (p, q): one tap is a matrix product between the pixels it sees and its
# weights.


def _output_size(size, kernel, stride, padding, dilation):
    return max(0, (size + sum(padding) - dilation * (kernel - 1) - 1) // stride + 1)


def _seen_by_tap(p, q, strides, dilation, out_height, out_width):
    """The view of the padded input that tap (p, q) sees: one pixel for each output pixel."""
    rows = p * dilation[0] + strides[0] * np.arange(out_height)
    cols = q * dilation[1] + strides[1] * np.arange(out_width)
    return (slice(None), rows[:, None], cols)


def _pad(x, padding):
    return np.pad(x, ((0, 0), *padding, (0, 0)))


def conv2d_forward(x, kernel, bias, strides, padding, dilation, groups, activation, algorithm="auto"):
    """Reference: y = activation(sum over taps of the shifted x @ kernel[p, q], + bias).

    Args:
        x: (batch, height, width, in).
        kernel: (height, width, in / groups, out).
        bias: (out,) or None.
        strides: (vertical, horizontal).
        padding: ((top, bottom), (left, right)).
        dilation: (vertical, horizontal).
        groups: Output group g sees input group g only.
        activation: 'linear' or 'relu'.
        algorithm: Ignored here; the compiled kernel's tests choose with it.
    """
    kernel_height, kernel_width, depth, filters = kernel.shape
    out_height, out_width = map(_output_size, x.shape[1:3], kernel.shape[:2], strides, padding, dilation)
    padded = _pad(x, padding)
    columns = filters // groups
    y = np.zeros((x.shape[0], out_height, out_width, filters), x.dtype)
    for p in range(kernel_height):
        for q in range(kernel_width):
            seen = padded[_seen_by_tap(p, q, strides, dilation, out_height, out_width)]
            for g in range(groups):
                out, into = slice(g * columns, (g + 1) * columns), slice(g * depth, (g + 1) * depth)
                y[..., out] += seen[..., into] @ kernel[p, q, :, out]
    if bias is not None:
        y += bias
    return np.where(y < 0, y.dtype.type(0), y) if activation == "relu" else y


def conv2d_backward(dy, x, kernel, y, activation, strides, padding, dilation, groups, need_dx, need_dkernel, has_bias,
                    algorithm="auto"):
    """Reference: each tap's matrix product y += seen @ kernel[p, q] read backwards.

    d seen = dy @ kernel[p, q].T        d kernel[p, q] = sum over pixels of seen.T @ dy        d bias = sum over pixels
    of dy

    For ReLU, dy first loses the places where y is not positive.

    Returns:
        (dx, dkernel, dbias), None where not asked for.
    """
    kernel_height, kernel_width, depth, filters = kernel.shape
    out_height, out_width = dy.shape[1:3]
    if activation == "relu":
        dy = np.where(y > 0, dy, dy.dtype.type(0))
    padded = _pad(x, padding)
    columns = filters // groups
    dpadded = np.zeros_like(padded)
    dkernel = np.zeros_like(kernel)
    for p in range(kernel_height):
        for q in range(kernel_width):
            where = _seen_by_tap(p, q, strides, dilation, out_height, out_width)
            seen, dseen = padded[where], np.zeros(dy.shape[:3] + x.shape[3:], x.dtype)
            for g in range(groups):
                out, into = slice(g * columns, (g + 1) * columns), slice(g * depth, (g + 1) * depth)
                dseen[..., into] = dy[..., out] @ kernel[p, q, :, out].T
                dkernel[p, q, :, out] = np.tensordot(seen[..., into], dy[..., out], axes=((0, 1, 2), (0, 1, 2)))
            dpadded[where] += dseen
    (top, _), (left, _) = padding
    dx = dpadded[:, top : top + x.shape[1], left : left + x.shape[2]] if need_dx else None
    return dx, dkernel if need_dkernel else None, dy.sum(axis=(0, 1, 2)) if has_bias else None


def conv2d_algorithm(x_shape, kernel, strides, padding, dilation, groups):
    """Which algorithm each pass runs. The reference has only the direct one."""
    return {"forward": "direct", "input_gradient": "direct", "weight_gradient": "direct"}


# What users call.


def conv_output_size(size, kernel, stride=1, padding=0, dilation=1, strict=False):
    """How many places a window of side `kernel` has along an axis of length `size`.

    (W - K + 2P)/S + 1, rounded down, with K stretched to dilation*(K - 1) + 1.

    Args:
        size: W, length of the input.
        kernel: K, length of the window.
        stride: S, distance between places.
        padding: P zeros on both sides, or a pair (before, after), or 'valid' (none) or 'same' (W/S places, rounded up).
        dilation: Distance between the window's taps.
        strict: Refuse a window that does not end flush with the input, as a textbook does.

    Returns:
        The number of places.

    Raises:
        ValueError: the window is larger than the padded input; or, if `strict`, the division leaves a rest.

    >>> conv_output_size(32, 5)
    28
    >>> conv_output_size(7, 3, stride=2)
    3
    >>> conv_output_size(7, 3, stride=3, strict=True)
    Traceback (most recent call last):
    ...
    ValueError: conv_output_size: a window of 3 does not fit 7 + 0 zeros in steps of 3: ... = 2.333, not a whole...
    """
    before, after = _axis_padding("conv_output_size", padding, size, kernel, stride, dilation)
    span = dilation * (kernel - 1) + 1
    free = size - span + before + after
    if free < 0:
        raise ValueError(
            f"conv_output_size: a window of {_span(kernel, dilation)} does not fit an input of {size} + "
            f"{before + after} zeros: "
            f"(W - K + 2P)/S + 1 = ({size} - {span} + {before + after})/{stride} + 1 = {free / stride + 1:.4g}. "
            "Use a smaller window or padding='same'."
        )
    if strict and free % stride:
        raise ValueError(
            f"conv_output_size: a window of {_span(kernel, dilation)} does not fit {size} + {before + after} zeros in "
            f"steps of {stride}: "
            f"(W - K + 2P)/S + 1 = ({size} - {span} + {before + after})/{stride} + 1 = {free / stride + 1:.4g}, not a "
            "whole number. "
            "Change the padding, the stride or the window."
        )
    return free // stride + 1


def conv2d(x, kernel, bias=None, strides=1, padding="valid", dilation_rate=1, groups=1, activation="linear",
           data_format="channels_last"):
    """Slide filters over images.

    y[n, i, j, f] = activation(bias[f] + sum over p, q, c of x[n, i*s + p*d - top, j*s + q*d - left, c] * kernel[p, q,
    c, f])

    Args:
        x: Tensor, shape (batch, height, width, in).
        kernel: Tensor, shape (height, width, in / groups, out).
        bias: Tensor, shape (out,), or None.
        strides: Pixels from one output to the next, or a pair (vertical, horizontal).
        padding: 'valid': none. 'same': zeros such that the output has ceil(size / stride) pixels, an odd one at the
            bottom and right. An int: as many zeros on each side. A pair: (vertical, horizontal), each an int or a pair
            (before, after).
        dilation_rate: Pixels from one tap to the next, or a pair.
        groups: Split input and output channels into groups; each output group sees its own input group.
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
    if data_format != "channels_last":
        raise ValueError(f"conv2d: data_format must be 'channels_last' or 'channels_first', got {data_format!r}")
    if activation not in ("linear", "relu"):
        raise ValueError(
            f"conv2d: activation must be 'linear' or 'relu', got {activation!r}; apply others to the result"
        )
    strides = as_pair(strides, "conv2d", "strides")
    dilation = as_pair(dilation_rate, "conv2d", "dilation_rate")
    x_data, kernel_data = x.data, kernel.data  # as they are now: a variable may be assigned to before backward runs
    bias_data = None if bias is None else bias.data
    _check(x_data, kernel_data, bias_data, groups)
    padding = as_padding("conv2d", padding, x_data.shape, kernel_data.shape, strides, dilation)
    y = kernels.conv2d_forward(x_data, kernel_data, bias_data, strides, padding, dilation, groups, activation)
    need_dx, mask = is_tracked(x), y if activation == "relu" else None

    def backward(dy):
        gradients = kernels.conv2d_backward(dy, x_data, kernel_data, mask, activation, strides, padding, dilation,
                                            groups, need_dx, True, bias_data is not None)
        return gradients if bias_data is not None else gradients[:2]

    return record(y, (x, kernel) if bias is None else (x, kernel, bias), backward)


def conv(inputs, kernel, strides=1, padding="valid", data_format=None, dilation_rate=1):
    """Keras's name for `conv1d` and `conv2d`: which of them, the kernel's number of axes says.

    Args:
        inputs: Tensor, shape (batch, steps, in) or (batch, height, width, in).
        kernel: Tensor, shape (length, in / groups, out) or (height, width, in / groups, out).
        strides, padding, dilation_rate: As for `conv2d`.
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.

    Raises:
        ValueError: the number of axes is another one; volumes are convolved by keras.layers.Conv3D.
    """
    inputs, kernel = convert_to_tensor(inputs), convert_to_tensor(kernel)
    if kernel.ndim not in (3, 4) or inputs.ndim != kernel.ndim:
        raise ValueError(f"conv: expected inputs and kernel of 3 axes each (sequences) or 4 (images), got "
                         f"{inputs.shape} and {kernel.shape}; for volumes use keras.layers.Conv3D")
    data_format = data_format or image_data_format()
    channels = inputs.shape[1 if data_format == "channels_first" else -1]
    groups = max(1, channels // kernel.shape[-2])
    operation = conv1d if kernel.ndim == 3 else conv2d
    return operation(inputs, kernel, None, strides, padding, dilation_rate, groups, data_format=data_format)


def conv1d(x, kernel, bias=None, strides=1, padding="valid", dilation_rate=1, groups=1, activation="linear",
           data_format="channels_last"):
    """Slide filters over sequences: `conv2d` on images of height 1.

    Args:
        x: Tensor, shape (batch, steps, in).
        kernel: Tensor, shape (length, in / groups, out).
        bias, strides, dilation_rate, groups, activation: As for `conv2d`.
        padding: 'valid', 'same', 'causal' (zeros before the first step only: no output sees the future), an int, or a
            pair (before, after).
        data_format: 'channels_last', or 'channels_first' for (batch, in, steps).

    Returns:
        Tensor, shape (batch, out_steps, out).

    >>> conv1d(np.ones((2, 10, 4), "float32"), np.ones((3, 4, 8), "float32"), padding="causal").shape
    (2, 10, 8)
    """
    x = convert_to_tensor(x)
    kernel = convert_to_tensor(kernel)
    if x.data.ndim != 3 or kernel.data.ndim != 3:
        raise ValueError(
            f"conv1d: expected an input (batch, steps, in) and a kernel (length, in, out), got input {x.shape}, kernel "
            f"{kernel.shape}"
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


# Checks and conversions, shared with the other convolutions.


def as_int(value, operation, name):
    """A positive int."""
    if isinstance(value, tuple | list) and len(value) == 1:
        value = value[0]
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{operation}: {name} must be a positive int, got {value!r}") from None
    if number < 1 or isinstance(value, bool):
        raise ValueError(f"{operation}: {name} must be a positive int, got {value!r}")
    return number


def as_pair(value, operation, name):
    """(vertical, horizontal) from an int or a pair."""
    if type(value) is int and value > 0:
        return (value, value)
    if isinstance(value, tuple | list):
        if len(value) != 2:
            raise ValueError(f"{operation}: {name} must be an int or a pair (vertical, horizontal), got {value!r}")
        return (as_int(value[0], operation, name), as_int(value[1], operation, name))
    number = as_int(value, operation, name)
    return (number, number)


def as_padding(operation, padding, x_shape, kernel_shape, strides, dilation):
    """((top, bottom), (left, right)) from any form of `padding`; refuses a kernel larger than the padded input."""
    if isinstance(padding, str) or not isinstance(padding, tuple | list):
        padding = (padding, padding)
    elif len(padding) != 2:
        raise ValueError(
            f"{operation}: padding must be 'valid', 'same', an int, or a pair (vertical, horizontal), got {padding!r}"
        )
    vertical = _axis_padding(operation, padding[0], x_shape[1], kernel_shape[0], strides[0], dilation[0])
    horizontal = _axis_padding(operation, padding[1], x_shape[2], kernel_shape[1], strides[1], dilation[1])
    for name, axis, zeros in (("height", 0, vertical), ("width", 1, horizontal)):
        size, kernel, stride = x_shape[axis + 1], kernel_shape[axis], strides[axis]
        span = dilation[axis] * (kernel - 1) + 1
        free = size - span + sum(zeros)
        if free < 0:
            raise ValueError(
                f"{operation}: the kernel is larger than the padded input. Got input {tuple(x_shape)}, kernel "
                f"{tuple(kernel_shape)}: "
                f"{name} {_span(kernel, dilation[axis])} against {size} + {sum(zeros)} zeros, "
                f"so the output would have (W - K + 2P)/S + 1 = ({size} - {span} + {sum(zeros)})/{stride} + 1 = "
                f"{free / stride + 1:.4g} "
                f"places. Use a smaller kernel or padding='same'."
            )
    return (vertical, horizontal)


def _axis_padding(operation, padding, size, kernel, stride, dilation):
    """(before, after) along one axis."""
    if padding == "valid":
        return (0, 0)
    if padding == "same":
        total = max(0, (-(-size // stride) - 1) * stride + dilation * (kernel - 1) + 1 - size)
        return (total // 2, total - total // 2)
    pair = tuple(padding) if isinstance(padding, tuple | list) else (padding, padding)
    try:
        pair = tuple(map(operator.index, pair))
    except TypeError:
        pair = ()
    if len(pair) != 2 or min(pair) < 0:
        raise ValueError(
            f"{operation}: padding must be 'valid', 'same', or zeros per side as an int or a pair (before, after), got "
            f"{padding!r}"
        )
    return pair


def _span(kernel, dilation):
    return f"{kernel}" if dilation == 1 else f"{kernel} (dilated to {dilation * (kernel - 1) + 1})"


def _check(x, kernel, bias, groups):
    """Refuse arrays that do not fit together."""
    if x.ndim != 4 or kernel.ndim != 4:
        hint = " Add a channel axis with x[..., None]." if x.ndim == 3 else ""
        raise ValueError(
            "conv2d: expected an input (batch, height, width, in) and a kernel (height, width, in, out). Got input "
            f"{x.shape}, "
            f"kernel {kernel.shape}.{hint}"
        )
    if groups != 1:
        as_int(groups, "conv2d", "groups")
    channels, depth, filters = x.shape[3], kernel.shape[2], kernel.shape[3]
    if depth * groups != channels:
        grouped = f" in each of {groups} groups" if groups != 1 else ""
        raise ValueError(
            f"conv2d: input has {channels} channels but kernel expects {depth}{grouped}. Got input {x.shape}, kernel "
            f"{kernel.shape}. "
            f"{KERNEL_LAYOUT}"
        )
    if filters % groups:
        raise ValueError(
            f"conv2d: {filters} output channels cannot be split into {groups} groups. Got kernel {kernel.shape}. "
            f"{KERNEL_LAYOUT}"
        )
    if 0 in kernel.shape[:2]:
        raise ValueError(f"conv2d: the kernel has no taps. Got kernel {kernel.shape}. {KERNEL_LAYOUT}")
    if x.dtype.kind != "f" or kernel.dtype != x.dtype or (bias is not None and bias.dtype != x.dtype):
        types = f"input {x.dtype}, kernel {kernel.dtype}" + ("" if bias is None else f", bias {bias.dtype}")
        raise TypeError(f"conv2d: all arrays must be float32, or all float64, got {types}; convert with astype")
    if bias is not None and bias.shape != (filters,):
        raise ValueError(
            f"conv2d: bias has shape {bias.shape} but the kernel has {filters} filters. Got kernel {kernel.shape}. "
            f"{KERNEL_LAYOUT}"
        )


def swap_layout(x, axes):
    """Transpose, recorded."""
    inverse = np.argsort(axes)
    return record(np.ascontiguousarray(x.data.transpose(axes)), (x,),
                  lambda dy: (np.ascontiguousarray(dy.transpose(inverse)),))


def _insert_axis(x, axis):
    return _reshaped(x, (*x.data.shape[:axis], 1, *x.data.shape[axis:]))


def _reshaped(x, shape):
    before = x.data.shape
    return record(x.data.reshape(shape), (x,), lambda dy: (dy.reshape(before),))
