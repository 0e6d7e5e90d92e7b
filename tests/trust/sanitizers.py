"""The part `sanitizers` of tests/trust/run: builds with address and undefined-behaviour sanitizers, and with the thread
sanitizer of Clang, and the tests that use them. Each build takes some minutes and is kept in build/sanitized.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUILDS = ROOT / "build" / "sanitized"
TESTS = ["tests/ops", "tests/data", "tests/saving", "tests/augment", "tests/layers", "tests/test_kernels.py"]
# Not what starts processes of its own, which would be slow and tests nothing more; not what must take little memory.
NOT = ("--ignore=tests/saving/test_crashes.py", "--ignore=tests/saving/test_memory.py",
       "--ignore=tests/saving/test_exits.py", "--ignore=tests/data/test_memory.py")
PYTEST = ("-m", "pytest", "-q", "-s", "-p", "no:cacheprovider")
REPORT = re.compile(r"ERROR: AddressSanitizer|runtime error:|WARNING: ThreadSanitizer")


def library(compiler, name):
    """The path of a compiler's library; "" if it has none."""
    if shutil.which(compiler) is None:
        return ""
    found = subprocess.run([compiler, f"-print-file-name={name}"], capture_output=True, text=True).stdout.strip()
    return found if os.path.isabs(found) else ""


def clang():
    """(the command of Clang for C++, the library of its thread sanitizer); "" for what is not there.

    The runtime of Clang 14 does not start on new kernels of Linux: without a Clang of at least 16, GCC's is used.
    """
    compiler = next(filter(shutil.which, (f"clang++-{version}" for version in range(40, 15, -1))), "")
    runtime = library(compiler, "libclang_rt.tsan-x86_64.so")
    if runtime:
        return compiler, runtime
    compiler = next(filter(shutil.which, ("clang++", "clang++-15", "clang++-14")), "")
    return compiler, compiler and library("gcc", "libtsan.so")


def build(kind, environment):
    """Compile into a folder of its own. Return the folder."""
    folder = BUILDS / kind
    # The widest set of this machine and the baseline, if TINYNET_ISAS names no other: more would only take longer.
    subprocess.run([sys.executable, "setup.py", "-q", "build_ext", "--build-lib", str(folder), "--build-temp",
                    str(folder / "objects")], cwd=ROOT, check=True,
                   env={"TINYNET_ISAS": "native", **os.environ, **environment, "TINYNET_SANITIZE": kind},
                   stdout=subprocess.DEVNULL)
    shutil.copytree(ROOT / "tinynet", folder / "tinynet", dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    return folder


def tested(folder, environment, command, prefix=()):
    """Run Python with these arguments on a build. Return (what pytest counted, or the last line; number of reports;
    whether it ended well).
    """
    result = subprocess.run([*prefix, sys.executable, *command], cwd=ROOT, capture_output=True, text=True,
                            errors="replace", env={**os.environ, "PYTHONMALLOC": "malloc", "PYTHONPATH": str(folder),
                                                   "PYTHONSAFEPATH": "1", **environment})
    text = result.stdout + result.stderr
    counted = re.search(r"\d+ (passed|failed)[^\n=]*", text)
    told = counted.group() if counted else (result.stdout.strip().splitlines() or [""])[-1]
    files = [word for word in command if "tests" in word and word[0] != "-" or word == "--race"]
    name = re.sub(r"\W+", "-", " ".join(files))
    (folder / f"output-{name}.txt").write_text(text)
    return told if result.returncode == 0 else f"{told}, ended with {result.returncode}", len(REPORT.findall(text)), \
        result.returncode == 0


def run(settings):
    if settings.wants("address"):
        preload = [library("gcc", "libasan.so"), library("gcc", "libubsan.so"), library("g++", "libstdc++.so")]
        if not all(preload):
            yield "address, undefined", "left out: GCC has no sanitizers here", "-", True
        else:
            folder = build("address,undefined", {})
            for tests in TESTS if settings.scale >= 1 else ["tests/ops/test_dense.py", "tests/data/test_arrays.py"]:
                counted, reports, well = tested(folder, {
                    "LD_PRELOAD": " ".join(preload),  # without libstdc++, the first exception of C++ ends the process
                    # Short call stacks and a small quarantine: else Python's allocations take most of the time.
                    "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1:malloc_context_size=4:"
                                    "quarantine_size_mb=64",
                    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1"}, [*PYTEST, tests, *NOT])
                yield f"address: {tests}", f"{counted}, {reports} reports", "0 reports", well and not reports
    if settings.wants("thread"):
        compiler, runtime = clang()
        preload = [runtime, library("g++", "libstdc++.so")]
        if not all(preload):
            yield "threads", "left out: no Clang with its sanitizers here", "-", True
        else:
            folder = build("thread", {"CC": compiler.replace("++", ""), "CXX": compiler, "TINYNET_ISAS": "baseline"})
            environment = {"LD_PRELOAD": " ".join(preload),  # no OpenMP's tool: csrc/workers.cpp has its own threads
                           "TSAN_OPTIONS": "ignore_noninstrumented_modules=1:exitcode=66"}
            for command in ([*PYTEST, "tests/models/test_threads.py", "-k",
                             "not would_be_seen and not half_a_step[predict]"],
                            [*PYTEST, "tests/test_parallel.py", "-k", "blocks_depend or waits_for"],
                            ["tests/trust/raced.py", *([] if settings.scale >= 1 else ["dense_forward"])]):
                counted, reports, well = tested(folder, environment, command, ["setarch", "-R"])
                tests = next(word for word in command if "tests" in word)
                yield f"threads: {tests}", f"{counted}, {reports} reports", "0 reports", well and not reports
            _, reports, _ = tested(folder, environment, ["tests/trust/raced.py", "--race"], ["setarch", "-R"])
            yield "threads: a race on purpose", f"{reports} reports", "some", reports
