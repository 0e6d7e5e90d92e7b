"""Convolution and pooling of volumes, and more for sequences: made of the operations on images."""

from .. import constraints, initializers, ops, regularizers
from ..ops import padding as resize
from ..ops.windows import same_padding, window_output_size
from .arguments import standard_data_format
from .convolution import Convolution, _GroupedConvolution, _sizes, _TransposedConvolution
from .dense import positive_int
from .pooling import _GlobalPooling, _Pooling
from .resizing import _border, _Cropping, _Resizing, _ZeroPadding


def _channels_last(operation):
    """The operation for both data formats, from one that wants the channels last."""

    def both(x, *args, data_format="channels_last", **kwargs):
        if data_format == "channels_last":
            return operation(x, *args, **kwargs)
        rank = x.ndim
        y = operation(ops.transpose(x, (0, *range(2, rank), 1)), *args, **kwargs)
        return ops.transpose(y, (0, rank - 1, *range(1, rank - 1)))

    return both


@_channels_last
def conv3d(x, kernel, bias=None, strides=(1, 1, 1), padding="valid", dilation_rate=(1, 1, 1), groups=1,
           activation="linear"):
    """A convolution over volumes: for each slice of the kernel along the depth, one over images, added up."""
    if padding == "same":
        zeros = same_padding(x.shape[1], kernel.shape[0], strides[0], dilation_rate[0])
        x = resize.zero_pad(x, (zeros, (0, 0), (0, 0)))
    slices = window_output_size(x.shape[1], kernel.shape[0], strides[0], dilation=dilation_rate[0])
    if slices < 1:
        raise ValueError(f"conv3d: the kernel {kernel.shape[:3]} is larger than the input {x.shape}")
    y = None
    for p in range(kernel.shape[0]):
        start = p * dilation_rate[0]
        part = x[:, start:start + (slices - 1) * strides[0] + 1:strides[0]]
        images = ops.reshape(part, (x.shape[0] * slices, *x.shape[2:]))
        term = ops.conv2d(images, kernel[p], strides=strides[1:], padding=padding, dilation_rate=dilation_rate[1:],
                          groups=groups)
        y = term if y is None else y + term
    y = ops.reshape(y, (x.shape[0], slices, *y.shape[1:]))
    y = y if bias is None else y + bias
    return ops.relu(y) if activation == "relu" else y


class Conv3D(_GroupedConvolution):
    """Filters that slide over volumes, such as films or scans. Arguments as for `Conv2D`, with three axes.

    Shapes: (batch, depth, height, width, channels) -> (batch, out_depth, out_height, out_width, filters); kernel
    (depth, height, width, channels / groups, filters).
    """

    def __init__(self, filters, kernel_size, strides=(1, 1, 1), padding="valid", data_format=None,
                 dilation_rate=(1, 1, 1), groups=1, activation=None, use_bias=True, kernel_initializer="glorot_uniform",
                 bias_initializer="zeros", **kwargs):
        super().__init__(3, filters, kernel_size, groups, strides=strides, padding=padding, data_format=data_format,
                         dilation_rate=dilation_rate, activation=activation, use_bias=use_bias,
                         kernel_initializer=kernel_initializer, bias_initializer=bias_initializer, **kwargs)
        _only_names(self)

    def call(self, x):
        return self._finish(conv3d, x, self.kernel, self.bias, strides=self.strides, padding=self.padding,
                            dilation_rate=self.dilation_rate, groups=self.groups)


def _only_names(layer):
    if not isinstance(layer.padding, str):
        raise ValueError(f"{type(layer).__name__}: padding must be 'valid' or 'same', got {layer.padding!r}")


def _for_sequences(operation):
    """An operation on images for sequences: images of height 1."""

    @_channels_last
    def one_dimensional(x, kernel, bias=None, strides=(1,), padding="valid", dilation_rate=(1,), output_padding=None,
                        **kwargs):
        if output_padding is not None:
            kwargs["output_padding"] = (0, *output_padding)
        if padding == "causal":
            x = resize.zero_pad(x, (((kernel.shape[0] - 1) * dilation_rate[0], 0),))
            padding = "valid"
        y = operation(ops.expand_dims(x, 1), ops.expand_dims(kernel, 0), bias, strides=(strides[0], strides[0]),
                      padding=padding, dilation_rate=(1, dilation_rate[0]), **kwargs)
        return y[:, 0]

    return one_dimensional


_depthwise_conv1d = _for_sequences(ops.depthwise_conv2d)
_conv1d_transpose = _for_sequences(
    lambda x, kernel, bias, strides, **kwargs: ops.conv2d_transpose(x, kernel, bias, strides=(1, strides[1]), **kwargs)
)


