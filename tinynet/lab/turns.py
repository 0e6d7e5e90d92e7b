"""How the sessions of a class share the cores."""

from __future__ import annotations

import collections
import threading


class Turns:
    """A lock whose waiters get it in the order in which they came, so that sessions share the cores fairly.

    Args:
        seats: How many sessions may compute at a time: 1 where each uses all cores, else the number of cores.
    """

    def __init__(self, seats: int = 1) -> None:
        self._lock = threading.Lock()
        self._waiting: collections.deque[threading.Lock] = collections.deque()
        self._free = seats

    @property
    def crowded(self) -> bool:
        """Whether some wait for their turn."""
        return bool(self._waiting)

    def __enter__(self) -> Turns:
        with self._lock:
            if self._free:
                self._free -= 1
                return self
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        mine.acquire()
        return self

    def __exit__(self, *exception: object) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1
