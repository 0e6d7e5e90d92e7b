"""Loops, branches and functions with their own gradient: plain Python, since there is no graph to build.

The operations inside are recorded as they run.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..autodiff import ForwardAccumulator
from ..core.nest import flatten, map_structures
from ..core.types import Structure, TensorLike
from ..tape import record
from ..tensor import Tensor, convert_to_tensor
from .arrangement import flip
from .formulas import wrap
from .indexing import get_item
from .joining import concatenate, stack


def custom_gradient(f: Callable[..., Any]) -> Callable[..., Tensor]:
    """A decorator for a function that defines its own derivative.

    Args:
        f: Function of Tensors that returns (y, grad). `grad(dy)` takes the gradient of y as a Tensor and returns the
            gradients of the arguments, one Tensor or a tuple, in the arguments' shapes.

    Returns:
        The function of Tensors that returns y.

    >>> @custom_gradient
    ... def straight_through(x):
    ...     return Tensor(np.sign(x.data)), lambda dy: dy
    >>> x = Variable(0.5)
    >>> with GradientTape() as tape:
    ...     y = straight_through(x)
    >>> float(y), float(tape.gradient(y, x))
    (1.0, 1.0)
    """

    @functools.wraps(f)
    def op(*args, **kwargs):
        y, grad = f(*args, **kwargs)
        upstream = "upstream" in inspect.signature(grad).parameters

        def backward(dy):
            gradients = grad(upstream=wrap(dy)) if upstream else grad(wrap(dy))
            gradients = gradients if isinstance(gradients, (tuple, list)) else (gradients,)
            return tuple(None if g is None else convert_to_tensor(g).data for g in gradients)

        def differentiable(dy, y):
            gradients = grad(upstream=dy) if upstream else grad(dy)
            gradients = gradients if isinstance(gradients, (tuple, list)) else (gradients,)
            return tuple(None if g is None else convert_to_tensor(g) for g in gradients)

        # A new tensor: the nodes recorded inside f end in y itself, which gets no gradient.
        return record(convert_to_tensor(y).data, args, backward, differentiable)

    return op


def jvp(fun: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False) -> Any:
    """The value of a function, and its derivative along a direction: a Jacobian-vector product.

    Args:
        fun: Function of Tensors, made of operations of this folder.
        primals: Its arguments, a list or tuple; each a Tensor, or a structure of them.
        tangents: The direction: structures and shapes as `primals`.
        has_aux: Whether `fun` returns (y, what is not to be differentiated).

    Returns:
        (fun(*primals), the derivatives, in the same structure), and with `has_aux` what is not differentiated.

    Raises:
        ValueError: the tangents are not as many as the primals, or have other shapes.

    >>> y, slope = jvp(lambda x: x * x, (3.0,), (1.0,))
    >>> float(y), float(slope)
    (9.0, 6.0)
    """
    values = map_structures(convert_to_tensor, list(primals))
    with ForwardAccumulator(values, tangents) as accumulator:
        y = fun(*values)
    y, aux = y if has_aux else (y, None)
    slopes = accumulator.jvp(y, unconnected_gradients="zero")
    return (y, slopes, aux) if has_aux else (y, slopes)


def cond(pred: TensorLike, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """Call one of two functions.

    Args:
        pred: A truth value, or a Tensor of a single one.
        true_fn: Called without arguments if it is true.
        false_fn: Called without arguments if it is false.

    Returns:
        What the function returns.

    >>> cond(True, lambda: 1, lambda: 2)
    1
    """
    return true_fn() if bool(pred) else false_fn()


def switch(index: TensorLike, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """Call one of several functions.

    Args:
        index: Which one; a number outside the list selects the first or the last.
        branches: The functions.
        operands: Their arguments.

    Returns:
        What the function returns.

    >>> switch(1, [lambda x: x, lambda x: 2 * x], 5)
    10
    """
    return branches[min(max(int(index), 0), len(branches) - 1)](*operands)


def while_loop(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, maximum_iterations: int | None = None
) -> Any:
    """Repeat loop_vars = body(*loop_vars) while cond(*loop_vars) is true.

    Args:
        cond: Function of the loop's variables that returns whether to go on.
        body: Function of the loop's variables that returns their next values.
        loop_vars: Their first values: a list or tuple, or a single one.
        maximum_iterations: Stop after this number of repetitions; no limit if None.

    Returns:
        The last values: a tuple, or a single one.

    >>> while_loop(lambda i: i < 3, lambda i: (i + 1,), (0,))
    (3,)
    """
    several = isinstance(loop_vars, (tuple, list))
    loop_vars = tuple(loop_vars) if several else (loop_vars,)
    iterations = 0
    while bool(cond(*loop_vars)) and (maximum_iterations is None or iterations < maximum_iterations):
        result = body(*loop_vars)
        loop_vars = tuple(result) if isinstance(result, (tuple, list)) else (result,)
        iterations += 1
    return loop_vars if several else loop_vars[0]


def fori_loop(lower: int, upper: int, body_fun: Callable[[int, Any], Any], init_val: Any) -> Any:
    """Repeat val = body_fun(i, val) for i from lower up to, but not including, upper.

    Args:
        lower, upper: The limits.
        body_fun: Function from (i, value) to the next value.
        init_val: The first value.

    Returns:
        The last value.

    >>> fori_loop(1, 4, lambda i, total: total + i, 0)
    6
    """
    val = init_val
    for i in range(int(lower), int(upper)):
        val = body_fun(i, val)
    return val


def map(f: Callable[..., Any], xs: Structure) -> Any:
    """f of each slice along axis 0, the results stacked.

    Args:
        f: Function of one slice (of a structure of them, if xs is one).
        xs: Tensor, or a list, tuple or dict of them.

    Returns:
        Tensor, or a structure of them, as f returns.

    >>> map(lambda row: row * 2, np.arange(3)).numpy()
    array([0, 2, 4])
    """
    return scan(lambda carry, x: (carry, f(x)), None, xs)[1]


def vectorized_map(function: Callable[..., Any], elements: Structure) -> Any:
    """The same as `map`: there is no vectorizing compiler here.

    Args:
        function: As `f` of `map`.
        elements: As `xs` of `map`.

    Returns:
        Tensor, or a structure of them, as the function returns.

    >>> vectorized_map(lambda row: ops.sum(row), np.array([[1, 2], [3, 4]])).tolist()
    [3, 7]
    """
    return map(function, elements)


def scan(
    f: Callable[[Any, Any], tuple[Any, Any]], init: Any, xs: Structure = None, length: int | None = None,
    reverse: bool = False, unroll: int = 1,
) -> tuple[Any, Any]:
    """Carry a value along axis 0: carry, y[i] = f(carry, x[i]).

    Args:
        f: Function from (carry, slice) to (new carry, result).
        init: The first carry.
        xs: Tensor, or a list, tuple or dict of them; or None.
        length: The number of steps if xs is None.
        reverse: From the last slice to the first.
        unroll: Accepted for compatibility; makes no difference.

    Returns:
        (the last carry, the results stacked).

    Raises:
        TypeError: neither `xs` nor `length` is given.

    >>> carry, sums = scan(lambda total, x: (total + x, total + x), 0, np.arange(4))
    >>> sums.numpy()
    array([0, 1, 3, 6])
    """
    leaves = _leaves(xs)
    if not leaves and length is None:
        raise TypeError("scan: length, the number of steps, is missing; it is needed where xs is None")
    steps = leaves[0].shape[0] if leaves else int(length or 0)
    results = [None] * steps
    carry = init
    for i in reversed(range(steps)) if reverse else range(steps):
        carry, results[i] = f(carry, _rebuild(xs, lambda x, i=i: get_item(x, i)))
    return carry, _stacked(results)


def associative_scan(
    f: Callable[[Any, Any], Any], elems: Structure, reverse: bool = False, axis: int = 0
) -> Any:
    """All partial results of an associative function: y[i] = f(y[i-1], x[i]).

    Args:
        f: Function from two slices of length 1 along the axis (or structures of them) to one.
        elems: Tensor, or a list, tuple or dict of them.
        reverse: From the last slice to the first.
        axis: Along which axis.

    Returns:
        As `elems`: the partial results along the axis.

    >>> associative_scan(lambda a, b: a + b, np.arange(4)).numpy()
    array([0, 1, 3, 6])
    """
    parts = _leaves(elems)
    if not isinstance(elems, (list, tuple, dict)):
        return _accumulate(f, parts[0], reverse, axis)
    steps = [_rebuild(elems, lambda x, i=i: get_item(x, _window(axis, i))) for i in range(parts[0].shape[axis])]
    steps = steps[::-1] if reverse else steps
    for i in range(1, len(steps)):
        steps[i] = f(steps[i - 1], steps[i])
    steps = steps[::-1] if reverse else steps
    columns = zip(*(_leaves(step) for step in steps), strict=True)
    joined = iter([concatenate(list(column), axis) for column in columns])
    return _rebuild(elems, lambda x: next(joined))


def _accumulate(f, x, reverse, axis):
    x = flip(x, axis) if reverse else x
    steps = [get_item(x, _window(axis, i)) for i in range(x.shape[axis])]
    for i in range(1, len(steps)):
        steps[i] = f(steps[i - 1], steps[i])
    y = concatenate(steps, axis) if steps else x
    return flip(y, axis) if reverse else y


def _window(axis, i):
    return (*(slice(None),) * axis, slice(i, i + 1))


def vectorize(
    pyfunc: Callable[..., Any], *, excluded: Any = None, signature: str | None = None
) -> Callable[..., Tensor]:
    """A function of arrays from one of numbers, by calling it for each element: `numpy.vectorize`.

    Args:
        pyfunc: Function of numbers.
        excluded: Names or numbers of arguments that are passed as they are; none if None.
        signature: Shapes that it takes and returns, such as '(n),(n)->()'; numbers if None.

    Returns:
        Function of tensors that returns a Tensor, without a gradient.

    >>> vectorize(lambda a, b: a + b)([1, 2], 10).numpy()
    array([11, 12])
    """
    vectorized = np.vectorize(pyfunc, excluded=excluded, signature=signature)

    @functools.wraps(pyfunc)
    def op(*args):
        return Tensor(vectorized(*(arg.data if isinstance(arg, Tensor) else arg for arg in args)))

    return op


def _leaves(structure):
    """The leaves as tensors; None is no leaf."""
    return [convert_to_tensor(leaf) for leaf in flatten(structure) if leaf is not None]


def _rebuild(structure, function):
    """The same structure with `function` applied to each leaf."""
    return map_structures(lambda leaf: None if leaf is None else function(convert_to_tensor(leaf)), structure)


def _stacked(results):
    """The results of all steps, nested alike, as one with a new first axis."""
    if not results or results[0] is None:
        return None
    return map_structures(lambda *column: None if column[0] is None else stack(list(column)), *results)
