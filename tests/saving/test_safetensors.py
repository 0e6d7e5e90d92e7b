"""safetensors files: read and written alike by the safetensors package; nothing but a correct file is read."""

import io
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinynet.core.errors import ModelFileError
from tinynet.saving import safetensors

TYPES = ("f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?")
some_arrays = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20).filter(lambda name: name != "__metadata__"),
    st.sampled_from(TYPES).flatmap(lambda kind: hnp.arrays(kind, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0))),
    max_size=5,
)


def to_bytes(arrays, metadata=None):
    file = io.BytesIO()
    safetensors.write(file, arrays, metadata)
    return file.getvalue()


def from_bytes(data):
    file = io.BytesIO(data)
    entries, metadata = safetensors.read_header(file, len(data), "a file")
    return safetensors.read_arrays(file, entries, "a file"), metadata


def assert_equal(actual, expected):
    assert set(actual) == set(expected)
    for name, array in expected.items():
        assert actual[name].dtype == array.dtype and actual[name].shape == array.shape
        assert actual[name].tobytes() == array.tobytes()


@given(arrays=some_arrays, metadata=st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3))
def test_round_trip(arrays, metadata):
    read, read_metadata = from_bytes(to_bytes(arrays, metadata))
    assert_equal(read, arrays)
    assert read_metadata == metadata


@given(arrays=some_arrays)
@settings(max_examples=50)
def test_the_package_reads_ours_and_we_read_its(arrays):
    package = pytest.importorskip("safetensors.numpy")
    assert_equal(package.load(to_bytes(arrays)), arrays)
    assert_equal(from_bytes(package.save(arrays))[0], arrays)


def test_layouts(tmp_path):
    plain = np.arange(6, dtype=np.float32).reshape(2, 3)
    arrays = {"fortran": np.asfortranarray(plain), "swapped": plain.astype(">f4"), "reversed": plain[::-1, ::-1],
              "strided": np.zeros((4, 6), np.float32)[::2, ::2]}
    safetensors.save_file(arrays, tmp_path / "a.safetensors")
    for name, array in safetensors.load_file(tmp_path / "a.safetensors").items():
        np.testing.assert_array_equal(array, arrays[name])
        assert array.flags.c_contiguous and array.dtype.isnative
    with pytest.raises(TypeError, match="'c' has element type complex128"):
        to_bytes({"c": np.zeros(2, complex)})


def a_file(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


def entry(dtype="F32", shape=(2,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


HOSTILE = {
    "empty": (b"", "0 bytes are too few"),
    "cut in the length": (b"\x01\0\0", "3 bytes are too few"),
    "header longer than the file": (a_file({}, length=100), "declares a header of 100 bytes; the file has 10"),
    "header a byte longer than the file": (a_file({}, length=3), "declares a header of 3 bytes; the file has 10"),
    "header of 2**63": (a_file({}, length=2**63), "declares a header of 9223372036854775808 bytes"),
    "no JSON": (a_file(b"[]"), "does not begin with"),
    "half a JSON": (a_file(b'{"a": '), "not JSON"),
    "not UTF-8": (a_file(b'{"\xff": 1}'), "byte 0xff at offset 2 is not UTF-8"),
    "overlap": (a_file({"a": entry(), "b": entry(offsets=(4, 12))}, bytes(12)), "array 'b' at 4..12 overlaps"),
    "hole": (a_file({"a": entry(), "b": entry(offsets=(12, 20))}, bytes(20)), "array 'b' at 12..20 leaves a hole of 4"),
    "out of range": (a_file({"a": entry()}, bytes(7)), "the arrays take 8 bytes, the file holds 7"),
    "bytes at the end": (a_file({"a": entry()}, bytes(9)), "the arrays take 8 bytes, the file holds 9"),
    "shape and bytes": (a_file({"a": entry(shape=(3,))}, bytes(8)), r"'a': shape \(3,\) of F32 takes 12 bytes"),
    "overflowing shape": (a_file({"a": entry(shape=(2**62, 2**62))}, bytes(8)),
                          "takes 85070591730234615865843651857942052864 bytes"),
    "end before start": (a_file({"a": entry(offsets=(8, 0))}, bytes(8)), "8..0"),
    "negative": (a_file({"a": entry(shape=(-2,))}, bytes(8)), "whole numbers from 0 on"),
    "fraction": (a_file({"a": entry(shape=(2.0,))}, bytes(8)), "whole numbers from 0 on"),
    "true": (a_file({"a": entry(shape=(True, 2))}, bytes(8)), "whole numbers from 0 on"),
    "many axes": (a_file({"a": entry(shape=(1,) * 65 + (2,))}, bytes(8)), "66 axes"),
    "three offsets": (a_file({"a": entry(offsets=(0, 8, 9))}, bytes(8)), "must be \\[start, end\\]"),
    "unknown dtype": (a_file({"a": entry(dtype="BF16", shape=(4,))}, bytes(8)), "unknown dtype 'BF16'"),
    "no string for a dtype": (a_file({"a": entry(dtype=["F32"])}, bytes(8)), "unknown dtype"),
    "no dtype": (a_file({"a": {"shape": [2], "data_offsets": [0, 8]}}, bytes(8)), "expected dtype, shape and"),
    "twice": (a_file(b'{"a": 1, "a": 2}'), "a: the key is given twice"),
    "NaN": (a_file(b'{"a": {"shape": [NaN]}}'), r"a.shape\[0\]: NaN is not JSON"),
    "huge int": (a_file(b'{"a": [1' + b"0" * 5000 + b"]}"), r"a\[0\]: an integer of 5001 digits"),
    "deep": (a_file(b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"), "nested too deeply"),
    "metadata": (a_file({"__metadata__": {"a": 1}}), "must map strings to strings"),
    "bool of 2": (a_file({"a": entry("BOOL", (1,), (0, 1))}, b"\x02"), "neither 0 nor 1"),
}


@pytest.mark.parametrize(("data", "message"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_files(data, message):
    with pytest.raises(ModelFileError, match=message):
        from_bytes(data)


@given(data=st.data())
def test_damaged_files_never_do_worse(data):
    """A file with some bytes changed, removed or added gives arrays of the right size, or a ModelFileError."""
    whole = bytearray(to_bytes({"kernel": np.ones((3, 4), np.float32), "on": np.ones(3, bool)}, {"k": "v"}))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(whole) - 1))
        action = data.draw(st.sampled_from(["change", "remove", "add"]))
        new = bytes([data.draw(st.integers(0, 255))]) if action != "remove" else b""
        whole[place : place + (action != "add")] = new
    try:
        arrays, _ = from_bytes(bytes(whole))
    except ModelFileError:
        return
    assert sum(array.nbytes for array in arrays.values()) <= len(whole)
