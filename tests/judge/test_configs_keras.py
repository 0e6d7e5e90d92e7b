"""Configurations against Keras: each side reads what the other writes, and writes the same again, key by key."""

import json
import os

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras")

from layer_cases import SINGLE, Case  # noqa: E402

import tinynet as tn  # noqa: E402
from tests.layers.test_merging import CASES as MERGING  # noqa: E402

# What Keras has not: padding by a number, which is the slides'.
CASES = {name: case for name, case in SINGLE.items()
         if name not in ("Conv2D padded", "EmbeddingCutout", "EmbeddingMixup", "WordDropout")}


def plain(value):
    return json.loads(json.dumps(value))


def same(ours, theirs):
    assert ours["config"] == theirs["config"]
    assert {key: ours[key] for key in ("module", "class_name", "registered_name")} == {
        key: theirs[key] for key in ("module", "class_name", "registered_name")}


@pytest.mark.parametrize(("make", "shape"), CASES.values(), ids=CASES.keys())
def test_layer(make, shape):
    layer = make()
    ours = plain(tn.layers.serialize(layer))
    twin = keras.layers.deserialize(plain(ours))  # a copy: Keras takes out what it has read
    theirs = plain(keras.layers.serialize(twin))
    if isinstance(layer, tn.layers.SimpleRNN):  # Keras forgets its seed
        theirs["config"]["seed"] = None
    same(ours, theirs)
    same(plain(tn.layers.serialize(tn.layers.deserialize(theirs))), theirs)
    if isinstance(layer, tn.layers.InputLayer):
        return
    x = Case(make, shape).arrays()
    layer(x), twin(x)
    built = plain(tn.layers.serialize(layer))["build_config"]["input_shape"]
    theirs = plain(keras.layers.serialize(twin)).get("build_config")  # Keras leaves it out for layers without weights
    assert theirs is None or built[1:] == theirs["input_shape"][1:]


@pytest.mark.parametrize(("name", "arguments", "shapes"), MERGING)
def test_merging_layer(name, arguments, shapes):
    ours = plain(tn.layers.serialize(getattr(tn.layers, name)(**arguments, name="m")))
    same(ours, plain(keras.layers.serialize(getattr(keras.layers, name)(**arguments, name="m"))))
    same(plain(tn.layers.serialize(tn.layers.deserialize(ours))), ours)


def sequential(k):
    return k.Sequential([
        k.Input((8, 8, 3), name="image"), k.layers.Conv2D(4, 3, activation="relu", kernel_regularizer="l2", name="c"),
        k.layers.BatchNormalization(name="b"), k.layers.Flatten(name="f"), k.layers.Dropout(0.5, seed=3, name="o"),
        k.Sequential([k.layers.Dense(5, name="i")], name="inner"), k.layers.Dense(3, "softmax", name="d"),
    ], name="model")


def graph(k):
    a, b = k.Input((4,), name="a"), k.Input((4,), name="b")
    shared = k.layers.Dense(4, name="shared")
    x = k.layers.Concatenate(name="cat")([shared(a), shared(b)])
    y = k.ops.reshape(k.layers.Add(name="sum")([x, x * 2]), (-1, 2, 4))
    z = k.layers.Dropout(0.5, name="drop")(k.ops.relu(k.ops.mean(y, axis=-1)), training=False)
    return k.Model({"a": a, "b": b}, [z, y[:, 0]], name="model")


def tuples(k):
    x = k.Input((4,), name="x")
    return k.Model(x, {"y": k.layers.Dense(2, name="d")(x), "z": 1 - x}, name="model")


@pytest.mark.parametrize("make", [sequential, graph, tuples])
def test_models_read_each_other(make):
    ours, theirs = make(tn), make(keras)
    theirs_of_ours = keras.models.model_from_json(ours.to_json())
    ours_of_theirs = tn.models.model_from_json(theirs.to_json())
    shapes = ours.input_shape if isinstance(ours.input_shape, list) else [ours.input_shape]
    shapes = dict(zip(ours.input_names if len(shapes) > 1 else ["x"], shapes, strict=True))
    x = {name: np.random.default_rng(0).standard_normal((3, *shape[1:])).astype("float32")
         for name, shape in shapes.items()}
    x = x if len(x) > 1 else x.popitem()[1]
    weights = theirs.get_weights()
    for model in (ours, theirs_of_ours, ours_of_theirs):
        assert [w.shape for w in model.get_weights()] == [w.shape for w in weights]
        model.set_weights(weights)
    expected = keras.tree.flatten(theirs(x))
    for model in (ours, theirs_of_ours, ours_of_theirs):
        actual = keras.tree.flatten(keras.tree.map_structure(np.asarray, model(x)))
        for one, other in zip(actual, expected, strict=True):
            np.testing.assert_allclose(one, np.asarray(other), rtol=1e-5, atol=1e-6)
    assert [layer.name for layer in ours_of_theirs.layers] == [layer.name for layer in theirs.layers]
    assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers]


def test_layers_of_graphs_come_in_keras_order():
    rng = np.random.default_rng(0)
    for _ in range(8):
        steps = [(int(rng.integers(3)), int(rng.integers(100)), int(rng.integers(100))) for _ in range(9)]

        def build(k, steps=steps):
            tensors = [k.Input((3,), name="i0"), k.Input((3,), name="i1")]
            shared = k.layers.Dense(3, name="shared")
            for number, (kind, one, other) in enumerate(steps):
                x, y = tensors[one % len(tensors)], tensors[other % len(tensors)]
                tensors.append(k.layers.Add(name=f"n{number}")([x, y]) if kind == 0 else shared(x) if kind == 1
                               else k.layers.Dense(3, name=f"n{number}")(x))
            return k.Model(tensors[:2], tensors[-3:])

        assert [layer.name for layer in build(tn).layers] == [layer.name for layer in build(keras).layers]
