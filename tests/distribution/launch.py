"""Programs on several processes of this machine, started by mpirun."""

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import tinynet

HERE = Path(__file__).parent
PACKAGES = Path(tinynet.__file__).parents[1]  # where the tinynet under test is: this folder, or site-packages
# One write a rank: MPICH's mpirun mixes the lines of several processes.
HELLO = "import sys; from mpi4py import MPI; w = MPI.COMM_WORLD; sys.stdout.write(f'rank {w.rank} of {w.size}\\n')"


def environment(**more):
    """Ranks of one thread; and what lets Open MPI run as root, as in a container."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OMPI_ALLOW_RUN_AS_ROOT": "1",
            "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "PYTHONPATH": f"{PACKAGES}{os.pathsep}{HERE.parent}", **more}


def command(launcher, ranks):
    """mpirun and its arguments."""
    version = subprocess.run([launcher, "--version"], capture_output=True, text=True, timeout=60).stdout
    return [launcher, *(["--oversubscribe"] if "Open MPI" in version or "OpenRTE" in version else []), "-n", str(ranks)]


@functools.cache
def find_launcher():
    """(path of an mpirun with which mpi4py works, None), or (None, why there is none)."""
    try:
        import mpi4py  # noqa: F401
    except ImportError:
        return None, "mpi4py is not installed"
    beside = shutil.which("mpirun", path=str(Path(sys.executable).parent))
    found = [path for path in (os.environ.get("TINYNET_MPIRUN"), beside, shutil.which("mpirun")) if path]
    if not found:
        return None, "there is no mpirun"
    output = ""
    for launcher in dict.fromkeys(found):
        try:
            done = subprocess.run([*command(launcher, 2), sys.executable, "-c", HELLO], capture_output=True, text=True,
                                  timeout=90, env=environment())
        except subprocess.TimeoutExpired:
            output = f"{launcher} hangs"
            continue
        output = done.stdout + done.stderr
        if "rank 1 of 2" in output:
            return launcher, None
    return None, f"mpirun and mpi4py do not work together here: {output[-300:]!r}"


def needs_mpi():
    """Skip the test, with the reason, where no program can be started."""
    launcher, reason = find_launcher()
    if launcher is None:
        pytest.skip(reason)
    return launcher


def start(ranks, arguments, cwd=None, **more):
    """A running program of several ranks; its output comes by `communicate`."""
    own = [sys.executable, *map(str, arguments)]
    return subprocess.Popen(own if ranks == 1 else [*command(needs_mpi(), ranks), *own], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, env=environment(**more), cwd=cwd)


def run(ranks, arguments, timeout=300, cwd=None, **more):
    """(exit code, output) of a program of several ranks."""
    process = start(ranks, arguments, cwd, **more)
    try:
        output, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        raise AssertionError(f"it hangs: {process.communicate()[0][-2000:]}") from None
    return process.returncode, output
