"""Exercises: the size of an output, a convolution (rows 71 to 74 of the course)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...ops.conv2d import conv2d_forward
from ...ops.windows import conv_output_size
from .definition import WHOLE, Exercise, Mistake
from .words import Words


def _output_size(W, K, P, S):
    return conv_output_size(W, K, S, P)


def _sizes(rng: np.random.Generator) -> list[tuple[Any, ...]]:
    """The slide's sizes, divisions with and without a remainder, and four at random."""
    sizes = [(7, 3, 0, 1), (7, 3, 0, 2), (7, 3, 1, 1), (32, 5, 0, 1), (32, 5, 2, 1), (8, 3, 0, 2), (10, 4, 1, 3),
             (28, 2, 0, 2)]
    for _ in range(4):
        W, K, P, S = (int(rng.integers(*limits)) for limits in ((12, 40), (2, 7), (1, 4), (2, 6)))
        sizes.append((W, K, P, S))
    return list(sizes)


OUTPUT_SIZE = Exercise(
    name="output_size",
    signature="output_size(W, K, P, S)",
    statement=Words(
        """The size of a convolution's output along an axis: (W - K + 2P) / S + 1.

        Gets four ints: W, size of the input; K, size of the filter; P, zeros on each side; S, stride. Returns an int;
        where the division leaves a remainder the last window does not fit and is left out (rounded down).""",
        """한 축에서 합성곱(convolution) 출력의 크기: (W - K + 2P) / S + 1.

        정수 네 개를 받습니다: 입력 크기 W, 필터 크기 K, 양쪽에 붙이는 0의 개수 P, 스트라이드(stride) S. int를 돌려줍니다.
        나누어떨어지지 않으면 마지막 창이 들어가지 않으므로 버립니다(내림)."""),
    reference=_output_size,
    outputs=("size",),
    cases=_sizes,
    kind=WHOLE,
    mistakes=(
        Mistake("no_plus_1", Words("the \"+ 1\" is missing: the window also has its first position.",
                                   "\"+ 1\"이 빠졌습니다. 창의 첫 위치도 세어야 합니다."),
                lambda W, K, P, S: (W - K + 2 * P) // S),
        Mistake("padding_once", Words("the padding is counted once, W - K + P; it is on both sides: 2P.",
                                      "패딩(padding)을 한 번만 셌습니다(W - K + P). 양쪽에 있으므로 2P입니다."),
                lambda W, K, P, S: (W - K + P) // S + 1),
        Mistake("no_padding", Words("the padding is left out: W - K + 2P.", "패딩을 빠뜨렸습니다: W - K + 2P."),
                lambda W, K, P, S: (W - K) // S + 1),
        Mistake("padding_subtracted", Words("the padding is subtracted; it makes the input larger: W - K + 2P.",
                                            "패딩을 뺐습니다. 패딩은 입력을 크게 만듭니다: W - K + 2P."),
                lambda W, K, P, S: (W - K - 2 * P) // S + 1),
        Mistake("no_stride", Words("the stride is left out: the sum is divided by S.",
                                   "스트라이드를 빠뜨렸습니다. S로 나누어야 합니다."),
                lambda W, K, P, S: W - K + 2 * P + 1),
        Mistake("true_division", Words(
            "the division is not rounded: a size is a whole number, and a window that does not fit is left out. Use //.",
            "나눗셈의 소수점 아래를 버리지 않았습니다. 크기는 정수이고, 들어가지 않는 창은 버립니다. //를 쓰세요."),
            lambda W, K, P, S: (W - K + 2 * P) / S + 1),
        Mistake("rounded_up", Words(
            "the division is rounded up: a last window that does not fit would reach over the border. Round down.",
            "올림을 했습니다. 들어가지 않는 마지막 창이 테두리를 넘게 됩니다. 내림을 하세요."),
            lambda W, K, P, S: math.ceil((W - K + 2 * P) / S) + 1),
        Mistake("rounded", Words(
            "the division is rounded to the nearest number (round); it is rounded down.",
            "반올림(round)을 했습니다. 내림을 해야 합니다."),
            lambda W, K, P, S: round((W - K + 2 * P) / S) + 1),
        Mistake("plus_1_divided", Words(
            "the 1 is divided by S, too: it is added after the division, (W - K + 2P) // S + 1.",
            "1까지 S로 나누었습니다. 1은 나눗셈 뒤에 더합니다: (W - K + 2P) // S + 1."),
            lambda W, K, P, S: (W - K + 2 * P + 1) // S),
        Mistake("padding_and_stride_exchanged", Words(
            "P and S are exchanged. The order is W, K, P, S: padding, then stride.",
            "P와 S가 서로 바뀌었습니다. 순서는 W, K, P, S(패딩, 스트라이드)입니다."),
            lambda W, K, P, S: (W - K + 2 * S) // P + 1),
        Mistake("same_size", Words(
            "this is Keras's padding='same', W / S rounded up, which does not look at K and P.",
            "이것은 K와 P를 보지 않는 Keras의 padding='same'(W / S의 올림)입니다."),
            lambda W, K, P, S: -(-W // S)),
        Mistake("division_of_part", Words(
            "only a part is divided by S: brackets are missing. The whole sum is: (W - K + 2P) // S + 1.",
            "일부만 S로 나누었습니다. 괄호가 빠졌습니다. 합 전체를 나눕니다: (W - K + 2P) // S + 1."),
            lambda W, K, P, S: W - K + 2 * P // S + 1),
        Mistake("true_division_of_part", Words(
            "only 2P is divided by S, and not rounded: brackets are missing. The whole sum is: (W - K + 2P) // S + 1.",
            "2P만 S로 나누었고 소수점 아래도 버리지 않았습니다. 괄호가 빠졌습니다. 합 전체를 나눕니다: (W - K + 2P) // S + 1."),
            lambda W, K, P, S: W - K + 2 * P / S + 1),
        Mistake("padding_not_divided", Words(
            "the padding is added after the division, (W - K) // S + 2P + 1; it makes the input larger, before the "
            "division: (W - K + 2P) // S + 1.",
            "나눗셈 뒤에 패딩을 더했습니다: (W - K) // S + 2P + 1. 패딩은 입력을 크게 만드므로 나누기 전에 더합니다: "
            "(W - K + 2P) // S + 1."),
            lambda W, K, P, S: (W - K) // S + 2 * P + 1),
        Mistake("transposed", Words(
            "this is the output size of a transposed convolution, which makes images larger.",
            "이것은 이미지를 크게 만드는 전치 합성곱(transposed convolution)의 출력 크기입니다."),
            lambda W, K, P, S: (W - 1) * S - 2 * P + K),
    ),
)


def _convolution(x, kernel, stride, padding):
    sides = ((padding, padding), (padding, padding))
    return conv2d_forward(x[None], kernel, None, (stride, stride), sides, (1, 1), 1, "linear")[0]



def _edges(mode):
    return lambda x, kernel, stride, padding: _convolution(
        np.pad(x, ((padding, padding), (padding, padding), (0, 0)), mode=mode) if padding else x, kernel, stride, 0)


def _one_side(x, kernel, stride, padding):
    return _convolution(np.pad(x, ((padding, 0), (padding, 0), (0, 0))), kernel, stride, 0)


def _far_side(x, kernel, stride, padding):
    return _convolution(np.pad(x, ((0, padding), (0, padding), (0, 0))), kernel, stride, 0)


def _last_window_lost(x, kernel, stride, padding):
    return _convolution(x, kernel, stride, padding)[:-1, :-1]


def _size_without_padding(x, kernel, stride, padding):
    """The image is padded, but the windows are counted as if it were not: those at the end are missing."""
    height, width = ((length - side) // stride + 1 for length, side in zip(x.shape, kernel.shape[:2], strict=False))
    return _convolution(x, kernel, stride, padding)[:height, :width]


def _last_products(part):
    """A variant with only a part of each sum, that of the last elements: what remains of y[i, j, f] = ... in a loop."""
    def variant(x, kernel, stride, padding):
        last = np.zeros(kernel.shape)
        last[part] = kernel[part]
        return _convolution(x, last, stride, padding)
    return variant


def _channels_not_summed(x, kernel, stride, padding):
    return np.stack([_convolution(x[..., c : c + 1], kernel[:, :, c : c + 1], stride, padding)
                     for c in range(x.shape[2])], axis=2)


def _contiguous_windows(x, kernel, stride, padding):
    """Rows and columns i, i + 1, ... instead of i * stride: the first windows of stride 1."""
    height, width, _ = _convolution(x, kernel, stride, padding).shape
    return _convolution(x, kernel, 1, padding)[:height, :width]


def _filters_exchanged(x, kernel, stride, padding):
    if kernel.shape[2] != kernel.shape[3]:
        raise ValueError
    return _convolution(x, kernel.swapaxes(2, 3), stride, padding)


def _images(rng: np.random.Generator) -> list[tuple[Any, ...]]:
    """Images and filters that are not square, strides, paddings, one channel and several."""
    cases: list[tuple[Any, ...]] = []
    for x, kernel, stride, padding in (
            ((5, 6, 1), (3, 3, 1, 1), 1, 0), ((5, 4, 2), (2, 2, 2, 2), 1, 0), ((6, 7, 3), (3, 2, 3, 2), 1, 1),
            ((7, 7, 2), (3, 3, 2, 2), 2, 0), ((8, 6, 2), (3, 3, 2, 4), 2, 1), ((6, 5, 3), (1, 1, 3, 3), 1, 0),
            ((7, 6, 1), (2, 3, 1, 2), 3, 2)):
        cases.append((rng.normal(0.5, 1, x), rng.normal(size=kernel), stride, padding))
    return cases


CONVOLUTION = Exercise(
    name="convolution",
    signature="convolution(x, kernel, stride, padding)",
    statement=Words(
        """The convolution layer (without bias): slide each filter over the image, and take dot products.

        Gets x of shape (height, width, channels), kernel of shape (kernel height, kernel width, channels, filters), and
        two ints: stride, and padding, the number of zeros on each of the four sides. Filters are not flipped. Returns an
        array of shape (out height, out width, filters), with (W - K + 2P) // S + 1 windows along each axis.""",
        """합성곱 층(convolution layer, 편향 없음): 필터마다 이미지 위를 미끄러지며 내적(dot product)을 구합니다.

        모양이 (높이, 너비, 채널)인 x, (커널 높이, 커널 너비, 채널, 필터)인 kernel, 그리고 정수 두 개를 받습니다: 스트라이드 stride와,
        네 변에 붙이는 0의 개수 padding. 필터는 뒤집지 않습니다. 모양이 (출력 높이, 출력 너비, 필터)인 배열을 돌려줍니다. 축마다 창은
        (W - K + 2P) // S + 1개입니다."""),
    reference=_convolution,
    outputs=("y",),
    cases=_images,
    mistakes=(
        Mistake("filter_flipped", Words(
            "the filter is flipped, as in the mathematical convolution. Layers do not flip it (cross-correlation).",
            "수학의 합성곱처럼 필터를 뒤집었습니다. 합성곱 층은 뒤집지 않습니다(교차 상관, cross-correlation)."),
            lambda x, k, s, p: _convolution(x, k[::-1, ::-1], s, p)),
        Mistake("filter_flipped_along_width", Words(
            "the filter is flipped from left to right; it is not flipped at all.",
            "필터의 좌우를 뒤집었습니다. 필터는 뒤집지 않습니다."),
            lambda x, k, s, p: _convolution(x, k[:, ::-1], s, p)),
        Mistake("filter_flipped_along_height", Words(
            "the filter is flipped upside down; it is not flipped at all.",
            "필터의 위아래를 뒤집었습니다. 필터는 뒤집지 않습니다."),
            lambda x, k, s, p: _convolution(x, k[::-1], s, p)),
        Mistake("channels_first", Words(
            "the values are right, but the filters stand first, (filters, height, width), as in PyTorch and on the "
            "slide. Here they stand last.",
            "값은 맞지만 필터 축이 맨 앞에 있습니다: (필터, 높이, 너비). PyTorch와 슬라이드의 순서입니다. 여기서는 맨 뒤에 둡니다."),
            lambda x, k, s, p: np.moveaxis(_convolution(x, k, s, p), -1, 0)),
        Mistake("rows_and_columns_exchanged", Words(
            "height and width of the output are exchanged: y[i, j] belongs to row i and column j.",
            "출력의 높이와 너비가 서로 바뀌었습니다. y[i, j]는 i행 j열입니다."),
            lambda x, k, s, p: _convolution(x, k, s, p).swapaxes(0, 1)),
        Mistake("first_channel_only", Words(
            "only the first channel of the image is used. Filters extend the full depth of the input: sum over the "
            "channels.",
            "이미지의 첫 채널만 썼습니다. 필터는 입력의 깊이 전체에 걸칩니다. 채널에 걸쳐 더해야 합니다."),
            lambda x, k, s, p: _convolution(x[..., :1], k[..., :1, :], s, p)),
        Mistake("last_channel_only", Words(
            "only the last channel of the image is left in the result: each channel overwrites the one before (=). Add them "
            "up (+=).",
            "결과에 이미지의 마지막 채널만 남았습니다. 채널마다 앞의 값을 덮어썼습니다(=). 더해야 합니다(+=)."),
            _last_products((slice(None), slice(None), -1))),
        Mistake("last_product_only", Words(
            "only the last product of each window is left: each one overwrites the one before (=). Add them up (+=).",
            "창마다 마지막 곱만 남았습니다. 곱할 때마다 앞의 값을 덮어썼습니다(=). 더해야 합니다(+=)."),
            _last_products((-1, -1, -1))),
        Mistake("channels_not_summed", Words(
            "the products are summed within each channel only: y has an axis for the channels. A filter adds up all of them.",
            "채널마다 따로 더해서 결과에 채널 축이 남았습니다. 필터는 모든 채널의 곱을 더합니다."),
            _channels_not_summed),
        Mistake("kernel_transposed", Words(
            "height and width of the kernel are exchanged: its first axis goes with the rows of the image, its second one "
            "with the columns.",
            "커널의 높이와 너비가 서로 바뀌었습니다. 커널의 첫 축은 이미지의 행, 두 번째 축은 열에 맞춥니다."),
            lambda x, k, s, p: _convolution(x, k.swapaxes(0, 1), s, p)),
        Mistake("mean", Words(
            "the products are averaged; a dot product is their sum.",
            "곱의 평균을 냈습니다. 내적은 곱의 합입니다."),
            lambda x, k, s, p: _convolution(x, k, s, p) / k[..., 0].size),
        Mistake("mean_over_channels", Words(
            "the channels are averaged; the products of all channels are summed.",
            "채널에 걸쳐 평균을 냈습니다. 모든 채널의 곱을 더해야 합니다."),
            lambda x, k, s, p: _convolution(x, k, s, p) / k.shape[2]),
        Mistake("first_filter_only", Words(
            "each output channel is that of the first filter.",
            "모든 출력 채널이 첫 번째 필터의 결과입니다."),
            lambda x, k, s, p: np.repeat(_convolution(x, k[..., :1], s, p), k.shape[3], axis=2)),
        Mistake("filters_summed", Words(
            "the filters are summed: each one makes a channel (an activation map) of its own.",
            "필터끼리 더했습니다. 필터 하나가 출력 채널(activation map) 하나를 만듭니다."),
            lambda x, k, s, p: _convolution(x, k, s, p).sum(axis=2)),
        Mistake("filter_axes_exchanged", Words(
            "the last two axes of the kernel are exchanged: it is (height, width, input channels, filters).",
            "커널의 마지막 두 축이 서로 바뀌었습니다. (높이, 너비, 입력 채널, 필터) 순서입니다."),
            _filters_exchanged),
        Mistake("no_stride", Words(
            "the stride is left out: the windows are one pixel apart.",
            "스트라이드(stride)를 쓰지 않았습니다. 창이 한 픽셀씩 움직입니다."),
            lambda x, k, s, p: _convolution(x, k, 1, p)),
        Mistake("contiguous_windows", Words(
            "the output has the right size, but the windows start at i and j; with a stride they start at i * stride and "
            "j * stride.",
            "출력의 크기는 맞지만 창이 i, j에서 시작합니다. 스트라이드가 있으면 i * stride, j * stride에서 시작해야 합니다."),
            _contiguous_windows),
        Mistake("no_padding", Words(
            "the padding is left out: no zeros are put around the image.",
            "패딩(padding)을 쓰지 않았습니다. 이미지 둘레에 0을 붙이지 않았습니다."),
            lambda x, k, s, p: _convolution(x, k, s, 0)),
        Mistake("edge_padding", Words(
            "the image is padded with the pixels of its border; the padding is zeros.",
            "테두리의 픽셀 값으로 패딩했습니다. 0으로 패딩해야 합니다."),
            _edges("edge")),
        Mistake("reflected_padding", Words(
            "the image is padded with its reflection; the padding is zeros.",
            "이미지를 거울처럼 반사해서 패딩했습니다. 0으로 패딩해야 합니다."),
            _edges("reflect")),
        Mistake("padding_on_one_side", Words(
            "zeros are only used above and to the left. They belong on all four sides, and the output's size counts them "
            "twice: W - K + 2P.",
            "위쪽과 왼쪽의 0만 쓰였습니다. 네 변에 모두 붙이고, 출력의 크기에서도 두 번 세어야 합니다: W - K + 2P."),
            _one_side),
        Mistake("size_without_padding", Words(
            "the windows at the end are missing: the size is counted without the padding, W - K. It is W - K + 2P.",
            "끝쪽의 창이 빠졌습니다. 출력의 크기를 패딩 없이 W - K로 셌습니다. W - K + 2P여야 합니다."),
            _size_without_padding),
        Mistake("padding_on_far_side", Words(
            "the zeros are put below and to the right only; they belong on all four sides.",
            "아래쪽과 오른쪽에만 0을 붙였습니다. 네 변에 모두 붙여야 합니다."),
            _far_side),
        Mistake("last_window_lost", Words(
            "the last row and the last column of windows are missing: the \"+ 1\" of the output's size.",
            "마지막 행과 열의 창이 빠졌습니다. 출력 크기의 \"+ 1\"입니다."),
            _last_window_lost),
    ),
)

EXERCISES = (OUTPUT_SIZE, CONVOLUTION)
