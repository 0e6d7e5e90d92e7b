"""Optimizers under Keras's names: `from tinynet.optimizers import Adam`, or a string such as 'adam' in `compile`."""

from __future__ import annotations

from typing import Any

from ..core.registry import deserialize_object, serialize_object
from . import schedules
from .adam import Adam, Adamax, AdamW, Nadam
from .adaptive import Adadelta, Adagrad, RMSprop
from .base import Optimizer
from .matrix import Adafactor, Lamb, Muon
from .sgd import SGD
from .sign import Ftrl, Lion

__all__ = [
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "Lion",
    "Muon",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "deserialize",
    "get",
    "schedules",
    "serialize",
]

_CLASSES = (SGD, Adadelta, Adafactor, Adagrad, Adam, AdamW, Adamax, Ftrl, Lamb, Lion, Muon, Nadam, RMSprop)
_BY_NAME = {cls.__name__.lower(): cls for cls in _CLASSES}


def serialize(optimizer: Any) -> Any:
    """An optimizer as a dict, without its state."""
    return serialize_object(optimizer, "keras.optimizers")


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The optimizer that `serialize` described; names of built-in ones in any case."""
    if isinstance(config, dict) and config.get("class_name", "").lower() in _BY_NAME:
        config = {**config, "class_name": config["class_name"].lower()}
    return deserialize_object(config, _BY_NAME, "optimizer", custom_objects)


def get(identifier: Any) -> Any:
    """An optimizer from a name, a dict of `serialize`, or an optimizer.

    >>> get("adam").name
    'adam'

    Raises:
        ValueError: no optimizer has this name; the message proposes the nearest.
    """
    if identifier is None or isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, str):
        return deserialize({"class_name": identifier, "config": {}})
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, type) and issubclass(identifier, Optimizer):
        return identifier()
    raise ValueError(f"optimizers.get: expected a name, a dict or an Optimizer, got {identifier!r}")
