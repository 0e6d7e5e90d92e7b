"""In which order a model calls its layers, and which one is last, as far as that is known without calling it."""

from __future__ import annotations

from typing import Any

from ..layers.base import Layer
from ..layers.core import Identity
from ..layers.reshaping import Flatten, Reshape

_KEEPS_VALUES = (Flatten, Reshape, Identity)


def layers_of(model: Any) -> list[Layer] | None:
    """The layers in the order in which they are called, those of models inside included.

    Args:
        model: The model.

    Returns:
        List of layers; None if they are not called one after the other, or if that is not known.
    """
    order = model._layers_in_order()
    graph = model._computed_graph() if order is None else None
    if graph is not None and graph.is_chain():
        order = [part for layer in graph.layers
                 for part in ((layers_of(layer) or [layer]) if _is_model(layer) else [layer])]
    return order


def last_layer(model: Any, position: int) -> Layer | None:
    """The layer that makes an output, apart from layers that change only its shape.

    Args:
        model: The model.
        position: Which output, from 0.

    Returns:
        The layer, also one inside a model inside; None if it is not known.
    """
    order, last = model._layers_in_order(), None
    graph = model._computed_graph() if order is None else None
    if order is not None:
        last = next((layer for layer in reversed(order) if not isinstance(layer, _KEEPS_VALUES)), None)
    elif graph is not None:
        tensor = graph.outputs[position]
        while tensor._node is not None and isinstance(tensor._node.operation, _KEEPS_VALUES):
            tensor = tensor._node.inputs[0]
        last, position = (tensor._node.operation, tensor._index) if tensor._node is not None else (None, 0)
    return last_layer(last, position) if _is_model(last) else last


def _is_model(layer: Any) -> bool:
    return hasattr(layer, "_layers_in_order")
