"""`tf.random.Generator` and TensorFlow's functions of a seed of two numbers, made of `tinynet.random`.

`name` and `alg` arguments are TensorFlow's and have no effect: the generator is always Philox.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from ... import random
from ...core.types import DTypeLike, ShapeLike, TensorLike
from ...tensor import Tensor, to_array

__all__ = ["Generator", "fold_in", "split", "stateless_normal", "stateless_truncated_normal", "stateless_uniform"]


def one_seed(seed: TensorLike) -> int:
    """Return the int for a seed of two numbers.

    >>> one_seed((1, 2)) == (1 << 32) + 2
    True
    """
    first, second = (int(part) for part in to_array(seed))
    return (first << 32) ^ second


class Generator:
    """Random numbers with a state of their own: each call draws new ones, each generator of a seed the same.

    Args:
        seed: int, of the numbers.
        alg: Accepted; the generator is always Philox.

    >>> generator = Generator.from_seed(1)
    >>> generator.normal((2,)).shape, generator.make_seeds(3).shape
    ((2,), (2, 3))
    """

    def __init__(self, seed: int, alg: Any = None) -> None:
        self._seeds = random.SeedGenerator(seed)

    @classmethod
    def from_seed(cls, seed: int, alg: Any = None) -> Generator:
        """Return the generator of this seed."""
        return cls(seed, alg)

    @classmethod
    def from_non_deterministic_state(cls, alg: Any = None) -> Generator:
        """Return a generator with a new seed from the operating system."""
        return cls(int.from_bytes(os.urandom(8), "little"), alg)

    def reset_from_seed(self, seed: int) -> None:
        """Start again, from this seed."""
        self._seeds = random.SeedGenerator(seed)

    def normal(self, shape: ShapeLike, mean: float = 0.0, stddev: float = 1.0, dtype: DTypeLike = None,
               name: str | None = None) -> Tensor:
        """Return normally distributed numbers; arguments as for `tinynet.random.normal`."""
        return random.normal(shape, mean, stddev, dtype, self._seeds)

    def truncated_normal(self, shape: ShapeLike, mean: float = 0.0, stddev: float = 1.0, dtype: DTypeLike = None,
                         name: str | None = None) -> Tensor:
        """Return normal numbers up to two standard deviations; arguments as for `tinynet.random.truncated_normal`."""
        return random.truncated_normal(shape, mean, stddev, dtype, self._seeds)

    def uniform(self, shape: ShapeLike, minval: float = 0, maxval: float | None = None, dtype: DTypeLike = None,
                name: str | None = None) -> Tensor:
        """Return numbers in [minval, maxval), whole ones if `dtype` is an integer type.

        Args:
            shape: Of the result.
            minval, maxval: Bounds; maxval=None is 1.
            dtype: Element type; `floatx()` if None.

        Raises:
            ValueError: whole numbers without `maxval`.
        """
        return _uniform(shape, self._seeds, minval, maxval, dtype)

    def make_seeds(self, count: int = 1) -> Tensor:
        """Return seeds for functions that take two numbers: one a column, shape (2, count)."""
        return Tensor.wrap(random.generator(self._seeds).integers(0, 1 << 31, (2, int(count))))

    def split(self, count: int = 1) -> list[Generator]:
        """Return `count` new generators, independent of each other and of this one."""
        return [Generator(one_seed(seed)) for seed in self.make_seeds(count).numpy().T]


def split(seed: TensorLike, num: int = 2, alg: Any = None) -> Tensor:
    """Return `num` new seeds, shape (num, 2), the same for the same seed (two numbers)."""
    return Tensor.wrap(random.generator(one_seed(seed)).integers(0, 1 << 31, (int(num), 2)))


def fold_in(seed: TensorLike, data: TensorLike, alg: Any = None) -> Tensor:
    """Return a new seed for a seed of two numbers and another int, such as the epoch."""
    return split((one_seed(seed) & 0x7FFFFFFF, int(to_array(data))), 1)[0]


def stateless_normal(shape: ShapeLike, seed: TensorLike, mean: float = 0.0, stddev: float = 1.0,
                     dtype: DTypeLike = None, name: str | None = None) -> Tensor:
    """Return normally distributed numbers, the same for the same seed; other arguments as for `tinynet.random.normal`.

    Args:
        shape: Of the result.
        seed: Two numbers.
        mean, stddev: Of the distribution.
        dtype: Element type; `floatx()` if None.
    """
    return random.normal(shape, mean, stddev, dtype, one_seed(seed))


def stateless_truncated_normal(shape: ShapeLike, seed: TensorLike, mean: float = 0.0, stddev: float = 1.0,
                               dtype: DTypeLike = None, name: str | None = None) -> Tensor:
    """Return normal numbers up to two standard deviations, the same for the same seed; arguments as for
    `stateless_normal`.
    """
    return random.truncated_normal(shape, mean, stddev, dtype, one_seed(seed))


def stateless_uniform(shape: ShapeLike, seed: TensorLike, minval: float = 0, maxval: float | None = None,
                      dtype: DTypeLike = None, name: str | None = None) -> Tensor:
    """Return numbers in [minval, maxval), the same for the same seed (two numbers); see `Generator.uniform`."""
    return _uniform(shape, one_seed(seed), minval, maxval, dtype)


def _uniform(shape, seed, minval, maxval, dtype):
    if dtype is not None and np.dtype(dtype).kind in "iu":
        if maxval is None:
            raise ValueError(f"uniform: whole numbers need a maxval (dtype is {np.dtype(dtype)})")
        return random.randint(shape, minval, maxval, dtype, seed)
    return random.uniform(shape, minval, 1.0 if maxval is None else maxval, dtype, seed)
