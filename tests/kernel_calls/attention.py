"""Attention. An error of a score is, in the exponential, a relative error of the weight."""

import numpy as np

from kernel_calls.base import Kernel
from tinynet import reference

EXPONENTIAL = 8  # roundings of an exponential and of what is done with it


def attention_arguments(numbers, batch, queries, keys, heads, dim, value_dim, *kind):
    """`kind`: 'causal'; 'keys', 'queries and keys' or 'heads' for what the mask tells apart; 'alone': some queries have
    no key."""
    sizes = {"keys": (batch, 1, 1, keys), "queries and keys": (1, 1, queries, keys),
             "heads": (batch, heads, queries, keys), "alone": (batch, 1, queries, keys)}
    shape = next((size for name, size in sizes.items() if name in kind), None)
    mask = None
    if shape is not None:
        mask = numbers.between(0, 1, *shape) < 0.6
        if keys:
            mask[..., 0] |= "alone" not in kind
        if "alone" in kind:
            mask[..., ::3, :] = False
    return {"q": numbers(batch, queries, heads, dim), "k": numbers(batch, keys, heads, dim),
            "v": numbers(batch, keys, heads, value_dim), "mask": mask, "scale": max(dim, 1) ** -0.5,
            "causal": "causal" in kind}


def scores(a):
    """The scores, (batch, heads, queries, keys), and the sums of the absolute values that they are made of."""
    q_k = np.einsum("nihd,njhd->nhij", a.q, a.k) * a.scale
    return q_k, np.einsum("nihd,njhd->nhij", np.abs(a.q), np.abs(a.k)) * a.scale


def weights(a):
    """The weights of all keys: where v is the identity, y is a row of weights."""
    batch, keys, heads, _ = a.k.shape
    identity = np.broadcast_to(np.eye(keys)[None, :, None], (batch, keys, heads, keys))
    y, _ = reference.attention_forward(a.q, a.k, identity, a.mask, a.scale, a.causal)
    return y.transpose(0, 2, 1, 3)


def weight_error(a, p, subtracted, g):
    """The relative error of e^(s - subtracted): that of the products, of the difference and of the exponential."""
    s, magnitude = scores(a)
    return np.where(p > 0, g(a.q.shape[-1] + 3) * magnitude + g(1) * (np.abs(s) + np.abs(subtracted))
                    + g(EXPONENTIAL), 0)


def attention_bound(a, results, g):
    y, log_sum = results
    p = weights(a)
    if not p.size:
        return [np.zeros_like(y), np.zeros_like(log_sum)]
    s, _ = scores(a)
    largest = np.where(p > 0, np.abs(s), 0).max(axis=-1, keepdims=True)
    error = weight_error(a, p, largest, g)
    of_sum = (p * error).sum(axis=-1, keepdims=True)
    keys = a.k.shape[1]
    of_y = np.einsum("nhij,njhc->nihc", p * (error + of_sum + g(2 * keys + 8)), np.abs(a.v))
    return [of_y, of_sum[..., 0] + g(keys + 4) + g(4) * (np.abs(log_sum) + largest[..., 0])]


def attention_gradient_arguments(numbers, *shape):
    made = attention_arguments(numbers, *shape)
    y, log_sum = reference.attention_forward(**made)
    scale, causal = made.pop("scale"), made.pop("causal")
    return {"dy": numbers(*y.shape), **made, "y": y, "log_sum": log_sum, "scale": scale, "causal": causal}


def attention_gradient_bound(a, results, g):
    p = weights(a)
    if not p.size:
        return [np.zeros_like(result) for result in results]
    queries, keys, values = a.q.shape[1], a.k.shape[1], a.v.shape[3]
    dy, v = np.abs(a.dy), np.abs(a.v)
    error = weight_error(a, p, a.log_sum[..., None], g) + g(EXPONENTIAL)
    slope = np.einsum("nihc,njhc->nhij", dy, v) + np.einsum("nihc,nihc->nhi", dy, np.abs(a.y))[..., None]
    ds = a.scale * p * slope
    ds_error = ds * (error + g(values + 6))
    return [np.einsum("nhij,njhd->nihd", ds_error + g(keys + 2) * ds, np.abs(a.k)),
            np.einsum("nhij,nihd->njhd", ds_error + g(queries + 2) * ds, np.abs(a.q)),
            np.einsum("nhij,nihc->njhc", p * (error + g(queries + 2)), dy)]


SHAPES = {
    "small": [(1, 1, 1, 1, 1, 1), (2, 5, 7, 3, 4, 2), (1, 13, 17, 2, 15, 33), (2, 4, 33, 1, 17, 5, "keys"),
              (1, 12, 31, 2, 8, 16, "queries and keys"), (2, 6, 9, 2, 3, 4, "heads"), (2, 7, 5, 1, 4, 3, "alone"),
              (1, 9, 6, 2, 5, 4, "causal"), (2, 8, 17, 1, 4, 6, "causal", "alone"),
              (1, 7, 16, 2, 3, 1, "causal", "keys")],
    # Blocks have 96 queries, and fewer with more than 256 keys.
    "large": [(16, 97, 64, 4, 16, 16), (3, 200, 300, 2, 20, 36, "causal"), (2, 191, 65, 3, 32, 7, "heads", "causal"),
              (1, 50, 2100, 1, 24, 24, "keys")],
    "empty": [(0, 3, 4, 2, 5, 6), (2, 0, 4, 2, 5, 6), (2, 3, 4, 0, 5, 6), (2, 3, 4, 2, 5, 0), (2, 3, 4, 2, 0, 5)],
    "tainted": {"causal": "keys after a block of queries are left out, and with them what they hold"},
}

KERNELS = {
    "attention_forward": Kernel(attention_arguments, attention_bound, **SHAPES),
    "attention_backward": Kernel(attention_gradient_arguments, attention_gradient_bound, **SHAPES),
}
