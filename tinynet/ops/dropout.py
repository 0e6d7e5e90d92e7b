"""Dropout: zero some elements at random, scale the others so that the expectation stays.

The mask is never stored. Whether element i is kept follows from i, a seed and an offset by Philox4x32-10 (Salmon et
al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011), a generator without state. So the backward pass computes
the same mask again, and any thread can compute any part of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import shares
from ..core.recording import constant
from ..core.types import Array, SeedLike, TensorLike
from ..runtime import kernels
from ..seeds import draw_seed
from ..tape import record
from ..tensor import Tensor, convert_to_tensor
from .recorded_gradients import linear

_LOWER = np.uint64(0xFFFFFFFF)


def philox(blocks: Any, seed: int, offset: int) -> Array:
    """Philox4x32-10: 128 random bits for each block, a function of the counter (block, offset) and the key `seed`.

    Args:
        blocks: Integers below 2^64, shape (n,).
        seed, offset: Python ints below 2^64.

    Returns:
        uint32 array, shape (4, n): four words a block.
    """
    blocks = np.asarray(blocks, np.uint64)
    c0, c1 = blocks & _LOWER, blocks >> np.uint64(32)
    c2 = np.full_like(c0, offset & 0xFFFFFFFF)
    c3 = np.full_like(c0, offset >> 32)
    key_0, key_1 = seed & 0xFFFFFFFF, seed >> 32
    for _ in range(10):
        product_0, product_1 = np.uint64(0xD2511F53) * c0, np.uint64(0xCD9E8D57) * c2
        c0 = (product_1 >> np.uint64(32)) ^ c1 ^ np.uint64(key_0)
        c2 = (product_0 >> np.uint64(32)) ^ c3 ^ np.uint64(key_1)
        c1, c3 = product_1 & _LOWER, product_0 & _LOWER
        key_0, key_1 = (key_0 + 0x9E3779B9) & 0xFFFFFFFF, (key_1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack([c0, c1, c2, c3]).astype(np.uint32)


def kept(size: int, rate: float, seed: int, offset: int, first: int = 0) -> Array:
    """Which elements survive: those whose 16 random bits are at least 65536 rate.

    Elements 256 k to 256 k + 255 use the blocks 32 k to 32 k + 31, as 4 x 32 words of two halves, the lower half first:
    words of equal number lie together, which suits vectors of any width. The bits do not depend on the dtype.

    Args:
        size: Number of elements.
        rate: Probability of dropping one.
        seed, offset: As for `philox`.
        first: The number of the first element, where these are a part of a larger array.

    Returns:
        Array of booleans, shape (size,).
    """
    begin, end = first // 256, -(-(first + size) // 256)  # groups
    words = philox(np.arange(32 * begin, 32 * end), seed, offset).reshape(4, end - begin, 32).transpose(1, 0, 2)
    numbers = np.stack([words & 0xFFFF, words >> 16], axis=-1).reshape(-1)
    return numbers[first - 256 * begin:][:size] >= int(rate * 65536 + 0.5)


def dropout_scale(rate: float, dtype: Any) -> Any:
    """The factor of the elements that are kept, 1 / (1 - rate), as a number of type `dtype`; 0 if rate is 1."""
    return dtype.type(1 / (1 - rate) if rate < 1 else 0)


def dropout_forward(x: Array, rate: float, seed: int, offset: int, first: int = 0) -> Array:
    """Reference: y = x / (1 - rate) where kept, else 0.

    Args:
        x: Array of any shape.
        rate: Probability of dropping an element.
        seed, offset: As for `philox`.
        first: As for `kept`.

    Returns:
        Array, shaped like `x`.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # also what is dropped is multiplied
        scaled = x * dropout_scale(rate, x.dtype)
        return np.where(kept(x.size, rate, seed, offset, first).reshape(x.shape), scaled, x.dtype.type(0))


def dropout_backward(dy: Array, rate: float, seed: int, offset: int, first: int = 0) -> Array:
    """Reference: dx = dy / (1 - rate) where kept, else 0: the same function.

    Args:
        dy: Gradient of y.
        rate, seed, offset, first: As for `dropout_forward`.

    Returns:
        dx.
    """
    return dropout_forward(dy, rate, seed, offset, first)


def dropout(
    inputs: TensorLike, rate: float, noise_shape: Sequence[int | None] | None = None, seed: SeedLike = None
) -> Tensor:
    """Zero each element with probability `rate`, and multiply the others by 1 / (1 - rate).

    y = x * mask / (1 - rate)          dx = dy * mask / (1 - rate)

    (Srivastava et al., JMLR 15, 2014; "inverted", so that nothing needs to be done when predicting.) The probability is
    rounded to a multiple of 2^-16.

    Args:
        inputs: Tensor of floats, any shape.
        rate: Probability of a zero, from 0 to 1.
        noise_shape: Shape of the mask, which is broadcast: 1 along an axis drops whole slices; None as an entry means
            the input's extent. The input's own shape if None.
        seed: int, `tinynet.random.SeedGenerator`, or None for the global generator. An int gives the same mask in every
            call.

    Returns:
        Tensor, shaped as `inputs`.

    Raises:
        ValueError: the rate is outside [0, 1], or the mask does not broadcast to the input.
        TypeError: the inputs are no floats.

    >>> dropout(np.ones((2, 3), "float32"), rate=0.0, seed=1).numpy()
    array([[1., 1., 1.],
           [1., 1., 1.]], dtype=float32)
    """
    x = convert_to_tensor(inputs)
    if not 0 <= rate <= 1:
        raise ValueError(f"dropout: rate must be from 0 to 1, got {rate!r}. It is the fraction that becomes zero.")
    if x.data.dtype.kind != "f":
        raise TypeError(f"dropout: inputs must be floats, got {x.data.dtype}; cast them first")
    seed, offset = draw_seed(seed)
    if noise_shape is not None:
        return _masked(x, _noise(x.data, rate, noise_shape, seed, offset))
    mask = (rate, seed, offset, *_first_element(x.data.shape))
    y = kernels.dropout_forward(x.data, *mask)

    def drop(dy):  # the same elements
        return kernels.dropout_backward(dy, *mask)

    return record(y, (x,), lambda dy: (drop(dy),), lambda dy, y: (linear(dy, drop, drop),))


def _masked(x, mask):
    def scale(array):
        return np.where(mask != 0, array * mask, array.dtype.type(0))

    return linear(x, scale, scale)


def _noise(x, rate, noise_shape, seed, offset):
    """0 or 1 / (1 - rate), of a shape that broadcasts to x."""
    entries = tuple(noise_shape)
    if len(entries) == x.ndim:
        entries = tuple(extent if entry is None else int(entry) for entry, extent in zip(entries, x.shape, strict=True))
    if len(entries) != x.ndim or any(entry not in (1, extent) for entry, extent in zip(entries, x.shape, strict=True)):
        raise ValueError(
            f"dropout: noise_shape {tuple(noise_shape)} does not broadcast to the input's shape {x.shape}. "
            "Give one entry an axis: 1 to drop whole slices, None or the extent otherwise."
        )
    return kernels.dropout_forward(constant(np.ones(entries, x.dtype)), rate, seed, offset, *_first_element(entries))


def _first_element(shape):
    """(the number of the first element in the whole batch,) where this is one process's share of it; else ()."""
    share = shares.share()
    if share is None or share.first == 0 or not shape or shape[0] != share.rows:
        return ()
    return (share.first * math.prod(shape[1:]),)
