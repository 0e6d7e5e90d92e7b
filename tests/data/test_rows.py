"""Gathering, casting and checking rows: the compiled loops against their references."""

import os
import subprocess
import sys

import numpy as np
import pytest
import strategies
from checks import needs_native
from hypothesis import given
from hypothesis import strategies as st

from tinynet import get_num_threads, set_num_threads
from tinynet.data import check_finite
from tinynet.data.rows import (
    all_within,
    all_within_reference,
    as_rows,
    cast_type,
    gather,
    gather_reference,
    taker,
)

SOURCES = ("bool", "uint8", "int32", "int64", "float32", "float64")


@st.composite
def cases(draw):
    dtype = np.dtype(draw(st.sampled_from(SOURCES)))
    rows = draw(st.integers(1, 40))
    shape = (rows, *draw(st.sampled_from([(), (1,), (784,), (3, 5), (2, 0), (1, 1, 7)])), )
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    source = (
        (rng.standard_normal(shape) * 1e6).astype(dtype)
        if dtype.kind == "f"
        else rng.integers(0, 2**30, shape).astype(dtype)
    )
    step = draw(st.sampled_from([1, 2, -1, -3]))
    indices = rng.integers(0, len(source[::step]), draw(st.integers(0, 50)))
    return source[::step], indices


@given(
    case=cases(), result=st.sampled_from(["float32", "float64", "same"]), scale=st.sampled_from([1.0, 1 / 255, -2.0])
)
def test_gather_is_the_reference_bit_for_bit(case, result, scale):
    source, indices = case
    dtype = source.dtype if result == "same" else np.dtype(result)
    if dtype.kind != "f":
        scale = 1.0
    shape = (len(indices), *source.shape[1:])
    expected = gather_reference(source, indices, np.zeros(shape, dtype), scale)
    actual = gather(source, indices, np.full(shape, 77, dtype), scale)
    assert actual.dtype == expected.dtype
    np.testing.assert_array_equal(actual, expected)


@pytest.fixture
def threads():
    """A setter of their number, which is put back."""
    before = get_num_threads()
    yield set_num_threads
    set_num_threads(before)


@pytest.mark.parametrize("result", ["float32", "float64", "same"])
@pytest.mark.parametrize("dtype", SOURCES)
@pytest.mark.parametrize(("count", "row"), [(128, (28, 28)), (3, (70_001,)), (70_001, (3,)), (300_000, ()),
                                            (1, (60_000,)), (200_000, (0,))])
def test_large_batches_are_the_same_on_any_number_of_threads(count, row, dtype, result, threads):
    rng = np.random.default_rng(0)
    source = rng.integers(0, 2**30, (50, *row)).astype(dtype)
    indices = rng.integers(0, 50, count)
    shape, dtype = (count, *row), np.dtype(dtype if result == "same" else result)
    expected = gather_reference(source, indices, np.zeros(shape, dtype))
    for number in (1, 2, 3):
        threads(number)
        np.testing.assert_array_equal(gather(source, indices, np.full(shape, 1, dtype)), expected)


@needs_native
@pytest.mark.parametrize("backend", ["native", "numpy"])
def test_threads_share_a_large_batch_but_not_a_small_one_and_a_child_of_fork_has_its_own(backend):
    code = """if True:
        import os
        import numpy as np
        from tinynet.data import gather

        def threads():
            return len(os.listdir("/proc/self/task"))

        def batch(count):
            return gather(images, np.arange(count), np.empty((count, 28, 28), np.float32))

        images = np.random.default_rng(0).integers(0, 255, (128, 28, 28)).astype(np.uint8)
        before = threads()
        batch(32)
        alone = threads()
        batch(128)
        together = threads()
        child = os.fork()
        if child == 0:
            os._exit(0 if (batch(128) == images).all() and threads() == together - before + 1 else 1)
        print(alone - before, together - before, os.waitpid(child, 0)[1])
    """
    result = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=120,
                            env={**os.environ, "OMP_NUM_THREADS": "3", "TINYNET_BACKEND": backend})
    assert result.stdout.split() == ["0", "2", "0"], result.stderr


@given(values=strategies.special_arrays((5, 37)), seed=st.integers(0, 100))
def test_gather_keeps_nan_infinities_and_zeros(values, seed):
    indices = np.random.default_rng(seed).integers(0, 5, 9)
    with np.errstate(over="ignore"):
        wide = gather(values, indices, np.empty((9, 37), np.float64))
    np.testing.assert_array_equal(wide, values[indices])
    assert (np.signbit(wide) == np.signbit(values[indices])).all()


