"""Finding losses and metrics by name, and turning them into dictionaries and back."""

from __future__ import annotations

import inspect
import types
from typing import TYPE_CHECKING, Any

from ..core.registry import get_registered_object, is_serialized_function, look_up, serialize_function, serialize_object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Lookup:
    """The classes and functions of one kind, under all their names.

    Args:
        kind: 'loss' or 'metric', for messages.
        objects: Classes and functions, found under their own names.
        aliases: Further names.
        missing: Names that Keras has and tinynet has not, with the reason.
        functions: What a wrapped function's name in a config stands for, before the names above.
    """

    def __init__(
        self, kind: str, objects: Iterable[Any], aliases: dict[str, Any], missing: dict[str, str] | None = None,
        functions: Iterable[Callable[..., Any]] = (),
    ) -> None:
        self.kind = kind
        self.by_name = {**{item.__name__: item for item in objects}, **aliases}
        self.missing = missing or {}
        self.functions = {function.__name__: function for function in functions}

    def find(self, name: str, custom_objects: dict[str, Any] | None = None) -> Any:
        """The class or function of this name.

        Raises:
            ValueError: there is none; the message suggests the nearest.
        """
        if name in self.missing and name not in (custom_objects or {}):
            raise ValueError(f"{self.kind} {name!r} is not part of tinynet: {self.missing[name]}")
        return look_up(name, self.by_name, self.kind, custom_objects)

    def get(self, identifier: Any) -> Any:
        """An object from a name, a config dictionary, a class, a function or an object;
        None stays None. Classes are instantiated.
        """
        if identifier is None:
            return None
        if isinstance(identifier, dict):
            return self.deserialize(identifier)
        found = self.find(identifier) if isinstance(identifier, str) else identifier
        if not callable(found):
            raise ValueError(
                f"cannot make a {self.kind} of {identifier!r} ({type(identifier).__name__}); pass a name, a function "
                "or an object"
            )
        return found() if inspect.isclass(found) else found

    def serialize(self, item: Any) -> Any:
        """An object or a function as a dict; names stay what they are."""
        config = serialize_object(item, {"loss": "keras.losses", "metric": "keras.metrics"}[self.kind])
        if isinstance(config, dict) and isinstance(config["config"], dict):
            config["config"] = {key: serialize_function(value) if isinstance(value, types.FunctionType) else value
                                for key, value in config["config"].items()}
        return config

    def deserialize(self, config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
        """What `serialize` was given. Names are looked up, never imported.

        Args:
            config: A name or a dictionary.
            custom_objects: Further classes and functions by name.
        """
        if isinstance(config, str):
            return self.find(config, custom_objects)
        if is_serialized_function(config):
            return self.find(config["config"], {**self.functions, **(custom_objects or {})})
        if not isinstance(config, dict) or "class_name" not in config:
            raise ValueError(
                f"cannot make a {self.kind} of {config!r}: expected a name or a dictionary with 'class_name' and "
                "'config'"
            )
        cls = get_registered_object(config.get("registered_name"), custom_objects)
        if cls is None:
            cls = self.find(config["class_name"], custom_objects)
        arguments = dict(config.get("config") or {})
        if "fn" in arguments and not callable(arguments["fn"]):
            fn = arguments["fn"]["config"] if is_serialized_function(arguments["fn"]) else arguments["fn"]
            arguments["fn"] = self.find(fn, {**self.functions, **(custom_objects or {})})
        return cls.from_config(arguments) if inspect.isclass(cls) else cls
