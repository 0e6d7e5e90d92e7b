"""A lesson's source: a script of cells, its code once, its text in both languages side by side.

    # %% [markdown] lang="en"
    # # Momentum
    # Why does plain gradient descent zigzag in a ravine?
    #
    # Course rows: 9-15 · Minutes: 40
    # %% [markdown] lang="ko"
    # # 모멘텀(momentum)
    # 경사 하강법은 왜 골짜기에서 지그재그로 움직일까요?
    #
    # 강의 항목: 9-15 · 시간(분): 40
    # %%
    import tinynet as tn
    # %% tags=["long"]
    epochs = 100

Beyond the slides, the course rows are "-". A text cell in English is followed at once by the same in Korean. A cell
tagged "long" is left out unless it is asked for; one tagged "keras" runs on Keras 3 as well, once `tf` is another
module. The file is a Python script as it stands, and jupytext's percent format.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..core.reading import describe
from ..plots.messages import LANGUAGES

FOLDER = Path(__file__).parent
TAGS = ("long", "keras")

_TEXT_HEAD = re.compile(r'# %% \[markdown\] lang="(\w+)"\s*')
_CODE_HEAD = re.compile(r"# %%(?: tags=(\[.*\]))?\s*")
_FACTS = {
    "en": re.compile(r"^Course rows: (\d+-\d+|\d+|-) · Minutes: (\d+)$", re.MULTILINE),
    "ko": re.compile(r"^강의 항목: (\d+-\d+|\d+|-) · 시간\(분\): (\d+)$", re.MULTILINE),
}
_FACTS_SHOWN = {"en": "Course rows: 9-15 · Minutes: 40", "ko": "강의 항목: 9-15 · 시간(분): 40"}
_NAME = re.compile(r"(\d\d)_([a-z0-9_]+)")


class LessonError(ValueError):
    """A lesson's source is not as it must be; the message has the file and the line.

    >>> with open("12_short.py", "w") as file:
    ...     print("# %%", "x = 1", sep=os.linesep, file=file)
    >>> read_lesson(Path("12_short.py"))
    Traceback (most recent call last):
    tinynet.lessons.sources.LessonError: 12_short.py:1: a lesson begins with a text cell that has its title
    """


@dataclass(frozen=True, eq=False)
class Cell:
    """A piece of a lesson.

    Attributes:
        texts: {language: Markdown} of a text cell; empty for code.
        code: Python, of a code cell; empty for text.
        tags: Of a code cell: "long", "keras".
        line: Number of the line under the cell's head, from 1.

    >>> Cell({"en": "# Momentum", "ko": "# 모멘텀"}, code="", tags=(), line=2).is_code
    False
    """

    texts: dict[str, str]
    code: str
    tags: tuple[str, ...]
    line: int

    @property
    def is_code(self) -> bool:
        """Whether it is code."""
        return not self.texts


@dataclass(frozen=True, eq=False)
class Lesson:
    """A lesson.

    Attributes:
        path: Its source.
        name: The file's name without ending: "03_momentum".
        titles: {language: title}.
        rows: The rows of the course that it covers, such as "9-15"; "-" for what no slide has.
        minutes: How long a reader takes.
        cells: Tuple of `Cell`.

    >>> lesson = find_lesson("momentum")
    >>> lesson.name, lesson.number, lesson.cells[0].is_code
    ('03_momentum', 3, False)
    """

    path: Path
    name: str
    titles: dict[str, str]
    rows: str
    minutes: int
    cells: tuple[Cell, ...]

    @property
    def number(self) -> int:
        """Its place in the course."""
        return int(self.name[:2])

    @property
    def key(self) -> str:
        """The name without its number: "momentum"."""
        return self.name[3:]

    def code_cells(self, long: bool = False) -> list[Cell]:
        """Return the cells that run.

        Args:
            long: Whether those tagged "long" are among them.
        """
        return [cell for cell in self.cells if cell.is_code and (long or "long" not in cell.tags)]

    def script(self, long: bool = False) -> str:
        """Return the code alone, each line where it stands in the source.

        Args:
            long: Whether cells tagged "long" are in it.
        """
        lines: list[str] = []
        for cell in self.code_cells(long):
            lines += [""] * (cell.line - 1 - len(lines)) + cell.code.splitlines()
        return "\n".join(lines) + "\n"


def read_lesson(path: Path) -> Lesson:
    """Read a lesson's source.

    Args:
        path: File NN_name.py.

    Returns:
        A `Lesson`.

    Raises:
        LessonError: a text has no partner in the other language, a head is unknown, or title, rows or minutes are
            missing; with file and line.
        OSError: it cannot be read.

    >>> lines = ['# %% [markdown] lang="en"', "# # Sums", "# Course rows: 1-1 · Minutes: 2",
    ...          '# %% [markdown] lang="ko"', "# # 합", "# 강의 항목: 1-1 · 시간(분): 2",
    ...          "# %%", "total = 1 + 2"]
    >>> with open("12_sums.py", "w", encoding="utf-8") as file:
    ...     print(*lines, sep=os.linesep, file=file)
    >>> lesson = read_lesson(Path("12_sums.py"))
    >>> lesson.titles["ko"], lesson.minutes, lesson.code_cells()[0].code
    ('합', 2, 'total = 1 + 2')
    """
    named = _NAME.fullmatch(path.stem)
    if named is None or path.suffix != ".py":
        raise LessonError(f"{path}: a lesson's file is named NN_name.py, such as 03_momentum.py")
    cells = tuple(_paired(path, _pieces(path)))
    if not cells or cells[0].is_code:
        raise LessonError(f"{path}:1: a lesson begins with a text cell that has its title")
    titles, facts = {}, {}
    for lang, text in cells[0].texts.items():
        first = text.splitlines()[0]
        if not first.startswith("# "):
            raise LessonError(f"{path}:{cells[0].line}: the first line in {lang!r} must be '# Title', got {first!r}")
        titles[lang] = first[2:].strip()
        found = _FACTS[lang].search(text)
        if found is None:
            raise LessonError(f"{path}:{cells[0].line}: no line such as {_FACTS_SHOWN[lang]!r} in the first text")
        facts[lang] = found.groups()
    if len(set(facts.values())) > 1:
        raise LessonError(f"{path}:{cells[0].line}: rows and minutes differ between the languages: {facts}")
    rows, minutes = facts["en"]
    return Lesson(path, path.stem, titles, rows, int(minutes), cells)


def _pieces(path: Path) -> Iterator[tuple[str, tuple[str, ...], int, list[str]]]:
    """(language or "", tags, line under the head, lines) of each cell as it stands in the file."""
    head: tuple[str, tuple[str, ...], int] | None = None
    body: list[str] = []
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise LessonError(f"{path}: {describe(error)}") from None
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("# %%"):
            if head:
                yield *head, body
            head, body = (*_read_head(path, number, line), number + 1), []
        elif head:
            body.append(line)
        elif line.strip():
            raise LessonError(f"{path}:{number}: {line.strip()!r} stands before the first '# %%'")
    if head:
        yield *head, body


def _read_head(path, number, line):
    text, code = _TEXT_HEAD.fullmatch(line), _CODE_HEAD.fullmatch(line)
    if text and text[1] in LANGUAGES:
        return text[1], ()
    if not code:
        raise LessonError(f"{path}:{number}: expected '# %%', '# %% tags=[\"long\"]', or '# %% [markdown] lang=\"..\"' "
                          f"with a language of {', '.join(LANGUAGES)}; got {line.strip()!r}")
    try:
        tags = tuple(json.loads(code[1])) if code[1] else ()
    except (ValueError, RecursionError):
        tags = (code[1],)
    if not all(tag in TAGS for tag in tags):  # they may be lists, which no set holds
        raise LessonError(f"{path}:{number}: tags are of {', '.join(TAGS)}; got {line.strip()!r}")
    return "", tags


def _paired(path: Path, pieces: Iterator[tuple[str, tuple[str, ...], int, list[str]]]) -> Iterator[Cell]:
    """The cells, each text with its partner."""
    texts: dict[str, str] = {}
    begun = 0
    for lang, tags, line, body in pieces:
        expected = LANGUAGES[len(texts)] if texts or lang else ""
        if lang != expected:
            _refuse_partner(path, lang, expected, line, begun)
        if not lang:
            code = "\n".join(body).rstrip()
            if not code:
                raise LessonError(f"{path}:{line}: an empty code cell")
            yield Cell({}, code, tags, line)
            continue
        begun = begun if texts else line
        texts[lang] = _markdown(path, line, body)
        if len(texts) == len(LANGUAGES):
            yield Cell(texts, "", (), begun)
            texts = {}
    if texts:
        _refuse_partner(path, "", LANGUAGES[len(texts)], begun, begun)


def _refuse_partner(path, lang, expected, line, begun):
    if expected == LANGUAGES[0]:
        raise LessonError(f"{path}:{line - 1}: the text in {lang!r} has no partner in {expected!r} before it")
    raise LessonError(f"{path}:{begun - 1}: the text in {LANGUAGES[0]!r} has no partner in {expected!r}: it must "
                      "follow at once")


def _markdown(path, line, body):
    while body and not body[-1].strip("# "):
        body = body[:-1]
    lines = []
    for number, text in enumerate(body, line):
        if text.strip() and text[:1] != "#" or text[:1] == "#" and text[1:2] not in ("", " "):
            raise LessonError(f"{path}:{number}: a line of text begins with '# ', got {text!r}")
        lines.append(text[2:].rstrip())
    if not any(lines):
        raise LessonError(f"{path}:{line}: an empty text cell")
    return "\n".join(lines).strip("\n")


@functools.cache
def all_lessons() -> tuple[Lesson, ...]:
    """Return the lessons of the course in their order.

    Raises:
        LessonError: a source is not as it must be.

    >>> all_lessons()[2].name
    '03_momentum'
    """
    return tuple(read_lesson(path) for path in sorted(FOLDER.glob("[0-9][0-9]_*.py")))


def find_lesson(name: str) -> Lesson:
    """Return a lesson by its name, its number, or both.

    Args:
        name: "03_momentum", "momentum", "03" or "3".

    Raises:
        ValueError: there is no such lesson; the message lists them.

    >>> find_lesson("3").key
    'momentum'
    """
    for lesson in all_lessons():
        if name in (lesson.name, lesson.key, f"{lesson.number:02}", str(lesson.number)):
            return lesson
    raise ValueError(f"there is no lesson {name!r}; there are {', '.join(lesson.name for lesson in all_lessons())}")
