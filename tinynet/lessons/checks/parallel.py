"""Exercises on data-parallel training: the gradient of a batch from its parts, a step of the ring, warm-up."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .definition import Exercise, Mistake
from .words import Words

# -- the gradient of a whole batch


def _weighted(gradients, rows, divisor):
    busy = rows > 0
    return rows[busy] @ gradients[busy] / divisor


def _batch_gradient(gradients, rows):
    return _weighted(gradients, rows, rows.sum())


def _shares(rng: np.random.Generator) -> list[tuple[Any, ...]]:
    """Uneven shares, one sample fewer here and there, and a rank that had none: its mean is NaN."""
    cases: list[tuple[Any, ...]] = []
    for rows, n in (((2, 3, 2, 3), 3), ((7, 6), 4), ((1, 5, 9), 2), ((1, 0, 2, 1), 3)):
        gradients = rng.normal(1, 1, (len(rows), n))
        counts = np.array(rows)
        gradients[counts == 0] = np.nan
        cases.append((gradients, counts))
    return cases


BATCH_GRADIENT = Exercise(
    name="batch_gradient",
    signature="batch_gradient(gradients, rows)",
    statement=Words(
        """The gradient of a whole batch from the gradients of its parts.

        Gets gradients, shape (ranks, n): row r is the gradient of the mean loss over the samples of rank r. Gets rows,
        shape (ranks,): how many samples each rank had. Where that is 0, the rank's row in gradients is NaN.

        Returns the gradient of the mean loss over all samples, shape (n,).""",
        """나누어 계산한 기울기로 배치 전체의 기울기를 구합니다.

        모양이 (ranks, n)인 gradients를 받습니다. r번째 행은 랭크 r이 맡은 샘플들의 평균 손실에 대한 기울기입니다. 모양이 (ranks,)인 rows는
        각 랭크가 맡은 샘플 수입니다. 샘플이 0개인 랭크의 행은 NaN입니다.

        모든 샘플의 평균 손실에 대한 기울기를 모양 (n,)으로 돌려줍니다."""),
    reference=_batch_gradient,
    outputs=("gradient",),
    cases=_shares,
    mistakes=(
        Mistake("plain_mean", Words(
            "all ranks count the same, however many samples they had. A rank with 3 samples of 10 has the weight 3/10.",
            "샘플 수와 상관없이 모든 랭크를 똑같이 셌습니다. 샘플 10개 중 3개를 맡은 랭크의 가중치는 3/10입니다."),
            lambda gradients, rows: gradients.mean(axis=0)),
        Mistake("plain_mean_of_busy", Words(
            "the ranks that had samples all count the same. A rank with 3 samples of 10 has the weight 3/10.",
            "샘플을 맡은 랭크를 모두 똑같이 셌습니다. 샘플 10개 중 3개를 맡은 랭크의 가중치는 3/10입니다."),
            lambda gradients, rows: gradients[rows > 0].mean(axis=0)),
        Mistake("nan", Words(
            "a rank without samples has the weight 0, but 0 * NaN is NaN. Leave such a rank out before you multiply.",
            "샘플이 없는 랭크의 가중치는 0이지만, 0 * NaN은 NaN입니다. 곱하기 전에 그런 랭크를 빼 두세요."),
            lambda gradients, rows: rows @ gradients / rows.sum()),
        Mistake("not_divided", Words(
            "this is the gradient of the sum over all samples. Divide by their number.",
            "모든 샘플의 손실을 더한 값의 기울기입니다. 샘플 수로 나누세요."),
            lambda gradients, rows: _weighted(gradients, rows, 1)),
        Mistake("divided_by_ranks", Words(
            "the weighted sum is divided by the number of ranks. It is divided by the number of samples.",
            "가중합을 랭크 수로 나누었습니다. 샘플 수로 나누어야 합니다."),
            lambda gradients, rows: _weighted(gradients, rows, len(rows))),
        Mistake("summed", Words(
            "the gradients are summed. Each is a mean already: their weighted mean is wanted.",
            "기울기를 그대로 더했습니다. 각각이 이미 평균이므로, 가중 평균을 구해야 합니다."),
            lambda gradients, rows: gradients[rows > 0].sum(axis=0)),
        Mistake("divided_by_rows", Words(
            "each gradient is divided by its number of samples. It is a mean already: multiply by the number.",
            "기울기를 샘플 수로 나누었습니다. 이미 평균이므로 샘플 수를 곱해야 합니다."),
            lambda gradients, rows: (gradients[rows > 0] / rows[rows > 0, None]).sum(axis=0)),
    ),
)

# -- a step of the ring


def _stepped(piece: Callable[[int, int, int], int] = lambda r, step, n: r - step, to: int = 1, own: float = 1.0,
             kept: float = 1.0, into: Callable[[int, int], int] = lambda c, n: c) -> Callable[[Any, Any], Any]:
    """A variant: another piece, another neighbour, factors of what the receiver and the sender have of it afterwards,
    another piece of the receiver.
    """
    def variant(pieces, step):
        n = len(pieces)
        after = pieces.copy()
        for r in range(n):
            c, receiver = piece(r, step, n) % n, (r + to) % n
            if kept != 1:
                after[r, c] *= kept
            target = into(c, n) % n
            after[receiver, target] = own * after[receiver, target] + pieces[r, c]
        return after
    return variant


def _pieces(rng: np.random.Generator) -> list[tuple[Any, ...]]:
    return [(rng.normal(size=(n, n, m)), step) for n, m, step in ((4, 2, 0), (4, 2, 1), (3, 1, 1), (5, 2, 3), (2, 3, 0))]


RING_STEP = Exercise(
    name="ring_step",
    signature="ring_step(pieces, step)",
    statement=Words(
        """One step of the first half of a ring all-reduce.

        Each of n ranks has an array of its own, cut into n pieces: pieces has the shape (n, n, m), and pieces[r, c] is
        piece c as rank r has it. In step 0, 1, ..., n - 2 each rank r sends its piece (r - step) mod n to the next rank,
        (r + 1) mod n, which adds it to its own piece of this number. All send at once.

        Gets pieces and step. Returns all pieces after the step, and leaves pieces as it is.""",
        """링 올리듀스(ring all-reduce) 전반부의 한 단계입니다.

        랭크 n개가 각자 자기 배열을 n조각으로 나누어 가지고 있습니다. pieces의 모양은 (n, n, m)이고, pieces[r, c]는 랭크 r이 가진 조각
        c입니다. 0, 1, ..., n - 2번째 단계(step)마다 랭크 r은 조각 (r - step) mod n을 다음 랭크 (r + 1) mod n에 보내고, 받은 랭크는 같은 번호의
        자기 조각에 더합니다. 모두가 동시에 보냅니다.

        pieces와 step을 받습니다. 단계가 끝난 뒤의 모든 조각을 돌려주고, pieces는 그대로 둡니다."""),
    reference=_stepped(),
    outputs=("pieces",),
    cases=_pieces,
    mistakes=(
        Mistake("replaced", Words(
            "the piece that arrives replaces the receiver's own. It is added to it.",
            "받은 조각으로 자기 조각을 덮어썼습니다. 자기 조각에 더해야 합니다."), _stepped(own=0.0)),
        Mistake("moved", Words(
            "the sender's piece becomes 0. It sends a copy and keeps its own.",
            "보낸 쪽의 조각이 0이 되었습니다. 사본을 보내는 것이므로 자기 조각은 그대로 남습니다."), _stepped(kept=0.0)),
        Mistake("same_piece_each_step", Words(
            "rank r sends piece r in every step. In step s it sends piece (r - s) mod n, the one that it has just received.",
            "단계마다 랭크 r이 조각 r을 보냈습니다. s번째 단계에서는 방금 받은 조각인 (r - s) mod n을 보냅니다."),
            _stepped(piece=lambda r, step, n: r)),
        Mistake("piece_plus_step", Words(
            "rank r sends piece (r + step) mod n. It is (r - step) mod n: what arrives is passed on in the next step.",
            "랭크 r이 조각 (r + step) mod n을 보냈습니다. (r - step) mod n이어야 합니다. 받은 조각을 다음 단계에 넘겨주는 것입니다."),
            _stepped(piece=lambda r, step, n: r + step)),
        Mistake("one_step_late", Words(
            "rank r sends piece (r - step - 1) mod n, as if the steps began at 1. They begin at 0.",
            "단계가 1부터 시작하는 것처럼 조각 (r - step - 1) mod n을 보냈습니다. 단계는 0부터 시작합니다."),
            _stepped(piece=lambda r, step, n: r - step - 1)),
        Mistake("other_way", Words(
            "the piece goes to the rank before, (r - 1) mod n. It goes to the next one, (r + 1) mod n.",
            "앞 랭크 (r - 1) mod n에 보냈습니다. 다음 랭크 (r + 1) mod n에 보내야 합니다."), _stepped(to=-1)),
        Mistake("into_the_next_piece", Words(
            "piece c is added to the receiver's piece c + 1. Numbers of one position belong together: add it to piece c.",
            "조각 c를 받은 쪽의 조각 c + 1에 더했습니다. 같은 위치의 수끼리 더해야 하므로 조각 c에 더하세요."),
            _stepped(into=lambda c, n: c + 1)),
        Mistake("whole_arrays", Words(
            "each rank sends all its pieces. A ring sends one piece a step: that is why it sends so little.",
            "랭크마다 모든 조각을 보냈습니다. 링에서는 한 단계에 한 조각만 보냅니다. 그래서 보내는 양이 적습니다."),
            lambda pieces, step: pieces + np.roll(pieces, 1, axis=0)),
    ),
)

# -- warm-up


def _warm_up(step, rate, factor, steps):
    return rate * (1 + (factor - 1) * min(step / steps, 1))


def _moments(rng: np.random.Generator) -> list[tuple[Any, ...]]:
    """Before, within, at the end of, and after the warm-up."""
    return [(step, round(float(rng.uniform(0.005, 0.1)), 4), factor, steps)
            for step, factor, steps in ((0, 4, 10), (3, 4, 10), (9, 16, 12), (12, 16, 12), (40, 8, 25), (1, 2, 20))]


WARM_UP = Exercise(
    name="warm_up",
    signature="warm_up(step, rate, factor, steps)",
    statement=Words(
        """The learning rate by the linear scaling rule, with warm-up.

        The batch is factor times as large as the one for which rate was good. At step 0 the learning rate is rate. It rises
        linearly, and from step number steps on it is factor * rate.

        Gets step, rate, factor and steps. Returns the learning rate, a number.""",
        """선형 스케일링 규칙(linear scaling rule)과 웜업(warm-up)에 따른 학습률입니다.

        학습률 rate가 알맞던 배치보다 factor배 큰 배치를 씁니다. step이 0일 때 학습률은 rate입니다. 그 뒤로 일정하게 커져서, step이 steps에
        이른 때부터는 factor * rate입니다.

        step, rate, factor, steps를 받아 학습률(숫자 하나)을 돌려줍니다."""),
    reference=_warm_up,
    outputs=("learning_rate",),
    cases=_moments,
    mistakes=(
        Mistake("from_zero", Words(
            "it rises from 0. It begins at rate, which the small batch has shown to be good.",
            "0에서 시작합니다. 작은 배치에서 알맞던 rate에서 시작해야 합니다."),
            lambda step, rate, factor, steps: factor * rate * min(step / steps, 1)),
        Mistake("never_ends", Words(
            "it rises for ever. After the warm-up it stays at factor * rate.",
            "끝없이 커집니다. 웜업이 끝나면 factor * rate에 머물러야 합니다."),
            lambda step, rate, factor, steps: rate * (1 + (factor - 1) * step / steps)),
        Mistake("no_warm_up", Words(
            "it is factor * rate from the first step on: the warm-up is missing.",
            "첫 단계부터 factor * rate입니다. 웜업이 빠졌습니다."),
            lambda step, rate, factor, steps: factor * rate),
        Mistake("not_scaled", Words(
            "it stays at rate: the batch is factor times as large, and so should the learning rate become.",
            "rate에 머물러 있습니다. 배치가 factor배이면 학습률도 factor배가 되어야 합니다."),
            lambda step, rate, factor, steps: rate),
        Mistake("up_to_rate", Words(
            "it rises from 0 to rate. It rises from rate to factor * rate.",
            "0에서 rate까지 커집니다. rate에서 factor * rate까지 커져야 합니다."),
            lambda step, rate, factor, steps: rate * min(step / steps, 1)),
        Mistake("square_root", Words(
            "it rises to sqrt(factor) * rate, another rule. The linear one has factor * rate.",
            "sqrt(factor) * rate까지 커집니다. 그것은 다른 규칙이고, 선형 규칙은 factor * rate입니다."),
            lambda step, rate, factor, steps: _warm_up(step, rate, math.sqrt(factor), steps)),
        Mistake("factor_added", Words(
            "it rises by factor * rate. It rises to factor * rate, by (factor - 1) * rate.",
            "factor * rate만큼 커집니다. factor * rate까지, 곧 (factor - 1) * rate만큼 커져야 합니다."),
            lambda step, rate, factor, steps: rate * (1 + factor * min(step / steps, 1))),
        Mistake("one_step_early", Words(
            "it is one step ahead, with (step + 1) / steps. At step 0 the learning rate is rate.",
            "(step + 1) / steps를 써서 한 단계 앞섭니다. step이 0일 때 학습률은 rate입니다."),
            lambda step, rate, factor, steps: _warm_up(step + 1, rate, factor, steps)),
        Mistake("small_after", Words(
            "after the warm-up it falls back to rate. It stays at factor * rate.",
            "웜업이 끝난 뒤 rate로 되돌아갑니다. factor * rate에 머물러야 합니다."),
            lambda step, rate, factor, steps: _warm_up(step, rate, factor, steps) if step < steps else rate),
        Mistake("jumps", Words(
            "it is rate during the whole warm-up and then jumps to factor * rate. It rises linearly between.",
            "웜업 내내 rate이다가 갑자기 factor * rate로 뜁니다. 그사이에 일정하게 커져야 합니다."),
            lambda step, rate, factor, steps: rate if step < steps else factor * rate),
        Mistake("exponential", Words(
            "it rises by the same factor in each step, rate * factor ** (step / steps). It rises by the same amount.",
            "rate * factor ** (step / steps)처럼 매번 같은 비율로 커집니다. 매번 같은 크기만큼 커져야 합니다."),
            lambda step, rate, factor, steps: rate * factor ** min(step / steps, 1)),
    ),
)

EXERCISES = (BATCH_GRADIENT, RING_STEP, WARM_UP)
