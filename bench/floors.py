"""How fast the networks of bench_networks.py could be on a machine: `python bench/floors.py results/FILE.json`.

No program can take less time than

    arithmetic   its multiply-adds at the measured peak. A 3x3 convolution by Winograd's F(4x4) has a quarter of them.
    memory       its arrays at the measured speed of copies, if they do not fit into the last cache. Each result is
                 written once and read by the next layer; training reads it again, and writes and reads its gradient.

The floor is the larger of the two: it takes for granted that they overlap wholly, and that transforms, activations,
normalizations, optimizer steps and Python cost nothing. The last column is the best ratio to the fastest other library
that the machine allows anyone.
"""

from __future__ import annotations

import argparse
import json
from math import prod
from pathlib import Path
from typing import Any

from bench_networks import subjects
from harness import print_table
from networks import NETWORKS, Network

FLOAT = 4  # bytes
IN_PLACE = {"relu", "flatten"}  # rows that need no array of their own
FOLDED = {"relu", "flatten", "batch_norm", "add"}  # the same in prediction
PASSES = {"training": 3, "prediction": 1, "one_sample": 1}  # forward, gradient of the input, of the weights


def multiply_adds(network: Network, passes: int) -> float:
    """Count the multiply-adds for one sample; the first layer needs no gradient of its input.

    >>> multiply_adds(NETWORKS["dense"], 1)
    101632.0
    """
    shapes, total = network.shapes(), 0.0
    images = {"x", *(name for name, kind, inputs, _ in network.rows if kind == "flatten" and inputs == ("x",))}
    for name, kind, inputs, settings in network.rows:
        given, made = shapes[inputs[0]], shapes[name]
        if kind == "dense":
            products = given[-1] * made[-1]
        elif kind in ("conv", "depthwise"):
            side, channels = settings["side"], given[-1] if kind == "conv" else 1
            products = side**2 * channels * made[0] * made[1] * made[2]
            if kind == "conv" and side == 3 and settings.get("strides", 1) == 1 and min(given[-1], made[-1]) >= 16:
                products /= 4
        else:
            continue
        total += products * (min(passes, 2) if inputs[0] in images else passes)
    return float(total)


def bytes_moved(network: Network, batch: int, kind: str, cache: float) -> float:
    """Return the bytes between the cores and the memory; 0 if everything fits into `cache` bytes."""
    shapes = network.shapes()
    without = IN_PLACE if kind == "training" else FOLDED
    sizes = [FLOAT * batch * prod(shapes[name])
             for name in ("x", *(name for name, row, *_ in network.rows if row not in without))]
    held = sum(sizes) if kind == "training" else max(a + b for a, b in zip(sizes, sizes[1:], strict=False))
    return 0.0 if held <= cache else (5 if kind == "training" else 2) * sum(sizes)


def cache_bytes(described: dict[str, Any]) -> float:
    """Return the size of the last cache of a machine, as results files describe it ('32768K')."""
    sizes = [int(text.rstrip("K")) * 1024 for name, text in described["caches"].items() if "instruction" not in name]
    return float(max(sizes, default=0))


def rows_of(document: dict[str, Any]) -> list[list[str]]:
    """Return the table's rows for a results file of bench_networks.py."""
    peak = next(one for one in document["peaks"] if one["threads"] == document["threads"])
    cache, found = cache_bytes(document["machine"]), []
    times: dict[tuple[str, str], dict[str, float]] = {}
    for entry in document["measurements"]:
        if entry["passed"]:
            times.setdefault((entry["network"], entry["kind"]), {})[entry["contender"]] = entry["median_s"]
    measured = subjects(quick=False)
    for (name, kind), row in times.items():
        parameters = measured[name].parameters
        network = NETWORKS.get(parameters.get("network_name"))
        peers = [seconds for contender, seconds in row.items() if contender != "tinynet"]
        if network is None or "tinynet" not in row or not peers:
            continue
        batch = 1 if kind == "one_sample" else parameters["batch"]
        arithmetic = 2 * batch * multiply_adds(network, PASSES[kind]) / peak["float32_gflops"] / 1e9
        memory = bytes_moved(network, batch, kind, cache) / peak["copy_gb_per_s"] / 1e9
        floor = max(arithmetic, memory)
        found.append([name, kind.replace("_", " "), *(f"{1e3 * seconds:.3f}" for seconds in (
            row["tinynet"], arithmetic, memory)), f"{floor / row['tinynet']:.0%}",
            f"{min(peers) / row['tinynet']:.2f}", f"{min(peers) / floor:.2f}"])
    return found


def main(argv: list[str] | None = None) -> int:
    """Print the table."""
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("file", type=Path, help="a results file of bench_networks.py")
    document = json.loads(p.parse_args(argv).file.read_text())
    if document.get("script") != "bench_networks":
        p.error(f"{document.get('script')!r} is no results file of bench_networks.py")
    print(f"{document['machine']['cpu']}, {document['isa']}, {document['threads']} thread(s); milliseconds\n")
    print_table(["network", "what", "tinynet", "arithmetic", "memory", "floor / tinynet", "peer / tinynet",
                 "peer / floor"], rows_of(document))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
