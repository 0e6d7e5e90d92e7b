"""Operations that move elements: NumPy's results, dense,
with gradients that go back to where each element came from.
"""

import numpy as np
import pytest
from checks import assert_gradient, assert_same_values
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from strategies import dtypes, normal_arrays

import tinynet as tn
from tinynet import Tensor, Variable, ops


def pixels(shape):
    return np.random.default_rng(0).standard_normal(shape)


# Name in tests: shape, operation, the same in NumPy.
MOVES = {
    "reshape": ((2, 3, 4), lambda o, x: o.reshape(x, (4, -1))),
    "reshape to scalar": ((1, 1), lambda o, x: o.reshape(x, ())),
    "ravel": ((2, 3), lambda o, x: o.ravel(x)),
    "transpose": ((2, 3, 4), lambda o, x: o.transpose(x)),
    "transpose axes": ((2, 3, 4), lambda o, x: o.transpose(x, (1, -1, 0))),
    "moveaxis": ((2, 3, 4), lambda o, x: o.moveaxis(x, (0, 1), (-1, 0))),
    "swapaxes": ((2, 3, 4), lambda o, x: o.swapaxes(x, 0, -1)),
    "expand_dims": ((2, 3), lambda o, x: o.expand_dims(x, 1)),
    "expand_dims twice": ((2, 3), lambda o, x: o.expand_dims(x, (0, -1))),
    "squeeze": ((1, 3, 1), lambda o, x: o.squeeze(x)),
    "squeeze one": ((1, 3, 1), lambda o, x: o.squeeze(x, -1)),
    "flip": ((2, 3), lambda o, x: o.flip(x)),
    "flip one": ((2, 3), lambda o, x: o.flip(x, -1)),
    "fliplr": ((2, 3), lambda o, x: o.fliplr(x)),
    "flipud": ((2, 3), lambda o, x: o.flipud(x)),
    "roll": ((2, 3), lambda o, x: o.roll(x, 2)),
    "roll axes": ((2, 3), lambda o, x: o.roll(x, (1, -1), (0, 1))),
    "rot90": ((2, 3), lambda o, x: o.rot90(x)),
    "rot90 thrice": ((2, 3, 4), lambda o, x: o.rot90(x, 3, (1, 2))),
    "broadcast_to": ((3, 1), lambda o, x: o.broadcast_to(x, (2, 3, 4))),
    "repeat": ((2, 3), lambda o, x: o.repeat(x, 2)),
    "repeat axis": ((2, 3), lambda o, x: o.repeat(x, (1, 2), 0)),
    "tile": ((2, 3), lambda o, x: o.tile(x, (2, 1, 2))),
    "tile number": ((2, 3), lambda o, x: o.tile(x, 2)),
    "pad": ((2, 3), lambda o, x: o.pad(x, 1)),
    "pad pairs": ((2, 3), lambda o, x: o.pad(x, ((0, 1), (2, 0)))),
    "pad reflect": ((4, 3), lambda o, x: o.pad(x, ((2, 1), (0, 2)), mode="reflect")),
    "pad edge": ((4, 3), lambda o, x: o.pad(x, 2, mode="edge")),
    "pad symmetric": ((4, 3), lambda o, x: o.pad(x, 2, mode="symmetric")),
    "pad wrap": ((4, 3), lambda o, x: o.pad(x, 2, mode="wrap")),
    "diag of a row": ((3,), lambda o, x: o.diag(x, 1)),
    "diag of a matrix": ((3, 4), lambda o, x: o.diag(x, -1)),
    "diagflat": ((2, 2), lambda o, x: o.diagflat(x)),
    "diagonal": ((2, 3, 3), lambda o, x: o.diagonal(x, 1, 1, 2)),
    "tril": ((3, 4), lambda o, x: o.tril(x, 1)),
    "triu": ((2, 3, 4), lambda o, x: o.triu(x)),
    "hsplit": ((2, 4), lambda o, x: o.hsplit(x, 2)[1]),
    "vsplit": ((4, 2), lambda o, x: o.vsplit(x, 2)[0]),
    "dsplit": ((2, 2, 4), lambda o, x: o.dsplit(x, 2)[0]),
    "split": ((2, 6), lambda o, x: o.split(x, 3, -1)[1]),
    "split at": ((6, 2), lambda o, x: o.split(x, [1, 4])[1]),
    "array_split": ((7, 2), lambda o, x: o.array_split(x, 3)[0]),
    "unstack": ((2, 3), lambda o, x: o.unstack(x, axis=1)[2]),
}


@pytest.mark.parametrize("name", MOVES)
def test_moves_are_numpys_and_have_gradients(name):
    shape, op = MOVES[name]
    x = pixels(shape)
    if name != "unstack":
        for dtype in ("float32", "float64", "int32", "bool"):
            y = op(ops, Tensor(x.astype(dtype))).data
            assert y.flags.c_contiguous and y.flags.aligned
            expected = op(np, x.astype(dtype))
            assert_same_values(y, np.array(expected, order="C"))
    assert_gradient(lambda t: op(ops, t), x)


