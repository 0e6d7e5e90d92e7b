"""Public arguments, their order and their defaults stay: programs are written against them.

The list is a file of its own. A change on purpose is written into it, and is seen when it is read:

    PYTHONPATH=tests python tests/test_public_signatures.py --write

tests/judge/ compares what a default configuration does with Keras, tests/compat/ the arguments with TensorFlow's.
"""

import inspect
import re
import sys
from pathlib import Path

import pytest
from test_docstrings import public_methods, public_objects

LIST = Path(__file__).with_name("public_signatures.txt")
FAMILIES = ("activations", "augment", "callbacks", "constraints", "data", "initializers", "layers", "losses", "metrics",
            "models", "ops", "optimizers", "preprocessing", "random", "regularizers", "textbook", "utils")


def text_of(default):
    """A default as it is written; of a function or class its name, which has no address, of a set how many it has."""
    if isinstance(default, set | frozenset):
        return f"{type(default).__name__} of {len(default)}"
    return getattr(default, "__name__", None) or re.sub(r" at 0x\w+", "", repr(default))


def signatures():
    """{family: {name: arguments}} of all classes, functions and methods."""
    found = {family: {} for family in FAMILIES}
    for title, item in {**public_objects(), **public_methods()}.items():
        family = title.partition(".")[0]
        if family not in FAMILIES or inspect.isclass(item) and issubclass(item, BaseException):
            continue
        try:
            parameters = inspect.signature(item).parameters.values()
        except (TypeError, ValueError):  # a name of a type
            continue
        stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
        found[family][title] = ", ".join(
            stars.get(one.kind, "") + one.name + ("" if one.default is one.empty else f"={text_of(one.default)}")
            for one in parameters)
    return found


FOUND = signatures()


@pytest.mark.parametrize("family", FAMILIES)
def test_arguments_and_defaults_are_those_of_the_list(family):
    lines = [line for line in LIST.read_text().splitlines() if line.startswith(f"{family}.")]
    assert [f"{title}({arguments})" for title, arguments in sorted(FOUND[family].items())] == lines


def test_every_family_has_some():
    assert all(FOUND.values()) and sum(map(len, FOUND.values())) > 800


if __name__ == "__main__" and sys.argv[1:] == ["--write"]:
    LIST.write_text("".join(f"{title}({arguments})\n" for family in FAMILIES
                            for title, arguments in sorted(FOUND[family].items())))
