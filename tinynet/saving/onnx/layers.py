"""Layers in terms of ONNX's operators, one module a family; see `export.py`.

Each function takes (writer, layer, value, or a list of Values) and returns a Value. Functions of layers that take
further arguments take them, too, with Values for tensors. Only the layers in the modules' tables are written: a
subclass may compute something else.

    elementwise.py    Dense, Embedding, activations and other layers that keep the shape
    convolution.py    convolutions and pooling
    normalization.py  normalization
    shapes.py         reshaping, padding, cropping and resizing
    merging.py        several inputs into one
    recurrent.py      recurrent layers and wrappers
    attention.py      attention, EinsumDense
    preprocessing.py  sizes of images, categories
    masks.py          the mask of a layer's output
    axes.py           the order of axes, for all of these
"""

from __future__ import annotations

import functools
import inspect
from typing import Any

from ... import layers
from ...core.nest import flatten, map_structure, pack_like
from . import attention, convolution, elementwise, merging, normalization, preprocessing, recurrent, shapes
from .masks import output_mask
from .writer import Value, Writer, unsupported


def write_layer(w: Writer, layer: Any, *args: Any, **kwargs: Any) -> Any:
    """Write a call of a layer.

    Args:
        w: Writer.
        layer: The layer.
        *args, **kwargs: What it is called on, with Values for tensors.

    Returns:
        Value of its output, or a list of Values.

    Raises:
        NotImplementedError: the layer, or this call of it, cannot be written; the message names it.
    """
    function = _FUNCTIONS.get(type(layer))
    if function is None:
        raise unsupported(layer, "it has no counterpart in ONNX here")
    kwargs = _without_defaults(layer, kwargs)
    tensors = flatten((args[1:], kwargs))
    if function in _OF_ONE_INPUT and (len(args) > 1 or kwargs):
        raise unsupported(layer, f"it is called with further arguments ({', '.join(kwargs) or len(tensors)})")
    _check_mask_is_used(layer, function, args[0])
    w.scope = layer.name
    if layer.autocast and type(layer) not in (layers.Flatten, layers.Reshape, layers.Embedding):
        args, kwargs = map_structure(lambda leaf: _cast(w, leaf, layer.dtype), (args, kwargs))
    outputs = function(w, layer, *args, **kwargs)
    if outputs is args[0]:
        return outputs  # the tensor itself, which keeps its mask
    mask = output_mask(w, layer, args, outputs)
    if isinstance(outputs, Value):
        return outputs.masked(mask)
    masks = list(mask) if isinstance(mask, list) else [mask]
    masks += [None] * (len(flatten(outputs)) - len(masks))
    return pack_like(outputs, [value.masked(one) for value, one in zip(flatten(outputs), masks, strict=True)])


def _cast(w, leaf, dtype):
    return w.cast(leaf, dtype) if isinstance(leaf, Value) and leaf.dtype != "bool" else leaf


def _without_defaults(layer, kwargs):
    """The arguments of a call that change something; `training=True` cannot be written."""
    if kwargs.get("training") and type(layer) not in _UNTRAINED:
        raise unsupported(layer, "it is called with training=True, and a file computes what the model predicts")
    return {key: value for key, value in kwargs.items()
            if key != "training" and value is not None and value is not False}


def _check_mask_is_used(layer, function, inputs):
    """Refuse a layer that takes a mask into account, if the function that writes it does not.

    Raises:
        NotImplementedError: the message names the layer.
    """
    if function in _MASKED or all(getattr(value, "mask", None) is None for value in flatten(inputs)):
        return
    if "mask" in inspect.signature(type(layer).call).parameters and type(layer) not in _MASK_IN_TRAINING_ONLY:
        raise unsupported(layer, "it takes account of a mask, which is not written")


def _identity(w, layer, value):
    return value


def _pipeline(w, layer, x):
    return functools.reduce(lambda value, part: w.write_layer(w, part, value), layer.layers, x)


# Layers that do nothing outside training.
_IDENTITIES = (
    "Identity Dropout SpatialDropout1D SpatialDropout2D SpatialDropout3D GaussianNoise GaussianDropout AlphaDropout "
    "ActivityRegularization RandomFlip RandomRotation RandomTranslation RandomZoom RandomShear RandomPerspective "
    "RandomElasticTransform RandomBrightness RandomColorDegeneration RandomColorJitter RandomContrast RandomErasing "
    "RandomGaussianBlur RandomGrayscale RandomHue RandomInvert RandomPosterization RandomSaturation RandomSharpness "
    "Cutout Equalization Solarization PatchShuffle RandAugment AugMix MixUp CutMix"
)
_FUNCTIONS = {**elementwise.FUNCTIONS, **convolution.FUNCTIONS, **normalization.FUNCTIONS, **shapes.FUNCTIONS,
              **merging.FUNCTIONS, **recurrent.FUNCTIONS, **attention.FUNCTIONS, **preprocessing.FUNCTIONS,
              **{getattr(layers, name): _identity for name in _IDENTITIES.split()}, layers.Pipeline: _pipeline}
# The functions that take more than the layer's first argument, and those that read the mask of an input.
_CALLED = {*recurrent.FUNCTIONS.values(), *attention.FUNCTIONS.values(), elementwise.softmax, convolution.mean_of_steps}
_OF_ONE_INPUT = {*_FUNCTIONS.values()} - _CALLED
_MASKED = _CALLED - {recurrent.FUNCTIONS[layers.SpectralNormalization]} | {*merging.FUNCTIONS.values()}
_MASK_IN_TRAINING_ONLY = {layers.BatchNormalization}  # statistics of a batch
# Layers that compute the same with training=True.
_UNTRAINED = {*shapes.FUNCTIONS, *merging.FUNCTIONS, *elementwise.FUNCTIONS, layers.Identity}
