"""Generators, iterators, PyDatasets, loaders; epochs with and without a number of steps."""

import warnings

import numpy as np
import pytest
from checks import warns_here

from tinynet.data import Epochs, IterableBatches, PyDatasetBatches, make_batches
from tinynet.utils import PyDataset, Sequence


class Numbers(PyDataset):
    """Batch i holds i."""

    def __init__(self, count, **options):
        super().__init__(**options)
        self.count = count
        self.ended = 0

    def __len__(self):
        return self.count

    def __getitem__(self, i):
        return np.array([[i]], np.uint8), np.array([i])

    def on_epoch_end(self):
        self.ended += 1


class Endless(PyDataset):
    def __getitem__(self, i):
        return (np.full((2, 1), i),)


def labels(epoch):
    return [int(y[0]) for _, y in epoch]


def pairs(count):
    for i in range(count):
        yield [[float(i)]], [i]


def test_a_generator_gives_arrays_of_the_right_types():
    (x, y), *_ = make_batches(pairs(2))
    assert x.dtype == np.float32 and y.dtype == np.int64 and x.shape == (1, 1)
    (x, y, w), *_ = make_batches(iter([(np.zeros(2, np.uint8), np.zeros(2), np.ones(2))]))
    assert (x.dtype, y.dtype, w.dtype) == (np.float32,) * 3
    (x,) = make_batches(iter([np.zeros(2, np.int32)]), x_dtype=None)
    assert x.dtype == np.int32
    ((x, y),) = make_batches(iter([({"a": np.zeros(2)}, (np.zeros(2), np.ones(2)))]))
    assert x["a"].dtype == np.float32 and len(y) == 2
    ((_, _, w),) = make_batches(iter([(np.zeros(2), [0, 1])]), class_weight={1: 5.0})
    assert w.tolist() == [1, 5]


def test_a_generator_without_steps_is_one_epoch():
    epochs = Epochs(make_batches(pairs(3)))
    assert epochs.num_steps is None
    assert labels(epochs) == [0, 1, 2]
    assert epochs.num_steps == 3 and epochs.exhausted
    with warns_here(UserWarning, "ended after 0 steps"):
        assert labels(epochs) == []


def test_a_generator_with_steps_keeps_its_place():
    epochs = Epochs(make_batches(pairs(7)), steps=3)
    assert [labels(epochs), labels(epochs)] == [[0, 1, 2], [3, 4, 5]]
    assert not epochs.exhausted
    with warns_here(UserWarning, "ended after 1 of 3 steps"):
        assert labels(epochs) == [6]
    assert epochs.exhausted


def test_an_iterable_begins_anew_each_epoch():
    class Loader:
        def __iter__(self):
            return pairs(3)

        def __len__(self):
            return 3

    epochs = Epochs(make_batches(Loader()))
    assert epochs.num_steps == 3
    assert [labels(epochs), labels(epochs)] == [[0, 1, 2]] * 2
    assert not epochs.exhausted


def test_arrays_with_steps_go_on_where_they_stopped():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        epochs = Epochs(make_batches(np.arange(4), np.arange(4), batch_size=1), steps=2)
        assert [labels(epochs) for _ in range(3)] == [[0, 1], [2, 3], [0, 1]]
    epochs = Epochs(make_batches(np.arange(4), np.arange(4), batch_size=1), steps=3)
    assert labels(epochs) == [0, 1, 2]
    with pytest.warns(UserWarning, match="ended after 1 of 3"):
        assert labels(epochs) == [3]
    assert labels(epochs) == [0, 1, 2]
    assert not epochs.exhausted


def test_pydataset_batches_in_order_and_shuffled():
    data = Numbers(20)
    epochs = Epochs(make_batches(data))
    assert labels(epochs) == list(range(20)) and data.ended == 1 and epochs.num_steps == 20
    shuffled = Epochs(make_batches(data, shuffle=True, rng=np.random.default_rng(0)))
    first, second = labels(shuffled), labels(shuffled)
    assert (
        sorted(first) == sorted(second) == list(range(20)) and len({tuple(first), tuple(second), tuple(range(20))}) == 3
    )
    x, _ = next(iter(make_batches(data)))
    assert x.dtype == np.float32
    for x_dtype, expected in (("float64", np.float64), ("int32", np.int32), (None, np.asarray(data[0][0]).dtype)):
        x, _ = next(iter(make_batches(data, x_dtype=x_dtype)))
        assert x.dtype == expected


