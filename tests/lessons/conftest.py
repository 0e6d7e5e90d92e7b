"""Fixtures of the tests of `tinynet lessons grade`."""

import time

import pytest
from lessons.grading import SMALL, leftovers

from tinynet.lessons.grading.grade import check_sandbox
from tinynet.lessons.grading.sandbox import SandboxError


@pytest.fixture(scope="session")
def sandbox():
    """Skips where the sandbox does not work, with the reason."""
    try:
        check_sandbox(SMALL)
    except SandboxError as error:
        pytest.skip(f"no sandbox here: {error}")


@pytest.fixture
def clean():
    """Fails if a test leaves a process or a folder."""
    before = leftovers()
    yield
    deadline = time.monotonic() + 5
    while leftovers() - before and time.monotonic() < deadline:  # a zombie goes when its parent looks
        time.sleep(0.05)
    assert leftovers() - before == set()
