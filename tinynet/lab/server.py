"""The lab's server: pages, descriptions and one websocket a tab; see access.py for who is let in."""

from __future__ import annotations

import asyncio
import contextlib
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
from .course import can_make_notebooks, contents, lesson_notebook, lesson_page
from .messages import SPEEDS
from .outbox import Outbox
from .session import Session
from .turns import Turns
from .words import LANGUAGES

STATIC = Path(__file__).parent / "static"
MOST_SESSIONS = 64
SECONDS_ABANDONED = 60  # after which a session without a browser ends
SECONDS_TO_END = 3.0  # that a session's present step may take when the lab stops
MOST_OF_A_BROWSER = 8  # sessions in a class, so that one reader's tabs lock nobody out
SECONDS_OF_A_RELOAD = 5  # after which a session without a browser makes room for another one
MESSAGES_A_SECOND = 200.0  # that are read from a connection; a page sends up to 100

REFUSED = """<!doctype html><meta charset="utf-8"><title>tinynet lab</title>
<p>Open the link that <code>tinynet lab</code> printed in its terminal: it has the key to this page.</p>
<p lang="ko">터미널에서 <code>tinynet lab</code>이 출력한 주소로 여세요. 그 주소에 이 페이지의 열쇠가 들어 있습니다.</p>
"""
MISDIRECTED = """<!doctype html><meta charset="utf-8"><title>tinynet lab</title>
<p>The lab is opened by an address of numbers, not by a name: open the link that <code>tinynet lab</code> printed.</p>
<p lang="ko">이름이 아니라 숫자로 된 주소로 열어야 합니다. <code>tinynet lab</code>이 출력한 주소로 여세요.</p>
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
            response: ASGIApp = HTMLResponse(MISDIRECTED, 421)
        elif scope["method"] not in ("GET", "HEAD"):
            response = Response("method not allowed", 405)
        elif self.access.is_token(request.query_params.get("token", "")):
            redirect = RedirectResponse("/", 303)  # a browser that is known keeps its name, and so its sessions
            cookie = self.access.new_cookie(browser)
            redirect.set_cookie(self.access.cookie, cookie, httponly=True, samesite="strict")
            response = redirect
        elif browser:
            response = self.app
        else:
            response = HTMLResponse(REFUSED, 403)
        await response(scope, receive, send_with_headers)


class Sessions:
    """The sessions of all browsers: found again after a reload, ended when abandoned.

    Args:
        seats: How many of them may compute at a time.
        most_of_a_browser: How many sessions one browser may have.
    """

    def __init__(self, seats: int = 1, most_of_a_browser: int = MOST_SESSIONS) -> None:
        self.turns = Turns(seats)
        self._most_of_a_browser = most_of_a_browser
        self._sessions: dict[tuple[str, str], Session] = {}
        self._left: dict[tuple[str, str], float] = {}

    def take(self, browser: str, tab: str, deliver: Callable[[dict | bytes], None]) -> tuple[Session, bool] | None:
        """Return the tab's session and whether it was there before; None if there are too many.

        A connection that had the session until now is told that it is `moved`: a browser that duplicates a tab
        duplicates its name, too.
        """
        self.end_abandoned()
        name = (browser, tab)
        session = self._sessions.get(name)
        if session is not None:
            if self._left.pop(name, None) is None:
                session.deliver({"type": "moved"})
            session.deliver = deliver
            return session, True
        of_this, of_all = {one for one in self._sessions if one[0] == browser}, set(self._sessions)
        if not (self._has_room(of_this, self._most_of_a_browser) and self._has_room(of_all, MOST_SESSIONS)):
            return None
        self._sessions[name] = session = Session(self.turns, deliver)
        return session, False

    def leave(self, browser: str, tab: str, session: Session, deliver: Callable[[dict | bytes], None],
              at_once: bool = False) -> None:
        """Note that a connection has ended, unless another one has taken the session over.

        A session that ends `at_once` is not found again after a reload: that of a panel within a lesson.
        """
        if session.deliver is not deliver:
            return
        session.deliver = lambda message: None
        session.unwatch()
        if at_once:
            self._sessions.pop((browser, tab)).end()
        else:
            self._left[browser, tab] = time.monotonic()

    def _has_room(self, names: set[tuple[str, str]], most: int) -> bool:
        """Whether there are fewer than so many; if not, end the one of them whose browser left first, if one has."""
        if len(names) < most:
            return True
        left = [(since, name) for name, since in self._left.items()
                if name in names and time.monotonic() - since >= SECONDS_OF_A_RELOAD]
        if not left:
            return False
        _, name = min(left)
        self._sessions.pop(name).end()
        del self._left[name]
        return True

    def end_abandoned(self, seconds: float = SECONDS_ABANDONED) -> None:
        """End the sessions that have had no browser for so long."""
        for name, since in list(self._left.items()):
            if time.monotonic() - since >= seconds:
                self._sessions.pop(name).end()
                del self._left[name]

    def end_all(self) -> None:
        """End all sessions, and wait for their present steps: a thread within a kernel must not outlive Python."""
        sessions = [*self._sessions.values()]
        for session in sessions:
            session.end()
        deadline = time.monotonic() + SECONDS_TO_END
        for session in sessions:
            session.thread.join(max(0.0, deadline - time.monotonic()))
        self._sessions.clear()

    def __len__(self) -> int:
        return len(self._sessions)


async def send_all(websocket: WebSocket, outbox: Outbox) -> None:
    """Send what comes into the outbox; close the connection of a browser that does not read, or whose session moved.

    Args:
        websocket: Of the tab.
        outbox: Of its connection.
    """
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # the receiver finds the end
        while not outbox.full:
            message = await outbox.get()
            if isinstance(message, bytes):
                await websocket.send_bytes(message)
            else:
                await websocket.send_json(message)
                if message["type"] == "moved":
                    break
        await websocket.close(4409)


async def receive_all(websocket: WebSocket, session: Session) -> None:
    """Pass on what the browser sends, no faster than `MESSAGES_A_SECOND`; one of 2,000 characters counts twice.

    What comes faster waits in the connection, where the sender has to wait, too.

    Args:
        websocket: Of the tab.
        session: Of the tab.

    Raises:
        WebSocketDisconnect: at the end.
    """
    spare, before = MESSAGES_A_SECOND, time.monotonic()
    while True:
        text = await websocket.receive_text()
        now = time.monotonic()
        spare = min(spare + (now - before) * MESSAGES_A_SECOND, MESSAGES_A_SECOND) - 1 - len(text) / 2000
        before = now
        if spare < 0:
            await asyncio.sleep(-spare / MESSAGES_A_SECOND)
        session.receive(text)


def make_app(access: Access, language: str = "", lesson: dict[str, Any] | None = None,
             follow: bool = False, seats: int = 1) -> Starlette:
    """Return the application.

    Args:
        access: Who is let in.
        language: 'en' or 'ko' at first; the browser's own if ''.
        lesson: What `lesson.read_lesson` returned.
        follow: Whether a model of this process is watched: its panel comes first.
        seats: How many sessions may compute at a time.
    """
    sessions = Sessions(seats, MOST_SESSIONS if access.loopback else MOST_OF_A_BROWSER)
    panels = (following_panels() if follow else {}) | all_panels()

    async def page(request: Request) -> Response:
        return FileResponse(STATIC / "index.html")

    lessons = [lesson["name"] for lesson in contents()]
    description = JSONResponse({
        "panels": [panel.describe() for panel in panels.values()], "course": contents(), "language": language,
        "lesson": lesson, "notebooks": can_make_notebooks(),
        "speeds": SPEEDS, "words": {name: words.as_dict() for name, words in COMMON.items()},
    }).body

    async def describe(request: Request) -> Response:
        return Response(description, media_type="application/json")

    async def lesson_of_the_course(request: Request) -> Response:
        name = request.path_params["name"]
        return JSONResponse(lesson_page(name)) if name in lessons else Response("there is no such lesson", 404)

    async def notebook_of_a_lesson(request: Request) -> Response:
        name, lang = request.path_params["name"], request.query_params.get("lang", "en")
        if name not in lessons or lang not in LANGUAGES or not can_make_notebooks():
            return Response("there is no such notebook", 404)
        return Response(lesson_notebook(name, lang), media_type="application/x-ipynb+json",
                        headers={"Content-Disposition": f'attachment; filename="{name}.ipynb"'})

    async def socket_of_a_tab(websocket: WebSocket) -> None:
        await websocket.accept()
        browser = websocket.state.browser
        tab = websocket.query_params.get("tab", "")[:40]
        outbox = Outbox(asyncio.get_running_loop())
        deliver = outbox.put
        taken = sessions.take(browser, tab, deliver)
        if taken is None:
            await websocket.send_json({"type": "full", "words": COMMON["too_many"].as_dict()})
            await websocket.close(4429)
            return
        session, resumed = taken
        sender = None
        try:
            await websocket.send_json({"type": "hello", "resumed": resumed and session.panel is not None})
            sender = asyncio.create_task(send_all(websocket, outbox))
            await receive_all(websocket, session)
        except (WebSocketDisconnect, KeyError, RuntimeError):  # closed; bytes instead of text; closed while sending
            pass
        finally:
            if sender is not None:
                sender.cancel()
            sessions.leave(browser, tab, session, deliver, at_once="brief" in websocket.query_params)

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
        Route("/", page), Route("/describe.json", describe),
        Route("/lessons/{name}.json", lesson_of_the_course), Route("/lessons/{name}.ipynb", notebook_of_a_lesson),
        WebSocketRoute("/session", socket_of_a_tab),
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
        # On Windows, SO_REUSEADDR would let two servers listen on one port.
        option = getattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR)
        listener.setsockopt(socket.SOL_SOCKET, option, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)  # :: stands for IPv4, too
        try:
            listener.bind((host, number))
            listener.listen(128)
            return listener
        except OSError as error:
            listener.close()
            last = error
    raise OSError(f"tinynet lab: cannot listen on {host}, port {port}"
                  f"{f' to {port + 9}' if port else ''}: {last.strerror}. Choose another with --port")
