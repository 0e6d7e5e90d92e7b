"""Batch normalization, forward and backward, written without seeing the detectors."""

import statistics

import numpy as np

import tinynet as tn

from . import right, wrong

# -- batch_norm_forward


@right("batch_norm_forward")
def batch_norm_as_in_the_algorithm(x, gamma, beta, epsilon):
    m = x.shape[0]
    mean = np.sum(x, axis=0) / m
    var = np.sum((x - mean) ** 2, axis=0) / m
    x_hat = (x - mean) / np.sqrt(var + epsilon)
    y = gamma * x_hat + beta
    return y


@right("batch_norm_forward")
def batch_norm_with_numpy_statistics(x, gamma, beta, epsilon):
    return gamma * (x - x.mean(0, keepdims=True)) / np.sqrt(x.var(0, keepdims=True) + epsilon) + beta


@right("batch_norm_forward")
def batch_norm_feature_by_feature(x, gamma, beta, epsilon):
    columns = []
    for feature, g, b in zip(x.T.tolist(), gamma, beta, strict=True):
        mean = statistics.fmean(feature)
        deviation = (statistics.pvariance(feature, mean) + epsilon) ** 0.5
        columns.append([g * (number - mean) / deviation + b for number in feature])
    return np.array(columns).T


@right("batch_norm_forward")
def batch_norm_as_scale_and_shift(x, gamma, beta, epsilon):
    # As at inference: one multiplication and one addition.
    mean = np.einsum("mf->f", x) / len(x)
    centred = x - mean
    var = np.einsum("mf,mf->f", centred, centred) / len(x)
    scale = gamma / np.sqrt(var + epsilon)
    return x * scale + (beta - mean * scale)


@right("batch_norm_forward")
def batch_norm_with_tensors(x, gamma, beta, epsilon):
    x = tn.constant(x)
    mean = tn.reduce_mean(x, axis=0)
    var = tn.reduce_mean(tn.square(x - mean), axis=0)
    return tn.constant(gamma) * (x - mean) / tn.sqrt(var + epsilon) + tn.constant(beta)


@wrong("batch_norm_forward", "axis_of_features")
def batch_norm_over_the_features(x, gamma, beta, epsilon):
    # Each sample is normalized over its features: layer normalization.
    mean = x.mean(axis=1, keepdims=True)
    var = x.var(axis=1, keepdims=True)
    return gamma * (x - mean) / np.sqrt(var + epsilon) + beta


@wrong("batch_norm_forward", "over_everything")
def batch_norm_with_one_mean(x, gamma, beta, epsilon):
    # One mean and one variance of all numbers: the axis is missing.
    x_hat = (x - np.mean(x)) / np.sqrt(np.var(x) + epsilon)
    return gamma * x_hat + beta


@wrong("batch_norm_forward", "epsilon_outside")
def batch_norm_divides_by_the_deviation_plus_epsilon(x, gamma, beta, epsilon):
    # epsilon stands outside of the root.
    x_hat = (x - x.mean(axis=0)) / (x.std(axis=0) + epsilon)
    return gamma * x_hat + beta


# -- batch_norm_backward


@right("batch_norm_backward")
def batch_norm_backward_step_by_step(dy, x, gamma, epsilon):
    m = len(x)
    mean = x.mean(axis=0)
    var = x.var(axis=0)
    std = np.sqrt(var + epsilon)
    x_hat = (x - mean) / std
    dgamma = np.sum(dy * x_hat, axis=0)
    dbeta = np.sum(dy, axis=0)
    dx_hat = dy * gamma
    dvar = np.sum(dx_hat * (x - mean) * -0.5 * (var + epsilon) ** -1.5, axis=0)
    dmean = np.sum(-dx_hat / std, axis=0) + dvar * np.mean(-2 * (x - mean), axis=0)
    dx = dx_hat / std + dvar * 2 * (x - mean) / m + dmean / m
    return dx, dgamma, dbeta


