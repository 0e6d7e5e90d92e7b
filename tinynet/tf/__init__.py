"""TensorFlow's layout of names: `from tinynet import tf`, `from tinynet.tf.keras import layers`.

After `import tinynet as tf` the same names are there. Here, what TensorFlow and Keras both have, such as `tf.random`
and `tf.convert_to_tensor`, has TensorFlow's arguments; and `__version__` is that of TensorFlow whose names these are,
so that notebooks which ask for `tf.__version__ >= "2"` go on. tinynet's own version is `tinynet.__version__`.

>>> from tinynet import tf
>>> tf.__version__ >= "2", tf.random.uniform([2], 1, 9, dtype=tf.int32).dtype
(True, dtype('int32'))
"""

import importlib
import sys
from types import SimpleNamespace
from typing import Any

from .. import keras  # noqa: F401, tf.keras; it also finds modules under other names
from ..keras.same_modules import SameModules

__version__ = "2.21.0"
version = SimpleNamespace(VERSION=__version__)
newaxis = None

_package = sys.modules[__name__.partition(".")[0]]

sys.meta_path.insert(0, SameModules(__name__))


def __getattr__(name: str) -> Any:
    """Return what TensorFlow has under a name.

    Raises:
        NotInTinynetError: TensorFlow or Keras has the name and tinynet does not.
        AttributeError: none of them has it.
    """
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "random":
        return importlib.import_module("..compat.tf.random", __name__)
    names = importlib.import_module("..compat.tf.names", __name__)
    if name in names.__all__:
        return getattr(names, name)
    return getattr(_package, name)


def __dir__() -> list[str]:
    names = importlib.import_module("..compat.tf.names", __name__)
    return sorted({*names.__all__, *dir(_package), "__version__", "random", "version"})
