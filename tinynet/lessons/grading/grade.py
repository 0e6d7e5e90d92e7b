"""From a folder of notebooks to the rows of the table."""

from __future__ import annotations

import functools
import hashlib
import re
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..checks import EXERCISES, draw_cases, judge, refused
from ..checks.words import Words
from ..sources import Lesson, all_lessons
from .messages import (
    AFTER_CALL,
    BY_FUNCTIONS,
    CELL,
    CELLS_FAILED,
    IN_CALL,
    IN_NOTEBOOK,
    MISSING,
    MISSING_FAILED,
    NO_EXERCISES,
    NOT_ISOLATED,
    REASONS,
    RIGHT,
    SAME_CONTENT,
    SEED,
    UNTOUCHED,
)
from .process import START_SECONDS, Ended, Process
from .protocol import ProtocolError, pack_cases, read_outcomes
from .report import ALL, NO, NOT_DONE, NOT_JUDGED, YES, Row, shown_path
from .sandbox import Limits, SandboxError
from .submissions import Unreadable, read_submission

GRACE = 5.0  # seconds that a call may take longer than its own limit, which the child enforces
MOST_SHOWN = 3  # failed cells in a message

_CHECK = re.compile(r'lessons\.check\("(\w+)"')


@functools.cache
def exercises_of(lesson: Lesson) -> tuple[str, ...]:
    """Return the exercises that a lesson's text asks for.

    Args:
        lesson: A `Lesson`.

    >>> exercises_of(all_lessons()[2])
    ('momentum', 'nesterov')
    """
    texts = "\n".join(cell.texts["en"] for cell in lesson.cells if not cell.is_code)
    return tuple(dict.fromkeys(name for name in _CHECK.findall(texts) if name in EXERCISES))


def lesson_of(named: Any, functions: Sequence[str]) -> Lesson | None:
    """Return the lesson of a notebook, or None if it is unknown.

    Args:
        named: What its metadata has for one.
        functions: The exercises whose functions it defines. Without metadata it is of the lesson with most of them;
            of the later one if there are two, since a later lesson may use the functions of earlier ones.
    """
    lessons = all_lessons()
    for lesson in lessons:
        if lesson.name == named:
            return lesson
    counts = [len({*exercises_of(lesson)} & {*functions}) for lesson in lessons]
    most = max(counts)
    return lessons[len(counts) - 1 - counts[::-1].index(most)] if most else None


class Grader:
    """Grades notebooks, all with the same inputs.

    Args:
        lang: Of the messages: 'en' or 'ko'.
        seed: Of the inputs.
        limits: Of each notebook.
        is_isolated: False to run without the sandbox.
        long: Whether the cells tagged "long" run too.
    """

    def __init__(self, lang: str, seed: int, limits: Limits, is_isolated: bool = True, long: bool = False) -> None:
        self.lang, self.seed, self.limits, self.is_isolated, self.long = lang, seed, limits, is_isolated, long
        self._files: dict[bytes, str] = {}  # {hash of the content: the first file that has it}

    def grade(self, path: Path, name: str) -> list[Row]:
        """Return a notebook's rows, the summary last.

        Args:
            path: Its file.
            name: What the table calls it.

        Raises:
            SandboxError: the sandbox cannot be made.
        """
        begin = time.monotonic()
        submission = _Submission(self, name)
        try:
            data = read_submission(path, self.limits)
            other = self._files.setdefault(hashlib.sha256(data).digest(), name)
            if other != name:
                submission.remarks.append(SAME_CONTENT.format(other=other))
            with Process(self.limits, self.is_isolated) as process:
                submission.run(process, data)
        except Unreadable as refusal:
            submission.give_up(refusal.key, refusal.detail)
        except SandboxError:
            raise
        except Exception as error:  # a fault of tinynet's own: the table goes on, and tells it
            submission.give_up("failed", f"{type(error).__name__}: {error}")
        return submission.finished(time.monotonic() - begin)


