"""Initializers: moments, bounds, seeds, fans, configs."""

import math

import numpy as np
import pytest

from tinynet import initializers, random
from tinynet.random import SeedGenerator

SEEDED = (
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "LecunNormal",
    "LecunUniform",
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
)

# name: (variance, largest absolute value or None) for the shape (3, 3, 40, 60): fan_in 360, fan_out 540
EXPECTED = {
    "GlorotNormal": (2 / 900, 2 * math.sqrt(2 / 900) / 0.8796),
    "GlorotUniform": (2 / 900, math.sqrt(6 / 900)),
    "HeNormal": (2 / 360, 2 * math.sqrt(2 / 360) / 0.8796),
    "HeUniform": (2 / 360, math.sqrt(6 / 360)),
    "LecunNormal": (1 / 360, 2 * math.sqrt(1 / 360) / 0.8796),
    "LecunUniform": (1 / 360, math.sqrt(3 / 360)),
    "RandomNormal": (0.05**2, None),
    "RandomUniform": (0.1**2 / 12, 0.05),
    "TruncatedNormal": ((0.05 * 0.87962566) ** 2, 0.1),
}


@pytest.mark.parametrize("name", EXPECTED)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_moments_and_bounds(name, dtype):
    variance, largest = EXPECTED[name]
    values = getattr(initializers, name)(seed=1)((3, 3, 40, 60), dtype=dtype).numpy()
    n, spread = values.size, math.sqrt(variance)
    assert values.dtype == dtype
    # 5 standard deviations of the sample's mean and (for a kurtosis of at most 3) of its standard deviation
    assert abs(values.mean()) <= 5 * spread / math.sqrt(n)
    assert abs(values.std() - spread) <= 5 * spread / math.sqrt(2 * n)
    if largest is not None:
        assert 0.99 * largest < abs(values).max() <= largest * (1 + 1e-4)


@pytest.mark.parametrize("name", SEEDED)
def test_seeds(name):
    make = getattr(initializers, name)
    shape = (6, 4)
    first = make(seed=3)
    values = first(shape).numpy()
    np.testing.assert_array_equal(first(shape).numpy(), values)
    np.testing.assert_array_equal(make(seed=3)(shape).numpy(), values)
    assert (make(seed=4)(shape).numpy() != values).any()
    moving = make(seed=SeedGenerator(3))
    assert (moving(shape).numpy() != moving(shape).numpy()).any()
    unseeded = make()
    np.testing.assert_array_equal(unseeded(shape).numpy(), unseeded(shape).numpy())
    assert (make()(shape).numpy() != unseeded(shape).numpy()).any()
    random.set_global_seed(5)
    run = [make()(shape).numpy(), make()(shape).numpy()]
    random.set_global_seed(5)
    np.testing.assert_array_equal([make()(shape).numpy(), make()(shape).numpy()], run)


@pytest.mark.parametrize("shape", [(8, 5), (5, 8), (6, 6), (2, 3, 4)])
def test_orthogonal(shape):
    for dtype in ("float32", "float64"):
        q = initializers.Orthogonal(gain=2.0, seed=1)(shape, dtype=dtype).numpy()
        assert q.shape == shape and q.dtype == dtype
        matrix = q.reshape(-1, shape[-1])
        small = matrix.T @ matrix if matrix.shape[0] >= matrix.shape[1] else matrix @ matrix.T
        np.testing.assert_allclose(small, 4 * np.eye(len(small)), atol=4 * 50 * np.finfo(dtype).eps)


def test_constants():
    assert initializers.Zeros()((2, 3)).numpy().tolist() == [[0] * 3] * 2
    assert initializers.Ones()(2, dtype="float64").numpy().dtype == np.float64
    assert initializers.Constant(3)((2,)).numpy().tolist() == [3, 3]
    assert initializers.Identity(gain=2)((2, 3)).numpy().tolist() == [[2, 0, 0], [0, 2, 0]]
    with pytest.raises(ValueError, match="Identity"):
        initializers.Identity()((2,))


def test_fans():
    assert initializers.compute_fans(()) == (1, 1)
    assert initializers.compute_fans((7,)) == (7, 7)
    assert initializers.compute_fans((3, 5)) == (3, 5)
    assert initializers.compute_fans((3, 3, 16, 32)) == (144, 288)
    assert initializers.compute_fans((2, 3, 4), input_axes=[0], output_axes=[1, 2]) == (2, 12)


def test_by_name():
    for name, cls in (
        ("glorot_uniform", "GlorotUniform"),
        ("he_normal", "HeNormal"),
        ("lecun_normal", "LecunNormal"),
        ("zeros", "Zeros"),
        ("normal", "RandomNormal"),
        ("uniform", "RandomUniform"),
        ("one", "Ones"),
        ("OrthogonalInitializer", "Orthogonal"),
        ("truncated_normal", "TruncatedNormal"),
        ("VarianceScaling", "VarianceScaling"),
    ):
        assert type(initializers.get(name)).__name__ == cls
    assert initializers.get(None) is None
    assert initializers.get(np.ones(2))((2,)).numpy().tolist() == [1, 1]
    with pytest.raises(ValueError, match=r"shape \(2,\), shape \(3,\) is needed"):
        initializers.get(np.ones(2))((3,))
    with pytest.raises(ValueError, match="did you mean 'he_normal'"):
        initializers.get("he_norml")


@pytest.mark.parametrize("name", [*SEEDED, "Zeros", "Ones", "Constant", "Identity"])
def test_config_round_trip(name):
    initializer = getattr(initializers, name)(**({"seed": 3} if name in SEEDED else {}))
    copy = initializers.deserialize(initializers.serialize(initializer))
    assert type(copy) is type(initializer) and copy.get_config() == initializer.get_config()
    np.testing.assert_array_equal(copy((3, 4)).numpy(), initializer((3, 4)).numpy())
    if name in SEEDED:
        generated = getattr(initializers, name)(seed=SeedGenerator(9))
        copy = initializers.deserialize(initializers.serialize(generated))
        np.testing.assert_array_equal(copy((3, 4)).numpy(), generated((3, 4)).numpy())


def test_errors():
    with pytest.raises(ValueError, match="scale must be above 0"):
        initializers.VarianceScaling(scale=0)
    with pytest.raises(ValueError, match="mode"):
        initializers.VarianceScaling(mode="fan_sum")
    with pytest.raises(ValueError, match="distribution"):
        initializers.VarianceScaling(distribution="cauchy")
    with pytest.raises(ValueError, match="seed must be an int"):
        initializers.HeNormal(seed=1.5)
    with pytest.raises(ValueError, match="two axes"):
        initializers.Orthogonal()((3,))
    with pytest.raises(ValueError, match="RandomUniform: maxval must be at least minval, got minval=1, maxval=0"):
        initializers.RandomUniform(1, 0)
    for name in ("RandomNormal", "TruncatedNormal"):
        with pytest.raises(ValueError, match=f"{name}: stddev must be at least 0, got -1"):
            getattr(initializers, name)(stddev=-1)
