"""What the arguments of optimizers may be: each check returns the value, or names the optimizer, argument and range."""

from __future__ import annotations

import math
import numbers

from ..core.checks import number
from ..core.old_names import note


def finite(value: float, owner: object, argument: str, least: float = -math.inf, above: bool = False) -> float:
    """Return `value` as a Python number.

    Args:
        value: What the user passed.
        owner: The optimizer, for the message.
        argument: The argument's name, for the message.
        least: The smallest number allowed.
        above: Whether `least` itself is not allowed.

    Raises:
        ValueError: it is not a finite number in this range.
    """
    label = type(owner).__name__
    number(value, label, argument, least, above=above)
    if math.isinf(value):
        raise ValueError(f"{label}: {argument} must be a finite number, got {value!r}")
    return value if isinstance(value, int | float) else float(value)


def decay_rate(value: float, owner: object, argument: str) -> float:
    """Return `value`, the fraction of a running mean that stays from step to step.

    Raises:
        ValueError: it is not a number from 0 to below 1.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not 0 <= value < 1:
        raise ValueError(f"{type(owner).__name__}: {argument} must be a number from 0 to below 1, got {value!r}")
    return value if isinstance(value, int | float) else float(value)


def small_number(value: float | None, owner: object) -> float:
    """Return `value`, an optimizer's epsilon; None, which Keras 2 took for its default, is 1e-7.

    Raises:
        ValueError: it is not a number of at least 0.
    """
    if value is None:
        note(f"{type(owner).__name__}: epsilon=None is an old spelling of the default; leave it out, or write 1e-7")
        return 1e-7
    return finite(value, owner, "epsilon", 0)
