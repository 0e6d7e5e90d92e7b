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

import numpy as np

from .config import floatx
from .ops.dropout import dropout
from .seeds import (
    Orders,
    SeedGenerator,
    draw_seed,
    generator,
    global_seed_generator,
    make_default_seed,
    set_global_seed,
    set_seed,
)
from .tensor import Tensor, to_array

__all__ = [
    "Orders", "SeedGenerator", "as_shape", "beta", "binomial", "categorical", "draw_seed", "dropout", "gamma",
    "generator", "global_seed_generator", "make_default_seed", "normal", "randint", "set_global_seed", "set_seed",
    "shuffle", "truncated_normal", "uniform",
]


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
