"""EfficientNet: one network found by search, and larger ones that scale depth, width and image size together.

Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML 2019, table 1. B0, with
224x224 images, after a 3x3 convolution with stride 2 to 32 channels (112x112):

    stage   expansion   kernel   channels   blocks   first stride   height, width
      1         1        3x3         16        1          1              112
      2         6        3x3         24        2          2               56
      3         6        5x5         40        2          2               28
      4         6        3x3         80        3          2               14
      5         6        5x5        112        3          1               14
      6         6        5x5        192        4          2                7
      7         6        3x3        320        1          1                7
                                   1280     (a 1x1 convolution)            7

A block is that of MobileNet V2 with SiLU instead of ReLU, and with channels that are weighted by their averages
("squeeze and excitation", Hu et al. 2018). Scaled networks multiply channels by `width` and blocks by `depth`:

    network          B0    B1    B2    B3    B4    B5    B6    B7
    width           1.0   1.0   1.1   1.2   1.4   1.6   1.8   2.0
    depth           1.0   1.1   1.2   1.4   1.8   2.2   2.6   3.1
    image size      224   240   260   300   380   456   528   600
    dropout         0.2   0.2   0.3   0.3   0.4   0.4   0.5   0.5

The networks scale pixels of 0 to 255 by themselves.
"""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import config
from ..core.absence import import_explainer
from ..initializers import VarianceScaling
from ..layers import (
    Activation,
    Add,
    BatchNormalization,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    GlobalAveragePooling2D,
    Multiply,
    Normalization,
    Rescaling,
    Reshape,
    ZeroPadding2D,
)
from .frame import Frame, channel_axis, divisible, same_padding
from .imagenet_utils import RED_GREEN_BLUE_DEVIATIONS, decode_predictions

if TYPE_CHECKING:
    from ..core.types import Shape
    from ..models import Model
    from ..symbolic import KerasTensor

__all__ = [
    "EfficientNetB0", "EfficientNetB1", "EfficientNetB2", "EfficientNetB3", "EfficientNetB4", "EfficientNetB5",
    "EfficientNetB6", "EfficientNetB7", "decode_predictions", "preprocess_input",
]

STAGES = (  # expansion, side of the kernel, channels, blocks, strides of the first block
    (1, 3, 16, 1, 1), (6, 3, 24, 2, 2), (6, 5, 40, 2, 2), (6, 3, 80, 3, 2), (6, 5, 112, 3, 1), (6, 5, 192, 4, 2),
    (6, 3, 320, 1, 1),
)
SCALES = {  # width, depth, image size, dropout
    "B0": (1.0, 1.0, 224, 0.2), "B1": (1.0, 1.1, 240, 0.2), "B2": (1.1, 1.2, 260, 0.3), "B3": (1.2, 1.4, 300, 0.3),
    "B4": (1.4, 1.8, 380, 0.4), "B5": (1.6, 2.2, 456, 0.4), "B6": (1.8, 2.6, 528, 0.5), "B7": (2.0, 3.1, 600, 0.5),
}
SQUEEZE = 0.25  # channels between the two layers of squeeze and excitation, as a fraction of the block's input channels
DROP_RATE = 0.2  # of the last block; it rises linearly from 0
# A description, of which each layer makes its own: an initializer that is made here would draw its seed from the
# session when this module is imported, and give all layers the same one.
_KERNEL = {"class_name": "VarianceScaling",
           "config": {"scale": 2.0, "mode": "fan_out", "distribution": "truncated_normal"}}


