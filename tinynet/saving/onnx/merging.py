"""Layers that merge several inputs, in terms of ONNX's operators; see `layers.py`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import layers
from ...config import epsilon
from .axes import unit
from .masks import expanded
from .writer import Value, unsupported


def _together(w, values):
    """Values in the same order of axes: channels first, if all of them are and have equally many axes."""
    if all(value.moved for value in values) and len({value.rank for value in values}) == 1:
        return values
    return [w.last(value) for value in values]


def _aligned(w, layer, values):
    """Values with equally many axes; those that lack some lack them after the batch's."""
    values = _together(w, values)
    rank = max(value.rank for value in values)
    return [value if value.rank == rank else
            Value(w.add("Unsqueeze", value, np.arange(1, 1 + rank - value.rank)),
                  (value.shape[0], *[1] * (rank - value.rank), *value.shape[1:]), value.dtype) for value in values]


def _merge(op_type, w, layer, values):
    shape = layer.compute_output_shape([value.shape for value in values])
    counts: list[Any] = [None] * len(values)
    if op_type in _WITH_MASKS and len({value.rank for value in values}) == 1:  # other axes lose their masks
        counts = [None if value.mask is None else expanded(w, value.mask) for value in values]
    if any(counted is not None for counted in counts):
        values = [w.last(value) for value in values]
        return Value(_WITH_MASKS[op_type](w, op_type, values, counts), shape, values[0].dtype)
    values = _aligned(w, layer, values)
    name = functools.reduce(functools.partial(w.add, op_type), values)
    if type(layer) is layers.Average:
        name = w.add("Div", name, np.array(len(values), values[0].dtype))
    return Value(name, shape, values[0].dtype, values[0].moved)


def _product(w, op_type, values, counts):
    """An element that does not count is a factor of 1; where none counts the product is 0."""
    number = values[0].dtype
    factors = [value if counted is None else w.add("Where", counted, value, np.array(1, number))
               for value, counted in zip(values, counts, strict=True)]
    y = functools.reduce(functools.partial(w.add, op_type), factors)
    if any(counted is None for counted in counts):
        return y
    return w.add("Where", functools.reduce(functools.partial(w.add, "Or"), counts), y, np.array(0, number))


def _extreme(w, op_type, values, counts):
    """A maximum or minimum that takes the other input's element where one does not count."""
    y, y_counts = values[0], counts[0]
    for x, counted in zip(values[1:], counts[1:], strict=True):
        x = x if counted is None else w.add("Where", counted, x, y)
        y = w.add(op_type, y if y_counts is None else w.add("Where", y_counts, y, x), x)
        y_counts = None if counted is None or y_counts is None else w.add("Or", counted, y_counts)
    return y


_WITH_MASKS = {"Mul": _product, "Max": _extreme, "Min": _extreme}


def _concatenate(w, layer, values):
    shape = layer.compute_output_shape([value.shape for value in values])
    values = _together(w, values)
    name = w.add("Concat", *values, axis=values[0].axis(layer.axis))
    return Value(name, shape, values[0].dtype, values[0].moved)


def _dot(w, layer, values):
    first, second = (w.last(value) for value in values)
    shape = layer.compute_output_shape([first.shape, second.shape])
    one, two = layer._axes_for([first.shape, second.shape])
    names = [first.name, second.name]
    if layer.normalize:
        names = [unit(w, value, np.array([axis]), epsilon()) for value, axis in ((first, one), (second, two))]
    length = first.shape[one]
    if length is None or None in shape[1:]:
        raise unsupported(layer, f"the lengths must be known, got inputs {first.shape} and {second.shape}")
    left = w.add("Transpose", names[0], perm=[axis for axis in range(first.rank) if axis != one] + [one])
    rest = [axis for axis in range(1, second.rank) if axis != two]
    right = w.add("Transpose", names[1], perm=[0, two, *rest])
    y = w.add("MatMul", w.add("Reshape", left, np.array([0, -1, length])),
              w.add("Reshape", right, np.array([0, length, -1])))
    return Value(w.add("Reshape", y, np.array([0, *shape[1:]])), shape, first.dtype)


FUNCTIONS: dict[type, Callable[..., Value]] = {
    **dict.fromkeys([layers.Add, layers.Average], functools.partial(_merge, "Add")),
    layers.Subtract: functools.partial(_merge, "Sub"), layers.Multiply: functools.partial(_merge, "Mul"),
    layers.Maximum: functools.partial(_merge, "Max"), layers.Minimum: functools.partial(_merge, "Min"),
    layers.Concatenate: _concatenate, layers.Dot: _dot,
}
