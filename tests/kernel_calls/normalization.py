"""Batch, layer and group normalization, and the bounds of their statistics."""

from types import SimpleNamespace

import numpy as np

from kernel_calls.base import EPSILON, Kernel
from tinynet import reference


def channels_of(numbers, channels):
    """gamma and beta."""
    return {"gamma": numbers.between(0.5, 1.5, channels), "beta": numbers.normal(channels)}


def statistics_bounds(x, m, g, epsilon=EPSILON):
    """Bounds of (mean error, mean, variance, 1 / std, its relative error) of the channels of x, over m rows."""
    axes, terms = tuple(range(x.ndim - 1)), g.rows(m)
    mean, variance = x.mean(axis=axes), x.var(axis=axes)
    mean_error = g(terms + 1) * np.abs(x).mean(axis=axes)
    variance_error = g(terms + 4) * variance + (terms + 4) * mean_error**2
    relative = variance_error / (variance + epsilon) + 4 * g(1)
    return mean_error, mean_error, variance_error, relative / np.sqrt(variance + epsilon), relative, mean


def normalized_bound(x, a, mean, inverse_std, mean_error, relative, g):
    """The bound of y = gamma (x - mean) inverse_std + beta."""
    factor = inverse_std * (1 if a.gamma is None else np.abs(a.gamma))
    offset = 0 if a.beta is None else np.abs(a.beta)
    return factor * (mean_error + np.abs(x - mean) * (relative + 8 * g(1))) + 4 * g(1) * offset


def batch_norm_arguments(numbers, shape, relu=False):
    return {"x": numbers(*shape), **channels_of(numbers, shape[-1]), "epsilon": EPSILON, "relu": relu}


