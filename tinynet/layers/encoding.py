"""Layers that turn categories and values into indices and one-hot rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.checks import choice, positive_int
from ..core.old_names import today
from ..tensor import Tensor
from .base import Layer
from .preprocessing import batches_of

if TYPE_CHECKING:
    from ..core.types import Array, Config, DTypeLike, Shape


OLD_OUTPUT_MODES = {"binary": "multi_hot", "tf-idf": "tf_idf"}  # until TensorFlow 2.6


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


def refuse_sparse(sparse: bool, owner: str) -> None:
    """Refuse sparse output.

    Raises:
        ValueError: `sparse` is set.
    """
    if sparse:
        raise ValueError(f"{owner}: tinynet has no sparse tensors; use sparse=False")


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
        output_mode = today(output_mode, "CategoryEncoding", "output_mode", **OLD_OUTPUT_MODES)
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
