"""The sum of gradients over all ranks, in buckets, while the backward pass still runs.

    gradients     in the order in which the backward pass completes them, the last layer's first
    bucket        several of them, or one large one, as one array; it is sent as soon as its last gradient is there

    scatter       rank q sends its numbers of part r to rank r          all-to-all
    add           rank r: sum over q of weight_q part_q, in the order q = 0, 1, 2, ...
    gather        rank r sends the sum of its part to all               all-gather

That is an all-reduce in its two halves, each of which sends (n - 1) / n of the bytes. MPI's own Allreduce may add in
another order from run to run; here the order is written down, so the same number of ranks gives the same bits in every
run, on every rank, with any MPI.

weight_q is the fraction of the batch that rank q computed: the gradient of a mean over the batch is the mean of the
ranks' gradients by these weights.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.types import Array
from ..shares import cut
from .compression import Compression

BUCKET_BYTES = 4 << 20  # small enough that several are under way, large enough for the network's full rate
# A model of few weights has buckets of a quarter of them, but not of less than this. If all were one bucket, it would
# be sent when nothing is left to compute: at 1 Gb/s, two ranks with 1.9 MB of gradients were 1.5 times one, now 1.6.
# Where all ranks are on one host they have one bucket: there the core that would compute copies what is sent, so that a
# small bucket gains nothing by going out early, and a collective takes 0.1 ms of it, since its instructions are no
# longer in the cache.
LEAST_BYTES = 1 << 16
ALIGNMENT = 64  # bytes: a cache line, and the widest vector
WAITING, SCATTERING, ADDED, GATHERING, DONE = range(5)


class Bucket:
    """Arrays that are sent as one.

    Args:
        keys: What the arrays are called, in order.
        shapes: Their shapes.
        dtype: Their element type.
        exchange: To which it belongs.
    """

    def __init__(self, keys: list[Any], shapes: list[tuple[int, ...]], dtype: Any, exchange: Exchange) -> None:
        self.keys, self.shapes, self.dtype, self._exchange = keys, shapes, np.dtype(dtype), exchange
        step = max(1, ALIGNMENT // self.dtype.itemsize)
        self.slices: dict[Any, slice] = {}
        end = 0
        for key, shape in zip(keys, shapes, strict=True):
            size = int(np.prod(shape, dtype=np.int64))
            self.slices[key] = slice(end, end + size)
            end += -(-size // step) * step if len(keys) > 1 else size
        self.length = end
        communicator = exchange.communicator
        self.bounds = [cut(end, communicator.size, rank) for rank in range(communicator.size)]
        self.counts = [stop - start for start, stop in self.bounds]
        self.own = slice(*self.bounds[communicator.rank])
        self.result = np.zeros(end, self.dtype)
        self._parts = np.empty((communicator.size, self.counts[communicator.rank]), self.dtype)
        self._source = self.result  # what is sent: the packed arrays, or a large one where it lies
        self.rounds = exchange.compression.applies_to(self.dtype)
        self.state = WAITING
        self._missing = set(keys)
        self._pending: Any = None
        self._received: Array | None = None
        self._sent: Array | None = None

    def put(self, key: Any, array: Array | None) -> None:
        """Take an array; None stands for zeros."""
        where = self.slices[key]
        if array is None:
            self.result[where] = 0
        elif len(self.keys) == 1 and array.flags.c_contiguous and array.dtype == self.dtype:
            self._source = array.reshape(-1)  # not copied; `result` takes the sum
        else:
            self.result[where] = array.reshape(-1)
        self._missing.discard(key)

    @property
    def is_full(self) -> bool:
        """Whether all arrays are there."""
        return not self._missing

    def scatter(self) -> None:
        """Start to send each rank its part."""
        communicator, compression = self._exchange.communicator, self._exchange.compression
        counts = [self.counts[communicator.rank]] * communicator.size
        sent, received = self._source, self._parts.reshape(-1)
        if self.rounds:
            sent = compression.rounded(self._source)
            received = np.empty(len(received), sent.dtype)
        self._sent, self._received = sent, received
        self._pending = communicator.all_to_all(sent, received, self.counts, counts)
        self.state = SCATTERING

    def add(self) -> None:
        """Add what has arrived for this rank's part, in the order of the ranks."""
        if self.rounds:
            self._exchange.compression.restore(self._received, self._parts)  # type: ignore[arg-type]
        self._received = self._sent = None
        weights, own = self._exchange.weights, self.result[self.own]
        total = self._parts[0]
        if len(set(weights)) == 1:
            for part in self._parts[1:]:
                total += part
            np.multiply(total, self.dtype.type(weights[0]), out=own)
        else:
            for part, weight in zip(self._parts, weights, strict=True):
                if weight == 0:
                    part[...] = 0  # also where it is not finite
                else:
                    part *= self.dtype.type(weight)
            for part in self._parts[1:]:
                total += part
            own[...] = total
        self._source = self.result
        self.state = ADDED

    def gather(self) -> None:
        """Start to send the sum of this rank's part to all."""
        communicator = self._exchange.communicator
        if self.rounds:
            self._sent = np.empty(self.length, np.uint16)
            self._sent[self.own] = self._exchange.compression.rounded(self.result[self.own]).view(np.uint16)
            self._pending = communicator.all_gather(self._sent, self.counts)
        else:
            self._pending = communicator.all_gather(self.result, self.counts)
        self.state = GATHERING

    def finish(self) -> None:
        """Take what has been gathered."""
        if self.rounds:
            kind = np.float16 if self._exchange.compression.kind == "float16" else np.uint16
            self._exchange.compression.restore(self._sent.view(kind), self.result)  # type: ignore[union-attr]
        self._sent = None
        self.state = DONE

    def is_through(self) -> bool:
        """Whether the collective under way is complete."""
        return self._pending.test()

    def reset(self) -> None:
        """Make ready for the next step."""
        self.state = WAITING
        self._missing = set(self.keys)
        self._source = self.result

    def array(self, key: Any, shape: tuple[int, ...]) -> Array:
        """One of the arrays, summed."""
        return self.result[self.slices[key]].reshape(shape)


