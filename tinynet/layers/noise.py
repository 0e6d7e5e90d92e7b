"""Layers that disturb their input while training, beside Dropout: whole feature maps, and noise of other kinds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .. import ops, random
from ..core.checks import number, probability
from ..ops.activation import SELU_ALPHA, SELU_SCALE
from ..ops.dropout import dropout
from ..random import SeedGenerator
from .arguments import standard_data_format
from .base import Layer
from .dropout import Dropout

if TYPE_CHECKING:
    from ..core.types import Config, SeedLike, Shape
    from ..tensor import Tensor


class _SpatialDropout(Dropout):
    """Dropout of whole feature maps: neighbouring values of a map are alike, so dropping some of them changes little.

    Tompson et al., "Efficient Object Localization Using Convolutional Networks", CVPR 2015.
    """

    rank: int  # of the inputs

    def __init__(self, rate: float, data_format: str | None = None, seed: SeedLike = None, **kwargs: Any) -> None:
        super().__init__(rate, seed=seed, **kwargs)
        self.data_format = standard_data_format(data_format, type(self).__name__)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        if not training or self.rate == 0:
            return x
        shape = x.shape
        if len(shape) != self.rank:
            raise ValueError(
                f"{type(self).__name__}: expected an input with {self.rank} axes, batch and channels included. "
                f"Got input {shape}."
            )
        ones = (1,) * (self.rank - 2)
        noise_shape = (shape[0], *ones, shape[-1]) if self.data_format == "channels_last" else (*shape[:2], *ones)
        return dropout(x, self.rate, noise_shape=noise_shape, seed=self.seed_generator)

    def get_config(self) -> Config:
        return {"rate": self.rate, "seed": self.seed, "name": self.name, "dtype": self.dtype,
                "data_format": self.data_format}


class SpatialDropout1D(_SpatialDropout):
    """Drop whole channels of sequences, the same at every step.

    Args:
        rate: Probability of dropping a channel.
        seed: An int makes the masks repeat from run to run.

    Shapes: (batch, steps, channels), the same out.

    >>> y = SpatialDropout1D(0.5, seed=1)(np.ones((1, 5, 8)), training=True).numpy()
    >>> bool((y == y[:, :1]).all())
    True
    """

    rank = 3

    def __init__(self, rate: float, seed: SeedLike = None, **kwargs: Any) -> None:
        super().__init__(rate, "channels_last", seed, **kwargs)

    def get_config(self) -> Config:
        configuration = super().get_config()
        del configuration["data_format"]
        return configuration


class SpatialDropout2D(_SpatialDropout):
    """Drop whole channels of images.

    Args:
        rate: Probability of dropping a channel.
        data_format: 'channels_last' or 'channels_first'; `image_data_format()` if None.
        seed: An int makes the masks repeat from run to run.

    Shapes: (batch, height, width, channels), or (batch, channels, height, width); the same out.

    >>> y = SpatialDropout2D(0.5, seed=1)(np.ones((4, 2, 2, 8)), training=True).numpy()
    >>> np.unique(y).tolist(), float(y.std(axis=(1, 2)).max())  # whole maps are dropped
    ([0.0, 2.0], 0.0)
    """

    rank = 4


class SpatialDropout3D(_SpatialDropout):
    """Drop whole channels of volumes.

    Args:
        rate: Probability of dropping a channel.
        data_format: 'channels_last' or 'channels_first'; `image_data_format()` if None.
        seed: An int makes the masks repeat from run to run.

    Shapes: (batch, depth, height, width, channels), or with the channels second; the same out.

    >>> SpatialDropout3D(0.5, seed=1)(np.ones((2, 4, 4, 4, 3)), training=True).shape
    (2, 4, 4, 4, 3)
    """

    rank = 5


class GaussianNoise(Layer):
    """Add normally distributed noise while training.

    Args:
        stddev: Standard deviation, from 0 to 1.
        seed: An int makes the noise repeat from run to run.

    Shapes: any, the same out.

    Raises:
        ValueError: `stddev` is no number from 0 to 1.

    >>> y = GaussianNoise(0.5, seed=1)(np.zeros((1, 10000)), training=True).numpy()
    >>> bool(0.48 < y.std() < 0.52)
    True
    """

    def __init__(self, stddev: float, seed: SeedLike = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stddev = number(stddev, "GaussianNoise", "stddev", 0, 1)
        self.seed = seed
        self.seed_generator = SeedGenerator(seed) if stddev > 0 else None
        self.supports_masking = True

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        if not training or self.stddev == 0:
            return x
        return x + random.normal(x.shape, stddev=self.stddev, dtype=x.dtype, seed=self.seed_generator)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> Config:
        return {**super().get_config(), "stddev": self.stddev, "seed": self.seed}


class GaussianDropout(Layer):
    """Multiply by normally distributed noise of mean 1 and standard deviation sqrt(rate / (1 - rate)) while training.

    Mean and variance of the output are those of Dropout (Srivastava et al. 2014, section 10).

    Args:
        rate: As for Dropout, below 1 (where the noise would be infinite).
        seed: An int makes the noise repeat from run to run.

    Shapes: any, the same out.

    Raises:
        TypeError: `rate` is no number.
        ValueError: `rate` is outside [0, 1).

    >>> y = GaussianDropout(0.5, seed=1)(np.ones((100, 100)), training=True).numpy()
    >>> [round(float(value), 1) for value in (y.mean(), y.std())]  # deviation sqrt(0.5 / (1 - 0.5))
    [1.0, 1.0]
    """

    def __init__(self, rate: float, seed: SeedLike = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = probability(rate, "GaussianDropout", "rate", below_one=True)
        self.seed = seed
        self.seed_generator = SeedGenerator(seed) if rate > 0 else None
        self.supports_masking = True

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        if not training or self.rate == 0:
            return x
        stddev = math.sqrt(self.rate / (1 - self.rate))
        return x * random.normal(x.shape, mean=1.0, stddev=stddev, dtype=x.dtype, seed=self.seed_generator)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> Config:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


class AlphaDropout(Layer):
    """Dropout for SELU networks: what is dropped becomes SELU's negative limit, and mean and variance are restored.

    y = a (x where kept, else alpha') + b, alpha' = -1.0507 * 1.6733
    a = ((1 - rate) (1 + rate alpha'^2))^(-1/2), b = -a alpha' rate

    An input of mean 0 and variance 1 keeps both. Klambauer et al. 2017, section "New dropout technique".

    Args:
        rate: Probability of dropping an element, below 1.
        noise_shape: Shape of the mask, 1 where it is shared; the input's if None. None as an entry means the input's
            extent.
        seed: An int makes the masks repeat from run to run.

    Shapes: any, the same out.

    Raises:
        TypeError: `rate` is no number.
        ValueError: `rate` is outside [0, 1); when called, `noise_shape` has another number of axes than the input.

    >>> x = np.random.default_rng(0).standard_normal((100, 100))  # mean 0, deviation 1
    >>> y = AlphaDropout(0.1, seed=1)(x, training=True).numpy()
    >>> [abs(round(float(value), 1)) for value in (y.mean(), y.std())]
    [0.0, 1.0]
    """

    def __init__(self, rate: float, noise_shape: Shape | None = None, seed: SeedLike = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = probability(rate, "AlphaDropout", "rate", below_one=True)
        self.noise_shape = tuple(noise_shape) if noise_shape is not None else None
        self.seed = seed
        self.seed_generator = SeedGenerator(seed) if rate > 0 else None
        self.supports_masking = True

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        if not training or self.rate == 0:
            return x
        shape: tuple[int, ...] = x.shape
        if self.noise_shape is not None:
            if len(self.noise_shape) != len(shape):
                raise ValueError(f"AlphaDropout: noise_shape {self.noise_shape} needs one entry for each axis of the "
                                 f"input, got {shape}")
            entries = zip(self.noise_shape, x.shape, strict=True)
            shape = tuple(extent if entry is None else entry for entry, extent in entries)
        kept = random.uniform(shape, dtype=x.dtype, seed=self.seed_generator) >= self.rate
        limit = -SELU_SCALE * SELU_ALPHA
        a = ((1 - self.rate) * (1 + self.rate * limit**2)) ** -0.5
        return a * ops.where(kept, x, limit) - a * limit * self.rate

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> Config:
        return {**super().get_config(), "rate": self.rate, "noise_shape": self.noise_shape, "seed": self.seed}
