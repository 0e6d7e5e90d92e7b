"""MobileNet V2: residual blocks that are wide inside and narrow at their ends.

Sandler, Howard, Zhu, Zhmoginov and Chen, "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018, table 2.
With 224x224 images and alpha = 1, after a 3x3 convolution with stride 2 to 32 channels (112x112):

    expansion   channels   blocks   first stride   height, width
        1           16        1          1              112
        6           24        2          2               56
        6           32        3          2               28
        6           64        4          2               14
        6           96        3          1               14
        6          160        3          2                7
        6          320        1          1                7
                  1280     (a 1x1 convolution)            7

A block expands its channels by a 1x1 convolution, filters each by a 3x3 depthwise convolution, and projects them to few
channels by a 1x1 convolution, without an activation: in few channels ReLU would lose information. Where input and
output have one shape, the input is added.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..core.absence import import_explainer
from ..layers import (
    Add,
    BatchNormalization,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    GlobalAveragePooling2D,
    ReLU,
    ZeroPadding2D,
)
from . import imagenet_utils
from .frame import Frame, channel_axis, divisible, pixels, same_padding
from .imagenet_utils import decode_predictions
from .mobilenet import published_size

if TYPE_CHECKING:
    from ..core.types import Shape
    from ..models import Model
    from ..symbolic import KerasTensor

__all__ = ["MobileNetV2", "decode_predictions", "preprocess_input"]

STAGES = (  # expansion, channels, blocks, strides of the first block
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
)
PUBLISHED_SIZES = (96, 128, 160, 192, 224)


def MobileNetV2(  # noqa: N802
    input_shape: Shape | None = None, alpha: float = 1.0, include_top: bool = True,
    weights: str | os.PathLike[str] | None = "imagenet", input_tensor: KerasTensor | None = None,
    pooling: str | None = None, classes: int = 1000, classifier_activation: Any = "softmax", name: str | None = None,
) -> Model:
    """The second MobileNet.

    Args:
        input_shape, include_top, weights, input_tensor, pooling, classes, classifier_activation: As for `VGG16`.
        alpha: Factor of all numbers of channels, which are rounded to multiples of 8; the last has 1280 or more.
        name: Of the model; with None it tells alpha and the height of the images: 'mobilenetv2_1.00_224'.

    Returns:
        A functional model.

    Shapes: (batch, height, width, 3) -> (batch, classes); with include_top=False (batch, height / 32, width / 32,
        1280), rounded up, or (batch, 1280) with `pooling`.

    Raises:
        TypeError, ValueError, ModelFileError: As for `VGG16`.

    Source: Sandler et al. 2018, arXiv:1801.04381.

    >>> MobileNetV2(weights=None).count_params()
    3538984
    """
    size = published_size(input_shape, input_tensor, PUBLISHED_SIZES)
    published = (f"mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{float(alpha)}_{size}"
                 f"{'' if include_top else '_no_top'}.h5")
    frame = Frame("MobileNetV2", include_top, weights, input_tensor, input_shape, pooling, classes,
                  classifier_activation, published)
    image = frame.image(default_size=224, min_size=32)
    x = Conv2D(divisible(32 * alpha), 3, strides=2, padding="same", use_bias=False, name="Conv1")(image)
    x = ReLU(6.0, name="Conv1_relu")(_normalized(x, "bn_Conv1"))
    number = 0
    for expansion, channels, blocks, first_strides in STAGES:
        for block in range(blocks):
            prefix = f"block_{number}" if number else "expanded_conv"
            x = _block(x, expansion, divisible(channels * alpha), first_strides if block == 0 else 1, prefix)
            number += 1
    x = Conv2D(divisible(1280 * alpha) if alpha > 1 else 1280, 1, use_bias=False, name="Conv_1")(x)
    x = ReLU(6.0, name="out_relu")(_normalized(x, "Conv_1_bn"))
    if include_top:
        x = GlobalAveragePooling2D()(x)
        x = Dense(classes, activation=classifier_activation, name="predictions")(x)
    else:
        x = frame.pooled(x)
    rows = size if frame.from_imagenet else pixels(image)[0]
    return frame.model(image, x, name or f"mobilenetv2_{alpha:.2f}_{rows}")


def _block(x, expansion, channels, strides, name):
    inputs, in_channels = x, x.shape[channel_axis()]
    if expansion > 1:
        x = Conv2D(expansion * in_channels, 1, padding="same", use_bias=False, name=f"{name}_expand")(x)
        x = ReLU(6.0, name=f"{name}_expand_relu")(_normalized(x, f"{name}_expand_BN"))
    if strides == 2:
        x = ZeroPadding2D(same_padding(x, 3), name=f"{name}_pad")(x)
    x = DepthwiseConv2D(3, strides=strides, padding="same" if strides == 1 else "valid", use_bias=False,
                        name=f"{name}_depthwise")(x)
    x = ReLU(6.0, name=f"{name}_depthwise_relu")(_normalized(x, f"{name}_depthwise_BN"))
    x = Conv2D(channels, 1, padding="same", use_bias=False, name=f"{name}_project")(x)
    x = _normalized(x, f"{name}_project_BN")
    return Add(name=f"{name}_add")([inputs, x]) if in_channels == channels and strides == 1 else x


def _normalized(x, name):
    return BatchNormalization(axis=channel_axis(), momentum=0.999, name=name)(x)


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """RGB images with values 0 to 255 as MobileNet V2 was trained on: x / 127.5 - 1, values from -1 to 1.

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
