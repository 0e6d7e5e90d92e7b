"""Prepared weights: folded as in the formula, transformed as the convolution does it, and never out of date."""

import numpy as np
import pytest
from checks import assert_same_values, available_isas, isa, needs_native
from hypothesis import given
from hypothesis import strategies as st
from strategies import dtypes

from tinynet import _native, reference, runtime
from tinynet.ops.prepared_weights import PreparedWeights
from tinynet.runtime import backend

SAME = ((1, 1), (1, 1))


def weights(channels=16, filters=32, dtype=np.float32, seed=0):
    """kernel, bias, gamma, beta, mean, variance"""
    rng = np.random.default_rng(seed)
    vectors = [rng.standard_normal(filters) for _ in range(4)]
    parts = rng.standard_normal((3, 3, channels, filters)), *vectors, rng.uniform(0.5, 2, filters)
    return [part.astype(dtype) for part in parts]


def prepared(parts, algorithm="auto", epsilon=1e-3):
    kept = PreparedWeights(parts[0], algorithm, 5, parts[0].shape[3])
    kept.update(parts[0], parts[1:], epsilon)
    return kept


def in_place(array):
    array[..., -1] *= 2


def one_bit(array):
    """The sign, also of a zero, where == would not see it."""
    array.view(np.uint32).flat[-1] ^= 1 << 31


@pytest.mark.parametrize("which", range(6))
@pytest.mark.parametrize(("change", "value"), [(in_place, 1), (one_bit, 1), (one_bit, 0)])
def test_any_change_of_any_weight_is_seen(which, change, value):
    parts = weights()
    parts[which].flat[-1] = value
    kept = prepared(parts)
    before = kept.weights.copy(), kept.offset.copy()
    kept.update(parts[0], parts[1:], 1e-3)
    assert_same_values(kept.weights, before[0])
    change(parts[which])
    kept.update(parts[0], parts[1:], 1e-3)
    fresh = prepared(parts)
    assert kept.weights.tobytes() == fresh.weights.tobytes() and kept.offset.tobytes() == fresh.offset.tobytes()


@needs_native  # the reference prepares them anew
def test_nothing_is_done_when_nothing_has_changed():
    parts = weights()
    kept = prepared(parts)
    kept.weights[...] = 7
    kept.update(parts[0], parts[1:], 1e-3)
    assert (kept.weights == 7).all()
    kept.update(parts[0] + 1, parts[1:], 1e-3)
    assert not (kept.weights == 7).any()


def test_weights_that_are_nan_from_the_start():
    parts = [np.full_like(part, np.nan) for part in weights()]
    assert np.isnan(prepared(parts).weights).all() and np.isnan(prepared(parts).offset).all()


def test_large_kernels_are_compared_to_their_end():
    """On several threads: each compares a part."""
    parts = weights(128, 256)
    kept = prepared(parts)
    for at in (0, 40_000, parts[0].size - 1):
        parts[0].flat[at] += 1
        kept.update(parts[0], parts[1:], 1e-3)
        assert kept.weights.tobytes() == prepared(parts).weights.tobytes()


@given(dtype=dtypes, algorithm=st.sampled_from(["auto", "winograd2", "winograd4"]), isa_name=st.sampled_from(
    available_isas()), bias=st.booleans(), relu=st.booleans(), side=st.integers(3, 11),
       channels=st.sampled_from([16, 24, 33]), filters=st.sampled_from([16, 17, 32, 40]))
def test_a_transformed_kernel_gives_the_bits_of_the_convolution(isa_name, **case):
    with isa(isa_name):
        check_transformed_kernel(**case)


