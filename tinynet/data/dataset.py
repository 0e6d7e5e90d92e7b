"""Dataset: a pipeline of elements, as `tf.data.Dataset` is one.

Each method returns a new data set around the old one. Nothing happens before somebody iterates; each iteration starts
anew. As long as the elements are rows of arrays in memory, what runs through the pipeline is their numbers, and
`batch` takes the rows of a whole batch at once.
"""

import glob
import itertools
import warnings

import numpy as np

from .. import random
from .elements import TensorSpec, leaves, map_leaves, pad_and_stack, row, spec_of, stack, to_leaf, wrap
from .pipeline import INFINITE_CARDINALITY, UNKNOWN_CARDINALITY, Pipeline, first_spec
from .streams import drawn, interleaved, prefetched, shuffled

AUTOTUNE = -1


class Dataset(Pipeline):
    """Elements that a pipeline makes one after the other. Begin with `from_tensor_slices`, `from_generator`, ...

    Elements are Tensors, or tuples and dicts of Tensors; text becomes a `StringTensor`. `fit`, `evaluate` and
    `predict` take a data set whose elements are batches: (x, y) or (x, y, sample_weight).

    >>> dataset = Dataset.from_tensor_slices(([1, 2, 3], [10, 20, 30]))
    >>> for x, y in dataset.map(lambda x, y: (x * 2, y)).batch(2):
    ...     print(x.numpy(), y.numpy())
    [2 4] [10 20]
    [6] [30]
    """

    # -- sources -------------------------------------------------------------------------------------------------------

    @staticmethod
    def from_tensor_slices(tensors, name=None):
        """One element for each row of the arrays: array, or tuples and dicts of arrays of equal length.

        Raises:
            ValueError: the lengths differ, or an array has no rows.
        """
        if isinstance(tensors, list) and tensors and isinstance(tensors[0], dict | tuple):
            raise TypeError("from_tensor_slices: a list of tuples or dicts is one element each; give a tuple or a dict "
                            "of arrays")
        arrays = map_leaves(to_leaf, tensors)
        lengths = [len(array) if array.ndim else None for array in leaves(arrays)]
        if None in lengths or len(set(lengths)) != 1:
            raise ValueError(f"from_tensor_slices: all arrays need one row for each element, got {lengths} rows")
        count = lengths[0]
        spec = map_leaves(lambda array: TensorSpec(array.shape[1:], array.dtype), arrays)
        return Dataset(lambda: iter(range(count)), spec, count, arrays)

    @staticmethod
    def from_tensors(tensors, name=None):
        """A single element."""
        element = map_leaves(to_leaf, tensors)
        return Dataset(lambda: iter([element]), spec_of(element), 1)

    @staticmethod
    def from_generator(generator, output_types=None, output_shapes=None, args=None, output_signature=None, name=None):
        """What a function yields; it is called for each iteration.

        Args:
            generator: Function that returns an iterable of elements.
            output_types, output_shapes: Nested element types and shapes (the older form).
            args: Arguments of the function.
            output_signature: Nested `TensorSpec`s, which elements must fit.
        """
        if not callable(generator):
            raise TypeError("from_generator: give the function itself, not what it returns: from_generator(make, ...)")
        signature = output_signature
        if signature is None and output_types is not None:
            signature = map_leaves(lambda dtype: TensorSpec(None, dtype), output_types)
            if output_shapes is not None:
                shapes = iter([output_shapes] if isinstance(signature, TensorSpec) else output_shapes)
                signature = map_leaves(lambda spec: TensorSpec(next(shapes), spec.dtype), signature)
        arguments = [wrap(to_leaf(argument)) for argument in args or ()]

        def iterate():
            for element in generator(*arguments):
                if signature is None:
                    yield map_leaves(to_leaf, element)
                    continue
                element = tuple(element) if isinstance(signature, tuple) and isinstance(element, list) else element
                yield map_leaves(lambda spec, leaf: spec.accept(leaf, "from_generator"), signature, element)

        return Dataset(iterate, signature if signature is not None else lambda: first_spec(iterate))

    @staticmethod
    def range(*args, output_type="int64", name=None):
        """The numbers of Python's `range`, one an element."""
        numbers = np.arange(*map(int, args), dtype=output_type)
        return Dataset.from_tensor_slices(numbers)

    @staticmethod
    def zip(*datasets, name=None):
        """Elements of several data sets side by side, until the shortest ends: zip(a, b), or zip((a, b))."""
        together = datasets[0] if len(datasets) == 1 else datasets
        parts = leaves(together)
        places = iter(range(len(parts)))
        number = map_leaves(lambda _: next(places), together)

        def iterate():
            for elements in zip(*(part._elements() for part in parts), strict=False):
                yield map_leaves(elements.__getitem__, number)

        def spec():
            return map_leaves(lambda place: parts[place].element_spec, number)

        known = [part._cardinality for part in parts if part._cardinality != INFINITE_CARDINALITY]
        count = INFINITE_CARDINALITY if not known else UNKNOWN_CARDINALITY if min(known) < 0 else min(known)
        return Dataset(iterate, spec, count)

    @staticmethod
    def counter(start=0, step=1, dtype="int64", name=None):
        """The numbers start, start + step, ... for ever, one an element."""
        return Dataset(lambda: (np.array(number, dtype) for number in itertools.count(start, step)),
                       TensorSpec((), dtype), INFINITE_CARDINALITY)

    @staticmethod
    def sample_from_datasets(datasets, weights=None, seed=None, stop_on_empty_dataset=False,
                             rerandomize_each_iteration=True):
        """Each element from a data set that is drawn by lot: the way to balance rare and frequent classes.

        Args:
            datasets: List of data sets whose elements have the same structure.
            weights: How often each is drawn, as shares; all equally often if None.
            seed: int; without, the draws follow `set_random_seed`.
            stop_on_empty_dataset: Whether all ends with the first data set that does; otherwise the others go on.
            rerandomize_each_iteration: Whether each epoch has other draws.

        Raises:
            ValueError: no data sets, or weights that are no shares, one for each.
        """
        shares = np.full(len(datasets), 1.0) if weights is None else np.asarray(to_leaf(weights), np.float64)
        if not datasets or shares.shape != (len(datasets),) or not (shares >= 0).all() or not shares.any():
            raise ValueError(f"sample_from_datasets: give data sets, and for each a weight of 0 or more, got "
                             f"{len(datasets)} data sets and weights={weights}")
        seed = random.make_default_seed() if seed is None else seed
        generators = random.SeedGenerator(seed) if rerandomize_each_iteration else seed

        def iterate():
            return drawn([dataset._elements() for dataset in datasets], shares, random.generator(generators),
                         stop_on_empty_dataset)

        endless = any(dataset._cardinality == INFINITE_CARDINALITY for dataset in datasets)
        return Dataset(iterate, lambda: datasets[0].element_spec,
                       INFINITE_CARDINALITY if endless and not stop_on_empty_dataset else UNKNOWN_CARDINALITY)

    @staticmethod
    def list_files(file_pattern, shuffle=None, seed=None, name=None):
        """The paths that match a pattern (or several), as text; in a new order each time unless shuffle=False."""
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

    def shuffle(self, buffer_size, seed=None, reshuffle_each_iteration=True, name=None):
        """Random order: each element is drawn from `buffer_size` waiting ones.

        Args:
            buffer_size: At least the number of elements for a uniform order.
            seed: int; without, the order follows `set_random_seed`.
            reshuffle_each_iteration: Whether each epoch has another order.
        """
        buffer_size = _count("shuffle", "buffer_size", buffer_size, 1)
        fixed = seed if reshuffle_each_iteration or seed is not None else random.make_default_seed()
        generators = random.SeedGenerator(fixed) if fixed is not None and reshuffle_each_iteration else fixed
        return self._same(lambda: shuffled(self._iterate(), buffer_size, random.generator(generators)),
                          self._cardinality)

    def repeat(self, count=None, name=None):
        """The whole data set `count` times in a row; for ever if None."""
        times = None if count is None or int(count) == -1 else _count("repeat", "count", count, 0)

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

    def take(self, count, name=None):
        """The first `count` elements; all if -1."""
        if int(count) == -1:
            return self
        count = _count("take", "count", count, 0)
        own = self._cardinality
        known = count if own == INFINITE_CARDINALITY else min(count, own) if own >= 0 else own if count else 0
        return self._same(lambda: itertools.islice(self._iterate(), count), known)

    def skip(self, count, name=None):
        """All but the first `count` elements; none if -1."""
        if int(count) == -1:
            return self.take(0)
        count = _count("skip", "count", count, 0)
        known = max(0, self._cardinality - count) if self._cardinality >= 0 else self._cardinality
        return self._same(lambda: itertools.islice(self._iterate(), count, None), known)

    def shard(self, num_shards, index, name=None):
        """Every `num_shards`-th element, beginning with number `index`."""
        if not 0 <= index < num_shards:
            raise ValueError(f"shard: index must be from 0 to {num_shards - 1}, got {index}")
        known = len(range(index, self._cardinality, num_shards)) if self._cardinality >= 0 else self._cardinality
        return self._same(lambda: itertools.islice(self._iterate(), index, None, num_shards), known)

    def concatenate(self, dataset, name=None):
        """These elements, then those of another data set."""
        counts = self._cardinality, dataset._cardinality
        known = INFINITE_CARDINALITY if INFINITE_CARDINALITY in counts else min(counts) if min(counts) < 0 else (
            sum(counts))
        return Dataset(lambda: itertools.chain(self._elements(), dataset._elements()), lambda: self.element_spec, known)

    def cache(self, filename="", name=None):
        """Keep the elements of the first whole iteration in memory, and give them again afterwards."""
        if filename:
            warnings.warn(f"Dataset.cache: elements are kept in memory, nothing is written to {filename!r}",
                          stacklevel=2)
        kept = []

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

    def prefetch(self, buffer_size, name=None):
        """Make up to `buffer_size` elements ahead, in a thread of their own; two if AUTOTUNE."""
        size = 2 if int(buffer_size) == AUTOTUNE else _count("prefetch", "buffer_size", buffer_size, 0)
        if size == 0:
            return self
        # Row numbers are nothing to wait for.
        return self if self._rows is not None else self._same(lambda: prefetched(self._iterate, size),
                                                              self._cardinality)

    # -- elements ------------------------------------------------------------------------------------------------------

    def map(self, map_func, num_parallel_calls=None, deterministic=None, name=None):
        """map_func(element), or map_func(*element) for tuples; it returns Tensors, arrays, or tuples and dicts of them.

        The function is called for each element, one after the other, so that what it draws at random follows
        `set_random_seed`; `num_parallel_calls` and `deterministic` are taken for TensorFlow's sake.
        """
        def iterate():
            for element in self._elements():
                yield _call(map_func, element)

        return Dataset(iterate, lambda: self._spec_after(iterate), self._cardinality)

    def filter(self, predicate, name=None):
        """The elements for which `predicate` is true."""
        def iterate():
            for element in self._elements():
                if bool(_call(predicate, element)):
                    yield element

        endless = self._cardinality == INFINITE_CARDINALITY
        return Dataset(iterate, lambda: self.element_spec, INFINITE_CARDINALITY if endless else UNKNOWN_CARDINALITY)

    def enumerate(self, start=0, name=None):
        """(number, element), counted from `start`."""
        def iterate():
            for number, element in enumerate(self._elements(), start):
                yield np.array(number, np.int64), element

        return Dataset(iterate, lambda: (TensorSpec((), "int64"), self.element_spec), self._cardinality)

    def flat_map(self, map_func, name=None):
        """The elements of the data sets that map_func(element) returns, one after the other."""
        return self.interleave(map_func, cycle_length=1)

    def interleave(self, map_func, cycle_length=None, block_length=1, num_parallel_calls=None, deterministic=None,
                   name=None):
        """The elements of the data sets that map_func(element) returns, from `cycle_length` of them in turn.

        Args:
            cycle_length: 2 if None or AUTOTUNE.
            block_length: How many elements of one before it is the next one's turn.
        """
        length = 2 if cycle_length in (None, AUTOTUNE) else _count("interleave", "cycle_length", cycle_length, 1)
        block = _count("interleave", "block_length", block_length, 1)

        def iterate():
            datasets = (map_func(*_arguments(element)) for element in self._elements())
            return interleaved((dataset._elements() for dataset in datasets), length, block)

        return Dataset(iterate, lambda: first_spec(iterate))

    # -- batches -------------------------------------------------------------------------------------------------------

    def batch(self, batch_size, drop_remainder=False, num_parallel_calls=None, deterministic=None, name=None):
        """`batch_size` elements as one, with a new first axis; the last may be shorter unless `drop_remainder`."""
        size = _count("batch", "batch_size", batch_size, 1)
        if self._rows is not None:
            def join(numbers):
                numbers = np.array(numbers)
                return map_leaves(lambda array: array[numbers], self._rows)
        else:
            def join(elements):
                return stack(elements, "batch")
        return self._grouped(self._iterate, join, size, drop_remainder)

    def padded_batch(self, batch_size, padded_shapes=None, padding_values=None, drop_remainder=False, name=None):
        """As `batch`, for elements of different lengths, filled up at their ends to the longest of the batch."""
        size = _count("padded_batch", "batch_size", batch_size, 1)
        return self._grouped(self._elements, lambda elements: pad_and_stack(elements, padded_shapes, padding_values),
                             size, drop_remainder, ragged=True)

    def _grouped(self, iterate_parts, join, size, drop_remainder, ragged=False):
        def iterate():
            parts = iterate_parts()
            while group := list(itertools.islice(parts, size)):
                if len(group) < size and drop_remainder:
                    return
                yield join(group)

        def spec():
            first = size if drop_remainder else None
            return map_leaves(lambda leaf: leaf if leaf.shape is None else TensorSpec(
                (first, *(None if ragged else length for length in leaf.shape)), leaf.dtype), self.element_spec)

        count = self._cardinality
        if count > 0:
            count = count // size if drop_remainder else -(-count // size)
        return Dataset(iterate, spec, count)

    def unbatch(self, name=None):
        """Each row of each element as an element."""
        def iterate():
            for element in self._elements():
                for i in range(len(leaves(element)[0])):
                    yield row(element, i)

        def spec():
            return map_leaves(lambda leaf: TensorSpec(leaf.shape and leaf.shape[1:], leaf.dtype), self.element_spec)

        return Dataset(iterate, spec)


def _arguments(element):
    """What a function of the user is called with."""
    element = wrap(element)
    return element if isinstance(element, tuple) else (element,)


def _call(function, element):
    return map_leaves(to_leaf, function(*_arguments(element)))


def _count(method, argument, value, least):
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"Dataset.{method}: {argument} must be an int, got {value!r} ({type(value).__name__})")
    if int(value) < least:
        raise ValueError(f"Dataset.{method}: {argument} must be at least {least}, got {int(value)}")
    return int(value)
