"""Activations under Keras's names and with Keras's arguments, element by element.

Each is one line of `FORMULAS` in activation_formulas.py, where the formulas and their derivatives stand.
"""

from __future__ import annotations

import math

from ..core.types import TensorLike
from ..tensor import Tensor
from .activation_formulas import FORMULAS, SELU_ALPHA, SELU_SCALE, elementwise

__all__ = [
    "FORMULAS", "SELU_ALPHA", "SELU_SCALE", "celu", "elementwise", "elu", "exponential", "gelu", "hard_shrink",
    "hard_sigmoid", "hard_silu", "hard_swish", "hard_tanh", "leaky_relu", "log_sigmoid", "mish", "relu", "relu6",
    "selu", "sigmoid", "silu", "soft_shrink", "softplus", "softsign", "sparse_plus", "sparse_sigmoid", "squareplus",
    "swish", "tanh", "tanh_shrink", "threshold",
]


def relu(
    x: TensorLike, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0
) -> Tensor:
    """Rectified linear unit: x above the threshold, 0 below it; max(0, x) with the defaults.

    y = min(x, max_value)                  for x > threshold
    y = negative_slope (x - threshold)     for x <= threshold

    The derivative at the threshold is 0, or `negative_slope`.

    Args:
        x: Tensor of any shape; integers become `floatx()`.
        negative_slope: Slope at and below the threshold.
        max_value: Upper limit of y, at least 0; none if None.
        threshold: Below it, x counts as negative.

    Returns:
        Tensor, shaped like `x`.

    Raises:
        ValueError: `max_value` is negative.

    >>> relu([-2.0, 0.0, 3.0]).numpy()
    array([0., 0., 3.], dtype=float32)
    """
    if max_value is None and threshold == 0:
        return elementwise(x, "leaky_relu", negative_slope) if negative_slope else elementwise(x, "relu")
    if max_value is None:
        max_value = math.inf
    elif max_value < 0:
        raise ValueError(f"relu: max_value must be at least 0, got {max_value}")
    return elementwise(x, "clipped_relu", negative_slope, max_value, threshold)


def relu6(x: TensorLike) -> Tensor:
    """min(max(0, x), 6). Howard et al. 2017.

    Args:
        x: Tensor of any shape; integers become `floatx()`.

    Returns:
        Tensor, shaped like `x`.

    >>> relu6([-2.0, 3.0, 9.0]).numpy()
    array([0., 3., 6.], dtype=float32)
    """
    return elementwise(x, "relu6")


def leaky_relu(x: TensorLike, negative_slope: float = 0.2) -> Tensor:
    """x for x > 0, negative_slope x for x <= 0. Maas et al. 2013 (with 0.01).

    Args:
        x: Tensor of any shape; integers become `floatx()`.
        negative_slope: Slope at and below 0.

    Returns:
        Tensor, shaped like `x`.

    >>> leaky_relu([-4.0, 3.0], negative_slope=0.25).numpy()
    array([-1.,  3.], dtype=float32)
    """
    return elementwise(x, "leaky_relu", negative_slope)


def elu(x: TensorLike, alpha: float = 1.0) -> Tensor:
    """Exponential linear unit: x for x > 0, alpha (e^x - 1) for x <= 0. Clevert et al. 2015.

    Args:
        x: Tensor of any shape; integers become `floatx()`.
        alpha: -alpha is the limit for large negative x.

    Returns:
        Tensor, shaped like `x`.

    >>> elu([-1.0, 0.0, 2.0]).numpy().round(3)
    array([-0.632,  0.   ,  2.   ], dtype=float32)
    """
    return elementwise(x, "elu", alpha)


def celu(x: TensorLike, alpha: float = 1.0) -> Tensor:
    """x for x > 0, alpha (e^(x / alpha) - 1) for x <= 0: the slope at 0 is 1 for every alpha. Barron 2017.

    Args:
        x: Tensor of any shape; integers become `floatx()`.
        alpha: -alpha is the limit for large negative x.

    Returns:
        Tensor, shaped like `x`.

    Raises:
        ValueError: alpha is 0.

    >>> celu([-2.0, 0.0, 2.0], alpha=2.0).numpy().round(3)
    array([-1.264,  0.   ,  2.   ], dtype=float32)
    """
    if alpha == 0:
        raise ValueError("celu: alpha must not be 0, it divides x")
    return elementwise(x, "celu", alpha)


def selu(x: TensorLike) -> Tensor:
    """1.0507 x for x > 0, 1.0507 * 1.6733 (e^x - 1) for x <= 0. Klambauer et al. 2017.

    The two constants keep mean 0 and variance 1 from layer to layer.

    Args:
        x: Tensor of any shape; integers become `floatx()`.

    Returns:
        Tensor, shaped like `x`.

    >>> selu([-1.0, 0.0, 1.0]).numpy().round(3)
    array([-1.111,  0.   ,  1.051], dtype=float32)
    """
    return elementwise(x, "selu")


