"""Variables and shapes as TensorFlow has them: elements that are assigned to, scatter_*, `value()`, `as_list()`."""

import copy
import json
import pickle

import numpy as np
import pytest

import tinynet as tn
from tinynet import tf

START = np.arange(6.0).reshape(2, 3)


@pytest.fixture
def v():
    return tf.Variable(START, name="v")


@pytest.mark.parametrize(("key", "value"), [
    ((0, 1), 9.0), (1, [7.0, 8.0, 9.0]), ((slice(None), 0), [7.0, 8.0]), ((Ellipsis, slice(1, None)), np.ones((2, 2))),
    ((slice(None, None, -1), 2), [5.0, 6.0]), ((-1, -1), 9.0), ((tf.constant(1), tf.constant(2)), 9.0),
    (([0, 1], [2, 0]), [8.0, 9.0]), (START > 3, [1.0, 2.0]), (slice(0, 1), 0.0),
])
def test_elements_are_assigned_to(v, key, value):
    expected = START.copy()
    expected[tuple(np.asarray(k) if isinstance(k, tn.Tensor) else k for k in key) if isinstance(key, tuple) else
             key] = value
    before, elements = v.numpy(), v[key]
    assert elements.assign(value) is v
    np.testing.assert_array_equal(v.numpy(), expected)
    np.testing.assert_array_equal(elements.numpy(), before[tuple(
        np.asarray(k) if isinstance(k, tn.Tensor) else k for k in key) if isinstance(key, tuple) else key])


def test_an_assignment_that_does_not_fit(v):
    with pytest.raises(ValueError, match=r"'v': v\[0\] has shape \(3,\), cannot assign a value of shape \(2,\)"):
        v[0].assign([1.0, 2.0])
    np.testing.assert_array_equal(v.numpy(), START)


def test_elements_are_tensors_with_gradients(v):
    with tf.GradientTape() as tape:
        chosen = v[0, 1]
        y = chosen * chosen + tf.reduce_sum(v[1] * 3)
        v[0, 1].assign(100.0)
    assert tape.gradient(y, v).tolist() == [[0, 2, 0], [3, 3, 3]]
    assert isinstance(v[0], tn.Tensor) and not isinstance(v[0], tn.Variable)
    assert copy.deepcopy(v[0]).tolist() == [0, 100, 2]


def test_values(v):
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(v.value * 2) + tf.reduce_sum(v.value() * 3) + tf.reduce_sum(v.read_value() * 4)
    assert (tape.gradient(y, v).numpy() == 9).all()
    kept = v.value(), v.read_value(), v.value
    v.assign_add(1.0)
    assert all((part.numpy() == START).all() for part in kept)
    assert (tf.Variable(v.value).numpy() == START + 1).all()
    assert (tf.Variable(initial_value=v).numpy() == START + 1).all()
    assert v.assign(START, read_value=False) is None and v.assign_sub(1.0, use_locking=True, name="x") is v


def test_scatter(v):
    v.scatter_nd_update([[0, 1], [1, 2]], [10.0, 20.0])
    assert v.numpy().tolist() == [[0, 10, 2], [3, 4, 20]]
    v.scatter_nd_add([[0], [0]], [[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]])  # both are added
    assert v.numpy().tolist() == [[3, 13, 5], [3, 4, 20]]
    v.scatter_nd_sub(tf.constant([[1, 0]]), [3.0])
    assert v.scatter_nd_max([[1, 1]], [1.0]).numpy().tolist() == [[3, 13, 5], [0, 4, 20]]
    assert v.scatter_nd_min([[1, 1]], [1.0]).numpy().tolist() == [[3, 13, 5], [0, 1, 20]]
    v.scatter_update(tf.IndexedSlices([[1.0, 2.0, 3.0]], [1]))
    v.scatter_add(tf.IndexedSlices([[1.0, 1.0, 1.0]] * 2, [0, 0]))
    v.scatter_sub(tf.IndexedSlices(values=tf.ones((1, 3)), indices=tf.constant([1])))
    assert v.numpy().tolist() == [[5, 15, 7], [0, 1, 2]]
    assert v.gather_nd([[0, 1], [1, 2]]).tolist() == [15, 2]
    assert v.sparse_read([1, 0]).tolist() == v.numpy()[::-1].tolist()


