"""Layers and models of the user's own: build, call, penalties, own steps, own metrics, own loops."""

import numpy as np
import pytest

import tinynet as tn
from tinynet import layers, ops

rng = np.random.default_rng(0)
X = rng.standard_normal((32, 3)).astype(np.float32)
Y = (X @ np.array([[1.0], [-2.0], [0.5]], np.float32)).astype(np.float32)


class Scaled(layers.Layer):
    """Weights in build, a penalty in call, another rule while training."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")
        self.calls = self.add_weight(initializer="zeros", trainable=False, name="calls")

    def call(self, x, training=None):
        self.add_loss(0.1 * ops.sum(ops.square(self.kernel)))
        if training:
            self.calls.assign_add(1.0)
        return ops.matmul(x, self.kernel)


class Own(tn.Model):
    def __init__(self, units=1):
        super().__init__()
        self.hidden = Scaled(4)
        self.blocks = [layers.Dense(4, activation="tanh"), layers.Dropout(0.0)]
        self.last = {"out": layers.Dense(units)}

    def call(self, x, training=None):
        x = self.hidden(x, training=training)
        for block in self.blocks:
            x = block(x, training=training)
        return self.last["out"](x)


def test_weights_penalties_and_the_training_flag():
    model = Own()
    model.compile("sgd", "mse")
    model.fit(X, Y, epochs=2, batch_size=16, verbose=0)
    assert float(model.hidden.calls) == 4 and len(model.weights) == 6 and len(model.trainable_weights) == 5
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(
        np.mean((model.predict(X, verbose=0) - Y) ** 2) + 0.1 * np.sum(model.hidden.kernel.numpy() ** 2), rel=1e-5)


def test_in_a_graph_and_built_by_shape():
    inputs = tn.Input((3,))
    graph = tn.Model(inputs, Own()(Scaled(3)(inputs)))
    assert graph.output_shape == (None, 1) and graph.built
    graph.compile("sgd", "mse")
    assert np.isfinite(graph.fit(X, Y, verbose=0).history["loss"][0])
    model = Own()
    model.build((None, 3))
    assert model.count_params() == 3 * 4 + 1 + 20 + 5 and float(model.hidden.calls) == 0
    assert model.hidden.kernel.path.split("/")[:2] == [model.name, model.hidden.name]


def test_own_steps_loss_and_metrics():
    class Stepping(Own):
        def __init__(self):
            super().__init__()
            self.seen = tn.metrics.Mean(name="seen")

        @property
        def metrics(self):
            return [self.seen]

        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return ops.mean(ops.abs(y - y_pred))

        def train_step(self, data):
            x, y = data
            with tn.GradientTape() as tape:
                loss = self.compute_loss(x, y, self(x, training=True))
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
            self.seen.update_state(loss)
            return {metric.name: metric.result() for metric in self.metrics}

        def test_step(self, data):
            x, y = data
            self.seen.update_state(self.compute_loss(x, y, self(x, training=False)))
            return {"seen": self.seen.result()}

        def predict_step(self, data):
            return -super().predict_step(data)

    model = Stepping()
    model.compile(tn.optimizers.Adam(0.05))
    history = model.fit(X, Y, epochs=5, validation_data=(X, Y), verbose=0).history
    assert set(history) == {"seen", "val_seen"} and history["val_seen"][-1] < history["val_seen"][0]
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(np.abs(model(X).numpy() - Y).mean(), rel=1e-5)
    np.testing.assert_array_equal(model.predict(X, verbose=0), -model(X).numpy())


def test_own_loop_equals_fit():
    one, other = (tn.Sequential([tn.Input((3,)), layers.Dense(4, "tanh"), layers.Dense(1)]) for _ in range(2))
    other.set_weights(one.get_weights())
    one.compile(tn.optimizers.SGD(0.1, momentum=0.9), "mse")
    one.fit(X, Y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    optimizer, loss_function = tn.optimizers.SGD(0.1, momentum=0.9), tn.losses.MeanSquaredError()
    for _ in range(2):
        for start in range(0, 32, 8):
            with tn.GradientTape() as tape:
                loss = loss_function(Y[start:start + 8], other(X[start:start + 8], training=True))
            gradients = tape.gradient(loss, other.trainable_variables)
            optimizer.apply_gradients(zip(gradients, other.trainable_variables, strict=True))
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