def batch_norm_bound_of(x, a, results, g):
    _, mean, _, inverse_std = results
    mean_error, of_mean, of_variance, of_inverse, relative, _ = statistics_bounds(x, x.size // max(x.shape[-1], 1), g)
    return [normalized_bound(x, a, mean, inverse_std, mean_error, relative, g), of_mean, of_variance, of_inverse]


def batch_norm_bound(a, results, g):
    return batch_norm_bound_of(a.x, a, results, g)


def inference_arguments(numbers, shape, relu=False):
    channels = shape[-1]
    return {**batch_norm_arguments(numbers, shape, relu), "mean": numbers.normal(channels),
            "variance": numbers.between(0.5, 1.5, channels)}


def inference_bound_of(x, a, results, g):
    inverse_std = results[-1]
    return [normalized_bound(x, a, a.mean, inverse_std, 0, 4 * g(1), g), 4 * g(1) * inverse_std]


def inference_bound(a, results, g):
    return inference_bound_of(a.x, a, results, g)


def away_from_the_kink(dy, y):
    """dy, but 0 where the sign of y, and so the derivative of ReLU, is a matter of rounding."""
    return np.where(np.abs(y) < 1e-3, 0, dy).astype(dy.dtype)


def batch_norm_gradient_arguments(numbers, shape, relu=False, constant=False):
    made = batch_norm_arguments(numbers, shape, False)
    y, mean, _, inverse_std = reference.batch_norm_forward(**made)
    del made["epsilon"]
    dy = numbers(*shape)
    return {"dy": away_from_the_kink(dy, y) if relu else dy, **made, "mean": mean, "inverse_std": inverse_std,
            "relu": relu, "constant": constant}


def batch_norm_gradient_bound(a, results, g):
    axes, m = tuple(range(a.x.ndim - 1)), a.x.size // max(a.x.shape[-1], 1)
    dy, x_hat, terms = np.abs(a.dy), np.abs((a.x - a.mean) * a.inverse_std), g.rows(m) + 5
    dbeta, dgamma = dy.sum(axis=axes), (dy * x_hat).sum(axis=axes)
    from_statistics = 0 if a.constant else (dbeta + x_hat * dgamma) / m
    return [g(terms + 8) * a.inverse_std * np.abs(a.gamma) * (dy + from_statistics), g(terms) * dgamma,
            g(terms) * dbeta]


CHANNELS = {
    "small": [((1, 1),), ((3, 2), True), ((7, 9),), ((33, 17), True), ((2, 5, 5, 16),), ((5, 65), True)],
    "large": [((8000, 31), True), ((2000, 256),), ((25_001, 3), True), ((120_003, 1),), ((16, 14, 14, 64), True)],
}


def layer_norm_arguments(numbers, rows, size, rms=False):
    return {"x": numbers(rows, size), **channels_of(numbers, size), "epsilon": EPSILON, "rms": rms}


def layer_norm_bound(a, results, g):
    _, mean, inverse_std = (np.asarray(r) for r in results)
    size = a.x.shape[1]
    mean_error = np.zeros_like(mean) if a.rms else g(size + 1) * np.abs(a.x).mean(axis=-1)
    variance = 1 / inverse_std**2 - EPSILON
    relative = (g(size + 4) * variance + mean_error**2) * inverse_std**2 + 4 * g(1)
    y = normalized_bound(a.x, a, mean[:, None], inverse_std[:, None], mean_error[:, None], relative[:, None], g)
    return [y, mean_error, relative * inverse_std]


def layer_norm_gradient_arguments(numbers, rows, size, rms=False):
    made = layer_norm_arguments(numbers, rows, size, rms)
    _, mean, inverse_std = reference.layer_norm_forward(**made)
    return {"dy": numbers(rows, size), "x": made["x"], "gamma": made["gamma"], "mean": mean,
            "inverse_std": inverse_std, "rms": rms}


def layer_norm_gradient_bound(a, results, g):
    rows, size = a.x.shape
    inverse_std = a.inverse_std[:, None]
    x_hat, dy = np.abs((a.x - a.mean[:, None]) * inverse_std), np.abs(a.dy)
    dx_hat = dy * np.abs(a.gamma)
    of_row = dx_hat.mean(axis=-1, keepdims=True) + x_hat * (dx_hat * x_hat).mean(axis=-1, keepdims=True)
    return [g(size + 13) * inverse_std * (dx_hat + of_row), g(rows + 5) * (dy * x_hat).sum(axis=0),
            g(rows + 1) * dy.sum(axis=0)]


LAYER_NORM = {
    "small": [(1, 1), (3, 2, True), (7, 9), (33, 17, True), (5, 33), (2, 130)],
    "large": [(3000, 70), (3, 30_001, True), (25_001, 4), (2, 120_003)],
    "empty": [(0, 4)],
}


def group_norm_arguments(numbers, shape, groups):
    return {"x": numbers(*shape), **channels_of(numbers, shape[-1]), "groups": groups, "epsilon": EPSILON}


def group_norm_bounds(x, gamma, beta, mean, inverse_std, epsilon, g):
    """Bounds of y, mean, inverse_std; the arguments in wide floats. A group has as many terms as elements."""
    groups = mean.shape[1]
    shape = (x.shape[0], -1, groups, x.shape[-1] // groups)
    size = x[0].size // groups
    mean_error = g(size + 1) * np.abs(x.reshape(shape)).mean(axis=(1, 3))
    variance = 1 / inverse_std**2 - epsilon
    relative = (g(size + 4) * variance + mean_error**2) * inverse_std**2 + 4 * g(1)
    of_channels = [over_pixels(part, x) for part in (mean, inverse_std, mean_error, relative)]
    y = normalized_bound(x, SimpleNamespace(gamma=gamma, beta=beta), *of_channels, g)
    return [y, mean_error, relative * inverse_std]


def over_pixels(statistic, x):
    """(samples, groups) in the shape of x."""
    of_channels = np.repeat(statistic, x.shape[-1] // statistic.shape[1], axis=1)
    return np.broadcast_to(of_channels.reshape(x.shape[0], *[1] * (x.ndim - 2), x.shape[-1]), x.shape)


def group_norm_bound(a, results, g):
    _, mean, inverse_std = results
    if a.x.size == 0:
        return [np.zeros(result.shape) for result in results]
    return group_norm_bounds(a.x, a.gamma, a.beta, mean, inverse_std, EPSILON, g)


def group_norm_gradient_arguments(numbers, shape, groups):
    made = group_norm_arguments(numbers, shape, groups)
    with np.errstate(all="ignore"):
        _, mean, inverse_std = reference.group_norm_forward(**made)
    return {"dy": numbers(*shape), "x": made["x"], "gamma": made["gamma"], "mean": mean, "inverse_std": inverse_std}


def group_norm_gradient_bounds(dy, x, gamma, mean, inverse_std, g):
    """Bounds of dx, dgamma, dbeta; the arguments in wide floats."""
    groups, axes = mean.shape[1], tuple(range(x.ndim - 1))
    size, terms = x[0].size // groups, x.size // x.shape[-1]
    scale = over_pixels(inverse_std, x)
    x_hat, dy = np.abs((x - over_pixels(mean, x)) * scale), np.abs(dy)
    dx_hat = dy if gamma is None else dy * np.abs(gamma)
    shape = (x.shape[0], -1, groups, x.shape[-1] // groups)
    level, slope = (over_pixels(part.reshape(shape).mean(axis=(1, 3)), x) for part in (dx_hat, dx_hat * x_hat))
    return [g(size + 13) * scale * (dx_hat + level + x_hat * slope), g(terms + 5) * (dy * x_hat).sum(axis=axes),
            g(terms + 1) * dy.sum(axis=axes)]


def group_norm_gradient_bound(a, results, g):
    if a.x.size == 0:
        return [np.zeros(result.shape) for result in results]
    return group_norm_gradient_bounds(a.dy, a.x, a.gamma, a.mean, a.inverse_std, g)


# Lines of several pixels and of one, whole and with a remainder; groups of one channel, of a few, of all.
GROUP_NORM = {
    "small": [((1, 1), 1), ((3, 2), 1), ((2, 5, 6), 3), ((3, 4, 5, 8), 8), ((2, 7, 9, 3), 1), ((2, 3, 66), 6),
              ((2, 9, 16), 4)],
    "large": [((20, 40, 30, 12), 4), ((3, 301, 256), 32), ((25_001, 4), 2), ((2, 1, 60_030), 3), ((500, 14, 17), 1)],
    "empty": [((0, 3, 4), 2), ((2, 0, 4), 2), ((2, 3, 0), 1)],
}


KERNELS = {
    "batch_norm_forward": Kernel(batch_norm_arguments, batch_norm_bound, **CHANNELS, empty=[((3, 0),)],
                                 refused=[((0, 3),)]),
    "moving_average": Kernel(
        lambda numbers, n, momentum: {"average": numbers(n), "value": numbers(n), "momentum": momentum},
        lambda a, results, g: [g(4) * (abs(a.average) + abs(a.value))],
        small=[(1, 0.99), (7, 0.5), (33, 0.0), (64, 1.0)], large=[(100000, 0.9)], empty=[(0, 0.9)]),
    "batch_norm_inference": Kernel(inference_arguments, inference_bound, **CHANNELS, empty=[((3, 0),), ((0, 3),)]),
    "batch_norm_backward": Kernel(
        batch_norm_gradient_arguments, batch_norm_gradient_bound,
        **{**CHANNELS, "small": [*CHANNELS["small"], ((9, 5), True, True)]}, empty=[((3, 0),), ((0, 3),)]),
    "layer_norm_forward": Kernel(layer_norm_arguments, layer_norm_bound, **LAYER_NORM),
    "layer_norm_backward": Kernel(layer_norm_gradient_arguments, layer_norm_gradient_bound, **LAYER_NORM),
    "group_norm_forward": Kernel(group_norm_arguments, group_norm_bound, **GROUP_NORM),
    "group_norm_backward": Kernel(group_norm_gradient_arguments, group_norm_gradient_bound, **GROUP_NORM),
}
