"""The layer that makes numbers of categories without a vocabulary: by a hash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.checks import choice, whole
from ..tensor import Tensor
from .base import Layer
from .encoding import encode, refuse_sparse
from .tokens import as_text, stable_hash

if TYPE_CHECKING:
    from ..core.types import Config, Shape


class Hashing(Layer):
    """Any string or integer as one of `num_bins` numbers, without a vocabulary. Different values may share a number.

    The hash is stable, but not TensorFlow's: the numbers differ from Keras's.

    Args:
        num_bins: How many numbers.
        mask_value: This value has the number 0, and no other has.
        salt: Another salt gives another hash.
        output_mode: 'int', 'one_hot', 'multi_hot' or 'count'.
        sparse: There are no sparse tensors here: must be False.

    Shapes: text or integers of any shape -> the same of int64, for 'int'; (batch, n) -> (batch, num_bins) otherwise.

    Raises:
        ValueError: `num_bins` is no int of at least 1, or `output_mode` is none of these.

    >>> bool(Hashing(8)([["a"]]) == Hashing(8)([["a"]]))
    True
    """

    def __init__(self, num_bins: int, mask_value: Any = None, salt: Any = None, output_mode: str = "int",
                 sparse: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        refuse_sparse(sparse, "Hashing")
        self.num_bins = whole(num_bins, "Hashing", "num_bins", 1)
        self.mask_value = mask_value
        self.salt = salt
        self.output_mode = choice(output_mode, "Hashing", "output_mode", ("int", "one_hot", "multi_hot", "count"))
        self.autocast = False

    def call(self, x: Any) -> Tensor:
        array = np.asarray(x.data if isinstance(x, Tensor) else x)
        tokens = as_text(array) if array.dtype.kind in "USO" else array.astype(np.int64)
        masked = self.mask_value is not None
        bins = np.empty(tokens.shape, np.int64)
        for position in np.ndindex(tokens.shape):
            token = tokens[position]
            if masked and token == self.mask_value:
                bins[position] = 0
            else:
                bins[position] = stable_hash(token, self.salt) % max(self.num_bins - masked, 1) + masked
        return Tensor(encode(bins, self.output_mode, self.num_bins, self.dtype))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        if self.output_mode == "int":
            return tuple(input_shape)
        if self.output_mode == "one_hot" and input_shape[-1] != 1:
            return (*input_shape, self.num_bins)
        return (*input_shape[:-1], self.num_bins)

    def get_config(self) -> Config:
        return {**super().get_config(), "num_bins": self.num_bins, "mask_value": self.mask_value, "salt": self.salt,
                "output_mode": self.output_mode, "sparse": False}
