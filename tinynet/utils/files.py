"""Files that are written whole or not at all, and the folder for what is downloaded.

The cache folder is $TINYNET_HOME, else $XDG_CACHE_HOME/tinynet, else ~/.cache/tinynet.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

STALE_SECONDS = 24 * 3600  # leftovers of killed downloads are removed after a day


def cache_folder() -> Path:
    """Return the folder for downloads (see the head of this file). It may not exist yet."""
    home = os.environ.get("TINYNET_HOME")
    if home:
        return Path(home).expanduser()
    xdg = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(xdg) if os.path.isabs(xdg) else Path.home() / ".cache") / "tinynet"


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[Any]:
    """Open a file to write that appears under `path` only when it is complete and on the disk.

    In any case (an exception, a kill, a power cut), `path` holds the old file or the new one, whole. An exception
    removes
    the unfinished file; the next writer removes what a kill leaves. The mode bits of an old file are kept, and a
    symbolic
    link keeps its target.

    Raises:
        OSError: as raised, with the path.
    """
    path = Path(os.path.realpath(path))
    sweep_leftovers(path)
    try:
        with _open_locked(path) as file:
            temporary = Path(file.name)
            try:
                yield file
                file.flush()
                os.fsync(file.fileno())
                os.replace(temporary, path)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
    except OSError as error:
        if error.filename is None:  # a full disk, met while writing or closing
            error.filename = str(path)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the new name, too, must survive a power cut
    finally:
        os.close(folder)


def _open_locked(path):
    """A new file beside `path`, locked for as long as it is open: the lock tells sweepers that its writer lives."""
    while True:
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
        try:
            file = open(temporary, "xb")  # noqa: SIM115, the caller closes it
        except OSError as error:
            error.filename = str(path)  # what the user named
            raise
        try:
            if path.exists():
                os.fchmod(file.fileno(), path.stat().st_mode & 0o777)  # a new file's mode follows the umask
            if _lock(file) is not False and os.fstat(file.fileno()).st_nlink:
                return file
            temporary.unlink(missing_ok=True)  # a sweeper was faster than the lock: once more
        except BaseException:
            temporary.unlink(missing_ok=True)
            file.close()
            raise
        file.close()


def _lock(file):
    """Try to lock an open file; False if another process holds it, None where the file system has no locks."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def sweep_leftovers(path: Path) -> None:
    """Remove unfinished files of processes that were killed while they wrote `path`.

    A living writer holds a lock on its file; where the file system has no locks, a day must have passed.
    """
    prefix = f".{path.name}."
    with contextlib.suppress(OSError):
        for name in os.listdir(path.parent):
            if name.startswith(prefix) and name.endswith(".tmp"):
                leftover = path.with_name(name)
                with open(leftover, "rb") as file:
                    locked = _lock(file)
                    if locked or locked is None and time.time() - leftover.stat().st_mtime > STALE_SECONDS:
                        leftover.unlink()
