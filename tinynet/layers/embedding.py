"""Layers at the head of models for sequences: words as vectors, padding marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import ops
from ..core.checks import positive_int
from ..core.errors import warn_user
from ..core.recording import converted, repeated
from .base import Layer
from .masks import set_mask
from .weight_spec import describe_weight, make_weight, weight_config

if TYPE_CHECKING:
    from ..core.types import Config, Shape
    from ..tensor import Tensor
    from ..variable import Variable
    from .weight_spec import ConstraintLike, InitializerLike, RegularizerLike


class Embedding(Layer):
    """A vector for each index: row i of a matrix that is learned.

    The same as a dense layer on one-hot vectors, without the zeros. The gradient of a row is the sum of the output's
    gradients wherever its index occurs.

    Args:
        input_dim: Number of indices: the largest plus 1.
        output_dim: Length of the vectors.
        embeddings_initializer, embeddings_regularizer, embeddings_constraint: For the matrix.
        mask_zero: Index 0 is padding: the layer attaches a mask to its output, and layers after it leave these steps
            out.
        weights: The matrix to start from, as an array or in a list.
        lora_rank, lora_alpha, quantization_config: Keras has these; tinynet does not.

    Shapes: (batch, ...) of integers -> (batch, ..., output_dim); embeddings (input_dim, output_dim).

    Raises:
        TypeError: `input_dim` or `output_dim` is no int.
        ValueError: it is below 1, or one of the last three arguments is given; when called, an index is negative, or
            `input_dim` or more.

    >>> Embedding(1000, 64)(np.array([[4, 20]])).shape
    (1, 2, 64)

    >>> rows = np.array([[0.0, 0.0], [1.0, 10.0], [2.0, 20.0]])
    >>> Embedding(3, 2, weights=rows)(np.array([[2, 0]])).numpy()
    array([[[ 2., 20.],
            [ 0.,  0.]]], dtype=float32)
    """

    def __init__(self, input_dim: int, output_dim: int, embeddings_initializer: InitializerLike = "uniform",
                 embeddings_regularizer: RegularizerLike = None, embeddings_constraint: ConstraintLike = None,
                 mask_zero: bool = False, weights: Any = None, lora_rank: None = None, lora_alpha: None = None,
                 quantization_config: None = None, **kwargs: Any) -> None:
        input_length = kwargs.pop("input_length", None)
        if input_length is not None:
            warn_user("Embedding: input_length is not needed since Keras 3; it is ignored", DeprecationWarning)
        if lora_rank is not None or lora_alpha is not None or quantization_config is not None:
            raise ValueError(
                "Embedding: lora_rank, lora_alpha and quantization_config are for large pretrained models; tinynet has "
                "neither"
            )
        if weights is not None:
            kwargs["weights"] = weights if isinstance(weights, list | tuple) else [weights]
        super().__init__(**kwargs)
        self.input_dim = positive_int(input_dim, "Embedding", "input_dim")
        self.output_dim = positive_int(output_dim, "Embedding", "output_dim")
        describe_weight(self, "embeddings", embeddings_initializer, embeddings_regularizer, embeddings_constraint)
        self.mask_zero = mask_zero
        self.supports_masking = mask_zero
        self.autocast = False  # indices are integers, whatever type they come in
        self.embeddings: Variable | None = None

    def build(self, input_shape: Any = None) -> None:
        self.embeddings = make_weight(self, "embeddings", (self.input_dim, self.output_dim))

    def call(self, x: Tensor) -> Tensor:
        return ops.take(self.embeddings, repeated(_checked_indices, x.data, self.input_dim), axis=0)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return ops.not_equal(inputs, 0) if self.mask_zero else None

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape, self.output_dim)

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "input_dim": self.input_dim,
            "output_dim": self.output_dim,
            **weight_config(self, "embeddings", "activity"),
            "mask_zero": self.mask_zero,
        }


def _checked_indices(values, input_dim):
    """The indices as integers of NumPy's index type, all of them rows of the matrix."""
    indices = values if values.dtype.kind in "iu" else values.astype(np.int32)
    if indices.size and (indices.min() < 0 or indices.max() >= input_dim):
        wrong = indices.max() if indices.max() >= input_dim else indices.min()
        raise ValueError(
            f"Embedding: index {wrong} is outside [0, {input_dim}). "
            "input_dim must be the largest index plus 1, with 0 counted; index 0 is often padding."
        )
    return indices.astype(np.intp)


class Masking(Layer):
    """Mark the steps of sequences whose values all equal `mask_value` as padding, and set them to 0.

    Args:
        mask_value: The value that padding was filled with.

    Shapes: (batch, steps, ...), the same out, with a mask (batch, steps).

    >>> y = Masking()(np.array([[[1.0, 0.0], [0.0, 0.0]]]))
    >>> y._keras_mask.numpy()
    array([[ True, False]])
    """

    def __init__(self, mask_value: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mask_value = mask_value
        self.supports_masking = True

    def call(self, x: Tensor) -> Tensor:
        mask = repeated(_any_other, x.data, self.mask_value)
        y = x * converted(mask, x.dtype)
        return set_mask(y, ops.convert_to_tensor(repeated(_first_of_last, mask)))

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Tensor:
        return ops.any(ops.not_equal(inputs, self.mask_value), axis=-1)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return tuple(input_shape)

    def get_config(self) -> Config:
        return {**super().get_config(), "mask_value": self.mask_value}


def _any_other(x, value):
    return np.any(x != value, axis=-1, keepdims=True)


def _first_of_last(mask):
    return mask[..., 0]
