"""Scaled dot-product attention: equality with its formula, gradients, masks, causal order, and sizes around blocks."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from checks import BACKENDS, PEAK_MEGABYTES, assert_gradient, assert_same_values, needs_native
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import positive_sizes

import tinynet as tn
from tinynet import _native, layers, ops, reference
from tinynet.tensor import Tensor

# A block has 96 queries, and fewer with more than 256 keys; a tile 6 or 12 queries by 8, 16 or 32 keys.
AROUND_A_BLOCK = st.one_of(positive_sizes, st.sampled_from([95, 96, 97, 191, 192, 193, 255, 256, 257]))
MASKS = ("none", "keys", "queries", "all", "heads", "no key")


def inputs(batch, queries, keys, heads, dim, value_dim, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape) for shape in
            ((batch, queries, heads, dim), (batch, keys, heads, dim), (batch, keys, heads, value_dim))]


def mask_of(kind, batch, queries, keys, heads, seed=0):
    """A mask that broadcasts to (batch, heads, queries, keys)."""
    shape = {"none": None, "keys": (batch, 1, 1, keys), "queries": (queries, 1), "all": (queries, keys),
             "heads": (batch, heads, queries, keys), "no key": (batch, 1, queries, keys)}[kind]
    if shape is None:
        return None
    mask = np.random.default_rng([seed, 1]).random(shape) < 0.6
    if kind == "no key":
        mask[..., ::2, :] = False
    return mask


def formula(query, key, value, mask=None, causal=False, scale=None):
    """softmax(scale q k^T) v, head by head; a query without any key takes the mean of all values."""
    y = np.empty((*query.shape[:3], value.shape[3]))
    queries, keys = query.shape[1], key.shape[1]
    allowed = np.broadcast_to(True if mask is None else mask, (query.shape[0], query.shape[2], queries, keys))
    for n, h in np.ndindex(query.shape[0], query.shape[2]):
        scores = query[n, :, h] @ key[n, :, h].T * (query.shape[3] ** -0.5 if scale is None else scale)
        for i in range(queries):
            used = [j for j in range(keys) if allowed[n, h, i, j] and not (causal and j > i)] or None
            e = np.ones(keys) if used is None else np.exp(scores[i, used] - scores[i, used].max())
            y[n, i, h] = e / e.sum() @ (value[n, :, h] if used is None else value[n, used, h])
    return y


@settings(max_examples=60, deadline=None)
@given(batch=st.integers(1, 3), queries=AROUND_A_BLOCK, keys=AROUND_A_BLOCK, heads=st.integers(1, 3),
       dim=st.sampled_from([1, 2, 7, 8, 9, 16, 17, 33]), value_dim=st.sampled_from([1, 3, 8, 16, 31, 32, 33]),
       kind=st.sampled_from(MASKS), causal=st.booleans(), seed=st.integers(0, 1000),
       backend=st.sampled_from(BACKENDS))
def test_equals_the_formula(batch, queries, keys, heads, dim, value_dim, kind, causal, seed, backend):
    q, k, v = inputs(batch, queries, keys, heads, dim, value_dim, seed)
    mask = mask_of(kind, batch, queries, keys, heads, seed)
    with tn.backend(backend):
        y = ops.dot_product_attention(q, k, v, mask=mask, is_causal=causal)
    np.testing.assert_allclose(y.numpy(), formula(q, k, v, mask, causal), rtol=1e-11, atol=1e-12)


@settings(max_examples=25, deadline=None)
@given(batch=st.integers(1, 2), queries=AROUND_A_BLOCK, keys=AROUND_A_BLOCK, heads=st.integers(1, 2),
       dim=st.sampled_from([1, 7, 8, 9, 17]), value_dim=st.sampled_from([1, 8, 15, 33]), kind=st.sampled_from(MASKS),
       causal=st.booleans(), seed=st.integers(0, 1000), backend=st.sampled_from(BACKENDS))
def test_gradient(batch, queries, keys, heads, dim, value_dim, kind, causal, seed, backend):
    mask = mask_of(kind, batch, queries, keys, heads, seed)
    with tn.backend(backend):
        assert_gradient(lambda *a: ops.dot_product_attention(*a, mask=mask, is_causal=causal, scale=0.7),
                        *inputs(batch, queries, keys, heads, dim, value_dim, seed), directions=1, rtol=1e-5)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("kind", MASKS)
def test_the_gradient_has_a_gradient(kind, causal):
    """That of |dq|^2 + |dk|^2 + |dv|^2, along random directions."""
    mask = mask_of(kind, 2, 4, 5, 2)

    def size_of_gradients(*arrays):
        with tn.GradientTape() as tape:
            tape.watch(list(arrays))
            y = ops.sum(ops.sin(ops.dot_product_attention(*arrays, mask=mask, is_causal=causal)))
        return sum(ops.sum(ops.square(g)) for g in tape.gradient(y, list(arrays)))

    assert_gradient(size_of_gradients, *inputs(2, 4, 5, 2, 3, 6))


@pytest.mark.parametrize("kind", MASKS)
def test_without_memory_for_all_scores_the_values_are_those_of_the_operations(kind):
    """A bias of 0 takes the way through the scores."""
    q, k, v = inputs(2, 9, 7, 3, 4, 5)
    mask = mask_of(kind, 2, 9, 7, 3)
    for causal in (False, True):
        fused = ops.dot_product_attention(q, k, v, mask=mask, is_causal=causal)
        whole = ops.dot_product_attention(q, k, v, bias=np.zeros(1), mask=mask, is_causal=causal)
        np.testing.assert_allclose(fused.numpy(), whole.numpy(), rtol=1e-12, atol=1e-13)


def test_a_learned_scale_has_a_gradient():
    assert_gradient(lambda s, *a: ops.dot_product_attention(*a, scale=s), np.array(0.3), *inputs(1, 3, 4, 2, 3, 3))


def test_axes_of_one_broadcast():
    """One head of keys and values for all queries' heads."""
    q, k, v = inputs(2, 3, 4, 3, 5, 6)
    y = ops.dot_product_attention(q, k[:, :, :1], v[:, :, :1])
    repeated = [np.repeat(x[:, :, :1], 3, axis=2) for x in (k, v)]
    np.testing.assert_allclose(y.numpy(), formula(q, *repeated), rtol=1e-12)


