"""safetensors: named arrays in a file that can hold nothing else.

    8 bytes         n, the length of the header, little endian
    n bytes         JSON: {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...}
    the rest        the arrays' bytes, little endian, rows first, one after the other without holes

(The format of https://github.com/huggingface/safetensors. "__metadata__" in the header maps strings to strings.)
The whole header is checked before a byte of data is read: a file that is damaged or hostile raises `ModelFileError`
with the name of the array, and never costs more memory than its own size.
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ..core.errors import ModelFileError
from ..core.types import Array
from ..utils.files import atomic_write
from .strict_json import loads

MAX_HEADER = 100_000_000  # bytes; the format's own limit

_DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?",
}
_CODES = {np.dtype(text): code for code, text in _DTYPES.items()}


def write(file: BinaryIO, arrays: dict[str, Array], metadata: dict[str, str] | None = None) -> None:
    """Write arrays to an open binary file.

    Args:
        file: Anything with `write`.
        arrays: {name: array}.
        metadata: {str: str}.

    Raises:
        TypeError: an array whose element type the format does not have.
    """
    header: dict[str, Any] = {}
    offset, ordered = 0, []
    if metadata:
        header["__metadata__"] = dict(metadata)
    for name, array in arrays.items():
        array = np.asarray(array)
        stored = array.dtype.newbyteorder("<")
        if stored not in _CODES:
            raise TypeError(f"safetensors: {name!r} has element type {array.dtype}, which the format does not have")
        header[name] = {
            "dtype": _CODES[stored], "shape": list(array.shape), "data_offsets": [offset, offset + array.nbytes],
        }
        offset += array.nbytes
        ordered.append(array.astype(stored, order="C", copy=False))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # so that the data is aligned
    file.write(len(text).to_bytes(8, "little") + text)
    for array in ordered:
        file.write(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)


class Entry:
    """The header's declaration of one array.

    Attributes:
        name, dtype, shape: Of the array.
        start, stop: Its bytes, counted from the end of the header.
    """

    __slots__ = ("name", "dtype", "shape", "start", "stop")

    def __init__(self, name: str, dtype: np.dtype[Any], shape: tuple[int, ...], start: int, stop: int) -> None:
        self.name = name
        self.dtype = dtype
        self.shape = shape
        self.start = start
        self.stop = stop


def read_header(file: BinaryIO, size: int, where: str) -> tuple[list[Entry], dict[str, str]]:
    """Return the checked header of an open file, which is left at the first array.

    Args:
        file: Anything with `read`.
        size: Bytes of the file.
        where: What the messages call the file.

    Returns:
        (entries in the order of the data, metadata).

    Raises:
        ModelFileError: see the head of this file.
    """
    if size < 8:
        raise ModelFileError(f"{where}: {size} bytes are too few for a safetensors file; it is cut off or empty")
    length = int.from_bytes(file.read(8), "little")
    if length > MAX_HEADER or length > size - 8:
        raise ModelFileError(
            f"{where}: declares a header of {length} bytes; the file has {size}, and {MAX_HEADER} is the most allowed"
        )
    text = file.read(length)
    if not text.startswith(b"{"):
        raise ModelFileError(f"{where}: the header does not begin with '{{'; this is no safetensors file")
    header = loads(text, f"{where}: header")
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise ModelFileError(f"{where}: __metadata__ must map strings to strings, got {metadata!r:.80}")
    entries = sorted((_checked(name, one, where) for name, one in header.items()), key=lambda e: (e.start, e.stop))
    end = 0
    for entry in entries:
        if entry.start != end:
            what = "overlaps the one before it" if entry.start < end else f"leaves a hole of {entry.start - end} bytes"
            raise ModelFileError(f"{where}: array {entry.name!r} at {entry.start}..{entry.stop} {what}")
        end = entry.stop
    rest = size - 8 - length
    if end != rest:
        raise ModelFileError(f"{where}: the arrays take {end} bytes, the file holds {rest} after its header")
    return entries, metadata


def _checked(name, declared, where):
    """The Entry of what the header declares of an array."""
    def refuse(text):
        return ModelFileError(f"{where}: array {name!r}: {text}")

    if not isinstance(declared, dict) or set(declared) != {"dtype", "shape", "data_offsets"}:
        raise refuse(f"expected dtype, shape and data_offsets, got {declared!r:.80}")
    if not isinstance(declared["dtype"], str) or declared["dtype"] not in _DTYPES:
        raise refuse(f"unknown dtype {declared['dtype']!r}; known: {', '.join(_DTYPES)}")
    for key in ("shape", "data_offsets"):
        if not isinstance(declared[key], list) or not all(type(n) is int and n >= 0 for n in declared[key]):
            raise refuse(f"{key} must be a list of whole numbers from 0 on, got {declared[key]!r:.80}")
    if len(declared["data_offsets"]) != 2:
        raise refuse(f"data_offsets must be [start, end], got {declared['data_offsets']!r:.80}")
    start, stop = declared["data_offsets"]
    dtype, shape = np.dtype(_DTYPES[declared["dtype"]]), tuple(declared["shape"])
    if len(shape) > 32:
        raise refuse(f"{len(shape)} axes are more than the 32 supported")
    needed = math.prod(shape) * dtype.itemsize  # Python ints: nothing overflows
    if stop - start != needed:
        raise refuse(f"shape {shape} of {declared['dtype']} takes {needed} bytes, "
                     f"data_offsets {start}..{stop} are {stop - start}")
    return Entry(name, dtype, shape, start, stop)


def read_arrays(file: Any, entries: list[Entry], where: str) -> dict[str, Array]:
    """Return {name: array} of an open file that `read_header` has left at the first array.

    Raises:
        ModelFileError: the file ends early, or a byte of a BOOL array is neither 0 nor 1.
    """
    arrays = {}
    for entry in entries:
        array = np.empty(entry.shape, entry.dtype)
        memory = array.reshape(-1).view(np.uint8).data
        while len(memory):
            count = file.readinto(memory[: 1 << 24])
            if not count:
                raise ModelFileError(f"{where}: the file ends inside array {entry.name!r}")
            memory = memory[count:]
        if entry.dtype.kind == "b" and not (array.view(np.uint8) <= 1).all():
            raise ModelFileError(f"{where}: array {entry.name!r}: a byte of a BOOL array is neither 0 nor 1")
        arrays[entry.name] = array.astype(entry.dtype.newbyteorder("="), copy=False)
    return arrays


def save_file(arrays: dict[str, Array], path: str | os.PathLike[str], metadata: dict[str, str] | None = None) -> None:
    """Write {name: array} to a file, whole or not at all.

    Args:
        arrays: {name: array}.
        path: Of the file.
        metadata: {str: str}.

    >>> import tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "a.safetensors")
    >>> save_file({"kernel": np.eye(2)}, path)
    >>> load_file(path)["kernel"].tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    with atomic_write(Path(os.fspath(path)).expanduser()) as file:
        write(file, arrays, metadata)


def load_file(path: str | os.PathLike[str]) -> dict[str, Array]:
    """Return {name: array} from a file of this format.

    Raises:
        ModelFileError: the file is damaged or hostile.
        OSError: it cannot be read.
    """
    path = Path(os.fspath(path)).expanduser()
    with open(path, "rb") as file:
        entries, _ = read_header(file, os.fstat(file.fileno()).st_size, str(path))
        return read_arrays(file, entries, str(path))
