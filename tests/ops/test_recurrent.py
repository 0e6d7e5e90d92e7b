"""The recurrent operations: gradients in every option, equality with a loop of small operations, masks, errors."""

import warnings

import numpy as np
import pytest
from checks import BACKENDS, assert_gradient, assert_same_values, available_isas, isa
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import dtypes

import tinynet as tn
from tinynet import ops
from tinynet.ops.recurrence import ACTIVATIONS

BATCH, STEPS, INPUTS, UNITS = 3, 4, 2, 5
OPERATIONS = {"simple_rnn": (ops.simple_rnn, 1, 1, {}), "lstm": (ops.lstm, 4, 2, {}),
              "gru": (ops.gru, 3, 1, {}), "gru reset before": (ops.gru, 3, 1, {"reset_after": False})}
operations = pytest.mark.parametrize("name", OPERATIONS)


def weights(name, rng, inputs=INPUTS, units=UNITS):
    """kernel, recurrent_kernel, bias."""
    gates = OPERATIONS[name][1]
    bias = (2, gates * units) if name == "gru" else (gates * units,)
    return [0.5 * rng.standard_normal(shape) for shape in ((inputs, gates * units), (units, gates * units), bias)]


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def step(name, x, states, kernel, recurrent, bias):
    """One step as the equations say, with tanh and sigmoid."""
    h = states[0]
    if name == "simple_rnn":
        return [np.tanh(x @ kernel + h @ recurrent + bias)]
    if name == "lstm":
        i, f, g, o = np.split(x @ kernel + h @ recurrent + bias, 4, axis=-1)
        c = sigmoid(f) * states[1] + sigmoid(i) * np.tanh(g)
        return [sigmoid(o) * np.tanh(c), c]
    units = h.shape[1]
    if name == "gru":
        of_x, of_h = x @ kernel + bias[0], h @ recurrent + bias[1]
        z, r = np.split(sigmoid(of_x + of_h)[:, :2 * units], 2, axis=-1)
        g = np.tanh(of_x[:, 2 * units:] + r * of_h[:, 2 * units:])
    else:
        of_x = x @ kernel + bias
        z, r = np.split(sigmoid(of_x[:, :2 * units] + h @ recurrent[:, :2 * units]), 2, axis=-1)
        g = np.tanh(of_x[:, 2 * units:] + (r * h) @ recurrent[:, 2 * units:])
    return [z * h + (1 - z) * g]


@operations
@settings(max_examples=20)
@given(data=st.data(), batch=st.integers(0, 5), steps=st.integers(1, 6), inputs=st.integers(1, 9),
       units=st.integers(1, 17), masked=st.booleans(), backend=st.sampled_from(BACKENDS))
def test_equals_the_equations_step_by_step(name, data, batch, steps, inputs, units, masked, backend):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    operation, _, count, arguments = OPERATIONS[name]
    parameters = weights(name, rng, inputs, units)
    x = rng.standard_normal((batch, steps, inputs))
    states = [rng.standard_normal((batch, units)) for _ in range(count)]
    mask = rng.random((batch, steps)) < 0.6 if masked else None
    with tn.backend(backend):
        y, final = operation(x, *parameters, initial_state=states, mask=mask, return_sequences=True, return_state=True,
                             **arguments)
        last, _ = operation(x, *parameters, initial_state=states, mask=mask, **arguments)
    for t in range(steps):
        new = step(name, x[:, t], states, *parameters)
        states = new if mask is None else [np.where(mask[:, t, None], b, a) for a, b in zip(states, new, strict=True)]
        np.testing.assert_allclose(y.data[:, t], states[0], rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(last.data, y.data[:, -1])
    for actual, expected in zip(final, states, strict=True):
        np.testing.assert_allclose(actual.data, expected, rtol=1e-12, atol=1e-12)


@operations
@given(batch=st.integers(0, 5), steps=st.integers(1, 6), units=st.integers(1, 33), masked=st.booleans(),
       dropped=st.booleans(), dtype=dtypes, activation=st.sampled_from(sorted(ACTIVATIONS)),
       isa_name=st.sampled_from(available_isas()))
def test_prediction_has_the_bits_of_training(name, batch, steps, units, masked, dropped, dtype, activation, isa_name):
    """Where no tape is open, what only gradients need is not kept."""
    rng = np.random.default_rng(steps)
    operation, gates, count, arguments = OPERATIONS[name]
    parameters = [tn.convert_to_tensor(part.astype(dtype)) for part in weights(name, rng, units=units)]
    x = tn.convert_to_tensor(rng.standard_normal((batch, steps, INPUTS)).astype(dtype))
    states = [rng.standard_normal((batch, units)).astype(dtype) for _ in range(count)]
    options = {"initial_state": states, "mask": rng.random((batch, steps)) < 0.6 if masked else None,
               "recurrent_mask": (rng.random((gates, batch, units)) < 0.7).astype(dtype) if dropped else None,
               "activation": activation, "return_sequences": True, "return_state": True, **arguments}
    with isa(isa_name):
        y, final = operation(x, *parameters, **options)
        with tn.GradientTape() as tape:
            tape.watch([x, *parameters])
            expected, states = operation(x, *parameters, **options)
    assert_same_values(y.numpy(), expected.numpy())
    for actual, state in zip(final, states, strict=True):
        assert_same_values(actual.numpy(), state.numpy())


@operations
@pytest.mark.parametrize("size", [-1e4, 1e4])
@pytest.mark.parametrize("backend", BACKENDS)
def test_large_numbers_saturate_without_a_warning(name, size, backend):
    """exp(1e4) is infinite, and 1 / (1 + infinite) is 0, as it should be."""
    operation, gates, _, arguments = OPERATIONS[name]
    ones = [tn.convert_to_tensor(np.ones(part.shape, np.float32)) for part in weights(name, np.random.default_rng(0))]
    x = tn.convert_to_tensor(np.full((BATCH, STEPS, INPUTS), size, np.float32))
    with tn.backend(backend), warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        y = operation(x, *ones, activation="sigmoid", return_sequences=True, **arguments)[0].numpy()
    assert np.isfinite(y).all() and y.min() >= 0 and y.max() <= 1


@operations
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("return_sequences", "return_state"),
                         [(False, False), (True, False), (False, True), (True, True)])
