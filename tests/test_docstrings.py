"""Every public name explains itself: what it does, its arguments, result, shapes and errors, and an example that runs.

Public is what `__all__` of a package lists, in modules that it lists too, and the methods of the classes that a user
calls by hand. Second names of one object share its docstring, which is read once. tests/test_doctests.py runs the
examples.

    PYTHONPATH=. python tests/test_docstrings.py [name ...]      prints what is missing, in names that begin like these
"""

import ast
import dataclasses
import doctest
import functools
import importlib
import importlib.util
import inspect
import re
import sys
import textwrap
import types

import pytest
from contracts import defined_in
from test_public_names import PACKAGES

import tinynet as tn
from tinynet.core import checks

ROOTS = (*PACKAGES, "", "lab", "tf", *(f"tf.{name}" for name in (
    "debugging", "dtypes", "image", "io", "linalg", "math", "nn", "random", "strings", "summary", "train")))
EXTRAS = {"wrappers": "sklearn", "lab": "starlette", "plots": "matplotlib", "textbook.plots": "matplotlib"}

# The classes whose methods are called by hand, and the methods which show how. The others, mostly those that one
# defines and tinynet calls, have their examples in the class.
METHODS = {
    "Model": "compile count_params evaluate export fit get_config get_layer get_weights gradients lab load_weights "
             "predict predict_on_batch save save_weights set_weights summary test_on_batch to_json train_on_batch",
    "Sequential": "add pop",
    "layers.Layer": "add_loss add_weight compute_output_shape count_params from_config get_config get_weights "
                    "set_weights",
    "data.Dataset": "apply as_numpy_iterator batch bucket_by_sequence_length cache cardinality choose_from_datasets "
                    "concatenate enumerate filter flat_map from_generator from_tensor_slices from_tensors "
                    "get_single_element interleave list_files map padded_batch prefetch random range rebatch reduce "
                    "repeat sample_from_datasets scan shard shuffle skip take take_while unbatch unique window zip",
    "optimizers.Optimizer": "apply apply_gradients exclude_from_weight_decay get_config get_weights minimize "
                            "set_weights",
    "metrics.Metric": "reset_state result update_state",
    "losses.Loss": "get_config",
    "callbacks.Callback": "",
    "Variable": "assign assign_add assign_sub scatter_add scatter_nd_add scatter_nd_update scatter_sub scatter_update",
    "Tensor": "astype item numpy reshape tolist",
    "GradientTape": "batch_jacobian gradient jacobian reset stop_recording watch watched_variables",
}
# TensorFlow's arguments that have no effect; the module's docstring explains them once.
WITHOUT_EFFECT = {"name", "parallel_iterations", "back_prop", "swap_memory", "infer_shape", "use_locking"}

NAMES = re.compile(r"^    ([*\w]+(?:,\s+(?:[*\w]+|\.\.\.))*):", re.MULTILINE)  # 'a, b:', 'a, b, ...:', on several lines
SHAPE = re.compile("ax[ei]s|dimension|longer|shorter|scalar")  # of a result: "Tensor without the reduced axes"


# --- what is public ---------------------------------------------------------------------------------------------------


def plain(item):
    """The function below its decorators, so that second names are found to be one object."""
    item = getattr(item, "__func__", item)
    return inspect.unwrap(item) if inspect.isroutine(item) else item


def names_in(module):
    """{name: object} of what a module, or one of TensorFlow's namespaces, has for users."""
    if module is sys.modules.get("tinynet.tf"):
        module = importlib.import_module("tinynet.compat.tf.names")
    if not isinstance(module, types.ModuleType):
        return {name: getattr(module, name) for name in dir(module)}
    if hasattr(module, "__all__"):
        return {name: getattr(module, name) for name in module.__all__}
    return defined_in(module)


def walk(title, module, seen):
    """(title, object) of every class and function of tinynet in a module and in the modules that it lists, once."""
    for name, item in names_in(module).items():
        if id(plain(item)) in seen:
            continue
        seen.add(id(plain(item)))
        inner = f"{title}.{name}".strip(".")
        if isinstance(item, types.ModuleType):
            if not is_missing(item.__name__.removeprefix("tinynet.")):
                yield from walk(inner, item, seen)
        elif is_own(item):
            yield inner, item


def is_own(item):
    """Whether an object is a class or function of tinynet, not of NumPy or Python."""
    is_callable = inspect.isclass(item) or inspect.isroutine(item)
    return is_callable and (plain(item).__module__ or "").startswith("tinynet")


