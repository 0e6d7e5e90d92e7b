"""Layers that make images and sequences larger or smaller: zeros around them, borders cut off, pixels repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import ops
from ..core.checks import choice, ints
from ..ops import padding as resize
from .arguments import axes_of, standard_data_format
from .base import Layer
from .pooling import check_rank, spatial_axes

if TYPE_CHECKING:
    from ..core.types import Config, Pair, Shape, Sizes
    from ..tensor import Tensor


def borders(value: Any, owner: str, name: str, count: int) -> tuple[Pair, ...]:
    """A pair (before, after) for each axis.

    Args:
        value: An int for all, or for each axis an int or a pair.
        owner: The layer, for the message.
        name: The argument, for the message.
        count: How many axes; with 1, the pair may stand without another pair of brackets.

    Raises:
        ValueError: these are no ints of at least 0, or too many.

    >>> borders((1, (2, 3)), "ZeroPadding2D", "padding", 2)
    ((1, 1), (2, 3))
    """
    several = count > 1 and isinstance(value, tuple | list)
    parts = list(value) if several else [value] * count
    try:
        first, *rest = [ints(part, owner, name, 2, low=0) for part in parts]
        if len(parts) == count:
            return tuple((before, after) for before, after in (first, *rest))
    except (TypeError, ValueError):
        pass
    forms = {1: "an int or a pair (before, after)",
             2: "an int, (vertical, horizontal) or ((top, bottom), (left, right))",
             3: "an int, three ints or three pairs (before, after)"}
    raise ValueError(f"{owner}: {name} must be {forms[count]} of ints of at least 0, got {value!r}")


class ResizingLayer(Layer):
    """What the layers of this file share.

    A subclass sets its `rank`, and defines what it does to channels-last data (`resize`) and to the length of an axis
    (`length`).
    """

    rank: int
    data_format = "channels_last"

    def resize(self, x: Tensor) -> Tensor:
        """The operation, channels last."""
        raise NotImplementedError

    def length(self, size: int, axis: int) -> int:
        """The new length of spatial axis number `axis`, which has length `size`."""
        raise NotImplementedError

    def call(self, x: Tensor) -> Tensor:
        self.compute_output_shape(x.shape)  # refuses what does not fit
        if self.data_format == "channels_last":
            return self.resize(x)
        last, first = (0, *range(2, self.rank), 1), (0, self.rank - 1, *range(1, self.rank - 1))
        return ops.transpose(self.resize(ops.transpose(x, last)), first)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        check_rank(self, input_shape, self.rank, axes_of(self.rank, self.data_format))
        shape = list(input_shape)
        for number, axis in enumerate(spatial_axes(self.rank, self.data_format)):
            old = input_shape[axis]
            if old is not None:
                new = shape[axis] = self.length(old, number)
                if new < 0 or new == 0 < old:
                    raise ValueError(f"{type(self).__name__}: nothing is left of axis {axis}. "
                                     f"Got input {tuple(input_shape)}, {self._amount()}.")
        return tuple(shape)

    def _amount(self) -> str:
        """What was cut off, for the message."""
        raise NotImplementedError


class ZeroPadding(ResizingLayer):
    """What ZeroPadding1D, 2D and 3D share."""

    padding: Any
    _pairs: tuple[Pair, ...]

    def resize(self, x: Tensor) -> Tensor:
        return resize.zero_pad(x, self._pairs)

    def length(self, size: int, axis: int) -> int:
        return size + sum(self._pairs[axis])

    def get_config(self) -> Config:
        return {**super().get_config(), "padding": self.padding, "data_format": self.data_format}


class ZeroPadding1D(ZeroPadding):
    """Zeros before and after each sequence.

    Args:
        padding: How many on each side, or (before, after).
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.

    Shapes: (batch, steps, channels) -> (batch, before + steps + after, channels).

    >>> ZeroPadding1D((1, 2))(np.ones((1, 2, 1))).numpy().ravel()
    array([0., 1., 1., 0., 0.], dtype=float32)
    """

    rank = 3

    def __init__(self, padding: int | Pair = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._pairs = borders(padding, type(self).__name__, "padding", 1)
        (self.padding,) = self._pairs
        self.data_format = standard_data_format(data_format, type(self).__name__)


class ZeroPadding2D(ZeroPadding):
    """Zeros around each image.

    Args:
        padding: How many on every side, or (vertical, horizontal), or ((top, bottom), (left, right)).
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.

    Shapes: (batch, height, width, channels) -> (batch, top + height + bottom, left + width + right, channels).

    >>> ZeroPadding2D(((1, 0), (0, 1)))(np.ones((1, 1, 2, 1))).numpy()[0, ..., 0]  # above, and right
    array([[0., 0., 0.],
           [1., 1., 0.]], dtype=float32)
    """

    rank = 4

    def __init__(self, padding: Any = (1, 1), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.padding = self._pairs = borders(padding, type(self).__name__, "padding", 2)
        self.data_format = standard_data_format(data_format, type(self).__name__)


class Cropping(ResizingLayer):
    """What Cropping1D, 2D and 3D share."""

    cropping: Any
    _pairs: tuple[Pair, ...]

    def resize(self, x: Tensor) -> Tensor:
        return resize.crop(x, self._pairs)

    def length(self, size: int, axis: int) -> int:
        return size - sum(self._pairs[axis])

    def _amount(self) -> str:
        return f"cropping {self.cropping}"


class Cropping1D(Cropping):
    """Sequences without their first and last steps.

    Args:
        cropping: Steps to cut off on each side, or (before, after).

    Shapes: (batch, steps, channels) -> (batch, steps - before - after, channels).

    Raises:
        ValueError: when called, nothing is left.

    >>> Cropping1D((1, 2))(np.arange(5.0).reshape(1, 5, 1)).numpy().ravel()
    array([1., 2.], dtype=float32)
    """

    rank = 3

    def __init__(self, cropping: int | Pair = (1, 1), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._pairs = borders(cropping, type(self).__name__, "cropping", 1)
        (self.cropping,) = self._pairs

    def get_config(self) -> Config:
        return {**super().get_config(), "cropping": self.cropping}


class Cropping2D(Cropping):
    """Images without their borders.

    Args:
        cropping: Pixels to cut off on every side, or (vertical, horizontal), or ((top, bottom), (left, right)).
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.

    Shapes: (batch, height, width, channels) -> (batch, height - top - bottom, width - left - right, channels).

    Raises:
        ValueError: when called, nothing is left.

    >>> Cropping2D(1)(np.arange(12.0).reshape(1, 3, 4, 1)).numpy().ravel()
    array([5., 6.], dtype=float32)
    """

    rank = 4

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cropping = self._pairs = borders(cropping, type(self).__name__, "cropping", 2)
        self.data_format = standard_data_format(data_format, type(self).__name__)

    def get_config(self) -> Config:
        return {**super().get_config(), "cropping": self.cropping, "data_format": self.data_format}


class UpSampling1D(ResizingLayer):
    """Every step of a sequence `size` times.

    Args:
        size: How many times.

    Shapes: (batch, steps, channels) -> (batch, size * steps, channels).

    Raises:
        TypeError: `size` is no int.
        ValueError: it is below 1.

    >>> UpSampling1D(2)(np.array([[[1.0], [2.0]]])).numpy().ravel()
    array([1., 1., 2., 2.], dtype=float32)
    """

    rank = 3

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        (self.size,) = ints(size, type(self).__name__, "size", 1)

    def resize(self, x: Tensor) -> Tensor:
        return resize.upsample_nearest(x, (self.size,))

    def length(self, size: int, axis: int) -> int:
        return size * self.size

    def get_config(self) -> Config:
        return {**super().get_config(), "size": self.size}


class UpSampling2D(ResizingLayer):
    """Images `size` times as large.

    Args:
        size: Factor, or (vertical, horizontal).
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.
        interpolation: 'nearest' repeats pixels; 'bilinear' draws straight lines between their centres.

    Shapes: (batch, height, width, channels) -> (batch, size * height, size * width, channels).

    Raises:
        ValueError: `interpolation` is none of the two; Keras's 'bicubic' and 'lanczos' are in `Resizing`.

    >>> UpSampling2D((1, 2))(np.array([[1.0, 2.0], [3.0, 4.0]]).reshape(1, 2, 2, 1)).numpy()[0, ..., 0]
    array([[1., 1., 2., 2.],
           [3., 3., 4., 4.]], dtype=float32)
    """

    rank = 4

    def __init__(self, size: Sizes = (2, 2), data_format: str | None = None, interpolation: str = "nearest",
                 **kwargs: Any) -> None:
        super().__init__(**kwargs)
        vertical, horizontal = ints(size, type(self).__name__, "size", 2)
        self.size = vertical, horizontal
        self.data_format = standard_data_format(data_format, type(self).__name__)
        self.interpolation = choice(interpolation, "UpSampling2D", "interpolation", ("nearest", "bilinear"))

    def resize(self, x: Tensor) -> Tensor:
        return (resize.upsample_nearest if self.interpolation == "nearest" else resize.upsample_bilinear)(x, self.size)

    def length(self, size: int, axis: int) -> int:
        return size * self.size[axis]

    def get_config(self) -> Config:
        return {**super().get_config(), "size": self.size, "data_format": self.data_format,
                "interpolation": self.interpolation}
