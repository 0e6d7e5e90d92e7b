"""Pixel-level transforms that depend on one pixel, or on an image's mean: light, colour, numbers of levels.

Each takes an image (height, width, channels) or a batch with one axis more, uint8 or float, and parameters that are one
number, or one an image. `value_range` has the values of black and white in float images; uint8 is 0 to 255.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.types import Array, SeedLike
from .batches import as_generator, check_channels, on_batches, on_values, per_image

LUMA = (0.2989, 0.5870, 0.1140)  # the weights of red, green and blue in brightness (ITU-R BT.601)


@on_values
def brightness(images: Array, delta: Any = 0.2, value_range: Sequence[float] = (0, 255)) -> Array:
    """Add a share of the range: x + delta (high - low).

    Args:
        images: Shape (height, width, channels) or (batch, height, width, channels).
        delta: The share; a number, or one an image.
        value_range: The values of black and white in float images; (0, 255) for uint8.

    Returns:
        Array of the shape and type of `images`.

    >>> brightness(np.array([[[0, 100, 250]]], np.uint8), 0.1)
    array([[[ 26, 126, 255]]], dtype=uint8)
    """
    low, high = value_range
    return images + per_image(delta, images, "brightness", "delta") * images.dtype.type(high - low)


@on_values
def contrast(images: Array, factor: Any = 1.5, value_range: Sequence[float] = (0, 255)) -> Array:
    """Move values away from the mean of their channel, or towards it: mean + factor (x - mean).

    Args:
        images: Shape (height, width, channels) or (batch, height, width, channels).
        factor: A number, or one an image; below 1 reduces contrast.
        value_range: The values of black and white in float images; (0, 255) for uint8.

    Returns:
        Array of the shape and type of `images`.

    >>> contrast(np.array([[[100], [200]]], np.uint8), 0.5).ravel()
    array([125, 175], dtype=uint8)
    """
    mean = images.mean(axis=(1, 2), keepdims=True, dtype=np.float64).astype(images.dtype)
    return mean + per_image(factor, images, "contrast", "factor") * (images - mean)


@on_values
def gamma(images: Array, power: Any = 1.5, value_range: Sequence[float] = (0, 255)) -> Array:
    """Return x^power, with black as 0 and white as 1.

    Args:
        images: Shape (height, width, channels) or (batch, height, width, channels).
        power: A number, or one an image; above 1 darkens, below 1 brightens.
        value_range: The values of black and white in float images; (0, 255) for uint8.

    Raises:
        ValueError: a power of 0 or below.

    >>> gamma(np.array([[[0.5]]]), 2.0, value_range=(0, 1)).item()
    0.25
    """
    low, high = value_range
    power = per_image(power, images, "gamma", "power")
    if (power <= 0).any():
        raise ValueError(f"gamma: power must be above 0, got {power.min()}")
    unit = np.clip((images - low) / (high - low), 0, 1)
    return np.where(power == 1, images, low + (high - low) * unit**power)


@on_values
def invert(images: Array, value_range: Sequence[float] = (0, 255)) -> Array:
    """Return the negative: low + high - x.

    Args:
        images: Shape (height, width, channels) or (batch, height, width, channels).
        value_range: The values of black and white in float images; (0, 255) for uint8.

    >>> invert(np.array([[[0, 200]]], np.uint8)).ravel()
    array([255,  55], dtype=uint8)
    """
    low, high = value_range
    return images.dtype.type(low + high) - images


@on_values
def solarize(images: Array, threshold: Any = 0.5, addition: Any = 0.0,
             value_range: Sequence[float] = (0, 255)) -> Array:
    """Add `addition`, then invert values of at least `threshold`.

    Args:
        images: Shape (height, width, channels) or (batch, height, width, channels).
        threshold, addition: Shares of the range; numbers, or one an image.
        value_range: The values of black and white in float images; (0, 255) for uint8.

    Returns:
        Array of the shape and type of `images`.

    >>> solarize(np.array([[[100, 200, 250]]], np.uint8))
    array([[[100,  55,   5]]], dtype=uint8)
    """
    low, high = value_range
    span = images.dtype.type(high - low)
    added = np.clip(images + per_image(addition, images, "solarize", "addition") * span, low, high)
    at_least = added >= low + per_image(threshold, images, "solarize", "threshold") * span
    return np.where(at_least, images.dtype.type(low + high) - added, added)


@on_values
def posterize(images: Array, bits: Any = 3, value_range: Sequence[float] = (0, 255)) -> Array:
    """Keep the first bits of the eight bits of each value. NaN stays NaN.

    Args:
        images: Shape (height, width, channels) or (batch, height, width, channels).
        bits: How many, from 1 to 8, which keeps all; a number, or one an image.
        value_range: The values of black and white in float images; (0, 255) for uint8.

    Returns:
        Array of the shape and type of `images`.

    Raises:
        ValueError: `bits` is out of range.

    >>> posterize(np.array([[[31, 32, 255]]], np.uint8), 3)
    array([[[  0,  32, 224]]], dtype=uint8)
    """
    low, high = value_range
    bits = per_image(bits, images, "posterize", "bits")
    if (bits < 1).any() or (bits > 8).any() or (bits != np.floor(bits)).any():
        raise ValueError(f"posterize: bits must be whole numbers from 1 to 8, got {bits.ravel()}")
    step = (256 / 2**bits).astype(np.uint8) if bits.ndim else np.uint8(256 / 2**bits)
    missing = np.isnan(images)
    level = np.where(missing, 0, np.clip((images - low) * (255 / (high - low)), 0, 255)).astype(np.uint8)
    result = low + (level // step * step).astype(images.dtype) * images.dtype.type((high - low) / 255)
    return np.where(missing, images, result)


def luma(images: Array) -> Array:
    """Return the brightness of RGB images, shape (batch, height, width, 1): 0.2989 R + 0.5870 G + 0.1140 B."""
    red, green, blue = (images[..., c : c + 1] * images.dtype.type(weight) for c, weight in enumerate(LUMA))
    return red + green + blue


@on_values
def grayscale(images: Array, value_range: Sequence[float] = (0, 255)) -> Array:
    """Return RGB images without their colours, still in three channels.

    Args:
        images: Shape (height, width, 3) or (batch, height, width, 3).
        value_range: The values of black and white in float images; (0, 255) for uint8.

    Raises:
        ValueError: not RGB.

    >>> grayscale(np.array([[[200, 100, 0]]], np.uint8))
    array([[[118, 118, 118]]], dtype=uint8)
    """
    check_channels(images, "grayscale")
    return np.broadcast_to(luma(images), images.shape)


@on_values
def color(images: Array, factor: Any = 0.5, value_range: Sequence[float] = (0, 255)) -> Array:
    """Blend with grey: gray + factor (x - gray).

    Args:
        images: Shape (height, width, 3) or (batch, height, width, 3).
        factor: 0 is grey, 1 the image, more strengthens the colours; a number, or one an image.
        value_range: The values of black and white in float images; (0, 255) for uint8.

    Returns:
        Array of the shape and type of `images`.

    Raises:
        ValueError: not RGB.

    >>> color(np.array([[[200, 100, 0]]], np.uint8), 0.5)
    array([[[159, 109,  59]]], dtype=uint8)
    """
    check_channels(images, "color")
    gray = luma(images)
    return gray + per_image(factor, images, "color", "factor") * (images - gray)


def rgb_to_hsv(rgb: Array) -> Array:
    """Return hue in [0, 1), saturation and value in [0, 1], of RGB in [0, 1]; hue is 0 for greys.

    Source: A. R. Smith, "Color gamut transform pairs", SIGGRAPH 1978.

    >>> rgb_to_hsv(np.array([0.0, 1.0, 0.0])).round(3)
    array([0.333, 1.   , 1.   ])
    """
    value, low = rgb.max(axis=-1), rgb.min(axis=-1)
    span = value - low
    safe = np.where(span == 0, 1, span)
    red, green, blue = np.moveaxis(rgb, -1, 0)
    hue = np.where(value == red, (green - blue) / safe % 6,
                   np.where(value == green, (blue - red) / safe + 2, (red - green) / safe + 4)) / 6
    saturation = span / np.where(value == 0, 1, value)
    return np.stack([np.where(span == 0, 0, hue), saturation, value], axis=-1)


def hsv_to_rgb(hsv: Array) -> Array:
    """Return RGB of hue, saturation and value, the inverse of `rgb_to_hsv`; hue counts modulo 1."""
    hue, saturation, value = np.moveaxis(hsv, -1, 0)
    channels = []
    for n in (5, 3, 1):  # red, green, blue: each falls from value to value (1 - saturation) and rises again
        k = (n + hue * 6) % 6
        channels.append(value - value * saturation * np.clip(np.minimum(k, 4 - k), 0, 1))
    return np.stack(channels, axis=-1)


@on_values
def hue_saturation(images: Array, hue: Any = 0.0, saturation: Any = 1.0,
                   value_range: Sequence[float] = (0, 255)) -> Array:
    """Turn the colours on the colour circle, and make them stronger or weaker.

    Args:
        images: Shape (height, width, 3) or (batch, height, width, 3).
        hue: Share of a full turn; 0.5 is the complementary colour.
        saturation: Factor, by which the other channels move away from the brightest one, or, below 1, towards it.
        value_range: The values of black and white in float images; (0, 255) for uint8.

    Returns:
        Array of the shape and type of `images`.

    Raises:
        ValueError: not RGB.

    >>> hue_saturation(np.array([[[255, 0, 0]]], np.uint8), hue=0.5)  # of red
    array([[[  0, 255, 255]]], dtype=uint8)
    """
    check_channels(images, "hue_saturation")
    low, high = value_range
    hue, saturation = (per_image(v, images, "hue_saturation", n) for v, n in ((hue, "hue"), (saturation, "saturation")))
    hsv = rgb_to_hsv(np.clip((images - low) / (high - low), 0, 1))
    hsv[..., :1] += hue
    hsv[..., 1:2] *= np.maximum(saturation, 0)
    turned = low + (high - low) * hsv_to_rgb(hsv)
    return np.where((hue % 1 == 0) & (saturation == 1), images, turned)


@on_values
def rgb_shift(images: Array, red: Any = 0.1, green: Any = 0.0, blue: Any = -0.1,
              value_range: Sequence[float] = (0, 255)) -> Array:
    """Add a share of the range to each channel.

    Args:
        images: Shape (height, width, 3) or (batch, height, width, 3).
        red, green, blue: The shares; numbers, or one an image.
        value_range: The values of black and white in float images; (0, 255) for uint8.

    Returns:
        Array of the shape and type of `images`.

    Raises:
        ValueError: not RGB.

    >>> rgb_shift(np.array([[[100, 100, 100]]], np.uint8), red=0.2, blue=-0.2)
    array([[[151, 100,  49]]], dtype=uint8)
    """
    check_channels(images, "rgb_shift")
    low, high = value_range
    by = np.stack(np.broadcast_arrays(
        *(per_image(v, images, "rgb_shift", n) for v, n in ((red, "red"), (green, "green"), (blue, "blue")))), axis=-1)
    return images + by.reshape(-1, 1, 1, 3) * images.dtype.type(high - low)


@on_batches
def channel_shuffle(images: Array, seed: SeedLike = None) -> Array:
    """Put the channels in a random order, another for each image.

    Args:
        images: Shape (height, width, channels) or (batch, height, width, channels).
        seed: int, SeedGenerator, NumPy Generator, or None.

    Returns:
        Array of the shape and type of `images`.

    >>> sorted(channel_shuffle(np.array([[[1, 2, 3]]], np.uint8), seed=0).ravel().tolist())
    [1, 2, 3]
    """
    order = as_generator(seed).permuted(np.tile(np.arange(images.shape[-1]), (len(images), 1)), axis=1)
    return np.take_along_axis(images, order[:, None, None, :], axis=-1)
