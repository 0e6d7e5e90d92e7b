"""Pooling of images, forward and backward: milliseconds of tinynet and PyTorch, and tinynet's memory rate.

Every result is compared with one in float64. Maxima must be equal, and gradients of maxima where windows do not
overlap. The error of a sum of k numbers is at most gamma(k + 1) times the sum of their absolute values: the theorem for
any order of summation.
"""

from __future__ import annotations

import sys
from typing import Any

import harness
import numpy as np
from harness import geometric_mean, print_table
from peers.arrays import pooling

CASES = "128x28x28x32,128x26x26x32,128x14x14x64,128x28x28x32:3:2,128x28x28x6,128x28x28x1"
QUICK_CASES = "2x9x8x3,2x7x6x17:3:2"
PASSES = [(kind, backward) for kind in ("max", "average") for backward in (False, True)]


def parse_cases(text: str) -> list[tuple[tuple[int, ...], int, int]]:
    """Return [(shape, pool, stride), ...] for '128x28x28x32:3:2,...'; pool and stride are 2 where the text has none."""
    cases = []
    for case in text.split(","):
        shape, _, window = case.partition(":")
        shape, window = tuple(map(int, shape.split("x"))), tuple(map(int, window.split(":"))) if window else (2, 2)
        if len(shape) != 4 or len(window) != 2 or min(shape + window) < 1 or window[0] > min(shape[1:3]):
            raise ValueError(text)
        cases.append((shape, *window))
    return cases


def exact(kind: str, backward: bool, shape: tuple[int, ...], pool: int, stride: int,
          seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the result in float64, and for each element the sum of the absolute values that it sums."""
    x, dy = (a.astype(np.float64) for a in pooling(shape, pool, stride, seed))
    windows = np.lib.stride_tricks.sliding_window_view(x, (pool, pool), axis=(1, 2))[:, ::stride, ::stride]
    windows = windows.reshape(*windows.shape[:4], pool * pool)
    if not backward:
        y = windows.max(-1) if kind == "max" else windows.mean(-1)
        return y, np.abs(y) if kind == "max" else np.abs(windows).mean(-1)
    dx, magnitude = np.zeros_like(x), np.zeros_like(x)
    first = windows.argmax(-1)
    for tap in range(pool * pool):
        p, q = divmod(tap, pool)
        share = np.where(first == tap, dy, 0) if kind == "max" else dy / (pool * pool)
        where = np.s_[:, p : p + stride * dy.shape[1] : stride, q : q + stride * dy.shape[2] : stride]
        dx[where] += share
        magnitude[where] += np.abs(share)
    return dx, magnitude


def make_check(kind: str, backward: bool, shape: tuple[int, ...], pool: int, stride: int, seed: int) -> harness.Check:
    """Return a check of files that hold results."""
    u, terms = 2.0**-24, 1 + pool * pool
    if kind == "max" and (not backward or stride >= pool):
        terms = 0
    gamma = terms * u / (1 - terms * u)

    def check(results):
        expected, magnitude = exact(kind, backward, shape, pool, stride, seed)
        verdicts = {}
        for name, file in results.items():
            y = np.load(file)
            if y.shape != expected.shape or y.dtype != np.float32:
                verdicts[name] = False, f"shape {y.shape}, {y.dtype}"
                continue
            worst = float(np.max(np.abs(y - expected) / np.maximum(magnitude, np.finfo(np.float32).tiny)))
            verdicts[name] = worst <= gamma, f"max error / magnitude = {worst / u:.1f} u (bound {gamma / u:.0f} u)"
        return verdicts

    return check


def main(argv: list[str] | None = None) -> int:
    p = harness.parser(__doc__.splitlines()[0], "tinynet,torch,torch-malloc,torch-cl,torch-cl-malloc", rounds=9)
    p.add_argument("--cases", default=CASES, metavar="NxHxWxC[:POOL:STRIDE],...", help="images and windows")
    p.add_argument("--seconds", type=float, default=0.1, help="length of a turn")
    arguments = harness.parse(p, argv)
    if arguments.quick:
        arguments.seconds = min(arguments.seconds, 0.005)
        arguments.cases = QUICK_CASES if arguments.cases == CASES else arguments.cases
    try:
        cases = parse_cases(arguments.cases)
    except ValueError:
        p.error(f"--cases {arguments.cases!r}: expected sizes such as 128x28x28x32,128x28x28x32:3:2")

    with harness.Session(arguments, arguments.contenders) as session:
        session.measure_peaks()
        times = {}
        for shape, pool, stride in cases:
            for kind, backward in PASSES:
                subject = {"images": "x".join(map(str, shape)), "window": f"{pool}/{stride}",
                           "pass": f"{kind} {'backward' if backward else 'forward'}"}
                parameters = {
                    "kind": kind, "backward": backward, "shape": shape, "pool": pool, "stride": stride, "seed": 0
                }
                key = (" ".join(subject.values()), shape, pool, stride)
                times[key] = session.compare(subject, "pooling", parameters, make_check(**parameters), calls=10_000,
                                             seconds=arguments.seconds)
        session.measure_peaks()
        return session.finish(report(session, times))


def report(session: harness.Session, times: dict[Any, dict[str, float]]) -> dict[str, Any]:
    """Print the table and return its numbers as a dict."""
    names = list(session.workers)
    summary: dict[str, Any] = {"milliseconds": {}, "ratio_to_fastest_peer": {}, "gb_per_s": {}}
    rows = []
    for (title, shape, pool, stride), medians in times.items():
        summary["milliseconds"][title] = {name: 1e3 * seconds for name, seconds in medians.items()}
        row = [title, *(f"{1e3 * medians[name]:.3f}" if name in medians else "-" for name in names)]
        best = min((seconds for name, seconds in medians.items() if name != "tinynet"), default=None)
        if best and "tinynet" in medians:
            summary["ratio_to_fastest_peer"][title] = best / medians["tinynet"]
        row.append(
            f"{summary['ratio_to_fastest_peer'][title]:.2f}" if title in summary["ratio_to_fastest_peer"] else "-"
        )
        if "tinynet" in medians:  # each is read or written once: x and y, or dx and dy
            outputs = shape[0] * ((shape[1] - pool) // stride + 1) * ((shape[2] - pool) // stride + 1) * shape[3]
            summary["gb_per_s"][title] = 4 * (int(np.prod(shape)) + outputs) / medians["tinynet"] / 1e9
        row.append(f"{summary['gb_per_s'][title]:.0f}" if title in summary["gb_per_s"] else "-")
        rows.append(row)
    print("\nPooling, float32, milliseconds\n")
    print_table(["images, window/stride, pass", *names, "fastest peer / tinynet", "tinynet GB/s"], rows)
    summary["geometric_mean_of_ratio_to_fastest_peer"] = geometric_mean(summary["ratio_to_fastest_peer"].values())
    return summary


if __name__ == "__main__":
    sys.exit(main())
