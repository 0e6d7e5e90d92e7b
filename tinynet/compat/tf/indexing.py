"""TensorFlow's functions that select elements by position, and write them: `tf.gather`, `tf.slice`, `tf.scatter_nd`.

An index outside its axis is an error, and negative ones do not count from the end, as in TensorFlow.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import ops
from ...core.types import ShapeLike, TensorLike
from ...ops.shape import as_shape
from ...tensor import Tensor, convert_to_tensor, numbers_of, to_array
from .arguments import check_indices
from .reductions import _tensor

# -- selecting ------------------------------------------------------------------------------------------------------


def _batch_positions(title, batch_dims, params, indices_shape, ndim):
    """For each of the leading axes that params and indices share, its positions as an array of `ndim` axes."""
    if not 0 <= batch_dims <= min(params.ndim, len(indices_shape)) or (
            tuple(params.shape[:batch_dims]) != tuple(indices_shape[:batch_dims])):
        raise ValueError(f"tf.{title}: params {tuple(params.shape)} and indices {tuple(indices_shape)} do not share "
                         f"batch_dims={batch_dims} leading axes")
    return [np.arange(params.shape[axis]).reshape([-1 if each == axis else 1 for each in range(ndim)])
            for axis in range(batch_dims)]


def gather(params: TensorLike, indices: TensorLike, validate_indices: bool | None = None, axis: int | None = None,
           batch_dims: int = 0, name: str | None = None) -> Tensor:
    """Return the slices of `params` at `indices` along an axis.

    Args:
        params: Tensor.
        indices: Whole numbers, any shape.
        validate_indices: TensorFlow's, without effect: indices are always checked.
        axis: The axis; the first after the batch if None.
        batch_dims: How many leading axes params and indices share: sample n of the indices selects from sample n.
        name: TensorFlow's, without effect.

    Returns:
        Tensor, shape params.shape[:axis] + indices.shape[batch_dims:] + params.shape[axis + 1:].

    Raises:
        IndexError: an index is outside the axis.
        ValueError: `axis` comes before the batch's axes, or the batches differ.

    >>> gather([10, 20, 30], [2, 0]).tolist(), gather([[1, 2], [3, 4]], [1, 0], batch_dims=1, axis=1).tolist()
    ([30, 10], [2, 3])
    """
    params = convert_to_tensor(params)
    batch_dims = int(to_array(batch_dims))
    if batch_dims < 0:
        batch_dims += np.ndim(to_array(indices))
    axis = batch_dims if axis is None else int(numbers_of(axis))
    axis = axis + params.ndim if axis < 0 else axis
    if not batch_dims <= axis < params.ndim:
        raise ValueError(f"tf.gather: axis={axis} must be an axis of params {tuple(params.shape)} after the "
                         f"batch_dims={batch_dims} first")
    chosen = check_indices("gather", indices, params.shape[axis])
    if not batch_dims:
        return ops.take(params, chosen, axis)
    key = [*_batch_positions("gather", batch_dims, params, chosen.shape, chosen.ndim),
           *[slice(None)] * (axis - batch_dims), chosen]
    found = ops.get_item(params, tuple(key))
    if axis == batch_dims:
        return found
    # NumPy puts the axes of the indices first where slices stand between them.
    between = range(chosen.ndim, chosen.ndim + axis - batch_dims)
    order = [*range(batch_dims), *between, *range(batch_dims, chosen.ndim), *range(between.stop, found.ndim)]
    return ops.transpose(found, order)


def gather_nd(params: TensorLike, indices: TensorLike, batch_dims: int = 0, name: str | None = None,
              bad_indices_policy: str = "") -> Tensor:
    """Return the elements, or slices, at the indices along the last axis of `indices`.

    Args:
        params: Tensor.
        indices: Whole numbers, shape (..., axes that are indexed).
        batch_dims: How many leading axes params and indices share.
        name: TensorFlow's, without effect.
        bad_indices_policy: What an index outside does: '', 'DEFAULT' or 'ERROR' raises an error, 'IGNORE' gives 0.

    Raises:
        IndexError: an index is outside its axis.
        ValueError: the batches differ, there are more indices than axes, or another policy.

    >>> gather_nd([[1, 2], [3, 4]], [[0, 1], [1, 0]]).tolist(), gather_nd([[1, 2], [3, 4]], [[1], [0]], 1).tolist()
    ([2, 3], [2, 3])
    """
    if bad_indices_policy not in ("", "DEFAULT", "ERROR", "IGNORE"):
        raise ValueError(f"tf.gather_nd: bad_indices_policy must be '', 'DEFAULT', 'ERROR' or 'IGNORE', got "
                         f"{bad_indices_policy!r}")
    params, array, batch_dims = convert_to_tensor(params), to_array(indices), int(to_array(batch_dims))
    depth = array.shape[-1]
    if batch_dims + depth > params.ndim:
        raise ValueError(f"tf.gather_nd: {depth} indices for params of shape {tuple(params.shape)} with "
                         f"batch_dims={batch_dims}")
    lengths = params.shape[batch_dims:batch_dims + depth]
    inside = None
    if bad_indices_policy == "IGNORE":
        inside = np.asarray(((array >= 0) & (array < np.array(lengths))).all(-1))
        array = np.where(inside[..., None], array, 0)
    positions = check_indices("gather_nd", array, tuple(lengths))
    batch = _batch_positions("gather_nd", batch_dims, params, array.shape[:-1], array.ndim - 1)
    found = ops.get_item(params, (*batch, *np.moveaxis(positions, -1, 0)))
    if inside is None:
        return found
    return ops.where(inside.reshape(inside.shape + (1,) * (found.ndim - inside.ndim)), found, np.zeros((), found.dtype))


def boolean_mask(tensor: TensorLike, mask: TensorLike, axis: int | None = None, name: str = "boolean_mask") -> Tensor:
    """Return the elements, or rows, where the mask is true: `tensor[mask]`.

    Args:
        tensor: Tensor.
        mask: bool, shape of the tensor's axes from `axis` on.
        axis: The first axis that the mask is for; 0 if None.
        name: TensorFlow's, without effect.

    Raises:
        ValueError: the mask has another shape.

    >>> boolean_mask([1, 2, 3], [True, False, True]).tolist()
    [1, 3]
    """
    tensor, kept = convert_to_tensor(tensor), to_array(mask).astype(bool)
    axis = 0 if axis is None else int(numbers_of(axis)) % tensor.ndim
    if kept.ndim == 0 or tuple(tensor.shape[axis:axis + kept.ndim]) != kept.shape:
        raise ValueError(f"tf.boolean_mask: a mask of shape {kept.shape} does not fit axis {axis} of shape "
                         f"{tuple(tensor.shape)}")
    return ops.get_item(tensor, (slice(None),) * axis + (kept,))


def where(condition: TensorLike, x: TensorLike | None = None, y: TensorLike | None = None,
          name: str | None = None) -> Tensor:
    """Select x where the condition is true, else y; of a condition alone, return the indices of its true elements.

    Args:
        condition: bool, any shape.
        x, y: Tensors that broadcast with it, or neither.
        name: TensorFlow's, without effect.

    Returns:
        Tensor of the broadcast shape; or int64 indices, shape (true elements, axes of the condition).

    Raises:
        ValueError: only one of x and y.

    >>> where([True, False], 1.0, 2.0).tolist(), where([False, True]).tolist()
    ([1.0, 2.0], [[1]])
    """
    if (x is None) != (y is None):
        raise ValueError("where: pass both x and y, or neither")
    return Tensor.wrap(np.argwhere(to_array(condition))) if x is None else ops.where(condition, x, y)


def slice_of(input_: TensorLike, begin: Any, size: Any, name: str | None = None) -> Tensor:
    """Return a block of a tensor: `tf.slice`.

    Args:
        input_: Tensor.
        begin: Where the block begins, one index an axis.
        size: Its lengths; -1 for all that follows.
        name: TensorFlow's, without effect.

    Raises:
        ValueError: the block is not inside, or there is not one number for each axis.

    >>> slice_of([[1, 2, 3], [4, 5, 6]], [0, 1], [2, -1]).tolist()
    [[2, 3], [5, 6]]
    """
    x = _tensor(input_)
    starts, lengths = as_shape(begin), as_shape(size)
    if not len(starts) == len(lengths) == len(x.shape):
        raise ValueError(f"tf.slice: begin {starts} and size {lengths} must have one number for each axis of "
                         f"{tuple(x.shape)}")
    key = []
    for axis, (start, length, whole) in enumerate(zip(starts, lengths, x.shape, strict=True)):
        if start < 0 or length < -1 or whole is not None and start + max(length, 0) > whole:
            raise ValueError(f"tf.slice: begin[{axis}]={start}, size[{axis}]={length} is not inside an axis of length "
                             f"{whole}")
        key.append(slice(start, None if length == -1 else start + length))
    return ops.get_item(x, tuple(key))


def strided_slice(input_: TensorLike, begin: Any, end: Any, strides: Any = None, begin_mask: int = 0,
                  end_mask: int = 0, ellipsis_mask: int = 0, new_axis_mask: int = 0, shrink_axis_mask: int = 0,
                  var: Any = None, name: str | None = None) -> Tensor:
    """Return x[begin:end:strides], axis by axis.

    Args:
        input_: Tensor.
        begin, end, strides: Of each index; strides are 1 if None.
        begin_mask, end_mask: Bit i: there is no begin, or no end, at index i.
        ellipsis_mask: Bit i: index i is `...`.
        new_axis_mask: Bit i: index i is a new axis.
        shrink_axis_mask: Bit i: index i is the number begin[i].
        var: Must be None; `variable[...].assign(...)` writes.
        name: TensorFlow's, without effect.

    Raises:
        ValueError: begin, end and strides differ in length, a stride is 0, several ellipses, or `var` is given.

    >>> strided_slice([[1, 2, 3], [4, 5, 6]], [0, 0], [2, 3], [1, 2]).tolist()
    [[1, 3], [4, 6]]
    """
    if var is not None:
        raise ValueError("tf.strided_slice: var must be None; write variable[...].assign(...)")
    starts, ends = as_shape(begin), as_shape(end)
    steps = (1,) * len(starts) if strides is None else as_shape(strides)
    if not len(starts) == len(ends) == len(steps) or 0 in steps or bin(ellipsis_mask).count("1") > 1:
        raise ValueError(f"tf.strided_slice: begin {starts}, end {ends} and strides {steps} must have one length, no "
                         "stride may be 0, and there may be one ellipsis")
    key: list[Any] = []
    for i, (start, stop, step) in enumerate(zip(starts, ends, steps, strict=True)):
        if ellipsis_mask >> i & 1:
            key.append(Ellipsis)
        elif new_axis_mask >> i & 1:
            key.append(None)
        elif shrink_axis_mask >> i & 1:
            key.append(start)
        else:
            key.append(slice(None if begin_mask >> i & 1 else start, None if end_mask >> i & 1 else stop, step))
    return ops.get_item(_tensor(input_), tuple(key))


# -- writing --------------------------------------------------------------------------------------------------------


def _positions(title, indices, shape):
    indices = to_array(indices)
    if indices.ndim == 0 or indices.shape[-1] > len(shape):
        raise ValueError(f"tf.{title}: indices of shape {indices.shape} do not select from shape {tuple(shape)}")
    return check_indices(title, indices, tuple(shape[:indices.shape[-1]]))


def scatter_nd(indices: TensorLike, updates: TensorLike, shape: ShapeLike, name: str | None = None) -> Tensor:
    """Return zeros of `shape`, with the updates added at the indices: `ops.scatter`.

    Args:
        indices: Integers, shape (..., k): positions along the first k axes.
        updates: What is put there, shape (..., the other axes).
        shape: Of the result.

    >>> scatter_nd([[1]], [5.0], (3,)).tolist()
    [0.0, 5.0, 0.0]
    """
    shape = as_shape(shape)
    return ops.scatter(_positions("scatter_nd", indices, shape), updates, shape)


def _scattered(title, tensor, indices, updates, reduction):
    tensor, updates = convert_to_tensor(tensor), convert_to_tensor(updates)
    positions = _positions(title, indices, tensor.shape)
    wanted = (*positions.shape[:-1], *tensor.shape[positions.shape[-1]:])
    if tuple(updates.shape) != wanted:
        raise ValueError(f"tf.{title}: updates must have shape {wanted}, got {tuple(updates.shape)}")
    if positions.ndim != 2:  # ops.scatter_update takes one list of positions
        positions = positions.reshape(-1, positions.shape[-1])
        updates = ops.reshape(updates, (len(positions), *tensor.shape[positions.shape[-1]:]))
    return ops.scatter_update(tensor, positions, updates, reduction)


def tensor_scatter_nd_update(tensor: TensorLike, indices: TensorLike, updates: TensorLike,
                             name: str | None = None) -> Tensor:
    """Return a copy of `tensor` with the updates at the indices: `ops.scatter_update`.

    Args:
        tensor: Tensor.
        indices: Integers, shape (..., k): positions along the first k axes.
        updates: The new elements, shape (..., the other axes).

    >>> tensor_scatter_nd_update([1.0, 2.0], [[1]], [5.0]).tolist()
    [1.0, 5.0]
    """
    return _scattered("tensor_scatter_nd_update", tensor, indices, updates, None)


def tensor_scatter_nd_add(tensor: TensorLike, indices: TensorLike, updates: TensorLike,
                          name: str | None = None) -> Tensor:
    """Return a copy of `tensor` with the updates added at the indices.

    Args:
        tensor: Tensor.
        indices: Integers, shape (..., k): positions along the first k axes.
        updates: What is added there, shape (..., the other axes).

    >>> tensor_scatter_nd_add([1.0, 2.0], [[1]], [5.0]).tolist()
    [1.0, 7.0]
    """
    return _scattered("tensor_scatter_nd_add", tensor, indices, updates, "add")


def tensor_scatter_nd_sub(tensor: TensorLike, indices: TensorLike, updates: TensorLike,
                          name: str | None = None) -> Tensor:
    """Return a copy of `tensor` with the updates subtracted at the indices.

    Args:
        tensor, indices: As for `tensor_scatter_nd_add`.
        updates: What is subtracted.

    >>> tensor_scatter_nd_sub([1, 2, 3], [[0], [2]], [10, 30]).tolist()
    [-9, 2, -27]
    """
    return _scattered("tensor_scatter_nd_sub", tensor, indices, ops.negative(updates), "add")


def tensor_scatter_nd_max(tensor: TensorLike, indices: TensorLike, updates: TensorLike,
                          name: str | None = None) -> Tensor:
    """Return a copy of `tensor` with the elements at the indices replaced by larger updates.

    Args:
        tensor, indices, updates: As for `tensor_scatter_nd_update`.

    >>> tensor_scatter_nd_max([1, 20, 3], [[0], [1]], [10, 10]).tolist()
    [10, 20, 3]
    """
    return _scattered("tensor_scatter_nd_max", tensor, indices, updates, "max")


def tensor_scatter_nd_min(tensor: TensorLike, indices: TensorLike, updates: TensorLike,
                          name: str | None = None) -> Tensor:
    """Return a copy of `tensor` with the elements at the indices replaced by smaller updates.

    Args:
        tensor, indices, updates: As for `tensor_scatter_nd_update`.

    >>> tensor_scatter_nd_min([1, 20, 3], [[0], [1]], [10, 10]).tolist()
    [1, 10, 3]
    """
    return _scattered("tensor_scatter_nd_min", tensor, indices, updates, "min")


def _segments(title, ids, rows):
    """The ids of rows that are sorted; segments of TensorFlow's `segment_sum` are."""
    ids = to_array(ids)
    if ids.dtype.kind not in "iu" or ids.shape != (rows,) or (np.diff(ids) < 0).any() or (ids < 0).any():
        raise ValueError(f"tf.math.{title}: segment_ids must be {rows} whole numbers, sorted from small to large, got "
                         f"{ids.tolist()!r:.80}; unsorted_segment_sum takes any order")
    return ids


