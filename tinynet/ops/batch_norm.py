"""Batch normalization: each channel to mean 0 and variance 1 over the batch, then to a scale and an offset of its own.

Ioffe and Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift", ICML
2015: Algorithm 1 is `batch_norm_forward`, Algorithm 2 is tinynet/models/population.py.

The mean is taken over all axes except the channels' (the last one, or `axis`): over the samples and, with images, over
their pixels.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..core.recording import dense
from ..core.types import Array, TensorLike
from ..runtime import kernels
from ..tape import is_tracked, record
from ..tensor import Tensor, convert_to_tensor
from . import reduction
from .activation_formulas import elementwise
from .arguments import as_floats, check_channel_wise, check_channels_axis, check_same_type
from .elementwise import rsqrt, square
from .recorded_gradients import composed
from .shape import reshape


def batch_norm_forward(
    x: Array, gamma: Array | None, beta: Array | None, epsilon: float, relu: bool = False
) -> tuple[Array, Array, Array, Array]:
    """Reference, Algorithm 1 line by line.

    mu  = 1/m sum_i x_i                           mini-batch mean
    var = 1/m sum_i (x_i - mu)^2                  mini-batch variance
    x^  = (x - mu) / sqrt(var + epsilon)          normalize
    y   = gamma x^ + beta                         scale and shift

    Args:
        x: Shape (..., channels).
        gamma, beta: Shape (channels,); None for 1 and 0.
        epsilon: Added to the variance.
        relu: Whether y becomes max(0, y).

    Returns:
        y, mu, var, 1 / sqrt(var + epsilon): the last three of shape (channels,).
    """
    axes = tuple(range(x.ndim - 1))
    with np.errstate(all="ignore"):
        mean = x.mean(axis=axes)
        variance = ((x - mean) ** 2).mean(axis=axes)
    y, inverse_std = batch_norm_inference(x, gamma, beta, mean, variance, epsilon, relu)
    return y, mean, variance, inverse_std


def batch_norm_inference(
    x: Array, gamma: Array | None, beta: Array | None, mean: Array, variance: Array, epsilon: float, relu: bool = False
) -> tuple[Array, Array]:
    """Reference: y = gamma (x - mean) / sqrt(variance + epsilon) + beta with given statistics.

    Args:
        x, gamma, beta, epsilon, relu: As for `batch_norm_forward`.
        mean, variance: Shape (channels,).

    Returns:
        y, 1 / sqrt(variance + epsilon)
    """
    with np.errstate(all="ignore"):
        inverse_std = 1 / np.sqrt(variance + x.dtype.type(epsilon))
        x_hat = (x - mean) * inverse_std
        y = scale_and_shift(x_hat, gamma, beta)
        return np.where(y < 0, 0, y).astype(x.dtype, copy=False) if relu else y, inverse_std


def scale_and_shift(x_hat: Array, gamma: Array | None, beta: Array | None) -> Array:
    """gamma x^ + beta, the last line of Algorithm 1.

    Args:
        x_hat: Shape (..., channels).
        gamma, beta: Shape (channels,); None for 1 and 0.

    Returns:
        Array, shaped like `x_hat`.
    """
    y = x_hat if gamma is None else gamma * x_hat
    return y if beta is None else y + beta


def moving_average(average: Array, value: Array, momentum: float) -> Array:
    """Reference: momentum average + (1 - momentum) value, what the layer keeps for prediction.

    Args:
        average: Of the batches before.
        value: Mean or variance of this batch, of the same shape.
        momentum: The part of `average` that stays.

    Returns:
        Array of the same shape.
    """
    return average.dtype.type(momentum) * average + average.dtype.type(1 - momentum) * value


def batch_norm_backward(
    dy: Array, x: Array, gamma: Array | None, beta: Array | None, mean: Array, inverse_std: Array, relu: bool = False,
    constant: bool = False, need_dx: bool = True,
) -> tuple[Array | None, Array, Array]:
    """Reference: the chain rule through Algorithm 1, from its last line to its first.

    dbeta  = sum dy
    dgamma = sum dy x^
    dx^    = dy gamma
    dvar   = sum dx^ (x - mu) (-1/2) (var + epsilon)^(-3/2)
    dmu    = sum dx^ (-1) / sqrt(var + epsilon)                (its other term, dvar sum -2 (x - mu) / m, is 0)
    dx     = dx^ / sqrt(var + epsilon) + dvar 2 (x - mu) / m + dmu / m

    Args:
        dy: Gradient of y.
        x, gamma, beta: As for `batch_norm_forward`.
        mean, inverse_std: The forward pass's.
        relu: y is max(0, y); its derivative is computed from x again.
        constant: mu and var were given, and do not depend on x: dvar = dmu = 0.
        need_dx: False returns None for dx.

    Returns:
        dx, dgamma, dbeta
    """
    axes = tuple(range(x.ndim - 1))
    m = x.size // max(x.shape[-1], 1)
    with np.errstate(all="ignore"):
        x_hat = (x - mean) * inverse_std
        if relu:
            dy = np.where(scale_and_shift(x_hat, gamma, beta) > 0, dy, 0).astype(x.dtype, copy=False)
        dbeta = dy.sum(axis=axes)
        dgamma = (dy * x_hat).sum(axis=axes)
        if not need_dx:
            return None, dgamma, dbeta
        dx_hat = dy if gamma is None else dy * gamma
        dx = dx_hat * inverse_std
        if not constant and m > 0:
            dvariance = (dx_hat * (x - mean)).sum(axis=axes) * x.dtype.type(-0.5) * inverse_std**3
            dmean = -(dx_hat * inverse_std).sum(axis=axes)
            dx = dx + (dvariance * 2 * (x - mean) + dmean) / x.dtype.type(m)
        return dx, dgamma, dbeta


def batch_norm(
    x: TensorLike, gamma: TensorLike = None, beta: TensorLike = None, epsilon: float = 1e-3, axis: int = -1,
    relu: bool = False, moments: tuple[Tensor, Tensor] | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Normalize each channel by the mean and the variance of this batch.

    y = gamma (x - mean) / sqrt(variance + epsilon) + beta, then max(0, y) with `relu`.

    Args:
        x: Tensor of rank 2 or more, such as (batch, height, width, channels); integers become `floatx()`.
        gamma, beta: Tensors of shape (channels,); None for 1 and 0.
        epsilon: Added to the variance, so that a constant channel does not divide by 0.
        axis: The channels' axis.
        relu: Apply ReLU in the same pass over memory.
        moments: (mean, variance) of this very batch as Tensors, if the operation that computed x returned them
            (`conv2d_moments`). The gradient is the same: that of statistics which depend on x.

    Returns:
        (y, mean, variance): the last two of shape (channels,), the variance divided by m, not m - 1. They are
        statistics: no gradient flows through them.

    Raises:
        ValueError: there is no sample, x has no such axis, or gamma or beta has another length than the channels.
        TypeError: gamma or beta has another element type than x.

    >>> y, mean, variance = batch_norm(np.array([[1.0], [3.0]], "float32"), epsilon=0.0)
    >>> y.numpy().ravel(), mean.numpy(), variance.numpy()
    (array([-1.,  1.], dtype=float32), array([2.], dtype=float32), array([1.], dtype=float32))
    """
    x = as_floats(x)
    shape = x.data.shape
    channels_last, gamma_data, beta_data, inputs = _checked("batch_norm", x, gamma, beta, axis)
    if x.data.size == 0:
        raise ValueError(
            f"batch_norm: an input of shape {shape} has no samples to take the mean of. "
            "Leave empty batches out of training."
        )
    x_data = x.data if channels_last else dense(np.moveaxis(x.data, axis, -1))
    if moments is None:
        y, mean, variance, inverse_std = kernels.batch_norm_forward(x_data, gamma_data, beta_data, epsilon, relu)
    else:
        mean, variance = moments[0].data, moments[1].data
        y, inverse_std = kernels.batch_norm_inference(x_data, gamma_data, beta_data, mean, variance, epsilon, relu)
    backward = _backward_of(x, x_data, gamma_data, beta_data, mean, inverse_std, relu, False, channels_last, axis)
    recorded = composed(normalization(gamma is not None, beta is not None, epsilon, axis, relu), inputs,
                        [tensor.data for tensor in inputs])
    y = record(y if channels_last else _back(y, axis), inputs, backward, recorded)
    return y, Tensor.wrap(mean), Tensor.wrap(variance)


