"""The dense layer: a matrix product, a bias and an activation in one operation.

    z = x kernel + bias             y = f(z)

    dz = dy f'(z)                   dkernel = x^T dz
    dx = dz kernel^T                dbias = sum over rows of dz

f' is computed from y, so that z is not stored.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.types import Array, TensorLike
from ..runtime import kernels
from ..tape import is_tracked, record, state
from ..tensor import Tensor, convert_to_tensor
from .recorded_gradients import composed, product_gradients
from .shape import reshape

# name: (f(z), f'(z) in terms of y = f(z)); f' is called on Tensors too, where a second derivative is wanted
ACTIVATIONS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "linear": (lambda z: z, lambda y: np.ones_like(y)),
    "relu": (lambda z: np.where(z < 0, z.dtype.type(0), z), lambda y: (y > 0).astype(y.dtype)),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda y: y * (1 - y)),
    "tanh": (np.tanh, lambda y: 1 - y**2),
}


def dense_forward(x: Array, kernel: Array, bias: Array | None, activation: str) -> Array:
    """Reference: y = f(x kernel + bias).

    Args:
        x: Shape (..., inputs).
        kernel: Shape (inputs, units).
        bias: Shape (units,), or None.
        activation: A key of `ACTIVATIONS`.

    Returns:
        y, shape (..., units).
    """
    f, _ = ACTIVATIONS[activation]
    z = x @ kernel
    with np.errstate(over="ignore"):  # exp(-z) may overflow: 1 / (1 + inf) is 0, as it should be
        return f(z if bias is None else z + bias)


def dense_backward(
    dy: Array, x: Array, kernel: Array, y: Array, activation: str, need_dx: bool, need_dkernel: bool = True,
    need_dbias: bool = True,
) -> tuple[Array | None, Array | None, Array | None]:
    """Reference: the gradients, by the formulas at the top of this file.

    Args:
        dy: Gradient of y.
        y: The forward pass's result.
        x, kernel, activation: As for `dense_forward`.
        need_dx, need_dkernel, need_dbias: False returns None for this gradient.

    Returns:
        (dx, dkernel, dbias)
    """
    _, derivative = ACTIVATIONS[activation]
    dz = dy * derivative(y)
    dx = dz @ kernel.T if need_dx else None
    rows = math.prod(dz.shape[:-1])
    dkernel = x.reshape(rows, x.shape[-1]).T @ dz.reshape(rows, dz.shape[-1]) if need_dkernel else None
    dbias = dz.sum(axis=tuple(range(dz.ndim - 1))) if need_dbias else None
    return dx, dkernel, dbias


def dense(x: TensorLike, kernel: TensorLike, bias: TensorLike = None, activation: str = "linear") -> Tensor:
    """A layer of neurons, each connected with all inputs.

    y[..., j] = f(sum over i of x[..., i] kernel[i, j] + bias[j])

    Args:
        x: Tensor, shape (..., inputs), of rank 2 at least; integers take the type of `kernel`.
        kernel: Tensor, shape (inputs, units).
        bias: Tensor, shape (units,), or None.
        activation: 'linear', 'relu', 'sigmoid' or 'tanh'.

    Returns:
        Tensor, shape (..., units).

    Raises:
        ValueError: shapes that do not match; an activation that is not one of the four.
        TypeError: arrays of different element types.

    >>> dense([[1.0, 2.0]], [[1.0, -1.0], [1.0, -1.0]], [0.5, 0.5], "relu").numpy()
    array([[3.5, 0. ]], dtype=float32)
    """
    if not isinstance(kernel, Tensor):
        kernel = convert_to_tensor(kernel)
    kernel_data = kernel.data
    dtype = kernel_data.dtype
    if not isinstance(x, Tensor):
        x = convert_to_tensor(x)
    if x.data.dtype is not dtype and x.data.dtype.kind != "f":  # pixels or counts
        x = convert_to_tensor(x, dtype)
    if bias is not None and not isinstance(bias, Tensor):
        bias = convert_to_tensor(bias)
    x_data, bias_data = x.data, None if bias is None else bias.data
    if not (
        x_data.dtype is dtype
        and (bias_data is None or bias_data.dtype is dtype and bias_data.shape == kernel_data.shape[1:])
        and kernel_data.ndim == 2 <= x_data.ndim
        and x_data.shape[-1] == kernel_data.shape[0]
        and activation in ACTIVATIONS
    ):
        _check(x_data, kernel_data, bias_data, activation)
    y = kernels.dense_forward(x_data, kernel_data, bias_data, activation)
    if not state.tapes:
        return Tensor.wrap(y)
    inputs = (x, kernel) if bias is None else (x, kernel, bias)
    need_dx, need_dkernel, need_dbias = is_tracked(x), is_tracked(kernel), bias is not None and is_tracked(bias)

    def backward(dy):
        gradients = kernels.dense_backward(dy, x_data, kernel_data, y, activation, need_dx, need_dkernel, need_dbias)
        return gradients if bias is not None else gradients[:2]

    def differentiable(dy, y):
        return product_gradients(dy if activation == "linear" else dy * ACTIVATIONS[activation][1](y), inputs, x_data,
                                 kernel_data, _product, _input_gradient, _kernel_gradient, need_dx, need_dkernel)

    return record(y, inputs, backward, differentiable)


def dense_over_axes(x: Tensor, kernel: Tensor, bias: Tensor | None, activation: str, axes: int) -> Tensor:
    """A dense layer whose inputs and units have several axes each: one matrix product, as in `dense`.

    y[..., J] = f(sum over I of x[..., I] kernel[I, J] + bias[J]), where I and J stand for several indices.

    Args:
        x: Tensor, shape (..., *inputs), of rank axes + 1 at least.
        kernel: Tensor, shape (*inputs, *units), of the same element type.
        bias: Tensor, shape (*units,), or None.
        activation: As for `dense`.
        axes: The number of axes of the inputs.

    Returns:
        Tensor, shape (..., *units).

    >>> heads = dense_over_axes(Tensor(np.ones((2, 5, 8))), Tensor(np.ones((8, 4, 3))), None, "linear", 1)
    >>> dense_over_axes(heads, Tensor(np.ones((4, 3, 8))), None, "linear", 2).shape
    (2, 5, 8)
    """
    inputs, units = kernel.data.shape[:axes], kernel.data.shape[axes:]
    leading = x.data.shape[:-axes]
    x_shape, kernel_shape = (*leading, math.prod(inputs)), (math.prod(inputs), math.prod(units))
    tensors = (x, kernel) if bias is None else (x, kernel, bias)
    arrays = tuple(tensor.data for tensor in tensors)
    x_data, kernel_data = x.data.reshape(x_shape), kernel.data.reshape(kernel_shape)
    y = kernels.dense_forward(x_data, kernel_data, None if bias is None else bias.data.reshape(-1), activation)
    shape = (*leading, *units)
    if not state.tapes:
        return Tensor.wrap(y.reshape(shape))
    needed = is_tracked(x), is_tracked(kernel), bias is not None and is_tracked(bias)

    def backward(dy):
        gradients = kernels.dense_backward(dy.reshape(y.shape), x_data, kernel_data, y, activation, *needed)
        return tuple(None if g is None else g.reshape(array.shape)
                     for g, array in zip(gradients, arrays, strict=False))  # there is no bias, or there are three

    def formula(x, kernel, bias=None):
        bias = None if bias is None else reshape(bias, (kernel_shape[1],))
        return reshape(dense(reshape(x, x_shape), reshape(kernel, kernel_shape), bias, activation), shape)

    return record(y.reshape(shape), tensors, backward, composed(formula, tensors, arrays))


def product_axes(x: str, kernel: str, out: str) -> int | None:
    """How many axes a dense layer sums over, if Einstein's summation 'x,kernel->out' is one; else None.

    Args:
        x, kernel, out: One letter an axis; '...' only where x and out begin.

    >>> product_axes("abc", "cde", "abde"), product_axes("abcd", "cde", "abe"), product_axes("...b", "bc", "...c")
    (1, 2, 1)
    >>> product_axes("abc", "dc", "abd")  # the kernel is transposed
    """
    x, out = x.replace("...", "."), out.replace("...", ".")
    axes = sum(letter not in out for letter in x)
    batch, summed, units = x[:-axes], x[-axes:], kernel[axes:]
    distinct = len(set(x + units)) == len(x + units)
    return axes if axes and batch and units and distinct and kernel == summed + units and out == batch + units else None


def _product(x, kernel):
    return kernels.dense_forward(x, kernel, None, "linear")


def _input_gradient(dy, kernel):
    return kernels.matmul(_rows(dy), kernel, transpose_b=True).reshape(*dy.shape[:-1], len(kernel))


def _kernel_gradient(dy, x):
    return kernels.matmul(_rows(x), _rows(dy), transpose_a=True)


def _rows(array):
    return array.reshape(math.prod(array.shape[:-1]), array.shape[-1])


def _check(x, kernel, bias, activation):
    """Raise an error for the first thing that does not fit, if any. (Equal element types need not be one object.)"""
    if kernel.ndim != 2:
        raise ValueError(f"dense: kernel must have shape (inputs, units), got {kernel.shape}")
    if x.ndim < 2:
        raise ValueError(
            f"dense: x must have a batch axis and an axis of inputs, got shape {x.shape}. "
            "For one sample use x[None, :]."
        )
    if x.shape[-1] != kernel.shape[0]:
        raise ValueError(
            f"dense: x has {x.shape[-1]} inputs but kernel expects {kernel.shape[0]}. "
            f"Got x {x.shape}, kernel {kernel.shape}. "
            "Kernel layout is (inputs, units); flatten or reshape x if its last axis is not the inputs."
        )
    if bias is not None and bias.shape != kernel.shape[1:]:
        raise ValueError(
            f"dense: kernel has {kernel.shape[1]} units but bias has shape {bias.shape}. Got kernel {kernel.shape}. "
            "bias needs one element a unit."
        )
    if activation not in ACTIVATIONS:
        raise ValueError(
            f"dense: unknown activation {activation!r}; known: {', '.join(ACTIVATIONS)}. "
            "Apply another one to the result."
        )
    if x.dtype != kernel.dtype or (bias is not None and bias.dtype != kernel.dtype):
        types = f"x {x.dtype}, kernel {kernel.dtype}" + ("" if bias is None else f", bias {bias.dtype}")
        raise TypeError(f"dense: all arrays must have the same element type. Got {types}. Convert x to {kernel.dtype}.")
