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


class Nested:
    """Base of `Dataset`, which may be an element, or part of one, of another data set: `Dataset.window` makes such."""

    element_spec: Structure


class DatasetSpec:
    """What is known of a data set that is an element of another one.

    Args:
        element_spec: Nested `TensorSpec`s of its elements.

    >>> DatasetSpec(TensorSpec((), "int64"))
    DatasetSpec(TensorSpec(shape=(), dtype=int64, name=None))
    """

    shape = None

    def __init__(self, element_spec: Structure) -> None:
        self.element_spec = element_spec

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DatasetSpec) and self.element_spec == other.element_spec

    def __hash__(self) -> int:
        return hash(repr(self.element_spec))

    def __repr__(self) -> str:
        return f"DatasetSpec({self.element_spec})"


def map_leaves(function: Callable[..., Any], element: Structure, *others: Structure) -> Structure:
    """Return the same nesting with function(leaf, ...) in place of each leaf; `others` are nested like `element`."""
    return map_structures(function, element, *others, rule=is_element)


def leaves(element: Structure) -> list[Any]:
    """Return the leaves from left to right."""
    return leaves_of(element, is_element)


def to_leaf(value: Any) -> Any:
    """Return an array of numbers, or of bytes objects if `value` is text. A data set stays what it is.

    Raises:
        TypeError: `value` is None.
        ValueError: it is a list of rows of different lengths.
    """
    if type(value) is np.ndarray and value.dtype.kind in "fiub" and value.flags.c_contiguous:
        return value
    if value is None:
        raise TypeError("a Dataset cannot have None as an element, or part of one")
    if isinstance(value, Nested):
        return value
    try:
        return to_string_array(value) if is_text(value) else to_array(value)
    except ValueError as error:
        if "inhomogeneous" not in str(error):
            raise
        raise ValueError(
            "a Dataset has arrays as elements, but these rows have different lengths; fill them up with "
            "utils.pad_sequences(rows, padding='post'), or make an element of each, "
            "Dataset.from_generator(lambda: rows), and batches with padded_batch(batch_size)") from None


def wrap(element: Structure) -> Structure:
    """Return the element as the user gets it: with Tensors."""
    return map_leaves(_wrap_leaf, element)


def _wrap_leaf(array):
    if isinstance(array, Nested):
        return array
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
        _refuse_nested(parts[0], where)
        shapes = {part.shape for part in parts}
        if len(shapes) > 1:
            odd = next(i for i, part in enumerate(parts) if part.shape != parts[0].shape)
            raise ValueError(
                f"{where}: elements of a batch must have one shape, but the first has {parts[0].shape} and number "
                f"{odd} has {parts[odd].shape}; resize or pad them in map(), or use padded_batch()"
            )
        return np.stack(parts)

    return map_leaves(stack_leaves, *elements)


def _refuse_nested(leaf, where):
    if isinstance(leaf, Nested):
        raise TypeError(f"{where}: the elements are data sets, as window() makes them; make batches of them first: "
                        "windows.flat_map(lambda window: window.batch(size))")


def pad_and_stack(elements: list[Structure], padded_shapes: Structure, padding_values: Any) -> Structure:
    """Stack elements as `stack` does, filled up at their ends to the longest, or to `padded_shapes`.

    Args:
        elements: List of elements of arrays, nested alike.
        padded_shapes: Nested shapes, None or -1 for the longest; or None.
        padding_values: What to fill with, nested alike, or one value for all; 0, or the empty text, where it is None.

    Raises:
        ValueError: an element is larger than its padded shape, or has another number of axes.
    """
    def pad_leaves(*parts, wanted, filler):
        _refuse_nested(parts[0], "padded_batch")
        axes = parts[0].ndim
        if any(part.ndim != axes for part in parts):
            raise ValueError(f"padded_batch: elements of a batch must have the same number of axes, got shapes "
                             f"{[part.shape for part in parts]}")
        if wanted is not None and len(wanted) != axes:
            raise ValueError(f"padded_batch: padded_shapes has {tuple(wanted)} for an element of shape "
                             f"{parts[0].shape}; give a length, or None, for each of its {axes} axes")
        longest = [max(lengths) for lengths in zip(*(part.shape for part in parts), strict=True)]
        shape = longest if wanted is None else [have if want in (None, -1) else int(want)
                                                for want, have in zip(wanted, longest, strict=True)]
        is_text = parts[0].dtype == object
        filler = (b"" if is_text else 0) if filler is None else to_leaf(filler).item()
        result = np.full((len(parts), *shape), filler, parts[0].dtype)
        for i, part in enumerate(parts):
            if any(have > most for have, most in zip(part.shape, shape, strict=True)):
                raise ValueError(f"padded_batch: an element of shape {part.shape} does not fit into {tuple(shape)}")
            result[(i, *(slice(length) for length in part.shape))] = part if axes else part[()]
        return result

    first = elements[0]
    shapes = _nested_like(first, padded_shapes, "padded_shapes")
    fillers = _nested_like(first, padding_values if is_element(padding_values) else
                           map_leaves(lambda _: padding_values, first), "padding_values")
    return map_leaves(lambda *parts: pad_leaves(*parts[:-2], wanted=parts[-2], filler=parts[-1]), *elements, shapes,
                      fillers)


def _nested_like(element, given, name):
    """What is given for each leaf of an element; Nones if nothing is."""
    if given is None:
        return map_leaves(lambda _: None, element)
    try:
        map_leaves(lambda leaf, one: one, element, given)
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"padded_batch: {name} must be nested like the elements, {spec_of(element)}, got "
                         f"{given!r}") from None
    return given


def spec_of(element: Structure) -> Structure:
    """Return the TensorSpecs of an element."""
    return map_leaves(lambda leaf: DatasetSpec(leaf.element_spec) if isinstance(leaf, Nested) else
                      TensorSpec(leaf.shape, leaf.dtype), element)
