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


def simple_rnn_forward(
    x: Array, h0: Array, kernel: Array, recurrent_kernel: Array, bias: Array | None, masks: tuple[Any, Any, Any],
    activation: str,
) -> tuple[Array, Array]:
    """The hidden states.

    Args:
        x: Shape (steps, batch, inputs).
        h0: Initial state, shape (batch, units).
        kernel, recurrent_kernel, bias, activation: As for `simple_rnn`.
        masks: (mask, input_mask, recurrent_mask), each an array or None. The first has booleans, shape (steps, batch,
            1). The others are the factors of x and h in their products, shapes (1, batch, inputs) and (1, batch,
            units).

    Returns:
        h, with h[0] = h0, shape (steps + 1, batch, units); the steps' values before masking, (steps, batch, units).
    """
    mask, input_mask, recurrent_mask = masks
    f, _ = ACTIVATIONS[activation]
    z = gate_products(x, input_mask, kernel)
    if bias is not None:
        z += bias
    h = np.empty((len(x) + 1, *h0.shape), z.dtype)
    h[0] = h0
    with np.errstate(over="ignore"):
        for t in range(len(x)):
            z[t] += gate_products(h[t], recurrent_mask, recurrent_kernel)
            z[t] = f(z[t])
            h[t + 1] = z[t] if mask is None else np.where(mask[t], z[t], h[t])
    return h, z


def simple_rnn_backward(
    dy: Array, x: Array, h: Array, y: Array, kernel: Array, recurrent_kernel: Array, masks: tuple[Any, Any, Any],
    activation: str, need_dx: bool,
) -> tuple[Array | None, Array, Array, Array, Array]:
    """The gradients, by the formulas at the top of this file.

    Args:
        dy: Gradient of h[1:].
        h, y: The forward pass's results.
        x, kernel, recurrent_kernel, masks, activation: As for `simple_rnn_forward`.
        need_dx: False returns None for dx.

    Returns:
        (dx, dh0, dkernel, drecurrent_kernel, dbias)
    """
    mask, input_mask, recurrent_mask = masks
    _, derivative = ACTIVATIONS[activation]
    dz = np.empty_like(y)
    dh = np.zeros_like(h[0])
    for t in reversed(range(len(x))):
        dh = dh + dy[t]
        passed = dh if mask is None else np.where(mask[t], dh, dh.dtype.type(0))
        dz[t] = passed * derivative(y[t])
        before = gate_input_gradient(dz[t], recurrent_mask, recurrent_kernel)
        dh = before if mask is None else before + (dh - passed)
    return (
        gate_input_gradient(dz, input_mask, kernel) if need_dx else None,
        dh,
        gate_weight_gradient(x, input_mask, dz),
        gate_weight_gradient(h[:-1], recurrent_mask, dz),
        matrix(dz).sum(axis=0),
    )


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
    steps, inputs = time_major(x.data), (x, h0, kernel, recurrent_kernel, *([] if bias is None else [bias]))
    masks = time_major_mask(mask, x), input_mask, recurrent_mask
    weights, need_dx = (kernel.data, recurrent_kernel.data), is_tracked(x)
    h, y = simple_rnn_forward(steps, h0.data, *weights, None if bias is None else bias.data, masks, activation)

    def backward(dy, _):
        dx, *others = simple_rnn_backward(dy, steps, h, y, *weights, masks, activation, need_dx)
        return (None if dx is None else time_major(dx), *others)[: len(inputs)]

    def formula(x, h, kernel, recurrent_kernel, bias=0.0):
        states = []
        for t in range(len(steps)):
            z = recorded_products(x[:, t], input_mask, kernel) + bias
            z = z + recorded_products(h, recurrent_mask, recurrent_kernel)
            h = recorded_step(masks[0], t, recorded_activation(z, activation), h)
            states.append(h)
        return states, []

    return result(h, [], return_sequences, return_state, inputs, backward, formula)
