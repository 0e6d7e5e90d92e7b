"""Patches of images against a loop over places; the convolution that dispatches by the number of axes."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinynet as tn
from tinynet import ops


@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.integers(1, 2), st.sampled_from(["valid", "same"]))
def test_against_a_loop(rows, columns, stride, dilation, padding):
    x = np.random.default_rng(0).normal(size=(2, 8, 7, 3)).astype("f4")
    got = ops.image.extract_patches(x, (rows, columns), stride, dilation, padding).numpy()
    # A convolution with the identity as its kernel picks every pixel of the window.
    kernel = np.eye(rows * columns * 3, dtype="f4").reshape(rows, columns, 3, -1)
    expected = ops.conv2d(x, kernel, strides=stride, padding=padding, dilation_rate=dilation).numpy()
    np.testing.assert_array_equal(got, expected)


def test_forms():
    x = np.random.default_rng(0).normal(size=(2, 6, 6, 3)).astype("f4")
    got = ops.image.extract_patches(x, 2)
    for n, i, j in itertools.product(range(2), range(3), range(3)):
        np.testing.assert_array_equal(got[n, i, j], x[n, 2 * i:2 * i + 2, 2 * j:2 * j + 2].reshape(-1))
    np.testing.assert_array_equal(ops.image.extract_patches(x[0], 2), got[0])
    first = ops.image.extract_patches(x.transpose(0, 3, 1, 2), 2, data_format="channels_first")
    np.testing.assert_array_equal(first.numpy().transpose(0, 2, 3, 1), got)
    np.testing.assert_array_equal(tn.image.extract_patches(x, [1, 2, 2, 1], [1, 2, 2, 1], [1, 1, 1, 1], "VALID"), got)
    variable = tn.Variable(x)
    with tn.GradientTape() as tape:
        total = ops.sum(ops.image.extract_patches(variable, 3, 1))
    assert tape.gradient(total, variable).numpy()[0, :, :, 0].tolist()[2] == [3, 6, 9, 9, 6, 3]
    patches = ops.image.extract_patches(tn.Input((6, 6, 3)), 2)
    assert patches.shape == (None, 3, 3, 12)
    with pytest.raises(ValueError, match="images must have shape"):
        ops.image.extract_patches(np.zeros((4, 4)), 2)
    with pytest.raises(ValueError, match=r"sizes must be \[1, rows, columns, 1\]"):
        tn.image.extract_patches(x, [2, 2], [1, 2, 2, 1], [1] * 4, "VALID")
    with pytest.raises(AttributeError, match="did you mean 'extract_patches'"):
        ops.image.extract_patch  # noqa: B018


def test_conv_goes_by_the_axes():
    rng = np.random.default_rng(0)
    x, kernel = rng.normal(size=(2, 6, 6, 4)).astype("f4"), rng.normal(size=(3, 3, 4, 5)).astype("f4")
    np.testing.assert_array_equal(ops.conv(x, kernel, 2, "same"), ops.conv2d(x, kernel, strides=2, padding="same"))
    np.testing.assert_array_equal(ops.conv(x[0], kernel[0]), ops.conv1d(x[0], kernel[0]))
    assert ops.conv(x[..., :0], kernel[..., :0, :]).numpy().any() == 0  # sums of nothing
    with pytest.raises(ValueError, match="channels but kernel expects 0"):
        ops.conv(x, kernel[..., :0, :])
    with pytest.raises(ValueError, match=r"conv2d: .*kernel \(3,\)"):
        ops.conv(x, np.ones(3, np.float32))
    grouped = rng.normal(size=(3, 3, 2, 6)).astype("f4")
    np.testing.assert_array_equal(ops.conv(x, grouped), ops.conv2d(x, grouped, groups=2))
    with pytest.raises(ValueError, match="keras.layers.Conv3D"):
        ops.conv(x[None], kernel[None])
