"""A transformer's encoder block: a training step with Adam, a prediction of the batch, and of one sample.

Multi-head attention, and two dense layers with GELU between them, each added to its input and normalized (Vaswani et
al. 2017), then the mean over the steps and ten classes. All contenders start from the same weights.

Every result is compared with float64. A prediction may be off by the rounding errors of all its sums, in the norm of
the whole array; the first step's loss likewise, and the loss of the third step must be smaller.
"""

from __future__ import annotations

import argparse
import math
import sys
from typing import Any

import harness
import numpy as np
from harness import print_table
from peers.arrays import encoder

KINDS = "training,prediction,one_sample"
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
    """Return a check of files that hold the predictions, or the losses of the first steps."""

    def check(results):
        x, labels, weights = encoder(**sizes)
        logits = logits_of(x[:1] if kind == "one_sample" else x, weights, sizes["heads"])
        # Sums of up to `hidden` terms, some eight of them one after the other.
        allowed = 8 * (sizes["hidden"] + sizes["features"] + sizes["steps"]) * 2.0**-24
        verdicts = {}
        for name, file in results.items():
            actual = np.load(file).astype(np.float64)
            if kind == "training":
                log_p = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
                loss = -log_p[np.arange(len(labels)), labels].mean()
                error = abs(actual[0] - loss) / max(abs(loss), float(np.abs(logits).max()))
                verdicts[name] = (bool(error <= allowed and actual[-1] < actual[0]),
                                  f"loss {actual[0]:.4f} to {actual[-1]:.4f}, float64 starts at {loss:.4f}")
            elif actual.shape != logits.shape:
                verdicts[name] = False, f"shape {actual.shape}"
            else:
                error = float(np.linalg.norm(actual - logits) / np.linalg.norm(logits))
                verdicts[name] = error <= allowed, f"at most {error / allowed:.2g} of the bound"
        return verdicts

    return check


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
    kinds = arguments.kinds.split(",")
    if unknown := set(kinds) - set(KINDS.split(",")):
        p.error(f"--kinds: unknown {', '.join(sorted(unknown))}; known: {KINDS}")

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
        return session.finish(report(session, times, arguments))


def report(session: harness.Session, times: dict[str, dict[str, float]],
           arguments: argparse.Namespace) -> dict[str, Any]:
    """Print the table and return its numbers as a dict."""
    names = list(session.workers)
    summary: dict[str, Any] = {"milliseconds": {}, "ratio_to_fastest_peer": {}}
    rows = []
    for label, medians in times.items():
        summary["milliseconds"][label] = {name: 1e3 * seconds for name, seconds in medians.items()}
        row = [label, *(f"{1e3 * medians[name]:.3f}" if name in medians else "-" for name in names)]
        best = min((medians[name] for name in medians if not name.startswith("tinynet")), default=None)
        if best and "tinynet" in medians:
            summary["ratio_to_fastest_peer"][label] = best / medians["tinynet"]
        ratio = summary["ratio_to_fastest_peer"].get(label)
        row.append(f"{ratio:.2f}" if ratio else "-")
        rows.append(row)
    print(f"\nAn encoder block, float32, milliseconds on {arguments.threads} thread(s)\n")
    print_table(["batch x steps x features x heads x hidden", *names, "fastest peer / tinynet"], rows)
    return summary


if __name__ == "__main__":
    sys.exit(main())
