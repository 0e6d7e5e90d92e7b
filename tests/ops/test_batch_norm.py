"""Batch normalization: Algorithm 1 and its gradient against the reference, within bounds that follow from rounding."""

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
from strategies import DTYPES, dtypes, in_layout, layouts, positive_sizes

import tinynet as tn
from tinynet import _native, ops, reference

EPSILON = 1e-3
SHAPES = [(1, 1), (2, 3), (7, 1), (33, 4), (300, 17), (1000, 65), (41, 256), (5, 1000), (3, 5, 5, 16), (64, 14, 14, 32)]


def case(shape, dtype=np.float32, seed=0, mean=0.5):
    """x, dy, gamma, beta with a different mean and scale in each channel."""
    rng = np.random.default_rng(seed)
    channels = shape[-1]
    x = rng.standard_normal(shape) * rng.uniform(0.5, 2, channels) + mean * rng.standard_normal(channels)
    arrays = x, rng.standard_normal(shape), rng.uniform(0.5, 1.5, channels), rng.standard_normal(channels)
    return [array.astype(dtype) for array in arrays]


def wide(*arrays):
    """The same numbers with twice the digits: 64 bits more than float64 has on x86, or float64 for float32."""
    return [None if a is None else a.astype(np.longdouble if a.dtype == np.float64 else np.float64) for a in arrays]


def rows_of(x):
    return x.size // x.shape[-1]


def check_forward(x, weight, offset, relu, epsilon=EPSILON):
    """All four results of the kernel against the exact ones.

    mean: m sums and the division. variance: its relative error is that of m + 3 roundings, plus the square of the error
    of the mean over the variance. y: x^ is exact up to the mean's error and a few roundings of what is added up.
    """
    y, mean, variance, inverse_std = _native.batch_norm_forward(x, weight, offset, epsilon, relu)
    ex, ew, eo = wide(x, weight, offset)
    exact_y, exact_mean, exact_variance, exact_inverse = reference.batch_norm_forward(ex, ew, eo, epsilon, relu)
    m, u = rows_of(x), unit_roundoff(x.dtype)
    axes = tuple(range(x.ndim - 1))
    mean_magnitude = np.abs(ex).mean(axis=axes)
    terms = min(m, 2000)  # blocks have fewer rows than that, and are added up in float64
    assert_within_bound(mean, exact_mean, mean_magnitude, terms)
    mean_error = gamma(terms + 1, x.dtype) * mean_magnitude
    assert_within_bound(variance, exact_variance, exact_variance + np.abs(mean_error) ** 2 / u, terms + 3)
    # 1 / sqrt(v + e): half the relative error of v + e, and the rounding
    variance_error = gamma(terms + 4, x.dtype) * exact_variance + mean_error**2
    scale_error = variance_error / (exact_variance + epsilon) + 4 * u
    assert np.all(np.abs(inverse_std - exact_inverse) <= exact_inverse * scale_error)
    factor = exact_inverse * (1 if ew is None else np.abs(ew))
    bound = (
        factor * (mean_error + np.abs(ex - exact_mean) * (scale_error + 8 * u))
        + 4 * u * (0 if eo is None else np.abs(eo))
    )
    assert np.all(np.abs(y - exact_y) <= bound), f"{np.max(np.abs(y - exact_y) / bound)} times the bound"
    return y, mean, variance, inverse_std


