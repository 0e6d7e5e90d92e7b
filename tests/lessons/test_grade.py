"""`tinynet lessons grade`: a class of ten, right and wrong, the table, and without a sandbox."""

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from lessons.class_of_ten import submissions
from lessons.class_of_ten.submissions import MOMENTUM, NESTEROV, RIGHT, notebook
from lessons.grading import grade, graded, marks, ran, read
from lessons.slips import TEXTS

import tinynet
from tinynet.cli import main
from tinynet.lessons import all_lessons
from tinynet.lessons.checks import EXERCISES, judge
from tinynet.lessons.grading import command
from tinynet.lessons.grading.grade import Grader, exercises_of, lesson_of
from tinynet.lessons.grading.report import ALL, Row
from tinynet.lessons.grading.sandbox import Limits
from tinynet.lessons.grading.submissions import find_submissions

# -- what is handed in


def test_every_notebook_is_a_submission_but_hidden_ones(tmp_path):
    for name in ("a.ipynb", "group/b.IPYNB", ".c.ipynb", ".ipynb_checkpoints/a.ipynb", "d.txt", "e.ipynb/f.ipynb"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    found = [path.relative_to(tmp_path).as_posix() for path in find_submissions(tmp_path)]
    assert found == ["a.ipynb", "e.ipynb", "group/b.IPYNB"]


# -- the class of ten


def test_the_class_of_ten(sandbox, clean, tmp_path, capsys):
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "precious.txt").write_text("precious")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        submissions.write(tmp_path / "class", victim, server.getsockname()[1])
        before = content(tmp_path / "class")
        code, rows = grade(tmp_path / "class", tmp_path / "report.csv", "--time-limit", "8", "--output", "2")
        with pytest.raises(BlockingIOError):
            server.accept()
    assert code == 0 and {name: marks(of_file) for name, of_file in rows.items()} == submissions.EXPECTED
    for name, words in submissions.SUMMARIES.items():
        assert words in rows[name]["(all)"]["message"]
    assert rows["02_lee_slips.ipynb"]["momentum"]["message"].startswith("momentum: rho multiplies the gradient")
    assert rows["02_lee_slips.ipynb"]["(all)"]["passed"] == "0 of 2"
    assert (victim / "precious.txt").read_text() == "precious" and content(tmp_path / "class") == before
    shown = capsys.readouterr().out
    assert [line.split()[0] for line in shown.splitlines() if line[0] == "["] == [f"[{i}/11]" for i in range(1, 12)]
    assert "kernel" in shown and "processor" in shown


def content(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).digest() for path in folder.iterdir()}


PYTHONS = (sys.executable, "/usr/bin/python3")


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("runuser"), reason="root alone can become another user")
def test_as_an_ordinary_user(sandbox, tmp_path):
    """The sandbox of root and that of others are built in different ways."""
    command = ["runuser", "-u", "nobody", "--", "env", "-i", f"HOME={tmp_path}", "PATH=/usr/bin:/bin",
               "PYTHONDONTWRITEBYTECODE=1", "PYTHONPATH=" + os.pathsep.join([
                   str(Path(tinynet.__file__).parents[1]),
                   *(path for path in sys.path if path.endswith("site-packages"))])]
    python = next((python for python in PYTHONS if subprocess.run(
        [*command, python, "-P", "-c", "import tinynet._native"], capture_output=True).returncode == 0), None)
    if python is None:
        pytest.skip("the user nobody cannot run this Python with tinynet")
    work = Path(tempfile.mkdtemp())
    try:
        work.chmod(0o777)
        submissions.write(work / "class", "/usr", 9)
        command += [python, "-P", "-m", "tinynet", "lessons", "grade", str(work / "class"), "--out"]
        done = subprocess.run([*command, str(work / "report.csv"), "--time-limit", "20", "--output", "2"],
                              capture_output=True, text=True, cwd=work)
        assert done.returncode == 0, done.stderr
        rows = read(work / "report.csv")
        assert {name: marks(of_file) for name, of_file in rows.items()} == submissions.EXPECTED
    finally:
        shutil.rmtree(work)


# -- right and wrong


