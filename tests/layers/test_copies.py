"""The contract of copies: deepcopy, pickle, configuration, `clone_model` and files keep all that changes behaviour.

It runs over the cases of test_contract.py, so that a new layer is tested without being listed here.
"""

import copy
import pickle
import warnings

import numpy as np
import pytest
from layer_cases import CASES, model_around

import tinynet as tn
from tests.layers.test_contract import same
from tinynet import layers
from tinynet.serialization import deserialize_keras_object, serialize_keras_object

cases = pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items()])
trainable_cases = pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items()
                                                   if case.has_gradient])


def frozen(layer):
    return [one.trainable for one in layer._flatten_layers() if one.weights]


def trained_positions(layer):
    """Which of the weights training changes."""
    trained = {id(variable) for variable in layer.trainable_weights}
    return [index for index, variable in enumerate(layer.weights) if id(variable) in trained]


def freeze_one(layer):
    """Freeze the last layer inside, or the layer itself."""
    inside = layer._flatten_layers()
    inside[-1].trainable = False
    return inside[-1]


def is_anonymous(layer):
    return any(getattr(getattr(one, "function", None), "__name__", "") == "<lambda>" for one in layer._flatten_layers())


@cases
@pytest.mark.parametrize("way", ["deepcopy", "pickle", "configuration"])
def test_copy_of_a_layer(case, way):
    layer = case.make()
    case(layer, case.arrays(), training=False)
    freeze_one(layer)
    if way == "deepcopy":
        twin = copy.deepcopy(layer)
    elif is_anonymous(layer):
        with pytest.raises(ValueError, match=f"layer '{layer.name}' .Lambda.: cannot serialize a lambda"):
            pickle.dumps(layer)
        return
    elif way == "pickle":
        data = pickle.dumps(layer)
        assert b"model.safetensors" in data
        twin = pickle.loads(data)
    else:
        twin = deserialize_keras_object(serialize_keras_object(layer))
        twin.set_weights(layer.get_weights())
    assert type(twin) is type(layer) and twin is not layer
    assert frozen(twin) == frozen(layer)
    assert trained_positions(twin) == trained_positions(layer)
    assert not {id(v) for v in twin.weights} & {id(v) for v in layer.weights}
    for attribute in ("name", "dtype", "autocast", "supports_masking", "batch_input_shape"):
        assert getattr(twin, attribute) == getattr(layer, attribute), attribute
    same(case(twin, case.arrays(), training=False), case(layer, case.arrays(), training=False))
    if way != "configuration":  # which has no state of random generators
        state = tn.random.global_seed_generator().state
        expected = case(layer, case.arrays(), training=True)
        tn.random.global_seed_generator().state = state
        same(case(twin, case.arrays(), training=True), expected)


