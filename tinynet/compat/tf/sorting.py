"""TensorFlow's functions around order: `tf.sort`, `tf.unique`, `tf.searchsorted`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ... import ops
from ...core.types import DTypeLike, TensorLike
from ...string_tensor import StringTensor, is_text
from ...tensor import Tensor, to_array
from .arguments import as_axis, check_choice
from .reductions import _tensor


def sort(values: TensorLike, axis: int = -1, direction: str = "ASCENDING", name: str | None = None) -> Tensor:
    """Sort along an axis.

    Args:
        values: Tensor.
        axis: The axis.
        direction: "ASCENDING" or "DESCENDING".
        name: TensorFlow's, without effect.

    Returns:
        Tensor, shaped like `values`.

    Raises:
        ValueError: another direction.

    >>> sort([2, 3, 1], direction="DESCENDING").tolist()
    [3, 2, 1]
    """
    check_choice("sort", "direction", direction, ("ASCENDING", "DESCENDING"))
    ordered = ops.sort(values, as_axis(axis))
    return ordered if direction == "ASCENDING" else ops.flip(ordered, as_axis(axis))


def argsort(values: TensorLike, axis: int = -1, direction: str = "ASCENDING", stable: bool = False,
            name: str | None = None) -> Tensor:
    """Return the indices of the elements in sorted order along an axis; equal elements keep their order.

    Args:
        values: Tensor.
        axis: The axis.
        direction: "ASCENDING" or "DESCENDING".
        stable: Whether equal elements must keep their order; they always do.
        name: TensorFlow's, without effect.

    Raises:
        ValueError: another direction.

    >>> argsort([2, 3, 1]).tolist(), argsort(np.array([0, 2, 2], "uint8"), direction="DESCENDING").tolist()
    ([2, 0, 1], [1, 2, 0])
    """
    check_choice("argsort", "direction", direction, ("ASCENDING", "DESCENDING"))
    values, axis = _tensor(values), as_axis(axis)
    if direction == "ASCENDING":
        return ops.argsort(values, axis)
    # The ascending order from the other end: the last of equal elements is its first.
    order = ops.argsort(ops.flip(values, axis), axis)
    return ops.flip((values.shape[axis] - 1) - order, axis)


class Unique(NamedTuple):
    """What `tf.unique` returns."""

    y: Tensor
    idx: Tensor


class UniqueWithCounts(NamedTuple):
    """What `tf.unique_with_counts` returns."""

    y: Tensor
    idx: Tensor
    count: Tensor  # type: ignore[assignment]  # TensorFlow's name, which hides tuple.count


def unique_with_counts(x: TensorLike, out_idx: DTypeLike = "int32", name: str | None = None) -> UniqueWithCounts:
    """Return the different elements in the order in which they first occur.

    Args:
        x: Shape (n,).
        out_idx: Element type of the indices and counts.
        name: TensorFlow's, without effect.

    Returns:
        (the different elements, for each element of x its index among them, how often each occurs).

    Raises:
        ValueError: x has another number of axes.

    >>> y, idx, count = unique_with_counts([7, 3, 7])
    >>> y.tolist(), idx.tolist(), count.tolist()
    ([7, 3], [0, 1, 0], [2, 1])
    """
    array = StringTensor(x).data if is_text(x) else to_array(x)
    if array.ndim != 1:
        raise ValueError(f"tf.unique: x must have one axis, got shape {array.shape}; use tf.reshape(x, [-1])")
    values, first, inverse, counts = np.unique(array, return_index=True, return_inverse=True, return_counts=True)
    order = np.argsort(first)
    position = np.empty(len(order), np.int64)
    position[order] = np.arange(len(order))
    found = values[order]
    y = StringTensor.wrap(found) if found.dtype.kind == "O" else Tensor(found)
    return UniqueWithCounts(y, Tensor(position[inverse.reshape(-1)].astype(out_idx)), Tensor(counts[order].astype(
        out_idx)))


def unique(x: TensorLike, out_idx: DTypeLike = "int32", name: str | None = None) -> Unique:
    """Return the different elements in the order in which they first occur; arguments as for `unique_with_counts`.

    Args:
        x: A vector.
        out_idx: Element type of the indices.

    Returns:
        (the different elements, for each element of x its index among them).

    >>> values, indices = unique([5, 7, 5])
    >>> values.tolist(), indices.tolist()
    ([5, 7], [0, 1, 0])
    """
    return Unique(*unique_with_counts(x, out_idx)[:2])


def searchsorted(sorted_sequence: TensorLike, values: TensorLike, side: Any = "left", out_type: DTypeLike = "int32",
                 name: str | None = None) -> Tensor:
    """Return at which index of a sorted sequence each value belongs.

    Args:
        sorted_sequence: Shape (..., n): along the last axis from small to large.
        values: Shape (..., m), with the same leading axes.
        side: 'left' for the first index where it could stand, 'right' for the last.
        out_type: Element type of the indices.
        name: TensorFlow's, without effect.

    Raises:
        ValueError: another side, or other leading axes.

    >>> searchsorted([[1, 3], [2, 4]], [[3], [3]]).tolist()
    [[1], [1]]
    """
    check_choice("searchsorted", "side", side, ("left", "right"))
    sequences, wanted = to_array(sorted_sequence), to_array(values)
    if sequences.ndim == 1:
        return Tensor(np.asarray(np.searchsorted(sequences, wanted, side), out_type))
    if sequences.shape[:-1] != wanted.shape[:-1]:
        raise ValueError(f"tf.searchsorted: sorted_sequence {sequences.shape} and values {wanted.shape} must have the "
                         "same leading axes")
    rows = zip(sequences.reshape(-1, sequences.shape[-1]), wanted.reshape(-1, wanted.shape[-1]), strict=True)
    found = [np.searchsorted(sequence, row, side) for sequence, row in rows]
    return Tensor(np.array(found, out_type).reshape(wanted.shape))
