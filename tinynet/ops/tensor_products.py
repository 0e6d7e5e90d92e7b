"""Products of tensors: Einstein's summation, and the products that are made of it."""

from __future__ import annotations

import functools
import string
from typing import Any

import numpy as np

from ..core.recording import repeated
from ..core.types import TensorLike
from ..tape import is_tracked, record, state
from ..tensor import Tensor, convert_to_tensor, to_array
from . import both
from .dense import dense_over_axes, product_axes
from .elementwise import multiply, sqrt, square, subtract
from .formulas import binary, moved, result_type, sum_to, wrap
from .matmul import matmul
from .recorded_gradients import as_it_was, sum_like
from .shape import expand_dims, moveaxis, ravel, reshape


def _wanted(x):
    """The array of a Tensor whose gradient will be wanted, else None."""
    return x.data if state.tapes and isinstance(x, Tensor) and is_tracked(x) else None


def einsum(subscripts: str, *operands: TensorLike, **kwargs: Any) -> Tensor:
    """Einstein's summation: 'ij,jk->ik' is the matrix product, 'ii->' the trace, 'bi,bj->bij' an outer product.

    y[out] = sum over all letters that are not in `out` of the product of the operands.

    Its gradient is such a sum, too, with dy in place of the operand.

    Args:
        subscripts: One letter an axis for each operand, '...' for axes that are broadcast, '->' and the letters of the
            result.
        operands: Tensors.
        kwargs: `optimize`, accepted for compatibility.

    Returns:
        Tensor with one axis for each letter of the result.

    Raises:
        TypeError: another keyword argument.
        ValueError: the subscripts do not fit the operands.

    >>> einsum("ij->ji", Tensor([[1, 2]])).shape
    (2, 1)
    """
    if set(kwargs) - {"optimize"}:
        raise TypeError(f"einsum: unknown arguments {sorted(set(kwargs) - {'optimize'})}")
    tensors = [convert_to_tensor(x) for x in operands]
    dtype = result_type(*tensors)
    arrays = [to_array(x, dtype) for x in tensors]
    names, out = _letters(subscripts, [a.ndim for a in arrays])
    if len(tensors) == 2 and all(x.data.dtype == dtype and dtype.kind == "f" for x in tensors):
        axes = product_axes(names[0], names[1], out)
        if axes and arrays[0].shape[-axes:] == arrays[1].shape[:axes]:
            return dense_over_axes(tensors[0], tensors[1], None, "linear", axes)
    lengths, formula = tuple(_length(letter, names, arrays) for letter in out), f"{','.join(names)}->{out}"
    y = repeated(lambda *given: np.ascontiguousarray(np.einsum(formula, *given, optimize=len(given) > 1)).reshape(
        lengths), *arrays)
    likes = [_wanted(x) for x in tensors]
    if all(like is None for like in likes):
        return wrap(y)

    def gradient(i, dy):
        function = functools.partial(_gradient, tuple(names), out, i, arrays[i].shape, dtype, likes[i].dtype)
        return repeated(function, dy, *(a for k, a in enumerate(arrays) if k != i))

    def recorded_gradient(i, dy):
        others = [name for k, name in enumerate(names) if k != i]
        values = [as_it_was(x, a) for k, (x, a) in enumerate(zip(tensors, arrays, strict=True)) if k != i]
        # Letters that are only in this operand: ones in their place repeat dy.
        alone = "".join(letter for letter in names[i] if letter not in out + "".join(others))
        ones = np.ones([arrays[i].shape[names[i].index(letter)] for letter in alone], dtype)
        dx = einsum(f"{','.join([out, *others, alone])}->{names[i]}", dy, *values, ones)
        return sum_like(dx, likes[i])

    def differentiable(dy, y):
        return tuple(None if likes[i] is None else recorded_gradient(i, dy) for i in range(len(arrays)))

    def backward(dy):
        return tuple(None if likes[i] is None else gradient(i, dy) for i in range(len(arrays)))

    takes_diagonals = any(len(set(name)) < len(name) for name in names)
    return record(y, tuple(tensors), backward, None if takes_diagonals else differentiable)


def _gradient(names, out, i, shape, dtype, like, dy, *arrays):
    """The gradient of operand i of an `einsum`; `arrays` are the others."""
    others = [name for k, name in enumerate(names) if k != i]
    axes = "".join(dict.fromkeys(names[i]))  # each letter once
    known = "".join(letter for letter in axes if letter in out or any(letter in name for name in others))
    g = np.einsum(f"{','.join([out, *others])}->{known}", dy, *arrays, optimize=True)
    dx = np.zeros(shape, dtype)
    # A letter that occurs twice means the diagonal, of which einsum returns a view.
    view = dx if axes == names[i] else np.einsum(f"{names[i]}->{axes}", dx)
    # Letters that are only in this operand were summed over: dy goes to all of them.
    g = np.expand_dims(g, [k for k, letter in enumerate(axes) if letter not in known])
    view[...] = sum_to(np.broadcast_to(g, np.broadcast_shapes(g.shape, view.shape)), view)
    return dx.astype(like, copy=False)


