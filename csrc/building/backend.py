"""The build backend that pyproject.toml names: setuptools', with a look at the machine before anything is downloaded.

pip makes an empty environment, asks here what must be installed in it, installs that, and then builds. So the question
is where an old Python or a missing compiler is refused: after a second, in two lines, instead of after a minute's
downloads. Nothing but the standard library may be imported before that.

TINYNET_PURE=1 builds the pure wheel: no compiled module, the NumPy references in its place, for any machine.
"""

import os
import shutil
import sys

OLDEST_PYTHON = (3, 11)
SETUPTOOLS = "setuptools>=77"
COMPILED = ["pybind11>=3.0", "Cython>=3.1"]


def is_pure():
    """Whether TINYNET_PURE asks for the wheel without compiled modules."""
    return os.environ.get("TINYNET_PURE", "0") not in ("", "0")


def check_machine():
    """Exit, with what to do, where this machine cannot build what is asked for."""
    if sys.version_info < OLDEST_PYTHON:
        sys.exit(f"tinynet needs Python {OLDEST_PYTHON[0]}.{OLDEST_PYTHON[1]} or newer, and this is "
                 f"{sys.version.split()[0]}. Make the environment with another one: python3.12 -m venv .venv")
    if is_pure():
        return
    missing = missing_tools()
    if missing:
        sys.exit(f"tinynet's kernels cannot be compiled: {' and '.join(missing)}. {remedy()}\n"
                 f"Without a compiler, the pure wheel has every feature and is slow: {pure_command(sys.platform)}")


def missing_tools():
    """What is not there of a compiler and Python's header files, as clauses of a sentence."""
    import sysconfig

    from .native import compiler_command

    command = compiler_command()[0]
    missing = [] if shutil.which(command) else [f"there is no C++ compiler ({command})"]
    header = os.path.join(sysconfig.get_path("include"), "Python.h")
    return missing + ([] if os.path.exists(header) else [f"Python's header file is not at {header}"])


def remedy():
    """How a compiler is installed on this system."""
    if sys.platform == "darwin":
        return "Install one: xcode-select --install && brew install libomp"
    if sys.platform == "win32":
        return "On Windows the kernels are compiled with MinGW or Zig (CXX), which nobody has tried"
    return "Debian, Ubuntu: sudo apt install g++ python3-dev. Fedora: sudo dnf install gcc-c++ python3-devel"


def pure_command(platform):
    """What installs without a compiler: in a Unix shell; on Windows in PowerShell."""
    return "$env:TINYNET_PURE = 1; pip install ." if platform == "win32" else "TINYNET_PURE=1 pip install ."


def get_requires_for_build_wheel(config_settings=None):
    """What pip installs before it builds."""
    check_machine()
    return [SETUPTOOLS] if is_pure() else [SETUPTOOLS, *COMPILED]


def get_requires_for_build_sdist(config_settings=None):
    """A source archive is made without a compiler."""
    return [SETUPTOOLS]


get_requires_for_build_editable = get_requires_for_build_wheel


def _of_setuptools(hook):
    def run(*arguments, **named):
        from setuptools import build_meta  # late: it is not there before pip has installed it

        return getattr(build_meta, hook)(*arguments, **named)

    run.__name__, run.__doc__ = hook, f"setuptools' {hook}."
    return run


build_wheel = _of_setuptools("build_wheel")
build_sdist = _of_setuptools("build_sdist")
build_editable = _of_setuptools("build_editable")
prepare_metadata_for_build_wheel = _of_setuptools("prepare_metadata_for_build_wheel")
prepare_metadata_for_build_editable = _of_setuptools("prepare_metadata_for_build_editable")
