"""Build tinynet's two kinds of compiled code.

`tinynet._native` (C++17, pybind11, OpenMP): every csrc/kernels/<family>/<unit>.cpp is compiled once for each
instruction set, with that set's flags, and one set is chosen when the module is imported (csrc/dispatch.cpp).
Everything else is compiled for the plain machine, so that one wheel runs on any x86-64 CPU. On other machines only the
baseline exists.

`tinynet.data.*`, `tinynet.augment.*` (Cython): the loops of the data pipeline.

An object is kept in build/objects with a hash of all that it was made from: a later build compiles only what changed.

Environment:
    TINYNET_ISAS        the instruction sets to build, e.g. `avx2,baseline`; `native`: the widest that this CPU runs.
                        The baseline is always built. All, if unset.
    TINYNET_BUILD_JOBS  how many compilers run at once; one a CPU, if unset
    TINYNET_WERROR=1    makes warnings errors
    TINYNET_SANITIZE    e.g. `address,undefined`: builds with sanitizers
"""

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from Cython.Build import cythonize
from pybind11.setup_helpers import ParallelCompile, Pybind11Extension, has_flag
from pybind11.setup_helpers import build_ext as pybind11_build_ext
from setuptools import Extension, setup

# No value depends on the two -fno: without them errno and floating-point exceptions keep loops from being vectorised.
COMMON_FLAGS = ["-std=c++17", "-O3", "-fopenmp", "-fvisibility=hidden", "-fno-math-errno", "-fno-trapping-math",
                "-Wall", "-Wextra"]
# dispatch.cpp asks the CPU for every feature named here before it chooses a table.
AVX2_FLAGS = ["-mavx2", "-mfma", "-mf16c", "-mbmi2"]
AVX512_FLAGS = [*AVX2_FLAGS, "-mavx512f", "-mavx512dq", "-mavx512bw", "-mavx512vl", "-mprefer-vector-width=512"]
AMX_FLAGS = [*AVX512_FLAGS, "-mamx-tile", "-mamx-bf16"]

# The bytes of a vector (csrc/simd.h) and the flags of each instruction set, the widest last.
ISAS = {"baseline": (16, []), "avx2": (32, AVX2_FLAGS), "avx512": (64, AVX512_FLAGS), "amx": (64, AMX_FLAGS)}

if os.environ.get("TINYNET_SANITIZE"):
    COMMON_FLAGS += [
        "-O1", "-g", "-fno-omit-frame-pointer",
        f"-fsanitize={os.environ['TINYNET_SANITIZE']}", "-fno-sanitize-recover=undefined",
    ]
if os.environ.get("TINYNET_WERROR"):
    COMMON_FLAGS.append("-Werror")

JOBS = int(os.environ.get("TINYNET_BUILD_JOBS") or os.cpu_count() or 1)
KEPT = Path("build/objects")  # where compiled objects wait for the next build


def native_isa():
    """The widest instruction set that this CPU runs."""
    try:
        flags = set(Path("/proc/cpuinfo").read_text().split("flags", 1)[1].split("\n", 1)[0].split())
    except (OSError, IndexError):
        return "baseline"
    needed = {"avx2": {"avx2", "fma", "f16c", "bmi2"}}
    needed["avx512"] = needed["avx2"] | {"avx512f", "avx512dq", "avx512bw", "avx512vl"}
    needed["amx"] = needed["avx512"] | {"amx_tile", "amx_bf16"}
    return next((isa for isa in ("amx", "avx512", "avx2") if needed[isa] <= flags), "baseline")


def wanted_isas():
    """The instruction sets that TINYNET_ISAS names, in the order of ISAS."""
    known = list(ISAS) if platform.machine() in ("x86_64", "AMD64") else ["baseline"]
    names = os.environ.get("TINYNET_ISAS", "").replace(",", " ").split()
    if not names:
        return known
    unknown = [name for name in names if name != "native" and name not in known]
    if unknown:
        sys.exit(f"TINYNET_ISAS: unknown instruction set {unknown[0]!r}; known here: native, {', '.join(known)}")
    chosen = {native_isa() if name == "native" else name for name in names} | {"baseline"}
    return [isa for isa in known if isa in chosen]


def check_tools(commands, folders):
    """Exit with the command that helps where a compiler or Python's header files are missing.

    Args:
        commands: Names or paths of the compilers.
        folders: Where the compilers look for Python.h.
    """
    missing = [f"the compiler {command!r} is not there" for command in commands if shutil.which(command) is None]
    if not any((Path(folder) / "Python.h").exists() for folder in folders):
        missing.append(f"Python.h is not in {' or '.join(dict.fromkeys(folders))}")
    if missing:
        sys.exit(f"tinynet cannot be built: {'; '.join(missing)}. On Debian and Ubuntu: sudo apt install g++ "
                 "python3-dev; on Fedora: sudo dnf install gcc-c++ python3-devel")


def digest(command, files):
    """A hash of a compiler's command and of the contents of the files that it reads."""
    total = hashlib.sha256("\0".join(command).encode())
    for file in files:
        total.update(b"\0" + file.encode() + b"\0" + Path(file).read_bytes())
    return total.hexdigest()


