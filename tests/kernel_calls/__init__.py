"""Calls of every compiled kernel, for the tests that all kernels share (tests/test_kernels.py).

One module a family, as in csrc/kernels/. A new kernel gets an entry in the KERNELS of its family; that is all its
author does for the tests of threads, instruction sets, empty arrays, memory layouts, NaN and infinity.
"""

from kernel_calls import (
    attention,
    convolution,
    elementwise,
    losses,
    normalization,
    normalized_convolution,
    pooling,
    products,
    recurrent,
    reduction,
    steps,
)
from kernel_calls.base import EQUAL, Numbers, Rounding, argument_names, call, changed_arrays, is_changed

FAMILIES = (attention, convolution, elementwise, losses, normalization, normalized_convolution, pooling, products,
            recurrent, reduction, steps)
KERNELS = {name: kernel for family in FAMILIES for name, kernel in family.KERNELS.items()}

__all__ = ["EQUAL", "KERNELS", "Numbers", "Rounding", "argument_names", "call", "changed_arrays", "is_changed"]
