"""Random numbers under Keras's names, and the seed generators of `tinynet.seeds`.

Every function is a function of (seed, offset). With an int as seed, each call returns the same numbers. A
`SeedGenerator` counts its calls in the offset, so that each call returns new numbers. None means the global generator,
which `set_global_seed` (and `tinynet.utils.set_random_seed`) restarts. NumPy's Philox generator draws the numbers.

Arguments that all functions share:
    shape: Of the result: a tuple of ints, or one int for a single axis. () draws one number.
    dtype: Element type of the result; `floatx()` if None.
    seed: int, `SeedGenerator`, or None for the global generator.

All raise a ValueError for a shape, dtype or seed of another kind.

>>> set_global_seed(1)
>>> first = normal((2,)).numpy()
>>> set_global_seed(1)
>>> bool((normal((2,)).numpy() == first).all())
True
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .config import floatx
from .core.recording import Pair, repeated
from .core.types import Array, DTypeLike, SeedLike, ShapeLike, TensorLike
from .ops.dropout import dropout
from .seeds import (
    Orders,
    SeedGenerator,
    draw_seed,
    generator,
    generator_of,
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


def normal(shape: ShapeLike | int, mean: TensorLike = 0.0, stddev: TensorLike = 1.0, dtype: DTypeLike = None,
           seed: SeedLike = None) -> Tensor:
    """Draw from the normal distribution.

    Density: exp(-((x - mean) / stddev)^2 / 2) / (stddev sqrt(2 pi))

    Args:
        shape, dtype, seed: As for all functions of this module.
        mean, stddev: Mean and standard deviation: numbers, or arrays that broadcast to `shape`.

    Returns:
        Tensor of this shape.

    >>> normal((2, 3), seed=1).shape
    (2, 3)
    """
    def draw(pair: tuple[int, int]) -> Array:
        values, result_type = _standard_normal(shape, dtype, generator_of(pair))
        return _scaled(values, mean, stddev, result_type).data

    return Tensor.wrap(repeated(draw, Pair(draw_seed(seed))))


def truncated_normal(shape: ShapeLike | int, mean: TensorLike = 0.0, stddev: TensorLike = 1.0,
                     dtype: DTypeLike = None, seed: SeedLike = None) -> Tensor:
    """Draw from the normal distribution; draw again what is more than two standard deviations from the mean.

    The standard deviation of the result is 0.8796 `stddev`.

    Args:
        shape, dtype, seed: As for all functions of this module.
        mean, stddev: Mean and standard deviation before the truncation: numbers, or arrays that broadcast to `shape`.

    Returns:
        Tensor of this shape.

    >>> bool((abs(truncated_normal((1000,), seed=1).numpy()) <= 2).all())
    True
    """
    rng = generator(seed)
    values, dtype = _standard_normal(shape, dtype, rng)
    flat = values.reshape(-1)
    for start in range(0, flat.size, 1 << 18):  # parts that stay in the cache
        part = flat[start : start + (1 << 18)]
        outside = np.flatnonzero(abs(part) > 2)
        while outside.size:  # 4.6% of the round before: about 5 rounds
            again = rng.standard_normal(outside.size, dtype=values.dtype)
            part[outside] = again
            outside = outside[abs(again) > 2]
    return _scaled(values, mean, stddev, dtype)


def uniform(shape: ShapeLike | int, minval: float = 0.0, maxval: float | None = 1.0, dtype: DTypeLike = None,
            seed: SeedLike = None) -> Tensor:
    """Draw from the uniform distribution on [minval, maxval).

    Args:
        shape, seed: As for all functions of this module.
        minval, maxval: The bounds: numbers; None is 1.
        dtype: A floating point type; `floatx()` if None. Of an integer type, as TensorFlow has it: `randint`.

    Returns:
        Tensor of this shape.

    Raises:
        ValueError: whole numbers without a `maxval`.

    >>> uniform((2, 3), seed=1).shape
    (2, 3)
    >>> set(uniform((50,), 1, 4, dtype="int32", seed=1).tolist())
    {1, 2, 3}
    """
    if dtype is not None and np.dtype(dtype).kind in "iu":
        if maxval is None or maxval == 1.0 and isinstance(maxval, float):
            raise ValueError(f"random.uniform: dtype must be a floating-point type, got {np.dtype(dtype)}; "
                             "whole numbers need a maxval")
        return randint(shape, int(minval), int(maxval), dtype, seed)
    maxval = 1.0 if maxval is None else maxval
    dtype = _float_dtype(dtype, "uniform")
    low, high = dtype.type(minval), dtype.type(maxval)

    def draw(pair: tuple[int, int]) -> Array:
        values: Array = np.asarray(generator_of(pair).random(as_shape(shape), dtype=dtype))
        values *= high - low
        values += low
        if values.size and dtype == np.float32:  # rounding may reach the upper bound, which is excluded
            np.minimum(values, np.nextafter(high, low), out=values)
        return values

    return Tensor.wrap(repeated(draw, Pair(draw_seed(seed))))


def randint(shape: ShapeLike | int, minval: int, maxval: int, dtype: DTypeLike = "int32",
            seed: SeedLike = None) -> Tensor:
    """Draw whole numbers from minval to maxval - 1, all equally likely.

    Args:
        shape, seed: As for all functions of this module.
        minval, maxval: The bounds: whole numbers.
        dtype: An integer type.

    Returns:
        Tensor of this shape.

    Raises:
        ValueError: `dtype` is no integer type, or maxval is not above minval.

    >>> set(randint((100,), 1, 4, seed=1).tolist())
    {1, 2, 3}
    """
    dtype = np.dtype(dtype)
    if dtype.kind not in "iu":
        raise ValueError(f"randint: dtype must be an integer type, got {dtype}")
    return Tensor.wrap(np.asarray(generator(seed).integers(int(minval), int(maxval), as_shape(shape))).astype(dtype))


def categorical(logits: TensorLike, num_samples: int, dtype: DTypeLike = "int32", seed: SeedLike = None) -> Tensor:
    """Draw classes by their logits: unnormalised log probabilities.

    P(class j in row i) = exp(logits[i, j]) / sum over k of exp(logits[i, k])

    Args:
        logits: Shape (batch, classes).
        num_samples: How many classes to draw for each row.
        dtype: An integer type.
        seed: As for all functions of this module.

    Returns:
        Tensor of class numbers, shape (batch, num_samples).

    Raises:
        ValueError: `logits` has another number of axes than two.

    >>> categorical([[0.0, 100.0]], 3, seed=1).tolist()
    [[1, 1, 1]]
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


