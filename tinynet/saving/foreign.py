"""Configurations that Keras wrote, as tinynet takes them, and the reverse.

Keras 3's configurations are tinynet's, except for a few arguments that tinynet's classes do not have. They are left out
where they have no effect; otherwise the constructor refuses them by name. The old format (Keras 2, tf.keras, and
Keras 3's own `.h5` files) has other spellings.
"""

from __future__ import annotations

import inspect
from typing import Any

from ..core.types import Config

# Arguments of Keras's classes that have no effect as long as they have these values.
_ANY = object()
_EMPTY = {
    "quantization_config": None, "lora_rank": None, "lora_alpha": None, "renorm": False, "renorm_clipping": None,
    "renorm_momentum": _ANY, "synchronized": _ANY, "ragged": False, "sparse": False, "optional": False,
    "input_axes": None, "output_axes": None, "flash_attention": None, "use_gate": False, "autocast": True,
    # of Keras 2 and tf.keras
    "fused": _ANY, "virtual_batch_size": None, "adjustment": None, "implementation": _ANY, "time_major": False,
    "input_length": _ANY, "jit_compile": _ANY, "is_legacy_optimizer": _ANY, "decay": 0.0,
}


def without_foreign_arguments(tree: Any) -> Any:
    """Leave out the arguments of Keras's classes that tinynet's do not have and that have no effect.

    Args:
        tree: A configuration: dicts and lists.

    Returns:
        The configuration without them.
    """
    if isinstance(tree, list):
        return [without_foreign_arguments(part) for part in tree]
    if not isinstance(tree, dict):
        return tree
    tree = {key: without_foreign_arguments(value) for key, value in tree.items()}
    if isinstance(tree.get("class_name"), str) and isinstance(tree.get("config"), dict):
        taken = _arguments(tree)
        if taken is not None:
            tree["config"] = {key: value for key, value in tree["config"].items()
                              if key in taken or key not in _EMPTY or _EMPTY[key] not in (_ANY, value)}
    return tree


def _arguments(serialized):
    """The names of a class's arguments; None if the class is not tinynet's."""
    from ..serialization import _find_class

    try:
        cls = _find_class(serialized["class_name"], None, serialized.get("module"))
    except ValueError:
        return None
    return set(inspect.signature(cls.__init__).parameters)


def from_old_keras(tree: Any) -> Any:
    """Return a configuration of the old format in the spelling of the new one."""
    if isinstance(tree, list):
        return [from_old_keras(part) for part in tree]
    if not isinstance(tree, dict):
        return tree
    tree = {key: from_old_keras(value) for key, value in tree.items()}
    name, config = tree.get("class_name"), tree.get("config")
    if not isinstance(name, str) or name.startswith("__"):
        return tree
    if name == "Sequential" and isinstance(config, list):  # Keras 2.0 to 2.2
        config = {"layers": config}
    if not isinstance(config, dict):
        return tree
    config = dict(config)
    if name == "InputLayer" and "batch_input_shape" in config:
        config["batch_shape"] = config.pop("batch_input_shape")
    if name == "BatchNormalization" and isinstance(config.get("axis"), list) and len(config["axis"]) == 1:
        config["axis"] = config["axis"][0]
    if isinstance(config.get("fn"), str):
        config["fn"] = {"class_name": "function", "config": config["fn"]}
    if config.get("reduction") == "auto":
        config["reduction"] = "sum_over_batch_size"
    if isinstance(config.get("dtype"), dict) and config["dtype"].get("class_name") == "Policy":
        config["dtype"] = config["dtype"].get("config", {}).get("name")
    tree["class_name"] = {"Model": "Functional"}.get(name, name)
    layers = config["layers"] if isinstance(config.get("layers"), list) else []
    calls = [layer for layer in layers if isinstance(layer, dict) and isinstance(layer.get("inbound_nodes"), list)]
    if any(isinstance(node, list) for layer in calls for node in layer["inbound_nodes"]):  # not of Keras 3
        for layer in calls:
            layer["inbound_nodes"] = [_new_node(node) for node in layer["inbound_nodes"]]
        for key in ("input_layers", "output_layers"):  # a list of one was that one tensor
            if isinstance(config.get(key), list) and len(config[key]) == 1:
                config[key] = config[key][0]
    tree["config"] = config
    return without_foreign_arguments(tree)


def _new_node(node):
    """A call of a layer in a graph: [[layer, node, tensor, keyword arguments], ...] in the old format."""
    if not isinstance(node, list) or not all(isinstance(part, list) and len(part) in (3, 4) for part in node):
        return node
    tensors = [{"class_name": "__keras_tensor__", "config": {"keras_history": part[:3]}} for part in node]
    keywords = {key: value for part in node[:1] if len(part) == 4 for key, value in part[3].items()}
    return {"args": [tensors if len(tensors) > 1 else tensors[0]], "kwargs": keywords}


def optimizer_from_old_keras(config: Config) -> Config:
    """Return an optimizer's configuration of the old format, without the arguments that have no effect."""
    config = {"module": "keras.optimizers", **from_old_keras(config)}
    config["config"] = {key: value for key, value in config["config"].items()
                        if key not in ("jit_compile", "is_legacy_optimizer") and (key, value) != ("decay", 0.0)}
    return config


def to_old_keras(tree: Any) -> Any:
    """Return a configuration in the old format, which Keras 3 writes into `.h5` files: no modules, no shapes."""
    if isinstance(tree, list):
        return [to_old_keras(part) for part in tree]
    if not isinstance(tree, dict):
        return tree
    if str(tree.get("module", "")).startswith("keras.src.ops"):
        return tree  # an operation in a graph: by its class alone it is a layer (Add), or unknown (Pad), for Keras, too
    inside = ["config", "layers", "loss", "metrics", "weighted_metrics"]
    if str(tree.get("module", "")).startswith("keras.layers"):
        inside = []  # what a layer holds keeps the new format: only models and their layers have the old one
    tree = {key: to_old_keras(value) if key in inside else value for key, value in tree.items()}
    dropped = ("module", "registered_name", "build_config", "compile_config")
    return {key: value for key, value in tree.items() if key not in dropped} if "class_name" in tree else tree