def keep_objects(compiler):
    """Let a distutils compiler take an object from KEPT when nothing that it is made from has changed.

    What an object is made from: the compiler and its flags, the source, and the headers that the compiler listed
    (-MMD) when it made it. System headers and the compiler itself count by the compiler's version.
    """
    compile_one = compiler._compile
    version = subprocess.run([compiler.compiler_so[0], "--version"], capture_output=True, text=True).stdout

    def compile_or_take(obj, src, ext, cc_args, extra_postargs, pp_opts):
        command = [version, *compiler.compiler_so, *getattr(compiler, "compiler_so_cxx", []), *cc_args,
                   *extra_postargs, *pp_opts]
        name = hashlib.sha256("\0".join([src, *command]).encode()).hexdigest()[:24]
        kept, record = KEPT / f"{name}.o", KEPT / f"{name}.json"
        try:
            made_from = json.loads(record.read_text())
            fresh = kept.exists() and made_from["digest"] == digest(command, made_from["files"])
        except (OSError, ValueError, KeyError):
            fresh = False
        if not fresh:
            KEPT.mkdir(parents=True, exist_ok=True)
            record.unlink(missing_ok=True)
            list_of_files, started = KEPT / f"{name}.d", time.time()
            compile_one(obj, src, ext, cc_args, [*extra_postargs, "-MMD", "-MF", str(list_of_files)], pp_opts)
            files = list_of_files.read_text().replace("\\\n", " ").split(":", 1)[1].split()
            list_of_files.unlink()
            if max(os.path.getmtime(file) for file in files) < started:  # else it may be made from an older text
                shutil.copy2(obj, kept)
                record.write_text(json.dumps({"source": src, "digest": digest(command, files), "files": files}))
        else:
            shutil.copy2(kept, obj)

    compiler._compile = compile_or_take


class build_ext(pybind11_build_ext):
    """Compile the units of kernels for each instruction set, then link them into the extension."""

    def build_extensions(self):
        if hasattr(self.compiler, "compiler_so"):  # GCC and Clang
            check_tools([self.compiler.compiler_so[0], *getattr(self.compiler, "compiler_so_cxx", [])[:1]],
                        self.include_dirs)
            keep_objects(self.compiler)
        super().build_extensions()

    def build_extension(self, ext):
        units = getattr(ext, "units", [])
        isas = wanted_isas() if units else []
        if "amx" in isas and not has_flag(self.compiler, "-mamx-bf16"):  # GCC 10, Clang 11 and older
            isas.remove("amx")
        ext.define_macros = [*ext.define_macros, *((f"TINYNET_{isa.upper()}", "1") for isa in isas[1:])]

        def compile_for(job):
            isa, unit = job
            vector_bytes, flags = ISAS[isa]
            return self.compiler.compile(
                [unit],
                output_dir=os.path.join(self.build_temp, "csrc", "isa", isa),
                macros=[("TINYNET_ISA", isa), ("TINYNET_VECTOR_BYTES", str(vector_bytes))],
                # Without pybind11's: in builds of pip its folder is another one each time, and no object would be kept.
                include_dirs=["csrc"],
                depends=ext.depends,
                extra_postargs=[*COMMON_FLAGS, *flags],
            )

        # The units are most of the work: all at once, the widest (and slowest) first.
        with ThreadPoolExecutor(JOBS) as pool:
            objects = list(pool.map(compile_for, [(isa, unit) for isa in reversed(isas) for unit in units]))
        ext.extra_objects = [*ext.extra_objects, *(name for names in objects for name in names)]
        super().build_extension(ext)


native = Pybind11Extension(
    "tinynet._native",
    sources=sorted(map(str, [*Path("csrc").glob("*.cpp"), *Path("csrc/bindings").glob("*.cpp")])),
    include_dirs=["csrc"],
    extra_compile_args=COMMON_FLAGS,
    extra_link_args=["-fopenmp"] + (
        [f"-fsanitize={os.environ['TINYNET_SANITIZE']}"] if os.environ.get("TINYNET_SANITIZE") else []
    ),
)
native.units = sorted(map(str, Path("csrc/kernels").rglob("*.cpp")))
native.depends = [*native.units, *sorted(map(str, Path("csrc").rglob("*.h")))]

cython_modules = cythonize(
    [
        # No fused multiply-add: the loops give the bits of their NumPy references on every CPU. No debugging symbols,
        # which Python's own flags may ask for: they would be 0.9 MB of the wheel.
        Extension(f"tinynet.{folder}.{path.stem}", [str(path)], extra_compile_args=["-O3", "-ffp-contract=off", "-g0"])
        for folder in ("augment", "data")
        for path in sorted(Path(f"tinynet/{folder}").glob("*.pyx"))
    ],
    language_level=3,
)

with ParallelCompile("TINYNET_BUILD_JOBS", default=os.cpu_count() or 1):
    setup(ext_modules=[native, *cython_modules], cmdclass={"build_ext": build_ext})
