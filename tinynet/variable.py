"""Variable: a tensor that training changes."""

from __future__ import annotations

import copy
import math
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from .config import floatx
from .core.recording import refuse_numbers
from .core.registry import family
from .core.tensor_shape import TensorShape
from .core.types import Array, DTypeLike, ShapeLike, TensorLike
from .tensor import Tensor, to_array

_first_values = threading.RLock()  # held while a deferred variable gets its first value


class Variable(Tensor):
    """A tensor that training changes: a weight, or a layer's state.

    With an initializer of `tinynet.initializers` the values are computed when they are first read. They are the same
    as if they had been computed at once. So a model can be built, and its summary printed, without the memory of its
    weights.

    Args:
        initializer: The first value (array, number, Tensor); a function `initializer(shape, dtype=...)` that returns
            it; or an initializer's name.
        shape: Tuple of ints. Needed when `initializer` is a function or a name; of the first value, if both are given.
        dtype: Element type; `floatx()` for Python floats and for functions if None.
        trainable: Whether tapes watch it and optimizers change it.
        name: For messages, summaries and files.
        initial_value: TensorFlow's name for `initializer`.
        constraint: The attribute of this name.

    Attributes:
        path: The name with those of the layers around it, 'dense/kernel'.
        regularizer: Function from the variable to a penalty of the loss, or None.
        constraint: Function from new values to permitted ones, which the optimizer calls after a step, or None.

    Raises:
        ValueError: the initializer is a function and there is no shape, or the value has another shape.
        TypeError: the value does not consist of numbers.

    >>> counter = Variable(1.0, name="counter")
    >>> counter.assign_add(2.0).numpy()
    array(3., dtype=float32)
    """

    __slots__ = ("name", "path", "trainable", "regularizer", "constraint", "_first_value")
    name: str
    path: str
    trainable: bool
    regularizer: Callable[[Variable], Any] | None
    constraint: Callable[[Any], Any] | None
    _first_value: Any  # (initializer, shape, dtype) until the values are computed, then unused

    def __init__(self, initializer: Any = None, shape: ShapeLike | None = None, dtype: DTypeLike = None,
                 trainable: bool = True, name: str = "variable", initial_value: Any = None,
                 constraint: Callable[[Any], Any] | None = None) -> None:
        initializer = initial_value if initializer is None else initializer
        initializer = initializer.data if isinstance(initializer, Tensor) else initializer
        self._keras_mask = None
        self.name = name
        self.path = name
        self.trainable = trainable
        self.regularizer = None
        self.constraint = constraint
        self._first_value = None
        if isinstance(initializer, str):
            initializer = family("keras.initializers").get(initializer)
        if callable(initializer):
            if shape is None:
                raise ValueError(f"Variable {name!r}: an initializer function needs shape=...")
            shape, dtype = tuple(shape), np.dtype(dtype or floatx())
            if type(self) is Variable and _can_be_deferred(initializer, shape, dtype):
                self._first_value = copy.copy(initializer), shape, dtype
                self.__class__ = _DeferredVariable
                return
            initializer = initializer(shape, dtype=dtype)
        data = to_array(initializer, dtype)
        if shape is not None and data.shape != tuple(shape):
            raise ValueError(f"Variable {name!r}: the value has shape {data.shape}, shape={tuple(shape)} was asked for")
        self.data = aligned_copy(data)  # its own memory, since optimizers write to it

    @property
    def value(self) -> Tensor:
        """The present value as a Tensor that later assignments do not change; `value()` is the same.

        Gradients reach the variable through it.

        >>> v = Variable(1.0)
        >>> float(v.value), float(v.value())
        (1.0, 1.0)
        """
        value = self.read_value()
        value.__class__ = _Value
        return value

    def read_value(self) -> Tensor:
        """Return the present value as a Tensor that later assignments do not change. Gradients reach the variable."""
        return self.astype(self.dtype)  # a recorded copy

    def numpy(self) -> Array:
        """A copy of the present values.

        Returns:
            Array, shaped like the variable.
        """
        refuse_numbers(self.data)
        return self.data.copy()

    def __array__(self, dtype: DTypeLike = None, copy: bool | None = None) -> Array:
        refuse_numbers(self.data)
        return np.array(self.data, dtype=dtype)

    def __getitem__(self, key: Any) -> Tensor:
        """Return the elements that `key` selects, as a Tensor with `assign`: `v[0, 1].assign(5.0)` changes `v`."""
        elements = super().__getitem__(key)
        elements.__class__ = _Elements
        elements._selected_from = self, key
        return elements

    def assign(self, value: TensorLike, use_locking: bool = False, name: str | None = None,
               read_value: bool = True) -> Any:
        """Replace the value by another of the same shape. It is converted to the variable's element type.

        Args:
            value: The new value.
            use_locking, name: TensorFlow's, without effect: an assignment is one step of Python.
            read_value: Whether to return the variable.

        Returns:
            The variable; None if `read_value` is False.

        Raises:
            ValueError: it has another shape.

        >>> Variable([1.0, 2.0]).assign([3, 4]).numpy()
        array([3., 4.], dtype=float32)
        """
        value = to_array(value, self.dtype)
        if value.shape != self.shape:
            raise ValueError(
                f"Variable {self.name!r} has shape {self.shape}, cannot assign a value of shape {value.shape}"
            )
        # A new array: an open tape may still need the old one.
        self.data = aligned_copy(value)
        return self if read_value else None

    def assign_add(self, value: TensorLike, use_locking: bool = False, name: str | None = None,
                   read_value: bool = True) -> Any:
        """Add `value` to the present value; it may have any shape that broadcasts to the variable's.

        Args:
            value: What is added.
            use_locking, name, read_value: As for `assign`.

        Returns:
            The variable; None if `read_value` is False.

        >>> Variable([1.0, 2.0]).assign_add([3, 4]).numpy()
        array([4., 6.], dtype=float32)
        """
        return self.assign(self.data + to_array(value, self.data.dtype), read_value=read_value)

    def assign_sub(self, value: TensorLike, use_locking: bool = False, name: str | None = None,
                   read_value: bool = True) -> Any:
        """Subtract `value` from the present value; it may have any shape that broadcasts to the variable's.

        Args:
            value: What is subtracted.
            use_locking, name, read_value: As for `assign`.

        Returns:
            The variable; None if `read_value` is False.

        >>> Variable([1.0, 2.0]).assign_sub(1).numpy()
        array([0., 1.], dtype=float32)
        """
        return self.assign(self.data - to_array(value, self.data.dtype), read_value=read_value)

    def scatter_nd_update(self, indices: TensorLike, updates: TensorLike, name: str | None = None) -> Variable:
        """Replace elements, or slices: the one at indices[i] by updates[i].

        Args:
            indices: Whole numbers, shape (..., k): positions along the first k axes.
            updates: Shape (..., *shape of the variable without those axes).
            name: TensorFlow's, without effect.

        Returns:
            The variable.

        Raises:
            IndexError: an index is outside its axis.
            ValueError: the updates have another shape.

        >>> Variable([1.0, 2.0, 3.0]).scatter_nd_update([[0], [2]], [5.0, 6.0]).numpy()
        array([5., 2., 6.], dtype=float32)
        """
        return self._scatter("scatter_nd_update", None, self._positions("scatter_nd_update", indices), updates)

    def scatter_nd_add(self, indices: TensorLike, updates: TensorLike, name: str | None = None) -> Variable:
        """Add updates to elements, or slices; one that is named twice gets both.

        Args:
            indices, updates: As for `scatter_nd_update`.

        Returns:
            The variable.

        >>> Variable([1, 2, 3]).scatter_nd_add([[0], [0]], [10, 20]).tolist()
        [31, 2, 3]
        """
        return self._scatter("scatter_nd_add", np.add, self._positions("scatter_nd_add", indices), updates)

    def scatter_nd_sub(self, indices: TensorLike, updates: TensorLike, name: str | None = None) -> Variable:
        """Subtract updates from elements, or slices.

        Args:
            indices, updates: As for `scatter_nd_update`.

        Returns:
            The variable.
        """
        return self._scatter("scatter_nd_sub", np.subtract, self._positions("scatter_nd_sub", indices), updates)

    def scatter_nd_max(self, indices: TensorLike, updates: TensorLike, name: str | None = None) -> Variable:
        """Replace elements by larger updates.

        Args:
            indices, updates: As for `scatter_nd_update`.

        Returns:
            The variable.
        """
        return self._scatter("scatter_nd_max", np.maximum, self._positions("scatter_nd_max", indices), updates)

    def scatter_nd_min(self, indices: TensorLike, updates: TensorLike, name: str | None = None) -> Variable:
        """Replace elements by smaller updates.

        Args:
            indices, updates: As for `scatter_nd_update`.

        Returns:
            The variable.
        """
        return self._scatter("scatter_nd_min", np.minimum, self._positions("scatter_nd_min", indices), updates)

    def scatter_update(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Variable:
        """Replace rows: row sparse_delta.indices[i] by sparse_delta.values[i].

        Args:
            sparse_delta: A `tf.IndexedSlices(values, indices)`.
            use_locking, name: TensorFlow's, without effect.

        Returns:
            The variable.

        Raises:
            TypeError: `sparse_delta` is something else.
            IndexError: a row does not exist.

        >>> from tinynet import tf
        >>> Variable([[1.0], [2.0]]).scatter_update(tf.IndexedSlices([[10.0]], [1])).tolist()
        [[1.0], [10.0]]
        """
        return self._scatter_rows("scatter_update", None, sparse_delta)

    def scatter_add(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Variable:
        """Add to rows; arguments as for `scatter_update`.

        Args:
            sparse_delta: A `tf.IndexedSlices(values, indices)`.

        Returns:
            The variable.

        >>> from tinynet import tf
        >>> Variable([[1.0], [2.0]]).scatter_add(tf.IndexedSlices([[10.0]], [1])).tolist()
        [[1.0], [12.0]]
        """
        return self._scatter_rows("scatter_add", np.add, sparse_delta)

    def scatter_sub(self, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Variable:
        """Subtract from rows; arguments as for `scatter_update`.

        Args:
            sparse_delta: A `tf.IndexedSlices(values, indices)`.

        Returns:
            The variable.

        >>> from tinynet import tf
        >>> Variable([[1.0], [2.0]]).scatter_sub(tf.IndexedSlices([[10.0]], [1])).tolist()
        [[1.0], [-8.0]]
        """
        return self._scatter_rows("scatter_sub", np.subtract, sparse_delta)

    def gather_nd(self, indices: TensorLike, name: str | None = None) -> Tensor:
        """Return the elements, or slices, at `indices`, shape (..., k): positions along the first k axes.

        Args:
            indices: Integers, shape (..., k).
        """
        return super().__getitem__(self._positions("gather_nd", indices)[0])

    def sparse_read(self, indices: TensorLike, name: str | None = None) -> Tensor:
        """Return the rows at `indices`, any shape.

        Args:
            indices: Integers, any shape.
        """
        return super().__getitem__(self._positions("sparse_read", to_array(indices)[..., None])[0])

    def _scatter_rows(self, method, function, delta):
        if not (hasattr(delta, "values") and hasattr(delta, "indices")):
            raise TypeError(f"Variable.{method}: expected tf.IndexedSlices(values, indices), got "
                            f"{type(delta).__name__}; for pairs of indices and updates there is "
                            f"{method.replace('scatter', 'scatter_nd')}(indices, updates)")
        indices = to_array(delta.indices)
        return self._scatter(method, function, self._positions(method, indices[..., None]), delta.values)

    def _positions(self, method: str, indices: TensorLike) -> tuple[Any, Any]:
        """(an index of NumPy for positions along the first axes, shape of what it selects)"""
        indices = to_array(indices)
        if indices.dtype.kind not in "iu" or indices.ndim == 0 or indices.shape[-1] > self.ndim:
            raise ValueError(f"Variable {self.name!r}.{method}: indices must be whole numbers, shape (..., at most "
                             f"{self.ndim}), got {indices.dtype} of shape {indices.shape}")
        lengths = self.shape[: indices.shape[-1]]
        if indices.size and (indices.min() < 0 or (indices >= np.array(lengths, int)).any()):
            raise IndexError(f"Variable {self.name!r}.{method}: an index is outside {tuple(lengths)}; the indices are "
                             f"from {indices.min()} to {indices.max()}")
        return tuple(np.moveaxis(indices, -1, 0)), (*indices.shape[:-1], *self.shape[indices.shape[-1]:])

    def _scatter(self, method: str, function: Any, positions: tuple[Any, Any], updates: TensorLike) -> Variable:
        key, shape = positions
        updates = to_array(updates, self.dtype)
        if updates.shape != shape:
            raise ValueError(f"Variable {self.name!r}.{method}: updates must have shape {tuple(shape)}, "
                             f"got {updates.shape}")
        data = self.data.copy()
        if function is None:
            data[key] = updates
        else:
            function.at(data, key, updates)
        return self.assign(data)

    def _no_operator_in_place(self, other: Any) -> Any:
        # Python would compute a Tensor and bind the name to it: the variable itself would never change.
        raise TypeError(
            f"Variable {self.name!r}: += and the like do not change a variable; "
            "use assign_add(...), assign_sub(...) or assign(...)"
        )

    __iadd__ = __isub__ = __imul__ = __itruediv__ = __ipow__ = _no_operator_in_place

    def __repr__(self) -> str:
        return f"<Variable path={self.path} shape={self.data.shape} dtype={self.data.dtype}\n{self.data}>"


class _Value(Tensor):
    """What `Variable.value` returns: the Tensor itself, which TensorFlow's `value()` may be called on."""

    __slots__ = ()

    def __call__(self) -> Tensor:
        """Return the Tensor."""
        self.__class__ = Tensor  # type: ignore[assignment]
        return self


class _Elements(Tensor):
    """Elements that were selected from a variable, v[key]: they can be assigned to."""

    __slots__ = ()

    def assign(self, value: TensorLike) -> Variable:
        """Replace these elements of the variable. This Tensor keeps the values that they had.

        Args:
            value: Has their shape, or broadcasts to it.

        Returns:
            The variable.

        Raises:
            ValueError: it has another shape.

        >>> Variable([[1.0, 2.0], [3.0, 4.0]])[0, 1].assign(9.0).numpy()
        array([[1., 9.],
               [3., 4.]], dtype=float32)
        """
        variable, key = self._selected_from
        data, value = variable.data.copy(), to_array(value, variable.dtype)
        # The position of every element, in the order of the variable: the key has NumPy's meaning as in `get_item`.
        positions = Tensor(np.arange(data.size).reshape(data.shape))[key].data
        try:
            data.reshape(-1)[positions] = value
        except ValueError:
            raise ValueError(f"Variable {variable.name!r}: v[{key!r}] has shape {tuple(self.shape)}, cannot assign a "
                             f"value of shape {value.shape}") from None
        return variable.assign(data)


class _DeferredVariable(Variable):
    """A variable whose values have not been read yet. The first read of `data` makes it an ordinary `Variable`.

    It is a class of its own, so that the `data` of ordinary variables, which every operation reads, stays a plain slot.
    """

    __slots__ = ()

    @property
    def data(self) -> Array:
        with _first_values:
            if type(self) is _DeferredVariable:  # else another thread has computed the values meanwhile
                initializer, shape, dtype = self._first_value
                self.data = aligned_copy(initializer(shape, dtype=dtype).data)
        return self.data

    @data.setter
    def data(self, value):
        with _first_values:
            Tensor.data.__set__(self, value)
            self.__class__ = Variable

    @property
    def shape(self) -> TensorShape:
        return TensorShape(self._first_value[1])

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._first_value[2]

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    def __reduce_ex__(self, protocol: Any) -> Any:
        _ = self.data  # compute the value first: a copy, or a pickle, has the value
        return Variable.__reduce_ex__(self, protocol)


def _can_be_deferred(initializer: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> bool:
    """Whether an initializer can be called later. What would raise an error must be called now."""
    return (
        getattr(initializer, "repeatable", False)
        and dtype.kind == "f"
        and all(isinstance(extent, int | np.integer) and extent >= 0 for extent in shape)
    )


def aligned_copy(array: Array) -> Array:
    """Return a dense copy that begins at the start of a cache line of 64 bytes; arrays below 1024 bytes as NumPy does.

    NumPy's own memory begins 16 bytes after the start of a line. Every vector of 64 bytes then crosses two lines, and
    two threads that write to neighbouring parts share a line. A training step of the 784-128-10 network takes 120 us
    with its weights and the optimizer's state aligned, and 147 us without.
    """
    if array.nbytes < 1024:
        return np.array(array, order="C")
    memory = np.empty(array.nbytes + 63, np.uint8)
    start = -memory.ctypes.data % 64
    copy = memory[start:start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy
