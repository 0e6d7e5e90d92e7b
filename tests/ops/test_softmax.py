"""Softmax and its relatives: native against reference within (K + 6) u, sums of 1, gradients, axes, special rows."""

import numpy as np
import pytest
from checks import (
    assert_gradient,
    assert_same_values,
    assert_within_bound,
    available_isas,
    isa,
    unit_roundoff,
)
from hypothesis import given
from hypothesis import strategies as st
from strategies import dtypes, in_layout, layouts, normal_arrays, positive_sizes, sizes, special_arrays

import tinynet as tn
from tinynet import _native, ops, reference

rows_and_classes = st.tuples(sizes, positive_sizes)


def exact_softmax(x):
    return reference.softmax_forward(x.astype(np.longdouble))


@given(st.data(), rows_and_classes, dtypes, layouts, st.sampled_from(available_isas()),
       st.sampled_from([0.1, 3.0, 30.0]))
def test_softmax_is_within_its_bound(data, shape, dtype, layout, isa_name, scale):
    x = data.draw(normal_arrays(shape, dtype, scale=scale))
    exact = exact_softmax(x)
    with isa(isa_name):
        y = _native.softmax_forward(in_layout(x, layout))
    assert y.dtype == dtype and y.shape == x.shape
    u, classes = unit_roundoff(dtype), shape[1]
    # x - max is rounded once, which in the exponent counts times its size.
    spread = np.abs(x.astype(np.float64) - x.max(axis=-1, keepdims=True)) if x.size else 0
    assert np.all(np.abs(y - exact) <= (classes + 6 + spread) * u * exact + 4 * np.finfo(dtype).tiny)
    assert np.all(
        np.abs(y.astype(np.longdouble).sum(axis=-1) - 1) <= (classes + 2) * u + classes * np.finfo(dtype).tiny
    )


@given(st.data(), rows_and_classes, dtypes, layouts, st.sampled_from(available_isas()))
def test_log_softmax_is_within_its_bound(data, shape, dtype, layout, isa_name):
    x = data.draw(normal_arrays(shape, dtype, scale=5.0))
    exact = reference.log_softmax_forward(x.astype(np.longdouble))
    with isa(isa_name):
        y = _native.log_softmax_forward(in_layout(x, layout))
    # The sum's relative error becomes the logarithm's absolute one: hence the 1.
    assert_within_bound(y, exact.astype(np.float64), 1 + np.abs(exact).astype(np.float64), shape[1] + 6)


@given(st.data(), rows_and_classes, dtypes, layouts, st.sampled_from(available_isas()))
def test_backward_is_within_its_bound(data, shape, dtype, layout, isa_name):
    x, dy = data.draw(normal_arrays(shape, dtype)), data.draw(normal_arrays(shape, dtype))
    y, log_y = reference.softmax_forward(x), reference.log_softmax_forward(x)
    wide = [array.astype(np.float64) for array in (dy, y, log_y)]
    with isa(isa_name):
        dx = _native.softmax_backward(in_layout(dy, layout), in_layout(y, layout))
        dx_log = _native.log_softmax_backward(in_layout(dy, layout), in_layout(log_y, layout))
    magnitude = wide[1] * (np.abs(wide[0]) + (np.abs(wide[0]) * wide[1]).sum(axis=-1, keepdims=True))
    assert_within_bound(dx, reference.softmax_backward(wide[0], wide[1]), magnitude, shape[1] + 4)
    magnitude = np.abs(wide[0]) + np.exp(wide[2]) * np.abs(wide[0]).sum(axis=-1, keepdims=True)
    assert_within_bound(dx_log, reference.log_softmax_backward(wide[0], wide[2]), magnitude, shape[1] + 10)


@given(st.data(), rows_and_classes, dtypes)
def test_rows_with_nan_and_infinity(data, shape, dtype):
    x = data.draw(special_arrays(shape, dtype))
    for name in ("softmax_forward", "log_softmax_forward"):
        actual, expected = getattr(_native, name)(x), getattr(reference, name)(x)
        for kind in (np.isnan, np.isposinf, np.isneginf):
            np.testing.assert_array_equal(kind(actual), kind(expected))