def shuffle(x: TensorLike, axis: int = 0, seed: SeedLike = None) -> Tensor:
    """Return the slices of x along an axis in random order.

    Args:
        x: Tensor or array.
        axis: The axis.
        seed: As for all functions of this module.

    Returns:
        Tensor of x's shape.

    >>> sorted(shuffle([3, 1, 2], seed=1).tolist())
    [1, 2, 3]
    """
    x = to_array(x)
    return Tensor.wrap(np.ascontiguousarray(generator(seed).permutation(x, axis=axis)))


def beta(shape: ShapeLike | int, alpha: TensorLike, beta: TensorLike, dtype: DTypeLike = None,
         seed: SeedLike = None) -> Tensor:
    """Draw from the beta distribution on [0, 1].

    Density: x^(alpha - 1) (1 - x)^(beta - 1) / B(alpha, beta)

    Args:
        shape, dtype, seed: As for all functions of this module.
        alpha, beta: Above 0: numbers, or arrays that broadcast to `shape`.

    Returns:
        Tensor of this shape.

    Raises:
        ValueError: `alpha` or `beta` is not above 0, or does not broadcast to `shape`.

    >>> beta((2,), 1.0, [2.0, 3.0], seed=1).shape
    (2,)
    """
    dtype = _float_dtype(dtype, "beta")
    return _of_dtype(generator(seed).beta(to_array(alpha), to_array(beta), as_shape(shape)), dtype)


