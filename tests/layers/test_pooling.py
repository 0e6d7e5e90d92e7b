"""Pooling and resizing layers: defaults, configs with Keras's keys, both data formats, output shapes, errors."""

import numpy as np
import pytest

from tinynet import layers

X = np.random.default_rng(0).standard_normal((2, 6, 7, 3)).astype(np.float32)

# (layer, its arguments) for images; all take data_format.
IMAGES = [
    (layers.MaxPooling2D, {}), (layers.MaxPooling2D, {"pool_size": (2, 3), "strides": 1, "padding": "same"}),
    (layers.AveragePooling2D, {"pool_size": 3, "strides": (2, 1), "padding": "SAME"}), (layers.GlobalMaxPooling2D, {}),
    (layers.GlobalAveragePooling2D, {"keepdims": True}), (layers.ZeroPadding2D, {"padding": ((1, 2), (3, 0))}),
    (layers.Cropping2D, {"cropping": ((1, 2), (3, 0))}), (layers.UpSampling2D, {"size": (2, 3)}),
    (layers.UpSampling2D, {"interpolation": "bilinear"}),
]


@pytest.mark.parametrize(("layer", "arguments"), IMAGES)
def test_channels_first_is_channels_last_transposed(layer, arguments):
    last = layer(**arguments)(X).numpy()
    first_layer = layer(**arguments, data_format="channels_first")
    first = first_layer(X.transpose(0, 3, 1, 2)).numpy()
    np.testing.assert_allclose(first, last.transpose(0, 3, 1, 2) if last.ndim == 4 else last, rtol=1e-5, atol=1e-6)
    assert first_layer.compute_output_shape((None, 3, 6, 7)) == (None, *first.shape[1:])


@pytest.mark.parametrize(("layer", "arguments"), [
    (layers.MaxPooling1D, {}), (layers.AveragePooling1D, {"pool_size": 3, "strides": 2, "padding": "same"}),
    (layers.GlobalMaxPooling1D, {}), (layers.GlobalAveragePooling1D, {"keepdims": True}),
    (layers.ZeroPadding1D, {"padding": (2, 1)}),
])
def test_sequences_with_channels_first(layer, arguments):
    last = layer(**arguments)(X[:, 0]).numpy()
    first = layer(**arguments, data_format="channels_first")(X[:, 0].transpose(0, 2, 1)).numpy()
    np.testing.assert_allclose(first, last.transpose(0, 2, 1) if last.ndim == 3 else last, rtol=1e-5, atol=1e-6)


def test_configs_have_keras_keys():
    def config(layer):
        return {key: value for key, value in layer.get_config().items() if key not in ("name", "trainable", "dtype")}

    assert config(layers.MaxPooling2D()) == {
        "pool_size": (2, 2), "padding": "valid", "strides": (2, 2), "data_format": "channels_last"
    }
    assert config(layers.AveragePooling1D(3, 1)) == {
        "pool_size": (3,), "padding": "valid", "strides": (1,), "data_format": "channels_last"
    }
    assert config(layers.GlobalMaxPooling1D()) == {"data_format": "channels_last", "keepdims": False}
    assert config(layers.ZeroPadding1D(2)) == {"padding": (2, 2), "data_format": "channels_last"}
    assert config(layers.ZeroPadding2D((1, 2))) == {"padding": ((1, 1), (2, 2)), "data_format": "channels_last"}
    assert config(layers.Cropping1D(1)) == {"cropping": (1, 1)}
    assert config(layers.Cropping2D(1)) == {"cropping": ((1, 1), (1, 1)), "data_format": "channels_last"}
    assert config(layers.UpSampling1D()) == {"size": 2}
    assert config(layers.UpSampling2D(3)) == {
        "size": (3, 3), "data_format": "channels_last", "interpolation": "nearest"
    }


def test_names_and_aliases():
    assert layers.MaxPooling2D().name.startswith("max_pooling2d")
    assert layers.MaxPool2D is layers.MaxPooling2D and layers.AvgPool1D is layers.AveragePooling1D
    assert layers.GlobalAvgPool2D is layers.GlobalAveragePooling2D


def test_unknown_lengths_stay_unknown():
    assert layers.MaxPooling2D().compute_output_shape((None, None, 9, 3)) == (None, None, 4, 3)
    assert layers.UpSampling1D(2).compute_output_shape((None, None, 3)) == (None, None, 3)


@pytest.mark.parametrize("layer", [layers.MaxPooling2D, layers.AveragePooling2D])
def test_pixels_are_numbers(layer):
    image = np.array([[0, 255], [250, 3]], np.uint8)[None, :, :, None]
    y = layer(2)(image)
    assert y.dtype == np.float32 and float(y[0, 0, 0, 0]) == (255 if layer is layers.MaxPooling2D else 127)


def test_errors_name_what_was_expected_and_got():
    with pytest.raises(
        ValueError, match=r"expected 4 axes \(batch, height, width, channels\), got shape \(2, 6, 7\).*channel axis"
    ):
        layers.MaxPooling2D()(X[..., 0])
    with pytest.raises(ValueError, match=r"window is larger than the image.*\(2, 6, 7, 3\), pool_size \(8, 8\)"):
        layers.MaxPooling2D(8)(X)
    with pytest.raises(ValueError, match="window is larger than the input"):
        layers.MaxPooling2D(8).compute_output_shape((None, 6, 7, 3))
    with pytest.raises(ValueError, match="padding must be 'valid' or 'same', got 'causal'"):
        layers.AveragePooling1D(2, padding="causal")
    with pytest.raises(ValueError, match=r"nothing is left of axis 1.*\(2, 6, 7, 3\), cropping \(\(3, 3\), \(0, 0\)\)"):
        layers.Cropping2D(((3, 3), (0, 0)))(X)
    with pytest.raises(ValueError, match="padding must be an int or a pair"):
        layers.ZeroPadding1D((1, 2, 3))
    with pytest.raises(ValueError, match="interpolation must be 'nearest' or 'bilinear', got 'bicubic'"):
        layers.UpSampling2D(interpolation="bicubic")


def test_padding_does_not_count_in_the_mean_over_steps():
    x = X[:, :, 0]  # (batch, steps, channels)
    mask = np.array([[True, False, True, False, False, False], [True] * 6])
    y = layers.GlobalAveragePooling1D()(x, mask=mask)
    np.testing.assert_allclose(y, [x[0, [0, 2]].mean(axis=0), x[1].mean(axis=0)], rtol=1e-6)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("layer", "axes"), [
    (getattr(layers, f"{kind}Pooling{axes}D"), axes) for kind in ("Max", "Average") for axes in (1, 2, 3)])
@pytest.mark.parametrize("extent", [2, 3, 4, 5, 6, 7])
def test_shapes_are_those_of_the_results(layer, axes, padding, extent):
    """From the smallest input on, which has one window."""
    pool = layer(pool_size=2, strides=2 + extent % 2, padding=padding)
    shape = (1, *[extent] * axes, 2)
    assert pool.compute_output_shape(shape) == pool(np.ones(shape)).shape
    if padding == "valid":
        with pytest.raises(ValueError, match="larger than the input"):
            pool.compute_output_shape((1, *[1] * axes, 2))
