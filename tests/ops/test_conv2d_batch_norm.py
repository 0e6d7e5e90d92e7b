"""Convolution, batch normalization and ReLU without the convolution in memory: the same values as one by one."""

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
from strategies import DTYPES, LAYOUTS, dtypes, in_layout, normal_arrays, special_arrays

import tinynet as tn
from tinynet import _native, ops, reference
from tinynet.ops.conv2d_batch_norm import conv2d_batch_norm, conv2d_batch_norm_with, is_profitable
from tinynet.runtime import kernels
from tinynet.tensor import Tensor
from tinynet.variable import Variable

EPSILON = 1e-3
ONE_BY_ONE = ((1, 1), ((0, 0), (0, 0)), (1, 1))
SAME = ((1, 1), ((1, 1), (1, 1)), (1, 1))
filter_counts = st.sampled_from((1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 70))
few_zeros = st.tuples(st.integers(0, 3), st.integers(0, 3))


class Case(NamedTuple):
    """One call of the kernels. `geometry` is (strides, padding, dilation)."""

    x: np.ndarray
    kernel: np.ndarray
    bias: np.ndarray | None
    geometry: tuple
    gamma: np.ndarray | None
    beta: np.ndarray | None
    relu: bool

    def arguments(self):
        return self.x, self.kernel, self.bias, *self.geometry, self.gamma, self.beta

    def forward(self, table=_native):
        return table.conv2d_batch_norm_forward(*self.arguments(), EPSILON, self.relu)

    def inference(self, mean, variance, table=_native, epsilon=EPSILON):
        return table.conv2d_batch_norm_inference(*self.arguments(), mean, variance, epsilon, self.relu)

    def backward(self, dy, mean, inverse_std, constant=False, table=_native, **options):
        return table.conv2d_batch_norm_backward(dy, *self.arguments(), mean, inverse_std, self.relu, constant,
                                                **options)

    def map(self, f):
        return self._replace(**{name: f(value) for name, value in self._asdict().items()
                                if isinstance(value, np.ndarray)})

    def convolved(self, table=_native):
        return table.conv2d_forward(self.x, self.kernel, self.bias, *self.geometry, 1, "linear")


@st.composite
def cases(draw, arrays=normal_arrays):
    """First layers, and now and then any geometry: strides, dilation, uneven zeros."""
    dtype = draw(dtypes)
    kernel_size = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    size = draw(st.tuples(st.integers(1, 3), st.integers(1, 33), st.integers(1, 33)))
    channels, filters = draw(st.sampled_from((1, 1, 1, 2, 3))), draw(filter_counts)
    strides = dilation = (1, 1)
    padding = ((0, 0), (0, 0))
    if draw(st.booleans()):
        strides, dilation = (draw(st.tuples(st.integers(1, 2), st.integers(1, 2))) for _ in range(2))
        padding = draw(st.tuples(few_zeros, few_zeros))
    for axis in (0, 1):
        assume(size[axis + 1] + sum(padding[axis]) > dilation[axis] * (kernel_size[axis] - 1))
    per_filter = st.none() | arrays((filters,), dtype)
    return Case(draw(arrays((*size, channels), dtype)), draw(arrays((*kernel_size, channels, filters), dtype)),
                draw(per_filter), (strides, padding, dilation), draw(per_filter), draw(per_filter), draw(st.booleans()))


def normal_case(seed, size, kernel_shape, geometry=ONE_BY_ONE, dtype=np.float32, relu=True):
    rng = np.random.default_rng(seed)
    x, kernel, bias, beta = (rng.standard_normal(shape).astype(dtype)
                             for shape in (size, kernel_shape, kernel_shape[3:], kernel_shape[3:]))
    gamma = (rng.uniform(0.5, 1.5, kernel_shape[3:]) * rng.choice([-1, 1], kernel_shape[3:])).astype(dtype)
    return Case(x, kernel, bias, geometry, gamma, beta, relu)


def gradient_for(y, seed=1):
    return np.random.default_rng(seed).standard_normal(y.shape).astype(y.dtype)


# Forward, against the operations one by one: not a bit is different, on any numbers.


