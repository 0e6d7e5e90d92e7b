"""`tf.strings`: operations on tensors of text, element by element.

Patterns are those of Python's `re`; TensorFlow's RE2 has no look-around and is the same otherwise. `name` arguments are
TensorFlow's and have no effect.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.absence import explainer
from ...core.types import DTypeLike, TensorLike
from ...string_tensor import StringTensor, is_text, to_string_array
from ...tensor import Tensor, to_array
from .arguments import as_axis, check_choice


def _each(function, input):
    array = to_string_array(input)
    result = np.empty(array.shape, object)
    for index, text in np.ndenumerate(array):
        result[index] = function(text)
    return StringTensor.wrap(result)


def _bytes(text):
    return to_string_array(text).item()


def _case(title, change, input, encoding):
    """Of ASCII letters alone without an encoding, of all letters of UTF-8."""
    if check_choice(f"strings.{title}", "encoding", encoding.lower(), ("", "utf-8")):
        return _each(lambda text: change(text.decode()).encode(), input)
    return _each(lambda text: re.sub(b"[a-zA-Z]+", lambda found: change(found[0].decode()).encode(), text), input)


def lower(input: Any, encoding: str = "", name: str | None = None) -> StringTensor:  # noqa: A002
    """Return texts in small letters.

    Args:
        input: Texts.
        encoding: '' changes the letters of ASCII only, 'utf-8' all.
        name: TensorFlow's, without effect.

    Raises:
        ValueError: another encoding.

    >>> lower("ÄB").numpy().decode(), lower("ÄB", encoding="utf-8").numpy().decode()
    ('Äb', 'äb')
    """
    return _case("lower", str.lower, input, encoding)


def upper(input: Any, encoding: str = "", name: str | None = None) -> StringTensor:  # noqa: A002
    """Return texts in capital letters; arguments as for `lower`.

    Args:
        input, encoding: As for `lower`.

    >>> upper("äb", "utf-8").numpy().decode()
    'ÄB'
    """
    return _case("upper", str.upper, input, encoding)


def strip(input: Any, name: str | None = None) -> StringTensor:  # noqa: A002
    """Remove white space at both ends.

    Args:
        input: Texts.

    Returns:
        StringTensor, shaped like `input`.

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

    Returns:
        StringTensor, shaped like `input`.

    >>> regex_replace("a<br />b", "<br />", " ").numpy()
    b'a b'
    """
    compiled = re.compile(_bytes(pattern).decode())
    rewrite = _bytes(rewrite).decode()
    return _each(lambda text: compiled.sub(rewrite, text.decode(), count=0 if replace_global else 1).encode(), input)


def regex_full_match(input: Any, pattern: Any, name: str | None = None) -> Tensor:  # noqa: A002
    """Report whether each text matches as a whole; a bool Tensor.

    Args:
        input: Texts.
        pattern: A regular expression.

    Returns:
        Tensor, shaped like `input`.

    >>> regex_full_match(["ab", "b"], "a.*").tolist()
    [True, False]
    """
    compiled = re.compile(_bytes(pattern).decode())
    array = to_string_array(input)
    found = [compiled.fullmatch(text.decode()) is not None for text in array.reshape(-1)]
    return Tensor.wrap(np.array(found, bool).reshape(array.shape))


def length(input: Any, unit: str = "BYTE", name: str | None = None) -> Tensor:  # noqa: A002
    """Return how many bytes each text has, or characters with unit='UTF8_CHAR'; an int32 Tensor.

    Args:
        input: Texts.
        unit: 'BYTE' or 'UTF8_CHAR'.

    Raises:
        ValueError: another `unit`.

    >>> length("ä").item(), length("ä", unit="UTF8_CHAR").item()
    (2, 1)
    """
    check_choice("strings.length", "unit", unit, ("BYTE", "UTF8_CHAR"))
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

    Args:
        inputs: List of texts, or of tensors of texts of one shape.
        separator: Between the texts.

    Returns:
        StringTensor of that shape.

    >>> join([["a", "b"], ["c", "d"]], "-").numpy().tolist()
    [b'a-c', b'b-d']
    """
    arrays = np.broadcast_arrays(*(to_string_array(part) for part in inputs))
    result = np.empty(arrays[0].shape, object)
    for index in np.ndindex(result.shape):
        result[index] = _bytes(separator).join(array[index] for array in arrays)
    return StringTensor.wrap(result)


def reduce_join(inputs: Any, axis: Any = None, keepdims: bool = False, separator: Any = "",
                name: str | None = None) -> StringTensor:
    """Join all texts to one, or those along axes.

    Args:
        inputs: Texts.
        axis: Axis, or several, along which the texts are joined one axis after the other; all, the last first, if
            None.
        keepdims: Whether to keep the axes, with length 1.
        separator: Between the texts.
        name: TensorFlow's, without effect.

    Returns:
        StringTensor without the joined axes.

    >>> reduce_join(["a", "b"], separator="+").numpy(), reduce_join([["a", "b"]], 1, keepdims=True).shape
    (b'a+b', (1, 1))
    """
    array = to_string_array(inputs)
    given = range(array.ndim)[::-1] if axis is None else np.atleast_1d(as_axis(axis)) % max(array.ndim, 1)
    axes = tuple(int(each) for each in given)
    others = [each for each in range(array.ndim) if each not in axes]
    rows = np.transpose(array, (*others, *axes[::-1])).reshape(*(array.shape[each] for each in others), -1)
    result = np.empty(rows.shape[:-1], object)
    for index in np.ndindex(result.shape):
        result[index] = _bytes(separator).join(rows[index])
    return StringTensor.wrap(np.expand_dims(result, axes) if keepdims else result)


