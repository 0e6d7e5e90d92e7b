"""How fast the ranks were: samples a second, the time in communication, the slowest rank."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import numpy as np

from ..callbacks import Callback
from ..callbacks.base import Logs
from ..utils.progbar import write


class Speed(NamedTuple):
    """One epoch of training on several ranks.

    Args:
        seconds: How long it took, without validation.
        samples_per_second: Of all ranks together.
        waiting: The fraction of the time that a rank waited for communication, on average.
        slowest: The rank that waited least, for which the others waited.

    >>> Speed(2.0, 500.0, 0.25, 3).samples_per_second
    500.0
    """

    seconds: float
    samples_per_second: float
    waiting: float
    slowest: int


class EpochStatistics:
    """Measures one epoch.

    Args:
        communicator: The ranks.
    """

    def __init__(self, communicator: Any) -> None:
        self._communicator = communicator
        self._waited = communicator.waited
        self._begun = time.perf_counter()
        self.rows = 0

    def result(self) -> Speed:
        """Compare all ranks; each of them must call it."""
        seconds = time.perf_counter() - self._begun
        waited = self._communicator.waited - self._waited
        table = self._communicator.gather_numbers(np.array([seconds, waited]))
        seconds = float(table[:, 0].max())
        return Speed(seconds, self.rows / seconds, float((table[:, 1] / table[:, 0]).mean()), int(table[:, 1].argmin()))


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
