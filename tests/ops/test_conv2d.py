"""Convolution: compiled kernels against references for every algorithm, bounds, gradients, special values, errors."""

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
from convolutions import ALGORITHMS, cases, normal_case
from hypothesis import given
from hypothesis import strategies as st
from strategies import LAYOUTS, in_layout, integer_arrays

import tinynet as tn
from tinynet import _native, ops, reference
from tinynet.runtime import kernels
from tinynet.tensor import Tensor
from tinynet.variable import Variable

# Direct convolution: exact on whole numbers, in any geometry, on every instruction set.


@given(st.data(), cases(), st.sampled_from(available_isas()))
def test_exact_on_integers(data, case, isa_name):
    expected = case.forward(reference.conv2d_forward)
    dy = data.draw(integer_arrays(expected.shape, case.x.dtype, limit=4))
    with isa(isa_name):
        actual = case.forward(_native.conv2d_forward, algorithm="direct")
        gradients = case.backward(_native.conv2d_backward, dy, actual, algorithm="direct")
    assert_same_values(actual, expected)
    for gradient, exact in zip(gradients, case.backward(reference.conv2d_backward, dy, expected), strict=True):
        if exact is None:
            assert gradient is None
        else:
            assert_same_values(gradient, exact)


# Blocks of depth, several panels, several blocks of pixels, a first layer, a strided one, 1x1.
@pytest.mark.parametrize("size, kernel_shape, options", [
    ((3, 28, 28, 1), (3, 3, 1, 32), {}),
    ((2, 40, 33, 3), (7, 7, 3, 64), {"strides": (2, 2), "padding": ((2, 3), (2, 3))}),
    ((2, 14, 14, 130), (3, 3, 130, 70), {}),
    ((4, 9, 9, 96), (1, 1, 96, 40), {"padding": ((0, 0), (0, 0))}),
    ((5, 14, 14, 6), (5, 5, 6, 16), {"padding": ((0, 0), (0, 0))}),
    ((2, 15, 15, 32), (3, 3, 16, 64), {"groups": 2, "dilation": (2, 2)}),
    ((1, 64, 64, 16), (3, 3, 16, 16), {"strides": (3, 1)}),
])
@pytest.mark.parametrize("dtype", (np.float32, np.float64))
@pytest.mark.parametrize("activation", ("linear", "relu"))
def test_direct_within_bound(size, kernel_shape, options, dtype, activation):
    case = normal_case(0, size, kernel_shape, dtype=dtype, activation=activation, **options)
    y = case.forward(_native.conv2d_forward, algorithm="direct")
    products = int(np.prod(kernel_shape[:3]))
    assert_within_bound(y, case.float64().forward(reference.conv2d_forward),
                        case.magnitude().forward(reference.conv2d_forward), products + 1)
    dy = np.random.default_rng(1).standard_normal(y.shape).astype(dtype)
    actual = case.backward(_native.conv2d_backward, dy, y, algorithm="direct")
    exact = case.float64().backward(reference.conv2d_backward, dy.astype(np.float64), y)
    magnitude = case.magnitude()._replace(activation=activation).backward(reference.conv2d_backward,
                                                                          np.abs(dy).astype(np.float64), y)
    pixels = y.size // y.shape[3]
    for part, terms in zip(range(3), (kernel_shape[0] * kernel_shape[1] * kernel_shape[3], pixels, pixels),
                           strict=True):
        assert_within_bound(actual[part], exact[part], magnitude[part], terms)