class Conv1DTranspose(_TransposedConvolution):
    """The way back of `Conv1D`: each step is spread over a window. Arguments as for `Conv2DTranspose`, with one axis.

    Shapes: (batch, steps, channels) -> (batch, out_steps, filters); kernel (kernel_size, filters, channels).
    """

    operation = staticmethod(_conv1d_transpose)

    def __init__(self, filters, kernel_size, strides=1, padding="valid", output_padding=None, data_format=None,
                 dilation_rate=1, activation=None, use_bias=True, kernel_initializer="glorot_uniform",
                 bias_initializer="zeros", **kwargs):
        super().__init__(1, filters, kernel_size, strides, padding, output_padding, data_format, dilation_rate,
                         activation, use_bias, kernel_initializer, bias_initializer, **kwargs)


class DepthwiseConv1D(Convolution):
    """One filter over each channel of sequences by itself. Arguments as for `DepthwiseConv2D`, with one axis.

    Shapes: (batch, steps, channels) -> (batch, out_steps, channels * depth_multiplier); kernel (kernel_size, channels,
    depth_multiplier).
    """

    kernel_name = "depthwise"

    def __init__(self, kernel_size, strides=1, padding="valid", depth_multiplier=1, data_format=None, dilation_rate=1,
                 activation=None, use_bias=True, depthwise_initializer="glorot_uniform", bias_initializer="zeros",
                 depthwise_regularizer=None, bias_regularizer=None, activity_regularizer=None,
                 depthwise_constraint=None, bias_constraint=None, **kwargs):
        super().__init__(1, None, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias,
                         depthwise_initializer, bias_initializer, depthwise_regularizer, bias_regularizer,
                         activity_regularizer, depthwise_constraint, bias_constraint, **kwargs)
        _only_names(self)
        self.depth_multiplier = positive_int(depth_multiplier, "DepthwiseConv1D", "depth_multiplier")
        self.kernel = None

    def build(self, input_shape):
        channels = self._input_channels(input_shape)
        self.kernel = self._add_kernel((*self.kernel_size, channels, self.depth_multiplier))
        self._add_bias(channels * self.depth_multiplier)

    def call(self, x):
        return self._finish(_depthwise_conv1d, x, self.kernel, self.bias, strides=self.strides, padding=self.padding,
                            dilation_rate=self.dilation_rate)

    def compute_output_shape(self, input_shape):
        return self._output_shape(input_shape, self._input_channels(input_shape) * self.depth_multiplier)

    def get_config(self):
        return {**super().get_config(), "depth_multiplier": self.depth_multiplier}


class SeparableConv1D(DepthwiseConv1D):
    """A depthwise convolution of sequences, then one of length 1 that mixes the channels; see `SeparableConv2D`.

    Weights: depthwise_kernel (kernel_size, channels, depth_multiplier), pointwise_kernel (1, channels *
    depth_multiplier, filters), bias (filters,).
    """

    def __init__(self, filters, kernel_size, strides=1, padding="valid", data_format=None, dilation_rate=1,
                 depth_multiplier=1, activation=None, use_bias=True, depthwise_initializer="glorot_uniform",
                 pointwise_initializer="glorot_uniform", bias_initializer="zeros", pointwise_regularizer=None,
                 pointwise_constraint=None, **kwargs):
        super().__init__(kernel_size, strides, padding, depth_multiplier, data_format, dilation_rate, activation,
                         use_bias, depthwise_initializer, bias_initializer, **kwargs)
        self.filters = positive_int(filters, "SeparableConv1D", "filters")
        self.pointwise_initializer = initializers.get(pointwise_initializer)
        self.pointwise_regularizer = regularizers.get(pointwise_regularizer)
        self.pointwise_constraint = constraints.get(pointwise_constraint)
        self.depthwise_kernel = self.pointwise_kernel = None

    def build(self, input_shape):
        channels = self._input_channels(input_shape)
        self.depthwise_kernel = self._add_kernel(
            (*self.kernel_size, channels, self.depth_multiplier), "depthwise_kernel"
        )
        self.pointwise_kernel = self.add_weight((1, channels * self.depth_multiplier, self.filters),
                                                self.pointwise_initializer, name="pointwise_kernel",
                                                regularizer=self.pointwise_regularizer,
                                                constraint=self.pointwise_constraint)
        self._add_bias(self.filters)

    def call(self, x):
        x = _depthwise_conv1d(ops.cast(x, self.dtype), self.depthwise_kernel, strides=self.strides,
                              padding=self.padding, dilation_rate=self.dilation_rate, data_format=self.data_format)
        return self._finish(ops.conv1d, x, self.pointwise_kernel, self.bias)

    def compute_output_shape(self, input_shape):
        return self._output_shape(input_shape, self.filters)

    def get_config(self):
        return {
            **super().get_config(),
            "pointwise_initializer": initializers.serialize(self.pointwise_initializer),
            "pointwise_regularizer": regularizers.serialize(self.pointwise_regularizer),
            "pointwise_constraint": constraints.serialize(self.pointwise_constraint),
        }


