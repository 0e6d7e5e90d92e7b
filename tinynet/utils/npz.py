"""NumPy's .npz files from anybody: read without trusting what they declare."""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np

from ..core.errors import DataError
from ..core.reading import allowed_bytes, translated
from ..core.types import Array


def read_npz(path: str | os.PathLike[str], max_bytes: int | None = None, kind: type[Exception] = DataError) \
        -> dict[str, Array]:
    """Return {name: array} of an .npz file of numbers or fixed-length strings.

    Args:
        path: Of the file.
        max_bytes: The most that the arrays may take together; the larger of 1 GiB and 10 times the file if None.
        kind: The error to raise.

    Raises:
        kind: the file is damaged, holds Python objects, or would take more memory; the message has the member's name.
        OSError: it cannot be read.

    >>> import tempfile
    >>> name = os.path.join(tempfile.mkdtemp(), "a.npz")
    >>> np.savez(name, x=np.eye(2))
    >>> read_npz(name)["x"].tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    import zipfile  # late

    path = Path(os.fspath(path)).expanduser()
    arrays: dict[str, Array] = {}
    member = ""

    def position():
        return f"member {member!r}" if member else "not an .npz file"

    with open(path, "rb") as file, translated(path, kind, position):
        allowed = allowed_bytes(os.fstat(file.fileno()).st_size, max_bytes)
        with zipfile.ZipFile(file) as archive:
            infos = archive.infolist()
            total = sum(info.file_size for info in infos)
            if total > allowed:
                raise kind(f"{path}: declares {total} bytes of arrays, more than the {allowed} allowed; pass "
                           "max_bytes=... if it is meant")
            for info in infos:
                member = info.filename
                with archive.open(info) as stream:
                    arrays[member.removesuffix(".npy")] = _read_array(stream, info.file_size)
    return arrays


def _read_array(stream, size):
    """The array of one member, whose declared shape is compared with its size before memory is taken."""
    version = np.lib.format.read_magic(stream)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran_order, dtype = read_header(stream)
    if dtype.hasobject:
        raise ValueError("holds Python objects, which are not read")
    needed = math.prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or needed > size:
        raise ValueError(f"declares shape {shape} of {dtype}, {needed} bytes, and has {size}")
    data = bytearray(stream.read())  # to the end, where the checksum is verified
    if len(data) != needed:
        raise ValueError(f"declares shape {shape} of {dtype}, {needed} bytes, and holds {len(data)}")
    return np.ndarray(shape, dtype, data, order="F" if fortran_order else "C")
