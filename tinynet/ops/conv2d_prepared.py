"""Convolution with prepared weights (ops/prepared_weights.py), a residual and ReLU: what prediction computes.

    y = max(0, conv2d(x, kernel, bias) + residual)

There is no gradient: weights are prepared where no tape is open.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..core.types import Array, Padding2d, Pair
from .conv2d import conv2d_forward


def conv2d_prepared_forward(
    x: Array, weights: Array, offset: Array | None, kernel_shape: Sequence[int], strides: Pair, padding: Padding2d,
    dilation: Pair, algorithm: str, residual: Array | None, activation: str,
) -> Array:
    """Reference: convolution of one group, + residual, then the activation.

    Args:
        x: (batch, height, width, in).
        weights: What `prepare_weights` made of the kernel; the reference transforms none.
        offset: (out,), the bias, or None.
        kernel_shape: (height, width, in, out).
        strides, padding, dilation: As for `conv2d_forward`.
        algorithm: As for `prepare_weights`.
        residual: (batch, out_height, out_width, out), added before the activation, or None.
        activation: 'linear' or 'relu'.

    Returns:
        y, (batch, out_height, out_width, out).
    """
    y = conv2d_forward(x, weights.reshape(tuple(kernel_shape)), offset, strides, padding, dilation, 1, "linear")
    if residual is not None:
        y = y + residual
    return np.where(y < 0, y.dtype.type(0), y) if activation == "relu" else y
