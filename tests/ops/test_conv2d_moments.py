"""A convolution with the moments of its output: the values of the convolution, and moments as exact as batch_norm's."""

import numpy as np
import pytest
from checks import (
    assert_gradient,
    assert_same_bits_on_any_threads,
    assert_same_values,
    assert_within_bound,
    available_isas,
    gamma,
    isa,
    unit_roundoff,
)
from hypothesis import given
from hypothesis import strategies as st
from strategies import LAYOUTS, dtypes, in_layout

import tinynet as tn
from tinynet import _native, ops, reference
from tinynet.ops.batch_norm_max_pool2d import batch_norm_max_pool2d
from tinynet.ops.conv2d_moments import conv2d_moments
from tinynet.runtime import kernels
from tinynet.variable import Variable

ALGORITHMS = ("auto", "direct", "winograd2", "winograd4")
VALID, SAME = (((zeros, zeros), (zeros, zeros)) for zeros in (0, 1))
# What one sum adds up, at most: 16 of Winograd's tiles of 4x4. The pass over memory makes smaller ones.
BLOCK = 256


def case(size, filters, seed=0, dtype=np.float32):
    """x, kernel, bias with a mean and a scale of its own in each filter."""
    rng = np.random.default_rng(seed)
    kernel = rng.standard_normal((3, 3, size[3], filters)) * rng.uniform(0.5, 2, filters) / size[3] ** 0.5
    return [array.astype(dtype) for array in (rng.standard_normal(size), kernel, rng.standard_normal(filters))]


def forward(arrays, padding=SAME, algorithm="auto"):
    return _native.conv2d_moments_forward(*arrays, (1, 1), padding, (1, 1), algorithm)


def assert_moments_of(z, mean, variance):
    """mean and variance against those of z with twice the digits.

    Sums go over distances d from a block's centre c, which is the mean of some of its pixels: with m, the mean of all,
    d^2 <= 2 (z - m)^2 + 2 (m - c)^2, and m - c is not larger than the largest z - m.
    """
    wide = z.astype(np.float64 if z.dtype == np.float32 else np.longdouble)
    axes, u = (0, 1, 2), unit_roundoff(z.dtype)
    exact_mean, exact = wide.mean(axis=axes), wide.var(axis=axes)
    squares = 2 * exact + 2 * np.abs(wide - exact_mean).max(axis=axes) ** 2
    mean_bound = u * np.abs(exact_mean) + gamma(BLOCK + 4, z.dtype) * np.sqrt(squares)
    assert np.all(np.abs(mean - exact_mean) <= mean_bound)
    assert_within_bound(variance, exact, squares, BLOCK + 4)


@given(size=st.tuples(st.integers(1, 9), st.integers(1, 17), st.integers(1, 17)),
       channels=st.sampled_from((16, 24, 32, 64)), filters=st.sampled_from((16, 17, 31, 32, 40)), same=st.booleans(),
       with_bias=st.booleans(), dtype=dtypes, algorithm=st.sampled_from(ALGORITHMS), seed=st.integers(0, 1000),
       isa_name=st.sampled_from(available_isas()))
def test_native_matches_reference(size, channels, filters, same, with_bias, dtype, algorithm, seed, isa_name):
    padding = SAME if same or min(size[1:]) < 3 else VALID
    x, kernel, bias = case((*size, channels), filters, seed, dtype)
    arrays = x, kernel, bias if with_bias else None
    with isa(isa_name):
        z, mean, variance = forward(arrays, padding, algorithm)
        assert_same_values(z, _native.conv2d_forward(*arrays, (1, 1), padding, (1, 1), 1, "linear", algorithm))
    assert mean.dtype == variance.dtype == dtype
    assert_moments_of(z, mean, variance)
    expected = reference.conv2d_moments_forward(*arrays, (1, 1), padding, (1, 1))
    error = np.abs(z - expected[0]).max(axis=(0, 1, 2))  # bounded in test_conv2d.py
    u, std = 8 * gamma(BLOCK + 4, dtype), np.sqrt(expected[2])
    assert np.all(np.abs(mean - expected[1]) <= error + u * (np.abs(expected[1]) + std))
    assert np.all(np.abs(np.sqrt(variance) - std) <= error + u * (np.abs(expected[1]) + std))


