"""Taking, putting, sorting and counting: NumPy's results,
and gradients that add up where an element was taken twice.
"""

import numpy as np
import pytest
from checks import assert_gradient, assert_same_values
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from strategies import dtypes, integer_arrays

import tinynet as tn
from tinynet import Tensor, Variable, _native, ops
from tinynet.ops.arguments import index_type
from tinynet.ops.indexing import added_rows, scatter_add


def values(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


@given(st.data(), hnp.array_shapes(min_dims=1, max_dims=3, max_side=5), dtypes)
def test_take(data, shape, dtype):
    x = data.draw(integer_arrays(shape, dtype))
    axis = data.draw(st.sampled_from([None, *range(-len(shape), len(shape))]))
    length = x.size if axis is None else shape[axis]
    indices = data.draw(hnp.arrays(np.int32, hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=4),
                                   elements=st.integers(-length, length - 1)))
    v = Variable(x)
    with tn.GradientTape() as tape:
        y = ops.take(v, indices, axis)
    assert_same_values(y.data, np.ascontiguousarray(np.take(x, indices, axis)).reshape(np.take(x, indices, axis).shape))
    dy = data.draw(integer_arrays(y.shape, dtype))
    dx = np.zeros(shape, dtype)  # exact: whole numbers
    if axis is None:
        np.add.at(dx.reshape(-1), indices, dy)
    else:
        np.add.at(dx, (slice(None),) * (axis % x.ndim) + (indices,), dy)
    assert_same_values(tape.gradient(y, v, output_gradients=dy).data, dx)


@given(st.integers(0, 30), st.integers(1, 6), st.integers(0, 4), st.integers(0, 1000),
       st.sampled_from([np.float32, np.float64, np.int32]))
def test_scatter_add(n, rows, width, seed, dtype):
    rng = np.random.default_rng(seed)
    indices, dy = rng.integers(0, rows, n), rng.integers(-9, 9, (n, width)).astype(dtype)
    expected = np.zeros((rows, width), dtype)
    np.add.at(expected, indices, dy)
    assert_same_values(scatter_add(dy, indices, rows), expected)
    assert_same_values(added_rows((rows, width), indices, dy), expected)
    assert_same_values(added_rows((rows, 1, width), indices, dy[:, None]), expected[:, None])


def test_an_index_outside_the_table_reaches_no_memory():
    """Python checks the indices; the kernel does so again, as it would write to another's memory."""
    for wrong in (-1, 3):
        with pytest.raises(ValueError, match="outside the table"):
            _native.scatter_add(np.ones((2, 4), np.float32), np.array([0, wrong]), 3)
    with pytest.raises(TypeError, match="int64"):
        _native.scatter_add(np.ones((2, 4), np.float32), np.array([0, 1], np.int32), 3)


def test_take_outside():
    with pytest.raises(IndexError):
        ops.take(Tensor([1.0]), 1, 0)


def test_take_along_axis_and_sort():
    x = values((3, 4))
    for axis in (0, 1, -1, None):
        order = np.argsort(x, axis)
        assert_same_values(ops.take_along_axis(Tensor(x), order.astype(np.int32), axis).data,
                           np.take_along_axis(x, order, axis))
        assert_gradient(lambda t, order=order, axis=axis: ops.take_along_axis(t, order, axis), x)
        assert_same_values(ops.sort(Tensor(x), axis).data, np.sort(x, axis))
        assert_gradient(lambda t, axis=axis: ops.sort(t, axis), x)
        assert_same_values(ops.argsort(Tensor(x), axis).data, order.astype(np.int32))
    assert_gradient(lambda t: ops.take_along_axis(t, np.array([[0, 0, 3]]), 1), x)


