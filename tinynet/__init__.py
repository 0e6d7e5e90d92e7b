"""tinynet: a deep-learning framework that a student can read from end to end, fast on a laptop's CPU."""

from . import config, losses, metrics, ops
from .runtime import backend, get_num_threads, set_num_threads, show_config
from .tape import GradientTape
from .tensor import Tensor, Variable, convert_to_tensor
from .version import __version__

__all__ = [
    "GradientTape", "Tensor", "Variable", "__version__", "backend", "config", "convert_to_tensor", "get_num_threads", "losses", "metrics",
    "ops", "set_num_threads", "show_config",
]
