"""TensorFlow's names, for notebooks with `import tinynet as tf`: the package's `__getattr__` calls `find`."""

import importlib
from typing import Any

from ...core.absence import explainer

_PACKAGE = "tinynet"
_MODULES = ("debugging", "distribute", "image", "io", "strings", "summary", "train")
# {name: (module, name in it)}
_NAMES = {
    "TensorSpec": ("data.elements", "TensorSpec"), "print": ("compat.tf.debugging", "print_tensors"),
    "constant_initializer": ("initializers", "Constant"), "ones_initializer": ("initializers", "Ones"),
    "zeros_initializer": ("initializers", "Zeros"), "random_normal_initializer": ("initializers", "RandomNormal"),
    "random_uniform_initializer": ("initializers", "RandomUniform"),
} | {name: ("compat.tf.devices", name) for name in (
    "autograph", "device", "executing_eagerly", "function", "get_logger", "test",
)}
_explain = explainer(_PACKAGE)


def find(name: str) -> Any:
    """Return what the package itself has under a name of TensorFlow.

    Raises:
        NotInTinynetError: TensorFlow or Keras has the name and tinynet does not.
        AttributeError: none of them has it.

    >>> find("reduce_sum")([1, 2, 3]).item()
    6
    """
    if name == "compat":
        return importlib.import_module("tinynet.compat")
    if name in _MODULES:
        return importlib.import_module(f".{name}", __name__)
    if name in _NAMES:
        module, inner = _NAMES[name]
        return getattr(importlib.import_module(f"{_PACKAGE}.{module}"), inner)
    if not name.startswith("_"):
        names = importlib.import_module(".names", __name__)
        if name in names.__all__:
            return getattr(names, name)
    return _explain(name)
