"""Layers that prepare numbers and images: scaled, standardized, in one size, as bins and as one-hot rows."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import ops
from ..core.checks import choice, positive_int
from ..ops import image
from ..tensor import Tensor, to_array
from .arguments import standard_data_format
from .base import Layer
from .pooling import check_rank

if TYPE_CHECKING:
    from ..core.types import Array, Axis, Config, DTypeLike, Shape


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
        deviation = Tensor.wrap(np.maximum(np.sqrt(self.variance.data), 1e-7))
        return x * deviation + self.mean if self.invert else (x - self.mean) / deviation

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> Config:
        given = [np.asarray(value).tolist() if value is not None else None
                 for value in (self.input_mean, self.input_variance)]
        return {**super().get_config(), "axis": self.axis, "invert": self.invert, "mean": given[0],
                "variance": given[1]}


class _Images(Layer):
    """What works on (batch, height, width, channels) and on single images."""

    data_format: str
    height: int
    width: int

    def _sizes(self, shape: Shape) -> tuple[int, Any, Any]:
        """The axis of the height, the height, and the width."""
        if len(shape) == 3:
            check_rank(self, shape, 3, "(height, width, channels)")
        else:
            check_rank(self, shape, 4, "(batch, height, width, channels)")
        axis = len(shape) - (3 if self.data_format == "channels_last" else 2)
        return axis, shape[axis], shape[axis + 1]

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        axis, _, _ = self._sizes(input_shape)
        return (*input_shape[:axis], self.height, self.width, *input_shape[axis + 2:])


class Resizing(_Images):
    """Images of another height and width; `tinynet.ops.image.resize` has the interpolations.

    Args:
        height, width: Of the output, in pixels.
        interpolation: 'bilinear', 'nearest', 'bicubic', 'lanczos3' or 'lanczos5'.
        crop_to_aspect_ratio: Cut the borders off first, so that nothing is distorted.
        pad_to_aspect_ratio: Fill borders in first, with `fill_value`.
        fill_mode: 'constant'.
        fill_value: Of the borders.
        antialias: When shrinking, average over all pixels that a new one covers.
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.

    Shapes: (batch, any height, any width, channels) -> (batch, height, width, channels); or without the batch.

    Raises:
        TypeError: `height` or `width` is no int.
        ValueError: it is below 1, or `interpolation` is none of these.

    >>> Resizing(4, 5)(np.ones((1, 8, 10, 3))).shape
    (1, 4, 5, 3)
    """

    def __init__(self, height: int, width: int, interpolation: str = "bilinear", crop_to_aspect_ratio: bool = False,
                 pad_to_aspect_ratio: bool = False, fill_mode: str = "constant", fill_value: float = 0.0,
                 antialias: bool = False, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.height = positive_int(height, "Resizing", "height")
        self.width = positive_int(width, "Resizing", "width")
        if interpolation not in image.METHODS:
            hint = "; use antialias=True with 'bilinear' to average areas" if interpolation == "area" else ""
            raise ValueError(f"Resizing: interpolation must be one of {', '.join(image.METHODS)}, got "
                             f"{interpolation!r}{hint}")
        self.interpolation = interpolation
        self.crop_to_aspect_ratio = crop_to_aspect_ratio
        self.pad_to_aspect_ratio = pad_to_aspect_ratio
        self.fill_mode = fill_mode
        self.fill_value = fill_value
        self.antialias = antialias
        self.data_format = standard_data_format(data_format, "Resizing")

    def call(self, x: Tensor) -> Tensor:
        self._sizes(x.shape)
        return image.resize(ops.cast(x, self.dtype), (self.height, self.width), self.interpolation, self.antialias,
                            self.crop_to_aspect_ratio, self.pad_to_aspect_ratio, self.fill_mode, self.fill_value,
                            self.data_format)

    def get_config(self) -> Config:
        return {
            **super().get_config(), "height": self.height, "width": self.width, "interpolation": self.interpolation,
            "crop_to_aspect_ratio": self.crop_to_aspect_ratio, "pad_to_aspect_ratio": self.pad_to_aspect_ratio,
            "fill_mode": self.fill_mode, "fill_value": self.fill_value, "antialias": self.antialias,
            "data_format": self.data_format,
        }


class CenterCrop(_Images):
    """The middle of each image; images that are too small are cut to the proportions and resized.

    Args:
        height, width: Of the output, in pixels.
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.

    Shapes: (batch, any height, any width, channels) -> (batch, height, width, channels); or without the batch.

    Raises:
        TypeError: `height` or `width` is no int.
        ValueError: it is below 1.

    >>> CenterCrop(4, 5)(np.ones((1, 8, 10, 3))).shape
    (1, 4, 5, 3)
    """

    def __init__(self, height: int, width: int, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.height = positive_int(height, "CenterCrop", "height")
        self.width = positive_int(width, "CenterCrop", "width")
        self.data_format = standard_data_format(data_format, "CenterCrop")

    def call(self, x: Tensor) -> Tensor:
        x = ops.cast(x, self.dtype)
        axis, height, width = self._sizes(x.shape)
        if height < self.height or width < self.width:
            return image.resize(x, (self.height, self.width), crop_to_aspect_ratio=True, data_format=self.data_format)
        top, left = int((height - self.height) / 2), int((width - self.width) / 2)
        return x[(slice(None),) * axis + (slice(top, top + self.height), slice(left, left + self.width))]

    def get_config(self) -> Config:
        return {**super().get_config(), "height": self.height, "width": self.width, "data_format": self.data_format}


def encode(indices: Array, output_mode: str, depth: int, dtype: DTypeLike, weights: Any = None) -> Array:
    """Indices as they are, or as rows of zeros and ones, or counts.

    Args:
        indices: Integers, shape (batch, n), (batch,), (n,) or ().
        output_mode: 'int', 'one_hot', 'multi_hot' or 'count'.
        depth: Length of a row.
        dtype: Of the rows.
        weights: What an index counts, shaped as the indices; 1 if None. For 'count'.

    >>> encode(np.array([[1, 1, 3]]), "count", 4, "float32")
    array([[0., 2., 0., 1.]], dtype=float32)
    """
    if output_mode == "int":
        return indices
    if output_mode == "one_hot":
        indices = indices[..., 0] if indices.ndim > 1 and indices.shape[-1] == 1 else indices
        return (indices[..., None] == np.arange(depth)).astype(dtype)
    rows = indices.reshape(math.prod(indices.shape[:-1]), indices.shape[-1]) if indices.ndim else indices.reshape(1, 1)
    result = np.zeros((len(rows), depth), dtype)
    inside = (rows >= 0) & (rows < depth)
    values = np.ones(rows.shape) if weights is None else np.broadcast_to(np.asarray(weights), indices.shape)
    values = values.reshape(rows.shape)
    row_and_column = np.nonzero(inside)[0], rows[inside]
    if output_mode == "multi_hot":
        result[row_and_column] = 1
    else:
        np.add.at(result, row_and_column, values[inside])
    return result.reshape(*indices.shape[:-1], depth)


class CategoryEncoding(Layer):
    """Whole numbers below `num_tokens` as rows of zeros and ones, or of counts.

    Args:
        num_tokens: Length of a row.
        output_mode: 'one_hot': a row for each number. 'multi_hot': a row for each sample, 1 at all its numbers.
            'count': how often each number is in a sample.
        sparse: There are no sparse tensors here: must be False.

    Call arguments:
        count_weights: What each number counts, shaped as the input; 1 if None. For 'count'.

    Shapes: (batch, n) -> (batch, num_tokens); for 'one_hot' (batch, 1) or (batch,) -> (batch, num_tokens).

    Raises:
        TypeError: `num_tokens` is no int.
        ValueError: it is below 1, or `output_mode` is none of these; when called, a number is outside the range.

    >>> CategoryEncoding(4, "count")(np.array([[1, 1, 3]])).numpy()
    array([[0., 2., 0., 1.]], dtype=float32)
    """

    def __init__(self, num_tokens: int | None = None, output_mode: str = "multi_hot", sparse: bool = False,
                 **kwargs: Any) -> None:
        super().__init__(**kwargs)
        refuse_sparse(sparse, "CategoryEncoding")
        choice(output_mode, "CategoryEncoding", "output_mode", ("multi_hot", "one_hot", "count"))
        self.num_tokens = positive_int(num_tokens, "CategoryEncoding", "num_tokens")
        self.output_mode = output_mode
        self.autocast = False

    def call(self, x: Any, count_weights: Any = None) -> Tensor:
        if count_weights is not None and self.output_mode != "count":
            raise ValueError("CategoryEncoding: count_weights needs output_mode='count'")
        indices = np.asarray(x).astype(np.int64)
        if indices.size and (indices.min() < 0 or indices.max() >= self.num_tokens):
            raise ValueError(
                f"CategoryEncoding: all numbers must be in [0, num_tokens) = [0, {self.num_tokens}), got "
                f"{indices.min()} to {indices.max()}"
            )
        return Tensor(encode(indices, self.output_mode, self.num_tokens, self.dtype, count_weights))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        if self.output_mode == "one_hot" and (len(input_shape) < 2 or input_shape[-1] != 1):
            return (*input_shape, self.num_tokens)
        return (*input_shape[:-1], self.num_tokens)

    def get_config(self) -> Config:
        return {**super().get_config(), "num_tokens": self.num_tokens, "output_mode": self.output_mode}


def refuse_sparse(sparse: bool, owner: str) -> None:
    """Refuse sparse output.

    Raises:
        ValueError: `sparse` is set.
    """
    if sparse:
        raise ValueError(f"{owner}: tinynet has no sparse tensors; use sparse=False")


class Discretization(Layer):
    """The number of the bin that each value falls in: how many boundaries are at most as large as the value.

    Args:
        bin_boundaries: Increasing numbers; n of them make n + 1 bins.
        num_bins: Instead of boundaries: the number of bins, which `adapt` chooses to hold equally many values.
        epsilon: Accepted for Keras's signature: the quantiles here are exact.
        output_mode: 'int', 'one_hot', 'multi_hot' or 'count'.
        sparse: There are no sparse tensors here: must be False.

    Shapes: any -> the same, for 'int'; (batch, n) -> (batch, bins) otherwise.

    Raises:
        ValueError: there are neither boundaries nor `num_bins`, or both; `output_mode` is none of these.

    >>> Discretization([0.0, 1.0])(np.array([[-1.0, 0.0, 5.0]])).numpy()
    array([[0, 1, 2]])
    """

    def __init__(self, bin_boundaries: Any = None, num_bins: int | None = None, epsilon: float = 0.01,
                 output_mode: str = "int", sparse: bool = False, dtype: DTypeLike = None, name: str | None = None,
                 **kwargs: Any) -> None:
        super().__init__(name=name, dtype=None, **kwargs)
        refuse_sparse(sparse, "Discretization")
        if (bin_boundaries is None) == (num_bins is None):
            raise ValueError("Discretization: give either bin_boundaries or num_bins")
        choice(output_mode, "Discretization", "output_mode", ("int", "one_hot", "multi_hot", "count"))
        self._output_dtype: Any = dtype or ("int64" if output_mode == "int" else self.dtype)
        self.input_bin_boundaries = bin_boundaries
        self.bin_boundaries: Any = None if bin_boundaries is None else [float(value) for value in bin_boundaries]
        self.num_bins: Any = num_bins
        self.epsilon = epsilon
        self.output_mode = output_mode

    def adapt(self, data: Any) -> None:
        """Choose the boundaries: quantiles of the data.

        Args:
            data: Array, or an iterable of batches.

        Raises:
            ValueError: the data is empty, or the layer was given its boundaries.
        """
        if self.input_bin_boundaries is not None:
            raise ValueError("Discretization.adapt: this layer was given its boundaries")
        values = np.sort(np.concatenate([batch.ravel() for batch in batches_of(data, "Discretization")]))
        if not values.size:
            raise ValueError("Discretization.adapt: the data is empty")
        fractions = np.arange(1, self.num_bins) / self.num_bins
        self.bin_boundaries = np.quantile(values.astype(np.float64), fractions).tolist()

    def call(self, x: Tensor) -> Tensor:
        if self.bin_boundaries is None:
            raise ValueError("Discretization: call adapt(data) first, or give bin_boundaries")
        boundaries = np.asarray(self.bin_boundaries, x.dtype if x.dtype.kind == "f" else np.float32)
        bins = np.searchsorted(boundaries, x.data, side="right")
        return Tensor(encode(bins, self.output_mode, len(boundaries) + 1, self._output_dtype), self._output_dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        if self.output_mode == "int":
            return input_shape
        depth = self.num_bins or len(self.bin_boundaries) + 1
        if self.output_mode == "one_hot" and input_shape[-1] != 1:
            return (*input_shape, depth)
        return (*input_shape[:-1], depth)

    def get_config(self) -> Config:
        return {"bin_boundaries": self.bin_boundaries, "num_bins": None if self.bin_boundaries else self.num_bins,
                "epsilon": self.epsilon, "output_mode": self.output_mode, "sparse": False, "name": self.name,
                "dtype": self._output_dtype}
