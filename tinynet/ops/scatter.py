"""Values added up or written at given positions, and sums of the rows that have the same id."""

import numpy as np

from ..tensor import convert_to_tensor, to_array
from .formulas import moved, named, wrap
from .indexing import get_item, put, scatter_add
from .shape import as_shape


def scatter(indices, values, shape):
    """Zeros of `shape`, with values[i] added at indices[i].

    Args:
        indices: Integers, shape (n, k): positions along the first k axes.
        values: Shape (n, *shape[k:]).
        shape: Of the result.
    """
    key = tuple(np.moveaxis(to_array(indices), -1, 0))

    def forward(a):
        y = np.zeros(as_shape(shape), a.dtype)
        np.add.at(y, key, a)
        return y

    return moved(values, forward, lambda dy, a: dy[key])


def scatter_update(inputs, indices, updates, reduction=None):
    """`inputs` with `updates` at `indices`, positions as in `scatter`.

    Args:
        inputs: Tensor.
        indices: Integers, shape (n, k).
        updates: Shape (n, *inputs.shape[k:]).
        reduction: None to replace, or 'add' (these two have gradients); 'max', 'min' or 'mul'.
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


def segment_sum(data, segment_ids, num_segments=None, sorted=False):  # noqa: A002, as Keras names it
    """The sums of the rows that have the same id.

    Args:
        data: Tensor, shape (n, ...).
        segment_ids: Integers, shape (n,).
        num_segments: Length of the result; the largest id plus 1 if None.
        sorted: Accepted for compatibility; makes no difference.
    """
    ids = to_array(segment_ids)
    number, inside = _segments(ids, num_segments)

    def inverse(dy, a):
        dx = np.zeros_like(a)
        dx[inside] = dy[ids[inside]]
        return dx

    return moved(data, lambda a: scatter_add((number, *a.shape[1:]), ids[inside], a[inside], a.dtype), inverse)


def _segment(name, ufunc, empty):
    def op(data, segment_ids, num_segments=None, sorted=False):  # noqa: A002
        data, ids = convert_to_tensor(data), to_array(segment_ids)
        number, inside = _segments(ids, num_segments)
        y = np.full((number, *data.shape[1:]), empty(data.dtype), data.dtype)
        ufunc.at(y, ids[inside], data.data[inside])
        return wrap(y)

    return named(op, name,
                 f"The {name[8:]} of the rows that have the same id; arguments as for `segment_sum`. No gradient.")


def _lowest(dtype):
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min


def _highest(dtype):
    return np.inf if dtype.kind == "f" else np.iinfo(dtype).max


segment_max = _segment("segment_max", np.maximum, _lowest)
segment_min = _segment("segment_min", np.minimum, _highest)
segment_prod = _segment("segment_prod", np.multiply, lambda dtype: 1)
