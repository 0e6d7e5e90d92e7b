"""Exercises: the gradients of L1 and L2 (rows 41 to 44 of the course)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...textbook.losses import L1Slide, L2Slide
from .definition import Exercise, Mistake
from .words import Words


def _without_bias(gradient):
    """A gradient of all weights but theta_0."""
    def of(theta, lam):
        result = gradient(theta, lam)
        result[0] = 0
        return result
    return of


def _bias_copied(gradient):
    """A gradient whose first element is theta_0."""
    def of(theta, lam):
        result = gradient(theta, lam)
        result[0] = theta[0]
        return result
    return of


def _thetas(rng: np.random.Generator) -> list[tuple[Any, ...]]:
    """Weights of both signs, far from 1, some of them 0; theta_0 is not 0."""
    cases: list[tuple[Any, ...]] = []
    for size, lam in ((4, 0.5), (6, 2.0), (3, 0.1), (8, 1.5)):
        theta = rng.uniform(0.25, 3, size) * rng.choice([-1, 1], size)
        theta[2] = 0
        cases.append((theta, lam))
    return cases


def _l1_reference(theta, lam):
    return L1Slide(lam).l1 * np.sign(theta)


def _l2_reference(theta, lam):
    return 2 * L2Slide(lam).l2 * theta


PENALTY = Words(
    "this is the penalty itself, one number, and not its gradient, one number a weight.",
    "이것은 벌점(penalty) 자체인 숫자 하나입니다. 기울기(gradient)는 가중치마다 하나씩 있어야 합니다.")
BIAS = Words(
    "theta_0, the bias, is penalized too. The slide's sum begins at j = 1: its gradient is 0.",
    "편향(bias)인 theta_0에도 벌점을 주었습니다. 슬라이드의 합은 j = 1부터이므로 theta_0의 기울기는 0입니다.")
MEAN = Words("it is divided by the number of weights; the penalty is a sum, and not a mean.",
             "가중치 개수로 나누었습니다. 벌점은 평균이 아니라 합입니다.")
LAMBDA = Words("lambda is missing: the strength of the regularization must multiply the gradient.",
               "lambda가 빠졌습니다. 규제의 세기를 곱해야 합니다.")
SHORT = Words("theta_0 is left out of the result: it must have the shape of theta, with 0 for the bias.",
              "결과에서 theta_0을 아예 뺐습니다. 결과는 theta와 같은 모양이고, 편향 자리는 0이어야 합니다.")
BIAS_COPIED = Words(
    "the first element of the gradient is theta_0 itself, as in a copy of theta; the bias is not penalized: its gradient "
    "is 0.",
    "기울기의 첫 원소가 theta_0 그대로입니다. theta를 복사한 값이 남아 있습니다. 편향에는 벌점이 없으므로 기울기는 0입니다.")
BIAS_TOO = Words(" Besides, theta_0, the bias, is penalized too; its gradient is 0.",
                 " 그리고 편향(bias)인 theta_0에도 벌점을 주었습니다. theta_0의 기울기는 0입니다.")
L1_TWICE = Words(
    "the 1/2 is missing: this is the gradient of lambda sum |theta_j|, Keras's form. The slide has lambda / 2.",
    "1/2이 빠졌습니다. 이것은 lambda * sum |theta_j|, 곧 Keras 형태의 기울기입니다. 슬라이드는 lambda / 2입니다.")
L2_HALF = Words(
    "the result is half of the right one: the derivative of theta^2 is 2 theta, and its 2 cancels the 1/2.",
    "결과가 정답의 절반입니다. theta^2을 미분하면 2 theta이고, 이 2가 1/2과 약분됩니다.")
L2_TWICE = Words(
    "the result is twice the right one: this is the gradient of lambda sum theta_j^2, Keras's form. The slide "
    "has lambda / 2.",
    "결과가 정답의 두 배입니다. 이것은 lambda * sum theta_j^2, 곧 Keras 형태의 기울기입니다. 슬라이드는 lambda / 2입니다.")

L1_GRADIENT = Exercise(
    name="l1_gradient",
    signature="l1_gradient(theta, lam)",
    statement=Words(
        """The gradient of the L1 penalty (Lasso), (lambda / 2) sum over j >= 1 of |theta_j|.

        Gets theta, a vector whose first element theta_0 is the bias (not penalized), and lam, the strength lambda.
        Returns the gradient, a vector of the same length; 0 where theta_j is 0.""",
        """L1 벌점(Lasso), (lambda / 2) * (j >= 1인 |theta_j|의 합)의 기울기(gradient).

        벡터 theta(첫 원소 theta_0은 편향(bias)이고 벌점이 없음)와 규제의 세기 lam(lambda)을 받습니다. 길이가 같은 기울기 벡터를
        돌려줍니다. theta_j가 0이면 기울기도 0입니다."""),
    reference=_without_bias(_l1_reference),
    outputs=("gradient",),
    cases=_thetas,
    mistakes=(
        Mistake("half_missing", L1_TWICE, _without_bias(lambda theta, lam: lam * np.sign(theta))),
        Mistake("half_missing_and_bias", L1_TWICE.followed_by(BIAS_TOO), lambda theta, lam: lam * np.sign(theta)),
        Mistake("bias_penalized", BIAS, lambda theta, lam: lam / 2 * np.sign(theta)),
        Mistake("bias_copied", BIAS_COPIED, _bias_copied(lambda theta, lam: lam / 2 * np.sign(theta))),
        Mistake("l2_gradient", Words(
            "this grows with theta, as the gradient of L2 does. The slope of |theta| is the same everywhere: "
            "sign(theta).",
            "L2의 기울기처럼 theta에 비례합니다. |theta|의 기울기는 어디서나 크기가 같습니다: sign(theta)."),
            _without_bias(lambda theta, lam: lam / 2 * theta)),
        Mistake("absolute_value", Words(
            "this is (lambda / 2) |theta_j|, the penalty of each weight. Its derivative is (lambda / 2) sign(theta_j).",
            "이것은 각 가중치의 벌점 (lambda / 2) |theta_j|입니다. 미분하면 (lambda / 2) sign(theta_j)입니다."),
            _without_bias(lambda theta, lam: lam / 2 * np.abs(theta))),
        Mistake("penalty", PENALTY, lambda theta, lam: lam / 2 * np.abs(theta[1:]).sum()),
        Mistake("no_sign", Words(
            "the gradient is lambda / 2 for negative weights, too; there it is -lambda / 2, which drives them up to 0.",
            "음수인 가중치에서도 기울기가 lambda / 2입니다. 음수에서는 -lambda / 2여야 가중치가 0으로 올라옵니다."),
            _without_bias(lambda theta, lam: lam / 2 * np.ones_like(theta))),
        Mistake("positive_at_0", Words(
            "where theta_j is 0 the gradient is lambda / 2 (>= instead of >); the exercise takes 0 there, as sign does.",
            "theta_j가 0인 곳의 기울기가 lambda / 2입니다(> 대신 >=). 이 문제에서는 sign처럼 0으로 합니다."),
            _without_bias(lambda theta, lam: lam / 2 * np.where(theta >= 0, 1.0, -1.0))),
        Mistake("negative_at_0", Words(
            "where theta_j is 0 the gradient is -lambda / 2; the exercise takes 0 there, as sign does.",
            "theta_j가 0인 곳의 기울기가 -lambda / 2입니다. 이 문제에서는 sign처럼 0으로 합니다."),
            _without_bias(lambda theta, lam: lam / 2 * np.where(theta > 0, 1.0, -1.0))),
        Mistake("divided_by_theta", Words(
            "theta / |theta| is 0 / 0, NaN, where theta_j is 0. Use np.sign.",
            "theta_j가 0이면 theta / |theta|는 0 / 0, 곧 NaN입니다. np.sign을 쓰세요."),
            _without_bias(lambda theta, lam: lam / 2 * theta / np.abs(theta))),
        Mistake("mean", MEAN, _without_bias(lambda theta, lam: lam / 2 * np.sign(theta) / theta.size)),
        Mistake("no_lambda", LAMBDA, _without_bias(lambda theta, lam: np.sign(theta))),
        Mistake("bias_cut_off", SHORT, lambda theta, lam: lam / 2 * np.sign(theta[1:])),
    ),
)

L2_GRADIENT = Exercise(
    name="l2_gradient",
    signature="l2_gradient(theta, lam)",
    statement=Words(
        """The gradient of the L2 penalty (Ridge), (lambda / 2) sum over j >= 1 of theta_j^2.

        Gets theta, a vector whose first element theta_0 is the bias (not penalized), and lam, the strength lambda.
        Returns the gradient, a vector of the same length.""",
        """L2 벌점(Ridge), (lambda / 2) * (j >= 1인 theta_j^2의 합)의 기울기(gradient).

        벡터 theta(첫 원소 theta_0은 편향(bias)이고 벌점이 없음)와 규제의 세기 lam(lambda)을 받습니다. 길이가 같은 기울기 벡터를
        돌려줍니다."""),
    reference=_without_bias(_l2_reference),
    outputs=("gradient",),
    cases=_thetas,
    mistakes=(
        Mistake("half_kept", L2_HALF, _without_bias(lambda theta, lam: lam / 2 * theta)),
        Mistake("half_kept_and_bias", L2_HALF.followed_by(BIAS_TOO), lambda theta, lam: lam / 2 * theta),
        Mistake("half_missing", L2_TWICE, _without_bias(lambda theta, lam: 2 * lam * theta)),
        Mistake("half_missing_and_bias", L2_TWICE.followed_by(BIAS_TOO), lambda theta, lam: 2 * lam * theta),
        Mistake("bias_penalized", BIAS, lambda theta, lam: lam * theta),
        Mistake("bias_copied", BIAS_COPIED, _bias_copied(lambda theta, lam: lam * theta)),
        Mistake("l1_gradient", Words(
            "this is a gradient of L1, of the same size for each weight. That of L2 is in proportion to the weight.",
            "이것은 모든 가중치에서 크기가 같은 L1의 기울기입니다. L2의 기울기는 가중치에 비례합니다."),
            _without_bias(lambda theta, lam: lam * np.sign(theta))),
        Mistake("squared", Words(
            "the weights are still squared: the derivative of theta^2 is 2 theta, which has theta's sign.",
            "가중치가 아직 제곱되어 있습니다. theta^2을 미분하면 2 theta이고 부호는 theta와 같습니다."),
            _without_bias(lambda theta, lam: lam * theta**2)),
        Mistake("half_squared", Words(
            "this is (lambda / 2) theta_j^2, the penalty of each weight, not yet differentiated.",
            "이것은 아직 미분하지 않은, 각 가중치의 벌점 (lambda / 2) theta_j^2입니다."),
            _without_bias(lambda theta, lam: lam / 2 * theta**2)),
        Mistake("penalty", PENALTY, lambda theta, lam: lam / 2 * (theta[1:] ** 2).sum()),
        Mistake("mean", MEAN, _without_bias(lambda theta, lam: lam * theta / theta.size)),
        Mistake("no_lambda", LAMBDA, _without_bias(lambda theta, lam: theta.copy())),
        Mistake("norm", Words(
            "this is the gradient of the length sqrt(sum theta_j^2); the penalty has its square.",
            "이것은 길이 sqrt(sum theta_j^2)의 기울기입니다. 벌점은 길이의 제곱입니다."),
            _without_bias(lambda theta, lam: lam * theta / np.sqrt((theta[1:] ** 2).sum()))),
        Mistake("absolute_value", Words(
            "the gradient has lost the sign of the weights: it is lambda theta, and not lambda |theta|.",
            "기울기에서 가중치의 부호가 사라졌습니다. lambda |theta|가 아니라 lambda theta입니다."),
            _without_bias(lambda theta, lam: lam * np.abs(theta))),
        Mistake("bias_cut_off", SHORT, lambda theta, lam: lam * theta[1:]),
    ),
)


EXERCISES = (L1_GRADIENT, L2_GRADIENT)
