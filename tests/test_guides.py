"""docs/guides: what a guide shows runs as it stands, and all of it is there in Korean.

The ```python blocks of a guide run in order, in one namespace, in a process and a folder of their own. An HTML comment
above a block, on a line of its own, makes an exception:

    <!-- not run: needs a terminal -->      left out; the reason is for the reader of the source
    <!-- needs: h5py onnx -->               left out where one of these packages is not installed

The Korean text is in docs/locale/ko, a catalog (.po) a guide; a msgid is a paragraph of the guide as Sphinx takes it.
"""

import ast
import importlib.util
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
GUIDES = DOCS / "guides"
KOREAN = DOCS / "locale" / "ko" / "LC_MESSAGES" / "guides"
if not GUIDES.is_dir():
    pytest.skip("the guides are not part of the wheel", allow_module_level=True)

PAGES = sorted(GUIDES.glob("*.md"))
every_page = pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
LANGUAGES = {"python", "sh", "console", "text", "json", "toml"}  # of blocks; only the first is run
CODE_WIDTH = 92  # letters that the site's column has room for
TIME_LIMIT = 300  # seconds; a guide takes a few, and this is for one that hangs


@dataclass(frozen=True)
class Block:
    """A fenced block of a page: its language, the line of its first line of code, the code, the comment above it."""

    language: str
    line: int
    code: str
    comment: str

    @property
    def packages(self):
        """The packages without which the block is left out."""
        return self.comment.removeprefix("needs:").split() if self.comment.startswith("needs:") else []

    def runs_here(self):
        return (self.language == "python" and not self.comment.startswith("not run:")
                and all(importlib.util.find_spec(package) for package in self.packages))


def blocks_of(text):
    """The fenced blocks of a Markdown text. Directives of MyST (```{note}) are text, not code."""
    found, language, above = [], None, ""
    for number, line in enumerate(text.splitlines(), 1):
        fence = re.fullmatch(r"```(\S*)", line)
        if language is None and fence:
            language, first, code = fence[1], number + 1, []
        elif fence and not fence[1]:
            if not language.startswith("{"):
                comment = re.fullmatch(r"<!-- (.+) -->", above)
                found.append(Block(language, first, "\n".join(code) + "\n", comment[1] if comment else ""))
            language, above = None, ""
        elif language is not None:
            code.append(line)
        elif line.strip():
            above = line.strip()
    assert language is None, f"the block at line {first - 1} has no end"
    return found


# Compiled with the page's own lines, so that a traceback shows them.
RUNNER = """
import sys
namespace = {{"__name__": "__main__"}}
for line, code in {blocks!r}:
    exec(compile("\\n" * (line - 1) + code, {path!r}, "exec"), namespace)
"""


@every_page
def test_its_code_runs(page, tmp_path):
    blocks = [(block.line, block.code) for block in blocks_of(page.read_text(encoding="utf-8")) if block.runs_here()]
    environment = {**os.environ, "MPLBACKEND": "Agg", "TINYNET_HOME": str(tmp_path / "home")}
    if importlib.util.find_spec("jax"):  # TensorFlow is what Keras would look for
        environment.setdefault("KERAS_BACKEND", "jax")
    work = tmp_path / "work"
    work.mkdir()
    run = subprocess.run([sys.executable, "-P", "-c", RUNNER.format(blocks=blocks, path=str(page))], cwd=work,
                         env=environment, capture_output=True, text=True, timeout=TIME_LIMIT)
    assert run.returncode == 0, f"{run.stdout}\n{run.stderr}"


@every_page
def test_its_blocks_are_as_they_should_be(page):
    for block in blocks_of(page.read_text(encoding="utf-8")):
        wide = [line for line in block.code.splitlines() if len(line) > CODE_WIDTH]
        assert not wide, f"line {block.line}: more than {CODE_WIDTH} letters in {wide}"
        assert block.language in LANGUAGES, f"line {block.line - 1}: a block of {block.language!r}"
        assert not block.comment or re.match(r"(not run|needs): \S", block.comment), block.comment


