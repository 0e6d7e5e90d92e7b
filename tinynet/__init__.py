"""tinynet: a deep-learning framework that a student can read from end to end, fast on a laptop's CPU.

`import tinynet as tn` for a notebook of one's own; `import tinynet as tf` or `from tinynet import keras` in one written
for Keras.
"""

import importlib
import sys

from . import (
    absent, activations, applications, augment, batchnorm, callbacks, config, constraints, data, datasets, errors,
    initializers, keras, layers, losses, metrics, models, ops, optimizers, preprocessing, random, regularizers, saving,
    textbook, utils, wrappers,
)
from .layers import Input
from .models import Model, Sequential
from .runtime import backend, get_num_threads, install_wanted_backend, set_num_threads, show_config
from .tape import GradientTape
from .tensor import Tensor, Variable, convert_to_tensor
from .version import __version__

__all__ = [
    "GradientTape", "Input", "Model", "Sequential", "Tensor", "Variable", "__version__", "activations",
    "applications", "augment", "backend", "batchnorm", "callbacks", "config", "constraints", "convert_to_tensor",
    "data", "datasets", "get_num_threads", "initializers", "keras", "layers", "losses",
    "metrics", "models",
    "ops", "optimizers", "preprocessing", "random", "regularizers", "saving", "set_num_threads", "show_config",
    "textbook", "utils", "wrappers",
]

# TensorFlow's names, loaded when they are used: {name: (module, name in it)}.
_TF_MODULES = {"debugging": "tf_debugging", "image": "tf_image", "io": "tf_io", "strings": "tf_strings",
               "summary": "tf_summary", "train": "tf_train"}
_TF_NAMES = {
    "TensorSpec": ("data.elements", "TensorSpec"), "print": ("tf_debugging", "print_tensors"),
    "constant_initializer": ("initializers", "Constant"), "ones_initializer": ("initializers", "Ones"),
    "zeros_initializer": ("initializers", "Zeros"), "random_normal_initializer": ("initializers", "RandomNormal"),
    "random_uniform_initializer": ("initializers", "RandomUniform"),
} | {name: ("tf_devices", name) for name in (
    "autograph", "compat", "device", "executing_eagerly", "function", "get_logger", "test",
)}
newaxis = None
_explain = absent.explainer(__name__)


def __getattr__(name):
    """TensorFlow's names, for notebooks that say `import tinynet as tf`."""
    if name in _TF_MODULES:
        return importlib.import_module(f"{__name__}.{_TF_MODULES[name]}")
    if name in _TF_NAMES:
        module, inner = _TF_NAMES[name]
        return getattr(importlib.import_module(f"{__name__}.{module}"), inner)
    if not name.startswith("_"):
        tf_names = importlib.import_module(f"{__name__}.tf_names")
        if name in tf_names.__all__:
            return getattr(tf_names, name)
    return _explain(name)


# All namespaces answer alike to a name they do not have.
for _module in (activations, applications, callbacks, config, constraints, data, errors, initializers, layers, losses,
                metrics, models, ops, ops.image, optimizers, random, regularizers, saving, utils):
    _module.__dict__.setdefault("__getattr__", absent.explainer(_module.__name__))
sys.meta_path.append(absent.MissingNames())

install_wanted_backend()
