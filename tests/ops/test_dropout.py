"""Dropout: the native mask is the reference's, bit for bit, for any dtype, layout and instruction set."""

import checks
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import dtypes, in_layout, layouts, sizes, special_arrays

import tinynet as tn
from tinynet import _native, ops, reference
from tinynet.ops.dropout import kept, philox
from tinynet.random import SeedGenerator

rates = st.one_of(st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]), st.floats(0, 1))
words = st.integers(0, 2**64 - 1)


def test_known_answers():
    """From the test vectors of the Random123 library."""
    ones = 2**64 - 1
    assert [f"{word:08x}" for word in philox([0], 0, 0)[:, 0]] == ["6627e8d5", "e169c58d", "bc57ac4c", "9b00dbd8"]
    assert [f"{word:08x}" for word in philox([ones], ones, ones)[:, 0]] == [
        "408f276d",
        "41c83b0e",
        "a20bc7c6",
        "6d5451fd",
    ]


@given(st.data(), sizes, dtypes, layouts, rates, words, words)
def test_native_equals_reference(data, size, dtype, layout, rate, seed, offset):
    x = data.draw(special_arrays((size, 7), dtype))
    expected = reference.dropout_forward(x, rate, seed, offset)
    checks.assert_same_values(_native.dropout_forward(in_layout(x, layout), rate, seed, offset), expected)
    checks.assert_same_values(_native.dropout_backward(in_layout(x, layout), rate, seed, offset), expected)


@pytest.mark.parametrize("isa", checks.available_isas())
def test_every_instruction_set(isa):
    for dtype in (np.float32, np.float64):
        x = np.random.default_rng(0).standard_normal(70_001).astype(dtype)
        with checks.isa(isa):
            checks.assert_same_values(
                _native.dropout_forward(x, 0.3, 2**63 + 5, 7), reference.dropout_forward(x, 0.3, 2**63 + 5, 7)
            )


def test_mask_depends_on_the_index_alone():
    x = np.ones(5000, np.float32)
    whole = _native.dropout_forward(x, 0.5, 1, 2)
    for size in (1, 255, 256, 257, 4999):
        np.testing.assert_array_equal(_native.dropout_forward(x[:size], 0.5, 1, 2), whole[:size])
    np.testing.assert_array_equal(_native.dropout_forward(x.astype(np.float64), 0.5, 1, 2), whole)


def test_share_of_zeros():
    n = 1_000_000
    for rate in (0.1, 0.5, 0.9):
        dropped = n - np.count_nonzero(kept(n, rate, seed=3, offset=0))
        assert abs(dropped - n * rate) <= 5 * np.sqrt(
            n * rate * (1 - rate)
        )  # five standard deviations, and a fixed seed
    first, second = kept(n, 0.5, 3, 0), kept(n, 0.5, 3, 1)
    assert abs(np.mean(first == second) - 0.5) <= 5 * 0.5 / np.sqrt(n)
    assert abs(np.mean(first[1:] == first[:-1]) - 0.5) <= 5 * 0.5 / np.sqrt(n)


def test_gradient():
    x = np.random.default_rng(0).standard_normal((30, 20))
    checks.assert_gradient(lambda t: ops.dropout(t, 0.4, seed=5), x)
    checks.assert_gradient(lambda t: ops.dropout(t, 0.4, noise_shape=(30, 1), seed=5), x)


def test_noise_shape_drops_whole_slices():
    y = ops.dropout(np.ones((50, 4, 3), np.float32), 0.5, noise_shape=(None, 1, 3), seed=1).numpy()
    assert set(np.unique(y)) == {0, 2}
    np.testing.assert_array_equal(y, np.broadcast_to(y[:, :1], y.shape))
    dropped = ops.dropout(np.full((2, 2), np.nan, np.float32), 1.0, noise_shape=(2, 1), seed=1).numpy()
    np.testing.assert_array_equal(dropped, 0)


def test_seeds():
    x = np.ones(1000, np.float32)
    generator = SeedGenerator(1)
    first, second = ops.dropout(x, 0.5, seed=generator).numpy(), ops.dropout(x, 0.5, seed=generator).numpy()
    assert (first != second).any()
    np.testing.assert_array_equal(ops.dropout(x, 0.5, seed=SeedGenerator(1)).numpy(), first)
    np.testing.assert_array_equal(ops.dropout(x, 0.5, seed=1).numpy(), first)
    with tn.backend("numpy"):
        np.testing.assert_array_equal(ops.dropout(x, 0.5, seed=1).numpy(), first)


def test_errors():
    with pytest.raises(ValueError, match=r"rate must be from 0 to 1, got 1\.5"):
        ops.dropout(np.ones(3, np.float32), 1.5)
    with pytest.raises(TypeError, match="must be floats, got int32"):
        ops.dropout(np.ones(3, np.int32), 0.5)
    with pytest.raises(ValueError, match=r"noise_shape \(2, 2\) does not broadcast to the input's shape \(3, 2\)"):
        ops.dropout(np.ones((3, 2), np.float32), 0.5, noise_shape=(2, 2))


@pytest.mark.parametrize("first", [1, 255, 256, 257, 1000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_part_has_the_numbers_of_its_elements(first, dtype):
    """A process that computes a share of a batch drops what one machine would drop there."""
    x = np.random.default_rng(0).standard_normal(1800).astype(dtype)
    whole = _native.dropout_forward(x, 0.3, 5, 7)
    for size in (0, 1, 8, 255, 256, 600, 800):
        part = np.ascontiguousarray(x[first:first + size])
        np.testing.assert_array_equal(_native.dropout_forward(part, 0.3, 5, 7, first), whole[first:first + size])
        np.testing.assert_array_equal(reference.dropout_forward(part, 0.3, 5, 7, first), whole[first:first + size])
        np.testing.assert_array_equal(_native.dropout_backward(part, 0.3, 5, 7, first), whole[first:first + size])
