"""mixup, cutout and word dropout on sentences: functions and layers, masses and counts, gradients, masks."""

import numpy as np
import pytest
from checks import assert_gradient
from hypothesis import given
from hypothesis import strategies as st

import tinynet as tn
from tinynet import augment, layers
from tinynet.layers.masks import get_mask, set_mask

seeds = st.integers(0, 2**32 - 1)


def batch(seed=0, shape=(6, 5, 3), classes=4, dtype=np.float64):
    rng = np.random.default_rng(seed)
    return rng.standard_normal(shape).astype(dtype), np.eye(classes, dtype=dtype)[rng.integers(0, classes, shape[0])]


@given(seed=seeds, alpha=st.sampled_from([0.1, 1.0, 4.0]), rank=st.sampled_from([2, 3]))
def test_mixup_is_the_formula_and_conserves_the_label_mass(seed, alpha, rank):
    x, y = batch(seed, (6, 5, 3)[:rank])
    mix = augment.word_mixup if rank == 3 else augment.sentence_mixup
    mixed, labels = mix(x, y, alpha, seed)
    np.testing.assert_allclose(labels.sum(axis=1), 1, rtol=1e-12)
    again = mix(x, y, alpha, seed)
    np.testing.assert_array_equal(mixed, again[0])
    rng = np.random.default_rng(seed)
    weights, partners = rng.random(6), rng.permutation(6)
    mixed, labels = mix(x, y, weights=weights, partners=partners)
    for i, j in enumerate(partners):
        np.testing.assert_allclose(mixed[i], weights[i] * x[i] + (1 - weights[i]) * x[j], rtol=1e-12)
        np.testing.assert_allclose(labels[i], weights[i] * y[i] + (1 - weights[i]) * y[j], rtol=1e-12)
    np.testing.assert_array_equal(mix(x, y, weights=1.0)[0], x)


def test_mixup_keeps_float32_and_takes_whole_labels():
    x, _ = batch(dtype=np.float32)
    mixed, labels = augment.word_mixup(x, np.eye(6, dtype=int), weights=0.25, partners=np.arange(6)[::-1])
    assert mixed.dtype == labels.dtype == np.float32 and sorted(set(labels.ravel())) == [0, 0.25, 0.75]


@given(seed=seeds, share=st.floats(0, 1), kind=st.sampled_from(["span", "token", "feature"]), padded=st.booleans())
def test_cutout_erases_what_it_says(seed, share, kind, padded):
    x, _ = batch(seed, (7, 9, 5))
    mask = np.random.default_rng(seed).random((7, 9)) < 0.7 if padded else None
    result = augment.embedding_cutout(x, share, kind, seed, mask)
    erased = result == 0
    np.testing.assert_array_equal(result[~erased], x[~erased])
    if kind == "feature":
        np.testing.assert_array_equal(erased, np.broadcast_to(erased[:, :1], x.shape))
        assert (erased[:, 0].sum(axis=1) == np.rint(share * 5)).all()
        return
    np.testing.assert_array_equal(erased, np.broadcast_to(erased[:, :, :1], x.shape))
    for gone, words in zip(erased[:, :, 0], np.ones((7, 9), bool) if mask is None else mask, strict=True):
        assert not gone[~words].any() and gone.sum() == np.rint(share * words.sum())
        among = np.flatnonzero(gone[words])
        if kind == "span" and among.size:
            assert among[-1] - among[0] == among.size - 1  # neighbours, but for padding between them


def test_cutout_is_anywhere_alike():
    gone = augment.embedding_cutout(np.ones((4000, 5, 1)), 0.2, "token", seed=1)[..., 0] == 0
    assert np.abs(gone.mean(axis=0) - 0.2).max() < 5 * np.sqrt(0.2 * 0.8 / 4000)
    gone = augment.embedding_cutout(np.ones((4000, 5, 1)), 0.8, "span", seed=1)[..., 0] == 0
    assert abs(gone[:, 0].mean() - 0.5) < 5 * 0.5 / np.sqrt(4000)


@pytest.mark.parametrize("make, shape", [
    (lambda: layers.EmbeddingMixup(seed=3, dtype="float64"), (6, 5, 3)),
    (lambda: layers.EmbeddingMixup(seed=3, dtype="float64"), (6, 3)),
    (lambda: layers.EmbeddingCutout(0.4, seed=3, dtype="float64"), (6, 5, 3)),
    (lambda: layers.EmbeddingCutout(0.4, "feature", seed=3, dtype="float64"), (6, 5, 3)),
])
def test_layers_only_in_training_repeatably_and_with_gradients(make, shape):
    x, _ = batch(shape=shape)
    layer = make()
    np.testing.assert_array_equal(layer(x).numpy(), x)
    first, second = layer(x, training=True).numpy(), layer(x, training=True).numpy()
    assert np.any(first != x) and np.any(first != second)
    np.testing.assert_array_equal(make()(x, training=True).numpy(), first)
    assert_gradient(lambda v: make()(v, training=True), x)
    twin = type(layer).from_config(layer.get_config())
    np.testing.assert_array_equal(twin(x, training=True).numpy(), first)


