"""Normalization layers: a training step (forward, all gradients) of tinynet and PyTorch, its share of copy bandwidth.

Every result is compared with float64. The error of an element is at most gamma(terms + 16) times the sum of the
absolute values from which it is computed: the theorem for any order of summation. Where |y| is below this bound, ReLU's
derivative may be 0 or 1.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

import harness
import numpy as np
from harness import geometric_mean, print_table
from peers.arrays import groups_of, normalization

KINDS = "batch_norm,batch_norm_relu,layer_norm,group_norm"
SHAPES = "128x28x28x32,128x14x14x64,32x56x56x64,512x256"
QUICK_SHAPES = "4x5x5x3,16x7"
EPSILON = 1e-3
# How many arrays of x's size are read or written: forward x twice and y once, backward x and dy twice and dx once.
# Layer and group normalization read each row or sample once from memory: it is still in the cache when read again.
PASSES = {"batch_norm": 8, "batch_norm_relu": 8, "layer_norm": 5, "group_norm": 5}


def parse_shapes(text: str) -> list[tuple[int, ...]]:
    """Return [(batch, ..., channels), ...] for '128x28x28x32,...'."""
    shapes = [tuple(map(int, shape.split("x"))) for shape in text.split(",")]
    if not all(len(shape) in (2, 4) and min(shape) > 0 for shape in shapes):
        raise ValueError(text)
    return shapes


def make_check(kind: str, shape: tuple[int, ...], seed: int) -> harness.Check:
    """Return a check of files that hold y, dx, dgamma, dbeta, one after the other."""

    def check(results):
        x, dy, weight, offset = (a.astype(np.float64) for a in normalization(shape, seed))
        x, dy = x.reshape(-1, shape[-1]), dy.reshape(-1, shape[-1])
        u = 2.0**-24
        terms = max(x.shape) if kind != "group_norm" else max(*x.shape, int(np.prod(shape[1:])) // groups_of(shape))
        count = 16 + terms
        gamma = count * u / (1 - count * u)

        def over(values):
            """The mean of the elements that share a mean and a variance, for each element or broadcast to them."""
            if kind != "group_norm":
                return values.mean(1 if kind == "layer_norm" else 0, keepdims=True)
            parts = values.reshape(shape[0], -1, groups_of(shape), shape[-1] // groups_of(shape))
            return np.broadcast_to(parts.mean((1, 3), keepdims=True), parts.shape).reshape(values.shape)

        mean = over(x)
        inverse = 1 / np.sqrt(over((x - mean) ** 2) + EPSILON)
        x_hat = (x - mean) * inverse
        large = (np.abs(x) + over(np.abs(x))) * inverse  # of what x_hat is computed from
        y = weight * x_hat + offset
        y_bound = gamma * 3 * (weight * large + np.abs(offset))
        unsure = np.zeros(y.shape, bool)
        if kind == "batch_norm_relu":
            unsure = np.abs(y) <= y_bound
            dy = np.where(y > 0, dy, 0)
            y = np.maximum(y, 0)
        d = dy * weight
        dx = inverse * (d - over(d) - x_hat * over(d * x_hat))
        size = np.abs(normalization(shape, seed)[1].reshape(dy.shape)) * weight
        slack = np.where(unsure, size, 0)
        spread = over(size) + large * over(size * large)
        lost = over(slack) + large * over(slack * large)
        dx_bound = inverse * (gamma * 4 * (size + spread) + slack + lost)
        dy_size = size / weight
        exact = [y, dx, (dy * x_hat).sum(0), dy.sum(0)]
        bounds = [y_bound, dx_bound, (gamma * 4 * dy_size * large + slack / weight * large).sum(0),
                  (gamma * dy_size + slack / weight).sum(0)]
        exact, bounds = (np.concatenate([part.ravel() for part in parts]) for parts in (exact, bounds))
        verdicts = {}
        for name, file in results.items():
            actual = np.load(file)
            if actual.shape != exact.shape or actual.dtype != np.float32:
                verdicts[name] = False, f"shape {actual.shape}, {actual.dtype}"
                continue
            worst = float(np.max(np.abs(actual - exact) / bounds))
            verdicts[name] = worst <= 1, f"at most {worst:.2g} of the bound"
        return verdicts

    return check


def main(argv: list[str] | None = None) -> int:
    p = harness.parser(__doc__.splitlines()[0], "tinynet,torch,torch-malloc,torch-cl,torch-cl-malloc", rounds=9)
    p.add_argument("--shapes", default=SHAPES, metavar="NxHxWxC,...", help="inputs, channels last; with 2 or 4 axes")
    p.add_argument("--kinds", default=KINDS, metavar="KIND,...", help="any of " + KINDS)
    p.add_argument("--seconds", type=float, default=0.1, help="length of a turn")
    arguments = harness.parse(p, argv)
    if arguments.quick:
        arguments.seconds = min(arguments.seconds, 0.005)
        arguments.shapes = QUICK_SHAPES if arguments.shapes == SHAPES else arguments.shapes
    try:
        shapes = parse_shapes(arguments.shapes)
    except ValueError:
        p.error(f"--shapes {arguments.shapes!r}: expected sizes such as 128x28x28x32,512x256")
    kinds = arguments.kinds.split(",")
    if unknown := set(kinds) - set(PASSES):
        p.error(f"--kinds: unknown {', '.join(sorted(unknown))}; known: {KINDS}")

    with harness.Session(arguments, arguments.contenders) as session:
        session.measure_peaks()
        times = {}
        for kind in kinds:
            for shape in shapes:
                seed = sum(shape)
                medians = session.compare({"kind": kind, "shape": str(shape)}, "normalization",
                                          {"kind": kind, "shape": shape, "seed": seed}, make_check(kind, shape, seed),
                                          calls=10_000, seconds=arguments.seconds)
                times[kind, shape] = medians
        session.measure_peaks()
        return session.finish(report(session, times, arguments))


def report(session: harness.Session, times: dict[Any, dict[str, float]],
           arguments: argparse.Namespace) -> dict[str, Any]:
    """Print the table and return its numbers as a dict."""
    names = list(session.workers)
    peers = [name for name in names if not name.startswith("tinynet")]
    untuned = [name for name in peers if not name.endswith("-malloc")]
    copy = session.peak("copy_gb_per_s")
    names_of = ("milliseconds", "ratio_to_fastest_peer", "ratio_to_fastest_untuned_peer", "share_of_copy")
    summary: dict[str, Any] = {name: {} for name in names_of}
    rows = []
    for (kind, shape), medians in times.items():
        label = f"{kind} {shape}"
        summary["milliseconds"][label] = {name: 1e3 * seconds for name, seconds in medians.items()}
        row = [label, *(f"{1e3 * medians[name]:.3f}" if name in medians else "-" for name in names)]
        for key, rivals in (("ratio_to_fastest_peer", peers), ("ratio_to_fastest_untuned_peer", untuned)):
            best = min((medians[name] for name in rivals if name in medians), default=None)
            if best and "tinynet" in medians:
                summary[key][label] = best / medians["tinynet"]
            row.append(f"{summary[key][label]:.2f}" if label in summary[key] else "-")
        if copy and "tinynet" in medians:
            gigabytes = PASSES[kind] * 4 * np.prod(shape) / 1e9
            summary["share_of_copy"][label] = float(gigabytes / medians["tinynet"] / copy)
        row.append(f"{summary['share_of_copy'][label]:.0%}" if label in summary["share_of_copy"] else "-")
        rows.append(row)
    print(f"\nA training step of one normalization layer, float32, milliseconds on {arguments.threads} thread(s)\n")
    print_table(["layer, input", *names, "fastest peer / tinynet", "untuned / tinynet", "of copy bandwidth"], rows)
    print("\nOf copy bandwidth: the bytes that a step must read and write, divided by those that a copy of large")
    print("arrays moves in the same time. It is above 100% where arrays stay in the cache.")
    for key in ("ratio_to_fastest_peer", "ratio_to_fastest_untuned_peer"):
        mean = geometric_mean(summary[key].values())
        summary[f"geometric_mean_of_{key}"] = mean
        if mean:
            print(f"\nGeometric mean of the {key.replace('_', ' ')}: {mean:.2f}", end="")
    print()
    return summary


if __name__ == "__main__":
    sys.exit(main())
