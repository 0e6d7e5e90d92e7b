"""What tests measure against: bounds that follow from floating-point theory, never guessed tolerances.

u is the unit roundoff, 2^-24 for float32 and 2^-53 for float64; gamma(n) = n u / (1 - n u) bounds the relative error of
any n roundings, in any order, fused or not.
"""

import contextlib
import os
import re

import numpy as np
import pytest

import tinynet as tn
from tinynet.tensor import Tensor
from tinynet.variable import Variable

needs_native = pytest.mark.skipif(tn.runtime._native is None, reason="needs the compiled kernels")
BACKENDS = ("numpy",) if tn.runtime._native is None else ("native", "numpy")  # a pure installation has one
THREAD_COUNTS = (1, 2, 3, 4, 8)


def unit_roundoff(dtype):
    return float(np.finfo(dtype).eps) / 2


def gamma(n, dtype):
    nu = n * unit_roundoff(dtype)
    return nu / (1 - nu)


def assert_same_values(actual, expected):
    """Equal, element by element; NaN equals NaN. Shape and dtype too."""
    assert actual.shape == expected.shape, f"shape {actual.shape}, expected {expected.shape}"
    assert actual.dtype == expected.dtype, f"dtype {actual.dtype}, expected {expected.dtype}"
    np.testing.assert_array_equal(actual, expected)


def assert_same_rows(actual, expected, terms=32):
    """Equal, though the rows were computed in batches of other sizes.

    The compiled kernels give a row the same bits in any batch. Where NumPy computes, its BLAS chooses the order of a
    sum by the shapes, so rows of sums of up to `terms` terms agree within their roundings.
    """
    actual, expected = np.asarray(actual), np.asarray(expected)
    if tn.backend() == "native":
        return assert_same_values(actual, expected)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=gamma(terms, expected.dtype) * np.abs(expected).max())


def assert_within_bound(actual, expected, magnitude, terms):
    """|actual - expected| <= gamma(terms + 1) * magnitude, the theorem for a sum of `terms` products.

    Args:
        actual: The kernel's result, float32 or float64.
        expected: The same in float64 (or exact).
        magnitude: The sum of absolute values, |A| |B| for a matrix product, in float64.
        terms: How many terms each element sums.
    """
    assert actual.shape == np.shape(expected), f"shape {actual.shape}, expected {np.shape(expected)}"
    tiny = terms * float(np.finfo(actual.dtype).tiny)  # results below the normal range may be flushed
    bound = gamma(terms + 1, actual.dtype) * np.asarray(magnitude, np.float64) + tiny
    error = np.abs(actual.astype(np.float64) - np.asarray(expected, np.float64))
    if np.any(error > bound):
        worst = np.unravel_index(np.argmax(error - bound), error.shape)
        raise AssertionError(
            f"error {error[worst]:.3e} above the bound {np.broadcast_to(bound, error.shape)[worst]:.3e} at {worst}"
        )


def assert_within_ulp(actual, exact, ulp=4):
    """Each element within `ulp` units in the last place of the float64 value `exact`; NaN and infinity must match."""
    assert actual.shape == np.shape(exact)
    rounded = np.asarray(exact, np.float64).astype(actual.dtype)
    finite = np.isfinite(rounded)
    np.testing.assert_array_equal(actual[~finite], rounded[~finite])
    spacing = np.spacing(np.maximum(np.abs(rounded[finite]), np.finfo(actual.dtype).tiny)).astype(np.float64)
    error = np.abs(actual[finite].astype(np.float64) - np.asarray(exact, np.float64)[finite]) / spacing
    assert error.size == 0 or error.max() <= ulp + 0.5, f"{error.max():.1f} units in the last place, allowed {ulp}"


def assert_gradient(function, *inputs, directions=3, step=1e-6, rtol=1e-3, atol=1e-5, seed=0):
    """The tape's gradient of a function of Tensors agrees with finite differences along random directions (float64).

    (f(x + h d) - f(x - h d)) / 2h = <grad f(x), d>: one number checks all elements of the gradient at once.

    Args:
        function: From Tensors to a Tensor of any shape; it is reduced to a scalar with random weights.
        inputs: float64 arrays away from kinks. Integer arrays are passed through without a gradient.
    """
    rng = np.random.default_rng(seed)
    variables = [Variable(x) if np.asarray(x).dtype.kind == "f" else Tensor(x) for x in inputs]
    moving = [v for v in variables if isinstance(v, Variable)]
    assert all(v.dtype == np.float64 for v in moving), "gradient checks need float64"
    with tn.GradientTape() as tape:
        y = function(*variables)
    weights = rng.standard_normal(y.shape)
    gradients = tape.gradient(y, moving, output_gradients=weights)

    def value(offsets):
        shifted = iter(offsets)
        return float(
            np.sum(
                function(*[Tensor(v.data + next(shifted)) if isinstance(v, Variable) else v for v in variables]).data
                * weights
            )
        )

    for _ in range(directions):
        direction = [rng.standard_normal(v.shape) for v in moving]
        numeric = (value([step * d for d in direction]) - value([-step * d for d in direction])) / (2 * step)
        analytic = sum(float(np.sum(g.data * d)) for g, d in zip(gradients, direction, strict=True) if g is not None)
        assert abs(numeric - analytic) <= atol + rtol * abs(numeric), f"numeric {numeric}, tape {analytic}"


def assert_same_bits_on_any_threads(function):
    """`function()` returns an array (or a tuple of them); the bits must not depend on the number of threads."""
    before = tn.get_num_threads()
    try:
        results = []
        for threads in THREAD_COUNTS:
            tn.set_num_threads(threads)
            result = function()
            results.append([np.asarray(part) for part in (result if isinstance(result, tuple | list) else (result,))
                            if part is not None])
    finally:
        tn.set_num_threads(before)
    for threads, result in zip(THREAD_COUNTS[1:], results[1:], strict=True):
        for first, other in zip(results[0], result, strict=True):
            assert first.tobytes() == other.tobytes(), f"{threads} threads give other bits than 1"


@contextlib.contextmanager
def isa(name):
    """Run the block on the kernels of another instruction set."""
    from tinynet import _native

    before = _native.isa()
    _native.select_isa(name)
    try:
        yield
    finally:
        _native.select_isa(before)


def available_isas():
    """The instruction sets that this build has and this machine can run, the widest last."""
    from tinynet import _native

    if tn.runtime._native is None:
        return ["baseline"]  # a pure installation: what uses it is skipped (absent_native.py)
    return [name for name in _native.built_isas() if not _native.missing_features(name)]


# For a process of its own. Not getrusage's ru_maxrss: Linux hands the parent's peak down to a process that it starts,
# so that a test run of 1.2 GB would count as the peak of each of its children.
PEAK_MEGABYTES = """
def peak_megabytes():
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
"""


@contextlib.contextmanager
def warns_here(category, words):
    """As pytest.warns; and the warning names the user's line, here the test's, not a line of tinynet."""
    with pytest.warns(category, match=words) as recorded:
        yield
    files = [one.filename for one in recorded if re.search(words, str(one.message))]
    assert files and not any(file.startswith(os.path.dirname(tn.__file__)) for file in files), files
    assert any(os.path.basename(file).startswith("test_") for file in files), files