def test_whole_numbers_are_rounded_as_numpy_rounds_them():
    source = np.array([2**24 + 1, -(2**53) - 1, 2**62 + 3], np.int64)
    actual = gather(source, np.arange(3), np.empty(3, np.float32))
    np.testing.assert_array_equal(actual, source.astype(np.float32))


@needs_native
@pytest.mark.parametrize("dtype", ["int8", "uint16", "float16", ">f4", ">i8", "complex64"])
def test_other_types_are_copied_but_not_cast(dtype):
    source = np.arange(12).reshape(4, 3).astype(dtype)
    actual = gather(source, np.array([3, 1]), np.empty((2, 3), dtype))
    np.testing.assert_array_equal(actual, source[[3, 1]])
    if dtype != "int8":
        with pytest.raises(TypeError, match="no loop"):
            gather(source, np.array([3, 1]), np.empty((2, 3), np.float32))


@needs_native
@pytest.mark.parametrize("bad", [-1, 4, 2**40, -(2**63)])
def test_an_index_outside_is_refused_before_memory_is_read(bad):
    with pytest.raises(IndexError, match=r"position 1 is outside \[0, 4\)"):
        gather(np.zeros((4, 3)), np.array([0, bad]), np.empty((2, 3)))


@needs_native
def test_misuse_is_refused():
    source = np.zeros((4, 6))
    indices = np.array([0, 1])
    with pytest.raises(ValueError, match="do not fill"):
        gather(source, indices, np.empty((3, 6)))
    with pytest.raises(ValueError, match=r"rows of shape \(6,\) do not fill rows of shape \(5,\)"):
        gather(source, indices, np.empty((2, 5)))
    with pytest.raises(ValueError, match="dense"):
        gather(source[:, ::2], indices, np.empty((2, 3)))
    with pytest.raises(ValueError, match="dense"):
        gather(source, indices, np.empty((2, 12))[:, ::2])
    with pytest.raises(TypeError, match="int64"):
        gather(source, indices.astype(np.int32), np.empty((2, 6)))
    with pytest.raises(TypeError, match="int64"):
        gather(source, np.arange(4)[::2], np.empty((2, 6)))
    with pytest.raises((ValueError, BufferError)):
        gather(source, indices, np.broadcast_to(np.zeros(6), (2, 6)))  # read-only
    with pytest.raises(TypeError, match="no loop"):
        gather(np.zeros((4, 6), np.uint8), indices, np.empty((2, 6), np.uint8), 0.5)


@given(layout=st.sampled_from(strategies.LAYOUTS), dtype=st.sampled_from(["uint8", "int64", "float32", "float64"]))
def test_any_layout_gives_the_same_rows(layout, dtype):
    values = np.arange(60).reshape(12, 5).astype(dtype)
    rows = as_rows(strategies.in_layout(values, layout), "x", "fit")
    taken = taker(rows, np.dtype(np.float32))(np.array([11, 0, 3]))
    np.testing.assert_array_equal(taken, values[[11, 0, 3]].astype(np.float32))
    assert taken.dtype == np.float32 and taken.flags.c_contiguous and taken.flags.writeable


def test_a_step_between_rows_is_no_copy():
    values = np.zeros((10, 4))
    assert np.shares_memory(as_rows(values[::-2], "x", "fit"), values)


@given(values=strategies.special_arrays((3, 50)), limit=st.sampled_from([1.0, 1e30, float(np.finfo(np.float32).max)]))
def test_all_within_is_the_reference(values, limit):
    for chosen in (
        values,
        values.astype(np.float64),
        np.zeros_like(values),
        np.abs(np.nan_to_num(values, posinf=0, neginf=0)),
    ):
        assert all_within(chosen, limit) == all_within_reference(chosen, np.float32(limit))


@pytest.mark.parametrize("place", [0, 1, 65535, 65536, 199999])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_bad_value_is_found_wherever_it_is(place, bad, dtype):
    values = np.ones((20000, 10), dtype)
    assert all_within(values, 3e38)
    values.reshape(-1)[place] = bad
    assert not all_within(values, 3e38)
    row, column = divmod(place, 10)
    for view, at in ((values, row), (values[::-1], 19999 - row)):
        with pytest.raises(ValueError, match=rf"x has 1 of 200000 values .* is x\[{at}, {column}\]"):
            check_finite("x", view)


def test_the_message_counts_kinds():
    values = np.array([1.0, np.nan, 1e39, -np.inf, np.nan])
    with pytest.raises(
        ValueError, match=r"y has 3 of 5 values that are not finite \(2 NaN, 1 infinite\); the first, nan, is y\[1\]"
    ):
        check_finite("y", values)
    with pytest.raises(ValueError, match=r"4 of 5 .*1 beyond the largest float32, 3\.4e\+38"):
        check_finite("y", values, np.float32)
    check_finite("y", np.array([np.finfo(np.float64).max]))
    check_finite("y", np.array([], np.float32))
    check_finite("y", np.array([2**62]))
    with pytest.raises(ValueError, match="1 NaN"):
        check_finite("y", np.array([1, np.nan], np.float16))


