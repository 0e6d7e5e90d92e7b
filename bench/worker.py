"""Worker processes, one a contender. Commands and replies are lines of JSON over pipes.

    coordinator                                                worker (python worker.py --worker MODULE ...)
    {"do": "prepare", "task": "matmul", "parameters": {...}}   ->  {"done": true}
    {"do": "turn", "seconds": 0.2, "calls": 1000, "warm": 1}   ->  {"seconds": median of one call, "calls": ...}
    {"do": "result", "path": "..."}                            ->  {"result": {...}} or {"file": "..."}, and
                                                                   "peak_memory_mb" since prepare

An error is replied as {"error": text, "missing": whether only a library or feature is not there}.
"""

from __future__ import annotations

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
from typing import Any

import machine

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent

# Memory that is freed stays with the process: no page faults for the next large array. tinynet's pool does the same.
MALLOC_TUNED = {"MALLOC_MMAP_THRESHOLD_": str(4 << 30), "MALLOC_TRIM_THRESHOLD_": str(16 << 30)}

# With --isa avx2, these limit the others to it: OpenBLAS, PyTorch's own kernels, oneDNN (TensorFlow's too), and MKL.
PEERS_AVX2 = {"OPENBLAS_CORETYPE": "Haswell", "ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2",
              "MKL_ENABLE_INSTRUCTIONS": "AVX2"}


@dataclass(frozen=True)
class Contender:
    """A library as it is measured."""

    module: str  # in peers/
    note: str  # for the report
    environment: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)  # arguments of the module's start()


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
    "torch-compile": Contender("torch_peer", "torch.compile, channels_last, fused Adam; weights frozen to predict",
                               options={**CHANNELS_LAST, "compile": True}),
    "onnx": Contender("onnx_peer", "ONNX Runtime on the file that tinynet exports"),
    "keras-jax": Contender("keras_peer", "Keras on JAX", {"KERAS_BACKEND": "jax"}),
    "keras-tf": Contender("keras_peer", "Keras on TensorFlow", {"KERAS_BACKEND": "tensorflow"}),
    "keras-torch": Contender("keras_peer", "Keras on PyTorch", {"KERAS_BACKEND": "torch"}),
}


class WorkerError(Exception):
    """A worker could not do a command.

    Args:
        reason: Why.
        missing: Whether it only lacks the library or feature; nothing is broken then.
    """

    def __init__(self, reason: str, missing: bool = False) -> None:
        super().__init__(reason)
        self.missing = missing


class Worker:
    """The coordinator's end of one worker process.

    Args:
        name: Of the contender.
        python: Its interpreter.
        threads: How many threads it may use.
        isa: tinynet's instruction set; 'avx2' limits the other libraries too.
        timeout: Seconds to wait for a reply.

    Raises:
        WorkerError: the process cannot be started, or cannot import its library.
    """

    def __init__(self, name: str, python: str, threads: int, isa: str | None = None, timeout: float = 900.0) -> None:
        contender = CONTENDERS[name]
        self.name, self.timeout = name, timeout
        environment = dict(os.environ, **contender.environment)
        for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
            environment[variable] = str(threads)
        # No GPUs, since CPUs are measured; and none of TensorFlow's messages.
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

    def ask(self, what: str, **arguments: Any) -> dict[str, Any]:
        """Send one command and return its reply.

        Args:
            what: 'prepare', 'turn' or 'result'.
            arguments: The command's other entries.

        Raises:
            WorkerError: the reply is an error, or there is none.
        """
        try:
            self._process.stdin.write(json.dumps({"do": what, **arguments}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # the process has died: _reply raises
        return self._reply()

    def _reply(self):
        # A worker writes one line per command, so the buffered reader never holds a second line that select cannot see.
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

    def close(self) -> None:
        """End the process: it ends when its stdin is closed."""
        try:
            self._process.stdin.close()
            self._process.wait(timeout=10)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._errors.close()


def serve(module: str, threads: int, options: dict[str, Any]) -> None:
    """The worker's side: reply to commands from stdin until it closes.

    Args:
        module: The contender's module in peers/.
        threads: How many threads to use.
        options: Arguments of the module's `start`.
    """
    # What libraries print goes to stderr; the pipe to the coordinator carries replies only.
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


def turn(task: Any, seconds: float, calls: int, warm: int) -> dict[str, Any]:
    """Time task.run().

    Args:
        task: An object with a method `run`, and perhaps one `before_turn`, which is not timed.
        seconds, calls: Stop after so many seconds or calls; there is at least one call.
        warm: Untimed calls before, which wake the threads.

    Returns:
        {"seconds": the median of a call, "calls": how many}.
    """
    if hasattr(task, "before_turn"):
        task.before_turn()
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
