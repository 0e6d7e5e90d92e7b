"""What is sent in 16 bits instead of 32: half the bytes, at the price of rounding.

Each number is rounded twice: before it is sent to the rank that adds, and the sum before it is sent to all. With the
weights w_r of the ranks, the gradients g_r and the unit roundoff u (2^-11 for float16, 2^-8 for bfloat16),

    |error| <= u sum |w_r g_r| + u |sum|        to the first order in u,

and for float16 at most 2^-25 more for each rounding below 6e-5, where its numbers lie evenly; above 65504 it has none:
a gradient that large becomes infinite. bfloat16 has float32's range. All ranks take the rounded sum, so their weights
stay the same to the last bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.types import Array

ROUNDOFF = {"float16": 2.0**-11, "bfloat16": 2.0**-8}
BLOCK = 1 << 15  # numbers that are rounded at a time: they and what is made of them stay in the L2 cache


class Compression:
    """Numbers as they are sent.

    Args:
        kind: 'float16', 'bfloat16', or None to send them as they are.

    Raises:
        ValueError: another kind.

    >>> compression, restored = Compression("bfloat16"), np.empty(2, "float32")
    >>> compression.restore(compression.rounded(np.array([1.0, 1.001], "float32")), restored)
    >>> restored.tolist()
    [1.0, 1.0]
    """

    def __init__(self, kind: str | None = None) -> None:
        if kind not in (None, *ROUNDOFF):
            raise ValueError(f"compression must be None, 'float16' or 'bfloat16', got {kind!r}")
        self.kind = kind

    def applies_to(self, dtype: Any) -> bool:
        """Whether numbers of this type are rounded: float32 alone, since float64 is chosen for its digits."""
        return self.kind is not None and dtype == np.float32

    def rounded(self, array: Array) -> Array:
        """float32 numbers in 16 bits, rounded to nearest, ties to even.

        Args:
            array: float32 array, one-dimensional.

        Returns:
            float16 array, or bfloat16 as uint16.
        """
        if self.kind == "float16":
            with np.errstate(over="ignore"):
                return array.astype(np.float16)
        result = np.empty(array.shape, np.uint16)
        sums = np.empty(min(BLOCK, array.size), np.uint32)
        for start in range(0, array.size, BLOCK):
            part, rounded = array[start:start + BLOCK], result[start:start + BLOCK]
            bits, sum_ = part.view(np.uint32), sums[:part.size]
            np.right_shift(bits, 16, out=sum_)
            sum_ &= 1
            sum_ += 0x7FFF
            sum_ += bits
            sum_ >>= 16
            rounded[...] = sum_
            nan = np.isnan(part)
            if nan.any():
                rounded[nan] = 0x7FC0  # rounding could carry a NaN over into infinity
        return result

    def restore(self, array: Array, out: Array) -> None:
        """Write the float32 numbers of what `rounded` returned into an array.

        Args:
            array: From `rounded`.
            out: float32 array, dense, of as many numbers.
        """
        if self.kind == "float16":
            np.copyto(out.reshape(-1), array)
            return
        bits = out.reshape(-1).view(np.uint32)
        for start in range(0, array.size, BLOCK):
            part = bits[start:start + BLOCK]
            part[...] = array[start:start + BLOCK]
            part <<= 16
