"""Keras's layout of names: `from tinynet import keras`, `from tinynet.keras.layers import Dense`.

Every module of tinynet can also be imported below `tinynet.keras`, and is the same module there.
"""

import sys

from .. import (
    activations, applications, callbacks, config, constraints, datasets, distribution, initializers, layers, losses,
    metrics, models, ops, optimizers, preprocessing, random, regularizers, saving, utils, wrappers,
)
from ..core.absence import explainer
from ..initializers import Initializer
from ..layers import Input, InputSpec, Layer
from ..losses import Loss
from ..metrics import Metric
from ..models import Model, Sequential
from ..optimizers import Optimizer
from ..regularizers import Regularizer
from ..variable import Variable
from ..version import __version__
from . import backend, mixed_precision, tree
from .mixed_precision import DTypePolicy
from .same_modules import SameModules

__all__ = [
    "DTypePolicy", "Initializer", "Input", "InputSpec", "Layer", "Loss", "Metric", "Model", "Optimizer", "Regularizer",
    "Sequential", "Variable", "__version__", "activations", "applications", "backend", "callbacks", "config",
    "constraints", "datasets", "distribution", "initializers", "layers", "losses", "metrics", "mixed_precision",
    "models", "ops", "optimizers", "preprocessing", "random", "regularizers", "saving", "tree", "utils", "wrappers",
]

# Before Python's own finders, which would load a second copy of tinynet/layers as tinynet.keras.layers.
sys.meta_path.insert(0, SameModules(__name__, ("backend", "mixed_precision", "same_modules", "tree")))

__getattr__ = explainer(__name__)