# Large enough for a matrix unit (csrc/kernels/amx/conv2d.h): rows of 1 to 7 tiles, a last tile that is not full, runs
# that end within a step, few columns, several steps between stores, strides, dilation.
@pytest.mark.parametrize("isa_name", available_isas())
@pytest.mark.parametrize("size, kernel_shape, options", [
    ((6, 14, 14, 64), (3, 3, 64, 64), {}),
    ((9, 29, 17, 33), (3, 3, 33, 17), {"strides": (2, 2)}),
    ((2, 31, 100, 32), (3, 3, 32, 33), {"strides": (3, 1), "padding": ((2, 2), (0, 3))}),
    ((12, 20, 21, 40), (1, 1, 40, 70), {"padding": ((0, 0), (0, 0))}),
    ((16, 14, 14, 6), (5, 5, 6, 16), {"padding": ((0, 0), (0, 0))}),
    ((5, 19, 7, 48), (2, 4, 48, 20), {"padding": ((0, 1), (2, 1))}),
    ((3, 24, 33, 32), (3, 3, 32, 32), {"dilation": (2, 3)}),
    ((1, 14, 14, 300), (3, 3, 300, 96), {}),
])
def test_large_direct_is_exact_on_integers(size, kernel_shape, options, isa_name):
    rng = np.random.default_rng(0)
    case = normal_case(0, size, kernel_shape, activation="relu", **options).map(
        lambda a: rng.integers(-4, 5, a.shape).astype(np.float32))
    expected = case.forward(reference.conv2d_forward)
    dy = rng.integers(-4, 5, expected.shape).astype(np.float32)
    with isa(isa_name):
        actual = case.forward(_native.conv2d_forward, algorithm="direct")
        gradients = case.backward(_native.conv2d_backward, dy, actual, algorithm="direct")
    assert_same_values(actual, expected)
    for gradient, exact in zip(gradients, case.backward(reference.conv2d_backward, dy, expected), strict=True):
        assert_same_values(gradient, exact)


@pytest.mark.parametrize("isa_name", available_isas())
@pytest.mark.parametrize("value", (np.nan, np.inf, np.finfo(np.float32).max))
def test_numbers_without_a_bfloat16_in_large_direct(value, isa_name):
    """The matrix unit cannot split them: such a call is computed the ordinary way, and spoils what it should."""
    rng = np.random.default_rng(0)
    clean = normal_case(0, (6, 14, 14, 64), (3, 3, 64, 64)).map(
        lambda a: rng.integers(1, 5, a.shape).astype(np.float32))
    dy = rng.integers(1, 5, (6, 14, 14, 64)).astype(np.float32)
    with isa(isa_name):
        y = clean.forward(_native.conv2d_forward, algorithm="direct")
        _, dkernel, _ = clean.backward(_native.conv2d_backward, dy, None, algorithm="direct")
        x = clean.x.copy()
        x[3, 5, 6, 7] = value
        case = clean._replace(x=x)
        spoilt = case.forward(_native.conv2d_forward, algorithm="direct")
        _, spoilt_dkernel, _ = case.backward(_native.conv2d_backward, dy, None, algorithm="direct")
        kernel = clean.kernel.copy()
        kernel[1, 1, 5, 9] = value
        by_kernel = clean._replace(kernel=kernel).forward(_native.conv2d_forward, algorithm="direct")
    touched = np.zeros((6, 14, 14), bool)
    touched[3, 4:7, 5:8] = True
    assert_same_values(spoilt[~touched], y[~touched])
    assert (~(spoilt[touched] < 1e30)).all()
    assert_same_values(np.delete(spoilt_dkernel, 7, axis=2), np.delete(dkernel, 7, axis=2))
    assert (~(spoilt_dkernel[:, :, 7] < 1e30)).all()
    assert_same_values(np.delete(by_kernel, 9, axis=3), np.delete(y, 9, axis=3))
    assert (~(by_kernel[..., 9] < 1e30)).all()


# Every algorithm, and which one a shape gets.


@pytest.mark.parametrize("algorithm, allowed", [("direct", 16), ("winograd2", 16), ("winograd4", 48)])
def test_sharp_error(algorithm, allowed):
    """On normal data the error stays a few roundings of sum |x||w|, far below the theorem's bound."""
    case = normal_case(3, (4, 14, 14, 64), (3, 3, 64, 64))
    y = case.forward(_native.conv2d_forward, algorithm=algorithm)
    inner = (slice(None), slice(1, -1), slice(1, -1))  # where the tile's |x||w| is about that of the pixel
    error = np.abs(y - case.float64().forward(reference.conv2d_forward)) / case.magnitude().forward(
        reference.conv2d_forward
    )
    assert error[inner].max() <= allowed * unit_roundoff(np.float32)


