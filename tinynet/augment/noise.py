"""Pixel-level transforms with noise, of sensors, of compression and of weather; random, repeatable by seed."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.extras import import_pillow
from ..core.types import Array, SeedLike
from .batches import as_generator, check_channels, check_range, on_batches, on_values, per_image
from .filters import gaussian_blur, motion_blur
from .pixel import hue_saturation, luma


@on_values
def gaussian_noise(images: Array, stddev: Any = 0.1, seed: SeedLike = None,
                   value_range: Sequence[float] = (0, 255)) -> Array:
    """Add normally distributed noise.

    Args:
        images: Shape (height, width, channels) or (batch, height, width, channels).
        stddev: Standard deviation, a share of the range; a number, or one an image.
        seed: int, SeedGenerator, NumPy Generator, or None.
        value_range: The values of black and white in float images; (0, 255) for uint8.

    Returns:
        Array of the shape and type of `images`.

    >>> bool((gaussian_noise(np.zeros((2, 2, 1)), 0.1, seed=1, value_range=(-1, 1)) != 0).all())
    True
    """
    low, high = value_range
    noise = as_generator(seed).standard_normal(images.shape, dtype=images.dtype)
    return images + noise * per_image(stddev * (high - low), images, "gaussian_noise", "stddev")


@on_values
def iso_noise(images: Array, color: float = 0.05, intensity: float = 0.5, seed: SeedLike = None,
              value_range: Sequence[float] = (0, 255)) -> Array:
    """Add noise as of a camera at high sensitivity: photons counted one by one, and colours that shift.

    Each pixel's brightness is a Poisson draw whose mean is the brightness itself, in units that shrink with
    `intensity`; hue is shifted by normal noise.

    Args:
        images: Shape (height, width, 3) or (batch, height, width, 3).
        color: Standard deviation of the hue's shift, a share of the colour circle.
        intensity: Of the noise; 0 adds none.
        seed: int, SeedGenerator, NumPy Generator, or None.
        value_range: The values of black and white in float images; (0, 255) for uint8.

    Returns:
        Array of the shape and type of `images`.

    Raises:
        ValueError: not RGB, or a negative parameter.

    >>> iso_noise(np.zeros((1, 2, 3), np.uint8), seed=0).ravel()  # black sends no photons
    array([0, 0, 0, 0, 0, 0], dtype=uint8)
    """
    check_channels(images, "iso_noise")
    if intensity < 0 or color < 0:
        raise ValueError(f"iso_noise: color and intensity must be at least 0, got {color} and {intensity}")
    rng, (low, high) = as_generator(seed), value_range
    if color > 0:
        shift = rng.normal(0, color, images.shape[:3] + (1,)).astype(images.dtype)
        flat = np.ascontiguousarray(images.reshape(-1, 1, 1, 3))
        images = hue_saturation(flat, shift.ravel(), value_range=value_range).reshape(images.shape)
    if intensity > 0:
        photons = 255 / (16 * intensity)  # of a white pixel
        unit = np.clip((luma(images) - low) / (high - low), 0, 1)
        counted = rng.poisson(np.nan_to_num(unit, nan=0) * photons)  # where the brightness is NaN, the sum is, too
        images = images + ((counted / photons - unit) * (high - low)).astype(images.dtype)
    return images


@on_values
def salt_and_pepper(images: Array, amount: float = 0.05, salt: float = 0.5, seed: SeedLike = None,
                    value_range: Sequence[float] = (0, 255)) -> Array:
    """Turn some pixels white or black.

    Args:
        images: Shape (height, width, channels) or (batch, height, width, channels).
        amount: The share of the pixels.
        salt: The share of white ones among them.
        seed: int, SeedGenerator, NumPy Generator, or None.
        value_range: The values of black and white in float images; (0, 255) for uint8.

    Returns:
        Array of the shape and type of `images`.

    Raises:
        ValueError: a share outside [0, 1].

    >>> np.unique(salt_and_pepper(np.full((8, 8, 1), 100, np.uint8), amount=1, seed=0))
    array([  0, 255], dtype=uint8)
    """
    if not 0 <= amount <= 1 or not 0 <= salt <= 1:
        raise ValueError(f"salt_and_pepper: amount and salt must be from 0 to 1, got {amount} and {salt}")
    low, high = value_range
    drawn = as_generator(seed).random(images.shape[:3] + (1,))
    return np.where(drawn < amount * salt, images.dtype.type(high),
                    np.where(drawn < amount, images.dtype.type(low), images))


@on_batches
def jpeg(images: Array, quality: float = 30, value_range: Sequence[float] = (0, 255)) -> Array:
    """Compress images as JPEG and decode them again. Needs pillow.

    Args:
        images: Shape (height, width, 1 or 3) or (batch, height, width, 1 or 3).
        quality: From 1 to 95.
        value_range: The values of black and white in float images; (0, 255) for uint8.

    Returns:
        Array of the shape and type of `images`.

    Raises:
        ModuleNotFoundError: pillow is not installed; the message names the extra.
        ValueError: another quality or number of channels, or values that are NaN, which a JPEG cannot have.

    >>> image = np.arange(64, dtype=np.uint8).reshape(8, 8, 1)
    >>> fine, coarse = (len(np.unique(jpeg(image, quality))) for quality in (95, 10))  # how many levels are left
    >>> coarse < fine <= 64
    True
    """
    pillow = import_pillow("augment.jpeg")
    if np.isnan(images).any():
        raise ValueError(f"jpeg: {int(np.isnan(images).sum())} values are NaN, which a JPEG cannot have; replace them "
                         "first, for example with np.nan_to_num")
    if not 1 <= quality <= 95:
        raise ValueError(f"jpeg: quality must be from 1 to 95, got {quality}")
    if images.shape[-1] not in (1, 3):
        raise ValueError(f"jpeg: needs 1 or 3 channels, got {images.shape}")
    low, high = (0.0, 255.0) if images.dtype == np.uint8 else check_range(value_range, "jpeg")
    out = np.empty_like(images)
    for n, image in enumerate(images):
        bytes_ = image if image.dtype == np.uint8 else np.clip(np.rint((image - low) * (255 / (high - low))), 0, 255)
        file = io.BytesIO()
        pillow.fromarray(bytes_.astype(np.uint8).squeeze(-1) if image.shape[-1] == 1 else bytes_.astype(np.uint8)).save(
            file, "JPEG", quality=int(quality))
        read = np.asarray(pillow.open(file)).reshape(image.shape)
        out[n] = read if image.dtype == np.uint8 else low + read * ((high - low) / 255)
    return out


def _smooth_field(rng, images, cells):
    """Random values in [0, 1] that change slowly over the image, shape (batch, height, width, 1)."""
    from .geometry import resize

    coarse = rng.random((len(images), cells, cells, 1))
    return resize(coarse, *images.shape[1:3])


@on_values
def fog(images: Array, density: float = 0.5, seed: SeedLike = None, value_range: Sequence[float] = (0, 255)) -> Array:
    """Blend with white, by a share that varies slowly over the image.

    Args:
        images: Shape (height, width, channels) or (batch, height, width, channels).
        density: The mean share is 3/4 of it; from 0 to 1.
        seed: int, SeedGenerator, NumPy Generator, or None.
        value_range: The values of black and white in float images; (0, 255) for uint8.

    Returns:
        Array of the shape and type of `images`.

    Raises:
        ValueError: `density` is out of range.

    >>> black = np.zeros((8, 8, 1))
    >>> foggy = fog(black, density=0.5, value_range=(0, 1), seed=0)
    >>> bool(foggy.min() >= 0.25 and foggy.max() <= 0.5)
    True
    """
    if not 0 <= density <= 1:
        raise ValueError(f"fog: density must be from 0 to 1, got {density}")
    share = density * (0.5 + 0.5 * _smooth_field(as_generator(seed), images, 4)).astype(images.dtype)
    return images + share * (images.dtype.type(value_range[1]) - images)


@on_values
def rain(images: Array, amount: float = 0.02, length: int = 9, angle: float = 70.0, seed: SeedLike = None,
         value_range: Sequence[float] = (0, 255)) -> Array:
    """Draw bright streaks.

    Args:
        images: Shape (height, width, channels) or (batch, height, width, channels).
        amount: Share of the pixels with a drop.
        length: Of the streaks in pixels, odd.
        angle: Of the streaks in degrees.
        seed: int, SeedGenerator, NumPy Generator, or None.
        value_range: The values of black and white in float images; (0, 255) for uint8.

    Returns:
        Array of the shape and type of `images`.

    Raises:
        ValueError: `amount` is out of range, or `length` is even.

    >>> image = np.full((16, 16, 1), 100, np.uint8)
    >>> wet = rain(image, amount=0.1, seed=0)
    >>> int(wet.min()) >= 100, int(wet.max()) > 100
    (True, True)
    """
    if not 0 <= amount <= 1:
        raise ValueError(f"rain: amount must be from 0 to 1, got {amount}")
    drops = (as_generator(seed).random(images.shape[:3] + (1,)) < amount).astype(images.dtype)
    streaks = np.clip(motion_blur(drops, length, angle, value_range=(0, 1)) * (length / 2), 0, 1)
    return images + 0.6 * streaks * (images.dtype.type(value_range[1]) - images)


@on_values
def snow(images: Array, amount: float = 0.03, size: float = 0.7, seed: SeedLike = None,
         value_range: Sequence[float] = (0, 255)) -> Array:
    """Draw white flakes.

    Args:
        images: Shape (height, width, channels) or (batch, height, width, channels).
        amount: Share of the pixels with a flake.
        size: Standard deviation of a flake in pixels.
        seed: int, SeedGenerator, NumPy Generator, or None.
        value_range: The values of black and white in float images; (0, 255) for uint8.

    Returns:
        Array of the shape and type of `images`.

    Raises:
        ValueError: `amount` is out of range.

    >>> image = np.full((16, 16, 1), 100, np.uint8)
    >>> white = snow(image, amount=0.1, seed=0)
    >>> int(white.min()) >= 100, int(white.max()) > 100
    (True, True)
    """
    if not 0 <= amount <= 1:
        raise ValueError(f"snow: amount must be from 0 to 1, got {amount}")
    flakes = (as_generator(seed).random(images.shape[:3] + (1,)) < amount).astype(images.dtype)
    blurred = gaussian_blur(flakes, float(size), value_range=(0, 1))
    return images + np.clip(2 * blurred, 0, 1) * (images.dtype.type(value_range[1]) - images)
