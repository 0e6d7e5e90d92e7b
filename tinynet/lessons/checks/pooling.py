"""Exercise: max pooling (row 75 of the course)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ops.max_pool2d import NO_PADDING, max_pool2d_forward
from .definition import Exercise, Mistake
from .words import Words


def _max_pooling(x, size, stride):
    return max_pool2d_forward(x[None], (size, size), (stride, stride), NO_PADDING)[0][0]


def _windows(x, size, stride):
    """x cut into windows: (out height, out width, channels, size, size)."""
    views = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(0, 1))
    return views[::stride, ::stride]


def _pooled(reduce):
    """A variant: reduce(window) of windows[..., size, size] over their last two axes."""
    return lambda x, size, stride: reduce(_windows(x, size, stride))


def _partial_windows(x, size, stride):
    """Windows that reach over the border, too."""
    rows, columns = (range(0, length - size + stride if length > size else 1, stride) for length in x.shape[:2])
    return np.array([[x[i : i + size, j : j + size].max(axis=(0, 1)) for j in columns] for i in rows])


def _contiguous(x, size, stride):
    height, width, _ = _max_pooling(x, size, stride).shape
    return _max_pooling(x, size, 1)[:height, :width]


def _windows_of_size(x, size, stride):
    """As many windows as there should be, but side by side; ValueError if one of them is outside of the image."""
    height, width, _ = _max_pooling(x, size, stride).shape
    return np.array([[x[i * size : (i + 1) * size, j * size : (j + 1) * size].max(axis=(0, 1)) for j in range(width)]
                     for i in range(height)])


def _length_over_stride(x, size, stride):
    rows, columns = (range(0, length // stride * stride, stride) for length in x.shape[:2])
    return np.array([[x[i : i + size, j : j + size].max(axis=(0, 1)) for j in columns] for i in rows])


def _larger_windows(x, size, stride):
    height, width, _ = _max_pooling(x, size, stride).shape
    return np.array([[x[i * stride : i * stride + size + 1, j * stride : j * stride + size + 1].max(axis=(0, 1))
                      for j in range(width)] for i in range(height)])


def _maps(rng: np.random.Generator) -> list[tuple[Any, ...]]:
    """The slide's example, negative values, windows that overlap, remainders."""
    slide = np.array([[8.0, 7, 5, 3], [12, 9, 5, 7], [13, 2, 10, 3], [9, 4, 5, 14]])[..., None]
    cases: list[tuple[Any, ...]] = [(slide, 2, 2)]
    for shape, size, stride, mean in (((4, 6, 2), 2, 2, 0), ((6, 4, 3), 2, 2, -3), ((7, 5, 2), 3, 2, 0),
                                      ((5, 7, 2), 2, 2, -2), ((6, 8, 1), 3, 3, 0), ((9, 6, 2), 2, 3, 0),
                                      ((6, 5, 2), 3, 1, 0)):
        cases.append((rng.normal(mean, 1, shape), size, stride))
    return cases


