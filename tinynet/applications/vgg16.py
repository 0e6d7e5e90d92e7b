"""VGG-16: thirteen 3x3 convolutions in five blocks, and three dense layers.

Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", ICLR 2015, configuration
D. With 224x224 images: every convolution has stride 1 and 'same' padding, every pooling 2x2 windows and stride 2, so
that height and width fall (224, 112, 56, 28, 14, 7) while the channels rise (64, 128, 256, 512, 512). 124 of the
138 million parameters are in the dense layers.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import config
from ..core.absence import import_explainer
from ..layers import Conv2D, Dense, Flatten, GlobalAveragePooling2D, GlobalMaxPooling2D, Input, MaxPooling2D
from ..layers.core import KerasTensor
from ..models import Sequential
from ..tensor import Tensor
from ..utils import load_weights_npz

if TYPE_CHECKING:
    from ..core.types import Shape

BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # filters, how many convolutions
CHANNEL_MEANS = (103.939, 116.779, 123.68)  # of ImageNet: blue, green, red


def VGG16(  # noqa: N802
    include_top: bool = True, weights: str | os.PathLike[str] | None = "imagenet",
    input_tensor: KerasTensor | None = None, input_shape: Shape | None = None, pooling: str | None = None,
    classes: int = 1000, classifier_activation: Any = "softmax", name: str = "vgg16",
) -> Sequential:
    """The VGG-16 network.

    Args:
        include_top: Whether the dense layers are included.
        weights: None for random ones, or the path of a .npz file that `utils.save_weights_npz` wrote. 'imagenet',
            Keras's default, is refused: tinynet downloads no trained networks.
        input_tensor: An `Input`, instead of `input_shape`.
        input_shape: (height, width, 3) of one image, 32 or more each; (224, 224, 3) if None, and with include_top=False
            any.
        pooling: What follows the last block with include_top=False: nothing (None) or global pooling ('avg', 'max').
        classes: Length of the output, with include_top=True.
        classifier_activation: Of the output, with include_top=True; None for logits.
        name: Of the model.

    Returns:
        A Sequential model. Its weights take memory (553 MB) when they are first used, not before.

    Shapes: (batch, height, width, 3) -> (batch, classes); with include_top=False (batch, height / 32, width / 32, 512),
        or (batch, 512) with `pooling`.

    Raises:
        TypeError: `input_tensor` is not an Input.
        ValueError: weights='imagenet', a shape that is too small, or with include_top=True not fully known.

    Source: Simonyan and Zisserman 2015, arXiv:1409.1556.

    >>> VGG16(weights=None).count_params()
    138357544
    """
    _check_weights(weights, include_top, classes)
    if pooling not in (None, "avg", "max"):
        raise ValueError(f"VGG16: pooling must be None, 'avg' or 'max', got {pooling!r}")
    if input_tensor is not None and not isinstance(input_tensor, KerasTensor):
        raise TypeError(f"VGG16: input_tensor must be an Input(...), got {type(input_tensor).__name__}")
    shape = input_shape if input_tensor is None else input_tensor.shape[1:]
    source = Input(_image_shape(shape, include_top)) if input_tensor is None else input_tensor
    _image_shape(source.shape[1:], include_top)

    model = Sequential([source], name=name)
    for block, (filters, convolutions) in enumerate(BLOCKS, start=1):
        for number in range(1, convolutions + 1):
            model.add(Conv2D(filters, 3, padding="same", activation="relu", name=f"block{block}_conv{number}"))
        model.add(MaxPooling2D(2, strides=2, name=f"block{block}_pool"))
    if include_top:
        model.add(Flatten(name="flatten"))
        model.add(Dense(4096, activation="relu", name="fc1"))
        model.add(Dense(4096, activation="relu", name="fc2"))
        model.add(Dense(classes, activation=classifier_activation, name="predictions"))
    elif pooling is not None:
        model.add(GlobalAveragePooling2D() if pooling == "avg" else GlobalMaxPooling2D())
    if weights is not None:
        load_weights_npz(model, weights)
    return model


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """RGB images with values 0 to 255 as VGG-16 was trained on: blue, green, red, each minus its mean over ImageNet.

    Args:
        x: Array or Tensor, shape (..., height, width, 3), or (..., 3, height, width) with 'channels_first'.
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.

    Returns:
        The same kind, floating-point; `x` is not changed.

    Raises:
        ValueError: the images do not have three channels, or `data_format` is unknown.

    >>> preprocess_input(np.zeros((1, 1, 3), "uint8")).ravel().round(1)
    array([-103.9, -116.8, -123.7], dtype=float32)
    """
    data_format = data_format or config.image_data_format()
    if data_format not in ("channels_last", "channels_first"):
        raise ValueError(
            f"preprocess_input: data_format must be 'channels_last' or 'channels_first', got {data_format!r}"
        )
    if not isinstance(x, Tensor):
        x = np.asarray(x)
    axis = -1 if data_format == "channels_last" else -3
    if len(x.shape) < 3 or x.shape[axis] != 3:
        raise ValueError(f"preprocess_input: expected RGB images, {data_format}, got shape {x.shape}")
    if x.dtype.kind != "f":
        x = x.astype(config.floatx())
    means = np.array(CHANNEL_MEANS, x.dtype)
    return x[..., ::-1] - means if axis == -1 else x[..., ::-1, :, :] - means[:, None, None]


def _check_weights(weights, include_top, classes):
    if weights is None:
        return
    if weights == "imagenet":
        raise ValueError(
            "VGG16: weights='imagenet' would need a download of 528 MB, and tinynet does not fetch trained networks. "
            "Write weights=None for random weights, or weights='file.npz' with weights of your own: in Keras, "
            "np.savez('file.npz', **{str(i): w for i, w in enumerate(keras.applications.VGG16().get_weights())}) "
            "writes such a file"
        )
    path = Path(os.fspath(weights)).expanduser()
    if path.suffix != ".npz":
        raise ValueError(f"VGG16: weights must be None or the path of a .npz file, got {weights!r}")
    if not path.is_file():
        raise ValueError(f"VGG16: there is no file {weights!r}; weights must be None or the path of a .npz file")


def _image_shape(shape, include_top):
    """The shape of one image, checked."""
    if shape is None:
        size = 224 if include_top else None
        return (size, size, 3) if config.image_data_format() == "channels_last" else (3, size, size)
    shape = tuple(shape)
    if len(shape) != 3:
        raise ValueError(f"VGG16: input_shape must be (height, width, channels), got {shape}")
    last = config.image_data_format() == "channels_last"
    sides, channels = (shape[:2], shape[2]) if last else (shape[1:], shape[0])
    if any(side is not None and side < 32 for side in sides):
        raise ValueError(f"VGG16: images must be 32x32 or larger, since five poolings halve them; got {shape}")
    if include_top and None in sides:
        raise ValueError(f"VGG16: the dense layers (include_top=True) need images of a known size, got {shape}")
    if channels not in (1, 3):
        warnings.warn(f"VGG16 is made for images of 3 channels (or 1), got {channels}", stacklevel=3)
    return shape


__getattr__ = import_explainer(__name__)
