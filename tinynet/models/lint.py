"""What goes wrong most often between a model, its loss and its data, noticed at the first batch.

A mistake that Keras trains on silently becomes advice with the remedy; labels outside the classes are an error. Each
check is one that correct code cannot fail: when in doubt, there is no advice. It is made once, not in every batch.

Nothing here knows a model: the functions take the first batch's outputs and targets, and layers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from .. import activations, losses, metrics
from ..data import check_finite
from ..layers.activations import ReLU, Softmax
from ..layers.base import Layer
from ..layers.convolution import Conv2D
from ..layers.core import Activation, Identity, InputLayer
from ..layers.dense import Dense
from ..layers.pooling import AveragePooling2D, GlobalAveragePooling2D, GlobalMaxPooling2D, MaxPooling2D
from ..layers.reshaping import Flatten, Reshape
from ..metrics.confusion import ConfusionMetric
from .compiled_loss import Compared

SPARSE = (losses.sparse_categorical_crossentropy,)
CATEGORICAL = (losses.categorical_crossentropy, losses.categorical_focal_crossentropy, *SPARSE)
BINARY = (losses.binary_crossentropy, losses.binary_focal_crossentropy)
DISTANCES = (losses.mean_squared_error, losses.mean_absolute_error, losses.huber, losses.log_cosh)


def is_scaled(x: Any) -> bool:
    """Whether inputs with a shape as pictures have it are in [-1, 1], as after a division by 255."""
    arrays = [np.asarray(x)] if hasattr(x, "__array__") else []
    return any(a.ndim >= 2 and a.dtype.kind == "f" and a.size > 0 and np.abs(a).max() <= 1 for a in arrays)


def unscaled_pixels(x: Any) -> str | None:
    """Advice for a model that was trained on scaled inputs, if these are whole numbers from 0 to 255.

    Args:
        x: The first batch of a prediction.
    """
    if not hasattr(x, "__array__"):
        return None
    array = np.asarray(x)
    if array.ndim < 2 or array.size == 0 or array.dtype.kind not in "fiu":
        return None
    largest = array.max()
    if not 100 < largest <= 255 or array.min() < 0 or not np.array_equal(array, np.rint(array)):
        return None
    return (f"predict: the inputs are whole numbers up to {int(largest)}, but the model was trained on inputs from -1 "
            "to 1. Scale them as in training, for example x / 255")


def check_targets(compared: Iterable[Compared], targets: dict[str, Any]) -> None:
    """Refuse targets that cannot be those of the loss.

    Args:
        compared: The outputs of the first batch, with loss and targets.
        targets: The targets of all samples, by what messages call them; the batch's alone are checked where there are
            none.

    Raises:
        ValueError: labels outside the classes, or a shape that the loss refuses in any case; the message has the
            remedy.
    """
    for one in compared:
        if one.targets is None:
            continue  # the loss itself raises
        function, options = _function_of(one.loss)
        _check_kind_of_targets(function, np.asarray(one.targets).shape, one.outputs.shape)
        if function in SPARSE:
            _check_labels(one, options, targets)


def advice(compared: list[Compared], x: Any, layers: list[Layer] | None, last_layer: Callable[[int], Layer | None],
           metrics_of: Callable[[int], list] | None = None) -> list[str]:
    """What can hardly be meant, each with what to write instead.

    Args:
        compared: The outputs of the first batch, with loss and targets.
        x: The batch's inputs.
        layers: The model's layers in the order in which they are called; None if it is not known.
        last_layer: Function of the index of an output: the layer that makes it, None if it is not known.
        metrics_of: Function of the index of an output: its metrics. None if there are no metrics.

    Returns:
        One text for each; empty if nothing is wrong.
    """
    found = []
    for one in compared:
        if one.targets is None:
            continue
        targets = np.asarray(one.targets)
        function, options = _function_of(one.loss)
        last = _activation_of(last_layer(one.position))
        about = [
            *_about_outputs(last, function, options, one.outputs.data),
            *_about_metrics(last, function, options, one.position, metrics_of),
            *_about_targets(last, one.loss, function, targets, one.outputs),
        ]
        which = f"output {one.position if one.name is None else one.name!r}: " if one.of > 1 else ""
        found += [which + text for text in about]
    return [*found, *_about_inputs(layers, x)]


def _function_of(loss: Any) -> tuple[Any, dict[str, Any]]:
    """A Loss's function and the arguments it is called with; (None, {}) for a Loss of the user's own."""
    return getattr(loss, "fn", None), getattr(loss, "_fn_kwargs", {})


# -- labels ------------------------------------------------------------------------------------------------------------


def _check_kind_of_targets(function: Any, targets: tuple, outputs: tuple) -> None:
    """Shapes that the loss refuses in any case, with the remedy that fits them."""
    if len(outputs) != 2 or function not in (*BINARY, *CATEGORICAL) or function in SPARSE:
        return
    one_a_sample = targets in (outputs[:1], (outputs[0], 1))
    if one_a_sample and outputs[1] > 1:
        remedy = (f"tinynet.utils.to_categorical(y, {outputs[1]})" if function in CATEGORICAL else
                  "one output, Dense(1, activation=\"sigmoid\"), if there are two classes")
        raise ValueError(
            f"{function.__name__}: the model has {outputs[1]} outputs, but y has one number a sample (shape {targets} "
            f"in this batch). For class numbers use sparse_categorical_crossentropy; or {remedy}"
        )
    if function in BINARY and outputs[1] == 1 and len(targets) == 2 and targets[1] > 1:
        raise ValueError(
            f"{function.__name__}: y has {targets[1]} numbers a sample (shape {targets} in this batch), but the model "
            f"has one output. For one-hot targets use {targets[1]} outputs with softmax and categorical_crossentropy"
        )


def _check_labels(one: Compared, options: dict[str, Any], targets: dict[str, Any]) -> None:
    """Check all labels of the arrays that `fit` was given, so that the message can name a wrong one's index in them."""
    classes = one.outputs.shape[options.get("axis", -1)]
    ignored = options.get("ignore_class")
    for name, labels in targets.items():
        if isinstance(labels, dict):
            labels = labels.get(one.name)
        elif isinstance(labels, list | tuple):
            labels = labels[one.position] if len(labels) == one.of else None
        if not isinstance(labels, np.ndarray) or labels.size == 0 or labels.ndim not in (
            len(one.outputs.shape) - 1, len(one.outputs.shape)
        ) or labels.ndim == len(one.outputs.shape) and labels.shape[-1] != 1:
            continue  # not class numbers: the loss itself raises
        if labels.min() >= 0 and labels.max() < classes:
            continue
        check_finite("y" if name == "y" else "y of validation_data", labels)
        wrong = (labels < 0) | (labels >= classes)
        if ignored is not None:
            wrong &= labels != ignored
        indices = np.argwhere(wrong)
        if not len(indices):
            continue
        wrong_one = tuple(indices[0])
        more = f", and {len(indices) - 1} more" if len(indices) > 1 else ""
        which = f" of output {one.position if one.name is None else one.name!r}" if one.of > 1 else ""
        raise ValueError(
            f"sparse_categorical_crossentropy: label {labels[wrong_one]} at index {wrong_one[0]} of "
            f"{name}{which}{more}; the model has {classes} classes (0..{classes - 1}). Give the last layer as many "
            "units as there are classes, or number the classes from 0; to leave samples out, use ignore_class"
        )


