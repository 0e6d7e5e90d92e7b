"""Batch normalization, ReLU and a depthwise convolution as one operation: the middle of networks for phones.

    z[n, i, j, c] = max(0, gamma[c] (x[n, i, j, c] - mean[c]) / std[c] + beta[c])        y = depthwise_conv2d(z, kernel)

All of them do few operations for the memory they access. Here z is made where the convolution reads it, in the
processor's cache, and never stored; its gradient is masked and summed up while it is stored:
csrc/kernels/conv/batch_norm_depthwise_conv2d.h.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.types import Array, Padding2d, Pair, TensorLike
from ..runtime import kernels
from ..tape import is_tracked, record
from ..tensor import Tensor, convert_to_tensor
from .arguments import check_channel_wise, check_same_type
from .batch_norm import batch_norm_backward, batch_norm_inference, normalization, scale_and_shift
from .depthwise_conv2d import (
    KERNEL_LAYOUT,
    check_depthwise,
    depthwise_conv2d,
    depthwise_conv2d_backward,
    depthwise_conv2d_forward,
)
from .recorded_gradients import composed
from .windows import as_padding, as_pair

# The references: the operations one by one.


def batch_norm_depthwise_conv2d_forward(
    x: Array, kernel: Array, bias: Array | None, strides: Pair, padding: Padding2d, dilation: Pair,
    gamma: Array | None, beta: Array | None, mean: Array, variance: Array, epsilon: float, relu: bool = False,
) -> tuple[Array, Array]:
    """Reference: a depthwise convolution of what batch normalization gives.

    Args:
        x, kernel, bias, strides, padding, dilation: As for `depthwise_conv2d_forward`, with a multiplier of 1.
        gamma, beta, mean, variance, epsilon, relu: As for `batch_norm_inference`.

    Returns:
        y, 1 / sqrt(variance + epsilon)
    """
    z, inverse_std = batch_norm_inference(x, gamma, beta, mean, variance, epsilon, relu)
    return depthwise_conv2d_forward(z, kernel, bias, strides, padding, dilation, "linear"), inverse_std


def batch_norm_depthwise_conv2d_backward(
    dy: Array, x: Array, kernel: Array, strides: Pair, padding: Padding2d, dilation: Pair, gamma: Array | None,
    beta: Array | None, mean: Array, inverse_std: Array, relu: bool = False, need_dx: bool = True,
    need_dkernel: bool = True, need_dbias: bool = True,
) -> tuple[Array | None, Array | None, Array | None, Array, Array]:
    """Reference: z once more, its gradient, and from there through batch normalization.

    Args:
        dy: Gradient of y.
        x, kernel, strides, padding, dilation, gamma, beta, relu: As for `batch_norm_depthwise_conv2d_forward`.
        mean, inverse_std: Statistics of x, and the forward pass's.
        need_dx, need_dkernel, need_dbias: False returns None for this gradient.

    Returns:
        (dx, dkernel, dbias, dgamma, dbeta)
    """
    with np.errstate(all="ignore"):
        z = scale_and_shift((x - mean) * inverse_std, gamma, beta)
        z = np.where(z < 0, 0, z).astype(x.dtype, copy=False) if relu else z
    dz, dkernel, dbias = depthwise_conv2d_backward(dy, z, kernel, None, strides, padding, dilation, "linear", True,
                                                   need_dkernel, need_dbias)
    dx, dgamma, dbeta = batch_norm_backward(np.asarray(dz), x, gamma, beta, mean, inverse_std, relu, False, need_dx)
    return dx, dkernel, dbias, dgamma, dbeta


# What the models call.


def batch_norm_depthwise_conv2d(
    x: TensorLike, kernel: TensorLike, moments: tuple[Tensor, Tensor], bias: TensorLike = None,
    gamma: TensorLike = None, beta: TensorLike = None, strides: Any = 1, padding: Any = "valid",
    dilation_rate: Any = 1, epsilon: float = 1e-3, relu: bool = False,
) -> Tensor:
    """Normalize each channel by the mean and the variance of this batch, and slide a filter over each.

    The same as depthwise_conv2d(batch_norm(x, gamma, beta, epsilon, relu=relu, moments=moments)[0], kernel, bias, ...).

    Args:
        x: Tensor, shape (batch, height, width, channels).
        kernel: Tensor, shape (height, width, channels, 1).
        moments: (mean, variance) of this very batch as Tensors, as `conv2d_moments` returns them. The gradient is that
            of statistics which depend on x.
        bias, gamma, beta: Tensors of shape (channels,); None for 0, 1 and 0.
        strides, padding, dilation_rate: As for `conv2d`.
        epsilon, relu: As for `batch_norm`.

    Returns:
        Tensor, shape (batch, out_height, out_width, channels).

    Raises:
        ValueError: shapes do not match, there are several filters a channel, the kernel is larger than the padded
            input, or there is no sample.
        TypeError: the element types differ.

    >>> x, kernel = np.array([[[[1.0]], [[3.0]]]], "float32"), np.ones((2, 1, 1, 1), "float32")
    >>> batch_norm_depthwise_conv2d(x, kernel, ([2.0], [1.0]), epsilon=0.0, relu=True).numpy().ravel()
    array([1.], dtype=float32)
    """
    name = "batch_norm_depthwise_conv2d"
    x, kernel = convert_to_tensor(x), convert_to_tensor(kernel)
    bias, gamma, beta = (None if value is None else convert_to_tensor(value) for value in (bias, gamma, beta))
    strides, dilation = as_pair(strides, name, "strides"), as_pair(dilation_rate, name, "dilation_rate")
    inputs = [tensor for tensor in (x, kernel, bias, gamma, beta) if tensor is not None]
    arrays = [tensor.data for tensor in inputs]  # as they are now: a variable may be assigned to before backward runs
    x_data, kernel_data = arrays[:2]
    bias_data, gamma_data, beta_data = (None if tensor is None else tensor.data for tensor in (bias, gamma, beta))
    check_depthwise(name, x_data, kernel_data, bias_data)
    if kernel_data.shape[3] != 1:
        raise ValueError(f"{name}: the kernel must have one filter a channel. Got shape {kernel_data.shape}. "
                         f"{KERNEL_LAYOUT}")
    if x_data.size == 0:
        raise ValueError(f"{name}: an input of shape {x_data.shape} has no samples to take the mean of. "
                         "Leave empty batches out of training.")
    mean, variance = (convert_to_tensor(value, x_data.dtype).data for value in moments)
    for argument, array in (("gamma", gamma_data), ("beta", beta_data), ("mean", mean), ("variance", variance)):
        if array is not None:
            check_channel_wise(name, argument, array, x_data.shape, -1)
            check_same_type(name, argument, array, x_data)
    geometry = (strides, as_padding(name, padding, x_data.shape, kernel_data.shape, strides, dilation), dilation)
    y, inverse_std = kernels.batch_norm_depthwise_conv2d_forward(
        x_data, kernel_data, bias_data, *geometry, gamma_data, beta_data, mean, variance, epsilon, relu)
    need_dx = is_tracked(x)

    def backward(dy):
        gradients = kernels.batch_norm_depthwise_conv2d_backward(
            dy, x_data, kernel_data, *geometry, gamma_data, beta_data, mean, inverse_std, relu, need_dx, True,
            bias_data is not None)
        return [gradient for gradient, tensor in zip(gradients, (x, kernel, bias, gamma, beta), strict=True)
                if tensor is not None]

    def formula(x, kernel, *others):
        bias_of_call = others[0] if bias is not None else None
        normalize = normalization(gamma is not None, beta is not None, epsilon, -1, relu)
        return depthwise_conv2d(normalize(x, *others[bias is not None:]), kernel, bias_of_call, *geometry)

    return record(y, inputs, backward, composed(formula, inputs, arrays))
