"""Operators: NumPy's values, Keras's element types, gradients summed back over what was broadcast."""

import copy
import operator
import pickle
import warnings

import numpy as np
import pytest
from checks import assert_gradient, assert_same_values
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from strategies import dtypes, in_layout, layouts, normal_arrays

import tinynet as tn
from tinynet import Tensor, Variable, ops

ARITHMETIC = (operator.add, operator.sub, operator.mul, operator.truediv)
BINARY = (*ARITHMETIC, operator.floordiv, operator.mod, operator.eq, operator.ne, operator.lt, operator.le,
          operator.gt, operator.ge)
BITS = (operator.and_, operator.or_, operator.xor)


def quiet(function, *args):
    with np.errstate(all="ignore"):
        return function(*args)


@given(st.data(), hnp.mutually_broadcastable_shapes(num_shapes=2, min_side=0, max_side=5, max_dims=4), dtypes, layouts)
def test_operators_are_numpys(data, shapes, dtype, layout):
    a, b = (np.asarray(data.draw(normal_arrays(shape, dtype))) for shape in shapes.input_shapes)
    for op in BINARY:
        expected = np.asarray(quiet(op, a, b))
        y = quiet(op, Tensor(in_layout(a, layout) if a.ndim else a), Tensor(b))
        assert_same_values(y.data, expected)
        assert y.data.flags.c_contiguous and type(y) is Tensor
        if layout == "plain":
            assert_same_values(quiet(op, a, Tensor(b)).data, expected)
            assert_same_values(quiet(op, Tensor(a), b).data, expected)


@given(st.data(), hnp.mutually_broadcastable_shapes(num_shapes=2, min_side=0, max_side=4, max_dims=4))
def test_gradients_are_summed_back_over_broadcast_axes(data, shapes):
    a, b = (np.asarray(data.draw(normal_arrays(shape, np.float64))) for shape in shapes.input_shapes)
    a, b = a + np.copysign(1, a), b + np.copysign(1, b)  # away from 0, where quotients have no derivative
    for op in ARITHMETIC:
        assert_gradient(op, a, b, directions=1)


@pytest.mark.parametrize("op", BITS)
def test_bits_and_logic(op):
    a, b = np.array([0, 1, 2, 7], np.int32), np.array([1, 1, 3, 8], np.int32)
    assert_same_values(op(Tensor(a), Tensor(b)).data, op(a, b))
    assert_same_values(op(a > 1, Tensor(b > 1)).data, op(a > 1, b > 1))
    assert_same_values((~Tensor(a > 1)).data, ~(a > 1))


NUMBERS = (2, 2.5, np.float64(2.5), np.float32(2.5), np.int64(2), np.array(2.5), True)


@pytest.mark.parametrize("number", NUMBERS, ids=repr)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("op", [*BINARY, operator.pow])
def test_numbers_and_arrays_take_the_tensors_type(op, dtype, number):
    x = Tensor(np.array([1.5, 2.0, 3.0], dtype))
    for y, expected in ((op(x, number), op(x.data, float(number))), (op(number, x), op(float(number), x.data))):
        assert type(y) is Tensor
        assert y.dtype == (bool if expected.dtype == bool else dtype)
        np.testing.assert_array_equal(y.data, expected)


@pytest.mark.parametrize(("left", "right", "expected"), [
    ("float32", "float64", "float64"), ("int32", "float32", "float32"), ("int64", "float32", "float32"),
    ("uint8", "float64", "float64"), ("int32", "int64", "int64"), ("uint8", "int32", "int32"),
    ("bool", "float32", "float32"),
    ("bool", "int32", "int32"),
])
def test_two_tensors_promote(left, right, expected):
    a, b = Tensor(np.ones(2, left)), Tensor(np.ones(2, right))
    assert (a + b).dtype == (b + a).dtype == expected


