"""How fast the ranks were: samples a second, the time in communication, the slowest rank."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import numpy as np

from ..callbacks import Callback
from ..callbacks.base import Logs
from ..core.types import Array
from ..utils.progbar import write


class Speed(NamedTuple):
    """One epoch of training on several ranks.

    Args:
        seconds: How long it took, without validation.
        samples_per_second: Of all ranks together.
        waiting: The fraction of the time that a rank waited for communication, on average.
        slowest: The rank that waited least, for which the others waited.
        waiting_by_rank: The fraction of the time that each rank waited.

    >>> Speed(2.0, 500.0, 0.25, 1, (0.4, 0.1)).samples_per_second
    500.0
    """

    seconds: float
    samples_per_second: float
    waiting: float
    slowest: int
    waiting_by_rank: tuple[float, ...] = ()


def _speed_of(rows: int, seconds: Array, waited: Array) -> Speed:
    """The speed of a time of training.

    Args:
        rows: Samples of all ranks together.
        seconds, waited: Of each rank: how long it trained, and how long of that it waited for others.
    """
    longest = float(seconds.max())
    fractions = waited / seconds
    return Speed(longest, rows / longest, float(fractions.mean()), int(waited.argmin()), tuple(fractions.tolist()))


class EpochStatistics:
    """Measures one epoch.

    Args:
        communicator: The ranks.
    """

    def __init__(self, communicator: Any) -> None:
        self._communicator = communicator
        self._waited = communicator.waited
        self._begun = time.perf_counter()
        self._first: Array | None = None  # what each rank told before the first step
        self._newest: tuple[Array, int] | None = None  # the same before the newest one, and the samples until then
        self.rows = 0

    def tell(self, told: Array) -> None:
        """Keep what the ranks have told before a step.

        Args:
            told: Their clocks, and how long they had waited by then. Shape (ranks, 2).
        """
        if self._first is None:
            self._first = told
        else:
            self._newest = told, self.rows

    def so_far(self) -> Speed | None:
        """The speed of the steps so far, without asking the other ranks once more.

        Returns:
            The Speed; None before the first step's end.
        """
        if self._newest is None:
            return None
        told, rows = self._newest
        seconds, waited = (told - self._first).T
        return _speed_of(rows, seconds, waited)

    def result(self) -> Speed:
        """Compare all ranks; each of them must call it."""
        own = np.array([time.perf_counter() - self._begun, self._communicator.waited - self._waited])
        table = self._communicator.gather_numbers(own)
        return _speed_of(self.rows, table[:, 0], table[:, 1])


class Report(Callback):
    """Writes a line after each epoch.

    Args:
        strategy: The `DataParallel` whose epochs it reports.
    """

    def __init__(self, strategy: Any) -> None:
        super().__init__()
        self._strategy = strategy

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write the line."""
        speed = self._strategy.epochs[-1]
        write(f"{self._strategy.size} ranks: {speed.samples_per_second:,.0f} samples/s, {speed.waiting:.0%} of the "
              f"time waiting for communication, slowest rank {speed.slowest}\n")
