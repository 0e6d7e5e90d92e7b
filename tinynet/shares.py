"""Which rows of a batch this process computes, where several processes train one model (`tinynet.distribution`).

The engine knows no more of it than this: operations, losses and layers ask `share()`, which is None on one machine.

    rank      0        1        2        3
    rows      0 1 2    3 4 5    6 7      8 9        of a batch of 10

Every quantity L of a whole batch is the sum over the ranks of weight_r L_r, with weight_r = rows_r / total: so a mean
over samples needs no communication, and what is no mean over samples is brought into this form where it is computed.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

from .core import recording
from .core.types import Array


class Share(NamedTuple):
    """One process's rows of one batch.

    Attributes:
        rank: The number of the process, from 0.
        first: The number of its first row in the whole batch.
        rows: How many rows it computes.
        total: How many rows the whole batch has.
        is_spare: Whether the batch had no row for this process. It then computes one row that is another's, so that it
            takes part in all communication, and its results have weight 0.
        layers: Sums arrays over all processes, for layers that need statistics of the whole batch: function of an
            array that returns the sum.
    """

    rank: int
    first: int
    rows: int
    total: int
    is_spare: bool
    layers: Any

    @property
    def weight(self) -> float:
        """The fraction of the batch that this process computes."""
        return 0.0 if self.is_spare else self.rows / self.total

    @property
    def inverse_weight(self) -> float:
        """1 / weight; 0 where the weight is 0, since that process's results do not count."""
        return 0.0 if self.is_spare else self.total / self.rows

    def sum(self, array: Array) -> Array:
        """The sum of an array over all processes, in the order of the ranks; each process must call it."""
        if recording.state.active is not None:  # its calls are made twice in one step, by one process and not by others
            recording.state.active.refuse("it sums numbers over all processes while it computes")
        return self.layers(array)


def cut(total: int, ranks: int, rank: int) -> tuple[int, int]:
    """The rows [first, end) of a batch that a rank computes: in order, and of numbers that differ by one at most.

    Args:
        total: Rows of the batch.
        ranks: How many processes there are.
        rank: The number of this one.

    >>> [cut(10, 4, rank) for rank in range(4)]
    [(0, 2), (2, 5), (5, 7), (7, 10)]
    """
    return total * rank // ranks, total * (rank + 1) // ranks


class _State(threading.local):
    share: Share | None = None


_state = _State()


def share() -> Share | None:
    """The share that this thread is computing; None on one machine, and outside of a batch."""
    return _state.share


def set_share(share: Share | None) -> None:
    """Set what `share` returns in this thread."""
    _state.share = share


@contextlib.contextmanager
def computing(share: Share | None) -> Iterator[None]:
    """A block within which `share` returns this one."""
    outer, _state.share = _state.share, share
    try:
        yield
    finally:
        _state.share = outer


class _Process:
    """What holds for the whole process, set by `tinynet.distribution`."""

    scope: Any = None  # the DataParallel of the innermost `with ... .scope():`
    writes = True  # whether this process writes files: of several, the first


process = _Process()
