"""Pages that are made of other files: the lessons, the exercises, files at the top of the repository."""

import json
import re
from pathlib import Path

from tinynet.lessons import Lesson, all_lessons
from tinynet.lessons.checks import EXERCISES
from tinynet.lessons.checks.words import Words

# Files of the repository that are pages, and what they are called here.
REPOSITORY = {
    "CONTRIBUTING.md": "project/contributing.md",
    "CHANGELOG.md": "project/changelog.md",
    "SECURITY.md": "project/security.md",
    "tinynet/textbook/README.md": "slides.md",
}
HOW_IT_IS_BUILT = "project/how_it_is_built.md"

ENGLISH_ONLY = "```{note}\n이 페이지는 영어로만 제공합니다.\n```\n"
AS_NOTEBOOK = Words(
    "This page shows the lesson's text and code. Run it as a notebook: `tinynet lessons --lang en --out course` writes all "
    "lessons; or in the terminal: `tinynet lessons run {number}`.",
    "이 페이지에는 강의의 글과 코드만 있습니다. 직접 실행하려면 `tinynet lessons --lang ko --out course`로 노트북을 만들거나, 터미널에서 "
    "`tinynet lessons run {number} --lang ko`를 실행하세요.")
LONG = Words("trains longer: left out of the notebook without `--long`", "오래 학습하는 셀: `--long` 옵션이 있을 때만 노트북에 들어갑니다")


def written(docs: Path) -> dict[str, str | bytes]:
    """The pages and pictures in docs/, by name."""
    names = [path.relative_to(docs) for pattern in ("*.md", "*/*.md", "pictures/*") for path in docs.glob(pattern)]
    return {name.as_posix(): _relinked((docs / name).read_text(encoding="utf-8"), docs.parent, f"docs/{name.as_posix()}")
            if name.suffix == ".md" else (docs / name).read_bytes() for name in names}
