"""Parts of the image lost: Cutout, random erasing, coarse dropout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core import checks
from ..core.types import Array, SeedLike
from ..data.memory import copy
from .batches import as_generator, check_range, on_batches
from .boxes import fill_boxes, paste_boxes, per_image_boxes


@on_batches
def erase(images: Array, boxes: Any, fill_value: float = 0.0) -> Array:
    """Fill rectangles.

    Args:
        images: Shape (height, width, channels) or (batch, height, width, channels).
        boxes: (top, left, bottom, right) in pixels: shape (4,), (k, 4) for k in every image, or (batch, k, 4). The part
            outside the image is cut off.
        fill_value: The pixels' new value.

    Returns:
        Array of the shape and type of `images`.

    >>> erase(np.ones((2, 3, 1), np.uint8), (0, 1, 9, 2))[..., 0]
    array([[1, 0, 1],
           [1, 0, 1]], dtype=uint8)
    """
    out = copy(images)
    fill_boxes(out, per_image_boxes(boxes, images), float(fill_value))
    return out


@on_batches
def paste(images: Array, source: Any, boxes: Any, rows: Any = None) -> Array:
    """Fill rectangles with the same rectangles of other images.

    Args:
        images: Shape (height, width, channels) or (batch, height, width, channels).
        source: Images of the same shape and type.
        boxes: As for `erase`.
        rows: The index in `source` for each image; its own index if None.

    Returns:
        Array of the shape and type of `images`.

    Raises:
        ValueError: `source` has other shapes or another type, or not these rows.

    >>> paste(np.zeros((1, 3, 1)), np.ones((1, 3, 1)), (0, 1, 1, 2)).ravel()
    array([0., 1., 0.])
    """
    source = np.ascontiguousarray(source).reshape(-1, *images.shape[1:])
    rows = np.arange(len(images)) if rows is None else np.asarray(rows, np.int64)
    if source.dtype != images.dtype or rows.shape != images.shape[:1] or (
            rows.size and not 0 <= rows.min() <= rows.max() < len(source)):
        raise ValueError(
            f"paste: cannot take rows {rows} of {source.dtype} images {source.shape} for {images.dtype} {images.shape}"
        )
    out = copy(images)
    paste_boxes(out, source, rows, per_image_boxes(boxes, images))
    return out


def cutout_boxes(shape: Sequence[int], size: int, seed: SeedLike = None) -> Array:
    """Return a square about a random pixel of each image, shape (batch, 1, 4); it may overhang the border.

    A square of even side reaches size/2 pixels up and left of its centre, and size/2 - 1 down and right.

    Args:
        shape: (batch, height, width, ...).
        size: Side of the square in pixels.
        seed: int, SeedGenerator, NumPy Generator, or None.
    """
    count, height, width = shape[:3]
    rng = as_generator(seed)
    top = rng.integers(0, height, count) - size // 2
    left = rng.integers(0, width, count) - size // 2
    return np.stack([top, left, top + size, left + size], axis=-1)[:, None]


@on_batches
def cutout(images: Array, size: int = 16, fill_value: float = 0.0, seed: SeedLike = None) -> Array:
    """Erase a square about a random pixel; near the border part of it falls outside, so that less is erased.

    The overhang matters: an image is sometimes left nearly whole.

    Source: DeVries and Taylor, "Improved regularization of convolutional neural networks with Cutout", 2017: side 16
    and zeros on CIFAR-10, after normalization (so that 0 is the mean).

    Args:
        images: Shape (height, width, channels) or (batch, height, width, channels).
        size: Side of the square in pixels.
        fill_value: 0 in the paper.
        seed: int, SeedGenerator, NumPy Generator, or None.

    Returns:
        Array of the shape and type of `images`.

    Raises:
        ValueError: `size` is not a whole number from 0 on.

    >>> int((cutout(np.ones((8, 8, 1)), size=2, seed=0) == 0).sum())
    4
    """
    size = checks.whole(size, "cutout", "size", 0)
    out = copy(images)
    fill_boxes(out, cutout_boxes(images.shape, size, seed), float(fill_value))
    return out


@on_batches
def random_erasing(images: Array, area: tuple[float, float] = (0.02, 0.33), ratio: tuple[float, float] = (0.3, 3.3),
                   fill_value: float | None = None, seed: SeedLike = None,
                   value_range: Sequence[float] = (0, 255)) -> Array:
    """Erase a rectangle of random area and shape inside the image.

    Source: Zhong et al., "Random Erasing Data Augmentation", AAAI 2020.

    Args:
        images: Shape (height, width, channels) or (batch, height, width, channels).
        area: Range of the rectangle's share of the image.
        ratio: Range of height / width, drawn evenly in its logarithm; sides are at most the image's.
        fill_value: A number, or None for random values in `value_range`.
        seed: int, SeedGenerator, NumPy Generator, or None.
        value_range: The values of black and white in float images; (0, 255) for uint8.

    Returns:
        Array of the shape and type of `images`.

    Raises:
        ValueError: `area` or `ratio` is out of range.

    >>> image = random_erasing(np.ones((10, 10, 1)), area=(0.25, 0.25), ratio=(1.0, 1.0), fill_value=0, seed=0)
    >>> int((image == 0).sum())  # 5 x 5 pixels
    25
    """
    if not 0 <= area[0] <= area[1] <= 1 or not 0 < ratio[0] <= ratio[1]:
        raise ValueError(f"random_erasing: area must lie in [0, 1] and ratio above 0, got {area} and {ratio}")
    rng, (count, height, width) = as_generator(seed), images.shape[:3]
    share = rng.uniform(*area, count) * height * width
    shape = np.exp(rng.uniform(np.log(ratio[0]), np.log(ratio[1]), count))
    h = np.minimum(np.rint(np.sqrt(share * shape)), height).astype(np.int64)
    w = np.minimum(np.rint(np.sqrt(share / shape)), width).astype(np.int64)
    top, left = rng.integers(0, height - h + 1), rng.integers(0, width - w + 1)
    boxes = np.stack([top, left, top + h, left + w], axis=-1)[:, None]
    out = copy(images)
    if fill_value is not None:
        fill_boxes(out, boxes, float(fill_value))
        return out
    if images.dtype == np.uint8:
        noise = rng.integers(0, 256, images.shape, np.uint8)
    else:
        noise = rng.uniform(*check_range(value_range, "random_erasing"), images.shape).astype(images.dtype)
    paste_boxes(out, noise, np.arange(count), boxes)
    return out


@on_batches
def coarse_dropout(images: Array, holes: int = 8, size: int = 4, fill_value: float = 0.0,
                   seed: SeedLike = None) -> Array:
    """Erase squares at random positions inside the image; they may overlap.

    Args:
        images: Shape (height, width, channels) or (batch, height, width, channels).
        holes: How many squares.
        size: Their side in pixels.
        fill_value: The pixels' new value.
        seed: int, SeedGenerator, NumPy Generator, or None.

    Returns:
        Array of the shape and type of `images`.

    Raises:
        ValueError: `holes` or `size` is out of range.

    >>> image = coarse_dropout(np.ones((8, 8, 1)), holes=1, size=3, seed=0)
    >>> int((image == 0).sum())  # 3 x 3 pixels
    9
    """
    count, height, width = images.shape[:3]
    if holes < 0 or not 0 <= size <= min(height, width):
        raise ValueError(
            f"coarse_dropout: holes must be at least 0 and size from 0 to {min(height, width)}, got {holes} and {size}"
        )
    rng = as_generator(seed)
    top = rng.integers(0, height - size + 1, (count, holes))
    left = rng.integers(0, width - size + 1, (count, holes))
    out = copy(images)
    fill_boxes(out, np.stack([top, left, top + size, left + size], axis=-1), float(fill_value))
    return out
