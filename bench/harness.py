"""Measure tinynet beside other libraries: one process each, turn by turn, results checked.

Two OpenMP runtimes in one process compete for the cores (an idle one spins). A machine's speed changes over minutes.
So every contender is a worker process of its own, started once (worker.py). The coordinator lets them take turns,
A B C A B C ...: one works while the others sleep. The result is the median over the rounds.

The scripts bench_*.py define what is measured; peers/ has the code of each library.
"""

from __future__ import annotations

import argparse
import datetime
import json
import math
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import machine
from worker import CONTENDERS, HERE, ROOT, Worker, WorkerError

# Function from {contender: result, or the file that holds it} to {contender: (passed, text for the results file)}.
Check: TypeAlias = Callable[[dict[str, Any]], dict[str, tuple[bool, str]]]


class Session:
    """The contenders of one script, in a `with` block: those that run, those that are missing, and the measurements.

    Args:
        arguments: What `parse` returned.
        names: The contenders.
    """

    def __init__(self, arguments: argparse.Namespace, names: Sequence[str]) -> None:
        self.arguments = arguments
        self.skipped: dict[str, str] = {}
        self.failures: list[str] = []
        self.measurements: list[dict[str, Any]] = []
        self.peaks: list[dict[str, Any]] = []
        self.machine = machine.describe()
        self.workers: dict[str, Worker] = {}
        self.folder = tempfile.TemporaryDirectory()
        for name in names:
            try:
                self.workers[name] = self._start(name, arguments.threads, arguments.isa)
            except WorkerError as error:
                self._drop(name, error)
        self.versions = {name: worker.versions for name, worker in self.workers.items()}
        self._peak_workers = self._start_peaks()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *exception: object) -> None:
        for worker in [*self.workers.values(), *(worker for _, _, worker in self._peak_workers)]:
            worker.close()
        self.folder.cleanup()

    def _start(self, name, threads, isa):
        return Worker(name, self.python_of(name), threads, isa, self.arguments.timeout)

    def python_of(self, name: str) -> str:
        """Return a contender's interpreter: --python for it or its family (torch for torch-malloc), else --peer-python.
        """
        family = name.split("-")[0]
        default = sys.executable if family == "tinynet" else self.arguments.peer_python
        return self.arguments.python.get(name, self.arguments.python.get(family, default))

    def _drop(self, name, error, subject=""):
        self.skipped.setdefault(name, f"{subject}{error}")
        progress(f"  {name}: {'skipped' if error.missing else 'FAILED'}: {subject}{error}")
        if not error.missing:
            self.failures.append(f"{name}: {subject}{error}")

    def _start_peaks(self):
        """Start the workers that measure the machine: on all threads and on one, at its widest set and at --isa's."""
        quick = self.arguments.quick
        size = {"seconds": 0.002, "megabytes": 8} if quick else {"seconds": 0.1, "megabytes": 256}
        widths = [None] + ([self.arguments.isa] if self.arguments.isa else [])
        workers = []
        try:
            for threads in sorted({1, self.arguments.threads}, reverse=True):
                for isa in widths:
                    workers.append((threads, isa, self._start("tinynet", threads, isa)))
                    workers[-1][2].ask("prepare", task="peak", parameters=size)
        except WorkerError as error:
            progress(f"  the machine's peak was not measured: {error}")
            for _, _, worker in workers:
                worker.close()
            return []
        return workers

    def renew(self) -> None:
        """Start the contenders' processes anew: what they still hold of an earlier case then counts no more."""
        for name, worker in list(self.workers.items()):
            worker.close()
            try:
                self.workers[name] = self._start(name, self.arguments.threads, self.arguments.isa)
            except WorkerError as error:
                del self.workers[name]
                self._drop(name, error)

    def export_onnx(self, task: str, parameters: dict[str, Any], file: str) -> bool:
        """Write the model of one of tinynet's tasks as an ONNX file; where that cannot be, drop the contender onnx.

        Args:
            task, parameters: As for `compare`.
            file: Its path.

        Returns:
            Whether the file is there.
        """
        worker = None
        try:
            worker = self._start("tinynet", self.arguments.threads, self.arguments.isa)
            worker.ask("prepare", task="export", parameters={"task": task, "parameters": parameters, "file": file})
            worker.ask("turn", seconds=0, calls=1, warm=0)
        except WorkerError as error:
            self._drop("onnx", error, f"{task}: ")
            return False
        finally:
            if worker:
                worker.close()
        return True

    def measure_peaks(self) -> None:
        """Measure the machine's peaks in a few turns. Call it before and after the contenders: the best turn counts."""
        for _, _, worker in self._peak_workers:
            for _ in range(5 if self.arguments.quick else 3):
                worker.ask("turn", seconds=0, calls=1, warm=0)
        self.peaks = [
            {"threads": threads, "isa": worker.versions["isa"],
             **{key: round(value, 1) for key, value in worker.ask("result", path="")["result"].items()}}
            for threads, _, worker in self._peak_workers
        ]

    def peak(self, name: str = "float32_gflops", isa: str | None = None) -> float | None:
        """Return the peak on all threads; None if it was not measured, and with --quick, which measures too briefly.

        Args:
            name: 'float32_gflops', 'float64_gflops' or 'copy_gb_per_s'.
            isa: The instruction set; the widest if None.
        """
        if self.arguments.quick:
            return None
        for peak in self.peaks:
            if peak["threads"] == self.arguments.threads and isa in (None, peak["isa"]):
                return peak[name]
        return None

    def compare(self, subject: dict[str, Any], task: str, parameters: dict[str, Any], check: Check, calls: int,
                seconds: float = 0.0, warm_turn: bool = False, names: Sequence[str] | None = None,
                more: dict[str, dict[str, Any]] | None = None) -> dict[str, float]:
        """Let the contenders do one task in turns, check their results, and store the times.

        Args:
            subject: Dict that names what is measured.
            task: A key of the peers' TASKS.
            parameters: The arguments of the task.
            check: Function from {contender: result} to {contender: (passed, text)}.
            calls, seconds: A turn ends after so many calls or seconds. One untimed call goes before a turn, unless a
                turn is one call.
            warm_turn: Let all contenders take an untimed turn first, for what they compile or allocate at first use.
            names: The contenders that take part; all if None.
            more: {contender: further arguments of its task}.

        Returns:
            {contender: median seconds} of those that passed.
        """
        label = f"{', '.join(f'{key} {value}' for key, value in subject.items())}: "
        names = [name for name in self.workers if names is None or name in names]
        taking_part: dict[str, list[float]] = {name: [] for name in names}

        def ask(name, what, **message):
            try:
                return self.workers[name].ask(what, **message)
            except WorkerError as error:
                self._drop(name, error, label)
                taking_part.pop(name, None)
                return None

        for name in names:
            ask(name, "prepare", task=task, parameters=parameters | (more or {}).get(name, {}))
        for number in range(-1 if warm_turn else 0, self.arguments.rounds):
            for name in list(taking_part):
                time.sleep(self.arguments.pause)
                reply = ask(name, "turn", seconds=seconds, calls=calls, warm=0 if calls == 1 else 1)
                if reply and number >= 0:
                    taking_part[name].append(reply["seconds"])
        results, memory = {}, {}
        for name in list(taking_part):
            reply = ask(name, "result", path=str(Path(self.folder.name) / f"{name}.npy"))
            if reply:
                results[name] = reply.get("result", reply.get("file"))
                memory[name] = reply["peak_memory_mb"]
        medians = {}
        for name, (passed, text) in check(results).items():
            times = taking_part[name]
            self.measurements.append({
                **subject, "contender": name, "median_s": statistics.median(times), "min_s": min(times),
                "max_s": max(times), "rounds_s": times, "peak_memory_mb": memory[name], "check": text,
                "passed": passed,
            })
            if passed:
                medians[name] = statistics.median(times)
            else:
                self.failures.append(f"{label}{name} computed something else: {text}")
                progress(f"  {label}{name} FAILED its check and does not count: {text}")
        return medians

    def finish(self, summary: dict[str, Any]) -> int:
        """Print the machine, the versions and the failures, store the results, and return the exit status.

        Args:
            summary: The script's table, as a dict.
        """
        arguments = self.arguments
        print()
        for peak in self.peaks:
            print(f"Measured peak on {peak['threads']} thread(s), {peak['isa']}: "
                  f"{peak['float32_gflops']:.0f} GFLOPS float32, {peak['float64_gflops']:.0f} float64; "
                  f"copy {peak['copy_gb_per_s']:.0f} GB/s (read + written).")
        print(f"{self.machine['cpu']}, {arguments.threads} of {self.machine['cpus']} CPUs, "
              f"load before {self.machine['load_before']}; medians of {arguments.rounds} rounds.")
        for name, versions in self.versions.items():
            print(f"{name}: {CONTENDERS[name].note} ({', '.join(f'{k} {v}' for k, v in versions.items())})")
        for name, reason in self.skipped.items():
            print(f"{name}: not measured: {reason}")
        if arguments.quick:
            print("With --quick the sizes are tiny: the numbers show only that the bench works.")
        document = {
            "format": 1, "script": Path(sys.argv[0]).stem, "command": command_line(sys.argv), "commit": commit(),
            "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "machine": self.machine, "threads": arguments.threads,
            "isa": self.versions.get("tinynet", {}).get("isa", "none"), "rounds": arguments.rounds,
            "pause_s": arguments.pause, "peaks": self.peaks, "versions": self.versions, "skipped": self.skipped,
            "failures": self.failures, "summary": summary, "measurements": self.measurements,
        }
        if arguments.output is not None or not arguments.quick:
            store(document, arguments.output)
        for failure in self.failures:
            print(f"FAILED {failure}")
        if not self.measurements:
            print("Nothing was measured: no contender is installed.")
        return 1 if self.failures or not self.measurements else 0


