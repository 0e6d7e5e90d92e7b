"""A long session: the short form (tests/trust/run soak). The memory is measured in the long run only."""

from trust import soak


def test_no_thread_and_no_file_is_left():
    turns, _, _, left = soak.soak(10, seed=0)
    assert not left
    assert turns
