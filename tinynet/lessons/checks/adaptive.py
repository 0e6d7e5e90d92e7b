"""Exercises: a step of AdaGrad, of RMSProp, of Adam (rows 16 to 26 of the course)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...textbook.adaptive import AdaGradForm3, AdamAlgorithm1, RMSPropSlide
from .definition import Exercise, Mistake
from .words import Words


def _adagrad(w, dw, grad_squared, learning_rate, epsilon):
    AdaGradForm3(epsilon=epsilon).step(w, dw, learning_rate, grad_squared)
    return w, grad_squared


def _rmsprop(w, dw, grad_squared, learning_rate, decay_rate, epsilon):
    RMSPropSlide(decay_rate=decay_rate, epsilon=epsilon).step(w, dw, learning_rate, grad_squared)
    return w, grad_squared


def _adam(w, dw, m, v, t, learning_rate, beta_1, beta_2, epsilon):
    optimizer = AdamAlgorithm1(beta_1=beta_1, beta_2=beta_2, epsilon=epsilon)
    optimizer.iterations.assign(t - 1)  # `step` makes the next one
    optimizer.step(w, dw, learning_rate, m, v)
    return w, m, v


def _moments(m, v, dw, beta_1, beta_2):
    return beta_1 * m + (1 - beta_1) * dw, beta_2 * v + (1 - beta_2) * dw * dw


def _adam_like(change):
    """A variant that differs from Adam in how w moves: change(dw, m, v, t, beta_1, beta_2, epsilon), new m and v."""
    def variant(w, dw, m, v, t, learning_rate, beta_1, beta_2, epsilon):
        m, v = _moments(m, v, dw, beta_1, beta_2)
        return w - learning_rate * change(dw, m, v, t, beta_1, beta_2, epsilon), m, v
    return variant


def _adam_of(moments):
    """A variant with other moments, moments(m, v, dw, beta_1, beta_2), and Adam's step."""
    def variant(w, dw, m, v, t, learning_rate, beta_1, beta_2, epsilon):
        m, v = moments(m, v, dw, beta_1, beta_2)
        m_hat, v_hat = m / (1 - beta_1**t), v / (1 - beta_2**t)
        return w - learning_rate * m_hat / (np.sqrt(v_hat) + epsilon), m, v
    return variant


def _corrected_moments_returned(w, dw, m, v, t, learning_rate, beta_1, beta_2, epsilon):
    m, v = _moments(m, v, dw, beta_1, beta_2)
    m, v = m / (1 - beta_1**t), v / (1 - beta_2**t)
    return w - learning_rate * m / (np.sqrt(v) + epsilon), m, v


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


def _adam_steps(rng: np.random.Generator) -> list[tuple[Any, ...]]:
    """Steps 1, 2, 3, 10 and 1000."""
    cases: list[tuple[Any, ...]] = []
    for shape, t, rate, beta_1, beta_2, epsilon in (
            ((3,), 1, 0.5, 0.9, 0.999, 1e-8), ((3,), 2, 0.5, 0.9, 0.999, 1e-8), ((2, 2), 3, 0.25, 0.6, 0.8, 0.5),
            ((1,), 10, 0.1, 0.9, 0.99, 0.25), ((3,), 1000, 0.5, 0.8, 0.95, 0.1)):
        w, dw, m = rng.normal(size=(3, *shape))
        first = t == 1
        cases.append((w, dw, np.zeros(shape) if first else m, rng.uniform(0.5, 4, shape) * (not first), t, rate, beta_1, beta_2,
                      epsilon))
    cases.append((np.array([1.0, 2.0]), np.array([0.0, 0.5]), np.zeros(2), np.zeros(2), 1, 0.5, 0.9, 0.999, 1e-8))
    return cases


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
    "제곱근이 빠졌습니다. 기울기를 sqrt(...)가 아니라 제곱의 합 자체로 나누었습니다.")
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
    ),
)

