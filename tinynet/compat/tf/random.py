"""`tf.random` with TensorFlow's arguments, made of `tinynet.random`.

`from tinynet import tf` has all of them as `tf.random`. After `import tinynet as tf`, `tf.random` is `keras.random`,
which finds here what Keras does not have. `name` arguments are TensorFlow's and have no effect.
"""

from __future__ import annotations

import copy
import os
from typing import Any

import numpy as np

from ... import random
from ...core.types import DTypeLike, SeedLike, ShapeLike, TensorLike
from ...tensor import Tensor, to_array
from .arguments import refuse

__all__ = [
    "Generator", "categorical", "fold_in", "gamma", "normal", "poisson", "set_seed", "shuffle", "split",
    "stateless_normal", "stateless_truncated_normal", "stateless_uniform", "truncated_normal", "uniform",
]


def _check_algorithm(where, alg):
    """The generator is Philox; TensorFlow also has ThreeFry."""
    if alg not in (None, 1, 3, "philox", "auto_select"):
        raise ValueError(f"tf.random.{where}: alg must be 'philox' or 'auto_select', got {alg!r}")


def set_seed(seed: int) -> None:
    """Make all draws from now on repeat: `tinynet.random.set_global_seed`.

    Args:
        seed: An int.

    >>> set_seed(3)
    >>> first = normal([2]).tolist()
    >>> set_seed(3)
    >>> normal([2]).tolist() == first
    True
    """
    random.set_global_seed(seed)


def normal(shape: ShapeLike, mean: TensorLike = 0.0, stddev: TensorLike = 1.0, dtype: DTypeLike = "float32",
           seed: SeedLike = None, name: str | None = None) -> Tensor:
    """Return normally distributed numbers; arguments as for `tinynet.random.normal`.

    Args:
        shape: Of the result.
        mean, stddev: Of the distribution.
        dtype: Element type.
        seed: An int; the numbers of the next run follow `set_seed` if None.

    >>> normal([2, 3], mean=100.0, seed=1).shape
    (2, 3)
    """
    return random.normal(shape, mean, stddev, dtype, seed)


def truncated_normal(shape: ShapeLike, mean: TensorLike = 0.0, stddev: TensorLike = 1.0, dtype: DTypeLike = "float32",
                     seed: SeedLike = None, name: str | None = None) -> Tensor:
    """Return normal numbers up to two standard deviations; arguments as for `tinynet.random.truncated_normal`.

    Args:
        shape: Of the result.
        mean, stddev: Of the distribution.
        dtype: Element type.
        seed: An int; the numbers of the next run follow `set_seed` if None.

    >>> bool(abs(truncated_normal([100], seed=1).numpy()).max() <= 2)  # nothing beyond two standard deviations
    True
    """
    return random.truncated_normal(shape, mean, stddev, dtype, seed)


def uniform(shape: ShapeLike, minval: float = 0, maxval: float | None = None, dtype: DTypeLike = "float32",
            seed: SeedLike = None, name: str | None = None) -> Tensor:
    """Return numbers in [minval, maxval), whole ones if `dtype` is an integer type.

    Args:
        shape: Of the result.
        minval, maxval: Bounds; maxval=None is 1.
        dtype: Element type.
        seed: int, of this draw.
        name: TensorFlow's, without effect.

    Raises:
        ValueError: whole numbers without `maxval`.

    >>> set(uniform([50], 1, 4, dtype="int32", seed=1).tolist())
    {1, 2, 3}
    """
    return random.uniform(shape, minval, maxval, dtype, seed)


def shuffle(value: TensorLike, seed: SeedLike = None, name: str | None = None) -> Tensor:
    """Return the slices along the first axis in random order.

    Args:
        value: Tensor.
        seed: An int; the order follows `set_seed` if None.

    >>> sorted(shuffle([3, 1, 2], 5).tolist())
    [1, 2, 3]
    """
    return random.shuffle(value, 0, seed)


def categorical(logits: TensorLike, num_samples: int, dtype: DTypeLike = None, seed: SeedLike = None,
                name: str | None = None) -> Tensor:
    """Draw classes by their logits: `tinynet.random.categorical`; int64 if `dtype` is None.

    Args:
        logits: Shape (batch, classes).
        num_samples: How many draws a row.
        dtype: Element type of the result.
        seed: As for `tinynet.random.categorical`.

    Returns:
        Tensor, shape (batch, num_samples).

    >>> categorical([[0.0, 100.0]], 3).numpy()
    array([[1, 1, 1]])
    """
    return random.categorical(logits, num_samples, "int64" if dtype is None else dtype, seed)


