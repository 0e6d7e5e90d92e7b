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
from typing import Any

import numpy as np

from ..core.types import Array, TensorLike
from ..tape import is_tracked
from ..tensor import Tensor
from .recurrence import (
    ACTIVATIONS,
    gate_input_gradient,
    gate_products,
    gate_weight_gradient,
    matrix,
    prepare,
    recorded_activation,
    recorded_products,
    recorded_step,
    result,
    time_major,
    time_major_mask,
)


def quarters(z: Array) -> Iterator[Array]:
    """The four gates in an array (..., 4 units), as views."""
    units = z.shape[-1] // 4
    return (z[..., k * units:(k + 1) * units] for k in range(4))


def lstm_forward(
    x: Array, h0: Array, c0: Array, kernel: Array, recurrent_kernel: Array, bias: Array | None,
    masks: tuple[Any, Any, Any], activation: str, recurrent_activation: str,
) -> tuple[Array, Array, Array, Array]:
    """The states.

    Args:
        x: Shape (steps, batch, inputs).
        h0, c0: Initial states, shape (batch, units).
        kernel, recurrent_kernel, bias, activation, recurrent_activation: As for `lstm`.
        masks: (mask, input_mask, recurrent_mask), each an array or None. The first has booleans, shape (steps, batch,
            1). The others are the factors of x and h in the products, for each gate, shapes (4, batch, inputs) and (4,
            batch, units).

    Returns:
        h and c, (steps + 1, batch, units), with h[0] = h0 and c[0] = c0; the gates, (steps, batch, 4 units); a(c_t).
    """
    mask, input_mask, recurrent_mask = masks
    (a, _), (s, _) = ACTIVATIONS[activation], ACTIVATIONS[recurrent_activation]
    z = gate_products(x, input_mask, kernel)
    if bias is not None:
        z += bias
    h, c = (np.empty((len(x) + 1, *h0.shape), z.dtype) for _ in range(2))
    shown = np.empty_like(h[1:])
    h[0], c[0] = h0, c0
    input_and_forget = slice(0, 2 * h0.shape[1])
    with np.errstate(over="ignore"):  # exp(-z) may overflow: 1 / (1 + inf) is 0, as it should be
        for t in range(len(x)):
            z[t] += gate_products(h[t], recurrent_mask, recurrent_kernel)
            i, f, g, o = quarters(z[t])
            z[t, :, input_and_forget] = s(z[t, :, input_and_forget])
            g[...], o[...] = a(g), s(o)
            np.multiply(f, c[t], out=c[t + 1])
            c[t + 1] += i * g
            shown[t] = a(c[t + 1])
            np.multiply(o, shown[t], out=h[t + 1])
            if mask is not None:
                c[t + 1], h[t + 1] = np.where(mask[t], c[t + 1], c[t]), np.where(mask[t], h[t + 1], h[t])
    return h, c, z, shown


def lstm_backward(
    dy: Array, dc: Array | None, x: Array, h: Array, c: Array, gates: Array, shown: Array, kernel: Array,
    recurrent_kernel: Array, masks: tuple[Any, Any, Any], activation: str, recurrent_activation: str, need_dx: bool,
) -> tuple[Array | None, Array, Array, Array, Array, Array]:
    """The gradients, by the formulas at the top of this file.

    Args:
        dy: Gradient of h[1:].
        dc: Gradient of the last c, or None.
        h, c, gates, shown: The forward pass's results.
        x, kernel, recurrent_kernel, masks, activation, recurrent_activation: As for `lstm_forward`.
        need_dx: False returns None for dx.

    Returns:
        (dx, dh0, dc0, dkernel, drecurrent_kernel, dbias)
    """
    mask, input_mask, recurrent_mask = masks
    (_, da), (_, ds) = ACTIVATIONS[activation], ACTIVATIONS[recurrent_activation]
    dz = np.empty_like(gates)
    dh = np.zeros_like(h[0])
    dc = np.zeros_like(c[0]) if dc is None else dc
    for t in reversed(range(len(x))):
        dh = dh + dy[t]
        if mask is not None:
            zero = dh.dtype.type(0)
            kept = np.where(mask[t], zero, dh), np.where(mask[t], zero, dc)
            dh, dc = np.where(mask[t], dh, zero), np.where(mask[t], dc, zero)
        i, f, g, o = quarters(gates[t])
        di, df, dg, do = quarters(dz[t])
        np.multiply(dh, shown[t], out=do)
        dc = dc + dh * o * da(shown[t])
        np.multiply(dc, g, out=di)
        np.multiply(dc, c[t], out=df)
        np.multiply(dc, i, out=dg)
        dg *= da(g)
        for part, gate in ((di, i), (df, f), (do, o)):
            part *= ds(gate)
        dh, dc = gate_input_gradient(dz[t], recurrent_mask, recurrent_kernel), dc * f
        if mask is not None:
            dh, dc = dh + kept[0], dc + kept[1]
    return (
        gate_input_gradient(dz, input_mask, kernel) if need_dx else None,
        dh,
        dc,
        gate_weight_gradient(x, input_mask, dz),
        gate_weight_gradient(h[:-1], recurrent_mask, dz),
        matrix(dz).sum(axis=0),
    )


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
    steps, inputs = time_major(x.data), (x, h0, c0, kernel, recurrent_kernel, *([] if bias is None else [bias]))
    masks = time_major_mask(mask, x), input_mask, recurrent_mask
    weights, need_dx = (kernel.data, recurrent_kernel.data), is_tracked(x)
    h, c, gates, shown = lstm_forward(steps, h0.data, c0.data, *weights, None if bias is None else bias.data, masks,
                                      *activations)

    def backward(dy, others):
        dx, *rest = lstm_backward(dy, others[0], steps, h, c, gates, shown, *weights, masks, *activations, need_dx)
        return (None if dx is None else time_major(dx), *rest)[: len(inputs)]

    def formula(x, h, c, kernel, recurrent_kernel, bias=0.0):
        states = []
        for t in range(len(steps)):
            z = recorded_products(x[:, t], input_mask, kernel) + bias
            z = z + recorded_products(h, recurrent_mask, recurrent_kernel)
            i, f, g, o = (z[:, k * units:(k + 1) * units] for k in range(4))
            i, f, o = (recorded_activation(gate, recurrent_activation) for gate in (i, f, o))
            new = f * c + i * recorded_activation(g, activation)
            h = recorded_step(masks[0], t, o * recorded_activation(new, activation), h)
            c = recorded_step(masks[0], t, new, c)
            states.append(h)
        return states, [c]

    return result(h, [c[-1].copy()], return_sequences, return_state, inputs, backward, formula)
