"""Files that are written whole or not at all, and the folder for what is downloaded.

The cache folder is $TINYNET_HOME, else $XDG_CACHE_HOME/tinynet, else ~/.cache/tinynet.

Linux and macOS have locks that end with their process, and rename and remove files that are open. Windows has no such
locks, refuses to rename or remove what is open, and opens no folders: there, a file is closed before it gets its name,
and what a killed process leaves is removed after a day.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..shares import process

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

STALE_SECONDS = 24 * 3600  # leftovers that no lock tells from the files of living writers are removed after a day
BUSY_TRIES, BUSY_SECONDS = 20, 0.05  # on Windows a virus scanner holds a new file open for a moment


def cache_folder() -> Path:
    """Return the folder for downloads (see the head of this file). It may not exist yet."""
    home = os.environ.get("TINYNET_HOME")
    if home:
        return Path(home).expanduser()
    xdg = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(xdg) if os.path.isabs(xdg) else Path.home() / ".cache") / "tinynet"


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike[str], by_all: bool = False) -> Iterator[Any]:
    """Open a file to write that appears under `path` only when it is complete and on the disk.

    In any case (an exception, a kill, a power cut), `path` holds the old file or the new one, whole. An exception
    removes the unfinished file; the next writer into the same folder removes what a kill leaves, under whatever name.
    The mode bits of an old file are kept, and a symbolic link keeps its target. Where several processes train one model
    (`tinynet.distribution`), the first one writes, and what the others write goes nowhere.

    Args:
        path: The file.
        by_all: Whether each of these processes writes, as hosts without a common disk need it of downloads.

    Raises:
        OSError: as raised, with the path.
    """
    if not (process.writes or by_all):
        import tempfile  # late

        with tempfile.TemporaryFile() as nowhere:
            yield nowhere
        return
    path = Path(os.path.realpath(path))
    sweep_leftovers(path)
    unfinished: list[Path] = []
    try:
        with _open_locked(path, unfinished) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            if fcntl is None:
                file.close()
            _replace(unfinished[-1], path)
    except BaseException as error:
        for leftover in unfinished:
            _remove(leftover)
        if isinstance(error, OSError) and error.filename is None:  # a full disk, met while writing or closing
            error.filename = str(path)
        raise
    if fcntl is None:
        return
    with _descriptor(path.parent) as folder:
        os.fsync(folder)  # the new name, too, must survive a power cut


def _replace(temporary, path):
    """Give a file or folder its name. Windows refuses while another program has one of them open: some more tries."""
    for rest in reversed(range(1 if fcntl is not None else BUSY_TRIES)):
        try:
            os.replace(temporary, path)
            return
        except PermissionError:
            if not rest:
                raise
            time.sleep(BUSY_SECONDS)


@contextlib.contextmanager
def _open_locked(path, unfinished):
    """A new file beside `path`, locked for as long as it is open: the lock tells sweepers that its writer lives.

    Its name joins the list `unfinished` before it is made: whenever Ctrl-C comes, the file is found and removed. It is
    closed when the block ends: Windows removes no open file.
    """
    while True:
        unfinished.append(path.with_name(temporary_name(path.name)))
        try:
            file = open(unfinished[-1], "xb")  # noqa: SIM115, closed below
        except OSError as error:
            error.filename = str(path)  # what the user named
            raise
        try:
            if path.exists() and hasattr(os, "fchmod"):
                os.fchmod(file.fileno(), path.stat().st_mode & 0o777)  # a new file's mode follows the umask
            if _lock(file) is not False and os.fstat(file.fileno()).st_nlink:
                yield file
                file.close()
                return
        finally:
            with contextlib.suppress(OSError):  # a full disk, if something else went wrong before
                file.close()
        unfinished[-1].unlink(missing_ok=True)  # a sweeper was faster than the lock: once more


def _lock(file):
    """Try to lock an open file; False if another process holds it, None where the system or the disk has no locks."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def copy_or_link(path: Path, second: Path) -> None:
    """Let `second`, in the same folder, hold what `path` holds: a second name where the disk has hard links.

    The file that had the name is replaced by a whole one, or stays.

    Raises:
        OSError: as raised.
    """
    temporary = second.with_name(temporary_name(second.name))
    try:
        try:
            os.link(path, temporary)
        except OSError:  # a disk without hard links, such as a USB stick
            import shutil  # late

            shutil.copyfile(path, temporary)
        _replace(temporary, second)
    finally:
        temporary.unlink(missing_ok=True)


