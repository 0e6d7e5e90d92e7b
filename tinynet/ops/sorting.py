"""Sorting, searching and counting; differences and integrals along an axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..config import floatx
from ..core.types import TensorLike
from ..tensor import Tensor, convert_to_tensor, to_array
from .arguments import check_not_sparse, index_type
from .formulas import wrap
from .indexing import get_item, take_along_axis
from .shape import moveaxis
from .tensor_products import einsum


def sort(x: TensorLike, axis: int | None = -1) -> Tensor:
    """The elements along an axis from small to large; NaN comes last.

    Gradient: dy of each element goes to where the element was in x.

    Args:
        x: Tensor.
        axis: Along which axis; x is flattened if None.

    Returns:
        Tensor, shaped like `x`.

    >>> sort([3, 1, 2]).numpy()
    array([1, 2, 3], dtype=int32)
    """
    return take_along_axis(x, np.argsort(to_array(x), axis, kind="stable"), axis)


def argsort(x: TensorLike, axis: int | None = -1) -> Tensor:
    """The indices that sort along an axis. Equal elements keep their order.

    Args:
        x: Tensor.
        axis: Along which axis; x is flattened if None.

    Returns:
        Tensor (int32), shaped like `x`.

    >>> argsort([3, 1, 2]).numpy()
    array([1, 2, 0], dtype=int32)
    """
    return _positions(np.argsort(to_array(x), axis, kind="stable"))


def _positions(order):
    """Indices among as many elements as there are of them, as a Tensor."""
    return wrap(np.ascontiguousarray(order, index_type(order.size)))


def argpartition(x: TensorLike, kth: int, axis: int | None = -1) -> Tensor:
    """Indices that put the kth smallest element at index k, smaller ones before it and larger ones after it.

    Args:
        x: Tensor.
        kth: Which element, from 0.
        axis: Along which axis; x is flattened if None.

    Returns:
        Tensor (int32), shaped like `x`.

    Raises:
        ValueError: there is no kth element.

    >>> argpartition([4, 1, 3], 1).numpy()
    array([1, 2, 0], dtype=int32)
    """
    return _positions(np.argpartition(to_array(x), kth, axis))


def top_k(x: TensorLike, k: int, sorted: bool = True) -> tuple[Tensor, Tensor]:
    """The k largest elements along the last axis, and their indices; of equal ones the first.

    Args:
        x: Tensor, shape (..., n).
        k: How many.
        sorted: Accepted for compatibility; the result is always sorted, the largest first.

    Returns:
        (values, indices (int32)), Tensors of shape (..., k).

    Raises:
        ValueError: k is negative or above n.

    >>> values, indices = top_k([1.0, 3.0, 2.0], 2)
    >>> indices.numpy()
    array([1, 2], dtype=int32)
    """
    x = convert_to_tensor(x)
    if not 0 <= k <= x.shape[-1]:
        raise ValueError(f"top_k: k must be from 0 to {x.shape[-1]}, the length of the last axis of {x.shape}, got {k}")
    # Stable from the end of the reversed row, so that the first of equal elements comes first.
    order = x.shape[-1] - 1 - np.argsort(x.data[..., ::-1], -1, kind="stable")
    indices = np.ascontiguousarray(order[..., ::-1][..., :k], index_type(x.shape[-1]))
    return take_along_axis(x, indices, -1), wrap(indices)


def in_top_k(targets: TensorLike, predictions: TensorLike, k: int) -> Tensor:
    """Whether each target class is among the k with the largest predictions; equal ones count as in.

    Args:
        targets: Integers, shape (batch,).
        predictions: Shape (batch, classes).
        k: How many.

    Returns:
        Tensor of booleans, shape (batch,).

    >>> in_top_k([0, 1], [[0.9, 0.1], [0.8, 0.2]], 1).numpy()
    array([ True, False])
    """
    targets, predictions = to_array(targets), to_array(predictions)
    inside = (targets >= 0) & (targets < predictions.shape[-1])
    own = np.take_along_axis(predictions, np.where(inside, targets, 0)[..., None], -1)
    return wrap(np.asarray(((predictions > own).sum(-1) < k) & inside & np.isfinite(own[..., 0])))


def unique(
    x: TensorLike, sorted: bool = True, return_index: bool = False, return_inverse: bool = False,
    return_counts: bool = False, axis: int | None = None, size: int | None = None, fill_value: Any = None,
) -> Any:
    """The different elements (or slices along `axis`), from small to large.

    Args:
        x: Tensor.
        sorted: Accepted for compatibility; the result is always sorted.
        return_index: Also return the first index of each.
        return_inverse: Also return, for each element of x, its index in the result.
        return_counts: Also return how often each occurs.
        axis: Along which axis; x is flattened if None.
        size: Cut, or fill up, to this number.
        fill_value: What to fill up with; the smallest element if None.

    Returns:
        Tensor of the values; or a tuple of it and what else is returned (int32), in the order of the arguments.

    >>> values, counts = unique([3, 1, 3], return_counts=True)
    >>> values.numpy(), counts.numpy()
    (array([1, 3], dtype=int32), array([1, 2], dtype=int32))
    """
    # NumPy's hints list every combination of True and False.
    found: Any = np.unique(  # type: ignore[call-overload]
        to_array(x), return_index, return_inverse, return_counts, axis=axis
    )
    parts = found if isinstance(found, tuple) else (found,)
    values, rest = parts[0], [np.asarray(part, index_type(np.size(x))) for part in parts[1:]]
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


def searchsorted(sorted_sequence: TensorLike, values: TensorLike, side: str = "left") -> Tensor:
    """The index at which each value would have to be inserted to keep a sequence sorted.

    Args:
        sorted_sequence: Tensor, shape (n,), from small to large.
        values: Tensor.
        side: 'left' for before equal elements, 'right' for after them.

    Returns:
        Tensor (int32), shaped like `values`.

    Raises:
        ValueError: `side` is neither.

    >>> searchsorted([1, 3, 5], [3, 4]).numpy()
    array([1, 2], dtype=int32)
    """
    # NumPy's hints list the sides.
    indices = np.searchsorted(to_array(sorted_sequence), to_array(values), side)  # type: ignore[call-overload]
    return wrap(np.asarray(indices, index_type(np.size(sorted_sequence))))


def digitize(x: TensorLike, bins: TensorLike) -> Tensor:
    """The number of the bin, from 0, that holds each element: bins[i-1] <= x < bins[i].

    Args:
        x: Tensor.
        bins: The limits of the bins, in order.

    Returns:
        Tensor (int32), shaped like `x`.

    Raises:
        ValueError: the limits are not in order.

    >>> digitize([0.5, 1.5, 9.0], [1.0, 2.0]).numpy()
    array([0, 1, 2], dtype=int32)
    """
    return wrap(np.asarray(np.digitize(to_array(x), to_array(bins)), np.int32))


def bincount(
    x: TensorLike, weights: TensorLike = None, minlength: int = 0, sparse: bool = False
) -> Tensor:
    """How often each number from 0 occurs.

    Args:
        x: Integers of at least 0, shape (n,), or (rows, n) to count in each row.
        weights: Shaped as x: count each element with its weight; 1 if None.
        minlength: The smallest length of the result.
        sparse: Must be False: there are no sparse tensors.

    Returns:
        Tensor, shape (length,) or (rows, length), with length the largest number plus 1, or `minlength`; int32, or
        of the type of the weights.

    Raises:
        ValueError: `sparse` is true, or a number is negative.

    >>> bincount([1, 1, 3]).numpy()
    array([0, 2, 0, 1], dtype=int32)
    """
    check_not_sparse("bincount", sparse)
    x = to_array(x)
    weights = None if weights is None else to_array(weights)
    dtype = index_type(x.size) if weights is None else weights.dtype
    if x.ndim == 1:
        return wrap(np.bincount(x, weights, minlength).astype(dtype))
    length = max(int(x.max(initial=-1)) + 1, minlength)
    rows = [np.bincount(row, None if weights is None else weights[i], length) for i, row in enumerate(x)]
    return wrap(np.array(rows, dtype).reshape(len(x), length))


def histogram(x: TensorLike, bins: Any = 10, range: tuple[float, float] | None = None) -> tuple[Tensor, Tensor]:
    """How many elements lie in each bin, and the limits of the bins.

    Args:
        x: Tensor.
        bins: The number of equally wide bins; or their limits.
        range: (lowest, highest): what the bins cover; from the smallest to the largest element if None.

    Returns:
        (counts (int32), limits): shapes (bins,) and (bins + 1,).

    Raises:
        ValueError: the limits are not in order.

    >>> histogram([0.0, 1.0, 1.0, 2.0], bins=2)[0].numpy()
    array([1, 3], dtype=int32)
    """
    a = to_array(x)
    counts, edges = np.histogram(a, bins if isinstance(bins, int) else to_array(bins), range)
    return wrap(counts.astype(index_type(a.size))), wrap(edges.astype(a.dtype if a.dtype.kind == "f" else floatx()))


def isin(x1: TensorLike, x2: TensorLike, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Whether each element of x1 occurs in x2.

    Args:
        x1, x2: Tensors.
        assume_unique: No element occurs twice, neither in x1 nor in x2, which is faster.
        invert: Whether it does not occur.

    Returns:
        Tensor of booleans, shaped like `x1`.

    >>> isin([1, 2, 3], [3, 1]).tolist()
    [True, False, True]
    """
    return wrap(np.asarray(np.isin(to_array(x1), to_array(x2), assume_unique, invert)))


