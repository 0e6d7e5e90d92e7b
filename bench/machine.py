"""What a measurement ran on: CPU, caches, memory, system. Nothing that names the person, the host or a folder."""

import contextlib
import os
import platform
import re
from pathlib import Path


def _read(path):
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def _cpuinfo(field):
    found = re.search(rf"^{field}\s*:\s*(.+)$", _read("/proc/cpuinfo"), re.MULTILINE)
    return found.group(1).strip() if found else ""


def usable_cpus():
    """The CPUs this process may run on, one of each core first, so that few threads do not share a core."""
    if not hasattr(os, "sched_getaffinity"):
        return list(range(os.cpu_count() or 1))
    seen, firsts, siblings = set(), [], []
    for cpu in sorted(os.sched_getaffinity(0)):
        core = _read(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list").strip() or str(cpu)
        (siblings if core in seen else firsts).append(cpu)
        seen.add(core)
    return firsts + siblings


def cpu_name():
    """The model as the CPU gives it; virtual machines shorten it, so family and model numbers stand beside it."""
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def slug(text):
    """`text` as a part of a file name: lower case, letters, digits and dashes.

    >>> slug("AMD Ryzen(TM) 7 7840U @ 3.30GHz")
    'amd-ryzen-7-7840u-3-30ghz'
    """
    text = re.sub(r"\((r|tm)\)", " ", text.lower())
    return re.sub(r"[^a-z0-9]+", "-", text).strip("-")


def reset_peak_memory():
    """Let this process's peak start again from what it holds now. Only Linux can; elsewhere it goes on."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_memory():
    """The most memory this process has held, in MB of 10^6 bytes; None where it cannot be told."""
    peak = re.search(r"VmHWM:\s*(\d+) kB", _read("/proc/self/status"))
    return round(int(peak.group(1)) * 1024 / 1e6, 1) if peak else None


def describe():
    """The machine as a dict for the results file."""
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
        # Above about 0.3 before the start, something else is running and the numbers are of little use.
        "load_before": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }
