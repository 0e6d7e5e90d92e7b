"""Writers that are killed at random moments, and systems that refuse: the short form (tests/trust/run kills limits)."""

import pytest
from trust import kills, limits


@pytest.mark.parametrize("name", kills.WRITERS)
def test_a_killed_writer_leaves_a_whole_file(name, tmp_path):
    if name.endswith(".h5"):
        pytest.importorskip("h5py")
    faults, _ = kills.kill_many(name, 3, seed=0, folder=tmp_path)
    assert not faults, faults


@pytest.mark.parametrize("case", limits.CASES)
@pytest.mark.parametrize("name", limits.WRITERS)
def test_a_system_that_refuses(case, name):
    if name.endswith(".h5"):
        pytest.importorskip("h5py")
    if name == "p.bmp":
        pytest.importorskip("PIL")
    assert not limits.check(case, name)
