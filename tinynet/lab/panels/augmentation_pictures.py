"""The pictures of the panel "augmentation", all 64 x 64 x 3 of uint8, and the code that makes the same."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from ...augment import resize
from ...datasets import fashion_mnist_sample
from ..parameters import Picture
from ..words import Words
from .augmentation_controls import SIDE

PHOTO = Picture(name="own", label=Words("Your picture", "내 그림"), default="", shape=(SIDE, SIDE, 3),
                when={"picture": ("own",)})

# Drawn pictures: |dy / h|^p + |dx / w|^p < 1 about (y, x), so p = 1 is a diamond, 2 an ellipse, 8 nearly a rectangle.
# Each shape is (y, x, h, w, p, (red, green, blue)).
SHAPES: dict[str, list[tuple[float, float, float, float, int, tuple[int, int, int]]]] = {
    "cat": [
        (62, 38, 20, 17, 2, (226, 142, 60)), (44, 57, 16, 4, 2, (226, 142, 60)), (14, 18, 13, 9, 1, (226, 142, 60)),
        (14, 42, 13, 9, 1, (226, 142, 60)), (15, 18, 8, 5, 1, (244, 190, 180)), (15, 42, 8, 5, 1, (244, 190, 180)),
        (28, 30, 16, 18, 2, (238, 160, 76)), (35, 30, 7, 9, 2, (255, 236, 214)), (25, 23, 5, 4, 2, (150, 205, 90)),
        (25, 37, 5, 4, 2, (150, 205, 90)), (25, 23, 4.6, 1.4, 2, (20, 24, 20)), (25, 37, 4.6, 1.4, 2, (20, 24, 20)),
        (32, 30, 1.8, 2.6, 1, (214, 92, 104)), (35, 17, 0.7, 9, 8, (90, 60, 40)), (35, 43, 0.7, 9, 8, (90, 60, 40)),
        (58, 33, 6, 5, 2, (255, 236, 214)), (16, 30, 4, 1.2, 2, (180, 98, 36)),
    ],
    "dog": [
        (64, 36, 22, 19, 2, (150, 100, 60)), (30, 32, 19, 17, 2, (172, 118, 72)), (28, 13, 15, 6, 2, (96, 60, 34)),
        (28, 51, 15, 6, 2, (96, 60, 34)), (38, 32, 10, 11, 2, (240, 222, 196)), (25, 25, 4, 3.4, 2, (250, 250, 246)),
        (25, 39, 4, 3.4, 2, (250, 250, 246)), (25.5, 25, 2.8, 2.4, 2, (40, 26, 18)),
        (25.5, 39, 2.8, 2.4, 2, (40, 26, 18)), (34, 32, 3.4, 5, 2, (30, 22, 22)), (44, 32, 6, 3.4, 2, (226, 90, 104)),
        (40, 32, 0.8, 7, 8, (60, 36, 28)), (53, 32, 2.4, 13, 8, (40, 90, 190)), (57, 32, 3, 3, 2, (250, 206, 60)),
    ],
}
GROUNDS = {"cat": (96, 170, 214), "dog": (120, 188, 120)}  # the background's colour, lighter towards the top

BINS = 32  # of histograms
KINDS = (("cat", Words("a cat", "고양이")), ("dog", Words("a dog", "개")),
         ("fashion", Words("Fashion-MNIST", "Fashion-MNIST")), ("own", Words("your own", "내 그림")))
GARMENTS = ("티셔츠", "바지", "풀오버", "드레스", "코트", "샌들", "셔츠", "운동화", "가방", "앵클부츠")
LABELS = {"cat": Words("cat", "고양이"), "dog": Words("dog", "개"), "own": Words("your picture", "내 그림"),
          **{f"class{i}": Words(name, GARMENTS[i]) for i, name in enumerate(fashion_mnist_sample.CLASS_NAMES)}}


@cache
def garments() -> tuple[np.ndarray, np.ndarray]:
    """Return the test images and labels of the sample of Fashion-MNIST that tinynet brings."""
    return fashion_mnist_sample.load_data()[1]


def drawn(kind: str) -> np.ndarray:
    """Return the drawn picture of a cat or a dog."""
    y, x = np.mgrid[:SIDE, :SIDE]
    picture = np.clip(np.array(GROUNDS[kind]) + (SIDE - y[..., None]), 0, 255).astype(np.uint8)
    for row, column, h, w, p, colour in SHAPES[kind]:
        picture[np.abs((y - row) / h) ** p + np.abs((x - column) / w) ** p < 1] = colour
    return picture


def picture(kind: str, index: int, own: str) -> tuple[np.ndarray, str]:
    """Return a picture and the name of its label.

    Args:
        kind: One of `KINDS`.
        index: Of the garment.
        own: The value of `PHOTO`; the cat, if there is none.
    """
    if kind == "fashion":
        images, labels = garments()
        return resize(np.repeat(images[index][..., None], 3, axis=-1), SIDE, SIDE), f"class{labels[index]}"
    pixels = PHOTO.pixels(own) if kind == "own" else None
    if pixels is not None:
        return pixels, "own"
    return drawn("cat" if kind == "own" else kind), "cat" if kind == "own" else kind


def code_of(variable: str, kind: str, index: int, own: str, helpers: bool = True) -> tuple[str, dict[str, Any]]:
    """Return lines of Python that make a picture, and the values of their `$names`, for `program`.

    Args:
        variable: What the picture is called.
        kind, index, own: As for `picture`.
        helpers: Whether the lines of `paint` are needed too.
    """
    if kind == "fashion":
        return (f"garment = datasets.fashion_mnist_sample.load_data()[1][0][$index_{variable}]\n"
                f"{variable} = augment.resize(np.repeat(garment[..., None], 3, axis=-1), 64, 64)", {f"index_{variable}": index})
    if kind == "own" and own:
        return (f"pixels = base64.b64decode($own_{variable}, altchars=b\"-_\")\n"
                f"{variable} = np.frombuffer(pixels, np.uint8).reshape(64, 64, 3)", {f"own_{variable}": own})
    kind = "cat" if kind == "own" else kind
    paint = """
