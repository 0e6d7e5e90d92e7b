"""Metrics of yes-no decisions at thresholds: a probability above the threshold is a yes.

                 label 1              label 0
    said yes     true positive (tp)   false positive (fp)
    said no      false negative (fn)  true negative (tn)
"""

from __future__ import annotations

import numbers
from typing import TYPE_CHECKING

import numpy as np

from ..config import epsilon
from ..core.checks import whole
from ..tensor import to_array
from .base import Metric, divide_no_nan, same_rank

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..core.types import Array, Config, DTypeLike, TensorLike
    from ..tensor import Tensor

COUNTS = ("true_positives", "false_positives", "true_negatives", "false_negatives")

_BELOW_ALL = -1e10  # the score of a class that is not among the top k


def parse_thresholds(name: str, thresholds: float | Sequence[float], default: float) -> list[float]:
    """Thresholds as a list of floats in [0, 1]; [default] if None."""
    if thresholds is None:
        return [default]
    thresholds = list(thresholds) if isinstance(thresholds, list | tuple | np.ndarray) else [thresholds]
    wrong = [t for t in thresholds if not (isinstance(t, numbers.Real) and 0 <= t <= 1)]
    if wrong:
        raise ValueError(f"{name}: thresholds must lie in [0, 1], got {wrong}")
    return thresholds


def are_evenly_spaced(thresholds: Sequence[float]) -> bool:
    """Whether they are 0, 1/n, 2/n, ..., 1: then each prediction's bucket can be computed, with no comparisons."""
    n = len(thresholds)
    return n >= 3 and np.allclose(thresholds, np.arange(n) / (n - 1), atol=epsilon())


def confusion_counts(
    y_true: TensorLike, y_pred: TensorLike, thresholds: Sequence[float], evenly_spaced: bool = False,
    sample_weight: TensorLike | None = None, top_k: int | None = None, class_id: int | None = None,
    multi_label: bool = False, label_weights: Sequence[float] | None = None,
) -> tuple[Array, Array, Array, Array]:
    """Weighted counts (tp, fp, tn, fn) at each threshold.

    Args:
        y_true: Labels, 0 or not 0, shape (batch, ...).
        y_pred: Probabilities, the same shape.
        thresholds: One for each count to return.
        evenly_spaced: Whether the thresholds are, up to an epsilon at the ends.
        sample_weight: One weight a sample, or one a value.
        top_k: Only the k highest scores of a row can be a yes.
        class_id: Look at this class (index along the last axis) only.
        multi_label: Count each label (column) apart.
        label_weights: One weight a label.

    Returns:
        Four arrays, shape (thresholds,), with `multi_label` (thresholds, labels).
    """
    y_pred, y_true = same_rank(to_array(y_pred, "float32"), to_array(y_true, "float32"))
    weights = np.ones(1)
    if sample_weight is not None:
        weights = to_array(sample_weight, "float64")[..., None]
        _, weights = same_rank(y_true, weights, expand_rank_1=False)
    if top_k is not None:
        order = np.argsort(-y_pred, axis=-1, kind="stable")[..., :top_k]
        limited = np.full_like(y_pred, _BELOW_ALL)
        np.put_along_axis(limited, order, np.take_along_axis(y_pred, order, -1), -1)
        y_pred = limited
    if class_id is not None:
        if y_pred.ndim == 1:
            raise ValueError(f"class_id={class_id} needs predictions of shape (batch, classes), got {y_pred.shape}")
        if class_id >= y_pred.shape[-1]:
            raise ValueError(f"class_id={class_id} does not exist among the {y_pred.shape[-1]} classes of predictions "
                             f"of shape {y_pred.shape}; they are numbered from 0")
        y_true, y_pred = y_true[..., class_id, None], y_pred[..., class_id, None]
    if y_true.shape != y_pred.shape:
        raise ValueError(f"labels of shape {y_true.shape} do not match predictions of shape {y_pred.shape}")
    try:
        weights = np.broadcast_to(weights, y_pred.shape)
    except ValueError:
        raise ValueError(
            f"sample_weight of shape {np.shape(sample_weight)} does not fit predictions of shape {y_pred.shape}: "
            "pass one weight a sample, or one a value."
        ) from None
    if label_weights is not None and not multi_label:
        weights = weights * np.asarray(label_weights)

    labels = y_pred.shape[-1] if multi_label else 1
    positive, scores, weights = ((x if multi_label else x.reshape(-1, 1)) for x in (y_true != 0, y_pred, weights))
    true_weights, false_weights = np.where(positive, weights, 0.0), np.where(positive, 0.0, weights)
    count = _count_evenly if evenly_spaced else _count
    tp, fp = count(scores, true_weights, thresholds), count(scores, false_weights, thresholds)
    tn, fn = false_weights.sum(axis=0) - fp, true_weights.sum(axis=0) - tp
    shape = (len(thresholds), labels) if multi_label else (len(thresholds),)
    return tuple(x.reshape(shape) for x in (tp, fp, tn, fn))


