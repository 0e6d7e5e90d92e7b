"""Reductions: sums, means, extremes, ... over some axes of a tensor.

`axis` is None for all axes, an int, or a tuple of ints; negative ones count from the end. `keepdims=True` leaves each
reduced axis with length 1, so that the result broadcasts against the input.

The gradient of a reduction spreads dy back over the axes that were reduced: evenly for a sum, to the largest elements
for a maximum.
"""

import builtins
import math

import numpy as np

from ..config import floatx
from ..runtime import kernels
from ..tape import record
from ..tensor import Tensor, convert_to_tensor

# --- references -----------------------------------------------------------------------------------------------------


def reduce_sum(x, axes=None, keepdims=False):
    """Reference: y = sum over `axes` of x."""
    return np.asarray(np.sum(x, axis=axes, keepdims=keepdims))


def reduce_mean(x, axes=None, keepdims=False):
    """Reference: y = (sum over `axes` of x) / (how many are summed)."""
    y = reduce_sum(x, axes, keepdims)
    count = x.size // builtins.max(y.size, 1) if x.size else math.prod(np.array(x.shape)[_mask(axes, x.ndim)])
    with np.errstate(invalid="ignore"):  # the mean of nothing is NaN
        return np.asarray(y / x.dtype.type(count))


def reduce_max(x, axes=None, keepdims=False):
    """Reference: y = the largest x over `axes`; NaN if there is one."""
    return np.asarray(np.max(x, axis=axes, keepdims=keepdims))


def reduce_min(x, axes=None, keepdims=False):
    """Reference: y = the smallest x over `axes`; NaN if there is one."""
    return np.asarray(np.min(x, axis=axes, keepdims=keepdims))


# --- shared ---------------------------------------------------------------------------------------------------------


def _mask(axes, rank):
    mask = np.zeros(rank, bool)
    mask[slice(None) if axes is None else list(axes) if isinstance(axes, tuple) else axes] = True
    return mask


def check_axes(operation, axis, shape):
    """`axis` as None or a tuple of axes from 0 to rank - 1, each once."""
    if axis is None:
        return None
    rank = len(shape)
    axes = tuple(axis) if isinstance(axis, tuple | list) else (axis,)
    result = []
    for a in axes:
        a = a.__index__()
        if not -rank <= a < rank:
            raise ValueError(
                f"{operation}: axis {a} does not exist. Got shape {shape}, whose axes are {-rank} to {rank - 1}."
            )
        result.append(a % rank)
    if len(set(result)) < len(result):
        raise ValueError(f"{operation}: axis {axis} names an axis twice. Got shape {shape}.")
    return tuple(result)


def _spread(dy, shape, axes, keepdims):
    """dy with the reduced axes back at length 1, so that it broadcasts against an array of `shape`."""
    if keepdims or not dy.shape and axes is None:
        return dy
    return dy.reshape([1 if axes is None or axis in axes else extent for axis, extent in enumerate(shape)])


def _filled(value, shape):
    """`value` broadcast to `shape`, as an array of its own."""
    result = np.empty(shape, value.dtype)
    result[...] = value
    return result


def _sum_dtype(dtype):
    """What integers and booleans add up in: at least 32 bits, as they were given otherwise."""
    return np.int32 if dtype.kind == "b" or dtype.kind == "i" and dtype.itemsize < 4 else \
        np.uint32 if dtype.kind == "u" and dtype.itemsize < 4 else dtype


def _has_kernel(x):
    return x.dtype.char in "fd"


def _as_float(x):
    """Integers and booleans become `floatx()`; float tensors stay themselves."""
    return x if x.data.dtype.kind == "f" else Tensor.wrap(x.data.astype(floatx()))


# --- sums -----------------------------------------------------------------------------------------------------------


def sum(x, axis=None, keepdims=False):
    """Sum over axes. Integers keep their type (at least 32 bits), booleans are counted.

    dx = dy, spread.

    >>> sum(Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=0).numpy()
    array([4., 6.], dtype=float32)
    """
    x = convert_to_tensor(x)
    data = x.data
    axes = check_axes("sum", axis, data.shape)
    if not _has_kernel(data):
        return Tensor.wrap(np.asarray(np.sum(data, axis=axes, keepdims=keepdims, dtype=_sum_dtype(data.dtype))))
    y = kernels.reduce_sum(data, axes, keepdims)

    def backward(dy):
        return (_filled(_spread(dy, data.shape, axes, keepdims), data.shape),)

    return record(y, (x,), backward)


def mean(x, axis=None, keepdims=False):
    """Arithmetic mean over axes. Integers give `floatx()`.

    dx = dy / n, spread, with n the number of elements behind one mean.

    >>> float(mean(Tensor([1.0, 2.0, 6.0])))
    3.0
    """
    x = _as_float(convert_to_tensor(x))
    data = x.data
    axes = check_axes("mean", axis, data.shape)
    y = kernels.reduce_mean(data, axes, keepdims)

    def backward(dy):
        n = _elements_behind_one(data, y)
        return (_filled(_spread(dy, data.shape, axes, keepdims) / dy.dtype.type(n), data.shape),)

    return record(y, (x,), backward)


