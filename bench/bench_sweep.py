"""Sweep of sizes: GFLOPS of convolutions and matrix products along lines of growing size, and the cliffs in them.

Along a line one size grows: channels, the side of the image, the batch, a side of a product. Larger work should not
take longer a multiply-add. So a point is a cliff if its rate is more than 15% below that of the point before it, or of
both points around it. Other work on the machine makes dips too: what looks like a cliff is measured again, together
with its neighbours, and the best rate of each counts.

Each result is compared with float64 in a few of its elements.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

# NumPy checks the results. Its threads would go on spinning for a while, on the cores that are measured next.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import machine  # noqa: E402
import numpy as np  # noqa: E402

sys.path.append(str(Path(__file__).resolve().parent.parent))  # the sources, when tinynet is not installed

import tinynet as tn  # noqa: E402
from tinynet import runtime  # noqa: E402

ALLOWED = 0.85  # of the rate of the shapes around
CHANNELS = (16, 24, 32, 48, 64, 96, 112, 128, 160, 192, 256, 320, 384, 512)
SIDES = (7, 10, 13, 14, 20, 28, 40, 56, 80, 112, 160, 224)
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
LENGTHS = (1, 2, 4, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 4096, 8192)
KINDS = {"1x1": (1, 1), "3x3": (3, 1), "5x5": (5, 1), "3x3 stride 2": (3, 2)}  # side of the kernel, stride
PASSES = ("forward", "input_gradient", "weight_gradient")
MOST_BYTES = 64 << 20  # of the largest array
MOST_OPERATIONS = 8e9  # of a call: about 0.05 s

Run: TypeAlias = Callable[[], np.ndarray]
# Makes the inputs. Returns the call to be timed, and the largest error of its result, relative to the sum of |terms|.
Prepare: TypeAlias = Callable[[], tuple[Run, Callable[[np.ndarray], float]]]


@dataclass
class Point:
    """One size on a line: what is computed, and its best time so far."""

    size: int
    operations: float
    prepare: Prepare
    seconds: float = float("inf")
    error: float = 0.0

    @property
    def rate(self) -> float:
        """GFLOPS."""
        return self.operations / self.seconds / 1e9

    def measure(self, seconds: float) -> None:
        """Call it for some seconds, at least twice. The fastest call counts: other work only slows it."""
        run, error = self.prepare()
        self.error = max(self.error, error(run()))
        end, calls = time.perf_counter() + seconds, 0
        while calls < 2 or time.perf_counter() < end:
            start = time.perf_counter()
            run()
            self.seconds = min(self.seconds, time.perf_counter() - start)
            calls += 1


@dataclass
class Line:
    """Points of one kind, in the order of their size."""

    name: str
    points: list[Point] = field(default_factory=list)

    def cliffs(self) -> list[int]:
        """Return the indices of the points that are slower than the one before, or than both around them."""
        rates = [point.rate for point in self.points]
        falls = {i for i in range(1, len(rates)) if rates[i] < ALLOWED * rates[i - 1]}
        dips = {i for i in range(1, len(rates) - 1) if rates[i] < ALLOWED * min(rates[i - 1], rates[i + 1])}
        return sorted(falls | dips)


def convolution(size: int, which: str, batch: int, side: int, channels: int, kind: str) -> Point | None:
    """Return one pass of a convolution with as many filters as channels; None if it is too large."""
    k, stride = KINDS[kind]
    pad = k // 2
    out = (side + 2 * pad - k) // stride + 1
    operations = 2.0 * batch * out * out * k * k * channels**2
    if operations > MOST_OPERATIONS or 4 * batch * side * side * channels > MOST_BYTES:
        return None
    geometry = ((stride, stride), ((pad, pad), (pad, pad)), (1, 1), 1, "linear")

    def prepare():
        rng = np.random.default_rng(channels + side)
        x = rng.standard_normal((batch, side, side, channels), np.float32)
        w = rng.standard_normal((k, k, channels, channels), np.float32)
        dy = rng.standard_normal((batch, out, out, channels), np.float32)
        kernels = runtime.kernels
        middle = out // 2  # an output whose window lies inside the image, as far as the image allows
        first = middle * stride - pad
        rows = slice(max(0, first), first + k)
        taps = slice(max(0, -first), max(0, -first) + len(range(*rows.indices(side))))

        def error(result):
            """Of an output; of dx where the same window ends; of the kernel's middle tap."""
            if which == "forward":
                terms = x[-1, rows, rows, :, None].astype(np.float64) * w[taps, taps, :, :5]
                actual, axes = result[-1, middle, middle, :5], (0, 1, 2)
            elif which == "weight_gradient":
                pixels = x[:, : stride * out : stride, : stride * out : stride, :5]
                terms = pixels[..., None].astype(np.float64) * dy[..., None, :5]
                actual, axes = result[pad, pad, :5, :5], (0, 1, 2)
            else:
                at = middle * stride
                pairs = [(i, at + pad - i * stride) for i in range(out) if 0 <= at + pad - i * stride < k]
                terms = np.stack([dy[-1, i, j, None].astype(np.float64) * w[p, q, :5]
                                  for (i, p), (j, q) in itertools.product(pairs, pairs)])
                actual, axes = result[-1, at, at, :5], (0, 2)
            return float(np.max(np.abs(actual - terms.sum(axes)) / np.abs(terms).sum(axes).max()))

        if which == "forward":
            return lambda: kernels.conv2d_forward(x, w, None, *geometry), error
        wanted = (which == "input_gradient", which == "weight_gradient", False)
        return lambda: kernels.conv2d_backward(dy, x, w, None, *geometry, *wanted)[wanted.index(True)], error

    return Point(size, operations, prepare)


