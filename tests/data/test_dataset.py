"""`Dataset`: what each step makes of the elements, against Python's own lists; threads; what `fit` takes."""

import itertools
import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinynet as tn
from tinynet.data import AUTOTUNE, Dataset, TextLineDataset
from tinynet.data.elements import TensorSpec
from tinynet.data.experimental import CsvDataset
from tinynet.string_tensor import StringTensor
from tinynet.utils import set_random_seed

NUMBERS = st.lists(st.integers(-5, 5), min_size=1, max_size=12)
STEPS = st.lists(st.sampled_from(["take", "skip", "repeat", "shard", "map", "cache", "prefetch", "enumerate_off"]),
                 max_size=5)


def values(dataset):
    return [element.tolist() for element in dataset]


def apply(step, dataset, expected):
    """The same step on a data set and on a list."""
    return {
        "take": lambda: (dataset.take(3), expected[:3]),
        "skip": lambda: (dataset.skip(2), expected[2:]),
        "repeat": lambda: (dataset.repeat(2), expected * 2),
        "shard": lambda: (dataset.shard(2, 1), expected[1::2]),
        "map": lambda: (dataset.map(lambda x: x + 1), [x + 1 for x in expected]),
        "cache": lambda: (dataset.cache(), expected),
        "prefetch": lambda: (dataset.prefetch(AUTOTUNE), expected),
        "enumerate_off": lambda: (dataset.enumerate().map(lambda i, x: x), expected),
    }[step]()


@given(numbers=NUMBERS, steps=STEPS, size=st.integers(1, 5), drop=st.booleans())
def test_any_pipeline(numbers, steps, size, drop):
    dataset, expected = Dataset.from_tensor_slices(numbers), numbers
    for step in steps:
        dataset, expected = apply(step, dataset, expected)
    for _ in range(2):  # every iteration starts anew, also behind a cache
        assert values(dataset) == expected
    assert int(dataset.cardinality()) == len(dataset) == len(expected)
    batches = [list(batch) for batch in itertools.batched(expected, size)] if hasattr(itertools, "batched") else [
        expected[i : i + size] for i in range(0, len(expected), size)]
    batches = [batch for batch in batches if len(batch) == size] if drop else batches
    batched = dataset.batch(size, drop_remainder=drop)
    assert values(batched) == batches and len(batched) == len(batches)
    assert values(batched.unbatch()) == list(itertools.chain(*batches))


@given(numbers=NUMBERS, size=st.integers(1, 15), seed=st.integers(0, 9))
def test_shuffle_keeps_all_and_moves_no_element_far_forward(numbers, size, seed):
    order = values(Dataset.range(len(numbers)).shuffle(size, seed))
    assert sorted(order) == list(range(len(numbers)))
    assert all(element < place + size for place, element in enumerate(order))


def test_orders():
    again = Dataset.range(100).shuffle(100, seed=1)
    first, second = values(again), values(again)
    assert first != second and values(Dataset.range(100).shuffle(100, seed=1)) == first
    fixed = Dataset.range(100).shuffle(100, seed=1, reshuffle_each_iteration=False)
    assert values(fixed) == values(fixed)
    unseeded = Dataset.range(100).shuffle(100, reshuffle_each_iteration=False)
    assert values(unseeded) == values(unseeded)
    set_random_seed(3)
    one = values(Dataset.range(50).shuffle(10))
    set_random_seed(3)
    assert values(Dataset.range(50).shuffle(10)) == one


def test_structures():
    dataset = Dataset.from_tensor_slices(({"a": np.zeros((4, 2), "f4"), "b": [1, 2, 3, 4]}, ["x", "y", "z", "ü"]))
    (inputs, text), = dataset.batch(8)
    assert inputs["a"].shape == (4, 2) and inputs["b"].tolist() == [1, 2, 3, 4]
    assert isinstance(text, StringTensor) and text.numpy()[3].decode() == "ü"
    assert dataset.batch(2).element_spec == ({"a": TensorSpec((None, 2), "float32"), "b": TensorSpec((None,), "int32")},
                                             TensorSpec((None,), "string"))
    (_, last), = dataset.skip(3).as_numpy_iterator()
    assert last == "ü".encode()
    mapped = dataset.map(lambda x, label: (x["a"] * 2, tn.strings.upper(label))).batch(3)
    assert mapped.element_spec[0].shape == (None, 2)
    assert next(iter(mapped))[1].numpy().tolist() == [b"X", b"Y", b"Z"]


