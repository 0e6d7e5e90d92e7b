"""What every layer must do, run over all of them: repeat from its config, know its output shape, train, save its weights."""

import numpy as np
import pytest

import tinynet as tn
from tinynet import layers

# One or more typical instances of each layer: (how to make it, shape of one sample).
CASES = {
    "Activation": (lambda: layers.Activation("tanh"), (6,)),
    "AveragePooling1D": (lambda: layers.AveragePooling1D(3, strides=2, padding="same"), (8, 3)),
    "AveragePooling2D": (lambda: layers.AveragePooling2D(2), (6, 5, 3)),
    "Cropping1D": (lambda: layers.Cropping1D((1, 2)), (8, 3)),
    "Cropping2D": (lambda: layers.Cropping2D(((1, 0), (0, 2))), (5, 6, 3)),
    "Dense": (lambda: layers.Dense(4, activation="relu", kernel_regularizer="l2"), (6,)),
    "Dense on sequences": (lambda: layers.Dense(4, use_bias=False, activation="gelu"), (5, 6)),
    "Dropout": (lambda: layers.Dropout(0.4, seed=3), (6,)),
    "Flatten": (lambda: layers.Flatten(), (3, 4, 2)),
    "GlobalAveragePooling1D": (lambda: layers.GlobalAveragePooling1D(), (5, 6)),
    "GlobalAveragePooling2D": (lambda: layers.GlobalAveragePooling2D(keepdims=True), (3, 4, 6)),
    "GlobalMaxPooling1D": (lambda: layers.GlobalMaxPooling1D(), (5, 6)),
    "GlobalMaxPooling2D": (lambda: layers.GlobalMaxPooling2D(data_format="channels_first"), (6, 3, 4)),
    "Identity": (lambda: layers.Identity(), (6,)),
    "InputLayer": (lambda: layers.InputLayer(shape=(6,)), (6,)),
    "MaxPooling1D": (lambda: layers.MaxPooling1D(), (8, 3)),
    "MaxPooling2D": (lambda: layers.MaxPooling2D(), (6, 5, 3)),
    "MaxPooling2D overlapping": (lambda: layers.MaxPooling2D(3, 2, "same"), (4, 4, 3)),
    "Reshape": (lambda: layers.Reshape((3, -1)), (6,)),
    "UpSampling1D": (lambda: layers.UpSampling1D(3), (4, 3)),
    "UpSampling2D": (lambda: layers.UpSampling2D((2, 3), interpolation="bilinear"), (3, 4, 2)),
    "ZeroPadding1D": (lambda: layers.ZeroPadding1D(2), (4, 3)),
    "ZeroPadding2D": (lambda: layers.ZeroPadding2D(((1, 0), (2, 3))), (3, 4, 2)),
}
NOT_INSTANCES = {"Input", "Layer"}

cases = pytest.mark.parametrize(("make", "shape"), CASES.values(), ids=CASES.keys())


def sample(shape, batch=8, dtype=np.float32):
    return np.random.default_rng(0).standard_normal((batch, *shape)).astype(dtype)


def test_every_layer_has_a_case():
    classes = {getattr(layers, name).__name__ for name in set(layers.__all__) - NOT_INSTANCES}  # some have two names
    assert {name.split(" ")[0] for name in CASES} == classes


@cases
def test_config_round_trip(make, shape):
    layer = make()
    layer(sample(shape))
    twin = type(layer).from_config(layer.get_config())
    assert twin.get_config() == layer.get_config()
    twin(sample(shape))
    twin.set_weights(layer.get_weights())
    np.testing.assert_array_equal(twin(sample(shape)).numpy(), layer(sample(shape)).numpy())


@cases
def test_output_shape_is_known(make, shape):
    layer = make()
    assert layer.compute_output_shape((None, *shape))[1:] == layer(sample(shape)).shape[1:]
    assert layer.compute_output_shape((None, *shape))[0] is None


@cases
def test_empty_batch(make, shape):
    layer = make()
    full = layer(sample(shape))
    assert layer(sample(shape, batch=0)).shape == (0, *full.shape[1:])


@cases
def test_both_backends_agree(make, shape):
    layer = make()
    x = sample(shape)
    native = layer(x).numpy()
    with tn.backend("numpy"):
        reference = layer(x).numpy()
    np.testing.assert_allclose(native, reference, rtol=1e-5, atol=1e-6)


@cases
def test_gradient_with_respect_to_input_and_weights(make, shape):
    tn.config.set_floatx("float64")
    try:
        layer = make()
        x = tn.Variable(sample(shape, batch=3, dtype=np.float64))
        layer(x)
        weights = np.random.default_rng(1).standard_normal(layer(x).shape)
        variables = [x, *layer.trainable_variables]
        with tn.GradientTape() as tape:
            y = layer(x, training=False)
        gradients = tape.gradient(y, variables, output_gradients=weights)
        rng = np.random.default_rng(2)
        for variable, gradient in zip(variables, gradients, strict=True):
            direction, start, step = rng.standard_normal(variable.shape), variable.numpy(), 1e-6
            values = []
            for sign in (1, -1):
                variable.assign(start + sign * step * direction)
                values.append(float((layer(x, training=False).numpy() * weights).sum()))
            variable.assign(start)
            numeric = (values[0] - values[1]) / (2 * step)
            assert numeric == pytest.approx(float((gradient.numpy() * direction).sum()), rel=1e-3, abs=1e-5)
    finally:
        tn.config.set_floatx("float32")


@cases
def test_training_lowers_the_loss(make, shape):
    tn.utils.set_random_seed(0)
    layer = make()
    start = [] if isinstance(layer, layers.InputLayer) else [tn.Input(shape)]
    model = tn.Sequential([*start, layer, layers.Flatten(), layers.Dense(3)])
    model.compile(optimizer=tn.optimizers.SGD(0.05), loss="mse")
    x = sample(shape, batch=32)
    y = np.random.default_rng(1).standard_normal((32, 3)).astype(np.float32)
    before = model.evaluate(x, y, verbose=0)
    model.fit(x, y, epochs=10, verbose=0)
    assert model.evaluate(x, y, verbose=0) < before