def _elements_behind_one(data, y):
    """How many elements of data each element of y is made of; 1 if there is nothing to divide (an empty batch)."""
    return data.size // y.size if data.size else 1


def prod(x, axis=None, keepdims=False, dtype=None):
    """Product over axes.

    dx_k = dy * product of all x_j with j != k, which is finite and right with zeros among the x too.
    """
    x = convert_to_tensor(x)
    if dtype is not None and x.dtype != np.dtype(dtype):
        x = _converted(x, dtype)
    data = x.data
    axes = check_axes("prod", axis, data.shape)
    y = np.asarray(np.prod(data, axis=axes, keepdims=keepdims, dtype=_sum_dtype(data.dtype)))

    def backward(dy):
        rows, restore = _reduced_axes_last(data, axes)
        before = np.cumprod(rows[..., :-1], axis=-1)
        after = np.cumprod(rows[..., :0:-1], axis=-1)[..., ::-1]
        others = np.ones_like(rows)
        others[..., 1:] *= before
        others[..., :-1] *= after
        return (_spread(dy, data.shape, axes, keepdims) * restore(others),)

    return record(y, (x,), backward)


def _reduced_axes_last(data, axes):
    """(array whose last axis runs over all reduced elements, function that undoes this)."""
    axes = tuple(range(data.ndim)) if axes is None else axes
    kept = [axis for axis in range(data.ndim) if axis not in axes]
    order = [*kept, *axes]
    moved = data.transpose(order)
    rows = moved.reshape([data.shape[axis] for axis in kept] + [-1 if data.size else math.prod(data.shape[a]
                                                                                               for a in axes)])
    return rows, lambda result: result.reshape(moved.shape).transpose(np.argsort(order))


def _converted(x, dtype):
    """x in another floating-point type, recorded; its gradient comes back in x's own type."""
    own = x.data.dtype
    return record(x.data.astype(dtype), (x,), lambda dy: (dy.astype(own),))


# --- extremes -------------------------------------------------------------------------------------------------------


def _extreme(operation, kernel_name, x, axis, keepdims, initial, choose):
    x = convert_to_tensor(x)
    data = x.data
    axes = check_axes(operation, axis, data.shape)
    count = data.size if axes is None else math.prod(data.shape[a] for a in axes)
    if count == 0 and initial is None:
        raise ValueError(
            f"{operation}: no elements to choose from. Got shape {data.shape}, axis={axis}. Pass initial=... for this "
            "case."
        )
    if not _has_kernel(data) or count == 0:
        y = np.asarray(getattr(np, operation)(data, axis=axes, keepdims=keepdims,
                                              **({} if initial is None else {"initial": initial})))
        return Tensor.wrap(y)
    y = extreme = getattr(kernels, kernel_name)(data, axes, keepdims)
    if initial is not None:
        y = choose(extreme, data.dtype.type(initial))

    def backward(dy):
        # Elements that share the extreme share its gradient equally.
        is_extreme = data == _spread(y, data.shape, axes, keepdims)
        ties = np.sum(is_extreme, axis=axes, keepdims=True, dtype=data.dtype)
        return (is_extreme * (_spread(dy, data.shape, axes, keepdims) / np.maximum(ties, 1)),)

    return record(y, (x,), backward)


def max(x, axis=None, keepdims=False, initial=None):
    """The largest element over axes; NaN wins. Equal largest elements share dy equally.

    Args:
        initial: A lower limit of the result, which is also the maximum of no elements.

    >>> max(Tensor([[1.0, 5.0], [3.0, 2.0]]), axis=1).numpy()
    array([5., 3.], dtype=float32)
    """
    return _extreme("max", "reduce_max", x, axis, keepdims, initial, np.maximum)


def min(x, axis=None, keepdims=False, initial=None):
    """The smallest element over axes; NaN wins. Equal smallest elements share dy equally.

    Args:
        initial: An upper limit of the result, which is also the minimum of no elements.
    """
    return _extreme("min", "reduce_min", x, axis, keepdims, initial, np.minimum)


def amax(x, axis=None, keepdims=False):
    """`max` under NumPy's other name."""
    return max(x, axis, keepdims)


def amin(x, axis=None, keepdims=False):
    """`min` under NumPy's other name."""
    return min(x, axis, keepdims)


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


# --- spread of values -----------------------------------------------------------------------------------------------


def var(x, axis=None, keepdims=False):
    """Variance over axes, mean((x - mean(x))^2), dividing by n.

    dx = dy * 2 (x - mean(x)) / n
    """
    x = _as_float(convert_to_tensor(x))
    axes = check_axes("var", axis, x.shape)
    deviation = x.data - kernels.reduce_mean(x.data, axes, True)
    y = kernels.reduce_mean(deviation * deviation, axes, keepdims)

    def backward(dy):
        n = _elements_behind_one(x.data, y)
        return (_spread(dy, x.data.shape, axes, keepdims) * dy.dtype.type(2 / n) * deviation,)

    return record(y, (x,), backward)


