"""The simple recurrent layer over a whole sequence, in one operation.

    h_t = f(x_t kernel + h_(t-1) recurrent_kernel + bias)

Backward, from the last step to the first ("through time"; dh_t is the gradient from y_t plus that from step t + 1):

    dz_t = dh_t f'(z_t)             dh_(t-1) += dz_t recurrent_kernel^T
    dx_t = dz_t kernel^T            dkernel = sum of x_t^T dz_t
                                    drecurrent_kernel = sum of h_(t-1)^T dz_t

A step that the mask leaves out keeps h. The products with x are computed for all steps at once.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

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


def simple_rnn_forward(
    z: Array, h0: Array, recurrent_kernel: Array, mask: Array | None, recurrent_mask: Array | None, activation: str,
) -> tuple[Array, Array]:
    """Reference: the hidden states.

    Args:
        z: x kernel + bias, shape (batch, steps, units).
        h0: Initial state, shape (batch, units).
        recurrent_kernel, recurrent_mask, activation: As for `simple_rnn`.
        mask: Booleans, shape (batch, steps), or None.

    Returns:
        y, shape (batch, steps, units), and the steps' values before masking, of the same shape.
    """
    f, _ = ACTIVATIONS[activation]
    values, y, h = np.empty_like(z), np.empty_like(z), h0
    with np.errstate(over="ignore"):  # exp(-z) may overflow: 1 / (1 + inf) is 0, as it should be
        for t in range(z.shape[1]):
            values[:, t] = f(z[:, t] + gate_products(h, recurrent_mask, recurrent_kernel))
            h = y[:, t] = values[:, t] if mask is None else np.where(mask[:, t, None], values[:, t], h)
    return y, values


def simple_rnn_backward(
    dy: Array | None, dh: Array | None, recurrent_kernel: Array, mask: Array | None, recurrent_mask: Array | None,
    values: Array, activation: str,
) -> tuple[Array, Array]:
    """Reference: the gradients, by the formulas at the top of this file.

    Args:
        dy: Gradient of y, or None.
        dh: Gradient of the last state, added to it, or None.
        recurrent_kernel, mask, recurrent_mask, activation: As for `simple_rnn_forward`.
        values: The forward pass's result.

    Returns:
        (dz, dh0)
    """
    _, derivative = ACTIVATIONS[activation]
    (dh,) = last_gradients((len(values), values.shape[2]), values.dtype, dh)
    dz, zero = np.empty_like(values), values.dtype.type(0)
    for t in reversed(range(values.shape[1])):
        if dy is not None:
            dh = dh + dy[:, t]
        passed = dh if mask is None else np.where(mask[:, t, None], dh, zero)
        dz[:, t] = passed * derivative(values[:, t])
        if mask is not None:
            dz[:, t] = np.where(mask[:, t, None], dz[:, t], zero)
        before = gate_gradient(dz[:, t], recurrent_mask, recurrent_kernel)
        dh = before if mask is None else before + (dh - passed)
    return dz, dh


def simple_rnn(
    x: TensorLike, kernel: TensorLike, recurrent_kernel: TensorLike, bias: TensorLike = None,
    initial_state: Sequence[TensorLike] | None = None, mask: TensorLike = None, input_mask: Array | None = None,
    recurrent_mask: Array | None = None, activation: str = "tanh", return_sequences: bool = False,
    return_state: bool = False,
) -> tuple[Tensor, list[Tensor] | None]:
    """A fully connected recurrent layer: each step reads its input and the step before.

    h_t = f(x_t kernel + h_(t-1) recurrent_kernel + bias)

    Args:
        x: Tensor, shape (batch, steps, inputs).
        kernel: Shape (inputs, units).
        recurrent_kernel: Shape (units, units).
        bias: Shape (units,), or None.
        initial_state: [h_0], of shape (batch, units); zeros if None.
        mask: Boolean, shape (batch, steps): a step that is False keeps h.
        input_mask, recurrent_mask: Factors of x and h in their products, the same in every step: dropout's masks,
            shapes (1, batch, inputs) and (1, batch, units).
        activation: 'tanh', 'sigmoid', 'relu', 'linear' or 'hard_sigmoid'.
        return_sequences: Return every h_t, shape (batch, steps, units), not only the last, (batch, units).
        return_state: Return the list of final states too.

    Returns:
        The output, and [h_T] or None.

    Raises:
        ValueError: shapes do not match, there are no steps, or there is no such activation.
        TypeError: the element types differ.

    >>> y, _ = simple_rnn(np.ones((1, 3, 1), "float32"), [[1.0]], [[1.0]], activation="linear", return_sequences=True)
    >>> y.numpy().ravel()
    array([1., 2., 3.], dtype=float32)
    """
    units = np.shape(recurrent_kernel)[0]
    x, (h0,), kernel, recurrent_kernel, bias = prepare(
        "simple_rnn", 1, x, [None] if initial_state is None else initial_state, kernel, recurrent_kernel, bias,
        (units,), [activation]
    )
    inputs = (x, h0, kernel, recurrent_kernel, *([] if bias is None else [bias]))
    of_x = x.data, input_mask, kernel.data
    recurrent = recurrent_kernel.data, step_mask(mask, x), recurrent_mask
    z = input_products(*of_x, None if bias is None else bias.data)
    y, values = kernels.simple_rnn_forward(z, h0.data, *recurrent, activation)
    h_data, need_dx = h0.data, is_tracked(x)

    def backward(dy, dh, _):
        dz, dh0 = kernels.simple_rnn_backward(dy, dh, *recurrent, values, activation)
        dx, dkernel, dbias = input_gradients(dz, *of_x, need_dx)
        return (dx, dh0, dkernel, recurrent_gradient(dz, first_states(h_data, y), recurrent_mask), dbias)[: len(inputs)]

    def formula(x, h, kernel, recurrent_kernel, bias=0.0):
        states = []
        for t in range(y.shape[1]):
            z = recorded_products(x[:, t], input_mask, kernel) + bias
            z = z + recorded_products(h, recurrent_mask, recurrent_kernel)
            h = recorded_step(recurrent[1], t, recorded_activation(z, activation), h)
            states.append(h)
        return states, []

    return result(y, [], return_sequences, return_state, inputs, backward, formula)