LESSONS = [lesson for lesson in all_lessons() if exercises_of(lesson)]


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.key)
def test_right_notebooks_of_every_lesson_pass(sandbox, tmp_path, lesson):
    cells = ["import numpy as np", *(TEXTS[name] for name in exercises_of(lesson))]
    rows = graded(tmp_path, cells, lesson=lesson.name)
    assert {name: row.passed for name, row in rows.items() if name != "(all)"} == dict.fromkeys(
        exercises_of(lesson), "yes")
    assert lesson_of(None, exercises_of(lesson)) == lesson and "by the functions" not in rows["(all)"].message


def test_where_the_metadata_is_stripped_the_functions_tell_the_lesson(sandbox, tmp_path):
    rows = graded(tmp_path, [TEXTS["mixup"].replace("np.", "__import__('numpy').")], lesson=None)
    assert (rows["mixup"].passed, rows["cutout"].mistake) == ("yes", "missing")
    assert rows["(all)"].lesson == "09_image_augmentation" and "found by the functions" in rows["(all)"].message


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_templates_are_untouched_and_right_functions_are_not(sandbox, lang):
    functions = ran([exercise.template(lang) for exercise in EXERCISES.values()])["functions"]
    assert functions == dict.fromkeys(EXERCISES, {"untouched": True, "refused": None})
    functions = ran([TEXTS[name] for name in EXERCISES])["functions"]
    assert functions == dict.fromkeys(EXERCISES, {"untouched": False, "refused": None})


def test_templates_are_not_done(sandbox, tmp_path):
    rows = graded(tmp_path, [EXERCISES[name].template("ko") for name in ("momentum", "nesterov")])
    assert {(row.passed, row.mistake) for row in rows.values() if row.exercise != "(all)"} == {
        ("not done", "untouched")}


@pytest.mark.parametrize(("body", "passed", "mistake"), [
    ("pass", "not done", "untouched"), ("raise NotImplementedError", "not done", "untouched"),
    ("'''my plan'''", "not done", "untouched"), ("return", "not done", "untouched"),
    ("v = rho * v + dw", "no", "returns_nothing"), ("return v, w", "no", None), ("raise ValueError", "no", "raises"),
])
def test_an_empty_function_is_not_done_and_a_begun_one_is_wrong(sandbox, tmp_path, body, passed, mistake):
    row = graded(tmp_path, [f"def my_momentum(w, dw, v, learning_rate, rho):\n    {body}"])["momentum"]
    assert row.passed == passed and (mistake is None or row.mistake == mistake)


@pytest.mark.parametrize(("cell", "mistake"), [
    ("my_momentum = 3", "not_a_function"), ("def my_momentum(w): return w", "signature"),
    (MOMENTUM.replace("w = w -", "w -="), "changes_input"),
    ("def my_momentum(w, dw, v, learning_rate, rho): return w * float('nan'), v * 0", ""),
    ("def my_momentum(w, dw, v, learning_rate, rho): return w", "output_count"),
    ("import numpy as np\ndef my_momentum(*a): return np.ones(5 * 10**6), 1.0", "output_type"),
    ("def my_momentum(*a):\n    while True: pass", "endless_loop"),
])
def test_wrong_functions_get_their_message(sandbox, tmp_path, cell, mistake):
    row = graded(tmp_path, [cell])["momentum"]
    assert (row.passed, row.mistake) == ("no", mistake) and row.message


def test_whole_numbers_and_words_come_through(sandbox, tmp_path):
    losses = "def my_early_stopping(losses, patience): return {}"
    for returned, mistake in (("10**50", "output_type"), ("float('nan')", ""), ("len(losses)", "never_stops"),
                              ("float(len(losses))", "never_stops")):
        row = graded(tmp_path, [losses.format(returned)], lesson="07_overfitting")["early_stopping"]
        assert (row.passed, row.mistake) == ("no", mistake), returned
    row = graded(tmp_path, ["def my_eda(words, *a): return [words] * 4"], lesson="10_text_augmentation")["eda"]
    assert (row.passed, row.mistake) == ("no", "not_swapped")
    row = graded(tmp_path, ["def my_eda(*a): return [['\\ud800' * 9]] * 4"], lesson="10_text_augmentation")["eda"]
    assert row.passed == "no"


