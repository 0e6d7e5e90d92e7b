"""Networks against Keras's: layers, shapes and names; predictions on the same random weights; files of weights."""

import os

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras")
pytest.importorskip("h5py")

import tinynet as tn  # noqa: E402

NETWORKS = ["VGG16", "VGG19", "ResNet50", "ResNet50V2", "MobileNet", "MobileNetV2", "EfficientNetB0", "EfficientNetB1",
            "InceptionV3", "Xception", "DenseNet121"]
# Of these, layers and connections only: they are made by the same functions, with other numbers.
DEEP = ["ResNet101", "ResNet152", "ResNet101V2", "ResNet152V2", "DenseNet169", "DenseNet201", "EfficientNetB2",
        "EfficientNetB3", "EfficientNetB4", "EfficientNetB5", "EfficientNetB6", "EfficientNetB7"]
SMALLEST = {"InceptionV3": 75, "Xception": 71}


def pair(network, **arguments):
    """(Keras's network, tinynet's), each with automatic names counted from 0."""
    keras.utils.clear_session()
    tn.utils.clear_session()
    arguments = {"weights": None, **arguments}
    return (getattr(keras.applications, network)(**arguments), getattr(tn.applications, network)(**arguments))


def layers_of(model, connections):
    return [(layer.name, type(layer).__name__, connections(layer)) for layer in model.layers]


def assert_same_layers(theirs, ours):
    assert ours.name == theirs.name and ours.output_shape == theirs.output_shape
    assert ours.count_params() == theirs.count_params()
    assert layers_of(ours, lambda layer: [t._node.operation.name for n in layer._nodes for t in n.inputs]) == layers_of(
        theirs, lambda layer: [t._keras_history.operation.name for n in layer._inbound_nodes for t in n.input_tensors])
    assert [(v.path, v.shape) for v in ours.weights] == [(v.path, v.shape) for v in theirs.weights]
    for mine, other in zip(ours.layers, theirs.layers, strict=True):
        theirs_has, ours_has = other.get_config(), mine.get_config()
        for key in ("filters", "units", "kernel_size", "strides", "padding", "use_bias", "pool_size", "rate", "epsilon",
                    "momentum", "scale", "offset", "max_value", "target_shape", "noise_shape", "activation"):
            ours_value, value = ours_has.get(key), theirs_has.get(key)
            if isinstance(value, tuple | list):
                ours_value, value = (np.ravel(np.array(one, object)).tolist() for one in (ours_value, value))
            assert ours_value == value, (mine.name, key)


def randomize(theirs, ours):
    """The same random weights in both, statistics of batch normalization too. The images still matter at the end."""
    rng = np.random.default_rng(0)
    weights = []
    for variable in theirs.weights:
        kind, shape = variable.path.rsplit("/", 1)[-1], variable.shape
        if kind == "count":
            values = np.zeros((), "int32")
        elif "gamma" in kind or "variance" in kind:
            values = rng.uniform(0.8, 1.2, shape).astype("float32")
        elif len(shape) == 1:
            values = 0.1 * rng.standard_normal(shape).astype("float32")
        else:
            values = np.asarray(variable)
        weights.append(values)
    theirs.set_weights(weights)
    ours.set_weights(weights)
    for layer in theirs.layers:  # Keras reads the mean and variance of this layer only when it is told to
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()


def assert_same_predictions(theirs, ours, images):
    expected = np.asarray(theirs(images, training=False))
    assert np.isfinite(expected).all() and np.ptp(expected) > 0
    # Rounding of float32 through 100 layers and more, relative to the largest output.
    np.testing.assert_allclose(ours(images).numpy(), expected, rtol=0, atol=2e-4 * np.abs(expected).max())


def images_for(network, rows=1):
    size = SMALLEST.get(network, 32)
    return np.random.default_rng(1).uniform(0, 255, (rows, size, size, 3)).astype("float32")


@pytest.mark.parametrize("network", ["MobileNetV2", "EfficientNetB0", "InceptionV3", "Xception", *DEEP])
def test_same_layers(network):
    assert_same_layers(*pair(network))


@pytest.mark.parametrize("network", NETWORKS)
def test_same_predictions(network):
    images = images_for(network)
    theirs, ours = pair(network, input_shape=images.shape[1:], classes=10, classifier_activation=None)
    assert_same_layers(theirs, ours)
    randomize(theirs, ours)
    assert_same_predictions(theirs, ours, images)


@pytest.mark.parametrize(("network", "arguments"), [
    ("MobileNet", {"alpha": 0.5, "depth_multiplier": 2, "dropout": 0.2}), ("MobileNet", {"alpha": 0.25}),
    ("MobileNetV2", {"alpha": 0.35}), ("MobileNetV2", {"alpha": 0.75}), ("MobileNetV2", {"alpha": 1.4}),
    ("ResNet50", {"include_top": False, "pooling": "avg"}), ("DenseNet121", {"include_top": False, "pooling": "max"}),
    ("EfficientNetB0", {"include_top": False, "pooling": "max"}), ("ResNet50V2", {"include_top": False}),
    ("VGG19", {"include_top": False, "pooling": "avg"}), ("Xception", {"include_top": False, "pooling": "avg"}),
    ("InceptionV3", {"include_top": False, "pooling": "max"}), ("MobileNetV2", {"include_top": False}),
    ("MobileNet", {"include_top": False, "input_shape": (45, 70, 3)}),
    ("MobileNetV2", {"include_top": False, "input_shape": (45, 70, 3)}),
    ("EfficientNetB0", {"include_top": False, "input_shape": (45, 70, 3)}),
])
def test_variants(network, arguments):
    theirs, ours = pair(network, **arguments)
    assert_same_layers(theirs, ours)
    if "alpha" not in arguments or arguments["alpha"] < 1:
        shape = arguments.get("input_shape") or theirs.input_shape[1:]
        size = SMALLEST.get(network, 48)
        images = np.random.default_rng(1).uniform(0, 255, (1, *[side or size for side in shape[:2]], 3))
        randomize(theirs, ours)
        assert_same_predictions(theirs, ours, images.astype("float32"))


