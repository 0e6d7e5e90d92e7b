"""Which kernels are in use: the compiled ones or the NumPy references; on how many threads; for which CPU.

`kernels` is what every operation calls. It holds either the functions of the compiled module or the references of
`tinynet.reference`, under the same names and with the same signatures, and `backend()` switches between the two.

Environment, read once at import:
    TINYNET_BACKEND  native (default) or numpy
    TINYNET_ISA      baseline, avx2, avx512 or amx; the widest this CPU has if unset
    OMP_NUM_THREADS  how many threads a kernel may use
"""

import contextlib
import os
import platform
import sys

import numpy as np

from .version import __version__

_backend_wanted = os.environ.get("TINYNET_BACKEND") or "native"


def _check_environment():
    """Name what is wrong with it; before the compiled module brings in OpenMP, which complains in its own way."""
    threads = os.environ.get("OMP_NUM_THREADS")
    if threads and not all(part.strip().isdigit() and int(part) > 0 for part in threads.split(",")):
        raise ValueError(f"OMP_NUM_THREADS={threads!r} is not a number of threads; set it to 1 or more, or unset it")
    if _backend_wanted not in ("native", "numpy"):
        raise ValueError(f"TINYNET_BACKEND={_backend_wanted!r} is not a backend; known: native, numpy")


@contextlib.contextmanager
def _told_in_one_line():
    """In the `tinynet` command (or `python -m tinynet`) an error is a line and exit code 2, as for any wrong call.

    The command imports the package first, so it is here that it must be caught.
    """
    try:
        yield
    except (ValueError, RuntimeError) as error:
        as_module = ("-m", "tinynet") in zip(sys.orig_argv, sys.orig_argv[1:], strict=False)
        command = as_module or os.path.basename(sys.argv[0]) == "tinynet"
        if not command or "--debug" in sys.argv:
            raise
        print(f"tinynet: {error}", file=sys.stderr)
        raise SystemExit(2) from None


with _told_in_one_line():
    _check_environment()

try:
    from . import _native
except ImportError as error:
    if os.environ.get("TINYNET_BACKEND") != "numpy":
        raise ImportError(
            f"tinynet's compiled module cannot be loaded ({error}). Install tinynet with `pip install .`, and start "
            "Python "
            "outside its source folder. To work without it, slowly, set TINYNET_BACKEND=numpy."
        ) from error
    _native = None


class KernelTable:
    """A namespace of kernels: `kernels.dense_forward(...)` is a plain attribute look-up, whatever the backend."""


kernels = KernelTable()
_backend = None
_references = {}  # given by install_wanted_backend


def _install(name):
    """Fill `kernels` with the functions of one backend."""
    global _backend
    if name == "native":
        if _native is None:
            raise RuntimeError("backend 'native' is not available: tinynet's compiled module could not be imported")
        functions = vars(_native)
    elif name == "numpy":
        functions = _references
    else:
        raise ValueError(f"unknown backend {name!r}; known: 'native', 'numpy'")
    kernels.__dict__.clear()
    kernels.__dict__.update((key, value) for key, value in functions.items() if not key.startswith("_"))
    _backend = name


class _Switch(contextlib.ContextDecorator):
    """What `backend(name)` returns: it has switched already, and switches back at the end of a `with` block."""

    def __init__(self, previous):
        self._previous = previous

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        _install(self._previous)


def backend(name=None):
    """Choose the kernels: 'native' (compiled) or 'numpy' (the references, which read like the formulas).

    As a statement it switches for good; in a `with` block, for the block. It acts on the whole process.

    Args:
        name: 'native', 'numpy', or None to ask.

    Returns:
        The name in use if `name` is None, else a context manager.

    Raises:
        ValueError: no backend has this name.

    >>> with backend("numpy"):
    ...     backend()
    'numpy'
    >>> backend()
    'native'
    """
    if name is None:
        return _backend
    previous = _backend
    _install(name)
    return _Switch(previous)


def set_num_threads(threads):
    """Let a kernel use at most this many threads. Results do not depend on it, to the last bit.

    Args:
        threads: From 1 to 256.
    """
    if isinstance(threads, bool) or not isinstance(threads, int | np.integer):
        raise TypeError(f"set_num_threads: threads must be an int, got {threads!r} ({type(threads).__name__})")
    if not 1 <= threads <= 256:
        raise ValueError(f"set_num_threads: threads must be from 1 to 256, got {threads}")
    if _native is not None:
        _native.set_num_threads(int(threads))


def get_num_threads():
    """How many threads a kernel may use."""
    return _native.num_threads() if _native is not None else 1


def free_memory():
    """Give the memory kept for future arrays back to the system."""
    if _native is not None:
        _native.pool_trim()


def configuration():
    """What `show_config` prints, as a dict."""
    native = _native is not None
    return {
        "tinynet": __version__,
        "backend": _backend,
        "isa found": _native.best_isa() if native else "none (no compiled module)",
        "isa chosen": _native.isa() if native else "none (no compiled module)",
        "threads": get_num_threads(),
        "compiler": f"GCC {_native.compiler}" if native and "lang" not in _native.compiler.lower() else
                    _native.compiler if native else "none (no compiled module)",
        "machine": f"{platform.machine()}, {os.cpu_count()} CPUs",
        "python": sys.version.split()[0],
        "numpy": np.__version__,
    }


def show_config():
    """Print the versions, the instruction set found and chosen, and the number of threads.

    Which algorithm a convolution gets depends on its shape: `tinynet.ops.conv2d_algorithms` says it.
    """
    for key, value in configuration().items():
        print(f"{key:<11} {value}")


def install_wanted_backend(references):
    """Fill the kernel table, when the package is complete.

    Args:
        references: {name: function} of the NumPy references, which stand above this module.
    """
    global _references
    _references = references
    _install(_backend_wanted)


def _choose_isa():
    isa = os.environ.get("TINYNET_ISA")
    try:
        _native.select_isa(isa or _native.best_isa())
    except (ValueError, RuntimeError) as error:
        raise RuntimeError(f"TINYNET_ISA={isa!r}: {error}") from None


if _native is not None:
    with _told_in_one_line():
        _choose_isa()
