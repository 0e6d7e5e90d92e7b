"""Batch normalization, ReLU and depthwise convolution without the normalized images in memory."""

import numpy as np
import pytest
from checks import assert_gradient, assert_same_values, available_isas, isa
from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import dtypes, normal_arrays, special_arrays

import tinynet as tn
from tinynet import _native, ops, reference
from tinynet.ops.batch_norm_depthwise_conv2d import batch_norm_depthwise_conv2d
from tinynet.variable import Variable

EPSILON = 1e-3
channel_counts = st.sampled_from((1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 65, 70))
few_zeros = st.tuples(st.integers(0, 3), st.integers(0, 3))


@st.composite
def calls(draw, arrays=normal_arrays):
    """(x, kernel, bias, geometry, gamma, beta, mean, variance, relu); some images are narrower than the kernel."""
    dtype, channels = draw(dtypes), draw(channel_counts)
    kernel_size = draw(st.tuples(st.integers(1, 5), st.integers(1, 4)))
    size = draw(st.tuples(st.integers(1, 3), st.integers(1, 17), st.integers(1, 17)))
    strides, dilation = (draw(st.tuples(st.integers(1, 3), st.integers(1, 2))) for _ in range(2))
    padding = draw(st.tuples(few_zeros, few_zeros))
    for axis in (0, 1):
        assume(size[axis + 1] + sum(padding[axis]) > dilation[axis] * (kernel_size[axis] - 1))
    channel_wise = arrays((channels,), dtype)
    return (draw(arrays((*size, channels), dtype)), draw(arrays((*kernel_size, channels, 1), dtype)),
            draw(st.none() | channel_wise), (strides, padding, dilation), draw(st.none() | channel_wise),
            draw(st.none() | channel_wise), draw(normal_arrays((channels,), dtype)),
            np.abs(draw(normal_arrays((channels,), dtype))) + dtype(0.5), draw(st.booleans()))


def together(x, kernel, bias, geometry, gamma, beta, mean, variance, relu):
    return _native.batch_norm_depthwise_conv2d_forward(x, kernel, bias, *geometry, gamma, beta, mean, variance, EPSILON,
                                                       relu)


def in_turn(x, kernel, bias, geometry, gamma, beta, mean, variance, relu):
    z, inverse_std = _native.batch_norm_inference(x, gamma, beta, mean, variance, EPSILON, relu)
    return _native.depthwise_conv2d_forward(z, kernel, bias, *geometry, "linear"), inverse_std


def assert_as_in_turn(call):
    """The same bits forward. The gradients are sums in another order, whatever else is needed (tests/test_kernels.py
    has their bounds).
    """
    x, kernel, _, geometry, gamma, beta, mean, _, relu = call
    y, inverse_std = together(*call)
    expected, expected_inverse = in_turn(*call)
    assert_same_values(y, expected)
    assert_same_values(inverse_std, expected_inverse)
    dy = np.random.default_rng(1).standard_normal(y.shape).astype(y.dtype)
    arguments = (dy, x, kernel, *geometry, gamma, beta, mean, inverse_std, relu)
    gradients = _native.batch_norm_depthwise_conv2d_backward(*arguments)
    for needed in ((False, False, False), (True, False, True), (False, True, False)):
        some = _native.batch_norm_depthwise_conv2d_backward(*arguments, *needed)
        for actual, whole, need in zip(some, gradients, (*needed, True, True), strict=True):
            if need:
                assert_same_values(actual, whole)
            else:
                assert actual is None


@given(calls(), st.sampled_from(available_isas()))
def test_same_as_in_turn(call, isa_name):
    with isa(isa_name):
        assert_as_in_turn(call)


@given(calls(special_arrays), st.sampled_from(available_isas()))
def test_same_as_in_turn_with_nan_and_infinity(call, isa_name):
    with isa(isa_name), np.errstate(all="ignore"):
        assert_as_in_turn(call)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("isa_name", available_isas())
def test_nan_and_infinity_in_the_gradient_of_an_inner_pixel_reach_all_gradients(isa_name, bad):
    """At the border taps that read no pixel stay finite; the reference multiplies the zeros there."""
    rng, geometry = np.random.default_rng(0), ((1, 1), ((1, 1), (1, 1)), (1, 1))
    x, kernel = rng.standard_normal((2, 7, 8, 20)).astype("f4"), rng.standard_normal((3, 3, 20, 1)).astype("f4")
    mean, inverse_std, dy = x.mean((0, 1, 2)), 1 / x.std((0, 1, 2)), rng.standard_normal(x.shape).astype("f4")
    dy[1, 3, 4, 17] = bad
    with isa(isa_name), np.errstate(all="ignore"):
        actual, expected = (table.batch_norm_depthwise_conv2d_backward(dy, x, kernel, *geometry, None, None, mean,
                                                                       inverse_std) for table in (_native, reference))
    for gradient, right in zip(actual, expected, strict=True):
        np.testing.assert_array_equal(np.isfinite(gradient), np.isfinite(right))
        assert not np.isfinite(gradient[..., 17, 0] if gradient.shape == kernel.shape else gradient[..., 17]).all()


