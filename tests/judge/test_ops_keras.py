"""The names of keras.ops: all are there, or say why they are not; those of any rank compute what Keras's do."""

import os

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras")

import tinynet as tn  # noqa: E402
from tinynet.core.errors import NotInTinynetError  # noqa: E402

rng = np.random.default_rng(0)


@pytest.mark.parametrize("name", [name for name in dir(keras.ops) if name[0] != "_"])
def test_every_name_is_there_or_says_why_not(name):
    try:
        getattr(tn.ops, name)
    except NotInTinynetError as error:
        assert "is not part of tinynet: it " in str(error)


def normal(*shape):
    return rng.standard_normal(shape).astype("float32")


CASES = {
    "conv 1": ("conv", (normal(2, 9, 4), normal(3, 4, 5)), {"strides": 2, "padding": "same"}),
    "conv 1 groups": ("conv", (normal(2, 9, 4), normal(3, 2, 6)), {"dilation_rate": 2}),
    "conv 2": ("conv", (normal(2, 9, 8, 4), normal(3, 2, 4, 5)), {"strides": (2, 1)}),
    "conv_transpose 1": ("conv_transpose", (normal(2, 5, 4), normal(3, 6, 4)), {"strides": 2, "padding": "same"}),
    "conv_transpose 2": ("conv_transpose", (normal(2, 5, 4, 3), normal(3, 3, 2, 3)), {"strides": 2}),
    "depthwise 1": ("depthwise_conv", (normal(2, 9, 4), normal(3, 4, 2)), {"strides": 2}),
    "depthwise 2": ("depthwise_conv", (normal(2, 9, 8, 4), normal(3, 3, 4, 1)), {"padding": "same"}),
    "separable 1": ("separable_conv", (normal(2, 9, 4), normal(3, 4, 2), normal(1, 8, 5)), {}),
    "separable 2": ("separable_conv", (normal(2, 9, 8, 4), normal(3, 3, 4, 1), normal(1, 1, 4, 5)), {"strides": 2}),
    "attention": ("dot_product_attention", (normal(2, 5, 3, 4), normal(2, 6, 3, 4), normal(2, 6, 3, 4)),
                  {"mask": rng.random((2, 1, 5, 6)) < 0.7, "bias": normal(2, 3, 5, 6)}),
    "attention causal": ("dot_product_attention", (normal(2, 5, 3, 4),) * 3, {"is_causal": True, "scale": 0.3}),
    "extract_sequences": ("extract_sequences", (normal(2, 11), 4, 3), {}),
}


@pytest.mark.parametrize(("name", "arrays", "arguments"), CASES.values(), ids=CASES)
def test_values(name, arrays, arguments):
    expected = np.asarray(getattr(keras.ops, name)(*arrays, **arguments))
    actual = getattr(tn.ops, name)(*arrays, **arguments)
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual.numpy(), expected, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("name", ["conv", "depthwise_conv"])
def test_channels_first(name):
    kernel = normal(3, 4, 2)
    x = normal(2, 4, 9)
    first = getattr(tn.ops, name)(x, kernel, data_format="channels_first")
    last = getattr(tn.ops, name)(x.transpose(0, 2, 1), kernel)
    np.testing.assert_array_equal(first.numpy().transpose(0, 2, 1), last.numpy())


def test_volumes_say_what_to_use():
    with pytest.raises(ValueError, match="Conv3D"):
        tn.ops.conv(normal(1, 3, 3, 3, 1), normal(2, 2, 2, 1, 1))
