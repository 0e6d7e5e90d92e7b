"""The matrix product: exact on whole numbers, within the theorem's bound on others, for every transposition,
size and layout.
"""

import ctypes
import mmap

import numpy as np
import pytest
from checks import (
    assert_gradient,
    assert_same_bits_on_any_threads,
    assert_same_values,
    assert_within_bound,
    available_isas,
    isa,
)
from hypothesis import given
from hypothesis import strategies as st
from strategies import DTYPES, dtypes, in_layout, integer_arrays, layouts, normal_arrays, sizes

import tinynet as tn
from tinynet import _native, ops, reference
from tinynet.tensor import Tensor
from tinynet.variable import Variable

isas = st.sampled_from(available_isas())
flags = st.booleans()
# Large enough for several tasks, panels and blocks of k; around the limits beyond which A and B are packed.
LARGE = [(191, 130, 257), (193, 300, 255), (13, 3100, 40), (25, 129, 1024), (300, 10, 300), (97, 1300, 33),
         (1, 500, 700)]
# What a matrix unit takes, around its tiles of 16 and 32 and its blocks of k: alone, with a shared factor, and with
# more columns than it splits at a time.
LARGE += [(160, 1025, 161), (257, 191, 300), (2600, 129, 65), (150, 65, 2950)]


def stored(matrix, transposed):
    """The array to pass when the product is to see `matrix`."""
    return np.ascontiguousarray(matrix.swapaxes(-1, -2)) if transposed else matrix


@given(st.data(), sizes, sizes, sizes, flags, flags, dtypes, isas, layouts, layouts)
def test_exact_on_whole_numbers(data, m, k, n, transpose_a, transpose_b, dtype, name, a_layout, b_layout):
    a, b = data.draw(integer_arrays((m, k), dtype)), data.draw(integer_arrays((k, n), dtype))
    with isa(name):
        c = _native.matmul(in_layout(stored(a, transpose_a), a_layout), in_layout(stored(b, transpose_b), b_layout),
                           transpose_a, transpose_b)
    assert_same_values(c, (a.astype(np.int64) @ b.astype(np.int64)).astype(dtype))


@pytest.mark.parametrize("name", available_isas())
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("transpose_a", "transpose_b"), [(False, False), (False, True), (True, False), (True, True)])
@pytest.mark.parametrize(("m", "k", "n"), LARGE)
def test_large_products(m, k, n, transpose_a, transpose_b, dtype, name):
    rng = np.random.default_rng(m + k + n)
    a, b = rng.integers(-8, 9, (m, k)), rng.integers(-8, 9, (k, n))
    with isa(name):
        c = _native.matmul(stored(a.astype(dtype), transpose_a), stored(b.astype(dtype), transpose_b), transpose_a,
                           transpose_b)
    assert_same_values(c, (a @ b).astype(dtype))

    a, b = rng.standard_normal((m, k)).astype(dtype), rng.standard_normal((k, n)).astype(dtype)
    with isa(name):
        c = _native.matmul(stored(a, transpose_a), stored(b, transpose_b), transpose_a, transpose_b)
    # In 80 bits the reference's own error is far below the bound, for float64 too.
    wide = np.longdouble if dtype == np.float64 else np.float64
    assert_within_bound(c, a.astype(wide) @ b.astype(wide),
                        np.abs(a).astype(np.float64) @ np.abs(b).astype(np.float64), k)


@pytest.mark.parametrize("name", available_isas())
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, np.finfo(np.float32).max])
def test_numbers_without_a_bfloat16_in_large_products(value, name):
    """The matrix unit cannot split them: such a product is computed the ordinary way."""
    rng = np.random.default_rng(0)
    a, b = rng.integers(-8, 9, (300, 200)).astype(np.float32), rng.integers(1, 9, (200, 300)).astype(np.float32)
    with isa(name):
        plain = _native.matmul(a, b)
        for left in (True, False):
            a_bad, b_bad = a.copy(), b.copy()
            if left:
                a_bad[17, 199] = value
            else:
                b_bad[150, 299] = value
            c = _native.matmul(a_bad, b_bad)
            touched = np.zeros_like(c, bool)
            touched[17 if left else slice(None), slice(None) if left else 299] = True
            np.testing.assert_array_equal(c[~touched], plain[~touched])
            with np.errstate(invalid="ignore", over="ignore"):
                expected = (a_bad.astype(np.float64) @ b_bad).astype(np.float32)
            np.testing.assert_array_equal(c[touched], expected[touched])


