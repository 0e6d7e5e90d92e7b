"""docs/guides: what a guide shows runs as it stands.

The ```python blocks of a guide run in order, in one namespace, in a process and a folder of their own. An HTML comment
above a block, on a line of its own, makes an exception:

    <!-- not run: needs a terminal -->      left out; the reason is for the reader of the source
    <!-- needs: h5py onnx -->               left out where one of these packages is not installed
"""

import importlib.util
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

GUIDES = Path(__file__).parents[1] / "docs" / "guides"
if not GUIDES.is_dir():
    pytest.skip("the guides are not part of the wheel", allow_module_level=True)

PAGES = sorted(GUIDES.glob("*.md"))
every_page = pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
LANGUAGES = {"python", "console", "text", "json", "toml"}  # of blocks; only the first is run
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
    environment = {"KERAS_BACKEND": "jax", **os.environ, "MPLBACKEND": "Agg", "TINYNET_HOME": str(tmp_path / "home")}
    work = tmp_path / "work"
    work.mkdir()
    run = subprocess.run([sys.executable, "-P", "-c", RUNNER.format(blocks=blocks, path=str(page))], cwd=work,
                         env=environment, capture_output=True, text=True, timeout=TIME_LIMIT)
    assert run.returncode == 0, f"{run.stdout}\n{run.stderr}"


@every_page
def test_its_blocks_are_what_this_test_knows(page):
    for block in blocks_of(page.read_text(encoding="utf-8")):
        assert block.language in LANGUAGES, f"line {block.line - 1}: a block of {block.language!r}"
        assert not block.comment or re.match(r"(not run|needs): \S", block.comment), block.comment


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