def product(size: int, m: int, k: int, n: int, transposed: bool = False) -> Point | None:
    """Return a matrix product, whose right factor may be transposed; None if it is too large."""
    operations = 2.0 * m * k * n
    if operations > MOST_OPERATIONS or 4 * max(m * k, k * n, m * n) > MOST_BYTES:
        return None

    def prepare():
        rng = np.random.default_rng(m + k + n)
        a = rng.standard_normal((m, k), np.float32)
        b = rng.standard_normal((n, k) if transposed else (k, n), np.float32)

        def error(result):
            row, right = a[-1].astype(np.float64), (b.T if transposed else b)
            return float(np.max(np.abs(result[-1] - row @ right) / (np.abs(row) @ np.abs(right))))

        return lambda: runtime.kernels.matmul(a, b, False, transposed), error

    return Point(size, operations, prepare)


def lines(quick: bool) -> Iterator[Line]:
    """Yield all lines. With `quick`, those of three small sizes."""

    def pick(sizes):
        return sizes[:3] if quick else sizes

    def line(name, points):
        return Line(name, [point for point in points if point is not None])

    for kind, which in itertools.product(KINDS, PASSES):
        head = f"{kind} {which}"
        for side, batch in ((14, 64), (56, 8)):
            yield line(f"{head}, channels, {batch} images of {side}x{side}",
                       (convolution(c, which, batch, side, c, kind) for c in pick(CHANNELS)))
        for channels in (64, 256):
            # About as many pixels in each batch.
            yield line(f"{head}, side, {channels} channels",
                       (convolution(s, which, max(1, 12544 // s**2), s, channels, kind) for s in pick(SIDES)))
            yield line(f"{head}, batch, 14x14, {channels} channels",
                       (convolution(b, which, b, 14, channels, kind) for b in pick(BATCHES)))
    for side, transposed in itertools.product((64, 512), (False, True)):
        head = "product with the transpose" if transposed else "product"
        sizes = pick(LENGTHS)
        yield line(f"{head}, m x {side} x {side}, m", (product(s, s, side, side, transposed) for s in sizes))
        yield line(f"{head}, {side} x k x {side}, k", (product(s, side, s, side, transposed) for s in sizes))
        yield line(f"{head}, {side} x {side} x n, n", (product(s, side, side, s, transposed) for s in sizes))
    yield line("product, cubes", (product(s, s, s, s) for s in pick(LENGTHS)))


def measure(line: Line, seconds: float, repeats: int) -> list[int]:
    """Measure the points of a line. Return the indices of its cliffs."""
    for point in line.points:
        point.measure(seconds)
    for _ in range(repeats):
        again = sorted({j for i in line.cliffs() for j in (i - 1, i, i + 1) if 0 <= j < len(line.points)})
        for i in again:
            line.points[i].measure(seconds)
    return line.cliffs()


def main(argv: list[str] | None = None) -> int:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--lines", default="", metavar="TEXT", help="only lines whose name contains this; several: a,b")
    p.add_argument("--threads", type=int, default=tn.get_num_threads())
    p.add_argument("--seconds", type=float, default=0.03, help="length of a turn")
    p.add_argument("--repeats", type=int, default=3, help="how often what looks like a cliff is measured again")
    p.add_argument("--quick", action="store_true", help="show that it works, not how fast")
    p.add_argument("--output", type=Path, help="JSON file for the results")
    arguments = p.parse_args(argv)
    if arguments.quick:
        arguments.seconds, arguments.repeats = 0.0, 0
    tn.set_num_threads(arguments.threads)
    wanted = arguments.lines.split(",")
    summary: dict[str, Any] = {"gflops": {}, "cliffs": []}
    wrong = []
    print(f"GFLOPS on {arguments.threads} thread(s), {runtime.configuration()['isa chosen']}, "
          f"caches: {runtime.configuration()['caches']}")
    for line in lines(arguments.quick):
        if not any(part in line.name for part in wanted):
            continue
        cliffs = measure(line, arguments.seconds, arguments.repeats)
        cells = [f"{point.size}: {point.rate:.0f}{' <<' if i in cliffs else ''}" for i, point in enumerate(line.points)]
        print(f"{line.name}\n    {'  '.join(cells)}", flush=True)
        summary["gflops"][line.name] = {point.size: round(point.rate, 2) for point in line.points}
        for i in cliffs:
            rates = [point.rate for point in line.points[max(0, i - 1) : i + 2]]
            summary["cliffs"].append({"line": line.name, "size": line.points[i].size,
                                      "ratio": line.points[i].rate / max(rates)})
        # 1e-5 of the largest sum is ten times the error of F(4x4), the least exact algorithm.
        wrong += [f"{line.name}, {point.size}" for point in line.points if not point.error <= 1e-5]
    print(f"\n{len(summary['cliffs'])} sizes more than 15% slower than the shapes around them")
    for cliff in sorted(summary["cliffs"], key=lambda cliff: cliff["ratio"]):
        print(f"  {cliff['ratio']:.2f} of the fastest around: {cliff['line']} = {cliff['size']}")
    for name in wrong:
        print(f"WRONG: {name}")
    if arguments.output:
        arguments.output.write_text(json.dumps({"machine": machine.describe(), "summary": summary}, indent=1) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
