"""`tinynet lessons grade`: run submitted notebooks and write a table of marks."""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from pathlib import Path
from typing import Any

from ...plots.messages import LANGUAGES
from .grade import Grader, check_sandbox, grade_all
from .messages import BEGIN, DONE, ISOLATED, REFUSED, UNSAFE
from .report import Row, check_output, printable, shown_path, write_table
from .sandbox import Limits, SandboxError, check_hidden, check_system
from .submissions import find_submissions

DESCRIPTION = """\
Run a folder of submitted notebooks (the course's lessons, filled in by students), each in a sandbox of its own, and
write a table of marks with the messages that lessons.check gives. A submission cannot mark itself: its cells run in
the sandbox, then its functions (my_momentum, ...) get inputs that are drawn afterwards, and the grader compares what
they return.
"""
EPILOG = """\
columns of the table (CSV, UTF-8), a line for each exercise and a summary for each file:
  file      path of the notebook below FOLDER
  lesson    of its metadata; where that is missing, found by its functions
  exercise  momentum, nesterov, ...; (all) in the summary
  passed    yes, no, not done (missing, or still the empty template), not judged; in the summary 1 of 2
  mistake   key of the recognized mistake (rho_on_gradient), or of what stopped it (time_limit, memory_limit,
            process_limit, file_limit, output_limit, ended, protocol, not_a_notebook, too_large, not_a_file, unreadable,
            unknown_lesson); several that explain the results equally well are joined by /
  message   what went wrong and what is right; in the summary cells that failed, files with equal content, the seed
  seconds   of the calls; in the summary of the whole notebook
Cells that a spreadsheet would take for a formula begin with an apostrophe.

isolated, by bubblewrap (Linux; apt install bubblewrap): network, files (the system read-only, no home, no other
submission), processes, memory, disk, output, environment. Not isolated: a fault in the Linux kernel would let a
program out; the processor's time and caches are shared, so that a submission can slow others down until its time
limit, and could measure them. A function that calls tinynet's own reference is right: read what is submitted.
"""


def add_parser(actions: Any, number: Any) -> argparse.ArgumentParser:
    """Add `grade` to `tinynet lessons`.

    Args:
        actions: The subparsers of `lessons`.
        number: Makes an argparse type of (kind, least, most, open_below).

    Returns:
        The subcommand's parser.
    """
    limits = Limits()
    grade = actions.add_parser("grade", help="run a folder of submitted notebooks and write a table of marks",
                               description=DESCRIPTION, epilog=EPILOG,
                               formatter_class=argparse.RawDescriptionHelpFormatter)
    grade.add_argument("folder", metavar="FOLDER", type=Path, help="where the notebooks are, subfolders included")
    # Not `out`: `lessons --out` has that name, and the outer parser's value would be overwritten.
    grade.add_argument("--out", metavar="FILE.csv", type=Path, required=True, dest="table", help="the table")
    grade.add_argument("--lang", choices=LANGUAGES, default=argparse.SUPPRESS, help="language of the messages")
    grade.add_argument("--seed", type=number(int, 0, 2**32 - 1), metavar="N",
                       help="of the inputs; drawn for each run, and told in the table, if left out")
    grade.add_argument("--unsafe", action="store_true",
                       help="where there is no sandbox, run the notebooks with your own rights all the same")
    grade.add_argument("--long", action="store_true", default=argparse.SUPPRESS,
                       help="run the cells that train for long, too")
    for option, kind, least, most, default, text in (
        ("--time-limit", float, 0.1, 86400, limits.seconds, "seconds for all cells of a notebook"),
        ("--call-limit", float, 0.1, 3600, limits.call_seconds, "seconds for all calls of one function"),
        ("--memory", int, 256, 1 << 20, limits.memory, "MB of memory, for each process and for all together"),
        ("--processes", int, 1, 4096, limits.processes, "processes and threads"),
        ("--disk", int, 1, 1 << 20, limits.disk, "MB of files in its own /tmp"),
        ("--output", int, 1, 4096, limits.output, "MB that it may print"),
        ("--notebook", int, 1, 1024, limits.notebook, "MB that a notebook's file may have"),
    ):
        grade.add_argument(option, type=number(kind, least, most), default=default, metavar="N",
                           help=f"{text} (default: %(default)g)")
    grade.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help="show where an error came from")
    grade.set_defaults(run=run)
    return grade


def run(arguments: argparse.Namespace) -> int:
    """Grade the notebooks.

    Args:
        arguments: Those that `add_parser` declares.

    Returns:
        The exit code.

    Raises:
        SandboxError: there is no sandbox, and not `--unsafe`; or this is Windows.
        OSError: the folder or the table cannot be used.
        ValueError: the table's name does not end in .csv.
    """
    lang, begin = arguments.lang, time.monotonic()
    limits = Limits(seconds=arguments.time_limit, call_seconds=arguments.call_limit, memory=arguments.memory,
                    processes=arguments.processes, disk=arguments.disk, output=arguments.output,
                    notebook=arguments.notebook)
    check_system()
    check_output(arguments.table)
    paths = find_submissions(arguments.folder)
    is_isolated = True
    try:
        check_hidden(arguments.folder)
        check_sandbox(limits)
        _show(ISOLATED.of(lang))
    except SandboxError as error:
        reason = printable(str(error))
        if not arguments.unsafe:
            raise SandboxError(REFUSED.format(reason=reason).of(lang)) from None
        is_isolated = False
        _show(UNSAFE.format(reason=reason).of(lang), sys.stderr)
    seed = secrets.randbelow(2**32) if arguments.seed is None else arguments.seed
    _show(BEGIN.format(count=len(paths), seed=seed, seconds=limits.seconds).of(lang))

    def progress(number: int, rows: list[Row]) -> None:
        summary = rows[-1]
        _show(f"[{number}/{len(paths)}] {summary.file}: {summary.passed}  {summary.mistake or summary.lesson}  "
              f"{summary.seconds:.1f} s")

    grader = Grader(lang, seed, limits, is_isolated, arguments.long)
    rows = list(grade_all(paths, arguments.folder, grader, progress))
    write_table(arguments.table, rows)
    _show(DONE.format(count=len(paths), seconds=time.monotonic() - begin, path=shown_path(arguments.table)).of(lang))
    return 0


def _show(text, stream=None):
    """Print a line. A name that the terminal's encoding does not have must not end the run before its table."""
    stream = stream or sys.stdout
    encoding = stream.encoding or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding), file=stream, flush=True)
