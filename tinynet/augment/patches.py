"""PatchShuffle: the pixels of small windows in random order, on images and, differentiably, on feature maps.

Kang et al., "PatchShuffle regularization", 2017: the matrix is cut into non-overlapping n x n windows, and the pixels
of a window are permuted with probability p. The network must not rely on the exact position of a pixel, only on its
neighbourhood.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..core.types import Array, SeedLike, TensorLike
from ..ops.recorded_gradients import linear
from ..tensor import Tensor, convert_to_tensor
from .batches import as_generator, on_batches
from .boxes import permute


def patch_order(shape: Sequence[int], size: int = 2, probability: float = 0.05, seed: SeedLike = None) -> Array:
    """Return which pixel of the input each pixel of the result is, int32 (batch, height * width).

    Args:
        shape: (batch, height, width, ...) of the images or feature maps.
        size: Side n of the windows. Rows and columns that do not fill a window, at the lower and right border, stay.
        probability: That a window is permuted.
        seed: int, SeedGenerator, NumPy Generator, or None.

    Raises:
        ValueError: the size is below 1 or beyond the image, or the probability is not in [0, 1].
    """
    count, height, width = shape[:3]
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or not 1 <= size <= max(min(height, width), 1):
        raise ValueError(
            f"patch_shuffle: size must be a whole number from 1 to {min(height, width)} for {height} x {width} pixels, "
            f"got {size!r}"
        )
    if not 0 <= probability <= 1:
        raise ValueError(f"patch_shuffle: probability must be from 0 to 1, got {probability}")
    rng = as_generator(seed)
    rows, columns = height // size, width // size
    order = np.tile(np.arange(height * width, dtype=np.int32).reshape(height, width), (count, 1, 1))
    inner = order[:, : rows * size, : columns * size].reshape(count, rows, size, columns, size)
    windows = inner.transpose(0, 1, 3, 2, 4).reshape(-1, size * size)
    chosen = np.flatnonzero(rng.random(len(windows)) < probability)
    windows[chosen] = rng.permuted(windows[chosen], axis=1)
    inner = windows.reshape(count, rows, columns, size, size).transpose(0, 1, 3, 2, 4)
    order[:, : rows * size, : columns * size] = inner.reshape(count, rows * size, columns * size)
    return order.reshape(count, height * width)


def permuted(images: Array, order: Array) -> Array:
    """Return each image's pixels in the order from `patch_order`."""
    flat = images.reshape(*order.shape, images.shape[-1])
    out = np.empty_like(flat)
    permute(flat, order, out)
    return out.reshape(images.shape)


@on_batches
def patch_shuffle(images: Array, size: int = 2, probability: float = 0.05, seed: SeedLike = None) -> Array:
    """Permute the pixels within each size x size window with some probability; channels stay together.

    Args:
        images: Shape (height, width, channels) or (batch, height, width, channels).
        size, probability, seed: As for `patch_order`; the paper takes size 2 and probability 0.05.

    Returns:
        Array of the shape and type of `images`.

    Raises:
        ValueError: as for `patch_order`.

    >>> sorted(patch_shuffle(np.arange(4.0).reshape(2, 2, 1), 2, 1.0, seed=0).ravel().tolist())
    [0.0, 1.0, 2.0, 3.0]
    """
    return permuted(images, patch_order(images.shape, size, probability, seed))


def patch_shuffle_maps(x: TensorLike, order: Array) -> Tensor:
    """`patch_shuffle` of feature maps, as a recorded operation.

    y[n, p] = x[n, order[n, p]], and since that is a permutation, dx[n, order[n, p]] = dy[n, p].

    Args:
        x: Tensor, shape (batch, height, width, channels).
        order: From `patch_order`.
    """
    x = convert_to_tensor(x)

    def back(dy):
        return permuted(np.ascontiguousarray(dy), np.argsort(order, axis=1).astype(np.int32))

    return linear(x, lambda a: permuted(a, order), back)
