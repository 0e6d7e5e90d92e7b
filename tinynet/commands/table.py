"""CSV files: which column is what, and its values as arrays.

What is learned from the training rows is plain values (`Column`), which a model's card keeps: the same file, or another
with the same columns, is read in the same way later.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import DataError
from ..core.naming import unknown_name
from ..core.types import Array

MISSING = {"", "na", "n/a", "nan", "null", "none", "?"}  # what an empty field is written as, in small letters
MOST_BYTES = 1 << 30
MOST_CLASSES = 20  # whole numbers of at most so many values are classes
MOST_WORDS = 1000  # a column of more different words is rather a text, or a name
ENCODINGS = ("utf-8-sig", "cp949", "cp1252", "latin-1")  # the second is Excel's on Korean Windows


@dataclass
class Column:
    """A column of the input.

    Attributes:
        name: In the file's first line.
        kind: "number" or "word".
        fill: What an empty field of numbers counts as: the training rows' median.
        words: The words that the training rows have.
    """

    name: str
    kind: str
    fill: float = 0.0
    words: list[str] = field(default_factory=list)

    def to_card(self) -> dict[str, Any]:
        """Return the column as plain values; the words are in the model's own layers."""
        return {name: value for name, value in asdict(self).items() if name != "words"}


@dataclass
class Table:
    """A CSV file's columns of text: {name: fields}, all of the same length."""

    path: Path
    columns: dict[str, list[str]]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def rows(self, indices: Array) -> Table:
        """Return a table of some rows."""
        return Table(self.path, {name: [fields[i] for i in indices] for name, fields in self.columns.items()})


def read_table(path: Path) -> Table:
    """Read a CSV file with the columns' names in its first line.

    The separator is a comma, a semicolon or a tab, whichever the first line has most of; with semicolons, numbers may
    have decimal commas. The encoding is UTF-8 or else Korean or Western Windows'.

    Raises:
        DataError: no rows, no names, two columns of one name, or a row of another length; the message has the line.
    """
    if path.stat().st_size > MOST_BYTES:
        raise DataError(f"{path}: larger than {MOST_BYTES:,} bytes; read it in Python with "
                        "tn.data.experimental.CsvDataset")
    content = path.read_bytes()
    if b"\0" in content[:4096]:
        raise DataError(f"{path}: not a text file. From a spreadsheet, save it as CSV")
    for encoding in ENCODINGS:  # the last one takes any bytes
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        names = [name.strip() for name in next(reader, [])]
        if len(set(names)) < len(names) or not all(names) or not names:
            raise DataError(f"{path}: the first line must have a name for each column, each another; got {names}")
        rows = []
        for row in reader:
            if not any(part.strip() for part in row):
                continue
            if len(row) != len(names):
                raise DataError(f"{path}: line {reader.line_num} has {len(row)} fields, the first line {len(names)}")
            rows.append([part.strip() for part in row])
    except csv.Error as error:
        raise DataError(f"{path}: line {reader.line_num}: {error}") from None
    if not rows:
        raise DataError(f"{path}: no rows after the line of the columns' names")
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    if separator == ";":
        columns = {name: _with_points(fields) for name, fields in columns.items()}
    return Table(path, columns)


def _with_points(fields):
    """Fields with decimal commas as numbers; others as they are."""
    changed = [one.replace(".", "").replace(",", ".") if one.count(",") == 1 else one for one in fields]
    return changed if as_numbers(changed) is not None else fields


def is_missing(text: str) -> bool:
    """Report whether a field is empty, or has a word for that."""
    return text.lower() in MISSING


def as_numbers(fields: list[str]) -> Array | None:
    """Return fields as float64, NaN where one is empty; None if one is something else, or all are empty.

    >>> as_numbers(["1", "", "2.5"])
    array([1. , nan, 2.5])
    """
    try:
        numbers = np.array([np.nan if is_missing(text) else float(text) for text in fields])
    except ValueError:
        return None
    return None if np.isnan(numbers).all() or np.isinf(numbers).any() else numbers


