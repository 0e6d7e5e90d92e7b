"""What to do about text where numbers are needed: which columns have it, and the lines that make numbers of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.types import Array


def explain_text(value: Any, array: Array, name: str) -> str:
    """Return what an array that should hold numbers has instead, and the lines that make numbers of it; or "".

    Args:
        value: What the user gave: an array, or a table with `columns`.
        array: The same as an ndarray.
        name: What the user would write for it: "x", "y[1]".

    >>> table = np.array([[1.5, "red"], [2.5, "blue"]], object)
    >>> print(explain_text(table, table, "x"))
    column 1 has text, such as 'red' in row 0. These lines give each word a number:
        for column in [1]: x[:, column] = np.unique(list(map(str, x[:, column])), return_inverse=True)[1]
        x = x.astype('float32')
    """
    if array.dtype.names:
        found = {column: _first_text(array[column].reshape(-1)) for column in array.dtype.names}
        texts = {column: place for column, place in found.items() if place is not None}
        return _named_columns(array, texts, name)
    if array.dtype.kind not in "USO" or array.ndim not in (1, 2) or array.size == 0:
        return ""
    columns = array.reshape(len(array), -1).T
    labels = list(getattr(value, "columns", range(len(columns))))
    texts = {label: place for label, column in zip(labels, columns, strict=True)
             if (place := _first_text(column)) is not None}
    if not texts:
        is_number = all(isinstance(one, int | float | str | np.number | np.bool_) for one in columns.flat)
        return f"all of it can be read as numbers:\n    {name} = {name}.astype('float32')" if is_number else ""
    if array.ndim == 1:
        (row, word), = texts.values()
        return (f"it has text, such as {word!r} in row {row}. This line gives each word a number:\n"
                f"    words, {name} = np.unique({name}, return_inverse=True)")
    is_table = hasattr(value, "columns")
    numbers = f"pandas.factorize({name}[column])[0]" if is_table else (
        f"np.unique(list(map(str, {name}[:, column])), return_inverse=True)[1]")
    made = "" if is_table or isinstance(value, np.ndarray) else f"    {name} = np.array({name}, object)\n"
    return (f"{_described(texts)}. These lines give each word a number:\n{made}"
            f"    for column in {list(texts)}: {name}{'[column]' if is_table else '[:, column]'} = {numbers}\n"
            f"    {name} = {name}.astype('float32')")


def _named_columns(array, texts, name):
    """The explanation for a structured array, as `np.genfromtxt(names=True, dtype=None)` makes it."""
    if not texts:
        return (f"it has named columns. This line makes a table of them:\n"
                f"    {name} = np.stack([{name}[column] for column in {name}.dtype.names], -1)")
    return (f"{_described(texts)}. These lines give each word a number, and make a table of the columns:\n"
            f"    numbers = {{column: np.unique({name}[column], return_inverse=True)[1] for column in {list(texts)}}}\n"
            f"    {name} = np.stack([numbers.get(column, {name}[column]) for column in {name}.dtype.names], -1)")


def _described(texts):
    """Which columns have text."""
    (label, (row, word)), *others = texts.items()
    more = f", column{'s' * (len(others) > 1)} {', '.join(map(repr, dict(others)))} too" if others else ""
    return f"column {label!r} has text, such as {word!r} in row {row}{more}"


def _first_text(column):
    """(row, text) of the first text in a column that is no number; None if there is none."""
    for row, one in enumerate(column.tolist()):
        if isinstance(one, str | bytes):
            try:
                float(one)
            except ValueError:
                return row, str(one) if isinstance(one, str) else one.decode(errors="replace")  # np.str_ is a str
    return None