def bucket_size(total: int, most: int = BUCKET_BYTES, one_host: bool = False) -> int:
    """Return how many bytes a bucket has at least, of gradients of `total` bytes.

    >>> [bucket_size(total) for total in (100, 1_000_000, 100_000_000)]
    [65536, 250000, 4194304]
    >>> bucket_size(1_000_000, one_host=True)
    4194304
    """
    return most if one_host else min(most, max(LEAST_BYTES, total // 4))


class Exchange:
    """Sums arrays over all ranks: the same ones in every step.

    Args:
        communicator: The ranks.
        compression: How numbers are sent.
        bucket_bytes: How large a bucket is at least, unless it is the last, or has a quarter of all bytes.
        gathers: Whether all ranks need the whole sums; else each keeps its part of them (`sharded.py`).
        progress: Whether a thread tests what is under way, for an MPI that works only while it is called.
    """

    def __init__(self, communicator: Any, compression: Compression | None = None, bucket_bytes: int = BUCKET_BYTES,
                 gathers: bool = True, progress: bool = False) -> None:
        self.communicator = communicator
        self.compression = compression or Compression()
        self.bucket_bytes = bucket_bytes
        self.gathers = gathers
        self.weights: list[float] = [1.0 / communicator.size] * communicator.size
        self.buckets: list[Bucket] = []
        self.bucket_of: dict[Any, Bucket] = {}
        self.shapes: dict[Any, tuple[int, ...]] = {}
        self._lock = threading.Lock()
        self._started = self._gathered = 0  # buckets that are scattered, and gathered, so far
        self._under_way = False  # whether a collective is
        self._busy = threading.Event()
        self._closed = False
        self._failure: BaseException | None = None
        if progress:
            threading.Thread(target=self._progress, name="tinynet-progress", daemon=True).start()

    def lay_out(self, arrays: Sequence[tuple[Any, Array]]) -> None:
        """Choose the buckets.

        Args:
            arrays: (key, array) in the order in which they will come.
        """
        group: list[tuple[Any, Array]] = []
        enough = bucket_size(sum(array.nbytes for _, array in arrays), self.bucket_bytes,
                             self.communicator.local_size == self.communicator.size)
        self.buckets, size = [], 0
        for key, array in arrays:
            if group and (group[0][1].dtype != array.dtype or array.nbytes >= enough):
                self._close_bucket(group)
                group, size = [], 0
            group.append((key, array))
            size += array.nbytes
            if size >= enough:
                self._close_bucket(group)
                group, size = [], 0
        if group:
            self._close_bucket(group)
        self.bucket_of = {key: bucket for bucket in self.buckets for key in bucket.keys}
        self.shapes = {key: array.shape for key, array in arrays}
        self._started = self._gathered = 0

    def _close_bucket(self, group: list[tuple[Any, Array]]) -> None:
        self.buckets.append(Bucket([key for key, _ in group], [array.shape for _, array in group], group[0][1].dtype,
                                   self))

    def put(self, key: Any, array: Array | None) -> None:
        """Take an array of this step; what is complete goes out at once.

        Args:
            key: One of `lay_out`.
            array: Its value; None for zeros.
        """
        bucket = self.bucket_of[key]
        bucket.put(key, array)
        if bucket.is_full or self._under_way:  # else there is nothing to start, and nothing can have arrived
            self.poll()

    def poll(self) -> None:
        """Start what can be started, and take what has arrived. Collectives start in the order of the buckets."""
        with self._lock:
            buckets = self.buckets
            while self._started < len(buckets) and buckets[self._started].is_full:
                buckets[self._started].scatter()
                self._started += 1
                self._busy.set()
            while self._gathered < self._started:
                bucket = buckets[self._gathered]
                if bucket.state == SCATTERING:
                    if not bucket.is_through():
                        break
                    bucket.add()
                    if self.gathers:
                        bucket.gather()
                self._gathered += 1
            under_way = False
            for bucket in buckets[:self._gathered]:
                if bucket.state == GATHERING:
                    if bucket.is_through():
                        bucket.finish()
                    else:
                        under_way = True
            self._under_way = under_way or self._gathered < self._started
            if not self._under_way:
                self._busy.clear()

    def _is_complete(self) -> bool:
        self.poll()
        end = DONE if self.gathers else ADDED
        return all(bucket.state == end for bucket in self.buckets)

    def complete(self) -> None:
        """Wait until all sums are there.

        Raises:
            RankFailed: another process has failed.
        """
        self.communicator.wait(_Tested(self._is_complete))

    def array(self, key: Any) -> Array:
        """The sum of the arrays of this key, a view that holds until the next step."""
        return self.bucket_of[key].array(key, self.shapes[key])

    def reset(self) -> None:
        """Make ready for the next step."""
        for bucket in self.buckets:
            bucket.reset()
        self._started = self._gathered = 0

    def close(self) -> None:
        """End the thread, if there is one."""
        self._closed = True
        self._busy.set()

    def _progress(self) -> None:
        while not self._closed:
            self._busy.wait()
            if self._closed:
                return
            try:
                self.poll()
            except Exception:  # the training thread meets it too, and reports it
                return
            time.sleep(500e-6)


class _Tested:
    """What `Communicator.wait` takes, from a function."""

    def __init__(self, test: Callable[[], bool]) -> None:
        self.test = test
