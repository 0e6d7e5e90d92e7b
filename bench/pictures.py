"""Make the page of results: `python bench/pictures.py` reads results/*.json, writes results/README.md and a PNG a CPU.

A picture has a bar for each network that was measured beside peers: how many times as fast as the fastest of them
tinynet was. The page has the same numbers, those of the other scripts, the machine, the commits, dates and versions.
What is written depends on the results files alone. Each PNG holds a digest of what it shows: without drawing it again,
a test can tell whether it is out of date.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import struct
import sys
from pathlib import Path
from typing import Any, NamedTuple

import machine
from harness import geometric_mean

RESULTS = Path(__file__).resolve().parent / "results"
KINDS = {"training": "a training step", "prediction": "a predicted batch", "one_sample": "one sample",
         "epoch": "an epoch of training"}
COLOURS = {"training": "#1f5fa8", "prediction": "#3f9c72", "one_sample": "#d98a1f", "epoch": "#6d5aa8"}
STYLE = 1  # raise it when `draw` changes: the digests of all pictures change with it
WIDEST = 6.0  # a bar beyond is cut off, its number stays


class Bar(NamedTuple):
    """A ratio: the fastest peer's time divided by tinynet's."""

    label: str
    kind: str
    ratio: float


class Machine:
    """The results files of one CPU and one instruction set.

    Args:
        documents: {file name: content}, sorted by name.
    """

    def __init__(self, documents: dict[str, dict[str, Any]]) -> None:
        self.documents = documents
        newest = max(documents.values(), key=lambda document: document["date"])
        self.cpu, self.isa, self.described = newest["machine"]["cpu"], newest["isa"], newest["machine"]
        self.picture = f"{machine.slug(self.cpu)}-{machine.slug(self.isa)}.png"

    def bars(self) -> list[Bar]:
        """Return what the picture shows."""
        found = []
        for document in self.documents.values():
            summary = document["summary"]
            if document["script"] == "bench_networks":
                names = dict.fromkeys(entry["network"] for entry in document["measurements"])
                found += [Bar(name, kind, summary[kind]["ratio_to_fastest_peer"][name]) for name in names
                          for kind in KINDS if name in summary.get(kind, {}).get("ratio_to_fastest_peer", {})]
        for document in self.documents.values():
            if document["script"] == "bench_training":
                found += [Bar(name, "epoch", ratio)
                          for name, ratio in document["summary"]["ratio_to_fastest_peer"].items()]
        return found

    def digest(self) -> str:
        """Return a digest of what the picture shows."""
        shown = [STYLE, self.cpu, self.isa, self.threads(), [[*bar[:2], round(bar.ratio, 4)] for bar in self.bars()]]
        return hashlib.sha256(json.dumps(shown).encode()).hexdigest()

    def threads(self) -> str:
        """Return the numbers of threads of all files."""
        return " or ".join(map(str, sorted({document["threads"] for document in self.documents.values()})))

    def versions(self) -> list[str]:
        """Return a line for each contender with the versions in which it was measured."""
        found: dict[str, dict[str, dict[str, None]]] = {}
        for document in self.documents.values():
            for name, versions in document["versions"].items():
                for library, version in versions.items():
                    found.setdefault(name, {}).setdefault(library, {})[str(version)] = None
        return [f"- `{name}`: " + ", ".join(f"{library} {' or '.join(found[name][library])}" for library in found[name])
                for name in sorted(found)]


def load(folder: Path = RESULTS) -> list[Machine]:
    """Return the machines of the results files, in the order of their names. Files without peers are left out."""
    found: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for path in sorted(folder.glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        if "format" in document and any(ratios_of(document).values()):
            found.setdefault((document["machine"]["cpu"], document["isa"]), {})[path.name] = document
    return [Machine(found[key]) for key in sorted(found)]


def ratios_of(document: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Return {kind or script: {row: the fastest peer's time / tinynet's}} of a results file."""
    summary = document["summary"]
    if document["script"] == "bench_networks":
        return {kind: summary[kind]["ratio_to_fastest_peer"] for kind in KINDS if kind in summary}
    key = next((key for key in ("ratio_to_fastest_peer", "step_ratio_to_fastest_peer") if key in summary), None)
    return {document["script"]: summary[key]} if key else {}


def table(header: list[str], rows: list[list[str]]) -> list[str]:
    """Return the lines of a Markdown table; the first column is text, the others are right-aligned."""
    return [f"| {' | '.join(header)} |", "|---|" + "--:|" * (len(header) - 1),
            *(f"| {' | '.join(row)} |" for row in rows), ""]


def of_networks(document: dict[str, Any]) -> list[str]:
    """Return the table of a file of bench_networks.py: its times, ratios and memory."""
    rows, memory = [], document["summary"].get("peak_memory_mb", {})
    for name, title in {entry["network"]: entry["title"] for entry in document["measurements"]}.items():
        for kind in KINDS:
            part = document["summary"].get(kind, {})
            unit, letters = ("microseconds", "us") if "microseconds" in part else ("milliseconds", "ms")
            times = dict(part.get(unit, {}).get(name, {}))
            own, ratio = times.pop("tinynet", None), part.get("ratio_to_fastest_peer", {}).get(name)
            if own is None or ratio is None:
                continue
            fastest = min(times, key=lambda contender: times[contender])
            held = memory.get(name, {}) if kind == "training" else {}
            rows.append([title, KINDS[kind], f"{own:.3g} {letters}", f"{times[fastest]:.3g} {letters}", fastest,
                         f"{ratio:.2f}", *(f"{held[key]:.0f}" if key in held else "" for key in ("tinynet", "torch"))])
    lines = table(["network", "what", "tinynet", "fastest peer", "which", "ratio", "tinynet, MB", "torch, MB"], rows)
    means = document["summary"]["geometric_mean_of_ratio"]
    return [*lines, "Geometric means of the ratios: " +
            ", ".join(f"{KINDS[kind]} {mean:.2f}" for kind, mean in means.items()) + ".", ""]