def test_gradients(name, bias, masked, return_sequences, return_state):
    rng = np.random.default_rng(0)
    operation, _, count, arguments = OPERATIONS[name]
    mask = rng.random((BATCH, STEPS)) < 0.6 if masked else None
    gates = OPERATIONS[name][1]
    dropped = [(rng.random((gates, BATCH, n)) < 0.7) / 0.7 if masked else None for n in (INPUTS, UNITS)]

    def function(x, kernel, recurrent, *rest):
        y, states = operation(x, kernel, recurrent, rest[count] if bias else None, rest[:count], mask, *dropped,
                              return_sequences=return_sequences, return_state=return_state, **arguments)
        parts = [y, *(states or [])]
        return ops.concatenate([ops.reshape(part, (-1,)) for part in parts]) if return_state else y

    kernel, recurrent, bias_value = weights(name, rng)
    states = [rng.standard_normal((BATCH, UNITS)) for _ in range(count)]
    assert_gradient(function, rng.standard_normal((BATCH, STEPS, INPUTS)), kernel, recurrent, *states,
                    *([bias_value] if bias else []))


@pytest.mark.parametrize("activation", ACTIVATIONS)
@operations
def test_gradients_of_activations(name, activation):
    rng = np.random.default_rng(1)
    operation, _, _, arguments = OPERATIONS[name]
    if name != "simple_rnn":
        arguments = {**arguments, "recurrent_activation": activation}
    assert_gradient(lambda x, *parameters: operation(x, *parameters, activation=activation, **arguments)[0],
                    rng.standard_normal((BATCH, STEPS, INPUTS)), *weights(name, rng))


@operations
def test_one_node_a_sequence(name):
    rng = np.random.default_rng(0)
    operation, _, _, arguments = OPERATIONS[name]
    parameters = [tn.Variable(value) for value in weights(name, rng)]
    with tn.GradientTape() as tape:
        operation(rng.standard_normal((BATCH, STEPS, INPUTS)), *parameters, return_sequences=True, **arguments)
    assert len(tape._nodes) == 1


def test_errors_name_the_mismatch():
    x, kernel, recurrent = np.ones((2, 3, 4)), np.ones((4, 20)), np.ones((5, 20))
    with pytest.raises(ValueError, match=r"lstm: x must have shape \(batch, steps, inputs\), got \(2, 4\)"):
        ops.lstm(x[0, :2], kernel, recurrent)
    with pytest.raises(ValueError, match=r"kernel must be \(4, 20\).*Got kernel \(3, 20\)"):
        ops.lstm(x, kernel[:3], recurrent)
    with pytest.raises(ValueError, match=r"bias must have shape \(2, 15\), got \(15,\)"):
        ops.gru(x, np.ones((4, 15)), np.ones((5, 15)), np.ones(15))
    with pytest.raises(ValueError, match=r"a state must have shape \(batch, units\) = \(2, 5\), got \(1, 5\)"):
        ops.lstm(x, kernel, recurrent, initial_state=[np.ones((1, 5)), np.ones((2, 5))])
    with pytest.raises(ValueError, match=r"the mask must have shape \(batch, steps\) = \(2, 3\), got \(3,\)"):
        ops.lstm(x, kernel, recurrent, mask=np.ones(3, bool))
    with pytest.raises(ValueError, match="unknown activation 'swish'; known: linear, relu"):
        ops.lstm(x, kernel, recurrent, activation="swish")
    with pytest.raises(ValueError, match="x has no steps"):
        ops.lstm(x[:, :0], kernel, recurrent)
    with pytest.raises(TypeError, match="same element type. Got float64, float64, float64, float64, float32"):
        ops.lstm(x, kernel, recurrent.astype(np.float32), initial_state=[np.ones((2, 5)), np.ones((2, 5))])
