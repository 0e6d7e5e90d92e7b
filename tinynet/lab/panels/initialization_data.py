"""The data of the panel "initialization": points of the plane, what the network sees of them, and the code for both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from ..code import Call, make
from ..words import LabError, Words

# Standard deviation of the noise at the default level, and what is multiplied by level / DEFAULT_LEVEL.
TOYS = {"circle": 0.1, "moons": 0.1, "spiral": 0.05, "checkerboard": 0.05, "gaussians": 0.5}
SURFACES = {"plane": 0.1, "bump": 0.1}
OWN = ("own", "own_values")
REGRESSION = ("plane", "bump", "own_values")
DEFAULT_LEVEL = 20  # per cent

# A feature: as a reader writes it, as Python does, and the same as a function. Both must give the same bits.
FEATURES: dict[str, tuple[Words, str, Callable[[Any, Any], Any]]] = {
    "x": (Words("x", "x"), "a", lambda a, b: a),
    "y": (Words("y", "y"), "b", lambda a, b: b),
    "x2": (Words("x²", "x²"), "a**2", lambda a, b: a**2),
    "y2": (Words("y²", "y²"), "b**2", lambda a, b: b**2),
    "xy": (Words("xy", "xy"), "a * b", lambda a, b: a * b),
    "sinx": (Words("sin x", "sin x"), "np.sin(a)", lambda a, b: np.sin(a)),
    "siny": (Words("sin y", "sin y"), "np.sin(b)", lambda a, b: np.sin(b)),
}


@dataclass(frozen=True, eq=False)
class PlaneData:
    """Points of the plane and their targets; the first `train` of them are trained on.

    Attributes:
        points: float32, shape (samples, 2).
        x: The features of the points, float32, shape (samples, features).
        y: Targets, float32, shape (samples, 1).
        train: Number of points to train on.
        code: Lines of Python that make `x`, `y` and, if there is a test set, `x_test` and `y_test`; for `program`.
        values: Values of the `$names` in the code.
    """

    points: np.ndarray
    x: np.ndarray
    y: np.ndarray
    train: int
    code: str
    values: dict[str, Any] = field(repr=False)


def as_in_address(rows: Any) -> list[list[float]]:
    """Return rows of numbers with the digits that an address keeps, so that a link shows the very same picture."""
    return [[float(f"{one:.6g}") for one in row] for row in rows]


def features_of(points: np.ndarray, chosen: tuple[str, ...]) -> np.ndarray:
    """Return the chosen features of points, float32, shape (points, features)."""
    if chosen == ("x", "y"):
        return points
    a, b = points.T
    return np.stack([FEATURES[name][2](a, b) for name in chosen], axis=1)


@cache
def tiles() -> dict[str, np.ndarray]:
    """Return a small picture of each generated data set, as the slide has them to choose from.

    Rows of (x, y, target), int8: x and y from -100 to 100 over the tile; a target from -100 to 100, a class -100 or 100.
    """
    found = {}
    for kind in (*TOYS, *SURFACES):
        points, targets, _, _ = _points({"data": kind, "samples": 60, "draw": 0, "noise": DEFAULT_LEVEL, "squares": 2})
        centred = points - (points.max(axis=0) + points.min(axis=0)) / 2
        values = targets if kind in SURFACES else 2 * targets - 1.0
        table = np.column_stack([centred / np.abs(centred).max(), np.clip(values, -1, 1)])
        found[kind] = np.round(100 * table).astype(np.int8)
    return found


def plane_data(settings: dict[str, Any]) -> PlaneData:
    """Return the data that the settings of the panel describe.

    Raises:
        LabError: no feature is chosen, or a point of the reader's own has another class than 0 and 1.
    """
    chosen = settings["features"]
    if not chosen:
        raise LabError(Words("Choose at least one input feature", "입력 특성을 하나 이상 고르세요"))
    points, targets, code, values = _points(settings)
    x, y = features_of(points, chosen), targets[:, None].astype("float32")
    if chosen == ("x", "y"):
        code += "x, y = points, targets[:, None].astype(\"float32\")\n"
    else:
        code += "" if settings["data"] in SURFACES else "a, b = points.T\n"
        code += f"x = np.stack([{', '.join(FEATURES[name][1] for name in chosen)}], axis=1)\n"
        code += "y = targets[:, None].astype(\"float32\")\n"
    count = train = len(points)
    if settings["share"] < 100 and count > 1:
        train = min(max(round(count * settings["share"] / 100), 1), count - 1)
        order = np.random.default_rng(settings["draw"]).permutation(count)
        points, x, y = points[order], x[order], y[order]
        code += ("order = np.random.default_rng($draw).permutation($samples)\n"
                 "x, y = x[order], y[order]\n"
                 "x, y, x_test, y_test = x[:$train], y[:$train], x[$train:], y[$train:]\n")
    return PlaneData(points, x, y, train, code, values | {"draw": settings["draw"], "samples": count, "train": train})


def _points(settings: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, str, dict[str, Any]]:
    """Points, targets, the code for both, and the values in the code."""
    kind, samples, draw = settings["data"], settings["samples"], settings["draw"]
    if kind in OWN:
        rows = as_in_address(settings["points"])
        if kind == "own" and any(row[2] not in (0, 1) for row in rows):
            raise LabError(Words(
                "The class, the third number of each point, must be 0 or 1. Choose 'Your values' for other numbers",
                "각 점의 세 번째 숫자인 클래스는 0 또는 1이어야 합니다. 다른 값을 쓰려면 '직접 찍은 값'을 고르세요"))
        table = np.array(rows, "float32").reshape(-1, 3)
        code = "table = np.array($rows, \"float32\").reshape(-1, 3)\npoints, targets = table[:, :2], table[:, 2]\n"
        return table[:, :2], table[:, 2], code, {"rows": rows}
    noise = round((TOYS | SURFACES)[kind] * settings["noise"] / DEFAULT_LEVEL, 6)
    if kind in TOYS:
        more = {"squares": settings["squares"]} if kind == "checkerboard" else {}
        call = Call(f"datasets.toy.{kind}", samples, noise=noise, seed=draw, **more)
        points, targets = make(call)
        return points, targets, "points, targets = $data\n", {"data": call}
    rng = np.random.default_rng(draw)
    points = rng.uniform(-2, 2, (samples, 2)).astype("float32")
    a, b = points.T
    code = ("rng = np.random.default_rng($draw)\n"
            "points = rng.uniform(-2, 2, ($samples, 2)).astype(\"float32\")\n"
            "a, b = points.T\n")
    if kind == "plane":
        targets = (a + b) / 4 + noise * rng.standard_normal(samples)
        code += "targets = (a + b) / 4 + $noise * rng.standard_normal($samples)\n"
    else:
        targets = np.exp(-(a**2) - b**2) + noise * rng.standard_normal(samples)
        code += "targets = np.exp(-(a**2) - b**2) + $noise * rng.standard_normal($samples)\n"
    return points, targets, code, {"noise": noise}