@every_page
def test_no_assertion_waits_for_an_error(page):
    """One in an `except` would pass where there is no error: the message is kept there, and looked at after it."""
    for block in blocks_of(page.read_text(encoding="utf-8")):
        for node in ast.walk(ast.parse(block.code)) if block.language == "python" else ():
            if isinstance(node, ast.ExceptHandler):
                assert not any(isinstance(inner, ast.Assert) for inner in ast.walk(node)), block.line + node.lineno - 1


@every_page
def test_its_links_lead_to_files(page):
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_a_page_is_taken_apart():
    text = "# A\n\n<!-- needs: h5py onnx -->\n```python\nx = 1\n```\n\n```{note}\nx\n```\n\n```console\n$ y\n```\n"
    first, second = blocks_of(text)
    assert first == Block("python", 5, "x = 1\n", "needs: h5py onnx") and first.packages == ["h5py", "onnx"]
    assert second == Block("console", 13, "$ y\n", "") and not second.runs_here()
    left_out = blocks_of("<!-- not run: no screen -->\n\n```python\nx\n```\n```python\ny\n```\n")
    assert [block.runs_here() for block in left_out] == [False, True]


def test_code_that_fails_shows_the_line_of_its_page(tmp_path):
    runner = RUNNER.format(blocks=[(3, "x = 1\n"), (9, "\nassert x == 2\n")], path="page.md")
    run = subprocess.run([sys.executable, "-P", "-c", runner], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 1 and 'File "page.md", line 10' in run.stderr


# -- Korean ----------------------------------------------------------------------------------------------------------


def catalog_of(page):
    """The messages of a guide's catalog."""
    pofile = pytest.importorskip("babel.messages.pofile")
    path = KOREAN / f"{page.stem}.po"
    assert path.exists(), f"{path} is missing"
    with path.open("rb") as file:
        return [message for message in pofile.read_po(file, abort_invalid=True) if message.id]


def marks_of(text):
    """What a translation must not change: the code in backquotes, the targets of links, in any order."""
    return sorted(re.findall(r"`[^`]+`", text)), sorted(re.findall(r"\]\(([^)]*)\)", text))


@every_page
def test_all_of_it_is_translated(page):
    messages = catalog_of(page)
    assert messages
    for message in messages:
        assert message.string and not message.fuzzy, message.id
        assert marks_of(message.string) == marks_of(message.id), f"{message.id}\n{message.string}"


@every_page
def test_its_translation_is_korean(page):
    text = " ".join(re.sub(r"`[^`]+`|\([^)]*\)", " ", message.string) for message in catalog_of(page))
    letters = [letter for letter in text if letter.isalpha()]
    assert sum("가" <= letter <= "힣" for letter in letters) > 0.6 * len(letters)


def test_the_catalogs_have_the_paragraphs_of_the_guides(tmp_path):
    pytest.importorskip("sphinx")
    pytest.importorskip("myst_parser")
    if not (DOCS / "conf.py").exists():
        pytest.skip("there is no docs/conf.py")
    # The folder alone is read, so links to other pages are not found: those warnings are for the build of the site.
    command = [sys.executable, "-P", "-m", "sphinx", "-Q", "-b", "gettext", "-c", DOCS, "-D", "root_doc=start"]
    subprocess.run([*command, "-d", tmp_path / "doctrees", GUIDES, tmp_path], check=True)
    pofile = pytest.importorskip("babel.messages.pofile")
    for page in PAGES:
        with (tmp_path / f"{page.stem}.pot").open("rb") as file:
            written = [message.id for message in pofile.read_po(file) if message.id]
        assert [message.id for message in catalog_of(page)] == written, page.name


def test_marks_are_found():
    assert marks_of("`a` and [b](c.md), `d`") == (["`a`", "`d`"], ["c.md"]) != marks_of("`a`, [b](e.md), `d`")
