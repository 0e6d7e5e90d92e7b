"""Random numbers under Keras's names: functions without state, and the seed generators that drive them.

Every function is a function of (seed, offset). An int seed gives the same numbers in each call; a `SeedGenerator`
counts its calls in the offset, so that each gives new ones; None means the global generator, which `set_global_seed`
(and `tinynet.utils.set_random_seed`) restarts. The numbers come from NumPy's Philox generator.

>>> set_global_seed(1)
>>> first = normal((2,)).numpy()
>>> set_global_seed(1)
>>> bool((normal((2,)).numpy() == first).all())
True
"""

import os

import numpy as np
from numpy.random.bit_generator import ISeedSequence

from .absent import explainer
from .config import floatx
from .tensor import Tensor, to_array

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


def normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None):
    """Normally distributed numbers of this mean and standard deviation."""
    values, dtype = _standard_normal(shape, dtype, generator(seed))
    return _scaled(values, mean, stddev, dtype)


def truncated_normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None):
    """As `normal`, with what is more than two standard deviations from the mean drawn again.

    The result's own standard deviation is 0.8796 `stddev`.
    """
    rng = generator(seed)
    values, dtype = _standard_normal(shape, dtype, rng)
    flat = values.reshape(-1)
    for start in range(0, flat.size, 1 << 18):  # parts that stay in the cache
        part = flat[start : start + (1 << 18)]
        outside = np.flatnonzero(abs(part) > 2)
        while outside.size:  # 4.6 % of the last draw: 5 rounds or so
            again = rng.standard_normal(outside.size, dtype=values.dtype)
            part[outside] = again
            outside = outside[abs(again) > 2]
    return _scaled(values, mean, stddev, dtype)


def uniform(shape, minval=0.0, maxval=1.0, dtype=None, seed=None):
    """Numbers that are equally likely anywhere in [minval, maxval)."""
    dtype = _float_dtype(dtype, "uniform")
    values = generator(seed).random(as_shape(shape), dtype=dtype)
    values = np.asarray(values)
    values *= dtype.type(maxval) - dtype.type(minval)
    values += dtype.type(minval)
    if values.size and dtype == np.float32:  # rounding may reach the upper bound, which is excluded
        np.minimum(values, np.nextafter(dtype.type(maxval), dtype.type(minval)), out=values)
    return Tensor.wrap(values)


def randint(shape, minval, maxval, dtype="int32", seed=None):
    """Whole numbers that are equally likely in [minval, maxval)."""
    dtype = np.dtype(dtype)
    if dtype.kind not in "iu":
        raise ValueError(f"randint: dtype must be an integer type, got {dtype}")
    return Tensor.wrap(np.asarray(generator(seed).integers(int(minval), int(maxval), as_shape(shape))).astype(dtype))


def categorical(logits, num_samples, dtype="int32", seed=None):
    """Classes drawn by their unnormalised log probabilities.

    Args:
        logits: shape (batch, classes).
        num_samples: How many draws a row.

    Returns:
        Tensor of classes, shape (batch, num_samples).
    """
    logits = to_array(logits).astype(np.float64)
    if logits.ndim != 2:
        raise ValueError(f"categorical: logits must have shape (batch, classes), got {logits.shape}")
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    bounds = np.cumsum(weights, axis=1)
    draws = generator(seed).random((len(logits), int(num_samples))) * bounds[:, -1:]
    classes = np.empty(draws.shape, np.dtype(dtype))
    for row in range(len(logits)):
        classes[row] = np.searchsorted(bounds[row], draws[row], side="right")
    return Tensor.wrap(np.minimum(classes, logits.shape[1] - 1).astype(classes.dtype))


def shuffle(x, axis=0, seed=None):
    """The slices of x along an axis in random order."""
    x = to_array(x)
    return Tensor.wrap(np.ascontiguousarray(generator(seed).permutation(x, axis=axis)))


def dropout(inputs, rate, noise_shape=None, seed=None):
    """Zero each element with probability `rate`, scale the others by 1 / (1 - rate); see `tinynet.ops.dropout`."""
    from .ops.dropout import dropout as recorded  # which imports this module

    return recorded(inputs, rate, noise_shape, seed)


def beta(shape, alpha, beta, dtype=None, seed=None):
    """Numbers of the beta distribution; `alpha` and `beta` broadcast to `shape`."""
    dtype = _float_dtype(dtype, "beta")
    return _of_dtype(generator(seed).beta(to_array(alpha), to_array(beta), as_shape(shape)), dtype)


def gamma(shape, alpha, dtype=None, seed=None):
    """Numbers of the gamma distribution with scale 1; `alpha` broadcasts to `shape`."""
    dtype = _float_dtype(dtype, "gamma")
    return _of_dtype(generator(seed).standard_gamma(to_array(alpha), as_shape(shape)), dtype)


def binomial(shape, counts, probabilities, dtype=None, seed=None):
    """How many of `counts` trials succeed with these probabilities; both broadcast to `shape`."""
    dtype = _float_dtype(dtype, "binomial")
    counts = to_array(counts).astype(np.int64)
    return _of_dtype(generator(seed).binomial(counts, to_array(probabilities), as_shape(shape)), dtype)


def as_shape(shape):
    """A shape as a tuple of ints; a number alone is the one length."""
    try:
        result = tuple(extent.__index__() for extent in ((shape,) if np.ndim(shape) == 0 else shape))
    except (AttributeError, TypeError):
        result = None
    if result is None or any(extent < 0 for extent in result):
        raise ValueError(f"shape: expected ints of at least 0, as (3, 4), got {shape!r}")
    return result


def _float_dtype(dtype, name):
    dtype = np.dtype(dtype or floatx())
    if dtype.kind != "f":
        raise ValueError(f"{name}: dtype must be a floating-point type, got {dtype}")
    return dtype


def _of_dtype(values, dtype):
    return Tensor.wrap(np.asarray(values).astype(dtype, copy=False))


def _standard_normal(shape, dtype, rng):
    dtype = _float_dtype(dtype, "normal")
    drawn = dtype if dtype in (np.float32, np.float64) else np.dtype(np.float32)
    return np.asarray(rng.standard_normal(as_shape(shape), dtype=drawn)), dtype


def _scaled(values, mean, stddev, dtype):
    if np.ndim(mean) or np.ndim(stddev):
        values = values * to_array(stddev) + to_array(mean)
    else:
        values *= float(stddev)
        values += float(mean)
    return _of_dtype(values, dtype)


_explain = explainer(__name__)


def __getattr__(name):
    """TensorFlow's further names, loaded when they are used."""
    from . import tf_random

    return getattr(tf_random, name) if name in tf_random.__all__ else _explain(name)
