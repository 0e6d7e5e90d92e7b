"""Linear algebra: NumPy's results, and gradients."""

import numpy as np
import pytest
from checks import assert_gradient, assert_within_bound
from hypothesis import given
from hypothesis import strategies as st
from strategies import dtypes, normal_arrays

from tinynet import Tensor, ops


def matrix(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def positive_definite(n, seed=0):
    a = matrix(n, n, seed=seed)
    return a @ a.T + n * np.eye(n)


PRODUCTS = {
    "matmul": [((2, 3), (3, 4)), ((3,), (3,)), ((3,), (3, 4)), ((2, 3), (3,)), ((5, 2, 3), (3, 4)), ((3,), (5, 3, 4)),
               ((5, 2, 3), (3,)),
               ((5, 1, 2, 3), (4, 3, 2)), ((2, 0), (0, 3)), ((0, 2), (2, 3))],
    "dot": [((), (2, 3)), ((3,), (3,)), ((2, 3), (3, 4)), ((2, 3, 4), (5, 4, 2)), ((2, 3, 4), (4,))],
    "inner": [((3,), (3,)), ((2, 3), (4, 3)), ((2, 4, 3), (5, 3)), ((), (3,))],
    "outer": [((2,), (3,)), ((2, 2), (3,))],
    "vdot": [((3,), (3,)), ((2, 3), (3, 2))],
    "kron": [((2,), (3,)), ((2, 3), (3, 2)), ((2, 3), (2,)), ((2,), (3, 2, 2))],
    "cross": [((3,), (3,)), ((4, 3), (3,)), ((4, 3), (4, 3))],
}


@pytest.mark.parametrize(("name", "shape1", "shape2"), [(name, *pair) for name,
                                                        pairs in PRODUCTS.items() for pair in pairs])
def test_products(name, shape1, shape2):
    a, b = np.asarray(matrix(*shape1)), np.asarray(matrix(*shape2, seed=1))
    op, theirs = getattr(ops, name), getattr(np, name)
    expected = np.asarray(theirs(a, b))
    magnitude = np.abs(a).max(initial=1) * np.abs(b).max(initial=1) * 12
    for dtype in (np.float32, np.float64):
        y = op(Tensor(a.astype(dtype)), Tensor(b.astype(dtype))).data
        assert y.flags.c_contiguous and y.dtype == dtype
        assert_within_bound(y, expected, magnitude, 14)
    if a.size and b.size:
        assert_gradient(op, a, b)
        assert_gradient(lambda x: op(x, b), a)
        assert_gradient(lambda x: op(a, x), b)


def test_cross_along_other_axes():
    a, b = matrix(3, 4), matrix(3, 4, seed=1)
    np.testing.assert_allclose(ops.cross(a, b, axis=0).data, np.cross(a, b, axis=0), rtol=1e-14)
    with pytest.raises(ValueError, match="3 elements"):
        ops.cross(matrix(2), matrix(2))


@pytest.mark.parametrize(("x1", "x2"), [((2, 3), (2, 3)), ((), (2,)), ((2,), (3, 2))])
def test_matmul_refuses(x1, x2):
    with pytest.raises(ValueError, match="matmul"):
        ops.matmul(np.zeros(x1), np.zeros(x2))


SUBSCRIPTS = {
    "ij,jk->ik": ((2, 3), (3, 4)), "ij,jk": ((2, 3), (3, 4)), "ii->": ((3, 3),), "ii->i": ((3, 3),),
    "ij->ji": ((2, 3),), "ij->": ((2, 3),),
    "ij->j": ((2, 3),), "i,j->ij": ((2,), (3,)), "bij,bjk->bik": ((2, 3, 4), (2, 4, 5)),
    "...ij,...jk->...ik": ((5, 2, 3), (3, 4)),
    "...i,i": ((2, 3), (3,)), "i...->...": ((2, 3, 4),), "ij,ij,j->i": ((2, 3), (2, 3), (3,)),
    "bhqd,bhkd->bhqk": ((2, 2, 3, 4), (2, 2, 5, 4)),
    "iij,j->i": ((3, 3, 2), (2,)), "ij,kl->il": ((2, 3), (4, 2)), "i,->i": ((3,), ()), "ba": ((2, 3),),
    "i j , j k -> i k": ((2, 3), (3, 4)),
    "...a->a...": ((2, 3),), "iii->i": ((2, 2, 2),), "ij,jk->ik ": ((2, 0), (0, 3)),
}


@pytest.mark.parametrize("subscripts", SUBSCRIPTS)
def test_einsum(subscripts):
    arrays = [np.asarray(matrix(*shape, seed=i)) for i, shape in enumerate(SUBSCRIPTS[subscripts])]
    expected = np.einsum(subscripts, *arrays)
    y = ops.einsum(subscripts, *map(Tensor, arrays)).data
    assert y.flags.c_contiguous
    assert y.shape == expected.shape
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-13)
    if all(a.size for a in arrays):
        assert_gradient(lambda *x: ops.einsum(subscripts, *x), *arrays)


