"""Data sets of lines and of records in text files."""

from __future__ import annotations

import contextlib
import io
import itertools
import os
from collections.abc import Iterator
from typing import IO, Any

import numpy as np

from ..core.errors import DataError
from ..core.reading import allowed_bytes, open_named, translated
from ..string_tensor import StringTensor
from .dataset import Dataset
from .elements import TensorSpec, to_leaf


class TextLineDataset(Dataset):
    """The lines of text files, without their ends, as an element each.

    Args:
        filenames: Path, or list of paths.
        compression_type: "GZIP", or None.
        buffer_size, num_parallel_reads, name: Taken for TensorFlow's sake and ignored.

    Raises:
        ValueError: (while iterating) an unknown compression.
        DataError: (while iterating) damaged compressed data, or a line of more than 1 GiB; the message has the file's
            name and the line's number. It is a ValueError.
        OSError: (while iterating) a file cannot be read.

    >>> with open("poem.txt", "w") as file:
    ...     print("one", "two", sep=os.linesep, file=file)
    >>> [line.numpy() for line in TextLineDataset("poem.txt")]
    [b'one', b'two']
    """

    def __init__(self, filenames: Any, compression_type: str | None = None, buffer_size: int | None = None,
                 num_parallel_reads: int | None = None, name: str | None = None) -> None:
        def iterate():
            for path, file in _open_all(filenames, compression_type, "TextLineDataset"):
                for line in _Lines(path, file):
                    yield to_leaf(line.rstrip(b"\r\n"))

        super().__init__(iterate, TensorSpec((), object))


class CsvDataset(Dataset):
    """The records of CSV files, each a tuple of numbers and texts.

    Args:
        filenames: Path, or list of paths.
        record_defaults: One entry a column: an element type, or the value of an empty field; its type is the column's.
        compression_type: "GZIP", or None.
        buffer_size: Taken for TensorFlow's sake and ignored.
        header: Whether to leave out each file's first line.
        field_delim: The separator of fields.
        use_quote_delim: Whether quotes surround fields that contain the separator.
        na_value: A text that counts as an empty field, too.
        select_cols: The columns to take, by number; all if None.
        exclude_cols: The columns to leave out, by number, if there is no `select_cols`.

    Raises:
        DataError: (while iterating) a line has another number of fields, a field is no number, or is empty without a
            default, or the file is damaged; the message has the file's name and the line's number. It is a ValueError.
        OSError: (while iterating) a file cannot be read.
    """

    def __init__(self, filenames: Any, record_defaults: list[Any], compression_type: str | None = None,
                 buffer_size: int | None = None, header: bool = False, field_delim: str = ",",
                 use_quote_delim: bool = True, na_value: str = "", select_cols: list[int] | None = None,
                 exclude_cols: list[int] | None = None) -> None:
        columns = [_column(default) for default in record_defaults]
        import csv  # late

        quoting = csv.QUOTE_MINIMAL if use_quote_delim else csv.QUOTE_NONE

        def iterate():
            for path, file in _open_all(filenames, compression_type, "CsvDataset"):
                lines = _Lines(path, io.TextIOWrapper(file, encoding="utf-8", newline=""))
                records = csv.reader(lines, delimiter=field_delim, quoting=quoting)
                names = []
                for number in itertools.count():
                    with translated(path, position=lines.position):
                        fields = next(records, None)
                        if fields is None:
                            break
                        if header and number == 0:
                            names = fields if select_cols is None and exclude_cols is None else _selected(fields, 1)
                            continue
                        record = tuple(_value(field, *column, na_value, i, names) for i, (field, column) in enumerate(
                            zip(_selected(fields, lines.number), columns, strict=True)))
                    yield record

        def _selected(fields, line):
            """The fields of the columns that are wanted."""
            if select_cols is not None:
                if not all(-len(fields) <= i < len(fields) for i in select_cols):
                    raise ValueError(f"CsvDataset: line {line} has {len(fields)} fields, but select_cols are "
                                     f"{list(select_cols)}")
                fields = [fields[i] for i in select_cols]
            elif exclude_cols is not None:
                fields = [field for i, field in enumerate(fields) if i not in exclude_cols]
            if len(fields) != len(columns):
                raise ValueError(f"CsvDataset: line {line} has {len(fields)} fields, but record_defaults are "
                                 f"{len(columns)}")
            return fields

        super().__init__(iterate, tuple(TensorSpec((), dtype) for dtype, _ in columns))


class _Lines:
    """The lines of an open file; damage, and a line that would fill the memory, raise a DataError.

    Attributes:
        number: Of the line read last, from 1.
    """

    def __init__(self, path: str, file: IO[Any]) -> None:
        self._path = path
        self._file = file
        self._most = allowed_bytes(os.stat(path).st_size)
        self.number = 0

    def position(self) -> str:
        """The position of the line read last, for messages."""
        return f"line {self.number}"

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        self.number += 1
        with translated(self._path, position=self.position):
            line = self._file.readline(self._most)
            if len(line) == self._most:
                raise DataError(f"{self._path}: line {self.number} has more than the {self._most} bytes allowed")
        if not line:
            raise StopIteration
        return line


def _open_all(filenames, compression_type, where):
    """(path, file open for reading bytes) of each file in turn."""
    if compression_type not in (None, "", "GZIP"):
        raise ValueError(f"{where}: compression_type must be 'GZIP' or None, got {compression_type!r}")
    if compression_type == "GZIP":
        import gzip  # late
    one = isinstance(filenames, str | bytes | StringTensor) or hasattr(filenames, "__fspath__")
    for path in [filenames] if one else filenames:
        path = os.fsdecode(path.numpy() if isinstance(path, StringTensor) else path)
        with open_named(path, where) as plain, (
                gzip.open(plain, "rb") if compression_type == "GZIP" else contextlib.nullcontext(plain)) as file:
            yield path, file


def _column(default):
    """(element type, what an empty field is) from an entry of `record_defaults`."""
    if isinstance(default, type | np.dtype):
        return np.dtype(object if default in (str, bytes) else default), None
    if isinstance(default, list | tuple):  # [0.0] is a default too, [] none
        default = default[0] if default else None
    leaf = to_leaf(default)
    return leaf.dtype, leaf


def _value(field, dtype, default, na_value, number, names):
    """A field of column `number` as an array."""
    if field in ("", na_value):
        if default is None:
            raise ValueError(f"CsvDataset: a field is empty, and record_defaults has no value for its column, "
                             f"{_called(number, names)}")
        return default
    if dtype.kind == "O":
        return to_leaf(field)
    try:
        return np.array(float(field) if dtype.kind == "f" else int(field), dtype)
    except ValueError:
        kind = "number" if dtype.kind == "f" else "whole number"
        raise ValueError(
            f"CsvDataset: column {_called(number, names)} has {field!r}, which is no {kind}. With record_defaults"
            f"[{number}]='', it is text, and these two lines give each word a number:\n"
            f"    lookup = layers.StringLookup(); lookup.adapt(dataset.map(lambda *record: record[{number}]))\n"
            f"    dataset = dataset.map(lambda *record: (*record[:{number}], lookup(record[{number}]), "
            f"*record[{number + 1}:]))") from None


def _called(number, names):
    """A column's number, and its name if the file has a header."""
    return f"{number} ({names[number]!r})" if number < len(names) else str(number)
