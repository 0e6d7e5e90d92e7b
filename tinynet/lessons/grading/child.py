"""A submission's process: it runs the notebook's cells, then calls the student's functions with the grader's inputs.

It answers three questions that come through a pipe, each with a frame (protocol.py):

    read    what is in this notebook (the body)?  No code of it runs.
    run     run its cells: which failed, which functions of exercises are there?
    call    call the function of an exercise with these inputs: what did it do?

From "run" on, the student's code shares this process and may have replaced anything in it. So nothing that it answers
is a mark: the grader compares the results itself, with a reference that runs in another process.
"""

from __future__ import annotations

import ast
import contextlib
import json
import linecache
import os
import re
import sys
import traceback
import types
from collections.abc import Callable
from typing import Any

from ...core.reading import describe
from ..checks import EXERCISES, Exercise, Outcome, refusal, run_all
from .protocol import HEAD, MOST_TEXT, frame, pack_outcomes, unpack_cases

MOST_FAILED = 20  # cells whose errors are told
_DEFINED = re.compile(r"^[ \t]*(?:def[ \t]+)?my_(\w+)[ \t]*[(=]", re.MULTILINE)
_MAGIC = re.compile(r"^([ \t]*)(?:[%!?].*|[^#'\"\n]*\?{1,2}\s*)$", re.MULTILINE)
_RUN_BODY = ("%%time", "%%timeit", "%%capture", "%%prun")  # cell magics whose cell is Python


class NotANotebook(Exception):
    """The bytes are no notebook. The message tells what is missing."""


def read_notebook(data: bytes, long: bool) -> tuple[str | None, list[str]]:
    """Return (the name of its lesson or None, the code of its code cells).

    Args:
        data: An .ipynb file.
        long: Whether cells tagged "long" are among them. One in which a function of an exercise is defined always is.

    Raises:
        NotANotebook: it is another thing.

    >>> read_notebook(b'{"cells": [{"cell_type": "code", "source": ["x = 1"]}], "metadata": {}}', False)
    (None, ['x = 1'])
    """
    try:
        tree = json.loads(data)
    except (ValueError, RecursionError, MemoryError) as error:
        raise NotANotebook(describe(error)) from None
    cells = tree.get("cells") if isinstance(tree, dict) else None
    if not isinstance(cells, list):
        raise NotANotebook('no list "cells" in it')
    found = []
    for number, cell in enumerate(cells, 1):
        source = cell.get("source") if isinstance(cell, dict) else None
        if isinstance(source, list) and all(isinstance(line, str) for line in source):
            source = "".join(source)
        if not isinstance(source, str):
            raise NotANotebook(f"cell {number} has no text")
        if cell.get("cell_type") != "code":
            continue
        tags = _entry(cell, "metadata", "tags")
        if long or not (isinstance(tags, list) and "long" in tags) or _mentioned([source]):
            found.append(source)
    lesson = _entry(tree, "metadata", "tinynet", "lesson")
    return lesson if isinstance(lesson, str) else None, found


def _entry(tree, *keys):
    for key in keys:
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree


def _mentioned(sources):
    """The exercises whose functions a notebook seems to define, without running it."""
    names = {name for source in sources for name in _DEFINED.findall(source)}
    return [name for name in EXERCISES if name in names]


def run_cells(sources: list[str], module: types.ModuleType) -> list[tuple[int, str]]:
    """Run cells in a module, each after the other even if one fails.

    Args:
        sources: Their code.
        module: Whose names they share.

    Returns:
        (number of the cell from 1, its error) of each cell that failed.
    """
    failed = []
    for number, source in enumerate(sources, 1):
        name = f"<cell {number}>"
        try:
            code = _compiled(source, name)
            exec(code, module.__dict__)
        except BaseException as error:  # SystemExit and KeyboardInterrupt of the student's too
            failed.append((number, _described(error)))
        with contextlib.suppress(Exception):  # as a notebook's inline backend does
            if "matplotlib.pyplot" in sys.modules:
                sys.modules["matplotlib.pyplot"].close("all")
    return failed


def _compiled(source, name):
    """A cell's code; IPython's own lines (%matplotlib, !pip) are left out of a cell that is no Python with them."""
    try:
        code = compile(source, name, "exec", dont_inherit=True)
    except SyntaxError:
        first = source.lstrip().split("\n", 1)[0]
        if first.startswith("%%") and not first.startswith(_RUN_BODY):
            source = ""  # a cell of another language
        source = _MAGIC.sub(r"\1pass", source)
        code = compile(source, name, "exec", dont_inherit=True)
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    return code


def _described(error):
    try:
        text = "".join(traceback.format_exception_only(error)).strip().splitlines()[-1]
    except Exception:  # a student's own exception class
        text = type(error).__name__
    return text[:MOST_TEXT]


