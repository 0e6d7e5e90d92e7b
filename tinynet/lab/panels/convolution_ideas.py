"""The scenes of the convolution panel on its three ideas: sparse connections, shared weights, equivariance."""

from __future__ import annotations

import base64
from functools import cache
from typing import Any

import numpy as np

from ... import layers, ops
from ...datasets import fashion_mnist_sample
from ...models import Sequential
from ..code import program

SIDES = (4, 8, 16, 28, 32, 64, 128, 224)  # of the square images whose weights are counted
FILTERS = {  # 3x3, whole numbers, so that all results are exact
    "vertical": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
    "horizontal": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
    "outline": [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]],
    "sharpen": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
    "blur": [[1, 2, 1], [2, 4, 2], [1, 2, 1]],
}
IMAGES = {"boot": 0, "trousers": 2, "dress": 13, "bag": 18}  # indices of test images


@cache
def test_images() -> np.ndarray:
    """The test images of the sample in the wheel, (1000, 28, 28), uint8. Nobody writes to them."""
    return fashion_mnist_sample.load_data()[1][0]


@cache
def weight_counts(window: int) -> tuple[tuple[int, int, int], ...]:
    """(side, weights of a dense layer, weights of a convolution) from an image to one map of its size.

    Counted by the layers themselves; neither allocates its weights.
    """
    counts = []
    for side in SIDES:
        dense = Sequential([layers.Input((side * side,)), layers.Dense(side * side)])
        conv = Sequential([layers.Input((side, side, 1)), layers.Conv2D(1, window, padding="same")])
        counts.append((side, dense.count_params(), conv.count_params()))
    return tuple(counts)


class Connections:
    """Which inputs an output is connected to, and by how many different weights; each step looks at the next output.

    Args:
        settings: Of the panel.
        seed: Not used here.
    """

    def __init__(self, settings: dict[str, Any], seed: int) -> None:
        self.inputs, self.taps, self.depth = (settings[name] for name in ("inputs", "taps", "layers"))
        # The images of the unit vectors are the columns of the layer's matrix. The kernel 1, 2, ... names its weights.
        kernel = np.arange(1.0, self.taps + 1).reshape(-1, 1, 1)
        units = np.eye(self.inputs)[:, :, None]
        self.matrix = ops.conv1d(units, kernel, padding="same").numpy()[:, :, 0].T
        self.fields = np.linalg.matrix_power((self.matrix > 0).astype(int), self.depth) > 0
        self.unit = 0
        self.finished = self.inputs == 1

    def step(self) -> None:
        self.unit += 1
        self.finished = self.unit == self.inputs - 1

    def state(self) -> dict[str, Any]:
        numbers = {
            "unit": self.unit + 1, "field": int(self.fields[self.unit].sum()), "dense_field": self.inputs,
            "connections": self.depth * int((self.matrix > 0).sum()), "dense_connections": self.depth * self.inputs**2,
            "weights": self.depth * self.taps, "dense_weights": self.depth * self.inputs**2,
        }
        return {"numbers": numbers, "matrix": self.matrix.astype(np.uint8), "layers": self.depth, "unit": self.unit,
                "counts": np.array(weight_counts(self.taps), float), "taps": self.taps}

    def code(self, steps: int) -> str:
        return program("""
            import numpy as np
            import tinynet as tn
            from tinynet import layers

            # The matrix of a convolution: each unit vector goes through it. The kernel 1, 2, ... names the weights.
            kernel = np.arange(1.0, $taps + 1).reshape(-1, 1, 1)
            units = np.eye($inputs)[:, :, None]
            matrix = tn.ops.conv1d(units, kernel, padding="same").numpy()[:, :, 0].T
            print(matrix)

            # What an output of the last layer sees of the image.
            fields = np.linalg.matrix_power((matrix > 0).astype(int), $depth) > 0
            field = fields[$unit]
            print("output", $unit, "sees the inputs", np.flatnonzero(field))

            counts = []
            for side in $sides:
                dense = tn.Sequential([layers.Input((side * side,)), layers.Dense(side * side)])
                conv = tn.Sequential([layers.Input((side, side, 1)), layers.Conv2D(1, $taps, padding="same")])
                counts.append((side, dense.count_params(), conv.count_params()))
                print(f"{side:4}x{side}: dense {counts[-1][1]:14,}  convolution {counts[-1][2]}")
        """, taps=self.taps, inputs=self.inputs, depth=self.depth, unit=self.unit, sides=SIDES)

    def proof(self) -> dict[str, Any]:
        return {"matrix": self.matrix, "field": self.fields[self.unit], "counts": list(weight_counts(self.taps))}


