"""Max pooling: compiled kernels against references, to the last bit; ties, NaN, overlap, padding, layouts, errors."""

from typing import NamedTuple

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
from strategies import LAYOUTS, dtypes, in_layout, integer_arrays, special_arrays

import tinynet as tn
from tinynet import _native, ops, reference
from tinynet.variable import Variable


class Case(NamedTuple):
    """One input, and what the kernels take besides."""

    x: np.ndarray
    pool_size: tuple
    strides: tuple
    padding: tuple

    @property
    def geometry(self):
        return self.pool_size, self.strides, self.padding


# Around the vector widths of every instruction set, where the kernels change their way of working.
channel_counts = st.sampled_from((0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 15, 16, 17, 20, 31, 32, 33))


@st.composite
def cases(draw, values=special_arrays, max_pool=4):
    """Any geometry: windows apart, side by side and overlapping, more padding on one side, no samples, no channels."""
    pool = draw(st.one_of(st.just((2, 2)), st.tuples(st.integers(1, max_pool), st.integers(1, max_pool))))
    strides = draw(st.one_of(st.just(pool), st.just((2, 2)), st.tuples(st.integers(1, 5), st.integers(1, 5))))
    padding = tuple(
        draw(st.one_of(st.just((0, 0)), st.tuples(st.integers(0, p - 1), st.integers(0, p - 1)))) for p in pool
    )
    height, width = draw(st.integers(1, 20)), draw(st.integers(1, 40))
    assume(height + sum(padding[0]) >= pool[0] and width + sum(padding[1]) >= pool[1])
    shape = (draw(st.integers(0, 3)), height, width, draw(channel_counts))
    return Case(draw(values(shape, draw(dtypes))), pool, strides, padding)


@pytest.mark.parametrize("isa_name", available_isas())
@given(case=cases(), layout=st.sampled_from(LAYOUTS))
def test_forward_equals_the_reference(isa_name, case, layout):
    y, argmax = reference.max_pool2d_forward(*case)
    with isa(isa_name):
        actual, actual_argmax = _native.max_pool2d_forward(in_layout(case.x, layout), *case.geometry)
        without, none = _native.max_pool2d_forward(case.x, *case.geometry, False)
    assert_same_values(actual, y)
    assert_same_values(actual_argmax, argmax)
    assert_same_values(without, y)
    assert none is None


@pytest.mark.parametrize("isa_name", available_isas())
@given(case=cases(integer_arrays), layout=st.sampled_from(LAYOUTS), data=st.data())
def test_ties_and_backward_equal_the_reference(isa_name, case, layout, data):
    """Small whole numbers tie often; whole dy make the sums where windows overlap exact."""
    y, argmax = reference.max_pool2d_forward(*case)
    dy = data.draw(integer_arrays(y.shape, y.dtype))
    expected = reference.max_pool2d_backward(dy, argmax, case.x.shape, *case.geometry)
    with isa(isa_name):
        assert_same_values(_native.max_pool2d_forward(case.x, *case.geometry)[1], argmax)
        dx = _native.max_pool2d_backward(in_layout(dy, layout), in_layout(argmax, layout), case.x.shape, *case.geometry)
    assert_same_values(dx, expected)


@given(case=cases(integer_arrays), data=st.data())
def test_backward_is_within_its_bound(case, data):
    y, argmax = reference.max_pool2d_forward(*case)
    dy = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1))).standard_normal(y.shape).astype(y.dtype)
    exact = reference.max_pool2d_backward(dy.astype(np.float64), argmax, case.x.shape, *case.geometry)
    magnitude = reference.max_pool2d_backward(np.abs(dy).astype(np.float64), argmax, case.x.shape, *case.geometry)
    dx = _native.max_pool2d_backward(dy, argmax, case.x.shape, *case.geometry)
    assert_within_bound(
        dx, exact, magnitude, case.pool_size[0] * case.pool_size[1] * (1 if y.dtype == np.float32 else 2)
    )


@pytest.mark.parametrize("channels", (1, 3, 32))
def test_windows_of_more_than_256_pixels(channels):
    x = np.random.default_rng(0).integers(-999, 999, (2, 40, 50, channels)).astype(np.float32)
    geometry = ((17, 19), (11, 5), ((3, 2), (0, 18)))
    y, argmax = reference.max_pool2d_forward(x, *geometry)
    actual, actual_argmax = _native.max_pool2d_forward(x, *geometry)
    assert_same_values(actual, y)
    assert argmax.dtype == np.int32 and argmax.max() > 256
    assert_same_values(actual_argmax, argmax)
    dy = np.random.default_rng(1).integers(-9, 9, y.shape).astype(np.float32)
    expected = reference.max_pool2d_backward(dy, argmax, x.shape, *geometry)
    assert_same_values(_native.max_pool2d_backward(dy, actual_argmax, x.shape, *geometry), expected)


