"""Layers that prepare numbers: scaled and standardized."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import ops
from ..core.recording import constant
from ..tensor import Tensor, to_array
from .base import Layer

if TYPE_CHECKING:
    from ..core.types import Array, Axis, Config, Shape


def batches_of(data: Any, owner: str) -> Iterable[Array]:
    """The arrays that `adapt` learns from: one array, or those of an iterable of batches (x or (x, y)).

    Raises:
        TypeError: the data is neither.
    """
    if isinstance(data, Tensor | np.ndarray) or hasattr(data, "__array__"):
        return [np.asarray(data)]
    if isinstance(data, list | tuple):
        return [np.asarray(data)]
    if not hasattr(data, "__iter__"):
        raise TypeError(f"{owner}.adapt: expected an array or an iterable of batches, got {type(data).__name__}")
    return (np.asarray(batch[0] if isinstance(batch, tuple) else batch) for batch in data)


class Rescaling(Layer):
    """x * scale + offset, such as 1/255 for pixels in [0, 1], or 1/127.5 and -1 for [-1, 1].

    Args:
        scale: Number, or one for each channel.
        offset: The same.

    Shapes: any, the same out.

    >>> Rescaling(1 / 255)(np.array([[0, 255]])).numpy()
    array([[0., 1.]], dtype=float32)
    """

    def __init__(self, scale: Any, offset: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale
        self.offset = offset
        self.supports_masking = True

    def call(self, x: Tensor) -> Tensor:
        x = ops.cast(x, self.dtype)
        return x * self._number(self.scale) + self._number(self.offset)

    def _number(self, value: Any) -> Any:
        return value if isinstance(value, int | float) else ops.convert_to_tensor(value, self.dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> Config:
        plain = [value.tolist() if isinstance(value, np.ndarray) else value for value in (self.scale, self.offset)]
        return {**super().get_config(), "scale": plain[0], "offset": plain[1]}


class Normalization(Layer):
    """(x - mean) / standard deviation, with the mean and variance of the data that `adapt` was given.

    Args:
        axis: What has a mean and a variance of its own: an axis, several, or None for one mean of everything.
        mean, variance: Instead of `adapt`: numbers that broadcast along the axes.
        invert: The inverse: x * standard deviation + mean.

    Shapes: any with two axes or more, the same out; mean and variance have the lengths of `axis`.

    Raises:
        ValueError: only one of mean and variance is given; when called, `axis` does not exist or has no known length.

    >>> layer = Normalization()
    >>> layer.adapt(np.array([[0.0, 10.0], [2.0, 30.0]]))
    >>> layer(np.array([[2.0, 20.0]])).numpy()
    array([[1., 0.]], dtype=float32)
    """

    def __init__(self, axis: Axis = -1, mean: Any = None, variance: Any = None, invert: bool = False,
                 **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if (mean is None) != (variance is None):
            raise ValueError("Normalization: give both mean and variance, or none of them (and call adapt)")
        axes: Any = axis
        self.axis: Any = None if axes is None else tuple(axes) if isinstance(axes, list | tuple) else (axes,)
        self.input_mean = mean
        self.input_variance = variance
        self.invert = invert
        self.supports_masking = True
        self.mean: Any = None
        self.variance: Any = None

    def build(self, input_shape: Shape) -> None:
        rank = len(input_shape)
        kept = () if self.axis is None else tuple(sorted(axis % rank for axis in self.axis))
        if any(not -rank <= axis < rank for axis in self.axis or ()) or 0 in kept:
            raise ValueError(f"Normalization: axis {self.axis} is no axis of features in {tuple(input_shape)}")
        if any(input_shape[axis] is None for axis in kept):
            raise ValueError(f"Normalization: the length of axis {self.axis} must be known, got {tuple(input_shape)}")
        self._kept = kept
        self._broadcast_shape: Any = tuple(input_shape[axis] if axis in kept else 1 for axis in range(rank))
        if self.input_mean is None:
            shape = tuple(input_shape[axis] for axis in kept)
            self.adapt_mean = self.add_weight(shape, "zeros", trainable=False, name="mean")
            self.adapt_variance = self.add_weight(shape, "ones", trainable=False, name="variance")
            self.count = self.add_weight((), "zeros", dtype="int32", trainable=False, name="count")
            self._finalize(self.adapt_mean.data, self.adapt_variance.data)
        else:
            given = [np.asarray(to_array(value, self.dtype)) for value in (self.input_mean, self.input_variance)]
            self._finalize(*(np.broadcast_to(value, self._broadcast_shape) if value.ndim == rank or not kept or
                             value.ndim == 0 else value for value in given))

    def _finalize(self, mean: Array, variance: Array) -> None:
        self.mean, self.variance = (Tensor.wrap(np.reshape(value, self._broadcast_shape).astype(self.dtype))
                                    for value in (mean, variance))

    def adapt(self, data: Any) -> None:
        """Compute mean and variance of the data.

        Args:
            data: Array, or an iterable of batches.

        Raises:
            ValueError: the data is empty, or the layer was given its mean and variance.
        """
        if self.input_mean is not None:
            raise ValueError("Normalization.adapt: this layer was given its mean and variance")
        count = 0
        mean: Any = 0.0
        squares: Any = 0.0
        for batch in batches_of(data, "Normalization"):
            batch = batch.astype(np.float64)
            if batch.ndim == 1:
                batch = batch[:, None]
            if not self.built:
                self._build_with_shape((None, *batch.shape[1:]))
            axes = tuple(axis for axis in range(batch.ndim) if axis not in self._kept)
            size = batch.size // max(1, int(np.prod(self._broadcast_shape)))
            if not size:
                continue
            new_mean, new_squares = batch.mean(axis=axes), batch.var(axis=axes) * size
            delta, total = new_mean - mean, count + size  # Chan, Golub and LeVeque: two sets' variances become one's
            squares = squares + new_squares + delta**2 * (count * size / total)
            mean, count = mean + delta * size / total, total
        if not count:
            raise ValueError("Normalization.adapt: the data is empty")
        self.adapt_mean.assign(mean)
        self.adapt_variance.assign(squares / count)
        self.count.assign(count)
        self._finalize(self.adapt_mean.data, self.adapt_variance.data)

    def set_weights(self, weights: Any) -> None:
        super().set_weights(weights)
        if self.input_mean is None:
            self._finalize(self.adapt_mean.data, self.adapt_variance.data)

    def call(self, x: Tensor) -> Tensor:
        x = ops.cast(x, self.dtype)
        if self.input_mean is None:  # weights may have been loaded
            self._finalize(self.adapt_mean.data, self.adapt_variance.data)
        deviation = Tensor.wrap(constant(np.maximum(np.sqrt(self.variance.data), 1e-7)))
        constant(self.mean.data)
        return x * deviation + self.mean if self.invert else (x - self.mean) / deviation

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> Config:
        given = [np.asarray(value).tolist() if value is not None else None
                 for value in (self.input_mean, self.input_variance)]
        return {**super().get_config(), "axis": self.axis, "invert": self.invert, "mean": given[0],
                "variance": given[1]}