def store(document: dict[str, Any], output: str | None) -> None:
    """Write a results file.

    Args:
        document: Its content.
        output: Its path; by script, CPU and instruction set in results/ if None.
    """
    name = f"{document['script']}-{machine.slug(document['machine']['cpu'])}-{machine.slug(document['isa'])}.json"
    path = HERE / "results" / name if output is None else Path(output)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(document, indent=1)
    path.write_text(re.sub(r"\[\s+([-0-9.e,\s]+?)\s+\]", lambda m: f"[{' '.join(m[1].split())}]", text) + "\n")
    print(f"Stored in {path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}.")


def parser(description: str, contenders: str, rounds: int) -> argparse.ArgumentParser:
    """Return a parser of the options that all scripts have.

    Args:
        description: For --help.
        contenders: The default of --contenders.
        rounds: The default of --rounds.
    """
    p = argparse.ArgumentParser(description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    p.add_argument("--contenders", default=contenders, metavar="A,B,...", help=f"any of {', '.join(CONTENDERS)}")
    p.add_argument("--threads", type=int, default=len(machine.usable_cpus()), help="of each contender, by affinity too")
    p.add_argument("--rounds", type=int, default=rounds, help="turns of each contender")
    p.add_argument("--pause", type=float, default=0.25, metavar="S",
                   help="idle seconds before a turn, for the others' spinning threads (up to 0.2 s) to fall asleep")
    p.add_argument("--isa", choices=("baseline", "avx2", "avx512", "amx"), help="tinynet's instruction set, if not the "
                   "widest; avx2 limits the others to it too")
    p.add_argument("--peer-python", default=sys.executable, metavar="PATH", help="interpreter of all but tinynet")
    p.add_argument("--python", action="append", default=[], metavar="NAME=PATH",
                   help="interpreter of one contender, or of a family such as torch")
    p.add_argument("--timeout", type=float, default=900.0, metavar="S", help="end a worker after this long")
    p.add_argument("--output", metavar="FILE", help="where to store the results, if not in bench/results/")
    p.add_argument("--quick", action="store_true", help="tiny sizes, to see that it works; stores only in --output")
    return p


def parse(p: argparse.ArgumentParser, argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the options and check them. --quick shortens pauses and rounds."""
    arguments = p.parse_args(argv)
    arguments.contenders = arguments.contenders.split(",")
    for name in arguments.contenders:
        if name not in CONTENDERS:
            p.error(f"unknown contender {name!r}; known: {', '.join(CONTENDERS)}")
    if not 1 <= arguments.threads <= len(machine.usable_cpus()):
        p.error(f"--threads {arguments.threads}: this process may use {len(machine.usable_cpus())} CPU(s)")
    if arguments.rounds < 1:
        p.error("--rounds must be 1 or more")
    pairs = [text.partition("=") for text in arguments.python]
    if not all(name and path for name, _, path in pairs):
        p.error("--python needs NAME=PATH, such as torch=/usr/bin/python3")
    arguments.python = {name: path for name, _, path in pairs}
    if arguments.quick:
        arguments.pause, arguments.rounds = min(arguments.pause, 0.02), min(arguments.rounds, 2)
    return arguments


def command_line(argv: list[str]) -> str:
    """Return the command without the folders of interpreters and files, which may hold private names."""
    words, option = [Path(argv[0]).name], ""
    for word in argv[1:]:
        option = word.partition("=")[0] if word.startswith("-") else option
        holds_paths = option in ("--python", "--peer-python", "--output", "--join")
        words.append(re.sub(r"[^=\s]*/", "", word) if holds_paths else word)
    return " ".join(["python bench/" + words[0], *words[1:]])


def commit() -> str | None:
    """Return the commit that was measured, with a + if files have changed since; None outside a repository."""

    def git(*words):
        return subprocess.run(["git", "-C", ROOT, *words], capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "--short", "HEAD") + ("+" if git("status", "--porcelain", "-uno") else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def progress(text: str) -> None:
    """Print a line of progress to stderr; the tables go to stdout."""
    print(text, file=sys.stderr, flush=True)


def geometric_mean(values: Iterable[float]) -> float | None:
    """Return the mean for ratios: that of 2 (twice as fast) and 1/2 is 1. None for no values."""
    values = list(values)
    return math.exp(statistics.fmean(map(math.log, values))) if values else None


def print_table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print a Markdown table with aligned columns: the first is text, the others are right-aligned."""
    cells = [[str(cell) for cell in row] for row in [header, *rows]]
    widths = [max(3, *(len(row[i]) for row in cells)) for i in range(len(header))]
    for number, row in enumerate(cells):
        first, *others = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        print(f"| {' | '.join([first.strip().ljust(widths[0]), *others])} |")
        if number == 0:
            print("|" + "|".join("-" * (w + 2) if i == 0 else "-" * (w + 1) + ":" for i, w in enumerate(widths)) + "|")