def is_missing(title):
    """Whether a module needs a package that is not installed."""
    return any(title.startswith(name) and importlib.util.find_spec(package) is None
               for name, package in EXTRAS.items())


@functools.cache
def public_objects():
    """{title: class or function}, each object under one of its names."""
    found, seen = {}, set()
    for title in ROOTS:
        if not is_missing(title):
            parts, module = title.split(".") if title else [], tn
            for number, part in enumerate(parts):
                if not hasattr(module, part):
                    importlib.import_module(".".join(["tinynet", *parts[:number + 1]]))
                module = getattr(module, part)
            found.update(walk(title, module, seen))
    return found


@functools.cache
def public_methods():
    """{title: method} of the classes in METHODS, each method once."""
    found, seen = {}, set()
    for title in METHODS:
        cls = functools.reduce(getattr, title.split("."), tn)
        for name in dir(cls):
            owner = next(base for base in cls.__mro__ if name in vars(base))
            method = plain(inspect.getattr_static(cls, name))
            if name[0] == "_" or not inspect.isfunction(method) or not owner.__module__.startswith("tinynet"):
                continue
            inherits = not method.__doc__ and inspect.getdoc(getattr(cls, name))  # the docstring of what it overrides
            if id(method) not in seen and not inherits:
                found[f"{title}.{name}"] = method
            seen.add(id(method))
    return found


# --- what a docstring has ---------------------------------------------------------------------------------------------


def docstring(item):
    """An object's own docstring: a class does not inherit one."""
    return inspect.cleandoc((vars(item).get("__doc__") if inspect.isclass(item) else item.__doc__) or "")


def section(doc, title):
    """The indented lines below `title:`."""
    found = re.search(rf"^{title}:.*\n((?:    .*\n|\n)*)", doc + "\n", re.MULTILINE)
    return found[1] if found else ""


def described_arguments(doc, title="Args"):
    """The names that stand before the colons below `Args:`."""
    return {name.strip("* \n") for names in NAMES.findall(section(doc, title)) for name in names.split(",")}


def described_by_kind(item):
    """The arguments that every class of a kind has, such as the name of a layer: its base class describes them."""
    kinds = [functools.reduce(getattr, title.split("."), tn) for title in METHODS]
    bases = [kind for kind in kinds if inspect.isclass(item) and item is not kind and issubclass(item, kind)]
    return {"name", "dtype"}.intersection(*(described_arguments(docstring(base)) for base in bases)) if bases else set()


def parameters(item):
    """The names of what a caller passes; not `*args` and `**kwargs` of a class or method, which stand for the arguments
    of the base class or of the methods that override it.
    """
    try:
        found = inspect.signature(item).parameters.values()
    except ValueError:  # a class of C
        return []
    others = {inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL}
    in_class = inspect.isclass(item) or "." in plain(item).__qualname__
    return [one.name for one in found if one.name not in ("self", "cls") and one.name[0] != "_"
            and not (in_class and one.kind in others)]


def raises(item):
    """Whether the body has a `raise` with an error, or calls a check. Of a class, the body of its constructor."""
    function = plain(vars(item).get("__init__") if inspect.isclass(item) else item)
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):  # no source: compiled, made by a lambda, or no constructor
        return False
    nodes = list(ast.walk(tree))
    return any(isinstance(node, ast.Raise) and node.exc for node in nodes) or any(
        is_check(node.func, function.__globals__) for node in nodes if isinstance(node, ast.Call))


def is_check(called, names):
    """Whether what is called, in the module with these names, raises errors for the caller: `check_shapes(...)`, or
    `choice(...)` and `checks.choice(...)` of `tinynet.core.checks`.
    """
    name = getattr(called, "id", getattr(called, "attr", ""))
    owner = names.get(getattr(getattr(called, "value", None), "id", None))
    found = names.get(name) if isinstance(called, ast.Name) else getattr(owner, name, None)
    if inspect.isfunction(found) and found.__module__ == checks.__name__:
        return bool(section(docstring(found), "Raises"))
    return name.lstrip("_").startswith("check_")


def has_result(title, item):
    """Whether a function returns something, by its annotation. That methods of a Dataset return a new one, its class's
    docstring has.
    """
    without = [None, "None", "NoReturn", inspect.Signature.empty]
    if title.startswith("data.Dataset."):
        without += ["Dataset", "Any"]
    return not inspect.isclass(item) and inspect.signature(item).return_annotation not in without


