"""Measure tinynet beside other libraries: one process each, turn by turn, results checked.

Two OpenMP runtimes in one process fight for the cores (an idle one spins), and a machine's speed drifts over minutes.
So every contender is a worker process of its own, started once (worker.py), and the coordinator lets them take turns,
A B C A B C ..., one working while the others sleep. Quoted is the median over the rounds.

The scripts bench_*.py say what is measured; peers/ says how each library does it.
"""

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
from pathlib import Path

import machine
from worker import CONTENDERS, HERE, ROOT, Worker, WorkerError


class Session:
    """The contenders of one script: who is here, who is missing and why, and what they measured."""

    def __init__(self, arguments, names):
        self.arguments = arguments
        self.skipped, self.failures, self.measurements, self.peaks = {}, [], [], []
        self.machine = machine.describe()
        self.workers = {}
        self.folder = tempfile.TemporaryDirectory()
        for name in names:
            try:
                self.workers[name] = self._start(name, arguments.threads, arguments.isa)
            except WorkerError as error:
                self._drop(name, error)
        self.versions = {name: worker.versions for name, worker in self.workers.items()}
        self._peak_workers = self._start_peaks()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        for worker in [*self.workers.values(), *(worker for _, _, worker in self._peak_workers)]:
            worker.close()
        self.folder.cleanup()

    def _start(self, name, threads, isa):
        return Worker(name, self.python_of(name), threads, isa, self.arguments.timeout)

    def python_of(self, name):
        """A contender's interpreter: --python for it or its family (torch for torch-malloc), else --peer-python."""
        family = name.split("-")[0]
        default = sys.executable if family == "tinynet" else self.arguments.peer_python
        return self.arguments.python.get(name, self.arguments.python.get(family, default))

    def _drop(self, name, error, subject=""):
        self.skipped.setdefault(name, f"{subject}{error}")
        say(f"  {name}: {'skipped' if error.missing else 'FAILED'}: {subject}{error}")
        if not error.missing:
            self.failures.append(f"{name}: {subject}{error}")

    def _start_peaks(self):
        """Workers that measure the machine: on all threads and on one; the widest instruction set, and --isa's."""
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
            say(f"  the machine's peak was not measured: {error}")
            for _, _, worker in workers:
                worker.close()
            return []
        return workers

    def measure_peaks(self):
        """A few turns for the machine's peaks; called before and after the contenders, and the best counts."""
        for _, _, worker in self._peak_workers:
            for _ in range(5 if self.arguments.quick else 3):
                worker.ask("turn", seconds=0, calls=1, warm=0)
        self.peaks = [
            {"threads": threads, "isa": worker.versions["isa"],
             **{key: round(value, 1) for key, value in worker.ask("result", path="")["result"].items()}}
            for threads, _, worker in self._peak_workers
        ]

    def peak(self, name="float32_gflops", isa=None):
        """The peak on all threads, of the widest instruction set unless `isa` says otherwise; None if not measured.

        --quick measures it for too short a time to divide by.
        """
        if self.arguments.quick:
            return None
        for peak in self.peaks:
            if peak["threads"] == self.arguments.threads and isa in (None, peak["isa"]):
                return peak[name]
        return None

    def compare(self, subject, task, parameters, check, calls, seconds=0.0, warm_turn=False, names=None):
        """Let the contenders do one task in turns, check what they computed, and note the times.

        Args:
            subject: Dict that names what is measured.
            task: A key of the peers' TASKS; `parameters` are its arguments.
            check: Function from {contender: result} to {contender: (passed, text)}.
            calls, seconds: A turn ends after so many calls or seconds. Turns of one call have no untimed call before.
            warm_turn: Give everybody one untimed turn first, for what is compiled or allocated at the first use.
            names: The contenders that take part, if not all.

        Returns:
            {contender: median seconds} of those that passed.
        """
        label = f"{', '.join(f'{key} {value}' for key, value in subject.items())}: "
        names = [name for name in self.workers if names is None or name in names]
        taking_part = {name: [] for name in names}

        def ask(name, what, **message):
            try:
                return self.workers[name].ask(what, **message)
            except WorkerError as error:
                self._drop(name, error, label)
                taking_part.pop(name, None)
                return None

        for name in names:
            ask(name, "prepare", task=task, parameters=parameters)
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
                say(f"  {label}{name} FAILED its check and does not count: {text}")
        return medians

    def finish(self, summary):
        """Print what the numbers rest on, store them, and return the exit status."""
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
            print("With --quick the sizes are tiny: the numbers show that the bench works, and nothing else.")
        script = Path(sys.argv[0]).stem
        isa = self.versions.get("tinynet", {}).get("isa", "none")
        path = arguments.output
        if path is None and not arguments.quick:
            path = HERE / "results" / f"{script}-{machine.slug(self.machine['cpu'])}-{machine.slug(isa)}.json"
        if path is not None:
            document = {
                "format": 1, "script": script, "command": command_line(sys.argv), "commit": commit(),
                "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
                "machine": self.machine, "threads": arguments.threads, "isa": isa, "rounds": arguments.rounds,
                "pause_s": arguments.pause, "peaks": self.peaks, "versions": self.versions, "skipped": self.skipped,
                "failures": self.failures, "summary": summary, "measurements": self.measurements,
            }
            path = Path(path)
            path.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps(document, indent=1)
            path.write_text(re.sub(r"\[\s+([-0-9.e,\s]+?)\s+\]", lambda m: f"[{' '.join(m[1].split())}]", text) + "\n")
            print(f"Stored in {path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}.")
        for failure in self.failures:
            print(f"FAILED {failure}")
        if not self.measurements:
            print("Nothing was measured: no contender is here.")
        return 1 if self.failures or not self.measurements else 0


