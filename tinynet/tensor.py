"""Tensor, an array that a tape can follow, and Variable, a tensor that training changes."""

import copy
import math
import threading

import numpy as np

from .config import floatx
from .core.registry import family

_new = object.__new__
_first_values = threading.RLock()  # held while a deferred variable gets its first value


class Operators:
    """What Tensors and KerasTensors have in common.

    Each operator is an operation of `tinynet.ops`, which finds the common shape and element type and records it. == is
    left to the subclasses: it compares the elements of Tensors, but KerasTensors as objects.
    """

    __slots__ = ()

    @property
    def T(self):
        """All axes in reverse order."""
        return ops.transpose(self)

    def astype(self, dtype):
        """The values as another element type: `ops.cast`."""
        return ops.cast(self, dtype)

    def reshape(self, *shape):
        """The same elements in another shape, given as a tuple or as several numbers: `ops.reshape`."""
        return ops.reshape(self, shape[0] if len(shape) == 1 else shape)

    def __getitem__(self, key):
        return ops.get_item(self, key)

    def __add__(self, other):
        return ops.add(self, other)

    def __radd__(self, other):
        return ops.add(other, self)

    def __sub__(self, other):
        return ops.subtract(self, other)

    def __rsub__(self, other):
        return ops.subtract(other, self)

    def __mul__(self, other):
        return ops.multiply(self, other)

    def __rmul__(self, other):
        return ops.multiply(other, self)

    def __truediv__(self, other):
        return ops.divide(self, other)

    def __rtruediv__(self, other):
        return ops.divide(other, self)

    def __floordiv__(self, other):
        return ops.floor_divide(self, other)

    def __rfloordiv__(self, other):
        return ops.floor_divide(other, self)

    def __mod__(self, other):
        return ops.mod(self, other)

    def __rmod__(self, other):
        return ops.mod(other, self)

    def __divmod__(self, other):
        return ops.floor_divide(self, other), ops.mod(self, other)

    def __rdivmod__(self, other):
        return ops.floor_divide(other, self), ops.mod(other, self)

    def __pow__(self, other):
        return ops.power(self, other)

    def __rpow__(self, other):
        return ops.power(other, self)

    def __matmul__(self, other):
        return ops.matmul(self, other)

    def __rmatmul__(self, other):
        return ops.matmul(other, self)

    def __neg__(self):
        return ops.negative(self)

    def __pos__(self):
        return self

    def __abs__(self):
        return ops.absolute(self)

    def __invert__(self):
        return ops.bitwise_not(self)

    def __and__(self, other):
        return ops.bitwise_and(self, other)

    def __rand__(self, other):
        return ops.bitwise_and(other, self)

    def __or__(self, other):
        return ops.bitwise_or(self, other)

    def __ror__(self, other):
        return ops.bitwise_or(other, self)

    def __xor__(self, other):
        return ops.bitwise_xor(self, other)

    def __rxor__(self, other):
        return ops.bitwise_xor(other, self)

    def __lt__(self, other):
        return ops.less(self, other)

    def __le__(self, other):
        return ops.less_equal(self, other)

    def __gt__(self, other):
        return ops.greater(self, other)

    def __ge__(self, other):
        return ops.greater_equal(self, other)


class Tensor(Operators):
    """An n-dimensional array whose operations a `GradientTape` can record.

    `tensor.data` is the ndarray (always dense and aligned), `tensor.numpy()` hands it out. Operators and NumPy-like
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

    def __init__(self, data, dtype=None):
        self.data = to_array(data, dtype)
        self._keras_mask = None

    @staticmethod
    def wrap(data):
        """A Tensor around an ndarray that is known to be dense: no check, no copy."""
        tensor = _new(Tensor)
        tensor.data = data
        tensor._keras_mask = None  # 3 ns; whoever asks for what is not there waits 150, and a step asks seven times
        return tensor

    @property
    def shape(self):
        return self.data.shape

    @property
    def dtype(self):
        return self.data.dtype

    @property
    def device(self):
        """The name of the CPU, as TensorFlow writes it."""
        return "/device:CPU:0"

    @property
    def ndim(self):
        return self.data.ndim

    @property
    def size(self):
        return self.data.size

    def numpy(self):
        """The values as an ndarray; the value of a single number as NumPy's number, which can be the key of a dict."""
        return self.data if self.data.ndim else self.data[()]

    def item(self):
        """The only element, as a Python number."""
        return self.data.item()

    def tolist(self):
        """The elements as nested lists of Python numbers."""
        return self.data.tolist()

    def __array__(self, dtype=None, copy=None):
        return np.array(self.data, dtype=dtype, copy=copy)

    def __len__(self):
        if not self.data.shape:
            raise TypeError("len() of a Tensor without dimensions")
        return self.data.shape[0]

    def __iter__(self):
        if not self.data.shape:
            raise TypeError("a Tensor without dimensions cannot be iterated over")
        return (self[i] for i in range(self.data.shape[0]))

    def __bool__(self):
        return bool(self.data)

    def __int__(self):
        return int(self.data)

    def __float__(self):
        return float(self.data)

    def __index__(self):
        return self.data.__index__()

    def __format__(self, spec):
        return format(self.data.item() if self.data.ndim == 0 else self.data, spec)

    def __repr__(self):
        return f"<{type(self).__name__} shape={self.data.shape} dtype={self.data.dtype}\n{self.data}>"

    def __eq__(self, other):
        return ops.equal(self, other) if _comparable(other) else NotImplemented

    def __ne__(self, other):
        return ops.not_equal(self, other) if _comparable(other) else NotImplemented