def _letters(subscripts, ndims):
    """The subscripts with letters instead of '...', and the result's, which may be left out there."""
    left, arrow, out = subscripts.replace(" ", "").partition("->")
    names = left.split(",")
    if len(names) != len(ndims):
        raise ValueError(f"einsum: {subscripts!r} names {len(names)} operands, got {len(ndims)}")
    free = [letter for letter in string.ascii_letters if letter not in subscripts]
    widest = max([n - len(name) + 3 for name, n in zip(names, ndims, strict=True) if "..." in name], default=0)
    dots = "".join(free[:widest])
    full = []
    for name, n in zip(names, ndims, strict=True):
        name = name.replace("...", dots[widest - (n - len(name) + 3):]) if "..." in name else name
        if len(name) != n:
            raise ValueError(f"einsum: {subscripts!r} names {len(name)} axes of an operand, it has {n}")
        full.append(name)
    if not arrow:
        every = "".join(names).replace("...", "")
        out = ("..." if dots else "") + "".join(sorted(letter for letter in set(every) if every.count(letter) == 1))
    return full, out.replace("...", dots)


def _length(letter, names, arrays):
    lengths = {a.shape[k] for name, a in zip(names, arrays, strict=True) for k,
               other in enumerate(name) if other == letter}
    return max(lengths - {1}, default=1)  # a length of 1 is broadcast


def tensordot(x1: TensorLike, x2: TensorLike, axes: Any = 2) -> Tensor:
    """The sum of products over pairs of axes.

    Args:
        x1, x2: Tensors.
        axes: A number n: the last n axes of x1 with the first n of x2. Or (axes of x1, axes of x2).

    Returns:
        Tensor, with the other axes of x1, then those of x2.

    Raises:
        ValueError: the two axes of a pair have different lengths.

    >>> tensordot(np.ones((2, 3, 4)), np.ones((3, 4, 5)), 2).shape
    (2, 5)
    """
    x1, x2 = convert_to_tensor(x1), convert_to_tensor(x2)
    if isinstance(axes, int):
        pairs = list(zip(range(x1.ndim - axes, x1.ndim), range(axes), strict=True))
    else:
        first, second = ([part] if isinstance(part, int) else list(part) for part in axes)
        pairs = [(i % x1.ndim, k % x2.ndim) for i, k in zip(first, second, strict=True)]
    names1 = list(string.ascii_lowercase[: x1.ndim])
    names2 = list(string.ascii_uppercase[: x2.ndim])
    out = [n for i, n in enumerate(names1) if i not in [i for i, _ in pairs]]
    out += [n for k, n in enumerate(names2) if k not in [k for _, k in pairs]]
    for i, k in pairs:
        if x1.shape[i] != x2.shape[k]:
            raise ValueError(f"tensordot: axis {i} of {x1.shape} and axis {k} of {x2.shape} must be of one length")
        names2[k] = names1[i]
    return einsum(f"{''.join(names1)},{''.join(names2)}->{''.join(out)}", x1, x2)