def normalization(
    has_gamma: bool, has_beta: bool, epsilon: float, axis: int = -1, relu: bool = False,
    statistics: tuple[Array, Array] | None = None,
) -> Callable[..., Tensor]:
    """The formula of `batch_norm` in other operations, for derivatives of its gradient.

    Args:
        has_gamma, has_beta: Whether there are these parameters.
        epsilon, axis, relu: As for `batch_norm`.
        statistics: (mean, variance) as constants, as for `batch_norm_with`; those of x if None.

    Returns:
        Function of x and the parameters.
    """
    def formula(x, *parameters):
        shape = [1] * x.data.ndim
        shape[axis] = -1
        if statistics is None:
            others = tuple(i for i in range(x.data.ndim) if i != axis % x.data.ndim)
            centred = x - reduction.mean(x, others, keepdims=True)
            variance = reduction.mean(square(centred), others, keepdims=True)
        else:
            centred, variance = x - statistics[0].reshape(shape), Tensor.wrap(statistics[1].reshape(shape))
        y = centred * rsqrt(variance + epsilon)
        y = y * reshape(parameters[0], shape) if has_gamma else y
        y = y + reshape(parameters[-1], shape) if has_beta else y
        return elementwise(y, "relu") if relu else y

    return formula


def batch_norm_with(
    x: TensorLike, mean: TensorLike, variance: TensorLike, gamma: TensorLike = None, beta: TensorLike = None,
    epsilon: float = 1e-3, axis: int = -1, relu: bool = False,
) -> Tensor:
    """Normalize by statistics that are given as constants, as a trained network does.

    Args:
        mean, variance: Tensors of shape (channels,). They have no gradient; `batch_normalization` gives them one.
        x, gamma, beta, epsilon, axis, relu: As for `batch_norm`.

    Returns:
        Tensor, shaped like `x`.

    Raises:
        ValueError: x has no such axis, or a parameter or a statistic has another length than the channels.
        TypeError: gamma or beta has another element type than x.

    >>> batch_norm_with([[1.0], [3.0]], [1.0], [4.0], epsilon=0.0).numpy().ravel()
    array([0., 1.], dtype=float32)
    """
    x = as_floats(x)
    channels_last, gamma_data, beta_data, inputs = _checked("batch_norm_with", x, gamma, beta, axis)
    mean, variance = (convert_to_tensor(value, x.data.dtype).data for value in (mean, variance))
    for name, parameter in (("mean", mean), ("variance", variance)):
        check_channel_wise("batch_norm_with", name, parameter, x.data.shape, axis)
    x_data = x.data if channels_last else dense(np.moveaxis(x.data, axis, -1))
    y, inverse_std = kernels.batch_norm_inference(x_data, gamma_data, beta_data, mean, variance, epsilon, relu)
    backward = _backward_of(x, x_data, gamma_data, beta_data, mean, inverse_std, relu, True, channels_last, axis)
    recorded = composed(normalization(gamma is not None, beta is not None, epsilon, axis, relu, (mean, variance)),
                        inputs, [tensor.data for tensor in inputs])
    return record(y if channels_last else _back(y, axis), inputs, backward, recorded)


