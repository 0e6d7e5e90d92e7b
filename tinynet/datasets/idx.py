"""IDX, the file format of MNIST: a magic number, the sizes, then the elements, all big-endian.

    byte 0-1   zero
    byte 2     element type: 08 uint8, 09 int8, 0B int16, 0C int32, 0D float32, 0E float64
    byte 3     number of dimensions, d
    then       d sizes of 4 bytes each
    then       the elements, the last index running fastest

Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits" (the page that published it).
A file may be compressed with gzip. The reader trusts nothing: sizes are computed with Python's unbounded integers
before memory is allocated, and a file that holds fewer or more bytes than its header declares is refused.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import stat
import zlib
from pathlib import Path

import numpy as np

from ..core.errors import DataError
from ..core.reading import translated
from ..core.types import Array
from ..utils.files import atomic_write

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
CODES = {np.dtype(name).newbyteorder("="): code for code, name in TYPES.items()}
MAX_DIMENSIONS = 8
MAX_BYTES = 1 << 30  # 1 GiB is 20 times the largest MNIST file
CHUNK = 1 << 20
MAX_RATIO = 1032  # deflate stores at most 258 bytes in 2 bits


def read_idx(path: str | bytes | os.PathLike[str], *, max_bytes: int = MAX_BYTES, sha256: str | None = None,
             name: str | None = None) -> Array:
    """Read an IDX file, compressed with gzip or not.

    Args:
        path: File name; `~` is the home folder.
        max_bytes: Refuse files whose elements take more memory.
        sha256: Expected checksum of the decompressed bytes, as hexadecimal text.
        name: How messages call the file; its name if None.

    Returns:
        Array in the shape of the header, in native byte order.

    Raises:
        DataError: the file is not gzip though it ends in .gz, is cut off, has a wrong magic number, type, number of
            dimensions or checksum, is larger than `max_bytes`, or holds fewer or more bytes than its header declares.
        OSError: it cannot be opened.

    >>> from tinynet.datasets import write_idx
    >>> write_idx("labels-idx1-ubyte", np.array([7, 2, 1], np.uint8))
    >>> read_idx("labels-idx1-ubyte")
    array([7, 2, 1], dtype=uint8)
    """
    path = Path(os.fsdecode(path)).expanduser()
    name = name or path.name
    with open(path, "rb") as file, translated(name):
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise DataError(f"{name}: not a regular file")
        start = file.read(2)
        file.seek(0)
        if start == b"\x1f\x8b":
            with gzip.GzipFile(fileobj=file) as stream:
                return _read(_Counted(stream, name), status.st_size * MAX_RATIO, max_bytes, sha256)
        if name.endswith(".gz"):
            hint = "; it looks like a web page, perhaps an error message" if b"<" in start else ""
            raise DataError(f"{name}: not a gzip file (it begins with {start.hex() or 'nothing'}){hint}")
        return _read(_Counted(file, name), status.st_size, max_bytes, sha256)


class _Counted:
    """A stream that hashes and counts what is read, and turns decompression errors into DataError."""

    def __init__(self, stream, name):
        self.stream = stream
        self.name = name
        self.bytes = 0
        self.hash = hashlib.sha256()

    def read_into(self, buffer):
        """Fill the buffer as far as the stream reaches, and return how many bytes were read."""
        view = memoryview(buffer).cast("B")
        filled = 0
        while filled < len(view):
            try:
                count = self.stream.readinto(view[filled:filled + CHUNK])
            except (EOFError, gzip.BadGzipFile, zlib.error) as error:
                raise DataError(
                    f"{self.name}: damaged or cut off gzip data after {self.bytes} bytes ({error})"
                ) from None
            if not count:
                break
            self.hash.update(view[filled:filled + count])
            filled += count
            self.bytes += count
        return filled


def _read(stream, possible_bytes, max_bytes, sha256):
    name = stream.name
    magic = bytearray(4)
    if stream.read_into(magic) < 4:
        raise DataError(f"{name}: ends within its header, after {stream.bytes} bytes; an IDX file has at least 8")
    if magic[:2] != b"\0\0":
        raise DataError(f"{name}: not an IDX file: it begins with {magic.hex()}, expected 0000")
    code, dimensions = magic[2], magic[3]
    if code not in TYPES:
        raise DataError(
            f"{name}: unknown element type 0x{code:02x}; known: " + ", ".join(f"0x{known:02x}" for known in TYPES)
        )
    if not 1 <= dimensions <= MAX_DIMENSIONS:
        raise DataError(f"{name}: {dimensions} dimensions, expected from 1 to {MAX_DIMENSIONS}")
    sizes = bytearray(4 * dimensions)
    if stream.read_into(sizes) < len(sizes):
        raise DataError(f"{name}: ends within its header, after {stream.bytes} of {4 + len(sizes)} bytes")
    shape = tuple(int.from_bytes(sizes[i:i + 4], "big") for i in range(0, len(sizes), 4))
    dtype = np.dtype(TYPES[code])
    declared = dtype.itemsize
    for size in shape:
        declared *= size
    header = f"{name}: header declares {'x'.join(map(str, shape))} {dtype.newbyteorder('=')} = {declared} bytes"
    if declared > max_bytes:
        raise DataError(f"{header}, more than the limit of {max_bytes}")
    if declared > possible_bytes:  # nothing is allocated for a small file that claims to be a large one
        raise DataError(f"{header}, the file is too small to hold them")
    array = np.empty(shape, dtype)
    found = stream.read_into(array.reshape(-1)) if declared else 0
    if found < declared:
        raise DataError(f"{header}, file ends after {found}")
    if stream.read_into(bytearray(1)):
        raise DataError(f"{header}, but it holds more than the {declared} bytes its header declares")
    if sha256 is not None and stream.hash.hexdigest() != sha256.lower():
        raise DataError(
            f"{name}: SHA-256 of its content is {stream.hash.hexdigest()}, expected {sha256}; "
            "the file is damaged or another one"
        )
    return array.astype(dtype.newbyteorder("="), copy=False)


def write_idx(path: str | bytes | os.PathLike[str], array: Array) -> None:
    """Write an array as an IDX file; compressed if the name ends in .gz, always to the same bytes for the same array.

    Args:
        path: File name; replaced only when the new file is complete.
        array: uint8, int8, int16, int32, float32 or float64, 1 to 8 dimensions below 2^32 each.

    Raises:
        TypeError: an element type that IDX does not have.
        ValueError: too many dimensions, or none.

    >>> write_idx("labels-idx1-ubyte", np.array([7, 2, 1], np.uint8))
    >>> os.path.getsize("labels-idx1-ubyte")  # 4 bytes of type and rank, 4 of the length, 3 labels
    11
    """
    path = Path(os.fsdecode(path)).expanduser()
    array = np.asarray(array)
    code = CODES.get(array.dtype.newbyteorder("="))
    if code is None:
        raise TypeError(
            f"write_idx: IDX has no {array.dtype}; convert to one of {', '.join(str(known) for known in CODES)}"
        )
    if not 1 <= array.ndim <= MAX_DIMENSIONS:
        raise ValueError(f"write_idx: from 1 to {MAX_DIMENSIONS} dimensions, got {array.ndim}")
    if max(array.shape) >= 1 << 32:
        raise ValueError(f"write_idx: each dimension must be below 2^32, got shape {array.shape}")
    header = bytes([0, 0, code, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
    content = np.ascontiguousarray(array, TYPES[code]).tobytes()
    with atomic_write(path) as file:
        if path.suffix != ".gz":
            file.write(header + content)
            return
        # No name and no time in the gzip header.
        with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=file, mtime=0) as stream:
            stream.write(header + content)
