"""Layers before the network: what users read from them, and text on its way through `fit`."""

import numpy as np
import pytest
from checks import assert_same_rows

import tinynet as tn
from tinynet import layers
from tinynet.layers.fingerprints import fingerprint64, siphash

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
    assert_same_rows(model.predict(x, batch_size=3, verbose=0), expected)
    data = tn.data.Dataset.from_tensor_slices((x, LABELS)).batch(3)
    assert_same_rows(model.predict(data, verbose=0), expected)
    loss = model.evaluate(data, verbose=0)
    assert loss == pytest.approx(np.mean((expected[:, 0] - LABELS) ** 2), rel=1e-5)
    for _ in range(20):
        model.fit(x, LABELS, batch_size=3, verbose=0)  # shuffled
    assert model.evaluate(data, verbose=0) < loss


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
def test_a_boundary_belongs_to_the_bin_above_it(dtype):
    layer, x = layers.Discretization([0.0, 1.0, 5.0]), np.array([-1, 0, 1, 2, 5, 6], dtype)
    assert layer(x).numpy().tolist() == [0, 1, 2, 2, 3, 3]
    counts = layers.Discretization([0.0, 1.0, 5.0], output_mode="count")
    assert counts(x[None]).numpy().tolist() == [[1, 1, 2, 2]]


# -- TensorFlow's rules for text ---------------------------------------------------------------------------------------


def test_small_letters_and_white_space_are_ascii():
    text = "\u00c9COLE\u00a0A\tB\vC\fD\r\nE  \u3000F \u1e9e\u0130 G\x1cH"
    layer = layers.TextVectorization()
    assert layer.words(np.array([text]))[0] == [
        "\u00c9cole\u00a0a", "b", "c", "d", "e", "\u3000f", "\u1e9e\u0130", "g\x1ch"]
    assert layer.words(np.array([text.encode()])) == layer.words([text])
    assert layers.TextVectorization(split="character", standardize=None).words(["\u00e9a"])[0] == ["\u00e9", "a"]


@pytest.mark.parametrize("split", [
    lambda texts: tn.strings.split(texts, ","), lambda texts: [text.split(",") for text in texts],
    lambda texts: np.char.split(texts, ","), lambda texts: [np.array(texts[0].split(","))],
], ids=["tf", "lists", "numpy", "arrays"])
def test_splitting_by_a_function(split):
    layer = layers.TextVectorization(standardize="lower", split=split)
    layer.adapt(["red,blue", "Red", "blue sky,red"])
    assert layer.get_vocabulary() == ["", "[UNK]", "red", "blue sky", "blue"]
    assert layer(["blue,RED,green", "red"]).numpy().tolist() == [[4, 2, 1], [2, 0, 0]]
    assert layer([["red"]]).numpy().tolist() == [[2]]
    data = tn.data.Dataset.from_tensor_slices(["red", "blue,red"]).batch(2).map(layer)
    assert next(iter(data)).numpy().tolist() == [[2, 0], [4, 2]]


def test_functions_that_do_not_split():
    for wrong in (lambda texts: texts, lambda texts: 3, lambda texts: [[["a"]]], lambda texts: [[1]]):
        with pytest.raises((ValueError, TypeError), match="split must return a list of the words of each text"):
            layers.TextVectorization(split=wrong).adapt(["a b"])


def test_standardizing_by_a_function():
    upper = layers.TextVectorization(standardize=np.char.upper)
    assert upper.words(["a b"]) == [["A", "B"]]
    assert upper.words(np.array([f"a{i} b" for i in range(700)])) == [[f"A{i}", "B"] for i in range(700)]
    assert upper.words(np.array([["a"], ["b"]])) == [["A"], ["B"]]
    tags = layers.TextVectorization(standardize=lambda texts: tn.strings.regex_replace(texts, "<br>", " "))
    assert tags.words(["a<br>B"]) == [["a", "B"]]
    with pytest.raises(ValueError, match=r"standardize must return a text for each .* got shape \(1,\) for \(2,\)"):
        layers.TextVectorization(standardize=lambda texts: texts[:1]).words(["a", "b"])


# -- TensorFlow's hashes -----------------------------------------------------------------------------------------------


def test_bins_of_keras_documentation():
    letters = [["A"], ["B"], ["C"], ["D"], ["E"]]
    for options, expected in (({}, [1, 0, 1, 1, 2]), ({"salt": [133, 137]}, [1, 2, 1, 0, 2]),
                              ({"salt": 133}, [0, 0, 2, 1, 0]), ({"salt": (133, 133)}, [0, 0, 2, 1, 0])):
        layer = layers.Hashing(3, **options)
        assert layer(letters).numpy().ravel().tolist() == expected
        assert layer(np.char.encode(np.array(letters))).numpy().ravel().tolist() == expected
        again = layers.Hashing.from_config(layer.get_config())
        assert again(letters).numpy().ravel().tolist() == expected
    masked = layers.Hashing(3, mask_value="")
    assert masked([["A"], ["B"], [""], ["C"], ["D"]]).numpy().ravel().tolist() == [1, 1, 0, 2, 2]


