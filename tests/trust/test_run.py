"""`tests/trust/run examples` finds a failing case and prints it as an `@example` that fails again."""

import os
import re
import subprocess
import sys
from pathlib import Path

RUN = Path(__file__).with_name("run")
FAILS = """
from typing import NamedTuple
import numpy as np
from hypothesis import given, settings, strategies as st

class Case(NamedTuple):
    x: np.ndarray
    n: int

@settings(max_examples=20, database=None, deadline=None, print_blob=True)
@given(case=st.builds(lambda n: Case(np.full(2000, n, np.float32) / 3, n), st.integers(0, 10**6)))
def test_fails(case):
    assert case.x[-1] < 100

@settings(max_examples=20, database=None, deadline=None, print_blob=True)
@given(st.data())
def test_draws_inside(data):
    assert data.draw(st.integers()) < 100

def test_without_cases():
    raise SystemExit("is not run")
"""


def run(*arguments):
    return subprocess.run([RUN, *map(str, arguments)], capture_output=True, text=True, timeout=300,
                          env={**os.environ, "PYTHON": sys.executable})


def test_what_fails_is_printed_as_an_example(tmp_path):
    file = tmp_path / "test_it.py"
    file.write_text(FAILS)
    result = run("examples", 2, file)  # it ends after the first round, in which something fails
    assert result.returncode == 1, result.stdout + result.stderr
    assert "2 failed" in result.stdout and "test_draws_inside" in result.stdout and "is not run" not in result.stdout
    example = re.search(r"^@example\(.*?^\)$", result.stdout, re.DOTALL | re.MULTILINE).group()
    assert result.stdout.count("@reproduce_failure(") >= 2
    again = FAILS.replace("@settings", f"from hypothesis import Phase, example\nfrom numpy import array, float32\n"
                                       f"{example}\n@settings", 1).replace("max_examples=20", "phases=[Phase.explicit]")
    file.write_text(again)
    result = subprocess.run([sys.executable, "-m", "pytest", "-q", file], capture_output=True, text=True, timeout=300)
    assert result.returncode == 1 and "explicit" in result.stdout, result.stdout + result.stderr


def test_the_time_ends_it(tmp_path):
    file = tmp_path / "test_it.py"
    file.write_text(FAILS.replace("< 100", "< 10**99"))
    result = run("examples", 0.05, file)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "--hypothesis-seed=" in result.stdout
