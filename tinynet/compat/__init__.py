"""TensorFlow's names, and what Keras and TensorFlow have and tinynet does not; loaded when asked for.

The package is also what a notebook finds as `tf.compat`: `tf.compat.v1`, `tf.compat.as_bytes`.
"""

import importlib
from typing import Any


def __getattr__(name: str) -> Any:
    """The names of `tf.compat`."""
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.tf.devices").compat, name)
