"""The connections below the application: a request must be there within seconds, or its connection is closed.

Without that, anyone in the network, though without the link, could open connections, send nothing or a letter a second,
and leave no descriptors for the class.
"""

from __future__ import annotations

import asyncio
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

SECONDS_OF_A_REQUEST = 10.0


class Impatient(H11Protocol):
    """HTTP whose requests come whole within `SECONDS_OF_A_REQUEST`. Between two requests uvicorn waits 5 seconds."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._deadline = self.loop.call_later(SECONDS_OF_A_REQUEST, transport.close)

    def data_received(self, data: bytes) -> None:
        """Take a part of a request; while it is not whole, the time goes on."""
        super().data_received(data)
        whole = self not in self.connections or self.conn.their_state not in (h11.IDLE, h11.SEND_BODY)
        if whole and self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        elif not whole and self._deadline is None:
            self._deadline = self.loop.call_later(SECONDS_OF_A_REQUEST, self.transport.close)

    def on_response_complete(self) -> None:
        """Forget the request that was answered."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)


def make_server(app: Any) -> uvicorn.Server:
    """Return the server of an application; `run(sockets=[...])` serves.

    Args:
        app: The application.
    """
    return uvicorn.Server(uvicorn.Config(app, http=Impatient, log_level="error", access_log=False, ws_max_size=1 << 20,
                                         timeout_graceful_shutdown=1, server_header=False))
