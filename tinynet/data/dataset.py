"""Dataset: a pipeline of elements, as `tf.data.Dataset` is one.

Each method returns a new data set around the old one. Nothing is computed before an iteration begins; each iteration
starts anew. As long as the elements are rows of arrays in memory, the pipeline passes row numbers, and `batch` gathers
the rows of a whole batch at once.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import random
from ..core import checks
from ..core.errors import warn_user
from ..core.types import Structure
from .batching import Batching
from .elements import TensorSpec, map_leaves, spec_of, to_leaf, wrap
from .pipeline import INFINITE_CARDINALITY, UNKNOWN_CARDINALITY, arguments, call, first_spec
from .sources import Sources
from .streams import interleaved, prefetched, shuffled

AUTOTUNE = -1


class Dataset(Sources, Batching):
    """Elements that a pipeline computes one after the other. Begin with `from_tensor_slices`, `from_generator`, ...

    Elements are Tensors, or tuples and dicts of Tensors; text becomes a `StringTensor`. `fit`, `evaluate` and
    `predict` take a data set whose elements are batches: (x, y) or (x, y, sample_weight).

    Methods without another result return a new data set; this one stays as it is. All take `name` for TensorFlow's
    sake and ignore it.

    Args:
        iterate: Function without arguments that returns an iterable of elements; called for every epoch.
        spec: The elements' `TensorSpec`s, nested like an element; or a function that returns them when they are asked
            for.
        cardinality: How many elements there are; -1 for endlessly many, -2 if that is not known.
        rows: Arrays in memory, nested like an element: `iterate` then yields row numbers.

    >>> dataset = Dataset.from_tensor_slices(([1, 2, 3], [10, 20, 30]))
    >>> for x, y in dataset.map(lambda x, y: (x * 2, y)).batch(2):
    ...     print(x.numpy(), y.numpy())
    [2 4] [10 20]
    [6] [30]
    """

    @staticmethod
    def _with(iterate, spec, cardinality=UNKNOWN_CARDINALITY, rows=None):
        return Dataset(iterate, spec, cardinality, rows)

    # -- order and number ----------------------------------------------------------------------------------------------

    def _same(self, iterate, cardinality):
        """A data set of the same elements, or row numbers, in another order or number."""
        return Dataset(iterate, self._spec, cardinality, self._rows)

    def shuffle(self, buffer_size: int, seed: int | None = None, reshuffle_each_iteration: bool = True,
                name: str | None = None) -> Dataset:
        """Put the elements in random order: each is drawn from `buffer_size` waiting ones.

        Args:
            buffer_size: At least the number of elements for a uniform order.
            seed: int; without, the order follows `set_random_seed`.
            reshuffle_each_iteration: Whether each epoch has another order.

        Raises:
            ValueError: `buffer_size` is below 1.

        >>> sorted(map(int, Dataset.range(4).shuffle(4, seed=0)))
        [0, 1, 2, 3]
        """
        buffer_size = checks.count(buffer_size, "Dataset.shuffle", "buffer_size")
        fixed = seed if reshuffle_each_iteration or seed is not None else random.make_default_seed()
        generators = random.SeedGenerator(fixed) if fixed is not None and reshuffle_each_iteration else fixed
        return self._same(lambda: shuffled(iter(self._iterate()), buffer_size, random.generator(generators)),
                          self._cardinality)

    def repeat(self, count: int | None = None, name: str | None = None) -> Dataset:
        """Repeat the whole data set.

        Args:
            count: How many times; without end if None or -1.

        Raises:
            TypeError: `count` is no int.
            ValueError: it is below -1.

        >>> list(map(int, Dataset.range(2).repeat(2)))
        [0, 1, 0, 1]
        """
        times = None if count is None or int(count) == -1 else checks.count(count, "Dataset.repeat", "count", 0)

        def iterate():
            for _ in itertools.count() if times is None else range(times):
                empty = True
                for element in self._iterate():
                    empty = False
                    yield element
                if empty:
                    return

        if times is None:
            return self._same(iterate, INFINITE_CARDINALITY if self._cardinality else 0)
        return self._same(iterate, self._cardinality * times if self._cardinality >= 0 else
                          self._cardinality if times else 0)

    def take(self, count: int, name: str | None = None) -> Dataset:
        """Keep the first elements.

        Args:
            count: How many; all if -1.

        Raises:
            TypeError: `count` is no int.
            ValueError: it is below -1.

        >>> list(map(int, Dataset.range(9).take(2)))
        [0, 1]
        """
        if int(count) == -1:
            return self
        count = checks.count(count, "Dataset.take", "count", 0)
        own = self._cardinality
        known = count if own == INFINITE_CARDINALITY else min(count, own) if own >= 0 else own if count else 0
        return self._same(lambda: itertools.islice(self._iterate(), count), known)

    def skip(self, count: int, name: str | None = None) -> Dataset:
        """Leave out the first elements.

        Args:
            count: How many; all if -1.

        Raises:
            TypeError: `count` is no int.
            ValueError: it is below -1.

        >>> list(map(int, Dataset.range(4).skip(2)))
        [2, 3]
        """
        if int(count) == -1:
            return self.take(0)
        count = checks.count(count, "Dataset.skip", "count", 0)
        known = max(0, self._cardinality - count) if self._cardinality >= 0 else self._cardinality
        return self._same(lambda: itertools.islice(self._iterate(), count, None), known)

    def shard(self, num_shards: int, index: int, name: str | None = None) -> Dataset:
        """Keep every `num_shards`-th element.

        Args:
            num_shards: The distance of the elements kept.
            index: The number of the first, 0 <= index < num_shards.

        Raises:
            ValueError: `index` is out of range.

        >>> list(map(int, Dataset.range(7).shard(3, index=1)))
        [1, 4]
        """
        if not 0 <= index < num_shards:
            raise ValueError(f"shard: index must be from 0 to {num_shards - 1}, got {index}")
        known = len(range(index, self._cardinality, num_shards)) if self._cardinality >= 0 else self._cardinality
        return self._same(lambda: itertools.islice(self._iterate(), index, None, num_shards), known)

    def concatenate(self, dataset: Dataset, name: str | None = None) -> Dataset:
        """Append the elements of another data set.

        Args:
            dataset: The other one.

        >>> list(map(int, Dataset.range(2).concatenate(Dataset.range(5, 7))))
        [0, 1, 5, 6]
        """
        counts = self._cardinality, dataset._cardinality
        known = INFINITE_CARDINALITY if INFINITE_CARDINALITY in counts else min(counts) if min(counts) < 0 else (
            sum(counts))
        return Dataset(lambda: itertools.chain(self._elements(), dataset._elements()), lambda: self.element_spec, known)

    def cache(self, filename: str = "", name: str | None = None) -> Dataset:
        """Keep the elements of the first whole iteration in memory; later iterations yield them again.

        Args:
            filename: Accepted for TensorFlow's sake: with one, a warning tells that no file is written.

        >>> calls = []
        >>> dataset = Dataset.range(2).map(lambda x: (calls.append(1), x)[1]).cache()
        >>> list(map(int, dataset)), list(map(int, dataset)), len(calls)
        ([0, 1], [0, 1], 2)
        """
        if filename:
            warn_user(f"Dataset.cache: elements are kept in memory, nothing is written to {filename!r}",
                      UserWarning)
        kept: list[list[Any]] = []

        def iterate():
            if kept:
                yield from kept[0]
                return
            elements = []
            for element in self._iterate():
                elements.append(element)
                yield element
            kept[:] = [elements]

        return self._same(iterate, self._cardinality)

    def prefetch(self, buffer_size: int, name: str | None = None) -> Dataset:
        """Compute elements ahead, in a thread of their own.

        Args:
            buffer_size: At most so many; two if AUTOTUNE; 0 changes nothing.

        Raises:
            TypeError: `buffer_size` is no int.
            ValueError: it is negative, and not AUTOTUNE.

        >>> list(map(int, Dataset.range(3).prefetch(1)))
        [0, 1, 2]
        """
        size = 2 if int(buffer_size) == AUTOTUNE else checks.count(buffer_size, "Dataset.prefetch", "buffer_size", 0)
        if size == 0:
            return self
        if self._rows is not None:  # row numbers are nothing to wait for
            return self
        made = self._same(lambda: prefetched(self._iterate, size), self._cardinality)
        parts = self._parts
        if parts is not None:
            made._parts = lambda rows_of: prefetched(lambda: parts(rows_of), size)
        return made

    # -- elements ------------------------------------------------------------------------------------------------------

    def map(self, map_func: Callable[..., Structure], num_parallel_calls: int | None = None,
            deterministic: bool | None = None, name: str | None = None) -> Dataset:
        """Apply a function to each element.

        The function is called for each element, one after the other, so that its random draws follow `set_random_seed`.

        Args:
            map_func: Function of an element, map_func(*element) for tuples, that returns Tensors, arrays, or tuples and
                dicts of them.
            num_parallel_calls, deterministic: Taken for TensorFlow's sake and ignored.

        >>> list(map(int, Dataset.range(3).map(lambda x: x * x)))
        [0, 1, 4]
        """
        def iterate():
            for element in self._elements():
                yield call(map_func, element)

        made = Dataset(iterate, lambda: self._spec_after(iterate), self._cardinality)
        parts = self._parts
        if parts is not None:  # batches: the function sees this process's rows
            made._parts = lambda rows_of: ((total, call(map_func, part)) for total, part in parts(rows_of))
        elements, before = (self._elements, lambda element: element) if self._unmapped is None else self._unmapped
        made._unmapped = elements, lambda element: call(map_func, before(element))
        return made

    def filter(self, predicate: Callable[..., Any], name: str | None = None) -> Dataset:
        """Keep the elements for which a function is true.

        Args:
            predicate: Function of an element, predicate(*element) for tuples.

        >>> list(map(int, Dataset.range(5).filter(lambda x: x % 2 == 1)))
        [1, 3]
        """
        def iterate():
            for element in self._elements():
                if bool(call(predicate, element)):
                    yield element

        endless = self._cardinality == INFINITE_CARDINALITY
        return Dataset(iterate, lambda: self.element_spec, INFINITE_CARDINALITY if endless else UNKNOWN_CARDINALITY)

    def take_while(self, predicate: Callable[..., Any], name: str | None = None) -> Dataset:
        """Keep the first elements, as long as a function is true of them.

        Args:
            predicate: Function of an element, predicate(*element) for tuples.

        >>> list(map(int, Dataset.range(10).take_while(lambda x: x < 3)))
        [0, 1, 2]
        """
        return Dataset(lambda: itertools.takewhile(lambda element: bool(call(predicate, element)), self._elements()),
                       lambda: self.element_spec)

    def unique(self, name: str | None = None) -> Dataset:
        """Leave out the elements that have been there before. They are single arrays.

        Raises:
            TypeError: (while iterating) an element is a tuple, a dict or a data set.

        >>> list(map(int, Dataset.from_tensor_slices([1, 37, 2, 37, 2, 1]).unique()))
        [1, 37, 2]
        """
        def iterate():
            before = set()
            for element in self._elements():
                if not isinstance(element, np.ndarray):
                    raise TypeError("Dataset.unique: each element must be one array; choose a part in map() first, got "
                                    f"{spec_of(element)}")
                key = (element.shape, *element.ravel().tolist())
                if key not in before:
                    before.add(key)
                    yield element

        return Dataset(iterate, lambda: self.element_spec)

    def scan(self, initial_state: Structure, scan_func: Callable[[Any, Any], tuple[Any, Any]],
             name: str | None = None) -> Dataset:
        """Apply a function with a memory: state, output = scan_func(state, element) for all elements.

        Args:
            initial_state: The state before the first element, nested. Each iteration begins with it.
            scan_func: Function of the state and an element, which is not unpacked; returns the new state and the
                element of the new data set.

        Raises:
            TypeError: (while iterating) the function returns no pair.

        >>> sums = Dataset.range(1, 5).scan(np.int64(0), lambda total, x: (total + x, total + x))
        >>> list(map(int, sums))
        [1, 3, 6, 10]
        """
        first_state = map_leaves(to_leaf, initial_state)

        def iterate():
            state = first_state
            for element in self._elements():
                result = scan_func(wrap(state), wrap(element))
                if not isinstance(result, tuple | list) or len(result) != 2:
                    raise TypeError("Dataset.scan: scan_func must return a pair, the new state and an output, got "
                                    f"{type(result).__name__}")
                state, output = (map_leaves(to_leaf, part) for part in result)
                yield output

        return Dataset(iterate, lambda: first_spec(iterate), self._cardinality)

    def enumerate(self, start: int = 0, name: str | None = None) -> Dataset:
        """Number the elements: (number, element).

        Args:
            start: The first number.

        >>> [(int(number), int(x)) for number, x in Dataset.range(5, 7).enumerate(start=1)]
        [(1, 5), (2, 6)]
        """
        def iterate():
            for number, element in enumerate(self._elements(), start):
                yield np.array(number, np.int64), element

        return Dataset(iterate, lambda: (TensorSpec((), "int64"), self.element_spec), self._cardinality)

    def flat_map(self, map_func: Callable[..., Dataset], name: str | None = None) -> Dataset:
        """Concatenate the data sets that a function returns.

        Args:
            map_func: Function of an element that returns a data set.

        >>> list(map(int, Dataset.range(1, 3).flat_map(lambda n: Dataset.range(int(n)))))
        [0, 0, 1]
        """
        return self.interleave(map_func, cycle_length=1)

    def interleave(self, map_func: Callable[..., Dataset], cycle_length: int | None = None, block_length: int = 1,
                   num_parallel_calls: int | None = None, deterministic: bool | None = None,
                   name: str | None = None) -> Dataset:
        """Take elements in turn from the data sets that a function returns.

        Args:
            map_func: Function of an element that returns a data set.
            cycle_length: How many data sets are open at a time; 2 if None or AUTOTUNE.
            block_length: How many elements to take from one before the next one's turn.
            num_parallel_calls, deterministic: Taken for TensorFlow's sake and ignored.

        Raises:
            ValueError: `cycle_length` or `block_length` is below 1.

        >>> list(map(int, Dataset.range(2).interleave(lambda n: Dataset.from_tensors(n).repeat(2))))
        [0, 1, 0, 1]
        """
        length = 2
        if cycle_length is not None and cycle_length != AUTOTUNE:
            length = checks.count(cycle_length, "Dataset.interleave", "cycle_length")
        block = checks.count(block_length, "Dataset.interleave", "block_length")

        def iterate():
            datasets = (map_func(*arguments(element)) for element in self._elements())
            return interleaved((dataset._elements() for dataset in datasets), length, block)

        return Dataset(iterate, lambda: first_spec(iterate))