def page(machines: list[Machine]) -> str:
    """Return the text of results/README.md."""
    lines = ["# Measured", "",
             "Made by `python bench/pictures.py` from the files in this folder. Ratio: the time of the fastest peer in",
             "a row, divided by tinynet's; above 1, tinynet is faster. [How it is measured](../README.md).",
             "A `+` after a commit: with local changes. These are ratios on one machine on one day, and no promise for",
             "another CPU.", ""]
    for one in machines:
        known = one.described
        caches = ", ".join(f"{name} {size}" for name, size in known["caches"].items())
        kind = ", a virtual machine" if known["hypervisor"] else ""
        lines += [f"## {one.cpu}, {one.isa}", "",
                  f"Family {known['family']}, model {known['model']}; {one.threads()} thread(s) of {known['cpus']} "
                  f"CPUs{kind}; {caches}; {known['memory_gb']} GB of memory.", ""]
        if one.bars():
            lines += [f"![Bars: how many times as fast as the fastest peer]({one.picture})", ""]
        for document in one.documents.values():
            if document["script"] == "bench_networks":
                lines += [f"### bench_networks, commit {document['commit']}", "", *of_networks(document)]
        for document in one.documents.values():
            if document["script"] != "bench_networks":
                [(script, ratios)] = ratios_of(document).items()
                lines += [f"### {script}, commit {document['commit']}", "",
                          *table(["row", "ratio"], [[row, f"{ratio:.2f}"] for row, ratio in ratios.items()])]
                if len(ratios) > 1:
                    lines += [f"Geometric mean: {geometric_mean(ratios.values()):.2f}.", ""]
        lines += ["### Runs", "", *table(["file", "commit", "date", "load before", "command"], [
            [f"[{file}]({file})", str(document["commit"]), document["date"][:10],
             str(document["machine"]["load_before"]), f"`{document['command']}`"]
            for file, document in one.documents.items()]), "Contenders:", "", *one.versions(), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def draw(one: Machine, path: Path) -> None:
    """Write the picture of a machine.

    Args:
        one: The machine.
        path: Of the PNG.

    Raises:
        ModuleNotFoundError: matplotlib is missing.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    bars = one.bars()
    # One slot a bar, and a gap between the groups of one label.
    positions, ticks, y = [], {}, 0.0
    for i, bar in enumerate(bars):
        y += 0.6 if i and bar.label != bars[i - 1].label else 0.0
        positions.append(y)
        ticks.setdefault(bar.label, []).append(y)
        y += 1.0
    with rc_context({"font.family": "DejaVu Sans", "font.size": 10, "text.color": "#222222",
                     "axes.labelcolor": "#222222", "xtick.color": "#222222", "ytick.color": "#222222"}):
        figure = Figure(figsize=(9, 1.3 + 0.2 * y), dpi=100, facecolor="white", layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot(facecolor="white")
        for kind in KINDS:
            chosen = [(at, bar.ratio) for at, bar in zip(positions, bars, strict=True) if bar.kind == kind]
            if chosen:
                axes.barh([at for at, _ in chosen], [min(ratio, WIDEST) for _, ratio in chosen], 0.9,
                          color=COLOURS[kind], label=KINDS[kind])
        for at, bar in zip(positions, bars, strict=True):
            axes.text(min(bar.ratio, WIDEST) + 0.05, at, f"{bar.ratio:.2f}", va="center", fontsize=8)
        axes.axvline(1, color="#222222", linewidth=1)
        axes.set_yticks([sum(at) / len(at) for at in ticks.values()], list(ticks))
        axes.set_ylim(y - 0.4, -0.6)
        axes.set_xlim(0, min(max(bar.ratio for bar in bars), WIDEST) + 0.5)
        axes.set_xlabel("time of the fastest other library / time of tinynet")
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_title(f"{one.cpu}, {one.isa}, {one.threads()} thread(s): right of the line tinynet is faster",
                       fontsize=10, loc="left")
        axes.legend(loc="lower right", fontsize=9, framealpha=1)
        figure.savefig(path, metadata={"Software": None, "Description": one.digest()})


def digest_in(path: Path) -> str | None:
    """Return the digest that a PNG holds; None if there is none."""
    content = path.read_bytes()
    at = 8
    while at + 8 <= len(content):
        length, = struct.unpack(">I", content[at:at + 4])
        if content[at + 4:at + 8] == b"tEXt":
            key, _, text = content[at + 8:at + 8 + length].partition(b"\0")
            if key == b"Description":
                return text.decode("latin-1")
        at += 12 + length
    return None


def main(argv: list[str] | None = None) -> int:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--folder", type=Path, default=RESULTS, help="of the results files; the page goes there too")
    folder = p.parse_args(argv).folder
    machines = load(folder)
    (folder / "README.md").write_text(page(machines), encoding="utf-8")
    shown = [one for one in machines if one.bars()]
    for one in shown:
        draw(one, folder / one.picture)
    for path in set(folder.glob("*.png")) - {folder / one.picture for one in shown}:
        path.unlink()
    print(f"{len(machines)} machine(s), {len(shown)} picture(s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
