"""Backend, threads, instruction set, environment variables; fork."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from checks import available_isas, needs_native

import tinynet as tn
from tinynet import _native
from tinynet.runtime import kernels


def run(code, **environment):
    return subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=120,
                          env={**os.environ, **environment})


@needs_native
def test_backend_switches_for_a_block_and_back():
    assert tn.backend() == "native"
    native = kernels.dense_forward
    with tn.backend("numpy"):
        assert tn.backend() == "numpy"
        assert kernels.dense_forward is not native
        with tn.backend("native"):
            assert kernels.dense_forward is native
        assert tn.backend() == "numpy"
    assert tn.backend() == "native"


@needs_native
def test_backend_comes_back_after_an_error():
    with pytest.raises(ZeroDivisionError), tn.backend("numpy"):
        1 / 0  # noqa: B018
    assert tn.backend() == "native"


@needs_native
def test_unknown_backend():
    with pytest.raises(ValueError, match="unknown backend 'cuda'; known: 'native', 'numpy'"):
        tn.backend("cuda")
    assert tn.backend() == "native"


@pytest.mark.parametrize(("threads", "error"), [(0, ValueError), (-1, ValueError), (1025, ValueError),
                                                (2.0, TypeError), ("2", TypeError), (True, TypeError)])
def test_bad_thread_counts(threads, error):
    before = tn.get_num_threads()
    with pytest.raises(error, match="set_num_threads: threads must be"):
        tn.set_num_threads(threads)
    assert tn.get_num_threads() == before


@needs_native
def test_environment_chooses():
    for isa in available_isas():
        result = run(
            "import tinynet as tn; print(tn.runtime.configuration()['isa chosen'], tn.backend(), tn.get_num_threads())",
            TINYNET_ISA=isa,
            TINYNET_BACKEND="numpy",
            OMP_NUM_THREADS="3",
        )
        assert result.stdout.split() == [isa, "numpy", "3"], result.stderr


@needs_native
@pytest.mark.parametrize(("name", "value", "message"), [
    ("TINYNET_ISA", "sse9", "unknown instruction set 'sse9'; known: baseline, avx2, avx512, amx"),
    ("TINYNET_BACKEND", "cuda", "TINYNET_BACKEND='cuda' is not a backend; known: native, numpy"),
    ("OMP_NUM_THREADS", "abc", "OMP_NUM_THREADS='abc' is not a number of threads"),
    ("OMP_NUM_THREADS", "0", "OMP_NUM_THREADS='0' is not a number of threads"),
])
def test_bad_environment_is_named(name, value, message):
    result = run("import tinynet", **{name: value})
    assert result.returncode != 0
    assert message in result.stderr


def test_isa_that_cannot_run_is_refused():
    missing = [isa for isa in ("avx2", "avx512", "amx") if isa not in available_isas()]
    for isa in missing:
        with pytest.raises(RuntimeError, match="this CPU cannot run|this build of tinynet has no kernels for"):
            _native.select_isa(isa)


def test_show_config(capsys):
    tn.show_config()
    text = capsys.readouterr().out
    for key in ("tinynet", "isa found", "isa chosen", "threads", "compiler", "numpy"):
        assert key in text


def test_child_of_fork_computes():
    """Threads do not survive fork(); a child that waited for those of its parent would hang."""
    result = run(
        "import os, numpy as np, tinynet as tn\n"
        "x = np.ones((512, 512), np.float32)\n"
        "tn.set_num_threads(2)\n"
        "expected = tn.runtime.kernels.matmul(x, x)\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    same = bool((tn.runtime.kernels.matmul(x, x) == expected).all())\n"
        "    os._exit(0 if same else 1)\n"
        "print(os.waitpid(pid, 0)[1])\n"
    )
    assert result.stdout.strip() == "0", result.stderr


def test_pool_takes_memory_back():
    x = np.ones((1000, 100), np.float32)
    kernels.activation_forward(x, "relu")
    before = _native.pool_statistics()
    for _ in range(10):
        kernels.activation_forward(x, "relu")
    after = _native.pool_statistics()
    assert after["reused"] - before["reused"] == 10
    assert after["in_use"] == before["in_use"]
    _native.pool_trim()
    assert _native.pool_statistics()["idle"] == 0


def test_memory_that_lives_next_to_freed_memory_stays():
    """Arrays of 64 KB to 2 MB share pages: the pool returns a page when all of them are freed."""
    x = np.arange(100_000, dtype=np.float32)
    arrays = [kernels.activation_forward(x + i, "relu") for i in range(50)]
    del arrays[::2]
    _native.pool_trim()
    assert _native.pool_statistics()["idle"] == 0
    again = [kernels.activation_forward(x + i, "relu") for i in range(0, 50, 2)]
    for i, array in enumerate(arrays):
        np.testing.assert_array_equal(array, x + 2 * i + 1)
    for i, array in enumerate(again):
        np.testing.assert_array_equal(array, x + 2 * i)
    in_use = _native.pool_statistics()["in_use"]
    del arrays, again, array
    assert _native.pool_statistics()["in_use"] <= in_use - 50 * x.nbytes
    _native.pool_trim()
    assert _native.pool_statistics()["idle"] == 0


def test_memory_stays_flat_when_one_thread_makes_what_another_drops():
    """As with a thread that prepares batches. Memory of threads that have ended is used again."""
    x = np.ones((50, 60), np.float32)

    def make(results):
        results.extend(_native.matmul(x, x, False, True) for _ in range(10))

    def idle_after(rounds):
        for _ in range(rounds):
            results = []
            thread = threading.Thread(target=make, args=(results,))
            thread.start()
            thread.join()
        results.clear()
        return _native.pool_statistics()["idle"]

    _native.pool_trim()
    few = idle_after(10)
    assert idle_after(100) <= 2 * few


def test_pooled_memory_is_not_given_out_twice():
    x = np.ones((1000, 100), np.float32)
    first = kernels.activation_forward(x, "relu")
    view = first[10:20]
    del first
    second = kernels.activation_forward(x * 0 + 5, "relu")
    assert (view == 1).all()
    assert (second == 5).all()


@needs_native
def test_import_without_compiled_module_says_what_to_do(tmp_path):
    code = (
        "import sys\n"
        "sys.modules['tinynet._native'] = None\n"
        "import tinynet\n"
        "print(tinynet.backend())\n"
    )
    failed = run(code)
    assert "pip install" in failed.stderr and "TINYNET_BACKEND=numpy" in failed.stderr
    assert run(code, TINYNET_BACKEND="numpy").stdout.strip() == "numpy"


def test_import_loads_no_heavy_module():
    result = run(
        "import sys, tinynet; print([m for m in ('matplotlib', 'PIL', 'h5py', 'urllib.request', 'ssl', 'pandas', "
        "'argparse') if m in sys.modules])"
    )
    assert result.stdout.strip() == "[]", result.stdout + result.stderr
