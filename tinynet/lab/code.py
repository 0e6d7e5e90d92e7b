"""The Python that a panel shows: printed from values, never from the text of an address."""

from __future__ import annotations

import importlib
import json
import math
import re
import string
import textwrap
from typing import Any

import numpy as np

# What a printed call may call. A name is the text before the first bracket, after `import tinynet as tn`.
ROOTS = "tn|np|textbook|optimizers|layers|losses|regularizers|initializers|datasets|augment|callbacks"
ALLOWED = re.compile(rf"({ROOTS})(\.[A-Za-z]\w*)+")


class Call:
    """A call that `program` prints: `Call("optimizers.SGD", 0.1, momentum=0.9)`.

    Args:
        name: The dotted name; one of tinynet's own.
        *positional, **named: Its arguments: literals or calls.

    Raises:
        ValueError: the name is none of tinynet's.
    """

    def __init__(self, name: str, /, *positional: Any, **named: Any) -> None:
        if not ALLOWED.fullmatch(name):
            raise ValueError(f"Call: {name!r} is no name of tinynet")
        self.name, self.positional, self.named = name, positional, named


class Name(Call):
    """A name that `program` prints, such as `Name("textbook.surfaces.bowl")`.

    Args:
        name: The dotted name; one of tinynet's own.

    Raises:
        ValueError: the name is none of tinynet's.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)


def make(value: Any) -> Any:
    """Return what a printed call or name stands for, so that a panel uses the very objects of its code.

    Args:
        value: A `Call`, a `Name`, or a literal.
    """
    if not isinstance(value, Call):
        return value
    root, *parts = value.name.split(".")
    found: Any = importlib.import_module({"tn": "tinynet", "np": "numpy"}.get(root, f"tinynet.{root}"))
    for part in parts:
        found = getattr(found, part)
    if isinstance(value, Name):
        return found
    return found(*map(make, value.positional), **{name: make(one) for name, one in value.named.items()})


def literal(value: Any) -> str:
    """Return a value as Python writes it.

    Args:
        value: None, a bool, a number, a text, a tuple, list or dict of such, or a `Call`.

    Returns:
        Text that `ast.literal_eval` reads back (for infinite numbers, and without calls, apart).

    Raises:
        TypeError: another kind of value.

    >>> literal([1, 2.5, "a'b", Call("optimizers.SGD", 0.1, momentum=0.9)])
    '[1, 2.5, "a\\'b", optimizers.SGD(0.1, momentum=0.9)]'
    """
    if isinstance(value, Name):
        return value.name
    if isinstance(value, Call):
        named = [f"{name}={literal(one)}" for name, one in value.named.items()]
        return f"{value.name}({', '.join([literal(one) for one in value.positional] + named)})"
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if value is None or isinstance(value, bool | int | float | str):
        text = repr(value)
        return f'"{text[1:-1]}"' if isinstance(value, str) and text[0] == "'" and '"' not in text else text
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(literal, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(key)}: {literal(one)}" for key, one in value.items()) + "}"
    raise TypeError(f"literal: {type(value).__name__} has no literal form")


class _Template(string.Template):
    delimiter = "$"


def program(template: str, **values: Any) -> str:
    """Return a template with `$name` replaced by the literals of the values.

    A dict or list that makes its line longer than 100 characters stands on several lines, one item each.

    Args:
        template: Python text, indented as the call that it stands in.
        **values: See `literal`.

    >>> program("sgd = $optimizer", optimizer=Call("optimizers.SGD", 0.1))
    'sgd = optimizers.SGD(0.1)\\n'
    """
    text = textwrap.dedent(template).strip("\n")
    lines = []
    for line in text.split("\n"):
        printed = _Template(line).substitute({name: literal(value) for name, value in values.items()})
        if len(printed) > 100:
            indent = " " * (len(line) - len(line.lstrip()))
            printed = _Template(line).substitute({name: _tall(value, indent) for name, value in values.items()})
        lines.append(printed)
    return "\n".join(lines) + "\n"


def _tall(value: Any, indent: str) -> str:
    """A dict or list with one item a line; other values as `literal` prints them."""
    if isinstance(value, dict):
        items, (first, last) = [f"{literal(key)}: {literal(one)}" for key, one in value.items()], "{}"
    elif isinstance(value, list):
        items, (first, last) = list(map(literal, value)), "[]"
    else:
        return literal(value)
    inner = "".join(f"{indent}    {item},\n" for item in items)
    return f"{first}\n{inner}{indent}{last}"


def notebook(code: str, title: str) -> str:
    """Return a notebook (.ipynb, nbformat 4.5) of the code: a cell for each part between blank lines at the margin.

    Args:
        code: Python.
        title: Of the notebook, its first cell.
    """
    parts = [part.strip("\n") for part in re.split(r"\n\n(?=\S)", code) if part.strip()]
    cells: list[dict[str, Any]] = [
        {"cell_type": "markdown", "id": "title", "metadata": {}, "source": f"# {title}"},
    ]
    cells += [{"cell_type": "code", "id": f"cell-{i}", "metadata": {}, "execution_count": None, "outputs": [],
               "source": part} for i, part in enumerate(parts, 1)]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return json.dumps({"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5},
                      ensure_ascii=False, indent=1)
