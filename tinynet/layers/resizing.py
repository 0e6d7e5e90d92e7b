"""Layers that make images and sequences larger or smaller: zeros around them, borders cut off, pixels repeated."""

import operator

from .. import ops
from ..ops import padding as resize
from ..ops.windows import as_int, as_pair
from .arguments import axes_of, standard_data_format
from .base import Layer
from .pooling import check_rank, spatial_axes


def _count(value):
    """A number of pixels, or None where it is not one."""
    try:
        value = operator.index(value)
    except TypeError:
        return None
    return value if value >= 0 else None


def _border(value, owner, name):
    """(before, after) from an int or a pair."""
    pair = tuple(value) if isinstance(value, tuple | list) else (value, value)
    pair = tuple(map(_count, pair))
    if len(pair) != 2 or None in pair:
        raise ValueError(
            f"{owner}: {name} must be an int or a pair (before, after) of ints of at least 0, got {value!r}"
        )
    return pair


def _borders(value, owner, name):
    """((top, bottom), (left, right)) from an int, a pair (vertical, horizontal) or a pair of pairs."""
    if not isinstance(value, tuple | list):
        value = (value, value)
    if len(value) != 2:
        raise ValueError(
            f"{owner}: {name} must be an int, (vertical, horizontal) or ((top, bottom), (left, right)), got {value!r}"
        )
    return tuple(_border(part, owner, name) for part in value)


class _Resizing(Layer):
    """What they share: a subclass says its `rank`, what it does to channels-last data, and to the length of an axis."""

    rank = None
    data_format = "channels_last"

    def resize(self, x):
        """The operation, channels last."""
        raise NotImplementedError

    def length(self, size, axis):
        """The new length of spatial axis number `axis`."""
        raise NotImplementedError

    def call(self, x):
        self.compute_output_shape(x.shape)  # refuses what does not fit
        if self.data_format == "channels_last":
            return self.resize(x)
        last, first = (0, *range(2, self.rank), 1), (0, self.rank - 1, *range(1, self.rank - 1))
        return ops.transpose(self.resize(ops.transpose(x, last)), first)

    def compute_output_shape(self, input_shape):
        check_rank(self, input_shape, self.rank, axes_of(self.rank, self.data_format))
        shape = list(input_shape)
        for number, axis in enumerate(spatial_axes(self.rank, self.data_format)):
            if shape[axis] is not None:
                shape[axis] = self.length(shape[axis], number)
                if shape[axis] < 0 or shape[axis] == 0 < input_shape[axis]:
                    raise ValueError(
                        f"{type(self).__name__}: nothing is left of axis {axis}. "
                        f"Got input {tuple(input_shape)}, {self._amount()}."
                    )
        return tuple(shape)


class _ZeroPadding(_Resizing):
    def resize(self, x):
        return resize.zero_pad(x, self._pairs)

    def length(self, size, axis):
        return size + sum(self._pairs[axis])

    def get_config(self):
        return {**super().get_config(), "padding": self.padding, "data_format": self.data_format}


class ZeroPadding1D(_ZeroPadding):
    """Zeros before and after each sequence.

    Args:
        padding: How many on each side, or (before, after).
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.
    """

    rank = 3

    def __init__(self, padding=1, data_format=None, **kwargs):
        super().__init__(**kwargs)
        self.padding = _border(padding, type(self).__name__, "padding")
        self._pairs = (self.padding,)
        self.data_format = standard_data_format(data_format, type(self).__name__)


class ZeroPadding2D(_ZeroPadding):
    """Zeros around each image.

    Args:
        padding: How many on every side, or (vertical, horizontal), or ((top, bottom), (left, right)).
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.
    """

    rank = 4

    def __init__(self, padding=(1, 1), data_format=None, **kwargs):
        super().__init__(**kwargs)
        self.padding = self._pairs = _borders(padding, type(self).__name__, "padding")
        self.data_format = standard_data_format(data_format, type(self).__name__)


class _Cropping(_Resizing):
    def resize(self, x):
        return resize.crop(x, self._pairs)

    def length(self, size, axis):
        return size - sum(self._pairs[axis])

    def _amount(self):
        return f"cropping {self.cropping}"


class Cropping1D(_Cropping):
    """Sequences without their first and last steps.

    Args:
        cropping: Steps to cut off on each side, or (before, after).
    """

    rank = 3

    def __init__(self, cropping=(1, 1), **kwargs):
        super().__init__(**kwargs)
        self.cropping = _border(cropping, type(self).__name__, "cropping")
        self._pairs = (self.cropping,)

    def get_config(self):
        return {**super().get_config(), "cropping": self.cropping}


class Cropping2D(_Cropping):
    """Images without their borders.

    Args:
        cropping: Pixels to cut off on every side, or (vertical, horizontal), or ((top, bottom), (left, right)).
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.
    """

    rank = 4

    def __init__(self, cropping=((0, 0), (0, 0)), data_format=None, **kwargs):
        super().__init__(**kwargs)
        self.cropping = self._pairs = _borders(cropping, type(self).__name__, "cropping")
        self.data_format = standard_data_format(data_format, type(self).__name__)

    def get_config(self):
        return {**super().get_config(), "cropping": self.cropping, "data_format": self.data_format}


class UpSampling1D(_Resizing):
    """Every step of a sequence `size` times.

    Args:
        size: How many times.
    """

    rank = 3

    def __init__(self, size=2, **kwargs):
        super().__init__(**kwargs)
        self.size = as_int(size, type(self).__name__, "size")

    def resize(self, x):
        return resize.upsample_nearest(x, (self.size,))

    def length(self, size, axis):
        return size * self.size

    def get_config(self):
        return {**super().get_config(), "size": self.size}


class UpSampling2D(_Resizing):
    """Images `size` times as large.

    Args:
        size: Factor, or (vertical, horizontal).
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.
        interpolation: 'nearest' repeats pixels; 'bilinear' draws straight lines between their centres.
    """

    rank = 4

    def __init__(self, size=(2, 2), data_format=None, interpolation="nearest", **kwargs):
        super().__init__(**kwargs)
        self.size = as_pair(size, type(self).__name__, "size")
        self.data_format = standard_data_format(data_format, type(self).__name__)
        if interpolation not in ("nearest", "bilinear"):
            hint = "; Keras has it, tinynet has not" if interpolation in ("bicubic", "lanczos3", "lanczos5") else ""
            raise ValueError(
                f"UpSampling2D: interpolation must be 'nearest' or 'bilinear', got {interpolation!r}{hint}"
            )
        self.interpolation = interpolation

    def resize(self, x):
        return (resize.upsample_nearest if self.interpolation == "nearest" else resize.upsample_bilinear)(x, self.size)

    def length(self, size, axis):
        return size * self.size[axis]

    def get_config(self):
        return {**super().get_config(), "size": self.size, "data_format": self.data_format,
                "interpolation": self.interpolation}
