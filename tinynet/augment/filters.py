"""Pixel-level transforms that depend on the neighbours: blurs and sharpening."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.types import Array
from .batches import on_values, per_image

PADDINGS = {"reflect": "symmetric", "constant": "constant", "nearest": "edge", "wrap": "wrap"}  # NumPy's names


def _padded(images, rows, columns, fill_mode):
    if fill_mode not in PADDINGS:
        raise ValueError(f"blur: fill_mode must be one of {', '.join(PADDINGS)}; got {fill_mode!r}")
    return np.pad(images, ((0, 0), (rows, rows), (columns, columns), (0, 0)), PADDINGS[fill_mode])


def _odd(size, where):
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1 or size % 2 == 0:
        raise ValueError(f"{where}: the side of a window must be an odd whole number, got {size!r}")
    return int(size)


def _weighted(images, weights, fill_mode):
    """Sum over a window of the neighbours times its weights, shape (rows, columns) or (batch, rows, columns)."""
    rows, columns = weights.shape[-2:]
    padded = _padded(images, rows // 2, columns // 2, fill_mode)
    weights = weights.astype(images.dtype)
    result = np.zeros_like(images)
    for i in range(rows):
        for j in range(columns):
            weight = weights[..., i, j]
            if weight.any():
                window = padded[:, i : i + images.shape[1], j : j + images.shape[2]]
                result += window * (weight if weight.ndim == 0 else weight[:, None, None, None])
    return result


def gaussian_weights(size: int, sigma: Any) -> Array:
    """Return exp(-d^2 / (2 sigma^2)) for the distances d from the middle, divided by their sum.

    Args:
        size: How many weights, odd.
        sigma: In pixels; a number, or one an image.

    >>> gaussian_weights(3, 0.0)
    array([0., 1., 0.])
    """
    distance = np.arange(size) - size // 2
    sigma = np.asarray(sigma, np.float64)[..., None]
    weights = np.where(sigma > 0, np.exp(-0.5 * (distance / np.where(sigma > 0, sigma, 1)) ** 2), distance == 0)
    return weights / weights.sum(axis=-1, keepdims=True)


@on_values
def gaussian_blur(images: Array, sigma: Any = 1.0, size: int | None = None, fill_mode: str = "reflect",
                  value_range: Sequence[float] = (0, 255)) -> Array:
    """Average the neighbours, weighted with a bell curve.

    Args:
        images: Shape (height, width, channels) or (batch, height, width, channels).
        sigma: Standard deviation in pixels: a number, (vertical, horizontal), or one an image; 0 changes nothing.
        size: Side of the window, odd; reaches to 4 sigma if None.
        fill_mode: The values outside the image: 'reflect', 'nearest', 'wrap' or 'constant' (black is 0).
        value_range: The values of black and white in float images; (0, 255) for uint8.

    Returns:
        Array of the shape and type of `images`.

    Raises:
        ValueError: a negative sigma, an even size, or an unknown fill mode.

    >>> gaussian_blur(np.array([[[0.0], [9.0], [0.0]]]), size=3, sigma=9.0).ravel().round(1)
    array([3., 3., 3.])
    """
    pair = sigma if isinstance(sigma, tuple) else (sigma, sigma)
    if len(pair) != 2 or any(np.less(part, 0).any() for part in pair):
        raise ValueError(f"gaussian_blur: sigma must be at least 0, or a pair (vertical, horizontal), got {sigma!r}")
    if size is None:
        sizes = [2 * int(4 * np.max(part, initial=0) + 0.5) + 1 for part in pair]
    else:
        sizes = [_odd(size, "gaussian_blur")] * 2
    vertical, horizontal = (gaussian_weights(n, part) for n, part in zip(sizes, pair, strict=True))
    return _weighted(_weighted(images, vertical[..., :, None], fill_mode), horizontal[..., None, :], fill_mode)


@on_values
def median_blur(images: Array, size: int = 3, value_range: Sequence[float] = (0, 255)) -> Array:
    """Take the median of each window of size x size pixels; this removes single wrong pixels and keeps edges.

    Args:
        images: Shape (height, width, channels) or (batch, height, width, channels).
        size: Side of the window, odd.
        value_range: The values of black and white in float images; (0, 255) for uint8.

    Returns:
        Array of the shape and type of `images`.

    Raises:
        ValueError: an even size.

    >>> median_blur(np.array([[[1.0], [1.0], [99.0], [1.0]]])).ravel()
    array([1., 1., 1., 1.])
    """
    reach = _odd(size, "median_blur") // 2
    windows = np.lib.stride_tricks.sliding_window_view(_padded(images, reach, reach, "reflect"), (size, size), (1, 2))
    return np.median(windows.reshape(*images.shape, size * size), axis=-1)


@on_values
def motion_blur(images: Array, size: int = 5, angle: float = 0.0, value_range: Sequence[float] = (0, 255)) -> Array:
    """Average along a line, as of a camera that moved.

    Args:
        images: Shape (height, width, channels) or (batch, height, width, channels).
        size: Length of the line in pixels, odd.
        angle: Its direction in degrees; 0 is horizontal, and counter-clockwise is positive.
        value_range: The values of black and white in float images; (0, 255) for uint8.

    Returns:
        Array of the shape and type of `images`.

    Raises:
        ValueError: an even size.

    >>> motion_blur(np.array([[[0.0], [9.0], [0.0]]]), size=3).ravel().round(3)
    array([3., 3., 3.])
    """
    size = _odd(size, "motion_blur")
    line, reach = np.zeros((size, size)), size // 2
    along = np.linspace(-reach, reach, 4 * size)  # dense enough that no pixel of the line is missed
    rows = np.floor(reach - along * np.sin(np.radians(angle)) + 0.5).astype(int)
    columns = np.floor(reach + along * np.cos(np.radians(angle)) + 0.5).astype(int)
    line[rows, columns] = 1
    return _weighted(images, line / line.sum(), "reflect")


@on_values
def sharpen(images: Array, amount: Any = 0.5, value_range: Sequence[float] = (0, 255)) -> Array:
    """Add the difference to a slightly blurred image: x + amount (x - smooth(x)).

    The blur weighs the pixel with 5 and its eight neighbours with 1 each, over 13; beyond the border is 0.

    Args:
        images: Shape (height, width, channels) or (batch, height, width, channels).
        amount: Factor, or one an image; below 0 blurs.
        value_range: The values of black and white in float images; (0, 255) for uint8.

    Returns:
        Array of the shape and type of `images`.

    >>> image = np.zeros((3, 3, 1))
    >>> image[1, 1] = 13
    >>> sharpen(image, 1.0, value_range=(-99, 99))[..., 0].round(3)
    array([[-1., -1., -1.],
           [-1., 21., -1.],
           [-1., -1., -1.]])
    """
    amount = per_image(amount, images, "sharpen", "amount")
    return images + amount * (images - smooth(images))


def smooth(images: Array) -> Array:
    """Return the blurred image that `sharpen` compares with."""
    weights = np.ones((3, 3))
    weights[1, 1] = 5
    return _weighted(images, weights / 13, "constant")
