"""States as bytes for the browser: what the format promises, read back as the browser reads it."""

import json
import struct

import numpy as np
import pytest

from tinynet.lab.frames import TYPES, encode


def decoded(data):
    """The state, with arrays where the header names them."""
    (length,) = struct.unpack_from("<I", data)
    header, body = data[4 : 4 + length], data[4 + length :]

    def read(value):
        if isinstance(value, dict) and set(value) == {"array"}:
            kind, offset, *shape = value["array"]
            assert offset % 8 == 0
            return np.frombuffer(body, f"<{kind}", int(np.prod(shape)), offset).reshape(shape)
        if isinstance(value, dict) and set(value) == {"number"}:
            return float(value["number"])
        if isinstance(value, dict):
            return {key: read(one) for key, one in value.items()}
        return [read(one) for one in value] if isinstance(value, list) else value

    assert (4 + length) % 8 == 0 and len(body) % 8 == 0  # a browser makes no array of doubles elsewhere
    return read(json.loads(header))


@pytest.mark.parametrize("length", range(9))
def test_arrays_begin_at_multiples_of_8_bytes(length):
    state = {"name": "x" * length, "first": np.arange(length, dtype=np.uint8), "second": np.arange(3.0),
             "third": np.arange(length, dtype=np.float32), "fourth": np.arange(6, dtype=np.int32).reshape(2, 3)}
    back = decoded(encode(state))
    assert back["name"] == state["name"]
    for key in ("first", "second", "third", "fourth"):
        assert back[key].dtype == state[key].dtype
        np.testing.assert_array_equal(back[key], state[key])


@pytest.mark.parametrize("dtype", [*TYPES, ">f4", "bool", "int64", "float16"])
def test_every_type_of_array_comes_through(dtype):
    array = np.array([[0, 1], [1, 0], [1, 1]], dtype)
    back = decoded(encode({"array of it": [array[::-1], array.T, array[:0], array[0, 0]]}))["array of it"]
    for one, other in zip(back[:3], (array[::-1], array.T, array[:0]), strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype.kind != "i" or one.dtype.itemsize < 8  # a browser has no array of int64
    assert back[3] == array[0, 0]


def test_numbers_texts_and_nothing_come_through():
    state = {"a": [1, 2.5, True, None, "é한"], "b": {"c": (float("inf"), float("-inf"))}, 3: np.float32(0.5)}
    assert decoded(encode(state)) == {"a": [1, 2.5, True, None, "é한"], "b": {"c": [np.inf, -np.inf]}, "3": 0.5}
    assert np.isnan(decoded(encode({"a": np.float64("nan")}))["a"])
    with pytest.raises(TypeError, match="cannot hold set"):
        encode({"a": {1}})
