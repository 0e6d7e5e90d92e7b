"""Attention layers and EinsumDense against Keras on JAX: outputs, scores, masks, SGD steps, configs."""

import os

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras")
pytest.importorskip("jax")
if keras.backend.backend() != "jax":
    pytest.skip("the judge needs KERAS_BACKEND=jax", allow_module_level=True)

import tinynet as tn  # noqa: E402

rng = np.random.default_rng(0)
ATTENTIONS = [("Attention", {}), ("Attention", {"use_scale": True}), ("AdditiveAttention", {}),
              ("Attention", {"use_scale": True, "score_mode": "concat"}), ("AdditiveAttention", {"use_scale": False})]
HEADS = [{}, {"use_bias": False}, {"output_shape": 7}, {"use_gate": True}]
EQUATIONS = [("ab,bc->ac", 4, "c"), ("abc,cd->abd", (None, 4), None), ("...x,xy->...y", 4, "y"),
             ("abc,cde->abde", (None, 2, 4), "de"), ("abc,bd->adc", (4, None), "d")]


def numbers(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def close(actual, expected):
    actual, expected = np.asarray(actual), np.asarray(expected)
    np.testing.assert_allclose(actual, expected, rtol=5e-5, atol=5e-5 * max(1, np.abs(expected).max()))


def copy_weights(ours, theirs):
    assert [w.path.split("/", 1)[-1] for w in ours.weights] == [w.path.split("/", 1)[-1] for w in theirs.weights]
    values = [0.5 * numbers(*w.shape) for w in theirs.weights]
    ours.set_weights(values), theirs.set_weights(values)


@pytest.mark.parametrize(("name", "arguments"), ATTENTIONS, ids=str)
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_attention(name, arguments, causal, masked):
    inputs = [numbers(2, 4, 3), numbers(2, 5, 3), numbers(2, 5, 3)]
    mask = [rng.random((2, 4)) < 0.7, np.array([[1, 1, 0, 1, 0], [1, 0, 1, 1, 1]], bool)] if masked else None
    ours, theirs = (getattr(k.layers, name)(**arguments) for k in (tn, keras))
    ours(inputs), theirs(inputs)
    copy_weights(ours, theirs)
    for a, b in zip(*(layer(inputs, mask=mask if mask is None else [*mask, None][:3], return_attention_scores=True,
                            use_causal_mask=causal) for layer in (ours, theirs)), strict=True):
        close(a, b)


@pytest.mark.parametrize("arguments", HEADS, ids=str)
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_multi_head_attention(arguments, causal, masked):
    query, value, key = numbers(2, 4, 3), numbers(2, 5, 6), numbers(2, 5, 2)
    ours, theirs = (k.layers.MultiHeadAttention(2, 4, **arguments) for k in (tn, keras))
    ours(query, value, key), theirs(query, value, key)
    copy_weights(ours, theirs)
    call = {"use_causal_mask": causal}
    if masked:
        call |= {"value_mask": np.array([[1, 1, 0, 1, 0], [1, 0, 1, 1, 1]], bool), "attention_mask":
                 np.array([[[1, 1, 1, 0, 1]] * 4] * 2, bool)}
    close(ours(query, value, key, **call), theirs(query, value, key, **call))
    scores = [layer(query, value, key, return_attention_scores=True, **call)[1] for layer in (ours, theirs)]
    close(*scores)


@pytest.mark.parametrize(("equation", "output_shape", "bias_axes"), EQUATIONS)
def test_einsum_dense(equation, output_shape, bias_axes):
    shape = (2, 3) if equation[2] == "," else (2, 5, 3)
    models = []
    for k in (tn, keras):
        layer = k.layers.EinsumDense(equation, output_shape, "tanh", bias_axes, name="einsum")  # a name for both
        model = k.Sequential([k.Input(shape[1:]), layer])
        model.compile(k.optimizers.SGD(0.5), "mse")
        models.append(model)
    copy_weights(*models)
    x = numbers(*shape)
    close(models[0](x), models[1](x))
    shapes = zip(models[0].output_shape, models[1].output_shape, strict=True)
    assert all(ours == theirs or theirs is None for ours, theirs in shapes)
    y = numbers(*models[0](x).shape)
    for model in models:
        model.train_on_batch(x, y)
    for a, b in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
        close(a, b)


@pytest.mark.parametrize("name, arguments", [*ATTENTIONS, ("MultiHeadAttention", {"num_heads": 2, "key_dim": 3}),
                                             ("EinsumDense", {"equation": "ab,bc->ac", "output_shape": 4})], ids=str)
def test_configs_have_the_same_keys(name, arguments):
    ours, theirs = (set(getattr(k.layers, name)(**arguments).get_config()) for k in (tn, keras))
    assert ours - {"quantization_config"} == theirs - {"quantization_config"}
