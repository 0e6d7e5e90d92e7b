"""Convolution with prepared weights (ops/prepared_weights.py), a residual and ReLU: what prediction computes.

    y = max(0, conv2d(x, kernel, bias) + residual)

and a pair of convolutions, the second of which reads no neighbours:

    y = f(conv2d(f(depthwise_conv2d(x, kernel, bias)), pointwise kernel, offset))

There are no gradients: weights are prepared where no tape is open.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..core.types import Array, Padding2d, Pair
from .conv2d import conv2d_forward
from .depthwise_conv2d import depthwise_conv2d_forward


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


def depthwise_pointwise_forward(
    x: Array, kernel: Array, bias: Array | None, strides: Pair, padding: Padding2d, dilation: Pair, activation: str,
    weights: Array, offset: Array | None, filters: int, pointwise_activation: str, algorithm: str,
) -> Array:
    """Reference: a depthwise convolution, and a convolution with a 1x1 kernel of its output.

    Args:
        x, kernel, bias, strides, padding, dilation, activation: As for `depthwise_conv2d_forward`.
        weights: What `prepare_weights` made of the kernel (1, 1, channels * multiplier, filters); the reference packs
            none.
        offset: (filters,), the second bias, or None.
        filters: Of the second kernel.
        pointwise_activation: 'linear' or 'relu'.
        algorithm: As for `prepare_weights`: 'auto' or 'direct'.

    Returns:
        y, (batch, out_height, out_width, filters).
    """
    z = depthwise_conv2d_forward(x, kernel, bias, strides, padding, dilation, activation)
    return conv2d_forward(z, weights.reshape(1, 1, z.shape[3], filters), offset, (1, 1), ((0, 0), (0, 0)), (1, 1), 1,
                          pointwise_activation)
