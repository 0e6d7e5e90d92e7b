"""Activations, element by element: one formula and one derivative each.

`FORMULAS` is the list; the operations below it give each its Keras name and arguments.

At a kink the derivative is that of the flat side (0 for relu at 0 and for relu6 at 6), of the left side where neither
is flat (negative_slope for leaky_relu at 0). Keras's backends differ there among themselves. Every activation of NaN is
NaN; at infinity a formula like x sigmoid(x) gives what it says (NaN for -inf), as in Keras.
"""

import math

import numpy as np

from ..config import floatx
from ..runtime import kernels
from ..tape import record
from ..tensor import convert_to_tensor

SELU_ALPHA = 1.6732632423543772  # Klambauer et al. 2017, eq. 14: mean 0 and variance 1 reproduce themselves
SELU_SCALE = 1.0507009873554805

_erf = np.vectorize(math.erf, otypes=[float])


def sigma(x):
    """The logistic function, 1 / (1 + e^-x)."""
    return 1 / (1 + np.exp(-x))


def log_one_plus_exp(x):
    """log(1 + e^x), without overflow."""
    return np.logaddexp(0, x)


def normal_cdf(x):
    """The probability that a standard normal variable is below x."""
    return 0.5 * (1 + _erf(x / math.sqrt(2)))


def normal_density(x):
    """The density of the standard normal distribution, the derivative of `normal_cdf`."""
    return np.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def gelu_gate(x):
    """The tanh in the approximation of gelu: x (1 + gelu_gate(x)) / 2."""
    return np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))


def mish_gate(x):
    """The factor of x in mish: tanh(log(1 + e^x))."""
    return np.tanh(log_one_plus_exp(x))


def clipped_relu(x, slope, maximum, threshold):
    """Keras's relu with all its parameters: slope (x - threshold) up to the threshold, then x, at most `maximum`."""
    minimum = 0 if maximum < np.inf else -np.inf
    return np.clip(np.where(x <= threshold, 0, x), minimum, maximum) - slope * np.maximum(threshold - x, 0)


def clipped_relu_derivative(x, slope, maximum, threshold):
    """The derivative of `clipped_relu`, at a kink that of the flat side."""
    minimum = 0 if maximum < np.inf else -np.inf
    return np.where((x > threshold) & (x > minimum) & (x < maximum), 1, 0) + np.where(x < threshold, slope, 0)