def test_element_types():
    q, k, v = inputs(1, 2, 3, 1, 4, 4)
    assert ops.dot_product_attention(q.astype("f4"), k.astype("f4"), v.astype("f4")).dtype == np.float32
    mixed = ops.dot_product_attention(Tensor(q), Tensor(k.astype("f4")), Tensor(v))
    assert mixed.dtype == np.float64
    np.testing.assert_allclose(mixed.numpy(), formula(q, k.astype("f4"), v), rtol=1e-12)
    assert ops.dot_product_attention(*(np.ones((1, 2, 1, 1), int) for _ in range(3))).dtype == np.float32


@pytest.mark.parametrize("kernels", [_native, reference])
def test_extreme_scores(kernels):
    """No exponential overflows; the largest score has all the weight."""
    q, k, v = (np.array(x, np.float32).reshape(1, -1, 1, 1) for x in ([1e4, -1e4], [1e4, 0, -1e4], [1, 2, 3]))
    y, log_sum = kernels.attention_forward(q, k, v, None, 1.0, False)
    np.testing.assert_array_equal(y.ravel(), [1, 3])
    np.testing.assert_array_equal(log_sum.ravel(), [1e8, 1e8])
    for gradient in kernels.attention_backward(np.ones_like(y), q, k, v, None, y, log_sum, 1.0, False):
        assert np.isfinite(gradient).all()


@pytest.mark.parametrize("mask", [None, np.ones((1, 1, 1, 0), bool)])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("kernels", [_native, reference])
def test_without_any_keys_the_result_is_zero(kernels, causal, mask):
    q, k, v = inputs(2, 3, 0, 2, 5, 6)
    y, log_sum = kernels.attention_forward(q, k, v, mask, 1.0, causal)
    assert_same_values(y, np.zeros((2, 3, 2, 6)))
    assert_same_values(log_sum, np.full((2, 2, 3), -np.inf))
    dq, dk, dv = kernels.attention_backward(y, q, k, v, mask, y, log_sum, 1.0, causal)
    assert_same_values(dq, np.zeros_like(q))
    assert dk.shape == k.shape and dv.shape == v.shape


