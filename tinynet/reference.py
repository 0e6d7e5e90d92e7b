"""The NumPy references of all kernels, under the kernels' names: what `backend("numpy")` runs on.

Each is defined beside its operation, in tinynet/ops/; this file only lists them.
"""

from .ops.activation import activation_backward, activation_forward
from .ops.dense import dense_backward, dense_forward
from .ops.matmul import matmul_reference as matmul

__all__ = ["activation_backward", "activation_forward", "dense_backward", "dense_forward", "matmul"]
