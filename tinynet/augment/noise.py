"""Pixel-level transforms with noise, of sensors, of compression and of weather; random, repeatable by seed."""

import io

import numpy as np

from ..core.extras import import_pillow
from .batches import as_generator, check_channels, check_range, on_batches, on_values, per_image
from .filters import gaussian_blur, motion_blur
from .pixel import hue_saturation, luma


@on_values
def gaussian_noise(images, stddev=0.1, seed=None, value_range=(0, 255)):
    """Add normally distributed noise; `stddev` is a share of the range."""
    low, high = value_range
    noise = as_generator(seed).standard_normal(images.shape, dtype=images.dtype)
    return images + noise * per_image(stddev * (high - low), images, "gaussian_noise", "stddev")


@on_values
def iso_noise(images, color=0.05, intensity=0.5, seed=None, value_range=(0, 255)):
    """Noise as of a camera at high sensitivity: photons counted one by one, and colours that shift.

    Each pixel's brightness is a Poisson draw whose mean is the brightness itself, in units that shrink with
    `intensity`; hue is shifted by normal noise of standard deviation `color`, a share of the colour circle.
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
        images = images + ((rng.poisson(unit * photons) / photons - unit) * (high - low)).astype(images.dtype)
    return images


@on_values
def salt_and_pepper(images, amount=0.05, salt=0.5, seed=None, value_range=(0, 255)):
    """Turn a share `amount` of the pixels white or black; a share `salt` of those is white."""
    if not 0 <= amount <= 1 or not 0 <= salt <= 1:
        raise ValueError(f"salt_and_pepper: amount and salt must be from 0 to 1, got {amount} and {salt}")
    low, high = value_range
    drawn = as_generator(seed).random(images.shape[:3] + (1,))
    return np.where(drawn < amount * salt, images.dtype.type(high),
                    np.where(drawn < amount, images.dtype.type(low), images))


@on_batches
def jpeg(images, quality=30, value_range=(0, 255)):
    """What JPEG compression of this quality (1 to 95) leaves of the image; 1 or 3 channels. Needs pillow."""
    pillow = import_pillow("augment.jpeg")
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
def fog(images, density=0.5, seed=None, value_range=(0, 255)):
    """Blend with white, by a share that drifts over the image around `density` (0 to 1)."""
    if not 0 <= density <= 1:
        raise ValueError(f"fog: density must be from 0 to 1, got {density}")
    share = density * (0.5 + 0.5 * _smooth_field(as_generator(seed), images, 4)).astype(images.dtype)
    return images + share * (images.dtype.type(value_range[1]) - images)


@on_values
def rain(images, amount=0.02, length=9, angle=70.0, seed=None, value_range=(0, 255)):
    """Bright streaks: drops on a share `amount` of the pixels, drawn along a line of `length` pixels at `angle`."""
    if not 0 <= amount <= 1:
        raise ValueError(f"rain: amount must be from 0 to 1, got {amount}")
    drops = (as_generator(seed).random(images.shape[:3] + (1,)) < amount).astype(images.dtype)
    streaks = np.clip(motion_blur(drops, length, angle, value_range=(0, 1)) * (length / 2), 0, 1)
    return images + 0.6 * streaks * (images.dtype.type(value_range[1]) - images)


@on_values
def snow(images, amount=0.03, size=0.7, seed=None, value_range=(0, 255)):
    """White flakes on a share `amount` of the pixels, blurred with standard deviation `size` pixels."""
    if not 0 <= amount <= 1:
        raise ValueError(f"snow: amount must be from 0 to 1, got {amount}")
    flakes = (as_generator(seed).random(images.shape[:3] + (1,)) < amount).astype(images.dtype)
    blurred = gaussian_blur(flakes, float(size), value_range=(0, 1))
    return images + np.clip(2 * blurred, 0, 1) * (images.dtype.type(value_range[1]) - images)
