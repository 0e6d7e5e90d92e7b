"""What every `Dataset` has: elements to iterate over, their shapes and types, and their number."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any

import numpy as np

from ..core.naming import unknown_name
from ..core.types import Structure
from ..tensor import Tensor
from .elements import Nested, TensorSpec, leaves, map_leaves, row, spec_of, to_leaf, wrap

INFINITE_CARDINALITY = -1
UNKNOWN_CARDINALITY = -2

_RAGGED = ("makes tensors with rows of different lengths, which tinynet does not have; fill the rows up with "
           "padded_batch(batch_size), or before with utils.pad_sequences")
_NOT_THERE = {
    "ragged_batch": _RAGGED,
    "sparse_batch": "makes sparse tensors, which tinynet does not have; use padded_batch()",
    "rejection_resample": "draws by class; use filter() for each class and sample_from_datasets()",
    "fingerprint": "is a number of TensorFlow's own serialization, which is not here",
    "save": "writes TensorFlow's own format; keep arrays with numpy.savez",
    "load": "reads TensorFlow's own format; keep arrays with numpy.savez",
    "snapshot": "writes TensorFlow's own format; use cache()",
    "with_options": "tunes TensorFlow's runtime, which is not here; leave it out",
    "options": "tunes TensorFlow's runtime, which is not here; leave it out",
    "make_one_shot_iterator": "is TensorFlow 1's; write `for element in dataset`",
    "make_initializable_iterator": "is TensorFlow 1's; write `for element in dataset`",
}


class _ExplainsMissing(type):
    """Explains names that the class lacks, `Dataset.load`, as an instance explains them."""

    def __getattr__(cls, name):
        return _explain_missing(cls, name)


class Elements(Iterator[Structure]):
    """One iteration over a `Dataset`: `next(elements)`, or a loop. It cannot begin anew.

    Args:
        source: Generator of elements as the user gets them.
        dataset: Of which it is an iteration.
    """

    def __init__(self, source: Generator[Structure], dataset: Pipeline) -> None:
        self._source = source
        self._dataset = dataset

    def __next__(self) -> Structure:
        return next(self._source)

    next = __next__  # TensorFlow's other names of it

    def get_next(self) -> Structure:
        """Return the next element.

        Raises:
            StopIteration: there is none. (TensorFlow raises its OutOfRangeError.)
        """
        return next(self._source)

    @property
    def element_spec(self) -> Structure:
        """The nested `TensorSpec`s of the elements."""
        return self._dataset.element_spec

    def close(self) -> None:
        """End the iteration, and its threads."""
        self._source.close()


class Pipeline(Nested, metaclass=_ExplainsMissing):
    """Base of `Dataset`, which adds the sources and the steps.

    Args:
        iterate: Function that returns an iterator over elements of ndarrays; over row numbers if there are `rows`.
        spec: Nested `TensorSpec`s of the elements, or a function that finds them out.
        cardinality: How many elements there are; -1 for endlessly many, -2 if that is not known.
        rows: Arrays, nested, of which each element is a row; or None.
    """

    def __init__(self, iterate: Callable[[], Iterable[Any]], spec: Structure | Callable[[], Structure],
                 cardinality: int = UNKNOWN_CARDINALITY, rows: Structure = None) -> None:
        self._iterate = iterate
        self._spec = spec
        self._cardinality = cardinality
        self._rows = rows
        # For `distribution`, where several processes share the batches. `_parts(rows_of)` yields (rows of the whole
        # batch, this process's rows of it), with rows_of(total) = (first row, how many); None where no `batch` is known
        # to have made the elements. `_unmapped`: (iterable of elements before a `map`, what it does to one).
        self._parts: Callable[[Callable[[int], Any]], Iterator[tuple[int, Any]]] | None = None
        self._unmapped: tuple[Callable[[], Iterable[Any]], Callable[[Any], Any]] | None = None

    @staticmethod
    def _with(iterate: Callable[[], Iterable[Any]], spec: Structure | Callable[[], Structure],
              cardinality: int = UNKNOWN_CARDINALITY, rows: Structure = None) -> Any:
        """A `Dataset` of these: the arguments are the constructor's."""
        raise NotImplementedError

    def _elements(self):
        """An iterator over elements of ndarrays."""
        if self._rows is None:
            return iter(self._iterate())
        return (row(self._rows, i) for i in self._iterate())

    def __iter__(self) -> Elements:
        return Elements((wrap(element) for element in self._elements()), self)

    def as_numpy_iterator(self) -> Elements:
        """Iterate over the elements as ndarrays; scalars of NumPy, or bytes, where there is one value.

        Returns:
            An iterator.

        Raises:
            TypeError: (while iterating) the elements are data sets.

        >>> [int(x) for x in tn.data.Dataset.range(3).as_numpy_iterator()]
        [0, 1, 2]
        """
        return Elements((map_leaves(_as_numpy, element) for element in self._elements()), self)

    @property
    def element_spec(self) -> Structure:
        """The nested `TensorSpec`s of the elements. After `map`, the function is tried on the first element."""
        if callable(self._spec):
            self._spec = self._spec()
        return self._spec

    def _spec_after(self, iterate):
        """The specs of a mapped data set; a batch axis of varying length stays one."""
        found = first_spec(iterate)
        batched = all(leaf.shape and leaf.shape[0] is None for leaf in leaves(self.element_spec))
        return map_leaves(lambda leaf: TensorSpec((None, *leaf.shape[1:]), leaf.dtype) if leaf.shape else leaf,
                          found) if batched else found

    def cardinality(self, name: str | None = None) -> Tensor:
        """Return how many elements there are, -1 for endlessly many, -2 if that is not known; an int64 Tensor.

        >>> int(tn.data.Dataset.range(10).batch(3).cardinality())
        4
        """
        return Tensor.wrap(np.array(self._cardinality, np.int64))

    def __len__(self) -> int:
        if self._cardinality < 0:
            raise TypeError("the data set is endless" if self._cardinality == INFINITE_CARDINALITY else
                            "the length of the data set is not known before it has been iterated over")
        return self._cardinality

    def __bool__(self) -> bool:
        return True

    def apply(self, transformation_func: Callable[[Any], Any]) -> Any:
        """Return transformation_func(self).

        Args:
            transformation_func: Function of the data set.

        >>> first_two = lambda dataset: dataset.take(2)
        >>> list(map(int, tn.data.Dataset.range(5).apply(first_two)))
        [0, 1]
        """
        return transformation_func(self)

    def reduce(self, initial_state: Structure, reduce_func: Callable[[Structure, Structure], Structure],
               name: str | None = None) -> Structure:
        """Fold the elements: state = reduce_func(state, element) for all elements.

        Args:
            initial_state: The first state, nested.
            reduce_func: Function of the state and an element; the new state.

        Returns:
            The last state, of Tensors.

        >>> int(tn.data.Dataset.range(5).reduce(np.int64(0), lambda total, x: total + x))
        10
        """
        state = wrap(map_leaves(to_leaf, initial_state))
        for element in self:
            state = wrap(map_leaves(to_leaf, reduce_func(state, element)))
        return state

    def get_single_element(self, name: str | None = None) -> Structure:
        """Return the only element.

        Raises:
            ValueError: there is none, or more than one.

        >>> tn.data.Dataset.range(4).batch(4).get_single_element().tolist()
        [0, 1, 2, 3]
        """
        elements = list(itertools.islice(self, 2))
        if len(elements) != 1:
            raise ValueError(f"get_single_element: the data set has {'more than one' if elements else 'no'} element")
        return elements[0]

    def __getattr__(self, name: str) -> Any:
        return _explain_missing(type(self), name)

    def __repr__(self) -> str:
        return f"<Dataset element_spec={self.element_spec}>"


