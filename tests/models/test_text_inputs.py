"""Models with inputs of text: graphs, Sequential, data of every kind, files, and what does not fit."""

import copy
import pickle

import numpy as np
import pytest

import tinynet as tn
from tinynet import layers, models, tf

TEXTS = np.array(["b a", "c", ""])


def vectorizer(**arguments):
    layer = layers.TextVectorization(max_tokens=9, output_sequence_length=3, **arguments)
    layer.adapt(["a b c", "b c", "c"])
    return layer


def tail():
    return [layers.Embedding(9, 4), layers.GlobalAveragePooling1D(), layers.Dense(1)]


def graph():
    text = tn.Input((1,), dtype="string", name="text")
    x = vectorizer()(text)
    for layer in tail():
        x = layer(x)
    return tn.Model(text, x)


def nested():
    text = tn.Input((1,), dtype=tf.string, name="text")
    return tn.Model(text, tn.Sequential([vectorizer(), *tail()])(text))


def sequential():
    return tn.Sequential([tn.Input((1,), dtype="string"), vectorizer(), *tail()])


@pytest.fixture(params=[graph, nested, sequential])
def model(request):
    return request.param()


def test_inputs_of_every_kind_give_the_same(model):
    assert model.input_shape == (None, 1) and model.output_shape == (None, 1)
    expected = model.predict(TEXTS[:, None], verbose=0)
    assert expected.shape == (3, 1) and len(np.unique(expected)) == 3
    for texts in (TEXTS, tf.constant(TEXTS), tf.constant(TEXTS[:, None]), TEXTS.astype(object), np.char.encode(TEXTS),
                  tf.data.Dataset.from_tensor_slices(TEXTS).batch(2)):
        np.testing.assert_allclose(model.predict(texts, verbose=0), expected, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(model(tf.constant(TEXTS)), expected, rtol=1e-6, atol=1e-7)


def test_training(model):
    model.compile("adam", "mse")
    before = model.get_weights()
    model.fit(TEXTS, np.ones(3), verbose=0)
    model.fit(tf.data.Dataset.from_tensor_slices((TEXTS, np.ones(3))).batch(2), verbose=0)
    assert all((old != new).any() for old, new in zip(before, model.get_weights(), strict=True))


@pytest.mark.parametrize("way", ["m.keras", "m.h5", "keras", "pickle", "copy", "clone", "json"])
def test_files_and_copies(model, way, tmp_path):
    expected = model.predict(TEXTS, verbose=0)
    if way in ("pickle", "copy"):
        twin = pickle.loads(pickle.dumps(model)) if way == "pickle" else copy.deepcopy(model)
    elif way in ("clone", "json"):
        twin = models.clone_model(model) if way == "clone" else models.model_from_json(model.to_json())
        twin.set_weights(model.get_weights())
    else:
        if way != "m.keras":
            pytest.importorskip("h5py")
        path = tmp_path / ("k.keras" if way == "keras" else way)
        model.save(path, **({"format": "keras"} if way == "keras" else {}))
        twin = models.load_model(path)
    np.testing.assert_array_equal(twin.predict(TEXTS, verbose=0), expected)


def test_categories_beside_numbers():
    origin, weight = tn.Input((1,), name="origin", dtype="string"), tn.Input((1,), name="weight")
    category = layers.StringLookup(vocabulary=["USA", "Japan"], output_mode="one_hot")(origin)
    assert category.shape == (None, 3) and category.dtype == "float32"
    model = tn.Model([origin, weight], layers.Concatenate()([category, weight]))
    data = {"origin": np.array(["Japan", "Mars"]), "weight": np.array([2.0, 3.0])}
    expected = [[0, 0, 1, 2], [1, 0, 0, 3]]
    np.testing.assert_array_equal(model.predict(data, verbose=0), expected)
    batches = tf.data.Dataset.from_tensor_slices(data).batch(1)
    np.testing.assert_array_equal(model.predict(batches, verbose=0), expected)


def test_shapes_of_what_layers_make_of_text():
    text = tn.Input((1,), dtype="string")
    assert text.dtype == "string" and layers.InputLayer((1,), dtype="string").get_config()["dtype"] == "string"
    words = layers.TextVectorization(vocabulary=["a", "b"])(text)
    assert words.shape == (None, None) and words.dtype == "int64"
    counts = layers.TextVectorization(vocabulary=["a", "b"], output_mode="count")(text)
    assert counts.shape == (None, 3) and counts.dtype == "float32"
    assert layers.Hashing(5)(text).shape == (None, 1)
    small = layers.Lambda(tf.strings.lower)(text)
    assert small.dtype == "string" and small.shape == (None, 1)
    assert tn.Model(text, small)(np.array(["A"])).numpy().tolist() == [[b"a"]]


def test_what_does_not_fit():
    model = graph()
    with pytest.raises(ValueError, match=r"input 'text' takes text \(dtype='string'\): .*float32"):
        model.predict(np.ones((2, 1)), verbose=0)
    with pytest.raises(ValueError, match=r"'text' has shape \(None, 1\)"):
        model.predict(np.array([["a", "b"]]), verbose=0)
    pytest.importorskip("onnx")
    with pytest.raises(NotImplementedError, match="its input 'text' is text"):
        model.export("unwritten.onnx", format="onnx")
