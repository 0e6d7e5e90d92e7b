"""The changes that tests/trust/mutants.py makes in a module of Python: all that are possible in it.

Kinds: the sign of a term, a dropped term or factor, a bound (< for <=), an integer off by one, a gradient of zeros, a
condition turned round, a name forgotten in a list, a hyperparameter that is not saved or not passed on.
"""

import ast
import difflib
from dataclasses import dataclass, field
from pathlib import Path

import tinynet

PACKAGE = Path(tinynet.__file__).parent  # the one under test: this folder's, or an installed one
HELPER = '''


def _zeros_of_mutant(value):
    import numpy as np

    if isinstance(value, (list, tuple)):
        return type(value)(_zeros_of_mutant(part) for part in value)
    return value if value is None else value * np.zeros((), getattr(value, "dtype", None))
'''


@dataclass(frozen=True)
class Mutant:
    """One change.

    Attributes:
        module: Path below tinynet/.
        kind: Of the change.
        start, end: The bytes of the source that are replaced.
        text: By what.
        function: Qualified name of the function around it; empty outside functions.
        is_default: Whether it is of the default of an argument, which the tests of signatures notice without a call.
    """

    module: str
    kind: str
    start: int
    end: int
    text: str
    function: str = ""
    is_default: bool = field(default=False, repr=False)

    def applied(self, source, helper=HELPER):
        changed = (source.encode()[:self.start] + self.text.encode() + source.encode()[self.end:]).decode()
        return changed + helper if "_zeros_of_mutant" in self.text else changed

    def line(self, source):
        """The first line that is changed, as it was."""
        begin = source.encode().rfind(b"\n", 0, self.start) + 1
        return source.encode()[begin:].split(b"\n", 1)[0].decode()

    def compiles(self, source):
        try:
            ast.parse(self.applied(source))
        except SyntaxError:
            return False
        return True

    def difference(self, source):
        lines = difflib.unified_diff(source.splitlines(), self.applied(source, "").splitlines(), lineterm="", n=0)
        return "\n".join(list(lines)[3:])


class Finder(ast.NodeVisitor):
    """Collects the changes that are possible in a module."""

    def __init__(self, module, source):
        self.module, self.source, self.found = module, source, []
        self.is_default = False
        self.functions, self.names = [], []  # those around a place; with the classes, as qualified names have them
        self.bytes = source.encode()
        self.offsets = [0]
        for line in self.bytes.splitlines(keepends=True):
            self.offsets.append(self.offsets[-1] + len(line))

    def place(self, node):
        return (self.offsets[node.lineno - 1] + node.col_offset,
                self.offsets[node.end_lineno - 1] + node.end_col_offset)

    def text(self, node):
        start, end = self.place(node)
        return self.bytes[start:end].decode()

    def add(self, kind, node, text):
        start, end = self.place(node)
        if self.bytes[start:end].decode() != text:
            function = ".".join(self.names[:-1]) if self.names[-1:] == ["<locals>"] else ""
            self.found.append(Mutant(self.module, kind, start, end, text, function, self.is_default))

    def visit_FunctionDef(self, node):
        self.functions.append(node.name)
        self.names += [node.name, "<locals>"]
        for part in node.body:
            self.visit(part)
        self.is_default = True
        for default in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
            self.visit(default)
        self.is_default = False
        self.functions.pop()
        del self.names[-2:]

    def visit_ClassDef(self, node):
        self.names.append(node.name)
        for part in node.body:
            self.visit(part)
        self.names.pop()

    def visit_Raise(self, node):
        pass  # texts of errors

    visit_JoinedStr = visit_Assert = visit_Import = visit_ImportFrom = visit_Raise

    def visit_AnnAssign(self, node):
        if node.value is not None:
            self.visit(node.value)

    def visit_Expr(self, node):
        if not isinstance(node.value, ast.Constant):  # a docstring
            self.generic_visit(node)

    def visit_If(self, node):
        if "TYPE_CHECKING" not in self.text(node.test):
            if all(isinstance(part, ast.Raise) for part in node.body):
                self.visit(node.test)  # a check: its bounds
            else:
                self.add("condition", node.test, f"not ({self.text(node.test)})")
                self.generic_visit(node)

    def visit_BinOp(self, node):
        left, right = self.text(node.left), self.text(node.right)
        if isinstance(node.op, ast.Add | ast.Sub) and not any(isinstance(side, ast.Constant | ast.JoinedStr | ast.List)
                                                             and not isinstance(getattr(side, "value", ""), int | float)
                                                             for side in (node.left, node.right)):
            self.add("sign", node, f"{left} {'-' if isinstance(node.op, ast.Add) else '+'} ({right})")
            self.add("dropped term", node, left)
        elif isinstance(node.op, ast.Mult) and not isinstance(node.right, ast.List | ast.Tuple):
            self.add("dropped factor", node, left)
        self.generic_visit(node)

    def visit_UnaryOp(self, node):
        if isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
            self.add("sign", node, f"({self.text(node.operand)})")
        self.generic_visit(node)

    def visit_Compare(self, node):
        swaps = {ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">"}
        if len(node.ops) == 1 and type(node.ops[0]) in swaps:
            operator = swaps[type(node.ops[0])]
            self.add("bound", node, f"{self.text(node.left)} {operator} {self.text(node.comparators[0])}")
        self.generic_visit(node)

    def visit_Constant(self, node):
        if type(node.value) is int and 0 <= node.value < 10:
            self.add("off by one", node, str(node.value + 1))

    def visit_Return(self, node):
        if node.value is not None and self.functions and "backward" in self.functions[-1]:
            self.add("zero gradient", node.value, f"_zeros_of_mutant({self.text(node.value)})")
        self.generic_visit(node)

    def _names(self, node):
        if len(node.elts) > 2 and all(isinstance(part, ast.Constant) and isinstance(part.value, str)
                                      for part in node.elts):
            for gone in range(len(node.elts)):
                kept = ", ".join(self.text(part) for index, part in enumerate(node.elts) if index != gone)
                opening, closing = self.text(node)[0], self.text(node)[-1]
                if opening in "([{":
                    self.add("forgotten name", node, f"{opening}{kept}{closing}")
        self.generic_visit(node)

    visit_List = visit_Tuple = visit_Set = _names

    def visit_Dict(self, node):
        if "get_config" in self.functions and len(node.keys) > 1:
            for gone, key in enumerate(node.keys):
                if key is not None:
                    pairs = [f"{self.text(k)}: {self.text(v)}" if k is not None else f"**{self.text(v)}"
                             for index, (k, v) in enumerate(zip(node.keys, node.values, strict=True)) if index != gone]
                    self.add("not saved", node, "{" + ", ".join(pairs) + "}")
        self.generic_visit(node)

    def visit_Call(self, node):
        for gone in node.keywords:
            if gone.arg is not None and gone.arg not in ("name", "where", "dtype", "strict", "stacklevel"):
                parts = [self.text(part) for part in node.args] + [
                    (f"{one.arg}=" if one.arg else "**") + self.text(one.value)
                    for one in node.keywords if one is not gone]
                self.add("not passed on", node, f"{self.text(node.func)}({', '.join(parts)})")
        self.generic_visit(node)


def mutants_of(module):
    """All changes of a module of tinynet; a few of them may not compile."""
    source = (PACKAGE / module).read_text()
    finder = Finder(module, source)
    finder.visit(ast.parse(source))
    return finder.found
