"""A lab that runs in this process, for tests: the real server on a free port, and a client of its websocket."""

import contextlib
import json
import struct
import threading
import time
import urllib.error
import urllib.request

import numpy as np
from websockets.sync.client import connect

from tinynet.lab.access import Access
from tinynet.lab.connections import make_server
from tinynet.lab.server import listen, make_app

TYPES = {"u1": "u1", "i1": "i1", "i2": "<i2", "u2": "<u2", "i4": "<i4", "u4": "<u4", "f4": "<f4", "f8": "<f8"}


def decode(frame):
    """The state that `frames.encode` wrote: the inverse, as the browser has it."""
    (length,) = struct.unpack_from("<I", frame)

    def arrays(value):
        if "array" in value:
            kind, offset, *shape = value["array"]
            return np.frombuffer(frame, TYPES[kind], int(np.prod(shape)), 4 + length + offset).reshape(shape)
        if "number" in value:
            return float(value["number"])
        return value

    return json.loads(frame[4 : 4 + length], object_hook=arrays)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args):
        return None


class Lab:
    """A running lab.

    Attributes:
        base: Its address.
        access: Its `Access`.
        sessions: Its `Sessions`.
    """

    def __init__(self, port, access, sessions):
        self.base, self.access, self.sessions = f"http://127.0.0.1:{port}", access, sessions
        self.cookie = f"{access.cookie}={access.new_cookie()}"

    def get(self, path="/", headers=None, method="GET"):
        """(status, headers, body) of a request, without following a redirect; with a cookie unless one is given."""
        headers = {"Cookie": self.cookie, **(headers or {})}
        request = urllib.request.Request(self.base + path, headers=headers, method=method)
        try:
            with urllib.request.build_opener(_NoRedirect).open(request, timeout=20) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def tab(self, name="tab", **headers):
        """A client of the websocket."""
        given = {"Cookie": self.cookie, "Origin": self.base, **headers}
        origin = given.pop("Origin")
        return Tab(connect(f"ws{self.base[4:]}/session?tab={name}", origin=origin, additional_headers=given,
                           max_size=None, open_timeout=20))


class Tab:
    """One websocket. `said` has all messages that came, by type."""

    def __init__(self, connection):
        self._open = contextlib.ExitStack()
        self.socket, self.said, self.frames = self._open.enter_context(connection), {}, 0
        self.receive()

    def send(self, do, **values):
        self.socket.send(json.dumps({"do": do, **values}))

    def receive(self, timeout=20):
        """The next message: a dict with its type, or a frame's."""
        message = self.socket.recv(timeout=timeout)
        if isinstance(message, bytes):
            self.frames += 1
            self.frame = decode(message)
            return {"type": "frame", **self.frame}
        message = json.loads(message)
        self.said[message["type"]] = message
        return message

    def until(self, kind, timeout=20):
        """The next message of a type."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            message = self.receive(end - time.monotonic())
            if message["type"] == kind:
                return message
        raise TimeoutError(f"no {kind}; there came {list(self.said)}")

    def picture(self, step=None, timeout=20):
        """The next frame; the next one of a step, if given."""
        end = time.monotonic() + timeout
        while True:
            self.send("ready")
            frame = self.until("frame", end - time.monotonic())
            if step is None or frame["step"] == step:
                return frame

    def close(self):
        self._open.close()


@contextlib.contextmanager
def running_lab(loopback=True, **options):
    """A lab on a free port, stopped at the end."""
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    access = Access(port, loopback, key=b"k" * 32)
    app = make_app(access, **options)
    server = make_server(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield Lab(port, access, app.state.sessions)
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
        assert not thread.is_alive(), "the server does not stop"
