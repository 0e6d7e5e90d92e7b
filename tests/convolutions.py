"""Calls of the convolution kernels, for tests."""

from typing import NamedTuple

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st
from strategies import dtypes, integer_arrays

ALGORITHMS = ("direct", "winograd2", "winograd4")


class Case(NamedTuple):
    """One call of the kernels. `geometry` is (strides, padding, dilation, groups)."""

    x: np.ndarray
    kernel: np.ndarray
    bias: np.ndarray | None
    geometry: tuple
    activation: str

    def forward(self, function, **options):
        return function(self.x, self.kernel, self.bias, *self.geometry, self.activation, **options)

    def backward(self, function, dy, y, **options):
        return function(dy, self.x, self.kernel, y, *self.geometry, self.activation, True, True, self.bias is not None,
                        **options)

    def map(self, f):
        return self._replace(x=f(self.x), kernel=f(self.kernel), bias=None if self.bias is None else f(self.bias))

    def float64(self):
        return self.map(lambda a: a.astype(np.float64))

    def magnitude(self):
        return self.float64().map(np.abs)._replace(activation="linear")


small = st.integers(1, 3)
few_zeros = st.tuples(st.integers(0, 3), st.integers(0, 3))
channel_counts = st.sampled_from((1, 2, 3, 5, 8, 15, 16, 17, 31, 32, 33, 64, 70))


@st.composite
def cases(draw, dtype=None):
    """Any geometry: even kernels, kernels larger than the image but for its zeros, no image at all."""
    dtype = dtype or draw(dtypes)
    kernel_size = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    strides, dilation = draw(st.tuples(small, small)), draw(st.tuples(small, small))
    padding, groups = draw(st.tuples(few_zeros, few_zeros)), draw(st.sampled_from((1, 1, 1, 2, 3)))
    depth, columns = draw(channel_counts), draw(channel_counts)
    size = draw(st.tuples(st.integers(0, 3), st.integers(1, 20), st.integers(1, 20)))
    for axis in (0, 1):
        assume(size[axis + 1] + sum(padding[axis]) > dilation[axis] * (kernel_size[axis] - 1))
    return Case(
        draw(integer_arrays((*size, depth * groups), dtype, limit=4)),
        draw(integer_arrays((*kernel_size, depth, columns * groups), dtype, limit=4)),
        draw(st.none() | integer_arrays((columns * groups,), dtype, limit=4)),
        (strides, padding, dilation, groups),
        draw(st.sampled_from(("linear", "relu"))),
    )


def normal_case(seed, size, kernel_shape, strides=(1, 1), padding=((1, 1), (1, 1)), dilation=(1, 1), groups=1,
                dtype=np.float32, activation="linear"):
    rng = np.random.default_rng(seed)
    arrays = [rng.standard_normal(shape).astype(dtype) for shape in (size, kernel_shape, kernel_shape[3:])]
    return Case(*arrays, (strides, padding, dilation, groups), activation)