def batch_normalization(
    x: TensorLike, mean: TensorLike, variance: TensorLike, axis: int, offset: TensorLike = None,
    scale: TensorLike = None, epsilon: float = 1e-3,
) -> Tensor:
    """Keras's form: y = scale (x - mean) / sqrt(variance + epsilon) + offset, differentiable in all of them.

    Args:
        x: Tensor; integers become `floatx()`.
        mean, variance: Tensors of shape (channels,).
        axis: The channels' axis.
        offset, scale: Tensors of shape (channels,); None for 0 and 1.
        epsilon: Added to the variance.

    Returns:
        Tensor, shaped like `x`.

    Raises:
        ValueError: x has no such axis, or a parameter or a statistic has another length than the channels.
        TypeError: scale or offset has another element type than x.

    >>> batch_normalization([[1.0, 10.0], [5.0, 30.0]], [3.0, 20.0], [4.0, 100.0], axis=-1, epsilon=0).numpy().round(3)
    array([[-1., -1.],
           [ 1.,  1.]], dtype=float32)
    """
    x = as_floats(x)
    mean, variance = convert_to_tensor(mean, x.data.dtype), convert_to_tensor(variance, x.data.dtype)
    if not (is_tracked(mean) or is_tracked(variance)):
        return batch_norm_with(x, mean, variance, scale, offset, epsilon, axis)
    _checked("batch_normalization", x, scale, offset, axis)
    shape = [1] * x.data.ndim
    shape[axis] = -1
    y = (x - reshape(mean, shape)) * reshape(rsqrt(variance + epsilon), shape)
    y = y if scale is None else y * reshape(scale, shape)
    return y if offset is None else y + reshape(offset, shape)


def _back(array, axis):
    """The last axis back to where it came from."""
    return dense(np.moveaxis(array, -1, axis))


def _checked(operation, x, gamma, beta, axis):
    """(whether the channels stand last, gamma's array, beta's array, the inputs of the node)"""
    shape = x.data.shape
    check_channels_axis(operation, axis, shape)
    inputs, arrays = [x], []
    for name, parameter in (("gamma", gamma), ("beta", beta)):
        if parameter is not None:
            parameter = convert_to_tensor(parameter)
            check_channel_wise(operation, name, parameter.data, shape, axis)
            check_same_type(operation, name, parameter.data, x.data)
            inputs.append(parameter)
        arrays.append(None if parameter is None else parameter.data)
    return axis in (-1, len(shape) - 1), *arrays, inputs


def _backward_of(x, x_data, gamma, beta, mean, inverse_std, relu, constant, channels_last, axis):
    """The node's backward function. It holds arrays: variables may have been assigned to by the time it is called."""
    need_dx = is_tracked(x)

    def backward(dy):
        if not channels_last:
            dy = dense(np.moveaxis(dy, axis, -1))
        dx, dgamma, dbeta = kernels.batch_norm_backward(
            dy, x_data, gamma, beta, mean, inverse_std, relu, constant, need_dx
        )
        gradients = [dx if dx is None or channels_last else _back(dx, axis)]
        if gamma is not None:
            gradients.append(dgamma)
        if beta is not None:
            gradients.append(dbeta)
        return gradients

    return backward
