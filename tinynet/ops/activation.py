"""Activations, element by element: one formula and one derivative each.

(This file is the pattern of an operation: reference forward, reference backward, recorded op.)
"""

import numpy as np

from ..runtime import kernels
from ..tape import record
from ..tensor import convert_to_tensor


def activation_forward(x, name, a=0.0, b=0.0, c=0.0):
    """Reference: y = f(x)."""
    if name == "linear":
        return x.copy()
    if name == "relu":
        return np.where(x < 0, x.dtype.type(0), x)
    raise ValueError(f"unknown activation {name!r}")


def activation_backward(dy, x, name, a=0.0, b=0.0, c=0.0):
    """Reference: dx = dy f'(x)."""
    if name == "linear":
        return dy.copy()
    if name == "relu":
        return dy * (x > 0)
    raise ValueError(f"unknown activation {name!r}")


def elementwise(x, name, a=0.0, b=0.0, c=0.0):
    """Apply a named activation and record it."""
    x = convert_to_tensor(x)
    y = kernels.activation_forward(x.data, name, a, b, c)

    def backward(dy):
        return (kernels.activation_backward(dy, x.data, name, a, b, c),)

    return record(y, (x,), backward)


def relu(x):
    """max(0, x). The derivative at 0 is 0."""
    return elementwise(x, "relu")
