"""Activations and dropout."""

import numpy as np
from ops.test_activation import EXACT, MAGNITUDE, MAGNITUDE_DERIVATIVE, PARAMETERS, ROUNDINGS

from kernel_calls.base import EQUAL, Kernel, equal
from tinynet.ops.activation_formulas import FORMULAS

FLAT = {"small": [(1,), (2,), (7,), (8,), (9,), (17,), (33,), (3, 5)], "large": [(100_003,)], "empty": [(0,), (3, 0)]}


def each_activation(shapes):
    """Shapes with the name of an activation; only the first has all names."""
    first = [(name, *shapes[0]) for name in sorted(FORMULAS)]
    return first + [(name, *shape) for shape in shapes[1:] for name in ("relu", "tanh")]


def activation_arguments(numbers, name, *shape):
    x = numbers(*shape) * numbers.dtype.type(2)
    if name.startswith("log") and name != "log_sigmoid":
        x = np.abs(x) + numbers.dtype.type(0.01)
    return {"x": x, "name": name, **dict(zip("abc", PARAMETERS.get(name, ()), strict=False))}


def activation_gradient_arguments(numbers, name, *shape):
    return {"dy": numbers(*shape), **activation_arguments(numbers, name, *shape)}


def activation_bound(a, results, g):
    if a.name in EXACT:
        return [EQUAL]
    return [g(ROUNDINGS + 1) * MAGNITUDE.get(a.name, lambda x: np.abs(results[0]))(a.x)]


def activation_gradient_bound(a, results, g):
    magnitude = MAGNITUDE_DERIVATIVE.get(a.name, lambda x: np.full_like(x, 2.0))(a.x)
    return [g(ROUNDINGS + 1) * np.abs(a.dy) * magnitude]


ACTIVATIONS = {
    "small": each_activation([(33,), (1,), (8,), (9,), (3, 5)]), "large": each_activation([(66_001,), (100_003,)]),
    "empty": [("relu", 0), ("tanh", 3, 0)],
}


def dropout_arguments(gradient):
    def arguments(numbers, *shape):
        return {gradient: numbers(*shape), "rate": 0.3, "seed": 2**63 + 5, "offset": 7}
    return arguments


def add_arguments(numbers, relu, *shape):
    return {"a": numbers(*shape), "b": numbers(*shape), "relu": relu}


KERNELS = {
    "add_forward": Kernel(add_arguments, equal, small=[(False, 1), (True, 33), (True, 3, 5)],
                          large=[(True, 66_001), (False, 40_000, 3)], empty=[(True, 0), (False, 3, 0)]),
    "activation_forward": Kernel(activation_arguments, activation_bound, **ACTIVATIONS),
    "activation_backward": Kernel(
        activation_gradient_arguments, activation_gradient_bound, **ACTIVATIONS,
        tainted={"gelu_tanh": "at infinity the reference's formula is infinity times 0, the kernel's its limit"}),
    "dropout_forward": Kernel(dropout_arguments("x"), equal, **FLAT),
    "dropout_backward": Kernel(dropout_arguments("dy"), equal, **FLAT),
}
