"""Convolutional layers: filters that slide over sequences and images."""

import numpy as np

from .. import activations, constraints, initializers, ops, regularizers
from ..core.old_names import SPATIAL, WEIGHTS, old_arguments
from .arguments import axes_of, standard_data_format
from .base import Layer
from .dense import positive_int

FUSED = {activations.linear: "linear", activations.relu: "relu"}


class Convolution(Layer):
    """What all convolutional layers share: windows over `rank` axes, a bias, an activation.

    Args:
        rank: 1 for sequences, 2 for images, 3 for volumes.
        filters: Channels of the output; None where they follow from the input.
        kernel_size, strides, dilation_rate: An int, or one for each axis.
        padding: 'valid', 'same', or (not in Keras) an int: so many zeros on each side.
        data_format: 'channels_last' (batch, height, width, channels) or 'channels_first' (batch, channels, height,
            width).
        activation: Name or function.
        use_bias: Whether to add a bias to each channel.
    """

    kernel_name = "kernel"  # what the arguments about the kernel are called: kernel_initializer, ...

    def __init__(self, rank, filters, kernel_size, strides=1, padding="valid", data_format=None, dilation_rate=1,
                 activation=None, use_bias=True, kernel_initializer="glorot_uniform", bias_initializer="zeros",
                 kernel_regularizer=None, bias_regularizer=None, activity_regularizer=None, kernel_constraint=None,
                 bias_constraint=None, **kwargs):
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        owner = type(self).__name__
        self.rank = rank
        self.filters = None if filters is None else positive_int(filters, owner, "filters")
        self.kernel_size = _sizes(kernel_size, rank, owner, "kernel_size")
        self.strides = _sizes(strides, rank, owner, "strides")
        self.dilation_rate = _sizes(dilation_rate, rank, owner, "dilation_rate")
        self.padding = padding.lower() if isinstance(padding, str) else padding
        if isinstance(padding, str) and self.padding not in ("valid", "same", *(["causal"] if rank == 1 else [])):
            raise ValueError(f"{owner}: padding must be 'valid', 'same' or an int, got {padding!r}")
        self.data_format = standard_data_format(data_format, owner)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.bias = None

    def _input_channels(self, input_shape):
        """The number of channels.

        Raises:
            ValueError: the input is no batch of images (or sequences), or its number of channels is not known.
        """
        layout = axes_of(self.rank + 2, self.data_format)
        if len(input_shape) != self.rank + 2:
            remedy = " Add a channel axis with x[..., None]." if len(input_shape) == self.rank + 1 else ""
            raise ValueError(f"expected inputs of shape {layout}, got {tuple(input_shape)}.{remedy}")
        channels = input_shape[-1] if self.data_format == "channels_last" else input_shape[1]
        if channels is None:
            raise ValueError(f"the number of channels must be known, got {tuple(input_shape)} for {layout}")
        return channels

    def _add_kernel(self, shape, name="kernel"):
        return self.add_weight(shape, self.kernel_initializer, name=name, regularizer=self.kernel_regularizer,
                               constraint=self.kernel_constraint)

    def _add_bias(self, channels):
        if self.use_bias:
            self.bias = self.add_weight((channels,), self.bias_initializer, name="bias",
                                        regularizer=self.bias_regularizer, constraint=self.bias_constraint)

    def _finish(self, operation, x, *weights, **arguments):
        """Call the operation with the activation inside it, if it can, or after it."""
        self._input_channels(x.shape)
        if x.dtype.kind != "f":  # pixels
            x = ops.cast(x, self.dtype)
        fused = FUSED.get(self.activation)
        y = operation(x, *weights, activation=fused or "linear", data_format=self.data_format, **arguments)
        return y if fused is not None else self.activation(y)

    def _output_shape(self, input_shape, channels):
        self._input_channels(input_shape)
        last = self.data_format == "channels_last"
        spatial = input_shape[1:-1] if last else input_shape[2:]
        sizes = tuple(None if size is None else self._output_size(axis, size) for axis, size in enumerate(spatial))
        return (input_shape[0], *sizes, channels) if last else (input_shape[0], channels, *sizes)

    def _output_size(self, axis, size):
        """The length of the output along a spatial axis."""
        padding = self.padding
        if isinstance(padding, tuple | list) and self.rank == 2:
            padding = padding[axis]
        if padding == "causal":  # zeros before the first step only: no output sees the future
            padding = (self.dilation_rate[0] * (self.kernel_size[0] - 1), 0)
        return ops.conv_output_size(size, self.kernel_size[axis], self.strides[axis], padding, self.dilation_rate[axis])

    def get_config(self):
        kernel = self.kernel_name
        return {
            **super().get_config(),
            **({} if self.filters is None else {"filters": self.filters}),
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
            "dilation_rate": self.dilation_rate,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            f"{kernel}_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            f"{kernel}_regularizer": regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer),
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
            f"{kernel}_constraint": constraints.serialize(self.kernel_constraint),
            "bias_constraint": constraints.serialize(self.bias_constraint),
        }


