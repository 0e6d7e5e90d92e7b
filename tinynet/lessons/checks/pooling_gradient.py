"""Exercise: the gradient of max pooling (row 75 of the course)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ops.max_pool2d import NO_PADDING, max_pool2d_backward, max_pool2d_forward
from .definition import Exercise, Mistake
from .words import Words


def _max_pooling_gradient(dy, x, size, stride):
    window, strides = (size, size), (stride, stride)
    _, argmax = max_pool2d_forward(x[None], window, strides, NO_PADDING)
    return max_pool2d_backward(dy[None], argmax, (1, *x.shape), window, strides, NO_PADDING)[0]


def _spread(share, accumulate=True):
    """A variant of the gradient: share(window, dy) is what one window of one channel receives."""
    def variant(dy, x, size, stride):
        dx = np.zeros(x.shape)
        for i, j, c in np.ndindex(*dy.shape):
            place = slice(i * stride, i * stride + size), slice(j * stride, j * stride + size), c
            received = share(x[place], dy[i, j, c])
            if accumulate:
                dx[place] += received
            else:
                dx[place] = np.where(received != 0, received, dx[place])
        return dx
    return variant


def _at(window, index, value):
    result = np.zeros(window.shape)
    result.ravel()[index] = value
    return result


def _last(window):
    return window.size - 1 - window.ravel()[::-1].argmax()


def _from_0(window):
    """Where a search that starts with 0 at the upper left ends."""
    return window.argmax() if window.max() > 0 else 0


def _position_in_window(dy, x, size, stride):
    """The position within the window is taken for the one in the image."""
    dx = np.zeros(x.shape)
    for i, j, c in np.ndindex(*dy.shape):
        window = x[i * stride : i * stride + size, j * stride : j * stride + size, c]
        dx[(*np.unravel_index(window.argmax(), window.shape), c)] += dy[i, j, c]
    return dx


def _windows_side_by_side(dy, x, size, stride):
    """Windows at i * size; ValueError if one of them is outside of the image."""
    dx = np.zeros(x.shape)
    for i, j, c in np.ndindex(*dy.shape):
        window = x[i * size : (i + 1) * size, j * size : (j + 1) * size, c]
        p, q = np.unravel_index(window.argmax(), window.shape)
        dx[i * size + p, j * size + q, c] += dy[i, j, c]
    return dx


def _over_channels(dy, x, size, stride):
    """The maximum of a window over all channels: the others receive nothing."""
    dx = np.zeros(x.shape)
    for i, j in np.ndindex(*dy.shape[:2]):
        window = x[i * stride : i * stride + size, j * stride : j * stride + size]
        p, q, c = np.unravel_index(window.argmax(), window.shape)
        dx[i * stride + p, j * stride + q, c] += dy[i, j, c]
    return dx


def _gradients(rng: np.random.Generator) -> list[tuple[Any, ...]]:
    """Different values, ties (values of few levels, zeros as after ReLU), negative values, windows that overlap."""
    cases: list[tuple[Any, ...]] = []
    for shape, size, stride, levels in (((4, 4, 1), 2, 2, 0), ((4, 6, 2), 2, 2, 3), ((5, 5, 2), 3, 1, 0),
                                        ((7, 5, 2), 3, 2, 3), ((6, 6, 1), 2, 2, 2), ((5, 6, 3), 2, 1, 0),
                                        ((4, 4, 1), 2, 2, 1)):
        x = rng.normal(0.5, 1, shape) if levels == 0 else rng.integers(0, levels, shape).astype(float)
        y = max_pool2d_forward(x[None], (size, size), (stride, stride), NO_PADDING)[0][0]
        cases.append((rng.uniform(0.5, 2, y.shape) * rng.choice([-1, 1], y.shape), x, size, stride))
    cases.append((rng.uniform(0.5, 2, (2, 2, 1)), -1 - rng.permutation(np.arange(16.0)).reshape(4, 4, 1), 2, 2))
    return cases


MAX_POOLING_GRADIENT = Exercise(
    name="max_pooling_gradient",
    signature="max_pooling_gradient(dy, x, size, stride)",
    statement=Words(
        """The gradient of max pooling: each dy goes to the largest value of its window.

        Gets dy of shape (out height, out width, channels), x of shape (height, width, channels), and two ints, size and
        stride. Of several equal largest values the first one in reading order (row by row) receives dy, alone. Where
        windows overlap, the gradients add up. Returns dx, shaped like x.""",
        """최대 풀링(max pooling)의 기울기(gradient): dy는 그 창에서 가장 큰 값의 자리로 갑니다.

        모양이 (출력 높이, 출력 너비, 채널)인 dy, (높이, 너비, 채널)인 x, 정수 size와 stride를 받습니다. 가장 큰 값이 여럿이면 읽는 순서(행
        단위)로 첫 번째 하나만 dy를 받습니다. 창이 겹치는 곳에서는 기울기를 더합니다. x와 같은 모양의 dx를 돌려줍니다."""),
    reference=_max_pooling_gradient,
    outputs=("dx",),
    cases=_gradients,
    mistakes=(
        Mistake("tie_to_all", Words(
            "at a tie, all of the equal largest values receive dy (mask = window == max). Only the first one does; "
            "otherwise a window gives more gradient than it got.",
            "가장 큰 값이 여럿일 때 모두에게 dy를 주었습니다(mask = window == max). 첫 번째 하나만 받아야 합니다. 그렇지 않으면 창이 받은 "
            "것보다 많은 기울기가 나갑니다."),
            _spread(lambda window, dy: (window == window.max()) * dy)),
        Mistake("tie_shared", Words(
            "at a tie, dy is divided among the equal largest values; the first one receives all of it.",
            "가장 큰 값이 여럿일 때 dy를 나누어 주었습니다. 첫 번째 하나가 모두 받아야 합니다."),
            _spread(lambda window, dy: (window == window.max()) * dy / (window == window.max()).sum())),
        Mistake("tie_to_last", Words(
            "at a tie, the last of the equal largest values receives dy (>= in the search); it is the first one (>).",
            "가장 큰 값이 여럿일 때 마지막 것이 dy를 받았습니다(찾을 때 >=). 첫 번째가 받아야 합니다(>)."),
            _spread(lambda window, dy: _at(window, _last(window), dy))),
        Mistake("tie_by_columns", Words(
            "at a tie, the first of the largest values by columns receives dy; reading order is row by row.",
            "가장 큰 값이 여럿일 때 열 단위로 첫 번째가 dy를 받았습니다. 읽는 순서는 행 단위입니다."),
            _spread(lambda window, dy: _at(window.T, window.T.argmax(), dy).T)),
        Mistake("overwritten", Words(
            "where windows overlap, the later gradient overwrites the earlier one (=); they add up (+=). With arrays of "
            "indices, dx[rows, columns] += dy counts each pixel once: use np.add.at.",
            "창이 겹치는 곳에서 나중 기울기가 앞의 것을 덮어썼습니다(=). 더해야 합니다(+=). 인덱스 배열을 쓰는 dx[rows, columns] += dy는 "
            "픽셀마다 한 번만 더합니다. 그때는 np.add.at을 쓰세요."),
            _spread(lambda window, dy: _at(window, window.argmax(), dy), accumulate=False)),
        Mistake("average", Words(
            "dy is spread evenly over its window: this is the gradient of average pooling.",
            "dy를 창 전체에 고르게 나누었습니다. 이것은 평균 풀링의 기울기입니다."),
            _spread(lambda window, dy: np.full(window.shape, dy / window.size))),
        Mistake("everywhere", Words(
            "every pixel of a window receives dy; only the largest one had an influence on y.",
            "창의 모든 픽셀이 dy를 받았습니다. y에 영향을 준 것은 가장 큰 값뿐입니다."),
            _spread(lambda window, dy: np.full(window.shape, dy))),
        Mistake("value_instead_of_gradient", Words(
            "the largest value itself is put into dx; it should be dy.",
            "dx에 가장 큰 값 자체를 넣었습니다. dy를 넣어야 합니다."),
            _spread(lambda window, dy: _at(window, window.argmax(), window.max()))),
        Mistake("value_times_gradient", Words(
            "dy is multiplied by the largest value; the derivative of the maximum is 1.",
            "dy에 가장 큰 값을 곱했습니다. 최댓값의 미분은 1입니다."),
            _spread(lambda window, dy: _at(window, window.argmax(), window.max() * dy))),
        Mistake("one_instead_of_gradient", Words(
            "dx is 1 at the largest values: dy is not used. By the chain rule it multiplies.",
            "가장 큰 값의 자리가 1입니다. dy를 쓰지 않았습니다. 연쇄 법칙(chain rule)에 따라 dy를 곱해야 합니다."),
            _spread(lambda window, dy: _at(window, window.argmax(), 1.0))),
        Mistake("first_of_window", Words(
            "dy goes to the upper left pixel of each window, whatever its value.",
            "값과 관계없이 창의 왼쪽 위 픽셀이 dy를 받았습니다."),
            _spread(lambda window, dy: _at(window, 0, dy))),
        Mistake("minimum", Words("dy goes to the smallest value of each window (argmin).",
                                 "창에서 가장 작은 값이 dy를 받았습니다(argmin)."),
                _spread(lambda window, dy: _at(window, window.argmin(), dy))),
        Mistake("starts_at_0", Words(
            "where a window has only negative values dy goes to its upper left pixel: the search starts at 0. Start with "
            "the first value or with -inf.",
            "값이 모두 음수인 창에서는 왼쪽 위 픽셀이 dy를 받았습니다. 최댓값을 0에서 찾기 시작했기 때문입니다. 첫 값이나 -inf에서 "
            "시작하세요."),
            _spread(lambda window, dy: _at(window, _from_0(window), dy))),
        Mistake("position_in_window", Words(
            "the position of the largest value within its window is taken for the one in the image: add i * stride and "
            "j * stride.",
            "창 안에서의 위치를 이미지에서의 위치로 썼습니다. i * stride와 j * stride를 더해야 합니다."),
            _position_in_window),
        Mistake("windows_of_size", Words(
            "the windows start at i * size and j * size; they start at i * stride and j * stride, as in the forward pass.",
            "창이 i * size, j * size에서 시작합니다. 순전파(forward pass)와 같이 i * stride, j * stride에서 시작해야 합니다."),
            _windows_side_by_side),
        Mistake("over_channels", Words(
            "the largest value is searched over all channels of a window; each channel has its own.",
            "창의 모든 채널에서 가장 큰 값 하나를 찾았습니다. 채널마다 따로 찾아야 합니다."),
            _over_channels),
    ),
)

EXERCISES = (MAX_POOLING_GRADIENT,)
