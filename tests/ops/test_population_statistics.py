"""Every variance divides by m, the number of elements, not by m - 1, on both sides of every block size of the kernels.

One test over all kernels and operations that compute a variance. Dividing by m - 1 changes a variance by 1/m of itself:
5e-5 for m = 20,000. The bound is far below that. A float64 kernel may be off by gamma_(m + 3), 8e-12 for the largest m
here (a theorem). That theorem allows a float32 kernel more than 1/m, so its bound is 16 u = 1e-6 of the sum of absolute
values: what sums in any order reach on fixed random numbers with a large margin (less than 5 u was measured).
"""

import numpy as np
import pytest
from checks import gamma, unit_roundoff

from tinynet import _native, ops, reference
from tinynet.ops.batch_norm_max_pool2d import batch_norm_max_pool2d
from tinynet.ops.conv2d_batch_norm import conv2d_batch_norm
from tinynet.ops.conv2d_moments import conv2d_moments
from tinynet.tensor import Tensor

# Around vectors (8, 16), lines (256, 1024), leaves (512), blocks (8192 elements, 32,768 elements) and 20,000.
SIZES = (1, 2, 15, 17, 255, 257, 511, 513, 1023, 1025, 8191, 8193, 19_999, 20_001, 32_767, 32_769, 65_537)
CHANNELS = 1, 8, 17
EPSILON = 1e-3
IDENTITY = np.ones((1, 1, 1, 8))  # a convolution of one channel that repeats it eight times


def variance_of(inverse_std):
    """The variance that a normalization divided by."""
    return 1 / np.square(inverse_std.astype(np.float64)) - EPSILON




def as_image(x):
    return x.reshape(len(x), 1, 1, -1)


# name: (function from x[m][channels] to the variance of each channel, numbers of channels it is tried with)
KERNELS = {
    "batch_norm_forward": (lambda k, x: k.batch_norm_forward(x, None, None, EPSILON, False)[2], CHANNELS),
    "batch_norm_max_pool2d_forward": (
        lambda k, x: k.batch_norm_max_pool2d_forward(as_image(x), None, None, EPSILON, (1, 1), False)[4], (8, 17)),
    "conv2d_batch_norm_forward": (
        lambda k, x: k.conv2d_batch_norm_forward(as_image(x), IDENTITY.astype(x.dtype), None, (1, 1), ((0, 0), (0, 0)),
                                                 (1, 1), None, None, EPSILON, False)[2][:1], (1,)),
    "conv2d_moments_forward": (
        lambda k, x: k.conv2d_moments_forward(as_image(x), IDENTITY.astype(x.dtype), None, (1, 1), ((0, 0), (0, 0)),
                                              (1, 1))[2][:1], (1,)),
    "group_norm_forward": (  # a sample of m pixels, a group for each channel
        lambda k, x: variance_of(k.group_norm_forward(x[None], None, None, x.shape[1], EPSILON)[2][0]), CHANNELS),
    "layer_norm_forward": (
        lambda k, x: variance_of(k.layer_norm_forward(np.ascontiguousarray(x.T), None, None, EPSILON, False)[2]),
        CHANNELS),
}
OPERATIONS = {
    "batch_norm": (lambda x: ops.batch_norm(x)[2], CHANNELS),
    "batch_norm_max_pool2d": (lambda x: batch_norm_max_pool2d(Tensor(as_image(x)), pool_size=(1, 1))[2], (8, 17)),
    "conv2d_batch_norm": (lambda x: conv2d_batch_norm(as_image(x), IDENTITY.astype(x.dtype))[2][:1], (1,)),
    "conv2d_moments": (lambda x: conv2d_moments(as_image(x), IDENTITY.astype(x.dtype))[2][:1], (1,)),
    "moments": (lambda x: ops.moments(x, 0)[1], CHANNELS),
    "nanstd": (lambda x: ops.square(ops.nanstd(x, axis=0)), CHANNELS),
    "nanvar": (lambda x: ops.nanvar(x, axis=0), CHANNELS),
    "std": (lambda x: ops.square(ops.std(x, axis=0)), CHANNELS),
    "var": (lambda x: ops.var(x, axis=0), CHANNELS),
    "var of rows": (lambda x: ops.var(np.ascontiguousarray(x.T), axis=-1), CHANNELS),
}


def check(variance, x, name):
    """Against the population variance with twice the digits."""
    wide = x.astype(np.longdouble)
    mean = wide.mean(axis=0)
    exact = np.square(wide - mean).mean(axis=0)
    magnitude = np.square(np.abs(wide) + np.abs(mean)).mean(axis=0) + EPSILON
    m, u = len(x), unit_roundoff(x.dtype)
    bound = gamma(m + 3, x.dtype) if x.dtype == np.float64 else 16 * u
    assert m < 2 or bound < 0.3 / m  # it tells m from m - 1
    error = np.abs(np.asarray(variance, np.longdouble) - exact)
    assert np.all(error <= bound * magnitude), (
        f"{name}: the variance of {m} elements is {variance}, not {exact.astype(np.float64)}. "
        f"Divided by m - 1 it would be {(exact * m / max(m - 1, 1)).astype(np.float64)}."
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("m", SIZES)
def test_variances_divide_by_m(m, dtype):
    rng = np.random.default_rng(m)
    for channels in CHANNELS:
        x = (rng.standard_normal((m, channels)) + 0.5).astype(dtype)
        for name, (kernel, known) in KERNELS.items():
            if channels in known:
                # The references add column by column without blocks: in float32 their rounding exceeds 16 u.
                for backend in (_native, reference) if dtype == np.float64 else (_native,):
                    check(kernel(backend, x), x, f"{backend.__name__}.{name}")
        for name, (operation, known) in OPERATIONS.items():
            if channels in known:
                check(operation(x).numpy(), x, name)


def test_every_statistic_is_tried():
    """A new kernel with a variance among its results belongs into KERNELS."""
    known = {name for name in reference.__all__ if "norm" in name or "moments" in name}
    given = {"batch_norm_depthwise_conv2d_forward"}  # takes the variance
    assert {name for name in known - given if not name.endswith(("_backward", "_inference"))} == set(KERNELS)
