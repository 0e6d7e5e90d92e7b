"""What the tests of layers that share a pass (tinynet/models/fusion.py) have in common."""

import numpy as np
from checks import assert_same_values

import tinynet as tn


def unfused(model):
    """The model, from now on calling its layers one by one."""
    model._steps = model.layers
    return model


def step(model, x, training):
    """y, the gradients of sum(y^2), all weights: as arrays."""
    with tn.GradientTape() as tape:
        y = model(x, training=training)
        loss = tn.ops.sum(y * y)
    return y.numpy(), [g.numpy() for g in tape.gradient(loss, model.trainable_variables)], model.get_weights()


def assert_all_same(*results):
    for actual, expected in zip(*results, strict=True):
        assert_same_values(actual, expected)


def assert_same_step(fused, plain):
    """Of two `step`s: outputs and moving averages bit for bit; the gradients are the same sums in another order."""
    (y, gradients, weights), (plain_y, plain_gradients, plain_weights) = fused, plain
    assert_same_values(y, plain_y)
    assert_all_same(weights, plain_weights)
    size = max(np.abs(gradient).max() for gradient in plain_gradients)
    for actual, expected in zip(gradients, plain_gradients, strict=True):  # at most 9 * 13 * 12 pixels
        np.testing.assert_allclose(actual, expected, rtol=0, atol=64 * np.finfo(actual.dtype).eps * size)
