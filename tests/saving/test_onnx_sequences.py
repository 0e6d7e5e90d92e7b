"""Sequences in ONNX: masks, recurrent layers, attention. What is written gives what it gives here; the rest is refused.
"""

import itertools
import warnings

import numpy as np
import pytest

pytest.importorskip("onnx")

import tinynet as tn  # noqa: E402
from tests.saving.onnx_runs import RUNTIME, assert_reproduced, randomize  # noqa: E402
from tests.saving.test_onnx import CASES  # noqa: E402
from tinynet import layers as L  # noqa: E402

rng = np.random.default_rng(5)

# Words with padding at the end, in the middle, at the start, nowhere, and everywhere but one step.
WORDS = np.array([[1, 2, 3, 0, 0], [4, 0, 5, 0, 6], [0, 0, 1, 2, 3], [1, 2, 3, 4, 5], [0, 0, 7, 0, 0]], "int32")
STEPS = rng.normal(size=(5, 5, 3)).astype("float32") * (WORDS > 0)[..., None]


def words(*layers):
    """A model of padded words."""
    return tn.Sequential([L.Input((5,), dtype="int32"), L.Embedding(8, 3, mask_zero=True), *layers])


def steps(*layers):
    return tn.Sequential([L.Input((5, 3)), *layers])


def check(model, path, *arrays):
    randomize(model, rng)
    assert_reproduced(model, path, *arrays)


RECURRENT = {
    "LSTM": lambda **k: L.LSTM(4, **k), "GRU": lambda **k: L.GRU(4, **k),
    "GRU before": lambda **k: L.GRU(4, reset_after=False, **k), "SimpleRNN": lambda **k: L.SimpleRNN(4, **k),
    "LSTM no bias": lambda **k: L.LSTM(4, use_bias=False, **k),
    "LSTM other": lambda **k: L.LSTM(4, activation="softsign", recurrent_activation="hard_sigmoid", **k),
    "GRU no bias": lambda **k: L.GRU(4, activation="relu", use_bias=False, **k),
    "SimpleRNN gelu": lambda **k: L.SimpleRNN(4, activation="gelu", **k),
    "RNN": lambda **k: L.RNN(L.LSTMCell(4), **k),
    "stack": lambda **k: L.RNN([L.LSTMCell(4), L.GRUCell(2), L.SimpleRNNCell(3)], **k),
    "float64": lambda **k: L.GRU(4, dtype="float64", **k),
    "Bidirectional": lambda **k: L.Bidirectional(L.LSTM(3, **k)),
    "Bidirectional mul": lambda **k: L.Bidirectional(L.GRU(3, **k), merge_mode="mul"),
    "Bidirectional ave": lambda **k: L.Bidirectional(L.SimpleRNN(3, **k), merge_mode="ave"),
}


@pytest.mark.parametrize("kind", RECURRENT)
@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("backwards", [False, True])
def test_recurrent_layers(kind, sequences, backwards, tmp_path):
    path, make = tmp_path / "m.onnx", RECURRENT[kind]
    if RUNTIME or kind != "GRU no bias":  # onnx's reference takes every GRU for one with tanh
        check(steps(make(return_sequences=sequences, go_backwards=backwards)), path, STEPS)
    check(words(make(return_sequences=sequences, go_backwards=backwards), L.Dense(2)), path, WORDS)
    check(steps(L.Masking(), make(return_sequences=sequences, go_backwards=backwards)), path, STEPS)


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "SimpleRNN", "RNN", "LSTM other", "stack"])
def test_states(kind, tmp_path):
    """Final states are returned, and are passed on to another layer: an encoder and a decoder."""
    path, make = tmp_path / "m.onnx", RECURRENT[kind]
    for x, given in ((L.Input((5, 3)), STEPS), (L.Input((5,), dtype="int32"), WORDS)):
        inner = x if given is STEPS else L.Embedding(8, 3, mask_zero=True)(x)
        y, *states = make(return_state=True, return_sequences=True)(inner)
        check(tn.Model(x, [y, *states]), path, given)
        if kind != "stack":
            check(tn.Model(x, make(return_sequences=True)(inner, initial_state=states)), path, given)
            both = L.Bidirectional(make(return_state=True))
            check(tn.Model(x, both(inner, initial_state=[*states, *states])), path, given)


def test_zero_output_for_mask(tmp_path):
    for sequences in (False, True):
        check(words(L.LSTM(4, return_sequences=sequences, zero_output_for_mask=True)), tmp_path / "m.onnx", WORDS)


