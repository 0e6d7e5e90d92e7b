"""What every layer must do, run over all of them: repeat from its config, know its output shape, train,
save its weights.

The instances stand in layer_cases.py.
"""

import json

import numpy as np
import pytest
from layer_cases import CASES, model_around

import tinynet as tn
from tinynet import layers

BASES = {"ImageAugmentation", "Layer", "Wrapper"}  # they compute nothing by themselves

cases = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
trained = {name: case for name, case in CASES.items() if case.has_gradient}
trained_cases = pytest.mark.parametrize("case", trained.values(), ids=trained.keys())


def test_every_layer_has_a_case():
    public = {value.__name__: value for value in [getattr(layers, name) for name in layers.__all__]  # two names
              if isinstance(value, type) and issubclass(value, layers.Layer)}
    assert {name.split(" ")[0] for name in CASES} == set(public) - BASES
    for name, case in CASES.items():
        assert type(case.make()) is public[name.split(" ")[0]]


def plain(config):
    """Through JSON, which makes lists of tuples."""
    return json.loads(json.dumps(config))


def same(actual, expected):
    np.testing.assert_array_equal(np.asarray(actual), np.asarray(expected))


@cases
def test_config_round_trip(case):
    layer = case.make()
    expected = case(layer, case.arrays(), training=False)
    config = layer.get_config()
    twin = type(layer).from_config(config)
    assert repr(twin.get_config()) == repr(config) if callable(config.get("function")) else (
        plain(twin.get_config()) == plain(config))
    case(twin, case.arrays(), training=False)
    twin.set_weights(layer.get_weights())
    same(case(twin, case.arrays(), training=False), expected)


@cases
def test_dict_round_trip(case):
    layer = case.make()
    expected = case(layer, case.arrays(), training=False)
    twin = layers.deserialize(plain(layers.serialize(layer)))
    assert type(twin) is type(layer) and plain(layers.serialize(twin)) == plain(layers.serialize(layer))
    twin.set_weights(layer.get_weights())  # built by the dict alone
    same(case(twin, case.arrays(), training=False), expected)


@cases
def test_output_shape_is_known(case):
    layer = case.make()
    y = case(layer, case.arrays(), training=False)
    shape = case.output_shape(layer, case.shapes())
    assert tuple(shape[1:]) == y.shape[1:]
    assert shape[0] is None


@cases
def test_empty_batch(case):
    layer = case.make()
    full = case(layer, case.arrays(), training=False)
    assert case(layer, case.arrays(batch=0), training=False).shape == (0, *full.shape[1:])


@cases
def test_both_backends_agree(case):
    layer = case.make()
    native = np.asarray(case(layer, case.arrays(), training=False))
    with tn.backend("numpy"):
        reference = np.asarray(case(layer, case.arrays(), training=False))
    np.testing.assert_allclose(native, reference, rtol=1e-5, atol=1e-6)


@trained_cases
def test_dtype(case):
    """Floats of either type become the layer's."""
    for dtype in ("float32", "float64"):
        tn.config.set_floatx(dtype)
        try:
            layer = case.make()
            assert case(layer, case.arrays(dtype=np.float64), training=False).dtype == dtype
            assert all(variable.dtype == dtype for variable in layer.weights)
        finally:
            tn.config.set_floatx("float32")


@trained_cases
def test_gradient_with_respect_to_inputs_and_weights(case):
    tn.config.set_floatx("float64")
    try:
        layer = case.make()
        inputs = tn.core.nest.map_structure(lambda x: tn.Variable(x) if x.dtype.kind == "f" else x,
                                            case.arrays(batch=3, dtype=np.float64))
        weights = np.random.default_rng(1).standard_normal(case(layer, inputs).shape)
        variables = [x for x in tn.core.nest.flatten(inputs) if isinstance(x, tn.Variable)]
        variables += layer.trainable_variables
        with tn.GradientTape() as tape:
            y = case(layer, inputs, training=False)
        gradients = tape.gradient(y, variables, output_gradients=weights)
        rng = np.random.default_rng(2)
        for variable, gradient in zip(variables, gradients, strict=True):
            direction, start, step = rng.standard_normal(variable.shape), variable.numpy(), 1e-6
            gradient = np.zeros(variable.shape) if gradient is None else tn.ops.convert_to_tensor(gradient).numpy()
            values = []
            for sign in (1, -1):
                variable.assign(start + sign * step * direction)
                values.append(float((case(layer, inputs, training=False).numpy() * weights).sum()))
            variable.assign(start)
            numeric = (values[0] - values[1]) / (2 * step)
            assert numeric == pytest.approx(float((gradient * direction).sum()), rel=1e-3, abs=1e-5)
    finally:
        tn.config.set_floatx("float32")


def trained_model(case, epochs=10):
    """The model, its data, and its loss before and after training."""
    tn.utils.set_random_seed(0)
    model = model_around(case)
    model.compile(optimizer=tn.optimizers.SGD(0.05), loss="mse")
    x = case.arrays(batch=32)
    x = tn.core.nest.flatten(x) if isinstance(x, list) else x
    y = np.random.default_rng(1).standard_normal((32, 3)).astype(np.float32)
    before = model.evaluate(x, y, verbose=0)
    model.fit(x, y, epochs=epochs, verbose=0)
    return model, x, before, model.evaluate(x, y, verbose=0)


@trained_cases
def test_training_lowers_the_loss(case):
    _, _, before, after = trained_model(case)
    assert after < before


@trained_cases
def test_file_round_trip(case, tmp_path):
    model, x, _, _ = trained_model(case, epochs=1)
    model.save(tmp_path / "model.keras")
    twin = tn.models.load_model(tmp_path / "model.keras")
    same(twin.predict(x, verbose=0), model.predict(x, verbose=0))


def with_penalties():
    """(case, its layer's name of a weight) of all layers that take a regularizer and a constraint for it."""
    for name, case in CASES.items():
        config = case.make().get_config()
        for key in config:
            weight = key.removesuffix("_constraint")
            unused = {"bias": "use_bias", "beta": "center", "gamma": "scale"}.get(weight)
            if key != weight and f"{weight}_regularizer" in config and config.get(unused, True):
                yield name, weight


@pytest.mark.parametrize(("name", "weight"), list(with_penalties()))
def test_penalties_and_constraints_reach_their_weights(name, weight):
    case, config = CASES[name], CASES[name].make().get_config()
    layer = type(case.make()).from_config({
        **config, f"{weight}_constraint": tn.constraints.serialize(tn.constraints.NonNeg()),
        f"{weight}_regularizer": tn.regularizers.serialize(tn.regularizers.L2(0.5))})
    case(layer, case.arrays())
    constrained = [one for one in layer.weights if isinstance(one.constraint, tn.constraints.NonNeg)]
    penalized = [one for one in layer.weights if isinstance(one.regularizer, tn.regularizers.L2)
                 and float(one.regularizer.l2) == 0.5]
    assert constrained and [one.path for one in constrained] == [one.path for one in penalized]
    assert all(weight in one.path for one in constrained) or len(constrained) == len(layer.weights)


@pytest.mark.parametrize("cls", [layers.Dense, layers.EinsumDense])
def test_keras_finds_its_key_of_quantization(cls):
    assert next(case.make() for case in CASES.values() if type(case.make()) is cls).get_config()[
        "quantization_config"] is None


def test_a_configuration_may_have_what_keras_adds_to_it():
    layer = layers.Dense.from_config({"units": 3, "build_config": {"input_shape": [None, 2]}})
    assert layers.Dense(3, build_config={"input_shape": [None, 2]}).units == layer.units == 3
