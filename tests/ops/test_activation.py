"""Activations: every formula and derivative against its reference, kinks, special values, layouts."""

import warnings

import numpy as np
import pytest
from checks import (
    assert_gradient,
    assert_same_values,
    assert_within_bound,
    assert_within_ulp,
    available_isas,
    gamma,
    isa,
)
from hypothesis import given
from hypothesis import strategies as st
from strategies import DTYPES, dtypes, in_layout, layouts, normal_arrays, sizes, special_arrays

from tinynet import _native, ops, reference
from tinynet.ops.activation import FORMULAS, exponential

# Parameters that a Keras call may give, for those that take any.
PARAMETERS = {"leaky_relu": (0.2,), "clipped_relu": (0.25, 6.0, 0.5), "elu": (1.5,), "celu": (0.75,),
              "hard_shrink": (0.5,),
              "soft_shrink": (0.5,), "squareplus": (4.0,), "threshold": (0.5, -0.25)}

# Without rounding, or with one rounding that the reference makes too: equal to the last bit.
EXACT = ("linear", "relu", "relu6", "leaky_relu", "hard_sigmoid", "hard_tanh", "hard_shrink", "soft_shrink", "softsign",
         "sparse_plus", "sparse_sigmoid", "threshold")
EXACT_DERIVATIVE = (*EXACT, "clipped_relu")

# One function of math.h each: 4 units in the last place of the exact value, over the whole range.
ACCURATE = {"sigmoid": lambda x: np.where(x < 0, np.exp(-np.abs(x)), 1) / (1 + np.exp(-np.abs(x))), "tanh": np.tanh,
            "exponential": np.exp, "softplus": lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))),
            "expm1": np.expm1,
            "log": np.log, "log1p": np.log1p, "erf": lambda x: FORMULAS["erf"][0](x, 0, 0, 0)}


def absolute(x):
    return np.abs(x)


def from_e(x):
    return np.exp(np.minimum(x, 0)) * (1 + np.abs(x))


# The rest is sums and products of those. What their rounding errors are measured against: the sum of the absolute
# values that are added up (a product counts as its absolute value).
MAGNITUDE = {"clipped_relu": lambda x: np.abs(x) + 1,
             "elu": lambda x: np.maximum(x, 0) - 1.5 * np.expm1(np.minimum(x, 0)),
             "celu": lambda x: np.abs(x), "selu": lambda x: 2 * np.abs(x), "gelu": absolute, "gelu_tanh": absolute,
             "log_sigmoid": lambda x: np.logaddexp(0, -x), "silu": lambda x: np.abs(x) / (1 + np.exp(-x)),
             "hard_silu": absolute,
             "tanh_shrink": lambda x: np.abs(x) + np.abs(np.tanh(x)),
             "mish": lambda x: np.abs(x) * np.tanh(np.logaddexp(0, x)),
             "squareplus": lambda x: np.abs(x) + np.sqrt(x * x + 4)}
# e^-x^2/2 has the rounding of x^2 in its exponent, hence the 1 + x^2.
MAGNITUDE_DERIVATIVE = {"gelu": lambda x: 1 + np.abs(x) * (1 + x * x) * np.exp(-x * x / 2),
                        "gelu_tanh": lambda x: 1 + np.abs(x) * (1 + x * x), "silu": from_e, "mish": from_e,
                        "hard_silu": lambda x: 1 + np.abs(x),
                        "elu": lambda x: np.maximum(1, 1.5 * np.exp(np.minimum(x, 0))),
                        "celu": lambda x: (1 + np.abs(x)) * np.exp(np.minimum(x, 0)),
                        "exponential": np.exp, "expm1": np.exp, "log": lambda x: 1 / x,
                        "log1p": lambda x: 1 / np.abs(1 + x),
                        "erf": lambda x: 2 * (1 + x * x) * np.exp(-x * x)}
# No formula above has more roundings than this, a function of math.h counted as 8 (4 units in the last place).
ROUNDINGS = 24

everything = pytest.mark.parametrize("name", sorted(FORMULAS))


def whole_range(dtype):
    """All magnitudes that floats have, of both signs, and the region around 0 densely."""
    rng = np.random.default_rng(1)
    with np.errstate(all="ignore"):
        anywhere = rng.integers(0, 2**32, 100_000, dtype=np.uint64).astype(np.uint32).view(np.float32).astype(dtype)
    dense = np.concatenate([np.linspace(-1.5, 1.5, 20_001), np.linspace(-110, 110, 50_001),
                            np.linspace(-20, 20, 20_001)])
    edges = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 1.2e-38, 88.7228, 88.7229, -87.4, -103.97, -103.98,
             -18, 9.02]
    return np.concatenate([anywhere, dense.astype(dtype), np.array(edges, dtype)])


