"""Which kernels are in use: the compiled ones or the NumPy references; on how many threads; for which CPU.

Every operation calls its kernel as an attribute of `kernels`. This table holds either the functions of the compiled
module or the references of `tinynet.reference`. Both have the same names and signatures. `backend()` switches between
them.

Environment variables, read once at import:
    TINYNET_BACKEND  native (default) or numpy, the default and the only one of a pure installation
    TINYNET_ISA      the instruction set: baseline, avx2, avx512 or amx; the widest of this CPU if unset
    OMP_NUM_THREADS  how many threads a kernel may use; if unset, one for each CPU that the process may use
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import platform
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .config import fold_batch_norm
from .core.cpus import available_cpus
from .version import __version__

# The pure wheel (`py3-none-any`) is for machines without a compiler. It has no compiled modules, and this one instead.
_is_pure = importlib.util.find_spec(f"{__package__}._pure") is not None
_backend_wanted = os.environ.get("TINYNET_BACKEND") or ("numpy" if _is_pure else "native")


def _check_environment() -> None:
    """Check the environment variables, before the compiled module loads OpenMP, which has error messages of its own."""
    threads = os.environ.get("OMP_NUM_THREADS")
    if threads and not all(part.strip().isdigit() and int(part) > 0 for part in threads.split(",")):
        raise ValueError(f"OMP_NUM_THREADS={threads!r} is not a number of threads; set it to 1 or more, or unset it")
    if _backend_wanted not in ("native", "numpy"):
        raise ValueError(f"TINYNET_BACKEND={_backend_wanted!r} is not a backend; known: native, numpy")


@contextlib.contextmanager
def _reported_in_one_line() -> Iterator[None]:
    """In the `tinynet` command (or `python -m tinynet`), report an error in one line and exit with code 2.

    The command does the same for all wrong arguments. It imports this package first, so this error must be caught here.
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


with _reported_in_one_line():
    _check_environment()

_native: Any  # the compiled module, or None
try:
    from . import _native
except ImportError as error:
    if _backend_wanted != "numpy":
        if _is_pure:
            raise ImportError(
                "TINYNET_BACKEND=native, but this is a pure installation of tinynet, without compiled kernels. Unset "
                "the variable, or install a wheel for this machine, or install from source with a C++ compiler."
            ) from error
        raise ImportError(
            f"tinynet's compiled module cannot be loaded ({error}). "
            "Install tinynet with `pip install .`, and start Python outside its source folder; without a compiler, "
            "with `TINYNET_PURE=1 pip install .`. To work without it, slowly, set TINYNET_BACKEND=numpy."
        ) from error
    _native = None


class KernelTable:
    """A namespace of kernels: `kernels.dense_forward(...)` is a plain attribute look-up, whatever the backend."""

    if TYPE_CHECKING:  # the attributes are set by `_install`

        def __getattr__(self, name: str) -> Any: ...


kernels = KernelTable()
_backend = ""  # the name of the installed one; "" until install_wanted_backend is called
_references: Mapping[str, Callable[..., Any]] = {}  # install_wanted_backend sets it


def _install(name: str) -> None:
    """Fill `kernels` with the functions of one backend."""
    global _backend
    if name == "native":
        if _native is None:
            raise RuntimeError(
                "backend 'native' is not available: "
                + ("this is a pure installation of tinynet, without compiled kernels" if _is_pure else
                   "tinynet's compiled module could not be imported")
            )
        functions: Mapping[str, Any] = vars(_native)
    elif name == "numpy":
        functions = _references
    else:
        raise ValueError(f"unknown backend {name!r}; known: 'native', 'numpy'")
    kernels.__dict__.clear()
    kernels.__dict__.update((key, value) for key, value in functions.items() if not key.startswith("_"))
    _backend = name


class _Switch(contextlib.ContextDecorator):
    """What `backend(name)` returns. The kernels have been switched already; the end of a `with` block switches back."""

    def __init__(self, previous: str) -> None:
        self._previous = previous

    def __enter__(self) -> _Switch:
        return self

    def __exit__(self, *exception: object) -> None:
        _install(self._previous)


def backend(name: str | None = None) -> Any:
    """Choose the kernels: 'native' (compiled) or 'numpy' (the references, which read like the formulas).

    As a statement it switches until the next call; in a `with` block, for the block. It acts on the whole process.

    Args:
        name: 'native' or 'numpy'. None changes nothing.

    Returns:
        The name in use if `name` is None, else a context manager.

    Raises:
        ValueError: no backend has this name.
        RuntimeError: 'native', where the compiled module could not be imported.

    >>> before = backend()
    >>> with backend("numpy"):
    ...     backend()
    'numpy'
    >>> backend() == before
    True
    """
    if name is None:
        return _backend
    previous = _backend
    _install(name)
    return _Switch(previous)