def is_untouched(function: Callable[..., Any], exercise: Exercise) -> bool:
    """Whether a function is still the empty one that `lessons.exercise` prints.

    Its body, apart from a docstring, is `...`, `pass`, `raise NotImplementedError`, or a `return` of nothing or of the
    names that the template returns.

    Args:
        function: The student's.
        exercise: What it should be.

    >>> is_untouched(lambda W, K, P, S: 3, EXERCISES["output_size"])
    False
    """
    code = getattr(function, "__code__", None)
    if not isinstance(code, types.CodeType):
        return False
    try:
        tree = ast.parse("".join(linecache.getlines(code.co_filename)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and (node.lineno, node.name) == (code.co_firstlineno, code.co_name):
            return all(_does_nothing(statement, exercise) for statement in node.body)
    return False


def _does_nothing(statement, exercise):
    if isinstance(statement, ast.Return):
        returned = ast.unparse(statement.value).strip("()") if statement.value else "None"
        return returned in ("None", "...", "Ellipsis", ", ".join(exercise.outputs))
    if isinstance(statement, ast.Raise):
        return statement.exc is not None and "NotImplemented" in ast.unparse(statement.exc)
    return isinstance(statement, ast.Pass) or isinstance(statement, ast.Expr) and isinstance(
        statement.value, ast.Constant)


def functions_of(module: types.ModuleType) -> dict[str, dict[str, Any]]:
    """Return {exercise: {"untouched": bool, "refused": None or [key, what came]}} of the functions that there are.

    Args:
        module: In which the cells ran.
    """
    found = {}
    for name, exercise in EXERCISES.items():
        if f"my_{name}" not in module.__dict__:
            continue
        function = module.__dict__[f"my_{name}"]
        untouched, refused = False, None
        try:
            untouched, refused = is_untouched(function, exercise), refusal(exercise, function)
        except Exception as error:  # an object that fights
            refused = ("not_a_function", _described(error))
        found[name] = {"untouched": untouched, "refused": refused and [refused[0], refused[1][:MOST_TEXT]]}
    return found


class Child:
    """Answers questions until the pipe ends.

    Args:
        question, answer: Descriptors of the two pipes.
    """

    def __init__(self, question: int, answer: int) -> None:
        self.question, self.answer = question, answer
        self.pid = os.getpid()
        self.sources: list[str] = []
        self.module = types.ModuleType("__main__")
        self.module.__dict__["display"] = lambda *objects: print(*objects, sep="\n")  # a notebook's own

    def serve(self) -> None:
        """Answer all questions."""
        while (asked := self._asked()) is not None:
            header, body = asked
            answered, data = getattr(self, header["do"])(header, body)
            if os.getpid() != self.pid:
                os._exit(0)  # a copy that the notebook has made by os.fork()
            self._write(frame({"nonce": header["nonce"], **answered}, data))

    def read(self, header: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        """Answer what is in a notebook."""
        try:
            lesson, self.sources = read_notebook(body, header["long"])
        except NotANotebook as error:
            return {"problem": str(error)[:MOST_TEXT]}, b""
        return {"problem": None, "lesson": lesson and lesson[:MOST_TEXT], "cells": len(self.sources),
                "mentioned": _mentioned(self.sources)}, b""

    def run(self, header: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        """Run the notebook."""
        sys.modules["__main__"] = self.module
        failed = run_cells(self.sources, self.module)
        return {"failures": len(failed), "failed": failed[:MOST_FAILED], "functions": functions_of(self.module)}, b""

    def call(self, header: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        """Call a student's function."""
        exercise = EXERCISES[header["exercise"]]
        cases = unpack_cases(header["cases"], header["arrays"], body)
        try:
            outcomes, repeated = run_all(self.module.__dict__[f"my_{exercise.name}"], exercise, cases,
                                         header["seconds"])
        except KeyboardInterrupt:  # for `check` it is the user's Ctrl-C; here nobody sits
            outcomes, repeated = [Outcome("error", detail="KeyboardInterrupt")] * len(cases), None
        return pack_outcomes([*outcomes, repeated], exercise)

    def _asked(self):
        head = self._read(HEAD.size)
        if not head:
            return None
        _, header, body = HEAD.unpack(head)
        return json.loads(self._read(header)), self._read(body)

    def _read(self, size):
        parts = []
        while size:
            part = os.read(self.question, min(size, 1 << 20))
            if not part:
                return b""
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _write(self, data):
        view = memoryview(data)
        while view:
            view = view[os.write(self.answer, view) :]


def main() -> None:
    """Serve the pipes whose descriptors are this process's arguments."""
    question, answer = map(int, sys.argv[1:3])
    for descriptor in (question, answer):
        os.set_inheritable(descriptor, False)
    sys.argv = [""]
    Child(question, answer).serve()
    os._exit(0)  # the student's threads and exit functions are not asked


if __name__ == "__main__":
    main()
