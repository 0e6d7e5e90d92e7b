"""How often the predicted class is the correct one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..config import floatx
from ..core.checks import number, whole
from ..losses.elements import kind_of_labels
from ..runtime import kernels
from ..tensor import Tensor, to_array
from .base import MeanMetricWrapper, arrays, same_rank

if TYPE_CHECKING:
    from ..core.types import DTypeLike, Shape, TensorLike


def _as_values(matches):
    return Tensor.wrap(matches.astype(floatx()))


def _check_samples(operation, labels, predictions, remedy=""):
    if labels.shape != predictions.shape[:-1]:
        raise ValueError(
            f"{operation}: labels of shape {labels.shape} do not match predictions of shape {predictions.shape}. "
            f"Expected one label for each row of class scores.{remedy}"
        )


def _equal(operation, labels, predictions):
    """1 where two arrays are equal, else 0."""
    try:
        np.broadcast_shapes(labels.shape, predictions.shape)
    except ValueError:
        raise ValueError(
            f"{operation}: labels of shape {labels.shape} do not match predictions of shape {predictions.shape}. "
            "Expected one label for each prediction. For scores of several classes there are "
            "sparse_categorical_accuracy and categorical_accuracy, or 'accuracy', which chooses"
        ) from None
    return _as_values(labels == predictions)


def accuracy(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """1 where y_pred equals y_true, else 0.

    Args:
        y_true: Labels, shape (batch, ...).
        y_pred: Predicted labels, the same shape.

    Returns:
        Tensor, the same shape.

    Raises:
        ValueError: the shapes do not match.

    >>> accuracy([1, 2, 3], [1, 0, 3]).numpy()
    array([1., 0., 1.], dtype=float32)
    """
    y_true, y_pred = same_rank(*arrays(y_true, y_pred))
    return _equal("accuracy", y_true, y_pred)


def binary_accuracy(y_true: TensorLike, y_pred: TensorLike, threshold: float = 0.5) -> Tensor:
    """1 where (y_pred > threshold) equals y_true, else 0.

    Args:
        y_true: Labels, 0 or 1, shape (batch, ...).
        y_pred: Probabilities of 1, the same shape.
        threshold: A probability above it counts as 1.

    Returns:
        Tensor, the same shape.

    Raises:
        ValueError: the shapes do not match.

    >>> binary_accuracy([1, 0, 0], [0.9, 0.2, 0.6]).numpy()
    array([1., 1., 0.], dtype=float32)
    """
    y_true, y_pred = same_rank(to_array(y_true), to_array(y_pred))
    return _equal("binary_accuracy", y_true, y_pred > threshold)


def categorical_accuracy(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """1 where the largest score is that of the correct class, else 0.

    Args:
        y_true: One-hot labels, shape (batch, ..., classes).
        y_pred: Scores or probabilities, the same shape.

    Returns:
        Tensor, shape (batch, ...).

    Raises:
        ValueError: the shapes do not match, or the labels are not one-hot.

    >>> categorical_accuracy([[0, 1], [1, 0]], [[0.2, 0.8], [0.4, 0.6]]).numpy()
    array([1., 0.], dtype=float32)
    """
    y_true, y_pred = to_array(y_true), to_array(y_pred)
    if y_true.ndim < y_pred.ndim or y_true.shape[-1] == 1 < y_pred.shape[-1]:
        raise ValueError(
            f"categorical_accuracy: labels of shape {y_true.shape} are not one-hot, as predictions of shape "
            f"{y_pred.shape} need it. "
            "For class numbers there is sparse_categorical_accuracy, or 'accuracy', which chooses"
        )
    labels = y_true.argmax(-1)
    _check_samples("categorical_accuracy", labels, y_pred)
    return _as_values(labels == y_pred.argmax(-1))


def sparse_categorical_accuracy(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """1 where the largest score is that of the correct class, else 0.

    Args:
        y_true: Classes as numbers, shape (batch, ...) or (batch, ..., 1).
        y_pred: Scores or probabilities, shape (batch, ..., classes).

    Returns:
        Tensor, shape (batch, ...).

    Raises:
        ValueError: the shapes do not match.

    >>> sparse_categorical_accuracy([1, 0], [[0.2, 0.8], [0.4, 0.6]]).numpy()
    array([1., 0.], dtype=float32)
    """
    y_true, y_pred = to_array(y_true), to_array(y_pred)
    if y_true.ndim == y_pred.ndim and y_true.shape[-1] == 1:
        y_true = y_true[..., 0]
    remedy = ""
    if y_true.shape == y_pred.shape:
        remedy = " For one-hot labels there is categorical_accuracy, or 'accuracy', which chooses."
    _check_samples("sparse_categorical_accuracy", y_true, y_pred, remedy)
    return _as_values(y_true == y_pred.argmax(-1))


def _in_top_k(labels, scores, k):
    """Whether fewer than k scores are larger than that of the right class."""
    whole(k, "top_k_categorical_accuracy", "k", 1)
    _check_samples("top_k_categorical_accuracy", labels, scores)
    score = np.take_along_axis(scores, labels[..., None], axis=-1)
    score = np.where(np.isnan(score), -np.inf, score)  # NaN is not a high score
    return np.count_nonzero(scores > score, axis=-1) < k


def top_k_categorical_accuracy(y_true: TensorLike, y_pred: TensorLike, k: int = 5) -> Tensor:
    """1 where the correct class is among the k largest scores, else 0.

    Args:
        y_true: One-hot labels, shape (batch, ..., classes).
        y_pred: Scores or probabilities, the same shape.
        k: How many classes may be named, at least 1.

    Returns:
        Tensor, shape (batch, ...).

    Raises:
        ValueError: the shapes do not match, or `k` is below 1.

    >>> top_k_categorical_accuracy([[0, 0, 1]], [[0.5, 0.1, 0.4]], k=2).numpy()
    array([1.], dtype=float32)
    """
    return _as_values(_in_top_k(to_array(y_true).argmax(-1), to_array(y_pred), k))


def sparse_top_k_categorical_accuracy(
    y_true: TensorLike, y_pred: TensorLike, k: int = 5, from_sorted_ids: bool = False,
) -> Tensor:
    """1 where the correct class is among the k largest scores, else 0.

    Args:
        y_true: Classes as numbers, shape (batch, ...) or (batch, ..., 1), as CIFAR's are.
        y_pred: Scores or probabilities, shape (batch, ..., classes); with `from_sorted_ids` class numbers, best first.
        k: How many classes may be named, at least 1.
        from_sorted_ids: Whether `y_pred` has class numbers instead of scores.

    Returns:
        Tensor, shape (batch, ...).

    Raises:
        ValueError: the shapes do not match, or `k` is below 1.

    >>> sparse_top_k_categorical_accuracy([2], [[0.5, 0.1, 0.4]], k=2).numpy()
    array([1.], dtype=float32)
    """
    y_true, y_pred = to_array(y_true), to_array(y_pred)
    if y_true.ndim == y_pred.ndim and y_true.shape[-1] == 1:
        y_true = y_true[..., 0]
    if from_sorted_ids:
        return _as_values(np.any(y_true[..., None] == y_pred[..., :k], axis=-1))
    return _as_values(_in_top_k(y_true.astype(np.int64), y_pred, k))


class Accuracy(MeanMetricWrapper):
    """How often predictions equal labels: mean of `accuracy`.

    Args:
        name: For logs.
        dtype: Element type of the result; `floatx()` if None.

    Shapes: labels and predictions (batch, ...).

    >>> metric = Accuracy()
    >>> metric.update_state([1, 2, 3, 4], [0, 2, 3, 4])
    >>> float(metric.result())
    0.75
    """

    _direction = "up"

    def __init__(self, name: str = "accuracy", dtype: DTypeLike = None) -> None:
        super().__init__(accuracy, name, dtype)


class BinaryAccuracy(MeanMetricWrapper):
    """How often a probability is on the correct side of the threshold: mean of `binary_accuracy`.

    Args:
        name, dtype: See `Metric`.
        threshold: A probability above it counts as 1.

    Shapes: labels and probabilities (batch, ...).

    Raises:
        ValueError: `threshold` is not a number.

    >>> metric = BinaryAccuracy()
    >>> metric.update_state([1, 0, 0, 1], [0.9, 0.2, 0.6, 0.7])
    >>> float(metric.result())
    0.75
    """

    _direction = "up"

    def __init__(self, name: str = "binary_accuracy", dtype: DTypeLike = None, threshold: float = 0.5) -> None:
        number(threshold, "BinaryAccuracy", "threshold")
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)


class CategoricalAccuracy(MeanMetricWrapper):
    """How often the largest score is that of the correct class, with one-hot labels: mean of `categorical_accuracy`.

    Args:
        name, dtype: See `Metric`.

    Shapes: labels and scores (batch, ..., classes).

    >>> metric = CategoricalAccuracy()
    >>> metric.update_state([[0, 1], [1, 0]], [[0.2, 0.8], [0.4, 0.6]])
    >>> float(metric.result())
    0.5
    """

    _direction = "up"

    def __init__(self, name: str = "categorical_accuracy", dtype: DTypeLike = None) -> None:
        super().__init__(categorical_accuracy, name, dtype)


class SparseCategoricalAccuracy(MeanMetricWrapper):
    """How often the largest score is that of the correct class: mean of `sparse_categorical_accuracy`.

    Args:
        name, dtype: See `Metric`.

    Shapes: labels as class numbers (batch, ...), scores (batch, ..., classes).

    >>> metric = SparseCategoricalAccuracy()
    >>> metric.update_state([2, 1], [[0.1, 0.6, 0.3], [0.05, 0.95, 0.0]])
    >>> float(metric.result())
    0.5
    """

    _direction = "up"

    def __init__(self, name: str = "sparse_categorical_accuracy", dtype: DTypeLike = None) -> None:
        super().__init__(sparse_categorical_accuracy, name, dtype)

    def update_state(  # type: ignore[override]  # of targets and predictions instead of values, as in Keras
        self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None,
    ) -> None:
        """Add a batch; see `MeanMetricWrapper.update_state`."""
        if (
            sample_weight is None and type(y_true) is np.ndarray and y_true.ndim == 1 and y_true.dtype.kind in "iub"
            and isinstance(y_pred, Tensor) and y_pred.data.ndim == 2 and len(y_true) == len(y_pred.data)
            and y_pred.data.dtype.char in "fd" and getattr(y_pred, "_keras_mask", None) is None
        ):  # each step of training: labels (batch,), scores (batch, classes)
            self._add(kernels.count_correct(y_pred.data, y_true), len(y_true))
        else:
            super().update_state(y_true, y_pred, sample_weight)


class TopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the correct class is among the k largest scores: mean of `top_k_categorical_accuracy`.

    Args:
        k: How many classes may be named, at least 1.
        name, dtype: See `Metric`.

    Shapes: one-hot labels and scores (batch, ..., classes).

    Raises:
        ValueError: `k` is not an int of at least 1.

    >>> metric = TopKCategoricalAccuracy(k=2)
    >>> metric.update_state([[0, 0, 1], [0, 1, 0]], [[0.5, 0.1, 0.4], [0.5, 0.1, 0.4]])
    >>> float(metric.result())
    0.5
    """

    _direction = "up"

    def __init__(self, k: int = 5, name: str = "top_k_categorical_accuracy", dtype: DTypeLike = None) -> None:
        super().__init__(top_k_categorical_accuracy, name, dtype, k=whole(k, "TopKCategoricalAccuracy", "k", 1))