def write_old_weights(model, path):
    """A file as Keras publishes them: weights alone, the layers in order, names with ':0'."""
    import h5py
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [layer.name.encode() for layer in model.layers]
        file.attrs["backend"], file.attrs["keras_version"] = b"tensorflow", b"2.2.4"
        for layer in model.layers:
            group = file.create_group(layer.name)
            weights = layer.trainable_weights + layer.non_trainable_weights
            group.attrs["weight_names"] = [f"{layer.name}/{w.name}:0".encode() for w in weights]
            for weight in weights:
                group[f"{layer.name}/{weight.name}:0"] = np.asarray(weight)


@pytest.mark.parametrize("network", ["ResNet50", "MobileNet", "MobileNetV2", "EfficientNetB0", "InceptionV3",
                                     "Xception", "DenseNet121", "VGG16"])
def test_files_of_keras(network, tmp_path):
    size = SMALLEST.get(network, 32)
    arguments = {"include_top": False, "pooling": "avg", "input_shape": (size, size, 3)}
    theirs, ours = pair(network, **arguments)
    randomize(theirs, ours)
    theirs.save_weights(tmp_path / "new.weights.h5")
    write_old_weights(theirs, tmp_path / "published.h5")
    expected = theirs.get_weights()
    theirs.load_weights(tmp_path / "published.h5")  # Keras reads it, too
    assert_same_arrays(theirs.get_weights(), expected)
    for file in ("new.weights.h5", "published.h5"):
        loaded = getattr(tn.applications, network)(weights=tmp_path / file, **arguments)
        assert_same_arrays(loaded.get_weights(), expected)
    tn.utils.clear_session()
    named = getattr(tn.applications, network)(weights=None, **arguments)
    named.load_weights(tmp_path / "published.h5", by_name=True)
    assert_same_arrays(named.get_weights(), expected)


def assert_same_arrays(arrays, expected):
    for one, other in zip(arrays, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_files_of_tinynet(tmp_path):
    theirs, ours = pair("MobileNetV2", input_shape=(32, 32, 3))
    randomize(theirs, ours)
    ours.save_weights(tmp_path / "ours.weights.h5")
    again = keras.applications.MobileNetV2(input_shape=(32, 32, 3), weights=None)
    again.load_weights(tmp_path / "ours.weights.h5")
    assert_same_predictions(again, ours, images_for("MobileNetV2"))


def test_published_efficientnet_equals_keras_with_imagenet(tmp_path):
    """Keras corrects the standard deviations in its file by a layer after Normalization; tinynet in that layer."""
    deviations = np.array([0.229, 0.224, 0.225], "float32")
    theirs, ours = pair("EfficientNetB0", include_top=False, input_shape=(32, 32, 3), pooling="avg")
    randomize(theirs, ours)
    theirs.layers[2].set_weights([np.array([0.485, 0.456, 0.406], "float32"), deviations, np.zeros((), "int32")])
    theirs.layers[2].finalize_state()
    theirs.save_weights(tmp_path / "published.weights.h5")
    scaled = keras.layers.Rescaling((1 / np.sqrt(deviations)).tolist())
    corrected = keras.models.clone_model(theirs, call_function=lambda layer, x, **kwargs: scaled(layer(x, **kwargs))
                                         if layer.name.startswith("normalization") else layer(x, **kwargs))
    corrected.set_weights(theirs.get_weights())
    next(layer for layer in corrected.layers if isinstance(layer, keras.layers.Normalization)).finalize_state()
    ours = tn.applications.EfficientNetB0(include_top=False, input_shape=(32, 32, 3), pooling="avg",
                                          weights=tmp_path / "published.weights.h5")
    assert_same_predictions(corrected, ours, images_for("EfficientNetB0"))


@pytest.mark.parametrize("module", ["vgg16", "vgg19", "resnet", "resnet50", "resnet_v2", "mobilenet", "mobilenet_v2",
                                    "efficientnet", "inception_v3", "xception", "densenet"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_preprocessing(module, data_format):
    x = np.random.default_rng(0).uniform(0, 255, (2, 3, 5, 3)).astype("float32")
    x = np.moveaxis(x, -1, 1) if data_format == "channels_first" else x
    expected = getattr(keras.applications, module).preprocess_input(x.copy(), data_format)
    ours = getattr(tn.applications, module).preprocess_input(x, data_format)
    np.testing.assert_allclose(ours, np.asarray(expected), rtol=1e-5, atol=1e-4)


def test_names():
    for name in tn.applications.__all__:
        assert hasattr(keras.applications, name)
        module = getattr(tn.applications, name)
        if hasattr(module, "__path__") or not hasattr(module, "__file__"):
            continue
        for public in getattr(module, "__all__", ()):
            assert hasattr(getattr(keras.applications, name), public), f"{name}.{public}"
