"""Objects to dicts and back, by name. `get`, `serialize` and `deserialize` of every family call these functions.

A family is a module of one kind of objects: layers, losses, optimizers. A name is looked up among the registered custom
objects, in what the caller passes, and in the family's own table. A name from a file is never imported.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any

from .absence import reason
from .naming import to_snake_case, unknown_name
from .types import Config

_registered: dict[str, Any] = {}  # 'package>name' (or what the user put in): class or function
_families: dict[str, ModuleType] = {}  # Keras's name of a module, such as 'keras.layers': the module


def install_families(families: Mapping[str, ModuleType]) -> None:
    """Set the modules whose names a configuration may hold. The package's `__init__` calls this when all are loaded.

    Args:
        families: {Keras's name of the module, such as 'keras.layers': the module}.
    """
    _families.update(families)


def families() -> dict[str, ModuleType]:
    """Return {Keras's name of the module: the module} for all families."""
    return dict(_families)


def family(title: str) -> ModuleType:
    """Return the module of one family.

    Args:
        title: Keras's name of the module, such as 'keras.layers'.

    Raises:
        KeyError: no family has this name.

    >>> family("keras.activations").get("relu").__name__
    'relu'
    """
    return _families[title]


class _Scopes(threading.local):
    """`_scopes.objects`: the names that this thread's open `custom_object_scope` blocks have added."""

    def __init__(self) -> None:
        self.objects: dict[str, Any] = {}
        self.kept: dict[str, Any] | None = None  # see objects_kept
        self.collected: dict[str, Any] | None = None  # see objects_collected


_scopes = _Scopes()


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[Any], Any]:
    """Decorate a class or function, so that saved models can refer to it by the name 'package>name'.

    Args:
        package: The owner's name. It distinguishes objects of equal names.
        name: The object's own name if None.

    Returns:
        The decorator; it returns the class or function itself.

    Raises:
        ValueError: the class has no `get_config` (raised when the decorator is applied).

    >>> @register_keras_serializable("docs")
    ... def double(x):
    ...     return 2 * x
    >>> get_registered_name(double), get_registered_object("docs>double") is double
    ('docs>double', True)
    """

    def register(item: Any) -> Any:
        full_name = f"{package}>{name if name is not None else item.__name__}"
        if isinstance(item, type) and not hasattr(item, "get_config"):
            raise ValueError(f"register_keras_serializable: class {item.__name__} has no get_config(), so it could not "
                             "be made again from a file; define get_config(self)")
        for known in [known for known, other in _registered.items() if other is item]:
            del _registered[known]
        _registered[full_name] = item
        return item

    return register


@contextlib.contextmanager
def custom_object_scope(*custom_objects: Mapping[str, Any] | None) -> Iterator[dict[str, Any]]:
    """Let names be found inside a `with` block, in this thread.

    Args:
        custom_objects: Dicts {name: class or function}; None counts as empty.

    Returns:
        A context manager.

    >>> with custom_object_scope({"answer": lambda shape, dtype=None: 42}):
    ...     get_registered_object("answer") is not None
    True
    """
    outer = _scopes.objects
    merged = dict(outer)
    for objects in custom_objects:
        merged.update(objects or {})
    _scopes.objects = merged
    try:
        yield merged
    finally:
        _scopes.objects = outer


CustomObjectScope = custom_object_scope


@contextlib.contextmanager
def objects_kept() -> Iterator[None]:
    """Context manager for a copy within this process: what is serialized inside the block is also deserialized in it.

    Functions and classes of the user's own stay the same objects, whether or not they have a name.
    """
    outer = _scopes.kept
    with custom_object_scope() as objects:
        _scopes.kept = objects
        try:
            yield
        finally:
            _scopes.kept = outer


@contextlib.contextmanager
def objects_collected() -> Iterator[dict[str, Any]]:
    """Context manager: the functions and classes of the user's own that are serialized inside the block, by name."""
    outer, _scopes.collected = _scopes.collected, {}
    try:
        yield _scopes.collected
    finally:
        _scopes.collected = outer


def name_in_files(item: Any) -> str:
    """Return the name by which a function or class of the user's own is written, and store the object where a block of
    `objects_kept` or `objects_collected` needs it.
    """
    if _scopes.kept is not None:
        name = f"kept>{id(item)}"
        _scopes.kept[name] = item
        return name
    name = get_registered_name(item)
    if _scopes.collected is not None and not is_builtin(item):
        _scopes.collected[name] = item
    return name


def get_custom_objects() -> dict[str, Any]:
    """Return the dict of all registered classes and functions by name. What the user adds to it is found too.

    >>> get_custom_objects()["double"] = lambda x: 2 * x
    >>> Dense(1, activation="double").activation(3)
    6
    >>> del get_custom_objects()["double"]
    """
    return _registered


def get_registered_name(item: Any) -> str:
    """Return the name under which a class or function is registered; its own name if it is not.

    Args:
        item: The class or function.

    >>> get_registered_name(Dense)
    'Dense'
    """
    for name, other in _registered.items():
        if other is item:
            return name
    return item.__name__


def get_registered_object(name: Any, custom_objects: Mapping[str, Any] | None = None,
                          module_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the class or function of a name, or None.

    Args:
        name: The name.
        custom_objects: {name: class or function} of the caller, searched after the registered ones.
        module_objects: {name: class or function} of a family, searched last.

    >>> get_registered_object("Unknown") is None
    True
    >>> get_registered_object("half", {"half": lambda x: x / 2})(8)
    4.0
    """
    if not isinstance(name, str):
        return None
    for objects in (_scopes.objects, _registered, custom_objects, module_objects):
        if objects and name in objects:
            return objects[name]
    return None


def is_builtin(item: Any) -> bool:
    """Whether a class or function is tinynet's own."""
    return (getattr(item, "__module__", None) or "").split(".")[0] == __name__.split(".")[0]


def by_both_names(*classes: type, **aliases: Any) -> dict[str, Any]:
    """Return a table with each class under its own name and in snake case.

    Args:
        classes: The classes.
        aliases: Further entries, as keyword arguments.

    >>> sorted(by_both_names(int, Integer=int))
    ['Integer', 'int']
    """
    table = {cls.__name__: cls for cls in classes}
    table.update((to_snake_case(cls.__name__), cls) for cls in classes)
    table.update(aliases)
    return table


def look_up(name: str, table: Mapping[str, Any], kind: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the class or function of a name.

    Args:
        name: The name.
        table: {name: class or function} of the family.
        kind: The kind of object, for messages: 'loss', 'optimizer'.
        custom_objects: {name: class or function} of the caller.

    Raises:
        ValueError: there is none; the message proposes the nearest names, or explains why tinynet does not have what
            Keras has.
    """
    found = get_registered_object(name, custom_objects, table)
    if found is not None:
        return found
    why = reason("keras.losses" if kind == "loss" else f"keras.{kind}s", name)
    if why is not None:
        raise ValueError(f"{kind} {name!r} is not part of tinynet: it {why}")
    raise ValueError(unknown_name(kind, name, {**table, **(custom_objects or {}), **_scopes.objects, **_registered}))


def serialize_object(thing: Any, module: str) -> Any:
    """Return {'module', 'class_name', 'config', 'registered_name'} for an object with `get_config`, or for a function.

    The user's own classes have the module None and a registered name. The module that defines them is not written,
    since it is never imported by that name.

    Args:
        thing: The object or function; None, strings and numbers are returned unchanged.
        module: Keras's name of the module of its family, such as 'keras.losses'.

    Raises:
        ValueError: it is a class, a lambda, or has neither `get_config` nor a name.
    """
    if thing is None or isinstance(thing, str | int | float | bool):
        return thing
    if isinstance(thing, type):
        name = thing.__name__
        raise ValueError(f"cannot serialize the class {name} itself; make an object of it: {name}()")
    if hasattr(thing, "get_config"):
        own = is_builtin(type(thing))
        return {
            "module": module if own else None,
            "class_name": type(thing).__name__,
            "config": thing.get_config(),
            "registered_name": None if own else name_in_files(type(thing)),
        }
    return serialize_function(thing)


def serialize_function(function: Any) -> Config:
    """Return a function as Keras writes it: by its registered name.

    Raises:
        ValueError: it has no name by which it can be found again.
    """
    name = getattr(function, "__name__", None)
    kept = _scopes.kept is not None and callable(function)
    if name is None and not kept:
        raise ValueError(f"cannot serialize {function!r}: it has neither get_config() nor a name")
    if name == "<lambda>" and not kept:
        raise ValueError("cannot serialize a lambda: a file holds no code, only names. Define the function with def, "
                         "decorate it with @register_keras_serializable(), and pass it by that name")
    return {
        "module": "builtins",
        "class_name": "function",
        "config": name_in_files(function),
        "registered_name": "function",
    }


def is_serialized_function(config: Any) -> bool:
    """Whether this is a dict that `serialize_function` returned."""
    return isinstance(config, dict) and config.get("class_name") == "function" and isinstance(config.get("config"), str)


def deserialize_object(config: Any, table: Mapping[str, Any], kind: str,
                       custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Make the object that `serialize_object` described.

    Args:
        config: What `serialize_object` returned; or a name, for an object with default arguments.
        table: {name: class or function} of the family.
        kind: The kind of object, for messages.
        custom_objects: {name: class or function} of the caller.

    Raises:
        ValueError: `config` is something else, or its name is not known.
    """
    if isinstance(config, str):
        found = look_up(config, table, kind, custom_objects)
        return found() if isinstance(found, type) else found
    if is_serialized_function(config):
        return look_up(config["config"], table, kind, custom_objects)
    if not isinstance(config, dict) or not isinstance(config.get("class_name"), str):
        raise ValueError(f"a serialized {kind} is a dict with 'class_name' and 'config', got {config!r}")
    found = get_registered_object(config.get("registered_name"), custom_objects)
    if found is None:
        found = look_up(config["class_name"], table, kind, custom_objects)
    if not isinstance(found, type):
        return found
    inner = config.get("config") or {}
    if not isinstance(inner, dict):
        raise ValueError(f"a serialized {kind} {config['class_name']!r} has a dict as 'config', got {inner!r}")
    with custom_object_scope(custom_objects):
        return found.from_config(dict(inner)) if hasattr(found, "from_config") else found(**inner)


def get_object(identifier: Any, table: Mapping[str, Any], kind: str) -> Any:
    """Return the object that a layer's or model's argument means; `get` of every family calls this.

    Args:
        identifier: A name; a dict that `serialize_object` returned; a class, which is called without arguments; a
            function or another callable, which is returned unchanged; or None, for None.
        table: {name: class or function} of the family.
        kind: The kind of object, for messages.

    Raises:
        ValueError: it is something else, or its name is not known.
    """
    if identifier is None:
        return None
    if isinstance(identifier, str | dict):
        return deserialize_object(identifier, table, kind)
    if isinstance(identifier, type):
        return identifier()
    if callable(identifier):
        return identifier
    raise ValueError(f"{kind}: expected a name, a dict, a class or a function, got {identifier!r}")
