"""What all operations on windows of images share: sizes and padding, arguments in one form, checks with messages."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.checks import missing_axis
from ..core.recording import dense
from ..core.types import Array, Padding2d, Pair
from ..tape import record
from ..tensor import Tensor
from .arguments import check_data_format

__all__ = [
    "as_int", "as_padding", "as_pair", "check_choices", "check_data_format", "check_images", "check_kernel",
    "conv_output_size", "same_padding", "swap_layout", "window_output_size",
]


def window_output_size(
    size: int, window: int, stride: int = 1, padding: str | Pair = "valid", dilation: int = 1
) -> int:
    """How many windows fit along an axis: (W - K + P) // S + 1, and 0 if none does.

    K = dilation*(window - 1) + 1 is the extent of the dilated window. Convolution, pooling, and patches of images all
    use this function; `conv_output_size` is the same with checks.

    Args:
        size: W, length of the axis.
        window: Number of taps of the window.
        stride: S, distance between neighbouring windows.
        padding: (zeros before, zeros after), P in sum; 'valid' for none; 'same' for ceil(W / S) windows.
        dilation: Distance between neighbouring taps.

    >>> window_output_size(7, 3, stride=2), window_output_size(7, 3, stride=2, padding="same")
    (3, 4)
    """
    if padding == "same":
        return -(-size // stride)
    zeros = 0 if isinstance(padding, str) else sum(padding)
    return max(0, (size + zeros - dilation * (window - 1) - 1) // stride + 1)


def same_padding(size: int, window: int, stride: int = 1, dilation: int = 1) -> Pair:
    """(before, after): the zeros of padding='same', such that ceil(size / stride) windows fit; an odd one comes after.

    >>> same_padding(7, 4, stride=2)
    (1, 2)
    """
    total = max(0, (-(-size // stride) - 1) * stride + dilation * (window - 1) + 1 - size)
    return (total // 2, total - total // 2)


def conv_output_size(
    size: int, kernel: int, stride: int = 1, padding: str | int | Pair = 0, dilation: int = 1, strict: bool = False
) -> int:
    """Return how many windows fit along an axis, with every argument checked.

    (W - K + 2P)/S + 1, rounded down, with K the extent of the dilated window, dilation*(kernel - 1) + 1.

    Args:
        size: W, length of the input.
        kernel: Number of taps of the window.
        stride: S, distance between neighbouring windows.
        padding: P zeros on both sides, a pair (before, after), 'valid' (none) or 'same' (W/S windows, rounded up).
        dilation: Distance between neighbouring taps of the window.
        strict: Refuse a window that does not end flush with the input, as a textbook does.

    Returns:
        The number of windows: the length of the output.

    Raises:
        ValueError: the window is larger than the padded input; with `strict`, the division leaves a remainder; a
            window, stride or dilation is below 1.
        TypeError: a size is not an int.

    >>> conv_output_size(32, 5)
    28
    >>> conv_output_size(7, 3, stride=2)
    3
    >>> conv_output_size(7, 3, stride=3, strict=True)
    Traceback (most recent call last):
    ...
    ValueError: conv_output_size: a window of 3 does not fit 7 + 0 zeros in steps of 3: ... = 2.333, not a whole...
    """
    operation = "conv_output_size"
    kernel, stride = as_int(kernel, operation, "kernel"), as_int(stride, operation, "stride")
    dilation = as_int(dilation, operation, "dilation")
    size = size if size == 0 else as_int(size, operation, "size")
    zeros = sum(_axis_padding(operation, padding, size, kernel, stride, dilation))
    free = size - _extent(kernel, dilation) + zeros
    if free < 0:
        raise ValueError(
            f"{operation}: a window of {_described(kernel, dilation)} does not fit an input of {size} + {zeros} zeros: "
            f"{_formula(size, kernel, stride, zeros, dilation)}. Use a smaller window or padding='same'."
        )
    if strict and free % stride:
        raise ValueError(
            f"{operation}: a window of {_described(kernel, dilation)} does not fit {size} + {zeros} zeros in steps of "
            f"{stride}: {_formula(size, kernel, stride, zeros, dilation)}, not a whole number. "
            "Change the padding, the stride or the window."
        )
    return window_output_size(size, kernel, stride, (0, zeros), dilation)


def as_int(value: Any, operation: str, name: str) -> int:
    """`value` as a positive int; a list of a single one counts too.

    Raises:
        TypeError: it is not an int.
        ValueError: it is below 1.
    """
    if isinstance(value, tuple | list) and len(value) == 1:
        value = value[0]
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{operation}: {name} must be a positive int, got {value!r}") from None
    if number < 1 or isinstance(value, bool):
        raise ValueError(f"{operation}: {name} must be a positive int, got {value!r}")
    return number


def as_pair(value: Any, operation: str, name: str) -> Pair:
    """(vertical, horizontal) from a positive int or a pair of them.

    Raises:
        TypeError: a number is not an int.
        ValueError: a number is below 1, or there are not two.
    """
    if type(value) is int and value > 0:
        return (value, value)
    if type(value) is tuple and len(value) == 2:  # what layers hold
        vertical, horizontal = value
        if type(vertical) is int and type(horizontal) is int and vertical > 0 and horizontal > 0:
            return value
    if isinstance(value, tuple | list):
        if len(value) != 2:
            raise ValueError(f"{operation}: {name} must be an int or a pair (vertical, horizontal), got {value!r}")
        return (as_int(value[0], operation, name), as_int(value[1], operation, name))
    number = as_int(value, operation, name)
    return (number, number)


def as_padding(
    operation: str, padding: Any, x_shape: Sequence[int], kernel_shape: Sequence[int], strides: Pair, dilation: Pair
) -> Padding2d:
    """((top, bottom), (left, right)) from any form of `padding`.

    Args:
        operation: The operation's name, for the message.
        padding: 'valid', 'same', an int, or a pair (vertical, horizontal), each of these or a pair (before, after).
        x_shape: (batch, height, width, channels).
        kernel_shape: (height, width, ...).
        strides, dilation: (vertical, horizontal).

    Raises:
        ValueError: the kernel is larger than the padded input, or `padding` has none of these forms.
    """
    if type(padding) is str and type(x_shape) is type(kernel_shape) is tuple:  # in most calls of layers
        return _named_padding(operation, padding, x_shape, kernel_shape, strides, dilation)
    return _padding(operation, padding, x_shape, kernel_shape, strides, dilation)


def _padding(operation, padding, x_shape, kernel_shape, strides, dilation):
    if isinstance(padding, str) or not isinstance(padding, tuple | list):
        padding = (padding, padding)
    elif len(padding) != 2:
        raise ValueError(
            f"{operation}: padding must be 'valid', 'same', an int, or a pair (vertical, horizontal), got {padding!r}"
        )
    vertical = _axis_padding(operation, padding[0], x_shape[1], kernel_shape[0], strides[0], dilation[0])
    horizontal = _axis_padding(operation, padding[1], x_shape[2], kernel_shape[1], strides[1], dilation[1])
    for name, axis, pair in (("height", 0, vertical), ("width", 1, horizontal)):
        size, kernel, stride, zeros = x_shape[axis + 1], kernel_shape[axis], strides[axis], sum(pair)
        if size + zeros < _extent(kernel, dilation[axis]):
            raise ValueError(
                f"{operation}: the kernel is larger than the padded input. Got input {tuple(x_shape)}, "
                f"kernel {tuple(kernel_shape)}: {name} {_described(kernel, dilation[axis])} against {size} + {zeros} "
                f"zeros, so the output would have {_formula(size, kernel, stride, zeros, dilation[axis])} windows. "
                "Use a smaller kernel or padding='same'."
            )
    return (vertical, horizontal)


# A network calls the same layers on the same shapes again and again. Looking a padding up takes a tenth of the time.
_named_padding = functools.lru_cache(maxsize=1024)(_padding)


def _axis_padding(operation, padding, size, kernel, stride, dilation):
    """(before, after) along one axis."""
    if padding == "valid":
        return (0, 0)
    if padding == "same":
        return same_padding(size, kernel, stride, dilation)
    pair = tuple(padding) if isinstance(padding, tuple | list) else (padding, padding)
    try:
        pair = tuple(map(operator.index, pair))
    except TypeError:
        pair = ()
    if len(pair) != 2 or min(pair) < 0:
        raise ValueError(
            f"{operation}: padding must be 'valid', 'same', or zeros per side as an int or a pair (before, after), "
            f"got {padding!r}"
        )
    return pair


def _extent(kernel, dilation):
    """The number of elements from a window's first tap to its last."""
    return dilation * (kernel - 1) + 1


