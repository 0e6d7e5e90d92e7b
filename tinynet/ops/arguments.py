"""Arguments that several operations share: each function returns one in a single form, or raises with a remedy."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..config import floatx
from ..core.types import Axis, Shape, TensorLike
from ..tensor import Tensor, convert_to_tensor

_MOST_OF_INT32 = 2**31 - 1


def index_type(number: int) -> Any:
    """The integer type of indices and counts up to `number`: int32, as in Keras, or int64 where it does not fit.

    >>> index_type(1000).__name__, index_type(2**31).__name__
    ('int32', 'int64')
    """
    return np.int32 if number <= _MOST_OF_INT32 else np.int64


def as_floats(x: TensorLike) -> Tensor:
    """x as a Tensor of floats: integers and booleans become `floatx()`, floats keep their type."""
    x = convert_to_tensor(x)
    return x if x.data.dtype.kind == "f" else convert_to_tensor(x, floatx())


def check_axes(operation: str, axis: Axis, shape: Shape) -> tuple[int, ...] | None:
    """`axis` as None or a tuple of axes from 0 to rank - 1, each once.

    Args:
        operation: The operation's name, for the message.
        axis: An int, several of them, or None for all axes. Negative ones count from the end.
        shape: Of the tensor whose axes these are.

    Raises:
        ValueError: the tensor has no such axis, or an axis is named twice.
    """
    if axis is None:
        return None
    rank = len(shape)
    result = []
    for one in axis if isinstance(axis, tuple | list) else (axis,):
        one = operator.index(one)
        if not -rank <= one < rank:
            raise ValueError(
                f"{operation}: axis {one} does not exist. Got shape {shape}, whose axes are {-rank} to {rank - 1}."
            )
        result.append(one % rank)
    if len(set(result)) < len(result):
        raise ValueError(f"{operation}: axis {axis} names an axis twice. Got shape {shape}. Name each axis once.")
    return tuple(result)


def check_axis(operation: str, axis: int, shape: Shape) -> int:
    """A single axis as a number from 0 to rank - 1.

    Raises:
        ValueError: the tensor has no such axis.
    """
    axes = check_axes(operation, (axis,), shape)
    return axes[0] if axes else 0


def check_channels_axis(operation: str, axis: int, shape: Shape) -> int:
    """The channels' axis as a number from 0 to rank - 1.

    Raises:
        ValueError: the tensor has no such axis, or no further one.
    """
    rank = len(shape)
    if rank < 2 or not -rank <= axis < rank:
        raise ValueError(
            f"{operation}: expected an input of shape (batch, ..., channels) with channels on axis {axis}. "
            f"Got input {shape}."
        )
    return axis % rank


def check_channel_wise(operation: str, name: str, parameter: Any, shape: Shape, axis: int) -> None:
    """Refuse a parameter that does not have one element for each channel.

    Raises:
        ValueError: its shape is not (channels,).
    """
    channels = shape[axis]
    if tuple(parameter.shape) != (channels,):
        raise ValueError(
            f"{operation}: input has {channels} channels but {name} has shape {tuple(parameter.shape)}. "
            f"Got input {shape}, axis {axis}; {name} must have shape ({channels},)."
        )


def check_same_type(operation: str, name: str, parameter: Any, x: Any) -> None:
    """Refuse a parameter of another element type than the input's: a kernel computes in one, and converts nothing.

    Raises:
        TypeError: the types differ.
    """
    if parameter.dtype != x.dtype:
        raise TypeError(f"{operation}: {name} must have dtype {x.dtype}, as the input has, got {parameter.dtype}. "
                        f"Convert one of them, such as ops.cast({name}, '{x.dtype}').")


def check_choice(operation: str, name: str, value: Any, choices: Sequence[Any]) -> None:
    """Refuse a value that is none of the choices.

    Raises:
        ValueError: with the choices.
    """
    if value not in choices:
        *others, last = map(repr, choices)
        raise ValueError(f"{operation}: {name} must be {', '.join(others)} or {last}, got {value!r}")


def check_data_format(operation: str, data_format: Any) -> None:
    """Refuse what is no data format.

    Raises:
        ValueError: it is neither 'channels_last' nor 'channels_first'.
    """
    check_choice(operation, "data_format", data_format, ("channels_last", "channels_first"))


def check_not_sparse(operation: str, sparse: bool) -> None:
    """Refuse the wish for a sparse result.

    Raises:
        ValueError: `sparse` is true.
    """
    if sparse:
        raise ValueError(f"{operation}: tinynet has no sparse tensors; use sparse=False")
