"""Convolutions and pooling, in terms of ONNX's operators; see `layers.py`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import layers
from ...layers.pooling import spatial_axes
from ...layers.pooling_adaptive import adaptive_windows
from ...ops.conv2d_transpose import axis_geometry
from ...ops.windows import same_padding
from .axes import channels_first, result
from .functions import write_activation
from .masks import expanded
from .writer import Value, Writer, unsupported


def _padding(layer, x):
    """Attributes of Conv for a layer's padding."""
    if layer.padding == "valid":
        return {}
    if layer.padding == "same":
        if max(layer.dilation_rate) == 1:
            return {"auto_pad": "SAME_UPPER"}
        return {"pads": _same_pads(layer, x)}  # ONNX Runtime does not know both at once
    if layer.padding == "causal":
        return {"pads": [layer.dilation_rate[0] * (layer.kernel_size[0] - 1), 0]}
    padding = layer.padding if isinstance(layer.padding, tuple | list) else (layer.padding,) * layer.rank
    pairs = [part if isinstance(part, tuple | list) else (part, part) for part in padding]
    return {"pads": [pair[0] for pair in pairs] + [pair[1] for pair in pairs]}


def _same_pads(layer, x):
    """The zeros of padding='same': before each axis, then after each."""
    sizes = x.shape[1:-1] if layer.data_format == "channels_last" else x.shape[2:]
    totals = []
    window = layer.pool_size if hasattr(layer, "pool_size") else layer.kernel_size
    dilations = getattr(layer, "dilation_rate", (1,) * len(window))
    for size, kernel, stride, dilation in zip(sizes, window, layer.strides, dilations, strict=True):
        reach = dilation * (kernel - 1) + 1
        if stride == 1 or reach == 1:
            totals.append(reach - 1)
        elif size is None:
            raise unsupported(layer, "padding='same' with strides, and dilation or a pool_size below them, needs known "
                                     f"lengths, got input {x.shape}")
        else:
            totals.append(sum(same_padding(size, kernel, stride, dilation)))
    return [total // 2 for total in totals] + [total - total // 2 for total in totals]


def _kernel(kernel):
    """(height, width, in, out) as ONNX has it: (out, in, height, width)."""
    kernel = kernel.numpy()
    rank = kernel.ndim - 2
    return np.ascontiguousarray(kernel.transpose(rank + 1, rank, *range(rank)))


def _depthwise_kernel(kernel):
    """(height, width, channels, multiplier) as (channels * multiplier, 1, height, width)."""
    kernel = kernel.numpy()
    rank = kernel.ndim - 2
    turned = kernel.transpose(rank, rank + 1, *range(rank))
    return np.ascontiguousarray(turned).reshape(-1, 1, *kernel.shape[:rank])


def _bias(layer):
    return [layer.bias.numpy()] if layer.use_bias else []


def _convolution(w, layer, x, kernel, group):
    x = channels_first(w, layer, x)
    y = w.add("Conv", x, kernel, *_bias(layer), strides=layer.strides, dilations=layer.dilation_rate, group=group,
              **_padding(layer, x))
    return write_activation(w, layer.activation, result(layer, x, y), layer)


def _conv(w, layer, x):
    return _convolution(w, layer, x, _kernel(layer.kernel), layer.groups)


def _depthwise(w, layer, x):
    return _convolution(w, layer, x, _depthwise_kernel(layer.kernel), layer._input_channels(x.shape))


def _separable(w, layer, x):
    x = channels_first(w, layer, x)
    y = w.add("Conv", x, _depthwise_kernel(layer.depthwise_kernel), strides=layer.strides,
              dilations=layer.dilation_rate, group=layer._input_channels(x.shape), **_padding(layer, x))
    y = w.add("Conv", y, _kernel(layer.pointwise_kernel), *_bias(layer))
    return write_activation(w, layer.activation, result(layer, x, y), layer)


def _conv_transpose(w, layer, x):
    x = channels_first(w, layer, x)
    starts, ends, extra = [], [], []
    for axis in range(layer.rank):
        # Padding does not depend on the input's size; 1 serves for all.
        output_padding = None if layer.output_padding is None else layer.output_padding[axis]
        kernel, stride, dilation = layer.kernel_size[axis], layer.strides[axis], layer.dilation_rate[axis]
        output, (before, after) = axis_geometry(1, kernel, stride, layer.padding, output_padding, dilation)
        starts.append(before)
        ends.append(after)
        extra.append(output - (dilation * (kernel - 1) + 1 - before - after))
    y = w.add("ConvTranspose", x, _kernel(layer.kernel), *_bias(layer), strides=layer.strides,
              dilations=layer.dilation_rate, pads=[*starts, *ends], output_padding=extra)
    return write_activation(w, layer.activation, result(layer, x, y), layer)


def _pool(op_type, w, layer, x):
    x = channels_first(w, layer, x)
    attributes = {}
    if layer.padding == "same":
        # Where windows lie apart, ONNX Runtime 1.32 counts a negative padding: an error, or windows out of place.
        apart = any(stride > size for stride, size in zip(layer.strides, layer.pool_size, strict=True))
        attributes = {"pads": _same_pads(layer, x)} if apart else {"auto_pad": "SAME_UPPER"}
    y = w.add(op_type, x, kernel_shape=layer.pool_size, strides=layer.strides, **attributes)
    return result(layer, x, y)


def _adaptive_pool(op_type, w, layer, x):
    x = w.last(x)
    for axis, size in zip(spatial_axes(x.rank, layer.data_format), layer.output_size, strict=True):
        length = x.shape[axis]
        if length is None:
            raise unsupported(layer, f"the lengths must be known, got input {x.shape}")
        at = np.array([axis])
        parts = [w.add(op_type, w.add("Slice", x, np.array([start]), np.array([end]), at), at)
                 for start, end in adaptive_windows(length, size)]
        x = Value(w.add("Concat", *parts, axis=axis), (*x.shape[:axis], size, *x.shape[axis + 1:]), x.dtype)
    return x


def _global_pool(op_type, w, layer, x):
    spatial = range(1, x.rank - 1) if layer.data_format == "channels_last" else range(2, x.rank)
    axes = np.array([x.axis(axis) for axis in spatial])
    y = w.add(op_type, x, axes, keepdims=int(layer.keepdims))
    return result(layer, x, y, moved=x.moved and layer.keepdims)


def mean_of_steps(w: Writer, layer: Any, x: Value, mask: Value | None = None) -> Value:
    """Write GlobalAveragePooling1D: the mean over the steps that are no padding."""
    mask = x.mask if mask is None else mask
    if mask is None:
        return _global_pool("ReduceMean", w, layer, x)
    x = w.last(x)
    steps = 1 if layer.data_format == "channels_last" else 2
    kept = w.add("Cast", expanded(w, mask, 3 - steps), to=w.element_type(x.dtype))
    total, count = (w.add("ReduceSum", part, np.array([steps]), keepdims=int(layer.keepdims))
                    for part in (w.add("Mul", x, kept), kept))
    return result(layer, x, w.add("Div", total, count))


FUNCTIONS: dict[type, Callable[..., Value]] = {
    **dict.fromkeys([layers.Conv1D, layers.Conv2D, layers.Conv3D], _conv),
    **dict.fromkeys([layers.DepthwiseConv1D, layers.DepthwiseConv2D], _depthwise),
    **dict.fromkeys([layers.SeparableConv1D, layers.SeparableConv2D], _separable),
    **dict.fromkeys([layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose], _conv_transpose),
    **dict.fromkeys([layers.MaxPooling1D, layers.MaxPooling2D, layers.MaxPooling3D],
                    functools.partial(_pool, "MaxPool")),
    **dict.fromkeys([layers.AveragePooling1D, layers.AveragePooling2D, layers.AveragePooling3D],
                    functools.partial(_pool, "AveragePool")),
    **dict.fromkeys([layers.GlobalMaxPooling1D, layers.GlobalMaxPooling2D, layers.GlobalMaxPooling3D],
                    functools.partial(_global_pool, "ReduceMax")),
    **dict.fromkeys([layers.GlobalAveragePooling2D, layers.GlobalAveragePooling3D],
                    functools.partial(_global_pool, "ReduceMean")),
    layers.GlobalAveragePooling1D: mean_of_steps,
    **dict.fromkeys([layers.AdaptiveMaxPooling1D, layers.AdaptiveMaxPooling2D, layers.AdaptiveMaxPooling3D],
                    functools.partial(_adaptive_pool, "ReduceMax")),
    **dict.fromkeys([layers.AdaptiveAveragePooling1D, layers.AdaptiveAveragePooling2D,
                     layers.AdaptiveAveragePooling3D], functools.partial(_adaptive_pool, "ReduceMean")),
}
