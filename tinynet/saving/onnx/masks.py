"""Masks in the file: which steps of padded sequences count, as `tinynet/layers/masks.py` has it.

A `Value` has its mask in `value.mask`, a boolean Value. The functions here return the mask of a layer's output. A layer
that uses its mask reads it from its input.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import layers
from ...core.nest import flatten
from ...layers.base import Layer
from .writer import Value, Writer, unsupported


def any_along(w: Writer, value: Any, axis: int, keepdims: bool = False) -> str:
    """Return the name of: whether one of the elements along an axis is True."""
    numbers = w.add("Cast", value, to=w.element_type("int32"))  # ONNX Runtime reduces no booleans
    return w.add("Cast", w.add("ReduceMax", numbers, np.array([axis]), keepdims=int(keepdims)),
                 to=w.element_type("bool"))


def expanded(w: Writer, mask: Value, axis: int = -1) -> Value:
    """Return the mask with a further axis."""
    at = axis % (mask.rank + 1)
    shape = (*mask.shape[:at], 1, *mask.shape[at:])
    return Value(w.add("Unsqueeze", mask, np.array([axis])), shape, "bool")


def output_mask(w: Writer, layer: Any, args: tuple[Any, ...], outputs: Any) -> Any:
    """Return the mask of a layer's output, as `layer.compute_mask` has it: a Value, or None, or a list of them.

    Args:
        w: Writer.
        layer: The layer.
        args: What it is called on, Values and lists of them.
        outputs: The Values it returns.

    Raises:
        NotImplementedError: the layer computes a mask of its own that is not known here.
    """
    if not layer.supports_masking:
        return None
    function = _MASKS.get(type(layer))
    if function is not None:
        return function(w, layer, args[0])
    if isinstance(args[0], list | tuple) or not isinstance(outputs, Value):
        masks = [value.mask for value in flatten(args[0])]
        if all(mask is None for mask in masks):
            return None
        raise unsupported(layer, "the masks of its several inputs or outputs are not known here")
    if type(layer).compute_mask is not Layer.compute_mask:
        raise unsupported(layer, "it computes a mask of its own")
    return args[0].mask


def _no_mask(w, layer, value):
    return None


def _embedding(w, layer, x):
    if not layer.mask_zero:
        return None
    zero = np.array(0, x.dtype)
    return Value(w.add("Not", w.add("Equal", w.last(x), zero)), x.shape, "bool")


def _masking(w, layer, x):
    return Value(any_along(w, w.add("Not", w.add("Equal", w.last(x), np.array(layer.mask_value, x.dtype))), -1),
                 x.shape[:-1], "bool")


def _merge(w, layer, values):
    masks = [value.mask for value in values]
    if any(mask is None for mask in masks):
        return None
    return functools.reduce(lambda one, other: Value(w.add("Or", one, other), one.shape, "bool"), masks)


def _concatenate(w, layer, values):
    if all(value.mask is None for value in values):
        return None
    parts = []
    for value in values:
        value = w.last(value)
        mask = np.ones([1] * value.rank, bool) if value.mask is None else expanded(w, value.mask)
        parts.append(w.add("Expand", mask, w.add("Shape", value)))
    shape = layer.compute_output_shape([value.shape for value in values])
    return Value(any_along(w, w.add("Concat", *parts, axis=layer.axis % len(shape)), -1), shape[:-1], "bool")


def _recurrent(w, layer, x):
    mask = x.mask if layer.return_sequences else None
    return [mask, *(None for _ in flatten(layer.cell.state_size))] if layer.return_state else mask


def _bidirectional(w, layer, x):
    mask = x.mask if layer.return_sequences else None
    return [mask, mask] if layer.merge_mode is None else mask


def _attention(w, layer, values):
    return values[0].mask


_MASKS: dict[type, Callable[..., Any]] = {
    layers.Embedding: _embedding, layers.Masking: _masking, layers.GlobalAveragePooling1D: _no_mask,
    layers.Dot: _no_mask, layers.Concatenate: _concatenate,
    **dict.fromkeys([layers.Add, layers.Subtract, layers.Multiply, layers.Average, layers.Maximum, layers.Minimum],
                    _merge),
    **dict.fromkeys([layers.RNN, layers.SimpleRNN, layers.LSTM, layers.GRU], _recurrent),
    layers.Bidirectional: _bidirectional,
    **dict.fromkeys([layers.Attention, layers.AdditiveAttention], _attention),
    layers.MultiHeadAttention: lambda w, layer, query: query.mask,
}
