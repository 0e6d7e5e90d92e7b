"""Who may use the lab: the holder of the link that its start prints, from a page of the lab itself.

Every start prints a link with a token. The first request trades it for a cookie, which scripts cannot read and other
sites cannot send, and is redirected to the address without the token. The cookie is signed with a key in the user's own
folder, so that pages go on after the lab was started anew: for a week, or in a class until the next day. A cookie of
one's own lab is none of a class, and the other way round.

The browser that the lab opens itself gets a ticket instead, which is good once and for a minute: other users of the
machine can read the arguments of its process.

Two attacks come from pages of other sites in the same browser. DNS rebinding makes a foreign name lead to this server:
the Host header then has that name, and only addresses and loopback names are answered. A websocket is not bound by the
same-origin rule: its Origin header must be the server's own.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import math
import os
import secrets
import time
from pathlib import Path
from urllib.parse import urlsplit

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'self' http://127.0.0.1:* http://localhost:*"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
}

SECONDS_OF_A_COOKIE = 7 * 86400
SECONDS_OF_A_COOKIE_IN_CLASS = 86400
SECONDS_OF_A_TICKET = 60


class Access:
    """The token of one start, and the checks of every request.

    Args:
        port: Of the server; a part of the cookie's name, since cookies do not tell ports apart.
        loopback: Whether the server listens on the loopback only.
        key: Of the signatures; that of the user's folder if None.
    """

    def __init__(self, port: int, loopback: bool, key: bytes | None = None) -> None:
        self.token = secrets.token_urlsafe(24)
        self.cookie = f"tinynet_lab_{port}"
        self.loopback = loopback
        self._key = key or user_key()
        self._tickets: dict[str, float] = {}

    def is_token(self, given: str) -> bool:
        """Whether the text is this start's token, or a ticket; a ticket is used up by that."""
        if hmac.compare_digest(given.encode(), self.token.encode()):
            return True
        return time.monotonic() < self._tickets.pop(given, -math.inf) + SECONDS_OF_A_TICKET

    def new_ticket(self) -> str:
        """Return what is good in place of the token, once and for a minute."""
        ticket = secrets.token_urlsafe(24)
        self._tickets[ticket] = time.monotonic()
        return ticket

    def new_cookie(self, name: str | None = None) -> str:
        """Return the value of a browser's cookie: its name, the time, and their signature.

        Args:
            name: Of a browser that has one; a new random one if None.
        """
        signed = f"{name or secrets.token_urlsafe(12)}.{int(time.time())}"
        return f"{signed}.{self._signature(signed)}"

    def browser(self, cookie: str | None) -> str | None:
        """Return the browser's name in a cookie; None if it is not signed by this user's key, or too old."""
        signed, _, signature = (cookie or "").rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(signed).encode()):
            return None
        name, _, since = signed.rpartition(".")
        valid = SECONDS_OF_A_COOKIE if self.loopback else SECONDS_OF_A_COOKIE_IN_CLASS
        return name if name and time.time() - int(since) < valid else None

    def _signature(self, signed: str) -> str:
        kind = "own" if self.loopback else "class"
        return hmac.new(self._key, f"{kind} {self.cookie} {signed}".encode(), hashlib.sha256).hexdigest()

    def is_own_host(self, host: str | None) -> bool:
        """Whether a Host header names this server by an address or a loopback name, not by a foreign name."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name == "localhost":
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or not self.loopback

    def is_own_origin(self, origin: str | None, host: str | None) -> bool:
        """Whether a websocket comes from a page of this server."""
        return bool(host) and origin == f"http://{host}"


def user_key() -> bytes:
    """Return the key in the user's folder, made at first use and readable by the user alone.

    Where no file can be written, or others can read it, the key is a new one each time.
    """
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    path = Path(base) / "tinynet" / "lab-key"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(secrets.token_bytes(32))
        except FileExistsError:
            pass
        with open(path, "rb") as file:
            status = os.fstat(file.fileno())
            key = file.read(33)
        if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & 0o077):
            key = b""  # others may know it, or have put it there
    except OSError:
        key = b""
    return key if len(key) == 32 else secrets.token_bytes(32)
