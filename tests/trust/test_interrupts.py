"""Ctrl-C at random moments, forks, threads: the short form (tests/trust/run interrupts)."""

from trust import interrupts


def test_nothing_is_left_of_what_is_interrupted():
    met, faults = interrupts.interrupt(20, seed=0)
    assert not faults, faults
    assert met


def test_processes_and_threads():
    expected = interrupts.weight_hash()
    assert interrupts.forked(expected) and interrupts.spawned(expected) and interrupts.threaded()
