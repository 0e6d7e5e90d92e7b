"""Exercise: Grad-CAM (row 77 of the course)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .definition import Exercise, Mistake
from .words import Words


def _to_one(heat):
    return heat / heat.max() if heat.max() > 0 else heat


def _importance(gradients):
    return gradients.mean(axis=(0, 1))


def _grad_cam(maps, gradients):
    return _to_one(_relu(maps @ _importance(gradients)))


def _relu(heat):
    return np.maximum(heat, 0)


def _weighted(weights: Callable[[Any, Any], Any], after: Callable[[Any], Any] = _relu,
              scale: Callable[[Any], Any] = _to_one) -> Callable[[Any, Any], Any]:
    """A variant: other weights of the maps, another function of their sum, another scale."""
    def variant(maps, gradients):
        return scale(after((maps * weights(maps, gradients)).sum(axis=2)))
    return variant


def _right_weights(maps, gradients):
    return _importance(gradients)


def _smallest_to_zero(heat):
    return _to_one(heat - heat.min())


def _maps(rng: np.random.Generator) -> list[tuple[Any, ...]]:
    """Maps and gradients of both signs; an image where nothing speaks for the class, and one where everything does."""
    cases: list[tuple[Any, ...]] = []
    for shape in ((3, 4, 2), (4, 4, 3), (5, 3, 4)):
        maps, gradients = rng.normal(size=shape), rng.normal(size=shape)
        gradients[..., 0] += 1.5
        gradients[..., 1] -= 0.75
        cases.append((maps, gradients))
    positive = rng.uniform(0.5, 1.5, (3, 3, 2))
    cases.append((positive, rng.uniform(0.1, 1, (3, 3, 2))))
    cases.append((positive.copy(), rng.uniform(-1, -0.1, (3, 3, 2))))
    return cases


GRAD_CAM = Exercise(
    name="grad_cam",
    signature="grad_cam(maps, gradients)",
    statement=Words(
        """Grad-CAM: where the feature maps of a convolution speak for a class.

        heat = relu(sum over k of alpha_k A_k), alpha_k = mean over the positions of d score / d A_k

        Gets maps, shape (height, width, K), the feature maps A_k of an image, and gradients, of the same shape, the
        gradient of the class's score. Returns heat, shape (height, width), divided by its largest value; all 0 where
        nothing speaks for the class.""",
        """Grad-CAM: 합성곱층의 특징 맵(feature map)이 이미지의 어디에서 그 클래스를 지지하는지 구합니다.

        heat = relu(k에 대한 합 alpha_k A_k), alpha_k = d score / d A_k를 모든 위치에서 평균 낸 값

        이미지 하나의 특징 맵 A_k를 담은 maps(모양 (height, width, K))와 클래스 점수의 기울기 gradients(같은 모양)를 받습니다. 모양이
        (height, width)인 heat를 가장 큰 값으로 나누어 돌려줍니다. 어디에서도 그 클래스를 지지하지 않으면 모두 0입니다."""),
    reference=_grad_cam,
    outputs=("heat",),
    cases=_maps,
    mistakes=(
        Mistake("no_relu", Words(
            "the ReLU is missing: positions that speak against the class are negative, and should be 0.",
            "ReLU가 빠졌습니다. 그 클래스에 반대하는 위치는 음수가 아니라 0이어야 합니다."),
            _weighted(_right_weights, after=lambda heat: heat)),
        Mistake("no_relu_and_any_maximum", Words(
            "the ReLU is missing: positions that speak against the class are negative, and should be 0. Where all of them "
            "are negative the division by the largest one even makes them positive.",
            "ReLU가 빠졌습니다. 그 클래스에 반대하는 위치는 음수가 아니라 0이어야 합니다. 모두 음수이면 가장 큰 값으로 나눌 때 양수로 뒤집히기까지 "
            "합니다."),
            _weighted(_right_weights, after=lambda heat: heat, scale=lambda heat: heat / heat.max())),
        Mistake("relu_before_sum", Words(
            "the ReLU is taken of each map before the sum: what speaks against the class can no longer cancel what speaks "
            "for it.",
            "더하기 전에 맵마다 ReLU를 취했습니다. 반대하는 값이 지지하는 값을 상쇄하지 못합니다."),
            lambda maps, gradients: _to_one(np.maximum(maps * _importance(gradients), 0).sum(axis=2))),
        Mistake("relu_of_weights", Words(
            "the ReLU is taken of the weights alpha_k; it should be of the weighted sum.",
            "가중치 alpha_k에 ReLU를 취했습니다. 가중합에 취해야 합니다."),
            _weighted(lambda maps, gradients: np.maximum(_importance(gradients), 0))),
        Mistake("absolute_value", Words(
            "the absolute value is taken instead of the ReLU: what speaks against the class looks as if it spoke for it.",
            "ReLU 대신 절댓값을 취했습니다. 반대하는 곳이 지지하는 곳처럼 보입니다."),
            _weighted(_right_weights, np.abs)),
        Mistake("not_averaged", Words(
            "each gradient is multiplied with its own position; alpha_k is one number a map, the mean over its positions.",
            "기울기를 위치마다 따로 곱했습니다. alpha_k는 위치에 대해 평균 낸, 맵마다 하나인 숫자입니다."),
            _weighted(lambda maps, gradients: gradients)),
        Mistake("averaged_over_maps", Words(
            "the gradients are averaged over the maps (axis 2); it should be over the positions, axis (0, 1).",
            "기울기를 맵 방향(axis 2)으로 평균 냈습니다. 위치 방향(axis (0, 1))으로 평균 내야 합니다."),
            _weighted(lambda maps, gradients: gradients.mean(axis=2, keepdims=True))),
        Mistake("weights_of_maps", Words(
            "the weights are the means of the maps; they should be the means of the gradients.",
            "가중치로 맵의 평균을 썼습니다. 기울기의 평균이어야 합니다."),
            _weighted(lambda maps, gradients: maps.mean(axis=(0, 1)))),
        Mistake("largest_gradient", Words(
            "the weight of a map is its largest gradient; it should be the mean.",
            "맵의 가중치로 가장 큰 기울기를 썼습니다. 평균이어야 합니다."),
            _weighted(lambda maps, gradients: gradients.max(axis=(0, 1)))),
        Mistake("no_weights", Words(
            "the maps are summed without their weights: the heat has nothing to do with the class.",
            "가중치 없이 맵을 더했습니다. 클래스와 상관없는 그림이 됩니다."),
            _weighted(lambda maps, gradients: np.ones(maps.shape[2]))),
        Mistake("not_scaled", Words("it is not divided by its largest value.", "가장 큰 값으로 나누지 않았습니다."),
                _weighted(_right_weights, scale=lambda heat: heat)),
        Mistake("sum_to_one", Words(
            "it is divided by its sum; it should be by its largest value.", "합으로 나누었습니다. 가장 큰 값으로 나누어야 합니다."),
            _weighted(_right_weights, scale=lambda heat: heat / heat.sum() if heat.any() else heat)),
        Mistake("smallest_to_zero", Words(
            "the smallest value is moved to 0: then some position is always cold, even where everything speaks for the class.",
            "가장 작은 값을 0으로 옮겼습니다. 모든 곳이 그 클래스를 지지할 때도 어딘가는 차갑게 보입니다."),
            _weighted(_right_weights, scale=_smallest_to_zero)),
        Mistake("divided_by_zero", Words(
            "where nothing speaks for the class the heat is all 0, and 0/0 is NaN. Divide only if the largest value is "
            "above 0.",
            "지지하는 곳이 하나도 없으면 heat가 모두 0이라서 0/0은 NaN이 됩니다. 가장 큰 값이 0보다 클 때만 나누세요."),
            _weighted(_right_weights, scale=lambda heat: heat / heat.max())),
    ),
)

EXERCISES = (GRAD_CAM,)
