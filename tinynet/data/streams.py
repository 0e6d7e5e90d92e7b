"""What a `Dataset` does to a stream of elements, whatever these are."""

import queue
import threading

import numpy as np

_END = object()


def shuffled(stream, buffer_size, rng):
    """The elements in random order, with at most `buffer_size` of them waiting.

    Each that comes out is drawn from those waiting, and the next of the stream takes its place; so an element comes at
    most `buffer_size` places too early.
    """
    waiting = []
    for element in stream:
        if len(waiting) < buffer_size:
            waiting.append(element)
            continue
        places = _places(buffer_size, rng)
        place = next(places)
        yield waiting[place]
        waiting[place] = element
        for element in stream:
            place = next(places)
            yield waiting[place]
            waiting[place] = element
    for place in rng.permutation(len(waiting)).tolist():
        yield waiting[place]


def _places(buffer_size, rng):
    while True:  # drawn many at a time: a call of NumPy costs as much as a hundred draws
        yield from rng.integers(buffer_size, size=1024).tolist()


def prefetched(iterate, size):
    """The stream, made by a thread that runs up to `size` elements ahead.

    An exception in the thread is raised where the element would have come, with the traceback of the place where it
    happened. The thread ends when the consumer stops early.
    """
    waiting = queue.Queue(size)
    stopped = threading.Event()

    def put(item):
        while not stopped.is_set():
            try:
                waiting.put(item, timeout=0.1)
                return
            except queue.Full:
                continue

    def run():
        try:
            for element in iterate():
                put((element, None))
                if stopped.is_set():
                    return
        except BaseException as error:  # whatever it is, it belongs to the consumer
            put((None, error))
            return
        put((_END, None))

    thread = threading.Thread(target=run, name="tinynet-prefetch", daemon=True)
    thread.start()
    try:
        while True:
            element, error = waiting.get()
            if error is not None:
                raise error
            if element is _END:
                return
            yield element
    finally:
        stopped.set()


def interleaved(streams, cycle_length, block_length):
    """Up to `block_length` elements of each of `cycle_length` streams in turn.

    The place of a stream that has ended is taken by the next one when its turn comes.
    """
    streams = iter(streams)
    places = [None] * cycle_length
    turn, taken, more = 0, 0, True
    while more or any(place is not None for place in places):
        if places[turn] is None and more:
            following = next(streams, None)
            more = following is not None
            places[turn] = iter(following) if more else None
            continue
        if places[turn] is not None:
            try:
                element = next(places[turn])
            except StopIteration:
                places[turn] = None
            else:
                yield element
                taken += 1
                if taken < block_length:
                    continue
        turn, taken = (turn + 1) % cycle_length, 0


def drawn(streams, shares, rng, stop_on_empty):
    """Each element from a stream that is drawn with a probability of its share, until all, or one, have ended."""
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