def moderate(size, name="", seed=0, dtype=np.float32):
    x = np.random.default_rng(seed).normal(0, 3, size).astype(dtype)
    return np.abs(x) + dtype(0.01) if name.startswith("log") and name != "log_sigmoid" else x


@pytest.mark.parametrize("isa_name", available_isas())
@pytest.mark.parametrize("name", sorted(ACCURATE))
def test_elementary_functions_are_within_four_units_in_the_last_place(name, isa_name):
    x = whole_range(np.float32)
    with isa(isa_name), np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert_within_ulp(_native.activation_forward(x, name), ACCURATE[name](x.astype(np.float64)))


@pytest.mark.parametrize("isa_name", available_isas())
@pytest.mark.parametrize("name", sorted(MAGNITUDE))
def test_composed_formulas_are_within_their_bound(name, isa_name):
    x = np.concatenate([moderate(10_000), np.linspace(-30, 30, 10_001).astype(np.float32)])
    exact = reference.activation_forward(x.astype(np.float64), name, *PARAMETERS.get(name, ()))
    with isa(isa_name):
        actual = _native.activation_forward(x, name, *PARAMETERS.get(name, ()))
    assert_within_bound(actual, exact, MAGNITUDE[name](x.astype(np.float64)), ROUNDINGS)


@pytest.mark.parametrize("isa_name", available_isas())
@everything
def test_derivative_is_within_its_bound(name, isa_name):
    x = moderate(20_000, name)
    dy = np.random.default_rng(1).standard_normal(x.shape).astype(np.float32)
    wide, parameters = x.astype(np.float64), PARAMETERS.get(name, ())
    exact = reference.activation_backward(dy.astype(np.float64), wide, name, *parameters)
    magnitude = np.abs(dy) * MAGNITUDE_DERIVATIVE.get(name, lambda x: np.full_like(x, 2.0))(wide)
    with isa(isa_name):
        assert_within_bound(_native.activation_backward(dy, x, name, *parameters), exact, magnitude, ROUNDINGS)


@pytest.mark.parametrize("name", EXACT)
@given(data=st.data(), size=sizes, dtype=dtypes, layout=layouts)
def test_straight_lines_equal_the_reference(name, data, size, dtype, layout):
    x = data.draw(special_arrays((size, 3), dtype))
    parameters = PARAMETERS.get(name, ())
    expected = reference.activation_forward(x, name, *parameters)
    assert_same_values(_native.activation_forward(in_layout(x, layout), name, *parameters), expected)


@pytest.mark.parametrize("name", EXACT_DERIVATIVE)
@given(data=st.data(), size=sizes, dtype=dtypes, layout=layouts)
def test_derivatives_of_straight_lines_equal_the_reference(name, data, size, dtype, layout):
    x, dy = data.draw(special_arrays((size, 3), dtype)), data.draw(normal_arrays((size, 3), dtype))
    parameters = PARAMETERS.get(name, ())
    if name in ("softsign", "sparse_plus"):
        return  # their derivatives round more than once; see the bound above
    expected = reference.activation_backward(dy, x, name, *parameters)
    assert_same_values(_native.activation_backward(in_layout(dy, layout), in_layout(x, layout), name, *parameters),
                       expected)


@everything
def test_double_precision(name):
    x = moderate(1000, name, dtype=np.float64)
    parameters = PARAMETERS.get(name, ())
    expected = reference.activation_forward(x, name, *parameters)
    magnitude = np.abs(x) + np.abs(expected) + 1
    assert_within_bound(_native.activation_forward(x, name, *parameters), expected, magnitude, ROUNDINGS)


@everything
def test_sizes_around_the_vector_width(name):
    """The remainder of a vectorised loop gives what its body gives."""
    x, parameters = moderate(4099, name), PARAMETERS.get(name, ())
    whole = _native.activation_forward(x, name, *parameters)
    back = _native.activation_backward(x, x, name, *parameters)
    for size in (0, 1, 2, 3, 5, 8, 15, 16, 17, 31, 33, 63, 65):
        bound = gamma(ROUNDINGS, np.float32) * (np.abs(x[:size]) + 1)
        assert np.all(
            np.abs(_native.activation_forward(x[:size], name, *parameters) - whole[:size])
            <= bound * (1 + np.abs(whole[:size]))
        )
        assert np.all(np.abs(_native.activation_backward(x[:size], x[:size], name, *parameters) - back[:size])
                      <= bound * (1 + np.abs(back[:size])))


