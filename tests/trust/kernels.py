"""The part `kernels` of tests/trust/run: guard pages around everything that a kernel reads and writes."""

import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def last_line(text):
    return text.strip().splitlines()[-1] if text.strip() else ""


def run(settings):
    environment = {**os.environ, "TINYNET_GUARD": "1"}
    result = subprocess.run([sys.executable, HERE / "guarded.py"], env=environment, capture_output=True, text=True)
    right = result.returncode == 0
    yield ("arguments and results", last_line(result.stdout) if right else last_line(result.stderr),
           "no access outside", right)
    tests = ["tests/test_kernels.py", "tests/ops"] if settings.scale >= 1 else ["tests/test_kernels.py"]
    result = subprocess.run([sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests],
                            env=environment, capture_output=True, text=True, cwd=HERE.parents[1])
    found = re.search(r"\d+ passed.*", result.stdout)
    yield (" ".join(tests), found.group() if found else last_line(result.stdout + result.stderr),
           "pass with guards", result.returncode == 0)
