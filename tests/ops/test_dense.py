"""The dense layer: exact on whole numbers, bounds on others, gradients of every activation, sizes, layouts, threads."""

import numpy as np
import pytest
from checks import (
    assert_gradient,
    assert_same_bits_on_any_threads,
    assert_same_values,
    assert_within_bound,
    available_isas,
    gamma,
    isa,
)
from hypothesis import given
from hypothesis import strategies as st
from strategies import DTYPES, dtypes, in_layout, integer_arrays, layouts, sizes

import tinynet as tn
from tinynet import _native, ops, reference
from tinynet.ops.dense import ACTIVATIONS
from tinynet.tensor import Tensor
from tinynet.variable import Variable

isas = st.sampled_from(available_isas())
activations = st.sampled_from(list(ACTIVATIONS))
flags = st.booleans()


@given(st.data(), sizes, sizes, sizes, st.sampled_from(["linear", "relu"]), flags, dtypes, isas, layouts)
def test_forward_exact_on_whole_numbers(data, rows, inputs, units, activation, has_bias, dtype, name, layout):
    x, kernel = data.draw(integer_arrays((rows, inputs), dtype)), data.draw(integer_arrays((inputs, units), dtype))
    bias = data.draw(integer_arrays((units,), dtype)) if has_bias else None
    with isa(name):
        y = _native.dense_forward(in_layout(x, layout), in_layout(kernel, layout),
                                  in_layout(bias, layout) if has_bias else None, activation)
    z = x.astype(np.int64) @ kernel.astype(np.int64) + (bias.astype(np.int64) if has_bias else 0)
    assert_same_values(y, (np.maximum(z, 0) if activation == "relu" else z).astype(dtype))


@given(st.data(), sizes, sizes, sizes, st.sampled_from(["linear", "relu"]), flags, flags, flags, dtypes, isas, layouts)
def test_backward_exact_on_whole_numbers(data, rows, inputs, units, activation, need_dx, need_dkernel, has_bias, dtype,
                                         name, layout):
    x, kernel = data.draw(integer_arrays((rows, inputs), dtype)), data.draw(integer_arrays((inputs, units), dtype))
    dy, y = data.draw(integer_arrays((rows, units), dtype)), data.draw(integer_arrays((rows, units), dtype))
    arrays = [in_layout(array, layout) for array in (dy, x, kernel, y)]
    with isa(name):
        gradients = _native.dense_backward(*arrays, activation, need_dx, need_dkernel, has_bias)
    dz, wide_x, wide_kernel = (array.astype(np.int64) for array in (dy, x, kernel))
    if activation == "relu":
        dz = dz * (y > 0)
    expected = (dz @ wide_kernel.T, wide_x.T @ dz, dz.sum(axis=0))
    for actual, exact, wanted in zip(gradients, expected, (need_dx, need_dkernel, has_bias), strict=True):
        if wanted:
            assert_same_values(actual, exact.astype(dtype))
        else:
            assert actual is None


@given(st.data(), sizes, sizes, sizes, activations, isas)
def test_native_within_the_bound(data, rows, inputs, units, activation, name):
    """With |f'| <= 1, an error of z passes on at most unchanged; f itself adds a few roundings."""
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    x, kernel, bias = (rng.standard_normal(shape).astype(np.float32)
                       for shape in ((rows, inputs), (inputs, units), (units,)))
    with isa(name):
        y = _native.dense_forward(x, kernel, bias, activation)
    wide = [array.astype(np.float64) for array in (x, kernel, bias)]
    expected = reference.dense_forward(*wide, activation)
    magnitude = np.abs(wide[0]) @ np.abs(wide[1]) + np.abs(wide[2])
    rounding = gamma(16, np.float32) * np.abs(expected) if activation in ("sigmoid", "tanh") else 0
    assert np.all(np.abs(y - expected) <= gamma(inputs + 2, np.float32) * magnitude + rounding + 1e-37)
    assert y.shape == expected.shape

    dy = rng.standard_normal((rows, units)).astype(np.float32)
    with isa(name):
        gradients = _native.dense_backward(dy, x, kernel, y, activation, True)
    wide = [array.astype(np.float64) for array in (dy, x, kernel, y)]
    exact = reference.dense_backward(*wide, activation, True)
    # 1 - y^2 and y (1 - y) cancel: their error is relative to 1, not to themselves
    dz = np.abs(wide[0])
    magnitudes = (dz @ np.abs(wide[2]).T, np.abs(wide[1]).T @ dz, dz.sum(axis=0))
    for actual, right, magnitude, terms in zip(gradients, exact, magnitudes, (units, rows, rows), strict=True):
        assert_within_bound(actual, right, magnitude, terms + 3)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_large_layers(activation, dtype):
    """Several tasks, several blocks of rows in dbias, sums cut into two and four parts."""
    rng = np.random.default_rng(0)
    for rows, inputs, units in [(700, 300, 100), (40_000, 3, 2), (33, 2100, 257), (23, 1501, 57), (65, 5000, 70),
                                (130, 2100, 120)]:
        x, kernel, bias = (rng.standard_normal(shape).astype(dtype)
                           for shape in ((rows, inputs), (inputs, units), (units,)))
        kernel /= np.sqrt(inputs).astype(dtype)
        for name in available_isas():
            with isa(name):
                y = _native.dense_forward(x, kernel, bias, activation)
                magnitude = np.abs(x) @ np.abs(kernel) + np.abs(bias)
                wide = [array.astype(np.longdouble) for array in (x, kernel, bias)]
                assert_within_bound(y, reference.dense_forward(*wide, activation), magnitude + 1, inputs + 16)
                dy = rng.integers(-8, 9, y.shape).astype(dtype)
                dkernel, dbias = _native.dense_backward(dy, x, kernel, y, activation, False)[1:]
                wide = [array.astype(np.longdouble) for array in (dy, x, kernel, y)]
                exact = reference.dense_backward(*wide, activation, False)[1:]
                assert_within_bound(dkernel, exact[0], np.abs(x).T @ np.abs(dy), rows + 3)
                assert_within_bound(dbias, exact[1], np.abs(dy).sum(axis=0), rows + 3)


