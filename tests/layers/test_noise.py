"""Layers that disturb: only in training, repeatably, with the mean and variance they promise."""

import numpy as np
import pytest

import tinynet as tn
from tinynet import layers

LAYERS = [lambda **k: layers.GaussianNoise(0.5, **k), lambda **k: layers.GaussianDropout(0.3, **k),
          lambda **k: layers.AlphaDropout(0.3, **k), lambda **k: layers.SpatialDropout1D(0.5, **k)]
SIZE = 200_000


def within_standard_errors(values, mean, stddev, errors=5):
    """The sample's mean is within 5 standard errors of the promised one,
    its variance too (fourth moments as measured).
    """
    deviations = (values - mean) ** 2
    assert abs(values.mean() - mean) <= errors * stddev / np.sqrt(values.size)
    assert abs(deviations.mean() - stddev**2) <= errors * deviations.std() / np.sqrt(values.size)


@pytest.mark.parametrize("make", LAYERS)
def test_only_in_training_and_repeatable(make):
    x = np.random.default_rng(0).standard_normal((4, 5, 6)).astype(np.float32)
    layer = make(seed=1)
    np.testing.assert_array_equal(layer(x).numpy(), x)
    first, second = layer(x, training=True).numpy(), layer(x, training=True).numpy()
    assert np.any(first != x) and np.any(first != second)
    np.testing.assert_array_equal(make(seed=1)(x, training=True).numpy(), first)
    assert first.dtype == np.float32


def test_gaussian_noise_is_added():
    noise = layers.GaussianNoise(0.5, seed=2)(np.full(SIZE, 3, np.float32), training=True).numpy() - 3
    within_standard_errors(noise.astype(float), 0.0, 0.5)


def test_gaussian_dropout_multiplies():
    y = layers.GaussianDropout(0.2, seed=2)(np.full(SIZE, 2, np.float32), training=True).numpy()
    within_standard_errors(y.astype(float) / 2, 1.0, 0.5)  # sqrt(0.2 / 0.8)


def test_alpha_dropout_keeps_mean_and_variance():
    x = np.random.default_rng(0).standard_normal(SIZE)
    y = layers.AlphaDropout(0.25, seed=2, dtype="float64")(x, training=True).numpy()
    within_standard_errors(y, 0.0, 1.0)
    values, counts = np.unique(y, return_counts=True)
    dropped = counts.max()
    assert abs(dropped - 0.25 * SIZE) < 5 * np.sqrt(0.25 * 0.75 * SIZE)
    limit = -1.0507009873554805 * 1.6732632423543772
    a = (0.75 * (1 + 0.25 * limit**2)) ** -0.5
    assert values[counts.argmax()] == pytest.approx(a * limit - a * limit * 0.25)


def test_alpha_dropout_noise_shape():
    y = layers.AlphaDropout(0.5, noise_shape=(None, 1), seed=1)(np.ones((50, 4), np.float32), training=True).numpy()
    assert np.all(y == y[:, :1]) and len(np.unique(y)) == 2


@pytest.mark.parametrize("layer, shape, spatial", [
    (lambda: layers.SpatialDropout1D(0.5, seed=1), (20, 7, 9), (1,)),
    (lambda: layers.SpatialDropout2D(0.5, seed=1), (20, 4, 5, 9), (1, 2)),
    (lambda: layers.SpatialDropout2D(0.5, data_format="channels_first", seed=1), (20, 9, 4, 5), (2, 3)),
    (lambda: layers.SpatialDropout3D(0.5, seed=1), (20, 2, 3, 4, 9), (1, 2, 3)),
])
def test_whole_maps_are_dropped(layer, shape, spatial):
    y = layer()(np.ones(shape, np.float32), training=True).numpy()
    np.testing.assert_array_equal(y, np.broadcast_to(y.mean(axis=spatial, keepdims=True), shape))
    assert set(np.unique(y)) == {0, 2} and 0.3 < (y == 0).mean() < 0.7


def test_gradients_pass_where_the_noise_let_them():
    x = tn.Variable(np.random.default_rng(0).standard_normal((30, 4)).astype(np.float32))
    for make, slope in ((lambda: layers.GaussianNoise(0.5, seed=1), lambda y: np.ones_like(y)),
                        (lambda: layers.GaussianDropout(0.5, seed=1), lambda y: y / x.numpy())):
        with tn.GradientTape() as tape:
            y = make()(x, training=True)
        np.testing.assert_allclose(tape.gradient(y, x).numpy(), slope(y.numpy()), rtol=1e-5)


def test_config_of_spatial_dropout_has_its_own_arguments():
    assert set(layers.SpatialDropout1D(0.5).get_config()) == {"rate", "seed", "name", "dtype"}
    assert set(layers.SpatialDropout2D(0.5).get_config()) == {"rate", "seed", "name", "dtype", "data_format"}


def test_alpha_dropout_noise_shape_of_another_rank():
    with pytest.raises(ValueError, match=r"noise_shape \(4, 1\) needs one entry for each axis .*got \(4, 3, 2\)"):
        layers.AlphaDropout(0.5, noise_shape=(4, 1))(np.ones((4, 3, 2)), training=True)


def test_errors():
    for make in (layers.GaussianDropout, layers.AlphaDropout):
        with pytest.raises(ValueError, match="below 1"):
            make(1.0)
        with pytest.raises(TypeError, match="rate must be a number"):
            make("0.5")
    with pytest.raises(ValueError, match="from 0 to 1"):
        layers.GaussianNoise(2)
    with pytest.raises(ValueError, match="4 axes"):
        layers.SpatialDropout2D(0.5)(np.ones((2, 3, 4), np.float32), training=True)
    with pytest.raises(ValueError, match="data_format"):
        layers.SpatialDropout2D(0.5, data_format="NCHW")


@pytest.mark.parametrize("make", [layers.Dropout, layers.SpatialDropout1D, layers.SpatialDropout2D])
def test_a_rate_of_0_needs_no_generator(make):
    assert make(0).seed_generator is None and make(0.5).seed_generator is not None
    x = np.ones((2, 3, 4, 5)[:4 if make is layers.SpatialDropout2D else 3], "float32")
    np.testing.assert_array_equal(make(0)(x, training=True).numpy(), x)


def test_activity_regularization_adds_its_penalties():
    x = np.random.default_rng(0).standard_normal((5, 3)).astype("float32")
    for l1, l2 in ((0.5, 0.0), (0.0, 0.25), (0.5, 0.25)):
        layer = layers.ActivityRegularization(l1, l2)
        np.testing.assert_array_equal(layer(x).numpy(), x)
        expected = l1 * np.abs(x).sum() + l2 * np.square(x).sum()
        assert float(sum(layer.losses)) == pytest.approx(expected / len(x), rel=1e-5)  # of one sample, as in Keras
