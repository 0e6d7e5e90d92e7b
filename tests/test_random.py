"""Random numbers: seeds, ranges, moments."""

import copy
import math
import pickle

import numpy as np
import pytest

from tinynet import random

N = 200_000
# name: (function of a seed, mean, standard deviation)
DRAWS = {
    "normal": (lambda seed: random.normal((N,), 2.0, 3.0, seed=seed), 2, 3),
    "truncated_normal": (lambda seed: random.truncated_normal((N,), 1.0, 2.0, seed=seed), 1, 2 * 0.87962566),
    "uniform": (lambda seed: random.uniform((N,), -1.0, 2.0, seed=seed), 0.5, 3 / math.sqrt(12)),
    "randint": (lambda seed: random.randint((N,), -2, 3, seed=seed), 0, math.sqrt(2)),
    "gamma": (lambda seed: random.gamma((N,), 4.0, seed=seed), 4, 2),
    "beta": (lambda seed: random.beta((N,), 2.0, 3.0, seed=seed), 0.4, 0.2),
    "binomial": (lambda seed: random.binomial((N,), 10, 0.5, seed=seed), 5, math.sqrt(2.5)),
}


@pytest.mark.parametrize("name", DRAWS)
def test_moments_and_seeds(name):
    draw, mean, spread = DRAWS[name]
    values = draw(1).numpy()
    assert values.shape == (N,)
    assert values.dtype == ("int32" if name == "randint" else "float32")
    assert abs(values.mean(dtype=np.float64) - mean) <= 5 * spread / math.sqrt(N)
    assert abs(values.std(dtype=np.float64) - spread) <= 5 * spread / math.sqrt(N)
    np.testing.assert_array_equal(draw(1).numpy(), values)
    assert (draw(2).numpy() != values).any()
    generator = random.SeedGenerator(1)
    np.testing.assert_array_equal(draw(generator).numpy(), values)
    second = draw(generator).numpy().astype(np.float64)
    assert abs(np.mean((values - mean) * (second - mean))) <= 5 * spread**2 / math.sqrt(
        N
    )  # not the same, nor a shifted copy
    random.set_global_seed(3)
    first = draw(None).numpy()
    random.set_global_seed(3)
    np.testing.assert_array_equal(draw(None).numpy(), first)


def test_ranges():
    values = random.truncated_normal((N,), seed=1).numpy()
    assert 1.99 < abs(values).max() <= 2
    values = random.uniform((N,), 0.1, 0.1000001, seed=1).numpy()
    assert values.min() >= np.float32(0.1) and values.max() < np.float32(0.1000001)
    assert set(np.unique(random.randint((N,), 0, 3, seed=1).numpy())) == {0, 1, 2}
    assert random.uniform((0, 3)).shape == (0, 3) and random.normal(()).shape == ()
    with pytest.raises(ValueError, match="uniform: dtype must be a floating-point type, got int32"):
        random.uniform((2,), dtype="int32")
    with pytest.raises(ValueError, match="randint: dtype must be an integer type"):
        random.randint((2,), 0, 3, dtype="float32")


def test_categorical():
    logits = np.log([[0.2, 0.3, 0.5], [1e-30, 1.0, 1e-30]])
    draws = random.categorical(logits, 50_000, seed=1).numpy()
    assert draws.shape == (2, 50_000) and draws.dtype == np.int32
    shares = np.bincount(draws[0], minlength=3) / 50_000
    assert abs(shares - [0.2, 0.3, 0.5]).max() <= 5 * 0.5 / math.sqrt(50_000)
    assert (draws[1] == 1).all()
    with pytest.raises(ValueError, match="shape"):
        random.categorical([0.0, 1.0], 3)


def test_shuffle():
    x = np.arange(12).reshape(4, 3)
    y = random.shuffle(x, seed=1).numpy()
    assert sorted(y.tolist()) == x.tolist() and y.tolist() != x.tolist()
    y = random.shuffle(x, axis=1, seed=1).numpy()
    assert sorted(y.T.tolist()) == x.T.tolist()


def test_seed_generator():
    generator = random.SeedGenerator(7)
    assert [generator.next() for _ in range(3)] == [(7, 0), (7, 1), (7, 2)]
    state = generator.state
    following = generator.next()
    generator.state = state
    assert generator.next() == following
    assert random.SeedGenerator.from_config(generator.get_config()).next() == (7, 0)
    random.set_global_seed(1)
    seeds = {random.SeedGenerator().next()[0] for _ in range(1000)}
    assert len(seeds) == 1000
    for bad in (1.5, "seed", True):
        with pytest.raises(ValueError, match="seed must be an int"):
            random.draw_seed(bad)
        with pytest.raises(ValueError, match="seed must be an int"):
            random.SeedGenerator(bad)


@pytest.mark.parametrize("seed", [0, 1, 2**63 + 5, 2**64 - 1])
def test_the_seed_is_philoxs_key(seed):
    """As with Philox(key=...), which asks the operating system for another seed besides, and takes three times as
    long.
    """
    seeds = random.SeedGenerator(seed)
    for offset in range(3):
        drawn = random.generator(seeds)
        expected = np.random.Generator(np.random.Philox(key=seed, counter=[0, 0, offset, 1]))
        np.testing.assert_array_equal(drawn.integers(0, 2**63, 100), expected.integers(0, 2**63, 100))
        assert drawn.bit_generator.seed_seq.generate_state(2).tolist() == [seed, 0]
        assert copy.deepcopy(drawn).random() == pickle.loads(pickle.dumps(drawn)).random() == drawn.random()


def test_dropout():
    y = random.dropout(np.ones(1000, np.float32), 0.5, seed=1).numpy()
    assert set(np.unique(y)) == {0, 2}


def test_generator_of_tf():
    first, second = (random.Generator.from_seed(3, alg="philox") for _ in range(2))
    drawn = first.normal((4,), mean=10.0).numpy()
    assert drawn.tolist() == second.normal([4], mean=10.0).tolist() and 5 < drawn.mean() < 15
    assert drawn.tolist() != first.normal((4,), mean=10.0).tolist()  # it goes on
    first.reset_from_seed(3)
    assert first.normal((4,), mean=10.0).tolist() == drawn.tolist()
    assert set(first.uniform((100,), maxval=3, dtype="int32").tolist()) == {0, 1, 2}
    assert (abs(first.truncated_normal((1000,)).numpy()) <= 2).all() and first.uniform(()).numpy() < 1
    with pytest.raises(ValueError, match="whole numbers need a maxval"):
        first.uniform((2,), dtype="int64")
    seeds = first.make_seeds(5).numpy()
    assert seeds.shape == (2, 5) and len(np.unique(seeds)) == 10
    one, two = first.split(2)
    assert one.normal((3,)).tolist() != two.normal((3,)).tolist()
    assert random.Generator.from_non_deterministic_state().normal((2,)).shape == (2,)


def test_functions_of_a_seed_of_two_numbers():
    for function in (random.stateless_normal, random.stateless_uniform, random.stateless_truncated_normal):
        assert function((3,), seed=(1, 2)).tolist() == function((3,), seed=np.array([1, 2])).tolist()
        assert function((3,), seed=(1, 2)).tolist() != function((3,), seed=(2, 1)).tolist()
    assert random.stateless_uniform((50,), (1, 2), minval=5, maxval=7, dtype="int64").numpy().max() == 6
