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
REPORT = re.compile(r"ERROR: AddressSanitizer|runtime error:|WARNING: ThreadSanitizer")


def library(compiler, name):
    """The path of a compiler's library; "" if it has none."""
    found = subprocess.run([compiler, f"-print-file-name={name}"], capture_output=True, text=True).stdout.strip()
    return found if os.path.isabs(found) else ""


def build(kind, environment):
    """Compile into a folder of its own. Return the folder."""
    folder = BUILDS / kind
    # The widest set of this machine and the baseline: more would only take longer.
    subprocess.run([sys.executable, "setup.py", "-q", "build_ext", "--build-lib", str(folder), "--build-temp",
                    str(folder / "objects")], cwd=ROOT, check=True,
                   env={**os.environ, "TINYNET_ISAS": "native", **environment, "TINYNET_SANITIZE": kind},
                   stdout=subprocess.DEVNULL)
    shutil.copytree(ROOT / "tinynet", folder / "tinynet", dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    return folder


def tested(folder, environment, tests, prefix=()):
    """(what pytest counted, number of reports)"""
    result = subprocess.run([*prefix, sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", *tests],
                            cwd=ROOT, capture_output=True, text=True, errors="replace",
                            env={**os.environ, "PYTHONMALLOC": "malloc", "PYTHONPATH": str(folder),
                                 "PYTHONSAFEPATH": "1", **environment})
    text = result.stdout + result.stderr
    counted = re.search(r"\d+ passed[^\n=]*|\d+ failed[^\n=]*", text)
    (folder / "output.txt").write_text(text)
    told = counted.group() if counted else f"ended with {result.returncode}"
    return told, len(REPORT.findall(text)), result.returncode


def run(settings):
    tests = TESTS if settings.scale >= 1 else ["tests/ops/test_dense.py", "tests/data/test_arrays.py"]
    if settings.wants("address"):
        preload = [library("gcc", "libasan.so"), library("gcc", "libubsan.so"), library("g++", "libstdc++.so")]
        if not all(preload):
            yield "address, undefined", "left out: GCC has no sanitizers here", "-", True
        else:
            counted, reports, code = tested(build("address,undefined", {}), {
                "LD_PRELOAD": " ".join(preload),  # without libstdc++, the first exception of C++ ends the process
                "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1",
                "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1"}, [*tests, *NOT])
            yield "address, undefined", f"{counted}, {reports} reports", "0 reports", code == 0 and not reports
    if settings.wants("thread"):
        preload = [library("gcc", "libtsan.so"), library("g++", "libstdc++.so")]
        if shutil.which("clang++") is None or not all(preload):
            yield "threads", "left out: no Clang here", "-", True
        else:
            folder = build("thread", {"CC": "clang", "CXX": "clang++", "TINYNET_ISAS": "baseline"})
            counted, reports, code = tested(folder, {
                "LD_PRELOAD": " ".join(preload), "OMP_TOOL_LIBRARIES": "libarcher.so",
                "TSAN_OPTIONS": "ignore_noninstrumented_modules=1:exitcode=66"},
                ["tests/models/test_threads.py", "-k", "not would_be_seen and not half_a_step[predict]"],
                ["setarch", "-R"])
            yield "threads", f"{counted}, {reports} reports", "0 reports", code == 0 and not reports
