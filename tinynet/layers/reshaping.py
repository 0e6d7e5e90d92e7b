"""Layers that arrange the same numbers in another shape."""

import math

import numpy as np

from .. import ops
from .arguments import standard_data_format
from .base import Layer


class Flatten(Layer):
    """Each sample as one row: (batch, ...) -> (batch, product of the rest).

    Args:
        data_format: 'channels_first' moves the channels last before flattening, so that the order of the numbers is the
            same in both formats. 'channels_last' (or the process-wide setting) if None.
    """

    def __init__(self, data_format=None, **kwargs):
        super().__init__(**kwargs)
        self.data_format = standard_data_format(data_format, "Flatten")

    def call(self, x):
        if self.data_format == "channels_first" and x.ndim > 2:
            x = ops.transpose(x, (0, *range(2, x.ndim), 1))
        shape = x.data.shape
        return x if len(shape) == 2 else ops.reshape(x, (shape[0], math.prod(shape[1:])))

    def compute_output_shape(self, input_shape):
        rest = input_shape[1:]
        return (input_shape[0], None if None in rest else math.prod(rest))

    def get_config(self):
        return {**super().get_config(), "data_format": self.data_format}


class Reshape(Layer):
    """Each sample in another shape of the same size.

    Args:
        target_shape: Shape of one sample; one length may be -1 and follows from the others.
    """

    def __init__(self, target_shape, **kwargs):
        super().__init__(**kwargs)
        is_sequence = hasattr(target_shape, "__iter__") and not isinstance(target_shape, str)
        self.target_shape = tuple(target_shape) if is_sequence else (target_shape,)
        if not all(isinstance(extent, int | np.integer) and extent >= -1 for extent in self.target_shape):
            raise ValueError(
                "Reshape: every length must be an int >= 0, or -1 for the one that follows from the others; "
                f"got {self.target_shape}"
            )
        if sum(extent == -1 for extent in self.target_shape) > 1:
            raise ValueError(f"Reshape: at most one length may be -1, got {self.target_shape}")

    def call(self, x):
        return ops.reshape(x, (x.shape[0], *self._resolve(x.shape[1:])))

    def compute_output_shape(self, input_shape):
        if None in input_shape[1:]:
            return (input_shape[0], *(None if extent == -1 else extent for extent in self.target_shape))
        return (input_shape[0], *self._resolve(input_shape[1:]))

    def _resolve(self, shape):
        size = math.prod(shape)
        known = math.prod(extent for extent in self.target_shape if extent != -1)
        if size != known and (-1 not in self.target_shape or known == 0 or size % known):
            raise ValueError(
                f"Reshape: a sample of shape {tuple(shape)} has {size} elements and does not fit {self.target_shape}"
            )
        return tuple(size // known if extent == -1 else extent for extent in self.target_shape)

    def get_config(self):
        return {**super().get_config(), "target_shape": self.target_shape}


class RepeatVector(Layer):
    """Each vector `n` times, as a sequence: (batch, features) -> (batch, n, features).

    Args:
        n: How many times.
    """

    def __init__(self, n, **kwargs):
        super().__init__(**kwargs)
        if isinstance(n, bool) or not isinstance(n, int | np.integer):
            raise TypeError(f"RepeatVector: n must be an int, got {n!r} ({type(n).__name__})")
        if n < 1:
            raise ValueError(f"RepeatVector: n must be a positive int, got {n}")
        self.n = int(n)

    def call(self, x):
        if x.ndim != 2:
            raise ValueError(f"RepeatVector: expected inputs of shape (batch, features), got {x.shape}")
        return ops.repeat(ops.expand_dims(x, 1), self.n, axis=1)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.n, input_shape[1])

    def get_config(self):
        return {**super().get_config(), "n": self.n}


class Permute(Layer):
    """The axes of each sample in another order.

    Args:
        dims: The new order, numbered from 1; the batch axis stays.

    >>> Permute((2, 1))(np.ones((8, 10, 64))).shape
    (8, 64, 10)
    """

    def __init__(self, dims, **kwargs):
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(f"Permute: dims must be the numbers from 1 to {len(self.dims)} in some order, got {dims}")

    def call(self, x):
        self._check(x.shape)
        return ops.transpose(x, (0, *self.dims))

    def _check(self, shape):
        if len(shape) != len(self.dims) + 1:
            raise ValueError(
                f"Permute: dims {self.dims} are for inputs with {len(self.dims) + 1} axes, batch included, got shape "
                f"{tuple(shape)}"
            )

    def compute_output_shape(self, input_shape):
        self._check(input_shape)
        return (input_shape[0], *(input_shape[axis] for axis in self.dims))

    def get_config(self):
        return {**super().get_config(), "dims": self.dims}
