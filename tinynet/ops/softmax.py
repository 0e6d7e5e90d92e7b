"""Functions of a whole row: softmax, its logarithm, sparsemax, and the gated linear unit."""

from __future__ import annotations

import numpy as np

from ..core.recording import dense, repeated
from ..core.types import Array, Axis, TensorLike
from ..runtime import kernels
from ..tape import record
from ..tensor import Tensor
from .activation_formulas import elementwise
from .arguments import as_floats, check_axes, check_axis
from .elementwise import exp
from .recorded_gradients import composed, masked
from .reduction import sum
from .shape import broadcast_to, moveaxis


def softmax_forward(x: Array) -> Array:
    """Reference: y = e^x / sum e^x along the last axis.

    Args:
        x: Array, shape (..., classes).

    Returns:
        Array, shaped like `x`.
    """
    if x.size == 0:
        return x.copy()
    with np.errstate(all="ignore"):
        e = np.exp(x - x.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)


def softmax_backward(dy: Array, y: Array) -> Array:
    """Reference: dx = y (dy - sum dy y).

    Args:
        dy: Gradient of y.
        y: The forward pass's result.

    Returns:
        Array, shaped like `y`.
    """
    return y * (dy - (dy * y).sum(axis=-1, keepdims=True))


def log_softmax_forward(x: Array) -> Array:
    """Reference: y = x - log sum e^x along the last axis.

    Args:
        x: Array, shape (..., classes).

    Returns:
        Array, shaped like `x`.
    """
    if x.size == 0:
        return x.copy()
    with np.errstate(all="ignore"):
        z = x - x.max(axis=-1, keepdims=True)
        return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


def log_softmax_backward(dy: Array, y: Array) -> Array:
    """Reference: dx = dy - e^y sum dy.

    Args:
        dy: Gradient of y.
        y: The forward pass's result.

    Returns:
        Array, shaped like `y`.
    """
    return dy - np.exp(y) * dy.sum(axis=-1, keepdims=True)


def softmax(x: TensorLike, axis: Axis = -1) -> Tensor:
    """Turn numbers into probabilities.

    y_k = e^(x_k) / sum over j of e^(x_j)

    The largest x of a row is subtracted first, which changes nothing but keeps e^x from overflowing.

    Args:
        x: Tensor of any shape; integers become `floatx()`.
        axis: The axis along which to sum, or a tuple of axes, or None for all.

    Returns:
        Tensor, shaped like `x`, with sums of 1 along `axis`.

    Raises:
        ValueError: `x` has no such axis, or an axis is named twice.

    >>> softmax([[0.0, 0.0], [0.0, 1000.0]]).numpy()
    array([[0.5, 0.5],
           [0. , 1. ]], dtype=float32)
    """
    return _along_axis(x, axis, "softmax", kernels.softmax_forward, kernels.softmax_backward,
                       lambda dy, y, axes: y * (dy - sum(dy * y, axes, keepdims=True)))


def log_softmax(x: TensorLike, axis: Axis = -1) -> Tensor:
    """The logarithm of `softmax`, exact also where a probability is too small for a float.

    y_k = x_k - log(sum over j of e^(x_j))

    Args:
        x: Tensor of any shape; integers become `floatx()`.
        axis: The axis along which to sum, or a tuple of axes, or None for all.

    Returns:
        Tensor, shaped like `x`.

    Raises:
        ValueError: `x` has no such axis, or an axis is named twice.

    >>> log_softmax([0.0, 1000.0]).numpy()
    array([-1000.,     0.], dtype=float32)
    """
    return _along_axis(x, axis, "log_softmax", kernels.log_softmax_forward, kernels.log_softmax_backward,
                       lambda dy, y, axes: dy - exp(y) * sum(dy, axes, keepdims=True))


def sparsemax(x: TensorLike, axis: Axis = -1) -> Tensor:
    """The nearest probabilities to x in the Euclidean sense: unlike softmax's, many of them are exactly 0.

    y_k = max(x_k - t, 0), with the threshold t such that the y sum to 1. (Martins and Astudillo 2016, algorithm 1.
    Keras 3.15 computes another t when two or more are positive; its y do not sum to 1 then.)

    Gradient: dy minus its mean, both over the classes with y > 0.

    Args:
        x: Tensor of any shape; integers become `floatx()`.
        axis: The axis along which to sum, or a tuple of axes, or None for all.

    Returns:
        Tensor, shaped like `x`, with sums of 1 along `axis`.

    Raises:
        ValueError: `x` has no such axis, or an axis is named twice.

    >>> sparsemax([0.0, 1.0, 1.5]).numpy()
    array([0.  , 0.25, 0.75], dtype=float32)
    """
    return _along_axis(x, axis, "sparsemax", lambda x: repeated(_sparsemax_rows, x),
                       lambda dy, y: repeated(_sparsemax_rows_gradient, dy, y), _sparsemax_recorded_gradient)


