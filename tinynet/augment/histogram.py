"""Pixel-level transforms that depend on the frequency of each level: stretching and equalizing histograms.

A value that is NaN, such as a gap in a measurement, stays NaN and is not counted.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..core.types import Array
from .batches import on_values


@on_values
def auto_contrast(images: Array, value_range: Sequence[float] = (0, 255)) -> Array:
    """Stretch each channel of each image so that its darkest value becomes black and its brightest white.

    A channel of one value stays as it is.

    Args:
        images: Shape (height, width, channels) or (batch, height, width, channels).
        value_range: The values of black and white in float images; (0, 255) for uint8.

    Returns:
        Array of the shape and type of `images`.

    >>> auto_contrast(np.array([[[50, 100, 100]], [[100, 100, 150]]], np.uint8))[..., 0].ravel()
    array([  0, 255], dtype=uint8)
    """
    low, high = value_range
    darkest = np.fmin.reduce(images, axis=(1, 2), keepdims=True)  # of a number and NaN, the number
    brightest = np.fmax.reduce(images, axis=(1, 2), keepdims=True)
    span = brightest - darkest
    stretched = (images - darkest) * ((high - low) / np.where(span == 0, 1, span)) + low
    return np.where(span == 0, images, stretched)


def _levels(images, value_range, bins):
    """Each value's bin: white has the last one to itself, and with 256 bins each level of uint8 has its own."""
    low, high = value_range
    levels = np.clip((images - low) * ((bins - 1) / (high - low)), 0, bins - 1)
    return np.nan_to_num(levels, nan=0).astype(np.int64)


def _frequencies(positions, missing, length):
    """How often each of `length` positions occurs, but for those of missing values."""
    weights = None if missing is None else ~np.moveaxis(missing, -1, 1).ravel()
    return np.bincount(positions.ravel(), weights, length).astype(np.int64)


def _missing(images):
    """Where images are NaN, shaped as they are; None if they are nowhere."""
    missing = np.isnan(images)
    return missing if missing.any() else None


@on_values
def equalize(images: Array, bins: int = 256, value_range: Sequence[float] = (0, 255)) -> Array:
    """Make all levels of each channel equally frequent, as far as that is possible.

    A value in bin b becomes low + (high - low) (cdf(b) - cdf_min) / (pixels - cdf_min), rounded to one of 256 levels;
    cdf counts the pixels up to a bin and cdf_min those of the first bin that has any. A channel whose pixels
    are all in one bin stays as it is.

    Args:
        images: Shape (height, width, channels) or (batch, height, width, channels).
        bins: Number of levels that are distinguished.
        value_range: The values of black and white in float images; (0, 255) for uint8.

    Returns:
        Array of the shape and type of `images`.

    Raises:
        ValueError: fewer than 2 bins.

    >>> equalize(np.array([[[100], [101], [102]]], np.uint8)).ravel()
    array([  0, 128, 255], dtype=uint8)
    """
    if bins < 2:
        raise ValueError(f"equalize: bins must be at least 2, got {bins}")
    low, high = value_range
    count, height, width, channels = images.shape
    levels = np.moveaxis(_levels(images, value_range, bins), -1, 1).reshape(count * channels, height * width)
    offset = np.arange(len(levels))[:, None] * bins
    missing = _missing(images)
    histogram = _frequencies(levels + offset, missing, len(levels) * bins).reshape(-1, bins)
    cumulative = histogram.cumsum(axis=1)
    first = np.take_along_axis(cumulative, (histogram > 0).argmax(axis=1)[:, None], axis=1)
    pixels = cumulative[:, -1:]
    table = np.rint(255 * (cumulative - first) / np.maximum(pixels - first, 1))
    table = low + table * ((high - low) / 255)
    equal = np.take_along_axis(table, levels, axis=1).reshape(count, channels, height, width)
    one_level = (first == pixels).reshape(count, 1, 1, channels)
    result = np.where(one_level, images, np.moveaxis(equal, 1, -1))
    return result if missing is None else np.where(missing, np.nan, result)


@on_values
def clahe(images: Array, clip_limit: float = 4.0, tiles: int = 8, value_range: Sequence[float] = (0, 255)) -> Array:
    """Equalize tile by tile, with limited contrast, and blend between the tiles.

    No level may count for more than `clip_limit` times the mean; the excess is spread over all levels. Between the
    middles of the tiles the results of the four nearest are interpolated. Images of several channels are treated
    channel by channel.

    Source: Zuiderveld, "Contrast limited adaptive histogram equalization", Graphics Gems IV, 1994.

    Args:
        images: Shape (height, width, channels) or (batch, height, width, channels).
        clip_limit: At least 1, which allows no gain of contrast; large numbers are plain equalization.
        tiles: How many tiles a side, at most the image's height and width.
        value_range: The values of black and white in float images; (0, 255) for uint8.

    Returns:
        Array of the shape and type of `images`.

    Raises:
        ValueError: `clip_limit` or `tiles` is out of range.

    >>> clahe(np.array([[[100], [101]], [[102], [103]]], np.uint8), clip_limit=256, tiles=1).ravel()
    array([ 64, 128, 191, 255], dtype=uint8)
    """
    count, height, width, channels = images.shape
    if clip_limit < 1:
        raise ValueError(f"clahe: clip_limit must be at least 1, got {clip_limit}")
    if not 1 <= tiles <= min(height, width):
        raise ValueError(f"clahe: tiles must be from 1 to {min(height, width)} for images of {height} x {width}")
    low, high = value_range
    levels = np.moveaxis(_levels(images, value_range, 256), -1, 1).reshape(count * channels, height, width)
    rows, columns = (np.arange(n) * tiles // n for n in (height, width))
    tile = (rows[:, None] * tiles + columns) + np.arange(len(levels))[:, None, None] * tiles * tiles
    missing = _missing(images)
    counts = _frequencies(tile * 256 + levels, missing, len(levels) * tiles * tiles * 256).reshape(-1, 256)
    counts[counts.sum(axis=1) == 0] = 1  # a tile without values changes nothing
    pixels = counts.sum(axis=1, keepdims=True)
    limit = np.maximum(clip_limit * pixels / 256, 1)
    limited = np.minimum(counts, limit)
    limited = limited + (pixels - limited.sum(axis=1, keepdims=True)) / 256
    tables = (limited.cumsum(axis=1) * (255 / pixels)).reshape(len(levels), tiles, tiles, 256)
    # The position of each pixel between the middles of the tiles, in tiles.
    y, x = ((np.arange(n) + 0.5) * tiles / n - 0.5 for n in (height, width))
    result = np.zeros(levels.shape)
    picture = np.arange(len(levels))[:, None, None]
    for di in (0, 1):
        row = np.clip(np.floor(y).astype(int) + di, 0, tiles - 1)
        wy = y - np.floor(y) if di else 1 - (y - np.floor(y))
        for dj in (0, 1):
            column = np.clip(np.floor(x).astype(int) + dj, 0, tiles - 1)
            wx = x - np.floor(x) if dj else 1 - (x - np.floor(x))
            result = result + wy[:, None] * wx * tables[picture, row[:, None], column[None], levels]
    result = low + result * ((high - low) / 255)
    result = np.moveaxis(result.reshape(count, channels, height, width), 1, -1)
    return result if missing is None else np.where(missing, np.nan, result)
