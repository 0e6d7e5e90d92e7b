"""Exercises: batch normalization forwards and backwards (row 64 of the course)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ops.batch_norm import batch_norm_backward, batch_norm_forward
from .definition import Exercise, Mistake
from .words import Words


def _forward(x, gamma, beta, epsilon):
    return batch_norm_forward(x, gamma, beta, epsilon)[0]


def _backward(dy, x, gamma, epsilon):
    _, mean, _, inverse_std = batch_norm_forward(x, gamma, None, epsilon)
    return batch_norm_backward(dy, x, gamma, None, mean, inverse_std)


def _batches(rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray, float]]:
    """(x, gamma, epsilon): x of different means and scales a feature; square too, where a mixed-up axis has no error."""
    found = []
    for m, features, epsilon in ((4, 3, 0.5), (6, 2, 0.1), (3, 5, 1.0), (4, 4, 0.25), (5, 1, 0.5)):
        x = rng.normal(rng.normal(0, 2, features), rng.uniform(0.5, 3, features), (m, features))
        found.append((x, rng.uniform(0.5, 2, features), epsilon))
    return found


def _forward_cases(rng: np.random.Generator) -> list[tuple[Any, ...]]:
    cases: list[tuple[Any, ...]] = [(x, gamma, rng.normal(0, 2, gamma.shape), epsilon)
                                    for x, gamma, epsilon in _batches(rng)]
    constant = np.array([[3.0, 1.0], [3.0, 2.0], [3.0, 6.0]])
    cases.append((constant, np.array([2.0, 1.5]), np.array([-1.0, 0.5]), 1e-3))  # 0 / 0 without epsilon
    return cases


def _backward_cases(rng: np.random.Generator) -> list[tuple[Any, ...]]:
    return [(rng.normal(0.5, 1, x.shape), x, gamma, epsilon) for x, gamma, epsilon in _batches(rng)]


def _scaled(x_hat):
    """A variant of the forward pass from what it computes for x^."""
    return lambda x, gamma, beta, epsilon: gamma * x_hat(x, epsilon) + beta


def _row(values):
    """One value a sample, beside its features."""
    return values[:, None]


EPSILON_OUTSIDE = Words(
    "epsilon is added after the root, sqrt(var) + epsilon; in Algorithm 1 it is inside: sqrt(var + epsilon).",
    "epsilon을 제곱근 밖에서 더했습니다(sqrt(var) + epsilon). Algorithm 1에서는 안에 있습니다: sqrt(var + epsilon).")
NO_EPSILON = Words(
    "epsilon is missing: a feature that is constant in the batch would divide by 0. It is sqrt(var + epsilon).",
    "epsilon이 빠졌습니다. 배치(batch) 안에서 값이 모두 같은 특징은 0으로 나누게 됩니다. sqrt(var + epsilon)입니다.")
UNBIASED = Words(
    "the variance is the unbiased one, divided by m - 1 (ddof=1). Algorithm 1 divides by m, the number of samples.",
    "m - 1로 나눈 불편분산(unbiased variance, ddof=1)을 썼습니다. Algorithm 1은 샘플 수 m으로 나눕니다.")

BATCH_NORM_FORWARD = Exercise(
    name="batch_norm_forward",
    signature="batch_norm_forward(x, gamma, beta, epsilon)",
    statement=Words(
        """Batch normalization, Algorithm 1: mean and variance (divided by m) over the batch, then
        x_hat = (x - mean) / sqrt(var + epsilon) and y = gamma x_hat + beta.

        Gets x of shape (m samples, features), gamma and beta of shape (features,), and a number. Returns y, shaped like
        x, and leaves its arguments as they are.""",
        """배치 정규화(batch normalization), Algorithm 1: 배치에 걸친 평균과 분산(m으로 나눔)을 구하고,
        x_hat = (x - mean) / sqrt(var + epsilon), y = gamma x_hat + beta를 계산합니다.

        모양이 (샘플 수 m, 특징 수)인 x, 모양이 (특징 수,)인 gamma와 beta, 그리고 숫자 하나를 받습니다. x와 같은 모양의 y를 돌려주고,
        인수는 그대로 둡니다."""),
    reference=_forward,
    outputs=("y",),
    cases=_forward_cases,
    mistakes=(
        Mistake("unbiased_variance", UNBIASED,
                _scaled(lambda x, e: (x - x.mean(0)) / np.sqrt(x.var(0, ddof=1) + e))),
        Mistake("epsilon_outside", EPSILON_OUTSIDE, _scaled(lambda x, e: (x - x.mean(0)) / (x.std(0) + e))),
        Mistake("no_epsilon", NO_EPSILON, _scaled(lambda x, e: (x - x.mean(0)) / x.std(0))),
        Mistake("axis_of_features", Words(
            "mean and variance are taken over the features of each sample (axis=1). It is the other axis: each feature "
            "over the samples of the batch (axis=0). Over the features it would be layer normalization.",
            "샘플마다 특징에 걸쳐(axis=1) 평균과 분산을 구했습니다. 특징마다 배치의 샘플에 걸쳐(axis=0) 구해야 합니다. 특징에 걸쳐 구하면 "
            "층 정규화(layer normalization)가 됩니다."),
            _scaled(lambda x, e: (x - _row(x.mean(1))) / np.sqrt(_row(x.var(1)) + e))),
        Mistake("axis_without_keepdims", Words(
            "mean and variance are taken over the features (axis=1), and then subtracted from the wrong axis, too. Each "
            "feature has its own, over the samples: axis=0.",
            "특징에 걸쳐(axis=1) 평균과 분산을 구했고, 빼는 축도 잘못됐습니다. 특징마다 샘플에 걸쳐(axis=0) 구해야 합니다."),
            _scaled(lambda x, e: (x - x.mean(1)) / np.sqrt(x.var(1) + e))),
        Mistake("over_everything", Words(
            "one mean and one variance are taken over the whole array: axis=0 is missing. Each feature has its own.",
            "배열 전체에서 평균과 분산을 하나씩만 구했습니다. axis=0이 빠졌습니다. 특징마다 따로 구해야 합니다."),
            _scaled(lambda x, e: (x - x.mean()) / np.sqrt(x.var() + e))),
        Mistake("no_gamma", Words("the scale gamma is missing: y = gamma x_hat + beta.",
                                  "gamma를 곱하지 않았습니다: y = gamma x_hat + beta."),
                lambda x, gamma, beta, e: (x - x.mean(0)) / np.sqrt(x.var(0) + e) + beta),
        Mistake("no_beta", Words("the shift beta is missing: y = gamma x_hat + beta.",
                                 "beta를 더하지 않았습니다: y = gamma x_hat + beta."),
                lambda x, gamma, beta, e: gamma * (x - x.mean(0)) / np.sqrt(x.var(0) + e)),
        Mistake("no_scale_and_shift", Words(
            "this is x_hat: the last line of the algorithm, y = gamma x_hat + beta, is missing.",
            "이것은 x_hat입니다. 알고리즘의 마지막 줄 y = gamma x_hat + beta가 빠졌습니다."),
            lambda x, gamma, beta, e: (x - x.mean(0)) / np.sqrt(x.var(0) + e)),
        Mistake("gamma_and_beta_exchanged", Words(
            "gamma and beta are exchanged: gamma multiplies, beta is added.",
            "gamma와 beta가 서로 바뀌었습니다. gamma는 곱하고 beta는 더합니다."),
            lambda x, gamma, beta, e: beta * (x - x.mean(0)) / np.sqrt(x.var(0) + e) + gamma),
        Mistake("beta_inside", Words(
            "beta is added before gamma multiplies: gamma (x_hat + beta). It is gamma x_hat + beta.",
            "beta를 더한 뒤에 gamma를 곱했습니다: gamma (x_hat + beta). gamma x_hat + beta입니다."),
            lambda x, gamma, beta, e: gamma * ((x - x.mean(0)) / np.sqrt(x.var(0) + e) + beta)),
        Mistake("mean_missing", Words(
            "the mean is not subtracted: x_hat = (x - mean) / sqrt(var + epsilon).",
            "평균을 빼지 않았습니다: x_hat = (x - mean) / sqrt(var + epsilon)."),
            _scaled(lambda x, e: x / np.sqrt(x.var(0) + e))),
        Mistake("mean_of_squares", Words(
            "the variance is the mean of x^2; it is that of (x - mean)^2.",
            "분산이 x^2의 평균입니다. (x - mean)^2의 평균이어야 합니다."),
            _scaled(lambda x, e: (x - x.mean(0)) / np.sqrt((x**2).mean(0) + e))),
        Mistake("divided_by_variance", Words(
            "x - mean is divided by the variance, var + epsilon; the root is missing.",
            "분산(var + epsilon)으로 나누었습니다. 제곱근이 빠졌습니다."),
            _scaled(lambda x, e: (x - x.mean(0)) / (x.var(0) + e))),
        Mistake("sum_of_squares", Words(
            "the squares are summed, and not averaged: the variance is divided by m.",
            "제곱을 더하기만 하고 평균을 내지 않았습니다. 분산은 m으로 나눕니다."),
            _scaled(lambda x, e: (x - x.mean(0)) / np.sqrt(((x - x.mean(0)) ** 2).sum(0) + e))),
        Mistake("standard_deviation_in_root", Words(
            "the root is taken twice: of the standard deviation, and not of the variance.",
            "제곱근을 두 번 씌웠습니다. 분산이 아니라 표준편차에 제곱근을 씌웠습니다."),
            _scaled(lambda x, e: (x - x.mean(0)) / np.sqrt(x.std(0) + e))),
        Mistake("difference_without_brackets", Words(
            "the brackets of (x - mean) are missing: x - mean / sqrt(...) divides only the mean.",
            "(x - mean)의 괄호가 빠졌습니다. x - mean / sqrt(...)는 평균만 나누는 식이 됩니다."),
            _scaled(lambda x, e: x - x.mean(0) / np.sqrt(x.var(0) + e))),
        Mistake("epsilon_added", Words(
            "epsilon is added after the division, (x - mean) / sqrt(var) + epsilon; it is inside the root: "
            "sqrt(var + epsilon).",
            "나눗셈이 끝난 뒤에 epsilon을 더했습니다((x - mean) / sqrt(var) + epsilon). 제곱근 안에 있어야 합니다: sqrt(var + epsilon)."),
            _scaled(lambda x, e: (x - x.mean(0)) / x.std(0) + e)),
    ),
)


def _gradients(correction, epsilon_inside=True, ddof=0, axis=0):
    """A variant of the backward pass with another formula for dx.

    correction(dx_hat, x_hat, m) is what is subtracted from dx_hat before the division by the standard deviation.
    """
    def variant(dy, x, gamma, epsilon):
        centred = x - x.mean(axis, keepdims=True)
        variance = x.var(axis, ddof=ddof, keepdims=True)
        std = np.sqrt(variance + epsilon) if epsilon_inside else np.sqrt(variance) + epsilon
        x_hat, dx_hat = centred / std, dy * gamma
        dx = (dx_hat - correction(dx_hat, x_hat, len(x))) / std
        return dx, (dy * x_hat).sum(0), dy.sum(0)
    return variant


def _of_mean(dx_hat, x_hat, m):
    return dx_hat.mean(0)


def _of_variance(dx_hat, x_hat, m):
    return x_hat * (dx_hat * x_hat).mean(0)


def _right(dx_hat, x_hat, m):
    return _of_mean(dx_hat, x_hat, m) + _of_variance(dx_hat, x_hat, m)


def _with(change):
    """A variant made of the right gradients: change(dx, dgamma, dbeta, dy, x, gamma, epsilon)."""
    def variant(dy, x, gamma, epsilon):
        return change(*_backward(dy, x, gamma, epsilon), dy, x, gamma, epsilon)
    return variant


BATCH_NORM_BACKWARD = Exercise(
    name="batch_norm_backward",
    signature="batch_norm_backward(dy, x, gamma, epsilon)",
    statement=Words(
        """The gradients of batch normalization, y = gamma x_hat + beta with x_hat = (x - mean) / sqrt(var + epsilon).

        Gets dy, the gradient of y, and x, both of shape (m samples, features), gamma of shape (features,), and a
        number. Mean and variance depend on x, too. Returns dx, shaped like x, and dgamma and dbeta, of shape (features,).
        """,
        """배치 정규화(batch normalization)의 기울기(gradient). y = gamma x_hat + beta, x_hat = (x - mean) / sqrt(var + epsilon)입니다.

        y의 기울기 dy와 x(둘 다 (샘플 수 m, 특징 수)), 모양이 (특징 수,)인 gamma, 숫자 하나를 받습니다. 평균과 분산도 x에 따라
        변합니다. x와 같은 모양의 dx, 모양이 (특징 수,)인 dgamma와 dbeta를 돌려줍니다."""),
    reference=_backward,
    outputs=("dx", "dgamma", "dbeta"),
    cases=_backward_cases,
    mistakes=(
        Mistake("mean_missing", Words(
            "in dx, the path through the mean is missing: the mean depends on every x of the batch. Subtract the mean of "
            "dx_hat.",
            "dx에서 평균을 거치는 경로가 빠졌습니다. 평균은 배치의 모든 x에 따라 변합니다. dx_hat의 평균을 빼야 합니다."),
            _gradients(_of_variance)),
        Mistake("variance_missing", Words(
            "in dx, the path through the variance is missing: the variance depends on every x of the batch. Subtract "
            "x_hat times the mean of dx_hat x_hat.",
            "dx에서 분산을 거치는 경로가 빠졌습니다. 분산은 배치의 모든 x에 따라 변합니다. x_hat에 (dx_hat x_hat)의 평균을 곱한 것을 빼야 "
            "합니다."),
            _gradients(_of_mean)),
        Mistake("statistics_constant", Words(
            "dx treats mean and variance as constants, as when predicting. In training both depend on x: two more paths "
            "lead back through them.",
            "dx에서 평균과 분산을 예측할 때처럼 상수로 보았습니다. 학습할 때는 둘 다 x에 따라 변하므로 경로가 두 개 더 있습니다."),
            _gradients(lambda dx_hat, x_hat, m: 0)),
        Mistake("m_missing", Words(
            "in dx, sums over the batch stand where means belong: the paths through mean and variance are divided by m.",
            "dx에서 평균이 있어야 할 곳에 배치에 걸친 합이 있습니다. 평균과 분산을 거치는 경로는 m으로 나눕니다."),
            _gradients(lambda dx_hat, x_hat, m: m * _right(dx_hat, x_hat, m))),
        Mistake("sign_of_paths", Words(
            "in dx, the paths through mean and variance have the wrong sign: both are subtracted.",
            "dx에서 평균과 분산을 거치는 경로의 부호가 반대입니다. 둘 다 빼야 합니다."),
            _gradients(lambda dx_hat, x_hat, m: -_right(dx_hat, x_hat, m))),
        Mistake("sign_of_variance", Words(
            "in dx, the path through the variance has the wrong sign: d/dvar of (var + epsilon)^(-1/2) is "
            "-1/2 (var + epsilon)^(-3/2).",
            "dx에서 분산을 거치는 경로의 부호가 반대입니다. (var + epsilon)^(-1/2)을 미분하면 -1/2 (var + epsilon)^(-3/2)입니다."),
            _gradients(lambda dx_hat, x_hat, m: _of_mean(dx_hat, x_hat, m) - _of_variance(dx_hat, x_hat, m))),
        Mistake("half_of_variance", Words(
            "in dx, the path through the variance has a wrong factor: the 2 of 2 (x - mean) / m cancels the 1/2. One of "
            "them is missing.",
            "dx에서 분산을 거치는 경로의 계수가 절반입니다. 2 (x - mean) / m의 2와 1/2은 약분되는데, 2가 빠졌습니다."),
            _gradients(lambda dx_hat, x_hat, m: _of_mean(dx_hat, x_hat, m) + _of_variance(dx_hat, x_hat, m) / 2)),
        Mistake("twice_the_variance", Words(
            "in dx, the path through the variance is twice as large: the 1/2 of the root's derivative is missing.",
            "dx에서 분산을 거치는 경로가 두 배입니다. 제곱근을 미분할 때의 1/2이 빠졌습니다."),
            _gradients(lambda dx_hat, x_hat, m: _of_mean(dx_hat, x_hat, m) + 2 * _of_variance(dx_hat, x_hat, m))),
        Mistake("gamma_missing", Words(
            "in dx, gamma is missing: dx_hat = dy gamma.",
            "dx에 gamma가 빠졌습니다: dx_hat = dy gamma."),
            _with(lambda dx, dgamma, dbeta, dy, x, gamma, e: (dx / gamma, dgamma, dbeta))),
        Mistake("dgamma_with_x", Words(
            "dgamma is the sum of dy x; gamma multiplies x_hat, so that it is the sum of dy x_hat.",
            "dgamma가 dy x의 합입니다. gamma는 x_hat에 곱하므로 dy x_hat의 합이어야 합니다."),
            _with(lambda dx, dgamma, dbeta, dy, x, gamma, e: (dx, (dy * x).sum(0), dbeta))),
        Mistake("dgamma_with_centred", Words(
            "dgamma has x - mean instead of x_hat: the division by sqrt(var + epsilon) is missing.",
            "dgamma에 x_hat 대신 x - mean을 썼습니다. sqrt(var + epsilon)으로 나누지 않았습니다."),
            _with(lambda dx, dgamma, dbeta, dy, x, gamma, e: (dx, (dy * (x - x.mean(0))).sum(0), dbeta))),
        Mistake("parameters_averaged", Words(
            "dgamma and dbeta are means over the batch; they are sums: each sample adds its share.",
            "dgamma와 dbeta가 배치에 걸친 평균입니다. 샘플마다 더해지므로 합이어야 합니다."),
            _with(lambda dx, dgamma, dbeta, dy, x, gamma, e: (dx, dgamma / len(x), dbeta / len(x)))),
        Mistake("parameters_not_summed", Words(
            "dgamma and dbeta are not summed over the batch: gamma and beta are shared by all samples, so that their "
            "gradients have the shape (features,).",
            "dgamma와 dbeta를 배치에 걸쳐 더하지 않았습니다. gamma와 beta는 모든 샘플이 함께 쓰므로 기울기의 모양은 (특징 수,)입니다."),
            _with(lambda dx, dgamma, dbeta, dy, x, gamma, e: (
                dx, dy * (x - x.mean(0)) / np.sqrt(x.var(0) + e), dy.copy()))),
        Mistake("parameters_over_features", Words(
            "dgamma and dbeta are summed over the features (axis=1); they are summed over the samples: axis=0.",
            "dgamma와 dbeta를 특징에 걸쳐(axis=1) 더했습니다. 샘플에 걸쳐(axis=0) 더해야 합니다."),
            _with(lambda dx, dgamma, dbeta, dy, x, gamma, e: (
                dx, (dy * (x - x.mean(0)) / np.sqrt(x.var(0) + e)).sum(1), dy.sum(1)))),
        Mistake("parameters_keep_axis", Words(
            "the values are right, but dgamma and dbeta have the shape (1, features): the sum keeps its axis "
            "(keepdims=True).",
            "값은 맞지만 dgamma와 dbeta의 모양이 (1, 특징 수)입니다. 더할 때 축을 남겼습니다(keepdims=True)."),
            _with(lambda dx, dgamma, dbeta, dy, x, gamma, e: (dx, dgamma[None], dbeta[None]))),
        Mistake("parameters_with_gamma", Words(
            "dgamma and dbeta are sums of dx_hat = dy gamma; gamma does not belong in them: they are sums of dy x_hat and "
            "of dy.",
            "dgamma와 dbeta를 dx_hat = dy gamma로 구했습니다. gamma는 들어가지 않습니다. 각각 dy x_hat의 합, dy의 합입니다."),
            _with(lambda dx, dgamma, dbeta, dy, x, gamma, e: (dx, dgamma * gamma, dbeta * gamma))),
        Mistake("m_times", Words(
            "dx is m times too large: m dy - dbeta - x_hat dgamma is divided by m.",
            "dx가 정답의 m배입니다. m dy - dbeta - x_hat dgamma를 m으로 나누어야 합니다."),
            _with(lambda dx, dgamma, dbeta, dy, x, gamma, e: (dx * len(x), dgamma, dbeta))),
        Mistake("std_missing", Words(
            "in dx, the division by sqrt(var + epsilon) is missing: x_hat is (x - mean) / sqrt(var + epsilon).",
            "dx를 sqrt(var + epsilon)으로 나누지 않았습니다. x_hat이 (x - mean) / sqrt(var + epsilon)이기 때문입니다."),
            _with(lambda dx, dgamma, dbeta, dy, x, gamma, e: (dx * np.sqrt(x.var(0) + e), dgamma, dbeta))),
        Mistake("unbiased_variance", UNBIASED, _gradients(_right, ddof=1)),
        Mistake("epsilon_outside", EPSILON_OUTSIDE, _gradients(_right, epsilon_inside=False)),
        Mistake("no_epsilon", NO_EPSILON, lambda dy, x, gamma, e: _gradients(_right)(dy, x, gamma, 0.0)),
    ),
)

EXERCISES = (BATCH_NORM_FORWARD, BATCH_NORM_BACKWARD)
