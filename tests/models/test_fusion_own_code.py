"""Layers that a `call` of the user's own chains are computed together, with the bits of a functional model of the same
layers (tinynet/models/traced_calls.py).
"""

import copy

import numpy as np
import pytest
from fusing import forward_kernels
from hypothesis import given
from hypothesis import strategies as st
from own_models import IMAGE, ConvNet, Residual, ResidualNet, WrittenOut

import tinynet as tn
from tinynet import layers, tf


def images(batch=6, seed=0, shape=IMAGE):
    return np.random.default_rng(seed).standard_normal((batch, *shape)).astype(np.float32)


def renamed(model):
    """The model, with layers of different names, as a functional one needs them."""
    for index, layer in enumerate(model._flatten_layers()):
        layer.name += f"_{index}"
    return model


def block_functional(block, x):
    """What the call of a Residual does, in a functional model."""
    y = block.relu1(block.bn1(block.conv1(x)))
    y = block.bn2(block.conv2(y))
    if block.shortcut is not None:
        x = block.shortcut[1](block.shortcut[0](x))
    return block.relu2(block.add([x, y]))


def residual_functional(own):
    """The functional model of the layers of a ResidualNet."""
    inputs = tn.Input(IMAGE)
    x = own.relu(own.bn(own.stem(inputs)))
    for block in own.blocks:
        x = block_functional(block, x)
    return tn.Model(inputs, own.head(own.pool(x)))


def written_out(own):
    """The same of a model in which blocks stand among other layers."""
    inputs = x = tn.Input(IMAGE)
    for layer in own.layers:
        if not isinstance(layer, layers.InputLayer):
            x = block_functional(layer, x) if isinstance(layer, Residual) else layer(x)
    return tn.Model(inputs, x)


def conv_functional(own):
    inputs = x = tn.Input(IMAGE)
    for part in (*own.first.steps, own.pool, own.drop, *own.second.steps, own.flat, own.hidden, own.relu):
        x = part(x)
    return tn.Model(inputs, {"out": own.out(x), "hidden": x})


def in_sequential():
    return tn.Sequential([tn.Input(IMAGE), layers.Conv2D(16, 3, padding="same"), layers.BatchNormalization(),
                          layers.ReLU(), Residual(16), Residual(32, 2), layers.GlobalAveragePooling2D(),
                          layers.Dense(3)])


def in_functional():
    inputs = tn.Input(IMAGE)
    x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(16, 3, padding="same")(inputs)))
    x = Residual(32, 2)(Residual(16)(x))
    return tn.Model(inputs, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)))


def with_operations():
    model = ResidualNet()
    model.blocks = [WrittenOut(16), WrittenOut(32, 2)]
    return model


PAIRS = {"residual": (ResidualNet, residual_functional), "operations": (with_operations, residual_functional),
         "blocks in sequential": (in_sequential, written_out),
         "blocks in functional": (in_functional, written_out), "convolutions": (ConvNet, conv_functional)}


def pair(name):
    """A model with a call of its own, a copy of it, and the functional model of the copy's layers."""
    make, functional = PAIRS[name]
    tn.utils.set_random_seed(2)
    own = make()
    if not own.built:
        own.build((None, *IMAGE))
    for index, weight in enumerate(own.trainable_weights):
        weight.assign(np.random.default_rng(index).uniform(-0.3, 0.5, weight.shape))
    copied = renamed(copy.deepcopy(own))
    return own, copied, functional(copied)


def same(a, b):
    a, b = ([part for _, part in sorted(one.items())] if isinstance(one, dict) else one for one in (a, b))
    assert len(a) == len(b)
    for one, other in zip(a, b, strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


def step(model, weights, x, training):
    with tn.GradientTape() as tape:
        y = model(x, training=training)
        parts = [y[key] for key in sorted(y)] if isinstance(y, dict) else [y]
        loss = sum(tf.reduce_sum(part * part) for part in parts)
    return [*parts, *tape.gradient(loss, weights)]


@pytest.mark.parametrize("name", PAIRS)
def test_every_bit_is_that_of_the_functional_model(name):
    own, copied, functional = pair(name)
    for seed, batch in enumerate((6, 6, 2, 6)):
        x = images(batch, seed)
        for training in (True, False, None):
            same(step(own, own.trainable_weights, x, training),
                 step(functional, copied.trainable_weights, x, training))
            same(own(x, training=training), functional(x, training=training))
            same(own.non_trainable_weights, copied.non_trainable_weights)
        same(own.predict_on_batch(x), functional.predict_on_batch(x))


@pytest.mark.parametrize("name", ["residual", "blocks in sequential", "blocks in functional"])
def test_training_has_the_bits_of_the_functional_model(name):
    own, copied, functional = pair(name)
    x, y = images(22), np.arange(22) % 3
    results = []
    for model in (own, functional):
        tn.utils.set_random_seed(4)
        model.compile("adam", tn.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
        history = model.fit(x, y, batch_size=6, epochs=3, validation_data=(x[:9], y[:9]), verbose=0).history
        results.append((history, model.evaluate(x, y, verbose=0), model.predict(x, verbose=0).tobytes()))
    assert results[0] == results[1]
    same(own.weights, copied.weights)


def test_the_first_step_builds_and_has_the_same_bits():
    """No call, no shape before: the first batch builds the layers."""
    def made():
        tn.utils.set_random_seed(9)
        model = ResidualNet()
        model.compile("sgd", tn.losses.SparseCategoricalCrossentropy(from_logits=True))
        return model

    own, other = made(), made()
    other.build((None, *IMAGE))
    functional = residual_functional(renamed(other))
    functional.compile("sgd", tn.losses.SparseCategoricalCrossentropy(from_logits=True))
    y = np.arange(6) % 3
    assert own.train_on_batch(images(), y) == functional.train_on_batch(images(), y)
    same(own.weights, other.weights)


@pytest.mark.usefixtures("nothing_folded", "ordinary_steps")
@pytest.mark.parametrize("name", PAIRS)
def test_the_kernels_are_those_of_the_functional_model(name):
    own, _, functional = pair(name)
    x = images()
    for training in (True, False):
        own(x, training=training)
        assert forward_kernels(own, x, training) == forward_kernels(functional, x, training)


@given(batch=st.integers(1, 5), training=st.booleans(), filters=st.sampled_from((3, 8, 16)), seed=st.integers(0, 99))
def test_any_batch(batch, training, filters, seed):
    tn.utils.set_random_seed(seed)
    own = Residual(filters)
    own.build((None, 6, 5, filters))
    inputs = x = tn.Input((6, 5, filters))
    y = own.relu1(own.bn1(own.conv1(x)))
    twin = tn.Model(inputs, own.relu2(own.add([x, own.bn2(own.conv2(y))])))
    value = images(batch, seed, (6, 5, filters))
    before = own.get_weights()
    first = own(value, training=training).numpy(), own.get_weights()
    own.set_weights(before)
    same([first[0], *first[1]], [twin(value, training=training), *own.get_weights()])
