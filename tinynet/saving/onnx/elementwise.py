"""Dense, Embedding, activations and other layers that keep the shape, in terms of ONNX's operators; see `layers.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import layers
from .axes import axes_of, same_shape
from .functions import write_activation
from .masks import any_along
from .writer import Value, Writer


def _dense(w, layer, x):
    x, kernel, shape = w.last(x), layer.kernel.numpy(), (*x.shape[:-1], layer.units)
    if x.rank == 2:
        y = w.add("Gemm", x, kernel, *([layer.bias.numpy()] if layer.use_bias else []))
    else:
        y = w.add("MatMul", x, kernel)
        y = w.add("Add", y, layer.bias.numpy()) if layer.use_bias else y
    return write_activation(w, layer.activation, Value(y, shape, x.dtype), layer)


def _activation(w, layer, x):
    return write_activation(w, layer.activation, x, layer)


def _relu(w, layer, x):
    if layer.threshold:  # x above the threshold, slope (x - threshold) below it
        threshold = np.array(layer.threshold, x.dtype)
        below = w.add("Mul", w.add("Sub", x, threshold), np.array(layer.negative_slope, x.dtype))
        y = w.add("Where", w.add("Greater", x, threshold), x, below)
    else:
        y = w.add("LeakyRelu", x, alpha=layer.negative_slope) if layer.negative_slope else w.add("Relu", x)
    if layer.max_value is not None:
        y = w.add("Min", y, np.array(layer.max_value, x.dtype))
    return same_shape(x, y)


def _leaky_relu(w, layer, x):
    return same_shape(x, w.add("LeakyRelu", x, alpha=layer.negative_slope))


def _elu(w, layer, x):
    return same_shape(x, w.add("Elu", x, alpha=layer.alpha))


def _prelu(w, layer, x):
    x = w.last(x)
    return same_shape(x, w.add("PRelu", x, layer.alpha.numpy()))


def softmax(w: Writer, layer: Any, x: Value, mask: Any = None) -> Value:
    """Write Softmax: where a mask is False the result is 0, and the others sum to 1."""
    mask = x.mask if mask is None else mask
    if mask is None:
        return _softmax(w, layer, x)
    x = w.last(x)
    kept = w.cast(mask, "bool") if isinstance(mask, Value) else np.asarray(mask).astype(bool)
    y = _softmax(w, layer, same_shape(x, w.add("Where", kept, x, np.array(-1e9, x.dtype))))
    return same_shape(x, w.add("Where", kept, y, np.array(0, x.dtype)))


def _softmax(w, layer, x):
    axes = layer.axis if isinstance(layer.axis, list) else [layer.axis]
    if len(axes) == 1:
        return same_shape(x, w.add("Softmax", x, axis=x.axis(axes[0])))
    total = w.add("ReduceLogSumExp", x, axes_of(x, axes))
    return same_shape(x, w.add("Exp", w.add("Sub", x, total)))


def _masking(w, layer, x):
    x = w.last(x)
    counts = any_along(w, w.add("Not", w.add("Equal", x, np.array(layer.mask_value, x.dtype))), -1, keepdims=True)
    return same_shape(x, w.add("Mul", x, w.add("Cast", counts, to=w.element_type(x.dtype))))


def _rescaling(w, layer, x):
    numbers = [np.asarray(number, x.dtype) for number in (layer.scale, layer.offset)]
    x = w.last(x) if any(number.ndim for number in numbers) else x
    return same_shape(x, w.add("Add", w.add("Mul", x, numbers[0]), numbers[1]))


def _embedding(w, layer, x):
    numbers = w.cast(w.last(x), "int64")
    name = w.add("Gather", layer.embeddings.numpy(), numbers, axis=0)
    return Value(name, (*x.shape, layer.output_dim), layer.dtype)


FUNCTIONS: dict[type, Callable[..., Value]] = {
    layers.Dense: _dense, layers.Activation: _activation, layers.ReLU: _relu, layers.LeakyReLU: _leaky_relu,
    layers.ELU: _elu, layers.PReLU: _prelu, layers.Softmax: softmax, layers.Rescaling: _rescaling,
    layers.Embedding: _embedding, layers.Masking: _masking,
}
