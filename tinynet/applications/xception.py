"""Xception: an Inception network whose modules are depthwise separable convolutions, with shortcuts.

Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions", CVPR 2017, figure 5. With 299x299 images:

    flow     block    height, width   separable convolutions (3x3)   shortcut
    entry      1           147        (two convolutions: 32, 64)
               2            74        128, 128                       1x1, stride 2
               3            37        256, 256                       1x1, stride 2
               4            19        728, 728                       1x1, stride 2
    middle   5 to 12        19        728, 728, 728                  the input itself
    exit      13            10        728, 1024                      1x1, stride 2
              14            10        1536, 2048

A separable convolution filters each channel by itself and then mixes channels by a 1x1 convolution: the extreme case of
Inception's assumption that the two can be learned apart.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..core.absence import import_explainer
from ..layers import Activation, Add, BatchNormalization, Conv2D, MaxPooling2D, SeparableConv2D
from . import imagenet_utils
from .frame import Frame, channel_axis, published
from .imagenet_utils import decode_predictions

if TYPE_CHECKING:
    from ..core.types import Shape
    from ..models import Model
    from ..symbolic import KerasTensor

__all__ = ["Xception", "decode_predictions", "preprocess_input"]


def Xception(  # noqa: N802
    include_top: bool = True, weights: str | os.PathLike[str] | None = "imagenet",
    input_tensor: KerasTensor | None = None, input_shape: Shape | None = None, pooling: str | None = None,
    classes: int = 1000, classifier_activation: Any = "softmax", name: str = "xception",
) -> Model:
    """The Xception network.

    Args:
        include_top, weights, input_tensor, pooling, classes, classifier_activation, name: As for `VGG16`.
        input_shape: (height, width, 3) of one image, 71 or more each; (299, 299, 3) if None, and with include_top=False
            any.

    Returns:
        A functional model.

    Shapes: (batch, height, width, 3) -> (batch, classes); with include_top=False (batch, about height / 32, about
        width / 32, 2048), or (batch, 2048) with `pooling`.

    Raises:
        TypeError, ValueError, ModelFileError: As for `VGG16`.

    Source: Chollet 2017, arXiv:1610.02357.

    >>> Xception(weights=None).count_params()
    22910480
    """
    frame = Frame("Xception", include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation,
                  published("xception", include_top))
    image = frame.image(default_size=299, min_size=71)
    x = Conv2D(32, 3, strides=2, use_bias=False, name="block1_conv1")(image)
    x = _relu(_normalized(x, "block1_conv1_bn"), "block1_conv1")
    x = Conv2D(64, 3, use_bias=False, name="block1_conv2")(x)
    x = _relu(_normalized(x, "block1_conv2_bn"), "block1_conv2")
    x = _shrinking_block(x, (128, 128), "block2", first_relu=False)
    x = _shrinking_block(x, (256, 256), "block3")
    x = _shrinking_block(x, (728, 728), "block4")
    for block in range(5, 13):
        x = Add()([_separable(x, (728, 728, 728), f"block{block}"), x])
    x = _shrinking_block(x, (728, 1024), "block13")
    for number, filters in enumerate((1536, 2048), start=1):
        x = SeparableConv2D(filters, 3, padding="same", use_bias=False, name=f"block14_sepconv{number}")(x)
        x = _relu(_normalized(x, f"block14_sepconv{number}_bn"), f"block14_sepconv{number}")
    return frame.model(image, frame.classifier(x, pools=(None, None)), name)


def _shrinking_block(x, filters, name, first_relu=True):
    """Half the height and width: pooled separable convolutions plus every second pixel of x."""
    shortcut = Conv2D(filters[-1], 1, strides=2, padding="same", use_bias=False)(x)
    shortcut = _normalized(shortcut, None)
    x = _separable(x, filters, name, first_relu)
    x = MaxPooling2D(3, strides=2, padding="same", name=f"{name}_pool")(x)
    return Add()([x, shortcut])


def _separable(x, filters, name, first_relu=True):
    for number, channels in enumerate(filters, start=1):
        if number > 1 or first_relu:
            x = _relu(x, f"{name}_sepconv{number}")
        x = SeparableConv2D(channels, 3, padding="same", use_bias=False, name=f"{name}_sepconv{number}")(x)
        x = _normalized(x, f"{name}_sepconv{number}_bn")
    return x


def _normalized(x, name):
    return BatchNormalization(axis=channel_axis(), name=name)(x)


def _relu(x, name):
    return Activation("relu", name=f"{name}_act")(x)


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """RGB images with values 0 to 255 as Xception was trained on: x / 127.5 - 1, values from -1 to 1.

    Args:
        x: Array, Tensor or KerasTensor, shape (..., height, width, 3), or (..., 3, height, width) with
            'channels_first'.
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.

    Returns:
        The same kind, floating-point; `x` is not changed.

    Raises:
        ValueError: the images do not have three channels, or `data_format` is unknown.

    >>> preprocess_input(np.array([[[0.0, 127.5, 255.0]]]))
    array([[[-1.,  0.,  1.]]])
    """
    return imagenet_utils.preprocess_input(x, data_format, mode="tf")


__getattr__ = import_explainer(__name__)
