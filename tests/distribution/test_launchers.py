"""How `join` finds out whether a launcher has started several processes, without one."""

import sys
from types import SimpleNamespace

import pytest

from tinynet.distribution import communicator

LAUNCHERS = {"Open MPI": "OMPI_COMM_WORLD_SIZE", "MPICH, Intel MPI": "PMI_SIZE", "Hydra": "MPI_LOCALNRANKS",
             "PMIx": "PMIX_SIZE", "Slurm": "SLURM_STEP_NUM_TASKS"}


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """No launcher, and nothing joined yet; an MPI for which each process is alone."""
    monkeypatch.setattr(communicator, "_joined", [])
    for name in LAUNCHERS.values():
        monkeypatch.delenv(name, raising=False)
    mpi = SimpleNamespace(COMM_WORLD=SimpleNamespace(Get_size=lambda: 1), Get_library_version=lambda: "Another MPI, 1")
    monkeypatch.setitem(sys.modules, "mpi4py", SimpleNamespace(MPI=mpi))
    monkeypatch.setitem(sys.modules, "mpi4py.MPI", mpi)


def test_every_launcher_is_tried():
    assert sorted(communicator.SIZE_VARIABLES) == sorted(LAUNCHERS.values())


@pytest.mark.parametrize("name", LAUNCHERS.values(), ids=LAUNCHERS)
def test_each_launcher_is_recognized(name, monkeypatch):
    """MPI is started, which here knows of one process alone: that is an error."""
    monkeypatch.setenv(name, "3")
    with pytest.raises(RuntimeError, match=r"has started 3 processes.*Another MPI\) knows of one"):
        communicator.join()


@pytest.mark.parametrize("size", ["1", "", "x", "-2"])
@pytest.mark.parametrize("name", LAUNCHERS.values(), ids=LAUNCHERS)
def test_one_process_needs_no_mpi(name, size, monkeypatch):
    monkeypatch.setenv(name, size)
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    monkeypatch.setitem(sys.modules, "mpi4py.MPI", None)
    assert isinstance(communicator.join(), communicator.Alone) and communicator.join() is communicator.join()
