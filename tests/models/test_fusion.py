"""Layers that share a pass over memory give what they give one by one."""

import numpy as np
import pytest
from checks import assert_same_values
from fusing import as_made, forward_kernels, step, unfused
from hypothesis import given
from hypothesis import strategies as st

import tinynet as tn
from tinynet import layers
from tinynet.models.population import estimate_population, fold

# The folded weights of prediction have tests of their own: test_prediction.py.
pytestmark = pytest.mark.usefixtures("nothing_folded")


def chain(activation=layers.ReLU, **settings):
    tn.utils.set_random_seed(3)
    return tn.Sequential([tn.Input((6, 5, 2)), layers.Conv2D(4, 3), layers.BatchNormalization(**settings), activation(),
                          layers.Flatten(), layers.Dense(3)])


def images(batch=7, dtype=np.float32, seed=0):
    return np.random.default_rng(seed).standard_normal((batch, 6, 5, 2)).astype(dtype)


@given(training=st.booleans(), scale=st.booleans(), center=st.booleans(), axis=st.sampled_from([-1, 1, 2]),
       batch=st.integers(1, 9), dtype=st.sampled_from(["float32", "float64"]),
       activation=st.sampled_from([layers.ReLU, lambda **kw: layers.Activation("relu", **kw)]))
def test_same_bits_fused_and_not(training, scale, center, axis, batch, dtype, activation):
    before = tn.config.floatx()
    tn.config.set_floatx(dtype)
    try:
        models = [chain(activation, scale=scale, center=center, axis=axis) for _ in range(2)]
    finally:
        tn.config.set_floatx(before)
    x = images(batch, dtype)
    assert "activation_forward" not in forward_kernels(models[0], x, training)
    assert "activation_forward" in forward_kernels(unfused(models[1]), x, training)
    for _ in range(2):  # the second time with moving averages that differ from 0 and 1
        fused, plain = step(models[0], x, training), step(models[1], x, training)
        for actual, expected in zip([fused[0], *fused[1], *fused[2]], [plain[0], *plain[1], *plain[2]], strict=True):
            assert_same_values(actual, expected)


def counting(monkeypatch, cls=layers.ReLU):
    calls = []
    call = cls.call
    monkeypatch.setattr(cls, "call", lambda self, x: calls.append(self.name) or call(self, x))
    return calls


def test_relu_is_not_called_by_itself(monkeypatch):
    model, calls = chain(), counting(monkeypatch)
    model(images())
    assert calls == []
    unfused(model)(images())
    assert len(calls) == 1


class Doubling(layers.BatchNormalization):
    def call(self, x, training=None):
        return 2 * super().call(x, training)


class Shifted(layers.ReLU):
    def call(self, x):
        return super().call(x) + 1


@pytest.mark.parametrize(("first", "second"), [
    (layers.BatchNormalization, lambda: layers.ReLU(6.0)),
    (layers.BatchNormalization, lambda: layers.ReLU(negative_slope=0.1)),
    (layers.BatchNormalization, lambda: layers.ReLU(threshold=0.1)),
    (layers.BatchNormalization, lambda: layers.ReLU(dtype="float64")),
    (layers.BatchNormalization, lambda: layers.ReLU(activity_regularizer="l2")),
    (lambda: layers.BatchNormalization(activity_regularizer="l2"), layers.ReLU),
    (lambda: layers.BatchNormalization(dtype="float64"), layers.ReLU),
    (layers.BatchNormalization, lambda: layers.Activation("tanh")),
    (layers.BatchNormalization, layers.LeakyReLU),
    (layers.BatchNormalization, Shifted),
    (Doubling, layers.ReLU),
    (layers.LayerNormalization, layers.ReLU),
])
def test_what_cannot_share_is_called_one_by_one(first, second):
    outcomes = []
    for keep in (as_made, unfused):
        tn.utils.set_random_seed(1)
        model = tn.Sequential([tn.Input((6, 5, 2)), first(), second()])
        y = keep(model)(images(), training=True)
        outcomes.append([y.numpy(), *(loss.numpy() for loss in model.losses), *model.get_weights()])
    for actual, expected in zip(*outcomes, strict=True):
        assert_same_values(actual, expected)


def test_changes_after_the_model_is_made_count():
    model, x = chain(), images()
    normalization, relu = model.layers[1], model.layers[2]
    plain = model(x, training=True).numpy()
    normalization.activity_regularizer = tn.regularizers.L2(0.1)
    model(x, training=True)
    assert len(model.losses) == 1
    normalization.activity_regularizer = None
    seen, call = [], relu.call
    relu.call = lambda x: seen.append(x.shape) or call(x)
    assert_same_values(model(x, training=True).numpy(), plain)
    assert seen == [(7, 4, 3, 4)]
    del relu.call
    relu.max_value = 0.0
    assert_same_values(model(x).numpy(), np.broadcast_to(model.layers[-1].bias.numpy(), (7, 3)))


def test_frozen_normalization_stays_as_it_is():
    model = chain()
    model(images(), training=True)
    model.layers[1].trainable = False
    before = model.layers[1].get_weights()
    assert_same_values(model(images(), training=True).numpy(), model(images(), training=False).numpy())
    for old, new in zip(before, model.layers[1].get_weights(), strict=True):
        assert_same_values(new, old)


def test_a_model_built_by_its_first_batch_builds_both_layers():
    model = tn.Sequential([layers.BatchNormalization(), layers.ReLU()])
    model(images())
    assert all(layer.built for layer in model.layers) and model.output_shape == (None, 6, 5, 2)
    assert_same_values(model(images()).numpy(), unfused(model)(images()).numpy())


def test_errors_name_the_layer():
    model = tn.Sequential([layers.BatchNormalization(name="bn"), layers.ReLU()])
    model(images())
    for training in (True, False):
        with pytest.raises(ValueError, match=r"layer 'bn' \(BatchNormalization\), called on \(7, 6, 5, 3\)"):
            model(np.ones((7, 6, 5, 3), np.float32), training=training)


def test_add_and_pop_plan_again():
    model = tn.Sequential([tn.Input((6, 5, 2)), layers.BatchNormalization()])
    model.add(layers.ReLU())
    assert forward_kernels(model, images()) == ["batch_norm_forward"] and len(model.layers) == 2
    assert model(images()).numpy().min() == 0
    model.pop()
    assert forward_kernels(model, images()) == ["batch_norm_forward"] and len(model.layers) == 1
    assert model(images()).numpy().min() < 0
    model.add(layers.ReLU(max_value=6.0))
    assert forward_kernels(model, images()) == ["batch_norm_forward", "activation_forward"]


def test_population_and_fold_see_through_it():
    model, plain = chain(), unfused(chain())
    for one in (model, plain):
        estimate_population(one, images(32), batch_size=8)
    x = images(5, seed=1)
    for actual, expected in zip(model.get_weights(), plain.get_weights(), strict=True):
        assert_same_values(actual, expected)
    np.testing.assert_allclose(fold(model)(x).numpy(), model(x).numpy(), rtol=1e-4, atol=1e-5)
