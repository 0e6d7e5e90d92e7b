"""The source of a function, as a syntax tree, if it is what the function runs."""

from __future__ import annotations
import __future__

import ast
import inspect
import types
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

_FUTURE = 0
for _name in __future__.all_feature_names:
    _FUTURE |= getattr(__future__, _name).compiler_flag


class Unreadable(Exception):
    """A call, or a function in it, cannot be read; the text is the reason."""


def source_of(function: types.FunctionType) -> Any:
    """Return the syntax tree of a function: an ast.FunctionDef or ast.Lambda.

    Raises:
        Unreadable: there is no source, or it has been edited since the function was made.
    """
    name = function.__qualname__.rpartition("<locals>.")[2]
    try:
        lines, _ = inspect.findsource(function)
    except (OSError, TypeError, IndexError):
        raise Unreadable(f"there is no source of {name}") from None
    found = _found("".join(lines), function.__code__, function.__code__.co_flags & _FUTURE)
    if found is None:
        raise Unreadable(f"the source of {name} is not what it runs")
    return found


# Trees by the identity of the code: (code, source, tree). A code object's own hash and == change while it runs (3.11).
_known: dict[int, tuple[types.CodeType, str, Any]] = {}


def _found(text: str, code: types.CodeType, flags: int) -> Any:
    known = _known.get(id(code))
    if known is None or known[0] is not code or known[1] != text:
        if len(_known) > 1000:
            _known.clear()
        known = _known[id(code)] = code, text, _tree(text, code, flags)
    return known[2]


def _tree(text: str, code: types.CodeType, flags: int) -> Any:
    """The tree of the function with this code, or None. The text may be another one than the code was compiled from: so
    it is compiled again, and the code compared.
    """
    tree, codes = _compiled(text, flags)
    line = code.co_firstlineno
    if not any(code.co_name == one.co_name and _same(code, one) for one in codes.get(line, ())):
        return None
    kind = ast.Lambda if code.co_name == "<lambda>" else ast.FunctionDef
    found = [node for node in ast.walk(tree) if isinstance(node, kind) and _first_line(node) == line
             and code.co_name in ("<lambda>", getattr(node, "name", ""))]
    if len(found) > 1 and hasattr(code, "co_positions"):  # several lambdas in a line, from Python 3.11 on
        spans = [(line, column, last, end) for line, last, column, end in code.co_positions() if column != end]
        first, last = min(span[:2] for span in spans), max(span[2:] for span in spans)
        found = [node for node in found if isinstance(node, ast.Lambda) and first == (
            node.body.lineno, node.body.col_offset) and last == (node.body.end_lineno, node.body.end_col_offset)]
    return found[0] if len(found) == 1 else None


_COMPARED = ("co_code", "co_name", "co_firstlineno", "co_flags", "co_argcount", "co_posonlyargcount",
             "co_kwonlyargcount", "co_names", "co_varnames", "co_freevars", "co_cellvars")


def _same(one: Any, other: Any) -> bool:
    """Whether two code objects, or constants in them, are alike."""
    if isinstance(one, types.CodeType) and isinstance(other, types.CodeType):
        return all(getattr(one, name) == getattr(other, name) for name in _COMPARED) and _same(
            one.co_consts, other.co_consts)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return type(one) is type(other) and (one == other or repr(one) == repr(other))


@lru_cache(maxsize=32)
def _compiled(text: str, flags: int) -> tuple[Any, dict[int, list[types.CodeType]]]:
    """The tree of a whole source, and the code in it by first lines. A part of it would not do: the code of a function
    depends on the imports of its module.
    """
    try:
        tree = ast.parse(text)
        codes: dict[int, list[types.CodeType]] = {}
        for one in _codes(compile(text, "", "exec", flags, True)):
            codes.setdefault(one.co_firstlineno, []).append(one)
    except (SyntaxError, ValueError):
        return None, {}
    return tree, codes


def _first_line(node: Any) -> int:
    """That of the first decorator, as a code object has it."""
    return min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))])


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)