def test_where():
    condition = np.array([[True], [False], [True]])
    a, b = values((3, 4)), values((4,), 1)
    assert_same_values(ops.where(condition, Tensor(a), Tensor(b)).data, np.where(condition, a, b))
    assert_gradient(lambda x, y: ops.where(condition, x, y), a, b)
    assert_gradient(lambda x: ops.where(x > 0, x, 0.0), a)
    assert_gradient(lambda x: ops.where(x > 0, 1.0, x), a)
    assert ops.where(Tensor([True, False]), Tensor([1.0, 2.0]), 0).dtype == "float32"
    assert ops.where(Tensor(True), 1, 2).item() == 1
    assert [part.tolist() for part in ops.where(Tensor([0.0, 3.0, 1.0]))] == [[1, 2]]
    assert [part.tolist() for part in ops.nonzero(Tensor([[0, 3], [1, 0]]))] == [[0, 1], [1, 0]]
    with pytest.raises(ValueError, match="both"):
        ops.where(condition, a)
    x = Tensor(a)
    assert_same_values(ops.select([x < -1, x > 1], [-1.0, x], 0.0).data, np.select([a < -1, a > 1], [-1.0, a], 0.0))


def test_slices_and_updates():
    x, u = values((4, 5)), values((2, 3), 1)
    assert_same_values(ops.slice(Tensor(x), (1, 2), (2, 3)).data, np.ascontiguousarray(x[1:3, 2:5]))
    assert_same_values(ops.slice(Tensor(x), (3, 4), (2, 3)).data, np.ascontiguousarray(x[2:4, 2:5]))
    assert_gradient(lambda t: ops.slice(t, (1, 2), (2, 3)), x)
    assert_gradient(lambda t, r: ops.slice_update(t, (1, 2), r), x, u)
    expected = x.copy()
    expected[1:3, 2:5] = u
    assert_same_values(ops.slice_update(Tensor(x), Tensor([1, 2]), Tensor(u)).data, expected)
    with pytest.raises(ValueError, match="one number for each axis"):
        ops.slice(x, (1,), (2,))


def test_scatter():
    indices, rows = [[0], [2], [0]], values((3, 2))
    y = ops.scatter(indices, Tensor(rows), (4, 2))
    np.testing.assert_array_equal(y.data, [rows[0] + rows[2], [0, 0], rows[1], [0, 0]])
    assert_gradient(lambda r: ops.scatter(indices, r, (4, 2)), rows)
    assert_gradient(lambda r: ops.scatter([[0, 1], [2, 0], [0, 1]], r, (3, 2)), rows[:, 0])
    x = values((4, 2), 1)
    assert_gradient(lambda t, r: ops.scatter_update(t, indices, r), x, rows)
    assert_gradient(lambda t, r: ops.scatter_update(t, [[0], [1], [3]], r), x, rows)
    assert_gradient(lambda t, r: ops.scatter_update(t, indices, r, "add"), x, rows)
    np.testing.assert_array_equal(ops.scatter_update(Tensor(x), indices, rows).data, [rows[2], x[1], rows[1], x[3]])
    for reduction, function in (("max", np.maximum), ("min", np.minimum), ("mul", np.multiply)):
        expected = x.copy()
        function.at(expected, np.array([0, 2, 0]), rows)
        assert_same_values(ops.scatter_update(Tensor(x), indices, rows, reduction).data, expected)
    with pytest.raises(ValueError, match="reduction"):
        ops.scatter_update(x, indices, rows, "mean")


def test_one_hot():
    assert ops.one_hot([0, 2, 5, -1], 3).tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 0], [0, 0, 0]]
    assert ops.one_hot(Tensor([[1]]), 2, dtype="int32").tolist() == [[[0, 1]]]
    assert ops.one_hot([0, 1], 3, axis=0).tolist() == [[1, 0], [0, 1], [0, 0]]
    assert ops.one_hot(np.zeros((0,), int), 3).shape == (0, 3)
    assert ops.multi_hot([[0, 2], [1, 1]], 3).tolist() == [[1, 0, 1], [0, 1, 0]]
    with pytest.raises(TypeError, match="whole numbers"):
        ops.one_hot([0.5], 3)
    with pytest.raises(ValueError, match="sparse"):
        ops.one_hot([0], 3, sparse=True)


def test_segments():
    data, ids = values((5, 2)), np.array([0, 2, 0, 2, 2])
    y = ops.segment_sum(Tensor(data), ids, 4)
    np.testing.assert_allclose(y.data, [data[[0, 2]].sum(0), [0, 0], data[[1, 3, 4]].sum(0), [0, 0]], rtol=1e-15)
    assert_gradient(lambda t: ops.segment_sum(t, ids), data)
    assert_gradient(lambda t: ops.segment_sum(t, ids, 2), data)
    assert ops.segment_max(Tensor([3.0, 1.0, 5.0]), [0, 0, 1]).tolist() == [3, 5]
    assert ops.segment_min(Tensor([3, 1, 5]), [0, 0, 1]).tolist() == [1, 5]
    assert ops.segment_prod(Tensor([3, 2, 5]), [0, 0, 1], 3).tolist() == [6, 5, 1]


