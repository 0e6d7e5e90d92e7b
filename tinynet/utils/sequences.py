"""Sequences of different lengths as one array."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.types import Array, DTypeLike


def pad_sequences(sequences: Any, maxlen: int | None = None, dtype: DTypeLike = "int32", padding: str = "pre",
                  truncating: str = "pre", value: Any = 0.0) -> Array:
    """Fill short sequences up and cut long ones, so that all have the same length.

    Args:
        sequences: Sequences of numbers, or of equally shaped arrays.
        maxlen: The common length; the longest sequence's if None.
        dtype: Element type of the result.
        padding: Where to fill up: "pre" (in front) or "post".
        truncating: Where to cut: "pre" keeps the end, "post" the beginning.
        value: What to fill with.

    Returns:
        Array, shape (len(sequences), maxlen, ...).

    Raises:
        ValueError: not sequences, elements of different shapes, neither "pre" nor "post".

    >>> pad_sequences([[1], [2, 3], [4, 5, 6]], maxlen=2)
    array([[0, 1],
           [2, 3],
           [5, 6]], dtype=int32)
    """
    for name, side in (("padding", padding), ("truncating", truncating)):
        if side not in ("pre", "post"):
            raise ValueError(f"pad_sequences: {name} must be 'pre' or 'post', got {side!r}")
    if not hasattr(sequences, "__len__"):
        raise ValueError(
            f"pad_sequences: expected a list of sequences, got {type(sequences).__name__}; use list(...) on a generator"
        )
    for i, sequence in enumerate(sequences):
        if not hasattr(sequence, "__len__"):
            raise ValueError(f"pad_sequences: element {i} is {sequence!r}, not a sequence")
    if isinstance(value, str) and np.dtype(dtype).kind not in "OUS":
        raise ValueError(f"pad_sequences: value {value!r} is text but dtype is {np.dtype(dtype)}; use dtype=object")
    if maxlen is None:
        maxlen = max(map(len, sequences), default=0)
    if maxlen < 0:
        raise ValueError(f"pad_sequences: maxlen must be 0 or more, got {maxlen}")
    element_shape = next((np.shape(sequence)[1:] for sequence in sequences if len(sequence)), ())
    result = np.full((len(sequences), maxlen, *element_shape), value, dtype)
    for i, sequence in enumerate(sequences):
        kept = sequence[max(0, len(sequence) - maxlen):] if truncating == "pre" else sequence[:maxlen]
        if len(kept) == 0:
            continue
        kept = np.asarray(kept, dtype)
        if kept.shape[1:] != element_shape:
            raise ValueError(
                f"pad_sequences: elements of sequence {i} have shape {kept.shape[1:]}, those before {element_shape}"
            )
        result[i, slice(maxlen - len(kept), None) if padding == "pre" else slice(len(kept))] = kept
    return result
