"""Layers that summarise: the maximum or the mean of windows, or of all that a channel holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .. import ops
from ..core.checks import choice, ints, missing_axis
from ..core.old_names import SPATIAL, old_arguments
from ..ops.average_pool2d import average_pool2d
from ..ops.max_pool2d import max_pool2d
from ..ops.windows import window_output_size
from .arguments import axes_of, standard_data_format
from .base import Layer

if TYPE_CHECKING:
    from ..core.types import Config, Pair, Shape, Sizes
    from ..tensor import Tensor


def check_rank(layer: Layer, input_shape: Shape, rank: int, axes: str) -> None:
    """Refuse inputs with another number of axes than the layer expects.

    Raises:
        ValueError: the input has not `rank` axes; the message describes them with `axes`.
    """
    if len(input_shape) != rank:
        hint = missing_axis(input_shape, rank)
        raise ValueError(f"{type(layer).__name__}: expected {rank} axes {axes}, got shape {tuple(input_shape)}.{hint}")


def spatial_axes(rank: int, data_format: str) -> tuple[int, ...]:
    """The axes that are neither batch nor channels.

    >>> spatial_axes(4, "channels_last"), spatial_axes(4, "channels_first")
    ((1, 2), (2, 3))
    """
    return tuple(range(1, rank - 1)) if data_format == "channels_last" else tuple(range(2, rank))


class Pooling(Layer):
    """What the window poolings share. A subclass names its `rank`, 3, 4 or 5, and its `operation`."""

    rank: int
    operation: Callable[..., Tensor]

    def __init__(self, pool_size: Sizes, strides: Sizes | None = None, padding: str = "valid",
                 data_format: str | None = None, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        owner = type(self).__name__
        self.pool_size = ints(pool_size, owner, "pool_size", self.rank - 2)
        self.strides = self.pool_size if strides is None else ints(strides, owner, "strides", self.rank - 2)
        lowered = padding.lower() if isinstance(padding, str) else padding
        self.padding = choice(lowered, owner, "padding", ("valid", "same"))
        self.data_format = standard_data_format(data_format, owner)

    def call(self, x: Tensor) -> Tensor:
        check_rank(self, x.shape, self.rank, axes_of(self.rank, self.data_format))
        if x.dtype.kind != "f":  # pixels
            x = ops.cast(x, self.dtype)
        return self.operation(x, self.pool_size, self.strides, self.padding, self.data_format)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        check_rank(self, input_shape, self.rank, axes_of(self.rank, self.data_format))
        shape: list[Any] = list(input_shape)
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

    def get_config(self) -> Config:
        return {**super().get_config(), "pool_size": self.pool_size, "padding": self.padding, "strides": self.strides,
                "data_format": self.data_format}


@old_arguments(pool_length="pool_size", stride="strides", border_mode="padding")
class MaxPooling1D(Pooling):
    """The largest value in each window of a sequence.

    Args:
        pool_size: Steps in a window.
        strides: Steps from one window to the next; `pool_size` if None.
        padding: 'valid' or 'same'.
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.

    Shapes: (batch, steps, channels) -> (batch, out_steps, channels).

    Raises:
        ValueError: when called, the window is longer than the input.

    >>> MaxPooling1D(2)(np.array([[[1.0], [3.0], [2.0], [0.0]]])).numpy().ravel()
    array([3., 2.], dtype=float32)
    """

    rank, operation = 3, staticmethod(ops.max_pool)

    def __init__(self, pool_size: Sizes = 2, strides: Sizes | None = None, padding: str = "valid",
                 data_format: str | None = None, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(pool_size, strides, padding, data_format, name, **kwargs)


@old_arguments(**SPATIAL)
class MaxPooling2D(Pooling):
    """The largest value in each window of an image.

    Args:
        pool_size: Side of the window in pixels, or (height, width).
        strides: Pixels from one window to the next, or (vertical, horizontal); `pool_size` if None.
        padding: 'valid' or 'same'.
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.

    Shapes: (batch, height, width, channels) -> (batch, out_height, out_width, channels).

    Raises:
        ValueError: when called, the window is larger than the input.

    >>> MaxPooling2D(2)(np.ones((1, 28, 28, 3))).shape
    (1, 14, 14, 3)

    >>> MaxPooling2D(2)(np.arange(16.0).reshape(1, 4, 4, 1)).numpy()[0, ..., 0]
    array([[ 5.,  7.],
           [13., 15.]], dtype=float32)
    """

    rank, operation = 4, staticmethod(max_pool2d)

    def __init__(self, pool_size: int | Pair = (2, 2), strides: int | Pair | None = None, padding: str = "valid",
                 data_format: str | None = None, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(pool_size, strides, padding, data_format, name, **kwargs)


@old_arguments(pool_length="pool_size", stride="strides", border_mode="padding")
class AveragePooling1D(Pooling):
    """The mean of each window of a sequence. Padding does not count in the mean.

    Args:
        pool_size: Steps in a window.
        strides: Steps from one window to the next; `pool_size` if None.
        padding: 'valid' or 'same'.
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.

    Shapes: (batch, steps, channels) -> (batch, out_steps, channels).

    Raises:
        ValueError: `pool_size` or `strides` is below 1; when called, the window is longer than the input.

    >>> AveragePooling1D(2)(np.array([[[1.0], [3.0], [2.0], [0.0]]])).numpy().ravel()
    array([2., 1.], dtype=float32)
    """

    rank, operation = 3, staticmethod(ops.average_pool)


@old_arguments(**SPATIAL)
class AveragePooling2D(Pooling):
    """The mean of each window of an image. Padding does not count in the mean.

    Args:
        pool_size: Side of the window in pixels, or (height, width).
        strides: Pixels from one window to the next, or (vertical, horizontal); `pool_size` if None.
        padding: 'valid' or 'same'.
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.

    Shapes: (batch, height, width, channels) -> (batch, out_height, out_width, channels).

    Raises:
        ValueError: `pool_size` or `strides` is below 1; when called, the window is larger than the input.

    >>> AveragePooling2D(2)(np.array([[1.0, 3.0], [5.0, 7.0]]).reshape(1, 2, 2, 1)).numpy().ravel()
    array([4.], dtype=float32)
    """

    rank, operation = 4, staticmethod(average_pool2d)


class GlobalPooling(Layer):
    """What the global poolings share. A subclass names its `rank`, 3, 4 or 5, and its `operation`.

    Args:
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.
        keepdims: Leave the reduced axes with length 1.
    """

    rank: int
    operation: Callable[..., Tensor]

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = standard_data_format(data_format, type(self).__name__)
        self.keepdims = keepdims

    def call(self, x: Tensor) -> Tensor:
        check_rank(self, x.shape, self.rank, axes_of(self.rank, self.data_format))
        return self.operation(x, axis=spatial_axes(self.rank, self.data_format), keepdims=self.keepdims)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        check_rank(self, input_shape, self.rank, axes_of(self.rank, self.data_format))
        spatial = spatial_axes(self.rank, self.data_format)
        if self.keepdims:
            return tuple(1 if axis in spatial else n for axis, n in enumerate(input_shape))
        return tuple(n for axis, n in enumerate(input_shape) if axis not in spatial)

    def get_config(self) -> Config:
        return {**super().get_config(), "data_format": self.data_format, "keepdims": self.keepdims}


class GlobalMaxPooling1D(GlobalPooling):
    """The largest value of each channel of sequences.

    Args:
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.
        keepdims: Leave the reduced axes with length 1.

    Shapes: (batch, steps, channels) -> (batch, channels), or (batch, 1, channels) with `keepdims`.

    >>> GlobalMaxPooling1D()(np.array([[[1.0], [3.0], [2.0]]])).numpy()
    array([[3.]], dtype=float32)
    """

    rank, operation = 3, staticmethod(ops.max)


class GlobalMaxPooling2D(GlobalPooling):
    """The largest value of each channel of images.

    Args:
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.
        keepdims: Leave the reduced axes with length 1.

    Shapes: (batch, height, width, channels) -> (batch, channels), or (batch, 1, 1, channels) with `keepdims`.

    >>> GlobalMaxPooling2D()(np.arange(4.0).reshape(1, 2, 2, 1)).numpy()
    array([[3.]], dtype=float32)
    """

    rank, operation = 4, staticmethod(ops.max)


class GlobalAveragePooling1D(GlobalPooling):
    """The mean of each channel of sequences, over the steps that are no padding.

    A sample of nothing but padding has the mean NaN, as in Keras.

    Args:
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.
        keepdims: Leave the reduced axis with length 1.

    Call arguments:
        mask: Boolean, shape (batch, steps), False where a step is padding; all steps count if None.

    Shapes: (batch, steps, channels) -> (batch, channels), or (batch, 1, channels) with `keepdims`.

    >>> GlobalAveragePooling1D()(np.array([[[1.0], [3.0], [2.0]]]), mask=np.array([[True, True, False]])).numpy()
    array([[2.]], dtype=float32)
    """

    rank, operation = 3, staticmethod(ops.mean)

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(data_format, keepdims, **kwargs)
        self.supports_masking = True

    def call(self, x: Tensor, mask: Any = None) -> Tensor:
        if mask is None:
            return super().call(x)
        check_rank(self, x.shape, self.rank, axes_of(self.rank, self.data_format))
        (steps,) = spatial_axes(self.rank, self.data_format)
        kept = ops.cast(ops.expand_dims(mask, 3 - steps), x.dtype)
        return ops.sum(x * kept, steps, keepdims=self.keepdims) / ops.sum(kept, steps, keepdims=self.keepdims)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> None:
        return None  # the steps are gone


class GlobalAveragePooling2D(GlobalPooling):
    """The mean of each channel of images.

    Args:
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.
        keepdims: Leave the reduced axes with length 1.

    Shapes: (batch, height, width, channels) -> (batch, channels), or (batch, 1, 1, channels) with `keepdims`.

    >>> GlobalAveragePooling2D()(np.arange(4.0).reshape(1, 2, 2, 1)).numpy()
    array([[1.5]], dtype=float32)
    """

    rank, operation = 4, staticmethod(ops.mean)


MaxPool1D, MaxPool2D = MaxPooling1D, MaxPooling2D
AvgPool1D, AvgPool2D = AveragePooling1D, AveragePooling2D
GlobalMaxPool1D, GlobalMaxPool2D = GlobalMaxPooling1D, GlobalMaxPooling2D
GlobalAvgPool1D, GlobalAvgPool2D = GlobalAveragePooling1D, GlobalAveragePooling2D