@pytest.mark.parametrize("isa_name", available_isas())
def test_other_windows_take_a_pass_over_the_output(isa_name):
    """As conv2d and batch_norm in turn, bit for bit."""
    rng = np.random.default_rng(0)
    with isa(isa_name):
        for size, kernel_shape, strides, padding, dilation in (
                ((3, 29, 31, 33), (3, 3, 33, 17), (2, 2), SAME, (1, 1)),
                ((4, 20, 21, 32), (1, 1, 32, 64), (1, 1), VALID, (1, 1)),
                ((2, 19, 18, 3), (5, 5, 3, 7), (1, 1), ((2, 2), (0, 3)), (1, 2))):
            x, kernel, bias = (rng.standard_normal(shape).astype(np.float32)
                               for shape in (size, kernel_shape, kernel_shape[3:]))
            z, mean, variance = _native.conv2d_moments_forward(x, kernel, bias, strides, padding, dilation)
            assert_same_values(z, _native.conv2d_forward(x, kernel, bias, strides, padding, dilation, 1, "linear"))
            _, expected_mean, expected_variance, _ = _native.batch_norm_forward(z, None, None, 1e-3)
            assert_same_values(mean, expected_mean)
            assert_same_values(variance, expected_variance)


LARGE = [((40, 28, 28, 32), 32), ((33, 14, 13, 64), 48), ((2, 30, 31, 192), 192)]  # the last: all threads on a block


@pytest.mark.parametrize("isa_name", available_isas())
@pytest.mark.parametrize("algorithm", ALGORITHMS[2:])
@pytest.mark.parametrize("size, filters", LARGE)
@pytest.mark.parametrize("level", (0, 1e4))
def test_a_large_mean_costs_no_digits(size, filters, level, algorithm, isa_name):
    """On normal data: a few roundings of the variance, whatever the mean, and of the mean."""
    x, kernel, bias = case(size, filters)
    with isa(isa_name):
        z, mean, variance = forward((x, kernel, bias + np.float32(level)), algorithm=algorithm)
    exact_mean, exact = (f(z.astype(np.float64), axis=(0, 1, 2)) for f in (np.mean, np.var))
    u = unit_roundoff(np.float32)
    assert np.all(np.abs(mean - exact_mean) <= 2 * u * (np.abs(exact_mean) + np.sqrt(exact)))
    assert_within_bound(variance, exact, exact, 40)


@pytest.mark.parametrize("isa_name", available_isas())
@pytest.mark.parametrize("rows", (1, 4, 8))
def test_groups_that_begin_differently_cost_the_variance_no_digits(rows, isa_name):
    """An image of 16x16 is a group, or not much more than one; the centre comes from its first tile, in the corner."""
    x = np.random.default_rng(0).standard_normal((50, 16, 16, 32)).astype(np.float32)
    x[:, :rows] += 1e4
    kernel = np.zeros((3, 3, 32, 32), np.float32)
    kernel[1, 1] = np.eye(32)
    with isa(isa_name):
        assert_moments_of(*forward((x, kernel, None), algorithm="winograd4"))


@pytest.mark.parametrize("isa_name", available_isas())
@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("bad", (np.nan, np.inf, -np.inf))
def test_nan_and_infinity(bad, algorithm, isa_name):
    x, kernel, bias = case((6, 14, 14, 32), 32)
    spoilt = x.copy()
    spoilt[4, 9, 7, 3] = bad
    with isa(isa_name), np.errstate(all="ignore"):
        _, mean, variance = forward((spoilt, kernel, bias), algorithm=algorithm)
        assert not np.isfinite(mean).any() and np.isnan(variance).all()
        spoilt = kernel.copy()
        spoilt[1, 2, 5, 7] = bad
        z, mean, variance = forward((x, spoilt, bias), algorithm=algorithm)
    others = np.arange(32) != 7
    assert not np.isfinite(mean[7]) and np.isnan(variance[7])
    assert_moments_of(z[..., others], mean[others], variance[others])


@pytest.mark.parametrize("isa_name", available_isas())
@pytest.mark.parametrize("dtype", (np.float32, np.float64))
@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("size, filters", [*LARGE, ((1, 32, 32, 16), 16), ((1, 16, 16, 192), 192)])  # few tiles
def test_same_bits_on_any_threads(size, filters, algorithm, dtype, isa_name):
    """Sums of float32 that are added up in float64 may be the same in another order; those of float64 are not."""
    arrays = case(size, filters, dtype=dtype)
    with isa(isa_name):
        assert_same_bits_on_any_threads(lambda: forward(arrays, algorithm=algorithm))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_memory_layout(layout):
    arrays = case((2, 9, 10, 16), 32)
    for actual, expected in zip(forward([in_layout(a, layout) for a in arrays]), forward(arrays), strict=True):
        assert_same_values(actual, expected)


def test_kernel_refuses_what_does_not_fit():
    x, kernel, bias = case((2, 6, 6, 16), 16)
    for wrong in ((x[:0], kernel, bias), (x[..., :8], kernel, bias), (x, kernel, bias[:3]), (x[0], kernel, bias)):
        with pytest.raises(ValueError):
            forward(wrong)
    with pytest.raises(ValueError, match="no pixels"):
        forward((x[:, :2], kernel, bias), VALID)
    with pytest.raises(TypeError):
        forward((x, kernel.astype(np.float64), bias))
    assert forward((x, kernel[..., :0], bias[:0]))[0].shape == (2, 6, 6, 0)


