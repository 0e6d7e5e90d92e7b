"""Short tracebacks: the error of a user's call ends at the user's line, not fifteen calls further inside.

Nothing here runs until there is an error. `shorten` takes the calls inside tinynet out of an error's traceback where
its message explains it: an error that tinynet raises on purpose, and one of the user's own code, such as a callback's.
The traceback of a fault stays whole: a KeyError inside tinynet, or an error of a package that tinynet calls.

`tinynet.config.disable_traceback_filtering()` switches it off.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

INSIDE = str(Path(__file__).parents[1]) + os.sep
DECORATORS = ("wrapper", "operation", "call_symbolically")  # what stands between a user's call and the function
enabled = True  # tinynet.config sets it

Function = TypeVar("Function", bound=Callable[..., Any])


def shorten(error: BaseException, explained: tuple[type[BaseException], ...] = ()) -> None:
    """Take the calls inside tinynet out of an error's traceback.

    Call it in an `except` clause, with a bare `raise` after it: the frame of the clause is then left out too.

    Args:
        error: What was caught.
        explained: Types of errors whose messages explain them, also where NumPy raises them.
    """
    if not enabled:
        return
    entries = []
    entry = error.__traceback__
    while entry is not None:
        entries.append(entry)
        entry = entry.tb_next
    # An inner call may have shortened it already: then the raise statement is no longer in sight.
    if not getattr(error, "_is_explained", False):
        try:
            if not (isinstance(error, explained) or _is_explained(error, entries)):
                return
        except (ImportError, OSError):  # of what is imported late, such as without file handles: the error comes first
            return
        with contextlib.suppress(AttributeError):  # an exception with slots: this call alone shortens it
            error._is_explained = True  # type: ignore[attr-defined]  # read above
    kept = None
    for entry in reversed(entries):
        if not _is_inside(entry):
            kept = TracebackType(kept, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    error.__traceback__ = kept


def short_traceback(function: Function) -> Function:
    """Let a function's errors end at its caller's line.

    >>> @short_traceback
    ... def fit(x):
    ...     raise ValueError("x is missing")
    >>> fit(None)
    Traceback (most recent call last):
    ValueError: x is missing
    """

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except (Exception, KeyboardInterrupt) as error:
            shorten(error)
            raise

    return wrapper  # type: ignore[return-value]  # of the same signature


def _is_explained(error, entries):
    """Whether the error's message explains it without the calls inside tinynet."""
    if isinstance(error, KeyboardInterrupt | OSError):  # the user's key; a file's name
        return True
    last = entries[-1]
    if _is_inside(last):
        import opcode  # late, as sysconfig below: most programs have no errors

        is_raised = last.tb_frame.f_code.co_code[last.tb_lasti] == opcode.opmap["RAISE_VARARGS"]
        # A wrong argument of the call itself: no further than the decorators.
        return is_raised or all(entry.tb_frame.f_code.co_name in DECORATORS for entry in entries)
    while entries and _is_library(entries[-1]):
        entries = entries[:-1]
    return bool(entries) and not _is_inside(entries[-1])  # the user's own code, which may call a library


def _is_inside(entry):
    return entry.tb_frame.f_code.co_filename.startswith(INSIDE)


def _is_library(entry):
    name = entry.tb_frame.f_code.co_filename
    return not _is_inside(entry) and name.startswith((*_libraries(), "<frozen", "<__array_function__"))


@functools.cache
def _libraries():
    """The folders of Python's own modules and of installed packages."""
    import sysconfig

    return tuple({sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib", "purelib", "platlib")})