@given(st.data(), sizes, sizes, sizes, flags, flags, isas)
def test_within_the_bound(data, m, k, n, transpose_a, transpose_b, name):
    a, b = data.draw(normal_arrays((m, k))), data.draw(normal_arrays((k, n)))
    with isa(name):
        c = _native.matmul(stored(a, transpose_a), stored(b, transpose_b), transpose_a, transpose_b)
    a, b = a.astype(np.float64), b.astype(np.float64)
    assert_within_bound(c, a @ b, np.abs(a) @ np.abs(b), k)


BATCHES = [
    ((), (3,)),
    ((3,), ()),
    ((2,), (2,)),
    ((2, 1), (3,)),
    ((1, 3), (2, 1)),
    ((4, 1, 2), (3, 1)),
    ((0,), ()),
    ((), (0, 2)),
    ((2, 3), ()),
]


@given(st.data(), st.sampled_from(BATCHES), sizes, sizes, sizes, flags, flags, isas)
def test_batches_broadcast(data, batches, m, k, n, transpose_a, transpose_b, name):
    a_batch, b_batch = batches
    a, b = data.draw(integer_arrays((*a_batch, m, k))), data.draw(integer_arrays((*b_batch, k, n)))
    stored_a, stored_b = stored(a, transpose_a), stored(b, transpose_b)
    with isa(name):
        c = _native.matmul(stored_a, stored_b, transpose_a, transpose_b)
    expected = np.matmul(a.astype(np.int64), b.astype(np.int64)).astype(np.float32)
    assert_same_values(c, expected)
    assert_same_values(reference.matmul(stored_a, stored_b, transpose_a, transpose_b), expected)


def test_many_small_and_a_few_large_products():
    rng = np.random.default_rng(0)
    for batch, m, k, n in [(5000, 7, 5, 9), (3, 190, 200, 210)]:
        a, b = rng.integers(-8, 9, (batch, m, k)), rng.integers(-8, 9, (batch, k, n))
        assert_same_values(_native.matmul(a.astype(np.float32), b.astype(np.float32)), (a @ b).astype(np.float32))


@given(st.data(), sizes, sizes, sizes, flags, flags, dtypes, isas)
def test_nan_and_infinity_propagate(data, m, k, n, transpose_a, transpose_b, dtype, name):
    """0 times infinity is NaN, so zeros must not be skipped; and what stands in one row or column stays in it."""
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    specials = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0], dtype)

    def sprinkled(shape):
        values = rng.integers(-8, 9, shape).astype(dtype)
        return np.where(rng.random(shape) < 1 / (k + 1), rng.choice(specials, shape), values)

    a, b = sprinkled((m, k)), sprinkled((k, n))
    with isa(name):
        c = _native.matmul(stored(a, transpose_a), stored(b, transpose_b), transpose_a, transpose_b)
    with np.errstate(invalid="ignore"):
        expected = (a[:, :, np.newaxis] * b[np.newaxis]).sum(axis=1).astype(dtype)
    assert_same_values(c, expected)


def at_the_end_of_a_page(array):
    """A copy whose last byte is followed by memory that must not be touched."""
    page = mmap.PAGESIZE
    pages = -(-max(array.nbytes, 1) // page)
    memory = mmap.mmap(-1, (pages + 1) * page)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    if ctypes.CDLL(None, use_errno=True).mprotect(ctypes.c_void_p(address + pages * page), page, 0) != 0:
        pytest.skip("no mprotect here")
    copy = np.frombuffer(memory, array.dtype, array.size, pages * page - array.nbytes).reshape(array.shape)
    copy[...] = array
    return copy


@pytest.mark.parametrize("name", available_isas())
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("m", "k", "n"),
                         [(1, 1, 1), (5, 7, 10), (13, 4, 17), (12, 32, 31), (200, 200, 201), (13, 300, 1025),
                          (1, 32, 130), (1, 300, 257)])
