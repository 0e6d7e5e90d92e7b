"""Transposed convolution: it is conv2d's adjoint, sizes follow Keras's rules, gradients, errors."""

import numpy as np
import pytest
from checks import assert_gradient
from hypothesis import given
from hypothesis import strategies as st
from strategies import dtypes

import tinynet as tn
from tinynet import ops

geometries = {"size": st.integers(1, 9), "kernel": st.integers(1, 5), "stride": st.integers(1, 4),
              "dilation": st.integers(1, 2),
              "padding": st.sampled_from(("valid", "same")), "seed": st.integers(0, 2**32 - 1)}


def spread(x, kernel, stride, dilation):
    """The definition, 'valid': each pixel times the kernel, added up where it lands."""
    batch, height, width, _ = x.shape
    span = [dilation * (k - 1) + 1 for k in kernel.shape[:2]]
    y = np.zeros((batch, (height - 1) * stride + span[0], (width - 1) * stride + span[1], kernel.shape[2]), x.dtype)
    for i in range(height):
        for j in range(width):
            patch = np.einsum("nc,pqfc->npqf", x[:, i, j], kernel)
            y[:, i * stride : i * stride + span[0] : dilation, j * stride : j * stride + span[1] : dilation] += patch
    return y


@given(**geometries, dtype=dtypes)
def test_spreads_each_pixel(size, kernel, stride, dilation, padding, seed, dtype):
    rng = np.random.default_rng(seed)
    x, taps = (
        rng.integers(-4, 5, (2, size, size + 1, 3)).astype(dtype),
        rng.integers(-4, 5, (kernel, kernel, 2, 3)).astype(dtype),
    )
    y = ops.conv2d_transpose(x, taps, strides=stride, padding=padding, dilation_rate=dilation).numpy()
    full = spread(x, taps, stride, dilation)
    if padding == "valid":  # a stride larger than the kernel leaves zeros at the end
        np.testing.assert_array_equal(y[:, : full.shape[1], : full.shape[2]], full)
        assert y.shape[1:3] == tuple(f + max(0, stride - dilation * (kernel - 1) - 1) for f in full.shape[1:3])
        assert not y[:, full.shape[1] :].any()
    else:
        assert y.shape[1:3] == (size * stride, (size + 1) * stride)
        cut = max(0, dilation * (kernel - 1) + 1 - stride) // 2
        full = np.pad(full, ((0, 0), (0, stride), (0, stride), (0, 0)))
        np.testing.assert_array_equal(y, full[:, cut : cut + y.shape[1], cut : cut + y.shape[2]])


@given(**geometries)
def test_adjoint(size, kernel, stride, dilation, padding, seed):
    """<conv(a), x> = <a, conv_transpose(x)> where both have the same padding: exact on whole numbers."""
    rng = np.random.default_rng(seed)
    x = rng.integers(-4, 5, (1, size, size, 3)).astype(np.float64)
    taps = rng.integers(-4, 5, (kernel, kernel, 2, 3)).astype(np.float64)
    y = ops.conv2d_transpose(x, taps, strides=stride, padding=padding, dilation_rate=dilation).numpy()
    a = rng.integers(-4, 5, y.shape).astype(np.float64)
    back = ops.conv2d(a, taps, strides=stride, padding=padding, dilation_rate=dilation).numpy()
    assert np.vdot(back, x) == np.vdot(a, y)


@pytest.mark.parametrize("size, kernel, stride, padding, output_padding, expected", [
    (7, 3, 2, "same", None, 14), (7, 3, 2, "valid", None, 15), (7, 2, 2, "valid", None, 14),
    (7, 1, 3, "valid", None, 21),
    (7, 3, 2, "same", 0, 13), (7, 3, 2, "same", 1, 14), (7, 3, 2, "valid", 1, 16), (7, 4, 2, "same", 0, 12),
])
def test_output_size(size, kernel, stride, padding, output_padding, expected):
    assert ops.conv_transpose_output_size(size, kernel, stride, padding, output_padding) == expected
    y = ops.conv2d_transpose(np.ones((1, size, size, 1), np.float32), np.ones((kernel, kernel, 1, 1), np.float32),
                             strides=stride, padding=padding, output_padding=output_padding)
    assert y.shape == (1, expected, expected, 1)


@pytest.mark.parametrize("options", [
    {}, {"strides": 2, "padding": "same"}, {"strides": 3, "output_padding": 1}, {"dilation_rate": 2},
    {"activation": "relu"},
    {"strides": (1, 2), "padding": "same", "data_format": "channels_first"},
])
def test_gradient(options):
    rng = np.random.default_rng(0)
    size = (2, 3, 4, 5) if "data_format" in options else (2, 4, 5, 3)
    assert_gradient(lambda x, kernel, bias: ops.conv2d_transpose(x, kernel, bias, **options), rng.standard_normal(size),
                    rng.standard_normal((3, 3, 2, 3)), rng.standard_normal(2))


def test_many_channels_take_the_fast_way():
    """Channels in whole vectors may run by Winograd: its gradients still agree with the reference."""
    rng = np.random.default_rng(0)
    x, kernel = (
        rng.standard_normal((2, 8, 8, 32)).astype(np.float32),
        rng.standard_normal((3, 3, 32, 32)).astype(np.float32),
    )
    native = ops.conv2d_transpose(x, kernel, padding="same").numpy()
    with tn.backend("numpy"):
        exact = ops.conv2d_transpose(x.astype(np.float64), kernel.astype(np.float64), padding="same").numpy()
        size = ops.conv2d_transpose(np.abs(x), np.abs(kernel), padding="same").numpy()
    assert np.all(np.abs(native - exact) <= 1e-5 * size.max())


def test_empty_batch():
    assert ops.conv2d_transpose(
        np.ones((0, 4, 4, 2), np.float32), np.ones((3, 3, 5, 2), np.float32), strides=2
    ).shape == (0, 9, 9, 5)


def f32(*shape):
    return np.ones(shape, np.float32)


@pytest.mark.parametrize("arguments, options, error, message", [
    ((f32(1, 5, 5, 3), f32(3, 3, 3, 4)), {}, ValueError,
     r"input has 3 channels but kernel expects 4.*\(height, width, out, in\)"),
    ((f32(5, 5, 3), f32(3, 3, 1, 3)), {}, ValueError, "expected an input"),
    ((f32(1, 5, 5, 3), f32(3, 3, 2, 3), f32(3)), {}, ValueError, "2 filters"),
    ((f32(1, 5, 5, 3), f32(3, 3, 2, 3)), {"strides": 2, "output_padding": 2}, ValueError, "less than strides"),
    ((f32(1, 5, 5, 3), f32(3, 3, 2, 3)), {"padding": 1}, ValueError, "padding"),
    ((f32(1, 5, 5, 3), np.ones((3, 3, 2, 3))), {}, TypeError, "float32"),
    ((f32(1, 5, 5, 3), f32(3, 3, 2, 3)), {"activation": "tanh"}, ValueError, "activation"),
])
def test_errors_explain(arguments, options, error, message):
    with pytest.raises(error, match=message):
        ops.conv2d_transpose(*arguments, **options)
