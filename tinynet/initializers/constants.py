"""First values that are not random: zeros, ones, a constant, the identity matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .. import random
from ..config import floatx
from ..tensor import Tensor, to_array
from .base import Initializer

if TYPE_CHECKING:
    from ..core.types import Config, DTypeLike, ShapeLike, TensorLike


class Zeros(Initializer):
    """All 0: the usual first value of a bias.

    >>> Zeros()((2,)).numpy()
    array([0., 0.], dtype=float32)
    """

    _repeats = True

    def __call__(self, shape: ShapeLike, dtype: DTypeLike = None) -> Tensor:
        return Tensor.wrap(np.zeros(random.as_shape(shape), dtype or floatx()))


class Ones(Initializer):
    """All 1: the usual first value of the scale of a normalization.

    >>> Ones()((2,), dtype="int32").numpy()
    array([1, 1], dtype=int32)
    """

    _repeats = True

    def __call__(self, shape: ShapeLike, dtype: DTypeLike = None) -> Tensor:
        return Tensor.wrap(np.ones(random.as_shape(shape), dtype or floatx()))


class Constant(Initializer):
    """All equal to `value`.

    Args:
        value: A number, or an array that broadcasts to the shape of the weight.

    Raises:
        ValueError: (when called) `value` does not broadcast to the shape.

    >>> Constant([1.0, 2.0])((3, 2)).numpy()[0]
    array([1., 2.], dtype=float32)
    """

    def __init__(self, value: TensorLike = 0.0) -> None:
        self.value = value

    def __call__(self, shape: ShapeLike, dtype: DTypeLike = None) -> Tensor:
        return Tensor.wrap(np.full(random.as_shape(shape), to_array(self.value), dtype or floatx()))

    def get_config(self) -> Config:
        value = self.value
        return {"value": to_array(value).tolist() if isinstance(value, np.ndarray | np.generic | Tensor) else value}


class Identity(Initializer):
    """`gain` on the diagonal of a matrix, 0 elsewhere: a dense layer that starts as x -> gain x.

    Args:
        gain: The value on the diagonal.

    Raises:
        ValueError: (when called) the shape does not have two axes.

    >>> Identity(2.0)((2, 3)).numpy()
    array([[2., 0., 0.],
           [0., 2., 0.]], dtype=float32)
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: ShapeLike, dtype: DTypeLike = None) -> Tensor:
        extents = random.as_shape(shape)
        if len(extents) != 2:
            raise ValueError(f"Identity: only matrices have an identity, got shape {extents}")
        return Tensor.wrap(np.asarray(self.gain * np.eye(*extents), dtype or floatx()))

    def get_config(self) -> Config:
        return {"gain": self.gain}
