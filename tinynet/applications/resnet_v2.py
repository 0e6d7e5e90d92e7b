"""ResNet V2: residual blocks in which normalization and ReLU stand before the convolutions.

He, Zhang, Ren and Sun, "Identity Mappings in Deep Residual Networks", ECCV 2016. The stages are those of `resnet.py`:

    stage   height, width   one block (1x1, 3x3, 1x1)   blocks: ResNet-50   -101   -152
    conv1        112        7x7, 64, stride 2
    conv2         56        64, 64, 256                              3      3      3
    conv3         28        128, 128, 512                            4      4      8
    conv4         14        256, 256, 1024                           6     23     36
    conv5          7        512, 512, 2048                           3      3      3

Nothing stands between one sum and the next, so a gradient reaches every block unchanged. Height and width are halved in
the last block of a stage, by stride 2 in its 3x3 convolution.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..core.absence import import_explainer
from ..layers import Activation, Add, BatchNormalization, Conv2D, MaxPooling2D, ZeroPadding2D
from . import imagenet_utils
from .frame import Frame, channel_axis, published
from .imagenet_utils import decode_predictions
from .resnet import EPSILON, FILTERS

if TYPE_CHECKING:
    from ..core.types import Shape
    from ..models import Model
    from ..symbolic import KerasTensor

__all__ = ["ResNet101V2", "ResNet152V2", "ResNet50V2", "decode_predictions", "preprocess_input"]


def ResNet50V2(  # noqa: N802
    include_top: bool = True, weights: str | os.PathLike[str] | None = "imagenet",
    input_tensor: KerasTensor | None = None, input_shape: Shape | None = None, pooling: str | None = None,
    classes: int = 1000, classifier_activation: Any = "softmax", name: str = "resnet50v2",
) -> Model:
    """The residual network of the second kind with 50 layers that have weights.

    Args:
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name: As for `VGG16`.

    Returns:
        A functional model.

    Shapes: (batch, height, width, 3) -> (batch, classes); with include_top=False (batch, height / 32, width / 32,
        2048), rounded up, or (batch, 2048) with `pooling`.

    Raises:
        TypeError, ValueError, ModelFileError: As for `VGG16`.

    Source: He et al. 2016, arXiv:1603.05027.

    >>> ResNet50V2(weights=None).count_params()
    25613800
    """
    return _resnet("ResNet50V2", (3, 4, 6, 3), include_top, weights, input_tensor, input_shape, pooling, classes,
                   classifier_activation, name)


def ResNet101V2(  # noqa: N802
    include_top: bool = True, weights: str | os.PathLike[str] | None = "imagenet",
    input_tensor: KerasTensor | None = None, input_shape: Shape | None = None, pooling: str | None = None,
    classes: int = 1000, classifier_activation: Any = "softmax", name: str = "resnet101v2",
) -> Model:
    """`ResNet50V2` with 23 blocks in conv4.

    Args:
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name: As for
            `ResNet50V2`.

    Returns:
        A functional model.

    Shapes, Raises, Source: As for `ResNet50V2`.

    >>> ResNet101V2(weights=None).count_params()
    44675560
    """
    return _resnet("ResNet101V2", (3, 4, 23, 3), include_top, weights, input_tensor, input_shape, pooling, classes,
                   classifier_activation, name)


def ResNet152V2(  # noqa: N802
    include_top: bool = True, weights: str | os.PathLike[str] | None = "imagenet",
    input_tensor: KerasTensor | None = None, input_shape: Shape | None = None, pooling: str | None = None,
    classes: int = 1000, classifier_activation: Any = "softmax", name: str = "resnet152v2",
) -> Model:
    """`ResNet50V2` with 8 blocks in conv3 and 36 in conv4.

    Args:
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name: As for
            `ResNet50V2`.

    Returns:
        A functional model.

    Shapes, Raises, Source: As for `ResNet50V2`.

    >>> ResNet152V2(weights=None).count_params()
    60380648
    """
    return _resnet("ResNet152V2", (3, 8, 36, 3), include_top, weights, input_tensor, input_shape, pooling, classes,
                   classifier_activation, name)


def _resnet(network, blocks, include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation,
            name):
    frame = Frame(network, include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation,
                  published(network.lower(), include_top))
    image = frame.image(default_size=224, min_size=32)
    x = ZeroPadding2D(3, name="conv1_pad")(image)
    x = Conv2D(64, 7, strides=2, name="conv1_conv")(x)
    x = ZeroPadding2D(1, name="pool1_pad")(x)
    x = MaxPooling2D(3, strides=2, name="pool1_pool")(x)
    for stage, (filters, count) in enumerate(zip(FILTERS, blocks, strict=True), start=2):
        for block in range(1, count + 1):
            strides = 2 if block == count and stage < 5 else 1
            x = _block(x, filters, strides, block == 1, f"conv{stage}_block{block}")
    x = _normalized(x, "post")
    return frame.model(image, frame.classifier(x), name)


def _block(x, filters, strides, convolve_shortcut, name):
    """x, or a convolution or every second pixel of it, plus three convolutions of its normalized values."""
    active = _normalized(x, f"{name}_preact")
    if convolve_shortcut:
        shortcut = Conv2D(4 * filters, 1, strides=strides, name=f"{name}_0_conv")(active)
    else:
        shortcut = MaxPooling2D(1, strides=strides)(x) if strides > 1 else x
    x = Conv2D(filters, 1, use_bias=False, name=f"{name}_1_conv")(active)
    x = _normalized(x, f"{name}_1")
    x = ZeroPadding2D(1, name=f"{name}_2_pad")(x)
    x = Conv2D(filters, 3, strides=strides, use_bias=False, name=f"{name}_2_conv")(x)
    x = _normalized(x, f"{name}_2")
    x = Conv2D(4 * filters, 1, name=f"{name}_3_conv")(x)
    return Add(name=f"{name}_out")([shortcut, x])


def _normalized(x, name):
    x = BatchNormalization(axis=channel_axis(), epsilon=EPSILON, name=f"{name}_bn")(x)
    return Activation("relu", name=f"{name}_relu")(x)


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """RGB images with values 0 to 255 as ResNet V2 was trained on: x / 127.5 - 1, values from -1 to 1.

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