@pytest.mark.parametrize(("value", "error", "match"), [
    (["a", "b"], TypeError, "must hold numbers, got dtype <U1"),
    ([1j], TypeError, "complex"),
    (np.array([None, 1]), TypeError, "object"),
    (np.array(["2020-01-01"], "datetime64[D]"), TypeError, "datetime64"),
    (3.0, ValueError, "single number"),
    ([[1, 2], [3]], ValueError, "pad_sequences"),
])
def test_what_is_not_rows_of_numbers_is_refused(value, error, match):
    with pytest.raises(error, match=match):
        as_rows(value, "y", "fit")


@pytest.mark.parametrize("row", [["a", 1.0], [1.0, "a"]])
def test_a_table_of_text_and_numbers_is_refused(row):
    with pytest.raises(TypeError, match=f"x must hold numbers, got dtype object; column {row.index('a')} has text"):
        as_rows(np.array([row, row], object), "x", "fit")


MIXED = [[1.5, "red", 3], [2.5, "blue", 4], [0.5, "red", 5]]
ENCODED = [[1.5, 1, 3], [2.5, 0, 4], [0.5, 1, 5]]


@pytest.mark.parametrize(("value", "name", "said", "expected"), [
    (np.array(MIXED, object), "x", r"column 1 has text, such as 'red' in row 0\.", ENCODED),
    (np.array([[1.5, np.str_("red")], [2.5, np.str_("blue")]], object), "x", "column 1 has text, such as 'red' in", [
        [1.5, 1], [2.5, 0]]),
    ([["red", 1], ["?", 2]], "y", "column 0 has text, such as 'red' in row 0", [[1, 1], [0, 2]]),
    (np.array([[1, "7"], ["?", 2], ["b", "x"]], object), "x", r"column 0 has text, such as '\?' in row 1, column 1 too",
     [[0, 1], [1, 0], [2, 2]]),
    (np.array([[1, b"caf\xe9"], [2, b"bar"]], object), "x", "column 1 has text, such as 'caf\ufffd' in row 0",
     [[1, 1], [2, 0]]),  # Latin-1
    (np.array(["b", "a", "b"]), "y", "it has text, such as 'b' in row 0. This line", [1, 0, 1]),
    (np.array([[1.5, "2"], [True, "3e1"]], object), "x", "all of it can be read as numbers", [
        [1.5, 2], [1, 30]]),
    (np.array([(1.5, "red"), (2.5, "blue")], [("size", "f8"), ("colour", "U9")]), "x", "column 'colour' has text", [
        [1.5, 1], [2.5, 0]]),
    (np.array([(1.5, 2), (2.5, 3)], [("size", "f8"), ("n", "i8")]), "x", "it has named columns", [[1.5, 2], [2.5, 3]]),
], ids=["objects", "NumPy text", "lists", "two columns", "bytes", "one dimension", "numbers as text", "named columns",
        "named numbers"])
def test_the_lines_that_encode_text_do_it(value, name, said, expected):
    with pytest.raises(TypeError, match=said) as caught:
        as_rows(value, name, "fit")
    names = {"np": np, name: value}
    exec("\n".join(line.strip() for line in str(caught.value).split("\n")[1:]), names)
    np.testing.assert_array_equal(np.asarray(as_rows(names[name], name, "fit")), expected)


def test_the_lines_that_encode_a_table_do_it():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(MIXED, columns=["size", "colour", "n"])
    with pytest.raises(TypeError, match="column 'colour' has text, such as 'red' in row 0") as caught:
        as_rows(table, "x", "fit")
    names = {"pandas": pandas, "x": table}
    exec("\n".join(line.strip() for line in str(caught.value).split("\n")[1:]), names)
    assert as_rows(names["x"], "x", "fit").tolist() == [[1.5, 0, 3], [2.5, 1, 4], [0.5, 0, 5]]


@pytest.mark.parametrize("dtype", ["U", "S", object])
def test_text_stays_text(dtype):
    text = np.array(["one", "three", "two"], dtype)
    rows = as_rows(text, "x", "fit")
    assert cast_type(rows, "floatx") == rows.dtype
    assert list(taker(rows, rows.dtype)(np.array([2, 0]))) == [text[2], text[0]]
    with pytest.raises(TypeError, match="y must hold numbers"):
        as_rows(text, "y", "fit")
