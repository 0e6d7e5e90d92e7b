"""Layers that change shapes, in terms of ONNX's operators; see `layers.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import layers
from .axes import channels_first, result
from .writer import Value, Writer


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


def result_of_steps(w: Writer, x: Value, y: Value) -> Value:
    """Return y, whose first axis has batch times steps, with an axis for each of the two.

    Args:
        w: Writer.
        x: The Value of which batch and steps are the first two axes.
        y: A Value with its axes in tinynet's order.

    Raises:
        ValueError: a length of y after the first is not known.
    """
    rest = np.array(y.shape[1:])
    if x.shape[1] is not None:
        shape: Any = np.array([-1, x.shape[1], *rest])
    else:
        shape = w.add("Concat", w.add("Shape", x, start=0, end=2), rest, axis=0)
    return Value(w.add("Reshape", y, shape), (*x.shape[:2], *y.shape[1:]), y.dtype)


FUNCTIONS: dict[type, Callable[..., Value]] = {
    layers.Flatten: _flatten, layers.Reshape: _reshape, layers.Permute: _permute, layers.RepeatVector: _repeat_vector,
    **dict.fromkeys([layers.ZeroPadding1D, layers.ZeroPadding2D, layers.ZeroPadding3D], _zero_padding),
    **dict.fromkeys([layers.Cropping1D, layers.Cropping2D, layers.Cropping3D], _cropping),
    **dict.fromkeys([layers.UpSampling1D, layers.UpSampling2D, layers.UpSampling3D], _up_sampling),
}