def paint(background, shapes):  # |dy / h|^p + |dx / w|^p < 1: diamonds, ellipses, rectangles
    y, x = np.mgrid[:64, :64]
    picture = np.clip(np.array(background) + (64 - y[..., None]), 0, 255).astype(np.uint8)
    for row, column, h, w, p, colour in shapes:
        picture[np.abs((y - row) / h) ** p + np.abs((x - column) / w) ** p < 1] = colour
    return picture

""" if helpers else ""
    return paint.lstrip("\n") + f"{variable} = paint($ground_{variable}, $shapes_{variable})", {
        f"ground_{variable}": GROUNDS[kind], f"shapes_{variable}": SHAPES[kind]}


def as_bytes(picture: np.ndarray) -> np.ndarray:
    """Return a picture as uint8, rounded to the nearest."""
    return picture if picture.dtype == np.uint8 else np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def histogram(picture: np.ndarray) -> np.ndarray:
    """Return how often each channel has values in each of the bins, shape (3, bins)."""
    return np.stack([np.bincount(channel.ravel() // (256 // BINS), minlength=BINS) for channel in
                     np.moveaxis(picture, -1, 0)]).astype(np.uint16)


def grid_picture() -> np.ndarray:
    """Return white lines on black, one every eight pixels, with one square filled, so that a flip can be told."""
    y, x = np.mgrid[:SIDE, :SIDE]
    grid = np.where((y % 8 == 0) | (x % 8 == 0), 255, 0)
    grid[9:16, 9:16] = 160
    return grid.astype(np.uint8)[..., None]


def beta_density(alpha: float, count: int = 101) -> np.ndarray:
    """Return the density of Beta(alpha, alpha) at the middles of `count` equal intervals."""
    x = (np.arange(count) + 0.5) / count
    logarithm = (alpha - 1) * (np.log(x) + np.log1p(-x))
    density = np.exp(logarithm - logarithm.max())
    return (density / density.mean()).astype(np.float32)