@trainable_cases
@pytest.mark.parametrize("way", ["clone", "deepcopy", "pickle", "JSON"])
def test_copy_of_a_model(case, way):
    tn.utils.set_random_seed(0)
    model = model_around(case)
    part = freeze_one(model.layers[0])
    assert not part.trainable
    model.compile(tn.optimizers.Adam(0.01, clipnorm=1.0, use_ema=True), "mse", metrics=["mae"])
    x = case.arrays(batch=8)
    x = tn.core.nest.flatten(x) if isinstance(x, list) else x
    y = np.ones((8, 3), np.float32)
    model.fit(x, y, verbose=0)
    if is_anonymous(model) and way in ("pickle", "JSON"):
        with pytest.raises(ValueError, match="cannot serialize a lambda"):
            pickle.dumps(model) if way == "pickle" else model.to_json()
        return
    twin = {"clone": tn.models.clone_model, "deepcopy": copy.deepcopy,
            "pickle": lambda m: pickle.loads(pickle.dumps(m)),
            "JSON": lambda m: tn.models.model_from_json(m.to_json())}[way](model)
    assert frozen(twin) == frozen(model)
    assert trained_positions(twin) == trained_positions(model)
    assert twin.compiled and twin.optimizer is not model.optimizer
    assert twin.optimizer.get_config() == model.optimizer.get_config()
    if way in ("clone", "JSON"):
        twin.set_weights(model.get_weights())
        same(twin.predict(x, verbose=0), model.predict(x, verbose=0))
        return
    state = tn.random.global_seed_generator().state
    expected = model.fit(x, y, verbose=0, shuffle=False).history
    tn.random.global_seed_generator().state = state
    assert twin.fit(x, y, verbose=0, shuffle=False).history == expected
    for a, b in zip(twin.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def with_functions():
    def local_loss(y, y_pred):
        return tn.ops.mean((y - y_pred) ** 2)

    model = tn.Sequential([tn.Input((3,)), tn.Sequential([layers.Dense(4, activation=lambda x: x * 2), Own(3)]),
                           layers.Lambda(lambda x: x + 1), layers.Dense(1, name="last")])
    model.compile("sgd", local_loss, metrics=[lambda y, y_pred: y_pred])
    return model


class Own(layers.Layer):
    """Not registered."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.dense = layers.Dense(units)

    def call(self, x):
        return self.dense(x)


@pytest.mark.parametrize("way", [tn.models.clone_model, copy.deepcopy])
def test_functions_without_names_are_kept_within_the_process(way):
    model = with_functions()
    twin = way(model)
    twin.set_weights(model.get_weights())
    x = np.ones((2, 3), np.float32)
    same(twin.predict(x, verbose=0), model.predict(x, verbose=0))
    assert twin.loss is model.loss and twin.compiled


def test_functions_without_names_are_refused_by_name(tmp_path):
    inner = tn.Sequential([tn.Input((3,)), layers.Dense(4, activation=lambda x: x * 2, name="doubling")])
    model = tn.Sequential([tn.Input((3,)), inner])
    for write in (pickle.dumps, lambda m: m.to_json(), lambda m: m.save(tmp_path / "m.keras")):
        with pytest.raises(ValueError, match=r"layer 'doubling' \(Dense\): cannot serialize a lambda"):
            write(model)
    plain = tn.Sequential([tn.Input((3,)), layers.Dense(1)])
    plain.compile("sgd", lambda y, y_pred: tn.ops.mean(y - y_pred))
    with pytest.raises(ValueError, match="cannot serialize a lambda"):
        pickle.dumps(plain)
    plain.compile(tn.optimizers.SGD(lambda: 0.1), "mse")
    with pytest.raises(ValueError, match="cannot serialize a lambda"):
        pickle.dumps(plain)
    assert tn.models.clone_model(plain).optimizer.learning_rate == 0.1


def test_classes_of_ones_own_are_pickled_by_reference():
    model = tn.Sequential([tn.Input((3,)), Own(2)])
    model.layers[0].dense.trainable = False
    twin = pickle.loads(pickle.dumps(model))
    assert type(twin.layers[0]) is Own and twin.trainable_weights == []
    same(twin.predict(np.ones((2, 3)), verbose=0), model.predict(np.ones((2, 3)), verbose=0))


def test_frozen_layers_inside_a_layer_stay_frozen_in_files(tmp_path):
    model = tn.Sequential([tn.Input((3,)), Own(2), layers.Dense(1)])
    model.layers[0].dense.trainable = False
    model.save(tmp_path / "m.keras")
    twin = tn.models.load_model(tmp_path / "m.keras", custom_objects={"Own": Own})
    assert frozen(twin) == frozen(model) and len(twin.trainable_weights) == 2


def test_a_model_that_is_frozen_apart_from_one_layer():
    """The flag of the model and those of its layers are separate: setting the model's sets all, once."""
    for make in (lambda: tn.Sequential([tn.Input((3,)), layers.Dense(2, name="a"), layers.Dense(1, name="b")]),
                 lambda: tn.Model(x := tn.Input((3,)), layers.Dense(1, name="b")(layers.Dense(2, name="a")(x)))):
        model = make()
        model.trainable = False
        model.get_layer("b").trainable = True
        for twin in (tn.models.clone_model(model), type(model).from_config(model.get_config()), copy.deepcopy(model),
                     pickle.loads(pickle.dumps(model))):
            assert frozen(twin) == frozen(model)
            assert [v.trainable for v in twin.weights] == [v.trainable for v in model.weights]


def test_copies_of_optimizers_and_metrics_know_their_variables():
    model = tn.Model(x := tn.Input((3,)), [layers.Dense(1, name="a")(x), layers.Dense(1, name="b")(x)])
    optimizer = tn.optimizers.AdamW(0.01, use_ema=True)
    optimizer.exclude_from_weight_decay(var_list=[model.get_layer("a").kernel])
    model.compile(optimizer, "mse", metrics=[["mae"], ["mae"]])
    data = np.ones((4, 3)), [np.ones((4, 1)), np.ones((4, 1))]
    model.fit(*data, verbose=0)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert twin.optimizer._not_decayed(twin.get_layer("a").kernel)
        assert not twin.optimizer._not_decayed(twin.get_layer("b").kernel)
        if twin.metrics_names == ["loss"]:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert sorted(twin.evaluate(*data, verbose=0, return_dict=True)) == [
                "a_loss", "a_mae", "b_loss", "b_mae", "loss"]
    alone = pickle.loads(pickle.dumps(optimizer))
    alone.finalize_variable_values(alone._trainable_variables)