def dot(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The sum of products over the last axis of x1 and the last but one of x2; the product if one is a number.

    Args:
        x1, x2: Tensors or numbers.

    Returns:
        Tensor: the shape of x1 without that axis, then that of x2 without its own.

    Raises:
        ValueError: the two axes have different lengths.

    >>> float(dot([1.0, 2.0], [3.0, 4.0]))
    11.0
    """
    x1, x2 = convert_to_tensor(x1), convert_to_tensor(x2)
    if x1.ndim == 0 or x2.ndim == 0:
        return multiply(x1, x2)
    if x1.ndim <= 2 and x2.ndim <= 2:
        return matmul(x1, x2)
    return tensordot(x1, x2, (-1, -2 if x2.ndim > 1 else 0))


def inner(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The sum of products over the last axes.

    Args:
        x1, x2: Tensors or numbers.

    Returns:
        Tensor: the shape of x1 without the last axis, then that of x2 without its own.

    Raises:
        ValueError: the last axes have different lengths.

    >>> float(inner([1.0, 2.0], [3.0, 4.0]))
    11.0
    >>> inner([[1, 2], [3, 4]], [10, 1]).tolist()
    [12, 34]
    """
    x1, x2 = convert_to_tensor(x1), convert_to_tensor(x2)
    return multiply(x1, x2) if x1.ndim == 0 or x2.ndim == 0 else tensordot(x1, x2, (-1, -1))


def outer(x1: TensorLike, x2: TensorLike) -> Tensor:
    """All products of an element of x1 with one of x2.

    Args:
        x1: Tensor of m elements.
        x2: Tensor of n elements.

    Returns:
        Tensor, shape (m, n).

    >>> outer([1, 2], [3, 4]).tolist()
    [[3, 4], [6, 8]]
    """
    return multiply(expand_dims(ravel(x1), 1), ravel(x2))


def vdot(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The sum of products of all elements, in order.

    Args:
        x1, x2: Tensors with as many elements as each other.

    Returns:
        Tensor, shape ().

    Raises:
        ValueError: the numbers of elements differ.

    >>> int(vdot([[1, 2], [3, 4]], [[1, 1], [0, 2]]))
    11
    """
    return matmul(ravel(x1), ravel(x2))


def kron(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The Kronecker product: x1 with each element replaced by its product with x2.

    Args:
        x1, x2: Tensors; the one with fewer axes gets axes of length 1 in front.

    Returns:
        Tensor, whose shape is the product of both shapes, axis by axis.

    >>> kron([1, 10], [1, 2]).numpy()
    array([ 1,  2, 10, 20], dtype=int32)
    """
    x1, x2 = convert_to_tensor(x1), convert_to_tensor(x2)
    n = max(x1.ndim, x2.ndim)
    shape1, shape2 = ((1,) * (n - x.ndim) + x.shape for x in (x1, x2))
    spread1 = [length for pair in zip(shape1, (1,) * n, strict=True) for length in pair]
    spread2 = [length for pair in zip((1,) * n, shape2, strict=True) for length in pair]
    return reshape(multiply(reshape(x1, spread1), reshape(x2, spread2)),
                   [i * k for i, k in zip(shape1, shape2, strict=True)])


_cross = binary("cross", None, np.cross, lambda dy, a, b, y: both.cross(b, dy), lambda dy, a, b, y: both.cross(dy, a))


def cross(
    x1: TensorLike, x2: TensorLike, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Tensor:
    """The cross product of vectors of three numbers.

    Args:
        x1, x2: Tensors.
        axisa, axisb: The axes of x1 and x2 along which the vectors lie.
        axisc: That axis of the result.
        axis: The same axis for all three; overrides them.

    Returns:
        Tensor of the broadcast shape.

    Raises:
        ValueError: the vectors do not have three elements.

    >>> cross([1.0, 0.0, 0.0], [0.0, 1.0, 0.0]).numpy()
    array([0., 0., 1.], dtype=float32)
    """
    axisa, axisb, axisc = (axisa, axisb, axisc) if axis is None else (axis, axis, axis)
    x1, x2 = moveaxis(x1, axisa, -1), moveaxis(x2, axisb, -1)
    if x1.shape[-1] != 3 or x2.shape[-1] != 3:
        raise ValueError(f"cross: vectors must have 3 elements, got shapes {x1.shape} and {x2.shape}")
    return moveaxis(_cross(x1, x2), -1, axisc)


def trace(x: TensorLike, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The sum along a diagonal of two axes.

    Args:
        x: Tensor of 2 axes or more.
        offset: Which diagonal: index along `axis2` minus index along `axis1`.
        axis1, axis2: The two axes.

    Returns:
        Tensor, shape of `x` without the two axes.

    Raises:
        ValueError: x has fewer than 2 axes.

    >>> int(trace([[1, 2], [3, 4]]))
    5
    """

    def inverse(dy, a):
        dx = np.zeros_like(a)
        matrices = np.moveaxis(dx, (axis1, axis2), (-2, -1))
        rows, columns = matrices.shape[-2:]
        i = np.arange(max(0, -offset), max(0, -offset, min(rows, columns - offset)))
        matrices[..., i, i + offset] = dy[..., None]
        return dx

    return moved(x, lambda a: np.trace(a, offset, axis1, axis2, a.dtype), inverse)


def cdist(x: TensorLike, y: TensorLike) -> Tensor:
    """The Euclidean distances between the rows of x and the rows of y.

    Args:
        x: Tensor, shape (..., m, k).
        y: Tensor, shape (..., n, k).

    Returns:
        Tensor, shape (..., m, n).

    Raises:
        ValueError: the rows differ in length.

    >>> cdist([[0.0, 0.0]], [[3.0, 4.0]]).numpy()
    array([[5.]], dtype=float32)
    """
    difference = subtract(expand_dims(x, -2), expand_dims(y, -3))
    return sqrt(einsum("...k->...", square(difference)))
