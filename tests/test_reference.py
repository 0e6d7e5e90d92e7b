"""Every kernel has a NumPy reference of the same name and arguments, and the reverse."""

import inspect

import pytest
from signatures import native_functions, signature_of

from tinynet import _native, reference

# What the compiled module has besides kernels: it steers and measures the machine.
NOT_KERNELS = {
    "built_isas", "best_isa", "missing_features", "select_isa", "isa", "num_threads", "set_num_threads", "pool_trim",
    "pool_statistics", "multiply_add_peak", "copy_peak",
}
KERNELS = set(native_functions()) - NOT_KERNELS


def test_every_kernel_has_a_reference_and_the_reverse():
    assert set(reference.__all__) == KERNELS


@pytest.mark.parametrize("name", sorted(reference.__all__))
def test_signatures_agree(name):
    expected = list(inspect.signature(getattr(reference, name)).parameters)
    arguments = [argument for argument, _, _ in signature_of(getattr(_native, name))[0]]
    assert arguments == expected, f"{name}: native {arguments}, reference {expected}"
