"""The matrix product and the dense layer."""

import numpy as np

from kernel_calls.base import Kernel
from tinynet import reference


def matmul_arguments(numbers, a, b, transpose_a=False, transpose_b=False):
    return {"a": numbers(*a), "b": numbers(*b), "transpose_a": transpose_a, "transpose_b": transpose_b}


def matmul_bound(a, results, g):
    k = a.a.shape[-2 if a.transpose_a else -1]
    return [g(k + 1) * reference.matmul(np.abs(a.a), np.abs(a.b), a.transpose_a, a.transpose_b)]


def dense_arguments(numbers, rows, inputs, units, activation):
    scale = numbers.dtype.type(max(inputs, 1) ** -0.5)
    return {"x": numbers(rows, inputs), "kernel": numbers(inputs, units) * scale, "bias": numbers(units),
            "activation": activation}


def dense_bound(a, results, g):
    """With |f'| <= 1, f passes an error of z on at most unchanged, and adds a few roundings."""
    magnitude = np.abs(a.x) @ np.abs(a.kernel) + np.abs(a.bias)
    return [g(a.x.shape[1] + 2) * magnitude + g(17) * np.abs(results[0])]


def dense_gradient_arguments(numbers, *shape):
    made = dense_arguments(numbers, *shape)
    y = reference.dense_forward(**made)
    del made["bias"]
    return {"dy": numbers(*y.shape), **made, "y": y}


def dense_gradient_bound(a, results, g):
    """1 - y^2 and y (1 - y) cancel: their error is relative to 1."""
    x, kernel, dz = np.abs(a.x), np.abs(a.kernel), np.abs(a.dy)
    (rows, _), units = x.shape, kernel.shape[1]
    return [g(units + 4) * (dz @ kernel.T), g(rows + 4) * (x.T @ dz), g(rows + 4) * dz.sum(axis=0)]


DENSE = {
    "small": [(1, 1, 1, "linear"), (3, 7, 1, "relu"), (1, 5, 9, "tanh"), (33, 17, 10, "sigmoid"), (8, 16, 33, "relu")],
    "large": [(64, 784, 128, "relu"), (120_001, 3, 2, "linear"), (700, 300, 100, "tanh"), (33, 2100, 57, "sigmoid"),
              (5000, 30, 10, "relu")],
    "empty": [(0, 4, 3, "relu"), (2, 0, 3, "linear"), (2, 4, 0, "tanh")],
}


KERNELS = {
    "matmul": Kernel(
        matmul_arguments, matmul_bound,
        small=[((1, 1), (1, 1)), ((3, 7), (7, 2)), ((9, 8), (8, 17)),
               ((17, 5), (17, 33), True), ((6, 33), (12, 33), False, True),
               ((2, 1, 3, 4), (5, 4, 2)), ((4, 2, 3), (4, 5, 3), False, True)],
        large=[((64, 784), (784, 128)), ((784, 64), (784, 128), True), ((300, 500), (400, 500), False, True),
               ((1, 2000), (2000, 1000)), ((70, 30, 40), (70, 40, 50)), ((25_001, 9), (9, 5)),
               ((120_001, 3), (120_001, 5), True)],
        empty=[((0, 3), (3, 4)), ((3, 0), (0, 4)), ((3, 4), (4, 0)), ((0, 3, 4), (0, 4, 2))]),
    "dense_forward": Kernel(dense_arguments, dense_bound, **DENSE),
    "dense_backward": Kernel(dense_gradient_arguments, dense_gradient_bound, **DENSE),
}