def gamma(shape: ShapeLike, alpha: TensorLike, beta: TensorLike | None = None, dtype: DTypeLike = "float32",
          seed: SeedLike = None, name: str | None = None) -> Tensor:
    """Draw from the gamma distribution: `shape` numbers for each alpha.

    Args:
        shape: Of the numbers for one alpha.
        alpha: Shape of the distribution.
        beta: Its inverse scale; 1 if None.
        dtype: Element type.
        seed: int, of this draw.
        name: TensorFlow's, without effect.

    Returns:
        Tensor, shape (*shape, *shape of alpha and beta, broadcast).

    >>> gamma([2], [1.0, 3.0, 5.0], seed=1).shape
    (2, 3)
    """
    rates = np.ones((), np.dtype(dtype)) if beta is None else to_array(beta).astype(dtype)
    inner = np.broadcast_shapes(np.shape(to_array(alpha)), rates.shape)
    drawn = random.gamma((*random.as_shape(shape), *inner), alpha, dtype, seed)
    return Tensor(drawn.data / rates)


def poisson(shape: ShapeLike, lam: TensorLike, dtype: DTypeLike = "float32", seed: SeedLike = None,
            name: str | None = None) -> Tensor:
    """Draw from the Poisson distribution: `shape` numbers for each lam.

    Args:
        shape: Of the numbers for one lam.
        lam: The mean.
        dtype: Element type.
        seed: int, of this draw.
        name: TensorFlow's, without effect.

    Returns:
        Tensor, shape (*shape, *shape of lam).

    >>> poisson([4], [0.0, 2.0], seed=1).shape
    (4, 2)
    """
    means = to_array(lam)
    return Tensor(np.asarray(random.generator(seed).poisson(means, (*random.as_shape(shape), *means.shape)), dtype))


def one_seed(seed: TensorLike) -> int:
    """Return the int for a seed of two numbers.

    >>> one_seed((1, 2)) == (1 << 32) + 2
    True
    """
    first, second = (int(part) for part in to_array(seed))
    return (first << 32) ^ second


class Generator:
    """Random numbers with a state of their own: each call draws new ones, each generator of a seed the same.

    Make one with `from_seed`.

    Args:
        copy_from: A generator whose state it begins with.
        state: Must be None: TensorFlow's states are its own.
        alg: 'philox' or 'auto_select', which are the same here.

    Raises:
        TypeError: `copy_from` is no generator.
        ValueError: another `alg`.
        NotImplementedError: `state` is given.

    >>> generator = Generator.from_seed(1)
    >>> generator.normal((2,)).shape, generator.make_seeds(3).shape
    ((2,), (2, 3))
    """

    def __init__(self, copy_from: Generator | None = None, state: Any = None, alg: Any = None) -> None:
        refuse("random.Generator", "use Generator.from_seed", state=(state, None))
        _check_algorithm("Generator", alg)
        if not isinstance(copy_from, Generator):
            raise TypeError(f"tf.random.Generator: copy_from must be a Generator, got {copy_from!r}; use "
                            "Generator.from_seed(seed)")
        self._seeds: random.SeedGenerator = copy.deepcopy(copy_from._seeds)

    @classmethod
    def from_seed(cls, seed: int, alg: Any = None) -> Generator:
        """Return the generator of this seed; `alg` as for the class."""
        _check_algorithm("Generator", alg)
        generator = cls.__new__(cls)
        generator._seeds = random.SeedGenerator(seed)
        return generator

    @classmethod
    def from_non_deterministic_state(cls, alg: Any = None) -> Generator:
        """Return a generator with a new seed from the operating system."""
        return cls.from_seed(int.from_bytes(os.urandom(8), "little"), alg)

    def reset_from_seed(self, seed: int) -> None:
        """Start again, from this seed."""
        self._seeds = random.SeedGenerator(seed)

    def normal(self, shape: ShapeLike, mean: float = 0.0, stddev: float = 1.0, dtype: DTypeLike = "float32",
               name: str | None = None) -> Tensor:
        """Return normally distributed numbers; arguments as for `tinynet.random.normal`."""
        return random.normal(shape, mean, stddev, dtype, self._seeds)

    def truncated_normal(self, shape: ShapeLike, mean: float = 0.0, stddev: float = 1.0, dtype: DTypeLike = "float32",
                         name: str | None = None) -> Tensor:
        """Return normal numbers up to two standard deviations; arguments as for `tinynet.random.truncated_normal`."""
        return random.truncated_normal(shape, mean, stddev, dtype, self._seeds)

    def uniform(self, shape: ShapeLike, minval: float = 0, maxval: float | None = None, dtype: DTypeLike = "float32",
                name: str | None = None) -> Tensor:
        """Return numbers in [minval, maxval), whole ones if `dtype` is an integer type.

        Args:
            shape: Of the result.
            minval, maxval: Bounds; maxval=None is 1.
            dtype: Element type.
            name: TensorFlow's, without effect.

        Raises:
            ValueError: whole numbers without `maxval`.
        """
        return random.uniform(shape, minval, maxval, dtype, self._seeds)

    def make_seeds(self, count: int = 1) -> Tensor:
        """Return seeds for functions that take two numbers: one a column, shape (2, count)."""
        return Tensor.wrap(random.generator(self._seeds).integers(0, 1 << 31, (2, int(count))))

    def split(self, count: int = 1) -> list[Generator]:
        """Return `count` new generators, independent of each other and of this one."""
        return [Generator.from_seed(one_seed(seed)) for seed in self.make_seeds(count).numpy().T]


