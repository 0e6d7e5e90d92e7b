"""What the three recurrent operations share: checks, activations, products for all gates, recording of results."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.types import Array, TensorLike
from ..runtime import kernels
from ..tape import is_tracked, record
from ..tensor import Tensor, convert_to_tensor, to_array
from .activation_formulas import elementwise
from .dense import ACTIVATIONS as DENSE_ACTIVATIONS
from .indexing import get_item, where
from .joining import concatenate, stack
from .matmul import matmul
from .recorded_gradients import composed
from .shape import transpose

# name: (f(z), f'(z) in terms of y = f(z)); layers run other activations step by step
ACTIVATIONS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    **DENSE_ACTIVATIONS,
    "hard_sigmoid": (lambda z: np.clip(z / 6 + 0.5, 0, 1), lambda y: ((y > 0) & (y < 1)).astype(y.dtype) / 6),
}


def prepare(
    name: str, gates: int, x: TensorLike, states: Sequence[TensorLike], kernel: TensorLike,
    recurrent_kernel: TensorLike, bias: TensorLike, bias_shape: tuple[int, ...], activations: Sequence[str],
) -> tuple[Tensor, list[Tensor], Tensor, Tensor, Tensor | None]:
    """All operands as tensors of one element type and of shapes that fit.

    Args:
        name: The operation's name, for messages.
        gates: How many gates there are.
        x: Shape (batch, steps, inputs); integers take the type of `kernel`.
        states: Initial states, each (batch, units), or None for zeros.
        kernel: Shape (inputs, gates * units).
        recurrent_kernel: Shape (units, gates * units).
        bias: Shape `bias_shape`, or None.
        bias_shape: The shape that the bias must have.
        activations: Names, each of which must be a key of `ACTIVATIONS`.

    Returns:
        (x, states, kernel, recurrent_kernel, bias)

    Raises:
        ValueError: shapes do not match, there are no steps, or there is no such activation.
        TypeError: the element types differ.
    """
    kernel, recurrent_kernel = convert_to_tensor(kernel), convert_to_tensor(recurrent_kernel)
    dtype = kernel.data.dtype
    x = convert_to_tensor(x)
    if x.data.dtype.kind != "f":
        x = convert_to_tensor(x, dtype)
    units = recurrent_kernel.shape[0]
    if x.ndim != 3:
        raise ValueError(f"{name}: x must have shape (batch, steps, inputs), got {x.shape}")
    if x.shape[1] == 0:
        raise ValueError(f"{name}: x has no steps. Got shape {x.shape}.")
    if kernel.shape != (x.shape[2], gates * units) or recurrent_kernel.shape != (units, gates * units):
        raise ValueError(
            f"{name}: for x {x.shape} and {units} units, kernel must be {(x.shape[2], gates * units)} and "
            f"recurrent_kernel {(units, gates * units)}. "
            f"Got kernel {kernel.shape}, recurrent_kernel {recurrent_kernel.shape}."
        )
    if bias is not None:
        bias = convert_to_tensor(bias)
        if bias.shape != bias_shape:
            raise ValueError(f"{name}: bias must have shape {bias_shape}, got {bias.shape}")
    shape = (x.shape[0], units)
    states = [convert_to_tensor(np.zeros(shape, dtype) if state is None else state) for state in states]
    for state in states:
        if state.shape != shape:
            raise ValueError(f"{name}: a state must have shape (batch, units) = {shape}, got {state.shape}")
    for activation in activations:
        if activation not in ACTIVATIONS:
            raise ValueError(f"{name}: unknown activation {activation!r}; known: {', '.join(ACTIVATIONS)}")
    operands = [x, *states, kernel, recurrent_kernel, *([] if bias is None else [bias])]
    if any(operand.data.dtype != dtype for operand in operands):
        types = ", ".join(str(operand.data.dtype) for operand in operands)
        raise TypeError(f"{name}: all arrays must have the same element type. Got {types}. Convert them to {dtype}.")
    return x, states, kernel, recurrent_kernel, bias


def time_major(array: Array) -> Array:
    """(batch, steps, ...) as (steps, batch, ...), dense; and the other way round."""
    return np.ascontiguousarray(array.swapaxes(0, 1))


def time_major_mask(mask: TensorLike, x: Tensor) -> Array | None:
    """A mask (batch, steps) as booleans (steps, batch, 1), or None.

    Raises:
        ValueError: the mask has another shape.
    """
    if mask is None:
        return None
    mask = to_array(mask).astype(bool)
    if mask.shape != x.shape[:2]:
        raise ValueError(f"the mask must have shape (batch, steps) = {x.shape[:2]}, got {mask.shape}")
    return mask.T[:, :, np.newaxis]


def matrix(array: Array) -> Array:
    """All axes except the last as one: (steps, batch, n) as (steps * batch, n)."""
    return array.reshape(math.prod(array.shape[:-1]), array.shape[-1])


def gates_of(weights: Array, gates: int) -> list[Array]:
    """The columns of each gate, dense."""
    return [np.ascontiguousarray(part) for part in np.split(weights, gates, axis=-1)]


def gate_products(x: Array, mask: Array | None, weights: Array) -> Array:
    """x weights, for all gates; with dropout's masks, a separate product for each: (x mask[k]) weights_k.

    Args:
        x: Shape (..., batch, n).
        mask: Shape (gates, batch, n), or None.
        weights: Shape (n, gates * units).

    Returns:
        Array, shape (..., batch, gates * units).
    """
    if mask is None:
        y = kernels.matmul(matrix(x), weights)
    else:
        parts = zip(mask, gates_of(weights, len(mask)), strict=True)
        y = np.concatenate([kernels.matmul(matrix(x * m), part) for m, part in parts], axis=-1)
    return y.reshape(*x.shape[:-1], weights.shape[1])


def gate_input_gradient(dz: Array, mask: Array | None, weights: Array) -> Array:
    """The gradient of x in `gate_products`, from dz, that of its result."""
    if mask is None:
        return kernels.matmul(matrix(dz), weights, transpose_b=True).reshape(*dz.shape[:-1], len(weights))
    parts = zip(gates_of(dz, len(mask)), mask, gates_of(weights, len(mask)), strict=True)
    return sum(gate_input_gradient(d, None, part) * m for d, m, part in parts)


def gate_weight_gradient(x: Array, mask: Array | None, dz: Array) -> Array:
    """The weight gradient of `gate_products`, from dz, the gradient of its result."""
    if mask is None:
        return kernels.matmul(matrix(x), matrix(dz), transpose_a=True)
    parts = zip(mask, gates_of(dz, len(mask)), strict=True)
    return np.concatenate([gate_weight_gradient(x * m, None, d) for m, d in parts], axis=-1)


# The same in recorded operations, for derivatives of the gradient.


def recorded_activation(x: Tensor, name: str) -> Tensor:
    """An activation of `ACTIVATIONS`, recorded."""
    return x if name == "linear" else elementwise(x, name)


def recorded_products(x: Tensor, mask: Array | None, weights: Tensor) -> Tensor:
    """`gate_products` of one step."""
    if mask is None:
        return matmul(x, weights)
    units = weights.shape[1] // len(mask)
    return concatenate([matmul(x * m, weights[:, k * units:(k + 1) * units]) for k, m in enumerate(mask)], -1)


def recorded_step(mask: Array | None, t: int, new: Tensor, old: Tensor) -> Tensor:
    """The new state where step t counts, else the old one."""
    return new if mask is None else where(np.broadcast_to(mask[t], new.shape), new, old)


def result(
    h: Array, others: list[Array], return_sequences: bool, return_state: bool, inputs: Sequence[Tensor],
    backward: Callable[[Array, list[Any]], Any], formula: Callable[..., tuple[list[Tensor], list[Tensor]]],
) -> tuple[Tensor, list[Tensor] | None]:
    """Record the operation, with the results that the caller requested.

    Args:
        h: Hidden states, shape (steps + 1, batch, units), the first being the initial one.
        others: Further final states, each (batch, units): an LSTM's c.
        return_sequences: All hidden states, or the last.
        return_state: Whether to return the final states too.
        inputs: The operation's inputs.
        backward: Function from the gradient of h[1:] and a list of those of `others` (or None) to those of `inputs`.
        formula: Function of `inputs` that computes h[1:] and `others` again, step by step in recorded operations, for
            derivatives of the gradient.

    Returns:
        The output, and the list of final states (None without `return_state`).
    """
    steps = len(h) - 1
    if not any(is_tracked(tensor) for tensor in inputs):
        convert = convert_to_tensor
        y = convert(time_major(h[1:]) if return_sequences else h[-1].copy())
        return y, [convert(h[-1].copy()), *map(convert, others)] if return_state else None

    def of_last(dy):
        dh = np.zeros_like(h[1:])
        dh[-1] = dy
        return dh

    def recorded(output):
        """The gradient in recorded operations, of the output that the node has."""
        return composed(lambda *values: output(*formula(*values)), inputs, arrays)

    arrays = [tensor.data for tensor in inputs]
    if return_state and others:
        # One tensor for all, of which the results are parts: a node of the tape has one output.
        packed = record(np.concatenate([h[1:], np.stack(others)]), inputs,
                        lambda dy: backward(np.ascontiguousarray(dy[:steps]), list(dy[steps:])),
                        recorded(lambda h, others: stack(h + others)))
        last = get_item(packed, steps - 1)
        y = transpose(get_item(packed, slice(0, steps)), (1, 0, 2)) if return_sequences else last
        return y, [last, *(get_item(packed, steps + i) for i in range(len(others)))]
    if return_sequences:
        y = record(time_major(h[1:]), inputs, lambda dy: backward(time_major(dy), [None] * len(others)),
                   recorded(lambda h, _: stack(h, 1)))
        return y, [get_item(y, (slice(None), -1))] if return_state else None
    y = record(h[-1].copy(), inputs, lambda dy: backward(of_last(dy), [None] * len(others)),
               recorded(lambda h, _: h[-1]))
    return y, [y] if return_state else None