def test_mixup_layer_mixes_labels_alike():
    x, y = batch()
    layer = layers.EmbeddingMixup(alpha=2.0, seed=1, dtype="float64")
    data = {"embeddings": np.concatenate([x, y[:, None, :3]], axis=1), "labels": y[:, :3], "names": "kept"}
    mixed = layer(data, training=True)
    np.testing.assert_allclose(mixed["embeddings"].numpy()[:, -1], mixed["labels"].numpy(), rtol=1e-12)
    assert np.any(mixed["labels"].numpy() % 1) and mixed["names"] == "kept"
    np.testing.assert_array_equal(layer(data)["labels"].numpy(), data["labels"])


def test_mixed_sentence_is_as_long_as_the_longer_one():
    x, _ = batch(shape=(2, 4, 3))
    mask = np.array([[True, True, False, False], [True, True, True, False]])
    for seed in range(10):
        source = set_mask(tn.Tensor(x), tn.Tensor(mask))
        result = layers.EmbeddingMixup(seed=seed, dtype="float64")(source, training=True)
        changed = bool(np.any(get_mask(result).numpy()[0] != mask[0]))
        assert get_mask(result).numpy().sum() == (6 if changed else 5)
        np.testing.assert_array_equal(result.numpy()[:, 3], 0)
        assert np.any(result.numpy()[0, 2] != 0) == changed
    np.testing.assert_array_equal(get_mask(layers.EmbeddingMixup(dtype="float64")(source)).numpy(), mask)


def test_cutout_layer_leaves_padding_to_the_mask():
    x, _ = batch(shape=(50, 6, 3))
    mask = np.arange(6) < np.arange(50)[:, None] % 6
    layer = layers.EmbeddingCutout(1.0, seed=1, dtype="float64")
    result = layer(set_mask(tn.Tensor(x), tn.Tensor(mask)), training=True)
    np.testing.assert_array_equal(result.numpy() == 0, np.broadcast_to(mask[:, :, None], x.shape))
    np.testing.assert_array_equal(get_mask(result).numpy(), mask)


def test_word_dropout_layer():
    words = np.random.default_rng(0).integers(0, 50, (200, 100))
    layer = layers.WordDropout(0.2, unknown=1, keep=(0, 2), seed=4)
    np.testing.assert_array_equal(layer(words).numpy(), words)
    result = layer(words, training=True).numpy()
    assert result.dtype == words.dtype and np.all((result == words) | (result == 1))
    free = ~np.isin(words, (0, 1, 2))
    assert abs((result == 1)[free].mean() - 0.2) < 5 * np.sqrt(0.16 / free.sum())
    np.testing.assert_array_equal(result[~free], words[~free])
    twin = layers.WordDropout.from_config(layer.get_config())
    np.testing.assert_array_equal(twin(words, training=True).numpy(), result)


def test_a_model_with_all_of_them_learns():
    rng = np.random.default_rng(0)
    words = rng.integers(2, 20, (256, 8))
    y = (words == 7).any(axis=1).astype(np.float32)
    tn.utils.set_random_seed(0)
    model = tn.Sequential([layers.WordDropout(0.05), layers.Embedding(20, 8), layers.EmbeddingCutout(0.1),
                           layers.GlobalMaxPooling1D(), layers.Dense(1, activation="sigmoid")])
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    model.fit(words, y, epochs=40, verbose=0)
    assert model.evaluate(words, y, verbose=0)[1] > 0.95
    np.testing.assert_array_equal(model.predict(words, verbose=0), model.predict(words, verbose=0))


@pytest.mark.parametrize("call, error, message", [
    (lambda x, y: augment.word_mixup(x[:, 0], y), ValueError, r"\(batch, length, dim\), got float64 \(6, 3\)"),
    (lambda x, y: augment.sentence_mixup(x, y), ValueError, r"\(batch, dim\), got float64 \(6, 5, 3\)"),
    (lambda x, y: augment.word_mixup(x, y[:, 0]), ValueError, "must be one-hot.*to_categorical"),
    (lambda x, y: augment.word_mixup(x, y, weights=2), ValueError, "weights must be from 0 to 1"),
    (lambda x, y: augment.word_mixup(x, y, alpha=0), ValueError, "alpha must be above 0"),
    (lambda x, y: augment.embedding_cutout(x, kind="box"), ValueError, "kind must be one of 'span'.*got 'box'"),
    (lambda x, y: augment.embedding_cutout(x, 2), ValueError, "share must be from 0 to 1"),
    (lambda x, y: augment.embedding_cutout(x, mask=np.ones((6, 4), bool)), ValueError, r"bools of shape \(6, 5\)"),
    (lambda x, y: layers.EmbeddingCutout(2), ValueError, "share"),
    (lambda x, y: layers.EmbeddingMixup(0), ValueError, "alpha"),
    (lambda x, y: layers.WordDropout(2), ValueError, "from 0 to 1"),
    (lambda x, y: layers.WordDropout()(x, training=True), ValueError, "whole numbers"),
    (lambda x, y: layers.EmbeddingMixup()({"images": x}), ValueError, "dict with 'embeddings'; got"),
    (lambda x, y: layers.EmbeddingMixup()({"embeddings": x, "labels": y[:, 0]}, training=True), ValueError, "one-hot"),
    (lambda x, y: layers.EmbeddingCutout()(x[0], training=True), ValueError, r"\(batch, length, dim\)"),
])
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call(*batch())
