"""tinynet: a deep-learning framework that a student can read from end to end, fast on a laptop's CPU.

`import tinynet as tn` for a notebook of one's own; `import tinynet as tf` or `from tinynet import keras` in one written
for Keras.
"""

from . import (
    activations, callbacks, config, constraints, datasets, initializers, keras, layers, losses, metrics, models, ops,
    optimizers, random, regularizers, utils,
)
from .layers import Input
from .models import Model, Sequential
from .runtime import backend, get_num_threads, install_wanted_backend, set_num_threads, show_config
from .tape import GradientTape
from .tensor import Tensor, Variable, convert_to_tensor
from .version import __version__

__all__ = [
    "GradientTape", "Input", "Model", "Sequential", "Tensor", "Variable", "__version__", "activations", "backend",
    "callbacks", "config",
    "constraints", "convert_to_tensor", "datasets", "get_num_threads", "initializers", "keras", "layers", "losses",
    "metrics", "models",
    "ops", "optimizers", "random", "regularizers", "set_num_threads", "show_config", "utils",
]

install_wanted_backend()
