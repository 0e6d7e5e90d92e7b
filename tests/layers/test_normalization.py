"""Normalization layers, and what happens to batch normalization after training."""

import numpy as np
import pytest
from checks import gamma

import tinynet as tn
from tinynet import layers
from tinynet.models.population import estimate_population, fold


def batch(*shape, seed=0, mean=3.0):
    return (np.random.default_rng(seed).standard_normal(shape) * 2 + mean).astype(np.float32)


def perturbed(layer, seed=0):
    """Give a layer weights as after training: none at its first value, variances positive."""
    rng = np.random.default_rng(seed)
    layer.set_weights([rng.uniform(0.5, 1.5, w.shape) if "var" in w.name or w.name == "gamma"
                       else rng.standard_normal(w.shape)
                       for w in layer.weights])


# --- batch normalization ----------------------------------------------------------------------------------------------


def test_training_normalizes_by_the_batch_and_moves_the_averages():
    layer = layers.BatchNormalization(momentum=0.9)
    mean, variance = np.zeros(3), np.ones(3)
    for step in range(4):
        x = batch(64, 3, seed=step)
        y = layer(x, training=True).numpy()
        np.testing.assert_allclose(y, (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-3), rtol=1e-4, atol=1e-5)
        mean, variance = 0.9 * mean + 0.1 * x.mean(0, dtype=float), 0.9 * variance + 0.1 * x.var(0, dtype=float)
    np.testing.assert_allclose(layer.moving_mean.numpy(), mean, rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance.numpy(), variance, rtol=1e-5)
    assert layer.moving_mean.dtype == np.float32


def test_prediction_uses_the_averages_and_leaves_them():
    layer, x = layers.BatchNormalization(), batch(5, 3)
    layer(x)
    perturbed(layer)
    before = layer.get_weights()
    g, b, m, v = before
    np.testing.assert_allclose(layer(x).numpy(), g * (x - m) / np.sqrt(v + 1e-3) + b, rtol=1e-5, atol=1e-5)
    layer.trainable = False
    np.testing.assert_array_equal(layer(x, training=True).numpy(), layer(x).numpy())
    for old, new in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_weights_by_kind():
    layer = layers.BatchNormalization()
    layer.build((None, 4))
    assert [w.name for w in layer.trainable_weights] == ["gamma", "beta"]
    assert [w.name for w in layer.non_trainable_weights] == ["moving_mean", "moving_variance"]
    bare = layers.BatchNormalization(center=False, scale=False)
    bare.build((None, 4))
    assert [w.name for w in bare.weights] == ["moving_mean", "moving_variance"]
    assert bare(batch(8, 4), training=True).shape == (8, 4)


