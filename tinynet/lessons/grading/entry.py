"""The first code in a submission's process: it takes the limits upon itself and becomes the child.

Run as a script, by the standard library alone: entry.py SETTINGS, a JSON object with

    user       number of a user that the process becomes (where it is root), or null
    limits     {"RLIMIT_AS": bytes, ...}, each soft and hard
    command    what it becomes

The numbers of processes are limited here and not by the parent: within the sandbox's own user namespace, or as a user
that nobody else is, only the submission's processes are counted.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys


def confine(settings: dict) -> None:
    """Take the limits, then give up root.

    Args:
        settings: See the head of this file.
    """
    import resource  # not on Windows: see check_system in sandbox.py

    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")  # if the machine itself runs out of memory, this process ends first
    for name, value in settings["limits"].items():
        hard = resource.getrlimit(getattr(resource, name))[1]
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        resource.setrlimit(getattr(resource, name), (value, value))
    user = settings["user"]
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)


if __name__ == "__main__":
    wanted = json.loads(sys.argv[1])
    confine(wanted)
    os.execv(wanted["command"][0], wanted["command"])
