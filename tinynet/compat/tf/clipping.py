"""TensorFlow's functions that limit tensors and gradients: `tf.clip_by_norm`, `tf.clip_by_global_norm`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import ops
from ...core.types import Axis, TensorLike
from ...tensor import Tensor
from .arguments import as_axis
from .structures import IndexedSlices


def clip_by_value(t: TensorLike, clip_value_min: TensorLike, clip_value_max: TensorLike,
                  name: str | None = None) -> Tensor:
    """Limit the elements of `t` to a range: `ops.clip`.

    Args:
        t: Tensor.
        clip_value_min, clip_value_max: Numbers, or tensors that broadcast to its shape.

    Returns:
        Tensor, shaped like `t`.

    >>> clip_by_value([-1.0, 0.5, 2.0], 0, 1).numpy()
    array([0. , 0.5, 1. ], dtype=float32)
    """
    return ops.clip(t, clip_value_min, clip_value_max)


def clip_by_norm(t: TensorLike, clip_norm: TensorLike, axes: Axis = None, name: str | None = None) -> Tensor:
    """Scale a tensor down to a norm, if its own is larger: t clip_norm / max(|t|, clip_norm).

    Args:
        t: Tensor.
        clip_norm: The largest norm.
        axes: Norms are taken along these axes; over all of them if None.
        name: TensorFlow's, without effect.

    Returns:
        Tensor, shaped like `t`.

    >>> clip_by_norm([3.0, 4.0], 1.0).numpy().round(3)
    array([0.6, 0.8], dtype=float32)
    """
    t = ops.convert_to_tensor(t)
    squares = ops.sum(ops.square(t), as_axis(axes), keepdims=True)
    positive = squares > 0  # the root has no derivative at 0
    length = ops.where(positive, ops.sqrt(ops.where(positive, squares, ops.ones_like(squares))), squares)
    return t * clip_norm / ops.maximum(length, clip_norm)


def global_norm(t_list: Sequence[TensorLike | None], name: str | None = None) -> Tensor:
    """Return the norm of several tensors as if they were one: the root of the sum of all squares.

    Args:
        t_list: Tensors; None counts as nothing.
        name: TensorFlow's, without effect.

    Raises:
        TypeError: `t_list` is no list or tuple.
        ValueError: nothing in it is a tensor.

    >>> global_norm([[3.0], None, [4.0]]).item()
    5.0
    """
    if not isinstance(t_list, list | tuple):
        raise TypeError(f"tf.linalg.global_norm: t_list must be a list of tensors, got {type(t_list).__name__}")
    tensors = [_values(t) for t in t_list if t is not None]
    if not tensors:
        raise ValueError("tf.linalg.global_norm: t_list has no tensor")
    return ops.sqrt(ops.sum(ops.stack([ops.sum(ops.square(t)) for t in tensors])))


def clip_by_global_norm(t_list: Sequence[TensorLike | None], clip_norm: TensorLike, use_norm: TensorLike | None = None,
                        name: str | None = None) -> tuple[list[Any], Tensor]:
    """Scale several tensors by one factor, so that their common norm is at most `clip_norm`.

    Args:
        t_list: Tensors, such as gradients; None stays None.
        clip_norm: The largest norm.
        use_norm: Their norm, if it is known already.
        name: TensorFlow's, without effect.

    Returns:
        (the scaled tensors, their norm before). If the norm is infinite, or not a number, so are all elements not
        numbers.

    Raises:
        TypeError: `t_list` is no list or tuple.

    >>> clipped, length = clip_by_global_norm([[3.0], [4.0]], 1.0)
    >>> [round(part.item(), 3) for part in clipped], length.item()
    ([0.6, 0.8], 5.0)
    """
    length = global_norm(t_list) if use_norm is None else ops.convert_to_tensor(use_norm)
    scale = clip_norm * ops.minimum(1.0 / length, 1.0 / ops.convert_to_tensor(clip_norm))
    scale = ops.where(ops.isfinite(length), scale, np.nan)
    scaled = [None if t is None else IndexedSlices(t.values * scale, t.indices, t.dense_shape)
              if isinstance(t, IndexedSlices) else ops.convert_to_tensor(t) * ops.cast(scale, _values(t).dtype)
              for t in t_list]
    return scaled, length


def _values(t):
    return ops.convert_to_tensor(t.values if isinstance(t, IndexedSlices) else t)
