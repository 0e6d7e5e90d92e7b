"""Ranks that are threads of this process: a communicator without MPI, for tests of what is above it."""

import threading

import numpy as np

from tinynet.distribution.communicator import Communicator, Pending


class Meeting:
    """What the threads of one collective have in common."""

    def __init__(self, size):
        self.parts = [None] * size
        self.taken = 0


class ThreadCommunicator(Communicator):
    """One of several ranks. Collectives are matched by their channel and their number, as MPI matches them."""

    def __init__(self, rank, size, shared, lock):
        self.rank, self.size = rank, size
        self.hosts = ["here"] * size
        self._shared, self._lock = shared, lock
        self._numbers = {}

    def _meet(self, channel, part, take):
        number = self._numbers[channel] = self._numbers.get(channel, 0) + 1
        with self._lock:
            meeting = self._shared.setdefault((channel, number), Meeting(self.size))
            meeting.parts[self.rank] = part

        def test():
            with self._lock:
                if any(part is None for part in meeting.parts):
                    return False
                take(meeting.parts)
                return True

        return Pending(test)

    def all_to_all(self, send, receive, send_counts, receive_counts):
        starts = np.concatenate([[0], np.cumsum(send_counts)])
        parts = [send[a:b].copy() for a, b in zip(starts, starts[1:], strict=False)]

        def take(everything):
            receive[:] = np.concatenate([parts[self.rank] for parts in everything])

        return self._meet("scatter", parts, take)

    def all_gather(self, array, counts, channel="gather"):
        starts = np.concatenate([[0], np.cumsum(counts)])
        own = array[starts[self.rank]:starts[self.rank + 1]].copy()

        def take(everything):
            array[:] = np.concatenate(everything)

        return self._meet(channel, own, take)

    def broadcast(self, array):
        def take(everything):
            array[:] = everything[0]

        return self._meet("control", array.copy(), take)


def on_ranks(size, function, timeout=60):
    """[function(communicator) of each rank], run by threads at the same time; the first error is raised."""
    shared, lock = {}, threading.Lock()
    results, errors = [None] * size, []

    def run(rank):
        try:
            results[rank] = function(ThreadCommunicator(rank, size, shared, lock))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(rank,), daemon=True) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout)
        if errors:
            raise errors[0]
        assert not thread.is_alive(), "a rank hangs"
    return results