def test_mask_leaves_places_out_of_the_statistics():
    x = batch(4, 5, 3)
    mask = np.arange(5) < np.array([[5], [3], [1], [4]])
    layer = layers.BatchNormalization(momentum=0.0)
    y = layer(x, training=True, mask=mask).numpy()
    seen = x[mask].astype(float)
    np.testing.assert_allclose(layer.moving_mean.numpy(), seen.mean(0), rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance.numpy(), seen.var(0), rtol=1e-5)
    np.testing.assert_allclose(y, (x - seen.mean(0)) / np.sqrt(seen.var(0) + 1e-3), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(layer(x, mask=mask).numpy(), layer(x).numpy())
    with pytest.raises(ValueError, match=r"mask \(4, 4\)"):
        layer(x, training=True, mask=mask[:, :4])


def test_an_old_configuration_with_a_list_of_one_axis():
    assert layers.BatchNormalization(axis=[3]).axis == 3


def test_batch_normalization_errors():
    with pytest.raises(ValueError, match="renorm"):
        layers.BatchNormalization(renorm=True)
    with pytest.raises(TypeError, match="axis must be an int"):
        layers.BatchNormalization(axis=[1, 2])
    with pytest.raises(ValueError, match="axis 2 does not exist"):
        layers.BatchNormalization(axis=2)(batch(4, 3))
    with pytest.raises(ValueError, match="must be known"):
        layers.BatchNormalization().build((None, None))
    layer = layers.BatchNormalization(center=False, scale=False)
    layer(batch(4, 3))
    with pytest.raises(ValueError, match="built for 3 channels"):
        layer(batch(4, 1), training=True)
    with pytest.raises(ValueError, match="no samples"):
        layer(batch(0, 3), training=True)


# --- the others -------------------------------------------------------------------------------------------------------


def test_layer_normalization():
    x = batch(4, 5, 6)
    y = layers.LayerNormalization()(x).numpy()
    np.testing.assert_allclose(
        y, (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-3), rtol=1e-4, atol=1e-5
    )
    layer = layers.LayerNormalization(axis=[2, 1], center=False)
    assert layer(x).shape == x.shape and layer.gamma.shape == (5, 6) and layer.beta is None
    with pytest.raises(ValueError, match="RMSNormalization"):
        layers.LayerNormalization(rms_scaling=True)
    with pytest.raises(TypeError, match="axis must be an int or a list"):
        layers.LayerNormalization(axis="last")


def test_group_normalization():
    x = batch(4, 3, 3, 6)
    instance = layers.GroupNormalization(groups=-1)
    np.testing.assert_allclose(instance(x).numpy().mean(axis=(1, 2)), 0, atol=1e-5)
    assert instance.groups == 6
    with pytest.raises(ValueError, match="6 channels do not split into 4 groups"):
        layers.GroupNormalization(4)(x)
    layer = layers.GroupNormalization(2)
    layer(np.ones((2, 5, 4)))
    with pytest.raises(ValueError, match=r"input has 6 channels but gamma has shape \(4,\)"):
        layer(np.ones((2, 5, 6)))
    with pytest.raises(ValueError, match="groups must be a positive int"):
        layers.GroupNormalization(0)


def test_rms_and_unit_normalization():
    x = batch(4, 6)
    np.testing.assert_allclose(
        layers.RMSNormalization()(x).numpy(), x / np.sqrt((x**2).mean(-1, keepdims=True)), rtol=1e-5
    )
    np.testing.assert_allclose(np.linalg.norm(layers.UnitNormalization()(x).numpy(), axis=-1), 1, rtol=1e-6)
    np.testing.assert_array_equal(layers.UnitNormalization()(np.zeros((2, 3), np.float32)).numpy(), 0)


# --- Algorithm 2 ------------------------------------------------------------------------------------------------------


def test_population_is_the_average_over_mini_batches():
    model = tn.Sequential([tn.Input((4,)), layers.BatchNormalization()])
    x = batch(70, 4)
    assert estimate_population(model, x, batch_size=16) == 4  # 6 samples are left out
    parts = x[:64].astype(float).reshape(4, 16, 4)
    np.testing.assert_allclose(model.layers[0].moving_mean.numpy(), parts.mean(axis=(0, 1)), rtol=1e-6)
    np.testing.assert_allclose(
        model.layers[0].moving_variance.numpy(), parts.var(axis=1, ddof=1).mean(axis=0), rtol=1e-5
    )
    twice = [(parts[i].astype(np.float32), None) for i in range(4)]
    assert estimate_population(model, twice) == 4
    np.testing.assert_allclose(model.layers[0].moving_mean.numpy(), parts.mean(axis=(0, 1)), rtol=1e-6)


def test_deeper_layers_see_inputs_that_were_normalized_by_their_mini_batch():
    tn.utils.set_random_seed(0)
    model = tn.Sequential([tn.Input((3,)), layers.BatchNormalization(), layers.Dense(5, activation="relu"),
                           layers.Dropout(0.5), layers.BatchNormalization()])
    x = batch(64, 3)
    estimate_population(model, x, batch_size=32)
    first, dense, _, last = model.layers
    means = []
    for part in (x[:32], x[32:]):
        hidden = (part - part.mean(0)) / np.sqrt(part.var(0) + first.epsilon)
        means.append(np.maximum(hidden @ dense.kernel.numpy() + dense.bias.numpy(), 0).mean(0))
    np.testing.assert_allclose(last.moving_mean.numpy(), np.mean(means, axis=0), rtol=1e-4, atol=1e-5)


def test_a_frozen_layer_keeps_its_statistics():
    model = tn.Sequential([tn.Input((3,)), layers.BatchNormalization(), layers.BatchNormalization()])
    model.layers[0].trainable = False
    estimate_population(model, batch(32, 3))
    np.testing.assert_array_equal(model.layers[0].moving_mean.numpy(), 0)
    assert np.all(model.layers[1].moving_mean.numpy() != 0)


def test_estimate_population_errors():
    model = tn.Sequential([tn.Input((3,)), layers.BatchNormalization()])
    with pytest.raises(ValueError, match="empty"):
        estimate_population(model, [])
    with pytest.raises(ValueError, match="larger batch_size"):
        estimate_population(model, batch(4, 3), batch_size=1)
    with pytest.raises(ValueError, match="4, 5 samples"):
        estimate_population(model, [batch(4, 3), batch(5, 3)])
    mini_batches = [batch(4, 3) for _ in range(5)]
    with pytest.raises(ValueError, match="1 input.*5 arrays.*iter"):
        estimate_population(model, mini_batches)
    assert estimate_population(model, iter(mini_batches)) == 5
    with pytest.raises(TypeError, match="batch_size"):
        estimate_population(model, batch(4, 3), batch_size=2.5)
    with pytest.raises(ValueError, match="no BatchNormalization"):
        estimate_population(layers.Dense(3), batch(4, 3))
    assert model.layers[0]._observer is None


def folded_pair(*chain, shape=(6,)):
    tn.utils.set_random_seed(1)
    model = tn.Sequential([tn.Input(shape), *chain])
    for number, layer in enumerate(model.layers):
        if isinstance(layer, layers.BatchNormalization):
            perturbed(layer, number)
    return model, fold(model)


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("options", [{}, {"center": False}, {"scale": False}, {"center": False, "scale": False}])
def test_folded_model_predicts_the_same(use_bias, options):
    model, folded = folded_pair(layers.Dense(8, use_bias=use_bias), layers.BatchNormalization(**options), layers.ReLU(),
                                layers.Dense(4), layers.BatchNormalization(), layers.BatchNormalization(),
                                layers.Activation("tanh"))
    assert [type(layer).__name__ for layer in folded.layers] == ["Dense", "ReLU", "Dense", "Activation"]
    x = batch(50, 6, mean=0.0)
    # Some 40 roundings a path, of numbers that are not more than a few times the outputs' largest.
    bound = gamma(40, np.float32) * 10 * max(1, np.abs(model(x).numpy()).max())
    assert np.abs(folded(x).numpy() - model(x).numpy()).max() <= bound
    assert np.abs(model(x).numpy()).max() > 0.1
    before = model.layers[0].kernel.numpy()
    folded.layers[0].kernel.assign(np.zeros_like(before))
    np.testing.assert_array_equal(model.layers[0].kernel.numpy(), before)


@pytest.mark.parametrize("convolution", [
    lambda: layers.Conv2D(5, 3, use_bias=False), lambda: layers.Conv2D(2, 1, padding="same"),
    lambda: layers.Conv2DTranspose(2, 3), lambda: layers.Conv2DTranspose(5, 2, strides=2),
    lambda: layers.DepthwiseConv2D(3, depth_multiplier=2), lambda: layers.Conv2D(5, 2, data_format="channels_first"),
])
def test_fold_convolution(convolution):
    first = convolution()
    axis = 1 if first.data_format == "channels_first" else -1
    model, folded = folded_pair(first, layers.BatchNormalization(axis), layers.ReLU(), shape=(8, 8, 2))
    x = batch(3, 8, 8, 2, mean=0.0)
    assert len(folded.layers) == 2
    magnitude = max(1, np.abs(model(x).numpy()).max())
    assert np.abs(folded(x).numpy() - model(x).numpy()).max() <= gamma(100, np.float32) * 10 * magnitude


def test_fold_reaches_models_inside():
    inner = tn.Sequential([layers.Dense(5), layers.BatchNormalization()])
    model, folded = folded_pair(inner, layers.Dense(2))
    x = batch(9, 6, mean=0.0)
    np.testing.assert_allclose(folded(x).numpy(), model(x).numpy(), rtol=1e-4, atol=1e-5)
    assert len(folded.layers[0].layers) == 1


def test_what_cannot_be_folded_is_refused():
    with pytest.raises(ValueError, match="activation 'relu'"):
        folded_pair(layers.Dense(4, activation="relu"), layers.BatchNormalization())
    with pytest.raises(ValueError, match="ReLU.*no kernel"):
        folded_pair(layers.Dense(4), layers.ReLU(), layers.BatchNormalization())
    with pytest.raises(ValueError, match="no layer before it"):
        folded_pair(layers.BatchNormalization())
    with pytest.raises(ValueError, match="normalizes axis 1 of 3"):
        folded_pair(layers.Dense(4), layers.BatchNormalization(axis=1), shape=(3, 6))
    with pytest.raises(ValueError, match="Sequential"):
        fold(layers.Dense(3))
    with pytest.raises(ValueError, match="not built"):
        fold(tn.Sequential([layers.Dense(3)]))
