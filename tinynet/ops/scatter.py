"""Values added up or written at given positions, and sums of the rows that have the same id."""

from __future__ import annotations

import numpy as np

from ..core.types import ShapeLike, TensorLike
from ..tensor import Tensor, convert_to_tensor, to_array
from .formulas import moved, named, wrap
from .indexing import added_rows, get_item, put
from .shape import as_shape


def scatter(indices: TensorLike, values: TensorLike, shape: ShapeLike) -> Tensor:
    """Zeros, with values[i] added at indices[i].

    Args:
        indices: Integers, shape (n, k): positions along the first k axes.
        values: Shape (n, *shape[k:]).
        shape: Of the result.

    Returns:
        Tensor of that shape.

    Raises:
        IndexError: an index is outside its axis.

    >>> scatter([[0], [2], [0]], [1, 2, 3], (4,)).numpy()
    array([4, 0, 2, 0], dtype=int32)
    """
    key = tuple(np.moveaxis(to_array(indices), -1, 0))

    def forward(a):
        y = np.zeros(as_shape(shape), a.dtype)
        np.add.at(y, key, a)
        return y

    return moved(values, forward, lambda dy, a: dy[key])


def scatter_update(
    inputs: TensorLike, indices: TensorLike, updates: TensorLike, reduction: str | None = None
) -> Tensor:
    """A tensor with `updates` at `indices`.

    Args:
        inputs: Tensor.
        indices: Integers, shape (n, k): positions along the first k axes.
        updates: Shape (n, *inputs.shape[k:]).
        reduction: None to replace (of several updates of one element the last one stays), or 'add': these two have
            gradients. Or 'max', 'min' or 'mul'.

    Returns:
        Tensor, shaped like `inputs`.

    Raises:
        ValueError: an unknown reduction.
        IndexError: an index is outside its axis.

    >>> scatter_update([1, 2, 3], [[1]], [10]).numpy()
    array([ 1, 10,  3], dtype=int32)
    """
    inputs, updates = convert_to_tensor(inputs), convert_to_tensor(updates)
    key = tuple(np.moveaxis(to_array(indices), -1, 0))
    if reduction is None:
        # Where two updates meet, the last one stays: only it gets a gradient.
        order = np.arange(len(key[0])) if key else np.arange(0)
        last = np.zeros(inputs.shape[: len(key)], np.intp)
        last[key] = order
        kept = last[key] == order
        key = tuple(part[kept] for part in key)
        return put(inputs, key, updates if kept.all() else get_item(updates, kept))
    if reduction == "add":
        return inputs + scatter(indices, updates, inputs.shape)
    functions = {"max": np.maximum, "min": np.minimum, "mul": np.multiply}
    if reduction not in functions:
        raise ValueError(f"scatter_update: reduction must be None, 'add', 'max', 'min' or 'mul', got {reduction!r}")
    y = inputs.data.copy()
    functions[reduction].at(y, key, updates.data)
    return wrap(y)


def _segments(ids, num_segments):
    """How many segments there are, and which ids are the number of one."""
    number = int(ids.max(initial=-1)) + 1 if num_segments is None else num_segments
    return number, (ids >= 0) & (ids < number)


def segment_sum(
    data: TensorLike, segment_ids: TensorLike, num_segments: int | None = None, sorted: bool = False
) -> Tensor:
    """The sums of the rows that have the same id.

    Args:
        data: Tensor, shape (n, ...).
        segment_ids: Integers, shape (n,). A row with an id outside [0, num_segments) is left out.
        num_segments: Length of the result; the largest id plus 1 if None.
        sorted: Accepted for compatibility; makes no difference.

    Returns:
        Tensor, shape (num_segments, ...).

    >>> segment_sum([1, 2, 3], [0, 2, 0]).numpy()
    array([4, 0, 2], dtype=int32)
    """
    ids = to_array(segment_ids)
    number, inside = _segments(ids, num_segments)

    def inverse(dy, a):
        dx = np.zeros_like(a)
        dx[inside] = dy[ids[inside]]
        return dx

    return moved(data, lambda a: added_rows((number, *a.shape[1:]), ids[inside], a[inside]), inverse)


def _segment(name, what, ufunc, empty, empty_is, of_2_and_4):
    def op(
        data: TensorLike, segment_ids: TensorLike, num_segments: int | None = None, sorted: bool = False
    ) -> Tensor:
        data, ids = convert_to_tensor(data), to_array(segment_ids)
        number, inside = _segments(ids, num_segments)
        y = np.full((number, *data.shape[1:]), empty(data.dtype), data.dtype)
        ufunc.at(y, ids[inside], data.data[inside])
        return wrap(y)

    return named(op, name, f"""The {what} of the rows that have the same id. No gradient.

    Args:
        data, segment_ids, num_segments, sorted: As for `segment_sum`.

    Returns:
        Tensor, shape (num_segments, ...); {empty_is} for a segment without rows.

    >>> {name}([2, 3, 4], [0, 1, 0]).numpy()
    array([{of_2_and_4}, 3], dtype=int32)
    """)


def _lowest(dtype):
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min


def _highest(dtype):
    return np.inf if dtype.kind == "f" else np.iinfo(dtype).max


segment_max = _segment("segment_max", "largest element", np.maximum, _lowest, "the lowest number", 4)
segment_min = _segment("segment_min", "smallest element", np.minimum, _highest, "the largest number", 2)
segment_prod = _segment("segment_prod", "product", np.multiply, lambda dtype: 1, "1", 8)