def test_sources(tmp_path):
    assert values(Dataset.range(2, 8, 3)) == [2, 5]
    assert values(Dataset.from_tensors([1, 2])) == [[1, 2]]
    pairs = Dataset.zip((Dataset.range(3), Dataset.range(10, 20)))
    assert [(a.item(), b.item()) for a, b in pairs] == [(0, 10), (1, 11), (2, 12)] and len(pairs) == 3
    named = Dataset.zip({"n": Dataset.range(2), "m": Dataset.range(3)})
    assert [(e["n"].item(), e["m"].item()) for e in named] == [(0, 0), (1, 1)]
    generated = Dataset.from_generator(lambda n: ((i, [i, i]) for i in range(n.item())), args=[3],
                                       output_signature=(TensorSpec((), "int32"), TensorSpec((2,), "float32")))
    assert [b.tolist() for _, b in generated] == [[0, 0], [1, 1], [2, 2]] == [b.tolist() for _, b in generated]
    with pytest.raises(ValueError, match=r"expected an element of shape \(3,\), got \(2,\)"):
        list(Dataset.from_generator(lambda: [[1, 2]], output_signature=TensorSpec((3,), "int32")))
    old = Dataset.from_generator(lambda: [(1, 2.0)], (tn.int64, tn.float64), ((), ()))
    assert [part.dtype for part in next(iter(old))] == ["int64", "float64"]
    (tmp_path / "b.txt").write_text("one\r\ntwo\n")
    (tmp_path / "a.txt").write_text("three")
    files = Dataset.list_files(str(tmp_path / "*.txt"), shuffle=False)
    assert [path.numpy().decode()[-5:] for path in files] == ["a.txt", "b.txt"]
    lines = TextLineDataset([tmp_path / "b.txt", tmp_path / "a.txt"])
    assert [line.numpy() for line in lines] == [b"one", b"two", b"three"]


def test_more_steps():
    assert values(Dataset.range(6).filter(lambda x: x % 2 == 0)) == [0, 2, 4]
    assert values(Dataset.range(2).concatenate(Dataset.range(5, 7))) == [0, 1, 5, 6]
    assert values(Dataset.range(3).flat_map(lambda n: Dataset.from_tensors(n).repeat(n.item()))) == [1, 2, 2]
    assert values(Dataset.range(1, 5).flat_map(lambda n: Dataset.range(n.item()))) == [0, 0, 1, 0, 1, 2, 0, 1, 2, 3]
    letters = Dataset.range(1, 6).interleave(lambda x: Dataset.from_tensors(x).repeat(6), cycle_length=2,
                                             block_length=4)  # the example in TensorFlow's documentation
    assert values(letters) == [1] * 4 + [2] * 4 + [1] * 2 + [2] * 2 + [3] * 4 + [4] * 4 + [3] * 2 + [4] * 2 + [
        5] * 4 + [5] * 2
    assert Dataset.range(5).reduce(np.int64(0), lambda total, x: total + x).item() == 10
    assert Dataset.from_tensors(3).get_single_element().item() == 3
    assert values(Dataset.range(3).apply(lambda dataset: dataset.repeat(2))) == [0, 1, 2] * 2
    ragged = Dataset.range(1, 4).map(lambda n: np.arange(n.item()))
    assert values(ragged.padded_batch(2)) == [[[0, 0], [0, 1]], [[0, 1, 2]]]
    assert values(ragged.padded_batch(2, padded_shapes=[4], padding_values=9))[0] == [[0, 9, 9, 9], [0, 1, 9, 9]]
    with pytest.raises(ValueError, match=r"the first has \(1,\) and number 1 has \(2,\)"):
        list(ragged.batch(3))


def test_cardinality():
    endless = Dataset.range(3).repeat()
    assert int(endless.cardinality()) == -1 and bool(endless)
    assert len(endless.take(7)) == 7
    unknown = Dataset.range(3).filter(lambda x: True)
    assert int(unknown.cardinality()) == -2
    with pytest.raises(TypeError, match="not known"):
        len(unknown)
    assert values(Dataset.range(3).take(0).repeat()) == []


