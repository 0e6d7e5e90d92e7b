"""Which functions a process calls, for tests/trust/mutant_runs.py: where a test starts processes, Python imports this
file as `sitecustomize` in each, and a fork goes on by start(). A line is written at the first call of a function, so
that a process that is killed has written its lines too.
"""

import contextlib
import fcntl
import os
import sys
import threading
from pathlib import Path

FILE = "TINYNET_CALLS_FILE"  # the variable of the environment that names the file
PACKAGE = os.sep + "tinynet" + os.sep
HIGH = 200  # the descriptor: the first ones are those that programs know


def name_of(code):
    return f"{code.co_filename}:{code.co_qualname}"


def start(path):
    """Append the functions that are called from now on, in this process, to a file."""
    opened = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    file, known = fcntl.fcntl(opened, fcntl.F_DUPFD_CLOEXEC, HIGH), {}
    os.close(opened)

    def trace(frame, event, argument):
        code = frame.f_code
        if PACKAGE in code.co_filename and id(code) not in known:
            known[id(code)] = code  # kept, so that no other one gets its number
            with contextlib.suppress(OSError):  # the process may have closed all its files
                os.write(file, f"{name_of(code)}\n".encode(errors="replace"))

    for tracer in (sys, threading):
        tracer.settrace(trace)


def written(path):
    """{name: name} of the functions in a file of start()."""
    path = Path(path)
    names = path.read_text(errors="replace").splitlines() if path.exists() else []
    return dict(zip(names, names, strict=True))


if __name__ == "sitecustomize" and FILE in os.environ:
    start(os.environ[FILE])
