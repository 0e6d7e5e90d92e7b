"""Ten small networks beside all peers: a training step with Adam, a predicted batch, one sample.

The networks are those of networks.py, the recurrent layers of bench_recurrent.py and the block of bench_attention.py.
All contenders start from the same weights. ONNX Runtime predicts with the file that tinynet exports.

Every result is compared with float64. A prediction may be off by the rounding errors of all its sums, in the norm of
the whole array; the first step's loss likewise, and the loss of the third step must be smaller.

Each network gets processes of its own, so that the peak memory of its training counts nothing else. With --output, one
network can be measured at a time; --join makes one results file of such parts.
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bench_attention
import bench_recurrent
import harness
import kinds
import numpy as np
from harness import geometric_mean, print_table
from kinds import KINDS, check_of, chosen_kinds
from networks import NETWORKS, Padding, logits_of
from peers import arrays

PEERS = "torch,torch-cl,torch-compile,keras-jax,onnx"


@dataclass(frozen=True)
class Subject:
    """A row of the table.

    Args:
        title: For the report.
        task: A key of the peers' TASKS.
        parameters: The task's arguments, but for the kind.
        check: Function from a kind to the check of its results.
        kinds: What is measured.
    """

    title: str
    task: str
    parameters: dict[str, Any]
    check: Callable[[str], harness.Check]
    kinds: tuple[str, ...] = tuple(KINDS.split(","))


def of_rows(name: str, batch: int, **settings: Any) -> Subject:
    """Return the subject of a network of networks.py."""
    return Subject(f"{NETWORKS[name].title}, batch {batch}", "network", {"network_name": name, "batch": batch},
                   functools.partial(network_check, name, batch), **settings)


def of_recurrent(layer: str, shape: str) -> Subject:
    """Return the subject of a recurrent layer, as in bench_recurrent.py."""
    [sizes] = bench_recurrent.parse_shapes(shape)
    return Subject(f"{layer.upper()} of {sizes['units']} units over {sizes['steps']} steps of {sizes['features']}, "
                   f"batch {sizes['batch']}", "recurrent", {"layer": layer, **sizes},
                   lambda kind: bench_recurrent.make_check(kind, layer, sizes))


def of_attention(shape: str) -> Subject:
    """Return the subject of an encoder block, as in bench_attention.py."""
    [sizes] = bench_attention.parse_shapes(shape)
    return Subject(f"attention block: {sizes['heads']} heads, {sizes['steps']} tokens of {sizes['features']}, "
                   f"feed-forward {sizes['hidden']}, batch {sizes['batch']}", "encoder", sizes,
                   lambda kind: bench_attention.make_check(kind, sizes))


def subjects(quick: bool) -> dict[str, Subject]:
    """Return all rows by name; `quick` makes the batches and sequences tiny."""

    def batch(size):
        return 2 if quick else size

    recurrent = bench_recurrent.QUICK_SHAPES if quick else "32x100x64x64"
    return {
        "dense_32": of_rows("dense", batch(32)),
        # One sample is the same network as in the row before.
        "dense_128": of_rows("dense", batch(128), kinds=("training", "prediction")),
        "cnn": of_rows("cnn", batch(128)),
        "batch_norm": of_rows("batch_norm", batch(128)),
        "rgb": of_rows("rgb", batch(64)),
        "residual": of_rows("residual", batch(64)),
        "separable": of_rows("separable", batch(64)),
        "lstm": of_recurrent("lstm", recurrent),
        "gru": of_recurrent("gru", recurrent),
        "attention": of_attention(bench_attention.QUICK_SHAPES if quick else "32x64x64x4x256"),
    }


@functools.cache
def _given(name: str, batch: int) -> Any:
    return arrays.network(name, batch)


@functools.cache
def _logits(name: str, batch: int, kind: str, padding: Padding) -> np.ndarray:
    x, _, weights = _given(name, batch)
    return logits_of(NETWORKS[name], x[:1] if kind == "one_sample" else x, weights, kind == "training", padding)


def network_check(name: str, batch: int, kind: str) -> harness.Check:
    """Return a check of the files that a turn of one kind writes, each against its library's own padding."""
    labels = _given(name, batch)[1]
    # Each term of a sum may be rounded, and what a layer has lost the layers after it keep.
    allowed = NETWORKS[name].terms() * 2.0**-24

    def check(results):
        verdicts = {}
        for padding in ("after", "around"):
            some = {contender: file for contender, file in results.items()
                    if (padding == "around") == contender.startswith("torch")}
            if some:
                verdicts |= check_of(kind, labels, _logits(name, batch, kind, padding), allowed)(some)
        return verdicts

    return check


def measure(session: harness.Session, chosen: dict[str, Subject], wanted: list[str], seconds: float) -> None:
    """Measure the rows, kind by kind, in processes of their own."""
    for number, (name, subject) in enumerate(chosen.items()):
        if number:
            session.renew()
        files: dict[str, dict[str, Any]] = {}
        if "onnx" in session.workers and set(wanted) & {"prediction", "one_sample"}:
            file = str(Path(session.folder.name) / f"{name}.onnx")
            if session.export_onnx(subject.task, {"kind": "prediction", **subject.parameters}, file):
                files["onnx"] = {"file": file}
        for kind in (kind for kind in subject.kinds if kind in wanted):
            names = [key for key in session.workers if key != "onnx" or (files and kind != "training")]
            session.compare({"kind": kind, "network": name, "title": subject.title}, subject.task,
                            {"kind": kind, **subject.parameters}, subject.check(kind), calls=10_000, seconds=seconds,
                            warm_turn=True, names=names, more=files)


