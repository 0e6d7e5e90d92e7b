"""`import tinynet.keras.layers` finds `tinynet.layers`, so that there is one list of layers and one class Dense."""

import importlib
import importlib.abc
import importlib.util


class SameModules(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds `tinynet.keras.<name>` as `tinynet.<name>`, for all names that are not files of this package."""

    _prefix = __package__ + "."
    _own = (_prefix + "backend", _prefix + "same_modules")

    def find_spec(self, fullname, path=None, target=None):
        """The spec of a module of this name, if it is ours."""
        if not fullname.startswith(self._prefix) or fullname in self._own:
            return None
        return importlib.util.spec_from_loader(fullname, self)

    def create_module(self, spec):
        """The module that there is already."""
        name = "tinynet." + spec.name.removeprefix(self._prefix)
        module = importlib.import_module(name)
        self._true_spec = module.__spec__
        return module

    def exec_module(self, module):
        """Nothing to run: undo what Python has just written into the module."""
        module.__spec__ = self._true_spec
