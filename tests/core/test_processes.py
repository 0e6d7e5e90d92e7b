"""Programs that are ended with all that they have started."""

import subprocess
import sys

import pytest

from tinynet.core.processes import end_session

PARENT = "import subprocess, time; child = subprocess.Popen(['sleep', '60']); print('started', flush=True); {then}"


@pytest.mark.skipif(sys.platform == "win32", reason="it has no sessions")
@pytest.mark.parametrize("then", ["time.sleep(60)", "pass"])
def test_what_a_program_has_started_ends_with_it(then):
    """The child holds its parent's output, which ends only if the child does; the parent may have ended before."""
    process = subprocess.Popen([sys.executable, "-c", PARENT.format(then=then)], stdout=subprocess.PIPE, text=True,
                               start_new_session=True)
    assert process.stdout.readline() == "started\n"
    if then == "pass":
        process.wait()
    end_session(process)
    assert process.communicate(timeout=30) == ("", None)
    end_session(process)  # nothing is left to be ended
