"""`tinynet lab`: start the server, print the link, open the browser."""

from __future__ import annotations

import argparse
import ipaddress
import os
import re
import signal
import socket
import threading
import webbrowser
from typing import Any

from ..core.extras import import_extra
from ..runtime import get_num_threads, set_num_threads
from .words import LANGUAGES

PORT = 8707


def add_parser(commands: Any, number: Any) -> argparse.ArgumentParser:
    """Add `lab` to the command line.

    Args:
        commands: The parser's subcommands.
        number: Makes an argparse type of (kind, least, most).

    Returns:
        The subcommand's parser.
    """
    lab = commands.add_parser(
        "lab", help="open the course in the browser: its lessons and experiments",
        description="Start a server on this machine, print its link and open it in the browser. Ctrl-C stops it.")
    lab.add_argument("what", nargs="?", metavar="lesson/NAME|PANEL|LESSON.toml",
                     help="a lesson of the course by its name or number ('lesson/momentum', 'lesson/3'); a panel, with "
                          "settings as in its address ('descent?surface=ravine'); or a teacher's file. The table of "
                          "contents if left out")
    lab.add_argument("--host", default="127.0.0.1", metavar="ADDRESS",
                     help="0.0.0.0 lets others in this network in, a class for example, who have the link "
                          "(default: this machine alone)")
    lab.add_argument("--port", type=number(int, 0, 65535), default=PORT, metavar="N",
                     help="the first port to try; 0 for any (default: %(default)s)")
    lab.add_argument("--lang", choices=LANGUAGES, default="", help="language at first; the browser's own if left out")
    lab.add_argument("--no-browser", action="store_true", help="print the link only")
    lab.set_defaults(run=run)
    return lab


def run(arguments: argparse.Namespace) -> int:
    """Serve until Ctrl-C.

    Args:
        arguments: Those that `add_parser` declares.

    Returns:
        The exit code.

    Raises:
        ModuleNotFoundError: the extra `lab` is not installed.
        ValueError: there is no such lesson or panel, the file is no lesson, or the address is none.
        OSError: no port is free.
    """
    check_packages("tinynet lab")
    from .access import Access
    from .connections import make_server
    from .server import listen, make_app
    from .session import SESSION_THREAD

    fragment, lesson = what_to_open(arguments.what)
    try:
        host = ipaddress.ip_address("127.0.0.1" if arguments.host == "localhost" else arguments.host)
    except ValueError:
        raise ValueError(f"--host must be an address such as 127.0.0.1 or 0.0.0.0, got {arguments.host!r}") from None
    loopback = host.is_loopback
    listener = listen(str(host), arguments.port)
    port = listener.getsockname()[1]
    access = Access(port, loopback)
    address = link(own_address() if host.is_unspecified else arguments.host, port, access.token, fragment)
    seats = 1
    if not loopback:  # a class: a core for each session, since the threads of one that wait for a busy core stand still
        seats = get_num_threads()
        set_num_threads(1)
    server = make_server(make_app(access, arguments.lang, lesson, seats=seats))
    in_main_thread = threading.current_thread() is threading.main_thread()
    if in_main_thread:  # Ctrl-C ends it as cleanly before the server runs as afterwards, when uvicorn has the signals
        previous = signal.signal(signal.SIGINT, server.handle_exit)
    print(f"tinynet lab: {address}", flush=True)
    if not loopback:
        print("All who have this link in this network can use the lab. Its traffic is not encrypted: show nothing that "
              "is private.", flush=True)
    print("Stop it with Ctrl-C.", flush=True)
    if not arguments.no_browser:
        local = link("127.0.0.1" if host.is_unspecified else arguments.host, port, access.new_ticket(), fragment)
        opener = threading.Timer(0.3, webbrowser.open, [local])  # once the server answers
        opener.daemon = True
        opener.start()
    try:
        server.run(sockets=[listener])
    finally:
        listener.close()
        if in_main_thread:
            signal.signal(signal.SIGINT, previous)
    print("\ntinynet lab: stopped", flush=True)
    if any(thread.name == SESSION_THREAD for thread in threading.enumerate()):
        os._exit(0)  # one is in a step that does not end: Python's own way out would break it off within a kernel
    return 0


def check_packages(user: str) -> None:
    """Import the packages of the extra `lab`.

    Args:
        user: What needs them, for the message.

    Raises:
        ModuleNotFoundError: one is not installed.
    """
    for module, package in (("starlette", None), ("uvicorn", None), ("websockets", None),
                            ("markdown_it", "markdown-it-py"), ("mdit_py_plugins", "mdit-py-plugins")):
        import_extra(module, "lab", user, package)


def link(host: str, port: int, token: str, fragment: str = "") -> str:
    """Return the link that lets a browser in.

    >>> link("127.0.0.1", 8707, "abc", "/descent")
    'http://127.0.0.1:8707/?token=abc#/descent'
    """
    host = f"[{host}]" if ":" in host else host
    return f"http://{host}:{port}/?token={token}{f'#{fragment}' if fragment else ''}"


def what_to_open(what: str | None) -> tuple[str, dict[str, Any] | None]:
    """Return (the part of the address after #, a teacher's lesson or None) for the command's argument.

    Raises:
        ValueError: it is neither a lesson nor a panel nor a teacher's file.

    >>> what_to_open("lesson/3")
    ('/lesson/03_momentum', None)
    """
    from ..lessons import find_lesson
    from .catalogue import all_panels
    from .lesson import read_lesson

    if not what:
        return "", None
    if what.partition("?")[0] in all_panels():  # the settings are checked where they arrive, as those of any link
        return f"/{what}", None
    if what.endswith(".toml"):
        return "/lesson/1", read_lesson(what)
    if what.startswith("lesson/"):
        name, *rest = re.split("([/?])", what.removeprefix("lesson/"), maxsplit=1)  # a heading or ?lang=ko may follow
        return f"/lesson/{find_lesson(name).name}{''.join(rest)}", None
    raise ValueError(f"there is no panel {what!r}; there are {', '.join(all_panels())}. "
                     "A lesson is opened by lesson/NAME; a teacher's file ends in .toml")


def own_address() -> str:
    """Return this machine's address in its network, as others see it; the loopback's if it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address of documentation: nothing is sent
            return probe.getsockname()[0]
        except OSError:
            return "127.0.0.1"