@pytest.mark.parametrize("kernels", [_native, reference])
def test_what_a_query_does_not_use_has_no_influence_and_no_gradient(kernels):
    q, k, v = (x.astype("f4") for x in inputs(2, 5, 6, 2, 3, 4))
    mask = np.ones((2, 1, 1, 6), bool)
    mask[..., 4:] = False
    y, log_sum = kernels.attention_forward(q, k, v, mask, 0.5, False)
    changed_k, changed_v = k.copy(), v.copy()
    changed_k[:, 4:], changed_v[:, 4:] = 50, -70
    assert_same_values(kernels.attention_forward(q, changed_k, changed_v, mask, 0.5, False)[0], y)
    _, dk, dv = kernels.attention_backward(np.ones_like(y), q, k, v, mask, y, log_sum, 0.5, False)
    assert not dk[:, 4:].any() and not dv[:, 4:].any() and dk[:, :4].any() and dv[:, :4].all()


@needs_native  # the reference has all of them
def test_the_scores_of_long_sequences_are_never_all_in_memory():
    """8192 by 8192 scores are 256 MB, their mask 64 MB."""
    run = subprocess.run([sys.executable, "-P", "-c", PEAK_MEGABYTES + textwrap.dedent("""
        import numpy as np
        import tinynet as tn
        from tinynet import ops

        arrays = [tn.Variable(np.ones((1, 8192, 1, 8), "float32")) for _ in range(3)]
        before = peak_megabytes()
        with tn.GradientTape() as tape:
            y = ops.dot_product_attention(*arrays, is_causal=True)
        gradients = tape.gradient(y, arrays)
        print(peak_megabytes() - before)
        """)], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(Path(tn.__file__).parents[1])},
        check=False)
    assert run.returncode == 0, run.stderr
    assert float(run.stdout) < 32


@pytest.mark.parametrize(("arguments", "message"), [
    ({"mask": np.ones((2, 3), bool)}, r"mask \(2, 3\) does not broadcast to \(batch, heads, queries, keys\) = "
                                      r"\(1, 2, 3, 4\)"),
    ({"attn_logits_soft_cap": 1.0}, "attn_logits_soft_cap is for large language models"),
])
def test_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        ops.dot_product_attention(*inputs(1, 3, 4, 2, 5, 5), **arguments)
    with pytest.raises(ValueError, match=r"expected \(batch, steps, heads, dim\) three times"):
        ops.dot_product_attention(np.ones((2, 3, 4)), np.ones((2, 3, 4)), np.ones((2, 3, 4)))


@pytest.mark.parametrize(("change", "message"), [
    (lambda a: a.update(k=a["k"][..., :1]), "the shapes of q, k and v do not fit"),
    (lambda a: a.update(v=a["v"][:, :1]), "the shapes of q, k and v do not fit"),
    (lambda a: a.update(mask=np.ones((1, 1, 3, 1), bool)), "mask must have shape"),
    (lambda a: a.update(mask=np.ones((1, 1, 2, 4), bool)), "mask does not broadcast"),
])
def test_a_wrong_call_of_the_kernel_reads_nothing(change, message):
    q, k, v = inputs(1, 3, 4, 2, 5, 5)
    arguments = {"q": q, "k": k, "v": v, "mask": None, "scale": 1.0, "causal": False}
    change(arguments)
    with pytest.raises(ValueError, match=message):
        _native.attention_forward(**arguments)


@pytest.mark.parametrize("masked", [False, True])
def test_the_layers_give_the_same_with_and_without_their_weights(masked):
    rng = np.random.default_rng(0)
    x, mask = rng.standard_normal((3, 6, 5)), np.array([[1] * 6, [1, 1, 0, 1, 0, 0], [0, 1, 1, 1, 1, 1]], bool)
    heads, single = layers.MultiHeadAttention(2, 4, dtype="float64"), layers.Attention(use_scale=True, dtype="float64")
    for causal in (False, True):
        arguments = {"use_causal_mask": causal}
        y, _ = heads(x, x, query_mask=mask if masked else None, return_attention_scores=True, **arguments)
        np.testing.assert_allclose(heads(x, x, query_mask=mask if masked else None, **arguments), y, atol=1e-13)
        y, _ = single([x, x], mask=[None, mask] if masked else None, return_attention_scores=True, **arguments)
        np.testing.assert_allclose(single([x, x], mask=[None, mask] if masked else None, **arguments), y, atol=1e-13)
