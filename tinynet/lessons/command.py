"""`tinynet lessons`: list the course's lessons, write them as notebooks, run one; grade those that students return."""

from __future__ import annotations

import argparse
import functools
import tempfile
import time
from typing import Any

from ..core.extras import install_hint
from ..core.terminal import columns, display_width
from ..plots.messages import LANGUAGES
from .grading import command as grading_command
from .notebooks import write_notebooks
from .run import default_time_limit, run_lesson, run_notebook
from .sources import all_lessons, find_lesson

_WORDS = {
    "en": {"head": "The course, a lesson a line: number, name, title, course rows, minutes",
           "next": "Read one in the browser:  tinynet lab lesson/{name}   (needs {lab})\n"
                   "Notebooks of them:        tinynet lessons --lang en --out FOLDER   (needs {hint})\n"
                   "Run one here:             tinynet lessons run {name}\n"
                   "Grade returned ones:      tinynet lessons grade FOLDER --out report.csv"},
    "ko": {"head": "강의 목록: 번호, 이름, 제목, 강의 항목, 시간(분)",
           "next": "브라우저에서 읽기:  tinynet lab lesson/{name} --lang ko   (필요: {lab})\n"
                   "노트북으로 받기:    tinynet lessons --lang ko --out 폴더   (필요: {hint})\n"
                   "여기서 실행하기:    tinynet lessons run {name} --lang ko\n"
                   "제출물 채점하기:    tinynet lessons grade 폴더 --out report.csv --lang ko"},
}
_WRITTEN = {
    "en": "{count} notebooks written to {folder}. Open them in an editor that shows notebooks, or in JupyterLab (pip install "
          "jupyterlab): jupyter lab {folder}",
    "ko": "노트북 {count}개를 {folder}에 저장했습니다. 노트북을 지원하는 편집기나 JupyterLab(pip install jupyterlab)으로 열어 보세요: "
          "jupyter lab {folder}",
}


def add_parser(commands: Any, number: Any) -> argparse.ArgumentParser:
    """Add `lessons` to the command line.

    Args:
        commands: The parser's subcommands.
        number: Makes an argparse type of (kind, least, most, open_below).

    Returns:
        The subcommand's parser.
    """
    lessons = commands.add_parser(
        "lessons", help="the course: list its lessons, write them as notebooks, run one, grade notebooks",
        description="List the course's lessons. With --out, write them as Jupyter notebooks.")
    lessons.add_argument("--lang", choices=LANGUAGES, default="en", help="language (default: %(default)s)")
    lessons.add_argument("--out", metavar="FOLDER", help="write all lessons as notebooks into this folder")
    lessons.add_argument("--force", action="store_true", help="overwrite notebooks that are there and differ")
    lessons.add_argument("--long", action="store_true", help="with the cells that train for long")
    lessons.add_argument("--outputs", action="store_true",
                         help="run the notebooks, so that their pictures and numbers are in them (some minutes)")
    lessons.set_defaults(run=run)
    actions = lessons.add_subparsers(dest="action", metavar="ACTION")
    one = actions.add_parser("run", help="run all cells of a lesson and print what they print",
                             description="Run all cells of a lesson, without a screen, and print what they print.")
    one.add_argument("name", metavar="NAME", help="its name or number: 03_momentum, momentum, 3")
    one.add_argument("--lang", choices=LANGUAGES, default=argparse.SUPPRESS, help="language of the pictures")
    one.add_argument("--long", action="store_true", default=argparse.SUPPRESS,
                     help="with the cells that train for long")
    one.add_argument("--time-limit", type=number(float, 0, open_below=True), metavar="SECONDS",
                     help="default: 120; an hour with --long; ten times as many where nothing is compiled")
    one.add_argument("--debug", action="store_true", default=argparse.SUPPRESS,
                     help="show where an error came from")
    one.set_defaults(run=run_one)
    grading_command.add_parser(actions, number)
    return lessons


def run(arguments: argparse.Namespace) -> int:
    """List the lessons, or write them.

    Args:
        arguments: Those that `add_parser` declares.

    Returns:
        The exit code.

    Raises:
        ValueError: --force, --long or --outputs without --out.
        FileExistsError: notebooks are there that differ.
        ModuleNotFoundError: the extra `lessons` is not installed.
        nbclient.exceptions.CellExecutionError: a cell failed.
    """
    lang = arguments.lang
    if arguments.out is None:
        if arguments.force or arguments.long or arguments.outputs:
            raise ValueError("--force, --long and --outputs are for --out FOLDER, which names where the notebooks go")
        lessons = all_lessons()
        print(_WORDS[lang]["head"] + "\n")
        width = max(len(lesson.key) for lesson in lessons)
        room = columns() or 200
        for lesson in lessons:
            name, rest = f"{lesson.number:02}  {lesson.key:<{width}}  ", f"[{lesson.rows}] {lesson.minutes}"
            line = f"{name}{lesson.titles[lang]}  {rest}"
            # Where the terminal is too narrow, the title is on the next line.
            print(line if display_width(line) <= room else f"{name}{rest}\n    {lesson.titles[lang]}")
        print("\n" + _WORDS[lang]["next"].format(
            hint=install_hint("lessons"), lab=install_hint("lab"), name=lessons[-1].key))
        return 0
    finish = functools.partial(_with_outputs, default_time_limit(arguments.long))
    written = write_notebooks(arguments.out, lang, arguments.force, arguments.long,
                              finish=finish if arguments.outputs else None)
    for path in written:
        print(path)
    print(_WRITTEN[lang].format(count=len(written), folder=written[0].parent))
    return 0


def _with_outputs(time_limit, notebook):
    """Run a notebook where its files disturb nobody, and show how far the work is."""
    print(notebook.metadata.title, end=" ", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tinynet-lesson-") as folder:
        run_notebook(notebook, time_limit, folder)
    print(f"{time.monotonic() - began:.0f} s", flush=True)


def run_one(arguments: argparse.Namespace) -> int:
    """Run a lesson.

    Args:
        arguments: Those that `add_parser` declares.

    Returns:
        The exit code.

    Raises:
        ValueError: there is no such lesson.
        RuntimeError: a cell failed.
        TimeoutError: it took too long.
    """
    lesson = find_lesson(arguments.name)
    seconds = run_lesson(lesson, arguments.lang, arguments.long, arguments.time_limit)
    print(f"lesson {lesson.name}: all cells ran, {seconds:.1f} s")
    return 0
