"""Order statistics, correlations and NaN-free reductions: values as NumPy's, gradients checked."""

import warnings

import numpy as np
import pytest
from checks import assert_gradient

from tinynet import Tensor, ops

X = np.random.default_rng(0).standard_normal((3, 4, 5))
HOLES = np.where(np.random.default_rng(1).random(X.shape) < 0.3, np.nan, X)
HOLES[1, 2] = np.nan
AXES = [{}, {"axis": 1}, {"axis": -1, "keepdims": True}]
NAN = ["nansum", "nanprod", "nanmean", "nanvar", "nanstd", "nanmax", "nanmin", "nanmedian"]
QUANTILES = ["quantile", "percentile", "nanquantile", "nanpercentile"]


def same(actual, expected):
    assert actual.shape == np.shape(expected)
    np.testing.assert_allclose(actual.numpy(), expected, rtol=1e-12, atol=1e-12)


def numpy(name, *args, **kwargs):
    with warnings.catch_warnings():  # about rows without a number
        warnings.simplefilter("ignore", RuntimeWarning)
        return getattr(np, name)(*args, **kwargs)


@pytest.mark.parametrize("name", ["median", "ptp", *NAN])
@pytest.mark.parametrize("arguments", [*AXES, {"axis": (0, 2)}])
def test_reductions(name, arguments):
    x = HOLES if name.startswith("nan") else X
    same(getattr(ops, name)(x, **arguments), numpy(name, x, **arguments))
    if name.startswith("nan"):
        same(getattr(ops, name)(X, **arguments), numpy(name, X, **arguments))
    else:
        assert np.isnan(getattr(ops, name)(HOLES).numpy())


@pytest.mark.parametrize("name", QUANTILES)
@pytest.mark.parametrize("method", ["linear", "lower", "higher", "midpoint", "nearest"])
def test_quantiles(name, method):
    scale = 100 if "percent" in name else 1
    x = HOLES if name.startswith("nan") else X
    for q in (0.0, 0.3, 1.0, [[0.25, 0.75]]):
        for arguments in AXES:
            same(getattr(ops, name)(x, np.multiply(q, scale), method=method, **arguments),
                 numpy(name, x, np.multiply(q, scale), method=method, **arguments))


def test_quantiles_of_what_cannot_be():
    with pytest.raises(ValueError, match="must be in"):
        ops.quantile(X, 1.5)
    with pytest.raises(ValueError, match="unknown method 'mean'"):
        ops.percentile(X, 50, method="mean")


@pytest.mark.parametrize("name", ["nancumsum", "nancumprod"])
def test_running(name):
    for axis in (None, 1):
        same(getattr(ops, name)(HOLES, axis), numpy(name, HOLES, axis))


@pytest.mark.parametrize("name", ["nanargmax", "nanargmin"])
def test_places(name):
    x = HOLES[0]
    assert getattr(ops, name)(x, axis=0).tolist() == getattr(np, name)(x, axis=0).tolist()
    assert getattr(ops, name)(x).item() == getattr(np, name)(x)
    assert getattr(ops, name)([[np.nan, np.nan]], axis=1).tolist() == [-1]  # NumPy raises


def test_average():
    weights = np.random.default_rng(2).random(X.shape)
    same(ops.average(X, 1), np.average(X, 1))
    same(ops.average(X, 2, weights), np.average(X, 2, weights))
    same(ops.average(X, 1, weights[0, :, 0]), np.average(X, 1, weights[0, :, 0]))
    with pytest.raises(ValueError, match="weights must have the shape"):
        ops.average(X, None, weights[0])


def test_correlations():
    same(ops.corrcoef(X[0]), np.corrcoef(X[0]))
    a, b = X.ravel()[:7], X.ravel()[20:]
    for size in (1, 2, 3, 4, 7, 9, 10):
        for mode in ("valid", "same", "full"):
            same(ops.correlate(a, b[:size], mode), np.correlate(a, b[:size], mode))
    with pytest.raises(ValueError, match="two vectors"):
        ops.correlate(X, a)
    assert ops.psnr(np.zeros(3), np.full(3, 0.1), 1.0).item() == pytest.approx(20)


@pytest.mark.parametrize("call", [
    lambda x: ops.median(x, 1), lambda x: ops.quantile(x, [0.1, 0.6], (0, 2)), lambda x: ops.ptp(x, 0),
    lambda x: ops.average(x, 1, [1.0, 2.0, 3.0, 4.0]), lambda x: ops.corrcoef(x[0]), lambda x: ops.i0(x),
    lambda x: ops.correlate(x[0, 0], x[1, 0], "same"), lambda x: ops.nanvar(x, 1), lambda x: ops.nanmax(x, 1),
])
def test_gradients(call):
    assert_gradient(call, X)


def test_gradients_leave_nan_out():
    from tinynet import GradientTape, Variable

    x = Variable(np.array([1.0, np.nan, 4.0]))
    for name, expected in (("nansum", [1, 0, 1]), ("nanmean", [0.5, 0, 0.5]), ("nanmax", [0, 0, 1]),
                           ("nanmedian", [0.5, 0, 0.5]), ("nanvar", [-1.5, 0, 1.5])):
        with GradientTape() as tape:
            y = getattr(ops, name)(x)
        assert tape.gradient(y, x).tolist() == expected, name


def test_element_types():
    assert ops.median(np.array([1, 2])).dtype == "float32" and ops.i0(np.float32([0.5])).dtype == "float32"
    assert ops.nanmean(Tensor([1.0])).dtype == "float32" and ops.quantile(Tensor([1.0, 2.0]), 0.5).dtype == "float32"


@pytest.mark.parametrize("axis", [0, 1, -1, None])
def test_quantiles_are_nan_where_their_own_row_has_one(axis):
    x = np.random.default_rng(0).standard_normal((4, 5))
    x[1, 2] = np.nan
    for function, numpys in ((ops.quantile, np.quantile), (ops.median, lambda a, q, axis: np.median(a, axis))):
        arguments = (x, 0.25) if function is ops.quantile else (x,)
        np.testing.assert_allclose(function(*arguments, axis=axis).numpy(), numpys(x, 0.25, axis=axis), rtol=1e-6)
