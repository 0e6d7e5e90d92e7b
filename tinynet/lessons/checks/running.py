"""Run a student's function on one input, so that nothing it does reaches the checker.

Exceptions, changed inputs and endless loops become an `Outcome`. What it prints is printed. A function that ends the
process, or that takes all memory, needs a process of its own: `tinynet lessons grade` has one.
"""

from __future__ import annotations

import contextlib
import copy
import linecache
import numbers
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any

import numpy as np

from .definition import ARRAY, WHOLE, Exercise

LONGEST = 300  # characters of a foreign text in a message


class TimeIsUp(BaseException):
    """The time limit. No `Exception`, so that `except Exception` in a student's loop does not catch it."""


@dataclass(frozen=True)
class Outcome:
    """What a function did with one input. Plain data: it can come from another process.

    Attributes:
        kind: 'value', 'count' (not as many outputs as expected), 'type' (an output of a wrong type), 'none' (returned
            nothing), 'error', 'time'.
        values: Of 'value': the outputs, as arrays, whole numbers or lists of words.
        detail: Of 'count' and 'type': what came. Of 'error': its type and message. Else ''.
        where: Of 'error' and 'time': the line, "3: `v = rho * v`", or ''.
        changed: Names of the arguments that were changed in place.

    >>> Outcome("error", detail="ZeroDivisionError: division by zero", where="2: `return 1 / 0`").kind
    'error'
    """

    kind: str
    values: tuple[Any, ...] = ()
    detail: str = ""
    where: str = ""
    changed: tuple[str, ...] = ()


def can_limit() -> bool:
    """Whether a time limit is possible here: in the main thread, where the system has interval timers."""
    return hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `TimeIsUp` in the main thread after `seconds`; elsewhere, nothing.

    The timer repeats, since a bare `except:` swallows the first one; from the second one on, the exception is raised
    again within that `except:`. Handler, timer and trace function of before return at the end.

    Args:
        seconds: Above 0.
    """
    if not can_limit():
        yield
        return

    fired = 0
    trace_before = sys.gettrace()

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal fired
        fired += 1
        if fired > 1:
            _raise_at_next_line(frame)
        raise TimeIsUp

    before = signal.signal(signal.SIGALRM, stop)
    rest, interval = signal.setitimer(signal.ITIMER_REAL, seconds, 0.05)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.settrace(trace_before)
        signal.signal(signal.SIGALRM, before)
        if rest:
            signal.setitimer(signal.ITIMER_REAL, rest, interval)


def _raise_at_next_line(frame):
    """Raise `TimeIsUp` a second time in the line after this, which is that of an `except:` around an endless loop."""
    def trace(frame, event, argument):
        if event == "line":
            raise TimeIsUp
        return trace

    while frame is not None and frame.f_code.co_filename != __file__:
        frame.f_trace = trace
        frame = frame.f_back
    sys.settrace(trace)  # Python takes it away again when it has raised


def run(function: Callable[..., Any], exercise: Exercise, arguments: Sequence[Any], seconds: float) -> Outcome:
    """Call a function with copies of the arguments.

    Args:
        function: The student's.
        exercise: What it should be.
        arguments: Of one case.
        seconds: Time limit, where `can_limit`.

    Returns:
        An `Outcome`.

    Raises:
        KeyboardInterrupt: the user pressed Ctrl-C.

    >>> from tinynet.lessons.checks import EXERCISES
    >>> run(lambda W, K, P, S: 4, EXERCISES["output_size"], (7, 3, 0, 1), seconds=1).kind
    'value'
    >>> run(lambda W, K, P, S: W / 0, EXERCISES["output_size"], (7, 3, 0, 1), seconds=1).detail
    'ZeroDivisionError: division by zero'
    """
    given = copy.deepcopy(list(arguments))
    try:
        try:
            with time_limit(seconds), np.errstate(all="ignore"):
                outcome = _as_outcome(function(*given), exercise)
        except TimeIsUp as error:
            outcome = Outcome("time", where=_where(error, function))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit too: `exit()` in a student's function
        outcome = Outcome("error", detail=_described(error), where=_where(error, function))
    changed = tuple(name for name, now, before in zip(exercise.arguments, given, arguments, strict=True)
                    if not _same(now, before))
    return Outcome(outcome.kind, outcome.values, outcome.detail, outcome.where, changed)


def _as_outcome(returned: Any, exercise: Exercise) -> Outcome:
    """The outputs as plain arrays, numbers or words; this may run foreign code (`__array__`, `__iter__`)."""
    names = exercise.outputs
    if returned is None:
        return Outcome("none")
    outputs = [returned]
    if len(names) > 1:
        if isinstance(returned, np.ndarray) and returned.ndim and len(returned) == len(names):
            returned = list(returned)
        if not isinstance(returned, tuple | list):
            return Outcome("count", detail=type(returned).__name__)
        if len(returned) != len(names):
            return Outcome("count", detail=f"{type(returned).__name__}, len {len(returned)}")
        outputs = list(returned)
    elif exercise.kind == ARRAY and isinstance(returned, tuple) and len(returned) == 1:
        return Outcome("count", detail="tuple, len 1")
    values = []
    for name, output in zip(names, outputs, strict=True):
        value, problem = _converted(output, exercise.kind)
        if problem:
            return Outcome("type", detail=f"{name}: {problem}")
        values.append(value)
    return Outcome("value", tuple(values))


def _converted(output, kind):
    """(plain value, '') or (None, what came instead)."""
    came = type(output).__name__
    if kind == ARRAY:
        try:
            array = np.array(output)
        except (ValueError, TypeError):  # ragged lists
            return None, f"{came} (ragged)"
        return (array, "") if array.dtype.kind in "biuf" else (None, f"{came}, dtype {array.dtype}")
    if kind == WHOLE:
        if getattr(output, "shape", None) == () and hasattr(output, "__array__"):  # an array or a tensor of one number
            output = np.asarray(output).item()
        if isinstance(output, bool | np.bool_) or not isinstance(output, numbers.Real):
            return None, came
        return (int(output) if isinstance(output, numbers.Integral) else float(output)), ""
    if isinstance(output, str) or not isinstance(output, list | tuple | np.ndarray):
        return None, came
    for word in output:
        if not isinstance(word, str):
            return None, f"{came} of {type(word).__name__}"
    return [str(word) for word in output], ""


def _same(a, b):
    """Whether an argument is as it was; NaN equals NaN."""
    if isinstance(b, np.ndarray):
        return isinstance(a, np.ndarray) and a.shape == b.shape and np.array_equal(a, b, equal_nan=b.dtype.kind == "f")
    return type(a) is type(b) and (a == b or a != a)


def _described(error):
    try:
        text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    except Exception:  # a student's own exception class
        text = type(error).__name__
    return text if len(text) <= LONGEST else text[:LONGEST] + "..."


def _where(error, function):
    """The last line of the student's own file or cell that was running."""
    frames = list(traceback.walk_tb(error.__traceback__))
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    files = {code.co_filename} if code else {
        frame.f_code.co_filename for frame, _ in frames
        if frame.f_code.co_filename != __file__ and "site-packages" not in frame.f_code.co_filename}
    own = [(frame, line) for frame, line in frames if frame.f_code.co_filename in files]
    if not own:
        return ""
    frame, line = own[-1]
    source = linecache.getline(frame.f_code.co_filename, line, frame.f_globals).strip()
    return f"{line}: `{source}`" if source else str(line)
