"""TensorFlow's loops, branches, `TensorArray` and `Module`."""

import numpy as np
import pytest

import tinynet as tn
from tinynet import tf


def test_branches():
    assert tf.cond(tf.constant(3) > 2, lambda: "a", lambda: "b") == "a"
    assert tf.case([(False, lambda: 1)], default=lambda: 2) == 2
    assert tf.switch_case(tf.constant(5), {0: lambda: "a", 3: lambda: "b"}) == "b"
    assert tf.switch_case(1, [(1, lambda: "x"), (0, lambda: "y")], default=lambda: "z") == "x"
    assert tf.switch_case(7, [lambda: "a"], default=lambda: "z") == "z"
    with pytest.raises(ValueError, match="no condition is true"):
        tf.case([(False, lambda: 1)])
    with pytest.raises(ValueError, match="2 conditions are true with exclusive=True"):
        tf.case([(True, lambda: 1), (True, lambda: 2)], exclusive=True)
    with pytest.raises(ValueError, match=r"expected one truth value, got shape \(2,\)"):
        tf.cond([True, False], lambda: 1, lambda: 2)


def test_while_loop():
    i, total = tf.while_loop(lambda i, s: tf.less(i, 5), lambda i, s: [i + 1, s + i], [tf.constant(0), tf.constant(0)])
    assert (int(i), int(total)) == (5, 10)
    assert isinstance(tf.while_loop(lambda i: i < 2, lambda i: i + 1, [0]), list)
    (i, pair), = [tf.while_loop(lambda i, p: i < 2, lambda i, p: (i + 1, {"a": p["a"] * 2}), (0, {"a": 1.0}))]
    assert float(pair["a"]) == 4 and int(i) == 2
    assert int(tf.while_loop(lambda i: True, lambda i: (i + 1,), (0,), maximum_iterations=3)[0]) == 3
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * x), (0, tf.constant(1.0)))[1]
    assert tape.gradient(y, x).numpy() == 27  # d x^3 / dx
    grown = tf.while_loop(lambda x: tf.shape(x)[0] < 4, lambda x: (tf.concat([x, x], 0),), (tf.ones((1, 2)),),
                          shape_invariants=(tf.TensorShape([None, 2]),))
    assert grown[0].shape == (4, 2)
    with pytest.raises(ValueError, match="body returned 2 values for 1 loop variables"):
        tf.while_loop(lambda i: True, lambda i: (i, i), (0,))
    with pytest.raises(TypeError, match="loop_vars must be a list or tuple"):
        tf.while_loop(lambda i: True, lambda i: i, 0)


def test_maps_folds_and_scans():
    x = tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    assert tf.map_fn(tf.reduce_sum, x).tolist() == [3, 7, 11]
    assert tf.map_fn(lambda t: tf.range(t, t + 3), tf.constant([3, 5, 2])).tolist() == [[3, 4, 5], [5, 6, 7], [2, 3, 4]]
    both = tf.map_fn(lambda t: (t[0] * t[1], -t[0]), (np.array([1, 2, 3]), np.array([-1, 1, -1])))
    assert [part.tolist() for part in both] == [[-1, 2, -3], [-1, -2, -3]]
    assert tf.map_fn(lambda t: 0.5, x, fn_output_signature=tf.float64).dtype == "float64"
    assert tf.map_fn(lambda t: {"a": t}, x, dtype={"a": tf.float32})["a"].shape == (3, 2)
    with pytest.raises(TypeError, match="fn returned float32, fn_output_signature .* is int32"):
        tf.map_fn(lambda t: t, x, fn_output_signature=tf.TensorSpec([2], tf.int32))
    with pytest.raises(ValueError, match="one length along their first axis"):
        tf.map_fn(lambda t: t, (np.zeros(2), np.zeros(3)))
    elems = np.array([1, 2, 3, 4, 5, 6])
    assert tf.foldl(lambda a, x: a + x, elems).numpy() == tf.foldr(lambda a, x: a + x, elems).numpy() == 21
    assert tf.foldl(lambda a, x: a - x, elems, initializer=0).numpy() == -21
    assert tf.scan(lambda a, x: a + x, elems).tolist() == [1, 3, 6, 10, 15, 21]
    assert tf.scan(lambda a, x: a + x, elems, reverse=True).tolist() == [21, 20, 18, 15, 11, 6]
    assert tf.scan(lambda a, x: a + x, elems, initializer=10).tolist() == [11, 13, 16, 20, 25, 31]
    fibonacci = tf.scan(lambda a, _: (a[1], a[0] + a[1]), np.zeros(6), (np.array(0), np.array(1)))[0]
    assert fibonacci.tolist() == [1, 1, 2, 3, 5, 8]
    with pytest.raises(ValueError, match="no elements and there is no initializer"):
        tf.foldl(lambda a, x: a, np.zeros(0))