def arguments(element: Structure) -> tuple[Any, ...]:
    """Return the arguments with which a function of the user is called: the parts of a tuple, or the element."""
    element = wrap(element)
    return element if isinstance(element, tuple) else (element,)


def call(function: Callable[..., Structure], element: Structure) -> Structure:
    """Return what a function of the user makes of an element, of ndarrays."""
    return map_leaves(to_leaf, function(*arguments(element)))


def _as_numpy(leaf):
    if isinstance(leaf, Nested):
        raise TypeError("as_numpy_iterator: the elements are data sets, as window() makes them; loop over them, and "
                        "call as_numpy_iterator() on each")
    return leaf[()]


def _explain_missing(cls, name):
    if name in _NOT_THERE:
        raise NotImplementedError(f"Dataset.{name} is not part of tinynet: it {_NOT_THERE[name]}")
    if name.startswith("_"):
        raise AttributeError(name)
    raise AttributeError(unknown_name("method of Dataset", name, [n for n in dir(cls) if n[0] != "_"]))


def first_spec(iterate: Callable[[], Iterable[Structure]]) -> Structure:
    """Return the TensorSpecs of the first element.

    Raises:
        ValueError: there is no element.
    """
    for element in iterate():
        return spec_of(element)
    raise ValueError("the data set has no element from which to derive the element_spec")
