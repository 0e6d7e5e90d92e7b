"""Windows, groups, padded batches, memories and choices of a `Dataset`, against Python's own lists."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinynet as tn
from tinynet.data import Dataset
from tinynet.data.elements import DatasetSpec, TensorSpec

SMALL = st.integers(1, 5)


def values(dataset):
    return [element.tolist() for element in dataset]


def squares(count):
    """0, 1, 4, ... by a generator: not rows of an array."""
    return Dataset.from_generator(lambda: (np.int64(i * i) for i in range(count)),
                                  output_signature=TensorSpec((), "int64"))


# -- windows -----------------------------------------------------------------------------------------------------------


@given(count=st.integers(0, 14), size=SMALL, shift=SMALL | st.none(), stride=SMALL, drop=st.booleans())
def test_windows(count, size, shift, stride, drop):
    numbers = [i * i for i in range(count)]
    expected = [numbers[start:start + size * stride:stride] for start in range(0, count, shift or size)]
    expected = [window for window in expected if len(window) == size] if drop else expected
    sources = [squares(count)] + ([Dataset.from_tensor_slices(numbers)] if count else [])
    for source in sources:
        dataset = source.window(size, shift, stride, drop)
        for _ in range(2):
            assert [values(window) for window in dataset] == expected
        assert int(dataset.cardinality()) in (len(expected), -2)
        assert [len(window) for window in dataset] == list(map(len, expected))
        flat = dataset.flat_map(lambda window: window.batch(size))
        assert values(flat) == expected
    assert count == 0 or int(dataset.cardinality()) == len(expected)


def test_windows_of_tuples_and_dicts():
    x, y = np.arange(10.0).reshape(5, 2), np.arange(5)
    for dataset in (Dataset.from_tensor_slices((x, {"y": y})),
                    Dataset.from_tensor_slices((x, {"y": y})).map(lambda a, b: (a, b))):
        windows = dataset.window(3, shift=1, drop_remainder=True)
        assert isinstance(windows.element_spec[1]["y"], DatasetSpec)
        assert windows.element_spec[0] == DatasetSpec(TensorSpec((2,), "float64"))
        first, second = next(iter(windows))
        assert isinstance(first, Dataset) and values(second["y"]) == [0, 1, 2]
        batches = windows.flat_map(lambda a, b: Dataset.zip((a.batch(3), b["y"].batch(3))))
        together = list(batches)
        assert len(together) == 3
        for i, (a, b) in enumerate(together):
            np.testing.assert_array_equal(a, x[i:i + 3])
            np.testing.assert_array_equal(b, y[i:i + 3])


def test_windows_train_a_forecast():
    series = np.sin(np.arange(60) / 3).astype(np.float32)
    windows = Dataset.from_tensor_slices(series).window(6, shift=1, drop_remainder=True)
    pairs = windows.flat_map(lambda window: window.batch(6)).map(lambda part: (part[:-1], part[-1:]))
    model = tn.Sequential([tn.Input((5,)), tn.layers.Dense(1)])
    model.compile("adam", "mse")
    assert pairs.batch(8).element_spec[0].shape == (None, 5)
    history = model.fit(pairs.shuffle(20, seed=1).batch(8).prefetch(1), epochs=3, verbose=0).history["loss"]
    assert history[-1] < history[0] and model.predict(pairs.batch(8), verbose=0).shape == (55, 1)


def test_what_windows_are_not():
    windows = Dataset.range(4).window(2)
    for wrong in (lambda: list(windows.batch(2)), lambda: list(windows.padded_batch(2))):
        with pytest.raises(TypeError, match=r"flat_map\(lambda window: window.batch\(size\)\)"):
            wrong()
    with pytest.raises(TypeError, match="call as_numpy_iterator"):
        next(windows.as_numpy_iterator())
    with pytest.raises(ValueError, match="shift must be at least 1"):
        Dataset.range(4).window(2, shift=0)
    assert [values(window.map(lambda x: x + 1)) for window in windows.skip(1)] == [[3, 4]]
    sums = windows.map(lambda window: window.reduce(np.int64(0), lambda total, x: total + x))
    assert values(sums) == [1, 5]


# -- padding -----------------------------------------------------------------------------------------------------------


def ragged(lengths):
    """(1, ..., n), n and the text of n, for each n of `lengths`."""
    return Dataset.from_generator(
        lambda: ((np.arange(1, n + 1), n, str(n)) for n in lengths),
        output_signature=(TensorSpec((None,), "int64"), TensorSpec((), "float32"), TensorSpec((), "string")))


@given(lengths=st.lists(st.integers(0, 5), min_size=1, max_size=7), size=SMALL, drop=st.booleans())
def test_padded_batch_with_scalars(lengths, size, drop):
    batches = list(ragged(lengths).padded_batch(size, padding_values=(-1, None, "?"), drop_remainder=drop))
    parts = [lengths[i:i + size] for i in range(0, len(lengths), size)]
    parts = [part for part in parts if len(part) == size] if drop else parts
    assert len(batches) == len(parts)
    for part, (rows, scalars, texts) in zip(parts, batches, strict=True):
        assert rows.tolist() == [[*range(1, n + 1), *[-1] * (max(part) - n)] for n in part]
        assert scalars.tolist() == part and scalars.dtype == np.float32
        assert texts.numpy().tolist() == [str(n).encode() for n in part]


def test_padded_batch_of_structures():
    rows = ragged([1, 3])
    named = rows.map(lambda row, n, text: {"n": n, "row": row})
    batch = next(iter(named.padded_batch(2, {"row": [4], "n": []}, {"row": 9, "n": 0.0})))
    assert batch["row"].tolist() == [[1, 9, 9, 9], [1, 2, 3, 9]] and batch["n"].tolist() == [1, 3]
    assert named.padded_batch(2).element_spec["n"] == TensorSpec((None,), "float32")
    two = Dataset.from_generator(lambda: (np.ones(shape) for shape in ((1, 3), (2, 1))))
    assert next(iter(two.padded_batch(2, padded_shapes=(None, 4)))).shape == (2, 2, 4)
    one = rows.map(lambda row, n, text: row)
    assert values(one.padded_batch(2, padding_values=7)) == [[[1, 7, 7], [1, 2, 3]]]
    for wrong, message in (
        (lambda: rows.padded_batch(2, ([None],)), "padded_shapes must be nested like the elements"),
        (lambda: rows.padded_batch(2, ([None], [1], [])), "padded_shapes has .1,. for an element of shape"),
        (lambda: named.padded_batch(2, padding_values={"n": 0}), "padding_values must be nested like the elements"),
        (lambda: one.padded_batch(2, [2]), r"\(3,\) does not fit into \(2,\)"),
        (lambda: one.concatenate(Dataset.from_tensors(np.int64(1))).padded_batch(3), "same number of axes"),
    ):
        with pytest.raises(ValueError, match=message):
            list(wrong())


def test_rows_of_different_lengths_are_led_to_padding():
    for wrong in (lambda: list(ragged([1, 2]).batch(2)), lambda: Dataset.range(2).ragged_batch(2),
                  lambda: tn.data.experimental.dense_to_ragged_batch(2),
                  lambda: tn.layers.TextVectorization(ragged=True), lambda: tn.Input((None,), ragged=True),
                  lambda: Dataset.from_tensor_slices([[1, 2], [3]]),
                  lambda: Dataset.from_tensor_slices(([[1, 2], [3]], [0, 1])),
                  lambda: Dataset.from_tensor_slices([["a"], ["b", "c"]])):
        with pytest.raises((ValueError, NotImplementedError, AttributeError),
                           match=r"pad_sequences|padded_batch|output_sequence_length"):
            wrong()


# -- buckets and groups ------------------------------------------------------------------------------------------------

LENGTHS = [1, 5, 2, 9, 3, 4, 6, 1, 2]


def test_buckets():
    rows = ragged(LENGTHS).map(lambda row, n, text: (row, n))
    batches = list(rows.bucket_by_sequence_length(lambda row, n: len(row), [3, 6], [2, 2, 1]))
    assert [n.tolist() for _, n in batches] == [[1, 2], [9], [5, 3], [6], [1, 2], [4]]
    assert [row.shape for row, _ in batches] == [(2, 2), (1, 9), (2, 5), (1, 6), (2, 2), (1, 4)]
    assert [n.tolist() for _, n in rows.bucket_by_sequence_length(lambda row, n: n, [3, 6], [2, 2, 1],
                                                                  drop_remainder=True)][-1] == [1, 2]
    short = ragged([1, 2, 3, 4]).map(lambda row, n, text: (row, n))
    padded = short.bucket_by_sequence_length(lambda row, n: n, [3, 6], [2, 2, 1], pad_to_bucket_boundary=True,
                                             padding_values=(-1, 0.0))
    assert [row.tolist() for row, _ in padded] == [[[1, -1], [1, 2]], [[1, 2, 3, -1, -1], [1, 2, 3, 4, -1]]]
    declared = ragged([1, 2]).bucket_by_sequence_length(lambda row, n, text: n, [4], [2, 2],
                                                        pad_to_bucket_boundary=True)
    assert next(iter(declared))[0].shape == (2, 3)
    given_shapes = short.bucket_by_sequence_length(lambda row, n: n, [8], [4, 4], ([None], []),
                                                   pad_to_bucket_boundary=True)
    assert next(iter(given_shapes))[0].shape == (4, 7)
    equal = Dataset.from_tensor_slices(np.ones((4, 3))).bucket_by_sequence_length(len, [2], [2, 2], no_padding=True)
    assert [x.shape for x in equal] == [(2, 3), (2, 3)]
    with pytest.raises(ValueError, match="must be shorter than the last boundary, 6"):
        list(rows.bucket_by_sequence_length(lambda row, n: n, [3, 6], [2, 2, 1], pad_to_bucket_boundary=True))
    for boundaries, sizes in (([6, 3], [1, 1, 1]), ([3], [1]), ([], [1]), ([3, 3], [1, 1, 1])):
        with pytest.raises(ValueError, match="must increase, and bucket_batch_sizes must have one more"):
            rows.bucket_by_sequence_length(len, boundaries, sizes)
    applied = rows.apply(tn.data.experimental.bucket_by_sequence_length(lambda row, n: n, [3, 6], [2, 2, 1]))
    assert [n.tolist() for _, n in applied] == [n.tolist() for _, n in batches]


@given(numbers=st.lists(st.integers(0, 20), min_size=1, max_size=20), size=SMALL)
def test_groups(numbers, size):
    dataset = Dataset.from_tensor_slices(numbers)
    batches = values(dataset.group_by_window(lambda x: x % 3, lambda key, part: part.batch(size), size))
    for batch in batches:
        assert len({x % 3 for x in batch}) == 1 and len(batch) <= size
    for key in range(3):
        assert list(itertools.chain(*(b for b in batches if b[0] % 3 == key))) == [x for x in numbers if x % 3 == key]
    own = dataset.group_by_window(lambda x: x % 2, lambda key, part: part.map(lambda x: x * 10 + key),
                                  window_size_func=lambda key: key + 1)
    assert sorted(values(own)) == sorted(x * 10 + x % 2 for x in numbers)
    with pytest.raises(ValueError, match="give window_size or window_size_func"):
        dataset.group_by_window(len, len)


# -- memories, choices, iterators --------------------------------------------------------------------------------------


@given(numbers=st.lists(st.integers(-9, 9), min_size=1, max_size=9))
def test_scan(numbers):
    sums = Dataset.from_tensor_slices(numbers).scan(np.int64(0), lambda total, x: (total + x, (total + x, x)))
    for _ in range(2):  # each iteration begins with the initial state
        assert [(a.item(), b.item()) for a, b in sums] == list(zip(itertools.accumulate(numbers), numbers, strict=True))
    assert len(sums) == len(numbers)


def test_scan_gives_the_element_unpacked_as_it_is():
    pairs = Dataset.from_tensor_slices(([1, 2], [3, 4]))
    products = pairs.scan({"n": 1.0}, lambda state, pair: ({"n": state["n"] * pair[1]}, state["n"]))
    assert values(products) == [1, 3]
    with pytest.raises(TypeError, match="must return a pair, the new state and an output, got int"):
        list(pairs.scan(0, lambda state, pair: 3))


def test_choose_from_datasets():
    parts = [Dataset.from_tensors(letter).repeat(2) for letter in "abc"]
    choices = Dataset.range(3).repeat(3)

    def letters(dataset):
        return b"".join(letter.numpy() for letter in dataset)

    chosen = Dataset.choose_from_datasets(parts, choices)
    assert letters(chosen) == letters(chosen) == b"abcabc"
    uneven = [parts[0].take(1), *parts[1:]]
    assert letters(Dataset.choose_from_datasets(uneven, choices)) == b"abc"
    assert letters(Dataset.choose_from_datasets(uneven, choices, stop_on_empty_dataset=False)) == b"abcbc"
    assert letters(tn.data.experimental.choose_from_datasets(uneven, choices)) == b"abcbc"
    assert chosen.element_spec == TensorSpec((), "string")
    for wrong in (Dataset.range(3, 4), Dataset.from_tensors(-1), Dataset.from_tensors(0.0), Dataset.from_tensors([0])):
        with pytest.raises(ValueError, match="a choice must be a whole number from 0 to 2"):
            list(Dataset.choose_from_datasets(parts, wrong))
    with pytest.raises(ValueError, match="no data sets"):
        Dataset.choose_from_datasets([], choices)


def test_iterators():
    dataset = Dataset.range(4)
    iterator = iter(dataset)
    assert iter(iterator) is iterator and iterator.element_spec == dataset.element_spec
    assert [next(iterator).item(), iterator.get_next().item(), iterator.next().item()] == [0, 1, 2]
    assert [x.item() for x in iterator] == [3]
    for end in (iterator.get_next, iterator.next, lambda: next(iterator)):
        with pytest.raises(StopIteration):
            end()
    numpy = dataset.as_numpy_iterator()
    assert numpy.next() == next(iter(dataset.as_numpy_iterator())) == 0 and numpy.get_next() == 1
    model = tn.Sequential([tn.Input((1,)), tn.layers.Dense(1)])
    model.compile("sgd", "mse")
    pairs = Dataset.from_tensor_slices((np.ones((4, 1)), np.ones(4))).batch(2)
    assert model.fit(iter(pairs), verbose=0).params["steps"] in (2, None)


def test_more_steps():
    assert values(Dataset.range(9).take_while(lambda x: x < 3)) == [0, 1, 2]
    assert values(Dataset.from_tensor_slices([[1, 2], [1, 2], [2, 1]]).unique()) == [[1, 2], [2, 1]]
    with pytest.raises(TypeError, match="each element must be one array"):
        list(Dataset.from_tensor_slices(([1], [2])).unique())
    assert values(Dataset.range(7).batch(2).rebatch(3)) == [[0, 1, 2], [3, 4, 5], [6]]
    fixed = Dataset.random(seed=1)
    assert values(fixed.take(3)) == values(fixed.take(3)) and fixed.cardinality() == -1
    other = Dataset.random(seed=1, rerandomize_each_iteration=True)
    assert values(other.take(3)) != values(other.take(3))
    assert all(0 <= x < 2**32 for x in values(fixed.take(50))) and len(set(values(fixed.take(50)))) > 45
