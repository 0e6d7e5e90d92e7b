"""The part `mutants` of tests/trust/run: the Python code is changed in one place at a time, in a temporary copy, and
the tests of that module must notice. What they do not notice is printed as a difference, for a test or an explanation.

Kinds of changes: the sign of a term, a dropped term, a bound (< for <=), an integer off by one, a gradient of zeros, a
condition turned round, a name forgotten in a list, a hyperparameter that is not saved or not passed on.
"""

import ast
import contextlib
import difflib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import tinynet

ROOT = Path(__file__).parents[2]
PACKAGE = Path(tinynet.__file__).parent  # the one under test: this folder's, or an installed one
MUTANTS = 300
KILLED_SHARE = 0.95
SECONDS = 300  # for the tests of one mutant; one that hangs is noticed

# {folder or file of tinynet/: what is run; {} is the name of the module}. The first that exists, most special first.
TESTS = {
    "ops": ["tests/ops/test_{}.py tests/test_tape.py tests/test_derivatives.py", "tests/ops"],
    "optimizers/schedules": ["tests/test_contracts.py tests/test_optimizers.py"],
    "optimizers": ["tests/test_optimizers.py tests/test_contracts.py tests/test_derivatives.py"],
    "losses": ["tests/test_losses.py tests/test_contracts.py tests/test_losses_of_sequences.py "
               "tests/test_derivatives.py"],
    "metrics": ["tests/test_metrics.py tests/test_contracts.py"],
    "initializers": ["tests/test_initializers.py tests/test_contracts.py"],
    "regularizers": ["tests/test_regularizers.py tests/test_contracts.py"],
    "constraints": ["tests/test_constraints.py tests/test_contracts.py"],
    "layers": ["tests/layers/test_{}.py tests/layers/test_configuration.py tests/layers/test_contract.py",
               "tests/layers"],
    "tape": ["tests/test_tape.py"], "variable": ["tests/test_tape.py tests/test_tensor.py tests/test_optimizers.py"],
    "tensor": ["tests/test_tensor.py"], "symbolic": ["tests/test_symbolic.py tests/models/test_functional.py"],
    "random": ["tests/test_random.py"], "seeds": ["tests/test_random.py"],
    "textbook": ["tests/textbook"], "data": ["tests/data"], "augment": ["tests/augment"],
    "preprocessing": ["tests/preprocessing"], "callbacks": ["tests/callbacks"], "models": ["tests/models"],
    "saving": ["tests/saving/test_{}.py tests/saving/test_weights.py tests/saving/test_model_files.py",
               "tests/saving --ignore=tests/saving/test_mutations.py --ignore=tests/saving/test_crashes.py"],
}
# Pictures, texts and what only speed depends on are not among them.
LEFT_OUT = ("models/summary", "models/lint", "models/population", "models/fusion", "models/training", "data/memory",
            "saving/onnx", "layers/fingerprints", "textbook/plots", "textbook/race", "augment/gallery",
            "augment/command", "augment/text_command", "callbacks/probe", "callbacks/history", "models/turns")
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
    """

    module: str
    kind: str
    start: int
    end: int
    text: str

    def applied(self, source, helper=HELPER):
        changed = (source.encode()[:self.start] + self.text.encode() + source.encode()[self.end:]).decode()
        return changed + helper if "_zeros_of_mutant" in self.text else changed

    def difference(self, source):
        lines = difflib.unified_diff(source.splitlines(), self.applied(source, "").splitlines(), lineterm="", n=0)
        return "\n".join(list(lines)[3:])


def tests_of(module):
    """The arguments of pytest for a module, the nearest tests first; None if it is left out."""
    stem = module.removesuffix(".py")
    if stem.startswith(LEFT_OUT) or stem.endswith("__init__"):
        return None
    for room, choices in sorted(TESTS.items(), key=lambda item: -len(item[0])):
        if stem == room or stem.startswith(room + "/"):
            for choice in choices:
                arguments = choice.format(Path(stem).name).split()
                if all((ROOT / one.split("=")[-1]).exists() for one in arguments):
                    return arguments
    return None


class Finder(ast.NodeVisitor):
    """Collects the changes that are possible in a module."""

    def __init__(self, module, source):
        self.module, self.source, self.found, self.functions = module, source, [], []
        self.offsets = [0]
        for line in source.encode().splitlines(keepends=True):
            self.offsets.append(self.offsets[-1] + len(line))

    def place(self, node):
        return (self.offsets[node.lineno - 1] + node.col_offset,
                self.offsets[node.end_lineno - 1] + node.end_col_offset)

    def text(self, node):
        start, end = self.place(node)
        return self.source.encode()[start:end].decode()

    def add(self, kind, node, text):
        start, end = self.place(node)
        if self.source.encode()[start:end].decode() != text:
            self.found.append(Mutant(self.module, kind, start, end, text))

    def visit_FunctionDef(self, node):
        self.functions.append(node.name)
        for part in node.body:
            self.visit(part)
        for default in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
            self.visit(default)
        self.functions.pop()

    def visit_ClassDef(self, node):
        for part in node.body:
            self.visit(part)

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
    source = (PACKAGE / module).read_text()
    finder = Finder(module, source)
    finder.visit(ast.parse(source))
    possible = []
    for mutant in finder.found:
        with contextlib.suppress(SyntaxError):
            ast.parse(mutant.applied(source))
            possible.append(mutant)
    return possible


def drawn(count, seed, wants=lambda name: True):
    """Mutants from all modules: first the module is drawn, then the kind, then the place."""
    draw = random.Random(f"mutants {seed}")
    modules = sorted(str(path.relative_to(PACKAGE)) for path in (PACKAGE).rglob("*.py"))
    modules = [name for name in modules if tests_of(name) is not None and wants(name)]
    found, known = [], {}
    while len(found) < count and modules:
        module = draw.choice(modules)
        known.setdefault(module, mutants_of(module))
        kinds = sorted({mutant.kind for mutant in known[module]})
        if not kinds:
            modules.remove(module)
            continue
        kind = draw.choice(kinds)
        mutant = draw.choice([one for one in known[module] if one.kind == kind])
        known[module].remove(mutant)
        found.append(mutant)
    return found


class Copy:
    """A copy of the package, with links to the tests, in which one module at a time is changed."""

    def __init__(self, folder):
        self.folder = Path(folder)
        shutil.copytree(PACKAGE, self.folder / "tinynet", symlinks=False,
                        ignore=lambda where, names: [name for name in names if name.endswith((".so", ".c", ".cpp"))])
        for library in (PACKAGE).rglob("*.so"):
            (self.folder / "tinynet" / library.relative_to(PACKAGE)).symlink_to(library)
        for name in ("tests", "pyproject.toml", "csrc", "README.md", "docs", "bench"):
            (self.folder / name).symlink_to(ROOT / name)
        self.stamp = time.time() - 10**6  # a time of its own for each change: compiled modules go by it, and by size

    def run(self, arguments):
        """Whether the tests pass."""
        environment = {**os.environ, "PYTHONPATH": str(self.folder), "OPENBLAS_NUM_THREADS": "1"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        with subprocess.Popen([sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider",
                               "--rootdir", str(self.folder), *arguments], cwd=self.folder, env=environment,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True) as process:
            try:
                return process.wait(SECONDS) == 0
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)
                return False

    @contextlib.contextmanager
    def changed(self, mutant):
        path = self.folder / "tinynet" / mutant.module
        source = path.read_text()
        before = path.stat()
        path.write_text(mutant.applied(source))
        self.stamp += 10
        os.utime(path, (self.stamp, self.stamp))
        try:
            yield
        finally:
            path.write_text(source)
            os.utime(path, (before.st_atime, before.st_mtime))

    def survives(self, mutant):
        with self.changed(mutant):
            return self.run(tests_of(mutant.module))


def run(settings):
    killed, survivors, chosen = 0, [], drawn(settings.count(MUTANTS), settings.seed, settings.wants)
    with tempfile.TemporaryDirectory() as folder:
        copy = Copy(folder)
        for number, mutant in enumerate(chosen, 1):
            if copy.survives(mutant):
                survivors.append(mutant)
                difference = mutant.difference((PACKAGE / mutant.module).read_text())
                print(f"    {number}: survives: tinynet/{mutant.module}, {mutant.kind}\n{difference}", flush=True)
            else:
                killed += 1
    for kind in sorted({mutant.kind for mutant in chosen}):
        of_kind = [mutant for mutant in chosen if mutant.kind == kind]
        alive = sum(mutant.kind == kind for mutant in survivors)
        yield kind, f"{len(of_kind) - alive} of {len(of_kind)} killed", "-", True
    share = killed / len(chosen)
    yield "all", f"{killed} of {len(chosen)} killed, {share:.1%}", f"{KILLED_SHARE:.0%}", share >= KILLED_SHARE
