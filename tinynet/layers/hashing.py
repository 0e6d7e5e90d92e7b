"""The layer that makes numbers of categories without a vocabulary: by a hash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.checks import choice, whole
from ..string_tensor import to_string_array
from ..tensor import Tensor
from .base import Layer
from .encoding import encode, refuse_sparse
from .fingerprints import as_key, bucket

if TYPE_CHECKING:
    from ..core.types import Config, Shape


class Hashing(Layer):
    """Any string or integer as one of `num_bins` numbers, without a vocabulary. Different values may share a number.

    The number is the remainder of FarmHash's Fingerprint64 of the text (of an integer's digits), or with a salt of
    SipHash, by the number of bins, as in Keras.

    Args:
        num_bins: How many numbers.
        mask_value: This value has the number 0, and no other has, if there are several bins.
        salt: An int, or two: the key of SipHash. Another salt gives another hash.
        output_mode: 'int', 'one_hot', 'multi_hot' or 'count'.
        sparse: There are no sparse tensors here: must be False.

    Shapes: text or integers of any shape -> the same of int64, for 'int'; (batch, n) -> (batch, num_bins) otherwise.

    Raises:
        ValueError: `num_bins` is no int of at least 1, `salt` is neither an int nor two, or `output_mode` is none of
            these.

    >>> Hashing(3)(["A", "B", "C", "D", "E"]).numpy()
    array([1, 0, 1, 1, 2])
    """

    def __init__(self, num_bins: int, mask_value: Any = None, salt: Any = None, output_mode: str = "int",
                 sparse: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        refuse_sparse(sparse, "Hashing")
        self.num_bins = whole(num_bins, "Hashing", "num_bins", 1)
        self.mask_value = mask_value
        self.salt = as_key(salt, "Hashing")
        self.output_mode = choice(output_mode, "Hashing", "output_mode", ("int", "one_hot", "multi_hot", "count"))
        self.autocast = False

    def call(self, x: Any) -> Tensor:
        array = np.asarray(x.data if isinstance(x, Tensor) else x)
        if array.dtype.kind in "USO":
            array = to_string_array(array)
        mask = self.mask_value.encode() if isinstance(self.mask_value, str) else self.mask_value
        kept = int(mask is not None and self.num_bins > 1)  # the bin of the mask
        known: dict[Any, int] = {}
        bins = np.empty(array.shape, np.int64)
        for position in np.ndindex(array.shape):
            token = array[position]
            if token not in known:
                known[token] = 0 if kept and token == mask else kept + bucket(
                    _content(token), self.num_bins - kept, self.salt)
            bins[position] = known[token]
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


def _content(token):
    """What is hashed: text, or a number's digits; of a float those of its whole part."""
    if isinstance(token, bytes):
        return token
    return str(bool(token)).lower() if isinstance(token, np.bool_) else int(token)
