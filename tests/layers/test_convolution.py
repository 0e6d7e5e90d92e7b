"""Convolutional layers: what they say of shapes."""

import numpy as np
import pytest

import tinynet as tn
from tinynet import layers


@pytest.mark.parametrize("name", ["Conv3D", "MaxPooling3D", "ZeroPadding3D"])
def test_a_missing_axis_of_volumes_is_told_with_the_axes_of_volumes(name):
    layer = layers.Conv3D(4, 3) if name == "Conv3D" else getattr(layers, name)()
    with pytest.raises(ValueError, match=r"\(batch, depth, height, width, channels\).*x\[\.\.\., None\]"):
        layer(tn.Input((8, 8, 8)))


def test_transposed_convolution_takes_the_old_names():
    with pytest.warns(DeprecationWarning, match="nb_filter"):
        layer = layers.Conv2DTranspose(nb_filter=4, kernel_size=3, border_mode="same")
    assert (layer.filters, layer.padding) == (4, "same")


def test_output_padding_belongs_to_its_axis_where_another_one_is_unknown():
    layer = layers.Conv2DTranspose(4, 3, strides=2, output_padding=(0, 1))
    assert layer.compute_output_shape((None, None, 8, 1)) == (None, None, 18, 4)
    assert layer.compute_output_shape((None, 8, 8, 1)) == (None, 17, 18, 4)


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_a_volume_as_deep_as_the_kernel_gives_one_slice(depth):
    layer = layers.Conv3D(2, (2, 1, 1), kernel_initializer="ones")
    x = np.random.default_rng(0).standard_normal((1, depth, 2, 2, 1)).astype("float32")
    sums = x[:, :-1] + x[:, 1:]
    np.testing.assert_allclose(layer(x).numpy(), np.repeat(sums, 2, axis=-1), rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError):
        layer(x[:, :1])