def check_transformed_kernel(dtype, algorithm, bias, relu, side, channels, filters):
    """With and without a residual."""
    kernel, offset, *_ = weights(channels, filters, dtype)
    offset = offset if bias else None
    rng = np.random.default_rng(1)
    x = rng.standard_normal((2, side, side, channels)).astype(dtype)
    kept = PreparedWeights(kernel, algorithm, int(bias), filters)
    kept.update(kernel, [offset, None, None, None, None], 0.0)
    geometry = (1, 1), SAME, (1, 1)
    calls = [_native.conv2d_forward(x, kernel, offset, *geometry, 1, activation, algorithm)
             for activation in ("linear", "relu")]
    y = _native.conv2d_prepared_forward(x, kept.weights, kept.offset, kernel.shape, *geometry, algorithm, None,
                                        "relu" if relu else "linear")
    assert_same_values(y, calls[relu])
    residual = rng.standard_normal(y.shape).astype(dtype)
    y = _native.conv2d_prepared_forward(x, kept.weights, kept.offset, kernel.shape, *geometry, algorithm, residual,
                                        "relu" if relu else "linear")
    assert_same_values(y, reference.add_forward(calls[0], residual, relu))


@given(dtype=dtypes, isa_name=st.sampled_from(available_isas()), sides=st.tuples(st.integers(1, 3), st.integers(1, 3)),
       channels=st.sampled_from([1, 3, 16, 33, 128]), filters=st.sampled_from([1, 7, 16, 17, 40, 64, 256]),
       strides=st.sampled_from([(1, 1), (2, 1), (2, 2)]), size=st.integers(3, 11), batch=st.integers(1, 3),
       threads=st.integers(1, 3), relu=st.booleans())
