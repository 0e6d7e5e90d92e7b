"""Exercise: a step of Adam (rows 21 to 26 of the course)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...textbook.adaptive import AdamAlgorithm1
from .adaptive import EPSILON_ADDED, NO_EPSILON, NO_RATE, SIGN
from .definition import Exercise, Mistake
from .words import Words


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


def _v_with_beta_1(updated, corrected):
    """A variant that takes beta_1 where v is updated, where it is corrected, or in both; m is right."""
    def variant(w, dw, m, v, t, learning_rate, beta_1, beta_2, epsilon):
        m, v = _moments(m, v, dw, beta_1, beta_1 if updated else beta_2)
        m_hat, v_hat = m / (1 - beta_1**t), v / (1 - (beta_1 if corrected else beta_2) ** t)
        return w - learning_rate * m_hat / (np.sqrt(v_hat) + epsilon), m, v
    return variant


def _returning(change):
    """A variant with a right step that returns other moments: change(old m, old v, new m, new v, t, beta_1, beta_2)."""
    def variant(w, dw, m, v, t, learning_rate, beta_1, beta_2, epsilon):
        new_w, new_m, new_v = _adam(w, dw, m.copy(), v.copy(), t, learning_rate, beta_1, beta_2, epsilon)
        return new_w, *change(m, v, new_m, new_v, t, beta_1, beta_2)
    return variant


def _epsilon_added(w, dw, m, v, t, learning_rate, beta_1, beta_2, epsilon):
    m, v = _moments(m, v, dw, beta_1, beta_2)
    return w - learning_rate * m / (1 - beta_1**t) / np.sqrt(v / (1 - beta_2**t)) + epsilon, m, v


def _corrected_moments_returned(w, dw, m, v, t, learning_rate, beta_1, beta_2, epsilon):
    m, v = _moments(m, v, dw, beta_1, beta_2)
    m, v = m / (1 - beta_1**t), v / (1 - beta_2**t)
    return w - learning_rate * m / (np.sqrt(v) + epsilon), m, v


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
        Mistake("v_with_beta_1", Words(
            "v is updated and corrected with beta_1, as m is; beta_2 belongs to v. A copied line, perhaps.",
            "v를 m처럼 beta_1로 갱신하고 보정했습니다. v에는 beta_2를 씁니다. 줄을 복사하면서 그대로 둔 것은 아닌지 보세요."),
            _v_with_beta_1(True, True)),
        Mistake("v_updated_with_beta_1", Words(
            "v is updated with beta_1; it is v = beta_2 v + (1 - beta_2) dw^2.",
            "v를 beta_1로 갱신했습니다: v = beta_2 v + (1 - beta_2) dw^2여야 합니다."),
            _v_with_beta_1(True, False)),
        Mistake("v_corrected_with_beta_1", Words(
            "v_hat is corrected with beta_1; it is v_hat = v / (1 - beta_2^t).",
            "v_hat을 beta_1로 보정했습니다: v_hat = v / (1 - beta_2^t)여야 합니다."),
            _v_with_beta_1(False, True)),
        Mistake("power_of_complement", Words(
            "the correction divides by (1 - beta)^t; the power is of beta alone: 1 - beta^t.",
            "(1 - beta)^t로 나누었습니다. 거듭제곱은 beta에만 씌웁니다: 1 - beta^t."),
            _adam_like(lambda dw, m, v, t, b1, b2, e: m / (1 - b1) ** t / (np.sqrt(v / (1 - b2) ** t) + e))),
        Mistake("brackets_of_correction", Words(
            "brackets are missing in the correction: m / 1 - beta_1^t divides by 1 and subtracts beta_1^t. It is "
            "m / (1 - beta_1^t).",
            "편향 보정의 괄호가 빠졌습니다. m / 1 - beta_1^t는 1로 나누고 beta_1^t를 빼는 식이 됩니다: m / (1 - beta_1^t)입니다."),
            _adam_like(lambda dw, m, v, t, b1, b2, e: (m - b1**t) / (np.sqrt(v - b2**t) + e))),
        Mistake("brackets_of_complement", Words(
            "the brackets of (1 - beta) are missing: beta m + 1 - beta dw adds 1 and subtracts the gradient.",
            "(1 - beta)의 괄호가 빠졌습니다. beta m + 1 - beta dw는 1을 더하고 기울기를 빼는 식이 됩니다."),
            _adam_of(lambda m, v, dw, b1, b2: (b1 * m + 1 - b1 * dw, b2 * v + 1 - b2 * dw * dw))),
        Mistake("epsilon_added", EPSILON_ADDED, _epsilon_added),
        Mistake("rate_missing", NO_RATE,
                lambda w, dw, m, v, t, lr, b1, b2, e: _adam(w, dw, m, v, t, 1.0, b1, b2, e)),
        Mistake("returns_old_moments", Words(
            "w is right, but the old m and v are returned, so that the next step starts from them. Return the new ones.",
            "w는 맞지만 갱신하기 전의 m과 v를 돌려주었습니다. 다음 걸음이 그 값에서 시작하게 됩니다. 새 m과 v를 돌려주세요."),
            _returning(lambda m, v, new_m, new_v, t, b1, b2: (m, v))),
    ),
)

EXERCISES = (ADAM,)
