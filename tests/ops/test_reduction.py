"""Reductions: native against reference and theory, gradients, special values, layouts, instruction sets."""

import math

import numpy as np
import pytest
from checks import (
    assert_gradient,
    assert_same_values,
    assert_within_bound,
    available_isas,
    isa,
    unit_roundoff,
)
from hypothesis import given
from hypothesis import strategies as st
from strategies import dtypes, in_layout, integer_arrays, layouts, normal_arrays, positive_sizes, special_arrays

from tinynet import GradientTape, Tensor, Variable, _native, backend, ops, reference

EXTREMES = ("reduce_max", "reduce_min")


@st.composite
def shapes_and_axes(draw, least=0):
    """A shape of up to 4 axes, of which one may be long, and a set of axes to reduce."""
    rank = draw(st.integers(1, 4))
    small = st.integers(least, 5)
    shape = [draw(small) for _ in range(rank)]
    shape[draw(st.integers(0, rank - 1))] = draw(st.one_of(positive_sizes,
                                                           st.sampled_from([511, 512, 513, 1025, 2100])))
    axes = draw(st.one_of(st.none(), st.lists(st.integers(0, rank - 1), unique=True).map(tuple)))
    if axes is not None and len(axes) == 1 and draw(st.booleans()):
        axes = axes[0]
    return tuple(shape), axes, draw(st.booleans())


def count(shape, axes):
    axes = range(len(shape)) if axes is None else axes if isinstance(axes, tuple) else (axes,)
    return math.prod(shape[a] for a in axes)


@given(st.data(), shapes_and_axes(), dtypes, layouts)
def test_sum_is_within_bound(data, case, dtype, layout):
    shape, axes, keepdims = case
    x = data.draw(normal_arrays(shape, dtype))
    exact = np.sum(x, axis=axes, keepdims=keepdims, dtype=np.longdouble)
    magnitude = np.sum(np.abs(x), axis=axes, keepdims=keepdims, dtype=np.float64)
    n = count(shape, axes)
    for module in (_native, reference):
        actual = module.reduce_sum(in_layout(x, layout), axes, keepdims)
        assert actual.dtype == dtype
        assert_within_bound(actual, exact, magnitude, n)
        if n:
            assert_within_bound(module.reduce_mean(in_layout(x, layout), axes, keepdims), exact / n, magnitude / n, n)


@given(st.data(), shapes_and_axes(), dtypes)
def test_sum_of_integers_is_exact(data, case, dtype):
    shape, axes, keepdims = case
    x = data.draw(integer_arrays(shape, dtype))
    expected = np.asarray(np.sum(x.astype(np.int64), axis=axes, keepdims=keepdims).astype(dtype))
    for name in available_isas():
        with isa(name):
            assert_same_values(_native.reduce_sum(x, axes, keepdims), expected)


@given(st.data(), shapes_and_axes(least=1), dtypes, layouts, st.sampled_from(EXTREMES))
def test_extremes_match_reference_with_special_values(data, case, dtype, layout, kernel):
    shape, axes, keepdims = case
    x = data.draw(special_arrays(shape, dtype))
    expected = getattr(reference, kernel)(x, axes, keepdims)
    for name in available_isas():
        with isa(name):
            assert_same_values(getattr(_native, kernel)(in_layout(x, layout), axes, keepdims), expected)


@given(st.data(), shapes_and_axes(), dtypes)
def test_sums_treat_nan_and_infinity_as_numpy_does(data, case, dtype):
    shape, axes, keepdims = case
    x = data.draw(special_arrays(shape, dtype))
    huge = np.isfinite(x) & (np.abs(x) > 1e30)
    x[huge] = np.sign(x[huge])  # without overflow on the way
    with np.errstate(all="ignore"):
        expected = np.asarray(np.sum(x, axis=axes, keepdims=keepdims, dtype=np.float64))
    actual = _native.reduce_sum(x, axes, keepdims)
    np.testing.assert_array_equal(np.isnan(actual), np.isnan(expected))
    np.testing.assert_array_equal(actual[np.isinf(expected)], expected[np.isinf(expected)])


