"""Any object of a model to plain values and back, in the format of Keras 3's config.json:

    {"module": "keras.layers", "class_name": "Dense", "config": {...}, "registered_name": None, "build_config": {...}}

Names are looked up: in `custom_objects`, among the registered ones, and in tinynet's own families. Nothing is imported
by name and no code is read, so that a file can make nothing but layers and what belongs to them. No file or address
that a configuration names is opened (`core.reading.deserializing`).
"""

from __future__ import annotations

import contextlib
import functools
import threading
import types
from collections.abc import Iterator
from typing import Any

import numpy as np

from .core.errors import warn_user
from .core.naming import unknown_name
from .core.reading import deserializing
from .core.registry import (
    custom_object_scope,
    families,
    get_registered_object,
    is_builtin,
    is_serialized_function,
    name_in_files,
    serialize_function,
)
from .tensor import Tensor

# The modules that Keras writes for these classes; for all others it is the module of their family.
_MODULES = {"Sequential": "keras", "Model": "keras", "Functional": "keras.src.models.functional",
            "SeedGenerator": "keras.random"}


def serialize_keras_object(obj: Any) -> Any:
    """Describe an object by plain values that JSON can hold.

    Args:
        obj: Numbers, strings, None; lists, tuples and dicts of objects; arrays and Tensors; functions with a name;
            everything with `get_config()`.

    Returns:
        Numbers, strings, None, and lists and dicts of them.

    Raises:
        ValueError: the object has no such form; the message has the remedy.

    >>> from tinynet.initializers import HeNormal
    >>> serialize_keras_object(HeNormal(3))["class_name"]
    'HeNormal'
    """
    if obj is None or isinstance(obj, str | bool | int | float):
        return obj
    if isinstance(obj, np.generic):
        return obj.item()
    if isinstance(obj, list | tuple):
        return [serialize_keras_object(part) for part in obj]
    if isinstance(obj, dict):
        return {key: serialize_keras_object(part) for key, part in obj.items()}
    if isinstance(obj, np.ndarray | Tensor):
        kind, array = ("__numpy__", obj) if isinstance(obj, np.ndarray) else ("__tensor__", obj.data)
        return {"class_name": kind, "config": {"value": array.tolist(), "dtype": array.dtype.name}}
    if isinstance(obj, np.dtype):
        return obj.name
    if isinstance(obj, bytes):
        return {"class_name": "__bytes__", "config": {"value": obj.decode()}}
    if isinstance(obj, slice):
        parts = {"start": obj.start, "stop": obj.stop, "step": obj.step}
        return {"class_name": "__slice__", "config": {key: serialize_keras_object(part) for key, part in parts.items()}}
    if obj is Ellipsis:
        return {"class_name": "__ellipsis__", "config": {}}
    if isinstance(obj, type):
        raise ValueError(f"cannot serialize the class {obj.__name__} itself; make an object of it: {obj.__name__}()")
    if not hasattr(obj, "get_config"):
        return serialize_function(obj)
    return _serialize_instance(obj)


class _Sharing(threading.local):
    """The layers seen so far while a whole model is written or read.

    A layer that the model holds twice, such as in a model inside it, too, has the same `shared_object_id` in both, and
    is made once.
    """

    def __init__(self):
        self.numbers = None  # {id of a layer: its number}
        self.made = None  # {number: the layer}


_sharing = _Sharing()


@contextlib.contextmanager
def shared_layers() -> Iterator[None]:
    """Context manager: what is serialized, or deserialized, inside the block is one model."""
    outer = _sharing.numbers, _sharing.made
    _sharing.numbers, _sharing.made = {}, {}
    try:
        yield
    finally:
        _sharing.numbers, _sharing.made = outer


def _serialize_instance(obj):
    cls = type(obj)
    result = {
        "module": _module_of(cls),
        "class_name": cls.__name__,
        "config": _config_of(obj),
        "registered_name": None if is_builtin(cls) else name_in_files(cls),
    }
    if _sharing.numbers is not None and _is_layer(cls):
        result["shared_object_id"] = _sharing.numbers.setdefault(id(obj), len(_sharing.numbers))
    build_config = obj.get_build_config() if hasattr(obj, "get_build_config") else None
    if build_config is not None:
        result["build_config"] = serialize_keras_object(build_config)
    frozen = obj._frozen_inside() if _is_layer(cls) else []
    if frozen:
        result["frozen"] = frozen
    if getattr(obj, "compiled", False) and hasattr(obj, "get_compile_config"):
        try:
            result["compile_config"] = obj.get_compile_config()
        except ValueError as error:
            warn_user(f"{obj.name}: what it was compiled with is not kept, since {error}. "
                      "The model will have to be compiled again after loading.", UserWarning)
    return result


def _config_of(obj):
    """The configuration of an object; an error about a part of it names the layer."""
    try:
        return serialize_keras_object(obj.get_config())
    except ValueError as error:
        if _is_layer(type(obj)) and error.args and not getattr(error, "_names_a_layer", False):
            error.args = (f"layer {obj.name!r} ({type(obj).__name__}): {error.args[0]}", *error.args[1:])
            error._names_a_layer = True
        raise


def _is_layer(cls):
    """Whether a class is a layer; the layers are above this module."""
    return getattr(cls, "is_layer", False)


def _module_of(cls):
    """The module that Keras writes for a class; None for the user's own."""
    if not is_builtin(cls):
        return None
    if cls.__name__ in _MODULES:
        return _MODULES[cls.__name__]
    family = cls.__module__.removeprefix(__package__.split(".")[0] + ".")
    if family == "optimizers.schedules":
        return "keras.optimizers.schedules"
    return "keras.layers" if _is_layer(cls) else f"keras.{family.split('.')[0]}"


