"""`tf.random.Generator` and TensorFlow's functions of a seed of two numbers, made of `tinynet.random`."""

import os

import numpy as np

from ... import random
from ...tensor import Tensor, to_array

__all__ = ["Generator", "fold_in", "split", "stateless_normal", "stateless_truncated_normal", "stateless_uniform"]


def one_seed(seed):
    """The int for a seed of two numbers."""
    first, second = (int(part) for part in to_array(seed))
    return (first << 32) ^ second


class Generator:
    """Random numbers with a state of their own: each call gives new ones, each generator of a seed the same.

    Args:
        seed: int, of the numbers.
        alg: Accepted; the generator is always Philox.

    >>> generator = Generator.from_seed(1)
    >>> generator.normal((2,)).shape, generator.make_seeds(3).shape
    ((2,), (2, 3))
    """

    def __init__(self, seed, alg=None):
        self._seeds = random.SeedGenerator(seed)

    @classmethod
    def from_seed(cls, seed, alg=None):
        """The generator of this seed."""
        return cls(seed, alg)

    @classmethod
    def from_non_deterministic_state(cls, alg=None):
        """A generator that starts somewhere else each time."""
        return cls(int.from_bytes(os.urandom(8), "little"), alg)

    def reset_from_seed(self, seed):
        """Start again, from this seed."""
        self._seeds = random.SeedGenerator(seed)

    def normal(self, shape, mean=0.0, stddev=1.0, dtype=None, name=None):
        """`tinynet.random.normal`."""
        return random.normal(shape, mean, stddev, dtype, self._seeds)

    def truncated_normal(self, shape, mean=0.0, stddev=1.0, dtype=None, name=None):
        """`tinynet.random.truncated_normal`."""
        return random.truncated_normal(shape, mean, stddev, dtype, self._seeds)

    def uniform(self, shape, minval=0, maxval=None, dtype=None, name=None):
        """Numbers in [minval, maxval), whole ones if `dtype` is an integer type; maxval=None is 1."""
        return _uniform(shape, self._seeds, minval, maxval, dtype)

    def make_seeds(self, count=1):
        """Seeds for functions that want two numbers: one a column, shape (2, count)."""
        return Tensor.wrap(random.generator(self._seeds).integers(0, 1 << 31, (2, int(count))))

    def split(self, count=1):
        """`count` new generators, independent of each other and of this one."""
        return [Generator(one_seed(seed)) for seed in self.make_seeds(count).numpy().T]


def split(seed, num=2, alg=None):
    """`num` new seeds, shape (num, 2), the same for the same seed (two numbers)."""
    return Tensor.wrap(random.generator(one_seed(seed)).integers(0, 1 << 31, (int(num), 2)))


def fold_in(seed, data, alg=None):
    """A new seed for the same two numbers and another int, such as the epoch."""
    return split((one_seed(seed) & 0x7FFFFFFF, int(to_array(data))), 1)[0]


def stateless_normal(shape, seed, mean=0.0, stddev=1.0, dtype=None, name=None):
    """`tinynet.random.normal`, the same for the same seed (two numbers)."""
    return random.normal(shape, mean, stddev, dtype, one_seed(seed))


def stateless_truncated_normal(shape, seed, mean=0.0, stddev=1.0, dtype=None, name=None):
    """`tinynet.random.truncated_normal`, the same for the same seed (two numbers)."""
    return random.truncated_normal(shape, mean, stddev, dtype, one_seed(seed))


def stateless_uniform(shape, seed, minval=0, maxval=None, dtype=None, name=None):
    """Numbers in [minval, maxval), the same for the same seed (two numbers)."""
    return _uniform(shape, one_seed(seed), minval, maxval, dtype)


def _uniform(shape, seed, minval, maxval, dtype):
    if dtype is not None and np.dtype(dtype).kind in "iu":
        if maxval is None:
            raise ValueError(f"uniform: whole numbers need a maxval (dtype is {np.dtype(dtype)})")
        return random.randint(shape, minval, maxval, dtype, seed)
    return random.uniform(shape, minval, 1.0 if maxval is None else maxval, dtype, seed)
