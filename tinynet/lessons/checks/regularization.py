"""Exercises: the gradients of L1 and L2, early stopping (rows 39 to 43 of the course)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...callbacks import EarlyStopping
from ...textbook.losses import L1Slide, L2Slide
from .definition import WHOLE, Exercise, Mistake
from .words import Words


def _without_bias(gradient):
    """A gradient of all weights but theta_0."""
    def of(theta, lam):
        result = gradient(theta, lam)
        result[0] = 0
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
        Mistake("half_missing", Words(
            "the 1/2 is missing: this is the gradient of lambda sum |theta_j|, Keras's form. The slide has lambda / 2.",
            "1/2이 빠졌습니다. 이것은 lambda * sum |theta_j|, 곧 Keras 형태의 기울기입니다. 슬라이드는 lambda / 2입니다."),
            _without_bias(lambda theta, lam: lam * np.sign(theta))),
        Mistake("bias_penalized", BIAS, lambda theta, lam: lam / 2 * np.sign(theta)),
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
        Mistake("half_kept", Words(
            "the result is half of the right one: the derivative of theta^2 is 2 theta, and its 2 cancels the 1/2.",
            "결과가 정답의 절반입니다. theta^2을 미분하면 2 theta이고, 이 2가 1/2과 약분됩니다."),
            _without_bias(lambda theta, lam: lam / 2 * theta)),
        Mistake("half_missing", Words(
            "the result is twice the right one: this is the gradient of lambda sum theta_j^2, Keras's form. The slide "
            "has lambda / 2.",
            "결과가 정답의 두 배입니다. 이것은 lambda * sum theta_j^2, 곧 Keras 형태의 기울기입니다. 슬라이드는 lambda / 2입니다."),
            _without_bias(lambda theta, lam: 2 * lam * theta)),
        Mistake("bias_penalized", BIAS, lambda theta, lam: lam * theta),
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


class _Watched:
    """What `EarlyStopping` needs of a model."""

    stop_training = False


def _early_stopping(losses, patience):
    watched: Any = _Watched()
    callback = EarlyStopping(monitor="loss", patience=patience)
    callback.set_model(watched)
    callback.on_train_begin()
    for epoch, loss in enumerate(losses):
        callback.on_epoch_end(epoch, {"loss": loss})
        if watched.stop_training:
            return epoch + 1
    return len(losses)


def _stopping(better, too_long, start=np.inf, reset=True, against_best=True):
    """A variant: when a loss is better, when the wait is too long; what stays as it is otherwise."""
    def variant(losses, patience):
        best, wait = start, 0
        for epoch, loss in enumerate(losses, 1):
            if better(loss, best):
                best, wait = loss, 0 if reset else wait
            else:
                wait += 1
                best = best if against_best else loss
                if too_long(wait, patience):
                    return epoch
        return len(losses)
    return variant


def _best_epoch(losses, patience):
    return int(np.nanargmin(losses[:_early_stopping(losses, patience)])) + 1


def _never_to_the_end(losses, patience):
    stopped = _early_stopping(losses, patience)
    stops = _early_stopping([*losses, *[np.inf] * (patience + 1)], patience) == stopped
    return stopped if stops else len(losses) - 1


def _curves(rng: np.random.Generator) -> list[tuple[Any, ...]]:
    """Falling and rising losses, plateaus, NaN and infinity, ends without a stop."""
    nan, inf = float("nan"), float("inf")
    scale = float(rng.uniform(0.5, 2))
    curves: list[tuple[list[float], int]] = [
        ([5.0, 4.0, 3.0, 3.5, 3.6, 3.7, 3.8, 3.9], 3),
        ([1.0, 1e16, 1e34, inf, inf, inf, inf, inf, inf, inf], 3),  # the slide's run: 4 epochs
        ([5.0, 4.0, 4.5, 4.2, 4.4, 3.9, 4.6, 4.1, 4.7, 4.8, 4.9], 3),  # better than the one before, not than the best
        ([3.0, 2.0, 2.5, 1.0, 1.5, 0.5, 0.7, 0.8, 0.9], 2),  # begins again at each improvement
        ([3.0, 2.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0], 3),  # equal is not better
        ([4.0, nan, nan, nan, 3.0, 3.5], 2),  # NaN is not better
        ([4.0, 3.0, 2.0, 1.0, 0.5], 2),  # never stops
        ([2.0, 3.0, 1.0, 1.5, 0.9], 1),
        ([-1.0, -2.0, -1.5, -1.4, -3.0, -2.0], 2),
        ([0.3, 0.2, 0.25, 0.24, 0.23], 5),  # patience longer than the rest
    ]
    cases: list[tuple[Any, ...]] = [([loss * scale for loss in losses], patience) for losses, patience in curves]
    cases += [(np.abs(np.cumsum(rng.normal(-0.1, 1, 20)) + 3).tolist(), patience) for patience in (2, 4)]
    return cases


EARLY_STOPPING = Exercise(
    name="early_stopping",
    signature="early_stopping(losses, patience)",
    statement=Words(
        """After how many epochs early stopping ends a training, as EarlyStopping(monitor='loss', patience=...) does.

        Gets losses, a list with the loss of each epoch (it may have inf and nan, which are no improvement), and
        patience, at least 1. The training stops once the loss has not become lower than the lowest so far for
        `patience` epochs in a row. Returns how many epochs were run, an int; len(losses) if it never stops.""",
        """조기 종료(early stopping)가 몇 에폭(epoch) 만에 학습을 끝내는지 구합니다. EarlyStopping(monitor='loss', patience=...)과
        같습니다.

        에폭마다의 손실(loss) 리스트 losses(inf와 nan이 있을 수 있고, 개선으로 치지 않음)와 1 이상의 patience를 받습니다. 지금까지의
        최저 손실보다 낮아지지 않은 에폭가 patience번 이어지면 멈춥니다. 실행한 에폭 수를 int로 돌려줍니다. 한 번도 멈추지 않으면
        len(losses)입니다."""),
    reference=_early_stopping,
    outputs=("epochs",),
    cases=_curves,
    kind=WHOLE,
    mistakes=(
        Mistake("one_too_many", Words(
            "it waits one epoch too long: it stops at the `patience`-th epoch without improvement, wait >= patience, "
            "and not after it (>).",
            "한 에폭를 더 기다립니다. 개선이 없는 patience번째 에폭에서 바로 멈춰야 합니다: wait > patience가 아니라 "
            "wait >= patience."),
            _stopping(lambda loss, best: loss < best, lambda wait, patience: wait > patience)),
        Mistake("one_too_few", Words(
            "it stops one epoch too early: the epoch of the best loss itself is no epoch without improvement.",
            "한 에폭 일찍 멈춥니다. 최저 손실이 나온 에폭는 개선이 없는 에폭로 세지 않습니다."),
            _stopping(lambda loss, best: loss < best, lambda wait, patience: wait >= patience - 1)),
        Mistake("no_reset", Words(
            "the wait does not begin again after an improvement: `patience` counts epochs in a row.",
            "개선이 있어도 기다린 횟수를 0으로 되돌리지 않습니다. patience는 연속된 에폭를 셉니다."),
            _stopping(lambda loss, best: loss < best, lambda wait, patience: wait >= patience, reset=False)),
        Mistake("previous_epoch", Words(
            "each loss is compared with that of the epoch before; it should be with the lowest so far. A loss that swings "
            "up and down improves every other epoch without getting anywhere.",
            "바로 앞 에폭의 손실과 비교했습니다. 지금까지의 최저 손실과 비교해야 합니다. 오르내리기만 하는 손실도 앞 에폭보다는 자주 "
            "낮아집니다."),
            _stopping(lambda loss, best: loss < best, lambda wait, patience: wait >= patience, against_best=False)),
        Mistake("equal_is_better", Words(
            "an equal loss counts as an improvement (<=); it must be lower (<).",
            "같은 손실도 개선으로 쳤습니다(<=). 더 낮아야 합니다(<)."),
            _stopping(lambda loss, best: loss <= best, lambda wait, patience: wait >= patience)),
        Mistake("nan_is_better", Words(
            "NaN counts as an improvement: `not loss >= best` and `if loss >= best: ... else: ...` are true for NaN, "
            "since all comparisons with NaN are false. Ask `loss < best`.",
            "NaN을 개선으로 쳤습니다. NaN과의 비교는 모두 거짓이라서 `loss >= best`의 else로 빠집니다. `loss < best`인지 물어보세요."),
            _stopping(lambda loss, best: not loss >= best, lambda wait, patience: wait >= patience)),
        Mistake("higher_is_better", Words(
            "a higher loss counts as an improvement; that suits an accuracy. A loss should fall.",
            "손실이 높아지는 것을 개선으로 쳤습니다. 정확도라면 맞지만, 손실은 낮아져야 합니다."),
            _stopping(lambda loss, best: loss > best, lambda wait, patience: wait >= patience, -np.inf)),
        Mistake("index_of_epoch", Words(
            "the number is one too small where it stops: the index of the epoch, from 0, and not how many were run.",
            "멈출 때의 값이 하나 작습니다. 실행한 에폭 수가 아니라 0부터 세는 에폭 번호입니다."),
            lambda losses, patience: _early_stopping(losses, patience) - (
                _early_stopping([*losses, *[np.inf] * (patience + 1)], patience) == _early_stopping(losses, patience))),
        Mistake("index_at_the_end", Words(
            "where it never stops, the number is one too small: len(losses) epochs were run.",
            "한 번도 멈추지 않을 때의 값이 하나 작습니다. len(losses) 에폭를 실행했습니다."),
            _never_to_the_end),
        Mistake("best_epoch", Words(
            "this is the epoch of the lowest loss. The training has run on for `patience` more epochs to find that out.",
            "이것은 손실이 가장 낮은 에폭입니다. 그것을 알아내려고 patience 에폭를 더 실행했습니다."),
            _best_epoch),
        Mistake("never_stops", Words(
            "it always runs to the end: len(losses). Perhaps the stop is within an `if` that is never true.",
            "언제나 끝까지 실행합니다(len(losses)). 참이 되지 않는 `if` 안에서 멈추려고 하는지도 모릅니다."),
            lambda losses, patience: len(losses)),
        Mistake("best_starts_at_0", Words(
            "the best loss starts at 0, which no positive loss can beat. Start with infinity, or with the first loss.",
            "최저 손실이 0에서 시작합니다. 양수인 손실은 0을 이길 수 없습니다. 무한대나 첫 손실에서 시작하세요."),
            _stopping(lambda loss, best: loss < best, lambda wait, patience: wait >= patience, 0.0)),
    ),
)

EXERCISES = (L1_GRADIENT, L2_GRADIENT, EARLY_STOPPING)
