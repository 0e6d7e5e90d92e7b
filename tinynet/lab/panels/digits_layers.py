"""What first weights do to random numbers, layer by layer: the Xavier experiment and the variances."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import ops, random, textbook
from ...core.types import Array
from ...random import SeedGenerator
from ..code import Call, Name, make, program
from ..words import Words

BINS = 40

# name: (label, class, arguments)
INITIALIZERS: dict[str, tuple[Words, str, dict[str, Any]]] = {
    "xavier": (Words("Xavier (slide): 1/√Din", "Xavier (슬라이드): 1/√Din"), "textbook.XavierSlide", {}),
    "small": (Words("normal, std 0.01", "정규분포, 표준편차 0.01"), "initializers.RandomNormal", {"stddev": 0.01}),
    "large": (Words("normal, std 0.5", "정규분포, 표준편차 0.5"), "initializers.RandomNormal", {"stddev": 0.5}),
    "normal": (Words("standard normal", "표준정규분포"), "initializers.RandomNormal", {"stddev": 1.0}),
    "uniform": (Words("uniform (slide): ±1/√Din", "균등분포 (슬라이드): ±1/√Din"), "textbook.UniformSlide", {}),
    "glorot": (Words("Glorot (Keras)", "Glorot (Keras)"), "initializers.GlorotUniform", {}),
    "he": (Words("He: √(2/Din)", "He: √(2/Din)"), "initializers.HeNormal", {}),
    "lecun": (Words("LeCun", "LeCun"), "initializers.LecunNormal", {}),
    "zero": (Words("zero", "모두 0"), "initializers.Zeros", {}),
}
# name: the range of its values; None: not bounded
ACTIVATIONS: dict[str, tuple[float, float] | None] = {
    "tanh": (-1, 1), "relu": None, "sigmoid": (0, 1), "linear": None, "leaky_relu": None, "elu": None, "selu": None,
    "gelu": None, "silu": None, "softsign": (-1, 1), "hard_sigmoid": (0, 1),
}
SAMPLES = 16  # rows of x, as on the slide
BLOCK = 512  # units that a step computes: with 4096, a whole layer's 16,777,216 weights would take half a second
DEPTH = 6
ROWS = 100  # of x for the variances


def initializer(name: str, seed: int, blocks: bool = False) -> Call:
    """Return the call that makes an initializer, whose every call draws new numbers.

    Args:
        name: One of `INITIALIZERS`.
        seed: Of the panel.
        blocks: Whether it draws blocks of the columns of a square matrix: then only Din may count.
    """
    _, cls, arguments = INITIALIZERS[name]
    if blocks and name == "glorot":  # the same for Din = Dout
        cls, arguments = "initializers.VarianceScaling", {"scale": 1.0, "mode": "fan_in", "distribution": "uniform"}
    # x has this seed too: another one here, lest W begin with the numbers of x.
    seeds = {} if name == "zero" else {"seed": Call("tn.random.SeedGenerator", seed + 1)}
    return Call(cls, **arguments, **seeds)


def histogram(values: Array, bounds: tuple[float, float] | None) -> tuple[Array, tuple[float, float]]:
    """Return how many values each of `BINS` bins has, and the range of the bins; for None that of the values."""
    if not np.isfinite(values).all():
        return np.zeros(BINS, np.uint32), bounds or (-1.0, 1.0)
    if bounds is None:
        low, high = float(values.min()), float(values.max())
        size = max(abs(low), abs(high)) or 1.0
        bounds = (-size if low < 0 else 0.0, size)
    return np.histogram(values, BINS, bounds)[0].astype(np.uint32), bounds


class Experiment:
    """x goes through six layers; each step is one of them, or `BLOCK` units of it."""

    def __init__(self, settings: dict[str, Any], seed: int) -> None:
        self.settings, self.seed = settings, seed
        self.width = int(settings["width"])
        self.units = min(self.width, BLOCK)
        self.blocks = self.width // self.units
        self.initializer = make(self._initializer())
        self.activation = make(Name(f"tn.activations.{settings['activation']}"))
        self.x = random.normal((SAMPLES, self.width), seed=SeedGenerator(seed))
        self.columns: list[Array] = []  # of the layer that is not yet complete
        self.hs: list[Array] = []
        self.layers: list[dict[str, Any]] = []
        self.finished = False

    def _initializer(self) -> Call:
        return initializer(self.settings["weights"], self.seed, blocks=self.blocks > 1)

    def step(self) -> None:
        with np.errstate(all="ignore"):
            self.columns.append(self.activation(self.x @ self.initializer((self.width, self.units))).numpy())
            values = np.concatenate(self.columns, axis=1)
            counts, bounds = histogram(values, ACTIVATIONS[self.settings["activation"]])
            found = {"mean": float(values.mean()), "std": float(values.std()), "counts": counts, "bounds": list(bounds),
                     "units": values.shape[1]}
        self.layers[len(self.hs) :] = [found]
        if len(self.columns) == self.blocks:
            self.hs.append(values)
            self.x, self.columns = ops.convert_to_tensor(values), []
        self.finished = len(self.hs) == DEPTH

    def state(self) -> dict[str, Any]:
        numbers: dict[str, Any] = {"width": self.width, "layer": len(self.layers)}
        if self.layers:
            numbers |= {"mean": self.layers[-1]["mean"], "std": self.layers[-1]["std"]}
        return {"numbers": numbers, "layers": list(self.layers), "depth": DEPTH}

    def code(self, steps: int) -> str:
        values = {"samples": SAMPLES, "width": self.width, "units": self.units, "blocks": self.blocks,
                  "seed": self.seed, "steps": min(steps, DEPTH * self.blocks), "initializer": self._initializer(),
                  "activation": Name(f"tn.activations.{self.settings['activation']}")}
        head = program("""
            import numpy as np
            import tinynet as tn
            from tinynet import initializers, textbook

            x = tn.random.normal(($samples, $width), seed=tn.random.SeedGenerator($seed))
            initializer = $initializer
            hs = []
        """, **values)
        if self.blocks == 1:
            return head + program("""
                for layer in range($steps):
                    W = initializer(($width, $width))
                    x = $activation(x @ W)
                    hs.append(x.numpy())
                    print(f"Layer {layer + 1}: mean={hs[-1].mean():.2f} std={hs[-1].std():.2f}")
            """, **values)
        return head + program("""
            columns = []
            for step in range($steps):
                W = initializer(($width, $units))  # a block of W's columns: so many units of the layer
                columns.append($activation(x @ W).numpy())
                if len(columns) == $blocks:
                    hs.append(np.concatenate(columns, axis=1))
                    x, columns = tn.ops.convert_to_tensor(hs[-1]), []
                    print(f"Layer {len(hs)}: mean={hs[-1].mean():.2f} std={hs[-1].std():.2f}")
        """, **values)

    def proof(self) -> dict[str, Any]:
        return {"hs": self.hs} | ({"columns": self.columns} if self.blocks > 1 else {})


class Variances:
    """x goes through many layers, for several initializations side by side; each step is one layer of each."""

    def __init__(self, settings: dict[str, Any], seed: int) -> None:
        self.settings, self.seed = settings, seed
        self.units = settings["units"]
        self.initializers = {name: make(initializer(name, seed)) for name in settings["compared"]}
        self.activation = make(Name(f"tn.activations.{settings['activation']}"))
        x = random.normal((ROWS, self.units), seed=SeedGenerator(seed))
        self.x = dict.fromkeys(self.initializers, x)
        self.variances: dict[str, list[tuple[float, ...]]] = {name: [] for name in self.initializers}
        self.count = 0
        self.finished = not self.initializers

    def step(self) -> None:
        with np.errstate(all="ignore"):
            for name, draw in self.initializers.items():
                x, W = self.x[name], draw((self.units, self.units))
                before = float(x.numpy().var())
                measured, independent, rule = textbook.variance_of_output(x.numpy(), W)
                self.x[name] = x = self.activation(x @ W)
                self.variances[name].append(
                    (before, float(W.numpy().var()), measured, independent, rule, float(x.numpy().var())))
        self.count += 1
        self.finished = self.count >= self.settings["depth"]

    def state(self) -> dict[str, Any]:
        numbers: dict[str, Any] = {"layer": self.count, "width": self.units}
        if self.count:
            *_, measured, _, rule, _ = next(iter(self.variances.values()))[-1]
            numbers |= {"first_measured": measured, "first_rule": rule}
        return {"numbers": numbers,
                "rows": [{"name": name, "variances": np.array(rows, np.float64).reshape(-1, 6)}
                         for name, rows in self.variances.items()]}

    def code(self, steps: int) -> str:
        return program("""
            import tinynet as tn
            from tinynet import initializers, textbook

            compared = $compared
            variances = {name: [] for name in compared}
            for name, initializer in compared.items():
                x = tn.random.normal(($rows, $units), seed=tn.random.SeedGenerator($seed))
                for layer in range($steps):
                    W = initializer(($units, $units))
                    before, of_w = float(x.numpy().var()), float(W.numpy().var())
                    # Var(y) as measured, Din (E[x^2] E[w^2] - E[x]^2 E[w]^2), and Din Var(x) Var(w)
                    measured, independent, rule = textbook.variance_of_output(x.numpy(), W)
                    x = $activation(x @ W)
                    after = float(x.numpy().var())
                    variances[name].append((before, of_w, measured, independent, rule, after))
                    print(f"{name}, layer {layer + 1}: Var(y) = {measured:.4g}, Din Var(x) Var(w) = {rule:.4g}")
        """, compared={name: initializer(name, self.seed) for name in self.initializers}, rows=ROWS, units=self.units,
            seed=self.seed, steps=min(steps, self.settings["depth"]),
            activation=Name(f"tn.activations.{self.settings['activation']}"))

    def proof(self) -> dict[str, Any]:
        return {"variances": self.variances}
