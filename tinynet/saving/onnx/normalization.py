"""Normalization, in terms of ONNX's operators; see `layers.py`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ... import layers
from .axes import along, axes_of, same_shape, unit
from .writer import Value, unsupported


def _batch_normalization(w, layer, x):
    if layer.axis % x.rank == x.rank - 1:
        x = w.first(x)
    elif x.rank > 2:
        x = w.last(x)
    mean, variance = layer.moving_mean.numpy(), layer.moving_variance.numpy()
    gamma = layer.gamma.numpy() if layer.scale else np.ones_like(mean)
    beta = layer.beta.numpy() if layer.center else np.zeros_like(mean)
    if x.axis(layer.axis) == 1:
        return same_shape(x, w.add("BatchNormalization", x, gamma, beta, mean, variance, epsilon=layer.epsilon))
    scale = gamma / np.sqrt(variance + layer.epsilon).astype(mean.dtype)
    y = w.add("Mul", x, along(x, layer.axis, scale))
    return same_shape(x, w.add("Add", y, along(x, layer.axis, beta - mean * scale)))


def _scale_and_shift(w, layer, x, name):
    for op_type, used, weight in (("Mul", layer.scale, layer.gamma), ("Add", layer.center, layer.beta)):
        name = w.add(op_type, name, along(x, layer.axis, weight.numpy())) if used else name
    return same_shape(x, name)


def _normalized(w, x, axes, epsilon):
    """x minus its mean, divided by its standard deviation."""
    centred = w.add("Sub", x, w.add("ReduceMean", x, axes))
    variance = w.add("ReduceMean", w.add("Mul", centred, centred), axes)
    return w.add("Div", centred, w.add("Sqrt", w.add("Add", variance, np.array(epsilon, x.dtype))))


def _layer_normalization(w, layer, x):
    return _scale_and_shift(w, layer, x, _normalized(w, x, axes_of(x, layer.axis), layer.epsilon))


def _group_normalization(w, layer, x):
    x = w.first(x) if layer.axis % x.rank == x.rank - 1 else w.last(x)
    if x.axis(layer.axis) != 1:
        raise unsupported(layer, f"axis {layer.axis} is neither the first after the batch's nor the last")
    grouped = w.add("Reshape", x, np.array([0, layer.groups, -1]))
    name = _normalized(w, Value(grouped, (None, layer.groups, None), x.dtype), np.array([2]), layer.epsilon)
    return _scale_and_shift(w, layer, x, w.add("Reshape", name, w.add("Shape", x)))


def _rms_normalization(w, layer, x):
    mean = w.add("ReduceMean", w.add("Mul", x, x), axes_of(x, layer.axis))
    y = w.add("Div", x, w.add("Sqrt", w.add("Add", mean, np.array(layer.epsilon, x.dtype))))
    return same_shape(x, w.add("Mul", y, along(x, layer.axis, layer.scale.numpy())))


def _unit_normalization(w, layer, x):
    return same_shape(x, unit(w, x, axes_of(x, layer.axis), 1e-12))


def _normalization(w, layer, x):
    x = w.last(x)
    if layer.input_mean is None:
        layer._finalize(layer.adapt_mean.data, layer.adapt_variance.data)
    mean = np.asarray(layer.mean, x.dtype)
    deviation = np.maximum(np.sqrt(np.asarray(layer.variance, x.dtype)), np.array(1e-7, x.dtype))
    if layer.invert:
        return same_shape(x, w.add("Add", w.add("Mul", x, deviation), mean))
    return same_shape(x, w.add("Div", w.add("Sub", x, mean), deviation))


FUNCTIONS: dict[type, Callable[..., Value]] = {
    layers.BatchNormalization: _batch_normalization, layers.LayerNormalization: _layer_normalization,
    layers.GroupNormalization: _group_normalization, layers.RMSNormalization: _rms_normalization,
    layers.UnitNormalization: _unit_normalization, layers.Normalization: _normalization,
}
