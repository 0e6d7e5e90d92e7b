"""Depthwise and separable convolutions: each channel is filtered by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .. import ops
from ..core.checks import choice, positive_int
from ..core.old_names import SPATIAL, old_arguments
from ..ops.conv2d import conv1d, conv2d
from ..ops.depthwise_conv2d import depthwise_conv2d
from .convolution import Convolution
from .layouts import for_sequences
from .weight_spec import FAMILIES, describe_weight, make_weight, weight_config

if TYPE_CHECKING:
    from ..core.types import Config, Pair, Shape, Sizes
    from ..tensor import Tensor
    from ..variable import Variable
    from .weight_spec import ActivationLike, ConstraintLike, InitializerLike, RegularizerLike

depthwise_conv1d = for_sequences(depthwise_conv2d)


class _ChannelwiseConvolution(Convolution):
    """What the layers of this file share: `depth_multiplier` filters over each channel by itself."""

    kernel_name = "depthwise"
    depthwise: Callable[..., Tensor]  # the operation; a subclass sets it

    def __init__(self, rank: int, filters: int | None, kernel_size: Sizes, strides: Sizes, padding: Any,
                 depth_multiplier: int, data_format: str | None, dilation_rate: Sizes, activation: ActivationLike,
                 use_bias: bool, depthwise_initializer: InitializerLike, bias_initializer: InitializerLike,
                 depthwise_regularizer: RegularizerLike = None, depthwise_constraint: ConstraintLike = None,
                 **kwargs: Any) -> None:
        super().__init__(rank, filters, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias,
                         depthwise_initializer, bias_initializer, kernel_regularizer=depthwise_regularizer,
                         kernel_constraint=depthwise_constraint, **kwargs)
        if rank == 1 and not isinstance(self.padding, str):
            choice(self.padding, type(self).__name__, "padding", ("valid", "same"))
        self.depth_multiplier = positive_int(depth_multiplier, type(self).__name__, "depth_multiplier")


def _also_called(name: str) -> property:
    def get(layer: Any) -> Any:
        return getattr(layer, name)

    def set_(layer: Any, value: Any) -> None:
        setattr(layer, name, value)

    return property(get, set_, doc=f"`{name}`.")


for _kind in FAMILIES:  # an older name of the attributes: kernel_initializer is depthwise_initializer
    setattr(_ChannelwiseConvolution, f"kernel_{_kind}", _also_called(f"depthwise_{_kind}"))


class _DepthwiseConvolution(_ChannelwiseConvolution):
    """DepthwiseConv1D and DepthwiseConv2D."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kernel: Variable | None = None

    def build(self, input_shape: Shape) -> None:
        channels = self._input_channels(input_shape)
        self.kernel = make_weight(self, "depthwise", (*self.kernel_size, channels, self.depth_multiplier), "kernel")
        self._add_bias(channels * self.depth_multiplier)

    def call(self, x: Tensor) -> Tensor:
        return self._finish(self.depthwise, x, self.kernel, self.bias, strides=self.strides, padding=self.padding,
                            dilation_rate=self.dilation_rate)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return self._output_shape(input_shape, self._input_channels(input_shape) * self.depth_multiplier)

    def get_config(self) -> Config:
        return {**super().get_config(), "depth_multiplier": self.depth_multiplier}


class DepthwiseConv1D(_DepthwiseConvolution):
    """One filter (or `depth_multiplier` of them) over each channel of sequences by itself.

    Args:
        kernel_size: Steps in a filter.
        depth_multiplier: Filters, and so output channels, for each input channel.
        strides, padding, data_format, dilation_rate, activation, use_bias: As for `Conv1D`.
        depthwise_initializer, depthwise_regularizer, depthwise_constraint: For the kernel.
        bias_initializer, bias_regularizer, activity_regularizer, bias_constraint: As for `Dense`.

    Shapes: (batch, steps, channels) -> (batch, out_steps, channels * depth_multiplier); kernel (kernel_size, channels,
    depth_multiplier).

    >>> DepthwiseConv1D(3, depth_multiplier=2)(np.ones((2, 10, 4))).shape
    (2, 8, 8)

    >>> DepthwiseConv1D(2, depthwise_initializer="ones")(np.array([[[1.0, 10.0], [2.0, 20.0]]])).numpy()
    array([[[ 3., 30.]]], dtype=float32)
    """

    depthwise = staticmethod(depthwise_conv1d)

    def __init__(self, kernel_size: Sizes, strides: Sizes = 1, padding: str = "valid",
                 depth_multiplier: int = 1, data_format: str | None = None, dilation_rate: Sizes = 1,
                 activation: ActivationLike = None, use_bias: bool = True,
                 depthwise_initializer: InitializerLike = "glorot_uniform", bias_initializer: InitializerLike = "zeros",
                 depthwise_regularizer: RegularizerLike = None, bias_regularizer: RegularizerLike = None,
                 activity_regularizer: RegularizerLike = None, depthwise_constraint: ConstraintLike = None,
                 bias_constraint: ConstraintLike = None, **kwargs: Any) -> None:
        super().__init__(1, None, kernel_size, strides, padding, depth_multiplier, data_format, dilation_rate,
                         activation, use_bias, depthwise_initializer, bias_initializer, depthwise_regularizer,
                         depthwise_constraint, bias_regularizer=bias_regularizer,
                         activity_regularizer=activity_regularizer, bias_constraint=bias_constraint, **kwargs)


