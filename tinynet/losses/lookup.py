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
        aliases: {further name: class or function}.
        missing: {name that Keras has and tinynet has not: the reason}.
        functions: What the name of a wrapped function in a config stands for; looked up before the names above.
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
        """Return the class or function of this name.

        Args:
            name: Its own name or an alias.
            custom_objects: {name: class or function}, looked up too.

        Raises:
            ValueError: there is none; the message proposes the nearest.
        """
        if name in self.missing and name not in (custom_objects or {}):
            raise ValueError(f"{self.kind} {name!r} is not part of tinynet: {self.missing[name]}")
        return look_up(name, self.by_name, self.kind, custom_objects)

    def get(self, identifier: Any) -> Any:
        """Return the object that is meant.

        Args:
            identifier: A name, a dict of `serialize`, a class, a function or an object; None stays None.

        Returns:
            An object or a function. Classes are instantiated.

        Raises:
            ValueError: the name is unknown, or `identifier` is none of these.

        >>> tn.losses.get("mse") is tn.losses.mean_squared_error, tn.losses.get("Huber").delta
        (True, 1.0)
        """
        if identifier is None:
            return None
        if isinstance(identifier, dict):
            return self.deserialize(identifier)
        found = self.find(identifier) if isinstance(identifier, str) else identifier
        if not callable(found):
            raise ValueError(
                f"cannot make a {self.kind} of {identifier!r} ({type(identifier).__name__}); "
                "pass a name, a function or an object"
            )
        return found() if inspect.isclass(found) else found

    def serialize(self, item: Any) -> Any:
        """Return an object or a function as a dict; a name stays what it is.

        Args:
            item: The object, function or name.

        Raises:
            ValueError: it is a class, or a lambda.
        """
        config = serialize_object(item, {"loss": "keras.losses", "metric": "keras.metrics"}[self.kind])
        if isinstance(config, dict) and isinstance(config["config"], dict):
            config["config"] = {key: serialize_function(value) if isinstance(value, types.FunctionType) else value
                                for key, value in config["config"].items()}
        return config

    def deserialize(self, config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
        """Make what `serialize` described. Names are looked up, never imported.

        Args:
            config: A name or a dict.
            custom_objects: {name: class or function}, looked up too.

        Returns:
            An object or a function.

        Raises:
            ValueError: the name is unknown, or the dict is malformed.

        >>> tn.losses.deserialize({"class_name": "Huber", "config": {"delta": 0.5}}).delta
        0.5
        """
        if isinstance(config, str):
            return self.find(config, custom_objects)
        if is_serialized_function(config):
            return self.find(config["config"], {**self.functions, **(custom_objects or {})})
        if not isinstance(config, dict) or "class_name" not in config:
            raise ValueError(
                f"cannot make a {self.kind} of {config!r}: "
                "expected a name or a dictionary with 'class_name' and 'config'"
            )
        cls: Any = get_registered_object(config.get("registered_name"), custom_objects)
        if cls is None:
            cls = self.find(config["class_name"], custom_objects)
        arguments = dict(config.get("config") or {})
        if "fn" in arguments and not callable(arguments["fn"]):
            fn = arguments["fn"]["config"] if is_serialized_function(arguments["fn"]) else arguments["fn"]
            arguments["fn"] = self.find(fn, {**self.functions, **(custom_objects or {})})
        is_class = inspect.isclass(cls)
        return cls.from_config(arguments) if is_class else cls