def _count(scores, weights, thresholds):
    """Sum of the weights of the scores above each threshold. scores[sample][label] -> result[threshold][label]"""
    return np.stack([np.sum(weights, axis=0, where=scores > np.float32(t)) for t in thresholds])


def _count_evenly(scores, weights, thresholds):
    """The same for thresholds i / (n - 1): a histogram of the scores, summed up from the top."""
    n, labels = len(thresholds), scores.shape[1]
    bucket = (np.ceil(np.clip(scores, 0, 1) * np.float32(n - 1)) - 1).astype(np.int64)
    if thresholds[0] < 0 or thresholds[-1] > 1:
        bucket = np.maximum(bucket, 0)  # even a score of 0 is above the lowest threshold, -epsilon
    kept = bucket >= 0
    cell = bucket * labels + np.arange(labels)
    histogram = np.bincount(cell[kept], weights[kept], minlength=n * labels).reshape(n, labels)
    return np.cumsum(histogram[::-1], axis=0)[::-1]


class ConfusionMetric(Metric):
    """Base of the metrics that add up some of the four counts.

    Args:
        counts: Which of COUNTS, as states of these names.
        thresholds: At which they are taken.
        shape: Of each state; one value a threshold if None.
    """

    def __init__(
        self, counts: Sequence[str], thresholds: list[float], class_id: int | None = None, top_k: int | None = None,
        name: str | None = None, dtype: DTypeLike = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.thresholds = thresholds
        owner = type(self).__name__
        self.class_id = class_id if class_id is None else whole(class_id, owner, "class_id", 0)
        self.top_k = top_k if top_k is None else whole(top_k, owner, "top_k", 1)
        self._evenly_spaced = are_evenly_spaced(thresholds)
        self._counts = counts
        for count in counts:
            setattr(self, count, self._add_total(count, (len(thresholds),)))

    def update_state(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Take in a batch.

        Args:
            y_true: Labels, 0 or 1.
            y_pred: Probabilities, the same shape.
            sample_weight: One weight a sample, or one a value.
        """
        counts = confusion_counts(y_true, y_pred, self.thresholds, self._evenly_spaced, sample_weight, self.top_k,
                                  self.class_id)
        for name, value in zip(COUNTS, counts, strict=True):
            if name in self._counts:
                getattr(self, name).data += value

    def _at_thresholds(self, values):
        """One number for a single threshold, else one a threshold."""
        return self._as_result(values[0] if len(self.thresholds) == 1 else values)


class _Count(ConfusionMetric):
    """One of the four counts."""

    _count = None

    def __init__(
        self, thresholds: float | Sequence[float] | None = None, name: str | None = None, dtype: DTypeLike = None,
    ) -> None:
        super().__init__((self._count,), parse_thresholds(type(self).__name__, thresholds, 0.5), name=name, dtype=dtype)
        self.init_thresholds = thresholds

    def result(self) -> Tensor:
        return self._at_thresholds(getattr(self, self._count).data)

    def get_config(self) -> Config:
        return {**super().get_config(), "thresholds": self.init_thresholds}


class TruePositives(_Count):
    """How many were rightly called positive, at each threshold (0.5 if None)."""

    _count = "true_positives"


class FalsePositives(_Count):
    """How many were wrongly called positive, at each threshold (0.5 if None)."""

    _count = "false_positives"


class TrueNegatives(_Count):
    """How many were rightly called negative, at each threshold (0.5 if None)."""

    _count = "true_negatives"


class FalseNegatives(_Count):
    """How many were wrongly called negative, at each threshold (0.5 if None)."""

    _count = "false_negatives"


class _Quotient(ConfusionMetric):
    """tp / (tp + one of the errors)."""

    _direction = "up"
    _error = None

    def __init__(
        self, thresholds: float | Sequence[float] | None = None, top_k: int | None = None, class_id: int | None = None,
        name: str | None = None, dtype: DTypeLike = None,
    ) -> None:
        default = 0.5 if top_k is None else _BELOW_ALL
        super().__init__(("true_positives", self._error), parse_thresholds(type(self).__name__, thresholds, default),
                         class_id, top_k, name, dtype)
        self.init_thresholds = thresholds

    def result(self) -> Tensor:
        tp = self.true_positives.data
        return self._at_thresholds(divide_no_nan(tp, tp + getattr(self, self._error).data))

    def get_config(self) -> Config:
        return {**super().get_config(), "thresholds": self.init_thresholds, "top_k": self.top_k,
                "class_id": self.class_id}


class Precision(_Quotient):
    """tp / (tp + fp): how many of those called positive are.

    Args:
        thresholds: One or several in [0, 1]; 0.5 if None, and any of the top k with `top_k`.
        top_k: Only the k highest scores of a row count as positive.
        class_id: Look at this class only.

    >>> metric = Precision()
    >>> metric.update_state([0, 1, 1, 1], [1, 0, 1, 1])
    >>> round(float(metric.result()), 4)
    0.6667
    """

    _error = "false_positives"


class Recall(_Quotient):
    """tp / (tp + fn): how many of the positive ones were called so.

    Args:
        thresholds: One or several in [0, 1]; 0.5 if None, and any of the top k with `top_k`.
        top_k: Only the k highest scores of a row count as positive.
        class_id: Look at this class only.
    """

    _error = "false_negatives"


class _BestUnderConstraint(ConfusionMetric):
    """The best of one rate over the thresholds at which another is at least `value`."""

    _direction = "up"
    _value_name = None

    def __init__(
        self, value: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None,
        dtype: DTypeLike = None,
    ) -> None:
        if not 0 <= value <= 1:
            raise ValueError(f"{type(self).__name__}: {self._value_name} must lie in [0, 1], got {value}")
        if num_thresholds <= 0:
            raise ValueError(f"{type(self).__name__}: num_thresholds must be positive, got {num_thresholds}")
        super().__init__(COUNTS, [0.5]
                         if num_thresholds == 1 else [i / (num_thresholds - 1) for i in range(num_thresholds)],
                         class_id, name=name, dtype=dtype)
        self._evenly_spaced = num_thresholds > 1
        self.value = value
        self.num_thresholds = num_thresholds

    def _rates(self):
        tp, fp, tn, fn = (getattr(self, name).data for name in COUNTS)
        return {
            "sensitivity": divide_no_nan(tp, tp + fn), "recall": divide_no_nan(tp, tp + fn),
            "specificity": divide_no_nan(tn, tn + fp), "precision": divide_no_nan(tp, tp + fp),
        }

    _best = None

    def result(self) -> Tensor:
        rates = self._rates()
        # The limit is met in float32, in which a rate of 0.4 is as large as 0.4.
        feasible = rates[self._value_name].astype(np.float32) >= np.float32(self.value)
        return self._as_result(np.max(np.where(feasible, rates[self._best], 0), initial=0))

    def get_config(self) -> Config:
        return {**super().get_config(), self._value_name: self.value, "num_thresholds": self.num_thresholds,
                "class_id": self.class_id}


class SensitivityAtSpecificity(_BestUnderConstraint):
    """The best sensitivity tp / (tp + fn) at a threshold where the specificity tn / (tn + fp) is at least
    `specificity`.
    """

    _value_name, _best = "specificity", "sensitivity"

    def __init__(
        self, specificity: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None,
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(specificity, num_thresholds, class_id, name, dtype)
        self.specificity = specificity


class SpecificityAtSensitivity(_BestUnderConstraint):
    """The best specificity tn / (tn + fp) at a threshold where the sensitivity tp / (tp + fn) is at least
    `sensitivity`.
    """

    _value_name, _best = "sensitivity", "specificity"

    def __init__(
        self, sensitivity: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None,
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)
        self.sensitivity = sensitivity


class PrecisionAtRecall(_BestUnderConstraint):
    """The best precision tp / (tp + fp) at a threshold where the recall tp / (tp + fn) is at least `recall`."""

    _value_name, _best = "recall", "precision"

    def __init__(
        self, recall: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None,
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(recall, num_thresholds, class_id, name, dtype)
        self.recall = recall


class RecallAtPrecision(_BestUnderConstraint):
    """The best recall tp / (tp + fn) at a threshold where the precision tp / (tp + fp) is at least `precision`."""

    _value_name, _best = "precision", "recall"

    def __init__(
        self, precision: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None,
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(precision, num_thresholds, class_id, name, dtype)
        self.precision = precision