def check_backward(dy, x, weight, offset, mean, inverse_std, relu, constant):
    """The three gradients. All magnitudes are sums of absolute values of what is added up."""
    dx, dgamma, dbeta = _native.batch_norm_backward(dy, x, weight, offset, mean, inverse_std, relu, constant)
    edy, ex, ew, eo, em, ei = wide(dy, x, weight, offset, mean, inverse_std)
    if relu:  # where y is within rounding of 0 the kink may fall on either side: dy is 0 there in what the caller gave
        y = reference.batch_norm_inference(ex, ew, eo, em, 1 / ei**2, 0.0)[0]
        assert not np.any((np.abs(y) < 1e-4) & (dy != 0))
    exact = reference.batch_norm_backward(edy, ex, ew, eo, em, ei, relu, constant)
    axes = tuple(range(x.ndim - 1))
    m, x_hat = rows_of(x), np.abs((ex - em) * ei)
    terms = min(m, 2000) + 4
    beta_magnitude, gamma_magnitude = np.abs(edy).sum(axis=axes), (np.abs(edy) * x_hat).sum(axis=axes)
    assert_within_bound(dbeta, exact[2], beta_magnitude, terms)
    assert_within_bound(dgamma, exact[1], gamma_magnitude, terms)
    factor = ei * (1 if ew is None else np.abs(ew))
    spread = 0 if constant else (beta_magnitude + x_hat * gamma_magnitude) / m
    assert_within_bound(dx, exact[0], factor * (np.abs(edy) + spread), terms + 8)
    assert_same_values(
        _native.batch_norm_backward(dy, x, weight, offset, mean, inverse_std, relu, constant, False)[1], dgamma
    )


def away_from_the_kink(dy, x, weight, offset, mean, inverse_std):
    """dy with 0 where the sign of y is a matter of rounding."""
    y = reference.batch_norm_inference(*wide(x, weight, offset, mean), 1 / wide(inverse_std)[0] ** 2, 0.0)[0]
    return np.where(np.abs(y) < 1e-3, 0, dy).astype(dy.dtype)


@pytest.mark.parametrize("isa_name", available_isas())
@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_forward_and_backward_are_within_their_bounds(shape, relu, isa_name):
    x, dy, weight, offset = case(shape)
    with isa(isa_name):
        _, mean, _, inverse_std = check_forward(x, weight, offset, relu)
        dy = away_from_the_kink(dy, x, weight, offset, mean, inverse_std) if relu else dy
        check_backward(dy, x, weight, offset, mean, inverse_std, relu, False)
        check_backward(dy, x, weight, offset, mean, inverse_std, relu, True)


@given(rows=positive_sizes, channels=positive_sizes, dtype=dtypes, layout=layouts, seed=st.integers(0, 1000),
       scale=st.booleans(), center=st.booleans(), relu=st.booleans())
def test_any_size_layout_and_parameters(rows, channels, dtype, layout, seed, scale, center, relu):
    x, dy, weight, offset = case((rows, channels), dtype, seed)
    weight, offset = weight if scale else None, offset if center else None
    _, mean, _, inverse_std = plain = check_forward(x, weight, offset, relu)
    dy = away_from_the_kink(dy, x, weight, offset, mean, inverse_std) if relu else dy
    check_backward(dy, x, weight, offset, mean, inverse_std, relu, False)
    laid_out = [None if a is None else in_layout(a, layout) for a in (x, weight, offset)]
    for actual, expected in zip(_native.batch_norm_forward(*laid_out, EPSILON, relu), plain, strict=True):
        assert_same_values(actual, expected)
    expected = _native.batch_norm_backward(dy, x, weight, offset, mean, inverse_std, relu)
    actual = _native.batch_norm_backward(
        in_layout(dy, layout), *laid_out, in_layout(mean, layout), in_layout(inverse_std, layout), relu
    )
    for a, e in zip(actual, expected, strict=True):
        assert_same_values(a, e)


@pytest.mark.parametrize("isa_name", available_isas())
@pytest.mark.parametrize("mean", [1e3, 1e5, 1e6])
def test_a_large_mean_costs_the_variance_no_digits(mean, isa_name):
    """The formula E[x^2] - E[x]^2 would leave no digit from mean / std = 4096 on."""
    rng = np.random.default_rng(0)
    x = (rng.standard_normal((40_000, 3)) + mean * np.array([1, -1, 0.5])).astype(np.float32)
    exact = x.astype(np.float64).var(axis=0)
    with isa(isa_name):
        _, m, variance, _ = _native.batch_norm_forward(x, None, None, EPSILON)
    np.testing.assert_allclose(m, x.astype(np.float64).mean(axis=0), rtol=unit_roundoff(np.float32) * 2)
    # What is left of a block's mean after the first look is a part of its std, and u |mean|; its square is taken off.
    assert_within_bound(variance, exact, exact, 64)


