"""Preparation of images and categories, in terms of ONNX's operators; see `layers.py`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ... import layers
from .axes import channels_first, result
from .masks import any_along
from .writer import Value, unsupported


def _resize(w, layer, x):
    """A resized image is A x B^T for two matrices that depend on the sizes alone; a crop is a slice."""
    if x.rank != 4 or None in x.shape[1:]:
        raise unsupported(layer, f"it needs images of a known size, (batch, height, width, channels), got {x.shape}")
    if getattr(layer, "pad_to_aspect_ratio", False):
        raise unsupported(layer, "pad_to_aspect_ratio is not written; put a ZeroPadding2D before it")
    x = channels_first(w, layer, x)
    spatial = (1, 2) if layer.data_format == "channels_last" else (2, 3)
    lengths = [x.shape[axis] for axis in spatial]
    name = x.name
    for number in range(2):
        matrix = _matrix(layer, lengths, number)
        kept = _selected(matrix)
        if kept is not None:
            name = w.add("Slice", name, *(np.array([part]) for part in (*kept, 2 + number)))
        elif number == 0:
            name = w.add("MatMul", matrix.astype(x.dtype), name)
        else:
            name = w.add("MatMul", name, np.ascontiguousarray(matrix.T).astype(x.dtype))
    return result(layer, x, name)


def _matrix(layer, lengths, axis):
    """How each output along an axis is made of the inputs: from images that are 1 in one row or column."""
    images = np.zeros((lengths[axis], *lengths, 1), layer.dtype)
    for i in range(lengths[axis]):
        images[(i, i) if axis == 0 else (i, slice(None), i)] = 1
    if layer.data_format == "channels_first":
        images = np.moveaxis(images, -1, 1)
    y = np.asarray(layer(images, training=False))
    y = np.moveaxis(y, 1, -1) if layer.data_format == "channels_first" else y
    return y[:, :, 0, 0].T if axis == 0 else y[:, 0, :, 0].T


def _selected(matrix):
    """(first, end) if a matrix only selects inputs that follow each other."""
    first = int(matrix[0].argmax())
    end = first + len(matrix)
    return (first, end) if np.array_equal(matrix, np.eye(matrix.shape[1])[first:end]) else None


def _encoded(w, layer, numbers, shape, depth, dtype):
    """Whole numbers as `encode` of layers/encoding.py has them, from an int64 Value's name."""
    mode, last = layer.output_mode, shape[-1]
    output = layer.compute_output_shape(shape)
    if mode == "int":
        return Value(w.add("Cast", numbers, to=w.element_type(dtype)), output, dtype)
    if mode == "one_hot" and len(shape) > 1 and last == 1:
        numbers = w.add("Squeeze", numbers, np.array([-1]))
    rows = w.add("Equal", w.add("Unsqueeze", numbers, np.array([-1])), np.arange(depth))
    if mode == "multi_hot":
        rows = any_along(w, rows, -2)
    y = w.add("Cast", rows, to=w.element_type(dtype))
    return Value(w.add("ReduceSum", y, np.array([-2]), keepdims=0) if mode == "count" else y, output, dtype)


def _category_encoding(w, layer, x):
    numbers = w.cast(w.last(x), "int64")
    return _encoded(w, layer, numbers, x.shape, layer.num_tokens, layer.dtype)


def _discretization(w, layer, x):
    x = w.cast(w.last(x), "float32" if x.dtype not in ("float32", "float64") else x.dtype)
    below = w.add("Less", w.add("Unsqueeze", x, np.array([-1])), np.array(layer.bin_boundaries, x.dtype))
    reached = w.add("Cast", w.add("Not", below), to=w.element_type("int64"))  # NaN is in the last bin
    bins = w.add("ReduceSum", reached, np.array([-1]), keepdims=0)
    return _encoded(w, layer, bins, x.shape, len(layer.bin_boundaries) + 1, layer._output_dtype)


FUNCTIONS: dict[type, Callable[..., Value]] = {
    **dict.fromkeys([layers.Resizing, layers.CenterCrop, layers.RandomCrop], _resize),
    layers.CategoryEncoding: _category_encoding, layers.Discretization: _discretization,
}