ADAM = Exercise(
    name="adam",
    signature="adam(w, dw, m, v, t, learning_rate, beta_1, beta_2, epsilon)",
    statement=Words(
        """One step of Adam, as in Algorithm 1:

        m = beta_1 m + (1 - beta_1) dw        m_hat = m / (1 - beta_1^t)
        v = beta_2 v + (1 - beta_2) dw^2      v_hat = v / (1 - beta_2^t)
        w = w - learning_rate m_hat / (sqrt(v_hat) + epsilon)

        Gets the weights w, their gradient dw, the moments m and v (arrays of one shape), t, the number of this step
        (1 in the first step), and four numbers. Returns the new w, m and v (not m_hat and v_hat), and leaves its
        arguments as they are.""",
        """Adam의 한 걸음, Algorithm 1 그대로:

        m = beta_1 m + (1 - beta_1) dw        m_hat = m / (1 - beta_1^t)
        v = beta_2 v + (1 - beta_2) dw^2      v_hat = v / (1 - beta_2^t)
        w = w - learning_rate m_hat / (sqrt(v_hat) + epsilon)

        가중치 w, 기울기(gradient) dw, 모멘트(moment) m과 v(모두 같은 모양의 배열), 이번 걸음의 번호 t(첫걸음이면 1)와 숫자 네 개를
        받습니다. 새 w, m, v(m_hat과 v_hat이 아님)를 돌려주고, 인수는 그대로 둡니다."""),
    reference=_adam,
    outputs=("w", "m", "v"),
    cases=_adam_steps,
    mistakes=(
        Mistake("no_bias_correction", Words(
            "there is no bias correction: m and v start at 0 and are too small in the first steps. Divide them by "
            "1 - beta^t before the step.",
            "편향 보정(bias correction)이 없습니다. m과 v는 0에서 시작하므로 처음 몇 걸음 동안 너무 작습니다. 걸음 전에 1 - beta^t로 "
            "나누세요."),
            _adam_like(lambda dw, m, v, t, b1, b2, e: m / (np.sqrt(v) + e))),
        Mistake("only_m_corrected", Words(
            "only the first moment has its bias corrected: v_hat = v / (1 - beta_2^t) is missing.",
            "1차 모멘트만 편향을 보정했습니다. v_hat = v / (1 - beta_2^t)가 빠졌습니다."),
            _adam_like(lambda dw, m, v, t, b1, b2, e: m / (1 - b1**t) / (np.sqrt(v) + e))),
        Mistake("only_v_corrected", Words(
            "only the second moment has its bias corrected: m_hat = m / (1 - beta_1^t) is missing.",
            "2차 모멘트만 편향을 보정했습니다. m_hat = m / (1 - beta_1^t)가 빠졌습니다."),
            _adam_like(lambda dw, m, v, t, b1, b2, e: m / (np.sqrt(v / (1 - b2**t)) + e))),
        Mistake("epsilon_inside", Words(
            "epsilon is inside the root, sqrt(v_hat + epsilon). Algorithm 1 adds it after the root: "
            "sqrt(v_hat) + epsilon.",
            "epsilon이 제곱근 안에 있습니다(sqrt(v_hat + epsilon)). Algorithm 1에서는 제곱근 밖에서 더합니다: sqrt(v_hat) + epsilon."),
            _adam_like(lambda dw, m, v, t, b1, b2, e: m / (1 - b1**t) / np.sqrt(v / (1 - b2**t) + e))),
        Mistake("keras_epsilon", Words(
            "epsilon is added to the root of the uncorrected v. This is Keras's order of computation (the paper's "
            "epsilon-hat); Algorithm 1 adds it to sqrt(v_hat).",
            "보정하지 않은 v의 제곱근에 epsilon을 더했습니다. 이것은 Keras의 계산 순서(논문의 epsilon-hat)입니다. Algorithm 1에서는 "
            "sqrt(v_hat)에 더합니다."),
            _adam_like(lambda dw, m, v, t, b1, b2, e: np.sqrt(1 - b2**t) / (1 - b1**t) * m / (np.sqrt(v) + e))),
        Mistake("no_epsilon", NO_EPSILON,
                _adam_like(lambda dw, m, v, t, b1, b2, e: m / (1 - b1**t) / np.sqrt(v / (1 - b2**t)))),
        Mistake("t_from_0", Words(
            "the steps are counted from 0: the exponent is t - 1, and the first correction divides by 1 - beta^0 = 0. "
            "t is 1 in the first step.",
            "걸음을 0부터 셌습니다. 지수가 t - 1이라서 첫 보정에서 1 - beta^0 = 0으로 나누게 됩니다. t는 첫걸음에서 1입니다."),
            _adam_like(lambda dw, m, v, t, b1, b2, e: (
                m / np.float64(1 - b1 ** (t - 1)) / (np.sqrt(v / np.float64(1 - b2 ** (t - 1))) + e)))),
        Mistake("t_counted_twice", Words(
            "the exponent is t + 1, but t is already the number of this step: 1 in the first one.",
            "지수가 t + 1입니다. t는 이미 이번 걸음의 번호이고, 첫걸음에서 1입니다."),
            _adam_like(lambda dw, m, v, t, b1, b2, e: (
                m / (1 - b1 ** (t + 1)) / (np.sqrt(v / (1 - b2 ** (t + 1))) + e)))),
        Mistake("beta_times_t", Words(
            "the correction divides by 1 - beta * t; it is the power beta ** t.",
            "1 - beta * t로 나누었습니다. 곱이 아니라 거듭제곱 beta ** t입니다."),
            _adam_like(lambda dw, m, v, t, b1, b2, e: m / (1 - b1 * t) / (np.sqrt(v / (1 - b2 * t)) + e))),
        Mistake("beta_without_power", Words(
            "the correction divides by 1 - beta in every step; it is 1 - beta^t, which comes near 1 as t grows.",
            "매번 1 - beta로 나누었습니다. 1 - beta^t로 나누어야 하고, 이 값은 t가 커지면 1에 가까워집니다."),
            _adam_like(lambda dw, m, v, t, b1, b2, e: m / (1 - b1) / (np.sqrt(v / (1 - b2)) + e))),
        Mistake("multiplied_correction", Words(
            "the moments are multiplied by 1 - beta^t; they must be divided by it, since they are too small.",
            "모멘트에 1 - beta^t를 곱했습니다. 모멘트가 너무 작아서 보정하는 것이므로 나누어야 합니다."),
            _adam_like(lambda dw, m, v, t, b1, b2, e: m * (1 - b1**t) / (np.sqrt(v * (1 - b2**t)) + e))),
        Mistake("corrected_moments_returned", Words(
            "w is right, but the corrected moments m_hat and v_hat are returned: the next step would correct them "
            "again. Return m and v.",
            "w는 맞지만 보정한 m_hat과 v_hat을 돌려주었습니다. 다음 걸음에서 또 보정하게 됩니다. m과 v를 돌려주세요."),
            _corrected_moments_returned),
        Mistake("betas_exchanged", Words(
            "beta_1 and beta_2 are exchanged: beta_1 belongs to m, beta_2 to v.",
            "beta_1과 beta_2가 서로 바뀌었습니다. beta_1은 m에, beta_2는 v에 씁니다."),
            lambda w, dw, m, v, t, lr, b1, b2, e: (
                w - lr * (a := b2 * m + (1 - b2) * dw) / (1 - b2**t)
                / (np.sqrt((b := b1 * v + (1 - b1) * dw * dw) / (1 - b1**t)) + e), a, b)),
        Mistake("weights_exchanged", Words(
            "beta and 1 - beta are exchanged in the moments: beta belongs to the old moment, 1 - beta to the new "
            "gradient.",
            "모멘트에서 beta와 1 - beta가 서로 바뀌었습니다. beta는 이전 모멘트에, 1 - beta는 새 기울기에 곱합니다."),
            _adam_of(lambda m, v, dw, b1, b2: ((1 - b1) * m + b1 * dw, (1 - b2) * v + b2 * dw * dw))),
        Mistake("v_not_squared", Words(
            "v adds up the gradient, and not its square: v = beta_2 v + (1 - beta_2) dw^2.",
            "v에 기울기의 제곱이 아니라 기울기를 더했습니다: v = beta_2 v + (1 - beta_2) dw^2여야 합니다."),
            _adam_of(lambda m, v, dw, b1, b2: (b1 * m + (1 - b1) * dw, b2 * v + (1 - b2) * dw))),
        Mistake("gradient_whole", Words(
            "the factors 1 - beta are missing: m = beta_1 m + (1 - beta_1) dw, and the same in v. Without them the "
            "moments are sums, and not means.",
            "1 - beta를 곱하지 않았습니다: m = beta_1 m + (1 - beta_1) dw이고 v도 같습니다. 없으면 모멘트가 평균이 아니라 합이 됩니다."),
            _adam_of(lambda m, v, dw, b1, b2: (b1 * m + dw, b2 * v + dw * dw))),
        Mistake("moments_not_carried_on", Words(
            "the old moments are forgotten: m and v begin with 0 in each step. Use those that are passed in.",
            "이전 모멘트를 잊어버렸습니다. 걸음마다 m과 v가 0에서 시작합니다. 인수로 받은 값을 쓰세요."),
            _adam_of(lambda m, v, dw, b1, b2: ((1 - b1) * dw, (1 - b2) * dw * dw))),
        Mistake("no_root", Words(
            "the root of v_hat is missing: it is m_hat / (sqrt(v_hat) + epsilon).",
            "v_hat의 제곱근이 빠졌습니다: m_hat / (sqrt(v_hat) + epsilon)입니다."),
            _adam_like(lambda dw, m, v, t, b1, b2, e: m / (1 - b1**t) / (v / (1 - b2**t) + e))),
        Mistake("gradient_in_step", Words(
            "the step has the gradient in its numerator, and not m_hat: this is RMSProp with a bias correction, without "
            "momentum.",
            "걸음의 분자가 m_hat이 아니라 기울기입니다. 모멘텀(momentum) 없이 편향만 보정한 RMSProp입니다."),
            _adam_like(lambda dw, m, v, t, b1, b2, e: dw / (np.sqrt(v / (1 - b2**t)) + e))),
        Mistake("sign_of_step", SIGN,
                _adam_like(lambda dw, m, v, t, b1, b2, e: -m / (1 - b1**t) / (np.sqrt(v / (1 - b2**t)) + e))),
        Mistake("variance", Words(
            "v adds up (dw - m)^2, a variance. Adam's second moment is uncentred: dw^2.",
            "v에 (dw - m)^2, 곧 분산을 더했습니다. Adam의 2차 모멘트는 평균을 빼지 않습니다: dw^2."),
            _adam_of(lambda m, v, dw, b1, b2: (
                (n := b1 * m + (1 - b1) * dw), b2 * v + (1 - b2) * (dw - n) ** 2))),
    ),
)

EXERCISES = (ADAGRAD, RMSPROP, ADAM)
