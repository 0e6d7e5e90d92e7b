"""Order: sorting, searching, counting; sums and differences along an axis."""

import numpy as np

from ..config import floatx
from ..tensor import convert_to_tensor, to_array
from .arguments import check_not_sparse
from .formulas import wrap
from .indexing import get_item, take_along_axis
from .shape import moveaxis
from .tensor_products import einsum


def sort(x, axis=-1):
    """The elements along an axis from small to large. The gradient goes back to where each came from."""
    return take_along_axis(x, np.argsort(to_array(x), axis, kind="stable"), axis)


def argsort(x, axis=-1):
    """The indices that sort along an axis; of the flattened x if it is None. Equal elements keep their order."""
    return wrap(np.ascontiguousarray(np.argsort(to_array(x), axis, kind="stable"), np.int32))


def argpartition(x, kth, axis=-1):
    """Indices that put the kth smallest element at its place, smaller ones before, larger ones after it."""
    return wrap(np.ascontiguousarray(np.argpartition(to_array(x), kth, axis), np.int32))


def top_k(x, k, sorted=True):  # noqa: A002, as Keras names it
    """The k largest elements along the last axis, and their indices; of equal ones the first.

    >>> values, indices = top_k([1.0, 3.0, 2.0], 2)
    >>> indices.numpy()
    array([1, 2], dtype=int32)
    """
    x = convert_to_tensor(x)
    if not 0 <= k <= x.shape[-1]:
        raise ValueError(f"top_k: k must be from 0 to {x.shape[-1]}, the length of the last axis of {x.shape}, got {k}")
    # Stable from the end of the reversed row, so that the first of equal elements comes first.
    order = x.shape[-1] - 1 - np.argsort(x.data[..., ::-1], -1, kind="stable")
    indices = np.ascontiguousarray(order[..., ::-1][..., :k], np.int32)
    return take_along_axis(x, indices, -1), wrap(indices)


def in_top_k(targets, predictions, k):
    """Whether each target class is among the k with the largest predictions (equal ones count as in).

    Args:
        targets: Integers, shape (batch,).
        predictions: Shape (batch, classes).
        k: How many.
    """
    targets, predictions = to_array(targets), to_array(predictions)
    inside = (targets >= 0) & (targets < predictions.shape[-1])
    own = np.take_along_axis(predictions, np.where(inside, targets, 0)[..., None], -1)
    return wrap(np.asarray(((predictions > own).sum(-1) < k) & inside & np.isfinite(own[..., 0])))


def unique(x, sorted=True, return_index=False, return_inverse=False, return_counts=False, axis=None,  # noqa: A002
           size=None, fill_value=None):
    """The different elements (or slices along `axis`), from small to large.

    Args:
        x: Tensor.
        sorted: Accepted for compatibility; the result is always sorted.
        return_index: Also return where each stands first.
        return_inverse: Also return, for each element of x, its index in the result.
        return_counts: Also return how often each occurs.
        axis: Along which axis; x is flattened if None.
        size: Cut, or fill up, to this number.
        fill_value: What to fill up with; the smallest element if None.
    """
    found = np.unique(to_array(x), return_index, return_inverse, return_counts, axis=axis)
    parts = found if isinstance(found, tuple) else (found,)
    values, rest = parts[0], [np.asarray(part, np.int32) for part in parts[1:]]
    if size is not None:
        along = 0 if axis is None else axis
        missing = size - values.shape[along]
        if missing <= 0:
            values = np.take(values, np.arange(size), along)
        else:
            extra = np.repeat(np.take(values, [0], along), missing, along)
            values = np.concatenate([values, extra if fill_value is None else np.full_like(extra, fill_value)], along)
    results = (wrap(np.ascontiguousarray(values)), *(wrap(np.ascontiguousarray(part)) for part in rest))
    return results if len(results) > 1 else results[0]


def searchsorted(sorted_sequence, values, side="left"):
    """Where each value would have to be inserted to keep the sequence sorted:
    before equal ones ('left') or after ('right').
    """
    return wrap(np.asarray(np.searchsorted(to_array(sorted_sequence), to_array(values), side), np.int32))


def digitize(x, bins):
    """The number of the bin, from 0, in which each element lies: bins[i-1] <= x < bins[i]."""
    return wrap(np.asarray(np.digitize(to_array(x), to_array(bins)), np.int32))


def bincount(x, weights=None, minlength=0, sparse=False):
    """How often 0, 1, 2, ... occur (or the sum of their weights), along the last axis.

    Args:
        x: Integers, none negative, shape (n,) or (batch, n).
        weights: Shaped as x.
        minlength: The least length of the result.
        sparse: There are no sparse tensors here: must be False.
    """
    check_not_sparse("bincount", sparse)
    x = to_array(x)
    weights = None if weights is None else to_array(weights)
    dtype = np.int32 if weights is None else weights.dtype
    if x.ndim == 1:
        return wrap(np.bincount(x, weights, minlength).astype(dtype))
    length = max(int(x.max(initial=-1)) + 1, minlength)
    rows = [np.bincount(row, None if weights is None else weights[i], length) for i, row in enumerate(x)]
    return wrap(np.array(rows, dtype).reshape(len(x), length))


def histogram(x, bins=10, range=None):  # noqa: A002, as Keras names it
    """How many elements lie in each of `bins` equal parts of `range` (or of all there are),
    and the edges of the parts.
    """
    a = to_array(x)
    counts, edges = np.histogram(a, bins if isinstance(bins, int) else to_array(bins), range)
    return wrap(counts.astype(np.int32)), wrap(edges.astype(a.dtype if a.dtype.kind == "f" else floatx()))


def isin(x1, x2, assume_unique=False, invert=False):
    """Whether each element of x1 is somewhere in x2 (is not, if `invert`)."""
    return wrap(np.asarray(np.isin(to_array(x1), to_array(x2), assume_unique, invert)))


def unravel_index(indices, shape):
    """From positions in the flattened tensor to one index an axis."""
    return tuple(wrap(np.asarray(part, np.int32)) for part in np.unravel_index(to_array(indices), shape))


def diff(a, n=1, axis=-1):
    """The differences between neighbours along an axis, n times over."""
    a = convert_to_tensor(a)
    for _ in range(n):
        before = (slice(None),) * (axis % a.ndim)
        a = get_item(a, (*before, slice(1, None))) - get_item(a, (*before, slice(None, -1)))
    return a


def trapezoid(y, x=None, dx=1.0, axis=-1):
    """The integral of y over x by the trapezoidal rule.

    Args:
        y: Tensor.
        x: Where the values stand; at equal distances `dx` if None.
        dx: Their distance.
        axis: Along which axis of y.
    """
    y = moveaxis(y, axis, -1)
    middle = (y[..., 1:] + y[..., :-1]) * 0.5
    if x is None:
        return einsum("...i->...", middle * dx)
    x = convert_to_tensor(x)
    return einsum("...i->...", middle * diff(x if x.ndim == 1 else moveaxis(x, axis, -1)))
