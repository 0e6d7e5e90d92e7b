"""Scaled dot-product attention: each query takes a mean of the values, weighted by how well their keys match.

For each head of each sample, with a row of q for each query, a row of k and of v for each key:

    s = scale q k^T         p = softmax of the rows of s        y = p v

    dp = dy v^T             ds = p (dp - mean of dp, weighted by p)
    dq = scale ds k         dk = scale ds^T q                   dv = p^T dy

The mean of dp is dy y^T, since y is the mean of v. A key that a query does not use has s = -infinity there. A query
that uses no key at all weighs all keys alike: p is the same for all keys, and ds = 0.
"""

from __future__ import annotations

import numpy as np

from ..core.recording import constant, converted, repeated
from ..core.types import Array, TensorLike
from ..runtime import kernels
from ..tape import record
from ..tensor import Tensor, to_array
from .arguments import as_floats
from .formulas import result_type
from .indexing import where
from .matmul import matmul
from .recorded_gradients import composed
from .shape import swapaxes
from .softmax import softmax


def _allowed(mask, causal, shape):
    """Which keys each query uses: booleans of the scores' shape, (batch, heads, queries, keys)."""
    allowed = np.broadcast_to(True if mask is None else mask, shape)
    return allowed & np.tril(np.ones(shape[2:], bool)) if causal else allowed


def _scores(q, k, mask, scale, causal):
    """Reference: s, and which keys each query uses."""
    s = q.dtype.type(scale) * np.einsum("nihd,njhd->nhij", q, k)
    allowed = _allowed(mask, causal, s.shape)
    s = np.where(allowed, s, s.dtype.type(-np.inf))
    return np.where(allowed.any(axis=-1, keepdims=True), s, s.dtype.type(0)), allowed


def attention_forward(
    q: Array, k: Array, v: Array, mask: Array | None, scale: float, causal: bool
) -> tuple[Array, Array]:
    """Reference: y, by the formulas at the top of this file.

    Args:
        q: Shape (batch, queries, heads, dim).
        k: Shape (batch, keys, heads, dim).
        v: Shape (batch, keys, heads, value_dim).
        mask: True where a query uses a key, shape (batch or 1, heads or 1, queries or 1, keys); or None.
        scale: Factor of the scores.
        causal: Whether each query uses no later key.

    Returns:
        y, shape (batch, queries, heads, value_dim); the logarithm of the sum of e^s, shape (batch, heads, queries).
    """
    with np.errstate(all="ignore"):
        s, _ = _scores(q, k, mask, scale, causal)
        largest = s.max(axis=-1, keepdims=True, initial=-np.inf)
        e = np.exp(s - largest)
        total = e.sum(axis=-1, keepdims=True)
        return np.einsum("nhij,njhc->nihc", e / total, v), (largest + np.log(total))[..., 0]


def attention_backward(
    dy: Array, q: Array, k: Array, v: Array, mask: Array | None, y: Array, log_sum: Array, scale: float, causal: bool
) -> tuple[Array, Array, Array]:
    """Reference: the gradients, by the formulas at the top of this file.

    Args:
        dy: Gradient of y.
        q, k, v, mask, scale, causal: As for `attention_forward`.
        y, log_sum: The forward pass's results.

    Returns:
        (dq, dk, dv)
    """
    with np.errstate(all="ignore"):
        s, allowed = _scores(q, k, mask, scale, causal)
        p = np.where(np.isneginf(s), s.dtype.type(0), np.exp(s - log_sum[..., None]))
        dp = np.einsum("nihc,njhc->nhij", dy, v)
        mean = np.einsum("nihc,nihc->nhi", dy, y)[..., None]
        ds = np.where(allowed, p * (dp - mean), p.dtype.type(0)) * p.dtype.type(scale)
        return (np.einsum("nhij,njhd->nihd", ds, k), np.einsum("nhij,nihd->njhd", ds, q),
                np.einsum("nhij,nihc->njhc", p, dy))


