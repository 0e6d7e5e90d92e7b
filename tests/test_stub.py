"""tinynet/_native.pyi is made from the compiled module, and from nothing else.

After adding or changing a kernel: build, then

    python tests/test_stub.py --write

The types are those that the bindings declare (csrc/bindings/types.h); only READABLE puts some in other words.
"""

import ast
import re
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

if __name__ == "__main__":  # of this source tree, not of an installed package
    sys.path.insert(0, str(Path(__file__).parents[1]))

from checks import needs_native
from signatures import native_functions, signature_of

import tinynet
from tinynet import _native, reference

STUB = Path(tinynet.__file__).with_name("_native.pyi")
FUNCTIONS = native_functions()
HEAD = '''\
"""The compiled kernels. Each has a NumPy reference of the same name and arguments, which defines its result.

Written by `python tests/test_stub.py --write` from the module's signatures: do not edit.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

_Array = npt.NDArray[np.floating[Any]]  # float32 or float64, in any layout; all arrays of a call have one element type
_Labels = npt.NDArray[np.integer[Any]]
_Mask = npt.NDArray[np.bool_]
_Argmax = npt.NDArray[np.uint8] | npt.NDArray[np.int32]  # the argmax index in each window
_Pair = tuple[int, int]

compiler: str

'''
# pybind11's types, in order, in the words of the stub's head.
READABLE = {
    r"typing\.Annotated\[(.*?\]), .*": r"\1",
    r"numpy\.typing\.": "npt.",
    r"numpy\.": "np.",
    r"typing\.SupportsFloat \| typing\.SupportsIndex": "float",
    r"typing\.SupportsInt \| typing\.SupportsIndex": "int",
    r"collections\.abc\.": "",
    r"tuple\[int, int\]": "_Pair",
    r"\b(Array|Labels|Argmax|Mask)\b": r"_\1",
    "'": '"',
}


def readable(kind):
    """A type or a default in the words of the stub's head."""
    for long, short in READABLE.items():
        kind = re.sub(long, short, kind)
    return kind


def written(name, function):
    """A definition for the stub, from the compiled function's docstring."""
    arguments, result = signature_of(function)
    parts = [f"{argument}: {readable(kind)}" + (f" = {readable(default)}" if default else "")
             for argument, kind, default in arguments]
    head, tail = f"def {name}(", f") -> {readable(result)}: ..."
    line = head + ", ".join(parts) + tail
    if len(line) <= 120:
        return line
    rows = textwrap.wrap(", ".join(part.replace(" ", "\0") for part in parts) + ",", 116)
    return "\n".join([head, *("    " + row.replace("\0", " ") for row in rows), tail])


def stub():
    """The whole text of the stub."""
    return HEAD + "\n".join(written(name, function) for name, function in sorted(FUNCTIONS.items())) + "\n"


def definitions(text):
    """The functions of a stub by name."""
    return {node.name: node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}


def results(definition):
    """The types of a stub function's results, one string each."""
    result = definition.returns
    if isinstance(result, ast.Subscript) and ast.unparse(result.value) == "tuple":
        return [ast.unparse(one) for one in result.slice.elts]
    return [ast.unparse(result)]


@needs_native
def test_the_stub_is_what_the_module_gives():
    assert STUB.read_text() == stub(), "the module has changed: python tests/test_stub.py --write"


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_type_is_known(name):
    """No argument or result is a bare `object`, `tuple`, `list`, `dict` or `ndarray`."""
    definition = definitions(STUB.read_text())[name]
    kinds = [ast.unparse(one.annotation) for one in definition.args.args] + results(definition)
    for kind in kinds:
        assert kind not in ("object", "tuple", "list", "dict", "Any", "np.ndarray"), f"{name}: {kind}"


