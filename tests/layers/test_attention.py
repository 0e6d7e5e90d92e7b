"""Attention layers against their equations in float64, with masks, dropout and sizes of one."""

import checks
import numpy as np
import pytest

import tinynet as tn
from tinynet import layers, ops

BATCH, QUERIES, KEYS, DIM = 3, 4, 5, 6


def numbers(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape)


def softmax(scores):
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def masked(scores, seen):
    return scores if seen is None else np.where(np.broadcast_to(seen, scores.shape), scores, -np.inf)


def sequences(queries=QUERIES, keys=KEYS, dim=DIM, batch=BATCH):
    """Query, value and key."""
    return numbers(batch, queries, dim), numbers(batch, keys, dim, seed=1), numbers(batch, keys, dim, seed=2)


def double(cls, *args, **kwargs):
    return cls(*args, dtype="float64", **kwargs)


def close(actual, expected):
    np.testing.assert_allclose(np.asarray(actual), expected, rtol=1e-10, atol=1e-12)


# -- Attention and AdditiveAttention: scores of query and key in float64 ----------------------------------------------

def dot_scores(query, key, scale=1.0):
    return scale * np.einsum("bqd,bkd->bqk", query, key)


def sum_scores(query, key, scale=1.0, weight=1.0):
    return weight * np.tanh(scale * (query[:, :, None] + key[:, None])).sum(axis=-1)


def additive_scores(query, key, scale=1.0):
    return (scale * np.tanh(query[:, :, None] + key[:, None])).sum(axis=-1)


SCORES = {
    "dot": (lambda: double(layers.Attention), dot_scores, []),
    "dot, scaled": (lambda: double(layers.Attention, use_scale=True), dot_scores, [0.7]),
    "concat": (lambda: double(layers.Attention, score_mode="concat"), lambda q, k, w: sum_scores(q, k, 1.0, w), [1.3]),
    "concat, scaled": (lambda: double(layers.Attention, use_scale=True, score_mode="concat"), sum_scores, [0.7, 1.3]),
    "additive": (lambda: double(layers.AdditiveAttention), additive_scores, [numbers(DIM, seed=3)]),
    "additive, unscaled": (lambda: double(layers.AdditiveAttention, use_scale=False), additive_scores, []),
}
kinds = pytest.mark.parametrize(("make", "scores", "weights"), SCORES.values(), ids=SCORES)


def built(make, weights, inputs):
    layer = make()
    layer(inputs)
    layer.set_weights(weights)
    return layer


@kinds
@pytest.mark.parametrize("with_key", [False, True])
def test_equation(make, scores, weights, with_key):
    query, value, key = sequences()
    inputs = [query, value, key] if with_key else [query, value]
    y, attention = built(make, weights, inputs)(inputs, return_attention_scores=True)
    expected = softmax(scores(query, key if with_key else value, *weights))
    close(attention, expected)
    close(y, expected @ value)


@kinds
def test_masks(make, scores, weights):
    query, value, key = sequences(queries=KEYS)
    layer = built(make, weights, [query, value, key])
    rng = np.random.default_rng(4)
    value_mask, query_mask = rng.random((BATCH, KEYS)) < 0.6, rng.random((BATCH, KEYS)) < 0.6
    value_mask[:, 0] = True  # every query has a key
    causal = np.tril(np.ones((KEYS, KEYS), bool))
    for given, causally in ((None, True), ([None, value_mask], False), ([query_mask, value_mask], True)):
        y = layer([query, value, key], mask=given, use_causal_mask=causally)
        seen = causal if causally else np.ones((KEYS, KEYS), bool)
        seen = seen if given is None else seen & value_mask[:, None, :]
        expected = softmax(masked(scores(query, key, *weights), seen)) @ value
        if given is not None and given[0] is not None:
            expected = expected * query_mask[..., None]
        close(y, expected)


@kinds
def test_gradients(make, scores, weights):
    query, value, key = sequences()
    layer = built(make, weights, [query, value, key])
    mask = np.array([[True] * KEYS, [True] * 3 + [False] * 2, [True] + [False] * 4])
    checks.assert_gradient(lambda q, v, k: layer([q, v, k], mask=[None, mask]), query, value, key)


