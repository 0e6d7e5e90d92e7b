"""The course's lessons for the page: their list, the panels that belong to each, and each one's text as HTML."""

from __future__ import annotations

import re
from functools import cache
from importlib.util import find_spec
from typing import Any

from ..core.extras import import_extra
from ..lessons import Lesson, LessonError, all_lessons, find_lesson, to_notebook
from .catalogue import all_panels
from .colours import python_as_html
from .markdown import heading_slugs, to_html, unique
from .words import LANGUAGES

# A line of a lesson's text that opens a panel: four spaces, the command, the panel with its settings.
PANEL_LINE = re.compile(r"^ {4}tinynet lab '?([a-z_0-9]+)(?:\?([^\s']*))?'?$", re.MULTILINE)


@cache
def contents() -> list[dict[str, Any]]:
    """Return the lessons for the table of contents, ready for JSON.

    A panel belongs to the lessons that open it and to those that have a row of the course in common with it.

    Returns:
        [{"name", "number", "title": {language: text}, "rows", "minutes", "panels": [key]}].
    """
    found = []
    for lesson in all_lessons():
        opened = {match[1] for cell in lesson.cells for match in PANEL_LINE.finditer(cell.texts.get("en", ""))}
        rows = row_numbers(lesson.rows)
        found.append({
            "name": lesson.name, "number": lesson.number, "title": lesson.titles, "rows": lesson.rows,
            "minutes": lesson.minutes, "panels": [
                key for key, panel in all_panels().items() if key in opened or rows & row_numbers(panel.rows)],
        })
    return found


def row_numbers(rows: str) -> set[int]:
    """Return the numbers in a text such as '16-24, 26'; none in '-', which stands for what no slide has.

    >>> sorted(row_numbers("1-3, 5"))
    [1, 2, 3, 5]
    """
    pairs = re.findall(r"(\d+)(?:-(\d+))?", rows)
    return {row for low, high in pairs for row in range(int(low), int(high or low) + 1)}


@cache
def lesson_page(name: str) -> dict[str, Any]:
    """Return a lesson for its page, ready for JSON.

    Args:
        name: As for `lessons.find_lesson`.

    Returns:
        {"name", "pieces"}. A piece is {"html": {language: text}}, {"panel": key, "address": settings}, or
        {"code": HTML, "tags": [tag]}.

    Raises:
        ValueError: there is no such lesson.
        LessonError: a text opens other panels in one language than in the other.
    """
    lesson = find_lesson(name)
    slugs = unique(slug for cell in lesson.cells for slug in heading_slugs(cell.texts.get("en", "")))
    slugs_left = {lang: iter(slugs) for lang in LANGUAGES}  # an address holds for both languages
    pieces: list[dict[str, Any]] = []
    for cell in lesson.cells:
        if cell.is_code:
            pieces.append({"code": python_as_html(cell.code), "tags": list(cell.tags)})
            continue
        texts = {lang: split_at_panels(_without_facts(lesson, cell.texts[lang])) for lang in LANGUAGES}
        _check_same_panels(lesson, cell.line, texts)
        for number, (_, panel) in enumerate(texts["en"]):
            html = {lang: to_html(texts[lang][number][0], slugs_left[lang]) for lang in LANGUAGES}
            if any(html.values()):
                pieces.append({"html": html})
            if panel:
                pieces.append({"panel": panel[0], "address": panel[1]})
    return {"name": lesson.name, "pieces": pieces}


def _without_facts(lesson: Lesson, text: str) -> str:
    """A text without the line of its course rows and minutes: the page shows them by itself."""
    line = rf"^[^:\n]+: {re.escape(lesson.rows)} · [^:\n]+: {lesson.minutes}$\n?"
    return re.sub(line, "", text, count=1, flags=re.MULTILINE)


def can_make_notebooks() -> bool:
    """Whether the packages of the extra `lessons` that make notebooks are installed."""
    return all(find_spec(module) for module in ("jupytext", "nbformat"))


def lesson_notebook(name: str, lang: str) -> str:
    """Return a lesson as a notebook's text.

    Args:
        name: As for `lessons.find_lesson`.
        lang: 'en' or 'ko'.

    Raises:
        ValueError: there is no such lesson or language.
        ModuleNotFoundError: the extra `lessons` is not installed.
    """
    nbformat = import_extra("nbformat", "lessons", "lesson_notebook", "jupytext")
    return str(nbformat.writes(to_notebook(find_lesson(name), lang)))


def split_at_panels(text: str) -> list[tuple[str, tuple[str, str] | None]]:
    """Return the pieces of a text, each with the panel (key, settings as in an address) that follows it, or None.

    A line that names no panel stays in its text.

    >>> split_at_panels("Look:\\n\\n    tinynet lab 'descent?surface=bowl'\\n\\nWell?")
    [('Look:', ('descent', 'surface=bowl')), ('Well?', None)]
    """
    pieces: list[tuple[str, tuple[str, str] | None]] = []
    begin = 0
    for match in PANEL_LINE.finditer(text):
        if match[1] in all_panels():
            pieces.append((text[begin : match.start()].strip("\n"), (match[1], match[2] or "")))
            begin = match.end()
    return [*pieces, (text[begin:].strip("\n"), None)]


def _check_same_panels(lesson: Lesson, line: int, texts: dict[str, list]) -> None:
    opened = {lang: [panel for _, panel in pieces] for lang, pieces in texts.items()}
    if opened["en"] != opened["ko"]:
        raise LessonError(f"{lesson.path}:{line}: a text opens the same panels in both languages; got {opened}")
