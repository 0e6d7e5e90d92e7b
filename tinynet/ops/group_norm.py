"""Group normalization (Wu and He 2018): each group of neighbouring channels of a sample, over all its pixels.

y = gamma (x - mean) / sqrt(variance + epsilon) + beta

mean and variance have one number for each sample and group, gamma and beta one for each channel.
"""

from __future__ import annotations

import math

import numpy as np

from ..core.recording import dense
from ..core.types import Array, TensorLike
from ..runtime import kernels
from ..tape import is_tracked, record
from ..tensor import Tensor, convert_to_tensor
from .arguments import as_floats, check_channel_wise, check_channels_axis
from .elementwise import cast, rsqrt, square
from .recorded_gradients import composed
from .reduction import mean as average
from .shape import moveaxis, reshape


def group_norm_forward(
    x: Array, gamma: Array | None, beta: Array | None, groups: int, epsilon: float
) -> tuple[Array, Array, Array]:
    """Reference: y = gamma (x - mean) / sqrt(variance + epsilon) + beta.

    Args:
        x: Shape (batch, ..., channels).
        gamma, beta: Shape (channels,); None for 1 and 0.
        groups: How many groups the channels are split into, in order.
        epsilon: Added to the variance.

    Returns:
        y, mean, 1 / sqrt(variance + epsilon): the last two of shape (batch, groups).
    """
    with np.errstate(all="ignore"):
        parts = _split(x, groups)
        size = x.dtype.type(parts.shape[1] * parts.shape[3])
        mean = parts.sum(axis=(1, 3)) / size
        centred = parts - mean[:, None, :, None]
        variance = (centred**2).sum(axis=(1, 3)) / size
        inverse_std = np.asarray(1 / np.sqrt(variance + x.dtype.type(epsilon)), x.dtype)
        y = (centred * inverse_std[:, None, :, None]).reshape(x.shape)
        y = y if gamma is None else y * gamma
        return y if beta is None else y + beta, mean, inverse_std


def group_norm_backward(
    dy: Array, x: Array, gamma: Array | None, mean: Array, inverse_std: Array, need_dx: bool = True,
    need_dgamma: bool = True, need_dbeta: bool = True,
) -> tuple[Array | None, Array | None, Array | None]:
    """Reference: the gradients.

    dbeta = sum dy, dgamma = sum dy x^, over all samples and pixels
    dx = (dx^ - mean of dx^ - x^ mean of (dx^ x^)) / sqrt(variance + epsilon), dx^ = dy gamma, means over a group

    Args:
        dy: Gradient of y.
        x, gamma: As for `group_norm_forward`.
        mean, inverse_std: The forward pass's.
        need_dx, need_dgamma, need_dbeta: False returns None for this gradient.

    Returns:
        dx, dgamma, dbeta
    """
    axes = tuple(range(x.ndim - 1))
    groups = mean.shape[1]
    with np.errstate(all="ignore"):
        inverse = inverse_std[:, None, :, None]
        x_hat = (_split(x, groups) - mean[:, None, :, None]) * inverse
        dx = None
        if need_dx:
            dx_hat = _split(dy if gamma is None else dy * gamma, groups)
            size = x.dtype.type(dx_hat.shape[1] * dx_hat.shape[3])
            level = dx_hat.sum(axis=(1, 3), keepdims=True) / size
            slope = (dx_hat * x_hat).sum(axis=(1, 3), keepdims=True) / size
            dx = (inverse * (dx_hat - level - x_hat * slope)).reshape(x.shape)
        dgamma = (dy * x_hat.reshape(x.shape)).sum(axis=axes) if need_dgamma else None
        return dx, dgamma, dy.sum(axis=axes) if need_dbeta else None


def _split(x, groups):
    """x as (batch, pixels, groups, channels of one)."""
    return x.reshape(x.shape[0], math.prod(x.shape[1:-1]), groups, x.shape[-1] // groups)


def group_normalization(
    x: TensorLike, groups: int, gamma: TensorLike = None, beta: TensorLike = None, axis: int = -1,
    epsilon: float = 1e-3,
) -> Tensor:
    """Normalize each group of channels of each sample, over all pixels. Wu and He 2018.

    Args:
        x: Tensor of shape (batch, ..., channels); integers become `floatx()`.
        groups: How many groups the channels are split into, in order: 1 is layer normalization, one a channel is
            instance normalization.
        gamma, beta: Tensors of shape (channels,); None for 1 and 0.
        axis: The channels' axis.
        epsilon: Added to the variance.

    Returns:
        Tensor, shaped like `x`.

    Raises:
        ValueError: x has no such axis, the channels do not split into groups, or gamma or beta has another shape.

    >>> x = np.array([[1.0, 3.0, 10.0, 30.0]], "float32")
    >>> group_normalization(x, groups=2, epsilon=0.0).numpy()
    array([[-1.,  1., -1.,  1.]], dtype=float32)
    """
    x = as_floats(x)
    shape = x.data.shape
    channels_axis = check_channels_axis("group_normalization", axis, shape)
    if channels_axis == 0:
        raise ValueError(
            f"group_normalization: expected an input of shape (batch, ..., channels), channels on axis {axis}. "
            f"Got input {shape}; axis 0 is the batch."
        )
    channels = shape[axis]
    if groups < 1 or channels % groups:
        raise ValueError(
            f"group_normalization: {channels} channels do not split into {groups} groups. "
            f"Got input {shape}, axis {axis}."
        )
    inputs, arrays = [x], []
    for name, parameter in (("gamma", gamma), ("beta", beta)):
        if parameter is not None:
            parameter = cast(convert_to_tensor(parameter), x.data.dtype)
            check_channel_wise("group_normalization", name, parameter.data, shape, axis)
            inputs.append(parameter)
        arrays.append(None if parameter is None else parameter.data)
    gamma_data, beta_data = arrays
    last = channels_axis == len(shape) - 1
    x_data = x.data if last else dense(np.moveaxis(x.data, axis, -1))
    y, mean, inverse_std = kernels.group_norm_forward(x_data, gamma_data, beta_data, groups, epsilon)
    need_dx = is_tracked(x)

    def back(array):
        return array if last else dense(np.moveaxis(array, -1, axis))

    def backward(dy):
        dy = dy if last else dense(np.moveaxis(dy, axis, -1))
        dx, *of_parameters = kernels.group_norm_backward(
            dy, x_data, gamma_data, mean, inverse_std, need_dx, gamma_data is not None, beta_data is not None
        )
        return [None if dx is None else back(dx), *(gradient for gradient in of_parameters if gradient is not None)]

    def formula(x, *parameters):
        channels_last = x if last else moveaxis(x, axis, -1)
        split = reshape(channels_last, (shape[0], -1, groups, channels // groups))
        centred = split - average(split, (1, 3), keepdims=True)
        y = centred * rsqrt(average(square(centred), (1, 3), keepdims=True) + epsilon)
        y = reshape(y, channels_last.shape)
        y = y if gamma_data is None else y * parameters[0]
        y = y if beta_data is None else y + parameters[-1]
        return y if last else moveaxis(y, -1, axis)

    return record(back(y), inputs, backward, composed(formula, inputs, [tensor.data for tensor in inputs]))
