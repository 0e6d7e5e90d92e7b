"""The lab's server: pages, descriptions and one websocket a tab; see access.py for who is let in."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from .access import HEADERS, Access
from .catalogue import all_panels, following_panels
from .common_words import COMMON
from .messages import SPEEDS
from .session import Session, Turns

STATIC = Path(__file__).parent / "static"
MOST_SESSIONS = 64
SECONDS_ABANDONED = 60  # after which a session without a browser ends
MOST_UNSENT = 50  # small messages that wait for a browser; frames never wait, see session.py

REFUSED = """<!doctype html><meta charset="utf-8"><title>tinynet lab</title>
<p>Open the link that <code>tinynet lab</code> printed in its terminal: it has the key to this page.</p>
<p lang="ko">터미널에서 <code>tinynet lab</code>이 출력한 주소로 여세요. 그 주소에 이 페이지의 열쇠가 들어 있습니다.</p>
"""


class Guard:
    """Checks every request and adds the security headers; a middleware.

    Args:
        app: What answers the requests that pass.
        access: The checks.
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app, self.access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it with a refusal."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host")
        browser = self.access.browser(Request({**scope, "type": "http"}).cookies.get(self.access.cookie))
        scope["state"] = {**scope.get("state", {}), "browser": browser}
        own = self.access.is_own_host(host)
        if scope["type"] == "websocket":
            if own and browser and self.access.is_own_origin(headers.get("origin"), host):
                await self.app(scope, receive, send)
            else:
                await WebSocket(scope, receive, send).close(4403)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"],
                                      *((name.lower().encode(), value.encode()) for name, value in HEADERS.items())]
            await send(message)

        request = Request(scope)
        if not own:
            response: ASGIApp = Response("misdirected request", 421)
        elif scope["method"] not in ("GET", "HEAD"):
            response = Response("method not allowed", 405)
        elif self.access.is_token(request.query_params.get("token", "")):
            redirect = RedirectResponse(scope["path"], 303)
            redirect.set_cookie(self.access.cookie, self.access.new_cookie(), httponly=True, samesite="strict")
            response = redirect
        elif browser:
            response = self.app
        else:
            response = HTMLResponse(REFUSED, 403)
        await response(scope, receive, send_with_headers)


class Sessions:
    """The sessions of all browsers: found again after a reload, ended when abandoned.

    Args:
        places: How many of them may compute at a time.
    """

    def __init__(self, places: int = 1) -> None:
        self.turns = Turns(places)
        self._sessions: dict[tuple[str, str], Session] = {}
        self._left: dict[tuple[str, str], float] = {}

    def take(self, browser: str, tab: str, deliver: Callable[[dict | bytes], None]) -> tuple[Session, bool] | None:
        """Return the tab's session and whether it was there before; None if there are too many."""
        self.end_abandoned()
        name = (browser, tab)
        self._left.pop(name, None)
        session = self._sessions.get(name)
        if session is not None:
            session.deliver = deliver
            return session, True
        if len(self._sessions) >= MOST_SESSIONS:
            return None
        self._sessions[name] = session = Session(self.turns, deliver)
        return session, False

    def leave(self, browser: str, tab: str, session: Session, deliver: Callable[[dict | bytes], None]) -> None:
        """Note that a connection has ended, unless another one has taken the session over."""
        if session.deliver is deliver:
            session.deliver = lambda message: None
            self._left[browser, tab] = time.monotonic()

    def end_abandoned(self, seconds: float = SECONDS_ABANDONED) -> None:
        """End the sessions that have had no browser for so long."""
        for name, since in list(self._left.items()):
            if time.monotonic() - since >= seconds:
                self._sessions.pop(name).end()
                del self._left[name]

    def end_all(self) -> None:
        """End all sessions."""
        for session in self._sessions.values():
            session.end()
        self._sessions.clear()

    def __len__(self) -> int:
        return len(self._sessions)


def make_app(access: Access, language: str = "", lesson: dict[str, Any] | None = None,
             follow: bool = False, places: int = 1) -> Starlette:
    """Return the application.

    Args:
        access: Who is let in.
        language: 'en' or 'ko' at first; the browser's own if ''.
        lesson: What `lesson.read_lesson` returned.
        follow: Whether a model of this process is watched: its panel comes first.
        places: How many sessions may compute at a time.
    """
    sessions = Sessions(places)
    panels = (following_panels() if follow else {}) | all_panels()

    async def page(request: Request) -> Response:
        return FileResponse(STATIC / "index.html")

    async def describe(request: Request) -> Response:
        return JSONResponse({
            "panels": [panel.describe() for panel in panels.values()], "language": language, "lesson": lesson,
            "speeds": SPEEDS, "words": {name: words.as_dict() for name, words in COMMON.items()},
        })

    async def socket_of_a_tab(websocket: WebSocket) -> None:
        await websocket.accept()
        browser = websocket.state.browser
        tab = websocket.query_params.get("tab", "")[:40]
        loop = asyncio.get_running_loop()
        outbox: asyncio.Queue[dict | bytes] = asyncio.Queue()

        def deliver(message: dict | bytes) -> None:  # called in the session's thread
            if outbox.qsize() < MOST_UNSENT and not loop.is_closed():
                loop.call_soon_threadsafe(outbox.put_nowait, message)

        taken = sessions.take(browser, tab, deliver)
        if taken is None:
            await websocket.send_json({"type": "problem", "words": COMMON["too_many"].as_dict()})
            await websocket.close(4429)
            return
        session, resumed = taken
        await websocket.send_json({"type": "hello", "resumed": resumed and session.panel is not None})

        async def send() -> None:
            while True:
                message = await outbox.get()
                if isinstance(message, bytes):
                    await websocket.send_bytes(message)
                else:
                    await websocket.send_json(message)

        sender = asyncio.create_task(send())
        try:
            while True:
                session.receive(await websocket.receive_text())
        except (WebSocketDisconnect, KeyError, RuntimeError):  # closed; bytes instead of text; closed while sending
            pass
        finally:
            sender.cancel()
            sessions.leave(browser, tab, session, deliver)

    async def sweep() -> None:
        while True:
            await asyncio.sleep(5)
            sessions.end_abandoned()

    class Lifespan:
        def __init__(self, app: Starlette) -> None:
            self.task: asyncio.Task | None = None

        async def __aenter__(self) -> None:
            self.task = asyncio.create_task(sweep())

        async def __aexit__(self, *exception: object) -> None:
            assert self.task is not None
            self.task.cancel()
            sessions.end_all()

    app = Starlette(routes=[
        Route("/", page), Route("/describe.json", describe), WebSocketRoute("/session", socket_of_a_tab),
        Mount("/static", StaticFiles(directory=STATIC)),
    ], lifespan=Lifespan)
    app.add_middleware(Guard, access=access)
    app.state.sessions = sessions
    return app


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on the port, or on the next free one of ten.

    Args:
        host: Address to listen on.
        port: The first to try; 0 for any free one.

    Raises:
        OSError: none of them is free, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for number in range(port, port + 10 if port else 1):
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, number))
            listener.listen(128)
            return listener
        except OSError as error:
            listener.close()
            last = error
    raise OSError(f"tinynet lab: cannot listen on {host}, port {port}"
                  f"{f' to {port + 9}' if port else ''}: {last.strerror}. Choose another with --port")
