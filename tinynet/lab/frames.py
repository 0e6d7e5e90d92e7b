"""A state as bytes for the browser: a JSON header, then the arrays as they lie in memory.

    4 bytes     length of the header, little endian
    header      JSON; where an array stood: {"array": [type, offset, shape...]}; a number that JSON does not have:
                {"number": "NaN"}
    arrays      each from a multiple of 8 bytes on, counted from the end of the header
"""

from __future__ import annotations

import json
import math
import struct
from typing import Any

import numpy as np

# NumPy's kinds and the typed arrays of a browser, which has no arrays of int64: those go as float64.
TYPES = {"uint8": "u1", "int8": "i1", "int16": "i2", "uint16": "u2", "int32": "i4", "uint32": "u4", "float32": "f4",
         "float64": "f8"}


def encode(state: dict[str, Any]) -> bytes:
    """Return the bytes of a state.

    Args:
        state: Dicts, lists, tuples, texts, numbers, bools, None and NumPy arrays.

    Raises:
        TypeError: it holds something else.
    """
    arrays: list[bytes] = []
    offset = 0

    def plain(value: Any) -> Any:
        nonlocal offset
        if isinstance(value, np.ndarray):
            if value.dtype == bool:
                value = value.astype(np.uint8)
            elif value.dtype.name not in TYPES:
                value = value.astype(np.float64)
            data = np.ascontiguousarray(value).astype(value.dtype.newbyteorder("<"), copy=False).tobytes()
            data += bytes(-len(data) % 8)
            arrays.append(data)
            offset += len(data)
            return {"array": [TYPES[value.dtype.name], offset - len(data), *value.shape]}
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, float) and not math.isfinite(value):
            return {"number": "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"}
        if isinstance(value, dict):
            return {str(key): plain(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [plain(one) for one in value]
        if value is None or isinstance(value, bool | int | float | str):
            return value
        raise TypeError(f"encode: a state cannot hold {type(value).__name__}")

    header = json.dumps(plain(state), ensure_ascii=False, separators=(",", ":")).encode()
    header += b" " * (-(len(header) + 4) % 8)
    return struct.pack("<I", len(header)) + header + b"".join(arrays)
