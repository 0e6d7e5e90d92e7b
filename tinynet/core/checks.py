"""What single arguments may be: each check returns the value, or names the owner, the argument and the range."""

import math
import numbers


def number(value, owner, argument, low=-math.inf, high=math.inf, above=False):
    """`value`, if it is a number from `low` to `high`; with `above`, one above `low`.

    Raises:
        ValueError: it is not.
    """
    fits = (not isinstance(value, bool) and isinstance(value, numbers.Real) and low <= value <= high
            and not (above and value == low))
    if not fits:
        least = "" if low == -math.inf else f" above {low:g}" if above else f" of at least {low:g}"
        which = f" from {low:g} to {high:g}" if high < math.inf else least
        raise ValueError(f"{owner}: {argument} must be a number{which}, got {value!r}")
    return value


def whole(value, owner, argument, low):
    """`value` as an int, if it is a whole number of at least `low`.

    Raises:
        ValueError: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < low:
        raise ValueError(f"{owner}: {argument} must be an int of at least {low}, got {value!r}")
    return int(value)
