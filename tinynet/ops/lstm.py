"""The long short-term memory layer over a whole sequence, in one operation (Hochreiter and Schmidhuber 1997).

    i, f, g, o = the four quarters of  x_t kernel + h_(t-1) recurrent_kernel + bias
    i, f, o = s(i), s(f), s(o)          input, forget and output gate
    g = a(g)                            candidate
    c_t = f c_(t-1) + i g
    h_t = o a(c_t)

with a = tanh and s = sigmoid as a rule. Backward, from the last step to the first:

    do = dh_t a(c_t)                    dc_t += dh_t o a'(c_t)
    di = dc_t g    df = dc_t c_(t-1)    dg = dc_t i         dc_(t-1) = dc_t f
    dz_t = (di s'(i), df s'(f), dg a'(g), do s'(o))         dh_(t-1) = dz_t recurrent_kernel^T
    dx_t = dz_t kernel^T                dkernel = sum of x_t^T dz_t, drecurrent_kernel = sum of h_(t-1)^T dz_t

A step that the mask leaves out keeps h and c. The products with x are computed for all steps at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ..core.recording import dense
from ..core.types import Array, TensorLike
from ..runtime import kernels
from ..tape import is_tracked
from ..tensor import Tensor
from .recurrence import (
    ACTIVATIONS,
    first_states,
    gate_gradient,
    gate_products,
    input_gradients,
    input_products,
    last_gradients,
    prepare,
    recorded_activation,
    recorded_products,
    recorded_step,
    recurrent_gradient,
    result,
    step_mask,
)


def quarters(z: Array) -> Iterator[Array]:
    """The four gates in an array (..., 4 units), as views."""
    units = z.shape[-1] // 4
    return (z[..., k * units:(k + 1) * units] for k in range(4))


def lstm_forward(
    z: Array, h0: Array, c0: Array, recurrent_kernel: Array, mask: Array | None, recurrent_mask: Array | None,
    activation: str, recurrent_activation: str, keep_steps: bool = True,
) -> tuple[Array, Array, Array | None, Array | None]:
    """Reference: the states.

    Args:
        z: x kernel + bias, shape (batch, steps, 4 units).
        h0, c0: Initial states, shape (batch, units).
        recurrent_kernel, recurrent_mask, activation, recurrent_activation: As for `lstm`.
        mask: Booleans, shape (batch, steps), or None.
        keep_steps: Whether `lstm_backward` will be called.

    Returns:
        y and c, shape (batch, steps, units); the gates, (batch, steps, 4 units); a(c_t), before masking. Without
        `keep_steps` c has the last step alone, (batch, 1, units), and the gates and a(c_t) are None.
    """
    (a, _), (s, _) = ACTIVATIONS[activation], ACTIVATIONS[recurrent_activation]
    gates = np.empty_like(z)
    y, cells, shown = (np.empty((*z.shape[:2], h0.shape[1]), z.dtype) for _ in range(3))
    h, c = h0, c0
    with np.errstate(over="ignore"):  # exp(-z) may overflow: 1 / (1 + inf) is 0, as it should be
        for t in range(z.shape[1]):
            i, f, g, o = quarters(z[:, t] + gate_products(h, recurrent_mask, recurrent_kernel))
            i, f, g, o = s(i), s(f), a(g), s(o)
            new = f * c + i * g
            gates[:, t], shown[:, t] = np.concatenate([i, f, g, o], axis=-1), a(new)
            kept = True if mask is None else mask[:, t, None]
            h, c = np.where(kept, o * shown[:, t], h), np.where(kept, new, c)
            y[:, t], cells[:, t] = h, c
    return (y, cells, gates, shown) if keep_steps else (y, cells[:, -1:], None, None)


def lstm_backward(
    dy: Array | None, dh: Array | None, dc: Array | None, c0: Array, recurrent_kernel: Array, mask: Array | None,
    recurrent_mask: Array | None, c: Array, gates: Array, shown: Array, activation: str, recurrent_activation: str,
) -> tuple[Array, Array, Array]:
    """Reference: the gradients, by the formulas at the top of this file.

    Args:
        dy: Gradient of y, or None.
        dh, dc: Gradients of the last h (added to dy's) and c, or None.
        c0, recurrent_kernel, mask, recurrent_mask, activation, recurrent_activation: As for `lstm_forward`.
        c, gates, shown: The forward pass's results.

    Returns:
        (dz, dh0, dc0)
    """
    (_, da), (_, ds) = ACTIVATIONS[activation], ACTIVATIONS[recurrent_activation]
    dh, dc = last_gradients(c0.shape, c.dtype, dh, dc)
    dz, before, zero = np.empty_like(gates), first_states(c0, c), c.dtype.type(0)
    for t in reversed(range(c.shape[1])):
        if dy is not None:
            dh = dh + dy[:, t]
        counts = True if mask is None else mask[:, t, None]
        kept = np.where(counts, zero, dh), np.where(counts, zero, dc)  # the gradients that pass a masked step
        i, f, g, o = quarters(gates[:, t])
        dh, dc = np.where(counts, dh, zero), np.where(counts, dc + dh * o * da(shown[:, t]), zero)
        di, df, dg, do = dc * g * ds(i), dc * before[:, t] * ds(f), dc * i * da(g), dh * shown[:, t] * ds(o)
        dz[:, t] = np.where(counts, np.concatenate([di, df, dg, do], axis=-1), zero)
        dh = gate_gradient(dz[:, t], recurrent_mask, recurrent_kernel) + kept[0]
        dc = dc * f + kept[1]
    return dz, dh, dc


def lstm(
    x: TensorLike, kernel: TensorLike, recurrent_kernel: TensorLike, bias: TensorLike = None,
    initial_state: Sequence[TensorLike] | None = None, mask: TensorLike = None, input_mask: Array | None = None,
    recurrent_mask: Array | None = None, activation: str = "tanh", recurrent_activation: str = "sigmoid",
    return_sequences: bool = False, return_state: bool = False,
) -> tuple[Tensor, list[Tensor] | None]:
    """A long short-term memory layer. Hochreiter and Schmidhuber 1997; the equations are at the top of this file.

    Args:
        x: Tensor, shape (batch, steps, inputs).
        kernel: Shape (inputs, 4 units); the gates' order is input, forget, candidate, output.
        recurrent_kernel: Shape (units, 4 units).
        bias: Shape (4 units,), or None.
        initial_state: [h_0, c_0], each (batch, units); zeros if None.
        mask: Boolean, shape (batch, steps): a step that is False keeps h and c.
        input_mask, recurrent_mask: Factors of x and h in the products, for each gate, the same in every step: dropout's
            masks, shapes (4, batch, inputs) and (4, batch, units).
        activation, recurrent_activation: 'tanh', 'sigmoid', 'relu', 'linear' or 'hard_sigmoid'.
        return_sequences: Return every h_t, shape (batch, steps, units), not only the last, (batch, units).
        return_state: Return the list of final states too.

    Returns:
        The output, and [h_T, c_T] or None.

    Raises:
        ValueError: shapes do not match, there are no steps, or there is no such activation.
        TypeError: the element types differ.

    >>> y, (h, c) = lstm(np.ones((2, 5, 3)), np.ones((3, 8)), np.ones((2, 8)), return_state=True)
    >>> y.shape, c.shape
    ((2, 2), (2, 2))
    """
    units = np.shape(recurrent_kernel)[0]
    activations = activation, recurrent_activation
    x, (h0, c0), kernel, recurrent_kernel, bias = prepare(
        "lstm", 4, x, [None, None] if initial_state is None else initial_state, kernel, recurrent_kernel, bias,
        (4 * units,), activations
    )
    inputs = (x, h0, c0, kernel, recurrent_kernel, *([] if bias is None else [bias]))
    of_x = x.data, input_mask, kernel.data
    recurrent = recurrent_kernel.data, step_mask(mask, x), recurrent_mask
    z = input_products(*of_x, None if bias is None else bias.data)
    keep_steps = any(map(is_tracked, inputs))
    y, c, gates, shown = kernels.lstm_forward(z, h0.data, c0.data, *recurrent, *activations, keep_steps)
    h_data, c_data, need_dx = h0.data, c0.data, is_tracked(x)

    def backward(dy, dh, others):
        dz, dh0, dc0 = kernels.lstm_backward(dy, dh, others[0], c_data, *recurrent, c, gates, shown, *activations)
        dx, dkernel, dbias = input_gradients(dz, *of_x, need_dx)
        drecurrent = recurrent_gradient(dz, first_states(h_data, y), recurrent_mask)
        return (dx, dh0, dc0, dkernel, drecurrent, dbias)[: len(inputs)]

    def formula(x, h, c, kernel, recurrent_kernel, bias=0.0):
        states = []
        for t in range(y.shape[1]):
            z = recorded_products(x[:, t], input_mask, kernel) + bias
            z = z + recorded_products(h, recurrent_mask, recurrent_kernel)
            i, f, g, o = (z[:, k * units:(k + 1) * units] for k in range(4))
            i, f, o = (recorded_activation(gate, recurrent_activation) for gate in (i, f, o))
            new = f * c + i * recorded_activation(g, activation)
            h = recorded_step(recurrent[1], t, o * recorded_activation(new, activation), h)
            c = recorded_step(recurrent[1], t, new, c)
            states.append(h)
        return states, [c]

    return result(y, [dense(c[:, -1])], return_sequences, return_state, inputs, backward, formula)
