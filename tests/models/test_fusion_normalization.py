"""Batch normalization, ReLU and max pooling as one operation give what they give one by one."""

import numpy as np
import pytest
from checks import assert_same_values
from fusing import as_made, step, unfused

import tinynet as tn
from tinynet import layers
from tinynet.models.population import estimate_population
from tinynet.runtime import kernels

# The folded weights of prediction have tests of their own: test_prediction.py.
pytestmark = pytest.mark.usefixtures("nothing_folded", "ordinary_steps")

POOLED, ALONE = "batch_norm_max_pool2d", "batch_norm"


def chain(activation=layers.ReLU, pooling=None, channels=8, **settings):
    # Of three channels: with fewer the convolution takes part (test_fusion_first_block.py).
    tn.utils.set_random_seed(3)
    return tn.Sequential([
        tn.Input((9, 8, 3)), layers.Conv2D(channels, 3), layers.BatchNormalization(**settings), activation(),
        pooling or layers.MaxPooling2D(), layers.Flatten(), layers.Dense(3),
    ])


def images(batch=7, dtype=np.float32, seed=0):
    return np.random.default_rng(seed).standard_normal((batch, 9, 8, 3)).astype(dtype)


@pytest.fixture
def passes(monkeypatch):
    """How each batch was normalized: `POOLED`, that is together with the pooling, or `ALONE`."""
    calls = []

    def counted(name, kernel):
        return lambda *args: calls.append(name) or kernel(*args)

    for name in (POOLED, ALONE):
        for key in (f"{name}_forward", f"{name}_inference"):
            monkeypatch.setitem(vars(kernels), key, counted(name, vars(kernels)[key]))
    return calls


@pytest.mark.parametrize("activation", [layers.ReLU, lambda: layers.Activation("relu")])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("training", [False, True])
def test_pooling_shares_the_pass(activation, dtype, training, passes):
    before = tn.config.floatx()
    tn.config.set_floatx(dtype)
    try:
        models = [chain(activation) for _ in range(2)]
    finally:
        tn.config.set_floatx(before)
    unfused(models[1])
    x = images(dtype=dtype)
    for _ in range(2):  # the second time with moving averages that differ from 0 and 1
        fused, plain = step(models[0], x, training), step(models[1], x, training)
        assert_same_values(fused[0], plain[0])
        for actual, expected in zip(fused[2], plain[2], strict=True):
            assert_same_values(actual, expected)
        # dgamma and dbeta are sums of 7 * 3 * 3 numbers, or of 7 * 7 * 6 with zeros between them
        size = max(np.abs(gradient).max() for gradient in plain[1])
        for actual, expected in zip(fused[1], plain[1], strict=True):
            np.testing.assert_allclose(actual, expected, rtol=0, atol=64 * np.finfo(dtype).eps * size)
    assert passes == [POOLED, ALONE] * 2


def test_training_with_the_shared_pass(passes):
    x, y = images(32), np.arange(32) % 3
    models = [chain(), unfused(chain())]
    for model in models:
        model.compile("sgd", tn.losses.SparseCategoricalCrossentropy(from_logits=True))
        model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    assert passes.count(POOLED) == 8
    for actual, expected in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6)
    assert_same_values(models[0].predict(x, verbose=0).argmax(1), models[1].predict(x, verbose=0).argmax(1))


class Halved(layers.MaxPooling2D):
    def call(self, x):
        return super().call(x) / 2