@kinds
@pytest.mark.parametrize("sizes", [(1, 1, 1, 1), (1, 5, 1, 2), (4, 1, 3, 1)])
def test_sizes_of_one(make, scores, weights, sizes):
    queries, keys, dim, batch = sizes
    query, value, key = sequences(queries, keys, dim, batch)
    weights = [np.ravel(weight)[:dim] if np.ndim(weight) else weight for weight in weights]
    y = built(make, weights, [query, value, key])([query, value, key])
    close(y, softmax(scores(query, key, *weights)) @ value)


def test_a_later_key_does_not_matter_to_a_causal_query():
    query, value, key = sequences(queries=KEYS)
    layer = double(layers.Attention)
    first = layer([query, value, key], use_causal_mask=True).numpy()
    value[:, 3:], key[:, 3:] = 9, -9
    second = layer([query, value, key], use_causal_mask=True).numpy()
    np.testing.assert_array_equal(second[:, :3], first[:, :3])
    assert (second[:, 3:] != first[:, 3:]).any(axis=-1).all()


@pytest.mark.parametrize("make", [layers.Attention, layers.AdditiveAttention])
def test_a_query_without_any_key_is_no_nan(make):
    query, value, _ = sequences()
    y = make()([query, value], mask=[None, np.zeros((BATCH, KEYS), bool)]).numpy()
    assert np.isfinite(y).all()


@pytest.mark.parametrize("make", [layers.Attention, layers.AdditiveAttention])
def test_masks_of_embeddings_are_used_and_propagated(make):
    embedding = layers.Embedding(9, DIM, mask_zero=True)
    layer = make(use_scale=False)
    short = layer([embedding(np.array([[3, 4]])), embedding(np.array([[5, 6, 7]]))])
    long = layer([embedding(np.array([[3, 4, 0]])), embedding(np.array([[5, 6, 7, 0, 0]]))])
    np.testing.assert_allclose(long.numpy()[:, :2], short.numpy(), rtol=1e-6)
    assert (long.numpy()[:, 2] == 0).all() and long._keras_mask.tolist() == [[True, True, False]]


@pytest.mark.parametrize("make", [layers.Attention, layers.AdditiveAttention])
def test_dropout_of_weights(make):
    query, value = np.zeros((1, 1, 2)), np.ones((1, 4000, 2))  # all weights are 1/4000
    twins = [double(make, dropout=0.25, seed=5) for _ in range(2)]
    first, second = ([layer([query, value], training=True).numpy() for _ in range(3)] for layer in twins)
    np.testing.assert_array_equal(first, second)
    assert first[0].item(0) != first[1].item(0)  # a mask for each call
    # The mean of 4000 draws of 4/3 with probability 3/4: standard deviation sqrt(1/3 / 4000) = 0.0091.
    assert abs(first[0].item(0) - 1) < 5 * 0.0091
    assert twins[0]([query, value]).numpy().item(0) == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: layers.Attention()(np.ones((2, 3, 4))), r"Attention: expected \[query, value\]"),
    (lambda: layers.AdditiveAttention()([np.ones((2, 3, 4))]), r"AdditiveAttention: expected \[query, value\]"),
    (lambda: layers.Attention(score_mode="cosine"), "Attention: score_mode must be 'dot' or 'concat', got 'cosine'"),
    (lambda: layers.MultiHeadAttention(0, 2), "MultiHeadAttention: num_heads must be a positive int, got 0"),
    (lambda: layers.MultiHeadAttention(2, 2, attention_axes=(1, 2)), "attention_axes other than the steps"),
    (lambda: layers.MultiHeadAttention(2, 2, sliding_window=3), "use attention_mask for the first"),
    (lambda: layers.MultiHeadAttention(2, 2, flash_attention=True), "flash_attention is for GPUs"),
])
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# -- MultiHeadAttention -----------------------------------------------------------------------------------------------

def heads_reference(layer, query, value, key, seen=None):
    """The output and the weights, from the layer's parameters and the paper's equations."""
    def projected(x, dense):
        y = np.einsum("bsd,dhe->bhse", x, dense.kernel.numpy())
        return y if dense.bias is None else y + dense.bias.numpy()[:, None, :]

    q, k, v = (projected(x, dense) for x, dense in
               ((query, layer.query_dense), (key, layer.key_dense), (value, layer.value_dense)))
    weights = softmax(masked(np.einsum("bhqe,bhke->bhqk", q, k) / np.sqrt(layer.key_dim), seen))
    y = np.einsum("bhqk,bhke->bqhe", weights, v)
    if layer.use_gate:
        gate = np.einsum("bsd,dhe->bshe", query, layer._gate_dense.kernel.numpy())
        gate = gate if layer._gate_dense.bias is None else gate + layer._gate_dense.bias.numpy()
        y = y / (1 + np.exp(-gate))
    y = np.einsum("bqhe,heo->bqo", y, layer.output_dense.kernel.numpy())
    return y if layer.output_dense.bias is None else y + layer.output_dense.bias.numpy(), weights


