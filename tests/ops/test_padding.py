"""Zeros around images, borders cut off, pixels repeated and interpolated: values and gradients."""

import numpy as np
import pytest
from checks import assert_gradient
from hypothesis import given
from hypothesis import strategies as st

from tinynet.ops.padding import crop, interpolation_weights, upsample_bilinear, upsample_nearest, zero_pad

rng = np.random.default_rng(0)
X = rng.standard_normal((2, 4, 5, 3))
BORDERS = ((1, 0), (2, 3))


def test_zero_pad_is_undone_by_crop():
    y = zero_pad(X, BORDERS).numpy()
    np.testing.assert_array_equal(y, np.pad(X, ((0, 0), *BORDERS, (0, 0))))
    np.testing.assert_array_equal(crop(y, BORDERS).numpy(), X)


def test_upsample_nearest_repeats():
    np.testing.assert_array_equal(upsample_nearest(X, (2, 3)).numpy(), np.kron(X, np.ones((1, 2, 3, 1))))


@given(size=st.integers(1, 9), times=st.integers(1, 7))
def test_interpolation_weights_keep_lines_and_sums(size, times):
    weights = interpolation_weights(size, times, np.float64)
    np.testing.assert_allclose(weights.sum(1), 1, rtol=1e-15)
    centres = (np.arange(size * times) + 0.5) / times - 0.5
    np.testing.assert_allclose(weights @ np.arange(size), np.clip(centres, 0, size - 1), rtol=1e-14, atol=1e-14)


def test_bilinear_of_a_plane_is_the_plane_inside():
    plane = (np.arange(4)[:, None] + 10 * np.arange(5.0))[None, :, :, None]
    y = upsample_bilinear(plane, (2, 2)).numpy()[0, 1:-1, 1:-1, 0]
    np.testing.assert_allclose(np.diff(y, axis=0), 0.5, rtol=1e-13)
    np.testing.assert_allclose(np.diff(y, axis=1), 5, rtol=1e-13)


@pytest.mark.parametrize("function", (
    lambda x: zero_pad(x, BORDERS), lambda x: crop(x, ((1, 0), (2, 1))), lambda x: upsample_nearest(x, (2, 3)),
    lambda x: upsample_bilinear(x, (2, 3)),
))
def test_gradient(function):
    assert_gradient(function, X)


def test_no_samples():
    empty = np.zeros((0, 4, 5, 3), np.float32)
    assert upsample_bilinear(empty, (2, 2)).shape == upsample_nearest(empty, (2, 2)).shape == (0, 8, 10, 3)
