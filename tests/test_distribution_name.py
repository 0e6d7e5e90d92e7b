"""The distribution's name: no text tells a user to install the other project that is called tinynet."""

import re
import tomllib
from pathlib import Path

import pytest

from tinynet.core.extras import DISTRIBUTION, import_extra, install_hint

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
OLD = re.compile(r"""\btinynet\[                                   # an extra of the old name
                     | \b(pip|pipx|uv)\b[^`\n&;|]*\binstall\b[^`\n&;|]*\btinynet\b(?!-learn|/)""", re.VERBOSE)
PATTERNS = ("*.md", "*.toml", "tinynet/**/*.py", "tinynet/**/*.md", "tinynet/**/*.pyx", "docs/**/*.md",
            "bench/**/*.py", "bench/**/*.md")
TEXTS = [path for pattern in PATTERNS for path in sorted(ROOT.glob(pattern))]


@pytest.mark.parametrize("text", ['pip install "tinynet[plot]"', "pip install tinynet", "pip install -U tinynet",
                                  "with tinynet[h5]", "uv pip install 'tinynet[all]'"])
def test_the_old_name_is_recognised(text):
    assert OLD.search(text)


@pytest.mark.parametrize("text", ['pip install "tinynet-learn[plot]"', 'pip install ".[test]" && .venv/bin/tinynet',
                                  "pip install tinynet-learn"])
def test_other_commands_are_not(text):
    assert not OLD.search(text)


def test_no_text_has_the_old_name():
    assert len(TEXTS) > 300
    found = [f"{path.relative_to(ROOT)}:{number}: {line.strip()}" for path in TEXTS
             for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if OLD.search(line)]
    assert not found, "\n".join(found)


def test_the_project_has_the_name():
    assert PROJECT["name"] == DISTRIBUTION


def test_each_extra_that_a_hint_names_is_there():
    code = "\n".join(path.read_text() for path in (ROOT / "tinynet").rglob("*.py"))
    named = set(re.findall(r"""install_hint\(["'](\w+)["']\)""", code))
    named |= set(re.findall(r"""import_extra\(\s*f?"[^"]+",\s*"(\w+)\"""", code))
    assert {"plot", "image", "h5", "onnx", "tensorboard", "sklearn"} <= named <= set(PROJECT["optional-dependencies"])


def test_a_missing_package_is_named_with_its_extra():
    with pytest.raises(ModuleNotFoundError) as caught:
        import_extra("surely_not_installed.inside", "plot", "a test", "surely", "; or do without")
    assert str(caught.value) == f"a test needs surely: {install_hint('plot')}; or do without"
    assert caught.value.name == "surely_not_installed"


def test_a_package_that_fails_on_import_shows_its_reason(tmp_path, monkeypatch):
    (tmp_path / "broken_package.py").write_text("raise ImportError('no such symbol')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ImportError, match="no such symbol") as caught:
        import_extra("broken_package", "plot", "a test")
    assert not isinstance(caught.value, ModuleNotFoundError)
