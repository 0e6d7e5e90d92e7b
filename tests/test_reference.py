"""Every kernel has a NumPy reference of the same name and arguments, and the reverse."""

import ast
import inspect

import pytest
from checks import needs_native
from signatures import native_functions, signature_of

from tinynet import _native, reference

pytestmark = needs_native
# What the compiled module has besides kernels: it steers and measures the machine.
NOT_KERNELS = {
    "built_isas", "best_isa", "missing_features", "select_isa", "isa", "num_threads", "set_num_threads", "pool_trim",
    "pool_statistics", "cache_sizes", "set_cache_sizes", "multiply_add_peak", "copy_peak",
}
KERNELS = set(native_functions()) - NOT_KERNELS


def test_every_kernel_has_a_reference_and_the_reverse():
    assert set(reference.__all__) == KERNELS


@pytest.mark.parametrize("name", sorted(reference.__all__))
def test_signatures_agree(name):
    """The same arguments in the same order, with the same defaults."""
    expected = [
        (argument, None if one.default is one.empty else (one.default,))
        for argument, one in inspect.signature(getattr(reference, name)).parameters.items()
    ]
    arguments = [
        (argument, None if default is None else (ast.literal_eval(default),))
        for argument, _, default in signature_of(getattr(_native, name))[0]
    ]
    assert arguments == expected, f"{name}: native {arguments}, reference {expected}"


@pytest.mark.parametrize("name", sorted(name for name in KERNELS if name.endswith("_backward")))
def test_backward_keeps_the_order_of_forward(name):
    """What both passes take stands in one order in both."""
    forward, backward = (
        [argument for argument, _, _ in signature_of(getattr(_native, one))[0]]
        for one in (name.replace("_backward", "_forward"), name)
    )
    shared = [argument for argument in backward if argument in forward]
    assert shared == [argument for argument in forward if argument in backward]


@pytest.mark.parametrize("name", sorted(KERNELS))
def test_one_thing_has_one_name(name):
    """What a backward pass need not compute is `need_d<input>`; sizes of steps are `strides`."""
    arguments = {argument for argument, _, _ in signature_of(getattr(_native, name))[0]}
    assert not arguments & {"has_bias", "stride", "step", "dilation_rate", "dilations"}
