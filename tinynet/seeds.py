"""Seeds: what random operations draw from. The numbers themselves are drawn in `tinynet.random`.

Every random operation is a function of (seed, offset). An int seed gives the same numbers in each call; a
`SeedGenerator` counts its calls in the offset, so that each call gives new ones; None means the global generator,
which `set_global_seed` (and `tinynet.utils.set_random_seed`) restarts.
"""

import os

import numpy as np
from numpy.random.bit_generator import ISeedSequence

_MASK = (1 << 64) - 1
_names = 0


class SeedGenerator:
    """A seed, and a count of how often it was asked.

    Args:
        seed: int; drawn from the global generator if None.
        name: For configs.

    >>> generator = SeedGenerator(42)
    >>> generator.next(), generator.next()
    ((42, 0), (42, 1))
    """

    def __init__(self, seed=None, name=None):
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

    def next(self, ordered=True):
        """The next (seed, offset), two ints."""
        offset = self._offset
        self._offset = offset + 1
        return self._seed, offset

    @property
    def state(self):
        """(seed, offset) as an array of two uint64; assign one to go back to it."""
        return np.array([self._seed, self._offset], np.uint64)

    @state.setter
    def state(self, state):
        seed, offset = np.asarray(state)
        self._seed, self._offset = int(seed) & _MASK, int(offset) & _MASK

    def get_config(self):
        """What `from_config` needs to make this generator again."""
        return {"seed": self._initial_seed, "name": self.name}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


class Orders:
    """Random orders, each a function of the next (seed, offset) of a `SeedGenerator`: its state says which come next.

    >>> Orders(SeedGenerator(1)).permutation(4).tolist() == Orders(SeedGenerator(1)).permutation(4).tolist()
    True
    """

    def __init__(self, seeds):
        self.seeds = seeds

    def permutation(self, length):
        """0 to length - 1 in random order."""
        return generator(self.seeds).permutation(length)


_global_generator = None


def global_seed_generator():
    """The generator behind `seed=None`; seeded by the operating system until `set_global_seed` is called."""
    global _global_generator
    if _global_generator is None:
        set_global_seed(int.from_bytes(os.urandom(8), "little"))
    return _global_generator


def set_global_seed(seed):
    """Restart the global generator: what follows repeats from run to run."""
    global _global_generator
    _global_generator = SeedGenerator(seed, name="global_seed_generator")


set_seed = set_global_seed  # tf.random's name


def make_default_seed():
    """A seed for whoever was given none: the next draw of the global generator, mixed to one int (splitmix64)."""
    seed, offset = global_seed_generator().next()
    z = (seed + (offset + 1) * 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


def draw_seed(seed):
    """(seed, offset) from what users pass: an int, a `SeedGenerator`, or None.

    Raises:
        ValueError: `seed` is something else.
    """
    if seed is None:
        return global_seed_generator().next()
    if isinstance(seed, SeedGenerator):
        return seed.next()
    if isinstance(seed, int | np.integer) and not isinstance(seed, bool):
        return int(seed) & _MASK, 0
    raise ValueError(f"seed must be an int, a SeedGenerator or None, got {seed!r} ({type(seed).__name__})")


class _Key(ISeedSequence):
    """A seed that is to be Philox's key as it is.

    `Philox(key=seed)` would ask the operating system for a seed too, and leave it: 6 us a generator, not 2.
    """

    def __init__(self, seed):
        self.seed = seed

    def generate_state(self, n_words, dtype=np.uint32):
        return np.array([self.seed, 0], np.uint64)


def generator(seed=None):
    """A NumPy Generator for one draw.

    The seed is the key; the offset stands in the upper half of the counter, so that two calls do not overlap.
    """
    seed, offset = draw_seed(seed)
    return np.random.Generator(np.random.Philox(_Key(seed), counter=[0, 0, offset, 1]))
