"""Convolutions with the mean and variance of their outputs."""

from types import SimpleNamespace

import numpy as np

from kernel_calls.base import EPSILON, EQUAL, Kernel, call, equal, with_absolute_values
from kernel_calls.convolution import AROUND_THE_IMAGE, PLAIN, SAME, STRIDED, UNEVEN, geometry_of, images
from kernel_calls.normalization import (
    away_from_the_kink,
    batch_norm_bound_of,
    channels_of,
    inference_bound_of,
    normalized_bound,
    statistics_bounds,
)
from tinynet import reference


def moments_arguments(numbers, size, kernel_shape, geometry, algorithm="direct"):
    return {**images(numbers, size, kernel_shape, geometry), "algorithm": algorithm}


def moments_bound(a, results, g):
    z, _, _ = results
    _, mean, variance, _ = statistics_bounds(z, z.size // max(z.shape[3], 1), g)[:4]
    return [EQUAL, mean, variance]


def normalized_conv2d_arguments(numbers, size, kernel_shape, geometry, relu=True):
    return {**images(numbers, size, kernel_shape, geometry), **channels_of(numbers, kernel_shape[3]),
            "epsilon": EPSILON, "relu": relu}


def convolved(a):
    return reference.conv2d_forward(a.x, a.kernel, a.bias, groups=1, activation="linear",
                                    **geometry_of(a.strides, a.padding, a.dilation))


def normalized_conv2d_bound(a, results, g):
    return batch_norm_bound_of(convolved(a), a, results, g)  # z is exact: whole numbers


def conv2d_inference_arguments(numbers, size, kernel_shape, *rest):
    return {**normalized_conv2d_arguments(numbers, size, kernel_shape, *rest), "mean": numbers.normal(kernel_shape[3]),
            "variance": numbers.between(0.5, 1.5, kernel_shape[3])}


def conv2d_inference_bound(a, results, g):
    return inference_bound_of(convolved(a), a, results, g)


def normalized_conv2d_gradient_arguments(numbers, size, kernel_shape, geometry, relu=True, constant=False):
    made = normalized_conv2d_arguments(numbers, size, kernel_shape, geometry, False)
    y, mean, _, inverse_std = reference.conv2d_batch_norm_forward(**made)
    del made["epsilon"]
    dy = numbers(*y.shape)
    return {"dy": away_from_the_kink(dy, y) if relu else dy, **made, "mean": mean, "inverse_std": inverse_std,
            "relu": relu, "constant": constant}


def normalized_conv2d_gradient_bound(a, results, g):
    """As in tests/ops/test_conv2d_batch_norm.py: sums of sums, hence twice the terms for dkernel and dbias."""
    x, kernel, dy = np.abs(a.x), np.abs(a.kernel), np.abs(a.dy)
    size = convolved(SimpleNamespace(**{**vars(a), "x": x, "kernel": kernel, "bias": np.abs(a.bias)})) + np.abs(a.mean)
    axes, pixels, x_hat = (0, 1, 2), max(dy.size // max(dy.shape[3], 1), 1), size * a.inverse_std
    dbeta, dgamma = dy.sum(axis=axes), (dy * x_hat).sum(axis=axes)
    terms = pixels + np.prod(kernel.shape[:3]) + 17
    from_statistics = 0 if a.constant else (dbeta + x_hat * dgamma) / pixels
    dz = a.inverse_std * np.abs(a.gamma) * (dy + from_statistics)
    dkernel, dbias = call(reference, "conv2d_backward", {
        "dy": dz, "x": x, "kernel": kernel, "y": None, "activation": "linear", "groups": 1, "need_dx": False,
        **geometry_of(a.strides, a.padding, a.dilation)})
    of_bias = [g(2 * terms) * dbias] if len(results) == 4 else []  # there is none without a bias
    return [g(2 * terms) * dkernel, *of_bias, g(terms) * dgamma, g(terms) * dbeta]


NORMALIZED_CONV2D = {
    "small": [((1, 2, 2, 1), (1, 1, 1, 1), PLAIN), ((2, 6, 7, 1), (3, 3, 1, 9), SAME, False),
              ((2, 7, 9, 3), (3, 3, 3, 17), PLAIN), ((1, 9, 8, 2), (2, 3, 2, 8), UNEVEN, False)],
    "large": [((12, 28, 28, 1), (3, 3, 1, 32), SAME), ((2, 40, 33, 3), (3, 3, 3, 33), SAME, False),
              ((1100, 5, 4, 2), (1, 1, 2, 9), PLAIN)],
}

NO_PIXELS = [((0, 5, 5, 2), (3, 3, 2, 4), PLAIN), ((2, 2, 5, 2), (3, 3, 2, 4), PLAIN)]

NORMALIZED_DEPTHWISE = {
    "small": [((1, 1, 1, 1), (1, 1, 1, 1), PLAIN), ((2, 6, 7, 9), (3, 3, 9, 1), SAME, False),
              ((1, 9, 8, 17), (2, 3, 17, 1), UNEVEN), ((2, 7, 8, 33), (3, 3, 33, 1), STRIDED),
              ((1, 8, 9, 70), (5, 4, 70, 1), SAME)],
    "large": [((12, 28, 28, 32), (3, 3, 32, 1), SAME), ((9, 33, 30, 37), (3, 3, 37, 1), STRIDED),
              ((40, 26, 25, 1), (3, 3, 1, 1), UNEVEN, False)],
    "empty": [((0, 5, 5, 2), (3, 3, 2, 1), SAME), ((2, 5, 5, 0), (3, 3, 0, 1), SAME)],
}

NO_FILTERS = [((2, 5, 5, 2), (3, 3, 2, 0), PLAIN)]


def normalized_depthwise_arguments(numbers, size, kernel_shape, geometry, relu=True):
    channels = kernel_shape[2]
    made = {**images(numbers, size, kernel_shape, geometry, channels), **channels_of(numbers, channels),
            "mean": numbers.normal(channels), "variance": numbers.between(0.5, 1.5, channels), "epsilon": EPSILON,
            "relu": relu}
    return made


def normalized_depthwise_bound(a, results, g):
    """What is normalized, with its error, through the convolution."""
    z, inverse_std = reference.batch_norm_inference(a.x, a.gamma, a.beta, a.mean, a.variance, EPSILON, a.relu)
    error = normalized_bound(a.x, a, a.mean, inverse_std, 0, 4 * g(1), g)
    geometry, taps = geometry_of(a.strides, a.padding, a.dilation), np.prod(a.kernel.shape[:2])

    def convolved(z, bias):
        return reference.depthwise_conv2d_forward(z, np.abs(a.kernel), bias, activation="linear", **geometry)

    return [g(taps + 2) * convolved(np.abs(z) + error, np.abs(a.bias)) + convolved(error, None),
            4 * g(1) * inverse_std]


def normalized_depthwise_gradient_arguments(numbers, *shape):
    made = normalized_depthwise_arguments(numbers, *shape)
    y, inverse_std = reference.batch_norm_depthwise_conv2d_forward(**made)
    for name in ("bias", "variance", "epsilon"):
        del made[name]
    scale = inverse_std * made["gamma"]
    z = (made["x"] - made["mean"]) * scale + made["beta"]
    # Away from the kink: there the derivative of ReLU is a matter of rounding.
    made["x"] = np.where(np.abs(z) < 1e-3, made["x"] + 4e-3 / scale, made["x"]).astype(made["x"].dtype)
    return {"dy": numbers(*y.shape), **made, "inverse_std": inverse_std}


def normalized_depthwise_gradient_bound(a, results, g):
    x_hat, geometry = np.abs(a.x - a.mean) * a.inverse_std, geometry_of(a.strides, a.padding, a.dilation)
    m, pixels = max(a.x.size // max(a.x.shape[3], 1), 1), a.dy.size // max(a.dy.shape[3], 1)
    d, dkernel, dbias = call(reference, "depthwise_conv2d_backward", {
        "dy": np.abs(a.dy), "x": x_hat * np.abs(a.gamma) + np.abs(a.beta), "kernel": np.abs(a.kernel), "y": None,
        "activation": "linear", **geometry})
    dbeta, dgamma = d.sum(axis=(0, 1, 2)), (d * x_hat).sum(axis=(0, 1, 2))
    terms = a.kernel.size + m + 5
    return [g(terms + 8) * a.inverse_std * np.abs(a.gamma) * (d + (dbeta + x_hat * dgamma) / m),
            g(pixels + 12) * dkernel, g(pixels + 1) * dbias, g(terms) * dgamma, g(terms) * dbeta]


def prepared_arguments(numbers, kernel_shape, channels, bias=True, affine=True, normalized=True):
    """What was seen before differs from the arguments; weights and offset are still those of something else."""
    def vector(needed):
        return numbers.normal(channels) if needed else None

    made = {"kernel": numbers.normal(*kernel_shape), "bias": vector(bias), "gamma": vector(affine),
            "beta": vector(affine), "mean": vector(normalized),
            "variance": numbers.between(0.5, 1.5, channels) if normalized else None, "epsilon": EPSILON,
            "algorithm": "auto"}
    given = [value for value in made.values() if isinstance(value, np.ndarray)]
    made["seen"] = numbers.normal(sum(value.size for value in given))
    made["weights"], made["offset"] = numbers.normal(*kernel_shape), vector(bias or normalized)
    return made


def prepared_bound(a, results, g):
    """In double precision: weights are rounded once, and so is the offset, whose terms may cancel."""
    scale = 1.0 if a.variance is None else (1.0 if a.gamma is None else np.abs(a.gamma)) / np.sqrt(a.variance + EPSILON)
    terms = sum(np.abs(part) for part in (a.bias, a.mean) if part is not None) * scale
    terms = terms if a.beta is None else terms + np.abs(a.beta)
    return [EQUAL, g(2) * np.abs(results[1]), *([] if a.offset is None else [g(2) * terms])]


def prepared_conv2d_arguments(numbers, size, kernel_shape, geometry, activation):
    made = {**images(numbers, size, kernel_shape, geometry), "groups": 1, "activation": "linear"}
    y = reference.conv2d_forward(**made)
    return {"x": made["x"], "weights": made["kernel"], "offset": made["bias"], "kernel_shape": kernel_shape,
            **geometry_of(*geometry), "algorithm": "auto", "residual": numbers(*y.shape), "activation": activation}


def prepared_conv2d_bound(a, results, g):
    linear = SimpleNamespace(**{**vars(a), "activation": "linear"})
    (magnitude,) = with_absolute_values("conv2d_prepared_forward", linear, "x", "weights", "offset", "residual")
    return [g(np.prod(a.kernel_shape[:3]) + 3) * magnitude]


def pair_arguments(numbers, size, kernel_shape, geometry, filters, activations=("relu", "linear")):
    channels = kernel_shape[2] * kernel_shape[3]
    return {**images(numbers, size, kernel_shape, geometry, channels), "activation": activations[0],
            "weights": numbers(channels, filters), "offset": numbers(filters), "filters": filters,
            "pointwise_activation": activations[1], "algorithm": "auto"}


def pair_bound(a, results, g):
    linear = SimpleNamespace(**{**vars(a), "activation": "linear", "pointwise_activation": "linear"})
    (magnitude,) = with_absolute_values("depthwise_pointwise_forward", linear, "x", "kernel", "bias", "weights",
                                        "offset")
    return [g(np.prod(a.kernel.shape[:2]) + a.weights.shape[0] + 4) * magnitude]


KERNELS = {
    "conv2d_moments_forward": Kernel(
        moments_arguments, moments_bound, whole=True, small=[s[:3] for s in NORMALIZED_CONV2D["small"]],
        large=[s[:3] for s in NORMALIZED_CONV2D["large"]]
        + [((20, 28, 28, 32), (3, 3, 32, 32), SAME, algorithm) for algorithm in ("winograd2", "winograd4")],
        empty=NO_FILTERS, refused=NO_PIXELS,
        unbounded=dict.fromkeys(("winograd2", "winograd4"), "tests/ops/test_conv2d_moments.py")),
    "conv2d_batch_norm_forward": Kernel(normalized_conv2d_arguments, normalized_conv2d_bound, whole=True,
                                        **NORMALIZED_CONV2D, empty=NO_FILTERS, refused=NO_PIXELS),
    "conv2d_batch_norm_inference": Kernel(conv2d_inference_arguments, conv2d_inference_bound, whole=True,
                                          **NORMALIZED_CONV2D, empty=[*NO_FILTERS, NO_PIXELS[0]]),
    "conv2d_batch_norm_backward": Kernel(  # with constant statistics too: else the gradient of the bias is 0
        normalized_conv2d_gradient_arguments, normalized_conv2d_gradient_bound, whole=True,
        **{**NORMALIZED_CONV2D, "small": [*NORMALIZED_CONV2D["small"], ((2, 5, 6, 2), (3, 3, 2, 7), SAME, True, True)]},
        empty=NO_FILTERS),
    "batch_norm_depthwise_conv2d_forward": Kernel(
        normalized_depthwise_arguments, normalized_depthwise_bound, **NORMALIZED_DEPTHWISE),
    "batch_norm_depthwise_conv2d_backward": Kernel(
        normalized_depthwise_gradient_arguments, normalized_depthwise_gradient_bound, **NORMALIZED_DEPTHWISE,
        tainted={"dy": "meets the zeros around images in the reference alone; tests/ops has a test of inner pixels"},
        spread={**AROUND_THE_IMAGE, **dict.fromkeys(("x", "gamma", "beta", "mean", "inverse_std"),
                                                    "may be multiplied by the zeros that stand around dy")}),
    "prepare_weights": Kernel(
        prepared_arguments, prepared_bound,
        small=[((1, 1, 1, 1), 1), ((3, 3, 5, 7), 7), ((3, 3, 5, 4), 20), ((9, 33), 33, False),
               ((2, 2, 3, 8), 8, True, False), ((3, 3, 2, 4), 4, True, False, False)],
        large=[((3, 3, 128, 96), 96), ((3, 3, 700, 9), 6300)],
        empty=[((3, 3, 2, 0), 0), ((3, 3, 0, 4), 4)]),
    "prepared_size": Kernel(
        lambda numbers, *shape: {"kernel": numbers(*shape), "algorithm": "auto"}, equal, small=[(3, 3, 5, 7), (2, 3)],
        large=[(3, 3, 100, 100)], empty=[(3, 3, 0, 4)]),
    "conv2d_prepared_forward": Kernel(
        prepared_conv2d_arguments, prepared_conv2d_bound,
        small=[((1, 1, 1, 1), (1, 1, 1, 1), PLAIN, "linear"), ((2, 5, 6, 3), (3, 3, 3, 9), SAME, "relu"),
               ((1, 7, 9, 8), (2, 3, 8, 17), UNEVEN, "relu")],
        large=[((12, 28, 28, 1), (3, 3, 1, 32), SAME, "relu"), ((3, 30, 30, 8), (5, 5, 8, 12), UNEVEN, "linear")],
        empty=[((0, 5, 5, 2), (3, 3, 2, 4), SAME, "relu"), ((2, 5, 5, 2), (3, 3, 2, 0), SAME, "linear")]),
    "depthwise_pointwise_forward": Kernel(
        pair_arguments, pair_bound,
        small=[((1, 1, 1, 1), (1, 1, 1, 1), PLAIN, 1), ((2, 5, 6, 3), (3, 3, 3, 2), SAME, 9),
               ((1, 7, 9, 17), (2, 3, 17, 1), UNEVEN, 33, ("linear", "relu")), ((3, 9, 7, 8), (3, 3, 8, 1), SAME, 16)],
        large=[((12, 28, 28, 4), (3, 3, 4, 1), SAME, 40, ("relu", "relu")),
               ((1, 34, 33, 16), (5, 5, 16, 1), UNEVEN, 70, ("linear", "linear"))],
        empty=[((0, 5, 5, 2), (3, 3, 2, 1), SAME, 4), ((2, 5, 5, 2), (3, 3, 2, 1), SAME, 0)]),
}
