"""Where the system starts no more threads, the work is done by fewer, with one warning and the same values."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from checks import needs_native

import tinynet as tn
from tinynet.augment import sampling
from tinynet.data import streams
from tinynet.data.ahead import one_ahead

# A process that may start `more` threads. A limit of the user does not concern root, so root becomes another user.
LIMITED_PROCESSES = """
import os, resource, threading
import numpy as np, tinynet as tn
tn.random.uniform((1,))  # loads numpy.random, whose files another user may not be allowed to read
def limit(more):
    if os.getuid() == 0:
        os.setuid(54321)
        alive = len(os.listdir("/proc/self/task"))
    else:
        assert more == 0
        alive = 0  # this user's processes are more than that
    resource.setrlimit(resource.RLIMIT_NPROC, (alive + more,) * 2)
"""
LIMITED_MEMORY = """
import resource, threading
import numpy as np, tinynet as tn
def limit(more):  # of stacks of 256 MB
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    resource.setrlimit(resource.RLIMIT_AS, ((int(status["VmSize"].split()[0]) << 10) + (256 * more + 160 << 20),) * 2)
"""
COMPUTE = """
import sys, warnings
x = np.random.default_rng(0).standard_normal((400, 400)).astype("f")
tn.set_num_threads(1)
expected = tn.runtime.kernels.matmul(x, x)
tn.set_num_threads(4)
limit(int(sys.argv[1]))
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    for _ in range(3):
        assert tn.matmul(x, x).numpy().tobytes() == expected.tobytes()
assert all(one.filename == "<string>" for one in caught), caught[0].filename  # this code, not tinynet's
print(tn.get_num_threads(), len(caught), caught[0].message if caught else "", flush=True)
"""


def run(code, *arguments, **environment):
    return subprocess.run([sys.executable, "-P", "-c", code, *map(str, arguments)], capture_output=True, text=True,
                          timeout=120, env={**os.environ, "OPENBLAS_NUM_THREADS": "1", **environment})


needs_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limits are those of Linux")


@needs_linux
@needs_native
@pytest.mark.parametrize(("limits", "more"), [
    pytest.param(LIMITED_PROCESSES, 0, id="processes-none"),
    pytest.param(LIMITED_PROCESSES, 2, id="processes-some", marks=pytest.mark.skipif(
        not hasattr(os, "getuid") or os.getuid() != 0, reason="another user's processes cannot be counted")),
    pytest.param(LIMITED_MEMORY, 0, id="memory-none"), pytest.param(LIMITED_MEMORY, 2, id="memory-some"),
])
def test_kernels_use_fewer_threads(limits, more):
    result = run(limits + COMPUTE, more, OMP_STACKSIZE="256M")
    threads, warnings, message = result.stdout.split(" ", 2) if result.stdout else ("", "", "")
    assert result.returncode == 0 and (threads, warnings) == (str(1 + more), "1"), result.stdout + result.stderr
    assert f"a kernel uses {1 + more} instead of 4" in message and "tinynet.set_num_threads(4)" in message


@needs_linux
@needs_native
def test_set_num_threads_tries_again():
    again = """
resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)
tn.set_num_threads(4)
with warnings.catch_warnings():
    warnings.simplefilter("error")
    assert tn.runtime.kernels.matmul(x, x).tobytes() == expected.tobytes()
print(tn.get_num_threads())
"""
    limits = LIMITED_MEMORY.replace(",) * 2)", ", resource.RLIM_INFINITY))")
    result = run(limits + COMPUTE + again, 0, OMP_STACKSIZE="256M")
    assert result.stdout.splitlines()[1:] == ["4"], result.stdout + result.stderr


@needs_linux
@needs_native
def test_a_warning_that_is_an_error_stops_no_kernel():
    result = run(LIMITED_MEMORY + COMPUTE.replace('simplefilter("always")', 'simplefilter("error")'), 0,
                 OMP_STACKSIZE="256M")
    assert result.returncode == 0 and result.stdout.split() == ["1", "0"], result.stdout + result.stderr
    assert "instead of 4" in result.stderr


@needs_linux
def test_fit_where_no_thread_can_be_started():
    result = run(LIMITED_PROCESSES + """
import warnings
limit(0)
x, y = np.ones((64, 20), "f"), np.ones((64, 5), "f")
model = tn.Sequential([tn.Input((20,)), tn.layers.Dense(5)])
model.compile("sgd", "mse")
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    model.fit(tn.data.Dataset.from_tensor_slices((x, y)).batch(8).prefetch(2), verbose=0)
assert not [warning for warning in caught if warning.category is not RuntimeWarning], caught
print("done")
""")
    assert result.stdout == "done\n", result.stdout + result.stderr


@pytest.fixture
def no_threads(monkeypatch):
    def start(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)


def test_streams_without_threads(no_threads):
    with pytest.warns(RuntimeWarning, match="prefetch has no effect") as caught:
        assert list(streams.prefetched(lambda: iter(range(5)), 2)) == list(range(5))
    assert [warning.filename for warning in caught] == [__file__]
    with pytest.warns(RuntimeWarning, match="between the steps"):
        assert list(one_ahead(iter(range(5)), lambda batch: 10 * batch)) == [0, 10, 20, 30, 40]


@needs_native  # one thread samples in NumPy
@pytest.mark.parametrize("started", [0, 1])
def test_sampling_without_threads(started, monkeypatch):
    images = np.random.default_rng(0).random((16, 64, 64, 3), np.float32)
    transform, start, left = (1, 0, 2.5, 0, 1, 1, 0, 0), threading.Thread.start, [started]

    def start_few(thread):
        if not left[0]:
            raise RuntimeError("can't start new thread")
        left[0] -= 1
        start(thread)

    before = tn.get_num_threads()
    try:
        tn.set_num_threads(1)
        expected = sampling.projective_transform(images, transform)
        tn.set_num_threads(4)
        monkeypatch.setattr(sampling, "_pool", None)
        monkeypatch.setattr(os, "cpu_count", lambda: 4)
        monkeypatch.setattr(sampling, "PIXELS_A_THREAD", 1)
        monkeypatch.setattr(threading.Thread, "start", start_few)
        with pytest.warns(RuntimeWarning, match="by one thread"):
            np.testing.assert_array_equal(sampling.projective_transform(images, transform), expected)
        monkeypatch.setattr(threading.Thread, "start", start)
        np.testing.assert_array_equal(sampling.projective_transform(images, transform), expected)
    finally:
        tn.set_num_threads(before)