def split(seed: TensorLike, num: int = 2, alg: str = "auto_select") -> Tensor:
    """Return `num` new seeds, shape (num, 2), the same for the same seed (two numbers).

    Args:
        seed: Two numbers.
        num: How many seeds to make.
        alg: 'philox' or 'auto_select', which are the same here.

    Raises:
        ValueError: another `alg`.

    >>> split([1, 2], 3).shape
    (3, 2)
    """
    _check_algorithm("split", alg)
    return Tensor.wrap(random.generator(one_seed(seed)).integers(0, 1 << 31, (int(num), 2)))


def fold_in(seed: TensorLike, data: TensorLike, alg: str = "auto_select") -> Tensor:
    """Return a new seed for a seed of two numbers and another int, such as the epoch.

    Args:
        seed: Two numbers.
        data: A whole number.
        alg: Without effect.

    >>> fold_in([1, 2], 0).tolist() == fold_in([1, 2], 1).tolist()
    False
    """
    return split((one_seed(seed) & 0x7FFFFFFF, int(to_array(data))), 1, alg)[0]


def stateless_normal(shape: ShapeLike, seed: TensorLike, mean: TensorLike = 0.0, stddev: TensorLike = 1.0,
                     dtype: DTypeLike = "float32", name: str | None = None, alg: str = "auto_select") -> Tensor:
    """Return normally distributed numbers, the same for the same seed; other arguments as for `tinynet.random.normal`.

    Args:
        shape: Of the result.
        seed: Two numbers.
        mean, stddev: Of the distribution.
        dtype: Element type.
        name: TensorFlow's, without effect.
        alg: 'philox' or 'auto_select', which are the same here.

    Raises:
        ValueError: another `alg`.

    >>> stateless_normal([2], [1, 2]).tolist() == stateless_normal([2], [1, 2]).tolist()
    True
    """
    _check_algorithm("stateless_normal", alg)
    return random.normal(shape, mean, stddev, dtype, one_seed(seed))


def stateless_truncated_normal(shape: ShapeLike, seed: TensorLike, mean: TensorLike = 0.0, stddev: TensorLike = 1.0,
                               dtype: DTypeLike = "float32", name: str | None = None,
                               alg: str = "auto_select") -> Tensor:
    """Return normal numbers up to two standard deviations, the same for the same seed; arguments as for
    `stateless_normal`.

    Args:
        shape, seed, mean, stddev, dtype, alg: As for `stateless_normal`.

    Raises:
        ValueError: another `alg`.

    >>> drawn = stateless_truncated_normal([100], [1, 2]).numpy()
    >>> bool(abs(drawn).max() <= 2)  # nothing beyond two standard deviations
    True
    """
    _check_algorithm("stateless_truncated_normal", alg)
    return random.truncated_normal(shape, mean, stddev, dtype, one_seed(seed))


def stateless_uniform(shape: ShapeLike, seed: TensorLike, minval: float = 0, maxval: float | None = None,
                      dtype: DTypeLike = "float32", name: str | None = None, alg: str = "auto_select") -> Tensor:
    """Return numbers in [minval, maxval), the same for the same seed (two numbers); otherwise as `uniform`.

    Args:
        shape, seed, dtype, alg: As for `stateless_normal`.
        minval, maxval: The range; 0 to 1 for floats if None.

    Raises:
        ValueError: another `alg`.

    >>> stateless_uniform([2], [1, 2], 5, 6, "int32").tolist()
    [5, 5]
    """
    _check_algorithm("stateless_uniform", alg)
    return random.uniform(shape, minval, maxval, dtype, one_seed(seed))
