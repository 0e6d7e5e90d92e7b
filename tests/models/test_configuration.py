"""Models from configurations: JSON, clones, what they were compiled with."""

import json

import numpy as np
import pytest

import tinynet as tn
from tinynet import layers, models


def sequential():
    return tn.Sequential([tn.Input((6, 6, 1), name="image"), layers.Conv2D(2, 3, activation="relu"),
                          tn.Sequential([layers.Flatten(), layers.Dropout(0.5)]), layers.Dense(3)], name="small")


def test_json_round_trip():
    model = sequential()
    twin = models.model_from_json(model.to_json(indent=1))
    assert twin.built and twin.to_json() == model.to_json() and not twin.compiled
    twin.set_weights(model.get_weights())
    x = np.random.default_rng(0).standard_normal((2, 6, 6, 1)).astype(np.float32)
    np.testing.assert_array_equal(twin.predict(x, verbose=0), model.predict(x, verbose=0))


def test_from_config():
    model = sequential()
    model.trainable = False
    twin = tn.Sequential.from_config(model.get_config())
    assert twin.name == "small" and [v.shape for v in twin.weights] == [v.shape for v in model.weights]
    assert not twin.trainable and twin.trainable_variables == []
    unbuilt = tn.Sequential([layers.Dense(2)])
    assert not tn.Sequential.from_config(unbuilt.get_config()).built
    unbuilt(np.ones((3, 4)))
    assert tn.Sequential.from_config(unbuilt.get_config()).count_params() == 10


def test_input_shape_argument_survives():
    model = tn.Sequential([layers.Dense(2, input_shape=(3,))])
    twin = tn.Sequential.from_config(model.get_config())
    assert twin.built and twin.input_shape == (None, 3)


def test_what_it_was_compiled_with():
    model = sequential()
    model.compile(tn.optimizers.SGD(0.5, momentum=0.9), loss=tn.losses.SparseCategoricalCrossentropy(from_logits=True),
                  metrics=["accuracy", tn.metrics.SparseTopKCategoricalAccuracy(2, name="top")])
    config = json.loads(model.to_json())
    assert set(config["compile_config"]) == {"optimizer", "loss", "loss_weights", "metrics", "weighted_metrics",
                                             "run_eagerly", "steps_per_execution", "jit_compile"}
    twin = models.model_from_json(model.to_json())
    assert twin.compiled and twin.optimizer.momentum == 0.9
    twin.set_weights(model.get_weights())
    x, y = np.ones((4, 6, 6, 1), np.float32), np.array([0, 1, 2, 0])
    assert twin.evaluate(x, y, verbose=0, return_dict=True) == model.evaluate(x, y, verbose=0, return_dict=True)
    model.compile("sgd", loss=lambda y, p: p)
    with pytest.warns(UserWarning, match="compiled with is not kept.*lambda"):
        assert not models.model_from_json(model.to_json()).compiled


def test_subclassed_model():
    class Two(tn.Model):
        def __init__(self, units=2, **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.dense = layers.Dense(units)

        def call(self, x):
            return self.dense(x)

    model = Two(5, name="two")
    model(np.ones((2, 3)))
    twin = models.model_from_json(model.to_json(), custom_objects={"Two": Two})
    assert twin.units == 5 and twin.name == "two"
    with pytest.raises(ValueError, match="unknown class 'Two'"):
        models.model_from_json(model.to_json())
    with pytest.raises(ValueError, match="expected the configuration of a model"):
        models.model_from_json(json.dumps(layers.serialize(layers.Dense(2))))


def test_clone():
    model = sequential()
    clone = models.clone_model(model)
    assert clone.to_json() == model.to_json()
    assert not np.array_equal(clone.get_weights()[0], model.get_weights()[0])

    def wider(layer):
        config = layer.get_config()
        return type(layer).from_config({**config, "units": 7} if "units" in config else config)

    assert models.clone_model(model, clone_function=wider).output_shape == (None, 7)
