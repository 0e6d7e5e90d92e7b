"""Pooling to an output of a given size, whatever the input's: adaptive pooling, as in Keras and PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .. import ops
from ..core.checks import ints
from .arguments import axes_of, standard_data_format
from .base import Layer
from .pooling import check_rank, spatial_axes

if TYPE_CHECKING:
    from ..core.types import Config, Shape, Sizes
    from ..tensor import Tensor


def adaptive_windows(length: int, size: int) -> list[tuple[int, int]]:
    """(start, end) of each of `size` windows that cover an axis: floor(i length / size), ceil((i + 1) length / size).

    Neighbours overlap where `size` does not divide the length, and where it is larger.

    >>> adaptive_windows(5, 3)
    [(0, 2), (1, 4), (3, 5)]
    """
    return [(i * length // size, -(-(i + 1) * length // size)) for i in range(size)]


class AdaptivePooling(Layer):
    """What the adaptive poolings share. A subclass names its `rank`, 3, 4 or 5, and its `operation`.

    A window of an image is the product of one along each axis, so one axis is reduced after the other.

    Args:
        output_size: Length of the output along each spatial axis, or an int for all.
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.
    """

    rank: int
    operation: Callable[..., Tensor]

    def __init__(self, output_size: Sizes, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        self.output_size = ints(output_size, owner, "output_size", self.rank - 2)
        self.data_format = standard_data_format(data_format, owner)

    def call(self, x: Tensor) -> Tensor:
        check_rank(self, x.shape, self.rank, axes_of(self.rank, self.data_format))
        for axis, size in zip(spatial_axes(self.rank, self.data_format), self.output_size, strict=True):
            if not x.shape[axis]:
                raise ValueError(f"{type(self).__name__}: there is nothing to pool in an input of shape {x.shape}")
            before = (slice(None),) * axis
            parts = [self.operation(x[(*before, slice(start, end))], axis=axis, keepdims=True)
                     for start, end in adaptive_windows(x.shape[axis], size)]
            x = ops.concatenate(parts, axis=axis)
        return x

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        check_rank(self, input_shape, self.rank, axes_of(self.rank, self.data_format))
        shape: list[Any] = list(input_shape)
        for axis, size in zip(spatial_axes(self.rank, self.data_format), self.output_size, strict=True):
            shape[axis] = size
        return tuple(shape)

    def get_config(self) -> Config:
        return {**super().get_config(), "output_size": self.output_size, "data_format": self.data_format}


class AdaptiveAveragePooling1D(AdaptivePooling):
    """The means of `output_size` windows that cover a sequence of any length.

    Args:
        output_size: Steps of the output.
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.

    Shapes: (batch, steps, channels) -> (batch, output_size, channels).

    Raises:
        ValueError: when called, the sequences have no steps.

    >>> AdaptiveAveragePooling1D(2)(np.array([[[1.0], [3.0], [2.0]]])).numpy().ravel()
    array([2. , 2.5], dtype=float32)
    """

    rank, operation = 3, staticmethod(ops.mean)


class AdaptiveAveragePooling2D(AdaptivePooling):
    """The means of windows that cover an image of any size.

    Args:
        output_size: Height and width of the output, or an int for both.
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.

    Shapes: (batch, height, width, channels) -> (batch, *output_size, channels).

    >>> AdaptiveAveragePooling2D((1, 2))(np.arange(8.0).reshape(1, 2, 4, 1)).numpy().ravel()
    array([2.5, 4.5], dtype=float32)
    """

    rank, operation = 4, staticmethod(ops.mean)


class AdaptiveAveragePooling3D(AdaptivePooling):
    """The means of windows that cover a volume of any size.

    Args:
        output_size: Depth, height and width of the output, or an int for all.
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.

    Shapes: (batch, depth, height, width, channels) -> (batch, *output_size, channels).

    >>> AdaptiveAveragePooling3D(2)(np.ones((1, 5, 7, 7, 4))).shape
    (1, 2, 2, 2, 4)
    """

    rank, operation = 5, staticmethod(ops.mean)


class AdaptiveMaxPooling1D(AdaptivePooling):
    """The largest values of `output_size` windows that cover a sequence.

    Args:
        output_size: Steps of the output.
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.

    Shapes: (batch, steps, channels) -> (batch, output_size, channels).

    >>> AdaptiveMaxPooling1D(2)(np.array([[[1.0], [3.0], [2.0]]])).numpy().ravel()
    array([3., 3.], dtype=float32)
    """

    rank, operation = 3, staticmethod(ops.max)


class AdaptiveMaxPooling2D(AdaptivePooling):
    """The largest values of windows that cover an image of any size.

    Args:
        output_size: Height and width of the output, or an int for both.
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.

    Shapes: (batch, height, width, channels) -> (batch, *output_size, channels).

    >>> AdaptiveMaxPooling2D((1, 2))(np.arange(8.0).reshape(1, 2, 4, 1)).numpy().ravel()
    array([5., 7.], dtype=float32)
    """

    rank, operation = 4, staticmethod(ops.max)


class AdaptiveMaxPooling3D(AdaptivePooling):
    """The largest values of windows that cover a volume.

    Args:
        output_size: Depth, height and width of the output, or an int for all.
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.

    Shapes: (batch, depth, height, width, channels) -> (batch, *output_size, channels).

    >>> AdaptiveMaxPooling3D((1, 2, 3))(np.ones((1, 5, 7, 7, 4))).shape
    (1, 1, 2, 3, 4)
    """

    rank, operation = 5, staticmethod(ops.max)
