"""Reductions whose result is a truth value, a count or an index: none has a gradient."""

from __future__ import annotations

import numpy as np

from ..core.types import Axis, TensorLike
from ..tensor import Tensor, convert_to_tensor
from .arguments import check_axes, index_type


def argmax(x: TensorLike, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The index of the largest element along an axis; of equal ones the first.

    Args:
        x: Tensor.
        axis: Along which axis; if None, in the flattened tensor.
        keepdims: Keep the reduced axes, with length 1.

    Returns:
        Tensor (int32), shape of `x` without the axis.

    Raises:
        ValueError: x has no such axis, or no elements along it.

    >>> argmax([[1.0, 5.0], [3.0, 2.0]], axis=1).numpy()
    array([1, 0], dtype=int32)
    """
    return _arg_extreme("argmax", np.argmax, x, axis, keepdims)


def argmin(x: TensorLike, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The index of the smallest element along an axis; of equal ones the first.

    Args:
        x: Tensor.
        axis: Along which axis; if None, in the flattened tensor.
        keepdims: Keep the reduced axes, with length 1.

    Returns:
        Tensor (int32), shape of `x` without the axis.

    Raises:
        ValueError: x has no such axis, or no elements along it.

    >>> argmin([[1.0, 5.0], [3.0, 2.0]], axis=1).tolist()
    [0, 1]
    """
    return _arg_extreme("argmin", np.argmin, x, axis, keepdims)


def _arg_extreme(operation, function, x, axis, keepdims):
    data = convert_to_tensor(x).data
    axes = check_axes(operation, axis, data.shape)
    number = data.size if axes is None else data.shape[axes[0]]
    if number == 0:
        raise ValueError(f"{operation}: no elements to choose from. Got shape {data.shape}, axis={axis}.")
    index = function(data, axis=None if axes is None else axes[0], keepdims=keepdims)
    return Tensor.wrap(np.asarray(index, index_type(number)))


def any(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether at least one element over axes is true (not zero).

    Args:
        x: Tensor.
        axis: Axis, or several; all if None.
        keepdims: Keep the reduced axes, with length 1.

    Returns:
        Tensor of booleans, shape of `x` without the reduced axes; False where there is no element.

    Raises:
        ValueError: x has no such axis, or an axis is named twice.

    >>> any([[True, False], [False, False]], axis=1).tolist()
    [True, False]
    """
    data = convert_to_tensor(x).data
    return Tensor.wrap(np.asarray(np.any(data, axis=check_axes("any", axis, data.shape), keepdims=keepdims)))


def all(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether every element over axes is true (not zero).

    Args:
        x: Tensor.
        axis: Axis, or several; all if None.
        keepdims: Keep the reduced axes, with length 1.

    Returns:
        Tensor of booleans, shape of `x` without the reduced axes; True where there is no element.

    Raises:
        ValueError: x has no such axis, or an axis is named twice.

    >>> all([[True, True], [True, False]], axis=1).tolist()
    [True, False]
    """
    data = convert_to_tensor(x).data
    return Tensor.wrap(np.asarray(np.all(data, axis=check_axes("all", axis, data.shape), keepdims=keepdims)))


def count_nonzero(x: TensorLike, axis: Axis = None) -> Tensor:
    """The number of elements over axes that are not zero.

    Args:
        x: Tensor.
        axis: Axis, or several; all if None.

    Returns:
        Tensor (int32), shape of `x` without the reduced axes.

    Raises:
        ValueError: x has no such axis, or an axis is named twice.

    >>> count_nonzero([[1, 0, 2], [0, 0, 3]], axis=1).tolist()
    [2, 1]
    """
    data = convert_to_tensor(x).data
    return Tensor.wrap(np.asarray(np.count_nonzero(data, axis=check_axes("count_nonzero", axis, data.shape)),
                                  index_type(data.size)))
