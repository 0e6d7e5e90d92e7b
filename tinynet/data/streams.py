"""What a `Dataset` does to a stream of elements, whatever these are."""

from __future__ import annotations

import collections
import contextlib
import itertools
import queue
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ..core.threads import start_thread
from ..core.types import Array

_END = object()


def shuffled(stream: Iterator[Any], buffer_size: int, rng: np.random.Generator) -> Iterator[Any]:
    """Yield the elements in random order, with at most `buffer_size` of them waiting.

    Each one is drawn from those waiting, and the next of the stream replaces it; so an element comes at most
    `buffer_size` positions too early.
    """
    waiting: list[Any] = []
    for element in stream:
        if len(waiting) < buffer_size:
            waiting.append(element)
            continue
        numbers = _drawn_numbers(buffer_size, rng)
        chosen = next(numbers)
        yield waiting[chosen]
        waiting[chosen] = element
        for element in stream:
            chosen = next(numbers)
            yield waiting[chosen]
            waiting[chosen] = element
    for chosen in rng.permutation(len(waiting)).tolist():
        yield waiting[chosen]


def _drawn_numbers(buffer_size, rng):
    """Numbers below `buffer_size`, drawn 1024 at a time: a call of NumPy costs as much as a hundred draws."""
    while True:
        yield from rng.integers(buffer_size, size=1024).tolist()


class _Consumer:
    """Lives as long as the generator of a `prefetched` stream."""


def prefetched(iterate: Callable[[], Iterable[Any]], size: int) -> Iterator[Any]:
    """Yield the elements of a stream that a thread computes, up to `size` of them ahead.

    The thread ends when the consumer stops early. Where the system starts no more threads, the consumer computes them.

    Args:
        iterate: Function that returns the stream. An exception in it is raised where the element would have come, with
            its traceback.
        size: Elements that may wait.
    """
    waiting: queue.Queue[Any] = queue.Queue(size)
    consumer: _Consumer | None = _Consumer()
    # Not an event that is set when the consumer stops: Ctrl-C may come inside `set`, and the thread would wait for
    # ever.
    is_alive = weakref.ref(consumer)

    def put(item):
        while is_alive() is not None:
            try:
                waiting.put(item, timeout=0.1)
                return
            except queue.Full:
                continue

    def run():
        try:
            for element in iterate():
                put((element, None))
                if is_alive() is None:
                    return
        except BaseException as error:  # whatever it is, it belongs to the consumer
            put((None, error))
            return
        put((_END, None))

    thread = threading.Thread(target=run, name="tinynet-prefetch", daemon=True)
    try:  # around the start as well: Ctrl-C may come while it waits for the thread
        if not start_thread(thread, "prefetch has no effect"):
            yield from iterate()
            return
        while True:
            element, error = waiting.get()
            if error is not None:
                raise error
            if element is _END:
                return
            yield element
    finally:
        consumer = None  # at once: a traceback that is kept would keep it too
        with contextlib.suppress(queue.Empty):  # wakes a thread that waits to put an element, with all that it holds
            waiting.get_nowait()


def interleaved(streams: Iterable[Iterable[Any]], cycle_length: int, block_length: int) -> Iterator[Any]:
    """Yield up to `block_length` elements of each of `cycle_length` streams in turn.

    The next stream replaces one that has ended when its turn comes.
    """
    streams = iter(streams)
    active: list[Iterator[Any] | None] = [None] * cycle_length
    turn, taken, more = 0, 0, True
    while more or any(stream is not None for stream in active):
        stream = active[turn]
        if stream is None and more:
            following = next(streams, None)
            more = following is not None
            active[turn] = iter(following) if following is not None else None
            continue
        if stream is not None:
            try:
                element = next(stream)
            except StopIteration:
                active[turn] = None
            else:
                yield element
                taken += 1
                if taken < block_length:
                    continue
        turn, taken = (turn + 1) % cycle_length, 0


def drawn(streams: Iterable[Iterable[Any]], shares: Array, rng: np.random.Generator,
          stop_on_empty: bool) -> Iterator[Any]:
    """Yield elements, each from a stream drawn with the probability of its share, until all streams have ended.

    Args:
        streams: Iterables.
        shares: Array, shape (streams,), of numbers >= 0.
        rng: NumPy Generator for the draws.
        stop_on_empty: Whether to end with the first stream that ends.
    """
    streams, shares = [iter(stream) for stream in streams], shares.copy()
    while shares.any():
        bounds = np.cumsum(shares)
        for chosen in np.searchsorted(bounds, rng.random(1024) * bounds[-1], side="right").tolist():
            try:
                element = next(streams[chosen])
            except StopIteration:
                if stop_on_empty:
                    return
                shares[chosen] = 0  # what was drawn for it is drawn again, from the others
                break
            yield element


def chosen(streams: Iterable[Iterable[Any]], choices: Iterable[Array], stop_on_empty: bool) -> Iterator[Any]:
    """Yield elements, each from the stream whose number is chosen.

    Args:
        streams: Iterables.
        choices: Arrays of one whole number each.
        stop_on_empty: Whether to end at the choice of a stream that has ended; otherwise it is left out.

    Raises:
        ValueError: a choice is no number of a stream.
    """
    iterators = [iter(stream) for stream in streams]
    for choice in choices:
        if not isinstance(choice, np.ndarray) or choice.ndim or choice.dtype.kind not in "iu" or not (
                0 <= choice < len(iterators)):
            raise ValueError(f"choose_from_datasets: a choice must be a whole number from 0 to {len(iterators) - 1}, "
                             f"got {choice!r}")
        try:
            element = next(iterators[int(choice)])
        except StopIteration:
            if stop_on_empty:
                return
            continue
        yield element


def windows(stream: Iterable[Any], size: int, shift: int, stride: int, drop_remainder: bool) -> Iterator[list[Any]]:
    """Yield lists of elements number n shift, n shift + stride, ... (`size` of them), for n = 0, 1, ...

    Args:
        stream: Iterable.
        size: Elements in a window.
        shift: Elements between the beginnings of windows.
        stride: Elements between neighbours in a window.
        drop_remainder: Whether to leave out windows that the end of the stream makes shorter.
    """
    stream = iter(stream)
    waiting: collections.deque[Any] = collections.deque()
    extent = (size - 1) * stride + 1
    while True:
        waiting.extend(itertools.islice(stream, extent - len(waiting)))
        if not waiting or drop_remainder and len(waiting) < extent:
            return
        yield list(itertools.islice(waiting, 0, None, stride))
        between = shift - len(waiting)
        for _ in range(min(shift, len(waiting))):
            waiting.popleft()
        if between > 0:
            collections.deque(itertools.islice(stream, between), maxlen=0)  # skips them


def grouped(stream: Iterable[Any], key_of: Callable[[Any], int], size_of: Callable[[int], int]) \
        -> Iterator[tuple[int, list[Any]]]:
    """Yield (key, elements of this key) as soon as there are enough of them; in the end the rest, in order of the keys.

    Args:
        stream: Iterable.
        key_of: Function of an element.
        size_of: Function of a key: how many elements are enough.
    """
    waiting: dict[int, list[Any]] = {}
    for element in stream:
        key = key_of(element)
        group = waiting.setdefault(key, [])
        group.append(element)
        if len(group) >= size_of(key):
            yield key, waiting.pop(key)
    for key in sorted(waiting):
        yield key, waiting[key]
