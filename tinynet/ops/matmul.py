"""The matrix product.

    y[..., i, j] = sum over k of x1[..., i, k] x2[..., k, j]

    dx1 = dy x2^T
    dx2 = x1^T dy
"""

from __future__ import annotations

import math

import numpy as np

from ..core.recording import converted, repeated
from ..core.types import Array, TensorLike
from ..runtime import kernels
from ..tape import is_tracked, record
from ..tensor import Tensor, convert_to_tensor
from .formulas import result_type
from .recorded_gradients import as_it_was, bilinear_gradients, sum_like
from .shape import reshape, swapaxes


def matmul_reference(a: Array, b: Array, transpose_a: bool = False, transpose_b: bool = False) -> Array:
    """Reference of the kernel `matmul`: op(a) op(b), where op may swap the last two axes; leading axes broadcast.

    Args:
        a: Shape (..., m, k), or (..., k, m) with `transpose_a`.
        b: Shape (..., k, n), or (..., n, k) with `transpose_b`.
        transpose_a, transpose_b: Whether to swap the last two axes.

    Returns:
        Array, shape (..., m, n).
    """
    return np.matmul(a.swapaxes(-1, -2) if transpose_a else a, b.swapaxes(-1, -2) if transpose_b else b)


def matmul(x1: TensorLike, x2: TensorLike) -> Tensor:
    """Multiply two matrices, or stacks of them.

    y[..., i, j] = sum over k of x1[..., i, k] x2[..., k, j]

    As in NumPy, leading axes broadcast. A vector counts as a row on the left and as a column on the right; the result
    does not have that axis.

    Args:
        x1: Tensor, shape (..., m, k) or (k,).
        x2: Tensor, shape (..., k, n) or (k,).

    Returns:
        Tensor, shape (..., m, n).

    Raises:
        ValueError: a scalar; inner sizes that differ; leading axes that do not broadcast.

    >>> matmul([[1.0, 2.0], [3.0, 4.0]], [1.0, 10.0]).numpy()
    array([21., 43.], dtype=float32)
    """
    if not isinstance(x1, Tensor) or not isinstance(x2, Tensor):
        dtype = result_type(x1, x2)  # an array takes the element type of a tensor
        x1, x2 = convert_to_tensor(x1, dtype), convert_to_tensor(x2, dtype)
    a, b = x1.data, x2.data
    if a.ndim < 2 or b.ndim < 2 or a.dtype is not b.dtype or a.ndim > 2 or b.ndim > 2:
        return _matmul_general(x1, x2)
    if a.shape[1] != b.shape[0]:
        raise ValueError(_inner_mismatch(a, b))
    if a.dtype.kind != "f":
        return record(a @ b, (x1, x2), _no_gradient)  # whole numbers: exact

    def backward(dy):
        return (
            kernels.matmul(dy, b, transpose_b=True) if wanted1 else None,
            kernels.matmul(a, dy, transpose_a=True) if wanted2 else None,
        )

    wanted1, wanted2 = is_tracked(x1), is_tracked(x2)
    def differentiable(dy, y):
        return bilinear_gradients(dy, as_it_was(x1, a), as_it_was(x2, b), kernels.matmul, _times_transposed,
                                  _transposed_times, wanted1, wanted2)

    return record(kernels.matmul(a, b), (x1, x2), backward, differentiable)


def _times_transposed(dy, b):
    return kernels.matmul(dy, b, transpose_b=True)


def _transposed_times(dy, a):
    return kernels.matmul(a, dy, transpose_a=True)


def _matmul_general(x1, x2):
    """`matmul` for any ranks and element types."""
    if x1.ndim == 0 or x2.ndim == 0:
        raise ValueError(
            f"matmul: both operands need at least one axis. Got shapes {x1.shape} and {x2.shape}. "
            "Use * to multiply by a number."
        )
    a = x1.data if x1.ndim > 1 else x1.data[np.newaxis, :]
    b = x2.data if x2.ndim > 1 else x2.data[:, np.newaxis]
    if a.shape[-1] != b.shape[-2]:
        raise ValueError(_inner_mismatch(x1.data, x2.data))
    try:
        batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    except ValueError:
        raise ValueError(
            f"matmul: the leading axes {a.shape[:-2]} and {b.shape[:-2]} do not broadcast. "
            f"Got shapes {x1.shape} and {x2.shape}. From the right, each pair must be equal, or one of the two 1."
        ) from None
    floats = [array.dtype for array in (a, b) if array.dtype.kind == "f"]
    if not floats:
        return record(np.asarray(repeated(np.matmul, x1.data, x2.data)), (x1, x2), _no_gradient)
    dtype = np.result_type(*floats)  # float32 with int32 is float32, as in Keras
    a, b = converted(a, dtype), converted(b, dtype)
    y = kernels.matmul(a, b)
    shape = batch + (a.shape[-2],) * (x1.ndim > 1) + (b.shape[-1],) * (x2.ndim > 1)
    wanted1, wanted2 = is_tracked(x1), is_tracked(x2)

    def backward(dy):
        dy = dy.reshape(y.shape)
        da = kernels.matmul(dy, b, transpose_b=True) if wanted1 else None
        if not wanted2:
            db = None
        elif b.ndim == 2:  # one matrix for all: the leading axes of `a` are further rows, over which the product sums
            db = kernels.matmul(_as_rows(a), _as_rows(dy), transpose_a=True)
        else:
            db = kernels.matmul(a, dy, transpose_a=True)
        return _gradient_like(da, a, x1), _gradient_like(db, b, x2)

    def differentiable(dy, _):
        dy = reshape(dy, y.shape)
        a_then = reshape(as_it_was(x1, a if x1.ndim > 1 else a[0]), a.shape)
        b_then = reshape(as_it_was(x2, b if x2.ndim > 1 else b[:, 0]), b.shape)
        da = sum_like(matmul(dy, swapaxes(b_then, -1, -2)), a) if wanted1 else None
        db = sum_like(matmul(swapaxes(a_then, -1, -2), dy), b) if wanted2 else None
        return (None if da is None else reshape(da, x1.shape).astype(x1.dtype),
                None if db is None else reshape(db, x2.shape).astype(x2.dtype))

    return record(y.reshape(shape), (x1, x2), backward, differentiable)


def _no_gradient(dy):
    return None, None


def _as_rows(array):
    return array.reshape(math.prod(array.shape[:-1]), array.shape[-1])


def _gradient_like(gradient, operand, x):
    """The gradient summed over the axes along which `operand` was broadcast, in the shape and type of `x`."""
    if gradient is None:
        return None
    added = gradient.ndim - operand.ndim
    broadcast = tuple(added + i for i, n in enumerate(operand.shape) if n == 1 and gradient.shape[added + i] != 1)
    if added or broadcast:
        axes = (*range(added), *broadcast)
        gradient = repeated(lambda g: np.asarray(g.sum(axis=axes)), gradient)
    return converted(gradient.reshape(x.shape), x.dtype)


def _inner_mismatch(a, b):
    inner = b.shape[-2] if b.ndim > 1 else b.shape[0]
    return (
        f"matmul: the last axis of x1 has {a.shape[-1]} elements, but x2 has {inner} rows. "
        f"Got shapes {a.shape} and {b.shape}. (m, k) times (k, n) gives (m, n); transpose or reshape one of the two."
    )
