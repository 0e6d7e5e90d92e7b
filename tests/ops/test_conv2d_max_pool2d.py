"""Convolution and max pooling in one pass: the same values as one after the other, on every instruction set."""

from typing import NamedTuple

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
from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import LAYOUTS, dtypes, in_layout, integer_arrays, special_arrays

import tinynet as tn
from tinynet import _native, ops, reference
from tinynet.ops.conv2d_max_pool2d import is_profitable
from tinynet.runtime import kernels
from tinynet.variable import Variable

filter_counts = st.sampled_from((1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 70))
few_zeros = st.tuples(st.integers(0, 3), st.integers(0, 3))


class Case(NamedTuple):
    """One call of the kernels. `geometry` is (strides, padding, dilation)."""

    x: np.ndarray
    kernel: np.ndarray
    bias: np.ndarray | None
    geometry: tuple
    activation: str
    pool_size: tuple

    def forward(self, function, **options):
        return function(self.x, self.kernel, self.bias, *self.geometry, self.activation, self.pool_size, **options)

    def backward(self, function, dy, argmax):
        return function(dy, argmax, self.x, self.kernel, *self.geometry, self.pool_size, self.bias is not None)

    def map(self, f):
        return self._replace(x=f(self.x), kernel=f(self.kernel), bias=None if self.bias is None else f(self.bias))

    def gathers(self):
        """Whether the gradient takes its sums in another order (csrc/kernels/conv/conv2d_max_pool2d_gather.h)."""
        return (_native.isa() != "baseline" and self.x.dtype == np.float32 and self.x.shape[3] == 1
                and self.pool_size == (2, 2) and self.geometry[0][1] == 1)

    def in_turn(self):
        """y, argmax and the gradients as a function of dy, by the compiled operations one by one."""
        windows = (self.pool_size, self.pool_size, ((0, 0), (0, 0)))
        convolved = _native.conv2d_forward(self.x, self.kernel, self.bias, *self.geometry, 1, self.activation, "direct")
        y, argmax = _native.max_pool2d_forward(convolved, *windows)

        def gradients(dy):
            dconvolved = _native.max_pool2d_backward(dy, argmax, convolved.shape, *windows)
            mask = convolved if self.activation == "relu" else None
            return _native.conv2d_backward(dconvolved, self.x, self.kernel, mask, *self.geometry, 1, self.activation,
                                           False, True, self.bias is not None, "direct")[1:]

        if self.activation == "relu":
            argmax = np.where(y > 0, argmax, np.uint8(255))
        return y, argmax, gradients