def glu(x: TensorLike, axis: int = -1) -> Tensor:
    """Gated linear unit: y = a sigmoid(b), with a and b the two halves of x. Dauphin et al. 2016.

    Args:
        x: Tensor of any shape; integers become `floatx()`.
        axis: Along which axis x is split into halves.

    Returns:
        Tensor, half as long along the axis.

    Raises:
        ValueError: `x` has no such axis, or its length is odd.

    >>> glu([1.0, 0.0]).numpy()
    array([0.5], dtype=float32)
    """
    x = as_floats(x)
    data = np.moveaxis(x.data, check_axis("glu", axis, x.data.shape), -1)
    if data.shape[-1] % 2:
        raise ValueError(f"glu: x is split into halves along axis {axis}, whose size {data.shape[-1]} is odd. "
                         f"Got x {x.shape}")
    a, b = np.split(data, 2, axis=-1)
    gate = kernels.activation_forward(b, "sigmoid")
    y = np.ascontiguousarray(np.moveaxis(a * gate, -1, axis))

    def backward(dy):
        dy = np.moveaxis(dy, axis, -1)
        dx = np.concatenate([dy * gate, kernels.activation_backward(dy * a, b, "sigmoid")], axis=-1)
        return (np.ascontiguousarray(np.moveaxis(dx, -1, axis)),)

    def formula(x):
        x = moveaxis(x, axis, -1)
        half = x.shape[-1] // 2
        return moveaxis(x[..., :half] * elementwise(x[..., half:], "sigmoid"), -1, axis)

    return record(y, (x,), backward, composed(formula, (x,), (x.data,)))


def _sparsemax_rows(x):
    if x.size == 0:
        return x.copy()
    descending = -np.sort(-x, axis=-1)
    count = np.arange(1, x.shape[-1] + 1, dtype=x.dtype)
    # With the k largest in the support the threshold is (their sum - 1) / k; the k-th belongs to it if it is above.
    thresholds = (np.cumsum(descending, axis=-1) - 1) / count
    support = np.sum(descending > thresholds, axis=-1, keepdims=True)
    return np.maximum(x - np.take_along_axis(thresholds, np.maximum(support, 1) - 1, axis=-1), 0)


def _sparsemax_rows_gradient(dy, y):
    support = y > 0
    count = np.maximum(support.sum(axis=-1, keepdims=True), 1).astype(y.dtype)
    return np.where(support, dy - np.where(support, dy, 0).sum(axis=-1, keepdims=True) / count, 0)


def _sparsemax_recorded_gradient(dy, y, axes):
    support = y.data > 0
    count = np.maximum(support.sum(axis=axes, keepdims=True), 1).astype(y.dtype)
    within = masked(dy, support)
    return within - masked(broadcast_to(sum(within, axes, keepdims=True) / count, y.shape), support)


def _along_axis(x, axis, operation, forward, backward_from_output, recorded_gradient):
    """Apply a kernel for the last axis along any: move the axis to the end, and back."""
    x = as_floats(x)
    rank = x.data.ndim
    if rank and (axis == -1 or axis == rank - 1):
        y = forward(x.data)
        return record(y, (x,), lambda dy: (backward_from_output(dy, y),),
                      lambda dy, y: (recorded_gradient(dy, y, -1),))

    axes = check_axes(operation, axis, x.data.shape)
    axes = tuple(range(rank)) if axes is None else axes
    order = tuple(one for one in range(rank) if one not in axes) + axes
    moved_shape = tuple(x.shape[one] for one in order)
    row_shape = moved_shape[: rank - len(axes)] + (-1 if x.data.size else 0,)
    inverse = np.argsort(order)

    def to_rows(array):
        return dense(array.transpose(order)).reshape(row_shape)

    def from_rows(rows):
        return dense(rows.reshape(moved_shape).transpose(inverse)).reshape(x.shape)

    y_rows = forward(to_rows(x.data))
    return record(from_rows(y_rows), (x,), lambda dy: (from_rows(backward_from_output(to_rows(dy), y_rows)),),
                  lambda dy, y: (recorded_gradient(dy, y, axes),))