def test_algorithm_by_shape():
    def chosen(size, kernel_shape, strides=(1, 1), dtype=np.float32):
        return _native.conv2d_algorithm(size, np.empty(kernel_shape, dtype), strides, ((1, 1), (1, 1)), (1, 1), 1)

    with isa(available_isas()[-1]):
        assert set(chosen((8, 56, 56, 256), (3, 3, 256, 256)).values()) <= {"winograd2", "winograd4"}
        for direct in (chosen((8, 28, 28, 1), (3, 3, 1, 32)), chosen((8, 56, 56, 64), (3, 3, 64, 64), strides=(2, 2)),
                       chosen((8, 56, 56, 64), (5, 5, 64, 64)),
                       chosen((8, 56, 56, 64), (3, 3, 64, 64), dtype=np.float64)):
            assert set(direct.values()) == {"direct"}


def test_the_algorithm_of_a_shape_can_be_asked_for():
    with isa(available_isas()[-1]):
        chosen = ops.conv2d_algorithms((8, 56, 56, 256), (3, 3, 256, 256), padding="same")
        assert set(chosen) == {"forward", "input_gradient", "weight_gradient"}
        assert chosen == _native.conv2d_algorithm(
            (8, 56, 56, 256), np.empty((3, 3, 256, 256), np.float32), (1, 1), ((1, 1), (1, 1)), (1, 1), 1
        )
        with tn.backend("numpy"):
            assert set(ops.conv2d_algorithms((8, 56, 56, 256), (3, 3, 256, 256)).values()) == {"direct"}
    with pytest.raises(ValueError, match="input has 3 channels but kernel expects 4"):
        ops.conv2d_algorithms((1, 8, 8, 3), (3, 3, 4, 16))


# Properties that hold for every algorithm.


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("size, filters", [((9, 14, 14, 32), 64), ((2, 14, 14, 192), 192), ((2, 60, 60, 16), 32)])
def test_same_bits_on_any_threads(algorithm, size, filters):
    case = normal_case(0, size, (3, 3, size[3], filters), activation="relu")
    y = case.forward(_native.conv2d_forward, algorithm=algorithm)
    dy = np.random.default_rng(1).standard_normal(y.shape).astype(np.float32)
    assert_same_bits_on_any_threads(lambda: (case.forward(_native.conv2d_forward, algorithm=algorithm),
                                             *case.backward(_native.conv2d_backward, dy, y, algorithm=algorithm)))


@pytest.mark.parametrize("size, kernel_shape, strides",
                         [((40, 28, 28, 1), (3, 3, 1, 32), (1, 1)), ((3, 30, 30, 8), (5, 5, 8, 12), (2, 2)),
                          ((16, 15, 28, 32), (3, 3, 32, 64), (2, 1)), ((9, 14, 14, 64), (1, 1, 64, 96), (1, 1))])
def test_same_bits_on_any_threads_for_other_shapes(size, kernel_shape, strides):
    case = normal_case(0, size, kernel_shape, strides=strides, activation="relu")
    y = case.forward(_native.conv2d_forward)
    dy = np.random.default_rng(1).standard_normal(y.shape).astype(np.float32)
    assert_same_bits_on_any_threads(lambda: (case.forward(_native.conv2d_forward),
                                             *case.backward(_native.conv2d_backward, dy, y)))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_adjoint(algorithm):
    """<conv(x), dy> = <x, dx(dy)> = <kernel, dkernel(dy)>: the gradients belong to this very forward."""
    case = normal_case(4, (3, 13, 11, 32), (3, 3, 32, 16), padding=((0, 1), (2, 0)))._replace(bias=None)
    y = case.forward(_native.conv2d_forward, algorithm=algorithm)
    dy = np.random.default_rng(5).standard_normal(y.shape).astype(np.float32)
    dx, dkernel, _ = case.backward(_native.conv2d_backward, dy, y, algorithm=algorithm)
    magnitude = np.sum(case.magnitude().forward(reference.conv2d_forward) * np.abs(dy))
    # The condition of F(4x4)'s transforms stands in its bound; on random data a hundredth of gamma(products) suffices
    # for all.
    bound = gamma(2 * 9 * 32, np.float32) * magnitude
    forward = np.vdot(y.astype(np.float64), dy)
    assert abs(forward - np.vdot(dx.astype(np.float64), case.x)) <= bound
    assert abs(forward - np.vdot(dkernel.astype(np.float64), case.kernel)) <= bound


