"""Pages that are made of other files: the lessons, the exercises, files at the top of the repository."""

import base64
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from tinynet.lessons import Lesson, all_lessons, run_notebook, to_notebook
from tinynet.lessons.checks import EXERCISES
from tinynet.lessons.checks.words import Words

# Files of the repository that are pages, and what they are called here.
REPOSITORY = {
    "README.md": "project/how_it_is_built.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "CHANGELOG.md": "project/changelog.md",
    "SECURITY.md": "project/security.md",
    "tinynet/lab/README.md": "project/lab_panels.md",
    "tinynet/textbook/README.md": "slides.md",
}
README_SECTIONS = ("How to read it", "How it is built")

ENGLISH_ONLY = "이 페이지는 영어로만 제공합니다."
AS_NOTEBOOK = {
    False: Words(
        "Here are the lesson's text and code, without what the cells print and draw. `tinynet lessons --lang en --out "
        "course` writes all lessons as notebooks; `tinynet lessons run {number}` runs this one in the terminal.",
        "이 페이지에는 강의의 글과 코드만 있고, 셀이 출력하는 글과 그림은 없습니다. `tinynet lessons --lang ko --out course`를 실행하면 "
        "모든 강의를 노트북으로 저장합니다. `tinynet lessons run {number} --lang ko`는 이 강의를 터미널에서 실행합니다."),
    True: Words(
        "Here is the lesson with what its cells print and draw. `tinynet lessons --lang en --out course` writes all "
        "lessons as notebooks, to change and run.",
        "이 페이지에는 셀이 출력한 글과 그림도 있습니다. `tinynet lessons --lang ko --out course`를 실행하면 모든 강의를 직접 고치고 실행할 "
        "수 있는 노트북으로 저장합니다."),
}
LONG = Words("Trains for long. In the notebook only with `--long`.",
             "오래 걸리는 학습입니다. `--long` 옵션을 주어야 노트북에 들어갑니다.")
PICTURE = Words("what the code above draws", "위의 코드가 그린 그림")
EXERCISES_TITLE = Words("Exercises", "연습 문제")
EXERCISES_INTRO = Words(
    """\
Write a function of a few lines and let it be checked. `check` calls it with generated inputs, compares with the
reference, and names the mistake if it is a typical one, with the first input that shows it.

```python
from tinynet import lessons

print(lessons.exercise("{name}"))      # the function to fill in


def my_{signature}:
    ...


lessons.check("{name}", my_{name})     # right, or what went wrong
```

There are {count} exercises. The lessons ask for them where their topic comes up.
""",
    """\
몇 줄짜리 함수를 직접 작성하고 채점해 봅시다. `check`는 여러 가지 입력으로 함수를 실행해 정답과 비교합니다. 흔히 하는 실수라면 무엇이
잘못되었는지와 그것이 드러나는 첫 입력도 알려 줍니다.

```python
from tinynet import lessons

print(lessons.exercise("{name}", lang="ko"))      # 여러분이 채울 함수


def my_{signature}:
    ...


lessons.check("{name}", my_{name}, lang="ko")     # 맞았는지, 무엇이 틀렸는지
```

연습 문제는 모두 {count}개입니다. 강의에서 해당 주제를 다룰 때 나옵니다.
""")

_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")


def written(docs: Path, lang: str) -> dict[str, str | bytes]:
    """Return what stands in docs/: pages, pictures, the catalogs of the language, by name."""
    paths = [path for pattern in ("*.md", "[!_]*/*.md", "pictures/*", "*/pictures/*", f"locale/{lang}/**/*.po")
             for path in docs.glob(pattern)]
    pages: dict[str, str | bytes] = {}
    for path in paths:
        name = path.relative_to(docs).as_posix()
        pages[name] = (with_links(path.read_text(encoding="utf-8"), docs.parent, f"docs/{name}", name)
                       if path.suffix == ".md" else path.read_bytes())
    return pages


def of_repository(root: Path, lang: str) -> dict[str, str | bytes]:
    """Return the pages that are files of the repository, by name; in Korean with a line that they are in English."""
    pages: dict[str, str | bytes] = {}
    for source, page in REPOSITORY.items():
        text = (root / source).read_text(encoding="utf-8")
        if source == "README.md":
            text = "# How it is built\n\n" + "".join(_section(text, title) for title in README_SECTIONS)
        pages[page] = in_english(with_links(text, root, source, page), lang)
    return pages


def _section(text: str, title: str) -> str:
    head = f"## {title}\n"
    if head not in text:
        raise ValueError(f"README.md has no section {title!r}; README_SECTIONS in {__file__} names it")
    return head + text.split(head)[1].split("\n## ")[0] + "\n"


def in_english(markdown: str, lang: str) -> str:
    """Add the line that a page is in English only, after its title, in another language."""
    if lang == "en":
        return markdown
    title, rest = markdown.split("\n", 1)
    return f"{title}\n\n:::{{note}}\n{ENGLISH_ONLY}\n:::\n{rest}"


