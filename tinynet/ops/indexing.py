"""Elements selected by position, and replaced there: the gradient of one is the other.

An element that is selected twice gets the sum of both gradients.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.recording import converted, repeated
from ..core.types import Array, ShapeLike, TensorLike
from ..runtime import kernels
from ..tape import is_tracked, record, state
from ..tensor import Tensor, convert_to_tensor, to_array
from .arguments import index_type
from .formulas import moved, result_type, sum_to, wrap
from .recorded_gradients import masked, sum_like
from .shape import as_shape


def scatter_add(rows: Array, indices: Array, table_rows: int) -> Array:
    """Reference: zeros, with rows[i] added to row indices[i].

    np.add.at does the same with a loop over single elements; sorting first lets whole rows be added (10 times as fast).

    Args:
        rows: Shape (n, size).
        indices: Integers in [0, table_rows), shape (n,).
        table_rows: Rows of the result.

    Returns:
        Array, shape (table_rows, size).
    """
    y = np.zeros((table_rows, rows.shape[1]), rows.dtype)
    if indices.size and y.size:
        order = np.argsort(indices, kind="stable")
        in_order = indices[order]
        starts = np.flatnonzero(np.r_[True, in_order[1:] != in_order[:-1]])
        y[in_order[starts]] = np.add.reduceat(rows[order], starts, axis=0)
    return y


def added_rows(shape: tuple[int, ...], indices: Array, rows: Array) -> Array:
    """Zeros of `shape`, with rows[i] added to row indices[i], for rows of any rank and element type.

    Args:
        shape: Of the result.
        indices: Integers in [0, shape[0]), shape (n,).
        rows: Shape (n, *shape[1:]).
    """
    compute = kernels.scatter_add if rows.dtype in (np.float32, np.float64) else scatter_add
    flat = rows.reshape(len(rows), math.prod(shape[1:]))
    return compute(flat, converted(indices, np.int64), shape[0]).reshape(shape)


def _plain_key(key):
    """An index without Tensors and lists, and whether it is basic: only numbers, slices, None and an ellipsis."""
    if type(key) is int or type(key) is builtins.slice:
        return key, True
    parts = key if isinstance(key, tuple) else (key,)
    parts = tuple(to_array(part) if isinstance(part, (Tensor, np.ndarray, list)) else part for part in parts)
    # an empty list is an array of floats to NumPy
    parts = tuple(part.astype(np.intp) if isinstance(part, np.ndarray) and part.size == 0
                  and part.dtype.kind == "f" else part
                  for part in parts)
    parts = tuple(_plain_slice(part) if isinstance(part, builtins.slice) else part for part in parts)
    return parts, not any(isinstance(part, (np.ndarray, bool, np.bool_)) for part in parts)


def _plain_slice(part):
    return builtins.slice(*(int(n) if isinstance(n, Tensor) else n for n in (part.start, part.stop, part.step)))


def get_item(x: TensorLike, key: Any) -> Tensor:
    """x[key], with everything NumPy takes as an index.

    Args:
        x: Tensor.
        key: Numbers, slices, None, an ellipsis, arrays of numbers or of booleans; a tuple of them for several axes.

    Returns:
        Tensor, of the shape that NumPy's indexing gives.

    Raises:
        IndexError: an index is outside its axis, or there are more indices than axes.

    >>> get_item(Tensor([[1, 2], [3, 4]]), (..., 0)).numpy()
    array([1, 3], dtype=int32)
    """
    x = convert_to_tensor(x)
    key, basic = _plain_key(key)

    def inverse(dy, a):
        dx = np.zeros_like(a)
        if basic:
            dx[key] = dy
        else:
            np.add.at(dx, key, dy)
        return dx

    return moved(x, lambda a: a[key], inverse)


def take(x: TensorLike, indices: TensorLike, axis: int | None = None) -> Tensor:
    """The slices at `indices` along an axis.

    Args:
        x: Tensor.
        indices: Integers, of any shape, which replaces the axis in the result. Negative ones count from the end.
        axis: Along which axis; of the flattened x if None.

    Returns:
        Tensor, shape x.shape[:axis] + indices.shape + x.shape[axis + 1:].

    Raises:
        IndexError: an index is outside the axis.

    >>> take(Tensor([10, 20, 30]), [[0, 2]]).numpy()
    array([[10, 30]], dtype=int32)
    """
    x = convert_to_tensor(x)
    indices = converted(to_array(indices), np.intp)

    def inverse(dy, a):
        along = 0 if axis is None else axis % a.ndim
        moved_shape = (a.size,) if axis is None else (a.shape[along], *a.shape[:along], *a.shape[along + 1:])
        # the axes of `indices` to the front, as one
        rows = np.moveaxis(dy, range(along, along + indices.ndim), range(indices.ndim)).reshape(indices.size,
                                                                                                *moved_shape[1:])
        flat = np.where(indices < 0, indices + moved_shape[0], indices).ravel()
        dx = added_rows(moved_shape, flat, rows)
        return dx.reshape(a.shape) if axis is None else np.moveaxis(dx, 0, along)

    return moved(x, lambda a: np.take(a, indices, axis), inverse)


def take_along_axis(x: TensorLike, indices: TensorLike, axis: int | None = None) -> Tensor:
    """For each row along an axis, the elements at the indices in the same row of `indices`; it applies an argsort.

    Args:
        x: Tensor.
        indices: Integers, shaped as x except along the axis; other axes of length 1 are broadcast.
        axis: Along which axis; x is flattened if None.

    Returns:
        Tensor, shaped like `indices`.

    Raises:
        IndexError: an index is outside the axis.
        ValueError: the shapes do not fit.

    >>> take_along_axis([[10, 20, 30]], [[2, 0]], axis=1).numpy()
    array([[30, 10]], dtype=int32)
    """
    x = convert_to_tensor(x)
    indices = to_array(indices)

    def inverse(dy, a):
        origin = np.take_along_axis(np.arange(a.size).reshape(a.shape), indices, axis)
        return np.bincount(origin.ravel(), dy.ravel(), a.size).reshape(a.shape)

    return moved(x, lambda a: np.take_along_axis(a, indices, axis), inverse)


def where(condition: TensorLike, x1: TensorLike = None, x2: TensorLike = None) -> Any:
    """x1 where the condition is true, x2 elsewhere.

    Args:
        condition: Tensor of booleans.
        x1, x2: Tensors or numbers, broadcast against the condition and each other. Without both, the positions of what
            is true are returned, as by `nonzero`.

    Returns:
        Tensor of the broadcast shape; or a tuple of Tensors of indices.

    Raises:
        ValueError: only one of x1 and x2 is given, or the shapes do not broadcast.

    >>> where(Tensor([True, False]), Tensor([1.0, 2.0]), 0.0).numpy()
    array([1., 0.], dtype=float32)
    """
    condition = to_array(condition)
    if x1 is None and x2 is None:
        return nonzero(condition)
    if x1 is None or x2 is None:
        raise ValueError("where: only one of x1 and x2 is given. Pass both, or none for the positions of what is true")
    dtype = result_type(x1, x2)
    a, b = converted(to_array(x1), dtype), converted(to_array(x2), dtype)
    condition = converted(condition, bool)
    wide = np.broadcast_shapes(condition.shape, a.shape, b.shape)
    y = repeated(lambda *parts: np.ascontiguousarray(np.where(*parts)).reshape(wide), condition, a, b)
    if not state.tapes:
        return wrap(y)
    like1 = x1.data if isinstance(x1, Tensor) and is_tracked(x1) else None
    like2 = x2.data if isinstance(x2, Tensor) and is_tracked(x2) else None

    def backward(dy):
        return (
            None if like1 is None else sum_to(repeated(np.where, condition, dy, dy.dtype.type(0)), like1),
            None if like2 is None else sum_to(repeated(np.where, condition, dy.dtype.type(0), dy), like2),
        )

    def differentiable(dy, y):
        mask = np.broadcast_to(condition, y.data.shape)
        return (
            None if like1 is None else sum_like(masked(dy, mask), like1),
            None if like2 is None else sum_like(masked(dy, ~mask), like2),
        )

    return record(y, (x1, x2), backward, differentiable)


def select(condlist: Sequence[TensorLike], choicelist: Sequence[TensorLike], default: TensorLike = 0) -> Tensor:
    """For each element the choice that belongs to the first condition that is true.

    Args:
        condlist: Tensors of booleans.
        choicelist: As many tensors or numbers.
        default: For elements where no condition is true.

    Returns:
        Tensor of the broadcast shape.

    Raises:
        ValueError: there are not as many choices as conditions, or the shapes do not broadcast.

    >>> select([[True, False], [True, True]], [1, 2]).numpy()
    array([1, 2], dtype=int32)
    """
    y = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        y = where(condition, choice, y)
    return y


def nonzero(x: TensorLike) -> tuple[Tensor, ...]:
    """The positions of the elements that are not 0.

    Args:
        x: Tensor.

    Returns:
        One Tensor of indices (int32) an axis, each of shape (number of elements that are not 0,).

    >>> [part.tolist() for part in nonzero([[0, 5], [6, 0]])]
    [[0, 1], [1, 0]]
    """
    x = to_array(x)
    return tuple(Tensor(part.astype(index_type(n))) for part, n in zip(np.nonzero(x), x.shape, strict=True))


def slice(inputs: TensorLike, start_indices: Any, shape: ShapeLike) -> Tensor:
    """A block of a tensor.

    Args:
        inputs: Tensor.
        start_indices: Where the block begins, one index an axis. It is moved inwards as far as it needs to be inside.
        shape: Of the block.

    Returns:
        Tensor of that shape.

    Raises:
        ValueError: there is not one number for each axis.

    >>> slice(np.arange(5), [1], [3]).numpy()
    array([1, 2, 3])
    """
    inputs = convert_to_tensor(inputs)
    return get_item(inputs, _block(inputs.data, start_indices, shape))


def slice_update(inputs: TensorLike, start_indices: Any, updates: TensorLike) -> Tensor:
    """A tensor with one block replaced.

    Args:
        inputs: Tensor.
        start_indices: Where the block begins, one index an axis, as for `slice`.
        updates: The new values, as a Tensor of the block's shape.

    Returns:
        Tensor, shaped like `inputs`.

    Raises:
        ValueError: there is not one number for each axis.

    >>> slice_update([1, 2, 3, 4], [1], [8, 9]).tolist()
    [1, 8, 9, 4]
    """
    inputs, updates = convert_to_tensor(inputs), convert_to_tensor(updates)
    return put(inputs, _block(inputs.data, start_indices, updates.shape), updates)


def _block(a, start_indices, shape):
    starts = as_shape(start_indices)
    lengths = as_shape(shape)
    if not len(starts) == len(lengths) == a.ndim:
        raise ValueError(
            f"slice: start_indices {starts} and shape {lengths} must have one number for each axis of {a.shape}"
        )
    starts = [max(0, min(start, n - length)) for start, length, n in zip(starts, lengths, a.shape, strict=True)]
    return tuple(builtins.slice(start, start + length) for start, length in zip(starts, lengths, strict=True))


def put(x: Tensor, key: Any, updates: Tensor) -> Tensor:
    """x with x[key] replaced by `updates`; no element may be named twice.

    Args:
        x: Tensor.
        key: An index without Tensors, as for `get_item`.
        updates: Tensor that broadcasts to x[key].

    Returns:
        Tensor, shaped like `x`.
    """
    y = x.data.copy()
    y[key] = updates.data
    if not state.tapes:
        return wrap(y)

    def backward(dy):
        dx = dy.copy()
        dx[key] = 0
        return dx, sum_to(np.ascontiguousarray(dy[key]), updates.data)

    def differentiable(dy, y):
        replaced = np.zeros(y.data.shape, bool)
        replaced[key] = True
        return masked(dy, ~replaced), sum_like(get_item(dy, key), updates)

    return record(y, (x, updates), backward, differentiable)