def EfficientNetB0(  # noqa: N802
    include_top: bool = True, weights: str | os.PathLike[str] | None = "imagenet",
    input_tensor: KerasTensor | None = None, input_shape: Shape | None = None, pooling: str | None = None,
    classes: int = 1000, classifier_activation: Any = "softmax", name: str = "efficientnetb0",
) -> Model:
    """The smallest EfficientNet.

    The published weights hold ImageNet's standard deviations where the `Normalization` layer expects variances, which
    Keras's weights='imagenet' corrects by a layer after it. Here the squares of the deviations are put into the layer
    when such a file is loaded by `weights`; `model.load_weights` leaves it as it is.

    Args:
        include_top, weights, input_tensor, pooling, classes, classifier_activation, name: As for `VGG16`.
        input_shape: (height, width, 3) of one image, 32 or more each; the image size of the table if None, and with
            include_top=False any.

    Returns:
        A functional model for pixels of 0 to 255.

    Shapes: (batch, height, width, 3) -> (batch, classes); with include_top=False (batch, height / 32, width / 32,
        1280 width factor), rounded up, or (batch, 1280 width factor) with `pooling`.

    Raises:
        TypeError, ValueError, ModelFileError: As for `VGG16`.

    Source: Tan and Le 2019, arXiv:1905.11946.

    >>> EfficientNetB0(weights=None).count_params()
    5330571
    """
    return _efficientnet("B0", include_top, weights, input_tensor, input_shape, pooling, classes,
                         classifier_activation, name)


def EfficientNetB1(  # noqa: N802
    include_top: bool = True, weights: str | os.PathLike[str] | None = "imagenet",
    input_tensor: KerasTensor | None = None, input_shape: Shape | None = None, pooling: str | None = None,
    classes: int = 1000, classifier_activation: Any = "softmax", name: str = "efficientnetb1",
) -> Model:
    """The EfficientNet of scale B1: 240x240 images, 1.0 times the channels and 1.1 times the blocks of B0.

    Args:
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name: As for
            `EfficientNetB0`.

    Returns:
        A functional model for pixels of 0 to 255.

    Shapes, Raises, Source: As for `EfficientNetB0`.

    >>> EfficientNetB1(weights=None).count_params()
    7856239
    """
    return _efficientnet("B1", include_top, weights, input_tensor, input_shape, pooling, classes,
                         classifier_activation, name)


def EfficientNetB2(  # noqa: N802
    include_top: bool = True, weights: str | os.PathLike[str] | None = "imagenet",
    input_tensor: KerasTensor | None = None, input_shape: Shape | None = None, pooling: str | None = None,
    classes: int = 1000, classifier_activation: Any = "softmax", name: str = "efficientnetb2",
) -> Model:
    """The EfficientNet of scale B2: 260x260 images, 1.1 times the channels and 1.2 times the blocks of B0.

    Args:
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name: As for
            `EfficientNetB0`.

    Returns:
        A functional model for pixels of 0 to 255.

    Shapes, Raises, Source: As for `EfficientNetB0`.

    >>> EfficientNetB2(weights=None).count_params()
    9177569
    """
    return _efficientnet("B2", include_top, weights, input_tensor, input_shape, pooling, classes,
                         classifier_activation, name)


def EfficientNetB3(  # noqa: N802
    include_top: bool = True, weights: str | os.PathLike[str] | None = "imagenet",
    input_tensor: KerasTensor | None = None, input_shape: Shape | None = None, pooling: str | None = None,
    classes: int = 1000, classifier_activation: Any = "softmax", name: str = "efficientnetb3",
) -> Model:
    """The EfficientNet of scale B3: 300x300 images, 1.2 times the channels and 1.4 times the blocks of B0.

    Args:
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name: As for
            `EfficientNetB0`.

    Returns:
        A functional model for pixels of 0 to 255.

    Shapes, Raises, Source: As for `EfficientNetB0`.

    >>> EfficientNetB3(weights=None).count_params()
    12320535
    """
    return _efficientnet("B3", include_top, weights, input_tensor, input_shape, pooling, classes,
                         classifier_activation, name)


def EfficientNetB4(  # noqa: N802
    include_top: bool = True, weights: str | os.PathLike[str] | None = "imagenet",
    input_tensor: KerasTensor | None = None, input_shape: Shape | None = None, pooling: str | None = None,
    classes: int = 1000, classifier_activation: Any = "softmax", name: str = "efficientnetb4",
) -> Model:
    """The EfficientNet of scale B4: 380x380 images, 1.4 times the channels and 1.8 times the blocks of B0.

    Args:
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name: As for
            `EfficientNetB0`.

    Returns:
        A functional model for pixels of 0 to 255.

    Shapes, Raises, Source: As for `EfficientNetB0`.

    >>> EfficientNetB4(weights=None).count_params()
    19466823
    """
    return _efficientnet("B4", include_top, weights, input_tensor, input_shape, pooling, classes,
                         classifier_activation, name)


