"""Names that Keras or TensorFlow has and tinynet does not: who explains them.

The explanations are a table on top of the package, `tinynet/compat/absent.py`, which is loaded when a name is missing.
The package's `__init__` passes the function that loads it to `install`, so that nothing down here imports it.
"""

import importlib.abc
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from .errors import NotInTinynetError

_load: Callable[[], ModuleType] | None = None


def install(load: Callable[[], ModuleType]) -> None:
    """Set the function that loads the table of explanations."""
    global _load
    _load = load


def reason(title: str, name: str) -> str | None:
    """Why tinynet does not have a name of Keras or TensorFlow, a text that follows "it"; None if it is not known.

    Args:
        title: The namespace as the users know it: 'keras.optimizers', 'tf.image'.
        name: Of what is missing there.
    """
    return _load().reason(title, name) if _load is not None else None


def known_absent(title: str, name: str) -> None:
    """Explain a name that tinynet does not have; arguments as for `reason`.

    Raises:
        NotInTinynetError: Keras or TensorFlow has it.
    """
    why = reason(title, name)
    if why is not None:
        raise NotInTinynetError(f"{title}.{name} is not part of tinynet: it {why}", name=name)


class AbsentName:
    """A name of the table as a class attribute: reading it raises the explanation."""

    def __init__(self, title: str, name: str) -> None:
        self.title = title
        self.name = name

    def __get__(self, instance: object, owner: type) -> None:
        known_absent(self.title, self.name)


def explainer(module_name: str) -> Callable[[str], Any]:
    """A module's `__getattr__`: Python calls it for a name that the module does not have."""

    def explain(name: str) -> Any:
        if _load is None or name.startswith("__"):
            raise AttributeError(f"module {module_name!r} has no attribute {name!r}")
        return _load().explain(module_name, name)

    return explain


def import_explainer(module_name: str) -> Callable[[str], Any]:
    """`explainer` for a module that holds no others: `from ... import ...` shows only an ImportError's own text."""
    explain = explainer(module_name)

    def explain_import(name: str) -> Any:
        try:
            return explain(name)
        except NotInTinynetError as error:
            raise ImportError(str(error), name=name) from None

    return explain_import


class MissingNames(importlib.abc.MetaPathFinder):
    """Explains `from tinynet.keras.layers import Conv2d`.

    For a name that a package does not have, Python looks for a submodule. This finder is asked last, when no other
    finder has found one.
    """

    def find_spec(self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> None:
        """Finds nothing; raises the explanation where there is one."""
        package, _, name = fullname.rpartition(".")
        if _load is None or package not in sys.modules or name.startswith("_"):
            return
        if package == "tinynet" or package.startswith("tinynet."):
            _load().explain_import(sys.modules[package], name)
