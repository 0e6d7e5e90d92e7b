"""The sum of two arrays and ReLU in one pass over memory: how a residual block ends.

    y = max(0, a + b)
"""

from __future__ import annotations

import numpy as np

from ..core.types import Array, TensorLike
from ..runtime import kernels
from ..tape import record
from ..tensor import Tensor, convert_to_tensor
from .recorded_gradients import masked


def add_forward(a: Array, b: Array, relu: bool = False) -> Array:
    """Reference: a + b, then max(0, y) with `relu`.

    Args:
        a, b: Arrays of one shape.
        relu: Whether to apply ReLU.

    Returns:
        y, of the same shape.
    """
    y = a + b
    return np.where(y < 0, y.dtype.type(0), y) if relu else y


def add_relu(a: TensorLike, b: TensorLike) -> Tensor:
    """Add two tensors of one shape and apply ReLU, in one pass.

    The same bits as relu(a + b) in the result and in the gradients.

    Args:
        a, b: Tensors of one shape and element type.

    Returns:
        Tensor of the same shape.

    Raises:
        ValueError: the shapes differ.
        TypeError: the element types differ.

    >>> add_relu(np.array([1.0, -2.0]), np.array([1.0, 1.0])).numpy()
    array([2., 0.])
    """
    a, b = convert_to_tensor(a), convert_to_tensor(b)
    if a.data.shape != b.data.shape:
        raise ValueError(f"add_relu: the shapes must be equal, got {a.shape} and {b.shape}")
    if a.data.dtype != b.data.dtype:
        raise TypeError(f"add_relu: the element types must be equal, got {a.dtype} and {b.dtype}")
    y = kernels.add_forward(a.data, b.data, True)

    def backward(dy):
        dsum = kernels.activation_backward(dy, y, "relu")  # y is positive where the sum is
        return dsum, dsum

    def differentiable(dy, y):
        dsum = masked(dy, y.data > 0)
        return dsum, dsum

    return record(y, (a, b), backward, differentiable)
