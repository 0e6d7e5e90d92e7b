"""Operations that take sequences or images: each by its formula, with every argument, in both layouts."""

import numpy as np
import pytest

from tinynet import ops

# (strides, dilation_rate): an image has one for each axis.
GEOMETRIES = [(1, 1), (2, 1), (1, 3)]


def whole(*shape):
    """Small whole numbers, whose sums are exact in any order."""
    return np.random.default_rng(len(shape)).integers(-4, 5, shape).astype(np.float32)


def conv(x, kernel, stride, dilation):
    """y[n, i, f] = sum over p, c of x[n, i stride + p dilation, c] kernel[p, c, f], group by group of channels."""
    depth, reach = kernel.shape[1], (len(kernel) - 1) * dilation
    groups = np.split(x, x.shape[-1] // depth, axis=-1)
    starts = range(0, x.shape[1] - reach, stride)
    return np.concatenate([
        np.stack([np.einsum("npc,pcf->nf", part[:, i:i + reach + 1:dilation], filters) for i in starts], axis=1)
        for part, filters in zip(groups, np.split(kernel, len(groups), axis=-1), strict=True)], axis=-1)


def conv_transpose(x, kernel, stride, dilation):
    """y[n, i stride + p dilation, f] = sum over p, c of x[n, i, c] kernel[p, f, c]"""
    y = np.zeros((len(x), (x.shape[1] - 1) * stride + max(stride, (len(kernel) - 1) * dilation + 1), kernel.shape[1]))
    for i in range(x.shape[1]):
        for p in range(len(kernel)):
            y[:, i * stride + p * dilation] += x[:, i] @ kernel[p].T
    return y


def depthwise_conv(x, kernel, stride, dilation):
    """y[n, i, c M + m] = sum over p of x[n, i stride + p dilation, c] kernel[p, c, m]"""
    reach = (len(kernel) - 1) * dilation
    return np.stack([np.einsum("npc,pcm->ncm", x[:, i:i + reach + 1:dilation], kernel).reshape(len(x), -1)
                     for i in range(0, x.shape[1] - reach, stride)], axis=1)


FORMULAS = {"conv": (conv, (3, 4, 6)), "conv in groups": (conv, (3, 2, 6)),
            "conv_transpose": (conv_transpose, (3, 5, 4)), "depthwise_conv": (depthwise_conv, (3, 4, 2))}


def both_layouts(operation, x, *kernels, **options):
    y = operation(x, *kernels, **options).numpy()
    first = operation(np.moveaxis(x, -1, 1), *kernels, data_format="channels_first", **options).numpy()
    np.testing.assert_array_equal(np.moveaxis(first, 1, -1), y)
    np.testing.assert_array_equal(operation(x, *kernels, data_format="channels_last", **options).numpy(), y)
    return y


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize(("stride", "dilation"), GEOMETRIES)
def test_sequences_and_images(name, stride, dilation):
    """An image with one row, or one column, is a sequence, and its kernel has one, too."""
    formula, shape = FORMULAS[name]
    operation = getattr(ops, name.split()[0])
    x, kernel = whole(2, 9, 4), whole(*shape)
    expected = formula(x, kernel, stride, dilation)
    for strides, rate in ((stride, dilation), ([stride], (dilation,))):
        np.testing.assert_array_equal(both_layouts(operation, x, kernel, strides=strides, dilation_rate=rate), expected)
    uniform = name == "depthwise_conv"  # of images: one stride for both axes
    for axis in (1, 2):
        one = [1, 1]
        one[axis - 1] = stride
        rate = [1, 1]
        rate[axis - 1] = dilation
        y = both_layouts(operation, np.expand_dims(x, 3 - axis), np.expand_dims(kernel, 2 - axis),
                         strides=stride if uniform else tuple(one), dilation_rate=tuple(rate))
        np.testing.assert_array_equal(np.squeeze(y[:, :1] if axis == 2 else y[:, :, :1], 3 - axis), expected)


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_padding(padding):
    x, length = whole(2, 9, 4), {"valid": 7, "same": 9}[padding]
    for name, shape in (("conv", (3, 4, 6)), ("depthwise_conv", (3, 4, 2))):
        operation, kernel = getattr(ops, name), whole(*shape)
        padded = np.pad(x, ((0, 0), (1, 1), (0, 0))) if padding == "same" else x
        y = both_layouts(operation, x, kernel, padding=padding)
        assert y.shape[1] == length
        np.testing.assert_array_equal(y, FORMULAS[name][0](padded, kernel, 1, 1))
    kernel = whole(3, 5, 4)
    y, full = both_layouts(ops.conv_transpose, x, kernel, padding=padding), conv_transpose(x, kernel, 1, 1)
    np.testing.assert_array_equal(y, full[:, 1:-1] if padding == "same" else full)


@pytest.mark.parametrize("output_padding", [1, [1], (1,)])
def test_output_padding_lengthens_a_transposed_convolution(output_padding):
    x, kernel = whole(2, 4, 3), whole(3, 5, 3)
    y = both_layouts(ops.conv_transpose, x, kernel, strides=2, output_padding=output_padding)
    expected = conv_transpose(x, kernel, 2, 1)
    assert y.shape[1] == (4 - 1) * 2 + 3 + 1
    np.testing.assert_array_equal(y[:, :-1], expected)
    image = both_layouts(ops.conv_transpose, x[:, :, None], kernel[:, None], strides=(2, 1), output_padding=(1, 0))
    np.testing.assert_array_equal(image[:, :, 0], y)


@pytest.mark.parametrize(("stride", "dilation"), GEOMETRIES)
def test_separable_convolutions(stride, dilation):
    x, depthwise, pointwise = whole(2, 9, 4), whole(3, 4, 2), whole(1, 8, 5)
    y = both_layouts(ops.separable_conv, x, depthwise, pointwise, strides=stride, dilation_rate=dilation)
    np.testing.assert_array_equal(y, depthwise_conv(x, depthwise, stride, dilation) @ pointwise[0])
    padded = np.pad(x, ((0, 0), (1, 1), (0, 0)))
    y = both_layouts(ops.separable_conv, x, depthwise, pointwise, padding="same")
    np.testing.assert_array_equal(y, depthwise_conv(padded, depthwise, 1, 1) @ pointwise[0])


@pytest.mark.parametrize("name", ["conv", "conv_transpose", "depthwise_conv"])
@pytest.mark.parametrize("shape", [(2, 3), (1, 2, 2, 2, 3)])
def test_neither_sequences_nor_images(name, shape):
    with pytest.raises(ValueError, match=f"{name}: inputs must be sequences .* got shape"):
        getattr(ops, name)(np.ones(shape, np.float32), np.ones((1, 3, 3), np.float32))
