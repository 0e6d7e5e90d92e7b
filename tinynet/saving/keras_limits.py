"""What Keras 3.15.1 cannot read though its format can express it: refused by name before a file is written.

Layers, optimizers and losses that only tinynet has; settings that its own classes take and Keras's do not; and layers
of Keras that it cannot read back from its own files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .. import optimizers

_OWN_LAYERS = frozenset(("Augment", "Cutout", "EmbeddingCutout", "EmbeddingMixup", "Mixing", "PatchShuffle",
                         "WordDropout"))


def _is_number_or_list(value):
    return not isinstance(value, str)


def _is_negative(value):
    return isinstance(value, list) and min(value) < 0


def _has_several(value):
    return isinstance(value, list) and len(value) > 1


_CONVOLUTIONS = ("Conv1D", "Conv2D", "Conv3D", "DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D",
                 "SeparableConv2D")
# {class: (argument, whether Keras refuses a value, why)}
_REFUSED: dict[str, tuple[str, Callable[[Any], bool], str]] = {
    **dict.fromkeys(_CONVOLUTIONS, ("padding", _is_number_or_list, "Keras has no padding by a number of pixels; put a "
                                    "ZeroPadding layer before a layer with padding='valid'")),
    "RandomShear": ("x_factor", _is_negative, "Keras takes no range that begins below 0; use one number f for -f to f"),
    "Equalization": ("name", lambda value: True, "Keras 3.15.1 cannot call its Equalization in a model"),
}
# The same for the old format, `.h5`, which Keras reads with a reader of its own.
_REFUSED_OLD: dict[str, tuple[str, Callable[[Any], bool], str]] = {
    "Attention": ("score_mode", lambda value: value == "dot", "Keras takes the word for a function"),
    "Lamb": ("name", lambda value: True, "Keras does not find the optimizer by this name"),
    "CategoricalGeneralizedCrossEntropy": ("name", lambda value: True, "Keras does not find the loss by this name"),
    **dict.fromkeys(("Softmax", "LayerNormalization"), ("axis", _has_several, "Keras loses an axis that is a list")),
}


def faults_for_keras(config: Any, old: bool = False) -> list[str]:
    """Return what Keras will refuse, or read as something else, of a serialized model; one sentence each.

    Args:
        config: From `serialize_keras_object`.
        old: Whether it goes into a `.h5` file.

    >>> from tinynet.serialization import serialize_keras_object
    >>> faults_for_keras(serialize_keras_object(Conv2D(4, 3, padding=1, name="first")))[0][:46]
    "'first' (Conv2D): padding=1: Keras has no padd"
    """
    tables = [_REFUSED, *([_REFUSED_OLD] if old else [])]
    found: dict[str, None] = {}
    for part in _objects(config):
        name, module, settings = part["class_name"], str(part.get("module")), part["config"]
        label = f"{settings.get('name', name)!r} ({name})"
        own = (module.startswith("keras.textbook") or module == "keras.layers" and name in _OWN_LAYERS
               or module == "keras.optimizers" and name not in optimizers.__all__)
        if own and part.get("registered_name") is None:
            found[f"{label}: it is tinynet's own, Keras has no such class"] = None
        for table in tables if module in ("keras.layers", "keras.optimizers", "keras.losses") else []:
            argument, refused, why = table.get(name, ("", lambda value: False, ""))
            for key in (argument, argument.replace("x_", "y_")):
                if key in settings and refused(settings[key]):
                    found[f"{label}: {key}={settings[key]!r}: {why}"] = None
    return list(found)


def _objects(tree: Any) -> Iterator[dict[str, Any]]:
    """The serialized objects in a configuration, at any depth."""
    if isinstance(tree, list):
        for part in tree:
            yield from _objects(part)
    elif isinstance(tree, dict):
        if isinstance(tree.get("class_name"), str) and isinstance(tree.get("config"), dict):
            yield tree
        for part in tree.values():
            yield from _objects(part)
