"""Objects to dicts and back: custom names, values of all kinds, and what must be refused."""

import json

import numpy as np
import pytest

import tinynet as tn
from tinynet import layers, saving
from tinynet.saving import deserialize_keras_object, serialize_keras_object


@pytest.fixture(autouse=True)
def no_registrations_left():
    before = dict(saving.get_custom_objects())
    yield
    saving.get_custom_objects().clear()
    saving.get_custom_objects().update(before)


class Scale(layers.Layer):
    def __init__(self, factor=2.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x):
        return x * self.factor

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


class Shift(layers.Layer):
    """Without get_config, and a constructor without **kwargs."""

    def __init__(self, by, scale=(1, 2)):
        super().__init__()
        self.by = by

    def call(self, x):
        return x + self.by


def cube(x):
    return x * x * x


def json_round_trip(value):
    return json.loads(json.dumps(value))


def test_custom_class_by_dict_scope_and_registration():
    config = json_round_trip(serialize_keras_object(Scale(3.0, name="s")))
    assert config["module"] is None and config["registered_name"] == "Scale"
    with pytest.raises(ValueError, match="unknown class 'Scale'.*custom_objects"):
        deserialize_keras_object(config)
    assert deserialize_keras_object(config, {"Scale": Scale}).factor == 3.0
    with saving.custom_object_scope({"Scale": Scale}):
        assert layers.deserialize(config).name == "s"
    saving.register_keras_serializable("mine")(Scale)
    config = serialize_keras_object(Scale(4.0))
    assert config["registered_name"] == "mine>Scale" == saving.get_registered_name(Scale)
    assert deserialize_keras_object(config).factor == 4.0
    with pytest.raises(ValueError, match="has no get_config"):
        saving.register_keras_serializable()(type("Bare", (), {}))


def test_scope_ends():
    with saving.custom_object_scope({"Scale": Scale}):
        pass
    assert saving.get_registered_object("Scale") is None


def test_configuration_without_get_config():
    layer = Shift(3, scale=(4, 5))
    layer.trainable = False
    config = json_round_trip(serialize_keras_object(layer))
    twin = deserialize_keras_object(config, {"Shift": Shift})
    assert (twin.by, twin.name, twin.trainable) == (3, layer.name, False)
    with pytest.raises(NotImplementedError, match="argument 'by' of its __init__ is no plain value.*get_config"):
        Shift(layers.Dense(2)).get_config()


def test_functions_are_names():
    dense = layers.Dense(2, activation=cube)
    config = json_round_trip(serialize_keras_object(dense))
    with pytest.raises(ValueError, match="unknown function 'cube'|unknown activation 'cube'"):
        deserialize_keras_object(config)
    assert deserialize_keras_object(config, {"cube": cube}).activation is cube
    saving.register_keras_serializable()(cube)
    config = serialize_keras_object(dense)
    assert config["config"]["activation"]["config"] == "Custom>cube"
    assert deserialize_keras_object(config).activation is cube
    with pytest.raises(ValueError, match="cannot serialize a lambda"):
        serialize_keras_object(layers.Dense(2, activation=lambda x: x))
    function = tn.losses.mean_squared_error
    assert deserialize_keras_object(serialize_keras_object(function)) is function


def test_layer_as_activation():
    config = json_round_trip(serialize_keras_object(layers.Dense(2, activation=layers.LeakyReLU(0.1))))
    assert deserialize_keras_object(config).activation.negative_slope == pytest.approx(0.1)


@pytest.mark.parametrize("value", [
    None, True, 3, 2.5, "text", [1, [2.0, None]], {"a": {"b": [1]}}, b"bytes", slice(1, None, 2), Ellipsis,
])
def test_plain_values(value):
    assert deserialize_keras_object(json_round_trip(serialize_keras_object(value))) == value


def test_arrays():
    array = np.arange(6, dtype=np.int16).reshape(2, 3)
    back = deserialize_keras_object(json_round_trip(serialize_keras_object(array)))
    assert back.dtype == array.dtype and (back == array).all()
    tensor = deserialize_keras_object(json_round_trip(serialize_keras_object(tn.Tensor([1.5, 2.0]))))
    assert isinstance(tensor, tn.Tensor) and tensor.numpy().tolist() == [1.5, 2.0]


@pytest.mark.parametrize("make", [
    lambda: tn.initializers.HeNormal(seed=3), lambda: tn.regularizers.L1L2(0.5, 0.25),
    lambda: tn.constraints.MaxNorm(3),
    lambda: tn.losses.Huber(2.0), lambda: tn.metrics.AUC(num_thresholds=10),
    lambda: tn.optimizers.Adam(tn.optimizers.schedules.ExponentialDecay(0.1, 5, 0.9), weight_decay=0.1),
    lambda: tn.random.SeedGenerator(3),
])
def test_every_family(make):
    config = json_round_trip(serialize_keras_object(make()))
    assert config["module"].startswith("keras.") and config["registered_name"] is None
    twin = deserialize_keras_object(config)
    assert type(twin) is type(make()) and json_round_trip(serialize_keras_object(twin)) == config


@pytest.mark.parametrize(("config", "message"), [
    ({"module": "os", "class_name": "system", "config": {"command": "true"}}, "unknown class 'system'"),
    ({"module": "keras.layers", "class_name": "Dens", "config": {}}, "did you mean 'Dense'"),
    ({"module": "builtins", "class_name": "function", "config": "eval"}, "unknown function 'eval'"),
    ({"class_name": "__lambda__", "config": {"value": "4wA="}}, "does not run"),
    ({"class_name": "__typespec__", "config": {}}, "does not know"),
    ({"class_name": ["Dense"], "config": {}}, "must be a string"),
    ({"module": ["x"], "class_name": "Dense", "config": [3]}, "must have a dict"),
    ({"class_name": "__numpy__", "config": {"value": [1], "dtype": "object"}}, "expected numbers"),
    ({"class_name": "np", "config": {}}, "unknown class 'np'"),
    ({"module": "keras.layers", "class_name": "Tensor", "config": {"data": 3}}, "unknown class 'Tensor'"),
])
def test_refused(config, message):
    with pytest.raises(ValueError, match=message):
        deserialize_keras_object(config)


def test_layers_deserialize_wants_a_layer():
    with pytest.raises(ValueError, match="expected the configuration of a layer"):
        layers.deserialize(serialize_keras_object(tn.losses.Huber()))
