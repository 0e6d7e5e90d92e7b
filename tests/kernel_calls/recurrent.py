"""The recurrences. Their errors grow from step to step: the bounds follow them."""

import numpy as np

from kernel_calls.base import Kernel
from tinynet import reference
from tinynet.ops.recurrence import first_states

FUNCTION = 12  # roundings of an activation and its neighbours


def recurrence(numbers, gates, batch, steps, units, masked, dropped):
    """What all of them are given: small recurrent weights, masks or None."""
    kernel = numbers(units, gates * units) * numbers.dtype.type(max(units, 1) ** -0.5)
    mask = numbers.between(0, 1, batch, steps) < 0.7 if masked else None
    factors = numbers.cast(numbers.between(0, 1, gates, batch, units) < 0.8)[0] if dropped else None
    return {"recurrent_kernel": kernel, "mask": mask, "recurrent_mask": factors}


def product_error(a, h, error, g):
    """The error of h kernel with that of h, and of the sum with z. Dropout's factors are at most 1."""
    kernel = np.abs(a.recurrent_kernel)
    return error @ kernel + g(len(kernel) + 3) * (np.abs(h) @ kernel)


def kept(mask, t, new, old):
    return new if mask is None else np.where(mask[:, t, None], new, old)


def simple_rnn_arguments(numbers, batch, steps, units, activation, masked=False, dropped=False):
    return {"z": numbers(batch, steps, units), "h0": numbers(batch, units),
            **recurrence(numbers, 1, batch, steps, units, masked, dropped), "activation": activation}


def simple_rnn_bound(a, results, g):
    y, values = results
    before, error = first_states(a.h0, y), np.zeros_like(a.h0)
    bounds = [np.zeros_like(y), np.zeros_like(y)]
    for t in range(y.shape[1]):
        new = product_error(a, before[:, t], error, g) + g(3) * np.abs(a.z[:, t]) + g(FUNCTION) * np.abs(values[:, t])
        error = kept(a.mask, t, new, error)
        bounds[0][:, t], bounds[1][:, t] = error, new
    return bounds


def simple_rnn_gradient_arguments(numbers, *shape):
    made = simple_rnn_arguments(numbers, *shape)
    y, values = reference.simple_rnn_forward(**made)
    del made["z"], made["h0"]
    return {"dy": numbers(*y.shape), "dh": numbers(*y[:, 0].shape), **made, "values": values}


def gradient_bound(backward, roundings):
    """The gradients are sums of products along the steps, and so are their errors, with absolute values.

    No derivative is above 1, that of a linear activation.
    """
    def bound(a, results, g):
        signed = {"mask", "activation", "recurrent_activation", "reset_after"}
        given = {name: value if name in signed or value is None else np.abs(value) for name, value in vars(a).items()}
        given |= {name: "linear" for name in ("activation", "recurrent_activation") if name in given}
        if "factor" in given:  # a GRU has h - g
            units = given["h0"].shape[1]
            given["gates"][:, :, 2 * units:] *= -1
        steps, gated = results[0].shape[1:]
        return [g((gated + roundings) * steps) * magnitude for magnitude in backward(**given)]

    return bound


def lstm_arguments(numbers, batch, steps, units, activation, gate="sigmoid", masked=False, dropped=False):
    return {"z": numbers(batch, steps, 4 * units), "h0": numbers(batch, units), "c0": numbers(batch, units),
            **recurrence(numbers, 4, batch, steps, units, masked, dropped), "activation": activation,
            "recurrent_activation": gate}


def lstm_bound(a, results, g):
    y, c, gates, shown = results
    h_before, c_before = first_states(a.h0, y), np.abs(first_states(a.c0, c))
    bounds = [np.zeros_like(result) for result in results]
    h_error = c_error = np.zeros_like(a.h0)
    for t in range(y.shape[1]):
        gate_error = (product_error(a, h_before[:, t], h_error, g) + g(3) * np.abs(a.z[:, t])
                      + g(FUNCTION) * (1 + np.abs(gates[:, t])))
        (i, f, x, o), (di, df, dx, do) = (np.split(part, 4, axis=-1) for part in (np.abs(gates[:, t]), gate_error))
        new = (f * c_error + df * c_before[:, t] + di * x + i * dx
               + g(3) * (f * c_before[:, t] + i * x))
        shown_error = new + g(FUNCTION) * np.abs(shown[:, t])
        h_error = kept(a.mask, t, o * shown_error + (do + g(1) * o) * np.abs(shown[:, t]), h_error)
        c_error = kept(a.mask, t, new, c_error)
        for bound, error in zip(bounds, (h_error, c_error, gate_error, shown_error), strict=True):
            bound[:, t] = error
    return bounds