def test_other_cells_may_fail_and_have_magics(sandbox, tmp_path):
    rows = graded(tmp_path, ["%matplotlib inline\n!pip install tinynet\nimport numpy as np", "%%html\n<b>",
                             "1 / 0", f"%%time\n{MOMENTUM}", "exit()", "np.ones?", NESTEROV,
                             "x = (7\n  % 3)\nassert x == 1"])
    assert rows["momentum"].passed == rows["nesterov"].passed == "yes"
    assert "cell 3 (ZeroDivisionError: division by zero), cell 5 (SystemExit" in rows["(all)"].message


def test_cells_tagged_long_are_left_out_unless_they_define_a_function(sandbox, tmp_path):
    assert "cell" not in graded(tmp_path, [*RIGHT, "1 / 0"], tags=["long"])["(all)"].message
    assert graded(tmp_path, [NESTEROV, MOMENTUM], tags=["long"])["momentum"].passed == "yes"


# -- submissions that are none


def test_files_that_are_no_notebooks_have_a_row_each(sandbox, tmp_path):
    folder = tmp_path / "class"
    folder.mkdir()
    texts = {
        "empty.ipynb": ("", "not_a_notebook"), "word.ipynb": ("hello", "not_a_notebook"),
        "list.ipynb": ("[]", "not_a_notebook"), "deep.ipynb": ("[" * 1_000_000, "not_a_notebook"),
        "cells.ipynb": ('{"cells": [1]}', "not_a_notebook"), "digits.ipynb": ("9" * 100_000, "not_a_notebook"),
        "source.ipynb": ('{"cells": [{"cell_type": "code", "source": {}}]}', "not_a_notebook"),
        "metadata.ipynb": ('{"cells": [], "metadata": {"tinynet": {"lesson": ["03_momentum"]}}}', "unknown_lesson"),
        "nothing.ipynb": ('{"cells": []}', "unknown_lesson"),
    }
    for name, (text, _) in texts.items():
        (folder / name).write_text(text)
    with open(folder / "huge.ipynb", "wb") as file:
        file.truncate(40 << 20)
    (folder / "folder.ipynb").mkdir()
    (folder / "loop").symlink_to(".")
    os.mkfifo(folder / "pipe.ipynb")
    (folder / "away.ipynb").symlink_to("/etc/passwd")
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / "old.ipynb").write_text("")
    (folder / "._kim.ipynb").write_text("hidden")
    expected = {name: key for name, (_, key) in texts.items()} | {
        "huge.ipynb": "too_large", "folder.ipynb": "not_a_file", "pipe.ipynb": "not_a_file", "away.ipynb": "not_a_file"}
    code, rows = grade(folder, tmp_path / "report.csv", "--lang", "ko")
    assert code == 0 and {name: of_file["(all)"]["mistake"] for name, of_file in rows.items()} == expected
    assert {of_file["(all)"]["passed"] for of_file in rows.values()} == {"not judged"}


def test_names_and_texts_cannot_break_the_table(sandbox, tmp_path, capsys):
    folder = tmp_path / "class"
    folder.mkdir()
    names = ["=1+1.ipynb", "+a.ipynb", "-a.ipynb", "@a.ipynb", "a\nb,c.ipynb", "a\x1b[31m.ipynb", "a\u202e.ipynb",
             b"\xff\xfe.ipynb", " =a.ipynb", "한글.ipynb", "a\\nb,c.ipynb"]
    for name in names:
        with open(os.path.join(os.fsencode(folder), os.fsencode(name)), "w") as file:
            file.write(notebook([]))
    (folder / names[0]).write_text(notebook(["raise ValueError('=HYPERLINK(1)\\n\\x1b]0;title\\x07\\ud800')"]))
    code, rows = grade(folder, tmp_path / "report.csv")
    shown = ["'=1+1.ipynb", "'+a.ipynb", "'-a.ipynb", "'@a.ipynb", "a\\nb,c.ipynb", "a\\x1b[31m.ipynb",
             "a\\u202e.ipynb", "\\xff\\xfe.ipynb", "' =a.ipynb", "한글.ipynb", "a\\\\nb,c.ipynb"]
    assert code == 0 and sorted(rows) == sorted(shown)
    printed = capsys.readouterr().out
    assert "\x1b" not in printed + (tmp_path / "report.csv").read_text(encoding="utf-8-sig")
    assert all(char.isprintable() or char == "\n" for char in printed)


