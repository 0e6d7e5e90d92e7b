"""Running a lesson from its first to its last cell: as a script in a process of its own, or as a notebook."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import IO, Any

from .. import runtime
from ..core.extras import import_extra
from ..core.processes import end_session
from .notebooks import language_setup
from .sources import Lesson

TIME_LIMIT = 120.0  # seconds; a lesson takes at most 25 on two busy cores
LONG_TIME_LIMIT = 3600.0
_TIMES_IN_FORMULAS = 10  # as long, where no kernels are compiled: the NumPy references are that slow

# The child reads the code from its standard input. Its lines stand where they stand in the lesson's file, so that an
# error's traceback shows the line there.
_CHILD = """
import sys
exec({setup!r})
exec(compile(sys.stdin.buffer.read(), {path!r}, "exec"), {{"__name__": "__main__"}})
"""


def default_time_limit(long: bool = False) -> float:
    """Return the seconds that a lesson has; ten times as many where no kernels are compiled.

    Args:
        long: Whether its cells tagged "long" run too.

    >>> default_time_limit() < default_time_limit(long=True)
    True
    """
    return (LONG_TIME_LIMIT if long else TIME_LIMIT) * (1 if runtime._native is not None else _TIMES_IN_FORMULAS)


def run_lesson(
    lesson: Lesson, lang: str = "en", long: bool = False, time_limit: float | None = None,
    output: IO[str] | None = None,
) -> float:
    """Run all cells of a lesson in a process of its own, without a screen.

    Args:
        lesson: A `Lesson`.
        lang: Language of the pictures.
        long: Whether cells tagged "long" run too.
        time_limit: Seconds; `default_time_limit` if None.
        output: An open file for what the cells print and for a traceback; this process's own output if None.

    Returns:
        The seconds that it took.

    Raises:
        RuntimeError: a cell raised an exception, or the process ended otherwise.
        TimeoutError: it took longer; the process and those it had started were ended.

    >>> from pathlib import Path
    >>> from tinynet.lessons import Cell
    >>> code = Cell({}, "assert 1 + 2 == 3", tags=(), line=1)
    >>> lesson = Lesson(Path("12_sums.py"), "12_sums", {"en": "Sums", "ko": "합"}, "1-1", 2, (code,))
    >>> run_lesson(lesson) > 0  # seconds
    True
    """
    limit = time_limit or default_time_limit(long)
    child = _CHILD.format(setup=language_setup(lang), path=str(lesson.path))
    # The cells print for this terminal, whose encoding may lack some of their characters.
    encoding = "utf-8" if output is not None else f"{getattr(sys.stdout, 'encoding', None) or 'utf-8'}:replace"
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-P", "-u", "-c", child], stdin=subprocess.PIPE, stdout=output, stderr=output,
        text=True, encoding="utf-8", start_new_session=True,
        env={**os.environ, "MPLBACKEND": "Agg", "PYTHONIOENCODING": encoding})
    try:
        process.communicate(lesson.script(long), timeout=limit)
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"lesson {lesson.name}: not finished after {limit:g} seconds") from None
    finally:
        end_session(process)
        process.wait()
    if process.returncode:
        raise RuntimeError(f"lesson {lesson.name}: a cell failed (exit code {process.returncode}); the traceback above "
                           f"has its line in {lesson.path.name}")
    return time.monotonic() - began


def run_notebook(notebook: Any, time_limit: float = TIME_LIMIT, folder: str | os.PathLike | None = None) -> Any:
    """Run a notebook's cells in a Jupyter kernel, in place: its outputs and pictures are in it afterwards.

    Args:
        notebook: Of `to_notebook`.
        time_limit: Seconds for each cell.
        folder: Where the kernel runs; the present one if None.

    Returns:
        The notebook.

    Raises:
        ModuleNotFoundError: the extra `lessons` is not installed.
        nbclient.exceptions.CellExecutionError: a cell raised an exception.
        nbclient.exceptions.CellTimeoutError: a cell took longer.

    >>> from tinynet.lessons import find_lesson, to_notebook
    >>> notebook = to_notebook(find_lesson("momentum"))
    >>> notebook.cells = notebook.cells[:2]  # the setup and the title
    >>> run_notebook(notebook).cells[1].cell_type
    'code'
    """
    nbclient = import_extra("nbclient", "lessons", "run_notebook")
    import_extra("ipykernel", "lessons", "run_notebook")
    # Without the times of its cells, and with what a cell prints as one text, not in the parts in which it came: so a
    # notebook that is run again is the same file.
    nbclient.NotebookClient(notebook, timeout=time_limit, kernel_name="python3", record_timing=False,
                            coalesce_streams=True,
                            resources={"metadata": {"path": os.fspath(folder or os.getcwd())}}).execute()
    return notebook
