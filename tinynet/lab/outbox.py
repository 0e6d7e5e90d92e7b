"""What waits for a browser that reads more slowly than its session tells: little, and of pictures the newest alone."""

from __future__ import annotations

import asyncio
import collections
import contextlib
from typing import Any

MOST = 50  # small messages; a page that reads has none or one


class Outbox:
    """Messages from the session's thread to the connection's task.

    Args:
        loop: That of the task.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: collections.deque[dict[str, Any] | bytes] = collections.deque()
        self._filled = asyncio.Event()
        self.full = False  # the browser does not read; its connection is to be closed

    def put(self, message: dict[str, Any] | bytes) -> None:
        """Add a message, from any thread; nothing happens once the loop has ended."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._put, message)

    def _put(self, message: dict[str, Any] | bytes) -> None:
        if isinstance(message, bytes):
            for older in [one for one in self._waiting if isinstance(one, bytes)]:
                self._waiting.remove(older)
        elif len(self._waiting) >= MOST:
            self.full = self.full or message["type"] != "problem"  # of a thousand faults the first fifty are enough
            return
        self._waiting.append(message)
        self._filled.set()

    async def get(self) -> dict[str, Any] | bytes:
        """Return the message that has waited longest."""
        while not self._waiting:
            self._filled.clear()
            await self._filled.wait()
        return self._waiting.popleft()
