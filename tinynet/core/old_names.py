"""Arguments under the names of Keras 1 and 2. They work, with a warning that has today's name."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

from .errors import warn_user


def note(message: str) -> None:
    """Warn with a DeprecationWarning of one line, with the file and line of the user's own code."""
    warn_user(message, DeprecationWarning)


def today(value: Any, owner: str, argument: str, **renamed: str) -> Any:
    """Return a value by today's name.

    Args:
        value: What was passed.
        owner, argument: To whom, and as what; for the warning.
        renamed: {old value: today's}.
    """
    if not isinstance(value, str) or value not in renamed:
        return value
    note(f"{owner}: {argument}={value!r} is an old name; write {argument}={renamed[value]!r}")
    return renamed[value]


def old_arguments(converted: dict[str, Callable[[Any], dict[str, Any]]] | None = None, dropped: Iterable[str] = (),
                  **renamed: str) -> Callable[[Any], Any]:
    """Decorate a function so that it takes old keyword arguments too. A class is decorated for its `__init__`.

    Args:
        converted: {old name: function from the old value to {new name: new value}}.
        dropped: Names of arguments that have no effect any more.
        renamed: {old name: new name}, as keyword arguments.

    Returns:
        The decorator. The decorated function raises a TypeError if an argument is passed under both names.

    >>> @old_arguments(nb_epoch="epochs")
    ... def fit(x, epochs=1):
    ...     return epochs
    >>> fit(None, nb_epoch=3)
    3
    """
    converted = converted or {}

    def decorate(target: Any) -> Any:
        function = target.__init__ if isinstance(target, type) else target  # type: ignore[misc]  # the class's own
        owner = target.__name__

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            for old in [name for name in kwargs if name in renamed or name in converted or name in dropped]:
                value = kwargs.pop(old)
                if old in dropped:
                    note(f"{owner}: {old}= is Keras 1's and has no effect any more; leave it out")
                    continue
                new = {renamed[old]: value} if old in renamed else converted[old](value)
                clash = [name for name in new if name in kwargs and old in renamed]
                if clash:
                    raise TypeError(f"{owner}: {old} is the old name of {clash[0]}; give only {clash[0]}")
                shown = ", ".join(f"{name}={inner!r}" for name, inner in new.items())
                note(f"{owner}: {old}= is an old name; write {shown if len(shown) < 60 else ', '.join(new) + '='}")
                kwargs.update(new)
            return function(*args, **kwargs)

        if isinstance(target, type):
            target.__init__ = wrapper  # type: ignore[misc]  # the class keeps its identity: isinstance, pickles
            return target
        return wrapper

    return decorate


WEIGHTS: dict[str, Any] = {
    "init": "kernel_initializer", "W_regularizer": "kernel_regularizer", "b_regularizer": "bias_regularizer",
    "W_constraint": "kernel_constraint", "b_constraint": "bias_constraint", "bias": "use_bias",
}


def _data_format(dim_ordering: str) -> dict[str, Any]:
    names = {"tf": "channels_last", "th": "channels_first", "default": None}
    if dim_ordering not in names:
        raise ValueError(f"dim_ordering must be 'tf' or 'th', got {dim_ordering!r}; today data_format='channels_last'")
    return {"data_format": names[dim_ordering]}


SPATIAL: dict[str, Any] = {"converted": {"dim_ordering": _data_format}, "border_mode": "padding"}
