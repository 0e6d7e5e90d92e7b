"""Pooling, alone and after batch normalization."""

import numpy as np

from kernel_calls.base import EQUAL, Kernel, equal, with_absolute_values
from kernel_calls.normalization import batch_norm_arguments, batch_norm_bound_of, inference_bound_of
from tinynet import reference

NO_PADDING = ((0, 0), (0, 0))


def pool_arguments(numbers, size, pool_size, strides, padding=NO_PADDING):
    return {"x": numbers(*size), "pool_size": pool_size, "strides": strides, "padding": padding}


def max_pool_gradient_arguments(numbers, *shape):
    made = pool_arguments(numbers, *shape)
    y, argmax = reference.max_pool2d_forward(**made)
    x = made.pop("x")
    return {"dy": numbers(*y.shape), "argmax": argmax, "x_shape": x.shape, **made}


def average_pool_gradient_arguments(numbers, *shape):
    made = max_pool_gradient_arguments(numbers, *shape)
    del made["argmax"]
    return made


def max_pool_gradient_bound(a, results, g):
    taps = a.pool_size[0] * a.pool_size[1]
    return [g(taps) * with_absolute_values("max_pool2d_backward", a, "dy")[0]]


def average_pool_bound(a, results, g):
    taps = a.pool_size[0] * a.pool_size[1]
    return [g(taps + 1) * with_absolute_values("average_pool2d_forward", a, "x")[0]]


def average_pool_gradient_bound(a, results, g):
    taps = a.pool_size[0] * a.pool_size[1]
    return [g(taps + 1) * with_absolute_values("average_pool2d_backward", a, "dy")[0]]


POOLING = {
    "small": [((1, 1, 1, 1), (1, 1), (1, 1)), ((2, 5, 6, 3), (2, 2), (2, 2)),
              ((1, 7, 9, 17), (3, 2), (2, 1), ((1, 1), (0, 1))),
              ((2, 4, 4, 8), (2, 2), (2, 2)), ((1, 20, 19, 1), (17, 16), (1, 1)),
              # Zeros on all sides, around many channels and few, of windows with gaps, side by side, and that overlap.
              *(((2, 9, 13, channels), pool, strides, ((1, 2), (2, 1))) for channels in (1, 3, 17)
                for pool, strides in (((3, 3), (4, 5)), ((3, 4), (3, 4)), ((4, 3), (2, 1)), ((3, 4), (1, 2)))),
              ((3, 8, 23, 1), (3, 3), (2, 2), ((1, 2), (1, 2))),
              # Rows and columns after the last window, which no window reads.
              *(((2, 10, 10, channels), pool, strides, padding) for channels in (1, 3, 17) for pool, strides, padding in
                (((3, 2), (2, 3), NO_PADDING), ((3, 3), (3, 3), ((1, 0), (1, 0)))))],
    "large": [((16, 33, 31, channels), pool, strides) for channels in (1, 6, 32)
              for pool, strides in (((2, 2), (2, 2)), ((3, 3), (2, 2)))],
    "empty": [((0, 4, 4, 3), (2, 2), (2, 2)), ((2, 4, 4, 0), (2, 2), (2, 2))],
}


def pooled_norm_arguments(numbers, size, pool_size, rate=0.0):
    made = batch_norm_arguments(numbers, size)
    del made["relu"]
    return {**made, "pool_size": pool_size, "rate": rate, "seed": 5, "offset": 6}


def pooled_inference_arguments(numbers, size, pool_size, rate=0.0):
    return {**pooled_norm_arguments(numbers, size, pool_size, rate), "mean": numbers.normal(size[-1]),
            "variance": numbers.between(0.5, 1.5, size[-1])}


def pooled_norm_gradient_arguments(numbers, *shape):
    made = pooled_norm_arguments(numbers, *shape)
    y, argmax, x_at_max, mean, _, inverse_std = reference.batch_norm_max_pool2d_forward(**made)
    for name in ("beta", "epsilon", "seed", "offset"):
        del made[name]
    return {"dy": numbers(*y.shape), "argmax": argmax, "x_at_max": x_at_max, **made, "mean": mean,
            "inverse_std": inverse_std}


def largest_of_windows(bound, a):
    """No maximum is further from the exact one than the elements of its window are from theirs."""
    scale = 1 / (1 - a.rate)
    return scale * reference.max_pool2d_forward(bound, a.pool_size, a.pool_size, NO_PADDING, False)[0]


def pooled_norm_bound(a, results, g):
    y, _, _, mean, variance, inverse_std = results
    of_y, *of_statistics = batch_norm_bound_of(a.x, a, [y, mean, variance, inverse_std], g)
    return [largest_of_windows(of_y, a) + 2 * g(1) * y, EQUAL, EQUAL, *of_statistics]


def pooled_inference_bound(a, results, g):
    of_y, of_inverse = inference_bound_of(a.x, a, results, g)
    return [largest_of_windows(of_y, a) + 2 * g(1) * results[0], EQUAL, EQUAL, of_inverse]


def pooled_norm_gradient_bound(a, results, g):
    axes, m, dy = (0, 1, 2), a.x.size // max(a.x.shape[3], 1), np.abs(a.dy) / (1 - a.rate)
    terms = g.rows(dy.size // max(dy.shape[3], 1)) + 7
    dbeta, dgamma = dy.sum(axis=axes), (dy * np.abs(a.x_at_max - a.mean) * a.inverse_std).sum(axis=axes)
    full = reference.max_pool2d_backward(dy, a.argmax, a.x.shape, a.pool_size, a.pool_size, NO_PADDING)
    from_statistics = (dbeta + np.abs(a.x - a.mean) * a.inverse_std * dgamma) / m
    return [g(terms + 8) * a.inverse_std * np.abs(a.gamma) * (full + from_statistics), g(terms) * dgamma,
            g(terms) * dbeta]


POOLED_NORM = {
    "small": [((1, 1, 1, 1), (1, 1)), ((2, 5, 6, 3), (2, 2)), ((1, 7, 9, 17), (3, 2), 0.25), ((2, 4, 4, 8), (2, 2)),
              ((1, 4, 4, 33), (2, 2))],
    "large": [((40, 28, 28, 8), (2, 2)), ((30, 29, 31, 3), (2, 2), 0.4), ((9, 14, 14, 64), (3, 2)),
              ((900, 6, 5, 1), (2, 2))],
}


KERNELS = {
    "max_pool2d_forward": Kernel(pool_arguments, equal, **POOLING),
    "max_pool2d_backward": Kernel(max_pool_gradient_arguments, max_pool_gradient_bound, **POOLING),
    "average_pool2d_forward": Kernel(pool_arguments, average_pool_bound, **POOLING),
    "average_pool2d_backward": Kernel(average_pool_gradient_arguments, average_pool_gradient_bound, **POOLING),
    "batch_norm_max_pool2d_forward": Kernel(pooled_norm_arguments, pooled_norm_bound, whole=True, **POOLED_NORM,
                                            empty=[((2, 4, 4, 0), (2, 2))], refused=[((0, 4, 4, 3), (2, 2))]),
    "batch_norm_max_pool2d_inference": Kernel(pooled_inference_arguments, pooled_inference_bound, whole=True,
                                              **POOLED_NORM, empty=[((0, 4, 4, 3), (2, 2)), ((2, 4, 4, 0), (2, 2))]),
    "batch_norm_max_pool2d_backward": Kernel(pooled_norm_gradient_arguments, pooled_norm_gradient_bound, whole=True,
                                             **POOLED_NORM, empty=[((0, 4, 4, 3), (2, 2)), ((2, 4, 4, 0), (2, 2))]),
}
