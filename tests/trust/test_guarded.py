"""Guard pages around everything that a kernel reads and writes (tests/trust/guarded.py, csrc/guard.h)."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from checks import needs_native

pytestmark = needs_native
GUARDED = Path(__file__).with_name("guarded.py")
ENVIRONMENT = {**os.environ, "TINYNET_GUARD": "1"}


def test_no_kernel_reads_or_writes_outside_its_arrays():
    result = subprocess.run([sys.executable, GUARDED], env=ENVIRONMENT, capture_output=True, text=True)
    assert result.returncode == 0 and "kernels" in result.stdout, result.stderr[-2000:]


@pytest.mark.parametrize(("offset", "size", "ends_with", "message"), [
    (0, 33, 0, ""), (33 * 4, 33, -signal.SIGABRT, "1 bytes after an array of 132 bytes"),
    (-1, 33, -signal.SIGABRT, "1 bytes before an array of 132 bytes"), (32 * 4, 32, -signal.SIGSEGV, ""),
    (-4096, 33, -signal.SIGSEGV, ""),
])
def test_what_is_written_outside_ends_the_process(offset, size, ends_with, message):
    script = ("import ctypes, sys\nimport numpy as np\nfrom tinynet import _native\n"
              f"y = _native.activation_forward(np.ones({size}, 'f'), 'relu', 0.0, 0.0, 0.0)\n"
              f"ctypes.memset(y.ctypes.data + {offset}, 0, 1)\ndel y\n")
    result = subprocess.run([sys.executable, "-P", "-c", script], env=ENVIRONMENT, capture_output=True, text=True)
    assert result.returncode == ends_with and message in result.stderr, (result.returncode, result.stderr)
