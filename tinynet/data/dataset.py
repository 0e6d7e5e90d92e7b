"""Dataset: a pipeline of elements, as `tf.data.Dataset` is one.

Each method returns a new data set around the old one. Nothing is computed before an iteration begins; each iteration
starts anew. As long as the elements are rows of arrays in memory, the pipeline passes row numbers, and `batch` gathers
the rows of a whole batch at once.
"""

from __future__ import annotations

import glob
import itertools
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .. import random
from ..core import checks
from ..core.types import DTypeLike, Structure
from .batching import Batching
from .elements import TensorSpec, leaves, map_leaves, spec_of, to_leaf, wrap
from .pipeline import INFINITE_CARDINALITY, UNKNOWN_CARDINALITY, arguments, call, first_spec
from .streams import chosen, drawn, interleaved, prefetched, shuffled

AUTOTUNE = -1


class Dataset(Batching):
    """Elements that a pipeline computes one after the other. Begin with `from_tensor_slices`, `from_generator`, ...

    Elements are Tensors, or tuples and dicts of Tensors; text becomes a `StringTensor`. `fit`, `evaluate` and
    `predict` take a data set whose elements are batches: (x, y) or (x, y, sample_weight). All methods take `name`
    for TensorFlow's sake and ignore it.

    >>> dataset = Dataset.from_tensor_slices(([1, 2, 3], [10, 20, 30]))
    >>> for x, y in dataset.map(lambda x, y: (x * 2, y)).batch(2):
    ...     print(x.numpy(), y.numpy())
    [2 4] [10 20]
    [6] [30]
    """

    def _with(self, iterate, spec, cardinality=UNKNOWN_CARDINALITY, rows=None):
        return Dataset(iterate, spec, cardinality, rows)

    # -- sources -------------------------------------------------------------------------------------------------------

    @staticmethod
    def from_tensor_slices(tensors: Structure, name: str | None = None) -> Dataset:
        """Make one element of each row of the arrays.

        Args:
            tensors: Array, or tuples and dicts of arrays of equal length; a list is one array.

        Raises:
            TypeError: a list of tuples or dicts.
            ValueError: the lengths differ, or an array has no rows.

        >>> [x.numpy().tolist() for x in Dataset.from_tensor_slices([[1, 2], [3, 4]])]
        [[1, 2], [3, 4]]
        """
        if isinstance(tensors, list) and tensors and isinstance(tensors[0], dict | tuple):
            raise TypeError("from_tensor_slices: a list of tuples or dicts is one element each; give a tuple or a dict "
                            "of arrays")
        arrays = map_leaves(to_leaf, tensors)
        lengths = [len(array) if array.ndim else None for array in leaves(arrays)]
        count = lengths[0] if lengths else None
        if count is None or len(set(lengths)) != 1:
            raise ValueError(f"from_tensor_slices: all arrays need one row for each element, got {lengths} rows")
        spec = map_leaves(lambda array: TensorSpec(array.shape[1:], array.dtype), arrays)
        return Dataset(lambda: iter(range(count)), spec, count, arrays)

    @staticmethod
    def from_tensors(tensors: Structure, name: str | None = None) -> Dataset:
        """Make a data set of a single element.

        Args:
            tensors: Array, or tuples and dicts of arrays.

        >>> len(Dataset.from_tensors([1, 2, 3]))
        1
        """
        element = map_leaves(to_leaf, tensors)
        return Dataset(lambda: iter([element]), spec_of(element), 1)

    @staticmethod
    def from_generator(generator: Callable[..., Iterable[Any]], output_types: Structure = None,
                       output_shapes: Structure = None, args: Iterable[Any] | None = None,
                       output_signature: Structure = None, name: str | None = None) -> Dataset:
        """Make a data set of what a function yields; it is called for each iteration.

        Args:
            generator: Function that returns an iterable of elements.
            output_types, output_shapes: Nested element types and shapes (the older form of `output_signature`).
            args: Arguments of the function; it gets them as Tensors.
            output_signature: Nested `TensorSpec`s, which elements must fit.

        Raises:
            TypeError: the generator itself instead of the function.
            ValueError: (while iterating) an element's shape does not fit.

        >>> squares = Dataset.from_generator(lambda: (i * i for i in range(3)), output_types="int64")
        >>> list(map(int, squares))
        [0, 1, 4]
        """
        if not callable(generator):
            raise TypeError("from_generator: give the function itself, not what it returns: from_generator(make, ...)")
        signature = output_signature
        if signature is None and output_types is not None:
            signature = map_leaves(lambda dtype: TensorSpec(None, dtype), output_types)
            if output_shapes is not None:
                shapes = iter([output_shapes] if isinstance(signature, TensorSpec) else output_shapes)
                signature = map_leaves(lambda spec: TensorSpec(next(shapes), spec.dtype), signature)
        given = [wrap(to_leaf(argument)) for argument in args or ()]

        def iterate():
            for element in generator(*given):
                if signature is None:
                    yield map_leaves(to_leaf, element)
                    continue
                element = tuple(element) if isinstance(signature, tuple) and isinstance(element, list) else element
                yield map_leaves(lambda spec, leaf: spec.accept(leaf, "from_generator"), signature, element)

        return Dataset(iterate, signature if signature is not None else lambda: first_spec(iterate))

    @staticmethod
    def range(*args: int, output_type: DTypeLike = "int64", name: str | None = None) -> Dataset:
        """The numbers of Python's `range`, one an element.

        Args:
            args: stop, or start and stop, or start, stop and step.
            output_type: Element type.

        >>> list(map(int, Dataset.range(2, 8, 3)))
        [2, 5]
        """
        numbers = np.arange(*map(int, args), dtype=output_type)
        return Dataset.from_tensor_slices(numbers)

    @staticmethod
    def zip(*datasets: Any, name: str | None = None) -> Dataset:
        """Pair the elements of several data sets, until the shortest ends.

        Args:
            datasets: Data sets, zip(a, b), or one tuple or dict of them, zip((a, b)), whose nesting the elements have.

        >>> [(int(a), int(b)) for a, b in Dataset.zip(Dataset.range(3), Dataset.range(10, 12))]
        [(0, 10), (1, 11)]
        """
        together = datasets[0] if len(datasets) == 1 else datasets
        parts = leaves(together)
        counter = itertools.count()
        number = map_leaves(lambda _: next(counter), together)

        def iterate():
            for elements in zip(*(part._elements() for part in parts), strict=False):
                yield map_leaves(elements.__getitem__, number)

        def spec():
            return map_leaves(lambda i: parts[i].element_spec, number)

        known = [part._cardinality for part in parts if part._cardinality != INFINITE_CARDINALITY]
        count = INFINITE_CARDINALITY if not known else UNKNOWN_CARDINALITY if min(known) < 0 else min(known)
        return Dataset(iterate, spec, count)

    @staticmethod
    def counter(start: float = 0, step: float = 1, dtype: DTypeLike = "int64", name: str | None = None) -> Dataset:
        """The numbers start, start + step, ... without end, one an element.

        Args:
            start: First number.
            step: Difference of neighbours.
            dtype: Element type.

        >>> [int(number) for number in Dataset.counter(5, 2).take(3)]
        [5, 7, 9]
        """
        return Dataset(lambda: (np.array(number, dtype) for number in itertools.count(start, step)),
                       TensorSpec((), dtype), INFINITE_CARDINALITY)

    @staticmethod
    def sample_from_datasets(datasets: list[Dataset], weights: Any = None, seed: int | None = None,
                             stop_on_empty_dataset: bool = False, rerandomize_each_iteration: bool = True) -> Dataset:
        """Take each element from a data set drawn at random: the way to balance rare and frequent classes.

        Args:
            datasets: List of data sets whose elements have the same structure.
            weights: How often each is drawn, as shares; all equally often if None.
            seed: int; without, the draws follow `set_random_seed`.
            stop_on_empty_dataset: Whether to end with the first data set that ends; otherwise the others go on.
            rerandomize_each_iteration: Whether each epoch has other draws.

        Raises:
            ValueError: no data sets, or weights that are no shares, one for each.

        >>> rare, frequent = Dataset.from_tensors([1]).repeat(), Dataset.from_tensors([0]).repeat()
        >>> mixed = Dataset.sample_from_datasets([rare, frequent], [0.5, 0.5], seed=0).take(100)
        >>> 30 < sum(int(x[0]) for x in mixed) < 70
        True
        """
        shares = np.full(len(datasets), 1.0) if weights is None else np.asarray(to_leaf(weights), np.float64)
        if not datasets or shares.shape != (len(datasets),) or not (shares >= 0).all() or not shares.any():
            raise ValueError(f"sample_from_datasets: give data sets, and for each a weight of 0 or more, "
                             f"got {len(datasets)} data sets and weights={weights}")
        seed = random.make_default_seed() if seed is None else seed
        generators = random.SeedGenerator(seed) if rerandomize_each_iteration else seed

        def iterate():
            return drawn([dataset._elements() for dataset in datasets], shares, random.generator(generators),
                         stop_on_empty_dataset)

        endless = any(dataset._cardinality == INFINITE_CARDINALITY for dataset in datasets)
        return Dataset(iterate, lambda: datasets[0].element_spec,
                       INFINITE_CARDINALITY if endless and not stop_on_empty_dataset else UNKNOWN_CARDINALITY)

    @staticmethod
    def choose_from_datasets(datasets: list[Dataset], choice_dataset: Dataset,
                             stop_on_empty_dataset: bool = True) -> Dataset:
        """Take each element from the data set whose number another data set has in this place.

        Args:
            datasets: List of data sets whose elements have the same structure.
            choice_dataset: Data set of numbers from 0 to len(datasets) - 1, each a scalar.
            stop_on_empty_dataset: Whether to end with the first choice of a data set that has ended; otherwise such
                choices are left out.

        Raises:
            ValueError: no data sets; (while iterating) a choice is no such number.

        >>> letters = [Dataset.from_tensors(letter).repeat() for letter in "ab"]
        >>> mixed = Dataset.choose_from_datasets(letters, Dataset.from_tensor_slices([0, 1, 1, 0]))
        >>> b"".join(letter.numpy() for letter in mixed)
        b'abba'
        """
        if not datasets:
            raise ValueError("choose_from_datasets: there are no data sets to choose from")

        def iterate():
            return chosen([dataset._elements() for dataset in datasets], choice_dataset._elements(),
                          stop_on_empty_dataset)

        return Dataset(iterate, lambda: datasets[0].element_spec)

    @staticmethod
    def random(seed: int | None = None, rerandomize_each_iteration: bool | None = None,
               name: str | None = None) -> Dataset:
        """Random numbers of 32 bits, without end, one an element.

        Args:
            seed: int; without, the numbers follow `set_random_seed`.
            rerandomize_each_iteration: Whether each iteration has other numbers.

        >>> [int(x) for x in Dataset.random(seed=4).take(2)] == [int(x) for x in Dataset.random(seed=4).take(2)]
        True
        """
        seed = random.make_default_seed() if seed is None else seed
        generators = random.SeedGenerator(seed) if rerandomize_each_iteration else seed

        def iterate():
            rng = random.generator(generators)
            while True:
                yield from rng.integers(2**32, size=1024)

        return Dataset(lambda: map(np.asarray, iterate()), TensorSpec((), "int64"), INFINITE_CARDINALITY)

    @staticmethod
    def list_files(file_pattern: Any, shuffle: bool | None = None, seed: int | None = None,
                   name: str | None = None) -> Dataset:
        """The paths that match a pattern, as text.

        Args:
            file_pattern: Pattern with * and ?, or a list of such.
            shuffle: Whether in a new order each time; False: sorted. None: True.
            seed: int, for the order; without, it follows `set_random_seed`.

        Raises:
            ValueError: no file matches.
        """
        patterns = [file_pattern] if isinstance(file_pattern, str) or hasattr(file_pattern, "__fspath__") else (
            file_pattern)
        paths = sorted(path for pattern in patterns for path in glob.glob(str(pattern)))
        if not paths:
            raise ValueError(f"list_files: no file matches {[str(pattern) for pattern in patterns]}")
        files = Dataset.from_tensor_slices(paths)
        return files.shuffle(len(paths), seed) if shuffle is None or shuffle else files

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
        """
        if filename:
            warnings.warn(f"Dataset.cache: elements are kept in memory, nothing is written to {filename!r}",
                          stacklevel=2)
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
        """
        size = 2 if int(buffer_size) == AUTOTUNE else checks.count(buffer_size, "Dataset.prefetch", "buffer_size", 0)
        if size == 0:
            return self
        # Row numbers are nothing to wait for.
        return self if self._rows is not None else self._same(lambda: prefetched(self._iterate, size),
                                                              self._cardinality)

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

        return Dataset(iterate, lambda: self._spec_after(iterate), self._cardinality)

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
