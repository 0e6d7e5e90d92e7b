"""Measure tinynet beside other libraries: one process each, turn by turn, results checked.

Two OpenMP runtimes in one process fight for the cores (an idle one spins), and a machine's speed drifts over minutes. So
every contender is a worker process of its own, started once and commanded over pipes, and the coordinator lets them take
turns, A B C A B C ..., one working while the others sleep. Quoted is the median over the rounds.

    coordinator                            worker (python harness.py --worker MODULE ...)
    {"do": "prepare", "task": "matmul", "parameters": {...}}   ->  {"done": true}
    {"do": "turn", "seconds": 0.2, "calls": 1000}              ->  {"seconds": median of one call, "calls": ...}
    {"do": "result", "path": "..."}                            ->  {"result": {...}} or {"file": "..."}

The scripts bench_*.py say what is measured; peers/ says how each library does it.
"""

import argparse
import datetime
import importlib
import json
import math
import os
import re
import select
import statistics
import subprocess
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path

import machine

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent

# Memory that is freed stays with the process: no page faults for the next large array. As tinynet does with its pool.
MALLOC_TUNED = {"MALLOC_MMAP_THRESHOLD_": str(4 << 30), "MALLOC_TRIM_THRESHOLD_": str(16 << 30)}


@dataclass(frozen=True)
class Contender:
    module: str  # in peers/
    note: str
    environment: dict = field(default_factory=dict)
    options: dict = field(default_factory=dict)


CHANNELS_LAST = {"channels_last": True}
CONTENDERS = {
    "tinynet": Contender("tinynet_peer", "tinynet"),
    "tinynet-numpy": Contender("tinynet_peer", "tinynet on its NumPy references", {"TINYNET_BACKEND": "numpy"}),
    "numpy": Contender("numpy_peer", "NumPy as a user has it"),
    "numpy-malloc": Contender("numpy_peer", "NumPy, malloc tuned", MALLOC_TUNED),
    "torch": Contender("torch_peer", "PyTorch eager as a user has it, fused Adam"),
    "torch-malloc": Contender("torch_peer", "the same, malloc tuned", MALLOC_TUNED),
    "torch-foreach": Contender("torch_peer", "PyTorch eager, foreach Adam", options={"adam": "foreach"}),
    "torch-cl": Contender("torch_peer", "PyTorch eager, channels_last, fused Adam", options=CHANNELS_LAST),
    "torch-cl-malloc": Contender("torch_peer", "the same, malloc tuned", MALLOC_TUNED, CHANNELS_LAST),
    "keras-jax": Contender("keras_peer", "Keras on JAX", {"KERAS_BACKEND": "jax"}),
    "keras-tf": Contender("keras_peer", "Keras on TensorFlow", {"KERAS_BACKEND": "tensorflow"}),
}


class WorkerError(Exception):
    """A worker could not do what it was asked. `missing`: it lacks the library or the feature, and nothing is broken."""

    def __init__(self, reason, missing=False):
        super().__init__(reason)
        self.missing = missing


