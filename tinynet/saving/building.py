"""From a configuration in a file, which may be wrong or hostile, to a model."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..core.errors import ModelFileError
from ..core.reading import describe, deserializing
from ..layers.context import call_context
from ..random import global_seed_generator
from ..serialization import deserialize_keras_object, shared_layers


@contextlib.contextmanager
def undisturbed_session() -> Iterator[None]:
    """Context manager: what is made inside draws seeds, and the session's random numbers go on afterwards as before."""
    seeds = global_seed_generator()
    state = seeds.state
    try:
        yield
    finally:
        seeds.state = state


def build_model(config: Any, where: str, custom_objects: dict[str, Any] | None = None, compile: bool = True,
                weights_bytes: int | None = None, max_bytes: int | None = None, new_weights: bool = False) -> Any:
    """Return the model of a configuration, built, with weights of zeros.

    Args:
        config: The result of `serialize_keras_object` for a model.
        where: What the messages call the configuration.
        custom_objects: {name: class or function} of the user's own.
        compile: Whether to compile it as the configuration describes.
        weights_bytes: Size of the weights in the file. The model's weights must not take more; twice as much is
            allowed, for what is made temporarily. None for no limit.
        max_bytes: The most that an array may take that is made to find shapes; see `core.reading.deserializing`.
        new_weights: Whether to initialize the weights as the layers describe instead of with zeros.

    Raises:
        ModelFileError: the configuration describes no model; the message has the path of the fault, such as
            `config.layers[3].config.units`.
    """
    if not isinstance(config, dict):
        raise ModelFileError(f"{where}: expected an object that describes a model, got {config!r:.80}")
    if not compile:
        config = {key: value for key, value in config.items() if key != "compile_config"}
    try:
        with (contextlib.nullcontext() if new_weights else _without_initializers(weights_bytes), shared_layers(),
              deserializing(max_bytes)):
            model = deserialize_keras_object(config, custom_objects)
    except Exception as error:  # a configuration that is wrong can make any constructor raise anything
        with deserializing(max_bytes):
            path, cause = _innermost(config, error, custom_objects, weights_bytes)
        raise ModelFileError(f"{where}: {path}{': ' if path else ''}{describe(cause)}") from error
    if not hasattr(model, "fit"):
        raise ModelFileError(f"{where}: expected the configuration of a model; this one describes a "
                             f"{type(model).__name__}, not a model")
    return model


@contextlib.contextmanager
def _without_initializers(weights_bytes):
    """Weights are made as zeros, since the file has their values, and no more of them than the file can fill."""
    made = 0

    def zeros(shape, dtype=None):
        nonlocal made
        made += int(np.prod([int(extent) for extent in shape], dtype=object)) * np.dtype(dtype).itemsize
        if weights_bytes is not None and made > 2 * weights_bytes + (1 << 20):
            raise ModelFileError(f"the model's weights take {made} bytes or more, the file holds {weights_bytes}")
        return np.zeros(shape, dtype)

    context = call_context()
    outer, context.first_values = context.first_values, zeros
    try:
        yield
    finally:
        context.first_values = outer


def _innermost(config, error, custom_objects, weights_bytes):
    """(path, error) of the smallest part of a configuration from which no object can be made, such as one layer."""
    for path, part in _parts(config, ""):
        try:
            with _without_initializers(weights_bytes):
                deserialize_keras_object({key: value for key, value in part.items()
                                          if key not in ("build_config", "compile_config")}, custom_objects)
        except Exception as inner:
            if str(inner) not in str(error):  # a part that cannot stand alone, such as a dtype
                continue
            deeper, cause = _innermost(part["config"], inner, custom_objects, weights_bytes)
            if deeper:
                return f"{path}.config.{deeper}", cause
            if str(cause).startswith("unknown class"):
                if "; there is " in str(cause):  # one of the textbook's
                    return path, ValueError(str(cause).split(". A class of your own")[0])
                name = f"{part['module']}.{part['class_name']}" if part.get("module") else part["class_name"]
                return path, ValueError(
                    f"class {name!r} is not one of tinynet's; if it is yours, pass "
                    f"custom_objects={{{part['class_name']!r}: ...}} or register it"
                )
            argument = next((key for key in part["config"] if _names(cause, key)), None) if isinstance(
                part["config"], dict) else None
            return f"{path}.config.{argument}" if argument else path, cause
    return "", error


def _parts(tree, path):
    """(path, dict) of the serialized objects in a configuration, without looking inside them."""
    children = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in children:
        inner = f"{path}[{key}]" if isinstance(tree, list) else f"{path}.{key}" if path else key
        if isinstance(value, dict) and "class_name" in value and "config" in value:
            yield inner, value
        else:
            yield from _parts(value, inner)


def _names(error, key):
    return f" {key} must " in f" {str(error).replace(':', ' ')}" or f"argument {key!r}" in str(error)

