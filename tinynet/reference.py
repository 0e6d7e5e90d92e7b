"""The NumPy references of all kernels, under the kernels' names: what `backend("numpy")` runs on.

Each is defined beside its operation, in tinynet/ops/; this file only lists them.
"""

from .ops.activation import activation_backward, activation_forward
from .ops.reduction import reduce_max, reduce_mean, reduce_min, reduce_sum

__all__ = ["activation_backward", "activation_forward", "reduce_max", "reduce_mean", "reduce_min", "reduce_sum"]
