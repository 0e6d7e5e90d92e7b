"""Where the elements of a `Dataset` come from: arrays, generators, numbers, files, other data sets."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import random
from ..core.types import DTypeLike, Structure
from .elements import TensorSpec, leaves, map_leaves, spec_of, to_leaf, wrap
from .pipeline import INFINITE_CARDINALITY, UNKNOWN_CARDINALITY, Pipeline, first_spec
from .streams import chosen, drawn

if TYPE_CHECKING:
    from .dataset import Dataset


class Sources(Pipeline):
    """Base of `Dataset`, with the methods that make one."""

    @classmethod
    def from_tensor_slices(cls, tensors: Structure, name: str | None = None) -> Dataset:
        """Make one element of each row of the arrays.

        Args:
            tensors: Array, or tuples and dicts of arrays of equal length; a list is one array.

        Raises:
            TypeError: a list of tuples or dicts.
            ValueError: the lengths differ, or an array has no rows.

        >>> [x.numpy().tolist() for x in tn.data.Dataset.from_tensor_slices([[1, 2], [3, 4]])]
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
        return cls._with(lambda: iter(range(count)), spec, count, arrays)

    @classmethod
    def from_tensors(cls, tensors: Structure, name: str | None = None) -> Dataset:
        """Make a data set of a single element.

        Args:
            tensors: Array, or tuples and dicts of arrays.

        >>> len(tn.data.Dataset.from_tensors([1, 2, 3]))
        1
        """
        element = map_leaves(to_leaf, tensors)
        return cls._with(lambda: iter([element]), spec_of(element), 1)

    @classmethod
    def from_generator(cls, generator: Callable[..., Iterable[Any]], output_types: Structure = None,
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

        >>> squares = tn.data.Dataset.from_generator(lambda: (i * i for i in range(3)), output_types="int64")
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

        return cls._with(iterate, signature if signature is not None else lambda: first_spec(iterate))

    @classmethod
    def range(cls, *args: int, output_type: DTypeLike = "int64", name: str | None = None) -> Dataset:
        """The numbers of Python's `range`, one an element.

        Args:
            args: stop, or start and stop, or start, stop and step.
            output_type: Element type.

        >>> list(map(int, tn.data.Dataset.range(2, 8, 3)))
        [2, 5]
        """
        numbers = np.arange(*map(int, args), dtype=output_type)
        return cls.from_tensor_slices(numbers)

    @classmethod
    def zip(cls, *datasets: Any, name: str | None = None) -> Dataset:
        """Pair the elements of several data sets, until the shortest ends.

        Args:
            datasets: Data sets, zip(a, b), or one tuple or dict of them, zip((a, b)), whose nesting the elements have.

        >>> [(int(a), int(b)) for a, b in tn.data.Dataset.zip(tn.data.Dataset.range(3), tn.data.Dataset.range(10, 12))]
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
        return cls._with(iterate, spec, count)

    @classmethod
    def counter(cls, start: float = 0, step: float = 1, dtype: DTypeLike = "int64", name: str | None = None) -> Dataset:
        """The numbers start, start + step, ... without end, one an element.

        Args:
            start: First number.
            step: Difference of neighbours.
            dtype: Element type.

        >>> [int(number) for number in tn.data.Dataset.counter(5, 2).take(3)]
        [5, 7, 9]
        """
        return cls._with(lambda: (np.array(number, dtype) for number in itertools.count(start, step)),
                       TensorSpec((), dtype), INFINITE_CARDINALITY)

    @classmethod
    def sample_from_datasets(cls, datasets: list[Dataset], weights: Any = None, seed: int | None = None,
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

        >>> rare, frequent = tn.data.Dataset.from_tensors([1]).repeat(), tn.data.Dataset.from_tensors([0]).repeat()
        >>> mixed = tn.data.Dataset.sample_from_datasets([rare, frequent], [0.5, 0.5], seed=0).take(100)
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
        return cls._with(iterate, lambda: datasets[0].element_spec,
                       INFINITE_CARDINALITY if endless and not stop_on_empty_dataset else UNKNOWN_CARDINALITY)

    @classmethod
    def choose_from_datasets(cls, datasets: list[Dataset], choice_dataset: Dataset,
                             stop_on_empty_dataset: bool = True) -> Dataset:
        """Take each element from the data set whose number another data set has in this place.

        Args:
            datasets: List of data sets whose elements have the same structure.
            choice_dataset: Data set of numbers from 0 to len(datasets) - 1, each a scalar.
            stop_on_empty_dataset: Whether to end with the first choice of a data set that has ended; otherwise such
                choices are left out.

        Raises:
            ValueError: no data sets; (while iterating) a choice is no such number.

        >>> letters = [tn.data.Dataset.from_tensors(letter).repeat() for letter in "ab"]
        >>> mixed = tn.data.Dataset.choose_from_datasets(letters, tn.data.Dataset.from_tensor_slices([0, 1, 1, 0]))
        >>> b"".join(letter.numpy() for letter in mixed)
        b'abba'
        """
        if not datasets:
            raise ValueError("choose_from_datasets: there are no data sets to choose from")

        def iterate():
            return chosen([dataset._elements() for dataset in datasets], choice_dataset._elements(),
                          stop_on_empty_dataset)

        return cls._with(iterate, lambda: datasets[0].element_spec)

    @classmethod
    def random(cls, seed: int | None = None, rerandomize_each_iteration: bool | None = None,
               name: str | None = None) -> Dataset:
        """Random numbers of 32 bits, without end, one an element.

        Args:
            seed: int; without, the numbers follow `set_random_seed`.
            rerandomize_each_iteration: Whether each iteration has other numbers.

        >>> first, again = (list(map(int, tn.data.Dataset.random(seed=4).take(2))) for _ in range(2))
        >>> first == again
        True
        """
        seed = random.make_default_seed() if seed is None else seed
        generators = random.SeedGenerator(seed) if rerandomize_each_iteration else seed

        def iterate():
            rng = random.generator(generators)
            while True:
                yield from rng.integers(2**32, size=1024)

        return cls._with(lambda: map(np.asarray, iterate()), TensorSpec((), "int64"), INFINITE_CARDINALITY)

    @classmethod
    def list_files(cls, file_pattern: Any, shuffle: bool | None = None, seed: int | None = None,
                   name: str | None = None) -> Dataset:
        """The paths that match a pattern, as text.

        Args:
            file_pattern: Pattern with * and ?, or a list of such.
            shuffle: Whether in a new order each time; False: sorted. None: True.
            seed: int, for the order; without, it follows `set_random_seed`.

        Raises:
            ValueError: no file matches.

        >>> for name in ("b.txt", "a.txt"):
        ...     open(name, "w").close()
        >>> [path.numpy() for path in tn.data.Dataset.list_files("*.txt", shuffle=False)]
        [b'a.txt', b'b.txt']
        """
        import glob  # late

        patterns = [file_pattern] if isinstance(file_pattern, str) or hasattr(file_pattern, "__fspath__") else (
            file_pattern)
        paths = sorted(path for pattern in patterns for path in glob.glob(str(pattern)))
        if not paths:
            raise ValueError(f"list_files: no file matches {[str(pattern) for pattern in patterns]}")
        files = cls.from_tensor_slices(paths)
        return files.shuffle(len(paths), seed) if shuffle is None or shuffle else files