def test_an_endless_pydataset_needs_steps():
    with pytest.raises(ValueError, match="endless; .*steps_per_epoch"):
        make_batches(Endless())
    batches = make_batches(Endless(), steps=2)
    assert isinstance(batches, PyDatasetBatches) and batches.num_batches is None
    epochs = Epochs(batches, 2)
    assert [int(x[0, 0]) for (x,) in [b if isinstance(b, tuple) else (b,) for b in epochs]] == [0, 1]
    assert [int(x[0, 0]) for (x,) in [b if isinstance(b, tuple) else (b,) for b in epochs]] == [2, 3]


def test_workers_are_not_ignored_in_silence():
    with pytest.warns(UserWarning, match="workers=4.*no effect"):
        Numbers(2, workers=4)
    for options in ({"workers": 2}, {"use_multiprocessing": True}):
        with warns_here(UserWarning, "no effect"):
            PyDataset(**options)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Numbers(2, workers=1)
    assert Sequence is PyDataset

    class Old(Sequence):  # does not call super().__init__, as was usual
        def __init__(self):
            self.n = 2

        def __len__(self):
            return self.n

        def __getitem__(self, i):
            return np.zeros(1), np.array([i])

    assert labels(Epochs(make_batches(Old()))) == [0, 1] and len(list(Old())) == 2


@pytest.mark.parametrize(("x", "arguments", "error", "match"), [
    (pairs(1), {"y": np.zeros(1)}, ValueError, "x is a generator, .* y must not be given"),
    (Numbers(2), {"sample_weight": np.zeros(1)}, ValueError, "x is a Numbers, .* sample_weight"),
    (Numbers(0), {}, ValueError, "has no batches"),
    ("train.csv", {}, TypeError, "x is the text 'train.csv'"),
    (None, {}, ValueError, "x is None"),
    (object(), {}, TypeError, "cannot make batches of a object"),
])
def test_errors_name_what_is_wrong(x, arguments, error, match):
    with pytest.raises(error, match=match):
        make_batches(x, **arguments)


def test_bad_batches_are_refused():
    with pytest.raises(ValueError, match="yielded 4 parts"):
        list(make_batches(iter([(1, 2, 3, 4)])))
    with pytest.raises(TypeError, match="y must hold numbers"):
        list(make_batches(iter([([1.0], ["a"])])))
    with pytest.raises(ValueError, match="already carry"):
        list(make_batches(iter([([1.0], [0], [1.0])]), class_weight={0: 1}))
    for steps, error in ((0, ValueError), (-1, ValueError), (1.5, TypeError), (True, TypeError)):
        with pytest.raises(error, match="number of steps"):
            Epochs(make_batches(np.zeros(3)), steps=steps)


def test_unknown_length_is_no_error():
    class Unknown:
        def __iter__(self):
            return pairs(2)

        def __len__(self):
            raise TypeError("unknown length")

        def cardinality(self):
            return self.answer

    source = Unknown()
    source.answer = -2
    batches = make_batches(source)
    assert isinstance(batches, IterableBatches) and batches.num_batches is None
    source.answer = -1
    with pytest.raises(ValueError, match="endless"):
        make_batches(source)


def test_torch_loader():
    torch = pytest.importorskip("torch")
    from torch.utils.data import DataLoader, TensorDataset

    loader = DataLoader(TensorDataset(torch.arange(6.0)[:, None], torch.arange(6)), batch_size=4)
    epochs = Epochs(make_batches(loader))
    assert [(x.shape, y.tolist()) for x, y in epochs] == [((4, 1), [0, 1, 2, 3]), ((2, 1), [4, 5])]
    assert epochs.num_steps == 2
