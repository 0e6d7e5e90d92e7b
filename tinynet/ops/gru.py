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

import numpy as np

from ..core.recording import computed, dense, repeated
from ..core.types import Array, TensorLike
from ..runtime import kernels
from ..tape import is_tracked
from ..tensor import Tensor
from .matmul import matmul
from .recurrence import (
    ACTIVATIONS,
    first_states,
    gate_gradient,
    gate_products,
    input_gradients,
    input_products,
    last_gradients,
    matrix,
    prepare,
    recorded_activation,
    recorded_products,
    recorded_step,
    recurrent_gradient,
    result,
    side_by_side,
    step_mask,
)


def _masks(recurrent_mask, reset_after):
    """The mask of the first product with h, and that of h before its product with r."""
    if recurrent_mask is None or reset_after:
        return recurrent_mask, None
    return recurrent_mask[:2], recurrent_mask[2]


def gru_forward(
    z: Array, h0: Array, recurrent_kernel: Array, recurrent_bias: Array | None, mask: Array | None,
    recurrent_mask: Array | None, activation: str, recurrent_activation: str, reset_after: bool,
) -> tuple[Array, Array, Array]:
    """Reference: the states.

    Args:
        z: x kernel + bias, shape (batch, steps, 3 units).
        h0: Initial state, shape (batch, units).
        recurrent_kernel, recurrent_mask, activation, recurrent_activation, reset_after: As for `gru`.
        recurrent_bias: Shape (3 units,), added to the product with h with `reset_after`; or None.
        mask: Booleans, shape (batch, steps), or None.

    Returns:
        y, shape (batch, steps, units); the gates, (batch, steps, 3 units); the factor u of r.
    """
    (a, _), (s, _) = ACTIVATIONS[activation], ACTIVATIONS[recurrent_activation]
    units = h0.shape[1]
    both, of_g = slice(0, 2 * units), slice(2 * units, None)
    recurrent_both = recurrent_kernel if reset_after else recurrent_kernel[:, both]
    mask_both, mask_g = _masks(recurrent_mask, reset_after)
    gates, h = np.empty_like(z), h0
    y, factor = (np.empty((*z.shape[:2], units), z.dtype) for _ in range(2))
    with np.errstate(over="ignore"):  # exp(-z) may overflow: 1 / (1 + inf) is 0, as it should be
        for t in range(z.shape[1]):
            product = gate_products(h, mask_both, recurrent_both)
            if reset_after and recurrent_bias is not None:
                product = product + recurrent_bias
            gates[:, t, both] = s(z[:, t, both] + product[:, both])
            update, r = gates[:, t, :units], gates[:, t, units:2 * units]
            u = factor[:, t] = product[:, of_g] if reset_after else h if mask_g is None else h * mask_g
            g = gates[:, t, of_g] = a(z[:, t, of_g] + (r * u if reset_after else (r * u) @ recurrent_kernel[:, of_g]))
            new = update * h + (1 - update) * g
            h = y[:, t] = new if mask is None else np.where(mask[:, t, None], new, h)
    return y, gates, factor


