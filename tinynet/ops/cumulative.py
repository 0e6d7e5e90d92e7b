"""Running sums and products along one axis: y_k is made of x_0 to x_k."""

import numpy as np

from ..tape import record
from ..tensor import convert_to_tensor
from .arguments import check_axis
from .reduction import converted, sum_dtype


def _running(operation, function, x, axis, dtype):
    """(x with one axis to run along, that axis, result)."""
    x = convert_to_tensor(x)
    if dtype is not None and x.dtype != np.dtype(dtype):
        x = converted(x, dtype)
    if axis is None:
        shape = x.data.shape
        x, axis = record(x.data.reshape(-1), (x,), lambda dy: (dy.reshape(shape),)), 0
    axis = check_axis(operation, axis, x.data.shape)
    return x, axis, function(x.data, axis=axis, dtype=sum_dtype(x.data.dtype))


def cumsum(x, axis=None, dtype=None):
    """y_k = x_0 + ... + x_k along an axis (or the flattened tensor).

    dx_k = dy_k + dy_(k+1) + ...: the running sum from the other end.
    """
    x, axis, y = _running("cumsum", np.cumsum, x, axis, dtype)

    def backward(dy):
        return (np.ascontiguousarray(np.flip(np.cumsum(np.flip(dy, axis), axis), axis)),)

    return record(y, (x,), backward)


def cumprod(x, axis=None, dtype=None):
    """y_k = x_0 * ... * x_k along an axis (or the flattened tensor).

    dx_k = (x_0 ... x_(k-1)) * s_k with s_k = dy_k + x_(k+1) s_(k+1); no division, so zeros do no harm.
    """
    x, axis, y = _running("cumprod", np.cumprod, x, axis, dtype)
    data = x.data

    def backward(dy):
        rows, s = np.moveaxis(data, axis, 0), np.moveaxis(dy, axis, 0).copy()
        for k in range(len(s) - 2, -1, -1):
            s[k] += rows[k + 1] * s[k + 1]
        s[1:] *= np.moveaxis(y, axis, 0)[:-1]
        return (np.ascontiguousarray(np.moveaxis(s, 0, axis)),)

    return record(y, (x,), backward)
