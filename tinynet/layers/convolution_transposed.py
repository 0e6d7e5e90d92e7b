"""Transposed convolutions: each pixel is spread over a window."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .. import ops
from ..core.checks import choice, ints
from ..core.old_names import SPATIAL, WEIGHTS, old_arguments
from ..ops.conv2d_transpose import axis_geometry, conv2d_transpose
from .convolution import Convolution
from .layouts import both_data_formats, for_sequences
from .weight_spec import make_weight

if TYPE_CHECKING:
    from ..core.types import Config, Pair, Shape, Sizes
    from ..tensor import Tensor
    from ..variable import Variable
    from .weight_spec import ActivationLike, InitializerLike


class _TransposedConvolution(Convolution):
    """What the transposed convolutions share. A subclass names its `operation`."""

    operation: Callable[..., Tensor]

    def __init__(self, rank: int, filters: int, kernel_size: Sizes, strides: Sizes, padding: str,
                 output_padding: Sizes | None, *args: Any, **kwargs: Any) -> None:
        super().__init__(rank, filters, kernel_size, strides, padding, *args, **kwargs)
        owner = type(self).__name__
        choice(self.padding, owner, "padding", ("valid", "same"))
        self.output_padding = None
        if output_padding is not None:
            self.output_padding = ints(output_padding, owner, "output_padding", rank, low=0)
        self.kernel: Variable | None = None

    def build(self, input_shape: Shape) -> None:
        channels = self._input_channels(input_shape)
        self.kernel = make_weight(self, "kernel", (*self.kernel_size, self.filters, channels))
        self._add_bias(self.filters)

    def call(self, x: Tensor) -> Tensor:
        return self._finish(self.operation, x, self.kernel, self.bias, strides=self.strides, padding=self.padding,
                            output_padding=self.output_padding, dilation_rate=self.dilation_rate)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return self._output_shape(input_shape, self.filters)

    def _output_size(self, axis: int, size: int) -> int:
        extra = None if self.output_padding is None else self.output_padding[axis]
        return ops.conv_transpose_output_size(size, self.kernel_size[axis], self.strides[axis], self.padding, extra,
                                              self.dilation_rate[axis])

    def get_config(self) -> Config:
        return {**super().get_config(), "output_padding": self.output_padding}


class Conv1DTranspose(_TransposedConvolution):
    """The transpose of `Conv1D`: each step is spread over a window, and windows that overlap add up.

    Args:
        filters: Channels of the output.
        kernel_size: Steps in the window.
        strides: Factor by which the sequence grows.
        padding: 'valid' (every window whole) or 'same' (output length = input length * stride).
        output_padding: Determines the output's length where several are possible, in steps; below the stride.
        data_format, dilation_rate, activation, use_bias, kernel_initializer, bias_initializer, ...: As for `Conv1D`.

    Shapes: (batch, steps, channels) -> (batch, out_steps, filters); kernel (kernel_size, filters, channels).

    >>> Conv1DTranspose(4, 3, strides=2, padding="same")(np.ones((2, 5, 3))).shape
    (2, 10, 4)

    >>> Conv1DTranspose(1, 2, strides=2, kernel_initializer="ones")(np.array([[[1.0], [5.0]]])).numpy().ravel()
    array([1., 1., 5., 5.], dtype=float32)
    """

    operation = staticmethod(for_sequences(conv2d_transpose, equal_strides=False))

    def __init__(self, filters: int, kernel_size: Sizes, strides: Sizes = 1, padding: str = "valid",
                 output_padding: Sizes | None = None, data_format: str | None = None,
                 dilation_rate: Sizes = 1, activation: ActivationLike = None, use_bias: bool = True,
                 kernel_initializer: InitializerLike = "glorot_uniform", bias_initializer: InitializerLike = "zeros",
                 **kwargs: Any) -> None:
        super().__init__(1, filters, kernel_size, strides, padding, output_padding, data_format, dilation_rate,
                         activation, use_bias, kernel_initializer, bias_initializer, **kwargs)


@old_arguments(nb_filter="filters", subsample="strides", **SPATIAL, **WEIGHTS)
class Conv2DTranspose(_TransposedConvolution):
    """The transpose of `Conv2D`: each pixel is spread over a window, and windows that overlap add up.

    It is the input gradient of a convolution with the same kernel, used as a layer of its own.

    Args:
        filters: Channels of the output.
        kernel_size: Height and width of the window in pixels, or an int for both.
        strides: Factor by which the image grows, or one for each axis.
        padding: 'valid' (every window whole) or 'same' (output size = input size * stride).
        output_padding: Determines the output's size where several are possible, in pixels; below the stride.
        data_format, dilation_rate, activation, use_bias, kernel_initializer, bias_initializer, ...: As for `Conv2D`.

    Shapes: (batch, height, width, channels) -> (batch, out_height, out_width, filters); kernel (height, width, filters,
    channels).

    >>> Conv2DTranspose(4, 3, strides=2, padding="same")(np.ones((1, 5, 5, 3))).shape
    (1, 10, 10, 4)
    """

    operation = staticmethod(conv2d_transpose)

    def __init__(self, filters: int, kernel_size: int | Pair, strides: int | Pair = (1, 1), padding: str = "valid",
                 output_padding: int | Pair | None = None, data_format: str | None = None,
                 dilation_rate: int | Pair = (1, 1), activation: ActivationLike = None, use_bias: bool = True,
                 kernel_initializer: InitializerLike = "glorot_uniform", bias_initializer: InitializerLike = "zeros",
                 **kwargs: Any) -> None:
        super().__init__(2, filters, kernel_size, strides, padding, output_padding, data_format, dilation_rate,
                         activation, use_bias, kernel_initializer, bias_initializer, **kwargs)


@both_data_formats
def conv3d_transpose(x: Tensor, kernel: Tensor, bias: Tensor | None = None, strides: tuple[int, ...] = (1, 1, 1),
                     padding: str = "valid", output_padding: tuple[int, ...] | None = None,
                     dilation_rate: tuple[int, ...] = (1, 1, 1), activation: str = "linear") -> Tensor:
    """The transpose of a convolution over volumes: for each slice of the kernel along the depth, one over images.

    y[:, i*s + p*d - front] += conv2d_transpose(x[:, i], kernel[p]) for every slice i of x and p of the kernel

    Args:
        x: Tensor, shape (batch, depth, height, width, channels).
        kernel: Shape (depth, height, width, filters, channels).
        bias: Shape (filters,), or None.
        strides, padding, output_padding, dilation_rate: As for `ops.conv2d_transpose`, with three axes.
        activation: 'linear' or 'relu'.

    Returns:
        Tensor, shape (batch, out_depth, out_height, out_width, filters).
    """
    batch, slices = x.shape[:2]
    stride, dilation = strides[0], dilation_rate[0]
    extra = None if output_padding is None else output_padding[0]
    depth, (front, _) = axis_geometry(slices, kernel.shape[0], stride, padding, extra, dilation)
    images = ops.reshape(x, (batch * slices, *x.shape[2:]))
    y: Any = None
    for p in range(kernel.shape[0]):
        part = conv2d_transpose(images, kernel[p], None, strides[1:], padding,
                                None if output_padding is None else output_padding[1:], dilation_rate[1:])
        size = part.shape[1:]
        part = ops.reshape(part, (batch, slices, 1, *size))  # then stride - 1 slices of zeros after each
        part = ops.pad(part, ((0, 0), (0, 0), (0, stride - 1), *((0, 0),) * 3))
        part = ops.reshape(part, (batch, slices * stride, *size))[:, :(slices - 1) * stride + 1]
        first = p * dilation - front  # where this slice of the kernel puts the first slice of x
        part = part[:, max(0, -first):max(0, depth - first)]
        after = depth - max(0, first) - part.shape[1]
        part = ops.pad(part, ((0, 0), (max(0, first), after), *((0, 0),) * 3))
        y = part if y is None else y + part
    y = y if bias is None else y + bias
    return ops.relu(y) if activation == "relu" else y


class Conv3DTranspose(_TransposedConvolution):
    """The transpose of `Conv3D`: each voxel is spread over a window, and windows that overlap add up.

    Args:
        filters: Channels of the output.
        kernel_size: Depth, height and width of the window in voxels, or an int for all.
        strides: Factor by which the volume grows, or one for each axis.
        padding: 'valid' (every window whole) or 'same' (output size = input size * stride).
        output_padding: Determines the output's size where several are possible, in voxels; below the stride.
        data_format, dilation_rate, activation, use_bias, kernel_initializer, bias_initializer, ...: As for `Conv3D`.

    Shapes: (batch, depth, height, width, channels) -> (batch, out_depth, out_height, out_width, filters); kernel
    (depth, height, width, filters, channels).

    >>> Conv3DTranspose(4, 3, strides=2, padding="same")(np.ones((1, 2, 5, 5, 3))).shape
    (1, 4, 10, 10, 4)
    """

    operation = staticmethod(conv3d_transpose)

    def __init__(self, filters: int, kernel_size: Sizes, strides: Sizes = (1, 1, 1), padding: str = "valid",
                 data_format: str | None = None, output_padding: Sizes | None = None, dilation_rate: Sizes = (1, 1, 1),
                 activation: ActivationLike = None, use_bias: bool = True,
                 kernel_initializer: InitializerLike = "glorot_uniform", bias_initializer: InitializerLike = "zeros",
                 **kwargs: Any) -> None:
        super().__init__(3, filters, kernel_size, strides, padding, output_padding, data_format, dilation_rate,
                         activation, use_bias, kernel_initializer, bias_initializer, **kwargs)


Convolution1DTranspose, Convolution2DTranspose = Conv1DTranspose, Conv2DTranspose
Convolution3DTranspose = Conv3DTranspose
