"""Tensors of text, for data sets of files and sentences. Only operations on text take them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .core.types import Array
from .tensor import Tensor

_new = object.__new__


class StringTensor(Tensor):
    """An n-dimensional array of byte strings (text is encoded as UTF-8), as TensorFlow keeps text.

    The operations are those of `tf.strings`; here are +, == and indexing.

    Args:
        data: str, bytes, or nested lists or arrays of them.

    Raises:
        TypeError: something in it is not text.

    >>> StringTensor("é").numpy().decode()
    'é'
    >>> StringTensor(["a", "b"]).shape
    (2,)
    """

    __slots__ = ()
    __hash__ = Tensor.__hash__

    def __init__(self, data: Any) -> None:
        self.data = to_string_array(data)
        self._keras_mask = None

    @staticmethod
    def wrap(data: Array) -> StringTensor:
        """Return a StringTensor around an array of bytes objects: no check, no copy."""
        tensor = _new(StringTensor)
        tensor.data = data
        tensor._keras_mask = None
        return tensor

    def numpy(self) -> Any:
        """Return the `bytes` object of a single string, else an array of them."""
        return self.data.item() if self.data.ndim == 0 else self.data

    def __getitem__(self, key: Any) -> StringTensor:
        chosen = self.data[key]
        return StringTensor.wrap(chosen if isinstance(chosen, np.ndarray) else _scalar(chosen))

    def __add__(self, other: Any) -> StringTensor:
        return StringTensor.wrap(np.asarray(self.data + to_string_array(other), object))

    def __radd__(self, other: Any) -> StringTensor:
        return StringTensor.wrap(np.asarray(to_string_array(other) + self.data, object))

    def __eq__(self, other: Any) -> Any:
        return Tensor(np.asarray(self.data == to_string_array(other), bool)) if is_text(other) else NotImplemented

    def __ne__(self, other: Any) -> Any:
        return Tensor(np.asarray(self.data != to_string_array(other), bool)) if is_text(other) else NotImplemented


def is_text(value: Any) -> bool:
    """Whether `value` is text: str, bytes, a StringTensor, or lists or arrays of such.

    The first element of a list or array decides.

    >>> is_text(["a", "b"]), is_text([1, 2])
    (True, False)
    """
    if isinstance(value, str | bytes | StringTensor):
        return True
    if isinstance(value, np.ndarray | np.generic):
        kind = value.dtype.kind
        return kind in "USTa" or kind == "O" and value.size > 0 and isinstance(value.flat[0], str | bytes)
    if isinstance(value, list | tuple):
        return len(value) > 0 and is_text(value[0])
    # A column of a pandas table is none of these, but can be converted to an array.
    return not isinstance(value, Tensor) and hasattr(value, "__array__") and is_text(np.asarray(value))


def is_text_type(dtype: Any) -> bool:
    """Whether an element type is that of text: 'string', `tf.string`, str, object.

    >>> is_text_type("string"), is_text_type("float32"), is_text_type(None)
    (True, False, False)
    """
    if dtype is None or isinstance(dtype, str) and dtype != "string":
        return False
    try:
        return dtype == "string" or np.dtype(dtype).kind in "OUS"
    except TypeError:
        return False


def to_string_array(value: Any) -> Array:
    """Return text as an array of bytes objects.

    Args:
        value: str, bytes, a StringTensor, or nested lists or arrays of them; a str is encoded as UTF-8.

    Raises:
        TypeError: something in it is not text.

    >>> to_string_array(["a", b"b"])
    array([b'a', b'b'], dtype=object)
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
    for index, text in np.ndenumerate(array):
        encoded[index] = _encoded(text)
    return encoded


def _encoded(text: Any) -> bytes:
    if isinstance(text, str):
        return str(text).encode()
    if isinstance(text, bytes):
        return bytes(text)
    raise TypeError(f"expected text, got {text!r} ({type(text).__name__})")


def _scalar(text: bytes) -> Array:
    array = np.empty((), object)
    array[()] = text
    return array
