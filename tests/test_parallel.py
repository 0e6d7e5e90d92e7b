"""The regions and the workers of csrc/parallel.cpp and csrc/workers.cpp."""

import ctypes
import os
import platform
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import tinynet as tn
from tinynet import _native

if tn.runtime._native is None:
    pytest.skip("needs the compiled kernels", allow_module_level=True)

ROOT = Path(__file__).parents[1]
BODY = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)
ctypes.pythonapi.PyCapsule_GetPointer.restype = ctypes.c_void_p
ctypes.pythonapi.PyCapsule_GetPointer.argtypes = ctypes.py_object, ctypes.c_char_p
_run_blocks = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_int64, BODY, ctypes.c_void_p)(
    ctypes.pythonapi.PyCapsule_GetPointer(_native._run_blocks, b"tinynet._native._run_blocks"))


def run_blocks(count, grain, body):
    """A region whose body is a Python function: body(begin, end), in several threads. What it raises is raised."""
    errors = []

    def called(_, begin, end):
        try:
            body(begin, end)
        except BaseException as error:
            errors.append(error)

    _run_blocks(count, grain, BODY(called), None)
    if errors:
        raise errors[0]


@pytest.fixture
def threads():
    """A setter of their number, which is put back."""
    before = tn.get_num_threads()
    yield tn.set_num_threads
    tn.set_num_threads(before)


def run(code):
    return subprocess.run([sys.executable, "-P", "-c", "import sys\nsys.path.insert(0, sys.argv[1])\n" + code,
                           str(Path(__file__).parent)], capture_output=True, text=True, timeout=120,
                          env={**os.environ, "OMP_NUM_THREADS": "4", "OPENBLAS_NUM_THREADS": "1"})


@pytest.mark.parametrize("number", [1, 2, 3, 8, 256])
@pytest.mark.parametrize(("count", "grain"), [(0, 1), (1, 1), (7, 2), (8, 2), (9, 2), (5, 0), (300, 1), (10, 100)])
def test_the_blocks_depend_on_count_and_grain_alone(count, grain, number, threads):
    threads(number)
    blocks = []
    run_blocks(count, grain, lambda begin, end: blocks.append((begin, end)))
    step = max(grain, 1)
    assert sorted(blocks) == [(begin, min(begin + step, count)) for begin in range(0, count, step)]


def test_no_thread_is_started_before_the_first_region_that_wants_it():
    if not os.path.isdir("/proc/self/task"):
        pytest.skip("this system does not list the threads of a process")
    result = run("import os\nbefore = len(os.listdir('/proc/self/task'))\nimport test_parallel\n"
                 "for blocks in (0, 1, 3, 2, 9, 9):\n    test_parallel.run_blocks(blocks, 1, lambda *_: None)\n"
                 "    print(len(os.listdir('/proc/self/task')) - before)")
    assert result.stdout.split() == ["0", "0", "2", "2", "3", "3"], result.stdout + result.stderr


def test_a_region_waits_for_no_worker_that_has_not_begun(threads):
    """Two threads share the workers, which are all held by the first until the second has its result."""
    threads(4)
    inside, release = threading.Semaphore(0), threading.Event()

    def hold(begin, end):
        inside.release()
        assert release.wait(60)

    first = threading.Thread(target=run_blocks, args=(4, 1, hold))
    first.start()
    try:
        assert inside.acquire(timeout=60)
        callers = []
        for _ in range(10):
            run_blocks(100, 1, lambda begin, end: callers.append(threading.get_ident()))
        assert len(callers) == 1000
    finally:
        release.set()
        first.join()


def test_a_region_returns_when_the_blocks_that_have_begun_have_ended(threads):
    threads(4)
    me, ended = threading.get_ident(), []

    def body(begin, end):
        if threading.get_ident() != me:
            time.sleep(0.05)
        ended.append(begin)

    for _ in range(10):
        run_blocks(4, 1, body)
        assert sorted(ended) == [0, 1, 2, 3]
        ended.clear()


def test_a_region_in_a_block_stays_in_its_thread(threads):
    threads(4)
    found = []

    def outer(begin, end):
        thread = threading.get_ident()
        run_blocks(20, 1, lambda begin, end: found.append(thread == threading.get_ident()))

    run_blocks(8, 1, outer)
    assert found == [True] * 160


def test_workers_sleep_when_no_region_comes(threads):
    threads(8)
    run_blocks(8, 1, lambda begin, end: None)
    time.sleep(0.1)
    before = time.process_time()
    time.sleep(1)
    assert time.process_time() - before < 0.3  # one spinning worker: 1


def test_a_child_of_fork_has_workers_of_its_own():
    result = run("""
import os, threading, time, test_parallel
def threads_of_a_region():
    found = set()
    test_parallel.run_blocks(50, 1, lambda begin, end: (found.add(threading.get_native_id()), time.sleep(0.01)))
    return found
parents = threads_of_a_region()
child = os.fork()
if child == 0:
    own = threads_of_a_region()
    os._exit(0 if len(own) > 1 and not own & parents else 1)
assert os.waitpid(child, 0)[1] == 0
assert threads_of_a_region() <= parents
print(len(parents) > 1)
""")
    assert result.stdout == "True\n", result.stdout + result.stderr


@pytest.mark.parametrize("daemon_in_a_region", [False, True])
def test_the_interpreter_exits_while_workers_work(daemon_in_a_region):
    result = run(f"""
import threading, time, numpy as np, tinynet as tn
x, begun = np.ones((300, 300), "f"), threading.Event()
def multiply():
    while True:
        tn.runtime.kernels.matmul(x, x)
        begun.set()
if {daemon_in_a_region}:
    threading.Thread(target=multiply, daemon=True).start()
    begun.wait()
else:
    tn.runtime.kernels.matmul(x, x)
print("end")
""")
    assert (result.returncode, result.stdout) == (0, "end\n"), result.stderr


@pytest.mark.parametrize("sanitizer", ["none", "thread", "address,undefined"])
def test_regions_under_stress(sanitizer, tmp_path):
    compiler = shutil.which(os.environ.get("CXX", "g++"))
    if compiler is None:
        pytest.skip("no compiler is installed")
    flags = [] if sanitizer == "none" else [f"-fsanitize={sanitizer}", "-fno-sanitize-recover=all"]
    program = tmp_path / "stress"
    made = subprocess.run(
        [compiler, "-std=c++17", "-O1", "-g", "-fopenmp", "-Wall", "-Wextra", "-Werror", *flags, "-Icsrc",
         "tests/parallel.cpp", "csrc/parallel.cpp", "csrc/workers.cpp", "-o", str(program)],
        cwd=ROOT, capture_output=True, text=True)
    if sanitizer != "none" and "cannot find" in made.stderr:
        pytest.skip(f"the compiler has no {sanitizer} sanitizer")
    assert made.returncode == 0, made.stderr
    # The thread sanitizer of GCC 12 does not know where newer kernels of Linux put memory, unless they do not vary it.
    fixed_addresses = ["setarch", platform.machine(), "-R"] if shutil.which("setarch") and sanitizer == "thread" else []
    result = subprocess.run([*fixed_addresses, str(program)], capture_output=True, text=True, timeout=300,
                            env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
    assert result.returncode == 0 and not result.stdout, result.stdout + result.stderr
