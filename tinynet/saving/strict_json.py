"""JSON from files of unknown origin: anything but plain JSON is refused, with its path in the document.

Python's `json` takes more than JSON (NaN, keys given twice of which the last counts, numbers of a million digits) and
reports a fault by line and column. Here the message has a path such as `layers[3].config.units`.
"""

from __future__ import annotations

import json
import math
from typing import Any

from ..core.errors import ModelFileError


class _Fault:
    """Replaces a forbidden value in the tree, until `_first_fault` finds it and its path."""

    def __init__(self, text):
        self.text = text


def loads(data: bytes, where: str) -> Any:
    """Return the value of a JSON document.

    Args:
        data: bytes, UTF-8.
        where: What the messages call the document.

    Raises:
        ModelFileError: not JSON, or JSON with NaN, infinities, duplicate keys, integers of more than 64 bits, or
            nesting too deep to be followed.

    >>> loads(b'{"units": 8}', "config.json")
    {'units': 8}
    """
    try:
        tree = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_object,
            parse_int=_int,
            parse_float=_float,
            parse_constant=lambda text: _Fault(f"{text} is not JSON"),
        )
        found = _first_fault(tree, "")
    except UnicodeDecodeError as error:
        raise ModelFileError(f"{where}: byte {data[error.start]:#04x} at offset {error.start} is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise ModelFileError(f"{where}: not JSON: {error.msg} in line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise ModelFileError(f"{where}: lists or objects are nested too deeply") from None
    if found is not None:
        path, text = found
        raise ModelFileError(f"{where}: {path + ': ' if path else ''}{text}")
    return tree


def _object(pairs):
    tree = dict(pairs)
    if len(tree) < len(pairs):
        seen = set()
        for key, _ in pairs:
            if key in seen:
                tree[key] = _Fault("the key is given twice")
            seen.add(key)
    return tree


def _int(text):
    value = int(text) if len(text) <= 20 else None
    if value is None or not -(2**63) <= value < 2**64:
        return _Fault(f"an integer of {len(text.lstrip('-'))} digits does not fit into 64 bits")
    return value


def _float(text):
    value = float(text)
    return value if math.isfinite(value) else _Fault(f"{text[:20]} is too large for a float")


def _first_fault(tree, path):
    """(path, text) of the first fault below `tree`, or None."""
    if isinstance(tree, _Fault):
        return path, tree.text
    if isinstance(tree, dict):
        children = ((f"{path}.{key}" if path else key, value) for key, value in tree.items())
    elif isinstance(tree, list):
        children = ((f"{path}[{i}]", value) for i, value in enumerate(tree))
    else:
        return None
    for child_path, value in children:
        found = _first_fault(value, child_path)
        if found is not None:
            return found
    return None
