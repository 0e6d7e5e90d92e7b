"""Exercise: early stopping (row 39 of the course)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...callbacks import EarlyStopping
from .definition import WHOLE, Exercise, Mistake
from .words import Words


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


def _rising_in_a_row(losses, patience):
    rising = 0
    for n in range(1, len(losses)):
        rising = rising + 1 if losses[n] > losses[n - 1] else 0
        if rising == patience:
            return n + 1
    return len(losses)


def _only_higher_counted(losses, patience):
    """Equal losses and NaN neither count nor begin the wait again."""
    best, wait = np.inf, 0
    for epoch, loss in enumerate(losses, 1):
        wait = 0 if loss < best else wait + bool(loss > best)
        best = loss if loss < best else best
        if wait >= patience:
            return epoch
    return len(losses)


def _patience_epochs_ago(losses, patience):
    return next((n + 1 for n in range(patience, len(losses)) if losses[n] >= losses[n - patience]), len(losses))


def _first_epoch_counted(losses, patience):
    return 1 if patience == 1 else _stopping(
        lambda loss, best: loss < best, lambda wait, patience: wait >= patience, losses[0])(losses, patience)


def _lowest_of_all(losses, patience):
    return min(int(np.nanargmin(losses)) + 1 + patience, len(losses))


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
        ([5.0, 6.0, 5.5, 4.0, 3.0, 2.0, 2.5, 2.4, 2.3], 3),  # the first one is the best for two epochs
        ([3.0, 1.0, 3.5, 0.5, 0.4, 0.3], 2),  # once higher than two epochs before, between two improvements
    ]
    cases: list[tuple[Any, ...]] = [([loss * scale for loss in losses], patience) for losses, patience in curves]
    cases += [(np.abs(np.cumsum(rng.normal(-0.1, 1, 20)) + 3).tolist(), patience) for patience in (2, 4)]
    return cases


EARLY_STOPPING = Exercise(
    name="early_stopping",
    signature="early_stopping(losses, patience)",
    statement=Words(
        """After how many epochs early stopping ends a training, as EarlyStopping(monitor='loss', patience=...) does.

        Gets losses, a list with the loss of each epoch (after the first one, it may have inf and nan, which are no
        improvement), and patience, at least 1. The training stops once the loss has not become lower than the lowest
        so far for `patience` epochs in a row. Returns how many epochs were run, an int; len(losses) if it never
        stops.""",
        """조기 종료(early stopping)가 몇 에폭(epoch) 만에 학습을 끝내는지 구합니다. EarlyStopping(monitor='loss', patience=...)과
        같습니다.

        에폭마다의 손실(loss) 리스트 losses(첫 에폭 뒤로는 inf와 nan이 있을 수 있고, 개선으로 치지 않음)와 1 이상의 patience를
        받습니다. 지금까지의 최저 손실보다 낮아지지 않은 에폭이 patience번 이어지면 멈춥니다. 실행한 에폭 수를 int로
        돌려줍니다. 한 번도 멈추지 않으면 len(losses)입니다."""),
    reference=_early_stopping,
    outputs=("epochs",),
    cases=_curves,
    kind=WHOLE,
    mistakes=(
        Mistake("one_too_many", Words(
            "it waits one epoch too long: it stops at the `patience`-th epoch without improvement, wait >= patience, "
            "and not after it (>).",
            "한 에폭을 더 기다립니다. 개선이 없는 patience번째 에폭에서 바로 멈춰야 합니다: wait > patience가 아니라 "
            "wait >= patience."),
            _stopping(lambda loss, best: loss < best, lambda wait, patience: wait > patience)),
        Mistake("one_too_few", Words(
            "it stops one epoch too early: the epoch of the best loss itself is no epoch without improvement.",
            "한 에폭 일찍 멈춥니다. 최저 손실이 나온 에폭은 개선이 없는 에폭으로 세지 않습니다."),
            _stopping(lambda loss, best: loss < best, lambda wait, patience: wait >= patience - 1)),
        Mistake("no_reset", Words(
            "the wait does not begin again after an improvement: `patience` counts epochs in a row.",
            "개선이 있어도 기다린 횟수를 0으로 되돌리지 않습니다. patience는 연속된 에폭을 셉니다."),
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
            "NaN을 개선으로 쳤습니다. NaN과의 비교는 모두 거짓이라서 `loss >= best`의 else로 빠집니다. 조건을 `loss < best`로 쓰세요."),
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
            "한 번도 멈추지 않을 때의 값이 하나 작습니다. len(losses) 에폭을 실행했습니다."),
            _never_to_the_end),
        Mistake("best_epoch", Words(
            "this is the epoch of the lowest loss. The training has run on for `patience` more epochs to find that out.",
            "이것은 손실이 가장 낮은 에폭입니다. 그것을 알아내려고 patience 에폭을 더 실행했습니다."),
            _best_epoch),
        Mistake("lowest_of_all", Words(
            "the lowest loss of the whole list is taken, and `patience` is added to its epoch. A training only knows the "
            "losses so far: it may have stopped long before.",
            "리스트 전체에서 가장 낮은 손실의 에폭에 patience를 더했습니다. 학습 중에는 지금까지의 손실만 알 수 있으므로, 그 전에 이미 "
            "멈췄을 수 있습니다."),
            _lowest_of_all),
        Mistake("never_stops", Words(
            "it always runs to the end: len(losses). Perhaps the stop is within an `if` that is never true.",
            "언제나 끝까지 실행합니다(len(losses)). 참이 되지 않는 `if` 안에서 멈추려고 하는지도 모릅니다."),
            lambda losses, patience: len(losses)),
        Mistake("best_starts_at_0", Words(
            "the best loss starts at 0, which no positive loss can beat. Start with infinity.",
            "최저 손실이 0에서 시작합니다. 양수인 손실은 0보다 낮아질 수 없습니다. 무한대에서 시작하세요."),
            _stopping(lambda loss, best: loss < best, lambda wait, patience: wait >= patience, 0.0)),
        Mistake("first_epoch_counted", Words(
            "the first epoch is compared with its own loss, and counts as one without improvement. Start the best loss with "
            "infinity, or the loop with the second epoch.",
            "첫 에폭을 자기 손실과 비교해서, 개선이 없는 에폭으로 셌습니다. 최저 손실을 무한대에서 시작하거나 반복을 두 번째 에폭부터 시작하세요."),
            _first_epoch_counted),
        Mistake("best_not_kept", Words(
            "the best loss is never brought up to date: every finite loss counts as an improvement. Write best = loss.",
            "최저 손실을 갱신하지 않았습니다. 유한한 손실이면 모두 개선으로 칩니다. best = loss가 필요합니다."),
            _stopping(lambda loss, best: loss < np.inf, lambda wait, patience: wait >= patience)),
        Mistake("rising_in_a_row", Words(
            "it waits for losses that rise from epoch to epoch; it should count the epochs without a loss below the lowest "
            "so far, rising or not.",
            "손실이 앞 에폭보다 계속 높아져야 멈춥니다. 높아지든 아니든, 지금까지의 최저 손실보다 낮아지지 않은 에폭을 세야 합니다."),
            _rising_in_a_row),
        Mistake("patience_epochs_ago", Words(
            "each loss is compared with that of `patience` epochs before; it should be with the lowest so far.",
            "patience 에폭 전의 손실과 비교했습니다. 지금까지의 최저 손실과 비교해야 합니다."),
            _patience_epochs_ago),
        Mistake("not_higher_not_counted", Words(
            "an epoch counts only if its loss is higher than the best (elif loss > best): an equal loss and NaN are no "
            "improvement either. Write else.",
            "최저 손실보다 높은 에폭만 셌습니다(elif loss > best). 같은 손실과 NaN도 개선이 아닙니다. else로 쓰세요."),
            _only_higher_counted),
    ),
)

EXERCISES = (EARLY_STOPPING,)
