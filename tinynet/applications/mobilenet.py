"""MobileNet: depthwise separable convolutions, a ninth of the cost of ordinary ones.

Howard et al., "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications", 2017, table 1. With
224x224 images and alpha = 1, after a 3x3 convolution with stride 2 to 32 channels (112x112):

    blocks      strides     channels   height, width
    1           1                 64        112
    2, 3        2, 1             128         56
    4, 5        2, 1             256         28
    6           2                512         14
    7 to 11     1                512         14
    12, 13      2, 1            1024          7

A block is a 3x3 convolution of each channel by itself ("depthwise") and a 1x1 convolution that mixes channels
("pointwise"), each followed by batch normalization and min(max(x, 0), 6).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..core.absence import import_explainer
from ..layers import (
    Activation,
    BatchNormalization,
    Conv2D,
    DepthwiseConv2D,
    Dropout,
    GlobalAveragePooling2D,
    ReLU,
    Reshape,
    ZeroPadding2D,
)
from . import imagenet_utils
from .frame import Frame, channel_axis, pixels
from .imagenet_utils import decode_predictions

if TYPE_CHECKING:
    from ..core.types import Shape
    from ..models import Model
    from ..symbolic import KerasTensor

__all__ = ["MobileNet", "decode_predictions", "preprocess_input"]

BLOCKS = (  # channels, strides
    (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1), (512, 1), (512, 1), (512, 1), (512, 1),
    (1024, 2), (1024, 1),
)
PUBLISHED_SIZES = (128, 160, 192, 224)
PUBLISHED_ALPHAS = {0.25: "2_5", 0.5: "5_0", 0.75: "7_5", 1.0: "1_0"}


def MobileNet(  # noqa: N802
    input_shape: Shape | None = None, alpha: float = 1.0, depth_multiplier: int = 1, dropout: float = 0.001,
    include_top: bool = True, weights: str | os.PathLike[str] | None = "imagenet",
    input_tensor: KerasTensor | None = None, pooling: str | None = None, classes: int = 1000,
    classifier_activation: Any = "softmax", name: str | None = None,
) -> Model:
    """The first MobileNet.

    Args:
        input_shape, include_top, weights, input_tensor, pooling, classes, classifier_activation: As for `VGG16`.
        alpha: Factor of all numbers of channels.
        depth_multiplier: How many depthwise filters each channel has.
        dropout: Rate of the dropout before the output.
        name: Of the model; with None it tells alpha and the height of the images: 'mobilenet_1.00_224'.

    Returns:
        A functional model.

    Shapes: (batch, height, width, 3) -> (batch, classes); with include_top=False (batch, height / 32, width / 32,
        1024 alpha), rounded up, or (batch, 1024 alpha) with `pooling`.

    Raises:
        TypeError, ValueError, ModelFileError: As for `VGG16`.

    Source: Howard et al. 2017, arXiv:1704.04861.

    >>> MobileNet(weights=None).count_params()
    4253864
    """
    size = published_size(input_shape, input_tensor, PUBLISHED_SIZES)
    published = f"mobilenet_{PUBLISHED_ALPHAS.get(alpha, alpha)}_{size}_tf{'' if include_top else '_no_top'}.h5"
    frame = Frame("MobileNet", include_top, weights, input_tensor, input_shape, pooling, classes,
                  classifier_activation, published)
    image = frame.image(default_size=224, min_size=32)
    x = Conv2D(int(32 * alpha), 3, strides=2, padding="same", use_bias=False, name="conv1")(image)
    x = _normalized(x, "conv1")
    for number, (channels, strides) in enumerate(BLOCKS, start=1):
        if strides == 2:
            x = ZeroPadding2D(((0, 1), (0, 1)), name=f"conv_pad_{number}")(x)
        x = DepthwiseConv2D(3, strides=strides, padding="same" if strides == 1 else "valid",
                            depth_multiplier=depth_multiplier, use_bias=False, name=f"conv_dw_{number}")(x)
        x = _normalized(x, f"conv_dw_{number}")
        x = Conv2D(int(channels * alpha), 1, padding="same", use_bias=False, name=f"conv_pw_{number}")(x)
        x = _normalized(x, f"conv_pw_{number}")
    if include_top:  # the dense layer is a 1x1 convolution here
        x = GlobalAveragePooling2D(keepdims=True)(x)
        x = Dropout(dropout, name="dropout")(x)
        x = Conv2D(classes, 1, padding="same", name="conv_preds")(x)
        x = Reshape((classes,), name="reshape_2")(x)
        x = Activation(classifier_activation, name="predictions")(x)
    else:
        x = frame.pooled(x)
    return frame.model(image, x, name or f"mobilenet_{alpha:.2f}_{size if frame.from_imagenet else pixels(image)[0]}")


def published_size(input_shape: Shape | None, input_tensor: KerasTensor | None, sizes: tuple[int, ...]) -> int:
    """Return for which image size Keras publishes the weights that come nearest: the images' own if listed, else 224.

    Args:
        input_shape, input_tensor: As for `VGG16`.
        sizes: Heights and widths for which there are weights, in pixels.
    """
    shape = tuple(input_shape or getattr(input_tensor, "shape", ())[1:])
    sides = shape[:2] if channel_axis() == 3 else shape[1:]
    return sides[0] if len(sides) == 2 and sides[0] == sides[1] and sides[0] in sizes else 224


def _normalized(x, name):
    x = BatchNormalization(axis=channel_axis(), name=f"{name}_bn")(x)
    return ReLU(6.0, name=f"{name}_relu")(x)


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """RGB images with values 0 to 255 as MobileNet was trained on: x / 127.5 - 1, values from -1 to 1.

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
