"""The part `hosts` of tests/trust/run: odd machines and surroundings. On each, the same training gives the same
weights, in at most twice the time that it takes with as many threads on a plain one.
"""

import contextlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import tinynet

PACKAGE = Path(tinynet.__file__).parent  # the one under test: this folder's, or an installed one
TIMES = 2
REFUSED = "refused"
SCRIPT = """
import sys
{first}
import hashlib, time
import numpy as np
import tinynet as tn
{last}
tn.utils.set_random_seed(1)
rng = np.random.default_rng(0)
x, y = rng.standard_normal((512, 12, 12, 3)).astype("f"), rng.integers(0, 4, 512)
model = tn.Sequential([tn.Input((12, 12, 3)), tn.layers.Conv2D(16, 3, activation="relu"),
                       tn.layers.BatchNormalization(), tn.layers.MaxPooling2D(), tn.layers.Flatten(),
                       tn.layers.Dropout(0.25), tn.layers.Dense(64, "relu"), tn.layers.Dense(4, "softmax")])
model.compile("adam", "sparse_categorical_crossentropy")
started = time.perf_counter()
model.fit(x, y, epochs=20, batch_size=64, verbose=0)  # of 2 epochs, more than half would be imports and noise
seconds = time.perf_counter() - started
model.save("{file}")
weights = tn.models.load_model("{file}").get_weights()
print(hashlib.sha256(b"".join(array.tobytes() for array in weights)).hexdigest()[:16], seconds)
"""


class Host:
    """A surrounding.

    Args:
        environment: Variables that are set; None removes one.
        command: What stands before the interpreter.
        first, last: Lines before and after the import of tinynet.
        file: Name of the saved model.
        needs: A module without which it is left out.
        prepare: Function of the folder and the environment.
        refused: The error that it ends with, on purpose; None if it must work.
    """

    def __init__(self, environment=(), command=(), first="", last="", file="m.keras", needs=None, prepare=None,
                 refused=None):
        self.environment, self.command, self.first, self.last = dict(environment), list(command), first, last
        self.file, self.needs, self.prepare, self.refused = file, needs, prepare, refused

    def missing(self):
        """Why it is left out, or "" """
        if self.needs and importlib.util.find_spec(self.needs) is None:
            return f"{self.needs} is not installed"
        if self.command and shutil.which(self.command[0]) is None:
            return f"no command {self.command[0]}"
        return ""

    def run(self, folder):
        """(hash, seconds of the training)"""
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(PACKAGE.parent), *filter(None, [
            os.environ.get("PYTHONPATH")])])}
        if tinynet.runtime._native is None:  # the bits of NumPy's products depend on the number of CPUs
            environment["OPENBLAS_NUM_THREADS"] = "1"
        for name, value in self.environment.items():
            environment.pop(name, None)
            if value is not None:
                environment[name] = value
        if self.prepare is not None:
            self.prepare(Path(folder), environment)
        script = SCRIPT.format(first=self.first, last=self.last, file=self.file)
        result = subprocess.run([*self.command, sys.executable, "-c", script], env=environment, cwd=folder,
                                capture_output=True, text=True, timeout=300)
        if self.refused is not None:
            return (REFUSED if self.refused in result.stderr and result.returncode else "is not refused"), 0.0
        if result.returncode != 0:
            return f"ended with {result.returncode}: {result.stderr.strip().splitlines()[-1:]}", 0.0
        weights, seconds = result.stdout.split()[-2:]
        return weights, float(seconds)


def read_only_package(folder, environment):
    """A copy of the package in which nothing may be written, not even the compiled Python files."""
    shutil.copytree(PACKAGE, folder / "site" / "tinynet", ignore=shutil.ignore_patterns("__pycache__"))
    for path in (folder / "site").rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    environment["PYTHONPATH"] = str(folder / "site")


def in_a_folder_called(name):
    def prepare(folder, environment):
        shutil.copytree(PACKAGE, folder / name / "tinynet", ignore=shutil.ignore_patterns("__pycache__"))
        environment["PYTHONPATH"] = str(folder / name)
    return prepare


CLOCK = ("import time\nreal, jumps = time.time, iter(range(10**9))\n"
         "time.time = lambda: real() + (-1) ** next(jumps) * 3600  # an hour forwards and back")