# -- outputs and loss --------------------------------------------------------------------------------------------------


def _about_outputs(last: str | None, function: Any, options: dict[str, Any], outputs: np.ndarray) -> Iterator[str]:
    """Whether the loss gets what it takes: probabilities, or scores."""
    axis = options.get("axis", -1)
    from_logits = options.get("from_logits", False)
    if last == "softmax" and outputs.shape[-1] == 1:
        yield ("softmax over one output is always 1, so nothing is learned. For two classes use Dense(1, "
               "activation=\"sigmoid\") with binary_crossentropy, for more as many units as classes")
        return
    if function in CATEGORICAL and outputs.shape[axis] > 1:
        sums = outputs.sum(axis=axis)
        if not np.isfinite(sums).all():
            return
        probabilities = bool((outputs >= 0).all() and (np.abs(sums - 1) < 1e-4).all())
        if from_logits and (probabilities or last in ("softmax", "sigmoid")):
            yield (f"{function.__name__} has from_logits=True, but the model's outputs are "
                   f"{'probabilities' if probabilities else f'those of a {last}'} already, so softmax is applied to "
                   "them again. Take softmax out of the last layer, or set from_logits=False")
        elif not from_logits and not probabilities and (np.abs(sums - 1) > 1e-2).any():
            if last == "sigmoid":
                yield (f"{function.__name__} takes the outputs as probabilities of one class among several, which sum "
                       "to 1; those of a sigmoid do not. Use activation=\"softmax\" in the last layer, or, where "
                       "several classes may apply at once, binary_crossentropy")
            else:
                yield (f"{function.__name__} has from_logits=False, but the model's outputs are no probabilities: "
                       f"they are from {outputs.min():.3g} to {outputs.max():.3g}, and sum to {sums.flat[0]:.3g} for "
                       "the first sample. Use from_logits=True, or activation=\"softmax\" in the last layer")
    elif function in BINARY:
        outside = bool(((outputs < 0) | (outputs > 1)).any())
        if from_logits and last in ("sigmoid", "softmax"):
            yield (f"{function.__name__} has from_logits=True, but the last layer applies {last} already. Take it out "
                   "of the last layer, or set from_logits=False")
        elif not from_logits and (outside or last == "linear"):
            yield (f"{function.__name__} has from_logits=False, but the model's outputs are no probabilities (in this "
                   f"batch they are from {outputs.min():.3g} to {outputs.max():.3g}). Use from_logits=True, or "
                   "activation=\"sigmoid\" in the last layer")
        elif last == "softmax" and outputs.shape[-1] > 2:
            yield (f"softmax makes the {outputs.shape[-1]} outputs one choice, but {function.__name__} judges each for "
                   "itself. Use categorical_crossentropy, or activation=\"sigmoid\" if several may apply at once")


