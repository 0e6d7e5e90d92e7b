"""The traceback of a wrong call ends at the user's line; that of a fault is whole."""

import re
import subprocess
import sys
import traceback

import numpy as np
import pytest

import tinynet as tn
from tinynet import layers
from tinynet.core import tracebacks


@pytest.fixture(autouse=True)
def filtering():
    """tests/conftest.py switches it off for tinynet's own tests."""
    tn.config.enable_traceback_filtering()
    yield
    tn.config.disable_traceback_filtering()


def frames(call):
    """The files of the traceback of a call that fails, after this function's own frame and the lambda's."""
    try:
        call()
    except Exception as error:
        return [entry.filename for entry in traceback.extract_tb(error.__traceback__)][2:]
    raise AssertionError("no error")


def compiled():
    model = tn.Sequential([layers.Dense(3), layers.Dense(2)])
    model.build((None, 4))
    model.compile("sgd", "mse")
    return model


X, Y = np.zeros((8, 4), np.float32), np.zeros((8, 2), np.float32)
WRONG_CALLS = {
    "fit": lambda m: m.fit(X[:, :3], Y, verbose=0),
    "fit, samples": lambda m: m.fit(X, Y[:3], verbose=0),
    "fit, unknown argument": lambda m: m.fit(X, Y, epoch=1),
    "evaluate": lambda m: m.evaluate(X, Y[:5], verbose=0),
    "predict": lambda m: m.predict(X[:, :3], verbose=0),
    "train_on_batch": lambda m: m.train_on_batch(X[:, :3], Y),
    "test_on_batch": lambda m: m.test_on_batch(X[:, :3], Y),
    "predict_on_batch": lambda m: m.predict_on_batch(X[:, :3]),
    "compile": lambda m: m.compile("sgdx"),
    "call": lambda m: m(X[:, :3]),
    "a layer": lambda m: m.layers[0](X[:, :3]),
    "a graph": lambda m: layers.Dense(3)(layers.Conv2D(3, 3)(tn.Input((4,)))),
    "Sequential": lambda m: tn.Sequential([tn.Input((4,)), layers.Conv2D(3, 3)]),
    "load_model": lambda m: tn.models.load_model("nowhere/model.keras"),
    "save": lambda m: m.save("model.txt"),
}


@pytest.mark.parametrize("name", WRONG_CALLS)
def test_a_wrong_call_ends_at_its_line(name):
    model = compiled()
    assert frames(lambda: WRONG_CALLS[name](model))[1:] == []


A = tn.ops.ones((2, 3))
WRONG_OPERATIONS = {
    "a check": lambda: tn.ops.matmul(A, A),
    "a check two calls deep": lambda: tn.ops.softmax(A, axis=9),
    "of a formula": lambda: tn.ops.exp("x"),
    "NumPy's": lambda: tn.ops.add(A, np.ones(5)),
    "NumPy's, by a view": lambda: tn.ops.reshape(A, 7),
    "an index": lambda: tn.ops.get_item(A, 5),
    "unknown argument": lambda: tn.ops.sum(A, axes=0),
    "what layers call": lambda: tn.ops.conv2d(A, A),
    "pooling": lambda: tn.ops.max_pool2d(A),
    "TensorFlow's name": lambda: tn.math.log("x"),
    "TensorFlow's argument": lambda: tn.math.log(y=A),
    "on an Input": lambda: tn.ops.matmul(tn.Input((3,)), A),
}


@pytest.mark.parametrize("name", WRONG_OPERATIONS)
def test_a_wrong_operation_ends_at_its_line(name):
    assert frames(WRONG_OPERATIONS[name]) == []
    tn.config.disable_traceback_filtering()
    assert frames(WRONG_OPERATIONS[name])


@pytest.mark.parametrize("name", ["+", "@", "[]"])
def test_a_wrong_operator_ends_at_its_method(name):
    wrong = {"+": lambda: A + np.ones(5), "@": lambda: A @ A, "[]": lambda: A[5]}[name]
    assert [file.rpartition("/")[2] for file in frames(wrong)] == ["tensor.py"]


def test_a_fault_of_an_operation_is_not_hidden(monkeypatch):
    monkeypatch.setattr(tn.ops.reduction, "convert_to_tensor", lambda x: {}["fault"])
    monkeypatch.setattr(tracebacks, "INSIDE", (tracebacks.INSIDE, __file__))
    assert frames(lambda: tn.ops.sum(A))[-1] == __file__


