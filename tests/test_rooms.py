"""The package is a house of rooms: a module imports from its own room and from rooms below it, never upwards.

`ROOMS` is the order, from the ground up. The README's picture of the package is made from it:

    python tests/test_rooms.py --write

Imports inside functions and imports by name (importlib) count like all others. Imports under `if TYPE_CHECKING:` do
not: they are for annotations, and nothing runs there.
"""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "tinynet"
README = ROOT / "README.md"

# (what stands there, its modules): from the ground up.
ROOMS = [
    ("names, nested structures, argument checks, errors; imports nothing of tinynet", ["core", "version"]),
    ("the engine: settings, kernels in use, tensors, differentiation, graphs",
     ["_native", "config", "runtime", "tensor", "variable", "tape", "symbolic", "seeds",
      "string_tensor", "shares", "serialization", "tape_conveniences", "autodiff"]),
    ("one operation a file: equation, reference, recorded operation", ["ops"]),
    ("the list of all NumPy references; random numbers", ["reference", "random"]),
    ("what layers are given by name", ["initializers", "activations", "regularizers", "constraints"]),
    ("batches: arrays, pipelines, generators", ["data"]),
    ("augmentation of images and texts, as functions", ["augment"]),
    ("build makes weights, call applies operations", ["layers"]),
    ("the loss is an operation like any other", ["losses"]),
    ("statistics of predictions", ["metrics"]),
    ("one kernel call a step for all weights", ["optimizers"]),
    ("labels, folders of pictures, drawings of models, progress bars", ["utils"]),
    ("file formats: .keras, .h5, .safetensors, ONNX", ["saving"]),
    ("what happens between the steps of a training", ["callbacks"]),
    ("Keras's older way to prepare data", ["preprocessing"]),
    ("Fashion-MNIST and others, found or fetched", ["datasets"]),
    ("Sequential, Functional, subclassed; the training run; fusion of neighbours", ["models"]),
    ("models as scikit-learn estimators; known networks", ["wrappers", "applications"]),
    ("every picture, in one style", ["plots"]),
    ("one model on many processes: data-parallel training on MPI", ["distribution"]),
    ("the slides' own forms; the practicals", ["textbook"]),
    ("the course in two languages: `tinynet lessons`", ["lessons"]),
    ("the experiments in the browser: `tinynet lab`", ["lab"]),
    ("TensorFlow's names; what is absent, and why; loaded when asked for", ["compat"]),
    ("Keras's layout of names", ["keras"]),
    ("TensorFlow's layout of names", ["tf"]),
    ("the package itself: `import tinynet as tn`", [""]),
    ("what the commands do: `tinynet train`, `predict`, `data`, `bundle`", ["commands"]),
    ("the command `tinynet`", ["cli", "__main__"]),
]
RANK = {module: rank for rank, (_, modules) in enumerate(ROOMS) for module in modules}

# The one circle: the operators of a Tensor (x + y) are operations, which are made of Tensors.
ESSENTIAL_CIRCLE = ("tinynet.tensor", "tinynet.ops")
# Doors that open upwards by nature: {(from, to): why}.
DOORS = {}
# Modules that import by a name which is not written out there: each only reaches what stands below it, or beside it.
BY_NAME = {
    "tinynet",  # on top of everything
    "tinynet.core.extras",  # optional packages of others
    "tinynet.compat", "tinynet.compat.absent", "tinynet.compat.tf",  # old modules, further names of a namespace
    "tinynet.keras.same_modules",  # a module of tinynet under Keras's name for it
    "tinynet.lab.catalogue",  # the panels
    "tinynet.lab.code",  # what a printed name stands for
    "tinynet.layers",  # its own modules of augmentation, loaded when asked for
    "tinynet.tf",  # TensorFlow's names, loaded when asked for, and the package itself
    "tinynet.textbook",  # its own module `plots`
    "tinynet.wrappers",  # its own module `estimators`
}


