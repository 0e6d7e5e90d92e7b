"""Processes that tests start find the tinynet under test: the installed package, or this folder's."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
OWN_FOLDER = re.compile(r"PYTHONPATH(?:(?!\n\n).){0,120}?(?:\bROOT\b|"
                        r"(?<!tn\.)(?<!tinynet\.)\b(?:HERE|__file__)\)?\.parents\[)", re.S)


def hides_the_package(text):
    """Whether a PYTHONPATH is made of the folder of the tests' own file."""
    return OWN_FOLDER.search(text) is not None


@pytest.mark.parametrize("path", sorted(TESTS.rglob("*.py")), ids=lambda path: str(path.relative_to(TESTS)))
def test_no_process_gets_the_folder_of_the_sources(path):
    assert path == Path(__file__) or not hides_the_package(path.read_text())


@pytest.mark.parametrize(("text", "hides"), [
    ('{"PYTHONPATH": str(ROOT)}', True), ('"PYTHONPATH": os.pathsep.join([str(HERE.parents[1]),', True),
    ('"PYTHONPATH=" + str(Path(__file__).parents[2])', True),
    ('{"PYTHONPATH": str(Path(tn.__file__).parents[1])}', False), ('{"PYTHONPATH": f"{PACKAGES}"}', False)])
def test_what_counts(text, hides):
    assert hides_the_package(text) is hides
