"""The elements of a `Dataset`: arrays, or tuples and dicts of them, nested.

Inside they are ndarrays; functions and loops of the user get Tensors. Lists are not structure, as in tf.data: they
become one array.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.nest import is_element, leaves_of, map_structures
from ..core.types import Array, Shape, Structure
from ..string_tensor import StringTensor, is_text, to_string_array
from ..tensor import Tensor, to_array


class TensorSpec:
    """What is known of a tensor before it is computed.

    Args:
        shape: Tuple, None for lengths that vary; None if nothing is known.
        dtype: Element type; `object` or "string" for text.
        name: Any text; it is shown and has no effect.

    >>> TensorSpec((None, 3), "float32")
    TensorSpec(shape=(None, 3), dtype=float32, name=None)
    """

    def __init__(self, shape: Shape | None = None, dtype: Any = "float32", name: str | None = None) -> None:
        self.shape = None if shape is None else tuple(shape)
        self.dtype = np.dtype(object) if dtype in ("string", str, bytes) else np.dtype(dtype)
        self.name = name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TensorSpec) and (self.shape, self.dtype) == (other.shape, other.dtype)

    def __hash__(self) -> int:
        return hash((self.shape, self.dtype))

    def __repr__(self) -> str:
        dtype = "string" if self.dtype == object else self.dtype.name
        return f"TensorSpec(shape={self.shape}, dtype={dtype}, name={self.name!r})"

    def accept(self, value: Any, where: str) -> Array:
        """Return `value` as an array of this type.

        Args:
            value: Anything that can become an array.
            where: The caller's name, for messages.

        Raises:
            ValueError: its shape does not fit.
        """
        array = to_leaf(value)
        if self.dtype != object:
            array = array.astype(self.dtype, copy=False)
        fits = self.shape is None or len(self.shape) == array.ndim and all(
            want is None or want == have for want, have in zip(self.shape, array.shape, strict=True))
        if not fits:
            raise ValueError(f"{where}: expected an element of shape {self.shape}, got {array.shape}")
        return array


def map_leaves(function: Callable[..., Any], element: Structure, *others: Structure) -> Structure:
    """Return the same nesting with function(leaf, ...) in place of each leaf; `others` are nested like `element`."""
    return map_structures(function, element, *others, rule=is_element)


def leaves(element: Structure) -> list[Any]:
    """Return the leaves from left to right."""
    return leaves_of(element, is_element)


def to_leaf(value: Any) -> Array:
    """Return an array of numbers, or of bytes objects if `value` is text.

    Raises:
        TypeError: `value` is None.
    """
    if type(value) is np.ndarray and value.dtype.kind in "fiub" and value.flags.c_contiguous:
        return value
    if value is None:
        raise TypeError("a Dataset cannot have None as an element, or part of one")
    return to_string_array(value) if is_text(value) else to_array(value)


def wrap(element: Structure) -> Structure:
    """Return the element as the user gets it: with Tensors."""
    return map_leaves(_wrap_leaf, element)


def _wrap_leaf(array):
    return StringTensor.wrap(array) if array.dtype == object else Tensor.wrap(array)


def row(arrays: Structure, i: int) -> Structure:
    """Return element number i of arrays that hold one element a row."""
    return map_leaves(lambda array: np.asarray(array[i]) if array.ndim > 1 or array.dtype != object
                      else _object_scalar(array[i]), arrays)


def _object_scalar(value):
    scalar = np.empty((), object)
    scalar[()] = value
    return scalar


def stack(elements: list[Structure], where: str) -> Structure:
    """Stack several elements to one, with a new first axis.

    Args:
        elements: List of elements of arrays, nested alike.
        where: The caller's name, for messages.

    Raises:
        ValueError: their shapes differ.
    """
    def stack_leaves(*parts):
        shapes = {part.shape for part in parts}
        if len(shapes) > 1:
            odd = next(i for i, part in enumerate(parts) if part.shape != parts[0].shape)
            raise ValueError(
                f"{where}: elements of a batch must have one shape, but the first has {parts[0].shape} and number "
                f"{odd} has {parts[odd].shape}; resize or pad them in map(), or use padded_batch()"
            )
        return np.stack(parts)

    return map_leaves(stack_leaves, *elements)


def pad_and_stack(elements: list[Structure], padded_shapes: Structure, padding_values: Any) -> Structure:
    """Stack elements as `stack` does, filled up at their ends to the longest, or to `padded_shapes`.

    Args:
        elements: List of elements of arrays, nested alike.
        padded_shapes: Nested shapes, None or -1 for the longest; or None.
        padding_values: What to fill with; 0, or the empty text, if None.

    Raises:
        ValueError: an element is larger than its padded shape.
    """
    def pad_leaves(*parts, wanted=None):
        longest = np.max([part.shape for part in parts], axis=0).astype(int)
        shape = [want if want not in (None, -1) else have for want, have in
                 zip(wanted if wanted is not None else [None] * len(longest), longest, strict=True)]
        filler = padding_values if padding_values is not None else (b"" if parts[0].dtype == object else 0)
        result = np.full((len(parts), *shape), filler, parts[0].dtype)
        for place, part in zip(result, parts, strict=True):
            if np.any(np.array(part.shape) > shape):
                raise ValueError(f"padded_batch: an element of shape {part.shape} does not fit into {tuple(shape)}")
            place[tuple(slice(length) for length in part.shape)] = part
        return result

    if padded_shapes is None:
        return map_leaves(pad_leaves, *elements)
    flat = iter(leaves_of(padded_shapes, _holds_shapes))
    return map_leaves(lambda *parts: pad_leaves(*parts, wanted=next(flat)), *elements)


def _holds_shapes(value):
    """Whether `value` is no shape: a list or tuple of ints and Nones is one."""
    return not all(length is None or isinstance(length, int) for length in value)


def spec_of(element: Structure) -> Structure:
    """Return the TensorSpecs of an element."""
    return map_leaves(lambda array: TensorSpec(array.shape, array.dtype), element)