class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the correct class is among the k largest scores: mean of `sparse_top_k_categorical_accuracy`.

    Args:
        k: How many classes may be named, at least 1.
        name, dtype: See `Metric`.
        from_sorted_ids: Whether predictions are class numbers, best first, instead of scores.

    Shapes: labels as class numbers (batch, ...), scores (batch, ..., classes).

    Raises:
        ValueError: `k` is not an int of at least 1.

    >>> metric = SparseTopKCategoricalAccuracy(k=2)
    >>> metric.update_state([2, 1], [[0.5, 0.1, 0.4], [0.5, 0.1, 0.4]])
    >>> float(metric.result())
    0.5
    """

    _direction = "up"

    def __init__(
        self, k: int = 5, name: str = "sparse_top_k_categorical_accuracy", dtype: DTypeLike = None,
        from_sorted_ids: bool = False,
    ) -> None:
        whole(k, "SparseTopKCategoricalAccuracy", "k", 1)
        super().__init__(sparse_top_k_categorical_accuracy, name, dtype, k=k, from_sorted_ids=from_sorted_ids)


def accuracy_for(y_true_shape: Shape, y_pred_shape: Shape) -> type[MeanMetricWrapper]:
    """Return the class that 'accuracy' (or 'acc') means for these shapes: binary, sparse or categorical.

    Args:
        y_true_shape: (batch, ...), of labels or one-hot labels.
        y_pred_shape: (batch, ..., classes).

    >>> accuracy_for((32,), (32, 10)).__name__
    'SparseCategoricalAccuracy'
    """
    return {
        "binary": BinaryAccuracy, "sparse": SparseCategoricalAccuracy, "categorical": CategoricalAccuracy,
    }[kind_of_labels(y_true_shape, y_pred_shape)]