def test_an_error_without_file_handles_is_the_first_one(monkeypatch):
    """What `shorten` imports late may be out of reach: that must not take the error's place."""
    def unreachable():
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(tracebacks, "_libraries", unreachable)
    with pytest.raises(KeyError, match="missing"):
        compiled().fit(X, Y, verbose=0, callbacks=[Failing()])


@pytest.mark.parametrize("name", WRONG_CALLS)
def test_the_switch_shows_all(name):
    model = compiled()
    tn.config.disable_traceback_filtering()
    assert not tn.config.is_traceback_filtering_enabled()
    assert len(frames(lambda: WRONG_CALLS[name](model))) > 1


class Failing(tn.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        {}["missing"]


class Stacking(layers.Layer):
    def call(self, x):
        return np.stack([x.numpy(), np.zeros(3)])


def test_the_users_own_lines_stay():
    model = compiled()
    assert frames(lambda: model.fit(X, Y, verbose=0, callbacks=[Failing()])) == [__file__]
    found = frames(lambda: tn.Sequential([layers.Flatten(), Stacking()])(X))
    assert found[0] == __file__ and "numpy" in found[1] and len(found) == 2


def test_a_fault_of_tinynet_is_not_hidden(monkeypatch):
    model = compiled()
    monkeypatch.setattr(type(model.optimizer), "apply", lambda *args: [][0])
    monkeypatch.setattr(tracebacks, "INSIDE", (tracebacks.INSIDE, __file__))  # as if the lambda stood in tinynet
    found = frames(lambda: model.fit(X, Y, verbose=0))
    assert len(found) > 5 and found[-1] == __file__


def test_an_error_of_a_package_that_tinynet_calls_is_not_hidden(monkeypatch):
    model = compiled()
    monkeypatch.setattr(type(model), "get_config", lambda self: np.stack([np.zeros(2), np.zeros(3)]))
    monkeypatch.setattr(tracebacks, "INSIDE", (tracebacks.INSIDE, __file__))
    found = frames(lambda: model.save("model.keras"))
    assert len(found) > 3 and "numpy" in found[-1]


def test_the_cause_stays():
    @tracebacks.short_traceback
    def outer():
        try:
            {}["missing"]
        except KeyError as error:
            raise ValueError("no such name") from error

    with pytest.raises(ValueError, match="no such name") as caught:
        outer()
    assert isinstance(caught.value.__cause__, KeyError) and caught.value.__cause__.__traceback__ is not None


def test_interrupts_are_short():
    class Interrupting(tn.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        compiled().fit(X, Y, verbose=0, callbacks=[Interrupting()])
    assert all("tinynet/models" not in str(entry.path) for entry in caught.traceback)


SCRIPT = """
import numpy as np, tinynet as tn
model = tn.Sequential([tn.layers.Dense(2)])
model.compile("sgd", "mse")
model.fit(np.ones((4, 2)), np.ones((5, 2)))
"""


def test_a_script_prints_the_line_and_the_message(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    done = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True)
    lines = [line for line in done.stderr.splitlines() if set(line.strip()) - {"^", "~"}]
    assert len(lines) == 4 and lines[1].endswith("line 5, in <module>")
    assert lines[3].startswith("ValueError: fit: x has")


def test_a_notebook_shows_the_cell_and_the_message(tmp_path):
    shell = pytest.importorskip("IPython.core.interactiveshell").InteractiveShell()
    shell.run_cell("import numpy as np, tinynet as tn; tn.config.enable_traceback_filtering()")
    shell.run_cell(SCRIPT.replace("np.ones((5", "1 and np.ones((5"))
    done = shell.run_cell("model.fit(np.ones((4, 2)), np.ones((5, 2)))")
    shown = "\n".join(shell.InteractiveTB.structured_traceback(ValueError, done.error_in_exec,
                                                               done.error_in_exec.__traceback__))
    shown = re.sub(r"\x1b\[[\d;]*m", "", shown)
    assert "model.fit" in shown and "models/training.py" not in shown and "fit: x has 4 samples" in shown


def test_pytest_shows_the_test_and_the_message(tmp_path):
    (tmp_path / "test_mine.py").write_text("def test_mine():" + SCRIPT.replace("\n", "\n    "))
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_mine.py"],
                          cwd=tmp_path, capture_output=True, text=True)
    assert "test_mine.py:5: ValueError" in done.stdout and "training.py" not in done.stdout
