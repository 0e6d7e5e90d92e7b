"""csrc/: which files are compiled, with which flags, and for which instruction sets.

Kernels: every csrc/kernels/<family>/<unit>.cpp once for each instruction set, with that set's flags. Bindings: all of
csrc/bindings, included in two files, since what pybind11 adds to a file takes longer to compile than the bindings
(15 of 20 s). Everything but the kernels is compiled for the plain machine, so that one wheel runs on any x86-64 CPU.
"""

import os
import platform
import shlex
import subprocess
import sys
import sysconfig
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .objects import ObjectStore

# Python's own flags are not used: they differ from one Python to the next, and the kernels would be compiled for each.
# No value depends on the two -fno: without them errno and floating-point exceptions keep loops from being vectorised.
COMMON_FLAGS = ["-std=c++17", "-O3", "-DNDEBUG", "-fwrapv", "-fPIC", "-fvisibility=hidden", "-fno-math-errno",
                "-fno-trapping-math"]
WARNING_FLAGS = ["-Wall", "-Wextra"]  # with TINYNET_WERROR only: they take 4% of the time, and pip shows none
BINDING_FLAGS = ["-O1"]  # after -O3: no arithmetic stands in the bindings, and they are compiled in half the time
# dispatch.cpp asks the CPU for every feature named here before it chooses a table.
AVX2_FLAGS = ["-mavx2", "-mfma", "-mf16c", "-mbmi2"]
AVX512_FLAGS = [*AVX2_FLAGS, "-mavx512f", "-mavx512dq", "-mavx512bw", "-mavx512vl", "-mprefer-vector-width=512"]
AMX_FLAGS = [*AVX512_FLAGS, "-mamx-tile", "-mamx-bf16"]

# The bytes of a vector (csrc/simd.h) and the flags of each instruction set, the widest last.
ISAS = {"baseline": (16, []), "avx2": (32, AVX2_FLAGS), "avx512": (64, AVX512_FLAGS), "amx": (64, AMX_FLAGS)}
# The units that use the matrix unit, for float32. All other kernels of amx are avx512's (`Units` in csrc/kernels.h).
AMX_UNITS = ["conv2d", "matmul"]

# For each system: what the compiler and the linker need for OpenMP. Apple's Clang has no -fopenmp of its own; its
# library comes with `brew install libomp`, in one of two folders.
HOMEBREW = [folder for folder in ("/opt/homebrew/opt/libomp", "/usr/local/opt/libomp") if os.path.isdir(folder)]
OPENMP_FLAGS = {
    "darwin": (["-Xpreprocessor", "-fopenmp", *(f"-I{folder}/include" for folder in HOMEBREW)],
               [*(f"-L{folder}/lib" for folder in HOMEBREW), "-lomp"]),
    "win32": (["-fopenmp"], ["-fopenmp", "-static-libgcc", "-static-libstdc++"]),  # MinGW
}
DEFAULT_OPENMP_FLAGS = (["-fopenmp"], ["-fopenmp"])

JOBS = int(os.environ.get("TINYNET_BUILD_JOBS") or os.cpu_count() or 1)
BINDING_FILES = 2  # as many as a laptop's smallest number of cores


def kernel_units():
    """Every file of kernels."""
    return sorted(path.as_posix() for path in Path("csrc/kernels").rglob("*.cpp"))


def core_files():
    """The files around the kernels: threads, memory, the choice of an instruction set."""
    return sorted(path.as_posix() for path in Path("csrc").glob("*.cpp"))


def flags_of(isa):
    """The arguments that compile a unit for an instruction set."""
    vector_bytes, flags = ISAS[isa]
    only = ["-DTINYNET_FLOAT32_ONLY"] if isa == "amx" else []
    return [*flags, f"-DTINYNET_ISA={isa}", f"-DTINYNET_VECTOR_BYTES={vector_bytes}", *only, "-Icsrc"]


def units_of(isa):
    """The files that are compiled for an instruction set."""
    return [unit for unit in kernel_units() if isa != "amx" or Path(unit).stem in AMX_UNITS]


def openmp_flags():
    """Arguments for the compiler and for the linker."""
    return OPENMP_FLAGS.get(sys.platform, DEFAULT_OPENMP_FLAGS)


def sanitizer_flags():
    """Arguments of TINYNET_SANITIZE."""
    chosen = os.environ.get("TINYNET_SANITIZE")
    return ["-O1", "-g", "-fno-omit-frame-pointer", f"-fsanitize={chosen}",
            "-fno-sanitize-recover=undefined"] if chosen else ["-g0"]


def compiler_command():
    """The C++ compiler: CXX, or Python's own, as a list of words."""
    return shlex.split(os.environ.get("CXX") or sysconfig.get_config_var("CXX") or "c++")


