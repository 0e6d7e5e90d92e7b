"""The statements and expressions of one function, as readable_calls.py reads them."""

from __future__ import annotations

import ast
import types
from typing import Any

from .readable_names import ANY, CHANGES_A_CONTAINER, FRESH, GIVES_PARTS, OWN, Fixed, Super, is_plain
from .readable_source import Unreadable, source_of

_IMMUTABLE_OPERATORS = ast.BinOp | ast.UnaryOp | ast.Compare | ast.JoinedStr | ast.FormattedValue
_REFUSED = {
    ast.With: "has a with block", ast.Try: "has a try block", ast.While: "has a while loop", ast.Global: "has global",
    ast.Nonlocal: "has nonlocal", ast.Delete: "has del", ast.Import: "imports", ast.ImportFrom: "imports",
    ast.ClassDef: "defines a class", ast.Yield: "yields", ast.YieldFrom: "yields", ast.Await: "awaits",
    ast.NamedExpr: "has :=", ast.Match: "has match",
}


class Body:
    """One function of the user's own.

    Args:
        reader: The Reader, which looks names up.
        function: The function.
        arguments, keywords: The kinds of its arguments.
    """

    def __init__(self, reader: Any, function: types.FunctionType, arguments: list[Any],
                 keywords: dict[str, Any]) -> None:
        self._reader, self._function = reader, function
        self._tree = source_of(function)
        self._locals = {*function.__code__.co_varnames, *function.__code__.co_cellvars}
        self._result: Any = None
        self._kinds: dict[str, Any] = {}
        if not isinstance(self._tree, ast.Lambda) and function.__code__.co_flags & 0x2A0:  # generators, coroutines
            raise Unreadable(f"{function.__qualname__.rpartition('<locals>.')[2]} is a generator")
        self._bind(self._tree.args, arguments, keywords)
        bound = arguments[0].value if arguments and isinstance(arguments[0], Fixed) else None
        self._self = bound

    def _bind(self, given: ast.arguments, arguments: list[Any], keywords: dict[str, Any]) -> None:
        # The arguments of the call that the step makes are tensors, or what was made of them for this call alone.
        other = FRESH if self._reader.depth == 1 else ANY
        for position, one in enumerate([*given.posonlyargs, *given.args]):
            kind = arguments[position] if position < len(arguments) else keywords.get(one.arg, other)
            self._kinds[one.arg] = kind
        for one in given.kwonlyargs:
            self._kinds[one.arg] = keywords.get(one.arg, other)
        for several in (given.vararg, given.kwarg):
            if several is not None:
                self._kinds[several.arg] = ANY

    def run(self) -> Any:
        """Read all of it; returns the kind of what it returns."""
        if isinstance(self._tree, ast.Lambda):
            return self._kind(self._tree.body)
        for _ in range(2):  # a second time with what a loop has made of its variables
            for statement in self._tree.body:
                self._read(statement)
        return FRESH if self._result is None else self._result

    def _where(self, node: Any) -> Any:
        return self._function, getattr(node, "lineno", self._tree.lineno)

    def _refuse(self, node: Any, what: str) -> Any:
        function, line = self._where(node)
        raise Unreadable(f"{function.__qualname__.rpartition('<locals>.')[2]}, line {line}, {what}")

    # -- statements ----------------------------------------------------------------------------------------------

    def _read(self, node: Any) -> None:
        if type(node) in _REFUSED:
            self._refuse(node, _REFUSED[type(node)])
        if isinstance(node, ast.Return):
            self._result = _joined(self._result, self._kind(node.value) if node.value is not None else FRESH)
        elif isinstance(node, ast.Assign):
            kind = self._kind(node.value)
            for target in node.targets:
                self._assign(target, kind, node.value)
        elif isinstance(node, ast.AnnAssign):
            if node.value is not None:
                self._assign(node.target, self._kind(node.value), node.value)
        elif isinstance(node, ast.AugAssign):
            self._kind(node.value)
            if not isinstance(node.target, ast.Name):
                self._assign(node.target, FRESH, node.value)
            elif not _may_be_changed(self._of_local(node.target)):
                self._refuse(node, f"changes {node.target.id} in its place, which it may not have made")
        elif isinstance(node, ast.Expr):
            self._kind(node.value)
        elif isinstance(node, ast.If):
            self._kind(node.test)
            self._block([*node.body, *node.orelse])
        elif isinstance(node, ast.For):
            self._assign(node.target, self._items(node.iter), None)
            self._block([*node.body, *node.orelse])
        elif isinstance(node, ast.Assert):
            self._kind(node.test)
            self._each([node.msg])
        elif isinstance(node, ast.Raise):
            self._each([node.exc, node.cause])
        elif isinstance(node, ast.FunctionDef) and not node.decorator_list:  # FRESH: what it returns is looked at here
            self._kinds[node.name] = ANY
            self._inner(node.args, node.body)
        elif not isinstance(node, ast.Pass | ast.Break | ast.Continue):
            self._refuse(node, f"has a statement of another kind ({type(node).__name__})")

    def _block(self, statements: list[Any]) -> None:
        for statement in statements:
            self._read(statement)

    def _inner(self, arguments: ast.arguments, body: list[Any]) -> None:
        """A function within the function. It may be called with anything."""
        self._each([*arguments.defaults, *arguments.kw_defaults])
        for one in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]:
            if one is not None:
                self._kinds[one.arg] = ANY
        result, self._result = self._result, None
        self._block(body)
        self._result = result

    def _assign(self, target: Any, kind: Any, value: Any) -> None:
        if isinstance(target, ast.Name):
            self._kinds[target.id] = _joined(self._kinds.get(target.id), kind)
        elif isinstance(target, ast.Tuple | ast.List):
            parts = value.elts if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(
                target.elts) else None
            if parts is None and not isinstance(kind, Fixed):
                self._reader.facts.reads_shapes |= not isinstance(value, ast.Call)
            for position, one in enumerate(target.elts):
                if parts is None:
                    self._assign(one, FRESH if kind is FRESH else ANY, None)
                else:
                    self._assign(one, self._kind(parts[position]), parts[position])
        elif isinstance(target, ast.Starred):
            self._assign(target.value, ANY, None)
        elif isinstance(target, ast.Subscript):
            self._kind(target.slice)
            if self._kind(target.value) is not OWN:
                self._refuse(target, f"sets elements of {_text(target.value)}, which it may not have made")
        else:
            self._refuse(target, f"sets {_text(target)}")

    # -- expressions ---------------------------------------------------------------------------------------------

    def _each(self, nodes: Any) -> list[Any]:
        return [self._kind(node) for node in nodes if node is not None]

    def _kind(self, node: Any) -> Any:
        """The kind of an expression's value."""
        if type(node) in _REFUSED:
            self._refuse(node, _REFUSED[type(node)])
        if isinstance(node, ast.Constant):
            return Fixed(node.value)
        if isinstance(node, ast.Name):
            if node.id in self._kinds or node.id in self._locals:
                return self._of_local(node)
            return self._reader.of_name(self._function, node.id, self._where(node))
        if isinstance(node, ast.Attribute):
            return self._attribute(node)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, _IMMUTABLE_OPERATORS):
            self._each(ast.iter_child_nodes(node) if not isinstance(node, ast.Compare) else [
                node.left, *node.comparators])
            return FRESH
        if isinstance(node, ast.BoolOp):
            return _joined(*self._each(node.values)[:2]) if len(node.values) == 2 else _all(self._each(node.values))
        if isinstance(node, ast.IfExp):
            self._kind(node.test)
            return _joined(self._kind(node.body), self._kind(node.orelse))
        if isinstance(node, ast.Subscript):
            base = self._kind(node.value)
            self._kind(node.slice)
            return FRESH if base is FRESH else ANY
        if isinstance(node, ast.Slice):
            self._each([node.lower, node.upper, node.step])
            return FRESH
        if isinstance(node, ast.Tuple):
            kinds = self._each(node.elts)
            return FRESH if all(map(_may_be_changed, kinds)) else ANY
        if isinstance(node, ast.List | ast.Set):
            self._each(node.elts)
            return OWN
        if isinstance(node, ast.Dict):
            self._each([*node.keys, *node.values])
            return OWN
        if isinstance(node, ast.Starred):
            return self._kind(node.value)
        if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
            for part in node.generators:
                self._assign(part.target, self._items(part.iter), None)
                self._each(part.ifs)
            self._each([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt])
            return OWN
        if isinstance(node, ast.Lambda):
            self._inner(node.args, [ast.Expr(node.body)])
            return ANY
        if isinstance(node, ast.operator | ast.unaryop | ast.expr_context):
            return FRESH
        return self._refuse(node, f"has an expression of another kind ({type(node).__name__})")

    def _of_local(self, node: Any) -> Any:
        return self._kinds.get(node.id, ANY)  # a loop may set it after its first use

    def _items(self, node: Any) -> Any:
        """The kind of what a loop over an expression yields."""
        kind = self._kind(node)
        counted = isinstance(node, ast.Call) or isinstance(kind, Fixed) or kind is OWN
        self._reader.facts.reads_shapes |= not counted
        return ANY

    def _attribute(self, node: ast.Attribute) -> Any:
        base = self._kind(node.value)
        if node.attr.startswith("__") and node.attr != "__call__":
            self._refuse(node, f"uses {node.attr}")
        if node.attr in CHANGES_A_CONTAINER and base is not OWN and (
                not isinstance(base, Fixed) or isinstance(base.value, list | dict | set)):
            self._refuse(node, f"changes {_text(node.value)} (.{node.attr}), which it may not have made")
        return self._reader.of_attribute(base, node.attr, self._where(node))

    def _call(self, node: ast.Call) -> Any:
        function = self._kind(node.func)
        if _is(function, super):
            return self._super(node)
        given = [self._kind(one) for one in node.args]
        keywords = {one.arg or "**": self._kind(one.value) for one in node.keywords}
        if any(isinstance(one, ast.Starred) for one in node.args) or "**" in keywords:
            given, keywords = [ANY] * len(given), {}
        classes = [one.value for one in given if isinstance(one, Fixed) and isinstance(one.value, type)]
        if classes and not _is(function, isinstance) and not all(map(is_plain, classes)):
            self._refuse(node, f"uses {classes[0].__name__}, a class")
        for one in [*given, *keywords.values()]:  # a function that another one is given: it may call it
            if isinstance(one, Fixed) and isinstance(one.value, types.FunctionType | types.MethodType):
                self._reader.called(one, [], {}, self._where(node))
        if _is(function, len):
            self._reader.facts.reads_shapes = True
        result = self._reader.called(function, given, keywords, self._where(node))
        return ANY if isinstance(node.func, ast.Attribute) and node.func.attr in GIVES_PARTS else result

    def _super(self, node: ast.Call) -> Any:
        function = self._function
        if "__class__" not in function.__code__.co_freevars or self._self is None or (node.args and len(
                node.args) != 2) or node.keywords:
            return self._refuse(node, "uses super()")
        cell = (function.__closure__ or ())[function.__code__.co_freevars.index("__class__")]
        if node.args:
            kinds = self._each(node.args)
            if not (_is(kinds[0], cell.cell_contents) and _is(kinds[1], self._self)):
                self._refuse(node, "uses super()")
        return Fixed(Super(cell.cell_contents, self._self))


def _is(kind: Any, value: Any) -> bool:
    return isinstance(kind, Fixed) and kind.value is value


def _may_be_changed(kind: Any) -> bool:
    """Whether `+=` on a name of this kind changes nothing that was there before the call."""
    return kind in (FRESH, OWN) if not isinstance(kind, Fixed) else is_plain(kind.value)


def _joined(one: Any, other: Any) -> Any:
    """The kind of a value that is either of two kinds."""
    if one is None or other is None:
        return other if one is None else one
    if isinstance(one, Fixed) and isinstance(other, Fixed) and one.value is other.value or (
            not isinstance(one, Fixed) and one is other):
        return one
    return FRESH if _may_be_changed(one) and _may_be_changed(other) else ANY


def _all(kinds: list[Any]) -> Any:
    result = None
    for kind in kinds:
        result = _joined(result, kind)
    return result


def _text(node: Any) -> str:
    return ast.unparse(node)
