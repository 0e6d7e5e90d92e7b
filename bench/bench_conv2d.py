"""Convolution: GFLOPS of tinynet and PyTorch for the output, the input gradient and the weight gradient.

The input gradient of a convolution is the forward pass of the transposed convolution, and the other way round: a
strided 3x3 stands for both.

One image's output and input gradient, and one tap's weight gradient, are compared with float64 products. The bound,
1e-5 of the largest sum |x||w|, is ten times the error of F(4x4): a wrong result misses it by far.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

import harness
import numpy as np
from harness import print_table
from peers.arrays import convolution

SHAPES = ("128x28x28x1-32-3,128x13x13x32-64-3,128x28x28x32-32-3-same,128x14x14x64-64-3-same,4x224x224x64-64-3-same,"
          "8x56x56x256-256-3-same,16x14x14x512-512-3-same,16x56x56x256-64-1,64x14x14x6-16-5,16x56x56x64-128-3-same-2,"
          "64x32x32x32-64-1,64x16x16x64-128-1,64x16x16x128-128-1,64x8x8x128-256-1,64x16x16x64-128-1-2,"
          "64x32x32x32-64-3-same-2,64x16x16x64-128-3-same-2,64x32x32x32-depthwise-3-same,64x16x16x128-depthwise-3-same,"
          "64x32x32x64-depthwise-3-same-2,64x16x16x128-depthwise-3-same-2")
QUICK_SHAPES = "2x9x9x3-5-3,2x8x8x16-16-3-same,2x8x8x16-16-1,2x8x8x9-depthwise-3-same-2"
PASSES = ("forward", "input_gradient", "weight_gradient")


def parse_shape(text: str) -> dict[str, Any]:
    """Return {"size": (batch, height, width, channels), "filters": ..., "side": ..., "stride": ..., "pad": ...,
    "depthwise": ...}.

    Args:
        text: Size, filters, side, padding, stride: '128x28x28x32-64-3-same-2'. Without the last two: valid, stride 1.
            'depthwise' in place of the filters: one for each channel.

    Raises:
        ValueError: the text is something else.
    """
    size, filters, side, *rest = text.split("-")
    stride = int(rest.pop()) if rest and rest[-1].isdigit() else 1
    if rest not in ([], ["same"]) or len(size.split("x")) != 4:
        raise ValueError(text)
    extents = tuple(map(int, size.split("x")))
    depthwise = filters == "depthwise"
    return {"size": extents, "filters": extents[3] if depthwise else int(filters), "side": int(side), "stride": stride,
            "pad": int(side) // 2 if rest else 0, "depthwise": depthwise}


def make_check(shape: dict[str, Any], which: str) -> harness.Check:
    """Return a check of files that hold the results of one pass, against the reference in float64."""
    from tinynet import reference

    x, kernel, dy = (a.astype(np.float64) for a in convolution(**shape))
    stride, pad = shape["stride"], shape["pad"]
    geometry = ((stride, stride), ((pad, pad), (pad, pad)), (1, 1))
    forward, backward = reference.depthwise_conv2d_forward, reference.depthwise_conv2d_backward
    if not shape["depthwise"]:
        geometry, forward, backward = (*geometry, 1), reference.conv2d_forward, reference.conv2d_backward

    def exact(f):
        if which == "forward":
            return forward(f(x[:1]), f(kernel), None, *geometry, "linear")
        if which == "input_gradient":
            return backward(f(dy[:1]), f(x[:1]), f(kernel), None, *geometry, "linear", True, False, False)[0]
        inputs = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))[
            :, : stride * dy.shape[1] : stride, : stride * dy.shape[2] : stride
        ]
        inputs = inputs[:, : dy.shape[1], : dy.shape[2]]  # those that the first tap multiplies
        if shape["depthwise"]:
            return (f(inputs) * f(dy)).sum(axis=(0, 1, 2))[:, None]
        return np.tensordot(f(inputs), f(dy), axes=((0, 1, 2), (0, 1, 2)))

    def check(results):
        expected, largest = exact(np.asarray), exact(np.abs).max()
        verdicts = {}
        for name, file in results.items():
            result = np.load(file)
            result = result[0, 0] if which == "weight_gradient" else result[:1]
            worst = float(np.max(np.abs(result - expected)) / largest) if result.shape == expected.shape else np.inf
            verdicts[name] = worst <= 1e-5, f"error {worst:.1e} of the largest sum |x||w|"
        return verdicts

    return check


def main(argv: list[str] | None = None) -> int:
    p = harness.parser(__doc__.splitlines()[0], "tinynet,torch,torch-malloc,torch-cl,torch-cl-malloc", rounds=7)
    p.add_argument(
        "--shapes", default=SHAPES, metavar="NxHxWxC-F-K[-same][-S],...", help="images, filters, side, padding, stride"
    )
    p.add_argument("--seconds", type=float, default=0.1, help="length of a turn")
    arguments = harness.parse(p, argv)
    if arguments.quick:
        arguments.seconds = min(arguments.seconds, 0.005)
        arguments.shapes = QUICK_SHAPES if arguments.shapes == SHAPES else arguments.shapes
    try:
        shapes = {text: parse_shape(text) for text in arguments.shapes.split(",")}
    except ValueError:
        p.error(f"--shapes {arguments.shapes!r}: expected shapes such as 128x28x28x32-64-3-same")
    with harness.Session(arguments, arguments.contenders) as session:
        session.measure_peaks()
        seconds = {}
        for text, shape in shapes.items():
            for which in PASSES:
                subject = {"shape": text, "pass": which}
                seconds[text, which] = session.compare(subject, "conv2d", {**shape, "which": which},
                                                       make_check(shape, which), calls=10_000,
                                                       seconds=arguments.seconds)
        session.measure_peaks()
        return session.finish(report(session, shapes, seconds, arguments))


def report(session: harness.Session, shapes: dict[str, dict[str, Any]],
           seconds: dict[tuple[str, str], dict[str, float]], arguments: argparse.Namespace) -> dict[str, Any]:
    """Print the table and return its numbers as a dict."""
    names = list(session.workers)
    summary: dict[str, Any] = {"gflops": {}, "step_ratio_to_fastest_peer": {}}
    rows = []
    for text, shape in shapes.items():
        out = convolution_output(shape)
        products = shape["side"] ** 2 * (1 if shape["depthwise"] else shape["size"][3])  # of one output
        work = 2 * shape["size"][0] * out[0] * out[1] * shape["filters"] * products / 1e9
        row = [text]
        for name in names:
            times = [seconds[text, which].get(name) for which in PASSES]
            row.append("/".join(f"{work / t:.0f}" if t else "-" for t in times))
            summary["gflops"].setdefault(text, {})[name] = [work / t if t else None for t in times]
        steps = {
            n: sum(seconds[text, w][n] for w in PASSES) for n in names if all(n in seconds[text, w] for w in PASSES)
        }
        peers = [t for n, t in steps.items() if not n.startswith("tinynet")]
        ratio = min(peers) / steps["tinynet"] if peers and "tinynet" in steps else None
        summary["step_ratio_to_fastest_peer"][text] = ratio
        rows.append([*row, f"{ratio:.2f}" if ratio else "-"])
    print(f"\nConvolution, float32, GFLOPS forward/dx/dw on {arguments.threads} thread(s)\n")
    print_table(["shape", *names, "step: fastest peer / tinynet"], rows)
    return summary


def convolution_output(shape: dict[str, Any]) -> list[int]:
    """Return [height, width] of the output."""
    return [(n + 2 * shape["pad"] - shape["side"]) // shape["stride"] + 1 for n in shape["size"][1:3]]


if __name__ == "__main__":
    sys.exit(main())
