"""ResNet: blocks of three convolutions that learn what to add to their input.

He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, table 1. With 224x224 images:

    stage   height, width   one block (1x1, 3x3, 1x1)   blocks: ResNet-50   -101   -152
    conv1        112        7x7, 64, stride 2
    conv2         56        64, 64, 256                              3      3      3
    conv3         28        128, 128, 512                            4      4      8
    conv4         14        256, 256, 1024                           6     23     36
    conv5          7        512, 512, 2048                           3      3      3

Every convolution is followed by batch normalization. The first block of a stage changes the number of channels, so its
shortcut is a 1x1 convolution; from conv3 on it also halves height and width, by stride 2 in its first convolution.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..core.absence import import_explainer
from ..layers import Activation, Add, BatchNormalization, Conv2D, MaxPooling2D, ZeroPadding2D
from . import imagenet_utils
from .frame import Frame, channel_axis, published
from .imagenet_utils import decode_predictions

if TYPE_CHECKING:
    from ..core.types import Shape
    from ..models import Model
    from ..symbolic import KerasTensor

__all__ = ["ResNet101", "ResNet152", "ResNet50", "decode_predictions", "preprocess_input"]

FILTERS = (64, 128, 256, 512)  # of the first two convolutions of a block; the third has four times as many
EPSILON = 1.001e-5  # of batch normalization, in the published weights


def ResNet50(  # noqa: N802
    include_top: bool = True, weights: str | os.PathLike[str] | None = "imagenet",
    input_tensor: KerasTensor | None = None, input_shape: Shape | None = None, pooling: str | None = None,
    classes: int = 1000, classifier_activation: Any = "softmax", name: str = "resnet50",
) -> Model:
    """The residual network with 50 layers that have weights.

    Args:
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name: As for `VGG16`.

    Returns:
        A functional model.

    Shapes: (batch, height, width, 3) -> (batch, classes); with include_top=False (batch, height / 32, width / 32,
        2048), rounded up, or (batch, 2048) with `pooling`.

    Raises:
        TypeError, ValueError, ModelFileError: As for `VGG16`.

    Source: He et al. 2016, arXiv:1512.03385.

    >>> ResNet50(weights=None).count_params()
    25636712
    """
    return _resnet("ResNet50", (3, 4, 6, 3), include_top, weights, input_tensor, input_shape, pooling, classes,
                   classifier_activation, name)


def ResNet101(  # noqa: N802
    include_top: bool = True, weights: str | os.PathLike[str] | None = "imagenet",
    input_tensor: KerasTensor | None = None, input_shape: Shape | None = None, pooling: str | None = None,
    classes: int = 1000, classifier_activation: Any = "softmax", name: str = "resnet101",
) -> Model:
    """The residual network with 101 layers that have weights: `ResNet50` with 23 blocks in conv4.

    Args:
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name: As for
            `ResNet50`.

    Returns:
        A functional model.

    Shapes, Raises, Source: As for `ResNet50`.

    >>> ResNet101(weights=None).count_params()
    44707176
    """
    return _resnet("ResNet101", (3, 4, 23, 3), include_top, weights, input_tensor, input_shape, pooling, classes,
                   classifier_activation, name)


def ResNet152(  # noqa: N802
    include_top: bool = True, weights: str | os.PathLike[str] | None = "imagenet",
    input_tensor: KerasTensor | None = None, input_shape: Shape | None = None, pooling: str | None = None,
    classes: int = 1000, classifier_activation: Any = "softmax", name: str = "resnet152",
) -> Model:
    """The residual network with 152 layers that have weights: 8 blocks in conv3 and 36 in conv4.

    Args:
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name: As for
            `ResNet50`.

    Returns:
        A functional model.

    Shapes, Raises, Source: As for `ResNet50`.

    >>> ResNet152(weights=None).count_params()
    60419944
    """
    return _resnet("ResNet152", (3, 8, 36, 3), include_top, weights, input_tensor, input_shape, pooling, classes,
                   classifier_activation, name)


def _resnet(network, blocks, include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation,
            name):
    frame = Frame(network, include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation,
                  published(network.lower(), include_top))
    image = frame.image(default_size=224, min_size=32)
    x = ZeroPadding2D(3, name="conv1_pad")(image)
    x = _normalized(Conv2D(64, 7, strides=2, name="conv1_conv")(x), "conv1")
    x = ZeroPadding2D(1, name="pool1_pad")(x)
    x = MaxPooling2D(3, strides=2, name="pool1_pool")(x)
    for stage, (filters, count) in enumerate(zip(FILTERS, blocks, strict=True), start=2):
        for block in range(1, count + 1):
            strides = 2 if block == 1 and stage > 2 else 1
            x = _block(x, filters, strides, block == 1, f"conv{stage}_block{block}")
    return frame.model(image, frame.classifier(x), name)


def _block(x, filters, strides, convolve_shortcut, name):
    """x, or a convolution of it, plus three convolutions of it."""
    shortcut = x
    if convolve_shortcut:
        shortcut = Conv2D(4 * filters, 1, strides=strides, name=f"{name}_0_conv")(x)
        shortcut = _normalized(shortcut, f"{name}_0", relu=False)
    x = _normalized(Conv2D(filters, 1, strides=strides, name=f"{name}_1_conv")(x), f"{name}_1")
    x = _normalized(Conv2D(filters, 3, padding="same", name=f"{name}_2_conv")(x), f"{name}_2")
    x = _normalized(Conv2D(4 * filters, 1, name=f"{name}_3_conv")(x), f"{name}_3", relu=False)
    x = Add(name=f"{name}_add")([shortcut, x])
    return Activation("relu", name=f"{name}_out")(x)


def _normalized(x, name, relu=True):
    x = BatchNormalization(axis=channel_axis(), epsilon=EPSILON, name=f"{name}_bn")(x)
    return Activation("relu", name=f"{name}_relu")(x) if relu else x


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """RGB images with values 0 to 255 as ResNet was trained on: blue, green, red, each minus its mean over ImageNet.

    Args:
        x: Array, Tensor or KerasTensor, shape (..., height, width, 3), or (..., 3, height, width) with
            'channels_first'.
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.

    Returns:
        The same kind, floating-point; `x` is not changed.

    Raises:
        ValueError: the images do not have three channels, or `data_format` is unknown.

    >>> preprocess_input(np.array([[[0.0, 127.5, 255.0]]])).round(3)
    array([[[ 151.061,   10.721, -123.68 ]]])
    """
    return imagenet_utils.preprocess_input(x, data_format, mode="caffe")


__getattr__ = import_explainer(__name__)
