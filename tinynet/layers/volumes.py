"""Layers for volumes, such as films or scans: convolution, pooling, borders; made of the operations on images."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .. import ops
from ..core.checks import choice, ints
from ..ops import padding as resize
from ..ops.average_pool2d import average_pool2d
from ..ops.conv2d import conv2d
from ..ops.max_pool2d import max_pool2d
from ..ops.windows import same_padding, window_output_size
from .arguments import standard_data_format
from .convolution import GroupedConvolution
from .layouts import both_data_formats
from .pooling import GlobalPooling, Pooling
from .resizing import Cropping, ResizingLayer, ZeroPadding, borders

if TYPE_CHECKING:
    from ..core.types import Config, Sizes
    from ..tensor import Tensor
    from .weight_spec import ActivationLike, InitializerLike


@both_data_formats
def conv3d(x: Tensor, kernel: Tensor, bias: Tensor | None = None, strides: tuple[int, ...] = (1, 1, 1),
           padding: str = "valid", dilation_rate: tuple[int, ...] = (1, 1, 1), groups: int = 1,
           activation: str = "linear") -> Tensor:
    """A convolution over volumes: for each slice of the kernel along the depth, one over images; their sum.

    Args:
        x: Tensor, shape (batch, depth, height, width, channels).
        kernel: Shape (depth, height, width, channels / groups, filters).
        bias: Shape (filters,), or None.
        strides, padding, dilation_rate, groups: As for `ops.conv2d`, with three axes.
        activation: 'linear' or 'relu'.

    Returns:
        Tensor, shape (batch, out_depth, out_height, out_width, filters).

    Raises:
        ValueError: the kernel is larger than the padded input.
    """
    if padding == "same":
        zeros = same_padding(x.shape[1], kernel.shape[0], strides[0], dilation_rate[0])
        x = resize.zero_pad(x, (zeros, (0, 0), (0, 0)))
    slices = window_output_size(x.shape[1], kernel.shape[0], strides[0], dilation=dilation_rate[0])
    if slices < 1:
        raise ValueError(f"conv3d: the kernel {kernel.shape[:3]} is larger than the input {x.shape}")
    y: Any = None
    for p in range(kernel.shape[0]):
        start = p * dilation_rate[0]
        part = x[:, start:start + (slices - 1) * strides[0] + 1:strides[0]]
        images = ops.reshape(part, (x.shape[0] * slices, *x.shape[2:]))
        term = conv2d(images, kernel[p], strides=strides[1:], padding=padding, dilation_rate=dilation_rate[1:],
                      groups=groups)
        y = term if y is None else y + term
    y = ops.reshape(y, (x.shape[0], slices, *y.shape[1:]))
    y = y if bias is None else y + bias
    return ops.relu(y) if activation == "relu" else y


class Conv3D(GroupedConvolution):
    """Filters that slide over volumes.

    Args:
        filters: Channels of the output.
        kernel_size: Depth, height and width of a filter, or an int for all.
        strides: Steps from one output to the next along each axis.
        padding: 'valid' or 'same'.
        data_format, dilation_rate, groups, activation, use_bias, kernel_initializer, bias_initializer, ...: As for
            `Conv2D`, with three axes.

    Shapes: (batch, depth, height, width, channels) -> (batch, out_depth, out_height, out_width, filters); kernel
    (depth, height, width, channels / groups, filters).

    Raises:
        ValueError: a size is below 1, or `padding` is another word; when called, the kernel is larger than the input.

    >>> Conv3D(4, 3)(np.ones((1, 5, 8, 8, 2))).shape
    (1, 3, 6, 6, 4)
    """

    def __init__(self, filters: int, kernel_size: Sizes, strides: Sizes = (1, 1, 1), padding: str = "valid",
                 data_format: str | None = None, dilation_rate: Sizes = (1, 1, 1), groups: int = 1,
                 activation: ActivationLike = None, use_bias: bool = True,
                 kernel_initializer: InitializerLike = "glorot_uniform", bias_initializer: InitializerLike = "zeros",
                 **kwargs: Any) -> None:
        super().__init__(3, filters, kernel_size, groups, strides=strides, padding=padding, data_format=data_format,
                         dilation_rate=dilation_rate, activation=activation, use_bias=use_bias,
                         kernel_initializer=kernel_initializer, bias_initializer=bias_initializer, **kwargs)
        choice(self.padding, "Conv3D", "padding", ("valid", "same"))

    def call(self, x: Tensor) -> Tensor:
        return self._finish(conv3d, x, self.kernel, self.bias, strides=self.strides, padding=self.padding,
                            dilation_rate=self.dilation_rate, groups=self.groups)


def _pool3d(pool2d: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Pooling of volumes from that of images: over height and width first, then over depth."""

    @both_data_formats
    def channels_last(x: Tensor, pool_size: tuple[int, ...], strides: tuple[int, ...], padding: str) -> Tensor:
        batch, depth = x.shape[:2]
        y = pool2d(ops.reshape(x, (batch * depth, *x.shape[2:])), pool_size[1:], strides[1:], padding)
        _, height, width, channels = y.shape
        y = ops.reshape(y, (batch, depth, height * width, channels))
        y = pool2d(y, (pool_size[0], 1), (strides[0], 1), padding)
        return ops.reshape(y, (batch, y.shape[1], height, width, channels))

    def pool(x: Tensor, pool_size: tuple[int, ...], strides: tuple[int, ...], padding: str,
             data_format: str) -> Tensor:
        return channels_last(x, pool_size, strides, padding, data_format=data_format)

    return pool


