"""Convolutions, plain, depthwise and with max pooling."""

from types import SimpleNamespace

import numpy as np

from kernel_calls.base import Kernel, equal, with_absolute_values
from tinynet import reference

PLAIN = ((1, 1), ((0, 0), (0, 0)), (1, 1))

SAME = ((1, 1), ((1, 1), (1, 1)), (1, 1))

UNEVEN = ((2, 1), ((1, 0), (0, 2)), (1, 2))
STRIDED = ((2, 2), ((0, 1), (1, 1)), (1, 1))


def geometry_of(strides, padding, dilation):
    return {"strides": strides, "padding": padding, "dilation": dilation}


def images(numbers, size, kernel_shape, geometry, filters=None):
    return {"x": numbers(*size), "kernel": numbers(*kernel_shape),
            "bias": numbers(kernel_shape[3] if filters is None else filters), **geometry_of(*geometry)}


def conv2d_arguments(numbers, size, kernel_shape, geometry, activation, groups=1, algorithm="direct"):
    return {**images(numbers, size, kernel_shape, geometry), "groups": groups, "activation": activation,
            "algorithm": algorithm}


def conv2d_gradient_arguments(numbers, *shape):
    made = conv2d_arguments(numbers, *shape)
    y = reference.conv2d_forward(**made)
    del made["bias"]
    return {"dy": numbers(*y.shape), **made, "y": y}


def depthwise_arguments(numbers, size, kernel_shape, geometry, activation):
    return {**images(numbers, size, kernel_shape, geometry, kernel_shape[2] * kernel_shape[3]),
            "activation": activation}


def depthwise_gradient_arguments(numbers, *shape):
    made = depthwise_arguments(numbers, *shape)
    y = reference.depthwise_conv2d_forward(**made)
    del made["bias"]
    return {"dy": numbers(*y.shape), **made, "y": y}


def conv2d_bound(name):
    def bound(a, results, g):
        linear = SimpleNamespace(**{**vars(a), "activation": "linear"})
        (magnitude,) = with_absolute_values(name, linear, "x", "kernel", "bias")
        return [g(np.prod(a.kernel.shape[:3]) + 2) * magnitude]
    return bound


def conv2d_gradient_bound(name):
    def bound(a, results, g):
        magnitudes = with_absolute_values(name, a, "dy", "x", "kernel")
        pixels = a.dy.size // max(a.dy.shape[3], 1)
        terms = (a.kernel.size, pixels + 1, pixels + 1)
        return [g(n) * magnitude for n, magnitude in zip(terms, magnitudes, strict=True)]
    return bound


CONV2D = {
    "small": [((1, 1, 1, 1), (1, 1, 1, 1), PLAIN, "linear"), ((2, 5, 6, 3), (3, 3, 3, 9), SAME, "relu"),
              ((1, 7, 9, 8), (2, 3, 8, 17), UNEVEN, "linear"), ((2, 6, 5, 4), (3, 3, 2, 6), SAME, "relu", 2)],
    "large": [((12, 28, 28, 1), (3, 3, 1, 32), SAME, "relu"), ((3, 30, 30, 8), (5, 5, 8, 12), UNEVEN, "linear"),
              ((9, 14, 14, 32), (3, 3, 32, 64), SAME, "relu"), ((1500, 4, 4, 3), (1, 1, 3, 5), PLAIN, "linear"),
              # More pixels a block than are packed at a time: strided, a pointwise kernel, groups.
              ((5, 63, 66, 13), (3, 3, 13, 20), STRIDED, "relu"), ((7, 26, 27, 20), (1, 1, 20, 49), PLAIN, "linear"),
              ((6, 26, 27, 18), (3, 1, 9, 34), SAME, "relu", 2),
              # More products than are summed at a time, of whole rows of the kernel and of single taps.
              ((2, 15, 14, 130), (3, 3, 130, 9), SAME, "linear"), ((2, 15, 14, 130), (3, 3, 130, 9), UNEVEN, "relu"),
              # As many filters as a tile has columns: the weight gradient reads dy where it is.
              *(((5, 40, 33, 2), (3, 3, 2, filters), SAME, "linear") for filters in (4, 8, 16)),
              *(((9, 14, 14, 32), (3, 3, 32, 64), SAME, "relu", 1, algorithm)
                for algorithm in ("auto", "winograd2", "winograd4")),
              *(((2, 14, 14, 192), (3, 3, 192, 192), SAME, "linear", 1, algorithm)
                for algorithm in ("winograd2", "winograd4"))],
    "empty": [((0, 5, 5, 2), (3, 3, 2, 4), SAME, "relu"), ((2, 5, 5, 2), (3, 3, 2, 0), SAME, "linear"),
              ((2, 5, 5, 0), (3, 3, 0, 4), SAME, "relu")],
    "unbounded": dict.fromkeys(("auto", "winograd2", "winograd4"), "tests/ops/test_conv2d_winograd.py"),
}