@pytest.mark.parametrize("name", [n for n in MOVES if n.split()[0] not in ("reshape", "squeeze", "repeat", "pad")])
def test_moves_of_nothing(name):
    shape, op = MOVES[name]
    shape = (0, *shape[1:]) if name not in ("vsplit", "broadcast_to", "diag") else (*shape[:-1], 0)
    if name in ("broadcast_to", "diag of a row", "diag of a matrix"):
        return
    v = Variable(np.zeros(shape, np.float32))
    with tn.GradientTape() as tape:
        y = op(ops, v)
    assert tape.gradient(y, v).shape == shape


@given(st.data(), hnp.array_shapes(min_dims=1, min_side=0, max_side=4, max_dims=4), dtypes)
def test_any_shape(data, shape, dtype):
    x = data.draw(normal_arrays(shape, dtype))
    axes = data.draw(st.permutations(range(len(shape))))
    assert_same_values(ops.transpose(Tensor(x), axes).data, np.ascontiguousarray(np.transpose(x, axes)))
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    count = data.draw(st.integers(1, 4))
    others = [data.draw(normal_arrays(shape, dtype)) for _ in range(count)]
    joined = ops.concatenate([Tensor(x), *others], axis)
    assert_same_values(joined.data, np.concatenate([x, *others], axis))
    if shape[axis]:
        for part, expected in zip(ops.split(joined, count + 1, axis), [x, *others], strict=True):
            assert_same_values(part.data, expected)
    stacked = ops.stack([Tensor(x), *others], axis)
    assert_same_values(stacked.data, np.stack([x, *others], axis))
    for part, expected in zip(ops.unstack(stacked, axis=axis), [x, *others], strict=True):
        assert_same_values(part.data, expected)


def test_joining():
    a, b, c = pixels((2, 3)), pixels((2, 1)), pixels((2, 3))
    assert_gradient(lambda x, y, z: ops.concatenate([x, y, z, x], -1), a, b, c)
    assert_gradient(lambda x, y: ops.concatenate([x, y], None), a, b)
    assert_gradient(lambda x, y: ops.stack([x, y, x], 1), a, c)
    assert_gradient(lambda x, y: ops.append(x, y), a, b)
    for name in ("hstack", "vstack", "dstack"):
        for x, y in ((a, c), (a[0], c[0])):
            assert_same_values(getattr(ops, name)([Tensor(x), y]).data, getattr(np, name)([x, y]))
            assert_gradient(lambda s, t, name=name: getattr(ops, name)([s, t]), x, y)
    assert ops.concatenate([Tensor([1]), Tensor([0.5])]).dtype == "float32"
    with pytest.raises(ValueError, match=r"concatenate: shapes must agree except along axis 0. Got \(2, 3\), \(2, 1\)"):
        ops.concatenate([a, b])
    with pytest.raises(ValueError, match="stack: all shapes must be equal"):
        ops.stack([a, b])
    with pytest.raises(ValueError, match="empty list"):
        ops.concatenate([])


def test_wrong_cuts():
    with pytest.raises(ValueError, match="length 3 cannot be cut into 2 equal parts"):
        ops.split(Tensor(pixels((2, 3))), 2, 1)
    with pytest.raises(ValueError, match="num is 3"):
        ops.unstack(Tensor(pixels((2, 3))), 3)


def test_padding_with_a_value():
    x = pixels((2, 3))
    assert_same_values(ops.pad(Tensor(x), 1, constant_values=7).data, np.pad(x, 1, constant_values=7))
    assert_gradient(lambda t: ops.pad(t, 1, constant_values=7), x)
    with pytest.raises(ValueError, match="only for mode 'constant'"):
        ops.pad(x, 1, mode="edge", constant_values=1)


@pytest.mark.parametrize("indexing", ["xy", "ij"])
def test_meshgrid(indexing):
    axes = [pixels((n,)) for n in (2, 3, 4)]
    for n in range(1, 4):
        for mine, theirs in zip(ops.meshgrid(*axes[:n], indexing=indexing), np.meshgrid(*axes[:n], indexing=indexing),
                                strict=True):
            assert_same_values(mine.data, theirs)
    assert_gradient(lambda x, y: ops.multiply(*ops.meshgrid(x, y, indexing=indexing)), *axes[:2])


