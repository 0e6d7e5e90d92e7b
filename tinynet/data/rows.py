"""Arrays as rows of samples: making them, choosing from them, checking them.

`gather` and `all_within` are Cython (_gather.pyx). The references below define what they compute, and replace them
where nothing is compiled.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..config import floatx
from ..core.types import Array, DTypeLike
from ..string_tensor import is_text
from .memory import SMALL, empty
from .text_columns import explain_text

CHECK_ROWS = 1 << 16  # elements in a chunk of check_finite where there is no compiled loop


def gather_reference(source: Array, indices: Array, out: Array, scale: float = 1.0) -> Array:
    """Reference: out[i] = scale * source[indices[i]], cast first.

    Args:
        source: Array, shape (samples, ...).
        indices: int64 array, shape (batch,).
        out: Array, shape (batch, ...), of a floating-point type or the source's.
        scale: Factor.

    Returns:
        `out`.

    Raises:
        IndexError: an index is outside [0, samples).

    >>> images = np.arange(12, dtype=np.uint8).reshape(4, 3)
    >>> gather_reference(images, np.array([3, 0]), np.empty((2, 3), np.float32), scale=0.5)
    array([[4.5, 5. , 5.5],
           [0. , 0.5, 1. ]], dtype=float32)
    """
    if len(indices) and (indices.min() < 0 or indices.max() >= len(source)):
        raise IndexError(f"gather: an index is outside [0, {len(source)})")
    out[...] = source[indices]
    if scale != 1.0:
        out *= out.dtype.type(scale)
    return out


def all_within_reference(values: Array, limit: float) -> bool:
    """Reference: whether every |value| <= limit; False for NaN."""
    return bool((np.abs(values) <= limit).all())


try:
    from ._gather import all_within, gather
except ImportError:  # no compiled module: tinynet.runtime has decided whether that is allowed
    gather, all_within = gather_reference, all_within_reference

LOOPS = ("bool", "uint8", "int32", "int64", "float32", "float64")  # what _gather.pyx casts from


def as_rows(value: Any, name: str, where: str) -> Array:
    """Return `value` as an ndarray with a sample axis, whose rows are dense, aligned and in native byte order.

    Copies only what is not so already; a step between rows (`x[::2]`) is no reason to copy.

    Args:
        value: Anything that NumPy converts to an array; PyTorch tensors.
        name: What the message calls it: "x", "y[1]". Text is allowed where this begins with x.
        where: The caller's name, for messages.

    Raises:
        TypeError: it does not hold numbers.
        ValueError: it has no sample axis, or rows of different lengths.
    """
    try:
        array = to_numpy(value)
    except ValueError as error:
        raise ValueError(
            f"{where}: {name} is not a rectangular array ({error}); pad the rows to one length, for example "
            "with tinynet.utils.pad_sequences"
        ) from None
    # The whole first row is tested, since a table may have columns of text and of numbers.
    if name.startswith("x") and is_text(array) and all(map(is_text, np.atleast_1d(array)[:1].flat)):
        return np.ascontiguousarray(array)  # text, for a model that begins with TextVectorization
    if array.dtype.kind not in "fiub":
        remedy = " (a sparse matrix: use .toarray())" if hasattr(value, "toarray") else ""
        text = "" if remedy else explain_text(value, array, name)
        raise TypeError(f"{where}: {name} must hold numbers, got dtype {array.dtype}{remedy}; "
                        f"{text or 'encode text and categories as numbers first'}")
    if array.ndim == 0:
        raise ValueError(
            f"{where}: {name} is the single number {array}, but needs an axis of samples; use np.array([...])"
        )
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    row_is_dense = array.flags.c_contiguous or (len(array) > 0 and array[0].flags.c_contiguous)
    return array if row_is_dense and array.flags.aligned else np.require(array, requirements=["C", "A"])


def to_numpy(value: Any) -> Array:
    """Return `value` as an ndarray; PyTorch tensors are detached and moved to the CPU first."""
    if isinstance(value, np.ndarray):
        return np.asarray(value)
    if hasattr(value, "detach") and hasattr(value, "cpu"):
        value = value.detach().cpu()
    return np.asarray(value)


def cast_type(array: Array, dtype: DTypeLike) -> np.dtype[Any]:
    """Return the element type of batches from `array`.

    Args:
        array: The data.
        dtype: A type; None for the array's own; "floatx" for `floatx()`; "floats" for `floatx()` where the array
            is floating point, so that labels stay whole numbers. Text keeps its type.
    """
    if dtype is None or array.dtype.kind in "USO":
        return array.dtype
    if dtype == "floats":
        return np.dtype(floatx()) if array.dtype.kind == "f" else array.dtype
    return np.dtype(floatx() if dtype == "floatx" else dtype)


def taker(array: Array, dtype: np.dtype[Any]) -> Callable[[Array], Array]:
    """Return a function from int64 indices to a new batch of those rows, cast to `dtype`."""
    row_shape = array.shape[1:]
    row_bytes = math.prod(row_shape) * dtype.itemsize
    is_copy = array.dtype == dtype and dtype.kind != "O"  # objects have reference counts: their bytes are not copied
    if is_copy or (array.dtype.name in LOOPS and dtype.kind == "f" and dtype.itemsize >= 4):

        def take(indices):
            # New memory for each batch: the tape, or the user, may still hold the previous one.
            rows = len(indices)
            new = np.empty if rows * row_bytes < SMALL else empty
            return gather(array, indices, new((rows, *row_shape), dtype))
    else:

        def take(indices):
            return array[indices].astype(dtype)

    return take


def slicer(array: Array, dtype: np.dtype[Any]) -> Callable[[slice], Array]:
    """Return a function from a slice to those rows, cast to `dtype`.

    Where nothing is to be cast, the batch is a view, marked read-only: a step that writes to its input must not change
    the data set. The function raises FloatingPointError for a number too large for `dtype`.
    """
    if array.dtype != dtype:
        def cast(rows):
            with np.errstate(over="raise"):
                return array[rows].astype(dtype, order="C")

        return cast
    if not array.flags.c_contiguous:
        return lambda rows: np.ascontiguousarray(array[rows])
    locked = array.view()
    locked.flags.writeable = False
    return lambda rows: locked[rows]


def check_finite(name: str, array: Array, dtype: DTypeLike = None, where: str = "fit") -> None:
    """Refuse NaN, infinities, and numbers too large for `dtype`, with their count and the index of the first.

    Reads a good array once, at the speed of memory.

    Args:
        name: How the message calls the array.
        array: ndarray; whole numbers pass unread.
        dtype: Floating point type that the values will be cast to; the array's own if None.
        where: The caller's name, for messages.

    Raises:
        ValueError: some value is not finite, or overflows.

    >>> check_finite("x", np.array([[0.0, 1.0], [np.nan, np.inf]]))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: fit: x has 2 of 4 values that are not finite (1 NaN, 1 infinite); the first, nan, is x[1, 0]. ...
    """
    if array.dtype.kind != "f" or array.size == 0:
        return
    dtype = np.dtype(dtype or array.dtype)
    limit = (
        float(min(np.finfo(array.dtype).max, np.finfo(dtype).max))
        if dtype.kind == "f"
        else float(np.finfo(array.dtype).max)
    )
    dense = array.flags.c_contiguous and array.flags.aligned and array.dtype.isnative and array.dtype.itemsize in (4, 8)
    if dense and all_within(array, limit):
        return
    nan = infinite = too_large = 0
    first = None
    rows = max(1, CHECK_ROWS * len(array) // array.size) if array.ndim else 1
    for start in range(0, len(array), rows):
        chunk = array[start:start + rows]
        magnitude = np.abs(chunk)
        fine = magnitude <= limit
        if fine.all():
            continue
        nan += int(np.isnan(chunk).sum())
        infinite += int(np.isinf(chunk).sum())
        too_large += int((np.isfinite(chunk) & ~fine).sum())
        if first is None:
            row, *rest = np.unravel_index(int(np.argmin(fine)), chunk.shape)
            first = (start + int(row), *map(int, rest))
    if first is None:
        return
    counts = [f"{nan} NaN"] * (nan > 0) + [f"{infinite} infinite"] * (infinite > 0)
    if too_large:
        counts.append(f"{too_large} beyond the largest {dtype}, {limit:.3g}")
    raise ValueError(
        f"{where}: {name} has {nan + infinite + too_large} of {array.size} values that are not finite "
        f"({', '.join(counts)}); the first, {array[first]}, is {name}[{', '.join(map(str, first))}]. Remove or replace "
        "them, for example with np.nan_to_num"
    )
