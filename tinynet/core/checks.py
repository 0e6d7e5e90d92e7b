"""What single arguments may be: each check returns the value, or names the owner, the argument and the range.

The message has one form, `Owner: argument must be ..., got ...`. The owner is the class or function that the user
called. Whole numbers come as ints, NumPy's integers or Tensors of one integer; bools are no numbers here.

    number        a real number in a range
    probability   a number from 0 to 1, or to below 1
    whole         an int in a range
    positive_int  an int of at least 1, a number of units or pixels
    count         an int of at least 1 or 0, a number of samples, batches or epochs
    ints          an int, or one for each axis of an image
    axis          the number of an axis, or a list of them
    choice        one of several names

`missing_axis` is what to add to a message about images with too few axes.
"""

from __future__ import annotations

import math
import numbers
import operator
from collections.abc import Iterable, Sequence
from typing import Any


def missing_axis(shape: Sequence[int | None], axes: int, channels: int | None = None) -> str:
    """How to add the axis that a batch of images lacks; '' if it does not lack just one.

    Args:
        shape: Of what was given, channels last.
        axes: How many axes a batch has.
        channels: How many channels are expected, if that is known; pictures have 1, 3 or 4.

    >>> missing_axis((28, 28, 1), 4), missing_axis((32, 28, 28), 4), missing_axis((28, 28), 4)
    (' This is one sample: add a batch axis, x[None].', ' Add a channel axis with x[..., None].', '')
    """
    if len(shape) != axes - 1:
        return ""
    last = shape[-1]
    sample = last == channels if channels is not None else axes == 4 and last in (1, 3, 4)
    return " This is one sample: add a batch axis, x[None]." if sample else " Add a channel axis with x[..., None]."


def number(value: Any, owner: str, argument: str, low: float = -math.inf, high: float = math.inf,
           above: bool = False) -> Any:
    """`value`, if it is a number from `low` to `high`; with `above`, one above `low`.

    Raises:
        ValueError: it is not.
    """
    fits = _is_real(value) and low <= value <= high and not (above and value == low)
    if not fits:
        least = "" if low == -math.inf else f" above {low:g}" if above else f" of at least {low:g}"
        which = f" from {low:g} to {high:g}" if high < math.inf else least
        raise ValueError(f"{owner}: {argument} must be a number{which}, got {value!r}")
    return value


def probability(value: Any, owner: str, argument: str, below_one: bool = False) -> Any:
    """`value`, if it is a number from 0 to 1; with `below_one`, one below 1.

    Raises:
        TypeError: it is no number.
        ValueError: it is outside the range.

    >>> probability(1.5, "Dropout", "rate")
    Traceback (most recent call last):
    ...
    ValueError: Dropout: rate must be a number from 0 to 1, got 1.5
    """
    which = "a number from 0 to below 1" if below_one else "a number from 0 to 1"
    if not _is_real(value):
        raise TypeError(f"{owner}: {argument} must be {which}, got {value!r} ({type(value).__name__})")
    if not 0 <= value <= 1 or below_one and value == 1:
        raise ValueError(f"{owner}: {argument} must be {which}, got {value!r}")
    return value


def whole(value: Any, owner: str, argument: str, low: int, high: int | None = None) -> int:
    """`value` as an int, if it is a whole number from `low` to `high`.

    Raises:
        ValueError: it is not.
    """
    index = _as_index(value)
    if index is None or index < low or high is not None and index > high:
        which = f"of at least {low}" if high is None else f"from {low} to {high}"
        raise ValueError(f"{owner}: {argument} must be an int {which}, got {value!r}")
    return index


def positive_int(value: Any, owner: str, argument: str) -> int:
    """`value`, an int or a Tensor of one (`tf.reduce_prod(shape)`), as an int.

    Raises:
        TypeError: it is no whole number.
        ValueError: it is below 1.

    >>> positive_int(0, "Dense", "units")
    Traceback (most recent call last):
    ...
    ValueError: Dense: units must be a positive int, got 0
    """
    index = _as_index(value)
    if index is None:
        raise TypeError(f"{owner}: {argument} must be a positive int, got {value!r} ({type(value).__name__})")
    if index < 1:
        raise ValueError(f"{owner}: {argument} must be a positive int, got {index}")
    return index


def count(value: Any, owner: str, argument: str, low: int = 1) -> int:
    """`value` as an int, a number of samples, batches or epochs.

    Raises:
        TypeError: it is no whole number.
        ValueError: it is below `low`.

    >>> count(0, "fit", "batch_size")
    Traceback (most recent call last):
    ...
    ValueError: fit: batch_size must be at least 1, got 0
    """
    index = _as_index(value)
    if index is None:
        raise TypeError(f"{owner}: {argument} must be an int, got {value!r} ({type(value).__name__})")
    if index < low:
        raise ValueError(f"{owner}: {argument} must be at least {low}, got {index}")
    return index


def ints(value: Any, owner: str, argument: str, count: int, low: int = 1) -> tuple[int, ...]:
    """`count` ints of at least `low`, from so many of them or from one for all.

    Raises:
        TypeError: it is no int, and no list or tuple of ints.
        ValueError: there are more or fewer, or one is below `low`.

    >>> ints(3, "Conv2D", "kernel_size", 2)
    (3, 3)
    >>> ints((3, 3, 3), "Conv2D", "kernel_size", 2)
    Traceback (most recent call last):
    ...
    ValueError: Conv2D: kernel_size must be a positive int or 2 of them, got (3, 3, 3)
    """
    values = list(value) if isinstance(value, list | tuple) else [value] * count
    indices = [_as_index(one) for one in values]
    if len(indices) != count or any(index is None or index < low for index in indices):
        one = "a positive int" if low == 1 else f"an int of at least {low}"
        several = f" or {count} of them" if count > 1 else ""
        error = TypeError if None in indices else ValueError
        raise error(f"{owner}: {argument} must be {one}{several}, got {value!r}")
    return tuple(index for index in indices if index is not None)


def axis(value: Any, owner: str, argument: str = "axis", several: bool = True) -> Any:
    """The number of an axis as an int; with `several`, a list of such numbers as a list.

    Raises:
        TypeError: it is no int, and no list of ints.
    """
    if several and isinstance(value, list | tuple):
        indices = [_as_index(one) for one in value]
        if None not in indices:
            return indices
    elif (index := _as_index(value)) is not None:
        return index
    raise TypeError(f"{owner}: {argument} must be an int{' or a list of ints' if several else ''}, got {value!r}")


def choice(value: Any, owner: str, argument: str, allowed: Iterable[Any]) -> Any:
    """`value`, if it is one of the allowed ones.

    Raises:
        ValueError: it is not; the message lists them.

    >>> choice("full", "Conv2D", "padding", ("valid", "same"))
    Traceback (most recent call last):
    ...
    ValueError: Conv2D: padding must be 'valid' or 'same', got 'full'
    """
    allowed = list(allowed)
    if value not in allowed:
        *others, last = map(repr, allowed)
        names = f"{', '.join(others)} or {last}" if others else last
        raise ValueError(f"{owner}: {argument} must be {names}, got {value!r}")
    return value


def _is_real(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _as_index(value: Any) -> int | None:
    """`value` as an int; None if it is no whole number."""
    if isinstance(value, bool):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None
