"""`tf.strings`: operations on tensors of text, element by element.

Patterns are those of Python's `re`; TensorFlow's RE2 has no look-around and is the same otherwise.
"""

import re

import numpy as np

from ...core.absence import explainer
from ...string_tensor import StringTensor, to_string_array
from ...tensor import Tensor, to_array


def _each(function, input):
    array = to_string_array(input)
    result = np.empty(array.shape, object)
    for place, text in np.ndenumerate(array):
        result[place] = function(text)
    return StringTensor.wrap(result)


def _bytes(text):
    return to_string_array(text).item()


def lower(input, encoding="utf-8", name=None):  # noqa: A002, as TensorFlow names it
    """Small letters.

    >>> lower("ÄB").numpy().decode()
    'äb'
    """
    return _each(lambda text: text.decode().lower().encode(), input)


def upper(input, encoding="utf-8", name=None):  # noqa: A002
    """Capital letters."""
    return _each(lambda text: text.decode().upper().encode(), input)


def strip(input, name=None):  # noqa: A002
    """Without white space at both ends."""
    return _each(bytes.strip, input)


def regex_replace(input, pattern, rewrite, replace_global=True, name=None):  # noqa: A002
    r"""What matches the pattern, replaced; `\1` in `rewrite` is the first group.

    >>> regex_replace("a<br />b", "<br />", " ").numpy()
    b'a b'
    """
    compiled = re.compile(_bytes(pattern).decode())
    rewrite = _bytes(rewrite).decode()
    return _each(lambda text: compiled.sub(rewrite, text.decode(), count=0 if replace_global else 1).encode(), input)


def regex_full_match(input, pattern, name=None):  # noqa: A002
    """Whether each text matches as a whole; a bool Tensor."""
    compiled = re.compile(_bytes(pattern).decode())
    array = to_string_array(input)
    found = [compiled.fullmatch(text.decode()) is not None for text in array.reshape(-1)]
    return Tensor.wrap(np.array(found, bool).reshape(array.shape))


def length(input, unit="BYTE", name=None):  # noqa: A002
    """How many bytes each text has, or characters with unit='UTF8_CHAR'; an int32 Tensor."""
    array = to_string_array(input)
    lengths = [len(text) if unit == "BYTE" else len(text.decode()) for text in array.reshape(-1)]
    return Tensor.wrap(np.array(lengths, np.int32).reshape(array.shape))


def split(input, sep=None, maxsplit=-1, name=None):  # noqa: A002
    """The parts of one text between separators (white space if None).

    Raises:
        ValueError: `input` has several texts, whose numbers of parts differ.
    """
    array = to_string_array(input)
    if array.ndim:
        raise ValueError("strings.split: tinynet has no ragged tensors, so it splits one text at a time; split in "
                         "Dataset.map before batch(), or use TextVectorization")
    separator = None if sep is None else _bytes(sep) or None
    return StringTensor(array.item().split(separator, maxsplit))


def join(inputs, separator="", name=None):
    """Texts of equal shapes joined element by element."""
    arrays = np.broadcast_arrays(*(to_string_array(part) for part in inputs))
    result = np.empty(arrays[0].shape, object)
    for place in np.ndindex(result.shape):
        result[place] = _bytes(separator).join(array[place] for array in arrays)
    return StringTensor.wrap(result)


def reduce_join(inputs, axis=None, separator="", name=None):
    """All texts as one, or those along an axis."""
    array = to_string_array(inputs)
    if axis is None:
        return StringTensor(_bytes(separator).join(array.reshape(-1)))
    moved = np.moveaxis(array, axis, -1)
    result = np.empty(moved.shape[:-1], object)
    for place in np.ndindex(result.shape):
        result[place] = _bytes(separator).join(moved[place])
    return StringTensor.wrap(result)


def substr(input, pos, len, unit="BYTE", name=None):  # noqa: A002
    """`len` bytes (or characters) from `pos` on."""
    if unit == "BYTE":
        return _each(lambda text: text[pos : pos + len], input)
    return _each(lambda text: text.decode()[pos : pos + len].encode(), input)


def to_number(input, out_type="float32", name=None):  # noqa: A002
    """The numbers that the texts spell."""
    array = to_string_array(input)
    return Tensor(np.array([float(text) for text in array.reshape(-1)]).reshape(array.shape).astype(out_type))


def as_string(input, precision=-1, name=None):  # noqa: A002
    """Numbers as text."""
    array = to_array(input)
    text = [str(value) if precision < 0 else f"{value:.{precision}f}" for value in array.reshape(-1).tolist()]
    return StringTensor(np.array(text, object).reshape(array.shape))


def unicode_split(input, input_encoding="UTF-8", name=None):  # noqa: A002
    """The characters of one text."""
    return StringTensor(list(_bytes(input).decode()))


__getattr__ = explainer(__name__)
