"""Losses for probabilities: minus the log-likelihood of the labels, and variants of it.

The cross-entropies themselves are operations (`tinynet.ops`), with their own kernels. This file has what Keras adds to
them (label smoothing, ignored classes), and the losses made of several formulas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .. import ops
from ..config import epsilon
from ..core.checks import number
from ..core.errors import warn_user
from ..ops import cross_entropy, reduction
from ..runtime import kernels
from ..tape import record
from ..tensor import Tensor
from .base import LossFunctionWrapper
from .elements import (
    as_float,
    as_tensor,
    float_pair,
    mean_over_last,
    record_loss,
    reshaped,
    squeeze_or_expand_to_same_rank,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..core.types import DTypeLike, TensorLike


def _check_classes(operation, y_pred, axis):
    if isinstance(axis, bool):
        raise ValueError(f"{operation}: axis must be an int, got {axis!r}")
    if y_pred.data.shape[-1:] == (1,):
        warn_user(
            f"{operation}: y_pred has shape {y_pred.data.shape}, one class. For two classes with one output use "
            "'binary_crossentropy'.",
            SyntaxWarning,
        )


def _smoothing(label_smoothing, owner):
    return number(label_smoothing, owner, "label_smoothing", 0, 1)


def _smoothed(y_true, label_smoothing, classes):
    """(1 - s) t + s / classes: labels that are not quite sure (Szegedy et al. 2015, arXiv:1512.00567)."""
    return record(y_true.data * (1 - label_smoothing) + label_smoothing / classes, (y_true,),
                  lambda dy: (dy * (1 - label_smoothing),), lambda dy, y: (dy * (1 - label_smoothing),))


def categorical_crossentropy(
    y_true: TensorLike, y_pred: TensorLike, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1,
) -> Tensor:
    """-sum(t log p) over the classes.

    d/dp = sum(t) / sum(p) - t / p,  with `from_logits` d/dscore = softmax(score) sum(t) - t

    Args:
        y_true: One-hot labels or probabilities, shape (batch, ..., classes).
        y_pred: Probabilities (they are divided by their sum first), or scores with `from_logits`, the same shape.
        from_logits: Whether `y_pred` are scores, to which softmax is applied; more accurate than softmax in the model.
        label_smoothing: s from 0 to 1; t is replaced by (1 - s) t + s / classes.
        axis: The axis of classes.

    Returns:
        Tensor, y_pred's shape without the axis of classes.

    Raises:
        ValueError: the shapes do not match, or `label_smoothing` is not from 0 to 1.

    >>> float(categorical_crossentropy([0.0, 1.0], [0.5, 0.5]))  # doctest: +ELLIPSIS
    0.693147...
    """
    y_true, y_pred = float_pair("categorical_crossentropy", y_true, y_pred)
    _check_classes("categorical_crossentropy", y_pred, axis)
    if _smoothing(label_smoothing, "categorical_crossentropy"):
        y_true = _smoothed(y_true, label_smoothing, y_true.data.shape[-1])
    return cross_entropy.categorical_crossentropy(y_true, y_pred, from_logits=from_logits, axis=axis)


def sparse_categorical_crossentropy(
    y_true: TensorLike, y_pred: TensorLike, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1,
) -> Tensor:
    """-log(probability of the correct class).

    Args:
        y_true: Class of each sample as a number, shape (batch, ...) or (batch, ..., 1).
        y_pred: Probabilities (they are divided by their sum first), or scores with `from_logits`, shape (batch, ...,
            classes).
        from_logits: Whether `y_pred` are scores, to which softmax is applied; more accurate than softmax in the model.
        ignore_class: A label whose samples have loss 0 and do not count in the mean; -1 or 255 are usual.
        axis: The axis of classes.

    Returns:
        Tensor, y_pred's shape without the axis of classes.

    Raises:
        ValueError: a label is not a class, or the shapes do not match.

    >>> sparse_categorical_crossentropy([1], [[0.25, 0.75]]).numpy().round(4)
    array([0.2877], dtype=float32)
    """
    y_pred = as_tensor(y_pred)
    labels = _class_numbers(as_tensor(y_true), y_pred, axis)
    losses = cross_entropy.sparse_categorical_crossentropy(labels, y_pred, from_logits, axis, ignore_class)
    if ignore_class is not None:
        losses._keras_mask = labels.data != ignore_class
    return losses


sparse_categorical_crossentropy.takes_labels_as_they_are = True  # type: ignore[attr-defined]


def _class_numbers(y_true, y_pred, axis):
    """Labels (batch, ..., 1) without their last axis."""
    if len(y_true.data.shape) == len(y_pred.shape) and y_true.data.shape[axis] == 1:
        return reshaped(y_true, np.squeeze(y_true.data, axis).shape)
    return y_true


def binary_crossentropy(
    y_true: TensorLike, y_pred: TensorLike, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1,
) -> Tensor:
    """mean(-t log p - (1 - t) log(1 - p)) over `axis`.

    d/dp = ((1 - t) / (1 - p) - t / p) / n,  with `from_logits` d/dscore = (sigmoid(score) - t) / n

    Args:
        y_true: Labels, 0 or 1, shape (batch, ..., n).
        y_pred: Probability of 1, or scores with `from_logits`, the same shape.
        from_logits: Whether `y_pred` are scores, to which the sigmoid is applied; more accurate than one in the model.
        label_smoothing: s from 0 to 1; t is replaced by (1 - s) t + s / 2.
        axis: Axis over which the mean is taken.

    Returns:
        Tensor, shape (batch, ...).

    Raises:
        ValueError: the shapes do not match, or `label_smoothing` is not from 0 to 1.

    >>> binary_crossentropy([[1.0, 0.0]], [[0.5, 0.5]]).numpy().round(4)
    array([0.6931], dtype=float32)
    """
    y_true, y_pred = squeeze_or_expand_to_same_rank(*float_pair("binary_crossentropy", y_true, y_pred))
    if _smoothing(label_smoothing, "binary_crossentropy"):
        y_true = _smoothed(y_true, label_smoothing, 2)
    return reduction.mean(cross_entropy.binary_crossentropy(y_true, y_pred, from_logits=from_logits), axis=axis)


def kl_divergence(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """sum(t log(t / p)) over the last axis, with t and p clipped to [epsilon, 1].

    d/dp = -t / p where p was not clipped

    Args:
        y_true: Target probabilities, shape (batch, ..., classes).
        y_pred: Predicted probabilities, the same shape.

    Returns:
        Tensor, shape (batch, ...).

    Raises:
        ValueError: the shapes do not match.

    Source: Kullback and Leibler 1951.

    >>> kl_divergence([[0.5, 0.5]], [[0.5, 0.5]]).numpy()
    array([0.], dtype=float32)
    """
    y_true, y_pred = float_pair("kl_divergence", y_true, y_pred)
    t, p = np.clip(y_true.data, epsilon(), 1), np.clip(y_pred.data, epsilon(), 1)
    log_ratio = np.log(t / p)
    return record_loss(
        kernels.reduce_sum(t * log_ratio, -1, False), y_true, y_pred,
        lambda dy: dy[..., None] * (-t / p * (p == y_pred.data)),
        lambda dy: dy[..., None] * ((log_ratio + 1) * (t == y_true.data)),
        lambda t, p: _divergence(ops.clip(t, epsilon(), 1), ops.clip(p, epsilon(), 1)),
    )


def _divergence(t, p):
    return ops.sum(t * ops.log(t / p), -1)


def binary_focal_crossentropy(
    y_true: TensorLike, y_pred: TensorLike, apply_class_balancing: bool = False, alpha: float = 0.25,
    gamma: float = 2.0, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1,
) -> Tensor:
    """mean(a (1 - q)^gamma b) over `axis`: the binary cross-entropy b, reduced for samples that are already right.

    q = t p + (1 - t)(1 - p) is the probability of the correct answer. a = t alpha + (1 - t)(1 - alpha) with
    `apply_class_balancing`, else 1.

    d/dp = a ((1 - q)^gamma db/dp - gamma (1 - q)^(gamma - 1) (2 t - 1) b),  db/dp = (1 - t) / (1 - p) - t / p

    Args:
        y_true: Labels, 0 or 1, shape (batch, ..., n).
        y_pred: Probability of 1, or scores with `from_logits`, the same shape.
        apply_class_balancing: Whether class 1 is weighted by alpha and class 0 by 1 - alpha.
        alpha: Weight of class 1.
        gamma: Exponent of the reduction; 0 is the plain cross-entropy.
        from_logits: Whether `y_pred` are scores, to which the sigmoid is applied.
        label_smoothing: s from 0 to 1; t is replaced by (1 - s) t + s / 2.
        axis: Axis over which the mean is taken.

    Returns:
        Tensor, shape (batch, ...).

    Raises:
        ValueError: the shapes do not match, or `label_smoothing` is not from 0 to 1.

    Source: Lin et al. 2017, arXiv:1708.02002.

    >>> binary_focal_crossentropy([[1.0]], [[0.9]]).numpy().round(6)  # 0.1^2 times the cross-entropy 0.105361
    array([0.001054], dtype=float32)
    """
    y_true, y_pred = squeeze_or_expand_to_same_rank(*float_pair("binary_focal_crossentropy", y_true, y_pred))
    t, p = y_true.data, y_pred.data
    if _smoothing(label_smoothing, "binary_focal_crossentropy"):
        t = t * (1 - label_smoothing) + 0.5 * label_smoothing
    if from_logits:
        p = 0.5 + 0.5 * np.tanh(0.5 * p)  # the sigmoid
    clipped = np.clip(p, epsilon(), 1 - epsilon())
    b = -t * np.log(clipped) - (1 - t) * np.log(1 - clipped)
    wrong = 1 - t * p - (1 - t) * (1 - p)
    focus = wrong**gamma
    weight = t * alpha + (1 - t) * (1 - alpha) if apply_class_balancing else 1

    def derivative():
        db = ((1 - t) / (1 - clipped) - t / clipped) * (clipped == p)
        dp = weight * (focus * db - gamma * wrong ** (gamma - 1) * (2 * t - 1) * b)
        return dp * p * (1 - p) if from_logits else dp

    def formula(_, p):
        p = ops.sigmoid(p) if from_logits else p
        clipped = ops.clip(p, epsilon(), 1 - epsilon())
        b = -t * ops.log(clipped) - (1 - t) * ops.log(1 - clipped)
        return weight * (1 - t * p - (1 - t) * (1 - p)) ** gamma * b

    elements = weight * focus * b
    if axis in (-1, elements.ndim - 1):
        return mean_over_last(elements, y_true, y_pred, derivative, formula=formula)
    return reduction.mean(record_loss(elements, y_true, y_pred, lambda dy: dy * derivative(), formula=formula), axis)


def _softmax(x, axis):
    exponentials = np.exp(x - kernels.reduce_max(x, axis, True))
    return exponentials / kernels.reduce_sum(exponentials, axis, True)


def categorical_focal_crossentropy(
    y_true: TensorLike, y_pred: TensorLike, alpha: TensorLike = 0.25, gamma: float = 2.0, from_logits: bool = False,
    label_smoothing: float = 0.0, axis: int = -1,
) -> Tensor:
    """sum(alpha (1 - p)^gamma (-t log p)) over the classes: the cross-entropy, reduced where p is already high.

    d/dp = alpha t (gamma (1 - p)^(gamma - 1) log p - (1 - p)^gamma / p)

    Args:
        y_true: One-hot labels, shape (batch, ..., classes).
        y_pred: Probabilities, or scores with `from_logits`, the same shape.
        alpha: Weight of the loss, a number or one a class.
        gamma: Exponent of the reduction; 0 is the plain cross-entropy times alpha.
        from_logits: Whether `y_pred` are scores, to which softmax is applied.
        label_smoothing: s from 0 to 1; t is replaced by (1 - s) t + s / classes.
        axis: The axis of classes.

    Returns:
        Tensor, y_pred's shape without the axis of classes.

    Raises:
        ValueError: the shapes do not match, or `label_smoothing` is not from 0 to 1.

    Source: Lin et al. 2017, arXiv:1708.02002.

    >>> categorical_focal_crossentropy([[0.0, 1.0]], [[0.1, 0.9]], alpha=1.0).numpy().round(6)
    array([0.001054], dtype=float32)
    """
    y_true, y_pred = float_pair("categorical_focal_crossentropy", y_true, y_pred)
    _check_classes("categorical_focal_crossentropy", y_pred, axis)
    t = y_true.data
    if _smoothing(label_smoothing, "categorical_focal_crossentropy"):
        t = t * (1 - label_smoothing) + label_smoothing / t.shape[-1]
    scores = _softmax(y_pred.data, axis) if from_logits else y_pred.data
    total = kernels.reduce_sum(scores, axis, True)
    p = scores / total
    clipped = np.clip(p, epsilon(), 1 - epsilon())
    log_p = np.log(clipped)
    focus = alpha * (1 - clipped) ** gamma

    def d_pred(dy):
        dp = t * (alpha * gamma * (1 - clipped) ** (gamma - 1) * log_p - focus / clipped) * (clipped == p)
        dp = np.expand_dims(dy, axis) * dp
        d_scores = (dp - kernels.reduce_sum(dp * p, axis, True)) / total  # p = scores / sum(scores)
        return d_scores if not from_logits else scores * (d_scores - kernels.reduce_sum(d_scores * scores, axis, True))

    def formula(_, p):
        p = ops.softmax(p, axis) if from_logits else p
        clipped = ops.clip(p / ops.sum(p, axis, True), epsilon(), 1 - epsilon())
        return ops.sum(alpha * (1 - clipped) ** gamma * -t * ops.log(clipped), axis)

    losses = kernels.reduce_sum(focus * -t * log_p, axis, False)
    return record_loss(losses, y_true, y_pred, d_pred, formula=formula)


def categorical_generalized_cross_entropy(y_true: TensorLike, y_pred: TensorLike, q: float) -> Tensor:
    """(1 - p^q) / q, with p the probability of the correct class.

    It lies between cross-entropy (q -> 0) and absolute error (q = 1). Wrong labels disturb it less than they disturb
    cross-entropy.

    d/dp = -p^(q - 1)

    Args:
        y_true: Class of each sample as a number, shape (batch, ...) or (batch, ..., 1).
        y_pred: Probabilities, shape (batch, ..., classes).
        q: Between 0 and 1.

    Returns:
        Tensor, shape (batch, ...).

    Source: Zhang and Sabuncu 2018, arXiv:1805.07836.

    >>> categorical_generalized_cross_entropy([1], [[0.75, 0.25]], q=0.5).numpy()
    array([1.], dtype=float32)
    """
    y_pred = as_float(y_pred)
    y_true = _class_numbers(as_tensor(y_true), y_pred, -1)
    # A label outside the classes selects nothing.
    chosen = y_true.data[..., None].astype(np.int64) == np.arange(y_pred.data.shape[-1])
    p = kernels.reduce_sum(y_pred.data * chosen, -1, False)

    def d_pred(dy):
        with np.errstate(divide="ignore"):
            slope = -dy * p ** (q - 1)
        return np.where(chosen, slope[..., None], 0).astype(y_pred.data.dtype, copy=False)

    return record_loss(np.asarray((1 - p**q) / q), y_true, y_pred, d_pred,
                       formula=lambda _, p: (1 - ops.sum(ops.where(chosen, p, 0.0), -1) ** q) / q)


class BinaryCrossentropy(LossFunctionWrapper):
    """mean(-t log p - (1 - t) log(1 - p)): `binary_crossentropy`, reduced over the batch.

    Args:
        from_logits: Whether `y_pred` are scores, to which the sigmoid is applied; False for probabilities.
        label_smoothing: s from 0 to 1; t is replaced by (1 - s) t + s / 2.
        axis: Axis over which the mean of one sample is taken.
        reduction, name, dtype: See `Loss`.

    Shapes: targets and predictions (batch, ..., n).

    Raises:
        ValueError: `label_smoothing` is not from 0 to 1.

    >>> round(float(BinaryCrossentropy(from_logits=True)([[1.0], [0.0]], [[0.0], [0.0]])), 4)
    0.6931
    """

    def __init__(
        self, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1,
        reduction: str | None = "sum_over_batch_size", name: str = "binary_crossentropy", dtype: DTypeLike = None,
    ) -> None:
        _smoothing(label_smoothing, "BinaryCrossentropy")
        super().__init__(binary_crossentropy, name=name, reduction=reduction, dtype=dtype, from_logits=from_logits,
                         label_smoothing=label_smoothing, axis=axis)


class CategoricalCrossentropy(LossFunctionWrapper):
    """-sum(t log p) over the classes: `categorical_crossentropy`, reduced over the batch.

    Args:
        from_logits: Whether `y_pred` are scores, to which softmax is applied; False for probabilities.
        label_smoothing: s from 0 to 1; t is replaced by (1 - s) t + s / classes.
        axis: The axis of classes.
        reduction, name, dtype: See `Loss`.

    Shapes: targets (one-hot) and predictions (batch, ..., classes).

    Raises:
        ValueError: `label_smoothing` is not from 0 to 1.

    >>> round(float(CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
    0.6931
    """

    def __init__(
        self, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1,
        reduction: str | None = "sum_over_batch_size", name: str = "categorical_crossentropy", dtype: DTypeLike = None,
    ) -> None:
        _smoothing(label_smoothing, "CategoricalCrossentropy")
        super().__init__(categorical_crossentropy, name=name, reduction=reduction, dtype=dtype, from_logits=from_logits,
                         label_smoothing=label_smoothing, axis=axis)


class SparseCategoricalCrossentropy(LossFunctionWrapper):
    """-log(probability of the correct class): `sparse_categorical_crossentropy`, reduced over the batch.

    Args:
        from_logits: Whether `y_pred` are scores, to which softmax is applied; False for probabilities.
        ignore_class: A label whose samples do not count.
        axis: The axis of classes.
        reduction, name, dtype: See `Loss`.

    Shapes: targets (batch, ...) or (batch, ..., 1), predictions (batch, ..., classes).

    >>> float(SparseCategoricalCrossentropy()([1, 0], [[0.5, 0.5], [0.5, 0.5]]))  # doctest: +ELLIPSIS
    0.693147...
    """

    _takes_labels_as_they_are = True

    def __init__(
        self, from_logits: bool = False, ignore_class: int | None = None, reduction: str | None = "sum_over_batch_size",
        axis: int = -1, name: str = "sparse_categorical_crossentropy", dtype: DTypeLike = None,
    ) -> None:
        super().__init__(sparse_categorical_crossentropy, name=name, reduction=reduction, dtype=dtype,
                         from_logits=from_logits, ignore_class=ignore_class, axis=axis)

    def __call__(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> Tensor:
        """The loss of a batch; see `Loss.__call__`."""
        if (
            sample_weight is None and type(y_true) is np.ndarray and y_true.ndim == 1 and y_true.dtype.kind in "iu"
            and type(y_pred) is Tensor and y_pred.data.ndim == 2 and 0 < len(y_true) == len(y_pred.data)
            and y_pred.data.size and y_pred.data.dtype.kind == "f" and y_pred._keras_mask is None
            and self._is_mean_of_logits()
        ):  # each step of training: labels (batch,), scores (batch, classes)
            return cross_entropy.mean_sparse_softmax_cross_entropy(y_true, y_pred)
        return super().__call__(y_true, y_pred, sample_weight)

    def _is_mean_of_logits(self):
        options = self._fn_kwargs
        return (options["from_logits"] is True and options["ignore_class"] is None and options["axis"] == -1
                and self._dtype is None and self.reduction in ("sum_over_batch_size", "mean")
                and type(self) is SparseCategoricalCrossentropy and self.fn is sparse_categorical_crossentropy)


class KLDivergence(LossFunctionWrapper):
    """sum(t log(t / p)) over the last axis: `kl_divergence`, reduced over the batch.

    Args:
        reduction, name, dtype: See `Loss`.

    Shapes: targets and predictions (batch, ..., classes).

    >>> float(KLDivergence()([[0.5, 0.5]], [[0.5, 0.5]]))
    0.0
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "kl_divergence", dtype: DTypeLike = None,
    ) -> None:
        super().__init__(kl_divergence, name=name, reduction=reduction, dtype=dtype)


class BinaryFocalCrossentropy(LossFunctionWrapper):
    """mean(a (1 - q)^gamma b): `binary_focal_crossentropy`, reduced over the batch.

    Args:
        apply_class_balancing: Whether class 1 is weighted by alpha and class 0 by 1 - alpha.
        alpha: Weight of class 1.
        gamma: Exponent of the reduction for samples that are already right; 0 is the plain cross-entropy.
        from_logits, label_smoothing, axis: See `BinaryCrossentropy`.
        reduction, name, dtype: See `Loss`.

    Shapes: targets and predictions (batch, ..., n).

    Raises:
        ValueError: `label_smoothing` is not from 0 to 1.

    >>> round(float(BinaryFocalCrossentropy()([[1.0]], [[0.9]])), 6)
    0.001054
    """

    def __init__(
        self, apply_class_balancing: bool = False, alpha: float = 0.25, gamma: float = 2.0, from_logits: bool = False,
        label_smoothing: float = 0.0, axis: int = -1, reduction: str | None = "sum_over_batch_size",
        name: str = "binary_focal_crossentropy", dtype: DTypeLike = None,
    ) -> None:
        _smoothing(label_smoothing, "BinaryFocalCrossentropy")
        super().__init__(binary_focal_crossentropy, name=name, reduction=reduction, dtype=dtype,
                         apply_class_balancing=apply_class_balancing, alpha=alpha, gamma=gamma, from_logits=from_logits,
                         label_smoothing=label_smoothing, axis=axis)


class CategoricalFocalCrossentropy(LossFunctionWrapper):
    """sum(alpha (1 - p)^gamma (-t log p)): `categorical_focal_crossentropy`, reduced over the batch.

    Args:
        alpha: Weight of the loss, a number or one a class.
        gamma: Exponent of the reduction for classes that are already right.
        from_logits, label_smoothing, axis: See `CategoricalCrossentropy`.
        reduction, name, dtype: See `Loss`.

    Shapes: targets (one-hot) and predictions (batch, ..., classes).

    Raises:
        ValueError: `label_smoothing` is not from 0 to 1.

    >>> round(float(CategoricalFocalCrossentropy(alpha=1.0)([[0.0, 1.0]], [[0.1, 0.9]])), 6)
    0.001054
    """

    def __init__(
        self, alpha: float | Sequence[float] = 0.25, gamma: float = 2.0, from_logits: bool = False,
        label_smoothing: float = 0.0, axis: int = -1, reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_focal_crossentropy", dtype: DTypeLike = None,
    ) -> None:
        _smoothing(label_smoothing, "CategoricalFocalCrossentropy")
        super().__init__(categorical_focal_crossentropy, name=name, reduction=reduction, dtype=dtype, alpha=alpha,
                         gamma=gamma, from_logits=from_logits, label_smoothing=label_smoothing, axis=axis)


class CategoricalGeneralizedCrossEntropy(LossFunctionWrapper):
    """(1 - p^q) / q: `categorical_generalized_cross_entropy`, reduced over the batch.

    Args:
        q: Between 0 and 1, both excluded.
        reduction, name, dtype: See `Loss`.

    Shapes: targets (batch, ...) as class numbers, predictions (batch, ..., classes).

    Raises:
        ValueError: `q` does not lie between 0 and 1.

    >>> float(CategoricalGeneralizedCrossEntropy(q=0.5)([1], [[0.75, 0.25]]))
    1.0
    """

    _takes_labels_as_they_are = True

    def __init__(
        self, q: float = 0.5, reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_generalized_cross_entropy", dtype: DTypeLike = None,
    ) -> None:
        if not 0 < q < 1:
            raise ValueError(f"CategoricalGeneralizedCrossEntropy: q must lie between 0 and 1, got {q}")
        super().__init__(categorical_generalized_cross_entropy, name=name, reduction=reduction, dtype=dtype, q=q)
