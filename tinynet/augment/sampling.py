"""Images at other positions: the one sampler of all geometric transforms.

`warp` computes the position of each output pixel in the input by a projective transform

    k = c0 j + c1 i + 1,  x = (a0 j + a1 i + a2) / k,  y = (b0 j + b1 i + b2) / k

with (a0, a1, a2, b0, b1, b2, c0, c1) for each image, as in Keras; affine transforms have c0 = c1 = 0. `sample` takes
the positions. Between pixels the value is interpolated, beyond the border it follows the fill mode:

    constant   k k k | a b c d | k k k        nearest   a a a | a b c d | d d d
    reflect    c b a | a b c d | d c b        wrap      b c d | a b c d | a b c

Positions, and which of them are inside, are computed in float64. Images of float32 are interpolated in float32: the
weights and the three interpolations a + w (b - a) round to within 2^-20 M, with M the largest |pixel| (fill value
included). With u = 2^-24, each of two interpolations errs by 5 u M besides the errors of a and b, and each weight by u,
which moves the result by 2 u M; together 14 u M. uint8 and float64 are interpolated in float64.

The loops are Cython (_images.pyx); the references below produce the same bits.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.threads import warn_without_thread
from ..core.types import Array
from ..data.memory import empty
from ..runtime import get_num_threads
from .batches import on_batches

FILL_MODES = {"constant": 0, "nearest": 1, "reflect": 2, "wrap": 3}
INTERPOLATIONS = ("nearest", "bilinear")
FAR = 1e9


def _inside(index, size, fill_mode):
    """The pixel whose value each position of an axis has, and whether there is one (False: the fill value)."""
    if fill_mode == FILL_MODES["constant"]:
        return np.clip(index, 0, size - 1), (index >= 0) & (index < size)
    if fill_mode == FILL_MODES["nearest"]:
        index = np.clip(index, 0, size - 1)
    elif fill_mode == FILL_MODES["wrap"]:
        index = index % size
    else:
        index = index % (2 * size)
        index = np.where(index < size, index, 2 * size - 1 - index)
    return index, np.ones(index.shape, bool)


def sample_reference(images: Array, positions: Array, out: Array, fill_mode: int, bilinear: bool, fill: float) -> None:
    """Reference: out[n, i, j] = images[n] at positions[n, i, j] = (y, x).

    Positions are float64. Weights and values are float32 for images of float32, float64 for others.

    Args:
        images: Shape (batch, height, width, channels).
        positions: Shape (batch, out height, out width, 2), in pixels.
        out: Shape (batch, out height, out width, channels).
        fill_mode: A value of `FILL_MODES`.
        bilinear: Whether to interpolate, or to take the nearest pixel.
        fill: The fill value.
    """
    if images.size == 0 or out.size == 0:
        return
    height, width = images.shape[1:3]
    position = np.clip(np.nan_to_num(np.asarray(positions, np.float64), nan=-FAR), -FAR, FAR)
    y, x = position[..., 0], position[..., 1]
    image = np.arange(len(images)).reshape(-1, 1, 1)
    dtype = np.float32 if images.dtype == np.float32 else np.float64

    def pixel(row, column):
        (row, row_is_one), (column, column_is_one) = _inside(row, height, fill_mode), _inside(column, width, fill_mode)
        return np.where((row_is_one & column_is_one)[..., None], images[image, row, column].astype(dtype), dtype(fill))

    def between(a, b, weight):
        return a + weight * (b - a)

    if not bilinear:  # halves are rounded away from zero
        value = pixel(*(np.trunc(v + np.where(v >= 0, 0.5, -0.5)).astype(np.int64) for v in (y, x)))
    else:
        row, column = np.floor(y).astype(np.int64), np.floor(x).astype(np.int64)
        wy, wx = ((v - whole).astype(dtype)[..., None] for v, whole in ((y, row), (x, column)))
        value = between(between(pixel(row, column), pixel(row, column + 1), wx),
                        between(pixel(row + 1, column), pixel(row + 1, column + 1), wx), wy)
    out[...] = value + 0.5 if out.dtype == np.uint8 else value


def warp_reference(images: Array, transforms: Array, out: Array, fill_mode: int, bilinear: bool, fill: float) -> None:
    """Reference: out[n, i, j] = images[n] at the position that transforms[n] has for (i, j).

    Args:
        images, out, fill_mode, bilinear, fill: As for `sample_reference`.
        transforms: Shape (batch, 8).
    """
    sample_reference(images, transformed_grid(transforms, out.shape[1:3]), out, fill_mode, bilinear, fill)


def transformed_grid(transforms: Array, size: tuple[int, int]) -> Array:
    """Return the positions (n, i, j, (y, x)) of the pixels of an output of this size, by transforms (n, 8)."""
    i, j = np.arange(size[0], dtype=np.float64)[:, None], np.arange(size[1], dtype=np.float64)[None]
    a0, a1, a2, b0, b1, b2, c0, c1 = (np.asarray(transforms, np.float64).T)[:, :, None, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        k = c0 * j + (c1 * i + 1)
        x, y = (a0 * j + (a1 * i + a2)) / k, (b0 * j + (b1 * i + b2)) / k
    return np.stack([y, x], axis=-1)


try:
    from ._images import sample, warp
except ImportError:  # no compiled module: tinynet.runtime has decided whether that is allowed
    sample, warp = sample_reference, warp_reference


PIXELS_A_THREAD = 150_000  # 0.15 to 0.4 ms of work; starting it in another thread costs 0.03 to 0.1 ms
_pool = None


def _forget_threads():
    """The threads of a pool do not survive a fork."""
    global _pool
    _pool = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_threads)


def in_threads(loop: Callable[..., Any], images: Array, positions: Array, out: Array, *arguments: Any) -> None:
    """Run `warp` or `sample` on parts of the batch, one a thread. Samples are independent: the bits do not change.

    Args:
        loop: The function.
        images, positions, out: Its arrays, which are divided along the batch.
        arguments: Its other arguments.
    """
    global _pool
    threads = min(get_num_threads(), len(images), out.size // PIXELS_A_THREAD)
    if threads < 2:
        loop(images, positions, out, *arguments)
        return
    if _pool is None:
        from concurrent.futures import ThreadPoolExecutor  # late

        _pool = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="tinynet-augment")
    bounds = [len(images) * part // threads for part in range(threads + 1)]
    parts = [slice(*pair) for pair in itertools.pairwise(bounds)]
    try:
        others = [_pool.submit(loop, images[part], positions[part], out[part], *arguments) for part in parts[1:]]
    except RuntimeError:  # a thread cannot be started
        _pool.shutdown(cancel_futures=True)
        _pool = None
        warn_without_thread("a batch is sampled by one thread")
        loop(images, positions, out, *arguments)
        return
    loop(images[parts[0]], positions[parts[0]], out[parts[0]], *arguments)
    for other in others:
        other.result()


def check_sampling(fill_mode: str, interpolation: str, where: str) -> None:
    """Refuse fill modes and interpolations that do not exist.

    Raises:
        ValueError: an unknown one.
    """
    if fill_mode not in FILL_MODES:
        raise ValueError(f"{where}: fill_mode must be one of {', '.join(FILL_MODES)}; got {fill_mode!r}")
    if interpolation not in INTERPOLATIONS:
        raise ValueError(f"{where}: interpolation must be 'nearest' or 'bilinear', got {interpolation!r}")


@on_batches
def projective_transform(images: Array, transforms: Any, fill_mode: str = "reflect", interpolation: str = "bilinear",
                         fill_value: float = 0.0, size: tuple[int, int] | None = None) -> Array:
    """Sample images at projectively transformed positions.

    Args:
        images: Shape (height, width, channels) or (batch, height, width, channels); uint8, float32 or float64.
        transforms: Shape (8,) or (batch, 8): (a0, a1, a2, b0, b1, b2, c0, c1) map a pixel of the result to a position
            of the input, x = (a0 j + a1 i + a2) / k, y = (b0 j + b1 i + b2) / k, k = c0 j + c1 i + 1.
        fill_mode: 'reflect', 'wrap', 'constant' or 'nearest', for positions outside.
        interpolation: 'bilinear', or 'nearest' (halves are rounded away from zero).
        fill_value: For fill_mode 'constant'.
        size: (height, width) of the result; the input's if None.

    Returns:
        Array of the input's type.

    Raises:
        ValueError: transforms of another shape, or an unknown fill mode or interpolation.

    >>> row = np.array([[[1.0], [2.0], [4.0]]])
    >>> projective_transform(row, (1, 0, 0.5, 0, 1, 0, 0, 0), fill_mode="nearest").ravel()
    array([1.5, 3. , 4. ])
    """
    check_sampling(fill_mode, interpolation, "projective_transform")
    transforms = np.asarray(transforms, np.float64)
    if transforms.shape not in ((8,), (len(images), 8)):
        raise ValueError(
            f"projective_transform: transforms must have shape (8,) or ({len(images)}, 8), got {transforms.shape}"
        )
    transforms = transforms if transforms.ndim == 2 else np.broadcast_to(transforms, (len(images), 8))
    return warped(images, transforms, fill_mode, interpolation, fill_value, size)


def warped(images: Array, transforms: Array, fill_mode: str, interpolation: str, fill_value: float,
           size: tuple[int, int] | None = None) -> Array:
    """`projective_transform` of a dense batch with one transform an image, without checks.

    Args:
        images: Shape (batch, height, width, channels).
        transforms: Shape (batch, 8).
        fill_mode, interpolation, fill_value, size: As for `projective_transform`.
    """
    transforms = np.ascontiguousarray(transforms, np.float64)
    out = empty((len(images), *(size or images.shape[1:3]), images.shape[3]), images.dtype)
    in_threads(warp, images, transforms, out, FILL_MODES[fill_mode], interpolation == "bilinear", float(fill_value))
    return out


@on_batches
def remap(images: Array, positions: Any, fill_mode: str = "reflect", interpolation: str = "bilinear",
          fill_value: float = 0.0) -> Array:
    """Sample images at given positions.

    Args:
        images: Shape (height, width, channels) or (batch, height, width, channels).
        positions: Shape (batch, out height, out width, 2) or without the batch axis: (y, x) in pixels.
        fill_mode, interpolation, fill_value: As for `projective_transform`.

    Returns:
        Array of the input's type, shape (batch, out height, out width, channels).

    Raises:
        ValueError: positions of another shape, or an unknown fill mode or interpolation.

    >>> remap(np.array([[[1.0], [3.0]]]), [[[0.0, 0.5]]]).ravel()
    array([2.])
    """
    check_sampling(fill_mode, interpolation, "remap")
    positions = np.asarray(positions, np.float64)
    if positions.ndim not in (3, 4) or positions.shape[-1] != 2 or positions.shape[:-3] not in ((), (len(images),)):
        raise ValueError(
            f"remap: positions must have shape ({len(images)}, height, width, 2), got {positions.shape}"
        )
    positions = np.ascontiguousarray(np.broadcast_to(positions, (len(images), *positions.shape[-3:])))
    out = empty((*positions.shape[:3], images.shape[3]), images.dtype)
    in_threads(sample, images, positions, out, FILL_MODES[fill_mode], interpolation == "bilinear", float(fill_value))
    return out