def EfficientNetB5(  # noqa: N802
    include_top: bool = True, weights: str | os.PathLike[str] | None = "imagenet",
    input_tensor: KerasTensor | None = None, input_shape: Shape | None = None, pooling: str | None = None,
    classes: int = 1000, classifier_activation: Any = "softmax", name: str = "efficientnetb5",
) -> Model:
    """The EfficientNet of scale B5: 456x456 images, 1.6 times the channels and 2.2 times the blocks of B0.

    Args:
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name: As for
            `EfficientNetB0`.

    Returns:
        A functional model for pixels of 0 to 255.

    Shapes, Raises, Source: As for `EfficientNetB0`.

    >>> EfficientNetB5(weights=None).count_params()
    30562527
    """
    return _efficientnet("B5", include_top, weights, input_tensor, input_shape, pooling, classes,
                         classifier_activation, name)


def EfficientNetB6(  # noqa: N802
    include_top: bool = True, weights: str | os.PathLike[str] | None = "imagenet",
    input_tensor: KerasTensor | None = None, input_shape: Shape | None = None, pooling: str | None = None,
    classes: int = 1000, classifier_activation: Any = "softmax", name: str = "efficientnetb6",
) -> Model:
    """The EfficientNet of scale B6: 528x528 images, 1.8 times the channels and 2.6 times the blocks of B0.

    Args:
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name: As for
            `EfficientNetB0`.

    Returns:
        A functional model for pixels of 0 to 255.

    Shapes, Raises, Source: As for `EfficientNetB0`.

    >>> EfficientNetB6(weights=None).count_params()
    43265143
    """
    return _efficientnet("B6", include_top, weights, input_tensor, input_shape, pooling, classes,
                         classifier_activation, name)


def EfficientNetB7(  # noqa: N802
    include_top: bool = True, weights: str | os.PathLike[str] | None = "imagenet",
    input_tensor: KerasTensor | None = None, input_shape: Shape | None = None, pooling: str | None = None,
    classes: int = 1000, classifier_activation: Any = "softmax", name: str = "efficientnetb7",
) -> Model:
    """The EfficientNet of scale B7: 600x600 images, 2.0 times the channels and 3.1 times the blocks of B0.

    Args:
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name: As for
            `EfficientNetB0`.

    Returns:
        A functional model for pixels of 0 to 255.

    Shapes, Raises, Source: As for `EfficientNetB0`.

    >>> EfficientNetB7(weights=None).count_params()
    66658687
    """
    return _efficientnet("B7", include_top, weights, input_tensor, input_shape, pooling, classes,
                         classifier_activation, name)


def _efficientnet(scale, include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation,
                  name):
    width, depth, default_size, dropout = SCALES[scale]
    network = f"EfficientNet{scale}"
    frame = Frame(network, include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation,
                  f"{network.lower()}{'' if include_top else '_notop'}.h5")
    image = frame.image(default_size, min_size=32)
    x = Rescaling(1 / 255)(image)
    normalization = Normalization(axis=channel_axis())
    x = normalization(x)
    x = ZeroPadding2D(same_padding(x, 3), name="stem_conv_pad")(x)
    x = Conv2D(divisible(32 * width), 3, strides=2, use_bias=False, kernel_initializer=_KERNEL, name="stem_conv")(x)
    x = _active(x, "stem_bn", "stem_activation")
    repeats = [math.ceil(depth * blocks) for _, _, _, blocks, _ in STAGES]
    done = 0
    for stage, (expansion, kernel_size, channels, _, first_strides) in enumerate(STAGES, start=1):
        for block in range(repeats[stage - 1]):
            x = _block(x, expansion, kernel_size, divisible(channels * width), first_strides if block == 0 else 1,
                       DROP_RATE * done / sum(repeats), f"block{stage}{chr(ord('a') + block)}_")
            done += 1
    x = _pointwise(x, divisible(1280 * width), "top_conv")
    x = _active(x, "top_bn", "top_activation")
    if include_top:
        x = GlobalAveragePooling2D(name="avg_pool")(x)
        x = Dropout(dropout, name="top_dropout")(x)
        x = Dense(classes, activation=classifier_activation, name="predictions",
                  kernel_initializer=VarianceScaling(1 / 3, "fan_out", "uniform"))(x)
    else:
        x = frame.pooled(x, "avg_pool", "max_pool")
    model = frame.model(image, x, name)
    if frame.weights is not None:
        _correct_variance(normalization)
    return model


