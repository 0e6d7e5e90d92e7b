"""Training on 2, 3 and 4 processes, compared with one: program.py has the cases, in float64.

The same sums are added in another order: in float64, with fewer than 10^4 terms in each and some 10^2 steps, the
results agree to 10^-11 of the largest number unless something is computed otherwise.
"""

import pickle

import numpy as np
import pytest
from distribution.launch import HERE, needs_mpi, run
from distribution.program import CASES, RECORDED

import tinynet as tn

TOLERANCE = 1e-11


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """{ranks: the results of each rank}"""
    needs_mpi()
    folder = tmp_path_factory.mktemp("ranks")
    results = {}
    for ranks in (1, 2, 3, 4):
        code, output = run(ranks, [HERE / "program.py", folder / f"of{ranks}"])
        assert code == 0, output[-3000:]
        results[ranks] = [pickle.loads((folder / f"of{ranks}.{rank}").read_bytes()) for rank in range(ranks)]
    return results


def leaves(value):
    if isinstance(value, dict):
        return [leaf for key in sorted(value) for leaf in leaves(value[key])]
    return [leaf for part in value for leaf in leaves(part)] if isinstance(value, list) else [np.asarray(value)]


def assert_close(a, b):
    a, b = leaves(a), leaves(b)
    assert [leaf.shape for leaf in a] == [leaf.shape for leaf in b]
    for x, y in zip(a, b, strict=True):
        assert np.isfinite(x).all()
        np.testing.assert_allclose(x, y, rtol=TOLERANCE, atol=TOLERANCE * max(1.0, float(np.abs(y).max(initial=0))))


def assert_same_bits(a, b):
    assert [leaf.tobytes() for leaf in leaves(a)] == [leaf.tobytes() for leaf in leaves(b)]


@pytest.mark.parametrize("ranks", [2, 3, 4])
@pytest.mark.parametrize("case", sorted(CASES))
def test_as_on_one_machine(found, case, ranks):
    assert_close(found[ranks][0][case][0], found[1][0][case][0])


@pytest.mark.parametrize("case", sorted(CASES))
def test_each_run_and_each_rank_has_the_same_bits(found, case):
    for ranks in (1, 2, 3, 4):
        first = found[ranks][0][case][0]
        assert_same_bits(found[ranks][0][case][1], first)
        for rank in range(1, ranks):
            assert_same_bits(found[ranks][rank][case][0], first)


@pytest.mark.skipif(tn.backend() != "native", reason="recordings are of the compiled kernels")
@pytest.mark.parametrize("ranks", [1, 2, 3, 4])
@pytest.mark.parametrize("case", [*RECORDED, "local statistics"])
def test_steps_from_recordings_are_the_ordinary_steps(found, case, ranks):
    for rank in found[ranks]:
        both = [dict(rank[label][0]) for label in (case, f"{case} in ordinary steps")]
        histories = [dict(results.pop("history")) for results in both]
        assert [history.pop("recorded") for history in histories] == [[1.0], [0.0]]
        assert_same_bits([both[0], histories[0]], [both[1], histories[1]])
        if case in RECORDED:
            assert_same_bits(rank[f"{case} in small buckets"], rank[case][:1])


@pytest.mark.parametrize("ranks", [2, 4])
@pytest.mark.parametrize("option", ["without overlap", "small buckets", "progress thread", "sharded"])
def test_how_gradients_are_sent_does_not_matter(found, option, ranks):
    assert_close(found[ranks][0][option], [found[1][0]["convolutional"][0]])
    if option != "sharded":  # there the parts of a bucket are stepped, by other vector lengths
        assert_same_bits(found[ranks][0][option], [found[ranks][0]["convolutional"][0]])


@pytest.mark.parametrize("ranks", [2, 4])
@pytest.mark.parametrize("optimizer", ["adam", "rmsprop"])
def test_spread_optimizer_states(found, optimizer, ranks):
    for sharded in (False, True):
        assert_close(found[ranks][-1][f"{optimizer} sharded {sharded}"], found[1][0][f"{optimizer} sharded False"])


def test_the_cases_do_train(found):
    for case in CASES:
        losses = found[1][0][case][0]["history"]["loss"]
        assert case == "own_step" or len(set(losses)) == len(losses) and np.isfinite(losses).all()
    stopped = found[4][0]["decisions"][0]["history"]["loss"]
    assert len(stopped) < 12
