"""The next batch made ready in a thread, while the kernels work on the present one."""

from concurrent.futures import ThreadPoolExecutor


def one_ahead(batches, prepare):
    """prepare(batch) for each batch, in order, each computed while the consumer works on the one before.

    The batches themselves are taken in the consumer's thread. One thread prepares, one batch after the other: what it
    draws at random is what a plain loop would draw. Two batches are in memory at most, the one in use and the next. An
    exception is raised where its batch would have come, with the traceback of the place where it happened.

    >>> list(one_ahead(iter([1, 2, 3]), lambda batch: 10 * batch))
    [10, 20, 30]
    """
    with ThreadPoolExecutor(1, thread_name_prefix="tinynet-ahead") as worker:
        coming = None
        for batch in batches:
            ready = coming
            coming = worker.submit(prepare, batch)
            if ready is not None:
                yield ready.result()
        if coming is not None:
            yield coming.result()
