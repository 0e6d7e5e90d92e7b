"""The cost model of data-parallel training: docs/guides/distribution.md has its formula.

What it needs of a machine, bench_distributed.py measures and stores: the seconds of computing and the bytes of each
model, the seconds of a message, the speed of sending and of adding. What it says of more machines is a prediction.
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


def step_seconds(ranks: int, compute: float, size: float, rate: float, latency: float, memory: float,
                 backward: float = BACKWARD) -> float:
    """Return the seconds of one step.

    Args:
        ranks: n.
        compute: Seconds that one rank computes for its batch.
        size: Bytes of the gradients.
        rate: Bytes a second of each rank's network.
        latency: Seconds of one message.
        memory: Bytes a second at which a rank adds.
        backward: The part of the computing that is the backward pass.

    >>> step_seconds(1, 0.5, 1e6, 1e9, 1e-5, 1e10)
    0.5
    """
    if ranks == 1:
        return compute
    buckets = max(1, round(size / bucket_size(int(size))))
    part = (ranks - 1) / ranks
    sending = 2 * part * size / rate + buckets * 2 * (ranks - 1) * latency
    adding = part * size / memory
    last = sending / buckets  # of the bucket that is complete when the backward pass ends
    return compute + adding + max(last, sending - backward * compute)


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


def predict(measured: Mapping[str, Any], up_to: int, latency: float | None, speed: float) -> None:
    """Print the efficiency of each measured model on 2, 4, ... ranks.

    Args:
        measured: `summary["model"]` of a results file of bench_distributed.py.
        up_to: The most ranks.
        latency: Seconds of one message of the network; those measured between two processes of one machine if None.
        speed: How many times as fast a rank computes as one thread of the machine that was measured.
    """
    latency, memory = measured["latency_s"] if latency is None else latency, measured["adding_bytes_per_s"]
    print("A prediction by a cost model, not a measurement. Efficiency: computing / step, each rank with the batch of "
          f"the course.\n{latency * 1e6:.0f} us a message, adding at {memory / 1e9:.1f} GB/s, computing {speed:g} "
          "times as fast as one thread of the machine that was measured")
    counts = [2**k for k in range(1, 11) if 2**k <= up_to]
    for name, size in measured["bytes"].items():
        seconds = measured["compute_s"][name] / speed
        print(f"\n{name}: {seconds * 1e3:.1f} ms a step, {size / 1e6:.1f} MB")
        for label, rate in RATES.items():
            efficiency = [seconds / step_seconds(n, seconds, size, rate, latency, memory) for n in counts]
            below = next((n for n, value in zip(counts, efficiency, strict=True) if value < 0.9), None)
            print(f"  {label:9}" + "".join(f" {n}:{value:4.0%}" for n, value in zip(counts, efficiency, strict=True))
                  + (f"   below 90% from {below} ranks on" if below else "   never below 90%"))
