"""Every kernel has a NumPy reference of the same name and arguments, and the reverse."""

import inspect

import pytest

from tinynet import _native, reference

# What the compiled module has besides kernels: it steers and measures the machine.
NOT_KERNELS = {
    "best_isa", "missing_features", "select_isa", "isa", "num_threads", "set_num_threads", "pool_trim",
    "pool_statistics",
    "multiply_add_peak", "copy_peak",
}
KERNELS = {name for name, value in vars(_native).items() if callable(value) and not name.startswith("_")} - NOT_KERNELS


def test_every_kernel_has_a_reference_and_the_reverse():
    assert set(reference.__all__) == KERNELS


@pytest.mark.parametrize("name", sorted(reference.__all__))
def test_signatures_agree(name):
    expected = list(inspect.signature(getattr(reference, name)).parameters)
    text = getattr(_native, name).__doc__.splitlines()[0]
    arguments = [part.split(":")[0].strip() for part in _split(text[text.index("(") + 1 : text.rindex(") ->")])]
    assert arguments == expected, f"{name}: native {arguments}, reference {expected}"


def _split(text):
    """Split at the commas outside brackets."""
    parts, depth, start = [], 0, 0
    for i, character in enumerate(text):
        depth += character in "([{" and 1 or character in ")]}" and -1 or 0
        if character == "," and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    return [part for part in (*parts, text[start:]) if part.strip()]
