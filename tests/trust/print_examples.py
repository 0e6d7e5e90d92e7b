"""The pytest plugin of `tests/trust/run`: only tests with drawn cases, in random order, until TRUST_END (in seconds of
`time.time`); what fails is printed as an `@example`.
"""

import os
import random
import re
import sys
import time

import numpy as np
import pytest

FAILING = re.compile(r"(?:Falsifying example|Failing test case): \w+\(\n?(.*?)\n?^\)$", re.DOTALL | re.MULTILINE)
BLOB = re.compile(r"@reproduce_failure\(.*?\)(?=`| as | )")
examples = {}  # the text to paste above each failed test

np.set_printoptions(threshold=sys.maxsize, floatmode="unique")  # whole arrays, every digit


def as_decorators(notes):
    """The decorators that repeat a failure, from the notes with which Hypothesis explains an exception."""
    text = "\n".join(notes)
    found = [f"@example(\n{arguments}\n)" for arguments in FAILING.findall(text) if "data(...)" not in arguments]
    return found + [f"# or {blob}" if found else blob for blob in BLOB.findall(text)]


def all_notes(error):
    """The notes of an exception and, if it is a group of them, of its members."""
    members = getattr(error, "exceptions", ())
    return [*getattr(error, "__notes__", []), *(note for member in members for note in all_notes(member))]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    drawn = [item for item in items if getattr(getattr(item, "obj", None), "is_hypothesis_test", False)]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(drawn)])
    random.Random(config.getoption("hypothesis_seed")).shuffle(drawn)
    items[:] = drawn


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    if call.excinfo is not None:
        examples[item.nodeid] = as_decorators(all_notes(call.excinfo.value))
    return (yield)


def pytest_runtest_teardown(item):
    if time.time() >= float(os.environ["TRUST_END"]):
        item.session.shouldstop = "the time is over"


def pytest_sessionfinish(session):
    if session.shouldstop and not session.testsfailed:
        session.exitstatus = pytest.ExitCode.OK


def pytest_terminal_summary(terminalreporter):
    for report in terminalreporter.getreports("failed"):
        terminalreporter.write_sep("-", report.nodeid)
        terminalreporter.write_line("\n".join(examples.get(report.nodeid, [])))
