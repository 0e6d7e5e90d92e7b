"""PyDataset: a data set that makes its batches itself, one by its number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..core.errors import warn_user


class PyDataset:
    """Base class of data sets that compute each batch from its number, for data too large or too varied for arrays.

    A subclass defines `__getitem__(i)`, the batch number i as `(x,)`, `(x, y)` or `(x, y, sample_weight)`, and
    `__len__`, how many there are. Without `__len__` it is endless, and `fit` needs `steps_per_epoch`.
    `fit(shuffle=True)` takes the batches in a new order every epoch.

    Batches are made one by one in the thread that trains. The arguments are accepted so that Keras code runs; a warning
    tells that they change nothing.

    Args:
        workers: Threads or processes of Keras.
        use_multiprocessing: Whether Keras would use processes.
        max_queue_size: Batches that Keras would keep ready.

    >>> class Squares(PyDataset):
    ...     def __len__(self):
    ...         return 3
    ...     def __getitem__(self, i):
    ...         return [[i]], [[i * i]]
    >>> list(Squares())
    [([[0]], [[0]]), ([[1]], [[1]]), ([[2]], [[4]])]
    """

    workers = 1
    use_multiprocessing = False
    max_queue_size = 10

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        if workers > 1 or use_multiprocessing:
            warn_user(
                f"{type(self).__name__}: workers={workers}, use_multiprocessing={use_multiprocessing} have no effect; "
                "tinynet makes batches in the training thread",
                UserWarning,
            )
        self.workers = workers
        self.use_multiprocessing = use_multiprocessing
        self.max_queue_size = max_queue_size

    def __getitem__(self, index: int) -> Any:
        """Return the batch number `index`."""
        raise NotImplementedError(
            f"{type(self).__name__} must define __getitem__(self, index), which returns one batch"
        )

    @property
    def num_batches(self) -> int | None:
        """How many batches an epoch has; None without `__len__`."""
        return len(self) if hasattr(self, "__len__") else None

    def __iter__(self) -> Iterator[Any]:
        i = 0
        while self.num_batches is None or i < self.num_batches:
            yield self[i]
            i += 1

    def on_epoch_begin(self) -> None:
        """Called before each epoch."""

    def on_epoch_end(self) -> None:
        """Called after each epoch."""


Sequence = PyDataset  # the name until Keras 3
