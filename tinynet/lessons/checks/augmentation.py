"""Exercises: mixup and Cutout (rows 54 and 55 of the course)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...augment.erasing import erase
from ...augment.mixing import blend
from .definition import Exercise, Mistake
from .words import Words


def _mixup(x, y, lam, partners):
    return blend(x, x[partners], lam), blend(y, y[partners], lam)


def _batches(rng: np.random.Generator) -> list[tuple[Any, ...]]:
    """Batches of images, floats and pixels of uint8, with one-hot labels."""
    cases: list[tuple[Any, ...]] = []
    for count, classes, lam, pixels in ((3, 3, 0.4, False), (4, 2, 0.7, False), (4, 3, 0.9, True), (2, 2, 0.4, False),
                                        (5, 4, 0.25, True)):
        x = rng.integers(0, 256, (count, 2, 3, 1)).astype(np.uint8) if pixels else rng.normal(size=(count, 2, 2, 1))
        y = np.eye(classes)[rng.permutation(np.arange(count) % classes)]
        cases.append((x, y, lam, (np.arange(count) + rng.permutation(count)[0] + 1) % count if count < 4
                      else np.roll(rng.permutation(count), 1)))
    return cases


def _pixels_rounded(x, y, lam, partners):
    mixed = blend(x, x[partners], lam)
    return np.round(mixed) if x.dtype == np.uint8 else mixed, blend(y, y[partners], lam)


def _one_by_one(x, y, lam, partners):
    """In place, one after another: a partner may have been mixed already."""
    x, y = x.astype(float), y.astype(float)
    for i, j in enumerate(partners):
        x[i], y[i] = blend(x[i], x[j], lam), blend(y[i], y[j], lam)
    return x, y


MIXUP = Exercise(
    name="mixup",
    signature="mixup(x, y, lam, partners)",
    statement=Words(
        """mixup: x~ = lam x_i + (1 - lam) x_j and y~ = lam y_i + (1 - lam) y_j.

        Gets x, a batch of images (floats, or pixels of uint8), y, their one-hot labels of shape (batch, classes), lam, a
        number, and partners, an array of ints: image i is mixed with image partners[i]. Returns the mixed x and the mixed
        y, arrays of floats, and leaves its arguments as they are.""",
        """mixup: x~ = lam x_i + (1 - lam) x_j, y~ = lam y_i + (1 - lam) y_j.

        이미지 배치 x(실수, 또는 uint8 픽셀), 모양이 (배치, 클래스)인 원-핫(one-hot) 레이블 y, 숫자 lam, 정수 배열 partners를 받습니다.
        i번 이미지를 partners[i]번 이미지와 섞습니다. 섞은 x와 y를 실수 배열로 돌려주고, 인수는 그대로 둡니다."""),
    reference=_mixup,
    outputs=("x", "y"),
    cases=_batches,
    mistakes=(
        Mistake("labels_not_mixed", Words(
            "the labels are not mixed: an image of 40 % cat and 60 % dog has the label 40 % cat, 60 % dog.",
            "레이블을 섞지 않았습니다. 고양이 40%, 개 60%인 이미지의 레이블도 고양이 40%, 개 60%입니다."),
            lambda x, y, lam, partners: (blend(x, x[partners], lam), y)),
        Mistake("images_not_mixed", Words("only the labels are mixed; the images are as they were.",
                                          "레이블만 섞었습니다. 이미지는 그대로입니다."),
                lambda x, y, lam, partners: (x, blend(y, y[partners], lam))),
        Mistake("shares_exchanged", Words(
            "lam and 1 - lam are exchanged: lam is the share of the image itself, 1 - lam that of its partner.",
            "lam과 1 - lam이 서로 바뀌었습니다. lam은 자기 이미지의 몫, 1 - lam은 상대 이미지의 몫입니다."),
            lambda x, y, lam, partners: (blend(x, x[partners], 1 - lam), blend(y, y[partners], 1 - lam))),
        Mistake("labels_with_other_share", Words(
            "lam and 1 - lam are exchanged in the labels: they must be mixed as the images are.",
            "레이블에서 lam과 1 - lam이 서로 바뀌었습니다. 이미지와 똑같이 섞어야 합니다."),
            lambda x, y, lam, partners: (blend(x, x[partners], lam), blend(y, y[partners], 1 - lam))),
        Mistake("labels_without_partners", Words(
            "the labels are mixed with those of other images than the images are: y[::-1] instead of y[partners].",
            "레이블을 다른 상대의 레이블과 섞었습니다: y[partners]가 아니라 y[::-1]입니다."),
            lambda x, y, lam, partners: (blend(x, x[partners], lam), blend(y, y[::-1], lam))),
        Mistake("reversed_batch", Words(
            "the partners are taken from the reversed batch, x[::-1]; it should be x[partners].",
            "뒤집은 배치 x[::-1]에서 상대를 골랐습니다. x[partners]여야 합니다."),
            lambda x, y, lam, partners: (blend(x, x[::-1], lam), blend(y, y[::-1], lam))),
        Mistake("half_and_half", Words("all images are mixed half and half: lam is not used.",
                                       "모두 반반씩 섞었습니다. lam을 쓰지 않았습니다."),
                lambda x, y, lam, partners: (blend(x, x[partners], 0.5), blend(y, y[partners], 0.5))),
        Mistake("partner_whole", Words(
            "the partner is added whole, lam x_i + x_j: the factor 1 - lam is missing, and the shares do not add up to 1.",
            "상대를 그대로 더했습니다: lam x_i + x_j. 1 - lam을 곱하지 않아서 비율의 합이 1이 아닙니다."),
            lambda x, y, lam, partners: (lam * x + x[partners], lam * y + y[partners])),
        Mistake("pixels_cut", Words(
            "pixels of uint8 are cut to whole numbers: the result is written into an array of x's type. Make it of floats.",
            "uint8 픽셀의 소수점 아래가 사라졌습니다. x와 같은 자료형의 배열에 결과를 썼기 때문입니다. 실수 배열을 쓰세요."),
            lambda x, y, lam, partners: (blend(x, x[partners], lam).astype(x.dtype), blend(y, y[partners], lam))),
        Mistake("pixels_rounded", Words(
            "pixels of uint8 are rounded to whole numbers; the mixed pixels are floats, such as 207.3.",
            "uint8 픽셀을 반올림했습니다. 섞은 픽셀은 207.3과 같은 실수입니다."),
            _pixels_rounded),
        Mistake("partner_already_mixed", Words(
            "images are mixed with partners that have been mixed before: the batch is overwritten one image after another. "
            "Read from the old batch, write into a new one.",
            "이미 섞인 이미지와 섞었습니다. 배치를 하나씩 덮어쓰고 있습니다. 원래 배치에서 읽고 새 배열에 쓰세요."),
            _one_by_one),
        Mistake("labels_of_largest_share", Words(
            "each label is that of the larger share, one-hot again. mixup keeps both shares in the label.",
            "더 많이 섞인 쪽의 원-핫 레이블만 남겼습니다. mixup의 레이블에는 두 비율이 모두 남습니다."),
            lambda x, y, lam, partners: (blend(x, x[partners], lam), y if lam >= 0.5 else y[partners])),
    ),
)


def _box(row, column, size):
    return row - size // 2, column - size // 2, row - size // 2 + size, column - size // 2 + size


def _cutout(image, row, column, size):
    return erase(image, _box(row, column, size))


def _filled(box, value=lambda image: 0.0):
    """A variant with another box or another value."""
    def variant(image, row, column, size):
        result = image.astype(float)
        top, left, bottom, right = box(image, row, column, size)
        result[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = value(image)
        return result
    return variant


def _right_box(image, row, column, size):
    return _box(row, column, size)


def _moved_inside(image, row, column, size):
    top, left = (min(max(start, 0), length - size) for start, length in zip(
        _box(row, column, size), image.shape[:2], strict=False))
    return top, left, top + size, left + size


def _start_cut_off(image, row, column, size):
    """The start is cut off at the border, the side is not."""
    top, left = max(row - size // 2, 0), max(column - size // 2, 0)
    return top, left, top + size, left + size


def _border_not_checked(image, row, column, size):
    """Pixel by pixel: negative indices count from the end, and those after the end are an IndexError."""
    top, left, bottom, right = _box(row, column, size)
    result = image.copy()
    for i in range(top, bottom):
        for j in range(left, right):
            result[i, j] = 0
    return result


def _negative_index(image, row, column, size):
    """Python counts a negative start from the end: the slice is empty, or another square."""
    top, left, bottom, right = _box(row, column, size)
    result = image.copy()
    result[top:bottom, left:right] = 0
    return result


def _kept(image, row, column, size):
    return image - _cutout(image, row, column, size)


def _first_channel(image, row, column, size):
    result = image.copy()
    result[..., 0] = _cutout(image, row, column, size)[..., 0]
    return result


def _squares(rng: np.random.Generator) -> list[tuple[Any, ...]]:
    """Squares in the middle and over each border, of even and odd sides."""
    return [(rng.uniform(1, 2, (height, width, channels)), row, column, size)
            for height, width, channels, row, column, size in (
                (8, 9, 1, 4, 5, 4), (8, 8, 3, 4, 2, 3), (9, 7, 2, 0, 3, 4), (7, 9, 1, 5, 0, 5), (8, 6, 2, 7, 5, 4),
                (6, 8, 3, 1, 7, 6), (9, 9, 2, 3, 6, 2))]


CUTOUT = Exercise(
    name="cutout",
    signature="cutout(image, row, column, size)",
    statement=Words(
        """Cutout: a square of zeros around a pixel; the part that overhangs the border is cut off.

        Gets image of shape (height, width, channels) and three ints: row and column of the centre, and size, the side of
        the square. The square's first row is row - size // 2 and its first column column - size // 2 (before it is cut
        off). Returns the new image, and leaves the old one as it is.""",
        """Cutout: 한 픽셀을 중심으로 0으로 채운 정사각형. 테두리를 넘는 부분은 잘립니다.

        모양이 (높이, 너비, 채널)인 image와 정수 세 개(중심의 행 row, 열 column, 한 변 size)를 받습니다. 정사각형의 첫 행은
        row - size // 2, 첫 열은 column - size // 2입니다(잘리기 전). 새 이미지를 돌려주고, 원래 이미지는 그대로 둡니다."""),
    reference=_cutout,
    outputs=("image",),
    cases=_squares,
    mistakes=(
        Mistake("negative_index", Words(
            "near the upper or left border the square is missing or elsewhere: a negative index counts from the end. "
            "Begin at max(0, row - size // 2).",
            "위나 왼쪽 테두리 근처에서 정사각형이 없거나 다른 곳에 있습니다. 음수 인덱스는 끝에서부터 세기 때문입니다. "
            "max(0, row - size // 2)에서 시작하세요."),
            _negative_index),
        Mistake("corner_instead_of_centre", Words(
            "(row, column) is taken for the upper left corner; it is the centre: begin at row - size // 2.",
            "(row, column)을 왼쪽 위 모서리로 썼습니다. 중심이어야 합니다: row - size // 2에서 시작하세요."),
            _filled(lambda image, row, column, size: (row, column, row + size, column + size))),
        Mistake("moved_inside", Words(
            "near the border the whole square is moved inside. In Cutout it overhangs, so that less is erased there.",
            "테두리 근처에서 정사각형 전체를 안쪽으로 옮겼습니다. Cutout에서는 테두리를 넘는 부분이 잘려서 덜 지워집니다."),
            _filled(_moved_inside)),
        Mistake("start_cut_off", Words(
            "near the upper and the left border too much is erased: the start is cut off at 0, but the end is `size` after "
            "it. The end is row - size // 2 + size.",
            "위와 왼쪽 테두리 근처에서 너무 많이 지웠습니다. 시작을 0으로 자른 뒤에 size를 더했기 때문입니다. 끝은 자르기 전의 시작에서 구합니다: "
            "row - size // 2 + size."),
            _filled(_start_cut_off)),
        Mistake("border_not_checked", Words(
            "pixels over the border are not left out: a negative index counts from the end and erases on the other side, "
            "and one after the end is an IndexError. Ask 0 <= i < height and 0 <= j < width.",
            "테두리를 넘는 픽셀을 거르지 않았습니다. 음수 인덱스는 끝에서부터 세므로 반대쪽을 지우고, 끝을 넘는 인덱스는 IndexError가 "
            "됩니다. 0 <= i < 높이, 0 <= j < 너비인지 확인하세요."),
            _border_not_checked),
        Mistake("size_is_radius", Words(
            "the square is about twice as large: from row - size to row + size. `size` is its side.",
            "정사각형이 두 배쯤 큽니다: row - size부터 row + size까지입니다. size는 한 변의 길이입니다."),
            _filled(lambda image, row, column, size: (row - size, column - size, row + size, column + size))),
        Mistake("odd_side_too_short", Words(
            "squares of odd sides are one pixel too small: size // 2 on both sides makes an even one. End at "
            "row - size // 2 + size.",
            "한 변이 홀수인 정사각형이 한 픽셀 작습니다. 양쪽에 size // 2씩이면 짝수가 됩니다. row - size // 2 + size에서 끝내세요."),
            _filled(lambda image, row, column, size: (
                row - size // 2, column - size // 2, row + size // 2, column + size // 2))),
        Mistake("even_side_too_long", Words(
            "squares of even sides are one pixel too large: from row - size // 2 to row + size // 2, both erased. End at "
            "row - size // 2 + size.",
            "한 변이 짝수인 정사각형이 한 픽셀 큽니다. row - size // 2부터 row + size // 2까지 모두 지웠습니다. row - size // 2 + size에서 "
            "끝내세요."),
            _filled(lambda image, row, column, size: (
                row - size // 2, column - size // 2, row + size // 2 + 1, column + size // 2 + 1))),
        Mistake("even_side_shifted", Words(
            "squares of even sides are one pixel too far to the lower right: they begin at (size - 1) // 2 before the "
            "centre. Begin at row - size // 2.",
            "한 변이 짝수인 정사각형이 오른쪽 아래로 한 픽셀 밀렸습니다. (size - 1) // 2만큼 앞에서 시작했습니다. row - size // 2에서 "
            "시작하세요."),
            _filled(lambda image, row, column, size: _box(row + 1 - size % 2, column + 1 - size % 2, size))),
        Mistake("one_too_large", Words(
            "the square has one row and one column too many: the end of a slice is not part of it.",
            "정사각형에 행과 열이 하나씩 더 많습니다. 슬라이스의 끝은 포함되지 않습니다. 1을 더하지 마세요."),
            _filled(lambda image, row, column, size: (
                row - size // 2, column - size // 2, row - size // 2 + size + 1, column - size // 2 + size + 1))),
        Mistake("row_and_column_exchanged", Words(
            "row and column are exchanged: image[row, column], the height is the first axis.",
            "행과 열이 서로 바뀌었습니다. image[row, column]이고 첫 축이 높이입니다."),
            _filled(lambda image, row, column, size: _box(column, row, size))),
        Mistake("rest_erased", Words("the square is kept, and all the rest is erased.",
                                     "정사각형만 남기고 나머지를 모두 지웠습니다."),
                _kept),
        Mistake("first_channel_only", Words("only the first channel is erased; the square goes through all channels.",
                                            "첫 채널만 지웠습니다. 모든 채널에서 지워야 합니다."),
                _first_channel),
        Mistake("filled_with_mean", Words("the square is filled with the image's mean; it is filled with 0.",
                                          "정사각형을 이미지의 평균으로 채웠습니다. 0으로 채워야 합니다."),
                _filled(_right_box, lambda image: image.mean())),
        Mistake("filled_with_ones", Words("the square is filled with 1; it is filled with 0.",
                                          "정사각형을 1로 채웠습니다. 0으로 채워야 합니다."),
                _filled(_right_box, lambda image: 1.0)),
        Mistake("unchanged", Words("the image comes back as it was.", "이미지가 그대로입니다."),
                lambda image, row, column, size: image),
    ),
)


EXERCISES = (MIXUP, CUTOUT)