def test_top_k():
    x = np.array([[1.0, 3.0, 3.0, 2.0], [4.0, 0.0, 1.0, -1.0]])
    best, indices = ops.top_k(Tensor(x), 3)
    assert indices.tolist() == [[1, 2, 3], [0, 2, 1]] and best.tolist() == [[3, 3, 2], [4, 1, 0]]
    assert_gradient(lambda t: ops.top_k(t, 2)[0], values((3, 5)))
    assert ops.in_top_k([1, 3, 9], Tensor([[1.0, 2, 0, 0], [1, 2, 3, 0], [1, 2, 3, 4]]), 1).tolist() == [True, False,
                                                                                                         False]
    with pytest.raises(ValueError, match="k must be from 0 to 4"):
        ops.top_k(x, 5)


def test_counting_and_searching():
    x = Tensor([3, 1, 3, 2])
    assert ops.unique(x).tolist() == [1, 2, 3]
    found = ops.unique(x, return_index=True, return_inverse=True, return_counts=True)
    assert [part.tolist() for part in found] == [[1, 2, 3], [1, 3, 0], [2, 0, 2, 1], [1, 1, 2]]
    assert ops.unique(x, size=5).tolist() == [1, 2, 3, 1, 1] and ops.unique(x, size=2).tolist() == [1, 2]
    assert ops.unique(x, size=4, fill_value=0).tolist() == [1, 2, 3, 0]
    assert ops.bincount(x).tolist() == [0, 1, 1, 2] and ops.bincount(x, minlength=6).shape == (6,)
    assert ops.bincount(x, Tensor([0.5, 1, 1, 1])).tolist() == [0, 1, 1, 1.5]
    assert ops.bincount(Tensor([[0, 1], [2, 2]])).tolist() == [[1, 1, 0], [0, 0, 2]]
    assert ops.searchsorted(Tensor([1.0, 2.0, 3.0]), Tensor([2.0, 9.0])).tolist() == [1, 3]
    assert ops.searchsorted([1.0, 2.0], 2.0, "right").item() == 2
    assert ops.digitize(Tensor([0.5, 2.5]), [1.0, 2.0]).tolist() == [0, 2]
    counts, edges = ops.histogram(Tensor([0.0, 0.1, 1.0]), 2)
    assert counts.tolist() == [2, 1] and edges.tolist() == [0, 0.5, 1] and edges.dtype == "float32"
    assert ops.isin(x, [3, 4]).tolist() == [True, False, True, False]
    assert [part.tolist() for part in ops.unravel_index(Tensor([5]), (2, 3))] == [[1], [2]]
    partition = ops.argpartition(x, 1).data
    assert x.data[partition][1] == 2


def test_cumulative():
    x = values((3, 4))
    for axis in (None, 0, -1):
        assert_same_values(ops.cumsum(Tensor(x), axis).data, np.cumsum(x, axis))
        assert_same_values(ops.cumprod(Tensor(x), axis).data, np.cumprod(x, axis))
        assert_gradient(lambda t, axis=axis: ops.cumsum(t, axis), x)
        assert_gradient(lambda t, axis=axis: ops.cumprod(t, axis), x)
    assert_gradient(lambda t: ops.cumprod(t, 0), np.array([2.0, 0.0, 3.0, 0.0]))
    assert ops.cumsum(Tensor([1, 2])).dtype == "int32"
    for n in (1, 2):
        assert_same_values(ops.diff(Tensor(x), n).data, np.diff(x, n))
    assert_gradient(lambda t: ops.diff(t, 2, 0), x)
    at = np.array([0.0, 1.0, 3.0, 4.0])
    np.testing.assert_allclose(ops.trapezoid(Tensor(x), at).data, np.trapezoid(x, at), rtol=1e-14)
    np.testing.assert_allclose(ops.trapezoid(Tensor(x), dx=2.0, axis=0).data, np.trapezoid(x, dx=2.0, axis=0),
                               rtol=1e-14)
    assert_gradient(lambda t, s: ops.trapezoid(t, s), x, at)