def kernel_set() -> str:
    """Return which kernels are in use: 'numpy', or the instruction set of the compiled ones.

    Prepared weights are in an order that suits the kernels of one set.
    """
    return _native.isa() if _backend == "native" else _backend


def set_num_threads(threads: int) -> None:
    """Let a kernel use at most this many threads. Results have the same bits for any number of them.

    Args:
        threads: From 1 to 256.

    Raises:
        TypeError: it is no int.
        ValueError: it is below 1 or above 256.

    >>> before = get_num_threads()
    >>> set_num_threads(1)
    >>> get_num_threads()
    1
    >>> set_num_threads(before)
    """
    if isinstance(threads, bool) or not isinstance(threads, int | np.integer):
        raise TypeError(f"set_num_threads: threads must be an int, got {threads!r} ({type(threads).__name__})")
    if not 1 <= threads <= 256:
        raise ValueError(f"set_num_threads: threads must be from 1 to 256, got {threads}")
    if _native is not None:
        _native.set_num_threads(int(threads))


def get_num_threads() -> int:
    """Return how many threads a kernel may use.

    >>> before = get_num_threads()
    >>> set_num_threads(1)
    >>> get_num_threads()
    1
    >>> set_num_threads(before)
    """
    return _native.num_threads() if _native is not None else 1


def free_memory() -> None:
    """Return to the system the memory that the pool holds for future arrays."""
    if _native is not None:
        _native.pool_trim()


def configuration() -> dict[str, Any]:
    """Return what `show_config` prints, as a dict."""
    native = _native is not None
    return {
        "tinynet": __version__,
        "backend": _backend,
        "isas built": ", ".join(_native.built_isas()) if native else "none (no compiled module)",
        "isa found": _native.best_isa() if native else "none (no compiled module)",
        "isa chosen": _native.isa() if native else "none (no compiled module)",
        "threads": get_num_threads(),
        "caches": _cache_sizes() if native else "none (no compiled module)",
        "batch norm": "folded into convolutions in prediction" if fold_batch_norm() else "not folded",
        "compiler": f"GCC {_native.compiler}" if native and "lang" not in _native.compiler.lower() else
                    _native.compiler if native else "none (no compiled module)",
        "machine": f"{platform.machine()}, {os.cpu_count()} CPUs, of which {available_cpus()} may be used",
        "python": sys.version.split()[0],
        "numpy": np.__version__,
    }


def _cache_sizes() -> str:
    """The sizes of the caches, which some kernels plan with: '32 KB L1, 512 KB L2, 32 MB L3'."""
    return ", ".join(f"{size >> 20} MB {name.upper()}" if size % 2**20 == 0 else f"{size >> 10} KB {name.upper()}"
                     for name, size in _native.cache_sizes().items())


def show_config() -> None:
    """Print the versions, the instruction set found and chosen, and the number of threads.

    The algorithm of a convolution depends on its shape: `tinynet.ops.conv2d_algorithms` returns it.

    >>> show_config()
    tinynet     ...
    backend     ...
    numpy       ...
    """
    for key, value in configuration().items():
        print(f"{key:<11} {value}")


def install_wanted_backend(references: Mapping[str, Callable[..., Any]]) -> None:
    """Fill the kernel table with the backend that TINYNET_BACKEND names. The package's `__init__` calls this.

    Args:
        references: {name: function}, the NumPy references. They are passed in because this module imports nothing from
            the rooms above it, where they stand.

    Raises:
        RuntimeError: 'native', where the compiled module could not be imported.
    """
    global _references
    _references = references
    _install(_backend_wanted)


def _choose_isa() -> None:
    """Select the instruction set that TINYNET_ISA names, or the widest of this CPU."""
    isa = os.environ.get("TINYNET_ISA")
    try:
        _native.select_isa(isa or _native.best_isa())
    except (ValueError, RuntimeError) as error:
        raise RuntimeError(f"TINYNET_ISA={isa!r}: {error}") from None


def _choose_threads() -> None:
    """Keep within the quota of a container, which OpenMP does not read: it counts the CPUs of the affinity."""
    if not os.environ.get("OMP_NUM_THREADS") and available_cpus() < _native.num_threads():
        _native.set_num_threads(available_cpus())


if _native is not None:
    with _reported_in_one_line():
        _choose_isa()
    _choose_threads()
