"""What goes into networks that were trained on ImageNet, and what comes out: pixels prepared, classes named."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from .. import config, ops
from ..core.absence import import_explainer
from ..core.errors import DatasetNotFoundError
from ..saving.strict_json import loads
from ..symbolic import KerasTensor
from ..tensor import Tensor, to_array
from .frame import KERAS_FOLDER

__all__ = ["decode_predictions", "preprocess_input"]

BLUE_GREEN_RED_MEANS = (103.939, 116.779, 123.68)  # of ImageNet, for values 0 to 255
RED_GREEN_BLUE_MEANS = (0.485, 0.456, 0.406)  # of ImageNet, for values 0 to 1
RED_GREEN_BLUE_DEVIATIONS = (0.229, 0.224, 0.225)
CLASS_INDEX = "imagenet_class_index.json"
_MAX_CLASS_INDEX = 10 << 20  # bytes; Keras's file has 35 kB


def preprocess_input(x: Any, data_format: str | None = None, mode: str = "caffe") -> Any:
    """Return RGB images with values 0 to 255 as a network was trained on them.

    'caffe': blue, green, red, each minus its mean over ImageNet (VGG, ResNet).
    'tf': x / 127.5 - 1, values from -1 to 1 (MobileNet, Inception, Xception, ResNet V2).
    'torch': x / 255, minus the mean and divided by the standard deviation of each channel (DenseNet).

    Args:
        x: Array, Tensor or KerasTensor, shape (..., height, width, 3), or (..., 3, height, width) with
            'channels_first'.
        data_format: 'channels_last' or 'channels_first'; the process-wide setting if None.
        mode: 'caffe', 'tf' or 'torch'.

    Returns:
        The same kind, floating-point; `x` is not changed.

    Raises:
        ValueError: the images do not have three channels, or `data_format` or `mode` is unknown.

    >>> preprocess_input(np.array([[[0, 51, 255]]]), mode="tf").ravel().round(1)
    array([-1. , -0.6,  1. ], dtype=float32)
    """
    data_format = data_format or config.image_data_format()
    if data_format not in ("channels_last", "channels_first"):
        raise ValueError(
            f"preprocess_input: data_format must be 'channels_last' or 'channels_first', got {data_format!r}"
        )
    if mode not in ("caffe", "tf", "torch"):
        raise ValueError(f"preprocess_input: mode must be 'caffe', 'tf' or 'torch', got {mode!r}")
    if not isinstance(x, Tensor | KerasTensor):
        x = np.asarray(x)
    axis = -1 if data_format == "channels_last" else -3
    if len(x.shape) < 3 or x.shape[axis] != 3:
        raise ValueError(f"preprocess_input: expected RGB images, {data_format}, got shape {x.shape}")
    if np.dtype(x.dtype).kind != "f":
        x = x.astype(config.floatx()) if isinstance(x, np.ndarray) else ops.cast(x, config.floatx())

    def channels(values):
        return np.array(values, x.dtype) if axis == -1 else np.array(values, x.dtype)[:, None, None]

    if mode == "tf":
        return x / 127.5 - 1.0
    if mode == "torch":
        return (x / 255.0 - channels(RED_GREEN_BLUE_MEANS)) / channels(RED_GREEN_BLUE_DEVIATIONS)
    reversed_channels = x[..., ::-1] if axis == -1 else x[..., ::-1, :, :]
    return reversed_channels - channels(BLUE_GREEN_RED_MEANS)


def decode_predictions(preds: Any, top: int = 5, class_index: Any = None) -> list[list[tuple[str, str, float]]]:
    """Return the names of the most probable classes of each image.

    The list of ImageNet's 1000 classes is not part of tinynet.

    Args:
        preds: Array or Tensor, shape (batch, classes).
        top: How many classes are named for each image.
        class_index: The classes: a list of names; a dict {"0": (identifier, name), ...}; or the path of a JSON file
            with that dict, as Keras's imagenet_class_index.json is. If None, that file in ~/.keras/models, where Keras
            has put it at its first decode_predictions.

    Returns:
        A list for each image of (identifier, name, probability), the most probable first. With a list of names the
        identifier is the number of the class, as a string.

    Raises:
        DatasetNotFoundError: `class_index` is None, and the file is not there.
        ValueError: `preds` does not have one column for each class, or the file is damaged.

    >>> decode_predictions(np.array([[0.1, 0.7, 0.2]]), top=2, class_index=["cat", "dog", "owl"])
    [[('1', 'dog', 0.7), ('2', 'owl', 0.2)]]
    """
    classes = _classes(class_index)
    values = np.asarray(to_array(preds))
    if values.ndim != 2 or values.shape[1] != len(classes):
        raise ValueError(f"decode_predictions: expected predictions of shape (batch, {len(classes)}), one column a "
                         f"class, got {values.shape}")
    order = np.argsort(-values, axis=1, kind="stable")[:, :top]
    return [[(*classes[number], image[number].item()) for number in best]
            for image, best in zip(values, order, strict=True)]


def _classes(class_index):
    """[(identifier, name)] of all classes."""
    if class_index is None:
        class_index = Path(KERAS_FOLDER).expanduser() / CLASS_INDEX
        if not class_index.is_file():
            raise DatasetNotFoundError(
                f"decode_predictions: the list of ImageNet's classes is not part of tinynet. Put Keras's {CLASS_INDEX} "
                f"into {KERAS_FOLDER}, or pass class_index= with its path or with a list of your classes' names"
            )
    if isinstance(class_index, str | os.PathLike):
        path = Path(os.fspath(class_index)).expanduser()
        with open(path, "rb") as file:
            data = file.read(_MAX_CLASS_INDEX + 1)
        if len(data) > _MAX_CLASS_INDEX:
            raise ValueError(f"{path}: more than the {_MAX_CLASS_INDEX} bytes allowed for a list of classes")
        class_index = loads(data, str(path))
    if isinstance(class_index, dict):
        try:
            pairs = [class_index[str(number)] for number in range(len(class_index))]
            return [(str(identifier), str(name)) for identifier, name in pairs]
        except (KeyError, TypeError, ValueError):
            raise ValueError("decode_predictions: class_index must hold {'0': [identifier, name], '1': ...} without "
                             "gaps") from None
    return [(str(number), str(name)) for number, name in enumerate(class_index)]


__getattr__ = import_explainer(__name__)