DEPTHWISE = {
    "small": [((1, 1, 1, 1), (1, 1, 1, 1), PLAIN, "linear"), ((2, 5, 6, 3), (3, 3, 3, 2), SAME, "relu"),
              ((1, 7, 9, 17), (2, 3, 17, 1), UNEVEN, "linear"), ((1, 4, 5, 8), (3, 3, 8, 1), SAME, "relu")],
    "large": [((5, 40, 40, 24), (3, 3, 24, 2), SAME, "relu"), ((9, 29, 31, 32), (3, 3, 32, 1), SAME, "linear"),
              ((3, 33, 50, 37), (5, 4, 37, 1), STRIDED, "linear"),
              ((40, 26, 25, 1), (3, 3, 1, 1), UNEVEN, "relu")],
    "empty": [((0, 5, 5, 2), (3, 3, 2, 1), SAME, "relu"), ((2, 5, 5, 2), (3, 3, 2, 0), SAME, "linear")],
}


def algorithm_arguments(numbers, size, kernel_shape, geometry, groups=1):
    return {"x_shape": size, "kernel": numbers(*kernel_shape), **geometry_of(*geometry), "groups": groups}


def pooled_conv2d_arguments(numbers, size, kernel_shape, geometry, activation, pool_size):
    return {**images(numbers, size, kernel_shape, geometry), "activation": activation, "pool_size": pool_size}


def pooled_conv2d_gradient_arguments(numbers, *shape):
    made = pooled_conv2d_arguments(numbers, *shape)
    y, argmax = reference.conv2d_max_pool2d_forward(**made)
    del made["bias"], made["activation"]
    return {"dy": numbers(*y.shape), "argmax": argmax, **made}


def pooled_conv2d_gradient_bound(a, results, g):
    magnitudes = with_absolute_values("conv2d_max_pool2d_backward", a, "dy", "x")
    return [g(a.dy.size // max(a.dy.shape[3], 1) + 1) * magnitude for magnitude in magnitudes]


POOLED_CONV2D = {
    "small": [((1, 2, 2, 1), (1, 1, 1, 1), PLAIN, "linear", (2, 2)),
              ((2, 6, 7, 1), (3, 3, 1, 9), PLAIN, "relu", (2, 2)),
              ((2, 7, 9, 3), (3, 3, 3, 17), SAME, "relu", (2, 3)),
              ((1, 9, 8, 2), (2, 3, 2, 8), UNEVEN, "linear", (1, 2))],
    "large": [((12, 28, 28, 1), (3, 3, 1, 32), PLAIN, "relu", (2, 2)),
              ((2, 40, 33, 3), (3, 3, 3, 33), SAME, "relu", (2, 2)),
              ((1100, 5, 4, 2), (1, 1, 2, 9), PLAIN, "linear", (2, 2))],
    "empty": [((0, 5, 5, 2), (3, 3, 2, 4), PLAIN, "relu", (2, 2)),
              ((2, 5, 5, 2), (3, 3, 2, 0), PLAIN, "linear", (2, 2)),
              ((2, 5, 5, 0), (3, 3, 0, 4), PLAIN, "relu", (2, 2))],
}

AROUND_THE_IMAGE = {"kernel": "may be multiplied by the zeros that stand around dy"}


KERNELS = {
    "conv2d_forward": Kernel(conv2d_arguments, conv2d_bound("conv2d_forward"), **CONV2D),
    "conv2d_backward": Kernel(conv2d_gradient_arguments, conv2d_gradient_bound("conv2d_backward"), **CONV2D,
                              spread=AROUND_THE_IMAGE),
    "conv2d_algorithm": Kernel(  # 5x5 kernels: the only algorithm is the reference's
        algorithm_arguments, equal, small=[((2, 9, 9, 3), (5, 5, 3, 4), PLAIN), ((1, 1, 1, 1), (1, 1, 1, 1), PLAIN)],
        large=[((8, 56, 56, 64), (5, 5, 64, 64), SAME)], empty=[((0, 9, 9, 3), (5, 5, 3, 4), PLAIN)]),
    "depthwise_conv2d_forward": Kernel(depthwise_arguments, conv2d_bound("depthwise_conv2d_forward"),
                                       **DEPTHWISE),
    "depthwise_conv2d_backward": Kernel(depthwise_gradient_arguments,
                                        conv2d_gradient_bound("depthwise_conv2d_backward"), **DEPTHWISE,
                                        spread=AROUND_THE_IMAGE),
    "conv2d_max_pool2d_forward": Kernel(pooled_conv2d_arguments, equal, whole=True, **POOLED_CONV2D),
    "conv2d_max_pool2d_backward": Kernel(
        pooled_conv2d_gradient_arguments, pooled_conv2d_gradient_bound, **POOLED_CONV2D,
        tainted={"x": "pixels of a window that are not its maximum may or may not be multiplied by 0"}),
}
