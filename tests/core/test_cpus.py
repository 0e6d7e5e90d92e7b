"""How many CPUs a process may use: affinity, and control groups of both versions."""

import os
import subprocess
import sys

import pytest

from tinynet.core.cpus import available_cpus

CPUS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def control_group(folder, cgroup, files):
    """A /proc/self and a /sys/fs/cgroup with these contents."""
    (folder / "process").mkdir()
    (folder / "process" / "cgroup").write_text(cgroup, encoding="utf-8")
    for name, text in files.items():
        path = folder / "groups" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return str(folder / "process"), str(folder / "groups")


@pytest.mark.parametrize(("cgroup", "files", "cpus"), [
    ("0::/\n", {"cpu.max": "100000 100000\n"}, 1),
    ("0::/\n", {"cpu.max": "50000 100000\n"}, 1),
    ("0::/\n", {"cpu.max": "max 100000\n"}, CPUS),
    ("0::/\n", {"cpu.max": "9900000 100000\n"}, CPUS),
    ("0::/a/b\n", {"a/cpu.max": "100000 100000\n", "a/b/cpu.max": "max 100000\n"}, 1),
    ("0::/../../other\n", {"other/cpu.max": "100000 100000\n"}, 1),
    ("4:memory:/x\n3:cpu,cpuacct:/x\n", {"cpu,cpuacct/x/cpu.cfs_quota_us": "20000\n",
                                        "cpu,cpuacct/x/cpu.cfs_period_us": "100000\n"}, 1),
    ("3:cpu:/\n", {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, CPUS),
    ("3:cpuset:/\n", {"cpu.max": "100000 100000\n"}, CPUS),
    ("nonsense\n", {"cpu.max": "nonsense"}, CPUS),
    ("0::/\n", {"cpu.max": "100000 0\n"}, CPUS),
    ("0::/a/b\n", {"a/b/cpu.max": "100000 100000\n"}, 1),
    ("0::/\N{SNOWMAN}\n", {"cpu.max": "100000 100000\n"}, 1),
])
def test_the_quota_of_a_control_group(tmp_path, cgroup, files, cpus):
    assert available_cpus(*control_group(tmp_path, cgroup, files)) == cpus


def test_without_control_groups(tmp_path):
    assert available_cpus(str(tmp_path), str(tmp_path)) == CPUS


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system has no affinity of processes")
def test_kernels_follow_the_affinity():
    program = ("import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); import tinynet; "
               "print(tinynet.get_num_threads())")
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    result = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True,
                            env=environment)
    assert result.stdout == "1\n"
