"""What goes wrong most often between a model, its loss and its data, noticed at the first batch.

A mistake that Keras trains on silently is a `ModelWarning` with the remedy; labels outside the classes are an error.
Each check is one that correct code cannot fail: when in doubt, it says nothing. It is made once, not in every batch.
"""


import numpy as np

from .. import activations, losses, metrics
from ..core.errors import ModelWarning, warn_user
from ..core.nest import flatten
from ..data import check_finite
from ..layers.activations import ReLU, Softmax
from ..layers.convolution import Conv2D
from ..layers.core import Activation, Identity, InputLayer
from ..layers.dense import Dense
from ..layers.pooling import AveragePooling2D, GlobalAveragePooling2D, GlobalMaxPooling2D, MaxPooling2D
from ..layers.reshaping import Flatten, Reshape
from ..metrics.confusion import ConfusionMetric
from ..tensor import Tensor

SPARSE = (losses.sparse_categorical_crossentropy,)
CATEGORICAL = (losses.categorical_crossentropy, losses.categorical_focal_crossentropy, *SPARSE)
BINARY = (losses.binary_crossentropy, losses.binary_focal_crossentropy)
DISTANCES = (losses.mean_squared_error, losses.mean_absolute_error, losses.huber, losses.log_cosh)


def check_first_batch(model, x, y, y_pred):
    """Look at the first batch of a `fit`, before its loss is computed.

    Args:
        model: The model; its `_training` and `_validation` are the epochs under way, if it is a `fit`.
        x, y: The batch.
        y_pred: The model's outputs for it.

    Raises:
        ValueError: labels outside the classes, in the training or validation targets.
    """
    model._unchecked = False
    compiled = model._compiled_loss
    if compiled is None or y is None or type(model).compute_loss is not _original_compute_loss():
        return
    if not all(isinstance(part, Tensor) and part.shape for part in flatten(y_pred)):
        return
    advice, count = [], len(flatten(y_pred))
    for place, name, loss, targets, outputs in compiled.pairs(y, y_pred):
        if targets is None:
            continue  # the loss itself says so
        targets = np.asarray(targets)
        function, options = getattr(loss, "fn", None), getattr(loss, "_fn_kwargs", {})
        _check_kind_of_targets(function, targets.shape, outputs.shape)
        if function in SPARSE:
            _check_labels(model, outputs, options, place, name, count)
        if model._advised:
            continue
        last = _last_activation(model, place)
        about = [
            *_about_outputs(last, function, options, outputs.data),
            *_about_metrics(model, last, function, options, place, y, y_pred),
            *_about_targets(last, loss, function, targets, outputs),
        ]
        advice += [f"output {place if name is None else name!r}: {text}" if count > 1 else text for text in about]
    if model._advised:
        return
    model._advised = True
    for text in [*advice, *_about_inputs(model, x)]:
        warn_user(f"{model.name}: {text}", ModelWarning)


def _original_compute_loss():
    from .training import Trainer

    return Trainer.compute_loss


# -- labels ------------------------------------------------------------------------------------------------------------


def _check_kind_of_targets(function, targets, outputs):
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


def _check_labels(model, y_pred, options, place, output, count):
    """All labels of the arrays that `fit` was given, so that a wrong one is named by its place in them.

    Args:
        place, output, count: Which of how many outputs it is, and its name.
    """
    classes = y_pred.shape[options.get("axis", -1)]
    ignored = options.get("ignore_class")
    for name, epochs in (("y", model._training), ("the validation targets", model._validation)):
        labels = getattr(getattr(epochs, "batches", None), "y", None)
        if isinstance(labels, dict):
            labels = labels.get(output)
        elif isinstance(labels, list | tuple):
            labels = labels[place] if len(labels) == count else None
        if not isinstance(labels, np.ndarray) or labels.size == 0 or labels.ndim not in (
            len(y_pred.shape) - 1, len(y_pred.shape)
        ) or labels.ndim == len(y_pred.shape) and labels.shape[-1] != 1:
            continue  # not class numbers: the loss itself says so
        if labels.min() >= 0 and labels.max() < classes:
            continue
        check_finite("y" if name == "y" else "y of validation_data", labels)
        wrong = (labels < 0) | (labels >= classes)
        if ignored is not None:
            wrong &= labels != ignored
        places = np.argwhere(wrong)
        if not len(places):
            continue
        wrong_one = tuple(places[0])
        more = f", and {len(places) - 1} more" if len(places) > 1 else ""
        which = f" of output {place if output is None else output!r}" if count > 1 else ""
        raise ValueError(
            f"sparse_categorical_crossentropy: label {labels[wrong_one]} at index {wrong_one[0]} of "
            f"{name}{which}{more}; the model has {classes} classes (0..{classes - 1}). Give the last layer as many "
            "units as there are classes, or number the classes from 0; to leave samples out, use ignore_class"
        )