class Worker:
    """The coordinator's end of one worker process."""

    def __init__(self, name, python, threads, isa=None, timeout=900.0):
        contender = CONTENDERS[name]
        self.name, self.timeout = name, timeout
        environment = dict(os.environ, **contender.environment)
        for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
            environment[variable] = str(threads)
        # It is the CPU that is measured; and TensorFlow's messages say nothing about it.
        environment |= {"JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "2"}
        if threads == 1:
            environment["XLA_FLAGS"] = f"{environment.get('XLA_FLAGS', '')} --xla_cpu_multi_thread_eigen=false".strip()
        environment.pop("TINYNET_ISA", None)
        if isa and contender.module == "tinynet_peer":
            environment["TINYNET_ISA"] = isa
        self._errors = tempfile.TemporaryFile("w+")
        command = [python, str(HERE / "harness.py"), "--worker", contender.module, "--threads", str(threads),
                   "--options", json.dumps(contender.options)]
        try:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                             stderr=self._errors, env=environment, text=True)
        except OSError as error:
            raise WorkerError(f"cannot start {Path(python).name}: {error.strerror}") from None
        try:
            self.versions = self._reply()["versions"]
        except WorkerError:
            self.close()
            raise

    def ask(self, what, **arguments):
        """Send one command and wait for its reply."""
        try:
            self._process.stdin.write(json.dumps({"do": what, **arguments}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # it has died: the reply says so
        return self._reply()

    def _reply(self):
        # A worker writes one line per command, so the buffered reader never holds a second one back from select.
        ready, _, _ = select.select([self._process.stdout], [], [], self.timeout)
        if not ready:
            self._process.kill()
            raise WorkerError(f"no answer within {self.timeout:.0f} s")
        line = self._process.stdout.readline()
        if not line:
            self._errors.seek(0)
            last = [text for text in self._errors.read().splitlines() if text.strip()][-1:]
            raise WorkerError(f"died with status {self._process.wait()}{': ' + last[0] if last else ''}")
        reply = json.loads(line)
        if "error" in reply:
            raise WorkerError(reply["error"], reply["missing"])
        return reply

    def close(self):
        """End the process; a closed stdin tells it to."""
        try:
            self._process.stdin.close()
            self._process.wait(timeout=10)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._errors.close()


def serve(module, threads, options):
    """The worker's side: answer commands from stdin until it closes."""
    # Libraries print as they like; the pipe to the coordinator carries replies only.
    channel = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    if hasattr(os, "sched_setaffinity"):  # XLA and others count the CPUs they may run on, and read no variable
        os.sched_setaffinity(0, machine.usable_cpus()[:threads])
    sys.path.append(str(ROOT))  # tinynet from this source folder when it is not installed
    task = peer = None

    def answer(function):
        try:
            reply = function()
        except Exception as error:
            traceback.print_exc()
            reply = {"error": f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}",
                     "missing": isinstance(error, ImportError | NotImplementedError)}
        print(json.dumps(reply), file=channel)
        return "error" not in reply

    def start():
        nonlocal peer
        peer = importlib.import_module(f"peers.{module}")
        return {"versions": {"python": sys.version.split()[0], **peer.start(threads, **options)}}

    def handle(command):
        nonlocal task
        if command["do"] == "prepare":
            task = None  # the old one's memory goes first
            if command["task"] not in peer.TASKS:
                raise NotImplementedError(f"{module} has no task {command['task']!r}")
            task = peer.TASKS[command["task"]](**command["parameters"])
            return {"done": True}
        if command["do"] == "turn":
            return turn(task, command["seconds"], command["calls"], command["warm"])
        if command["do"] == "result":
            result = task.result()
            if isinstance(result, dict):
                return {"result": result}
            import numpy as np

            np.save(command["path"], result)
            return {"file": command["path"]}
        raise ValueError(f"unknown command {command['do']!r}")

    if answer(start):
        for line in sys.stdin:
            command = json.loads(line)
            answer(lambda command=command: handle(command))


def turn(task, seconds, calls, warm):
    """Call task.run() until `calls` calls or `seconds` are over, at least once; `warm` untimed calls wake the threads."""
    for _ in range(warm):
        task.run()
    times = []
    while not times or (len(times) < calls and sum(times) < seconds):
        start = time.perf_counter()
        task.run()
        times.append(time.perf_counter() - start)
    return {"seconds": statistics.median(times), "calls": len(times)}


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
                self.workers[name] = Worker(name, self.python_of(name), arguments.threads, arguments.isa, arguments.timeout)
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

    def python_of(self, name):
        """The interpreter of a contender: --python for it or its family (torch for torch-malloc), else --peer-python."""
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
        workers = []
        widths = [None] + ([self.arguments.isa] if self.arguments.isa else [])
        for threads in sorted({1, self.arguments.threads}, reverse=True):
            for isa in widths:
                try:
                    worker = Worker("tinynet", self.python_of("tinynet"), threads, isa, self.arguments.timeout)
                    workers.append((threads, isa, worker))
                    size = {"seconds": 0.002, "megabytes": 8} if self.arguments.quick else {"seconds": 0.1, "megabytes": 256}
                    worker.ask("prepare", task="peak", parameters=size)
                except WorkerError as error:
                    say(f"  the machine's peak was not measured: {error}")
                    return workers[:-1] if workers and workers[-1][2] is worker else workers
        return workers

    def measure_peaks(self):
        """A few turns for the machine's peaks; called before and after the contenders, and the best counts."""
        for _, _, worker in self._peak_workers:
            for _ in range(1 if self.arguments.quick else 3):
                worker.ask("turn", seconds=0, calls=1, warm=0)
        self.peaks = [
            {"threads": threads, "isa": worker.versions["isa"],
             **{key: round(value, 1) for key, value in worker.ask("result", path="")["result"].items()}}
            for threads, _, worker in self._peak_workers
        ]

    def peak(self, name="float32_gflops", isa=None):
        """The peak on all threads, of the widest instruction set unless `isa` says otherwise; None if not measured."""
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
        results = {}
        for name in list(taking_part):
            reply = ask(name, "result", path=str(Path(self.folder.name) / f"{name}.npy"))
            if reply:
                results[name] = reply.get("result", reply.get("file"))
        medians = {}
        for name, (passed, text) in check(results).items():
            times = taking_part[name]
            self.measurements.append({
                **subject, "contender": name, "median_s": statistics.median(times), "min_s": min(times),
                "max_s": max(times), "rounds_s": times, "check": text, "passed": passed,
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
            print(f"Measured peak on {peak['threads']} thread(s), {peak['isa']}: {peak['float32_gflops']:.0f} GFLOPS float32, "
                  f"{peak['float64_gflops']:.0f} float64; copy {peak['copy_gb_per_s']:.0f} GB/s (read + written).")
        print(f"{self.machine['cpu']}, {arguments.threads} of {self.machine['cpus']} CPUs, load before {self.machine['load_before']}; "
              f"medians of {arguments.rounds} rounds.")
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
    p.add_argument("--isa", choices=("baseline", "avx2", "avx512"), help="tinynet's instruction set, if not the widest")
    p.add_argument("--peer-python", default=sys.executable, metavar="PATH", help="interpreter of everybody but tinynet")
    p.add_argument("--python", action="append", default=[], metavar="NAME=PATH", help="interpreter of one contender or family")
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
    """The command as it was given, but for the folders of interpreters, which are nobody's business."""
    words = [Path(argv[0]).name, *argv[1:]]
    return "python bench/" + " ".join(
        re.sub(r"[^=\s]*/", "", word) if previous in ("--python", "--peer-python", "--output") or word.startswith(("--python=", "--peer-python=", "--output="))
        else word
        for previous, word in zip(["", *words], words, strict=False)
    )


def commit():
    """The commit that was measured, with a + when files have changed since; None outside a repository."""
    try:
        head = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True)
        changed = subprocess.run(["git", "-C", ROOT, "status", "--porcelain", "-uno"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")


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
        cells = [cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))]
        print(f"| {' | '.join(cells)} |")
        if number == 0:
            print("|" + "|".join("-" * (w + 2) if i == 0 else "-" * (w + 1) + ":" for i, w in enumerate(widths)) + "|")


if __name__ == "__main__":
    p = argparse.ArgumentParser(description="A worker of the bench; started by the bench_*.py scripts.")
    p.add_argument("--worker", required=True, metavar="MODULE", help="a module of peers/")
    p.add_argument("--threads", type=int, required=True)
    p.add_argument("--options", type=json.loads, default={}, help="JSON for the module's start()")
    a = p.parse_args()
    try:
        serve(a.worker, a.threads, a.options)
    except KeyboardInterrupt:
        sys.exit(130)
