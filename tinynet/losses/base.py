"""Loss, the base class: per-sample losses from a formula, then weights, then one number for the batch.

    losses = call(y_true, y_pred)                          one number a sample
    loss   = sum(losses * sample_weight) / count           'sum_over_batch_size' (also called 'mean')
             sum(losses * sample_weight) / sum(sample_weight)                    'mean_with_sample_weight'
             sum(losses * sample_weight)                                         'sum'
             losses * sample_weight                                              'none' or None
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import shares
from ..config import floatx
from ..core.naming import auto_name
from ..core.recording import computed, derived
from ..ops.recorded_gradients import sum_like
from ..ops.shape import broadcast_to
from ..runtime import kernels
from ..tape import record
from ..tensor import Tensor, to_array
from .elements import as_float, as_target, as_tensor, squeeze_or_expand_to_same_rank, unbroadcast

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from ..core.types import Array, Config, DTypeLike, TensorLike

REDUCTIONS = ("sum_over_batch_size", "mean", "mean_with_sample_weight", "sum", "none", None)


class Loss:
    """Base class of losses. Subclasses override `call`.

    Args:
        name: For logs and saved files; made from the class name if None.
        reduction: 'sum_over_batch_size' (default; 'mean' is the same), 'mean_with_sample_weight', 'sum', or 'none'.
        dtype: Element type to compute in. None keeps that of a floating-point `y_pred`.

    Raises:
        ValueError: `reduction` is unknown.

    >>> class MeanAbsoluteError(Loss):
    ...     def call(self, y_true, y_pred):
    ...         return ops.mean(ops.abs(y_true - y_pred), axis=-1)
    >>> float(MeanAbsoluteError()([[0.0, 1.0]], [[2.0, 1.0]]))
    1.0
    """

    # Integer labels need not become floats for a formula that uses them as an index.
    _takes_labels_as_they_are = False

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: DTypeLike = None,
    ) -> None:
        self.name = name or auto_name(type(self).__name__)
        self.reduction = standardize_reduction(reduction)
        self._dtype = None if dtype is None else np.dtype(getattr(dtype, "compute_dtype", dtype))

    @property
    def dtype(self) -> str:
        """The element type's name; `floatx()` if none was given."""
        return floatx() if self._dtype is None else self._dtype.name

    def __call__(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> Tensor:
        """Compute the loss of a batch.

        Args:
            y_true: Targets, shape (batch, ...).
            y_pred: Predictions, shape (batch, ...).
            sample_weight: One weight a sample, shape (batch,), or an array that broadcasts against the losses.

        Returns:
            Scalar Tensor; with reduction 'none' one loss a sample.

        Raises:
            ValueError: the batch is empty, or shapes do not match.
        """
        y_pred = as_float(y_pred, self._dtype)
        y_true = as_tensor(y_true) if self._takes_labels_as_they_are else as_target(y_true, y_pred.data.dtype)
        losses = self.call(y_true, y_pred)
        mask = _merge(getattr(y_pred, "_keras_mask", None), getattr(losses, "_keras_mask", None))
        return reduce_weighted_values(losses, sample_weight, mask, self.reduction)

    def call(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        """Compute the unreduced losses; subclasses override it, with `ops`.

        Args:
            y_true: Targets, a Tensor.
            y_pred: Predictions, a Tensor.

        Returns:
            Tensor, one loss a sample, shape (batch, ...).

        Raises:
            NotImplementedError: the loss does not override it.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement call(y_true, y_pred)")

    def get_config(self) -> Config:
        """Return the constructor's arguments, from which `from_config` makes this loss again.

        >>> tn.losses.Huber(delta=2.0).get_config()["delta"]
        2.0
        """
        config = {"name": self.name, "reduction": self.reduction}
        return config if self._dtype is None else {**config, "dtype": self._dtype.name}

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Make a loss from what `get_config` returned.

        Args:
            config: The dict.

        Returns:
            A new loss.
        """
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


class LossFunctionWrapper(Loss):
    """A function `fn(y_true, y_pred, **kwargs)` of tensors as a Loss.

    The built-in losses are subclasses; `kwargs`, the parameters of the formula, are then attributes and part of the
    config.

    Args:
        fn: Function that returns the losses, one a sample (or already a scalar).
        reduction, name, dtype: See `Loss`.
        **kwargs: Further arguments of `fn`.

    >>> loss = LossFunctionWrapper(lambda y_true, y_pred, power: abs(y_pred - y_true) ** power, power=3)
    >>> float(loss([1.0], [3.0]))
    8.0
    """

    def __init__(
        self, fn: Callable[..., Any], reduction: str | None = "sum_over_batch_size", name: str | None = None,
        dtype: DTypeLike = None, **kwargs: Any,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.fn = fn
        if getattr(fn, "takes_labels_as_they_are", False):
            self._takes_labels_as_they_are = True
        self._fn_kwargs = kwargs
        for key, value in kwargs.items():
            setattr(self, key, value)

    def call(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        if len(y_true.shape) != len(y_pred.shape):
            y_true, y_pred = squeeze_or_expand_to_same_rank(as_tensor(y_true), y_pred)
        return self.fn(y_true, y_pred, **self._fn_kwargs)

    def get_config(self) -> Config:
        config = {**super().get_config(), **self._fn_kwargs}
        return {**config, "fn": self.fn} if type(self) is LossFunctionWrapper else config


def standardize_reduction(reduction: str | None) -> str | None:
    """Return `reduction`.

    Raises:
        ValueError: it is none of REDUCTIONS.
    """
    if reduction not in REDUCTIONS:
        raise ValueError(f"Loss: unknown reduction {reduction!r}; known: {', '.join(map(repr, REDUCTIONS))}")
    return reduction


# --- reduction ------------------------------------------------------------------------------------------------------


def _merge(mask, other):
    return other if mask is None else mask if other is None else np.logical_and(mask, other)


def apply_mask(sample_weight: Array | None, mask: Any, reduction: str | None) -> Array:
    """Return weights that leave out masked samples: 0 for them, and for a mean count/valid for the others.

    Args:
        sample_weight: Array or None.
        mask: Array of booleans, False for what is left out.
        reduction: The reduction that follows.

    Returns:
        Array, the shape of the mask and the weights together.
    """
    mask = np.asarray(mask.data if isinstance(mask, Tensor) else mask)
    weight = mask.astype(floatx() if sample_weight is None else sample_weight.dtype)
    if reduction in ("mean", "sum_over_batch_size"):
        share = shares.share()
        if share is None:
            weight *= mask.size / max(int(np.count_nonzero(mask)), 1)
        else:  # of the whole batch
            size, count = share.sum(np.array([mask.size, np.count_nonzero(mask)]) * (not share.is_spare))
            weight *= size / max(int(count), 1)
    if sample_weight is None:
        return weight
    weight, sample_weight = _same_rank_arrays(weight, sample_weight)
    return weight * sample_weight


def _same_rank_arrays(a, b):
    a, b = squeeze_or_expand_to_same_rank(Tensor.wrap(a), Tensor.wrap(b))
    return a.data, b.data


def reduce_weighted_values(
    values: Tensor, sample_weight: TensorLike | None = None, mask: Any = None,
    reduction: str | None = "sum_over_batch_size",
) -> Tensor:
    """Weigh losses and reduce them by the formulas at the head of this file. One tape node.

    Args:
        values: Tensor of losses.
        sample_weight: An array that broadcasts against them.
        mask: Booleans, True for the losses that count.
        reduction: One of REDUCTIONS.

    Returns:
        Scalar Tensor; the shape of `values` with reduction 'none'.

    Raises:
        ValueError: the weights do not fit, or a mean of no values is asked for.
    """
    values = as_float(values)
    weights: Any = None
    if sample_weight is not None or mask is not None:
        weights = None if sample_weight is None else to_array(sample_weight, values.data.dtype)
        if mask is not None:
            weights = apply_mask(weights, mask, reduction).astype(values.data.dtype, copy=False)
        values, fitted = squeeze_or_expand_to_same_rank(values, Tensor.wrap(weights))
        weights = fitted.data
        try:
            shape = np.broadcast_shapes(values.data.shape, weights.shape)
        except ValueError:
            raise ValueError(
                f"sample_weight of shape {weights.shape} does not fit losses of shape {values.data.shape}: pass one "
                "weight a sample, or one a loss."
            ) from None
        weighted = computed(np.multiply, values.data, weights)
    else:
        weighted = values.data
        shape = weighted.shape
    if reduction in ("none", None) or not shape:
        if weights is None:
            return values
        return record(np.asarray(weighted), (values,), lambda dy: (unbroadcast(dy * weights, values.data.shape),),
                      lambda dy, y: (sum_like(dy * weights, values),))
    if weighted.size == 0:
        raise ValueError(f"the loss of no samples does not exist. Got losses of shape {shape}.")

    divisor: float
    from_weights = reduction == "mean_with_sample_weight" and weights is not None
    if reduction == "sum":
        divisor = 1
    elif from_weights:
        divisor = float(np.sum(weights)) or np.inf  # no weight at all: the loss is 0
    else:
        divisor = weighted.size
    share = shares.share()
    if share is not None and reduction == "sum":  # no mean over samples: see tinynet/shares.py
        divisor = share.weight or np.inf
    elif share is not None and reduction == "mean_with_sample_weight" and weights is not None:
        total_weight = share.sum(np.array([float(np.sum(weights)) * (not share.is_spare)]))
        divisor = float(total_weight[0]) * share.weight or np.inf
    total = kernels.reduce_mean(weighted) if divisor == weighted.size else kernels.reduce_sum(weighted)
    if divisor not in (1, weighted.size):
        total = np.asarray(total / weighted.dtype.type(divisor))

    def backward(dy):
        def filled(dy):
            d_values = np.empty(shape, dy.dtype)
            d_values.fill(float(dy) / divisor)
            return d_values

        d_values = filled(dy) if from_weights else derived(filled, dy)
        if weights is not None:
            d_values = computed(np.multiply, d_values, weights)
        return (unbroadcast(d_values, values.data.shape),)

    def differentiable(dy, y):
        d_values = broadcast_to(dy / divisor, shape)
        return (sum_like(d_values if weights is None else d_values * weights, values),)

    return record(total, (values,), backward, differentiable)
