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
    """Return an optimizer as a dict, without its state; `deserialize` makes it again.

    Args:
        optimizer: An `Optimizer`.

    Raises:
        ValueError: it is a class instead of an object.

    >>> serialize(SGD(0.5, momentum=0.9))["config"]["momentum"]
    0.9
    """
    return serialize_object(optimizer, "keras.optimizers")


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """Make the optimizer that `serialize` described.

    Args:
        config: What `serialize` returned, or a name; names of built-in optimizers in any case.
        custom_objects: {name: class or function} of further optimizers, schedules, and functions for the learning rate.

    Returns:
        A new optimizer.

    Raises:
        ValueError: the name is unknown, or the config is malformed.

    >>> deserialize({"class_name": "sgd", "config": {"momentum": 0.5}}).momentum
    0.5
    """
    if isinstance(config, dict) and config.get("class_name", "").lower() in _BY_NAME:
        config = {**config, "class_name": config["class_name"].lower()}
    return deserialize_object(config, _BY_NAME, "optimizer", custom_objects)


def get(identifier: Any) -> Any:
    """Return the optimizer that is meant.

    Args:
        identifier: A name, a dict of `serialize`, a class, or an optimizer; None stays None.

    Raises:
        ValueError: no optimizer has this name (the message proposes the nearest), or `identifier` is none of these.

    >>> get("adam").name
    'adam'
    """
    if identifier is None or isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, str):
        return deserialize({"class_name": identifier, "config": {}})
    if isinstance(identifier, dict):
        return deserialize(identifier)
    is_class = isinstance(identifier, type) and issubclass(identifier, Optimizer)
    if is_class:
        return identifier()
    raise ValueError(f"optimizers.get: expected a name, a dict or an Optimizer, got {identifier!r}")
