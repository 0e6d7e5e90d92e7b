"""What to do where the system starts no more threads: work without them, and warn."""

from __future__ import annotations

import threading

from .errors import warn_user


def start_thread(thread: threading.Thread, otherwise: str) -> bool:
    """Start a thread and return True; if the system starts no more, warn and return False.

    Args:
        thread: A new one.
        otherwise: What is done without it.
    """
    try:
        thread.start()
    except RuntimeError:
        warn_without_thread(otherwise)
        return False
    return True


def warn_without_thread(otherwise: str) -> None:
    """Warn that a thread could not be started. The values do not depend on it.

    Args:
        otherwise: What is done without it.
    """
    warn_user(
        f"the system starts no more threads in this process: {otherwise}. The values are the same, and take longer. "
        "See the limits of processes (ulimit -u) and memory (ulimit -v), or of the container.",
        RuntimeWarning,
    )