def lstm_gradient_arguments(numbers, *shape):
    made = lstm_arguments(numbers, *shape)
    y, c, gates, shown = reference.lstm_forward(**made)
    del made["z"], made["h0"]
    return {"dy": numbers(*y.shape), "dh": numbers(*y[:, 0].shape), "dc": numbers(*y[:, 0].shape), **made, "c": c,
            "gates": gates, "shown": shown}


def gru_arguments(numbers, batch, steps, units, activation, gate, reset_after, masked=False, dropped=False):
    return {"z": numbers(batch, steps, 3 * units), "h0": numbers(batch, units),
            "recurrent_bias": numbers(3 * units) if reset_after else None,
            **recurrence(numbers, 3, batch, steps, units, masked, dropped), "activation": activation,
            "recurrent_activation": gate, "reset_after": reset_after}


def gru_bound(a, results, g):
    y, gates, factor = results
    before, bounds = first_states(a.h0, y), [np.zeros_like(result) for result in results]
    error, units = np.zeros_like(a.h0), y.shape[2]
    bias = 0 if a.recurrent_bias is None else np.abs(a.recurrent_bias)
    kernel_g = np.abs(a.recurrent_kernel[:, 2 * units:])
    for t in range(y.shape[1]):
        h, z = before[:, t], np.abs(a.z[:, t])
        of_product = product_error(a, h, error, g) + g(3) * bias
        gate_error = of_product + g(3) * z + g(FUNCTION) * (1 + np.abs(gates[:, t]))
        update, r, x = np.split(np.abs(gates[:, t]), 3, axis=-1)
        d_update, dr, dx = np.split(gate_error, 3, axis=-1)
        u, u_error = np.abs(factor[:, t]), of_product[:, 2 * units:] if a.reset_after else error
        ru = dr * u + r * u_error + g(1) * r * u
        if not a.reset_after:
            ru = ru @ kernel_g + g(units + 2) * ((r * u) @ kernel_g)
        dx = ru + g(3) * z[:, 2 * units:] + g(FUNCTION) * (1 + x)
        new = d_update * (np.abs(h) + x) + update * error + (1 + update) * dx + g(3) * (update * np.abs(h) + x)
        error = kept(a.mask, t, new, error)
        bounds[0][:, t], bounds[2][:, t] = error, u_error
        bounds[1][:, t] = np.concatenate([d_update, dr, dx], axis=-1)
    return bounds


def gru_gradient_arguments(numbers, *shape):
    made = gru_arguments(numbers, *shape)
    y, gates, factor = reference.gru_forward(**made)
    del made["z"], made["recurrent_bias"]
    return {"dy": numbers(*y.shape), "dh": numbers(*y[:, 0].shape), **made, "y": y, "gates": gates, "factor": factor}


SIMPLE = {
    "small": [(1, 1, 1, "tanh"), (3, 4, 5, "relu", True), (2, 3, 17, "linear", True, True), (9, 2, 33, "sigmoid"),
              (13, 3, 8, "hard_sigmoid", False, True)],
    "large": [(32, 30, 64, "tanh"), (101, 7, 40, "tanh", True, True)],
    "empty": [(0, 3, 4, "tanh")],
}
LSTM = {
    "small": [(1, 1, 1, "tanh"), (3, 4, 5, "tanh", "sigmoid", True), (2, 3, 17, "relu", "hard_sigmoid", True, True),
              (9, 2, 8, "sigmoid", "tanh"), (13, 3, 4, "linear", "sigmoid", False, True)],
    "large": [(32, 20, 64, "tanh"), (101, 7, 40, "tanh", "sigmoid", True, True)],
    "empty": [(0, 3, 4, "tanh")],
}
GRU = {
    "small": [(1, 1, 1, "tanh", "sigmoid", True), (3, 4, 5, "tanh", "sigmoid", False, True),
              (2, 3, 17, "relu", "hard_sigmoid", True, True, True), (9, 2, 8, "sigmoid", "sigmoid", False),
              (13, 3, 4, "linear", "sigmoid", False, False, True),
              (4, 3, 6, "tanh", "hard_sigmoid", True, False, True)],
    "large": [(32, 20, 64, "tanh", "sigmoid", True), (101, 7, 40, "tanh", "sigmoid", False, True, True)],
    "empty": [(0, 3, 4, "tanh", "sigmoid", True)],
}

KERNELS = {
    "simple_rnn_forward": Kernel(simple_rnn_arguments, simple_rnn_bound, **SIMPLE),
    "simple_rnn_backward": Kernel(simple_rnn_gradient_arguments, gradient_bound(reference.simple_rnn_backward, 6),
                                  **SIMPLE),
    "lstm_forward": Kernel(lstm_arguments, lstm_bound, **LSTM),
    "lstm_backward": Kernel(lstm_gradient_arguments, gradient_bound(reference.lstm_backward, 12), **LSTM),
    "gru_forward": Kernel(gru_arguments, gru_bound, **GRU),
    "gru_backward": Kernel(gru_gradient_arguments, gradient_bound(reference.gru_backward, 12), **GRU),
}
