"""Reductions: sums, means, extremes, ... over some axes of a tensor.

`axis` is None for all axes, an int, or a tuple of ints; negative ones count from the end. `keepdims=True` leaves each
reduced axis with length 1, so that the result broadcasts against the input.

The gradient of a reduction spreads dy back over the axes that were reduced: evenly for a sum, to the largest elements
for a maximum.
"""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from ..core.recording import computed
from ..core.types import Array, Axis, DTypeLike, TensorLike
from ..runtime import kernels
from ..tape import record
from ..tensor import Tensor, convert_to_tensor
from .arguments import as_floats, check_axes
from .recorded_gradients import composed, linear
from .shape import reshape, transpose

# --- references -----------------------------------------------------------------------------------------------------


def reduce_sum(x: Array, axes: tuple[int, ...] | None = None, keepdims: bool = False) -> Array:
    """Reference: y = sum over `axes` of x."""
    return np.asarray(np.sum(x, axis=axes, keepdims=keepdims))


def reduce_mean(x: Array, axes: tuple[int, ...] | None = None, keepdims: bool = False) -> Array:
    """Reference: y = (sum over `axes` of x) / (the number of elements in each sum)."""
    y = reduce_sum(x, axes, keepdims)
    count = x.size // builtins.max(y.size, 1) if x.size else math.prod(np.array(x.shape)[_mask(axes, x.ndim)])
    with np.errstate(invalid="ignore"):  # the mean of nothing is NaN
        return np.asarray(y / x.dtype.type(count))


def reduce_max(x: Array, axes: tuple[int, ...] | None = None, keepdims: bool = False) -> Array:
    """Reference: y = the largest x over `axes`; NaN if there is one."""
    return np.asarray(np.max(x, axis=axes, keepdims=keepdims))


def reduce_min(x: Array, axes: tuple[int, ...] | None = None, keepdims: bool = False) -> Array:
    """Reference: y = the smallest x over `axes`; NaN if there is one."""
    return np.asarray(np.min(x, axis=axes, keepdims=keepdims))


# --- shared ---------------------------------------------------------------------------------------------------------


def _mask(axes, rank):
    mask = np.zeros(rank, bool)
    mask[slice(None) if axes is None else list(axes) if isinstance(axes, tuple) else axes] = True
    return mask


def spread(dy: Array, shape: tuple[int, ...], axes: tuple[int, ...] | None, keepdims: bool) -> Array:
    """dy with length 1 along the reduced axes, so that it broadcasts against an array of `shape`."""
    if keepdims or not dy.shape and axes is None:
        return dy
    return dy.reshape([1 if axes is None or axis in axes else extent for axis, extent in enumerate(shape)])


def filled(value: Array, shape: tuple[int, ...], out: Array | None = None) -> Array:
    """`value` broadcast to `shape`, as an array of its own, or in `out`."""
    result = np.empty(shape, value.dtype) if out is None else out
    result[...] = value
    return result


def sum_dtype(dtype: Any) -> Any:
    """The type in which sums of integers and booleans are made: 32 bits at least, else their own."""
    return np.int32 if dtype.kind == "b" or dtype.kind == "i" and dtype.itemsize < 4 else \
        np.uint32 if dtype.kind == "u" and dtype.itemsize < 4 else dtype


def _has_kernel(x):
    return x.dtype.char in "fd"


# --- sums -----------------------------------------------------------------------------------------------------------


