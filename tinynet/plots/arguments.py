"""What the functions are given, in one form: images to show, classes, scores, a model's output."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.types import Array, TensorLike
from ..layers.activations import Softmax
from ..layers.context import call_context
from ..layers.convolution import Convolution
from ..models import Model
from ..tensor import Tensor, to_array

BATCH = 128  # samples a call


def images_to_show(images: TensorLike, caller: str) -> Array:
    """Return a batch of images as matplotlib draws them: values from 0 to 1, one channel without its axis.

    Args:
        images: Shape (batch, height, width), or with a last axis of 1, 3 or 4 channels. Bytes (or floats up to 255)
            are divided by 255, values from 0 to 1 are left as they are, others scaled between their extremes.
        caller: Subject of the error.

    Raises:
        ValueError: another shape.

    >>> images_to_show(np.full((1, 2, 2, 1), 255, np.uint8), "grid").max()
    np.float64(1.0)
    """
    given = to_array(images)
    if given.ndim not in (3, 4) or given.ndim == 4 and given.shape[-1] not in (1, 3, 4):
        raise ValueError(f"{caller}: expected images (batch, height, width) or (batch, height, width, 1, 3 or 4 "
                         f"channels), got shape {given.shape}")
    shown = given.astype(np.float64)
    if given.ndim == 4 and given.shape[-1] == 1:
        shown = shown[..., 0]
    low, high = (shown.min(), shown.max()) if shown.size else (0.0, 1.0)
    if low >= 0 and (given.dtype == np.uint8 or 1 < high <= 255):
        return shown / 255
    if low >= 0 and high <= 1:
        return shown
    return (shown - low) / max(high - low, np.finfo(np.float64).tiny)


def as_classes(values: TensorLike, caller: str, name: str) -> Array:
    """Return classes, shape (batch,), of classes, one-hot rows or scores.

    Args:
        values: Shape (batch,) or (batch, 1): classes, or probabilities of class 1 (floats that are no whole numbers);
            shape (batch, classes): one-hot rows, probabilities or logits.
        caller, name: Subject of the error.

    Raises:
        ValueError: another shape, or a class below 0.

    >>> as_classes([[0.1, 0.9], [0.8, 0.2]], "report", "y_pred"), as_classes([0.2, 0.7], "report", "y_pred")
    (array([1, 0]), array([0, 1]))
    """
    given = to_array(values)
    if given.ndim == 2 and given.shape[1] > 1:
        return given.argmax(axis=1)
    if given.ndim not in (1, 2):
        raise ValueError(f"{caller}: {name} must be classes (batch,) or scores (batch, classes), got {given.shape}")
    flat = given.reshape(-1)
    if flat.dtype.kind == "f" and (flat != np.rint(flat)).any():
        return (flat > 0.5).astype(np.int64)
    classes = flat.astype(np.int64)
    if classes.size and classes.min() < 0:
        raise ValueError(f"{caller}: {name} has the class {classes.min()}; classes count from 0")
    return classes


def as_probabilities(scores: TensorLike, caller: str) -> Array:
    """Return probabilities, shape (batch, classes), of what a model predicted.

    Args:
        scores: Shape (batch, classes): probabilities, or logits (rows that do not sum to 1), which go through softmax;
            shape (batch,) or (batch, 1): probabilities of class 1, or logits (values outside 0 to 1).
        caller: Subject of the error.

    Raises:
        ValueError: another shape.

    >>> as_probabilities([[0.25, 0.75]], "mistakes"), as_probabilities([0.25], "mistakes")
    (array([[0.25, 0.75]]), array([[0.75, 0.25]]))
    """
    given = to_array(scores).astype(np.float64)
    if given.ndim == 1:
        given = given[:, None]
    if given.ndim != 2:
        raise ValueError(f"{caller}: expected scores (batch, classes), got shape {given.shape}")
    if given.shape[1] == 1:
        p = given if given.size and given.min() >= 0 and given.max() <= 1 else 0.5 * (1 + np.tanh(given / 2))
        return np.concatenate([1 - p, p], axis=1)
    if given.size and given.min() >= 0 and np.allclose(given.sum(axis=1), 1, atol=1e-3):
        return given
    shifted = np.exp(given - given.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def find_layer(model: Any, name: str, caller: str) -> Any:
    """Return a layer by name, wherever it is inside a model: in a model that is a layer, too.

    Args:
        model: The model.
        name: The layer's name.
        caller: Subject of the error.

    Raises:
        ValueError: there is no such layer.
    """
    inside = [layer for layer in model._flatten_layers() if layer is not model]
    for layer in inside:
        if layer.name == name:
            return layer
    raise ValueError(f"{caller}: {model.name} has no layer {name!r}; there are {', '.join(one.name for one in inside)}")


def call_watching(model: Any, x: Any) -> tuple[Any, list[tuple[Any, Any]]]:
    """Call a model in prediction, layer by layer, and keep what each layer returned.

    Args:
        model: Any model: a chain, a graph, or a subclass with a `call` of its own.
        x: A batch.

    Returns:
        (output, [(layer, its output)]): the layers in the order of their calls, those inside others before them. A tape
        that is open records all of it.
    """
    context = call_context()
    before = context.watch
    seen: list[tuple[Any, Any]] = []
    context.watch = lambda layer, output: seen.append((layer, output))
    try:
        return model(x, training=False), seen
    finally:
        context.watch = before


def outputs_of(model: Any, names: Sequence[str], x: TensorLike, caller: str) -> list[Array]:
    """Return the outputs of some layers for a batch.

    Args:
        model: Any model.
        names: The layers' names.
        x: The batch.
        caller: Subject of the error.

    Raises:
        ValueError: there is no such layer, or it has several outputs.
    """
    wanted = [find_layer(model, name, caller) for name in names]
    batch = to_array(x)
    found: list[list[Array]] = [[] for _ in names]
    for start in range(0, len(batch), BATCH):
        seen = call_watching(model, batch[start : start + BATCH])[1]
        for layer, parts in zip(wanted, found, strict=True):
            outputs = [output for one, output in seen if one is layer]
            if not outputs or not isinstance(outputs[-1], Tensor):
                raise ValueError(f"{caller}: {layer.name} has no output of its own; it returns "
                                 f"{type(outputs[-1]).__name__ if outputs else 'nothing, for it is not called'}")
            parts.append(outputs[-1].numpy())
    return [np.concatenate(parts) for parts in found]


def convolutions(model: Any, caller: str) -> list[Any]:
    """Return the two-dimensional convolutions inside a model, those of models inside it, too.

    Args:
        model: The model.
        caller: Subject of the error.

    Raises:
        ValueError: there is none.
    """
    inside = [layer for layer in model._flatten_layers() if layer is not model]
    found = [layer for layer in inside if isinstance(layer, Convolution) and layer.rank == 2]
    if not found:
        raise ValueError(f"{caller}: {model.name} has no two-dimensional convolution; its layers are "
                         f"{', '.join(layer.name for layer in inside)}")
    return found


def check_maps(layer: Any, output: Any, caller: str) -> None:
    """Refuse an output that is no batch of feature maps.

    Args:
        layer: The layer.
        output: Its output, array or Tensor.
        caller: Subject of the error.

    Raises:
        ValueError: it has another shape than (batch, height, width, filters).
    """
    if len(output.shape) != 4 or getattr(layer, "data_format", None) == "channels_first":
        kind = getattr(layer, "data_format", None) or type(layer).__name__
        raise ValueError(f"{caller}: expected a layer with outputs (batch, height, width, filters); {layer.name} has "
                         f"the output shape {tuple(output.shape)}, {kind}")


def scores_of(model: Any) -> Any:
    """Return a model that ends before the last softmax or sigmoid: its outputs are the scores (logits).

    The gradient of a probability near 1 is nearly 0 everywhere, whatever the image shows; that of the score is not.

    Args:
        model: Any model. Of a subclass with a `call` of its own only the output is known, so it counts as the scores.

    Returns:
        (model of the layers before the last one, function of its output that returns the scores).
    """
    last = model.layers[-1]
    activation = getattr(getattr(last, "activation", None), "__name__", None)
    if model._computed_graph() is not None and (isinstance(last, Softmax) or activation in ("softmax", "sigmoid")):
        before = Model(model.input, last.input)
        if hasattr(last, "kernel"):
            return before, lambda x: x @ last.kernel + (last.bias if last.use_bias else 0.0)
        return before, lambda x: x
    return model, lambda x: x
