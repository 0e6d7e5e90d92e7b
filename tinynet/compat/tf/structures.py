"""TensorFlow's classes around tensors: `tf.Module`, `tf.IndexedSlices`, `tf.TensorArray`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np

from ... import ops
from ...core.naming import auto_name, to_snake_case
from ...core.tensor_shape import TensorShape
from ...core.types import DTypeLike, TensorLike
from ...layers.base import Layer
from ...tensor import Tensor, convert_to_tensor, numbers_of, to_array
from ...variable import Variable

Method = TypeVar("Method", bound=Callable[..., Any])


class IndexedSlices(NamedTuple):
    """Some rows of a tensor: row indices[i] has the values values[i].

    Args:
        values: Shape (number of rows, ...).
        indices: Whole numbers, shape (number of rows,).
        dense_shape: The whole tensor's shape, if it is known.

    >>> IndexedSlices([[10.0, 20.0]], [3]).indices  # of row 3
    [3]
    """

    values: Any
    indices: Any
    dense_shape: Any = None


class Module:
    """TensorFlow's base of things that have variables: `tf.Module`.

    Its variables are those among its attributes, also in lists, tuples and dicts, and those of modules and layers
    there.

    Args:
        name: Must be a Python identifier; the class's name in snake case if None.

    Raises:
        ValueError: `name` is no identifier.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.w, self.b = Variable(2.0, name="w"), Variable(1.0, name="b", trainable=False)
    >>> line = Line()
    >>> line.name, [v.name for v in line.variables], [v.name for v in line.trainable_variables]
    ('line', ['b', 'w'], ['w'])
    """

    def __init__(self, name: str | None = None) -> None:
        name = to_snake_case(type(self).__name__) if name is None else name
        if not name.isidentifier():
            raise ValueError(f"tf.Module: {name!r} is not a Python identifier")
        self._name = name

    @property
    def name(self) -> str:
        """The name."""
        return self._name

    @property
    def variables(self) -> tuple[Variable, ...]:
        """All variables, in the order of the attributes' names; those of submodules after its own."""
        return _unique(_variables(self, set()))

    @property
    def trainable_variables(self) -> tuple[Variable, ...]:
        """The variables that tapes watch."""
        return tuple(variable for variable in self.variables if variable.trainable)

    @property
    def non_trainable_variables(self) -> tuple[Variable, ...]:
        """The other variables."""
        return tuple(variable for variable in self.variables if not variable.trainable)

    @property
    def submodules(self) -> tuple[Any, ...]:
        """The modules and layers among the attributes, and theirs."""
        found: list[Any] = []
        for part in _inner(self, set()):
            found += [part, *(part.submodules if isinstance(part, Module) else ())]
        return _unique(found)

    @property
    def name_scope(self) -> Any:
        """A context manager that changes nothing: names of variables are as they were given."""
        return contextlib.nullcontext()

    @classmethod
    def with_name_scope(cls, method: Method) -> Method:
        """Return the method itself: names of variables are as they were given."""
        return method


def _unique(things):
    return tuple({id(thing): thing for thing in things}.values())


def _leaves(value: Any, seen: set[int]) -> Iterator[Any]:
    if isinstance(value, list | tuple | dict):
        if id(value) not in seen:
            seen.add(id(value))
            for part in (value[key] for key in sorted(value, key=str)) if isinstance(value, dict) else value:
                yield from _leaves(part, seen)
    else:
        yield value


def _attributes(module):
    for _, value in sorted(vars(module).items()):
        yield from _leaves(value, set())


def _inner(module, seen):
    """The modules and layers directly inside, each once."""
    for leaf in _attributes(module):
        if isinstance(leaf, Module | Layer) and id(leaf) not in seen:
            seen.add(id(leaf))
            yield leaf


def _variables(module, seen):
    if id(module) in seen:
        return
    seen.add(id(module))
    yield from (leaf for leaf in _attributes(module) if isinstance(leaf, Variable))
    for part in _inner(module, set()):
        yield from _variables(part, seen) if isinstance(part, Module) else part.variables


