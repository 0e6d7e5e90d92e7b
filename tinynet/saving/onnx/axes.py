"""The order of axes in the file, for the functions that write layers; see `layers.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.types import Array
from .writer import Value, Writer


def same_shape(value: Value, name: str) -> Value:
    """Return a Value like another one under a new name."""
    return Value(name, value.shape, value.dtype, value.moved)


def channels_first(w: Writer, layer: Any, x: Value) -> Value:
    """Return the value with the channels as axis 1, in either `data_format` of the layer."""
    return w.first(x) if layer.data_format == "channels_last" else w.last(x)


def result(layer: Any, x: Value, name: str, moved: bool | None = None) -> Value:
    """Return the output of a layer, with the channels where the input has them unless `moved` is given."""
    return Value(name, layer.compute_output_shape(x.shape), x.dtype, x.moved if moved is None else moved)


def axes_of(x: Value, axis: int | Sequence[int]) -> Array:
    """Return the numbers in the file of one or several of tinynet's axes."""
    return np.array([x.axis(a) for a in _listed(axis)])


def along(value: Value, axis: int | Sequence[int], array: Array) -> Array:
    """Reshape an array that has one number for each index of some of tinynet's axes, so that it broadcasts in the file.

    Args:
        value: The Value that it is combined with.
        axis: One axis, or several.
        array: Shape: the lengths of these axes, in ascending order.
    """
    axes = [a % value.rank for a in _listed(axis)]
    shape = [1] * value.rank
    for a, length in zip(sorted(axes), array.shape, strict=True):
        shape[a] = length
    array = array.reshape(shape)
    return np.moveaxis(array, -1, 1) if value.moved else array


def unit(w: Writer, x: Value, axes: Array, least: float) -> str:
    """Divide x by its length along axes, or by `least` if that is more; return the name."""
    length = w.add("Sqrt", w.add("ReduceSum", w.add("Mul", x, x), axes))
    return w.add("Div", x, w.add("Max", length, np.array(least, x.dtype)))


def _listed(axis: int | Sequence[int]) -> Sequence[int]:
    return [axis] if isinstance(axis, int) else axis
