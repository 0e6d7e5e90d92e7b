"""The NumPy references of all kernels, under the kernels' names: what `backend("numpy")` runs on.

Each is defined beside its operation, in tinynet/ops/; this file only lists them.
"""

from .ops.activation import activation_backward, activation_forward
from .ops.dropout import dropout_backward, dropout_forward
from .ops.optimizer_steps import (
    adadelta_step,
    adagrad_step,
    adam_step,
    adamax_step,
    ftrl_step,
    lion_step,
    nadam_step,
    rmsprop_step,
    sgd_step,
)

__all__ = [
    "activation_backward", "activation_forward", "adadelta_step", "adagrad_step", "adam_step", "adamax_step",
    "dropout_backward", "dropout_forward", "ftrl_step", "lion_step", "nadam_step", "rmsprop_step", "sgd_step",
]
