"""The simple recurrent layer over a whole sequence, in one operation.

    h_t = f(x_t kernel + h_(t-1) recurrent_kernel + bias)

Backward, from the last step to the first ("through time"; dh_t is what came from above plus what came from t + 1):

    dz_t = dh_t f'(z_t)             dh_(t-1) += dz_t recurrent_kernel^T
    dx_t = dz_t kernel^T            dkernel = sum of x_t^T dz_t
                                    drecurrent_kernel = sum of h_(t-1)^T dz_t

A step that the mask leaves out keeps h. The products with x are made for all steps at once.
"""

import numpy as np

from ..tape import is_tracked
from .recurrence import (
    ACTIVATIONS,
    gate_input_gradient,
    gate_products,
    gate_weight_gradient,
    matrix,
    prepare,
    result,
    time_major,
    time_major_mask,
)


def simple_rnn_forward(x, h0, kernel, recurrent_kernel, bias, masks, activation):
    """The hidden states, h[0] = h0, shape (steps + 1, batch, units); and the steps' values before masking.

    Args:
        x: Shape (steps, batch, inputs).
        mask: Boolean, shape (steps, batch, 1), or None.
        input_mask, recurrent_mask: What x and h are multiplied by before their products, shapes (1, batch, inputs) and
            (1, batch, units), or None.
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


def simple_rnn_backward(dy, x, h, y, kernel, recurrent_kernel, masks, activation, need_dx):
    """(dx, dh0, dkernel, drecurrent_kernel, dbias) from dy, the gradient of h[1:]."""
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


def simple_rnn(x, kernel, recurrent_kernel, bias=None, initial_state=None, mask=None, input_mask=None,
               recurrent_mask=None, activation="tanh", return_sequences=False, return_state=False):
    """A fully connected recurrent layer: each step sees its input and the step before.

    h_t = f(x_t kernel + h_(t-1) recurrent_kernel + bias)

    Args:
        x: Tensor, shape (batch, steps, inputs).
        kernel: Shape (inputs, units).
        recurrent_kernel: Shape (units, units).
        bias: Shape (units,), or None.
        initial_state: [h_0], of shape (batch, units); zeros if None.
        mask: Boolean, shape (batch, steps): a step that is False keeps h.
        input_mask, recurrent_mask: What x and h are multiplied by before their products, the same in every step:
            dropout's masks, shapes (1, batch, inputs) and (1, batch, units).
        activation: 'tanh', 'sigmoid', 'relu', 'linear' or 'hard_sigmoid'.
        return_sequences: Return every h_t, shape (batch, steps, units), not only the last, (batch, units).
        return_state: Return the list of final states too.

    Returns:
        The output, and [h_T] or None.

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

    return result(h, [], return_sequences, return_state, inputs, backward)
