"""Shared by the tests of `tinynet lessons grade`."""

import contextlib
import csv
import io
import os
import tempfile
from pathlib import Path

from lessons.class_of_ten.submissions import notebook

from tinynet.cli import main
from tinynet.lessons.grading.grade import Grader
from tinynet.lessons.grading.process import Process
from tinynet.lessons.grading.sandbox import Limits

SMALL = Limits(seconds=20, call_seconds=2, memory=1024, processes=16, disk=32, output=2)


def leftovers():
    """The processes of submissions, and their folders."""
    found = set(Path(tempfile.gettempdir()).glob("tinynet-grade-*"))
    for name in os.listdir("/proc") if os.path.isdir("/proc/self") else ():
        with contextlib.suppress(OSError):
            line = Path(f"/proc/{name}/cmdline").read_bytes()
            if name.isdecimal() and (b"lessons/grading" in line or b"lessons.grading" in line or b"12345.678" in line):
                found.add(name)
    return found


def grade(folder, table, *options):
    """(exit code, {file: {exercise: row}}) of the command."""
    code = main(["lessons", "grade", str(folder), "--out", str(table), *options])
    return code, read(table) if table.exists() else None


def read(table):
    found = {}
    for row in csv.DictReader(io.StringIO(table.read_bytes().decode("utf-8-sig"))):
        found.setdefault(row["file"], {})[row["exercise"]] = row
    return found


def marks(rows):
    return {name: (row["passed"], row["mistake"]) for name, row in rows.items() if name != "(all)"}


def graded(tmp_path, cells, limits=SMALL, **settings):
    """{exercise: row} of one notebook."""
    path = tmp_path / "one.ipynb"
    path.write_text(notebook(cells, **settings), encoding="utf-8")
    return {row.exercise: row for row in Grader("en", 7, limits).grade(path, "one.ipynb")}


def ran(cells, limits=SMALL):
    """What the sandbox answers after a run of cells."""
    with Process(limits) as process:
        process.ask({"do": "read", "long": False}, notebook(cells).encode())
        return process.ask({"do": "run"}, seconds=limits.seconds)[0]


def errors_of(*cells):
    """What each cell raised in the sandbox. One that raises nothing has 'to the end': that it ran is certain."""
    failed = ran([cell + "\nraise RuntimeError('to the end')" for cell in cells])["failed"]
    assert [number for number, _ in failed] == [*range(1, len(cells) + 1)]
    return [error for _, error in failed]
