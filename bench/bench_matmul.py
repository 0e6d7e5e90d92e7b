"""Matrix product: GFLOPS of tinynet, NumPy and PyTorch, and the share of the machine's peak.

Every result is compared with a float64 product: |C - AB| <= gamma(k + 1) |A||B|, the theorem for any order of sums.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

import harness
import numpy as np
from harness import geometric_mean, print_table
from peers.arrays import matrices

SHAPES = "64x784x128,512x512x512,1024x1024x1024,2048x2048x2048,8192x288x64"
QUICK_SHAPES = "33x47x19,64x64x64"


def parse_shapes(text: str) -> list[tuple[int, ...]]:
    """Return [(m, k, n), ...] for '64x784x128,...'."""
    shapes = [tuple(map(int, shape.split("x"))) for shape in text.split(",")]
    if not all(len(shape) == 3 and min(shape) > 0 for shape in shapes):
        raise ValueError(text)
    return shapes


def make_check(m: int, k: int, n: int, dtype: str, seed: int) -> harness.Check:
    """Return a check of files that hold products, against NumPy's in float64."""
    a, b = (x.astype(np.float64) for x in matrices(m, k, n, dtype, seed))
    u = float(np.finfo(dtype).eps) / 2
    terms = k + 1 if dtype == "float32" else 2 * (k + 1)  # in float64 the reference has errors of the same kind
    gamma = terms * u / (1 - terms * u)

    def check(results):
        exact, magnitude = a @ b, np.abs(a) @ np.abs(b)
        verdicts = {}
        for name, file in results.items():
            c = np.load(file)
            if c.shape != (m, n) or c.dtype != dtype:
                verdicts[name] = False, f"shape {c.shape}, {c.dtype}"
                continue
            worst = float(np.max(np.abs(c - exact) / magnitude))
            # If a result is nan, `worst` is nan, and the comparison is False.
            verdicts[name] = worst <= gamma, f"max |C - AB| / |A||B| = {worst / u:.1f} u (bound {gamma / u:.0f} u)"
        return verdicts

    return check


def main(argv: list[str] | None = None) -> int:
    p = harness.parser(__doc__.splitlines()[0], "tinynet,numpy,numpy-malloc,torch,torch-malloc", rounds=9)
    p.add_argument("--shapes", default=SHAPES, metavar="MxKxN,...", help="products of (m, k) and (k, n)")
    p.add_argument("--dtype", choices=("float32", "float64"), default="float32")
    p.add_argument("--seconds", type=float, default=0.1, help="length of a turn")
    arguments = harness.parse(p, argv)
    if arguments.quick:
        arguments.seconds = min(arguments.seconds, 0.005)
        arguments.shapes = QUICK_SHAPES if arguments.shapes == SHAPES else arguments.shapes
    try:
        shapes = parse_shapes(arguments.shapes)
    except ValueError:
        p.error(f"--shapes {arguments.shapes!r}: expected sizes such as 64x784x128,512x512x512")

    with harness.Session(arguments, arguments.contenders) as session:
        session.measure_peaks()
        rates = {}
        for m, k, n in shapes:
            subject = {"shape": f"({m}, {k}, {n})", "dtype": arguments.dtype}
            parameters = {"m": m, "k": k, "n": n, "dtype": arguments.dtype, "seed": m + k + n}
            medians = session.compare(subject, "matmul", parameters, make_check(m, k, n, arguments.dtype, m + k + n),
                                      calls=10_000, seconds=arguments.seconds)
            rates[subject["shape"]] = {name: 2 * m * k * n / seconds / 1e9 for name, seconds in medians.items()}
        session.measure_peaks()
        return session.finish(report(session, rates, arguments))


def report(session: harness.Session, rates: dict[str, dict[str, float]],
           arguments: argparse.Namespace) -> dict[str, Any]:
    """Print the table and return its numbers as a dict."""
    names = list(session.workers)
    peers = [name for name in names if not name.startswith("tinynet")]
    untuned = [name for name in peers if not name.endswith("-malloc")]
    peak = session.peak(f"{arguments.dtype}_gflops")
    own_peak = session.peak(f"{arguments.dtype}_gflops", arguments.isa)  # of tinynet's instruction set
    summary: dict[str, Any] = {"gflops": rates, "ratio_to_fastest_peer": {}, "ratio_to_fastest_untuned_peer": {},
                               "share_of_peak": {}}
    rows = []
    for shape, rate in rates.items():
        row = [shape, *(f"{rate[name]:.0f}" if name in rate else "-" for name in names)]
        for key, rivals in (("ratio_to_fastest_peer", peers), ("ratio_to_fastest_untuned_peer", untuned)):
            best = max((rate[name] for name in rivals if name in rate), default=None)
            if best and "tinynet" in rate:
                summary[key][shape] = rate["tinynet"] / best
            row.append(f"{summary[key][shape]:.2f}" if shape in summary[key] else "-")
        if own_peak and "tinynet" in rate:
            summary["share_of_peak"][shape] = rate["tinynet"] / own_peak
        row.append(f"{rate['tinynet'] / own_peak:.0%}" if shape in summary["share_of_peak"] else "-")
        best = max((rate[name] for name in peers if name in rate), default=None)
        row.append(f"{best / peak:.0%}" if peak and best else "-")
        rows.append(row)
    print(f"\nMatrix product (m, k, n), {arguments.dtype}, GFLOPS on {arguments.threads} thread(s)\n")
    of_peak = f"tinynet, of {arguments.isa or 'its'} peak"
    ratios = ["tinynet / fastest peer", "/ fastest untuned"]
    print_table(["shape", *names, *ratios, of_peak, "peer, of machine's peak"], rows)
    for key in ("ratio_to_fastest_peer", "ratio_to_fastest_untuned_peer"):
        mean = geometric_mean(summary[key].values())
        summary[f"geometric_mean_of_{key}"] = mean
        if mean:
            print(f"\nGeometric mean of the {key.replace('_', ' ')}: {mean:.2f}", end="")
    print()
    return summary


if __name__ == "__main__":
    sys.exit(main())
