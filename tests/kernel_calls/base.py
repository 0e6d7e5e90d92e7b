"""How a kernel of the table is described and called, and where its arguments come from."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from checks import gamma

from tinynet import reference

EPSILON = 1e-3  # added to variances
EQUAL = None  # as the bound of a result: it has the reference's own values


@dataclass(frozen=True)
class Kernel:
    """How one kernel is called and judged.

    Args:
        arguments: (Numbers, *shape) -> {argument: value}. Flags `need_...` that are left out are True.
        bound: (arguments, results, g) -> one array a result, the largest error allowed; EQUAL for none at all. It gets
            arguments and results as SimpleNamespace and list of float64 arrays, and g(n), the relative error of n
            roundings.
        small: Shapes that `arguments` takes, with sizes of 1 and around the widths of vectors and tiles.
        large: Shapes of several blocks of work, so that several threads share them.
        empty: Shapes without elements that have a result.
        refused: Shapes without elements that raise a ValueError.
        whole: Compared on whole numbers, whose sums are exact; the threads get others.
        unbounded: Shapes that are not compared with the reference here, with the file of the test that does it.
        tainted: {argument, or word of a shape: reason} where NaN and infinity are not traced to the results.
        spread: {argument: reason} where NaN and infinity may reach more results than the reference's.
    """

    arguments: Callable
    bound: Callable
    small: list
    large: list
    empty: list = field(default_factory=list)
    refused: list = field(default_factory=list)
    whole: bool = False
    unbounded: dict = field(default_factory=dict)
    tainted: dict = field(default_factory=dict)
    spread: dict = field(default_factory=dict)


class Numbers:
    """Random arrays of one element type, the same ones for the same seed."""

    def __init__(self, dtype, whole=False, seed=0):
        self.rng, self.dtype, self.whole = np.random.default_rng(seed), np.dtype(dtype), whole

    def __call__(self, *shape):
        """Normally distributed, or whole numbers from -4 to 4."""
        drawn = self.rng.integers(-4, 5, shape) if self.whole else self.rng.standard_normal(shape)
        return np.asarray(drawn).astype(self.dtype)

    def normal(self, *shape):
        return np.asarray(self.rng.standard_normal(shape)).astype(self.dtype)

    def between(self, low, high, *shape):
        return np.asarray(self.rng.uniform(low, high, shape)).astype(self.dtype)

    def labels(self, rows, classes):
        return self.rng.integers(0, max(classes, 1), rows)

    def cast(self, *arrays):
        return [np.asarray(array).astype(self.dtype) for array in arrays]


class Rounding:
    """g(n): the relative error of n roundings. For float64 twice as much, as the reference makes them too."""

    def __init__(self, dtype):
        self.dtype, self.times = np.dtype(dtype), 1 if np.dtype(dtype) == np.float32 else 2

    def __call__(self, n):
        return self.times * gamma(n, self.dtype)

    def rows(self, m):
        """Terms of a sum over m rows: the kernels add blocks of fewer than 2000 in float64, the reference all."""
        return min(m, 2000) if self.dtype == np.float32 else m


def equal(arguments, results, g):
    return [EQUAL] * len(results)


def argument_names(name):
    return list(inspect.signature(getattr(reference, name)).parameters)


# What a kernel changes in place, beside the optimizer steps, which change all lists of arrays but the gradients.
IN_PLACE = {"prepare_weights": ("seen", "weights", "offset")}


def is_changed(name, argument):
    """Whether a kernel that returns nothing changes the arrays of this argument in place."""
    return argument != "gradients" if name.endswith("_step") else argument in IN_PLACE.get(name, ())


def changed_arrays(name, arguments):
    """The arrays that a kernel changes in place; of a step, those in lists."""
    return [array for argument, value in arguments.items() if is_changed(name, argument)
            for array in (value if isinstance(value, list) else [value]) if isinstance(array, np.ndarray)]


def call(module, name, arguments):
    """The results as a list of arrays, without those that are None; of a kernel that works in place what it changed.

    All gradients and argmax indices are wanted, unless `arguments` sets their flags.
    """
    flags = [flag for flag in argument_names(name) if flag.startswith(("need_", "has_"))]
    result = getattr(module, name)(**{**dict.fromkeys(flags, True), **arguments})
    if result is None:
        return changed_arrays(name, arguments)
    if isinstance(result, dict):
        return [np.array(sorted(result.items()))]
    return [np.asarray(part) for part in (result if isinstance(result, tuple) else (result,)) if part is not None]


def with_absolute_values(name, a, *names):
    """The reference's results from |argument| for each of `names`: the sums of the absolute values that it adds up."""
    return call(reference, name, {**vars(a), **{argument: np.abs(getattr(a, argument)) for argument in names}})

