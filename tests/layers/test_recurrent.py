"""Recurrent layers and cells against their equations in float64: states, masks, directions, dropout, sizes of one."""

import checks
import numpy as np
import pytest

import tinynet as tn
from tinynet import layers, ops

BATCH, STEPS, INPUTS, UNITS = 3, 5, 4, 2
MASK = np.array([[True, True, True, False, False], [True, False, True, True, False], [False, False, True, True, True]])


def numbers(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softsign(z):
    return z / (1 + np.abs(z))


def close(actual, expected):
    np.testing.assert_allclose(np.asarray(actual), expected, rtol=1e-10, atol=1e-12)


# -- one step, from the equations: (x, states, weights) -> (output, states) -------------------------------------------

def simple_step(x, states, kernel, recurrent, bias, a=np.tanh):
    h = a(x @ kernel + states[0] @ recurrent + bias)
    return h, [h]


def lstm_step(x, states, kernel, recurrent, bias, a=np.tanh, s=sigmoid):
    h, c = states
    i, f, g, o = np.split(x @ kernel + h @ recurrent + bias, 4, axis=-1)
    c = s(f) * c + s(i) * a(g)
    h = s(o) * a(c)
    return h, [h, c]


def gru_step(x, states, kernel, recurrent, bias, a=np.tanh, s=sigmoid):
    """With a bias of two rows the reset gate comes after the product with the state, else before."""
    (h,) = states
    after = np.ndim(bias) == 2
    of_x, of_h = x @ kernel + (bias[0] if after else bias), h @ recurrent + (bias[1] if after else 0)
    xz, xr, xg = np.split(of_x, 3, axis=-1)
    hz, hr, hg = np.split(of_h, 3, axis=-1)
    z, r = s(xz + hz), s(xr + hr)
    g = a(xg + r * hg) if after else a(xg + (r * h) @ np.split(recurrent, 3, axis=-1)[2])
    h = z * h + (1 - z) * g
    return h, [h]


KINDS = {
    "SimpleRNN": (layers.SimpleRNN, layers.SimpleRNNCell, simple_step, {}),
    "SimpleRNN relu": (layers.SimpleRNN, layers.SimpleRNNCell, lambda *args: simple_step(*args, lambda z: z * (z > 0)),
                       {"activation": "relu"}),
    "LSTM": (layers.LSTM, layers.LSTMCell, lstm_step, {}),
    "LSTM of other activations": (layers.LSTM, layers.LSTMCell, lambda *args: lstm_step(*args, softsign, np.tanh),
                                  {"activation": "softsign", "recurrent_activation": "tanh"}),
    "GRU": (layers.GRU, layers.GRUCell, gru_step, {}),
    "GRU reset before": (layers.GRU, layers.GRUCell, gru_step, {"reset_after": False}),
    "GRU of other activations": (layers.GRU, layers.GRUCell, lambda *args: gru_step(*args, softsign, sigmoid),
                                 {"activation": "softsign"}),
}
kinds = pytest.mark.parametrize(("layer_class", "cell_class", "step", "arguments"), KINDS.values(), ids=KINDS)


def set_random(layer, seed=7):
    layer.set_weights([0.5 * numbers(*w.shape, seed=seed + i) for i, w in enumerate(layer.weights)])
    return layer


def made(cls, arguments, x, units=UNITS, **more):
    """The layer in float64, with random weights (so that no gate is as it starts)."""
    layer = cls(units, dtype="float64", **arguments, **more)
    layer.build((None, *x.shape[1:]))
    return set_random(layer)


def count_of_states(cls):
    return 2 if cls in (layers.LSTM, layers.LSTMCell) else 1


def run(step, x, states, weights, mask=None):
    """All outputs and the final states; a step that the mask leaves out repeats the output and keeps the states."""
    y, outputs = np.zeros_like(states[0]), []
    for t in range(x.shape[1]):
        new_y, new = step(x[:, t], states, *weights)
        kept = np.ones((len(x), 1), bool) if mask is None else mask[:, t, None]
        y, states = np.where(kept, new_y, y), [np.where(kept, n, o) for n, o in zip(new, states, strict=True)]
        outputs.append(y)
    return np.stack(outputs, axis=1), states


def zeros(cls, batch=BATCH, units=UNITS):
    return [np.zeros((batch, units))] * count_of_states(cls)


# -- outputs ----------------------------------------------------------------------------------------------------------

@kinds
def test_equations(layer_class, cell_class, step, arguments):
    x = numbers(BATCH, STEPS, INPUTS)
    layer = made(layer_class, arguments, x, return_sequences=True, return_state=True)
    y, *states = layer(x)
    expected, expected_states = run(step, x, zeros(layer_class), layer.get_weights())
    close(y, expected)
    for actual, one in zip(states, expected_states, strict=True):
        close(actual, one)
    last = made(layer_class, arguments, x)
    close(last(x), expected[:, -1])


@kinds
def test_cells(layer_class, cell_class, step, arguments):
    x, cell = numbers(BATCH, INPUTS), cell_class(UNITS, dtype="float64", **arguments)
    cell.build((None, INPUTS))
    set_random(cell)
    states = [numbers(BATCH, UNITS, seed=i) for i in range(count_of_states(cell_class))]
    y, new = cell(x, states)
    expected, expected_states = step(x, states, *cell.get_weights())
    close(y, expected)
    for actual, one in zip(new, expected_states, strict=True):
        close(actual, one)
    if len(states) == 1:  # a state alone, without a list
        close(cell(x, states[0])[0], expected)
    for zero in cell.get_initial_state(batch_size=BATCH):
        assert zero.shape == (BATCH, UNITS) and not zero.numpy().any()


@kinds
def test_rnn_of_the_cell_is_the_layer(layer_class, cell_class, step, arguments):
    x = numbers(BATCH, STEPS, INPUTS)
    layer = made(layer_class, arguments, x, return_sequences=True)
    rnn = layers.RNN(cell_class(UNITS, dtype="float64", **arguments), return_sequences=True, dtype="float64")
    rnn.build((None, STEPS, INPUTS))
    rnn.set_weights(layer.get_weights())
    close(rnn(x), layer(x).numpy())
    close(rnn(x, mask=MASK), layer(x, mask=MASK).numpy())


@kinds
@pytest.mark.parametrize("sizes", [(1, 1, 1, 1), (1, 5, 3, 2), (4, 1, 3, 2), (4, 5, 1, 1), (4, 5, 3, 1)],
                         ids=["all 1", "batch 1", "one step", "one input", "one unit"])
def test_sizes_of_one(layer_class, cell_class, step, arguments, sizes):
    batch, steps, inputs, units = sizes
    x = numbers(batch, steps, inputs)
    layer = made(layer_class, arguments, x, units, return_sequences=True)
    close(layer(x), run(step, x, zeros(layer_class, batch, units), layer.get_weights())[0])


@kinds
def test_without_bias(layer_class, cell_class, step, arguments):
    x = numbers(BATCH, STEPS, INPUTS)
    layer = made(layer_class, arguments, x, use_bias=False)
    assert len(layer.weights) == 2
    bias = np.zeros((2, 1)) if layer_class is layers.GRU and layer.reset_after else 0.0
    close(layer(x), run(step, x, zeros(layer_class), [*layer.get_weights(), bias])[0][:, -1])


def test_the_forget_gate_starts_open():
    for cls in (layers.LSTM, layers.LSTMCell):
        layer = cls(2)
        layer.build((None, 5, 3) if cls is layers.LSTM else (None, 3))
        assert layer.get_weights()[2].tolist() == [0, 0, 1, 1, 0, 0, 0, 0]
    layer = layers.LSTM(2, unit_forget_bias=False)
    layer.build((None, 5, 3))
    assert not layer.get_weights()[2].any()


def test_weights_of_the_layers():
    x = numbers(BATCH, STEPS, INPUTS)
    for cls, gates, bias in ((layers.SimpleRNN, 1, (2,)), (layers.LSTM, 4, (8,)), (layers.GRU, 3, (2, 6))):
        layer = made(cls, {}, x)
        assert [w.name for w in layer.weights] == ["kernel", "recurrent_kernel", "bias"]
        assert [w.shape for w in layer.weights] == [(INPUTS, gates * 2), (2, gates * 2), bias]


# -- masks ------------------------------------------------------------------------------------------------------------

@kinds
def test_masked_steps_change_nothing(layer_class, cell_class, step, arguments):
    x = numbers(BATCH, STEPS, INPUTS)
    layer = made(layer_class, arguments, x, return_sequences=True, return_state=True)
    y, *states = layer(x, mask=MASK)
    expected, expected_states = run(step, x, zeros(layer_class), layer.get_weights(), MASK)
    close(y, expected)
    for actual, one in zip(states, expected_states, strict=True):
        close(actual, one)


@kinds
def test_masked_outputs_may_be_zero(layer_class, cell_class, step, arguments):
    x = numbers(BATCH, STEPS, INPUTS)
    layer = made(layer_class, arguments, x, return_sequences=True, zero_output_for_mask=True)
    expected, _ = run(step, x, zeros(layer_class), layer.get_weights(), MASK)
    close(layer(x, mask=MASK), expected * MASK[..., None])


@pytest.mark.parametrize("name", ["SimpleRNN", "LSTM", "GRU"])
def test_padding_does_not_matter(name):
    embedding, layer = layers.Embedding(9, 3, mask_zero=True), getattr(layers, name)(4)
    short, long = np.array([[3, 4, 5]]), np.array([[3, 4, 5, 0, 0]])
    np.testing.assert_allclose(layer(embedding(long)), layer(embedding(short)), rtol=1e-6)
    sequence = getattr(layers, name)(4, return_sequences=True)
    y = sequence(embedding(long))
    assert y._keras_mask.tolist() == [[True, True, True, False, False]]
    assert getattr(layer(embedding(long)), "_keras_mask", None) is None  # the steps are gone


def test_a_sequence_of_padding_gives_the_initial_state():
    x, mask = numbers(2, 3, INPUTS), np.zeros((2, 3), bool)
    for cls in (layers.SimpleRNN, layers.LSTM, layers.GRU):
        layer = made(cls, {}, x)
        assert not layer(x, mask=mask).numpy().any()


# -- states and directions --------------------------------------------------------------------------------------------

@kinds
def test_initial_states(layer_class, cell_class, step, arguments):
    x = numbers(BATCH, STEPS, INPUTS)
    layer = made(layer_class, arguments, x, return_sequences=True)
    states = [numbers(BATCH, UNITS, seed=i + 1) for i in range(count_of_states(layer_class))]
    close(layer(x, initial_state=states), run(step, x, states, layer.get_weights())[0])


@kinds
def test_two_halves_are_the_whole(layer_class, cell_class, step, arguments):
    """The final states of the first half are what the second half starts from, given or kept."""
    x = numbers(BATCH, STEPS, INPUTS)
    layer = made(layer_class, arguments, x, return_sequences=True, return_state=True)
    whole = layer(x)[0].numpy()
    first, *states = layer(x[:, :2])
    second, *_ = layer(x[:, 2:], initial_state=states)
    close(np.concatenate([first.numpy(), second.numpy()], axis=1), whole)
    stateful = made(layer_class, arguments, x, return_sequences=True, stateful=True)
    assert stateful.states is None
    first, second = stateful(x[:, :2]).numpy(), stateful(x[:, 2:]).numpy()
    close(np.concatenate([first, second], axis=1), whole)
    stateful.reset_state()
    close(stateful(x), whole)


def test_stateful_layers_need_batches_of_one_size():
    layer = layers.GRU(2, stateful=True, name="keeps")
    layer(np.ones((4, 3, 2)))
    with pytest.raises(ValueError, match=r"keeps is stateful: .*samples as the one before, 4\. Got input \(3, 3, 2\)"):
        layer(np.ones((3, 3, 2)))
    layer.reset_states()
    assert layer(np.ones((3, 3, 2))).shape == (3, 2)


@kinds
def test_backwards_is_the_reversed_sequence(layer_class, cell_class, step, arguments):
    x = numbers(BATCH, STEPS, INPUTS)
    layer = made(layer_class, arguments, x, return_sequences=True, go_backwards=True)
    weights, start = layer.get_weights(), zeros(layer_class)
    close(layer(x), run(step, x[:, ::-1], start, weights)[0])
    close(layer(x, mask=MASK), run(step, x[:, ::-1], start, weights, MASK[:, ::-1])[0])


@kinds
def test_unroll_changes_nothing(layer_class, cell_class, step, arguments):
    x = numbers(BATCH, STEPS, INPUTS)
    close(made(layer_class, arguments, x, unroll=True)(x), made(layer_class, arguments, x)(x).numpy())


@pytest.mark.parametrize("merge_mode", ["concat", "sum", "mul", "ave", None])
@pytest.mark.parametrize("return_sequences", [True, False])
@pytest.mark.parametrize("mask", [None, MASK], ids=["", "masked"])
def test_both_directions(merge_mode, return_sequences, mask):
    x = numbers(BATCH, STEPS, INPUTS)
    layer = layers.Bidirectional(layers.LSTM(UNITS, return_sequences=return_sequences, dtype="float64"), merge_mode,
                                 dtype="float64")
    layer.build((None, STEPS, INPUTS))
    set_random(layer)
    weights = layer.get_weights()
    forward, _ = run(lstm_step, x, zeros(layers.LSTM), weights[:3], mask)
    backward, _ = run(lstm_step, x[:, ::-1], zeros(layers.LSTM), weights[3:], None if mask is None else mask[:, ::-1])
    backward = backward[:, ::-1]
    if return_sequences:
        if mask is not None:
            forward, backward = forward * mask[..., None], backward * mask[..., None]
    else:
        forward, backward = forward[:, -1], backward[:, 0]
    expected = {"concat": lambda: np.concatenate([forward, backward], axis=-1), "sum": lambda: forward + backward,
                "mul": lambda: forward * backward, "ave": lambda: (forward + backward) / 2,
                None: lambda: [forward, backward]}[merge_mode]()
    y = layer(x, mask=mask)
    shapes = layer.compute_output_shape((None, STEPS, INPUTS))
    if merge_mode is None:
        for actual, one, shape in zip(y, expected, shapes, strict=True):
            close(actual, one)
            assert actual.shape[1:] == shape[1:]
    else:
        close(y, expected)
        assert y.shape[1:] == shapes[1:]


def test_states_of_both_directions():
    x = numbers(BATCH, STEPS, INPUTS)
    layer = layers.Bidirectional(layers.LSTM(UNITS, return_state=True, dtype="float64"), dtype="float64")
    layer.build((None, STEPS, INPUTS))
    set_random(layer)
    start = [numbers(BATCH, UNITS, seed=i) for i in range(4)]
    y, *states = layer(x, initial_state=start)
    forward, ends = run(lstm_step, x, start[:2], layer.get_weights()[:3])
    backward, others = run(lstm_step, x[:, ::-1], start[2:], layer.get_weights()[3:])
    close(y, np.concatenate([forward[:, -1], backward[:, -1]], axis=-1))
    for actual, one in zip(states, [*ends, *others], strict=True):
        close(actual, one)


def test_stateful_in_both_directions():
    layer = layers.Bidirectional(layers.GRU(2, stateful=True))
    x = numbers(2, 3, 4)
    first, second = layer(x).numpy(), layer(x).numpy()
    assert (first != second).any()
    layer.reset_state()
    np.testing.assert_array_equal(layer(x), first)


# -- stacks, and cells of the user ------------------------------------------------------------------------------------

def test_stacked_cells_are_layers_on_top_of_each_other():
    x = numbers(BATCH, STEPS, INPUTS)
    stack = layers.RNN([layers.LSTMCell(3, dtype="float64"), layers.GRUCell(UNITS, dtype="float64")],
                       return_sequences=True, return_state=True, dtype="float64")
    stack.build((None, STEPS, INPUTS))
    set_random(stack)
    weights = stack.get_weights()
    below, below_states = run(lstm_step, x, [np.zeros((BATCH, 3))] * 2, weights[:3])
    above, above_states = run(gru_step, below, [np.zeros((BATCH, UNITS))], weights[3:])
    y, states, top = stack(x)
    close(y, above)
    for actual, one in zip([*states, *top], [*below_states, *above_states], strict=True):
        close(actual, one)
    cells = stack.cell
    assert cells.state_size == [[3, 3], UNITS] and cells.output_size == UNITS
    shape, shapes = cells.compute_output_shape((None, INPUTS))
    assert shape == (None, UNITS) and shapes == [[(None, 3), (None, 3)], [(None, UNITS)]]
    assert [[s.shape for s in one] for one in cells.get_initial_state(batch_size=2)] == [[(2, 3), (2, 3)], [(2, UNITS)]]


class Leaky(layers.Layer):
    """h = 0.5 h + x k: an output longer than the state is not."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.state_size, self.output_size = units, 2 * units

    def build(self, input_shape):
        self.kernel = self.add_weight((input_shape[-1], self.units), name="kernel")

    def call(self, x, states):
        h = 0.5 * states[0] + ops.matmul(x, self.kernel)
        return ops.concatenate([h, -h], axis=-1), [h]


def test_a_cell_of_the_user():
    x = numbers(2, 3, 4)
    layer = layers.RNN(Leaky(2, dtype="float64"), return_sequences=True, dtype="float64")
    y = layer(x).numpy()
    products = x @ layer.get_weights()[0]
    h = [products[:, 0], 0.5 * products[:, 0] + products[:, 1]]
    h.append(0.5 * h[1] + products[:, 2])
    close(y, np.concatenate([np.stack(h, 1), -np.stack(h, 1)], axis=-1))
    assert layer.compute_output_shape((None, 3, 4)) == (None, 3, 4)


def test_time_distributed_is_the_layer_at_each_step():
    x = numbers(2, 3, 6, 5, 2)
    layer = layers.TimeDistributed(layers.Conv2D(3, 2, dtype="float64"), dtype="float64")
    y = layer(x).numpy()
    assert y.shape == layer.compute_output_shape(x.shape) == (2, 3, 5, 4, 3)
    for t in range(3):
        close(layer.layer(x[:, t]), y[:, t])
    checks.assert_gradient(lambda x: layer(x), x)
    dropout = layers.TimeDistributed(layers.Dropout(0.5, seed=1))
    assert (dropout(np.ones((4, 5, 6)), training=True).numpy() == 0).any()
    assert not (dropout(np.ones((4, 5, 6))).numpy() == 0).any()


# -- gradients --------------------------------------------------------------------------------------------------------

def assert_gradients(layer, x, states=None, mask=None):
    """The directional derivative along a random direction of inputs, states and weights at once."""
    arrays = [x, *(states or []), *layer.get_weights()]
    directions = [numbers(*array.shape, seed=20 + i) for i, array in enumerate(arrays)]
    count = 1 + len(states or [])
    variables = [tn.Variable(array) for array in arrays[:count]]

    def output():
        kwargs = {} if states is None else {"initial_state": variables[1:]}
        results = tn.core.nest.flatten(layer(variables[0], mask=mask, **kwargs))
        return ops.concatenate([ops.reshape(one, (len(x), -1)) for one in results], axis=-1)

    every = [*variables, *layer.trainable_variables]
    with tn.GradientTape() as tape:
        y = output()
    weights = numbers(*y.shape, seed=11)
    gradients = tape.gradient(y, every, output_gradients=weights)
    slope = sum(float((g.numpy() * d).sum()) for g, d in zip(gradients, directions, strict=True))
    step, values = 1e-6, []
    for sign in (1, -1):
        for variable, array, direction in zip(every, arrays, directions, strict=True):
            variable.assign(array + sign * step * direction)
        values.append(float((output().numpy() * weights).sum()))
    assert (values[0] - values[1]) / (2 * step) == pytest.approx(slope, rel=1e-6, abs=1e-7)


@kinds
@pytest.mark.parametrize("masked", [False, True])
def test_gradients(layer_class, cell_class, step, arguments, masked):
    """Through all outputs and all final states, to inputs, initial states and weights."""
    x = numbers(BATCH, STEPS, INPUTS)
    states = [numbers(BATCH, UNITS, seed=i + 1) for i in range(count_of_states(layer_class))]
    layer = made(layer_class, arguments, x, return_sequences=True, return_state=True)
    assert_gradients(layer, x, states, MASK if masked else None)
    assert_gradients(made(layer_class, arguments, x, go_backwards=True), x, None, MASK if masked else None)


def test_gradients_of_stacks_and_directions():
    x = numbers(BATCH, STEPS, INPUTS)
    cells = [layers.LSTMCell(3, dtype="float64"), layers.SimpleRNNCell(UNITS, dtype="float64")]
    for layer in (layers.RNN(cells, return_state=True, dtype="float64"),
                  layers.Bidirectional(layers.GRU(UNITS, return_sequences=True, dtype="float64"), dtype="float64")):
        layer.build((None, STEPS, INPUTS))
        set_random(layer)
        assert_gradients(layer, x)
        assert_gradients(layer, x, mask=MASK)


# -- dropout ----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", ["SimpleRNN", "LSTM", "GRU"])
@pytest.mark.parametrize("rates", [(0.4, 0.0), (0.0, 0.4), (0.3, 0.3)])
def test_dropout_repeats_with_its_seed(name, rates):
    x = numbers(BATCH, STEPS, INPUTS)
    twins = [getattr(layers, name)(6, dropout=rates[0], recurrent_dropout=rates[1], seed=3) for _ in range(2)]
    for layer in twins:
        layer(x)
        set_random(layer)
    first, second = ([layer(x, training=True).numpy() for _ in range(3)] for layer in twins)
    np.testing.assert_array_equal(first, second)
    assert (first[0] != first[1]).any()  # new masks for each call
    plain = getattr(layers, name)(6)
    plain.build(x.shape)
    plain.set_weights(twins[0].get_weights())
    np.testing.assert_array_equal(twins[0](x), plain(x))  # none in prediction


@pytest.mark.parametrize("activation", ["tanh", "softsign"], ids=["one operation", "step by step"])
@pytest.mark.parametrize("name", ["SimpleRNN", "LSTM", "GRU"])
def test_dropout_masks_stay_for_a_sequence(name, activation):
    """The same mask in every step: of inputs that never change, what is dropped is dropped everywhere."""
    layer = getattr(layers, name)(3, activation=activation, dropout=0.5, recurrent_dropout=0.5, seed=1,
                                  return_sequences=True, dtype="float64")
    x = numbers(BATCH, STEPS, INPUTS)
    layer(x)
    set_random(layer)
    y = layer(x, training=True).numpy()
    masks = layer.cell._dropout_masks[:2]
    assert [mask.shape for mask in masks] == [(layer.cell.gates, BATCH, INPUTS), (layer.cell.gates, BATCH, 3)]
    assert {0.0, 2.0} == set(np.unique(np.concatenate([mask.ravel() for mask in masks])))
    kernel, recurrent, bias = layer.get_weights()
    a = np.tanh if activation == "tanh" else softsign
    gates, h, c, outputs = layer.cell.gates, np.zeros((BATCH, 3)), np.zeros((BATCH, 3)), []

    def products(rows, mask, weights):
        parts = zip(mask, np.split(weights, gates, axis=-1), strict=True)
        return [(rows * part) @ matrix for part, matrix in parts]

    for t in range(STEPS):
        of_x, of_h = products(x[:, t], masks[0], kernel), products(h, masks[1], recurrent)
        if name == "SimpleRNN":
            h = a(of_x[0] + of_h[0] + bias)
        elif name == "LSTM":
            i, f, g, o = (p + q + b for p, q, b in zip(of_x, of_h, np.split(bias, 4), strict=True))
            c = sigmoid(f) * c + sigmoid(i) * a(g)
            h = sigmoid(o) * a(c)
        else:
            (xz, xr, xg), (hz, hr, hg) = ([p + b for p, b in zip(parts, np.split(row, 3), strict=True)]
                                          for parts, row in zip((of_x, of_h), bias, strict=True))
            z, r = sigmoid(xz + hz), sigmoid(xr + hr)
            h = z * h + (1 - z) * a(xg + r * hg)
        outputs.append(h)
    close(y, np.stack(outputs, axis=1))


# -- models -----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("make", [
    lambda: layers.SimpleRNN(8), lambda: layers.LSTM(8), lambda: layers.GRU(8),
    lambda: layers.GRU(8, reset_after=False),
    lambda: layers.Bidirectional(layers.LSTM(4)), lambda: layers.RNN([layers.GRUCell(6), layers.LSTMCell(6)]),
], ids=["SimpleRNN", "LSTM", "GRU", "GRU reset before", "Bidirectional", "stack"])
def test_training_learns_to_remember_the_first_step(make, tmp_path):
    tn.utils.set_random_seed(2)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((128, 6, 2)).astype("f4")
    y = (x[:, 0, :1] > 0).astype("f4")
    model = tn.Sequential([tn.Input((6, 2)), make(), layers.Dense(1, activation="sigmoid")])
    model.compile(tn.optimizers.Adam(0.03), "binary_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=40, batch_size=32, verbose=0)
    assert model.evaluate(x, y, verbose=0)[1] > 0.9
    model.save(tmp_path / "model.keras")
    twin = tn.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(twin.predict(x, verbose=0), model.predict(x, verbose=0))


@pytest.mark.parametrize(("call", "message"), [
    (lambda: layers.LSTM(0), "LSTMCell: units must be a positive int, got 0"),
    (lambda: layers.LSTM(2)(np.ones((3, 4))), r"LSTM needs inputs of shape \(batch, steps, inputs\)"),
    (lambda: layers.GRU(2)(np.ones((3, 4, 5)), initial_state=[np.zeros((3, 2))] * 2), "needs 1 tensors, got 2"),
    (lambda: layers.RNN(layers.Dense(2)), "RNN: the cell needs the attribute state_size"),
    (lambda: layers.StackedRNNCells([layers.Dense(2)]), "StackedRNNCells: a cell needs the attribute state_size"),
    (lambda: layers.Bidirectional(layers.Dense(2)), "Bidirectional: expected a recurrent layer"),
    (lambda: layers.Bidirectional(layers.LSTM(2), "max"), "merge_mode must be .*, got 'max'"),
    (lambda: layers.Bidirectional(layers.LSTM(2), backward_layer=layers.LSTM(2)), "must have go_backwards=True"),
    (lambda: layers.Bidirectional(layers.LSTM(2), backward_layer=layers.LSTM(2, return_state=True,
                                                                            go_backwards=True)), "same return_state"),
    (lambda: layers.TimeDistributed(layers.Dense(2))(np.ones((3, 4))), r"inputs of shape \(batch, steps, ...\)"),
])
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
