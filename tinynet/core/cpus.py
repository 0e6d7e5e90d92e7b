"""How many CPUs this process may use: its affinity, and the quota of its control group, as in a container."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator


def available_cpus(process: str = "/proc/self", groups: str = "/sys/fs/cgroup") -> int:
    """Return the number of CPUs that this process may use; at least 1.

    A quota of 1.5 CPUs counts as 2: the system then pauses both threads for a quarter of the time.

    Args:
        process: Folder of the process in Linux's /proc.
        groups: Folder of the control groups, of version 1 or 2.

    >>> 1 <= available_cpus() <= os.cpu_count()
    True
    """
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([cpus, *(math.ceil(quota) for quota in _quotas(process, groups))]))


def _quotas(process: str, groups: str) -> Iterator[float]:
    """The quotas, in CPUs, of the process's control group and of those above it."""
    for line in _lines(f"{process}/cgroup"):
        _, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        if controllers and "cpu" not in controllers.split(","):
            continue
        folder = groups if not controllers else f"{groups}/{controllers}"  # version 2 has no controllers in this file
        parts = [part for part in group.split("/") if part and part != ".."]
        for depth in range(len(parts) + 1):  # a container sees its own group as the root
            quota = _quota("/".join([folder, *parts[:depth]]))
            if quota is not None:
                yield quota


def _quota(folder: str) -> float | None:
    """The quota of one control group, in CPUs; None if it has none."""
    words = " ".join(_lines(f"{folder}/cpu.max")).split()  # version 2: "150000 100000" or "max 100000"
    if not words:
        words = [*_lines(f"{folder}/cpu.cfs_quota_us"), *_lines(f"{folder}/cpu.cfs_period_us")]  # version 1: -1 is none
    try:
        quota, period = map(float, words)
    except ValueError:
        return None
    return quota / period if quota > 0 and period > 0 else None


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read().splitlines()
    except OSError:
        return []