def test_integers():
    x = Tensor([1, 2, 3])
    assert x.dtype == "int32"
    assert (x + 1).dtype == (1 - x).dtype == (x * x).dtype == (x // 2).dtype == (x % 2).dtype == (x**2).dtype == "int32"
    assert (x / x).dtype == (x / 2).dtype == (1 / x).dtype == "float32"
    assert (x + 1.5).dtype == (1.5 * x).dtype == (x ** 0.5).dtype == "float32"
    assert (x + np.array([1.0, 2.0, 3.0])).dtype == "float64"
    assert (Tensor([True, False]) + 1).dtype == "int32"
    with pytest.raises(OverflowError):
        Tensor(np.array([1], np.uint8)) + 300


def test_float64_setting_is_heeded():
    tn.config.set_floatx("float64")
    try:
        assert (Tensor([1, 2]) / 3).dtype == "float64"
    finally:
        tn.config.set_floatx("float32")


def test_lists_become_tensors():
    assert_same_values((Tensor([1.0, 2.0]) + [1, 2]).data, np.array([2, 4], np.float32))
    assert_same_values((Tensor(np.array([1.0])) + [0.1]).data, np.array([1.1]))  # not rounded to float32 on the way


def test_comparison_and_identity():
    x, y = Tensor([1.0, 2.0]), Tensor([1.0, 2.0])
    assert (x == y).dtype == bool
    assert (x == y).numpy().all()
    assert not (x != y).numpy().any()
    assert {x: "x", y: "y"}[y] == "y" and hash(x) != hash(y)
    assert x != "some text" and not (x == None)  # noqa: E711, SIM201 (the operator is what is tested)
    with pytest.raises(ValueError):
        bool(x == y)


def test_not_numbers_are_refused():
    for other in ("text", None, object(), np.array(["a"]), 1j):
        with pytest.raises(TypeError):
            Tensor([1.0]) + other


def test_unary_operators_and_methods():
    x = Tensor([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]])
    assert_same_values((-x).data, -x.data)
    assert_same_values(abs(x).data, np.abs(x.data))
    assert_same_values(x.T.data, np.ascontiguousarray(x.data.T))
    assert_same_values(x.reshape(3, 2).data, x.data.reshape(3, 2))
    assert_same_values(x.reshape((-1,)).data, x.data.ravel())
    assert_same_values(x.astype("int32").data, x.data.astype(np.int32))
    assert Tensor(2.5).item() == 2.5 and type(Tensor(3).item()) is int
    assert x.tolist() == x.data.tolist()
    assert len(x) == 2 and [row.tolist() for row in x] == x.tolist()
    assert float(Tensor(2.5)) == 2.5 and int(Tensor(3)) == 3 and list(range(5))[Tensor(2)] == 2
    assert f"{Tensor(2.5):.2f}" == "2.50"
    assert divmod(Tensor(7), 2)[0].item() == 3
    assert_same_values((x @ x.T).data, x.data @ x.data.T)
    assert_same_values((np.eye(2) @ x).data, x.data)
    assert np.exp(x).shape == (2, 3)  # NumPy's own functions take tensors, and return arrays


KEYS = (0, -1, slice(1, None), slice(None, None, -1), slice(None, None, 2), Ellipsis,
        None, (0, 1), (slice(None), 1), (Ellipsis, 0),
        (None, 0, Ellipsis, None), [0, 2, 0], np.array([[0, 1], [2, 2]]), (slice(None), [0, 0, 1]), ([0, 1], [1, 1]),
        ([0, 0], slice(None), [1, 1]), np.array([True, False, True]), Tensor([2, 0]), Tensor([False, True, True]),
        Tensor(1), np.int64(2), [],
        (slice(0, 0),), (slice(Tensor(1), Tensor(3)),))


@pytest.mark.parametrize("key", KEYS, ids=repr)
def test_indexing(key):
    x = np.random.default_rng(0).standard_normal((3, 4, 2))
    if isinstance(key, tuple) and isinstance(key[0], slice) and isinstance(key[0].start, Tensor):
        plain = slice(1, 3)
    else:
        plain = (
            np.array(key, int) if isinstance(key, list) and not key else key.data if isinstance(key, Tensor) else key
        )
    y = Tensor(x)[key]
    assert_same_values(y.data, np.ascontiguousarray(x[plain]).reshape(x[plain].shape))
    assert y.data.flags.c_contiguous
    assert_gradient(lambda t: t[key], x)


def test_indexing_by_a_mask_that_has_the_tensors_shape():
    x = Tensor([[1.0, -2.0], [-3.0, 4.0]])
    assert x[x > 0].tolist() == [1.0, 4.0]
    with pytest.raises(IndexError):
        x[2]


def test_a_tensor_does_not_change_with_the_variable_it_was_made_of():
    v = Variable([[1.0, 2.0]])
    views = [ops.reshape(v, (2,)), v[:], v[0], ops.stop_gradient(v), ops.cast(v, "float32"), v.T, v.value,
             ops.broadcast_to(v, (1, 2)), ops.squeeze(v), ops.copy(v)]
    v.data[...] = 7.0  # as optimizers do
    for y in views:
        assert y.numpy().ravel().tolist() == [1.0, 2.0]


def test_variables_refuse_operators_in_place():
    v = Variable(1.0)
    with pytest.raises(TypeError, match="assign_add"):
        v += 1
    v.assign_add(1.0)
    assert v.item() == 2.0


