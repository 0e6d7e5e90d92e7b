"""Worker processes: one a contender, commanded over pipes, one line of JSON each way.

    coordinator                                                worker (python worker.py --worker MODULE ...)
    {"do": "prepare", "task": "matmul", "parameters": {...}}   ->  {"done": true}
    {"do": "turn", "seconds": 0.2, "calls": 1000, "warm": 1}   ->  {"seconds": median of one call, "calls": ...}
    {"do": "result", "path": "..."}                            ->  {"result": {...}} or {"file": "..."}, and
                                                                   "peak_memory_mb" since prepare

What went wrong comes back as {"error": text, "missing": whether only a library or feature is not there}.
"""

import argparse
import importlib
import json
import os
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

# With --isa avx2: what holds the others to it, OpenBLAS, PyTorch's own kernels, oneDNN (TensorFlow's too), MKL and XLA.
PEERS_AVX2 = {"OPENBLAS_CORETYPE": "Haswell", "ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2",
              "MKL_ENABLE_INSTRUCTIONS": "AVX2"}


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
    "torch-malloc": Contender("torch_peer", "PyTorch eager, malloc tuned", MALLOC_TUNED),
    "torch-foreach": Contender("torch_peer", "PyTorch eager, foreach Adam", options={"adam": "foreach"}),
    "torch-cl": Contender("torch_peer", "PyTorch eager, channels_last, fused Adam", options=CHANNELS_LAST),
    "torch-cl-malloc": Contender("torch_peer", "channels_last, malloc tuned", MALLOC_TUNED, CHANNELS_LAST),
    "keras-jax": Contender("keras_peer", "Keras on JAX", {"KERAS_BACKEND": "jax"}),
    "keras-tf": Contender("keras_peer", "Keras on TensorFlow", {"KERAS_BACKEND": "tensorflow"}),
    "keras-torch": Contender("keras_peer", "Keras on PyTorch", {"KERAS_BACKEND": "torch"}),
}


class WorkerError(Exception):
    """A worker could not do what it was asked. `missing`: it lacks the library or feature, and nothing is broken."""

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
        flags = [environment.get("XLA_FLAGS", "")]
        if threads == 1:
            flags.append("--xla_cpu_multi_thread_eigen=false")
        environment.pop("TINYNET_ISA", None)
        if isa and contender.module == "tinynet_peer":
            environment["TINYNET_ISA"] = isa
        elif isa == "avx2":
            environment |= PEERS_AVX2
            flags.append("--xla_cpu_max_isa=AVX2")
        if any(flags):
            environment["XLA_FLAGS"] = " ".join(filter(None, flags))
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115, it lives as long as the worker
        command = [python, str(HERE / "worker.py"), "--worker", contender.module, "--threads", str(threads),
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
            machine.reset_peak_memory()
            task = peer.TASKS[command["task"]](**command["parameters"])
            return {"done": True}
        if command["do"] == "turn":
            return turn(task, command["seconds"], command["calls"], command["warm"])
        if command["do"] == "result":
            memory = {"peak_memory_mb": machine.peak_memory()}
            result = task.result()
            if isinstance(result, dict):
                return {"result": result, **memory}
            import numpy as np

            np.save(command["path"], result)
            return {"file": command["path"], **memory}
        raise ValueError(f"unknown command {command['do']!r}")

    if answer(start):
        for line in sys.stdin:
            command = json.loads(line)
            answer(lambda command=command: handle(command))


def turn(task, seconds, calls, warm):
    """Call task.run() up to `calls` times or for `seconds`, at least once; `warm` untimed calls wake the threads."""
    for _ in range(warm):
        task.run()
    times = []
    while not times or (len(times) < calls and sum(times) < seconds):
        start = time.perf_counter()
        task.run()
        times.append(time.perf_counter() - start)
    return {"seconds": statistics.median(times), "calls": len(times)}


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
