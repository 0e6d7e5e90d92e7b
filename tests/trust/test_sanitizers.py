"""What the sanitizers' builds (tests/trust/sanitizers.py) can see, and what they run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from checks import needs_native
from trust import raced, sanitizers

ROOT = Path(__file__).parents[2]
PROGRAM = """
#include "pool.h"
#include <cstdio>
int main(int, char** arguments) {
  auto* block = static_cast<volatile float*>(tinynet::pool_allocate(33 * 4));
  const int what = arguments[1][0] - '0';
  float sum = block[32] = 1;
  if (what == 1) sum += block[33];
  if (what == 2) sum += block[-1];
  tinynet::pool_release(const_cast<float*>(block), 33 * 4);
  if (what == 3) sum += block[0];
  std::printf("%g\\n", sum);
}
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """A program that uses the pool, built with the address sanitizer."""
    compiler, folder = shutil.which(os.environ.get("CXX", "g++")), tmp_path_factory.mktemp("pool")
    if compiler is None:
        pytest.skip("no compiler is installed")
    (folder / "main.cpp").write_text(PROGRAM)
    made = subprocess.run([compiler, "-std=c++17", "-g", "-fsanitize=address", f"-I{ROOT / 'csrc'}",
                           folder / "main.cpp", ROOT / "csrc/pool.cpp", "-o", folder / "main", "-pthread"],
                          capture_output=True, text=True)
    if "cannot find" in made.stderr:
        pytest.skip("the compiler has no address sanitizer")
    assert made.returncode == 0, made.stderr
    return folder / "main"


@pytest.mark.parametrize(("what", "report"), [
    (0, ""), (1, "heap-buffer-overflow"), (2, "heap-buffer-overflow"), (3, "heap-use-after-free")])
def test_the_pool_hides_nothing_from_the_address_sanitizer(what, report, program):
    result = subprocess.run([program, str(what)], capture_output=True, text=True,
                            env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
    assert report in result.stderr and (result.returncode == 0) == (not report), result.stderr
    assert (result.stdout == "1\n") == (not report)


@needs_native
def test_kernels_called_by_threads_and_models_that_train_at_once():
    result = subprocess.run([sys.executable, raced.__file__, "dense_forward", "sgd_step"], capture_output=True,
                            text=True, timeout=300)
    assert result.returncode == 0 and result.stdout.startswith("2 kernels, "), result.stdout + result.stderr


@pytest.mark.parametrize(("wrong_on", "message"), [
    (lambda count, running: count == 7, "on 7 threads"), (lambda count, running: running > 1, "call it at once")])
def test_a_kernel_whose_bits_depend_on_threads_is_found(wrong_on, message, monkeypatch):
    threads, running = [1], []

    def at_once(count, function):
        running.extend(range(count - 1))
        try:
            return [function(number) for number in range(count)]
        finally:
            running.clear()

    monkeypatch.setattr(raced, "at_once", at_once)
    monkeypatch.setattr(raced.tn, "set_num_threads", lambda count: threads.append(count))
    monkeypatch.setattr(raced, "call", lambda *_: [raced.np.ones(3) * wrong_on(threads[-1], 1 + len(running))])
    with pytest.raises(SystemExit, match=message):
        raced.check("dense_forward")


def test_output_with_a_report_is_counted(tmp_path):
    file = tmp_path / "tests.py"
    file.write_text("print('x.cpp:3:1: runtime error: index 5 out of bounds')\nprint('3 kernels')\n")
    assert sanitizers.tested(tmp_path, {}, [str(file)]) == ("3 kernels", 1, True)
    file.write_text("raise SystemExit(3)")
    assert sanitizers.tested(tmp_path, {}, [str(file)]) == (", ended with 3", 0, False)
    assert len(list(tmp_path.glob("output-*.txt"))) == 1


@pytest.mark.parametrize(("installed", "compiler", "runtime"), [
    ({"clang++-19", "clang++-16", "clang++", "gcc"}, "clang++-19", "clang++-19: libclang_rt.tsan-x86_64.so"),
    ({"clang++-14", "clang++", "gcc"}, "clang++", "gcc: libtsan.so"), ({"clang++-14"}, "clang++-14", ""),
    ({"gcc"}, "", "")])
def test_which_runtime_the_thread_sanitizer_has(installed, compiler, runtime, monkeypatch):
    monkeypatch.setattr(sanitizers.shutil, "which", lambda name: name if name in installed else None)
    monkeypatch.setattr(sanitizers, "library", lambda name, file: f"{name}: {file}" if name in installed else "")
    assert sanitizers.clang() == (compiler, runtime)


def test_no_compiler_has_no_library():
    assert sanitizers.library("", "libasan.so") == sanitizers.library("no-such-compiler", "libasan.so") == ""
