"""Operations that have one name in Keras for sequences and images: the rank of the input selects one."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.types import TensorLike
from ..tensor import Tensor, convert_to_tensor
from .conv2d import conv1d, conv2d
from .conv2d_transpose import conv2d_transpose
from .depthwise_conv2d import depthwise_conv2d
from .indexing import take
from .shape import expand_dims, squeeze, transpose


def _rank(name, inputs):
    inputs = convert_to_tensor(inputs)
    if len(inputs.shape) not in (3, 4):
        raise ValueError(f"{name}: inputs must be sequences (batch, steps, channels) or images (batch, height, width, "
                         f"channels), got shape {inputs.shape}; for volumes use keras.layers.Conv3D")
    return inputs, len(inputs.shape)


def _on_images(operation, name, inputs, kernel, strides, data_format, dilation_rate, **kwargs):
    """An operation on images; sequences are images of height 1."""
    inputs, rank = _rank(name, inputs)
    data_format = data_format or "channels_last"
    if rank == 4:
        return operation(inputs, kernel, strides=strides, data_format=data_format, dilation_rate=dilation_rate,
                         **kwargs)
    first = data_format == "channels_first"
    images = expand_dims(transpose(inputs, (0, 2, 1)) if first else inputs, 1)
    stride, dilation = (one[0] if isinstance(one, list | tuple) else one for one in (strides, dilation_rate))
    y = squeeze(operation(images, expand_dims(kernel, 0), strides=stride if operation is depthwise_conv2d
                          else (1, stride), dilation_rate=(1, dilation), **kwargs), 1)
    return transpose(y, (0, 2, 1)) if first else y


def conv(
    inputs: TensorLike, kernel: TensorLike, strides: Any = 1, padding: Any = "valid", data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Tensor:
    """Convolution of sequences (`conv1d`) or images (`conv2d`).

    Args:
        inputs: Shape (batch, steps, channels) or (batch, height, width, channels).
        kernel: Shape (steps, channels / groups, filters) or (height, width, channels / groups, filters).
        strides: Distance between neighbouring windows, or one for each axis.
        padding: 'valid', 'same', or what `conv1d` and `conv2d` take.
        data_format: 'channels_last' (also if None) or 'channels_first'.
        dilation_rate: Distance between neighbouring taps, or one for each axis.

    Returns:
        Tensor, shape (batch, ..., filters).

    Raises:
        ValueError: inputs are neither sequences nor images, or shapes do not match.
        TypeError: the element types differ.

    >>> conv(np.ones((1, 8, 2), "float32"), np.ones((3, 2, 4), "float32")).shape
    (1, 6, 4)
    """
    inputs, rank = _rank("conv", inputs)
    data_format = data_format or "channels_last"
    kernel = convert_to_tensor(kernel)
    depth = kernel.shape[-2] if len(kernel.shape) > 1 else 0  # conv1d and conv2d report a kernel that has no such axis
    groups = inputs.shape[1 if data_format == "channels_first" else -1] // depth if depth else 1
    if rank == 3:  # conv1d has lengths as numbers
        strides, dilation_rate = (one[0] if isinstance(one, list | tuple) else one for one in (strides, dilation_rate))
    return (conv1d if rank == 3 else conv2d)(inputs, kernel, strides=strides, padding=padding, groups=groups,
                                             dilation_rate=dilation_rate, data_format=data_format)


def conv_transpose(
    inputs: TensorLike, kernel: TensorLike, strides: Any = 1, padding: str = "valid", output_padding: Any = None,
    data_format: str | None = None, dilation_rate: Any = 1,
) -> Tensor:
    """Transposed convolution of sequences or images.

    Args:
        inputs: Shape (batch, steps, channels) or (batch, height, width, channels).
        kernel: Shape (steps, filters, channels) or (height, width, filters, channels).
        strides: By how much the axes grow, or one number for each.
        padding, output_padding: As for `conv2d_transpose`.
        data_format: 'channels_last' (also if None) or 'channels_first'.
        dilation_rate: Distance between neighbouring taps, or one for each axis.

    Returns:
        Tensor, shape (batch, ..., filters).

    Raises:
        ValueError: inputs are neither sequences nor images, or shapes do not match.
        TypeError: the element types differ.

    >>> x, kernel = np.float32([[[1], [2]]]), np.float32([[[1]], [[10]]])
    >>> conv_transpose(x, kernel, strides=2).numpy().ravel()
    array([ 1., 10.,  2., 20.], dtype=float32)
    """
    if output_padding is not None and len(convert_to_tensor(inputs).shape) == 3:
        output_padding = (0, output_padding[0] if isinstance(output_padding, list | tuple) else output_padding)
    return _on_images(conv2d_transpose, "conv_transpose", inputs, kernel, strides, data_format, dilation_rate,
                      padding=padding, output_padding=output_padding)


def depthwise_conv(
    inputs: TensorLike, kernel: TensorLike, strides: Any = 1, padding: Any = "valid", data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Tensor:
    """Depthwise convolution of sequences or images: each channel has its own filters.

    Args:
        inputs: Shape (batch, steps, channels) or (batch, height, width, channels).
        kernel: Shape (steps, channels, multiplier) or (height, width, channels, multiplier).
        strides, padding, data_format, dilation_rate: As for `conv`.

    Returns:
        Tensor, shape (batch, ..., channels * multiplier).

    Raises:
        ValueError: inputs are neither sequences nor images, or shapes do not match.
        TypeError: the element types differ.

    >>> x = np.float32([[[1, 10], [2, 20], [3, 30]]])  # 3 steps of 2 channels
    >>> depthwise_conv(x, np.ones((2, 2, 1), "float32")).tolist()
    [[[3.0, 30.0], [5.0, 50.0]]]
    """
    return _on_images(depthwise_conv2d, "depthwise_conv", inputs, kernel, strides, data_format, dilation_rate,
                      padding=padding)


def separable_conv(
    inputs: TensorLike, depthwise_kernel: TensorLike, pointwise_kernel: TensorLike, strides: Any = 1,
    padding: Any = "valid", data_format: str | None = None, dilation_rate: Any = 1,
) -> Tensor:
    """A depthwise convolution, then one with a window of 1, which mixes the channels.

    Args:
        inputs: Shape (batch, steps, channels) or (batch, height, width, channels).
        depthwise_kernel: As `kernel` of `depthwise_conv`.
        pointwise_kernel: Shape (1, channels * multiplier, filters) or (1, 1, channels * multiplier, filters).
        strides, padding, data_format, dilation_rate: As for `conv`, of the depthwise convolution.

    Returns:
        Tensor, shape (batch, ..., filters).

    Raises:
        ValueError: inputs are neither sequences nor images, or shapes do not match.
        TypeError: the element types differ.

    >>> x = np.float32([[[1, 10], [2, 20], [3, 30]]])  # 3 steps of 2 channels
    >>> ones = [np.ones((2, 2, 1), "float32"), np.ones((1, 2, 1), "float32")]
    >>> separable_conv(x, *ones).tolist()  # each sum of 2 steps, both channels added up
    [[[33.0], [55.0]]]
    """
    y = depthwise_conv(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return conv(y, pointwise_kernel, data_format=data_format)


def extract_sequences(x: TensorLike, sequence_length: int, sequence_stride: int) -> Tensor:
    """Windows of the last axis.

    Args:
        x: Tensor, shape (..., samples).
        sequence_length: Length of the windows.
        sequence_stride: Distance between neighbouring windows.

    Returns:
        Tensor, shape (..., windows, sequence_length).

    >>> extract_sequences(np.arange(5), 3, 2).numpy()
    array([[0, 1, 2],
           [2, 3, 4]])
    """
    x = convert_to_tensor(x)
    starts = np.arange(0, x.shape[-1] - sequence_length + 1, sequence_stride)
    return take(x, starts[:, None] + np.arange(sequence_length), axis=len(x.shape) - 1)
