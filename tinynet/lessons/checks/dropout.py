"""Exercise: inverted dropout (row 49 of the course)."""

from __future__ import annotations

from typing import Any

import numpy as np

from .definition import Exercise, Mistake
from .words import Words


def _inverted_dropout(h, u, p):
    """The slide's two lines: U = (rand < p) / p; H *= U."""
    h *= (u < p) / p
    return h


def _layers(rng: np.random.Generator) -> list[tuple[Any, ...]]:
    """Activations after ReLU and others, with small, middle and large p; p = 1 keeps all."""
    cases: list[tuple[Any, ...]] = []
    for shape, p in (((3, 4), 0.8), ((4, 5), 0.5), ((10,), 0.3), ((2, 3, 4), 0.9), ((6, 3), 0.25)):
        u = rng.uniform(size=shape)
        u.ravel()[:3] = 0.01, 0.99, 0.6 * p  # some are kept and some dropped in each case
        cases.append((rng.normal(1, 1, shape), u, p))
    return cases


INVERTED_DROPOUT = Exercise(
    name="inverted_dropout",
    signature="inverted_dropout(h, u, p)",
    statement=Words(
        """Inverted dropout while training: U = (rand < p) / p, then H = H * U.

        Gets the activations h, u (what rand gave: numbers from 0 to 1, of h's shape), and p, the probability that an
        element is kept. Returns the new activations, and leaves h as it is.""",
        """학습할 때의 역 드롭아웃(inverted dropout): U = (rand < p) / p, 그다음 H = H * U.

        활성값 h, u(rand의 결과: 0과 1 사이의 수, h와 같은 모양), 그리고 원소가 남을 확률 p를 받습니다. 새 활성값을 돌려주고,
        h는 그대로 둡니다."""),
    reference=_inverted_dropout,
    outputs=("h",),
    cases=_layers,
    mistakes=(
        Mistake("no_scaling", Words(
            "the division by p is missing: (u < p) / p. Without it the activations are smaller on average while training "
            "than when predicting.",
            "p로 나누지 않았습니다: (u < p) / p여야 합니다. 나누지 않으면 학습할 때의 활성값이 예측할 때보다 평균적으로 작아집니다."),
            lambda h, u, p: h * (u < p)),
        Mistake("p_is_dropped", Words(
            "p is taken for the probability of dropping (Keras's rate). On the slide it is that of keeping: (u < p) / p.",
            "p를 버릴 확률(Keras의 rate)로 썼습니다. 슬라이드의 p는 남길 확률입니다: (u < p) / p."),
            lambda h, u, p: h * (u >= p) / (1 - p)),
        Mistake("p_is_dropped_below", Words(
            "the elements are kept with the probability 1 - p: p is taken for the probability of dropping (Keras's "
            "rate). On the slide it is that of keeping.",
            "원소를 1 - p의 확률로 남겼습니다. p를 버릴 확률(Keras의 rate)로 쓴 것입니다. 슬라이드의 p는 남길 확률입니다."),
            lambda h, u, p: h * (u < 1 - p) / (1 - p)),
        Mistake("dropped_without_scaling", Words(
            "p is taken for the probability of dropping, and nothing is scaled. It is that of keeping: (u < p) / p.",
            "p를 버릴 확률로 썼고, 크기도 보정하지 않았습니다. p는 남길 확률입니다: (u < p) / p."),
            lambda h, u, p: h * (u >= p)),
        Mistake("mask_inverted", Words(
            "the mask is inverted: what should be kept is dropped. It is (u < p), scaled by 1 / p.",
            "마스크(mask)가 거꾸로입니다. 남길 것을 버렸습니다. (u < p)에 1 / p를 곱해야 합니다."),
            lambda h, u, p: h * (u > p) / p),
        Mistake("scaled_by_dropped", Words(
            "the kept elements are divided by 1 - p, the probability of dropping. They are divided by that of keeping, p.",
            "남은 원소를 버릴 확률 1 - p로 나누었습니다. 남길 확률 p로 나누어야 합니다."),
            lambda h, u, p: h * (u < p) / (1 - p)),
        Mistake("multiplied_by_p", Words(
            "the kept elements are multiplied by p. In plain dropout that is done when predicting; inverted dropout "
            "divides by p while training.",
            "남은 원소에 p를 곱했습니다. 보통 드롭아웃이 예측할 때 하는 일입니다. 역 드롭아웃은 학습할 때 p로 나눕니다."),
            lambda h, u, p: h * (u < p) * p),
        Mistake("prediction", Words(
            "this is what plain dropout does when predicting: h * p without a mask.",
            "이것은 보통 드롭아웃이 예측할 때 하는 일(마스크 없이 h * p)입니다."),
            lambda h, u, p: h * p),
        Mistake("mask_only", Words(
            "this is the mask U itself; it must multiply h.",
            "이것은 마스크 U 자체입니다. h에 곱해야 합니다."),
            lambda h, u, p: (u < p) / p),
        Mistake("other_side", Words(
            "the elements with u > 1 - p are kept. The probability is right, but the slide keeps those with u < p, and "
            "the same draws must give the same mask.",
            "u > 1 - p인 원소를 남겼습니다. 확률은 맞지만 슬라이드는 u < p인 원소를 남깁니다. 같은 난수에서 같은 마스크가 나와야 합니다."),
            lambda h, u, p: h * (u > 1 - p) / p),
        Mistake("counted_share", Words(
            "the scale is the share of elements that were kept in this very mask. It is p, the same for each batch.",
            "이번 마스크에서 실제로 남은 비율로 나누었습니다. 배치(batch)마다 같은 p로 나누어야 합니다."),
            lambda h, u, p: h * (u < p) / np.mean(u < p)),
        Mistake("one_mask_for_all", Words(
            "all rows have the mask of the first one: each element is dropped on its own.",
            "모든 행이 첫 행의 마스크를 같이 씁니다. 원소마다 따로 버려야 합니다."),
            lambda h, u, p: h * (u[:1] < p) / p if h.ndim > 1 else h * (u < p) / p),
        Mistake("unchanged", Words("h comes back unchanged: nothing is dropped.", "h가 그대로 나옵니다. 버린 것이 없습니다."),
                lambda h, u, p: h),
        Mistake("all_scaled", Words(
            "h is divided by p, but nothing is dropped: the mask (u < p) is missing.",
            "h를 p로 나누기만 하고 버린 것이 없습니다. 마스크 (u < p)가 빠졌습니다."),
            lambda h, u, p: h / p),
    ),
)

EXERCISES = (INVERTED_DROPOUT,)
