"""Recurrent layers and wrappers, in terms of ONNX's operators; see `layers.py`.

LSTM, GRU and SimpleRNN become ONNX's LSTM, GRU and RNN where these compute the same. Elsewhere a Scan applies the cell
to each step: with a mask (ONNX's operators know lengths, not masks), with other activations, in float64 (ONNX Runtime
has only float32), and for cells on top of each other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import activations, layers
from ...core.nest import flatten, map_structure, pack_like
from .axes import same_shape
from .functions import write_activation
from .masks import expanded
from .shapes import result_of_steps
from .writer import Value, Writer, unsupported

# The activations that both sides have without a parameter.
_ONNX_NAMES = {activations.tanh: "Tanh", activations.sigmoid: "Sigmoid", activations.relu: "Relu"}


def flipped(w: Writer, x: Value) -> Value:
    """Return x with the steps, axis 1, in reverse order."""
    ends = (np.array([number]) for number in (-1, np.iinfo(np.int64).min, 1, -1))
    return Value(w.add("Slice", x, *ends), x.shape, x.dtype)


def _recurrent(w, layer, x, initial_state=None, mask=None):
    """An RNN's output: one Value, or [output, *final states] with `return_state`."""
    if layer.stateful:
        raise unsupported(layer, "with stateful=True each batch starts where the one before ended, which a file does "
                                 "not store; make the layer with stateful=False and pass initial_state")
    mask = x.mask if mask is None else mask
    x = w.last(x)
    if layer.go_backwards:
        x, mask = flipped(w, x), None if mask is None else flipped(w, mask)
    states = _initial_states(w, layer, x, initial_state)
    steps, last, states = (_operator if mask is None and _has_operator(layer, x) else _scan)(w, layer, x, states, mask)
    y = steps if layer.return_sequences else last
    if layer.zero_output_for_mask and mask is not None:
        counts = expanded(w, mask).name if layer.return_sequences else w.add(
            "Slice", mask, np.array([-1]), np.array([np.iinfo(np.int64).max]), np.array([1]))
        y = w.add("Where", counts, y, np.array(0, x.dtype))
    shapes = layer.compute_output_shape(x.shape)
    if not layer.return_state:
        return Value(y, shapes, x.dtype)
    names = flatten(states)
    return [Value(y, shapes[0], x.dtype), *(Value(name, (x.shape[0], None), x.dtype) for name in names)]


def _initial_states(w, layer, x, given):
    """Names of the initial states, in the cell's structure; zeros where none are given."""
    sizes = layer.cell.state_size
    sizes = list(sizes) if isinstance(sizes, list | tuple) else [sizes]
    if given is not None:
        values = flatten(given)
        if len(values) != len(flatten(sizes)) or not all(isinstance(value, Value) for value in values):
            raise unsupported(layer, f"initial_state must be {len(flatten(sizes))} tensors of the model")
        return pack_like(sizes, [w.cast(w.last(value), x.dtype).name for value in values])
    return map_structure(lambda size: _zeros(w, x, size), sizes)


def _zeros(w, x, size):
    """A state of zeros: the batch is that of x."""
    shape = w.add("Concat", w.add("Shape", x, start=0, end=1), np.array([size]), axis=0)
    return w.add("Expand", np.zeros((1, size), x.dtype), shape)


# -- ONNX's own operators --------------------------------------------------------------------------------------------


def _has_operator(layer, x):
    """Whether ONNX's LSTM, GRU or RNN computes what the layer does."""
    cell = layer.cell
    names = [getattr(cell, name, None) for name in ("activation", "recurrent_activation")]
    return type(cell) in _OPERATORS and x.dtype == "float32" and all(
        function is None or function in _ONNX_NAMES for function in names)


def _operator(w, layer, x, states, mask):
    cell = layer.cell
    op_type, order = _OPERATORS[type(cell)]
    activation = _ONNX_NAMES[cell.activation]
    attributes: dict[str, Any] = {"hidden_size": cell.units, "activations": [activation]}
    if op_type != "RNN":
        attributes["activations"] = [_ONNX_NAMES[cell.recurrent_activation], *[activation] * (cell.states)]
    if op_type == "GRU":
        attributes["linear_before_reset"] = int(cell.reset_after)

    def gates(array):
        """The kernels or biases of all gates, (..., gates * units), as ONNX has them: (1, gates * units, ...)."""
        parts = np.split(array, cell.gates, axis=-1)
        return np.ascontiguousarray(np.concatenate([parts[gate] for gate in order], axis=-1).T[None])

    bias = []
    if cell.use_bias:
        of_input = cell.bias.numpy()
        two = of_input if of_input.ndim == 2 else np.stack([of_input, np.zeros_like(of_input)])
        bias = [np.concatenate([gates(one) for one in two], axis=1)]
    y = w.name(f"{w.scope}/{op_type}")
    finals = [w.name(f"{w.scope}/{op_type}/state") for _ in states]
    given = [w.add("Unsqueeze", state, np.array([0])) for state in states]
    inputs = [w.add("Transpose", x, perm=[1, 0, 2]), w.constant(gates(cell.kernel.numpy())),
              w.constant(gates(cell.recurrent_kernel.numpy())), *map(w.constant, bias), *[""] * (1 - len(bias)), ""]
    w.nodes.append(w.onnx.helper.make_node(op_type, [*inputs, *given], [y, *finals], name=y, **attributes))
    steps = w.add("Transpose", w.add("Squeeze", y, np.array([1])), perm=[1, 0, 2])
    final = [w.add("Squeeze", name, np.array([0])) for name in finals]
    return steps, final[0], final


