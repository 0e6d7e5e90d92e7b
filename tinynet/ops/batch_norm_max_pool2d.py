"""Batch normalization, ReLU, max pooling and dropout as one operation, for the blocks of a convolutional network.

    y[n, i, j, c] = max over (p, q) of max(0, b[n, i*height + p, j*width + q, c])    b = batch normalization of x

and, with a rate, dropout of y. Each operation alone moves images through the processor that are larger than its caches.
Together they read x twice, for the statistics and for y, and b is never in memory. In the backward pass only x and dx
are of full size. An element that dropout drops is recorded like one that ReLU made 0, so that its mask is computed
once.
"""

from __future__ import annotations

import numpy as np

from ..core.types import Array, Pair, SeedLike
from ..runtime import kernels
from ..seeds import draw_seed
from ..tape import is_tracked, record
from ..tensor import Tensor
from .batch_norm import batch_norm_forward, batch_norm_inference, normalization
from .dropout import dropout_forward, dropout_scale
from .max_pool2d import NO_ARGMAX, NO_PADDING, max_pool2d, max_pool2d_backward, max_pool2d_forward, windows
from .recorded_gradients import composed, linear

# The references.


def batch_norm_max_pool2d_forward(
    x: Array, gamma: Array | None, beta: Array | None, epsilon: float, pool_size: Pair, need_argmax: bool = True,
    rate: float = 0.0, seed: int = 0, offset: int = 0,
) -> tuple[Array, Array | None, Array | None, Array, Array, Array]:
    """Reference: Algorithm 1 of batch normalization, max(0, .), the largest value of each window, and dropout.

    Args:
        x: (batch, height, width, channels).
        gamma, beta, epsilon: As in `batch_norm_forward`.
        pool_size: (height, width) of the windows, which lie side by side inside the image. Pixels at the bottom and
            the right that no window contains count in the statistics.
        need_argmax: Whether `batch_norm_max_pool2d_backward` will be called.
        rate, seed, offset: As in `dropout_forward`; nothing is dropped with a rate of 0.

    Returns:
        y, the argmax index of each window (uint8, counted row by row, 255 where y is not positive) and the x there,
        both None if not needed; mean, variance, 1 / sqrt(variance + epsilon).
    """
    b, mean, variance, inverse_std = batch_norm_forward(x, gamma, beta, epsilon, relu=True)
    return *_pool(x, b, pool_size, need_argmax, rate, seed, offset), mean, variance, inverse_std


def batch_norm_max_pool2d_inference(
    x: Array, gamma: Array | None, beta: Array | None, mean: Array, variance: Array, epsilon: float, pool_size: Pair,
    need_argmax: bool = True, rate: float = 0.0, seed: int = 0, offset: int = 0,
) -> tuple[Array, Array | None, Array | None, Array]:
    """Reference: the same with given statistics.

    Args:
        mean, variance: Shape (channels,).
        x, gamma, beta, epsilon, pool_size, need_argmax, rate, seed, offset: As for `batch_norm_max_pool2d_forward`.

    Returns:
        y, the argmax indices, the x of each maximum, 1 / sqrt(variance + epsilon)
    """
    b, inverse_std = batch_norm_inference(x, gamma, beta, mean, variance, epsilon, relu=True)
    return *_pool(x, b, pool_size, need_argmax, rate, seed, offset), inverse_std


def _pool(x, b, pool_size, need_argmax, rate, seed, offset):
    y, argmax = max_pool2d_forward(b, pool_size, pool_size, NO_PADDING)
    if rate > 0:
        y = dropout_forward(y, rate, seed, offset)
    if not need_argmax:
        return y, None, None
    x_at_max = np.take_along_axis(windows(x, pool_size, pool_size, NO_PADDING, 0), argmax[..., None].astype(int), -1)
    return y, np.where(y > 0, argmax, NO_ARGMAX).astype(np.uint8), x_at_max[..., 0]