# -- outputs and loss --------------------------------------------------------------------------------------------------


def _about_outputs(last, function, options, outputs):
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
                   f"{'probabilities' if probabilities else 'those of a ' + last} already, so softmax is applied to "
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


def _about_metrics(model, last, function, options, place, y, y_pred):
    """Metrics that take for a probability what from_logits=True says is a score."""
    if (model._compiled_metrics is None or function not in (*BINARY, *CATEGORICAL) or last in ("sigmoid", "softmax")
            or not options.get("from_logits", False)):
        return
    wrong = {}
    for metric in model._compiled_metrics.of_output(place, y, y_pred):
        remedy = _for_scores(metric, function in BINARY)
        if remedy is not None:
            wrong[metric.name] = remedy
    if wrong:
        change = "".join(f"; or, in place of {name}, {remedy}" for name, remedy in wrong.items() if remedy)
        yield (f"{', '.join(wrong)} {'takes' if len(wrong) == 1 else 'take'} the outputs for probabilities from 0 to "
               "1, but by from_logits=True they are scores, whose border between no and yes is 0. Use activation="
               f"\"{'sigmoid' if function in BINARY else 'softmax'}\" in the last layer and from_logits=False{change}")


def _for_scores(metric, binary):
    """What a metric is replaced with where the outputs are scores: '' if by nothing; None if it is right as it is."""
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

_RANGES = {"sigmoid": (0, 1), "softmax": (0, 1), "tanh": (-1, 1), "relu": (0, np.inf)}


def _about_targets(last, loss, function, y, y_pred):
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


def _about_inputs(model, x):
    """Pixels from 0 to 255 in a network that does not scale them."""
    order = _layers(model)
    if order is None or not hasattr(x, "shape") or not _looks_like_pixels(np.asarray(x)):
        return
    passes = (InputLayer, Flatten, Reshape, Identity, MaxPooling2D, AveragePooling2D, GlobalAveragePooling2D,
              GlobalMaxPooling2D)
    known = (*passes, Dense, Conv2D, Activation, ReLU)
    first = next((layer for layer in order if not isinstance(layer, passes)), None)
    if type(first) in (Dense, Conv2D) and not any(_normalizes(layer, known) for layer in order):
        yield ("the inputs are numbers from 0 to 255, unscaled pixels, with which training is slow or diverges. Divide "
               "them by 255.0 (those of the validation and test, too), or begin with Rescaling(1 / 255)")


def _normalizes(layer, known):
    """Whether a layer takes the scale out of its inputs; also what is not known to leave it."""
    return type(layer) not in known and not type(layer).__name__.endswith("Dropout")


def _looks_like_pixels(x):
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


def _layers(model):
    """The layers in the order in which they are called, if that is one after the other; else None."""
    order = model._layers_in_order()
    graph = model._computed_graph() if order is None else None
    if graph is not None and graph.is_chain():
        order = [part for layer in graph.layers
                 for part in ((_layers(layer) or [layer]) if hasattr(layer, "_layers_in_order") else [layer])]
    return order


def _last_layer(model, place):
    """What makes the output at a place, apart from its shape; None if that is not known."""
    order, last = model._layers_in_order(), None
    graph = model._computed_graph() if order is None else None
    if order is not None:
        last = next((layer for layer in reversed(order) if not isinstance(layer, Flatten | Reshape | Identity)), None)
    elif graph is not None:
        tensor = graph.outputs[place]
        while tensor._node is not None and isinstance(tensor._node.operation, Flatten | Reshape | Identity):
            tensor = tensor._node.inputs[0]
        last, place = (tensor._node.operation, tensor._index) if tensor._node is not None else (None, 0)
    return _last_layer(last, place) if hasattr(last, "_layers_in_order") else last


def _last_activation(model, place):
    """'softmax', 'sigmoid', 'tanh', 'relu' or 'linear', if that is the last thing done to this output; else None."""
    last = _last_layer(model, place)
    if type(last) is Softmax:
        return "softmax" if last.axis == -1 else None
    if type(last) in (Dense, Conv2D, Activation):
        return _NAMES.get(last.activation)
    return None
