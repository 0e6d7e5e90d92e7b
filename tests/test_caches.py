"""The sizes of the caches: where they come from, and that no result changes a bit with them (csrc/caches.h)."""

import copy
from pathlib import Path

import numpy as np
import pytest
from checks import available_isas, isa
from kernel_calls import KERNELS, Numbers, call

import tinynet as tn
from tinynet import _native, reference
from tinynet.runtime import kernels

# In KB: caches smaller than any CPU's, those of a small laptop, and more than any CPU has. 0: this machine's.
OTHERS = [(4, 16, 64), (32, 256, 3072), (2048, 1 << 20, 1 << 22), (0, 0, 1)]
GEOMETRY = ((1, 1), ((1, 1), (1, 1)), (1, 1), 1)


def with_caches(sizes, function):
    """The result of `function` where the kernels plan for caches of these sizes."""
    _native.set_cache_sizes(*(kilobytes << 10 for kilobytes in sizes))
    try:
        return function()
    finally:
        _native.set_cache_sizes()


def assert_same_bits(function):
    expected = function()
    for sizes in OTHERS:
        for one, other in zip(expected, with_caches(sizes, function), strict=True):
            assert (one is None) == (other is None)
            assert one is None or one.tobytes() == other.tobytes(), f"other bits with caches of {sizes} KB"


def test_sizes_are_plausible_and_shown(capsys):
    sizes = _native.cache_sizes()
    assert list(sizes) == ["l1", "l2", "l3"]
    assert 4 << 10 <= sizes["l1"] <= sizes["l2"] <= sizes["l3"]
    tn.show_config()
    assert f"{sizes['l1'] >> 10} KB L1, " in capsys.readouterr().out


def test_sizes_are_those_of_linux():
    folders = sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*"))
    if not folders:
        pytest.skip("this system does not describe its caches")
    for folder in folders:
        level, kind, size = ((folder / name).read_text().strip() for name in ("level", "type", "size"))
        if kind != "Instruction" and level in "123":
            assert _native.cache_sizes()[f"l{level}"] == int(size[:-1]) << {"K": 10, "M": 20}[size[-1]]


def test_other_sizes_and_back():
    before = _native.cache_sizes()
    assert with_caches((1, 2, 0), _native.cache_sizes) == {"l1": 1024, "l2": 2048, "l3": before["l3"]}
    assert _native.cache_sizes() == before


@pytest.mark.parametrize("name", sorted(set(reference.__all__) & set(KERNELS)))
def test_no_kernel_changes_a_bit(name):
    """The large calls of every kernel."""
    kernel = KERNELS[name]
    for shape in kernel.large:
        arguments = kernel.arguments(Numbers(np.float32, kernel.whole), *shape)

        assert_same_bits(lambda arguments=arguments: call(_native, name, copy.deepcopy(arguments)))


@pytest.mark.parametrize("name", available_isas())
def test_large_winograd_kernels_change_no_bit(name):
    """192 x 160 channels are 4.4 MB of transformed kernels: who computes which part of a block follows the L3 cache."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((3, 13, 14, 192), np.float32)
    kernel = rng.standard_normal((3, 3, 192, 160), np.float32)
    bias = rng.standard_normal(160, np.float32)
    dy = rng.standard_normal((3, 13, 14, 160), np.float32)

    def run():
        y = kernels.conv2d_forward(x, kernel, bias, *GEOMETRY, "relu")
        moments = kernels.conv2d_moments_forward(x, kernel, bias, *GEOMETRY[:3])
        return [y, *moments, *kernels.conv2d_backward(dy, x, kernel, y, *GEOMETRY, "relu", True, True, True)]

    before = tn.get_num_threads()
    try:
        with isa(name):
            tn.set_num_threads(1)
            alone = run()
            for threads in (2, 5):
                tn.set_num_threads(threads)
                for one, other in zip(alone, run(), strict=True):
                    assert one.tobytes() == other.tobytes(), f"other bits on {threads} threads"
                assert_same_bits(run)
    finally:
        tn.set_num_threads(before)
