"""Training: seconds for one epoch of small networks on Fashion-MNIST, everything included, and one step of VGG-16.

An epoch is what a user waits for: shuffling, gathering batches from float32 images, forward, backward, Adam(1e-3), and
counting correct answers. All contenders train a first epoch, which is not timed: Keras compiles in it.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
from pathlib import Path
from typing import Any

import harness
import numpy as np
from cases import CASES, Case
from harness import geometric_mean, print_table

DENSE = ("tinynet", "torch", "torch-malloc", "torch-foreach", "keras-jax", "keras-tf")
CONVOLUTION = ("tinynet", "torch", "torch-malloc", "torch-cl", "torch-cl-malloc", "keras-jax", "keras-tf")

# How far the last epoch's accuracy may be from the median. All train equally long, so they differ by chance only.
SPREAD = 0.05


def load_images(folder: str, samples: int, quick: bool = False) -> str:
    """Write x.npy (uint8) and y.npy for the workers. Returns what images they are. `quick` downloads nothing."""
    try:
        if quick:
            raise NotImplementedError("--quick downloads nothing")
        sys.path.append(str(harness.ROOT))  # as the workers do, when tinynet is not installed
        from tinynet import datasets

        (x, y), _ = datasets.fashion_mnist.load_data()
        if len(x) < samples:
            raise ValueError(f"only {len(x)} images")
        origin = "Fashion-MNIST"
    except Exception as error:  # without the real images, for any reason, others take the same time
        harness.progress(f"  no Fashion-MNIST ({type(error).__name__}: {error}): random prototypes with noise instead")
        rng = np.random.default_rng(0)
        y = rng.integers(0, 10, samples)
        # In squares of 7 pixels: after a shift by 2, as in augmentation, the prototypes can still be recognized.
        prototypes = rng.integers(0, 256, (10, 4, 4)).repeat(7, axis=1).repeat(7, axis=2)
        noise = rng.integers(0, 256, (samples, 28, 28), dtype=np.uint8)
        x = (noise // 2 + (prototypes[y] // 2).astype(np.uint8)).astype(np.uint8)
        origin = "random prototypes with noise"
    np.save(Path(folder) / "x.npy", np.asarray(x, np.uint8)[:samples])
    np.save(Path(folder) / "y.npy", np.asarray(y)[:samples])
    return origin


def make_check(case: Case, samples: int, origin: str) -> harness.Check:
    """Return a check: the accuracy is above a floor and near the median; on random images, the loss starts as that of
    guessing, and falls.
    """
    if case.random_images:
        return lambda results: {name: _check_loss(result, math.log(case.classes)) for name, result in results.items()}
    real = origin == "Fashion-MNIST"
    # Accuracy rises from epoch to epoch. In an epoch of fewer images (--samples) a network learns less.
    floor = case.accuracy_floor if real and samples >= case.samples else 0.15 if samples < 5000 else 0.5
    spread = SPREAD if samples >= case.samples else 0.25

    def check(results):
        verdicts = {}
        known = [result["accuracy"] for result in results.values() if not math.isnan(result["accuracy"])]
        middle = statistics.median(known) if known else math.nan
        for name, result in results.items():
            accuracy, loss = result["accuracy"], result["loss"]
            passed = floor <= accuracy <= 1 and abs(accuracy - middle) <= spread and 0 <= loss < 3
            verdicts[name] = passed, (f"last epoch: accuracy {accuracy:.4f}, loss {loss:.4f} (at least {floor}, "
                                      f"within {spread} of the median {middle:.4f})")
        return verdicts

    return check


def _check_loss(result, chance):
    first, last = result["first_loss"], result["loss"]
    passed = 0.5 * chance < last < first < 1.5 * chance
    return passed, f"loss {first:.6f} after the first epoch, {last:.6f} after the last (chance: {chance:.3f})"


def main(argv: list[str] | None = None) -> int:
    p = harness.parser(__doc__.splitlines()[0], ",".join(dict.fromkeys(DENSE + CONVOLUTION)), rounds=5)
    p.add_argument("--cases", default="dense", metavar="A,B,...", help=f"any of {', '.join(CASES)}")
    p.add_argument("--batch-sizes", metavar="N,...", help="instead of each case's own")
    p.add_argument("--samples", type=int, help="images an epoch, instead of each case's own number")
    arguments = harness.parse(p, argv)
    cases = arguments.cases.split(",")
    for name in cases:
        if name not in CASES:
            p.error(f"unknown case {name!r}; known: {', '.join(CASES)}")
    try:
        batch_sizes = [int(text) for text in arguments.batch_sizes.split(",")] if arguments.batch_sizes else None
    except ValueError:
        p.error(f"--batch-sizes {arguments.batch_sizes!r}: expected numbers such as 32,128")
    if arguments.quick:
        arguments.samples = arguments.samples or 1280
    wanted = {name for case in cases for name in (CONVOLUTION if CASES[case].channels else DENSE)}
    explicit = any(word.split("=")[0] == "--contenders" for word in (argv or sys.argv[1:]))
    names = [name for name in arguments.contenders if explicit or name in wanted]

    with harness.Session(arguments, names) as session:
        needed = [arguments.samples or CASES[name].samples for name in cases if not CASES[name].random_images]
        origin = load_images(session.folder.name, max(needed), arguments.quick) if needed else "random images"
        session.measure_peaks()
        table = {}
        for name in cases:
            case = CASES[name]
            samples = case.samples if case.random_images else arguments.samples or case.samples
            images = "random images" if case.random_images else origin
            for batch_size in batch_sizes or case.batch_sizes:
                subject = {"case": name, "batch_size": batch_size, "samples": samples, "images": images}
                parameters = {"case": name, "batch_size": batch_size, "samples": samples, "folder": session.folder.name,
                              "seed": 0}
                takes_part = None if explicit else CONVOLUTION if case.channels else DENSE
                table[name, batch_size, samples] = session.compare(
                    subject, "training", parameters, make_check(case, samples, origin), calls=1, warm_turn=True,
                    names=takes_part)
        session.measure_peaks()
        return session.finish(report(session, table, origin, arguments))


def report(session: harness.Session, table: dict[Any, dict[str, float]], origin: str,
           arguments: argparse.Namespace) -> dict[str, Any]:
    """Print the table and return its numbers as a dict."""
    names = list(session.workers)
    peers = [name for name in names if not name.startswith("tinynet")]
    untuned = [name for name in peers if not name.endswith("-malloc")]
    summary: dict[str, Any] = {"seconds": {}, "ratio_to_fastest_peer": {}, "ratio_to_fastest_untuned_peer": {},
                               "images": origin}
    rows = []
    for (case, batch_size, samples), seconds in table.items():
        label = f"{case}, batch {batch_size}, {samples} images"
        summary["seconds"][label] = seconds
        row = [label, *(f"{seconds[name]:.3f}" if name in seconds else "-" for name in names)]
        for key, rivals in (("ratio_to_fastest_peer", peers), ("ratio_to_fastest_untuned_peer", untuned)):
            best = min((seconds[name] for name in rivals if name in seconds), default=None)
            if best and "tinynet" in seconds:
                summary[key][label] = best / seconds["tinynet"]
            row.append(f"{summary[key][label]:.2f}" if label in summary[key] else "-")
        rows.append(row)
    print(f"\nSeconds per epoch on {arguments.threads} thread(s), {origin}; the first epoch is not counted\n")
    print_table(["case", *names, "fastest peer / tinynet", "fastest untuned / tinynet"], rows)
    summary["peak_memory_mb"] = report_memory(session, names)
    print()
    for name in dict.fromkeys(case for case, _, _ in table):
        print(f"{name}: {CASES[name].title}")
    for key in ("ratio_to_fastest_peer", "ratio_to_fastest_untuned_peer"):
        mean = geometric_mean(summary[key].values())
        summary[f"geometric_mean_of_{key}"] = mean
        if mean:
            print(f"Geometric mean of the {key.replace('_', ' ')}: {mean:.2f}")
    return summary


def report_memory(session: harness.Session, names: list[str]) -> dict[str, dict[str, float]]:
    """Print each process's peak memory, libraries included, and return it as a dict."""
    peaks: dict[str, dict[str, float]] = {}
    for entry in session.measurements:
        if entry["peak_memory_mb"] is not None:
            label = f"{entry['case']}, batch {entry['batch_size']}, {entry['samples']} images"
            peaks.setdefault(label, {})[entry["contender"]] = entry["peak_memory_mb"]
    if peaks:
        print("\nPeak memory of the process in MB, from when the case was prepared\n")
        print_table(["case", *names], [[label, *(f"{peak[name]:.0f}" if name in peak else "-" for name in names)]
                                       for label, peak in peaks.items()])
    return peaks


if __name__ == "__main__":
    sys.exit(main())