class _GroupedConvolution(Convolution):
    """Conv1D, Conv2D, Conv3D: every filter sees all channels of its group."""

    def __init__(self, rank, filters, kernel_size, groups, **kwargs):
        super().__init__(rank, filters, kernel_size, **kwargs)
        self.groups = positive_int(groups, type(self).__name__, "groups")
        if self.filters % self.groups:
            raise ValueError(
                f"{type(self).__name__}: filters must be a multiple of groups, "
                f"got {self.filters} filters in {self.groups} groups"
            )
        self.kernel = None

    def build(self, input_shape):
        channels = self._input_channels(input_shape)
        if channels % self.groups:
            raise ValueError(
                f"the input's channels must be a multiple of groups, got {channels} channels in {self.groups} groups"
            )
        self.kernel = self._add_kernel((*self.kernel_size, channels // self.groups, self.filters))
        self._add_bias(self.filters)

    def compute_output_shape(self, input_shape):
        return self._output_shape(input_shape, self.filters)

    def get_config(self):
        return {**super().get_config(), "groups": self.groups}


@old_arguments(nb_filter="filters", filter_length="kernel_size", subsample_length="strides",
               border_mode="padding", **WEIGHTS)
class Conv1D(_GroupedConvolution):
    """Filters that slide along a sequence.

    y[n, i, f] = activation(bias[f] + sum over p, c of x[n, i*stride + p*dilation, c] * kernel[p, c, f])

    Shapes: (batch, steps, channels) -> (batch, out_steps, filters); kernel (kernel_size, channels / groups, filters).
    Arguments as for `Conv2D`, with one axis; padding='causal' sees no later step.
    """

    def __init__(self, filters, kernel_size, strides=1, padding="valid", data_format=None, dilation_rate=1, groups=1,
                 activation=None, use_bias=True, kernel_initializer="glorot_uniform", bias_initializer="zeros",
                 **kwargs):
        super().__init__(1, filters, kernel_size, groups, strides=strides, padding=padding, data_format=data_format,
                         dilation_rate=dilation_rate, activation=activation, use_bias=use_bias,
                         kernel_initializer=kernel_initializer, bias_initializer=bias_initializer, **kwargs)

    def call(self, x):
        return self._finish(ops.conv1d, x, self.kernel, self.bias, strides=self.strides[0], padding=self.padding,
                            dilation_rate=self.dilation_rate[0], groups=self.groups)


@old_arguments(nb_filter="filters", subsample="strides", **SPATIAL, **WEIGHTS)
class Conv2D(_GroupedConvolution):
    """Filters that slide over images.

    y[n, i, j, f] = activation(bias[f] + sum over p, q, c of x[n, i*s + p, j*s + q, c] * kernel[p, q, c, f])

    Args:
        filters: Channels of the output.
        kernel_size: Height and width of a filter, or an int for both.
        strides: Pixels from one output to the next.
        padding: 'valid': none. 'same': zeros such that the output has ceil(size / stride) pixels; an odd zero goes to
            the bottom or right. An int (not in Keras): so many zeros on each side.
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.
        dilation_rate: Pixels from one tap of the filter to the next.
        groups: The channels are split into groups that do not see each other.
        activation: Name or function; None for none.
        use_bias: Whether to add a bias to each output channel.
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
            kernel_constraint, bias_constraint: As for `Dense`.

    Shapes: (batch, height, width, channels) -> (batch, out_height, out_width, filters); kernel (height, width,
    channels / groups, filters). The output's side is (W - K + 2P)/S + 1, rounded down.

    >>> Conv2D(6, 5)(np.ones((1, 32, 32, 3))).shape
    (1, 28, 28, 6)
    """

    def __init__(self, filters, kernel_size, strides=(1, 1), padding="valid", data_format=None, dilation_rate=(1, 1),
                 groups=1, activation=None, use_bias=True, kernel_initializer="glorot_uniform",
                 bias_initializer="zeros", **kwargs):
        super().__init__(2, filters, kernel_size, groups, strides=strides, padding=padding, data_format=data_format,
                         dilation_rate=dilation_rate, activation=activation, use_bias=use_bias,
                         kernel_initializer=kernel_initializer, bias_initializer=bias_initializer, **kwargs)

    def call(self, x):
        return self._finish(ops.conv2d, x, self.kernel, self.bias, strides=self.strides, padding=self.padding,
                            dilation_rate=self.dilation_rate, groups=self.groups)


class DepthwiseConv2D(Convolution):
    """One filter (or `depth_multiplier` of them) over each channel by itself.

    Args:
        kernel_size: Height and width of a filter.
        depth_multiplier: Filters, and so output channels, for each input channel.
        strides, padding, data_format, dilation_rate, activation, use_bias: As for `Conv2D`.
        depthwise_initializer, depthwise_regularizer, depthwise_constraint: For the kernel.

    Shapes: (batch, height, width, channels) -> (batch, out_height, out_width, channels * depth_multiplier); kernel
    (height, width, channels, depth_multiplier).
    """

    kernel_name = "depthwise"

    def __init__(self, kernel_size, strides=(1, 1), padding="valid", depth_multiplier=1, data_format=None,
                 dilation_rate=(1, 1), activation=None, use_bias=True, depthwise_initializer="glorot_uniform",
                 bias_initializer="zeros", depthwise_regularizer=None, bias_regularizer=None, activity_regularizer=None,
                 depthwise_constraint=None, bias_constraint=None, **kwargs):
        super().__init__(2, None, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias,
                         depthwise_initializer, bias_initializer, depthwise_regularizer, bias_regularizer,
                         activity_regularizer, depthwise_constraint, bias_constraint, **kwargs)
        self.depth_multiplier = positive_int(depth_multiplier, "DepthwiseConv2D", "depth_multiplier")
        self.kernel = None

    def build(self, input_shape):
        channels = self._input_channels(input_shape)
        self.kernel = self._add_kernel((*self.kernel_size, channels, self.depth_multiplier))
        self._add_bias(channels * self.depth_multiplier)

    def call(self, x):
        return self._finish(ops.depthwise_conv2d, x, self.kernel, self.bias, strides=self.strides, padding=self.padding,
                            dilation_rate=self.dilation_rate)

    def compute_output_shape(self, input_shape):
        return self._output_shape(input_shape, self._input_channels(input_shape) * self.depth_multiplier)

    def get_config(self):
        return {**super().get_config(), "depth_multiplier": self.depth_multiplier}


@old_arguments(nb_filter="filters", subsample="strides", **SPATIAL)
class SeparableConv2D(Convolution):
    """A depthwise convolution, then a 1x1 convolution that mixes the channels.

    Args:
        filters: Channels of the output.
        kernel_size: Of the depthwise part.
        depth_multiplier: Filters for each input channel in the depthwise part.
        strides, padding, data_format, dilation_rate, activation, use_bias: As for `Conv2D`.
        depthwise_initializer, pointwise_initializer, depthwise_regularizer, pointwise_regularizer,
            depthwise_constraint, pointwise_constraint: For the two kernels.

    Weights: depthwise_kernel (height, width, channels, depth_multiplier), pointwise_kernel (1, 1, channels *
    depth_multiplier, filters), bias (filters,).
    """

    kernel_name = "depthwise"

    def __init__(self, filters, kernel_size, strides=(1, 1), padding="valid", data_format=None, dilation_rate=(1, 1),
                 depth_multiplier=1, activation=None, use_bias=True, depthwise_initializer="glorot_uniform",
                 pointwise_initializer="glorot_uniform", bias_initializer="zeros", depthwise_regularizer=None,
                 pointwise_regularizer=None, bias_regularizer=None, activity_regularizer=None,
                 depthwise_constraint=None, pointwise_constraint=None, bias_constraint=None, **kwargs):
        super().__init__(2, filters, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias,
                         depthwise_initializer, bias_initializer, depthwise_regularizer, bias_regularizer,
                         activity_regularizer, depthwise_constraint, bias_constraint, **kwargs)
        self.depth_multiplier = positive_int(depth_multiplier, "SeparableConv2D", "depth_multiplier")
        self.pointwise_initializer = initializers.get(pointwise_initializer)
        self.pointwise_regularizer = regularizers.get(pointwise_regularizer)
        self.pointwise_constraint = constraints.get(pointwise_constraint)
        self.depthwise_kernel = self.pointwise_kernel = None

    def build(self, input_shape):
        channels = self._input_channels(input_shape)
        self.depthwise_kernel = self._add_kernel(
            (*self.kernel_size, channels, self.depth_multiplier), "depthwise_kernel"
        )
        self.pointwise_kernel = self.add_weight((1, 1, channels * self.depth_multiplier, self.filters),
                                                self.pointwise_initializer, name="pointwise_kernel",
                                                regularizer=self.pointwise_regularizer,
                                                constraint=self.pointwise_constraint)
        self._add_bias(self.filters)

    def call(self, x):
        self._input_channels(x.shape)
        x = ops.depthwise_conv2d(ops.cast(x, self.dtype), self.depthwise_kernel, strides=self.strides,
                                 padding=self.padding, dilation_rate=self.dilation_rate, data_format=self.data_format)
        return self._finish(ops.conv2d, x, self.pointwise_kernel, self.bias)

    def compute_output_shape(self, input_shape):
        return self._output_shape(input_shape, self.filters)

    def get_config(self):
        return {
            **super().get_config(),
            "depth_multiplier": self.depth_multiplier,
            "pointwise_initializer": initializers.serialize(self.pointwise_initializer),
            "pointwise_regularizer": regularizers.serialize(self.pointwise_regularizer),
            "pointwise_constraint": constraints.serialize(self.pointwise_constraint),
        }


class _TransposedConvolution(Convolution):
    """Conv1DTranspose and Conv2DTranspose. A subclass names its `operation`."""

    operation = None

    def __init__(self, rank, filters, kernel_size, strides, padding, output_padding, *args, **kwargs):
        super().__init__(rank, filters, kernel_size, strides, padding, *args, **kwargs)
        owner = type(self).__name__
        if self.padding not in ("valid", "same"):
            raise ValueError(f"{owner}: padding must be 'valid' or 'same', got {padding!r}")
        self.output_padding = (
            None if output_padding is None else _sizes(output_padding, rank, owner, "output_padding", least=0)
        )
        self.kernel = None

    def build(self, input_shape):
        self.kernel = self._add_kernel((*self.kernel_size, self.filters, self._input_channels(input_shape)))
        self._add_bias(self.filters)

    def call(self, x):
        return self._finish(type(self).operation, x, self.kernel, self.bias, strides=self.strides, padding=self.padding,
                            output_padding=self.output_padding, dilation_rate=self.dilation_rate)

    def compute_output_shape(self, input_shape):
        return self._output_shape(input_shape, self.filters)

    def _output_size(self, axis, size):
        extra = None if self.output_padding is None else self.output_padding[axis]
        return ops.conv_transpose_output_size(size, self.kernel_size[axis], self.strides[axis], self.padding, extra,
                                              self.dilation_rate[axis])

    def get_config(self):
        return {**super().get_config(), "output_padding": self.output_padding}


@old_arguments(nb_filter="filters", subsample="strides", **SPATIAL, **WEIGHTS)
class Conv2DTranspose(_TransposedConvolution):
    """The convolution's way back: each pixel is spread over a window, and windows that overlap add up.

    Args:
        filters: Channels of the output.
        kernel_size: Height and width of the window.
        strides: By how much the image grows.
        padding: 'valid' (every window whole) or 'same' (output size = input size * stride).
        output_padding: Settles the output's size where several are possible; below the stride.
        data_format, dilation_rate, activation, use_bias: As for `Conv2D`.

    Shapes: (batch, height, width, channels) -> (batch, out_height, out_width, filters); kernel (height, width, filters,
    channels).
    """

    operation = staticmethod(ops.conv2d_transpose)

    def __init__(self, filters, kernel_size, strides=(1, 1), padding="valid", output_padding=None, data_format=None,
                 dilation_rate=(1, 1), activation=None, use_bias=True, kernel_initializer="glorot_uniform",
                 bias_initializer="zeros", **kwargs):
        super().__init__(2, filters, kernel_size, strides, padding, output_padding, data_format, dilation_rate,
                         activation, use_bias, kernel_initializer, bias_initializer, **kwargs)


def _sizes(value, rank, owner, argument, least=1):
    """`value` as a tuple of `rank` ints."""
    values = (
        (value,) * rank if isinstance(value, int | np.integer)
        else tuple(value) if isinstance(value, list | tuple) else None
    )
    if (
        values is None or len(values) != rank
        or any(isinstance(v, bool) or not isinstance(v, int | np.integer) for v in values)
    ):
        kind = "an int" if rank == 1 else f"an int or {rank} ints"
        raise TypeError(f"{owner}: {argument} must be {kind}, got {value!r}")
    if min(values) < least:
        raise ValueError(f"{owner}: {argument} must be at least {least}, got {value!r}")
    return tuple(map(int, values))


Convolution1D, Convolution2D = Conv1D, Conv2D
Convolution2DTranspose, SeparableConvolution2D = Conv2DTranspose, SeparableConv2D