def test_the_same_content_twice_is_told(sandbox, tmp_path):
    (tmp_path / "class" / "second").mkdir(parents=True)
    for name in ("kim.ipynb", "second/kim.ipynb"):
        (tmp_path / "class" / name).write_text(notebook(RIGHT))
    rows = grade(tmp_path / "class", tmp_path / "report.csv")[1]
    assert rows["kim.ipynb"]["momentum"]["passed"] == rows["second/kim.ipynb"]["momentum"]["passed"] == "yes"
    assert "The same content as kim.ipynb." in rows["second/kim.ipynb"]["(all)"]["message"]
    assert "same content" not in rows["kim.ipynb"]["(all)"]["message"]


# -- seeds, lessons, the table's file


def test_the_seed_is_drawn_told_and_repeatable(sandbox, tmp_path, capsys):
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "a.ipynb").write_text(notebook(["def my_momentum(w, *a): return w, w"]))
    first, second, third = (grade(tmp_path / "class", tmp_path / f"{i}.csv", *options)[1]["a.ipynb"]
                            for i, options in enumerate(((), (), ("--seed", "5"))))
    seeds = [rows["(all)"]["message"].rpartition("Seed ")[2].rstrip(".") for rows in (first, second, third)]
    assert seeds[0] != seeds[1] and seeds[2] == "5" and f"seed {seeds[0]}" in capsys.readouterr().out
    assert first["momentum"]["message"] != second["momentum"]["message"]
    again = grade(tmp_path / "class", tmp_path / "3.csv", "--seed", seeds[0])[1]["a.ipynb"]
    assert again["momentum"]["message"] == first["momentum"]["message"]


def test_a_lesson_is_found_by_most_functions_and_the_later_of_two():
    assert lesson_of("05_adam", ["momentum"]).name == "05_adam"
    assert lesson_of(None, ["momentum", "nesterov", "adam"]).name == "03_momentum"
    assert lesson_of("99_other", ["momentum", "adam"]).name == "05_adam"
    assert lesson_of({"a": 1}, []) is None


def test_every_check_of_a_lesson_is_graded():
    named = {name for lesson in all_lessons() for name in exercises_of(lesson)}
    assert {"momentum", "nesterov", "adam", "eda", "batch_norm_backward"} <= named <= set(EXERCISES)


def make_class(tmp_path):
    (tmp_path / "class").mkdir(exist_ok=True)
    (tmp_path / "class" / "a.ipynb").write_text(notebook(RIGHT))
    return tmp_path / "class"


def test_a_table_is_replaced_whole_and_other_files_are_not_touched(sandbox, tmp_path, capsys, monkeypatch):
    folder, table = make_class(tmp_path), tmp_path / "report.csv"
    assert grade(folder, table)[0] == 0
    before = table.read_bytes()
    monkeypatch.setattr("tinynet.lessons.grading.report.table", lambda rows: 1 / 0)
    assert grade(folder, table)[0] == 1 and table.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["class", "report.csv"]


def test_a_fault_of_tinynets_own_has_its_row_and_the_table_goes_on(sandbox, tmp_path, monkeypatch):
    folder = make_class(tmp_path)
    (folder / "b.ipynb").write_text(notebook([*RIGHT, "x = 1"]))
    right, calls = judge, []

    def fails_once(*arguments):
        calls.append(1)
        return right(*arguments) if len(calls) > 1 else 1 / 0

    monkeypatch.setattr("tinynet.lessons.grading.grade.judge", fails_once)
    rows = grade(folder, tmp_path / "report.csv")[1]
    assert marks(rows["a.ipynb"]) == dict.fromkeys(("momentum", "nesterov"), ("not judged", "failed"))
    assert "ZeroDivisionError" in rows["a.ipynb"]["(all)"]["message"]
    assert marks(rows["b.ipynb"]) == dict.fromkeys(("momentum", "nesterov"), ("yes", ""))


@pytest.mark.parametrize(("name", "code", "words"), [
    ("a.ipynb", 2, "must end in .csv"), ("mine.csv", 1, "is no table of this command"),
    ("link.csv", 1, "is no table of this command"), ("no/report.csv", 1, "does not exist"),
])
def test_what_should_not_be_overwritten_is_not(tmp_path, capsys, name, code, words):
    folder = make_class(tmp_path)
    (tmp_path / "mine.csv").write_text("mine")
    (tmp_path / "link.csv").symlink_to(tmp_path / "mine.csv")
    assert main(["lessons", "grade", str(folder), "--out", str(tmp_path / name)]) == code
    assert words in capsys.readouterr().err and (tmp_path / "mine.csv").read_text() == "mine"


