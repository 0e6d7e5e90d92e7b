"""Order statistics, correlations and averages; made of other operations, which are recorded."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..config import floatx
from ..core.types import Axis, TensorLike
from ..tensor import Tensor, convert_to_tensor
from . import both
from .arguments import check_axes
from .arrangement import pad
from .diagonal import diagonal
from .elementwise import cast, log10, sqrt, square
from .formulas import unary
from .indexing import take, take_along_axis, where
from .matmul import matmul
from .reduction import max, mean, min, sum
from .shape import broadcast_to, expand_dims, reshape, transpose
from .sorting import sort


def floating(x: TensorLike) -> Tensor:
    """x as a Tensor of floats, recorded: integers become `floatx()`."""
    x = convert_to_tensor(x)
    return x if x.data.dtype.kind == "f" else cast(x, floatx())


def average(x: TensorLike, axis: Axis = None, weights: TensorLike = None) -> Tensor:
    """The mean over axes, or with weights sum(w x) / sum(w).

    Args:
        x: Tensor; integers become `floatx()`.
        axis: Axis or axes, all if None.
        weights: Of the shape of x, or one-dimensional along a single axis; equal ones if None.

    Returns:
        Tensor without the reduced axes.

    Raises:
        ValueError: the weights have another shape.

    >>> float(average(np.array([1.0, 2.0]), weights=np.array([3.0, 1.0])))
    1.25
    """
    if weights is None:
        return mean(x, axis)
    x, weights = floating(x), floating(weights)
    if weights.shape != x.shape:
        if not isinstance(axis, int) or weights.shape != (x.shape[axis],):
            raise ValueError(f"average: weights must have the shape of x, {x.shape}, or be one-dimensional along axis, "
                             f"got {weights.shape} and axis={axis}")
        weights = reshape(weights, [-1 if i == axis % len(x.shape) else 1 for i in range(len(x.shape))])
    return sum(x * weights, axis) / sum(broadcast_to(weights, x.shape), axis)


def ptp(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Peak to peak: the largest element minus the smallest.

    Args:
        x: Tensor.
        axis: Axis or axes, all if None.
        keepdims: Keep the reduced axes, with length 1.

    Returns:
        Tensor, shape of `x` without the reduced axes.

    Raises:
        ValueError: x has no such axis, or no elements.

    >>> ptp([[1, 5], [3, 2]], axis=1).tolist()
    [4, 1]
    """
    return max(x, axis, keepdims) - min(x, axis, keepdims)


# --- order statistics -----------------------------------------------------------------------------------------------

# The weight of a[ceil(p)] at a position p between a[floor(p)] and a[ceil(p)], from the fraction of p.
_METHODS = {
    "linear": lambda part: part,
    "lower": lambda part: 0 * part,
    "higher": lambda part: np.ceil(part),
    "midpoint": lambda part: 0.5 * np.ceil(part),
}


