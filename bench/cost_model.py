"""The cost model of data-parallel training: docs/guides/distribution.md has its formula.

What it needs of a machine, bench_distributed.py measures and stores: the seconds of computing and the bytes of each
model, the seconds of a message, the speed of sending and of adding; how much longer computing takes where two ranks
share the machine's memory and caches; what a step costs a rank because there are others. What it says of more machines
is a prediction.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parent.parent))  # the sources, when tinynet is not installed

from tinynet.distribution.buckets import bucket_size  # noqa: E402

RATES = {"1 Gb/s": 1e9 / 8, "10 Gb/s": 1e10 / 8, "100 Gb/s": 1e11 / 8}  # bytes a second
BACKWARD = 2 / 3  # the part of the computing that is the backward pass, during which buckets are sent


def slowdown(together: int, of_two: float) -> float:
    """Return how many times as long computing takes where ranks share the memory and the caches of one machine.

    s_m = 1 + (m - 1) (s_2 - 1): each further rank costs what the second one does.

    Args:
        together: m, the ranks on the machine.
        of_two: s_2, as measured: two independent runs side by side against one alone.

    >>> slowdown(1, 1.25), slowdown(2, 1.25), slowdown(4, 1.25)
    (1.0, 1.25, 1.75)
    """
    return 1.0 + (together - 1) * (max(of_two, 1.0) - 1.0)


def step_seconds(ranks: int, compute: float, size: float, rate: float, latency: float, memory: float,
                 backward: float = BACKWARD, sharing: float = 1.0, overhead: float = 0.0, on_machine: int = 1) -> float:
    """Return the seconds of one step.

    Args:
        ranks: n.
        compute: Seconds that one rank computes for its batch, alone on its machine.
        size: Bytes of the gradients.
        rate: Bytes a second of each machine's network; where all ranks are on one machine, between two of them.
        latency: Seconds of one message.
        memory: Bytes a second at which a rank adds.
        backward: The part of the computing that is the backward pass.
        sharing: s_2 of `slowdown`.
        overhead: Seconds that a step costs each rank because there are others, besides sending and adding.
        on_machine: m, the most ranks on one machine. They share its network.

    >>> step_seconds(1, 0.5, 1e6, 1e9, 1e-5, 1e10)
    0.5
    >>> step_seconds(2, 0.5, 0, 1e9, 0, 1e10, sharing=1.25, overhead=0.125, on_machine=2)
    0.75
    """
    if ranks == 1:
        return compute
    one_host = ranks <= on_machine
    together = min(ranks, on_machine)
    if one_host:
        backward = 0.0  # the cores that compute copy what is sent
    else:
        rate /= together
    compute *= slowdown(together, sharing)
    buckets = max(1, round(size / bucket_size(int(size), one_host=one_host)))
    part = (ranks - 1) / ranks
    sending = 2 * part * size / rate + buckets * 2 * (ranks - 1) * latency
    adding = part * size / memory
    last = sending / buckets  # of the bucket that is complete when the backward pass ends
    return compute + overhead + adding + max(last, sending - backward * compute)


def fit(seconds: Mapping[int, float], ranks: int = 2) -> tuple[float, float]:
    """Return (seconds of a message, bytes a second) from the times of exchanges of several sizes.

    By least squares of the relative errors of `2 (n - 1) latency + 2 (n - 1) / n size / rate`.

    Args:
        seconds: {bytes: seconds of a reduce-scatter without its additions, and an all-gather}.
        ranks: n.

    >>> latency, rate = fit({4: 20e-6 + 4e-9, 1_000_000: 20e-6 + 1e-3})
    >>> round(latency * 1e6, 3), round(rate / 1e6)
    (10.0, 1000)
    """
    import numpy as np

    sizes = np.array(list(seconds), float)
    times = np.array(list(seconds.values()), float)
    terms = np.stack([np.full_like(sizes, 2 * (ranks - 1)), 2 * (ranks - 1) / ranks * sizes], axis=1)
    (latency, inverse), *_ = np.linalg.lstsq(terms / times[:, None], np.ones_like(times), rcond=None)
    return max(float(latency), 1e-9), 1 / max(float(inverse), 1e-15)


def overhead_of(steps: Mapping[str, float], compute: Mapping[str, float], sizes: Mapping[str, float],
                sharing: Mapping[str, float], rate: float, latency: float, memory: float) -> float:
    """Return the seconds that a step costs each of two ranks on one machine beside what the other terms explain.

    By least squares of the relative errors over the models, so that a model of long steps hides nothing; never less
    than 0.

    Args:
        steps: {model: seconds of a step of two ranks that send after the backward pass}.
        compute, sizes, sharing: {model: ...} as of `step_seconds`.
        rate, latency, memory: As of `step_seconds`.

    >>> round(overhead_of({"a": 0.75}, {"a": 0.5}, {"a": 0}, {"a": 1.25}, 1e9, 0.0, 1e10), 6)
    0.125
    """
    weighted = weights = 0.0
    for name, seconds in steps.items():
        explained = step_seconds(2, compute[name], sizes[name], rate, latency, memory, sharing=sharing[name],
                                 on_machine=2)
        weighted += (seconds - explained) / seconds**2
        weights += 1 / seconds**2
    return max(weighted / weights, 0.0)


def predict(measured: Mapping[str, Any], up_to: int, latency: float | None, speed: float, on_machine: int = 1) -> None:
    """Print the efficiency of each measured model on 2, 4, ... ranks.

    Args:
        measured: `summary["model"]` of a results file of bench_distributed.py.
        up_to: The most ranks.
        latency: Seconds of one message of the network; those measured between two processes of one machine if None.
        speed: How many times as fast a rank computes as one thread of the machine that was measured.
        on_machine: Ranks on each machine.
    """
    latency, memory = measured["latency_s"] if latency is None else latency, measured["adding_bytes_per_s"]
    overhead = measured.get("overhead_s", 0.0) / speed  # files of before it was measured lack it
    slowdowns = measured.get("sharing", {})
    print("A prediction by a cost model, not a measurement. Efficiency: computing / step, each rank with the batch of "
          f"the course.\n{latency * 1e6:.0f} us a message, adding at {memory / 1e9:.1f} GB/s, computing {speed:g} "
          "times as fast as one thread of the machine that was measured, "
          f"{overhead * 1e3:.2f} ms a step for being several; ranks on a machine: {on_machine}")
    counts = [2**k for k in range(1, 11) if 2**k <= up_to]
    for name, size in measured["bytes"].items():
        seconds = measured["compute_s"][name] / speed
        print(f"\n{name}: {seconds * 1e3:.1f} ms a step, {size / 1e6:.1f} MB")
        for label, rate in RATES.items():
            efficiency = []
            for n in counts:
                # Ranks of one machine do not use the network.
                between = (measured["rate_bytes_per_s"], measured["latency_s"]) if n <= on_machine else (rate, latency)
                step = step_seconds(n, seconds, size, *between, memory, sharing=slowdowns.get(name, 1.0),
                                    overhead=overhead, on_machine=on_machine)
                efficiency.append(seconds / step)
            below = next((n for n, value in zip(counts, efficiency, strict=True) if value < 0.9), None)
            print(f"  {label:9}" + "".join(f" {n}:{value:4.0%}" for n, value in zip(counts, efficiency, strict=True))
                  + (f"   below 90% from {below} ranks on" if below else "   never below 90%"))