def gamma(shape: ShapeLike | int, alpha: TensorLike, dtype: DTypeLike = None, seed: SeedLike = None) -> Tensor:
    """Draw from the gamma distribution with scale 1.

    Density: x^(alpha - 1) exp(-x) / Gamma(alpha)

    Args:
        shape, dtype, seed: As for all functions of this module.
        alpha: At least 0: a number, or an array that broadcasts to `shape`.

    Returns:
        Tensor of this shape.

    Raises:
        ValueError: `alpha` is below 0, or does not broadcast to `shape`.

    >>> gamma((2,), 3.0, seed=1).shape
    (2,)
    """
    dtype = _float_dtype(dtype, "gamma")
    return _of_dtype(generator(seed).standard_gamma(to_array(alpha), as_shape(shape)), dtype)


def binomial(shape: ShapeLike | int, counts: TensorLike, probabilities: TensorLike, dtype: DTypeLike = None,
             seed: SeedLike = None) -> Tensor:
    """Draw how many of `counts` trials succeed.

    P(k) = counts! / (k! (counts - k)!) p^k (1 - p)^(counts - k)

    Args:
        shape, dtype, seed: As for all functions of this module.
        counts: How many trials, at least 0: a number, or an array that broadcasts to `shape`.
        probabilities: Of success in one trial, from 0 to 1: a number, or an array that broadcasts to `shape`.

    Returns:
        Tensor of this shape: whole numbers of a floating-point type.

    Raises:
        ValueError: `counts` or `probabilities` is out of range, or does not broadcast to `shape`.

    >>> binomial((3,), 10, [0.0, 1.0, 1.0], seed=1).tolist()
    [0.0, 10.0, 10.0]
    """
    dtype = _float_dtype(dtype, "binomial")
    counts = to_array(counts).astype(np.int64)
    return _of_dtype(generator(seed).binomial(counts, to_array(probabilities), as_shape(shape)), dtype)


def as_shape(shape: Any) -> tuple[int, ...]:
    """Return a shape as a tuple of ints; one number is the length of a single axis.

    Args:
        shape: An int, or a sequence of ints.

    Raises:
        ValueError: it does not consist of ints of at least 0.

    >>> as_shape(3), as_shape([2, 3])
    ((3,), (2, 3))
    """
    try:
        result = tuple(extent.__index__() for extent in ((shape,) if np.ndim(shape) == 0 else shape))
    except (AttributeError, TypeError):
        result = None
    if result is None or any(extent < 0 for extent in result):
        raise ValueError(f"shape: expected ints of at least 0, as (3, 4), got {shape!r}")
    return result


def _float_dtype(dtype: DTypeLike, name: str) -> np.dtype[Any]:
    dtype = np.dtype(dtype or floatx())
    if dtype.kind != "f":
        raise ValueError(f"{name}: dtype must be a floating-point type, got {dtype}")
    return dtype


def _of_dtype(values: Any, dtype: DTypeLike) -> Tensor:
    return Tensor.wrap(np.asarray(values).astype(dtype, copy=False))


def _standard_normal(shape: Any, dtype: DTypeLike, rng: np.random.Generator) -> tuple[Array, np.dtype[Any]]:
    """Numbers of mean 0 and standard deviation 1, and the element type that the result is to have.

    NumPy draws float32 and float64 only: for another type, float32 is drawn.
    """
    dtype = _float_dtype(dtype, "normal")
    drawn = dtype if dtype in (np.float32, np.float64) else np.dtype(np.float32)
    return np.asarray(rng.standard_normal(as_shape(shape), dtype=drawn)), dtype


def _scaled(values: Array, mean: TensorLike, stddev: TensorLike, dtype: DTypeLike) -> Tensor:
    if np.ndim(mean) or np.ndim(stddev):
        values = values * to_array(stddev) + to_array(mean)
    else:
        values *= float(stddev)
        values += float(mean)
    return _of_dtype(values, dtype)
