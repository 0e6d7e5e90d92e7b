"""The sum of gradients over ranks: the same bits on each, within the bound of a sum, in any order of arrival."""

import numpy as np
import pytest
from checks import gamma
from distribution.threads import on_ranks
from hypothesis import given
from hypothesis import strategies as st

from tinynet.distribution.buckets import Exchange
from tinynet.distribution.compression import BLOCK, ROUNDOFF, Compression

SHAPES = [(3, 5), (1,), (0,), (64,), (65, 2), (), (7, 7, 3)]


def gradients(rank, dtype=np.float32):
    rng = np.random.default_rng(rank)
    return [rng.standard_normal(shape).astype(dtype) for shape in SHAPES]


def exchanged(size, weights, dtype=np.float32, steps=2, compression=None, **options):
    """The sums on each rank after some steps, of which the last counts."""
    def run(communicator):
        exchange = Exchange(communicator, Compression(compression), **options)
        exchange.weights = weights
        own = gradients(communicator.rank, dtype)
        exchange.lay_out(list(enumerate(own)))
        order = np.random.default_rng(communicator.rank).permutation(len(own))  # each rank has its own order
        for _ in range(steps):
            for key in order:
                exchange.put(key, own[key])
            exchange.complete()
            sums = [exchange.array(key).copy() for key in range(len(own))]
            exchange.reset()
        exchange.close()
        return sums

    return on_ranks(size, run)


@given(size=st.integers(1, 5), bucket_bytes=st.sampled_from([1, 100, 1000, 1 << 20]), seed=st.integers(0, 99),
       dtype=st.sampled_from([np.float32, np.float64]))
def test_sums_are_those_of_one_machine(size, bucket_bytes, seed, dtype):
    rows = np.random.default_rng(seed).integers(0, 5, size) + (np.arange(size) == 0)
    weights = [float(n) for n in rows / rows.sum()]
    ranks = exchanged(size, weights, dtype, bucket_bytes=bucket_bytes)
    own = [gradients(rank, dtype) for rank in range(size)]
    for key in range(len(SHAPES)):
        terms = [weight * part[key].astype(np.float64) for weight, part in zip(weights, own, strict=True)]
        bound = gamma(size + 1, dtype) * sum(map(np.abs, terms))
        assert (np.abs(ranks[0][key] - sum(terms)) <= bound).all()
        for other in ranks[1:]:
            assert other[key].tobytes() == ranks[0][key].tobytes()  # the same bits on every rank
            assert other[key].shape == SHAPES[key]