@right("batch_norm_backward")
def batch_norm_backward_in_one_formula(dy, x, gamma, epsilon):
    m = x.shape[0]
    inverse = 1 / np.sqrt(x.var(axis=0) + epsilon)
    x_hat = (x - x.mean(axis=0)) * inverse
    dbeta = dy.sum(axis=0)
    dgamma = (dy * x_hat).sum(axis=0)
    dx = gamma * inverse / m * (m * dy - dbeta - x_hat * dgamma)
    return dx, dgamma, dbeta


@right("batch_norm_backward")
def batch_norm_backward_with_a_jacobian(dy, x, gamma, epsilon):
    m, features = x.shape
    dx, dgamma = np.zeros_like(x), np.zeros(features)
    for f in range(features):
        x_hat = x[:, f] - x[:, f].mean()
        std = np.sqrt((x_hat**2).mean() + epsilon)
        x_hat = x_hat / std
        jacobian = gamma[f] / std * (np.eye(m) - 1 / m - np.outer(x_hat, x_hat) / m)
        dx[:, f] = jacobian.T @ dy[:, f]
        dgamma[f] = x_hat @ dy[:, f]
    return [dx, dgamma, np.ones(m) @ dy]


@right("batch_norm_backward")
def batch_norm_backward_from_the_tape(dy, x, gamma, epsilon):
    x, gamma, beta = tn.constant(x), tn.constant(gamma), tn.zeros(gamma.shape, dtype="float64")
    with tn.GradientTape() as tape:
        tape.watch([x, gamma, beta])
        mean = tn.reduce_mean(x, axis=0)
        var = tn.reduce_mean((x - mean) ** 2, axis=0)
        y = gamma * (x - mean) / tn.sqrt(var + epsilon) + beta
        loss = tn.reduce_sum(y * tn.constant(dy))
    return tape.gradient(loss, [x, gamma, beta])


@right("batch_norm_backward")
def batch_norm_backward_with_einsum(dy, x, gamma, epsilon):
    centred = x - np.einsum("mf->f", x)[None] / len(x)
    std = (np.einsum("mf,mf->f", centred, centred) / len(x) + epsilon) ** 0.5
    x_hat = np.divide(centred, std)
    dgamma, dbeta = np.einsum("mf,mf->f", dy, x_hat), np.einsum("mf->f", dy)
    dx = dy - dbeta / len(x)
    dx -= x_hat * (dgamma / len(x))
    dx *= gamma / std
    return dx, dgamma, dbeta


@wrong("batch_norm_backward", "statistics_constant")
def batch_norm_backward_with_constant_statistics(dy, x, gamma, epsilon):
    # Mean and variance are taken as constants.
    std = np.sqrt(x.var(axis=0) + epsilon)
    x_hat = (x - x.mean(axis=0)) / std
    return dy * gamma / std, np.sum(dy * x_hat, axis=0), np.sum(dy, axis=0)


@wrong("batch_norm_backward", "gamma_missing")
def batch_norm_backward_without_gamma(dy, x, gamma, epsilon):
    # gamma is missing in dx.
    m = x.shape[0]
    inverse = 1 / np.sqrt(x.var(axis=0) + epsilon)
    x_hat = (x - x.mean(axis=0)) * inverse
    dbeta = dy.sum(axis=0)
    dgamma = (dy * x_hat).sum(axis=0)
    dx = inverse / m * (m * dy - dbeta - x_hat * dgamma)
    return dx, dgamma, dbeta


@wrong("batch_norm_backward", "parameters_averaged")
def batch_norm_backward_with_means(dy, x, gamma, epsilon):
    # dgamma and dbeta are means over the batch, not sums; dx is right.
    inverse = 1 / np.sqrt(x.var(axis=0) + epsilon)
    x_hat = (x - x.mean(axis=0)) * inverse
    dbeta = dy.mean(axis=0)
    dgamma = (dy * x_hat).mean(axis=0)
    return gamma * inverse * (dy - dbeta - x_hat * dgamma), dgamma, dbeta
