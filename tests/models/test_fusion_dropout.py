"""Dropout behind the max pooling, in its pass, gives what it gives by itself, and draws the same numbers."""

import numpy as np
import pytest
from checks import assert_same_values
from fusing import assert_all_same, assert_same_step, step, unfused

import tinynet as tn
from tinynet import layers
from tinynet.models.fusion import ConvolutionAndNormalization, NormalizeAndPool, NormalizePoolAndDrop, plan_steps

SHAPE = (9, 8, 3)  # with fewer channels the convolution takes part


def chain(dropout=lambda: layers.Dropout(0.4), pooling=layers.MaxPooling2D, shape=SHAPE):
    tn.utils.set_random_seed(3)
    return tn.Sequential([
        tn.Input(shape), layers.Conv2D(8, 3), layers.BatchNormalization(), layers.ReLU(),
        pooling(), dropout(), layers.Flatten(), layers.Dense(3),
    ])


def pooled(model):
    """The model, its dropout from now on called by itself."""
    model._steps = plan_steps(model.layers[:4]) + model.layers[4:]
    assert isinstance(model._steps[0].second, NormalizeAndPool)
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
    assert type(fused._steps[0].second) is NormalizePoolAndDrop and len(fused._steps) == 3
    pooled(split), unfused(plain)
    calls.clear()
    x = images(dtype=dtype)
    for _ in range(3):  # a new mask each time
        outcome = step(fused, x, True)
        assert calls == []
        y, gradients, weights = step(split, x, True)
        assert_all_same([outcome[0], *outcome[1], *outcome[2]], [y, *gradients, *weights])
        assert_same_step(outcome, step(plain, x, True))
        calls.clear()
    states = [model.layers[4].seed_generator.state for model in (fused, split, plain)]
    assert_all_same(states[:2], states[1:])
    assert states[0][1] == 3


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
    for keep in (plan_steps, list):
        model = chain(dropout, pooling)
        model._steps = keep(model.layers)
        y = model(images(), training=True)
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
    for keep in (plan_steps, list):
        tn.utils.set_random_seed(1)
        model = tn.Sequential([layers.BatchNormalization(), layers.ReLU(), layers.MaxPooling2D(), layers.Dropout(0.3)])
        model._steps = keep(model.layers)
        results.append([model(images(shape=(6, 6, 8)), training=True).numpy() for _ in range(2)])
        assert all(layer.built for layer in model.layers)
    assert_all_same(*results)
    assert calls == [True] * 3  # the first call of the fused model, to build the layers, and two of the other


def test_a_dropout_behind_layers_that_are_built_is_built_too(calls):
    first = [layers.BatchNormalization(), layers.ReLU(), layers.MaxPooling2D()]
    tn.Sequential([tn.Input((6, 6, 8)), *first])
    x = tn.convert_to_tensor(images(shape=(6, 6, 8)))
    (combined,) = plan_steps([*first, layers.Dropout(0.3)])
    for _ in range(2):
        combined(x, training=True)
        assert combined.dropout.built and calls == [True]


@pytest.mark.parametrize("training", [False, True])
def test_behind_a_first_convolution(training):
    """The convolution takes part instead, and pooling and dropout are called behind it."""
    shape = (12, 11, 1)
    fused, plain = chain(shape=shape), unfused(chain(shape=shape))
    first = fused._steps[0]
    assert type(first) is ConvolutionAndNormalization and type(first.second) is NormalizePoolAndDrop
    for _ in range(2):
        assert_same_step(step(fused, images(shape=shape), training), step(plain, images(shape=shape), training))


def test_who_shares_with_whom():
    named = [layers.BatchNormalization(name="bn"), layers.ReLU(name="relu"), layers.MaxPooling2D(name="pool"),
             layers.Dropout(0.5, name="drop")]
    assert repr(plan_steps(named)) == "[<NormalizePoolAndDrop bn, relu, pool, drop>]"
    assert [type(part) for part in plan_steps([*named, layers.Dropout(0.5)])] == [NormalizePoolAndDrop, layers.Dropout]
    assert repr(plan_steps([layers.Conv2D(8, 3, name="conv"), *named])) == (
        "[<ConvolutionAndNormalization conv, bn, relu, pool, drop>]"
    )
    model = tn.Sequential([tn.Input((6, 6, 8)), *named])
    assert len(model.layers) == 4 and len(model._steps) == 1
    model.pop()
    assert type(model._steps[0]) is NormalizeAndPool
    watched = tn.Model(model.inputs, [layer.output for layer in model.layers])
    assert [y.shape for y in watched(images(shape=(6, 6, 8)))] == [(7, 6, 6, 8)] * 2 + [(7, 3, 3, 8)]