def test_a_packed_kernel_gives_the_bits_of_the_convolution(dtype, isa_name, sides, channels, filters, strides, size,
                                                          batch, threads, relu):
    """Also where the columns of one image are computed in parts."""
    with isa(isa_name):
        rng = np.random.default_rng(2)
        kernel = rng.standard_normal((*sides, channels, filters)).astype(dtype)
        offset, x = (rng.standard_normal(shape).astype(dtype) for shape in (filters, (batch, size, size, channels)))
        kept = PreparedWeights(kernel, "direct", 1, filters)
        kept.update(kernel, [offset, None, None, None, None], 0.0)
        geometry = strides, ((0, sides[0] // 2), (sides[1] // 2, 0)), (1, 1)
        activation = "relu" if relu else "linear"
        expected = _native.conv2d_forward(x, kernel, offset, *geometry, 1, activation, "direct")
        before = runtime.get_num_threads()
        try:
            runtime.set_num_threads(threads)
            y = _native.conv2d_prepared_forward(x, kept.weights, kept.offset, kernel.shape, *geometry, "direct", None,
                                                activation)
        finally:
            runtime.set_num_threads(before)
        assert_same_values(y, expected)


@given(dtype=dtypes, isa_name=st.sampled_from(available_isas()), sides=st.tuples(st.integers(1, 5), st.integers(1, 5)),
       channels=st.sampled_from([1, 3, 16, 33, 64]), multiplier=st.integers(1, 2),
       filters=st.sampled_from([1, 7, 16, 17, 40, 64, 256]), strides=st.sampled_from([(1, 1), (2, 1), (1, 2), (2, 2)]),
       padding=st.tuples(st.integers(0, 2), st.integers(0, 2)), size=st.tuples(st.integers(5, 11), st.integers(5, 33)),
       batch=st.integers(1, 3), threads=st.integers(1, 3), relus=st.tuples(st.booleans(), st.booleans()),
       packed=st.booleans())
def test_a_pair_gives_the_bits_of_its_convolutions(dtype, isa_name, sides, channels, multiplier, filters, strides,
                                                   padding, size, batch, threads, relus, packed):
    with isa(isa_name):
        rng = np.random.default_rng(3)
        depth = channels * multiplier
        x, kernel, bias, pointwise, offset = (rng.standard_normal(shape).astype(dtype) for shape in (
            (batch, *size, channels), (*sides, channels, multiplier), depth, (1, 1, depth, filters), filters))
        geometry = strides, (padding, padding[::-1]), (1, 1)
        first, second = ("relu" if relu else "linear" for relu in relus)
        z = _native.depthwise_conv2d_forward(x, kernel, bias, *geometry, first)
        expected = _native.conv2d_forward(z, pointwise, offset, (1, 1), ((0, 0), (0, 0)), (1, 1), 1, second, "direct")
        algorithm = "direct" if packed else "auto"
        kept = PreparedWeights(pointwise, algorithm, 1, filters)
        kept.update(pointwise, [offset, None, None, None, None], 0.0)
        before = runtime.get_num_threads()
        try:
            runtime.set_num_threads(threads)
            y = _native.depthwise_pointwise_forward(x, kernel, bias, *geometry, first, kept.weights, kept.offset,
                                                    filters, second, algorithm)
        finally:
            runtime.set_num_threads(before)
        assert_same_values(y, expected)


def test_a_pair_that_does_not_fit_is_refused():
    x, kernel = np.ones((1, 5, 5, 8), np.float32), np.ones((3, 3, 8, 1), np.float32)
    geometry = (1, 1), SAME, (1, 1)
    for weights_, offset, filters, second, algorithm in (
            (np.ones(64, np.float32), None, 9, "relu", "auto"), (np.ones(8, np.float32), None, 8, "relu", "direct"),
            (np.ones(64, np.float32), np.ones(7, np.float32), 8, "relu", "auto"),
            (np.ones(64, np.float32), None, 8, "tanh", "auto"), (np.ones(64, np.float32), None, 8, "relu", "winograd4"),
            (np.ones(64, np.float32), None, -8, "relu", "auto"), (np.ones(64), None, 8, "relu", "auto")):
        with pytest.raises((ValueError, TypeError)):
            _native.depthwise_pointwise_forward(x, kernel, None, *geometry, "relu", weights_, offset, filters, second,
                                                algorithm)


def test_what_does_not_fit_is_refused():
    kernel, bias, gamma, beta, mean, variance = weights()
    seen, out, offset = (np.zeros(size, np.float32) for size in (kernel.size + 160, kernel.size, 32))
    arguments = [kernel, bias, gamma, beta, mean, variance, 1e-3, "auto", seen, out, offset]

    def call(**others):
        names = ["kernel", "bias", "gamma", "beta", "mean", "variance", "epsilon", "algorithm", "seen", "weights",
                 "offset"]
        _native.prepare_weights(**{**dict(zip(names, arguments, strict=True)), **others})

    call()
    read_only = out.copy()
    read_only.flags.writeable = False
    for others, message in (({"seen": seen[1:]}, "seen must be dense"),
                            ({"weights": out[::2]}, "weights must be dense"),
                            ({"weights": read_only}, "weights must be dense and writable"),
                            ({"offset": offset.astype(np.float64)}, "offset must be"),
                            ({"offset": None}, "need an offset"), ({"variance": None}, "go together"),
                            ({"gamma": gamma[1:]}, "gamma must have one number"),
                            ({"algorithm": "fft"}, "prepared for auto")):
        with pytest.raises(ValueError, match=message):
            call(**others)
    for shape, message in (((5, 5, 16, 16), "only 3x3"), ((3, 3, 3, 16), "fill a vector")):
        with pytest.raises(ValueError, match=message):
            _native.prepared_size(np.zeros(shape, np.float32), "winograd4")
    with pytest.raises(ValueError, match="four axes"):
        _native.prepared_size(np.zeros((3, 3), np.float32), "direct")
    x = np.zeros((1, 5, 5, 16), np.float32)
    with pytest.raises(ValueError, match="another convolution"):
        _native.conv2d_prepared_forward(x, out, offset, kernel.shape, (1, 1), SAME, (1, 1), "winograd4", None, "relu")
    with pytest.raises(ValueError, match="packed for another"):
        _native.conv2d_prepared_forward(x, out[1:], offset, kernel.shape, (1, 1), SAME, (1, 1), "direct", None, "relu")
    with pytest.raises(ValueError, match="not those of the kernel"):
        _native.conv2d_prepared_forward(x, out[1:], offset, kernel.shape, (1, 1), SAME, (1, 1), "auto", None, "relu")
    with pytest.raises(ValueError, match="residual"):
        _native.conv2d_prepared_forward(x, out, offset, kernel.shape, (1, 1), SAME, (1, 1), "auto", x, "relu")


def test_the_references_fold_alike():
    parts = weights(3, 5)
    native = prepared(parts)
    with backend("numpy"):
        numpy = prepared(parts)
    np.testing.assert_allclose(native.weights, numpy.weights, rtol=2e-7)
    np.testing.assert_allclose(native.offset, numpy.offset, rtol=0, atol=1e-6)