def test_reads_nothing_beyond_its_inputs(m, k, n, dtype, name):
    rng = np.random.default_rng(0)
    a, b = rng.integers(-8, 9, (m, k)), rng.integers(-8, 9, (k, n))
    for transpose_a in (False, True):
        for transpose_b in (False, True):
            guarded = [at_the_end_of_a_page(stored(x.astype(dtype), t)) for x,
                       t in ((a, transpose_a), (b, transpose_b))]
            with isa(name):
                c = _native.matmul(*guarded, transpose_a, transpose_b)
            assert_same_values(c, (a @ b).astype(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("m", "k", "n"), [(64, 784, 128), (784, 64, 128), (300, 500, 400), (1, 2000, 1000)])
def test_same_bits_on_any_threads(m, k, n, dtype):
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((m, k)).astype(dtype), rng.standard_normal((k, n)).astype(dtype)
    for name in available_isas():
        with isa(name):
            assert_same_bits_on_any_threads(lambda: _native.matmul(a, b))
            assert_same_bits_on_any_threads(lambda: _native.matmul(stored(a, True), stored(b, True), True, True))


SHAPES = [
    ((3, 4), (4, 5)), ((4,), (4, 5)), ((3, 4), (4,)), ((4,), (4,)), ((2, 3, 4), (4, 5)), ((2, 3, 4), (4,)),
    ((4,), (2, 4, 5)),
    ((3, 4), (2, 4, 5)), ((2, 1, 3, 4), (6, 4, 5)), ((1, 3, 4), (2, 4, 5)), ((2, 3, 4), (1, 4, 5)),
    ((2, 3, 4), (2, 4, 1)),
    ((3, 0), (0, 5)), ((0, 4), (4, 5)), ((2, 0, 4), (4, 5)), ((0, 3, 4), (4, 5)),
]


@pytest.mark.parametrize("backend", ["native", "numpy"])
@pytest.mark.parametrize(("shape1", "shape2"), SHAPES)
def test_operation_and_gradient(shape1, shape2, backend):
    rng = np.random.default_rng(0)
    a, b = rng.integers(-8, 9, shape1).astype(np.float64), rng.integers(-8, 9, shape2).astype(np.float64)
    with tn.backend(backend):
        assert_same_values(np.asarray(ops.matmul(a, b).data), np.asarray(np.matmul(a, b)))
        assert_gradient(ops.matmul, rng.standard_normal(shape1), rng.standard_normal(shape2))
        x1, x2 = Variable(a), Variable(b)
        with tn.GradientTape() as tape:
            y = ops.matmul(x1, x2)
        for gradient, x in zip(tape.gradient(y, [x1, x2]), (x1, x2), strict=True):
            assert gradient.shape == x.shape


def test_element_types():
    whole = np.array([[1, 2], [3, 4]], np.int32)
    assert_same_values(ops.matmul(whole, whole).data, whole @ whole)
    assert_same_values(ops.matmul(whole.astype(np.float32), whole).data, (whole @ whole).astype(np.float32))
    assert_same_values(ops.matmul(whole, [2, 3]).data, whole @ np.array([2, 3], np.int32))
    x = Variable(whole.astype(np.float32))
    with tn.GradientTape() as tape:
        y = ops.matmul(x, Tensor(whole.astype(np.float64)))
    assert y.dtype == np.float64
    assert_same_values(tape.gradient(y, x).data, np.array([[3, 7], [3, 7]], np.float32))
    assert ops.matmul(x, whole.astype(np.float64)).dtype == np.float32  # an array takes the tensor's type
    with pytest.raises(TypeError, match="must have dtype float32"):
        _native.matmul(np.ones((2, 2), np.float32), np.ones((2, 2)))
    with pytest.raises(TypeError, match="float32 or float64, got float16"):
        ops.matmul(np.ones((2, 2), np.float16), np.ones((2, 2), np.float16))


@pytest.mark.parametrize(("shape1", "shape2", "message"), [
    ((2, 3), (4, 5), r"matmul: the last axis of x1 has 3 elements, but x2 has 4 rows. "
     r"Got shapes \(2, 3\) and \(4, 5\)"),
    ((3,), (4,), "has 3 elements, but x2 has 4 rows"),
    ((2, 2, 3), (4, 5), "has 3 elements, but x2 has 4 rows"),
    ((2, 2, 3), (3, 3, 5), r"the leading axes \(2,\) and \(3,\) do not broadcast"),
    ((), (3,), "at least one axis"),
])
def test_errors_name_the_mismatch(shape1, shape2, message):
    with pytest.raises(ValueError, match=message):
        ops.matmul(np.ones(shape1, np.float32), np.ones(shape2, np.float32))


def test_gradient_of_one_side_only():
    x, constant = Variable(np.ones((2, 3))), Tensor(np.ones((3, 4)))
    with tn.GradientTape() as tape:
        y = ops.matmul(x, constant)
    assert_same_values(tape.gradient(y, x).data, np.full((2, 3), 4.0))