def shifted(image: np.ndarray, down: int, right: int, wrap: bool) -> np.ndarray:
    """An image moved by whole pixels; what leaves it comes in on the other side, or is lost and zeros come in.

    Args:
        image: (height, width).
        down, right: Pixels; negative ones go up and left.
        wrap: Which of the two.
    """
    moved = np.roll(image, (down, right), axis=(0, 1))
    if not wrap:
        moved[: max(down, 0)] = 0
        moved[len(moved) + min(down, 0) :] = 0
        moved[:, : max(right, 0)] = 0
        moved[:, moved.shape[1] + min(right, 0) :] = 0
    return moved


class Shift:
    """conv(shift(x)) against shift(conv(x)); each step shifts the image by one pixel more.

    Args:
        settings: Of the panel.
        seed: Not used here.
    """

    def __init__(self, settings: dict[str, Any], seed: int) -> None:
        self.settings = settings
        own = settings["drawing"]
        self.own = None if own is None else np.asarray(own)[:, :, 0]
        self.image = (test_images()[IMAGES[settings["picture"]]] if self.own is None else self.own).astype(float)
        self.kernel = np.array(FILTERS[settings["detector"]], float)
        self.wrap, self.stride = settings["border"] == "wrap", int(settings["map_stride"])
        self.down, self.right = settings["down"], settings["right"]
        self.steps = 0
        self._compute()

    def _map(self, image: np.ndarray) -> np.ndarray:
        padded = np.pad(image, 1, mode="wrap" if self.wrap else "constant")
        return ops.conv2d(padded[None, :, :, None], self.kernel[:, :, None, None], strides=self.stride).numpy()[0, :, :, 0]

    def _compute(self) -> None:
        self.moved = shifted(self.image, self.down, self.right, self.wrap)
        self.map, self.map_of_moved = self._map(self.image), self._map(self.moved)
        # With stride 2 the map moves by half as much: by whole pixels only where the shift is even.
        self.possible = self.down % self.stride == 0 and self.right % self.stride == 0
        down, right = (self.down // self.stride, self.right // self.stride) if self.possible else (0, 0)
        self.moved_map = shifted(self.map, down, right, self.wrap)
        self.difference = self.map_of_moved - self.moved_map
        self.finished = self.right >= 27 or self.steps >= 28

    def step(self) -> None:
        self.steps += 1
        self.right += 1
        self._compute()

    def state(self) -> dict[str, Any]:
        wrong = self.difference != 0
        numbers: dict[str, Any] = {"right": self.right, "down": self.down}
        if self.possible:
            numbers |= {"unequal": int(wrong.sum()), "largest_difference": float(abs(self.difference).max())}
        numbers["verdict"] = ("not_whole" if not self.possible else "equal" if not wrong.any()
                              else "border" if not self.wrap else "unequal_maps")
        return {"numbers": numbers, "image": self.image.astype(np.uint8), "moved": self.moved.astype(np.uint8),
                "map": self.map.astype(np.float32), "map_of_moved": self.map_of_moved.astype(np.float32),
                "moved_map": self.moved_map.astype(np.float32), "difference": self.difference.astype(np.float32),
                "possible": self.possible, "kernel": self.kernel}

    def code(self, steps: int) -> str:
        if self.own is None:
            image = program("""
                (_, _), (images, _) = tn.datasets.fashion_mnist_sample.load_data()
                image = images[$index].astype(float)
            """, index=IMAGES[self.settings["picture"]])
        else:
            image = program("""
                image = np.frombuffer(base64.b64decode($pixels), np.uint8).reshape(28, 28).astype(float)
            """, pixels=base64.b64encode(self.own.tobytes()).decode())
        return ("import base64\n\n" if self.own is not None else "") + program("""
            import numpy as np
            import tinynet as tn

        """) + "\n" + image + program("""
            kernel = np.array($kernel, float)
            stride, down, right, wrap = $stride, $down, $right, $wrap


            def shifted(image, down, right):
                moved = np.roll(image, (down, right), axis=(0, 1))
                if not wrap:  # what comes in on the other side is set to zero
                    moved[: max(down, 0)] = 0
                    moved[len(moved) + min(down, 0) :] = 0
                    moved[:, : max(right, 0)] = 0
                    moved[:, moved.shape[1] + min(right, 0) :] = 0
                return moved


            def feature_map(image):
                padded = np.pad(image, 1, mode="wrap" if wrap else "constant")
                images = padded[None, :, :, None]
                return tn.ops.conv2d(images, kernel[:, :, None, None], strides=stride).numpy()[0, :, :, 0]


            map_of_moved = feature_map(shifted(image, down, right))
            if down % stride == 0 and right % stride == 0:
                moved_map = shifted(feature_map(image), down // stride, right // stride)
                print(np.count_nonzero(map_of_moved != moved_map), "values differ")
            else:
                print("the map would have to move by a part of a pixel")
        """, kernel=FILTERS[self.settings["detector"]], stride=self.stride, down=self.down, right=self.right,
            wrap=self.wrap)

    def proof(self) -> dict[str, Any]:
        found = {"map_of_moved": self.map_of_moved}
        return found | {"moved_map": self.moved_map} if self.possible else found
