"""DataParallel: the model on every process, the batch spread over them."""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import shares
from ..core.types import Array
from ..random import global_seed_generator
from ..runtime import set_num_threads
from .buckets import BUCKET_BYTES
from .communicator import join
from .compression import Compression
from .faults import RankFailed
from .session import Session
from .statistics import EpochStatistics, Speed


class DataParallel:
    """Train one model on all processes that `mpirun` has started: each computes its share of every batch.

    A model that is compiled within `scope()` is trained, evaluated and asked to predict by all of them together.
    Started without mpirun, the same script runs alone.

    Args:
        device_mesh, devices, auto_shard_dataset: Keras's arguments, without effect: the processes are mpirun's, and
            data is always spread.
        shard_optimizer: Keep each optimizer state on one process only, 1 / n of the memory. For optimizers whose rule
            takes each number by itself.
        compression: Send gradients as 'float16' or 'bfloat16', half the bytes, rounded (`compression.py` has the
            bound). None sends them as they are.
        overlap: Send gradients while the backward pass goes on; False sends them after it.
        bucket_bytes: Gradients are sent in groups of at least so many bytes, or of a quarter of all.
        progress_thread: Let a thread test, twice a millisecond, what is under way; for an MPI that works only while it
            is called.

    Attributes:
        rank: The number of this process, from 0.
        size: How many processes there are.
        epochs: A `Speed` for each epoch so far.

    Raises:
        ValueError: an unknown compression, or a bucket of no byte.
        ModuleNotFoundError: mpirun has started several processes, but mpi4py is missing.
        RuntimeError: the mpirun and the MPI of mpi4py are of two installations.

    >>> strategy = DataParallel()
    >>> with strategy.scope():
    ...     model = Sequential([tn.Input((1,)), Dense(1, kernel_initializer="ones")])
    ...     model.compile("sgd", "mse")
    >>> strategy.rank, strategy.size  # without mpirun
    (0, 1)
    """

    def __init__(self, device_mesh: Any = None, devices: Any = None, auto_shard_dataset: bool = True, *,
                 shard_optimizer: bool = False, compression: str | None = None, overlap: bool = True,
                 bucket_bytes: int = BUCKET_BYTES, progress_thread: bool = False) -> None:
        if isinstance(bucket_bytes, bool) or not isinstance(bucket_bytes, int) or bucket_bytes < 1:
            raise ValueError(f"DataParallel: bucket_bytes must be a number of at least 1, got {bucket_bytes!r}")
        self.compression = Compression(compression)
        self.shard_optimizer = bool(shard_optimizer)
        self.overlap = bool(overlap)
        self.bucket_bytes = bucket_bytes
        self.progress_thread = bool(progress_thread)
        self.communicator = join()
        self.rank, self.size = self.communicator.rank, self.communicator.size
        self.epochs: list[Speed] = []
        self._measuring: EpochStatistics | None = None
        if self.size > 1:
            shares.process.writes = self.rank == 0
            _share_cores(self.communicator)
            _share_random_numbers(self.communicator)

    @property
    def speed(self) -> Speed | None:
        """The `Speed` of the epoch under way up to its newest step, then of the whole epoch; None before."""
        measuring = self._measuring  # `fit` may go on meanwhile
        newest = None if measuring is None else measuring.so_far()
        return newest or (self.epochs[-1] if self.epochs else None)

    @property
    def num_replicas_in_sync(self) -> int:
        """`size`, under the name that TensorFlow's strategies have for it."""
        return self.size

    def __reduce__(self) -> Any:
        return _restored, (self.shard_optimizer, self.compression.kind, self.overlap, self.bucket_bytes,
                           self.progress_thread)

    @contextlib.contextmanager
    def scope(self) -> Iterator[DataParallel]:
        """A block within which models are compiled for, and `fit` runs on, all processes.

        At its beginning the session's random numbers become those of rank 0: tinynet's, NumPy's and Python's. An error
        in it ends all processes.
        """
        outer, shares.process.scope = shares.process.scope, self
        try:
            if self.size > 1:
                _share_random_numbers(self.communicator)
            yield self
        except Exception as error:
            if self.size > 1:
                self.communicator.watch.report(error)  # type: ignore[attr-defined]
                if isinstance(error, RankFailed):
                    raise error from None
            raise
        finally:
            shares.process.scope = outer

    def session(self, model: Any) -> Session | None:
        """What a model's `fit` or `evaluate` does in addition; None where there is one process.

        Args:
            model: The model.
        """
        return Session(self, model) if self.size > 1 else None

    def joined(self, arrays: list[Array], totals: list[int]) -> list[Array]:
        """The outputs of all ranks in the order of the samples.

        Args:
            arrays: This rank's outputs, each shape (rows, ...): the rows of its shares one after the other.
            totals: How many rows each whole batch has.

        Returns:
            Arrays of all rows.
        """
        bounds = [[shares.cut(total, self.size, rank) for total in totals] for rank in range(self.size)]
        starts = np.concatenate([[0], np.cumsum(totals)]).astype(np.int64)
        rows_of = [np.concatenate([np.arange(start + first, start + end)
                                   for start, (first, end) in zip(starts, one, strict=False)]) for one in bounds]
        counts = [len(rows) for rows in rows_of]
        begin = sum(counts[:self.rank])
        found = []
        for array in arrays:
            row = int(np.prod(array.shape[1:], dtype=np.int64))
            gathered = np.empty((sum(counts), *array.shape[1:]), array.dtype)
            gathered[begin:begin + len(array)] = array
            pending = self.communicator.all_gather(gathered.reshape(-1), [count * row for count in counts])
            self.communicator.wait(pending)
            ordered = np.empty_like(gathered)
            ordered[np.concatenate(rows_of).astype(np.int64)] = gathered
            found.append(ordered)
        return found