HOSTS = {
    "plain": Host(),
    **{f"OMP_NUM_THREADS={value!r}": Host({"OMP_NUM_THREADS": value})
       for value in ("1", "3", "64", "2,1", "", "9" * 24)},
    **{f"OMP_NUM_THREADS={value!r}": Host({"OMP_NUM_THREADS": value}, refused="is not a number of threads")
       for value in ("0", "-1", "many", "1e3")},
    "OMP_DYNAMIC": Host({"OMP_DYNAMIC": "true", "OMP_NESTED": "true", "OMP_MAX_ACTIVE_LEVELS": "3"}),
    "OMP_THREAD_LIMIT=1": Host({"OMP_THREAD_LIMIT": "1"}),
    "OMP_PROC_BIND": Host({"OMP_PROC_BIND": "close", "OMP_PLACES": "cores"}),
    "OMP_STACKSIZE=64k": Host({"OMP_STACKSIZE": "64k"}),
    "one CPU": Host(command=["taskset", "-c", "0"]),
    "small stack": Host(command=["prlimit", "--stack=262144"]),
    "256 file handles": Host(command=["prlimit", "--nofile=256"]),
    "locale C": Host({"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
    "locale C, ASCII output": Host({"LC_ALL": "POSIX", "PYTHONIOENCODING": "ascii"}),
    "commas as decimal points": Host({"LC_ALL": "de_DE.UTF-8"},
                                     last="import locale, contextlib\nwith contextlib.suppress(locale.Error):\n"
                                          "    locale.setlocale(locale.LC_ALL, '')"),
    "a path in Korean": Host(file="모델 é ü.keras", prepare=in_a_folder_called("사용자 폴더 ü")),
    "a read-only package": Host(prepare=read_only_package),
    "no home": Host({"HOME": None, "XDG_CACHE_HOME": None, "TINYNET_HOME": None, "USER": None}),
    "a home that is not there": Host({"HOME": "/nonexistent", "XDG_CACHE_HOME": "/nonexistent/cache"}),
    "python -O": Host({"PYTHONOPTIMIZE": "2"}),
    "hash seed": Host({"PYTHONHASHSEED": "12345"}),
    "development mode": Host({"PYTHONDEVMODE": "1"}),
    "a clock that jumps": Host(first=CLOCK),
    "PyTorch imported first": Host(first="import torch; torch.ones(99, 99) @ torch.ones(99, 99)", needs="torch"),
    "PyTorch imported last": Host(last="import torch; torch.ones(99, 99) @ torch.ones(99, 99)", needs="torch"),
}
SHORT = ("plain", "OMP_NUM_THREADS='2,1'", "OMP_NUM_THREADS='many'", "OMP_NUM_THREADS='0'", "one CPU", "locale C",
         "a path in Korean", "a read-only package", "no home", "PyTorch imported first", "PyTorch imported last")
# With fewer threads than the plain one, the time is another one by right.
ONE_THREAD = ("OMP_NUM_THREADS='1'", "OMP_THREAD_LIMIT=1", "one CPU")


def run_one(name):
    with tempfile.TemporaryDirectory() as folder:
        try:
            return HOSTS[name].run(folder)
        finally:
            with contextlib.suppress(OSError):
                for path in Path(folder).rglob("*"):
                    if path.is_dir():
                        path.chmod(0o755)


def run(settings):
    run_one("plain")  # the compiled Python files are written
    expected, seconds = min((run_one("plain") for _ in range(3)), key=lambda result: result[1])
    single = min(run_one("OMP_NUM_THREADS='1'")[1] for _ in range(2))
    yield "plain", f"{expected}, {seconds:.2f} s; one thread {single:.2f} s", "-", True
    for name, host in HOSTS.items():
        if name == "plain" or not settings.wants(name):
            continue
        if host.missing():
            yield name, f"left out: {host.missing()}", "-", True
            continue
        weights, taken = run_one(name)
        if host.refused is not None:
            yield name, weights, "a clear error", weights == REFUSED
            continue
        allowed = TIMES * (single if name in ONE_THREAD else max(seconds, single))
        if weights == expected and taken > allowed:  # once more: others may have worked on this machine
            time.sleep(2)
            weights, taken = run_one(name)
        yield (name, f"{'same weights' if weights == expected else weights}, {taken:.2f} s",
               f"same weights, {allowed:.2f} s", weights == expected and taken <= allowed)