def pick_target(table: Table, target: str | None, task: str | None) -> tuple[str, str]:
    """Return the target's name and 'classification' or 'regression'.

    Words are classes, and so are whole numbers of few different values; other numbers are quantities.

    Args:
        table: The file.
        target: The column's name; the last one if None.
        task: What the user wants; by the values if None.

    Raises:
        ValueError: no such column; regression of words.
        DataError: a single value, or an empty field.
    """
    name = list(table.columns)[-1] if target is None else target
    if name not in table.columns:
        raise ValueError(f"{table.path}: {unknown_name('column', name, list(table.columns))}")
    fields = table.columns[name]
    empty = sum(map(is_missing, fields))
    if empty:
        raise DataError(f"{table.path}: {empty} rows have no value in the target column {name!r}; remove them")
    if len(set(fields)) < 2:
        raise DataError(f"{table.path}: the target column {name!r} has a single value, {fields[0]!r}")
    numbers = as_numbers(fields)
    if task == "regression" and numbers is None:
        wrong = next(text for text in fields if as_numbers([text]) is None)
        raise ValueError(f"{table.path}: regression needs numbers, but the target column {name!r} has {wrong!r}")
    if task is None:
        few = numbers is not None and (numbers == np.round(numbers)).all() and len(set(fields)) <= MOST_CLASSES
        task = "classification" if numbers is None or few else "regression"
    return name, task


def input_columns(table: Table, target: str, drop: list[str]) -> tuple[list[Column], list[str]]:
    """Return the columns to learn from, and a remark about each that is left out.

    Args:
        table: The training rows.
        target: Left out.
        drop: Names to leave out.

    Raises:
        ValueError: a name in `drop` is no column.
        DataError: nothing is left.
    """
    for name in drop:
        if name not in table.columns:
            raise ValueError(f"{table.path}: {unknown_name('column', name, list(table.columns))}")
    columns, remarks = [], []
    for name, fields in table.columns.items():
        if name == target or name in drop:
            continue
        numbers = as_numbers(fields)
        counts = Counter(fields)
        if len(counts) < 2:
            remarks.append(f"column {name!r} is left out: it has one value only, {fields[0]!r}")
        elif numbers is not None:
            columns.append(Column(name, "number", fill=float(np.nanmedian(numbers))))
        elif len(counts) > min(MOST_WORDS, max(len(fields) // 2, 10)):  # a name, an address, a text
            remarks.append(f"column {name!r} is left out: {len(counts):,} different words in {len(fields):,} rows, "
                           f"such as {fields[0]!r}")
        else:
            columns.append(Column(name, "word", words=sorted(counts)))
    if not columns:
        raise DataError(f"{table.path}: no column is left to learn from. {'; '.join(remarks)}")
    return columns, remarks


def encode(table: Table, columns: list[Column]) -> dict[str, Array]:
    """Return the inputs {column: array}, shape (rows, 1): float32, or texts.

    Raises:
        DataError: a column is not there, or has a word where numbers are expected; the message has the line.
    """
    inputs = {}
    for column in columns:
        if column.name not in table.columns:
            raise DataError(f"{table.path}: no column {column.name!r}, which the model was trained with; there are "
                            f"{', '.join(table.columns)}")
        fields = table.columns[column.name]
        if column.kind == "word":
            inputs[column.name] = np.array(fields, object).astype(str)[:, None]
            continue
        numbers = as_numbers([*fields, "0"])
        if numbers is None:
            row, wrong = next((row, text) for row, text in enumerate(fields) if as_numbers([text, "0"]) is None)
            raise DataError(f"{table.path}: column {column.name!r} has {wrong!r} in row {row + 1}, expected a number")
        numbers = numbers[:-1]
        inputs[column.name] = np.where(np.isnan(numbers), column.fill, numbers).astype(np.float32)[:, None]
    return inputs
