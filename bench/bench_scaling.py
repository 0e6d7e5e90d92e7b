"""How the cost of a training sample grows with the width and with the batch, 1 to 16 times, for numbers of threads.

The networks are `dense` and `cnn` of cases.py. Width multiplies the units and filters, but those of the last layer. A
training step (forward, loss, backward, Adam) has a fixed cost in Python and in waking threads, and reads every weight;
more arithmetic shares these among more. So two numbers should be flat or fall along a line: microseconds a sample, as
the batch grows; and microseconds a sample and million multiply-adds, as the width grows.

The loss must fall over the steps.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from pathlib import Path
from typing import Any

import machine
import numpy as np
from cases import CASES, Case
from harness import print_table
from peers.keras_like import build

sys.path.append(str(Path(__file__).resolve().parent.parent))  # the sources, when tinynet is not installed

import tinynet as tn  # noqa: E402

BATCHES = {"dense": 32, "cnn": 16}  # the smallest batch
ALLOWED = 1.15  # of the cost of the point before


def widened(case: Case, factor: int) -> Case:
    """Return the case with `factor` times as many units and filters in all layers but the last."""
    *hidden, last = case.layers
    layers = tuple((name, factor * arguments[0], *arguments[1:]) if name in ("dense", "conv") else (name, *arguments)
                   for name, *arguments in hidden)
    return dataclasses.replace(case, layers=(*layers, last))


def multiply_adds(model: tn.Model) -> float:
    """Return the multiply-adds of a sample's forward pass: each weight of a layer counts once an output pixel."""
    total = 0.0
    for layer in model.layers:
        kernel = next((weight for weight in layer.weights if weight.ndim > 1), None)
        if kernel is not None:
            pixels = np.prod(layer.output.shape[1:-1]) if kernel.ndim == 4 else 1
            total += float(pixels) * float(np.prod(kernel.shape))
    return total


def step_cost(case: Case, batch: int, seconds: float) -> tuple[float, float, bool]:
    """Return the seconds of a training step, the multiply-adds of a sample, and whether the loss fell."""
    tn.utils.set_random_seed(0)
    model = build(tn, case)
    model.compile(tn.optimizers.Adam(1e-3), tn.losses.SparseCategoricalCrossentropy(from_logits=True))
    rng = np.random.default_rng(0)
    shape = case.image if case.channels else (28, 28)
    x = tn.convert_to_tensor(rng.random((batch, *shape), np.float32))
    y = tn.convert_to_tensor(rng.integers(0, case.classes, batch))
    losses = [float(np.ravel(model.train_on_batch(x, y))[0]) for _ in range(2)]
    best, end, calls = float("inf"), time.perf_counter() + seconds, 0
    while calls < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        loss = model.train_on_batch(x, y)
        best = min(best, time.perf_counter() - start)
        calls += 1
    return best, multiply_adds(model), float(np.ravel(loss)[0]) < losses[0]


def without_dropout(case: Case) -> Case:
    """Return the case without its dropout layers: it learns a batch by heart, so the loss falls."""
    return dataclasses.replace(case, layers=tuple(layer for layer in case.layers if layer[0] != "dropout"))


def main(argv: list[str] | None = None) -> int:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--cases", default=",".join(BATCHES), metavar="NAME,...")
    p.add_argument("--threads", default="", metavar="N,...", help="1, 2, 4, ... up to all CPUs, if not given")
    p.add_argument("--most", type=int, default=16, help="largest factor")
    p.add_argument("--seconds", type=float, default=0.5, help="length of a measurement")
    p.add_argument("--quick", action="store_true", help="show that it works, not how fast")
    p.add_argument("--output", type=Path, help="JSON file for the results")
    arguments = p.parse_args(argv)
    if unknown := set(arguments.cases.split(",")) - set(BATCHES):
        p.error(f"--cases: unknown {', '.join(sorted(unknown))}; known: {', '.join(BATCHES)}")
    if arguments.quick:
        arguments.most, arguments.seconds = min(arguments.most, 2), 0.0
    cpus = len(machine.usable_cpus())
    counts = ([int(text) for text in arguments.threads.split(",")] if arguments.threads else
              sorted({min(2**i, cpus) for i in range(8)}))
    factors = [2**i for i in range(8) if 2**i <= arguments.most]
    rows, failures = [], []
    summary: dict[str, Any] = {"microseconds_a_sample": {}, "rises": []}
    for name in arguments.cases.split(","):
        case = without_dropout(CASES[name])
        for grows in ("batch", "width"):
            for threads in counts:
                tn.set_num_threads(threads)
                costs = []
                for factor in factors:
                    batch = BATCHES[name] * (factor if grows == "batch" else 1)
                    seconds, work, learns = step_cost(widened(case, factor if grows == "width" else 1), batch,
                                                      arguments.seconds)
                    costs.append(1e6 * seconds / batch / (work / 1e6 if grows == "width" else 1))
                    if not learns:
                        failures.append(f"{name}, {grows} {factor}: the loss does not fall")
                unit = "us a sample" if grows == "batch" else "us a sample and million multiply-adds"
                label = f"{name}, {grows} grows, {threads} thread(s), {unit}"
                summary["microseconds_a_sample"][label] = dict(zip(factors, costs, strict=True))
                summary["rises"] += [f"{label}: {after / before:.2f} from {factor} to {2 * factor}"
                                     for factor, before, after in zip(factors, costs, costs[1:], strict=False)
                                     if after > ALLOWED * before]
                rows.append([label, *(f"{cost:.2f}" for cost in costs)])
    print("\nCost of a sample in training, forward multiply-adds counted\n")
    print_table(["line", *(f"x {factor}" for factor in factors)], rows)
    print(f"\n{len(summary['rises'])} steps at which the cost rises by more than 15%", *summary["rises"], sep="\n  ")
    for failure in failures:
        print(f"WRONG: {failure}")
    if arguments.output:
        arguments.output.write_text(json.dumps({"machine": machine.describe(), "summary": summary}, indent=1) + "\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
