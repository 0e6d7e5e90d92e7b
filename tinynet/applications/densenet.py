"""DenseNet: every layer of a block reads the outputs of all layers before it.

Huang, Liu, van der Maaten and Weinberger, "Densely Connected Convolutional Networks", CVPR 2017, table 1. With 224x224
images and a growth rate of 32 channels a layer:

    stage        height, width   layers: DenseNet-121   -169   -201
    conv1             112        7x7, 64, stride 2
    conv2              56                          6      6      6
    conv3              28                         12     12     12
    conv4              14                         24     32     48
    conv5               7                         16     32     32

A layer is a 1x1 convolution to 128 channels and a 3x3 convolution to 32, each after normalization and ReLU. Between
blocks, a 1x1 convolution halves the channels and average pooling halves height and width.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..core.absence import import_explainer
from ..layers import (
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Concatenate,
    Conv2D,
    MaxPooling2D,
    ZeroPadding2D,
)
from . import imagenet_utils
from .frame import Frame, channel_axis, published
from .imagenet_utils import decode_predictions

if TYPE_CHECKING:
    from ..core.types import Shape
    from ..models import Model
    from ..symbolic import KerasTensor

__all__ = ["DenseNet121", "DenseNet169", "DenseNet201", "decode_predictions", "preprocess_input"]

GROWTH_RATE = 32
EPSILON = 1.001e-5  # of batch normalization, in the published weights


def DenseNet121(  # noqa: N802
    include_top: bool = True, weights: str | os.PathLike[str] | None = "imagenet",
    input_tensor: KerasTensor | None = None, input_shape: Shape | None = None, pooling: str | None = None,
    classes: int = 1000, classifier_activation: Any = "softmax", name: str = "densenet121",
) -> Model:
    """The densely connected network with 121 layers that have weights.

    Args:
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name: As for `VGG16`.

    Returns:
        A functional model.

    Shapes: (batch, height, width, 3) -> (batch, classes); with include_top=False (batch, height / 32, width / 32,
        1024), or (batch, 1024) with `pooling`.

    Raises:
        TypeError, ValueError, ModelFileError: As for `VGG16`.

    Source: Huang et al. 2017, arXiv:1608.06993.

    >>> DenseNet121(weights=None).count_params()
    8062504
    """
    return _densenet("DenseNet121", (6, 12, 24, 16), include_top, weights, input_tensor, input_shape, pooling, classes,
                     classifier_activation, name)


def DenseNet169(  # noqa: N802
    include_top: bool = True, weights: str | os.PathLike[str] | None = "imagenet",
    input_tensor: KerasTensor | None = None, input_shape: Shape | None = None, pooling: str | None = None,
    classes: int = 1000, classifier_activation: Any = "softmax", name: str = "densenet169",
) -> Model:
    """`DenseNet121` with 32 layers in each of the last two blocks; its features have 1664 channels.

    Args:
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name: As for
            `DenseNet121`.

    Returns:
        A functional model.

    Raises, Source: As for `DenseNet121`.

    >>> DenseNet169(weights=None).count_params()
    14307880
    """
    return _densenet("DenseNet169", (6, 12, 32, 32), include_top, weights, input_tensor, input_shape, pooling, classes,
                     classifier_activation, name)


def DenseNet201(  # noqa: N802
    include_top: bool = True, weights: str | os.PathLike[str] | None = "imagenet",
    input_tensor: KerasTensor | None = None, input_shape: Shape | None = None, pooling: str | None = None,
    classes: int = 1000, classifier_activation: Any = "softmax", name: str = "densenet201",
) -> Model:
    """`DenseNet121` with 48 and 32 layers in the last two blocks; its features have 1920 channels.

    Args:
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name: As for
            `DenseNet121`.

    Returns:
        A functional model.

    Raises, Source: As for `DenseNet121`.

    >>> DenseNet201(weights=None).count_params()
    20242984
    """
    return _densenet("DenseNet201", (6, 12, 48, 32), include_top, weights, input_tensor, input_shape, pooling, classes,
                     classifier_activation, name)


def _densenet(network, blocks, include_top, weights, input_tensor, input_shape, pooling, classes,
              classifier_activation, name):
    frame = Frame(network, include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation,
                  published(network.lower(), include_top))
    image = frame.image(default_size=224, min_size=32)
    x = ZeroPadding2D(3)(image)
    x = Conv2D(64, 7, strides=2, use_bias=False, name="conv1_conv")(x)
    x = _normalized(x, "conv1")
    x = ZeroPadding2D(1)(x)
    x = MaxPooling2D(3, strides=2, name="pool1")(x)
    for stage, layers in enumerate(blocks, start=2):
        if stage > 2:
            x = _transition(x, f"pool{stage - 1}")
        for layer in range(1, layers + 1):
            x = _dense_layer(x, f"conv{stage}_block{layer}")
    x = BatchNormalization(axis=channel_axis(), epsilon=EPSILON, name="bn")(x)
    x = Activation("relu", name="relu")(x)
    return frame.model(image, frame.classifier(x), name)


def _dense_layer(x, name):
    """x, and 32 new channels computed from all of it."""
    new = _normalized(x, f"{name}_0")
    new = Conv2D(4 * GROWTH_RATE, 1, use_bias=False, name=f"{name}_1_conv")(new)
    new = _normalized(new, f"{name}_1")
    new = Conv2D(GROWTH_RATE, 3, padding="same", use_bias=False, name=f"{name}_2_conv")(new)
    return Concatenate(axis=channel_axis(), name=f"{name}_concat")([x, new])


def _transition(x, name):
    """Half the channels, half the height and width."""
    channels = x.shape[channel_axis()]
    x = _normalized(x, name)
    x = Conv2D(channels // 2, 1, use_bias=False, name=f"{name}_conv")(x)
    return AveragePooling2D(2, strides=2, name=f"{name}_pool")(x)


def _normalized(x, name):
    x = BatchNormalization(axis=channel_axis(), epsilon=EPSILON, name=f"{name}_bn")(x)
    return Activation("relu", name=f"{name}_relu")(x)


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """RGB images with values 0 to 255 as DenseNet was trained on: each channel has mean 0 and variance 1 over ImageNet.

    Args:
        x: Array, Tensor or KerasTensor, shape (..., height, width, 3), or (..., 3, height, width) with
            'channels_first'.
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.

    Returns:
        The same kind, floating-point; `x` is not changed.

    Raises:
        ValueError: the images do not have three channels, or `data_format` is unknown.

    >>> preprocess_input(np.array([[[0.0, 127.5, 255.0]]])).round(3)
    array([[[-2.118,  0.196,  2.64 ]]])
    """
    return imagenet_utils.preprocess_input(x, data_format, mode="torch")


__getattr__ = import_explainer(__name__)
