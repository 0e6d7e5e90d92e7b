"""IDX files: what is written is read again, and each kind of broken or hostile file is refused with its reason."""

import contextlib
import gzip
import hashlib
import tempfile
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hypothesis_numpy

from tinynet.core.errors import DataError
from tinynet.datasets import read_idx, write_idx

DTYPES = ("uint8", "int8", "int16", "int32", "float32", "float64")


def header(*shape, code=8, zeros=b"\0\0", dimensions=None):
    sizes = b"".join(size.to_bytes(4, "big") for size in shape)
    return zeros + bytes([code, len(shape) if dimensions is None else dimensions]) + sizes


def write(folder, content, name="broken-idx", compress=False):
    path = folder / (f"{name}.gz" if compress else name)
    path.write_bytes(gzip.compress(content) if compress else content)
    return path


@given(data=st.data(), suffix=st.sampled_from(["", ".gz"]), order=st.sampled_from("<>"))
def test_round_trip(data, suffix, order):
    dtype = np.dtype(data.draw(st.sampled_from(DTYPES)))
    shape = data.draw(hypothesis_numpy.array_shapes(min_dims=1, max_dims=8, min_side=0, max_side=4))
    array = data.draw(hypothesis_numpy.arrays(dtype.newbyteorder(order), shape))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"file{suffix}"
        write_idx(path, array.transpose())
        found = read_idx(path)
        assert list(Path(folder).iterdir()) == [path]
    assert found.dtype == dtype and found.dtype.isnative and found.flags.writeable
    np.testing.assert_array_equal(found, array.transpose())


def test_bytes_are_as_the_format_says(tmp_path):
    write_idx(tmp_path / "a", np.array([[1, -2]], np.int16))
    assert (tmp_path / "a").read_bytes() == bytes.fromhex("00000b02 00000001 00000002 0001 fffe")


def test_compressed_files_do_not_depend_on_time_or_name(tmp_path):
    for name in ("a.gz", "b.gz"):
        write_idx(tmp_path / name, np.arange(100, dtype=np.uint8))
    content = (tmp_path / "a.gz").read_bytes()
    assert content == (tmp_path / "b.gz").read_bytes()
    assert content[3:8] == bytes(5)  # no flags (no name), no time


def test_a_checksum_is_of_the_decompressed_bytes(tmp_path):
    content = header(3) + b"abc"
    path = write(tmp_path, content, compress=True)
    sha256 = hashlib.sha256(content).hexdigest()
    assert read_idx(path, sha256=sha256).tobytes() == b"abc"
    assert read_idx(path, sha256=sha256.upper()).tobytes() == b"abc"
    with pytest.raises(DataError, match=f"broken-idx.gz: SHA-256 of its content is {sha256}, expected 00ff"):
        read_idx(path, sha256="00ff")


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "ends within its header, after 0 bytes"),
        (b"\0\0\x08", "ends within its header, after 3 bytes"),
        (header(5, zeros=b"\0\1") + b"abcde", "not an IDX file: it begins with 00010801"),
        (b"<html>Not found</html>", "not an IDX file: it begins with 3c68746d"),
        (header(5, code=0x07), "unknown element type 0x07; known: 0x08"),
        (header(dimensions=0) + b"a", "0 dimensions, expected from 1 to 8"),
        (header(*[1] * 9) + b"a", "9 dimensions, expected from 1 to 8"),
        (header(1, 2, dimensions=3), "ends within its header, after 12 of 16 bytes"),
        (
            header(2, 3) + b"abcde",
            r"header declares 2x3 uint8 = 6 bytes, (file ends after 5|the file is too small to hold them)",
        ),
        (
            header(2, code=0x0D) + b"abcdefg",
            "header declares 2 float32 = 8 bytes, (file ends after 7|the file is too small)",
        ),
        (
            header(2, 3) + b"abcdefg",
            "header declares 2x3 uint8 = 6 bytes, but it holds more than the 6 bytes its header declares",
        ),
        (header(0, 3) + b"a", "= 0 bytes, but it holds more than the 0 bytes"),
        # The product overflows 64 bits to a small number: Python's integers do not.
        (header(2**31, 2**31, 4) + b"a", rf"= {2**64} bytes, more than the limit of {2**30}"),
        (header(*[2**32 - 1] * 8, code=0x0E), "more than the limit"),
        (header(2**30 + 1) + b"a", "more than the limit"),
    ],
)
def test_hostile_files_are_refused(tmp_path, content, match, compress):
    path = write(tmp_path, content, compress=compress)
    with pytest.raises(DataError, match=match) as caught:
        read_idx(path)
    assert str(caught.value).startswith(path.name + ": ")


