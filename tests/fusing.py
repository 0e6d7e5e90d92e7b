"""What the tests of layers that one operation computes together (tinynet/models/fusion.py) have in common."""

import contextlib

import numpy as np
from checks import assert_same_values

import tinynet as tn
from tinynet.runtime import kernels


def as_made(model):
    """The model as it is; beside `unfused` in a list of both."""
    return model


def unfused(model):
    """The model, from now on calling its layers one by one: a `call` that is set on a layer itself is never skipped."""
    for layer in model.layers:
        layer.call = layer.call
    return model


@contextlib.contextmanager
def kernels_called(*prefixes):
    """The names of the kernels called inside the block that begin so, in order, as a list."""
    calls, table = [], vars(kernels)
    before = {name: kernel for name, kernel in table.items() if name.startswith(prefixes)}

    def counted(name, kernel):
        return lambda *args: calls.append(name) or kernel(*args)

    table.update((name, counted(name, kernel)) for name, kernel in before.items())
    try:
        yield calls
    finally:
        table.update(before)


def forward_kernels(model, x, training=True):
    """What one call computes: its kernels of convolution, normalization, sums, ReLU, pooling and dropout."""
    with kernels_called("conv2d", "depthwise", "batch_norm", "add", "activation", "max_pool2d", "dropout") as calls:
        model(x, training=training)
    return [call for call in calls if call != "conv2d_algorithm"]


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
