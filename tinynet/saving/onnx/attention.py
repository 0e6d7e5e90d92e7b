"""Attention, and dense layers along any axes, in terms of ONNX's operators; see `layers.py`."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import layers
from ...layers.attention import MINUS_INFINITY
from .functions import write_activation
from .masks import expanded
from .writer import Value


def _causal(w, scores):
    """True where a query may use a key; in the shape of the scores."""
    one = w.onnx.helper.make_tensor("one", w.element_type("float32"), [1], [1.0])
    ones = w.add("ConstantOfShape", w.add("Shape", scores), value=one)
    return w.add("Cast", w.add("Trilu", ones, upper=0), to=w.element_type("bool"))


def _all_of(w, parts):
    """The logical and of masks; None without one."""
    return functools.reduce(lambda one, other: w.add("And", one, other), parts) if parts else None


def _boolean(w, mask):
    """A mask that was passed as an argument: a Value or an array."""
    return w.cast(mask, "bool") if isinstance(mask, Value) else _constant_mask(w, np.asarray(mask).astype(bool))


def _constant_mask(w, mask):
    return Value(w.constant(mask), mask.shape, "bool")


def _scores(w, layer, query, key):
    dtype = query.dtype
    if type(layer) is layers.Attention and layer.score_mode == "dot":
        scores = w.add("MatMul", query, w.add("Transpose", key, perm=[0, 2, 1]))
        return scores if layer.scale is None else w.add("Mul", scores, layer.scale.numpy().astype(dtype))
    total = w.add("Add", w.add("Unsqueeze", query, np.array([2])), w.add("Unsqueeze", key, np.array([1])))
    if type(layer) is layers.AdditiveAttention:  # scale * tanh(q + k)
        total = w.add("Tanh", total)
        total = total if layer.scale is None else w.add("Mul", total, layer.scale.numpy())
        return w.add("ReduceSum", total, np.array([-1]), keepdims=0)
    total = total if layer.scale is None else w.add("Mul", total, layer.scale.numpy())
    return w.add("Mul", w.add("ReduceSum", w.add("Tanh", total), np.array([-1]), keepdims=0),
                 layer.concat_score_weight.numpy())


def _attention(w, layer, inputs, mask=None, return_attention_scores=False, use_causal_mask=False):
    masks = [value.mask for value in inputs] if mask is None else [
        None if part is None else _boolean(w, part) for part in mask]
    query, value, key = (w.last(inputs[i]) for i in (0, 1, 2 if len(inputs) > 2 else 1))
    dtype = query.dtype
    scores = _scores(w, layer, query, key)
    parts = [] if masks[1] is None else [expanded(w, masks[1], 1)]
    parts += [_causal(w, scores)] if use_causal_mask else []
    allowed = _all_of(w, parts)
    if allowed is not None:
        forbidden = w.add("Cast", w.add("Not", allowed), to=w.element_type(dtype))
        scores = w.add("Sub", scores, w.add("Mul", forbidden, np.array(-MINUS_INFINITY, dtype)))
    weights = w.add("Softmax", scores, axis=-1)
    y = w.add("MatMul", weights, value)
    if masks[0] is not None:
        y = w.add("Mul", y, w.add("Cast", expanded(w, masks[0]), to=w.element_type(dtype)))
    result = Value(y, (*query.shape[:-1], value.shape[-1]), dtype)
    return [result, Value(weights, (*query.shape[:-1], value.shape[1]), dtype)] if return_attention_scores else result


def _heads(w, layer, x, part):
    """A projection of x for each head: (batch, heads, steps, length)."""
    kernel = part.kernel.numpy()
    y = w.add("MatMul", x, kernel.reshape(len(kernel), -1))
    y = w.add("Add", y, part.bias.numpy().ravel()) if layer.use_bias else y
    y = write_activation(w, part.activation, Value(y, (None, None, None), x.dtype), layer).name
    return w.add("Transpose", w.add("Reshape", y, np.array([0, 0, *kernel.shape[1:]])), perm=[0, 2, 1, 3])


def _multi_head_attention(w, layer, query, value, key=None, query_mask=None, value_mask=None, key_mask=None,
                          attention_mask=None, return_attention_scores=False, use_causal_mask=False):
    parts: list[Any] = []
    for given, tensor, axis in ((query_mask, query, 2), (value_mask, value, 1), (key_mask, key, 1)):
        mask = _boolean(w, given) if given is not None else getattr(tensor, "mask", None)
        parts += [] if mask is None else [expanded(w, mask, axis)]
    query, value, key = w.last(query), w.last(value), w.last(value if key is None else key)
    dtype = query.dtype
    q, k, v = (_heads(w, layer, x, part) for x, part in
               ((query, layer.query_dense), (key, layer.key_dense), (value, layer.value_dense)))
    q = w.add("Mul", q, np.array(1 / math.sqrt(layer.key_dim), dtype))
    scores = w.add("MatMul", q, w.add("Transpose", k, perm=[0, 1, 3, 2]))
    parts += [] if attention_mask is None else [_boolean(w, attention_mask)]
    allowed = _all_of(w, parts)
    if parts and max(part.rank for part in parts) == 3:
        allowed = w.add("Unsqueeze", allowed, np.array([1]))
    if use_causal_mask:
        allowed = _all_of(w, [*([] if allowed is None else [allowed]), _causal(w, scores)])
    if allowed is not None:
        scores = w.add("Where", allowed, scores, np.array(MINUS_INFINITY, dtype))
    weights = w.add("Softmax", scores, axis=-1)
    y = w.add("MatMul", weights, v)
    if layer.use_gate:
        y = w.add("Mul", y, _heads(w, layer, query, layer._gate_dense))
    y = w.add("Reshape", w.add("Transpose", y, perm=[0, 2, 1, 3]), np.array([0, 0, layer.num_heads * layer.value_dim]))
    kernel = layer.output_dense.kernel.numpy()
    y = w.add("MatMul", y, kernel.reshape(-1, kernel.shape[-1]))
    y = w.add("Add", y, layer.output_dense.bias.numpy()) if layer.use_bias else y
    result = Value(y, (*query.shape[:-1], kernel.shape[-1]), dtype)
    if not return_attention_scores:
        return result
    return [result, Value(weights, (query.shape[0], layer.num_heads, query.shape[1], key.shape[1]), dtype)]


def _einsum_dense(w, layer, x):
    x = w.last(x)
    y = w.add("Einsum", x, layer.kernel.numpy(), equation=layer.equation.replace(" ", ""))
    y = y if layer.bias is None else w.add("Add", y, layer.bias.numpy())
    return write_activation(w, layer.activation, Value(y, layer.compute_output_shape(x.shape), x.dtype), layer)


FUNCTIONS: dict[type, Callable[..., Any]] = {
    layers.Attention: _attention, layers.AdditiveAttention: _attention,
    layers.MultiHeadAttention: _multi_head_attention, layers.EinsumDense: _einsum_dense,
}
