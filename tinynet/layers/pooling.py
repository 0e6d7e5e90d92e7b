"""Layers that summarise: the maximum or the mean of windows, or of everything a channel sees."""

from .. import ops
from ..core.old_names import SPATIAL, old_arguments
from ..ops.windows import as_int, as_pair, window_output_size
from .arguments import axes_of, standard_data_format
from .base import Layer


def check_rank(layer, input_shape, rank, axes):
    """Refuse inputs with another number of axes than the layer expects."""
    if len(input_shape) != rank:
        hint = " Add a channel axis with x[..., None]." if len(input_shape) == rank - 1 else ""
        raise ValueError(f"{type(layer).__name__}: expected {rank} axes {axes}, got shape {tuple(input_shape)}.{hint}")


def spatial_axes(rank, data_format):
    """The axes between batch and channels, or after them."""
    return tuple(range(1, rank - 1)) if data_format == "channels_last" else tuple(range(2, rank))


class _Pooling(Layer):
    """What the four window poolings share. A subclass names its `rank` and its `operation`."""

    rank = None
    operation = None

    def __init__(self, pool_size, strides=None, padding="valid", data_format=None, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        owner = type(self).__name__
        self.pool_size = self._sizes(pool_size, "pool_size")
        self.strides = self.pool_size if strides is None else self._sizes(strides, "strides")
        if not isinstance(padding, str) or padding.lower() not in ("valid", "same"):
            raise ValueError(f"{owner}: padding must be 'valid' or 'same', got {padding!r}")
        self.padding = padding.lower()
        self.data_format = standard_data_format(data_format, owner)

    def _sizes(self, value, name):
        owner = type(self).__name__
        return as_pair(value, owner, name) if self.rank == 4 else (as_int(value, owner, name),)

    def call(self, x):
        check_rank(self, x.shape, self.rank, axes_of(self.rank, self.data_format))
        if x.dtype.kind != "f":  # pixels
            x = ops.cast(x, self.dtype)
        return type(self).operation(x, self.pool_size, self.strides, self.padding, self.data_format)

    def compute_output_shape(self, input_shape):
        check_rank(self, input_shape, self.rank, axes_of(self.rank, self.data_format))
        shape = list(input_shape)
        for axis, pool, stride in zip(
            spatial_axes(self.rank, self.data_format), self.pool_size, self.strides, strict=True
        ):
            if shape[axis] is None:
                continue
            shape[axis] = window_output_size(shape[axis], pool, stride, self.padding)
            if shape[axis] < 1:
                raise ValueError(
                    f"{type(self).__name__}: the window is larger than the input. Got input {tuple(input_shape)}, "
                    f"pool_size {self.pool_size}. Use a smaller window or padding='same'."
                )
        return tuple(shape)

    def get_config(self):
        return {**super().get_config(), "pool_size": self.pool_size, "padding": self.padding, "strides": self.strides,
                "data_format": self.data_format}


@old_arguments(pool_length="pool_size", stride="strides", border_mode="padding")
class MaxPooling1D(_Pooling):
    """The largest value in each window of a sequence: (batch, steps, channels) -> (batch, out_steps, channels).

    Args:
        pool_size: Steps in a window.
        strides: Steps from one window to the next; `pool_size` if None.
        padding: 'valid' or 'same'.
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.
    """

    rank, operation = 3, staticmethod(ops.max_pool)

    def __init__(self, pool_size=2, strides=None, padding="valid", data_format=None, name=None, **kwargs):
        super().__init__(pool_size, strides, padding, data_format, name, **kwargs)


@old_arguments(**SPATIAL)
class MaxPooling2D(_Pooling):
    """The largest value in each window of an image: (batch, height, width, channels) -> (batch, out_height, out_width,
    channels).

    Args:
        pool_size: Side of the window, or (height, width).
        strides: Step between windows, or (vertical, horizontal); `pool_size` if None.
        padding: 'valid' or 'same'.
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.
    """

    rank, operation = 4, staticmethod(ops.max_pool2d)

    def __init__(self, pool_size=(2, 2), strides=None, padding="valid", data_format=None, name=None, **kwargs):
        super().__init__(pool_size, strides, padding, data_format, name, **kwargs)


@old_arguments(pool_length="pool_size", stride="strides", border_mode="padding")
class AveragePooling1D(_Pooling):
    """The mean of each window of a sequence; arguments as for `MaxPooling1D`.
    Steps outside the sequence do not count.
    """

    rank, operation = 3, staticmethod(ops.average_pool)


@old_arguments(**SPATIAL)
class AveragePooling2D(_Pooling):
    """The mean of each window of an image; arguments as for `MaxPooling2D`. Pixels outside the image do not count."""

    rank, operation = 4, staticmethod(ops.average_pool2d)


class _GlobalPooling(Layer):
    """What the four global poolings share. A subclass names its `rank` and its `operation`."""

    rank = None
    operation = None

    def __init__(self, data_format=None, keepdims=False, **kwargs):
        super().__init__(**kwargs)
        self.data_format = standard_data_format(data_format, type(self).__name__)
        self.keepdims = keepdims

    def call(self, x):
        check_rank(self, x.shape, self.rank, axes_of(self.rank, self.data_format))
        return type(self).operation(x, axis=spatial_axes(self.rank, self.data_format), keepdims=self.keepdims)

    def compute_output_shape(self, input_shape):
        check_rank(self, input_shape, self.rank, axes_of(self.rank, self.data_format))
        spatial = spatial_axes(self.rank, self.data_format)
        if self.keepdims:
            return tuple(1 if axis in spatial else n for axis, n in enumerate(input_shape))
        return tuple(n for axis, n in enumerate(input_shape) if axis not in spatial)

    def get_config(self):
        return {**super().get_config(), "data_format": self.data_format, "keepdims": self.keepdims}


class GlobalMaxPooling1D(_GlobalPooling):
    """The largest value of each channel: (batch, steps, channels) -> (batch, channels).

    Args:
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.
        keepdims: Leave the reduced axes with length 1.
    """

    rank, operation = 3, staticmethod(ops.max)


class GlobalMaxPooling2D(_GlobalPooling):
    """The largest value of each channel: (batch, height, width, channels) -> (batch, channels);
    see `GlobalMaxPooling1D`.
    """

    rank, operation = 4, staticmethod(ops.max)


class GlobalAveragePooling1D(_GlobalPooling):
    """The mean of each channel over the steps that are no padding: (batch, steps, channels) -> (batch, channels);
    arguments as for `GlobalMaxPooling1D`. A sample of nothing but padding gives NaN, as in Keras.
    """

    rank, operation = 3, staticmethod(ops.mean)

    def __init__(self, data_format=None, keepdims=False, **kwargs):
        super().__init__(data_format, keepdims, **kwargs)
        self.supports_masking = True

    def call(self, x, mask=None):
        if mask is None:
            return super().call(x)
        check_rank(self, x.shape, self.rank, axes_of(self.rank, self.data_format))
        (steps,) = spatial_axes(self.rank, self.data_format)
        kept = ops.cast(ops.expand_dims(mask, 3 - steps), x.dtype)
        return ops.sum(x * kept, steps, keepdims=self.keepdims) / ops.sum(kept, steps, keepdims=self.keepdims)

    def compute_mask(self, inputs, previous_mask=None):
        return None


class GlobalAveragePooling2D(_GlobalPooling):
    """The mean of each channel: (batch, height, width, channels) -> (batch, channels); see `GlobalMaxPooling1D`."""

    rank, operation = 4, staticmethod(ops.mean)


MaxPool1D, MaxPool2D = MaxPooling1D, MaxPooling2D
AvgPool1D, AvgPool2D = AveragePooling1D, AveragePooling2D
GlobalMaxPool1D, GlobalMaxPool2D = GlobalMaxPooling1D, GlobalMaxPooling2D
GlobalAvgPool1D, GlobalAvgPool2D = GlobalAveragePooling1D, GlobalAveragePooling2D