@st.composite
def cases(draw, arrays=lambda shape, dtype: integer_arrays(shape, dtype, limit=4)):
    """First layers, and now and then any geometry: strides, dilation, uneven zeros, windows of any shape."""
    dtype = draw(dtypes)
    kernel_size = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    size = draw(st.tuples(st.sampled_from((0, 1, 3)), st.integers(1, 20), st.integers(1, 20)))
    channels, filters = draw(st.sampled_from((1, 1, 1, 2, 3, 4))), draw(filter_counts)
    strides = dilation = (1, 1)
    padding, pool_size = ((0, 0), (0, 0)), (2, 2)
    if draw(st.booleans()):
        strides, dilation = (draw(st.tuples(st.integers(1, 2), st.integers(1, 2))) for _ in range(2))
        padding = draw(st.tuples(few_zeros, few_zeros))
        pool_size = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    for axis in (0, 1):
        free = size[axis + 1] + sum(padding[axis]) - dilation[axis] * (kernel_size[axis] - 1) - 1
        assume(free // strides[axis] + 1 >= pool_size[axis])
    return Case(draw(arrays((*size, channels), dtype)), draw(arrays((*kernel_size, channels, filters), dtype)),
                draw(st.none() | arrays((filters,), dtype)), (strides, padding, dilation),
                draw(st.sampled_from(("linear", "relu"))), pool_size)


def normal_case(seed, size, kernel_shape, padding=((0, 0), (0, 0)), pool_size=(2, 2), dtype=np.float32,
                activation="relu"):
    rng = np.random.default_rng(seed)
    arrays = [rng.standard_normal(shape).astype(dtype) for shape in (size, kernel_shape, kernel_shape[3:])]
    return Case(*arrays, ((1, 1), padding, (1, 1)), activation, pool_size)


def gradient_for(y, seed=1):
    return np.random.default_rng(seed).standard_normal(y.shape).astype(y.dtype)


# Against the references: exact on whole numbers, of which many are equal.


@given(st.data(), cases(), st.sampled_from(available_isas()))
def test_exact_on_integers(data, case, isa_name):
    expected, expected_argmax = case.forward(reference.conv2d_max_pool2d_forward)
    dy = data.draw(integer_arrays(expected.shape, case.x.dtype, limit=4))
    with isa(isa_name):
        y, argmax = case.forward(_native.conv2d_max_pool2d_forward)
        gradients = case.backward(_native.conv2d_max_pool2d_backward, dy, argmax)
    assert_same_values(y, expected)
    assert_same_values(argmax, expected_argmax)
    for gradient, exact in zip(gradients, case.backward(reference.conv2d_max_pool2d_backward, dy, expected_argmax),
                               strict=True):
        if exact is None:
            assert gradient is None
        else:
            assert_same_values(gradient, exact)


@pytest.mark.parametrize("size, kernel_shape, options", [
    ((5, 28, 28, 1), (3, 3, 1, 32), {}),
    ((3, 33, 31, 3), (3, 3, 3, 40), {"padding": ((1, 1), (1, 1))}),
    ((2, 60, 61, 2), (5, 5, 2, 6), {"padding": ((2, 2), (2, 2)), "pool_size": (3, 2)}),
])
@pytest.mark.parametrize("dtype", (np.float32, np.float64))
@pytest.mark.parametrize("activation", ("linear", "relu"))
def test_within_bound(size, kernel_shape, options, dtype, activation):
    case = normal_case(0, size, kernel_shape, dtype=dtype, activation=activation, **options)
    y, _ = case.forward(_native.conv2d_max_pool2d_forward)
    exact, sizes = (case.map(f) for f in (np.float64, lambda a: np.abs(a).astype(np.float64)))
    # No maximum is further from the exact one than the sums are from theirs.
    assert_within_bound(y, exact.forward(reference.conv2d_max_pool2d_forward)[0],
                        sizes.forward(reference.conv2d_max_pool2d_forward)[0], int(np.prod(kernel_shape[:3])) + 1)
    assert_gradients_within_bound(case)


def assert_gradients_within_bound(case):
    y, argmax = case.forward(_native.conv2d_max_pool2d_forward)
    exact, sizes = (case.map(f) for f in (np.float64, lambda a: np.abs(a).astype(np.float64)))
    dy = gradient_for(y)
    expected = exact.backward(reference.conv2d_max_pool2d_backward, dy.astype(np.float64), argmax)
    magnitude = sizes.backward(reference.conv2d_max_pool2d_backward, np.abs(dy).astype(np.float64), argmax)
    for actual, *bound in zip(case.backward(_native.conv2d_max_pool2d_backward, dy, argmax), expected, magnitude,
                              strict=True):
        assert_within_bound(actual, *bound, y.size // y.shape[3])


# Against the operations one by one: not a bit is different (but for the sign of a zero), on any numbers. Only a bias
# gradient without ReLU may be: a convolution that reads dy in place sums its pixels in four chains.


def assert_as_in_turn(case):
    y, argmax, gradients = case.in_turn()
    actual, actual_argmax = case.forward(_native.conv2d_max_pool2d_forward)
    assert_same_values(actual, y)
    assert_same_values(actual_argmax, argmax)
    if case.gathers():
        return
    dy = gradient_for(y)
    (dkernel, dbias), in_turn = case.backward(_native.conv2d_max_pool2d_backward, dy, argmax), gradients(dy)
    assert_same_values(dkernel, in_turn[0])
    assert (dbias is None) == (in_turn[1] is None) == (case.bias is None)
    if dbias is not None and case.activation == "relu":
        assert_same_values(dbias, in_turn[1])
    elif dbias is not None:
        terms, pixels = dy.astype(np.longdouble), (0, 1, 2)
        for one in (dbias, in_turn[1]):
            assert_within_bound(one, terms.sum(axis=pixels), np.abs(terms).sum(axis=pixels), dy.size // dy.shape[3])


@given(cases(special_arrays), st.sampled_from(available_isas()))
def test_same_as_in_turn_with_nan_and_infinity(case, isa_name):
    with isa(isa_name), np.errstate(all="ignore"):
        assert_as_in_turn(case)


# Several blocks of rows and of images, several panels of filters, and on a matrix unit the sizes it would take.
@pytest.mark.parametrize("isa_name", available_isas())
@pytest.mark.parametrize("size, kernel_shape, options", [
    ((130, 28, 28, 1), (3, 3, 1, 32), {}),
    ((40, 32, 32, 3), (3, 3, 3, 48), {"padding": ((1, 1), (1, 1))}),
    ((3, 111, 95, 3), (3, 3, 3, 64), {"padding": ((1, 1), (1, 1))}),
    ((40, 28, 28, 1), (5, 5, 1, 6), {"padding": ((2, 2), (2, 2))}),
    ((9, 47, 50, 1), (7, 7, 1, 20), {"pool_size": (3, 3)}),
])
def test_same_as_in_turn_on_large_arrays(size, kernel_shape, options, isa_name):
    case = normal_case(0, size, kernel_shape, **options)
    with isa(isa_name):
        assert_as_in_turn(case)
        if case.gathers():
            assert_gradients_within_bound(case)


@pytest.mark.parametrize("isa_name", available_isas())
@pytest.mark.parametrize("bad", (np.nan, np.inf))
def test_a_chosen_pixel_spoils_its_weights(bad, isa_name):
    """The others of its window have nothing to do with them, and may or may not spoil them by 0 * bad."""
    x = np.zeros((1, 4, 4, 1), np.float32)
    x[0, 1, 3, 0] = bad
    kernel = np.zeros((2, 2, 1, 20), np.float32)
    case = Case(x, kernel, np.arange(20, dtype=np.float32), ((1, 1), ((0, 1), (0, 1)), (1, 1)), "linear", (2, 2))
    argmax = np.full((1, 2, 2, 20), 255, np.uint8)
    argmax[0, 0, 1, 3], argmax[0, 0, 0, 4] = 0, 0  # that sees rows 0, 1 and columns 2, 3; columns 0, 1
    with isa(isa_name), np.errstate(all="ignore"):
        dkernel, dbias = case.backward(_native.conv2d_max_pool2d_backward, np.ones((1, 2, 2, 20), np.float32), argmax)
    assert not np.isfinite(dkernel[1, 1, 0, 3])
    assert_same_values(dbias, np.float32(np.isin(range(20), (3, 4))))


@pytest.mark.parametrize("window, linear, relu", [
    ((3, 3, 3, 3), (3, 0), (3, 0)),
    ((1, np.nan, np.nan, 5), (np.nan, 1), (np.nan, 255)),
    ((2, -np.inf, np.inf, np.inf), (np.inf, 2), (np.inf, 2)),
    ((-4, -2, -3, -2), (-2, 1), (0, 255)),
    ((-1, 0, -2, 0), (0, 1), (0, 255)),
    ((-1, 0, 2, 1), (2, 2), (2, 2)),
])
def test_first_maximum_and_first_nan_win(window, linear, relu):
    for activation, expected in (("linear", linear), ("relu", relu)):
        case = Case(np.float32(window).reshape(1, 2, 2, 1), np.ones((1, 1, 1, 20), np.float32), None,
                    ((1, 1), ((0, 0), (0, 0)), (1, 1)), activation, (2, 2))
        for table in (_native, reference):
            y, argmax = case.forward(table.conv2d_max_pool2d_forward)
            assert_same_values(y, np.full((1, 1, 1, 20), expected[0], np.float32))
            assert_same_values(argmax, np.full((1, 1, 1, 20), expected[1], np.uint8))


@pytest.mark.parametrize("size, kernel_shape, options", [
    ((40, 28, 28, 1), (3, 3, 1, 32), {}),
    ((3, 70, 64, 3), (3, 3, 3, 33), {"padding": ((1, 1), (1, 1))}),
])
def test_same_bits_on_any_threads(size, kernel_shape, options):
    case = normal_case(0, size, kernel_shape, **options)
    y, argmax = case.forward(_native.conv2d_max_pool2d_forward)
    dy = gradient_for(y)
    assert_same_bits_on_any_threads(lambda: (*case.forward(_native.conv2d_max_pool2d_forward),
                                             *case.backward(_native.conv2d_max_pool2d_backward, dy, argmax)))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_memory_layout(layout):
    case = normal_case(10, (2, 9, 10, 3), (3, 3, 3, 7))
    strange = case.map(lambda a: in_layout(a, layout))
    y, argmax = case.forward(_native.conv2d_max_pool2d_forward)
    for actual, plain in zip(strange.forward(_native.conv2d_max_pool2d_forward), (y, argmax), strict=True):
        assert_same_values(actual, plain)
    dy = gradient_for(y)
    for actual, plain in zip(strange.backward(_native.conv2d_max_pool2d_backward, in_layout(dy, layout),
                                              in_layout(argmax, layout)),
                             case.backward(_native.conv2d_max_pool2d_backward, dy, argmax), strict=True):
        assert_same_values(actual, plain)


@pytest.mark.parametrize("size, kernel_shape", [
    ((0, 5, 5, 2), (3, 3, 2, 4)), ((2, 5, 5, 0), (3, 3, 0, 4)), ((2, 5, 5, 2), (3, 3, 2, 0)),
    ((2, 3, 9, 2), (3, 3, 2, 4)),  # one row: less than a window
])
def test_empty_arrays(size, kernel_shape):
    case = normal_case(0, size, kernel_shape)
    y, argmax = case.forward(_native.conv2d_max_pool2d_forward)
    assert y.shape == argmax.shape == (size[0], (size[1] - 2) // 2, (size[2] - 2) // 2, kernel_shape[3])
    if y.size:  # no channels: the bias is left
        assert_same_values(y, np.broadcast_to(np.maximum(case.bias, 0), y.shape))
    dkernel, dbias = case.backward(_native.conv2d_max_pool2d_backward, np.ones_like(y), argmax)
    assert_same_values(dkernel, np.zeros_like(case.kernel))
    assert_same_values(dbias, (argmax < 4).sum(axis=(0, 1, 2)).astype(np.float32))


def test_argmax_only_when_needed():
    case = normal_case(0, (2, 9, 9, 1), (3, 3, 1, 20))
    y, argmax = case.forward(_native.conv2d_max_pool2d_forward, need_argmax=False)
    assert argmax is None
    assert_same_values(y, case.forward(_native.conv2d_max_pool2d_forward)[0])


def test_kernel_refuses_what_does_not_fit():
    case = normal_case(0, (1, 6, 6, 2), (3, 3, 2, 4))
    for wrong in (case._replace(kernel=np.ones((3, 3, 3, 4), np.float32)), case._replace(bias=np.ones(3, np.float32)),
                  case._replace(activation="tanh"), case._replace(pool_size=(0, 2)),
                  case._replace(pool_size=(16, 16))):
        with pytest.raises(ValueError):
            wrong.forward(_native.conv2d_max_pool2d_forward)
    y, argmax = case.forward(_native.conv2d_max_pool2d_forward)
    for dy, where in ((y[:, 1:], argmax), (y, argmax[..., 1:]), (y, argmax.astype(np.int32))):
        with pytest.raises(ValueError):
            case.backward(_native.conv2d_max_pool2d_backward, dy, where)


# The operation.


def counting(monkeypatch, name):
    """The names of the compiled kernels called from now on among those that have `name` in theirs."""
    calls = []

    def counted(key, function):
        return lambda *args: calls.append(key) or function(*args)

    for key, function in vars(kernels).items():
        if name in key:
            monkeypatch.setitem(vars(kernels), key, counted(key, function))
    return calls


@pytest.mark.parametrize("backend", ("native", "numpy"))
@pytest.mark.parametrize("activation", ("linear", "relu"))
@pytest.mark.parametrize("with_bias", (True, False))
def test_gradient(backend, activation, with_bias):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 9, 8, 2))
    weights = [rng.standard_normal((3, 3, 2, 5)), *([rng.standard_normal(5)] if with_bias else [])]
    with tn.backend(backend):
        assert_gradient(lambda *w: ops.conv2d_max_pool2d(x, *w, padding="same", activation=activation), *weights)


def test_gradient_of_the_input(monkeypatch):
    rng = np.random.default_rng(0)
    calls = counting(monkeypatch, "conv2d")
    arrays = [rng.standard_normal(shape) for shape in ((2, 9, 8, 2), (3, 3, 2, 5), (5,))]
    assert_gradient(lambda x, w, b: ops.conv2d_max_pool2d(x, w, b, activation="relu"), *arrays)
    assert calls[:2] == ["conv2d_forward", "conv2d_backward"]


def test_one_node_and_one_kernel_each_way(monkeypatch):
    case = normal_case(0, (4, 28, 28, 2), (3, 3, 2, 32))
    kernel, bias = Variable(case.kernel), Variable(case.bias)
    calls = counting(monkeypatch, "pool2d")
    with tn.GradientTape() as tape:
        y = ops.conv2d_max_pool2d(case.x, kernel, bias, activation="relu")
    assert len(tape._nodes) == 1
    gradients = tape.gradient(y, [kernel, bias])
    assert calls == ["conv2d_max_pool2d_forward", "conv2d_max_pool2d_backward"]
    with tn.GradientTape() as tape:
        in_turn = ops.max_pool2d(ops.conv2d(case.x, kernel, bias, activation="relu"))
    assert_same_values(y.numpy(), in_turn.numpy())
    for gradient, expected in zip(gradients, tape.gradient(in_turn, [kernel, bias]), strict=True):
        assert_same_values(gradient.numpy(), expected.numpy())


def test_what_is_profitable():
    assert is_profitable((128, 28, 28, 1), (3, 3, 1, 32))
    assert is_profitable((128, 32, 32, 3), (3, 3, 3, 32), pool_size=(3, 2))
    assert not is_profitable((128, 28, 28, 4), (3, 3, 4, 32))
    assert not is_profitable((128, 28, 28, 3), (5, 5, 3, 32))
    assert not is_profitable((128, 28, 28, 1), (3, 3, 1, 32), pool_size=(5, 5))
    assert not is_profitable((128, 28, 28, 1), (3, 3, 2, 32))
    assert not is_profitable((128, 28, 1), (3, 3, 1, 32))
    assert not is_profitable((128, 3, 9, 1), (3, 3, 1, 32))


@pytest.mark.parametrize("size, kernel_shape, options, message", [
    ((2, 9, 9, 2), (3, 3, 1, 4), {}, "input has 2 channels but kernel expects 1"),
    ((2, 9, 9), (3, 3, 1, 4), {}, "Add a channel axis"),
    ((2, 2, 9, 1), (3, 3, 1, 4), {}, "kernel is larger than the padded input"),
    ((2, 3, 9, 1), (3, 3, 1, 4), {}, "window is larger than the image"),
    ((2, 9, 9, 1), (3, 3, 1, 4), {"activation": "tanh"}, "activation must be 'linear' or 'relu'"),
    ((2, 9, 9, 1), (3, 3, 1, 4), {"padding": "full"}, "padding must be"),
    ((2, 9, 9, 1), (3, 3, 1, 4), {"bias": np.ones(3, np.float32)}, "bias has shape"),
    ((2, 9, 9, 1), (3, 3, 1, 4), {"pool_size": 0}, "pool_size"),
])
def test_errors(size, kernel_shape, options, message):
    with pytest.raises(ValueError, match=message):
        ops.conv2d_max_pool2d(np.ones(size, np.float32), np.ones(kernel_shape, np.float32), **options)


def test_types_are_not_mixed():
    with pytest.raises(TypeError, match="float32"):
        ops.conv2d_max_pool2d(np.ones((2, 9, 9, 1), np.float32), np.ones((3, 3, 1, 4)))
