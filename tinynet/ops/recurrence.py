"""What the three recurrent operations share: checks, activations, products for all gates, recording of results."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.recording import computed, constant, converted, dense, repeated
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
    states = [convert_to_tensor(constant(np.zeros(shape, dtype)) if state is None else state) for state in states]
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


def step_mask(mask: TensorLike, x: Tensor) -> Array | None:
    """A mask as booleans (batch, steps), or None.

    Raises:
        ValueError: the mask has another shape.
    """
    if mask is None:
        return None
    mask = converted(to_array(mask), bool)
    if mask.shape != x.shape[:2]:
        raise ValueError(f"the mask must have shape (batch, steps) = {x.shape[:2]}, got {mask.shape}")
    return mask


def first_states(h0: Array, y: Array) -> Array:
    """The state before each step: h_0, ..., h_(T-1), shape (batch, steps, units)."""
    return repeated(lambda h0, y: np.concatenate([h0[:, np.newaxis], y[:, :-1]], axis=1), h0, y)


def matrix(array: Array) -> Array:
    """All axes except the last as one: (batch, steps, n) as (batch * steps, n)."""
    return array.reshape(math.prod(array.shape[:-1]), array.shape[-1])


def gates_of(weights: Array, gates: int) -> list[Array]:
    """The columns of each gate, dense."""
    return [dense(part) for part in np.split(weights, gates, axis=-1)]


def dropped(x: Array, factors: Array) -> Array:
    """x with one gate's dropout: x (batch, steps, n) or (batch, n), factors (batch, n)."""
    return computed(np.multiply, x, factors[:, np.newaxis] if x.ndim == 3 else factors)


def side_by_side(parts: Sequence[Array]) -> Array:
    """The arrays of the gates joined along their last axis."""
    return repeated(_side_by_side, *parts)


def _side_by_side(*parts):
    return np.concatenate(parts, axis=-1)


def input_products(x: Array, factors: Array | None, kernel: Array, bias: Array | None) -> Array:
    """x kernel + bias of all steps, for all gates; with dropout, a separate product for each: (x factors[k]) kernel_k.

    Args:
        x: Shape (batch, steps, inputs).
        factors: Shape (gates, batch, inputs), or None.
        kernel: Shape (inputs, gates * units).
        bias: Shape (gates * units,), or None.

    Returns:
        Array, shape (batch, steps, gates * units).
    """
    if factors is None:
        return kernels.dense_forward(x, kernel, bias, "linear")
    parts = zip(factors, gates_of(kernel, len(factors)), strict=True)
    z = side_by_side([kernels.dense_forward(dropped(x, f), part, None, "linear") for f, part in parts])
    return z if bias is None else computed(np.add, z, bias)


def input_gradients(
    dz: Array, x: Array, factors: Array | None, kernel: Array, need_dx: bool,
) -> tuple[Array | None, Array, Array]:
    """The gradients of x, kernel and bias in `input_products`, from dz, that of its result.

    Args:
        dz, x, factors, kernel: As there.
        need_dx: False returns None for dx.
    """
    if factors is None:
        return kernels.dense_backward(dz, x, kernel, dz, "linear", need_dx)
    dx, dkernels, dbiases = None, [], []
    for d, f, part in zip(gates_of(dz, len(factors)), factors, gates_of(kernel, len(factors)), strict=True):
        of_gate, dkernel, dbias = kernels.dense_backward(d, dropped(x, f), part, d, "linear", need_dx)
        dkernels.append(dkernel)
        dbiases.append(dbias)
        if need_dx:
            dx = dropped(of_gate, f) if dx is None else computed(np.add, dx, dropped(of_gate, f))
    return dx, side_by_side(dkernels), side_by_side(dbiases)


def recurrent_gradient(dz: Array, h: Array, factors: Array | None) -> Array:
    """The gradient of the recurrent kernel, from dz (batch, steps, gates * units) and the states before each step."""
    if factors is None:
        return kernels.matmul(matrix(h), matrix(dz), transpose_a=True)
    parts = zip(gates_of(dz, len(factors)), factors, strict=True)
    return side_by_side([recurrent_gradient(d, dropped(h, f), None) for d, f in parts])