@pytest.mark.parametrize("shape, axes", [((1_000_003,), None), ((200_003, 5), 0), ((5, 200_003), 1),
                                         ((20_001, 70), (0,)), ((40, 333, 77), (0, 2))])
def test_error_grows_like_the_logarithm(shape, axes):
    """Pairwise summation: 16 + 9 + log2(n / 512) roundings at worst, where adding one after the other has n."""
    x = np.random.default_rng(0).random(shape).astype(np.float32)
    exact = np.sum(x, axis=axes, dtype=np.float64)
    error = np.abs(_native.reduce_sum(x, axes) - exact) / exact
    assert error.max() <= (16 + 32 + math.log2(count(shape, axes))) * unit_roundoff(np.float32)


CASES = [
    ((300_007,), None),
    ((70_001, 3), 0),
    ((3, 70_001), 1),
    ((9, 4_001, 7), (0, 2)),
    ((12, 3_000), 0),
    ((3_001, 64), 0),
    ((100, 1_000), 1),
]


@pytest.mark.parametrize("shape, axes", CASES)
def test_same_bits_on_any_instruction_set(shape, axes):
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    results = []
    for name in available_isas():
        with isa(name):
            results.append(_native.reduce_sum(x, axes).tobytes())
    assert len(set(results)) == 1


def test_scalars():
    x = np.array(2.5, np.float32)
    for kernel in ("reduce_sum", "reduce_mean", "reduce_max", "reduce_min"):
        assert_same_values(getattr(_native, kernel)(x), x)
        assert_same_values(getattr(_native, kernel)(x, (), True), x)


def test_empty():
    assert_same_values(_native.reduce_sum(np.zeros((0, 3), np.float32), 0), np.zeros(3, np.float32))
    assert _native.reduce_max(np.zeros((0, 3), np.float32), 1).shape == (0,)
    assert np.isnan(_native.reduce_mean(np.zeros(0, np.float32)))
    with pytest.raises(ValueError, match="no elements"):
        ops.max(np.zeros((0, 3), np.float32), axis=0)
    assert float(ops.max(np.zeros(0, np.float32), initial=-3.0)) == -3.0


@pytest.mark.parametrize("reduce", [ops.sum, ops.mean, ops.var, ops.std, ops.max, ops.min, ops.prod, ops.logsumexp])
def test_gradient_of_an_empty_batch_is_empty(reduce):
    x = Variable(np.zeros((0, 3, 4), np.float32))
    with GradientTape() as tape:
        y = reduce(x, axis=(1, 2))
    assert tape.gradient(y, x).shape == (0, 3, 4)


def test_wrong_types_are_refused():
    for x in (np.zeros(3, np.int32), np.zeros(3, np.float16), np.zeros(3, complex)):
        with pytest.raises(TypeError):
            _native.reduce_sum(x)


GRADIENTS = [
    ("sum", {}), ("sum", {"axis": 1}), ("sum", {"axis": (0, -1), "keepdims": True}), ("mean", {}),
    ("mean", {"axis": (1, 2)}),
    ("mean", {"axis": 0, "keepdims": True}), ("max", {}), ("max", {"axis": -1}),
    ("max", {"axis": (0, 1), "keepdims": True}), ("min", {"axis": 0}),
    ("max", {"axis": 0, "initial": 0.1}), ("prod", {}), ("prod", {"axis": (0, 2)}), ("var", {}), ("var", {"axis": 1}),
    ("var", {"axis": (0, 1), "keepdims": True}), ("std", {"axis": 1}), ("logsumexp", {}),
    ("logsumexp", {"axis": (0, 2)}),
    ("logsumexp", {"axis": 1, "keepdims": True}), ("norm", {}), ("norm", {"axis": 1}), ("norm", {"axis": 1, "ord": 1}),
    ("norm", {"axis": 1, "ord": 3}), ("norm", {"axis": 0, "ord": math.inf}), ("norm", {"axis": (0, 1), "ord": "fro"}),
    ("cumsum", {}),
    ("cumsum", {"axis": 1}), ("cumprod", {"axis": 1}), ("cumprod", {}),
]