def _pool3d(pool2d):
    """Pooling of volumes from that of images: over height and width first, then over depth."""

    @_channels_last
    def pool(x, pool_size, strides, padding):
        batch, depth = x.shape[:2]
        y = pool2d(ops.reshape(x, (batch * depth, *x.shape[2:])), pool_size[1:], strides[1:], padding)
        _, height, width, channels = y.shape
        y = ops.reshape(y, (batch, depth, height * width, channels))
        y = pool2d(y, (pool_size[0], 1), (strides[0], 1), padding)
        return ops.reshape(y, (batch, y.shape[1], height, width, channels))

    return lambda x, pool_size, strides, padding, data_format: pool(x, pool_size, strides, padding,
                                                                    data_format=data_format)


class MaxPooling3D(_Pooling):
    """The largest value in each window of a volume; arguments as for `MaxPooling2D`, with three axes."""

    rank, operation = 5, staticmethod(_pool3d(ops.max_pool2d))

    def __init__(self, pool_size=(2, 2, 2), strides=None, padding="valid", data_format=None, name=None, **kwargs):
        super().__init__(pool_size, strides, padding, data_format, name, **kwargs)

    def _sizes(self, value, name):
        return _sizes(value, 3, type(self).__name__, name)


class AveragePooling3D(MaxPooling3D):
    """The mean of each window of a volume; arguments as for `MaxPooling3D`. Places outside the volume do not count."""

    operation = staticmethod(_pool3d(ops.average_pool2d))


class GlobalMaxPooling3D(_GlobalPooling):
    """The largest value of each channel of volumes; see `GlobalMaxPooling1D`."""

    rank, operation = 5, staticmethod(ops.max)


class GlobalAveragePooling3D(_GlobalPooling):
    """The mean of each channel of volumes; see `GlobalMaxPooling1D`."""

    rank, operation = 5, staticmethod(ops.mean)


def _three_borders(value, owner, name):
    value = tuple(value) if isinstance(value, tuple | list) else (value,) * 3
    if len(value) != 3:
        raise ValueError(f"{owner}: {name} must be an int, three ints or three pairs (before, after), got {value!r}")
    return tuple(_border(part, owner, name) for part in value)


class ZeroPadding3D(_ZeroPadding):
    """Zeros around each volume.

    Args:
        padding: How many on every side, or three numbers, or three pairs (before, after).
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.
    """

    rank = 5

    def __init__(self, padding=((1, 1), (1, 1), (1, 1)), data_format=None, **kwargs):
        super().__init__(**kwargs)
        self.padding = self._pairs = _three_borders(padding, "ZeroPadding3D", "padding")
        self.data_format = standard_data_format(data_format, "ZeroPadding3D")


class Cropping3D(_Cropping):
    """Volumes without their borders.

    Args:
        cropping: How much to cut off on every side, or three numbers, or three pairs (before, after).
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.
    """

    rank = 5

    def __init__(self, cropping=((1, 1), (1, 1), (1, 1)), data_format=None, **kwargs):
        super().__init__(**kwargs)
        self.cropping = self._pairs = _three_borders(cropping, "Cropping3D", "cropping")
        self.data_format = standard_data_format(data_format, "Cropping3D")

    def get_config(self):
        return {**super().get_config(), "cropping": self.cropping, "data_format": self.data_format}


class UpSampling3D(_Resizing):
    """Every value of a volume `size` times along each axis.

    Args:
        size: Factor, or three.
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.
    """

    rank = 5

    def __init__(self, size=(2, 2, 2), data_format=None, **kwargs):
        super().__init__(**kwargs)
        self.size = _sizes(size, 3, "UpSampling3D", "size")
        self.data_format = standard_data_format(data_format, "UpSampling3D")

    def resize(self, x):
        return resize.upsample_nearest(x, self.size)

    def length(self, size, axis):
        return size * self.size[axis]

    def get_config(self):
        return {**super().get_config(), "size": self.size, "data_format": self.data_format}


Convolution3D, Convolution1DTranspose, SeparableConvolution1D = Conv3D, Conv1DTranspose, SeparableConv1D
MaxPool3D, AvgPool3D = MaxPooling3D, AveragePooling3D
GlobalMaxPool3D, GlobalAvgPool3D = GlobalMaxPooling3D, GlobalAveragePooling3D