def substr(input: Any, pos: Any, len: Any, unit: str = "BYTE", name: str | None = None) -> StringTensor:  # noqa: A002
    """Return `len` bytes (or characters, with unit='UTF8_CHAR') from `pos` on, or as many as there are.

    Args:
        input: Texts.
        pos: Where to begin, counted from the end if negative; one for all, or one for each text.
        len: How many; likewise.
        unit: 'BYTE' or 'UTF8_CHAR'.
        name: TensorFlow's, without effect.

    Raises:
        ValueError: another unit, or a position outside a text.

    >>> substr("abcd", 1, 2).numpy(), substr("abcd", -3, 2).numpy()
    (b'bc', b'bc')
    """
    check_choice("strings.substr", "unit", unit, ("BYTE", "UTF8_CHAR"))
    texts, starts, lengths = np.broadcast_arrays(to_string_array(input), to_array(pos), to_array(len))
    result = np.empty(texts.shape, object)
    for index, text in np.ndenumerate(texts):
        units = text if unit == "BYTE" else text.decode()
        whole, start = units.__len__(), int(starts[index])
        if not -whole <= start <= whole:
            raise ValueError(f"tf.strings.substr: pos={start} is outside the text {text!r:.40} of length {whole}")
        start += whole if start < 0 else 0
        part = units[start:start + int(lengths[index])]
        result[index] = part if unit == "BYTE" else part.encode()
    return StringTensor.wrap(result)


def to_number(input: Any, out_type: DTypeLike = "float32", name: str | None = None) -> Tensor:  # noqa: A002
    """Return the numbers that the texts spell.

    Args:
        input: Texts.
        out_type: Element type; the texts spell whole numbers if it is an integer type.
        name: TensorFlow's, without effect.

    Raises:
        ValueError: a text spells no such number.

    >>> to_number(["1.5", "2"]).tolist()
    [1.5, 2.0]
    """
    array, kind = to_string_array(input), np.dtype(out_type)
    parse: Any = int if kind.kind in "iu" else float
    return Tensor(np.array([parse(text) for text in array.reshape(-1)], kind).reshape(array.shape))


def as_string(input: TensorLike, precision: int = -1, scientific: bool = False, shortest: bool = False,
              width: int = -1, fill: str = "", name: str | None = None) -> StringTensor:  # noqa: A002
    """Return numbers as text, as C's printf writes them: with 6 decimals.

    Args:
        input: Numbers or booleans; text stays as it is.
        precision: Number of decimals of floating-point numbers; 6 if -1.
        scientific: Whether to write them with an exponent: 1.5e+00.
        shortest: Whether to choose the shorter of both forms, without zeros at the end.
        width: Least number of characters; any if -1.
        fill: What fills them up on the left: ' ' or '' for blanks, '0' for zeros; '-' for blanks on the right, '+' to
            write the sign.
        name: TensorFlow's, without effect.

    Raises:
        ValueError: `precision`, `scientific` or `shortest` for whole numbers, both of the latter, or another `fill`.

    >>> as_string([1.25, 3.0]).numpy().tolist(), as_string([7, 42], width=4, fill="0").numpy().tolist()
    ([b'1.250000', b'3.000000'], [b'0007', b'0042'])
    """
    if is_text(input):
        return StringTensor(input)
    array = to_array(input)
    floating = array.dtype.kind == "f"
    if scientific and shortest:
        raise ValueError("tf.strings.as_string: only one of scientific and shortest can be True")
    if not floating and (precision >= 0 or scientific or shortest):
        raise ValueError(f"tf.strings.as_string: precision, scientific and shortest are for floating-point numbers, "
                         f"not for {array.dtype}")
    check_choice("strings.as_string", "fill", fill, ("", " ", "0", "-", "+"))
    form = "%" + fill + (str(width) if width >= 0 else "")
    if floating:
        form += (f".{precision}" if precision >= 0 else "") + ("e" if scientific else "g" if shortest else "f")
    else:
        form += "s" if array.dtype.kind == "b" else "d"
    values = [("true" if value else "false") if array.dtype.kind == "b" else value
              for value in array.reshape(-1).tolist()]
    return StringTensor(np.array([form % value for value in values], object).reshape(array.shape))


def unicode_split(input: Any, input_encoding: str, errors: str = "replace", replacement_char: int = 65533,
                  name: str | None = None) -> StringTensor:  # noqa: A002
    """Return the characters of one text.

    Args:
        input: One text, shape () or (1,), which the characters' axis follows.
        input_encoding: 'UTF-8', 'UTF-16-BE' or 'UTF-32-BE'.
        errors: What bytes that are no text become: 'replace', 'ignore' or, an error, 'strict'.
        replacement_char: What 'replace' puts there: the number of a character.
        name: TensorFlow's, without effect.

    Raises:
        ValueError: another encoding or `errors`, bytes that are no text with 'strict', or several texts.

    >>> [character.decode() for character in unicode_split("né", "UTF-8").numpy()]
    ['n', 'é']
    """
    check_choice("strings.unicode_split", "input_encoding", input_encoding, ("UTF-8", "UTF-16-BE", "UTF-32-BE"))
    check_choice("strings.unicode_split", "errors", errors, ("replace", "ignore", "strict"))
    array = to_string_array(input)
    if array.size != 1:
        raise ValueError("strings.unicode_split: tinynet has no ragged tensors, so it splits one text at a time; split "
                         "in Dataset.map before batch(), or use TextVectorization(split='character')")
    text = _bytes(input).decode(input_encoding, errors)
    if errors == "replace":
        text = text.replace("\ufffd", chr(replacement_char))
    characters = np.array([*(character.encode() for character in text), None], object)[:-1]
    return StringTensor.wrap(characters.reshape(*array.shape, len(text)))


__getattr__ = explainer(__name__)