def test_power():
    assert_gradient(lambda x, y: x**y, np.array([0.5, 2.0, 3.0]), np.array([2.0, -1.5, 0.0]))
    for exponent in (0, 1, 2, 3, 0.5, -1, -1.5):
        assert_gradient(lambda x, e=exponent: x**e, np.array([0.5, 2.0, 3.0]))
    assert_gradient(lambda x: 2.0**x, np.array([0.5, 2.0, -3.0]))
    v = Variable([0.0, -2.0])
    with tn.GradientTape() as tape, warnings.catch_warnings():
        warnings.simplefilter("error")
        y = v**2 + v**0 + v**1
    assert tape.gradient(y, v).numpy().tolist() == [1.0, -3.0]
    x = Variable(np.float32([1.0, 2.0]))
    with tn.GradientTape() as tape:
        y = x**3
    assert tape.gradient(y, x).dtype == "float32"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradients_have_the_type_of_their_tensor(dtype):
    x = Variable(np.array([1.0, 2.0], dtype))
    other = Tensor(np.array([3.0, 4.0], "float64"))
    with tn.GradientTape() as tape:
        y = (x * other + 2.5 * x - np.float64(3.0) / x) @ other
    gradient = tape.gradient(y, x)
    assert gradient.dtype == dtype and type(gradient.data) is np.ndarray


def test_keras_operators_agree():
    keras = pytest.importorskip("keras")
    for left in ("float32", "int32", "uint8", "bool"):
        for right in ("float32", "int32", "uint8", "bool"):
            a, b = np.array([1, 0, 1]).astype(left), np.array([1, 1, 1]).astype(right)
            for name in ("add", "multiply", "divide", "equal", "less", "maximum", "logical_and"):
                theirs = keras.ops.convert_to_numpy(getattr(keras.ops, name)(a, b))
                assert_same_values(getattr(ops, name)(Tensor(a), Tensor(b)).data, theirs)


def test_the_number_of_a_scalar_is_a_key():
    words = {2: "good", 3: "morning"}
    largest = ops.argmax(np.array([1, 3, 2]))
    assert words[largest.numpy() + 1] == "good" and isinstance(largest.numpy(), np.integer)
    assert Tensor(np.array([1.0])).numpy().shape == (1,)


def test_variable_with_the_name_of_an_initializer():
    assert tn.keras.Variable(initializer="ones", shape=(2, 3)).numpy().sum() == 6
    drawn = Variable(shape=(50,), initializer="uniform").numpy()
    assert 0 < abs(drawn).max() <= 0.05
    with pytest.raises(ValueError, match="unknown initializer"):
        Variable(initializer="unifrom", shape=(2,))


def test_every_tensor_has_a_mask_or_none():
    """Reading a slot without a value is slow, and each layer, loss and metric reads this one."""
    tensor = Tensor([1.0, 2.0])
    deferred = Variable(tn.initializers.get("glorot_uniform"), shape=(2, 3))
    for made in (tensor, Tensor.wrap(np.zeros(3)), -tensor, tensor + 1, tensor + tensor, tensor.reshape(1, 2),
                 Variable(1.0), deferred, Variable(1.0).value, tn.string_tensor.StringTensor("a"),
                 tn.string_tensor.StringTensor(["a"])[0]):
        assert made._keras_mask is None
    tensor._keras_mask = Tensor([True, False])
    assert copy.copy(tensor)._keras_mask is tensor._keras_mask
    assert pickle.loads(pickle.dumps(tensor))._keras_mask.tolist() == [True, False]


@pytest.mark.parametrize(("rows", "found"), [(1, True), (64, True), (65, False)])
def test_a_tensor_inside_a_list_of_rows_is_found(rows, found):
    """In any of up to 64 rows; of a longer list, which is data, the first row alone is searched."""
    x = tn.Variable(2.0)
    with tn.GradientTape() as tape:
        y = ops.sum(tn.convert_to_tensor([[1.0]] * (rows - 1) + [[x * 3]]))
    assert y.numpy() == rows - 1 + 6
    gradient = tape.gradient(y, x)
    assert gradient.numpy() == 3 if found else gradient is None


def test_text_is_joined_on_both_sides():
    """Each operand is text, in a tensor, an array or a str; they are joined in their order, and broadcast."""
    words = tn.constant(["a", "b"])
    for left, right, expected in ((words, "-", [b"a-", b"b-"]), ("-", words, [b"-a", b"-b"]),
                                  (words, tn.constant(["c", "d"]), [b"ac", b"bd"]),
                                  (words, b"c", [b"ac", b"bc"]), (b"c", words, [b"ca", b"cb"]),
                                  (words, ["c", "d"], [b"ac", b"bd"]), (["c", "d"], words, [b"ca", b"db"])):
        joined = left + right
        assert isinstance(joined, tn.string_tensor.StringTensor) and joined.numpy().tolist() == expected
    assert ("é" + tn.constant("a")).numpy().decode() == "éa" and (tn.constant("a") + "é").numpy().decode() == "aé"
