"""Average pooling: compiled kernels against float64 references within the bound of a mean, exact on whole sums,
gradients.
"""

import numpy as np
import pytest
from checks import (
    assert_gradient,
    assert_same_values,
    assert_within_bound,
    available_isas,
    isa,
)
from hypothesis import given
from hypothesis import strategies as st
from ops.test_max_pool2d import cases
from strategies import LAYOUTS, in_layout, integer_arrays, normal_arrays

from tinynet import _native, ops, reference


@pytest.mark.parametrize("isa_name", available_isas())
@given(case=cases(normal_arrays), layout=st.sampled_from(LAYOUTS))
def test_forward_is_within_the_bound_of_a_mean(isa_name, case, layout):
    wide = case.x.astype(np.float64)
    exact = reference.average_pool2d_forward(wide, *case.geometry)
    magnitude = reference.average_pool2d_forward(np.abs(wide), *case.geometry)
    taps = case.pool_size[0] * case.pool_size[1]
    with isa(isa_name):
        y = _native.average_pool2d_forward(in_layout(case.x, layout), *case.geometry)
    assert_within_bound(y, exact, magnitude, taps * (1 if y.dtype == np.float32 else 2))  # in float64 both have errors


@pytest.mark.parametrize("isa_name", available_isas())
@given(case=cases(integer_arrays))
def test_whole_sums_equal_the_reference(isa_name, case):
    """The sums are exact, and the one division is rounded as the reference's."""
    with isa(isa_name):
        assert_same_values(_native.average_pool2d_forward(*case), reference.average_pool2d_forward(*case))


@pytest.mark.parametrize("isa_name", available_isas())
@given(case=cases(normal_arrays), layout=st.sampled_from(LAYOUTS), data=st.data())
def test_backward_is_within_its_bound(isa_name, case, layout, data):
    shape, geometry = case.x.shape, case.geometry
    dy = data.draw(normal_arrays(reference.average_pool2d_forward(*case).shape, case.x.dtype))
    exact = reference.average_pool2d_backward(dy.astype(np.float64), shape, *geometry)
    magnitude = reference.average_pool2d_backward(np.abs(dy).astype(np.float64), shape, *geometry)
    taps = case.pool_size[0] * case.pool_size[1]
    with isa(isa_name):
        dx = _native.average_pool2d_backward(in_layout(dy, layout), shape, *geometry)
    assert_within_bound(dx, exact, magnitude, taps * (1 if dy.dtype == np.float32 else 2))


def test_infinities_and_nan_stay_in_their_windows():
    x = np.zeros((1, 4, 6, 17), np.float32)
    x[0, 0, 0], x[0, 3, 3], x[0, 1, 5] = np.inf, np.nan, -np.inf
    y = _native.average_pool2d_forward(x, (2, 2), (2, 2), ((0, 0), (0, 0)))[0, :, :, 0]
    np.testing.assert_array_equal(y, [[np.inf, 0, -np.inf], [0, np.nan, 0]])


def test_pixels_outside_the_image_do_not_count():
    y = ops.average_pool2d(np.ones((2, 5, 7, 3), np.float32), 3, 2, "same").numpy()
    np.testing.assert_array_equal(y, np.ones((2, 3, 4, 3), np.float32))


@pytest.mark.parametrize("data_format", ("channels_last", "channels_first"))
@pytest.mark.parametrize(
    ("pool", "strides", "padding"), ((2, None, "valid"), (3, 2, "same"), ((2, 3), (1, 2), "valid"), (2, 3, "same"))
)
def test_gradient(pool, strides, padding, data_format):
    x = np.random.default_rng(3).standard_normal((2, 7, 8, 5))
    assert_gradient(lambda x: ops.average_pool2d(x, pool, strides, padding, data_format), x)


def test_average_pool_takes_sequences():
    x = np.arange(12, dtype=np.float32).reshape(1, 6, 2)
    np.testing.assert_array_equal(ops.average_pool(x, 3).numpy(), [[[2, 3], [8, 9]]])
    assert_gradient(lambda x: ops.average_pool(x, 3, 2, "same"), np.random.default_rng(0).standard_normal((2, 7, 3)))


def test_errors():
    with pytest.raises(ValueError, match="average_pool2d: the window is larger than the image"):
        ops.average_pool2d(np.zeros((1, 2, 2, 1), np.float32), 3)
