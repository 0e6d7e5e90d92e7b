"""Tensor: an array whose operations a tape can record. (variable.py has the tensors that training changes.)

Read `Tensor` first: it holds one ndarray, `data`. Its operators stand in `Operators`: each calls one operation.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .config import floatx
from .core.recording import constant, converted, refuse_numbers
from .core.recording import state as recording
from .core.tensor_shape import TensorShape
from .core.types import Array, DTypeLike, TensorLike

_new = object.__new__


class Operators:
    """The operators that Tensors and KerasTensors share.

    Each calls an operation of `tinynet.ops`, which finds the common shape and element type, computes and records.
    == stands in the subclasses: for Tensors it compares elements, for KerasTensors it compares objects.
    """

    __slots__ = ()

    def get_shape(self) -> TensorShape:
        """Return `shape`, as TensorFlow's method of this name does."""
        return self.shape  # type: ignore[attr-defined]  # of the subclasses

    def set_shape(self, shape: Any) -> None:
        """Check the shape. In TensorFlow this method tells a graph what it cannot know; here a shape is known.

        Args:
            shape: Lengths; None for any.

        Raises:
            ValueError: the tensor has another shape.
        """
        self.get_shape().assert_is_compatible_with(shape)

    @property
    def T(self) -> Tensor:
        """All axes in reverse order."""
        return ops.transpose(self)

    def astype(self, dtype: DTypeLike) -> Tensor:
        """Return the values as another element type: `ops.cast`.

        Args:
            dtype: The element type.

        >>> Tensor([1.7, -1.7]).astype("int32").tolist()
        [1, -1]
        """
        return ops.cast(self, dtype)

    def reshape(self, *shape: Any) -> Tensor:
        """Return the same elements in another shape: `ops.reshape`.

        Args:
            shape: A tuple, or the lengths one by one. One of them may be -1: what the others leave.

        Raises:
            ValueError: the new shape holds another number of elements.

        >>> Tensor([[1, 2], [3, 4]]).reshape(4).tolist()
        [1, 2, 3, 4]
        """
        return ops.reshape(self, shape[0] if len(shape) == 1 else shape)

    def __getitem__(self, key: Any) -> Tensor:
        return ops.get_item(self, key)

    def __add__(self, other: TensorLike) -> Tensor:
        return ops.add(self, other)

    def __radd__(self, other: TensorLike) -> Tensor:
        return ops.add(other, self)

    def __sub__(self, other: TensorLike) -> Tensor:
        return ops.subtract(self, other)

    def __rsub__(self, other: TensorLike) -> Tensor:
        return ops.subtract(other, self)

    def __mul__(self, other: TensorLike) -> Tensor:
        return ops.multiply(self, other)

    def __rmul__(self, other: TensorLike) -> Tensor:
        return ops.multiply(other, self)

    def __truediv__(self, other: TensorLike) -> Tensor:
        return ops.divide(self, other)

    def __rtruediv__(self, other: TensorLike) -> Tensor:
        return ops.divide(other, self)

    def __floordiv__(self, other: TensorLike) -> Tensor:
        return ops.floor_divide(self, other)

    def __rfloordiv__(self, other: TensorLike) -> Tensor:
        return ops.floor_divide(other, self)

    def __mod__(self, other: TensorLike) -> Tensor:
        return ops.mod(self, other)

    def __rmod__(self, other: TensorLike) -> Tensor:
        return ops.mod(other, self)

    def __divmod__(self, other: TensorLike) -> tuple[Tensor, Tensor]:
        return ops.floor_divide(self, other), ops.mod(self, other)

    def __rdivmod__(self, other: TensorLike) -> tuple[Tensor, Tensor]:
        return ops.floor_divide(other, self), ops.mod(other, self)

    def __pow__(self, other: TensorLike) -> Tensor:
        return ops.power(self, other)

    def __rpow__(self, other: TensorLike) -> Tensor:
        return ops.power(other, self)

    def __matmul__(self, other: TensorLike) -> Tensor:
        return ops.matmul(self, other)

    def __rmatmul__(self, other: TensorLike) -> Tensor:
        return ops.matmul(other, self)

    def __neg__(self) -> Tensor:
        return ops.negative(self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Tensor:
        return ops.absolute(self)

    def __invert__(self) -> Tensor:
        return ops.bitwise_not(self)

    def __and__(self, other: TensorLike) -> Tensor:
        return ops.bitwise_and(self, other)

    def __rand__(self, other: TensorLike) -> Tensor:
        return ops.bitwise_and(other, self)

    def __or__(self, other: TensorLike) -> Tensor:
        return ops.bitwise_or(self, other)

    def __ror__(self, other: TensorLike) -> Tensor:
        return ops.bitwise_or(other, self)

    def __xor__(self, other: TensorLike) -> Tensor:
        return ops.bitwise_xor(self, other)

    def __rxor__(self, other: TensorLike) -> Tensor:
        return ops.bitwise_xor(other, self)

    def __lt__(self, other: TensorLike) -> Tensor:
        return ops.less(self, other)

    def __le__(self, other: TensorLike) -> Tensor:
        return ops.less_equal(self, other)

    def __gt__(self, other: TensorLike) -> Tensor:
        return ops.greater(self, other)

    def __ge__(self, other: TensorLike) -> Tensor:
        return ops.greater_equal(self, other)


class Tensor(Operators):
    """An n-dimensional array whose operations a `GradientTape` can record.

    `tensor.data` is the ndarray. It is always dense and aligned. Operators and methods work as on arrays, with
    broadcasting.

    Args:
        data: Number, nested list, array or Tensor. As in Keras, Python floats become `floatx()` (float32 unless set
            otherwise) and Python ints become int32, or int64 if one needs it. Arrays keep their type.
        dtype: Element type to convert to.

    Raises:
        TypeError: the data does not consist of numbers.

    >>> x = Tensor([1.0, 2.0])
    >>> (x * 2 + 1).numpy()
    array([3., 5.], dtype=float32)
    """

    __slots__ = ("data", "_keras_mask", "_selected_from", "__weakref__")
    data: Array
    _selected_from: Any  # set only in elements of a variable: see tinynet/variable.py
    _keras_mask: Any  # the mask that a layer made for the next ones: a Tensor, or None; see tinynet/layers/masks.py
    __array_priority__ = 100  # so that ndarray + Tensor calls Tensor.__radd__
    __hash__ = object.__hash__  # == compares elements, but a tensor as a dict's key stands for the object itself

    def __init__(self, data: TensorLike, dtype: DTypeLike = None) -> None:
        self.data = to_array(data, dtype)
        self._keras_mask = None

    @staticmethod
    def wrap(data: Array) -> Tensor:
        """Return a Tensor around an ndarray that is known to be dense and aligned: no check, no copy.

        Args:
            data: The array.
        """
        tensor = _new(Tensor)
        tensor.data = data
        # Setting this takes 3 ns. Reading a slot that was never set takes 150 ns, and a step reads it seven times.
        tensor._keras_mask = None
        return tensor

    @property
    def shape(self) -> TensorShape:
        """The length of each axis: a tuple, with TensorFlow's `as_list()`, `rank`, `num_elements()`."""
        return TensorShape(self.data.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The element type."""
        return self.data.dtype

    @property
    def device(self) -> str:
        """The name of the CPU, as TensorFlow writes it."""
        return "/device:CPU:0"

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.data.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return self.data.size

    def numpy(self) -> Any:
        """Return the values as an ndarray, without a copy; those of a scalar as NumPy's scalar, which can be hashed.

        >>> Tensor([1, 2]).numpy(), Tensor(1.0).numpy()
        (array([1, 2], dtype=int32), np.float32(1.0))
        """
        refuse_numbers(self.data)
        return self.data if self.data.ndim else self.data[()]

    def item(self) -> Any:
        """Return the only element as a Python number.

        Raises:
            ValueError: there is not exactly one.
        """
        refuse_numbers(self.data)
        return self.data.item()

    def tolist(self) -> Any:
        """Return the elements as nested lists of Python numbers."""
        refuse_numbers(self.data)
        return self.data.tolist()

    def __array__(self, dtype: DTypeLike = None, copy: bool | None = None) -> Array:
        refuse_numbers(self.data)
        return np.array(self.data, dtype=dtype, copy=copy)

    def __len__(self) -> int:
        if not self.data.shape:
            raise TypeError("len() of a Tensor without dimensions")
        return self.data.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        if not self.data.shape:
            raise TypeError("a Tensor without dimensions cannot be iterated over")
        return (self[i] for i in range(self.data.shape[0]))

    def __bool__(self) -> bool:
        refuse_numbers(self.data)
        return bool(self.data)

    def __int__(self) -> int:
        refuse_numbers(self.data)
        return int(self.data)

    def __float__(self) -> float:
        refuse_numbers(self.data)
        return float(self.data)

    def __index__(self) -> int:
        refuse_numbers(self.data)
        return self.data.__index__()

    def __format__(self, spec: str) -> str:
        refuse_numbers(self.data)
        return format(self.data.item() if self.data.ndim == 0 else self.data, spec)

    def __repr__(self) -> str:
        refuse_numbers(self.data)
        return f"<{type(self).__name__} shape={self.data.shape} dtype={self.data.dtype}\n{self.data}>"

    def __eq__(self, other: Any) -> Any:
        return ops.equal(self, other) if _comparable(other) else NotImplemented

    def __ne__(self, other: Any) -> Any:
        return ops.not_equal(self, other) if _comparable(other) else NotImplemented


def _comparable(other: Any) -> bool:
    """Whether == compares elements with `other`; with None, a string or another object it is False."""
    return isinstance(other, (Tensor, np.ndarray, np.generic, int, float, list, tuple))


def to_array(value: TensorLike, dtype: DTypeLike = None) -> Array:
    """Return numbers or booleans as a dense, aligned ndarray in native byte order, without a copy where possible.

    Args:
        value: Tensor, array, number or nested list.
        dtype: Element type to convert to. If None, arrays keep theirs, Python floats become `floatx()`, and Python ints
            become int32, or int64 if one needs it.

    Raises:
        TypeError: the value does not consist of numbers.
    """
    if isinstance(value, Tensor):
        array = value.data
        if dtype is None or array.dtype == dtype:
            return array
    elif isinstance(value, (np.ndarray, np.generic)):
        array = np.asarray(value)
    else:
        if hasattr(value, "__array__"):
            array = np.asarray(value)
        else:
            array = np.array([element.data if isinstance(element, Tensor) else element for element in value]
                             if isinstance(value, (list, tuple)) else value)
        if dtype is None and not hasattr(value, "__array__"):
            if array.dtype == np.float64:
                dtype = floatx()
            elif array.dtype == np.int64 and np.all(array == array.astype(np.int32)):
                dtype = "int32"
    if array.dtype.kind not in "fiub":
        raise TypeError(f"expected numbers, got dtype {array.dtype}; convert the data to float or int first")
    if not array.dtype.isnative and dtype is None:
        dtype = array.dtype.newbyteorder("=")
    if dtype is not None:
        array = converted(array, dtype) if isinstance(value, (Tensor, np.ndarray)) else array.astype(dtype, copy=False)
    if recording.active is not None and _is_literal(value):  # it stands in the code
        constant(array)
    # np.ascontiguousarray would turn a scalar into shape (1,).
    return array if array.flags.c_contiguous and array.flags.aligned else np.require(array, requirements=["C", "A"])


def _is_literal(value: Any) -> bool:
    """Whether it consists of Python's or NumPy's numbers alone."""
    if isinstance(value, (list, tuple)):
        return all(map(_is_literal, value))
    return isinstance(value, (float, int, np.generic))


def numbers_of(value: TensorLike, dtype: DTypeLike = None) -> Array:
    """Return what `to_array` does, where Python reads the numbers: an axis, a length.

    Args:
        value, dtype: As for `to_array`.
    """
    if isinstance(value, Tensor):
        refuse_numbers(value.data)
    elif isinstance(value, (list, tuple)):
        for part in value:
            if isinstance(part, (Tensor, list, tuple)):
                numbers_of(part)
    return to_array(value, dtype)


def convert_to_tensor(value: TensorLike, dtype: DTypeLike = None) -> Tensor:
    """Return `value` as a Tensor: itself if it is one already, of that element type.

    Gradients pass: of a Tensor with another element type as by `ops.cast`, of a list of Tensors as by `ops.stack`.

    Args:
        value: Tensor, array, number or nested list.
        dtype: Element type to convert to. If None, Python floats become `floatx()`, Python ints become int32, or int64
            if one needs it, and all else keeps its type.

    Returns:
        Tensor, shaped like `value`.

    Raises:
        TypeError: the value does not consist of numbers.

    >>> convert_to_tensor([1.0, 2.0]).dtype
    dtype('float32')
    """
    if isinstance(value, Tensor):
        return value if dtype is None or value.data.dtype == dtype else ops.cast(value, dtype)
    if isinstance(value, (list, tuple)) and _holds_tensor(value):
        stacked = ops.stack([convert_to_tensor(part) for part in value])
        return stacked if dtype is None else convert_to_tensor(stacked, dtype)
    return Tensor.wrap(to_array(value, dtype))


def _holds_tensor(value: Any) -> bool:
    """Whether there is a Tensor in nested lists: then they are stacked, so that gradients reach it.

    Of a long list, which is data, only the first row is searched.
    """
    rows = value if len(value) <= 64 else value[:1]
    return any(isinstance(part, Tensor) and part.data.dtype.kind != "O" for part in value) or any(
        isinstance(part, (list, tuple)) and _holds_tensor(part) for part in rows)


# At the end, since operations import Tensor, and Tensor's operators call operations: the package's one import circle.
from . import ops  # noqa: E402