def assert_as_in_turn(case):
    z = case.convolved()
    _, mean, variance, _ = plain = _native.batch_norm_forward(z, case.gamma, case.beta, EPSILON, case.relu)
    assert_all_same(case.forward(), plain)
    given = np.abs(mean[::-1]) + 1, variance[::-1] + 1
    assert_all_same(case.inference(*given),
                    _native.batch_norm_inference(z, case.gamma, case.beta, *given, EPSILON, case.relu))


def assert_all_same(actual, expected):
    for a, e in zip(actual, expected, strict=True):
        assert (a is None) == (e is None)
        if a is not None:
            assert_same_values(a, e)


@given(cases(), st.sampled_from(available_isas()))
def test_same_as_in_turn(case, isa_name):
    with isa(isa_name):
        assert_as_in_turn(case)


@given(cases(special_arrays), st.sampled_from(available_isas()))
def test_same_as_in_turn_with_nan_and_infinity(case, isa_name):
    with isa(isa_name), np.errstate(all="ignore"):
        assert_as_in_turn(case)


LARGE = [  # many blocks of rows, parts of the weight gradient and panels of filters
    ((130, 28, 28, 1), (3, 3, 1, 32), SAME),
    ((40, 32, 32, 3), (3, 3, 3, 48), SAME),
    ((3, 111, 95, 3), (3, 3, 3, 64), ((2, 2), ((0, 1), (0, 1)), (1, 1))),
    ((40, 28, 28, 1), (5, 5, 1, 6), ((1, 1), ((2, 2), (2, 2)), (1, 1))),
    ((900, 5, 4, 2), (1, 1, 2, 20), ONE_BY_ONE),
]


@pytest.mark.parametrize("isa_name", available_isas())
@pytest.mark.parametrize("size, kernel_shape, geometry", LARGE)
def test_same_as_in_turn_on_large_arrays(size, kernel_shape, geometry, isa_name):
    with isa(isa_name):
        assert_as_in_turn(normal_case(0, size, kernel_shape, geometry))


# Against the references.


@given(case=cases(), seed=st.integers(0, 1000), isa_name=st.sampled_from(available_isas()))
def test_the_reference_where_nothing_is_rounded(case, seed, isa_name):
    """Whole numbers and powers of two: the native kernel gives the reference's values themselves."""
    rng, dtype, filters = np.random.default_rng(seed), case.x.dtype, case.kernel.shape[3]
    case = case.map(lambda a: rng.integers(-3, 4, a.shape).astype(dtype))
    mean, variance = rng.integers(-2, 3, filters).astype(dtype), rng.choice([0.25, 1, 4], filters).astype(dtype)
    if case.gamma is not None:
        case = case._replace(gamma=rng.choice([-2, -1, 0.5, 1], filters).astype(dtype))
    expected = case.inference(mean, variance, reference, 0.0)
    dy = rng.integers(-3, 4, expected[0].shape).astype(dtype)
    with isa(isa_name):
        assert_all_same(case.inference(mean, variance, epsilon=0.0), expected)
        gradients = case.backward(dy, mean, expected[1], True)
    assert_all_same(gradients, case.backward(dy, mean, expected[1], True, reference))


CENTRE_PIXELS = 128  # kCentrePixels in csrc/kernels/conv/conv2d_recomputed.h


def patches_of(case):
    """[pixel][kernel row][kernel column][channel]: the input element of each product."""
    strides, padding, dilation = case.geometry
    kernel_size, x = case.kernel.shape[:2], np.pad(case.x, ((0, 0), *padding, (0, 0)))
    rows, columns = ((x.shape[axis + 1] - dilation[axis] * (kernel_size[axis] - 1) - 1) // strides[axis] + 1
                     for axis in (0, 1))
    taps = [[x[:, p:, q:][:, ::strides[0], ::strides[1]][:, :rows, :columns]
             for q in dilation[1] * np.arange(kernel_size[1])] for p in dilation[0] * np.arange(kernel_size[0])]
    return np.moveaxis(np.array(taps), (0, 1), (3, 4)).reshape(-1, *case.kernel.shape[:3])