def gru_backward(
    dy: Array | None, dh: Array | None, h0: Array, recurrent_kernel: Array, mask: Array | None,
    recurrent_mask: Array | None, y: Array, gates: Array, factor: Array, activation: str, recurrent_activation: str,
    reset_after: bool,
) -> tuple[Array, Array, Array]:
    """Reference: the gradients, by the formulas at the top of this file.

    Args:
        dy: Gradient of y, or None.
        dh: Gradient of the last state, added to it, or None.
        h0, recurrent_kernel, mask, recurrent_mask, activation, recurrent_activation, reset_after: As for
            `gru_forward`.
        y, gates, factor: The forward pass's results.

    Returns:
        (dz, the gradient of the product with h, dh0); without `reset_after` the first two are the same array.
    """
    (_, da), (_, ds) = ACTIVATIONS[activation], ACTIVATIONS[recurrent_activation]
    units = h0.shape[1]
    both, of_g = slice(0, 2 * units), slice(2 * units, None)
    dz = np.empty_like(gates)
    dproduct = np.empty_like(gates) if reset_after else dz
    mask_both, mask_g = _masks(recurrent_mask, reset_after)
    (dh,), before, zero = last_gradients(h0.shape, y.dtype, dh), first_states(h0, y), y.dtype.type(0)
    for t in reversed(range(y.shape[1])):
        if dy is not None:
            dh = dh + dy[:, t]
        counts = True if mask is None else mask[:, t, None]
        passed = np.where(counts, dh, zero)
        h, u = before[:, t], factor[:, t]
        update, r, g = np.split(gates[:, t], 3, axis=-1)
        dz[:, t, :units] = np.where(counts, passed * (h - g) * ds(update), zero)
        dg = dz[:, t, of_g] = np.where(counts, passed * (1 - update) * da(g), zero)
        if reset_after:
            dz[:, t, units:2 * units] = np.where(counts, dg * u * ds(r), zero)
            dproduct[:, t, both], dproduct[:, t, of_g] = dz[:, t, both], np.where(counts, dg * r, zero)
            dh_before = gate_gradient(dproduct[:, t], mask_both, recurrent_kernel)
        else:
            dru = dg @ recurrent_kernel[:, of_g].T
            dz[:, t, units:2 * units] = np.where(counts, dru * u * ds(r), zero)
            dh_before = gate_gradient(dz[:, t, both], mask_both, recurrent_kernel[:, both])
            dh_before = dh_before + np.where(counts, dru * r if mask_g is None else dru * r * mask_g, zero)
        dh_before = dh_before + np.where(counts, passed * update, zero)
        dh = dh_before if mask is None else dh_before + (dh - passed)
    return dz, dproduct, dh


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
    inputs = (x, h0, kernel, recurrent_kernel, *([] if bias is None else [bias]))
    of_x, h_data, need_dx = (x.data, input_mask, kernel.data), h0.data, is_tracked(x)
    recurrent = step_mask(mask, x), recurrent_mask
    options = activation, recurrent_activation, reset_after
    of_input, of_product = None, None
    if bias is not None:
        of_input, of_product = (bias.data[0], bias.data[1]) if reset_after else (bias.data, None)
    z = input_products(*of_x, of_input)
    recurrent_data = recurrent_kernel.data
    y, gates, factor = kernels.gru_forward(z, h_data, recurrent_data, of_product, *recurrent, *options)

    def backward(dy, dh, _):
        dz, dproduct, dh0 = kernels.gru_backward(dy, dh, h_data, recurrent_data, *recurrent, y, gates, factor, *options)
        dx, dkernel, dbias = input_gradients(dz, *of_x, need_dx)
        mask_both, _ = _masks(recurrent_mask, reset_after)
        before = first_states(h_data, y)
        if reset_after:
            drecurrent = recurrent_gradient(dproduct, before, mask_both)
            dbias = repeated(_stacked, dbias, kernels.reduce_sum(matrix(dproduct), (0,)))
        else:
            of_both, of_g = (dense(part) for part in np.split(dz, [2 * units], axis=-1))
            reset = computed(np.multiply, gates[:, :, units:2 * units], factor)
            drecurrent = side_by_side([recurrent_gradient(of_both, before, mask_both),
                                       recurrent_gradient(of_g, reset, None)])
        return (dx, dh0, dkernel, drecurrent, dbias)[: len(inputs)]

    def formula(x, h, kernel, recurrent_kernel, bias=None):
        bias, recurrent_bias = (0.0, 0.0) if bias is None else (bias[0], bias[1]) if reset_after else (bias, 0.0)
        mask_both, mask_g = _masks(recurrent_mask, reset_after)
        both = recurrent_kernel if reset_after else recurrent_kernel[:, :2 * units]
        states = []
        for t in range(y.shape[1]):
            z = recorded_products(x[:, t], input_mask, kernel) + bias
            product = recorded_products(h, mask_both, both) + recurrent_bias
            update, r = (recorded_activation(z[:, part] + product[:, part], recurrent_activation)
                         for part in (slice(0, units), slice(units, 2 * units)))
            if reset_after:
                inner = r * product[:, 2 * units:]
            else:
                inner = matmul(r * (h if mask_g is None else h * mask_g), recurrent_kernel[:, 2 * units:])
            g = recorded_activation(z[:, 2 * units:] + inner, activation)
            h = recorded_step(recurrent[0], t, update * h + (1 - update) * g, h)
            states.append(h)
        return states, []

    return result(y, [], return_sequences, return_state, inputs, backward, formula)


def _stacked(*parts):
    return np.stack(parts)
