"""What operations tell the recording of a step, where one is under way in this thread (models/replay.py).

A step that is run again from its kernel calls is right only if these calls compute everything that they read. Most
operations need to tell nothing for that: they call kernels. One that makes an array in another way tells how:

    constant(array)                          it is the same in every step
    computed(np.add, a, b)                   NumPy computes it, and does so again in every step

An array of which nothing is told is a reason not to run the step from its recording.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from .types import Array


class Recorder:
    """A step that is being recorded.

    Args:
        calls: The compiled module's `_Recording`, which has the calls.

    Attributes:
        drawn: (SeedGenerator, the pair it gave), in the order of the draws.
    """

    __slots__ = ("calls", "drawn")

    def __init__(self, calls: Any) -> None:
        self.calls = calls
        self.drawn: list[tuple[Any, tuple[int, int]]] = []

    def refuse(self, why: str) -> None:
        """Keep the reason why this step cannot be run from its recording."""
        self.calls.refuse(why)


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
        recorder.calls.append_numpy(function, arguments, result)
    return result
