"""Variance and standard deviation: the mean squared distance of elements from their mean, and its square root.

Both divide by n, the number of elements, not by n - 1.
"""

from __future__ import annotations

import numpy as np

from ..core.recording import computed, repeated
from ..core.types import Axis, TensorLike
from ..runtime import kernels
from ..tape import record
from ..tensor import Tensor, convert_to_tensor
from .arguments import as_floats, check_axes
from .elementwise import square
from .recorded_gradients import composed
from .reduction import elements_of_one, mean, spread


def var(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Variance over axes, mean((x - mean(x))^2), divided by n, not n - 1.

    dx = dy * 2 (x - mean(x)) / n

    Args:
        x: Tensor; integers become `floatx()`.
        axis: Axis, or several; all if None.
        keepdims: Keep the reduced axes, with length 1.

    Returns:
        Tensor, shape of `x` without the reduced axes.

    Raises:
        ValueError: x has no such axis, or an axis is named twice.

    >>> float(var([1.0, 3.0]))
    1.0
    """
    x = as_floats(x)
    axes = check_axes("var", axis, x.shape)
    # NumPy makes a scalar of a scalar.
    deviation = np.asarray(computed(np.subtract, x.data, kernels.reduce_mean(x.data, axes, True)))
    y = kernels.reduce_mean(np.asarray(computed(np.multiply, deviation, deviation)), axes, keepdims)
    shape, n = x.data.shape, elements_of_one(x.data, y)

    def gradient(dy, deviation):
        with np.errstate(invalid="ignore"):  # the gradient of `std` is infinite where all elements are equal
            return spread(dy, shape, axes, keepdims) * dy.dtype.type(2 / n) * deviation

    def backward(dy):
        return (repeated(gradient, dy, deviation),)

    def formula(x):
        return mean(square(x - mean(x, axes, True)), axes, keepdims)

    return record(y, (x,), backward, composed(formula, (x,), (x.data,)))


def std(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Standard deviation over axes, sqrt(var(x)).

    dx = dy * (x - mean(x)) / (n * std)

    Args:
        x: Tensor; integers become `floatx()`.
        axis: Axis, or several; all if None.
        keepdims: Keep the reduced axes, with length 1.

    Returns:
        Tensor, shape of `x` without the reduced axes.

    Raises:
        ValueError: x has no such axis, or an axis is named twice.

    >>> float(std([1.0, 5.0]))
    2.0
    """
    variance = var(x, axis, keepdims)
    y = np.asarray(computed(np.sqrt, variance.data))

    def gradient(dy, y):
        with np.errstate(divide="ignore", invalid="ignore"):  # no derivative where all elements are equal
            return dy / (2 * y)

    def backward(dy):
        return (repeated(gradient, dy, y),)

    return record(y, (variance,), backward, lambda dy, y: (dy / (2 * y),))


def moments(
    x: TensorLike, axes: Axis, keepdims: bool = False, synchronized: bool = False
) -> tuple[Tensor, Tensor]:
    """Mean and variance over axes, both differentiable.

    Args:
        x: Tensor; integers become `floatx()`.
        axes: Axis, or several; all if None.
        keepdims: Keep the reduced axes, with length 1.
        synchronized: Must be False: there are no replicas to synchronize.

    Returns:
        (mean, variance), Tensors: shape of `x` without the reduced axes.

    Raises:
        ValueError: `synchronized` is true, x has no such axis, or an axis is named twice.

    >>> [float(value) for value in moments([1.0, 3.0], 0)]
    [2.0, 1.0]
    """
    if synchronized:
        raise ValueError("moments: synchronized=True is not supported: tinynet has no replicas to synchronize")
    x = convert_to_tensor(x)
    return mean(x, axes, keepdims), var(x, axes, keepdims)
