"""Pixel-level transforms that look at one pixel, or at an image's mean: light, colour, numbers of levels.

Each takes an image (height, width, channels) or a batch with one axis more, uint8 or float, and parameters that are one
number, or one an image. `value_range` is what black and white are in float images; uint8 is 0 to 255.
"""

import numpy as np

from .batches import as_generator, check_channels, on_batches, on_values, per_image

LUMA = (0.2989, 0.5870, 0.1140)  # how much each of red, green and blue adds to brightness (ITU-R BT.601)


@on_values
def brightness(images, delta=0.2, value_range=(0, 255)):
    """Add `delta` times the range: x + delta (high - low).

    >>> brightness(np.array([[[0, 100, 250]]], np.uint8), 0.1)
    array([[[ 26, 126, 255]]], dtype=uint8)
    """
    low, high = value_range
    return images + per_image(delta, images, "brightness", "delta") * images.dtype.type(high - low)


@on_values
def contrast(images, factor=1.5, value_range=(0, 255)):
    """Move values away from the mean of their channel, or towards it: mean + factor (x - mean)."""
    mean = images.mean(axis=(1, 2), keepdims=True, dtype=np.float64).astype(images.dtype)
    return mean + per_image(factor, images, "contrast", "factor") * (images - mean)


@on_values
def gamma(images, power=1.5, value_range=(0, 255)):
    """x^power, with black as 0 and white as 1: above 1 darkens, below 1 brightens."""
    low, high = value_range
    power = per_image(power, images, "gamma", "power")
    if (power <= 0).any():
        raise ValueError(f"gamma: power must be above 0, got {power.min()}")
    unit = np.clip((images - low) / (high - low), 0, 1)
    return np.where(power == 1, images, low + (high - low) * unit**power)


@on_values
def invert(images, value_range=(0, 255)):
    """The negative: low + high - x."""
    low, high = value_range
    return images.dtype.type(low + high) - images


@on_values
def solarize(images, threshold=0.5, addition=0.0, value_range=(0, 255)):
    """Add `addition`, then turn what is at least `threshold` into its negative; both are shares of the range.

    >>> solarize(np.array([[[100, 200, 250]]], np.uint8))
    array([[[100,  55,   5]]], dtype=uint8)
    """
    low, high = value_range
    span = images.dtype.type(high - low)
    added = np.clip(images + per_image(addition, images, "solarize", "addition") * span, low, high)
    at_least = added >= low + per_image(threshold, images, "solarize", "threshold") * span
    return np.where(at_least, images.dtype.type(low + high) - added, added)


@on_values
def posterize(images, bits=3, value_range=(0, 255)):
    """Keep the first `bits` of the eight bits of each value; 8 keeps all.

    >>> posterize(np.array([[[31, 32, 255]]], np.uint8), 3)
    array([[[  0,  32, 224]]], dtype=uint8)
    """
    low, high = value_range
    bits = per_image(bits, images, "posterize", "bits")
    if (bits < 1).any() or (bits > 8).any() or (bits != np.floor(bits)).any():
        raise ValueError(f"posterize: bits must be whole numbers from 1 to 8, got {bits.ravel()}")
    step = (256 / 2**bits).astype(np.uint8) if bits.ndim else np.uint8(256 / 2**bits)
    level = np.clip((images - low) * (255 / (high - low)), 0, 255).astype(np.uint8)
    return low + (level // step * step).astype(images.dtype) * images.dtype.type((high - low) / 255)


def luma(images):
    """Brightness of RGB images, shape (batch, height, width, 1): 0.2989 R + 0.5870 G + 0.1140 B."""
    red, green, blue = (images[..., c : c + 1] * images.dtype.type(weight) for c, weight in enumerate(LUMA))
    return red + green + blue


@on_values
def grayscale(images, value_range=(0, 255)):
    """RGB without its colours, still in three channels."""
    check_channels(images, "grayscale")
    return np.broadcast_to(luma(images), images.shape)


@on_values
def color(images, factor=0.5, value_range=(0, 255)):
    """Between grey (factor 0) and the image (1), or beyond it: gray + factor (x - gray)."""
    check_channels(images, "color")
    gray = luma(images)
    return gray + per_image(factor, images, "color", "factor") * (images - gray)


def rgb_to_hsv(rgb):
    """Hue, saturation and value in [0, 1) and [0, 1], of RGB in [0, 1] (Smith 1978); hue is 0 for greys."""
    value, low = rgb.max(axis=-1), rgb.min(axis=-1)
    span = value - low
    safe = np.where(span == 0, 1, span)
    red, green, blue = np.moveaxis(rgb, -1, 0)
    hue = np.where(value == red, (green - blue) / safe % 6,
                   np.where(value == green, (blue - red) / safe + 2, (red - green) / safe + 4)) / 6
    saturation = span / np.where(value == 0, 1, value)
    return np.stack([np.where(span == 0, 0, hue), saturation, value], axis=-1)


def hsv_to_rgb(hsv):
    """The inverse of `rgb_to_hsv`; hue counts modulo 1."""
    hue, saturation, value = np.moveaxis(hsv, -1, 0)
    channels = []
    for n in (5, 3, 1):  # red, green, blue: each falls from value to value (1 - saturation) and rises again
        k = (n + hue * 6) % 6
        channels.append(value - value * saturation * np.clip(np.minimum(k, 4 - k), 0, 1))
    return np.stack(channels, axis=-1)


@on_values
def hue_saturation(images, hue=0.0, saturation=1.0, value_range=(0, 255)):
    """Turn the colours on the colour circle, and make them stronger or weaker.

    Args:
        hue: Share of a full turn; 0.5 is the complementary colour.
        saturation: Factor, by which the other channels move away from the brightest one, or, below 1, towards it.
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
def rgb_shift(images, red=0.1, green=0.0, blue=-0.1, value_range=(0, 255)):
    """Add a share of the range to each channel."""
    check_channels(images, "rgb_shift")
    low, high = value_range
    by = np.stack(np.broadcast_arrays(
        *(per_image(v, images, "rgb_shift", n) for v, n in ((red, "red"), (green, "green"), (blue, "blue")))), axis=-1)
    return images + by.reshape(-1, 1, 1, 3) * images.dtype.type(high - low)


@on_batches
def channel_shuffle(images, seed=None):
    """The channels in a random order, another for each image."""
    order = as_generator(seed).permuted(np.tile(np.arange(images.shape[-1]), (len(images), 1)), axis=1)
    return np.take_along_axis(images, order[:, None, None, :], axis=-1)
