"""TensorFlow's names, and explanations of the names that tinynet does not have; loaded at the first use of one.

The package is also `tf.compat`: `tf.compat.v1`, `tf.compat.as_bytes`.
"""

import importlib
from typing import Any


def __getattr__(name: str) -> Any:
    """Return what `tf.compat` has under this name."""
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.tf.devices").compat, name)
