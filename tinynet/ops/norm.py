"""Norms of vectors, and the logarithm of a sum of exponentials."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.types import Axis, TensorLike
from ..runtime import kernels
from ..tape import record
from ..tensor import Tensor
from .arguments import as_floats, check_axes
from .elementwise import absolute, exp, log, sqrt, square
from .recorded_gradients import composed
from .reduction import max, min, spread, sum


def logsumexp(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """log(sum(exp(x))) over axes; the maximum is subtracted first, so that exp cannot overflow.

    dx = dy * softmax(x)

    Args:
        x: Tensor; integers become `floatx()`.
        axis: Axis, or several; all if None.
        keepdims: Keep the reduced axes, with length 1.

    Returns:
        Tensor, shape of `x` without the reduced axes.

    Raises:
        ValueError: x has no such axis, or an axis is named twice.

    >>> logsumexp([1000.0, 1000.0]).numpy().round(3)
    np.float32(1000.693)
    """
    x = as_floats(x)
    data = x.data
    axes = check_axes("logsumexp", axis, data.shape)
    largest = kernels.reduce_max(data, axes, True)
    shift = np.where(np.isfinite(largest), largest, data.dtype.type(0))
    exponentials = np.asarray(np.exp(data - shift))  # NumPy makes a scalar of a scalar
    total = kernels.reduce_sum(exponentials, axes, True)
    with np.errstate(divide="ignore"):
        wide = np.asarray(np.log(total) + shift)
    y = wide if keepdims else wide.reshape(kernels.reduce_sum(np.asarray(shift), axes, False).shape)

    def backward(dy):
        return (spread(dy, data.shape, axes, keepdims) * (exponentials / total),)

    def formula(x):
        return log(sum(exp(x - shift), axis, keepdims)) + (shift if keepdims else shift.reshape(y.shape))

    return record(y, (x,), backward, composed(formula, (x,), (data,)))


def norm(x: TensorLike, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Norm of vectors, (sum |x|^ord)^(1/ord).

    Args:
        x: Tensor; integers become `floatx()`.
        ord: None or 'fro' (both: the root of the sum of squares, over any axes). Along one axis also 1, 2, any other
            positive number, inf (largest |x|), -inf (smallest |x|) or 0 (number of non-zero elements, no gradient).
        axis: Axis, or several; all if None.
        keepdims: Keep the reduced axes, with length 1.

    Returns:
        Tensor, shape of `x` without the reduced axes.

    Raises:
        ValueError: a matrix norm other than 'fro', x has no such axis, or an axis is named twice.

    >>> float(norm([3.0, 4.0])), float(norm([3.0, 4.0], ord=1))
    (5.0, 7.0)
    """
    x = as_floats(x)
    data = x.data
    axes = check_axes("norm", axis, data.shape)
    one_axis = data.ndim <= 1 if axes is None else len(axes) == 1
    if ord in (None, "fro") or ord == 2 and one_axis:
        y = np.asarray(np.sqrt(kernels.reduce_sum(np.asarray(data * data), axes, keepdims)))

        def backward(dy):  # d|x|/dx = x / |x|
            with np.errstate(divide="ignore", invalid="ignore"):
                return (spread(dy / y, data.shape, axes, keepdims) * data,)

        return record(y, (x,), backward, composed(lambda x: sqrt(sum(square(x), axis, keepdims)), (x,), (data,)))
    if isinstance(ord, str) or not one_axis:
        raise ValueError(
            f"norm: ord={ord!r} over axis={axis} of shape {data.shape} is not supported. "
            "Known: None and 'fro' over any axes, numbers over a single axis."
        )
    if ord == 0:
        return Tensor.wrap(np.asarray(np.sum(data != 0, axis=axes, keepdims=keepdims, dtype=data.dtype)))
    magnitude = absolute(x)
    if ord == math.inf:
        return max(magnitude, axis, keepdims)
    if ord == -math.inf:
        return min(magnitude, axis, keepdims)
    if ord == 1:
        return sum(magnitude, axis, keepdims)
    size = magnitude.data
    y = np.asarray(kernels.reduce_sum(np.asarray(size**ord), axes, keepdims) ** data.dtype.type(1 / ord))

    def backward_of_power(dy):  # d|x|_p / d|x_i| = (|x_i| / |x|_p)^(p - 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            return (
                spread(dy, data.shape, axes, keepdims) * (size / spread(y, data.shape, axes, keepdims)) ** (ord - 1),
            )

    return record(y, (magnitude,), backward_of_power,
                  composed(lambda size: sum(size**ord, axis, keepdims) ** (1 / ord), (magnitude,), (size,)))
