"""Build tinynet's two kinds of compiled code.

`tinynet._native` (C++17, pybind11, OpenMP): the same kernel sources are compiled once per instruction set, each
with its own flags, and one set is chosen when the module is imported (csrc/dispatch.cpp). Everything else is
compiled for the plain machine, so that one wheel runs on any x86-64 CPU. On other machines only the baseline
object exists.

`tinynet.data.*`, `tinynet.augment.*` (Cython): the loops of the data pipeline.

Environment: TINYNET_SANITIZE=address,undefined builds with sanitizers; TINYNET_WERROR=1 makes warnings errors.
"""

import os
import platform
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from Cython.Build import cythonize
from pybind11.setup_helpers import ParallelCompile, Pybind11Extension, has_flag
from pybind11.setup_helpers import build_ext as pybind11_build_ext
from setuptools import Extension, setup

# No value depends on the two -fno: without them errno and floating-point exceptions keep loops from being vectorised.
COMMON_FLAGS = ["-std=c++17", "-O3", "-fopenmp", "-fvisibility=hidden", "-fno-math-errno", "-fno-trapping-math",
                "-Wall", "-Wextra"]
# dispatch.cpp asks the CPU for every feature named here before it chooses the object.
AVX2_FLAGS = ["-mavx2", "-mfma", "-mf16c", "-mbmi2"]
AVX512_FLAGS = [*AVX2_FLAGS, "-mavx512f", "-mavx512dq", "-mavx512bw", "-mavx512vl", "-mprefer-vector-width=512"]
AMX_FLAGS = [*AVX512_FLAGS, "-mamx-tile", "-mamx-bf16"]

ISA_SOURCES = {"csrc/isa/baseline.cpp": []}
if platform.machine() in ("x86_64", "AMD64"):
    ISA_SOURCES |= {"csrc/isa/avx2.cpp": AVX2_FLAGS, "csrc/isa/avx512.cpp": AVX512_FLAGS,
                    "csrc/isa/amx.cpp": AMX_FLAGS}

if os.environ.get("TINYNET_SANITIZE"):
    COMMON_FLAGS += [
        "-O1", "-g", "-fno-omit-frame-pointer",
        f"-fsanitize={os.environ['TINYNET_SANITIZE']}", "-fno-sanitize-recover=undefined",
    ]
if os.environ.get("TINYNET_WERROR"):
    COMMON_FLAGS.append("-Werror")


class build_ext(pybind11_build_ext):
    """Compile each kernel object with its own instruction-set flags, then link them into the extension."""

    def build_extension(self, ext):
        sources = dict(getattr(ext, "isa_sources", {}))
        if "csrc/isa/amx.cpp" in sources:
            if has_flag(self.compiler, "-mamx-bf16"):
                ext.define_macros = [*ext.define_macros, ("TINYNET_AMX", "1")]
            else:  # GCC 10, Clang 11 and older
                del sources["csrc/isa/amx.cpp"]

        def compile_for(isa):
            source, isa_flags = isa
            return self.compiler.compile(
                [source],
                output_dir=self.build_temp,
                include_dirs=ext.include_dirs,
                depends=ext.depends,
                extra_postargs=[*COMMON_FLAGS, *isa_flags],
            )

        # The kernels are most of the work, one file an instruction set: all at once, the widest (and slowest) first.
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            objects = list(pool.map(compile_for, reversed(sources.items())))
        ext.extra_objects = [*ext.extra_objects, *(name for names in objects for name in names)]
        super().build_extension(ext)


headers = sorted(str(path) for path in Path("csrc").rglob("*.h"))
native = Pybind11Extension(
    "tinynet._native",
    sources=sorted(["csrc/dispatch.cpp", "csrc/parallel.cpp", "csrc/pool.cpp",
                    *map(str, Path("csrc/bindings").glob("*.cpp"))]),
    include_dirs=["csrc"],
    depends=headers,
    extra_compile_args=COMMON_FLAGS,
    extra_link_args=["-fopenmp"] + (
        [f"-fsanitize={os.environ['TINYNET_SANITIZE']}"] if os.environ.get("TINYNET_SANITIZE") else []
    ),
)
native.isa_sources = ISA_SOURCES
native.depends = [*headers, *ISA_SOURCES]

cython_modules = cythonize(
    [
        # No fused multiply-add: the loops give the bits of their NumPy references on every CPU.
        Extension(f"tinynet.{folder}.{path.stem}", [str(path)], extra_compile_args=["-O3", "-ffp-contract=off"])
        for folder in ("augment", "data")
        for path in sorted(Path(f"tinynet/{folder}").glob("*.pyx"))
    ],
    language_level=3,
)

with ParallelCompile("TINYNET_BUILD_JOBS", default=os.cpu_count() or 1):
    setup(ext_modules=[native, *cython_modules], cmdclass={"build_ext": build_ext})
