"""The server in a thread of a notebook or script, for `model.lab()` and `callbacks.Lab`."""

from __future__ import annotations

import atexit
import os
import threading
import webbrowser
from typing import Any

from ..callbacks.lab import Lab
from .command import check_packages, link

_running: dict[str, Any] = {}
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_running.clear)  # the server's thread is the parent's


def open_page(lab: Lab, port: int, open_browser: bool) -> str:
    """Show a model's training in the browser; start the server at the first call.

    Args:
        lab: The callback that watches it.
        port: The first port to try; 0 for any.
        open_browser: Whether to open the page.

    Returns:
        Its link, on the loopback.

    Raises:
        ModuleNotFoundError: the extra `lab` is not installed.
        OSError: no port is free.
    """
    check_packages("model.lab()")
    from .access import Access
    from .connections import make_server
    from .server import listen, make_app
    from .your_model import watching

    watching[:] = [one for one in watching if one is not lab and one.model is not None]
    watching.append(lab)
    if not _running:
        listener = listen("127.0.0.1", port)
        access = Access(listener.getsockname()[1], loopback=True)
        server = make_server(make_app(access, follow=True))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="tinynet lab", daemon=True)
        thread.start()
        _running.update(server=server, access=access, port=listener.getsockname()[1], thread=thread)
        atexit.register(close)
    access, port = _running["access"], _running["port"]
    if open_browser:
        webbrowser.open(link("127.0.0.1", port, access.new_ticket(), "/model"))
    return link("127.0.0.1", port, access.token, "/model")


def close() -> None:
    """Stop the server, if it runs."""
    if _running:
        _running["server"].should_exit = True
        _running["thread"].join(3)
        _running.clear()
        atexit.unregister(close)