def with_links(markdown: str, root: Path, source: str, page: str) -> str:
    """Make links between files of the repository links between pages.

    Args:
        markdown: The text.
        root: The repository.
        source: The file's name in it, which links are relative to.
        page: The name of the page that the text is for.

    Returns:
        The text. A link to a file that is no page becomes the file's name; one that leads nowhere stays, and Sphinx
        reports it.
    """
    def relinked(match: re.Match[str]) -> str:
        picture, text, target = match.groups()
        path, _, anchor = target.partition("#")
        if not path or ":" in path:
            return match[0]
        name = os.path.normpath(PurePosixPath(source).parent / path)
        if name in REPOSITORY or name.startswith("docs/"):
            other = REPOSITORY.get(name, name.removeprefix("docs/"))
            target = os.path.relpath(other, PurePosixPath(page).parent) + ("#" + anchor if anchor else "")
            return f"{picture}[{text}]({target})"
        if not (root / name).exists():
            return match[0]
        return f"`{name}`" if text.strip("`") == name else f"{text} (`{name}`)"

    return _LINK.sub(relinked, markdown)


def of_lessons(lang: str, run: bool = False) -> dict[str, str | bytes]:
    """Return the lessons' pages and the page of exercises, by name.

    Args:
        lang: 'en' or 'ko'.
        run: Whether the lessons are run: their outputs are on the pages then, and pictures beside them.
    """
    pages: dict[str, str | bytes] = {"exercises.md": exercises_page(lang)}
    for lesson in all_lessons():
        outputs = outputs_of(lesson, lang) if run else {}
        pages |= {f"course/{name}": picture for texts in outputs.values() for name, picture in texts if name}
        pages[f"course/{lesson.name}.md"] = lesson_page(lesson, lang, outputs)
    return pages


def lesson_page(lesson: Lesson, lang: str, outputs: dict[str, list[tuple[str, Any]]]) -> str:
    """Return a lesson as Markdown of one language.

    Args:
        lesson: The lesson.
        lang: 'en' or 'ko'.
        outputs: {code of a cell: its outputs}, of `outputs_of`; empty if it was not run.
    """
    parts = []
    for index, cell in enumerate(lesson.cells):
        if cell.is_code:
            caption = f":caption: {LONG.of(lang)}\n" if "long" in cell.tags else ""
            parts.append(f"```{{code-block}} python\n{caption}\n{cell.code}\n```")
            for name, content in outputs.get(cell.code, []):
                parts.append(f"![{PICTURE.of(lang)}]({name})" if name else
                             f"```{{code-block}} text\n:class: output\n\n{content}\n```")
        else:
            parts.append(cell.texts[lang])
        if not index:
            parts.append(f":::{{note}}\n{AS_NOTEBOOK[bool(outputs)].of(lang).format(number=lesson.number)}\n:::")
    return "\n\n".join(parts) + "\n"


def outputs_of(lesson: Lesson, lang: str) -> dict[str, list[tuple[str, Any]]]:
    """Run a lesson. Returns {code of a cell: [("", text) or (picture's name, bytes)]}."""
    with tempfile.TemporaryDirectory() as folder:  # in the repository, `import tinynet` would find the sources
        notebook = run_notebook(to_notebook(lesson, lang), 600, folder)
    outputs: dict[str, list[tuple[str, Any]]] = {}
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            outputs[cell.source] = list(_shown(cell.outputs, f"{lesson.name}-{index:03}"))
    return outputs


def _shown(outputs: Any, name: str) -> Iterator[tuple[str, Any]]:
    for number, output in enumerate(outputs):
        data = output.get("data", {})
        if "image/png" in data:
            yield f"{name}-{number}.png", base64.b64decode(data["image/png"])
        elif text := output.get("text") or data.get("text/plain"):
            yield "", text.rstrip("\n")


def exercises_page(lang: str) -> str:
    """Return the page of exercises: what each function gets and returns, by topic."""
    first = next(iter(EXERCISES.values()))
    parts = [f"# {EXERCISES_TITLE.of(lang)}\n", EXERCISES_INTRO.of(lang).format(
        name=first.name, signature=first.signature, count=len(EXERCISES))]
    for exercise in EXERCISES.values():
        statement = re.sub(r"\n +", "\n", exercise.statement.of(lang))
        parts.append(f"## {exercise.name}\n\n`my_{exercise.signature}`\n\n{plain(statement)}\n")
    return "\n".join(parts)


def plain(text: str) -> str:
    """Escape what Markdown would take for formatting, except `code`.

    Args:
        text: One or more lines.
    """
    return re.sub(r"`[^`]+`|[*_$\[\]<>|`]", lambda match: match[0] if match[0][1:] else "\\" + match[0], text)