def unravel_index(indices: TensorLike, shape: Any) -> tuple[Tensor, ...]:
    """From indices into the flattened tensor to one index an axis.

    Args:
        indices: Integers.
        shape: Of the tensor.

    Returns:
        One Tensor (int32) an axis, shaped like `indices`.

    Raises:
        ValueError: an index is outside the tensor.

    >>> [part.tolist() for part in unravel_index([3, 4], (2, 3))]
    [[1, 1], [0, 1]]
    """
    dtype = index_type(np.max(shape, initial=0))
    return tuple(wrap(np.asarray(part, dtype)) for part in np.unravel_index(to_array(indices), shape))


def diff(a: TensorLike, n: int = 1, axis: int = -1) -> Tensor:
    """The differences between neighbours along an axis.

    Args:
        a: Tensor.
        n: How many times over.
        axis: Along which axis.

    Returns:
        Tensor, shape of `a`, but shorter by n along the axis.

    >>> diff([1, 4, 9]).numpy()
    array([3, 5], dtype=int32)
    """
    a = convert_to_tensor(a)
    for _ in range(n):
        before = (slice(None),) * (axis % a.ndim)
        a = get_item(a, (*before, slice(1, None))) - get_item(a, (*before, slice(None, -1)))
    return a


def trapezoid(y: TensorLike, x: TensorLike = None, dx: float = 1.0, axis: int = -1) -> Tensor:
    """The integral of y over x by the trapezoidal rule.

    Args:
        y: Tensor.
        x: The points to which the values belong; points at distances of `dx` if None.
        dx: The distance between neighbouring points.
        axis: Along which axis of y.

    Returns:
        Tensor, shape of `y` without the axis.

    >>> float(trapezoid([0.0, 1.0, 2.0]))
    2.0
    """
    y = moveaxis(y, axis, -1)
    middle = (y[..., 1:] + y[..., :-1]) * 0.5
    if x is None:
        return einsum("...i->...", middle * dx)
    x = convert_to_tensor(x)
    return einsum("...i->...", middle * diff(x if x.ndim == 1 else moveaxis(x, axis, -1)))