def _calls():
    """A call of every kernel with more than one result, without what is optional."""
    x, kernel, ones = np.ones((1, 2, 2, 1), np.float32), np.ones((1, 1, 1, 1), np.float32), np.ones(1, np.float32)
    rows, labels = np.ones((2, 3), np.float32), np.zeros(2, np.int64)
    bare = (None, None)  # gamma, beta
    geometry, side = ((1, 1), ((0, 0), (0, 0)), (1, 1)), (2, 2)
    argmax, pooled = np.zeros((1, 1, 1, 1), np.uint8), np.ones((1, 1, 1, 1), np.float32)
    steps, state = np.ones((1, 1, 1), np.float32), np.ones((1, 1), np.float32)
    gates = lambda count: np.ones((1, 1, count), np.float32)  # noqa: E731
    query = np.ones((1, 2, 1, 1), np.float32)
    return {
        "attention_forward": (query, query, query, None, 1.0, False),
        "attention_backward": (query, query, query, query, None, query, np.ones((1, 1, 2), np.float32), 1.0, False),
        "dense_backward": (rows, rows, np.ones((3, 3), np.float32), rows, "linear", False, False, False),
        "sparse_softmax_cross_entropy_forward": (rows, labels),
        "softmax_cross_entropy_forward": (rows, rows),
        "conv2d_backward": (x, x, kernel, None, *geometry, 1, "linear", False, False, False),
        "depthwise_conv2d_backward": (x, x, kernel, None, *geometry, "linear", False, False, False),
        "conv2d_moments_forward": (x, kernel, None, *geometry),
        "conv2d_max_pool2d_forward": (x, kernel, None, *geometry, "linear", side, False),
        "conv2d_max_pool2d_backward": (pooled, argmax, x, kernel, *geometry, side, False),
        "conv2d_batch_norm_forward": (x, kernel, None, *geometry, *bare, 1e-3),
        "conv2d_batch_norm_inference": (x, kernel, None, *geometry, *bare, ones, ones, 1e-3),
        "conv2d_batch_norm_backward": (x, x, kernel, None, *geometry, *bare, ones, ones, False, False, False),
        "batch_norm_depthwise_conv2d_forward": (x, kernel, None, *geometry, *bare, ones, ones, 1e-3),
        "batch_norm_depthwise_conv2d_backward": (x, x, kernel, *geometry, *bare, ones, ones, False, False, False,
                                                 False),
        "batch_norm_forward": (x, *bare, 1e-3),
        "batch_norm_inference": (x, *bare, ones, ones, 1e-3),
        "batch_norm_backward": (x, x, *bare, ones, ones, False, False, False),
        "layer_norm_forward": (rows, *bare, 1e-3),
        "layer_norm_backward": (rows, rows, None, np.ones(2, np.float32), np.ones(2, np.float32), False, False, False,
                                False),
        "group_norm_forward": (rows, *bare, 1, 1e-3),
        "group_norm_backward": (rows, rows, None, np.ones((2, 1), np.float32), np.ones((2, 1), np.float32), False,
                                False, False),
        "max_pool2d_forward": (x, side, side, ((0, 0), (0, 0)), False),
        "batch_norm_max_pool2d_forward": (x, *bare, 1e-3, side, False),
        "batch_norm_max_pool2d_inference": (x, *bare, ones, ones, 1e-3, side, False),
        "batch_norm_max_pool2d_backward": (pooled, argmax, pooled, x, None, ones, ones, side, False, False),
        "simple_rnn_forward": (steps, state, steps[0], None, None, "tanh"),
        "simple_rnn_backward": (None, None, steps[0], None, None, steps, "tanh"),
        "lstm_forward": (gates(4), state, state, gates(4)[0], None, None, "tanh", "sigmoid"),
        "lstm_backward": (None, None, None, state, gates(4)[0], None, None, steps, gates(4), steps, "tanh", "sigmoid"),
        "gru_forward": (gates(3), state, gates(3)[0], None, None, None, "tanh", "sigmoid", True),
        "gru_backward": (None, None, state, gates(3)[0], None, None, steps, gates(3), steps, "tanh", "sigmoid", True),
    }


CALLS = _calls()


@pytest.mark.parametrize("name", sorted(CALLS))
def test_there_are_as_many_results_as_the_stub_names(name):
    """Of the kernel and of its reference; None only where a result is optional."""
    definition = definitions(STUB.read_text())[name]
    for function in (getattr(reference, name), getattr(_native, name)):
        got = function(*CALLS[name])
        got = got if isinstance(got, tuple) else (got,)
        kinds = results(definition)
        assert len(got) == len(kinds), f"{name}: {kinds}"
        for one, kind in zip(got, kinds, strict=True):
            assert ("None" in kind) or one is not None, f"{name}: {kind}"


def test_every_kernel_with_several_results_is_called():
    several = {name for name, one in definitions(STUB.read_text()).items() if len(results(one)) > 1}
    assert several == set(CALLS)


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    STUB.write_text(stub())
