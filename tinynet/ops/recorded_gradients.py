"""Gradients that are themselves recorded: what an operation passes to `record` as `differentiable`.

An operation's `backward` computes on arrays, as fast as it can. `differentiable` computes the same on Tensors with
recorded operations, so that another tape can differentiate the gradient, to any order. Most operations need not write
one, since their kind determines it:

    linear      y = A x          dx = A^T dy, whose own gradient is A
    bilinear    y = B(a, b)      the gradients of a product of any kind are products of the same three arrays
    composed    y = f(x)         the gradient of f, written in operations that have a recorded gradient
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.recording import converted, repeated
from ..core.types import Array
from ..tape import GradientTape, record
from ..tensor import Tensor

Differentiable = Callable[[Tensor, Tensor], Sequence[Tensor | None]]  # (dy, y) -> a gradient for each input


def linear(x: Tensor, forward: Callable[[Array], Array], adjoint: Callable[[Array], Array]) -> Tensor:
    """Record y = forward(x), where `forward` is linear.

    Args:
        x: Tensor.
        forward: A, a function of arrays: each element of the result is a weighted sum of elements of x.
        adjoint: A^T, the function from dy to dx.

    >>> def double(a): return 2 * a
    >>> linear(Tensor([1.0, 2.0]), double, double).numpy()
    array([2., 4.], dtype=float32)
    """
    return record(np.asarray(repeated(forward, x.data)), (x,), lambda dy: (np.asarray(repeated(adjoint, dy)),),
                  lambda dy, y: (linear(dy, adjoint, forward),))


def bilinear(
    a: Tensor, b: Tensor, forward: Callable[[Array, Array], Array], to_a: Callable[[Array, Array], Array],
    to_b: Callable[[Array, Array], Array],
) -> Tensor:
    """Record y = forward(a, b), which is linear in a and in b: a product of matrices, or a convolution.

    Args:
        a, b: Tensors.
        forward: Function of two arrays.
        to_a: da = to_a(dy, b).
        to_b: db = to_b(dy, a).
    """
    a_data, b_data = a.data, b.data
    return record(forward(a_data, b_data), (a, b), lambda dy: (to_a(dy, b_data), to_b(dy, a_data)),
                  lambda dy, y: bilinear_gradients(dy, a, b, forward, to_a, to_b))


def bilinear_gradients(
    dy: Tensor, a: Tensor, b: Tensor, forward: Callable[[Array, Array], Array], to_a: Callable[[Array, Array], Array],
    to_b: Callable[[Array, Array], Array], need_a: bool = True, need_b: bool = True,
) -> tuple[Tensor | None, Tensor | None]:
    """The recorded gradients of `bilinear`.

    The sum of dy y is linear in each of dy, a and b. So da = to_a(dy, b) is bilinear too: given the gradient dda of da,
    the gradient of dy is forward(dda, b), and that of b is to_b(dy, dda). For db it is the same.

    Args:
        dy: Gradient of y.
        a, b, forward, to_a, to_b: As for `bilinear`.
        need_a, need_b: False returns None for this gradient.

    Returns:
        (da, db)
    """
    da = bilinear(dy, b, to_a, forward, lambda dda, d: to_b(d, dda)) if need_a else None
    db = bilinear(dy, a, to_b, lambda ddb, x: forward(x, ddb), lambda ddb, d: to_a(d, ddb)) if need_b else None
    return da, db


def product_gradients(
    dz: Tensor, inputs: Sequence[Tensor], x_data: Array, kernel_data: Array, forward: Callable[[Array, Array], Array],
    to_x: Callable[[Array, Array], Array], to_kernel: Callable[[Array, Array], Array], need_dx: bool = True,
    need_dkernel: bool = True,
) -> tuple[Tensor | None, ...]:
    """The recorded gradients of z = forward(x, kernel) + bias.

    Args:
        dz: Gradient of z.
        inputs: (x, kernel) or (x, kernel, bias).
        x_data, kernel_data: Their values in the forward pass.
        forward, to_x, to_kernel: As for `bilinear`.
        need_dx, need_dkernel: False returns None for this gradient.

    Returns:
        A gradient for each input.
    """
    x, kernel = as_it_was(inputs[0], x_data), as_it_was(inputs[1], kernel_data)
    gradients = bilinear_gradients(dz, x, kernel, forward, to_x, to_kernel, need_dx, need_dkernel)
    return gradients if len(inputs) == 2 else (*gradients, sum_like(dz, inputs[2]))


def composed(function: Callable[..., Tensor], inputs: Sequence[Tensor], arrays: Sequence[Array]) -> Differentiable:
    """The recorded gradient of an operation, from its formula in other operations: the formula is computed once more.

    Args:
        function: Function of the inputs, made of operations whose gradients are recorded.
        inputs: The operation's inputs.
        arrays: Their values in the forward pass.
    """

    def differentiable(dy: Tensor, y: Tensor) -> Sequence[Tensor | None]:
        with GradientTape(watch_accessed_variables=False) as tape:
            values = list(map(alias, inputs, arrays))
            tape.watch(values)
            again = function(*values)
        return tape.gradient(again, values, dy)

    return differentiable


def alias(x: Tensor, data: Array) -> Tensor:
    """`x` with the values that it had in the forward pass: a Tensor of its own, whose gradient goes to x.

    Args:
        x: Tensor, perhaps a variable that has been assigned to since.
        data: Its values then, perhaps of another floating-point type.
    """
    own = x.data.dtype

    def differentiable(dy, y):
        return (dy if dy.data.dtype == own else dy.astype(own),)

    return record(data, (x,), lambda dy: (converted(dy, own),), differentiable)


def as_it_was(x: Tensor, data: Array) -> Tensor:
    """`x` if its values are still `data`, those in the forward pass; else an `alias`."""
    return x if x.data is data else alias(x, data)


def masked(dy: Tensor, mask: Array) -> Tensor:
    """dy where the mask is true, 0 elsewhere.

    Args:
        dy: Tensor.
        mask: Array of booleans, shaped like `dy`.
    """

    def keep(array):
        return np.where(mask, array, array.dtype.type(0))

    return linear(dy, keep, keep)


def sum_like(dy: Tensor, x: Any) -> Tensor:
    """The adjoint of broadcasting x: dy summed to x's shape, in x's element type.

    Args:
        dy: Tensor.
        x: Tensor, or array.
    """
    like = x.data if isinstance(x, Tensor) else x
    shape = like.shape
    if dy.data.shape != shape:
        wide = dy.data.shape
        extra = len(wide) - len(shape)
        axes = tuple(range(extra)) + tuple(extra + i for i, n in enumerate(shape) if n == 1)
        dy = linear(dy, lambda d: d.sum(axis=axes, keepdims=True).reshape(shape),
                    lambda d: np.ascontiguousarray(np.broadcast_to(d, wide)).reshape(wide))
    return dy if dy.data.dtype == like.dtype else dy.astype(like.dtype)
