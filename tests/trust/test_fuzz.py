"""Damaged files for every reader: the short form (tests/trust/run fuzz), the same inputs in every run.

About two seconds a reader; tests/saving/test_mutations.py has more of the same kind.
"""

import signal

import pytest
from saving.test_mutations import READERS
from trust import fuzz, fuzz_targets
from trust.fuzz_targets import TARGETS

SECONDS = 2


@pytest.mark.parametrize("name", [name for name in TARGETS if name not in READERS or name == "m.keras"])
def test_no_reader_is_surprised(name, tmp_path):
    inputs, faults, left_out = fuzz.fuzz(name, 1, SECONDS, tmp_path)
    if left_out:
        pytest.skip(left_out)
    assert not faults, "\n".join(faults)
    assert inputs


class Bad:
    """A reader with one fault of each kind, by the first letter of the file."""

    def __call__(self, path):
        import time

        with open(path, "rb") as file:
            kind = file.read(1)
        if kind == b"k":
            raise KeyError("layers")
        if kind == b"o":
            raise OSError("not a number")
        if kind == b"n":
            raise fuzz_targets.DataError("something is wrong")
        if kind == b"h":
            time.sleep(1)
        if kind == b"r":
            raise fuzz_targets.DataError(f"{path}: refused")
        if kind == b"f":
            raise FileNotFoundError(2, "No such file", path)


@pytest.mark.parametrize(("kind", "wrong"), [
    (b"k", "raw KeyError"), (b"o", "raw OSError"), (b"n", "does not name the file"), (b"h", "hangs"), (b"r", ""),
    (b"f", ""), (b"x", "")])
def test_what_counts_as_a_fault(kind, wrong, tmp_path):
    def alarm(*_):
        raise fuzz.Hang

    before = signal.signal(signal.SIGALRM, alarm)
    (tmp_path / "a.bin").write_bytes(kind)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        told = fuzz.judged(fuzz_targets.Target(lambda folder: [b""], Bad()), tmp_path / "a.bin")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert told.startswith(wrong) if wrong else not told
