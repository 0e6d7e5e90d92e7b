"""Intersection over union: how well predicted areas cover the true ones (image segmentation)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..config import epsilon
from ..core.checks import whole
from ..core.errors import warn_user
from ..tensor import Tensor, to_array
from .base import Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..core.types import Config, DTypeLike, TensorLike


class IoU(Metric):
    """Mean over some classes of tp / (tp + fp + fn), from the confusion matrix of all batches.

    Args:
        num_classes: Number of classes.
        target_class_ids: The classes to average over.
        name: See `Metric`.
        dtype: Element type of the confusion matrix; int32 if None.
        ignore_class: Samples of this class do not count.
        sparse_y_true: Whether labels are class numbers; else they are scores, and the largest counts.
        sparse_y_pred: The same for predictions.
        axis: The axis of classes when they are not sparse.

    Shapes: labels and predictions (batch, ...) -> scalar.

    Raises:
        ValueError: a target class does not exist, or `num_classes` is below 1.

    >>> metric = IoU(num_classes=2, target_class_ids=[0])
    >>> metric.update_state([0, 0, 1, 1], [0, 1, 0, 1])
    >>> round(float(metric.result()), 4)
    0.3333
    """

    _direction = "up"

    def __init__(
        self, num_classes: int, target_class_ids: Sequence[int], name: str | None = None, dtype: DTypeLike = None,
        ignore_class: int | None = None, sparse_y_true: bool = True, sparse_y_pred: bool = True, axis: int = -1,
    ) -> None:
        super().__init__(name=name, dtype="int32" if dtype in (None, "int") else dtype)
        whole(num_classes, type(self).__name__, "num_classes", 1)
        if max(target_class_ids) >= num_classes:
            raise ValueError(
                f"{type(self).__name__}: target class {max(target_class_ids)} does not exist "
                f"among {num_classes} classes"
            )
        self.num_classes, self.target_class_ids, self.ignore_class = num_classes, list(target_class_ids), ignore_class
        self.sparse_y_true, self.sparse_y_pred, self.axis = sparse_y_true, sparse_y_pred, axis
        self.total_cm = self.add_variable((num_classes, num_classes), name="total_confusion_matrix")

    def update_state(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Add a batch to the confusion matrix.

        Args:
            y_true, y_pred: Class numbers of the same shape, or scores (see `sparse_y_true`).
            sample_weight: One weight a value, or one for all.

        Raises:
            ValueError: there are not as many labels as predictions.
        """
        y_true, y_pred = to_array(y_true), to_array(y_pred)
        y_true = (y_true if self.sparse_y_true else y_true.argmax(self.axis)).astype(self._dtype).reshape(-1)
        y_pred = (y_pred if self.sparse_y_pred else y_pred.argmax(self.axis)).astype(self._dtype).reshape(-1)
        if y_true.shape != y_pred.shape:
            raise ValueError(f"{type(self).__name__}: {y_true.size} labels for {y_pred.size} predictions")
        weights = to_array(1 if sample_weight is None else sample_weight)
        if weights.dtype.kind == "f" and self._dtype.kind == "i":
            warn_user(
                f"{type(self).__name__}: sample weights are cut to whole numbers; pass dtype='float32' to keep "
                "fractions",
                UserWarning,
            )
        weights = np.broadcast_to(weights.astype(self._dtype).reshape(-1) if weights.ndim else weights, y_true.shape)
        n = self.num_classes
        counts = (y_true >= 0) & (y_true < n) & (y_pred >= 0) & (y_pred < n)
        if self.ignore_class is not None:
            counts &= y_true != self.ignore_class
        cell = y_true[counts].astype(np.int64) * n + y_pred[counts].astype(np.int64)
        matrix = np.bincount(cell, weights[counts], minlength=n * n).reshape(n, n)
        self.total_cm.data += matrix.astype(self._dtype)

    def result(self) -> Tensor:
        matrix = self.total_cm.data.astype(np.float64)
        tp = np.diag(matrix)[self.target_class_ids]
        union = (matrix.sum(axis=0) + matrix.sum(axis=1))[self.target_class_ids] - tp
        seen = union > 1e-9
        iou = np.where(seen, tp / (union + epsilon()), 0)
        return Tensor.wrap(np.asarray(np.sum(iou) / (np.count_nonzero(seen) + epsilon()), np.float32))

    _config_names: tuple[str, ...] = (
        "num_classes", "target_class_ids", "ignore_class", "sparse_y_true", "sparse_y_pred", "axis",
    )

    def get_config(self) -> Config:
        return {**super().get_config(), **{name: getattr(self, name) for name in self._config_names}}


