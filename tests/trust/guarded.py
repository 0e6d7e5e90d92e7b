"""Every compiled kernel between guard pages: nothing is read or written outside the arrays.

A program of its own, as it may be ended by the first wrong access. It runs with TINYNET_GUARD=1 (csrc/guard.h), which
puts what the kernels allocate, results and scratch memory, between pages that may not be touched; the arguments stand
at the end, and then at the beginning, of such pages here. The results have the same bits as without guards.

    TINYNET_GUARD=1 python tests/trust/guarded.py [kernel ...]
"""

import ctypes
import faulthandler
import mmap
import os
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from checks import available_isas, isa  # noqa: E402
from kernel_calls import KERNELS, Numbers, call  # noqa: E402
from kernel_calls.base import is_changed  # noqa: E402

from tinynet import _native, reference  # noqa: E402

PAGE = mmap.PAGESIZE
_libc = ctypes.CDLL(None, use_errno=True)
PROT_NONE, PROT_READ = 0, 1


class Guarded:
    """A copy of an array that begins or ends at a page which may not be touched."""

    def __init__(self, array, at_end, writable=True):
        array = np.ascontiguousarray(array)
        inside = max(-(-array.nbytes // PAGE), 1) * PAGE
        self.memory = mmap.mmap(-1, inside + 2 * PAGE)
        address = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        start = PAGE + (inside - array.nbytes if at_end else 0)
        self.array = np.frombuffer(self.memory, array.dtype, array.size, start).reshape(array.shape)
        self.array[...] = array
        for offset, length, protection in ((0, PAGE, PROT_NONE), (PAGE + inside, PAGE, PROT_NONE),
                                           *(() if writable else ((PAGE, inside, PROT_READ),))):
            if _libc.mprotect(ctypes.c_void_p(address + offset), ctypes.c_size_t(length), protection) != 0:
                raise OSError(ctypes.get_errno(), "mprotect")


def guarded(kernel, arguments, at_end):
    """Arguments with each array between guard pages; those that the kernel must not change are read-only."""
    return {name: between_pages(value, at_end, is_changed(kernel, name)) for name, value in arguments.items()}


def between_pages(value, at_end, writable):
    if isinstance(value, list):
        return [between_pages(part, at_end, writable) for part in value]
    return Guarded(value, at_end, writable).array if isinstance(value, np.ndarray) and value.size else value


def check(name, counts):
    """Call one kernel with all its shapes; count the calls."""
    kernel = KERNELS[name]
    for dtype in (np.float32, np.float64):
        for shape in (*kernel.small, *kernel.empty, *kernel.large):
            arguments = kernel.arguments(Numbers(dtype, kernel.whole), *shape)
            expected = {}
            for at_end in (True, False):
                for isa_name in available_isas():
                    with isa(isa_name):
                        results = call(_native, name, guarded(name, arguments, at_end))
                    bits = [result.tobytes() for result in results]
                    if expected.setdefault(isa_name, bits) != bits:
                        raise SystemExit(f"{name}{shape} {np.dtype(dtype)} on {isa_name}: other bits where arguments "
                                         "begin at a page: a kernel reads what nobody has written")
                    counts[0] += 1


def main(names):
    faulthandler.enable()
    if "TINYNET_GUARD" not in os.environ:
        raise SystemExit("set TINYNET_GUARD=1")
    counts, known = [0], sorted(set(reference.__all__) & set(KERNELS))
    for name in names or known:
        print(name, file=sys.stderr, flush=True)  # the last one is the one that ended the process
        check(name, counts)
    print(f"{len(names or known)} kernels, {counts[0]} calls")


if __name__ == "__main__":
    main(sys.argv[1:])
