"""Reading files that anybody may have made: what may be opened, how much memory may be taken, how faults are reported.

Every reader uses these three:

    deserializing    while it is active, nothing that a configuration names is opened
    allowed_bytes    the most that a file may make tinynet allocate: the larger of 1 GiB and 10 times the file
    translated       the one place that turns errors of Python, NumPy, h5py, Pillow, ... into tinynet's own, with the
                     file's name and the position in it
"""

from __future__ import annotations

import contextlib
import contextvars
import math
import os
import re
from collections.abc import Callable, Iterator
from typing import IO, Any

from .errors import DataError, ModelFileError

LEAST_BYTES = 1 << 30  # what any file, however small, may make tinynet allocate
TIMES_FILE = 10  # deflate and the like make at most a tenth of ordinary arrays


class _Reading:
    """What a file that is being deserialized may do.

    Attributes:
        max_bytes: The most that one array may take.
        weights: Bytes of the weights that have been made so far.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.weights = 0


_reading: contextvars.ContextVar[_Reading | None] = contextvars.ContextVar("tinynet_reading", default=None)


def allowed_bytes(file_bytes: int, max_bytes: int | None = None) -> int:
    """Return how many bytes of memory a file may take.

    Args:
        file_bytes: Size of the file.
        max_bytes: The user's own limit; the larger of 1 GiB and 10 times the file if None.

    >>> allowed_bytes(570) == 2**30, allowed_bytes(2**30) == 10 * 2**30, allowed_bytes(570, 4096)
    (True, True, 4096)
    """
    return max(LEAST_BYTES, TIMES_FILE * file_bytes) if max_bytes is None else max_bytes


@contextlib.contextmanager
def deserializing(max_bytes: int | None = None) -> Iterator[None]:
    """Context manager: objects are made of a configuration, which may come from anybody.

    Inside, `refuse_while_deserializing` and `open_named` raise, and `check_bytes` compares with the limit.

    Args:
        max_bytes: Limit for each array that is made to find shapes, and for all weights together. The limit of the
            block around this one if None, otherwise 1 GiB.
    """
    outer = _reading.get()
    if outer is not None and max_bytes is None:
        yield
        return
    try:
        _reading.set(_Reading(LEAST_BYTES if max_bytes is None else max_bytes))
        yield
    finally:
        _reading.set(outer)


def is_deserializing() -> bool:
    """Report whether objects are being made of a configuration."""
    return _reading.get() is not None


def refuse_while_deserializing(owner: str, path: Any) -> None:
    """Raise an error if objects are being made of a configuration: it must not make tinynet open a file or an address.

    Args:
        owner: The class or function that would open it.
        path: The file or address.

    Raises:
        ValueError: see above.
    """
    if is_deserializing():
        raise ValueError(f"{owner}: the configuration names the file or address {os.fspath(path)!r:.200}, and a model "
                         "file must not make tinynet open another; make the object in code, or write the contents "
                         "into the configuration")


def open_named(path: Any, owner: str, mode: str = "rb", **settings: Any) -> IO[Any]:
    """Open a file that an argument names; refused while a configuration is deserialized.

    Args:
        path: Of the file.
        owner: The class or function whose argument it is.
        mode, settings: Of `open`.

    Raises:
        ValueError: a configuration is being deserialized.
        OSError: it cannot be opened.
    """
    refuse_while_deserializing(owner, path)
    return open(path, mode, **settings)


def check_bytes(needed: int, what: str) -> None:
    """Refuse an array that is larger than the file that is being deserialized may make. No limit outside of that.

    Args:
        needed: Bytes, a Python int.
        what: The array, for the message.

    Raises:
        ModelFileError: it is larger.
    """
    reading = _reading.get()
    if reading is not None and needed > reading.max_bytes:
        raise ModelFileError(f"{what} takes {needed} bytes, more than the {reading.max_bytes} allowed for this file; "
                             "pass max_bytes=... if it is meant")


def check_weight(shape: Any, itemsize: int) -> None:
    """Count a new weight of the model that is being deserialized; see `check_bytes`.

    Args:
        shape: Of the weight.
        itemsize: Bytes of an element.

    Raises:
        ModelFileError: all weights so far are larger than allowed.
    """
    reading = _reading.get()
    if reading is None:
        return
    lengths = [extent for extent in shape or () if isinstance(extent, int)]  # what is no length fails elsewhere
    reading.weights += math.prod(lengths) * itemsize
    check_bytes(reading.weights, "the model, with the weights made so far,")


@contextlib.contextmanager
def translated(where: Any, kind: type[Exception] = DataError, position: Callable[[], str] | None = None) \
        -> Iterator[None]:
    """Context manager around the parsing of a file: whatever goes wrong inside becomes an error of one kind.

    Unchanged remain tinynet's own errors, errors of the operating system with a number (no such file, a full disk),
    and warnings that were made errors by the user.

    Args:
        where: The file's name.
        kind: `DataError` or `ModelFileError`.
        position: Function that returns the place in the file, such as "line 3".

    Raises:
        kind: "file: line 3: ..."

    >>> with translated("a.csv", position=lambda: "line 3"):
    ...     float("x")
    Traceback (most recent call last):
    tinynet.core.errors.DataError: a.csv: line 3: could not convert string to float: 'x'
    """
    try:
        yield
    except (DataError, ModelFileError):
        raise
    except Warning as warning:
        if isinstance(warning, UserWarning | DeprecationWarning):
            raise
        raise kind(_message(where, position, warning)) from warning
    except OSError as error:
        if error.errno is not None and type(error).__module__ == "builtins" and error.errno != _EINVAL:
            raise
        raise kind(_message(where, position, error)) from error
    except Exception as error:
        raise kind(_message(where, position, error)) from error


_EINVAL = 22  # an offset before the file's start, which a damaged file can ask for


def _message(where, position, error):
    place = position() if position is not None else ""
    return f"{where}: {place + ': ' if place else ''}{describe(error)}"


def describe(error: BaseException) -> str:
    """Return what an error of another library means, in a sentence without its class where the text suffices.

    >>> describe(KeyError("layers")), describe(EOFError())
    ("the key 'layers' is missing", 'the data ends too early')
    """
    if isinstance(error, KeyError):
        return f"the key {error} is missing"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if isinstance(error, EOFError):
        return str(error) or "the data ends too early"
    if isinstance(error, MemoryError):
        return str(error) or "more memory is needed than there is"
    if isinstance(error, UnicodeDecodeError):
        wrong = error.object[error.start] if error.start < len(error.object) else 0
        return f"byte {wrong:#04x} at offset {error.start} is not {error.encoding.upper()}"
    if " <_io." in str(error):  # an open file as Python shows it, which tells a user nothing
        return describe(type(error)(re.sub(r" (in )?<_io\.[^>]*>+", "", str(error))))
    plain = isinstance(error, ValueError | NotImplementedError | OSError) or type(error).__module__ != "builtins"
    return str(error) if plain and str(error) else f"{type(error).__name__}: {error}" if str(error) else type(
        error).__name__

