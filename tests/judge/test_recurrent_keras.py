"""Recurrent layers, embeddings, masks and wrappers against Keras on JAX: outputs, gradients through SGD, configs.

Both compute in float32 in different orders; a sequence of a few steps carries the roundings on.
"""

import os

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras")
pytest.importorskip("jax")
if keras.backend.backend() != "jax":
    pytest.skip("the judge needs KERAS_BACKEND=jax", allow_module_level=True)

import tinynet as tn  # noqa: E402

BATCH, STEPS, INPUTS = 6, 5, 3
rng = np.random.default_rng(0)
MASK = rng.random((BATCH, STEPS)) < 0.6
MASK[:, 0] = [True, False, True, False, True, True]

RECURRENT = {
    "SimpleRNN": lambda k: k.layers.SimpleRNN(4),
    "SimpleRNN relu": lambda k: k.layers.SimpleRNN(4, activation="relu", use_bias=False, return_sequences=True),
    "SimpleRNN of other activations": lambda k: k.layers.SimpleRNN(4, activation="softsign", bias_initializer="ones"),
    "LSTM": lambda k: k.layers.LSTM(4),
    "LSTM sequences": lambda k: k.layers.LSTM(4, return_sequences=True, unit_forget_bias=False),
    "LSTM backwards": lambda k: k.layers.LSTM(4, return_sequences=True, go_backwards=True, use_bias=False),
    "LSTM of other activations": lambda k: k.layers.LSTM(4, activation="elu", recurrent_activation="hard_sigmoid"),
    "LSTM with penalties": lambda k: k.layers.LSTM(4, kernel_regularizer="l2", recurrent_regularizer="l1",
                                                   bias_regularizer="l2", activity_regularizer="l2",
                                                   kernel_constraint="max_norm", unroll=True),
    "LSTM zeros": lambda k: k.layers.LSTM(4, return_sequences=True, zero_output_for_mask=True),
    "GRU": lambda k: k.layers.GRU(4),
    "GRU sequences": lambda k: k.layers.GRU(4, return_sequences=True, bias_initializer="random_normal"),
    "GRU reset before": lambda k: k.layers.GRU(4, reset_after=False, return_sequences=True, go_backwards=True),
    "GRU of other activations": lambda k: k.layers.GRU(4, activation="elu", recurrent_activation="hard_sigmoid"),
    "GRU reset before, other activations": lambda k: k.layers.GRU(4, activation="elu", reset_after=False),
    "GRU without bias": lambda k: k.layers.GRU(4, use_bias=False, zero_output_for_mask=True),
    "RNN": lambda k: k.layers.RNN(k.layers.LSTMCell(4), return_sequences=True),
    "RNN stacked": lambda k: k.layers.RNN([k.layers.LSTMCell(4), k.layers.GRUCell(4)]),
    "Bidirectional": lambda k: k.layers.Bidirectional(k.layers.LSTM(4)),
    "Bidirectional sequences": lambda k: k.layers.Bidirectional(k.layers.GRU(4, return_sequences=True),
                                                                merge_mode="sum"),
    "Bidirectional mul": lambda k: k.layers.Bidirectional(k.layers.SimpleRNN(4), merge_mode="mul"),
    "Bidirectional ave": lambda k: k.layers.Bidirectional(
        k.layers.LSTM(4, return_sequences=True), merge_mode="ave",
        backward_layer=k.layers.GRU(4, return_sequences=True, go_backwards=True)),
    "TimeDistributed": lambda k: k.layers.TimeDistributed(k.layers.Dense(4, activation="relu")),
}
OTHERS = {
    "Embedding": lambda k: k.layers.Embedding(5, 3), "Embedding masked": lambda k: k.layers.Embedding(
        5, 3, mask_zero=True, embeddings_regularizer="l2"),
    "Masking": lambda k: k.layers.Masking(0.5), "RepeatVector": lambda k: k.layers.RepeatVector(3),
    "Permute": lambda k: k.layers.Permute((2, 1)), "SimpleRNNCell": lambda k: k.layers.SimpleRNNCell(3),
    "LSTMCell": lambda k: k.layers.LSTMCell(3), "GRUCell": lambda k: k.layers.GRUCell(3),
    "StackedRNNCells": lambda k: k.layers.StackedRNNCells([k.layers.LSTMCell(3), k.layers.GRUCell(2)]),
    "ActivityRegularization": lambda k: k.layers.ActivityRegularization(0.1, 0.2),
    "SpectralNormalization": lambda k: k.layers.SpectralNormalization(k.layers.Dense(3), 2),
}
recurrent = pytest.mark.parametrize("make", RECURRENT.values(), ids=RECURRENT.keys())


