"""What goes through the pipes between the grader and a submission's process: frames of plain data.

    4 bytes    b"TNY1"
    4 bytes    length of the header, big-endian
    8 bytes    length of the body, big-endian
    header     a JSON object
    body       the elements of arrays, one after another, or a notebook's bytes

An array is {"dtype": "<f8", "shape": [2, 3]} in the header and its elements in the body. Nothing is unpickled. The
grader believes nothing that it reads: `read_outcomes` compares kinds, lengths and limits before anything is made of it.
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.errors import ModelFileError
from ...saving import strict_json
from ..checks.definition import ARRAY, WHOLE, Exercise
from ..checks.running import Outcome

HEAD = struct.Struct(">4sIQ")
MAGIC = b"TNY1"
MOST_HEADER = 1 << 18  # bytes of an answer's header
MOST_BODY = 32 << 20  # bytes of an answer's arrays; right answers have some thousand
MOST_WORDS = 1000  # of one output, and characters of them together
MOST_TEXT = 400  # characters of a text of the student's that is kept
DTYPES = ("|b1", "|i1", "|u1", *(f"<{kind}{size}" for kind, sizes in (("i", (2, 4, 8)), ("u", (2, 4, 8)),
                                                                        ("f", (2, 4, 8))) for size in sizes))
KINDS = ("value", "count", "type", "none", "error", "time")

_WHOLE = re.compile(r"-?[0-9]{1,40}")


class ProtocolError(Exception):
    """What came is no answer. The message tells why, in words for the teacher."""


def frame(header: dict[str, Any], body: bytes = b"") -> bytes:
    """Return a frame's bytes.

    Args:
        header: Plain data.
        body: What follows it.

    >>> frame({"a": 1})[:4]
    b'TNY1'
    """
    text = json.dumps(header).encode()
    return HEAD.pack(MAGIC, len(text), len(body)) + text + body


def frame_lengths(head: bytes) -> tuple[int, int]:
    """Return the lengths of an answer's header and body.

    Args:
        head: Its first `HEAD.size` bytes.

    Raises:
        ProtocolError: it is no frame, or longer than an answer may be.
    """
    magic, header, body = HEAD.unpack(head)
    if magic != MAGIC:
        raise ProtocolError(f"an answer begins with {MAGIC!r}, not with {magic!r}")
    if header > MOST_HEADER or body > MOST_BODY:
        raise ProtocolError(f"an answer of {header} + {body} bytes; {MOST_HEADER} + {MOST_BODY} are allowed")
    return header, body


def parse_header(data: bytes, nonce: str) -> dict[str, Any]:
    """Return the header of an answer.

    Args:
        data: Its bytes.
        nonce: Of the question; what was written before the question cannot have it.

    Raises:
        ProtocolError: it is no JSON object, or the answer to no question of ours.
    """
    try:
        header = strict_json.loads(data, "the answer")
    except ModelFileError as error:
        raise ProtocolError(str(error)) from None
    if not isinstance(header, dict) or header.get("nonce") != nonce:
        raise ProtocolError("an answer that belongs to no question: something wrote to the pipe by itself")
    return header


# -- questions


def pack_cases(cases: Sequence[tuple[Any, ...]]) -> tuple[list[Any], list[dict[str, Any]], bytes]:
    """Return inputs as (a tree of plain data, the arrays' types, the arrays' elements).

    Args:
        cases: Tuples of arrays, numbers, words, lists and dictionaries.
    """
    arrays: list[np.ndarray] = []

    def packed(value):
        if isinstance(value, np.ndarray):
            arrays.append(value)
            return {"array": len(arrays) - 1}
        if isinstance(value, list | tuple):
            return [packed(item) for item in value]
        if isinstance(value, dict):
            return {"dict": [[packed(key), packed(item)] for key, item in value.items()]}
        return value

    tree = [packed(case) for case in cases]
    types, body = pack_arrays(arrays)
    return tree, types, body


def unpack_cases(tree: list[Any], types: list[dict[str, Any]], body: bytes) -> list[tuple[Any, ...]]:
    """Return the inputs that `pack_cases` packed.

    Args:
        tree, types, body: See there.

    >>> unpack_cases(*pack_cases([(np.ones(2), [1.5, float("nan")], {"a": "b"}, 3)]))
    [(array([1., 1.]), [1.5, nan], {'a': 'b'}, 3)]
    """
    arrays = unpack_arrays(types, body)

    def unpacked(value):
        if isinstance(value, list):
            return [unpacked(item) for item in value]
        if isinstance(value, dict):
            if "array" in value:
                return arrays[value["array"]]
            return {unpacked(key): unpacked(item) for key, item in value["dict"]}
        return value

    return [tuple(unpacked(value) for value in case) for case in tree]


# -- arrays


def pack_arrays(arrays: Sequence[np.ndarray]) -> tuple[list[dict[str, Any]], bytes]:
    """Return the types and the elements of arrays.

    Args:
        arrays: Of booleans, integers or floats. Floats of more than 64 bits are rounded to 64.
    """
    types, parts = [], []
    for array in arrays:
        dtype = array.dtype.newbyteorder("<") if array.dtype.itemsize <= 8 else np.dtype("<f8")
        types.append({"dtype": dtype.str, "shape": list(array.shape)})
        parts.append(np.asarray(array, dtype).tobytes())
    return types, b"".join(parts)


def unpack_arrays(types: Any, body: bytes) -> list[np.ndarray]:
    """Return the arrays of a body.

    Args:
        types: What should be a list of {"dtype": ..., "shape": ...}.
        body: Their elements, all of them and nothing else.

    Raises:
        ProtocolError: another dtype, a shape that is none, or elements that are missing or too many.
    """
    if not isinstance(types, list):
        raise ProtocolError("the types of the arrays are no list")
    arrays, begin = [], 0
    for described in types:
        if not isinstance(described, dict) or set(described) != {"dtype", "shape"}:
            raise ProtocolError("an array without dtype and shape")
        dtype, shape = described["dtype"], described["shape"]
        if not isinstance(dtype, str) or dtype not in DTYPES:
            raise ProtocolError(f"an array of the dtype {str(dtype)[:20]!r}")
        if not isinstance(shape, list) or len(shape) > 16 or not all(
                type(extent) is int and 0 <= extent <= MOST_BODY for extent in shape):
            raise ProtocolError(f"an array of the shape {str(shape)[:60]}")
        if math.prod(max(extent, 1) for extent in shape) > MOST_BODY:  # NumPy refuses some, even without elements
            raise ProtocolError(f"an array of the shape {str(shape)[:60]}")
        size = math.prod(shape) * int(dtype[2])
        if size > len(body) - begin:
            raise ProtocolError(f"an array of {size} bytes, of which {len(body) - begin} came")
        part = body[begin : begin + size]
        begin += size
        flat = np.frombuffer(part, "|u1") != 0 if dtype == "|b1" else np.frombuffer(part, dtype)
        arrays.append(flat.reshape(shape))
    if begin != len(body):
        raise ProtocolError(f"{len(body) - begin} bytes more than the arrays have")
    return arrays


# -- answers


def pack_outcomes(outcomes: Sequence[Outcome | None], exercise: Exercise) -> tuple[dict[str, Any], bytes]:
    """Return what a function did, as (part of a header, body).

    Args:
        outcomes: Of `running.run`, None for a call that was not made.
        exercise: Whose they are.
    """
    arrays: list[np.ndarray] = []
    packed: list[dict[str, Any] | None] = []
    for outcome in outcomes:
        if outcome is None:
            packed.append(None)
            continue
        if _is_too_large(outcome, MOST_BODY // len(outcomes)):
            outcome = Outcome("type", detail="more numbers or digits than an answer can have", changed=outcome.changed)
        values: list[Any] = []
        for value in outcome.values:
            if exercise.kind == ARRAY or isinstance(value, float):
                arrays.append(np.asarray(value))
                values.append({"array": len(arrays) - 1})
            else:
                values.append(str(value) if exercise.kind == WHOLE else list(value))
        packed.append({"kind": outcome.kind, "values": values, "detail": outcome.detail[:MOST_TEXT],
                       "where": outcome.where[:MOST_TEXT], "changed": list(outcome.changed)})
    types, body = pack_arrays(arrays)
    return {"outcomes": packed, "arrays": types}, body


def _is_too_large(outcome, most):
    """Whether the values of a result do not fit into the protocol."""
    def is_too_large(value):
        if isinstance(value, int):
            return abs(value) >= 10**40
        if isinstance(value, list):
            return max(len(value), sum(map(len, value))) > MOST_WORDS
        return np.size(value) * 8 > most // len(outcome.values)

    return any(map(is_too_large, outcome.values))


def read_outcomes(header: dict[str, Any], body: bytes, exercise: Exercise, cases: int) \
        -> tuple[list[Outcome], Outcome | None]:
    """Return what a function did, from an answer that may be anything.

    Args:
        header, body: The answer.
        exercise: The one that was asked for.
        cases: How many inputs it had.

    Returns:
        (outcomes, the outcome of the repeated call or None), as `checks.run_all` returns them.

    Raises:
        ProtocolError: it is not an answer to this question.
    """
    packed = header.get("outcomes")
    if not isinstance(packed, list) or not 2 <= len(packed) <= cases + 1:
        raise ProtocolError("an answer without a result for each input")
    arrays = unpack_arrays(header.get("arrays"), body)
    *outcomes, repeated = [_outcome(item, arrays, exercise) for item in packed]
    complete = [outcome for outcome in outcomes if outcome is not None]
    if len(complete) < len(outcomes) or len(complete) < cases and complete[-1].kind != "time":
        raise ProtocolError("an answer without a result for each input")
    return complete, repeated


def _outcome(packed, arrays, exercise):
    if packed is None:
        return None
    if not isinstance(packed, dict) or set(packed) != {"kind", "values", "detail", "where", "changed"}:
        raise ProtocolError("a result without kind and values")
    kind, values, changed = packed["kind"], packed["values"], packed["changed"]
    if kind not in KINDS or not isinstance(values, list) or not isinstance(changed, list):
        raise ProtocolError(f"a result of the kind {str(kind)[:20]!r}")
    if len(values) != (len(exercise.outputs) if kind == "value" else 0):
        raise ProtocolError(f"{len(values)} outputs in a result of the kind {kind!r}")
    if any(name not in exercise.arguments for name in changed):
        raise ProtocolError("a changed argument that there is not")
    return Outcome(kind, tuple(_value(value, arrays, exercise.kind) for value in values), _text(packed["detail"]),
                   _text(packed["where"]), tuple(dict.fromkeys(changed)))


def _value(packed, arrays, kind):
    if isinstance(packed, dict):
        index = packed.get("array")
        if type(index) is not int or not 0 <= index < len(arrays):
            raise ProtocolError("an array that there is not")
        if kind == ARRAY:
            return arrays[index]
        if kind == WHOLE and arrays[index].dtype == np.float64 and arrays[index].ndim == 0:
            return float(arrays[index])
    elif kind == WHOLE and isinstance(packed, str) and _WHOLE.fullmatch(packed):
        return int(packed)
    elif kind not in (ARRAY, WHOLE) and isinstance(packed, list) and all(isinstance(word, str) for word in packed):
        return packed
    raise ProtocolError(f"an output that is of no kind {kind!r}")


def _text(packed):
    if not isinstance(packed, str) or len(packed) > MOST_TEXT:
        raise ProtocolError("a text that is none, or too long")
    return packed