def temporary_name(name: str) -> str:
    """Return the name, never the same, under which a file or folder of this name is made."""
    import secrets  # late

    return f".{name}.{secrets.token_hex(6)}.tinynet.tmp"


_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{12}\.tinynet\.tmp", re.DOTALL)


def sweep_leftovers(path: Path) -> None:
    """Remove unfinished files and folders of processes that were killed while they wrote into the folder of `path`.

    All of them, since the next file may have another name, such as that of the next epoch. A living writer holds a lock
    on its file or folder; where the system (Windows) or the disk has no locks, a day must have passed.
    """
    own = f".{path.name}."
    try:
        names = os.listdir(path.parent)
    except OSError:
        return
    for name in names:
        # The second form was written by version 0.1.
        if not (_TEMPORARY.fullmatch(name) or name.startswith(own) and name.endswith(".tmp")):
            continue
        leftover = path.with_name(name)
        with contextlib.suppress(OSError):  # another sweeper was faster, or it is not ours
            if leftover.is_symlink() or not (leftover.is_file() or leftover.is_dir()):
                continue
            with _descriptor(leftover) as descriptor:
                locked = _lock(descriptor)
                if locked or locked is None and time.time() - leftover.stat().st_mtime > STALE_SECONDS:
                    _remove(leftover)


@contextlib.contextmanager
def _descriptor(path):
    """An open descriptor of a file or folder, not through a link; None where there are no locks (Windows)."""
    if fcntl is None:
        yield None
        return
    opened: list[int] = []
    try:
        # Python looks for Ctrl-C after a call. `extend` opens and keeps in one call, so that nothing is left open.
        opened.extend(map(os.open, (path,), (os.O_RDONLY | os.O_NOFOLLOW,)))
        yield opened[0]
    finally:
        for descriptor in opened:
            os.close(descriptor)


def _remove(path):
    import shutil  # late

    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Make a folder that appears under `path`, in place of an old one, only when the block ends without an exception.

    In any case `path` holds the old folder or the new one, whole; a kill between two renames leaves none. An exception
    removes the unfinished folder; the next writer into the same folder removes what a kill leaves. A symbolic link
    keeps its target.

    Raises:
        OSError: as raised.
    """
    path = Path(os.path.realpath(path))
    sweep_leftovers(path)
    unfinished: list[Path] = []
    try:
        with contextlib.ExitStack() as locks:
            temporary = _make_locked(path, unfinished, locks)
            yield temporary
            replace_folder(temporary, path)
    finally:
        for leftover in unfinished:
            _remove(leftover)


def replace_folder(temporary: Path, path: Path) -> None:
    """Give a complete folder its name. An older one is renamed first and removed last: no part of it is ever there.

    Args:
        temporary: The folder, on the same disk.
        path: Its name to be. After an exception it holds the older folder or the new one.

    Raises:
        OSError: as raised.
    """
    old = path.with_name(temporary_name(path.name))
    try:
        if os.path.lexists(path):
            _replace(path, old)
        _replace(temporary, path)
        _remove(old)
    except BaseException:
        if os.path.lexists(path):
            _remove(old)
        elif os.path.lexists(old):
            _replace(old, path)
        raise


def _make_locked(path, unfinished, locks):
    """A new folder beside `path`, locked until `locks` ends. Its name joins `unfinished` before it is made."""
    while True:
        unfinished.append(path.with_name(temporary_name(path.name)))
        unfinished[-1].mkdir()
        try:
            descriptor = locks.enter_context(_descriptor(unfinished[-1]))
        except FileNotFoundError:  # a sweeper was faster than the lock: once more
            continue
        if _lock(descriptor) is not False and unfinished[-1].exists():
            return unfinished[-1]
