"""Examples made of two: mixup, CutMix, and the non-linear family of Summers and Dinneen.

All are one formula. With a mask M in [0, 1], the share of the first image in each value,

    x~ = M x_i + (1 - M) x_j        y~ = mean(M) y_i + (1 - mean(M)) y_j

mixup has one number lambda for M, CutMix zeros in a rectangle and ones elsewhere, and so on; `MASKS` holds them all.
Labels are one-hot, or any vectors, and their sum is kept. Sources: Zhang et al., "mixup: beyond empirical risk
minimization", ICLR 2018; Yun et al., "CutMix", ICCV 2019; Summers and Dinneen, "Improved mixed-example data
augmentation", WACV 2019.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.types import Array, SeedLike
from .batches import as_generator


def blend(first: Any, second: Any, weight: Any) -> Any:
    """Return weight first + (1 - weight) second.

    Args:
        first, second: Numbers, arrays or Tensors that broadcast against each other.
        weight: The share of the first; a number, or an array that broadcasts against them.

    40 % cat and 60 % dog, as images and as labels:

    >>> cat, dog = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    >>> blend(cat, dog, 0.4)
    array([0.4, 0.6])
    """
    return weight * first + (1 - weight) * second


def _spans(weights: Array, size: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """The first position of a run of about (1 - weight) size out of `size`, at random; and its end."""
    length = np.rint((1 - weights) * size).astype(np.int64)
    start = rng.integers(0, size - length + 1)
    return start[:, None], (start + length)[:, None]


def random_boxes(shape: Sequence[int], height_share: Any, width_share: Any, rng: np.random.Generator) -> Array:
    """Return a rectangle inside each image, of these shares of its height and width, at random.

    Args:
        shape: (batch, height, width, channels).
        height_share, width_share: From 0 to 1; numbers, or one an image.
        rng: NumPy Generator for the position.

    Returns:
        (top, left, bottom, right) in pixels, int64, shape (batch, 1, 4).
    """
    sides = []
    for share, size in ((height_share, shape[1]), (width_share, shape[2])):
        length = np.rint(np.asarray(share) * size).astype(np.int64)
        start = rng.integers(0, size - length + 1)
        sides.append((start, start + length))
    (top, bottom), (left, right) = sides
    return np.stack([top, left, bottom, right], axis=-1)[:, None]


def _between(start, end, size):
    along = np.arange(size)
    return (along >= start) & (along < end)


def _rows(part, shape):
    return np.broadcast_to(part[:, :, None, None], (*shape[:3], 1))


def _columns(part, shape):
    return np.broadcast_to(part[:, None, :, None], (*shape[:3], 1))


def _upper(shape, weights):
    return _rows(np.arange(shape[1]) < np.rint(weights * shape[1])[:, None], shape)


def _left(shape, weights):
    return _columns(np.arange(shape[2]) < np.rint(weights * shape[2])[:, None], shape)


def mixup_mask(shape: Sequence[int], weights: Array, rng: np.random.Generator) -> Array:
    """The same share of the first image everywhere.

    Args:
        shape: (batch, height, width, channels).
        weights: The share of the first image, float64, shape (batch,).
        rng: NumPy Generator for the positions.

    Returns:
        The share of the first image in each value, shape (batch, height, width, 1 or channels); bools are 0 or 1.
    """
    return np.broadcast_to(weights[:, None, None, None], (*shape[:3], 1))


def vertical_concat(shape: Sequence[int], weights: Array, rng: np.random.Generator) -> Array:
    """The first image above, the second below; arguments as for `mixup_mask`."""
    return _upper(shape, weights)


def horizontal_concat(shape: Sequence[int], weights: Array, rng: np.random.Generator) -> Array:
    """The first image to the left, the second to the right; arguments as for `mixup_mask`."""
    return _left(shape, weights)


def mixed_concat(shape: Sequence[int], weights: Array, rng: np.random.Generator) -> Array:
    """Four fields about a random point: the first image upper left and lower right, the second in the others.

    Arguments as for `mixup_mask`.
    """
    return _upper(shape, weights) == _left(shape, rng.random(len(weights)))


def random_2x2(shape: Sequence[int], weights: Array, rng: np.random.Generator) -> Array:
    """Four fields about a random point, each of a random one of the two images (the first with its weight).

    Arguments as for `mixup_mask`.
    """
    above, left = _upper(shape, rng.random(len(weights))), _left(shape, rng.random(len(weights)))
    first = rng.random((len(weights), 4, 1, 1)) < weights[:, None, None, None]
    a, b, c, d = (first[:, k : k + 1] for k in range(4))
    return np.where(above, np.where(left, a, b), np.where(left, c, d))


def vh_mixup(shape: Sequence[int], weights: Array, rng: np.random.Generator) -> Array:
    """mixup of a vertical and a horizontal concatenation of the two; arguments as for `mixup_mask`."""
    above, left = _upper(shape, rng.random(len(weights))), _left(shape, rng.random(len(weights)))
    return blend(above, left, weights[:, None, None, None])


def random_square(shape: Sequence[int], weights: Array, rng: np.random.Generator) -> Array:
    """A square of the second image inside the first, of (1 - weight) of the largest square's area.

    Arguments as for `mixup_mask`.
    """
    side = min(shape[1:3])
    length = 1 - np.rint(np.sqrt(1 - weights) * side) / np.array([[shape[1]], [shape[2]]])
    return ~(_rows(_between(*_spans(length[0], shape[1], rng), shape[1]), shape)
             & _columns(_between(*_spans(length[1], shape[2], rng), shape[2]), shape))


def cutmix_mask(shape: Sequence[int], weights: Array, rng: np.random.Generator) -> Array:
    """A rectangle of the second image inside the first, of its proportions and about (1 - weight) of its area.

    Arguments as for `mixup_mask`.
    """
    side = 1 - np.sqrt(1 - weights)
    return ~(_rows(_between(*_spans(side, shape[1], rng), shape[1]), shape)
             & _columns(_between(*_spans(side, shape[2], rng), shape[2]), shape))


def row_interval(shape: Sequence[int], weights: Array, rng: np.random.Generator) -> Array:
    """Neighbouring rows of the second image inside the first; arguments as for `mixup_mask`."""
    return ~_rows(_between(*_spans(weights, shape[1], rng), shape[1]), shape)


def column_interval(shape: Sequence[int], weights: Array, rng: np.random.Generator) -> Array:
    """Neighbouring columns of the second image inside the first; arguments as for `mixup_mask`."""
    return ~_columns(_between(*_spans(weights, shape[2], rng), shape[2]), shape)


def random_rows(shape: Sequence[int], weights: Array, rng: np.random.Generator) -> Array:
    """Each row of a random one of the two; arguments as for `mixup_mask`."""
    return _rows(rng.random(shape[:2]) < weights[:, None], shape)


def random_columns(shape: Sequence[int], weights: Array, rng: np.random.Generator) -> Array:
    """Each column of a random one of the two; arguments as for `mixup_mask`."""
    return _columns(rng.random((shape[0], shape[2])) < weights[:, None], shape)


def random_pixels(shape: Sequence[int], weights: Array, rng: np.random.Generator) -> Array:
    """Each pixel of a random one of the two; arguments as for `mixup_mask`."""
    return rng.random((*shape[:3], 1)) < weights[:, None, None, None]


def random_elements(shape: Sequence[int], weights: Array, rng: np.random.Generator) -> Array:
    """Each channel of each pixel of a random one of the two; arguments as for `mixup_mask`."""
    return rng.random(shape) < weights[:, None, None, None]


def noisy_mixup(shape: Sequence[int], weights: Array, rng: np.random.Generator) -> Array:
    """mixup with a share that varies from pixel to pixel: normal, standard deviation 0.025, clipped to [0, 1].

    Arguments as for `mixup_mask`.
    """
    return np.clip(weights[:, None, None, None] + rng.normal(0, 0.025, (*shape[:3], 1)), 0, 1)


MASKS = {
    "mixup": mixup_mask, "cutmix": cutmix_mask, "vertical_concat": vertical_concat,
    "horizontal_concat": horizontal_concat, "mixed_concat": mixed_concat, "random_2x2": random_2x2,
    "vh_mixup": vh_mixup, "random_square": random_square, "row_interval": row_interval,
    "column_interval": column_interval, "random_rows": random_rows, "random_columns": random_columns,
    "random_pixels": random_pixels, "random_elements": random_elements, "noisy_mixup": noisy_mixup,
}


def mixing_mask(method: str, shape: Sequence[int], weights: Any, seed: SeedLike = None) -> Array:
    """Return the share of the first image in each value: floats in [0, 1], shape (batch, height, width, 1 or channels).

    Args:
        method: A key of `MASKS`.
        shape: (batch, height, width, channels).
        weights: The intended share of the first image: a number, or one an image.
        seed: int, SeedGenerator, NumPy Generator, or None.

    Raises:
        ValueError: an unknown method, or weights outside [0, 1].

    >>> mixing_mask("horizontal_concat", (1, 1, 4, 1), 0.5)[0, 0, :, 0]
    array([1., 1., 0., 0.])
    """
    if method not in MASKS:
        raise ValueError(f"mix: unknown method {method!r}; known: {', '.join(MASKS)}")
    weights = np.array(np.broadcast_to(np.asarray(weights, np.float64), shape[:1]))
    if not ((weights >= 0) & (weights <= 1)).all():
        raise ValueError(f"mix: weights must be from 0 to 1, got {weights}")
    return MASKS[method](tuple(shape), weights, as_generator(seed)).astype(np.float64)


def mix(images: Any, labels: Any, method: str = "mixup", alpha: float = 1.0, seed: SeedLike = None, weights: Any = None,
        partners: Any = None) -> tuple[Array, Array]:
    """Mix each image of a batch, and its label, with another one of the batch.

    Args:
        images: Shape (batch, height, width, channels), uint8 or float.
        labels: Shape (batch, classes), one-hot or any shares.
        method: A key of `MASKS`.
        alpha: The shares are drawn from Beta(alpha, alpha); 1 is uniform, small numbers change most images little.
        seed: int, SeedGenerator, NumPy Generator, or None.
        weights: The shares themselves, instead of a draw.
        partners: For each image the index of the other; a random permutation if None.

    Returns:
        (images, labels), floating point (float32 for uint8).

    Raises:
        ValueError: other shapes, an unknown method, or weights outside [0, 1].

    >>> x = np.zeros((2, 4, 4, 1), np.float32); x[1] = 1
    >>> mixed, labels = mix(x, np.eye(2), weights=0.4, partners=[1, 0])
    >>> labels
    array([[0.4, 0.6],
           [0.6, 0.4]])
    >>> mixed[0, 0, 0]
    array([0.6], dtype=float32)
    """
    images, labels = np.asarray(images), np.asarray(labels)
    if images.ndim != 4:
        raise ValueError(f"mix: images must have shape (batch, height, width, channels), got {images.shape}")
    if labels.ndim != 2 or len(labels) != len(images):
        raise ValueError(
            f"mix: labels must be one-hot, shape ({len(images)}, classes), got {labels.shape}; see "
            "tinynet.utils.to_categorical"
        )
    rng = as_generator(seed)
    if weights is None:
        if not alpha > 0:
            raise ValueError(f"mix: alpha must be above 0, got {alpha}")
        weights = rng.beta(alpha, alpha, len(images))
    partners = rng.permutation(len(images)) if partners is None else np.asarray(partners)
    mask = mixing_mask(method, images.shape, weights, rng)
    images = images if images.dtype.kind == "f" else images.astype(np.float32)
    labels = labels if labels.dtype.kind == "f" else labels.astype(np.float32)
    share = mask.mean(axis=(1, 2, 3)).astype(labels.dtype)[:, None]
    return blend(images, images[partners], mask.astype(images.dtype)), blend(labels, labels[partners], share)


def mixup(images: Any, labels: Any, alpha: float = 0.2, seed: SeedLike = None, weights: Any = None,
          partners: Any = None) -> tuple[Array, Array]:
    """x~ = lambda x_i + (1 - lambda) x_j, y~ = lambda y_i + (1 - lambda) y_j.

    Args:
        images, labels, seed, weights, partners: As for `mix`.
        alpha: The shares are drawn from Beta(alpha, alpha).

    Returns:
        (images, labels), as of `mix`.

    Raises:
        ValueError: as for `mix`.

    >>> x = np.zeros((2, 4, 4, 1)); x[1] = 1
    >>> mixed, labels = mixup(x, np.eye(2), weights=0.75, partners=[1, 0])
    >>> mixed[0, 0, 0], labels[0]
    (array([0.25]), array([0.75, 0.25]))
    """
    return mix(images, labels, "mixup", alpha, seed, weights, partners)


def cutmix(images: Any, labels: Any, alpha: float = 1.0, seed: SeedLike = None, weights: Any = None,
           partners: Any = None) -> tuple[Array, Array]:
    """Paste a rectangle of another image; labels are mixed by the pasted area, exact to the pixel.

    Args:
        images, labels, seed, weights, partners: As for `mix`.
        alpha: The shares are drawn from Beta(alpha, alpha).

    Returns:
        (images, labels), as of `mix`.

    Raises:
        ValueError: as for `mix`.

    >>> x = np.zeros((2, 4, 4, 1)); x[1] = 1
    >>> mixed, labels = cutmix(x, np.eye(2), weights=0.75, partners=[1, 0], seed=0)
    >>> int(mixed[0].sum()), labels[0]  # 4 of 16 pixels
    (4, array([0.75, 0.25]))
    """
    return mix(images, labels, "cutmix", alpha, seed, weights, partners)