def test_a_cache_calls_the_function_once():
    calls = []
    dataset = Dataset.range(4).map(lambda x: calls.append(1) or x).cache()
    next(iter(dataset))  # not a whole iteration: nothing is kept
    assert values(dataset) == values(dataset) == [0, 1, 2, 3] and len(calls) == 5


def test_prefetch_runs_ahead_and_stops():
    made, before = [], threading.active_count()

    def make(x):
        made.append(int(x))
        return x

    iterator = iter(Dataset.range(100).map(make).prefetch(3))
    next(iterator)
    deadline = time.monotonic() + 5
    while len(made) < 4 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert 4 <= len(made) <= 6
    iterator.close()
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == before and len(made) <= 6


def test_an_exception_in_the_thread_reaches_the_consumer():
    def broken(x):
        if x == 2:
            raise KeyError("number two")
        return x

    iterator = iter(Dataset.range(5).map(broken).prefetch(2))
    assert [next(iterator).item(), next(iterator).item()] == [0, 1]
    with pytest.raises(KeyError, match="number two") as caught:
        next(iterator)
    assert any(entry.name == "broken" for entry in caught.traceback)


def test_an_open_tape_does_not_record_the_pipeline():
    weight = tn.Variable(2.0)
    with tn.GradientTape() as tape:
        for x in Dataset.from_tensor_slices([1.0, 2.0]).map(lambda x: x * weight).prefetch(1):
            last = x
        loss = last * weight
    assert tape.gradient(loss, weight).item() == 4.0  # the pipeline ran in another thread


def test_messages():
    with pytest.raises(AttributeError, match="did you mean 'shuffle'"):
        Dataset.range(3).shufle(3)
    with pytest.raises(NotImplementedError, match="rows of different lengths.*padded_batch"):
        Dataset.range(3).ragged_batch(2)
    with pytest.raises(ValueError, match="one row for each element"):
        Dataset.from_tensor_slices(([1, 2], [1]))
    with pytest.raises(ValueError, match="buffer_size must be at least 1"):
        Dataset.range(3).shuffle(0)
    with pytest.raises(TypeError, match="cannot have None"):
        list(Dataset.range(3).map(lambda x: None))


def small_model():
    tn.utils.set_random_seed(1)
    model = tn.Sequential([tn.Input((3,)), tn.layers.Dense(2)])
    model.compile("sgd", tn.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model


def test_fit_evaluate_and_predict_take_data_sets():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20, 3)).astype("f4"), rng.integers(0, 2, 20)
    arrays, dataset = small_model(), small_model()
    pairs = Dataset.from_tensor_slices((x, y)).batch(6)
    first = arrays.fit(x, y, batch_size=6, epochs=2, shuffle=False, verbose=0, validation_data=(x, y),
                       validation_batch_size=6)
    second = dataset.fit(pairs.prefetch(2), epochs=2, verbose=0, validation_data=pairs)
    assert first.history == second.history and second.params["steps"] == 4
    assert arrays.evaluate(x, y, batch_size=6, verbose=0) == dataset.evaluate(pairs, verbose=0)
    np.testing.assert_array_equal(arrays.predict(x, batch_size=6, verbose=0), dataset.predict(pairs, verbose=0))
    with pytest.raises(ValueError, match="endless"):
        dataset.fit(pairs.repeat())
    assert len(dataset.fit(pairs.repeat(), steps_per_epoch=3, epochs=2, verbose=0).epoch) == 2


def test_csv(tmp_path):
    import gzip

    path = tmp_path / "a.csv.gz"
    with gzip.open(path, "wt") as file:
        file.write('n,x,name\n1,2.5,"a,b"\n2,,c\n')
    dataset = CsvDataset(str(path), [tn.int32, [0.5], ""], "GZIP", header=True)
    assert [tuple(part.numpy() for part in element) for element in dataset.map(lambda *parts: parts)] == [
        (1, 2.5, b"a,b"), (2, 0.5, b"c")]
    assert [element[0].item() for element in CsvDataset(path, [0.0], "GZIP", header=True, select_cols=[1])] == [2.5, 0]
    with pytest.raises(ValueError, match="line 2 has 3 fields, but record_defaults are 2"):
        list(CsvDataset(path, [0.0, 0.0], "GZIP", header=True))
    with pytest.raises(ValueError, match="a field is empty"):
        list(CsvDataset(path, [tn.float32], "GZIP", header=True, select_cols=[1]))


