"""Dropout after the max pooling, in its pass, gives what it gives by itself, and draws the same numbers."""

import numpy as np
import pytest
from checks import assert_same_values
from fusing import as_made, assert_all_same, assert_same_step, forward_kernels, step, unfused

import tinynet as tn
from tinynet import layers

# The folded weights of prediction have tests of their own: test_prediction.py.
pytestmark = pytest.mark.usefixtures("nothing_folded")

SHAPE = (9, 8, 3)  # with fewer channels the convolution takes part


def chain(dropout=lambda: layers.Dropout(0.4), pooling=layers.MaxPooling2D, shape=SHAPE):
    tn.utils.set_random_seed(3)
    return tn.Sequential([
        tn.Input(shape), layers.Conv2D(8, 3), layers.BatchNormalization(), layers.ReLU(),
        pooling(), dropout(), layers.Flatten(), layers.Dense(3),
    ])


def pooled(model):
    """The model, its dropout from now on called by itself."""
    model.layers[4].call = model.layers[4].call
    return model


def images(batch=7, dtype=np.float32, shape=SHAPE):
    return np.random.default_rng(0).standard_normal((batch, *shape)).astype(dtype)


@pytest.fixture
def calls(monkeypatch):
    """Calls of Dropout by itself."""
    seen, call = [], layers.Dropout.call
    monkeypatch.setattr(layers.Dropout, "call", lambda self, x, training=False: seen.append(training)
                        or call(self, x, training))
    return seen


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rate", [0.4, 1.0])
def test_dropout_shares_the_pass(rate, dtype, calls):
    before = tn.config.floatx()
    tn.config.set_floatx(dtype)
    try:
        fused, split, plain = [chain(lambda: layers.Dropout(rate)) for _ in range(3)]
    finally:
        tn.config.set_floatx(before)
    pooled(split), unfused(plain)
    calls.clear()
    x = images(dtype=dtype)
    for _ in range(3):  # a new mask each time
        outcome = step(fused, x, True)
        assert calls == []
        y, gradients, weights = step(split, x, True)
        assert_all_same([outcome[0], *outcome[1], *outcome[2]], [y, *gradients, *weights])
        assert_same_step(outcome, step(plain, x, True))
        assert calls == [True] * 2
        calls.clear()
    states = [model.layers[4].seed_generator.state for model in (fused, split, plain)]
    assert_all_same(states[:2], states[1:])
    assert states[0][1] == 3
    together = ["conv2d_moments_forward", "batch_norm_max_pool2d_inference"]
    assert forward_kernels(fused, x) == together and forward_kernels(split, x) == [*together, "dropout_forward"]


def test_nothing_is_dropped_in_prediction(calls):
    fused, plain = chain(), unfused(chain())
    calls.clear()
    assert_same_step(step(fused, images(), False), step(plain, images(), False))
    assert_same_values(fused(images()).numpy(), plain(images()).numpy())
    assert not any(calls) and len(calls) == 4
    assert fused.layers[4].seed_generator.state[1] == 0


def test_training_with_the_shared_pass(calls):
    x, y = images(32), np.arange(32) % 3
    models = [chain(), unfused(chain())]
    for model in models:
        tn.utils.set_random_seed(4)
        model.compile("sgd", tn.losses.SparseCategoricalCrossentropy(from_logits=True))
        calls.clear()
        model.fit(x, y, batch_size=8, epochs=2, verbose=0)
        assert len(calls) == (0 if model is models[0] else 8)
    for actual, expected in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6)


def test_a_frozen_normalization(calls):
    fused, plain = chain(), unfused(chain())
    for model in (fused, plain):
        model(images(), training=True)
        model.layers[1].trainable = False
    calls.clear()
    outcome = step(fused, images(), True)
    assert calls == []
    assert_same_step(outcome, step(plain, images(), True))


class Halved(layers.Dropout):
    def call(self, x, training=False):
        return super().call(x, training) / 2


@pytest.mark.parametrize("dropout, pooling", [
    (lambda: layers.Dropout(0.4, noise_shape=(None, 1, 1, None)), layers.MaxPooling2D),
    (lambda: layers.Dropout(0.4, activity_regularizer="l2"), layers.MaxPooling2D),
    (lambda: layers.Dropout(0.4, dtype="float64"), layers.MaxPooling2D),
    (lambda: layers.Dropout(0), layers.MaxPooling2D),
    (lambda: Halved(0.4), layers.MaxPooling2D),
    (lambda: layers.SpatialDropout2D(0.4), layers.MaxPooling2D),
    (lambda: layers.GaussianDropout(0.4), layers.MaxPooling2D),
    (layers.ReLU, layers.MaxPooling2D),
    (lambda: layers.Dropout(0.4), lambda: layers.MaxPooling2D(padding="same")),
    (lambda: layers.Dropout(0.4), lambda: layers.AveragePooling2D(2)),
])
def test_what_cannot_share_is_called_one_by_one(dropout, pooling):
    outcomes = []
    for keep in (as_made, unfused):
        model = chain(dropout, pooling)
        y = keep(model)(images(), training=True)
        outcomes.append([y.numpy(), *(loss.numpy() for loss in model.losses), *model.get_weights()])
    assert_all_same(*outcomes)