class BinaryIoU(IoU):
    """`IoU` of a binary mask; a probability of at least `threshold` is class 1.

    Args:
        target_class_ids: (0, 1) for the mean over background and object, (1,) for the object alone.
        threshold: From which on a probability is class 1.
        name, dtype: See `IoU`.

    Shapes: labels and probabilities (batch, ...) -> scalar.

    Raises:
        ValueError: a target class is neither 0 nor 1.

    >>> round(float(BinaryIoU([1])([0, 1, 1], [0.1, 0.9, 0.2])), 4)
    0.5
    """

    _config_names = ("target_class_ids", "threshold")

    def __init__(
        self, target_class_ids: Sequence[int] = (0, 1), threshold: float = 0.5, name: str | None = None,
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def update_state(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> None:
        super().update_state(y_true, to_array(y_pred, "float32") >= self.threshold, sample_weight)


class MeanIoU(IoU):
    """`IoU`, the mean over all classes that occur.

    Args:
        num_classes: Number of classes.
        name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis: See `IoU`.

    Shapes: labels and predictions (batch, ...) -> scalar.

    Raises:
        ValueError: `num_classes` is below 1.

    >>> metric = MeanIoU(num_classes=2)
    >>> metric.update_state([0, 0, 1, 1], [0, 1, 0, 1])
    >>> round(float(metric.result()), 4)
    0.3333
    """

    _config_names: tuple[str, ...] = ("num_classes", "ignore_class", "sparse_y_true", "sparse_y_pred", "axis")

    def __init__(
        self, num_classes: int, name: str | None = None, dtype: DTypeLike = None, ignore_class: int | None = None,
        sparse_y_true: bool = True, sparse_y_pred: bool = True, axis: int = -1,
    ) -> None:
        super().__init__(num_classes, range(num_classes), name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)


class OneHotIoU(IoU):
    """`IoU` with one-hot labels.

    Args:
        num_classes, target_class_ids, name, dtype, ignore_class, axis: See `IoU`.
        sparse_y_pred: Whether predictions are class numbers; False: scores, and the largest counts.

    Shapes: labels and scores (batch, ..., classes) -> scalar.

    Raises:
        ValueError: a target class does not exist, or `num_classes` is below 1.

    >>> metric = OneHotIoU(num_classes=2, target_class_ids=[0])
    >>> round(float(metric([[1, 0], [0, 1]], [[0.7, 0.3], [0.6, 0.4]])), 4)
    0.5
    """

    _config_names = ("num_classes", "target_class_ids", "ignore_class", "sparse_y_pred", "axis")

    def __init__(
        self, num_classes: int, target_class_ids: Sequence[int], name: str | None = None, dtype: DTypeLike = None,
        ignore_class: int | None = None, sparse_y_pred: bool = False, axis: int = -1,
    ) -> None:
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)


class OneHotMeanIoU(MeanIoU):
    """`MeanIoU` with one-hot labels.

    Args:
        num_classes, name, dtype, ignore_class, axis: See `IoU`.
        sparse_y_pred: Whether predictions are class numbers; False: scores, and the largest counts.

    Shapes: labels and scores (batch, ..., classes) -> scalar.

    Raises:
        ValueError: `num_classes` is below 1.

    >>> metric = OneHotMeanIoU(num_classes=2)
    >>> round(float(metric([[1, 0], [0, 1]], [[0.7, 0.3], [0.6, 0.4]])), 4)  # 1/2 and 0
    0.25
    """

    _config_names = ("num_classes", "ignore_class", "sparse_y_pred", "axis")

    def __init__(
        self, num_classes: int, name: str | None = None, dtype: DTypeLike = None, ignore_class: int | None = None,
        sparse_y_pred: bool = False, axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)
