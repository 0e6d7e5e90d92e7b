"""Variable: a tensor that training changes."""

from __future__ import annotations

import copy
import math
import threading
from typing import Any

import numpy as np

from .config import floatx
from .core.registry import family
from .core.types import Array, DTypeLike, ShapeLike, TensorLike
from .tensor import Tensor, to_array

_first_values = threading.RLock()  # held while a deferred variable gets its first value


class Variable(Tensor):
    """A tensor that training changes: a weight, or a layer's state.

    With an initializer of `tinynet.initializers` the values are computed when they are first read. They are those that
    it would have returned at once. A model can so be built, and its summary read, without the memory of its weights.

    Args:
        initializer: The first value (array, number, Tensor), a function from a shape to one, or an initializer's name.
        shape: Needed when `initializer` is a function.
        dtype: Element type; float32 for Python numbers and functions.
        trainable: Whether tapes watch it and optimizers change it.
        name: For messages, summaries and files.
        initial_value: TensorFlow's name for `initializer`.

    Raises:
        ValueError: the initializer is a function and no shape is given, or the value has another shape.

    >>> counter = Variable(1.0, name="counter")
    >>> counter.assign_add(2.0).numpy()
    array(3., dtype=float32)
    """

    __slots__ = ("name", "path", "trainable", "regularizer", "constraint", "_first_value")

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
        self.data = aligned_copy(data)  # its own memory: optimizers write to it

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
        """Replace the value by another of the same shape.

        Raises:
            ValueError: it has another shape.
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
        """Add to the value."""
        return self.assign(self.data + to_array(value, self.data.dtype))

    def assign_sub(self, value: TensorLike) -> Variable:
        """Subtract from the value."""
        return self.assign(self.data - to_array(value, self.data.dtype))

    def _no_operator_in_place(self, other: Any) -> Any:
        # Python would compute a Tensor and let the name forget the variable, which then never changes.
        raise TypeError(
            f"Variable {self.name!r}: += and the like do not change a variable; use assign_add(...), assign_sub(...) "
            "or assign(...)"
        )

    __iadd__ = __isub__ = __imul__ = __itruediv__ = __ipow__ = _no_operator_in_place

    def __repr__(self) -> str:
        return f"<Variable path={self.path} shape={self.data.shape} dtype={self.data.dtype}\n{self.data}>"


class _DeferredVariable(Variable):
    """A variable whose values have not been read yet. The first read of `data` makes it an ordinary `Variable`.

    A class of its own, so that ordinary variables, whose `data` is read in every operation, know nothing of this.
    """

    __slots__ = ()

    @property
    def data(self):
        with _first_values:
            if type(self) is _DeferredVariable:  # no other thread was faster
                initializer, shape, dtype = self._first_value
                self.data = aligned_copy(initializer(shape, dtype=dtype).data)
        return self.data

    @data.setter
    def data(self, value):
        with _first_values:
            Tensor.data.__set__(self, value)
            self.__class__ = Variable

    @property
    def shape(self):
        return self._first_value[1]

    @property
    def dtype(self):
        return self._first_value[2]

    @property
    def ndim(self):
        return len(self.shape)

    @property
    def size(self):
        return math.prod(self.shape)

    def __reduce_ex__(self, protocol):  # a copy, or a pickle, is of the value
        _ = self.data
        return Variable.__reduce_ex__(self, protocol)


def _can_be_deferred(initializer, shape, dtype):
    """Whether an initializer can be called later instead. An error must be raised now."""
    return (
        getattr(initializer, "repeatable", False)
        and dtype.kind == "f"
        and all(isinstance(extent, int | np.integer) and extent >= 0 for extent in shape)
    )


def aligned_copy(array: Array) -> Array:
    """A dense copy that begins at a cache line, of 64 bytes.

    NumPy's own memory begins 16 bytes after one: every vector of 64 bytes then crosses a line, and two threads that
    write to neighbouring parts share the line between them. A step of the 784-128-10 network takes 120 us instead of
    147 with its weights and the optimizer's state aligned.
    """
    if array.nbytes < 1024:
        return np.array(array, order="C")
    memory = np.empty(array.nbytes + 63, np.uint8)
    start = -memory.ctypes.data % 64
    copy = memory[start:start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy
