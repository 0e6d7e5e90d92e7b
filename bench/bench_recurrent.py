"""Recurrent layers over sequences: a training step with Adam, a prediction of the batch, and of one sample.

A layer of LSTM, GRU or simple recurrent units, with tanh and sigmoid, and ten classes from its last state. All
contenders start from the same weights.

Every result is compared with float64: a prediction may be off by the rounding errors of its sums, in the norm of the
whole array; the first step's loss likewise, and the loss of the third step must be smaller.
"""

from __future__ import annotations

import sys
from typing import Any

import harness
import numpy as np
from kinds import KINDS, check_of, chosen_kinds, report
from peers.arrays import GATES, recurrent

LAYERS = ",".join(GATES)
SHAPES = "32x100x64x64,128x50x32x128"
QUICK_SHAPES = "2x3x4x5"
CLASSES = 10


def parse_shapes(text: str) -> list[dict[str, int]]:
    """Return the sizes for '32x100x64x64,...'."""
    found = []
    for shape in text.split(","):
        sizes = dict(zip(("batch", "steps", "features", "units"), map(int, shape.split("x")), strict=True))
        if min(sizes.values()) < 1:
            raise ValueError(text)
        found.append({**sizes, "classes": CLASSES, "seed": sum(sizes.values())})
    return found


def logits_of(layer: str, x: np.ndarray, weights: dict[str, Any]) -> np.ndarray:
    """The network's result in float64."""
    (kernel, recurrent_kernel, bias), (dense, offset) = (
        [part.astype(np.float64) for part in weights[name]] for name in ("recurrent", "classes"))
    x, sigmoid = x.astype(np.float64), lambda z: 1 / (1 + np.exp(-z))
    h = c = np.zeros((len(x), len(recurrent_kernel)))
    for t in range(x.shape[1]):
        if layer == "gru":
            of_x, of_h = x[:, t] @ kernel + bias[0], h @ recurrent_kernel + bias[1]
            (xz, xr, xg), (hz, hr, hg) = np.split(of_x, 3, -1), np.split(of_h, 3, -1)
            z = sigmoid(xz + hz)
            h = z * h + (1 - z) * np.tanh(xg + sigmoid(xr + hr) * hg)
            continue
        z = x[:, t] @ kernel + h @ recurrent_kernel + bias
        if layer == "simple_rnn":
            h = np.tanh(z)
            continue
        i, f, g, o = np.split(z, 4, -1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
    return h @ dense + offset


def make_check(kind: str, layer: str, sizes: dict[str, int]) -> harness.Check:
    """Return a check of the files that a turn of one kind writes."""
    x, labels, weights = recurrent(layer, **sizes)
    # A step's sums, and what is left of the errors of the steps before, of which the gates forget some.
    allowed = 8 * (sizes["features"] + sizes["units"]) * 2.0**-24
    return check_of(kind, labels, logits_of(layer, x[:1] if kind == "one_sample" else x, weights), allowed)


def main(argv: list[str] | None = None) -> int:
    p = harness.parser(__doc__.splitlines()[0], "tinynet,torch,torch-malloc,keras-jax,keras-tf", rounds=9)
    p.add_argument("--shapes", default=SHAPES, metavar="NxTxDxU,...", help="batch, steps, features, units")
    p.add_argument("--layers", default=LAYERS, metavar="LAYER,...", help="any of " + LAYERS)
    p.add_argument("--kinds", default=KINDS, metavar="KIND,...", help="any of " + KINDS)
    p.add_argument("--seconds", type=float, default=0.3, help="length of a turn")
    arguments = harness.parse(p, argv)
    if arguments.quick:
        arguments.seconds = min(arguments.seconds, 0.005)
        arguments.shapes = QUICK_SHAPES if arguments.shapes == SHAPES else arguments.shapes
    try:
        shapes = parse_shapes(arguments.shapes)
    except ValueError:
        p.error(f"--shapes {arguments.shapes!r}: expected sizes such as 32x100x64x64")
    layers, kinds = arguments.layers.split(","), chosen_kinds(p, arguments.kinds)
    if unknown := set(layers) - set(GATES):
        p.error(f"--layers: unknown {', '.join(sorted(unknown))}; known: {LAYERS}")

    with harness.Session(arguments, arguments.contenders) as session:
        session.measure_peaks()
        times = {}
        for sizes in shapes:
            label = "x".join(str(sizes[name]) for name in ("batch", "steps", "features", "units"))
            for layer in layers:
                for kind in kinds:
                    times[f"{layer} {kind} {label}"] = session.compare(
                        {"kind": kind, "layer": layer, "shape": label}, "recurrent",
                        {"kind": kind, "layer": layer, **sizes}, make_check(kind, layer, sizes),
                        calls=10_000, seconds=arguments.seconds)
        session.measure_peaks()
        title = f"Recurrent layers, float32, milliseconds on {arguments.threads} thread(s)"
        return session.finish(report(session, times, title, "batch x steps x features x units"))


if __name__ == "__main__":
    sys.exit(main())
