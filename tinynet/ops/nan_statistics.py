"""Reductions that leave NaN out.

Names are NumPy's. Where NumPy warns (no number at all along the axes), the result is NaN here without a warning.
"""

import numpy as np

from ..tensor import convert_to_tensor
from .cumulative import cumprod, cumsum
from .discrete_reduction import argmax, argmin
from .elementwise import sqrt, square
from .indexing import where
from .reduction import max, min, prod, sum
from .statistics import floating


def _filled(x, value):
    """(x with `value` in place of NaN, where NaN was)."""
    x = convert_to_tensor(x)
    hole = np.isnan(x.data) if x.data.dtype.kind == "f" else np.zeros(x.shape, bool)
    return (where(hole, x.data.dtype.type(value), x) if hole.any() else x), hole


def nansum(x, axis=None, keepdims=False):
    """The sum of the elements that are not NaN; 0 if there is none."""
    return sum(_filled(x, 0)[0], axis, keepdims)


def nanprod(x, axis=None, keepdims=False):
    """The product of the elements that are not NaN; 1 if there is none."""
    return prod(_filled(x, 1)[0], axis, keepdims)


def nancumsum(x, axis=None, dtype=None):
    """`cumsum` with 0 in place of NaN."""
    return cumsum(_filled(x, 0)[0], axis, dtype)


def nancumprod(x, axis=None, dtype=None):
    """`cumprod` with 1 in place of NaN."""
    return cumprod(_filled(x, 1)[0], axis, dtype)


def nanmean(x, axis=None, keepdims=False):
    """The mean of the elements that are not NaN."""
    filled, hole = _filled(floating(x), 0)
    return sum(filled, axis, keepdims) / _count(filled, hole, axis, keepdims)


def nanvar(x, axis=None, keepdims=False):
    """The variance of the elements that are not NaN, dividing by their number."""
    filled, hole = _filled(floating(x), 0)
    deviation = where(hole, filled.dtype.type(0), filled - nanmean(x, axis, keepdims=True))
    return sum(square(deviation), axis, keepdims) / _count(filled, hole, axis, keepdims)


def nanstd(x, axis=None, keepdims=False):
    """The standard deviation of the elements that are not NaN."""
    return sqrt(nanvar(x, axis, keepdims))


def _count(filled, hole, axis, keepdims):
    """How many elements are numbers; NaN for none, so that dividing by it gives that."""
    count = sum((~hole).astype(filled.dtype), axis, keepdims).data
    return convert_to_tensor(np.where(count == 0, filled.dtype.type(np.nan), count))


def nanmax(x, axis=None, keepdims=False):
    """The largest of the elements that are not NaN."""
    return _nan_extreme(max, -np.inf, x, axis, keepdims)


def nanmin(x, axis=None, keepdims=False):
    """The smallest of the elements that are not NaN."""
    return _nan_extreme(min, np.inf, x, axis, keepdims)


def _nan_extreme(extreme, worst, x, axis, keepdims):
    filled, hole = _filled(x, worst) if convert_to_tensor(x).data.dtype.kind == "f" else (convert_to_tensor(x), None)
    y = extreme(filled, axis, keepdims)
    if hole is None or not hole.any():
        return y
    nothing = np.all(hole, axis=tuple(axis) if isinstance(axis, list) else axis, keepdims=keepdims)
    return where(nothing, y.dtype.type(np.nan), y)


def nanargmax(x, axis=None, keepdims=False):
    """`argmax` of the elements that are not NaN; -1 if there is none."""
    return _nan_arg(argmax, -np.inf, x, axis, keepdims)


def nanargmin(x, axis=None, keepdims=False):
    """`argmin` of the elements that are not NaN; -1 if there is none."""
    return _nan_arg(argmin, np.inf, x, axis, keepdims)


def _nan_arg(function, worst, x, axis, keepdims):
    if convert_to_tensor(x).data.dtype.kind != "f":
        return function(x, axis, keepdims)
    filled, hole = _filled(x, worst)
    nothing = np.all(hole, axis=axis, keepdims=keepdims)
    return where(nothing, np.int32(-1), function(filled, axis, keepdims))