@pytest.mark.parametrize(("method", "arguments", "error", "message"), [
    ("scatter_nd_update", ([[0, 3]], [1.0]), IndexError, "'v'.scatter_nd_update: an index is outside"),
    ("scatter_nd_update", ([[-1, 0]], [1.0]), IndexError, "from -1 to 0"),
    ("scatter_nd_add", ([[0]], [1.0]), ValueError, r"updates must have shape \(1, 3\), got \(1,\)"),
    ("scatter_nd_sub", ([[0, 0, 0]], [1.0]), ValueError, "indices must be whole numbers"),
    ("scatter_nd_sub", ([[0.0]], [1.0]), ValueError, "indices must be whole numbers"),
    ("scatter_update", ([0],), TypeError, r"expected tf.IndexedSlices.*scatter_nd_update\(indices, updates\)"),
    ("sparse_read", ([2],), IndexError, "an index is outside"),
])
def test_scatter_errors(v, method, arguments, error, message):
    with pytest.raises(error, match=message):
        getattr(v, method)(*arguments)
    np.testing.assert_array_equal(v.numpy(), START)


def test_a_constraint_is_taken(v):
    w = tf.Variable([2.0, -3.0], constraint=lambda x: tf.maximum(x, 0.0))
    tf.keras.optimizers.SGD(0.5).apply_gradients([(tf.constant([1.0, 1.0]), w)])
    assert w.numpy().tolist() == [1.5, 0.0]


def test_convert_to_tensor_passes_gradients():
    w = tf.Variable([1.0, 2.0])
    for convert in (tf.convert_to_tensor, tn.convert_to_tensor, tn.ops.convert_to_tensor):
        with tf.GradientTape(persistent=True) as tape:
            wide = convert(w, dtype="float64") * 3
            stacked = convert([[1.0, w[0]], [w[1], 0.0]]) * 2
        assert wide.dtype == "float64" and tape.gradient(wide, w).tolist() == [3, 3]
        assert stacked.shape == (2, 2) and tape.gradient(stacked, w).tolist() == [2, 2]
    assert tf.convert_to_tensor("a").numpy() == b"a" and tf.convert_to_tensor([1.5], dtype_hint=tf.int32).dtype == "f4"


# -- shapes ---------------------------------------------------------------------------------------------------------


def test_shapes_have_tensorflows_methods(v):
    shape = v.shape
    assert shape == (2, 3) == shape and shape == [2, 3] and shape != [2, 4] and repr(shape) == "(2, 3)"
    assert shape.as_list() == [2, 3] == shape.dims and shape.rank == shape.ndims == 2 and shape.num_elements() == 6
    assert v.get_shape().as_list() == [2, 3] == tf.keras.Input((3,), batch_size=2).shape.as_list()
    assert shape[1:].as_list() == [3] and (shape + [4]).as_list() == [2, 3, 4] and ([1] + shape).rank == 3
    assert shape.concatenate([5])[-1] == 5 and shape.is_fully_defined() and {shape: 1}[(2, 3)] == 1
    assert json.dumps(shape) == "[2, 3]" and pickle.loads(pickle.dumps(shape)).rank == 2
    assert tf.Variable("zeros", shape=(4, 5)).shape.as_list() == [4, 5]  # before its values are computed
    partial = tf.TensorShape([None, 3])
    assert partial.as_list() == [None, 3] and partial.num_elements() is None and not partial.is_fully_defined()
    assert partial.is_compatible_with(shape) and not partial.is_compatible_with([2, 4])
    assert partial.merge_with(shape) == (2, 3) and tf.TensorShape(tf.constant([2, 3])) == shape
    for wrong in (lambda: partial.assert_is_compatible_with((1,)), lambda: partial.with_rank(3),
                  partial.assert_is_fully_defined):
        with pytest.raises(ValueError, match="hape"):
            wrong()
    with pytest.raises(TypeError, match="unknown rank"):
        tf.TensorShape(None)
    with pytest.raises(TypeError, match="a length is an int or None, got 1.5"):
        tf.TensorShape([1.5])


