"""Objects by name, to dicts and back: what `get`, `serialize` and `deserialize` of every family are made of.

A name is looked up in the family's own table (and in what the caller passes); nothing is ever imported by name.
"""

from .naming import to_snake_case, unknown_name


def by_both_names(*classes, **aliases):
    """A table with each class under its own name and in snake case."""
    table = {cls.__name__: cls for cls in classes}
    table.update((to_snake_case(cls.__name__), cls) for cls in classes)
    table.update(aliases)
    return table


def look_up(name, table, kind, custom_objects=None):
    """The class of this name.

    Raises:
        ValueError: there is none; the message proposes the nearest names.
    """
    if custom_objects and name in custom_objects:
        return custom_objects[name]
    if name in table:
        return table[name]
    raise ValueError(unknown_name(kind, name, {**table, **(custom_objects or {})}))


def serialize_object(thing, module):
    """{'module', 'class_name', 'config', 'registered_name'} for an object with `get_config`; a function's name."""
    if thing is None or isinstance(thing, str | int | float | bool):
        return thing
    if hasattr(thing, "get_config"):
        return {
            "module": module,
            "class_name": type(thing).__name__,
            "config": thing.get_config(),
            "registered_name": None,
        }
    if hasattr(thing, "__name__"):
        return thing.__name__
    raise ValueError(f"cannot serialize {thing!r}: it has neither get_config() nor a name")


def deserialize_object(config, table, kind, custom_objects=None):
    """The object that `serialize_object` described; a name alone gives it with its defaults."""
    if isinstance(config, str):
        found = look_up(config, table, kind, custom_objects)
        return found() if isinstance(found, type) else found
    if not isinstance(config, dict) or "class_name" not in config:
        raise ValueError(f"a serialized {kind} is a dict with 'class_name' and 'config', got {config!r}")
    found = look_up(config["class_name"], table, kind, custom_objects)
    if not isinstance(found, type):
        return found
    inner = dict(config.get("config") or {})
    return found.from_config(inner) if hasattr(found, "from_config") else found(**inner)


def get_object(identifier, table, kind):
    """What `get` of a family makes of a name, a dict of `serialize_object`, a class or a function; None stays None."""
    if identifier is None:
        return None
    if isinstance(identifier, str | dict):
        return deserialize_object(identifier, table, kind)
    if isinstance(identifier, type):
        return identifier()
    if callable(identifier):
        return identifier
    raise ValueError(f"{kind}: expected a name, a dict, a class or a function, got {identifier!r}")