HEADS = {
    "one head": {"num_heads": 1, "key_dim": 3},
    "several heads": {"num_heads": 4, "key_dim": 3},
    "values of another length": {"num_heads": 2, "key_dim": 3, "value_dim": 5, "output_shape": 7},
    "no bias": {"num_heads": 2, "key_dim": 2, "use_bias": False},
    "gate": {"num_heads": 2, "key_dim": 2, "use_gate": True},
    "sizes of one": {"num_heads": 1, "key_dim": 1, "value_dim": 1, "output_shape": 1},
}
heads = pytest.mark.parametrize("arguments", HEADS.values(), ids=HEADS)


def of_heads(arguments, *inputs):
    layer = double(layers.MultiHeadAttention, **arguments, bias_initializer="normal")
    layer(*inputs)
    return layer


@heads
def test_heads(arguments):
    query, value, key = sequences()
    layer = of_heads(arguments, query, value, key)
    y, weights = layer(query, value, key, return_attention_scores=True)
    expected, expected_weights = heads_reference(layer, query, value, key)
    close(y, expected)
    close(weights, expected_weights)
    assert weights.shape == (BATCH, arguments["num_heads"], QUERIES, KEYS)
    close(layer(query, value), heads_reference(layer, query, value, value)[0])  # the key is the value
    assert y.shape == (BATCH, *layer.compute_output_shape(query.shape, value.shape)[1:])


@heads
def test_gradients_of_heads(arguments):
    inputs = sequences(3, 4, 5, 2)
    layer = of_heads(arguments, *inputs)
    mask = np.tril(np.ones((3, 4), bool))[None]
    checks.assert_gradient(lambda q, v, k: layer(q, v, k, attention_mask=mask), *inputs)
    start = [variable.numpy() for variable in layer.weights]

    def of_weights(*values):
        for variable, value in zip(layer.weights, values, strict=True):
            variable.assign(value.data)
        return layer(*inputs)

    direction = [numbers(*value.shape, seed=8) for value in start]
    with tn.GradientTape() as tape:
        y = layer(*inputs)
    weights = numbers(*y.shape, seed=9)
    gradients = tape.gradient(y, layer.weights, output_gradients=weights)
    slope = sum(float((g.numpy() * d).sum()) for g, d in zip(gradients, direction, strict=True))
    step, values = 1e-6, []
    for sign in (1, -1):
        moved = [ops.convert_to_tensor(w + sign * step * d) for w, d in zip(start, direction, strict=True)]
        values.append(float((of_weights(*moved).numpy() * weights).sum()))
    assert (values[0] - values[1]) / (2 * step) == pytest.approx(slope, rel=1e-6)


def test_masks_of_heads():
    query, value, key = sequences(queries=KEYS)
    layer = of_heads({"num_heads": 2, "key_dim": 3}, query, value, key)
    rng = np.random.default_rng(6)
    value_mask, key_mask = rng.random((2, BATCH, KEYS)) < 0.7
    value_mask[:, 0] = key_mask[:, 0] = True
    attention_mask = rng.random((BATCH, KEYS, KEYS)) < 0.7
    attention_mask[:, :, 0] = True
    causal = np.tril(np.ones((KEYS, KEYS), bool))
    by_head = rng.random((BATCH, 2, KEYS, KEYS)) < 0.7
    by_head[..., 0] = True
    for given, seen in (
        ({"use_causal_mask": True}, causal),
        ({"value_mask": value_mask}, value_mask[:, None, None]),
        ({"value_mask": value_mask, "key_mask": key_mask}, (value_mask & key_mask)[:, None, None]),
        ({"attention_mask": attention_mask}, attention_mask[:, None]),
        ({"attention_mask": attention_mask, "use_causal_mask": True, "key_mask": key_mask},
         attention_mask[:, None] & causal & key_mask[:, None, None]),
        ({"attention_mask": by_head}, by_head),
    ):
        close(layer(query, value, key, **given), heads_reference(layer, query, value, key, seen)[0])


