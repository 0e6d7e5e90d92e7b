"""`tinynet lessons`."""

import time

import pytest

from tinynet import runtime
from tinynet.cli import main
from tinynet.core import terminal
from tinynet.lab.command import what_to_open
from tinynet.lessons import Cell, Lesson, all_lessons, command
from tinynet.lessons.run import default_time_limit, run_lesson

LESSONS = all_lessons()
HAS_NATIVE = runtime._native is not None


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_the_list_has_every_title(capsys, lang):
    assert main(["lessons", "--lang", lang]) == 0
    shown = capsys.readouterr().out
    for lesson in LESSONS:
        line = next(line for line in shown.splitlines() if line.startswith(f"{lesson.number:02}  "))
        assert lesson.key in line and lesson.titles[lang] in line and lesson.rows in line
    opened = next(line for line in shown.splitlines() if "tinynet lab " in line).split("tinynet lab ")[1].split()[0]
    assert what_to_open(opened) == (f"/lesson/{LESSONS[-1].name}", None)


def test_the_list_in_a_narrow_terminal(capsys, monkeypatch):
    """A title that does not fit is on a line of its own."""
    monkeypatch.setattr(command, "columns", lambda: 60)
    assert main(["lessons"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "    Gradient descent: batch, stochastic, mini-batch" in lines
    assert any(line.startswith("03  ") and "Momentum and Nesterov" in line for line in lines)


def test_a_line_that_just_fits_has_its_title(capsys, monkeypatch):
    main(["lessons", "--lang", "ko"])
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("03  "))
    for room, fits in ((terminal.display_width(line), True), (terminal.display_width(line) - 1, False)):
        monkeypatch.setattr(command, "columns", lambda room=room: room)
        assert main(["lessons", "--lang", "ko"]) == 0
        assert (line in capsys.readouterr().out.splitlines()) is fits


def test_formulas_have_ten_times_as_long(monkeypatch):
    compiled = [default_time_limit(), default_time_limit(long=True)]
    monkeypatch.setattr(runtime, "_native", None)
    formulas = [default_time_limit(), default_time_limit(long=True)]
    assert formulas == [1200, 36_000] and (compiled == [120, 3600] or not HAS_NATIVE)


def test_notebooks_are_written_and_a_second_language_does_not_replace_the_first(tmp_path, capsys):
    pytest.importorskip("jupytext")
    assert main(["lessons", "--lang", "ko", "--out", str(tmp_path / "out")]) == 0
    assert len(list((tmp_path / "out").glob("*.ipynb"))) == len(LESSONS)
    assert str(tmp_path / "out" / f"{LESSONS[0].name}.ipynb") in capsys.readouterr().out
    assert main(["lessons", "--lang", "en", "--out", str(tmp_path / "out")]) == 1
    assert "--force" in capsys.readouterr().err
    assert main(["lessons", "--lang", "en", "--out", str(tmp_path / "out"), "--force"]) == 0


def test_notebooks_with_outputs(tmp_path, capsys, monkeypatch):
    """One lesson stands for all: each takes seconds. Run again, it is the same file."""
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    monkeypatch.setattr("tinynet.lessons.notebooks.all_lessons", lambda: LESSONS[:1])
    for _ in range(2):
        assert main(["lessons", "--lang", "ko", "--out", str(tmp_path / "out"), "--outputs"]) == 0
        assert LESSONS[0].titles["ko"] in capsys.readouterr().out
    (written,) = (tmp_path / "out").iterdir()
    outputs = [output for cell in nbformat.read(written, 4).cells for output in cell.get("outputs", ())]
    assert any("E = 0.1250" in output.get("text", "") for output in outputs)
    assert any("image/png" in output.get("data", {}) for output in outputs)


def test_run(capfd):
    pytest.importorskip("matplotlib")
    assert main(["lessons", "run", "1"]) == 0
    shown = capfd.readouterr().out
    assert "E = 0.1250" in shown and "01_behind_the_scenes: all cells ran" in shown


@pytest.mark.parametrize(("arguments", "code", "words"), [
    (["lessons", "run", "nothing"], 2, "there is no lesson 'nothing'; there are 01_behind_the_scenes"),
    (["lessons", "run", "1", "--time-limit", "0.01"], 1, "not finished after 0.01 seconds"),
    (["lessons", "--force"], 2, "--out FOLDER"),
    (["lessons", "--outputs"], 2, "--out FOLDER"),
    (["lessons", "--lang", "fr"], 2, "invalid choice: 'fr'"),
])
def test_faults_are_one_line(capsys, arguments, code, words):
    assert main(arguments) == code
    errors = capsys.readouterr().err
    assert words in errors and len(errors.splitlines()) == 1


def test_the_seconds_that_a_lesson_took(tmp_path):
    cell = Cell({}, "import time; time.sleep(0.2)", tags=(), line=1)
    lesson = Lesson(tmp_path / "12_naps.py", "12_naps", {"en": "Naps", "ko": "낮잠"}, "1-1", 2, (cell,))
    began = time.monotonic()
    took = run_lesson(lesson)
    assert 0.2 <= took <= time.monotonic() - began