def test_changes_after_the_model_is_made_count(calls):
    fused, plain = chain(), unfused(chain())
    results = []
    for model in (fused, plain):
        dropout = model.layers[4]
        y = [model(images(), training=True)]
        dropout.rate = 0.7
        y.append(model(images(), training=True))
        calls.clear()
        dropout.activity_regularizer = tn.regularizers.L2(0.1)
        y.append(model(images(), training=True))
        assert len(model.losses) == 1
        dropout.activity_regularizer = None
        dropout.noise_shape = (None, 1, 1, 8)
        y.append(model(images(), training=True))
        dropout.noise_shape = None
        assert calls == [True] * 2
        seen, call = [], dropout.call
        dropout.call = lambda x, training, seen=seen, call=call: seen.append(x.shape) or call(x, training)
        y.append(model(images(), training=True))
        assert seen == [(7, 3, 3, 8)]
        del dropout.call
        dropout.rate = 0
        y.append(model(images(), training=True))
        for rate in (1.5, -0.5):
            dropout.rate = rate
            with pytest.raises(ValueError, match=f"rate must be from 0 to 1, got {rate}"):
                model(images(), training=True)
        results.append([tensor.numpy() for tensor in y])
    assert_all_same(*results)


def test_a_layer_made_without_a_rate_draws_from_the_global_generator():
    results = []
    for model in (chain(lambda: layers.Dropout(0)), unfused(chain(lambda: layers.Dropout(0)))):
        model.layers[4].rate = 0.5
        tn.utils.set_random_seed(5)
        results.append([model(images(), training=True).numpy() for _ in range(2)])
    assert_all_same(*results)


def test_a_model_built_by_its_first_batch(calls):
    results = []
    for keep in (as_made, unfused):
        tn.utils.set_random_seed(1)
        model = tn.Sequential([layers.BatchNormalization(), layers.ReLU(), layers.MaxPooling2D(), layers.Dropout(0.3)])
        results.append([keep(model)(images(shape=(6, 6, 8)), training=True).numpy() for _ in range(2)])
        assert all(layer.built for layer in model.layers)
    assert_all_same(*results)
    assert calls == [True] * 3  # the first call of the fused model, to build the layers, and two of the other


def test_a_dropout_after_layers_that_are_built_is_built_too(calls):
    first, dropout = [layers.BatchNormalization(), layers.ReLU(), layers.MaxPooling2D()], layers.Dropout(0.3)
    tn.Sequential([tn.Input((6, 6, 8)), *first])
    model = tn.Sequential([*first, dropout])
    for _ in range(2):
        model(images(shape=(6, 6, 8)), training=True)
        assert dropout.built and calls == [True]


@pytest.mark.parametrize("training", [False, True])
def test_after_a_first_convolution(training):
    """The convolution takes part instead, and pooling and dropout are called after it."""
    shape = (12, 11, 1)
    fused, plain = chain(shape=shape), unfused(chain(shape=shape))
    for _ in range(2):
        assert_same_step(step(fused, images(shape=shape), training), step(plain, images(shape=shape), training))
    assert forward_kernels(fused, images(shape=shape), training) == [
        f"conv2d_batch_norm_{'forward' if training else 'inference'}", "max_pool2d_forward",
        *(["dropout_forward"] if training else []),
    ]


def test_who_shares_with_whom():
    named = [layers.BatchNormalization(name="bn"), layers.ReLU(name="relu"), layers.MaxPooling2D(name="pool"),
             layers.Dropout(0.5, name="drop")]
    x = images(shape=(6, 6, 8))
    model = tn.Sequential([tn.Input((6, 6, 8)), *named, layers.Dropout(0.5)])
    assert forward_kernels(model, x) == ["batch_norm_max_pool2d_forward", "dropout_forward"] and len(model.layers) == 5
    model.pop()
    assert forward_kernels(model, x) == ["batch_norm_max_pool2d_forward"] and len(model.layers) == 4
    assert forward_kernels(model, x, False) == ["batch_norm_max_pool2d_inference"]
    model.pop()
    assert forward_kernels(model, x) == ["batch_norm_max_pool2d_forward"] and len(model.layers) == 3
    watched = tn.Model(model.inputs, [layer.output for layer in model.layers])
    assert [y.shape for y in watched(x)] == [(7, 6, 6, 8)] * 2 + [(7, 3, 3, 8)]