@pytest.mark.parametrize("name, arguments", GRADIENTS)
@pytest.mark.parametrize("which", ["native", "numpy"])
def test_gradient(name, arguments, which):
    x = np.random.default_rng(1).standard_normal((3, 4, 2))
    with backend(which):
        assert_gradient(lambda t: getattr(ops, name)(t, **arguments), x)


NUMPY = {"amax": "max", "amin": "min"}


@pytest.mark.parametrize("name", ["sum", "mean", "max", "min", "amax", "amin", "prod", "var", "std", "any", "all",
                                  "argmax", "argmin"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint8", "bool"])
def test_values_as_numpy(name, dtype):
    x = np.random.default_rng(2).integers(0, 3, (4, 5, 6)).astype(dtype)
    for axis in (None, 0, 2, -2):
        for keepdims in (False, True):
            expected = np.asarray(getattr(np, NUMPY.get(name, name))(x, axis=axis, keepdims=keepdims))
            actual = getattr(ops, name)(x, axis=axis, keepdims=keepdims).numpy()
            assert actual.shape == expected.shape
            np.testing.assert_allclose(actual, expected, rtol=40 * unit_roundoff(np.float32))


def test_types_of_integer_results_are_keras_types():
    assert ops.sum(np.ones(3, bool)).dtype == np.int32
    assert ops.sum(np.ones(3, np.int8)).dtype == np.int32
    assert ops.sum(np.ones(3, np.uint8)).dtype == np.uint32
    assert ops.mean(np.ones(3, np.int32)).dtype == np.float32
    assert ops.argmax(np.ones(3)).dtype == np.int32
    assert ops.count_nonzero(np.ones(3)).dtype == np.int32
    assert int(ops.count_nonzero([[0, 1], [2, 0]])) == 2


def test_ties_share_the_gradient():
    x = Variable([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])
    with GradientTape() as tape:
        y = ops.max(x, axis=1)
    np.testing.assert_allclose(tape.gradient(y, x).numpy(), [[0, 0.5, 0.5], [1 / 3, 1 / 3, 1 / 3]])


def test_products_have_gradients_at_zeros():
    x = Variable(np.array([2.0, 0.0, 3.0, 4.0]))
    with GradientTape(persistent=True) as tape:
        y, z = ops.prod(x), ops.cumprod(x)
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), [0, 24, 0, 0])
    np.testing.assert_array_equal(tape.gradient(z, x).numpy(), [1, 2 + 6 + 24, 0, 0])


def test_logsumexp_of_extreme_values():
    assert float(ops.logsumexp([1000.0, 1000.0])) == pytest.approx(1000 + math.log(2))
    assert float(ops.logsumexp([-math.inf, -math.inf])) == -math.inf
    assert float(ops.logsumexp([math.inf, 0.0])) == math.inf


def test_moments():
    x = np.random.default_rng(3).standard_normal((6, 4))
    mean, variance = ops.moments(Tensor(x), axes=[0])
    np.testing.assert_allclose(mean.numpy(), x.mean(0))
    np.testing.assert_allclose(variance.numpy(), x.var(0))


@pytest.mark.parametrize("call", [
    lambda x: ops.sum(x, axis=2), lambda x: ops.mean(x, axis=(0, 0)), lambda x: ops.max(x, axis=-3),
    lambda x: ops.cumsum(x, axis=5), lambda x: ops.norm(x, ord="nuc"), lambda x: ops.moments(x, [0], synchronized=True),
])
def test_errors_name_the_operation(call):
    with pytest.raises(ValueError, match="sum|mean|max|cumsum|norm|moments"):
        call(np.zeros((2, 3), np.float32))