@pytest.mark.parametrize("isa_name", available_isas())
@pytest.mark.parametrize("dtype", (np.float32, np.float64))
@pytest.mark.parametrize("channels", range(1, 17))
def test_windows_apart_with_few_channels(isa_name, dtype, channels):
    """A vector of dx crosses windows and gaps between them: at every offset, in rows of about a vector and longer."""
    rng = np.random.default_rng(channels)
    for pool, strides in (((2, 2), (2, 2)), ((1, 1), (1, 1)), ((2, 1), (3, 3)), ((3, 2), (3, 4)), ((1, 3), (2, 3))):
        padding = ((pool[0] - 1, 0), (pool[1] - 1, 0))
        for width in sorted({pool[1], *(max(pool[1], lanes // channels + more)
                                        for lanes in (2, 4, 8, 16) for more in (0, 1)), 19}):
            for pad in (padding, ((0, 0), (0, 0))):
                x = rng.integers(0, 9, (2, 7, width, channels)).astype(dtype)
                _, argmax = reference.max_pool2d_forward(x, pool, strides, pad)
                dy = rng.integers(1, 99, argmax.shape).astype(dtype)
                expected = reference.max_pool2d_backward(dy, argmax, x.shape, pool, strides, pad)
                with isa(isa_name):
                    dx = _native.max_pool2d_backward(dy, argmax, x.shape, pool, strides, pad)
                assert_same_values(dx, expected)


def test_the_lecture_example():
    x = np.array([[8, 7, 5, 3], [12, 9, 5, 7], [13, 2, 10, 3], [9, 4, 5, 14]], np.float32).reshape(1, 4, 4, 1)
    np.testing.assert_array_equal(ops.max_pool2d(x, 2, 2).numpy()[0, :, :, 0], [[12, 7], [13, 14]])
    np.testing.assert_array_equal(ops.average_pool2d(x, 2, 2).numpy()[0, :, :, 0], [[9, 5], [7, 8]])


def test_gradient_goes_to_the_first_maximum_and_to_the_first_nan():
    x = Variable(np.array([[1, 5, np.nan, 7], [5, 5, np.nan, 9]], np.float32).reshape(1, 2, 4, 1))
    with tn.GradientTape() as tape:
        y = ops.max_pool2d(x)
    np.testing.assert_array_equal(y.numpy().ravel(), [5, np.nan])
    np.testing.assert_array_equal(tape.gradient(y, x).numpy()[0, :, :, 0], [[0, 1, 1, 0], [0, 0, 0, 0]])


def test_padding_never_wins():
    x = Variable(np.full((1, 3, 3, 1), -np.inf, np.float32))
    with tn.GradientTape() as tape:
        y = ops.max_pool2d(x, 3, 1, "same")
    assert np.all(y.numpy() == -np.inf)
    assert tape.gradient(y, x).numpy().sum() == 9


@pytest.mark.parametrize("data_format", ("channels_last", "channels_first"))
@pytest.mark.parametrize(
    ("pool", "strides", "padding"), ((2, None, "valid"), (3, 2, "same"), ((2, 3), (1, 2), "valid"), (2, 3, "same"))
)
def test_gradient(pool, strides, padding, data_format):
    # no two within the step of a difference
    x = np.random.default_rng(3).permutation(2 * 7 * 8 * 5).reshape(2, 7, 8, 5) / 10
    assert_gradient(lambda x: ops.max_pool2d(x, pool, strides, padding, data_format), x)


def test_max_pool_takes_sequences_and_images():
    x = np.random.default_rng(0).standard_normal((2, 7, 3)).astype(np.float32)
    y = ops.max_pool(x, 3, 2, "same").numpy()
    np.testing.assert_array_equal(
        y, np.stack([x[:, 0:2].max(1), x[:, 1:4].max(1), x[:, 3:6].max(1), x[:, 5:7].max(1)], 1)
    )
    first = ops.max_pool(x.transpose(0, 2, 1), (3,), (2,), "same", "channels_first").numpy()
    np.testing.assert_array_equal(first, y.transpose(0, 2, 1))
    image = x.reshape(1, 2, 7, 3)
    np.testing.assert_array_equal(ops.max_pool(image, 2).numpy(), ops.max_pool2d(image, 2).numpy())
    with pytest.raises(ValueError, match="expected 3 axes"):
        ops.max_pool(x[0], 2)


def test_errors_name_what_was_expected_and_got():
    x = np.zeros((1, 4, 5, 2), np.float32)
    with pytest.raises(ValueError, match=r"max_pool2d: the window is larger than the image. "
                                         r"Got input \(1, 4, 5, 2\), pool_size \(5, 5\)"):
        ops.max_pool2d(x, 5)
    with pytest.raises(ValueError, match="padding must be 'valid' or 'same', got 'full'"):
        ops.max_pool2d(x, 2, padding="full")
    with pytest.raises(ValueError, match=r"got shape \(4, 5, 2\).*channel axis"):
        ops.max_pool2d(x[0])
    with pytest.raises(ValueError, match="pool_size must be a positive int"):
        ops.max_pool2d(x, 0)
    with pytest.raises(ValueError, match="data_format must be"):
        ops.max_pool2d(x, 2, data_format="NHWC")
    with pytest.raises(TypeError, match="expected float32 or float64, got int32"):
        ops.max_pool2d(x.astype(np.int32))
    with pytest.raises(ValueError, match="smaller than the window"):
        _native.max_pool2d_forward(x, (2, 2), (2, 2), ((2, 0), (0, 0)))
    with pytest.raises(TypeError, match="float16"):
        _native.max_pool2d_forward(x.astype(np.float16), (2, 2), (2, 2), ((0, 0), (0, 0)))
