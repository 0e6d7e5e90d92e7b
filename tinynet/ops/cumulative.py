"""Running sums and products along one axis: y_k is made of x_0 to x_k."""

from __future__ import annotations

import numpy as np

from ..core.types import DTypeLike, TensorLike
from ..tape import record
from ..tensor import Tensor, convert_to_tensor
from .arguments import check_axis
from .joining import stack, unstack
from .recorded_gradients import composed, linear
from .reduction import converted, sum_dtype


def _running(operation, function, x, axis, dtype):
    """(x with one axis to run along, that axis, result)."""
    x = convert_to_tensor(x)
    if dtype is not None and x.dtype != np.dtype(dtype):
        x = converted(x, dtype)
    if axis is None:
        shape = x.data.shape
        x, axis = record(x.data.reshape(-1), (x,), lambda dy: (dy.reshape(shape),),
                         lambda dy, y: (dy.reshape(shape),)), 0
    axis = check_axis(operation, axis, x.data.shape)
    return x, axis, function(x.data, axis=axis, dtype=sum_dtype(x.data.dtype))


def cumsum(x: TensorLike, axis: int | None = None, dtype: DTypeLike = None) -> Tensor:
    """y_k = x_0 + ... + x_k along an axis.

    dx_k = dy_k + dy_(k+1) + ...: the running sum from the other end.

    Args:
        x: Tensor; integers keep their type (32 bits at least).
        axis: Along which axis; if None, x is flattened first.
        dtype: Convert x to this element type first; not if None.

    Returns:
        Tensor, shaped like `x`; flat if `axis` is None.

    Raises:
        ValueError: x has no such axis.

    >>> cumsum([1, 2, 3]).numpy()
    array([1, 3, 6], dtype=int32)
    """
    x, axis, y = _running("cumsum", np.cumsum, x, axis, dtype)

    def to_x(dy):
        return np.ascontiguousarray(np.flip(np.cumsum(np.flip(dy, axis), axis), axis))

    return record(y, (x,), lambda dy: (to_x(dy),),
                  lambda dy, y: (linear(dy, to_x, lambda d: np.cumsum(d, axis)),))


def cumprod(x: TensorLike, axis: int | None = None, dtype: DTypeLike = None) -> Tensor:
    """y_k = x_0 * ... * x_k along an axis.

    dx_k = (x_0 ... x_(k-1)) * s_k with s_k = dy_k + x_(k+1) s_(k+1). There is no division, so x may be 0.

    Args:
        x: Tensor; integers keep their type (32 bits at least).
        axis: Along which axis; if None, x is flattened first.
        dtype: Convert x to this element type first; not if None.

    Returns:
        Tensor, shaped like `x`; flat if `axis` is None.

    Raises:
        ValueError: x has no such axis.

    >>> cumprod([1, 2, 3]).numpy()
    array([1, 2, 6], dtype=int32)
    """
    x, axis, y = _running("cumprod", np.cumprod, x, axis, dtype)
    data = x.data

    def backward(dy):
        rows, s = np.moveaxis(data, axis, 0), np.moveaxis(dy, axis, 0).copy()
        for k in range(len(s) - 2, -1, -1):
            s[k] += rows[k + 1] * s[k + 1]
        s[1:] *= np.moveaxis(y, axis, 0)[:-1]
        return (np.ascontiguousarray(np.moveaxis(s, 0, axis)),)

    def formula(x):
        rows = unstack(x, axis=axis)
        for k in range(1, len(rows)):
            rows[k] = rows[k - 1] * rows[k]
        return stack(rows, axis)

    return record(y, (x,), backward, composed(formula, (x,), (data,)) if data.size else None)
