"""VGG-16: thirteen 3x3 convolutions in five blocks, and three dense layers.

Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", ICLR 2015, configuration
D. With 224x224 images: every convolution has stride 1 and 'same' padding, every pooling 2x2 windows and stride 2, so
that height and width fall (224, 112, 56, 28, 14, 7) while the channels rise (64, 128, 256, 512, 512). 124 of the
138 million parameters are in the dense layers.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..core.absence import import_explainer
from ..layers import Conv2D, Dense, Flatten, MaxPooling2D
from . import imagenet_utils
from .frame import Frame, published
from .imagenet_utils import decode_predictions

if TYPE_CHECKING:
    from ..core.types import Shape
    from ..models import Model
    from ..symbolic import KerasTensor

__all__ = ["VGG16", "decode_predictions", "preprocess_input"]

BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # filters, how many convolutions


def VGG16(  # noqa: N802
    include_top: bool = True, weights: str | os.PathLike[str] | None = "imagenet",
    input_tensor: KerasTensor | None = None, input_shape: Shape | None = None, pooling: str | None = None,
    classes: int = 1000, classifier_activation: Any = "softmax", name: str = "vgg16",
) -> Model:
    """The VGG-16 network.

    Args:
        include_top: Whether the classifier, here the dense layers, is included.
        weights: None for random ones, or the path of a file: `.weights.h5` of tinynet or Keras, `.h5` as Keras
            publishes them, `.safetensors`, `.keras`, or `.npz` of `utils.save_weights_npz`. 'imagenet', Keras's
            default, loads the published file from ~/.keras/models if Keras has put it there; tinynet downloads no
            trained networks.
        input_tensor: An `Input`, or what layers return for one, instead of `input_shape`.
        input_shape: (height, width, 3) of one image, 32 or more each; (224, 224, 3) if None, and with include_top=False
            any.
        pooling: What follows the last block with include_top=False: nothing (None) or global pooling ('avg', 'max').
        classes: Length of the output, with include_top=True.
        classifier_activation: Of the output, with include_top=True; None for logits.
        name: Of the model.

    Returns:
        A functional model. Its weights take memory (553 MB) when they are first used, not before.

    Shapes: (batch, height, width, 3) -> (batch, classes); with include_top=False (batch, height / 32, width / 32, 512),
        or (batch, 512) with `pooling`.

    Raises:
        TypeError: `input_tensor` is not a KerasTensor.
        ValueError: there is no file for `weights`; a shape that is too small, or with include_top=True not fully known.
        ModelFileError: the file of weights is damaged, or of another network.

    Source: Simonyan and Zisserman 2015, arXiv:1409.1556.

    >>> VGG16(weights=None).count_params()
    138357544
    """
    return vgg("VGG16", BLOCKS, include_top, weights, input_tensor, input_shape, pooling, classes,
               classifier_activation, name)


def vgg(network: str, blocks: tuple[tuple[int, int], ...], include_top: bool, weights: str | os.PathLike[str] | None,
        input_tensor: KerasTensor | None, input_shape: Shape | None, pooling: str | None, classes: int,
        classifier_activation: Any, name: str) -> Model:
    """Return a network of Simonyan and Zisserman's table 1.

    Args:
        network: Name of the function, for errors.
        blocks: (filters, how many convolutions) of each block.
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name: As for `VGG16`.
    """
    frame = Frame(network, include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation,
                  published(network.lower(), include_top))
    x = image = frame.image(default_size=224, min_size=32)
    for block, (filters, convolutions) in enumerate(blocks, start=1):
        for number in range(1, convolutions + 1):
            x = Conv2D(filters, 3, padding="same", activation="relu", name=f"block{block}_conv{number}")(x)
        x = MaxPooling2D(2, strides=2, name=f"block{block}_pool")(x)
    if not include_top:
        return frame.model(image, frame.pooled(x), name)
    x = Flatten(name="flatten")(x)
    x = Dense(4096, activation="relu", name="fc1")(x)
    x = Dense(4096, activation="relu", name="fc2")(x)
    x = Dense(classes, activation=classifier_activation, name="predictions")(x)
    return frame.model(image, x, name)


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """RGB images with values 0 to 255 as VGG was trained on: blue, green, red, each minus its mean over ImageNet.

    Args:
        x: Array, Tensor or KerasTensor, shape (..., height, width, 3), or (..., 3, height, width) with
            'channels_first'.
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.

    Returns:
        The same kind, floating-point; `x` is not changed.

    Raises:
        ValueError: the images do not have three channels, or `data_format` is unknown.

    >>> import numpy as np
    >>> preprocess_input(np.zeros((1, 1, 3), "uint8")).ravel().round(1)
    array([-103.9, -116.8, -123.7], dtype=float32)
    """
    return imagenet_utils.preprocess_input(x, data_format, mode="caffe")


__getattr__ = import_explainer(__name__)
