"""Normalizations of features that look at one sample at a time: layer and root mean square normalization, unit length.

y = gamma (x - mean) / sqrt(variance + epsilon) + beta, with the mean and variance of

- layer normalization (Ba et al. 2016): all features of a sample;
- root mean square normalization (Zhang and Sennrich 2019): mean 0, variance the mean of x^2.

`normalize` divides by the square root of the sum of x^2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..config import epsilon as default_epsilon
from ..core.types import Array, TensorLike
from ..runtime import kernels
from ..tape import is_tracked, record
from ..tensor import Tensor, convert_to_tensor
from .arguments import as_floats, check_axes, check_same_type
from .recorded_gradients import composed


def layer_norm_forward(
    x: Array, gamma: Array | None, beta: Array | None, epsilon: float, rms: bool = False
) -> tuple[Array, Array, Array]:
    """Reference, along the last axis: y = gamma (x - mean) / sqrt(variance + epsilon) + beta; with `rms`, mean = 0.

    Args:
        x: Shape (..., features).
        gamma, beta: Shape (features,); None for 1 and 0.
        epsilon: Added to the variance.
        rms: Whether the mean counts as 0.

    Returns:
        y, mean, 1 / sqrt(variance + epsilon): the last two of shape (...).
    """
    with np.errstate(all="ignore"):
        size = x.dtype.type(x.shape[-1])
        mean = np.zeros(x.shape[:-1], x.dtype) if rms else x.sum(axis=-1) / size
        centred = x - mean[..., None]
        variance = (centred**2).sum(axis=-1) / size
        inverse_std = np.asarray(1 / np.sqrt(variance + x.dtype.type(epsilon)), x.dtype)
        y = centred * inverse_std[..., None]
        y = y if gamma is None else y * gamma
        return y if beta is None else y + beta, mean, inverse_std


def layer_norm_backward(
    dy: Array, x: Array, gamma: Array | None, mean: Array, inverse_std: Array, rms: bool = False, need_dx: bool = True,
    need_dgamma: bool = True, need_dbeta: bool = True,
) -> tuple[Array | None, Array | None, Array | None]:
    """Reference: the gradients.

    dbeta = sum dy, dgamma = sum dy x^, over all rows
    dx = (dx^ - mean of dx^ - x^ mean of (dx^ x^)) / sqrt(variance + epsilon), dx^ = dy gamma
    With `rms` the first mean is left out.

    Args:
        dy: Gradient of y.
        x, gamma, rms: As for `layer_norm_forward`.
        mean, inverse_std: The forward pass's.
        need_dx, need_dgamma, need_dbeta: False returns None for this gradient.

    Returns:
        dx, dgamma, dbeta
    """
    rows = tuple(range(x.ndim - 1))
    with np.errstate(all="ignore"):
        size = x.dtype.type(x.shape[-1])
        x_hat = (x - mean[..., None]) * inverse_std[..., None]
        dx = None
        if need_dx:
            dx_hat = dy if gamma is None else dy * gamma
            level = 0 if rms else dx_hat.sum(axis=-1, keepdims=True) / size
            slope = (dx_hat * x_hat).sum(axis=-1, keepdims=True) / size
            dx = inverse_std[..., None] * (dx_hat - level - x_hat * slope)
        dgamma = (dy * x_hat).sum(axis=rows) if need_dgamma else None
        return dx, dgamma, dy.sum(axis=rows) if need_dbeta else None


def layer_normalization(
    x: TensorLike, gamma: TensorLike = None, beta: TensorLike = None, axis: int | Sequence[int] = -1,
    epsilon: float | None = None,
) -> Tensor:
    """Normalize each sample over `axis` to mean 0 and variance 1. Ba et al. 2016.

    y = gamma (x - mean) / sqrt(variance + epsilon) + beta

    Args:
        x: Tensor; integers become `floatx()`.
        gamma, beta: Tensors shaped as x along the normalized axes; None for 1 and 0.
        axis: Axis, or several.
        epsilon: Added to the variance; `tinynet.config.epsilon()` if None.

    Returns:
        Tensor, shaped like `x`.

    Raises:
        ValueError: x has no such axis, or gamma or beta has another shape.
        TypeError: gamma or beta has another element type than x.

    >>> layer_normalization(np.array([[1.0, 3.0]], "float32"), epsilon=0.0).numpy()
    array([[-1.,  1.]], dtype=float32)
    """
    return _along("layer_normalization", x, gamma, beta, axis, epsilon, rms=False)


def rms_normalization(
    x: TensorLike, scale: TensorLike = None, axis: int | Sequence[int] = -1, epsilon: float | None = None
) -> Tensor:
    """x / sqrt(mean of x^2 + epsilon), times `scale`: layer normalization without the mean.

    Zhang and Sennrich 2019.

    Args:
        x: Tensor; integers become `floatx()`.
        scale: Tensor shaped as x along the normalized axes; None for 1.
        axis: Axis, or several.
        epsilon: Added to the mean of squares; `tinynet.config.epsilon()` if None.

    Returns:
        Tensor, shaped like `x`.

    Raises:
        ValueError: x has no such axis, or scale has another shape.

    >>> rms_normalization([[3.0, 3.0]], epsilon=0.0).numpy()
    array([[1., 1.]], dtype=float32)
    """
    return _along("rms_normalization", x, scale, None, axis, epsilon, rms=True)


def _along(operation, x, gamma, beta, axis, epsilon, rms):
    x = as_floats(x)
    epsilon = default_epsilon() if epsilon is None else epsilon
    rank = x.data.ndim
    axes = check_axes(operation, axis, x.data.shape)
    if not axes:
        raise ValueError(f"{operation}: no axis to normalize over. Got axis {axis}; use -1 for the features.")
    axes = sorted(axes)
    last = axes == list(range(rank - len(axes), rank))
    moved = x.data if last else np.moveaxis(x.data, axes, range(rank - len(axes), rank))
    outer, inner = moved.shape[: rank - len(axes)], moved.shape[rank - len(axes) :]
    size = math.prod(inner)
    inputs, arrays = [x], []
    for name, parameter in (("gamma", gamma), ("beta", beta)):
        if parameter is not None:
            parameter = convert_to_tensor(parameter)
            if parameter.data.shape != inner:
                raise ValueError(
                    f"{operation}: {name} has shape {parameter.data.shape}, "
                    f"but the normalized axes of the input have shape {inner}. Got input {x.data.shape}, axis {axis}."
                )
            check_same_type(operation, name, parameter.data, x.data)
            inputs.append(parameter)
        arrays.append(None if parameter is None else parameter.data.reshape(size))
    gamma_data, beta_data = arrays
    rows = moved.reshape(*outer, size)
    y, mean, inverse_std = kernels.layer_norm_forward(rows, gamma_data, beta_data, epsilon, rms)

    def back(array):
        array = array.reshape(moved.shape)
        return array if last else np.ascontiguousarray(np.moveaxis(array, range(rank - len(axes), rank), axes))

    need_dx = is_tracked(x)

    def backward(dy):
        if not last:
            dy = np.moveaxis(dy, axes, range(rank - len(axes), rank))
        dx, dgamma, dbeta = kernels.layer_norm_backward(
            dy.reshape(rows.shape), rows, gamma_data, mean, inverse_std, rms, need_dx, gamma_data is not None,
            beta_data is not None,
        )
        gradients = [None if dx is None else back(dx)]
        gradients += [gradient.reshape(inner) for gradient in (dgamma, dbeta) if gradient is not None]
        return gradients

    def formula(x, *parameters):
        from .elementwise import rsqrt, square
        from .reduction import mean
        from .shape import reshape

        centred = x if rms else x - mean(x, axes, keepdims=True)
        y = centred * rsqrt(mean(square(centred), axes, keepdims=True) + epsilon)
        shape = [extent if axis in axes else 1 for axis, extent in enumerate(x.data.shape)]
        y = y if gamma_data is None else y * reshape(parameters[0], shape)
        return y if beta_data is None else y + reshape(parameters[-1], shape)

    return record(back(y), inputs, backward, composed(formula, inputs, [tensor.data for tensor in inputs]))


def normalize(
    x: TensorLike, axis: int | Sequence[int] = -1, order: float = 2, epsilon: float | None = None
) -> Tensor:
    """x divided by its norm along `axis`: vectors of length 1.

    Args:
        x: Tensor; integers become `floatx()`.
        axis: Axis, or several.
        order: Of the norm: 2 for the root of the sum of squares, 1 for the sum of absolute values, `numpy.inf` for the
            largest.
        epsilon: The smallest norm; a shorter vector is divided by it. `tinynet.config.epsilon()` if None.

    Returns:
        Tensor, shaped like `x`.

    Raises:
        ValueError: x has no such axis, or there is no such norm.

    >>> normalize(np.array([[3.0, 4.0]], "float32")).numpy()
    array([[0.6, 0.8]], dtype=float32)
    """
    from .elementwise import maximum, rsqrt, square
    from .norm import norm
    from .reduction import sum

    x = as_floats(x)
    epsilon = default_epsilon() if epsilon is None else epsilon
    axis = tuple(axis) if isinstance(axis, list | tuple) else axis
    if order == 2:
        return x * rsqrt(maximum(sum(square(x), axis=axis, keepdims=True), epsilon * epsilon))
    return x / maximum(norm(x, ord=order, axis=axis, keepdims=True), epsilon)
