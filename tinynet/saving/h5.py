"""Keras's own weights in HDF5: the file inside its `.keras` archives, and `.weights.h5`.

    layers/dense/vars            a group; its attribute `name` is the layer's name
    layers/dense/vars/0          a dataset for each variable

HDF5 files can link to other files, and to themselves. Only plain datasets of numbers are read, and none before its
shape has been compared with the model's.
"""

from __future__ import annotations

import contextlib
import io
import math
import re
import struct
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from ..core.errors import ModelFileError
from ..core.extras import import_extra
from ..core.reading import allowed_bytes, translated
from ..core.types import Array
from .state import Stored, owners

MAX_CHUNK = 1 << 30  # bytes of the blocks in which a dataset is compressed; HDF5 makes a whole one to read an element
TEXTS = (b"layer_names", b"weight_names", b"model_config", b"training_config")  # the attributes that are read


def import_h5py() -> Any:
    """Import the module h5py.

    Raises:
        ModuleNotFoundError: it is not installed; the message names the extra.
    """
    return import_extra("h5py", "h5", "reading or writing HDF5 (.h5, .weights.h5, and the .keras files of Keras)",
                        remedy=". Without it, use model.save('name.keras') and model.save_weights('name.safetensors')")


@contextlib.contextmanager
def open_h5(file: BinaryIO, where: str) -> Iterator[Any]:
    """Open a binary file as an `h5py.File`.

    Args:
        file: Open for reading.
        where: What the messages call the file.

    Raises:
        ModelFileError: it is not an HDF5 file, or reading it shows that it is damaged.
    """
    h5py = import_h5py()
    content = file.read()
    with translated(where, ModelFileError, lambda: "not an HDF5 file, or a damaged one"):
        _check_texts(content, where)
        with h5py.File(io.BytesIO(content), "r") as opened:
            yield opened


def attribute(item: Any, name: str, where: str) -> Any:
    """Return an attribute that is a text, or an array of texts.

    Args:
        item: A group of an `h5py.File`.
        name: One of `TEXTS`, perhaps with a number after it.
        where: What the messages call the file.

    Raises:
        ModelFileError: its elements are no texts. HDF5 makes room for elements of other kinds without a limit.
    """
    identifier = item.attrs.get_id(name)
    if math.prod(identifier.shape) and import_h5py().check_string_dtype(identifier.dtype) is None:
        raise ModelFileError(f"{where}: {name} is {identifier.dtype}, not a text")
    return item.attrs[name]


def _check_texts(content, where):
    """Refuse a text that is longer than its file: HDF5 would take up to 4 GiB for it before it finds that out.

    An attribute holds the length of its text, and where the text is. h5py does not tell the length, so attributes are
    looked for in the bytes of the file.
    """
    looked_at = 0
    for name in TEXTS:
        at = content.find(name)
        while at >= 0:
            for start in (at - 8, at - 9):
                try:
                    lengths = _lengths_of_texts(content, start, at, name)
                except (struct.error, IndexError, ValueError, TypeError, OverflowError):
                    continue  # no attribute, or one that HDF5 refuses
                looked_at += lengths.size
                longest = lengths.max(initial=0)
                if longest > len(content) or looked_at > len(content):  # or attributes within attributes
                    raise ModelFileError(f"{where}: {name.decode()} states a text of {longest} bytes, the file has "
                                         f"{len(content)}")
            at = content.find(name, at + 1)


