"""What Windows and macOS lack of what Linux has, taken away from this process; and Windows' refusals.

    python tests/other_systems.py windows PROGRAM     runs a Python program so
    TINYNET_LIKE=windows pytest -p other_systems ...  (PYTHONPATH=tests) runs tests so, on the NumPy backend

Taken away are modules, names of `os` and `signal`, and the compiled modules. Windows renames and removes no file that
is open or mapped into memory, opens no folder, and has another encoding than UTF-8 for texts of which a program tells
none: that is refused here with the same exceptions. What is not simulated: paths with backslashes, Windows' consoles.
"""

import builtins
import errno
import functools
import importlib.abc
import os
import shutil
import signal
import socket
import subprocess
import sys
import types
import warnings
from pathlib import Path

UNLIKE = {
    "windows": {
        "modules": "fcntl resource pwd grp termios tty pty syslog readline crypt nis spwd",
        "os": "fork forkpty killpg setsid getsid getuid geteuid getgid getegid getpgid getpgrp setpgid setpgrp setuid "
              "seteuid setgid setegid setreuid setregid setresuid setresgid getresuid getresgid getgroups setgroups "
              "initgroups fchmod fchown chown lchown chroot fchdir sysconf pathconf fpathconf confstr statvfs fstatvfs "
              "mkfifo mknod major minor makedev nice getloadavg getpriority setpriority uname ctermid ttyname openpty "
              "lockf sendfile pread pwrite preadv pwritev readv writev posix_fadvise posix_fallocate fdatasync sync "
              "posix_spawn posix_spawnp wait wait3 wait4 waitid pidfd_open memfd_create register_at_fork "
              "sched_getaffinity sched_setaffinity sched_yield getxattr setxattr listxattr removexattr "
              "O_NOFOLLOW O_NONBLOCK O_DIRECTORY O_CLOEXEC O_SYNC O_DSYNC O_NOCTTY O_TMPFILE O_ASYNC O_PATH",
        "signal": "SIGALRM SIGKILL SIGUSR1 SIGUSR2 SIGHUP SIGQUIT SIGSTOP SIGCONT SIGTSTP alarm setitimer getitimer "
                  "ITIMER_REAL pause pthread_kill sigwait siginterrupt pidfd_send_signal",
        "socket": "SO_REUSEPORT",
    },
    "macos": {
        "modules": "spwd",
        "os": "sched_getaffinity sched_setaffinity pidfd_open memfd_create posix_fadvise posix_fallocate setresuid "
              "setresgid getresuid getresgid getxattr setxattr listxattr removexattr O_TMPFILE O_PATH",
        "signal": "pidfd_send_signal",
        "socket": "",
    },
}
NO_FOLDERS = ("/proc", "/sys")


class _Compiled(importlib.abc.MetaPathFinder):
    """Finds no compiled module of tinynet."""

    def find_spec(self, name, path=None, target=None):
        if name == "tinynet._native" or name.startswith(("tinynet.data.", "tinynet.augment.")) and any(
                any(Path(entry).glob(f"{name.rpartition('.')[2]}.*.so")) for entry in path or ()):
            raise ModuleNotFoundError(f"{name}: no compiled modules on this system", name=name)
        return None


def _is_in_use(path):
    """Whether this process has a file open, or mapped; of a folder, one in it."""
    path = os.path.realpath(path)
    used = set()
    for number in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{number}")
        except OSError:
            continue
        if not os.path.isdir(target):
            used.add(target)
    with _open("/proc/self/maps", encoding="utf-8") as file:
        used |= {line.rstrip("\n").split(maxsplit=5)[5] for line in file if len(line.split(maxsplit=5)) == 6}
    return path in used or any(name.startswith(path + os.sep) for name in used)


def _refuse_in_use(path):
    if isinstance(path, str | bytes | os.PathLike) and _is_in_use(os.fsdecode(path)):
        raise PermissionError(errno.EACCES, "The process cannot access the file because it is being used by another "
                              "process (simulated)", os.fspath(path))


def _refusing(function, count):
    @functools.wraps(function)
    def refusing(*paths, **named):
        for path in paths[:count]:
            _refuse_in_use(path)
        return function(*paths, **named)

    return refusing


