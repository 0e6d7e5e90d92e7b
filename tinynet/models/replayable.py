"""Which models' steps may be recorded and run again: see replay.py.

A step may be recorded if every layer's `call` does the same operations in every step with inputs of one shape, and
keeps nothing but variables and seeds. That is so for tinynet's own layers, but for those in `ORDINARY`. The calls of
the user's own layers and models, and functions that they are given, are read (readable_calls.py). A layer that makes an
array in a way of which the recording is not told (core/recording.py) ends it by itself.
tests/models/test_replay.py holds the steps of each layer to the bits of the ordinary step.
"""

from __future__ import annotations

from typing import Any

from .. import layers, regularizers
from ..core.registry import is_builtin
from ..core.types import Array
from .readable_calls import Facts, reading_of_call, reading_of_function, reading_of_object

# The layers whose steps always run the ordinary way, and why. They are found by their types, a derived class too. Those
# that are loaded late have the reason in an attribute, `_ordinary_because`.
ORDINARY = {
    layers.ActivityRegularization: "it adds a loss in its call",
    layers.SpectralNormalization: "it assigns to its kernel in its call",
    layers.StringLookup: "it looks text up in Python",
    layers.TextVectorization: "it splits text in Python",
    layers.IntegerLookup: "it looks numbers up in Python",
    layers.Hashing: "it hashes in Python",
    layers.Discretization: "it searches for boundaries in Python",
    layers.CategoryEncoding: "it checks and counts numbers in Python",
}
# The same for training steps alone: in prediction these layers draw nothing.
ORDINARY_IN_TRAINING = {
    layers.ImageAugmentation: "it draws in Python how it changes images",
    layers.Pipeline: "it is a pipeline of layers that draw in Python",
}
_PUBLIC = frozenset(layers.__all__)
# Attributes of layers that are functions of Tensors.
_FUNCTIONS = ("activation", "recurrent_activation", "function")


def reason_against(model: Any, training: bool) -> str:
    """Why a model's steps cannot be recorded; "" if nothing is known against it.

    Args:
        model: The model.
        training: Whether it is about training steps, with the loss.
    """
    if model._is_eager:
        return "the model was compiled with run_eagerly=True"
    inside = model._flatten_layers()
    for layer in inside:
        reason = reason_against_layer(layer, training)
        if reason:
            return reason
        if getattr(layer, "_observer", None) is not None:
            return f"{layer.name} is observed"
    known = {id(layer) for layer in inside}
    for layer in inside:
        if not is_builtin(type(layer)):
            other = next((one for one in reading_of_call(layer).facts.layers if id(one) not in known), None)
            if other is not None:
                return f"{layer.name} calls {other.name}, which is not inside the model"
    return _reason_against_training(model) if training else ""


def reason_against_layer(layer: Any, training: bool) -> str:
    """The same of one layer, without those inside."""
    kind = type(layer)
    reason = _reason_of_kind(kind, training)
    if reason:
        return f"{layer.name} is of {kind.__name__}: {reason}"
    if getattr(layer, "stateful", False):
        return f"{layer.name} is stateful: it keeps arrays from batch to batch"
    if "call" in layer.__dict__ or getattr(layer, "activity_regularizer", None) is not None:
        return f"{layer.name} has a call or an activity_regularizer of its own"
    if not is_builtin(kind):
        reason = reading_of_call(layer).reason
        if reason:
            return f"{layer.name} is of a class of your own: {reason}"
    for name, function in _functions_of(layer):
        reason = reading_of_function(function).reason
        if reason:
            return f"{layer.name} has a function of your own as {name}: {reason}"
    if kind is layers.Lambda and not _has_plain_arguments(layer):
        return f"{layer.name} is a Lambda with a mask, or arguments that are no plain values"
    return ""