def test_einsum_broadcasts_length_one():
    assert_gradient(lambda x, y: ops.einsum("ij,ij->ij", x, y), matrix(2, 3), matrix(1, 3))


def test_einsum_refuses():
    with pytest.raises(ValueError, match="names 2 operands, got 1"):
        ops.einsum("ij,jk->ik", matrix(2, 3))
    with pytest.raises(ValueError, match="names 2 axes of an operand, it has 3"):
        ops.einsum("ij->ji", matrix(2, 3, 4))


@given(st.data(), dtypes, st.integers(0, 2))
def test_tensordot(data, dtype, axes):
    shared = data.draw(st.lists(st.integers(1, 3), min_size=axes, max_size=axes))
    a, b = data.draw(normal_arrays((2, *shared), dtype)), data.draw(normal_arrays((*shared, 3), dtype))
    expected = np.tensordot(a.astype(np.float64), b.astype(np.float64), axes)
    magnitude = np.tensordot(np.abs(a).astype(np.float64), np.abs(b).astype(np.float64), axes)
    assert_within_bound(ops.tensordot(Tensor(a), Tensor(b), axes).data, expected, magnitude, int(np.prod(shared)))


def test_tensordot_over_named_axes():
    a, b = matrix(2, 3, 4), matrix(4, 5, 2)
    for axes in ((-1, 0), ([0, 2], [2, 0]), ([2, 0], [0, -1])):
        np.testing.assert_allclose(ops.tensordot(a, b, axes).data, np.tensordot(a, b, axes), rtol=1e-13)
        assert_gradient(lambda x, y, axes=axes: ops.tensordot(x, y, axes), a, b)
    with pytest.raises(ValueError, match="one length"):
        ops.tensordot(a, b, 1 if a.shape[-1] != b.shape[0] else (0, 1))


@pytest.mark.parametrize("offset", [-2, -1, 0, 1, 3])
def test_trace(offset):
    x = matrix(3, 4, 2)
    np.testing.assert_allclose(ops.trace(Tensor(x), offset).data, np.trace(x, offset), rtol=1e-14)
    np.testing.assert_allclose(ops.trace(Tensor(x), offset, 2, 0).data, np.trace(x, offset, 2, 0), rtol=1e-14)
    assert_gradient(lambda t: ops.trace(t, offset), x)
    assert_gradient(lambda t: ops.trace(t, offset, 2, 0), x)


def test_cdist():
    x, y = matrix(3, 2), matrix(4, 2, seed=1)
    expected = np.sqrt(((x[:, None] - y[None]) ** 2).sum(-1))
    np.testing.assert_allclose(ops.cdist(x, y).data, expected, rtol=1e-13)
    assert_gradient(ops.cdist, x, y)


