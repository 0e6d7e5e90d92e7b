"""Models and their parts as dicts, JSON and files.

    model_file.py     whole models: save_model, load_model
    pickles.py        pickles of layers and models
    weights.py        weights alone: save_weights, load_weights
    state.py          the names of arrays in files, and how they are restored into a model
    building.py       a model from a configuration that may be damaged or hostile
    archive.py, strict_json.py, safetensors.py    the parts of a model file, and what is refused in them
    h5.py, legacy_h5.py, foreign.py               Keras's files, new and old
    onnx/             models as ONNX files

Objects become dicts and back in `tinynet/serialization.py`; names of custom classes are in `core/registry.py`.
"""

from ..core.registry import (
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from .model_file import load_model, save_model
from ..serialization import deserialize_keras_object, serialize_keras_object
from . import pickles as _pickles  # noqa: F401, for `pickle.dumps(model)`
from .weights import load_weights, save_weights

__all__ = [
    "CustomObjectScope", "custom_object_scope", "deserialize_keras_object", "get_custom_objects",
    "get_registered_name", "get_registered_object", "load_model", "load_weights", "register_keras_serializable",
    "save_model", "save_weights", "serialize_keras_object",
]
