"""What the training asks of MPI: a few collectives that can be waited for without hanging.

All collectives are started without waiting and then tested. So the backward pass goes on meanwhile, and a process that
waits notices that another one has failed (faults.py).

Each kind of message has a communicator of its own: MPI wants the collectives of one communicator to be started in the
same order by all processes, and two kinds may be under way in an order that differs from process to process.
"""

from __future__ import annotations

import os
import pickle
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.extras import import_extra
from ..core.types import Array
from .faults import Watch

# What the launchers tell their processes of the number of processes.
SIZE_VARIABLES = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MPI_LOCALNRANKS", "PMIX_SIZE", "SLURM_STEP_NUM_TASKS")
CHANNELS = ("control", "scatter", "gather", "results", "layers")
SPINS = 400  # tests without a pause, about 0.2 ms; then one every 50 us, so that a waiting process leaves the core


class Pending:
    """A collective under way.

    Args:
        test: Function that returns whether it is complete; it also lets MPI work on it.
        kept: The arrays that it reads and writes, which must live as long.
    """

    __slots__ = ("_test", "_kept", "done")

    def __init__(self, test: Callable[[], bool], kept: Any = None) -> None:
        self._test = test
        self._kept = kept
        self.done = False

    def test(self) -> bool:
        """Whether it is complete."""
        if not self.done and self._test():
            self.done, self._kept = True, None
        return self.done


class Communicator:
    """The processes that train together. `Alone` and `MPICommunicator` are the two kinds.

    Attributes:
        rank: The number of this process, from 0.
        size: How many there are.
        local_size: How many of them are on this host.
        waited: Seconds that this process has waited for others so far.
    """

    rank = 0
    size = 1
    local_size = 1
    waited = 0.0

    def all_to_all(self, send: Array, receive: Array, send_counts: Sequence[int], receive_counts: Sequence[int]) -> Any:
        """Start to send the next `send_counts[r]` elements of an array to each rank r.

        Args:
            send: One-dimensional array.
            receive: Array of the same type, for what the ranks send to this one, one after the other.
            send_counts, receive_counts: Elements for, and from, each rank.

        Returns:
            Pending.
        """
        raise NotImplementedError

    def all_gather(self, array: Array, counts: Sequence[int], channel: str = "gather") -> Any:
        """Start to bring the parts of an array together: rank r has, and sends, the next counts[r] elements.

        Args:
            array: One-dimensional; the parts of the others are written into it.
            counts: Elements of each rank's part.
            channel: Which of `CHANNELS`.

        Returns:
            Pending.
        """
        raise NotImplementedError

    def all_gather_rows(self, table: Array, channel: str) -> Any:
        """Start to fill a table of which each rank has its row. It takes MPI less time than parts of any length.

        Args:
            table: Dense, shape (ranks, n); row r is that of rank r.
            channel: Which of `CHANNELS`.

        Returns:
            Pending.
        """
        return self.all_gather(table.reshape(-1), [table[0].size] * self.size, channel)

    def broadcast(self, array: Array) -> Any:
        """Start to send an array from rank 0 into those of the others.

        Args:
            array: One-dimensional, of one type and length everywhere.

        Returns:
            Pending.
        """
        raise NotImplementedError

    def wait(self, pending: Any) -> None:
        """Wait until a collective is complete.

        Args:
            pending: What its start returned.

        Raises:
            RankFailed: another process has failed, or does not answer any more.
        """
        begun = time.perf_counter()
        tests = 0
        while not pending.test():
            tests += 1
            if tests > SPINS:
                self.check()
                time.sleep(50e-6)
        self.waited += time.perf_counter() - begun

    def check(self) -> None:
        """Raise if another process has failed.

        Raises:
            RankFailed: it has.
        """

    # -- made of these -------------------------------------------------------------------------------------------------

    def gather_numbers(self, numbers: Array, channel: str = "control") -> Array:
        """The numbers of all ranks.

        Args:
            numbers: float64 array, of the same length everywhere.
            channel: Which of `CHANNELS`.

        Returns:
            Array, shape (ranks, length).
        """
        table, pending = self.start_gather_numbers(numbers, channel)
        self.wait(pending)
        return table

    def start_gather_numbers(self, numbers: Array, channel: str = "control") -> tuple[Array, Any]:
        """Start `gather_numbers`.

        Args:
            numbers, channel: As for `gather_numbers`.

        Returns:
            The table, which is complete when the second, a Pending, is.
        """
        table = np.empty((self.size, numbers.size), numbers.dtype)
        table[self.rank] = numbers.ravel()
        return table, self.all_gather_rows(table, channel)

    def sum(self, array: Array, channel: str = "layers") -> Array:
        """The sum of an array over all ranks, added in their order: the same bits everywhere, and in each run.

        Args:
            array: Of the same shape and type everywhere.
            channel: Which of `CHANNELS`.

        Returns:
            Array.
        """
        table = self.gather_numbers(np.ascontiguousarray(array), channel)
        total = table[0].copy()
        for row in table[1:]:
            total += row
        return total.reshape(np.shape(array))

    def exchange(self, value: Any) -> list[Any]:
        """The values of all ranks, in their order; any that pickle knows, small ones.

        Args:
            value: This rank's.

        Returns:
            List.
        """
        text = np.frombuffer(pickle.dumps(value), np.uint8)
        lengths = [int(n) for n in self.gather_numbers(np.array([float(len(text))]))[:, 0]]
        everything = np.empty(sum(lengths), np.uint8)
        starts = np.concatenate([[0], np.cumsum(lengths)])
        everything[starts[self.rank]:starts[self.rank + 1]] = text
        self.wait(self.all_gather(everything, lengths, "control"))
        return [pickle.loads(everything[a:b].tobytes()) for a, b in zip(starts, starts[1:], strict=False)]


