"""`import tinynet.keras.layers` finds `tinynet.layers`, so that there is one list of layers and one class Dense."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.util
from types import ModuleType
from typing import Any


class SameModules(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds `tinynet.keras.<name>` as `tinynet.<name>`, for all names that are not files of this package.

    Args:
        package: The package under whose name they are found.
        own: The files of the package itself.
    """

    def __init__(self, package: str = __package__, own: tuple[str, ...] = ()) -> None:
        self._prefix = package + "."
        self._own = tuple(self._prefix + name for name in own)

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        """Return the spec of a module of this name; None if it is not one of tinynet's."""
        if not fullname.startswith(self._prefix) or fullname in self._own:
            return None
        return importlib.util.spec_from_loader(fullname, self)

    def create_module(self, spec: Any) -> ModuleType:
        """Return the existing module."""
        name = "tinynet." + spec.name.removeprefix(self._prefix)
        module = importlib.import_module(name)
        self._true_spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Run nothing: restore the spec that Python has just replaced in the module."""
        module.__spec__ = self._true_spec