# name: (f, f'), functions of x and the parameters a, b, c
FORMULAS = {
    "linear": (lambda x, a, b, c: x,
               lambda x, a, b, c: np.ones_like(x)),
    "relu": (lambda x, a, b, c: np.where(x < 0, 0, x),
             lambda x, a, b, c: x > 0),
    "relu6": (lambda x, a, b, c: np.clip(x, 0, 6),
              lambda x, a, b, c: (x > 0) & (x < 6)),
    "leaky_relu": (lambda x, a, b, c: np.where(x < 0, a * x, x),
                   lambda x, a, b, c: np.where(x > 0, 1, a)),
    "clipped_relu": (clipped_relu, clipped_relu_derivative),
    "elu": (lambda x, a, b, c: np.where(x > 0, x, a * np.expm1(x)),
            lambda x, a, b, c: np.where(x > 0, 1, a * np.exp(x))),
    "celu": (lambda x, a, b, c: np.where(x > 0, x, a * np.expm1(x / a)),
             lambda x, a, b, c: np.where(x > 0, 1, np.exp(x / a))),
    "selu": (lambda x, a, b, c: SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(x)),
             lambda x, a, b, c: SELU_SCALE * np.where(x > 0, 1, SELU_ALPHA * np.exp(x))),
    "gelu": (lambda x, a, b, c: x * normal_cdf(x),
             lambda x, a, b, c: normal_cdf(x) + x * normal_density(x)),
    "gelu_tanh": (lambda x, a, b, c: 0.5 * x * (1 + gelu_gate(x)),
                  lambda x, a, b, c: 0.5 * (1 + gelu_gate(x)) + 0.5 * x * (1 - gelu_gate(x) ** 2)
                  * math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x**2)),
    "sigmoid": (lambda x, a, b, c: sigma(x),
                lambda x, a, b, c: sigma(x) * sigma(-x)),
    "hard_sigmoid": (lambda x, a, b, c: np.clip(x + 3, 0, 6) / 6,
                     lambda x, a, b, c: np.where(np.abs(x) < 3, 1 / 6, 0)),
    "log_sigmoid": (lambda x, a, b, c: -log_one_plus_exp(-x),
                    lambda x, a, b, c: sigma(-x)),
    "silu": (lambda x, a, b, c: x * sigma(x),
             lambda x, a, b, c: sigma(x) * (1 + x * sigma(-x))),
    "hard_silu": (lambda x, a, b, c: x * (np.clip(x + 3, 0, 6) / 6),
                  lambda x, a, b, c: np.where(x <= -3, 0, np.where(x >= 3, 1, x / 3 + 0.5))),
    "tanh": (lambda x, a, b, c: np.tanh(x),
             lambda x, a, b, c: 1 - np.tanh(x) ** 2),
    "hard_tanh": (lambda x, a, b, c: np.clip(x, -1, 1),
                  lambda x, a, b, c: np.abs(x) < 1),
    "tanh_shrink": (lambda x, a, b, c: x - np.tanh(x),
                    lambda x, a, b, c: np.tanh(x) ** 2),
    "hard_shrink": (lambda x, a, b, c: np.where(np.abs(x) <= a, 0, x),
                    lambda x, a, b, c: np.abs(x) > a),
    "soft_shrink": (lambda x, a, b, c: x - np.clip(x, -a, a),
                    lambda x, a, b, c: np.abs(x) > a),
    "softplus": (lambda x, a, b, c: log_one_plus_exp(x),
                 lambda x, a, b, c: sigma(x)),
    "softsign": (lambda x, a, b, c: x / (1 + np.abs(x)),
                 lambda x, a, b, c: 1 / (1 + np.abs(x)) ** 2),
    "mish": (lambda x, a, b, c: x * mish_gate(x),
             lambda x, a, b, c: mish_gate(x) + x * (1 - mish_gate(x) ** 2) * sigma(x)),
    "exponential": (lambda x, a, b, c: np.exp(x),
                    lambda x, a, b, c: np.exp(x)),
    "sparse_plus": (lambda x, a, b, c: np.where(x <= -1, 0, np.where(x >= 1, x, (x + 1) ** 2 / 4)),
                    lambda x, a, b, c: np.clip((x + 1) / 2, 0, 1)),
    "sparse_sigmoid": (lambda x, a, b, c: np.clip((x + 1) / 2, 0, 1),
                       lambda x, a, b, c: np.where(np.abs(x) < 1, 0.5, 0)),
    "squareplus": (lambda x, a, b, c: (x + np.sqrt(x * x + a)) / 2,
                   lambda x, a, b, c: (1 + x / np.sqrt(x * x + a)) / 2),
    "threshold": (lambda x, a, b, c: np.where(x <= a, b, x),
                  lambda x, a, b, c: x > a),
    # The elementary functions they are made of.
    "expm1": (lambda x, a, b, c: np.expm1(x),
              lambda x, a, b, c: np.exp(x)),
    "log": (lambda x, a, b, c: np.log(x),
            lambda x, a, b, c: 1 / x),
    "log1p": (lambda x, a, b, c: np.log1p(x),
              lambda x, a, b, c: 1 / (1 + x)),
    "erf": (lambda x, a, b, c: _erf(x),
            lambda x, a, b, c: 2 / math.sqrt(math.pi) * np.exp(-x * x)),
}


def _formula(name):
    if name not in FORMULAS:
        raise ValueError(f"unknown activation {name!r}")
    return FORMULAS[name]


def activation_forward(x, name, a=0.0, b=0.0, c=0.0):
    """Reference: y = f(x)."""
    f, _ = _formula(name)
    with np.errstate(all="ignore"):
        return np.array(f(x, a, b, c), x.dtype)


def activation_backward(dy, x, name, a=0.0, b=0.0, c=0.0):
    """Reference: dx = dy f'(x)."""
    _, derivative = _formula(name)
    with np.errstate(all="ignore"):
        return np.asarray(dy * np.asarray(derivative(x, a, b, c), x.dtype))


def elementwise(x, name, a=0.0, b=0.0, c=0.0):
    """Apply a named activation and record it. Integers become `floatx()`."""
    x = convert_to_tensor(x)
    if x.data.dtype.kind != "f":
        x = convert_to_tensor(x, floatx())
    y = kernels.activation_forward(x.data, name, a, b, c)

    def backward(dy):
        return (kernels.activation_backward(dy, x.data, name, a, b, c),)

    return record(y, (x,), backward)