def numbers(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def close(actual, expected, factor=1.0):
    actual, expected = np.asarray(actual), np.asarray(expected)
    size = max(1, np.abs(expected).max())
    np.testing.assert_allclose(actual, expected, rtol=2e-5 * factor, atol=2e-5 * factor * size)


def pair(make, x):
    """The layer of each library with the same weights."""
    ours, theirs = make(tn), make(keras)
    ours(x), theirs(x)
    assert [w.name for w in ours.weights] == [w.name for w in theirs.weights]
    values = [0.5 * numbers(*w.shape) for w in theirs.weights]
    ours.set_weights(values), theirs.set_weights(values)
    return ours, theirs


@recurrent
@pytest.mark.parametrize("masked", [False, True])
def test_outputs(make, masked):
    x = numbers(BATCH, STEPS, INPUTS)
    ours, theirs = pair(make, x)
    arguments = {"mask": MASK} if masked and "time" not in ours.name else {}
    close(ours(x, **arguments), theirs(x, **arguments))


@recurrent
@pytest.mark.parametrize("masked", [False, True])
def test_sgd_steps(make, masked):
    """Behind a dense layer, whose weights move by the gradient of the input."""
    x = numbers(BATCH, STEPS, INPUTS)
    if masked:
        x[~MASK] = 0
    models = []
    for k in (tn, keras):
        model = k.Sequential([k.Input((STEPS, INPUTS)), *([k.layers.Masking()] if masked else []), k.layers.Dense(3),
                              make(k), k.layers.Dense(2)])
        model.compile(k.optimizers.SGD(0.5), "mse")
        models.append(model)
    values = [0.5 * numbers(*w.shape) for w in models[1].weights]
    y = numbers(*models[1].output_shape[1:-1], 2)[None].repeat(BATCH, 0)
    losses = []
    for model in models:
        model.set_weights(values)
        losses.append([model.train_on_batch(x, y) for _ in range(3)])
    close(*losses, 5)
    for ours, theirs in zip(*(model.get_weights() for model in models), strict=True):
        close(ours, theirs, 10)


@pytest.mark.parametrize("name", ["SimpleRNN", "LSTM", "GRU", "Bidirectional"])
def test_states(name):
    def make(k):
        if name == "Bidirectional":
            return k.layers.Bidirectional(k.layers.LSTM(4, return_sequences=True, return_state=True))
        return getattr(k.layers, name)(4, return_state=True, stateful=True)

    x = numbers(BATCH, STEPS, INPUTS)
    ours, theirs = pair(make, x)
    for layer in (ours, theirs) if name != "Bidirectional" else ():
        (layer.reset_state if layer is ours else layer.reset_states)()
    for _ in range(2):  # stateful: the second call starts where the first ended
        results = [list(layer(x)) for layer in (ours, theirs)]
        assert len(results[0]) == len(results[1])
        for actual, expected in zip(*results, strict=True):
            close(actual, expected)
    states = [numbers(BATCH, 4) for _ in results[0][1:]]
    for actual, expected in zip(*(layer(x, initial_state=states) for layer in (ours, theirs)), strict=True):
        close(actual, expected)


@pytest.mark.parametrize("name", ["SimpleRNNCell", "LSTMCell", "GRUCell"])
@pytest.mark.parametrize("activation", ["tanh", "elu"])
@pytest.mark.parametrize("reset_after", [True, False])
def test_dropout_with_the_same_masks(name, activation, reset_after):
    arguments = {"reset_after": reset_after} if name == "GRUCell" else {}
    cells = [getattr(k.layers, name)(4, activation=activation, dropout=0.5, recurrent_dropout=0.5, **arguments)
             for k in (tn, keras)]
    ours, theirs = cells
    for cell in cells:
        cell.build((None, INPUTS))
    values = [0.5 * numbers(*w.shape) for w in theirs.weights]
    masks = [((rng.random((ours.gates, BATCH, n)) < 0.5) * 2).astype(np.float32) for n in (INPUTS, 4)]
    ours.dropout_masks = lambda x, training: masks
    given = [mask[0] if ours.gates == 1 else list(mask) for mask in masks]
    theirs.get_dropout_mask, theirs.get_recurrent_dropout_mask = lambda x: given[0], lambda x: given[1]
    states = [numbers(BATCH, 4) for _ in range(ours.states)]
    for cell in cells:
        cell.set_weights(values)
    x = numbers(BATCH, INPUTS)
    (y, new), (expected, expected_new) = (cell(x, states, training=True) for cell in cells)
    for a, b in zip([y, *new], [expected, *expected_new], strict=True):
        close(a, b)


def plain(config):
    """A configuration without what the two write differently: dtype policies, names, modules."""
    if isinstance(config, dict):
        return {key: plain(value) for key, value in config.items()
                if key not in ("dtype", "module", "registered_name", "build_config", "quantization_config", "config",
                               "name")} | (plain(config["config"]) if "config" in config else {})
    return [plain(part) for part in config] if isinstance(config, list | tuple) else config


@pytest.mark.parametrize("make", [*RECURRENT.values(), *OTHERS.values()], ids=[*RECURRENT, *OTHERS])
def test_configs(make):
    ours, theirs = plain(make(tn).get_config()), plain(make(keras).get_config())
    if "SimpleRNN" in str(type(make(tn)).__name__):
        ours.pop("seed"), theirs.pop("seed", None)  # Keras's layer forgets it
    drop = ("input_axes", "output_axes", "activity_regularizer")

    def compare(a, b, path):
        if isinstance(b, dict):
            assert set(a) - set(drop) - {"seed"} == set(b) - set(drop) - {"seed"}, path
            for key in set(b) - set(drop) - {"seed"}:
                compare(a[key], b[key], f"{path}.{key}")
        elif isinstance(b, list):
            assert len(a) == len(b)
            for i, (one, other) in enumerate(zip(a, b, strict=True)):
                compare(one, other, f"{path}[{i}]")
        else:
            assert a == b or a == pytest.approx(b), path

    compare(ours, theirs, "config")


def test_masks_reach_the_loss():
    x = rng.integers(0, 5, (BATCH, STEPS))
    y = rng.integers(0, 2, (BATCH, STEPS, 1)).astype("float32")
    models = []
    for k in (tn, keras):
        model = k.Sequential([k.Input((STEPS,)), k.layers.Embedding(5, 3, mask_zero=True),
                              k.layers.LSTM(4, return_sequences=True), k.layers.TimeDistributed(k.layers.Dense(1))])
        model.compile(k.optimizers.SGD(0.5), "mse", metrics=["mae"])
        models.append(model)
    values = [0.5 * numbers(*w.shape) for w in models[1].weights]
    results = []
    for model in models:
        model.set_weights(values)
        # in training, Keras's metrics on JAX do not see the mask
        results.append([model.train_on_batch(x, y)[0] for _ in range(3)] + model.evaluate(x, y, verbose=0))
    close(*results)
    for ours, theirs in zip(*(model.get_weights() for model in models), strict=True):
        close(ours, theirs)


@pytest.mark.parametrize("name", ["Embedding", "Masking", "RepeatVector", "Permute"])
def test_other_layers(name):
    x = {"Embedding": rng.integers(0, 5, (4, 3)), "RepeatVector": numbers(4, 3)}.get(name, numbers(4, 5, 3))
    if name == "Masking":
        x[:, 2:] = 0.5
    ours, theirs = pair(OTHERS[name], x)
    close(ours(x), theirs(x))


def test_spectral_normalization():
    x = numbers(4, 5)
    ours, theirs = pair(OTHERS["SpectralNormalization"], x)
    for _ in range(2):
        close(ours(x, training=True), theirs(x, training=True))
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        close(a, b)


@pytest.mark.parametrize("merging", ["Add", "Subtract", "Average", "Maximum", "Minimum", "Multiply", "Concatenate"])
@pytest.mark.parametrize("both", [True, False])
def test_masks_through_merging(merging, both):
    """A step counts if it does in one of the inputs; those after it must skip the others."""
    a, b = np.array([[1, 2, 0, 0], [3, 0, 0, 0]]), np.array([[4, 0, 0, 0], [5, 6, 7, 0]])
    outputs = []
    for k in (keras, tn):
        first, second = k.Input((4,), dtype="int32"), k.Input((4,), dtype="int32")
        merged = getattr(k.layers, merging)()([k.layers.Embedding(9, 3, mask_zero=True)(first),
                                               k.layers.Embedding(9, 3, mask_zero=both)(second)])
        model = k.Model([first, second], k.layers.LSTM(4)(merged))
        model.set_weights([np.random.default_rng(0).normal(size=w.shape) for w in model.get_weights()])
        outputs.append(model.predict([a, b], verbose=0))
    np.testing.assert_allclose(outputs[1], outputs[0], rtol=1e-5, atol=1e-6)
