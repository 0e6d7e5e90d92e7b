"""TensorFlow's functions that make, measure, join and cut tensors: `tf.constant`, `tf.shape`, `tf.concat`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import ops
from ...core.recording import constant as constant_array
from ...core.types import DTypeLike, ShapeLike, TensorLike
from ...ops.shape import as_shape
from ...string_tensor import StringTensor, is_text, to_string_array
from ...symbolic import KerasTensor
from ...tensor import Tensor, numbers_of, to_array
from ...tensor import convert_to_tensor as _convert
from .arguments import as_axis, check_choice
from .reductions import _tensor

# -- making ---------------------------------------------------------------------------------------------------------


def constant(value: Any, dtype: DTypeLike = None, shape: ShapeLike | None = None, name: str = "Const") -> Tensor:
    """Return a Tensor of `value`.

    Args:
        value: Numbers or text.
        dtype: Element type; that of `value` if None.
        shape: `value` is reshaped to it, or repeated to fill it if it is a single number.
        name: TensorFlow's, without effect.

    Raises:
        ValueError: `value` has another number of elements than `shape`.

    >>> constant([1, 2, 3, 4], shape=(2, 2)).numpy()
    array([[1, 2],
           [3, 4]], dtype=int32)
    """
    if is_text(value):
        text = StringTensor(value)
        if shape is not None:
            lengths = as_shape(shape)
            text = StringTensor.wrap(np.full(lengths, text.data, object) if text.data.size == 1
                                     else text.data.reshape(lengths))
        return text
    array = to_array(value, dtype)
    if shape is not None:
        shape = as_shape(shape)
        array = np.full(shape, array, array.dtype) if array.size == 1 else array.reshape(shape)
    return Tensor(constant_array(np.array(array), array))


def convert_to_tensor(value: Any, dtype: DTypeLike = None, dtype_hint: DTypeLike = None,
                      name: str | None = None) -> Tensor:
    """Return `value` as a Tensor; gradients pass.

    Args:
        value: Numbers or text.
        dtype: Element type. TensorFlow refuses a Tensor of another one; here it is cast.
        dtype_hint: Element type that numbers get if `dtype` is None and they lose nothing by it.
        name: TensorFlow's, without effect.

    Raises:
        TypeError: the value consists neither of numbers nor of text.

    >>> convert_to_tensor([1, 2], dtype_hint="float32").dtype
    dtype('float32')
    """
    if is_text(value):
        return StringTensor(value)
    if dtype is None and dtype_hint is not None and not isinstance(value, Tensor | np.ndarray):
        found = _convert(value)
        hint = np.dtype(dtype_hint)
        return ops.cast(found, hint) if np.can_cast(found.dtype, hint, "same_kind") else found
    return _convert(value, dtype)


def zeros(shape: ShapeLike, dtype: DTypeLike = "float32", name: str | None = None) -> Tensor:
    """Return a tensor of this shape, all of whose elements are 0.

    Args:
        shape: Tuple of ints.
        dtype: The element type.

    >>> zeros((2,), "int32").numpy()
    array([0, 0], dtype=int32)
    """
    return ops.zeros(as_shape(shape), dtype)


def ones(shape: ShapeLike, dtype: DTypeLike = "float32", name: str | None = None) -> Tensor:
    """Return a tensor of this shape, all of whose elements are 1.

    Args:
        shape: Tuple of ints.
        dtype: The element type.

    >>> ones((2,)).numpy()
    array([1., 1.], dtype=float32)
    """
    return ops.ones(as_shape(shape), dtype)


def fill(dims: ShapeLike, value: TensorLike, name: str | None = None) -> Tensor:
    """Return a tensor of shape `dims` with all elements `value`, in its type: `ops.full`.

    Args:
        dims: The shape.
        value: A number.

    >>> fill([2], "a").numpy().tolist()
    [b'a', b'a']
    """
    if is_text(value):
        return StringTensor.wrap(np.full(as_shape(dims), to_string_array(value).item(), object))
    return ops.full(as_shape(dims), value, to_array(value).dtype)


def range(start: TensorLike, limit: TensorLike | None = None, delta: TensorLike = 1,  # noqa: A001
          dtype: DTypeLike = None, name: str = "range") -> Tensor:
    """Return the numbers from `start` up to, but not including, `limit`: `ops.arange`.

    Args:
        start: The first number; the limit, from 0 on, if there is no `limit`.
        limit: The end.
        delta: From one number to the next.
        dtype: Element type; that of the arguments if None.
        name: TensorFlow's, without effect.

    >>> range(3).tolist(), range(3, 0, -1).tolist(), range(3, delta=2).tolist()
    ([0, 1, 2], [3, 2, 1], [0, 2])
    """
    start, limit = (0, start) if limit is None else (start, limit)
    return ops.arange(start, limit, delta, dtype)


def linspace(start: TensorLike, stop: TensorLike, num: int, name: str | None = None, axis: int = 0) -> Tensor:
    """Return `num` numbers at equal distances, both ends included, along a new axis: `ops.linspace`.

    Args:
        start, stop: Numbers, or tensors of one shape.
        num: How many.
        axis: Where the new axis stands in the result, if they are tensors.

    >>> linspace(0.0, 1.0, 3).numpy()
    array([0. , 0.5, 1. ], dtype=float32)
    """
    return ops.linspace(start, stop, int(numbers_of(num)), axis=axis)


def one_hot(indices: TensorLike, depth: int, on_value: Any = None, off_value: Any = None, axis: int | None = None,
            dtype: DTypeLike = None, name: str | None = None) -> Tensor:
    """Return `on_value` at the index of the class, `off_value` elsewhere: `ops.one_hot`.

    Args:
        indices: Class numbers, any shape.
        depth: Length of the new axis.
        on_value, off_value: The two values; 1 and 0 if None.
        axis: Where the new axis is; last if None.
        dtype: Element type; that of the two values, float32 without them, if None.
        name: TensorFlow's, without effect.

    >>> one_hot([1], depth=2).tolist(), one_hot([1], 2, on_value=5, off_value=-1).tolist()
    ([[0.0, 1.0]], [[-1, 5]])
    """
    given = [to_array(value).dtype for value in (on_value, off_value) if value is not None]
    kind = np.dtype(dtype if dtype is not None else np.result_type(*given) if given else "float32")
    hot = ops.one_hot(indices, int(numbers_of(depth)), -1 if axis is None else int(axis), "bool")
    return ops.where(hot, np.asarray(1 if on_value is None else to_array(on_value), kind),
                     np.asarray(0 if off_value is None else to_array(off_value), kind))


def sequence_mask(lengths: TensorLike, maxlen: TensorLike | None = None, dtype: DTypeLike = "bool",
                  name: str | None = None) -> Tensor:
    """Return True at the first `lengths` positions of a new last axis of length `maxlen`, False after them.

    Args:
        lengths: Whole numbers, any shape.
        maxlen: Length of the new axis; the largest of `lengths` if None.
        dtype: Element type.
        name: TensorFlow's, without effect.

    >>> sequence_mask([1, 3]).tolist()
    [[True, False, False], [True, True, True]]
    """
    lengths = numbers_of(lengths)
    positions = np.arange(int(lengths.max(initial=0) if maxlen is None else numbers_of(maxlen)))
    return Tensor.wrap((positions < lengths[..., None]).astype(dtype))


# -- measuring ------------------------------------------------------------------------------------------------------


def _as_type(title, numbers, out_type):
    """Numbers as a Tensor of an integer type in which all of them fit."""
    kind = np.dtype(out_type)
    if kind not in (np.dtype("int32"), np.dtype("int64")):
        raise ValueError(f"tf.{title}: out_type must be int32 or int64, got {kind}")
    largest = max(np.ravel(numbers).tolist(), default=0)
    if largest > np.iinfo(kind).max:
        raise ValueError(f"tf.{title}: {largest} does not fit into {kind}; pass out_type=tf.int64")
    return Tensor(constant_array(np.asarray(numbers, kind)))


def _shape_of(title, x):
    x = x if isinstance(x, Tensor | KerasTensor) or not is_text(x) else StringTensor(x)
    lengths = x.shape if isinstance(x, Tensor | KerasTensor) else np.shape(x)
    if None in lengths:
        raise ValueError(f"tf.{title}: a KerasTensor of shape {tuple(lengths)} has no values, and None stands for any "
                         "length; use x.shape, -1 in tf.reshape, or call this in a layer's call()")
    return tuple(lengths)


def shape(input: TensorLike, out_type: DTypeLike = "int32", name: str | None = None) -> Tensor:  # noqa: A002
    """Return the lengths of the axes as a Tensor of whole numbers; `x.shape` has them as a tuple.

    Args:
        input: Tensor.
        out_type: int32 or int64.
        name: TensorFlow's, without effect.

    Raises:
        ValueError: a length does not fit into `out_type`, or is not known.

    >>> shape([[1, 2, 3]]).numpy()
    array([1, 3], dtype=int32)
    """
    return _as_type("shape", np.array(_shape_of("shape", input), object), out_type)


def size(input: TensorLike, out_type: DTypeLike = "int32", name: str | None = None) -> Tensor:  # noqa: A002
    """Return the number of elements as a Tensor; arguments and errors as for `shape`.

    Args:
        input: Tensor.
        out_type: The element type of the result.

    >>> size([[1, 2, 3]]).numpy()
    np.int32(3)
    """
    return _as_type("size", np.array(math.prod(_shape_of("size", input)), object), out_type)


def rank(input: TensorLike, name: str | None = None) -> Tensor:  # noqa: A002
    """Return the number of axes as an int32 Tensor.

    Args:
        input: Tensor.

    >>> rank([[1, 2, 3]]).numpy()
    np.int32(2)
    """
    return Tensor(constant_array(np.asarray(
        len(input.shape if isinstance(input, Tensor | KerasTensor) else np.shape(input)), np.int32)))


def ensure_shape(x: TensorLike, shape: Any, name: str | None = None) -> Tensor:
    """Return x, if it has this shape (None: any length).

    Args:
        x: Tensor.
        shape: The expected lengths, None for any.

    Raises:
        ValueError: it has another.

    >>> ensure_shape(np.ones((2, 3)), (None, 3)).shape
    (2, 3)
    """
    x = _tensor(x)
    if len(shape) != len(x.shape) or any(want not in (None, have) for want, have in zip(shape, x.shape, strict=True)):
        raise ValueError(f"ensure_shape: expected shape {tuple(shape)}, got {tuple(x.shape)}")
    return x


# -- joining, cutting, turning --------------------------------------------------------------------------------------


def concat(values: Sequence[TensorLike], axis: int, name: str = "concat") -> Tensor:
    """Concatenate tensors along an axis: `ops.concatenate`.

    Args:
        values: List of tensors of shapes that are equal but for `axis`.
        axis: The axis.

    Returns:
        Tensor, with the sum of the lengths along `axis`.

    >>> concat([[[1, 2]], [[3, 4]]], axis=0).tolist()
    [[1, 2], [3, 4]]
    """
    return ops.concatenate(values if isinstance(values, list | tuple) else [values], as_axis(axis))


def stack(values: Sequence[TensorLike], axis: int = 0, name: str = "stack") -> Tensor:
    """Stack tensors of one shape along a new axis: `ops.stack`.

    Args:
        values: List of tensors of one shape.
        axis: Where the new axis stands in the result.

    Returns:
        Tensor with one axis more.

    >>> stack([[1, 2], [3, 4]], axis=1).tolist()
    [[1, 3], [2, 4]]
    """
    return ops.stack(values, axis)


def unstack(value: TensorLike, num: int | None = None, axis: int = 0, name: str = "unstack") -> list[Tensor]:
    """Return the slices along an axis: `ops.unstack`.

    Args:
        value: Tensor.
        num: How many there are, if a caller wants to be sure of it.
        axis: The axis.
        name: TensorFlow's, without effect.

    Raises:
        ValueError: there are not `num`.

    >>> [row.tolist() for row in unstack([[1, 2], [3, 4]])]
    [[1, 2], [3, 4]]
    """
    value = _tensor(value)
    if num is not None and num != value.shape[axis]:
        raise ValueError(f"tf.unstack: num={num}, but axis {axis} of shape {tuple(value.shape)} is another length")
    return ops.unstack(value, None, axis)


def split(value: TensorLike, num_or_size_splits: Any, axis: int = 0, num: int | None = None,
          name: str = "split") -> list[Tensor]:
    """Cut into equal parts, or into parts of the given lengths (`ops.split` takes the indices of the cuts).

    Args:
        value: Tensor.
        num_or_size_splits: int, the number of parts, or a list of lengths. One of them may be -1: the remainder.
        axis: The axis that is cut.
        num: The number of parts, if a caller wants to be sure of it.
        name: TensorFlow's, without effect.

    Returns:
        List of Tensors.

    Raises:
        ValueError: the parts are not as long as the axis, or not `num`.

    >>> [part.tolist() for part in split([1, 2, 3], [1, -1])]
    [[1], [2, 3]]
    """
    value, axis = _tensor(value), as_axis(axis)
    length, sizes = value.shape[axis], numbers_of(num_or_size_splits)
    if sizes.ndim == 0:
        parts = int(sizes)
        if parts <= 0 or length is not None and length % parts:
            raise ValueError(f"tf.split: an axis of length {length} cannot be cut into {parts} equal parts")
        lengths: list[Any] = [0] * parts
        cuts: Any = parts
    else:
        lengths = [int(n) for n in sizes]
        rest = length - sum(n for n in lengths if n != -1) if length is not None and lengths.count(-1) == 1 else None
        lengths = [rest if n == -1 else n for n in lengths]
        if None in lengths or min(lengths, default=0) < 0 or length is not None and sum(lengths) != length:
            raise ValueError(f"tf.split: parts of lengths {sizes.tolist()} do not make up an axis of length {length}")
        cuts = np.cumsum(lengths)[:-1].tolist()
    if num is not None and num != len(lengths):
        raise ValueError(f"tf.split: num={num}, but there are {len(lengths)} parts")
    return ops.split(value, cuts, axis)


def transpose(a: TensorLike, perm: Any = None, conjugate: bool = False, name: str = "transpose") -> Tensor:
    """Return `a` with its axes in another order, reversed if `perm` is None: `ops.transpose`.

    Args:
        a: Tensor.
        perm: The order.
        conjugate: Makes no difference for real numbers.
        name: TensorFlow's, without effect.

    >>> transpose(np.ones((2, 3, 4)), perm=[2, 0, 1]).shape
    (4, 2, 3)
    """
    return ops.transpose(a, None if perm is None else as_shape(perm))


def pad(tensor: TensorLike, paddings: Any, mode: str = "CONSTANT", constant_values: float = 0,
        name: str | None = None) -> Tensor:
    """Add elements before and after: `ops.pad`.

    Args:
        tensor: Tensor.
        paddings: (before, after) for each axis.
        mode: "CONSTANT", "REFLECT" or "SYMMETRIC".
        constant_values: What "CONSTANT" adds.
        name: TensorFlow's, without effect.

    Returns:
        Tensor, longer by the paddings.

    Raises:
        ValueError: another mode.

    >>> pad([1, 2], [[1, 0]], constant_values=9).tolist()
    [9, 1, 2]
    """
    mode = check_choice("pad", "mode", mode.upper(), ("CONSTANT", "REFLECT", "SYMMETRIC")).lower()
    return ops.pad(tensor, numbers_of(paddings).tolist(), mode, constant_values if mode == "constant" else None)


def tile(input: TensorLike, multiples: Any, name: str | None = None) -> Tensor:  # noqa: A002
    """Repeat the whole tensor along each axis: `ops.tile`.

    Args:
        input: Tensor.
        multiples: How often along each axis.

    Returns:
        Tensor, longer along each axis.

    >>> tile([[1, 2]], [2, 2]).tolist()
    [[1, 2, 1, 2], [1, 2, 1, 2]]
    """
    return ops.tile(input, as_shape(multiples))


def repeat(input: TensorLike, repeats: Any, axis: int | None = None, name: str | None = None) -> Tensor:  # noqa: A002
    """Repeat each element, `repeats` times or as often as it has for each: `ops.repeat`.

    Args:
        input: Tensor.
        repeats: How often; one number, or one for each element along the axis.
        axis: The axis; None for all elements as a vector.

    Returns:
        Tensor, longer along the axis.

    >>> repeat([1, 2], 2).tolist()
    [1, 1, 2, 2]
    """
    repeats = numbers_of(repeats)
    return ops.repeat(input, int(repeats) if repeats.ndim == 0 else repeats.tolist(), as_axis(axis))


def reverse(tensor: TensorLike, axis: Any, name: str | None = None) -> Tensor:
    """Reverse the order of the elements along axes: `ops.flip`.

    Args:
        tensor: Tensor.
        axis: The axes, as a list.

    Returns:
        Tensor, shaped like `tensor`.

    >>> reverse([[1, 2], [3, 4]], [1]).tolist()
    [[2, 1], [4, 3]]
    """
    return ops.flip(tensor, as_axis(axis))


def roll(input: TensorLike, shift: Any, axis: Any, name: str | None = None) -> Tensor:  # noqa: A002
    """Shift elements along axes; those that leave at the end come in at the start: `ops.roll`.

    Args:
        input: Tensor.
        shift: How far, or a list of one for each axis.
        axis: The axis, or a list of them.

    Returns:
        Tensor, shaped like `input`.

    >>> roll([1, 2, 3, 4], 1, axis=0).tolist()
    [4, 1, 2, 3]
    """
    return ops.roll(input, as_axis(shift), as_axis(axis))


def squeeze(input: TensorLike, axis: Any = None, name: str | None = None) -> Tensor:  # noqa: A002
    """Leave out axes of length 1, all of them if None: `ops.squeeze`.

    Args:
        input: Tensor.
        axis: Which axis of length 1, or a list of them; all if None.

    Returns:
        Tensor without these axes.

    >>> squeeze(np.ones((1, 3, 1))).shape
    (3,)
    """
    return ops.squeeze(input, None if axis is None or np.size(axis) == 0 else as_axis(axis))


def meshgrid(*args: TensorLike, **kwargs: Any) -> list[Tensor]:
    """Return the coordinates of all points of a grid: `ops.meshgrid`.

    Args:
        args: The coordinates along each axis.
        kwargs: `indexing`, 'xy' or 'ij'; and `name`, without effect.

    Raises:
        TypeError: another keyword.
        ValueError: another indexing.

    >>> x, y = meshgrid([1, 2], [10, 20, 30])
    >>> x.shape, y[:, 0].tolist()
    ((3, 2), [10, 20, 30])
    """
    unknown = set(kwargs) - {"indexing", "name"}
    if unknown:
        raise TypeError(f"tf.meshgrid: unknown argument {sorted(unknown)[0]!r}; known are indexing and name")
    indexing = check_choice("meshgrid", "indexing", kwargs.get("indexing", "xy"), ("xy", "ij"))
    return ops.meshgrid(*args, indexing=indexing)


def identity(input: TensorLike, name: str | None = None) -> Tensor:  # noqa: A002
    """Return a copy.

    Args:
        input: Tensor.

    >>> identity(Variable([1.0, 2.0])).numpy()
    array([1., 2.], dtype=float32)
    """
    return ops.copy(_tensor(input))


def add_n(inputs: Sequence[Any], name: str | None = None) -> Any:
    """Return the sum of a list of tensors of one shape.

    Args:
        inputs: List of tensors of one shape.

    Raises:
        ValueError: there is none, or the shapes differ.

    >>> add_n([constant([1.0]), constant([2.0])]).tolist()
    [3.0]
    """
    tensors = [_tensor(part) for part in inputs]
    if len({tuple(part.shape) for part in tensors}) != 1:
        raise ValueError(f"tf.add_n: the inputs must have one shape, got {[tuple(part.shape) for part in tensors]}")
    total = tensors[0]
    for part in tensors[1:]:
        total = ops.add(total, part)
    return total if len(tensors) > 1 else identity(total)