@pytest.mark.parametrize(("folder", "words"), [("none", "there is no folder"), ("class/a.ipynb", "is a file"),
                                               ("empty", "no file *.ipynb")])
def test_folders_without_notebooks_are_refused(tmp_path, capsys, folder, words):
    make_class(tmp_path)
    (tmp_path / "empty").mkdir()
    assert main(["lessons", "grade", str(tmp_path / folder), "--out", str(tmp_path / "a.csv")]) == 1
    assert words in capsys.readouterr().err


def test_help_has_the_columns_and_what_is_not_isolated(capsys):
    assert main(["lessons", "grade", "--help"]) == 0
    shown = capsys.readouterr().out
    for word in ("file", "lesson", "exercise", "passed", "mistake", "message", "seconds", "Not isolated", "kernel"):
        assert word in shown


@pytest.mark.parametrize(("option", "limit", "value"), [
    ("--time-limit", "seconds", 1.5), ("--call-limit", "call_seconds", 0.5), ("--memory", "memory", 300),
    ("--processes", "processes", 5), ("--disk", "disk", 7), ("--output", "output", 3), ("--notebook", "notebook", 2)])
def test_each_limit_is_that_of_every_notebook(monkeypatch, tmp_path, capsys, option, limit, value):
    given = []

    class Noted(Grader):
        def __init__(self, lang, seed, limits, *more):
            given.append(limits)
            super().__init__(lang, seed, limits, *more)

        def grade(self, path, name):
            return [Row(name, "", ALL, "0 of 0", "", "", 0.0)]

    monkeypatch.setattr(command, "Grader", Noted)
    monkeypatch.setattr(command, "check_sandbox", given.append)
    assert grade(make_class(tmp_path), tmp_path / "report.csv", option, str(value))[0] == 0
    assert given == [replace(Limits(), **{limit: value})] * 2


# -- without the sandbox


@pytest.fixture
def no_bwrap(monkeypatch, tmp_path):
    """A path without bubblewrap."""
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.parametrize(("lang", "words"), [("en", "bubblewrap is not installed"), ("ko", "가둘 샌드박스가 없습니다")])
def test_without_bubblewrap_it_refuses(no_bwrap, tmp_path, capsys, lang, words):
    table = tmp_path / "report.csv"
    assert grade(make_class(tmp_path), table, "--lang", lang) == (1, None)
    errors = capsys.readouterr().err
    assert words in errors and "--unsafe" in errors and len(errors.splitlines()) == 1


def test_where_bubblewrap_fails_its_reason_is_told(monkeypatch, tmp_path, capsys):
    fake = tmp_path / "bin" / "bwrap"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(fake.parent))
    assert grade(make_class(tmp_path), tmp_path / "report.csv")[0] == 1
    assert "setting up uid map: Permission denied" in capsys.readouterr().err


def test_unsafe_tells_what_is_not_isolated_and_keeps_the_other_limits(no_bwrap, clean, tmp_path, capsys):
    folder = make_class(tmp_path)
    cells = {
        "b": ["while True: pass"], "c": ["while True: print('x' * 1000)"], "d": ["x = bytearray(4 << 30)"],
        "e": ["import subprocess\nsubprocess.Popen(['/bin/sleep', '12345.678'])"], "f": ["import os\nos._exit(1)"],
    }
    for name, cell in cells.items():
        (folder / f"{name}.ipynb").write_text(notebook([*RIGHT, *cell]))
    code, rows = grade(folder, tmp_path / "report.csv", "--unsafe", "--time-limit", "3", "--output", "1")
    errors = capsys.readouterr().err
    assert code == 0 and "WITHOUT A SANDBOX" in errors and "use the network" in errors and "delete your files" in errors
    assert {name[0]: of_file["momentum"]["mistake"] for name, of_file in rows.items()} == {
        "a": "", "b": "time_limit", "c": "output_limit", "d": "", "e": "", "f": "ended"}
    assert "cell 4 (MemoryError)" in rows["d.ipynb"]["(all)"]["message"]
    assert all("Run without the sandbox." in of_file["(all)"]["message"] for of_file in rows.values())
