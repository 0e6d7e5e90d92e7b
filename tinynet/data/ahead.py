"""The next batch made ready in a thread, while the kernels work on the present one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ..core.threads import warn_without_thread


def one_ahead(batches: Iterable[Any], prepare: Callable[[Any], Any]) -> Iterator[Any]:
    """Yield prepare(batch) for each batch, in order, each computed while the consumer works on the previous one.

    The batches themselves are taken in the consumer's thread. One thread prepares them, one after the other, so that it
    draws the random numbers that a plain loop would draw. At most two prepared batches are in memory: the one in
    use and the next. Where the system starts no more threads, the consumer's prepares them.

    Args:
        batches: Iterable of batches.
        prepare: Function of a batch. An exception in it is raised where its batch would have come, with its traceback.

    Returns:
        Iterator over the results.

    >>> list(one_ahead(iter([1, 2, 3]), lambda batch: 10 * batch))
    [10, 20, 30]
    """
    from concurrent.futures import ThreadPoolExecutor  # late

    with ThreadPoolExecutor(1, thread_name_prefix="tinynet-ahead") as worker:
        coming = None
        batches = iter(batches)
        for batch in batches:
            ready = coming
            try:
                coming = worker.submit(prepare, batch)
            except RuntimeError:  # the thread cannot be started: this is the first batch
                break
            if ready is not None:
                yield ready.result()
        else:
            if coming is not None:
                yield coming.result()
            return
    warn_without_thread("batches are prepared between the steps, not while they run")
    yield prepare(batch)
    yield from map(prepare, batches)