def gelu(x: TensorLike, approximate: bool = True) -> Tensor:
    """x times the probability that a standard normal variable is below x. Hendrycks and Gimpel 2016.

    y = x (1 + erf(x / sqrt 2)) / 2, or with approximate=True x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2.

    Args:
        x: Tensor of any shape; integers become `floatx()`.
        approximate: Whether to use the form with tanh.

    Returns:
        Tensor, shaped like `x`.

    >>> gelu([-1.0, 0.0, 1.0], approximate=False).numpy().round(3)
    array([-0.159,  0.   ,  0.841], dtype=float32)
    """
    return elementwise(x, "gelu_tanh" if approximate else "gelu")


def sigmoid(x: TensorLike) -> Tensor:
    """The logistic function, 1 / (1 + e^-x).

    Args:
        x: Tensor of any shape; integers become `floatx()`.

    Returns:
        Tensor, shaped like `x`, from 0 to 1.

    >>> sigmoid([-1000.0, 0.0, 1000.0]).numpy()
    array([0. , 0.5, 1. ], dtype=float32)
    """
    return elementwise(x, "sigmoid")


def hard_sigmoid(x: TensorLike) -> Tensor:
    """relu6(x + 3) / 6: a sigmoid made of three straight lines.

    Args:
        x: Tensor of any shape; integers become `floatx()`.

    Returns:
        Tensor, shaped like `x`, from 0 to 1.

    >>> hard_sigmoid([-4.0, 0.0, 1.5, 4.0]).numpy()
    array([0.  , 0.5 , 0.75, 1.  ], dtype=float32)
    """
    return elementwise(x, "hard_sigmoid")


def log_sigmoid(x: TensorLike) -> Tensor:
    """log(1 / (1 + e^-x)), without overflow.

    Args:
        x: Tensor of any shape; integers become `floatx()`.

    Returns:
        Tensor, shaped like `x`.

    >>> log_sigmoid([-50.0, 0.0]).numpy().round(3)
    array([-50.   ,  -0.693], dtype=float32)
    """
    return elementwise(x, "log_sigmoid")


def silu(x: TensorLike) -> Tensor:
    """x sigmoid(x), also called swish. Ramachandran et al. 2017.

    Args:
        x: Tensor of any shape; integers become `floatx()`.

    Returns:
        Tensor, shaped like `x`.

    >>> silu([-1.0, 0.0, 1.0]).numpy().round(3)
    array([-0.269,  0.   ,  0.731], dtype=float32)
    """
    return elementwise(x, "silu")


def hard_silu(x: TensorLike) -> Tensor:
    """x hard_sigmoid(x). Howard et al. 2019.

    Args:
        x: Tensor of any shape; integers become `floatx()`.

    Returns:
        Tensor, shaped like `x`.

    >>> hard_silu([-4.0, 0.0, 3.0]).numpy()
    array([-0.,  0.,  3.], dtype=float32)
    """
    return elementwise(x, "hard_silu")


def tanh(x: TensorLike) -> Tensor:
    """The hyperbolic tangent, (e^x - e^-x) / (e^x + e^-x).

    Args:
        x: Tensor of any shape; integers become `floatx()`.

    Returns:
        Tensor, shaped like `x`, from -1 to 1.

    >>> tanh([-1000.0, 0.0, 1.0]).numpy().round(3)
    array([-1.   ,  0.   ,  0.762], dtype=float32)
    """
    return elementwise(x, "tanh")


def hard_tanh(x: TensorLike) -> Tensor:
    """x clipped to [-1, 1].

    Args:
        x: Tensor of any shape; integers become `floatx()`.

    Returns:
        Tensor, shaped like `x`.

    >>> hard_tanh([-4.0, 0.5, 4.0]).numpy()
    array([-1. ,  0.5,  1. ], dtype=float32)
    """
    return elementwise(x, "hard_tanh")


def tanh_shrink(x: TensorLike) -> Tensor:
    """x - tanh(x).

    Args:
        x: Tensor of any shape; integers become `floatx()`.

    Returns:
        Tensor, shaped like `x`.

    >>> tanh_shrink([-1.0, 0.0, 1.0]).numpy().round(3)
    array([-0.238,  0.   ,  0.238], dtype=float32)
    """
    return elementwise(x, "tanh_shrink")