def test_space_and_depth():
    x = pixels((2, 3, 4, 8))
    y = ops.depth_to_space(Tensor(x), 2)
    assert y.shape == (2, 6, 8, 2)
    np.testing.assert_array_equal(y.data[0, 1, 0],
                                  x[0, 0, 0, 4:6])  # second row of the block: the third and fourth pair of channels
    assert_same_values(ops.space_to_depth(y, 2).data, x)
    first = ops.depth_to_space(np.moveaxis(x, -1, 1), 2, data_format="channels_first")
    assert_same_values(first.data, np.ascontiguousarray(np.moveaxis(y.data, -1, 1)))
    assert_gradient(lambda t: ops.depth_to_space(t, 2), x)


def test_shape_questions():
    x = Tensor(pixels((2, 3)))
    assert ops.shape(x) == (2, 3) and ops.ndim(x) == 2 and ops.size(x) == 6
    assert ops.shape([[1, 2]]) == (1, 2)


def test_creation():
    for name, args in {
        "zeros": ((2, 3),), "ones": ((2, 3),), "full": ((2,), 2.5), "eye": (3, 4, 1), "identity": (3,),
        "tri": (3, 4, 1),
        "linspace": (0, 1, 5), "logspace": (0, 2, 3), "geomspace": (1, 8, 4), "bartlett": (5,), "blackman": (5,),
        "hamming": (5,),
        "hanning": (5,), "kaiser": (5, 2.0),
    }.items():
        expected = getattr(np, name)(*args)
        assert_same_values(getattr(ops, name)(*args).data, expected.astype(np.float32))
    assert_same_values(ops.eye(2, dtype="int32").data, np.eye(2, dtype=np.int32))
    assert ops.zeros(3).shape == (3,) and ops.zeros(()).shape == () and ops.ones(Tensor([2, 3])).shape == (2, 3)
    assert ops.arange(3).dtype == "int32" and ops.arange(0, 1, 0.25).tolist() == [0, 0.25, 0.5, 0.75]
    assert ops.arange(1, 7, 2).tolist() == [1, 3, 5] and ops.arange(3, dtype="float32").dtype == "float32"
    values, step = ops.linspace(0, 1, 3, retstep=True)
    assert values.tolist() == [0, 0.5, 1] and step.item() == 0.5
    assert ops.linspace(Tensor([0.0, 1.0]), 2.0, 3, axis=-1).shape == (2, 3)
    x = Tensor([1, 2])
    assert ops.zeros_like(x).dtype == "int32" and ops.ones_like(x, "float32").tolist() == [1, 1]
    assert ops.full_like(x, 5).tolist() == [5, 5] and ops.empty((2,)).shape == ops.empty_like(x).shape
    assert_same_values(ops.vander(Tensor([1.0, 2.0]), 3).data, np.vander([1, 2], 3).astype(np.float32))
    assert ops.array([1.0]).dtype == "float32" and ops.is_tensor(x) and not ops.is_tensor(1)
    assert ops.dtype(x) == "int32" and ops.view(Tensor(np.float32([1.0])), "int32").item() == 0x3F800000
    copy = ops.convert_to_numpy(x)
    copy[0] = 9
    assert x.tolist() == [1, 2]


def test_keras_agrees():
    keras = pytest.importorskip("keras")
    x = pixels((4, 4, 4)).astype(np.float32)
    for name, call in {
        "rot90": lambda o: o.rot90(x), "depth_to_space": lambda o: o.depth_to_space(x[None], 2),
        "space_to_depth": lambda o: o.space_to_depth(x[None], 2),
        "pad": lambda o: o.pad(x, ((1, 0), (0, 2), (0, 0)), mode="reflect"),
        "diagonal": lambda o: o.diagonal(x, 1, 0, 2), "tile": lambda o: o.tile(x, 2),
        "arange": lambda o: o.arange(5), "arange float": lambda o: o.arange(0.0, 2.0, 0.5),
        "linspace": lambda o: o.linspace(0, 1, 4),
        "eye": lambda o: o.eye(3), "full": lambda o: o.full((2,), 3), "full_like": lambda o: o.full_like(x, 3),
        "logspace": lambda o: o.logspace(0, 1, 3),
        "stack": lambda o: o.stack([x, x], 1), "vander": lambda o: o.vander(x[0, 0]),
        "hanning": lambda o: o.hanning(4), "tri": lambda o: o.tri(3),
    }.items():
        theirs = keras.ops.convert_to_numpy(call(keras.ops))
        mine = call(ops).data
        assert (mine.dtype, mine.shape) == (theirs.dtype, theirs.shape), name
        np.testing.assert_allclose(mine, theirs, rtol=2e-6, atol=1e-7, err_msg=name)


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("endpoint", [True, False])
@pytest.mark.parametrize("name", ["linspace", "logspace", "geomspace"])
def test_sequences_between_arrays(name, endpoint, axis):
    start, stop = np.array([1.0, 2.0]), np.array([4.0, 0.5])
    expected = getattr(np, name)(start, stop, 5, endpoint=endpoint, axis=axis)
    found = getattr(ops, name)(start, stop, 5, endpoint=endpoint, axis=axis).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-5)
