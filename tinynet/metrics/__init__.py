"""Metrics, as Keras has them.

    base.py         Metric, Sum, Mean, MeanMetricWrapper
    accuracy.py     accuracies and top-k
    from_losses.py  means of loss functions
    regression.py   root mean squared error, correlations, R2
    confusion.py    precision, recall and other quotients of yes-no counts; auc.py: the area under their curves
    f_score.py      F1 and F-beta
    iou.py          intersection over union
"""

from __future__ import annotations

from typing import Any

from ..losses import (
    binary_crossentropy, binary_focal_crossentropy, categorical_crossentropy, categorical_focal_crossentropy,
    categorical_hinge, hinge, huber, kl_divergence, log_cosh, mean_absolute_error, mean_absolute_percentage_error,
    mean_squared_error, mean_squared_logarithmic_error, poisson, sparse_categorical_crossentropy, squared_hinge,
)
from ..losses import _OLD as _OLD_LOSSES
from ..losses import _SHORT_AND_CAPITAL as _SHORT_LOSSES
from ..losses.lookup import Lookup
from ..core.registry import by_both_names
from .accuracy import (
    Accuracy, BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy, SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy, accuracy, accuracy_for, binary_accuracy, categorical_accuracy, sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy, top_k_categorical_accuracy,
)
from .auc import AUC
from .base import Mean, MeanMetricWrapper, Metric, Sum
from .confusion import (
    FalseNegatives, FalsePositives, Precision, PrecisionAtRecall, Recall, RecallAtPrecision, SensitivityAtSpecificity,
    SpecificityAtSensitivity, TrueNegatives, TruePositives,
)
from .f_score import F1Score, FBetaScore
from .from_losses import (
    BinaryCrossentropy, CategoricalCrossentropy, CategoricalHinge, Hinge, KLDivergence, LogCoshError, MeanAbsoluteError,
    MeanAbsolutePercentageError, MeanSquaredError, MeanSquaredLogarithmicError, Poisson, SparseCategoricalCrossentropy,
    SquaredHinge, crossentropy_for,
)
from .iou import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
from .regression import (
    ConcordanceCorrelation, CosineSimilarity, PearsonCorrelation, R2Score, RootMeanSquaredError,
    concordance_correlation, cosine_similarity, pearson_correlation,
)

_CLASSES = (
    Metric, Mean, Sum, MeanMetricWrapper,
    Accuracy, AUC, BinaryAccuracy, BinaryCrossentropy, BinaryIoU, CategoricalAccuracy, CategoricalCrossentropy,
    CategoricalHinge, ConcordanceCorrelation, CosineSimilarity, F1Score, FalseNegatives, FalsePositives, FBetaScore,
    Hinge, IoU, KLDivergence, LogCoshError, MeanAbsoluteError, MeanAbsolutePercentageError, MeanIoU, MeanSquaredError,
    MeanSquaredLogarithmicError, OneHotIoU, OneHotMeanIoU, PearsonCorrelation, Poisson, Precision, PrecisionAtRecall,
    R2Score, Recall, RecallAtPrecision, RootMeanSquaredError, SensitivityAtSpecificity, SparseCategoricalAccuracy,
    SparseCategoricalCrossentropy, SparseTopKCategoricalAccuracy, SpecificityAtSensitivity, SquaredHinge,
    TopKCategoricalAccuracy, TrueNegatives, TruePositives,
)

_FUNCTIONS = (
    accuracy, binary_accuracy, binary_crossentropy, binary_focal_crossentropy, categorical_accuracy,
    categorical_crossentropy, categorical_focal_crossentropy, categorical_hinge, concordance_correlation,
    cosine_similarity, hinge, huber, kl_divergence, log_cosh, mean_absolute_error, mean_absolute_percentage_error,
    mean_squared_error, mean_squared_logarithmic_error, pearson_correlation, poisson, sparse_categorical_accuracy,
    sparse_categorical_crossentropy, sparse_top_k_categorical_accuracy, squared_hinge, top_k_categorical_accuracy,
)

_SHORT = {
    "bce": BinaryCrossentropy, "mse": MeanSquaredError, "mae": MeanAbsoluteError, "mape": MeanAbsolutePercentageError,
    "msle": MeanSquaredLogarithmicError,
}

globals().update(_SHORT_LOSSES, **_OLD_LOSSES)  # metrics.mse, metrics.MSE, ... are the losses' functions

# Names stand for classes, also those in lower case: get("mean_squared_error") makes a MeanSquaredError.
_lookup = Lookup("metric", _CLASSES, {
    **by_both_names(*_CLASSES), **_SHORT, **{name.upper(): cls for name, cls in _SHORT.items()},
}, functions=_FUNCTIONS)
get, deserialize = _lookup.get, _lookup.deserialize


def serialize(metric: Any) -> Any:
    """Return a metric as a dict; `deserialize` makes it again.

    Args:
        metric: A `Metric` or a function; a name stays what it is.

    Raises:
        ValueError: it is a class instead of an object, or a lambda.

    >>> serialize(TopKCategoricalAccuracy(k=3))["config"]["k"]
    3
    """
    return _lookup.serialize(metric)


__all__ = [
    *(cls.__name__ for cls in _CLASSES), *(function.__name__ for function in _FUNCTIONS if function is not accuracy),
    "accuracy_for", "crossentropy_for", "deserialize", "get", "serialize",
]