def _lengths_of_texts(content, start, at, name):
    """The lengths of the texts of an attribute that starts at `start` and has its name at `at`.

    It is: version, flags, the sizes of the three parts that follow; in version 3 one byte more; name, element type,
    shape; then the elements. Version 1 pads the parts to 8 bytes.

    Source: HDF5 File Format Specification 3.0, IV.A.2.m "The Attribute Message".
    """
    version, flags, name_size, type_size, shape_size = struct.unpack_from("<BBHHH", content, start)
    if start < 0 or (version, at - start) not in {(1, 8), (2, 8), (3, 9)}:
        raise ValueError("not an attribute")
    if not re.fullmatch(re.escape(name) + rb"\d*\0+", content[at:at + name_size]):
        raise ValueError("another name")
    if version > 1 and flags & 3:
        return np.array([2**32])  # type or shape stand elsewhere in the file: no known program writes that

    def padded(size):
        return -(-size // 8) * 8 if version == 1 else size

    kind = at + padded(name_size)
    shape = kind + padded(type_size)
    elements = shape + padded(shape_size)
    is_of_lengths, is_null = content[kind] & 15 == 9, content[shape] == 2 and content[shape + 3] == 2
    if not is_of_lengths or is_null:
        return np.array([], int)  # elements of one length are in the attribute itself
    element_size, = struct.unpack_from("<I", content, kind + 4)
    if element_size < 4:
        raise ValueError("no room for a length")
    count = math.prod(struct.unpack_from(f"<{content[shape + 1]}Q", content, shape + (8 if content[shape] == 1 else 4)))
    return np.ndarray((count,), "<u4", content, elements, (element_size,))


@contextlib.contextmanager
def opened(file: BinaryIO, where: str) -> Iterator[dict[str, Stored]]:
    """Open a binary file as {path: Stored} of all its datasets; see `datasets`."""
    with open_h5(file, where) as root:
        yield datasets(root, where)


def datasets(group: Any, where: str) -> dict[str, Stored]:
    """Return {path: Stored} of all datasets below a group.

    Args:
        group: Of an `h5py.File`.
        where: What the messages call the file.

    Raises:
        ModelFileError: links that lead elsewhere, and datasets that are not plain numbers in this file.
    """
    h5py = import_h5py()
    found, seen = {}, set()

    def visit(group, path):
        address = h5py.h5o.get_info(group.id).addr
        if address in seen:
            raise ModelFileError(f"{where}: group {path!r} is there twice")
        seen.add(address)
        for name in group:
            inner = f"{path}/{name}" if path else name
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise ModelFileError(f"{where}: {inner!r} is a link to {getattr(link, 'filename', '')}{link.path!r}")
            item = group[name]
            if isinstance(item, h5py.Group):
                visit(item, inner)
            elif (not isinstance(item, h5py.Dataset) or item.external or item.is_virtual
                  or item.dtype.kind not in "fiub"):
                raise ModelFileError(f"{where}: {inner!r} is not a plain array of numbers")
            elif item.chunks and math.prod(item.chunks) * item.dtype.itemsize > MAX_CHUNK:
                raise ModelFileError(f"{where}: {inner!r} is compressed in blocks of "
                                     f"{math.prod(item.chunks) * item.dtype.itemsize} bytes, at most {MAX_CHUNK} are "
                                     "allowed")
            else:
                found[inner] = Stored(item.shape, item.dtype, lambda item=item: item[()])

    visit(group, "")
    return found


def total_bytes(stored: dict[str, Stored], where: str, size: int, max_bytes: int | None = None) -> int:
    """Return how many bytes all datasets take together.

    Args:
        stored: From `opened` or `datasets`.
        where: What the messages call the file.
        size: Bytes of the file.
        max_bytes: The most they may take; the larger of 1 GiB and 10 times the file if None.

    Raises:
        ModelFileError: more, which a small file of compressed datasets can declare, too.
    """
    allowed = allowed_bytes(size, max_bytes)
    total = sum(math.prod(one.shape) * one.dtype.itemsize for one in stored.values())
    if total > allowed:
        raise ModelFileError(f"{where}: declares {total} bytes of arrays, more than the {allowed} allowed for a file "
                             f"of {size}; pass max_bytes=... if it is meant")
    return total


def of_weights(stored: dict[str, Stored]) -> dict[str, Stored]:
    """Select the arrays that tinynet has, too: what Keras keeps of metrics and random seeds is left out."""
    return {name: one for name, one in stored.items() if not _is_bookkeeping(name)}


def _is_bookkeeping(name):
    parts = name.split("/")
    return "seed_generator" in parts or "metrics" in parts or parts[0].startswith(("_", "compile"))


def to_bytes(model: Any, arrays: dict[str, Array]) -> memoryview:
    """Return the content of a `.weights.h5` file.

    Args:
        model: The model.
        arrays: From `gather`.
    """
    h5py = import_h5py()
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        for path, owner in owners(model).items():
            group = file.create_group(f"{path}/vars" if path else "vars")
            group.attrs["name"] = owner.name
        for name, array in arrays.items():
            file[name] = array
    return content.getbuffer()
