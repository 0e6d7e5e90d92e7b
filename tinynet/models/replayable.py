"""Which models' steps may be recorded and run again: see replay.py.

A step may be recorded if every layer's `call` does the same operations in every step with inputs of one shape, and
keeps nothing but variables and seeds. That is so for tinynet's own layers, but for those in `ORDINARY`. A layer that
makes an array in a way of which the recording is not told (core/recording.py) ends it by itself.
tests/models/test_replay.py holds the steps of each layer to the bits of the ordinary step.
"""

from __future__ import annotations

from typing import Any

from .. import layers, losses, regularizers
from ..core.registry import is_builtin

# The layers whose steps always run the ordinary way, and why. They are found by their types, a derived class too. Those
# that are loaded late have the reason in an attribute, `_ordinary_because`.
ORDINARY = {
    layers.ActivityRegularization: "it adds a loss in its call",
    layers.Lambda: "its function may do anything",
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
_FUNCTIONS = ("activation", "recurrent_activation")  # attributes of layers that are functions of Tensors


def reason_against(model: Any, training: bool) -> str:
    """Why a model's steps cannot be recorded; "" if nothing is known against it.

    Args:
        model: The model.
        training: Whether it is about training steps, with the loss.
    """
    for layer in model._flatten_layers():
        kind = type(layer)
        reason = _reason_of_kind(kind, training)
        if reason:
            return f"{layer.name} is of {kind.__name__}: {reason}"
        if getattr(layer, "stateful", False):
            return f"{layer.name} is stateful: it keeps arrays from batch to batch"
        if not layer.built:
            return f"{layer.name} is not built"
        if "call" in layer.__dict__ or layer.activity_regularizer is not None:
            return f"{layer.name} has a call or an activity_regularizer of its own"
        if getattr(layer, "_observer", None) is not None:
            return f"{layer.name} is observed"
        for name in _FUNCTIONS:
            function = getattr(layer, name, None)
            if function is not None and not is_builtin(function):
                return f"{layer.name} has a function of your own as {name}"
    return _reason_against_training(model) if training else ""


def _reason_of_kind(kind: type, training: bool) -> str:
    """Why the steps of a class of layers run the ordinary way; "" if they may be recorded."""
    for known in (ORDINARY, ORDINARY_IN_TRAINING) if training else (ORDINARY,):
        for one, reason in known.items():
            if issubclass(kind, one):
                return reason
    if hasattr(kind, "_ordinary_because"):
        return kind._ordinary_because
    # By the exact type: a subclass may do something else.
    name = kind.__name__
    if name in _PUBLIC and getattr(layers, name) is kind or vars(kind).get("_only_calls_layers"):
        return ""
    return "it is no layer of tinynet's, and may do anything in its call"


def _reason_against_training(model: Any) -> str:
    if model._overrides("compute_loss"):
        return f"{type(model).__name__} has a compute_loss of its own"
    if not is_builtin(type(model.optimizer)):
        return f"{type(model.optimizer).__name__} is an optimizer of your own, which may keep gradients"
    compiled = model._compiled_loss
    if compiled is None:
        return "the model has no loss"
    for loss in _losses_of(compiled):
        if not is_builtin(type(loss)) or not is_builtin(getattr(loss, "fn", losses.Loss)):
            return "the loss is a function of your own"
    for variable in model.trainable_variables:
        if variable.regularizer is not None and type(variable.regularizer) not in _PENALTIES:
            return f"{variable.path} has a regularizer of another kind than L1 and L2"
    return ""


def _losses_of(compiled: Any) -> list[Any]:
    """The Loss of a single output, or those of several."""
    return [compiled._loss] if compiled._parts is None else [part.loss for part in compiled._parts]


_PENALTIES = (regularizers.L1, regularizers.L2, regularizers.L1L2)


def settings_of(model: Any) -> list[tuple[Any, dict[str, Any]]]:
    """The objects whose numbers go into the calls as constants, with a copy of their attributes: a callback may change
    the strength of a penalty.
    """
    found = [*_losses_of(model._compiled_loss), model._compiled_loss]
    found += [variable.regularizer for variable in model.trainable_variables if variable.regularizer is not None]
    return [(one, dict(vars(one))) for one in found]
