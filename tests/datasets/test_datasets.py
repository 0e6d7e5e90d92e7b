"""The sample in the package, the full set where it is installed, and the toy sets."""

import numpy as np
import pytest

from tinynet import datasets
from tinynet.datasets import fashion_mnist, fashion_mnist_sample, toy
from tinynet.datasets.fashion_mnist_sample.choose import choose, main


def test_the_sample_is_balanced_and_real():
    (x_train, y_train), (x_test, y_test) = fashion_mnist_sample.load_data()
    assert (x_train.shape, y_train.shape, x_test.shape, y_test.shape) == (
        (6000, 28, 28),
        (6000,),
        (1000, 28, 28),
        (1000,),
    )
    assert x_train.dtype == y_train.dtype == np.uint8
    assert np.bincount(y_train).tolist() == [600] * 10 and np.bincount(y_test).tolist() == [100] * 10
    assert 70 < x_train.mean() < 76  # 72.94 in the full set
    assert len(fashion_mnist_sample.CLASS_NAMES) == 10


def test_the_sample_comes_with_its_licence():
    from importlib.resources import files

    text = files("tinynet.datasets.fashion_mnist_sample").joinpath("LICENSE.txt").read_text(encoding="utf-8")
    assert "Copyright © 2017 Zalando SE, https://tech.zalando.com" in text and "The MIT License" in text


needs_full_set = pytest.mark.skipif(fashion_mnist.find() is None, reason="Fashion-MNIST is not on this computer")


@needs_full_set
def test_the_full_set(tmp_path):
    (x_train, y_train), (x_test, y_test) = fashion_mnist.load_data()
    assert (x_train.shape, y_train.shape, x_test.shape, y_test.shape) == (
        (60000, 28, 28),
        (60000,),
        (10000, 28, 28),
        (10000,),
    )
    assert np.bincount(y_train).tolist() == [6000] * 10 and np.bincount(y_test).tolist() == [1000] * 10
    assert round(float(x_train.mean()), 2) == 72.94
    (x_sample, y_sample), _ = fashion_mnist_sample.load_data()
    rows = choose(y_train, 600)
    np.testing.assert_array_equal(x_sample, x_train[rows])
    np.testing.assert_array_equal(y_sample, y_train[rows])


@needs_full_set
def test_the_script_makes_the_sample_again(tmp_path, capsys):
    main(tmp_path)
    for line, file in zip(capsys.readouterr().out.splitlines(), fashion_mnist_sample.FILES, strict=True):
        assert line == f"{file.sha256} {file.name}"
    assert len(list(tmp_path.iterdir())) == 4


def test_what_is_missing_says_what_it_is():
    with pytest.raises(ImportError, match="reuters.*news wires.*imdb"):
        datasets.reuters  # noqa: B018
    with pytest.raises(ImportError, match="news wires"):
        from tinynet.datasets import reuters  # noqa: F401
    with pytest.raises(AttributeError, match="unknown name in keras.datasets: 'nonsense'"):
        datasets.nonsense  # noqa: B018


@pytest.mark.parametrize("name", toy.__all__)
def test_toy_sets_are_balanced_and_repeatable(name):
    make = getattr(toy, name)
    x, y = make(201, seed=3)
    assert x.shape == (201, 2) and x.dtype == np.float32 and y.dtype == np.int64
    assert sorted(np.bincount(y).tolist()) == [100, 101]
    again, labels = make(201, seed=3)
    np.testing.assert_array_equal(x, again)
    np.testing.assert_array_equal(y, labels)
    assert not np.array_equal(x, make(201, seed=4)[0])
    assert np.abs(np.diff(y)).sum() > 50  # shuffled, not sorted
    for arguments in ({"samples": 0}, {"samples": 2.5}, {"noise": -1}, {"noise": np.nan}):
        with pytest.raises(ValueError, match=name):
            make(**arguments)


def test_toy_sets_have_the_shape_they_name():
    x, y = toy.circle(1000, noise=0)
    radius = np.hypot(*x.T)
    assert (radius[y == 0] <= 0.5 + 1e-6).all() and (radius[y == 1] >= 1 - 1e-6).all() and radius.max() <= 1.5 + 1e-6
    for squares in (2, 3, 4):
        x, y = toy.checkerboard(1000, squares=squares)
        fields = np.floor((x.astype(np.float64) + 1) / 2 * squares).astype(int)
        inside = (
            np.abs((x + 1) / 2 * squares - np.rint((x + 1) / 2 * squares)).min(axis=1) > 1e-5
        )  # not on a line, rounded
        assert (fields.sum(axis=1) % 2 == y)[inside].all() and inside.mean() > 0.99
    x, y = toy.moons(1000, noise=0)
    # Coordinates below 2 are rounded by 2^-24 at most, a distance by sqrt(2) of that.
    np.testing.assert_allclose(np.hypot(*x[y == 0].astype(np.float64).T), 1, atol=1.5 * 2**-24)
    np.testing.assert_allclose(np.hypot(*(x[y == 1] - [1, 0.5]).T), 1, atol=1.5 * 2**-24)
    x, y = toy.gaussians(1000, noise=0)
    np.testing.assert_array_equal(x, np.where(y[:, None] == 1, 1, -1) * np.ones((1, 2)))
    x, y = toy.spiral(900, noise=0, classes=3, turns=1.5)
    x = x.astype(np.float64)
    radius = np.hypot(*x.T)
    expected = radius * np.exp(2j * np.pi * (1.5 * radius + y / 3))
    # Rounding to float32 moves a point by 2^-24 at most, and the angle that its radius predicts by 2 pi 1.5 times that.
    np.testing.assert_allclose(x @ [1, 1j], expected, atol=(2 + 3 * np.pi) * 2**-24)
    assert np.bincount(y).tolist() == [300] * 3