def report(measurements: list[dict[str, Any]], names: list[str], threads: int) -> dict[str, Any]:
    """Print the tables and return their numbers as a dict.

    Args:
        measurements: As in a results file; those that failed their check do not count.
        names: The contenders, in the order of the columns.
        threads: Of each contender.
    """
    summary: dict[str, Any] = {"geometric_mean_of_ratio": {}}
    for kind in KINDS.split(","):
        times: dict[str, dict[str, float]] = {}
        for entry in measurements:
            if entry["kind"] == kind and entry["passed"]:
                times.setdefault(entry["network"], {})[entry["contender"]] = entry["median_s"]
        if times:
            heading = f"{kind.replace('_', ' ')}, float32, {'micro' if kind == 'one_sample' else 'milli'}seconds on " \
                      f"{threads} thread(s)"
            columns = [name for name in names if any(name in row for row in times.values())]
            summary[kind] = kinds.table(columns, times, heading, "network", micro=kind == "one_sample")
            mean = geometric_mean(summary[kind]["ratio_to_fastest_peer"].values())
            if mean:
                summary["geometric_mean_of_ratio"][kind] = mean
                print(f"\nGeometric mean of the ratios, {kind.replace('_', ' ')}: {mean:.2f}")
    memory: dict[str, dict[str, float]] = {}
    for entry in measurements:
        if entry["kind"] == "training" and entry["peak_memory_mb"] is not None:
            memory.setdefault(entry["network"], {})[entry["contender"]] = entry["peak_memory_mb"]
    if memory:
        summary["peak_memory_mb"] = memory
        columns = [name for name in names if any(name in row for row in memory.values())]
        print("\nPeak memory of training in MB: of the whole process, libraries included\n")
        print_table(["network", *columns, "torch / tinynet"], [
            [name, *(f"{row[key]:.0f}" if key in row else "-" for key in columns),
             f"{row['torch'] / row['tinynet']:.2f}" if {"torch", "tinynet"} <= set(row) else "-"]
            for name, row in memory.items()])
    print()
    for name, title in {entry["network"]: entry["title"] for entry in measurements}.items():
        print(f"{name}: {title}")
    return summary


# What parts must share to stand in one file.
SHARED = ("format", "script", "commit", "threads", "isa", "rounds", "pause_s", "versions")


def join(files: list[str], output: str | None) -> int:
    """Make one results file of parts that were measured by the same code on the same machine; return the exit status.

    Args:
        files: Of --output.
        output: Where to; in results/ if None.

    Raises:
        ValueError: two parts differ in the machine, the commit or the settings, or measured the same.
    """
    parts = [json.loads(Path(file).read_text()) for file in files]
    whole = dict(parts[0], date=max(part["date"] for part in parts))
    for file, part in zip(files, parts, strict=True):
        different = [key for key in SHARED if part[key] != whole[key]]
        different += [key for key in part["machine"]
                      if key != "load_before" and part["machine"][key] != whole["machine"][key]]
        if different:
            raise ValueError(f"--join: {Path(file).name} and {Path(files[0]).name} differ in {', '.join(different)}; "
                             "measure all parts with the same code and options on one machine")
    whole["commands"] = [part["command"] for part in parts]
    whole["command"] = harness.command_line(sys.argv)
    loads = [part["machine"]["load_before"] for part in parts if part["machine"]["load_before"] is not None]
    whole["machine"] = dict(whole["machine"], load_before=max(loads, default=None))
    whole["peaks"] = [
        {key: max(part["peaks"][i][key] for part in parts) if key.endswith(("gflops", "per_s")) else value
         for key, value in peak.items()} for i, peak in enumerate(parts[0]["peaks"])]
    whole["skipped"] = {name: reason for part in parts for name, reason in part["skipped"].items()}
    whole["failures"] = [failure for part in parts for failure in part["failures"]]
    whole["measurements"] = [entry for part in parts for entry in part["measurements"]]
    seen = [(entry["network"], entry["kind"], entry["contender"]) for entry in whole["measurements"]]
    if twice := sorted({key for key in seen if seen.count(key) > 1}):
        raise ValueError(f"--join: {', '.join(twice[0])} stands in two parts; leave one of them out")
    whole["summary"] = report(whole["measurements"], list(whole["versions"]), whole["threads"])
    harness.store(whole, output)
    for failure in whole["failures"]:
        print(f"FAILED {failure}")
    return 1 if whole["failures"] else 0


def main(argv: list[str] | None = None) -> int:
    p = harness.parser(__doc__.splitlines()[0], f"tinynet,{PEERS}", rounds=5)
    rows = ",".join(subjects(quick=False))
    p.add_argument("--networks", default=rows, metavar="NAME,...", help="any of " + rows)
    p.add_argument("--kinds", default=KINDS, metavar="KIND,...", help="any of " + KINDS)
    p.add_argument("--seconds", type=float, default=0.3, help="length of a turn")
    p.add_argument("--join", nargs="+", metavar="FILE", help="measure nothing: make one results file of such parts")
    arguments = harness.parse(p, argv)
    if arguments.join:
        try:
            return join(arguments.join, arguments.output)
        except ValueError as error:
            p.error(str(error))
    if arguments.quick:
        arguments.seconds = min(arguments.seconds, 0.005)
    chosen, every = arguments.networks.split(","), subjects(arguments.quick)
    if unknown := set(chosen) - set(every):
        p.error(f"--networks: unknown {', '.join(sorted(unknown))}; known: {rows}")
    wanted = chosen_kinds(p, arguments.kinds)

    with harness.Session(arguments, arguments.contenders) as session:
        session.measure_peaks()
        measure(session, {name: every[name] for name in every if name in chosen}, wanted, arguments.seconds)
        session.measure_peaks()
        return session.finish(report(session.measurements, list(session.versions), arguments.threads))


if __name__ == "__main__":
    sys.exit(main())