class DepthwiseConv2D(_DepthwiseConvolution):
    """One filter (or `depth_multiplier` of them) over each channel of images by itself.

    y[n, i, j, c*m + k] = activation(bias[c*m + k] + sum over p, q of x[n, i*s + p, j*s + q, c] * kernel[p, q, c, k]),
    m being `depth_multiplier`

    Args:
        kernel_size: Height and width of a filter in pixels, or an int for both.
        depth_multiplier: Filters, and so output channels, for each input channel.
        strides, padding, data_format, dilation_rate, activation, use_bias: As for `Conv2D`.
        depthwise_initializer, depthwise_regularizer, depthwise_constraint: For the kernel.
        bias_initializer, bias_regularizer, activity_regularizer, bias_constraint: As for `Dense`.

    Shapes: (batch, height, width, channels) -> (batch, out_height, out_width, channels * depth_multiplier); kernel
    (height, width, channels, depth_multiplier).

    >>> DepthwiseConv2D(3, padding="same")(np.ones((1, 8, 8, 4))).shape
    (1, 8, 8, 4)
    """

    depthwise = staticmethod(depthwise_conv2d)

    def __init__(self, kernel_size: int | Pair, strides: int | Pair = (1, 1), padding: Any = "valid",
                 depth_multiplier: int = 1, data_format: str | None = None, dilation_rate: int | Pair = (1, 1),
                 activation: ActivationLike = None, use_bias: bool = True,
                 depthwise_initializer: InitializerLike = "glorot_uniform", bias_initializer: InitializerLike = "zeros",
                 depthwise_regularizer: RegularizerLike = None, bias_regularizer: RegularizerLike = None,
                 activity_regularizer: RegularizerLike = None, depthwise_constraint: ConstraintLike = None,
                 bias_constraint: ConstraintLike = None, **kwargs: Any) -> None:
        super().__init__(2, None, kernel_size, strides, padding, depth_multiplier, data_format, dilation_rate,
                         activation, use_bias, depthwise_initializer, bias_initializer, depthwise_regularizer,
                         depthwise_constraint, bias_regularizer=bias_regularizer,
                         activity_regularizer=activity_regularizer, bias_constraint=bias_constraint, **kwargs)


