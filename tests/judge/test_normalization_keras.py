"""Normalization, noise and activation layers against Keras on JAX: outputs, gradients through SGD, moving statistics,
configs.

Both compute in float32 in different orders, so 1e-5 of the values' size is what can be asked of one step.
"""

import os
import warnings

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras")
pytest.importorskip("jax")
if keras.backend.backend() != "jax":
    pytest.skip("the judge needs KERAS_BACKEND=jax", allow_module_level=True)

import tinynet as tn  # noqa: E402

rng = np.random.default_rng(0)
IMAGES, ROWS, SEQUENCES = (16, 5, 6, 4), (32, 6), (8, 5, 6)

LAYERS = [
    ("BatchNormalization", {"momentum": 0.9}, IMAGES), ("BatchNormalization", {}, ROWS),
    ("BatchNormalization", {"axis": 1, "momentum": 0.8, "epsilon": 0.01}, IMAGES),
    ("BatchNormalization", {"center": False}, SEQUENCES),
    ("BatchNormalization", {"scale": False, "momentum": 0.5}, IMAGES),
    ("BatchNormalization", {"center": False, "scale": False}, ROWS), ("BatchNormalization", {"trainable": False}, ROWS),
    ("BatchNormalization",
     {"gamma_initializer": "random_uniform", "beta_regularizer": "l2", "gamma_constraint": "non_neg"}, ROWS),
    ("LayerNormalization", {}, SEQUENCES), ("LayerNormalization", {"axis": [1, 2]}, SEQUENCES),
    ("LayerNormalization", {"axis": 1, "epsilon": 0.1}, SEQUENCES),
    ("LayerNormalization", {"center": False, "scale": False}, ROWS),
    ("GroupNormalization", {"groups": 2}, IMAGES), ("GroupNormalization", {"groups": -1, "scale": False}, IMAGES),
    ("GroupNormalization", {"groups": 1}, IMAGES), ("GroupNormalization", {"groups": 5, "axis": 1}, IMAGES),
    ("RMSNormalization", {}, SEQUENCES), ("RMSNormalization", {"axis": [1, 2], "epsilon": 0.1}, SEQUENCES),
    ("UnitNormalization", {}, ROWS), ("UnitNormalization", {"axis": [1, 2]}, SEQUENCES),
    ("ReLU", {}, ROWS), ("ReLU", {"max_value": 1.0, "negative_slope": 0.2, "threshold": 0.3}, ROWS),
    ("LeakyReLU", {}, ROWS), ("LeakyReLU", {"negative_slope": 0.1}, ROWS), ("ELU", {"alpha": 0.5}, ROWS),
    ("PReLU", {"alpha_initializer": "ones"}, SEQUENCES),
    ("PReLU", {"shared_axes": [1, 2], "alpha_regularizer": "l1"}, IMAGES),
    ("Softmax", {}, ROWS), ("Softmax", {"axis": [1, 2]}, SEQUENCES), ("Softmax", {"axis": 1}, SEQUENCES),
]
NOISE = [("GaussianNoise", {"stddev": 0.3}), ("GaussianDropout", {"rate": 0.3}), ("AlphaDropout", {"rate": 0.3}),
         ("AlphaDropout", {"rate": 0.3, "noise_shape": (None, 1)}), ("SpatialDropout1D", {"rate": 0.3}),
         ("SpatialDropout2D", {"rate": 0.3}), ("SpatialDropout2D", {"rate": 0.3, "data_format": "channels_first"}),
         ("SpatialDropout3D", {"rate": 0.3})]
everything = pytest.mark.parametrize("name, arguments, shape", LAYERS, ids=lambda value: str(value))


def numbers(shape):
    return (rng.standard_normal(shape) * 1.5 + 0.5).astype(np.float32)


def pair(name, arguments, shape):
    """The layer of each library with the same weights, as a model that SGD trains."""
    models = []
    for framework in (tn, keras):
        layer = getattr(framework.layers, name)(**arguments)
        model = framework.Sequential([framework.layers.Input(shape[1:]), layer])
        model.compile(framework.optimizers.SGD(0.1), "mse")
        models.append(model)
    ours, theirs = models
    assert [w.name for w in ours.layers[-1].weights] == [w.name for w in theirs.layers[-1].weights]
    if theirs.get_weights():
        values = [value + rng.uniform(0.1, 0.5, value.shape).astype(np.float32) for value in theirs.get_weights()]
        ours.set_weights(values), theirs.set_weights(values)
    return ours, theirs


