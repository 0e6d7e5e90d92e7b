"""What the tests of layers that share a pass (tinynet/models/fusion.py) have in common."""

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