def test_direct_is_equivariant_to_shifts():
    """The same window gives the same bits, wherever it lies."""
    case = normal_case(6, (2, 20, 23, 24), (3, 5, 24, 40), padding=((0, 0), (0, 0)))
    y = case.forward(_native.conv2d_forward, algorithm="direct")
    moved = case._replace(x=np.ascontiguousarray(case.x[:, 3:, 2:])).forward(_native.conv2d_forward, algorithm="direct")
    assert y[:, 3:, 2:].tobytes() == moved.tobytes()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_winograd_tiles_are_equivariant_too(algorithm):
    """A shift by whole tiles keeps the bits of Winograd as well."""
    # Tiles for the matrix unit in both calls; it computes nothing below 128 (csrc/kernels/amx/winograd.h).
    case = normal_case(6, (8, 24, 24, 32), (3, 3, 32, 32), padding=((0, 0), (0, 0)))
    y = case.forward(_native.conv2d_forward, algorithm=algorithm)
    moved = case._replace(x=np.ascontiguousarray(case.x[:, 4:, 8:])).forward(_native.conv2d_forward,
                                                                             algorithm=algorithm)
    assert y[:, 4:, 8:].tobytes() == moved.tobytes()


@pytest.mark.parametrize("algorithm, reach", [("direct", 0), ("winograd2", 1), ("winograd4", 3)])
@pytest.mark.parametrize("bad", (np.nan, np.inf, -np.inf))
@pytest.mark.parametrize("images", [1, 10])  # the matrix unit computes ten
def test_nan_and_infinity_are_never_lost(algorithm, reach, bad, images):
    """Every output that sees a bad input is bad; Winograd may spoil the rest of a tile, `reach` pixels, but no more."""
    clean = normal_case(7, (images, 14, 14, 32), (3, 3, 32, 16))
    for row, col in np.random.default_rng(8).integers(0, 14, (20, 2)):
        x = clean.x.copy()
        x[0, row, col, 5] = bad
        case = clean._replace(x=x)
        wrong = ~np.isfinite(case.forward(_native.conv2d_forward, algorithm=algorithm)[0]).all(axis=2)
        assert np.array_equal(wrong,
                              ~np.isfinite(case.forward(_native.conv2d_forward, algorithm=algorithm)[0]).any(axis=2))
        assert wrong[max(0, row - 1) : row + 2, max(0, col - 1) : col + 2].all()
        far = np.ones((14, 14), bool)
        far[max(0, row - 1 - reach) : row + 2 + reach, max(0, col - 1 - reach) : col + 2 + reach] = False
        assert not wrong[far].any()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_nan_passes_relu_and_gradients(algorithm):
    case = normal_case(9, (1, 8, 8, 16), (3, 3, 16, 16), activation="relu")
    case.kernel[1, 1, 3, 4] = np.nan
    y = case.forward(_native.conv2d_forward, algorithm=algorithm)
    assert np.isnan(y[..., 4]).all() and np.isfinite(np.delete(y, 4, axis=3)).all()
    case = normal_case(9, (1, 8, 8, 16), (3, 3, 16, 16))
    dy = np.ones((1, 8, 8, 16), np.float32)
    dy[0, 2, 3, 4] = np.nan
    dx, dkernel, dbias = case.backward(_native.conv2d_backward, dy, None, algorithm=algorithm)
    assert np.isnan(dx[0, 1:4, 2:5]).all() and np.isnan(dkernel[..., 4]).all() and np.isnan(dbias[4])
    assert np.isfinite(np.delete(dkernel, 4, axis=3)).all() and np.isfinite(np.delete(dbias, 4)).all()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_memory_layout(layout):
    case = normal_case(10, (2, 8, 9, 5), (3, 3, 5, 7), activation="relu")
    expected = case.forward(_native.conv2d_forward)
    strange = case.map(lambda a: in_layout(a, layout))
    assert_same_values(strange.forward(_native.conv2d_forward), expected)
    dy = np.random.default_rng(0).standard_normal(expected.shape).astype(np.float32)
    for actual, plain in zip(strange.backward(_native.conv2d_backward, in_layout(dy, layout),
                                              in_layout(expected, layout)),
                             case.backward(_native.conv2d_backward, dy, expected), strict=True):
        assert_same_values(actual, plain)


