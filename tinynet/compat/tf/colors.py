"""Colours and element types of pictures, for `tf.image`: shape (height, width, channels) or (batch, ..., channels).

Whole numbers range from 0 to 255, floating point from 0 to 1. `name` arguments are TensorFlow's and have no effect.
"""

from __future__ import annotations

import numpy as np

from ... import ops
from ...augment.pixel import hsv_to_rgb as _to_rgb
from ...augment.pixel import rgb_to_hsv as _to_hsv
from ...core.types import DTypeLike, TensorLike
from ...tensor import Tensor, convert_to_tensor, to_array


def convert_image_dtype(image: TensorLike, dtype: DTypeLike, saturate: bool = False, name: str | None = None) -> Tensor:
    """Convert pictures to another element type and its range: uint8 0..255, uint16 0..65535, floating point 0..1.

    From one type of whole numbers to a longer one, 255 becomes 255 * 256, and back it is 255.

    Args:
        image: Pictures.
        dtype: The new element type.
        saturate: Whether to clip to the range of whole numbers before the conversion.

    Returns:
        Tensor, shaped like `image`.

    >>> convert_image_dtype(np.array([0.0, 1.0]), "uint8").tolist()
    [0, 255]
    """
    image, dtype = convert_to_tensor(image), np.dtype(dtype)
    if image.dtype == dtype:
        return image
    if image.dtype.kind in "iu" and dtype.kind == "f":
        return ops.cast(image, dtype) * (1 / np.iinfo(image.dtype).max)
    if image.dtype.kind == "f" and dtype.kind in "iu":
        scaled = to_array(image).astype(np.float64) * (np.iinfo(dtype).max + 0.5)
        limits = np.iinfo(dtype)
        return Tensor((scaled.clip(limits.min, limits.max) if saturate else scaled).astype(dtype))
    if image.dtype.kind in "iu" and dtype.kind in "iu":
        return Tensor(_between_integers(to_array(image), dtype, saturate))
    return ops.cast(image, dtype)


