"""What a submission's processes use together, read from /proc: limits of one process do not bound many of them."""

from __future__ import annotations

import contextlib
import os
from collections import defaultdict
from typing import NamedTuple

_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096  # not on Windows, which has no /proc


class Usage(NamedTuple):
    """What processes use.

    Attributes:
        processes: Their numbers, the first one's included.
        tasks: How many threads they have together.
        memory: Bytes of memory; what several share counts once, if it matters.
    """

    processes: tuple[int, ...]
    tasks: int
    memory: int


def usage(root: int, enough: int) -> Usage:
    """Return what a process and its descendants use.

    Args:
        root: The first process.
        enough: Bytes. Up to here, memory that processes share counts for each of them, which is faster to read.

    >>> here = usage(os.getpid(), 1 << 40)
    >>> here.processes[0] == os.getpid(), here.tasks >= 1, here.memory > 1 << 20
    (True, True, True)
    """
    children, tasks, resident = defaultdict(list), {}, {}
    for name in os.listdir("/proc") if os.path.isdir("/proc/self") else ():
        if name.isdecimal():
            with contextlib.suppress(OSError, ValueError, IndexError), open(f"/proc/{name}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()  # the name before it may have spaces and brackets
                pid = int(name)
                children[int(fields[1])].append(pid)
                tasks[pid], resident[pid] = int(fields[17]), int(fields[21]) * _PAGE
    found = [root] if root in tasks else []
    for pid in found:  # the list grows
        found += children[pid]
    memory = sum(resident[pid] for pid in found)
    if memory > enough:
        memory = sum(_proportional(pid, resident[pid]) for pid in found)
    return Usage(tuple(found), sum(tasks[pid] for pid in found), memory)


def _proportional(pid, resident):
    """A process's share of the memory that it uses; all of it, where the system does not tell the share."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as file:
            return next((int(line.split()[1]) * 1024 for line in file if line.startswith(b"Pss:")), resident)
    except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
        return 0 if os.path.exists("/proc/self/smaps_rollup") else resident
    except OSError:
        return resident