@pytest.mark.parametrize("wanted",
                         [(True, False, False), (False, True, False), (False, False, True), (False, False, False)])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_only_the_gradients_asked_for(wanted, algorithm):
    case = normal_case(11, (2, 8, 8, 16), (3, 3, 16, 16))
    dy = np.random.default_rng(0).standard_normal((2, 8, 8, 16)).astype(np.float32)
    everything = case.backward(_native.conv2d_backward, dy, None, algorithm=algorithm)
    some = _native.conv2d_backward(dy, case.x, case.kernel, None, *case.geometry, "linear", *wanted,
                                   algorithm=algorithm)
    for part, full, asked in zip(some, everything, wanted, strict=True):
        if asked:
            assert_within_bound(part, full.astype(np.float64), np.abs(full).astype(np.float64) + 100, 1000)
        else:
            assert part is None


@pytest.mark.parametrize("size, kernel_shape",
                         [((0, 5, 5, 2), (3, 3, 2, 4)), ((2, 5, 5, 0), (3, 3, 0, 4)), ((2, 5, 5, 2), (3, 3, 2, 0))])
def test_empty_arrays(size, kernel_shape):
    case = normal_case(0, size, kernel_shape)
    y = case.forward(_native.conv2d_forward)
    assert_same_values(y, case.forward(reference.conv2d_forward))
    dy = np.ones_like(y)
    for actual, exact in zip(case.backward(_native.conv2d_backward, dy, y),
                             case.backward(reference.conv2d_backward, dy, y), strict=True):
        assert_same_values(actual, exact)


def test_kernel_refuses_what_does_not_fit():
    case = normal_case(0, (1, 5, 5, 2), (3, 3, 2, 4))
    for wrong in (case._replace(kernel=np.ones((3, 3, 3, 4), np.float32)), case._replace(bias=np.ones(3, np.float32)),
                  case._replace(activation="tanh"), case._replace(geometry=((0, 1), *case.geometry[1:]))):
        with pytest.raises(ValueError):
            wrong.forward(_native.conv2d_forward)
    with pytest.raises(TypeError):
        case._replace(kernel=case.kernel.astype(np.float64)).forward(_native.conv2d_forward)
    with pytest.raises(ValueError):
        case.backward(_native.conv2d_backward, np.ones((1, 4, 5, 4), np.float32), None)


# The operation.


def test_the_slides_numbers():
    assert ops.conv2d(np.ones((1, 32, 32, 3), np.float32), np.ones((5, 5, 3, 1), np.float32)).shape == (1, 28, 28, 1)
    assert ops.conv_output_size(7, 3, stride=2, strict=True) == 3
    assert ops.conv_output_size(7, 3) == 5
    assert ops.conv2d(np.ones((1, 7, 7, 1), np.float32), np.ones((3, 3, 1, 1), np.float32), strides=2).shape == (1, 3,
                                                                                                                 3, 1)
    assert ops.conv_output_size(7, 3, padding=1) == 7
    assert ops.conv_output_size(227, 11, stride=4, strict=True) == 55
    with pytest.raises(ValueError, match=r"\(7 - 3 \+ 0\)/3 \+ 1 = 2.333"):
        ops.conv_output_size(7, 3, stride=3, strict=True)


@given(st.integers(1, 40), st.integers(1, 7), st.integers(1, 4), st.integers(1, 3),
       st.sampled_from(("valid", "same", 0, 1, (2, 0))))
