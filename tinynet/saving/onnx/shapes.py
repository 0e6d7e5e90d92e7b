"""Layers that change shapes, and those that merge several inputs, in terms of ONNX's operators; see `layers.py`."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from ... import layers
from ...config import epsilon
from .axes import channels_first, result, unit
from .writer import Value, unsupported


def _flatten(w, layer, x):
    x = w.last(x)
    shape = layer.compute_output_shape(x.shape)
    if layer.data_format == "channels_first" and x.rank > 2:
        x = Value(w.add("Transpose", x, perm=[0, *range(2, x.rank), 1]), x.shape, x.dtype)
    return Value(w.add("Flatten", x, axis=1), shape, x.dtype)


def _reshape(w, layer, x):
    x = w.last(x)
    return Value(w.add("Reshape", x, np.array([0, *layer.target_shape])), layer.compute_output_shape(x.shape), x.dtype)


def _permute(w, layer, x):
    x = w.last(x)
    return result(layer, x, w.add("Transpose", x, perm=[0, *layer.dims]))


def _repeat_vector(w, layer, x):
    y = w.add("Unsqueeze", x, np.array([1]))
    return result(layer, x, w.add("Tile", y, np.array([1, layer.n, 1])))


def _spatial(layer, x):
    """The layer's spatial axes, as they are in the file."""
    axes = range(1, x.rank - 1) if layer.data_format == "channels_last" else range(2, x.rank)
    return [x.axis(axis) for axis in axes]


def _zero_padding(w, layer, x):
    pads = np.zeros((2, x.rank), np.int64)
    for axis, pair in zip(_spatial(layer, x), layer._pairs, strict=True):
        pads[:, axis] = pair
    return result(layer, x, w.add("Pad", x, pads.ravel()))


def _cropping(w, layer, x):
    to_the_end = np.iinfo(np.int64).max
    starts = np.array([before for before, _ in layer._pairs])
    ends = np.array([-after if after else to_the_end for _, after in layer._pairs])
    return result(layer, x, w.add("Slice", x, starts, ends, np.array(_spatial(layer, x))))


def _up_sampling(w, layer, x):
    x = channels_first(w, layer, x)
    linear = getattr(layer, "interpolation", "nearest") == "bilinear"
    sizes = layer.size if isinstance(layer.size, tuple) else (layer.size,)
    scales = np.array([1, 1, *sizes], np.float32)
    how = ({"mode": "linear", "coordinate_transformation_mode": "half_pixel"} if linear else
           {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"})
    return result(layer, x, w.add("Resize", x, "", scales, **how))


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
    values = _aligned(w, layer, values)
    name = functools.reduce(functools.partial(w.add, op_type), values)
    if type(layer) is layers.Average:
        name = w.add("Div", name, np.array(len(values), values[0].dtype))
    return Value(name, shape, values[0].dtype, values[0].moved)


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
    layers.Flatten: _flatten, layers.Reshape: _reshape, layers.Permute: _permute, layers.RepeatVector: _repeat_vector,
    **dict.fromkeys([layers.ZeroPadding1D, layers.ZeroPadding2D, layers.ZeroPadding3D], _zero_padding),
    **dict.fromkeys([layers.Cropping1D, layers.Cropping2D, layers.Cropping3D], _cropping),
    **dict.fromkeys([layers.UpSampling1D, layers.UpSampling2D, layers.UpSampling3D], _up_sampling),
    **dict.fromkeys([layers.Add, layers.Average], functools.partial(_merge, "Add")),
    layers.Subtract: functools.partial(_merge, "Sub"), layers.Multiply: functools.partial(_merge, "Mul"),
    layers.Maximum: functools.partial(_merge, "Max"), layers.Minimum: functools.partial(_merge, "Min"),
    layers.Concatenate: _concatenate, layers.Dot: _dot,
}
