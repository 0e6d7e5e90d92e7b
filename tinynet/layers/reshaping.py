"""Layers that arrange the same numbers in another shape."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import ops
from ..core.checks import positive_int
from .arguments import standard_data_format
from .base import Layer

if TYPE_CHECKING:
    from ..core.types import Config, Shape, Sizes
    from ..tensor import Tensor


class Flatten(Layer):
    """Each sample as one row.

    Args:
        data_format: 'channels_first' moves the channels last before flattening, so that the order of the numbers is the
            same in both formats; the process-wide setting if None.

    Shapes: (batch, ...) -> (batch, product of the other lengths).

    >>> Flatten()(np.ones((2, 28, 28))).shape
    (2, 784)

    >>> Flatten()(np.arange(4.0).reshape(1, 2, 2)).numpy()
    array([[0., 1., 2., 3.]], dtype=float32)
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = standard_data_format(data_format, "Flatten")

    def call(self, x: Tensor) -> Tensor:
        if self.data_format == "channels_first" and x.ndim > 2:
            x = ops.transpose(x, (0, *range(2, x.ndim), 1))
        shape = x.data.shape
        return x if len(shape) == 2 else ops.reshape(x, (shape[0], math.prod(shape[1:])))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        lengths: Any = input_shape[1:]
        return (input_shape[0], None if None in lengths else math.prod(lengths))

    def get_config(self) -> Config:
        return {**super().get_config(), "data_format": self.data_format}


class Reshape(Layer):
    """Each sample in another shape of the same size.

    Args:
        target_shape: Shape of one sample; one length may be -1 and follows from the others.

    Shapes: (batch, ...) -> (batch, *target_shape).

    Raises:
        ValueError: a length is no int of at least -1, or several are -1; when called, the sizes differ.

    >>> Reshape((2, -1))(np.ones((4, 6))).shape
    (4, 2, 3)

    >>> Reshape((2, -1))(np.arange(4.0).reshape(1, 4)).numpy()
    array([[[0., 1.],
            [2., 3.]]], dtype=float32)
    """

    def __init__(self, target_shape: Sizes, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        given: Any = target_shape
        is_sequence = hasattr(given, "__iter__") and not isinstance(given, str)
        self.target_shape: tuple[int, ...] = tuple(given) if is_sequence else (given,)
        if not all(isinstance(extent, int | np.integer) and extent >= -1 for extent in self.target_shape):
            raise ValueError(
                "Reshape: every length must be an int >= 0, or -1 for the one that follows from the others; "
                f"got {self.target_shape}"
            )
        if sum(extent == -1 for extent in self.target_shape) > 1:
            raise ValueError(f"Reshape: at most one length may be -1, got {self.target_shape}")

    def call(self, x: Tensor) -> Tensor:
        return ops.reshape(x, (x.shape[0], *self._resolve(x.shape[1:])))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        if None in input_shape[1:]:
            return (input_shape[0], *(None if extent == -1 else extent for extent in self.target_shape))
        return (input_shape[0], *self._resolve(input_shape[1:]))

    def _resolve(self, shape: Any) -> tuple[int, ...]:
        size = math.prod(shape)
        known = math.prod(extent for extent in self.target_shape if extent != -1)
        if size != known and (-1 not in self.target_shape or known == 0 or size % known):
            raise ValueError(
                f"Reshape: a sample of shape {tuple(shape)} has {size} elements and does not fit {self.target_shape}"
            )
        return tuple(size // known if extent == -1 else extent for extent in self.target_shape)

    def get_config(self) -> Config:
        return {**super().get_config(), "target_shape": self.target_shape}


class RepeatVector(Layer):
    """Each vector `n` times, as a sequence.

    Args:
        n: How many times.

    Shapes: (batch, features) -> (batch, n, features).

    Raises:
        TypeError: `n` is no int.
        ValueError: `n` is below 1; when called, the input has not two axes.

    >>> RepeatVector(3)(np.array([[1.0, 2.0]])).numpy()
    array([[[1., 2.],
            [1., 2.],
            [1., 2.]]], dtype=float32)
    """

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n = positive_int(n, "RepeatVector", "n")

    def call(self, x: Tensor) -> Tensor:
        if x.ndim != 2:
            raise ValueError(f"RepeatVector: expected inputs of shape (batch, features), got {x.shape}")
        return ops.repeat(ops.expand_dims(x, 1), self.n, axis=1)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (input_shape[0], self.n, input_shape[1])

    def get_config(self) -> Config:
        return {**super().get_config(), "n": self.n}


class Permute(Layer):
    """The axes of each sample in another order.

    Args:
        dims: The new order, numbered from 1; the batch axis stays.

    Shapes: (batch, ...) -> (batch, ... in the new order).

    Raises:
        ValueError: `dims` are not the numbers from 1 on, or when called, not as many as a sample has axes.

    >>> Permute((2, 1))(np.ones((8, 10, 64))).shape
    (8, 64, 10)

    >>> Permute((2, 1))(np.array([[[1.0, 2.0], [3.0, 4.0]]])).numpy()
    array([[[1., 3.],
            [2., 4.]]], dtype=float32)
    """

    def __init__(self, dims: tuple[int, ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(f"Permute: dims must be the numbers from 1 to {len(self.dims)} in some order, got {dims}")

    def call(self, x: Tensor) -> Tensor:
        self._check(x.shape)
        return ops.transpose(x, (0, *self.dims))

    def _check(self, shape: Shape) -> None:
        if len(shape) != len(self.dims) + 1:
            raise ValueError(
                f"Permute: dims {self.dims} are for inputs with {len(self.dims) + 1} axes, batch included, got shape "
                f"{tuple(shape)}"
            )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        self._check(input_shape)
        return (input_shape[0], *(input_shape[axis] for axis in self.dims))

    def get_config(self) -> Config:
        return {**super().get_config(), "dims": self.dims}
