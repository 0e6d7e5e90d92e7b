"""Masks where a graph is built: layers of the user are told that there is one, and the mask they compute is used."""

import numpy as np
import pytest

import tinynet as tn
from tinynet import layers, ops


class NeedsMask(layers.Layer):
    """The mean over the steps that count."""

    def call(self, x, mask=None):
        assert mask is not None
        weights = ops.cast(mask, "float32")[..., None]
        return ops.sum(x * weights, 1) / ops.sum(weights, 1)


class Propagates(layers.Layer):
    def __init__(self):
        super().__init__()
        self.supports_masking = True

    def call(self, x):
        return ops.relu(x)


class Halves(layers.Layer):
    def call(self, x):
        return ops.split(x, 2, axis=1)

    def compute_mask(self, x, mask=None):
        return None if mask is None else ops.split(mask, 2, axis=1)


@pytest.mark.parametrize("between", [
    layers.Dense(4), layers.Dropout(0.5), Propagates(), layers.LSTM(3, return_sequences=True),
    layers.TimeDistributed(layers.Dense(4)), layers.Activation("relu"),
], ids=lambda layer: type(layer).__name__)
def test_a_layer_that_needs_the_mask_gets_it(between):
    inputs = tn.Input((None,), dtype="int32")
    x = between(layers.Embedding(10, 4, mask_zero=True)(inputs))
    assert x._keras_mask.shape == (None, None) and x._keras_mask.dtype == "bool"
    model = tn.Model(inputs, NeedsMask()(x))
    short, long = np.array([[3, 4, 5]]), np.array([[3, 4, 5, 0, 0]])
    np.testing.assert_allclose(model(short), model(long), rtol=1e-5, atol=1e-6)


def test_no_mask_where_there_is_none():
    inputs = tn.Input((None, 4))
    x = layers.Dense(4)(inputs)
    assert x._keras_mask is None and inputs._keras_mask is None
    masked = layers.Masking()(inputs)
    assert masked._keras_mask.shape == (None, None)
    assert layers.LSTM(3)(masked)._keras_mask is None  # the steps are gone


def test_a_layer_that_computes_a_mask_propagates_it():
    layer = Halves()
    assert layer.supports_masking and not Propagates.__mro__[1]().supports_masking
    first, second = layer(layers.Embedding(10, 4, mask_zero=True)(np.array([[1, 2, 3, 0]])))
    assert first._keras_mask.tolist() == [[True, True]] and second._keras_mask.tolist() == [[True, False]]
    first, _ = Halves()(layers.Embedding(10, 4, mask_zero=True)(tn.Input((6,), dtype="int32")))
    assert first.shape == (None, 3, 4) and first._keras_mask.shape == (None, 3)


def test_one_hot_of_whole_floats():
    assert ops.one_hot(np.array([0.0, 2.0], "f4"), 3).tolist() == [[1, 0, 0], [0, 0, 1]]
    for bad in (np.array([0.5]), np.array([np.nan]), np.array(["a"])):
        with pytest.raises(TypeError):
            ops.one_hot(bad, 3)


def test_a_layer_for_numbers_says_what_to_do_with_text():
    with pytest.raises(ValueError, match="Dense: dtype .*text becomes numbers"):
        tn.layers.Dense(2, dtype="string")
    for text in (tn.Input((1,), dtype="string"), tn.tf.constant([["a"]]), np.array([["a"]])):
        with pytest.raises((TypeError, ValueError), match="layer 'dense.*a TextVectorization or StringLookup layer"):
            tn.layers.Dense(2)(text)
        with pytest.raises((TypeError, ValueError), match="layer 'embedding.*(got text|expected numbers)"):
            tn.layers.Embedding(3, 2)(text)


@pytest.mark.parametrize("value", [0.0, 2.0])
def test_masking_leaves_out_steps_whose_features_all_have_the_value(value):
    x = np.full((2, 3, 2), value, "float32")
    x[0, 1, 0] = x[1, 0] = x[1, 2, 1] = 7  # a step that has one other feature counts
    expected = [[False, True, False], [True, False, True]]
    layer = layers.Masking(value)
    assert layer.compute_mask(x).tolist() == layer(x)._keras_mask.tolist() == expected
    np.testing.assert_array_equal(layer(x).numpy(), x * np.array(expected)[..., None])