def _correct_variance(normalization):
    """Replace standard deviations of ImageNet by their squares, if the loaded variances are these deviations."""
    mean, variance, count = normalization.get_weights()
    if variance.shape == (3,) and np.allclose(variance, RED_GREEN_BLUE_DEVIATIONS, atol=1e-6):
        normalization.set_weights([mean, variance**2, count])


def _block(x, expansion, kernel_size, channels, strides, drop_rate, name):
    inputs, in_channels = x, x.shape[channel_axis()]
    if expansion > 1:
        x = _pointwise(x, expansion * in_channels, f"{name}expand_conv")
        x = _active(x, f"{name}expand_bn", f"{name}expand_activation")
    if strides == 2:
        x = ZeroPadding2D(same_padding(x, kernel_size), name=f"{name}dwconv_pad")(x)
    x = DepthwiseConv2D(kernel_size, strides=strides, padding="same" if strides == 1 else "valid", use_bias=False,
                        depthwise_initializer=_KERNEL, name=f"{name}dwconv")(x)
    x = _active(x, f"{name}bn", f"{name}activation")
    x = _squeeze_and_excite(x, max(1, int(in_channels * SQUEEZE)), f"{name}se_")
    x = _pointwise(x, channels, f"{name}project_conv")
    x = BatchNormalization(axis=channel_axis(), name=f"{name}project_bn")(x)
    if strides > 1 or in_channels != channels:
        return x
    if drop_rate > 0:  # the whole block is left out for some samples: stochastic depth, Huang et al. 2016
        x = Dropout(drop_rate, noise_shape=(None, 1, 1, 1), name=f"{name}drop")(x)
    return Add(name=f"{name}add")([x, inputs])


def _squeeze_and_excite(x, squeezed, name):
    """x times one weight between 0 and 1 for each channel, which two small layers compute from the maps' averages."""
    channels = x.shape[channel_axis()]
    weight = GlobalAveragePooling2D(name=f"{name}squeeze")(x)
    shape = (1, 1, channels) if config.image_data_format() == "channels_last" else (channels, 1, 1)
    weight = Reshape(shape, name=f"{name}reshape")(weight)
    weight = Conv2D(squeezed, 1, padding="same", activation="silu", kernel_initializer=_KERNEL,
                    name=f"{name}reduce")(weight)
    weight = Conv2D(channels, 1, padding="same", activation="sigmoid", kernel_initializer=_KERNEL,
                    name=f"{name}expand")(weight)
    return Multiply(name=f"{name}excite")([x, weight])


def _pointwise(x, channels, name):
    return Conv2D(channels, 1, padding="same", use_bias=False, kernel_initializer=_KERNEL, name=name)(x)


def _active(x, normalization, activation):
    x = BatchNormalization(axis=channel_axis(), name=normalization)(x)
    return Activation("silu", name=activation)(x)


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Return `x` itself: EfficientNet scales pixels of 0 to 255 in its first layers.

    Args:
        x: Images.
        data_format: Not used; the other networks have it.

    >>> preprocess_input(np.array([[[0.0, 127.5, 255.0]]]))
    array([[[  0. , 127.5, 255. ]]])
    """
    return x


__getattr__ = import_explainer(__name__)
