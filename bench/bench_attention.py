"""A transformer's encoder block: a training step with Adam, a prediction of the batch, and of one sample.

Multi-head attention, and two dense layers with GELU between them, each added to its input and normalized (Vaswani et
al. 2017), then the mean over the steps and ten classes. All contenders start from the same weights.

Every result is compared with float64. A prediction may be off by the rounding errors of all its sums, in the norm of
the whole array; the first step's loss likewise, and the loss of the third step must be smaller.
"""

from __future__ import annotations

import math
import sys
from typing import Any

import harness
import numpy as np
from kinds import KINDS, check_of, chosen_kinds, report
from peers.arrays import encoder

SHAPES = "32x64x64x4x256,32x128x256x8x1024"
QUICK_SHAPES = "2x3x8x2x5"
CLASSES = 10
EPSILON = 1e-3


def parse_shapes(text: str) -> list[dict[str, int]]:
    """Return the sizes for '32x64x64x4x256,...'."""
    names = ("batch", "steps", "features", "heads", "hidden")
    found = []
    for shape in text.split(","):
        sizes = dict(zip(names, map(int, shape.split("x")), strict=True))
        if min(sizes.values()) < 1 or sizes["features"] % sizes["heads"]:
            raise ValueError(text)
        found.append({**sizes, "classes": CLASSES, "seed": sum(sizes.values())})
    return found


def logits_of(x: np.ndarray, weights: dict[str, Any], heads: int) -> np.ndarray:
    """The block's result in float64."""
    x, weights = x.astype(np.float64), {name: [part.astype(np.float64) for part in pair]
                                        for name, pair in weights.items()}

    def dense(name, x):
        kernel, bias = weights[name]
        return x @ kernel + bias

    def normalized(name, x):
        gamma, beta = weights[name]
        centred = x - x.mean(-1, keepdims=True)
        return gamma * centred / np.sqrt((centred**2).mean(-1, keepdims=True) + EPSILON) + beta

    batch, steps, features = x.shape
    q, k, v = (dense(name, x).reshape(batch, steps, heads, -1) for name in ("query", "key", "value"))
    scores = np.einsum("nihd,njhd->nhij", q, k) / math.sqrt(features // heads)
    p = np.exp(scores - scores.max(-1, keepdims=True))
    y = np.einsum("nhij,njhd->nihd", p / p.sum(-1, keepdims=True), v).reshape(x.shape)
    h = normalized("norm1", x + dense("output", y))
    hidden = dense("hidden", h)
    erf = np.vectorize(math.erf, otypes=[float])(hidden / math.sqrt(2))
    h = normalized("norm2", h + dense("shown", hidden * (1 + erf) / 2))
    return dense("classes", h.mean(1))


def make_check(kind: str, sizes: dict[str, int]) -> harness.Check:
    """Return a check of the files that a turn of one kind writes."""
    x, labels, weights = encoder(**sizes)
    # Sums of up to `hidden` terms, some eight of them one after the other.
    allowed = 8 * (sizes["hidden"] + sizes["features"] + sizes["steps"]) * 2.0**-24
    return check_of(kind, labels, logits_of(x[:1] if kind == "one_sample" else x, weights, sizes["heads"]), allowed)


def main(argv: list[str] | None = None) -> int:
    p = harness.parser(__doc__.splitlines()[0], "tinynet,torch,torch-malloc,keras-jax,keras-tf", rounds=9)
    p.add_argument("--shapes", default=SHAPES, metavar="NxTxDxHxF,...",
                   help="batch, steps, features, heads, units of the hidden layer")
    p.add_argument("--kinds", default=KINDS, metavar="KIND,...", help="any of " + KINDS)
    p.add_argument("--seconds", type=float, default=0.3, help="length of a turn")
    arguments = harness.parse(p, argv)
    if arguments.quick:
        arguments.seconds = min(arguments.seconds, 0.005)
        arguments.shapes = QUICK_SHAPES if arguments.shapes == SHAPES else arguments.shapes
    try:
        shapes = parse_shapes(arguments.shapes)
    except ValueError:
        p.error(f"--shapes {arguments.shapes!r}: expected sizes such as 32x64x64x4x256, the heads a divisor of the "
                "features")
    kinds = chosen_kinds(p, arguments.kinds)

    with harness.Session(arguments, arguments.contenders) as session:
        session.measure_peaks()
        times = {}
        for sizes in shapes:
            label = "x".join(str(sizes[name]) for name in ("batch", "steps", "features", "heads", "hidden"))
            for kind in kinds:
                times[f"{kind} {label}"] = session.compare(
                    {"kind": kind, "shape": label}, "encoder", {"kind": kind, **sizes}, make_check(kind, sizes),
                    calls=10_000, seconds=arguments.seconds)
        session.measure_peaks()
        title = f"An encoder block, float32, milliseconds on {arguments.threads} thread(s)"
        return session.finish(report(session, times, title, "batch x steps x features x heads x hidden"))


if __name__ == "__main__":
    sys.exit(main())
