"""Every kernel has a NumPy reference of the same name and arguments, and the reverse."""

import ast
import inspect
import re

import numpy as np
import pytest
from checks import needs_native
from kernel_calls import KERNELS as KERNEL_CALLS
from kernel_calls import call
from signatures import native_functions, signature_of
from test_kernels import arguments_of, arrays_of, copied, is_float

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


# Where infinities meet in a sum, NumPy warns, and the reference lets it.
MAY_WARN = r"conv|pointwise|matmul|dense|rnn|lstm|gru|_step$|softmax.*_backward|moving_average"


@pytest.mark.parametrize("name", sorted(name for name in reference.__all__ if not re.search(MAY_WARN, name)))
def test_no_warning_of_numpy_escapes(name, recwarn):
    """On the NumPy backend it would reach the user, for values that the compiled kernels take in silence."""
    for bad in (np.nan, np.inf, -np.inf):
        for shape in KERNEL_CALLS[name].small:
            arguments = arguments_of(name, shape, np.float32)
            for k, (argument, array) in enumerate(arrays_of(arguments)):
                if is_float(array) and array.size and argument not in KERNEL_CALLS[name].tainted:
                    spoilt = copied(arguments)
                    arrays_of(spoilt)[k][1].flat[array.size // 2] = bad
                    call(reference, name, spoilt)
                    assert not recwarn.list, f"{argument} with {bad}: {recwarn[0].message}"