def close(actual, expected, factor=1.0):
    actual, expected = np.asarray(actual), np.asarray(expected)
    np.testing.assert_allclose(
        actual, expected, rtol=2e-5 * factor, atol=1e-5 * factor * max(1, np.abs(expected).max())
    )


@everything
def test_outputs(name, arguments, shape):
    ours, theirs = pair(name, arguments, shape)
    x = numbers(shape)
    for training in (False, True):
        close(ours(x, training=training).numpy(), theirs(x, training=training))


@everything
def test_sgd_steps(name, arguments, shape):
    """Weights and moving statistics after five steps, and what is predicted with them."""
    ours, theirs = pair(name, arguments, shape)
    x, y = numbers((5 * shape[0], *shape[1:])), numbers((5 * shape[0], *shape[1:]))
    for model in (ours, theirs):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Keras: no trainable weights
            losses = model.fit(x, y, batch_size=shape[0], shuffle=False, verbose=0).history["loss"]
        model.last_loss = losses[-1]
    close(ours.last_loss, theirs.last_loss)
    for actual, expected in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        close(actual, expected, 5)
    close(ours(x).numpy(), theirs(x), 5)


@everything
def test_input_gradient(name, arguments, shape):
    """Through a layer in front: its weights after a step move by the gradient of the input."""
    results = []
    x, y, kernel = numbers(shape), numbers(shape), None
    for framework in (tn, keras):
        layer = getattr(framework.layers, name)(**arguments)
        model = framework.Sequential([framework.layers.Input(shape[1:]), framework.layers.Dense(shape[-1]), layer])
        kernel = np.eye(shape[-1], dtype=np.float32) + 0.1 if kernel is None else kernel
        model.layers[0].set_weights([kernel, np.zeros(shape[-1], np.float32)])
        if "gamma_initializer" in arguments:
            model.layers[1].set_weights([np.full(w.shape, 0.5, np.float32) for w in model.layers[1].weights])
        model.compile(framework.optimizers.SGD(1.0), "mse")
        model.train_on_batch(x, y)
        results.append(model.layers[0].get_weights())
    for ours, theirs in zip(*results, strict=True):
        close(ours, theirs, 2)


@pytest.mark.parametrize("name, arguments", [(name, arguments) for name, arguments, _ in LAYERS] + NOISE, ids=str)
def test_configs_have_the_same_keys_and_values(name, arguments):
    ours, theirs = (
        getattr(framework.layers, name)(**arguments, name="layer").get_config() for framework in (tn, keras)
    )
    assert ours.pop("dtype") == theirs.pop("dtype")
    assert set(ours) == set(theirs)
    for key, value in theirs.items():
        if not isinstance(value, dict):
            assert ours[key] == value or list(ours[key]) == list(value), key


def test_a_masked_batch():
    x = numbers((8, 5, 3))
    mask = rng.random((8, 5)) < 0.6
    layers = [framework.layers.BatchNormalization(momentum=0.5) for framework in (tn, keras)]
    outputs = [np.asarray(layer(x, training=True, mask=mask)) for layer in layers]
    close(*outputs)
    for ours, theirs in zip(layers[0].get_weights(), layers[1].get_weights(), strict=True):
        close(ours, theirs)


def test_a_masked_softmax():
    x, mask = numbers((8, 5)), rng.random((8, 5)) < 0.5
    close(tn.layers.Softmax()(x, mask=mask).numpy(), keras.layers.Softmax()(x, mask=mask))


def test_operations_of_keras_ops():
    x, parameters = numbers((4, 5, 6)), [numbers(6) for _ in range(2)]
    mean, variance = numbers(6), np.abs(numbers(6)) + 0.1
    close(
        tn.ops.batch_normalization(x, mean, variance, -1, *parameters).data,
        keras.ops.batch_normalization(x, mean, variance, -1, *parameters),
    )
    close(tn.ops.layer_normalization(x, *parameters).data, keras.ops.layer_normalization(x, *parameters))
    close(tn.ops.rms_normalization(x, parameters[0]).data, keras.ops.rms_normalization(x, parameters[0]))
    for order in (1, 2, 3):
        close(tn.ops.normalize(x, axis=1, order=order).data, keras.ops.normalize(x, axis=1, order=order))
