"""Loops and choices in plain Python, and what ops says about what it has not."""

import numpy as np
import pytest
from checks import assert_gradient

import tinynet as tn
from tinynet import Tensor, Variable, ops
from tinynet.core.errors import NotInTinynetError


def test_choices():
    assert ops.cond(Tensor(True), lambda: 1, lambda: 2) == 1
    assert ops.cond(Tensor([0.0]) > 1, lambda: 1, lambda: 2) == 2
    branches = [lambda x: x, lambda x: x * 2, lambda x: x * 3]
    assert [ops.switch(i, branches, 5) for i in (-1, 0, 1, 2, 7)] == [5, 5, 10, 15, 15]


def test_loops():
    assert ops.while_loop(lambda i, s: i < 4, lambda i, s: (i + 1, s + i), (0, 0)) == (4, 6)
    assert ops.while_loop(lambda i: True, lambda i: i + 1, 0, maximum_iterations=3) == 3
    assert ops.fori_loop(1, 4, lambda i, value: value * i, 1) == 6
    assert_gradient(lambda x: ops.fori_loop(0, 3, lambda i, value: value * x, x), np.array([1.1, 0.9]))


def test_map_and_scan():
    x = np.arange(6.0).reshape(3, 2)
    np.testing.assert_array_equal(ops.map(lambda row: row * 2, Tensor(x)).data, 2 * x)
    np.testing.assert_array_equal(ops.vectorized_map(lambda pair: pair[0] + pair[1], (x, x)).data, 2 * x)
    assert_gradient(lambda t: ops.map(lambda row: row * row, t), x)
    carry, partial = ops.scan(lambda total, row: (total + row, total), Tensor(np.zeros(2)), Tensor(x))
    np.testing.assert_array_equal(carry.data, x.sum(0))
    np.testing.assert_array_equal(partial.data, np.cumsum(x, 0) - x)
    _, partial = ops.scan(lambda total, row: (total + row, total), Tensor(np.zeros(2)), {"row": Tensor(x)}["row"],
                          reverse=True)
    np.testing.assert_array_equal(partial.data[2], [0, 0])
    assert ops.scan(lambda c, _: (c + 1, None), 0, length=5) == (5, None)
    assert_gradient(lambda t: ops.scan(lambda c, row: (c * row, c + row), t[0], t)[1], x + 1)


def test_associative_scan():
    x = np.random.default_rng(0).standard_normal((4, 3))
    for axis in (0, 1):
        np.testing.assert_allclose(ops.associative_scan(ops.add, Tensor(x), axis=axis).data, np.cumsum(x, axis),
                                   rtol=1e-14)
    np.testing.assert_allclose(ops.associative_scan(ops.add, Tensor(x), reverse=True).data,
                               np.cumsum(x[::-1], 0)[::-1], rtol=1e-14)
    both = ops.associative_scan(lambda a, b: (a[0] + b[0], a[1] * b[1]), (Tensor(x), Tensor(x)))
    np.testing.assert_allclose(both[1].data, np.cumprod(x, 0), rtol=1e-13)


def test_vectorize():
    assert ops.vectorize(lambda a, b: a if a > b else b)(Tensor([1, 5]), 3).tolist() == [3, 5]


def test_stop_gradient():
    v = Variable([2.0])
    with tn.GradientTape() as tape:
        y = v * ops.stop_gradient(v)
    assert tape.gradient(y, v).tolist() == [2.0]


def test_what_is_missing_says_why():
    for name in ("fft", "real", "stft"):
        with pytest.raises(NotInTinynetError, match=f"{name}.*complex numbers"):
            getattr(ops, name)
    with pytest.raises(AttributeError, match="unknown name in keras.ops: 'nonsense'"):
        ops.nonsense  # noqa: B018


def test_names_are_listed():
    assert ops.__all__ == sorted(ops.__all__)
    assert all(hasattr(ops, name) for name in ops.__all__)