def _functions_of(layer: Any) -> list[tuple[str, Any]]:
    """(attribute, function) of the functions of the user's own that a layer of tinynet's was given."""
    found = [(name, getattr(layer, name, None)) for name in _FUNCTIONS]
    return [(name, function) for name, function in found if callable(function) and not is_builtin(function)
            and not isinstance(function, layers.Layer)] if is_builtin(type(layer)) else []


def _has_plain_arguments(layer: Any) -> bool:
    return layer.mask is None and all(isinstance(one, bool | int | float | str | None) for one in
                                      layer.arguments.values())


def _reason_of_kind(kind: type, training: bool) -> str:
    """Why the steps of a class of layers run the ordinary way; "" if they may be recorded."""
    for known in (ORDINARY, ORDINARY_IN_TRAINING) if training else (ORDINARY,):
        for one, reason in known.items():
            if issubclass(kind, one):
                return reason
    if hasattr(kind, "_ordinary_because"):
        return kind._ordinary_because
    # A class of the user's own is read; what it is derived from has to be a class of tinynet's that may be recorded.
    base: Any = next(cls for cls in kind.__mro__ if is_builtin(cls))
    name = base.__name__
    if name in _PUBLIC and getattr(layers, name) is base or "_only_calls_layers" in vars(base) or (
            base is not kind and name == "Model"):
        return ""
    return "it is no layer of tinynet.layers"


def _reason_against_training(model: Any) -> str:
    if model._overrides("compute_loss"):
        return f"{type(model).__name__} has a compute_loss of its own"
    if not is_builtin(type(model.optimizer)):
        return f"{type(model.optimizer).__name__} is an optimizer of your own, which may keep gradients"
    compiled = model._compiled_loss
    if compiled is None:
        return "the model has no loss"
    for reading in _readings_of_losses(model):
        if reading.reason:
            return f"the loss is a function of your own: {reading.reason}"
    for variable in model.trainable_variables:
        if variable.regularizer is not None and type(variable.regularizer) not in _PENALTIES:
            return f"{variable.path} has a regularizer of another kind than L1 and L2"
    return ""


def _readings_of_losses(model: Any) -> list[Any]:
    found = []
    for loss in _losses_of(model._compiled_loss):
        function = getattr(loss, "fn", None)
        if not is_builtin(type(loss)):
            found.append(reading_of_object(loss))
        elif function is not None and not is_builtin(function):
            found.append(reading_of_function(function))
    return found


def _losses_of(compiled: Any) -> list[Any]:
    """The Loss of a single output, or those of several."""
    return [compiled._loss] if compiled._parts is None else [part.loss for part in compiled._parts]


_PENALTIES = (regularizers.L1, regularizers.L2, regularizers.L1L2)


class Settings:
    """What goes into the calls of a recording, and may change without an attribute of a layer being set.

    Args:
        model: The model.
        training: Whether it is about training steps: a callback may change the strength of a penalty, for example.

    Attributes:
        own_code: Whether calls of the user's own were read. They may treat training=None in another way than False.
        kept: Arrays that such calls use and that are no variables.
    """

    def __init__(self, model: Any, training: bool) -> None:
        facts: list[Facts] = []
        for layer in model._flatten_layers():
            if not is_builtin(type(layer)):
                facts.append(reading_of_call(layer).facts)
            facts += [reading_of_function(function).facts for _, function in _functions_of(layer)]
        self._objects: list[tuple[Any, dict[str, Any]]] = []
        if training:
            facts += [reading.facts for reading in _readings_of_losses(model)]
            found = [*_losses_of(model._compiled_loss), model._compiled_loss]
            found += [one.regularizer for one in model.trainable_variables if one.regularizer is not None]
            self._objects = [(one, dict(vars(one))) for one in found]
        self._facts = facts
        self.own_code = bool(facts)
        kept = {id(one): one.data for fact in facts for one in fact.kept}
        self.kept: list[Array] = [array for array in kept.values() if array.size]

    def changed(self) -> bool:
        """Whether something is not as it was."""
        for one, known in self._objects:
            if vars(one) != known:
                return True
        return not all(facts.hold() for facts in self._facts)
