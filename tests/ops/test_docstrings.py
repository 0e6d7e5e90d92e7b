"""Every operation of `tinynet.ops` documents all its arguments and its result, and is annotated.

tests/test_public_names.py checks that functions which a module defines are listed. Operations that `unary`, `binary`
and their like make are assigned to a name, and are checked here.
"""

import importlib
import inspect
import pkgutil
import re

import pytest

from tinynet import ops

OPERATIONS = sorted(name for name in ops.__all__ if callable(getattr(ops, name)))


def sections(docstring):
    """{title: text} of a docstring; what stands before the first section has the title ''."""
    parts = re.split(r"^(Args|Returns|Raises):$", inspect.cleandoc(docstring), flags=re.MULTILINE)
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


def documented_arguments(text):
    """The names of an Args section: `x:`, or `x, y:` for several."""
    return {name for line in re.findall(r"^    (\w+(?:, \w+)*):", text, re.MULTILINE) for name in line.split(", ")}


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation_is_documented(name):
    operation = getattr(ops, name)
    parts = sections(operation.__doc__ or "")
    summary = parts[""].strip().split("\n")[0]
    assert summary and summary[-1] in ".:)", f"ops.{name}: the first line of its docstring is {summary!r}"
    arguments = set(inspect.signature(operation).parameters)
    documented = documented_arguments(parts.get("Args", ""))
    assert documented == arguments, (
        f"ops.{name}: undocumented arguments {sorted(arguments - documented)}, unknown ones "
        f"{sorted(documented - arguments)}"
    )
    has_result = summary.startswith("Return ") or parts.get("Returns", "").strip()
    assert has_result, f"ops.{name}: its docstring has no section Returns"


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation_is_annotated(name):
    signature = inspect.signature(getattr(ops, name))
    given = {argument.name: argument.annotation for argument in signature.parameters.values()}
    missing = [argument for argument, hint in given.items() if hint is inspect.Parameter.empty]
    assert not missing, f"ops.{name}: arguments without annotation {missing}"
    assert signature.return_annotation is not inspect.Signature.empty, f"ops.{name}: no annotation of its result"


def test_operations_made_by_functions_are_listed():
    """A name such as `sin = unary("sin", ...)` or `abs = absolute` that is missing from `ops.__all__` is noticed."""
    missing = []
    for found in pkgutil.iter_modules(ops.__path__):
        for name, item in vars(importlib.import_module(f"tinynet.ops.{found.name}")).items():
            if not inspect.isfunction(item) or name[0] == "_" or name in ops.__all__:
                continue
            made = item.__name__ == name != item.__code__.co_name and not hasattr(item, "__wrapped__")
            if made or item.__name__ != name and item.__name__ in ops.__all__:
                missing.append(f"{found.name}.{name}")
    assert not missing, f"not in tinynet.ops.__all__: {missing}"