def segment_sum(data: TensorLike, segment_ids: TensorLike, name: str | None = None) -> Tensor:
    """Return the sums of the rows that have the same id; the ids are sorted.

    Args:
        data: Tensor, shape (n, ...).
        segment_ids: Integers, shape (n,), not descending.

    Raises:
        ValueError: they are not.

    >>> segment_sum([1, 2, 3], [0, 0, 1]).tolist()
    [3, 3]
    """
    data = convert_to_tensor(data)
    return ops.segment_sum(data, _segments("segment_sum", segment_ids, data.shape[0]))


def unsorted_segment_sum(data: TensorLike, segment_ids: TensorLike, num_segments: int,
                         name: str | None = None) -> Tensor:
    """Return the sums of the rows, or elements, that have the same id; those with a negative id are left out.

    Args:
        data: Tensor.
        segment_ids: Whole numbers, of the shape of data's first axes.
        num_segments: Length of the result.
        name: TensorFlow's, without effect.

    Raises:
        ValueError: the shapes do not fit.
        IndexError: an id is `num_segments` or more.

    >>> unsorted_segment_sum([1, 2, 3], [1, -1, 1], 3).tolist()
    [0, 4, 0]
    """
    data, ids, number = convert_to_tensor(data), to_array(segment_ids), int(numbers_of(num_segments))
    if ids.shape != tuple(data.shape[:ids.ndim]):
        raise ValueError(f"tf.math.unsorted_segment_sum: segment_ids {ids.shape} must be the first axes of data "
                         f"{tuple(data.shape)}")
    check_indices("math.unsorted_segment_sum", np.maximum(ids, 0) if ids.size else ids, number)
    return ops.segment_sum(ops.reshape(data, (-1, *data.shape[ids.ndim:])), ids.reshape(-1), number)
