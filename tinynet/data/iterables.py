"""Batches from what makes batches itself: generators, PyDatasets, PyTorch loaders, tf.data."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..core.nest import map_arrays, map_structures, spread
from ..core.types import Structure
from .arrays import class_weights_to_sample_weights, pack_x_y_sample_weight
from .rows import as_rows, cast_type


class IterableBatches:
    """Batches as an iterable yields them, turned into ndarrays of the right types.

    Args:
        source: Yields `x`, `(x,)`, `(x, y)` or `(x, y, sample_weight)`; lists count as tuples. An iterator or
            generator is used up by one pass; other iterables begin anew every epoch.
        class_weight: dict from class number to weight, where the batches carry no weights.
        x_dtype: As for `ArrayBatches`.
        where: The caller's name, for messages.

    >>> list(IterableBatches([([[1]], [0])]))
    [(array([[1.]], dtype=float32), array([0]))]
    """

    batch_size = None
    num_samples = None

    def __init__(self, source: Any, *, class_weight: dict[int, float] | None = None, x_dtype: Any = "floatx",
                 where: str = "fit") -> None:
        self.source = source
        self.class_weight = class_weight
        self.x_dtype = x_dtype
        self.where = where
        self.is_one_shot = iter_is_self(source)

    @property
    def num_batches(self) -> int | None:
        """How many batches an epoch has; None if unknown."""
        if self.is_one_shot or not hasattr(self.source, "__len__"):
            return None
        try:
            return len(self.source)
        except TypeError:  # tf.data and PyTorch raise it for an unknown or infinite length
            return None

    @property
    def is_endless(self) -> bool:
        """Whether the source reports that it never ends (tf.data's cardinality -1)."""
        cardinality = getattr(self.source, "cardinality", None)
        return callable(cardinality) and int(cardinality()) == -1

    def __iter__(self) -> Iterator[Structure]:
        return map(self.convert, self.source)

    def convert(self, batch: Any) -> Structure:
        """Return one batch as ndarrays, packed as the source packed it.

        Raises:
            ValueError: it has more than three parts, or weights beside `class_weight`.
        """
        if isinstance(batch, list | tuple):
            if not 1 <= len(batch) <= 3:
                raise ValueError(
                    f"{self.where}: a batch must be (x,), (x, y) or (x, y, sample_weight); the data yielded "
                    f"{len(batch)} parts. Several inputs go together: ((a, b, ...), y)"
                )
            x, y, weight = (*batch, None, None)[:3]
        else:
            x, y, weight = batch, None, None
        if self.class_weight is not None:
            if weight is not None:
                raise ValueError(f"{self.where}: class_weight was given, but the batches already carry sample weights")
            weight = class_weights_to_sample_weights(y, self.class_weight, self.where)
        return pack_x_y_sample_weight(self._arrays(x, self.x_dtype, "x"), self._arrays(y, "floats", "y"),
                                      self._arrays(weight, "floatx", "sample_weight"))

    def _arrays(self, value, dtype, name):
        rows = map_arrays(lambda leaf, leaf_name: as_rows(leaf, leaf_name, self.where), value, name)
        return cast_structure(rows, spread(dtype, rows))

    def check_finite(self) -> None:
        """Nothing: batches that do not exist yet cannot be checked."""

    def on_epoch_begin(self) -> None:
        """Nothing to do."""

    def on_epoch_end(self) -> None:
        """Nothing to do."""


class PyDatasetBatches(IterableBatches):
    """Batches of a `PyDataset` (or of anything with `__getitem__`, `__len__` and `on_epoch_end`).

    Args:
        source: The data set.
        shuffle: Whether to take the batches in a new order every epoch.
        rng: numpy Generator for the order; a new one if None.
        class_weight, x_dtype, where: As for `IterableBatches`.

    >>> class Squares(tn.utils.PyDataset):
    ...     def __len__(self):
    ...         return 2
    ...     def __getitem__(self, index):
    ...         x = np.arange(2.0) + 2 * index
    ...         return x, x * x
    >>> [batch[1].tolist() for batch in PyDatasetBatches(Squares())]
    [[0.0, 1.0], [4.0, 9.0]]
    """

    def __init__(self, source: Any, *, shuffle: bool = False, rng: Any = None,
                 class_weight: dict[int, float] | None = None, x_dtype: Any = "floatx", where: str = "fit") -> None:
        super().__init__(source, class_weight=class_weight, x_dtype=x_dtype, where=where)
        self.is_one_shot = False
        self.shuffle = shuffle
        self.rng = np.random.default_rng() if rng is None else rng

    @property
    def num_batches(self) -> int | None:
        count = self.source.num_batches if hasattr(self.source, "num_batches") else len(self.source)
        return None if count is None else int(count)

    @property
    def is_endless(self) -> bool:
        return self.num_batches is None

    def __iter__(self) -> Iterator[Structure]:
        count = self.num_batches
        numbers = (
            itertools.count()
            if count is None
            else self.rng.permutation(count).tolist()
            if self.shuffle
            else range(count)
        )
        return (self.convert(self.source[i]) for i in numbers)

    def on_epoch_begin(self) -> None:
        """Call the source's `on_epoch_begin`, if it has one."""
        if hasattr(self.source, "on_epoch_begin"):
            self.source.on_epoch_begin()

    def on_epoch_end(self) -> None:
        """Call the source's `on_epoch_end`, if it has one."""
        if hasattr(self.source, "on_epoch_end"):
            self.source.on_epoch_end()


def cast_structure(value: Structure, dtype: Structure) -> Structure:
    """Return nested arrays in the element types of `dtype`, which is nested alike; None stays None."""
    return None if value is None else map_structures(_cast, value, dtype)


def _cast(array, dtype):
    return None if array is None else np.ascontiguousarray(array, cast_type(array, dtype))


def iter_is_self(source: Any) -> bool:
    """Report whether iterating uses `source` up: generators and other iterators.

    >>> iter_is_self(iter([1])), iter_is_self([1])
    (True, False)
    """
    return hasattr(source, "__next__") and iter(source) is source
