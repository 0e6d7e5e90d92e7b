"""Keras's layout of names: `from tinynet import keras`, or `tinynet.keras.layers.Dense`."""

from . import (
    activations, callbacks, config, constraints, datasets, initializers, layers, losses, metrics, models, ops,
    optimizers, random,
)
from . import regularizers, utils
from .layers import Input, Layer
from .losses import Loss
from .metrics import Metric
from .models import Model, Sequential
from .optimizers import Optimizer
from .tensor import Variable
from .version import __version__

__all__ = [
    "Input", "Layer", "Loss", "Metric", "Model", "Optimizer", "Sequential", "Variable", "__version__", "activations",
    "callbacks", "config",
    "constraints", "datasets", "initializers", "layers", "losses", "metrics", "models", "ops", "optimizers", "random",
    "regularizers", "utils",
]