def test_shape_size_and_rank_are_tensors_that_compute(v):
    shape = tf.shape(v)
    assert shape.numpy().tolist() == [2, 3] and shape.dtype == tf.int32 and tf.shape(v, tf.int64).dtype == "int64"
    rows, columns = tf.shape(v)
    assert (shape[0] * 2).numpy() == 4 and tf.reshape(v, (columns, rows)).shape == (3, 2)
    assert tf.zeros(tf.shape(v)).shape == tf.zeros([rows, 3]).shape == (2, 3)
    assert tf.cast(tf.size(v), tf.float32) / 2 == 3 and tf.size(v).numpy() == 6 and tf.rank(v).numpy() == 2
    assert tf.size(["a", "b"]).numpy() == 2 and tf.shape(tf.constant(["a"])).numpy().tolist() == [1]
    assert tf.shape(tf.keras.Input((3,), batch_size=2)).numpy().tolist() == [2, 3]
    with pytest.raises(ValueError, match="None stands for any length; use x.shape"):
        tf.shape(tf.keras.Input((3,)))


def test_more_elements_than_int32_counts():
    many = tn.Tensor.wrap(np.broadcast_to(np.int8(0), (2**16, 2**15 + 1)))  # one byte of memory
    assert tf.size(many, out_type=tf.int64).numpy() == 2**31 + 2**16
    with pytest.raises(ValueError, match="tf.size: 2147549184 does not fit into int32; pass out_type=tf.int64"):
        tf.size(many)
    assert tf.shape(many).dtype == "int32"
    long = tn.Tensor.wrap(np.broadcast_to(np.int8(0), (2**31,)))
    with pytest.raises(ValueError, match="tf.shape: 2147483648 does not fit into int32"):
        tf.shape(long)
    assert tf.shape(long, out_type="int64").tolist() == [2**31]
    with pytest.raises(ValueError, match="out_type must be int32 or int64"):
        tf.size(many, out_type="uint8")


def test_the_layout():
    assert tf.__version__ >= "2" and tf.__version__.split(".")[0] == "2" and tf.__version__ == tf.version.VERSION
    assert tn.__version__ == tf.keras.__version__ != tf.__version__
    assert tf.Variable is tn.Variable and tf.keras is tn.keras and tf.data is tn.data and tf.newaxis is None
    assert "random" in dir(tf) and "reduce_mean" in dir(tf)
    with pytest.raises(AttributeError, match="unknown name in tf"):
        tf.nonsense  # noqa: B018
    with pytest.raises(AttributeError):
        tf.__nonsense__  # noqa: B018


def test_random_numbers_with_tensorflows_arguments():
    whole = tf.random.uniform([200], minval=2, maxval=5, dtype=tf.int32, seed=3)
    assert whole.dtype == "int32" and set(whole.tolist()) == {2, 3, 4}
    assert set(tn.random.uniform((200,), 2, 5, dtype="int64").tolist()) == {2, 3, 4}  # after `import tinynet as tf`
    assert tf.random.uniform([9]).numpy().min() >= 0 and tf.random.uniform([9]).numpy().max() < 1
    for uniform in (tf.random.uniform, tn.random.uniform):
        with pytest.raises(ValueError, match="whole numbers need a maxval"):
            uniform([3], dtype=tf.int32)
    assert sorted(tf.random.shuffle(tf.range(9), 5).tolist()) == list(range(9))
    assert tf.random.shuffle(tf.range(9), 5).tolist() == tf.random.shuffle(tf.range(9), seed=5).tolist()
    assert tf.random.gamma([2], [1.0, 2.0, 3.0], beta=[[1.0], [2.0]]).shape == (2, 2, 3)
    np.testing.assert_allclose(tf.random.gamma([3], 2.0, 4.0, seed=1), tf.random.gamma([3], 2.0, seed=1) / 4, rtol=1e-6)
    assert tf.random.poisson([2000], [0.0, 3.0], seed=1).numpy().mean(0).round().tolist() == [0, 3]
    assert tf.random.categorical([[0.0, 99.0]], 2).dtype == "int64"
    first = tf.random.Generator.from_seed(3)
    again = tf.random.Generator(copy_from=first)
    assert first.normal([3]).tolist() == again.normal([3]).tolist() != first.normal([3]).tolist()


def test_set_shape_checks():
    for x in (tf.zeros((2, 3)), tf.constant([["a"] * 3] * 2), tf.Variable(tf.zeros((2, 3)))):
        assert x.set_shape([None, 3]) is None and x.get_shape() == (2, 3)
        with pytest.raises(ValueError, match="incompatible"):
            x.set_shape([2])
