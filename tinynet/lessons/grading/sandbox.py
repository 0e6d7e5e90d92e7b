"""The sandbox: bubblewrap's arguments, the limits, the environment; and what is to be known without it.

    network        none: a network namespace of its own, and no sockets but those of AF_UNIX
    files          /usr, the libraries, Python and tinynet, read-only; no home, no submissions, nothing else
    writable       /tmp and /dev/shm alone, in memory, of a limited size and number of files
    processes      a process namespace of its own, which ends as a whole; their number is limited
    memory         of each process by the system, of all together by a watch that ends them
    rights         none: another user where the grader is root; a filter of system calls (system_calls.py)
    environment    a few variables; none of the teacher's

Not isolated: a fault in the kernel would let a program out. Time and caches of the processor are shared, so that a
program may slow others down, and could measure what they do. Between two turns of the watch, a tenth of a second,
memory can exceed its limit; what the kernel itself keeps for a program (locks, buffers of sockets) is not counted. See
also the head of this package.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import site
import sys
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2]
MEGABYTE = 1 << 20
USERS = 1_950_000_000  # user numbers from here on belong to nobody; the sandbox of a grader that is root uses one
NOBODY = 65534  # in a container that has no such numbers
HOME = "/tmp/home"

# Of the system: programs, libraries, and how the linker finds them; fonts and the time zone.
_SYSTEM = ("/usr", "/nix/store", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives",
           "/etc/fonts", "/etc/localtime")
_OFTEN_LINKS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")


class SandboxError(RuntimeError):
    """There is no sandbox here. The message has the reason."""


@dataclass(frozen=True)
class Limits:
    """What a submission may use.

    Attributes:
        seconds: For all cells of its notebook.
        call_seconds: For all calls of one exercise's function.
        memory: Megabytes, for each process and for all together.
        processes: Processes and threads.
        disk: Megabytes in its /tmp; a single file has at most as much.
        files: Files in it, since the smallest one takes memory too.
        output: Megabytes that it prints.
        notebook: Megabytes of the file.
    """

    seconds: float = 120.0
    call_seconds: float = 10.0
    memory: int = 2048
    processes: int = 32
    disk: int = 256
    files: int = 20_000
    output: int = 10
    notebook: int = 32

    def of_a_process(self, is_isolated: bool) -> dict[str, int]:
        """Return the limits that the system enforces on each process, by their names in `resource`.

        Args:
            is_isolated: Whether the process is in the sandbox. Outside, the limit on processes would count all of the
                user's.
        """
        limits = {
            "RLIMIT_AS": self.memory * MEGABYTE, "RLIMIT_FSIZE": self.disk * MEGABYTE, "RLIMIT_NOFILE": 128,
            "RLIMIT_CORE": 1,  # 0 would still give a crashed program's memory to the system's handler of crashes
            "RLIMIT_CPU": int(self.seconds + 20 * self.call_seconds) + 1,
        }
        return {**limits, "RLIMIT_NPROC": self.processes} if is_isolated else limits


def child_environment(home: str) -> dict[str, str]:
    """Return the whole environment of a submission's process.

    Args:
        home: A folder that it may write into.
    """
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": home, "TMPDIR": home, "LANG": "C.UTF-8",
        "PYTHONPATH": os.pathsep.join([str(PACKAGE.parent), *map(str, package_folders())]),
        "PYTHONDONTWRITEBYTECODE": "1", "MPLBACKEND": "Agg", "MPLCONFIGDIR": f"{home}/matplotlib",
        # One thread and few arenas: each of them reserves addresses, which are what RLIMIT_AS counts.
        "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2",
    }


def package_folders() -> list[Path]:
    """Return the folders of installed packages on this process's path."""
    own = {*site.getsitepackages(), site.getusersitepackages()}
    return [Path(entry) for entry in dict.fromkeys(sys.path)
            if (entry in own or Path(entry).name in ("site-packages", "dist-packages")) and os.path.isdir(entry)]


def child_command(limits: Limits, question: int, answer: int, user: int | None, is_isolated: bool) -> list[str]:
    """Return the command of a submission's process, without the sandbox around it.

    Args:
        limits: Of the submission.
        question, answer: Descriptors of its pipes.
        user: Whom it becomes, where the grader is root.
        is_isolated: Whether it runs in the sandbox.
    """
    python = [sys.executable, "-P", "-s", "-u", "-X", "utf8"]
    settings = {"user": user, "limits": limits.of_a_process(is_isolated),
                "command": [*python, "-m", "tinynet.lessons.grading.child", str(question), str(answer)]}
    return [*python, str(Path(__file__).with_name("entry.py")), json.dumps(settings)]


