"""The machine of a measurement: CPU, caches, memory, system. Nothing names the person, the host or a folder."""

from __future__ import annotations

import contextlib
import os
import platform
import re
from pathlib import Path
from typing import Any


def _read(path: str | Path) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def _cpuinfo(field: str) -> str:
    found = re.search(rf"^{field}\s*:\s*(.+)$", _read("/proc/cpuinfo"), re.MULTILINE)
    return found.group(1).strip() if found else ""


def usable_cpus() -> list[int]:
    """Return the CPUs on which this process may run, one of each core first: few threads then share no core."""
    if not hasattr(os, "sched_getaffinity"):
        return list(range(os.cpu_count() or 1))
    seen, firsts, siblings = set(), [], []
    for cpu in sorted(os.sched_getaffinity(0)):
        core = _read(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list").strip() or str(cpu)
        (siblings if core in seen else firsts).append(cpu)
        seen.add(core)
    return firsts + siblings


def cpu_name() -> str:
    """Return the CPU's own name. Virtual machines shorten it: `describe` also has family and model numbers."""
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def slug(text: str) -> str:
    """Return `text` as a part of a file name: lower case, letters, digits and dashes.

    >>> slug("AMD Ryzen(TM) 7 7840U @ 3.30GHz")
    'amd-ryzen-7-7840u-3-30ghz'
    """
    text = re.sub(r"\((r|tm)\)", " ", text.lower())
    return re.sub(r"[^a-z0-9]+", "-", text).strip("-")


def reset_peak_memory() -> None:
    """Reset this process's peak memory to what it holds now. Elsewhere than on Linux, do nothing."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_memory() -> float | None:
    """Return this process's peak memory in MB of 10^6 bytes; None where the system does not report it."""
    peak = re.search(r"VmHWM:\s*(\d+) kB", _read("/proc/self/status"))
    return round(int(peak.group(1)) * 1024 / 1e6, 1) if peak else None


def describe() -> dict[str, Any]:
    """Return the machine as a dict for the results file."""
    caches = {}
    for folder in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        level, kind = _read(folder / "level").strip(), _read(folder / "type").strip()
        caches[f"L{level} {kind.lower()}"] = _read(folder / "size").strip()
    memory = re.search(r"MemTotal:\s*(\d+) kB", _read("/proc/meminfo"))
    return {
        "cpu": cpu_name(),
        "family": _cpuinfo("cpu family"),
        "model": _cpuinfo("model"),
        "cpus": len(usable_cpus()),
        "hypervisor": "hypervisor" in _cpuinfo("flags").split(),
        "caches": caches,
        "memory_gb": round(int(memory.group(1)) / 1e6, 1) if memory else None,
        "system": f"{platform.system()} {platform.release()}",
        "libc": " ".join(platform.libc_ver()),
        # If it is above about 0.3 before the start, something else is running, and the numbers are of little use.
        "load_before": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }
