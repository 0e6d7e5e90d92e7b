"""Each rank's share of each batch: together the batches of one machine, and no more than its share is read."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinynet import shares
from tinynet.data import Dataset, make_batches
from tinynet.distribution.batches import SharedBatches
from tinynet.random import Orders, SeedGenerator


def together(make, ranks):
    """The batches of one machine, put together from the shares."""
    parts = [list(SharedBatches(make(), rank, ranks)) for rank in range(ranks)]
    assert len({len(part) for part in parts}) == 1
    batches = []
    for shared in zip(*parts, strict=True):
        assert len({part.share.total for part in shared}) == 1
        counted = [part for part in shared if not part.share.is_spare]
        assert sum(part.share.weight for part in shared) == pytest.approx(1)
        assert sum(part.share.rows for part in counted) == shared[0].share.total
        batches.append(tuple(np.concatenate([np.asarray(part[i]) for part in counted]) for i in range(len(shared[0]))))
    return batches


def assert_same(batches, expected):
    expected = [batch if isinstance(batch, tuple) else (batch,) for batch in expected]
    assert len(batches) == len(expected)
    for batch, whole in zip(batches, expected, strict=True):
        for a, b in zip(batch, whole, strict=True):
            np.testing.assert_array_equal(a, np.asarray(b))


@given(total=st.integers(0, 40), ranks=st.integers(1, 9))
def test_a_cut_is_in_order_and_even(total, ranks):
    cuts = [shares.cut(total, ranks, rank) for rank in range(ranks)]
    assert [row for first, end in cuts for row in range(first, end)] == list(range(total))
    lengths = [end - first for first, end in cuts]
    assert max(lengths) - min(lengths) <= 1


@given(samples=st.integers(1, 30), batch_size=st.integers(1, 12), ranks=st.integers(1, 5),
       shuffle=st.sampled_from([True, False, "batch"]))
def test_arrays(samples, batch_size, ranks, shuffle):
    x, y = np.arange(2 * samples).reshape(samples, 2), np.arange(samples)

    def make():
        return make_batches(x, y, np.ones(samples), batch_size=batch_size, shuffle=shuffle,
                            rng=Orders(SeedGenerator(5)))

    assert_same(together(make, ranks), list(make()))


def test_several_inputs_and_x_alone():
    x = {"a": np.arange(10.0), "b": np.arange(20.0).reshape(10, 2)}
    parts = [list(SharedBatches(make_batches(x, batch_size=4), rank, 3)) for rank in range(3)]
    first = [part[0][0] for part in parts]
    np.testing.assert_array_equal(np.concatenate([part["b"] for part in first]), x["b"][:4].astype("float32"))
    assert [part[2].share.is_spare for part in parts] == [True, False, False]  # 2 rows for 3 ranks


def test_iterables_are_cut():
    data = [(np.arange(5) + 10 * i, np.arange(5)) for i in range(3)]
    assert_same(together(lambda: make_batches(iter(data)), 2), list(make_batches(iter(data))))


@pytest.mark.parametrize("ranks", [1, 2, 3, 5])
def test_a_pipeline_reads_its_share_alone(ranks):
    read = []

    def load(number):
        read.append(int(number))
        return number * 10

    def make():
        return make_batches(Dataset.range(11).shuffle(11, seed=3).map(load).map(lambda x: x + 1).batch(4)
                            .map(lambda x: x * 2).prefetch(1))

    expected = list(make())
    assert_same(together(make, ranks), expected)
    for rank in range(ranks):
        read.clear()
        parts = list(SharedBatches(make(), rank, ranks))
        assert len(read) == sum(part.share.rows for part in parts)  # no picture of another rank is loaded


def test_pipelines_of_rows_and_of_padded_batches():
    rows = Dataset.from_tensor_slices((np.arange(9.0), np.arange(9)))
    assert_same(together(lambda: make_batches(rows.batch(4, drop_remainder=True)), 2),
                list(make_batches(rows.batch(4, drop_remainder=True))))
    padded = Dataset.range(1, 7).map(lambda n: np.ones(int(n), int)).padded_batch(3)
    assert_same(together(lambda: make_batches(padded), 2), list(make_batches(padded)))  # padded to the whole batch


def test_a_memory_map_is_not_read_whole(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(12.0, dtype=np.float32).reshape(6, 2))
    x = np.load(tmp_path / "x.npy", mmap_mode="r")
    batches = make_batches(x, batch_size=6)
    assert np.shares_memory(batches.x, x)
    assert [len(part[0]) for part in SharedBatches(batches, 1, 4)] == [2]