def test_a_row_does_not_depend_on_its_neighbours():
    for classes in (1, 3, 10, 31, 64, 65, 100):
        x = np.random.default_rng(classes).standard_normal((77, classes)).astype(np.float32)
        alone = np.concatenate([_native.softmax_forward(x[i : i + 1]) for i in range(77)])
        assert_same_values(_native.softmax_forward(x), alone)


def test_large_numbers_do_not_overflow():
    np.testing.assert_array_equal(ops.softmax(np.float32([[1000, 1000], [-1000, 0]])).data,
                                  np.float32([[0.5, 0.5], [0, 1]]))
    np.testing.assert_array_equal(ops.log_softmax(np.float32([[-1000, 0]])).data, np.float32([[-1000, 0]]))


@pytest.mark.parametrize("operation", [ops.softmax, ops.log_softmax, ops.sparsemax, ops.glu])
@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_gradient_along_any_axis(operation, axis):
    x = np.random.default_rng(0).standard_normal((4, 6, 2))
    assert_gradient(lambda t: operation(t, axis=axis), x)


@pytest.mark.parametrize("operation", [ops.softmax, ops.log_softmax, ops.sparsemax])
@pytest.mark.parametrize("axis", [(1, 2), (0, -1), None])
def test_several_axes_are_one_row(operation, axis):
    x = np.random.default_rng(0).standard_normal((3, 4, 2))
    y = operation(x, axis=axis).data
    total = np.exp(y).sum(axis) if operation is ops.log_softmax else y.sum(axis)
    assert np.all(np.abs(total - 1) <= 30 * unit_roundoff(np.float64))
    assert_gradient(lambda t: operation(t, axis=axis), x)


@given(st.data(), rows_and_classes, dtypes)
def test_sparsemax_is_the_nearest_point_of_the_simplex(data, shape, dtype):
    """Optimal exactly when y = max(x - t, 0) for one t a row, and the sum is 1."""
    x = data.draw(normal_arrays(shape, dtype, scale=2.0))
    y = ops.sparsemax(x).data
    assert y.dtype == dtype and y.shape == x.shape
    error = 4 * shape[1] * unit_roundoff(dtype) * (1 + np.abs(x).max(initial=0))
    assert np.all(y >= 0) and np.all(np.abs(y.sum(axis=-1) - 1) <= shape[1] * error)
    t = np.max(np.where(y > 0, x - y, -np.inf), axis=-1, keepdims=True)
    assert np.all(np.abs(y - np.maximum(x - t, 0)) <= error)


def test_sparsemax_values():
    np.testing.assert_array_equal(ops.sparsemax(np.float32([[3, 0, 0], [0.5, 0.5, -2], [1, 1, 1]])).data[:2],
                                  np.float32([[1, 0, 0], [0.5, 0.5, 0]]))


def test_glu_values_and_odd_sizes():
    np.testing.assert_array_equal(ops.glu(np.float32([[2, 4, 0, 0]])).data, np.float32([[1, 2]]))
    with pytest.raises(ValueError, match="odd"):
        ops.glu(np.zeros((2, 3), np.float32))


def test_empty_and_misplaced_axes():
    assert ops.softmax(np.zeros((0, 5), np.float32)).shape == (0, 5)
    assert ops.softmax(np.zeros((5, 0), np.float32)).shape == (5, 0)
    assert ops.softmax(np.zeros((5, 0), np.float32), axis=0).shape == (5, 0)
    with pytest.raises(ValueError, match="axis 2 does not exist"):
        ops.softmax(np.zeros((5, 2), np.float32), axis=2)


def test_both_backends_agree():
    x = np.random.default_rng(0).standard_normal((5, 7))
    with tn.backend("numpy"):
        expected = ops.softmax(x, axis=0).data
    assert_within_bound(ops.softmax(x, axis=0).data, expected, expected, 7 + 6)