def dot_product_attention(
    query: TensorLike, key: TensorLike, value: TensorLike, bias: TensorLike = None, mask: TensorLike = None,
    scale: float | None = None, is_causal: bool = False, flash_attention: bool | None = None,
    attn_logits_soft_cap: float | None = None,
) -> Tensor:
    """Scaled dot-product attention, softmax(q k^T scale + bias) v, for each head. Vaswani et al. 2017, eq. 1.

    A query that may attend to no key at all takes the mean of all values.

    Args:
        query: Shape (batch, queries, heads, dim).
        key, value: Shape (batch, keys, heads, dim); a value may have another length.
        bias: Added to the scores, (batch, heads, queries, keys) or what broadcasts to it.
        mask: True where a query may attend to a key; of the same shape.
        scale: Factor of the scores; 1 / sqrt(dim) if None.
        is_causal: Let each query attend to no later key.
        flash_attention: Makes no difference: without a bias, the scores are never all in memory.
        attn_logits_soft_cap: Not supported.

    Returns:
        Tensor, shape (batch, queries, heads, dim).

    Raises:
        ValueError: an input does not have four axes, shapes do not match, or `attn_logits_soft_cap` is given.

    >>> x = np.ones((1, 5, 2, 4), "float32")
    >>> dot_product_attention(x, x, x).shape
    (1, 5, 2, 4)
    """
    if attn_logits_soft_cap is not None:
        raise ValueError("dot_product_attention: attn_logits_soft_cap is for large language models; leave it None")
    query, key, value = (as_floats(x) for x in (query, key, value))
    dtype = result_type(query, key, value)
    query, key, value = (x if x.data.dtype == dtype else x.astype(dtype) for x in (query, key, value))
    q, k, v = query.data, key.data, value.data
    if not q.ndim == k.ndim == v.ndim == 4:
        raise ValueError("dot_product_attention: expected (batch, steps, heads, dim) three times, got "
                         f"{q.shape}, {k.shape}, {v.shape}")
    visible = None if mask is None else converted(to_array(mask), bool)
    scale = q.shape[-1] ** -0.5 if scale is None else scale
    (batch, queries, heads, dim), keys = q.shape, k.shape[1]
    fits = k.shape == (batch, keys, heads, dim) and v.shape[:3] == k.shape[:3]  # otherwise axes of 1 may broadcast
    if bias is not None or isinstance(scale, Tensor) or not fits:
        return _in_operations(query, key, value, bias, visible, scale, is_causal)
    scale = float(scale)
    if visible is not None:
        visible = _four_axes(visible, (batch, heads, queries, keys))
    y, log_sum = kernels.attention_forward(q, k, v, visible, scale, is_causal)

    def backward(dy):
        return kernels.attention_backward(dy, q, k, v, visible, y, log_sum, scale, is_causal)

    def formula(*inputs):
        return _in_operations(*inputs, None, visible, scale, is_causal)

    return record(y, (query, key, value), backward, composed(formula, (query, key, value), (q, k, v)))


def _in_operations(query, key, value, bias, visible, scale, causal):
    """The formula in other operations."""
    query, key, value = (swapaxes(x, 1, 2) for x in (query, key, value))  # (batch, heads, steps, dim)
    scores = matmul(query, swapaxes(key, 2, 3)) * scale
    if bias is not None:
        scores = scores + bias
    if visible is not None or causal:
        shape = scores.shape
        allowed = (constant(_allowed(None, causal, shape)) if visible is None else
                   repeated(lambda m: _allowed(m, causal, shape), visible))
        lowest = constant(np.asarray(-0.7 * np.finfo(scores.dtype).max, scores.dtype))  # finite: a row of it is no NaN
        scores = where(allowed, scores, lowest)
    return swapaxes(matmul(softmax(scores), value), 1, 2)


def _four_axes(mask, shape):
    """The mask with axes of its own length or 1, but for the last, which has all keys."""
    try:
        np.broadcast_to(mask, shape)
    except ValueError:
        raise ValueError(f"dot_product_attention: mask {mask.shape} does not broadcast to (batch, heads, queries, "
                         f"keys) = {shape}") from None
    mask = mask.reshape((1,) * (4 - mask.ndim) + mask.shape)
    return mask if mask.shape[3] == shape[3] else repeated(lambda m: np.repeat(m, shape[3], axis=3), mask)
