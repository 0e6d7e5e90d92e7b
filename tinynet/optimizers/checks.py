"""What the arguments of optimizers may be: each check returns the value, or names the optimizer, argument and range."""

from __future__ import annotations

import math
import numbers
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..core.types import TensorLike


def number(value: TensorLike, owner: object, argument: str, least: float = -math.inf) -> Any:
    """`value` as a Python number, if it is a finite one of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not least <= value < math.inf:
        which = "" if least == -math.inf else f" of at least {least:g}"
        raise ValueError(f"{type(owner).__name__}: {argument} must be a number{which}, got {value!r}")
    return value if isinstance(value, int | float) else float(value)


def share(value: TensorLike, owner: object, argument: str) -> Any:
    """`value` if it can be how much of a running mean stays: from 0 to below 1."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not 0 <= value < 1:
        raise ValueError(f"{type(owner).__name__}: {argument} must be a number from 0 to below 1, got {value!r}")
    return value if isinstance(value, int | float) else float(value)


def small_number(value: TensorLike, owner: object) -> Any:
    """`epsilon`; None, which Keras 2 took for its default, is 1e-7."""
    if value is None:
        warnings.warn(
            f"{type(owner).__name__}: epsilon=None is an old spelling of the default; leave it out, or write 1e-7",
            DeprecationWarning,
            stacklevel=4,
        )
        return 1e-7
    return number(value, owner, "epsilon", 0)