@pytest.mark.parametrize("pooling, settings", [
    (lambda: layers.MaxPooling2D(2, strides=1), {}),
    (lambda: layers.MaxPooling2D(padding="same"), {}),
    (lambda: layers.MaxPooling2D(data_format="channels_first"), {}),
    (lambda: layers.MaxPooling2D(1), {}),
    (lambda: layers.MaxPooling2D(dtype="float64"), {}),
    (lambda: layers.MaxPooling2D(activity_regularizer="l2"), {}),
    (lambda: layers.AveragePooling2D(2), {}),
    (Halved, {}),
    (layers.MaxPooling2D, {"axis": 1}),
    (layers.MaxPooling2D, {"activity_regularizer": "l2"}),
    (layers.MaxPooling2D, {"channels": 7}),
    (layers.MaxPooling2D, {"activation": lambda: layers.ReLU(6.0)}),
    (layers.MaxPooling2D, {"activation": lambda: layers.ReLU(activity_regularizer="l2")}),
])
def test_what_cannot_share_with_pooling_is_called_one_by_one(pooling, settings, passes):
    outcomes = []
    for keep in (as_made, unfused):
        model = chain(pooling=pooling(), **settings)
        y = keep(model)(images(), training=True)
        outcomes.append([y.numpy(), *(loss.numpy() for loss in model.losses), *model.get_weights()])
    for actual, expected in zip(*outcomes, strict=True):
        assert_same_values(actual, expected)
    assert passes == [ALONE] * 2


def test_pooling_is_called_by_itself_when_something_changes(passes):
    model, x = chain(), images()
    normalization, relu, pooling = model.layers[1:4]
    plain = model(x, training=True).numpy()
    seen, call = [], pooling.call
    pooling.call = lambda x: seen.append(x.shape) or call(x)
    assert_same_values(model(x, training=True).numpy(), plain)
    assert seen == [(7, 7, 6, 8)]
    del pooling.call
    relu.activity_regularizer = tn.regularizers.L2(0.1)
    model(x, training=True)
    assert len(model.losses) == 1
    relu.activity_regularizer = None
    pooling.strides = (1, 2)
    with pytest.raises(ValueError, match="dense"):
        model(x)
    assert passes == [POOLED, ALONE, ALONE, ALONE]
    pooling.strides = (2, 2)
    masked = tn.convert_to_tensor(x)
    masked._keras_mask = tn.convert_to_tensor(np.ones((7, 9, 8), bool))
    with pytest.warns(UserWarning, match="does not propagate the mask"):
        model(masked)
    assert normalization.built


def test_frozen_normalization_and_pooling(passes):
    model = chain()
    model(images(), training=True)
    model.layers[1].trainable = False
    before = model.layers[1].get_weights()
    fused, plain = step(model, images(), True), step(unfused(model), images(), False)
    assert_same_values(fused[0], plain[0])
    size = max(np.abs(gradient).max() for gradient in plain[1])
    for actual, expected in zip(fused[1], plain[1], strict=True):
        np.testing.assert_allclose(actual, expected, rtol=0, atol=64 * np.finfo(np.float32).eps * size)
    for old, new in zip(before, model.layers[1].get_weights(), strict=True):
        assert_same_values(new, old)
    assert passes == [POOLED, POOLED, ALONE]


def test_errors_with_pooling_name_the_layer_they_come_from(passes):
    tn.utils.set_random_seed(0)
    model = tn.Sequential([layers.BatchNormalization(name="bn"), layers.ReLU(), layers.MaxPooling2D(3, name="pool")])
    for _ in range(2):  # the first call builds all three
        assert model(tn.ops.ones((2, 6, 6, 8))).shape == (2, 2, 2, 8)
    assert passes == [ALONE, POOLED]
    for training in (True, False):
        with pytest.raises(ValueError, match=r"layer 'bn' \(BatchNormalization\), called on \(2, 6, 6, 9\)"):
            model(tn.ops.ones((2, 6, 6, 9)), training=training)
        with pytest.raises(ValueError, match=r"layer 'pool' .*the window is larger than the image"):
            model(tn.ops.ones((2, 2, 6, 8)), training=training)
    with pytest.raises(ValueError, match="no samples"):
        model(tn.ops.ones((0, 6, 6, 8)), training=True)


def test_population_and_outputs_of_layers_with_pooling():
    model, plain, x = chain(), unfused(chain()), images(32)
    for one in (model, plain):
        estimate_population(one, x, batch_size=8)
    for actual, expected in zip(model.get_weights(), plain.get_weights(), strict=True):
        assert_same_values(actual, expected)
    watched = tn.Model(model.inputs, [layer.output for layer in model.layers])
    for output, layer in zip(watched(x), model.layers, strict=True):
        assert output.shape == (32, *layer.output.shape[1:])
    assert_same_values(watched(x)[-1].numpy(), model(x).numpy())