MAX_POOLING = Exercise(
    name="max_pooling",
    signature="max_pooling(x, size, stride)",
    statement=Words(
        """Max pooling: the largest value in each window, in each channel.

        Gets x of shape (height, width, channels) and two ints: size, the side of the window, and stride. Returns an array
        of shape (out height, out width, channels), with (W - size) // stride + 1 windows along each axis.""",
        """최대 풀링(max pooling): 채널마다 각 창에서 가장 큰 값을 고릅니다.

        모양이 (높이, 너비, 채널)인 x와 정수 두 개(창의 한 변 size, 스트라이드 stride)를 받습니다. 모양이
        (출력 높이, 출력 너비, 채널)인 배열을 돌려줍니다. 축마다 창은 (W - size) // stride + 1개입니다."""),
    reference=_max_pooling,
    outputs=("y",),
    cases=_maps,
    mistakes=(
        Mistake("average", Words("this is average pooling: the mean of each window, and not its largest value.",
                                 "이것은 평균 풀링(average pooling)입니다. 가장 큰 값이 아니라 평균을 구했습니다."),
                _pooled(lambda windows: windows.mean(axis=(-2, -1)))),
        Mistake("minimum", Words("this is the smallest value of each window.", "각 창에서 가장 작은 값을 골랐습니다."),
                _pooled(lambda windows: windows.min(axis=(-2, -1)))),
        Mistake("largest_absolute_value", Words(
            "this is the largest absolute value of each window: -5 counts more than 3. The largest value is meant.",
            "각 창에서 절댓값의 최댓값을 구했습니다. -5가 3보다 크게 됩니다. 값 자체가 가장 큰 것을 골라야 합니다."),
            _pooled(lambda windows: np.abs(windows).max(axis=(-2, -1)))),
        Mistake("starts_at_0", Words(
            "where a window has only negative values the result is 0: the maximum starts at 0. Start with the first value "
            "or with -inf.",
            "값이 모두 음수인 창의 결과가 0입니다. 최댓값을 0에서 시작했기 때문입니다. 첫 값이나 -inf에서 시작하세요."),
            _pooled(lambda windows: np.maximum(windows.max(axis=(-2, -1)), 0))),
        Mistake("over_channels", Words(
            "the maximum is taken over the channels, too: each channel is pooled on its own, max(axis=(0, 1)).",
            "채널에 걸쳐서도 최댓값을 구했습니다. 채널마다 따로 풀링합니다: max(axis=(0, 1))."),
            _pooled(lambda windows: windows.max(axis=(-3, -2, -1)))),
        Mistake("over_channels_repeated", Words(
            "all channels have the same value, the maximum over all of them: each channel is pooled on its own.",
            "모든 채널의 값이 같습니다. 전체 채널의 최댓값이기 때문입니다. 채널마다 따로 풀링합니다."),
            _pooled(lambda windows: np.repeat(windows.max(axis=(-3, -2, -1))[..., None], windows.shape[2], axis=2))),
        Mistake("no_stride", Words("the stride is left out: the windows are one pixel apart.",
                                   "스트라이드(stride)를 쓰지 않았습니다. 창이 한 픽셀씩 움직입니다."),
                lambda x, size, stride: _max_pooling(x, size, 1)),
        Mistake("stride_is_size", Words(
            "the windows are `size` apart, as in Keras's default; here the stride is an argument of its own.",
            "창이 size만큼씩 움직입니다(Keras의 기본값). 여기서는 stride를 따로 받습니다."),
            lambda x, size, stride: _max_pooling(x, size, size)),
        Mistake("window_is_stride", Words(
            "the windows have the side `stride`, and not `size`.",
            "창의 한 변이 size가 아니라 stride입니다."),
            lambda x, size, stride: _windows(x, stride, stride)[
                : (x.shape[0] - size) // stride + 1, : (x.shape[1] - size) // stride + 1].max(axis=(-2, -1))),
        Mistake("contiguous_windows", Words(
            "the output has the right size, but the windows start at i and j; they start at i * stride and j * stride.",
            "출력의 크기는 맞지만 창이 i, j에서 시작합니다. i * stride, j * stride에서 시작해야 합니다."),
            _contiguous),
        Mistake("windows_of_size", Words(
            "the output has the right size, but the windows start at i * size and j * size; they start at i * stride and "
            "j * stride.",
            "출력의 크기는 맞지만 창이 i * size, j * size에서 시작합니다. i * stride, j * stride에서 시작해야 합니다."),
            _windows_of_size),
        Mistake("length_over_stride", Words(
            "there are length // stride windows along an axis, of which the last ones reach over the border. Only whole "
            "windows count: (W - size) // stride + 1.",
            "축마다 창이 (길이 // stride)개라서 마지막 창이 테두리를 넘습니다. 온전한 창만 셉니다: (W - size) // stride + 1."),
            _length_over_stride),
        Mistake("window_too_small", Words(
            "the windows are one pixel too small: the end of a slice is not part of it, i * stride : i * stride + size.",
            "창이 한 픽셀 작습니다. 슬라이스의 끝은 포함되지 않습니다: i * stride : i * stride + size."),
            _pooled(lambda windows: windows[..., :-1, :-1].max(axis=(-2, -1)))),
        Mistake("window_too_large", Words(
            "the windows are one pixel too large: i * stride : i * stride + size already has `size` pixels.",
            "창이 한 픽셀 큽니다. i * stride : i * stride + size가 이미 size개입니다."),
            _larger_windows),
        Mistake("partial_windows", Words(
            "windows that reach over the border are pooled, too (rounded up). Only whole windows count: "
            "(W - size) // stride + 1.",
            "테두리를 넘는 창까지 풀링했습니다(올림). 온전한 창만 셉니다: (W - size) // stride + 1."),
            _partial_windows),
        Mistake("last_window_lost", Words(
            "the last row and the last column of windows are missing: the \"+ 1\" of (W - size) // stride + 1.",
            "마지막 행과 열의 창이 빠졌습니다: (W - size) // stride + 1의 \"+ 1\"입니다."),
            lambda x, size, stride: _max_pooling(x, size, stride)[:-1, :-1]),
        Mistake("rows_and_columns_exchanged", Words(
            "rows and columns of the output are exchanged.",
            "출력의 행과 열이 서로 바뀌었습니다."),
            lambda x, size, stride: _max_pooling(x, size, stride).swapaxes(0, 1)),
        Mistake("channels_first", Words(
            "the values are right, but the channels stand first; here they stand last.",
            "값은 맞지만 채널 축이 맨 앞에 있습니다. 여기서는 맨 뒤에 둡니다."),
            lambda x, size, stride: np.moveaxis(_max_pooling(x, size, stride), -1, 0)),
        Mistake("first_of_window", Words(
            "this is the upper left value of each window, whatever the others are.",
            "각 창의 왼쪽 위 값을 그대로 가져왔습니다."),
            _pooled(lambda windows: windows[..., 0, 0])),
    ),
)

EXERCISES = (MAX_POOLING,)
