"""One thread at a time changes or reads a model's weights."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any


class Turns:
    """What the methods of one model take in turns when several threads call them.

    A plain lock would not do: `fit` takes it again within microseconds of releasing it, before a thread that waits for
    it has woken up. Here the one who waits is next.
    """

    def __init__(self) -> None:
        self._turn = threading.RLock()  # of the thread that uses the model; it may call the model's methods again
        self._next = threading.Lock()  # of the thread that waits for the turn; the others wait for this one

    def quickly(self) -> Any:
        """The same as `taken`, for a loop: without a call of Python where no other thread waits."""
        return self.taken() if self._next.locked() else self._turn

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """A block within which no other thread is in such a block.

        >>> turns = Turns()
        >>> with turns.taken(), turns.taken():
        ...     pass
        """
        mine = self._turn._is_owned  # type: ignore[attr-defined]  # what threading.Condition asks, too
        if mine():
            yield
            return
        try:  # Ctrl-C may come at any moment from here on
            with self._next:
                self._turn.acquire()
            yield
        finally:
            if mine():
                self._turn.release()

    def __reduce__(self) -> Any:
        return Turns, ()  # a copy of a model has turns of its own
