"""A surface from a formula that a student types: "x**2 - y**2". It is parsed, never evaluated as Python.

Each part of the formula knows its value and its two partial derivatives (forward differentiation): the rules of sum,
product, quotient, power and chain are the few lines of `_RULES` and `_FUNCTIONS`.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from typing import Any

from .. import ops
from .surfaces import Surface

LONGEST = 200  # characters
DEEPEST = 20  # brackets in brackets

_OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
              ast.Pow: operator.pow}
# f, and f' as a function of u and f(u).
_FUNCTIONS = {
    "sin": (ops.sin, lambda u, f: ops.cos(u)), "cos": (ops.cos, lambda u, f: -ops.sin(u)),
    "exp": (ops.exp, lambda u, f: f), "log": (ops.log, lambda u, f: 1 / u),
    "sqrt": (ops.sqrt, lambda u, f: 0.5 / f), "tanh": (ops.tanh, lambda u, f: 1 - f * f),
    "abs": (ops.abs, lambda u, f: ops.sign(u)),
}
_OF_A_NUMBER: dict[str, Callable[[float], float]] = {
    "sin": math.sin, "cos": math.cos, "exp": math.exp, "log": math.log, "sqrt": math.sqrt, "tanh": math.tanh,
    "abs": abs,
}
_CONSTANTS = {"pi": math.pi, "e": math.e}


def parse_formula(text: str) -> ast.expr:
    """Parse a formula of x and y.

    Args:
        text: Numbers, x, y, pi, e, + - * / **, brackets, sin cos exp log sqrt tanh abs. `^` stands for `**`.

    Returns:
        The tree, of these parts alone.

    Raises:
        ValueError: the text is no such formula; the message names the part.
    """
    if not isinstance(text, str) or len(text) > LONGEST:
        raise ValueError(f"formula: at most {LONGEST} characters, got {len(text)}")
    try:
        tree = ast.parse(text.strip().replace("^", "**"), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise ValueError(f"formula: {text!r} is no formula: {getattr(error, 'msg', error)}") from None
    _check(tree, 0)
    _folded(tree)
    return tree


def _folded(node: Any) -> Any:
    """The tree with each part that has neither x nor y replaced by its number.

    Raises:
        ValueError: such a part has no finite real value, as 1 / 0 and (-1)**0.5 have none.
    """
    number: Callable[..., Any]
    if isinstance(node, ast.BinOp):
        left = _folded(node.left)
        right = node.right if isinstance(node.op, ast.Pow) else _folded(node.right)
        parts, number = [left, right], _OPERATORS[type(node.op)]
        whole: ast.expr = ast.BinOp(left, node.op, right)
    elif isinstance(node, ast.UnaryOp):
        parts, number = [_folded(node.operand)], operator.neg if isinstance(node.op, ast.USub) else operator.pos
        whole = ast.UnaryOp(node.op, parts[0])
    elif isinstance(node, ast.Call):
        parts, number = [_folded(node.args[0])], _OF_A_NUMBER[_name(node)]
        whole = ast.Call(node.func, parts, [])
    elif isinstance(node, ast.Name) and node.id in _CONSTANTS:
        return ast.Constant(_CONSTANTS[node.id])
    else:
        return node
    values = [float(value) for value in (_constant(part, math.inf) for part in parts) if value is not None]
    if len(values) < len(parts):
        return whole
    try:
        value = number(*values)
    except (ArithmeticError, ValueError):
        value = math.nan
    if isinstance(value, complex) or not math.isfinite(value):
        raise ValueError(f"formula: {ast.unparse(node)!r} is no finite real number")
    return ast.Constant(value)


def _check(node: ast.AST, depth: int) -> None:
    if depth > DEEPEST:
        raise ValueError(f"formula: more than {DEEPEST} brackets in brackets")
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        if isinstance(node.op, ast.Pow) and _constant(node.right) is None:
            raise ValueError(f"formula: the exponent in {ast.unparse(node)!r} must be a number")
        parts = [node.left, node.right]
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        parts = [node.operand]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS \
            and len(node.args) == 1 and not node.keywords:
        parts = [node.args[0]]
    elif isinstance(node, ast.Name | ast.Constant) and _is_known(node):
        parts = []
    else:
        raise ValueError(f"formula: {ast.unparse(node)[:60]!r} is not allowed. There are x, y, numbers, + - * / **, "
                         f"{', '.join([*_CONSTANTS, *_FUNCTIONS])}")
    for part in parts:
        _check(part, depth + 1)


def _is_known(node: ast.Name | ast.Constant) -> bool:
    """Whether a name is x, y or a constant; whether a literal is a number."""
    if isinstance(node, ast.Name):
        return node.id in ("x", "y") or node.id in _CONSTANTS
    return type(node.value) is int and abs(node.value) < 10**9 or type(node.value) is float and abs(node.value) < 1e9


def _constant(node: ast.AST, most: float = 20) -> float | None:
    """The value of a number with or without a sign, at most so far from 0; None for all else."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _constant(node.operand, most)
        return None if value is None else -value
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and abs(node.value) <= most:
        return node.value
    return None