def assert_gradients_within_bound(case):
    """Against the reference with twice the digits; magnitudes are sums of absolute values of what is added up.

    With statistics that depend on x, the kernel's sums run over p - c and over z = sum of (p - c) kernel + shift, and c
    times their sums is added. c is the mean of a sample of p: |c| <= a, the mean of |p|. So |p| counts as |p| + 2a.
    """
    wide = np.float64 if case.x.dtype == np.float32 else np.longdouble
    exact, sizes = case.map(lambda a: a.astype(wide)), case.map(lambda a: np.abs(a).astype(wide))
    y, mean, _, inverse_std = case.forward()
    em, ei = mean.astype(wide), inverse_std.astype(wide)
    size = sizes.convolved(reference) + np.abs(em)  # of z and mean apart, since z is rounded before
    edge = exact._replace(relu=False).inference(em, ei**-2, reference, 0.0)[0]
    scale = ei * (1 if case.gamma is None else sizes.gamma)
    near = np.abs(edge) < 1e-4 * (size * scale + (0 if case.beta is None else sizes.beta))
    dy = np.where(near, 0, gradient_for(y)).astype(y.dtype)  # elsewhere the sign of y is no matter of rounding
    edy, axes, pixels = np.abs(dy).astype(wide), (0, 1, 2), max(y.size // y.shape[3], 1)
    x_hat = size * ei
    beta_magnitude, gamma_magnitude = edy.sum(axis=axes), (edy * x_hat).sum(axis=axes)
    products = case.kernel[..., 0].size
    terms = pixels + products + 16  # of a sum over pixels, of z, and what is done with it
    patches = patches_of(sizes)
    centre = patches[::max(1, pixels // CENTRE_PIXELS)].mean(axis=0)
    z_size = size + 2 * np.tensordot(centre, sizes.kernel, 3)
    for constant in (False, True):
        _, kernel_magnitude, bias_magnitude = reference.conv2d_backward(
            scale * edy, sizes.x, sizes.kernel, None, *case.geometry, 1, "linear", False, True, True)
        if not constant:
            spread = scale * (beta_magnitude + z_size * ei * gamma_magnitude).reshape(-1, y.shape[3]) / pixels
            kernel_magnitude = kernel_magnitude + np.tensordot(patches + 2 * centre, spread, (0, 0))
            bias_magnitude = bias_magnitude + spread.sum(axis=0)
        actual = case.backward(dy, mean, inverse_std, constant)
        bare = case.backward(dy, mean, inverse_std, constant, need_dkernel=False)
        assert bare[0] is bare[1] is None
        assert_all_same(bare[2:], actual[2:])
        expected = exact.backward(dy.astype(wide), em, ei, constant, reference)
        for a, e, magnitude, count in zip(actual, expected,
                                          (kernel_magnitude, bias_magnitude, gamma_magnitude, beta_magnitude),
                                          (2 * terms + products, 2 * terms, terms, terms), strict=True):  # sums of sums
            assert (a is None) == (e is None)
            if a is not None:
                assert_within_bound(a, e, magnitude, count)


@given(cases(), st.sampled_from(available_isas()))
def test_gradients_within_bound(case, isa_name):
    with isa(isa_name):
        assert_gradients_within_bound(case)


@pytest.mark.parametrize("isa_name", available_isas())
@pytest.mark.parametrize("size, kernel_shape, geometry", LARGE)
def test_gradients_within_bound_on_large_arrays(size, kernel_shape, geometry, isa_name):
    with isa(isa_name):
        assert_gradients_within_bound(normal_case(0, size, kernel_shape, geometry))


@pytest.mark.parametrize("isa_name", available_isas())
def test_a_tap_that_reads_only_padding_has_no_gradient(isa_name):
    case = normal_case(0, (2, 1, 9, 2), (3, 3, 2, 20), SAME)
    with isa(isa_name):
        y, mean, _, inverse_std = case.forward()
        for constant in (False, True):
            dkernel, *_ = case.backward(gradient_for(y), mean, inverse_std, constant)
            assert_same_values(dkernel[::2], np.zeros((2, 3, 2, 20), np.float32))
            assert dkernel[1].all()


@pytest.mark.parametrize("isa_name", available_isas())
@pytest.mark.parametrize("level", (0, 1000))
def test_bright_images_cost_the_gradient_no_digits(level, isa_name):
    """Not more than one by one: the sums over what a filter sees are taken around the images' mean."""
    case = normal_case(0, (40, 28, 28, 1), (3, 3, 1, 32))
    case = case._replace(x=case.x + np.float32(level), relu=False)
    with isa(isa_name):
        y, mean, _, inverse_std = case.forward()
        dy = gradient_for(y)
        actual = case.backward(dy, mean, inverse_std)
        dz, *_ = _native.batch_norm_backward(dy, case.convolved(), case.gamma, case.beta, mean, inverse_std)
        in_turn = _native.conv2d_backward(dz, case.x, case.kernel, None, *case.geometry, 1, "linear", False, True, True)
    exact = case.map(np.float64).backward(*(a.astype(np.float64) for a in (dy, mean, inverse_std)), False, reference)
    errors = [np.abs(dkernel - exact[0]).max() for dkernel in (actual[0], in_turn[1])]
    assert errors[0] <= 2 * errors[1]


@pytest.mark.parametrize("isa_name", available_isas())
@pytest.mark.parametrize("bad", (np.nan, np.inf))
def test_nan_and_infinity_reach_the_gradients(bad, isa_name):
    case = normal_case(0, (3, 9, 9, 1), (3, 3, 1, 20), SAME)
    others = np.arange(20) != 3
    with isa(isa_name), np.errstate(all="ignore"):
        y, mean, _, inverse_std = case.forward()
        dy = np.abs(gradient_for(y))
        spoilt_kernel, spoilt_dy = case.kernel.copy(), dy.copy()
        spoilt_kernel[1, 2, 0, 3] = spoilt_dy[1, 5, 5, 3] = bad
        plain = case.backward(dy, mean, inverse_std)
        spoilt = case._replace(kernel=spoilt_kernel)
        _, new_mean, _, new_inverse_std = spoilt.forward()
        for gradients in (spoilt.backward(dy, new_mean, new_inverse_std),
                          case._replace(relu=False).backward(spoilt_dy, mean, inverse_std)):
            assert not np.isfinite(gradients[0][..., 3]).any() and not np.isfinite(gradients[2][3])
        for actual, expected in zip(spoilt.backward(dy, new_mean, new_inverse_std), plain, strict=True):
            assert_same_values(actual[..., others], expected[..., others])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size, kernel_shape", [((40, 28, 28, 1), (3, 3, 1, 32)), ((3, 70, 64, 3), (3, 3, 3, 33))])
def test_same_bits_on_any_threads(size, kernel_shape, dtype):
    case = normal_case(0, size, kernel_shape, SAME, dtype)
    y, mean, variance, inverse_std = case.forward()
    dy = gradient_for(y)
    assert_same_bits_on_any_threads(lambda: (*case.forward(), *case.inference(mean, variance),
                                             *case.backward(dy, mean, inverse_std)))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_memory_layout(layout):
    case = normal_case(10, (2, 9, 10, 3), (3, 3, 3, 7), SAME)
    strange = case.map(lambda a: in_layout(a, layout))
    y, mean, variance, inverse_std = case.forward()
    assert_all_same(strange.forward(), (y, mean, variance, inverse_std))
    assert_all_same(strange.inference(in_layout(mean, layout), in_layout(variance, layout)),
                    case.inference(mean, variance))
    dy = gradient_for(y)
    laid_out = (in_layout(array, layout) for array in (dy, mean, inverse_std))
    assert_all_same(strange.backward(*laid_out), case.backward(dy, mean, inverse_std))


@pytest.mark.parametrize("table", [_native, reference])
@pytest.mark.parametrize("size, kernel_shape", [
    ((0, 5, 5, 2), (3, 3, 2, 4)), ((2, 5, 5, 2), (3, 3, 2, 0)), ((2, 2, 5, 2), (3, 3, 2, 4)),
])
def test_no_pixels_or_no_filters(table, size, kernel_shape):
    case = normal_case(0, size, kernel_shape)
    channel = np.ones(kernel_shape[3], np.float32)
    y, inverse_std = case.inference(channel, channel, table)
    assert y.shape == (size[0], max(0, size[1] - 2), size[2] - 2, kernel_shape[3])
    for constant in (False, True):
        gradients = case.backward(y, channel, inverse_std, constant, table)
        for gradient, like in zip(gradients, (case.kernel, case.bias, channel, channel), strict=True):
            assert_same_values(gradient, np.zeros_like(like))


@pytest.mark.parametrize("table", [_native, reference])
def test_no_channels(table):
    case = normal_case(0, (2, 5, 5, 0), (3, 3, 0, 4), relu=False)._replace(bias=np.arange(4, dtype=np.float32))
    y, mean, variance, inverse_std = case.forward(table)
    assert_same_values(mean, case.bias)
    assert_same_values(variance, np.zeros(4, np.float32))
    assert_same_values(y, np.broadcast_to(case.beta, (2, 3, 3, 4)))
    assert case.backward(y, mean, inverse_std, False, table)[0].shape == (3, 3, 0, 4)


def test_kernel_refuses_what_does_not_fit():
    case = normal_case(0, (1, 6, 6, 2), (3, 3, 2, 4))
    three = np.ones(3, np.float32)
    for wrong in (case._replace(kernel=np.ones((3, 3, 3, 4), np.float32)), case._replace(bias=three),
                  case._replace(gamma=three), case._replace(beta=three), case._replace(x=case.x[0]),
                  case._replace(geometry=((0, 1), *ONE_BY_ONE[1:])), case._replace(x=case.x[:0]),
                  case._replace(x=case.x[:, :2])):
        with pytest.raises(ValueError):
            wrong.forward()
    with pytest.raises(TypeError):
        case._replace(kernel=case.kernel.astype(np.float64)).forward()
    y, mean, variance, inverse_std = case.forward()
    for arguments in ((mean[1:], variance), (mean, three)):
        with pytest.raises(ValueError):
            case.inference(*arguments)
    for arguments in ((y[:, 1:], mean, inverse_std), (y, three, inverse_std), (y, mean, three)):
        with pytest.raises(ValueError):
            case.backward(*arguments)


# The operation.


def counting(monkeypatch):
    """The names of the compiled kernels called from now on among those that convolve or normalize."""
    calls = []

    def counted(key, function):
        return lambda *args: calls.append(key) or function(*args)

    for key, function in vars(kernels).items():
        if "conv2d" in key or "batch_norm" in key:
            monkeypatch.setitem(vars(kernels), key, counted(key, function))
    return calls


@pytest.mark.parametrize("backend", ("native", "numpy"))
@pytest.mark.parametrize("relu", (False, True))
@pytest.mark.parametrize("with_bias", (False, True))
def test_gradient(backend, relu, with_bias):
    rng = np.random.default_rng(0)
    x, options = rng.standard_normal((3, 9, 8, 1)), {"padding": "same", "relu": relu}
    kernel, gamma, beta, bias = (rng.standard_normal(shape) for shape in ((3, 3, 1, 9), 9, 9, 9))
    mean, variance = rng.standard_normal(9), rng.uniform(0.5, 2, 9)
    first = [kernel, bias] if with_bias else [kernel]
    with tn.backend(backend):
        for rest, names in (([gamma, beta], ("gamma", "beta")), ([beta], ("beta",)), ([], ())):
            def split(arrays, names=names):
                return (arrays[0], {**({"bias": arrays[1]} if with_bias else {}),
                                    **dict(zip(names, arrays[len(first):], strict=True)), **options})

            def normalized(*arrays):
                kernel, named = split(arrays)
                return conv2d_batch_norm(x, kernel, **named)[0]

            def given(*arrays):
                kernel, named = split(arrays)
                return conv2d_batch_norm_with(x, kernel, mean, variance, **named)

            # Without gamma and beta the gradient of the bias is 0 but for rounding.
            assert_gradient(normalized, *first, *rest)
            assert_gradient(given, *first, *rest)


def test_gradient_of_the_input(monkeypatch):
    case = normal_case(0, (2, 9, 8, 1), (3, 3, 1, 9), dtype=np.float64)
    calls = counting(monkeypatch)
    assert_gradient(lambda x, *rest: conv2d_batch_norm(x, *rest, relu=True)[0], case.x, case.kernel, case.bias,
                    case.gamma, case.beta)
    assert calls[:4] == ["conv2d_forward", "batch_norm_forward", "batch_norm_backward", "conv2d_backward"]


@pytest.mark.parametrize("shape", [(4, 28, 28, 1), (4, 28, 28, 8)])
def test_one_node_if_it_pays_and_the_same_values(shape, monkeypatch):
    case = normal_case(0, shape, (3, 3, shape[3], 32), SAME)
    weights = [Variable(a) for a in (case.kernel, case.bias, case.gamma, case.beta)]
    calls = counting(monkeypatch)
    with tn.GradientTape() as tape:
        y, mean, variance = conv2d_batch_norm(case.x, *weights, padding="same", relu=True)
    assert len(tape._nodes) == (1 if shape[3] == 1 else 2)
    gradients = tape.gradient(y, weights)
    if shape[3] == 1:
        assert calls == ["conv2d_batch_norm_forward", "conv2d_batch_norm_backward"]
    with tn.GradientTape() as tape:
        z = ops.conv2d(case.x, *weights[:2], padding="same")
        in_turn = ops.batch_norm(z, *weights[2:], relu=True)
    assert_all_same([t.numpy() for t in (y, mean, variance)], [t.numpy() for t in in_turn])
    assert all(gradient.shape == weight.shape for gradient, weight in zip(gradients, weights, strict=True))
    y = conv2d_batch_norm_with(case.x, weights[0], mean, variance, *weights[1:], padding="same")
    z = ops.conv2d(case.x, *weights[:2], padding="same")
    assert_same_values(y.numpy(), ops.batch_norm_with(z, mean, variance, *weights[2:]).numpy())


def test_weights_that_nobody_learns(monkeypatch):
    case = normal_case(0, (4, 9, 9, 1), (3, 3, 1, 20))
    gamma, seen = Variable(case.gamma), []
    function = kernels.conv2d_batch_norm_backward
    monkeypatch.setitem(vars(kernels), "conv2d_batch_norm_backward",
                        lambda *args: seen.append(args[-1]) or function(*args))
    with tn.GradientTape() as tape:
        y, _, _ = conv2d_batch_norm(case.x, case.kernel, gamma=gamma)
    assert tape.gradient(y, gamma).shape == (20,)
    assert seen == [False]


def test_what_is_profitable():
    assert is_profitable((128, 28, 28, 1), (3, 3, 1, 32))
    assert not is_profitable((128, 28, 28, 1), (5, 5, 1, 32))
    assert is_profitable((128, 28, 28, 2), (3, 3, 2, 32))
    assert not is_profitable((128, 28, 28, 3), (3, 3, 3, 32))
    assert not is_profitable((128, 28, 28, 1), (3, 3, 1, 6))
    assert not is_profitable((128, 28, 28, 1), (1, 12, 1, 32))
    assert not is_profitable((128, 28, 28, 1), (3, 3, 2, 32))
    assert not is_profitable((128, 28, 1), (3, 3, 1, 32))
    assert not is_profitable((0, 28, 28, 1), (3, 3, 1, 32))
    assert not is_profitable((128, 2, 28, 1), (3, 3, 1, 32))


@pytest.mark.parametrize("size, kernel_shape, options, message", [
    ((2, 9, 9, 2), (3, 3, 1, 4), {}, "input has 2 channels but kernel expects 1"),
    ((2, 9, 9), (3, 3, 1, 4), {}, "Add a channel axis"),
    ((2, 2, 9, 1), (3, 3, 1, 8), {}, "kernel is larger than the padded input"),
    ((0, 9, 9, 1), (3, 3, 1, 8), {}, "no samples"),
    ((2, 9, 9, 1), (3, 3, 1, 8), {"padding": "full"}, "padding must be"),
    ((2, 9, 9, 1), (3, 3, 1, 8), {"bias": np.ones(3, np.float32)}, "bias has shape"),
    ((2, 9, 9, 1), (3, 3, 1, 8), {"gamma": np.ones(3, np.float32)}, "gamma has shape"),
    ((2, 9, 9, 1), (3, 3, 1, 8), {"strides": 0}, "strides"),
])
def test_errors(size, kernel_shape, options, message):
    with pytest.raises(ValueError, match=message):
        conv2d_batch_norm(np.ones(size, np.float32), np.ones(kernel_shape, np.float32), **options)


def test_types_are_not_mixed():
    x, kernel, ones = np.ones((2, 9, 9, 1), np.float32), np.ones((3, 3, 1, 8), np.float32), np.ones(8)
    with pytest.raises(TypeError, match="float32"):
        conv2d_batch_norm(x, kernel.astype(np.float64))
    with pytest.raises(TypeError, match="gamma must have dtype float32"):
        conv2d_batch_norm(x, kernel, gamma=ones)
    y = conv2d_batch_norm_with(x, kernel, Tensor(ones), Tensor(ones))  # statistics are converted
    assert y.dtype == np.float32
