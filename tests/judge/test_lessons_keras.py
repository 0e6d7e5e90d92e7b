"""The lessons' cells in Keras's form run on Keras 3 with the import line changed, their checks included."""

import os

import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras")

from tinynet.lessons import all_lessons  # noqa: E402

IMPORT = "import tinynet as tf\n"
OTHER_IMPORT = "import types\n\nimport keras\n\ntf = types.SimpleNamespace(keras=keras)\n"
CELLS = [pytest.param(cell, id=f"{lesson.name}:{cell.line}")
         for lesson in all_lessons() for cell in lesson.cells if "keras" in cell.tags]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("on", ["keras", "tinynet"])
def test_a_cell_runs_alone_on_both(cell, on, capsys):
    assert cell.code.count(IMPORT) == 1 and "assert " in cell.code
    keras.utils.set_random_seed(0)
    code = cell.code if on == "tinynet" else cell.code.replace(IMPORT, OTHER_IMPORT)
    exec(compile(code, f"line {cell.line}", "exec"), {})
    assert capsys.readouterr().out