def _name(call: ast.Call) -> str:
    assert isinstance(call.func, ast.Name)
    return call.func.id


def _value(node: Any, x: Any, y: Any) -> Any:
    if isinstance(node, ast.BinOp):
        right = _constant(node.right) if isinstance(node.op, ast.Pow) else _value(node.right, x, y)
        return _OPERATORS[type(node.op)](_value(node.left, x, y), right)
    if isinstance(node, ast.UnaryOp):
        value = _value(node.operand, x, y)
        return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.Call):
        return _FUNCTIONS[_name(node)][0](_value(node.args[0], x, y))
    if isinstance(node, ast.Name):
        return {"x": x, "y": y}.get(node.id, _CONSTANTS.get(node.id))
    return float(node.value)


def _slope(node: Any, x: Any, y: Any) -> tuple[Any, Any]:
    """(d/dx, d/dy) of a part of the formula."""
    if isinstance(node, ast.BinOp):
        (ux, uy), u = _slope(node.left, x, y), _value(node.left, x, y)
        if isinstance(node.op, ast.Pow):
            n = _constant(node.right)
            assert n is not None
            outer = n * u ** (n - 1) if n else 0 * u
            return outer * ux, outer * uy
        (vx, vy), v = _slope(node.right, x, y), _value(node.right, x, y)
        if isinstance(node.op, ast.Mult):
            return ux * v + u * vx, uy * v + u * vy
        if isinstance(node.op, ast.Div):
            return (ux * v - u * vx) / (v * v), (uy * v - u * vy) / (v * v)
        return (ux + vx, uy + vy) if isinstance(node.op, ast.Add) else (ux - vx, uy - vy)
    if isinstance(node, ast.UnaryOp):
        ux, uy = _slope(node.operand, x, y)
        return (-ux, -uy) if isinstance(node.op, ast.USub) else (ux, uy)
    if isinstance(node, ast.Call):
        function, derivative = _FUNCTIONS[_name(node)]
        (ux, uy), u = _slope(node.args[0], x, y), _value(node.args[0], x, y)
        outer = derivative(u, function(u))
        return outer * ux, outer * uy
    zero = 0.0 * x + 0.0 * y
    return (zero + float(getattr(node, "id", "") == "x"), zero + float(getattr(node, "id", "") == "y"))


def surface_of(text: str, start: tuple[float, float] = (1.0, 1.0)) -> Surface:
    """Return the surface of a formula, to walk on with `trace`.

    Args:
        text: See `parse_formula`.
        start: Where a walk begins if nothing else is given.

    Returns:
        A `Surface` whose gradient follows from the formula by the rules of differentiation.

    Raises:
        ValueError: the text is no formula.

    >>> saddle = surface_of("x**2 - y**2")
    >>> float(saddle([3.0, 1.0])), saddle.gradient([3.0, 1.0]).tolist()
    (8.0, [6.0, -2.0])
    """
    tree = parse_formula(text)
    folded = _folded(tree)

    def numbers(function):
        def of(x, y):
            result = function(folded, x, y)
            return tuple(map(_plain, result)) if isinstance(result, tuple) else _plain(result)
        return of

    def formula(x: Any, y: Any) -> Any:
        value = _value(folded, x, y)
        return value + 0 * x if isinstance(value, float) else value  # a constant, shaped as the point

    def plain_formula(x: Any, y: Any) -> Any:
        value = formula(x, y)
        return value if hasattr(x, "numpy") else _plain(value)

    return Surface(ast.unparse(tree), plain_formula, numbers(_slope), start=start)


def _plain(value: Any) -> Any:
    """An array instead of a Tensor; `Surface` computes with arrays, and with Tensors where a tape is open."""
    return value.numpy() if hasattr(value, "numpy") else value
