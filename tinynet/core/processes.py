"""Programs that are started, and ended with all that they have started."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from subprocess import Popen


def end_session(process: Popen[Any]) -> None:
    """End a process that was started with start_new_session=True, and what it has started, if they still run.

    Args:
        process: Of `subprocess.Popen`. It remains to be waited for.
    """
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):  # they have ended; macOS refuses where all have
            os.killpg(process.pid, signal.SIGKILL)
    elif process.poll() is None:  # Windows, which has no sessions
        import subprocess  # late

        with contextlib.suppress(OSError):
            subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True)
        process.kill()
