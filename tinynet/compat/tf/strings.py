"""`tf.strings`: operations on tensors of text, element by element.

Patterns are those of Python's `re`; TensorFlow's RE2 has no look-around and is the same otherwise. `name` and
`encoding` arguments are TensorFlow's and have no effect: texts are UTF-8.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.absence import explainer
from ...core.types import DTypeLike, TensorLike
from ...string_tensor import StringTensor, to_string_array
from ...tensor import Tensor, to_array


def _each(function, input):
    array = to_string_array(input)
    result = np.empty(array.shape, object)
    for index, text in np.ndenumerate(array):
        result[index] = function(text)
    return StringTensor.wrap(result)


def _bytes(text):
    return to_string_array(text).item()


def lower(input: Any, encoding: str = "utf-8", name: str | None = None) -> StringTensor:
    """Return texts in small letters.

    >>> lower("ÄB").numpy().decode()
    'äb'
    """
    return _each(lambda text: text.decode().lower().encode(), input)


def upper(input: Any, encoding: str = "utf-8", name: str | None = None) -> StringTensor:  # noqa: A002
    """Return texts in capital letters.

    >>> upper("äb").numpy().decode()
    'ÄB'
    """
    return _each(lambda text: text.decode().upper().encode(), input)


def strip(input: Any, name: str | None = None) -> StringTensor:  # noqa: A002
    """Remove white space at both ends.

    >>> strip(" a ").numpy()
    b'a'
    """
    return _each(bytes.strip, input)


def regex_replace(input: Any, pattern: Any, rewrite: Any, replace_global: bool = True,
                  name: str | None = None) -> StringTensor:  # noqa: A002
    r"""Replace what matches a pattern.

    Args:
        input: Texts.
        pattern: A regular expression.
        rewrite: The replacement; \1 is the first group.
        replace_global: Whether to replace all matches, or the first of each text.

    >>> regex_replace("a<br />b", "<br />", " ").numpy()
    b'a b'
    """
    compiled = re.compile(_bytes(pattern).decode())
    rewrite = _bytes(rewrite).decode()
    return _each(lambda text: compiled.sub(rewrite, text.decode(), count=0 if replace_global else 1).encode(), input)


def regex_full_match(input: Any, pattern: Any, name: str | None = None) -> Tensor:  # noqa: A002
    """Report whether each text matches as a whole; a bool Tensor.

    >>> regex_full_match(["ab", "b"], "a.*").tolist()
    [True, False]
    """
    compiled = re.compile(_bytes(pattern).decode())
    array = to_string_array(input)
    found = [compiled.fullmatch(text.decode()) is not None for text in array.reshape(-1)]
    return Tensor.wrap(np.array(found, bool).reshape(array.shape))


def length(input: Any, unit: str = "BYTE", name: str | None = None) -> Tensor:  # noqa: A002
    """Return how many bytes each text has, or characters with unit='UTF8_CHAR'; an int32 Tensor.

    >>> length("ä").item(), length("ä", unit="UTF8_CHAR").item()
    (2, 1)
    """
    array = to_string_array(input)
    lengths = [len(text) if unit == "BYTE" else len(text.decode()) for text in array.reshape(-1)]
    return Tensor.wrap(np.array(lengths, np.int32).reshape(array.shape))


def split(input: Any, sep: Any = None, maxsplit: int = -1, name: str | None = None) -> StringTensor:  # noqa: A002
    """Return the parts of one text between separators.

    Args:
        input: One text, shape () or (1,), which the parts' axis follows.
        sep: The separator; white space if None.
        maxsplit: How many cuts at most; no limit if -1.

    Raises:
        ValueError: `input` has several texts, whose numbers of parts differ.

    >>> split("a b").numpy().tolist()
    [b'a', b'b']
    """
    array = to_string_array(input)
    if array.size != 1:
        raise ValueError("strings.split: tinynet has no ragged tensors, so it splits one text at a time; split "
                         "in Dataset.map before batch(), or use TextVectorization")
    separator = None if sep is None else _bytes(sep) or None
    parts = array.item().split(separator, maxsplit)
    return StringTensor(np.array([*parts, None], object)[:-1].reshape(*array.shape, len(parts)))


def join(inputs: Sequence[Any], separator: Any = "", name: str | None = None) -> StringTensor:
    """Join texts of equal shapes element by element.

    >>> join([["a", "b"], ["c", "d"]], "-").numpy().tolist()
    [b'a-c', b'b-d']
    """
    arrays = np.broadcast_arrays(*(to_string_array(part) for part in inputs))
    result = np.empty(arrays[0].shape, object)
    for index in np.ndindex(result.shape):
        result[index] = _bytes(separator).join(array[index] for array in arrays)
    return StringTensor.wrap(result)


def reduce_join(inputs: Any, axis: int | None = None, separator: Any = "", name: str | None = None) -> StringTensor:
    """Join all texts to one, or those along an axis.

    >>> reduce_join(["a", "b"], separator="+").numpy()
    b'a+b'
    """
    array = to_string_array(inputs)
    if axis is None:
        return StringTensor(_bytes(separator).join(array.reshape(-1)))
    moved = np.moveaxis(array, axis, -1)
    result = np.empty(moved.shape[:-1], object)
    for index in np.ndindex(result.shape):
        result[index] = _bytes(separator).join(moved[index])
    return StringTensor.wrap(result)


def substr(input: Any, pos: int, len: int, unit: str = "BYTE", name: str | None = None) -> StringTensor:  # noqa: A002
    """Return `len` bytes (or characters, with unit='UTF8_CHAR') from `pos` on.

    >>> substr("abcd", 1, 2).numpy()
    b'bc'
    """
    if unit == "BYTE":
        return _each(lambda text: text[pos : pos + len], input)
    return _each(lambda text: text.decode()[pos : pos + len].encode(), input)


def to_number(input: Any, out_type: DTypeLike = "float32", name: str | None = None) -> Tensor:  # noqa: A002
    """Return the numbers that the texts spell.

    >>> to_number(["1.5", "2"]).tolist()
    [1.5, 2.0]
    """
    array = to_string_array(input)
    return Tensor(np.array([float(text) for text in array.reshape(-1)]).reshape(array.shape).astype(out_type))


def as_string(input: TensorLike, precision: int = -1, name: str | None = None) -> StringTensor:  # noqa: A002
    """Return numbers as text, with `precision` decimals; as many as Python prints if that is -1.

    >>> as_string([1.25], precision=1).numpy().tolist()
    [b'1.2']
    """
    array = to_array(input)
    text = [str(value) if precision < 0 else f"{value:.{precision}f}" for value in array.reshape(-1).tolist()]
    return StringTensor(np.array(text, object).reshape(array.shape))


def unicode_split(input: Any, input_encoding: str = "UTF-8", name: str | None = None) -> StringTensor:  # noqa: A002
    """Return the characters of one text."""
    return StringTensor(list(_bytes(input).decode()))


__getattr__ = explainer(__name__)