def _comparable(other):
    """Whether == is a question about elements; with None, a string or another object it is just False."""
    return isinstance(other, (Tensor, np.ndarray, np.generic, int, float, list, tuple))


class Variable(Tensor):
    """A tensor that training changes: a weight, or a layer's state.

    With an initializer of `tinynet.initializers` the values are computed when they are first looked at, and are those
    that it would have given at once: a model can be built and its summary read without the memory of its weights.

    Args:
        initializer: The first value (array, number, Tensor), a function from a shape to one, or an initializer's name.
        shape: Needed when `initializer` is a function.
        dtype: Element type; float32 for Python numbers and functions.
        trainable: Whether tapes watch it and optimizers change it.
        name: For messages, summaries and files.
        initial_value: TensorFlow's name for `initializer`.
    """

    __slots__ = ("name", "path", "trainable", "regularizer", "constraint", "_first_value")

    def __init__(self, initializer=None, shape=None, dtype=None, trainable=True, name="variable", initial_value=None):
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
            if type(self) is Variable and _gives_the_same_later(initializer, shape, dtype):
                self._first_value = copy.copy(initializer), shape, dtype
                self.__class__ = _DeferredVariable
                return
            initializer = initializer(shape, dtype=dtype)
        data = to_array(initializer, dtype)
        if shape is not None and data.shape != tuple(shape):
            raise ValueError(f"Variable {name!r}: the value has shape {data.shape}, shape={tuple(shape)} was asked for")
        self.data = aligned_copy(data)  # its own memory: optimizers write to it

    @property
    def value(self):
        """The present value as a Tensor that later assignments do not change."""
        return Tensor.wrap(self.data.copy())

    def numpy(self):
        """A copy of the present values."""
        return self.data.copy()

    def __array__(self, dtype=None, copy=None):
        return np.array(self.data, dtype=dtype)

    def assign(self, value):
        """Replace the value by another of the same shape."""
        value = to_array(value, self.dtype)
        if value.shape != self.shape:
            raise ValueError(
                f"Variable {self.name!r} has shape {self.shape}, cannot assign a value of shape {value.shape}"
            )
        # A new array: an open tape may still need the old one.
        self.data = aligned_copy(value)
        return self

    def assign_add(self, value):
        """Add to the value."""
        return self.assign(self.data + to_array(value, self.data.dtype))

    def assign_sub(self, value):
        """Subtract from the value."""
        return self.assign(self.data - to_array(value, self.data.dtype))

    def _no_operator_in_place(self, other):
        # Python would compute a Tensor and let the name forget the variable, which then never changes.
        raise TypeError(
            f"Variable {self.name!r}: += and the like do not change a variable; use assign_add(...), assign_sub(...) "
            "or assign(...)"
        )

    __iadd__ = __isub__ = __imul__ = __itruediv__ = __ipow__ = _no_operator_in_place

    def __repr__(self):
        return f"<Variable path={self.path} shape={self.data.shape} dtype={self.data.dtype}\n{self.data}>"


class _DeferredVariable(Variable):
    """A variable that nobody has looked at yet. The first look at `data` makes it an ordinary `Variable`.

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


def _gives_the_same_later(initializer, shape, dtype):
    """Whether an initializer can be called later instead. What will fail shall fail now."""
    return (
        getattr(initializer, "repeatable", False)
        and dtype.kind == "f"
        and all(isinstance(extent, int | np.integer) and extent >= 0 for extent in shape)
    )


def to_array(value, dtype=None):
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


def aligned_copy(array):
    """A dense copy that begins at a cache line, of 64 bytes.

    NumPy's own memory begins 16 bytes after one: every vector of 64 bytes then lies on two lines, and two threads that
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


def convert_to_tensor(value, dtype=None):
    """`value` as a Tensor; itself if it is one already (of that dtype).

    Args:
        value: Tensor, array, number or nested list.
        dtype: Element type to convert to.
    """
    if isinstance(value, Tensor) and (dtype is None or value.data.dtype == dtype):
        return value
    return Tensor.wrap(to_array(value, dtype))


from . import ops  # noqa: E402, at the end: operations are made of Tensors, and Tensor's operators are operations
