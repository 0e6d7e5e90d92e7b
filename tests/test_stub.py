"""tinynet/_native.pyi names every function of the compiled module, with its arguments and their defaults.

After adding or changing a kernel: build, then

    python tests/test_stub.py --write

Definitions that still agree with the module stay as they are (their types may have been made more telling by hand),
others are written anew, those of functions that are gone are dropped.
"""

import ast
import re
import sys
import textwrap
from pathlib import Path

import pytest
from signatures import native_functions, signature_of

import tinynet

STUB = Path(tinynet.__file__).with_name("_native.pyi")
FUNCTIONS = native_functions()
# pybind11's types, in order, in the words of the stub's head.
READABLE = {
    "numpy.typing.NDArray[numpy.float32]": "npt.NDArray[np.float32]",
    "numpy.ndarray": "Array",
    "typing.SupportsFloat | typing.SupportsIndex": "float",
    "typing.SupportsInt | typing.SupportsIndex": "int",
    "collections.abc.Sequence": "Sequence",
    "tuple[int, int]": "Pair",
    "typing.Any": "Any",
    "object": "Any",
    "'": '"',
}
# What pybind11 does not know.
TELLING = {
    ("labels", "Array"): "Labels", ("y", "Any"): "Array | None", ("bias", "Any"): "Array | None",
    ("axes", "Any"): "int | Sequence[int] | None", ("velocities", "Any"): "Arrays | None",
    ("means", "Any"): "Arrays | None", ("max_variances", "Any"): "Arrays | None",
}


def definitions(text):
    """The functions of a stub by name."""
    return {node.name: node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}


def stub_arguments(definition):
    """[(argument, default or None), ...] as the stub has them."""
    arguments = [*definition.args.posonlyargs, *definition.args.args]
    defaults = [None] * (len(arguments) - len(definition.args.defaults)) + definition.args.defaults
    return [(one.arg, default and ast.literal_eval(default)) for one, default in zip(arguments, defaults, strict=True)]


def native_arguments(function):
    """The same as the module has them."""
    return [(name, default and ast.literal_eval(default)) for name, _, default in signature_of(function)[0]]


def agrees(definition, function):
    """Whether the stub's definition has the module's arguments and defaults."""
    return definition is not None and stub_arguments(definition) == native_arguments(function)


def readable(kind, argument=None):
    """A type in the words of the stub's head."""
    kind = re.sub(r"typing\.Annotated\[(.*?\]), .*", r"\1", kind)
    for long, short in READABLE.items():
        kind = kind.replace(long, short)
    kind = {"list": "Arrays", "dict": "dict[str, Any]"}.get(kind, kind)
    return TELLING.get((argument, kind), kind)


def written(name, function):
    """A definition for the stub, from the compiled function's docstring."""
    arguments, result = signature_of(function)
    parts = [f"{argument}: {readable(kind, argument)}" + (f" = {readable(default)}" if default else "")
             for argument, kind, default in arguments]
    result = readable(result)
    if result == "tuple":
        result = "Gradients" if name.endswith("_backward") else "tuple[Array, Array]"
    head, tail = f"def {name}(", f") -> {result}: ..."
    line = head + ", ".join(parts) + tail
    if len(line) <= 120:
        return line
    rows = textwrap.wrap(", ".join(part.replace(" ", "\0") for part in parts) + ",", 116)
    return "\n".join([head, *("    " + row.replace("\0", " ") for row in rows), tail])


def rewrite(text):
    """The stub with every function of the module."""
    present = definitions(text)
    head = text[: text.index("\ndef ") + 1] if present else text
    functions = [
        ast.get_source_segment(text, present[name]) if agrees(present.get(name), function) else written(name, function)
        for name, function in sorted(FUNCTIONS.items())
    ]
    return head + "\n".join(functions) + "\n"


def test_no_function_is_missing_or_gone():
    assert set(definitions(STUB.read_text())) == set(FUNCTIONS)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_arguments_agree(name):
    definition = definitions(STUB.read_text())[name]
    assert stub_arguments(definition) == native_arguments(FUNCTIONS[name])


def test_rewriting_changes_nothing_that_agrees():
    assert rewrite(STUB.read_text()) == STUB.read_text()


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    STUB.write_text(rewrite(STUB.read_text()))
