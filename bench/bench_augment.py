"""Augmentation of batches of Fashion-MNIST: flip, shift, rotate, and a rectangle cut out, by layers of the same names.

Each contender draws its own random numbers, so results cannot be compared pixel by pixel. The check is on what all must
have in common: shape, type, range, and the mean brightness of the batch, which cutting out and moving pixels over the
border lower. (tests/judge compares the transforms themselves.)
"""

from __future__ import annotations

import sys
from typing import Any

import harness
import numpy as np
from harness import print_table

SIZES = "128,512"


def batch(size: int) -> np.ndarray:
    """Test images of Fashion-MNIST in [0, 1]; without the full data set, those of the sample that tinynet contains."""
    from tinynet.core import errors
    from tinynet.datasets import fashion_mnist, fashion_mnist_sample

    try:
        _, (images, _) = fashion_mnist.load_data()
    except errors.DatasetNotFoundError:
        _, (images, _) = fashion_mnist_sample.load_data()
    return np.resize(images, (size, 28, 28))[..., None].astype(np.float32) / np.float32(255)


def make_check(x: np.ndarray) -> harness.Check:
    """Return a check of files that hold results."""

    def check(results):
        verdicts = {}
        for name, file in results.items():
            y = np.load(file)
            if y.shape != x.shape or y.dtype != np.float32 or y.min() < -1e-6 or y.max() > 1 + 1e-6:
                verdicts[name] = False, f"shape {y.shape}, {y.dtype}, from {y.min()} to {y.max()}"
                continue
            ratio = float(y.mean() / x.mean())
            # 4% to 25% of the pixels are cut out, mostly of the brighter middle. Shifts by up to 10% move few pixels
            # over the border.
            verdicts[name] = 0.7 < ratio < 0.95, f"mean brightness {ratio:.3f} of the input's"
        return verdicts

    return check


def main(argv: list[str] | None = None) -> int:
    p = harness.parser(__doc__.splitlines()[0], "tinynet,keras-tf,keras-jax,keras-torch", rounds=9)
    p.add_argument("--sizes", default=SIZES, metavar="N,...", help="images a batch")
    p.add_argument("--seconds", type=float, default=0.3, help="length of a turn")
    arguments = harness.parse(p, argv)
    if arguments.quick:
        arguments.seconds, arguments.sizes = min(arguments.seconds, 0.005), "64"
    sys.path.append(str(harness.ROOT))
    with harness.Session(arguments, arguments.contenders) as session:
        session.measure_peaks()
        times = {}
        for size in map(int, arguments.sizes.split(",")):
            x = batch(size)
            file = f"{session.folder.name}/batch-{size}.npy"
            np.save(file, x)
            times[size] = session.compare({"batch": size}, "augmentation", {"file": file}, make_check(x), calls=10_000,
                                          seconds=arguments.seconds, warm_turn=True)
        session.measure_peaks()
        return session.finish(report(session, times))


def report(session: harness.Session, times: dict[Any, dict[str, float]]) -> dict[str, Any]:
    """Print the table and return its numbers as a dict."""
    names = list(session.workers)
    summary: dict[str, Any] = {"milliseconds": {}, "ratio_to_fastest_peer": {}}
    rows = []
    for size, medians in times.items():
        summary["milliseconds"][size] = {name: 1e3 * seconds for name, seconds in medians.items()}
        best = min((seconds for name, seconds in medians.items() if name != "tinynet"), default=None)
        ratio = best / medians["tinynet"] if best and "tinynet" in medians else None
        if ratio:
            summary["ratio_to_fastest_peer"][size] = ratio
        rows.append([size, *(f"{1e3 * medians[name]:.3f}" if name in medians else "-" for name in names),
                     f"{ratio:.1f}" if ratio else "-"])
    print("\nFlip, shift, rotate and cut out, 28 x 28 x 1 float32, milliseconds a batch\n")
    print_table(["batch", *names, "fastest peer / tinynet"], rows)
    return summary


if __name__ == "__main__":
    sys.exit(main())