@pytest.mark.parametrize("name", available_isas())
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_special_values(activation, name):
    special = np.array([np.nan, np.inf, -np.inf, 200.0, -200.0, 0.0, -0.0], np.float32)
    x = np.repeat(special[:, np.newaxis], 33, axis=1)
    with isa(name):
        y = _native.dense_forward(x, np.ones((33, 1), np.float32), None, activation)[:, 0]
    limits = {
        "linear": 33 * special, "relu": np.array([np.nan, np.inf, 0, 6600, 0, 0, 0], np.float32),
        "sigmoid": np.array([np.nan, 1, 0, 1, 0, 0.5, 0.5], np.float32),
        "tanh": np.array([np.nan, 1, -1, 1, -1, 0, 0], np.float32),
    }
    np.testing.assert_array_equal(y, limits[activation])
    # a sample's NaN stays in its row, a unit's in its column
    x = np.zeros((15, 5), np.float32)
    x[7, 2] = np.nan
    with isa(name):
        y = _native.dense_forward(x, np.ones((5, 40), np.float32), None, activation)
    assert np.isnan(y[7]).all() and np.isnan(y).sum() == 40


@given(st.data(), st.one_of(st.integers(1, 40), st.integers(90, 191)), st.integers(512, 545),
       st.sampled_from([127, 128, 129, 255]), dtypes, isas, layouts)
def test_cut_sums_exact_on_whole_numbers(data, rows, inputs, units, dtype, name, layout):
    """A small result of long sums: from two million operations on, they are cut into parts; of 60 samples and more, a
    matrix unit multiplies these."""
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    x, kernel, bias = (rng.integers(-8, 9, shape).astype(dtype)
                       for shape in ((rows, inputs), (inputs, units), (units,)))
    with isa(name):
        y = _native.dense_forward(in_layout(x, layout), in_layout(kernel, layout), bias, "relu")
    z = x.astype(np.int64) @ kernel.astype(np.int64) + bias.astype(np.int64)
    assert_same_values(y, np.maximum(z, 0).astype(dtype))


@pytest.mark.parametrize("name", available_isas())
@pytest.mark.parametrize("column", [0, 899])
@pytest.mark.parametrize("rows", [40, 150])
def test_special_values_in_cut_sums(rows, column, name):
    x, kernel = np.zeros((rows, 900), np.float32), np.ones((900, 130), np.float32)
    x[3, column], x[5, column] = np.nan, np.inf
    with isa(name):
        y = _native.dense_forward(x, kernel, None, "relu")
    assert np.isnan(y[3]).all() and np.isposinf(y[5]).all() and np.isfinite(np.delete(y, [3, 5], axis=0)).all()


@pytest.mark.parametrize("shape", [(900, 200, 130), (128, 784, 128), (70, 4200, 200)])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_same_bits_on_any_threads(activation, shape):
    rng = np.random.default_rng(0)
    rows, inputs, units = shape
    for dtype in DTYPES:
        x, kernel, bias, dy = (rng.standard_normal(shape).astype(dtype)
                               for shape in ((rows, inputs), (inputs, units), (units,), (rows, units)))
        for name in available_isas():
            with isa(name):
                assert_same_bits_on_any_threads(lambda: _native.dense_forward(x, kernel, bias, activation))
                y = _native.dense_forward(x, kernel, bias, activation)
                assert_same_bits_on_any_threads(lambda: _native.dense_backward(dy, x, kernel, y, activation, True))


