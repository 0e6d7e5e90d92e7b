"""Text as arrays of Python strings, and what TensorFlow understands by small letters and white space."""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING, Any

import numpy as np

from ..tensor import Tensor

if TYPE_CHECKING:
    from ..core.types import Array

_SMALL = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_WORDS = re.compile("[^ \\t\\n\\v\\f\\r]+")


def lower(text: str) -> str:
    """Return a text with small letters in place of A to Z. As in TensorFlow, other letters stay: É, Ж.

    >>> lower("ABC É")
    'abc É'
    """
    return text.lower() if text.isascii() else text.translate(_SMALL)


def words_of(text: str) -> list[str]:
    """Return the words of a text. Between words there are spaces, tabs and ends of lines.

    As in TensorFlow, other white space is part of a word: spaces that do not break lines (U+00A0), the wide spaces of
    Korean, Chinese and Japanese texts (U+3000).

    >>> words_of(" a  b\\tc ")
    ['a', 'b', 'c']
    """
    return _WORDS.findall(text)


def as_text(value: Any, encoding: str = "utf-8") -> Array:
    """An array of Python strings from strings, bytes, or lists of them.

    Raises:
        TypeError: there is something else among them.
        ValueError: bytes are not text in this encoding.
    """
    array = np.asarray(value.data if isinstance(value, Tensor) else value)
    if array.dtype.kind not in "USO":
        raise TypeError(f"expected text, got an array of {array.dtype}")
    result = np.empty(array.shape, object)
    for index in np.ndindex(array.shape):
        one = array[index]
        if not isinstance(one, str | bytes):
            raise TypeError(f"expected text, got {one!r} ({type(one).__name__}) in an array of objects")
        result[index] = _decoded(one, encoding) if isinstance(one, bytes) else str(one)
    return result


def _decoded(text: bytes, encoding: str) -> str:
    try:
        return text.decode(encoding)
    except UnicodeDecodeError as error:
        raise ValueError(f"a text is not {encoding}: byte {text[error.start]:#04x} at offset {error.start} of "
                         f"{text[:40]!r}. Give its encoding, such as encoding=\"cp949\" for Korean files of "
                         "Windows") from None
