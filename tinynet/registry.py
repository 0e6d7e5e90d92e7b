"""Objects by name, to dicts and back: what `get`, `serialize` and `deserialize` of every family are made of.

A name is looked up in the family's own table (and in what the caller passes); nothing is ever imported by name.
"""

import difflib
import re


def snake_case(name):
    """The name Keras gives a class in strings: 'GlorotUniform' -> 'glorot_uniform'."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def by_both_names(*classes, **aliases):
    """A table with each class under its own name and in snake case."""
    table = {cls.__name__: cls for cls in classes}
    table.update((snake_case(cls.__name__), cls) for cls in classes)
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
    near = difflib.get_close_matches(name.lower(), table, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]!r}? " if near else ""
    known = ", ".join(sorted({key for key in table if key == key.lower()}))
    raise ValueError(f"unknown {kind} {name!r}; {hint}known: {known}")


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