class _Submission:
    """One notebook on its way through the questions."""

    def __init__(self, grader: Grader, name: str) -> None:
        self.grader, self.name = grader, name
        self.lesson: Lesson | None = None
        self.open: list[str] = []  # exercises without a row
        self.rows: list[Row] = []
        self.key = ""  # of the reason why it could not be run to its end
        self.remarks: list[Words] = []

    def run(self, process: Process, data: bytes) -> None:
        """Ask all questions."""
        limits, grader = self.grader.limits, self.grader
        try:
            read = process.ask({"do": "read", "long": grader.long}, data)[0]
        except Ended as end:
            return self.give_up(end.key, end.detail, START_SECONDS)
        if read["problem"] is not None:
            return self.give_up("not_a_notebook", read["problem"])
        self._found(read["lesson"], read["mentioned"])
        try:
            ran = checked_run(process.ask({"do": "run"}, seconds=limits.seconds)[0])
        except Ended as end:
            return self.give_up(end.key, end.detail, limits.seconds)
        except ProtocolError as error:
            return self.give_up("protocol", str(error))
        failed = Words(*(cells_shown(ran, lang) for lang in Words._fields))
        if ran["failures"]:
            self.remarks.append(CELLS_FAILED.format(failed=failed))
        if self.lesson is None or self.lesson.name != read["lesson"]:
            self._found(read["lesson"], [*ran["functions"]])
        while self.open:
            name = self.open[0]
            known = ran["functions"].get(name)
            if known is None:
                words = MISSING_FAILED if ran["failures"] else MISSING
                self._add(name, NOT_DONE, "missing", words.format(name=name, failed=failed))
            elif known["untouched"]:
                self._add(name, NOT_DONE, "untouched", UNTOUCHED.format(name=name))
            elif known["refused"] is not None:
                key, got = known["refused"]
                result = refused(EXERCISES[name], key, got, grader.lang)
                self._add(name, NO, result.mistake, result.message)
            else:
                self._call(process, name)
            self.open = self.open[1:]
        return None

    def _found(self, named, functions):
        """Set the lesson and its exercises."""
        self.lesson = lesson_of(named, functions)
        self.open = list(exercises_of(self.lesson)) if self.lesson else []
        self.remarks = [remark for remark in self.remarks if remark != BY_FUNCTIONS]
        if self.lesson and self.lesson.name != named:
            self.remarks.append(BY_FUNCTIONS)

    def _call(self, process, name):
        """Call a function and judge what it returns."""
        grader, exercise, begin = self.grader, EXERCISES[name], time.monotonic()
        seconds = grader.limits.call_seconds
        cases = draw_cases(name, grader.seed)
        tree, types, body = pack_cases(cases)
        try:
            header, answer = process.ask({"do": "call", "exercise": name, "cases": tree, "arrays": types,
                                          "seconds": seconds}, body, seconds + GRACE)
            outcomes, repeated = read_outcomes(header, answer, exercise, len(cases))
            with np.errstate(all="ignore"):
                result = judge(exercise, cases, outcomes, grader.lang, repeated)
        except (Ended, ProtocolError) as end:
            process.end()
            key, detail = (end.key, end.detail) if isinstance(end, Ended) else ("protocol", str(end))
            reason = self._reason(key, detail, seconds)
            self._add(name, NO, key, IN_CALL.format(name=name, reason=reason), time.monotonic() - begin)
            self.key = key
            for later in self.open[1:]:
                self._add(later, NOT_JUDGED, key, AFTER_CALL.format(name=name))
            self.open = []
            return
        key = result.mistake or "/".join(result.candidates)
        self._add(name, YES if result.passed else NO, key, result.message, time.monotonic() - begin)

    def give_up(self, key: str, detail: Any = "", seconds: float = 0.0) -> None:
        """Give all exercises that have no row yet the same reason, a key of `REASONS`."""
        reason = self._reason(key, detail, seconds)
        self.key = key
        self.remarks.insert(0, IN_NOTEBOOK.format(reason=reason))
        for name in self.open:
            self._add(name, NOT_JUDGED, key, IN_NOTEBOOK.format(reason=reason))
        self.open = []

    def _reason(self, key, detail, seconds):
        return REASONS[key].format(**{**vars(self.grader.limits), "seconds": seconds, "detail": detail})

    def _add(self, exercise, passed, mistake, message, seconds=0.0):
        text = message.of(self.grader.lang) if isinstance(message, Words) else message
        self.rows.append(Row(self.name, self.lesson.name if self.lesson else "", exercise, passed, mistake or "", text,
                             seconds))

    def finished(self, seconds: float) -> list[Row]:
        """Return the rows, with the summary."""
        right = sum(row.passed == YES for row in self.rows)
        remarks = self.remarks
        if self.rows:
            remarks = [RIGHT.format(right=right, count=len(self.rows)), *remarks]
        elif self.lesson:
            remarks = [NO_EXERCISES, *remarks]
        elif not self.key:
            self.key = "unknown_lesson"
            remarks = [REASONS[self.key], *remarks]
        if not self.grader.is_isolated:
            remarks = [*remarks, NOT_ISOLATED]
        text = " ".join(remark.of(self.grader.lang) for remark in [*remarks, SEED.format(seed=self.grader.seed)])
        passed = f"{right} of {len(self.rows)}" if self.rows or self.lesson else NOT_JUDGED
        self.rows.append(Row(self.name, self.lesson.name if self.lesson else "", ALL, passed, self.key, text, seconds))
        return self.rows


