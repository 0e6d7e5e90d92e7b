"""Each rank's share of each batch.

The batches are those of one machine, in the same order: the seeds of the orders are the same on all ranks. Each batch
is cut into as many parts as there are ranks, which differ by one row at most, and a rank takes its own.

    arrays              only the rows of the share are gathered; an array may be a memory map of a file
    data.Dataset        up to `batch`, only the elements of the share are mapped: only its pictures are read
    PyDataset, others   the batch is made whole on every rank, and cut: only the data set itself knows how to make less
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..core.nest import flatten, map_structure
from ..data import ArrayBatches, Dataset
from ..shares import Share, computing, cut


class Part(tuple):
    """A batch's part, (x, y, sample_weight) or fewer, with its `share`."""

    share: Share

    @classmethod
    def of(cls, batch: Any, share: Share) -> Part:
        """A part, from what a data set yields: x, or a tuple or list of x and more."""
        part = cls(batch if isinstance(batch, list | tuple) else (batch,))
        part.share = share
        return part


class SharedBatches:
    """Batches of which each yields this rank's part. Other attributes are those of the whole batches.

    Args:
        batches: From `tinynet.data.make_batches`.
        rank, ranks: The number of this process, and how many there are.
        layers: For `Share.layers`.
    """

    def __init__(self, batches: Any, rank: int, ranks: int, layers: Any = None) -> None:
        self.batches = batches
        self._rank, self._ranks, self._layers = rank, ranks, layers

    def __getattr__(self, name: str) -> Any:
        return getattr(self.batches, name)

    def __len__(self) -> int:
        return len(self.batches)

    def share_of(self, total: int) -> Share:
        """This rank's share of a batch.

        Args:
            total: Rows of the batch.
        """
        first, end = cut(total, self._ranks, self._rank)
        spare = first == end and total > 0
        if spare:  # it computes another's row, which does not count
            first = min(first, total - 1)
            end = first + 1
        return Share(self._rank, first, end - first, total, spare, self._layers)

    def __iter__(self) -> Iterator[Part]:
        if isinstance(self.batches, ArrayBatches):
            for rows in self.batches.rows():
                total = rows.stop - rows.start if isinstance(rows, slice) else len(rows)
                share = self.share_of(total)
                own = (slice(rows.start + share.first, rows.start + share.first + share.rows)
                       if isinstance(rows, slice) else rows[share.first:share.first + share.rows])
                yield Part.of(self.batches.choose(own), share)
            return
        source = getattr(self.batches, "source", None)
        if isinstance(source, Dataset) and source._parts is not None:
            for total, element in source._parts(lambda total: self.share_of(total)[1:3]):
                yield Part.of(self.batches.convert(element), self.share_of(total))
            return
        for batch in self.batches:
            leaves = [leaf for leaf in flatten(batch) if leaf is not None]
            share = self.share_of(len(leaves[0]))
            rows = slice(share.first, share.first + share.rows)
            yield Part.of(map_structure(functools.partial(_rows_of, rows), batch), share)

    def prepared_by(self, prepare: Callable[[Any], tuple] | None) -> Callable[[Any], Part] | None:
        """A function that `Epochs.prepare` calls with each part, from one that takes whole batches.

        Args:
            prepare: The function; None stays None.
        """
        if prepare is None:
            return None

        def prepare_part(part: Part) -> Part:
            with computing(part.share):  # the numbers that it draws are not those of another rank
                return Part.of(prepare(part), part.share)

        return prepare_part


def _rows_of(rows: slice, leaf: Any) -> Any:
    return None if leaf is None else np.asarray(leaf)[rows]
