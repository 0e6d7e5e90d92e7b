"""Memory of batches: used again when nobody looks at it any more, and not before."""

import gc

import numpy as np
import pytest

from tinynet.data import memory
from tinynet.utils import clear_session

compiled = pytest.importorskip("tinynet.data._memory")
forget_idle_memory, idle_memory = compiled.forget_idle_memory, compiled.idle_memory


@pytest.fixture(autouse=True)
def nothing_idle():
    gc.collect()
    forget_idle_memory()
    yield
    forget_idle_memory()


def test_an_array_is_as_numpys():
    for shape, dtype in (((128, 28, 28, 1), np.float32), ((40_000,), "uint8"), ((3, 2), "float64"), ((0, 5), "int64")):
        array, expected = memory.empty(shape, dtype), np.empty(shape, dtype)
        array[...] = 1
        assert array.shape == expected.shape and array.dtype == expected.dtype and array.strides == expected.strides
        assert array.flags.writeable and array.flags.aligned and array.flags.c_contiguous


def test_memory_is_used_again_when_the_last_view_is_gone():
    first = memory.empty((100, 100), np.float64)
    address, view = first.ctypes.data, first[3:, ::2]
    del first
    other = memory.empty((100, 100), np.float64)
    assert other.ctypes.data != address and idle_memory() == 0
    del view
    assert idle_memory() == 80_000
    assert memory.empty((80_000,), np.uint8).ctypes.data == address
    other[:] = 5
    kept = memory.copy(other)
    assert (kept == 5).all() and not np.shares_memory(kept, other)


def test_what_lies_idle_is_bounded():
    for size in range(1 << 20, 1 << 25, 1 << 20):
        memory.empty((size,), np.uint8)
        assert idle_memory() <= 1 << 26
    memory.empty(((1 << 26) + 1,), np.uint8)
    assert idle_memory() == 0


def test_clear_session_gives_it_back():
    memory.empty((100, 100), np.float64)
    clear_session(free_memory=False)
    assert idle_memory() == 80_000
    clear_session()
    assert idle_memory() == 0


def test_without_the_compiled_module(monkeypatch):
    monkeypatch.setattr(memory, "Memory", None)
    assert memory.empty((100, 100), np.float32).flags.owndata


def test_too_much_is_a_memory_error():
    with pytest.raises(MemoryError, match="no memory for a batch of"):
        memory.empty((1 << 62,), np.uint8)
