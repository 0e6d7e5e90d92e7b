"""Layers to dicts and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..core.types import Config
    from .base import Layer


def serialize(layer: Layer) -> Config:
    """A layer as a dict: {'module', 'class_name', 'config', 'registered_name', 'build_config'}.

    Args:
        layer: A layer, built or not.

    Returns:
        A dict of plain values.

    >>> from tinynet.layers import Dense
    >>> serialize(Dense(3))["config"]["units"]
    3
    """
    from ..serialization import serialize_keras_object

    return serialize_keras_object(layer)


def deserialize(config: Config, custom_objects: dict[str, Any] | None = None) -> Layer:
    """The layer that `serialize` described, built if that one was; its weights are new.

    Args:
        config: What `serialize` returned.
        custom_objects: Dict of classes and functions of your own by name.

    Returns:
        A new layer.

    Raises:
        ValueError: a name is not known, or this is no layer's configuration.

    >>> from tinynet.layers import Dense
    >>> deserialize(serialize(Dense(3))).units
    3
    """
    from ..serialization import deserialize_keras_object
    from .base import Layer

    layer = deserialize_keras_object(config, custom_objects)
    if not isinstance(layer, Layer):
        raise ValueError(f"layers.deserialize: expected the configuration of a layer, got {config!r}")
    return layer


def serialize_inner(layer: Layer) -> Config:
    """A layer inside another one, which builds it: `serialize` without what it was built for."""
    return {key: value for key, value in serialize(layer).items() if key != "build_config"}


def as_layer(value: Any, owner: str, custom_objects: dict[str, Any] | None = None) -> Layer:
    """`value` itself if it is a layer, else the one that this dict describes: for layers that hold others.

    Args:
        value: Layer, or what `serialize` returned.
        owner: The layer that holds it, for the message.
        custom_objects: Dict of classes of your own by name.

    Raises:
        ValueError: it is neither.
    """
    from .base import Layer

    if isinstance(value, dict):
        return deserialize(value, custom_objects)
    if not isinstance(value, Layer):
        raise ValueError(f"{owner}: expected a layer, got {value!r} ({type(value).__name__})")
    return value