@pytest.mark.parametrize("backend", ("native", "numpy"))
@pytest.mark.parametrize("relu", (False, True))
@pytest.mark.parametrize("strides, padding", [(1, "same"), (2, "same"), ((2, 1), "valid"), (3, 1)])
def test_gradient(backend, relu, strides, padding):
    """Of the composition with statistics that depend on x, as in training."""
    rng = np.random.default_rng(0)
    x, kernel = rng.standard_normal((2, 6, 7, 5)), rng.standard_normal((3, 2, 5, 1))
    gamma, beta, bias = (rng.standard_normal(5) for _ in range(3))

    def normalized(x, kernel, bias, gamma, beta):
        moments = [tn.ops.stop_gradient(part) for part in tn.ops.moments(x, (0, 1, 2))]
        return batch_norm_depthwise_conv2d(x, kernel, moments, bias, gamma, beta, strides, padding, relu=relu)

    with tn.backend(backend):
        assert_gradient(normalized, x, kernel, bias, gamma, beta)


@pytest.mark.parametrize("given", [(), ("bias",), ("gamma", "beta"), ("beta",), ("bias", "gamma", "beta")])
def test_one_node_and_the_values_of_the_operations_in_turn(given):
    rng = np.random.default_rng(0)
    x, kernel = (Variable(rng.standard_normal(shape).astype(np.float32)) for shape in ((4, 9, 8, 20), (3, 3, 20, 1)))
    channel_wise = {name: Variable(rng.standard_normal(20).astype(np.float32)) for name in given}
    normal = {name: channel_wise[name] for name in ("gamma", "beta") if name in given}
    weights = [x, kernel, *channel_wise.values()]
    results = []
    for fused in (True, False):
        with tn.GradientTape() as tape:
            z, *moments = ops.batch_norm(x, **normal, relu=True)
            if fused:
                y = batch_norm_depthwise_conv2d(x, kernel, moments, padding="same", relu=True, **channel_wise)
            else:
                y = ops.depthwise_conv2d(z, kernel, channel_wise.get("bias"), padding="same")
            loss = ops.sum(y * y)
        results.append((y.numpy(), [gradient.numpy() for gradient in tape.gradient(loss, weights)]))
    assert_same_values(results[0][0], results[1][0])
    for actual, expected in zip(results[0][1], results[1][1], strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def test_derivatives_of_the_gradient():
    rng = np.random.default_rng(0)
    x, kernel = Variable(rng.standard_normal((2, 4, 4, 3))), rng.standard_normal((3, 3, 3, 1))
    gamma = rng.standard_normal(3)
    second = []
    for fused in (True, False):
        with tn.GradientTape() as outer:
            with tn.GradientTape() as inner:
                z, *moments = ops.batch_norm(x, gamma)
                y = (batch_norm_depthwise_conv2d(x, kernel, moments, gamma=gamma, padding="same") if fused
                     else ops.depthwise_conv2d(z, kernel, padding="same"))
                loss = ops.sum(y**3)
            size = ops.sum(inner.gradient(loss, x) ** 2)
        second.append(outer.gradient(size, x).numpy())
    np.testing.assert_allclose(*second, rtol=1e-9, atol=1e-9 * np.abs(second[0]).max())


def test_what_does_not_fit_is_refused_by_name():
    x, kernel = np.ones((2, 5, 5, 3), np.float32), np.ones((3, 3, 3, 1), np.float32)
    moments, three, four = (np.zeros(3, np.float32), np.ones(3, np.float32)), np.ones(3), np.ones(4, np.float32)
    for error, change in (
        (ValueError, {"x": x[0]}), (ValueError, {"x": x[:0]}), (ValueError, {"kernel": np.ones((3, 3, 2, 1), "f4")}),
        (ValueError, {"kernel": np.ones((3, 3, 3, 2), "f4")}), (ValueError, {"gamma": four}),
        (ValueError, {"bias": four}), (ValueError, {"moments": (four, four)}), (ValueError, {"padding": "full"}),
        (ValueError, {"kernel": np.ones((7, 3, 3, 1), "f4")}), (TypeError, {"beta": three}),
        (TypeError, {"kernel": kernel.astype(np.float64)}), (ValueError, {"strides": 0}),
    ):
        with pytest.raises(error, match="batch_norm_depthwise_conv2d"):
            batch_norm_depthwise_conv2d(**{"x": x, "kernel": kernel, "moments": moments, **change})
    geometry = ((1, 1), ((0, 0), (0, 0)), (1, 1))
    with pytest.raises(ValueError, match="one filter a channel"):
        _native.batch_norm_depthwise_conv2d_forward(x, np.ones((3, 3, 3, 2), "f4"), None, *geometry, None, None,
                                                    *moments, EPSILON)
    with pytest.raises(ValueError, match="dy"):
        _native.batch_norm_depthwise_conv2d_backward(x, x, kernel, *geometry, None, None, *moments)


def test_images_that_are_too_small_for_any_output():
    """The gradient of what is normalized is 0 then, in the reference too."""
    x, kernel = np.ones((2, 2, 5, 3), np.float32), np.ones((3, 3, 3, 1), np.float32)
    geometry, channels = ((1, 1), ((0, 0), (0, 0)), (1, 1)), np.ones(3, np.float32)
    for table in (_native, reference):
        y, inverse_std = table.batch_norm_depthwise_conv2d_forward(x, kernel, None, *geometry, None, None, channels,
                                                                   channels, EPSILON)
        assert y.shape == (2, 0, 3, 3)
        gradients = table.batch_norm_depthwise_conv2d_backward(y, x, kernel, *geometry, None, None, channels,
                                                               inverse_std)
        for gradient, like in zip(gradients, (x, kernel, channels, channels, channels), strict=True):
            assert_same_values(gradient, np.zeros_like(like))
