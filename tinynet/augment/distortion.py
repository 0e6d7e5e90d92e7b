"""Spatial transforms that move pixels by a random field: elastic, grid distortion, grid shuffle."""

import numpy as np

from .batches import as_generator, on_batches
from .boxes import permute
from .filters import gaussian_blur
from .sampling import remap


def elastic_field(shape, alpha, sigma, seed=None):
    """Displacements (batch, height, width, (y, x)): normal noise, blurred by sigma pixels, scaled to alpha pixels.

    Before it is scaled, the blurred noise is divided by the standard deviation that the blur leaves it, so that `alpha`
    is the displacement's standard deviation, whatever `sigma` is.
    """
    noise = as_generator(seed).standard_normal((*shape, 2))
    blurred = gaussian_blur(noise, float(sigma), value_range=(-np.inf, np.inf))
    left = blur_gain(float(sigma))
    return alpha * blurred / left


def blur_gain(sigma):
    """The standard deviation of white noise of deviation 1 after `gaussian_blur`."""
    from .filters import gaussian_weights

    return float((gaussian_weights(2 * int(4 * sigma + 0.5) + 1, sigma) ** 2).sum())


@on_batches
def elastic(images, alpha=2.0, sigma=4.0, seed=None, fill_mode="reflect", interpolation="bilinear", fill_value=0.0):
    """Displace pixels by a smooth random field.

    Simard et al., "Best practices for convolutional neural networks", ICDAR 2003, section 2.

    Args:
        images: shape (height, width, channels) or (batch, height, width, channels).
        alpha: Standard deviation of the displacement in pixels.
        sigma: How smooth the field is: standard deviation of the blur in pixels.
        seed: int, SeedGenerator, NumPy Generator, or None.
        fill_mode, interpolation, fill_value: As for `projective_transform`.
    """
    if alpha < 0 or sigma < 0:
        raise ValueError(f"elastic: alpha and sigma must be at least 0, got {alpha} and {sigma}")
    grid = np.stack(np.meshgrid(*map(np.arange, images.shape[1:3]), indexing="ij"), axis=-1)
    field = elastic_field(images.shape[:3], alpha, sigma, seed)
    return remap(images, grid + field, fill_mode, interpolation, fill_value)


@on_batches
def grid_distortion(images, steps=4, strength=0.3, seed=None, fill_mode="reflect", interpolation="bilinear",
                    fill_value=0.0):
    """Stretch and squeeze columns and rows: each of `steps` bands becomes up to `strength` wider or narrower.

    Args:
        steps: Bands a side.
        strength: From 0 to below 1.
        seed: int, SeedGenerator, NumPy Generator, or None.
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
def grid_shuffle(images, grid=3, seed=None):
    """Cut the image into grid x grid tiles of equal size and put them together in a random order.

    Rows and columns that are left over, at the lower and the right border, stay where they are.
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
