"""Variance and standard deviation: the mean squared distance of elements from their mean, and its square root.

Both divide by n, the number of elements, not by n - 1.
"""

import numpy as np

from ..runtime import kernels
from ..tape import record
from ..tensor import convert_to_tensor
from .arguments import as_floats, check_axes
from .reduction import elements_of_one, mean, spread


def var(x, axis=None, keepdims=False):
    """Variance over axes, mean((x - mean(x))^2), dividing by n.

    dx = dy * 2 (x - mean(x)) / n
    """
    x = as_floats(x)
    axes = check_axes("var", axis, x.shape)
    deviation = x.data - kernels.reduce_mean(x.data, axes, True)
    y = kernels.reduce_mean(deviation * deviation, axes, keepdims)

    def backward(dy):
        n = elements_of_one(x.data, y)
        return (spread(dy, x.data.shape, axes, keepdims) * dy.dtype.type(2 / n) * deviation,)

    return record(y, (x,), backward)


def std(x, axis=None, keepdims=False):
    """Standard deviation over axes, sqrt(var(x)).

    dx = dy * (x - mean(x)) / (n * std)
    """
    variance = var(x, axis, keepdims)
    y = np.sqrt(variance.data)

    def backward(dy):
        with np.errstate(divide="ignore", invalid="ignore"):  # no derivative where all elements are equal
            return (dy / (2 * y),)

    return record(y, (variance,), backward)


def moments(x, axes, keepdims=False, synchronized=False):
    """(mean, variance) over axes, each differentiable.

    Args:
        axes: Axes to reduce.
        synchronized: Only False: there are no replicas to synchronize.
    """
    if synchronized:
        raise ValueError("moments: synchronized=True is not supported: tinynet has no replicas to synchronize")
    x = convert_to_tensor(x)
    return mean(x, axes, keepdims), var(x, axes, keepdims)