def deserialize_keras_object(config: Any, custom_objects: dict[str, Any] | None = None, safe_mode: bool = True,
                             **kwargs: Any) -> Any:
    """Make the object that `serialize_keras_object` (or Keras's) described.

    Args:
        config: The result of that function.
        custom_objects: Dict of classes and functions of your own by name, for this call.
        safe_mode: Taken for Keras's sake. Code inside a config is always refused.
        kwargs: Taken for Keras's sake and ignored.

    Returns:
        A new object.

    Raises:
        ValueError: a name is known neither to tinynet nor in `custom_objects`, the config is malformed, or it names a
            file that would have to be opened.

    >>> deserialize_keras_object({"module": "keras.layers", "class_name": "Dense", "config": {"units": 3}}).units
    3
    """
    with custom_object_scope(custom_objects), deserializing():
        return _deserialize(config)


def _deserialize(config):
    if isinstance(config, list | tuple):
        return [_deserialize(part) for part in config]
    if not isinstance(config, dict):
        return config
    if "class_name" not in config or "config" not in config:
        return {key: _deserialize(part) for key, part in config.items()}
    if is_serialized_function(config):
        return _find_function(config["config"])
    name, inner = config["class_name"], config["config"]
    if not isinstance(name, str):
        raise ValueError(f"a serialized object's class_name must be a string, got {name!r}")
    if name.startswith("__"):
        return _deserialize_value(name, inner)
    if not isinstance(inner, dict):
        raise ValueError(f"a serialized {name!r} must have a dict as 'config', got {inner!r}")
    number = config.get("shared_object_id")
    if _sharing.made and type(number) is int and number in _sharing.made:
        return _sharing.made[number]
    cls = _find_class(name, config.get("registered_name"), config.get("module"))
    if is_serialized_function(inner.get("fn")):  # of LossFunctionWrapper and MeanMetricWrapper
        inner = {**inner, "fn": _find_function(inner["fn"]["config"])}
    instance = cls.from_config(dict(inner)) if hasattr(cls, "from_config") else cls(**inner)
    if _sharing.made is not None and type(number) is int and _is_layer(type(instance)):
        _sharing.made[number] = instance
    if config.get("build_config") and hasattr(instance, "build_from_config"):
        instance.build_from_config(config["build_config"])
    if config.get("frozen") and _is_layer(type(instance)):
        instance._freeze_inside(config["frozen"])
    if config.get("compile_config") and hasattr(instance, "compile_from_config"):
        instance.compile_from_config(config["compile_config"])
    return instance


def _deserialize_value(kind, inner):
    if kind == "__lambda__":
        raise ValueError("the configuration holds a lambda, that is, compiled Python code, which tinynet does not run; "
                         "write the function with def, register it with @register_keras_serializable(), and save "
                         "the model again")
    if kind == "__numpy__":
        return np.array(inner["value"], dtype=_number_type(inner["dtype"]))
    if kind == "__tensor__":
        return Tensor(np.array(inner["value"], dtype=_number_type(inner["dtype"])))
    if kind == "__bytes__":
        return inner["value"].encode()
    if kind == "__tuple__":
        return tuple(_deserialize(inner["value"]))
    if kind == "__slice__":
        return slice(*(_deserialize(inner[part]) for part in ("start", "stop", "step")))
    if kind == "__ellipsis__":
        return Ellipsis
    raise ValueError(f"the configuration holds {kind!r}, which tinynet does not know")


def _number_type(name):
    dtype = np.dtype(name)
    if dtype.kind not in "fiub":
        raise ValueError(f"an array in the configuration has dtype {name!r}; expected numbers")
    return dtype


def _find_class(name, registered_name, module):
    """The class of this name; first the user's, then the one in the family named by `module`."""
    for key in (registered_name, name):
        found = get_registered_object(key)
        if isinstance(found, type):
            return found
    tables = _families()
    chosen = [tables[module]] if isinstance(module, str) and module in tables else []
    for family in (*chosen, *tables.values()):
        found = family.get(name)
        if isinstance(found, type):
            return found
    known = {key for family in chosen or tables.values() for key, found in family.items() if isinstance(found, type)}
    raise ValueError(
        f"{unknown_name('class', name, known)}. A class of your own must be registered "
        "(@register_keras_serializable()) before the model is loaded, or be given in custom_objects={name: class}"
    )


def _find_function(name):
    found = get_registered_object(name)
    if found is not None:
        return found
    tables = _families()
    known = {key: item for family in ("activations", "losses", "metrics")
             for key, item in tables[f"keras.{family}"].items() if not isinstance(item, type)}
    if name in known:
        return known[name]
    raise ValueError(
        f"{unknown_name('function', name, known)}. A function of your own must be registered "
        "(@register_keras_serializable()) before the model is loaded, or be given in custom_objects={name: function}"
    )


@functools.cache
def _families():
    """{Keras's module: {name: class or function}} of everything a configuration may name."""
    # Names from dir(), not vars(): augmentation is loaded when it is asked for, and that may be here. What the modules
    # import themselves (numpy, Tensor) is not part of the family: it has no from_config.
    items = {module: {name: getattr(package, name) for name in dir(package) if name[:1] != "_"}
             for module, package in families().items()}
    return {module: {name: item for name, item in found.items() if is_builtin(item)
                     and (hasattr(item, "from_config") or isinstance(item, types.FunctionType))}
            for module, found in items.items()}