# What the references of the kernels use. They compute one step of all samples at once.


def gate_products(h: Array, factors: Array | None, weights: Array) -> Array:
    """h weights, for all gates; with dropout, a separate product for each: (h factors[k]) weights_k.

    Args:
        h: Shape (batch, units).
        factors: Shape (gates, batch, units), or None.
        weights: Shape (units, gates * units).
    """
    if factors is None:
        return h @ weights
    parts = zip(factors, np.split(weights, len(factors), axis=-1), strict=True)
    return np.concatenate([(h * f) @ part for f, part in parts], axis=-1)


def gate_gradient(dz: Array, factors: Array | None, weights: Array) -> Array:
    """The gradient of h in `gate_products`, from dz, that of its result."""
    if factors is None:
        return dz @ weights.T
    gates = len(factors)
    parts = zip(np.split(dz, gates, axis=-1), factors, np.split(weights, gates, axis=-1), strict=True)
    return sum(d @ part.T * f for d, f, part in parts)


def last_gradients(shape: tuple[int, ...], dtype: Any, *given: Array | None) -> list[Array]:
    """The gradients of the last states, to begin with: copies of those that are given, else zeros."""
    return [np.zeros(shape, dtype) if one is None else one.copy() for one in given]


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
    return new if mask is None else where(np.broadcast_to(mask[:, t, np.newaxis], new.shape), new, old)


def _with_states(y, *others):
    return np.concatenate([y, np.stack(others, axis=1)], axis=1)


def result(
    y: Array, others: list[Array], return_sequences: bool, return_state: bool, inputs: Sequence[Tensor],
    backward: Callable[[Array | None, Array | None, list[Any]], Any],
    formula: Callable[..., tuple[list[Tensor], list[Tensor]]],
) -> tuple[Tensor, list[Tensor] | None]:
    """Record the operation, with the results that the caller requested.

    Args:
        y: Hidden states, shape (batch, steps, units).
        others: Further final states, each (batch, units): an LSTM's c.
        return_sequences: All hidden states, or the last.
        return_state: Whether to return the final states too.
        inputs: The operation's inputs.
        backward: Function from the gradient of y, that of its last step, and a list of those of `others`, each of which
            may be None, to those of `inputs`.
        formula: Function of `inputs` that computes the hidden states and `others` again, step by step in recorded
            operations, for derivatives of the gradient.

    Returns:
        The output, and the list of final states (None without `return_state`).
    """
    steps, last = y.shape[1], dense(y[:, -1])
    if not any(is_tracked(tensor) for tensor in inputs):
        shown = convert_to_tensor(y if return_sequences else last)
        return shown, [*map(convert_to_tensor, (repeated(np.copy, last), *others))] if return_state else None

    def recorded(output):
        """The gradient in recorded operations, of the output that the node has."""
        return composed(lambda *values: output(*formula(*values)), inputs, arrays)

    arrays = [tensor.data for tensor in inputs]
    none = [None] * len(others)
    if return_state and others:
        # One tensor for all, of which the results are parts: a node of the tape has one output.
        packed = record(repeated(_with_states, y, *others), inputs,
                        lambda dy: backward(dy[:, :steps], None, [dy[:, steps + i] for i in range(len(others))]),
                        recorded(lambda h, others: stack(h + others, 1)))
        final = get_item(packed, (slice(None), steps - 1))
        shown = get_item(packed, (slice(None), slice(0, steps))) if return_sequences else final
        return shown, [final, *(get_item(packed, (slice(None), steps + i)) for i in range(len(others)))]
    if return_sequences:
        shown = record(y, inputs, lambda dy: backward(dy, None, none), recorded(lambda h, _: stack(h, 1)))
        return shown, [get_item(shown, (slice(None), -1))] if return_state else None
    shown = record(last, inputs, lambda dy: backward(None, dy, none), recorded(lambda h, _: h[-1]))
    return shown, [shown] if return_state else None
