"""The sum of two tensors and ReLU in one pass: the bits of both in turn, forward and back."""

import numpy as np
import pytest
from checks import assert_gradient, assert_same_values
from hypothesis import given
from hypothesis import strategies as st
from strategies import dtypes

import tinynet as tn
from tinynet import ops
from tinynet.ops.add_relu import add_relu


@given(shape=st.lists(st.integers(0, 9), max_size=4), dtype=dtypes, seed=st.integers(0, 99))
def test_the_bits_of_both_in_turn(shape, dtype, seed):
    rng = np.random.default_rng(seed)
    a, b, dy = (rng.standard_normal(shape).astype(dtype) for _ in range(3))
    outcomes = []
    for operation in (add_relu, lambda a, b: ops.relu(a + b)):
        left, right = tn.Variable(a), tn.Variable(b)
        with tn.GradientTape() as tape:
            y = operation(left, right)
        gradients = tape.gradient(y, [left, right], output_gradients=tn.convert_to_tensor(dy))
        outcomes.append([np.asarray(part) for part in (y, *gradients)])
    for actual, expected in zip(*outcomes, strict=True):
        assert_same_values(actual, expected)


def test_gradients():
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((3, 4)), rng.standard_normal((3, 4))
    assert_gradient(add_relu, a, b)


def test_a_recorded_gradient_at_zero_is_zero():
    x = tn.Variable([0.0, 1.0, -1.0])
    with tn.GradientTape(), tn.GradientTape() as inner:
        y = add_relu(x, tn.convert_to_tensor(np.zeros(3, np.float32)))
        dx = inner.gradient(y, x)
    assert dx.numpy().tolist() == [0.0, 1.0, 0.0]


def test_nan_stays_and_zeros_have_no_gradient():
    x = tn.Variable([np.nan, 1.0, -1.0, np.inf])
    with tn.GradientTape() as tape:
        y = add_relu(x, tn.convert_to_tensor(np.array([1, -1, 0, 1], np.float32)))
    assert_same_values(y.numpy(), np.array([np.nan, 0, 0, np.inf], np.float32))
    assert_same_values(tape.gradient(y, x).numpy(), np.array([0, 0, 0, 1], np.float32))


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="shapes must be equal"):
        add_relu(np.ones(3), np.ones((1, 3)))
    with pytest.raises(TypeError, match="element types must be equal"):
        add_relu(np.ones(3), np.ones(3, np.float32))
