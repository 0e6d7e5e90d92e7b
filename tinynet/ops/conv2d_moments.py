"""A convolution that also returns the mean and variance of each filter's output, for a batch normalization after it.

    z = conv2d(x, kernel, bias)     mean[f] = mean of z[..., f]     variance[f] = mean of (z[..., f] - mean[f])^2

The compiled kernel sums while it writes z, where it can (csrc/kernels/conv/conv2d_moments.h): normalization then reads
z once and not twice.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.types import Array, Padding2d, Pair, TensorLike
from ..runtime import kernels
from ..tensor import Tensor, convert_to_tensor
from .conv2d import check_arrays, conv2d_forward, record_conv2d
from .windows import as_padding, as_pair


def conv2d_moments_forward(
    x: Array, kernel: Array, bias: Array | None, strides: Pair, padding: Padding2d, dilation: Pair,
    algorithm: str = "auto",
) -> tuple[Array, Array, Array]:
    """Reference: the convolution, then the moments of `batch_norm_forward`.

    Args:
        x, kernel, bias, strides, padding, dilation, algorithm: As for `conv2d_forward`, with one group.

    Returns:
        z, mean, variance: the last two of shape (out,).
    """
    z = conv2d_forward(x, kernel, bias, strides, padding, dilation, 1, "linear")
    axes = (0, 1, 2)
    with np.errstate(all="ignore"):
        mean = z.mean(axis=axes)
        return z, mean, ((z - mean) ** 2).mean(axis=axes)


# What the layers of a model call.


def conv2d_moments(
    x: TensorLike, kernel: TensorLike, bias: TensorLike = None, strides: Any = 1, padding: Any = "valid",
    dilation_rate: Any = 1,
) -> tuple[Tensor, Tensor, Tensor]:
    """`conv2d`, and the moments of its result z for `batch_norm(z, moments=(mean, variance))`.

    z has the bits of `conv2d`. The moments are those of `batch_norm` up to the order of their sums, and differ in the
    last digits.

    Args:
        x: Tensor, shape (batch, height, width, in).
        kernel: Tensor, shape (height, width, in, out).
        bias, strides, padding, dilation_rate: As for `conv2d`.

    Returns:
        (z, mean, variance): z as of `conv2d`, the others Tensors of shape (out,) without a gradient.

    Raises:
        ValueError: shapes do not match, the kernel is larger than the padded input, or there is no sample.
        TypeError: the element types differ.

    >>> z, mean, variance = conv2d_moments(np.ones((2, 8, 8, 1), "float32"), np.ones((3, 3, 1, 4), "float32"))
    >>> z.shape, mean.numpy(), variance.numpy()
    ((2, 6, 6, 4), array([9., 9., 9., 9.], dtype=float32), array([0., 0., 0., 0.], dtype=float32))
    """
    x, kernel = convert_to_tensor(x), convert_to_tensor(kernel)
    bias = None if bias is None else convert_to_tensor(bias)
    strides = as_pair(strides, "conv2d", "strides")
    dilation = as_pair(dilation_rate, "conv2d", "dilation_rate")
    arrays = (x.data, kernel.data, None if bias is None else bias.data)
    check_arrays(*arrays, 1)
    padding = as_padding("conv2d", padding, x.data.shape, kernel.data.shape, strides, dilation)
    if 0 in x.data.shape[:3]:
        raise ValueError(f"conv2d_moments: an input of shape {x.data.shape} has no pixels to take the mean of")
    z, mean, variance = kernels.conv2d_moments_forward(*arrays, strides, padding, dilation)
    z = record_conv2d(z, x, kernel, bias, strides, padding, dilation)
    return z, Tensor.wrap(mean), Tensor.wrap(variance)