class Alone(Communicator):
    """One process: every collective is complete at once."""

    def all_to_all(self, send: Array, receive: Array, send_counts: Sequence[int], receive_counts: Sequence[int]) -> Any:
        receive[:] = send
        return Pending(lambda: True)

    def all_gather(self, array: Array, counts: Sequence[int], channel: str = "gather") -> Any:
        return Pending(lambda: True)

    def broadcast(self, array: Array) -> Any:
        return Pending(lambda: True)


class MPICommunicator(Communicator):
    """The processes that `mpirun` has started.

    Args:
        mpi: The module mpi4py.MPI.
    """

    def __init__(self, mpi: Any) -> None:
        self._mpi = mpi
        world = mpi.COMM_WORLD
        world.Set_errhandler(mpi.ERRORS_RETURN)  # an error becomes an exception, not the end of the process
        self.rank, self.size = world.Get_rank(), world.Get_size()
        self._world = world
        self._channels = {name: world.Dup() for name in CHANNELS}
        near = world.Split_type(mpi.COMM_TYPE_SHARED)
        self.local_size = near.Get_size()
        near.Free()
        self.host = socket.gethostname()
        self.hosts = world.allgather(self.host)
        self.watch = Watch(mpi, world.Dup(), self.hosts)
        self.library = mpi.Get_library_version().split(",")[0].split("\n")[0].strip()

    def all_to_all(self, send: Array, receive: Array, send_counts: Sequence[int], receive_counts: Sequence[int]) -> Any:
        kind = _bytes_of(send)
        request = self._channels["scatter"].Ialltoallv([_raw(send), _times(send_counts, kind)],
                                                       [_raw(receive), _times(receive_counts, kind)])
        return Pending(request.Test, (send, receive))

    def all_gather(self, array: Array, counts: Sequence[int], channel: str = "gather") -> Any:
        request = self._channels[channel].Iallgatherv(self._mpi.IN_PLACE,
                                                      [_raw(array), _times(counts, _bytes_of(array))])
        return Pending(request.Test, array)

    def all_gather_rows(self, table: Array, channel: str) -> Any:
        request = self._channels[channel].Iallgather(self._mpi.IN_PLACE, [_raw(table.reshape(-1)), self._mpi.BYTE])
        return Pending(request.Test, table)

    def broadcast(self, array: Array) -> Any:
        # Pieces, since MPI counts with 31 bits.
        raw = _raw(array)
        piece = 1 << 30
        requests = [self._channels["control"].Ibcast(raw[start:start + piece]) for start in range(0, len(raw), piece)]
        return Pending(lambda: bool(self._mpi.Request.Testall(requests)), array)

    def check(self) -> None:
        self.watch.check()


def _raw(array: Array) -> Array:
    return array.view(np.uint8)


def _bytes_of(array: Array) -> int:
    return array.dtype.itemsize


def _times(counts: Sequence[int], factor: int) -> list[int]:
    return [count * factor for count in counts]


_joined: list[Communicator] = []


def join() -> Communicator:
    """The processes of this run: those that `mpirun` has started, or this one alone.

    MPI is started by the first call, and only under a launcher: without one the package mpi4py is not needed.

    Raises:
        ModuleNotFoundError: mpirun has started several processes, but mpi4py is missing.
        RuntimeError: mpirun has started several, but mpi4py found another MPI, for which each of them is alone.
    """
    if _joined:
        return _joined[0]
    launched = max((int(os.environ[name]) for name in SIZE_VARIABLES if os.environ.get(name, "").isdigit()), default=1)
    if launched <= 1:
        _joined.append(Alone())
        return _joined[0]
    mpi = import_extra("mpi4py.MPI", "mpi", "tinynet.distribution", "mpi4py")
    size = mpi.COMM_WORLD.Get_size()
    if size == 1:
        raise RuntimeError(
            f"tinynet.distribution: the launcher has started {launched} processes, but the MPI that mpi4py uses "
            f"({mpi.Get_library_version().split(',')[0]}) knows of one. The two must be of one installation: use its "
            "mpirun, or set MPI4PY_LIBMPI to the launcher's libmpi.so"
        )
    _joined.append(MPICommunicator(mpi))
    return _joined[0]
