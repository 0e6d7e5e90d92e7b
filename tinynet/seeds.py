"""Seeds of random operations. The numbers themselves are drawn in `tinynet.random`.

Every random operation is a function of (seed, offset). With an int as seed, each call returns the same numbers. A
`SeedGenerator` counts its calls in the offset, so that each call returns new numbers. None means the global generator,
which `set_global_seed` (and `tinynet.utils.set_random_seed`) restarts.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np

from .core.recording import state
from .core.types import Array, Config, SeedLike
from .shares import share as current_share

_MASK = (1 << 64) - 1
_names = 0


class SeedGenerator:
    """A seed, and a count of the calls that have used it.

    Args:
        seed: int; drawn from the global generator if None.
        name: For configurations; chosen automatically if None.

    Raises:
        ValueError: `seed` is something else than an int or None.

    >>> generator = SeedGenerator(42)
    >>> generator.next(), generator.next()
    ((42, 0), (42, 1))
    """

    def __init__(self, seed: int | None = None, name: str | None = None) -> None:
        global _names
        if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int | np.integer)):
            raise ValueError(f"SeedGenerator: seed must be an int or None, got {seed!r} ({type(seed).__name__})")
        if name is None:
            name = "seed_generator" if _names == 0 else f"seed_generator_{_names}"
            _names += 1
        self.name = name
        self._initial_seed = seed
        self._seed = make_default_seed() if seed is None else int(seed) & _MASK
        self._offset = 0

    def next(self, ordered: bool = True) -> tuple[int, int]:
        """Return the next (seed, offset), and count this call.

        Args:
            ordered: Keras's argument; without effect, since calls are always counted in order.
        """
        pair = self.next_pair
        self._offset = pair[1] + 1
        if state.active is not None:
            state.active.drawn.append((self, pair))
        return pair

    @property
    def next_pair(self) -> tuple[int, int]:
        """What `next` will return."""
        return self._seed, self._offset

    @property
    def state(self) -> Array:
        """(seed, offset) as an array of two uint64. Assign an earlier one to return to it."""
        return np.array([self._seed, self._offset], np.uint64)

    @state.setter
    def state(self, state: Array) -> None:
        seed, offset = np.asarray(state)
        self._seed, self._offset = int(seed) & _MASK, int(offset) & _MASK

    def get_config(self) -> Config:
        """Return the arguments of `from_config`, which makes a generator with the same seed; it starts at offset 0."""
        return {"seed": self._initial_seed, "name": self.name}

    @classmethod
    def from_config(cls, config: Config) -> SeedGenerator:
        """Make a generator from what `get_config` returned."""
        return cls(**config)


class Orders:
    """Random orders, each a function of the next (seed, offset) of a `SeedGenerator`.

    The generator's state determines all orders that follow.

    Args:
        seeds: The generator.

    >>> Orders(SeedGenerator(1)).permutation(4).tolist() == Orders(SeedGenerator(1)).permutation(4).tolist()
    True
    """

    def __init__(self, seeds: SeedGenerator) -> None:
        self.seeds = seeds

    def permutation(self, length: int) -> Array:
        """Return the numbers 0 to length - 1 in random order."""
        return generator(self.seeds).permutation(length)


_global_generator: SeedGenerator | None = None


def global_seed_generator() -> SeedGenerator:
    """Return the generator that `seed=None` means. Until `set_global_seed` is called, its seed is the system's.

    >>> set_global_seed(3)
    >>> global_seed_generator().next()
    (3, 0)
    """
    global _global_generator
    if _global_generator is None:
        _global_generator = SeedGenerator(int.from_bytes(os.urandom(8), "little"), name="global_seed_generator")
    return _global_generator


def set_global_seed(seed: int) -> None:
    """Restart the global generator: the same program then draws the same numbers in each run.

    Args:
        seed: An int.

    Raises:
        ValueError: `seed` is no int.

    >>> set_global_seed(3)
    >>> first = tn.random.normal((2,)).tolist()
    >>> set_global_seed(3)
    >>> tn.random.normal((2,)).tolist() == first
    True
    """
    global _global_generator
    _global_generator = SeedGenerator(seed, name="global_seed_generator")


set_seed = set_global_seed  # tf.random's name


def make_default_seed() -> int:
    """Return a new seed: the next (seed, offset) of the global generator, mixed to one int of 64 bits by splitmix64.

    Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.

    Returns:
        An int.

    >>> tn.random.set_global_seed(3)
    >>> first = make_default_seed()
    >>> tn.random.set_global_seed(3)
    >>> make_default_seed() == first
    True
    """
    seed, offset = global_seed_generator().next()
    z = (seed + (offset + 1) * 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


class _Undrawn(threading.local):
    generator: SeedGenerator | None = None  # what random operations without a seed use instead of the global generator


_undrawn = _Undrawn()


@contextlib.contextmanager
def undrawn() -> Iterator[None]:
    """Context manager: random operations without a seed leave the global generator as it is.

    What they compute inside the block is thrown away. Seeds of new initializers and generators, which stay, are drawn
    as ever.
    """
    outer, _undrawn.generator = _undrawn.generator, SeedGenerator(0, name="undrawn")
    try:
        yield
    finally:
        _undrawn.generator = outer


def session_draws() -> tuple[int, int]:
    """Return what the next random operation without a seed will draw."""
    return (_undrawn.generator or global_seed_generator()).next_pair


def draw_seed(seed: SeedLike) -> tuple[int, int]:
    """Return (seed, offset) for one random operation.

    Args:
        seed: An int, whose offset is 0; a `SeedGenerator`, whose next pair is used; or None for the global generator.

    Raises:
        ValueError: `seed` is something else.

    >>> draw_seed(7), draw_seed(7)
    ((7, 0), (7, 0))
    """
    if seed is None:
        return (_undrawn.generator or global_seed_generator()).next()
    if isinstance(seed, SeedGenerator):
        return seed.next()
    if isinstance(seed, int | np.integer) and not isinstance(seed, bool):
        return int(seed) & _MASK, 0
    raise ValueError(f"seed must be an int, a SeedGenerator or None, got {seed!r} ({type(seed).__name__})")


class _Key:  # numpy.random, which knows it as an ISeedSequence, is loaded with the first generator
    """A seed that becomes Philox's key unchanged.

    `Philox(key=seed)` does the same, but first reads a seed from the operating system, which it does not use. That
    takes 6 us a generator instead of 2.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def generate_state(self, n_words: int, dtype: Any = np.uint32) -> Array:
        return np.array([self.seed, 0], np.uint64)


_known: list[type] = []  # _Key, once NumPy knows it


def generator(seed: SeedLike = None) -> np.random.Generator:
    """Return a NumPy Generator for one random operation.

    The seed is Philox's key. The offset is in the upper half of the counter: the numbers of two calls do not overlap.
    Nor do those of two processes that compute shares of one batch.

    Args:
        seed: int, `SeedGenerator`, or None for the global generator.

    Raises:
        ValueError: `seed` is something else.

    Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.

    >>> generator(7).random() == generator(7).random()
    True
    """
    return generator_of(draw_seed(seed))


def generator_of(pair: tuple[int, int]) -> np.random.Generator:
    """Return the NumPy Generator of a (seed, offset)."""
    key, offset = pair
    if not _known:
        _known.append(np.random.bit_generator.ISeedSequence.register(_Key))
    share = current_share()
    stream = 1 if share is None else 1 + share.rank
    bits = np.random.Philox(_Key(key), counter=[0, 0, offset, stream])  # type: ignore[arg-type]  # NumPy takes ISeedSequence
    return np.random.Generator(bits)
