"""The gated recurrent unit over a whole sequence, in one operation (Cho et al. 2014).

    z, r = s(x_t kernel + h_(t-1) recurrent_kernel + bias), the first two thirds      update and reset gate
    g = a(x_t kernel_g + bias_g + r (h_(t-1) recurrent_kernel_g + recurrent_bias_g))  reset_after=True (cuDNN's form)
    g = a(x_t kernel_g + bias_g + (r h_(t-1)) recurrent_kernel_g)                     reset_after=False (the paper's)
    h_t = z h_(t-1) + (1 - z) g

with a = tanh and s = sigmoid as a rule. Backward, from the last step to the first, u being the factor of r (with
`reset_after` the product of h_(t-1), else h_(t-1)):

    dz = dh_t (h_(t-1) - g) s'(z)       dg = dh_t (1 - z) a'(g)
    reset_after:  dr = dg u s'(r), and the gradient of the product with h_(t-1) is (dz, dr, dg r)
    else:         d(r u) = dg recurrent_kernel_g^T, dr = d(r u) u s'(r)
    dh_(t-1) = dh_t z + the product's gradient

A step that the mask leaves out keeps h. The products with x are computed for all steps at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.types import Array, TensorLike
from ..runtime import kernels
from ..tape import is_tracked
from ..tensor import Tensor
from .matmul import matmul
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


def _masks(recurrent_mask, reset_after):
    """The mask of the first product with h, and that of h before its product with r."""
    if recurrent_mask is None or reset_after:
        return recurrent_mask, None
    return recurrent_mask[:2], recurrent_mask[2]


def gru_forward(
    x: Array, h0: Array, kernel: Array, recurrent_kernel: Array, bias: Array | None, masks: tuple[Any, Any, Any],
    activation: str, recurrent_activation: str, reset_after: bool,
) -> tuple[Array, Array, Array]:
    """The states.

    Args:
        x: Shape (steps, batch, inputs).
        h0: Initial state, shape (batch, units).
        kernel, recurrent_kernel, activation, recurrent_activation, reset_after: As for `gru`.
        bias: Shape (2, 3 units) with `reset_after`, the second row being added to the product with h; else (3 units,).
        masks: (mask, input_mask, recurrent_mask), each an array or None. The first has booleans, shape (steps, batch,
            1). The others are the factors of x and h in the products, for each gate, shapes (3, batch, inputs) and (3,
            batch, units).

    Returns:
        h, (steps + 1, batch, units), with h[0] = h0; the gates, (steps, batch, 3 units); the factor u of r.
    """
    mask, input_mask, recurrent_mask = masks
    (a, _), (s, _) = ACTIVATIONS[activation], ACTIVATIONS[recurrent_activation]
    units = h0.shape[1]
    both = slice(0, 2 * units)
    z = gate_products(x, input_mask, kernel)
    recurrent_bias = None
    if bias is not None:
        z += bias[0] if reset_after else bias
        recurrent_bias = bias[1] if reset_after else None
    recurrent_both = recurrent_kernel if reset_after else np.ascontiguousarray(recurrent_kernel[:, both])
    recurrent_g = np.ascontiguousarray(recurrent_kernel[:, 2 * units:])
    mask_both, mask_g = _masks(recurrent_mask, reset_after)
    h = np.empty((len(x) + 1, *h0.shape), z.dtype)
    u = np.empty_like(h[1:])
    h[0] = h0
    with np.errstate(over="ignore"):  # exp(-z) may overflow: 1 / (1 + inf) is 0, as it should be
        for t in range(len(x)):
            product = gate_products(h[t], mask_both, recurrent_both)
            if recurrent_bias is not None:
                product = product + recurrent_bias
            gates = z[t]
            gates[:, both] = s(gates[:, both] + product[:, both])
            update, r, g = gates[:, :units], gates[:, units:2 * units], gates[:, 2 * units:]
            u[t] = product[:, 2 * units:] if reset_after else h[t] if mask_g is None else h[t] * mask_g
            ru = r * u[t]
            g[...] = a(g + (ru if reset_after else kernels.matmul(ru, recurrent_g)))
            h[t + 1] = update * h[t] + (1 - update) * g
            if mask is not None:
                h[t + 1] = np.where(mask[t], h[t + 1], h[t])
    return h, z, u


def gru_backward(
    dy: Array, x: Array, h: Array, gates: Array, u: Array, kernel: Array, recurrent_kernel: Array,
    masks: tuple[Any, Any, Any], activation: str, recurrent_activation: str, reset_after: bool, need_dx: bool,
) -> tuple[Array | None, Array, Array, Array, Array]:
    """The gradients, by the formulas at the top of this file.

    Args:
        dy: Gradient of h[1:].
        h, gates, u: The forward pass's results.
        x, kernel, recurrent_kernel, masks, activation, recurrent_activation, reset_after: As for `gru_forward`.
        need_dx: False returns None for dx.

    Returns:
        (dx, dh0, dkernel, drecurrent_kernel, dbias)
    """
    mask, input_mask, recurrent_mask = masks
    (_, da), (_, ds) = ACTIVATIONS[activation], ACTIVATIONS[recurrent_activation]
    units = h.shape[2]
    both = slice(0, 2 * units)
    dz = np.empty_like(gates)  # of the gates before their activations
    dproduct = np.empty_like(gates) if reset_after else dz  # of what is added to them
    recurrent_both = np.ascontiguousarray(recurrent_kernel[:, both])
    recurrent_g = np.ascontiguousarray(recurrent_kernel[:, 2 * units:])
    mask_both, mask_g = _masks(recurrent_mask, reset_after)
    dh = np.zeros_like(h[0])
    for t in reversed(range(len(x))):
        dh = dh + dy[t]
        passed = dh if mask is None else np.where(mask[t], dh, dh.dtype.type(0))
        update, r, g = gates[t, :, :units], gates[t, :, units:2 * units], gates[t, :, 2 * units:]
        dg = passed * (1 - update) * da(g)
        dz[t, :, 2 * units:] = dg
        dz[t, :, :units] = passed * (h[t] - g) * ds(update)
        if reset_after:
            dz[t, :, units:2 * units] = dg * u[t] * ds(r)
            dproduct[t, :, both], dproduct[t, :, 2 * units:] = dz[t, :, both], dg * r
            before = gate_input_gradient(dproduct[t], mask_both, recurrent_kernel)
        else:
            dru = kernels.matmul(dg, recurrent_g, transpose_b=True)
            dz[t, :, units:2 * units] = dru * u[t] * ds(r)
            dreset = dru * r
            before = gate_input_gradient(np.ascontiguousarray(dz[t, :, both]), mask_both, recurrent_both)
            before = before + (dreset if mask_g is None else dreset * mask_g)
        before = before + passed * update
        dh = before if mask is None else before + (dh - passed)
    if reset_after:
        drecurrent = gate_weight_gradient(h[:-1], mask_both, dproduct)
        dbias = np.stack([matrix(dz).sum(axis=0), matrix(dproduct).sum(axis=0)])
    else:
        ru = gates[:, :, units:2 * units] * u
        drecurrent = np.concatenate([
            gate_weight_gradient(h[:-1], mask_both, np.ascontiguousarray(dz[:, :, both])),
            gate_weight_gradient(ru, None, np.ascontiguousarray(dz[:, :, 2 * units:])),
        ], axis=1)
        dbias = matrix(dz).sum(axis=0)
    return (
        gate_input_gradient(dz, input_mask, kernel) if need_dx else None,
        dh,
        gate_weight_gradient(x, input_mask, dz),
        drecurrent,
        dbias,
    )


def gru(
    x: TensorLike, kernel: TensorLike, recurrent_kernel: TensorLike, bias: TensorLike = None,
    initial_state: Sequence[TensorLike] | None = None, mask: TensorLike = None, input_mask: Array | None = None,
    recurrent_mask: Array | None = None, activation: str = "tanh", recurrent_activation: str = "sigmoid",
    reset_after: bool = True, return_sequences: bool = False, return_state: bool = False,
) -> tuple[Tensor, list[Tensor] | None]:
    """A layer of gated recurrent units. Cho et al. 2014; the equations are at the top of this file.

    Args:
        x: Tensor, shape (batch, steps, inputs).
        kernel: Shape (inputs, 3 units); the gates' order is update, reset, candidate.
        recurrent_kernel: Shape (units, 3 units).
        bias: Shape (2, 3 units) with `reset_after`, else (3 units,); or None.
        initial_state: [h_0], of shape (batch, units); zeros if None.
        mask: Boolean, shape (batch, steps): a step that is False keeps h.
        input_mask, recurrent_mask: Factors of x and h in the products, for each gate, the same in every step: dropout's
            masks, shapes (3, batch, inputs) and (3, batch, units).
        activation, recurrent_activation: 'tanh', 'sigmoid', 'relu', 'linear' or 'hard_sigmoid'.
        reset_after: Whether the reset gate is applied after the product with h, or before.
        return_sequences: Return every h_t, shape (batch, steps, units), not only the last, (batch, units).
        return_state: Return the list of final states too.

    Returns:
        The output, and [h_T] or None.

    Raises:
        ValueError: shapes do not match, there are no steps, or there is no such activation.
        TypeError: the element types differ.

    >>> gru(np.ones((2, 5, 3)), np.ones((3, 6)), np.ones((2, 6)), return_sequences=True)[0].shape
    (2, 5, 2)
    """
    units = np.shape(recurrent_kernel)[0]
    x, (h0,), kernel, recurrent_kernel, bias = prepare(
        "gru", 3, x, [None] if initial_state is None else initial_state, kernel, recurrent_kernel, bias,
        (2, 3 * units) if reset_after else (3 * units,), (activation, recurrent_activation)
    )
    steps, inputs = time_major(x.data), (x, h0, kernel, recurrent_kernel, *([] if bias is None else [bias]))
    masks = time_major_mask(mask, x), input_mask, recurrent_mask
    weights, need_dx = (kernel.data, recurrent_kernel.data), is_tracked(x)
    h, gates, u = gru_forward(steps, h0.data, *weights, None if bias is None else bias.data, masks, activation,
                              recurrent_activation, reset_after)

    def backward(dy, _):
        dx, *rest = gru_backward(dy, steps, h, gates, u, *weights, masks, activation, recurrent_activation,
                                 reset_after, need_dx)
        return (None if dx is None else time_major(dx), *rest)[: len(inputs)]

    def formula(x, h, kernel, recurrent_kernel, bias=None):
        bias, recurrent_bias = (0.0, 0.0) if bias is None else (bias[0], bias[1]) if reset_after else (bias, 0.0)
        mask_both, mask_g = _masks(recurrent_mask, reset_after)
        both = recurrent_kernel if reset_after else recurrent_kernel[:, :2 * units]
        states = []
        for t in range(len(steps)):
            z = recorded_products(x[:, t], input_mask, kernel) + bias
            product = recorded_products(h, mask_both, both) + recurrent_bias
            update, r = (recorded_activation(z[:, part] + product[:, part], recurrent_activation)
                         for part in (slice(0, units), slice(units, 2 * units)))
            if reset_after:
                inner = r * product[:, 2 * units:]
            else:
                inner = matmul(r * (h if mask_g is None else h * mask_g), recurrent_kernel[:, 2 * units:])
            g = recorded_activation(z[:, 2 * units:] + inner, activation)
            h = recorded_step(masks[0], t, update * h + (1 - update) * g, h)
            states.append(h)
        return states, []

    return result(h, [], return_sequences, return_state, inputs, backward, formula)
