"""Two hosts of their own, made of network namespaces: training across a network, and a network that goes away."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from distribution.launch import HERE, environment, needs_mpi
from distribution.test_faults import done

AGENT = """#!/bin/sh
host=$1; shift
[ "$host" = 10.98.0.2 ] && space=tinynet-test2 || space=tinynet-test1
exec ip netns exec $space sh -c "$*"
"""


def do(text):
    return subprocess.run(text.split(), check=True, capture_output=True, text=True, timeout=30)


@contextlib.contextmanager
def two_hosts():
    """Two namespaces with a network between them; skips the test, with the reason, where there can be none."""
    if os.geteuid() or not shutil.which("ip"):
        pytest.skip("network namespaces need root and ip (apt install iproute2)")
    try:
        try:
            for number in (1, 2):
                do(f"ip netns add tinynet-test{number}")
            do("ip link add host1 netns tinynet-test1 type veth peer name host2 netns tinynet-test2")
        except subprocess.CalledProcessError as error:
            pytest.skip(f"network namespaces are not allowed here: {error.stderr.strip()}")
        for number in (1, 2):
            do(f"ip -n tinynet-test{number} addr add 10.98.0.{number}/24 dev host{number}")
            do(f"ip -n tinynet-test{number} link set host{number} up")
            do(f"ip -n tinynet-test{number} link set lo up")
        yield
    finally:
        for number in (1, 2):
            inside = subprocess.run(["ip", "netns", "pids", f"tinynet-test{number}"], capture_output=True, text=True)
            for process in inside.stdout.split():  # MPI's daemons, which wait for a network that is gone
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(process), signal.SIGKILL)
            subprocess.run(["ip", "netns", "delete", f"tinynet-test{number}"], capture_output=True)


def started_on_both(launcher, folder, what, **more):
    """A running program with a rank on each host."""
    version = subprocess.run([launcher, "--version"], capture_output=True, text=True, timeout=60).stdout
    if "Open MPI) 4" not in version:
        pytest.skip(f"the options are those of Open MPI 4, this is {version.splitlines()[0]!r}")
    agent = folder / "agent"
    agent.write_text(AGENT)
    agent.chmod(0o755)
    network = ["--mca", "btl", "tcp,self", "--mca", "btl_tcp_if_include", "10.98.0.0/24", "--mca", "oob_tcp_if_include",
               "10.98.0.0/24", "--mca", "plm_rsh_agent", str(agent)]
    passed = [part for name in ("PYTHONPATH", "OMP_NUM_THREADS", "EPOCHS", "MPI4PY_LIBMPI") for part in ("-x", name)]
    command = ["ip", "netns", "exec", "tinynet-test1", launcher, *network, "--host", "10.98.0.1,10.98.0.2", *passed,
               "-n", "2", sys.executable, str(HERE / "faulty.py"), what, str(folder)]
    return subprocess.Popen(command, env=environment(**{"EPOCHS": "2", **more}), stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)


def test_training_across_a_network(tmp_path):
    launcher = needs_mpi()
    with two_hosts():
        process = started_on_both(launcher, tmp_path, "plain")
        output, _ = process.communicate(timeout=90)
    assert process.returncode == 0, output
    assert {rank: steps for rank, (steps, _) in done(output).items()} == {0: 8, 1: 8}


def test_a_host_that_vanishes(tmp_path):
    launcher = needs_mpi()
    with two_hosts():
        process = started_on_both(launcher, tmp_path, "slow", EPOCHS="500")
        for line in process.stdout:
            if "READY" in line:
                break
        do("ip -n tinynet-test2 link set host2 down")
        begun, output = time.monotonic(), ""
        for line in process.stdout:  # the ranks end; Open MPI's mpirun waits for the host that is gone
            output += line
            if "MPI_ABORT was invoked on rank 0" in line:
                break
        waited = time.monotonic() - begun
        process.kill()
        process.wait(timeout=30)
    assert "rank 1 of 2" in output and "has not answered" in output, output
    assert waited < 30