def visible_folders() -> list[Path]:
    """Return what of Python is visible in the sandbox: its own folders, those of its packages, and tinynet's.

    Raises:
        SandboxError: one of them has the user's home in it, which must not be visible.
    """
    executable = Path(sys.executable)
    wanted = [Path(sys.prefix), Path(sys.exec_prefix), Path(sys.base_prefix), Path(sys.base_exec_prefix),
              executable.resolve().parents[1], *package_folders(), PACKAGE]
    wanted += [path.resolve() for path in wanted]
    outer: list[Path] = []
    for path in sorted(set(wanted)):
        if path.is_relative_to("/usr") or any(path.is_relative_to(other) for other in outer):
            continue
        for home in _homes():
            if home.is_relative_to(path.resolve()):
                raise SandboxError(f"Python's folder {path} has the home folder {home} in it, which the sandbox must "
                                   "hide; use a virtual environment in a folder of its own")
        outer.append(path)
    return outer


def _homes():
    """The user's home folders: that of the environment, and that of the system's list of users."""
    import pwd  # not on Windows

    found = {Path(os.path.expanduser("~")).resolve()}
    with contextlib.suppress(KeyError):  # a user without an entry, as in some containers
        found.add(Path(pwd.getpwuid(os.getuid()).pw_dir).resolve())
    return found


def check_system() -> None:
    """Refuse a system without the pipes, limits and process groups that the grader needs, with the sandbox or without.

    Raises:
        SandboxError: this is such a system, as Windows is.
    """
    if not hasattr(os, "killpg"):
        raise SandboxError("the grader runs on Linux, and with --unsafe on macOS; it needs pipes, limits and groups of "
                           "processes that this system does not have. On Windows, run it in WSL, where Ubuntu has "
                           "bubblewrap")


def check_hidden(folder: Path) -> None:
    """Refuse a folder of submissions that each of them could read.

    Args:
        folder: Of the submissions.

    Raises:
        SandboxError: it is in a folder that is visible in the sandbox.
    """
    for path in [Path("/usr"), *visible_folders()]:
        if folder.resolve().is_relative_to(path.resolve()):
            raise SandboxError(f"the folder {folder} is in {path}, which every submission can read; move it elsewhere")


def sandbox_command(limits: Limits, filter_descriptor: int, info: int) -> tuple[list[str], int | None]:
    """Return (bubblewrap's command up to the command within it, the user that the latter becomes or None).

    Args:
        limits: Of the submission.
        filter_descriptor: An open file with the filter of system calls.
        info: A pipe, into which bubblewrap writes the number of the namespace's first process.

    Raises:
        SandboxError: bubblewrap is not installed.
    """
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise SandboxError("bubblewrap is not installed (the command bwrap): apt install bubblewrap")
    # Root in a user namespace remains root, for whom the limit on processes does not hold: it becomes another user.
    is_root = os.geteuid() == 0
    rights = (["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"] if is_root
              else ["--unshare-user"])
    command = [bwrap, *rights, "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts",
               "--unshare-cgroup-try", "--hostname", "sandbox", "--die-with-parent", "--new-session",
               "--seccomp", str(filter_descriptor), "--info-fd", str(info)]
    size = str(limits.disk * MEGABYTE)
    command += ["--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--size", str(MEGABYTE), "--tmpfs", "/dev/shm",
                "--perms", "1777", "--size", size, "--tmpfs", "/tmp",
                "--ro-bind", "/dev/null", "/dev/zero"]  # mapped, it would be shared memory that nobody counts
    bound = {path: path.resolve() for path in map(Path, _SYSTEM) if path.exists()}
    for name in _OFTEN_LINKS:
        if os.path.islink(name):
            command += ["--symlink", os.readlink(name), name]
        elif os.path.isdir(name):
            bound[Path(name)] = Path(name)
    bound |= {path: path for path in visible_folders()}
    for parent in sorted({parent for path in bound for parent in path.parents} - {Path("/"), Path("/tmp")}):
        command += ["--perms", "0755", "--dir", str(parent)]  # bubblewrap's own would be closed to another user
    for inside, outside in bound.items():
        command += ["--ro-bind", str(outside), str(inside)]
    command += ["--perms", "1777", "--dir", HOME, "--chdir", HOME]
    command += ["--remount-ro", "/dev", "--remount-ro", "/"]  # bubblewrap's own folders in memory have no limited size
    return command, another_user() if is_root else None


def another_user() -> int:
    """Return the number of a user, and of a group, that root can become here.

    Raises:
        SandboxError: this container has none.
    """
    for user in (USERS + os.getpid(), NOBODY):
        if all(is_mapped(user, Path(f"/proc/self/{kind}_map").read_text()) for kind in ("uid", "gid")):
            return user
    raise SandboxError("the grader is root in a container that has no other user, whom a submission could become")


def is_mapped(number: int, table: str) -> bool:
    """Whether a user namespace has a number.

    Args:
        number: Of a user or a group.
        table: Of /proc/self/uid_map or gid_map: lines of first number inside, first number outside, how many.

    >>> is_mapped(65534, "0 1000 1"), is_mapped(65534, "0 100000 65536")
    (False, True)
    """
    lines = [[int(field) for field in line.split()] for line in table.splitlines()]
    return any(first <= number < first + count for first, _, count in lines)