# {cell: (operator, tinynet's number of each of ONNX's gates)}
_OPERATORS: dict[type, tuple[str, list[int]]] = {
    layers.SimpleRNNCell: ("RNN", [0]), layers.LSTMCell: ("LSTM", [0, 3, 1, 2]), layers.GRUCell: ("GRU", [0, 1, 2]),
}


# -- a cell applied to each step -------------------------------------------------------------------------------------


def _scan(w, layer, x, states, mask):
    """Scan: the state is [output, *states], the scanned inputs are x and the mask."""
    helper, rows = w.onnx.helper, flatten(states)
    size = layer.compute_output_shape(x.shape)
    size = (size[0] if layer.return_state else size)[-1]
    first = flatten(layer.cell.state_size)[0]
    before = rows[0] if first == size else _zeros(w, x, size)
    scanned = [x, *([] if mask is None else [mask])]
    outer, w.nodes = w.nodes, []
    names = [w.name(f"{w.scope}/step/{what}") for what in ("y", *["state"] * len(rows), "x", "mask")]
    old_y, old, step, counts = names[0], names[1:len(rows) + 1], names[len(rows) + 1], names[-1]
    y, new = _step(w, layer.cell, Value(step, (None, x.shape[-1]), x.dtype), pack_like(states, old))
    new = flatten(new)
    if mask is not None:
        kept = w.add("Unsqueeze", counts, np.array([1]))
        y = w.add("Where", kept, y, old_y)
        new = [w.add("Where", kept, state, previous) for state, previous in zip(new, old, strict=True)]
    results = [w.add("Identity", name) for name in (y, *new, y)]  # an output needs a node of its own
    inside, w.nodes = w.nodes, outer

    def info(name, kind=x.dtype, lengths=(None, None)):
        return helper.make_tensor_value_info(name, w.element_type(kind), lengths)

    inputs = [info(name) for name in names[:len(rows) + 2]] + ([] if mask is None else [info(counts, "bool", (None,))])
    body = helper.make_graph(inside, f"{layer.name}_step", inputs, [info(name) for name in results])
    finals = [w.name(f"{w.scope}/Scan") for _ in results]
    w.nodes.append(helper.make_node(
        "Scan", [before, *rows, *(value.name for value in scanned)], finals, name=finals[0], body=body,
        num_scan_inputs=len(scanned), scan_input_axes=[1] * len(scanned), scan_output_axes=[1]))
    return finals[-1], finals[0], pack_like(states, finals[1:-1])


def _step(w, cell, x, states):
    """One step of a cell: the names of its output and its new states."""
    function = _CELLS.get(type(cell))
    if function is None:
        raise unsupported(cell, "it is a cell of your own; LSTMCell, GRUCell, SimpleRNNCell and StackedRNNCells can "
                                "be written")
    return function(w, cell, x, states)


def _applied(w, cell, function, name, dtype):
    return write_activation(w, function, Value(name, (None, cell.units), dtype), cell).name


def _sums(w, cell, x, h, bias):
    """x kernel + h recurrent_kernel + bias for all gates, one after the other."""
    y = w.add("Add", w.add("MatMul", x, cell.kernel.numpy()), w.add("MatMul", h, cell.recurrent_kernel.numpy()))
    return y if bias is None else w.add("Add", y, bias)


def _part(w, cell, name, first, last=None):
    """The columns of some of the gates."""
    last = first if last is None else last
    return w.add("Slice", name, np.array([first * cell.units]), np.array([(last + 1) * cell.units]), np.array([1]))


def _simple_rnn_cell(w, cell, x, states):
    h = _sums(w, cell, x, states[0], cell.bias.numpy() if cell.use_bias else None)
    h = _applied(w, cell, cell.activation, h, x.dtype)
    return h, [h]