# -- metrics -----------------------------------------------------------------------------------------------------------


def _about_metrics(last: str | None, function: Any, options: dict[str, Any], position: int,
                   metrics_of: Callable[[int], list] | None) -> Iterator[str]:
    """Metrics that take for a probability what, by from_logits=True, is a score."""
    if (metrics_of is None or function not in (*BINARY, *CATEGORICAL) or last in ("sigmoid", "softmax")
            or not options.get("from_logits", False)):
        return
    wrong = {}
    for metric in metrics_of(position):
        remedy = _for_scores(metric, function in BINARY)
        if remedy is not None:
            wrong[metric.name] = remedy
    if wrong:
        change = "".join(f"; or, in place of {name}, {remedy}" for name, remedy in wrong.items() if remedy)
        yield (f"{', '.join(wrong)} {'takes' if len(wrong) == 1 else 'take'} the outputs for probabilities from 0 to "
               "1, but by from_logits=True they are scores, whose border between no and yes is 0. Use activation="
               f"\"{'sigmoid' if function in BINARY else 'softmax'}\" in the last layer and from_logits=False{change}")


def _for_scores(metric: Any, binary: bool) -> str | None:
    """What replaces a metric where the outputs are scores: '' if nothing does; None if the metric is right as it is."""
    name, options = type(metric).__name__, getattr(metric, "_fn_kwargs", {})
    if options.get("from_logits") is False or isinstance(metric, metrics.AUC) and not metric._from_logits:
        return f"{name}(from_logits=True)" if binary or options else ""
    if getattr(metric, "_fn", None) is metrics.binary_accuracy and options.get("threshold", 0.5) > 0:
        return "BinaryAccuracy(threshold=0)"
    if isinstance(metric, ConfusionMetric) and getattr(metric, "top_k", None) is None and max(metric.thresholds) > 0:
        return f"{name}(thresholds=0)" if binary and isinstance(metric, metrics.Precision | metrics.Recall) else ""
    if isinstance(metric, metrics.BinaryIoU) and metric.threshold > 0:
        return "BinaryIoU(threshold=0)"
    return "" if isinstance(metric, metrics.FBetaScore) and metric.threshold is not None else None


# -- targets -----------------------------------------------------------------------------------------------------------

_RANGES: dict[str | None, tuple[float, float]] = {
    "sigmoid": (0, 1), "softmax": (0, 1), "tanh": (-1, 1), "relu": (0, np.inf),
}


