"""Layers before the network: what users read from them, and text on its way through `fit`."""

import numpy as np
import pytest

import tinynet as tn
from tinynet import layers

TEXTS = ["a great movie", "an awful movie", "great é", "awful"]
LABELS = np.array([1, 0, 1, 0])


def test_mean_and_variance_are_tensors():
    layer = layers.Normalization()
    layer.adapt(np.array([[0.0, 10.0], [2.0, 30.0]]))
    assert layer.mean.numpy().tolist() == [[1, 20]] and layer.variance.numpy().tolist() == [[1, 100]]


@pytest.mark.parametrize("x", [np.array(TEXTS), np.array(TEXTS, object), np.char.encode(TEXTS, "utf-8"),
                               tn.constant(TEXTS)], ids=["text", "objects", "bytes", "tensor"])
def test_text_in_arrays_and_data_sets(x):
    vectorize = layers.TextVectorization(max_tokens=20, output_sequence_length=3)
    vectorize.adapt(TEXTS)
    model = tn.Sequential([vectorize, layers.Embedding(20, 2), layers.Flatten(), layers.Dense(1)])
    model.compile("sgd", "mse")
    expected = np.asarray(model(np.array(TEXTS)))
    np.testing.assert_array_equal(model.predict(x, batch_size=3, verbose=0), expected)
    data = tn.data.Dataset.from_tensor_slices((x, LABELS)).batch(3)
    np.testing.assert_array_equal(model.predict(data, verbose=0), expected)
    loss = model.evaluate(data, verbose=0)
    assert loss == pytest.approx(np.mean((expected[:, 0] - LABELS) ** 2), rel=1e-5)
    for _ in range(20):
        model.fit(x, LABELS, batch_size=3, verbose=0)  # shuffled
    assert model.evaluate(data, verbose=0) < loss