def batch_norm_max_pool2d_backward(
    dy: Array, argmax: Array, x_at_max: Array, x: Array, gamma: Array | None, mean: Array, inverse_std: Array,
    pool_size: Pair, constant: bool = False, need_dx: bool = True, rate: float = 0.0,
) -> tuple[Array | None, Array, Array]:
    """Reference: dy counts where a maximum was and was kept, so that its sums are sums over windows.

    dbeta  = sum dy                                            dy here divided by 1 - rate
    dgamma = sum dy x^ of the maxima
    dx     = gamma / std (dy - dbeta / m - x^ dgamma / m)      in full size, with dy at the maxima and 0 elsewhere

    Args:
        dy: (batch, out_height, out_width, channels).
        argmax, x_at_max: The argmax indices and the x of each maximum, of the same shape.
        x, gamma, pool_size: As for `batch_norm_max_pool2d_forward`.
        mean, inverse_std: The forward pass's.
        constant: mean and inverse_std were given, and do not depend on x: the last two terms are 0.
        need_dx: False returns None for dx.
        rate: That of the forward pass. An element that it dropped has 255 in `argmax`.

    Returns:
        dx, dgamma, dbeta
    """
    axes = (0, 1, 2)
    with np.errstate(all="ignore"):
        dy = np.where(argmax == NO_ARGMAX, 0, dy * dropout_scale(rate, x.dtype)).astype(x.dtype, copy=False)
        dbeta = dy.sum(axis=axes)
        dgamma = (dy * ((x_at_max - mean) * inverse_std)).sum(axis=axes)
        if not need_dx:
            return None, dgamma, dbeta
        dx = max_pool2d_backward(dy, argmax, x.shape, pool_size, pool_size, NO_PADDING)
        if not constant:
            m = x.dtype.type(max(x.size // max(x.shape[-1], 1), 1))
            dx = dx - dbeta / m - (x - mean) * inverse_std * (dgamma / m)
        return dx * (inverse_std if gamma is None else gamma * inverse_std), dgamma, dbeta


# What the layers of a model call together.


def is_profitable(x_shape: tuple[int, ...], pool_size: Pair) -> bool:
    """Whether one pass is possible and the faster way for an input of this shape.

    At 28x28x32 in a batch of 128 it takes 0.6 (forward) and 0.5 (back) of the time, with 8 channels 0.65 and 0.7. Fewer
    channels do not fill a vector. Empty batches and windows that do not fit are left to the operations one by one, to
    refuse.
    """
    return (len(x_shape) == 4 and 0 not in x_shape and x_shape[3] >= 8 and pool_size[0] <= x_shape[1]
            and pool_size[1] <= x_shape[2] and 1 < pool_size[0] * pool_size[1] <= 16)


def batch_norm_max_pool2d(
    x: Tensor, gamma: Tensor | None = None, beta: Tensor | None = None, epsilon: float = 1e-3, pool_size: Pair = (2, 2),
    rate: float = 0.0, seed: SeedLike = None, moments: tuple[Tensor, Tensor] | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Batch normalization by the statistics of this batch, ReLU, max pooling, dropout.

    y = dropout(max_pool2d(batch_norm(x, gamma, beta, epsilon, relu=True), pool_size), rate, seed), bit for bit.

    Args:
        x: Tensor, shape (batch, height, width, channels), for which `is_profitable(x.shape, pool_size)`.
        gamma, beta: Tensors of shape (channels,) and x's type; None for 1 and 0.
        epsilon: Added to the variance.
        pool_size: (height, width) of the windows, and the steps between them.
        rate: Probability of dropping a number, from 0 to 1; 0 draws no seed.
        seed: As in `dropout`.
        moments: (mean, variance) of this very batch, as for `batch_norm`.

    Returns:
        (y, mean, variance): y of shape (batch, height // pool_height, width // pool_width, channels), the others as of
        `batch_norm`.

    >>> x = Tensor(np.repeat(np.arange(16.0), 8).reshape(1, 4, 4, 8))
    >>> y, mean, variance = batch_norm_max_pool2d(x, epsilon=0.0)
    >>> y.numpy()[0, :, :, 0].round(2), mean.numpy()[0], variance.numpy()[0]
    (array([[0.  , 0.  ],
           [1.19, 1.63]]), np.float64(7.5), np.float64(21.25))
    """
    inputs, gamma_data, beta_data = _inputs(x, gamma, beta)
    need_argmax, dropout = any(map(is_tracked, inputs)), (rate, *_seed(rate, seed))
    if moments is None:
        y, argmax, x_at_max, mean, variance, inverse_std = kernels.batch_norm_max_pool2d_forward(
            x.data, gamma_data, beta_data, epsilon, pool_size, need_argmax, *dropout
        )
    else:
        mean, variance = moments[0].data, moments[1].data
        y, argmax, x_at_max, inverse_std = kernels.batch_norm_max_pool2d_inference(
            x.data, gamma_data, beta_data, mean, variance, epsilon, pool_size, need_argmax, *dropout
        )
    backward = _backward_of(x, argmax, x_at_max, gamma, beta, mean, inverse_std, pool_size, False, rate)
    y = record(y, inputs, backward, _recorded(inputs, gamma, beta, epsilon, pool_size, dropout))
    return y, Tensor.wrap(mean), Tensor.wrap(variance)


def batch_norm_max_pool2d_with(
    x: Tensor, mean: Tensor, variance: Tensor, gamma: Tensor | None = None, beta: Tensor | None = None,
    epsilon: float = 1e-3, pool_size: Pair = (2, 2), rate: float = 0.0, seed: SeedLike = None,
) -> Tensor:
    """`batch_norm_max_pool2d` by statistics that are given as constants: with `batch_norm_with` for `batch_norm`.

    Args:
        mean, variance: Tensors of shape (channels,) and x's type; they have no gradient.
        x, gamma, beta, epsilon, pool_size, rate, seed: As in `batch_norm_max_pool2d`.

    Returns:
        Tensor, shape (batch, height // pool_height, width // pool_width, channels).
    """
    inputs, gamma_data, beta_data = _inputs(x, gamma, beta)
    mean_data, dropout = mean.data, (rate, *_seed(rate, seed))
    y, argmax, x_at_max, inverse_std = kernels.batch_norm_max_pool2d_inference(
        x.data, gamma_data, beta_data, mean_data, variance.data, epsilon, pool_size, any(map(is_tracked, inputs)),
        *dropout
    )
    backward = _backward_of(x, argmax, x_at_max, gamma, beta, mean_data, inverse_std, pool_size, True, rate)
    statistics = mean_data, variance.data
    return record(y, inputs, backward, _recorded(inputs, gamma, beta, epsilon, pool_size, dropout, statistics))


def _recorded(inputs, gamma, beta, epsilon, pool_size, dropout, statistics=None):
    """The node's gradient in recorded operations: the four operations one after the other."""
    normalize = normalization(gamma is not None, beta is not None, epsilon, -1, True, statistics)

    def drop(array):
        return kernels.dropout_forward(array, *dropout)

    return composed(lambda *values: linear(max_pool2d(normalize(*values), pool_size), drop, drop), inputs,
                    [tensor.data for tensor in inputs])


def _seed(rate, seed):
    return draw_seed(seed) if rate > 0 else (0, 0)


def _inputs(x, gamma, beta):
    """(the inputs of the node, gamma's array, beta's array)"""
    inputs = [tensor for tensor in (x, gamma, beta) if tensor is not None]
    return inputs, None if gamma is None else gamma.data, None if beta is None else beta.data


def _backward_of(x, argmax, x_at_max, gamma, beta, mean, inverse_std, pool_size, constant, rate):
    """The node's backward function. It holds arrays: variables may have been assigned to by the time it is called."""
    need_dx, x_data, gamma_data = is_tracked(x), x.data, None if gamma is None else gamma.data
    wanted = (True, gamma is not None, beta is not None)

    def backward(dy):
        gradients = kernels.batch_norm_max_pool2d_backward(
            dy, argmax, x_at_max, x_data, gamma_data, mean, inverse_std, pool_size, constant, need_dx, rate
        )
        return [gradient for gradient, want in zip(gradients, wanted, strict=True) if want]

    return backward
