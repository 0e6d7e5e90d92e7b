"""Loops, choices and own gradients: plain Python, since there is no graph to build.

Whatever they call is recorded as it runs.
"""

import functools
import inspect

import numpy as np

from ..core.nest import flatten, map_structures
from ..tape import record
from ..tensor import Tensor, convert_to_tensor
from .arrangement import flip
from .formulas import wrap
from .indexing import get_item
from .joining import concatenate, stack


def custom_gradient(f):
    """A decorator for a function that brings its own derivative.

    Args:
        f: Function of Tensors that returns (y, grad), where `grad(dy)` gets the gradient of y as a Tensor and returns
            the gradients of the arguments, one Tensor or a tuple.

    >>> @custom_gradient
    ... def straight_through(x):
    ...     return Tensor(np.sign(x.data)), lambda dy: dy
    """

    @functools.wraps(f)
    def op(*args, **kwargs):
        y, grad = f(*args, **kwargs)
        upstream = "upstream" in inspect.signature(grad).parameters

        def backward(dy):
            gradients = grad(upstream=wrap(dy)) if upstream else grad(wrap(dy))
            gradients = gradients if isinstance(gradients, (tuple, list)) else (gradients,)
            return tuple(None if g is None else convert_to_tensor(g).data for g in gradients)

        # A new tensor: the nodes recorded inside f end in y itself, to which no gradient comes.
        return record(convert_to_tensor(y).data, args, backward)

    return op


def cond(pred, true_fn, false_fn):
    """true_fn() if pred is true, else false_fn()."""
    return true_fn() if bool(pred) else false_fn()


def switch(index, branches, *operands):
    """branches[index](*operands), the index kept inside the list."""
    return branches[min(max(int(index), 0), len(branches) - 1)](*operands)


def while_loop(cond, body, loop_vars, maximum_iterations=None):
    """Repeat loop_vars = body(*loop_vars) while cond(*loop_vars) is true.

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


def fori_loop(lower, upper, body_fun, init_val):
    """Repeat val = body_fun(i, val) for i from lower up to, but not including, upper."""
    val = init_val
    for i in range(int(lower), int(upper)):
        val = body_fun(i, val)
    return val


def map(f, xs):
    """f of each slice along axis 0, the results stacked.

    Args:
        f: Function of one slice (of a structure of them, if xs is one).
        xs: Tensor, or a list, tuple or dict of them.
    """
    return scan(lambda carry, x: (carry, f(x)), None, xs)[1]


def vectorized_map(function, elements):
    """The same as `map`: there is no vectorizing compiler here."""
    return map(function, elements)


def scan(f, init, xs=None, length=None, reverse=False, unroll=1):
    """Carry a value along axis 0: carry, y[i] = f(carry, x[i]).

    Args:
        f: Function from (carry, slice) to (new carry, result).
        init: The first carry.
        xs: Tensor, or a list, tuple or dict of them; or None.
        length: The number of steps if xs is None.
        reverse: From the last slice to the first.
        unroll: Accepted for compatibility; makes no difference.

    Returns:
        The last carry, and the results stacked.
    """
    leaves = _leaves(xs)
    steps = leaves[0].shape[0] if leaves else int(length)
    results = [None] * steps
    carry = init
    for i in reversed(range(steps)) if reverse else range(steps):
        carry, results[i] = f(carry, _rebuild(xs, lambda x, i=i: get_item(x, i)))
    return carry, _stacked(results)


def associative_scan(f, elems, reverse=False, axis=0):
    """All partial results of an associative function: y[i] = f(y[i-1], x[i]), by slices of length 1 along an axis."""
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


def vectorize(pyfunc, *, excluded=None, signature=None):
    """A function of arrays from one of numbers, by calling it for each element:
    `numpy.vectorize`, returning a Tensor.
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