@everything
def test_gradient(name):
    x = np.array([-2.7, -1.9, -0.8, -0.6, 0.3, 0.7, 1.4, 2.2, 7.1])
    if name.startswith("log") and name != "log_sigmoid":
        x = np.abs(x)
    assert_gradient(lambda t: ops.activation.elementwise(t, name, *PARAMETERS.get(name, ())), x)


@everything
def test_nan_stays_nan(name):
    x = np.full(17, np.nan, np.float32)
    assert np.isnan(_native.activation_forward(x, name, *PARAMETERS.get(name, ()))).all()
    assert np.isnan(reference.activation_forward(x, name, *PARAMETERS.get(name, ()))).all()


def test_infinities():
    x = np.array([-np.inf, np.inf], np.float32)
    expected = {"relu": [0, np.inf], "relu6": [0, 6], "elu": [-1, np.inf], "sigmoid": [0, 1], "hard_sigmoid": [0, 1],
                "tanh": [-1, 1],
                "softplus": [0, np.inf], "log_sigmoid": [-np.inf, 0], "silu": [np.nan, np.inf],
                "softsign": [np.nan, np.nan],
                "exponential": [0, np.inf], "gelu": [np.nan, np.inf]}
    for name, values in expected.items():
        np.testing.assert_array_equal(_native.activation_forward(x, name, 1.0), np.array(values, np.float32),
                                      err_msg=name)
        np.testing.assert_array_equal(reference.activation_forward(x, name, 1.0), np.array(values, np.float32),
                                      err_msg=name)


def test_derivative_at_kinks():
    def slope(name, x, *parameters):
        return _native.activation_backward(np.ones(1, np.float32), np.array([x], np.float32), name, *parameters)[0]

    assert slope("relu", 0) == 0
    assert slope("relu6", 6) == 0
    assert slope("leaky_relu", 0, 0.25) == 0.25
    assert slope("hard_tanh", 1) == slope("hard_tanh", -1) == 0
    assert slope("hard_sigmoid", 3) == slope("hard_sigmoid", -3) == 0
    assert slope("hard_shrink", 0.5, 0.5) == slope("soft_shrink", 0.5, 0.5) == 0
    assert slope("elu", 0, 2.0) == 2


def test_relu_with_all_of_its_arguments():
    x = np.array([-3.0, 0.5, 1.0, 2.0, 9.0], np.float32)
    np.testing.assert_array_equal(ops.relu(x, negative_slope=0.5).data, np.float32([-1.5, 0.5, 1, 2, 9]))
    np.testing.assert_array_equal(ops.relu(x, max_value=1.5).data, np.float32([0, 0.5, 1, 1.5, 1.5]))
    np.testing.assert_array_equal(ops.relu(x, threshold=1.0).data, np.float32([0, 0, 0, 2, 9]))
    np.testing.assert_array_equal(ops.relu(x, 0.5, 6.0, 1.0).data, np.float32([-2, -0.25, 0, 2, 6]))


def test_integers_become_floats():
    assert ops.sigmoid([0, 1]).dtype == np.float32


def test_errors():
    with pytest.raises(ValueError, match="max_value"):
        ops.relu([1.0], max_value=-1.0)
    with pytest.raises(ValueError, match="alpha"):
        ops.celu([1.0], alpha=0.0)
    for kernels in (_native, reference):
        with pytest.raises(ValueError, match="unknown activation 'rleu'"):
            kernels.activation_forward(np.ones(1, np.float32), "rleu")
    with pytest.raises(TypeError, match="float32 or float64"):
        _native.activation_forward(np.ones(1, np.int32), "relu")


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_operation_keeps_the_dtype(dtype):
    assert exponential(np.zeros(3, dtype)).dtype == dtype


@pytest.mark.parametrize("limit", [0.0, 0.5, 1.0, 6.0])
def test_relu_has_any_limit_from_0_on(limit):
    x = np.linspace(-2, 8, 41)
    np.testing.assert_allclose(ops.relu(x, max_value=limit).numpy(), np.clip(x, 0, limit))
    with pytest.raises(ValueError, match="max_value must be at least 0"):
        ops.relu(x, max_value=-0.01)
