"""Pickles of layers and models: the bytes of a model file, and references to the user's own classes and functions.

The bytes hold no code. A pickle as a whole may, whatever is in it: load none from a source that you do not trust.
"""

from __future__ import annotations

import io
import warnings
from typing import Any

from ..core.registry import objects_collected
from ..layers.base_config import LayerConfig
from ..serialization import deserialize_keras_object, serialize_keras_object, shared_layers
from . import safetensors
from .archive import CONFIG, WEIGHTS, Archive, write_archive
from .building import undisturbed_session
from .model_file import load_archive, model_to_bytes, to_json
from .state import gather, restore
from .weights import safetensors_stored


def to_pickle(layer: Any) -> tuple[bytes, dict[str, Any]]:
    """Return the arguments of `from_pickle`.

    Args:
        layer: A layer or a model.

    Returns:
        (the bytes of a model file, {name: class or function of the user's own that the bytes name}). A pickle refers to
        the latter by the modules that define them.

    Raises:
        ValueError: something in it cannot be described, such as a lambda; the message names the layer.
    """
    with objects_collected() as objects, warnings.catch_warnings():
        # A model whose loss is a lambda is saved without its compile, with a warning. A pickle keeps all or nothing.
        warnings.filterwarnings("error", message=".*what it was compiled with is not kept")
        try:
            data = model_to_bytes(layer) if hasattr(layer, "fit") else _layer_to_bytes(layer)
        except UserWarning as warning:
            raise ValueError(f"pickle: {warning}") from None
    return data, objects


def from_pickle(data: bytes, objects: dict[str, Any]) -> Any:
    """Return the layer or model that `to_pickle` described.

    Args:
        data: The bytes of a model file.
        objects: {name: class or function} of the user's own.

    Raises:
        ModelFileError: as `load_model` does.
    """
    name = "<pickle>"
    with undisturbed_session(), Archive(name, io.BytesIO(data)) as archive:
        if "metadata.json" in archive:
            return load_archive(name, objects, True, io.BytesIO(data))
        with shared_layers():
            layer = deserialize_keras_object(archive.read_json(CONFIG), objects)
        with archive.open(WEIGHTS) as file:
            stored, _ = safetensors_stored(file, archive.size(WEIGHTS), name)
            restore(layer, stored, name, random_state=True)
    return layer


LayerConfig._reduced = staticmethod(lambda layer: (from_pickle, to_pickle(layer)))


def _layer_to_bytes(layer):
    """A layer alone: the same members as a model's, without metadata."""
    arrays = gather(layer, random_state=True)
    with shared_layers():
        config = to_json(serialize_keras_object(layer))
    file = io.BytesIO()
    write_archive(file, {CONFIG: config, WEIGHTS: lambda member: safetensors.write(member, arrays, {})})
    return file.getvalue()
