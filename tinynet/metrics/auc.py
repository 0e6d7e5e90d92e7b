"""AUC: the area under a curve that a threshold traces."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..config import epsilon
from ..core.checks import whole
from ..tensor import to_array
from .base import Metric, divide_no_nan
from .confusion import COUNTS, are_evenly_spaced, confusion_counts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..core.types import Config, DTypeLike, TensorLike
    from ..tensor import Tensor

CURVES = ("ROC", "PR", "PRGAIN")
METHODS = ("interpolation", "minoring", "majoring")


class AUC(Metric):
    """Area under the ROC curve (or the precision-recall curve), from counts at many thresholds.

    ROC: true positive rate over false positive rate. 1 separates the classes perfectly, 0.5 is guessing.

    Args:
        num_thresholds: Number of points of the curve, at least 2.
        curve: 'ROC', 'PR' (precision over recall) or 'PRGAIN' (precision gain over recall gain; Flach and Kull 2015).
        summation_method: 'interpolation' (trapezoids; for 'PR' after Davis and Goadrich 2006), 'minoring' (rectangles
            below) or 'majoring' (rectangles above).
        name, dtype: See `Metric`.
        thresholds: Thresholds in [0, 1], instead of `num_thresholds` evenly spaced ones.
        multi_label: Whether the result is the mean of one area a label (column); else all labels form one curve.
        num_labels: Number of labels with `multi_label`; taken from the first batch if None.
        label_weights: One weight a label.
        from_logits: Whether predictions are scores, to which the sigmoid is applied.

    Shapes: labels and predictions (batch, ...); with `multi_label` (batch, labels).

    Raises:
        ValueError: an argument is none of those named, or `num_labels` is given without `multi_label`.

    Source: Fawcett 2006, on ROC analysis.

    >>> metric = AUC(num_thresholds=3)
    >>> metric.update_state([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])
    >>> float(metric.result())
    0.75
    """

    _direction = "up"

    def __init__(
        self, num_thresholds: int = 200, curve: str = "ROC", summation_method: str = "interpolation",
        name: str | None = None, dtype: DTypeLike = None, thresholds: Sequence[float] | None = None,
        multi_label: bool = False, num_labels: int | None = None, label_weights: Sequence[float] | None = None,
        from_logits: bool = False,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.curve, self.summation_method = str(curve).upper(), str(summation_method).lower()
        if self.curve not in CURVES:
            raise ValueError(f"AUC: curve must be one of {CURVES}, got {curve!r}")
        if self.summation_method not in METHODS:
            raise ValueError(f"AUC: summation_method must be one of {METHODS}, got {summation_method!r}")
        self._own_thresholds = None if thresholds is None else sorted(thresholds)
        if thresholds is None:
            num_thresholds = whole(num_thresholds, "AUC", "num_thresholds", 2)
            inner = [i / (num_thresholds - 1) for i in range(1, num_thresholds - 1)]
        else:
            inner = sorted(thresholds)
        self.num_thresholds = len(inner) + 2
        self._evenly_spaced = thresholds is None or are_evenly_spaced([0.0, *inner, 1.0])
        # Beyond 0 and 1, so that the curve begins with all positive and ends with all negative.
        self.thresholds = [-epsilon(), *inner, 1 + epsilon()]
        if num_labels and not multi_label:
            raise ValueError("AUC: num_labels is for multi_label=True only")
        self.multi_label, self.num_labels = multi_label, num_labels
        self.label_weights = None if label_weights is None else np.asarray(label_weights, np.float64)
        self._from_logits = from_logits
        self._built = False
        if not multi_label or num_labels:
            self._build(num_labels)

    def _build(self, labels):
        shape = (self.num_thresholds, labels) if self.multi_label else (self.num_thresholds,)
        for count in COUNTS:
            setattr(self, count, self._add_total(count, shape))
        self._built = True

    def update_state(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Add a batch to the counts.

        Args:
            y_true: Labels, 0 or 1.
            y_pred: Probabilities (scores with `from_logits`), the same shape.
            sample_weight: One weight a sample, or one a value.

        Raises:
            ValueError: the shapes do not match.
        """
        y_pred = to_array(y_pred, "float32")
        if self._from_logits:
            y_pred = 0.5 + 0.5 * np.tanh(0.5 * y_pred)
        if self.multi_label:
            if y_pred.ndim != 2:
                raise ValueError(
                    f"AUC: multi_label=True needs predictions of shape (batch, labels), got {y_pred.shape}"
                )
            if not self._built:
                self._build(y_pred.shape[1])
        counts = confusion_counts(y_true, y_pred, self.thresholds, self._evenly_spaced, sample_weight,
                                  multi_label=self.multi_label, label_weights=self.label_weights)
        for name, value in zip(COUNTS, counts, strict=True):
            getattr(self, name).data += value

    def result(self) -> Tensor:
        if not self._built:
            return self._as_result(0)
        areas = (
            self._interpolated_pr()
            if (self.curve, self.summation_method) == ("PR", "interpolation")
            else self._riemann_sum()
        )
        areas = np.sum(areas, axis=0)
        if not self.multi_label:
            return self._as_result(areas)
        if self.label_weights is None:
            return self._as_result(np.mean(areas))
        return self._as_result(divide_no_nan(np.sum(areas * self.label_weights), np.sum(self.label_weights)))

    def _riemann_sum(self):
        """Area between each two neighbouring thresholds: width times height."""
        tp, fp, tn, fn = (getattr(self, name).data for name in COUNTS)
        if self.curve == "ROC":
            x, y = divide_no_nan(fp, fp + tn), divide_no_nan(tp, tp + fn)
        elif self.curve == "PR":
            x, y = divide_no_nan(tp, tp + fn), divide_no_nan(tp, tp + fp)
        else:
            odds = divide_no_nan(tp + fn, tn + fp)
            x = np.maximum(np.where(tp == 0, 0, 1 - odds * divide_no_nan(fn, tp)), 0)
            y = np.where(tp == 0, 1, 1 - odds * divide_no_nan(fp, tp))
        left, right = y[:-1], y[1:]
        height = {"interpolation": (left + right) / 2, "minoring": np.minimum(left, right),
                  "majoring": np.maximum(left, right)}
        return (x[:-1] - x[1:]) * height[self.summation_method]

    def _interpolated_pr(self):
        """Between two thresholds tp grows linearly with the number P called positive, tp = a + s P, and the area under
        precision tp / P over recall tp / (tp + fn) is s (dtp + a log(P' / P)) / (tp + fn)."""
        tp, fp, fn = self.true_positives.data, self.false_positives.data, self.false_negatives.data
        called = tp + fp
        d_tp = tp[:-1] - tp[1:]
        slope = divide_no_nan(d_tp, np.maximum(called[:-1] - called[1:], 0))
        intercept = tp[1:] - slope * called[1:]
        both = (called[:-1] > 0) & (called[1:] > 0)
        ratio = np.where(both, divide_no_nan(called[:-1], np.maximum(called[1:], 0)), 1)
        return divide_no_nan(slope * (d_tp + intercept * np.log(ratio)), np.maximum(tp[1:] + fn[1:], 0))

    def get_config(self) -> Config:
        config = {
            **super().get_config(), "num_thresholds": self.num_thresholds, "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label, "num_labels": self.num_labels,
            "label_weights": None if self.label_weights is None else self.label_weights.tolist(),
            "from_logits": self._from_logits,
        }
        return config if self._own_thresholds is None else {**config, "thresholds": list(self._own_thresholds)}
