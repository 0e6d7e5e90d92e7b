"""Build tinynet's two kinds of compiled code, or none.

`tinynet._native` (C++17, pybind11, OpenMP) is what csrc/building/native.py compiles: kernels for several instruction
sets, of which one is chosen when the module is imported (csrc/dispatch.cpp). `tinynet.data.*`, `tinynet.augment.*`
(Cython) are the loops of the data pipeline. An object is kept in build/objects with a hash of all that it was made
from: a later build compiles only what changed, for whichever Python (csrc/building/objects.py).

Environment:
    TINYNET_PURE=1      the pure wheel: nothing is compiled, NumPy references replace the kernels and loops
    TINYNET_ISAS        the instruction sets to build, e.g. `avx2,baseline`; `native`: the widest that this CPU runs.
                        The baseline is always built. All, if unset.
    TINYNET_OBJECTS     the folder of kept objects, for source folders that share it; build/objects, if unset
    TINYNET_BUILD_JOBS  how many compilers run at once; one a CPU, if unset
    TINYNET_WERROR=1    shows warnings, and makes them errors
    TINYNET_SANITIZE    e.g. `address,undefined`: builds with sanitizers
    CXX, CPPFLAGS, CXXFLAGS, LDFLAGS  another compiler, and more arguments for it
"""

import contextlib
import os
import sys
import sysconfig
from pathlib import Path

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "csrc"))

from building import backend
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext as setuptools_build_ext
from setuptools.command.build_py import build_py as setuptools_build_py

PURE_MARK = '"""This is a pure installation: it has no compiled modules (tinynet/runtime.py)."""\n'


def say(line):
    """Tell the person at the terminal, too, from which pip hides what a build prints unless it is run with -v."""
    print(f"tinynet: {line}", flush=True)
    if not sys.stdout.isatty() and not os.environ.get("CI"):
        with contextlib.suppress(OSError), open("/dev/tty", "w") as terminal:
            terminal.write(f"\r\ntinynet: {line}\r\n")


class build_py(setuptools_build_py):
    """The Python files, and the mark of the pure wheel."""

    def run(self):
        super().run()
        mark = Path(self.build_lib, "tinynet", "_pure.py")
        if backend.is_pure() and not self.editable_mode:
            mark.write_text(PURE_MARK)
        else:
            mark.unlink(missing_ok=True)


class build_ext(setuptools_build_ext):
    """Compile csrc/ and link it, and the Cython modules."""

    def build_extensions(self):
        from building import objects

        objects.keep_objects(self.compiler, sysconfig.get_config_var("SOABI") or "")
        self.force = True  # the hashes decide what is compiled; times miss a header edited while a build runs
        super().build_extensions()

    def build_extension(self, ext):
        if ext.name == "tinynet._native":
            import pybind11
            from building import native

            includes = [pybind11.get_include(), *self.include_dirs]
            ext.extra_objects = native.compile_all(self.build_temp, native.wanted_isas(), includes, say)
        super().build_extension(ext)


def extensions():
    """The compiled modules."""
    if backend.is_pure() or "sdist" in sys.argv[1:]:  # a source archive has what MANIFEST.in names
        return []
    backend.check_machine()
    from building import native
    from Cython.Build import cythonize

    sanitizers = native.sanitizer_flags() if os.environ.get("TINYNET_SANITIZE") else []
    link = [flag for flag in sanitizers if flag.startswith("-fsanitize")]
    compiled = Extension("tinynet._native", [], language="c++", extra_link_args=[*native.openmp_flags()[1], *link])
    loops = [
        # No fused multiply-add: the loops give the bits of their NumPy references on every CPU. No debugging symbols,
        # which Python's own flags may ask for: they would be 0.9 MB of the wheel.
        Extension(f"tinynet.{folder}.{path.stem}", [str(path)], extra_link_args=link,
                  extra_compile_args=["-O3", "-ffp-contract=off", "-g0", *sanitizers])
        for folder in ("augment", "data")
        for path in sorted(Path(f"tinynet/{folder}").glob("*.pyx"))
    ]
    return [compiled, *cythonize(loops, language_level=3, nthreads=0)]


setup(ext_modules=extensions(), cmdclass={"build_ext": build_ext, "build_py": build_py})