class TensorArray:
    """A list of tensors that a loop writes: `tf.TensorArray`. A Python list and `tf.stack` do the same.

    Args:
        dtype: Element type of the tensors.
        size: How many there are.
        dynamic_size: Whether writing after the end makes it longer.
        clear_after_read: Whether an element can be read only once; True if None.
        tensor_array_name, name: TensorFlow's, without effect.
        infer_shape: Whether all elements must have the shape of the first.
        element_shape: The elements' shape, with None for any length.
        colocate_with_first_write_call: TensorFlow's, without effect: there is one device.
        handle, flow: Of TensorFlow's graphs; must be None.

    Raises:
        ValueError: `handle` or `flow` is given.

    >>> squares = TensorArray("int32", size=3)
    >>> for i in range(3):
    ...     squares = squares.write(i, i * i)
    >>> squares.stack().tolist()
    [0, 1, 4]
    """

    def __init__(self, dtype: DTypeLike, size: TensorLike | None = None, dynamic_size: bool | None = None,
                 clear_after_read: bool | None = None, tensor_array_name: str | None = None, handle: Any = None,
                 flow: Any = None, infer_shape: bool = True, element_shape: Any = None,
                 colocate_with_first_write_call: bool = True, name: str | None = None) -> None:
        if handle is not None or flow is not None:
            raise ValueError("tf.TensorArray: handle and flow belong to TensorFlow's graphs; leave them out")
        self.dtype = np.dtype(dtype)
        self.dynamic_size = bool(dynamic_size)
        self.element_shape = None if element_shape is None else TensorShape.checked(element_shape)
        self._clear, self._infer = clear_after_read in (None, True), infer_shape
        self._elements: list[Tensor | None] = [None] * (0 if size is None else int(numbers_of(size)))
        self._cleared: set[int] = set()
        self._title = name or tensor_array_name or auto_name("tensor_array")

    def size(self, name: str | None = None) -> Tensor:
        """Return how many tensors there are, an int32 Tensor."""
        return Tensor(np.int32(len(self._elements)))

    def _index(self, index, grows=False):
        index = int(to_array(index))
        if index < 0 or index >= len(self._elements) and not (grows and self.dynamic_size):
            raise IndexError(f"tf.TensorArray {self._title!r}: index {index} is outside a size of "
                             f"{len(self._elements)}" + "; dynamic_size=True lets it grow" * (grows and index >= 0))
        return index

    def write(self, index: TensorLike, value: TensorLike, name: str | None = None) -> TensorArray:
        """Write one tensor; returns the array.

        Raises:
            IndexError: the index is outside.
            TypeError: the value has another element type.
            ValueError: it has another shape than the others.
        """
        index = self._index(index, grows=True)
        value = value if isinstance(value, Tensor) else convert_to_tensor(value, self.dtype)
        if value.dtype != self.dtype:
            raise TypeError(f"tf.TensorArray {self._title!r}: the elements are {self.dtype}, the value at index "
                            f"{index} is {value.dtype}; use tf.cast first")
        if self.element_shape is not None and not self.element_shape.is_compatible_with(value.shape):
            raise ValueError(f"tf.TensorArray {self._title!r}: the elements have shape {self.element_shape}, the value "
                             f"at index {index} has {value.shape}")
        if self.element_shape is None and self._infer:
            self.element_shape = value.shape
        self._elements += [None] * (index + 1 - len(self._elements))
        self._elements[index] = value.read_value() if isinstance(value, Variable) else value
        return self

    def read(self, index: TensorLike, name: str | None = None) -> Tensor:
        """Return one tensor; zeros if it was never written and the shape is known.

        Raises:
            IndexError: the index is outside.
            ValueError: it was read before, or never written.
        """
        index = self._index(index)
        value = self._at(index)
        if self._clear:
            self._elements[index] = None
            self._cleared.add(index)
        return value

    def _at(self, index):
        value = self._elements[index]
        if value is not None:
            return value
        if index in self._cleared:
            raise ValueError(f"tf.TensorArray {self._title!r}: index {index} has been read already; "
                             "clear_after_read=False keeps what was read")
        if self.element_shape is None or not self.element_shape.is_fully_defined():
            raise ValueError(f"tf.TensorArray {self._title!r}: nothing was written at index {index}, and the shape of "
                             "the elements is not known")
        return Tensor(np.zeros(self.element_shape, self.dtype))

    def stack(self, name: str | None = None) -> Tensor:
        """Return all tensors as one, with a new first axis."""
        return self.gather(range(len(self._elements)))

    def gather(self, indices: Any, name: str | None = None) -> Tensor:
        """Return some of the tensors as one, with a new first axis."""
        chosen = [self._at(self._index(index)) for index in np.asarray(list(indices), int)]
        if not chosen:
            return Tensor(np.zeros((0, *(n or 0 for n in self.element_shape or ())), self.dtype))
        return ops.stack(chosen)

    def concat(self, name: str | None = None) -> Tensor:
        """Return all tensors as one, joined along their first axis."""
        return ops.concatenate([self._at(index) for index in range(len(self._elements))], 0)

    def unstack(self, value: TensorLike, name: str | None = None) -> TensorArray:
        """Write the slices of a tensor along its first axis; returns the array."""
        return self.scatter(range(len(convert_to_tensor(value))), value)

    def scatter(self, indices: Any, value: TensorLike, name: str | None = None) -> TensorArray:
        """Write the slices of a tensor along its first axis at some indices; returns the array."""
        value = value if isinstance(value, Tensor) else convert_to_tensor(value, self.dtype)
        indices = np.asarray(list(indices), int)
        if len(indices) != value.shape[0]:
            raise ValueError(f"tf.TensorArray {self._title!r}: {len(indices)} indices for {value.shape[0]} slices")
        grown = max(indices, default=-1) + 1
        if grown > len(self._elements) and not self.dynamic_size:
            raise IndexError(f"tf.TensorArray {self._title!r}: {grown} slices do not fit into a size of "
                             f"{len(self._elements)}; dynamic_size=True lets it grow")
        for index, row in zip(indices, value, strict=True):
            self.write(index, row)
        return self

    def split(self, value: TensorLike, lengths: Sequence[int], name: str | None = None) -> TensorArray:
        """Write parts of a tensor, cut along its first axis into these lengths; returns the array."""
        cuts = np.cumsum([int(n) for n in numbers_of(lengths)])[:-1].tolist()
        for index, part in enumerate(ops.split(convert_to_tensor(value), cuts, 0)):
            self.write(index, part)
        return self

    def identity(self) -> TensorArray:
        """Return the array itself."""
        return self

    def close(self, name: str | None = None) -> None:
        """Forget all tensors."""
        self._elements = []