_open, _os_open = builtins.open, os.open


def _open_as_windows(file, mode="r", buffering=-1, encoding=None, *rest, **named):
    if isinstance(file, str | os.PathLike):
        if os.path.isdir(file):
            raise PermissionError(errno.EACCES, "Permission denied (simulated)", os.fspath(file))
        if "w" in mode and os.path.exists(file):
            mapped = [line for line in _open("/proc/self/maps", encoding="utf-8")
                      if line.rstrip("\n").endswith(os.path.realpath(file))]
            if mapped:
                raise OSError(errno.EINVAL, "Invalid argument: the file is mapped (simulated)", os.fspath(file))
    caller = sys._getframe(1).f_globals.get("__name__", "")
    if "b" not in mode and encoding is None and caller.partition(".")[0] == "tinynet":
        warnings.warn("a text file is opened without an encoding", EncodingWarning, stacklevel=2)
    return _open(file, mode, buffering, encoding, *rest, **named)


def _os_open_as_windows(path, *rest, **named):
    if os.path.isdir(path):
        raise PermissionError(errno.EACCES, "Permission denied (simulated)", os.fspath(path))
    return _os_open(path, *rest, **named)


def _without_folders(function, missing):
    @functools.wraps(function)
    def opening(path, *rest, **named):
        if isinstance(path, str | os.PathLike) and os.fspath(path).startswith(NO_FOLDERS):
            if missing is not None:
                return missing
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.fspath(path))
        return function(path, *rest, **named)

    return opening


def become(system):
    """Take away what `system`, "windows" or "macos", lacks. For the rest of the process."""
    lacking = UNLIKE[system]
    # NumPy and the standard library are loaded first: theirs are those of the system on which they run.
    import asyncio  # noqa: F401
    import concurrent.futures  # noqa: F401
    import ctypes.util  # noqa: F401
    import logging.handlers  # noqa: F401
    import multiprocessing.context  # noqa: F401
    import multiprocessing.util  # noqa: F401
    import platform
    import random  # noqa: F401
    import socketserver  # noqa: F401
    import tarfile  # noqa: F401
    import tempfile  # noqa: F401
    import uuid  # noqa: F401
    import zipfile  # noqa: F401

    import numpy  # noqa: F401

    platform.uname()
    kill = int(signal.SIGKILL)
    subprocess.Popen.kill = lambda process: process.send_signal(kill)
    for name in lacking["modules"].split():
        sys.modules[name] = None
    for module, names in ((os, lacking["os"]), (signal, lacking["signal"]), (socket, lacking["socket"])):
        for name in names.split():
            if hasattr(module, name):
                delattr(module, name)
    sys.modules["tinynet._pure"] = types.ModuleType("tinynet._pure")
    sys.modules["tinynet._pure"].__spec__ = importlib.machinery.ModuleSpec("tinynet._pure", None)
    sys.meta_path.insert(0, _Compiled())
    if system == "windows":
        shutil._use_fd_functions = shutil._USE_CP_SENDFILE = False  # those of Linux are gone
        shutil.rmtree.avoids_symlink_attacks = False
        for name, count in (("replace", 2), ("rename", 2), ("unlink", 1), ("remove", 1)):
            setattr(os, name, _refusing(getattr(os, name), count))
        builtins.open, os.open = _open_as_windows, _os_open_as_windows
        warnings.filterwarnings("error", category=EncodingWarning)
    else:
        builtins.open = _without_folders(builtins.open, None)
        os.path.exists = _without_folders(os.path.exists, False)
        os.path.isdir = _without_folders(os.path.isdir, False)


def pytest_load_initial_conftests():
    """As a plugin of pytest: when its own plugins are there, and before tests/conftest.py imports tinynet."""
    import _pytest.tmpdir

    _pytest.tmpdir.get_user_id = lambda: None
    become(os.environ["TINYNET_LIKE"])


if __name__ == "__main__":
    become(sys.argv[1])
    exec(compile(sys.argv[2], "program", "exec"), {"__name__": "__main__"})