def _described(kernel, dilation):
    return f"{kernel}" if dilation == 1 else f"{kernel} (dilated to {_extent(kernel, dilation)})"


def _formula(size, kernel, stride, zeros, dilation):
    """The number of windows, worked out for a message."""
    extent = _extent(kernel, dilation)
    result = (size - extent + zeros) / stride + 1
    return f"(W - K + 2P)/S + 1 = ({size} - {extent} + {zeros})/{stride} + 1 = {result:.4g}"


def check_choices(operation: str, activation: str, data_format: str) -> None:
    """Refuse an unknown data format, and an activation that the kernels do not compute.

    Raises:
        ValueError: an argument is none of the choices.
    """
    check_data_format(operation, data_format)
    if activation not in ("linear", "relu"):
        raise ValueError(
            f"{operation}: activation must be 'linear' or 'relu', got {activation!r}; apply others to the result"
        )


def check_kernel(
    operation: str, layout: str, x: Array, kernel: Array, bias: Array | None, inputs: int, filters: int, groups: int = 1
) -> None:
    """Refuse a kernel and a bias that do not fit the input.

    Args:
        operation: The operation's name, for the message.
        layout: The kernel's layout, for the message.
        x: (batch, height, width, channels).
        kernel: (height, width, ...).
        bias: Array, or None.
        inputs: How many input channels the kernel expects in each group.
        filters: How many output channels there are.
        groups: Into how many groups the channels are split.

    Raises:
        ValueError: the channels differ, the kernel has no taps, or the bias does not have one element a filter.
        TypeError: the element types differ, or are no floats.
    """
    channels = x.shape[3]
    if inputs * groups != channels:
        grouped = f" in each of {groups} groups" if groups != 1 else ""
        raise ValueError(
            f"{operation}: input has {channels} channels but kernel expects {inputs}{grouped}. "
            f"Got input {x.shape}, kernel {kernel.shape}. {layout}"
        )
    if 0 in kernel.shape[:2]:
        raise ValueError(f"{operation}: the kernel has no taps. Got kernel {kernel.shape}. {layout}")
    if x.dtype.kind != "f" or kernel.dtype != x.dtype or (bias is not None and bias.dtype != x.dtype):
        types = f"input {x.dtype}, kernel {kernel.dtype}" + ("" if bias is None else f", bias {bias.dtype}")
        raise TypeError(f"{operation}: all arrays must be float32, or all float64, got {types}; convert with astype")
    if bias is not None and bias.shape != (filters,):
        raise ValueError(
            f"{operation}: bias has shape {bias.shape} but the kernel has {filters} filters. "
            f"Got kernel {kernel.shape}. {layout}"
        )


def check_images(operation: str, x: Array, kernel: Array, layout: str) -> None:
    """Refuse arrays that are not images and a kernel of four axes.

    Raises:
        ValueError: an array has another number of axes.
    """
    if x.ndim != 4 or kernel.ndim != 4:
        hint = missing_axis(x.shape, 4, kernel.shape[2] if kernel.ndim == 4 else None)
        raise ValueError(
            f"{operation}: expected an input (batch, height, width, in) and a kernel of 4 axes. "
            f"Got input {x.shape}, kernel {kernel.shape}. {layout}{hint}"
        )


def swap_layout(x: Tensor, axes: Sequence[int]) -> Tensor:
    """Transpose a tensor into a dense one, recorded.

    Args:
        x: Tensor.
        axes: Which axis of x comes first, second, ...
    """
    inverse = np.argsort(axes).tolist()
    return record(dense(x.data.transpose(axes)), (x,), lambda dy: (dense(dy.transpose(inverse)),),
                  lambda dy, y: (swap_layout(dy, inverse),))
