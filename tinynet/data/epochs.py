"""From the data that the user passes to `fit` to batches, and from batches to epochs."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

from ..core import checks
from ..core.errors import warn_user
from ..core.nest import holds_arrays
from ..core.types import Structure
from .ahead import one_ahead
from .arrays import ArrayBatches
from .iterables import IterableBatches, PyDatasetBatches
from .py_dataset import PyDataset


def make_batches(x: Any, y: Structure = None, sample_weight: Any = None, *, batch_size: int | None = None,
                 steps: int | None = None, shuffle: bool | str = False, class_weight: dict[int, float] | None = None,
                 rng: Any = None, x_dtype: Any = "floatx", where: str = "fit") -> ArrayBatches | IterableBatches:
    """Choose how to make batches of `x`.

    Args:
        x: Arrays (nested), lists of numbers, pandas tables: with `y`, `sample_weight`, `batch_size` and `shuffle` as
            for `ArrayBatches`. A `PyDataset`, generator, iterator or other iterable of batches: these hold the targets
            themselves; only a PyDataset is shuffled, and `batch_size` does not apply.
        y, sample_weight, batch_size, shuffle, class_weight, rng, x_dtype: As for `ArrayBatches`.
        steps: `steps_per_epoch`, if the user set it.
        where: The caller's name ("fit", "evaluate", "predict"), for messages.

    Returns:
        `ArrayBatches`, `PyDatasetBatches` or `IterableBatches`: iterate for an epoch; `num_batches`, `num_samples`
        (None if unknown), `check_finite()`, `on_epoch_begin()`, `on_epoch_end()`.

    Raises:
        TypeError: `x` cannot be made into batches.
        ValueError: arguments that contradict each other or the data.

    >>> [batch.tolist() for batch in make_batches(np.arange(3), batch_size=2)]
    [[0.0, 1.0], [2.0]]
    """
    if x is None:
        raise ValueError(f"{where}: no data: x is None")
    if isinstance(x, str | bytes):
        raise TypeError(f"{where}: x is the text {x[:40]!r}, not data; load the file into an array first")
    if hasattr(x, "__array__") or isinstance(x, list | tuple | dict | range):
        return ArrayBatches(
            x,
            y,
            sample_weight,
            batch_size=batch_size,
            shuffle=shuffle,
            class_weight=class_weight,
            rng=rng,
            x_dtype=x_dtype,
            steps=steps,
            where=where,
        )
    kind = type(x).__name__
    is_dataset = isinstance(x, PyDataset) or (hasattr(x, "__getitem__") and hasattr(x, "on_epoch_end"))
    if not is_dataset and not isinstance(x, Iterable):
        remedy = "; a sparse matrix needs .toarray()" if hasattr(x, "toarray") else ""
        raise TypeError(
            f"{where}: cannot make batches of a {kind}{remedy}. Give arrays, a PyDataset, or an iterable of batches"
        )
    for name, value in (("y", y), ("sample_weight", sample_weight)):
        if value is not None:
            raise ValueError(
                f"{where}: x is a {kind}, which yields whole batches, so {name} must not be given beside it; let "
                "it yield (x, y) or (x, y, sample_weight)"
            )
    batches = (
        PyDatasetBatches(x, shuffle=bool(shuffle), rng=rng, class_weight=class_weight, x_dtype=x_dtype, where=where)
        if is_dataset
        else IterableBatches(x, class_weight=class_weight, x_dtype=x_dtype, where=where)
    )
    if batches.num_batches == 0:
        raise ValueError(f"{where}: the {kind} has no batches (its length is 0)")
    if steps is None and batches.is_endless:
        raise ValueError(f"{where}: the {kind} is endless; set the number of batches in an epoch "
                         f"with {'steps_per_epoch' if where == 'fit' else 'steps'}=...")
    return batches


class Epochs:
    """Epochs of batches: each `for batch in epochs` is one.

    With `steps`, an epoch is that many batches, and the next goes on where it stopped; data of known length begins anew
    at its end. Without, an epoch is one pass over the data.

    Args:
        batches: From `make_batches`.
        steps: Batches an epoch, or None.
        restart: Begin every epoch with the first batch, where the data can begin anew. Validation needs this: its
            epochs are only comparable on the same samples.

    Attributes:
        num_steps: How many batches an epoch has; None as long as that is unknown (in an iterator's first epoch).
        exhausted: Whether an iterator has ended for good: no further epoch will have a batch.
        first_step: The number of the coming epoch's first step: 0, unless `go_on_from` was called.

    Raises:
        TypeError: `steps` is no int.
        ValueError: it is below 1.

    >>> epochs = Epochs(make_batches(np.arange(4), batch_size=1), steps=2)
    >>> for epoch in range(3):
    ...     print([batch.tolist() for batch in epochs])
    [[0.0], [1.0]]
    [[2.0], [3.0]]
    [[0.0], [1.0]]
    """

    def __init__(self, batches: Any, steps: int | None = None, restart: bool = False) -> None:
        where = getattr(batches, "where", "fit")
        self.batches = batches
        self.steps = None if steps is None else checks.count(steps, where, "the number of steps")
        self.restart = restart and not getattr(batches, "is_one_shot", False)
        self.exhausted = False
        self._iterator = None  # kept between epochs where an epoch is not a whole pass
        self._taken = 0  # batches yielded by the present pass over the data
        self._orders = None  # the state of the seeds from which the order of the present pass was drawn
        self._skipped = 0  # batches to leave out, since they were used before the training was interrupted
        self.first_step = 0
        self._learned = None  # the number of batches of an iterator, once it has ended
        self.prepare = None  # function of a batch, run in a thread one batch ahead of training
        self.group: Any = None  # what else a pass does where several processes share the batches: `distribution`

    @property
    def num_steps(self) -> int | None:
        """How many batches an epoch has; None as long as that is unknown."""
        return self.steps or self.batches.num_batches or self._learned

    @property
    def position(self) -> dict[str, Any]:
        """The position in the data, for `go_on_from`: the random order, and how many of its batches are used."""
        return {"orders": self._orders if self._taken else self._seeds_state(), "taken": self._taken}

    def go_on_from(self, position: dict[str, Any], step: int) -> None:
        """Let the coming epoch begin where another one was interrupted.

        Args:
            position: The `position` of the interrupted one.
            step: How many steps of its epoch were done.
        """
        if position["orders"] is not None:
            self.batches.rng.seeds.state = position["orders"]
        self._skipped, self.first_step = position["taken"], step

    def _seeds_state(self):
        seeds = getattr(getattr(self.batches, "rng", None), "seeds", None)
        return None if seeds is None else seeds.state

    def _new_pass(self):
        """An iterator over the data, from the beginning, or from the position set by `go_on_from`."""
        self._orders, self._taken = self._seeds_state(), 0
        iterator = iter(self.batches)
        for _ in range(self._skipped):
            if next(iterator, None) is None:
                break
            self._taken += 1
        self._skipped = 0
        return iterator

    def __iter__(self) -> Iterator[Any]:
        self.batches.on_epoch_begin()
        if self.steps is None:
            yield from self._whole_pass()
        else:
            yield from self._some_steps()
        self.first_step = 0
        self.batches.on_epoch_end()

    def _whole_pass(self):
        for batch in self._prepared(self._new_pass()):
            self._taken += 1
            yield batch
        count, self._taken = self._taken, 0
        if getattr(self.batches, "is_one_shot", False):
            self.exhausted = True
        if count == 0:
            self._ran_out(count)
        elif self._learned is None:
            self._learned = count

    def _some_steps(self):
        length = self.batches.num_batches
        if self._iterator is None or self.restart:
            self._iterator = self._new_pass()
        # No batch of the next epoch is taken from the iterator.
        wanted = self.steps - self.first_step
        batches = self._prepared(itertools.islice(self._iterator, wanted))
        for done in range(self.first_step, self.steps):
            batch = next(batches, None)
            if batch is None:
                self.exhausted = getattr(self.batches, "is_one_shot", False)
                self._iterator, self._taken = None, 0
                self._ran_out(done)
                return
            self._taken += 1
            yield batch
        if length is not None and self._taken >= length:
            self._iterator, self._taken = None, 0  # the next epoch begins a new pass

    def _prepared(self, batches):
        return batches if self.prepare is None else one_ahead(batches, self.prepare)

    def _ran_out(self, done):
        wanted = f" of {self.steps}" if self.steps else ""
        warn_user(
            f"{getattr(self.batches, 'where', 'fit')}: the data ended after {done}{wanted} steps of this epoch; give "
            "fewer steps, fewer epochs, or data that begins anew (a PyDataset, or an iterable that is not a generator)",
            UserWarning,
        )


def is_array_data(x: Any) -> bool:
    """Whether `validation_split` can cut `x`: arrays, not something that yields batches.

    Args:
        x: What was passed to `fit`.

    Returns:
        A bool.

    >>> is_array_data(np.zeros((3, 2))), is_array_data(iter([]))
    (True, False)
    """
    return hasattr(x, "__array__") or isinstance(x, list | tuple | dict | range) or holds_arrays(x)
