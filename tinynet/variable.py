"""Variable: a tensor that training changes."""

from __future__ import annotations

import copy
import math
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from .config import floatx
from .core.registry import family
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
                 trainable: bool = True, name: str = "variable", initial_value: Any = None) -> None:
        initializer = initial_value if initializer is None else initializer
        self._keras_mask = None
        self.name = name
        self.path = name
        self.trainable = trainable
        self.regularizer = None
        self.constraint = None
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
        """The present value as a Tensor that later assignments do not change."""
        return Tensor.wrap(self.data.copy())

    def numpy(self) -> Array:
        """A copy of the present values."""
        return self.data.copy()

    def __array__(self, dtype: DTypeLike = None, copy: bool | None = None) -> Array:
        return np.array(self.data, dtype=dtype)

    def assign(self, value: TensorLike) -> Variable:
        """Replace the value by another of the same shape. It is converted to the variable's element type.

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
        return self

    def assign_add(self, value: TensorLike) -> Variable:
        """Add `value` to the present value; it may have any shape that broadcasts to the variable's."""
        return self.assign(self.data + to_array(value, self.data.dtype))

    def assign_sub(self, value: TensorLike) -> Variable:
        """Subtract `value` from the present value; it may have any shape that broadcasts to the variable's."""
        return self.assign(self.data - to_array(value, self.data.dtype))

    def _no_operator_in_place(self, other: Any) -> Any:
        # Python would compute a Tensor and bind the name to it: the variable itself would never change.
        raise TypeError(
            f"Variable {self.name!r}: += and the like do not change a variable; "
            "use assign_add(...), assign_sub(...) or assign(...)"
        )

    __iadd__ = __isub__ = __imul__ = __itruediv__ = __ipow__ = _no_operator_in_place

    def __repr__(self) -> str:
        return f"<Variable path={self.path} shape={self.data.shape} dtype={self.data.dtype}\n{self.data}>"


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
    def shape(self) -> tuple[int, ...]:
        return self._first_value[1]

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
