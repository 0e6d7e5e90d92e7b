"""Layer and root-mean-square normalization: kernels against references, formulas against each other."""

import numpy as np
import pytest
from checks import (
    assert_gradient,
    assert_same_values,
    assert_within_bound,
    available_isas,
    gamma,
    isa,
    unit_roundoff,
)
from hypothesis import given
from hypothesis import strategies as st
from strategies import DTYPES, dtypes, in_layout, layouts, positive_sizes

import tinynet as tn
from tinynet import _native, ops, reference

EPSILON = 1e-3


def case(rows, size, dtype=np.float32, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((rows, size)) * rng.uniform(0.5, 2, (rows, 1)) + rng.standard_normal((rows, 1))
    return [
        a.astype(dtype)
        for a in (x, rng.standard_normal((rows, size)), rng.uniform(0.5, 1.5, size), rng.standard_normal(size))
    ]


def wide(*arrays):
    return [None if a is None else a.astype(np.longdouble if a.dtype == np.float64 else np.float64) for a in arrays]


def check(x, dy, weight, offset, rms):
    """Forward and backward, each against exact values from the same inputs."""
    y, mean, inverse_std = _native.layer_norm_forward(x, weight, offset, EPSILON, rms)
    ex, edy, ew, eo = wide(x, dy, weight, offset)
    exact_y, exact_mean, exact_inverse = reference.layer_norm_forward(ex, ew, eo, EPSILON, rms)
    rows, size = x.shape
    u = unit_roundoff(x.dtype)
    magnitude = np.zeros(rows) if rms else np.abs(ex).mean(axis=-1)
    assert_within_bound(mean, exact_mean, magnitude, size)
    mean_error = gamma(size + 1, x.dtype) * magnitude
    variance = 1 / exact_inverse**2 - EPSILON
    scale_error = (gamma(size + 4, x.dtype) * variance + mean_error**2) * exact_inverse**2 + 4 * u
    assert np.all(np.abs(inverse_std - exact_inverse) <= exact_inverse * scale_error)
    factor = exact_inverse[:, None] * (1 if ew is None else np.abs(ew))
    bound = factor * (mean_error[:, None] + np.abs(ex - exact_mean[:, None]) * (scale_error[:, None] + 8 * u))
    assert np.all(np.abs(y - exact_y) <= bound + 4 * u * (0 if eo is None else np.abs(eo)))

    dx, dgamma, dbeta = _native.layer_norm_backward(dy, x, weight, mean, inverse_std, rms)
    em, ei = wide(mean, inverse_std)
    exact = reference.layer_norm_backward(edy, ex, ew, em, ei, rms)
    x_hat = np.abs((ex - em[:, None]) * ei[:, None])
    assert_within_bound(dbeta, exact[2], np.abs(edy).sum(axis=0), rows)
    assert_within_bound(dgamma, exact[1], (np.abs(edy) * x_hat).sum(axis=0), rows + 4)
    dx_hat = np.abs(edy) * (1 if ew is None else np.abs(ew))
    spread = dx_hat.mean(axis=-1, keepdims=True) + x_hat * (dx_hat * x_hat).mean(axis=-1, keepdims=True)
    assert_within_bound(dx, exact[0], ei[:, None] * (dx_hat + spread), size + 12)


@pytest.mark.parametrize("isa_name", available_isas())
@pytest.mark.parametrize("rms", [False, True])
@pytest.mark.parametrize(
    "rows, size", [(1, 1), (3, 2), (40, 31), (100, 32), (7, 33), (500, 64), (2000, 100), (3, 20_000)]
)
def test_within_bounds(rows, size, rms, isa_name):
    with isa(isa_name):
        check(*case(rows, size), rms)


@given(rows=positive_sizes, size=positive_sizes, dtype=dtypes, layout=layouts, seed=st.integers(0, 1000),
       scale=st.booleans(), center=st.booleans(), rms=st.booleans())
def test_any_size_layout_and_parameters(rows, size, dtype, layout, seed, scale, center, rms):
    x, dy, weight, offset = case(rows, size, dtype, seed)
    weight, offset = weight if scale else None, offset if center else None
    check(x, dy, weight, offset, rms)
    laid_out = [None if a is None else in_layout(a, layout) for a in (x, weight, offset)]
    plain = _native.layer_norm_forward(x, weight, offset, EPSILON, rms)
    for actual, expected in zip(_native.layer_norm_forward(*laid_out, EPSILON, rms), plain, strict=True):
        assert_same_values(actual, expected)
    _, mean, inverse_std = plain
    expected = _native.layer_norm_backward(dy, x, weight, mean, inverse_std, rms)
    actual = _native.layer_norm_backward(in_layout(dy, layout), laid_out[0], laid_out[1], in_layout(mean, layout),
                                         in_layout(inverse_std, layout), rms)
    for a, e in zip(actual, expected, strict=True):
        assert_same_values(a, e)


@pytest.mark.parametrize("kernels", [_native, reference])
def test_special_values_stay_in_their_row(kernels):
    x = np.random.default_rng(0).standard_normal((5, 40)).astype(np.float32)
    x[1, 3], x[2, 4] = np.nan, np.inf
    y, _, _ = kernels.layer_norm_forward(x, None, None, EPSILON)
    assert np.isnan(y[1:3]).all() and np.isfinite(y[[0, 3, 4]]).all()


@pytest.mark.parametrize("kernels", [_native, reference])
def test_no_rows(kernels):
    x, parameter, nothing = np.zeros((0, 4), np.float32), np.ones(4, np.float32), np.zeros(0, np.float32)
    assert kernels.layer_norm_forward(x, parameter, parameter, EPSILON)[0].shape == (0, 4)
    dx, dgamma, dbeta = kernels.layer_norm_backward(x, x, parameter, nothing, nothing)
    assert dx.shape == (0, 4)
    assert_same_values(dgamma, np.zeros(4, np.float32))
    assert_same_values(dbeta, np.zeros(4, np.float32))


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_constant_row_becomes_beta(dtype):
    offset = np.arange(50, dtype=dtype)
    y, mean, _ = _native.layer_norm_forward(np.full((3, 50), 7, dtype), np.full(50, 2, dtype), offset, EPSILON)
    assert_same_values(mean, np.full(3, 7, dtype))
    assert_same_values(y, np.broadcast_to(offset, (3, 50)))


def test_only_what_is_needed():
    x, dy, weight, _ = case(6, 8)
    _, mean, inverse_std = _native.layer_norm_forward(x, weight, None, EPSILON)
    everything = _native.layer_norm_backward(dy, x, weight, mean, inverse_std)
    for i in range(3):
        needed = [i == 0, i == 1, i == 2]
        some = _native.layer_norm_backward(dy, x, weight, mean, inverse_std, False, *needed)
        assert [part is not None for part in some] == needed
        assert_same_values(some[i], everything[i])


@pytest.mark.parametrize("backend", ["native", "numpy"])
@pytest.mark.parametrize("shape, axis", [((4, 6), -1), ((3, 4, 5), -1), ((3, 4, 5), (1, 2)), ((3, 4, 5), (2, 1)),
                                         ((3, 4, 5), 1), ((3, 4, 5), (0, 2))])
def test_gradient(backend, shape, axis):
    rng = np.random.default_rng(2)
    axes = sorted(a % len(shape) for a in (axis if isinstance(axis, tuple) else (axis,)))
    inner = [shape[a] for a in axes]
    x, weight, offset = rng.standard_normal(shape), rng.uniform(0.5, 1.5, inner), rng.standard_normal(inner)
    with tn.backend(backend):
        assert_gradient(lambda *a: ops.layer_normalization(*a, axis=axis, epsilon=EPSILON), x, weight, offset)
        assert_gradient(lambda a, w: ops.rms_normalization(a, w, axis=axis, epsilon=EPSILON), x, weight)
        assert_gradient(lambda a: ops.normalize(a, axis=axis), x)


def test_normalize():
    x = np.array([[3.0, -4.0], [0.0, 0.0], [1e-20, 0.0]])
    np.testing.assert_allclose(ops.normalize(x, epsilon=1e-12).data, [[0.6, -0.8], [0, 0], [1e-8, 0]])
    np.testing.assert_allclose(ops.normalize(x[:1], order=1).data, [[3 / 7, -4 / 7]])
    np.testing.assert_allclose(ops.normalize(x[:1], order=np.inf).data, [[0.75, -1]])
    np.testing.assert_allclose(ops.normalize(x[:1], axis=(0, 1)).data, [[0.6, -0.8]])
    assert ops.normalize([[3, 4]]).dtype == np.float32


def test_errors():
    x = np.zeros((2, 4), np.float32)
    with pytest.raises(ValueError, match=r"gamma has shape \(3,\)"):
        ops.layer_normalization(x, np.ones(3, np.float32))
    with pytest.raises(ValueError, match="axis 2 does not exist"):
        ops.layer_normalization(x, axis=2)
    with pytest.raises(ValueError, match="names an axis twice"):
        ops.rms_normalization(x, axis=(1, -1))
    with pytest.raises(ValueError, match="one number for each row"):
        _native.layer_norm_backward(x, x, None, np.zeros(3, np.float32), np.zeros(3, np.float32))