@pytest.mark.parametrize("backend", ["native", "numpy"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4), (1, 4), (0, 4), (3, 0)])
def test_gradient(shape, activation, backend):
    rng = np.random.default_rng(0)
    kernel, bias = rng.standard_normal((shape[-1], 5)), rng.standard_normal(5)
    with tn.backend(backend):
        assert_gradient(lambda x, kernel, bias: ops.dense(x, kernel, bias, activation), rng.standard_normal(shape),
                        kernel, bias)
        assert_gradient(lambda x, kernel: ops.dense(x, kernel, None, activation), rng.standard_normal(shape), kernel)


def test_the_input_gradient_is_computed_only_when_wanted(monkeypatch):
    asked = []
    from tinynet.runtime import kernels
    original = kernels.dense_backward

    def spy(dy, x, kernel, y, activation, need_dx, *rest):
        asked.append(need_dx)
        return original(dy, x, kernel, y, activation, need_dx, *rest)

    monkeypatch.setattr(kernels, "dense_backward", spy)
    kernel1, kernel2 = Variable(np.ones((4, 3))), Variable(np.ones((3, 2)))
    with tn.GradientTape() as tape:
        y = ops.dense(ops.dense(np.ones((2, 4)), kernel1), kernel2)
    gradients = tape.gradient(y, [kernel1, kernel2])
    assert asked == [True, False]
    assert_same_values(gradients[0].data, np.full((4, 3), 4.0))
    assert_same_values(gradients[1].data, np.full((3, 2), 8.0))


def test_matches_the_layers_made_of_single_steps():
    rng = np.random.default_rng(0)
    x, kernel = Tensor(rng.standard_normal((2, 3, 4))), Tensor(rng.standard_normal((4, 5)))
    np.testing.assert_array_equal(ops.dense(x, kernel, activation="relu").data, ops.relu(ops.matmul(x, kernel)).data)


@pytest.mark.parametrize(("x", "kernel", "bias", "activation", "message"), [
    ((2, 3), (4, 5), (5,), "relu", r"dense: x has 3 inputs but kernel expects 4. Got x \(2, 3\), kernel \(4, 5\)"),
    ((3,), (3, 5), (5,), "relu", "must have a batch axis"),
    ((2, 3), (3,), (5,), "relu", r"kernel must have shape \(inputs, units\)"),
    ((2, 3), (3, 5), (4,), "relu", r"kernel has 5 units but bias has shape \(4,\)"),
    ((2, 3), (3, 5), (1, 5), "relu", r"bias has shape \(1, 5\)"),
    ((2, 3), (3, 5), (5,), "swish", "unknown activation 'swish'; known: linear, relu, sigmoid, tanh"),
])
def test_errors_name_the_mismatch(x, kernel, bias, activation, message):
    with pytest.raises(ValueError, match=message):
        ops.dense(*(np.ones(shape, np.float32) for shape in (x, kernel, bias)), activation)


def test_equal_element_types_need_not_be_one_object():
    x, kernel = np.ones((2, 3), np.dtype("float32", metadata={"from": "a file"})), np.ones((3, 2), np.float32)
    assert x.dtype is not kernel.dtype
    for arrays in ((x, kernel), (kernel.T, x.T), (kernel.T, kernel, x[0, :2])):
        assert ops.dense(*map(Tensor.wrap, map(np.ascontiguousarray, arrays))).shape[-1] == 2


def test_element_types_must_agree():
    with pytest.raises(TypeError, match="same element type. Got x float64, kernel float32"):
        ops.dense(np.ones((2, 3)), np.ones((3, 4), np.float32))


@pytest.mark.parametrize("name", [name for name in available_isas() if name != "amx"])  # it multiplies many rows alone
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("units", [1, 7, 8, 31, 32, 33, 63, 64, 65, 96, 127, 128, 129, 191, 200, 257])
def test_a_single_row_has_the_bits_of_a_row_among_others(units, dtype, name):
    """It is multiplied by several panels together (csrc/kernels/matmul/microkernel.h)."""
    rng = np.random.default_rng(units)
    bias = rng.standard_normal(units).astype(dtype)
    for inputs in (1, 3, 300):
        x = rng.standard_normal((5, inputs)).astype(dtype)
        kernel = rng.standard_normal((inputs, units)).astype(dtype)
        with isa(name):
            for arguments in ((bias, "relu"), (None, "linear")):
                all_rows = _native.dense_forward(x, kernel, *arguments)
                for i in (0, 4):
                    assert _native.dense_forward(x[i : i + 1], kernel, *arguments).tobytes() == all_rows[i].tobytes()