def _lstm_cell(w, cell, x, states):
    z = _sums(w, cell, x, states[0], cell.bias.numpy() if cell.use_bias else None)
    i, f, o = (_applied(w, cell, cell.recurrent_activation, _part(w, cell, z, gate), x.dtype) for gate in (0, 1, 3))
    g = _applied(w, cell, cell.activation, _part(w, cell, z, 2), x.dtype)
    c = w.add("Add", w.add("Mul", f, states[1]), w.add("Mul", i, g))
    h = w.add("Mul", o, _applied(w, cell, cell.activation, c, x.dtype))
    return h, [h, c]


def _gru_cell(w, cell, x, states):
    (h,), kernel, recurrent = states, cell.kernel.numpy(), cell.recurrent_kernel.numpy()
    bias = cell.bias.numpy() if cell.use_bias else np.zeros(3 * cell.units, x.dtype)
    of_input, of_state = bias if bias.ndim == 2 else (bias, np.zeros_like(bias))
    of_x = w.add("Add", w.add("MatMul", x, kernel), of_input)
    gates = w.add("MatMul", h, recurrent[:, :2 * cell.units])
    gates = w.add("Add", w.add("Add", gates, of_state[:2 * cell.units]), _part(w, cell, of_x, 0, 1))
    z, r = (_applied(w, cell, cell.recurrent_activation, _part(w, cell, gates, gate), x.dtype) for gate in (0, 1))
    last = recurrent[:, 2 * cell.units:]
    if cell.reset_after:
        candidate = w.add("Mul", r, w.add("Add", w.add("MatMul", h, last), of_state[2 * cell.units:]))
    else:
        candidate = w.add("MatMul", w.add("Mul", r, h), last)
    g = _applied(w, cell, cell.activation, w.add("Add", _part(w, cell, of_x, 2), candidate), x.dtype)
    rest = w.add("Sub", np.array(1, x.dtype), z)
    h = w.add("Add", w.add("Mul", z, h), w.add("Mul", rest, g))
    return h, [h]


def _stacked_cells(w, stack, x, states):
    new = []
    for cell, state in zip(stack.cells, states, strict=True):
        name, state = _step(w, cell, x, state if isinstance(state, list) else [state])
        x = Value(name, (None, cell.units), x.dtype)
        new.append(state)
    return x.name, new


_CELLS: dict[type, Callable[..., Any]] = {
    layers.SimpleRNNCell: _simple_rnn_cell, layers.LSTMCell: _lstm_cell, layers.GRUCell: _gru_cell,
    layers.StackedRNNCells: _stacked_cells,
}


# -- wrappers --------------------------------------------------------------------------------------------------------


def _bidirectional(w, layer, x, initial_state=None, mask=None):
    states = [None, None]
    if initial_state is not None:
        half = len(initial_state) // 2
        states = [list(initial_state[:half]), list(initial_state[half:])]
    pair = zip((layer.forward_layer, layer.backward_layer), states, strict=True)
    results = [flatten(w.write_layer(w, one, x, initial_state=state, mask=mask)) for one, state in pair]
    w.scope = layer.name
    states = [*results[0][1:], *results[1][1:]]
    forward, backward = results[0][0], results[1][0]
    if layer.return_sequences:
        backward = flipped(w, backward)
    if layer.merge_mode is None:
        return [forward, backward, *states]
    if layer.merge_mode == "concat":
        shape = (*forward.shape[:-1], forward.shape[-1] + backward.shape[-1])
        y = Value(w.add("Concat", forward, backward, axis=len(shape) - 1), shape, forward.dtype)
    else:
        name = w.add("Mul" if layer.merge_mode == "mul" else "Add", forward, backward)
        y = same_shape(forward, w.add("Div", name, np.array(2, forward.dtype)) if layer.merge_mode == "ave" else name)
    return [y, *states] if states else y


def _time_distributed(w, layer, x, mask=None):
    x = w.last(x)
    rest = x.shape[2:]
    if None in rest:
        raise unsupported(layer, f"the lengths after the steps must be known, got input {x.shape}")
    y = w.write_layer(w, layer.layer, Value(w.add("Reshape", x, np.array([-1, *rest])), (None, *rest), x.dtype))
    y = w.last(y)
    w.scope = layer.name
    return result_of_steps(w, x, y)


def _spectral_normalization(w, layer, x):
    return w.write_layer(w, layer.layer, x)


FUNCTIONS: dict[type, Callable[..., Any]] = {
    **dict.fromkeys([layers.RNN, layers.SimpleRNN, layers.LSTM, layers.GRU], _recurrent),
    layers.Bidirectional: _bidirectional, layers.TimeDistributed: _time_distributed,
    layers.SpectralNormalization: _spectral_normalization,
}
