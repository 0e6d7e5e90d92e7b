"""The conventions of this package's functions: images, their values, their randomness.

An image is an array (height, width, channels), a batch has one axis more in front. uint8 values are 0 to 255; for
floats `value_range` has the values of black and white. Results have the shape (except for crops) and the type of the
input. Functions that change values keep floats within `value_range` and round uint8 to the nearest.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import random
from ..core.types import Array, SeedLike

PIXEL_TYPES = ("uint8", "float32", "float64")


def as_generator(seed: SeedLike) -> np.random.Generator:
    """Return a NumPy Generator from a seed.

    Args:
        seed: A Generator, an int, a `SeedGenerator`, or None for the global one.

    >>> int(as_generator(1).integers(100)) == int(as_generator(1).integers(100))
    True
    """
    return seed if isinstance(seed, np.random.Generator) else random.generator(seed)


def check_images(image: Any, where: str) -> Array:
    """Return `image` as a dense ndarray of shape (height, width, channels) or (batch, height, width, channels).

    Args:
        image: Anything that NumPy converts to an array.
        where: The caller's name, for messages.

    Raises:
        TypeError: it is not uint8, float32 or float64.
        ValueError: it has another number of axes.
    """
    image = np.asarray(image)
    if image.dtype.name not in PIXEL_TYPES:
        raise TypeError(
            f"{where}: pixels must be uint8, float32 or float64, got {image.dtype}; convert "
            "with x.astype('float32') and pass value_range"
        )
    if image.ndim not in (3, 4):
        hint = "; add a channel axis with x[..., None]" if image.ndim == 2 else ""
        raise ValueError(
            f"{where}: expected an image (height, width, channels) or a batch (batch, height, width, channels), "
            f"got shape {image.shape}{hint}"
        )
    return np.require(image, image.dtype.newbyteorder("="), ["C", "A"])


def check_range(value_range: Sequence[float], where: str) -> tuple[float, float]:
    """Return (low, high) as floats.

    Raises:
        ValueError: not two numbers in ascending order.
    """
    try:
        low, high = map(float, value_range)
    except (TypeError, ValueError):
        low = high = 0.0
    if not low < high:
        raise ValueError(f"{where}: value_range must be (low, high) with low < high, got {value_range!r}")
    return low, high


def check_channels(images: Array, where: str) -> None:
    """Refuse images that are not RGB.

    Raises:
        ValueError: another number of channels than 3.
    """
    if images.shape[-1] != 3:
        raise ValueError(f"{where}: needs 3 channels (red, green, blue), got {images.shape[-1]} in {images.shape}")


def per_image(value: Any, images: Array, where: str, name: str) -> Array:
    """Return a parameter, a number or one number an image, in an array that broadcasts against the batch.

    Args:
        value: The parameter.
        images: The batch.
        where, name: The function and the parameter, for the message.

    Returns:
        Array, shape () or (batch, 1, 1, 1), of the images' type; float32 for uint8.

    Raises:
        ValueError: another number of values than images.
    """
    value = np.asarray(value, images.dtype if images.dtype.kind == "f" else np.float32)
    if value.ndim == 0:
        return value
    if value.size != len(images):
        raise ValueError(
            f"{where}: {name} must be a number or one number an image, got {value.shape} for {images.shape}"
        )
    return value.reshape(-1, 1, 1, 1)


def on_batches(function: Callable[..., Array]) -> Callable[..., Array]:
    """Decorate a function of a batch, so that it takes a single image too."""

    @functools.wraps(function)
    def call(image, *args, **kwargs):
        images = check_images(image, function.__name__)
        if images.ndim == 4:
            return function(images, *args, **kwargs)
        return function(images[None], *args, **kwargs)[0]

    return call


def on_values(function: Callable[..., Array]) -> Callable[..., Array]:
    """Decorate a function of floating-point batches, so that it takes single images and uint8 too.

    The function has a `value_range` argument; it gets two floats, (0, 255) for uint8. Results are clipped to that
    range.
    """
    signature = inspect.signature(function)
    name = function.__name__

    @functools.wraps(function)
    def call(image, *args, **kwargs):
        images = check_images(image, name)
        bound = signature.bind(images, *args, **kwargs)
        bound.apply_defaults()
        whole = images.dtype == np.uint8
        low, high = (0.0, 255.0) if whole else check_range(bound.arguments["value_range"], name)
        batch = images if images.ndim == 4 else images[None]
        bound.arguments["value_range"] = low, high
        bound.arguments[next(iter(bound.arguments))] = batch.astype(np.float32) if whole else batch
        result = np.clip(function(*bound.args, **bound.kwargs), low, high)
        result = np.floor(result + 0.5).astype(np.uint8) if whole else result.astype(images.dtype, copy=False)
        return result if images.ndim == 4 else result[0]

    return call
