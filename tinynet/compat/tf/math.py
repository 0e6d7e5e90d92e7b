"""`tf.math`: operations element by element, under TensorFlow's names of arguments."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ... import ops
from ...core.types import DTypeLike, TensorLike
from ...string_tensor import is_text, to_string_array
from ...tensor import Tensor
from .arguments import as_tf
from .arrays import add_n
from .reductions import _tensor


def _round(x: TensorLike) -> Tensor:
    """x rounded to whole numbers; halves go to the even neighbour.

    Args:
        x: Tensor; integers keep their type.

    Returns:
        Tensor, shaped like `x`, without a gradient.

    >>> _round([0.5, 1.5, 1.8]).tolist()
    [0.0, 2.0, 2.0]
    """
    return ops.round(x)


def _table(names, *parameters):
    """{TensorFlow's name: the operation with these arguments}; "its name=the name in `ops`" where they differ."""
    pairs = [name.partition("=")[::2] for name in names.split()]
    return {name: as_tf(f"math.{name}", getattr(ops, own or name), *parameters) for name, own in pairs}


@functools.wraps(ops.equal)
def _equal(x, y):
    if is_text(x) or is_text(y):
        return Tensor.wrap(np.asarray(to_string_array(x) == to_string_array(y), bool))
    return ops.equal(x, y)


@functools.wraps(ops.not_equal)
def _not_equal(x, y):
    if is_text(x) or is_text(y):
        return Tensor.wrap(np.asarray(to_string_array(x) != to_string_array(y), bool))
    return ops.not_equal(x, y)


ELEMENTWISE = _table(
    "abs acos=arccos acosh=arccosh asin=arcsin asinh=arcsinh atan=arctan atanh=arctanh ceil cos cosh erf erfc erfinv "
    "exp expm1 floor is_finite=isfinite is_inf=isinf is_nan=isnan log log1p log_sigmoid logical_not negative "
    "reciprocal rsqrt sigmoid sign sin sinh sqrt square tan tanh", "x",
) | _table(
    "add floordiv=floor_divide floormod=mod greater greater_equal less less_equal logical_and logical_or "
    "logical_xor maximum minimum mod multiply pow=power subtract", "x", "y",
) | _table("atan2=arctan2", "y", "x") | _table("softplus softsign", "features") | _table(
    "in_top_k", "targets", "predictions", "k") | {
        "equal": as_tf("math.equal", _equal, "x", "y"), "not_equal": as_tf("math.not_equal", _not_equal, "x", "y"),
        "round": as_tf("math.round", _round, "x")}


def cast(x: TensorLike, dtype: DTypeLike, name: str | None = None) -> Tensor:
    """Return x as another element type; fractions are cut off: `ops.cast`.

    Args:
        x: Tensor.
        dtype: The element type.

    >>> cast([1.7, -1.7], "int32").tolist()
    [1, -1]
    """
    return ops.cast(x, dtype)


def _in_floats(x, y):
    """Both as floating point, if both are whole numbers: float32 up to 16 bits, float64 above, as TensorFlow does."""
    x, y = _operand(x, y), _operand(y, x)
    if np.dtype(x.dtype).kind in "iu" and np.dtype(y.dtype).kind in "iu":
        wide = max(np.dtype(x.dtype).itemsize, np.dtype(y.dtype).itemsize) > 2
        x, y = (ops.cast(each, "float64" if wide else "float32") for each in (x, y))
    return x, y


def _operand(x, other):
    """As a tensor; a Python number takes the element type of the other operand, a floating-point one if need be."""
    if isinstance(x, int | float) and not isinstance(x, bool) and hasattr(other, "dtype"):
        kind = np.dtype(other.dtype)
        return Tensor(np.asarray(x, kind if isinstance(x, int) or kind.kind == "f" else "float32"))
    return _tensor(x)


def divide(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return x / y. Whole numbers become float64, those of at most 16 bits float32.

    Args:
        x, y: Tensors or numbers, which are broadcast against each other.

    >>> divide([1, 2], 2).numpy()
    array([0.5, 1. ])
    """
    return ops.divide(*_in_floats(x, y))


truediv = divide


def divide_no_nan(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return x / y, and 0 where y is 0; element types as for `divide`.

    Args:
        x, y: Tensors or numbers, which are broadcast against each other.

    >>> divide_no_nan([1.0, 2.0], [0.0, 4.0]).tolist()
    [0.0, 0.5]
    """
    return ops.divide_no_nan(*_in_floats(x, y))


def multiply_no_nan(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return x y, and 0 where y is 0, even if x is infinite or not a number.

    Args:
        x, y: Tensors or numbers, which are broadcast against each other.

    >>> multiply_no_nan([np.inf, 2.0], [0.0, 3.0]).tolist()
    [0.0, 6.0]
    """
    x, y = _operand(x, y), _operand(y, x)
    zero = ops.equal(y, 0)
    return ops.multiply(ops.where(zero, ops.zeros_like(x), x), y)


def squared_difference(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return (x - y)^2.

    Args:
        x, y: Tensors or numbers, which are broadcast against each other.

    >>> squared_difference([3.0], [1.0]).tolist()
    [4.0]
    """
    return ops.square(ops.subtract(x, y))


def accumulate_n(inputs: Any, shape: Any = None, tensor_dtype: DTypeLike = None, name: str | None = None) -> Any:
    """Return the sum of a list of tensors: `tf.add_n`.

    Args:
        inputs: Tensors of one shape.
        shape, tensor_dtype: Theirs, if a caller wants to be sure of it.
        name: TensorFlow's, without effect.

    Raises:
        ValueError: they have another shape or element type.

    >>> accumulate_n([[1, 2], [10, 20]]).tolist()
    [11, 22]
    """
    total = add_n(inputs)
    if shape is not None and tuple(shape) != tuple(total.shape):
        raise ValueError(f"tf.math.accumulate_n: the inputs have shape {tuple(total.shape)}, shape={tuple(shape)} "
                         "was asked for")
    if tensor_dtype is not None and np.dtype(tensor_dtype) != total.dtype:
        raise ValueError(f"tf.math.accumulate_n: the inputs are {total.dtype}, tensor_dtype={np.dtype(tensor_dtype)} "
                         "was asked for")
    return total
