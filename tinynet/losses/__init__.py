"""Losses, as Keras has them: classes for `compile(loss=...)`, and the functions they are made of.

    regression.py     distances between numbers
    crossentropy.py   likelihoods of labels
    hinge.py          margins
    overlap.py        overlap of areas
    alignment.py      labels that are not tied to steps
    pairs.py          distances between embeddings
    elements.py       what the formulas have in common: arguments, recorded elements
    base.py           Loss, sample weights, reduction over the batch
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .alignment import CTC, ctc
from .base import Loss, LossFunctionWrapper
from .crossentropy import (
    BinaryCrossentropy, BinaryFocalCrossentropy, CategoricalCrossentropy, CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy, KLDivergence, SparseCategoricalCrossentropy, binary_crossentropy,
    binary_focal_crossentropy, categorical_crossentropy, categorical_focal_crossentropy,
    categorical_generalized_cross_entropy, kl_divergence, sparse_categorical_crossentropy,
)
from .elements import kind_of_labels as _kind_of_labels
from .hinge import CategoricalHinge, Hinge, SquaredHinge, categorical_hinge, hinge, squared_hinge
from .lookup import Lookup
from .overlap import Dice, Tversky, dice, tversky
from .pairs import Circle, circle
from .regression import (
    CosineSimilarity, Huber, LogCosh, MeanAbsoluteError, MeanAbsolutePercentageError, MeanSquaredError,
    MeanSquaredLogarithmicError, Poisson, cosine_similarity, huber, log_cosh, mean_absolute_error,
    mean_absolute_percentage_error, mean_squared_error, mean_squared_logarithmic_error, poisson,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..core.types import Shape
    from ..tensor import Tensor

_OBJECTS = (
    CTC, Circle, Loss, LossFunctionWrapper, circle, ctc,
    BinaryCrossentropy, BinaryFocalCrossentropy, CategoricalCrossentropy, CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy, CategoricalHinge, CosineSimilarity, Dice, Hinge, Huber, KLDivergence, LogCosh,
    MeanAbsoluteError, MeanAbsolutePercentageError, MeanSquaredError, MeanSquaredLogarithmicError, Poisson,
    SparseCategoricalCrossentropy, SquaredHinge, Tversky, binary_crossentropy, binary_focal_crossentropy,
    categorical_crossentropy, categorical_focal_crossentropy, categorical_generalized_cross_entropy, categorical_hinge,
    cosine_similarity, dice, hinge, huber, kl_divergence, log_cosh, mean_absolute_error,
    mean_absolute_percentage_error, mean_squared_error, mean_squared_logarithmic_error, poisson,
    sparse_categorical_crossentropy, squared_hinge, tversky,
)  # fmt: skip

_SHORT = {
    "bce": binary_crossentropy, "kld": kl_divergence, "mae": mean_absolute_error, "mse": mean_squared_error,
    "mape": mean_absolute_percentage_error, "msle": mean_squared_logarithmic_error,
}
_OLD = {"logcosh": log_cosh, "kullback_leibler_divergence": kl_divergence}  # Keras 2's
_SHORT_AND_CAPITAL = {**_SHORT, **{name.upper(): function for name, function in _SHORT.items()}}
globals().update(_SHORT_AND_CAPITAL, **_OLD)  # losses.mse, losses.MSE, ... are functions too

_lookup = Lookup("loss", _OBJECTS, {**_SHORT_AND_CAPITAL, **_OLD})
get = _lookup.get


def serialize(loss: Any) -> Any:
    """Return a loss as a dict; `deserialize` makes it again.

    Args:
        loss: A `Loss` or a function; a name stays what it is.

    Raises:
        ValueError: it is a class instead of an object, or a lambda.

    >>> serialize(Huber(delta=2.0))["config"]
    {'name': 'huber_loss', 'reduction': 'sum_over_batch_size', 'delta': 2.0}
    """
    return _lookup.serialize(loss)


def deserialize(name: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """Make the loss that `serialize` described.

    Args:
        name: What `serialize` returned, or a name.
        custom_objects: {name: class or function} of further losses.

    Returns:
        A `Loss`; a function if `name` names one.

    Raises:
        ValueError: the name is unknown, or the dict is malformed.

    >>> deserialize({"class_name": "Huber", "config": {"delta": 2.0}}).delta
    2.0
    """
    return _lookup.deserialize(name, custom_objects)


def crossentropy_for(y_true_shape: Shape, y_pred_shape: Shape) -> Callable[..., Tensor]:
    """Return the cross-entropy that 'crossentropy' (or 'ce') means for these shapes: binary, sparse or categorical.

    Args:
        y_true_shape: (batch, ...), of labels or one-hot labels.
        y_pred_shape: (batch, ..., classes).

    >>> crossentropy_for((32,), (32, 10)).__name__
    'sparse_categorical_crossentropy'
    """
    return {
        "binary": binary_crossentropy, "sparse": sparse_categorical_crossentropy,
        "categorical": categorical_crossentropy,
    }[_kind_of_labels(y_true_shape, y_pred_shape)]


__all__ = [*(item.__name__ for item in _OBJECTS if item is not LossFunctionWrapper), "crossentropy_for", "deserialize",
           "get", "serialize"]
