"""VGG-16: what it is made of, what it costs to look at, what it refuses."""

import subprocess
import sys

import numpy as np
import pytest
from checks import PEAK_MEGABYTES

import tinynet as tn
from tinynet.applications import VGG16
from tinynet.applications.vgg16 import preprocess_input

LAYERS = [
    "block1_conv1", "block1_conv2", "block1_pool", "block2_conv1", "block2_conv2", "block2_pool", "block3_conv1",
    "block3_conv2", "block3_conv3", "block3_pool", "block4_conv1", "block4_conv2", "block4_conv3", "block4_pool",
    "block5_conv1", "block5_conv2", "block5_conv3", "block5_pool",
]


def test_layers_shapes_and_parameters():
    model = VGG16(weights=None)
    assert [layer.name for layer in model.layers[1:]] == [*LAYERS, "flatten", "fc1", "fc2", "predictions"]
    assert model.name == "vgg16" and model.input_shape == (None, 224, 224, 3) and model.output_shape == (None, 1000)
    assert model.count_params() == 138_357_544
    shape, sides, channels = (None, 224, 224, 3), [], []
    for layer in model.layers[1:19]:
        shape = layer.compute_output_shape(shape)
        if layer.name.endswith("pool"):
            sides.append(shape[1:3])
            channels.append(shape[3])
    assert sides == [(112, 112), (56, 56), (28, 28), (14, 14), (7, 7)] and channels == [64, 128, 256, 512, 512]
    assert model.get_layer("fc1").count_params() == 7 * 7 * 512 * 4096 + 4096


WATCHED = PEAK_MEGABYTES + """
import tracemalloc
import tinynet as tn

before = peak_megabytes()
tracemalloc.start()
model = tn.applications.VGG16(weights=None)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
model.summary()
print("MEGABYTES", peak_megabytes() - before, tracemalloc.get_traced_memory()[1] / 2**20)
"""


def test_summary_does_not_allocate_the_weights():
    command = [sys.executable, "-P", "-c", WATCHED]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "138,357,544 (527.79 MB)" in result.stdout
    resident, traced = map(float, result.stdout.split("MEGABYTES")[1].split())
    assert resident < 30 and traced < 10, "the weights alone are 528 MB"


@pytest.mark.parametrize(("arguments", "output_shape", "parameters"), [
    ({"input_shape": (32, 32, 3), "classes": 10}, (None, 10), 33_638_218),
    ({"include_top": False}, (None, None, None, 512), 14_714_688),
    ({"include_top": False, "input_shape": (64, 48, 3)}, (None, 2, 1, 512), 14_714_688),
    ({"include_top": False, "input_shape": (48, 48, 1), "pooling": "max"}, (None, 512), 14_713_536),
    ({"include_top": False, "pooling": "avg"}, (None, 512), 14_714_688),
    ({"include_top": False, "input_tensor": tn.Input((64, 64, 3))}, (None, 2, 2, 512), 14_714_688),
])
def test_variants(arguments, output_shape, parameters):
    model = VGG16(weights=None, **arguments)
    assert model.output_shape == output_shape and model.count_params() == parameters


def test_predicts_probabilities_or_logits():
    x = preprocess_input(np.random.default_rng(0).integers(0, 256, (1, 32, 32, 3), "uint8"))
    features = VGG16(False, None, input_shape=(32, 32, 3), pooling="avg")
    assert features(x).shape == (1, 512) and np.ptp(features(x).numpy()) > 0
    model = tn.Sequential([features, tn.layers.Dense(3, activation="softmax")])
    features.trainable = False
    assert model(x).numpy().sum() == pytest.approx(1, abs=1e-6) and len(model.trainable_variables) == 2
    assert VGG16(weights=None, classifier_activation=None).get_layer("predictions").activation is tn.activations.linear
    assert VGG16(weights=None).get_layer("predictions").activation is tn.activations.softmax


def test_weights_from_a_file(tmp_path):
    first = VGG16(False, None, input_shape=(32, 32, 3))
    path = tmp_path / "vgg.npz"
    tn.utils.save_weights_npz(first, path)
    second = VGG16(False, path, input_shape=(32, 32, 3))
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(("arguments", "message"), [
    ({}, "weights='imagenet' would need a download"),
    ({"weights": "none.npz"}, "there is no file 'none.npz'"),
    ({"weights": "weights.h5"}, "there is no file 'weights.h5'"),
    ({"weights": None, "pooling": "sum"}, "pooling must be None, 'avg' or 'max', got 'sum'"),
    ({"weights": None, "input_shape": (31, 32, 3)}, "32x32 or larger"),
    ({"weights": None, "input_shape": (None, None, 3)}, "need images of a known size"),
    ({"weights": None, "input_shape": (48, 48)}, r"must be \(height, width, channels\), got \(48, 48\)"),
    ({"weights": None, "classes": 0}, "units must be a positive int"),
])
def test_refusals(arguments, message):
    with pytest.raises(ValueError, match=message):
        VGG16(**arguments)


def test_unusual_channels_warn():
    with pytest.warns(UserWarning, match="3 channels"):
        VGG16(False, None, input_shape=(48, 48, 2))


@pytest.mark.parametrize("wrap", [np.asarray, tn.convert_to_tensor])
@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_preprocessing(wrap, dtype):
    x = np.arange(24).reshape(2, 2, 2, 3).astype(dtype)
    kept = x.copy()
    y = preprocess_input(wrap(x))
    expected = x[..., ::-1] - np.array([103.939, 116.779, 123.68])
    np.testing.assert_allclose(np.asarray(y), expected, rtol=1e-5)
    assert isinstance(y, type(wrap(x))) and y.dtype == ("float32" if dtype == "uint8" else dtype)
    np.testing.assert_array_equal(x, kept)
    first = preprocess_input(wrap(np.moveaxis(x, -1, 1).copy()), data_format="channels_first")
    np.testing.assert_array_equal(np.moveaxis(np.asarray(first), 1, -1), np.asarray(y))
    with pytest.raises(ValueError, match="expected RGB images"):
        preprocess_input(wrap(np.ones((4, 4, 1), dtype)))