def std(x, axis=None, keepdims=False):
    """Standard deviation over axes, sqrt(var(x)).

    dx = dy * (x - mean(x)) / (n * std)
    """
    variance = var(x, axis, keepdims)
    y = np.sqrt(variance.data)

    def backward(dy):
        with np.errstate(divide="ignore", invalid="ignore"):  # no derivative where all elements are equal
            return (dy / (2 * y),)

    return record(y, (variance,), backward)


def moments(x, axes, keepdims=False, synchronized=False):
    """(mean, variance) over axes, each differentiable.

    Args:
        axes: Axes to reduce.
        synchronized: Only False: there are no replicas to synchronize.
    """
    if synchronized:
        raise ValueError("moments: synchronized=True is not supported: tinynet has no replicas to synchronize")
    x = convert_to_tensor(x)
    return mean(x, axes, keepdims), var(x, axes, keepdims)


def logsumexp(x, axis=None, keepdims=False):
    """log(sum(exp(x))) over axes, with the maximum taken out so that exp cannot overflow.

    dx = dy * softmax(x)
    """
    x = _as_float(convert_to_tensor(x))
    data = x.data
    axes = check_axes("logsumexp", axis, data.shape)
    largest = kernels.reduce_max(data, axes, True)
    shift = np.where(np.isfinite(largest), largest, data.dtype.type(0))
    exponentials = np.exp(data - shift)
    total = kernels.reduce_sum(exponentials, axes, True)
    with np.errstate(divide="ignore"):
        wide = np.log(total) + shift
    y = wide if keepdims else wide.reshape(kernels.reduce_sum(shift, axes, False).shape)

    def backward(dy):
        return (_spread(dy, data.shape, axes, keepdims) * (exponentials / total),)

    return record(y, (x,), backward)


def norm(x, ord=None, axis=None, keepdims=False):
    """Norm of vectors (one axis, or all axes with `ord=None`): (sum |x|^ord)^(1/ord).

    `ord` may be None or 'fro' (both: the root of the sum of squares, over any axes), 1, 2, any other positive number,
    inf (largest |x|), -inf (smallest |x|) or 0 (number of non-zero elements, without a gradient).

    Raises:
        ValueError: a matrix norm other than 'fro'.
    """
    x = _as_float(convert_to_tensor(x))
    data = x.data
    axes = check_axes("norm", axis, data.shape)
    one_axis = data.ndim == 1 if axes is None else len(axes) == 1
    if ord in (None, "fro") or ord == 2 and one_axis:
        y = np.sqrt(kernels.reduce_sum(data * data, axes, keepdims))

        def backward(dy):  # d|x|/dx = x / |x|
            with np.errstate(divide="ignore", invalid="ignore"):
                return (_spread(dy / y, data.shape, axes, keepdims) * data,)

        return record(y, (x,), backward)
    if isinstance(ord, str) or not one_axis:
        raise ValueError(
            f"norm: ord={ord!r} over axis={axis} of shape {data.shape} is not supported. Known: None and 'fro' over "
            "any axes, "
            "numbers over a single axis."
        )
    if ord == 0:
        return Tensor.wrap(np.asarray(np.sum(data != 0, axis=axes, keepdims=keepdims, dtype=data.dtype)))
    magnitude = record(np.abs(data), (x,), lambda dy: (dy * np.sign(data),))
    if ord == math.inf:
        return max(magnitude, axis, keepdims)
    if ord == -math.inf:
        return min(magnitude, axis, keepdims)
    if ord == 1:
        return sum(magnitude, axis, keepdims)
    size = magnitude.data
    y = kernels.reduce_sum(size**ord, axes, keepdims) ** data.dtype.type(1 / ord)

    def backward(dy):  # d|x|_p / d|x_i| = (|x_i| / |x|_p)^(p - 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            return (
                _spread(dy, data.shape, axes, keepdims) * (size / _spread(y, data.shape, axes, keepdims)) ** (ord - 1),
            )

    return record(y, (magnitude,), backward)


# --- truth values ---------------------------------------------------------------------------------------------------


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


# --- running sums and products --------------------------------------------------------------------------------------


def _running(operation, function, x, axis, dtype):
    """(x with one axis to run along, that axis, result)."""
    x = convert_to_tensor(x)
    if dtype is not None and x.dtype != np.dtype(dtype):
        x = _converted(x, dtype)
    if axis is None:
        shape = x.data.shape
        x, axis = record(x.data.reshape(-1), (x,), lambda dy: (dy.reshape(shape),)), 0
    axis = check_axes(operation, axis, x.data.shape)[0]
    return x, axis, function(x.data, axis=axis, dtype=_sum_dtype(x.data.dtype))


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
