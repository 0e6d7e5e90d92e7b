"""What operations tell the recording of a step, where one is under way in this thread (models/replay.py).

A step that is run again from its kernel calls is right only if these calls compute everything that they read. Most
operations need to tell nothing for that: they call kernels. One that makes an array in another way tells how:

    constant(array)                          it is the same in every step
    computed(np.add, a, b)                   NumPy computes it, and does so again in every step
    changed(np.add, y, bias)                 the same, in the place of y
    repeated(function, a, b)                 a function of arrays computes it, and does so again in every step
    dense(a), converted(a, dtype)            a copy, made again in every step
    followed_by(function, a)                 nothing of the step depends on it, but it is to be called in every step
    in_between(function, a)                  the same, not at the step's end but at this point of it

An array of which nothing is told is a reason not to run the step from its recording.
"""

from __future__ import annotations

import functools
import threading
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from .types import Array, DTypeLike


class Pair(tuple):
    """A (seed, offset) among the arguments of `repeated`: a step that is run again passes the next one of the generator
    that it was drawn from.
    """

    __slots__ = ()


class Recorder:
    """A step that is being recorded.

    Args:
        calls: The compiled module's `_Recording`, which has the calls.

    Attributes:
        drawn: (SeedGenerator, the pair it gave), in the order of the draws.
        afterwards: (function, arguments) of what is called after the calls of each run.
        postponed: The same of what is called between them. In the step that is recorded it waits for the step's end,
            since the calls are made once more then, to compare.
    """

    __slots__ = ("afterwards", "calls", "drawn", "postponed")

    def __init__(self, calls: Any) -> None:
        self.calls = calls
        self.drawn: list[tuple[Any, tuple[int, int]]] = []
        self.afterwards: list[tuple[Callable[..., Any], tuple[Any, ...]]] = []
        self.postponed: list[tuple[Callable[..., Any], tuple[Any, ...]]] = []

    def refuse(self, why: str) -> None:
        """Keep the reason why this step cannot be run from its recording."""
        self.calls.refuse(why)

    def are_constant(self, arguments: tuple[Any, ...]) -> bool:
        """Whether there are arrays among the arguments, and all of them have the same numbers in every step."""
        arrays = [one for one in arguments if isinstance(one, np.ndarray)]
        return bool(arrays) and all(map(self.calls.is_constant, arrays))

    def repeated(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        """Call a function, and append the call. What the function calls itself is not recorded."""
        reason = _reason_against(function, self.calls)
        if reason:
            self.refuse(reason)
        drawn = len(self.drawn)
        self.calls.pause()
        state.active = None
        try:
            result = function(*arguments)
        finally:
            state.active = self
            self.calls.resume()
        if len(self.drawn) != drawn:
            self.refuse(f"{_name_of(function)} draws random numbers")
        several = isinstance(result, tuple)
        results = tuple(one if one is None else np.asarray(one) for one in (result if several else (result,)))
        views = [one is None or one.size == 0 or self.calls.is_known(one) for one in results]
        if not all(views):
            results = tuple(one if one is None or view or one.flags.c_contiguous else np.ascontiguousarray(one)
                            for one, view in zip(results, views, strict=True))
            # A part of a known array needs no call: it has the new numbers already.
            made = tuple(None if view else one for one, view in zip(results, views, strict=True))
            draws = [i for i, argument in enumerate(arguments) if type(argument) is Pair]
            if not draws and self.are_constant(arguments) and not _reason_against(function, _no_arrays):
                for one in made:
                    if one is not None:
                        self.calls.add_constant(one)
            else:
                self.calls.append_python(function, arguments, made, draws)
        return results if several else results[0]

    def in_between(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        """Append a call without a result."""

        postponed = self.postponed  # the call does not keep the Recorder, which keeps the calls

        def call(*arguments: Any) -> tuple[()]:
            if not postponed:  # the step is run again
                function(*arguments)
            return ()

        postponed.append((function, arguments))
        self.calls.append_python(call, arguments, (), [])

    def call_postponed(self) -> None:
        """Make the calls that waited for the step's end. In the steps that are run again they do not wait."""
        waiting = self.postponed.copy()
        self.postponed.clear()
        for function, arguments in waiting:
            function(*arguments)


class _ThreadState(threading.local):
    """`state.active`: the Recorder of the step that this thread records, or None."""

    active: Recorder | None = None


state = _ThreadState()


def constant(array: Array, *sources: Array) -> Array:
    """Return `array`, which has the same numbers in every step, if the arrays that it was made from have.

    Args:
        array: The array.
        sources: What it was made from; none for numbers that stand in the code or in a layer's settings.

    >>> import numpy as np
    >>> constant(np.zeros(3))
    array([0., 0., 0.])
    """
    recorder = state.active
    if recorder is not None and all(map(recorder.calls.is_constant, sources)):
        recorder.calls.add_constant(array)
    return array


def computed(function: Callable[..., Any], *arguments: Any) -> Any:
    """Return NumPy's `function(*arguments)`. A step that is run again calls it again.

    Args:
        function: A function of NumPy that takes `out`.
        arguments: Arrays and numbers.

    >>> import numpy as np
    >>> computed(np.add, np.ones(2), 1.0)
    array([2., 2.])
    """
    result = function(*arguments)
    recorder = state.active
    if recorder is not None:
        result = np.asarray(result)  # NumPy makes scalars of arrays without dimensions, which cannot be written to
        if recorder.are_constant(arguments):  # such as lengths
            recorder.calls.add_constant(result)
        else:
            recorder.calls.append_numpy(function, arguments, result)
    return result


def changed(function: Callable[..., Any], array: Array, *arguments: Any) -> Array:
    """Return `array`, in which NumPy's `function(array, *arguments)` is now. A step that is run again changes it again.

    Args:
        function: A function of NumPy that takes `out`.
        array: An array that a kernel, or one of the functions here, has made.
        arguments: Arrays and numbers.

    >>> import numpy as np
    >>> changed(np.add, np.ones(2), 1.0)
    array([2., 2.])
    """
    function(array, *arguments, out=array)
    recorder = state.active
    if recorder is not None:
        recorder.calls.append_numpy(function, (array, *arguments), array)
    return array


def repeated(function: Callable[..., Any], *arguments: Any) -> Any:
    """Return `function(*arguments)`. A step that is run again calls it again, with the arrays of that step.

    Args:
        function: Function of arrays and plain values, whose result depends on nothing else. It returns an array of its
            own, a part of an argument, or a tuple of such and None. Arrays that it keeps from outside have to be
            constants or what recorded calls have computed; otherwise the step is not run from its recording.
        arguments: Arrays and plain values.

    >>> import numpy as np
    >>> repeated(lambda a: a[::-1] * 2, np.arange(3))
    array([4, 2, 0])
    """
    recorder = state.active
    return function(*arguments) if recorder is None else recorder.repeated(function, arguments)


def derived(function: Callable[[Array], Array], source: Array) -> Array:
    """Return `function(source)`: the same in every step if `source` is, else `repeated`.

    Args:
        function: As for `repeated`; it keeps no arrays.
        source: The array.

    >>> import numpy as np
    >>> derived(lambda a: np.full(2, float(a)), np.ones(()))
    array([1., 1.])
    """
    recorder = state.active
    if recorder is None or recorder.calls.is_constant(source):
        return constant(function(source))
    return recorder.repeated(function, (source,))


def followed_by(function: Callable[..., Any], *arguments: Any) -> None:
    """Call `function(*arguments)`, whose result no step needs, such as the update of a metric. A step that is run again
    calls it at its end.

    Args:
        function: The function.
        arguments: Plain values, and Tensors whose arrays recorded calls compute.

    >>> followed_by(print, "done")
    done
    """
    recorder = state.active
    if recorder is not None:
        recorder.afterwards.append((function, arguments))
    function(*arguments)


def in_between(function: Callable[..., Any], *arguments: Any) -> None:
    """Call `function(*arguments)`, whose result no step needs, such as the sending of a gradient that is complete. A
    step that is run again calls it at the same point, between its kernel calls; the step that is recorded, at its end.

    Args:
        function: The function.
        arguments: Plain values and objects, and arrays that recorded calls compute.

    >>> in_between(print, "done")
    done
    """
    recorder = state.active
    if recorder is not None:
        recorder.in_between(function, arguments)
    else:
        function(*arguments)


def refuse_numbers(array: Array) -> None:
    """Python reads the numbers of an array, and may do in the next step something else for others.

    Args:
        array: The array of a Tensor.

    >>> import numpy as np
    >>> refuse_numbers(np.ones(2))
    """
    recorder = state.active
    if recorder is not None and not recorder.calls.is_constant(array):
        recorder.refuse("Python reads the numbers of a tensor, on which the next operations may depend")


def dense(array: Array) -> Array:
    """Return `array` itself if its elements lie one after the other, else a copy in which they do.

    Args:
        array: The array.

    >>> import numpy as np
    >>> dense(np.zeros((2, 3)).T).flags.c_contiguous
    True
    """
    if array.flags.c_contiguous:
        return array
    recorder = state.active
    if recorder is not None and recorder.calls.is_known(array):
        return recorder.calls.dense_copy(array)
    return np.ascontiguousarray(array)


def converted(array: Array, dtype: DTypeLike) -> Array:
    """Return `array` itself if it has this element type, else a copy that has it.

    Args:
        array: The array.
        dtype: The element type.

    >>> import numpy as np
    >>> converted(np.zeros(2), "float32").dtype
    dtype('float32')
    """
    return array if array.dtype == dtype else repeated(_astype, array, np.dtype(dtype))


def _astype(array: Array, dtype: np.dtype) -> Array:
    return array.astype(dtype)


# --- what a function that is called again may keep ------------------------------------------------------------------

_PLAIN = (int, float, complex, str, bytes, type(None), type, np.dtype, np.generic, slice, type(...), types.ModuleType,
          np.ufunc, types.BuiltinFunctionType, type(np.concatenate))


class _NoArrays:
    """Stands for a recording that knows no arrays."""

    def may_be_kept(self, array: Array) -> bool:
        return False


_no_arrays = _NoArrays()


def _reason_against(kept: Any, calls: Any, depth: int = 0) -> str:
    """Why calling a function again may give something else than the step would compute; "" if it does not."""
    if isinstance(kept, _PLAIN):
        return ""
    parts: list[Any] = []
    if isinstance(kept, types.FunctionType):
        parts = [*(kept.__defaults__ or ()), *(kept.__kwdefaults__ or {}).values()]
        for cell in kept.__closure__ or ():
            try:
                parts.append(cell.cell_contents)
            except ValueError:  # a name of the function around it that has no value yet
                return f"{kept.__name__} is called before all that it keeps is there"
    elif isinstance(kept, functools.partial):
        parts = [kept.func, *kept.args, *kept.keywords.values()]
    elif isinstance(kept, tuple | list | set | frozenset):
        parts = [*kept]
    elif isinstance(kept, dict):
        parts = [*kept, *kept.values()]
    elif type(kept) is np.ndarray:
        return "" if calls.may_be_kept(kept) else "a function keeps an array that no recorded call has computed"
    else:
        return f"a function keeps an object of {type(kept).__name__}"
    if depth > 8:
        return "a function keeps objects within objects"
    return next(filter(None, (_reason_against(part, calls, depth + 1) for part in parts)), "")


def _name_of(function: Any) -> str:
    return getattr(function, "__name__", type(function).__name__)