def test_hashing_of_numbers():
    layer, text = layers.Hashing(1000), layers.Hashing(1000)
    numbers = np.array([0, 7, -12, 2**40])
    expected = text([str(number) for number in numbers]).numpy()
    for x in (numbers, numbers.astype(float), numbers + 0.0):
        np.testing.assert_array_equal(layer(x).numpy(), expected)
    big = np.array([2**64 - 1], np.uint64)
    np.testing.assert_array_equal(layer(big), text([str(2**64 - 1)]))
    np.testing.assert_array_equal(layer(np.array([True, False])), text(["true", "false"]))
    np.testing.assert_array_equal(layers.Hashing(9, mask_value=7)(numbers).numpy()[1:2], 0)
    assert layers.Hashing(1, mask_value="a")(["a", "b"]).numpy().tolist() == [0, 0]  # no bin is left for the mask
    for salt in ("a", [1, 2, 3], 1.5, [1.0, 2], True):
        with pytest.raises(ValueError, match="salt must be an int, two ints, or None"):
            layers.Hashing(3, salt=salt)


# Fingerprint64 of bytes 1, 2, ..., n, by another implementation: the package pyfarmhash 0.5.1.
FINGERPRINTS = {
    0: 0x9ae16a3b2f90404f, 1: 0x47a24c13b17e583e, 2: 0x92089346bfc372ff, 3: 0xb30616d1c2996700, 4: 0xf8d6a34f436e37ec,
    5: 0x4865035c96d5359d, 7: 0xf7bb8b3a7d7073ee, 8: 0xf3d2cee53d149ec9, 9: 0xc311213534e4b2da,
    15: 0x32fc1652b33b3622, 16: 0x4c37b8bd3a7afcfc, 17: 0x7e116f10083e9f3d, 24: 0xa57142ec3f9fbc00,
    31: 0x825f52d5499922e0, 32: 0xe280199ae4fba2c0, 33: 0x4fb593b7174746df, 48: 0xb3b9bc8c4cb1ca24,
    63: 0x7c69b171ebb72ade, 64: 0x30e714b739bed0ce, 65: 0x1c20aecadcb2c909, 100: 0x35e7fd12c2d1acd2,
    127: 0xfc8a32c6b1912b45, 128: 0xb9d61abfb6f648ab, 129: 0xa694a8c9f3e4b0c, 192: 0x527e8ca09133ed23,
    193: 0xc265560c93423671, 300: 0xbf311e03b7c12336,
}


@pytest.mark.parametrize("length", FINGERPRINTS)
def test_fingerprints_of_all_lengths(length):
    data = bytes(i % 127 + 1 for i in range(length))
    assert fingerprint64(data) == FINGERPRINTS[length]


def test_siphash():
    # Appendix A of the paper, and the first of the vectors of its authors' reference implementation.
    key = (0x0706050403020100, 0x0F0E0D0C0B0A0908)
    assert siphash(bytes(range(15)), key) == 0xA129CA6149BE45E5
    assert siphash(b"", key) == 0x726FDB47DD0E0E31
    assert siphash(b"\0", key) == 0x74F839C593DC67FD


def test_unknown_tokens_are_spread_by_the_hash():
    known = ["x", "y"]
    lookup = layers.StringLookup(vocabulary=known, num_oov_indices=3)
    assert lookup(["A", "B", "E", "x"]).numpy().tolist() == [1, 0, 2, 3]
    salted = layers.StringLookup(vocabulary=known, num_oov_indices=3, salt=133)
    assert salted(["A", "C", "D"]).numpy().tolist() == [0, 2, 1] and salted.get_config()["salt"] == [133, 133]
    integers = layers.IntegerLookup(vocabulary=[100], num_oov_indices=3)
    assert integers(np.array([5, 6, 7, 100])).numpy().tolist() == [2, 0, 1, 3]
    hashed = layers.IntegerLookup(vocabulary=[100], num_oov_indices=3, oov_method="farmhash")
    assert hashed(np.array([5, 6, 7])).numpy().tolist() == layers.Hashing(3)(["5", "6", "7"]).numpy().tolist()
    again = layers.IntegerLookup.from_config(hashed.get_config())
    assert again.oov_method == "farmhash" and again(np.array([5])).item() == hashed(np.array([5])).item()
    with pytest.raises(ValueError, match="salt needs oov_method='farmhash'"):
        layers.IntegerLookup(salt=1)


@pytest.mark.parametrize("kind", [layers.TextVectorization, layers.StringLookup])
def test_text_in_another_encoding_is_read_by_its_name_or_refused(kind):
    texts = ["좋아요".encode("cp949")]
    with pytest.raises(ValueError, match=r"a text is not utf-8: byte 0xc1 at offset 0 of .*encoding=\"cp949\""):
        kind().adapt(texts)
    layer = kind(encoding="cp949")
    layer.adapt(texts)
    assert "좋아요" in layer.get_vocabulary()


@pytest.mark.parametrize(("scale", "offset"), [
    (0.5, 3.0), (1 / 255, 0.0), (2, -1), ([1.0, 2.0, 4.0], [0.0, 1.0, -1.0])])
def test_rescaling_is_a_product_and_a_sum(scale, offset):
    x = np.arange(12.0, dtype="float32").reshape(4, 3)
    y = layers.Rescaling(scale, offset)(x).numpy()
    np.testing.assert_allclose(y, x * np.array(scale, "float32") + np.array(offset, "float32"), rtol=1e-6)


@pytest.mark.parametrize("options", [{}, {"output_sequence_length": 3}])
def test_no_text_makes_no_row(options):
    layer = layers.TextVectorization(vocabulary=["great", "movie"], **options)
    assert layer(np.array([], str)).shape == (0, options.get("output_sequence_length", 0))
    assert layer(np.array([[]], str).reshape(0, 1)).shape[0] == 0
