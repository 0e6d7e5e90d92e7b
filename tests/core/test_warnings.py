"""A warning names the user's line: `warn_user` finds it, and nothing in the package warns in another way."""

import ast
import contextlib
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
from checks import warns_here

import tinynet as tn
from tinynet import layers, plots
from tinynet.core.errors import warn_user
from tinynet.plots import fonts, style

PACKAGE = Path(tn.__file__).parent


def module_of(name, code):
    """The functions of a module with this name, as if it stood in a file."""
    names = {"__name__": name, "warn_user": warn_user, "contextlib": contextlib}
    exec(compile(code, f"/elsewhere/{name.replace('.', '/')}.py", "exec"), names)
    return names


def only_warning(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    (one,) = caught
    return one


WARNS = """
def warns():
    warn_user("text", UserWarning)

@contextlib.contextmanager
def block():
    warn_user("text", UserWarning)
    yield

def call(function):
    return function()
"""


def enters(block):
    with block():
        pass


def test_callers_inside_are_left_out():
    inside = module_of("tinynet.some.module", WARNS)
    for name in ("tinynet", "tinynet.other", "numpy.lib", "sklearn.model_selection", "threading"):
        between = module_of(name, WARNS)["call"]
        for call in (inside["warns"], lambda between=between: between(inside["warns"]),
                     lambda between=between: between(lambda: between(inside["warns"]))):
            one = only_warning(call)
            assert (one.filename, one.category, str(one.message)) == (__file__, UserWarning, "text"), name


def test_a_context_manager_is_not_entered_by_its_library():
    assert only_warning(lambda: enters(module_of("tinynet.some", WARNS)["block"])).filename == __file__


def test_the_innermost_caller_of_the_user_is_named():
    user, inside = module_of("homework", WARNS), module_of("tinynet.some", WARNS)
    assert only_warning(lambda: user["call"](inside["warns"])).filename == "/elsewhere/homework.py"
    almost = module_of("tinynetwork", WARNS)  # not of the package
    assert only_warning(lambda: almost["call"](inside["warns"])).filename == "/elsewhere/tinynetwork.py"


def test_in_a_thread_of_the_package_the_library_is_named():
    def call():
        thread = threading.Thread(target=module_of("tinynet.some", WARNS)["warns"])
        thread.start()
        thread.join()

    assert only_warning(call).filename == threading.__file__


def test_an_import_is_counted(tmp_path):
    (tmp_path / "homework.py").write_text("\nimport lazily\n")
    (tmp_path / "lazily.py").write_text("__name__ = 'tinynet.lazily'\nfrom tinynet.core.errors import warn_user\n"
                                        "warn_user('text', UserWarning)\n")
    result = subprocess.run([sys.executable, "homework.py"], cwd=tmp_path, capture_output=True, text=True)
    assert "homework.py:2: UserWarning: text" in result.stderr, result.stderr


def test_a_line_is_warned_of_once_and_filters_hold():
    inside = module_of("tinynet.some", WARNS)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            inside["warns"]()
        inside["warns"]()
    assert len(caught) == 2
    with warnings.catch_warnings():
        warnings.filterwarnings("error", module=__name__)
        with pytest.raises(UserWarning, match="text"):
            inside["warns"]()


def test_nothing_warns_in_another_way():
    """`warnings.warn` with a stacklevel names a line of tinynet as soon as one more function stands between."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        if "lessons" in path.parts and path.name[:1].isdigit():
            continue  # lessons are the user's own code
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute | ast.Name | ast.alias):
                name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else (
                    node.name)
                if name in ("warn", "warn_explicit"):
                    found.append(f"{path.relative_to(PACKAGE).as_posix()}:{node.lineno}")
    assert [one.split(":")[0] for one in found] == ["core/errors.py"], found
    sources = list(PACKAGE.rglob("*.pyx"))
    sources += [path for kind in ("*.h", "*.cpp") for path in (PACKAGE.parent / "csrc").rglob(kind)]
    assert not [str(path) for path in sources if "PyErr_Warn" in path.read_text(encoding="utf-8")]


# -- where a line of the package was named ----------------------------------------------------------------------------


def test_a_mask_that_is_not_propagated(ordinary_steps):
    model = tn.Sequential([tn.Input((4,)), layers.Embedding(5, 2, mask_zero=True), layers.Flatten(), layers.Dense(1)])
    model.compile("sgd", "mse")
    x, y = np.ones((2, 4), int), np.ones((2, 1))
    for call in (lambda: model(x), lambda: model.fit(x, y, verbose=0), lambda: model.predict(x, verbose=0)):
        with warns_here(UserWarning, "does not propagate the mask"):
            call()


@pytest.mark.parametrize("name", ["EarlyStopping", "ReduceLROnPlateau"])
def test_a_result_that_is_not_in_the_logs(name):
    model = tn.Sequential([tn.Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    with warns_here(UserWarning, f"{name}: there is no 'val_loss'"):
        model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0, callbacks=[getattr(tn.callbacks, name)()])


def test_fonts(monkeypatch):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    monkeypatch.setattr(style, "korean_font", lambda: None)
    with warns_here(UserWarning, "no font on this machine has Korean letters"):
        plots.history({"loss": [1.0, 0.5]}, lang="ko")
    monkeypatch.setattr(fonts, "missing_letters", lambda text, names: text)
    with warns_here(UserWarning, "plots: no font on this machine has"):
        plots.history({"loss": [1.0, 0.5]})
        pyplot.gcf().canvas.draw()
    pyplot.close("all")
