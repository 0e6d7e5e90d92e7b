"""Adam: a step over all weights of a network, of tinynet and PyTorch (fused), and its share of copy bandwidth.

The gradient is the same in every step. Adam's means are then exact: m/(1 - beta_1^t) = g, v/(1 - beta_2^t) = g^2. Each
step moves a weight by the learning rate, up to epsilon and rounding. Every result is checked against this.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

import harness
import numpy as np
from harness import print_table
from peers.arrays import CHECKED_STEPS, LEARNING_RATE, adam

SHAPES = "3000x3000+1000x1000,784x128+128+128x10+10"
QUICK_SHAPES = "30x20+20"
PASSES = 7  # weight, mean and variance are read and written, the gradient is read


def parse_shapes(text: str) -> list[list[tuple[int, ...]]]:
    """Return [[(3000, 3000), (1000, 1000)], ...] for '3000x3000+1000x1000,...'."""
    return [[tuple(map(int, shape.split("x"))) for shape in network.split("+")] for network in text.split(",")]


def make_check(shapes: list[tuple[int, ...]], seed: int) -> harness.Check:
    """Return a check of files that hold the weights after CHECKED_STEPS steps, one after the other."""

    def check(results):
        weights, gradients = (np.concatenate([a.ravel().astype(np.float64) for a in part])
                              for part in adam(shapes, seed))
        way = CHECKED_STEPS * LEARNING_RATE
        expected = weights - way * np.sign(gradients)
        # In the first step Keras's epsilon, 1e-7, has 1 / sqrt(1 - beta_2) = 31.6 times its weight.
        bound = way * (1e-4 + 4e-6 / np.abs(gradients)) + 2 * CHECKED_STEPS * 2.0**-24 * np.abs(weights)
        verdicts = {}
        for name, file in results.items():
            actual = np.load(file)
            if actual.shape != expected.shape:
                verdicts[name] = False, f"shape {actual.shape}"
                continue
            worst = float(np.max(np.abs(actual - expected) / bound))
            verdicts[name] = worst <= 1, f"at most {worst:.2g} of the bound"
        return verdicts

    return check


def main(argv: list[str] | None = None) -> int:
    p = harness.parser(__doc__.splitlines()[0], "tinynet,torch,torch-foreach", rounds=9)
    p.add_argument("--shapes", default=SHAPES, metavar="AxB+C,...", help="networks: the shapes of their weights")
    p.add_argument("--seconds", type=float, default=0.2, help="length of a turn")
    arguments = harness.parse(p, argv)
    if arguments.quick:
        arguments.seconds = min(arguments.seconds, 0.005)
        arguments.shapes = QUICK_SHAPES if arguments.shapes == SHAPES else arguments.shapes
    try:
        networks = parse_shapes(arguments.shapes)
    except ValueError:
        p.error(f"--shapes {arguments.shapes!r}: expected shapes such as 784x128+128")

    with harness.Session(arguments, arguments.contenders) as session:
        session.measure_peaks()
        times = {}
        for shapes in networks:
            label = " + ".join("x".join(map(str, shape)) for shape in shapes)
            times[label, sum(map(np.prod, shapes))] = session.compare(
                {"weights": label}, "adam", {"shapes": shapes, "seed": len(shapes)}, make_check(shapes, len(shapes)),
                calls=10_000, seconds=arguments.seconds)
        session.measure_peaks()
        return session.finish(report(session, times, arguments))


def report(session: harness.Session, times: dict[Any, dict[str, float]],
           arguments: argparse.Namespace) -> dict[str, Any]:
    """Print the table and return its numbers as a dict."""
    names = list(session.workers)
    copy = session.peak("copy_gb_per_s")
    summary: dict[str, Any] = {"milliseconds": {}, "ratio_to_fastest_peer": {}, "share_of_copy": {}}
    rows = []
    for (label, count), medians in times.items():
        summary["milliseconds"][label] = {name: 1e3 * seconds for name, seconds in medians.items()}
        row = [label, *(f"{1e3 * medians[name]:.3f}" if name in medians else "-" for name in names)]
        peers = [name for name in names if name in medians and not name.startswith("tinynet")]
        best = min((medians[name] for name in peers), default=None)
        if best and "tinynet" in medians:
            summary["ratio_to_fastest_peer"][label] = best / medians["tinynet"]
        if copy and "tinynet" in medians:
            summary["share_of_copy"][label] = float(PASSES * 4 * count / 1e9 / medians["tinynet"] / copy)
        ratio, share = (summary[key].get(label) for key in ("ratio_to_fastest_peer", "share_of_copy"))
        row += [f"{ratio:.2f}" if ratio else "-", f"{share:.0%}" if share else "-"]
        rows.append(row)
    print(f"\nA step of Adam, float32, milliseconds on {arguments.threads} thread(s)\n")
    print_table(["weights", *names, "fastest peer / tinynet", "of copy bandwidth"], rows)
    print("\nOf copy bandwidth: the bytes of 7 arrays, divided by those that a copy of large arrays moves in the same")
    print("time. It is above 100% where arrays stay in the cache, and because reading is faster than writing.\n")
    return summary


if __name__ == "__main__":
    sys.exit(main())