class _SeparableConvolution(_ChannelwiseConvolution):
    """SeparableConv1D and SeparableConv2D: a depthwise convolution, then one of size 1 that mixes the channels."""

    pointwise: Callable[..., Tensor]  # the operation; a subclass sets it

    def __init__(self, *args: Any, pointwise_initializer: InitializerLike, pointwise_regularizer: RegularizerLike,
                 pointwise_constraint: ConstraintLike, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        describe_weight(self, "pointwise", pointwise_initializer, pointwise_regularizer, pointwise_constraint)
        self.depthwise_kernel: Variable | None = None
        self.pointwise_kernel: Variable | None = None

    def build(self, input_shape: Shape) -> None:
        channels = self._input_channels(input_shape)
        self.depthwise_kernel = make_weight(self, "depthwise", (*self.kernel_size, channels, self.depth_multiplier),
                                            "depthwise_kernel")
        self.pointwise_kernel = make_weight(
            self, "pointwise", (*(1,) * self.rank, channels * self.depth_multiplier, self.filters), "pointwise_kernel"
        )
        self._add_bias(self.filters)

    def call(self, x: Tensor) -> Tensor:
        self._input_channels(x.shape)
        x = self.depthwise(ops.cast(x, self.dtype), self.depthwise_kernel, strides=self.strides, padding=self.padding,
                           dilation_rate=self.dilation_rate, data_format=self.data_format)
        return self._finish(self.pointwise, x, self.pointwise_kernel, self.bias)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return self._output_shape(input_shape, self.filters)

    def get_config(self) -> Config:
        return {**super().get_config(), "depth_multiplier": self.depth_multiplier, **weight_config(self, "pointwise")}


class SeparableConv1D(_SeparableConvolution):
    """A depthwise convolution of sequences, then one of length 1 that mixes the channels.

    Args:
        filters: Channels of the output.
        kernel_size: Steps in a filter of the depthwise part.
        depth_multiplier: Filters for each input channel in the depthwise part.
        strides, padding, data_format, dilation_rate, activation, use_bias: As for `Conv1D`.
        depthwise_initializer, pointwise_initializer, depthwise_regularizer, pointwise_regularizer,
            depthwise_constraint, pointwise_constraint: For the two kernels.
        bias_initializer, bias_regularizer, activity_regularizer, bias_constraint: As for `Dense`.

    Shapes: (batch, steps, channels) -> (batch, out_steps, filters); depthwise_kernel (kernel_size, channels,
    depth_multiplier), pointwise_kernel (1, channels * depth_multiplier, filters), bias (filters,).

    >>> SeparableConv1D(8, 3)(np.ones((2, 10, 4))).shape
    (2, 8, 8)
    """

    depthwise, pointwise = staticmethod(depthwise_conv1d), staticmethod(conv1d)

    def __init__(self, filters: int, kernel_size: Sizes, strides: Sizes = 1, padding: str = "valid",
                 data_format: str | None = None, dilation_rate: Sizes = 1, depth_multiplier: int = 1,
                 activation: ActivationLike = None, use_bias: bool = True,
                 depthwise_initializer: InitializerLike = "glorot_uniform",
                 pointwise_initializer: InitializerLike = "glorot_uniform", bias_initializer: InitializerLike = "zeros",
                 pointwise_regularizer: RegularizerLike = None, pointwise_constraint: ConstraintLike = None,
                 **kwargs: Any) -> None:
        super().__init__(1, filters, kernel_size, strides, padding, depth_multiplier, data_format, dilation_rate,
                         activation, use_bias, depthwise_initializer, bias_initializer,
                         pointwise_initializer=pointwise_initializer, pointwise_regularizer=pointwise_regularizer,
                         pointwise_constraint=pointwise_constraint, **kwargs)


@old_arguments(nb_filter="filters", subsample="strides", **SPATIAL)
class SeparableConv2D(_SeparableConvolution):
    """A depthwise convolution of images, then a 1x1 convolution that mixes the channels.

    With K x K filters it needs K*K*C + C*F products a pixel instead of K*K*C*F.

    Args:
        filters: Channels of the output.
        kernel_size: Height and width of a filter of the depthwise part, or an int for both.
        depth_multiplier: Filters for each input channel in the depthwise part.
        strides, padding, data_format, dilation_rate, activation, use_bias: As for `Conv2D`.
        depthwise_initializer, pointwise_initializer, depthwise_regularizer, pointwise_regularizer,
            depthwise_constraint, pointwise_constraint: For the two kernels.
        bias_initializer, bias_regularizer, activity_regularizer, bias_constraint: As for `Dense`.

    Shapes: (batch, height, width, channels) -> (batch, out_height, out_width, filters); depthwise_kernel (height,
    width, channels, depth_multiplier), pointwise_kernel (1, 1, channels * depth_multiplier, filters), bias (filters,).

    >>> SeparableConv2D(8, 3)(np.ones((1, 10, 10, 4))).shape
    (1, 8, 8, 8)
    """

    depthwise, pointwise = staticmethod(depthwise_conv2d), staticmethod(conv2d)

    def __init__(self, filters: int, kernel_size: int | Pair, strides: int | Pair = (1, 1), padding: Any = "valid",
                 data_format: str | None = None, dilation_rate: int | Pair = (1, 1), depth_multiplier: int = 1,
                 activation: ActivationLike = None, use_bias: bool = True,
                 depthwise_initializer: InitializerLike = "glorot_uniform",
                 pointwise_initializer: InitializerLike = "glorot_uniform", bias_initializer: InitializerLike = "zeros",
                 depthwise_regularizer: RegularizerLike = None, pointwise_regularizer: RegularizerLike = None,
                 bias_regularizer: RegularizerLike = None, activity_regularizer: RegularizerLike = None,
                 depthwise_constraint: ConstraintLike = None, pointwise_constraint: ConstraintLike = None,
                 bias_constraint: ConstraintLike = None, **kwargs: Any) -> None:
        super().__init__(2, filters, kernel_size, strides, padding, depth_multiplier, data_format, dilation_rate,
                         activation, use_bias, depthwise_initializer, bias_initializer, depthwise_regularizer,
                         depthwise_constraint, pointwise_initializer=pointwise_initializer,
                         pointwise_regularizer=pointwise_regularizer, pointwise_constraint=pointwise_constraint,
                         bias_regularizer=bias_regularizer, activity_regularizer=activity_regularizer,
                         bias_constraint=bias_constraint, **kwargs)


SeparableConvolution1D, SeparableConvolution2D = SeparableConv1D, SeparableConv2D
