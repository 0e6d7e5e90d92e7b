"""No warning of NumPy's about inf and NaN names a line of tinynet; those for the user's own lines stay."""

import json
import os
import subprocess
import sys
import warnings

import numpy as np
import pytest

from tinynet import runtime
from tinynet.core.errors import ignore_numpy_float_warnings

# In a process of its own: pytest replaces the filters, and pyproject.toml makes such a warning an error.
LISTENS = """
import json, sys, warnings
import numpy as np
import tinynet as tn
from tinynet import activations, layers, losses, metrics, ops, optimizers

PACKAGE = tn.__file__.removesuffix("__init__.py")
caught, ran = [], []

def show(message, category, file, line, *rest):
    if file.startswith(PACKAGE) and "encountered" in str(message):
        caught.append(f"{name}: {file}:{line}: {message}")

warnings.showwarning = show
numbers = np.array([0.0, -1.0, 1.0, np.inf, -np.inf, np.nan, 1e30, -1e30, 1e-30], np.float32)
square = np.float32([[np.inf, 1e30, 1e-30], [-np.inf, 1e30, 0], [np.inf, -1e30, np.nan]])

def differentiated(function, *arguments):
    '''A function's result and its first and second derivatives. It takes other arguments if the result is False.'''
    arguments = [tn.Variable(x) for x in arguments]
    try:
        with tn.GradientTape(persistent=True) as outer:
            with tn.GradientTape() as tape:
                y = function(*arguments)
            dx = tape.gradient(y, arguments)
        outer.gradient([one for one in dx if one is not None], arguments)
    except Exception:
        return False
    ran.append(name)
    return True
"""

ELEMENTWISE = LISTENS + """
for room in (ops, activations):
    for name in dir(room):
        function = getattr(room, name)
        if name[0] == "_" or not callable(function) or isinstance(function, type):
            continue
        differentiated(function, numbers)
        differentiated(function, square)
        for number in numbers:
            differentiated(function, number)
        differentiated(function, numbers, numbers)
        differentiated(function, numbers[:, None], numbers)
        for number in numbers:
            differentiated(function, number, numbers[3])
            differentiated(function, numbers[6], number)
        differentiated(function, square, square)
        differentiated(function, numbers, numbers[::-1].copy(), numbers)
name = "einsum"
for formula in ("i,i,i->", "i,j,k->ij", "i,i,i->i"):
    differentiated(lambda *x: ops.einsum(formula, *x), numbers, numbers, numbers)
"""

OTHERS = LISTENS + """
for name in dir(layers):
    kind = getattr(layers, name)
    if not isinstance(kind, type):
        continue
    for arguments in ((), (3,), (3, 3)):
        for shape in ((3, 4), (3, 5, 4), (2, 6, 6, 4), (2, 4, 4, 4, 2)):
            for training in (False, True):
                def call(x):
                    y = kind(*arguments)(x, training=training)
                    return y * np.resize(numbers, y.shape)
                differentiated(call, np.resize(numbers, shape))

bad = np.resize(numbers, (5, 4))
base = metrics.Mean.__module__
for room in (losses, metrics):
    for name in dir(room):
        kind = getattr(room, name)
        if name[0] == "_" or not callable(kind):
            continue
        for targets in (bad, np.zeros_like(bad), np.abs(bad), np.full_like(bad, 3e38)):
            for outputs in (bad, 1 - bad, np.abs(bad), np.full_like(bad, 3e38)):
                if not isinstance(kind, type):
                    differentiated(lambda p: kind(targets, p), outputs)
                elif room is losses:
                    differentiated(lambda p: kind()(targets, p), outputs)
                else:
                    for weights in (None, np.full(5, 1e30), np.full(5, np.inf)):
                        try:
                            metric = kind()
                            if kind.__module__ == base:  # Mean, Sum
                                metric.update_state(outputs, weights)
                            else:
                                metric.update_state(targets, outputs, weights)
                            metric.result()
                            ran.append(name)
                        except Exception:
                            pass

for name in dir(optimizers):
    kind = getattr(optimizers, name)
    if not isinstance(kind, type):
        continue
    for settings in ({}, {"clipnorm": 1.0}, {"global_clipnorm": 1.0}, {"clipvalue": 1.0}, {"weight_decay": 0.1}):
        for gradient in (0.0, 1e30, 1e19, 3e38, np.inf, np.nan):
            try:
                optimizer, variable = kind(**settings), tn.Variable(np.full((3, 4), 1e30, np.float32))
                for _ in range(3):
                    optimizer.apply_gradients([(np.full((3, 4), gradient, np.float32), variable)])
                ran.append(name)
            except Exception:
                pass

for x in (square, np.full((3, 3), 1e19, np.float32)):
    for kind in (tn.regularizers.L1, tn.regularizers.L2, tn.regularizers.OrthogonalRegularizer):
        name = kind.__name__
        differentiated(kind(), x)
    for kind in (tn.constraints.MaxNorm, tn.constraints.UnitNorm, tn.constraints.MinMaxNorm):
        name = kind.__name__
        kind()(tn.Tensor(x))
        ran.append(name)
"""