def _about_targets(last: str | None, loss: Any, function: Any, y: np.ndarray, y_pred: Any) -> Iterator[str]:
    """Whether the targets have the shape and the range of the outputs."""
    shape = y_pred.shape
    if function in BINARY and y.size and (y.min() < 0 or y.max() > 1):
        yield (f"{function.__name__} needs targets from 0 to 1, but this batch's are from {y.min():g} to {y.max():g}. "
               "For class numbers above 1 use sparse_categorical_crossentropy and one output a class")
    if function is losses.poisson and y_pred.data.size and y_pred.data.min() < 0:
        yield ("poisson takes the logarithm of the outputs, but in this batch some are negative, which gives NaN. Use "
               "activation=\"softplus\" or \"exponential\" in the last layer")
    if function in DISTANCES:
        if y.ndim == 1 and len(shape) == 2 and shape[1] > 1 and len(y) in (1, shape[1]):  # others the loss refuses
            how = (f"each of the {shape[1]} outputs with the same target" if len(y) == 1 else
                   "each output with the target of another sample of the batch")
            yield (f"the model has {shape[1]} outputs but y has one number a sample (shape ({len(y)},) in this batch), "
                   f"so {function.__name__} compares {how}. If that is not meant, give the last layer one unit")
        if y.ndim == 2 and y.shape[1] > 1 and shape == (len(y), 1):
            yield (f"the model has one output but y has {y.shape[1]} numbers a sample, so {function.__name__} compares "
                   f"the output with each of them. Give the last layer {y.shape[1]} units")
        low, high = _RANGES.get(last, (-np.inf, np.inf))
        if y.size and (y.min() < low - 0.01 or y.max() > high + 0.01):
            span = f"values from {low} to {high} only" if high < np.inf else f"no value below {low}"
            yield (f"the targets are from {y.min():g} to {y.max():g} in this batch, but {last} in "
                   f"the last layer gives {span}. Use a last layer without activation, or scale the targets")
    if not isinstance(loss, losses.LossFunctionWrapper) and {y.shape, shape} == {(len(y), 1), (len(y),)} and len(y) > 1:
        # A Loss of the user's own may turn one shape into the other; then both give the same number.
        same_shape = y.reshape(shape).astype(y_pred.data.dtype)
        as_given, as_meant = (np.asarray(loss(values, y_pred.data)) for values in (y, same_shape))
        if as_given.shape != as_meant.shape or not np.allclose(as_given, as_meant, equal_nan=True):
            yield (f"{loss.name} compares targets of shape {y.shape} with outputs of shape {shape}, which broadcast to "
                   f"({len(y)}, {len(y)}): each target with the outputs of all samples. Reshape y to (-1, 1), or the "
                   "outputs to y's shape")


# -- inputs ------------------------------------------------------------------------------------------------------------


def _about_inputs(layers: list[Layer] | None, x: Any) -> Iterator[str]:
    """Pixels from 0 to 255 in a network that does not scale them."""
    if layers is None or not hasattr(x, "shape") or not _looks_like_pixels(np.asarray(x)):
        return
    passes = (InputLayer, Flatten, Reshape, Identity, MaxPooling2D, AveragePooling2D, GlobalAveragePooling2D,
              GlobalMaxPooling2D)
    known = (*passes, Dense, Conv2D, Activation, ReLU)
    first = next((layer for layer in layers if not isinstance(layer, passes)), None)
    if type(first) in (Dense, Conv2D) and not any(_normalizes(layer, known) for layer in layers):
        yield ("the inputs are numbers from 0 to 255, unscaled pixels, with which training is slow or diverges. Divide "
               "them by 255.0 (those of the validation and test, too), or begin with Rescaling(1 / 255)")


def _normalizes(layer: Layer, known: tuple[type, ...]) -> bool:
    """Whether a layer takes the scale out of its inputs; True also for one that is not known to leave it."""
    return type(layer) not in known and not type(layer).__name__.endswith("Dropout")


def _looks_like_pixels(x: np.ndarray) -> bool:
    if x.ndim not in (2, 3, 4) or x.size == 0 or x.dtype.kind not in "fiu" or x.ndim == 2 and x.shape[1] < 64:
        return False
    low, high = x.min(), x.max()
    if not (low >= 0 and 100 < high <= 255) or x.mean() < 10:
        return False
    if x.ndim == 4:
        return x.shape[-1] in (1, 3, 4)
    return bool((x == np.floor(x)).all())


# -- what the last layer does ------------------------------------------------------------------------------------------

_NAMES = {activations.softmax: "softmax", activations.sigmoid: "sigmoid", activations.tanh: "tanh",
          activations.linear: "linear", activations.relu: "relu"}


def _activation_of(last: Any) -> str | None:
    """'softmax', 'sigmoid', 'tanh', 'relu' or 'linear', if a layer does that last; else None."""
    if type(last) is Softmax:
        return "softmax" if last.axis == -1 else None
    if type(last) in (Dense, Conv2D, Activation):
        return _NAMES.get(last.activation)
    return None
