"""Augmentation ahead: `fit` runs the augmentation layers at a model's beginning in a thread, one batch ahead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..callbacks import CallbackList
from ..data import unpack_x_y_sample_weight


class Augmented:
    """Inputs to which the model's first layers, the augmenting ones, have been applied already.

    Attributes:
        data: What those layers returned.
        layers: The number of those layers.
    """

    __slots__ = ("data", "layers")

    def __init__(self, data: Any, layers: int) -> None:
        self.data = data
        self.layers = layers


def augmentation_of(model: Any, callbacks: CallbackList) -> Callable[[Any], tuple] | None:
    """The function that applies a model's first, augmenting layers to a batch.

    Args:
        model: The model that is trained.
        callbacks: Those of the run.

    Returns:
        Function of a batch, which returns (Augmented, y, sample_weight). None where there are no such layers, where the
        user's own step calls the model, and where a callback needs the random generators as the last step has left
        them: one batch ahead they have been used for the next step already.
    """
    layers = model._augmenting_layers()
    if (not layers or model._overrides("train_step", "compute_metrics")
            or any(callback.needs_exact_state for callback in callbacks.callbacks)):
        return None

    def augment(data: Any) -> tuple:
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        x = model._with_last_axis(x)  # otherwise a batch of grey images would be taken for one image
        for layer in layers:
            x = layer(x, training=True)
        return Augmented(x, len(layers)), y, sample_weight

    return augment
