"""Initializer, the base class, and the base of those that draw random numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import random
from ..core.registry import serialize_object

if TYPE_CHECKING:
    from typing import Self

    from ..core.types import Config, DTypeLike, SeedLike, ShapeLike
    from ..tensor import Tensor


class Initializer:
    """Base of all initializers. One of your own overrides `__call__`, and `get_config` if it has arguments.

    Any function of (shape, dtype) that returns a Tensor can stand for an initializer, too.

    >>> class Halves(Initializer):
    ...     def __call__(self, shape, dtype=None):
    ...         return ops.full(shape, 0.5, dtype)
    >>> Dense(2, kernel_initializer=Halves())(np.ones((1, 3))).numpy()
    array([[1.5, 1.5]], dtype=float32)
    """

    def __call__(self, shape: ShapeLike, dtype: DTypeLike = None) -> Tensor:
        """Make the first values of a weight.

        Args:
            shape: Of the weight, ints.
            dtype: Element type; `floatx()` if None.

        Returns:
            Tensor of this shape.
        """
        raise NotImplementedError(f"{type(self).__name__} must override __call__(shape, dtype=None)")

    def get_config(self) -> Config:
        """Return the constructor's arguments, from which `from_config` makes this initializer again."""
        return {}

    @property
    def repeatable(self) -> bool:
        """Whether every call with the same shape returns the same values, so that the call may be delayed.

        A `Variable` then computes its values when they are first read. With a SeedGenerator as seed this is False,
        since it counts its calls; and for classes derived from those of this package, since nothing is known of them.
        """
        return "_repeats" in vars(type(self)) and not isinstance(getattr(self, "seed", None), random.SeedGenerator)

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Make an initializer from what `get_config` returned."""
        return cls(**config)

    def clone(self) -> Self:
        """Make another initializer with the same configuration."""
        return self.from_config(self.get_config())


class RandomInitializer(Initializer):
    """Base of the initializers that draw random numbers.

    Args:
        seed: An int makes every call return the same values; a `random.SeedGenerator` makes each call return new ones;
            None draws an int from the global generator once, when the initializer is made.

    Raises:
        ValueError: `seed` is none of these.

    >>> class Coin(RandomInitializer):
    ...     def __call__(self, shape, dtype=None, **kwargs):
    ...         return tn.random.randint(shape, 0, 2, seed=self.seed)
    >>> Coin(seed=1)((2, 3)).shape
    (2, 3)
    """

    def __init__(self, seed: SeedLike = None) -> None:
        self._given_seed = seed
        if isinstance(seed, dict):
            seed = random.SeedGenerator(**seed["config"])
        elif seed is None:
            seed = random.make_default_seed()
        elif isinstance(seed, bool) or not isinstance(seed, int | np.integer | random.SeedGenerator):
            raise ValueError(f"{type(self).__name__}: seed must be an int, a SeedGenerator or None, got {seed!r}")
        self.seed: Any = seed

    def get_config(self) -> Config:
        given = self._given_seed
        return {"seed": given if isinstance(given, dict) else serialize_object(given, "keras.random")}
