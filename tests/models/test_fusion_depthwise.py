"""A convolution, batch normalization, ReLU and a depthwise convolution, which normalizes what it reads."""

import numpy as np
import pytest
from checks import assert_same_values
from fusing import as_made, assert_all_same, forward_kernels, step, unfused

import tinynet as tn
from tinynet import layers

# The folded weights of prediction have tests of their own: test_prediction.py.
pytestmark = pytest.mark.usefixtures("nothing_folded", "ordinary_steps")

SHAPE = (12, 11, 16)
TOGETHER = ["conv2d_moments_forward", "batch_norm_depthwise_conv2d_forward"]


def network(keep=as_made, depthwise=None, normalization=None, relu=layers.ReLU, filters=24):
    tn.utils.set_random_seed(3)
    model = tn.Sequential([
        tn.Input(SHAPE), layers.Conv2D(filters, 1), normalization() if normalization else layers.BatchNormalization(),
        relu(), depthwise() if depthwise else layers.DepthwiseConv2D(3, padding="same"),
        layers.GlobalAveragePooling2D(), layers.Dense(3),
    ])
    keep(model)
    model.compile("sgd", tn.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def images(batch=6, seed=0):
    return np.random.default_rng(seed).standard_normal((batch, *SHAPE)).astype(np.float32)


@pytest.mark.parametrize("relu", [layers.ReLU, lambda: layers.Activation("relu")])
@pytest.mark.parametrize("depthwise", [
    None, lambda: layers.DepthwiseConv2D((3, 2), strides=2, use_bias=False),
    lambda: layers.DepthwiseConv2D(3, dilation_rate=2, padding="same"),
])
def test_a_step_is_the_same_but_for_sums_in_another_order(depthwise, relu):
    fused, plain = (network(keep, depthwise, relu=relu) for keep in (as_made, unfused))
    for seed in range(2):  # the second time with moving averages that differ from 0 and 1
        x = images(seed=seed)
        (y, gradients, weights), (expected_y, expected_gradients, expected_weights) = (
            step(model, x, True) for model in (fused, plain))
        assert_same_values(y, expected_y)
        assert_all_same([w for w in weights if w.ndim == 1], [w for w in expected_weights if w.ndim == 1])
        for actual, expected in zip(gradients, expected_gradients, strict=True):
            np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)
    assert forward_kernels(fused, x)[:2] == TOGETHER


def test_training_gives_the_same_losses():
    x, y = images(64), np.random.default_rng(1).integers(0, 3, 64)
    losses = []
    for keep in (as_made, unfused):
        tn.utils.set_random_seed(4)
        losses.append(network(keep).fit(x, y, batch_size=16, epochs=3, verbose=0, shuffle=False).history["loss"])
    np.testing.assert_allclose(*losses, rtol=1e-5)


@pytest.mark.parametrize("change, first", [
    ({"depthwise": lambda: layers.DepthwiseConv2D(3, depth_multiplier=2)}, "batch_norm_inference"),
    ({"depthwise": lambda: layers.DepthwiseConv2D(3, activation="relu")}, "batch_norm_inference"),
    ({"relu": lambda: layers.ReLU(6.0)}, "batch_norm_inference"),
    ({"normalization": lambda: layers.BatchNormalization(axis=1)}, "batch_norm_forward"),
    ({"normalization": lambda: layers.BatchNormalization(trainable=False)}, "batch_norm_inference"),
])
def test_other_settings_are_computed_in_turn(change, first):
    fused, plain = network(**change), network(unfused, **change)
    for actual, expected in zip(step(fused, images(), True), step(plain, images(), True), strict=True):
        assert_all_same(np.atleast_1d(actual) if isinstance(actual, np.ndarray) else actual, expected)
    assert forward_kernels(fused, images())[1] == first


def test_the_network_of_blocks_trains_and_predicts_the_same_from_its_file(tmp_path):
    """What is computed together in training leaves layers, weights and prediction as they are."""
    x, y = images(32), np.random.default_rng(1).integers(0, 3, 32)
    model = network()
    model.fit(x, y, epochs=2, verbose=0)
    model.save(tmp_path / "m.keras")
    assert_same_values(tn.models.load_model(tmp_path / "m.keras").predict(x, verbose=0), model.predict(x, verbose=0))