def test_the_operators_of_onnx_are_used(tmp_path):
    from tinynet.saving.onnx import onnx_model

    def operators(model):
        return {node.op_type for node in onnx_model(model).graph.node}

    assert "LSTM" in operators(steps(L.LSTM(2))) and "GRU" in operators(steps(L.GRU(2)))
    assert "RNN" in operators(steps(L.SimpleRNN(2))) and "Scan" in operators(words(L.LSTM(2)))


@pytest.mark.parametrize("make", [lambda: L.Dense(4, "relu"), lambda: L.Masking(0.5), lambda: L.Dropout(0.5),
                                  lambda: L.LayerNormalization(), lambda: L.BatchNormalization(),
                                  lambda: L.TimeDistributed(L.Dense(4)), lambda: L.Activation("gelu"),
                                  lambda: L.Conv1D(4, 1),
                                  lambda: L.EinsumDense("abc,cd->abd", (None, 4), bias_axes="d")])
def test_masks_pass_through_layers_that_keep_them(make, tmp_path):
    """And not through others: the mean at the end shows which it was."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a mask ends here is what the test is about
        check(words(make(), L.GlobalAveragePooling1D()), tmp_path / "m.onnx", WORDS)
        check(steps(L.Masking(), make(), L.LSTM(2)), tmp_path / "m.onnx", STEPS)


@pytest.mark.parametrize("name", sorted(name for name, (_, shape) in CASES.items() if len(shape) == 2))
def test_a_mask_is_reproduced_or_refused(name, tmp_path):
    """Every layer of sequences behind a mask: either the file computes the same, or the layer is named."""
    make, _ = CASES[name]
    model = tn.Sequential([L.Input((9, 4)), L.Masking(), make()])
    if len(model.output_shape) == 3:
        model.add(L.GRU(2))
    x = rng.normal(size=(4, 9, 4)).astype("float32") * rng.choice([0, 1], (4, 9, 1)).astype("float32")
    x[:, 2] = 1  # no sample is empty
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            check(model, tmp_path / "m.onnx", x)
        except NotImplementedError as error:
            assert "mask" in str(error) and repr(model.layers[1].name) in str(error)


@pytest.mark.parametrize(("name", "masked"), list(itertools.product(
    ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Concatenate 1", "Dot"],
    [(True, True), (True, False), (False, True)])))
def test_merging_with_masks(name, masked, tmp_path):
    a, b = L.Input((5,), dtype="int32"), L.Input((5,), dtype="int32")
    parts = [L.Embedding(8, 3, mask_zero=mask)(x) for mask, x in zip(masked, (a, b), strict=True)]
    kind, _, axis = name.partition(" ")
    make = {"Concatenate": lambda: L.Concatenate(int(axis or -1)), "Dot": lambda: L.Dot(2)}.get(kind, getattr(L, kind))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check(tn.Model([a, b], L.LSTM(2, return_sequences=True)(make()(parts))), tmp_path / "m.onnx", WORDS,
              WORDS[::-1].copy())


@pytest.mark.parametrize("make", [lambda: L.Attention(), lambda: L.Attention(use_scale=True),
                                  lambda: L.Attention(use_scale=True, score_mode="concat"),
                                  lambda: L.AdditiveAttention(), lambda: L.AdditiveAttention(use_scale=False)])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("length", [5, None])
def test_attention(make, causal, length, tmp_path):
    a, b = L.Input((length,), dtype="int32"), L.Input((length,), dtype="int32")
    for mask in (False, True):
        query, value, key = (L.Embedding(8, 3, mask_zero=mask)(x) for x in (a, b, b))
        for inputs in ([query, value], [query, value, key]):
            y, weights = make()(inputs, use_causal_mask=causal, return_attention_scores=True)
            check(tn.Model([a, b], [L.GRU(2)(y), weights]), tmp_path / "m.onnx", WORDS, WORDS[::-1].copy())


@pytest.mark.parametrize("arguments", [{}, {"use_bias": False, "value_dim": 2}, {"use_gate": True, "output_shape": 5}])
@pytest.mark.parametrize("causal", [False, True])
def test_multi_head_attention(arguments, causal, tmp_path):
    a, b = L.Input((5,), dtype="int32"), L.Input((5,), dtype="int32")
    allowed = np.tril(np.ones((5, 5), bool))[::-1].copy()
    for mask, given in itertools.product((False, True), (None, allowed, allowed[None])):
        query, value = (L.Embedding(8, 4, mask_zero=mask)(x) for x in (a, b))
        layer = L.MultiHeadAttention(2, 3, **arguments)
        y = layer(query, value, use_causal_mask=causal, attention_mask=given)
        check(tn.Model([a, b], L.GlobalAveragePooling1D()(y)), tmp_path / "m.onnx", WORDS, WORDS[::-1].copy())
    y, weights = L.MultiHeadAttention(2, 3)(query, value, value, return_attention_scores=True)
    check(tn.Model([a, b], [y, weights]), tmp_path / "m.onnx", WORDS, WORDS[::-1].copy())


def test_a_transformer(tmp_path):
    x = L.Input((None,), dtype="int32")
    y = L.Embedding(8, 4, mask_zero=True)(x)
    y = L.LayerNormalization()(L.Add()([y, L.MultiHeadAttention(2, 2)(y, y, use_causal_mask=True)]))
    y = L.LayerNormalization()(L.Add()([y, tn.Sequential([L.Dense(8, "gelu"), L.Dense(4)])(y)]))
    check(tn.Model(x, L.Dense(2, "softmax")(L.GlobalAveragePooling1D()(y))), tmp_path / "m.onnx", WORDS)


def test_masks_as_arguments(tmp_path):
    x, y = L.Input((5, 3)), L.Input((5,), dtype="int32")
    mask = tn.ops.not_equal(y, 0)
    for layer in (L.LSTM(2), L.GlobalAveragePooling1D(), L.Bidirectional(L.GRU(2))):
        check(tn.Model([x, y], layer(x, mask=mask)), tmp_path / "m.onnx", STEPS, WORDS)
    scores = L.Dense(5)(L.Flatten()(x))
    check(tn.Model([x, y], L.Softmax()(scores, mask=mask)), tmp_path / "m.onnx", STEPS, WORDS)
    check(tn.Model([x, y], L.Attention()([x, x], mask=[None, mask])), tmp_path / "m.onnx", STEPS, WORDS)
    for name in ("query_mask", "value_mask", "key_mask"):
        check(tn.Model([x, y], L.MultiHeadAttention(1, 2)(x, x, **{name: mask})), tmp_path / "m.onnx", STEPS, WORDS)


def test_time_distributed_and_spectral_normalization(tmp_path):
    model = tn.Sequential([L.Input((None, 6, 6, 2)), L.TimeDistributed(L.Conv2D(3, 3, activation="relu")),
                           L.TimeDistributed(tn.Sequential([L.Flatten(), L.Dense(4)])), L.LSTM(3)])
    check(model, tmp_path / "m.onnx", rng.normal(size=(2, 4, 6, 6, 2)).astype("float32"))
    check(steps(L.SpectralNormalization(L.Dense(4))), tmp_path / "m.onnx", STEPS)


def refused(model, path, name, why):
    with pytest.raises(NotImplementedError, match=f"(?s){name}.*{why}"):
        model.export(path, format="onnx")
    assert not path.exists()


def test_what_is_refused(tmp_path):
    path = tmp_path / "m.onnx"
    refused(tn.Sequential([L.Input((5, 3), batch_size=5), L.LSTM(2, stateful=True, name="memory")]), path, "'memory'",
            "stateful=False")
    x = L.Input((5, 3))
    refused(tn.Model(x, L.Dropout(0.5, name="always")(x, training=True)), path, "'always'", "training=True")

    class Cell(L.SimpleRNNCell):
        pass

    refused(steps(L.RNN(Cell(2, name="own"))), path, "'own'", "cell of your own")
    refused(steps(L.Masking(), L.Lambda(lambda x: x, mask=lambda x, mask: mask, name="fn")), path, "'fn'",
            "no counterpart")


@pytest.mark.skipif(not RUNTIME, reason="needs ONNX Runtime")
def test_any_number_of_steps_and_samples(tmp_path):
    import onnxruntime

    model = tn.Sequential([L.Input((None, 3)), L.Masking(), L.Bidirectional(L.LSTM(2, return_sequences=True)),
                           L.GRU(2)])
    randomize(model, rng)
    model.export(tmp_path / "m.onnx", format="onnx")
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    for shape in ((1, 1, 3), (4, 9, 3)):
        x = rng.normal(size=shape).astype("float32")
        (y,) = session.run(None, {session.get_inputs()[0].name: x})
        np.testing.assert_allclose(y, model(x).numpy(), rtol=2e-5, atol=2e-6)
