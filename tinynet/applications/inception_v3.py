"""Inception V3: modules whose branches look at several window sizes at once.

Szegedy, Vanhoucke, Ioffe, Shlens and Wojna, "Rethinking the Inception Architecture for Computer Vision", CVPR 2016,
table 1 and figures 5 to 7 and 10. With 299x299 images:

    part                       height, width   channels   branches
    stem                             35           192     (five convolutions, two poolings)
    mixed0, mixed1, mixed2           35     256, 288, 288   1x1; 5x5; two 3x3; pooling
    mixed3                           17           768     3x3 with stride 2; two 3x3 with stride 2; pooling
    mixed4 to mixed7                 17           768     1x1; 7x7 as 1x7 and 7x1; two of these; pooling
    mixed8                            8          1280     3x3 with stride 2; 1x7, 7x1, 3x3 with stride 2; pooling
    mixed9, mixed10                   8          2048     1x1; 1x3 beside 3x1; 3x3 and these two; pooling

A 1x1 convolution before each larger window keeps the number of channels small. Every convolution is followed by batch
normalization (without a scale, since ReLU follows) and ReLU.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..core.absence import import_explainer
from ..layers import Activation, AveragePooling2D, BatchNormalization, Concatenate, Conv2D, MaxPooling2D
from . import imagenet_utils
from .frame import Frame, channel_axis, published
from .imagenet_utils import decode_predictions

if TYPE_CHECKING:
    from ..core.types import Shape
    from ..models import Model
    from ..symbolic import KerasTensor

__all__ = ["InceptionV3", "decode_predictions", "preprocess_input"]


def InceptionV3(  # noqa: N802
    include_top: bool = True, weights: str | os.PathLike[str] | None = "imagenet",
    input_tensor: KerasTensor | None = None, input_shape: Shape | None = None, pooling: str | None = None,
    classes: int = 1000, classifier_activation: Any = "softmax", name: str = "inception_v3",
) -> Model:
    """The third Inception network.

    As in Keras, its convolutions have automatic names (conv2d, conv2d_1, ...), which depend on the models made before;
    only the ends of the modules are named mixed0 to mixed10. Files of weights go by the order of the layers.

    Args:
        include_top, weights, input_tensor, pooling, classes, classifier_activation, name: As for `VGG16`.
        input_shape: (height, width, 3) of one image, 75 or more each; (299, 299, 3) if None, and with include_top=False
            any.

    Returns:
        A functional model.

    Shapes: (batch, height, width, 3) -> (batch, classes); with include_top=False (batch, about height / 32, about
        width / 32, 2048), or (batch, 2048) with `pooling`.

    Raises:
        TypeError, ValueError, ModelFileError: As for `VGG16`.

    Source: Szegedy et al. 2016, arXiv:1512.00567.

    >>> InceptionV3(weights=None).count_params()
    23851784
    """
    frame = Frame("InceptionV3", include_top, weights, input_tensor, input_shape, pooling, classes,
                  classifier_activation, published("inception_v3", include_top))
    image = frame.image(default_size=299, min_size=75)
    x = _conv(image, 32, 3, strides=2, padding="valid")
    x = _conv(x, 32, 3, padding="valid")
    x = _conv(x, 64, 3)
    x = MaxPooling2D(3, strides=2)(x)
    x = _conv(x, 80, 1, padding="valid")
    x = _conv(x, 192, 3, padding="valid")
    x = MaxPooling2D(3, strides=2)(x)
    for number, pooled in enumerate((32, 64, 64)):
        x = _module_5x5(x, pooled, f"mixed{number}")
    x = _shrink_to_17(x, "mixed3")
    for number, filters in enumerate((128, 160, 160, 192), start=4):
        x = _module_7x7(x, filters, f"mixed{number}")
    x = _shrink_to_8(x, "mixed8")
    for number in range(2):
        x = _module_wide(x, f"mixed9_{number}", f"mixed{9 + number}")
    return frame.model(image, frame.classifier(x, pools=(None, None)), name)


def _conv(x, filters, kernel_size, strides=1, padding="same"):
    """Convolution, normalization, ReLU."""
    x = Conv2D(filters, kernel_size, strides=strides, padding=padding, use_bias=False)(x)
    x = BatchNormalization(axis=channel_axis(), scale=False)(x)
    return Activation("relu")(x)


def _pooled(x, filters):
    x = AveragePooling2D(3, strides=1, padding="same")(x)
    return _conv(x, filters, 1)


def _join(branches, name=None):
    return Concatenate(axis=channel_axis(), name=name)(branches)


def _module_5x5(x, pooled, name):
    """Figure 5."""
    one = _conv(x, 64, 1)
    five = _conv(_conv(x, 48, 1), 64, 5)
    double = _conv(_conv(_conv(x, 64, 1), 96, 3), 96, 3)
    return _join([one, five, double, _pooled(x, pooled)], name)


def _shrink_to_17(x, name):
    """Figure 10, with 3x3 windows."""
    three = _conv(x, 384, 3, strides=2, padding="valid")
    double = _conv(_conv(_conv(x, 64, 1), 96, 3), 96, 3, strides=2, padding="valid")
    return _join([three, double, MaxPooling2D(3, strides=2)(x)], name)


def _module_7x7(x, filters, name):
    """Figure 6, with n = 7."""
    one = _conv(x, 192, 1)
    seven = _conv(x, filters, 1)
    seven = _conv(seven, filters, (1, 7))
    seven = _conv(seven, 192, (7, 1))
    double = _conv(x, filters, 1)
    double = _conv(double, filters, (7, 1))
    double = _conv(double, filters, (1, 7))
    double = _conv(double, filters, (7, 1))
    double = _conv(double, 192, (1, 7))
    return _join([one, seven, double, _pooled(x, 192)], name)


def _shrink_to_8(x, name):
    """Figure 10, with 3x3 and 7x7 windows."""
    three = _conv(_conv(x, 192, 1), 320, 3, strides=2, padding="valid")
    seven = _conv(x, 192, 1)
    seven = _conv(seven, 192, (1, 7))
    seven = _conv(seven, 192, (7, 1))
    seven = _conv(seven, 192, 3, strides=2, padding="valid")
    return _join([three, seven, MaxPooling2D(3, strides=2)(x)], name)


def _module_wide(x, inner_name, name):
    """Figure 7: many channels on the smallest maps."""
    one = _conv(x, 320, 1)
    three = _conv(x, 384, 1)
    three = _join([_conv(three, 384, (1, 3)), _conv(three, 384, (3, 1))], inner_name)
    double = _conv(_conv(x, 448, 1), 384, 3)
    double = _join([_conv(double, 384, (1, 3)), _conv(double, 384, (3, 1))])
    return _join([one, three, double, _pooled(x, 192)], name)


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """RGB images with values 0 to 255 as Inception was trained on: x / 127.5 - 1, values from -1 to 1.

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
