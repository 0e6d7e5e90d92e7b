"""The lessons themselves: each runs from its first to its last cell, and is whole in both languages."""

import ast
import os
import re
import tempfile
import time
from pathlib import Path

import pytest

from tinynet.lab.catalogue import all_panels
from tinynet.lab.command import what_to_open
from tinynet.lessons import all_lessons, read_lesson, run_lesson
from tinynet.lessons.sources import FOLDER

LESSONS = all_lessons()
every_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=[lesson.name for lesson in LESSONS])
both_languages = pytest.mark.parametrize("lang", ["en", "ko"])
HANGUL = re.compile("[가-힣]")
MARKDOWN_LINK = re.compile(r"^ {4}tinynet lab (\S+)$", re.MULTILINE)


def words_of(text):
    """A Markdown text without code and formulas."""
    text = re.sub(r"```.*?```|`[^`]*`|\$\$.*?\$\$|\$[^$]*\$|^ {4}\S.*$", " ", text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"\|[-|:]+\|", " ", text)


@every_lesson
@both_languages
def test_it_runs(lesson, lang):
    pytest.importorskip("matplotlib")
    with open_output() as output:
        try:
            run_lesson(lesson, lang, output=output)
        except (RuntimeError, TimeoutError) as error:
            output.seek(0)
            pytest.fail(f"{error}\n{output.read()}")
        output.seek(0)
        assert output.read().strip()


def open_output():
    return tempfile.TemporaryFile("w+", encoding="utf-8")


def test_the_lessons_are_numbered_one_after_the_other_and_cover_the_rows_in_order():
    assert [lesson.number for lesson in LESSONS] == list(range(1, len(LESSONS) + 1))
    covered = []
    for lesson in LESSONS:
        if lesson.rows == "-":  # beyond the slides
            continue
        low, _, high = lesson.rows.partition("-")
        covered += range(int(low), int(high or low) + 1)
    assert covered == list(range(1, len(covered) + 1))


@every_lesson
def test_korean_is_korean_and_english_is_english(lesson):
    """A Korean word may be an example in an English text, and English terms stand in the Korean one."""
    for cell in lesson.cells:
        if cell.is_code:
            continue
        letters = {lang: [letter for letter in words_of(text) if letter.isalpha()] for lang, text in cell.texts.items()}
        korean = {lang: len(HANGUL.findall("".join(found))) / max(len(found), 1) for lang, found in letters.items()}
        assert korean["ko"] > 0.35 or not letters["en"], f"line {cell.line}: {korean['ko']:.0%} Korean"
        assert korean["en"] < 0.05, f"line {cell.line}: {korean['en']:.0%} Korean"
        lengths = len(cell.texts["ko"]) / len(cell.texts["en"])
        assert 0.3 < lengths < 1.5, f"line {cell.line}: one language has much more text than the other"


@every_lesson
def test_both_languages_have_the_same_formulas_headings_and_code(lesson):
    for cell in lesson.cells:
        if cell.is_code:
            continue
        en, ko = cell.texts["en"], cell.texts["ko"]
        for pattern in (r"\$\$.*?\$\$", r"^ {4}\S.*$", r"^```.*?^```"):
            flags = re.DOTALL | re.MULTILINE if "```" in pattern or "$$" in pattern else re.MULTILINE
            strip = lambda found: [re.sub(r"\s+", " ", each) for each in found]  # noqa: E731
            assert strip(re.findall(pattern, en, flags)) == strip(re.findall(pattern, ko, flags)), cell.line
        heads = [re.findall(r"^#+ ", text, re.MULTILINE) for text in (en, ko)]
        assert heads[0] == heads[1], f"line {cell.line}: other headings"


@every_lesson
@both_languages
def test_bold_text_is_bold(lesson, lang):
    """Markdown takes `**word(term)**은` for plain text: no letter may follow a mark that stands after punctuation."""
    for cell in lesson.cells:
        text = re.sub(r"```.*?```|`[^`]*`", "x", cell.texts.get(lang, ""), flags=re.DOTALL)
        marks = [found.start() for found in re.finditer(r"\*\*", text)]
        assert len(marks) % 2 == 0, f"line {cell.line}: a bold text does not end"
        for begin, end in zip(marks[::2], marks[1::2], strict=True):
            before, after = text[end - 1 : end], text[end + 2 : end + 3]
            shown = text[begin : end + 3]
            assert not before.isspace() and not text[begin + 2].isspace(), shown
            assert before.isalnum() or not after.isalnum(), shown
            assert text[begin + 2].isalnum() or not text[begin - 1 : begin].isalnum(), shown


@every_lesson
def test_it_sets_its_seed_checks_its_numbers_and_has_its_parts(lesson):
    code = "\n".join(cell.code for cell in lesson.code_cells())
    assert "set_random_seed(" in code
    asserts = sum(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(code)))
    assert asserts >= 8
    headings = "\n".join(re.findall(r"^##? .*$", "\n".join(
        cell.texts["en"] for cell in lesson.cells if not cell.is_code), re.MULTILINE))
    for part in ("Try it", "What goes wrong in practice", "Exercises"):
        assert part in headings, part


@every_lesson
@both_languages
def test_a_lesson_opens_a_panel_of_the_lab(lesson, lang):
    text = "\n".join(cell.texts[lang] for cell in lesson.cells if not cell.is_code)
    links = [link.strip("'") for link in MARKDOWN_LINK.findall(text)]
    assert links
    for link in links:
        key, _, query = link.partition("?")
        if key not in all_panels():
            pytest.skip(f"the panel {key!r} is not there yet")
        assert what_to_open(link) == (f"/{link}", None)
        settings = dict(pair.split("=") for pair in query.split("&") if pair)
        known = {parameter.name for parameter in all_panels()[key].parameters} | {"seed", "step", "lang"}
        assert set(settings) <= known, link


def test_sources_are_no_modules():
    """A lesson's name begins with a digit, so that no import statement can run it."""
    assert [path for path in FOLDER.glob("[0-9]*.py") if path.stem.isidentifier()] == []
    assert len(list(FOLDER.glob("[0-9]*.py"))) == len(LESSONS)


def test_a_failing_cell_is_shown_with_its_line(tmp_path):
    source = LESSONS[0].path.read_text().split("# %%\n")[0]
    path = tmp_path / "01_fails.py"
    path.write_text(source + "# %%\nx = 1\n# %%\nassert x == 2\n")
    lesson = read_lesson(path)
    with open_output() as output:
        with pytest.raises(RuntimeError, match="01_fails"):
            run_lesson(lesson, output=output)
        output.seek(0)
        line = path.read_text().splitlines().index("assert x == 2") + 1
        assert re.search(rf'01_fails\.py", line {line}\b', output.read())


def test_an_endless_cell_is_ended_with_the_processes_that_it_started(tmp_path):
    path, mark = tmp_path / "01_endless.py", tmp_path / "pid"
    source = LESSONS[0].path.read_text().split("# %%\n")[0]
    path.write_text(source + f"""# %%
import subprocess
child = subprocess.Popen(["sleep", "600"])
open({str(mark)!r}, "w").write(str(child.pid))
while True:
    pass
""")
    began = time.monotonic()
    with pytest.raises(TimeoutError, match="01_endless: not finished after 3 seconds"):
        run_lesson(read_lesson(path), time_limit=3)
    assert time.monotonic() - began < 20
    child = int(mark.read_text())
    for _ in range(50):  # the killed child is reaped by init in its own time
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            break
        if Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
            break
        time.sleep(0.1)
    else:
        pytest.fail("the cell's own child still runs")
