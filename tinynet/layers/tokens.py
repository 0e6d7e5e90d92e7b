"""Text as arrays of Python strings, and a hash of it that is the same in every process."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from ..tensor import Tensor

if TYPE_CHECKING:
    from ..core.types import Array


def as_text(value: Any, encoding: str = "utf-8") -> Array:
    """An array of Python strings from strings, bytes, or lists of them.

    Raises:
        TypeError: there is something else among them.
    """
    array = np.asarray(value.data if isinstance(value, Tensor) else value)
    if array.dtype.kind not in "USO":
        raise TypeError(f"expected text, got an array of {array.dtype}")
    result = np.empty(array.shape, object)
    for index in np.ndindex(array.shape):
        one = array[index]
        if not isinstance(one, str | bytes):
            raise TypeError(f"expected text, got {one!r} ({type(one).__name__}) in an array of objects")
        result[index] = one.decode(encoding) if isinstance(one, bytes) else str(one)
    return result


def stable_hash(value: Any, salt: Any = None) -> int:
    """A 64-bit hash of a string, the same in every process."""
    key = b"" if salt is None else repr(salt).encode()
    return int.from_bytes(hashlib.blake2b(str(value).encode(), digest_size=8, key=key[:64]).digest(), "little")
