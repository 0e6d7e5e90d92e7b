"""Names that Keras or TensorFlow has and tinynet does not: errors that explain why.

The explanations are a table, `tinynet/compat/absent.py`, in a room far above. It is loaded when a name is missing. The
package's `__init__` passes the function that loads it to `install`, so that this module need not import it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from .errors import NotInTinynetError

_load: Callable[[], ModuleType] | None = None  # returns the module with the table; `install` sets it


def install(load: Callable[[], ModuleType]) -> None:
    """Set the function that loads the table of explanations.

    Args:
        load: Function that returns the module `tinynet.compat.absent`.
    """
    global _load
    _load = load


def reason(title: str, name: str) -> str | None:
    """Return why tinynet does not have a name of Keras or TensorFlow.

    Args:
        title: The namespace as users know it: 'keras.optimizers', 'tf.image'.
        name: The name that is missing there.

    Returns:
        The rest of a sentence that begins with "it"; None if the table does not have the name.
    """
    return _load().reason(title, name) if _load is not None else None


def known_absent(title: str, name: str) -> None:
    """Raise the explanation of a name that tinynet does not have, if the table has one.

    Args:
        title, name: As for `reason`.

    Raises:
        NotInTinynetError: Keras or TensorFlow has the name.
    """
    why = reason(title, name)
    if why is not None:
        raise NotInTinynetError(f"{title}.{name} is not part of tinynet: it {why}", name=name)


class AbsentName:
    """A class attribute that tinynet does not have: reading it raises the explanation.

    Args:
        title, name: As for `reason`.
    """

    def __init__(self, title: str, name: str) -> None:
        self.title = title
        self.name = name

    def __get__(self, instance: object, owner: type) -> None:
        known_absent(self.title, self.name)


def explainer(module_name: str) -> Callable[[str], Any]:
    """Return a module's `__getattr__`, which Python calls for a name that the module does not have.

    Args:
        module_name: The module's dotted name.

    Returns:
        Function from a name to its value, if the table has a replacement. It raises a NotInTinynetError for a name that
        the table explains, and an AttributeError for others.
    """

    def explain(name: str) -> Any:
        if _load is None or name.startswith("__"):
            raise AttributeError(f"module {module_name!r} has no attribute {name!r}")
        return _load().explain(module_name, name)

    return explain


def import_explainer(module_name: str) -> Callable[[str], Any]:
    """Return `explainer` for a module without submodules, whose explanations are ImportErrors.

    `from module import name` replaces the text of an AttributeError by its own; that of an ImportError is shown.

    Args:
        module_name: The module's dotted name.
    """
    explain = explainer(module_name)

    def explain_import(name: str) -> Any:
        try:
            return explain(name)
        except NotInTinynetError as error:
            raise ImportError(str(error), name=name) from None

    return explain_import


class MissingNames:
    """The finder that explains `from tinynet.keras.layers import Conv2d`.

    For a name that a package does not have, Python looks for a submodule. It calls this finder last, when no other
    finder has found one.
    """

    def find_spec(self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> None:
        """Find nothing, but raise the explanation of a missing name.

        Args:
            fullname: Dotted name of the module that Python looks for.
            path, target: Not used.

        Raises:
            ImportError: the table explains the name.
        """
        package, _, name = fullname.rpartition(".")
        if _load is None or package not in sys.modules or name.startswith("_"):
            return
        if package == "tinynet" or package.startswith("tinynet."):
            _load().explain_import(sys.modules[package], name)
