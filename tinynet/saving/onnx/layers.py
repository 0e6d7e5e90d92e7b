"""Layers in terms of ONNX's operators, one module a family; see `export.py`.

Each function takes (writer, layer, value, or a list of Values) and returns a Value. Only the layers in the modules'
tables are written: a subclass may compute something else.

    elementwise.py    Dense, Embedding, activations and other layers that keep the shape
    convolution.py    convolutions and pooling
    normalization.py  normalization
    shapes.py         reshaping, padding, cropping, resizing and merging
    axes.py           the order of axes, for all of these
"""

from __future__ import annotations

import functools
from typing import Any

from ... import layers
from . import convolution, elementwise, normalization, shapes
from .writer import Value, Writer, unsupported


def write_layer(w: Writer, layer: Any, value: Any) -> Value:
    """Write a layer.

    Args:
        w: Writer.
        layer: The layer.
        value: Its input, a Value or a list of them.

    Returns:
        Value of its output.

    Raises:
        NotImplementedError: the layer cannot be written; the message names it.
    """
    function = _FUNCTIONS.get(type(layer))
    if function is None:
        raise unsupported(layer, "it has no counterpart in ONNX here")
    w.scope = layer.name
    if layer.autocast and type(layer) not in (layers.Flatten, layers.Reshape, layers.Embedding):
        value = [w.cast(part, layer.dtype) for part in value] if isinstance(value, list) else w.cast(value, layer.dtype)
    return function(w, layer, value)


def _identity(w, layer, value):
    return value


def _pipeline(w, layer, x):
    return functools.reduce(lambda value, part: write_layer(w, part, value), layer.layers, x)


# Layers that do nothing outside training.
_IDENTITIES = (
    "Identity Dropout SpatialDropout1D SpatialDropout2D SpatialDropout3D GaussianNoise GaussianDropout AlphaDropout "
    "ActivityRegularization RandomFlip RandomRotation RandomTranslation RandomZoom RandomShear RandomPerspective "
    "RandomElasticTransform RandomBrightness RandomColorDegeneration RandomColorJitter RandomContrast RandomErasing "
    "RandomGaussianBlur RandomGrayscale RandomHue RandomInvert RandomPosterization RandomSaturation RandomSharpness "
    "Cutout Equalization Solarization PatchShuffle RandAugment AugMix MixUp CutMix"
)
_FUNCTIONS = {**elementwise.FUNCTIONS, **convolution.FUNCTIONS, **normalization.FUNCTIONS, **shapes.FUNCTIONS,
              **{getattr(layers, name): _identity for name in _IDENTITIES.split()}, layers.Pipeline: _pipeline}
