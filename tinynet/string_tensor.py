"""Tensors of text, which data sets of files and sentences have; nothing can be computed with them but text."""

import numpy as np

from .tensor import Tensor

_new = object.__new__


class StringTensor(Tensor):
    """An n-dimensional array of byte strings (text is encoded as UTF-8), as TensorFlow keeps text.

    `numpy()` gives `bytes` for a single string, else an array of objects. `tinynet.tf_strings` has the operations.

    Args:
        data: str, bytes, or nested lists or arrays of them.

    >>> StringTensor("é").numpy().decode()
    'é'
    >>> StringTensor(["a", "b"]).shape
    (2,)
    """

    __slots__ = ()
    __hash__ = Tensor.__hash__

    def __init__(self, data):
        self.data = to_string_array(data)
        self._keras_mask = None

    @staticmethod
    def wrap(data):
        """A StringTensor around an array of bytes objects: no check, no copy."""
        tensor = _new(StringTensor)
        tensor.data = data
        tensor._keras_mask = None
        return tensor

    def numpy(self):
        """The one `bytes` object, or the array of them."""
        return self.data.item() if self.data.ndim == 0 else self.data

    def __getitem__(self, key):
        chosen = self.data[key]
        return StringTensor.wrap(chosen if isinstance(chosen, np.ndarray) else _scalar(chosen))

    def __add__(self, other):
        return StringTensor.wrap(np.asarray(self.data + to_string_array(other), object))

    def __radd__(self, other):
        return StringTensor.wrap(np.asarray(to_string_array(other) + self.data, object))

    def __eq__(self, other):
        return Tensor(np.asarray(self.data == to_string_array(other), bool)) if is_text(other) else NotImplemented

    def __ne__(self, other):
        return Tensor(np.asarray(self.data != to_string_array(other), bool)) if is_text(other) else NotImplemented


def is_text(value):
    """Whether `value` is text: str, bytes, a StringTensor, or lists or arrays of such."""
    if isinstance(value, str | bytes | StringTensor):
        return True
    if isinstance(value, np.ndarray | np.generic):
        kind = value.dtype.kind
        return kind in "USTa" or kind == "O" and value.size > 0 and isinstance(value.flat[0], str | bytes)
    if isinstance(value, list | tuple):
        return len(value) > 0 and is_text(value[0])
    # A column of a pandas table
    return not isinstance(value, Tensor) and hasattr(value, "__array__") and is_text(np.asarray(value))


def to_string_array(value):
    """Text as an array of bytes objects.

    Raises:
        TypeError: something in it is not text.
    """
    if isinstance(value, Tensor):
        if not isinstance(value, StringTensor):
            raise TypeError(f"expected text, got numbers of type {value.dtype}")
        return value.data
    if isinstance(value, str | bytes):
        return _scalar(_encoded(value))
    if isinstance(value, list | tuple):
        value = [part.data if isinstance(part, StringTensor) else part for part in value]
    array = np.asarray(value)
    if array.dtype.kind not in "OUSTa":
        raise TypeError(f"expected text, got numbers of type {array.dtype}")
    encoded = np.empty(array.shape, object)
    for place, text in np.ndenumerate(array):
        encoded[place] = _encoded(text)
    return encoded


def _encoded(text):
    if isinstance(text, str):
        return str(text).encode()
    if isinstance(text, bytes):
        return bytes(text)
    raise TypeError(f"expected text, got {text!r} ({type(text).__name__})")


def _scalar(text):
    array = np.empty((), object)
    array[()] = text
    return array
