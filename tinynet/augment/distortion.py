"""Spatial transforms that move pixels by a random field: elastic, grid distortion, grid shuffle."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..core.types import Array, SeedLike
from .batches import as_generator, on_batches
from .boxes import permute
from .filters import gaussian_blur
from .sampling import remap


def elastic_field(shape: Sequence[int], alpha: float, sigma: float, seed: SeedLike = None) -> Array:
    """Return displacements (batch, height, width, (y, x)): normal noise, blurred by sigma, scaled to alpha pixels.

    Before it is scaled, the blurred noise is divided by its standard deviation, so that `alpha` is the displacement's
    standard deviation for every `sigma`.

    Args:
        shape: (batch, height, width).
        alpha: Standard deviation of the displacement in pixels.
        sigma: Standard deviation of the blur in pixels.
        seed: int, SeedGenerator, NumPy Generator, or None.
    """
    noise = as_generator(seed).standard_normal((*shape, 2))
    blurred = gaussian_blur(noise, float(sigma), value_range=(-np.inf, np.inf))
    return alpha * blurred / blur_gain(float(sigma))


def blur_gain(sigma: float) -> float:
    """Return the standard deviation of white noise of deviation 1 after `gaussian_blur`."""
    from .filters import gaussian_weights

    return float((gaussian_weights(2 * int(4 * sigma + 0.5) + 1, sigma) ** 2).sum())


@on_batches
def elastic(images: Array, alpha: float = 2.0, sigma: float = 4.0, seed: SeedLike = None, fill_mode: str = "reflect",
            interpolation: str = "bilinear", fill_value: float = 0.0) -> Array:
    """Displace pixels by a smooth random field.

    Source: Simard et al., "Best practices for convolutional neural networks", ICDAR 2003, section 2.

    Args:
        images: Shape (height, width, channels) or (batch, height, width, channels).
        alpha: Standard deviation of the displacement in pixels.
        sigma: Smoothness of the field: standard deviation of the blur in pixels.
        seed: int, SeedGenerator, NumPy Generator, or None.
        fill_mode, interpolation, fill_value: As for `projective_transform`.

    Returns:
        Array of the shape and type of `images`.

    Raises:
        ValueError: alpha or sigma is negative.

    >>> image = np.arange(16.0).reshape(4, 4, 1)
    >>> bool((elastic(image, alpha=0) == image).all())
    True
    """
    if alpha < 0 or sigma < 0:
        raise ValueError(f"elastic: alpha and sigma must be at least 0, got {alpha} and {sigma}")
    grid = np.stack(np.meshgrid(*map(np.arange, images.shape[1:3]), indexing="ij"), axis=-1)
    field = elastic_field(images.shape[:3], alpha, sigma, seed)
    return remap(images, grid + field, fill_mode, interpolation, fill_value)


@on_batches
def grid_distortion(images: Array, steps: int = 4, strength: float = 0.3, seed: SeedLike = None,
                    fill_mode: str = "reflect", interpolation: str = "bilinear", fill_value: float = 0.0) -> Array:
    """Stretch and squeeze columns and rows: each of `steps` bands becomes up to `strength` wider or narrower.

    Args:
        images: Shape (height, width, channels) or (batch, height, width, channels).
        steps: Bands a side.
        strength: From 0 to below 1.
        seed: int, SeedGenerator, NumPy Generator, or None.
        fill_mode, interpolation, fill_value: As for `projective_transform`.

    Returns:
        Array of the shape and type of `images`.

    Raises:
        ValueError: `steps` or `strength` is out of range.

    >>> row = grid_distortion(np.arange(9.0).reshape(1, 9, 1), seed=0).ravel()
    >>> row[[0, -1]].round(3).tolist(), bool((np.diff(row) > 0).all())  # the borders and the order stay
    ([0.0, 8.0], True)
    """
    if steps < 1 or not 0 <= strength < 1:
        raise ValueError(f"grid_distortion: needs at least 1 step and 0 <= strength < 1, got {steps} and {strength}")
    rng = as_generator(seed)
    positions = np.empty((*images.shape[:3], 2))
    for axis, size in enumerate(images.shape[1:3]):
        widths = rng.uniform(1 - strength, 1 + strength, (len(images), steps))
        edges = np.concatenate([np.zeros((len(images), 1)), widths.cumsum(axis=1)], axis=1)
        edges *= (size - 1) / edges[:, -1:]  # the image's own borders stay
        even = np.linspace(0, size - 1, steps + 1)
        for n in range(len(images)):
            along = np.interp(np.arange(size), even, edges[n])
            positions[n, ..., axis] = along[:, None] if axis == 0 else along[None]
    return remap(images, positions, fill_mode, interpolation, fill_value)


@on_batches
def grid_shuffle(images: Array, grid: int = 3, seed: SeedLike = None) -> Array:
    """Cut the image into grid x grid tiles of equal size and put them together in a random order.

    Rows and columns after the last whole tile, at the lower and the right border, are not moved.

    Args:
        images: Shape (height, width, channels) or (batch, height, width, channels).
        grid: Tiles a side.
        seed: int, SeedGenerator, NumPy Generator, or None.

    Returns:
        Array of the shape and type of `images`.

    Raises:
        ValueError: more tiles than pixels.

    >>> sorted(grid_shuffle(np.arange(4.0).reshape(2, 2, 1), 2, seed=0).ravel().tolist())
    [0.0, 1.0, 2.0, 3.0]
    """
    count, height, width, channels = images.shape
    if not 1 <= grid <= min(height, width):
        raise ValueError(
            f"grid_shuffle: grid must be from 1 to {min(height, width)} for {height} x {width}, got {grid}"
        )
    h, w = height // grid, width // grid
    tiles = as_generator(seed).permuted(np.tile(np.arange(grid * grid), (count, 1)), axis=1).reshape(count, grid, grid)
    rows, columns = np.meshgrid(np.arange(grid * h), np.arange(grid * w), indexing="ij")
    chosen = tiles[:, rows // h, columns // w]
    order = np.tile(np.arange(height * width).reshape(height, width), (count, 1, 1))
    order[:, : grid * h, : grid * w] = (chosen // grid * h + rows % h) * width + chosen % grid * w + columns % w
    out = np.empty((count, height * width, channels), images.dtype)
    permute(images.reshape(out.shape), np.ascontiguousarray(order.reshape(out.shape[:2]), np.int32), out)
    return out.reshape(images.shape)