def quantile(
    x: TensorLike, q: TensorLike, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Tensor:
    """The value that a fraction q of the elements does not exceed.

    With n elements in order, it is at position q (n - 1); `method` determines the value between two elements. The
    gradient goes to these two. NaN among the elements makes the result NaN.

    Args:
        x: Tensor; integers become `floatx()`.
        q: Number, or array of them, in [0, 1]. Axes of q are the first axes of the result.
        axis: Axis or axes, all if None.
        method: 'linear', 'lower', 'higher', 'midpoint' or 'nearest'.
        keepdims: Keep the reduced axes, with length 1.

    Returns:
        Tensor: the shape of q, then that of x without the reduced axes.

    Raises:
        ValueError: q is outside [0, 1], an unknown method, or x has no such axis.

    >>> float(quantile(np.array([1.0, 2.0, 4.0]), 0.75))
    3.0
    """
    return _quantile("quantile", x, q, axis, method, keepdims, skip=False)


def percentile(
    x: TensorLike, q: TensorLike, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Tensor:
    """The value that q percent of the elements do not exceed: `quantile` of q / 100.

    Args:
        x, axis, method, keepdims: As for `quantile`.
        q: Number, or array of them, in [0, 100].

    Returns:
        Tensor: the shape of q, then that of x without the reduced axes.

    Raises:
        ValueError: q is outside [0, 100], an unknown method, or x has no such axis.

    >>> percentile([1.0, 2.0, 4.0], [50, 75]).tolist()
    [2.0, 3.0]
    """
    return _quantile("percentile", x, np.asarray(q) / 100, axis, method, keepdims, skip=False)


def median(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The middle element, or the mean of the two in the middle.

    Args:
        x: Tensor; integers become `floatx()`.
        axis: Axis or axes, all if None.
        keepdims: Keep the reduced axes, with length 1.

    Returns:
        Tensor, shape of `x` without the reduced axes.

    Raises:
        ValueError: x has no such axis.

    >>> float(median([3.0, 1.0, 2.0]))
    2.0
    """
    return _quantile("median", x, 0.5, axis, "linear", keepdims, skip=False)


def nanquantile(
    x: TensorLike, q: TensorLike, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Tensor:
    """`quantile` of the elements that are not NaN; NaN if there is none.

    Args:
        x, q, axis, method, keepdims: As for `quantile`.

    Returns:
        Tensor: the shape of q, then that of x without the reduced axes.

    Raises:
        ValueError: q is outside [0, 1], an unknown method, or x has no such axis.

    >>> float(nanquantile([1.0, np.nan, 2.0, 4.0], 0.75))
    3.0
    """
    return _quantile("nanquantile", x, q, axis, method, keepdims, skip=True)


def nanpercentile(
    x: TensorLike, q: TensorLike, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Tensor:
    """`percentile` of the elements that are not NaN; NaN if there is none.

    Args:
        x, q, axis, method, keepdims: As for `percentile`.

    Returns:
        Tensor: the shape of q, then that of x without the reduced axes.

    Raises:
        ValueError: q is outside [0, 100], an unknown method, or x has no such axis.

    >>> float(nanpercentile([1.0, np.nan, 2.0, 4.0], 75))
    3.0
    """
    return _quantile("nanpercentile", x, np.asarray(q) / 100, axis, method, keepdims, skip=True)


def nanmedian(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """`median` of the elements that are not NaN; NaN if there is none.

    Args:
        x, axis, keepdims: As for `median`.

    Returns:
        Tensor, shape of `x` without the reduced axes.

    Raises:
        ValueError: x has no such axis.

    >>> float(nanmedian([3.0, np.nan, 1.0]))
    2.0
    """
    return _quantile("nanmedian", x, 0.5, axis, "linear", keepdims, skip=True)


def _quantile(name, x, q, axis, method, keepdims, skip):
    x, q = floating(x), np.asarray(q, np.float64)
    if method not in (*_METHODS, "nearest"):
        raise ValueError(f"{name}: unknown method {method!r}; known: {', '.join(_METHODS)}, nearest")
    if q.size and not (q.min() >= 0 and q.max() <= 1):
        raise ValueError(f"{name}: the fraction must be in [0, 1] (in percent [0, 100]), got {q.tolist()}")
    rank = len(x.shape)
    axes = range(rank) if axis is None else sorted(check_axes(name, axis, x.shape))
    kept = [i for i in range(rank) if i not in axes]
    shape = tuple(x.shape[i] for i in kept)
    # One row for each result, in order; NaN goes to the end.
    rows = sort(reshape(transpose(x, [*kept, *axes]), (int(np.prod(shape)), -1)), axis=-1)
    missing = np.isnan(rows.data).sum(axis=1, keepdims=True)
    count = rows.shape[1] - missing if skip else np.full_like(missing, rows.shape[1])
    position = q.reshape(-1) * np.maximum(count - 1, 0)
    if method == "nearest":
        position = np.rint(position)
    low = np.floor(position)
    weight = _METHODS.get(method, _METHODS["linear"])(position - low).astype(rows.dtype)
    first = take_along_axis(rows, low.astype(np.intp), axis=1)
    second = take_along_axis(rows, np.ceil(position).astype(np.intp), axis=1)
    y = first * (1 - weight) + second * weight
    if not skip:
        y = where(np.broadcast_to(missing > 0, y.shape), rows.dtype.type(np.nan), y)
    shape = tuple(1 if i in axes else x.shape[i] for i in range(rank)) if keepdims else shape
    return reshape(transpose(y), (*q.shape, *shape))


# --- of two variables -----------------------------------------------------------------------------------------------


def corrcoef(x: TensorLike) -> Tensor:
    """Pearson's correlations of the rows of x.

    Args:
        x: Tensor, shape (variables, samples), or (samples,) for one variable.

    Returns:
        Tensor, shape (variables, variables), or without dimensions for one variable. NaN where a variable is constant.

    >>> corrcoef([[1.0, 2.0, 3.0], [6.0, 4.0, 2.0]]).numpy().round(3)
    array([[ 1., -1.],
           [-1.,  1.]], dtype=float32)
    """
    x = floating(x)
    if len(x.shape) == 1:
        x = expand_dims(x, 0)
    deviation = x - mean(x, axis=-1, keepdims=True)
    products = matmul(deviation, transpose(deviation))
    norms = sqrt(diagonal(products))
    with np.errstate(invalid="ignore"):
        y = products / (expand_dims(norms, 0) * expand_dims(norms, 1))
    return reshape(y, ()) if y.shape == (1, 1) else y


def correlate(x1: TensorLike, x2: TensorLike, mode: str = "valid") -> Tensor:
    """y_k = sum over n of x1_(n+k) x2_n.

    Args:
        x1, x2: Vectors, shapes (n,) and (m,), that are not empty.
        mode: 'full' for all shifts k at which they overlap, 'valid' for those at which the shorter one is inside the
            longer one, 'same' for as many as the longer one has elements, in the middle.

    Returns:
        Tensor, shape (n + m - 1,), (|n - m| + 1,) or (max(n, m),), as `mode` is 'full', 'valid' or 'same'.

    Raises:
        ValueError: an input is no vector or empty, or an unknown mode.

    >>> correlate([1.0, 2.0, 3.0], [1.0, 1.0]).numpy()
    array([3., 5.], dtype=float32)
    """
    x1, x2 = floating(x1), floating(x2)
    if len(x1.shape) != 1 or len(x2.shape) != 1 or 0 in (*x1.shape, *x2.shape):
        raise ValueError(f"correlate: expected two vectors that are not empty, got shapes {x1.shape} and {x2.shape}")
    size1, size2 = x1.shape[0], x2.shape[0]
    short, long = sorted((size1, size2))
    if mode == "full":
        start, length = 0, size1 + size2 - 1
    elif mode == "valid":
        start, length = short - 1, long - short + 1
    elif mode == "same":
        start, length = (short - 1 - short // 2 if size1 >= size2 else short // 2), long
    else:
        raise ValueError(f"correlate: mode must be 'valid', 'same' or 'full', got {mode!r}")
    indices = start + np.arange(length)[:, None] + np.arange(size2)
    return matmul(take(pad(x1, [[size2 - 1, size2 - 1]]), indices), x2)


def psnr(x1: TensorLike, x2: TensorLike, max_val: float) -> Tensor:
    """Peak signal-to-noise ratio of two images in decibels, 20 log10(max_val) - 10 log10(mean((x1 - x2)^2)).

    Args:
        x1, x2: Tensors that broadcast against each other.
        max_val: The largest value that a pixel can have.

    Returns:
        Tensor, shape ().

    >>> float(psnr([0.0, 0.0], [0.1, 0.1], 1.0)).__round__(3)
    20.0
    """
    error = mean(square(floating(x1) - floating(x2)))
    return 20 * float(np.log10(max_val)) - 10 * log10(error)


def _bessel_i1(x):
    """I1(x) = mean of exp(x cos t) cos t over t in (0, pi).

    The function of t is periodic: its mean over more than |x| equally spaced points is exact to the last digit.
    """
    points = 64 + int(np.abs(x).max(initial=0))
    total = np.zeros(x.shape)
    for cosine in np.cos((np.arange(points) + 0.5) * np.pi / points):
        total += np.exp(x.astype(np.float64) * cosine) * cosine
    return (total / points).astype(x.dtype)


def _of_order_0(x):
    return np.i0(x).astype(x.dtype).reshape(x.shape)


i0: Callable[[TensorLike], Tensor]
_i1 = unary("i1", None, _bessel_i1, lambda dy, x, y: dy * both.where(
    x == 0, 0.5, (i0(x) if isinstance(x, Tensor) else _of_order_0(x)) - y / both.where(x == 0, 1, x)))
i0 = unary("i0", "The modified Bessel function of order 0, I0(x); its derivative is I1(x).", _of_order_0,
           lambda dy, x, y: dy * (_i1(x) if isinstance(x, Tensor) else _bessel_i1(x)),
           example=("i0([0, 1]).numpy().round(3)", "array([1.   , 1.266], dtype=float32)"))