# The operations: the pair gives what the convolution and the normalization give in turn.


def in_turn(x, kernel, bias, weight, offset, pooled):
    z = ops.conv2d(x, kernel, bias, padding="same")
    return (batch_norm_max_pool2d(z, weight, offset) if pooled else ops.batch_norm(z, weight, offset, relu=True))[0]


def measured(x, kernel, bias, weight, offset, pooled):
    z, *moments = conv2d_moments(x, kernel, bias, padding="same")
    if pooled:
        return batch_norm_max_pool2d(z, weight, offset, moments=moments)[0]
    return ops.batch_norm(z, weight, offset, relu=True, moments=moments)[0]


@pytest.mark.parametrize("backend", ("native", "numpy"))
@pytest.mark.parametrize("pooled", (False, True))
@pytest.mark.parametrize("with_bias", (False, True))
def test_gradient(with_bias, pooled, backend):
    rng = np.random.default_rng(0)
    x, kernel, bias, weight, offset = (rng.standard_normal(shape)
                                       for shape in ((3, 6, 6, 2), (3, 3, 2, 8), 8, 8, 8))
    with tn.backend(backend):
        if with_bias:
            assert_gradient(lambda *arrays: measured(*arrays, pooled), x, kernel, bias, weight, offset)
        else:
            assert_gradient(lambda x, kernel, *rest: measured(x, kernel, None, *rest, pooled), x, kernel, weight,
                            offset)


@pytest.mark.parametrize("pooled", (False, True))
@pytest.mark.parametrize("dtype", (np.float32, np.float64))
def test_the_same_values_and_gradients_as_in_turn(dtype, pooled):
    x, kernel, bias = case((8, 14, 14, 32), 32, dtype=dtype)
    rng = np.random.default_rng(1)
    weight, offset = (rng.uniform(0.5, 1.5, 32).astype(dtype), rng.standard_normal(32).astype(dtype))
    results = []
    for function in (measured, in_turn):
        variables = [Variable(array) for array in (x, kernel, bias, weight, offset)]
        with tn.GradientTape() as tape:
            y = function(*variables, pooled)
        dy = np.random.default_rng(2).standard_normal(y.shape).astype(dtype)
        results.append([y.numpy(), *(g.numpy() for g in tape.gradient(y, variables, output_gradients=dy))])
    sizes = [np.abs(array).max() for array in results[1]]
    sizes[3] = max(sizes)  # the bias: normalization takes it off again, and its gradient is rounding and no more
    for actual, expected, size in zip(*results, sizes, strict=True):
        if dtype is np.float64:  # the direct way: the moments of a pass over z, as batch_norm takes them
            assert_same_values(actual, expected)
        else:  # the moments differ by some roundings, and each gradient is a sum of 1568 pixels at most
            np.testing.assert_allclose(actual, expected, rtol=0, atol=64 * np.finfo(dtype).eps * size)


def test_one_pass_fewer(monkeypatch):
    calls = []

    def counted(name, function):
        return lambda *args: calls.append(name) or function(*args)

    for name, function in list(vars(kernels).items()):
        if "conv2d" in name or "batch_norm" in name:
            monkeypatch.setitem(vars(kernels), name, counted(name, function))
    arrays = [Variable(a) for a in (*case((2, 8, 8, 16), 16), np.ones(16, np.float32), np.zeros(16, np.float32))]
    for pooled, name in ((False, "batch_norm"), (True, "batch_norm_max_pool2d")):
        with tn.GradientTape() as tape:
            y = measured(*arrays, pooled)
        tape.gradient(y, arrays)
        assert calls == ["conv2d_moments_forward", f"{name}_inference", f"{name}_backward", "conv2d_backward"]
        calls.clear()


@pytest.mark.parametrize("size, kernel_shape, options, message", [
    ((2, 9, 9, 2), (3, 3, 1, 4), {}, "input has 2 channels but kernel expects 1"),
    ((2, 2, 9, 1), (3, 3, 1, 8), {}, "kernel is larger than the padded input"),
    ((0, 9, 9, 1), (3, 3, 1, 8), {}, "no pixels"),
    ((2, 9, 9, 1), (3, 3, 1, 8), {"padding": "full"}, "padding must be"),
    ((2, 9, 9, 1), (3, 3, 1, 8), {"bias": np.ones(3, np.float32)}, "bias has shape"),
])
def test_errors(size, kernel_shape, options, message):
    with pytest.raises(ValueError, match=message):
        conv2d_moments(np.ones(size, np.float32), np.ones(kernel_shape, np.float32), **options)
