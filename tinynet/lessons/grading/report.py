"""The table of marks, as a CSV file that a spreadsheet opens without harm."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ...utils.files import atomic_write

YES, NO, NOT_DONE, NOT_JUDGED = "yes", "no", "not done", "not judged"
ALL = "(all)"  # in the column "exercise" of a file's summary
LONGEST = 2000  # characters of a cell

# What a spreadsheet takes for the beginning of a formula, in any width of the letters; and where it may look for one:
# at the beginning of a cell, and after a semicolon, which separates the cells in some countries.
_FORMULA = re.compile(r"(^|;)( *)(?=[=+\-@＝＋－＠])")
_BOM = b"\xef\xbb\xbf"  # without it, some spreadsheets do not take the file for UTF-8


class Row(NamedTuple):
    """A line of the table.

    Attributes:
        file: Path of the notebook below the folder.
        lesson: "03_momentum", or "" if unknown.
        exercise: "momentum"; `ALL` in the summary of a file.
        passed: "yes", "no", "not done" or "not judged"; "1 of 2" in a summary (1/2 would be a date in a spreadsheet).
        mistake: Key of the recognized mistake, or of the reason why there is no mark, or "".
        message: For the student; in the summary for the teacher.
        seconds: Of the calls; in the summary of all.
    """

    file: str
    lesson: str
    exercise: str
    passed: str
    mistake: str
    message: str
    seconds: float


def printable(text: str) -> str:
    r"""Return a text of unknown origin in one line of visible characters; others are shown as escapes.

    Args:
        text: Any str. Lines are joined by " | ".

    >>> printable("a\nb\x1b[31m\u202e")
    'a | b\\x1b[31m\\u202e'
    """
    joined = text.replace("\n", " | ")
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in joined)


def shown_path(path: str | os.PathLike[str]) -> str:
    r"""Return a file's name as it can be printed; a line break in it is shown as \n.

    Args:
        path: Its path.

    >>> shown_path("a\nb.ipynb")
    'a\\nb.ipynb'
    """
    return "".join(_shown(char) for char in os.fsdecode(path))


def _shown(char):
    if char == "\\":
        return "\\\\"  # so that two names are never shown alike
    if "\udc80" <= char <= "\udcff":  # a byte that is not UTF-8
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char if char.isprintable() else char.encode("unicode_escape").decode()


def cell(value: str | float) -> str:
    """Return a value as a cell that no spreadsheet takes for a formula.

    Args:
        value: A text, or a number of seconds.

    >>> cell("=1+1"), cell("a;=1"), cell("momentum"), cell(1.25)
    ("'=1+1", "a;'=1", 'momentum', '1.2')
    """
    if isinstance(value, float):
        return f"{value:.1f}"
    text = printable(value)
    text = text if len(text) <= LONGEST else text[:LONGEST] + "..."
    return _FORMULA.sub(r"\1'\2", text)


def table(rows: Sequence[Row]) -> bytes:
    """Return the table as CSV in UTF-8.

    Args:
        rows: Its lines, in their order.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(Row._fields)
    writer.writerows([cell(value) for value in row] for row in rows)
    return _BOM + text.getvalue().encode("utf-8")


def check_output(path: Path) -> None:
    """Refuse a path that the table cannot or should not be written to, before anything runs.

    Args:
        path: Of the table.

    Raises:
        ValueError: it does not end in .csv.
        FileExistsError: something else than such a table is there, or a symbolic link, which a submission may have
            brought.
        FileNotFoundError: its folder does not exist.
        PermissionError: its folder cannot be written to.
    """
    if path.suffix != ".csv":
        raise ValueError(f"--out: {shown_path(path)} must end in .csv")
    if path.is_symlink() or path.exists() and not _is_a_table(path):
        raise FileExistsError(f"--out: {shown_path(path)} is there, and is no table of this command. Name another file")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"--out: the folder of {shown_path(path)} does not exist")
    if not os.access(path.parent, os.W_OK):
        raise PermissionError(f"--out: the folder of {shown_path(path)} cannot be written to")


def _is_a_table(path):
    head = _BOM + ",".join(Row._fields).encode()
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(head)) == head


def write_table(path: Path, rows: Sequence[Row]) -> None:
    """Write the table, whole or not at all.

    Args:
        path: A .csv file.
        rows: Its lines.

    Raises:
        OSError: it cannot be written.
    """
    with atomic_write(path) as file:
        file.write(table(rows))