TELL = "\nprint(json.dumps([sorted(set(caught)), sorted(set(ran))]))\n"


def told(tmp_path, code, backend, *arguments):
    script = tmp_path / "homework.py"
    script.write_text(code)
    environment = {**os.environ, "TINYNET_BACKEND": backend}
    environment.pop("PYTHONWARNINGS", None)
    result = subprocess.run([sys.executable, *arguments, script.name], cwd=tmp_path, env=environment,
                            capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result


BACKENDS = ["numpy"] if runtime._native is None else ["native", "numpy"]


@pytest.mark.parametrize("code, named", [
    (ELEMENTWISE, "divide power log sqrt exp arcsin sinc logaddexp cumsum prod det softmax norm std linspace einsum"),
    (OTHERS, "Dense Conv2D LSTM LayerNormalization MeanSquaredError CategoricalCrossentropy F1Score AUC R2Score Mean "
             "Adam SGD Adafactor Lamb MaxNorm OrthogonalRegularizer"),
])
@pytest.mark.parametrize("backend", BACKENDS)
def test_no_line_of_tinynet_is_named(tmp_path, code, named, backend):
    caught, ran = json.loads(told(tmp_path, code + TELL, backend).stdout.splitlines()[-1])
    assert not caught
    assert set(named.split()) - set(ran) == set()


USERS_OWN = """
import numpy as np
import tinynet as tn
tn.ops.divide(1.0, 0.0)
np.divide(1.0, 0.0)
tn.ops.log(0.0), tn.ops.sqrt(-1.0), tn.ops.exp(1000.0), tn.ops.log(tn.Variable(0.0))
np.exp(1000.0)
"""


@pytest.mark.parametrize("arguments", [(), ("-W", "default"), ("-W", "always"), ("-X", "dev")])
def test_the_users_own_lines_still_warn(tmp_path, arguments):
    lines = told(tmp_path, USERS_OWN, "numpy", *arguments).stderr.splitlines()
    named = [line.partition("homework.py:")[2] for line in lines if "RuntimeWarning" in line]
    assert named == ["5: RuntimeWarning: divide by zero encountered in divide",
                     "7: RuntimeWarning: overflow encountered in exp"], lines


def test_warnings_as_errors_do_not_stop_an_operation(tmp_path):
    only = USERS_OWN.replace("np.divide(1.0, 0.0)\n", "").replace("np.exp(1000.0)\n", "")
    assert not told(tmp_path, only, "numpy", "-W", "error").stderr


def divided(module):
    """The warnings of a NumPy division in a line of a module with this name."""
    names = {"np": np, "__name__": module}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ignore_numpy_float_warnings()
        exec("np.divide(1.0, 0.0); np.log(-1.0); np.exp(1000.0); np.float32(1e-30) * np.float32(1e-30)", names)
    return [str(one.message) for one in caught]


def test_the_filter_is_for_modules_of_tinynet():
    with np.errstate(all="warn"):
        for module in ("tinynet", "tinynet.ops.elementwise"):
            assert divided(module) == []
        for module in ("__main__", "tinynetwork", "tinynet_homework.ops", "my.tinynet"):
            assert len(divided(module)) == 4, module


def test_other_warnings_of_tinynet_stay():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ignore_numpy_float_warnings()
        for message, kind in (("divide by zero encountered", UserWarning), ("an unknown one", RuntimeWarning)):
            warnings.warn_explicit(message, kind, "ops.py", 1, "tinynet.ops")
    assert len(caught) == 2


def test_a_second_import_adds_no_filter():
    with warnings.catch_warnings():
        ignore_numpy_float_warnings()
        count = len(warnings.filters)
        ignore_numpy_float_warnings()
        assert len(warnings.filters) == count
