"""A training step, a prediction of a batch and of one sample of a given network: their check and their table."""

from __future__ import annotations

import argparse
from typing import Any

import harness
import numpy as np
from harness import print_table

KINDS = "training,prediction,one_sample"


def chosen_kinds(p: argparse.ArgumentParser, text: str) -> list[str]:
    """Return the kinds that --kinds names; an unknown one ends the program with a message."""
    kinds = text.split(",")
    if unknown := set(kinds) - set(KINDS.split(",")):
        p.error(f"--kinds: unknown {', '.join(sorted(unknown))}; known: {KINDS}")
    return kinds


def check_of(kind: str, labels: np.ndarray, logits: np.ndarray, allowed: float) -> harness.Check:
    """Return a check of files that hold the predictions, or the losses of the first steps.

    Args:
        kind: One of `KINDS`.
        labels: Of the batch.
        logits: What the network predicts, in float64, for the batch or for one sample.
        allowed: The error that float32 may make, of the norm of all predictions.
    """

    def check(results):
        verdicts = {}
        for name, file in results.items():
            actual = np.load(file).astype(np.float64)
            if kind == "training":
                log_p = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
                loss = -log_p[np.arange(len(labels)), labels].mean()
                error = abs(actual[0] - loss) / max(abs(loss), float(np.abs(logits).max()))
                verdicts[name] = (bool(error <= allowed and actual[-1] < actual[0]),
                                  f"loss {actual[0]:.4f} to {actual[-1]:.4f}, float64 starts at {loss:.4f}")
            elif actual.shape != logits.shape:
                verdicts[name] = False, f"shape {actual.shape}"
            else:
                error = float(np.linalg.norm(actual - logits) / np.linalg.norm(logits))
                verdicts[name] = error <= allowed, f"at most {error / allowed:.2g} of the bound"
        return verdicts

    return check


def report(session: harness.Session, times: dict[str, dict[str, float]], title: str, sizes: str) -> dict[str, Any]:
    """Print the table of a session's contenders and return its numbers: as `table`."""
    return table(list(session.workers), times, title, sizes)


def table(names: list[str], times: dict[str, dict[str, float]], title: str, sizes: str,
          micro: bool = False) -> dict[str, Any]:
    """Print the table and return its numbers as a dict.

    Args:
        names: The contenders, in the order of the columns.
        times: {row: {contender: seconds}}.
        title: Above the table.
        sizes: Head of the first column.
        micro: Whether the times are in microseconds, not in milliseconds.
    """
    unit, factor = ("microseconds", 1e6) if micro else ("milliseconds", 1e3)
    summary: dict[str, Any] = {unit: {}, "ratio_to_fastest_peer": {}}
    rows = []
    for label, medians in times.items():
        summary[unit][label] = {name: factor * seconds for name, seconds in medians.items()}
        row = [label, *(f"{factor * medians[name]:.{0 if micro else 3}f}" if name in medians else "-"
                        for name in names)]
        best = min((medians[name] for name in medians if not name.startswith("tinynet")), default=None)
        if best and "tinynet" in medians:
            summary["ratio_to_fastest_peer"][label] = best / medians["tinynet"]
        ratio = summary["ratio_to_fastest_peer"].get(label)
        row.append(f"{ratio:.2f}" if ratio else "-")
        rows.append(row)
    print(f"\n{title}\n")
    print_table([sizes, *names, "fastest peer / tinynet"], rows)
    return summary
