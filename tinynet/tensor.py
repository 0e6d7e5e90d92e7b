"""Tensor: an array that a tape can follow. (variable.py has the tensors that training changes.)"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .config import floatx
from .core.types import Array, DTypeLike, TensorLike

_new = object.__new__


class Operators:
    """What Tensors and KerasTensors have in common.

    Each operator is an operation of `tinynet.ops`, which finds the common shape and element type and records it. == is
    left to the subclasses: it compares the elements of Tensors, but KerasTensors as objects.
    """

    __slots__ = ()

    @property
    def T(self) -> Tensor:
        """All axes in reverse order."""
        return ops.transpose(self)

    def astype(self, dtype: DTypeLike) -> Tensor:
        """The values as another element type: `ops.cast`."""
        return ops.cast(self, dtype)

    def reshape(self, *shape: Any) -> Tensor:
        """The same elements in another shape, given as a tuple or as several numbers: `ops.reshape`."""
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

    `tensor.data` is the ndarray (always dense and aligned), which `tensor.numpy()` returns. Operators and NumPy-like
    methods work as on arrays, with broadcasting.

    Args:
        data: Anything NumPy makes an array of. Python floats become float32, Python ints int32, as in Keras; arrays
            keep their type.
        dtype: Element type to convert to.

    >>> x = Tensor([1.0, 2.0])
    >>> (x * 2 + 1).numpy()
    array([3., 5.], dtype=float32)
    """

    __slots__ = ("data", "_keras_mask", "__weakref__")
    __array_priority__ = 100  # so that ndarray + Tensor asks Tensor.__radd__
    __hash__ = object.__hash__  # == compares element by element, a tensor as a key means the object itself

    def __init__(self, data: TensorLike, dtype: DTypeLike = None) -> None:
        self.data = to_array(data, dtype)
        self._keras_mask = None

    @staticmethod
    def wrap(data: Array) -> Tensor:
        """A Tensor around an ndarray that is known to be dense: no check, no copy."""
        tensor = _new(Tensor)
        tensor.data = data
        tensor._keras_mask = None  # 3 ns; asking for a slot that is not set takes 150, and a step asks seven times
        return tensor

    @property
    def shape(self) -> tuple[int, ...]:
        return self.data.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.data.dtype

    @property
    def device(self) -> str:
        """The name of the CPU, as TensorFlow writes it."""
        return "/device:CPU:0"

    @property
    def ndim(self) -> int:
        return self.data.ndim

    @property
    def size(self) -> int:
        return self.data.size

    def numpy(self) -> Any:
        """The values as an ndarray; the value of a single number as NumPy's number, which can be the key of a dict."""
        return self.data if self.data.ndim else self.data[()]

    def item(self) -> Any:
        """The only element, as a Python number."""
        return self.data.item()

    def tolist(self) -> Any:
        """The elements as nested lists of Python numbers."""
        return self.data.tolist()

    def __array__(self, dtype: DTypeLike = None, copy: bool | None = None) -> Array:
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
        return bool(self.data)

    def __int__(self) -> int:
        return int(self.data)

    def __float__(self) -> float:
        return float(self.data)

    def __index__(self) -> int:
        return self.data.__index__()

    def __format__(self, spec: str) -> str:
        return format(self.data.item() if self.data.ndim == 0 else self.data, spec)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} shape={self.data.shape} dtype={self.data.dtype}\n{self.data}>"

    def __eq__(self, other: Any) -> Any:
        return ops.equal(self, other) if _comparable(other) else NotImplemented

    def __ne__(self, other: Any) -> Any:
        return ops.not_equal(self, other) if _comparable(other) else NotImplemented


def _comparable(other: Any) -> bool:
    """Whether == compares elements; with None, a string or another object it is just False."""
    return isinstance(other, (Tensor, np.ndarray, np.generic, int, float, list, tuple))


def to_array(value: TensorLike, dtype: DTypeLike = None) -> Array:
    """A dense, aligned ndarray in native byte order of numbers (or booleans), of `dtype` if given.

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
        array = array.astype(dtype, copy=False)
    # ascontiguousarray would turn a scalar into shape (1,)
    return array if array.flags.c_contiguous and array.flags.aligned else np.require(array, requirements=["C", "A"])


def convert_to_tensor(value: TensorLike, dtype: DTypeLike = None) -> Tensor:
    """`value` as a Tensor; itself if it is one already (of that dtype).

    Args:
        value: Tensor, array, number or nested list.
        dtype: Element type to convert to.
    """
    if isinstance(value, Tensor) and (dtype is None or value.data.dtype == dtype):
        return value
    return Tensor.wrap(to_array(value, dtype))


# At the end, since operations are made of Tensors, and Tensor's operators are operations: the package's one circle.
from . import ops  # noqa: E402
