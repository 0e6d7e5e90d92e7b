"""First values drawn from a distribution whose parameters the caller chooses, and orthogonal matrices."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from .. import random
from ..config import floatx
from ..tensor import Tensor
from .base import RandomInitializer

if TYPE_CHECKING:
    from ..core.types import Config, DTypeLike, SeedLike, ShapeLike


def _deviation(stddev: float, owner: object) -> float:
    if np.asarray(stddev).dtype.kind not in "fiu" or not np.all(np.asarray(stddev) >= 0):
        raise ValueError(f"{type(owner).__name__}: stddev must be at least 0, got {stddev!r}")
    return stddev


class _Normal(RandomInitializer):
    """A mean and a standard deviation."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: SeedLike = None) -> None:
        super().__init__(seed)
        self.mean = mean
        self.stddev = _deviation(stddev, self)

    def get_config(self) -> Config:
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


class RandomNormal(_Normal):
    """Normally distributed values.

    Args:
        mean: Of the distribution.
        stddev: Its standard deviation, at least 0.
        seed: See `RandomInitializer`.

    Raises:
        ValueError: `stddev` is negative or not a number.

    >>> round(float(RandomNormal(stddev=0.1, seed=1)((100, 100)).numpy().std()), 2)
    0.1
    """

    _repeats = True

    def __call__(self, shape: ShapeLike, dtype: DTypeLike = None) -> Tensor:
        return random.normal(shape, self.mean, self.stddev, dtype, self.seed)


class TruncatedNormal(_Normal):
    """Normally distributed values; those more than two standard deviations from the mean are drawn again.

    The standard deviation of the result is 0.8796 `stddev`.

    Args:
        mean: Of the distribution.
        stddev: The standard deviation before truncation, at least 0.
        seed: See `RandomInitializer`.

    Raises:
        ValueError: `stddev` is negative or not a number.

    >>> bool(abs(TruncatedNormal(stddev=0.5, seed=1)((1000,)).numpy()).max() <= 1)
    True
    """

    _repeats = True

    def __call__(self, shape: ShapeLike, dtype: DTypeLike = None) -> Tensor:
        return random.truncated_normal(shape, self.mean, self.stddev, dtype, self.seed)


class RandomUniform(RandomInitializer):
    """Values that are equally likely anywhere in [minval, maxval).

    Args:
        minval: Lower bound.
        maxval: Upper bound, excluded; at least `minval`.
        seed: See `RandomInitializer`.

    Raises:
        ValueError: `maxval` is below `minval`.

    >>> values = RandomUniform(1.0, 2.0, seed=1)((1000,)).numpy()
    >>> bool(values.min() >= 1 and values.max() < 2)
    True
    """

    _repeats = True

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: SeedLike = None) -> None:
        super().__init__(seed)
        if not np.all(np.asarray(minval) <= maxval):
            raise ValueError(f"RandomUniform: maxval must be at least minval, got minval={minval}, maxval={maxval}")
        self.minval = minval
        self.maxval = maxval

    def __call__(self, shape: ShapeLike, dtype: DTypeLike = None) -> Tensor:
        return random.uniform(shape, self.minval, self.maxval, dtype, self.seed)

    def get_config(self) -> Config:
        return {**super().get_config(), "minval": self.minval, "maxval": self.maxval}


class Orthogonal(RandomInitializer):
    """A matrix with orthonormal rows or columns (the fewer of the two) times `gain`.

    Weights of more than two axes are filled from the matrix (product of all extents but the last, last extent).

    Source: Saxe et al. 2014, arXiv:1312.6120.

    Args:
        gain: Factor of the matrix.
        seed: See `RandomInitializer`.

    Raises:
        ValueError: (when called) the shape has fewer than two axes.

    >>> q = Orthogonal(seed=1)((5, 3)).numpy()
    >>> bool(np.allclose(q.T @ q, np.eye(3), atol=1e-6))
    True
    """

    def __init__(self, gain: float = 1.0, seed: SeedLike = None) -> None:
        super().__init__(seed)
        self.gain = gain

    def __call__(self, shape: ShapeLike, dtype: DTypeLike = None) -> Tensor:
        extents = random.as_shape(shape)
        if len(extents) < 2:
            raise ValueError(f"Orthogonal: the shape must have two axes or more, got {extents}")
        dtype = np.dtype(dtype or floatx())
        rows, columns = math.prod(extents[:-1]), extents[-1]
        a = random.normal((max(rows, columns), min(rows, columns)), dtype=dtype, seed=self.seed).data
        q, r = np.linalg.qr(a)
        # Else the signs depend on the algorithm, and the matrices are not uniformly distributed.
        q = q * np.where(np.diag(r) < 0, -1, 1).astype(dtype)
        if rows < columns:
            q = q.T
        return Tensor.wrap(np.ascontiguousarray(self.gain * q.reshape(extents), dtype))

    def get_config(self) -> Config:
        return {**super().get_config(), "gain": self.gain}
