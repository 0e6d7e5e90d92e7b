"""Reductions that leave NaN out.

Names are NumPy's. Where NumPy warns (no number at all along the axes), the result is NaN here without a warning.
"""

from __future__ import annotations

import numpy as np

from ..core.types import Axis, DTypeLike, TensorLike
from ..tensor import Tensor, convert_to_tensor
from .cumulative import cumprod, cumsum
from .discrete_reduction import argmax, argmin
from .elementwise import sqrt, square
from .indexing import where
from .reduction import max, min, prod, sum
from .statistics import floating


def _filled(x, value):
    """(x with `value` in place of NaN, booleans that are True where NaN was)."""
    x = convert_to_tensor(x)
    hole = np.isnan(x.data) if x.data.dtype.kind == "f" else np.zeros(x.shape, bool)
    return (where(hole, x.data.dtype.type(value), x) if hole.any() else x), hole


def nansum(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The sum of the elements that are not NaN; 0 if there is none.

    Args:
        x, axis, keepdims: As for `sum`.

    Returns:
        Tensor, shape of `x` without the reduced axes.

    Raises:
        ValueError: x has no such axis, or an axis is named twice.

    >>> float(nansum([1.0, np.nan, 2.0]))
    3.0
    """
    return sum(_filled(x, 0)[0], axis, keepdims)


def nanprod(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The product of the elements that are not NaN; 1 if there is none.

    Args:
        x, axis, keepdims: As for `prod`.

    Returns:
        Tensor, shape of `x` without the reduced axes.

    Raises:
        ValueError: x has no such axis, or an axis is named twice.

    >>> float(nanprod([2.0, np.nan, 3.0]))
    6.0
    """
    return prod(_filled(x, 1)[0], axis, keepdims)


def nancumsum(x: TensorLike, axis: int | None = None, dtype: DTypeLike = None) -> Tensor:
    """`cumsum` with 0 in place of NaN.

    Args:
        x, axis, dtype: As for `cumsum`.

    Returns:
        Tensor, shaped like `x`; flat if `axis` is None.

    Raises:
        ValueError: x has no such axis.

    >>> nancumsum([1.0, np.nan, 2.0]).tolist()
    [1.0, 1.0, 3.0]
    """
    return cumsum(_filled(x, 0)[0], axis, dtype)


def nancumprod(x: TensorLike, axis: int | None = None, dtype: DTypeLike = None) -> Tensor:
    """`cumprod` with 1 in place of NaN.

    Args:
        x, axis, dtype: As for `cumprod`.

    Returns:
        Tensor, shaped like `x`; flat if `axis` is None.

    Raises:
        ValueError: x has no such axis.

    >>> nancumprod([2.0, np.nan, 3.0]).tolist()
    [2.0, 2.0, 6.0]
    """
    return cumprod(_filled(x, 1)[0], axis, dtype)


def nanmean(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The mean of the elements that are not NaN; NaN if there is none.

    Args:
        x, axis, keepdims: As for `mean`.

    Returns:
        Tensor, shape of `x` without the reduced axes.

    Raises:
        ValueError: x has no such axis, or an axis is named twice.

    >>> float(nanmean([1.0, np.nan, 2.0]))
    1.5
    """
    filled, hole = _filled(floating(x), 0)
    return sum(filled, axis, keepdims) / _count(filled, hole, axis, keepdims)


def nanvar(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The variance of the elements that are not NaN, divided by their number n, not n - 1; NaN if there is none.

    Args:
        x, axis, keepdims: As for `var`.

    Returns:
        Tensor, shape of `x` without the reduced axes.

    Raises:
        ValueError: x has no such axis, or an axis is named twice.

    >>> float(nanvar([1.0, np.nan, 3.0]))
    1.0
    """
    filled, hole = _filled(floating(x), 0)
    deviation = where(hole, filled.dtype.type(0), filled - nanmean(x, axis, keepdims=True))
    return sum(square(deviation), axis, keepdims) / _count(filled, hole, axis, keepdims)


def nanstd(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The standard deviation of the elements that are not NaN, sqrt(nanvar(x)); NaN if there is none.

    Args:
        x, axis, keepdims: As for `std`.

    Returns:
        Tensor, shape of `x` without the reduced axes.

    Raises:
        ValueError: x has no such axis, or an axis is named twice.

    >>> float(nanstd([1.0, np.nan, 5.0]))
    2.0
    """
    return sqrt(nanvar(x, axis, keepdims))


def _count(filled, hole, axis, keepdims):
    """The number of elements that are not NaN; NaN for none, so that a quotient is NaN too."""
    count = sum((~hole).astype(filled.dtype), axis, keepdims).data
    return convert_to_tensor(np.where(count == 0, filled.dtype.type(np.nan), count))


def nanmax(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The largest of the elements that are not NaN; NaN if there is none.

    Args:
        x, axis, keepdims: As for `max`.

    Returns:
        Tensor, shape of `x` without the reduced axes.

    Raises:
        ValueError: x has no such axis, an axis is named twice, or there are no elements.

    >>> float(nanmax([1.0, np.nan, 3.0]))
    3.0
    """
    return _nan_extreme(max, -np.inf, x, axis, keepdims)


def nanmin(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The smallest of the elements that are not NaN; NaN if there is none.

    Args:
        x, axis, keepdims: As for `min`.

    Returns:
        Tensor, shape of `x` without the reduced axes.

    Raises:
        ValueError: x has no such axis, an axis is named twice, or there are no elements.

    >>> float(nanmin([1.0, np.nan, 3.0]))
    1.0
    """
    return _nan_extreme(min, np.inf, x, axis, keepdims)


def _nan_extreme(extreme, worst, x, axis, keepdims):
    filled, hole = _filled(x, worst) if convert_to_tensor(x).data.dtype.kind == "f" else (convert_to_tensor(x), None)
    y = extreme(filled, axis, keepdims)
    if hole is None or not hole.any():
        return y
    nothing = np.all(hole, axis=tuple(axis) if isinstance(axis, list) else axis, keepdims=keepdims)
    return where(nothing, y.dtype.type(np.nan), y)


def nanargmax(x: TensorLike, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The index of the largest element that is not NaN; -1 if there is none.

    Args:
        x, axis, keepdims: As for `argmax`.

    Returns:
        Tensor (int32), shape of `x` without the axis.

    Raises:
        ValueError: x has no such axis, or no elements along it.

    >>> nanargmax([[1.0, np.nan, 3.0], [np.nan, np.nan, np.nan]], axis=1).tolist()
    [2, -1]
    """
    return _nan_arg(argmax, -np.inf, x, axis, keepdims)


def nanargmin(x: TensorLike, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The index of the smallest element that is not NaN; -1 if there is none.

    Args:
        x, axis, keepdims: As for `argmin`.

    Returns:
        Tensor (int32), shape of `x` without the axis.

    Raises:
        ValueError: x has no such axis, or no elements along it.

    >>> nanargmin([[np.nan, 4.0, 3.0], [np.nan, np.nan, np.nan]], axis=1).tolist()
    [2, -1]
    """
    return _nan_arg(argmin, np.inf, x, axis, keepdims)


def _nan_arg(function, worst, x, axis, keepdims):
    if convert_to_tensor(x).data.dtype.kind != "f":
        return function(x, axis, keepdims)
    filled, hole = _filled(x, worst)
    nothing = np.all(hole, axis=axis, keepdims=keepdims)
    return where(nothing, np.int32(-1), function(filled, axis, keepdims))