def test_bits_do_not_depend_on_how_gradients_are_grouped_only_on_the_ranks():
    weights = [0.2, 0.5, 0.3]
    first, second = (exchanged(3, weights, bucket_bytes=size)[0] for size in (1, 1 << 20))
    assert all(a.tobytes() == b.tobytes() for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("kind", sorted(ROUNDOFF))
def test_compression_keeps_its_bound(kind):
    weights, u = [0.25, 0.75], ROUNDOFF[kind]
    ranks = exchanged(2, weights, compression=kind)
    own = [gradients(rank) for rank in range(2)]
    changed = 0
    for key in range(len(SHAPES)):
        terms = [weight * part[key].astype(np.float64) for weight, part in zip(weights, own, strict=True)]
        magnitude = sum(map(np.abs, terms))
        bound = u * magnitude + u * np.abs(sum(terms)) + u * u * magnitude + gamma(4, np.float32) * magnitude + 2.0**-24
        error = np.abs(ranks[0][key] - sum(terms))
        assert (error <= bound).all()
        changed += int((error > gamma(4, np.float32) * magnitude).sum())
        assert ranks[0][key].tobytes() == ranks[1][key].tobytes()
    assert changed > 0  # it does round


def test_float64_is_not_compressed():
    plain, asked = exchanged(2, [0.5, 0.5], np.float64), exchanged(2, [0.5, 0.5], np.float64, compression="float16")
    assert all(a.tobytes() == b.tobytes() for a, b in zip(plain[0], asked[0], strict=True))


def sent(compression, x):
    y = np.full_like(x, 9.0)
    compression.restore(compression.rounded(x), y)
    return y


@pytest.mark.parametrize("kind", sorted(ROUNDOFF))
@given(numbers=st.lists(st.floats(width=32, allow_nan=True, allow_infinity=True), min_size=1, max_size=40))
def test_rounding_is_to_the_nearest(kind, numbers):
    x, compression = np.array(numbers, np.float32), Compression(kind)
    y = sent(compression, x)
    finite = np.isfinite(x) & np.isfinite(y)
    assert (np.isnan(x) == np.isnan(y)).all()
    smallest = 2.0**-25 if kind == "float16" else 2.0**-134
    error = np.abs(y[finite].astype(np.float64) - x[finite])
    assert (error <= np.maximum(ROUNDOFF[kind] * np.abs(x[finite].astype(np.float64)), smallest)).all()
    largest = 65519.99 if kind == "float16" else 3.39e38
    assert np.isfinite(y[np.abs(x) <= largest]).all()
    assert (sent(compression, y) == y)[~np.isnan(y)].all()  # once rounded, exact


@pytest.mark.parametrize("kind", sorted(ROUNDOFF))
@pytest.mark.parametrize("size", [BLOCK - 1, BLOCK, 2 * BLOCK + 5])
def test_each_number_is_rounded_by_itself(kind, size):
    x, compression = np.random.default_rng(size).standard_normal(size).astype(np.float32), Compression(kind)
    x[[0, BLOCK // 2, -1]] = np.nan, np.inf, np.nan
    y = sent(compression, x)
    one_by_one = np.concatenate([sent(compression, x[i:i + 999].copy()) for i in range(0, size, 999)])
    np.testing.assert_array_equal(y, one_by_one)
    assert np.isnan(y[[0, -1]]).all() and y[BLOCK // 2] == np.inf


def test_a_rank_without_rows_does_not_count_even_with_nan():
    def run(communicator):
        exchange = Exchange(communicator)
        exchange.weights = [1.0, 0.0]
        own = np.full(5, 2.0 if communicator.rank == 0 else np.nan, np.float32)
        exchange.lay_out([("w", own)])
        exchange.put("w", own)
        exchange.complete()
        return exchange.array("w").tolist()

    assert on_ranks(2, run) == [[2.0] * 5] * 2


def test_a_missing_gradient_counts_as_zero_and_an_unknown_compression_is_refused():
    def run(communicator):
        exchange = Exchange(communicator)
        exchange.lay_out([("w", np.ones(3, np.float32))])
        exchange.put("w", np.ones(3, np.float32) if communicator.rank else None)
        exchange.complete()
        return exchange.array("w").tolist()

    assert on_ranks(2, run) == [[0.5] * 3] * 2
    with pytest.raises(ValueError, match="'float16' or 'bfloat16', got 'int8'"):
        Compression("int8")


def test_the_progress_thread_finishes_what_nobody_polls():
    def run(communicator):
        exchange = Exchange(communicator, progress=True)
        own = np.full(9, communicator.rank, np.float32)
        exchange.lay_out([("w", own)])
        exchange.put("w", own)
        exchange.complete()
        exchange.close()
        return float(exchange.array("w")[0])

    assert on_ranks(3, run) == [1.0] * 3


@pytest.mark.parametrize(("numbers", "buckets"), [
    ([10, 400_000, 60_000], 3),  # a large one is a bucket by itself: it goes out while the others are computed
    ([100, 20_000, 50, 300], 3),
    ([100, 200, 300], 1),  # less than LEAST_BYTES
    ([4_000_000, 4_000_000, 100], 3),
])
def test_a_model_of_few_weights_has_several_buckets(numbers, buckets):
    def lay_out(communicator):
        exchange = Exchange(communicator)
        exchange.lay_out([(key, np.zeros(count, np.float32)) for key, count in enumerate(numbers)])
        assert sorted(exchange.bucket_of) == list(range(len(numbers)))
        return len(exchange.buckets)

    assert on_ranks(2, lay_out) == [buckets] * 2


@pytest.mark.parametrize(("numbers", "buckets"), [([10, 400_000, 60_000], 1), ([10, 2_000_000, 60_000], 3)])
def test_on_one_host_it_has_fewer(numbers, buckets):
    def lay_out(communicator):
        communicator.local_size = communicator.size
        exchange = Exchange(communicator)
        exchange.lay_out([(key, np.zeros(count, np.float32)) for key, count in enumerate(numbers)])
        return len(exchange.buckets)

    assert on_ranks(2, lay_out) == [buckets] * 2
