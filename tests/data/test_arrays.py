"""Batches of arrays: every sample once an epoch, cast as asked, and errors that name both sides."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinynet import Tensor, config
from tinynet.data import (
    ArrayBatches,
    class_weights_to_sample_weights,
    make_batches,
    pack_x_y_sample_weight,
    train_validation_split,
    unpack_x_y_sample_weight,
)
from tinynet.data.arrays import ready_batch
from tinynet.data.text_columns import explain_text


@given(samples=st.integers(1, 200), batch_size=st.integers(1, 250), shuffle=st.sampled_from([True, False, "batch"]),
       dtype=st.sampled_from(["uint8", "int32", "int64", "float16", "float32", "float64"]), seed=st.integers(0, 100))
def test_an_epoch_holds_every_sample_once_with_its_label(samples, batch_size, shuffle, dtype, seed):
    labels = np.arange(samples)
    x = np.stack([labels % 200, labels // 2], axis=1).astype(dtype)
    batches = ArrayBatches(
        x, labels, labels * 0.5, batch_size=batch_size, shuffle=shuffle, rng=np.random.default_rng(seed)
    )
    for _ in range(2):
        epoch = list(batches)
        assert len(epoch) == len(batches) == -(-samples // batch_size)
        assert [len(batch[0]) for batch in epoch[:-1]] == [batch_size] * (len(epoch) - 1)
        found_x, found_y, found_w = (np.concatenate(part) for part in zip(*epoch, strict=True))
        assert found_x.dtype == np.float32 and found_y.dtype == labels.dtype and found_w.dtype == np.float32
        np.testing.assert_array_equal(np.sort(found_y), labels)
        np.testing.assert_array_equal(found_x, x[found_y].astype(np.float32))
        np.testing.assert_array_equal(found_w, (found_y * 0.5).astype(np.float32))
        if shuffle is False:
            np.testing.assert_array_equal(found_y, labels)
        if shuffle == "batch":
            np.testing.assert_array_equal(found_y // batch_size, labels // batch_size)


def test_each_epoch_has_another_order_and_the_seed_decides_it():
    def orders(seed):
        batches = ArrayBatches(np.arange(100), batch_size=7, shuffle=True, rng=np.random.default_rng(seed))
        return [np.concatenate(list(batches)).tolist() for _ in range(2)]

    first, second = orders(1)
    assert first != second and orders(1) == [first, second] and orders(2)[0] != first


def test_batches_that_are_kept_do_not_change():
    x = np.arange(64, dtype=np.float32).reshape(16, 4)
    for shuffle in (True, False):
        kept = list(ArrayBatches(x, batch_size=4, shuffle=shuffle, rng=np.random.default_rng(0)))
        copies = [batch.copy() for batch in kept]
        list(ArrayBatches(x[::-1].copy(), batch_size=4, shuffle=shuffle))
        for batch, copy in zip(kept, copies, strict=True):
            np.testing.assert_array_equal(batch, copy)
    assert not kept[0].flags.writeable  # a view of the data set
    with pytest.raises(ValueError, match="read-only"):
        kept[0] += 1
    assert x.flags.writeable


def test_types_are_as_asked():
    tokens, image = np.arange(6).reshape(3, 2), np.zeros((3, 4), np.uint8)
    for shuffle in (True, False):
        (batch_tokens, batch_image), y = next(iter(ArrayBatches([tokens, image], np.array([0.5, 1, 2]), shuffle=shuffle,
                                                                x_dtype=["int32", "floatx"])))
        assert (batch_tokens.dtype, batch_image.dtype, y.dtype) == (np.int32, np.float32, np.float32)
        batch = next(
            iter(ArrayBatches({"tokens": tokens, "image": image}, shuffle=shuffle, x_dtype={"image": "float64"}))
        )
        assert (batch["tokens"].dtype, batch["image"].dtype) == (tokens.dtype, np.float64)
        assert next(iter(ArrayBatches(tokens, shuffle=shuffle, x_dtype=None))).dtype == tokens.dtype
    config.set_floatx("float64")
    try:
        x, y, w = next(iter(ArrayBatches(image, image, np.ones(3, np.float32), shuffle=True)))
        assert (x.dtype, y.dtype, w.dtype) == (np.float64, np.uint8, np.float64)
    finally:
        config.set_floatx("float32")


def test_nested_arrays_keep_their_shape():
    x = {"a": np.arange(5), "b": (np.arange(5) * 2, [np.arange(5) * 3])}
    batch, y = next(iter(ArrayBatches(x, [np.arange(5), np.arange(5)], batch_size=5)))
    assert (
        list(batch) == ["a", "b"]
        and isinstance(batch["b"], tuple)
        and isinstance(batch["b"][1], list)
        and isinstance(y, list)
    )
    np.testing.assert_array_equal(batch["b"][1][0], [0, 3, 6, 9, 12])


def test_what_is_not_an_array_becomes_one():
    x, y = next(iter(make_batches([[1, 2], [3, 4]], (0, 1))))
    assert x.tolist() == [[1, 2], [3, 4]] and x.dtype == np.float32 and y.tolist() == [0, 1]
    (x,) = next(iter(make_batches((np.zeros(2), np.ones(2))))),
    assert len(x) == 1 and len(x[0]) == 2
    assert next(iter(make_batches(Tensor([1.0, 2.0])))).tolist() == [1, 2]
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1, 2, 3], "b": [0.5, 1.5, 2.5]})
    x, y = next(iter(make_batches(frame, frame["a"], shuffle=True)))
    assert x.shape == (3, 2) and sorted(y.tolist()) == [1, 2, 3]


def test_nothing_to_predict_is_one_empty_batch_and_nothing_to_learn_an_error():
    batches = list(ArrayBatches(np.zeros((0, 3))))
    assert [batch.shape for batch in batches] == [(0, 3)]
    with pytest.raises(ValueError, match="no samples"):
        ArrayBatches(np.zeros((0, 3)), np.zeros(0))


@pytest.mark.parametrize(("arguments", "error", "match"), [
    ({"y": np.zeros(9)}, ValueError, "fit: x has 10 samples but y has 9"),
    ({"y": {"a": np.zeros(10), "b": np.zeros(3)}}, ValueError, r"x has 10 samples but y\['b'\] has 3"),
    ({"y": np.zeros(10), "sample_weight": np.zeros(2)}, ValueError, "sample_weight has 2"),
    ({"batch_size": 0}, ValueError, "batch_size must be at least 1, got 0"),
    ({"batch_size": 2.0}, TypeError, r"batch_size must be an int, got 2.0 \(float\)"),
    ({"batch_size": True}, TypeError, "batch_size"),
    ({"shuffle": "yes"}, ValueError, "shuffle"),
    ({"y": np.zeros(10), "sample_weight": np.ones(10), "class_weight": {0: 1}}, ValueError, "not both"),
    ({"class_weight": {0: 1}}, ValueError, "class_weight needs"),
    ({"y": np.zeros(10), "class_weight": [1, 2]}, TypeError, "dict"),
    ({"y": ["a"] * 10}, TypeError, "y must hold numbers"),
])
def test_errors_name_what_is_wrong(arguments, error, match):
    with pytest.raises(error, match=match):
        make_batches(np.zeros((10, 2)), **arguments)


def test_nan_is_found_in_each_array():
    good, bad = np.zeros((5, 2)), np.array([0, 0, 0, np.nan, 0])
    ArrayBatches(good, np.arange(5), np.ones(5)).check_finite()
    with pytest.raises(ValueError, match=r"sample_weight has 1 of 5 .* sample_weight\[3\]"):
        ArrayBatches(good, np.arange(5), bad).check_finite()
    with pytest.raises(ValueError, match=r"x\['b'\] has 1 .* x\['b'\]\[3\]"):
        ArrayBatches({"a": good, "b": bad}).check_finite()
    with pytest.raises(ValueError, match="beyond the largest float32"):
        ArrayBatches(good + 1e300).check_finite()
    ArrayBatches(good + 1e300, x_dtype=None).check_finite()


def test_class_weights():
    expected = [2.0, 1.0, 0.5, 2.0]
    for y in ([0, 1, 2, 0], [[0], [1], [2], [0]], np.eye(3)[[0, 1, 2, 0]], [0.0, 1.0, 2.0, 0.0]):
        weights = class_weights_to_sample_weights(y, {0: 2.0, 2: 0.5, 9: 7.0})
        assert weights.tolist() == expected and weights.dtype == np.float32
    _, _, weights = next(iter(ArrayBatches(np.zeros(4), np.array([0, 1, 2, 0]), class_weight={0: 2.0, 2: 0.5})))
    assert weights.tolist() == expected


def test_one_weight_a_sample_serves_all_outputs():
    _, _, weights = next(iter(ArrayBatches(np.zeros(2), {"a": np.zeros(2), "b": np.zeros(2)}, np.array([1, 3]))))
    assert weights["a"].tolist() == weights["b"].tolist() == [1, 3]


def test_batch_size_follows_from_steps():
    assert ArrayBatches(np.zeros(100), steps=7).batch_size == 15
    assert ArrayBatches(np.zeros(100)).batch_size == 32


@given(samples=st.integers(2, 1000), fraction=st.floats(0.01, 0.99))
def test_the_split_takes_the_last_fraction(samples, fraction):
    x = np.arange(samples)
    boundary = int(np.floor(samples * (1 - fraction)))
    if boundary in (0, samples):
        with pytest.raises(ValueError, match="leaves"):
            train_validation_split(x, fraction)
        return
    (x1, y1, w1), (x2, y2, w2) = train_validation_split((x, {"a": x}, None), fraction)
    assert w1 is None and w2 is None
    np.testing.assert_array_equal(x1, x[:boundary])
    np.testing.assert_array_equal(y2["a"], x[boundary:])
    assert np.shares_memory(x2, x) and len(y1["a"]) == boundary


@pytest.mark.parametrize("fraction", [0, 1, 1.5, -0.1, float("nan")])
def test_the_split_needs_a_fraction(fraction):
    with pytest.raises(ValueError, match="above 0 and below 1"):
        train_validation_split(np.arange(10), fraction)


def test_the_split_takes_lists_and_checks_lengths():
    assert train_validation_split(([[1], [2]], [0, 1]), 0.5)[1][0].tolist() == [[2]]
    with pytest.raises(ValueError, match="x has 4 samples but y has 3"):
        train_validation_split((np.zeros(4), np.zeros(3)), 0.5)
    with pytest.raises(TypeError, match="must be a number"):
        train_validation_split(np.arange(4), "half")


def test_pack_and_unpack():
    assert unpack_x_y_sample_weight(5) == (5, None, None)
    assert unpack_x_y_sample_weight([1]) == (1, None, None)
    assert unpack_x_y_sample_weight((1, 2, 3)) == (1, 2, 3)
    with pytest.raises(ValueError, match="4 parts"):
        unpack_x_y_sample_weight((1, 2, 3, 4))
    assert pack_x_y_sample_weight(1) == 1
    assert pack_x_y_sample_weight([1]) == ([1],)
    assert pack_x_y_sample_weight(1, 2) == (1, 2)
    assert pack_x_y_sample_weight(1, 2, 3) == (1, 2, 3)


@pytest.mark.parametrize("x", [np.zeros((3, 2), "f"), np.zeros((3, 2)), np.zeros((3, 2), ">f4"),
                               np.zeros((4, 3), "f").T, np.zeros(3, "f"), np.zeros((0, 2), "f"), np.float32(1),
                               [[1.0], [2.0], [3.0]], np.zeros((3, 2), "u1"), np.ma.zeros((3, 2), "f"),
                               (np.zeros((3, 2), "f"),), Tensor(np.zeros((3, 2), "f"))], ids=repr)
@pytest.mark.parametrize("y", [None, np.arange(3), np.arange(3, dtype="i1"), np.arange(3.0), np.arange(3, dtype="f"),
                               np.arange(3, dtype=">i8"), np.array([True, False, True]), [0, 1, 2], np.arange(4),
                               np.array(["a", "b", "c"])], ids=repr)
def test_a_ready_batch_is_the_one_that_batches_of_arrays_have(x, y):
    ready = ready_batch(x, y)
    if ready is None:
        return
    [batch] = ArrayBatches(x, y, batch_size=100)
    for one, other in zip(ready if y is not None else [ready], batch if y is not None else [batch], strict=True):
        assert one.dtype == other.dtype and one.tobytes() == other.tobytes() and not one.flags.writeable
        assert not other.flags.writeable  # nothing was copied
    assert type(x) in (np.ndarray, Tensor) and x.dtype == "float32"


def test_what_is_ready():
    x = np.zeros((3, 2), "f")
    for y in (np.arange(3), np.arange(3, dtype="f"), np.arange(3, dtype="u1")):
        assert ready_batch(x, y)[1].base is y
    assert ready_batch(x, None).base is x
    assert ready_batch(x, np.arange(4)) is None  # ArrayBatches has the message


@pytest.mark.parametrize(("word", "shown"), [(b"red", "'red'"), (b"caf\xe9", "'caf\ufffd'"), (np.str_("red"), "'red'")])
def test_text_where_numbers_are_needed_is_shown_whatever_its_bytes_are(word, shown):
    table = np.array([[1.5, 2.5], [0.5, word]], object)
    explained = explain_text(table, table, "x")
    assert explained.startswith(f"column 1 has text, such as {shown} in row 1.")


@pytest.mark.parametrize("shape", [(2,), (2, 1)])
def test_text_in_a_named_column_is_shown(shape):
    table = np.array([(1.5, "red"), (2.5, "blue")], [("size", "f4"), ("colour", "U8")]).reshape(shape)
    explained = explain_text(table, table, "x")
    assert explained.startswith("column 'colour' has text, such as 'red' in row 0.")
