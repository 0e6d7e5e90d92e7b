"""The formula and the derivative of each activation, their references, and the operation that applies one by name.

At a kink the derivative is that of the flat side (0 for relu at 0 and for relu6 at 6), and of the left side where
neither is flat (negative_slope for leaky_relu at 0). Keras's backends differ there among themselves. Every activation
of NaN is NaN. At infinity a formula like x sigmoid(x) has its literal value (NaN for -inf), as in Keras.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..config import floatx
from ..core.types import Array, TensorLike
from ..runtime import kernels
from ..tape import record
from ..tensor import Tensor, convert_to_tensor
from . import both
from .recorded_gradients import as_it_was

SELU_ALPHA = 1.6732632423543772  # Klambauer et al. 2017, eq. 14: mean 0 and variance 1 reproduce themselves
SELU_SCALE = 1.0507009873554805
_erf = np.vectorize(math.erf, otypes=[float])


def sigma(x: Any) -> Any:
    """The logistic function, 1 / (1 + e^-x)."""
    return elementwise(x, "sigmoid") if isinstance(x, Tensor) else 1 / (1 + np.exp(-x))


def log_one_plus_exp(x: Any) -> Any:
    """log(1 + e^x), without overflow."""
    return elementwise(x, "softplus") if isinstance(x, Tensor) else np.logaddexp(0, x)


def normal_cdf(x: Any) -> Any:
    """The probability that a standard normal variable is below x."""
    scaled = x / math.sqrt(2)
    return 0.5 * (1 + (elementwise(scaled, "erf") if isinstance(x, Tensor) else _erf(scaled)))


def normal_density(x: Any) -> Any:
    """The density of the standard normal distribution: the derivative of `normal_cdf`."""
    return both.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def gelu_gate(x: Any) -> Any:
    """The tanh in the approximation of gelu, which is x (1 + gelu_gate(x)) / 2."""
    return both.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))


def mish_gate(x: Any) -> Any:
    """The factor of x in mish: tanh(log(1 + e^x))."""
    return both.tanh(log_one_plus_exp(x))


def clipped_relu(x: Array, slope: float, maximum: float, threshold: float) -> Array:
    """Keras's relu with all its parameters: slope (x - threshold) up to the threshold, then x, at most `maximum`."""
    minimum = 0 if maximum < np.inf else -np.inf
    return np.clip(np.where(x <= threshold, 0, x), minimum, maximum) - slope * np.maximum(threshold - x, 0)


@both.constant
def clipped_relu_derivative(x: Array, slope: float, maximum: float, threshold: float) -> Array:
    """The derivative of `clipped_relu`; at a kink, that of the flat side."""
    minimum = 0 if maximum < np.inf else -np.inf
    return np.where((x > threshold) & (x > minimum) & (x < maximum), 1, 0) + np.where(x < threshold, slope, 0)


