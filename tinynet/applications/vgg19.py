"""VGG-19: sixteen 3x3 convolutions in five blocks, and three dense layers.

Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", ICLR 2015, configuration
E: VGG-16 (`vgg16.py`) with a fourth convolution in each of the last three blocks.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..core.absence import import_explainer
from .imagenet_utils import decode_predictions
from .vgg16 import preprocess_input, vgg

if TYPE_CHECKING:
    from ..core.types import Shape
    from ..models import Model
    from ..symbolic import KerasTensor

__all__ = ["VGG19", "decode_predictions", "preprocess_input"]

BLOCKS = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))  # filters, how many convolutions


def VGG19(  # noqa: N802
    include_top: bool = True, weights: str | os.PathLike[str] | None = "imagenet",
    input_tensor: KerasTensor | None = None, input_shape: Shape | None = None, pooling: str | None = None,
    classes: int = 1000, classifier_activation: Any = "softmax", name: str = "vgg19",
) -> Model:
    """The VGG-19 network.

    Args:
        include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, name: As for `VGG16`.

    Returns:
        A functional model.

    Shapes: (batch, height, width, 3) -> (batch, classes); with include_top=False (batch, height / 32, width / 32, 512),
        or (batch, 512) with `pooling`.

    Raises:
        TypeError, ValueError, ModelFileError: As for `VGG16`.

    Source: Simonyan and Zisserman 2015, arXiv:1409.1556.

    >>> VGG19(weights=None).count_params()
    143667240
    """
    return vgg("VGG19", BLOCKS, include_top, weights, input_tensor, input_shape, pooling, classes,
               classifier_activation, name)


__getattr__ = import_explainer(__name__)