def _between_integers(image, dtype, saturate):
    """Multiplied, or divided and rounded down, by the quotient of both ranges: a power of 2."""
    largest, limits = np.iinfo(image.dtype).max, np.iinfo(dtype)
    if largest > limits.max:
        image = image // ((largest + 1) // (limits.max + 1))
        return (image.clip(limits.min, limits.max) if saturate else image).astype(dtype)
    image = (image.clip(max(limits.min, np.iinfo(image.dtype).min), None) if saturate else image).astype(dtype)
    return image * dtype.type((limits.max + 1) // (largest + 1))


def _in_floats(image, change):
    """`change` of a picture in 0..1, and back to its type."""
    image = convert_to_tensor(image)
    changed = change(convert_image_dtype(image, "float32") if image.dtype.kind != "f" else image)
    return convert_image_dtype(changed, image.dtype, saturate=True)


def rgb_to_grayscale(images: TensorLike, name: str | None = None) -> Tensor:
    """Return one channel: 0.2989 red + 0.587 green + 0.114 blue.

    Args:
        images: Shape (..., height, width, 3).

    Returns:
        Tensor, shape (..., height, width, 1).

    >>> rgb_to_grayscale(np.array([[[100.0, 100.0, 100.0]]])).numpy().round(1).ravel()
    array([100.])
    """
    return _in_floats(images, lambda x: ops.sum(x * np.array([0.2989, 0.5870, 0.1140], x.dtype), -1, keepdims=True))


def grayscale_to_rgb(images: TensorLike, name: str | None = None) -> Tensor:
    """Repeat the one channel three times: (..., height, width, 1) -> (..., height, width, 3).

    Args:
        images: Pictures with one channel.

    Returns:
        Tensor with three.

    >>> grayscale_to_rgb(np.array([[[7.0]]])).numpy().ravel()
    array([7., 7., 7.])
    """
    return ops.repeat(convert_to_tensor(images), 3, axis=-1)


def adjust_brightness(image: TensorLike, delta: float) -> Tensor:
    """Return x + delta, in the range 0..1, in the type of the picture.

    Args:
        image: Pictures.
        delta: From -1 to 1, also for whole numbers.

    >>> adjust_brightness(np.full((1, 1, 1), 0.25), 0.5).item()
    0.75
    """
    return _in_floats(image, lambda x: x + float(delta))


def adjust_contrast(images: TensorLike, contrast_factor: float) -> Tensor:
    """Return (x - m) contrast_factor + m, where m is the mean of each channel of each picture.

    Args:
        images: Pictures, shape (..., height, width, channels).
        contrast_factor: 1 changes nothing.

    >>> adjust_contrast(np.array([[[0.0], [1.0]]]), 0.5).numpy().ravel().tolist()
    [0.25, 0.75]
    """
    def change(x):
        mean = ops.mean(x, axis=(-3, -2), keepdims=True)
        return (x - mean) * float(contrast_factor) + mean

    return _in_floats(images, change)


def adjust_gamma(image: TensorLike, gamma: float = 1, gain: float = 1) -> Tensor:
    """Return gain x^gamma, in the range 0..1.

    Args:
        image: Pictures.
        gamma: The exponent.
        gain: The factor.

    >>> adjust_gamma(np.full((1, 1, 1), 0.5), gamma=2).item()
    0.25
    """
    return _in_floats(image, lambda x: gain * x**gamma)


def adjust_saturation(image: TensorLike, saturation_factor: float, name: str | None = None) -> Tensor:
    """Multiply the saturation by `saturation_factor`; results above 1 are clipped.

    Args:
        image: Pictures, shape (..., height, width, 3).
        saturation_factor: 0 makes them grey, 1 changes nothing.

    Returns:
        Tensor, shaped like `image`.

    >>> adjust_saturation(np.array([[[1.0, 0.5, 0.5]]]), 0.0).numpy().ravel()
    array([1., 1., 1.])
    """
    def change(x):
        hue, saturation, value = np.moveaxis(to_array(rgb_to_hsv(x)), -1, 0)
        return hsv_to_rgb(np.stack([hue, (saturation * float(saturation_factor)).clip(0, 1), value], -1))

    return _in_floats(image, change)


def adjust_hue(image: TensorLike, delta: float, name: str | None = None) -> Tensor:
    """Turn the hue, a circle of length 1, by delta.

    Args:
        image: Pictures, shape (..., height, width, 3).
        delta: How far, from -1 to 1.

    Returns:
        Tensor, shaped like `image`.

    >>> red = np.array([[[1.0, 0.0, 0.0]]])
    >>> adjust_hue(red, 1 / 3).numpy().ravel().round(3)  # green
    array([0., 1., 0.])
    """
    def change(x):
        hue, saturation, value = np.moveaxis(to_array(rgb_to_hsv(x)), -1, 0)
        return hsv_to_rgb(np.stack([(hue + float(delta)) % 1, saturation, value], -1))

    return _in_floats(image, change)


def rgb_to_hsv(images: TensorLike, name: str | None = None) -> Tensor:
    """Return hue, saturation and value, each 0..1, of floating-point pictures (..., 3).

    Args:
        images: Shape (..., 3), each number from 0 to 1.

    >>> rgb_to_hsv(np.array([[[0.0, 1.0, 0.0]]])).numpy().ravel().round(3).tolist()
    [0.333, 1.0, 1.0]
    """
    return Tensor(_to_hsv(to_array(images)))


def hsv_to_rgb(images: TensorLike, name: str | None = None) -> Tensor:
    """Return the colours of hues, saturations and values, the inverse of `rgb_to_hsv`.

    Args:
        images: Shape (..., 3), each number from 0 to 1.

    >>> hsv_to_rgb(np.array([[[0.0, 1.0, 1.0]]])).numpy().ravel().round(3)  # red
    array([1., 0., 0.])
    """
    return Tensor(_to_rgb(to_array(images)))


def per_image_standardization(image: TensorLike) -> Tensor:
    """Return (x - mean) / max(standard deviation, 1 / sqrt(n)) of each picture, n its number of elements; float32.

    Args:
        image: Pictures, shape (..., height, width, channels).

    >>> per_image_standardization(np.array([[[1.0], [3.0]]])).numpy().ravel()
    array([-1.,  1.], dtype=float32)
    """
    x = ops.cast(convert_to_tensor(image), "float32")
    axes = (-3, -2, -1)
    least = 1 / np.sqrt(np.prod(x.shape[-3:]))
    return (x - ops.mean(x, axes, keepdims=True)) / ops.maximum(ops.std(x, axes, keepdims=True), float(least))
