"""What every loss formula begins and ends with: arguments made alike, and elements recorded with their derivatives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..config import floatx
from ..core.recording import computed
from ..ops.recorded_gradients import composed
from ..ops.reduction import mean
from ..runtime import kernels
from ..tape import is_tracked, record
from ..tensor import Tensor, to_array

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..core.types import Array, DTypeLike, Shape, TensorLike

# --- arguments ------------------------------------------------------------------------------------------------------


def as_tensor(value: TensorLike) -> Tensor:
    """`value` as a Tensor; a Tensor is returned as it is."""
    return value if isinstance(value, Tensor) else Tensor.wrap(to_array(value))


def as_float(value: TensorLike, dtype: DTypeLike = None) -> Tensor:
    """`value` as a floating-point Tensor, of `dtype` if it is not None; the conversion of a Tensor is recorded."""
    tensor = value if isinstance(value, Tensor) else as_tensor(value)
    own = tensor.data.dtype
    if dtype is None:
        if own.kind == "f":
            return tensor
        dtype = floatx()
    if own == dtype:
        return tensor
    return record(tensor.data.astype(dtype), (tensor,), lambda dy: (dy.astype(own),), lambda dy, y: (dy.astype(own),))


def as_target(value: TensorLike, dtype: DTypeLike) -> Tensor:
    """`value` as a Tensor of `dtype`."""
    if isinstance(value, Tensor):
        return value if value.data.dtype == dtype else as_float(value, dtype)
    return Tensor.wrap(to_array(value, dtype))


def reshaped(tensor: Tensor, shape: tuple[int, ...]) -> Tensor:
    """The tensor in another shape; the tape records it."""
    own = tensor.data.shape
    return record(tensor.data.reshape(shape), (tensor,), lambda dy: (dy.reshape(own),),
                  lambda dy, y: (dy.reshape(own),))


def squeeze_or_expand_to_same_rank(x1: Tensor, x2: Tensor, expand_rank_1: bool = True) -> tuple[Tensor, Tensor]:
    """Make the ranks equal if they differ by one and the longer shape ends in 1.

    (N,) with (N, 1) becomes (N, 1); in other cases the 1 is dropped.

    Args:
        x1, x2: Tensors.
        expand_rank_1: Whether a shape (N,) becomes (N, 1); otherwise the other tensor's 1 is dropped.

    Returns:
        Both tensors.
    """
    shape1, shape2 = x1.shape, x2.shape
    rank1, rank2 = len(shape1), len(shape2)
    if rank1 == rank2 + 1 and shape1[-1] == 1:
        if rank2 == 1 and expand_rank_1:
            return x1, reshaped(x2, (*shape2, 1))
        return reshaped(x1, shape1[:-1]), x2
    if rank2 == rank1 + 1 and shape2[-1] == 1:
        if rank1 == 1 and expand_rank_1:
            return reshaped(x1, (*shape1, 1)), x2
        return x1, reshaped(x2, shape2[:-1])
    return x1, x2


def aligned(operation: str, y_true: TensorLike, y_pred: TensorLike) -> tuple[Tensor, Tensor]:
    """Both as Tensors of one floating-point type and one rank, whose shapes broadcast against each other.

    Raises:
        ValueError: they do not.
    """
    y_pred = as_float(y_pred)
    y_true = as_target(y_true, y_pred.data.dtype)
    if y_true.data.shape == y_pred.data.shape and y_pred.data.shape:
        return y_true, y_pred
    y_true, y_pred = squeeze_or_expand_to_same_rank(y_true, y_pred)
    return check_broadcast(operation, y_true, y_pred)


def float_pair(operation: str, y_true: TensorLike, y_pred: TensorLike) -> tuple[Tensor, Tensor]:
    """Both as Tensors of one floating-point type whose shapes broadcast against each other; the ranks stay.

    Raises:
        ValueError: they do not.
    """
    y_pred = as_float(y_pred)
    return check_broadcast(operation, as_target(y_true, y_pred.data.dtype), y_pred)


def check_broadcast(operation: str, y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor]:
    """Return both tensors.

    Raises:
        ValueError: their shapes do not broadcast, or both are scalars.
    """
    true_shape, pred_shape = y_true.data.shape, y_pred.data.shape
    if true_shape != pred_shape:
        try:
            np.broadcast_shapes(true_shape, pred_shape)
        except ValueError:
            raise ValueError(
                f"{operation}: targets of shape {true_shape} do not match predictions of shape {pred_shape}. "
                "Each sample needs as many target values as predicted ones."
            ) from None
    if not pred_shape and not true_shape:
        raise ValueError(
            f"{operation}: expected at least one axis, (samples, values). Got two scalars; wrap them in lists."
        )
    return y_true, y_pred


def kind_of_labels(y_true_shape: Shape, y_pred_shape: Shape) -> str:
    """What labels of this shape are for predictions of that shape: 'binary', 'sparse' or 'categorical'.

    Args:
        y_true_shape: (batch, ...), of labels or one-hot labels.
        y_pred_shape: (batch, ..., classes).
    """
    if y_pred_shape[-1] == 1:
        return "binary"
    return "sparse" if len(y_true_shape) < len(y_pred_shape) or y_true_shape[-1] == 1 else "categorical"


# --- recording ------------------------------------------------------------------------------------------------------


def unbroadcast(gradient: Array, shape: Shape) -> Array:
    """Sum a gradient over the axes along which its tensor was repeated.

    Args:
        gradient: Array.
        shape: The tensor's.

    Returns:
        Array of this shape.
    """
    if gradient.shape == shape:
        return gradient
    extra = gradient.ndim - len(shape)
    axes = (*range(extra), *(extra + axis for axis, extent in enumerate(shape) if extent == 1))
    return kernels.reduce_sum(gradient, axes, False).reshape(shape)


def record_loss(
    losses: Array, y_true: Tensor, y_pred: Tensor, d_pred: Callable[[Array], Array],
    d_true: Callable[[Array], Array] | None = None, formula: Callable[[Tensor, Tensor], Tensor] | None = None,
) -> Tensor:
    """Record losses with their derivatives.

    Args:
        losses: Array.
        y_true, y_pred: The Tensors they were computed from.
        d_pred: Function from the gradient of the losses to that of y_pred, before `unbroadcast`.
        d_true: The same for y_true; None if the loss can be differentiated with respect to y_pred only.
        formula: The losses from y_true and y_pred in recorded operations, for derivatives of the gradient; None if
            there are none.

    Returns:
        Tensor of the losses.

    Raises:
        TypeError: a tape watches y_true and `d_true` is None.
    """
    wants_true = is_tracked(y_true)
    if not wants_true:
        return record(losses, (y_pred,), lambda dy: (unbroadcast(d_pred(dy), y_pred.data.shape),),
                      None if formula is None else composed(lambda p: formula(y_true, p), (y_pred,), (y_pred.data,)))
    if d_true is None:
        raise TypeError(
            "this loss can be differentiated with respect to y_pred only, but y_true depends on something a tape "
            "watches. Wrap y_true in stop_gradient(...)."
        )

    def backward(dy):
        return unbroadcast(d_true(dy), y_true.data.shape), unbroadcast(d_pred(dy), y_pred.data.shape)

    return record(losses, (y_true, y_pred), backward,
                  None if formula is None else composed(formula, (y_true, y_pred), (y_true.data, y_pred.data)))


def mean_over_last(
    elements: Array, y_true: Tensor, y_pred: Tensor, derivative: Callable[[], Array],
    derivative_true: Callable[[], Array] | None = None, formula: Callable[[Tensor, Tensor], Tensor] | None = None,
) -> Tensor:
    """Record the mean over the last axis of `elements`, one loss for each element of y_pred.

    Args:
        elements: Array of losses, shape (..., n).
        y_true, y_pred: The Tensors they were computed from.
        derivative: Function without arguments: d elements / d y_pred.
        derivative_true: The same for y_true, or None.
        formula: `elements` from y_true and y_pred in recorded operations, for derivatives of the gradient.

    Returns:
        Tensor, shape (...).
    """
    n = elements.shape[-1]

    def spread(dy):
        return computed(np.true_divide, dy[..., None], n)

    return record_loss(
        kernels.reduce_mean(elements, -1, False), y_true, y_pred,
        lambda dy: computed(np.multiply, spread(dy), derivative()),
        None if derivative_true is None else lambda dy: spread(dy) * derivative_true(),
        None if formula is None else lambda t, p: mean(formula(t, p), -1),
    )
