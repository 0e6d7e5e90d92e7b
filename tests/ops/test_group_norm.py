"""Group normalization: kernels against references, the operation against the definition and layer normalization."""

import numpy as np
import pytest
from checks import assert_gradient, assert_same_values, available_isas, gamma, isa
from hypothesis import given
from hypothesis import strategies as st
from kernel_calls.normalization import group_norm_bounds, group_norm_gradient_bounds
from strategies import DTYPES, dtypes, positive_sizes

import tinynet as tn
from tinynet import _native, ops, reference

EPSILON = 1e-3


def case(samples, pixels, groups, members, dtype=np.float32, seed=0):
    """x, dy, gamma, beta; each sample of x with a mean and a spread of its own."""
    rng = np.random.default_rng(seed)
    channels, each = groups * members, (samples, 1, 1)
    x = rng.standard_normal((samples, pixels, channels)) * rng.uniform(0.5, 2, each) + rng.standard_normal(each)
    return [a.astype(dtype) for a in (x, rng.standard_normal(x.shape), rng.uniform(0.5, 1.5, channels),
                                      rng.standard_normal(channels))]


def wide(*arrays):
    return [None if a is None else a.astype(np.longdouble if a.dtype == np.float64 else np.float64) for a in arrays]


def check(x, dy, weight, offset, groups):
    """Forward and backward, each against exact values from the same inputs."""
    results = _native.group_norm_forward(x, weight, offset, groups, EPSILON)
    ex, edy, ew, eo = wide(x, dy, weight, offset)
    exact = reference.group_norm_forward(ex, ew, eo, groups, EPSILON)
    bounds = group_norm_bounds(ex, ew, eo, *exact[1:], EPSILON, lambda n: gamma(n, x.dtype))
    assert_bounded(results, exact, bounds, x.dtype)
    statistics = wide(*results[1:])
    gradients = _native.group_norm_backward(dy, x, weight, *results[1:])
    exact = reference.group_norm_backward(edy, ex, ew, *statistics)
    bounds = group_norm_gradient_bounds(edy, ex, ew, *statistics, lambda n: gamma(n, x.dtype))
    assert_bounded(gradients, exact, bounds, x.dtype)


def assert_bounded(actual, exact, bounds, dtype):
    for got, right, bound in zip(actual, exact, bounds, strict=True):
        assert got.shape == right.shape and got.dtype == dtype
        assert np.all(np.abs(got - right) <= bound + 1000 * np.finfo(dtype).tiny)


@pytest.mark.parametrize("isa_name", available_isas())
@pytest.mark.parametrize("samples, pixels, groups, members", [
    (1, 1, 1, 1), (3, 2, 1, 31), (4, 49, 8, 4), (2, 100, 32, 1), (5, 33, 3, 7), (2, 3000, 2, 32), (40, 1, 4, 65),
    (2, 5, 4, 300),
])
def test_within_bounds(samples, pixels, groups, members, isa_name):
    with isa(isa_name):
        check(*case(samples, pixels, groups, members), groups)


@given(samples=st.integers(1, 5), pixels=positive_sizes, groups=st.integers(1, 9), members=st.integers(1, 33),
       dtype=dtypes, seed=st.integers(0, 1000), scale=st.booleans(), center=st.booleans())
def test_any_size_and_parameters(samples, pixels, groups, members, dtype, seed, scale, center):
    x, dy, weight, offset = case(samples, pixels, groups, members, dtype, seed)
    check(x, dy, weight if scale else None, offset if center else None, groups)


@pytest.mark.parametrize("mean", [1e3, -1e5])
def test_a_large_mean_loses_no_precision(mean):
    """x is exact in float32, so the bound is that of x - mean: the statistics are corrected in the second pass."""
    x, dy, weight, offset = case(2, 200, 4, 5)
    x = (np.round(x * 8) / 8 + np.float32(mean)).astype(np.float32)
    y, mean_of, inverse_std = _native.group_norm_forward(x, None, None, 4, EPSILON)
    exact = reference.group_norm_forward(*wide(x, None, None), 4, EPSILON)
    u = np.finfo(np.float32).eps / 2
    moved = u * np.abs(exact[1]) * exact[2]  # the mean is rounded once
    assert np.all(np.abs(y - exact[0]).reshape(2, 200, 4, 5).max(axis=(1, 3))
                  <= moved + np.abs(exact[0]).max() * (gamma(1004, np.float32) + 8 * u))
    assert np.all(np.abs(mean_of - exact[1]) <= 2 * u * np.abs(exact[1]))
    check(x, dy, weight, offset, 4)


