"""Weights that prediction prepares once and keeps: with batch normalization folded in, or transformed.

Batch normalization by given statistics is linear, like the layer before it. With s = gamma / sqrt(variance + epsilon):

    gamma (x kernel + bias - mean) / sqrt(variance + epsilon) + beta = x (kernel s) + (bias - mean) s + beta

so the layer with the kernel `kernel s` and the bias `(bias - mean) s + beta` computes both, and a pass over memory less
is needed. Winograd's algorithm transforms the kernel before it multiplies; that takes longer than the products with one
small image.

What was prepared is right as long as no weight has changed. Weights change by assignment, in place by an optimizer
step, and in place through NumPy views that users hold: nothing but the weights themselves tells. So `prepare_weights`
compares every bit with a copy of what it has seen, at the speed of memory, and prepares them anew if one differs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..core.types import Array
from ..runtime import kernels

# The references.


def prepared_size(kernel: Array, algorithm: str) -> int:
    """Reference: how many numbers the prepared weights of a kernel are.

    Args:
        kernel: The layer's kernel.
        algorithm: 'winograd2' or 'winograd4' for a kernel that is transformed for it, 'direct' for one that is packed
            as direct convolution reads it, 'auto' for one that stays as it is. The reference transforms none.

    Returns:
        The kernel's size; of a transformed kernel more.
    """
    return kernel.size


def prepare_weights(
    kernel: Array, bias: Array | None, gamma: Array | None, beta: Array | None, mean: Array | None,
    variance: Array | None, epsilon: float, algorithm: str, seen: Array, weights: Array, offset: Array | None,
) -> None:
    """Reference: the folded kernel to `weights`, and the folded bias to `offset`, in place.

    Args:
        kernel: The channels that are normalized stand last: one axis, or (channels, multiplier) of a depthwise kernel.
        bias, gamma, beta: Shape (channels,), or None.
        mean, variance: Shape (channels,), or both None: nothing is folded.
        epsilon: Added to the variance.
        algorithm: As for `prepared_size`.
        seen: A copy of bias, gamma, beta, mean, variance (those that are given) and kernel, as they were when `weights`
            and `offset` were prepared. The compiled kernel does nothing if all are as they were; else it updates them.
        weights: Dense array of `prepared_size` numbers.
        offset: Dense array, shape (channels,); None if there is neither bias nor normalization.
    """
    given = [part for part in (bias, gamma, beta, mean, variance, kernel) if part is not None]
    width = kernel.shape[-1] if offset is None else offset.size
    columns = kernel.reshape(kernel.size // max(width, 1), width).astype(np.float64)
    start = 0.0 if bias is None else bias.astype(np.float64)
    if mean is not None and variance is not None:
        with np.errstate(all="ignore"):
            scale = (1.0 if gamma is None else gamma) / np.sqrt(variance.astype(np.float64) + epsilon)
            columns = columns * scale
            start = (start - mean) * scale + (0.0 if beta is None else beta)
    seen[...] = np.concatenate([part.ravel() for part in given])
    weights[...] = columns.reshape(weights.shape)
    if offset is not None:
        offset[...] = start


class PreparedWeights:
    """The prepared weights of one layer, and of the batch normalization after it.

    Args:
        kernel: The layer's kernel.
        algorithm: As for `prepared_size`.
        vectors: How many of bias, gamma, beta, mean and variance there are.
        channels: The length of each.

    Attributes:
        weights: The array for the kernels that compute; in the kernel's shape if it is not transformed.
        offset: The bias to add, or None.
    """

    __slots__ = ("algorithm", "weights", "offset", "_seen")

    def __init__(self, kernel: Array, algorithm: str, vectors: int, channels: int) -> None:
        self.algorithm = algorithm
        # What was never prepared is NaN, prepared from NaN: that is right as well.
        shape = kernel.shape if algorithm == "auto" else kernels.prepared_size(kernel, algorithm)
        self.weights = np.full(shape, np.nan, kernel.dtype)
        self.offset = np.full(channels, np.nan, kernel.dtype) if vectors else None
        self._seen = np.full(kernel.size + vectors * channels, np.nan, kernel.dtype)

    def update(self, kernel: Array, vectors: Sequence[Array | None], epsilon: float) -> None:
        """Prepare them anew if anything has changed.

        Args:
            kernel, epsilon: As for `prepare_weights`.
            vectors: Its bias, gamma, beta, mean and variance.

        Raises:
            ValueError, TypeError: the arrays do not fit together.
        """
        bias, gamma, beta, mean, variance = vectors
        kernels.prepare_weights(kernel, bias, gamma, beta, mean, variance, epsilon, self.algorithm, self._seen,
                                self.weights, self.offset)
