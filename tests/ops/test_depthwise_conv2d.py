"""Depthwise convolution: compiled kernels against references, bounds, gradients, errors."""

import numpy as np
import pytest
from checks import (
    assert_gradient,
    assert_same_values,
    assert_within_bound,
    available_isas,
    isa,
)
from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import LAYOUTS, dtypes, in_layout, integer_arrays

from tinynet import _native, ops, reference

small = st.integers(1, 3)
zeros = st.tuples(st.integers(0, 2), st.integers(0, 2))


@given(st.data(), dtypes, st.tuples(st.integers(1, 5), st.integers(1, 5)),
       st.tuples(st.integers(0, 3), st.integers(1, 20), st.integers(1, 20)),
       st.sampled_from((0, 1, 2, 3, 7, 8, 15, 16, 17, 33, 40)), small, st.tuples(small, small), st.tuples(small, small),
       st.tuples(zeros, zeros), st.sampled_from(("linear", "relu")), st.sampled_from(available_isas()))
def test_exact_on_integers(data, dtype, kernel_size, size, channels, multiplier, strides, dilation, padding,
                           activation, isa_name):
    for axis in (0, 1):
        assume(size[axis + 1] + sum(padding[axis]) > dilation[axis] * (kernel_size[axis] - 1))
    x = data.draw(integer_arrays((*size, channels), dtype))
    kernel = data.draw(integer_arrays((*kernel_size, channels, multiplier), dtype))
    bias = data.draw(st.none() | integer_arrays((channels * multiplier,), dtype))
    geometry = (strides, padding, dilation)
    expected = reference.depthwise_conv2d_forward(x, kernel, bias, *geometry, activation)
    dy = data.draw(integer_arrays(expected.shape, dtype))
    with isa(isa_name):
        actual = _native.depthwise_conv2d_forward(x, kernel, bias, *geometry, activation)
        gradients = _native.depthwise_conv2d_backward(dy, x, kernel, actual, *geometry, activation, True, True,
                                                      bias is not None)
    assert_same_values(actual, expected)
    exact = reference.depthwise_conv2d_backward(dy, x, kernel, expected, *geometry, activation, True, True,
                                                bias is not None)
    for gradient, wanted in zip(gradients, exact, strict=True):
        if wanted is None:
            assert gradient is None
        else:
            assert_same_values(gradient, wanted)


@pytest.mark.parametrize("multiplier, strides", [(1, (1, 1)), (1, (2, 2)), (3, (1, 2))])
@pytest.mark.parametrize("dtype", (np.float32, np.float64))
def test_within_bound(multiplier, strides, dtype):
    rng = np.random.default_rng(0)
    x, kernel, bias = (rng.standard_normal(s).astype(dtype)
                       for s in ((3, 30, 31, 40), (3, 3, 40, multiplier), (40 * multiplier,)))
    geometry = (strides, ((1, 1), (1, 0)), (1, 1))
    y = _native.depthwise_conv2d_forward(x, kernel, bias, *geometry, "linear")
    dy = rng.standard_normal(y.shape).astype(dtype)
    actual = (y, *_native.depthwise_conv2d_backward(dy, x, kernel, None, *geometry, "linear", True, True, True))

    def everything(f):
        a, k, b, d = (f(array.astype(np.float64)) for array in (x, kernel, bias, dy))
        return (reference.depthwise_conv2d_forward(a, k, b, *geometry, "linear"),
                *reference.depthwise_conv2d_backward(d, a, k, None, *geometry, "linear", True, True, True))

    pixels = y.size // y.shape[3]
    for got, exact, magnitude, terms in zip(actual, everything(np.asarray),
                                            everything(np.abs), (10, 9 * multiplier, pixels, pixels), strict=True):
        assert_within_bound(got, exact, magnitude, terms)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_memory_layout(layout):
    rng = np.random.default_rng(0)
    x, kernel = (
        rng.standard_normal((2, 6, 7, 5)).astype(np.float32),
        rng.standard_normal((3, 3, 5, 2)).astype(np.float32),
    )
    expected = ops.depthwise_conv2d(x, kernel).numpy()
    geometry = ((1, 1), ((0, 0), (0, 0)), (1, 1))
    assert_same_values(
        _native.depthwise_conv2d_forward(in_layout(x, layout), in_layout(kernel, layout), None, *geometry, "linear"),
        expected,
    )


@pytest.mark.parametrize("bad", (np.nan, np.inf))
def test_nan_and_infinity_stay_in_their_windows(bad):
    x = np.ones((1, 9, 9, 3), np.float32)
    x[0, 4, 5, 1] = bad
    y = ops.depthwise_conv2d(x, np.ones((3, 3, 3, 1), np.float32), padding="same").numpy()
    expected = np.zeros((9, 9, 3), bool)
    expected[3:6, 4:7, 1] = True
    np.testing.assert_array_equal(~np.isfinite(y[0]), expected)


@pytest.mark.parametrize("options",
                         [{}, {"padding": "same", "strides": 2}, {"dilation_rate": 2}, {"activation": "relu"},
                                     {"data_format": "channels_first"}])
@pytest.mark.parametrize("multiplier", (1, 3))
def test_gradient(options, multiplier):
    rng = np.random.default_rng(0)
    size = (2, 4, 6, 7) if "data_format" in options else (2, 6, 7, 4)
    assert_gradient(lambda x, kernel, bias: ops.depthwise_conv2d(x, kernel, bias, **options), rng.standard_normal(size),
                    rng.standard_normal((3, 3, 4, multiplier)), rng.standard_normal(4 * multiplier))


def test_each_channel_sees_only_itself():
    rng = np.random.default_rng(0)
    x, kernel = rng.standard_normal((1, 6, 6, 3)), rng.standard_normal((3, 3, 3, 2))
    y = ops.depthwise_conv2d(x, kernel).numpy()
    for c in range(3):
        alone = ops.conv2d(
            np.ascontiguousarray(x[..., c : c + 1]), np.ascontiguousarray(kernel[:, :, c][:, :, None])
        ).numpy()
        np.testing.assert_allclose(y[..., 2 * c : 2 * c + 2], alone, rtol=1e-13, atol=1e-13)


def f32(*shape):
    return np.ones(shape, np.float32)


@pytest.mark.parametrize("arguments, options, error, message", [
    ((f32(1, 5, 5, 3), f32(3, 3, 4, 1)), {}, ValueError, "input has 3 channels but kernel expects 4.*multiplier"),
    ((f32(5, 5, 3), f32(3, 3, 3, 1)), {}, ValueError, "expected an input"),
    ((f32(1, 2, 5, 3), f32(3, 3, 3, 1)), {}, ValueError, "larger than the padded input"),
    ((f32(1, 5, 5, 3), f32(3, 3, 3, 2), f32(3)), {}, ValueError, "6 filters"),
    ((f32(1, 5, 5, 3), np.ones((3, 3, 3, 2))), {}, TypeError, "float32"),
    ((f32(1, 5, 5, 3), f32(3, 0, 3, 2)), {}, ValueError, "no taps"),
    ((f32(1, 5, 5, 3), f32(3, 3, 3, 2)), {"activation": "tanh"}, ValueError, "activation"),
    ((f32(1, 5, 5, 3), f32(3, 3, 3, 2)), {"data_format": "nchw"}, ValueError, "data_format"),
])
def test_errors_explain(arguments, options, error, message):
    with pytest.raises(error, match=message):
        ops.depthwise_conv2d(*arguments, **options)
