"""Batch normalization, ReLU, max pooling and dropout in one pass: what they give one by one, and the reference."""

import numpy as np
import pytest
from checks import (
    assert_gradient,
    assert_same_bits_on_any_threads,
    assert_same_values,
    assert_within_bound,
    available_isas,
    isa,
)
from hypothesis import given
from hypothesis import strategies as st
from strategies import DTYPES, dtypes, in_layout, layouts, special_arrays

import tinynet as tn
from tinynet import _native, ops, reference
from tinynet.ops.batch_norm_max_pool2d import batch_norm_max_pool2d, batch_norm_max_pool2d_with, is_profitable
from tinynet.ops.max_pool2d import windows
from tinynet.random import SeedGenerator
from tinynet.tensor import Tensor

EPSILON = 1e-3
NO_PADDING = ((0, 0), (0, 0))
CHANNELS = (1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48)
sides = st.integers(1, 3)
masks = st.tuples(st.one_of(st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.floats(0, 1)), st.integers(0, 2**64 - 1),
                  st.integers(0, 2**64 - 1))  # rate, seed, offset


@st.composite
def geometries(draw, least_batch=1):
    """x's shape and the window: images with and without a rest, of one window and of many."""
    pool = (draw(sides), draw(sides))
    shape = (draw(st.integers(least_batch, 3)), draw(st.integers(pool[0], 9)), draw(st.integers(pool[1], 9)),
             draw(st.sampled_from(CHANNELS)))
    return shape, pool


