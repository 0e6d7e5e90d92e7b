"""What a layer call costs in Python: microseconds a layer in a Sequential model, a graph, and a subclass of Model.

The layers are dense, on one sample of four numbers: the arithmetic takes almost no time. All models have the same
layers, are called in turn in one process, and must return the same bits.

Then Python's part of a step of `fit` that is run from its recording: two dense layers, Adam, batches of 32, one metric.
The time of a step less that of the recorded calls of forward and backward pass, which are made alone for comparison.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import machine
import numpy as np

sys.path.append(str(Path(__file__).resolve().parent.parent))  # the sources, when tinynet is not installed

import tinynet as tn  # noqa: E402

LIMIT = 10.0  # microseconds a layer call over Sequential


def models(count: int) -> dict[str, tn.Model]:
    """Return {name: model} of `count` layers each; 'graph with additions' has as many additions too."""
    chain = [tn.layers.Dense(4, name=f"dense_{i}") for i in range(count)]

    class Own(tn.Model):
        def __init__(self):
            super().__init__()
            self.chain = chain

        def call(self, x):
            for layer in self.chain:
                x = layer(x)
            return x

    inputs = tn.Input((4,))
    x = y = inputs
    for layer in chain:
        x, y = layer(x), tn.layers.add([layer(y), y])
    return {"Sequential": tn.Sequential([tn.Input((4,)), *chain]), "graph": tn.Model(inputs, x), "subclass": Own(),
            "graph with additions": tn.Model(inputs, y)}


def seconds_a_call(model: tn.Model, x: tn.Tensor, calls: int, training: bool) -> float:
    """Return the mean time of a call."""
    start = time.perf_counter()
    for _ in range(calls):
        model(x, training=training)
    return (time.perf_counter() - start) / calls


class Epochs(tn.callbacks.Callback):
    """Measures the epochs of a `fit`, and the recorded calls alone. Without hooks for batches, it costs nothing a step.

    Args:
        inputs: The arrays of a batch.

    Attributes:
        seconds: Of each epoch.
        calls: Mean time of the recorded calls, measured after the last epoch.
    """

    def __init__(self, inputs: list[np.ndarray]) -> None:
        super().__init__()
        self.inputs, self.seconds, self.calls = inputs, [], 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.seconds.append(time.perf_counter() - self.start)
        if epoch + 1 < self.params["epochs"]:
            return
        recording = self.model._training_steps._last
        if recording is None:
            raise RuntimeError(f"the steps were not recorded: {self.model.explain_steps()}")
        start = time.perf_counter()
        for _ in range(1000):
            recording._calls.run(self.inputs, [])
        self.calls = (time.perf_counter() - start) / 1000


def recorded_step(steps: int, epochs: int) -> dict[str, float]:
    """Return the microseconds of a step of `fit`, of its recorded calls, and the difference."""
    tn.utils.set_random_seed(0)
    model = tn.Sequential([tn.Input((4,)), tn.layers.Dense(4, activation="relu"), tn.layers.Dense(3)])
    model.compile("adam", tn.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    random = np.random.default_rng(0)
    x = random.standard_normal((32 * steps, 4), np.float32)
    y = random.integers(0, 3, len(x))
    measured = Epochs([x[:32], y[:32]])
    model.fit(x, y, batch_size=32, epochs=epochs + 1, callbacks=[measured], verbose=0)
    step = 1e6 * statistics.median(measured.seconds[1:]) / steps  # the first epoch records
    calls = 1e6 * measured.calls
    return {"step": step, "recorded calls": calls, "Python's part": step - calls}


def main(argv: list[str] | None = None) -> int:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--layers", type=int, default=20, help="layers of a model")
    p.add_argument("--rounds", type=int, default=15, help="turns of each model; the median counts")
    p.add_argument("--calls", type=int, default=500, help="calls a turn")
    p.add_argument("--quick", action="store_true", help="show that it works, not how fast")
    p.add_argument("--output", type=Path, help="JSON file for the results")
    arguments = p.parse_args(argv)
    if arguments.quick:
        arguments.rounds, arguments.calls = 2, 5
    tn.set_num_threads(1)
    x = tn.Tensor(np.ones((1, 4), np.float32))
    contenders = models(arguments.layers)
    expected = contenders["Sequential"](x).numpy()
    for name in ("graph", "subclass"):
        if not np.array_equal(contenders[name](x).numpy(), expected):
            print(f"{name}: another result than that of Sequential")
            return 1
    summary: dict[str, Any] = {"layers": arguments.layers, "microseconds_a_layer": {}, "over_sequential": {}}
    for what, training in (("inference", False), ("training", True)):
        turns: dict[str, list[float]] = {name: [] for name in contenders}
        for _ in range(arguments.rounds):
            for name, model in contenders.items():
                turns[name].append(seconds_a_call(model, x, arguments.calls, training))
        medians = {name: 1e6 * statistics.median(times) / arguments.layers for name, times in turns.items()}
        summary["microseconds_a_layer"][what] = medians
        over = {name: medians[name] - medians["Sequential"] for name in medians}
        summary["over_sequential"][what] = over
        print(f"\n{what}: microseconds a layer call")
        for name in medians:
            print(f"  {name:<22}{medians[name]:>8.2f}   {over[name]:+8.2f} over Sequential")
    worst = max(over[name] for over in summary["over_sequential"].values() for name in ("graph", "subclass"))
    print(f"\nworst of graph and subclass: {worst:+.2f} microseconds over Sequential (limit {LIMIT:.0f})")
    summary["microseconds_a_recorded_step"] = parts = recorded_step(*((20, 1) if arguments.quick else (2000, 15)))
    print("\na step of fit from its recording, microseconds")
    for name, value in parts.items():
        print(f"  {name:<22}{value:>8.2f}")
    if arguments.output:
        arguments.output.write_text(json.dumps({"machine": machine.describe(), "summary": summary}, indent=1) + "\n")
    return 0 if arguments.quick or worst < LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
