"""Tensor, an array that a tape can follow, and Variable, a tensor that training changes."""

import numpy as np

from .config import floatx


class Tensor:
    """An n-dimensional array whose operations a `GradientTape` can record.

    `tensor.data` is the ndarray (always dense and aligned), `tensor.numpy()` hands it out. Operators and NumPy-like
    methods work as on arrays, with broadcasting.

    Args:
        data: Anything NumPy makes an array of. Python floats become float32, Python ints int32, as in Keras; arrays keep
            their type.
        dtype: Element type to convert to.

    >>> x = Tensor([1.0, 2.0])
    >>> (x * 2 + 1).numpy()
    array([3., 5.], dtype=float32)
    """

    __slots__ = ("data", "logits", "_keras_mask", "__weakref__")
    __array_priority__ = 100  # so that ndarray + Tensor asks Tensor.__radd__

    def __init__(self, data, dtype=None):
        self.data = to_array(data, dtype)

    @staticmethod
    def wrap(data):
        """A Tensor around an ndarray that is known to be dense: no check, no copy."""
        tensor = Tensor.__new__(Tensor)
        tensor.data = data
        return tensor

    @property
    def shape(self):
        return self.data.shape

    @property
    def dtype(self):
        return self.data.dtype

    @property
    def ndim(self):
        return self.data.ndim

    @property
    def size(self):
        return self.data.size

    def numpy(self):
        """The values as an ndarray."""
        return self.data

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

    __hash__ = object.__hash__  # == compares element by element, a tensor as a key means the object itself


class Variable(Tensor):
    """A tensor that training changes: a weight, or a layer's state.

    Args:
        initializer: The first value (array, number, Tensor), or a function from a shape to one.
        shape: Needed when `initializer` is a function.
        dtype: Element type; float32 for Python numbers and functions.
        trainable: Whether tapes watch it and optimizers change it.
        name: For messages, summaries and files.
    """

    __slots__ = ("name", "path", "trainable", "regularizer", "constraint")

    def __init__(self, initializer, shape=None, dtype=None, trainable=True, name="variable"):
        if callable(initializer):
            if shape is None:
                raise ValueError(f"Variable {name!r}: an initializer function needs shape=...")
            initializer = initializer(tuple(shape), dtype=dtype or floatx())
        data = to_array(initializer, dtype)
        if shape is not None and data.shape != tuple(shape):
            raise ValueError(f"Variable {name!r}: the value has shape {data.shape}, shape={tuple(shape)} was asked for")
        self.data = np.array(data, order="C")  # its own memory: optimizers write to it
        self.name = name
        self.path = name
        self.trainable = trainable
        self.regularizer = None
        self.constraint = None

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
        value = to_array(value, self.data.dtype)
        if value.shape != self.data.shape:
            raise ValueError(f"Variable {self.name!r} has shape {self.data.shape}, cannot assign a value of shape {value.shape}")
        # A new array: an open tape may still need the old one.
        self.data = np.array(value, order="C")
        return self

    def assign_add(self, value):
        """Add to the value."""
        return self.assign(self.data + to_array(value, self.data.dtype))

    def assign_sub(self, value):
        """Subtract from the value."""
        return self.assign(self.data - to_array(value, self.data.dtype))

    def __repr__(self):
        return f"<Variable path={self.path} shape={self.data.shape} dtype={self.data.dtype}\n{self.data}>"


def to_array(value, dtype=None):
    """A dense, aligned ndarray in native byte order of numbers (or booleans), of `dtype` if given.

    Raises:
        TypeError: the value does not consist of numbers.
    """
    if isinstance(value, Tensor):
        array = value.data
        if dtype is None or array.dtype == dtype:
            return array
    elif isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
    else:
        if hasattr(value, "__array__"):
            array = np.asarray(value)
        else:
            array = np.array([element.data if isinstance(element, Tensor) else element for element in value]
                             if isinstance(value, list | tuple) else value)
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


def convert_to_tensor(value, dtype=None):
    """`value` as a Tensor; itself if it is one already (of that dtype).

    Args:
        value: Tensor, array, number or nested list.
        dtype: Element type to convert to.
    """
    if isinstance(value, Tensor) and (dtype is None or value.data.dtype == dtype):
        return value
    return Tensor.wrap(to_array(value, dtype))