def test_every_cut_of_a_file_is_refused(tmp_path):
    whole = header(4, 3) + bytes(range(12))
    for content in (whole, gzip.compress(whole, mtime=0)):
        path = tmp_path / "cut"
        for length in range(len(content)):
            path.write_bytes(content[:length])
            with pytest.raises(DataError):
                read_idx(path)
        path.write_bytes(content)
        assert read_idx(path).shape == (4, 3)


@given(data=st.data())
def test_every_flipped_byte_of_a_compressed_file_is_noticed_or_harmless(data):
    whole = header(4, 3) + bytes(range(12))
    content = bytearray(gzip.compress(whole, mtime=0))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "flipped.gz"
        path.write_bytes(content)
        try:
            assert read_idx(path).tobytes() == bytes(range(12))  # a byte of the header that says nothing (time, system)
        except DataError as error:
            assert "flipped.gz" in str(error)


@given(content=st.binary(max_size=64), prefix=st.sampled_from([b"", b"\0\0", b"\0\0\x08\x01", b"\x1f\x8b\x08"]))
def test_random_bytes_raise_nothing_else(content, prefix):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "random"
        path.write_bytes(prefix + content)
        with contextlib.suppress(DataError):
            read_idx(path)


def test_more_gzip_members_or_rubbish_behind_are_refused(tmp_path):
    whole = gzip.compress(header(2) + b"ab")
    for tail in (gzip.compress(b"c"), b"rubbish"):
        (tmp_path / "tail.gz").write_bytes(whole + tail)
        with pytest.raises(DataError, match="tail.gz"):
            read_idx(tmp_path / "tail.gz")


def test_a_name_in_gz_must_be_gzip(tmp_path):
    path = tmp_path / "page.gz"
    path.write_bytes(b"<!DOCTYPE html>")
    with pytest.raises(DataError, match=r"page.gz: not a gzip file \(it begins with 3c21\); it looks like a web page"):
        read_idx(path)
    path.write_bytes(header(1) + b"a")
    with pytest.raises(DataError, match="not a gzip file"):
        read_idx(path)


def test_a_bomb_takes_no_memory(tmp_path):
    """1 GiB of zeros behind a header that declares 1000 bytes, and a small file that declares 1 GiB."""
    with gzip.open(tmp_path / "more.gz", "wb", compresslevel=1) as file:
        file.write(header(1000) + bytes(1000))
        for _ in range(256):
            file.write(bytes(1 << 20))
    (tmp_path / "less.gz").write_bytes(gzip.compress(header(2**30)))
    tracemalloc.start()
    with pytest.raises(DataError, match="holds more than the 1000 bytes its header declares"):
        read_idx(tmp_path / "more.gz")
    with pytest.raises(DataError, match="1073741824 bytes, the file is too small to hold them"):
        read_idx(tmp_path / "less.gz")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20


def test_the_limit_is_the_callers(tmp_path):
    path = write(tmp_path, header(10) + bytes(10))
    assert read_idx(path, max_bytes=10).shape == (10,)
    with pytest.raises(DataError, match="more than the limit of 9"):
        read_idx(path, max_bytes=9)


def test_paths(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    write_idx("~/a", np.zeros(1, np.uint8))
    assert read_idx("~/a").shape == (1,)
    assert read_idx(b"~/a").shape == (1,)
    with pytest.raises(FileNotFoundError, match="absent"):
        read_idx(tmp_path / "absent")
    with pytest.raises(IsADirectoryError):
        read_idx(tmp_path)
    with pytest.raises(DataError, match="not a regular file"):
        read_idx("/dev/zero")


def test_what_idx_cannot_hold_is_not_written(tmp_path):
    for array, error in (
        (np.zeros(2, np.int64), TypeError),
        (np.zeros(2, bool), TypeError),
        (np.float32(1), ValueError),
        (np.zeros((1,) * 9, np.uint8), ValueError),
    ):
        with pytest.raises(error, match="write_idx"):
            write_idx(tmp_path / "a", array)
    assert not list(tmp_path.iterdir())
