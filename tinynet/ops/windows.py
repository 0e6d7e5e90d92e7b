"""What all operations on windows of images share: their arguments in one form, and the checks with their messages."""

import operator

import numpy as np

from ..tape import record


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
        TypeError, ValueError: a size that is no int, or a window, stride or dilation below 1.

    >>> conv_output_size(32, 5)
    28
    >>> conv_output_size(7, 3, stride=2)
    3
    >>> conv_output_size(7, 3, stride=3, strict=True)
    Traceback (most recent call last):
    ...
    ValueError: conv_output_size: a window of 3 does not fit 7 + 0 zeros in steps of 3: ... = 2.333, not a whole...
    """
    kernel, stride, dilation = (
        as_int(value, "conv_output_size", name)
        for name, value in (("kernel", kernel), ("stride", stride), ("dilation", dilation))
    )
    size = size if size == 0 else as_int(size, "conv_output_size", "size")
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


def check_data_format(owner, data_format):
    """Refuse what is no data format.

    Raises:
        ValueError.
    """
    if data_format not in ("channels_last", "channels_first"):
        raise ValueError(f"{owner}: data_format must be 'channels_last' or 'channels_first', got {data_format!r}")


def check_choices(operation, activation, data_format):
    """Refuse a data format that is none, and an activation that the kernels have not.

    Raises:
        ValueError.
    """
    check_data_format(operation, data_format)
    if activation not in ("linear", "relu"):
        raise ValueError(
            f"{operation}: activation must be 'linear' or 'relu', got {activation!r}; apply others to the result"
        )


def check_kernel(operation, layout, x, kernel, bias):
    """Refuse a kernel without taps, and arrays of different element types.

    Raises:
        ValueError, TypeError.
    """
    if 0 in kernel.shape[:2]:
        raise ValueError(f"{operation}: the kernel has no taps. Got kernel {kernel.shape}. {layout}")
    if x.dtype.kind != "f" or kernel.dtype != x.dtype or (bias is not None and bias.dtype != x.dtype):
        types = f"input {x.dtype}, kernel {kernel.dtype}" + ("" if bias is None else f", bias {bias.dtype}")
        raise TypeError(f"{operation}: all arrays must be float32, or all float64, got {types}; convert with astype")


def swap_layout(x, axes):
    """Transpose, recorded."""
    inverse = np.argsort(axes)
    return record(np.ascontiguousarray(x.data.transpose(axes)), (x,),
                  lambda dy: (np.ascontiguousarray(dy.transpose(inverse)),))