def test_output_size_is_that_of_the_operation(size, kernel, stride, dilation, padding):
    x, taps = np.zeros((1, size, size, 1), np.float32), np.zeros((kernel, kernel, 1, 1), np.float32)
    form = (padding, padding) if isinstance(padding, tuple) else padding
    try:
        expected = ops.conv_output_size(size, kernel, stride, padding, dilation)
    except ValueError:
        with pytest.raises(ValueError, match="larger than the padded input"):
            ops.conv2d(x, taps, strides=stride, padding=form, dilation_rate=dilation)
        return
    assert ops.conv2d(x, taps, strides=stride, padding=form, dilation_rate=dilation).shape == (1, expected, expected, 1)
    if padding == "same":
        assert expected == -(-size // stride)


def test_same_puts_the_odd_zero_at_the_end():
    x = np.arange(1, 5, dtype=np.float32).reshape(1, 1, 4, 1)
    y = ops.conv2d(x, np.ones((1, 2, 1, 1), np.float32), padding="same").numpy()
    np.testing.assert_array_equal(y.ravel(), [3, 5, 7, 4])


def test_known_values():
    x = np.arange(9, dtype=np.float32).reshape(1, 3, 3, 1)
    kernel = np.array([[1, 0], [0, -1]], np.float32).reshape(2, 2, 1, 1)
    np.testing.assert_array_equal(ops.conv2d(x, kernel, np.float32([10])).numpy().ravel(), [6, 6, 6, 6])


@pytest.mark.parametrize("options", [
    {}, {"padding": "same"}, {"strides": 2, "padding": "same"}, {"dilation_rate": 2}, {"groups": 2},
    {"padding": ((1, 0), 2)},
    {"data_format": "channels_first", "strides": (1, 2)}, {"activation": "relu"},
])
def test_gradient(options):
    rng = np.random.default_rng(0)
    channels = (4, 6, 7) if options.get("data_format") == "channels_first" else (6, 7, 4)
    depth = 4 // options.get("groups", 1)
    assert_gradient(lambda x, kernel, bias: ops.conv2d(x, kernel, bias, **options), rng.standard_normal((2, *channels)),
                    rng.standard_normal((3, 2, depth, 6)), rng.standard_normal(6))


@pytest.mark.parametrize("padding", ("valid", "same", "causal", 2, (0, 1)))
def test_conv1d(padding):
    rng = np.random.default_rng(0)
    x, kernel, bias = rng.standard_normal((2, 9, 3)), rng.standard_normal((3, 3, 4)), rng.standard_normal(4)
    assert_gradient(lambda *a: ops.conv1d(*a, padding=padding, dilation_rate=2), x, kernel, bias)
    y = ops.conv1d(x, kernel, bias, padding=padding).numpy()
    before, after = {"valid": (0, 0), "same": (1, 1), "causal": (2, 0), 2: (2, 2), (0, 1): (0, 1)}[padding]
    padded = np.pad(x, ((0, 0), (before, after), (0, 0)))
    expected = (
        np.stack([np.einsum("npc,pcf->nf", padded[:, i : i + 3], kernel) for i in range(padded.shape[1] - 2)], 1) + bias
    )
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-12)
    first = ops.conv1d(np.ascontiguousarray(x.transpose(0, 2, 1)), kernel, bias, padding=padding,
                       data_format="channels_first")
    np.testing.assert_array_equal(first.numpy(), y.transpose(0, 2, 1))


def test_channels_first_is_a_transpose():
    rng = np.random.default_rng(0)
    x, kernel = (
        rng.standard_normal((2, 7, 8, 3)).astype(np.float32),
        rng.standard_normal((3, 3, 3, 5)).astype(np.float32),
    )
    first = ops.conv2d(np.ascontiguousarray(x.transpose(0, 3, 1, 2)), kernel, padding="same",
                       data_format="channels_first")
    np.testing.assert_array_equal(first.numpy().transpose(0, 2, 3, 1), ops.conv2d(x, kernel, padding="same").numpy())