def test_a_large_first_value_costs_the_variance_no_digits():
    x = np.random.default_rng(0).standard_normal((5000, 2)).astype(np.float32)
    x[0] = 1e6
    exact = x.astype(np.float64).var(axis=0)
    assert_within_bound(_native.batch_norm_forward(x, None, None, EPSILON)[2], exact, exact, 2000)


@pytest.mark.parametrize("isa_name", available_isas())
@pytest.mark.parametrize("beginning", (16, 64))
def test_a_block_that_begins_differently_costs_the_variance_no_digits(beginning, isa_name):
    """The squares are taken around the mean of a block's first quarter: at most 4 times the variance, 40 additions."""
    x = np.random.default_rng(0).standard_normal((5000, 32)).astype(np.float32)
    x[np.arange(5000) % 256 < beginning] += 1e4
    exact = x.astype(np.float64).var(axis=0)
    with isa(isa_name):
        assert_within_bound(_native.batch_norm_forward(x, None, None, EPSILON)[2], exact, exact, 4 * (40 + 3))


@pytest.mark.parametrize("dtype", DTYPES)
def test_whole_numbers_are_exact(dtype):
    """Pairs of whole numbers whose mean is 2: no block of rows, and so nothing in the statistics, is rounded."""
    rng = np.random.default_rng(0)
    half = rng.integers(-8, 9, (512, 24))
    x = np.stack([half, 4 - half], axis=1).reshape(1024, 24).astype(dtype)
    _, mean, variance, _ = _native.batch_norm_forward(x, None, None, EPSILON)
    assert_same_values(mean, np.full(24, 2, dtype))
    assert_same_values(variance, ((x - 2) ** 2).mean(axis=0, dtype=np.float64).astype(dtype))
    dy = rng.integers(-8, 9, x.shape).astype(dtype)
    _, dgamma, dbeta = _native.batch_norm_backward(dy, x, None, None, mean, np.ones(24, dtype))
    assert_same_values(dbeta, dy.sum(axis=0))
    assert_same_values(dgamma, (dy * (x - 2)).sum(axis=0))


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_constant_channel_becomes_beta(dtype):
    x = np.full((100, 3), 7, dtype)
    y, mean, variance, _ = _native.batch_norm_forward(x, np.full(3, 2, dtype), np.arange(3, dtype=dtype), EPSILON)
    assert_same_values(mean, np.full(3, 7, dtype))
    assert_same_values(variance, np.zeros(3, dtype))
    assert_same_values(y, np.broadcast_to(np.arange(3, dtype=dtype), (100, 3)))


@pytest.mark.parametrize("shape", [(1, 4), (50, 3), (3, 5, 5, 16), (2000, 32)])
@pytest.mark.parametrize("relu", [False, True])
def test_inference_is_one_formula(shape, relu):
    x, dy, weight, offset = case(shape)
    mean, variance = offset[::-1].copy(), weight[::-1].copy()
    y, inverse_std = _native.batch_norm_inference(x, weight, offset, mean, variance, EPSILON, relu)
    ex, ew, eo, em, ev = wide(x, weight, offset, mean, variance)
    exact, exact_inverse = reference.batch_norm_inference(ex, ew, eo, em, ev, EPSILON, relu)
    assert_within_bound(inverse_std, exact_inverse, exact_inverse, 3)
    assert_within_bound(y, exact, np.abs(ex - em) * np.abs(ew) * exact_inverse + np.abs(eo), 8)
    dy = away_from_the_kink(dy, x, weight, offset, mean, inverse_std) if relu else dy
    check_backward(dy, x, weight, offset, mean, inverse_std, relu, True)