def pooled_shape(shape, pool):
    return (shape[0], shape[1] // pool[0], shape[2] // pool[1], shape[3])


def case(shape, pool, dtype=np.float32, seed=0):
    """x, dy, gamma, beta; small whole numbers in x, so that windows have several maxima."""
    rng = np.random.default_rng(seed)
    channels = shape[-1]
    arrays = (rng.integers(-4, 5, shape), rng.standard_normal(pooled_shape(shape, pool)),
              rng.uniform(0.5, 1.5, channels) * rng.choice([-1, 1], channels), rng.standard_normal(channels))
    return [array.astype(dtype) for array in arrays]


def one_by_one(x, weight, offset, pool, statistics=None):
    """y, argmax, mean, variance, inverse_std of the two kernels in turn."""
    if statistics is None:
        b, mean, variance, inverse_std = _native.batch_norm_forward(x, weight, offset, EPSILON, True)
    else:
        mean, variance = statistics
        b, inverse_std = _native.batch_norm_inference(x, weight, offset, mean, variance, EPSILON, True)
    return *_native.max_pool2d_forward(b, pool, pool, NO_PADDING), mean, variance, inverse_std


def assert_same_bits(actual, expected):
    assert actual.dtype == expected.dtype and actual.shape == expected.shape
    assert_same_values(actual, expected)
    assert_same_values(np.signbit(actual), np.signbit(expected))


def check_forward(x, weight, offset, pool, statistics=None):
    """Bit for bit what the kernels give in turn; `argmax` and `x_at_max` as the reference defines them."""
    y, argmax, mean, variance, inverse_std = one_by_one(x, weight, offset, pool, statistics)
    if statistics is None:
        actual = _native.batch_norm_max_pool2d_forward(x, weight, offset, EPSILON, pool)
        expected = (mean, variance, inverse_std)
        bare = _native.batch_norm_max_pool2d_forward(x, weight, offset, EPSILON, pool, need_argmax=False)
    else:
        actual = _native.batch_norm_max_pool2d_inference(x, weight, offset, *statistics, EPSILON, pool)
        expected = (inverse_std,)
        bare = _native.batch_norm_max_pool2d_inference(x, weight, offset, *statistics, EPSILON, pool, False)
    assert_same_bits(actual[0], y)
    assert_same_values(actual[1], np.where(y > 0, argmax, 255).astype(np.uint8))
    at = windows(x, pool, pool, NO_PADDING, 0)
    assert_same_values(actual[2], np.take_along_axis(at, argmax[..., None].astype(int), -1)[..., 0])
    for a, e in zip(actual[3:], expected, strict=True):
        assert_same_values(a, e)
    assert bare[1] is None and bare[2] is None
    for a, e in zip((bare[0], *bare[3:]), (actual[0], *actual[3:]), strict=True):
        assert_same_bits(a, e)
    return actual


def check_backward(dy, argmax, x_at_max, x, weight, mean, inverse_std, pool, constant, rate=0.0):
    """Against the reference with twice the digits; magnitudes are sums of absolute values of what is added up."""
    arguments = (dy, argmax, x_at_max, x, weight, mean, inverse_std)
    dx, dgamma, dbeta = _native.batch_norm_max_pool2d_backward(*arguments, pool, constant, rate=rate)
    wide = np.float64 if x.dtype == np.float32 else np.longdouble
    edy, ex, ech, em, ei = (a.astype(wide) for a in (dy, x, x_at_max, mean, inverse_std))
    ew = None if weight is None else weight.astype(wide)
    exact = reference.batch_norm_max_pool2d_backward(edy, argmax, ech, ex, ew, em, ei, pool, constant, rate=rate)
    axes = (0, 1, 2)
    m, terms = x.size // x.shape[-1], min(dy.size // x.shape[-1], 2000) + (4 if rate == 0 else 6)  # factor, product
    edy = edy / (1 - rate)
    sizes = np.abs(edy)
    beta_magnitude = sizes.sum(axis=axes)
    gamma_magnitude = (sizes * np.abs(ech - em) * ei).sum(axis=axes)
    assert_within_bound(dbeta, exact[2], beta_magnitude, terms)
    assert_within_bound(dgamma, exact[1], gamma_magnitude, terms)
    spread = 0 if constant else (beta_magnitude + np.abs(ex - em) * ei * gamma_magnitude) / m
    full = np.abs(reference.max_pool2d_backward(edy, argmax, x.shape, pool, pool, NO_PADDING))
    assert_within_bound(dx, exact[0], ei * (1 if ew is None else np.abs(ew)) * (full + spread), terms + 8)
    none, again, _ = _native.batch_norm_max_pool2d_backward(*arguments, pool, constant, False, rate)
    assert none is None
    assert_same_values(again, dgamma)


@given(geometry=geometries(), dtype=dtypes, layout=layouts, seed=st.integers(0, 1000), scale=st.booleans(),
       center=st.booleans(), constant=st.booleans(), isa_name=st.sampled_from(available_isas()))
def test_any_size_layout_and_parameters(geometry, dtype, layout, seed, scale, center, constant, isa_name):
    shape, pool = geometry
    x, dy, weight, offset = case(shape, pool, dtype, seed)
    statistics = (offset[::-1] / 4, weight**2) if constant else None
    weight, offset = weight if scale else None, offset if center else None
    with isa(isa_name):
        plain = check_forward(x, weight, offset, pool, statistics)
        mean = statistics[0] if constant else plain[3]
        rest = dy, plain[1], plain[2], x, weight, mean, plain[-1]
        check_backward(*rest, pool, constant)
        laid_out = [None if a is None else in_layout(a, layout) for a in (x, weight, offset)]
        if constant:
            again = _native.batch_norm_max_pool2d_inference(*laid_out, *statistics, EPSILON, pool)
        else:
            again = _native.batch_norm_max_pool2d_forward(*laid_out, EPSILON, pool)
        expected = _native.batch_norm_max_pool2d_backward(*rest, pool, constant)
        actual = _native.batch_norm_max_pool2d_backward(
            *(None if a is None else in_layout(a, layout) for a in rest), pool, constant
        )
    for a, e in zip((*again, *actual), (*plain, *expected), strict=True):
        assert_same_values(a, e)


def drop_after(x, weight, offset, pool, statistics, mask):
    """The fused forward pass, and then dropout: y, argmax, x_at_max, ..."""
    if statistics is None:
        y, argmax, *rest = _native.batch_norm_max_pool2d_forward(x, weight, offset, EPSILON, pool)
    else:
        y, argmax, *rest = _native.batch_norm_max_pool2d_inference(x, weight, offset, *statistics, EPSILON, pool)
    return _native.dropout_forward(y, *mask), argmax, *rest


def drop_within(x, weight, offset, pool, statistics, mask, need_argmax=True):
    if statistics is None:
        return _native.batch_norm_max_pool2d_forward(x, weight, offset, EPSILON, pool, need_argmax, *mask)
    return _native.batch_norm_max_pool2d_inference(x, weight, offset, *statistics, EPSILON, pool, need_argmax, *mask)


@given(geometry=geometries(), dtype=dtypes, layout=layouts, mask=masks, constant=st.booleans(),
       isa_name=st.sampled_from(available_isas()))
def test_dropout_in_the_same_pass(geometry, dtype, layout, mask, constant, isa_name):
    """Bit for bit what the two kernels give in turn, and on the way back too."""
    shape, pool = geometry
    x, dy, weight, offset = case(shape, pool, dtype)
    statistics = (offset[::-1] / 4, weight**2) if constant else None
    with isa(isa_name):
        y, argmax, x_at_max, *rest = drop_after(x, weight, offset, pool, statistics, mask)
        actual = drop_within(in_layout(x, layout), weight, offset, pool, statistics, mask)
        bare = drop_within(x, weight, offset, pool, statistics, mask, need_argmax=False)
        assert_same_bits(actual[0], y)
        assert_same_bits(bare[0], y)
        assert bare[1] is None and bare[2] is None
        assert_same_values(actual[1], np.where(y > 0, argmax, 255).astype(np.uint8))
        for a, e in zip(actual[2:], (x_at_max, *rest), strict=True):
            assert_same_values(a, e)
        if mask[0] == 0:
            return
        mean = statistics[0] if constant else rest[0]
        arguments = x, weight, mean, rest[-1], pool, constant
        expected = _native.batch_norm_max_pool2d_backward(_native.dropout_backward(dy, *mask), argmax, x_at_max,
                                                          *arguments)
        for a, e in zip(_native.batch_norm_max_pool2d_backward(dy, *actual[1:3], *arguments, rate=mask[0]), expected,
                        strict=True):
            assert_same_values(a, e)
        if mask[0] <= 0.9:  # above, what is kept is of any size
            check_backward(dy, *actual[1:3], *arguments, mask[0])


@given(geometry=geometries(), dtype=dtypes, seed=st.integers(0, 1000), constant=st.booleans(),
       rate=st.sampled_from([0.0, 0.5, 0.75, 1.0]))
def test_the_reference_where_nothing_is_rounded(geometry, dtype, seed, constant, rate):
    """Whole numbers and powers of two: the native kernel gives the reference's values themselves."""
    shape, pool = geometry
    rng = np.random.default_rng(seed)
    x, dy = (rng.integers(-4, 5, size).astype(dtype) for size in (shape, pooled_shape(shape, pool)))
    channels = shape[-1]
    weight, mean = rng.choice([-2, -1, 0.5, 1], channels).astype(dtype), rng.integers(-1, 2, channels).astype(dtype)
    offset, variance = rng.integers(-2, 3, channels).astype(dtype), rng.choice([0.25, 1, 4], channels).astype(dtype)
    results = []
    for kernels in (_native, reference):
        forward = kernels.batch_norm_max_pool2d_inference(x, weight, offset, mean, variance, 0.0, pool, True, rate,
                                                          seed, 3)
        backward = kernels.batch_norm_max_pool2d_backward(dy, forward[1], forward[2], x, weight, mean, forward[3], pool,
                                                          True, True, rate)
        results.append([*forward, *backward])
    for actual, expected in zip(*results, strict=True):
        assert_same_values(actual, expected)
    forward, expected = (kernels.batch_norm_max_pool2d_forward(x, weight, offset, EPSILON, pool)
                         for kernels in (_native, reference))
    for actual, wanted in zip(forward[3:5], expected[3:5], strict=True):
        np.testing.assert_allclose(actual, wanted, rtol=1e-5, atol=1e-6)


@given(data=st.data(), geometry=geometries(), dtype=dtypes, isa_name=st.sampled_from(available_isas()))
def test_nan_infinities_and_zeros_of_both_signs(data, geometry, dtype, isa_name):
    shape, pool = geometry
    x = data.draw(special_arrays(shape, dtype))
    ones, zeros = np.ones(shape[-1], dtype), np.zeros(shape[-1], dtype)
    with isa(isa_name):
        check_forward(x, None, None, pool, (zeros, ones))
        check_forward(x, ones, -ones, pool)
        mask = 0.3, 1, 2
        expected = drop_after(x, None, None, pool, (zeros, ones), mask)
        actual = drop_within(x, None, None, pool, (zeros, ones), mask)
        assert_same_bits(actual[0], expected[0])
        assert_same_values(actual[1], np.where(expected[0] > 0, expected[1], 255).astype(np.uint8))


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_window_of_zeros_and_a_nan(dtype):
    x = np.array([[-1, -0.0, -2, -3], [2, 7, 7, np.nan]], dtype).reshape(2, 2, 2, 1)
    one, zero = np.ones(1, dtype), np.zeros(1, dtype)
    y, argmax, x_at_max, _ = _native.batch_norm_max_pool2d_inference(x, None, None, zero, one, 0.0, (2, 2))
    assert_same_values(y.ravel(), np.array([0, np.nan], dtype))
    assert_same_values(argmax.ravel(), np.array([255, 255], np.uint8))
    assert_same_values(x_at_max.ravel(), np.array([-1, np.nan], dtype))
    dx = _native.batch_norm_max_pool2d_backward(np.ones_like(y), argmax, x_at_max, x, None, zero, one, (2, 2), True)[0]
    assert_same_values(dx, np.zeros_like(x))  # as ReLU's derivative at 0 and NaN


@pytest.mark.parametrize("kernels", [_native, reference])
@pytest.mark.parametrize("shape", [(0, 4, 4, 9), (2, 5, 4, 0)])
def test_no_images_or_no_channels(kernels, shape):
    x, channel = np.zeros(shape, np.float32), np.ones(shape[-1], np.float32)
    y, argmax, x_at_max, inverse_std = kernels.batch_norm_max_pool2d_inference(x, channel, None, channel, channel, 0.0,
                                                                             (2, 2))
    assert y.shape == argmax.shape == x_at_max.shape == (shape[0], 2, 2, shape[-1])
    dx, dgamma, dbeta = kernels.batch_norm_max_pool2d_backward(y, argmax, x_at_max, x, channel, channel, inverse_std,
                                                               (2, 2))
    assert dx.shape == shape
    assert_same_values(dgamma, np.zeros_like(channel))
    assert_same_values(dbeta, np.zeros_like(channel))


@pytest.mark.parametrize("shape, pool", [((40, 28, 28, 32), (2, 2)), ((64, 15, 14, 17), (3, 2)),
                                         ((300, 7, 7, 5), (2, 2))])
def test_same_bits_on_any_threads(shape, pool):
    x, dy, weight, offset = case(shape, pool)
    _, argmax, x_at_max, mean, _, inverse_std = _native.batch_norm_max_pool2d_forward(x, weight, offset, EPSILON, pool)
    rest = dy, argmax, x_at_max, x, weight, mean, inverse_std, pool
    assert_same_bits_on_any_threads(lambda: (
        *_native.batch_norm_max_pool2d_forward(x, weight, offset, EPSILON, pool),
        *_native.batch_norm_max_pool2d_backward(*rest),
        *_native.batch_norm_max_pool2d_backward(*rest, True),
        *_native.batch_norm_max_pool2d_forward(x, weight, offset, EPSILON, pool, True, 0.4, 5, 6),
    ))


def test_wrong_calls_are_refused():
    x = np.zeros((1, 4, 4, 8), np.float32)
    for pool in ((0, 2), (5, 2), (2, 5), (-1, 2), (2**40, 2)):
        with pytest.raises(ValueError, match="window"):
            _native.batch_norm_max_pool2d_forward(x, None, None, EPSILON, pool)
    with pytest.raises(ValueError, match="at most 255 pixels"):
        _native.batch_norm_max_pool2d_forward(np.zeros((1, 16, 16, 1), np.float32), None, None, EPSILON, (16, 16))
    with pytest.raises(ValueError, match="no rows"):
        _native.batch_norm_max_pool2d_forward(x[:0], None, None, EPSILON, (2, 2))
    with pytest.raises(ValueError, match="one number for each channel"):
        _native.batch_norm_max_pool2d_forward(x, np.ones(7, np.float32), None, EPSILON, (2, 2))
    y, argmax, x_at_max, mean, _, inverse_std = _native.batch_norm_max_pool2d_forward(x, None, None, EPSILON, (2, 2))
    with pytest.raises(ValueError, match="output's shape"):
        _native.batch_norm_max_pool2d_backward(y, argmax, x_at_max, x, None, mean, inverse_std, (1, 2))
    with pytest.raises(ValueError, match="uint8"):
        _native.batch_norm_max_pool2d_backward(y, y, x_at_max, x, None, mean, inverse_std, (2, 2))


@pytest.mark.parametrize("backend", ["native", "numpy"])
@pytest.mark.parametrize("shape, pool", [((3, 4, 4, 8), (2, 2)), ((2, 5, 7, 9), (2, 3)), ((2, 3, 3, 1), (1, 2))])
def test_gradient(backend, shape, pool):
    rng = np.random.default_rng(1)
    x, channels = rng.standard_normal(shape), shape[-1]
    weight, offset = rng.uniform(0.5, 1.5, channels), rng.standard_normal(channels)
    mean, variance = Tensor(rng.standard_normal(channels)), Tensor(rng.uniform(0.5, 2, channels))
    with tn.backend(backend):
        assert_gradient(lambda *a: batch_norm_max_pool2d(*a, pool_size=pool)[0], x, weight, offset)
        assert_gradient(lambda a: batch_norm_max_pool2d(a, pool_size=pool)[0], x)
        assert_gradient(lambda a, b: batch_norm_max_pool2d(a, beta=b, pool_size=pool)[0], x, offset)
        assert_gradient(lambda *a: batch_norm_max_pool2d(Tensor(x), *a, pool_size=pool)[0], weight, offset)
        assert_gradient(
            lambda a, w, b: batch_norm_max_pool2d_with(a, mean, variance, w, b, pool_size=pool), x, weight, offset
        )


@pytest.mark.parametrize("backend", ["native", "numpy"])
def test_gradient_with_dropout(backend):
    rng = np.random.default_rng(2)
    x, weight, offset = rng.standard_normal((3, 5, 4, 9)), rng.uniform(0.5, 1.5, 9), rng.standard_normal(9)
    mean, variance = Tensor(rng.standard_normal(9)), Tensor(rng.uniform(0.5, 2, 9))
    with tn.backend(backend):
        assert_gradient(lambda *a: batch_norm_max_pool2d(*a, rate=0.4, seed=5)[0], x, weight, offset)
        assert_gradient(lambda *a: batch_norm_max_pool2d_with(a[0], mean, variance, *a[1:], rate=0.4, seed=5),
                        x, weight, offset)


@pytest.mark.parametrize("backend", ["native", "numpy"])
def test_dropout_of_the_operations(backend):
    x, _, weight, offset = map(Tensor, case((3, 6, 6, 9), (2, 2)))
    one, other = SeedGenerator(3), SeedGenerator(3)
    with tn.backend(backend):
        for _ in range(2):
            y, mean, variance = batch_norm_max_pool2d(x, weight, offset, rate=0.4, seed=one)
            b = ops.batch_norm(x, weight, offset, relu=True)[0]
            assert_same_values(y.data, ops.dropout(ops.max_pool2d(b), 0.4, seed=other).data)
            y = batch_norm_max_pool2d_with(x, mean, variance, weight, offset, rate=0.4, seed=one)
            b = ops.batch_norm_with(x, mean, variance, weight, offset, relu=True)
            assert_same_values(y.data, ops.dropout(ops.max_pool2d(b), 0.4, seed=other).data)
        batch_norm_max_pool2d(x, seed=one)
    assert_same_values(one.state, np.array([3, 4], np.uint64))  # nothing was drawn without a rate


def test_one_node_that_holds_nothing_it_does_not_need():
    x, _, weight, offset = map(Tensor, case((2, 4, 4, 8), (2, 2)))
    y, mean, variance = batch_norm_max_pool2d(x, weight, offset)
    b, expected_mean, expected_variance = ops.batch_norm(x, weight, offset, relu=True)
    assert_same_values(y.data, ops.max_pool2d(b).data)
    assert_same_values(mean.data, expected_mean.data)
    assert_same_values(variance.data, expected_variance.data)
    assert_same_values(batch_norm_max_pool2d_with(x, mean, variance, weight, offset).data,
                       ops.max_pool2d(ops.batch_norm_with(x, mean, variance, weight, offset, relu=True)).data)


@pytest.mark.parametrize("shape, pool, expected", [
    ((2, 4, 4, 8), (2, 2), True), ((2, 4, 4, 7), (2, 2), False), ((0, 4, 4, 8), (2, 2), False),
    ((2, 4, 4, 8), (5, 2), False), ((2, 4, 4, 8), (2, 5), False), ((2, 4, 4, 8), (1, 1), False),
    ((2, 4, 8), (2, 2), False), ((2, 30, 30, 8), (5, 5), False),
])
def test_pays(shape, pool, expected):
    assert is_profitable(shape, pool) is expected