def needs_shape(item):
    """Whether an object is a layer or makes tensors."""
    return inspect.isclass(item) or "Tensor" in str(inspect.signature(item).return_annotation)


def has_example(doc, shows_result):
    """Whether there is code to try, and, where there is one, a result to compare with one's own."""
    found = doctest.DocTestParser().get_examples(doc)
    return bool(found) and (not shows_result or any(example.want for example in found))


def missing_parts(title, item, needs_example=True):
    """What a docstring has not."""
    doc = docstring(item)
    if not doc:
        return ["docstring"]
    described = described_arguments(doc) | described_by_kind(item)
    if dataclasses.is_dataclass(item):
        described |= described_arguments(doc, "Attributes")
    if title.startswith("callbacks.Callback.on_"):  # all hooks have the same, which the class describes
        described |= described_arguments(docstring(tn.callbacks.Callback), "Arguments of the hooks")
    exempt = WITHOUT_EFFECT if title.startswith(("tf.", "data.Dataset.", "Variable.")) else ()
    unnamed = [name for name in parameters(item) if name not in described and name not in exempt]
    missing = [f"Args: {', '.join(unnamed)}"] if unnamed else []
    if has_result(title, item) and not re.search("\\AReturns? |^(Returns|Yields):", doc, re.MULTILINE):
        missing.append("Returns")
    if raises(item) and not section(doc, "Raises"):
        missing.append("Raises")
    if title.startswith(("layers.", "ops.")) and needs_shape(item) and not (
            "shape" in doc.lower() or SHAPE.search(section(doc, "Returns"))):
        missing.append("shape")
    if needs_example and not has_example(doc, shows_result=inspect.isclass(item) or has_result(title, item)):
        missing.append("example")
    return missing


def is_called(title):
    """Whether a method is one that shows how it is called."""
    owner, _, name = title.rpartition(".")
    return name in METHODS[owner].split()


@pytest.mark.parametrize("title", public_objects())
def test_docstring(title):
    missing = missing_parts(title, public_objects()[title])
    assert not missing, f"tinynet.{title} lacks in its docstring: {'; '.join(missing)}"


@pytest.mark.parametrize("title", public_methods())
def test_docstring_of_method(title):
    missing = missing_parts(title, public_methods()[title], is_called(title))
    assert not missing, f"tinynet.{title} lacks in its docstring: {'; '.join(missing)}"


def test_public_names_are_found():
    found = public_objects()
    assert len(found) > 1200 and len(public_methods()) > 150
    assert {"layers.Dense", "ops.exp", "datasets.mnist.load_data", "keras.tree.flatten", "tf.nn.conv2d"} <= set(found)


def test_methods_exist():
    for title, names in METHODS.items():
        cls = functools.reduce(getattr, title.split("."), tn)
        for name in names.split():
            assert hasattr(cls, name), f"METHODS: tinynet.{title} has no {name!r}"


# --- the test finds what is missing -----------------------------------------------------------------------------------


def bare(x: int) -> int:
    return x


def vague(x: int, *rest: int) -> int:
    """Add.

    Args:
        x: A number.

    >>> total = vague(1, 2)
    """
    if x < 0:
        raise ValueError("negative")
    return x + sum(rest)


class Clear:
    """Add.

    Args:
        x, y: Numbers, of which
            the second is the larger.
        z,
            a, ...: Numbers, too.

    Raises:
        ValueError: `x` is below 1.

    >>> Clear(1, 2, 3, 4).total
    10
    """

    def __init__(self, x: int, y: int, z: int, a: int, **kwargs: int) -> None:
        self.total = checks.positive_int(x, "Clear", "x") + y + z + a


def test_what_is_missing_is_found():
    assert missing_parts("bare", bare) == ["docstring"]
    assert missing_parts("vague", vague) == ["Args: rest", "Returns", "Raises", "example"]
    assert missing_parts("layers.Clear", Clear) == ["shape"] and missing_parts("Clear", Clear) == []
    assert raises(Clear) and not has_example(docstring(vague), shows_result=True)
    assert has_example(docstring(vague), shows_result=False)


if __name__ == "__main__":
    count = total = 0
    for example_of, objects in ((lambda title: True, public_objects()), (is_called, public_methods())):
        for title, item in objects.items():
            missing = missing_parts(title, item, example_of(title))
            if missing and title.startswith(tuple(sys.argv[1:]) or ""):
                print(f"{title}: {'; '.join(missing)}   ({plain(item).__module__})")
                count += 1
            total += 1
    print(f"{count} of {total}")
