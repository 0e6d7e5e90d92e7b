"""Activations: native against reference, gradients, special values, layouts, threads."""

import numpy as np
from checks import assert_gradient, assert_same_bits_on_any_threads, assert_same_values
from hypothesis import given
from strategies import dtypes, in_layout, layouts, sizes, special_arrays
from hypothesis import strategies as st

from tinynet import _native, ops, reference


@given(st.data(), sizes, dtypes, layouts)
def test_native_matches_reference(data, size, dtype, layout):
    x = data.draw(special_arrays((size, 3), dtype))
    assert_same_values(_native.activation_forward(in_layout(x, layout), "relu"), reference.activation_forward(x, "relu"))


def test_gradient():
    assert_gradient(ops.relu, np.array([-2.0, -0.5, 0.5, 3.0]))


def test_same_bits_on_any_threads():
    x = np.random.default_rng(0).standard_normal(100_003).astype(np.float32)
    assert_same_bits_on_any_threads(lambda: _native.activation_forward(x, "relu"))
