"""The list of the course's rows: complete, true, and written down in tinynet/textbook/README.md."""

import ast
import functools

import pytest
from course_rows import README, ROOT, ROWS, readme, resolve

every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: f"row {row.number}")


@functools.cache
def functions_in(path):
    """The names of all functions in a file."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_row_is_listed_once():
    assert [row.number for row in ROWS] == list(range(1, 79))


@every_row
def test_names_and_tests_exist(row):
    assert (row.names is None) == (row.tests is None), "a name without a test, or the reverse"
    if row.names is None:
        pytest.skip(f"row {row.number} ({row.words}) is not there yet")
    for name in row.name_list():
        assert resolve(name) is not None
    for test in row.test_list():
        path, function = test.split("::")
        assert function.startswith("test_") and function in functions_in(path), test


def test_a_name_that_does_not_exist_is_noticed():
    with pytest.raises(AttributeError, match="there is no tinynet.textbook.Momentun"):
        resolve("tinynet.textbook.Momentun")
    assert "test_nothing" not in functions_in("tests/textbook/test_course_rows.py")


def test_the_readme_is_up_to_date():
    assert README.read_text(encoding="utf-8") == readme(), "run: python tests/course_rows.py"
