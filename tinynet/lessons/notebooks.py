"""Lessons as Jupyter notebooks of one language, by jupytext (extra "lessons")."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..core.extras import import_extra
from ..plots.messages import LANGUAGES
from ..utils.files import atomic_folder
from .sources import Lesson, all_lessons

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def language_setup(lang: str) -> str:
    """Return the code that a notebook begins with: pictures and exercises speak the reader's language.

    Args:
        lang: 'en' or 'ko'.

    >>> print(language_setup("ko"))
    from tinynet import plots
    <BLANKLINE>
    before = plots.set_style(lang="ko")
    """
    return f'from tinynet import plots\n\nbefore = plots.set_style(lang="{lang}")'


def to_notebook(lesson: Lesson, lang: str = "en", long: bool = False) -> Any:
    """Make a notebook of a lesson.

    Args:
        lesson: A `Lesson`.
        lang: 'en' or 'ko'.
        long: Whether cells tagged "long" are in it.

    Returns:
        nbformat's notebook. The same lesson gives the same bytes.

    Raises:
        ModuleNotFoundError: the extra `lessons` is not installed.
        ValueError: another language.

    >>> from tinynet.lessons import find_lesson
    >>> notebook = to_notebook(find_lesson("momentum"), lang="ko")
    >>> [cell.cell_type for cell in notebook.cells[:2]]
    ['markdown', 'code']
    """
    jupytext = import_extra("jupytext", "lessons", "to_notebook")
    if lang not in LANGUAGES:
        raise ValueError(f"to_notebook: lang must be one of {', '.join(LANGUAGES)}, got {lang!r}")
    percent = []
    for index, cell in enumerate(lesson.cells):
        if not cell.is_code:
            percent += ["# %% [markdown]", *(f"# {line}".rstrip() for line in cell.texts[lang].splitlines())]
        elif long or "long" not in cell.tags:
            tags = f" tags={json.dumps(cell.tags)}" if cell.tags else ""
            percent += [f"# %%{tags}", cell.code]
        percent.append("")
        if not index:
            percent += ["# %%", language_setup(lang), ""]
    notebook = jupytext.reads("\n".join(percent), fmt="py:percent")
    for index, made in enumerate(notebook.cells):
        made["id"] = f"{lesson.name[:2]}-{index:03}"
    notebook.metadata = type(notebook.metadata)(
        kernelspec=KERNEL, language_info={"name": "python"}, title=lesson.titles[lang],
        tinynet={"lesson": lesson.name, "lang": lang})
    return notebook


def write_notebooks(
    folder: str | os.PathLike[str], lang: str = "en", force: bool = False, long: bool = False,
    lessons: Sequence[Lesson] | None = None, finish: Callable[[Any], Any] | None = None,
) -> list[Path]:
    """Write lessons as notebooks into a folder: all of them, or, if one cannot be written, none.

    Args:
        folder: Made if it does not exist.
        lang: 'en' or 'ko'.
        force: Whether files that are there and differ are overwritten; a reader may have worked in them.
        long: Whether cells tagged "long" are in them.
        lessons: Which; the whole course if None.
        finish: Function applied to each notebook before any is written, such as `run_notebook`, which adds the outputs.

    Returns:
        The notebooks' paths.

    Raises:
        FileExistsError: a file is there, with other content, and `force` is False. Nothing has been written.
        NotADirectoryError: `folder` is a file.
        ModuleNotFoundError: the extra `lessons` is not installed.

    >>> from tinynet.lessons import find_lesson
    >>> [path.name for path in write_notebooks("course", lang="ko", lessons=[find_lesson("momentum")])]
    ['03_momentum.ipynb']
    """
    nbformat = import_extra("nbformat", "lessons", "write_notebooks", "jupytext")
    out = Path(folder).expanduser()
    lessons = all_lessons() if lessons is None else lessons
    if out.exists() and not out.is_dir():
        raise NotADirectoryError(f"{out} is a file; --out names a folder")
    texts = {}
    for lesson in lessons:
        notebook = to_notebook(lesson, lang, long)
        if finish is not None:
            finish(notebook)
        texts[f"{lesson.name}.ipynb"] = nbformat.writes(notebook) + "\n"
    changed = [name for name, text in texts.items()
               if (out / name).exists() and (out / name).read_bytes() != text.encode()]
    if changed and not force:
        raise FileExistsError(f"{out} has {', '.join(changed)} with other content, perhaps a reader's own work. "
                              "Nothing was written. Name another folder, or overwrite with --force")
    if not out.exists():
        out.parent.mkdir(parents=True, exist_ok=True)
        with atomic_folder(out) as unfinished:
            _write(unfinished, texts)
    else:
        with tempfile.TemporaryDirectory(dir=out, prefix=".tinynet-lessons-") as unfinished:
            _write(Path(unfinished), texts)
            for name in texts:  # all are complete and on this disk: only names change now
                os.replace(Path(unfinished) / name, out / name)
    return [out / name for name in texts]


def _write(folder: Path, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
