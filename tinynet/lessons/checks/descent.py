"""Exercises: a step of momentum, a step of Nesterov's momentum (rows 9 to 15 of the course)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...textbook.descent import Momentum, NesterovChangeOfVariables
from .definition import Exercise, Mistake
from .words import Words


def _momentum(w, dw, v, learning_rate, rho):
    Momentum(rho=rho).step(w, dw, learning_rate, v)
    return w, v


def _nesterov(w, dw, v, learning_rate, rho):
    NesterovChangeOfVariables(rho=rho).step(w, dw, learning_rate, v)
    return w, v


def _steps(rng: np.random.Generator) -> list[tuple[Any, ...]]:
    """First steps (v = 0) and later ones, of vectors and matrices."""
    cases: list[tuple[Any, ...]] = []
    for shape, first, rate, rho in (((3,), True, 0.5, 0.9), ((3,), False, 0.5, 0.9), ((2, 3), False, 0.25, 0.6),
                                    ((1,), False, 2.0, 0.7), ((4,), False, 0.1, 0.99)):
        w, dw, v = rng.normal(size=(3, *shape))
        cases.append((w, dw, np.zeros(shape) if first else v, rate, rho))
    return cases


SIGN = Words("the sign of the step is wrong: it climbs. The gradient points uphill, so the step is subtracted.",
             "걸음의 부호가 반대라서 오르막을 올라갑니다. 기울기(gradient)는 오르막 방향이므로 빼야 합니다.")

MOMENTUM = Exercise(
    name="momentum",
    signature="momentum(w, dw, v, learning_rate, rho)",
    statement=Words(
        """One step of SGD with momentum: v = rho v + dw, then w = w - learning_rate v.

        Gets the weights w, their gradient dw and the velocity v (arrays of one shape; v is 0 before the first step),
        and two numbers. Returns the new w and the new v, and leaves its arguments as they are.""",
        """모멘텀(momentum) SGD의 한 걸음: v = rho v + dw, 그다음 w = w - learning_rate v.

        가중치 w, 기울기(gradient) dw, 속도(velocity) v(모두 같은 모양의 배열, 첫걸음 전에는 v가 0)와 숫자 두 개를 받습니다.
        새 w와 새 v를 돌려주고, 인수는 그대로 둡니다."""),
    reference=_momentum,
    outputs=("w", "v"),
    cases=_steps,
    mistakes=(
        Mistake("rho_on_gradient", Words(
            "rho multiplies the gradient, but it belongs to the old velocity: v = rho v + dw. rho is the friction: the "
            "part of the velocity that stays.",
            "rho를 기울기에 곱했습니다. rho는 이전 속도에 곱해야 합니다: v = rho v + dw. rho는 속도가 얼마나 남는지를 정하는 "
            "마찰(friction)입니다."),
            lambda w, dw, v, lr, rho: (w - lr * (v + rho * dw), v + rho * dw)),
        Mistake("rho_on_both", Words(
            "rho multiplies the gradient as well; only the old velocity is slowed: v = rho v + dw, without brackets.",
            "rho를 기울기에도 곱했습니다. 이전 속도만 줄여야 합니다: v = rho v + dw. 괄호가 없습니다."),
            lambda w, dw, v, lr, rho: (w - lr * rho * (v + dw), rho * (v + dw))),
        Mistake("rho_missing", Words(
            "the old velocity is added whole, without rho: there is no friction, and the velocity only grows.",
            "이전 속도에 rho를 곱하지 않고 그대로 더했습니다. 마찰이 없어서 속도가 계속 커집니다."),
            lambda w, dw, v, lr, rho: (w - lr * (v + dw), v + dw)),
        Mistake("one_minus_rho", Words(
            "the old velocity is multiplied by 1 - rho. rho itself is the part that stays: 0.9 keeps nine tenths.",
            "이전 속도에 1 - rho를 곱했습니다. 남는 비율이 바로 rho입니다. 0.9면 10분의 9가 남습니다."),
            lambda w, dw, v, lr, rho: (w - lr * ((1 - rho) * v + dw), (1 - rho) * v + dw)),
        Mistake("running_mean", Words(
            "the gradient is multiplied by 1 - rho, a weighted mean as in Adam. On the slide the gradient is added "
            "whole: v = rho v + dw.",
            "기울기에 1 - rho를 곱했습니다. 그것은 Adam에서 쓰는 가중 평균입니다. 슬라이드에서는 기울기를 그대로 더합니다: "
            "v = rho v + dw."),
            lambda w, dw, v, lr, rho: (w - lr * (rho * v + (1 - rho) * dw), rho * v + (1 - rho) * dw)),
        Mistake("velocity_not_carried_on", Words(
            "the old velocity is forgotten: each step starts with v = 0, which is plain gradient descent. The v that is "
            "passed in must be used.",
            "이전 속도를 잊어버렸습니다. 걸음마다 v = 0에서 시작하면 그냥 경사 하강법(gradient descent)입니다. 인수로 받은 v를 "
            "써야 합니다."),
            lambda w, dw, v, lr, rho: (w - lr * dw, dw)),
        Mistake("step_with_old_velocity", Words(
            "the step is made with the old velocity. First comes the new v, and then w moves with that one.",
            "이전 속도로 걸음을 옮겼습니다. 먼저 v를 새로 구하고, 그 새 v로 w를 움직입니다."),
            lambda w, dw, v, lr, rho: (w - lr * v, rho * v + dw)),
        Mistake("step_with_gradient", Words(
            "the step is made with the gradient, and the velocity is not used for it: w = w - learning_rate v.",
            "속도를 쓰지 않고 기울기로 걸음을 옮겼습니다: w = w - learning_rate v여야 합니다."),
            lambda w, dw, v, lr, rho: (w - lr * dw, rho * v + dw)),
        Mistake("returns_old_velocity", Words(
            "w is right, but the old velocity is returned, so that the next step starts from it. Return the new v.",
            "w는 맞지만 이전 속도를 돌려주었습니다. 다음 걸음이 이전 속도에서 시작하게 됩니다. 새 v를 돌려주세요."),
            lambda w, dw, v, lr, rho: (w - lr * (rho * v + dw), v)),
        Mistake("sign_of_step", SIGN,
                lambda w, dw, v, lr, rho: (w + lr * (rho * v + dw), rho * v + dw)),
        Mistake("sign_of_gradient", Words(
            "the gradient is subtracted in the velocity, and the velocity in the step: two minus signs, which climb. "
            "v = rho v + dw, w = w - learning_rate v.",
            "속도를 구할 때 기울기를 빼고, 걸음에서 또 뺐습니다. 음수가 두 번이라 오르막을 올라갑니다. v = rho v + dw, "
            "w = w - learning_rate v입니다."),
            lambda w, dw, v, lr, rho: (w - lr * (rho * v - dw), rho * v - dw)),
        Mistake("keras_form", Words(
            "this is Keras's form, v = rho v - learning_rate dw and w = w + v. It is not wrong, but not the slide's: "
            "there the velocity has no learning rate in it, v = rho v + dw.",
            "이것은 Keras의 형태(v = rho v - learning_rate dw, w = w + v)입니다. 틀린 것은 아니지만 슬라이드의 형태가 아닙니다. "
            "슬라이드의 속도에는 학습률(learning rate)이 들어 있지 않습니다: v = rho v + dw."),
            lambda w, dw, v, lr, rho: (w + rho * v - lr * dw, rho * v - lr * dw)),
        Mistake("rate_in_velocity", Words(
            "the learning rate stands in the velocity, v = rho v + learning_rate dw. On the slide it stands in the step: "
            "v = rho v + dw, w = w - learning_rate v.",
            "학습률이 속도 식에 들어 있습니다(v = rho v + learning_rate dw). 슬라이드에서는 걸음에 있습니다: v = rho v + dw, "
            "w = w - learning_rate v."),
            lambda w, dw, v, lr, rho: (w - (rho * v + lr * dw), rho * v + lr * dw)),
        Mistake("rate_twice", Words(
            "the learning rate is applied twice, to the gradient and to the velocity; it belongs to the step alone.",
            "학습률을 기울기와 속도에 두 번 곱했습니다. 걸음에만 한 번 곱해야 합니다."),
            lambda w, dw, v, lr, rho: (w - lr * (rho * v + lr * dw), rho * v + lr * dw)),
        Mistake("rate_missing", Words(
            "the step has no learning rate: w = w - learning_rate v.",
            "걸음에 학습률이 없습니다: w = w - learning_rate v."),
            lambda w, dw, v, lr, rho: (w - (rho * v + dw), rho * v + dw)),
    ),
)

NESTEROV = Exercise(
    name="nesterov",
    signature="nesterov(w, dw, v, learning_rate, rho)",
    statement=Words(
        """One step of Nesterov's momentum, in the form after the change of variables:

        old_v = v;  v = rho v - learning_rate dw;  w = w - (rho old_v - (1 + rho) v)

        Gets the weights w, their gradient dw and the velocity v (arrays of one shape), and two numbers. Returns the new
        w and the new v, and leaves its arguments as they are.""",
        """네스테로프 모멘텀(Nesterov momentum)의 한 걸음. 변수를 바꾼(change of variables) 형태입니다:

        old_v = v;  v = rho v - learning_rate dw;  w = w - (rho old_v - (1 + rho) v)

        가중치 w, 기울기(gradient) dw, 속도(velocity) v(모두 같은 모양의 배열)와 숫자 두 개를 받습니다. 새 w와 새 v를 돌려주고,
        인수는 그대로 둡니다."""),
    reference=_nesterov,
    outputs=("w", "v"),
    cases=_steps,
    mistakes=(
        Mistake("old_velocity_lost", Words(
            "w moves by v alone: this is momentum without the look-ahead. It also comes out if v is overwritten before "
            "the step uses old_v, since then rho old_v - (1 + rho) v is only -v. Keep the old velocity first: old_v = v.",
            "w가 v만큼만 움직입니다. 앞을 내다보지(look ahead) 않는 보통 모멘텀입니다. old_v를 쓰기 전에 v를 덮어써도 이렇게 됩니다. "
            "그러면 rho old_v - (1 + rho) v가 그냥 -v가 되기 때문입니다. 먼저 old_v = v로 이전 속도를 보관하세요."),
            lambda w, dw, v, lr, rho: (w + rho * v - lr * dw, rho * v - lr * dw)),
        Mistake("sign_of_step", SIGN,
                lambda w, dw, v, lr, rho: (w + rho * v - (1 + rho) * (rho * v - lr * dw), rho * v - lr * dw)),
        Mistake("sign_of_gradient", Words(
            "the gradient is added to the velocity. In this form the velocity already points downhill: "
            "v = rho v - learning_rate dw.",
            "속도에 기울기를 더했습니다. 이 형태에서는 속도가 이미 내리막을 향합니다: v = rho v - learning_rate dw."),
            lambda w, dw, v, lr, rho: (w - (rho * v - (1 + rho) * (rho * v + lr * dw)), rho * v + lr * dw)),
        Mistake("rate_missing", Words(
            "the learning rate is missing in the velocity: v = rho v - learning_rate dw.",
            "속도 식에 학습률(learning rate)이 없습니다: v = rho v - learning_rate dw."),
            lambda w, dw, v, lr, rho: (w - (rho * v - (1 + rho) * (rho * v - dw)), rho * v - dw)),
        Mistake("rho_on_gradient", Words(
            "rho multiplies the gradient, but it belongs to the old velocity: v = rho v - learning_rate dw.",
            "rho를 기울기에 곱했습니다. 이전 속도에 곱해야 합니다: v = rho v - learning_rate dw."),
            lambda w, dw, v, lr, rho: (w - (rho * v - (1 + rho) * (v - rho * lr * dw)), v - rho * lr * dw)),
        Mistake("rho_not_one_plus_rho", Words(
            "the new velocity is multiplied by rho in the step; it should be 1 + rho, once for the step itself and rho "
            "times for the look ahead.",
            "걸음에서 새 속도에 rho만 곱했습니다. 1 + rho여야 합니다. 1은 걸음 자체이고, rho는 앞을 내다보는 몫입니다."),
            lambda w, dw, v, lr, rho: (w - (rho * v - rho * (rho * v - lr * dw)), rho * v - lr * dw)),
        Mistake("one_minus_rho", Words(
            "the new velocity is multiplied by 1 - rho in the step; it should be 1 + rho.",
            "걸음에서 새 속도에 1 - rho를 곱했습니다. 1 + rho여야 합니다."),
            lambda w, dw, v, lr, rho: (w - (rho * v - (1 - rho) * (rho * v - lr * dw)), rho * v - lr * dw)),
        Mistake("velocities_exchanged", Words(
            "old and new velocity are exchanged in the step: rho goes with the old one, 1 + rho with the new one.",
            "걸음에서 이전 속도와 새 속도가 서로 바뀌었습니다. rho는 이전 속도에, 1 + rho는 새 속도에 곱합니다."),
            lambda w, dw, v, lr, rho: (w - (rho * (rho * v - lr * dw) - (1 + rho) * v), rho * v - lr * dw)),
        Mistake("no_correction", Words(
            "the term rho old_v is missing in the step: w already holds the look-ahead of the last step, which must be "
            "taken back first.",
            "걸음에서 rho old_v 항이 빠졌습니다. w에는 지난번에 내다본 만큼이 이미 들어 있으므로 먼저 되돌려야 합니다."),
            lambda w, dw, v, lr, rho: (w + (1 + rho) * (rho * v - lr * dw), rho * v - lr * dw)),
        Mistake("momentum_form", Words(
            "this is plain momentum, v = rho v + dw and w = w - learning_rate v, without the look-ahead.",
            "이것은 보통 모멘텀(v = rho v + dw, w = w - learning_rate v)입니다. 앞을 내다보는 부분이 없습니다."),
            lambda w, dw, v, lr, rho: (w - lr * (rho * v + dw), rho * v + dw)),
        Mistake("pytorch_form", Words(
            "this is PyTorch's form, with the learning rate outside: v = rho v + dw, w = w - learning_rate (dw + rho v). "
            "It is not wrong, but not the slide's, whose velocity has the learning rate in it.",
            "이것은 학습률을 바깥에 두는 PyTorch의 형태(v = rho v + dw, w = w - learning_rate (dw + rho v))입니다. 틀린 것은 "
            "아니지만 슬라이드의 형태가 아닙니다. 슬라이드에서는 속도 안에 학습률이 들어 있습니다."),
            lambda w, dw, v, lr, rho: (w - lr * (dw + rho * (rho * v + dw)), rho * v + dw)),
        Mistake("velocity_not_carried_on", Words(
            "the old velocity is forgotten: each step starts with v = 0. The v that is passed in must be used.",
            "이전 속도를 잊어버렸습니다. 걸음마다 v = 0에서 시작합니다. 인수로 받은 v를 써야 합니다."),
            lambda w, dw, v, lr, rho: (w - (1 + rho) * lr * dw, -lr * dw)),
        Mistake("outer_brackets", Words(
            "both terms of the step are subtracted: the brackets around rho old_v - (1 + rho) v are missing, or there is a "
            "plus in them. Without brackets it is w - rho old_v + (1 + rho) v.",
            "걸음의 두 항을 모두 뺐습니다. rho old_v - (1 + rho) v의 괄호가 빠졌거나 괄호 안이 더하기입니다. 괄호를 풀면 "
            "w - rho old_v + (1 + rho) v입니다."),
            lambda w, dw, v, lr, rho: (w - rho * v - (1 + rho) * (rho * v - lr * dw), rho * v - lr * dw)),
        Mistake("inner_brackets", Words(
            "the brackets of (1 + rho) v are missing: rho old_v - 1 + rho v subtracts 1 from it.",
            "(1 + rho) v의 괄호가 빠졌습니다. rho old_v - 1 + rho v는 1을 빼는 식이 됩니다."),
            lambda w, dw, v, lr, rho: (w - (rho * v - 1 + rho * (rho * v - lr * dw)), rho * v - lr * dw)),
        Mistake("returns_old_velocity", Words(
            "w is right, but the old velocity is returned. Return the new v.",
            "w는 맞지만 이전 속도를 돌려주었습니다. 새 v를 돌려주세요."),
            lambda w, dw, v, lr, rho: (w - (rho * v - (1 + rho) * (rho * v - lr * dw)), v)),
    ),
)

EXERCISES = (MOMENTUM, NESTEROV)
