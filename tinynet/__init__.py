"""tinynet: a deep-learning framework that a student can read from end to end, fast on a laptop's CPU.

Write `import tinynet as tn` in a new notebook. In a notebook that was written for Keras, replace its import line by
`import tinynet as tf` or `from tinynet import keras`.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

from . import (
    activations, autodiff, callbacks, config, constraints, data, initializers, layers, losses, metrics, models, ops,
    optimizers, random, reference, regularizers, saving, utils,
)
from .core import absence, errors, naming, registry
from .layers import Input
from .models import Model, Sequential
from .models import population as batchnorm
from .runtime import backend, get_num_threads, install_wanted_backend, set_num_threads, show_config
from .tape import GradientTape
from .tensor import Tensor, convert_to_tensor
from .variable import Variable
from .version import __version__

if TYPE_CHECKING:
    from . import applications, augment, datasets, distribution, keras, plots, preprocessing, textbook, wrappers

__all__ = [
    "GradientTape", "Input", "Model", "Sequential", "Tensor", "Variable", "__version__", "activations",
    "applications", "augment", "autodiff", "backend", "batchnorm", "callbacks", "config", "constraints",
    "convert_to_tensor", "data", "datasets", "distribution", "get_num_threads", "initializers", "keras", "layers",
    "losses", "metrics", "models",
    "ops", "optimizers", "plots", "preprocessing", "random", "regularizers", "saving", "set_num_threads", "show_config",
    "textbook", "utils", "wrappers",
]

# Loaded when they are asked for: not every program needs them, and together they take as long as the rest.
_LATER = ("applications", "augment", "datasets", "distribution", "keras", "lab", "lessons", "plots", "preprocessing",
          "textbook", "tf", "wrappers")

newaxis = None

# A module imports only from rooms below it. What a lower one needs from above is passed to it here: the families of
# objects that have names, the NumPy references, the explanations of absent names, the lab's page.
registry.install_families({f"keras.{_family.__name__.split('.', 1)[1]}": _family for _family in (
    layers, models, initializers, regularizers, constraints, losses, metrics, optimizers, optimizers.schedules,
    activations, random,
)})
naming.install_elsewhere(
    lambda: importlib.import_module(f"{__name__}.textbook").custom_objects, f"{__name__}.textbook",
    "to load a file that has it, pass custom_objects=textbook.custom_objects (from tinynet import textbook)")
install_wanted_backend(vars(reference))
absence.install(lambda: importlib.import_module(f"{__name__}.compat.absent"))
sys.meta_path.append(absence.MissingNames())
errors.ignore_numpy_float_warnings()
callbacks.Lab.opener = staticmethod(
    lambda *arguments: importlib.import_module(f"{__name__}.lab.background").open_page(*arguments))

# Each namespace explains a name that it does not have.
for _module in (activations, callbacks, config, constraints, data, errors, initializers, layers, losses, metrics,
                models, ops, ops.image, optimizers, random, regularizers, saving, utils):
    _module.__dict__.setdefault("__getattr__", absence.explainer(_module.__name__))
# Modules under the names that they had in version 0.1.
for _name, _module in (("batchnorm", batchnorm), ("errors", errors)):
    sys.modules[f"{__name__}.{_name}"] = _module


def __getattr__(name: str) -> Any:
    """Find one of TensorFlow's names, for notebooks with `import tinynet as tf`. Its module is loaded at the first use.

    So are the rooms that not every program needs.

    Raises:
        AttributeError: there is no such name; the message explains why tinynet does not have what TensorFlow has.
    """
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in _LATER:
        return importlib.import_module(f"{__name__}.{name}")
    return importlib.import_module(f"{__name__}.compat.tf").find(name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_LATER})