def test_tensor_array():
    array = tf.TensorArray(tf.float32, size=0, dynamic_size=True, clear_after_read=False)
    for i in range(3):
        array = array.write(i, tf.fill([2], float(i)))
    assert array.size().numpy() == 3 and array.stack().tolist() == [[0, 0], [1, 1], [2, 2]]
    assert array.read(1).tolist() == array.read(1).tolist() == [1, 1] and array.gather([2, 0]).shape == (2, 2)
    assert array.concat().tolist() == [0, 0, 1, 1, 2, 2] and array.identity().element_shape == (2,)
    assert tf.TensorArray(tf.int32, 2).unstack([[1, 2], [3, 4]]).read(1).tolist() == [3, 4]
    parts = tf.TensorArray(tf.int32, 2, infer_shape=False).split(tf.range(5), [2, 3])
    assert parts.read(1).tolist() == [2, 3, 4]
    assert tf.TensorArray(tf.float32, 3, element_shape=(2,)).write(1, [1.0, 2.0]).stack().tolist() == [[0, 0], [1, 2],
                                                                                                      [0, 0]]
    x = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = tf.TensorArray(tf.float32, 2).write(0, x * 3).write(1, x).stack()
    assert tape.gradient(y, x).numpy() == 4
    array.close()
    assert array.size().numpy() == 0


@pytest.mark.parametrize(("options", "use", "error", "message"), [
    ({"size": 2}, lambda a: a.write(2, 1.0), IndexError, "index 2 is outside a size of 2; dynamic_size=True"),
    ({"size": 2}, lambda a: a.write(-1, 1.0), IndexError, "index -1 is outside"),
    ({"size": 2}, lambda a: a.write(0, tf.constant(1)), TypeError,
     "the elements are float32, the value at index 0 is int"),
    ({"size": 2}, lambda a: a.write(0, 1.0).write(1, [1.0, 2.0]), ValueError, r"shape \(\), the value at index 1"),
    ({"size": 1, "element_shape": (3,)}, lambda a: a.write(0, 1.0), ValueError, r"elements have shape \(3,\)"),
    ({"size": 1}, lambda a: a.write(0, 1.0).read(0) and None or a.read(0), ValueError, "has been read already"),
    ({"size": 1}, lambda a: a.read(0), ValueError, "nothing was written at index 0"),
    ({"size": 1}, lambda a: a.unstack([1.0, 2.0]), IndexError, "2 slices do not fit into a size of 1"),
    ({"size": 2}, lambda a: a.scatter([0], [1.0, 2.0]), ValueError, "1 indices for 2 slices"),
])
def test_tensor_array_errors(options, use, error, message):
    with pytest.raises(error, match=message):
        use(tf.TensorArray(tf.float32, **options))


def test_tensor_array_refuses_graphs():
    with pytest.raises(ValueError, match="handle and flow belong to TensorFlow's graphs"):
        tf.TensorArray(tf.float32, handle=1)


class Linear(tf.Module):
    def __init__(self, inputs, outputs, name=None):
        super().__init__(name=name)
        self.w = tf.Variable(tf.random.normal([inputs, outputs], seed=1), name="w")
        self.b = tf.Variable(tf.zeros([outputs]), name="b", trainable=False)

    @tf.Module.with_name_scope
    def __call__(self, x):
        return tf.matmul(x, self.w) + self.b


class Net(tf.Module):
    def __init__(self):
        super().__init__()
        self.stages = [Linear(3, 4), {"last": Linear(4, 1, name="last")}]
        self.dense = tf.keras.layers.Dense(2)
        self.dense.build((None, 1))
        self.a = tf.Variable(1.0)
        self.again = self.stages[0]

    def __call__(self, x):
        return self.dense(self.stages[1]["last"](self.stages[0](x))) * self.a


def test_module():
    net = Net()
    assert net.name == "net" and Linear(1, 1, name="layer_2").name == "layer_2"
    assert len(net.variables) == 1 + 2 + 4 and net.variables[0] is net.a  # its own first
    assert len(net.trainable_variables) == 5 and len(net.non_trainable_variables) == 2
    assert [type(part).__name__ for part in net.submodules] == ["Linear", "Dense", "Linear"]
    with tf.GradientTape() as tape, net.name_scope:
        y = tf.reduce_sum(net(tf.ones((2, 3))))
    assert all(gradient is not None for gradient in tape.gradient(y, net.trainable_variables))
    with pytest.raises(ValueError, match="'2 a' is not a Python identifier"):
        tf.Module(name="2 a")


def test_a_module_in_a_checkpoint(tmp_path):
    net = Net()
    path = tf.train.Checkpoint(net=net).save(tmp_path / "run")
    kept = [variable.numpy() for variable in net.variables]
    for variable in net.variables:
        variable.assign(variable + 1)
    tf.train.Checkpoint(net=net).restore(path)
    for variable, value in zip(net.variables, kept, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)
    with pytest.raises(tn.core.errors.ModelFileError, match=r"net has 7 variables, the tf.Module 2"):
        tf.train.Checkpoint(net=Linear(1, 1)).restore(path)


def test_a_signature_is_checked():
    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32), {"a": tf.TensorSpec([], tf.int32)}])
    def add(x, more):
        assert isinstance(x, tn.Tensor) and isinstance(more["a"], tn.Tensor)
        return x + tf.cast(more["a"], x.dtype)

    assert add([[1.0, 2.0]], {"a": 3}).tolist() == [[4, 5]]
    assert add(x=np.ones((1, 2), "f4"), more={"a": 3}).tolist() == [[4, 4]]
    assert add([[1.0, 2.0]], more={"a": 3}).tolist() == [[4, 5]]
    with pytest.raises(TypeError, match=r"add: input_signature has float32 of shape \(None, 2\), got float32 of shape"):
        add([[1.0]], {"a": 3})
    with pytest.raises(TypeError, match="got int32"):
        add(tf.ones((1, 2), tf.int32), {"a": 3})
    with pytest.raises(TypeError, match="input_signature has 2 arguments, got 1"):
        add([[1.0, 2.0]])
