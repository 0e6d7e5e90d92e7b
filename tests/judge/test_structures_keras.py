"""Every nesting of inputs and outputs against Keras: what calls, `predict`, shapes and `History` look like."""

import os

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras")

import tinynet as tn  # noqa: E402

X = np.ones((4, 3), "float32")
NESTINGS = {
    "t": lambda a, b: a, "[t]": lambda a, b: [a], "(t)": lambda a, b: (a,), "{t}": lambda a, b: {"a": a},
    "[[t]]": lambda a, b: [[a]], "{[t]}": lambda a, b: {"z": [a]}, "[t, t]": lambda a, b: [a, b],
    "(t, t)": lambda a, b: (a, b), "{b: t, a: t}": lambda a, b: {"b": b, "a": a}, "[t, [t]]": lambda a, b: [a, [b]],
    "[[t, t]]": lambda a, b: [[a, b]], "{x: [t, t]}": lambda a, b: {"x": [a, b]},
    "([t], {t})": lambda a, b: ([a], {"q": b}), "[{t, t}]": lambda a, b: [{"a": a, "b": b}],
}
OF_ONE = ("t", "[t]", "(t)", "{t}", "[[t]]", "{[t]}")
# Keras unpacks the outputs but not the targets of these, and so cannot train on targets nested like the outputs.
NOT_TRAINED_BY_KERAS = ("[[t]]", "[[t, t]]", "[{t, t}]")


def described(value):
    if isinstance(value, dict):
        return {key: described(part) for key, part in value.items()}
    if isinstance(value, tuple) and all(part is None or isinstance(part, int) for part in value):
        return f"shape {value}"
    if isinstance(value, list | tuple):
        return "tuple" if isinstance(value, tuple) else "list", [described(part) for part in value]
    return tuple(value.shape) if hasattr(value, "shape") else value


def outcome(function):
    try:
        return described(function())
    except ValueError:
        return "ValueError"


def outcomes(k, inputs, outputs):
    a, b = k.Input((3,), name="a"), k.Input((3,), name="b")
    nested_in, nested_out = NESTINGS[inputs], NESTINGS[outputs]
    two = inputs not in OF_ONE
    model = k.Model(nested_in(a, b), nested_out(k.layers.Dense(2, name="d1")(a),
                                                k.layers.Dense(5, name="d2")(b if two else a)))
    x = nested_in(X, X)
    results = {
        "call": lambda: model(x), "predict": lambda: model.predict(x, verbose=0),
        "predict_on_batch": lambda: model.predict_on_batch(x),
        "a flat list": lambda: model([X, X] if two else [X]), "a tuple": lambda: model((X, X) if two else (X,)),
        "symbolic": lambda: model(nested_in(k.Input((3,)), k.Input((3,)))),
        "input_shape": lambda: model.input_shape, "output_shape": lambda: model.output_shape,
        "inputs": lambda: model.inputs, "outputs": lambda: model.outputs,
        "input": lambda: model.input, "output": lambda: model.output,
        "layers": lambda: [layer.name for layer in model.layers if layer.name[0] == "d"],
        "output_names": lambda: model.output_names,
        "compute_output_shape": lambda: model.compute_output_shape(model.input_shape),
        "from JSON": lambda: k.models.model_from_json(model.to_json())(x),
        "clone": lambda: k.models.clone_model(model)(x),
    }
    found = {name: outcome(function) for name, function in results.items()}
    if outputs not in NOT_TRAINED_BY_KERAS:
        model.compile("sgd", "mse")
        targets = np.ones((4, 2)), np.ones((4, 5))
        one = outputs in OF_ONE
        for name, y in (("fit", nested_out(*targets)), ("fit with a list", list(targets[:1] if one else targets))):
            found[name] = outcome(lambda y=y: sorted(model.fit(x, y, verbose=0).history))
    return found


@pytest.mark.parametrize(("inputs", "outputs"), [
    (inputs, outputs) for inputs in NESTINGS for outputs in NESTINGS
    if inputs == "t" or outputs == "[t]"
])
def test_nesting(inputs, outputs):
    assert outcomes(tn, inputs, outputs) == outcomes(keras, inputs, outputs)
