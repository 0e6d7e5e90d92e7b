"""Fixtures of the tests of `tinynet lessons grade`."""

import contextlib
import os
import tempfile
import time
from pathlib import Path

import pytest
from lessons.grading import SMALL, leftovers

from tinynet.lessons.grading.grade import check_sandbox
from tinynet.lessons.grading.sandbox import SandboxError


@contextlib.contextmanager
def alone():
    """A block that one process of tests at a time is in: each looks for what graders have left on this machine."""
    import fcntl  # late: Windows has no grader

    with open(Path(tempfile.gettempdir()) / f"tinynet-graders-{os.getuid()}.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def sandbox():
    """Skips where the sandbox does not work, with the reason."""
    try:
        with alone():
            check_sandbox(SMALL)
    except SandboxError as error:
        pytest.skip(f"no sandbox here: {error}")


@pytest.fixture(autouse=True)
def graders_one_by_one(request):
    """Tests of the grader wait for those of other processes (pytest -n)."""
    with alone() if Path(request.path).name.startswith("test_grade") else contextlib.nullcontext():
        yield


@pytest.fixture
def clean():
    """Fails if a test leaves a process or a folder."""
    before = leftovers()
    yield
    deadline = time.monotonic() + 5
    while leftovers() - before and time.monotonic() < deadline:  # a zombie goes when its parent looks
        time.sleep(0.05)
    assert leftovers() - before == set()