def relu(x, negative_slope=0.0, max_value=None, threshold=0.0):
    """x above the threshold, 0 below it: max(0, x) as it stands.

    y = min(x, max_value)                  for x > threshold
    y = negative_slope (x - threshold)     for x <= threshold

    The derivative at the threshold is 0, or `negative_slope`.

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


def relu6(x):
    """min(max(0, x), 6). Howard et al. 2017."""
    return elementwise(x, "relu6")


def leaky_relu(x, negative_slope=0.2):
    """x for x > 0, negative_slope * x below. Maas et al. 2013 (with 0.01)."""
    return elementwise(x, "leaky_relu", negative_slope)


def elu(x, alpha=1.0):
    """x for x > 0, alpha (e^x - 1) below. Clevert et al. 2015."""
    return elementwise(x, "elu", alpha)


def celu(x, alpha=1.0):
    """x for x > 0, alpha (e^(x / alpha) - 1) below: the slope at 0 is 1 for every alpha. Barron 2017."""
    if alpha == 0:
        raise ValueError("celu: alpha must not be 0, it divides x")
    return elementwise(x, "celu", alpha)


def selu(x):
    """1.0507 x for x > 0, 1.0507 * 1.6733 (e^x - 1) below. Klambauer et al. 2017."""
    return elementwise(x, "selu")


def gelu(x, approximate=True):
    """x times the probability that a standard normal variable is below x. Hendrycks and Gimpel 2016.

    y = x (1 + erf(x / sqrt 2)) / 2, or with approximate=True x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2.
    """
    return elementwise(x, "gelu_tanh" if approximate else "gelu")


def sigmoid(x):
    """1 / (1 + e^-x)"""
    return elementwise(x, "sigmoid")


def hard_sigmoid(x):
    """relu6(x + 3) / 6: a sigmoid of three straight lines."""
    return elementwise(x, "hard_sigmoid")


def log_sigmoid(x):
    """log(1 / (1 + e^-x)), without overflow."""
    return elementwise(x, "log_sigmoid")


def silu(x):
    """x sigmoid(x), also called swish. Ramachandran et al. 2017."""
    return elementwise(x, "silu")


def hard_silu(x):
    """x hard_sigmoid(x). Howard et al. 2019."""
    return elementwise(x, "hard_silu")


def tanh(x):
    """(e^x - e^-x) / (e^x + e^-x)"""
    return elementwise(x, "tanh")


def hard_tanh(x):
    """x, held between -1 and 1."""
    return elementwise(x, "hard_tanh")


def tanh_shrink(x):
    """x - tanh(x)"""
    return elementwise(x, "tanh_shrink")


def hard_shrink(x, threshold=0.5):
    """x where |x| > threshold, 0 elsewhere."""
    return elementwise(x, "hard_shrink", threshold)


def soft_shrink(x, threshold=0.5):
    """x moved towards 0 by threshold, and 0 where |x| <= threshold."""
    return elementwise(x, "soft_shrink", threshold)


def softplus(x):
    """log(1 + e^x)"""
    return elementwise(x, "softplus")


def softsign(x):
    """x / (1 + |x|)"""
    return elementwise(x, "softsign")


def mish(x):
    """x tanh(softplus(x)). Misra 2019."""
    return elementwise(x, "mish")


def exponential(x):
    """e^x"""
    return elementwise(x, "exponential")


def sparse_plus(x):
    """0 for x <= -1, (x + 1)^2 / 4 between, x for x >= 1."""
    return elementwise(x, "sparse_plus")


def sparse_sigmoid(x):
    """0 for x <= -1, (x + 1) / 2 between, 1 for x >= 1: sparsemax of (x, 0). Blondel et al. 2019."""
    return elementwise(x, "sparse_sigmoid")


def squareplus(x, b=4):
    """(x + sqrt(x^2 + b)) / 2. Barron 2021."""
    return elementwise(x, "squareplus", b)


def threshold(x, threshold, default_value):
    """x where x > threshold, default_value elsewhere."""
    return elementwise(x, "threshold", threshold, default_value)


swish = silu
hard_swish = hard_silu
