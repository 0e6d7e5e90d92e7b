"""Exercises: a step of AdaGrad, of RMSProp (rows 16 to 20 of the course)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...textbook.adaptive import AdaGradForm3, RMSPropSlide
from .definition import Exercise, Mistake
from .words import Words


def _adagrad(w, dw, grad_squared, learning_rate, epsilon):
    AdaGradForm3(epsilon=epsilon).step(w, dw, learning_rate, grad_squared)
    return w, grad_squared


def _rmsprop(w, dw, grad_squared, learning_rate, decay_rate, epsilon):
    RMSPropSlide(decay_rate=decay_rate, epsilon=epsilon).step(w, dw, learning_rate, grad_squared)
    return w, grad_squared


def _squares(rng: np.random.Generator) -> list[tuple[Any, ...]]:
    """Steps of AdaGrad: the first and later ones, with small and large epsilon, and a gradient of 0."""
    cases: list[tuple[Any, ...]] = []
    for shape, first, rate, epsilon in (((3,), True, 0.5, 1e-7), ((3,), False, 0.5, 0.25), ((2, 3), False, 0.25, 0.5),
                                        ((4,), False, 2.0, 0.1), ((1,), True, 0.5, 0.25)):
        w, dw = rng.normal(size=(2, *shape))
        if shape == (4,):
            dw[1] = 0
        cases.append((w, dw, rng.uniform(0.5, 4, shape) * (not first), rate, epsilon))
    cases.append((np.array([1.0, 2.0]), np.array([0.0, 0.5]), np.zeros(2), 0.5, 1e-7))  # 0 / 0 without epsilon
    return cases


def _leaky_squares(rng: np.random.Generator) -> list[tuple[Any, ...]]:
    """Steps of RMSProp: those of AdaGrad, with a decay."""
    return [(*case[:4], decay, case[4]) for case, decay in zip(_squares(rng), (0.9, 0.9, 0.7, 0.99, 0.6, 0.9),
                                                                strict=True)]


EPSILON_INSIDE = Words(
    "epsilon is inside the root, sqrt(... + epsilon). The slide adds it after the root: sqrt(...) + epsilon. At a "
    "gradient near 0 the two differ much.",
    "epsilon이 제곱근 안에 있습니다(sqrt(... + epsilon)). 슬라이드에서는 제곱근 밖에서 더합니다: sqrt(...) + epsilon. 기울기가 0에 "
    "가까우면 둘의 차이가 큽니다.")
NO_EPSILON = Words(
    "epsilon is missing: where the gradient has always been 0, this divides 0 by 0.",
    "epsilon이 빠졌습니다. 기울기가 계속 0이었던 곳에서는 0을 0으로 나누게 됩니다.")
NO_ROOT = Words(
    "the root is missing: the gradient is divided by the squares themselves, and not by sqrt(...).",
    "제곱근이 빠졌습니다. 기울기를 sqrt(...)가 아니라 grad_squared 자체로 나누었습니다.")
NOT_SQUARED = Words(
    "the gradient itself is added up, and not its square dw * dw: values of both signs cancel each other.",
    "기울기의 제곱(dw * dw)이 아니라 기울기 자체를 더했습니다. 부호가 다르면 서로 지워집니다.")
SIGN = Words("the sign of the step is wrong: it climbs. The step is subtracted.",
             "걸음의 부호가 반대라서 오르막을 올라갑니다. 빼야 합니다.")
OLD_SQUARES = Words(
    "the step divides by the old squares: first bring grad_squared up to date, then move w.",
    "갱신하기 전의 제곱으로 나누었습니다. 먼저 grad_squared를 갱신하고, 그다음에 w를 움직입니다.")
MULTIPLIED = Words(
    "the gradient is multiplied by the root; it must be divided by it, so that steep directions get small steps.",
    "기울기에 제곱근을 곱했습니다. 나누어야 가파른 방향에서 걸음이 작아집니다.")
RETURNS_OLD = Words(
    "w is right, but the old grad_squared is returned, so that the next step forgets this one. Return the new one.",
    "w는 맞지만 갱신하기 전의 grad_squared를 돌려주었습니다. 다음 걸음이 이번 걸음을 잊게 됩니다. 새 값을 돌려주세요.")
SQUARED_STEP = Words(
    "the squared gradient stands in the step: the numerator is dw, and not dw * dw, which has lost its sign.",
    "걸음의 분자에 기울기의 제곱이 들어갔습니다. 분자는 dw입니다. dw * dw는 부호를 잃어버립니다.")
NO_RATE = Words("the step has no learning rate: w = w - learning_rate ...",
                "걸음에 학습률(learning rate)이 없습니다: w = w - learning_rate ...입니다.")
EPSILON_ADDED = Words(
    "brackets are missing: epsilon is added to w after the division. It belongs to the denominator: "
    ".../ (sqrt(...) + epsilon).",
    "괄호가 빠졌습니다. 나눗셈이 끝난 뒤 w에 epsilon을 더하게 됩니다. epsilon은 분모에 있어야 합니다: ... / (sqrt(...) + epsilon).")
ROOT_RETURNED = Words(
    "w is right, but the root is returned, and not grad_squared itself: the next step would add squares to a root. Give "
    "the denominator a name of its own.",
    "w는 맞지만 grad_squared가 아니라 그 제곱근을 돌려주었습니다. 다음 걸음에서 제곱근에 제곱을 더하게 됩니다. 분모에는 다른 변수 이름을 "
    "쓰세요.")

ADAGRAD = Exercise(
    name="adagrad",
    signature="adagrad(w, dw, grad_squared, learning_rate, epsilon)",
    statement=Words(
        """One step of AdaGrad: grad_squared = grad_squared + dw dw, then
        w = w - learning_rate dw / (sqrt(grad_squared) + epsilon).

        Gets the weights w, their gradient dw, the sum of squares grad_squared (arrays of one shape; 0 before the first
        step), and two numbers. Returns the new w and the new grad_squared, and leaves its arguments as they are.""",
        """AdaGrad의 한 걸음: grad_squared = grad_squared + dw dw, 그다음
        w = w - learning_rate dw / (sqrt(grad_squared) + epsilon).

        가중치 w, 기울기(gradient) dw, 제곱의 합 grad_squared(모두 같은 모양의 배열, 첫걸음 전에는 0)와 숫자 두 개를 받습니다.
        새 w와 새 grad_squared를 돌려주고, 인수는 그대로 둡니다."""),
    reference=_adagrad,
    outputs=("w", "grad_squared"),
    cases=_squares,
    mistakes=(
        Mistake("epsilon_inside", EPSILON_INSIDE,
                lambda w, dw, h, lr, e: (w - lr * dw / np.sqrt(h + dw * dw + e), h + dw * dw)),
        Mistake("no_epsilon", NO_EPSILON, lambda w, dw, h, lr, e: (w - lr * dw / np.sqrt(h + dw * dw), h + dw * dw)),
        Mistake("no_root", NO_ROOT, lambda w, dw, h, lr, e: (w - lr * dw / (h + dw * dw + e), h + dw * dw)),
        Mistake("not_squared", NOT_SQUARED, lambda w, dw, h, lr, e: (w - lr * dw / (np.sqrt(h + dw) + e), h + dw)),
        Mistake("sum_not_carried_on", Words(
            "the old sum is forgotten: grad_squared is only this step's dw * dw, so that each step is learning_rate "
            "long. Add to the grad_squared that is passed in.",
            "이전까지의 합을 잊어버렸습니다. grad_squared가 이번 dw * dw뿐이라서 걸음의 크기가 늘 learning_rate입니다. 인수로 받은 "
            "grad_squared에 더하세요."),
            lambda w, dw, h, lr, e: (w - lr * dw / (np.sqrt(dw * dw) + e), dw * dw)),
        Mistake("old_squares", OLD_SQUARES, lambda w, dw, h, lr, e: (w - lr * dw / (np.sqrt(h) + e), h + dw * dw)),
        Mistake("sign_of_step", SIGN,
                lambda w, dw, h, lr, e: (w + lr * dw / (np.sqrt(h + dw * dw) + e), h + dw * dw)),
        Mistake("multiplied", MULTIPLIED,
                lambda w, dw, h, lr, e: (w - lr * dw * (np.sqrt(h + dw * dw) + e), h + dw * dw)),
        Mistake("returns_old_sum", RETURNS_OLD,
                lambda w, dw, h, lr, e: (w - lr * dw / (np.sqrt(h + dw * dw) + e), h)),
        Mistake("squared_step", SQUARED_STEP,
                lambda w, dw, h, lr, e: (w - lr * dw * dw / (np.sqrt(h + dw * dw) + e), h + dw * dw)),
        Mistake("plain_descent", Words(
            "w moves by learning_rate dw: the sum of squares is kept, but not used in the step.",
            "w가 learning_rate dw만큼 움직입니다. 제곱의 합을 구하기만 하고 걸음에 쓰지 않았습니다."),
            lambda w, dw, h, lr, e: (w - lr * dw, h + dw * dw)),
        Mistake("one_rate_for_all", Words(
            "all weights share one sum: the squares are summed over the weights, too. Each weight has its own.",
            "모든 가중치가 합 하나를 같이 씁니다. 제곱을 가중치 전체에 걸쳐 더했습니다. 가중치마다 자기 합이 있어야 합니다."),
            lambda w, dw, h, lr, e: (w - lr * dw / (np.sqrt(h + np.sum(dw * dw)) + e), h + np.sum(dw * dw))),
        Mistake("rate_missing", NO_RATE,
                lambda w, dw, h, lr, e: (w - dw / (np.sqrt(h + dw * dw) + e), h + dw * dw)),
        Mistake("epsilon_added", EPSILON_ADDED,
                lambda w, dw, h, lr, e: (w - lr * dw / np.sqrt(h + dw * dw) + e, h + dw * dw)),
        Mistake("root_returned", ROOT_RETURNED,
                lambda w, dw, h, lr, e: (w - lr * dw / (np.sqrt(h + dw * dw) + e), np.sqrt(h + dw * dw))),
        Mistake("denominator_returned", ROOT_RETURNED,
                lambda w, dw, h, lr, e: (w - lr * dw / (np.sqrt(h + dw * dw) + e), np.sqrt(h + dw * dw) + e)),
    ),
)

RMSPROP = Exercise(
    name="rmsprop",
    signature="rmsprop(w, dw, grad_squared, learning_rate, decay_rate, epsilon)",
    statement=Words(
        """One step of RMSProp: grad_squared = decay_rate grad_squared + (1 - decay_rate) dw dw, then
        w = w - learning_rate dw / (sqrt(grad_squared) + epsilon).

        Gets the weights w, their gradient dw, the mean of squares grad_squared (arrays of one shape; 0 before the first
        step), and three numbers. Returns the new w and the new grad_squared, and leaves its arguments as they are.""",
        """RMSProp의 한 걸음: grad_squared = decay_rate grad_squared + (1 - decay_rate) dw dw, 그다음
        w = w - learning_rate dw / (sqrt(grad_squared) + epsilon).

        가중치 w, 기울기(gradient) dw, 제곱의 평균 grad_squared(모두 같은 모양의 배열, 첫걸음 전에는 0)와 숫자 세 개를 받습니다.
        새 w와 새 grad_squared를 돌려주고, 인수는 그대로 둡니다."""),
    reference=_rmsprop,
    outputs=("w", "grad_squared"),
    cases=_leaky_squares,
    mistakes=(
        Mistake("epsilon_inside", EPSILON_INSIDE, lambda w, dw, h, lr, d, e: (
            w - lr * dw / np.sqrt(d * h + (1 - d) * dw * dw + e), d * h + (1 - d) * dw * dw)),
        Mistake("no_epsilon", NO_EPSILON, lambda w, dw, h, lr, d, e: (
            w - lr * dw / np.sqrt(d * h + (1 - d) * dw * dw), d * h + (1 - d) * dw * dw)),
        Mistake("no_root", NO_ROOT, lambda w, dw, h, lr, d, e: (
            w - lr * dw / (d * h + (1 - d) * dw * dw + e), d * h + (1 - d) * dw * dw)),
        Mistake("not_squared", NOT_SQUARED, lambda w, dw, h, lr, d, e: (
            w - lr * dw / (np.sqrt(d * h + (1 - d) * dw) + e), d * h + (1 - d) * dw)),
        Mistake("decay_exchanged", Words(
            "decay_rate and 1 - decay_rate are exchanged: decay_rate belongs to the old mean, 1 - decay_rate to the new "
            "square.",
            "decay_rate와 1 - decay_rate가 서로 바뀌었습니다. decay_rate는 이전 평균에, 1 - decay_rate는 새 제곱에 곱합니다."),
            lambda w, dw, h, lr, d, e: (
                w - lr * dw / (np.sqrt((1 - d) * h + d * dw * dw) + e), (1 - d) * h + d * dw * dw)),
        Mistake("new_square_whole", Words(
            "the factor 1 - decay_rate of the new square is missing: the mean becomes a sum, several times too large.",
            "새 제곱에 곱할 1 - decay_rate가 빠졌습니다. 평균이 아니라 몇 배나 큰 합이 됩니다."),
            lambda w, dw, h, lr, d, e: (w - lr * dw / (np.sqrt(d * h + dw * dw) + e), d * h + dw * dw)),
        Mistake("adagrad", Words(
            "this is AdaGrad: all old squares are kept for ever. RMSProp forgets: decay_rate grad_squared + ...",
            "이것은 AdaGrad입니다. 이전 제곱을 영원히 쌓아 둡니다. RMSProp은 잊어버립니다: decay_rate grad_squared + ..."),
            lambda w, dw, h, lr, d, e: (w - lr * dw / (np.sqrt(h + dw * dw) + e), h + dw * dw)),
        Mistake("mean_not_carried_on", Words(
            "the old mean is forgotten: grad_squared is only (1 - decay_rate) dw dw. Use the one that is passed in.",
            "이전 평균을 잊어버렸습니다. grad_squared가 (1 - decay_rate) dw dw뿐입니다. 인수로 받은 값을 쓰세요."),
            lambda w, dw, h, lr, d, e: (w - lr * dw / (np.sqrt((1 - d) * dw * dw) + e), (1 - d) * dw * dw)),
        Mistake("old_squares", OLD_SQUARES, lambda w, dw, h, lr, d, e: (
            w - lr * dw / (np.sqrt(h) + e), d * h + (1 - d) * dw * dw)),
        Mistake("sign_of_step", SIGN, lambda w, dw, h, lr, d, e: (
            w + lr * dw / (np.sqrt(d * h + (1 - d) * dw * dw) + e), d * h + (1 - d) * dw * dw)),
        Mistake("multiplied", MULTIPLIED, lambda w, dw, h, lr, d, e: (
            w - lr * dw * (np.sqrt(d * h + (1 - d) * dw * dw) + e), d * h + (1 - d) * dw * dw)),
        Mistake("returns_old_mean", RETURNS_OLD, lambda w, dw, h, lr, d, e: (
            w - lr * dw / (np.sqrt(d * h + (1 - d) * dw * dw) + e), h)),
        Mistake("squared_step", SQUARED_STEP, lambda w, dw, h, lr, d, e: (
            w - lr * dw * dw / (np.sqrt(d * h + (1 - d) * dw * dw) + e), d * h + (1 - d) * dw * dw)),
        Mistake("weight_squared_whole", Words(
            "(1 - decay_rate) is squared along with the gradient: ((1 - decay_rate) dw)^2. Only dw is squared.",
            "(1 - decay_rate)까지 함께 제곱했습니다: ((1 - decay_rate) dw)^2. dw만 제곱해야 합니다."),
            lambda w, dw, h, lr, d, e: (
                w - lr * dw / (np.sqrt(d * h + ((1 - d) * dw) ** 2) + e), d * h + ((1 - d) * dw) ** 2)),
        Mistake("rate_missing", NO_RATE, lambda w, dw, h, lr, d, e: (
            w - dw / (np.sqrt(d * h + (1 - d) * dw * dw) + e), d * h + (1 - d) * dw * dw)),
        Mistake("epsilon_added", EPSILON_ADDED, lambda w, dw, h, lr, d, e: (
            w - lr * dw / np.sqrt(d * h + (1 - d) * dw * dw) + e, d * h + (1 - d) * dw * dw)),
        Mistake("root_returned", ROOT_RETURNED, lambda w, dw, h, lr, d, e: (
            w - lr * dw / ((root := np.sqrt(d * h + (1 - d) * dw * dw)) + e), root)),
        Mistake("denominator_returned", ROOT_RETURNED, lambda w, dw, h, lr, d, e: (
            w - lr * dw / (scale := np.sqrt(d * h + (1 - d) * dw * dw) + e), scale)),
        Mistake("brackets_of_complement", Words(
            "the brackets of (1 - decay_rate) are missing: decay_rate grad_squared + 1 - decay_rate dw dw adds 1 and "
            "subtracts the square.",
            "(1 - decay_rate)의 괄호가 빠졌습니다. decay_rate grad_squared + 1 - decay_rate dw dw는 1을 더하고 제곱을 빼는 식이 "
            "됩니다."),
            lambda w, dw, h, lr, d, e: (
                w - lr * dw / (np.sqrt(d * h + 1 - d * dw * dw) + e), d * h + 1 - d * dw * dw)),
        Mistake("absolute_value", Words(
            "the mean is that of the absolute value |dw|; RMSProp keeps the mean of the squares, dw dw.",
            "절댓값 |dw|의 평균을 구했습니다. RMSProp은 제곱 dw dw의 평균을 구합니다."),
            lambda w, dw, h, lr, d, e: (
                w - lr * dw / (np.sqrt(d * h + (1 - d) * np.abs(dw)) + e), d * h + (1 - d) * np.abs(dw))),
    ),
)

EXERCISES = (ADAGRAD, RMSPROP)