def own_flags():
    """What all files are compiled with."""
    words = [*COMMON_FLAGS, *openmp_flags()[0], *sanitizer_flags()]
    if os.environ.get("TINYNET_WERROR"):
        words += [*WARNING_FLAGS, "-Werror"]
    if sys.platform == "darwin":  # -arch, -isysroot
        words = [*shlex.split(sysconfig.get_config_var("CFLAGS") or ""), *words]
    for name in ("CPPFLAGS", "CXXFLAGS"):
        words += shlex.split(os.environ.get(name, ""))
    return words


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
    """The instruction sets that TINYNET_ISAS names, in the order of ISAS, with the baseline and what amx shares."""
    known = list(ISAS) if platform.machine() in ("x86_64", "AMD64") else ["baseline"]
    names = os.environ.get("TINYNET_ISAS", "").replace(",", " ").split()
    unknown = [name for name in names if name != "native" and name not in known]
    if unknown:
        sys.exit(f"TINYNET_ISAS: unknown instruction set {unknown[0]!r}; known here: native, {', '.join(known)}")
    chosen = {native_isa() if name == "native" else name for name in names or known} | {"baseline"}
    if "amx" in chosen and not compiles_amx():
        chosen.remove("amx")
    if "amx" in chosen:
        chosen.add("avx512")
    return [isa for isa in known if isa in chosen]


def compiles_amx():
    """Whether the compiler knows the matrix unit: not GCC 10, Clang 11 and older."""
    return subprocess.run([*compiler_command(), *AMX_FLAGS, "-x", "c++", "-fsyntax-only", os.devnull],
                          capture_output=True).returncode == 0


def write_binding_files(folder):
    """Write files that include all bindings, each in a namespace of its own, and return their names.

    A binding is a file of its own for the reader, with its own `require` and `forward`; what several share stands
    inline in a header. All that they include comes before them. A file that is right already is left alone.
    """
    sources = sorted(Path("csrc/bindings").glob("*.cpp"))
    includes = sorted({line for source in sources for line in source.read_text().splitlines()
                       if line.startswith("#include")})
    names = []
    for part in range(BINDING_FILES):
        lines = ["// Made by csrc/building/native.py.", *includes]
        for source in sources[part::BINDING_FILES]:
            if source.stem in ("module", "recording"):  # they define what headers declare
                lines += [f'#include "bindings/{source.name}"']
                continue
            lines += [f"namespace tinynet::file_{source.stem} {{", f'#include "bindings/{source.name}"', "}",
                      f"void tinynet::bind_{source.stem}(pybind11::module_& module) {{ "
                      f"file_{source.stem}::tinynet::bind_{source.stem}(module); }}"]
        text, file = "\n".join(lines) + "\n", Path(folder) / f"bindings_{part}.cpp"
        if not file.exists() or file.read_text() != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        names.append(file.as_posix())
    return names


def jobs(isas, python_includes):
    """What is compiled: a list of (source, arguments, folder of the object), the longest first."""
    tables = [f"-DTINYNET_{isa.upper()}" for isa in isas[1:]]
    found = [(file, ["-Icsrc", *(f"-I{folder}" for folder in python_includes), *BINDING_FLAGS], "bindings")
             for file in write_binding_files("build/bindings")]
    found += [(unit, flags_of(isa), f"isa/{isa}") for isa in reversed(isas) for unit in units_of(isa)]
    found += [(file, ["-Icsrc", *(tables if file.endswith("dispatch.cpp") else [])], "core") for file in core_files()]
    return found


def compile_all(folder, isas, python_includes, say):
    """Compile csrc/ into `folder`, TINYNET_BUILD_JOBS files at once.

    Args:
        folder: Where the objects go.
        isas: The instruction sets.
        python_includes: The folders of Python.h and pybind11.
        say: Called with each line about the progress.

    Returns:
        The names of the objects.
    """
    compiler, flags, started = compiler_command(), own_flags(), time.time()
    kernels = ObjectStore(compiler)
    bindings = ObjectStore(compiler, sysconfig.get_config_var("SOABI") or "")
    work = jobs(isas, python_includes)

    def compile_one(job):
        source, arguments, kind = job
        target = Path(folder, kind, Path(source).name).with_suffix(".o")
        words = [*flags, *arguments]

        def run(more):
            subprocess.run([*compiler, *words, *more, "-c", source, "-o", str(target)], check=True)

        (bindings if kind == "bindings" else kernels).make(source, words, target, run)
        return str(target)

    say(f"compiling {len(work)} files for {', '.join(isas)}, {JOBS} at once; what has not changed since the last build "
        "is taken from build/objects. All of it takes two quiet cores some 5 minutes")
    with ThreadPoolExecutor(JOBS) as pool:
        futures = [pool.submit(compile_one, job) for job in work]
        try:
            objects = [future.result() for future in futures]
        except subprocess.CalledProcessError as error:
            pool.shutdown(cancel_futures=True)
            sys.exit(f"tinynet cannot be built: this command failed, and has said why above: {shlex.join(error.cmd)}")
    made, taken = kernels.made + bindings.made, kernels.taken + bindings.taken
    say(f"{made} files compiled, {taken} taken, in {time.time() - started:.0f} s")
    return objects