@pytest.mark.parametrize("kernels", [_native, reference])
def test_nan_and_infinity_stay_in_their_channel(kernels):
    x = np.random.default_rng(0).standard_normal((40, 4)).astype(np.float32)
    x[3, 1], x[5, 2] = np.nan, np.inf
    y, mean, variance, _ = kernels.batch_norm_forward(x, None, None, EPSILON, False)
    assert not np.isfinite(mean[1:3]).any() and np.isnan(variance[1:3]).all() and np.isfinite(mean[[0, 3]]).all()
    assert np.isnan(y[:, 1:3]).all() and np.isfinite(y[:, [0, 3]]).all()
    ones, zeros = np.ones(4, np.float32), np.zeros(4, np.float32)
    y, _ = kernels.batch_norm_inference(x, None, None, zeros, ones, EPSILON, True)
    assert np.isnan(y[3, 1]) and np.isposinf(y[5, 2]) and np.isfinite(y).sum() == y.size - 2
    dx = kernels.batch_norm_backward(np.ones_like(x), x, None, None, zeros, ones, True, True)[0]
    assert dx[3, 1] == 0 and dx[5, 2] == 1  # relu'(NaN) = 0


@pytest.mark.parametrize("kernels", [_native, reference])
@pytest.mark.parametrize("shape", [(0, 4), (3, 0, 4), (3, 0)])
def test_no_rows_or_no_channels(kernels, shape):
    x, channel = np.zeros(shape, np.float32), np.ones(shape[-1], np.float32)
    y, _ = kernels.batch_norm_inference(x, channel, None, channel, channel, EPSILON)
    assert y.shape == shape
    dx, dgamma, dbeta = kernels.batch_norm_backward(x, x, channel, None, channel, channel)
    assert dx.shape == shape
    assert_same_values(dgamma, np.zeros(shape[-1], np.float32))
    assert_same_values(dbeta, np.zeros(shape[-1], np.float32))


@pytest.mark.parametrize("shape", [(100_000, 7), (40, 28, 28, 32), (3000, 300)])
def test_same_bits_on_any_threads(shape):
    x, dy, weight, offset = case(shape)
    _, mean, _, inverse_std = _native.batch_norm_forward(x, weight, offset, EPSILON)
    assert_same_bits_on_any_threads(lambda: (
        *_native.batch_norm_forward(x, weight, offset, EPSILON, True),
        *_native.batch_norm_backward(dy, x, weight, offset, mean, inverse_std, True),
    ))


def test_the_reference_is_the_chain_rule():
    """Against the closed form dx = gamma / std (dy - mean(dy) - x^ mean(dy x^)), written down independently."""
    x, dy, weight, offset = case((50, 4), np.float64)
    _, mean, _, inverse_std = reference.batch_norm_forward(x, weight, offset, EPSILON)
    x_hat = (x - mean) * inverse_std
    expected = weight * inverse_std * (dy - dy.mean(axis=0) - x_hat * (dy * x_hat).mean(axis=0))
    np.testing.assert_allclose(
        reference.batch_norm_backward(dy, x, weight, offset, mean, inverse_std)[0], expected, rtol=1e-12, atol=1e-14
    )


@pytest.mark.parametrize("backend", ["native", "numpy"])
@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize(
    "shape, axis", [((6, 3), -1), ((4, 3, 3, 2), -1), ((4, 2, 3, 3), 1), ((5, 4, 3), 1), ((3, 4), 0)]
)
def test_gradient(backend, relu, shape, axis):
    rng = np.random.default_rng(1)
    x, channels = rng.standard_normal(shape), shape[axis]
    weight, offset = rng.uniform(0.5, 1.5, channels), rng.standard_normal(channels)
    mean, variance = rng.standard_normal(channels), rng.uniform(0.5, 2, channels)
    with tn.backend(backend):
        assert_gradient(lambda *a: ops.batch_norm(*a, axis=axis, relu=relu)[0], x, weight, offset)
        assert_gradient(lambda a: ops.batch_norm(a, axis=axis, relu=relu)[0], x)
        assert_gradient(lambda a, b: ops.batch_norm(a, beta=b, axis=axis, relu=relu)[0], x, offset)
        assert_gradient(
            lambda a, w, b: ops.batch_norm_with(a, mean, variance, w, b, axis=axis, relu=relu), x, weight, offset
        )
        if not relu:
            assert_gradient(
                lambda a, m, v, b, w: ops.batch_normalization(a, m, v, axis, b, w), x, mean, variance, offset, weight
            )


