"""Batch normalization by the statistics of the whole batch, where several processes each compute a share of it.

`batch_norm`'s formulas with sums over all ranks r. With w_r, the weight of a rank's share (tinynet/shares.py), the
loss is sum_r w_r L_r, and each rank computes the gradients of its own L_r:

    m        = sum_r m_r
    mu       = 1/m sum_r m_r mu_r
    var      = 1/m sum_r m_r (var_r + (mu_r - mu)^2)

    dbeta_r  = sum dy                                   over the rank's own share, as dgamma: the optimizer sums them
    dgamma_r = sum dy x^
    Sbeta    = sum_r w_r dbeta_r / w_r (this rank's)    dx of one rank depends on the losses of all
    Sgamma   = sum_r w_r dgamma_r / w_r
    dx       = gamma / sqrt(var + epsilon) (dy - Sbeta / m - x^ Sgamma / m)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import shares
from ..core.types import Array, TensorLike
from ..runtime import kernels
from ..tape import is_tracked, record
from ..tensor import Tensor, convert_to_tensor
from .arguments import as_floats, check_channel_wise, check_channels_axis, check_same_type


def synchronized_sum(x: Tensor) -> Tensor:
    """The sum of a tensor over the shares of all processes; x itself where there is one.

    Gradient: what all ranks' losses give, by their weights.

    Args:
        x: Tensor, of the same shape on each rank.

    Returns:
        Tensor, shaped like x.

    >>> float(synchronized_sum(Tensor(2.0)))
    2.0
    """
    share = shares.share()
    if share is None:
        return x
    dtype = x.data.dtype
    total = share.sum(np.asarray(x.data * dtype.type(not share.is_spare)))

    def backward(dy: Array) -> tuple[Array]:
        summed = share.sum(np.asarray(dy * dtype.type(share.weight)))
        return (np.asarray(summed * dtype.type(share.inverse_weight)),)

    return record(np.asarray(total, dtype), (x,), backward)


def _moments_of_all(share: Any, mean: Array, variance: Array, count: int) -> tuple[Array, Array, float]:
    """Mean, variance and number over all ranks, from those of this one; in float64."""
    count = 0 if share.is_spare else count
    mean, variance = mean.astype(np.float64), variance.astype(np.float64)
    sums = share.sum(np.concatenate([[float(count)], count * mean, count * (variance + mean**2)])
                     if count else np.zeros(1 + 2 * mean.size))
    m = max(sums[0], 1.0)
    whole = sums[1:1 + mean.size] / m
    return whole, np.maximum(sums[1 + mean.size:] / m - whole**2, 0), float(m)


def synchronized_batch_norm(x: TensorLike, gamma: TensorLike = None, beta: TensorLike = None, epsilon: float = 1e-3,
                            axis: int = -1) -> tuple[Tensor, Tensor, Tensor]:
    """Normalize each channel by the mean and the variance of the whole batch, of which x is this process's share.

    Args:
        x, gamma, beta, epsilon, axis: As for `batch_norm`.

    Returns:
        (y, mean, variance), as of `batch_norm`.

    Raises:
        ValueError: there is no sample, x has no such axis, or gamma or beta has another length than the channels.
        TypeError: gamma or beta has another element type than x.
        RuntimeError: several processes do not share a batch at this moment.
    """
    share = shares.share()
    if share is None:
        raise RuntimeError("synchronized_batch_norm: no processes share a batch here; use batch_norm")
    x = as_floats(x)
    check_channels_axis("synchronized_batch_norm", axis, x.data.shape)
    if x.data.size == 0:
        raise ValueError(f"synchronized_batch_norm: an input of shape {x.data.shape} has no samples")
    inputs, parameters = [x], []
    for name, parameter in (("gamma", gamma), ("beta", beta)):
        if parameter is not None:
            parameter = convert_to_tensor(parameter)
            check_channel_wise("synchronized_batch_norm", name, parameter.data, x.data.shape, axis)
            check_same_type("synchronized_batch_norm", name, parameter.data, x.data)
            inputs.append(parameter)
        parameters.append(None if parameter is None else parameter.data)
    gamma_data, beta_data = parameters
    x_data = np.ascontiguousarray(np.moveaxis(x.data, axis, -1))
    dtype = x_data.dtype
    _, own_mean, own_variance, _ = kernels.batch_norm_forward(x_data, None, None, epsilon, False)
    mean64, variance64, m = _moments_of_all(share, own_mean, own_variance, x_data.size // x_data.shape[-1])
    mean, variance = mean64.astype(dtype), variance64.astype(dtype)
    y, inverse_std = kernels.batch_norm_inference(x_data, gamma_data, beta_data, mean, variance, epsilon, False)
    need_dx = is_tracked(x)

    def backward(dy: Array) -> list[Array | None]:
        dy = np.ascontiguousarray(np.moveaxis(dy, axis, -1))
        dx, dgamma, dbeta = kernels.batch_norm_backward(dy, x_data, gamma_data, beta_data, mean, inverse_std, False,
                                                        True, need_dx)
        sums = np.concatenate([dbeta, dgamma]).astype(np.float64) * share.weight
        sums = share.sum(sums if not share.is_spare else np.zeros_like(sums)) * (share.inverse_weight / m)
        if need_dx:
            d_mean, d_std = sums[:dbeta.size], sums[dbeta.size:] * inverse_std
            scale = inverse_std if gamma_data is None else inverse_std * gamma_data
            # d_mean + x^ d_std = slope x + offset
            slope = (scale * d_std).astype(dtype)
            offset = (scale * (d_mean - mean * d_std)).astype(dtype)
            dx -= x_data * slope
            dx -= offset
            dx = np.ascontiguousarray(np.moveaxis(dx, -1, axis))
        gradients: list[Array | None] = [dx if need_dx else None]
        if gamma_data is not None:
            gradients.append(dgamma)
        if beta_data is not None:
            gradients.append(dbeta)
        return gradients

    y = record(np.ascontiguousarray(np.moveaxis(y, -1, axis)), inputs, backward)
    return y, Tensor.wrap(mean), Tensor.wrap(variance)
