"""From a formula and its derivative to an operation on tensors.

`unary`, `binary` and `moved` make most operations of this folder. They determine the element type, call the formula on
arrays, and, if a tape is open, record the derivative.

Element types: a Python number takes the type of the other operand, a tensor. A NumPy array of floats does too, since
NumPy creates float64 by default. Integers beside floats become floats of that type. Of two tensors of different
precision the higher one counts. Where the result is no integer (a quotient, a logarithm), integers become `floatx()`.

A derivative's formula is called on arrays, and on Tensors where a derivative of the derivative is wanted. So it uses
operators and the functions of both.py, not those of NumPy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..config import floatx
from ..core.recording import computed, constant, converted, repeated
from ..core.tracebacks import shorten
from ..core.types import Array, TensorLike
from ..symbolic import EXPLAINED, call_symbolically, is_symbolic
from ..tape import is_tracked, record, state
from ..tensor import Tensor, convert_to_tensor, to_array
from ..variable import Variable
from .recorded_gradients import as_it_was, linear, sum_like

wrap = Tensor.wrap
new = object.__new__


def unary(
    name: str, doc: str | None, formula: Callable[..., Any], derivative: Callable[..., Any] | None = None,
    integers: str = "to float", example: tuple[str, str] | None = None, has_settings: bool = False,
) -> Callable[[TensorLike], Tensor]:
    """Make an operation on each element of one tensor.

    Args:
        name: What it is called.
        doc: The first line of its docstring, to which arguments, result and example are added; or the whole of it, or
            None.
        formula: y = formula(x), on arrays.
        derivative: dx = derivative(dy, x, y), on arrays or Tensors; None if it has none (or zero everywhere).
        integers: 'to float' if integers are made floats first, 'keep' if not.
        example: An expression that calls it, and the expression's value as Python prints it.
        has_settings: Whether the formula depends on settings of one call. KerasTensors are then refused: the operation
            around it takes them, so that a model keeps the settings.
    """
    to_float = integers == "to float"

    def op(x: TensorLike) -> Tensor:
        try:
            if not isinstance(x, Tensor):
                if not has_settings and is_symbolic(x):
                    return call_symbolically(op, (x,), {})
                x = convert_to_tensor(x)
            a = x.data
            if to_float and a.dtype.kind != "f":
                a = converted(a, floatx())
            y = repeated(formula, a)
            if type(y) is not np.ndarray:
                y = np.asarray(y)  # NumPy makes scalars of arrays without dimensions
        except Exception as error:
            shorten(error, EXPLAINED)
            raise
        if derivative is None or not state.tapes or not is_tracked(x):
            tensor = new(Tensor)  # `wrap`, without the call
            tensor.data = y
            tensor._keras_mask = None
            return tensor
        return record(y, (x,), lambda dy: (np.asarray(repeated(derivative, dy, a, y)),),
                      lambda dy, y: (derivative(dy, as_it_was(x, a), y),))

    return named(op, name, _unary_docstring(doc, derivative, to_float, example), takes_symbolic=True)


def binary(
    name: str, doc: str | None, formula: Callable[..., Any], derivative1: Callable[..., Any] | None = None,
    derivative2: Callable[..., Any] | None = None, integers: str = "keep", example: tuple[str, str] | None = None,
    has_settings: bool = False,
) -> Callable[[TensorLike, TensorLike], Tensor]:
    """Make an operation on each pair of elements of two tensors, which are broadcast against each other.

    Args:
        name: What it is called.
        doc: The first line of its docstring, to which arguments, result and example are added; or the whole of it, or
            None.
        formula: y = formula(a, b), on arrays of one type (or an array and a Python number).
        derivative1: da = derivative1(dy, a, b, y), on arrays or Tensors; None if it has none.
        derivative2: db = derivative2(dy, a, b, y).
        integers: 'to float' if integers are made floats first, 'keep' if not.
        example: An expression that calls it, and the expression's value as Python prints it.
        has_settings: As for `unary`.
    """
    to_float = integers == "to float"
    recordable = isinstance(formula, np.ufunc)

    def op(x1: TensorLike, x2: TensorLike) -> Tensor:
        try:
            try:
                a, b = operands(x1, x2, to_float)
            except Exception:
                if has_settings:
                    raise
                return call_symbolically(op, (x1, x2), {})
            y = computed(formula, a, b) if recordable else repeated(formula, a, b)
        except Exception as error:
            shorten(error, EXPLAINED)
            raise
        if type(y) is not np.ndarray:
            y = np.asarray(y)
        if derivative1 is None or not state.tapes:
            tensor = new(Tensor)
            tensor.data = y
            tensor._keras_mask = None
            return tensor
        like1 = x1.data if isinstance(x1, Tensor) and is_tracked(x1) else None
        like2 = x2.data if isinstance(x2, Tensor) and is_tracked(x2) else None
        if like1 is None and like2 is None:
            return wrap(y)

        def backward(dy):
            return (
                None if like1 is None else sum_to(repeated(derivative1, dy, a, b, y), like1),
                None if like2 is None else sum_to(repeated(derivative2, dy, a, b, y), like2),
            )

        def differentiable(dy, y):
            a_then = as_it_was(x1, a) if like1 is not None else a
            b_then = as_it_was(x2, b) if like2 is not None else b
            return (
                None if like1 is None else sum_like(derivative1(dy, a_then, b_then, y), like1),
                None if like2 is None else sum_like(derivative2(dy, a_then, b_then, y), like2),
            )

        return record(y, (x1, x2), backward, differentiable)

    return named(op, name, _binary_docstring(doc, derivative1, to_float, example), takes_symbolic=True)


def moved(
    x: TensorLike, forward: Callable[[Array], Array], inverse: Callable[[Array, Array], Array],
    linear_part: Callable[[Array], Array] | None = None,
) -> Tensor:
    """Record an operation that only moves (or drops, or repeats) elements.

    Args:
        x: Tensor, or what becomes one.
        forward: y = forward(x), on arrays; may return a view.
        inverse: dx = inverse(dy, x), the adjoint: each gradient goes where its element came from, and adds up there.
            Of x it uses the shape and the element type only.
        linear_part: `forward` without the constants that it fills in; `forward` itself if None.
    """
    if not isinstance(x, Tensor):
        x = convert_to_tensor(x)
    a = x.data
    is_variable = isinstance(x, Variable)
    y = repeated(lambda a: dense(forward(a), a if is_variable else None), a)
    if not state.tapes or not is_tracked(x):
        return wrap(y)
    return record(y, (x,), lambda dy: (repeated(lambda dy, a: np.require(inverse(dy, a), a.dtype, "C"), dy, a),),
                  lambda dy, y: (linear(dy, lambda d: np.require(inverse(d, a), a.dtype, "C"),
                                        lambda d: np.require((linear_part or forward)(d), a.dtype, "C")),))


def gathered(x: TensorLike, forward: Callable[[Array, int], Array]) -> Tensor:
    """Record a movement whose inverse is tedious to write: moving numbers shows where each element came from.

    In the backward pass `forward` is applied to 0, 1, 2, ... in the shape of x. The gradient of element i is the sum of
    dy over the elements that then are i. Elements of y that are no element of x (padding) must be `fill`, which is -1
    there.

    Args:
        x: Tensor, or what becomes one.
        forward: y = forward(x, fill), on arrays.
    """

    def inverse(dy, a):
        origin = forward(np.arange(a.size).reshape(a.shape), -1).ravel()
        # One more bin, the first, counts the padding. Sums are made in float64.
        return np.bincount(origin + 1, dy.ravel(), a.size + 1)[1:].reshape(a.shape)

    return moved(x, lambda a: forward(a, 0), inverse)


def dense(y: Array, kept: Array | None = None) -> Array:
    """`y` as a dense array; one of its own if it is a view of `kept`, the array of a variable, which will change."""
    if type(y) is not np.ndarray:
        y = np.asarray(y)
    if not y.flags.c_contiguous:
        return y.copy()
    return y.copy() if kept is not None and np.may_share_memory(y, kept) else y


def sum_to(gradient: Array, like: Array) -> Array:
    """The adjoint of broadcasting: add up the gradient of what was broadcast, to the shape (and type) of `like`."""
    shape = like.shape
    if gradient.shape != shape:
        extra = gradient.ndim - len(shape)
        axes = tuple(range(extra)) + tuple(extra + i for i, n in enumerate(shape) if n == 1)
        gradient = repeated(lambda g: np.asarray(g.sum(axis=axes, keepdims=True).reshape(shape)), gradient)
    elif type(gradient) is not np.ndarray:
        gradient = np.asarray(gradient)
    return gradient if gradient.dtype is like.dtype else converted(gradient, like.dtype)


def operands(x1: TensorLike, x2: TensorLike, to_float: bool = False) -> tuple[Any, Any]:
    """The arrays of two operands, of one element type.

    A Python number may stay one: NumPy gives it the array's type.

    Args:
        x1, x2: Tensors, arrays or numbers.
        to_float: Whether integers become `floatx()`.
    """
    if isinstance(x1, Tensor):
        a = x1.data
        if isinstance(x2, Tensor):
            b = x2.data
            if a.dtype is b.dtype and not (to_float and a.dtype.kind != "f"):
                return a, b
        elif (type(x2) is float or type(x2) is int) and a.dtype.kind == "f":
            return a, x2
    elif (type(x1) is float or type(x1) is int) and isinstance(x2, Tensor) and x2.data.dtype.kind == "f":
        return x1, x2.data
    dtype = result_type(x1, x2)
    if to_float and dtype.kind != "f":
        dtype = np.dtype(floatx())
    return _cast(x1, dtype), _cast(x2, dtype)


def result_type(*values: TensorLike) -> np.dtype[Any]:
    """The common element type of tensors, arrays and Python numbers, by the rules at the top of this file."""
    tensors = [x.data.dtype for x in values if isinstance(x, Tensor)]
    arrays = [to_array(x).dtype for x in values if not isinstance(x, (Tensor, bool, int, float))
              or isinstance(x, np.generic)]
    if any(t.kind == "f" for t in tensors):  # float arrays take the tensors' type
        arrays = [t for t in arrays if t.kind != "f"]
    types = tensors + arrays
    floats = [t for t in types if t.kind == "f"]
    if floats:
        return np.result_type(*floats)
    numbers = [type(x) for x in values if type(x) in (bool, int, float)]
    if float in numbers:
        return np.dtype(floatx())
    if types and (int not in numbers or any(t.kind != "b" for t in types)):
        return np.result_type(*types)
    return np.dtype("int32" if int in numbers else "bool")


def _cast(x, dtype):
    if type(x) in (int, float, bool):
        # It raises OverflowError if an integer does not fit, where astype would wrap around.
        return constant(np.array(x, dtype))
    return to_array(x, dtype)


def named(op: Any, name: str, doc: str | None, takes_symbolic: bool = False) -> Any:
    """Give a function that was made by a function its own name and docstring.

    Args:
        op: The function.
        name: Its name.
        doc: Its docstring.
        takes_symbolic: Whether it handles KerasTensors by itself.
    """
    op.__name__ = op.__qualname__ = name
    op.__doc__ = doc
    if takes_symbolic:
        op.takes_symbolic = True
    return op


def _unary_docstring(doc, derivative, to_float, example):
    if doc is None or "Args:" in doc:
        return doc
    integers = "integers become `floatx()`" if to_float else "integers keep their type"
    return f"""{doc}

    Args:
        x: Tensor of any shape; {integers}.

    Returns:
        Tensor, shaped like `x`{"" if derivative else ", without a gradient"}.
{_doctest(example)}    """


def _binary_docstring(doc, derivative, to_float, example):
    if doc is None or "Args:" in doc:
        return doc
    integers = "; integers become `floatx()`" if to_float else ""
    return f"""{doc}

    Args:
        x1, x2: Tensors or numbers, which are broadcast against each other{integers}.

    Returns:
        Tensor of the broadcast shape{"" if derivative else ", without a gradient"}.

    Raises:
        ValueError: the shapes do not broadcast.
{_doctest(example)}    """


def _doctest(example):
    """An expression and its value as the lines at the end of a docstring; nothing if None."""
    return "\n    >>> {}\n    {}\n".format(*example) if example else ""
