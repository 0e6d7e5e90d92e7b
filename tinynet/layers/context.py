"""What an outer layer passes to the layers it calls while a model computes, in each thread by itself."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any


class CallContext:
    """What an outer layer passes to the layers it calls: the training flag, the path of names, where penalties go,
    what creates the first values of weights.
    """

    __slots__ = ("training", "scope", "outermost", "first_values", "watch", "trial", "tracing")

    def __init__(self) -> None:
        self.training: bool | None = None
        self.scope: tuple[str, ...] = ()
        self.outermost: Any = None  # the layer whose call by the user is under way
        self.first_values: Callable[..., Any] | None = None  # replaces the initializers while a file is loaded
        self.watch: Callable[[Any, Any], None] | None = None  # called with each layer and its output, for a Probe
        self.trial: Any = None  # the call on zeros that is under way, see trial.py
        self.tracing = False  # whether a graph is made of a call, see models/trace.py


class _Threads(threading.local):
    def __init__(self) -> None:
        self.context = CallContext()


threads = _Threads()


def call_context() -> CallContext:
    """The context of this thread."""
    return threads.context


def within_scope(build: Callable[..., None]) -> Callable[..., None]:
    """`build`, with the layer's name put before the names of its weights, and `built` set at the end."""

    @functools.wraps(build)
    def scoped(self: Any, *args: Any, **kwargs: Any) -> None:
        context = call_context()
        outer = context.scope
        if outer[-1:] != (self.name,):
            context.scope = (*outer, self.name)
        try:
            build(self, *args, **kwargs)
        finally:
            context.scope = outer
        self.built = True
        if context.trial is not None:
            context.trial.record(self)

    return scoped