@pytest.mark.parametrize("kernels", [_native, reference])
def test_special_values_stay_in_their_group(kernels):
    x = np.random.default_rng(0).standard_normal((3, 10, 6)).astype(np.float32)
    x[0, 3, 1], x[1, 4, 5] = np.nan, np.inf
    y, _, _ = kernels.group_norm_forward(x, None, None, 3, EPSILON)
    spoilt = np.zeros(x.shape, bool)
    spoilt[0, :, :2] = spoilt[1, :, 4:] = True
    np.testing.assert_array_equal(np.isnan(y), spoilt)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_constant_group_becomes_beta(dtype):
    offset = np.arange(6, dtype=dtype)
    x = np.broadcast_to(np.repeat(np.array([7, 0.1, -3], dtype), 2), (2, 50, 6))
    y, mean, _ = _native.group_norm_forward(x, np.full(6, 2, dtype), offset, 3, EPSILON)
    assert_same_values(mean, np.broadcast_to(np.array([7, 0.1, -3], dtype), (2, 3)))
    assert_same_values(y, np.broadcast_to(offset, (2, 50, 6)))


def test_only_what_is_needed():
    x, dy, weight, _ = case(3, 6, 2, 4)
    _, mean, inverse_std = _native.group_norm_forward(x, weight, None, 2, EPSILON)
    everything = _native.group_norm_backward(dy, x, weight, mean, inverse_std)
    for i in range(3):
        needed = [i == 0, i == 1, i == 2]
        some = _native.group_norm_backward(dy, x, weight, mean, inverse_std, *needed)
        assert [part is not None for part in some] == needed
        assert_same_values(some[i], everything[i])


@pytest.mark.parametrize("backend", ["native", "numpy"])
@pytest.mark.parametrize("groups", [1, 2, 3, 6])
@pytest.mark.parametrize("shape, axis", [((4, 3, 5, 6), -1), ((4, 6, 3, 5), 1), ((4, 6), -1)])
def test_the_definition_and_its_gradient(backend, groups, shape, axis):
    """Group by group."""
    rng = np.random.default_rng(3)
    x, weight, offset = rng.standard_normal(shape), rng.uniform(0.5, 1.5, 6), rng.standard_normal(6)
    last = np.moveaxis(x, axis, -1)
    expected = np.empty_like(last)
    for sample in range(4):
        for channels in np.split(np.arange(6), groups):
            part = last[sample][..., channels]
            expected[sample][..., channels] = (part - part.mean()) / np.sqrt(part.var() + EPSILON)
    expected = np.moveaxis(expected * weight + offset, -1, axis)
    with tn.backend(backend):
        actual = ops.group_normalization(x, groups, weight, offset, axis, EPSILON)
        np.testing.assert_allclose(actual.data, expected, rtol=1e-10, atol=1e-12)
        assert_gradient(lambda *a: ops.group_normalization(a[0], groups, a[1], a[2], axis, EPSILON), x, weight, offset)
        assert_gradient(lambda a, w: ops.group_normalization(a, groups, w, None, axis, EPSILON), x, weight)
        assert_gradient(lambda a, b: ops.group_normalization(a, groups, None, b, axis, EPSILON), x, offset)


@pytest.mark.parametrize("shape", [(4, 6), (2, 3, 5, 6)])
def test_one_group_is_layer_normalization(shape):
    """Over all axes but the batch. Both are within the same bound of the exact values."""
    x = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    y = ops.group_normalization(x, 1, epsilon=EPSILON)
    other = ops.layer_normalization(x, axis=tuple(range(1, len(shape))), epsilon=EPSILON)
    exact = reference.group_norm_forward(*wide(x, None, None), 1, EPSILON)
    bound = group_norm_bounds(*wide(x, None, None), *exact[1:], EPSILON, lambda n: gamma(n, np.float32))[0]
    assert np.all(np.abs(y.data - other.data.astype(np.float64)) <= 2 * bound)


def test_parameters_take_the_type_of_x():
    x, weight = np.random.default_rng(0).standard_normal((2, 3, 4)), tn.Variable([1.0, 2.0, 3.0, 4.0])
    with tn.GradientTape() as tape:
        y = ops.group_normalization(x, 2, weight)
    assert y.dtype == np.float64
    assert tape.gradient(y, weight).shape == (4,)
    assert ops.group_normalization(np.arange(8).reshape(2, 4), 2).dtype == np.float32


def test_errors():
    x = np.zeros((2, 4), np.float32)
    with pytest.raises(ValueError, match="4 channels do not split into 3 groups"):
        ops.group_normalization(x, 3)
    with pytest.raises(ValueError, match="channels on axis 0"):
        ops.group_normalization(x, 2, axis=0)
    with pytest.raises(ValueError, match=r"input has 4 channels but gamma has shape \(3,\)"):
        ops.group_normalization(x, 2, np.ones(3, np.float32))
    with pytest.raises(ValueError, match="do not split"):
        _native.group_norm_forward(x, None, None, 3, EPSILON)
    with pytest.raises(ValueError, match="one number for each sample and group"):
        _native.group_norm_backward(x, x, None, np.zeros(2, np.float32), np.zeros(2, np.float32))