def test_keras_agrees():
    keras = pytest.importorskip("keras")
    x = values((4, 5)).astype(np.float32)
    classes = np.array([0, 2, 1], np.int32)
    for name, call in {
        "take": lambda o: o.take(x, np.array([[0, 1]]), 1), "one_hot": lambda o: o.one_hot(classes, 4),
        "one_hot axis": lambda o: o.one_hot(classes, 4, axis=0),
        "multi_hot": lambda o: o.multi_hot(classes, 4), "multi_hot batch": lambda o: o.multi_hot(classes[None], 4),
        "argsort": lambda o: o.argsort(x),
        "top_k": lambda o: o.top_k(x, 2)[1], "scatter": lambda o: o.scatter(np.array([[0], [2], [0]]), x[:3], (4, 5)),
        "cumsum": lambda o: o.cumsum(x, 1),
        "scatter_update": lambda o: o.scatter_update(x, np.array([[0, 1], [2, 2]]), np.float32([7, 8])),
        "slice": lambda o: o.slice(x, (1, 1), (2, 2)),
        "where": lambda o: o.where(x > 0, x, 0.0), "searchsorted": lambda o: o.searchsorted(np.sort(x[0]), x[1]),
        "digitize": lambda o: o.digitize(x, np.array([0.0, 1.0], np.float32)),
        "bincount": lambda o: o.bincount(classes),
        "segment_sum": lambda o: o.segment_sum(x, np.array([0, 0, 1, 3]), 4), "diff": lambda o: o.diff(x),
        "segment_max": lambda o: o.segment_max(x, np.array([0, 0, 1, 3]), 5),
        "in_top_k": lambda o: o.in_top_k(classes, x[:3], 2), "isin": lambda o: o.isin(classes, np.array([1, 2])),
        "nonzero": lambda o: o.nonzero(classes)[0], "select": lambda o: o.select([x > 1, x > 0], [x, -x], 0.0),
        "cumprod": lambda o: o.cumprod(x, 0),
        "cumsum bool": lambda o: o.cumsum(np.array([True, True])), "trapezoid": lambda o: o.trapezoid(x),
        "segment_min": lambda o: o.segment_min(classes, np.array([0, 2, 2]), 4),
        "take none": lambda o: o.take(x, [3, 4]),
        "take_along_axis": lambda o: o.take_along_axis(x, np.array([[0], [1], [2], [3]]), 1),
    }.items():
        theirs = keras.ops.convert_to_numpy(call(keras.ops))
        mine = call(ops).data
        assert (mine.dtype, mine.shape) == (theirs.dtype, theirs.shape), (
            f"{name}: {mine.dtype} {mine.shape}, Keras {theirs.dtype} {theirs.shape}"
        )
        np.testing.assert_allclose(mine, theirs, rtol=2e-6, atol=1e-6, err_msg=name)


def test_multi_hot_of_no_class_is_zeros():
    assert ops.multi_hot(np.zeros((2, 0), int), 3).tolist() == [[0, 0, 0]] * 2
    assert ops.multi_hot([[0, 2, 2], [1, 1, 1]], 3).tolist() == [[1, 0, 1], [0, 1, 0]]
    assert ops.multi_hot([[0, 1], [2, 1]], 3, axis=0).tolist() == [[1, 0, 1], [0, 1, 0]]


def test_the_last_index_of_int32_is_still_of_its_type():
    assert index_type(2**31 - 1) is np.int32 and index_type(2**31) is np.int64


@pytest.mark.parametrize(("reduction", "combine"), [
    (None, lambda old, new: new), ("add", np.add), ("max", np.maximum), ("min", np.minimum), ("mul", np.multiply)])
def test_scatter_update_combines_what_was_there_with_what_comes(reduction, combine):
    x, rows = np.random.default_rng(0).standard_normal((2, 5, 3))
    expected = x.copy()
    for index, row in ((3, rows[0]), (0, rows[1])):
        expected[index] = combine(expected[index], row)
    np.testing.assert_allclose(ops.scatter_update(x, [[3], [0]], rows[:2], reduction).numpy(), expected, rtol=1e-6)