def test_the_input_gradient_of_data_is_not_computed(monkeypatch):
    asked = []

    def spy(*arguments):
        asked.append(arguments[9])
        return _native.conv2d_backward(*arguments)

    monkeypatch.setattr(kernels, "conv2d_backward", spy)
    kernel = Variable(np.ones((3, 3, 1, 2), np.float32))
    x = Tensor(np.ones((1, 5, 5, 1), np.float32))
    with tn.GradientTape() as tape:
        y = ops.conv2d(x, kernel)
    tape.gradient(y, kernel)
    with tn.GradientTape() as tape:
        tape.watch(x)
        y = ops.conv2d(x, kernel)
    assert tape.gradient(y, x).shape == x.shape
    assert asked == [False, True]


def test_reference_backend_gives_the_same():
    rng = np.random.default_rng(0)
    x, kernel = (
        rng.integers(-3, 4, (2, 7, 8, 4)).astype(np.float32),
        rng.integers(-3, 4, (3, 3, 2, 6)).astype(np.float32),
    )
    native = ops.conv2d(x, kernel, groups=2, strides=2, padding="same").numpy()
    with tn.backend("numpy"):
        np.testing.assert_array_equal(ops.conv2d(x, kernel, groups=2, strides=2, padding="same").numpy(), native)


def f32(*shape):
    return np.ones(shape, np.float32)


@pytest.mark.parametrize("arguments, options, error, message", [
    ((f32(8, 28, 28, 3), f32(3, 3, 4, 16)), {}, ValueError,
     r"input has 3 channels but kernel expects 4\. Got input \(8, 28, 28, 3\), kernel \(3, 3, 4, 16\)\. "
     "Kernel layout is"),
    ((f32(8, 28, 28), f32(3, 3, 1, 16)), {}, ValueError, r"x\[\.\.\., None\]"),
    ((f32(1, 4, 9, 1), f32(5, 3, 1, 2)), {}, ValueError,
     r"height 5 against 4 \+ 0 zeros.*\(4 - 5 \+ 0\)/1 \+ 1 = 0 windows"),
    ((f32(1, 5, 5, 1), f32(3, 3, 1, 2)), {"dilation_rate": 3}, ValueError, r"3 \(dilated to 7\)"),
    ((f32(1, 5, 5, 4), f32(3, 3, 2, 3)), {"groups": 2}, ValueError, "3 output channels cannot be split into 2 groups"),
    ((f32(1, 5, 5, 2), f32(3, 3, 2, 3), f32(4)), {}, ValueError, r"bias has shape \(4,\) but the kernel has 3 filters"),
    ((f32(1, 5, 5, 2), np.ones((3, 3, 2, 3))), {}, TypeError, "float32, kernel float64"),
    ((np.ones((1, 5, 5, 2), np.int32), np.ones((3, 3, 2, 3), np.int32)), {}, TypeError, "float32"),
    ((f32(1, 5, 5, 2), f32(3, 3, 2, 3)), {"strides": 0}, ValueError, "strides must be a positive int, got 0"),
    ((f32(1, 5, 5, 2), f32(3, 3, 2, 3)), {"strides": 1.5}, TypeError, "strides must be a positive int, got 1.5"),
    ((f32(1, 5, 5, 2), f32(3, 3, 2, 3)), {"strides": (1, 2, 3)}, ValueError, "a pair"),
    ((f32(1, 5, 5, 2), f32(3, 3, 2, 3)), {"padding": "full"}, ValueError, "padding must be 'valid', 'same'"),
    ((f32(1, 5, 5, 2), f32(3, 3, 2, 3)), {"padding": -1}, ValueError, "padding must be"),
    ((f32(1, 5, 5, 2), f32(3, 3, 2, 3)), {"activation": "gelu"}, ValueError, "activation must be 'linear' or 'relu'"),
    ((f32(1, 5, 5, 2), f32(3, 3, 2, 3)), {"data_format": "NHWC"}, ValueError, "data_format"),
    ((f32(1, 5, 5, 2), f32(3, 3, 2, 3)), {"groups": 0}, ValueError, "groups must be a positive int"),
    ((f32(1, 5, 5, 2), f32(0, 3, 2, 3)), {}, ValueError, "no taps"),
])
def test_errors_explain(arguments, options, error, message):
    with pytest.raises(error, match=message):
        ops.conv2d(*arguments, **options)