def hard_shrink(x: TensorLike, threshold: float = 0.5) -> Tensor:
    """x where |x| > threshold, 0 elsewhere.

    Args:
        x: Tensor of any shape; integers become `floatx()`.
        threshold: Up to this size, x becomes 0.

    Returns:
        Tensor, shaped like `x`.

    >>> hard_shrink([-2.0, 0.25, 1.0]).numpy()
    array([-2.,  0.,  1.], dtype=float32)
    """
    return elementwise(x, "hard_shrink", threshold)


def soft_shrink(x: TensorLike, threshold: float = 0.5) -> Tensor:
    """x moved towards 0 by `threshold`, and 0 where |x| <= threshold.

    Args:
        x: Tensor of any shape; integers become `floatx()`.
        threshold: By how much |x| shrinks.

    Returns:
        Tensor, shaped like `x`.

    >>> soft_shrink([-2.0, 0.25, 1.0]).numpy()
    array([-1.5,  0. ,  0.5], dtype=float32)
    """
    return elementwise(x, "soft_shrink", threshold)


def softplus(x: TensorLike) -> Tensor:
    """log(1 + e^x), without overflow.

    Args:
        x: Tensor of any shape; integers become `floatx()`.

    Returns:
        Tensor, shaped like `x`.

    >>> softplus([-50.0, 0.0, 50.0]).numpy().round(3)
    array([ 0.   ,  0.693, 50.   ], dtype=float32)
    """
    return elementwise(x, "softplus")


def softsign(x: TensorLike) -> Tensor:
    """x / (1 + |x|).

    Args:
        x: Tensor of any shape; integers become `floatx()`.

    Returns:
        Tensor, shaped like `x`, from -1 to 1.

    >>> softsign([-1.0, 0.0, 3.0]).numpy()
    array([-0.5 ,  0.  ,  0.75], dtype=float32)
    """
    return elementwise(x, "softsign")


def mish(x: TensorLike) -> Tensor:
    """x tanh(softplus(x)). Misra 2019.

    Args:
        x: Tensor of any shape; integers become `floatx()`.

    Returns:
        Tensor, shaped like `x`.

    >>> mish([-1.0, 0.0, 1.0]).numpy().round(3)
    array([-0.303,  0.   ,  0.865], dtype=float32)
    """
    return elementwise(x, "mish")


def exponential(x: TensorLike) -> Tensor:
    """e^x.

    Args:
        x: Tensor of any shape; integers become `floatx()`.

    Returns:
        Tensor, shaped like `x`.

    >>> exponential([0.0, 1.0]).numpy().round(3)
    array([1.   , 2.718], dtype=float32)
    """
    return elementwise(x, "exponential")


def sparse_plus(x: TensorLike) -> Tensor:
    """0 for x <= -1, (x + 1)^2 / 4 between, x for x >= 1.

    Args:
        x: Tensor of any shape; integers become `floatx()`.

    Returns:
        Tensor, shaped like `x`.

    >>> sparse_plus([-1.0, 0.0, 1.0, 2.0]).numpy()
    array([0.  , 0.25, 1.  , 2.  ], dtype=float32)
    """
    return elementwise(x, "sparse_plus")


def sparse_sigmoid(x: TensorLike) -> Tensor:
    """0 for x <= -1, (x + 1) / 2 between, 1 for x >= 1: sparsemax of (x, 0). Blondel et al. 2019.

    Args:
        x: Tensor of any shape; integers become `floatx()`.

    Returns:
        Tensor, shaped like `x`, from 0 to 1.

    >>> sparse_sigmoid([-2.0, 0.0, 0.5, 2.0]).numpy()
    array([0.  , 0.5 , 0.75, 1.  ], dtype=float32)
    """
    return elementwise(x, "sparse_sigmoid")


def squareplus(x: TensorLike, b: float = 4) -> Tensor:
    """(x + sqrt(x^2 + b)) / 2. Barron 2021.

    Args:
        x: Tensor of any shape; integers become `floatx()`.
        b: Curvature: y(0) is sqrt(b) / 2.

    Returns:
        Tensor, shaped like `x`.

    >>> squareplus([-1.5, 0.0, 1.5]).numpy()
    array([0.5, 1. , 2. ], dtype=float32)
    """
    return elementwise(x, "squareplus", b)


def threshold(x: TensorLike, threshold: float, default_value: float) -> Tensor:
    """x where x > threshold, default_value elsewhere.

    Args:
        x: Tensor of any shape; integers become `floatx()`.
        threshold: Number.
        default_value: Number.

    Returns:
        Tensor, shaped like `x`.

    >>> threshold([-1.0, 1.0, 3.0], threshold=2.0, default_value=-9.0).numpy()
    array([-9., -9.,  3.], dtype=float32)
    """
    return elementwise(x, "threshold", threshold, default_value)


swish = silu
hard_swish = hard_silu
