"""Which models' steps may be recorded and run again: see replay.py.

A layer is on the list if its `call` does the same operations in every step with inputs of one shape, and keeps nothing
but variables and seeds. tests/models/test_replay.py holds the steps of each of them to the bits of the ordinary step.
"""

from __future__ import annotations

from typing import Any

from .. import layers, losses, regularizers
from ..core.registry import is_builtin

# By their exact types: a subclass may do something else.
LAYERS = frozenset({
    layers.InputLayer, layers.Identity, layers.Dense, layers.Activation, layers.ReLU, layers.LeakyReLU, layers.ELU,
    layers.Softmax, layers.Conv1D, layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D,
    layers.Conv2DTranspose, layers.MaxPooling1D, layers.MaxPooling2D, layers.AveragePooling1D,
    layers.AveragePooling2D, layers.GlobalAveragePooling1D, layers.GlobalAveragePooling2D, layers.GlobalMaxPooling1D,
    layers.GlobalMaxPooling2D, layers.BatchNormalization, layers.LayerNormalization, layers.GroupNormalization,
    layers.Dropout, layers.Flatten, layers.Reshape, layers.Add, layers.Concatenate, layers.MultiHeadAttention,
    layers.EinsumDense,
})
_FUNCTIONS = ("activation", "recurrent_activation")  # attributes of layers that are functions of Tensors


def reason_against(model: Any, training: bool) -> str:
    """Why a model's steps cannot be recorded; "" if nothing is known against it.

    Args:
        model: The model.
        training: Whether it is about training steps, with the loss.
    """
    for layer in model._flatten_layers():
        if type(layer) not in LAYERS and not vars(type(layer)).get("_only_calls_layers"):
            return f"{layer.name} is of {type(layer).__name__}, which is not on the list of layers"
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


def _reason_against_training(model: Any) -> str:
    if model._overrides("compute_loss"):
        return f"{type(model).__name__} has a compute_loss of its own"
    if not is_builtin(type(model.optimizer)):
        return f"{type(model.optimizer).__name__} is an optimizer of your own, which may keep gradients"
    compiled = model._compiled_loss
    if compiled is None or compiled._loss is None:
        return "the model has no loss, or one for each of several outputs"
    if not is_builtin(type(compiled._loss)) or not is_builtin(getattr(compiled._loss, "fn", losses.Loss)):
        return "the loss is a function of your own"
    for variable in model.trainable_variables:
        if variable.regularizer is not None and type(variable.regularizer) not in _PENALTIES:
            return f"{variable.path} has a regularizer of another kind than L1 and L2"
    return ""


_PENALTIES = (regularizers.L1, regularizers.L2, regularizers.L1L2)


def settings_of(model: Any) -> list[tuple[Any, dict[str, Any]]]:
    """The objects whose numbers go into the calls as constants, with a copy of their attributes: a callback may change
    the strength of a penalty.
    """
    found = [model._compiled_loss._loss, model._compiled_loss]
    found += [variable.regularizer for variable in model.trainable_variables if variable.regularizer is not None]
    return [(one, dict(vars(one))) for one in found]