def test_a_masked_query_sees_all_keys_alike():
    """As in Keras: what it gives is of no account, but it is a number."""
    query, value, key = sequences()
    layer = of_heads({"num_heads": 2, "key_dim": 3}, query, value, key)
    mask = np.ones((BATCH, QUERIES), bool)
    mask[0, 1] = False
    y, weights = layer(query, value, key, query_mask=mask, return_attention_scores=True)
    expected, _ = heads_reference(layer, query, value, key)
    close(y.numpy()[mask], expected[mask])
    close(weights.numpy()[0, :, 1], np.full((2, KEYS), 1 / KEYS))
    assert np.isfinite(y.numpy()).all()


def test_masks_of_embeddings_reach_the_heads():
    embedding, layer = layers.Embedding(9, DIM, mask_zero=True), layers.MultiHeadAttention(2, 3)
    short = embedding(np.array([[3, 4, 5]]))
    expected = layer(short, short).numpy()
    long = embedding(np.array([[3, 4, 5, 0, 0]]))
    y = layer(long, long)
    np.testing.assert_allclose(y.numpy()[:, :3], expected, rtol=1e-5, atol=1e-6)


def test_dropout_of_heads():
    x = numbers(2, 4, DIM)
    twins = [layers.MultiHeadAttention(2, 3, dropout=0.4, seed=5) for _ in range(2)]
    for layer in twins:
        layer(x, x)
        layer.set_weights([np.random.default_rng(1).standard_normal(w.shape) for w in layer.weights])
    first, second = ([layer(x, x, training=True).numpy() for _ in range(3)] for layer in twins)
    np.testing.assert_array_equal(first, second)
    assert (first[0] != first[1]).any()
    np.testing.assert_array_equal(twins[0](x, x), twins[0](x, x, training=False))
    _, weights = twins[0](x, x, training=True, return_attention_scores=True)  # those before dropout
    np.testing.assert_allclose(weights.numpy().sum(axis=-1), 1, rtol=1e-5)


def test_a_model_of_three_inputs_of_different_lengths(tmp_path):
    """The graph builds the projections for the shapes of query, value and key, not for the first one's."""
    inputs = [tn.Input((None, 4)), tn.Input((5, 2)), tn.Input((5, 3))]
    y = layers.MultiHeadAttention(2, 3)(*inputs)
    assert y.shape == (None, None, 4)
    model = tn.Model(inputs, y)
    arrays = [numbers(2, 3, 4).astype("f4"), numbers(2, 5, 2).astype("f4"), numbers(2, 5, 3).astype("f4")]
    model.save(tmp_path / "model.keras")
    twin = tn.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(twin.predict(arrays, verbose=0), model.predict(arrays, verbose=0))


@pytest.mark.parametrize("kind", ["attention", "additive", "heads"])
def test_training_finds_the_key_that_matches(kind):
    """Queries and keys are one-hot, values are numbers: the answer is the value whose key equals the query."""
    tn.utils.set_random_seed(1)
    rng = np.random.default_rng(0)
    key = np.stack([np.eye(4)[rng.permutation(4)] for _ in range(64)]).astype("f4")
    value = rng.standard_normal((64, 4, 1)).astype("f4")
    query = np.eye(4, dtype="f4")[rng.integers(0, 4, 64)][:, None]
    y = (query @ key.transpose(0, 2, 1)) @ value
    q, v, k = tn.Input((1, 4)), tn.Input((4, 1)), tn.Input((4, 4))
    if kind == "heads":
        out = layers.MultiHeadAttention(1, 4, value_dim=1, output_shape=1)(q, v, k)
    else:
        projected = [layers.Dense(8)(x) for x in (q, k)]
        cls = layers.Attention if kind == "attention" else layers.AdditiveAttention
        # As many features in the value as in the key, of which the last layer reads one.
        out = layers.Dense(1)(cls()([projected[0], layers.Dense(8)(v), projected[1]]))
    model = tn.Model([q, v, k], out)
    model.compile(tn.optimizers.Adam(0.03), "mse")
    before = model.evaluate([query, value, key], y, verbose=0)
    model.fit([query, value, key], y, epochs=80, verbose=0)
    assert model.evaluate([query, value, key], y, verbose=0) < 0.25 * before