def _restored(shard_optimizer: bool, compression: str | None, overlap: bool, bucket_bytes: int,
              progress_thread: bool) -> DataParallel:
    """A copy, in this process or another."""
    return DataParallel(shard_optimizer=shard_optimizer, compression=compression, overlap=overlap,
                        bucket_bytes=bucket_bytes, progress_thread=progress_thread)


def _share_random_numbers(communicator: Any) -> None:
    """Let what follows draw the same random numbers on all ranks: tinynet's, and NumPy's and Python's, by which a
    program may shuffle its data.
    """
    own = global_seed_generator().state, np.random.get_state(), random.getstate()
    session, of_numpy, of_python = communicator.exchange(own)[0]
    global_seed_generator().state = session
    np.random.set_state(of_numpy)
    random.setstate(of_python)


def _share_cores(communicator: Any) -> None:
    """Divide this host's cores among its processes, unless OMP_NUM_THREADS or mpirun's binding has done so."""
    if os.environ.get("OMP_NUM_THREADS"):
        return
    cores = os.cpu_count() or 1
    if not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) == cores:
        set_num_threads(max(1, cores // communicator.local_size))


def set_distribution(value: DataParallel | None) -> None:
    """Let every model from now on be trained by all processes, as within `value.scope()`.

    Args:
        value: A `DataParallel`; None ends it.

    Raises:
        TypeError: something else.

    >>> set_distribution(DataParallel())
    >>> distribution().size
    1
    >>> set_distribution(None)
    """
    if value is not None and not isinstance(value, DataParallel):
        raise TypeError(f"set_distribution: expected a DataParallel, got {type(value).__name__}")
    shares.process.scope = value
    if value is not None and value.size > 1:
        _share_random_numbers(value.communicator)


def distribution() -> DataParallel | None:
    """The `DataParallel` in whose scope the program is.

    Returns:
        The DataParallel; None if there is none.

    >>> distribution() is None
    True
    """
    return shares.process.scope


def initialize(job_addresses: Any = None, num_processes: int | None = None, process_id: int | None = None) -> None:
    """Join the processes that mpirun has started; `DataParallel` does so by itself.

    Args:
        job_addresses, process_id: Keras's arguments, without effect: mpirun knows the hosts.
        num_processes: How many there must be; any number if None.

    Raises:
        ValueError: there is another number of processes.

    >>> initialize(num_processes=1)
    """
    size = join().size
    if num_processes is not None and num_processes != size:
        raise ValueError(f"distribution.initialize: num_processes is {num_processes}, but mpirun has started {size}; "
                         f"write mpirun -n {num_processes}")


def list_devices(device_type: str | None = None) -> list[str]:
    """The processes, 'cpu:0', 'cpu:1', ...

    Args:
        device_type: 'cpu', or None for all; there are no others.

    Returns:
        List of names.

    >>> list_devices()
    ['cpu:0']
    """
    return [f"cpu:{rank}" for rank in range(join().size)] if device_type in (None, "cpu", "CPU") else []
