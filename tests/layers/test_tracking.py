"""What is set as an attribute of a layer or model belongs to it, under any name: layers, variables, metrics."""

import numpy as np
import pytest

import tinynet as tn
from tinynet import layers

X, Y = np.ones((4, 3), "float32"), np.zeros((4, 1), "float32")


class Holder(layers.Layer):
    """Layers and metrics under names with and without an underscore, in lists, tuples and dicts."""

    def __init__(self):
        super().__init__()
        self._steps = layers.Dense(2)  # a name that Sequential has for something else
        self._more = [layers.Dense(2)]
        self.table = {"a": (layers.Dense(2),)}
        self.mean = tn.metrics.Mean(name="m")
        self._sums = [tn.metrics.Sum(name="s")]

    def call(self, x):
        for layer in (self._steps, self._more[0], self.table["a"][0]):
            x = layer(x)
        self.mean.update_state(2.0)
        self._sums[0].update_state(1.0)
        return x


def test_layers_of_any_name_are_trained_and_saved(tmp_path):
    model = tn.Sequential([tn.Input((3,)), Holder(), layers.Dense(1)])
    assert len(model.weights) == 8 and len(model.trainable_weights) == 8
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(X, Y + 5, verbose=0)
    assert all((old != new).any() for old, new in zip(before, model.get_weights(), strict=True))
    model.layers[0].trainable = False
    assert len(model.trainable_weights) == 2
    model.save_weights(tmp_path / "w.safetensors")
    other = tn.Sequential([tn.Input((3,)), Holder(), layers.Dense(1)])
    other.load_weights(tmp_path / "w.safetensors")
    for one, two in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_metrics_of_layers_are_reported_and_reset():
    model = tn.Sequential([tn.Input((3,)), Holder(), layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    model.fit(X, Y, verbose=0)
    assert [metric.name for metric in model.metrics][2:] == ["m", "s"]
    for _ in range(2):  # begun anew each time
        logs = model.evaluate(X, Y, verbose=0, return_dict=True, batch_size=2)
        assert logs["m"] == 2.0 and logs["s"] == 2.0


def test_the_loss_tracker_of_keras_guides():
    class Own(tn.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(1)
            self.tracker = tn.metrics.Mean(name="own_loss")
            self.again = self.tracker

        def call(self, x):
            return self.dense(x)

    model = Own()
    model(X)
    assert model.metrics == [model.tracker]
    del model.tracker, model.again
    assert model.metrics == []
    model.tracker = tn.metrics.Mean()
    model.tracker = None
    assert model.metrics == []


@pytest.mark.parametrize("value", [layers.Dense(1), [layers.Dense(1)], {"a": layers.Dense(1)}])
def test_a_replaced_layer_is_gone(value):
    layer = Holder()
    layer._more = value
    assert len(layer._sublayers()) == 3
    layer._more = None
    assert len(layer._sublayers()) == 2