def modules():
    """{dotted name: path} of all modules of the package; compiled ones have the path of their source or stub."""
    found = {"tinynet._native": PACKAGE / "_native.pyi"}
    for path in [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.pyx")]:
        if not path.stem.isidentifier():  # the lessons, 03_momentum.py: scripts of a reader, who may import all
            continue
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def is_type_checking(node):
    """Whether this is `if TYPE_CHECKING:`."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def statements(node):
    """All nodes below one, without what stands under `if TYPE_CHECKING:`."""
    for child in ast.iter_child_nodes(node):
        if not is_type_checking(child):
            yield child
            yield from statements(child)


def imports_of(source, name, is_package):
    """The modules of tinynet that a module's source imports, as dotted names.

    Args:
        source: Python text.
        name: The module's own dotted name.
        is_package: Whether it is an `__init__`.
    """
    package = name if is_package else name.rpartition(".")[0]
    found = set()
    for node in statements(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {known(alias.name) for alias in node.names if alias.name.split(".")[0] == "tinynet"}
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*base, *([node.module] if node.module else [])])
            if base.split(".")[0] == "tinynet":
                found |= {known(f"{base}.{alias.name}") for alias in node.names}
        elif isinstance(node, ast.Call) and "import_module" in ast.unparse(node.func):
            found |= imported_by_name(node, name, package)
    return found - {name}


def known(dotted):
    """The module that an imported name belongs to."""
    while dotted not in MODULES:
        dotted = dotted.rpartition(".")[0]
    return dotted


def imported_by_name(call, name, package):
    """What `import_module(...)` imports, where the name is written out; fails for others that are not in `BY_NAME`."""
    argument = call.args[0]
    if isinstance(argument, ast.Constant):
        dotted = f"{package}{argument.value}" if argument.value.startswith(".") else argument.value
        return {known(dotted)} if dotted.split(".")[0] == "tinynet" else set()
    assert name in BY_NAME, f"{name} imports by a computed name: {ast.unparse(call)}"
    return set()


GRAPH = {name: imports_of(path.read_text(), name, path.name == "__init__.py") if path.suffix == ".py" else set()
         for name, path in MODULES.items()}


def room(name):
    """The first part of a module's name below tinynet; '' for the package itself."""
    return name.split(".")[1] if "." in name else ""


def upward_imports(graph):
    """(importer, imported) of all imports that run upwards between rooms, the doors left out."""
    return sorted(
        (name, target) for name, targets in graph.items() for target in targets
        if RANK[room(target)] > RANK[room(name)]
        and (name, target) not in DOORS and (name, target) != ESSENTIAL_CIRCLE
    )


def circles(graph):
    """The groups of modules that import each other, directly or by way of others (Tarjan's algorithm)."""
    index, low, stack, found = {}, {}, [], []

    def visit(name):
        index[name] = low[name] = len(index)
        stack.append(name)
        for target in graph[name]:
            if target not in index:
                visit(target)
            if target in stack:
                low[name] = min(low[name], low[target])
        if low[name] == index[name]:
            group = stack[stack.index(name):]
            del stack[stack.index(name):]
            if len(group) > 1:
                found.append(sorted(group))

    for name in graph:
        if name not in index:
            visit(name)
    return found


def test_every_module_has_a_room():
    assert sorted({room(name) for name in MODULES} - set(RANK)) == []
    assert sorted(set(RANK) - {room(name) for name in MODULES}) == []


def test_no_import_runs_upwards():
    assert upward_imports(GRAPH) == []


def test_there_is_no_circle_but_the_essential_one():
    importer, imported = ESSENTIAL_CIRCLE
    assert imported in GRAPH[importer]
    graph = {name: targets - {imported} if name == importer else targets for name, targets in GRAPH.items()}
    # A package's __init__ imports its modules; they may import the package's own name only where that makes no circle.
    assert circles(graph) == []


def test_doors_and_computed_imports_are_those_in_use():
    assert set(DOORS) <= {(name, target) for name, targets in GRAPH.items() for target in targets}
    assert {name for name in BY_NAME if "import_module" not in MODULES[name].read_text()} == set()


@pytest.mark.parametrize(("source", "expected"), [
    ("def f():\n    from .. import models", {"tinynet.models"}),
    ("from ..models.model import Model", {"tinynet.models.model"}),
    ("import importlib\nimportlib.import_module('tinynet.compat.absent')", {"tinynet.compat.absent"}),
    ("if TYPE_CHECKING:\n    from ..models.model import Model", set()),
    ("import numpy", set()),
])
def test_the_graph_sees_imports_wherever_they_stand(source, expected):
    assert imports_of(source, "tinynet.layers.dense", False) == expected


def test_an_upward_import_and_a_circle_are_found():
    graph = {**GRAPH, "tinynet.layers.dense": {"tinynet.models.model"}}
    assert upward_imports(graph) == [("tinynet.layers.dense", "tinynet.models.model")]
    assert len(circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}})) == 1


# -- the README's picture -----------------------------------------------------------------------------------------


BEGIN, END = "<!-- rooms: made by tests/test_rooms.py --write -->\n```\n", "```\n<!-- end of rooms -->"


def picture():
    """The rooms as text, the highest first."""
    lines = []
    for what, names in reversed(ROOMS):
        if names == [""]:
            continue
        names = [f"{name}/" if (PACKAGE / name).is_dir() else name for name in names
                 if name not in ("", "__main__", "_native", "version", "tape_conveniences")]
        row, rows = "", []
        for name in names:
            if len(row) + len(name) > 40:
                rows.append(row)
                row = ""
            row += f"{name} "
        rows.append(row)
        lines += [f"{row.rstrip():<41} {what if number == 0 else ''}".rstrip() for number, row in enumerate(rows)]
    return "\n".join(lines) + "\n"


def test_the_readme_shows_the_rooms():
    assert BEGIN + picture() + END in README.read_text()


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    text = README.read_text()
    start, end = text.index(BEGIN), text.index(END)
    README.write_text(text[:start] + BEGIN + picture() + text[end:])