def checked_run(answer: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to "run", which may be the student's own.

    Args:
        answer: Its header.

    Raises:
        ProtocolError: a field is missing or of another type.
    """
    failures, failed, functions = (answer.get(key) for key in ("failures", "failed", "functions"))
    if type(failures) is not int or not isinstance(failed, list) or not isinstance(functions, dict):
        raise ProtocolError("an answer without cells and functions")
    for item in failed:
        if not (isinstance(item, list) and [type(part) for part in item] == [int, str]):
            raise ProtocolError("a failed cell without number and error")
    for name, known in functions.items():
        refusal = known.get("refused") if isinstance(known, dict) else 0
        is_pair = isinstance(refusal, list) and len(refusal) == 2 and isinstance(refusal[1], str) \
            and refusal[0] in ("not_a_function", "signature")
        if name not in EXERCISES or not (refusal is None or is_pair) or type(known.get("untouched")) is not bool:
            raise ProtocolError("a function that is none")
    return answer


def cells_shown(ran: dict[str, Any], lang: str) -> str:
    """Return the first failed cells with their errors.

    Args:
        ran: Of `checked_run`.
        lang: 'en' or 'ko'.
    """
    shown = [CELL.format(number=number, error=error).of(lang) for number, error in ran["failed"][:MOST_SHOWN]]
    return ", ".join([*shown, "..."] if ran["failures"] > MOST_SHOWN else shown)


def grade_all(paths: Sequence[Path], folder: Path, grader: Grader,
              progress: Callable[[int, list[Row]], None]) -> Iterator[Row]:
    """Grade notebooks one after another.

    Args:
        paths: Of `find_submissions`.
        folder: Below which they are.
        grader: A `Grader`.
        progress: Called after each with its number from 1 and its rows.

    Yields:
        The rows of all.

    Raises:
        SandboxError: the sandbox cannot be made.
    """
    for number, path in enumerate(paths, 1):
        rows = grader.grade(path, shown_path(path.relative_to(folder)))
        progress(number, rows)
        yield from rows


def check_sandbox(limits: Limits) -> None:
    """Run an empty notebook in the sandbox.

    Args:
        limits: Of a submission.

    Raises:
        SandboxError: it does not work here; the message has the reason.
    """
    with Process(limits) as process:
        try:
            process.ask({"do": "read", "long": False}, b'{"cells": []}')
            process.files()
        except OSError as error:
            raise SandboxError(f"its files cannot be counted: {error}") from None
        except Ended as end:
            output = " ".join(process.first_output.decode(errors="replace").split())
            raise SandboxError(output or f"{end.key} {end.detail}") from None
