"""The C++ compiles without warnings: with each compiler that is installed, and for other machines.

The test only parses, which takes seconds. `python tests/test_compilers.py` compiles with full optimisation, which finds
more and takes minutes. Zig (`pip install ziglang`) stands for Windows and macOS, where nothing else is tested: all
compiles but the files that include OpenMP's header, which Zig has not, and on Windows those that need POSIX.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "csrc"))

from building import native  # noqa: E402  (the folder is no part of the package)

ZIG = [sys.executable, "-m", "ziglang", "c++", "-target"]
COMPILERS = {  # name: (command, the instruction sets; None: all)
    "g++-11": (["g++-11"], None),
    "g++-12": (["g++-12"], None),
    "g++-13": (["g++-13"], None),
    "g++-14": (["g++-14"], None),
    "clang++": (["clang++"], None),
    "aarch64-linux-gnu-g++": (["aarch64-linux-gnu-g++"], ["baseline"]),
    "zig for macOS": ([*ZIG, "aarch64-macos"], ["baseline"]),
    "zig for Windows": ([*ZIG, "x86_64-windows-gnu"], None),
}


def is_installed(name):
    if name.startswith("zig"):
        return importlib.util.find_spec("ziglang") is not None
    return shutil.which(COMPILERS[name][0][0]) is not None


def calls(name):
    """(instruction set, source) for each kernel, and for the files around them, which have none."""
    os.chdir(ROOT)
    isas = COMPILERS[name][1] or list(native.ISAS)
    core = native.core_files()
    if name.startswith("zig"):
        core = [file for file in core if "<omp.h>" not in (ROOT / file).read_text()]
    if "Windows" in name:
        core = ["csrc/dispatch.cpp"]
    return [(isa, unit) for isa in isas for unit in native.units_of(isa)] + [(None, file) for file in core]


def compiled(name, isa, source, *extra):
    """What the compiler prints about a source; nothing where all is well."""
    flags = [flag for flag in native.COMMON_FLAGS if not (flag == "-fPIC" and "Windows" in name)]
    openmp = [] if name.startswith("zig") else native.openmp_flags()[0]
    own = native.flags_of(isa) if isa else ["-Icsrc"]
    result = subprocess.run([*COMPILERS[name][0], *flags, *openmp, *native.WARNING_FLAGS, *own, *extra, source],
                            cwd=ROOT, capture_output=True, text=True)
    return result.stderr or ("" if result.returncode == 0 else f"{name} ended with {result.returncode}")


@pytest.mark.parametrize("name", COMPILERS)
def test_no_warnings(name):
    if not is_installed(name):
        pytest.skip(f"{name} is not installed")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        said = pool.map(lambda call: compiled(name, *call, "-fsyntax-only"), calls(name))
        assert not "".join(said)


@pytest.mark.skipif(not (shutil.which("aarch64-linux-gnu-g++") and shutil.which("qemu-aarch64")),
                    reason="needs g++-aarch64-linux-gnu and qemu-user")
def test_aarch64_multiplies(tmp_path):
    """The matrix product with NEON's vectors, in an emulator: within the bound, in float32 and float64."""
    os.chdir(ROOT)
    sources = ["csrc/kernels/matmul/matmul.cpp", "tests/machine_driver.cpp",
               *(file for file in native.core_files() if not file.endswith("dispatch.cpp"))]
    subprocess.run(["aarch64-linux-gnu-g++", *native.COMMON_FLAGS, *native.openmp_flags()[0], "-O1", "-static",
                    *native.flags_of("baseline"), *sources, "-o", str(tmp_path / "driver")], check=True)
    result = subprocess.run(["qemu-aarch64", str(tmp_path / "driver")], capture_output=True, text=True)
    assert result.returncode == 0 and result.stdout.startswith("96 products"), result.stdout + result.stderr


def main():
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for name in filter(is_installed, COMPILERS):
            for isa, source in calls(name):
                print(f"{name} {isa or ''} {source}", flush=True)
                said = compiled(name, isa, source, "-c", "-o", f"{folder}/object")
                failed |= bool(said)
                print(said, end="")
    return failed


if __name__ == "__main__":
    sys.exit(main())
