"""Hypothesis strategies: sizes around every edge, values of every kind, arrays in every memory layout."""

import numpy as np
from hypothesis import strategies as st

DTYPES = (np.float32, np.float64)

dtypes = st.sampled_from(DTYPES)

# Around the vector widths (4, 8, 16 floats) and tile sizes (6, 12, 16, 32) of the kernels, and 0 and 1.
EDGE_SIZES = (0, 1, 2, 3, 4, 5, 7, 8, 9, 11, 12, 13, 15, 16, 17, 24, 25, 31, 32, 33, 47, 48, 49, 63, 64, 65)
sizes = st.one_of(st.sampled_from(EDGE_SIZES), st.integers(0, 100))
positive_sizes = st.one_of(st.sampled_from(EDGE_SIZES[1:]), st.integers(1, 100))


@st.composite
def normal_arrays(draw, shape, dtype=np.float32, scale=1.0):
    """Normally distributed values from a drawn seed: quick to make at any size, and repeatable."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return (scale * rng.standard_normal(shape)).astype(dtype)


@st.composite
def integer_arrays(draw, shape, dtype=np.float32, limit=8):
    """Whole numbers in [-limit, limit]: sums of their products are exact in floating point while below 2^24."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return rng.integers(-limit, limit + 1, shape).astype(dtype)


@st.composite
def special_arrays(draw, shape, dtype=np.float32):
    """Normal values with NaN, infinities, zeros of both signs, subnormal and huge numbers sprinkled in."""
    info = np.finfo(dtype)
    specials = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, info.tiny / 4, info.max, -info.max, 1.0, -1.0], dtype)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = rng.standard_normal(shape).astype(dtype)
    return np.where(rng.random(shape) < 0.3, rng.choice(specials, shape), values).astype(dtype)


LAYOUTS = ("plain", "fortran", "reversed", "strided", "read-only", "misaligned", "byte-swapped")


def in_layout(array, layout):
    """The same values in another memory layout."""
    if layout == "plain":
        return np.ascontiguousarray(array)
    if layout == "fortran":
        return np.asfortranarray(array)
    if layout == "reversed":
        flips = (slice(None, None, -1),) * array.ndim
        return np.ascontiguousarray(array[flips])[flips]
    if layout == "strided":
        wide = np.zeros([2 * n for n in array.shape], array.dtype)
        every_other = (slice(None, None, 2),) * array.ndim
        wide[every_other] = array
        return wide[every_other]
    if layout == "read-only":
        copy = array.copy()
        copy.flags.writeable = False
        return copy
    if layout == "misaligned":
        memory = np.zeros(array.nbytes + 1, np.uint8)
        shifted = memory[1:].view(array.dtype).reshape(array.shape)
        shifted[...] = array
        return shifted
    if layout == "byte-swapped":
        return array.astype(array.dtype.newbyteorder())
    raise ValueError(layout)


layouts = st.sampled_from(LAYOUTS)