def parser(description, contenders, rounds):
    """The options that all scripts share."""
    p = argparse.ArgumentParser(description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    p.add_argument("--contenders", default=contenders, metavar="A,B,...", help=f"any of {', '.join(CONTENDERS)}")
    p.add_argument("--threads", type=int, default=len(machine.usable_cpus()), help="for everybody, by affinity too")
    p.add_argument("--rounds", type=int, default=rounds, help="turns of each contender")
    p.add_argument("--pause", type=float, default=0.25, metavar="S",
                   help="idle seconds before a turn, for the others' spinning threads (up to 0.2 s) to fall asleep")
    p.add_argument("--isa", choices=("baseline", "avx2", "avx512", "amx"), help="tinynet's instruction set, if not the "
                   "widest; avx2 holds the others to it too")
    p.add_argument("--peer-python", default=sys.executable, metavar="PATH", help="interpreter of everybody but tinynet")
    p.add_argument("--python", action="append", default=[], metavar="NAME=PATH",
                   help="interpreter of one contender, or of a family such as torch")
    p.add_argument("--timeout", type=float, default=900.0, metavar="S", help="give a worker up after this long")
    p.add_argument("--output", metavar="FILE", help="where to store the results, if not in bench/results/")
    p.add_argument("--quick", action="store_true", help="tiny sizes, to see that it works; stores nothing by itself")
    return p


def parse(p, argv=None):
    """Parse and check; --quick shortens what was not given."""
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


def command_line(argv):
    """The command as it was given, but for the folders of interpreters and files, which are nobody's business."""
    words = [Path(argv[0]).name]
    for previous, word in zip(argv, argv[1:], strict=False):
        option = word.partition("=")[0] if word.startswith("-") else previous
        words.append(re.sub(r"[^=\s]*/", "", word) if option in ("--python", "--peer-python", "--output") else word)
    return " ".join(["python bench/" + words[0], *words[1:]])


def commit():
    """The commit that was measured, with a + when files have changed since; None outside a repository."""

    def git(*words):
        return subprocess.run(["git", "-C", ROOT, *words], capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "--short", "HEAD") + ("+" if git("status", "--porcelain", "-uno") else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def say(text):
    """Progress, beside the tables on stdout."""
    print(text, file=sys.stderr, flush=True)


def geometric_mean(values):
    """The mean for ratios: twice as fast here and half as fast there is 1. None for an empty list."""
    values = list(values)
    return math.exp(statistics.fmean(map(math.log, values))) if values else None


def print_table(header, rows):
    """A Markdown table with aligned columns; the first column is text, the others are right-aligned."""
    rows = [[str(cell) for cell in row] for row in [header, *rows]]
    widths = [max(3, *(len(row[i]) for row in rows)) for i in range(len(header))]
    for number, row in enumerate(rows):
        first, *others = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        print(f"| {' | '.join([first.strip().ljust(widths[0]), *others])} |")
        if number == 0:
            print("|" + "|".join("-" * (w + 2) if i == 0 else "-" * (w + 1) + ":" for i, w in enumerate(widths)) + "|")