def sum(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Sum over axes.

    dx = dy, broadcast over the reduced axes.

    Args:
        x: Tensor; integers keep their type (32 bits at least), booleans are counted.
        axis: Axis, or several; all if None.
        keepdims: Keep the reduced axes, with length 1.

    Returns:
        Tensor, shape of `x` without the reduced axes.

    Raises:
        ValueError: x has no such axis, or an axis is named twice.

    >>> sum(Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=0).numpy()
    array([4., 6.], dtype=float32)
    """
    x = convert_to_tensor(x)
    data = x.data
    axes = check_axes("sum", axis, data.shape)
    if not _has_kernel(data):
        return Tensor.wrap(np.asarray(np.sum(data, axis=axes, keepdims=keepdims, dtype=sum_dtype(data.dtype))))
    y = kernels.reduce_sum(data, axes, keepdims)

    def to_x(dy):
        return computed(filled, spread(dy, data.shape, axes, keepdims), data.shape)

    return record(y, (x,), lambda dy: (to_x(dy),),
                  lambda dy, y: (linear(dy, to_x, lambda d: kernels.reduce_sum(d, axes, keepdims)),))


def mean(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Arithmetic mean over axes.

    dx = dy / n, broadcast over the reduced axes, with n the number of elements in each mean.

    Args:
        x: Tensor; integers become `floatx()`.
        axis: Axis, or several; all if None.
        keepdims: Keep the reduced axes, with length 1.

    Returns:
        Tensor, shape of `x` without the reduced axes; NaN where there is no element.

    Raises:
        ValueError: x has no such axis, or an axis is named twice.

    >>> float(mean(Tensor([1.0, 2.0, 6.0])))
    3.0
    """
    x = as_floats(x)
    data = x.data
    axes = check_axes("mean", axis, data.shape)
    y = kernels.reduce_mean(data, axes, keepdims)

    def to_x(dy):
        n = elements_of_one(data, y)
        share = computed(np.true_divide, spread(dy, data.shape, axes, keepdims), dy.dtype.type(n))
        return computed(filled, np.asarray(share), data.shape)

    return record(y, (x,), lambda dy: (to_x(dy),),
                  lambda dy, y: (linear(dy, to_x, lambda d: kernels.reduce_mean(d, axes, keepdims)),))


def elements_of_one(data: Array, y: Array) -> int:
    """The number of elements of `data` in each element of y; 1 for an empty array, where nothing is divided."""
    return data.size // y.size if data.size else 1


def prod(x: TensorLike, axis: Axis = None, keepdims: bool = False, dtype: DTypeLike = None) -> Tensor:
    """Product over axes.

    dx_k = dy * product of all x_j with j != k, which is finite and right if some x are zero, too.

    Args:
        x: Tensor; integers keep their type (32 bits at least).
        axis: Axis, or several; all if None.
        keepdims: Keep the reduced axes, with length 1.
        dtype: Convert x to this element type first; not if None.

    Returns:
        Tensor, shape of `x` without the reduced axes; 1 where there is no element.

    Raises:
        ValueError: x has no such axis, or an axis is named twice.

    >>> prod([[1, 2], [3, 4]], axis=1).tolist()
    [2, 12]
    """
    x = convert_to_tensor(x)
    if dtype is not None and x.dtype != np.dtype(dtype):
        x = converted(x, dtype)
    data = x.data
    axes = check_axes("prod", axis, data.shape)
    y = np.asarray(np.prod(data, axis=axes, keepdims=keepdims, dtype=sum_dtype(data.dtype)))

    def backward(dy):
        rows, restore = _reduced_axes_last(data, axes)
        before = np.cumprod(rows[..., :-1], axis=-1)
        after = np.cumprod(rows[..., :0:-1], axis=-1)[..., ::-1]
        others = np.ones_like(rows)
        others[..., 1:] *= before
        others[..., :-1] *= after
        return (spread(dy, data.shape, axes, keepdims) * restore(others),)

    def formula(x):
        """One factor after the other: no division, so that x may be 0."""
        reduced = tuple(range(data.ndim)) if axes is None else axes
        kept = [axis for axis in range(data.ndim) if axis not in reduced]
        rows = reshape(transpose(x, (*reduced, *kept)), (-1, *(data.shape[axis] for axis in kept)))
        product = rows[0]
        for i in range(1, rows.shape[0]):
            product = product * rows[i]
        return reshape(product, y.shape)

    return record(y, (x,), backward, composed(formula, (x,), (data,)) if data.size else None)


def _reduced_axes_last(data, axes):
    """(array whose last axis runs over all reduced elements, function that undoes this)."""
    axes = tuple(range(data.ndim)) if axes is None else axes
    kept = [axis for axis in range(data.ndim) if axis not in axes]
    order = [*kept, *axes]
    moved = data.transpose(order)
    rows = moved.reshape([data.shape[axis] for axis in kept] + [-1 if data.size else math.prod(data.shape[a]
                                                                                               for a in axes)])
    return rows, lambda result: result.reshape(moved.shape).transpose(np.argsort(order))


def converted(x: Tensor, dtype: DTypeLike) -> Tensor:
    """x in another floating-point type, recorded; its gradient is converted back to x's own type."""
    own = x.data.dtype
    return record(x.data.astype(dtype), (x,), lambda dy: (dy.astype(own),), lambda dy, y: (dy.astype(own),))


# --- extremes -------------------------------------------------------------------------------------------------------


def _extreme(operation, kernel_name, x, axis, keepdims, initial, choose):
    x = convert_to_tensor(x)
    data = x.data
    axes = check_axes(operation, axis, data.shape)
    count = data.size if axes is None else math.prod(data.shape[a] for a in axes)
    if count == 0 and initial is None:
        raise ValueError(
            f"{operation}: no elements to choose from. Got shape {data.shape}, axis={axis}. "
            "Pass initial=... for this case."
        )
    if not _has_kernel(data) or count == 0:
        y = np.asarray(getattr(np, operation)(data, axis=axes, keepdims=keepdims,
                                              **({} if initial is None else {"initial": initial})))
        return Tensor.wrap(y)
    y = extreme = getattr(kernels, kernel_name)(data, axes, keepdims)
    if initial is not None:
        y = choose(extreme, data.dtype.type(initial))

    def shares():
        """Elements that share the extreme share its gradient equally."""
        is_extreme = data == spread(y, data.shape, axes, keepdims)
        return is_extreme, np.maximum(np.sum(is_extreme, axis=axes, keepdims=True, dtype=data.dtype), 1)

    def backward(dy):
        is_extreme, ties = shares()
        return (is_extreme * (spread(dy, data.shape, axes, keepdims) / ties),)

    def differentiable(dy, y):
        is_extreme, ties = shares()
        return (linear(dy, lambda d: is_extreme * (spread(d, data.shape, axes, keepdims) / ties),
                       lambda d: np.asarray(np.sum(is_extreme * d / ties, axis=axes, keepdims=keepdims))),)

    return record(y, (x,), backward, differentiable)


def max(x: TensorLike, axis: Axis = None, keepdims: bool = False, initial: float | None = None) -> Tensor:
    """The largest element over axes; NaN if there is one.

    Gradient: dy is divided equally among the elements that are the largest.

    Args:
        x: Tensor.
        axis: Axis, or several; all if None.
        keepdims: Keep the reduced axes, with length 1.
        initial: A lower limit of the result, which is also the maximum of no elements.

    Returns:
        Tensor, shape of `x` without the reduced axes.

    Raises:
        ValueError: x has no such axis, an axis is named twice, or there are no elements and no `initial`.

    >>> max(Tensor([[1.0, 5.0], [3.0, 2.0]]), axis=1).numpy()
    array([5., 3.], dtype=float32)
    """
    return _extreme("max", "reduce_max", x, axis, keepdims, initial, np.maximum)


def min(x: TensorLike, axis: Axis = None, keepdims: bool = False, initial: float | None = None) -> Tensor:
    """The smallest element over axes; NaN if there is one.

    Gradient: dy is divided equally among the elements that are the smallest.

    Args:
        x: Tensor.
        axis: Axis, or several; all if None.
        keepdims: Keep the reduced axes, with length 1.
        initial: An upper limit of the result, which is also the minimum of no elements.

    Returns:
        Tensor, shape of `x` without the reduced axes.

    Raises:
        ValueError: x has no such axis, an axis is named twice, or there are no elements and no `initial`.

    >>> min([[1.0, 5.0], [3.0, 2.0]], axis=1).tolist()
    [1.0, 2.0]
    """
    return _extreme("min", "reduce_min", x, axis, keepdims, initial, np.minimum)


def amax(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """`max` under NumPy's other name.

    Args:
        x, axis, keepdims: As for `max`.

    Returns:
        Tensor, shape of `x` without the reduced axes.

    Raises:
        ValueError: x has no such axis, an axis is named twice, or there are no elements.

    >>> amax([[1, 5], [3, 2]], axis=0).tolist()
    [3, 5]
    """
    return max(x, axis, keepdims)


def amin(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """`min` under NumPy's other name.

    Args:
        x, axis, keepdims: As for `min`.

    Returns:
        Tensor, shape of `x` without the reduced axes.

    Raises:
        ValueError: x has no such axis, an axis is named twice, or there are no elements.

    >>> amin([[1, 5], [3, 2]], axis=0).tolist()
    [1, 2]
    """
    return min(x, axis, keepdims)