class MaxPooling3D(Pooling):
    """The largest value in each window of a volume.

    Args:
        pool_size: Depth, height and width of the window, or an int for all.
        strides: Steps between windows along each axis; `pool_size` if None.
        padding: 'valid' or 'same'.
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.

    Shapes: (batch, depth, height, width, channels) -> (batch, out_depth, out_height, out_width, channels).

    >>> MaxPooling3D(2)(np.ones((1, 4, 6, 8, 3))).shape
    (1, 2, 3, 4, 3)
    """

    rank, operation = 5, staticmethod(_pool3d(max_pool2d))

    def __init__(self, pool_size: Sizes = (2, 2, 2), strides: Sizes | None = None, padding: str = "valid",
                 data_format: str | None = None, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(pool_size, strides, padding, data_format, name, **kwargs)


class AveragePooling3D(MaxPooling3D):
    """The mean of each window of a volume. Padding does not count in the mean.

    Args:
        pool_size: Depth, height and width of the window, or an int for all.
        strides: Steps between windows along each axis; `pool_size` if None.
        padding: 'valid' or 'same'.
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.

    Shapes: (batch, depth, height, width, channels) -> (batch, out_depth, out_height, out_width, channels).

    >>> AveragePooling3D(2)(np.ones((1, 4, 6, 8, 3))).shape
    (1, 2, 3, 4, 3)
    """

    operation = staticmethod(_pool3d(average_pool2d))


class GlobalMaxPooling3D(GlobalPooling):
    """The largest value of each channel of volumes.

    Args:
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.
        keepdims: Leave the reduced axes with length 1.

    Shapes: (batch, depth, height, width, channels) -> (batch, channels).

    >>> GlobalMaxPooling3D()(np.ones((2, 4, 4, 4, 3))).shape
    (2, 3)
    """

    rank, operation = 5, staticmethod(ops.max)


class GlobalAveragePooling3D(GlobalPooling):
    """The mean of each channel of volumes.

    Args:
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.
        keepdims: Leave the reduced axes with length 1.

    Shapes: (batch, depth, height, width, channels) -> (batch, channels).

    >>> GlobalAveragePooling3D(keepdims=True)(np.ones((2, 4, 4, 4, 3))).shape
    (2, 1, 1, 1, 3)
    """

    rank, operation = 5, staticmethod(ops.mean)


class ZeroPadding3D(ZeroPadding):
    """Zeros around each volume.

    Args:
        padding: How many on every side, or one number for each axis, or a pair (before, after) for each.
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.

    Shapes: (batch, depth, height, width, channels) -> the same, each axis in the middle longer by its zeros.

    >>> ZeroPadding3D(1)(np.ones((1, 2, 3, 4, 5))).shape
    (1, 4, 5, 6, 5)
    """

    rank = 5

    def __init__(self, padding: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.padding = self._pairs = borders(padding, "ZeroPadding3D", "padding", 3)
        self.data_format = standard_data_format(data_format, "ZeroPadding3D")


class Cropping3D(Cropping):
    """Volumes without their borders.

    Args:
        cropping: How much to cut off on every side, or one number for each axis, or a pair (before, after) for each.
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.

    Shapes: (batch, depth, height, width, channels) -> the same, each axis in the middle shorter by its cut.

    Raises:
        ValueError: when called, nothing is left.

    >>> Cropping3D(1)(np.ones((1, 4, 5, 6, 2))).shape
    (1, 2, 3, 4, 2)
    """

    rank = 5

    def __init__(self, cropping: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cropping = self._pairs = borders(cropping, "Cropping3D", "cropping", 3)
        self.data_format = standard_data_format(data_format, "Cropping3D")

    def get_config(self) -> Config:
        return {**super().get_config(), "cropping": self.cropping, "data_format": self.data_format}


class UpSampling3D(ResizingLayer):
    """Every value of a volume `size` times along each axis.

    Args:
        size: How many times, or one number for each axis.
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.

    Shapes: (batch, depth, height, width, channels) -> (batch, size depth, size height, size width, channels).

    Raises:
        TypeError: `size` is no int.
        ValueError: it is below 1.

    >>> UpSampling3D((1, 2, 2))(np.ones((1, 2, 3, 4, 5))).shape
    (1, 2, 6, 8, 5)
    """

    rank = 5

    def __init__(self, size: Sizes = (2, 2, 2), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = ints(size, "UpSampling3D", "size", 3)
        self.data_format = standard_data_format(data_format, "UpSampling3D")

    def resize(self, x: Tensor) -> Tensor:
        return resize.upsample_nearest(x, self.size)

    def length(self, size: int, axis: int) -> int:
        return size * self.size[axis]

    def get_config(self) -> Config:
        return {**super().get_config(), "size": self.size, "data_format": self.data_format}


Convolution3D = Conv3D
MaxPool3D, AvgPool3D = MaxPooling3D, AveragePooling3D
GlobalMaxPool3D, GlobalAvgPool3D = GlobalMaxPooling3D, GlobalAveragePooling3D