def test_csv_columns_of_text_are_named(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("size,colour,n\n1.5,red,3\n2.5,blue,4\n0.5,red,5\n")
    with pytest.raises(ValueError, match=r"a.csv: line 2: .*column 1 \('colour'\) has 'red', which is no") as caught:
        list(CsvDataset(path, [0.0, 0.0, 0], header=True))
    dataset = CsvDataset(path, [0.0, "", 0], header=True)
    names = {"dataset": dataset, "layers": tn.layers}
    exec("\n".join(line.strip() for line in str(caught.value).split("\n")[1:]), names)
    assert [tuple(part.item() for part in record) for record in names["dataset"]] == [(1.5, 1, 3), (2.5, 2, 4),
                                                                                    (0.5, 1, 5)]
    with pytest.raises(ValueError, match=r"column 0 \('n'\) has 'x', which is no whole number"):
        path.write_text("size,colour,n\n1.5,red,x\n")
        list(CsvDataset(path, [0], header=True, select_cols=[2]))
    with pytest.raises(ValueError, match="column 0 has 'size'"):
        list(CsvDataset(path, [0.0], select_cols=[0]))


def test_counter():
    assert values(Dataset.counter().take(3)) == [0, 1, 2]
    numbers = tn.data.experimental.Counter(start=5, step=-2, dtype="int32").take(3)
    assert values(numbers) == [5, 3, 1] and numbers.element_spec == TensorSpec((), "int32")
    pairs = Dataset.zip((Dataset.from_tensor_slices([7, 8]), Dataset.counter()))
    assert [(a.item(), b.item()) for a, b in pairs] == [(7, 0), (8, 1)]
    with pytest.raises(ValueError, match="endless"):
        small_model().fit(Dataset.counter())


def test_sample_from_datasets():
    parts = [Dataset.range(0, 300), Dataset.range(1000, 1300)]
    mixed = Dataset.sample_from_datasets(parts, weights=[0.9, 0.1], seed=3)
    first = values(mixed)
    assert sorted(first) == [*range(300), *range(1000, 1300)] and first != values(mixed)
    for low, part in ((0, [v for v in first if v < 1000]), (1000, [v for v in first if v >= 1000])):
        assert part == list(range(low, low + 300))  # each data set in its own order
    assert 75 <= sum(v < 1000 for v in first[:100]) <= 99
    same = [values(Dataset.sample_from_datasets(parts, seed=3, rerandomize_each_iteration=False)) for _ in range(2)]
    assert same[0] == same[1]
    short = values(Dataset.sample_from_datasets(parts, [1, 0], stop_on_empty_dataset=True))
    assert short == list(range(300))
    endless = Dataset.sample_from_datasets([part.repeat() for part in parts])
    assert len(values(endless.take(5000))) == 5000 and endless.cardinality() == -1
    for bad in ([1], [1, -1], [0, 0], [np.nan, 1]):
        with pytest.raises(ValueError, match="for each a weight of 0 or more"):
            Dataset.sample_from_datasets(parts, bad)


def test_names_that_the_class_has_not():
    with pytest.raises(NotImplementedError, match="Dataset.load is not part of tinynet: it reads TensorFlow"):
        Dataset.load  # noqa: B018
    with pytest.raises(AttributeError, match="did you mean 'from_tensor_slices'"):
        Dataset.from_tensor_slice  # noqa: B018
    assert not hasattr(Dataset, "__nonsense__")


def test_the_names_of_tensorflows_experimental_module():
    from tinynet.data import experimental

    assert set(experimental.__all__) == {
        "AUTOTUNE", "Counter", "CsvDataset", "INFINITE_CARDINALITY", "UNKNOWN_CARDINALITY", "cardinality",
        "bucket_by_sequence_length", "choose_from_datasets", "sample_from_datasets"}
    assert all(hasattr(experimental, name) for name in experimental.__all__)
