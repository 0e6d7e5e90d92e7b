"""The networks of bench_networks.py, as plain data: every peer, and the float64 reference, is made from these rows.

A row is (name, kind, names of its inputs, settings); the images are called "x", and the last row is the result.

    conv         filters, side; strides 1, padding "same" or "valid", activation None or "relu", bias True
    depthwise    side; strides 1; padding "same", no bias, one filter a channel
    dense        units; activation None or "relu"
    batch_norm   with Keras's epsilon, 1e-3
    pool         2x2 maximum            global_pool  mean over height and width
    relu, flatten, add

Where strides are 2, Keras and PyTorch add the zeros of "same" at different ends of an even side: `Padding` has both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from cases import CASES

Row: TypeAlias = tuple[str, str, tuple[str, ...], dict[str, Any]]
# "after": what is missing is added at the end first (Keras, ONNX). "around": half of the side at both ends (PyTorch).
Padding: TypeAlias = Literal["after", "around"]
Weights: TypeAlias = dict[str, list[np.ndarray]]

EPSILON = 1e-3


@dataclass(frozen=True)
class Network:
    """A network of images.

    Args:
        title: For the report.
        shape: Of one sample: (height, width, channels), or (height, width) for a network that starts with flatten.
        rows: The layers, in an order in which they can be computed.
    """

    title: str
    shape: tuple[int, ...]
    rows: tuple[Row, ...]

    @property
    def classes(self) -> int:
        """The length of a result."""
        return self.shapes()[self.rows[-1][0]][0]

    @property
    def is_chain(self) -> bool:
        """Whether each row takes the result of the row before it and nothing else."""
        before = ["x", *(name for name, *_ in self.rows)]
        return all(inputs == (previous,) for previous, (_, _, inputs, _) in zip(before, self.rows, strict=False))

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of a sample's result in each row, by name."""
        found = {"x": self.shape}
        for name, kind, inputs, settings in self.rows:
            shape = found[inputs[0]]
            if kind in ("conv", "depthwise"):
                cut = settings["side"] - 1 if settings.get("padding") == "valid" else 0
                height, width = (-(-(size - cut) // settings.get("strides", 1)) for size in shape[:2])
                shape = height, width, settings.get("filters", shape[2])
            elif kind == "pool":
                shape = shape[0] // 2, shape[1] // 2, shape[2]
            elif kind == "global_pool":
                shape = shape[2:]
            elif kind == "flatten":
                shape = (int(np.prod(shape)),)
            elif kind == "dense":
                shape = (settings["units"],)
            found[name] = shape
        return found

    def terms(self) -> int:
        """Return the lengths of all layers' sums, added up."""
        shapes, total = self.shapes(), 0
        for _, kind, inputs, settings in self.rows:
            channels = shapes[inputs[0]][-1]
            total += {"conv": settings.get("side", 0) ** 2 * channels, "depthwise": settings.get("side", 0) ** 2,
                      "dense": channels}.get(kind, 0)
        return total


class _Rows:
    """Rows under construction: each method adds one or more and returns the name of the last."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def add(self, kind: str, *inputs: str, **settings: Any) -> str:
        name = f"{kind}_{sum(row[1] == kind for row in self.rows) + 1}"
        self.rows.append((name, kind, inputs, settings))
        return name

    def normalized(self, kind: str, h: str, relu: bool = True, **settings: Any) -> str:
        h = self.add("batch_norm", self.add(kind, h, **settings, **({"bias": False} if kind == "conv" else {})))
        return self.add("relu", h) if relu else h


def _of_case(name: str) -> Network:
    """A network of cases.py, without dropout: the losses of all contenders can then be compared."""
    case, made, h = CASES[name], _Rows(), "x"
    for kind, *arguments in case.layers:
        if kind == "conv":
            filters, padding, activation = arguments
            h = made.add(kind, h, filters=filters, side=3, padding=padding, activation=activation)
        elif kind == "dense":
            units, activation = arguments
            h = made.add(kind, h, units=units, activation=activation)
        elif kind != "dropout":
            h = made.add(kind, h)
    return Network(case.title.replace("-drop", ""), case.image if case.channels else case.image[:2], tuple(made.rows))


def _rgb() -> Network:
    made, h = _Rows(), "x"
    for filters in (32, 64, 128):
        h = made.add("pool", made.add("conv", h, filters=filters, side=3, activation="relu"))
    made.add("dense", made.add("flatten", h), units=10)
    return Network("3 x [Conv-pool] of 32, 64, 128 filters on 32x32x3, Dense10", (32, 32, 3), tuple(made.rows))


def _residual() -> Network:
    """Blocks of He et al. 2016 for small images: 16, 32, 64 filters; 13 convolutions, two of them projections."""
    made = _Rows()
    h = made.normalized("conv", "x", filters=16, side=3)
    for filters, strides in ((16, 1), (16, 1), (32, 2), (32, 1), (64, 2)):
        shortcut = h
        if strides == 2:
            shortcut = made.normalized("conv", h, relu=False, filters=filters, side=1, strides=2)
        h = made.normalized("conv", h, filters=filters, side=3, strides=strides)
        h = made.normalized("conv", h, relu=False, filters=filters, side=3)
        h = made.add("relu", made.add("add", h, shortcut))
    made.add("dense", made.add("global_pool", h), units=10)
    return Network("residual, functional: 13 convolutions of 16 to 64 filters with BN on 32x32x3", (32, 32, 3),
                   tuple(made.rows))


def _separable() -> Network:
    """Blocks of Howard et al. 2017 (MobileNet): a depthwise convolution and a 1x1 convolution."""
    made = _Rows()
    h = made.normalized("conv", "x", filters=32, side=3)
    for filters, strides in ((64, 1), (128, 2), (128, 1), (256, 2)):
        h = made.normalized("depthwise", h, side=3, strides=strides)
        h = made.normalized("conv", h, filters=filters, side=1)
    made.add("dense", made.add("global_pool", h), units=10)
    return Network("depthwise separable: 4 blocks of 64 to 256 filters with BN on 32x32x3", (32, 32, 3),
                   tuple(made.rows))


NETWORKS = {"dense": _of_case("dense"), "cnn": _of_case("cnn"), "batch_norm": _of_case("cnn_batch_norm"),
            "rgb": _rgb(), "residual": _residual(), "separable": _separable()}


def logits_of(network: Network, x: np.ndarray, weights: Weights, training: bool,
              padding: Padding = "after") -> np.ndarray:
    """Compute the network's result in float64.

    Args:
        network: Network.
        x: Shape (batch, *network.shape).
        weights: Arrays of each row that has some, in Keras's order and layout.
        training: Whether batch normalization takes the batch's statistics, not the moving ones.
        padding: Where strided convolutions are padded.

    Returns:
        float64, shape (batch, classes).
    """
    values = {"x": x.astype(np.float64)}
    for name, kind, inputs, settings in network.rows:
        h = values[inputs[0]]
        arrays = [array.astype(np.float64) for array in weights.get(name, [])]
        if kind == "conv":
            h = np.tensordot(_windows(h, settings, padding), arrays[0], 3)
        elif kind == "depthwise":
            h = np.einsum("nhwpqc,pqc->nhwc", _windows(h, settings, padding), arrays[0][..., 0])
        elif kind == "dense":
            h = h @ arrays[0]
        elif kind == "batch_norm":
            gamma, beta, mean, variance = arrays
            if training:
                mean, variance = h.mean((0, 1, 2)), h.var((0, 1, 2))
            h = gamma * (h - mean) / np.sqrt(variance + EPSILON) + beta
        elif kind == "pool":
            height, width = (size // 2 for size in h.shape[1:3])
            h = h[:, :2 * height, :2 * width].reshape(len(h), height, 2, width, 2, -1).max((2, 4))
        elif kind == "global_pool":
            h = h.mean((1, 2))
        elif kind == "flatten":
            h = h.reshape(len(h), -1)
        elif kind == "add":
            h = h + values[inputs[1]]
        elif kind != "relu":
            raise ValueError(f"unknown kind of row: {kind!r}")
        if kind in ("conv", "dense") and settings.get("bias", True):
            h = h + arrays[1]
        values[name] = np.maximum(h, 0) if "relu" in (kind, settings.get("activation")) else h
    return values[network.rows[-1][0]]


def _windows(h: np.ndarray, settings: dict[str, Any], padding: Padding) -> np.ndarray:
    """The windows of a convolution, shape (batch, out_height, out_width, side, side, channels)."""
    side, strides = settings["side"], settings.get("strides", 1)
    if settings.get("padding") != "valid":
        h = np.pad(h, [(0, 0), *(_zeros(size, side, strides, padding) for size in h.shape[1:3]), (0, 0)])
    view = np.lib.stride_tricks.sliding_window_view(h, (side, side), (1, 2))[:, ::strides, ::strides]
    return view.transpose(0, 1, 2, 4, 5, 3)


def _zeros(size: int, side: int, strides: int, padding: Padding) -> tuple[int, int]:
    if padding == "around":
        return side // 2, side // 2
    missing = max((-(-size // strides) - 1) * strides + side - size, 0)
    return missing // 2, missing - missing // 2


def weight_shapes(network: Network) -> dict[str, Sequence[tuple[int, ...]]]:
    """Return the shapes of each row's arrays, in Keras's order and layout."""
    shapes = network.shapes()
    found: dict[str, Sequence[tuple[int, ...]]] = {}
    for name, kind, inputs, settings in network.rows:
        channels, outputs = shapes[inputs[0]][-1], shapes[name][-1]
        if kind == "depthwise":
            found[name] = [(settings["side"], settings["side"], channels, 1)]
        elif kind == "batch_norm":
            found[name] = [(channels,)] * 4
        elif kind in ("conv", "dense"):
            window = (settings["side"],) * 2 if kind == "conv" else ()
            found[name] = [(*window, channels, outputs), *([(outputs,)] if settings.get("bias", True) else [])]
    return found
