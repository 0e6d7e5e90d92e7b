"""Exercise: Xavier initialization (rows 35 to 37 of the course)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...initializers import compute_fans
from .definition import Exercise, Mistake
from .words import Words


def _xavier(z):
    return z / np.sqrt(compute_fans(z.shape)[0])


def _draws(rng: np.random.Generator) -> list[tuple[Any, ...]]:
    return [(rng.standard_normal(shape),) for shape in ((4, 9), (25, 3), (3, 3, 2, 5), (5, 5, 3, 2), (2, 3, 4, 7))]


def _inputs(z):
    return z.size // z.shape[-1]


XAVIER = Exercise(
    name="xavier",
    signature="xavier(z)",
    statement=Words(
        """Xavier initialization as on the slide: randn(Din, Dout) / sqrt(Din).

        Gets z, an array of standard normal numbers with the shape of the weights: (Din, Dout) of a dense layer, or
        (kernel height, kernel width, input channels, filters) of a convolution, where Din is
        kernel height * kernel width * input channels. Returns the weights, of the same shape.""",
        """슬라이드의 Xavier 초기화: randn(Din, Dout) / sqrt(Din).

        표준정규분포에서 뽑은 배열 z를 받습니다. 모양은 가중치와 같습니다. 밀집층(dense layer)이면 (Din, Dout), 합성곱(convolution)이면
        (커널 높이, 커널 너비, 입력 채널 수, 필터 수)이고, 이때 Din은 커널 높이 * 커널 너비 * 입력 채널 수입니다. 같은 모양의 가중치를
        돌려줍니다."""),
    reference=_xavier,
    outputs=("weights",),
    cases=_draws,
    mistakes=(
        Mistake("no_root", Words(
            "z is divided by Din; it should be by its root. The variance becomes 1 / Din^2, and not 1 / Din.",
            "z를 Din으로 나누었습니다. Din의 제곱근으로 나누어야 합니다. 분산이 1 / Din이 아니라 1 / Din^2이 됩니다."),
            lambda z: z / _inputs(z)),
        Mistake("multiplied", Words(
            "z is multiplied by sqrt(Din), and not divided: the more inputs, the larger the weights and the outputs.",
            "z를 sqrt(Din)으로 나누지 않고 곱했습니다. 입력이 많을수록 가중치와 출력이 커집니다."),
            lambda z: z * np.sqrt(_inputs(z))),
        Mistake("outputs_counted", Words(
            "z is divided by the root of the number of outputs. The sum of a neuron has Din terms: its inputs count.",
            "출력 개수의 제곱근으로 나누었습니다. 뉴런 하나는 항을 Din개 더하므로 입력 개수를 써야 합니다."),
            lambda z: z / np.sqrt(z.shape[-1])),
        Mistake("first_axis", Words(
            "z is divided by the root of its first length. In a convolution that is only the kernel's height; Din is "
            "height * width * input channels, z.size / filters.",
            "첫 번째 축의 길이의 제곱근으로 나누었습니다. 합성곱에서 그것은 커널 높이일 뿐입니다. Din은 높이 * 너비 * 입력 채널 수입니다."),
            lambda z: z / np.sqrt(z.shape[0])),
        Mistake("channels_only", Words(
            "in a convolution only the input channels are counted. Din is kernel height * kernel width * input channels, "
            "since a filter sums over all of them.",
            "합성곱에서 입력 채널만 셌습니다. 필터 하나는 커널 높이 * 커널 너비 * 입력 채널 수만큼 더하므로 그것이 Din입니다."),
            lambda z: z / np.sqrt(z.shape[-2])),
        Mistake("channels_forgotten", Words(
            "in a convolution only the kernel's pixels are counted, height * width. A filter extends the full depth: "
            "multiply by the input channels.",
            "합성곱에서 커널의 픽셀(높이 * 너비)만 셌습니다. 필터는 입력의 깊이 전체에 걸치므로 입력 채널 수도 곱해야 합니다."),
            lambda z: z / np.sqrt(z.shape[0] if z.ndim == 2 else z.shape[0] * z.shape[1])),
        Mistake("all_counted", Words(
            "z is divided by the root of the number of all its elements; only the inputs of one neuron count, without "
            "the outputs.",
            "모든 원소 개수의 제곱근으로 나누었습니다. 출력을 뺀, 뉴런 하나의 입력만 세어야 합니다."),
            lambda z: z / np.sqrt(z.size)),
        Mistake("glorot", Words(
            "this is Glorot's formula, the variance 2 / (Din + Dout), Keras's GlorotNormal (without its truncation). The "
            "slide has 1 / Din.",
            "이것은 분산이 2 / (Din + Dout)인 Glorot의 식으로, Keras의 GlorotNormal과 같습니다(절단은 제외). 슬라이드의 분산은 "
            "1 / Din입니다."),
            lambda z: z * np.sqrt(2 / (_inputs(z) + z.size // z.shape[-2]))),
        Mistake("glorot_of_filters", Words(
            "this is Glorot's formula, the variance 2 / (Din + Dout), with the filters of a convolution as its Dout. The "
            "slide has 1 / Din.",
            "이것은 분산이 2 / (Din + Dout)인 Glorot의 식으로, 합성곱에서는 필터 수를 Dout으로 썼습니다. 슬라이드의 분산은 1 / Din입니다."),
            lambda z: z * np.sqrt(2 / (_inputs(z) + z.shape[-1]))),
        Mistake("second_axis", Words(
            "z is divided by the root of its second length: of the outputs of a dense layer, of the width of a "
            "convolution's kernel. Din comes first, and in a convolution it is height * width * input channels.",
            "두 번째 축의 길이의 제곱근으로 나누었습니다. 밀집층에서는 출력 개수, 합성곱에서는 커널 너비입니다. Din은 밀집층에서는 첫 번째 "
            "축이고, 합성곱에서는 높이 * 너비 * 입력 채널 수입니다."),
            lambda z: z / np.sqrt(z.shape[1])),
        Mistake("he", Words(
            "this is He's formula, the variance 2 / Din, for ReLU. The slide's Xavier has 1 / Din.",
            "이것은 분산이 2 / Din인 He 초기화(ReLU용)입니다. 슬라이드의 Xavier는 1 / Din입니다."),
            lambda z: z * np.sqrt(2 / _inputs(z))),
        Mistake("sample_normalized", Words(
            "z is also divided by its own standard deviation. z is already standard normal; only Din counts.",
            "z를 자기 표준편차로도 나누었습니다. z는 이미 표준정규분포에서 뽑은 값입니다. Din만 쓰면 됩니다."),
            lambda z: z / z.std() / np.sqrt(_inputs(z))),
        Mistake("unchanged", Words(
            "z comes back as it is: standard normal weights, with which tanh saturates.",
            "z를 그대로 돌려주었습니다. 표준정규분포 그대로의 가중치에서는 tanh가 포화됩니다."),
            lambda z: z),
    ),
)

EXERCISES = (XAVIER,)
