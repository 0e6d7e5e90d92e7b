"""TensorFlow's branches and loops, written in Python: `tf.cond`, `tf.while_loop`, `tf.map_fn`, `tf.scan`.

The operations inside are recorded as they run. `parallel_iterations` and `swap_memory` tune TensorFlow's graphs and
have no effect.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ... import ops
from ...core.nest import flatten, holds_arrays, map_structure, map_structures
from ...core.tensor_shape import TensorShape
from ...core.types import Structure, TensorLike
from ...tensor import Tensor, convert_to_tensor, to_array
from .structures import TensorArray


def _is_true(title, value):
    array = to_array(value)
    if array.size != 1:
        raise ValueError(f"tf.{title}: expected one truth value, got shape {array.shape}")
    return bool(array.reshape(()))


def cond(pred: TensorLike, true_fn: Callable[[], Any] | None = None, false_fn: Callable[[], Any] | None = None,
         name: str | None = None) -> Any:
    """Call one of two functions.

    Args:
        pred: A truth value, or a Tensor of one.
        true_fn: Called without arguments if it is true.
        false_fn: Called without arguments if it is false.
        name: TensorFlow's, without effect.

    Returns:
        What the function returns.

    Raises:
        TypeError: one of the functions is missing.

    >>> cond(Tensor(2) > 1, lambda: "larger", lambda: "smaller")
    'larger'
    """
    for argument, function in (("true_fn", true_fn), ("false_fn", false_fn)):
        if not callable(function):
            raise TypeError(f"tf.cond: {argument} must be a function without arguments, got {function!r}")
    return true_fn() if _is_true("cond", pred) else false_fn()  # type: ignore[misc]  # both are functions


def case(pred_fn_pairs: Sequence[tuple[Any, Callable[[], Any]]], default: Callable[[], Any] | None = None,
         exclusive: bool = False, strict: bool = False, name: str = "case") -> Any:
    """Call the function of the first condition that is true.

    Args:
        pred_fn_pairs: Pairs (truth value, function without arguments).
        default: Called if none is true.
        exclusive: Whether to raise an error if several are true.
        strict: Whether the functions' results keep lists of one; they always do here.
        name: TensorFlow's, without effect.

    Returns:
        What the function returns.

    Raises:
        ValueError: none is true and there is no default, or several are and `exclusive`.

    >>> case([(False, lambda: 1), (True, lambda: 2)])
    2
    """
    chosen = [function for pred, function in pred_fn_pairs if _is_true("case", pred)]
    if exclusive and len(chosen) > 1:
        raise ValueError(f"tf.case: {len(chosen)} conditions are true with exclusive=True")
    if not chosen and default is None:
        raise ValueError("tf.case: no condition is true, and there is no default")
    return (chosen[0] if chosen else default)()  # type: ignore[misc]  # one of them is a function


def switch_case(branch_index: TensorLike, branch_fns: Any, default: Callable[[], Any] | None = None,
                name: str = "switch_case") -> Any:
    """Call the function with a number.

    Args:
        branch_index: The number.
        branch_fns: Functions without arguments; a dict, or pairs, from numbers to functions.
        default: Called for a number that none has; the function with the largest number if None.
        name: TensorFlow's, without effect.

    Returns:
        What the function returns.

    >>> switch_case(1, [lambda: "a", lambda: "b"])
    'b'
    """
    pairs = branch_fns.items() if isinstance(branch_fns, dict) else branch_fns
    table = dict(pair if isinstance(pair, tuple) else (i, pair) for i, pair in enumerate(pairs)) if not isinstance(
        branch_fns, dict) else dict(pairs)
    return table.get(int(to_array(branch_index)), table[max(table)] if default is None else default)()


def _as_tensors(structure):
    return map_structure(lambda leaf: leaf if leaf is None or isinstance(leaf, Tensor | TensorArray)
                         else convert_to_tensor(leaf), structure)


def while_loop(cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, shape_invariants: Any = None,
               parallel_iterations: int = 10, back_prop: bool = True, swap_memory: bool = False,
               maximum_iterations: TensorLike | None = None, name: str | None = None) -> Any:
    """Repeat loop_vars = body(*loop_vars) while cond(*loop_vars) is true.

    Args:
        cond: Function of the loop's variables that returns whether to go on.
        body: Function of the loop's variables that returns their next values.
        loop_vars: Their first values: a list or tuple, whose elements may be nested.
        shape_invariants: The shapes that the variables must keep, nested as they are; None for no such check.
        parallel_iterations, swap_memory, name: TensorFlow's, without effect.
        back_prop: Whether gradients pass through the loop.
        maximum_iterations: Stop after this number of repetitions; no limit if None.

    Returns:
        The last values, a list or tuple as `loop_vars`.

    Raises:
        ValueError: the body returns another number of values, or a shape that breaks an invariant.

    >>> i, total = while_loop(lambda i, s: i < 4, lambda i, s: (i + 1, s + i), (0, 0))
    >>> int(i), int(total)
    (4, 6)
    """
    if not isinstance(loop_vars, list | tuple):
        raise TypeError(f"tf.while_loop: loop_vars must be a list or tuple, got {type(loop_vars).__name__}")
    kind = tuple if isinstance(loop_vars, tuple) else list
    values = _as_tensors(kind(loop_vars))
    most = None if maximum_iterations is None else int(to_array(maximum_iterations))
    iterations = 0
    while (most is None or iterations < most) and _is_true("while_loop", cond(*values)):
        following = body(*values)
        following = following if isinstance(following, list | tuple) else (following,)
        if len(following) != len(values):
            raise ValueError(f"tf.while_loop: body returned {len(following)} values for {len(values)} loop variables")
        values = _as_tensors(kind(following))
        if shape_invariants is not None:
            _check_invariants(values, shape_invariants)
        iterations += 1
    return values if back_prop else map_structure(_stopped, values)


def _check_invariants(values, invariants):
    for value, invariant in zip(values, invariants, strict=True):
        shape = TensorShape.checked(getattr(invariant, "shape", invariant))
        if isinstance(value, Tensor) and not shape.is_compatible_with(value.shape):
            raise ValueError(f"tf.while_loop: a loop variable has shape {value.shape}, shape_invariants has {shape}")


def _stopped(leaf):
    return ops.stop_gradient(leaf) if isinstance(leaf, Tensor) else leaf


def _rows(title, elems):
    """(the leaves as Tensors in their nesting, how many slices they have along the first axis)"""
    elems = _as_tensors(_without_numbers(elems))
    lengths = {leaf.shape[0] if leaf.shape else None for leaf in flatten(elems)}
    if len(lengths) != 1 or None in lengths:
        raise ValueError(f"tf.{title}: elems must have one length along their first axis, got shapes "
                         f"{[tuple(leaf.shape) for leaf in flatten(elems)]}")
    return elems, lengths.pop()


def _without_numbers(elems):
    """The nesting of tensors; a list of numbers, which TensorFlow refuses, is an array."""
    if isinstance(elems, dict):
        return {key: _without_numbers(part) for key, part in elems.items()}
    if isinstance(elems, tuple) or isinstance(elems, list) and holds_arrays(elems):
        parts = [_without_numbers(part) for part in elems]
        return tuple(parts) if isinstance(elems, tuple) else parts
    return elems if isinstance(elems, Tensor) else convert_to_tensor(elems)


def _row(elems, i):
    return map_structure(lambda leaf: leaf[i], elems)


def _stacked(results):
    return map_structures(lambda *column: ops.stack([convert_to_tensor(part) for part in column]), *results)


def map_fn(fn: Callable[[Any], Any], elems: Structure, dtype: Any = None, parallel_iterations: int | None = None,
           back_prop: bool | None = None, swap_memory: bool = False, infer_shape: bool = True, name: str | None = None,
           fn_output_signature: Any = None) -> Any:
    """Return fn(element) for each element along the first axis, stacked.

    Args:
        fn: Function of one slice; of a structure of slices, if `elems` is one.
        elems: Tensor, or a list, tuple or dict of them.
        dtype: The old name of `fn_output_signature`.
        parallel_iterations, swap_memory, infer_shape, name: TensorFlow's, without effect.
        back_prop: Whether gradients pass; they do if None.
        fn_output_signature: The element types of what `fn` returns, nested alike, or a `tf.TensorSpec`. Python numbers
            become such tensors.

    Raises:
        TypeError: `fn` returns another element type.
        ValueError: `elems` has several lengths, or none.

    >>> map_fn(lambda x: 2 * x, [1, 2]).tolist()
    [2, 4]
    >>> map_fn(lambda pair: pair[0] + pair[1], ([1, 2], [10, 20])).tolist()
    [11, 22]
    """
    signature = dtype if fn_output_signature is None else fn_output_signature
    elems, number = _rows("map_fn", elems)
    results = [fn(_row(elems, i)) for i in range(number)]
    if signature is not None:
        results = [map_structures(_declared, result, signature) if isinstance(signature, list | tuple | dict)
                   else _declared(result, signature) for result in results]
    if not results:
        raise ValueError("tf.map_fn: elems has no elements, so nothing is known of what fn returns")
    stacked = _stacked(results)
    return map_structure(_stopped, stacked) if back_prop is False else stacked


def _declared(result, signature):
    wanted = np.dtype(getattr(signature, "dtype", None) or signature)
    if not isinstance(result, Tensor):
        return convert_to_tensor(result, wanted)
    if result.dtype != wanted:
        raise TypeError(f"tf.map_fn: fn returned {result.dtype}, fn_output_signature (or dtype) is {wanted}; "
                        "use tf.cast in fn")
    return result


def vectorized_map(fn: Callable[[Any], Any], elems: Structure, fallback_to_while_loop: bool = True,
                   warn: bool = True) -> Any:
    """Return fn(element) for each element along the first axis, stacked; the same as `map_fn`.

    Args:
        fn, elems: As for `map_fn`.
        fallback_to_while_loop: Must be True: nothing is vectorized, every element is a call.
        warn: TensorFlow's, without effect.

    Raises:
        ValueError: `fallback_to_while_loop` is False.

    >>> vectorized_map(lambda x: 2 * x, [1, 2]).tolist()
    [2, 4]
    """
    if not fallback_to_while_loop:
        raise ValueError("tf.vectorized_map: fallback_to_while_loop must be True; tinynet calls fn for each element")
    return map_fn(fn, elems)


def _fold(title, fn, elems, initializer, backwards, keep):
    """The accumulated values, all of them or the last."""
    elems, number = _rows(title, elems)
    order = list(range(number))[::-1] if backwards else list(range(number))
    if initializer is None:
        if not order:
            raise ValueError(f"tf.{title}: elems has no elements and there is no initializer")
        value = _row(elems, order.pop(0))
        values = [value]
    else:
        value, values = _as_tensors(initializer), []
    for i in order:
        value = fn(value, _row(elems, i))
        if keep:
            values.append(value)
    return values if keep else _as_tensors(value)


def foldl(fn: Callable[[Any, Any], Any], elems: Structure, initializer: Any = None, parallel_iterations: int = 10,
          back_prop: bool = True, swap_memory: bool = False, name: str | None = None) -> Any:
    """Combine the elements along the first axis, from the first to the last: a = fn(a, x[i]).

    Args:
        fn: Function from (accumulated value, slice) to the next accumulated value.
        elems: Tensor, or a list, tuple or dict of them.
        initializer: The first accumulated value; the first slice if None.
        parallel_iterations, swap_memory, name: TensorFlow's, without effect.
        back_prop: Whether gradients pass.

    Returns:
        The last state.

    Raises:
        ValueError: `elems` has several lengths, or nothing and no initializer.

    >>> foldl(lambda a, x: 10 * a + x, [1, 2, 3]).item(), foldr(lambda a, x: 10 * a + x, [1, 2, 3]).item()
    (123, 321)
    """
    value = _fold("foldl", fn, elems, initializer, False, False)
    return value if back_prop else map_structure(_stopped, value)


def foldr(fn: Callable[[Any, Any], Any], elems: Structure, initializer: Any = None, parallel_iterations: int = 10,
          back_prop: bool = True, swap_memory: bool = False, name: str | None = None) -> Any:
    """Combine the elements along the first axis, from the last to the first; arguments as for `foldl`.

    Args:
        fn, elems, initializer: As for `foldl`.

    Returns:
        The last state.

    >>> foldr(lambda state, x: 10 * state + x, Tensor([1, 2, 3])).item()  # 3, then 2, then 1
    321
    """
    value = _fold("foldr", fn, elems, initializer, True, False)
    return value if back_prop else map_structure(_stopped, value)


def scan(fn: Callable[[Any, Any], Any], elems: Structure, initializer: Any = None, parallel_iterations: int = 10,
         back_prop: bool = True, swap_memory: bool = False, infer_shape: bool = True, reverse: bool = False,
         name: str | None = None) -> Any:
    """Return all accumulated values of a = fn(a, x[i]), stacked.

    Args:
        fn: Function from (accumulated value, slice) to the next accumulated value.
        elems: Tensor, or a list, tuple or dict of them.
        initializer: The value before the first slice; if None, the first result is the first slice.
        parallel_iterations, swap_memory, infer_shape, name: TensorFlow's, without effect.
        back_prop: Whether gradients pass.
        reverse: From the last slice to the first; the results stay at the positions of their slices.

    Raises:
        ValueError: `elems` has several lengths, or nothing and no initializer.

    >>> scan(lambda a, x: a + x, [1, 2, 3]).tolist(), scan(lambda a, x: a + x, [1, 2, 3], reverse=True).tolist()
    ([1, 3, 6], [6, 5, 3])
    """
    values = _fold("scan", fn, elems, initializer, reverse, True)
    if not values:
        return map_structure(lambda leaf: convert_to_tensor(leaf)[None][:0], initializer)
    stacked = _stacked(values[::-1] if reverse else values)
    return stacked if back_prop else map_structure(_stopped, stacked)