def test_matrices():
    a, b = positive_definite(3), matrix(3, 2, seed=1)
    batch = np.stack([a, positive_definite(3, seed=5)])
    for x in (a, batch):
        for name in ("inv", "det", "cholesky"):
            np.testing.assert_array_equal(getattr(ops, name)(Tensor(x)).data, getattr(np.linalg, name)(x))
            symmetric = name == "cholesky"  # only half of its argument is read: keep it symmetric
            assert_gradient(lambda t, name=name, symmetric=symmetric:
                            getattr(ops, name)(0.5 * (t + ops.swapaxes(t, -1, -2)) if symmetric else t), x)
        np.testing.assert_allclose(ops.logdet(x).data, np.linalg.slogdet(x)[1])
        assert_gradient(ops.logdet, x)
        np.testing.assert_allclose((ops.cholesky(x, upper=True).data @ np.swapaxes(x, -1, -2)).shape, x.shape)
    assert_gradient(lambda t: ops.cholesky((t + t.T) * 0.5, upper=True), a)
    np.testing.assert_allclose(ops.cholesky_inverse(ops.cholesky(a)).data, np.linalg.inv(a), rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(ops.solve(a, b).data, np.linalg.solve(a, b))
    assert_gradient(ops.solve, a, b)
    assert_gradient(ops.solve, a, b[:, 0])
    assert_gradient(ops.solve, batch, b)
    lower = np.tril(a)
    np.testing.assert_allclose(ops.solve_triangular(a, b, lower=True).data, np.linalg.solve(lower, b))
    assert_gradient(lambda x, y: ops.solve_triangular(x, y), a, b)


def test_factors():
    x = matrix(4, 3)
    q, r = ops.qr(x)
    np.testing.assert_allclose((q @ r).data, x, atol=1e-13)
    u, s, vt = ops.svd(x, full_matrices=False)
    np.testing.assert_allclose((u * s @ vt).data, x, atol=1e-13)
    np.testing.assert_allclose(ops.svd(x, compute_uv=False).data, s.data)
    a = positive_definite(3)
    values, vectors = ops.eigh(a)
    np.testing.assert_allclose((a @ vectors).data, (vectors * values).data, atol=1e-12)
    values, vectors = ops.eig(a)
    np.testing.assert_allclose((a @ vectors).data, (vectors * values).data, atol=1e-12)
    with pytest.raises(ValueError, match="complex"):
        ops.eig([[0.0, 1.0], [-1.0, 0.0]])
    np.testing.assert_allclose(ops.pinv(x).data, np.linalg.pinv(x))
    np.testing.assert_allclose(ops.lstsq(x, matrix(4)).data, np.linalg.lstsq(x, matrix(4), None)[0])
    assert ops.matrix_rank(np.ones((3, 3))).item() == 1
    sign, logarithm = ops.slogdet(-np.eye(3))
    assert sign.item() == -1 and logarithm.item() == 0


@pytest.mark.parametrize("name", ["inv", "det", "logdet", "cholesky", "cholesky_inverse", "solve", "solve_triangular",
                                  "slogdet", "qr", "svd", "eigh", "eig", "pinv", "lstsq"])
@pytest.mark.parametrize("columns", [(), (2,)])
def test_integers_become_floatx(name, columns):
    """NumPy computes them as float64."""
    given = [np.array([[2, 1], [1, 3]])]
    if name in ("solve", "solve_triangular", "lstsq"):
        given.append(np.arange(1, 1 + np.prod((2, *columns), dtype=int)).reshape(2, *columns))
    results, expected = (getattr(ops, name)(*(as_type(part) for part in given))
                         for as_type in (Tensor, lambda part: Tensor(part.astype(np.float32))))
    for one, other in zip(*(part if isinstance(part, tuple) else (part,) for part in (results, expected)), strict=True):
        assert one.data.dtype == np.float32
        np.testing.assert_array_equal(one.data, other.data)


def test_keras_agrees():
    keras = pytest.importorskip("keras")
    x, a = matrix(2, 3, 4).astype(np.float32), positive_definite(3).astype(np.float32)
    for name, call in {
        "einsum": lambda o: o.einsum("bij,bkj->bik", x, x), "tensordot": lambda o: o.tensordot(x, x[0].T, 1),
        "dot": lambda o: o.dot(x, x[0].T),
        "inner": lambda o: o.inner(x, x), "outer": lambda o: o.outer(x[0, 0], x[0, 1]), "vdot": lambda o: o.vdot(x, x),
        "kron": lambda o: o.kron(a, a),
        "cross": lambda o: o.cross(a, a[::-1]), "trace": lambda o: o.trace(a), "inv": lambda o: o.inv(a),
        "det": lambda o: o.det(a), "cholesky": lambda o: o.cholesky(a),
        "solve": lambda o: o.solve(a, a[:, :1]), "logdet": lambda o: o.logdet(a), "eigh": lambda o: o.eigh(a)[0],
        "svd": lambda o: o.svd(a, compute_uv=False),
        "matmul": lambda o: o.matmul(x, x[0].T), "solve_triangular": lambda o: o.solve_triangular(a, a),
        "pinv": lambda o: o.pinv(a),
        "integers": lambda o: o.matmul(np.ones((2, 2), np.int32), np.ones((2, 2), np.int32)),
        "cdist": lambda o: o.cdist(a, 2 * a),
        "cholesky_inverse": lambda o: o.cholesky_inverse(np.linalg.cholesky(a)), "lstsq": lambda o: o.lstsq(a, a[:, 0]),
    }.items():
        theirs = keras.ops.convert_to_numpy(call(keras.ops))
        mine = call(ops).data
        assert (mine.dtype, mine.shape) == (theirs.dtype, theirs.shape), (
            f"{name}: {mine.dtype} {mine.shape}, Keras {theirs.dtype} {theirs.shape}"
        )
        np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=1e-4, err_msg=name)