# name: (f, f'), functions of x and the parameters a, b, c. f' is called on arrays, and on Tensors where a derivative of
# the derivative is wanted.
FORMULAS = {
    "linear": (lambda x, a, b, c: x,
               lambda x, a, b, c: 1),
    "relu": (lambda x, a, b, c: np.where(x < 0, 0, x),
             lambda x, a, b, c: x > 0),
    "relu6": (lambda x, a, b, c: np.clip(x, 0, 6),
              lambda x, a, b, c: (x > 0) & (x < 6)),
    "leaky_relu": (lambda x, a, b, c: np.where(x < 0, a * x, x),
                   lambda x, a, b, c: both.where(x > 0, 1, a)),
    "clipped_relu": (clipped_relu, clipped_relu_derivative),
    "elu": (lambda x, a, b, c: np.where(x > 0, x, a * np.expm1(x)),
            lambda x, a, b, c: both.where(x > 0, 1, a * both.exp(both.minimum(x, 0)))),
    "celu": (lambda x, a, b, c: np.where(x > 0, x, a * np.expm1(x / a)),
             lambda x, a, b, c: both.where(x > 0, 1, both.exp(both.where(x > 0, 0, x) / a))),
    "selu": (lambda x, a, b, c: SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(x)),
             lambda x, a, b, c: SELU_SCALE * both.where(x > 0, 1, SELU_ALPHA * both.exp(both.minimum(x, 0)))),
    "gelu": (lambda x, a, b, c: x * normal_cdf(x),
             lambda x, a, b, c: normal_cdf(x) + x * normal_density(x)),
    "gelu_tanh": (lambda x, a, b, c: 0.5 * x * (1 + gelu_gate(x)),
                  lambda x, a, b, c: 0.5 * (1 + gelu_gate(x)) + 0.5 * x * (1 - gelu_gate(x) ** 2)
                  * math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x**2)),
    "sigmoid": (lambda x, a, b, c: sigma(x),
                lambda x, a, b, c: sigma(x) * sigma(-x)),
    "hard_sigmoid": (lambda x, a, b, c: np.clip(x + 3, 0, 6) / 6,
                     lambda x, a, b, c: both.where(both.abs(x) < 3, 1 / 6, 0)),
    "log_sigmoid": (lambda x, a, b, c: -log_one_plus_exp(-x),
                    lambda x, a, b, c: sigma(-x)),
    "silu": (lambda x, a, b, c: x * sigma(x),
             lambda x, a, b, c: sigma(x) * (1 + x * sigma(-x))),
    "hard_silu": (lambda x, a, b, c: x * (np.clip(x + 3, 0, 6) / 6),
                  lambda x, a, b, c: both.where(x <= -3, 0, both.where(x >= 3, 1, x / 3 + 0.5))),
    "tanh": (lambda x, a, b, c: np.tanh(x),
             lambda x, a, b, c: 1 - both.tanh(x) ** 2),
    "hard_tanh": (lambda x, a, b, c: np.clip(x, -1, 1),
                  lambda x, a, b, c: both.abs(x) < 1),
    "tanh_shrink": (lambda x, a, b, c: x - np.tanh(x),
                    lambda x, a, b, c: both.tanh(x) ** 2),
    "hard_shrink": (lambda x, a, b, c: np.where(np.abs(x) <= a, 0, x),
                    lambda x, a, b, c: both.abs(x) > a),
    "soft_shrink": (lambda x, a, b, c: x - np.clip(x, -a, a),
                    lambda x, a, b, c: both.abs(x) > a),
    "softplus": (lambda x, a, b, c: log_one_plus_exp(x),
                 lambda x, a, b, c: sigma(x)),
    "softsign": (lambda x, a, b, c: x / (1 + np.abs(x)),
                 lambda x, a, b, c: 1 / (1 + both.abs(x)) ** 2),
    "mish": (lambda x, a, b, c: x * mish_gate(x),
             lambda x, a, b, c: mish_gate(x) + x * (1 - mish_gate(x) ** 2) * sigma(x)),
    "exponential": (lambda x, a, b, c: np.exp(x),
                    lambda x, a, b, c: both.exp(x)),
    "sparse_plus": (lambda x, a, b, c: np.where(x <= -1, 0, np.where(x >= 1, x, (x + 1) ** 2 / 4)),
                    lambda x, a, b, c: both.clip((x + 1) / 2, 0, 1)),
    "sparse_sigmoid": (lambda x, a, b, c: np.clip((x + 1) / 2, 0, 1),
                       lambda x, a, b, c: both.where(both.abs(x) < 1, 0.5, 0)),
    "squareplus": (lambda x, a, b, c: (x + np.sqrt(x * x + a)) / 2,
                   lambda x, a, b, c: (1 + x / both.sqrt(x * x + a)) / 2),
    "threshold": (lambda x, a, b, c: np.where(x <= a, b, x),
                  lambda x, a, b, c: x > a),
    # The elementary functions they are made of.
    "expm1": (lambda x, a, b, c: np.expm1(x),
              lambda x, a, b, c: both.exp(x)),
    "log": (lambda x, a, b, c: np.log(x),
            lambda x, a, b, c: 1 / x),
    "log1p": (lambda x, a, b, c: np.log1p(x),
              lambda x, a, b, c: 1 / (1 + x)),
    "erf": (lambda x, a, b, c: _erf(x),
            lambda x, a, b, c: 2 / math.sqrt(math.pi) * both.exp(-x * x)),
}


def _formula(name):
    if name not in FORMULAS:
        raise ValueError(f"unknown activation {name!r}")
    return FORMULAS[name]


def activation_forward(x: Array, name: str, a: float = 0.0, b: float = 0.0, c: float = 0.0) -> Array:
    """Reference: y = f(x).

    Args:
        x: Array of any shape.
        name: A key of `FORMULAS`.
        a, b, c: The parameters of f, such as a slope; those that f has not are ignored.

    Returns:
        Array, shaped like `x`.

    Raises:
        ValueError: there is no such activation.
    """
    f, _ = _formula(name)
    with np.errstate(all="ignore"):
        return np.array(f(x, a, b, c), x.dtype)


def activation_backward(
    dy: Array, x: Array, name: str, a: float = 0.0, b: float = 0.0, c: float = 0.0
) -> Array:
    """Reference: dx = dy f'(x).

    Args:
        dy: Gradient of y, shaped like `x`.
        x, name, a, b, c: As for `activation_forward`.

    Returns:
        Array, shaped like `x`.

    Raises:
        ValueError: there is no such activation.
    """
    _, derivative = _formula(name)
    with np.errstate(all="ignore"):
        return np.asarray(dy * np.asarray(derivative(x, a, b, c), x.dtype))


def elementwise(x: TensorLike, name: str, a: float = 0.0, b: float = 0.0, c: float = 0.0) -> Tensor:
    """Apply a named activation and record it.

    Args:
        x: Tensor of any shape; integers become `floatx()`.
        name: A key of `FORMULAS`.
        a, b, c: The parameters of the activation.

    Returns:
        Tensor, shaped like `x`.

    Raises:
        ValueError: there is no such activation.
    """
    x = convert_to_tensor(x)
    if x.data.dtype.kind != "f":
        x = convert_to_tensor(x, floatx())
    y = kernels.activation_forward(x.data, name, a, b, c)

    def backward(dy):
        return (kernels.activation_backward(dy, x.data, name, a, b, c),)

    x_data = x.data

    def differentiable(dy, y):
        return (dy * FORMULAS[name][1](as_it_was(x, x_data), a, b, c),)

    return record(y, (x,), backward, differentiable)
