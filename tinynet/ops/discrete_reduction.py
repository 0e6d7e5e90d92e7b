"""Reductions whose result is a truth value, a count or an index: none has a gradient."""

import numpy as np

from ..tensor import Tensor, convert_to_tensor
from .arguments import check_axes


def argmax(x, axis=None, keepdims=False):
    """Index (int32) of the first largest element along one axis, or in the flattened tensor."""
    return _arg_extreme("argmax", np.argmax, x, axis, keepdims)


def argmin(x, axis=None, keepdims=False):
    """Index (int32) of the first smallest element along one axis, or in the flattened tensor."""
    return _arg_extreme("argmin", np.argmin, x, axis, keepdims)


def _arg_extreme(operation, function, x, axis, keepdims):
    data = convert_to_tensor(x).data
    axes = check_axes(operation, axis, data.shape)
    if (data.size if axes is None else data.shape[axes[0]]) == 0:
        raise ValueError(f"{operation}: no elements to choose from. Got shape {data.shape}, axis={axis}.")
    return Tensor.wrap(np.asarray(function(data, axis=None if axes is None else axes[0], keepdims=keepdims), np.int32))


def any(x, axis=None, keepdims=False):
    """Whether some element over axes is true (not zero)."""
    data = convert_to_tensor(x).data
    return Tensor.wrap(np.asarray(np.any(data, axis=check_axes("any", axis, data.shape), keepdims=keepdims)))


def all(x, axis=None, keepdims=False):
    """Whether every element over axes is true (not zero)."""
    data = convert_to_tensor(x).data
    return Tensor.wrap(np.asarray(np.all(data, axis=check_axes("all", axis, data.shape), keepdims=keepdims)))


def count_nonzero(x, axis=None):
    """How many elements over axes are not zero (int32)."""
    data = convert_to_tensor(x).data
    return Tensor.wrap(np.asarray(np.count_nonzero(data, axis=check_axes("count_nonzero", axis, data.shape)),
                                  np.int32))