def test_channels_may_stand_on_any_axis():
    x, _, weight, offset = case((4, 5, 6, 3))
    y, mean, variance = ops.batch_norm(x, weight, offset)
    moved, m, v = ops.batch_norm(np.moveaxis(x, -1, 1), weight, offset, axis=1)
    assert_same_values(moved.data, np.ascontiguousarray(np.moveaxis(y.data, -1, 1)))
    assert moved.data.flags.c_contiguous
    assert_same_values(m.data, mean.data)
    assert_same_values(v.data, variance.data)
    assert_same_values(ops.batch_norm(x, weight, offset, axis=3)[0].data, y.data)


def test_a_whole_batch_has_mean_0_and_variance_1():
    x = case((2000, 5), np.float64)[0]
    y, mean, variance = ops.batch_norm(x, epsilon=0.0)
    np.testing.assert_allclose(y.data.mean(axis=0), 0, atol=1e-13)
    np.testing.assert_allclose(y.data.var(axis=0), 1, rtol=1e-12)
    given = ops.batch_norm_with(x, mean, variance, epsilon=0.0)
    np.testing.assert_allclose(given.data, y.data, rtol=1e-12, atol=1e-14)


def test_integers_become_floats():
    assert ops.batch_norm(np.array([[1], [3]]))[0].dtype == np.float32
    assert ops.batch_norm_with(np.array([[1], [3]]), [0.0], [1.0]).dtype == np.float32


def test_gradients_that_nobody_wants_are_not_computed(monkeypatch):
    x, dy, weight, offset = case((8, 3))
    weight = tn.Variable(weight)
    with tn.GradientTape() as tape:
        y, _, _ = ops.batch_norm(x, weight, offset)
    (gradient,) = tape.gradient(y, [weight], output_gradients=dy)
    _, mean, _, inverse_std = _native.batch_norm_forward(x, weight.data, offset, EPSILON)
    assert_same_values(gradient.data, _native.batch_norm_backward(dy, x, weight.data, offset, mean, inverse_std)[1])


def test_errors():
    x = np.zeros((4, 3), np.float32)
    with pytest.raises(ValueError, match=r"gamma has shape \(4,\), but the input has 3 .*must have shape \(3,\)"):
        ops.batch_norm(x, gamma=np.ones(4, np.float32))
    with pytest.raises(ValueError, match="no samples"):
        ops.batch_norm(x[:0])
    with pytest.raises(ValueError, match=r"expected an input of shape \(batch, ..., channels\)"):
        ops.batch_norm(x[0])
    with pytest.raises(ValueError, match="axis 2"):
        ops.batch_norm(x, axis=2)
    with pytest.raises(ValueError, match=r"mean has shape \(2,\)"):
        ops.batch_norm_with(x, np.zeros(2), np.ones(3))
    with pytest.raises(TypeError, match="gamma must have dtype float32"):
        ops.batch_norm(x, gamma=np.ones(3))
    with pytest.raises(ValueError, match="no rows"):
        _native.batch_norm_forward(x[:0], None, None, EPSILON)
    with pytest.raises(ValueError, match="one number for each channel"):
        _native.batch_norm_forward(x, np.ones(2, np.float32), None, EPSILON)
    with pytest.raises(ValueError, match="x's shape"):
        _native.batch_norm_backward(x[:2], x, None, None, x[0], x[0])
    with pytest.raises(TypeError, match="float32 or float64"):
        _native.batch_norm_forward(np.zeros((4, 3), np.int32), None, None, EPSILON)
