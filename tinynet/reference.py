"""The NumPy references of all kernels, under the kernels' names: what `backend("numpy")` runs on.

Each is defined beside its operation, in tinynet/ops/; this file only lists them.
"""

from .ops.activation import activation_backward, activation_forward
from .ops.cross_entropy import (
    binary_cross_entropy_backward, binary_cross_entropy_forward, cross_entropy_backward, cross_entropy_forward,
    sigmoid_cross_entropy_backward, sigmoid_cross_entropy_forward, softmax_cross_entropy_backward,
    softmax_cross_entropy_forward, sparse_cross_entropy_backward, sparse_cross_entropy_forward,
    sparse_softmax_cross_entropy_backward, sparse_softmax_cross_entropy_forward,
)
from .ops.reduction import reduce_max, reduce_mean, reduce_min, reduce_sum
from .ops.softmax import log_softmax_backward, log_softmax_forward, softmax_backward, softmax_forward

__all__ = [
    "activation_backward", "activation_forward", "binary_cross_entropy_backward", "binary_cross_entropy_forward",
    "cross_entropy_backward", "cross_entropy_forward", "log_softmax_backward", "log_softmax_forward",
    "reduce_max", "reduce_mean", "reduce_min", "reduce_sum",
    "sigmoid_cross_entropy_backward", "sigmoid_cross_entropy_forward", "softmax_backward",
    "softmax_cross_entropy_backward", "softmax_cross_entropy_forward", "softmax_forward",
    "sparse_cross_entropy_backward", "sparse_cross_entropy_forward", "sparse_softmax_cross_entropy_backward",
    "sparse_softmax_cross_entropy_forward",
]
