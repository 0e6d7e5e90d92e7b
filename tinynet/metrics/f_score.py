"""F scores: precision and recall in one number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..config import epsilon
from ..tensor import to_array
from .base import Metric

if TYPE_CHECKING:
    from ..core.types import Config, DTypeLike, TensorLike
    from ..tensor import Tensor

_STATES = ("true_positives", "false_positives", "false_negatives", "intermediate_weights")


class FBetaScore(Metric):
    """(1 + beta^2) precision recall / (beta^2 precision + recall): recall counts beta times as much as precision.

    Args:
        average: None returns one score a class. 'micro' counts all classes together, 'macro' is the mean over the
            classes, 'weighted' the mean weighted by how often a class occurs.
        beta: Weight of recall, a float above 0.
        threshold: A probability above it is called positive, in (0, 1]; None: the largest of each row is.
        name, dtype: See `Metric`.

    Shapes: labels and probabilities (batch, classes) -> scalar, or (classes,) with average=None.

    Raises:
        ValueError: an argument is none of those named.

    Source: van Rijsbergen 1979.

    >>> metric = FBetaScore("macro", beta=2.0, threshold=0.5)
    >>> metric.update_state([[1, 1], [1, 0]], [[0.9, 0.8], [0.2, 0.7]])
    >>> round(float(metric.result()), 4)
    0.6944
    """

    _direction = "up"

    def __init__(
        self, average: str | None = None, beta: float = 1.0, threshold: float | None = None, name: str = "fbeta_score",
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        kind = type(self).__name__
        if average not in (None, "micro", "macro", "weighted"):
            raise ValueError(f"{kind}: average must be None, 'micro', 'macro' or 'weighted', got {average!r}")
        if not isinstance(beta, float) or beta <= 0:
            raise ValueError(f"{kind}: beta must be a positive float, got {beta!r}")
        if threshold is not None and not (isinstance(threshold, float) and 0 < threshold <= 1):
            raise ValueError(f"{kind}: threshold must be a float in (0, 1], got {threshold!r}")
        self.average, self.beta, self.threshold = average, beta, threshold
        self._built = False

    def update_state(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Add a batch to the counts.

        Args:
            y_true: Labels, 0 or 1, shape (batch, classes).
            y_pred: Probabilities, the same shape.
            sample_weight: One weight a sample.

        Raises:
            ValueError: the shapes are not (batch, classes).
        """
        y_true, y_pred = to_array(y_true, self._dtype), to_array(y_pred, self._dtype)
        if y_pred.ndim != 2 or y_true.shape != y_pred.shape:
            raise ValueError(
                f"{type(self).__name__}: expected shapes (batch, classes). "
                f"Got y_true {y_true.shape}, y_pred {y_pred.shape}."
            )
        if not self._built:
            for name in _STATES:
                setattr(self, name, self._add_total(name, () if self.average == "micro" else y_pred.shape[1:]))
            self._built = True
        if self.threshold is None:
            positive = (y_pred >= y_pred.max(axis=-1, keepdims=True)) & (np.abs(y_pred) > 1e-9)
        else:
            positive = y_pred > self.threshold
        weights = 1.0 if sample_weight is None else to_array(sample_weight, "float64")[:, None]
        axis = None if self.average == "micro" else 0
        parts = positive * y_true, positive * (1 - y_true), ~positive * y_true, y_true
        for name, part in zip(_STATES, parts, strict=True):
            getattr(self, name).data += np.sum(part * weights, axis=axis, dtype=np.float64)

    def result(self) -> Tensor:
        if not self._built:
            return self._as_result(0)
        tp, fp, fn, occurrences = (getattr(self, name).data for name in _STATES)
        precision, recall = tp / (tp + fp + epsilon()), tp / (tp + fn + epsilon())
        scores = (1 + self.beta**2) * precision * recall / (self.beta**2 * precision + recall + epsilon())
        if self.average == "weighted":
            scores = np.sum(scores * occurrences / (np.sum(occurrences) + epsilon()))
        elif self.average is not None:
            scores = np.mean(scores)
        return self._as_result(scores)

    def get_config(self) -> Config:
        return {**super().get_config(), "average": self.average, "beta": self.beta, "threshold": self.threshold}


class F1Score(FBetaScore):
    """2 precision recall / (precision + recall).

    Args:
        average, threshold: See `FBetaScore`.
        name, dtype: See `Metric`.

    Shapes: labels and probabilities (batch, classes) -> scalar, or (classes,) with average=None.

    Raises:
        ValueError: an argument is none of those of `FBetaScore`.

    >>> metric = F1Score("macro", threshold=0.5)
    >>> metric.update_state([[1, 1], [1, 0]], [[0.9, 0.8], [0.2, 0.7]])
    >>> round(float(metric.result()), 4)
    0.6667
    """

    def __init__(
        self, average: str | None = None, threshold: float | None = None, name: str = "f1_score",
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(average, 1.0, threshold, name, dtype)

    def get_config(self) -> Config:
        config = super().get_config()
        del config["beta"]
        return config
